package write

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

// parts is what a statement's target has where its rows stand in other tables, too: partitions, or tables that inherit.
// Each of them is a target of its own over the same slots, made when a row first comes to it.
type parts struct {
	root      *target
	catalog   *catalog.Catalog
	byOID     map[catalog.OID]*target
	byStorage map[uint32]*catalog.Table
	levels    map[catalog.OID]*keyReader // by partitioned table; they read rows of the root
	sets      []setFn                    // all assignments of the statement
	conflict  *conflictOp
}

// tree sets up parts where the target has them.
func (tg *target) tree() {
	ec := tg.in.EC
	if ec.Catalog == nil || tg.parts != nil && tg.parts.catalog == ec.Catalog {
		return
	}
	if !tg.table.Partitioned() && (tg.inserts || !ec.Catalog.HasChildren(tg.table.OID)) {
		tg.parts = nil
		return
	}
	p := &parts{root: tg, catalog: ec.Catalog, byOID: map[catalog.OID]*target{}, levels: map[catalog.OID]*keyReader{}, sets: tg.allSets}
	if cf := tg.conflict; cf != nil {
		cf.catalog = ec.Catalog
		p.conflict, p.sets = cf, cf.sets
	}
	tg.parts = p
}

// at is the target of the table that the row at key stands in.
func (tg *target) at(key []byte) (*target, error) {
	p := tg.parts
	if p == nil {
		return tg, nil
	}
	storage, _ := tuple.KeyPrefix(key)
	if storage == tg.table.StorageID && !tg.table.Partitioned() {
		return tg, nil
	}
	if p.byStorage == nil {
		p.byStorage = map[uint32]*catalog.Table{}
		for _, t := range p.catalog.Descendants(tg.table) {
			p.byStorage[t.StorageID] = t
		}
	}
	t := p.byStorage[storage]
	if t == nil {
		return nil, pgerr.Internal("a row of %s stands in an unknown table", tg.table.Name)
	}
	return p.leaf(t)
}

// leaf is the target of a table of the tree, ready for the execution.
func (p *parts) leaf(t *catalog.Table) (*target, error) {
	l := p.byOID[t.OID]
	if l == nil {
		var err error
		if l, err = p.open(t); err != nil {
			return nil, err
		}
		p.byOID[t.OID] = l
	}
	if l.gen == p.root.in.Gen {
		return l, nil
	}
	if err := p.admit(l); err != nil {
		return nil, err
	}
	if err := l.begin(); err != nil {
		return nil, err
	}
	for _, e := range l.evals {
		e.Begin(l.in.EC)
	}
	return l, nil
}

// admit locks a table of the tree for the execution: others may have been changing it. Its descriptor must still be the one of the plan.
// What a default partition may have is another when the table above it has got a partition since.
func (p *parts) admit(l *target) error {
	in, t := p.root.in, l.table
	if _, err := in.EC.Txn.LockTable(in.EC.Ctx, uint64(t.OID), lock.RowExclusive, in.EC.LockOptions()); err != nil {
		return run.LockError(err, t)
	}
	l.boundsIn = nil
	src, ok := in.EC.Exprs.(interface{ CurrentCatalog() *catalog.Catalog })
	if !ok {
		return nil
	}
	now := src.CurrentCatalog()
	if now == p.catalog {
		return nil
	}
	if d := now.Table(t.OID); d != t && !onItsWay(d, t) {
		return pgerr.New(pgerr.SerializationFailure, "could not serialize access due to concurrent change of relation \"%s\"", t.Name)
	}
	for t.Bound != nil && t.OID != p.root.table.OID {
		above := p.catalog.Table(t.Parents[0])
		if t.Bound.Default && now.Table(above.OID) != above {
			l.boundsIn = now
		}
		t = above
	}
	return nil
}

// onItsWay reports that DETACH CONCURRENTLY has marked a partition since and that nothing else has happened to it: who has begun before
// goes on as if it had not.
func onItsWay(now, was *catalog.Table) bool {
	return now != nil && now.Detaching != 0 && was.Detaching == 0 && now.StorageID == was.StorageID && slices.Equal(now.Indexes, was.Indexes)
}

