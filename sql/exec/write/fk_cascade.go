package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// cascadeTarget changes rows of a table outside of a plan: what a foreign key's action does to referencing rows.
type cascadeTarget struct {
	table    *catalog.Table
	rel      *rowstore.Rel
	w        *rowstore.Writer
	fk       *fkTable
	gens     []storedCol
	checks   []storedCheck
	defaults map[int16]*eval.Evaluator
	old      []types.Datum
	vals     []types.Datum
	row      []byte
	trig     *triggers // nil: there are none
}

type storedCol struct {
	att  int
	eval *eval.Evaluator
}

type storedCheck struct {
	name string
	eval *eval.Evaluator
}

func (q *queue) target(t *catalog.Table) (*cascadeTarget, error) {
	if c := q.targets[t.OID]; c != nil {
		return c, nil
	}
	rel, err := q.ec.Rels.Get(t)
	if err != nil {
		return nil, err
	}
	c := &cascadeTarget{table: t, rel: rel, fk: newFKTable(q.ec, t), old: make([]types.Datum, len(t.Columns)),
		vals: make([]types.Datum, len(t.Columns)), defaults: map[int16]*eval.Evaluator{}}
	var ev rowstore.IndexEval
	if rel.NeedsEval() {
		if ev, err = NewIndexEval(q.ec, t); err != nil {
			return nil, err
		}
	}
	c.w = rel.NewWriter(q.ec.Manager, q.ec.Txn, ev, q.ec.LockOptions(), q.ec.Env)
	c.w.Pending = q.pending(t)
	ex, err := newExcluder(q.ec, t)
	if err != nil {
		return nil, err
	}
	if ex != nil {
		c.w.Exclude = ex
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		if col.Generated == 0 || col.Dropped {
			continue
		}
		e, err := storedExpr(q.ec, t, col.Default)
		if err != nil {
			return nil, err
		}
		c.gens = append(c.gens, storedCol{i + 1, e})
	}
	for _, con := range t.Constraints {
		if con.Type != catalog.ConCheck {
			continue
		}
		e, err := storedExpr(q.ec, t, con.Expr)
		if err != nil {
			return nil, err
		}
		c.checks = append(c.checks, storedCheck{con.Name, e})
	}
	if c.trig, err = triggersOf(q.ec, t, nil); err != nil {
		return nil, err
	}
	q.targets[t.OID] = c
	return c, nil
}

