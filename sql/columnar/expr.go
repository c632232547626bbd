package columnar

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// expr writes an expression over the columns of b; ok is false, with c.reason, where it is not on the whitelist.
func (c *compiler) expr(b *block, e plan.Expr) (value, bool) {
	v, ok := c.output(b, e)
	if !ok {
		return v, false
	}
	return c.exact(v)
}

// output is expr for a column of a SELECT list, which may be a quotient that is not computed yet.
func (c *compiler) output(b *block, e plan.Expr) (value, bool) {
	switch x := e.(type) {
	case *plan.Const:
		return c.constant(x)
	case *plan.ColRef:
		v, ok := c.column(b, x.Col)
		if !ok {
			return c.no("a column of an enclosing query")
		}
		return v, true
	}
	if c.foldable(e) {
		return c.param(e)
	}
	switch x := e.(type) {
	case *plan.Relabel:
		if !textual(x.T.OID) || !textual(x.Arg.Type().OID) {
			return c.no("a cast to " + typeName(x.T.OID))
		}
		v, ok := c.expr(b, x.Arg)
		v.typ = x.T.OID
		return v, ok
	case *plan.FuncCall:
		return c.call(b, x)
	case *plan.BoolOp:
		return c.boolOp(b, x)
	case *plan.NullTest:
		if x.Row {
			return c.no("IS NULL of a row")
		}
		v, ok := c.expr(b, x.Arg)
		if !ok {
			return v, false
		}
		op := " IS NULL)"
		if x.Not {
			op = " IS NOT NULL)"
		}
		return value{sql: "(" + v.sql + op, typ: types.Bool}, true
	case *plan.BoolTest:
		return c.boolTest(b, x)
	case *plan.ScalarArrayOp:
		return c.arrayOp(b, x)
	case *plan.DistinctFrom:
		is := " IS DISTINCT FROM "
		if x.Not {
			is = " IS NOT DISTINCT FROM "
		}
		l, r, ok := c.sides(b, x.Eq, "=")
		return value{sql: "(" + l.sql + is + r.sql + ")", typ: types.Bool}, ok
	case *plan.NullIf:
		l, r, ok := c.sides(b, x.Eq, "=")
		if !ok {
			return value{}, false
		}
		v, ok := c.expr(b, x.Eq.Args[0])
		if !ok || v.typ != x.T.OID {
			return c.no("NULLIF")
		}
		v.sql, v.lit, v.base = "CASE WHEN ("+l.sql+" = "+r.sql+") THEN NULL ELSE "+v.sql+" END", nil, ""
		return v, true
	case *plan.Case:
		return c.caseOf(b, x)
	case *plan.Coalesce:
		return c.coalesce(b, x)
	case *plan.Subquery:
		return c.subquery(b, x)
	}
	return c.no(exprName(e))
}

// column finds what a column of the block, or of a block around it, is.
func (c *compiler) column(b *block, id plan.ColID) (value, bool) {
	if v, ok := b.cols[id]; ok {
		return v, true
	}
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if v, ok := c.scopes[i][id]; ok {
			return v, true
		}
	}
	return value{}, false
}

func exprName(e plan.Expr) string {
	switch x := e.(type) {
	case *plan.MinMax:
		return "GREATEST or LEAST"
	case *plan.Subquery:
		return "a subquery"
	case *plan.CoerceViaIO:
		return "a cast to " + typeName(x.T.OID)
	case *plan.SQLValue:
		return strings.ToUpper(x.Name)
	}
	return "an expression"
}

func typeName(oid types.OID) string {
	if t := types.Lookup(oid); t != nil {
		return t.Name
	}
	return "type " + strconv.Itoa(int(oid))
}

func textual(oid types.OID) bool { return oid == types.Text || oid == types.Varchar }

// binaryOrder are the collations in which text is ordered by its bytes: default (C.UTF-8 here), C, POSIX, ucs_basic.
func binaryOrder(coll types.OID) bool {
	switch coll {
	case 0, 100, 950, 951, 962:
		return true
	}
	return false
}

func (c *compiler) constant(x *plan.Const) (value, bool) {
	v := typed("", x.T.OID)
	v.lit = &literal{val: x.Val}
	switch {
	case x.T.OID == types.Numeric:
		v.p, v.s = 1, 0
		if !x.Val.IsNull() {
			var ok bool
			if v.p, v.s, ok = literalDecimal(x.Val); !ok {
				return c.no("this numeric constant")
			}
		}
	case x.Val.IsNull():
	case v.lo != v.hi:
		v.lo, v.hi = x.Val.Int(), x.Val.Int()
	}
	lit, ok := AppendLiteral(nil, x.T.OID, x.Val)
	if !ok {
		return c.no("a constant of type " + typeName(x.T.OID))
	}
	v.sql = string(lit)
	return v, true
}

