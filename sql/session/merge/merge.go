package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/threeway"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// What becomes of rows that both sides have changed differently.
type OnConflict byte

const (
	Abort OnConflict = iota
	UseSource
	UseTarget
)

// Columns are what MERGE BRANCH answers.
func Columns() []types.Field {
	out := []types.Field{{Name: "table_name", TypeOID: types.Text, TypeSize: -1, TypeMod: -1}}
	for _, name := range []string{"inserted", "updated", "deleted", "conflicts"} {
		out = append(out, types.Field{Name: name, TypeOID: types.Int8, TypeSize: 8, TypeMod: -1})
	}
	return out
}

// Host is the session that merges, on the target.
type Host interface {
	Printer
	// Open opens the pair as the branches are now; the caller closes it.
	Open(ctx context.Context) (*branchdiff.Pair, error)
	// Lock keeps all others from changing a table's rows until the transaction ends; whole: from reading them, too.
	Lock(ctx context.Context, table catalog.OID, whole bool) error
	// DDL is the context of statements that change the catalog, with the rights of a superuser; Run runs one by it.
	DDL(ctx context.Context) *stmt.Ctx
	Run(x *stmt.Ctx, sql string) error
	// Exec is the context of a statement in the transaction, by the newest catalog.
	Exec(ctx context.Context) *run.Context
	// After has f called once the transaction has committed.
	After(f func())
}

// Merge is one MERGE BRANCH.
type Merge struct {
	Host       Host
	OnConflict OnConflict
	DryRun     bool

	pair    *branchdiff.Pair
	todo    []*table
	schemas *schemas // nil: the source has not changed its catalog
}

// table is what happens to the rows of a table.
type table struct {
	branchdiff.Table
	counts    [4]int64 // by Op
	conflicts int64
	first     []string // keys of the first conflicts
}

// Run brings what the source has changed into the target and answers with rows of Columns.
func (m *Merge) Run(ctx context.Context) ([][]types.Datum, error) {
	if err := m.settle(ctx); err != nil {
		return nil, err
	}
	defer func() { m.pair.Close() }()
	if m.DryRun {
		x := m.Host.DDL(ctx)
		mark := x.Editor.Mark()
		defer func() { x.Editor.Restore(mark) }()
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	conflicts, err := m.schemas.conflicts(ctx)
	if err != nil {
		return nil, err
	}
	if len(conflicts) > 0 && m.OnConflict == Abort && !m.DryRun {
		return nil, m.schemaConflict(conflicts)
	}
	conflicts = nil
	total := int64(0)
	for _, t := range m.todo {
		if err := m.look(ctx, t); err != nil {
			return nil, err
		}
		total += t.conflicts
		for _, k := range t.first {
			conflicts = append(conflicts, t.Name+" "+k)
		}
	}
	if total > 0 && m.OnConflict == Abort && !m.DryRun {
		return nil, m.conflict(total, conflicts)
	}
	if !m.DryRun {
		if err := m.apply(ctx); err != nil {
			return nil, err
		}
	}
	return m.rows(), nil
}

// settle opens the pair, with locks of the tables that have changed: the target's rows stay what the pair sees.
func (m *Merge) settle(ctx context.Context) error {
	locked := map[catalog.OID]bool{}
	for {
		p, err := m.Host.Open(ctx)
		if err != nil {
			return err
		}
		tables, err := p.Tables(ctx)
		if err != nil {
			p.Close()
			return err
		}
		m.pair, m.todo = p, nil
		var fresh []catalog.OID
		for _, t := range tables {
			if p.Unchanged(t) {
				continue
			}
			m.todo = append(m.todo, &table{Table: t})
			if t.Target != nil && !locked[t.Target.OID] {
				fresh = append(fresh, t.Target.OID)
			}
		}
		changed, err := m.altered(ctx)
		if err != nil {
			p.Close()
			return err
		}
		for oid := range changed {
			if !locked[oid] && !slices.Contains(fresh, oid) {
				fresh = append(fresh, oid)
			}
		}
		if len(fresh) == 0 || m.DryRun {
			return nil
		}
		slices.Sort(fresh)
		at := p.Target.Snap.LSN()
		for _, oid := range fresh {
			if err := m.Host.Lock(ctx, oid, changed[oid]); err != nil {
				p.Close()
				return err
			}
			locked[oid] = true
		}
		if p.Target.DB.LSN() == at {
			return nil // nothing has come in between
		}
		p.Close()
	}
}

// altered are the target's relations that the source has changed the descriptors of.
func (m *Merge) altered(ctx context.Context) (map[catalog.OID]bool, error) {
	t, err := compareCatalogs(ctx, m.pair)
	if err != nil || t == nil {
		return nil, err
	}
	out := map[catalog.OID]bool{}
	for _, oid := range touched(t.Plan(m.pair.Target.Cat)) {
		out[oid] = true
	}
	return out, nil
}

// shownConflicts is how many conflicts an error names.
const shownConflicts = 5

// look counts what is to be done to a table.
func (m *Merge) look(ctx context.Context, t *table) error {
	if t.New() {
		return m.pair.All(ctx, t.Source, func([]types.Datum) error { t.counts[branchdiff.Insert]++; return nil })
	}
	if err := m.sameOIDs(t); err != nil {
		return err
	}
	return m.pair.Rows(ctx, t.Table, func(s *branchdiff.Shape, c branchdiff.Change) error {
		if t.Target == nil && m.OnConflict == UseTarget {
			t.conflicts++
			return nil
		}
		if t.Target == nil {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot merge rows of table %s, which branch \"%s\" does not have", t.Name, m.pair.Target.DB.Branch)
		}
		if c.Conflict {
			if t.conflicts++; len(t.first) < shownConflicts {
				key, err := Key(m.pair, m.Host, s, c)
				if err != nil {
					return err
				}
				t.first = append(t.first, string(key.Bytes()))
			}
			if m.OnConflict != UseSource {
				return nil
			}
		}
		t.counts[c.Op]++
		return nil
	})
}

