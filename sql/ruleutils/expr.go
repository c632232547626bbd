package ruleutils

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Options say how to print what an expression does not know itself. The zero value prints plain column names.
type Options struct {
	// Pretty leaves needless parentheses out.
	Pretty bool
	// Indent starts CASE and its arms on lines of their own, from column Level.
	Indent bool
	Level  int
	// Env prints literals (reg* names, user types); nil is allowed.
	Env *types.Env
	// Column prints a column reference, which may stand for an aggregate call and the like; nil: its quoted name.
	Column func(*plan.ColRef) string
	// RowField prints a column where t.* would be expanded (ROW, VALUES, target lists); nil: as Column.
	RowField func(*plan.ColRef) string
	// Subquery prints a query in an expression, indented from column level, with a leading blank; nil: subqueries are 0A000.
	Subquery func(q *plan.Subquery, level int) string
	// Sequence names the sequence of an identity column's default; nil: by number.
	Sequence func(types.OID) string
	// TypeName prints a type; nil: types.FormatType.
	TypeName func(oid types.OID, mod int32) string
	// FuncName prints the name of a function of users or extensions; nil: alone. Function finds the extensions'.
	FuncName func(f *catalog.Function) string
	Function func(types.OID) *catalog.Function
	// OperName prints an operator of users or extensions; nil: its symbol alone.
	OperName func(oid types.OID) string
}

// Expr prints an expression. Errors: 0A000 for what has no SQL form.
func Expr(e plan.Expr, o *Options) (s string, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *pgerr.Error:
			err = r
		default:
			panic(r)
		}
	}()
	if o == nil {
		o = &Options{}
	}
	p := &printer{o: o}
	p.expr(e, false)
	return p.String(), nil
}

// ExprShown is Expr with the cast at the top printed even where the binder put it in.
func ExprShown(e plan.Expr, o *Options) (s string, err error) {
	defer func() {
		if r, ok := recover().(*pgerr.Error); ok {
			err = r
		}
	}()
	p := &printer{o: o}
	p.expr(e, true)
	return p.String(), nil
}

// SortExpr prints an expression of ORDER BY, GROUP BY and the like (get_rule_sortgroupclause): what could be misread
// stands in parentheses, constants have their type.
func SortExpr(e plan.Expr, o *Options) string {
	p := &printer{o: o}
	switch v := e.(type) {
	case *plan.Const:
		p.constant(v, 1)
		return p.String()
	case *plan.ColRef:
		p.expr(e, true)
		return p.String()
	case *plan.FuncCall:
		if v.Form != plan.CallOp || o.Pretty {
			p.put("(")
			p.expr(e, true)
			p.put(")")
			return p.String()
		}
	default:
		if o.Pretty {
			p.put("(")
			p.expr(e, true)
			p.put(")")
			return p.String()
		}
	}
	p.expr(e, true)
	return p.String()
}

// MustExpr is Expr for callers that recover *pgerr.Error themselves.
func MustExpr(e plan.Expr, o *Options) string {
	s, err := Expr(e, o)
	if err != nil {
		panic(pgerr.From(err))
	}
	return s
}

type printer struct {
	strings.Builder
	o *Options
}

func (p *printer) put(ss ...string) {
	for _, s := range ss {
		p.WriteString(s)
	}
}

// open and close are the parentheses that only the plain form has.
func (p *printer) open() {
	if !p.o.Pretty {
		p.WriteByte('(')
	}
}

func (p *printer) close() {
	if !p.o.Pretty {
		p.WriteByte(')')
	}
}

func (p *printer) typeName(t plan.Type) string {
	if p.o.TypeName != nil {
		return p.o.TypeName(t.OID, t.Mod)
	}
	return types.FormatType(t.OID, t.Mod, p.o.Env)
}

