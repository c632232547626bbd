package exec

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Routines runs functions of users. The caller has handled NULL arguments of strict ones. args is the caller's buffer.
type Routines interface {
	// Call runs a function that gives one value, which owns its bytes.
	Call(ec *Context, c *RoutineCall, args []types.Datum) (types.Datum, error)
	// Open runs a function that gives rows (builtin.Rows).
	Open(ec *Context, c *RoutineCall, args []types.Datum) (builtin.Rows, error)
}

// RecordRows are the rows of a function whose result is composite.
type RecordRows interface {
	builtin.Rows
	// FieldTypes are those of a row's values; nil for a scalar result.
	FieldTypes() []*types.Type
}

// RoutineCall is one call site of a function of users.
type RoutineCall struct {
	Func     *catalog.Function
	ArgTypes []types.OID // polymorphic ones resolved
	Ret      plan.Type
	Coll     types.OID
	// Fields are the columns that a record result must have, where the query says so; else nil.
	Fields []types.Attr
	// View is what the statement sees: a function that is not volatile sees the same. nil outside of a statement.
	View *txn.View
	// State is the runner's own, for this call site.
	State any
}

func (b *builder) routineCall(x *plan.FuncCall) *RoutineCall {
	c := &RoutineCall{Func: x.Func, Ret: x.T, Coll: x.InputColl}
	for _, a := range x.Args {
		c.ArgTypes = append(c.ArgTypes, a.Type().OID)
	}
	return c
}

// seen is what the statement sees; nil in an expression outside of one.
func (in *instance) seen() *txn.View {
	if in.ownView || in.ec.View != nil {
		return &in.view
	}
	return nil
}

func noRoutines(c *RoutineCall) error {
	return pgerr.Unsupported("a call of function " + c.Func.Name + " here")
}

// routine compiles the call of a function of users that gives one value.
func (b *builder) routine(x *plan.FuncCall, args []operand) (operand, error) {
	c, in := b.routineCall(x), b.in
	strict := x.Func.Proc.Strict
	fr, buf := &in.f, make([]types.Datum, len(args))
	busy := false
	fn := func() (types.Datum, error) {
		if busy { // the function has come back to its own call site
			buf = make([]types.Datum, len(args))
		}
		row := buf
		for i := range args {
			var v types.Datum
			if a := &args[i]; a.fn == nil {
				v = fr.s[a.slot]
			} else {
				var err error
				if v, err = a.fn(); err != nil {
					return types.Null, err
				}
			}
			if v.IsNull() && strict {
				return types.Null, nil
			}
			row[i] = v
		}
		if in.ec.Routines == nil {
			return types.Null, noRoutines(c)
		}
		c.View = in.seen()
		was := busy
		busy = true
		v, err := in.ec.Routines.Call(in.ec, c, row)
		busy = was
		return v, err
	}
	if allFixed(args) && x.Func.Proc.Volatile != 'v' {
		return b.once(fn), nil
	}
	return fnOperand(fn), nil
}

// routineSet compiles the call of a function of users that gives rows.
func (b *builder) routineSet(x *plan.FuncCall) (*srf, error) {
	c := b.routineCall(x)
	s := &srf{in: b.in, strict: x.Func.Proc.Strict, routine: c}
	in := b.in
	s.set = func(_ *builtin.Call, args []types.Datum) (builtin.Rows, error) {
		if in.ec.Routines == nil {
			return nil, noRoutines(c)
		}
		c.View = in.seen()
		return in.ec.Routines.Open(in.ec, c, args)
	}
	for _, a := range x.Args {
		fn, err := b.evalFor(a)
		if err != nil {
			return nil, err
		}
		s.args = append(s.args, fn)
	}
	s.buf = make([]types.Datum, len(s.args))
	return s, nil
}