func (m *Merge) conflict(n int64, keys []string) error {
	more := ""
	if int64(len(keys)) < n {
		more = ", …"
	}
	return pgerr.New(pgerr.SerializationFailure, "cannot merge branch \"%s\": %d row(s) have been changed in both branches", m.pair.Source.DB.Branch, n).
		WithDetail("%s", strings.Join(keys, ", ")+more).
		WithHint("SELECT * FROM branch_diff('%s', '%s') WHERE conflict shows them; ON CONFLICT USE SOURCE or USE TARGET decides.",
			m.pair.Source.DB.Branch, m.pair.Target.DB.Branch)
}

// Changed is how many rows are changed.
func (m *Merge) Changed() (n int64) {
	for _, t := range m.todo {
		for _, k := range t.counts {
			n += k
		}
	}
	return n
}

// schemaConflict is the error for objects that both branches have changed.
func (m *Merge) schemaConflict(list []string) error {
	more := ""
	if len(list) > shownConflicts {
		list, more = list[:shownConflicts], ", …"
	}
	return pgerr.New(pgerr.SerializationFailure, "cannot merge branch \"%s\": schema objects have been changed in both branches", m.pair.Source.DB.Branch).
		WithDetail("%s", strings.Join(list, "; ")+more).
		WithHint("SELECT * FROM branch_schema_diff('%s', '%s') shows them; ON CONFLICT USE SOURCE or USE TARGET decides.",
			m.pair.Source.DB.Branch, m.pair.Target.DB.Branch)
}

// sameOIDs refuses to bring values that hold OIDs to where objects have others.
func (m *Merge) sameOIDs(t *table) error {
	if m.schemas == nil || !m.schemas.plan.Moved() {
		return nil
	}
	for i := range t.Source.Columns {
		if c := &t.Source.Columns[i]; !c.Dropped && threeway.Ties(m.pair.Source.Cat, c.Type) {
			return pgerr.New(pgerr.FeatureNotSupported, "merging values of column \"%s\" of table %s is not supported: they hold OIDs, and objects have others in branch \"%s\"",
				c.Name, t.Name, m.pair.Target.DB.Branch)
		}
	}
	return nil
}