// param makes an expression without columns a parameter of the fragment.
func (c *compiler) param(e plan.Expr) (value, bool) {
	oid := e.Type().OID
	if duckType(oid) == "" && oid != types.Numeric {
		return c.no("a parameter of type " + typeName(oid))
	}
	c.params = append(c.params, e)
	v := typed("$"+strconv.Itoa(len(c.params)), oid)
	v.lit = &literal{param: len(c.params)}
	return v, true
}

// foldable reports an expression that has one value during the statement and that the executor can compute before the fragment
// starts: constants, parameters, subqueries without outer columns, and functions of these that are not volatile.
func (c *compiler) foldable(e plan.Expr) bool {
	if _, constant := e.(*plan.Const); constant {
		return false
	}
	ok := true
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch x := e.(type) {
		case *plan.Const, *plan.Param, *plan.Relabel, *plan.CoerceViaIO, *plan.BoolOp, *plan.NullTest, *plan.Coalesce:
		case *plan.FuncCall:
			ok = ok && x.Func == nil && !x.RetSet && whitelist().steady[x.Proc]
		case *plan.Subquery:
			ok = ok && x.Kind == plan.SubScalar && x.Plan != nil && len(x.Params) == 0 && !c.readsCTE(x.Rel)
			return false
		default:
			ok = false
		}
		return ok
	})
	return ok
}

func (c *compiler) call(b *block, x *plan.FuncCall) (value, bool) {
	f := whitelist().fns[x.Proc]
	if f.emit == nil || x.Func != nil {
		if x.Form == plan.CallOp {
			return c.no("operator " + x.Name)
		}
		return c.no("function " + x.Name)
	}
	if !binaryOrder(x.InputColl) {
		return c.no("a collation")
	}
	args := make([]value, len(x.Args))
	for i, a := range x.Args {
		var ok bool
		if args[i], ok = c.expr(b, a); !ok {
			return value{}, false
		}
	}
	v, ok := f.emit(c, x, args)
	if ok && v.divisor == nil && slices.ContainsFunc(args, constant) {
		v = ofType(v)
	}
	return v, ok
}

// sides writes the two arguments of a comparison so that sym compares them.
func (c *compiler) sides(b *block, x *plan.FuncCall, sym string) (l, r value, ok bool) {
	f := whitelist().fns[x.Proc]
	if f.sym != sym || len(x.Args) != 2 || !binaryOrder(x.InputColl) {
		c.no("operator " + x.Name)
		return l, r, false
	}
	if l, ok = c.expr(b, x.Args[0]); !ok {
		return l, r, false
	}
	if r, ok = c.expr(b, x.Args[1]); !ok {
		return l, r, false
	}
	return c.compared(sym, l, r)
}

// compared brings the two sides of a comparison to one type of DuckDB's, in which sym has PostgreSQL's meaning.
func (c *compiler) compared(sym string, l, r value) (_, _ value, ok bool) {
	switch {
	case l.typ == types.Numeric && r.typ == types.Numeric:
		return c.comparable(sym, l, r)
	case l.typ == types.BPChar && r.typ == types.BPChar:
		l, r = bpchars(sym, l, r)
		return l, r, true
	case l.typ == types.Date && r.typ == types.Timestamp:
		l, r = dates(l, r)
		return l, r, true
	case l.typ == types.Timestamp && r.typ == types.Date:
		r, l = dates(r, l)
		return l, r, true
	}
	return l, r, true
}

// bpchars: trailing blanks do not count, and columns have them all.
func bpchars(sym string, l, r value) (_, _ value) {
	if sym == "=" || sym == "<>" {
		switch {
		case l.pad > 0 && l.pad == r.pad:
			return l, r
		case l.pad > 0 && padded(&r, l.pad), r.pad > 0 && padded(&l, r.pad):
			return l, r
		}
	}
	return trimmed(l), trimmed(r)
}

func trimmed(v value) value {
	v.sql, v.pad = "rtrim("+v.sql+", ' ')", 0
	return v
}

// padded writes a constant as a value of char(n); false where it is none.
func padded(v *value, n int) bool {
	if v.lit == nil || v.lit.param > 0 {
		return false
	}
	if v.lit.val.IsNull() {
		return true
	}
	s := strings.TrimRight(v.lit.val.Str(), " ")
	if k := len([]rune(s)); k < n {
		s += strings.Repeat(" ", n-k)
	}
	lit, ok := AppendLiteral(nil, types.BPChar, tuple.String(s))
	v.sql = string(lit)
	return ok
}

