package expression

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// ExprIn binds an expression that stands in the given clause.
func (b *Binder) ExprIn(s *Scope, n ast.Node, k Kind) plan.Expr {
	old := s.Kind
	s.Kind = k
	e := b.Expr(s, n)
	s.Kind = old
	return e
}

// BoolExpr binds a condition; what is its clause in messages.
func (b *Binder) BoolExpr(s *Scope, n ast.Node, k Kind, what string) plan.Expr {
	return b.ToBool(b.ExprIn(s, n, k), what)
}

// Expr is transformExprRecurse.
func (b *Binder) Expr(s *Scope, n ast.Node) plan.Expr {
	switch v := n.(type) {
	case *ast.ColumnRef:
		return b.columnRef(s, v)
	case *ast.ParamRef:
		return b.param(v.Number, v.Location)
	case *ast.A_Const:
		return b.constant(v)
	case *ast.A_Indirection:
		return b.indirection(s, v)
	case *ast.A_ArrayExpr:
		return b.arrayExpr(s, v, 0, 0, -1)
	case *ast.TypeCast:
		return b.typeCast(s, v)
	case *ast.CollateClause:
		return b.collateClause(s, v)
	case *ast.A_Expr:
		return b.aExpr(s, v)
	case *ast.BoolExpr:
		return b.boolOp(s, v)
	case *ast.FuncCall:
		return b.funcCall(s, v)
	case *ast.GroupingFunc:
		return b.groupingFunc(s, v)
	case *ast.SubLink:
		return b.subLink(s, v)
	case *ast.CaseExpr:
		return b.caseExpr(s, v)
	case *ast.RowExpr:
		return b.rowExpr(s, v)
	case *ast.CoalesceExpr:
		return b.coalesce(s, v)
	case *ast.MinMaxExpr:
		return b.minMax(s, v)
	case *ast.SQLValueFunction:
		return b.sqlValue(v)
	case *ast.NullTest:
		return b.nullTest(s, v)
	case *ast.BooleanTest:
		return b.booleanTest(s, v)
	case *ast.CurrentOfExpr:
		if len(s.Names) > 0 {
			if _, ok := s.Names[0].Rel.(*plan.Scan); ok { // the target of UPDATE or DELETE
				return &plan.CurrentOf{Cursor: v.CursorName, Row: b.Locator(s, s.Names[0])}
			}
		}
		b.Fail(pgerr.FeatureNotSupported, -1, "WHERE CURRENT OF on a view is not implemented")
	case *ast.SetToDefault:
		b.Fail(pgerr.SyntaxError, v.Location, "DEFAULT is not allowed in this context")
	case *ast.NamedArgExpr:
		return b.Expr(s, v.Arg)
	case *boundNode:
		return v.Expr
	case *ast.XmlExpr:
		return b.xml(s, v)
	case *ast.XmlSerialize:
		return b.xmlSerialize(s, v)
	case *ast.MultiAssignRef:
		return b.multiAssign(s, v)
	case nil:
		panic(pgerr.Internal("bind: missing expression"))
	}
	panic(pgerr.Unsupported(nodeName(n)))
}

// boundNode puts an expression that is bound already into a parse tree.
type boundNode struct {
	ast.Node
	Expr plan.Expr
}

func nodeName(n ast.Node) string {
	switch n.(type) {
	case *ast.JsonObjectConstructor, *ast.JsonArrayConstructor, *ast.JsonArrayQueryConstructor, *ast.JsonObjectAgg, *ast.JsonArrayAgg, *ast.JsonIsPredicate:
		return "SQL/JSON constructor"
	}
	return "this expression"
}

func (b *Binder) constant(n *ast.A_Const) plan.Expr {
	if n.Isnull || n.Val == nil {
		return b.At(&plan.Const{Val: types.Null, T: plan.Type{OID: types.Unknown, Mod: -1}}, n.Location)
	}
	c := &plan.Const{T: plan.Type{Mod: -1}}
	switch v := n.Val.(type) {
	case *ast.Integer:
		c.Val, c.T.OID = tuple.Int(int64(v.Ival)), types.Int4
	case *ast.Float:
		if i, err := strconv.ParseInt(v.Fval, 10, 64); err == nil {
			c.Val, c.T.OID = tuple.Int(i), types.Int8
			if i >= -1<<31 && i < 1<<31 {
				c.T.OID = types.Int4
			}
			break
		}
		d, err := types.Lookup(types.Numeric).ParseText(v.Fval, -1, b.Types)
		b.Check(err, n.Location)
		c.Val, c.T.OID = d.Clone(), types.Numeric
	case *ast.Boolean:
		c.Val, c.T.OID = tuple.Bool(v.Boolval), types.Bool
	case *ast.String:
		c.Val, c.T.OID = tuple.String(v.Sval), types.Unknown
	case *ast.BitString:
		text := v.Bsval
		d, err := types.Lookup(types.Bit).ParseText(text, -1, b.Types)
		b.Check(err, n.Location)
		c.Val, c.T.OID = d.Clone(), types.Bit
	default:
		panic(pgerr.Internal("bind: unknown constant"))
	}
	return b.At(c, n.Location)
}

