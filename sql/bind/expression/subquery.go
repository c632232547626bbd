package expression

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// multiAssign is one column of SET (a, b) = ….
func (b *Binder) multiAssign(s *Scope, n *ast.MultiAssignRef) plan.Expr {
	switch src := n.Source.(type) {
	case *ast.RowExpr:
		if len(src.Args) == int(n.Ncolumns) {
			return b.Expr(s, src.Args[n.Colno-1])
		}
		vals := b.ExprList(s, src.Args)
		if len(vals) != int(n.Ncolumns) {
			b.Fail(pgerr.SyntaxError, src.Location, "number of columns does not match number of values")
		}
		return vals[n.Colno-1]
	case *ast.SubLink:
		sub, ok := b.multi[src.Location]
		if !ok {
			c := *src
			c.SubLinkType = ast.MULTIEXPR_SUBLINK
			sub = b.subLink(s, &c).(*plan.Subquery)
			if b.multi == nil {
				b.multi = map[int32]*plan.Subquery{}
			}
			b.multi[src.Location] = sub
			if len(sub.Rel.Cols()) != int(n.Ncolumns) {
				b.Fail(pgerr.SyntaxError, src.Location, "number of columns does not match number of values")
			}
		}
		col := sub.Rel.Cols()[n.Colno-1]
		return b.At(&plan.FieldSelect{Arg: sub, Field: int(n.Colno) - 1, Name: col.Name, T: col.T}, src.Location)
	}
	b.Fail(pgerr.FeatureNotSupported, place.OfNode(n.Source), "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression")
	return nil
}

// subLink is transformSubLink.
func (b *Binder) subLink(s *Scope, n *ast.SubLink) plan.Expr {
	if why := s.Kind.noSubquery(); why != "" {
		b.Fail(pgerr.FeatureNotSupported, n.Location, "%s", why)
	}
	sel, ok := n.Subselect.(*ast.SelectStmt)
	if !ok {
		panic(pgerr.Internal("subquery is not a query"))
	}
	sub := b.NewScope(s)
	rel, cols := b.Queries.Subquery(sub, sel)
	for _, c := range cols {
		// Seen from here the columns are the subquery's, not of a query level.
		delete(b.Derived, c.ID)
		b.Owner[c.ID] = sub
	}
	out := &plan.Subquery{Rel: rel}
	switch n.SubLinkType {
	case ast.EXISTS_SUBLINK:
		out.Kind, out.T = plan.SubExists, plan.Type{OID: types.Bool, Mod: -1}
	case ast.EXPR_SUBLINK:
		if len(cols) != 1 {
			b.Fail(pgerr.SyntaxError, n.Location, "subquery must return only one column")
		}
		out.Kind, out.T = plan.SubScalar, cols[0].T
	case ast.ARRAY_SUBLINK:
		if len(cols) != 1 {
			b.Fail(pgerr.SyntaxError, n.Location, "subquery must return only one column")
		}
		arr := b.PromotedArray(cols[0].T.OID)
		if arr == 0 {
			b.Fail(pgerr.UndefinedObject, n.Location, "could not find array type for data type %s", b.TypeText(cols[0].T.OID))
		}
		out.Kind, out.T = plan.SubArray, b.PlanType(arr, cols[0].T.Mod)
	case ast.MULTIEXPR_SUBLINK:
		out.Kind, out.T = plan.SubRow, plan.Type{OID: types.Record, Mod: -1}
	case ast.ANY_SUBLINK, ast.ALL_SUBLINK, ast.ROWCOMPARE_SUBLINK:
		return b.testSubLink(s, n, rel, cols)
	default:
		b.Unsupported(n.Location, "this kind of subquery")
	}
	return b.At(out, n.Location)
}

// testSubLink binds x op ANY (select …), x op ALL (select …), x IN (select …) and (a, b) op (select …).
func (b *Binder) testSubLink(s *Scope, n *ast.SubLink, rel plan.Rel, cols []plan.Col) plan.Expr {
	name := []string{"="}
	if len(n.OperName) > 0 {
		name = lexicon.Names(n.OperName)
	}
	var left []plan.Expr
	if row, ok := n.Testexpr.(*ast.RowExpr); ok {
		left = b.rowFields(s, row)
	} else {
		e := b.Expr(s, n.Testexpr)
		left = []plan.Expr{e}
		if row, ok := e.(*plan.RowCtor); ok && row.T.OID == types.Record && len(cols) > 1 {
			left = row.Fields
		}
	}
	if len(left) < len(cols) {
		b.Fail(pgerr.SyntaxError, n.Location, "subquery has too many columns")
	}
	if len(left) > len(cols) {
		b.Fail(pgerr.SyntaxError, n.Location, "subquery has too few columns")
	}
	right := make([]plan.Expr, len(cols))
	for i, c := range cols {
		right[i] = b.At(&plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}, n.Location)
	}
	if n.SubLinkType == ast.ROWCOMPARE_SUBLINK {
		// One row: compare with its fields.
		sub := &plan.Subquery{Kind: plan.SubRow, Rel: rel, T: plan.Type{OID: types.Record, Mod: -1}}
		if len(cols) == 1 {
			sub.Kind, sub.T = plan.SubScalar, cols[0].T
			return b.rowCompare(name, left, []plan.Expr{b.At(sub, n.Location)}, n.Location)
		}
		for i, c := range cols {
			right[i] = b.At(&plan.FieldSelect{Arg: sub, Field: i, Name: c.Name, T: c.T}, n.Location)
		}
		return b.rowCompare(name, left, right, n.Location)
	}
	out := &plan.Subquery{Kind: plan.SubAny, Rel: rel, T: plan.Type{OID: types.Bool, Mod: -1}}
	if n.SubLinkType == ast.ALL_SUBLINK {
		out.Kind = plan.SubAll
	}
	out.Test = b.rowCompare(name, left, right, n.Location)
	return b.At(out, place.Leftmost(n.Location, b.LocOf(left[0])))
}