// paren is get_rule_expr_paren: parentheses in the pretty form where parent binds tighter.
func (p *printer) paren(e plan.Expr, implicit bool, parent plan.Expr) {
	need := p.o.Pretty && !simple(e, parent)
	if need {
		p.put("(")
	}
	p.expr(e, implicit)
	if need {
		p.put(")")
	}
}

// expr is get_rule_expr. implicit: print a cast that the binder put in at the top.
func (p *printer) expr(e plan.Expr, implicit bool) {
	switch v := e.(type) {
	case *plan.Const:
		p.constant(v, 0)
	case *plan.Param:
		p.put("$", strconv.Itoa(v.Index+1))
	case *plan.ColRef:
		if p.o.Column != nil {
			p.put(p.o.Column(v))
		} else {
			p.put(QuoteIdent(v.Name))
		}
	case *plan.FuncCall:
		p.call(v, implicit)
	case *plan.Relabel:
		if v.T.OID == types.Record { // PostgreSQL has no node for it
			p.expr(v.Arg, implicit)
			return
		}
		if v.Form == plan.CallCastExplicit && v.T.Coll != 0 && sameBits(v.T, v.Arg.Type()) {
			p.open()
			p.paren(v.Arg, implicit, v)
			p.put(" COLLATE ", collationName(p.o.Env, v.T.Coll))
			p.close()
			return
		}
		p.cast(v.Arg, v.T, v.Form, implicit, v)
	case *plan.CoerceViaIO:
		p.cast(v.Arg, v.T, v.Form, implicit, v)
	case *plan.ArrayCoerce:
		p.cast(v.Arg, v.T, v.Form, implicit, v)
	case *plan.CoerceToDomain:
		p.cast(v.Arg, v.T, v.Form, implicit, v)
	case *plan.BoolOp:
		p.boolOp(v)
	case *plan.NullTest:
		p.open()
		p.paren(v.Arg, true, v)
		if v.Not {
			p.put(" IS NOT NULL")
		} else {
			p.put(" IS NULL")
		}
		p.close()
	case *plan.BoolTest:
		p.open()
		p.paren(v.Arg, false, v)
		not := ""
		if v.Not {
			not = "NOT "
		}
		p.put(" IS ", not, map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[v.Want])
		p.close()
	case *plan.Case:
		p.caseExpr(v)
	case *plan.Coalesce:
		p.put("COALESCE(")
		p.list(v.Args, true)
		p.put(")")
	case *plan.MinMax:
		p.put(map[bool]string{true: "GREATEST(", false: "LEAST("}[v.Greatest])
		p.list(v.Args, true)
		p.put(")")
	case *plan.XML:
		p.xml(v)
	case *plan.NullIf:
		p.put("NULLIF(")
		p.list(v.Eq.Args, true)
		p.put(")")
	case *plan.DistinctFrom:
		p.distinct(v)
	case *plan.ScalarArrayOp:
		p.open()
		p.paren(v.Call.Args[0], true, v)
		p.put(" ", p.operName(v.Call), map[bool]string{true: " ALL (", false: " ANY ("}[v.All])
		p.paren(v.Call.Args[1], true, v)
		if q, ok := v.Call.Args[1].(*plan.Subquery); ok {
			p.put("::", p.typeName(q.T)) // a bare one would be read as x op ANY (SELECT …)
		}
		p.put(")")
		p.close()
	case *plan.ArrayCtor:
		p.put("ARRAY[")
		p.list(v.Elems, true)
		p.put("]")
		if len(v.Elems) == 0 {
			p.put("::", p.typeName(plan.Type{OID: v.T.OID, Mod: -1}))
		}
	case *plan.Subscript:
		p.subscript(v)
	case *plan.RowCtor:
		p.put("ROW(")
		for i, f := range v.Fields {
			if i > 0 {
				p.put(", ")
			}
			if ref, ok := f.(*plan.ColRef); ok && p.o.RowField != nil {
				p.put(p.o.RowField(ref))
			} else {
				p.expr(f, true)
			}
		}
		p.put(")")
		if v.T.OID != types.Record {
			p.put("::", p.typeName(v.T))
		}
	case *plan.FieldSelect:
		bare := false
		switch v.Arg.(type) {
		case *plan.Subscript, *plan.FieldSelect:
			bare = true
		}
		if !bare {
			p.put("(")
		}
		p.expr(v.Arg, true)
		if !bare {
			p.put(")")
		}
		p.put(".", QuoteIdent(v.Name))
	case *plan.RowCompare:
		if q := rowSubquery(v.Lt); q != nil {
			p.rowSubquery(q, v.Lt, v.Op)
			return
		}
		p.put("(ROW(")
		for i, c := range v.Lt {
			if i > 0 {
				p.put(", ")
			}
			p.expr(c.Args[0], true)
		}
		p.put(") ", v.Op, " ROW(")
		for i, c := range v.Lt {
			if i > 0 {
				p.put(", ")
			}
			p.expr(c.Args[1], true)
		}
		p.put("))")
	case *plan.Subquery:
		p.subquery(v)
	case *plan.SQLValue:
		p.put(strings.ToUpper(v.Name))
		if v.T.Mod >= 0 {
			p.put("(", strconv.Itoa(int(v.T.Mod)), ")")
		}
	case *plan.NextVal:
		name := strconv.Itoa(int(v.Seq))
		if p.o.Sequence != nil {
			name = p.o.Sequence(v.Seq)
		}
		p.put("nextval(", QuoteLiteral(name), "::regclass)")
	case *plan.Aggref:
		p.aggregate(v)
	case *plan.CurrentOf:
		p.put("CURRENT OF ", QuoteIdent(v.Cursor))
	default:
		panic(pgerr.Unsupported("printing this expression"))
	}
}

