package columnar

import (
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Days and microseconds from the Unix epoch to PostgreSQL's.
const (
	EpochDays   = 10957
	EpochMicros = EpochDays * 86400 * 1e6
)

// maxLiteralDigits bounds a numeric parameter on each side of the point, so that it has a common decimal type with
// every column that may stand next to it.
const maxLiteralDigits = 19

// AppendLiteral writes a value of a type as an expression of DuckDB's with exactly that value. ok is false for values
// that DuckDB has not (numeric NaN), or that it writes differently.
func AppendLiteral(dst []byte, oid types.OID, v types.Datum) (_ []byte, ok bool) {
	name := duckType(oid)
	if name == "" && oid != types.Numeric {
		return dst, false
	}
	if v.IsNull() {
		if oid == types.Numeric {
			name = "DECIMAL(1,0)"
		}
		return append(append(append(dst, "CAST(NULL AS "...), name...), ')'), true
	}
	cast := func(text string, to string) ([]byte, bool) {
		dst = append(append(append(dst, "CAST('"...), text...), "' AS "...)
		return append(append(dst, to...), ')'), true
	}
	switch oid {
	case types.Bool:
		return strconv.AppendBool(dst, v.Bool()), true
	case types.Int2, types.Int4, types.Int8:
		return cast(strconv.FormatInt(v.Int(), 10), name)
	case types.Float4, types.Float8:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return dst, false
		}
		return cast(strconv.FormatFloat(f, 'g', -1, 64), name)
	case types.Numeric:
		p, s, ok := literalDecimal(v)
		if !ok || s > maxLiteralDigits || p-s > maxLiteralDigits {
			return dst, false
		}
		return cast(tuple.Numeric(v.Bytes()).String(), decimalName(p, s))
	case types.Date:
		// Years 1 to 9999, which both write alike.
		if d := v.Int(); d < -730119 || d > 2921939 {
			return dst, false
		}
		t := types.Lookup(types.Date)
		return cast(string(t.AppendText(nil, v, nil)), name)
	case types.Timestamp, types.TimestampTZ:
		if us := v.Int(); us < -730119*86400e6 || us >= 2921940*86400e6 {
			return dst, false
		}
		t := types.Lookup(oid)
		return cast(string(t.AppendText(nil, v, nil)), name)
	case types.Text, types.Varchar, types.BPChar:
		dst = append(dst, '\'')
		s := v.Str()
		for i := 0; i < len(s); i++ {
			switch s[i] {
			case 0:
				return dst, false
			case '\'':
				dst = append(dst, '\'')
			}
			dst = append(dst, s[i])
		}
		return append(dst, '\''), true
	}
	return dst, false
}

// literalDecimal is the smallest decimal type of a value that keeps its display scale.
func literalDecimal(v types.Datum) (p, s int, ok bool) {
	n := tuple.Numeric(v.Bytes())
	if n.IsSpecial() {
		return 0, 0, false
	}
	whole, _, _ := strings.Cut(strings.TrimPrefix(n.String(), "-"), ".")
	s = n.Scale()
	p = max(len(strings.TrimLeft(whole, "0"))+s, 1)
	return p, s, p <= 38
}

func decimalName(p, s int) string { return "DECIMAL(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")" }

// duckType is DuckDB's type for one of ours; "" for those that are not on the whitelist, and for numeric, whose type
// depends on its precision.
func duckType(oid types.OID) string {
	switch oid {
	case types.Bool:
		return "BOOLEAN"
	case types.Int2:
		return "SMALLINT"
	case types.Int4:
		return "INTEGER"
	case types.Int8:
		return "BIGINT"
	case types.Float4:
		return "FLOAT"
	case types.Float8:
		return "DOUBLE"
	case types.Date:
		return "DATE"
	case types.Timestamp:
		return "TIMESTAMP"
	case types.TimestampTZ:
		return "TIMESTAMPTZ"
	case types.Text, types.Varchar, types.BPChar:
		return "VARCHAR"
	}
	return ""
}

// Bind puts the values of parameters in the place of $1 … of a fragment. ok is false where one has no literal.
func Bind(sql string, oids []types.OID, vals []types.Datum) (_ []byte, ok bool) {
	out := make([]byte, 0, len(sql)+32*len(vals))
	quoted := false
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		if c == '\'' {
			quoted = !quoted
		}
		if c != '$' || quoted {
			out = append(out, c)
			continue
		}
		n := 0
		for i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' {
			i++
			n = n*10 + int(sql[i]-'0')
		}
		if n < 1 || n > len(vals) {
			return nil, false
		}
		// A numeric parameter may be wanted at a scale: $1f2.
		if i+1 < len(sql) && (sql[i+1] == roundNot || sql[i+1] == roundDown || sql[i+1] == roundUp) {
			i++
			mode, scale := sql[i], 0
			for i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' {
				i++
				scale = scale*10 + int(sql[i]-'0')
			}
			if out, ok = appendRounded(out, vals[n-1], mode, scale); !ok {
				return nil, false
			}
			continue
		}
		if out, ok = AppendLiteral(out, oids[n-1], vals[n-1]); !ok {
			return nil, false
		}
	}
	return out, true
}
