package write

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/fkey"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// fkTable holds the foreign keys that a table has and those that name it.
type fkTable struct {
	catalog *catalog.Catalog
	replica bool
	foreign []*foreignKey
	refs    []*foreignKey
}

type foreignKey struct {
	con    *catalog.Constraint
	child  *catalog.Table
	parent *catalog.Table
	// refCols are the referenced columns by the numbers of the table whose rows change: a partition of parent, or parent.
	refCols []int16
	part    *catalog.Table // the partition of parent whose rows change; nil: parent itself
	match   *fkey.Match    // nil where the types agree
	ready   bool           // match is made
	// loose are the orders of referenced keys under which different bytes may be equal, by column of the constraint; nil: none is.
	loose []*catalog.KeyOrder
}

// looseKeys are those of the index that the constraint refers to.
func looseKeys(parent *catalog.Table, con *catalog.Constraint) (out []*catalog.KeyOrder) {
	if parent == nil {
		return nil
	}
	ix := parent.IndexByOID(con.Index)
	if ix == nil {
		return nil
	}
	for i := range ix.Keys {
		k := &ix.Keys[i]
		at := slices.Index(con.RefCols, k.Att)
		if k.Order == nil || !k.Order.Nondeterministic || at < 0 {
			continue
		}
		if out == nil {
			out = make([]*catalog.KeyOrder, len(con.RefCols))
		}
		out[at] = k.Order
	}
	return out
}

// matcher makes match.
func (f *foreignKey) matcher(ec *run.Context) (*fkey.Match, error) {
	if f.ready {
		return f.match, nil
	}
	if f.parent == nil {
		return nil, pgerr.Internal("foreign key %s names no table", f.con.Name)
	}
	var err error
	f.match, err = fkey.New(f.child, f.parent, f.con, func(t *catalog.Table, sql string) (fkey.Func, error) {
		e, err := storedExpr(ec, t, sql)
		if err != nil {
			return nil, err
		}
		return e.Eval, nil
	})
	f.ready = err == nil
	return f.match, err
}

// Foreign key actions (pg_constraint.confupdtype).
const (
	fkNoAction   = 'a'
	fkRestrict   = 'r'
	fkCascade    = 'c'
	fkSetNull    = 'n'
	fkSetDefault = 'd'
)

func newFKTable(ec *run.Context, t *catalog.Table) *fkTable {
	fk := &fkTable{catalog: ec.Catalog, replica: ec.Replica}
	if !catalog.Fires(t.SystemTriggers, ec.Replica) {
		return fk
	}
	parent := func(c *catalog.Constraint) *catalog.Table {
		if c.RefTable == t.OID {
			return t
		}
		if ec.Catalog != nil {
			return ec.Catalog.Table(c.RefTable)
		}
		return nil
	}
	// Foreign keys to a partitioned table are foreign keys to its partitions. Those of one are what its partitions have.
	above := map[catalog.OID]*catalog.Table{t.OID: t}
	if ec.Catalog != nil {
		for p := t; p.Bound != nil; {
			if p = ec.Catalog.Table(p.Parents[0]); p == nil {
				break
			}
			above[p.OID] = p
		}
	}
	add := func(child *catalog.Table) {
		for _, c := range child.Constraints {
			if c.Type != catalog.ConForeign || child.Partitioned() {
				continue
			}
			if p := above[c.RefTable]; p != nil {
				cols, part := c.RefCols, (*catalog.Table)(nil)
				if p != t {
					part = t
					m := catalog.AttMap(p, t)
					cols = make([]int16, len(c.RefCols))
					for i, a := range c.RefCols {
						cols[i] = m[a-1]
					}
				}
				fk.refs = append(fk.refs, &foreignKey{con: c, child: child, parent: p, refCols: cols, part: part, loose: looseKeys(p, c)})
			}
		}
	}
	for _, c := range t.Constraints {
		if c.Type == catalog.ConForeign {
			fk.foreign = append(fk.foreign, &foreignKey{con: c, child: t, parent: parent(c), loose: looseKeys(parent(c), c)})
		}
	}
	if ec.Catalog == nil {
		add(t)
		return fk
	}
	children := map[catalog.OID]*catalog.Table{}
	for oid := range above {
		ec.Catalog.Referencing(oid, func(child *catalog.Table) bool {
			if child.OID == t.OID {
				child = t
			}
			children[child.OID] = child
			return true
		})
	}
	for _, oid := range slices.Sorted(maps.Keys(children)) {
		add(children[oid])
	}
	return fk
}

