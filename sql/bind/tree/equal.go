package tree

import (
	"bytes"
	"slices"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// IsCollate: a Relabel that changes nothing but the collation is a COLLATE clause.
func IsCollate(r *plan.Relabel) bool {
	t := r.Arg.Type()
	return r.Form == plan.CallCastExplicit && r.T.OID == t.OID && r.T.Mod == t.Mod && r.T.Coll != 0
}

// Equal is PostgreSQL's equal() on expressions: same structure, whatever the place in the text.
func Equal(a, c plan.Expr) bool {
	if a == nil || c == nil {
		return a == nil && c == nil
	}
	switch x := a.(type) {
	case *plan.Const:
		y, ok := c.(*plan.Const)
		return ok && x.T == y.T && sameDatum(x.Val, y.Val)
	case *plan.Param:
		y, ok := c.(*plan.Param)
		return ok && x.Index == y.Index && x.T.OID == y.T.OID
	case *plan.ColRef:
		y, ok := c.(*plan.ColRef)
		return ok && x.Col == y.Col
	case *plan.FuncCall:
		y, ok := c.(*plan.FuncCall)
		return ok && equalCall(x, y)
	case *plan.Relabel:
		y, ok := c.(*plan.Relabel)
		return ok && sameType(x.T, y.T) && IsCollate(x) == IsCollate(y) && (!IsCollate(x) || x.T.Coll == y.T.Coll) && Equal(x.Arg, y.Arg)
	case *plan.CoerceViaIO:
		y, ok := c.(*plan.CoerceViaIO)
		return ok && sameType(x.T, y.T) && Equal(x.Arg, y.Arg)
	case *plan.ArrayCoerce:
		y, ok := c.(*plan.ArrayCoerce)
		return ok && sameType(x.T, y.T) && Equal(x.Arg, y.Arg)
	case *plan.CoerceToDomain:
		y, ok := c.(*plan.CoerceToDomain)
		return ok && sameType(x.T, y.T) && Equal(x.Arg, y.Arg)
	case *plan.BoolOp:
		y, ok := c.(*plan.BoolOp)
		return ok && x.Kind == y.Kind && EqualList(x.Args, y.Args)
	case *plan.NullTest:
		y, ok := c.(*plan.NullTest)
		return ok && x.Not == y.Not && Equal(x.Arg, y.Arg)
	case *plan.BoolTest:
		y, ok := c.(*plan.BoolTest)
		return ok && x.Want == y.Want && x.Not == y.Not && Equal(x.Arg, y.Arg)
	case *plan.Case:
		y, ok := c.(*plan.Case)
		if !ok || len(x.Whens) != len(y.Whens) || !Equal(x.Arg, y.Arg) || !Equal(x.Else, y.Else) {
			return false
		}
		for i := range x.Whens {
			if !equalUnder(x.Whens[i].Cond, y.Whens[i].Cond, x.ArgCol, y.ArgCol) || !Equal(x.Whens[i].Then, y.Whens[i].Then) {
				return false
			}
		}
		return true
	case *plan.Coalesce:
		y, ok := c.(*plan.Coalesce)
		return ok && EqualList(x.Args, y.Args)
	case *plan.MinMax:
		y, ok := c.(*plan.MinMax)
		return ok && x.Greatest == y.Greatest && EqualList(x.Args, y.Args)
	case *plan.XML:
		y, ok := c.(*plan.XML)
		return ok && x.Op == y.Op && x.Name == y.Name && x.Document == y.Document && x.KeepSpace == y.KeepSpace && x.Standalone == y.Standalone &&
			x.T.OID == y.T.OID && slices.Equal(x.Names, y.Names) && EqualList(x.Named, y.Named) && EqualList(x.Args, y.Args)
	case *plan.NullIf:
		y, ok := c.(*plan.NullIf)
		return ok && equalCall(x.Eq, y.Eq)
	case *plan.DistinctFrom:
		y, ok := c.(*plan.DistinctFrom)
		return ok && x.Not == y.Not && equalCall(x.Eq, y.Eq)
	case *plan.ScalarArrayOp:
		y, ok := c.(*plan.ScalarArrayOp)
		return ok && x.All == y.All && equalCall(x.Call, y.Call)
	case *plan.ArrayCtor:
		y, ok := c.(*plan.ArrayCtor)
		return ok && x.T.OID == y.T.OID && EqualList(x.Elems, y.Elems)
	case *plan.Subscript:
		y, ok := c.(*plan.Subscript)
		return ok && x.Slice == y.Slice && Equal(x.Arg, y.Arg) && EqualList(x.Lower, y.Lower) && EqualList(x.Upper, y.Upper)
	case *plan.RowCtor:
		y, ok := c.(*plan.RowCtor)
		return ok && x.T.OID == y.T.OID && EqualList(x.Fields, y.Fields)
	case *plan.FieldSelect:
		y, ok := c.(*plan.FieldSelect)
		return ok && x.Field == y.Field && Equal(x.Arg, y.Arg)
	case *plan.RowCompare:
		y, ok := c.(*plan.RowCompare)
		if !ok || x.Op != y.Op || len(x.Lt) != len(y.Lt) {
			return false
		}
		for i := range x.Lt {
			if !equalCall(x.Lt[i], y.Lt[i]) {
				return false
			}
		}
		return true
	case *plan.SQLValue:
		y, ok := c.(*plan.SQLValue)
		return ok && x.Name == y.Name && x.T == y.T
	case *plan.NextVal:
		y, ok := c.(*plan.NextVal)
		return ok && x.Seq == y.Seq
	case *plan.Subquery:
		y, ok := c.(*plan.Subquery)
		return ok && x.Kind == y.Kind && equalQuery(x, y)
	}
	return a == c
}

func sameType(a, c plan.Type) bool { return a.OID == c.OID && a.Mod == c.Mod }

func sameDatum(a, c types.Datum) bool {
	if a.IsNull() || c.IsNull() {
		return a.IsNull() && c.IsNull()
	}
	if a.IsScalar() != c.IsScalar() {
		return false
	}
	if a.IsScalar() {
		return a.Uint() == c.Uint()
	}
	return bytes.Equal(a.Bytes(), c.Bytes())
}

func equalCall(x, y *plan.FuncCall) bool {
	return x.Proc == y.Proc && x.Op == y.Op && x.Variadic == y.Variadic && sameType(x.T, y.T) && EqualList(x.Args, y.Args)
}

// EqualList compares expressions one by one.
func EqualList(a, c []plan.Expr) bool { return slices.EqualFunc(a, c, Equal) }

// equalUnder compares conditions that name the CASE arguments ca and cc.
func equalUnder(a, c plan.Expr, ca, cc plan.ColID) bool {
	if ca == 0 || ca == cc {
		return Equal(a, c)
	}
	x, ok1 := a.(*plan.FuncCall)
	y, ok2 := c.(*plan.FuncCall)
	if !ok1 || !ok2 || x.Proc != y.Proc || len(x.Args) != 2 || len(y.Args) != 2 {
		return false
	}
	strip := func(e plan.Expr) plan.ColID {
		for {
			switch v := e.(type) {
			case *plan.Relabel:
				e = v.Arg
			case *plan.ColRef:
				return v.Col
			default:
				return 0
			}
		}
	}
	return strip(x.Args[0]) == ca && strip(y.Args[0]) == cc && Equal(x.Args[1], y.Args[1])
}

// EqualAgg compares aggregate calls; EqualList and Equal do for their arguments.
func EqualAgg(x, y *plan.Aggref) bool {
	if x.Proc != y.Proc || x.Star != y.Star || x.Distinct != y.Distinct || x.Variadic != y.Variadic ||
		!EqualList(x.Args, y.Args) || !EqualList(x.Direct, y.Direct) || !Equal(x.Filter, y.Filter) || len(x.OrderBy) != len(y.OrderBy) {
		return false
	}
	for i := range x.OrderBy {
		a, c := x.OrderBy[i], y.OrderBy[i]
		if a.Desc != c.Desc || a.NullsFirst != c.NullsFirst || a.Op != c.Op || !Equal(a.Expr, c.Expr) {
			return false
		}
	}
	return true
}
