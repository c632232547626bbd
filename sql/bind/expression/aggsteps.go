package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// aggSteps says how an aggregate of users is computed (build_aggregate_transfn_expr, build_aggregate_finalfn_expr). One whose
// functions are those of a built-in aggregate is computed as that one: internal states have no other functions.
func (b *Binder) aggSteps(a *plan.Aggref, row *pgdata.Aggregate, loc int32) {
	f := b.userFunction(a.Proc)
	if !catalog.OfUser(a.Proc) {
		return
	}
	a.Func = f
	if a.Like = likeBuiltin(row); a.Like != 0 {
		return
	}
	if row.TransType == types.Internal {
		b.Unsupported(loc, "aggregate "+a.Name+" with a state of type internal")
	}
	s := &plan.AggSteps{Init: types.Null}
	state := b.PlanType(a.TransType, -1)
	if row.InitVal != nil {
		c, ok := b.TextConst(*row.InitVal, a.TransType).(*plan.Const)
		if !ok {
			b.Unsupported(loc, "an initial value of type "+b.TypeText(a.TransType))
		}
		s.Init = c.Val
	}
	ref := func(t plan.Type) (plan.ColID, plan.Expr) {
		id := b.NewCol()
		return id, &plan.ColRef{Col: id, T: t}
	}
	var st plan.Expr
	s.State, st = ref(state)
	trans := []plan.Expr{st}
	for _, e := range a.Args {
		id, r := ref(e.Type())
		s.Args, trans = append(s.Args, id), append(trans, r)
	}
	s.Strict = b.Proc(row.TransFn).Strict
	s.Trans = b.stepCall(row.TransFn, f.Owner, trans, state, a.InputColl)
	s.Final = b.Relabel(st, a.T, plan.CallCastImplicit)
	if row.FinalFn != 0 {
		final := []plan.Expr{st}
		for _, e := range a.Direct {
			id, r := ref(e.Type())
			s.Direct, final = append(s.Direct, id), append(final, r)
		}
		if row.FinalExtra {
			for _, e := range a.Args {
				final = append(final, &plan.Const{Val: types.Null, T: e.Type()})
			}
		}
		s.Final = b.stepCall(row.FinalFn, f.Owner, final, a.T, a.InputColl)
	}
	a.Steps = s
}

// stepCall is the call of a transition or final function with the rights of the aggregate's owner: its arguments fit, polymorphic ones take their types.
func (b *Binder) stepCall(fn, owner types.OID, args []plan.Expr, result plan.Type, coll types.OID) plan.Expr {
	p := b.Proc(fn)
	if p == nil {
		panic(pgerr.Internal("function %d of an aggregate has gone", fn))
	}
	declared := append([]types.OID(nil), p.ArgTypes...)
	for len(declared) < len(args) {
		declared = append(declared, types.Any)
	}
	actual := make([]types.OID, len(args))
	for i, e := range args {
		actual[i] = e.Type().OID
	}
	ret := b.ResolvePolymorphic(actual, declared[:len(args)], p.RetType, -1)
	b.CoerceArgs(args, actual, declared)
	call := &plan.FuncCall{Proc: p.OID, Name: p.Name, Args: args, T: b.PlanType(ret, -1), InputColl: coll, Func: b.calls(p.OID, owner)}
	return b.Relabel(call, result, plan.CallCastImplicit)
}

// TextConst is a value of a type, read from its text as in a literal.
func (b *Binder) TextConst(text string, t types.OID) plan.Expr {
	unknown := &plan.Const{Val: tuple.String(text), T: plan.Type{OID: types.Unknown, Mod: -1}}
	return b.Coerce(unknown, t, -1, overload.Explicit, plan.CallCastImplicit, -1)
}

// likeBuiltin is the built-in aggregate with the same functions, state and start; 0 if there is none.
func likeBuiltin(row *pgdata.Aggregate) types.OID {
	list := pgdata.Aggregates()
	for i := range list {
		r := &list[i]
		if r.Kind == row.Kind && r.TransFn == row.TransFn && r.FinalFn == row.FinalFn && r.TransType == row.TransType &&
			r.FinalExtra == row.FinalExtra && r.NumDirectArgs == row.NumDirectArgs && sameText(r.InitVal, row.InitVal) {
			return r.Fn
		}
	}
	return 0
}

func sameText(a, b *string) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