func (b *Binder) typeCast(s *Scope, n *ast.TypeCast) plan.Expr {
	t := b.TypeName(n.TypeName)
	if t.OID == 0 {
		b.Fail(pgerr.UndefinedObject, n.Location, "type does not exist")
	}
	var e plan.Expr
	// The elements of a printed constructor have their types: the cast was applied to the array, not to them.
	if arr, ok := n.Arg.(*ast.A_ArrayExpr); ok && (!b.Stored || len(arr.Elements) == 0) {
		base, mod := b.BaseTypeMod(t.OID, t.Mod)
		if el := b.ElemType(base); el != 0 {
			e = b.arrayExpr(s, arr, base, el, mod)
		}
	}
	if e == nil {
		e = b.Expr(s, n.Arg)
	}
	if e.Type().OID == 0 {
		return e
	}
	loc := n.Location
	if loc < 0 {
		loc = n.TypeName.Location
	}
	return b.castTo(e, t, loc)
}

// castTo is an explicit cast.
func (b *Binder) castTo(e plan.Expr, t plan.Type, loc int32) plan.Expr {
	x := b.CoerceToTarget(e, t.OID, t.Mod, overload.Explicit, plan.CallCastExplicit, loc)
	if x == nil {
		b.Fail(pgerr.CannotCoerce, loc, "cannot cast type %s to %s", b.TypeText(e.Type().OID), b.TypeText(t.OID))
	}
	// 'x'::t starts at the literal; CAST( and t 'x' start at the cast.
	if l, ok := b.loc[x]; ok && x != e {
		b.loc[x] = place.Leftmost(l, loc)
	}
	return x
}

func (b *Binder) collateClause(s *Scope, n *ast.CollateClause) plan.Expr {
	e := b.Expr(s, n.Arg)
	t := e.Type()
	if t.OID != types.Unknown && b.CollationOf(t.OID) == 0 {
		b.Fail(pgerr.DatatypeMismatch, n.Location, "collations are not supported by type %s", b.TypeText(t.OID))
	}
	t.Coll = b.CollationByName(n.Collname, n.Location)
	r := &plan.Relabel{Arg: e, T: t, Form: plan.CallCastExplicit}
	b.collateAt[r] = n.Location
	return b.At(r, place.Leftmost(b.LocOf(e), n.Location))
}

func (b *Binder) boolOp(s *Scope, n *ast.BoolExpr) plan.Expr {
	op := &plan.BoolOp{}
	word := "NOT"
	switch n.Boolop {
	case ast.AND_EXPR:
		op.Kind, word = plan.And, "AND"
	case ast.OR_EXPR:
		op.Kind, word = plan.Or, "OR"
	default:
		op.Kind = plan.Not
	}
	for _, a := range n.Args {
		op.Args = append(op.Args, b.ToBool(b.Expr(s, a), word))
	}
	return b.At(op, b.leftmostOf(n.Location, op.Args...))
}

// aExpr binds the operator-like forms.
func (b *Binder) aExpr(s *Scope, n *ast.A_Expr) plan.Expr {
	switch n.Kind {
	case ast.AEXPR_OP, ast.AEXPR_LIKE, ast.AEXPR_ILIKE, ast.AEXPR_SIMILAR:
		return b.opExpr(s, n)
	case ast.AEXPR_OP_ANY, ast.AEXPR_OP_ALL:
		return b.opAnyArray(s, n)
	case ast.AEXPR_DISTINCT, ast.AEXPR_NOT_DISTINCT:
		return b.distinct(s, n)
	case ast.AEXPR_NULLIF:
		l, r := b.Expr(s, n.Lexpr), b.Expr(s, n.Rexpr)
		eq := b.Op(lexicon.Names(n.Name), l, r, n.Location)
		if eq.T.OID != types.Bool {
			b.Fail(pgerr.DatatypeMismatch, n.Location, "NULLIF requires = operator to yield boolean")
		}
		return b.At(&plan.NullIf{Eq: eq, T: eq.Args[0].Type()}, place.Leftmost(n.Location, b.LocOf(eq)))
	case ast.AEXPR_IN:
		return b.inList(s, n)
	case ast.AEXPR_BETWEEN, ast.AEXPR_NOT_BETWEEN, ast.AEXPR_BETWEEN_SYM, ast.AEXPR_NOT_BETWEEN_SYM:
		return b.between(s, n)
	}
	panic(pgerr.Unsupported("this expression"))
}

func (b *Binder) opExpr(s *Scope, n *ast.A_Expr) plan.Expr {
	name := lexicon.Names(n.Name)
	if n.Lexpr != nil && n.Kind == ast.AEXPR_OP {
		if lrow, ok := n.Lexpr.(*ast.RowExpr); ok {
			if sub, ok := n.Rexpr.(*ast.SubLink); ok && sub.SubLinkType == ast.EXPR_SUBLINK {
				return b.subLink(s, &ast.SubLink{SubLinkType: ast.ROWCOMPARE_SUBLINK, Testexpr: lrow, OperName: n.Name, Subselect: sub.Subselect, Location: n.Location})
			}
			if rrow, ok := n.Rexpr.(*ast.RowExpr); ok {
				l, r := b.rowFields(s, lrow), b.rowFields(s, rrow)
				return b.rowCompare(name, l, r, n.Location)
			}
		}
	}
	var l plan.Expr
	if n.Lexpr != nil {
		l = b.Expr(s, n.Lexpr)
	}
	r := b.Expr(s, n.Rexpr)
	return b.Op(name, l, r, n.Location)
}

