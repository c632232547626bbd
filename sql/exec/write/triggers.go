package write

import (
	"bytes"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// triggers are those of one table, with their conditions compiled. They are for one goroutine.
type triggers struct {
	set     *trigger.Set
	catalog *catalog.Catalog
	replica bool
	conds   map[*catalog.Trigger]*condition
	cons    map[catalog.OID]*catalog.Constraint
	fire    []int
}

// triggersOf are the triggers of t that fire in the session, old if they still are these; nil: there are none.
func triggersOf(ec *run.Context, t *catalog.Table, old *triggers) (*triggers, error) {
	if old == nil || old.set.Table != t || old.catalog != ec.Catalog || old.replica != ec.Replica {
		set := trigger.Of(t, ec.Replica)
		if set == nil {
			return nil, nil
		}
		if ec.Triggers == nil {
			return nil, pgerr.Unsupported("changing a table with triggers here")
		}
		old = &triggers{set: set, catalog: ec.Catalog, replica: ec.Replica, conds: map[*catalog.Trigger]*condition{}, cons: map[catalog.OID]*catalog.Constraint{}}
		for _, c := range t.Constraints {
			if c.Type == catalog.ConTrigger {
				old.cons[c.OID] = c
			}
		}
		for _, g := range t.Triggers {
			if g.When == "" {
				continue
			}
			c, err := newCondition(ec, t, g)
			if err != nil {
				return nil, err
			}
			old.conds[g] = c
		}
	}
	for _, c := range old.conds {
		c.eval.Begin(ec)
	}
	return old, nil
}

// condition is a trigger's WHEN over bind.WhenCols: for the old and the new row its columns, the whole row, tableoid.
type condition struct {
	table *catalog.Table
	eval  *eval.Evaluator
	row   []types.Datum
	whole [2]bool // the condition names the whole row
	types []*types.Type
	vals  []types.Datum
}

func newCondition(ec *run.Context, t *catalog.Table, g *catalog.Trigger) (*condition, error) {
	e, cols, err := ec.Triggers.When(t, g)
	if err != nil {
		return nil, err
	}
	c := &condition{table: t, row: make([]types.Datum, len(cols))}
	half := len(cols) / 2
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if ref, ok := e.(*plan.ColRef); ok {
			for i := range c.whole {
				c.whole[i] = c.whole[i] || ref.Col == cols[i*half+len(t.Columns)].ID
			}
		}
		return true
	})
	for i := range t.Columns {
		if !t.Columns[i].Dropped {
			c.types = append(c.types, ec.Env.Type(t.Columns[i].Type))
		}
	}
	c.vals = make([]types.Datum, len(c.types))
	c.eval, err = eval.Compile(e, cols, ec.Env)
	return c, err
}

func (c *condition) holds(old, new []types.Datum) (bool, error) {
	n := len(c.table.Columns)
	for i, vals := range [][]types.Datum{old, new} {
		at := c.row[i*(n+2) : (i+1)*(n+2)]
		if vals == nil {
			for k := range at {
				at[k] = types.Null
			}
			continue
		}
		copy(at, vals)
		at[n], at[n+1] = types.Null, tuple.Uint(uint64(c.table.OID))
		if c.whole[i] {
			k := 0
			for j := range vals {
				if !c.table.Columns[j].Dropped {
					c.vals[k] = vals[j]
					k++
				}
			}
			at[n] = types.MakeRecord(c.types, c.vals)
		}
	}
	v, err := c.eval.Eval(c.row)
	return err == nil && !v.IsNull() && v.Bool(), err
}

// passes reports whether the trigger fires for an event: UPDATE OF and WHEN say so. cols are the columns that an UPDATE assigns.
func (t *triggers) passes(g *catalog.Trigger, op catalog.TriggerType, cols []int16, old, new []types.Datum) (bool, error) {
	if !trigger.Concerns(g, op, cols) {
		return false, nil
	}
	if c := t.conds[g]; c != nil {
		return c.holds(old, new)
	}
	return true, nil
}