func (m *Merge) rows() (out [][]types.Datum) {
	if m.schemas != nil {
		for _, c := range m.schemas.changes() {
			conflicts := types.Null
			if c.Conflicts != nil {
				conflicts = tuple.Int(int64(len(c.Conflicts)))
			}
			out = append(out, []types.Datum{tuple.String(c.Object + " " + c.What.String()), types.Null, types.Null, types.Null, conflicts})
		}
	}
	for _, t := range m.todo {
		c := t.counts
		if t.conflicts+c[branchdiff.Insert]+c[branchdiff.Update]+c[branchdiff.Delete] == 0 {
			continue
		}
		out = append(out, []types.Datum{tuple.String(t.Name), tuple.Int(c[branchdiff.Insert]), tuple.Int(c[branchdiff.Update]),
			tuple.Int(c[branchdiff.Delete]), tuple.Int(t.conflicts)})
	}
	return out
}

// apply writes. What goes does so before anything comes, so that rows may trade what is unique among them.
func (m *Merge) apply(ctx context.Context) error {
	if err := m.unaltered(m.Host.Exec(ctx)); err != nil {
		return err
	}
	if s := m.schemas; s != nil {
		if err := s.drop(); err != nil {
			return err
		}
		if err := s.put(ctx); err != nil {
			return err
		}
	}
	ec := m.Host.Exec(ctx)
	if err := m.applyRows(ctx, ec); err != nil {
		return err
	}
	if m.schemas != nil {
		if err := m.schemas.finish(); err != nil {
			return err
		}
	}
	if err := m.sequences(ctx, ec); err != nil {
		return err
	}
	return m.record(ec)
}

func (m *Merge) applyRows(ctx context.Context, ec *run.Context) error {
	a := write.NewApplier(ec)
	defer a.Close()
	for _, t := range m.todo {
		if err := m.remove(ctx, ec, a, t); err != nil {
			return err
		}
	}
	for _, t := range m.todo {
		if err := m.put(ctx, ec, a, t); err != nil {
			return err
		}
	}
	return a.Finish()
}

// unaltered refuses tables of which the pair shows another state than the one that the transaction changes.
func (m *Merge) unaltered(ec *run.Context) error {
	for _, t := range m.todo {
		if t.Target == nil {
			continue
		}
		to := ec.Catalog.Table(t.Target.OID)
		renamed := m.schemas != nil && to != nil && to.StorageID == t.Target.StorageID && len(to.Columns) == len(t.Target.Columns)
		if to == nil || to.StorageID != t.Target.StorageID || to.Version != t.Target.Version && !renamed {
			return pgerr.New(pgerr.SerializationFailure, "table %s has been altered while it was merged", t.Name)
		}
	}
	return nil
}

// each calls f with the changes of a table that are to be made.
func (m *Merge) each(ctx context.Context, ec *run.Context, t *table, f func(s *branchdiff.Shape, to *catalog.Table, c branchdiff.Change) error) error {
	if t.counts == [4]int64{} || t.Target == nil {
		return nil
	}
	to := ec.Catalog.Table(t.Target.OID)
	return m.pair.Rows(ctx, t.Table, func(s *branchdiff.Shape, c branchdiff.Change) error {
		if c.Conflict && m.OnConflict != UseSource {
			return nil
		}
		return f(s, to, c)
	})
}

func rowKey(t *catalog.Table, suffix []byte) []byte {
	return append(change.AppendKeyPrefix(nil, t.StorageID, change.PrimaryIndex), suffix...)
}

func (m *Merge) remove(ctx context.Context, ec *run.Context, a *write.Applier, t *table) error {
	if t.Target == nil {
		return nil
	}
	sought := map[string]int{} // rows without a key that are not where they are looked for first
	var shape *branchdiff.Shape
	trade := write.UniqueBesides(t.Target)
	err := m.each(ctx, ec, t, func(s *branchdiff.Shape, to *catalog.Table, c branchdiff.Change) error {
		switch {
		case c.Op == branchdiff.Update && trade, c.Op == branchdiff.Delete && s.Keyed():
			return a.Delete(to, rowKey(to, c.Key))
		case c.Op != branchdiff.Delete:
			return nil
		}
		shape = s
		key := rowKey(to, c.Key)
		row, ok, err := ec.Txn.GetLatest(nil, key)
		if err != nil {
			return err
		}
		if ok && len(c.Key) > 0 {
			image, err := s.Image(row)
			if err != nil {
				return err
			}
			if image == string(c.Target) {
				return a.Delete(to, key)
			}
		}
		sought[string(c.Target)]++
		return nil
	})
	if err != nil || len(sought) == 0 {
		return err
	}
	return m.removeEqual(ctx, ec, a, shape, ec.Catalog.Table(t.Target.OID), sought)
}