func (b *Binder) rowFields(s *Scope, n *ast.RowExpr) []plan.Expr {
	return b.ExprList(s, n.Args)
}

// ExprList binds a list in which t.* may stand.
func (b *Binder) ExprList(s *Scope, list []ast.Node) []plan.Expr {
	var out []plan.Expr
	for _, n := range list {
		if cols, ok := b.ExpandStar(s, n); ok {
			for _, c := range cols {
				out = append(out, c.Expr)
			}
			continue
		}
		out = append(out, b.Expr(s, n))
	}
	return out
}

// rowCompare is make_row_comparison_op.
func (b *Binder) rowCompare(name []string, l, r []plan.Expr, loc int32) plan.Expr {
	if len(l) != len(r) {
		b.Fail(pgerr.SyntaxError, loc, "unequal number of entries in row expressions")
	}
	if len(l) == 0 {
		b.Fail(pgerr.FeatureNotSupported, loc, "cannot compare rows of zero length")
	}
	calls := make([]*plan.FuncCall, len(l))
	for i := range l {
		c := b.Op(name, l[i], r[i], loc)
		if c.T.OID != types.Bool {
			b.Fail(pgerr.DatatypeMismatch, loc, "row comparison operator must yield type boolean, not type %s", b.TypeText(c.T.OID))
		}
		calls[i] = c
	}
	if len(calls) == 1 {
		return calls[0]
	}
	strategy, family := 0, make([]types.OID, len(calls))
	for want := lexicon.Less; want <= lexicon.Greater && strategy == 0; want++ {
		ok := true
		for i, c := range calls {
			family[i] = b.FamilyAt(c.Op, want)
			ok = ok && family[i] != 0
		}
		if ok {
			strategy = want
		}
	}
	negated := false
	if strategy == 0 {
		// <> is the negator of an equality.
		negated = true
		for _, c := range calls {
			if o := b.Operator(c.Op); o.Negate == 0 || b.FamilyAt(o.Negate, lexicon.Equal) == 0 {
				negated = false
			}
		}
	}
	out := plan.Expr(nil)
	switch {
	case strategy == lexicon.Equal:
		and := &plan.BoolOp{Kind: plan.And}
		for _, c := range calls {
			and.Args = append(and.Args, c)
		}
		out = and
	case negated:
		or := &plan.BoolOp{Kind: plan.Or}
		for _, c := range calls {
			or.Args = append(or.Args, c)
		}
		out = or
	case strategy == 0:
		panic(b.Err(pgerr.FeatureNotSupported, loc, "could not determine interpretation of row comparison operator %s", strings.Join(name, ".")).
			WithHint("Row comparison operators must be associated with btree operator families."))
	default:
		rc := &plan.RowCompare{Op: name[len(name)-1]}
		less := lexicon.Less
		if strategy >= lexicon.GreaterEqual {
			less = lexicon.Greater
		}
		for i, c := range calls {
			o := b.Operator(c.Op)
			pair := func(strat int) *plan.FuncCall {
				oid := b.FamilyOp(family[i], o.Left, o.Right, strat)
				if oid == 0 {
					panic(pgerr.Internal("operator family %d lacks strategy %d", family[i], strat))
				}
				p := b.Operator(oid)
				return &plan.FuncCall{Proc: p.Code, Op: oid, Name: p.Name, Args: c.Args, T: c.T, Form: plan.CallOp}
			}
			rc.Lt, rc.Eq = append(rc.Lt, pair(less)), append(rc.Eq, pair(lexicon.Equal))
		}
		out = rc
	}
	return b.At(out, b.leftmostOf(loc, calls[0]))
}

func (b *Binder) distinct(s *Scope, n *ast.A_Expr) plan.Expr {
	not := n.Kind == ast.AEXPR_NOT_DISTINCT
	// IS DISTINCT FROM NULL is a null test.
	for _, swap := range []bool{false, true} {
		x, y := n.Lexpr, n.Rexpr
		if swap {
			x, y = y, x
		}
		if c, ok := y.(*ast.A_Const); ok && (c.Isnull || c.Val == nil) {
			e := b.Expr(s, x)
			return b.At(&plan.NullTest{Arg: e, Not: !not}, place.Leftmost(n.Location, b.LocOf(e)))
		}
	}
	lrow, lok := n.Lexpr.(*ast.RowExpr)
	rrow, rok := n.Rexpr.(*ast.RowExpr)
	if lok && rok {
		l, r := b.rowFields(s, lrow), b.rowFields(s, rrow)
		if len(l) != len(r) {
			b.Fail(pgerr.SyntaxError, n.Location, "unequal number of entries in row expressions")
		}
		or := &plan.BoolOp{Kind: plan.Or}
		for i := range l {
			or.Args = append(or.Args, b.distinctOp(n, l[i], r[i], false))
		}
		var e plan.Expr = or
		switch len(or.Args) {
		case 0:
			e = boolConst(false)
		case 1:
			e = or.Args[0]
		}
		if not {
			e = &plan.BoolOp{Kind: plan.Not, Args: []plan.Expr{e}}
		}
		return b.At(e, n.Location)
	}
	return b.distinctOp(n, b.Expr(s, n.Lexpr), b.Expr(s, n.Rexpr), not)
}

