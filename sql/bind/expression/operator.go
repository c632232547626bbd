package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Op is make_op: l is nil for prefix operators.
func (b *Binder) Op(name []string, l, r plan.Expr, loc int32) *plan.FuncCall {
	var o *pgdata.Operator
	var actual, declared []types.OID
	var args []plan.Expr
	if l == nil {
		o = b.PrefixOperator(name, r.Type().OID, loc)
		actual, args = []types.OID{r.Type().OID}, []plan.Expr{r}
	} else {
		o = b.BinaryOperator(name, l.Type().OID, r.Type().OID, loc)
		actual, args = []types.OID{l.Type().OID, r.Type().OID}, []plan.Expr{l, r}
	}
	if l != nil {
		declared = append(declared, o.Left)
	}
	declared = append(declared, o.Right)
	return b.opCall(o, actual, declared, args, loc)
}

func (b *Binder) opCall(o *pgdata.Operator, actual, declared []types.OID, args []plan.Expr, loc int32) *plan.FuncCall {
	if o.Code == 0 {
		b.Fail(pgerr.UndefinedFunction, loc, "operator is only a shell: %s", o.Name)
	}
	ret := b.ResolvePolymorphic(actual, declared, o.Result, loc)
	args = append([]plan.Expr(nil), args...)
	b.CoerceArgs(args, actual, declared)
	p := b.Proc(o.Code)
	b.noteVolatile(p)
	b.NeedOperator(o.OID)
	f := &plan.FuncCall{Proc: o.Code, Op: o.OID, Name: o.Name, Args: args, T: b.PlanType(ret, -1), Form: plan.CallOp}
	b.At(f, b.leftmostOf(loc, args...))
	return f
}

// CoerceArgs is make_fn_arguments.
func (b *Binder) CoerceArgs(args []plan.Expr, actual, declared []types.OID) {
	for i := range args {
		if i < len(declared) && actual[i] != declared[i] {
			args[i] = b.Coerce(args[i], declared[i], -1, overload.Implicit, plan.CallCastImplicit, -1)
		}
	}
}
