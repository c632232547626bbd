package bind

import "github.com/tarndb/tarn/sql/parser/ast"

// nodeLoc is the leftmost known location of a parse tree node (exprLocation), -1 for none.
func nodeLoc(n ast.Node) int32 {
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
		return leftmost(v.Location, nodeLoc(v.Lexpr))
	case *ast.BoolExpr:
		loc := v.Location
		for _, a := range v.Args {
			loc = leftmost(loc, nodeLoc(a))
		}
		return loc
	case *ast.FuncCall:
		loc := v.Location
		for _, a := range v.Args {
			loc = leftmost(loc, nodeLoc(a))
		}
		return loc
	case *ast.TypeCast:
		loc := nodeLoc(v.Arg)
		if v.TypeName != nil {
			loc = leftmost(loc, v.TypeName.Location)
		}
		return leftmost(loc, v.Location)
	case *ast.CollateClause:
		return nodeLoc(v.Arg)
	case *ast.A_Indirection:
		return nodeLoc(v.Arg)
	case *ast.A_ArrayExpr:
		return v.Location
	case *ast.SubLink:
		return leftmost(nodeLoc(v.Testexpr), v.Location)
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
		return leftmost(v.Location, nodeLoc(v.Arg))
	case *ast.BooleanTest:
		return leftmost(v.Location, nodeLoc(v.Arg))
	case *ast.SetToDefault:
		return v.Location
	case *ast.NamedArgExpr:
		return leftmost(v.Location, nodeLoc(v.Arg))
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
			loc = leftmost(loc, nodeLoc(x))
		}
		return loc
	}
	return -1
}

// Position is the 1-based character position of a parse tree location in the statement, 0 where unknown.
func Position(env *Env, loc int32) int { return newBinder(env).pos(loc) }

// NodeLocation is the leftmost known location of a parse tree node, -1 for none.
func NodeLocation(n ast.Node) int32 { return nodeLoc(n) }