// before fires the BEFORE ROW triggers of an event, one after the other on what the one before has made of the new row. ok false:
// one of them wants the row left alone. placed, if not nil, is asked after each clone that has changed the row.
func (t *triggers) before(q *queue, op catalog.TriggerType, cols []int16, old, new []types.Datum, placed func(g *catalog.Trigger) error) (ok bool, err error) {
	for _, g := range t.set.At(trigger.BeforeRow, op) {
		pass, err := t.passes(g, op, cols, old, new)
		if err != nil {
			return false, err
		}
		if !pass {
			continue
		}
		row, err := q.fire(&trigger.Call{Trigger: g, Table: t.set.Table, Op: op, Old: old, New: new, Cols: cols})
		if row == nil || err != nil {
			return false, err
		}
		if new == nil {
			continue
		}
		copy(new, row)
		if placed != nil && g.Parent != 0 {
			if err := placed(g); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// after notes the AFTER ROW triggers of an event, those of constraint triggers that are deferred with the transaction.
func (t *triggers) after(q *queue, st *trigger.Statement, op catalog.TriggerType, cols []int16, old, new []types.Datum) error {
	t.fire = t.fire[:0]
	for i, g := range t.set.At(trigger.AfterRow, op) {
		pass, err := t.passes(g, op, cols, old, new)
		if err != nil {
			return err
		}
		if !pass {
			continue
		}
		if con := t.cons[g.Constraint]; con != nil && q.deferred != nil && q.deferred.deferred(con) {
			if err := q.deferred.add(q.ec, t.set.Table, g, con, op, old, new); err != nil {
				return err
			}
			continue
		}
		t.fire = append(t.fire, i)
	}
	if len(t.fire) == 0 {
		return nil
	}
	return q.later().Row(st, t.set, op, t.fire, old, new, len(q.events))
}

// later is the queue of triggers.
func (q *queue) later() *trigger.Queue {
	if q.triggers == nil {
		q.triggers = trigger.NewQueue(q.ec.Memory(), q.ec.TempDir)
	}
	return q.triggers
}

// fire calls a trigger's function.
func (q *queue) fire(c *trigger.Call) ([]types.Datum, error) {
	q.fired = true
	return q.ec.Triggers.Fire(q.ec.Ctx, q.view, c)
}

// statement is what the level does to a table by an event. Where that begins its BEFORE STATEMENT triggers fire.
func (q *queue) statement(t *triggers, table *catalog.Table, op catalog.TriggerType, cols []int16) (*trigger.Statement, error) {
	set := &trigger.Set{Table: table}
	if t != nil {
		set = t.set
	}
	st, fresh := q.later().Statement(set, op, cols)
	if fresh && t != nil {
		return st, t.statement(q, trigger.BeforeStatement, st)
	}
	return st, nil
}

// statement fires the triggers of a statement.
func (t *triggers) statement(q *queue, m trigger.Moment, st *trigger.Statement) error {
	for _, g := range t.set.At(m, st.Op) {
		pass, err := t.passes(g, st.Op, st.Cols, nil, nil)
		if err != nil {
			return err
		}
		if pass {
			if _, err := q.fire(call(st, t.set.Table, g, st.Op)); err != nil {
				return err
			}
		}
	}
	return nil
}

func call(st *trigger.Statement, t *catalog.Table, g *catalog.Trigger, op catalog.TriggerType) *trigger.Call {
	c := &trigger.Call{Trigger: g, Table: t, Op: op}
	if g.OldTable != "" {
		c.OldTable = st.Old
	}
	if g.NewTable != "" {
		c.NewTable = st.New
	}
	return c
}

// end notes the AFTER STATEMENT triggers.
func (q *queue) end(t *triggers, st *trigger.Statement) error {
	if len(t.set.At(trigger.AfterStatement, st.Op)) == 0 {
		return nil
	}
	return q.later().End(st, len(q.events))
}

// next fires the triggers of the event whose turn it is.
func (q *queue) next() error {
	e, ok, err := q.triggers.Next()
	if !ok || err != nil {
		return err
	}
	if !e.Row {
		t, err := triggersOf(q.ec, e.Set.Table, nil)
		if err != nil {
			return err
		}
		return t.statement(q, trigger.AfterStatement, e.Statement)
	}
	for _, g := range e.Fire {
		c := call(e.Statement, e.Set.Table, g, e.Op)
		c.Old, c.New = e.Old, e.New
		if _, err := q.fire(c); err != nil {
			return err
		}
	}
	return nil
}

// base is the statement's own target.
func (tg *target) base() *target {
	if tg.root != nil {
		return tg.root
	}
	return tg
}

// loadTriggers finds the triggers of the target for the execution.
func (tg *target) loadTriggers() error {
	root := tg.base()
	if len(tg.table.Triggers) == 0 {
		tg.trig, tg.fires = nil, root.captures
		return nil
	}
	var err error
	if tg.trig, err = triggersOf(tg.in.EC, tg.table, tg.trig); err != nil {
		return err
	}
	if tg == root {
		tg.captures = false
		for _, op := range []catalog.TriggerType{catalog.TriggerInsert, catalog.TriggerUpdate, catalog.TriggerDelete} {
			if tg.trig != nil {
				old, new := tg.trig.set.Transition(op)
				tg.captures = tg.captures || old || new
			}
		}
	}
	tg.fires = tg.trig != nil || root.captures
	if tg.trig != nil && len(tg.trig.set.At(trigger.BeforeRow, catalog.TriggerUpdate)) > 0 && !tg.allKeys {
		tg.keys, tg.allKeys = allKeyCols(tg.table), true
	}
	return nil
}

// allKeyCols is keyCols for an UPDATE whose triggers may change any column.
func allKeyCols(t *catalog.Table) []int {
	set := make([]plan.SetItem, len(t.Columns))
	for i := range set {
		set[i].AttNum = int16(i + 1)
	}
	return keyCols(t, set)
}

// assigned are the columns that an UPDATE assigns, by the numbers of this table. A generated column is assigned with what it is made of.
func (tg *target) assigned() []int16 {
	if tg.cols != nil {
		return tg.cols
	}
	root := tg.base()
	tg.cols = []int16{}
	for _, s := range root.allSets {
		tg.cols = append(tg.cols, int16(tg.att(s.att)))
	}
	return tg.cols
}

// statement is what the statement under way does by an event.
func (tg *target) statement(op catalog.TriggerType) (*trigger.Statement, error) {
	root := tg.base()
	if st := root.stmts[op]; st != nil && root.stmtsOf == tg.in.queue() {
		return st, nil
	}
	if root.stmtsOf != tg.in.queue() {
		root.stmts, root.stmtsOf = map[catalog.TriggerType]*trigger.Statement{}, tg.in.queue()
	}
	st, err := tg.in.queue().statement(root.trig, root.table, op, root.assigned())
	root.stmts[op] = st
	return st, err
}

// before fires the BEFORE ROW triggers on oldVals and vals (nil for DELETE); row is what stands at key. ok false: the row is left alone.
func (tg *target) before(op catalog.TriggerType, key, row []byte) (ok bool, err error) {
	if tg.trig == nil || len(tg.trig.set.At(trigger.BeforeRow, op)) == 0 {
		return true, nil
	}
	q := tg.in.queue()
	old, new := tg.oldVals, tg.vals
	var placed func(*catalog.Trigger) error
	switch op {
	case catalog.TriggerInsert:
		old = nil
		if tg.table.Bound != nil {
			placed = tg.placed
		}
	case catalog.TriggerDelete:
		new = nil
	}
	if new != nil {
		for _, g := range tg.gens {
			new[g.att-1] = types.Null // it is computed from what the triggers make of the row
		}
	}
	if ok, err = tg.trig.before(q, op, tg.assigned(), old, new, placed); !ok || err != nil || old == nil {
		return ok, err
	}
	if err = untouched(q, op, key, row); err != nil && tg.base().merges {
		err = modifiedAlready(0)
	}
	return err == nil, err
}

// placed refuses a row that a trigger has moved to another partition.
func (tg *target) placed(g *catalog.Trigger) error {
	ok, err := tg.fits()
	if err != nil || ok {
		return err
	}
	return pgerr.New(pgerr.FeatureNotSupported, "moving row to another partition during a BEFORE FOR EACH ROW trigger is not supported").
		WithDetail("Before executing trigger \"%s\", the row was to be in partition \"%s.%s\".", g.Name, schemaName(tg.in.EC, tg.table), tg.table.Name)
}

// untouched refuses to change a row that a trigger has changed meanwhile.
func untouched(q *queue, op catalog.TriggerType, key, row []byte) error {
	now, ok, err := q.ec.Txn.GetLatest(q.row[:0], key)
	q.row = now
	if err != nil || ok && bytes.Equal(now, row) {
		return err
	}
	return modifiedAlready(op)
}

// modifiedAlready is the error of an UPDATE or a DELETE; 0: of a MERGE.
func modifiedAlready(op catalog.TriggerType) error {
	what := "updated or deleted"
	switch op {
	case catalog.TriggerUpdate:
		what = "updated"
	case catalog.TriggerDelete:
		what = "deleted"
	}
	return pgerr.New(pgerr.TriggeredDataChangeViolation, "tuple to be %s was already modified by an operation triggered by the current command", what).
		WithHint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.")
}

// after notes what a change of a row fires later. st is what the statement does, which need not be op: see move. The rows are by this
// table's attribute numbers; nil: there is none.
func (tg *target) after(st *trigger.Statement, op catalog.TriggerType, old, new []types.Datum) error {
	if st.Old != nil && old != nil {
		if err := st.Old.Add(tg.asRoot(old)); err != nil {
			return err
		}
	}
	if st.New != nil && new != nil {
		if err := st.New.Add(tg.asRoot(new)); err != nil {
			return err
		}
	}
	if tg.trig == nil {
		return nil
	}
	return tg.trig.after(tg.in.queue(), st, op, tg.assigned(), old, new)
}

// changed is after for a statement that does what op says.
func (tg *target) changed(op catalog.TriggerType, old, new []types.Datum) error {
	if !tg.fires {
		return nil
	}
	st, err := tg.statement(op)
	if err != nil {
		return err
	}
	return tg.after(st, op, old, new)
}

// asRoot gives a row the columns of the statement's own table.
func (tg *target) asRoot(vals []types.Datum) []types.Datum {
	if tg.root == nil {
		return vals
	}
	out := make([]types.Datum, len(tg.atts))
	for i, att := range tg.atts {
		out[i] = types.Null
		if att != 0 {
			out[i] = vals[att-1]
		}
	}
	return out
}

// events are those of a statement in the order in which its BEFORE STATEMENT triggers fire; the AFTER STATEMENT triggers of MERGE and
// of INSERT … ON CONFLICT DO UPDATE fire in the opposite one.
func (c *Change) events(op ...catalog.TriggerType) { c.ops = op }

// beginStatement fires the BEFORE STATEMENT triggers, once.
func (c *Change) beginStatement() error {
	if c.target.trig == nil {
		return nil
	}
	for _, op := range c.ops {
		if _, err := c.target.statement(op); err != nil {
			return err
		}
	}
	return nil
}

// End ends what was loaded and notes the AFTER STATEMENT triggers. It is called when all rows have been changed.
func (c *Change) End() error {
	tg := &c.target
	if c.loads && tg.w != nil {
		if err := tg.w.Loader.End(tg.in.EC.Ctx); err != nil {
			return err
		}
	}
	if tg.trig == nil {
		return nil
	}
	for i := len(c.ops) - 1; i >= 0; i-- {
		st, err := tg.statement(c.ops[i])
		if err == nil {
			err = tg.in.queue().end(tg.trig, st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Truncate fires the TRUNCATE triggers of a table, before or after.
func Truncate(ec *run.Context, t *catalog.Table, m trigger.Moment) error {
	tr, err := triggersOf(ec, t, nil)
	if tr == nil || err != nil {
		return err
	}
	return tr.statement(&queue{ec: ec}, m, &trigger.Statement{Set: tr.set, Op: catalog.TriggerTruncate})
}