// open makes the target of a table of the tree.
func (p *parts) open(t *catalog.Table) (*target, error) {
	root := p.root
	in := root.in
	m := catalog.AttMap(root.table, t)
	l := &target{in: in, table: t, root: root, atts: m, vals: make([]types.Datum, len(t.Columns)), loc: root.loc, recheck: root.recheck,
		strength: root.strength, inserts: root.inserts}
	for _, a := range root.given {
		if m[a-1] != 0 {
			l.given = append(l.given, m[a-1])
		}
	}
	l.row, l.old = root.row.Over(t, m), root.old.Over(t, m)
	l.deferrable = slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool { return ix.Deferrable })
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		if c.NotNull {
			l.nnull = append(l.nnull, i)
		}
		if c.Generated != 0 {
			e, err := l.stored(c.Default)
			if err != nil {
				return nil, err
			}
			l.gens = append(l.gens, genCol{att: i + 1, eval: func() (types.Datum, error) { return e.Eval(l.vals) }})
		}
	}
	for _, c := range root.checks {
		if c.kind == plan.CheckViewOption {
			l.checks = append(l.checks, c)
		}
	}
	for _, c := range t.Constraints {
		if c.Type != catalog.ConCheck {
			continue
		}
		e, err := l.stored(c.Expr)
		if err != nil {
			return nil, err
		}
		l.checks = append(l.checks, rowCheck{name: c.Name, cond: func() (eval.Tri, error) {
			v, err := e.Eval(l.vals)
			switch {
			case err != nil:
				return eval.Null, err
			case v.IsNull():
				return eval.Null, nil
			case v.Bool():
				return eval.True, nil
			}
			return eval.False, nil
		}})
	}
	if l.setsKey(p.sets) {
		l.strength = lock.Write
	}
	if p.conflict != nil {
		l.conflict = p.conflict.over(t, m)
		l.conflict.strength = max(l.conflict.strength, l.strength)
	}
	return l, nil
}

func (l *target) stored(sql string) (*eval.Evaluator, error) {
	e, err := storedExpr(l.in.EC, l.table, sql)
	if err == nil {
		l.evals = append(l.evals, e)
	}
	return e, err
}

// setsKey reports whether assignments may change a unique key of the leaf, or the partition that a row belongs to.
func (l *target) setsKey(sets []setFn) bool {
	names := map[string]bool{}
	for _, s := range sets {
		names[l.root.table.Column(int16(s.att)).Name] = true
	}
	for _, ix := range l.table.Indexes {
		for _, k := range ix.Keys {
			if ix.Unique && ix.Pred == "" && k.Att != 0 && names[l.table.Column(k.Att).Name] {
				return true
			}
		}
	}
	for t := l.table; t.Bound != nil; {
		t = l.in.EC.Catalog.Table(t.Parents[0])
		for _, k := range t.PartKey.Keys {
			if len(sets) > 0 && (k.Att == 0 || names[t.Column(k.Att).Name]) {
				return true
			}
		}
	}
	return false
}

// att is the number that a column of the statement's target has in this table.
func (tg *target) att(n int) int {
	if tg.atts == nil {
		return n
	}
	return int(tg.atts[n-1])
}

// routed is the target of the partition for the row in vals, which has the values there.
func (tg *target) routed() (*target, error) {
	if tg.parts == nil || !tg.table.Partitioned() {
		return tg, nil
	}
	l, err := tg.parts.route(tg.vals)
	if err != nil {
		return nil, err
	}
	for i := range l.vals {
		l.vals[i] = types.Null
	}
	for i, att := range l.atts {
		if att != 0 {
			l.vals[att-1] = tg.vals[i]
		}
	}
	return l, nil
}