// dates writes a date and a timestamp to be compared: as dates where the timestamp is a constant at midnight.
func dates(d, ts value) (_, _ value) {
	if ts.lit != nil && ts.lit.param == 0 && !ts.lit.val.IsNull() && ts.lit.val.Int()%86400e6 == 0 {
		if lit, ok := AppendLiteral(nil, types.Date, tuple.Int(ts.lit.val.Int()/86400e6)); ok {
			ts.sql = string(lit)
			return d, ts
		}
	}
	d.sql = "CAST(" + d.sql + " AS TIMESTAMP)"
	return d, ts
}

// integer is arithmetic of integers. Where the result may not fit its type, it is computed in a wider one and cast, which is an
// error where it does not fit; DuckDB would lose the error of an operation where it moves constants (x + 1 > 5 becomes x > 4).
func (c *compiler) integer(sym string, l, r value, to types.OID) value {
	out := typed("", to)
	L, H := big.NewInt(l.lo), big.NewInt(l.hi)
	l2, h2 := big.NewInt(r.lo), big.NewInt(r.hi)
	var lo, hi *big.Int
	switch sym {
	case "+":
		lo, hi = L.Add(L, l2), H.Add(H, h2)
	case "-":
		lo, hi = L.Sub(L, h2), H.Sub(H, l2)
	default:
		for _, x := range []*big.Int{L, H} {
			for _, y := range []*big.Int{l2, h2} {
				p := new(big.Int).Mul(x, y)
				if lo == nil || p.Cmp(lo) < 0 {
					lo = p
				}
				if hi == nil || p.Cmp(hi) > 0 {
					hi = p
				}
			}
		}
	}
	in := "HUGEINT"
	if lo.IsInt64() && hi.IsInt64() {
		in = "BIGINT"
		if lo.Int64() >= out.lo && hi.Int64() <= out.hi {
			out.lo, out.hi = lo.Int64(), hi.Int64()
			in = duckType(to)
		}
	}
	out.sql = "(CAST(" + l.sql + " AS " + in + ") " + sym + " CAST(" + r.sql + " AS " + in + "))"
	if in != duckType(to) {
		return narrowed(out.sql, to)
	}
	if r.lo == r.hi && r.lit != nil && r.lo != math.MinInt64 {
		switch sym {
		case "+":
			out.base, out.off = l.sql, r.lo
		case "-":
			out.base, out.off = l.sql, -r.lo
		}
	}
	return out
}

// narrowed is a cast of an integer to a narrower type. A cast alone is not enough: DuckDB drops it in a comparison.
func narrowed(sql string, to types.OID) value {
	v := typed("", to)
	v.sql = fmt.Sprintf("CASE WHEN %s NOT BETWEEN %d AND %d THEN error('integer out of range') ELSE CAST(%[1]s AS %[4]s) END", sql, v.lo, v.hi, duckType(to))
	return v
}

// widen is a cast to a type that holds every value.
func (c *compiler) widen(v value, to types.OID) (value, bool) {
	out := value{typ: to, lo: v.lo, hi: v.hi}
	if out.lo == out.hi {
		out = typed("", to)
		if v.lo == v.hi {
			out.lo, out.hi = v.lo, v.hi
		}
	}
	name := duckType(to)
	if to == types.Numeric {
		switch v.typ {
		case types.Int2:
			out.p = 5
		case types.Int4:
			out.p = 10
		default:
			out.p = 19
		}
		name = decimalName(out.p, 0)
	}
	out.sql = "CAST(" + v.sql + " AS " + name + ")"
	return out, true
}

func (c *compiler) boolOp(b *block, x *plan.BoolOp) (value, bool) {
	parts := make([]string, len(x.Args))
	for i, a := range x.Args {
		v, ok := c.expr(b, a)
		if !ok {
			return v, false
		}
		parts[i] = v.sql
	}
	switch x.Kind {
	case plan.Not:
		return value{sql: "(NOT " + parts[0] + ")", typ: types.Bool}, true
	case plan.Or:
		return value{sql: "(" + strings.Join(parts, " OR ") + ")", typ: types.Bool}, true
	}
	return value{sql: "(" + strings.Join(parts, " AND ") + ")", typ: types.Bool}, true
}

