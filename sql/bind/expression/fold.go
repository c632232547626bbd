package expression

import (
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// FoldCasts computes the casts of constants in a bound tree: 1 compared with a bigint column is a bigint constant.
// A cast that fails stays, so that its error comes when, and if, it runs.
func (b *Binder) FoldCasts(r plan.Rel) {
	tree.RelExprs(r, b.FoldExpr)
	tree.RelInputs(r, b.FoldCasts)
}

// FoldExpr is FoldCasts for one expression.
func (b *Binder) FoldExpr(p *plan.Expr) {
	tree.ExprChildren(*p, b.FoldExpr)
	switch v := (*p).(type) {
	case *plan.Subquery:
		b.FoldCasts(v.Rel)
	case *plan.FuncCall:
		if c := b.foldCall(v); c != nil {
			*p = c
		}
	case *plan.Relabel:
		if c, ok := v.Arg.(*plan.Const); ok && !tree.IsCollate(v) && v.T.OID != types.Record { // a function may ask of which type a record was
			*p = b.At(&plan.Const{Val: c.Val, T: v.T}, b.LocOf(v))
		}
	}
}

func (b *Binder) foldCall(f *plan.FuncCall) *plan.Const {
	if f.Form != plan.CallCastExplicit && f.Form != plan.CallCastImplicit || f.RetSet {
		return nil
	}
	p := b.Proc(f.Proc)
	if p == nil || p.Volatile != 'i' {
		return nil
	}
	args := make([]types.Datum, len(f.Args))
	argTypes := make([]types.OID, len(f.Args))
	null := false
	for i, a := range f.Args {
		c, ok := a.(*plan.Const)
		if !ok {
			return nil
		}
		args[i], argTypes[i] = c.Val, c.T.OID
		null = null || c.Val.IsNull()
	}
	out := &plan.Const{Val: types.Null, T: f.T}
	if null && p.Strict {
		return out
	}
	fn, err := builtin.Lookup(f.Proc)
	if err != nil || fn.Fn == nil {
		return nil
	}
	d, err := fn.Fn(&builtin.Call{Env: b.Types, Proc: f.Proc, ArgTypes: argTypes, RetType: f.T.OID, Coll: f.InputColl}, args)
	if err != nil {
		return nil
	}
	out.Val = d.Clone()
	b.At(out, b.LocOf(f))
	return out
}
