package columnar

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// value is an expression in DuckDB's SQL. A numeric one is a decimal(p,s), or a parameter (p 0), whose literal has at
// most maxLiteralDigits on either side of the point.
type value struct {
	sql  string
	typ  types.OID
	p, s int
	// avg: a sum, whose count is the column count. It can only be passed on to the result.
	avg   bool
	count string
}

// expr writes an expression over the columns of b; ok is false, with c.reason, where it is not on the whitelist.
func (c *compiler) expr(b *block, e plan.Expr) (value, bool) {
	switch x := e.(type) {
	case *plan.Const:
		return c.constant(x)
	case *plan.Param:
		return c.param(x)
	case *plan.ColRef:
		v, ok := b.cols[x.Col]
		if !ok {
			return c.no("a column of an enclosing query")
		}
		if v.avg {
			return c.no("a condition on avg")
		}
		return v, true
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
		return c.no("IS DISTINCT FROM")
	}
	return c.no(exprName(e))
}

func exprName(e plan.Expr) string {
	switch x := e.(type) {
	case *plan.Case:
		return "CASE"
	case *plan.Coalesce:
		return "COALESCE"
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
	v := value{typ: x.T.OID}
	if x.T.OID == types.Numeric {
		v.p, v.s = 1, 0
		if !x.Val.IsNull() {
			var ok bool
			if v.p, v.s, ok = literalDecimal(x.Val); !ok {
				return c.no("this numeric constant")
			}
		}
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
	return value{sql: "$" + strconv.Itoa(len(c.params)), typ: oid}, true
}

// foldable reports an expression of constants and parameters that PostgreSQL evaluates at plan time too.
func foldable(e plan.Expr) bool {
	switch x := e.(type) {
	case *plan.Const, *plan.Param:
		return true
	case *plan.Relabel:
		return foldable(x.Arg)
	case *plan.FuncCall:
		if k := whitelist().fns[x.Proc].kind; k == opNone || x.RetSet {
			return false
		}
		for _, a := range x.Args {
			if !foldable(a) {
				return false
			}
		}
		return true
	}
	return false
}

func (c *compiler) call(b *block, x *plan.FuncCall) (value, bool) {
	if foldable(x) {
		return c.param(x)
	}
	f := whitelist().fns[x.Proc]
	if f.kind == opNone || f.kind == opFoldable {
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
	out := value{typ: x.T.OID}
	if f.kind == opCast {
		return c.widen(args[0], x.T.OID)
	}
	l, r := args[0], args[1]
	if l.typ == types.Numeric && !c.decimals(f, l, r, &out) {
		return value{}, false
	}
	if out.p > 18 {
		// DuckDB computes narrow decimals in 18 digits, unless one is wide.
		l.sql = "CAST(" + l.sql + " AS " + decimalName(out.p, l.s) + ")"
	}
	out.sql = "(" + l.sql + " " + f.sym + " " + r.sql + ")"
	return out, true
}

// decimals works out an operation's decimal type, in which DuckDB computes: PostgreSQL's scale, and digits that suffice
// (an overflow of 38 digits is an error there, and the rows have the answer). Comparison needs a type for both sides:
// beyond 38 digits DuckDB would compare as double.
func (c *compiler) decimals(f fn, l, r value, out *value) bool {
	pp := func(v value) (whole, scale int) {
		if v.p == 0 {
			return maxLiteralDigits, maxLiteralDigits
		}
		return v.p - v.s, v.s
	}
	lw, ls := pp(l)
	rw, rs := pp(r)
	if f.kind == opArith && (l.p == 0 || r.p == 0) {
		c.no("arithmetic with a numeric parameter")
		return false
	}
	switch {
	case f.kind == opCompare:
		if max(lw, rw)+max(ls, rs) > 38 {
			c.no("comparison of numeric values of so many digits")
			return false
		}
	case f.sym == "*":
		out.p, out.s = l.p+r.p, ls+rs
		if out.p > 38 {
			c.no("numeric arithmetic beyond 38 digits")
			return false
		}
	default:
		out.s = max(ls, rs)
		out.p = max(lw, rw) + out.s + 1
		if out.p > 38 {
			c.no("numeric arithmetic beyond 38 digits")
			return false
		}
	}
	return true
}

func (c *compiler) widen(v value, to types.OID) (value, bool) {
	name := duckType(to)
	out := value{typ: to}
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

// arrayOp is IN and NOT IN over constants.
func (c *compiler) arrayOp(b *block, x *plan.ScalarArrayOp) (value, bool) {
	f := whitelist().fns[x.Call.Proc]
	if f.kind != opCompare || !(f.sym == "=" && !x.All || f.sym == "<>" && x.All) || !binaryOrder(x.Call.InputColl) {
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
	parts := make([]string, len(elems))
	for i, e := range elems {
		v, ok := c.expr(b, e)
		if !ok {
			return v, false
		}
		var none value
		if l.typ == types.Numeric && !c.decimals(f, l, v, &none) {
			return value{}, false
		}
		parts[i] = v.sql
	}
	not := ""
	if x.All {
		not = "NOT "
	}
	return value{sql: "(" + l.sql + " " + not + "IN (" + strings.Join(parts, ", ") + "))", typ: types.Bool}, true
}