func (b *Binder) distinctOp(n *ast.A_Expr, l, r plan.Expr, not bool) plan.Expr {
	eq := b.Op(lexicon.Names(n.Name), l, r, n.Location)
	if eq.T.OID != types.Bool {
		b.Fail(pgerr.DatatypeMismatch, n.Location, "IS DISTINCT FROM requires = operator to yield boolean")
	}
	return b.At(&plan.DistinctFrom{Eq: eq, Not: not}, b.LocOf(eq))
}

func (b *Binder) opAnyArray(s *Scope, n *ast.A_Expr) plan.Expr {
	l, r := b.Expr(s, n.Lexpr), b.Expr(s, n.Rexpr)
	return b.scalarArray(lexicon.Names(n.Name), l, r, n.Kind == ast.AEXPR_OP_ALL, n.Location)
}

// scalarArray is make_scalar_array_op.
func (b *Binder) scalarArray(name []string, l, r plan.Expr, all bool, loc int32) plan.Expr {
	lt, at := l.Type().OID, r.Type().OID
	rt := types.OID(types.Unknown)
	if at != types.Unknown {
		rt = b.BaseElemType(at)
		if rt == 0 {
			b.Fail(pgerr.WrongObjectType, loc, "op ANY/ALL (array) requires array on right side")
		}
	}
	o := b.BinaryOperator(name, lt, rt, loc)
	declared := []types.OID{o.Left, o.Right}
	ret := b.ResolvePolymorphic([]types.OID{lt, rt}, declared, o.Result, loc)
	if ret != types.Bool {
		b.Fail(pgerr.WrongObjectType, loc, "op ANY/ALL (array) requires operator to yield boolean")
	}
	b.notShell(o, loc)
	b.NeedOperator(o.OID)
	p := b.Proc(o.Code)
	if p.RetSet {
		b.Fail(pgerr.WrongObjectType, loc, "op ANY/ALL (array) requires operator not to return a set")
	}
	// The declared right side is the array of the operator's type; its polymorphic arrays stay as they are.
	want := at
	if !overload.IsPolymorphic(declared[1]) {
		want = b.ArrayOf(declared[1])
		if want == 0 {
			b.Fail(pgerr.UndefinedObject, loc, "could not find array type for data type %s", b.TypeText(declared[1]))
		}
	}
	args := []plan.Expr{l, r}
	b.CoerceArgs(args, []types.OID{lt, at}, []types.OID{declared[0], want})
	b.noteVolatile(p)
	call := &plan.FuncCall{Proc: o.Code, Op: o.OID, Name: o.Name, Args: args, T: b.PlanType(types.Bool, -1), Form: plan.CallOp, Func: b.userFunction(o.Code)}
	return b.At(&plan.ScalarArrayOp{Call: call, All: all}, b.leftmostOf(loc, l))
}

