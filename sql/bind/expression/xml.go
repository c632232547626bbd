package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/xmldoc"
)

var xmlOps = map[ast.XmlExprOp]plan.XMLOp{ast.IS_XMLCONCAT: plan.XMLConcat, ast.IS_XMLELEMENT: plan.XMLElement, ast.IS_XMLFOREST: plan.XMLForest,
	ast.IS_XMLPARSE: plan.XMLParse, ast.IS_XMLPI: plan.XMLPI, ast.IS_XMLROOT: plan.XMLRoot, ast.IS_DOCUMENT: plan.XMLIsDocument}

// xmlNames are the names of result columns.
var xmlNames = map[ast.XmlExprOp]string{ast.IS_XMLCONCAT: "xmlconcat", ast.IS_XMLELEMENT: "xmlelement", ast.IS_XMLFOREST: "xmlforest",
	ast.IS_XMLPARSE: "xmlparse", ast.IS_XMLPI: "xmlpi", ast.IS_XMLROOT: "xmlroot"}

// xml is transformXmlExpr.
func (b *Binder) xml(s *Scope, n *ast.XmlExpr) plan.Expr {
	out := &plan.XML{Op: xmlOps[n.Op], Document: n.Xmloption == ast.XMLOPTION_DOCUMENT, Standalone: plan.XMLStandaloneOmitted, T: b.PlanType(types.XML, -1)}
	if n.Name != "" {
		out.Name = xmldoc.Name(n.Name, false)
	}
	for _, a := range n.NamedArgs {
		r := a.(*ast.ResTarget)
		e := b.Expr(s, r.Val)
		name := ""
		switch ref, isRef := r.Val.(*ast.ColumnRef); {
		case r.Name != "":
			name = xmldoc.Name(r.Name, false)
		case isRef:
			column, _ := figure(ref)
			name = xmldoc.Name(column, true)
		case n.Op == ast.IS_XMLELEMENT:
			b.Fail(pgerr.SyntaxError, r.Location, "unnamed XML attribute value must be a column reference")
		default:
			b.Fail(pgerr.SyntaxError, r.Location, "unnamed XML element value must be a column reference")
		}
		if n.Op == ast.IS_XMLELEMENT {
			for _, have := range out.Names {
				if have == name {
					b.Fail(pgerr.SyntaxError, r.Location, "XML attribute name \"%s\" appears more than once", name)
				}
			}
		}
		out.Named, out.Names = append(out.Named, b.literalOr(e)), append(out.Names, name)
	}
	switch n.Op {
	case ast.IS_XMLCONCAT:
		out.Args = b.xmlArgs(s, n.Args, types.XML, "XMLCONCAT")
	case ast.IS_DOCUMENT:
		out.Args, out.T = b.xmlArgs(s, n.Args, types.XML, "IS DOCUMENT"), b.PlanType(types.Bool, -1)
	case ast.IS_XMLPI:
		out.Args = b.xmlArgs(s, n.Args, types.Text, "XMLPI")
	case ast.IS_XMLPARSE:
		out.Args = b.xmlArgs(s, n.Args[:1], types.Text, "XMLPARSE")
		out.KeepSpace = isTrue(n.Args[1])
	case ast.IS_XMLROOT:
		out.Args = append(b.xmlArgs(s, n.Args[:1], types.XML, "XMLROOT"), b.xmlArgs(s, n.Args[1:2], types.Text, "XMLROOT")...)
		if c, ok := n.Args[2].(*ast.A_Const); ok {
			if i, ok := c.Val.(*ast.Integer); ok {
				out.Standalone = int(i.Ival)
			}
		}
	default:
		for _, a := range n.Args {
			out.Args = append(out.Args, b.literalOr(b.Expr(s, a)))
		}
	}
	return b.At(out, n.Location)
}

// literalOr leaves an untyped literal as it is: it is text that is content, not markup. Other values of unknown type become text.
func (b *Binder) literalOr(e plan.Expr) plan.Expr {
	if _, ok := e.(*plan.Const); ok {
		return e
	}
	return b.ResolveUnknown(e)
}

func isTrue(n ast.Node) bool {
	c, ok := n.(*ast.TypeCast)
	if ok {
		n = c.Arg
	}
	k, ok := n.(*ast.A_Const)
	if !ok {
		return false
	}
	switch v := k.Val.(type) {
	case *ast.Boolean:
		return v.Boolval
	case *ast.String:
		return v.Sval == "t"
	}
	return false
}

// xmlSerialize is transformXmlSerialize.
func (b *Binder) xmlSerialize(s *Scope, n *ast.XmlSerialize) plan.Expr {
	out := &plan.XML{Op: plan.XMLSerialize, Document: n.Xmloption == ast.XMLOPTION_DOCUMENT, Args: b.xmlArgs(s, []ast.Node{n.Expr}, types.XML, "XMLSERIALIZE")}
	want := b.TypeName(n.TypeName)
	out.T, out.As = b.PlanType(types.Text, -1), want
	e := b.CoerceToTarget(b.At(out, n.Location), want.OID, want.Mod, overload.Implicit, plan.CallCastImplicit, -1)
	if e == nil {
		b.Fail(pgerr.CannotCoerce, n.Location, "cannot cast XMLSERIALIZE result to %s", b.TypeText(want.OID))
	}
	return e
}

func (b *Binder) xmlArgs(s *Scope, nodes []ast.Node, want types.OID, what string) []plan.Expr {
	var out []plan.Expr
	for _, a := range nodes {
		e := b.Expr(s, a)
		x := b.CoerceToTarget(e, want, -1, overload.Implicit, plan.CallCastImplicit, -1)
		if x == nil {
			b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "argument of %s must be type %s, not type %s", what, b.TypeText(want), b.TypeText(e.Type().OID))
		}
		out = append(out, x)
	}
	return out
}