func sameBits(a, b plan.Type) bool { return a.OID == b.OID && a.Mod == b.Mod }

func (p *printer) list(es []plan.Expr, implicit bool) {
	for i, e := range es {
		if i > 0 {
			p.put(", ")
		}
		p.expr(e, implicit)
	}
}

// constant is get_const_expr. show: -1 never a type label, 0 where needed.
func (p *printer) constant(c *plan.Const, show int) {
	if c.Val.IsNull() {
		p.put("NULL")
		if show >= 0 {
			p.put("::", p.typeName(c.T))
			p.collation(c.T)
		}
		return
	}
	t := p.o.Env.Type(c.T.OID)
	if t == nil {
		panic(pgerr.Internal("type %d of a constant is unknown", c.T.OID))
	}
	s := string(t.AppendText(nil, c.Val, p.o.Env))
	label := false
	switch c.T.OID {
	case types.Int4:
		if s[0] != '-' {
			p.put(s)
		} else {
			p.put("'", s, "'")
			label = true
		}
	case types.Numeric:
		if s[0] >= '0' && s[0] <= '9' && strings.ContainsAny(s, "eE.") {
			p.put(s)
		} else {
			p.put("'", s, "'")
			label = true
		}
		label = label || c.T.Mod >= 0
	case types.Bool:
		p.put(map[bool]string{true: "true", false: "false"}[c.Val.Bool()])
	case types.Unknown:
		p.put(QuoteLiteral(s))
	default:
		p.put(QuoteLiteral(s))
		label = true
	}
	if show > 0 || show == 0 && label {
		p.put("::", p.typeName(c.T))
	}
	if show >= 0 {
		p.collation(c.T)
	}
}

// collation prints the collation of a constant where it is not its type's own.
func (p *printer) collation(t plan.Type) {
	if ty := p.o.Env.Type(t.OID); ty != nil && t.Coll != 0 && t.Coll != ty.Collation {
		p.put(" COLLATE ", collationName(p.o.Env, t.Coll))
	}
}

