package eval

import (
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// RoutineCall makes the call site of a function of users.
func (b *Builder) RoutineCall(x *plan.FuncCall) *run.RoutineCall {
	c := &run.RoutineCall{Func: x.Func, Ret: x.T, Coll: x.InputColl}
	for _, a := range x.Args {
		c.ArgTypes = append(c.ArgTypes, a.Type().OID)
	}
	return c
}

// NoRoutines is the error of a call where functions of users do not run (0A000).
func NoRoutines(c *run.RoutineCall) error {
	return pgerr.Unsupported("a call of function " + c.Func.Name + " here")
}

// routine compiles the call of a function of users that gives one value.
func (b *Builder) routine(x *plan.FuncCall, args []Operand) (Operand, error) {
	c, in := b.RoutineCall(x), b.run
	strict := x.Func.Proc.Strict
	fr, buf := &in.F, make([]types.Datum, len(args))
	busy := false
	fn := func() (types.Datum, error) {
		if busy { // the function has come back to its own call site
			buf = make([]types.Datum, len(args))
		}
		row := buf
		for i := range args {
			var v types.Datum
			if a := &args[i]; a.Fn == nil {
				v = fr.S[a.Slot]
			} else {
				var err error
				if v, err = a.Fn(); err != nil {
					return types.Null, err
				}
			}
			if v.IsNull() && strict {
				return types.Null, nil
			}
			row[i] = v
		}
		if in.EC.Routines == nil {
			return types.Null, NoRoutines(c)
		}
		c.View = in.Seen()
		was := busy
		busy = true
		v, err := in.EC.Routines.Call(in.EC, c, row)
		busy = was
		return v, err
	}
	if allFixed(args) && x.Func.Proc.Volatile != 'v' {
		return b.once(fn), nil
	}
	return fnOperand(fn), nil
}