// inserted, updated and deleted tell the statement's queue about a change. key is the row's storage key; the values are by
// attribute number - 1.
func (fk *fkTable) inserted(in *Statement, key []byte, vals []types.Datum) error {
	for _, f := range fk.foreign {
		if err := in.queue().child(f, key, vals); err != nil {
			return err
		}
	}
	return nil
}

func (fk *fkTable) updated(in *Statement, was, key []byte, old, vals []types.Datum) error {
	if len(fk.foreign) == 0 && len(fk.refs) == 0 {
		return nil
	}
	return fk.changed(in.queue(), was, key, old, vals)
}

// changed is updated: the row stood at was and stands at key. One that has moved may have left a check at its old key behind.
func (fk *fkTable) changed(q *queue, was, key []byte, old, vals []types.Datum) error {
	moved := !bytes.Equal(was, key)
	for _, f := range fk.foreign {
		if moved || changedCols(f.con.Cols, old, vals) {
			if err := q.child(f, key, vals); err != nil {
				return err
			}
		}
	}
	for _, f := range fk.refs {
		if changedCols(f.refCols, old, vals) {
			if err := q.parent(f, old, vals); err != nil {
				return err
			}
		}
	}
	return nil
}

func (fk *fkTable) deleted(in *Statement, old []types.Datum) error {
	for _, f := range fk.refs {
		if err := in.queue().parent(f, old, nil); err != nil {
			return err
		}
	}
	return nil
}

func changedCols(cols []int16, old, vals []types.Datum) bool {
	for _, c := range cols {
		if !frame.Identical(old[c-1], vals[c-1]) {
			return true
		}
	}
	return false
}

// queue holds the checks and actions that run when the statement's own work is done (manual: CREATE TABLE, REFERENCES).
type queue struct {
	ec       *run.Context
	deferred *Deferred // nil: nothing is deferred
	view     *txn.View // what the statement sees; nil outside of one
	events   []event
	done     int // events that have run
	triggers *trigger.Queue
	fired    bool // a trigger's function has run
	plain    bool // foreign keys do not act: what is still referenced may not go
	arena    frame.Arena
	targets  map[catalog.OID]*cascadeTarget
	lastFK   *foreignKey // the reference that was found last, and its key: it is locked
	lastKey  []byte
	key      [2][]byte
	row      []byte
}

// event is a child row whose reference is to be looked up (new nil and key or vals set), or a parent key that has gone
// (vals the old key, fresh the new one where it was changed).
type event struct {
	fk     *foreignKey
	unique *uniqueCheck // the row at key may have the values vals in common with another
	due    *due         // a constraint trigger
	parent bool
	key    []byte
	vals   []types.Datum
	fresh  []types.Datum
}

func pick(a *frame.Arena, cols []int16, vals []types.Datum) []types.Datum {
	out := a.Row(len(cols))
	for i, c := range cols {
		out[i] = a.Clone(vals[c-1])
	}
	return out
}

