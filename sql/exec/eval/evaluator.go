package eval

import (
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Evaluator computes one expression over rows given as values: defaults, checks, index expressions, backfills. It is for
// one goroutine at a time.
type Evaluator struct {
	run   run.Run
	slots []int
	fn    Fn
}

// Compile compiles an expression over cols; Eval's row has a value for each of them. It has no subqueries.
func Compile(e plan.Expr, cols []plan.Col, env *types.Env) (*Evaluator, error) {
	v := &Evaluator{}
	b := NewBuilder(&v.run, env, nil)
	v.slots = b.ColSlots(cols)
	var err error
	v.fn, err = b.Fn(e)
	return v, err
}

// Begin binds the evaluator to a statement; its stable functions are computed once from here on.
func (v *Evaluator) Begin(ec *run.Context) { v.run.Begin(ec) }

// Eval computes the expression; the value may refer to the row's.
func (v *Evaluator) Eval(row []types.Datum) (types.Datum, error) {
	v.run.F.Put(v.slots, row[:len(v.slots)])
	return v.fn()
}

// Const computes an expression without columns, once.
func Const(ec *run.Context, e plan.Expr) (types.Datum, error) {
	v, err := Compile(e, nil, ec.Env)
	if err != nil {
		return types.Null, err
	}
	v.Begin(ec)
	d, err := v.Eval(nil)
	return d.Clone(), err
}
