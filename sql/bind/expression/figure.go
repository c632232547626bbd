package expression

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/parser/ast"
)

// FigureName is the name that a result column without alias gets (FigureColname).
func FigureName(n ast.Node) string {
	name, strength := figure(n)
	if strength == 0 {
		return "?column?"
	}
	return name
}

// figure returns a name and how good it is: 0 none, 1 from a type, 2 a real one.
func figure(n ast.Node) (string, int) {
	switch v := n.(type) {
	case *ast.ColumnRef:
		name := ""
		for _, f := range v.Fields {
			if s, ok := f.(*ast.String); ok {
				name = s.Sval
			}
		}
		if name != "" {
			return name, 2
		}
	case *ast.A_Indirection:
		name := ""
		for _, f := range v.Indirection {
			if s, ok := f.(*ast.String); ok {
				name = s.Sval
			}
		}
		if name != "" {
			return name, 2
		}
		return figure(v.Arg)
	case *ast.FuncCall:
		l := lexicon.Names(v.Funcname)
		return l[len(l)-1], 2
	case *ast.A_Expr:
		if v.Kind == ast.AEXPR_NULLIF {
			return "nullif", 2
		}
	case *ast.TypeCast:
		if name, s := figure(v.Arg); s > 1 {
			return name, s
		}
		l := lexicon.Names(v.TypeName.Names)
		return l[len(l)-1], 1
	case *ast.CollateClause:
		return figure(v.Arg)
	case *ast.GroupingFunc:
		return "grouping", 2
	case *ast.SubLink:
		return figureSubLink(v)
	case *ast.CaseExpr:
		if name, s := figure(v.Defresult); s > 1 {
			return name, s
		}
		return "case", 1
	case *ast.A_ArrayExpr:
		return "array", 2
	case *ast.RowExpr:
		return "row", 2
	case *ast.CoalesceExpr:
		return "coalesce", 2
	case *ast.MinMaxExpr:
		if v.Op == ast.IS_GREATEST {
			return "greatest", 2
		}
		return "least", 2
	case *ast.XmlSerialize:
		return "xmlserialize", 2
	case *ast.XmlExpr:
		if name := xmlNames[v.Op]; name != "" {
			return name, 2
		}
	case *ast.SQLValueFunction:
		switch v.Op {
		case ast.SVFOP_CURRENT_DATE:
			return "current_date", 2
		case ast.SVFOP_CURRENT_TIME, ast.SVFOP_CURRENT_TIME_N:
			return "current_time", 2
		case ast.SVFOP_CURRENT_TIMESTAMP, ast.SVFOP_CURRENT_TIMESTAMP_N:
			return "current_timestamp", 2
		case ast.SVFOP_LOCALTIME, ast.SVFOP_LOCALTIME_N:
			return "localtime", 2
		case ast.SVFOP_LOCALTIMESTAMP, ast.SVFOP_LOCALTIMESTAMP_N:
			return "localtimestamp", 2
		case ast.SVFOP_CURRENT_ROLE:
			return "current_role", 2
		case ast.SVFOP_CURRENT_USER:
			return "current_user", 2
		case ast.SVFOP_USER:
			return "user", 2
		case ast.SVFOP_SESSION_USER:
			return "session_user", 2
		case ast.SVFOP_CURRENT_CATALOG:
			return "current_catalog", 2
		case ast.SVFOP_CURRENT_SCHEMA:
			return "current_schema", 2
		}
	}
	return "", 0
}

func figureSubLink(v *ast.SubLink) (string, int) {
	switch v.SubLinkType {
	case ast.EXISTS_SUBLINK:
		return "exists", 2
	case ast.ARRAY_SUBLINK:
		return "array", 2
	case ast.EXPR_SUBLINK:
		sel, ok := v.Subselect.(*ast.SelectStmt)
		for ok && sel.Larg != nil {
			sel = sel.Larg
		}
		if ok && len(sel.TargetList) > 0 {
			if t, ok := sel.TargetList[0].(*ast.ResTarget); ok {
				if t.Name != "" {
					return t.Name, 2
				}
				// The subquery has named its column by now.
				if name, _ := figure(t.Val); name != "" {
					return name, 2
				}
				return "?column?", 2
			}
		}
		if ok && len(sel.ValuesLists) > 0 {
			return "column1", 2
		}
	}
	return "", 0
}