// collationName is generate_collation_name.
func collationName(env *types.Env, oid types.OID) string {
	if env != nil && env.Resolver != nil {
		if name, ok := env.Resolver.RegName(types.RegKindCollation, oid); ok {
			return name
		}
	}
	for _, r := range pgdata.Load("pg_collation").Rows {
		if *r[0] == strconv.Itoa(int(oid)) {
			return QuoteIdent(*r[1])
		}
	}
	return strconv.Itoa(int(oid))
}

// cast is get_coercion_expr, or the argument alone where the binder put the cast in.
func (p *printer) cast(arg plan.Expr, t plan.Type, form plan.CallForm, implicit bool, parent plan.Expr) {
	if form == plan.CallCastImplicit && !implicit {
		p.paren(arg, false, parent)
		return
	}
	if c, ok := arg.(*plan.Const); ok && c.T.OID == t.OID && c.T.Mod == -1 {
		p.constant(c, -1)
	} else {
		p.open()
		p.paren(arg, false, parent)
		p.close()
	}
	p.put("::", p.typeName(t))
}

func (p *printer) call(v *plan.FuncCall, implicit bool) {
	switch v.Form {
	case plan.CallOp:
		p.open()
		if len(v.Args) == 2 {
			p.paren(v.Args[0], true, v)
			p.put(" ", p.operName(v), " ")
			p.paren(v.Args[1], true, v)
		} else {
			p.put(p.operName(v), " ")
			p.paren(v.Args[0], true, v)
		}
		p.close()
		return
	case plan.CallCastExplicit, plan.CallCastImplicit:
		p.cast(v.Args[0], v.T, v.Form, implicit, v)
		return
	case plan.CallSQLSyntax:
		if p.syntax(v) {
			return
		}
	}
	p.put(p.funcName(v.Func, v.Proc, v.Name), "(")
	for i, a := range v.Args {
		if i > 0 {
			p.put(", ")
		}
		last := i == len(v.Args)-1
		if v.Variadic && last {
			p.put("VARIADIC ")
		}
		// A packed variadic call is written with its arguments again.
		if arr, ok := a.(*plan.ArrayCtor); ok && last && !v.Variadic && (isVariadic(v.Proc) || v.Func != nil && v.Func.Proc.Variadic != 0 && v.Func.Proc.Variadic != types.Any) {
			p.list(arr.Elems, true)
			continue
		}
		p.expr(a, true)
	}
	p.put(")")
}

