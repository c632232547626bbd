package opt

import (
	"slices"

	"github.com/tarndb/tarn/sql/plan"
)

// colset is a set of columns as bits. The zero value is empty; methods that add return the set.
type colset []uint64

func (s colset) has(c plan.ColID) bool {
	w := int(c) >> 6
	return w < len(s) && s[w]&(1<<(uint(c)&63)) != 0
}

func (s colset) add(c plan.ColID) colset {
	w := int(c) >> 6
	for len(s) <= w {
		s = append(s, 0)
	}
	s[w] |= 1 << (uint(c) & 63)
	return s
}

func (s colset) addCols(cols []plan.Col) colset {
	for i := range cols {
		s = s.add(cols[i].ID)
	}
	return s
}

func (s colset) addIDs(ids []plan.ColID) colset {
	for _, id := range ids {
		s = s.add(id)
	}
	return s
}

func (s colset) addKeys(keys []plan.SortKey) colset {
	for i := range keys {
		s = s.add(keys[i].Col)
	}
	return s
}

func (s colset) addSet(t colset) colset {
	for len(s) < len(t) {
		s = append(s, 0)
	}
	for i, w := range t {
		s[i] |= w
	}
	return s
}

func (s colset) clone() colset { return append(colset(nil), s...) }

func (s colset) meets(t colset) bool {
	for i := 0; i < len(s) && i < len(t); i++ {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s colset) within(t colset) bool {
	for i, w := range s {
		if i < len(t) {
			w &^= t[i]
		}
		if w != 0 {
			return false
		}
	}
	return true
}

func (s colset) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// addExpr adds the columns that e names, those of correlated subqueries included.
func (s colset) addExpr(e plan.Expr) colset {
	switch x := e.(type) {
	case nil, *plan.Const, *plan.Param:
	case *plan.ColRef:
		s = s.add(x.Col)
	case *plan.FuncCall:
		for _, a := range x.Args {
			s = s.addExpr(a)
		}
	case *plan.Relabel:
		s = s.addExpr(x.Arg)
	case *plan.BoolOp:
		for _, a := range x.Args {
			s = s.addExpr(a)
		}
	case *plan.NullTest:
		s = s.addExpr(x.Arg)
	case *plan.ScalarArrayOp:
		s = s.addExpr(x.Call)
	default:
		m := map[plan.ColID]bool{}
		plan.ExprCols(e, m)
		for c := range m {
			s = s.add(c)
		}
	}
	return s
}

func (s colset) addExprs(es []plan.Expr) colset {
	for _, e := range es {
		s = s.addExpr(e)
	}
	return s
}

func exprCols(e plan.Expr) colset            { return colset(nil).addExpr(e) }
func colsOf(cols []plan.Col) colset          { return colset(nil).addCols(cols) }
func mentionsSet(e plan.Expr, s colset) bool { return exprCols(e).meets(s) }

// outOf keeps the columns that are asked for.
func outOf(cols []plan.Col, need colset) []plan.Col {
	n := 0
	for i := range cols {
		if need.has(cols[i].ID) {
			n++
		}
	}
	if n == len(cols) {
		return cols
	}
	out := make([]plan.Col, 0, n)
	for i := range cols {
		if need.has(cols[i].ID) {
			out = append(out, cols[i])
		}
	}
	return out
}

// sameExpr reports whether two expressions are the same computation: how casts were written does not count.
func sameExpr(a, b plan.Expr) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	switch x := a.(type) {
	case *plan.ColRef:
		y, ok := b.(*plan.ColRef)
		return ok && x.Col == y.Col
	case *plan.Const:
		y, ok := b.(*plan.Const)
		return ok && x.T.OID == y.T.OID && sameDatum(x, y)
	case *plan.Param:
		y, ok := b.(*plan.Param)
		return ok && x.Index == y.Index && x.T.OID == y.T.OID
	case *plan.FuncCall:
		y, ok := b.(*plan.FuncCall)
		return ok && x.Proc == y.Proc && x.InputColl == y.InputColl && x.T.OID == y.T.OID && !operators().volatile[x.Proc] && sameExprs(x.Args, y.Args)
	case *plan.Relabel:
		y, ok := b.(*plan.Relabel)
		return ok && x.T.OID == y.T.OID && sameExpr(x.Arg, y.Arg)
	case *plan.CoerceViaIO:
		y, ok := b.(*plan.CoerceViaIO)
		return ok && x.T.OID == y.T.OID && sameExpr(x.Arg, y.Arg)
	case *plan.BoolOp:
		y, ok := b.(*plan.BoolOp)
		return ok && x.Kind == y.Kind && sameExprs(x.Args, y.Args)
	case *plan.NullTest:
		y, ok := b.(*plan.NullTest)
		return ok && x.Not == y.Not && x.Row == y.Row && sameExpr(x.Arg, y.Arg)
	case *plan.BoolTest:
		y, ok := b.(*plan.BoolTest)
		return ok && x.Not == y.Not && x.Want == y.Want && sameExpr(x.Arg, y.Arg)
	case *plan.Coalesce:
		y, ok := b.(*plan.Coalesce)
		return ok && sameExprs(x.Args, y.Args)
	case *plan.ScalarArrayOp:
		y, ok := b.(*plan.ScalarArrayOp)
		return ok && x.All == y.All && sameExpr(x.Call, y.Call)
	case *plan.ArrayCtor:
		y, ok := b.(*plan.ArrayCtor)
		return ok && x.Multi == y.Multi && x.T.OID == y.T.OID && sameExprs(x.Elems, y.Elems)
	}
	return false
}

func sameExprs(a, b []plan.Expr) bool { return slices.EqualFunc(a, b, sameExpr) }

func sameDatum(x, y *plan.Const) bool {
	a, b := x.Val, y.Val
	switch {
	case a.IsNull() || b.IsNull():
		return a.IsNull() && b.IsNull()
	case a.IsScalar() || b.IsScalar():
		return a.IsScalar() && b.IsScalar() && a.Uint() == b.Uint()
	}
	return string(a.Bytes()) == string(b.Bytes())
}