func (c *compiler) boolTest(b *block, x *plan.BoolTest) (value, bool) {
	v, ok := c.expr(b, x.Arg)
	if !ok {
		return v, false
	}
	is := " IS NOT DISTINCT FROM "
	if x.Not {
		is = " IS DISTINCT FROM "
	}
	want := map[byte]string{'t': "true", 'f': "false", 'u': "NULL"}[x.Want]
	return value{sql: "(" + v.sql + is + want + ")", typ: types.Bool}, want != ""
}

// caseOf is CASE. Its numeric result has the display scale of the branch that is taken.
func (c *compiler) caseOf(b *block, x *plan.Case) (value, bool) {
	if x.Arg != nil {
		v, ok := c.expr(b, x.Arg)
		if !ok {
			return v, false
		}
		c.scopes = append(c.scopes, map[plan.ColID]value{x.ArgCol: v})
		defer func() { c.scopes = c.scopes[:len(c.scopes)-1] }()
	}
	conds, then := make([]string, len(x.Whens)), make([]value, 0, len(x.Whens)+1)
	for i, w := range x.Whens {
		cond, ok := c.expr(b, w.Cond)
		if !ok {
			return cond, false
		}
		v, ok := c.expr(b, w.Then)
		if !ok {
			return v, false
		}
		conds[i], then = cond.sql, append(then, v)
	}
	last := x.Else
	if last == nil {
		last = &plan.Const{Val: types.Null, T: x.T}
	}
	v, ok := c.expr(b, last)
	if !ok {
		return v, false
	}
	out, ok := c.branches(x.T.OID, append(then, v))
	if !ok {
		return out, false
	}
	write := func(of func(v value) string) string {
		var s strings.Builder
		s.WriteString("CASE")
		for i, cond := range conds {
			s.WriteString(" WHEN " + cond + " THEN " + of(then[i]))
		}
		return s.String() + " ELSE " + of(v) + " END"
	}
	out.sql = write(func(v value) string { return v.sql })
	if out.scale != "" {
		out.scale = write(scaleOf)
	}
	return out, true
}

func (c *compiler) coalesce(b *block, x *plan.Coalesce) (value, bool) {
	args := make([]value, len(x.Args))
	for i, a := range x.Args {
		var ok bool
		if args[i], ok = c.expr(b, a); !ok {
			return value{}, false
		}
	}
	out, ok := c.branches(x.T.OID, args)
	if !ok {
		return out, false
	}
	list := make([]string, len(args))
	var scale strings.Builder
	for i, a := range args {
		list[i] = a.sql
		if i < len(args)-1 {
			scale.WriteString("WHEN " + a.sql + " IS NOT NULL THEN " + scaleOf(a) + " ")
		}
	}
	out.sql = "coalesce(" + strings.Join(list, ", ") + ")"
	if out.scale != "" {
		out.scale = "CASE " + scale.String() + "ELSE " + scaleOf(args[len(args)-1]) + " END"
	}
	return out, true
}

// branches is the type of a value that is one of several; scale says, where it is not "", that it has to be worked out.
func (c *compiler) branches(oid types.OID, vs []value) (value, bool) {
	out := value{typ: oid}
	first, whole := true, 0
	for _, v := range vs {
		if v.typ != oid {
			return c.no("branches of several types")
		}
		if v.lit != nil && v.lit.param == 0 && v.lit.val.IsNull() {
			continue
		}
		if oid == types.Numeric && v.p == 0 {
			return c.no("a numeric parameter as a result")
		}
		if first {
			out.s, out.pad, out.lo, out.hi, out.scale = v.s, v.pad, v.lo, v.hi, v.scale
		} else {
			if out.s != v.s || v.scale != "" {
				out.scale = "?"
			}
			if out.pad != v.pad {
				out.pad = 0
			}
			out.s, out.lo, out.hi = max(out.s, v.s), min(out.lo, v.lo), max(out.hi, v.hi)
		}
		first, whole = false, max(whole, v.p-v.s)
	}
	if oid == types.Numeric {
		if out.p = max(whole+out.s, 1); out.p > maxDigits {
			return c.no("numeric values of so many digits")
		}
		if first {
			out.p = 1
		}
	}
	if first {
		v := typed("", oid)
		out.lo, out.hi = v.lo, v.hi
	}
	if oid == types.BPChar && out.pad == 0 {
		return c.no("values of character(n) of several lengths")
	}
	return out, duckType(oid) != "" || oid == types.Numeric
}

