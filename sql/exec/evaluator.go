package exec

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
)

// Evaluator computes one expression over rows given as values: defaults, checks, index expressions, backfills. It is for
// one goroutine at a time.
type Evaluator struct {
	in    *instance
	slots []int
	fn    evalFn
}

// CompileExpr compiles an expression over cols; Eval's row has a value for each of them. Subqueries must have plans.
func CompileExpr(e plan.Expr, cols []plan.Col, env *types.Env) (*Evaluator, error) {
	in := &instance{prog: &Program{}}
	b := &builder{in: in, env: env, slots: map[plan.ColID]int{}, params: map[int]int{}, ctes: map[*plan.CTE]*cteState{}}
	v := &Evaluator{in: in, slots: b.colSlots(cols)}
	var err error
	v.fn, err = b.evalFor(e)
	return v, err
}

// Begin binds the evaluator to a statement; its stable functions are computed once from here on.
func (v *Evaluator) Begin(ec *Context) {
	in := v.in
	in.ec, in.gen = ec, in.gen+1
	in.ctxDone = nil
	if ec.Ctx != nil {
		in.ctxDone = ec.Ctx.Done()
	}
	if ec.View != nil {
		in.view = *ec.View
	}
	for i, s := range in.params {
		in.f.s[s] = types.Null
		if i < len(ec.Params) {
			in.f.s[s] = ec.Params[i]
		}
	}
	for _, c := range in.calls {
		c.Env, c.Sess = ec.Env, ec.Sess
	}
}

// Eval computes the expression; the value may refer to the row's.
func (v *Evaluator) Eval(row []types.Datum) (types.Datum, error) {
	v.in.f.put(v.slots, row[:len(v.slots)])
	return v.fn()
}

// EvalConst computes an expression without columns, once.
func EvalConst(ec *Context, e plan.Expr) (types.Datum, error) {
	v, err := CompileExpr(e, nil, ec.Env)
	if err != nil {
		return types.Null, err
	}
	v.Begin(ec)
	d, err := v.Eval(nil)
	return d.Clone(), err
}

// indexEval computes expression keys and conditions of a table's indexes.
type indexEval struct {
	indexes []indexExprs
}

type indexExprs struct {
	id   uint16
	keys []*Evaluator // nil: a plain column
	pred *Evaluator
}

// NewIndexEval compiles the expressions of a table's indexes (Context.Exprs binds them); nil if there are none.
func NewIndexEval(ec *Context, t *catalog.Table) (rowstore.IndexEval, error) {
	ev := &indexEval{}
	for _, ix := range t.Indexes {
		x := indexExprs{id: ix.ID, keys: make([]*Evaluator, len(ix.Keys))}
		need := ix.Pred != ""
		for i := range ix.Keys {
			if ix.Keys[i].Att != 0 {
				continue
			}
			need = true
			var err error
			if x.keys[i], err = storedExpr(ec, t, ix.Keys[i].Expr); err != nil {
				return nil, err
			}
		}
		if ix.Pred != "" {
			var err error
			if x.pred, err = storedExpr(ec, t, ix.Pred); err != nil {
				return nil, err
			}
		}
		if need {
			ev.indexes = append(ev.indexes, x)
		}
	}
	if len(ev.indexes) == 0 {
		return nil, nil
	}
	return ev, nil
}

// tableCols names a table's columns for stored expressions: ColID is the attribute number.
func tableCols(t *catalog.Table) []plan.Col {
	cols := make([]plan.Col, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		cols[i] = plan.Col{ID: plan.ColID(i + 1), Name: c.Name, T: plan.Type{OID: c.Type, Mod: c.TypMod, Coll: c.Collation},
			Table: t.OID, AttNum: c.AttNum}
	}
	return cols
}

// storedExpr compiles a stored expression over all columns of a table (dropped ones are NULL), bound to ec.
func storedExpr(ec *Context, t *catalog.Table, sql string) (*Evaluator, error) {
	if ec.Exprs == nil {
		return nil, pgerr.Internal("no source of stored expressions")
	}
	cols := tableCols(t)
	e, err := ec.Exprs.BindStored(t, sql, cols)
	if err != nil {
		return nil, err
	}
	v, err := CompileExpr(e, cols, ec.Env)
	if err != nil {
		return nil, err
	}
	v.Begin(ec)
	return v, nil
}

func (ev *indexEval) begin(ec *Context) {
	for i := range ev.indexes {
		x := &ev.indexes[i]
		if x.pred != nil {
			x.pred.Begin(ec)
		}
		for _, k := range x.keys {
			if k != nil {
				k.Begin(ec)
			}
		}
	}
}

// Keys implements rowstore.IndexEval.
func (ev *indexEval) Keys(ix *catalog.Index, vals []types.Datum, dst []types.Datum) ([]types.Datum, bool, error) {
	for i := range ev.indexes {
		x := &ev.indexes[i]
		if x.id != ix.ID {
			continue
		}
		if x.pred != nil {
			v, err := x.pred.Eval(vals)
			if err != nil || v.IsNull() || !v.Bool() {
				return dst, false, err
			}
		}
		for k := range ix.Keys {
			if x.keys[k] == nil {
				dst = append(dst, vals[ix.Keys[k].Att-1])
				continue
			}
			v, err := x.keys[k].Eval(vals)
			if err != nil {
				return dst, false, err
			}
			dst = append(dst, v)
		}
		return dst, true, nil
	}
	return dst, false, pgerr.Internal("index %s is not compiled", ix.Name)
}

var _ rowstore.IndexEval = (*indexEval)(nil)
