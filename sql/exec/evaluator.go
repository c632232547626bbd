package exec

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Evaluator computes one expression over rows given as values: defaults, checks, index expressions, backfills. It is for
// one goroutine at a time.
type Evaluator struct {
	run   Run
	slots []int
	fn    evalFn
}

// CompileExpr compiles an expression over cols; Eval's row has a value for each of them. It has no subqueries.
func CompileExpr(e plan.Expr, cols []plan.Col, env *types.Env) (*Evaluator, error) {
	v := &Evaluator{}
	b := newExprBuilder(&v.run, env, nil)
	v.slots = b.colSlots(cols)
	var err error
	v.fn, err = b.evalFor(e)
	return v, err
}

// Begin binds the evaluator to a statement; its stable functions are computed once from here on.
func (v *Evaluator) Begin(ec *RunContext) { v.run.Begin(ec) }

// Eval computes the expression; the value may refer to the row's.
func (v *Evaluator) Eval(row []types.Datum) (types.Datum, error) {
	v.run.F.put(v.slots, row[:len(v.slots)])
	return v.fn()
}

// EvalConst computes an expression without columns, once.
func EvalConst(ec *RunContext, e plan.Expr) (types.Datum, error) {
	v, err := CompileExpr(e, nil, ec.Env)
	if err != nil {
		return types.Null, err
	}
	v.Begin(ec)
	d, err := v.Eval(nil)
	return d.Clone(), err
}