// subquery is an expression subquery that names columns of the fragment, or whose value is not one scalar.
func (c *compiler) subquery(b *block, x *plan.Subquery) (value, bool) {
	if x.Plan == nil {
		return c.no("a subquery")
	}
	c.scopes = append(c.scopes, b.cols)
	defer func() { c.scopes = c.scopes[:len(c.scopes)-1] }()
	if len(x.Params) > 0 {
		c.flat++
		defer func() { c.flat-- }()
	}
	switch x.Kind {
	case plan.SubExists:
		in, ok := c.unordered(x.Plan)
		if !ok {
			return value{}, false
		}
		if x.Test != nil {
			if !in.simple() {
				in = c.nest(in)
			}
			if !c.where(in, []plan.Expr{x.Test}) {
				return value{}, false
			}
		}
		return value{sql: "EXISTS (SELECT 1 FROM " + in.from + in.tail() + ")", typ: types.Bool}, true
	case plan.SubScalar:
		in, ok := c.node(x.Plan)
		if !ok {
			return value{}, false
		}
		v, ok := c.exact(in.cols[x.Plan.Cols()[0].ID])
		if !ok || v.sql == "" || v.typ == types.Numeric && v.p == 0 {
			return c.no("a subquery")
		}
		if v.scale != "" {
			return c.no("a subquery with a value of several scales")
		}
		v.sql, v.lit, v.base = "(SELECT "+v.sql+" FROM "+in.from+in.tail()+")", nil, ""
		return v, true
	case plan.SubAny, plan.SubAll:
		in, ok := c.unordered(x.Plan)
		if !ok {
			return value{}, false
		}
		return c.member(b, in, x)
	}
	return c.no("a subquery")
}

// member is x IN (SELECT …) and x NOT IN (SELECT …).
func (c *compiler) member(b, in *block, x *plan.Subquery) (value, bool) {
	call, ok := x.Test.(*plan.FuncCall)
	sym, word := "=", " IN "
	if x.Kind == plan.SubAll {
		sym, word = "<>", " NOT IN "
	}
	if !ok {
		return c.no("ANY or ALL of rows")
	}
	if !in.simple() {
		in = c.nest(in)
	}
	// The outer side is written over the outer block alone: in's columns must not stand there.
	if names(call.Args[0], in) || !names(call.Args[1], in) {
		return c.no("ANY or ALL")
	}
	l, r, ok := c.sides(in, call, sym)
	if !ok {
		return value{}, false
	}
	return value{sql: "(" + l.sql + word + "(SELECT " + r.sql + " FROM " + in.from + in.tail() + "))", typ: types.Bool}, true
}

// names reports that an expression has columns of b.
func names(e plan.Expr, b *block) (found bool) {
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if r, ok := e.(*plan.ColRef); ok && b.cols[r.Col].sql != "" {
			found = true
		}
		return !found
	})
	return found
}

// arrayOp is IN and NOT IN over constants.
func (c *compiler) arrayOp(b *block, x *plan.ScalarArrayOp) (value, bool) {
	f := whitelist().fns[x.Call.Proc]
	if !(f.sym == "=" && !x.All || f.sym == "<>" && x.All) || !binaryOrder(x.Call.InputColl) {
		return c.no("operator " + x.Call.Name + " ANY/ALL")
	}
	l, ok := c.expr(b, x.Call.Args[0])
	if !ok {
		return l, false
	}
	arr := x.Call.Args[1]
	if r, ok := arr.(*plan.Relabel); ok {
		arr = r.Arg
	}
	var elems []plan.Expr
	switch a := arr.(type) {
	case *plan.ArrayCtor:
		if a.Multi {
			return c.no("an array of arrays")
		}
		elems = a.Elems
	case *plan.Const:
		if a.Val.IsNull() {
			return c.no("a null array")
		}
		t := types.Lookup(a.T.OID)
		if t == nil || t.Elem == 0 {
			return c.no("an array")
		}
		for _, v := range tuple.Array(a.Val.Bytes()).Elems(nil) {
			elems = append(elems, &plan.Const{Val: v, T: plan.Type{OID: t.Elem, Mod: -1}})
		}
	default:
		return c.no("an array that is no constant")
	}
	if len(elems) == 0 {
		return c.no("an empty array")
	}
	left, parts := "", make([]string, len(elems))
	for i, e := range elems {
		v, ok := c.expr(b, e)
		if !ok {
			return v, false
		}
		l2, v, ok := c.compared("=", l, v)
		if !ok {
			return value{}, false
		}
		if left != "" && left != l2.sql {
			return c.no("a list of several kinds of values")
		}
		left, parts[i] = l2.sql, v.sql
	}
	not := ""
	if x.All {
		not = "NOT "
	}
	return value{sql: "(" + left + " " + not + "IN (" + strings.Join(parts, ", ") + "))", typ: types.Bool}, true
}
