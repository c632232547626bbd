package columnar

import (
	"math/big"
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// value is an expression in DuckDB's SQL.
type value struct {
	sql string
	typ types.OID
	// Of a numeric: the type is DECIMAL(p,s). p is 0 for a parameter, which can only be compared.
	p, s int
	// scale, unless "", is the display scale where it differs from row to row: an expression, at most s.
	scale string
	// divisor, unless nil, makes the value a quotient that is not computed yet: an average's sum and count, or the sides of a division. The
	// result takes both and is exact at any scale; what is computed from it takes exact's. Of all the rest, sql's is said.
	divisor *divisor
	// pad is the n of a char(n) whose values all have n characters; 0: unknown.
	pad int
	// Of an integer: the values are from lo to hi.
	lo, hi int64
	// base, unless "", makes an integer base + off without overflow.
	base string
	off  int64
	// lit is what a constant or parameter is, which a comparison may write in another way.
	lit *literal
}

// literal is a constant (val), or parameter number param.
type literal struct {
	val   types.Datum
	param int
}

// divisor is what a value is divided by, an integer or a DECIMAL(p,s) that is shown with s digits. nonzero: where the dividend is not NULL
// it is neither 0 nor NULL.
type divisor struct {
	sql     string
	p, s    int
	nonzero bool
}

// checked is the divisor as an expression that fails for a division by zero.
func (d *divisor) checked(dividend string) string {
	if d.nonzero {
		return d.sql
	}
	return "CASE WHEN " + d.sql + " = 0 AND " + dividend + " IS NOT NULL THEN error('division by zero') ELSE " + d.sql + " END"
}

// QuotientScale is how many digits after the point DuckDB's numeric_div gives (package duck).
const QuotientScale = 20

// exact is a value that others can be computed from and compared with: a quotient is computed.
func (c *compiler) exact(v value) (value, bool) {
	d := v.divisor
	if d == nil {
		return v, true
	}
	v.divisor = nil
	return c.quotient(v, value{sql: d.sql, typ: types.Numeric, p: d.p, s: d.s}), true
}

// divide is a division of PostgreSQL's numeric.
func (c *compiler) divide(l, r value) (value, bool) {
	if l.p == 0 || r.p == 0 {
		return c.no("arithmetic with a numeric parameter")
	}
	if r.scale != "" {
		return c.quotient(l, r), true
	}
	l.divisor = &divisor{sql: r.sql, p: r.p, s: r.s, nonzero: r.lit != nil && !r.lit.val.IsNull() && tuple.Numeric(r.lit.val.Bytes()).Sign() != 0}
	l.lit, l.pad = nil, 0
	return l, true
}

// quotient computes a division. It fails where numeric_div has no value: a division by zero, or more digits than QuotientScale.
func (c *compiler) quotient(l, r value) value {
	args := "(" + l.sql + ", " + r.sql + ", " + scaleOf(l) + ", " + scaleOf(r) + ")"
	quotient := "coalesce(numeric_div" + args + ", CASE WHEN " + l.sql + " IS NOT NULL AND " + r.sql + " IS NOT NULL THEN error('no quotient') END)"
	if constant(l) || constant(r) {
		quotient = "CAST(" + quotient + " AS " + decimalName(maxDigits, QuotientScale) + ")"
	}
	return value{sql: quotient, typ: types.Numeric, p: maxDigits, s: QuotientScale, scale: "numeric_div_scale" + args}
}

// constant reports a value that names no column and may be NULL. DuckDB gives a function of a NULL that it can work out, instead of the
// function's type, the type "NULL", which ends as INTEGER.
func constant(v value) bool {
	if v.lit != nil && v.lit.param == 0 && !v.lit.val.IsNull() {
		return false
	}
	return len(aliases(v.sql)) == 0
}

// ofType is an expression that has the value's type even where it is NULL for all rows.
func ofType(v value) value {
	name := duckType(v.typ)
	if v.typ == types.Numeric && v.p > 0 {
		name = decimalName(v.p, v.s)
	}
	if name != "" {
		v.sql = "CAST(" + v.sql + " AS " + name + ")"
	}
	return v
}

// integers are the bounds of integer types.
func intRange(oid types.OID) (lo, hi int64, ok bool) {
	switch oid {
	case types.Int2:
		return -1 << 15, 1<<15 - 1, true
	case types.Int4:
		return -1 << 31, 1<<31 - 1, true
	case types.Int8:
		return -1 << 63, 1<<63 - 1, true
	}
	return 0, 0, false
}

// typed is a value of a type of which nothing else is known.
func typed(sql string, oid types.OID) value {
	v := value{sql: sql, typ: oid}
	v.lo, v.hi, _ = intRange(oid)
	return v
}

// columnValue is what a table's column is in DuckDB while the mirror has it in a native type.
func columnValue(col *catalog.Column) (value, bool) {
	v := typed("", col.Type)
	switch col.Type {
	case types.Numeric:
		if col.TypMod < 4 {
			return value{}, false
		}
		v.p, v.s = numeric.TypmodParts(col.TypMod)
		return v, v.p >= 1 && v.p <= maxDigits && v.s >= 0 && v.s <= v.p
	case types.BPChar:
		if v.pad = int(col.TypMod) - 4; v.pad < 1 {
			return value{}, false
		}
	}
	return v, duckType(col.Type) != ""
}

// DuckDB's decimals have at most maxDigits digits; up to narrowDigits it computes in 64 bits, and fails where those do not suffice.
const (
	maxDigits    = 38
	narrowDigits = 18
)

// arithmetic is DuckDB's type of l sym r: PostgreSQL's scale, and digits that suffice or an error when they do not. In the wide
// form nothing is narrower than maxDigits.
func (c *compiler) arithmetic(sym string, l, r value) (value, bool) {
	if l.p == 0 || r.p == 0 {
		return c.no("arithmetic with a numeric parameter")
	}
	out := value{typ: types.Numeric}
	widest := max(l.p, r.p)
	if sym == "*" {
		out.s, out.p = l.s+r.s, l.p+r.p
	} else {
		out.s = max(l.s, r.s)
		out.p = max(out.s+max(l.p-l.s, r.p-r.s), widest) + 1
	}
	if out.s > maxDigits {
		return c.no("numeric arithmetic with so many decimals")
	}
	switch {
	case out.p <= narrowDigits || widest > narrowDigits:
	case sym == "*" && out.s >= narrowDigits:
	case c.wide:
		l.sql = "CAST(" + l.sql + " AS " + decimalName(min(out.p, maxDigits), l.s) + ")"
	default:
		out.p, c.narrow = narrowDigits, true
	}
	out.p = min(out.p, maxDigits)
	if l.scale != "" || r.scale != "" {
		if sym == "*" {
			out.scale = "(" + scaleOf(l) + " + " + scaleOf(r) + ")"
		} else {
			out.scale = "greatest(" + scaleOf(l) + ", " + scaleOf(r) + ")"
		}
	}
	out.sql = "(" + l.sql + " " + sym + " " + r.sql + ")"
	return out, true
}

// scaleOf is the display scale as an expression.
func scaleOf(v value) string {
	if v.scale != "" {
		return v.scale
	}
	return strconv.Itoa(v.s)
}

// comparable gives two numeric values a common decimal type: beyond 38 digits DuckDB would compare as double. A constant or
// parameter is rounded to the other side's scale in the direction that keeps the answer.
func (c *compiler) comparable(sym string, l, r value) (_, _ value, ok bool) {
	switch {
	case r.lit != nil && l.lit == nil:
		if k, ok := c.rounded(sym, l, r); ok {
			return l, k, true
		}
	case l.lit != nil && r.lit == nil:
		if k, ok := c.rounded(mirrored[sym], r, l); ok {
			return k, r, true
		}
	}
	switch {
	case l.p == 0 || r.p == 0:
		c.no("comparison of numeric parameters")
		return l, r, false
	case max(l.p-l.s, r.p-r.s)+max(l.s, r.s) > maxDigits:
		c.no("comparison of numeric values of so many digits")
		return l, r, false
	}
	return l, r, true
}

// mirrored[op] is the op with its sides changed.
var mirrored = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// How a constant is brought to a scale.
const (
	roundNot  = 'x' // it must have the scale
	roundDown = 'f' // to the largest that is not above it
	roundUp   = 'c'
)

// rounded writes constant k for v sym k: v < 1.5 is v < 2 for whole v, v <= 1.5 is v <= 1.
func (c *compiler) rounded(sym string, v, k value) (value, bool) {
	mode := byte(roundNot)
	switch sym {
	case "<", ">=":
		mode = roundUp
	case "<=", ">":
		mode = roundDown
	}
	if k.lit.param > 0 {
		k.sql = "$" + strconv.Itoa(k.lit.param) + string(mode) + strconv.Itoa(v.s)
		return k, true
	}
	if k.lit.val.IsNull() {
		return k, true
	}
	lit, ok := appendRounded(nil, k.lit.val, mode, v.s)
	k.sql = string(lit)
	return k, ok
}

// appendRounded writes a numeric value at a scale. ok is false where there is no such decimal.
func appendRounded(dst []byte, v types.Datum, mode byte, scale int) (_ []byte, ok bool) {
	if v.IsNull() {
		return append(append(append(dst, "CAST(NULL AS "...), decimalName(maxDigits, scale)...), ')'), true
	}
	n := tuple.Numeric(v.Bytes())
	if n.IsSpecial() {
		return dst, false
	}
	have := max(n.Scale(), scale)
	u, rest := new(big.Int).QuoRem(numeric.Big(v, have), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(have-scale)), nil), new(big.Int))
	if rest.Sign() != 0 {
		switch {
		case mode == roundNot:
			return dst, false
		case mode == roundDown && rest.Sign() < 0:
			u.Sub(u, big.NewInt(1))
		case mode == roundUp && rest.Sign() > 0:
			u.Add(u, big.NewInt(1))
		}
	}
	d, err := numeric.FromBig(u, scale)
	if err != nil {
		return dst, false
	}
	p, s, ok := literalDecimal(d)
	if !ok || s != scale {
		return dst, false
	}
	dst = append(append(append(dst, "CAST('"...), tuple.Numeric(d.Bytes()).String()...), "' AS "...)
	return append(append(dst, decimalName(max(p, scale), scale)...), ')'), true
}