// cascade applies CASCADE, SET NULL or SET DEFAULT to the rows that reference a key.
func (q *queue) cascade(e *event, action byte) error {
	c, err := q.target(e.fk.child)
	if err != nil {
		return err
	}
	ch := &cascadeChange{op: catalog.TriggerUpdate, cols: e.fk.con.Cols}
	switch {
	case action == fkCascade && e.fresh == nil:
		ch.op, ch.cols = catalog.TriggerDelete, nil
	case e.fresh == nil && len(e.fk.con.DeleteCols) > 0:
		ch.cols = e.fk.con.DeleteCols
	}
	if c.trig != nil {
		if ch.st, err = q.statement(c.trig, c.table, ch.op, ch.cols); err != nil {
			return err
		}
	}
	var keys [][]byte
	v := q.ec.Txn.Latest() // as old as what children sees, or older: a row that changes its key afterwards is followed
	defer v.Release()
	err = q.children(e.fk, e.vals, func(key, _ []byte) bool {
		keys = append(keys, append([]byte(nil), key...))
		return true
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := q.cascadeRow(c, e, ch, action, v, key); err != nil {
			return err
		}
	}
	if c.trig != nil {
		return q.end(c.trig, ch.st)
	}
	return nil
}

// cascadeChange is what an action does to the referencing table: the statement that PostgreSQL runs for it.
type cascadeChange struct {
	op   catalog.TriggerType
	cols []int16 // that are assigned
	st   *trigger.Statement
}

// before fires the BEFORE ROW triggers on old and vals. ok false: the row is left alone.
func (c *cascadeTarget) before(q *queue, ch *cascadeChange, key []byte, new []types.Datum) (ok bool, err error) {
	if c.trig == nil || len(c.trig.set.At(trigger.BeforeRow, ch.op)) == 0 {
		return true, nil
	}
	if new != nil {
		for _, g := range c.gens {
			new[g.att-1] = types.Null
		}
	}
	if ok, err := c.trig.before(q, ch.op, ch.cols, c.old, new, nil); !ok || err != nil {
		return false, err
	}
	return true, untouched(q, ch.op, key, c.row)
}

func (c *cascadeTarget) after(q *queue, ch *cascadeChange, new []types.Datum) error {
	if c.trig == nil {
		return nil
	}
	if ch.st.Old != nil {
		if err := ch.st.Old.Add(c.old); err != nil {
			return err
		}
	}
	if ch.st.New != nil && new != nil {
		if err := ch.st.New.Add(new); err != nil {
			return err
		}
	}
	return c.trig.after(q, ch.st, ch.op, ch.cols, c.old, new)
}

func (q *queue) cascadeRow(c *cascadeTarget, e *event, ch *cascadeChange, action byte, v txn.View, key []byte) error {
	ec, con := q.ec, e.fk.con
	r, err := v.LockVersion(ec.Ctx, key, 0, lock.Write, ec.LockOptions(), nil)
	if err != nil {
		return run.LockError(err, c.table)
	}
	key = r.Key
	var ok bool
	if c.row, ok, err = ec.Txn.GetLatest(c.row[:0], key); err != nil || !ok {
		return err
	}
	if ok, err = ec.Txn.Unchanged(key, c.row); err == nil && !ok {
		err = txn.ErrConcurrentUpdate
	}
	if err != nil {
		return run.LockError(err, c.table)
	}
	if err := c.rel.Decode(c.row, c.old); err != nil {
		return err
	}
	m, err := e.fk.matcher(ec)
	if err != nil {
		return err
	}
	if same, err := e.fk.equal(m, pick(&q.arena, con.Cols, c.old), e.vals); !same || err != nil {
		return err // changed before it was locked
	}
	if action == fkCascade && e.fresh == nil {
		if ok, err := c.before(q, ch, key, nil); !ok || err != nil {
			return err
		}
		if err := c.w.Delete(ec.Ctx, key, c.row); err != nil {
			return constraintError(ec, err, c.table)
		}
		for _, f := range c.fk.refs {
			if err := q.parent(f, c.old, nil); err != nil {
				return err
			}
		}
		return c.after(q, ch, nil)
	}
	copy(c.vals, c.old)
	cols := con.Cols
	if e.fresh == nil && len(con.DeleteCols) > 0 {
		cols = con.DeleteCols
	}
	for i, col := range cols {
		switch action {
		case fkCascade:
			if c.vals[col-1], err = m.Assign(i, e.fresh[i]); err != nil {
				return err
			}
		case fkSetNull:
			c.vals[col-1] = types.Null
		case fkSetDefault:
			if c.vals[col-1], err = q.defaultOf(c, col); err != nil {
				return err
			}
		}
	}
	if ok, err := c.before(q, ch, key, c.vals); !ok || err != nil {
		return err
	}
	if err := c.complete(ec); err != nil {
		return err
	}
	newKey, err := c.w.Update(ec.Ctx, key, c.row, c.vals)
	if err != nil {
		return constraintError(ec, err, c.table)
	}
	if err := c.fk.changed(q, key, newKey, c.old, c.vals); err != nil {
		return err
	}
	return c.after(q, ch, c.vals)
}

func (q *queue) defaultOf(c *cascadeTarget, att int16) (types.Datum, error) {
	col := c.table.Column(att)
	if col.Default == "" {
		return types.Null, nil
	}
	e := c.defaults[att]
	if e == nil {
		var err error
		if e, err = storedExpr(q.ec, c.table, col.Default); err != nil {
			return types.Null, err
		}
		c.defaults[att] = e
	}
	return e.Eval(c.vals)
}

// complete computes generated columns and checks the row in vals.
func (c *cascadeTarget) complete(ec *run.Context) error {
	for _, g := range c.gens {
		v, err := g.eval.Eval(c.vals)
		if err != nil {
			return err
		}
		c.vals[g.att-1] = v
	}
	for i := range c.table.Columns {
		if col := &c.table.Columns[i]; col.NotNull && !col.Dropped && c.vals[i].IsNull() {
			return notNullError(ec, c.table, col, c.vals, nil)
		}
	}
	for _, k := range c.checks {
		v, err := k.eval.Eval(c.vals)
		if err != nil {
			return err
		}
		if !v.IsNull() && !v.Bool() {
			return checkError(ec, c.table, k.name, c.vals, nil)
		}
	}
	return nil
}