// inList is transformAExprIn.
func (b *Binder) inList(s *Scope, n *ast.A_Expr) plan.Expr {
	name := lexicon.Names(n.Name)
	not := name[len(name)-1] == "<>"
	l := b.Expr(s, n.Lexpr)
	list, ok := n.Rexpr.(*ast.List)
	if !ok {
		panic(pgerr.Internal("bind: IN without a list"))
	}
	var all, plain, withCols []plan.Expr
	for _, it := range list.Items {
		e := b.Expr(s, it)
		all = append(all, e)
		if hasColumns(e) {
			withCols = append(withCols, e)
		} else {
			plain = append(plain, e)
		}
	}
	var parts []plan.Expr
	if len(plain) > 1 {
		t, _ := b.CommonType(append([]plan.Expr{l}, plain...), "")
		ok := t != 0
		if ok && t != types.Record {
			for _, e := range append([]plan.Expr{l}, plain...) {
				ok = ok && b.CanCoerce(e.Type().OID, t, overload.Implicit)
			}
		}
		arr := types.OID(0)
		if ok && t != types.Record {
			arr = b.ArrayOf(t)
		}
		if arr != 0 {
			elems := make([]plan.Expr, len(plain))
			for i, e := range plain {
				elems[i] = b.ToCommon(e, t, "IN")
			}
			ctor := &plan.ArrayCtor{Elems: elems, Elem: b.PlanType(t, -1), T: b.PlanType(arr, -1)}
			b.At(ctor, b.LocOf(elems[0]))
			parts = append(parts, b.scalarArray(name, l, ctor, not, n.Location))
			all = withCols
		}
	}
	for _, e := range all {
		var cmp plan.Expr
		lrow, lok := l.(*plan.RowCtor)
		rrow, rok := e.(*plan.RowCtor)
		if lok && rok && lrow.T.OID == types.Record && rrow.T.OID == types.Record {
			cmp = b.rowCompare(name, lrow.Fields, rrow.Fields, n.Location)
		} else {
			cmp = b.Op(name, l, e, n.Location)
		}
		parts = append(parts, b.ToBool(cmp, "IN"))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	op := &plan.BoolOp{Kind: plan.Or, Args: parts}
	if not {
		op.Kind = plan.And
	}
	return b.At(op, b.leftmostOf(n.Location, parts...))
}

func hasColumns(e plan.Expr) bool {
	found := false
	tree.WalkExpr(e, func(x plan.Expr) bool {
		if _, ok := x.(*plan.ColRef); ok {
			found = true
		}
		return !found
	})
	return found
}

func (b *Binder) between(s *Scope, n *ast.A_Expr) plan.Expr {
	list, ok := n.Rexpr.(*ast.List)
	if !ok || len(list.Items) != 2 {
		panic(pgerr.Internal("bind: BETWEEN without two bounds"))
	}
	cmp := func(op string, r ast.Node) ast.Node {
		return &ast.A_Expr{Kind: ast.AEXPR_OP, Name: []ast.Node{&ast.String{Sval: op}}, Lexpr: n.Lexpr, Rexpr: r, Location: n.Location}
	}
	join := func(k ast.BoolExprType, a, c ast.Node) ast.Node {
		return &ast.BoolExpr{Boolop: k, Args: []ast.Node{a, c}, Location: n.Location}
	}
	lo, hi := list.Items[0], list.Items[1]
	in := func(lo, hi ast.Node) ast.Node { return join(ast.AND_EXPR, cmp(">=", lo), cmp("<=", hi)) }
	out := func(lo, hi ast.Node) ast.Node { return join(ast.OR_EXPR, cmp("<", lo), cmp(">", hi)) }
	switch n.Kind {
	case ast.AEXPR_BETWEEN:
		return b.Expr(s, in(lo, hi))
	case ast.AEXPR_NOT_BETWEEN:
		return b.Expr(s, out(lo, hi))
	case ast.AEXPR_BETWEEN_SYM:
		return b.Expr(s, join(ast.OR_EXPR, in(lo, hi), in(hi, lo)))
	}
	return b.Expr(s, join(ast.AND_EXPR, out(lo, hi), out(hi, lo)))
}

func (b *Binder) nullTest(s *Scope, n *ast.NullTest) plan.Expr {
	e := b.Expr(s, n.Arg)
	t := &plan.NullTest{Arg: e, Not: n.Nulltesttype == ast.IS_NOT_NULL, Row: b.IsRowType(e.Type().OID)}
	return b.At(t, place.Leftmost(n.Location, b.LocOf(e)))
}

func (b *Binder) booleanTest(s *Scope, n *ast.BooleanTest) plan.Expr {
	t := &plan.BoolTest{}
	word := ""
	switch n.Booltesttype {
	case ast.IS_TRUE:
		t.Want, word = 't', "IS TRUE"
	case ast.IS_NOT_TRUE:
		t.Want, t.Not, word = 't', true, "IS NOT TRUE"
	case ast.IS_FALSE:
		t.Want, word = 'f', "IS FALSE"
	case ast.IS_NOT_FALSE:
		t.Want, t.Not, word = 'f', true, "IS NOT FALSE"
	case ast.IS_UNKNOWN:
		t.Want, word = 'u', "IS UNKNOWN"
	default:
		t.Want, t.Not, word = 'u', true, "IS NOT UNKNOWN"
	}
	t.Arg = b.ToBool(b.Expr(s, n.Arg), word)
	return b.At(t, place.Leftmost(n.Location, b.LocOf(t.Arg)))
}

// stopSRF forbids set-returning functions while f runs.
func (b *Binder) stopSRF(s *Scope, what string, f func()) {
	old := s.srfStop
	s.srfStop = what
	f()
	s.srfStop = old
}

func (b *Binder) caseExpr(s *Scope, n *ast.CaseExpr) plan.Expr {
	out := &plan.Case{}
	b.stopSRF(s, "CASE", func() {
		var arg plan.Expr
		if n.Arg != nil {
			out.Arg = b.ResolveUnknown(b.Expr(s, n.Arg))
			b.Collate(out.Arg)
			out.ArgCol = b.NewCol()
			arg = b.At(&plan.ColRef{Col: out.ArgCol, Name: "case", T: out.Arg.Type()}, b.LocOf(out.Arg))
		}
		var results []plan.Expr
		for _, w := range n.Args {
			when := w.(*ast.CaseWhen)
			var cond plan.Expr
			if arg != nil {
				cond = b.Expr(s, &ast.A_Expr{Kind: ast.AEXPR_OP, Name: []ast.Node{&ast.String{Sval: "="}}, Lexpr: &boundNode{Expr: arg}, Rexpr: when.Expr, Location: when.Location})
			} else {
				cond = b.Expr(s, when.Expr)
			}
			cond = b.ToBool(cond, "CASE/WHEN")
			then := b.Expr(s, when.Result)
			out.Whens = append(out.Whens, plan.When{Cond: cond, Then: then})
			results = append(results, then)
		}
		if n.Defresult != nil {
			out.Else = b.Expr(s, n.Defresult)
		} else {
			out.Else = &plan.Const{Val: types.Null, T: plan.Type{OID: types.Unknown, Mod: -1}}
		}
		// PostgreSQL looks at the default first.
		t, _ := b.CommonType(append([]plan.Expr{out.Else}, results...), "CASE")
		out.Else = b.ToCommon(out.Else, t, "CASE/ELSE")
		results = results[:0]
		for i := range out.Whens {
			out.Whens[i].Then = b.ToCommon(out.Whens[i].Then, t, "CASE/WHEN")
			results = append(results, out.Whens[i].Then)
		}
		out.T = b.PlanType(t, CommonMod(append(results, out.Else), t))
		if n.Defresult == nil {
			out.Else = nil
		}
	})
	return b.At(out, n.Location)
}

func (b *Binder) coalesce(s *Scope, n *ast.CoalesceExpr) plan.Expr {
	out := &plan.Coalesce{}
	b.stopSRF(s, "COALESCE", func() {
		for _, a := range n.Args {
			out.Args = append(out.Args, b.Expr(s, a))
		}
		t, _ := b.CommonType(out.Args, "COALESCE")
		for i := range out.Args {
			out.Args[i] = b.ToCommon(out.Args[i], t, "COALESCE")
		}
		out.T = b.PlanType(t, CommonMod(out.Args, t))
	})
	return b.At(out, n.Location)
}

func (b *Binder) minMax(s *Scope, n *ast.MinMaxExpr) plan.Expr {
	out := &plan.MinMax{Greatest: n.Op == ast.IS_GREATEST}
	what := "LEAST"
	if out.Greatest {
		what = "GREATEST"
	}
	for _, a := range n.Args {
		out.Args = append(out.Args, b.Expr(s, a))
	}
	t, _ := b.CommonType(out.Args, what)
	for i := range out.Args {
		out.Args[i] = b.ToCommon(out.Args[i], t, what)
	}
	if lt, _, _ := b.OrderOperators(t); lt == 0 {
		b.Fail(pgerr.UndefinedFunction, n.Location, "could not identify a comparison function for type %s", b.TypeText(t))
	}
	out.T = b.PlanType(t, CommonMod(out.Args, t))
	return b.At(out, n.Location)
}

func (b *Binder) rowExpr(s *Scope, n *ast.RowExpr) plan.Expr {
	out := &plan.RowCtor{Fields: b.ExprList(s, n.Args), T: plan.Type{OID: types.Record, Mod: -1}}
	if len(out.Fields) > 1664 {
		b.Fail(pgerr.TooManyColumns, n.Location, "ROW expressions can have at most %d entries", 1664)
	}
	for i := range out.Fields {
		out.Names = append(out.Names, "f"+strconv.Itoa(i+1))
	}
	return b.At(out, n.Location)
}

// arrayExpr is transformArrayExpr: arrayType and elem are given by a cast around it, else 0.
func (b *Binder) arrayExpr(s *Scope, n *ast.A_ArrayExpr, arrayType, elem types.OID, mod int32) plan.Expr {
	out := &plan.ArrayCtor{}
	for _, it := range n.Elements {
		var e plan.Expr
		if sub, ok := it.(*ast.A_ArrayExpr); ok {
			e = b.arrayExpr(s, sub, arrayType, elem, mod)
			out.Multi = true
		} else {
			e = b.Expr(s, it)
			if t := e.Type().OID; !out.Multi && b.ElemType(t) != 0 && t != types.Int2Vector && t != types.OidVector {
				out.Multi = true
			}
		}
		out.Elems = append(out.Elems, e)
	}
	target := types.OID(0)
	hard := false
	if arrayType != 0 {
		target, hard = elem, true
		if out.Multi {
			target = arrayType
		}
	} else {
		if len(out.Elems) == 0 {
			panic(b.Err(pgerr.IndeterminateDatatype, n.Location, "cannot determine type of empty array").
				WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[]."))
		}
		t, _ := b.CommonType(out.Elems, "ARRAY")
		target = t
		if out.Multi {
			arrayType, elem = t, b.ElemType(t)
			if elem == 0 {
				b.Fail(pgerr.UndefinedObject, n.Location, "could not find element type for data type %s", b.TypeText(t))
			}
		} else {
			elem, arrayType = t, b.ArrayOf(t)
			if arrayType == 0 {
				b.Fail(pgerr.UndefinedObject, n.Location, "could not find array type for data type %s", b.TypeText(t))
			}
		}
	}
	for i, e := range out.Elems {
		if hard {
			x := b.CoerceToTarget(e, target, mod, overload.Explicit, plan.CallCastExplicit, -1)
			if x == nil {
				b.Fail(pgerr.CannotCoerce, b.LocOf(e), "cannot cast type %s to %s", b.TypeText(e.Type().OID), b.TypeText(target))
			}
			out.Elems[i] = x
		} else {
			out.Elems[i] = b.ToCommon(e, target, "ARRAY")
		}
	}
	out.Elem, out.T = b.PlanType(elem, -1), b.PlanType(arrayType, -1)
	if hard && len(out.Elems) > 0 {
		out.T.Mod = mod
	}
	return b.At(out, n.Location)
}

// indirection is (expr)[…].field….
func (b *Binder) indirection(s *Scope, n *ast.A_Indirection) plan.Expr {
	e := b.Expr(s, n.Arg)
	return b.applyIndirection(s, e, n.Indirection, b.LocOf(e))
}

func (b *Binder) applyIndirection(s *Scope, e plan.Expr, list []ast.Node, loc int32) plan.Expr {
	var subs []*ast.A_Indices
	flush := func() {
		if len(subs) > 0 {
			e = b.Subscripts(s, e, subs, loc)
			subs = nil
		}
	}
	for _, in := range list {
		switch v := in.(type) {
		case *ast.A_Indices:
			subs = append(subs, v)
		case *ast.A_Star:
			b.Fail(pgerr.FeatureNotSupported, loc, "row expansion via \"*\" is not supported here")
		case *ast.String:
			flush()
			f := b.fieldOf(e, v.Sval, loc)
			if f == nil {
				f = b.methodCall(s, e, v.Sval, loc)
			}
			e = f
		}
	}
	flush()
	return e
}

// methodCall: (x).f may be f(x); else the field is missing.
func (b *Binder) methodCall(s *Scope, e plan.Expr, name string, loc int32) plan.Expr {
	t := e.Type().OID
	if b.IsRowType(t) {
		d := b.Function([]string{name}, nil, []types.OID{t}, true, false)
		if d.Candidate == nil && d.Cast == 0 {
			b.noField(e, name, loc)
		}
		call := &ast.FuncCall{Funcname: []ast.Node{&ast.String{Sval: name}}, Location: loc}
		return b.callOn(s, call, []plan.Expr{e}, len(s.SRFs))
	}
	d := b.Function([]string{name}, nil, []types.OID{t}, true, false)
	if d.Candidate != nil && d.Kind == 'f' {
		call := &ast.FuncCall{Funcname: []ast.Node{&ast.String{Sval: name}}, Location: loc}
		return b.callOn(s, call, []plan.Expr{e}, len(s.SRFs))
	}
	b.noField(e, name, loc)
	return nil
}

func (b *Binder) noField(e plan.Expr, name string, loc int32) {
	t := e.Type().OID
	if ref, ok := e.(*plan.ColRef); ok {
		if it := b.Rows[ref.Col]; it != nil {
			b.Fail(pgerr.UndefinedColumn, loc, "column %s.%s does not exist", it.Alias, name)
		}
	}
	switch {
	case b.IsComposite(t):
		b.Fail(pgerr.UndefinedColumn, loc, "column \"%s\" not found in data type %s", name, b.TypeText(t))
	case t == types.Record:
		b.Fail(pgerr.UndefinedColumn, loc, "could not identify column \"%s\" in record data type", name)
	}
	b.Fail(pgerr.WrongObjectType, loc, "column notation .%s applied to type %s, which is not a composite type", name, b.TypeText(t))
}

// Subscripts binds one run of [..][..] (transformContainerSubscripts).
func (b *Binder) Subscripts(s *Scope, e plan.Expr, subs []*ast.A_Indices, loc int32) plan.Expr {
	base, mod := b.BaseTypeMod(e.Type().OID, e.Type().Mod)
	if base != e.Type().OID {
		e = b.Relabel(e, b.PlanType(base, mod), plan.CallCastImplicit)
	}
	t := b.Type(base)
	out := &plan.Subscript{Arg: e}
	for _, ix := range subs {
		out.Slice = out.Slice || ix.IsSlice
	}
	switch {
	case base == types.JSONB:
		if out.Slice {
			for _, ix := range subs {
				if ix.IsSlice {
					at := ix.Uidx
					if at == nil {
						at = ix.Lidx
					}
					b.Fail(pgerr.DatatypeMismatch, place.OfNode(at), "jsonb subscript does not support slices")
				}
			}
		}
		for _, ix := range subs {
			x := b.Expr(s, ix.Uidx)
			out.Upper = append(out.Upper, b.jsonbSubscript(x))
			out.Lower = append(out.Lower, nil)
		}
		out.T = b.PlanType(types.JSONB, -1)
		return b.At(out, b.LocOf(e))
	case t != nil && t.Subscript == types.HstoreSubscriptHandler:
		out.Upper, out.Lower = []plan.Expr{b.hstoreSubscript(s, subs, out.Slice)}, []plan.Expr{nil}
		out.T = b.PlanType(types.Text, -1)
		return b.At(out, b.LocOf(e))
	case t == nil || t.Elem == 0 || t.Subscript == 0:
		b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "cannot subscript type %s because it does not support subscripting", b.TypeText(e.Type().OID))
	}
	for _, ix := range subs {
		var lo, hi plan.Expr
		if ix.Lidx != nil {
			lo = b.arraySubscript(b.Expr(s, ix.Lidx))
		} else if out.Slice && !ix.IsSlice {
			lo = b.IntConst(1)
		}
		if ix.Uidx != nil {
			hi = b.arraySubscript(b.Expr(s, ix.Uidx))
		}
		out.Lower, out.Upper = append(out.Lower, lo), append(out.Upper, hi)
	}
	if len(out.Upper) > 6 {
		b.Fail(pgerr.ProgramLimitExceeded, loc, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(out.Upper), 6)
	}
	if out.Slice {
		out.T = b.PlanType(base, mod)
	} else {
		out.T = b.PlanType(t.Elem, mod)
	}
	return b.At(out, b.LocOf(e))
}

// hstoreSubscript is the key between the brackets.
func (b *Binder) hstoreSubscript(s *Scope, subs []*ast.A_Indices, slice bool) plan.Expr {
	if slice || len(subs) != 1 {
		b.Fail(pgerr.FeatureNotSupported, -1, "hstore allows only one subscript")
	}
	key := b.Expr(s, subs[0].Uidx)
	x := b.CoerceToTarget(key, types.Text, -1, overload.Assignment, plan.CallCastImplicit, -1)
	if x == nil {
		b.Fail(pgerr.DatatypeMismatch, b.LocOf(key), "hstore subscript must have type text")
	}
	return x
}

func (b *Binder) arraySubscript(e plan.Expr) plan.Expr {
	x := b.CoerceToTarget(e, types.Int4, -1, overload.Assignment, plan.CallCastImplicit, -1)
	if x == nil {
		b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "array subscript must have type integer")
	}
	return x
}

