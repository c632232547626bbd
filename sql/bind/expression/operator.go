package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/catalog"
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
	b.notShell(o, loc)
	b.NeedOperator(o.OID)
	ret := b.ResolvePolymorphic(actual, declared, o.Result, loc)
	args = append([]plan.Expr(nil), args...)
	b.CoerceArgs(args, actual, declared)
	b.noteVolatile(b.Proc(o.Code))
	f := &plan.FuncCall{Proc: o.Code, Op: o.OID, Name: o.Name, Args: args, T: b.PlanType(ret, -1), Form: plan.CallOp, Func: b.userFunction(o.Code)}
	b.At(f, b.leftmostOf(loc, args...))
	return f
}

// notShell refuses an operator that only another one's COMMUTATOR or NEGATOR has named so far.
func (b *Binder) notShell(o *pgdata.Operator, loc int32) {
	if o.Code != 0 {
		return
	}
	text := o.Name + " " + b.TypeText(o.Right)
	if o.Left != 0 {
		text = b.TypeText(o.Left) + " " + text
	}
	b.Fail(pgerr.UndefinedFunction, loc, "operator is only a shell: %s", text)
}

// userFunction notes that the statement calls a function of users or extensions. It is the function where that runs as users' do, nil for a
// built-in one.
func (b *Binder) userFunction(oid types.OID) *catalog.Function { return b.calls(oid, 0) }

// calls is userFunction with the rights of a role; 0: whose the statement's are.
func (b *Binder) calls(oid, as types.OID) *catalog.Function {
	if catalog.BuiltIn(oid) {
		return nil
	}
	f := b.Catalog.Function(oid)
	b.Functions = append(b.Functions, plan.FuncUse{Func: f, As: as})
	if f == nil || catalog.OfUser(oid) || f.Proc.Lang == langSQL {
		return f
	}
	return nil
}

// CoerceArgs is make_fn_arguments.
func (b *Binder) CoerceArgs(args []plan.Expr, actual, declared []types.OID) {
	for i := range args {
		if i < len(declared) && actual[i] != declared[i] {
			args[i] = b.Coerce(args[i], declared[i], -1, overload.Implicit, plan.CallCastImplicit, -1)
		}
	}
}