// route finds the leaf for a row of the root.
func (p *parts) route(vals []types.Datum) (*target, error) {
	root := p.root
	if root.table.Bound != nil {
		if err := root.inBounds(); err != nil {
			return nil, err
		}
	}
	t := root.table
	for t.Partitioned() {
		k := p.levels[t.OID]
		if k == nil {
			var err error
			if k, err = newKeyReader(root.in.EC, p.catalog, root.table, t); err != nil {
				return nil, err
			}
			p.levels[t.OID] = k
		}
		n, err := k.route(root.in, vals)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			return nil, k.noPartition(root.in.EC)
		}
		t = p.catalog.Table(k.desc.Parts[n])
	}
	return p.leaf(t)
}

// keyReader computes the partition key of parted from rows of another table of the tree.
type keyReader struct {
	parted *catalog.Table
	desc   *partition.Desc
	cols   []int // 0: an expression
	exprs  []*eval.Evaluator
	vals   []types.Datum
	gen    uint64
}

func newKeyReader(ec *run.Context, cat *catalog.Catalog, rows, parted *catalog.Table) (*keyReader, error) {
	d, err := partition.Describe(cat, parted, ec.Env)
	if err != nil {
		return nil, err
	}
	n := len(parted.PartKey.Keys)
	k := &keyReader{parted: parted, desc: d, cols: make([]int, n), exprs: make([]*eval.Evaluator, n), vals: make([]types.Datum, n)}
	for i := range parted.PartKey.Keys {
		key := &parted.PartKey.Keys[i]
		if key.Att != 0 {
			c := rows.ColumnByName(parted.Column(key.Att).Name)
			if c == nil {
				return nil, pgerr.Internal("%s lacks a partition key of %s", rows.Name, parted.Name)
			}
			k.cols[i] = int(c.AttNum)
		} else if k.exprs[i], err = storedExpr(ec, rows, key.Expr); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (k *keyReader) route(in *Statement, vals []types.Datum) (int, error) {
	fresh := k.gen != in.Gen
	k.gen = in.Gen
	for i, att := range k.cols {
		if att != 0 {
			k.vals[i] = vals[att-1]
			continue
		}
		if fresh {
			k.exprs[i].Begin(in.EC)
		}
		v, err := k.exprs[i].Eval(vals)
		if err != nil {
			return -1, err
		}
		k.vals[i] = v.Clone()
	}
	return k.desc.Route(k.vals)
}

func (k *keyReader) noPartition(ec *run.Context) error {
	names, texts, atts := make([]string, len(k.vals)), make([]string, len(k.vals)), make([]int16, len(k.vals))
	for i := range k.vals {
		key := &k.parted.PartKey.Keys[i]
		atts[i] = key.Att
		names[i] = ruleutils.PartKeyText(k.parted, key)
		texts[i] = "null"
		if y := ec.Env.Type(key.Type); y != nil && !k.vals[i].IsNull() {
			texts[i] = clipText(string(y.AppendText(nil, k.vals[i], ec.Env)))
		}
	}
	detail := ""
	if s := shownOf(ec, k.parted); s.key(atts) {
		detail = "Partition key of the failing row contains (" + strings.Join(names, ", ") + ") = (" + strings.Join(texts, ", ") + ")."
	}
	return pgerr.New(pgerr.CheckViolation, "no partition of relation \"%s\" found for row", k.parted.Name).
		WithDetail("%s", detail).
		WithTable(schemaName(ec, k.parted), k.parted.Name)
}

// inBounds checks that the row in vals belongs to the partition that the target is.
func (tg *target) inBounds() error {
	at, err := tg.misfit()
	if at == nil || err != nil {
		return err
	}
	if tg.boundsIn == nil {
		at = tg.table
	}
	return pgerr.New(pgerr.CheckViolation, "new row for relation \"%s\" violates partition constraint", at.Name).
		WithDetail("%s", failingRow(tg.in.EC, tg.table, tg.vals, tg.given)).WithTable(schemaName(tg.in.EC, at), at.Name)
}

// fits asks the partitioned tables above the target, up to the statement's own one.
func (tg *target) fits() (bool, error) {
	at, err := tg.misfit()
	return at == nil && err == nil, err
}

// misfit is the partition at or above the target, below the statement's own table, that must not have the row; nil: there is none.
func (tg *target) misfit() (*catalog.Table, error) {
	ec := tg.in.EC
	cat := ec.Catalog
	if tg.boundsIn != nil {
		cat = tg.boundsIn
	}
	if cat == nil {
		return nil, nil
	}
	if tg.above == nil || tg.aboveOf != cat {
		tg.above, tg.aboveOf = nil, cat
		for t := tg.table; t.Bound != nil && (tg.root == nil || t.OID != tg.root.table.OID); {
			p := cat.Table(t.Parents[0])
			k, err := newKeyReader(ec, cat, tg.table, p)
			if err != nil {
				return nil, err
			}
			tg.above = append(tg.above, upLevel{k, k.desc.Index(t.OID), t})
			t = p
		}
	}
	for _, u := range tg.above {
		n, err := u.keys.route(tg.in, tg.vals)
		if n != u.part || err != nil {
			return u.child, err
		}
	}
	return nil, nil
}

// upLevel is a partitioned table above a target, and the number of its partition that the target belongs to.
type upLevel struct {
	keys  *keyReader
	part  int
	child *catalog.Table
}

// move takes the row at key out of this leaf and puts the one in vals where it belongs now: for triggers of rows a DELETE and an INSERT,
// for transition tables the statement's UPDATE. ok false: a trigger wants the row left alone, or nowhere.
func (tg *target) move(key, row []byte) (ok bool, err error) {
	in, root := tg.in, tg.root
	if tg.fires {
		if ok, err := tg.before(catalog.TriggerDelete, key, row); !ok || err != nil {
			return false, err
		}
	}
	if err := tg.w.Delete(in.EC.Ctx, key, row); err != nil {
		return false, constraintError(in.EC, err, tg.table)
	}
	for _, f := range tg.fk.refs {
		var err error
		switch {
		case f.parent.OID == tg.table.OID:
			err = in.queue().parent(f, tg.oldVals, nil)
		case changedCols(f.refCols, tg.oldVals, tg.vals):
			err = in.queue().parent(f, tg.oldVals, tg.vals)
		}
		if err != nil {
			return false, err
		}
	}
	if tg.fires {
		st, err := root.statement(catalog.TriggerUpdate)
		if err == nil {
			err = tg.after(st, catalog.TriggerDelete, tg.oldVals, nil)
		}
		if err != nil {
			return false, err
		}
	}
	for i, att := range tg.atts {
		root.vals[i] = types.Null
		if att != 0 {
			root.vals[i] = tg.vals[att-1]
		}
	}
	to, err := root.routed()
	if err != nil {
		return false, err
	}
	if to, err = to.completed(true); to == nil || err != nil {
		return false, err
	}
	if err := to.putRow(); err != nil {
		return false, err
	}
	in.EC.Txn.Departed(key)
	if !to.fires {
		return true, nil
	}
	st, err := root.statement(catalog.TriggerUpdate)
	if err == nil {
		err = to.after(st, catalog.TriggerInsert, nil, to.vals)
	}
	return err == nil, err
}

// over is the ON CONFLICT clause for rows of a partition.
func (cf *conflictOp) over(t *catalog.Table, m []int16) *conflictOp {
	n := *cf
	n.existing, n.excluded, n.key, n.row, n.indexes = cf.existing.Over(t, m), cf.excluded.Over(t, m), nil, nil, nil
	for _, oid := range cf.indexes {
		n.indexes = append(n.indexes, partIndex(cf.catalog, t, oid))
	}
	return &n
}

// partIndex is the part that a partition has of an index of a table above it.
func partIndex(c *catalog.Catalog, t *catalog.Table, root catalog.OID) catalog.OID {
	for _, ix := range t.Indexes {
		for o := ix; o != nil && o.Parent != 0; {
			if o.Parent == root {
				return ix.OID
			}
			_, o = c.RelationByOID(o.Parent)
		}
	}
	return root
}