func (b *Binder) jsonbSubscript(e plan.Expr) plan.Expr {
	t := e.Type().OID
	if t == types.Unknown {
		return b.Coerce(e, types.Text, -1, overload.Implicit, plan.CallCastImplicit, -1)
	}
	toInt, toText := b.CanCoerce(t, types.Int4, overload.Implicit), b.CanCoerce(t, types.Text, overload.Implicit)
	switch {
	case toInt && toText:
		panic(b.Err(pgerr.DatatypeMismatch, b.LocOf(e), "subscript type %s is not supported", b.TypeText(t)).WithHint("jsonb subscript must be coercible to only one type, integer or text."))
	case toInt:
		return b.CoerceToTarget(e, types.Int4, -1, overload.Implicit, plan.CallCastImplicit, -1)
	case toText:
		return b.CoerceToTarget(e, types.Text, -1, overload.Implicit, plan.CallCastImplicit, -1)
	}
	panic(b.Err(pgerr.DatatypeMismatch, b.LocOf(e), "subscript type %s is not supported", b.TypeText(t)).WithHint("jsonb subscript must be coercible to either integer or text."))
}

// sqlValues are the types of the parameterless functions with keyword names.
func (b *Binder) sqlValue(n *ast.SQLValueFunction) plan.Expr {
	v := &plan.SQLValue{T: plan.Type{Mod: -1}}
	set := func(name string, t types.OID, mod int32) { v.Name, v.T = name, b.PlanType(t, mod) }
	prec := min(n.Typmod, lexicon.MaxTimePrecision)
	switch n.Op {
	case ast.SVFOP_CURRENT_DATE:
		set("current_date", types.Date, -1)
	case ast.SVFOP_CURRENT_TIME:
		set("current_time", types.TimeTZ, -1)
	case ast.SVFOP_CURRENT_TIME_N:
		set("current_time", types.TimeTZ, prec)
	case ast.SVFOP_CURRENT_TIMESTAMP:
		set("current_timestamp", types.TimestampTZ, -1)
	case ast.SVFOP_CURRENT_TIMESTAMP_N:
		set("current_timestamp", types.TimestampTZ, prec)
	case ast.SVFOP_LOCALTIME:
		set("localtime", types.Time, -1)
	case ast.SVFOP_LOCALTIME_N:
		set("localtime", types.Time, prec)
	case ast.SVFOP_LOCALTIMESTAMP:
		set("localtimestamp", types.Timestamp, -1)
	case ast.SVFOP_LOCALTIMESTAMP_N:
		set("localtimestamp", types.Timestamp, prec)
	case ast.SVFOP_CURRENT_ROLE:
		set("current_role", types.Name, -1)
	case ast.SVFOP_CURRENT_USER:
		set("current_user", types.Name, -1)
	case ast.SVFOP_USER:
		set("user", types.Name, -1)
	case ast.SVFOP_SESSION_USER:
		set("session_user", types.Name, -1)
	case ast.SVFOP_CURRENT_CATALOG:
		set("current_catalog", types.Name, -1)
	case ast.SVFOP_CURRENT_SCHEMA:
		set("current_schema", types.Name, -1)
	}
	return b.At(v, n.Location)
}
