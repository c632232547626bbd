package place

import "github.com/tarndb/tarn/sql/parser/ast"

// OfNode is the leftmost known location of a parse tree node (exprLocation), -1 for none.
func OfNode(n ast.Node) int32 {
	switch v := n.(type) {
	case nil:
		return -1
	case *ast.ColumnRef:
		return v.Location
	case *ast.ParamRef:
		return v.Location
	case *ast.A_Const:
		return v.Location
	case *ast.A_Expr:
		return Leftmost(v.Location, OfNode(v.Lexpr))
	case *ast.BoolExpr:
		loc := v.Location
		for _, a := range v.Args {
			loc = Leftmost(loc, OfNode(a))
		}
		return loc
	case *ast.FuncCall:
		loc := v.Location
		for _, a := range v.Args {
			loc = Leftmost(loc, OfNode(a))
		}
		return loc
	case *ast.TypeCast:
		loc := OfNode(v.Arg)
		if v.TypeName != nil {
			loc = Leftmost(loc, v.TypeName.Location)
		}
		return Leftmost(loc, v.Location)
	case *ast.CollateClause:
		return OfNode(v.Arg)
	case *ast.A_Indirection:
		return OfNode(v.Arg)
	case *ast.A_ArrayExpr:
		return v.Location
	case *ast.SubLink:
		return Leftmost(OfNode(v.Testexpr), v.Location)
	case *ast.CaseExpr:
		return v.Location
	case *ast.RowExpr:
		return v.Location
	case *ast.CoalesceExpr:
		return v.Location
	case *ast.MinMaxExpr:
		return v.Location
	case *ast.SQLValueFunction:
		return v.Location
	case *ast.NullTest:
		return Leftmost(v.Location, OfNode(v.Arg))
	case *ast.BooleanTest:
		return Leftmost(v.Location, OfNode(v.Arg))
	case *ast.SetToDefault:
		return v.Location
	case *ast.NamedArgExpr:
		return Leftmost(v.Location, OfNode(v.Arg))
	case *ast.GroupingFunc:
		return v.Location
	case *ast.GroupingSet:
		return v.Location
	case *ast.ColumnDef:
		return v.Location
	case *ast.ResTarget:
		return v.Location
	case *ast.List:
		loc := int32(-1)
		for _, x := range v.Items {
			loc = Leftmost(loc, OfNode(x))
		}
		return loc
	}
	return -1
}