// child checks a row's reference now, as what is found now cannot go away unseen: it is locked. What is not found may
// still come before the check is due.
func (q *queue) child(f *foreignKey, key []byte, vals []types.Datum) error {
	nulls := 0
	for _, c := range f.con.Cols {
		if vals[c-1].IsNull() {
			nulls++
		}
	}
	if nulls == len(f.con.Cols) || nulls > 0 && f.con.Match != 'f' {
		return nil
	}
	if nulls > 0 {
		return q.childError(f).WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
	}
	ev := event{fk: f}
	if d := q.deferred; d != nil && d.deferred(f.con) {
		ev.vals = pick(&d.arena, f.con.Cols, vals)
		ev.key = append([]byte(nil), key...)
		d.events = append(d.events, ev)
		return nil
	}
	var buf [8]types.Datum
	ref := buf[:0]
	for _, c := range f.con.Cols {
		ref = append(ref, vals[c-1])
	}
	found, err := q.findFor(f, ref)
	if found || err != nil {
		return err
	}
	ev.vals = pick(&q.arena, f.con.Cols, vals)
	ev.key = append([]byte(nil), key...)
	q.events = append(q.events, ev)
	return nil
}

// parent notes that a referenced key has gone.
func (q *queue) parent(f *foreignKey, old, vals []types.Datum) error {
	for _, c := range f.refCols {
		if old[c-1].IsNull() {
			return nil
		}
	}
	ev := event{fk: f, parent: true}
	action := f.con.OnDelete
	if vals != nil {
		action = f.con.OnUpdate
	}
	if d := q.deferred; d != nil && (action == fkNoAction || action == 0) && d.deferred(f.con) {
		ev.vals = pick(&d.arena, f.refCols, old)
		if vals != nil {
			ev.fresh = pick(&d.arena, f.refCols, vals)
		}
		d.events = append(d.events, ev)
		return nil
	}
	ev.vals = pick(&q.arena, f.refCols, old)
	if vals != nil {
		ev.fresh = pick(&q.arena, f.refCols, vals)
	}
	q.events = append(q.events, ev)
	return nil
}

// run does what is queued, and what that queues: events and triggers in the order in which they came.
func (q *queue) run() error {
	q.lastFK = nil
	for i := 0; ; i++ {
		behind := -1
		if q.triggers != nil {
			var err error
			if behind, err = q.triggers.Behind(); err != nil {
				return err
			}
		}
		var err error
		switch {
		case q.done < len(q.events) && (behind < 0 || q.done < behind):
			q.done++
			err = q.do(&q.events[q.done-1])
		case behind >= 0:
			err = q.next()
		default:
			q.events, q.done = q.events[:0], 0
			q.arena.Reset()
			return nil
		}
		if err != nil {
			return err
		}
		if q.ec.Ctx != nil && i&255 == 0 && q.ec.Ctx.Err() != nil {
			return pgerr.From(context.Cause(q.ec.Ctx))
		}
	}
}

func (q *queue) do(ev *event) error {
	e := *ev // the queue may grow meanwhile
	if e.unique != nil {
		return q.checkUnique(&e)
	}
	if e.due != nil {
		return q.fireDue(e.due)
	}
	if !e.parent {
		return q.checkChild(&e)
	}
	action := e.fk.con.OnDelete
	if e.fresh != nil {
		action = e.fk.con.OnUpdate
	}
	if q.plain {
		action = fkNoAction
	}
	switch action {
	case fkCascade, fkSetNull:
		return q.cascade(&e, action)
	case fkSetDefault:
		// The default may be the very key that has gone: then the rows must find it again.
		if err := q.cascade(&e, action); err != nil {
			return err
		}
		found, err := q.find(e.fk, e.vals, false)
		if found || err != nil {
			return err
		}
	case fkRestrict:
	default:
		// NO ACTION: a row that has the key again will do.
		found, err := q.find(e.fk, e.vals, false)
		if found || err != nil {
			return err
		}
	}
	used, err := q.referenced(e.fk, e.vals)
	if err != nil || !used {
		return err
	}
	f := e.fk
	parent, child, name := q.shownKey(f)
	return pgerr.New(pgerr.ForeignKeyViolation, "update or delete on table \"%s\" violates foreign key constraint \"%s\" on table \"%s\"",
		parent.Name, name, child.Name).
		WithDetail("Key%s is still referenced from table \"%s\".", q.keyText(f.parent, f.con.RefCols, e.vals), child.Name).
		WithTable(schemaName(q.ec, child), child.Name).WithConstraint(name)
}

