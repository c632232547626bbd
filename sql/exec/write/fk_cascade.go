package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/rowstore"
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
	q.targets[t.OID] = c
	return c, nil
}

// cascade applies CASCADE, SET NULL or SET DEFAULT to the rows that reference a key.
func (q *queue) cascade(e *event, action byte) error {
	c, err := q.target(e.fk.child)
	if err != nil {
		return err
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
		if err := q.cascadeRow(c, e, action, v, key); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) cascadeRow(c *cascadeTarget, e *event, action byte, v txn.View, key []byte) error {
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
		if err := c.w.Delete(ec.Ctx, key, c.row); err != nil {
			return constraintError(ec, err, c.table)
		}
		for _, f := range c.fk.refs {
			if err := q.parent(f, c.old, nil); err != nil {
				return err
			}
		}
		return nil
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
	if err := c.complete(ec); err != nil {
		return err
	}
	newKey, err := c.w.Update(ec.Ctx, key, c.row, c.vals)
	if err != nil {
		return constraintError(ec, err, c.table)
	}
	return c.fk.changed(q, newKey, c.old, c.vals)
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
			return notNullError(ec, c.table, col, c.vals)
		}
	}
	for _, k := range c.checks {
		v, err := k.eval.Eval(c.vals)
		if err != nil {
			return err
		}
		if !v.IsNull() && !v.Bool() {
			return checkError(ec, c.table, k.name, c.vals)
		}
	}
	return nil
}
