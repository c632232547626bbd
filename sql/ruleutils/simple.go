package ruleutils

import (
	"strings"

	"github.com/tarndb/tarn/sql/plan"
)

// simple is isSimpleNode: the pretty form needs no parentheses around e inside parent.
func simple(e, parent plan.Expr) bool {
	switch v := e.(type) {
	case *plan.Const, *plan.Param, *plan.ColRef, *plan.CurrentOf,
		*plan.Subscript, *plan.ArrayCtor, *plan.RowCtor, *plan.Coalesce, *plan.MinMax, *plan.XML, *plan.SQLValue, *plan.NextVal,
		*plan.NullIf, *plan.Aggref, *plan.WindowCall, *plan.Case:
		return true
	case *plan.FieldSelect:
		_, nested := parent.(*plan.FieldSelect)
		return !nested
	case *plan.CoerceToDomain:
		return simple(v.Arg, e)
	case *plan.Relabel:
		if v.Form == plan.CallCastExplicit && v.T.Coll != 0 && sameBits(v.T, v.Arg.Type()) {
			return false
		}
		return simple(v.Arg, e)
	case *plan.CoerceViaIO:
		return simple(v.Arg, e)
	case *plan.ArrayCoerce:
		return simple(v.Arg, e)
	case *plan.FuncCall:
		if v.Form != plan.CallOp {
			return true
		}
		if up, ok := parent.(*plan.FuncCall); ok && up.Form == plan.CallOp {
			return simpleOp(v, up)
		}
		return separated(parent)
	case *plan.Subquery, *plan.NullTest, *plan.BoolTest:
		return separated(parent)
	case *plan.DistinctFrom:
		return !v.Not && separated(parent)
	case *plan.BoolOp:
		if up, ok := parent.(*plan.BoolOp); ok {
			switch v.Kind {
			case plan.Not, plan.And:
				return up.Kind == plan.And || up.Kind == plan.Or
			}
			return up.Kind == plan.Or
		}
		return separated(parent)
	}
	return false
}

// simpleOp compares the priorities of two arithmetic operators.
func simpleOp(v, up *plan.FuncCall) bool {
	if len(v.Name) != 1 || len(up.Name) != 1 {
		return false
	}
	lo, hi := strings.Contains("+-", v.Name), strings.Contains("*/%", v.Name)
	uplo, uphi := strings.Contains("+-", up.Name), strings.Contains("*/%", up.Name)
	switch {
	case !lo && !hi, !uplo && !uphi:
		return false
	case hi && uplo:
		return true
	case lo && uphi:
		return false
	}
	// Of the same priority: (a - b) - c needs none, a - (b - c) does.
	return plan.Expr(v) == up.Args[0]
}

// separated: parent keeps its operands apart by itself.
func separated(parent plan.Expr) bool {
	switch v := parent.(type) {
	case *plan.FuncCall:
		return v.Form == plan.CallFunc
	case *plan.BoolOp, *plan.Subscript, *plan.ArrayCtor, *plan.RowCtor, *plan.Coalesce, *plan.MinMax, *plan.XML, *plan.NullIf,
		*plan.Aggref, *plan.WindowCall, *plan.Case:
		return true
	}
	return false
}