// shownKey is what PostgreSQL's messages say of a key that is still referenced: the foreign key is that of the topmost partitioned table
// on the referencing side; on the other side each partition has one of its own, numbered.
func (q *queue) shownKey(f *foreignKey) (parent, child *catalog.Table, name string) {
	parent, child, con := f.parent, f.child, f.con
	cat := q.ec.Catalog
	if cat == nil {
		return parent, child, con.Name
	}
	for con.Parent != 0 {
		t, c := cat.ConstraintByOID(con.Parent)
		if c == nil {
			break
		}
		child, con = t, c
	}
	name = con.Name
	if f.part != nil {
		parent = f.part
		name += strconv.Itoa(partition.Number(cat, f.parent, f.part.OID, q.ec.Env))
	}
	return parent, child, name
}

func (q *queue) checkChild(e *event) error {
	rel, err := q.ec.Rels.Get(e.fk.child)
	if err != nil {
		return err
	}
	row, ok, err := q.ec.Txn.GetLatest(q.row[:0], e.key)
	q.row = row
	if err != nil || !ok {
		return err // the row is gone
	}
	for i, c := range e.fk.con.Cols {
		if !frame.Identical(rel.Col(row, c), e.vals[i]) {
			return nil // its new version has a check of its own
		}
	}
	found, err := q.findFor(e.fk, e.vals)
	if err != nil || found {
		return err
	}
	return q.childError(e.fk).WithDetail("Key%s is not present in table \"%s\".",
		q.keyText(e.fk.child, e.fk.con.Cols, e.vals), e.fk.parent.Name)
}

func (q *queue) childError(f *foreignKey) *pgerr.Error {
	return pgerr.New(pgerr.ForeignKeyViolation, "insert or update on table \"%s\" violates foreign key constraint \"%s\"", f.child.Name, f.con.Name).
		WithTable(schemaName(q.ec, f.child), f.child.Name).WithConstraint(f.con.Name)
}

// keyText is " (a, b)=(1, 2)", or nothing where the role may not read the key.
func (q *queue) keyText(t *catalog.Table, cols []int16, vals []types.Datum) string {
	if s := shownOf(q.ec, t); !s.key(cols) {
		return ""
	}
	names, texts := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		col := t.Column(c)
		names[i] = col.Name
		texts[i] = "null"
		if y := q.ec.Env.Type(col.Type); y != nil && !vals[i].IsNull() {
			texts[i] = y.Text(vals[i], q.ec.Env)
		}
	}
	return " (" + strings.Join(names, ", ") + ")=(" + strings.Join(texts, ", ") + ")"
}

// findFor looks for the row that a referencing key refers to, and locks it.
func (q *queue) findFor(f *foreignKey, vals []types.Datum) (bool, error) {
	m, err := f.matcher(q.ec)
	if err != nil {
		return false, err
	}
	ref, ok, err := m.Referenced(vals)
	if !ok || err != nil {
		return false, err
	}
	return q.find(f, ref, true)
}