// procs finds the rows that printing needs.
func proc(oid types.OID) *pgdata.Proc {
	procs := pgdata.Procs()
	lo, hi := 0, len(procs)
	for lo < hi {
		m := (lo + hi) / 2
		if procs[m].OID < oid {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(procs) && procs[lo].OID == oid {
		return &procs[lo]
	}
	return nil
}

func isVariadic(oid types.OID) bool {
	p := proc(oid)
	return p != nil && p.Variadic != 0 && p.Variadic != types.Any
}

// funcName prints a function's name; f is nil for built-in ones.
func (p *printer) funcName(f *catalog.Function, oid types.OID, name string) string {
	switch {
	case f == nil:
		return p.procName(oid, name)
	case p.o.FuncName != nil:
		return p.o.FuncName(f)
	}
	return QuoteIdent(name)
}

func (p *printer) operName(v *plan.FuncCall) string {
	if !catalog.BuiltIn(v.Op) && p.o.OperName != nil {
		return p.o.OperName(v.Op)
	}
	return v.Name
}

// procName is generate_function_name: qualified where the name alone would not find it.
func (p *printer) procName(oid types.OID, name string) string {
	if !catalog.BuiltIn(oid) {
		if p.o.Function == nil || p.o.FuncName == nil {
			return QuoteIdent(name)
		}
		if f := p.o.Function(oid); f != nil {
			return p.o.FuncName(f)
		}
	}
	if r := proc(oid); oid == 0 || r != nil && r.Namespace != catalog.PgCatalogOID {
		return "information_schema." + QuoteIdent(name)
	}
	return QuoteIdent(name)
}

// syntax is get_func_sql_syntax.
func (p *printer) syntax(v *plan.FuncCall) bool {
	a := v.Args
	word := func(e plan.Expr) string {
		if c, ok := e.(*plan.Const); ok && !c.Val.IsNull() {
			return c.Val.Str()
		}
		return ""
	}
	infix := func(head string, e1 plan.Expr, mid string, e2 plan.Expr) bool {
		p.put(head)
		p.expr(e1, false)
		p.put(mid)
		p.expr(e2, false)
		p.put(")")
		return true
	}
	switch v.Name {
	case "timezone":
		p.put("(")
		p.paren(a[1], false, v)
		p.put(" AT TIME ZONE ")
		p.paren(a[0], false, v)
		p.put(")")
		return true
	case "overlaps":
		p.put("((")
		p.list(a[:2], false)
		p.put(") OVERLAPS (")
		p.list(a[2:], false)
		p.put("))")
		return true
	case "extract":
		p.put("EXTRACT(", word(a[0]), " FROM ")
		p.expr(a[1], false)
		p.put(")")
		return true
	case "is_normalized":
		p.put("((")
		p.expr(a[0], false)
		p.put(") IS")
		if len(a) == 2 {
			p.put(" ", word(a[1]))
		}
		p.put(" NORMALIZED)")
		return true
	case "normalize":
		p.put("NORMALIZE(")
		p.expr(a[0], false)
		if len(a) == 2 {
			p.put(", ", word(a[1]))
		}
		p.put(")")
		return true
	case "overlay":
		p.put("OVERLAY(")
		p.expr(a[0], false)
		p.put(" PLACING ")
		p.expr(a[1], false)
		p.put(" FROM ")
		p.expr(a[2], false)
		if len(a) == 4 {
			p.put(" FOR ")
			p.expr(a[3], false)
		}
		p.put(")")
		return true
	case "position":
		return infix("POSITION((", a[1], ") IN (", a[0]) && p.tail(")")
	case "substring":
		if len(a) == 3 && a[1].Type().OID != types.Int4 {
			p.put("SUBSTRING(")
			p.expr(a[0], false)
			p.put(" SIMILAR ")
			p.expr(a[1], false)
			p.put(" ESCAPE ")
			p.expr(a[2], false)
			p.put(")")
			return true
		}
		p.put("SUBSTRING(")
		p.expr(a[0], false)
		p.put(" FROM ")
		p.expr(a[1], false)
		if len(a) == 3 {
			p.put(" FOR ")
			p.expr(a[2], false)
		}
		p.put(")")
		return true
	case "btrim", "ltrim", "rtrim":
		p.put("TRIM(", map[string]string{"btrim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}[v.Name])
		if len(a) == 2 {
			p.put(" ")
			p.expr(a[1], false)
		}
		p.put(" FROM ")
		p.expr(a[0], false)
		p.put(")")
		return true
	case "pg_collation_for":
		p.put("COLLATION FOR (")
		p.expr(a[0], false)
		p.put(")")
		return true
	}
	return false
}

func (p *printer) tail(s string) bool {
	p.put(s)
	return true
}

// rowSubquery recognises the comparison of a row with the one row of a subquery, which is bound column by column: each right
// side is a field of the same subquery.
func rowSubquery(calls []*plan.FuncCall) *plan.Subquery {
	var q *plan.Subquery
	for _, c := range calls {
		if c == nil || c.Form != plan.CallOp || len(c.Args) != 2 {
			return nil
		}
		e := c.Args[1]
		for {
			if f, ok := e.(*plan.FuncCall); ok && f.Form == plan.CallCastImplicit {
				e = f.Args[0]
			} else if r, ok := e.(*plan.Relabel); ok && r.Form == plan.CallCastImplicit {
				e = r.Arg
			} else {
				break
			}
		}
		f, ok := e.(*plan.FieldSelect)
		if !ok {
			return nil
		}
		s, ok := f.Arg.(*plan.Subquery)
		if !ok || s.Kind != plan.SubRow || q != nil && q != s {
			return nil
		}
		q = s
	}
	return q
}

func (p *printer) rowSubquery(q *plan.Subquery, calls []*plan.FuncCall, op string) {
	if p.o.Subquery == nil {
		panic(pgerr.Unsupported("printing a subquery here"))
	}
	p.put("((")
	for i, c := range calls {
		if i > 0 {
			p.put(", ")
		}
		p.expr(c.Args[0], true)
	}
	p.put(") ", op, " (", p.o.Subquery(q, p.o.Level), "))")
}

func (p *printer) boolOp(v *plan.BoolOp) {
	if v.Kind != plan.Not && len(v.Args) > 1 {
		calls := make([]*plan.FuncCall, len(v.Args))
		for i, a := range v.Args {
			calls[i], _ = a.(*plan.FuncCall)
		}
		if q := rowSubquery(calls); q != nil {
			p.rowSubquery(q, calls, calls[0].Name)
			return
		}
	}
	p.open()
	if v.Kind == plan.Not {
		p.put("NOT ")
		p.paren(v.Args[0], false, v)
	} else {
		word := " AND "
		if v.Kind == plan.Or {
			word = " OR "
		}
		for i, a := range v.Args {
			if i > 0 {
				p.put(word)
			}
			p.paren(a, false, v)
		}
	}
	p.close()
}

// distinct prints IS NOT DISTINCT FROM as the negation that PostgreSQL keeps.
func (p *printer) distinct(v *plan.DistinctFrom) {
	if v.Not {
		p.open()
		p.put("NOT ")
		if p.o.Pretty {
			p.put("(")
		}
	}
	p.open()
	p.paren(v.Eq.Args[0], true, v)
	p.put(" IS DISTINCT FROM ")
	p.paren(v.Eq.Args[1], true, v)
	p.close()
	if v.Not {
		if p.o.Pretty {
			p.put(")")
		}
		p.close()
	}
}

func (p *printer) caseExpr(v *plan.Case) {
	if p.o.Indent {
		before := strings.TrimRight(p.String(), " ")
		p.Reset()
		p.put(before, "\n", strings.Repeat(" ", p.o.Level))
	}
	p.put("CASE")
	if v.Arg != nil {
		p.put(" ")
		p.expr(v.Arg, true)
	}
	sep, end := " ", " END"
	if p.o.Indent {
		pad := "\n" + strings.Repeat(" ", p.o.Level)
		sep, end = pad+"    ", pad+"END"
		outer, inner := p.o, *p.o
		inner.Level += 4
		p.o = &inner
		defer func() { p.o = outer }()
	}
	for _, w := range v.Whens {
		p.put(sep, "WHEN ")
		cond := w.Cond
		if v.Arg != nil {
			// The comparison with the argument: only the other side is written.
			if f, ok := cond.(*plan.FuncCall); ok && f.Form == plan.CallOp && len(f.Args) == 2 {
				cond = f.Args[1]
			}
		}
		p.expr(cond, false)
		p.put(" THEN ")
		p.expr(w.Then, true)
	}
	p.put(sep, "ELSE ")
	if v.Else != nil {
		p.expr(v.Else, true)
	} else {
		p.constant(&plan.Const{Val: types.Null, T: plan.Type{OID: v.T.OID, Mod: -1}}, 0)
	}
	p.put(end)
}

func (p *printer) subscript(v *plan.Subscript) {
	bare := false
	switch v.Arg.(type) {
	case *plan.ColRef, *plan.FieldSelect:
		bare = true
	}
	if !bare {
		p.put("(")
	}
	p.expr(v.Arg, true)
	if !bare {
		p.put(")")
	}
	for i := range v.Upper {
		p.put("[")
		if v.Slice {
			if v.Lower[i] != nil {
				p.expr(v.Lower[i], false)
			}
			p.put(":")
		}
		if v.Upper[i] != nil {
			p.expr(v.Upper[i], false)
		}
		p.put("]")
	}
}

// subquery is get_sublink_expr.
func (p *printer) subquery(v *plan.Subquery) {
	if p.o.Subquery == nil {
		panic(pgerr.Unsupported("printing a subquery here"))
	}
	text := p.o.Subquery(v, p.o.Level)
	switch v.Kind {
	case plan.SubExists:
		p.put("(EXISTS (", text, "))")
	case plan.SubArray:
		p.put("ARRAY(", text, ")")
	case plan.SubAny, plan.SubAll:
		p.put("(")
		op := p.testLeft(v.Test)
		switch {
		case v.Kind == plan.SubAny && op == "=":
			p.put(" IN (")
		case v.Kind == plan.SubAny:
			p.put(" ", op, " ANY (")
		default:
			p.put(" ", op, " ALL (")
		}
		p.put(text, "))")
	default:
		p.put("(", text, ")")
	}
}

// testLeft prints the outer side of a comparison with a subquery and returns its operator.
func (p *printer) testLeft(test plan.Expr) string {
	switch t := test.(type) {
	case *plan.FuncCall:
		p.expr(t.Args[0], true)
		return t.Name
	case *plan.BoolOp:
		p.put("(")
		op := ""
		for i, a := range t.Args {
			if i > 0 {
				p.put(", ")
			}
			f := a.(*plan.FuncCall)
			op = f.Name
			p.expr(f.Args[0], true)
		}
		p.put(")")
		return op
	case *plan.RowCompare:
		p.put("(")
		for i, c := range t.Lt {
			if i > 0 {
				p.put(", ")
			}
			p.expr(c.Args[0], true)
		}
		p.put(")")
		return t.Op
	}
	panic(pgerr.Unsupported("printing this comparison with a subquery"))
}

// aggregate is get_agg_expr.
func (p *printer) aggregate(a *plan.Aggref) {
	p.put(p.funcName(a.Func, a.Proc, a.Name), "(")
	if a.Distinct {
		p.put("DISTINCT ")
	}
	order := func() {
		for i, o := range a.OrderBy {
			if i > 0 {
				p.put(", ")
			}
			p.put(p.orderItem(o.Expr, o.Desc, o.NullsFirst))
		}
	}
	if a.Ordered {
		p.list(a.Direct, true)
		p.put(") WITHIN GROUP (ORDER BY ")
		order()
	} else {
		if a.Star {
			p.put("*")
		}
		for i, e := range a.Args {
			if i > 0 {
				p.put(", ")
			}
			if a.Variadic && i == len(a.Args)-1 {
				p.put("VARIADIC ")
			}
			p.expr(e, true)
		}
		if len(a.OrderBy) > 0 {
			p.put(" ORDER BY ")
			order()
		}
	}
	if a.Filter != nil {
		p.put(") FILTER (WHERE ")
		p.expr(a.Filter, false)
	}
	p.put(")")
}

func (p *printer) orderItem(e plan.Expr, desc, nullsFirst bool) string {
	s := SortExpr(e, p.o)
	return s + OrderSuffix(desc, nullsFirst)
}

// OrderSuffix is what follows an ORDER BY expression: nothing for ASC with nulls last.
func OrderSuffix(desc, nullsFirst bool) string {
	switch {
	case desc && nullsFirst:
		return " DESC"
	case desc:
		return " DESC NULLS LAST"
	case nullsFirst:
		return " NULLS FIRST"
	}
	return ""
}

// WindowCall prints a window function without its OVER clause.
func WindowCall(c *plan.WindowCall, o *Options) string {
	p := &printer{o: o}
	p.put(p.funcName(c.Func, c.Proc, c.Name), "(")
	if c.Star {
		p.put("*")
	}
	p.list(c.Args, true)
	if c.Filter != nil {
		p.put(") FILTER (WHERE ")
		p.expr(c.Filter, false)
	}
	p.put(")")
	return p.String()
}