// removeEqual removes rows of a table without a primary key by their values.
func (m *Merge) removeEqual(ctx context.Context, ec *run.Context, a *write.Applier, s *branchdiff.Shape, to *catalog.Table, sought map[string]int) error {
	var keys [][]byte
	v := ec.Txn.Latest()
	it := v.NewIter(rowKey(to, nil), change.AppendKeyPrefix(nil, to.StorageID, change.PrimaryIndex+1))
	var err error
	for ok := it.First(); ok && err == nil && len(sought) > 0; ok = it.Next() {
		var image string
		if image, err = s.Image(it.Value()); err != nil {
			break
		}
		if n := sought[image]; n > 0 {
			keys = append(keys, slices.Clone(it.Key()))
			if sought[image]--; n == 1 {
				delete(sought, image)
			}
		}
		err = ctx.Err()
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	v.Release()
	if err == nil && len(sought) > 0 {
		err = pgerr.Internal("rows of %s that are to go are not there", to.Name)
	}
	for i := 0; i < len(keys) && err == nil; i++ {
		err = a.Delete(to, keys[i])
	}
	return err
}

func (m *Merge) put(ctx context.Context, ec *run.Context, a *write.Applier, t *table) error {
	if t.New() {
		to := ec.Catalog.Table(m.schemas.plan.OID(t.Source.OID))
		return m.pair.All(ctx, t.Source, func(vals []types.Datum) error { return a.Insert(to, vals) })
	}
	if t.Target == nil {
		return nil
	}
	var place *branchdiff.Place
	trade := write.UniqueBesides(t.Target)
	var vals []types.Datum
	return m.each(ctx, ec, t, func(s *branchdiff.Shape, to *catalog.Table, c branchdiff.Change) error {
		if c.Op == branchdiff.Delete {
			return nil
		}
		var err error
		if place == nil {
			place = s.Into(to)
		}
		if vals, err = s.Merged(c, place, vals); err != nil {
			return err
		}
		if c.Op == branchdiff.Update && !trade {
			return a.Update(to, rowKey(to, c.Key), vals)
		}
		return a.Insert(to, vals)
	})
}

// sequences lets those of the target that the source has moved on move on, too. As ever with sequences that is not undone.
func (m *Merge) sequences(ctx context.Context, ec *run.Context) error {
	if m.pair.SourceSince != nil && !branchdiff.Touches(m.pair.SourceSince, database.SequenceStorage) {
		return nil
	}
	base, err := m.pair.BaseCatalog(ctx)
	if err != nil {
		return err
	}
	for _, r := range threeway.Relations(base, m.pair.Source.Cat, m.pair.Target.Cat) {
		if r.Source == nil || r.Source.Sequence == nil || r.Target == nil {
			continue
		}
		to := ec.Catalog.Table(r.Target.OID)
		if to == nil || to.Sequence == nil {
			continue
		}
		if err := m.pair.Target.DB.CatchUp(ctx, to, m.pair.Source.DB, r.Source, m.pair.Target.Snap, m.pair.Source.Snap); err != nil {
			return err
		}
	}
	return nil
}

// record notes the merge in the transaction: what both come from is this state of the source from now on.
func (m *Merge) record(ec *run.Context) error {
	p := m.pair
	taken, err := database.Merges(p.Source.Snap)
	if err != nil {
		return err
	}
	r := database.Merge{Into: p.TargetID, From: p.SourceID, FromLSN: p.Source.Snap.LSN(), Before: p.Target.Snap.LSN()}
	for _, x := range append(taken, r) {
		if err := x.Put(ec.Txn); err != nil {
			return err
		}
	}
	db := p.Target.DB
	m.Host.After(func() {
		if _, err := db.Place(context.Background(), r); err != nil {
			db.Log.Warn("place of a merge not noted", "branch", db.Branch, "error", fmt.Errorf("merge of %d: %w", r.From, err))
		}
	})
	return nil
}