// find looks for the referenced row with the key (values in the order of the constraint's columns), in the newest state.
// With share it locks the row against changes of its key until the transaction ends; from REPEATABLE READ on the transaction must see
// it, too.
func (q *queue) find(f *foreignKey, vals []types.Datum, share bool) (bool, error) {
	if f.parent == nil {
		return false, pgerr.Internal("foreign key %s names no table", f.con.Name)
	}
	table, ix := f.parent, f.parent.IndexByOID(f.con.Index)
	if ix == nil {
		return false, pgerr.Internal("foreign key %s has no unique index", f.con.Name)
	}
	eq := make([]types.Datum, 0, 8)
	for i := range ix.Keys {
		for j, c := range f.con.RefCols {
			if c == ix.Keys[i].Att {
				eq = append(eq, vals[j])
			}
		}
	}
	if table.Partitioned() {
		var err error
		cat := q.ec.Catalog
		if src, ok := q.ec.Exprs.(interface{ NewestCatalog() *catalog.Catalog }); ok {
			cat = src.NewestCatalog()
		}
		if table, ix, err = partition.Leaf(cat, table, ix, f.con.RefCols, vals, q.ec.Env); table == nil || err != nil {
			return false, err
		}
	}
	rel, err := q.ec.Rels.Get(table)
	if err != nil {
		return false, err
	}
	if len(eq) != len(ix.Keys) {
		return false, pgerr.Internal("foreign key %s and index %s have different columns", f.con.Name, ix.Name)
	}
	lo, hi, ok := rel.KeyRange(ix, rowstore.Range{Eq: eq}, q.key[0][:0], q.key[1][:0])
	q.key = [2][]byte{lo, hi}
	if !ok {
		return false, nil
	}
	if share && q.lastFK == f && string(q.lastKey) == string(lo) {
		return true, nil
	}
	t := q.ec.Txn
	if ix.ID == catalog.ClusteredIndexID {
		waited := false
		if share {
			if waited, err = t.LockRow(q.ec.Ctx, lo, lock.KeyShare, q.ec.LockOptions()); err != nil {
				return false, run.LockError(err, f.parent)
			}
		}
		q.row, ok, err = t.GetLatest(q.row[:0], lo)
		switch {
		case err != nil || !share:
		case ok:
			ok, err = q.inSnapshot(f, lo)
		case waited:
			err = q.lost(f, lo)
		}
	} else {
		ok, err = q.findByIndex(f, rel, ix, eq, share)
	}
	if ok && share && err == nil {
		q.lastFK, q.lastKey = f, append(q.lastKey[:0], lo...)
	}
	return ok, err
}

// inSnapshot is what REPEATABLE READ and above ask of a referenced row besides being there: the transaction sees it. A partitioned
// table is always looked up in its newest state below SERIALIZABLE, as PostgreSQL does.
func (q *queue) inSnapshot(f *foreignKey, key []byte) (bool, error) {
	if f.parent.Partitioned() && q.ec.Txn.Isolation() != txn.Serializable {
		return true, nil
	}
	return q.ec.Txn.InSnapshot(key)
}

// lost is what becomes of a reference whose row has gone while the lock was waited for: nil, and then it is missing, where the
// transaction takes rows as they are.
func (q *queue) lost(f *foreignKey, key []byte) error {
	err := error(txn.ErrConcurrentUpdate)
	if q.ec.Txn.Isolation() == txn.ReadCommitted {
		err = nil
		if q.view != nil {
			if departed, e := q.view.HasDeparted(key); e != nil {
				err = e
			} else if departed {
				err = txn.ErrDeparted
			}
		}
	}
	return run.LockError(err, f.parent)
}

// findByIndex goes from the entry to the row, locks that and looks whether it still has the key.
func (q *queue) findByIndex(f *foreignKey, rel *rowstore.Rel, ix *catalog.Index, eq []types.Datum, share bool) (bool, error) {
	t := q.ec.Txn
	for {
		v := t.Latest()
		it := rel.Scan(v, ix, rowstore.Range{Eq: eq}, false)
		found := it.Next()
		var key []byte
		if found {
			key = append(key, it.Key()...)
		}
		err := it.Close()
		v.Release()
		if err != nil || !found || !share {
			return found, err
		}
		waited, err := t.LockRow(q.ec.Ctx, key, lock.KeyShare, q.ec.LockOptions())
		if err != nil {
			return false, run.LockError(err, f.parent)
		}
		row, ok, err := t.GetLatest(q.row[:0], key)
		q.row = row
		if err != nil {
			return false, err
		}
		if waited && !ok {
			return false, q.lost(f, key)
		}
		same := ok
		for i := range ix.Keys {
			k := &ix.Keys[i]
			order, err := k.Order.Collator()
			if err != nil {
				return false, err
			}
			same = same && !rel.Col(row, k.Att).IsNull() && types.EqualOrdered(order, k.Kind, rel.Col(row, k.Att), eq[i])
		}
		if same {
			return q.inSnapshot(f, key)
		}
	}
}

