package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// xml refuses XML's expressions as a PostgreSQL without libxml does: after the errors in their arguments. Only
// XMLCONCAT of NULLs has a value, which is NULL.
func (b *Binder) xml(s *Scope, n *ast.XmlExpr) plan.Expr {
	switch n.Op {
	case ast.IS_XMLCONCAT:
		args := b.xmlArgs(s, n.Args, "XMLCONCAT")
		for _, a := range args {
			if c, ok := a.(*plan.Const); !ok || !c.Val.IsNull() {
				panic(types.ErrXML())
			}
		}
		return args[0]
	case ast.IS_DOCUMENT:
		b.xmlArgs(s, n.Args, "IS DOCUMENT")
	default:
		for _, a := range n.Args {
			b.Expr(s, a)
		}
	}
	panic(types.ErrXML())
}

func (b *Binder) xmlArgs(s *Scope, nodes []ast.Node, what string) []plan.Expr {
	var out []plan.Expr
	for _, a := range nodes {
		e := b.Expr(s, a)
		x := b.CoerceToTarget(e, types.XML, -1, overload.Implicit, plan.CallCastImplicit, -1)
		if x == nil {
			b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "argument of %s must be type xml, not type %s", what, b.TypeText(e.Type().OID))
		}
		out = append(out, x)
	}
	return out
}
