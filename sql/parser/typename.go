package parser

import "github.com/tarndb/tarn/sql/parser/ast"

// TypeName parses the name of a type as SQL spells it, "double precision" and "numeric(10,2)[]" too. It is nil without an error where
// the text is more than that. Errors: 42601 of "SELECT NULL::" with the text.
func TypeName(text string) (*ast.TypeName, error) {
	stmts, err := Parse("SELECT NULL::" + text)
	if err != nil || len(stmts) != 1 {
		return nil, err
	}
	sel, ok := stmts[0].Node.(*ast.SelectStmt)
	if !ok || len(sel.TargetList) != 1 || sel.FromClause != nil || sel.WhereClause != nil {
		return nil, nil
	}
	target, ok := sel.TargetList[0].(*ast.ResTarget)
	if !ok || target.Name != "" {
		return nil, nil
	}
	cast, ok := target.Val.(*ast.TypeCast)
	if !ok {
		return nil, nil
	}
	if _, null := cast.Arg.(*ast.A_Const); !null {
		return nil, nil
	}
	return cast.TypeName, nil
}