// referenced reports whether a child row has the key.
func (q *queue) referenced(f *foreignKey, vals []types.Datum) (bool, error) {
	found := false
	err := q.children(f, vals, func(key, row []byte) bool {
		found = true
		return false
	})
	return found, err
}

// children calls visit for the child rows that reference the key, in the newest state, until it returns false. It must
// not write.
func (q *queue) children(f *foreignKey, vals []types.Datum, visit func(key, row []byte) bool) error {
	rel, err := q.ec.Rels.Get(f.child)
	if err != nil {
		return err
	}
	m, err := f.matcher(q.ec)
	if err != nil {
		return err
	}
	v := q.ec.Txn.Latest()
	defer v.Release()
	keys, ok, unique, err := m.Referencing(vals)
	if !ok && unique || err != nil {
		return err
	}
	var ix *catalog.Index
	var rng rowstore.Range
	if unique {
		ix, rng = childRange(f, keys)
	}
	cols := make([]types.Datum, len(f.con.Cols))
	it := rel.Scan(v, ix, rng, false)
	n := 0
	for it.Next() {
		row := it.Row()
		if row == nil {
			break
		}
		for i, c := range f.con.Cols {
			cols[i] = rel.Col(row, c)
		}
		same, serr := f.equal(m, cols, vals)
		if serr != nil {
			err = serr
			break
		}
		if same && !visit(it.Key(), row) {
			break
		}
		if n++; n&1023 == 0 && q.ec.Ctx != nil && q.ec.Ctx.Err() != nil {
			err = pgerr.From(context.Cause(q.ec.Ctx))
			break
		}
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	return err
}

// equal compares a referencing key, which may have NULLs, with a referenced one.
func (f *foreignKey) equal(m *fkey.Match, cols, ref []types.Datum) (bool, error) {
	for i, c := range f.con.Cols {
		if cols[i].IsNull() {
			return false, nil
		}
		if m != nil {
			continue
		}
		var order *collation.Collator
		if f.loose != nil {
			var err error
			if order, err = f.loose[i].Collator(); err != nil {
				return false, err
			}
		}
		if !types.EqualOrdered(order, f.child.Column(c).Kind, cols[i], ref[i]) {
			return false, nil
		}
	}
	if m == nil {
		return true, nil
	}
	return m.Equal(cols, ref)
}

// sameEquality reports whether what an index key of the referencing table calls equal is what the reference does.
func (f *foreignKey) sameEquality(col int, k *catalog.IndexKey) bool {
	var want *catalog.KeyOrder
	if f.loose != nil {
		want = f.loose[col]
	}
	if want == nil {
		return k.Order == nil || !k.Order.Nondeterministic
	}
	return k.Order != nil && k.Order.Of == want.Of
}

// childRange finds an index whose leading columns are the foreign key's; nil: the whole table.
func childRange(f *foreignKey, vals []types.Datum) (*catalog.Index, rowstore.Range) {
	n := len(f.con.Cols)
	for _, ix := range f.child.Indexes {
		if ix.Pred != "" || ix.Building || !ix.Ordered() || len(ix.Keys) < n {
			continue
		}
		eq := make([]types.Datum, 0, n)
		for i := range n {
			for j, c := range f.con.Cols {
				if c == ix.Keys[i].Att && f.sameEquality(j, &ix.Keys[i]) {
					eq = append(eq, vals[j])
				}
			}
		}
		if len(eq) == n {
			return ix, rowstore.Range{Eq: eq}
		}
	}
	return nil, rowstore.Range{}
}
