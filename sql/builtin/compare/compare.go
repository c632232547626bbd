package compare

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Comparison operators and btree support functions. NULL arguments never arrive: all of these are strict.

// Everything that is held as a signed integer compares alike, whatever the two widths.
func intEq(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Int() == a[1].Int()), nil
}
func intNe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Int() != a[1].Int()), nil
}
func intLt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Int() < a[1].Int()), nil
}
func intLe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Int() <= a[1].Int()), nil
}
func intGt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Int() > a[1].Int()), nil
}
func intGe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Int() >= a[1].Int()), nil
}
func intCmp(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Int(), a[1].Int()
	switch {
	case x < y:
		return tuple.Int(-1), nil
	case x > y:
		return tuple.Int(1), nil
	}
	return tuple.Int(0), nil
}
func intLarger(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(max(a[0].Int(), a[1].Int())), nil
}
func intSmaller(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(min(a[0].Int(), a[1].Int())), nil
}

func uintLt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Uint() < a[1].Uint()), nil
}
func uintLe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Uint() <= a[1].Uint()), nil
}
func uintGt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Uint() > a[1].Uint()), nil
}
func uintGe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Uint() >= a[1].Uint()), nil
}
func uintCmp(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Uint(), a[1].Uint()
	switch {
	case x < y:
		return tuple.Int(-1), nil
	case x > y:
		return tuple.Int(1), nil
	}
	return tuple.Int(0), nil
}
func uintLarger(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Uint(max(a[0].Uint(), a[1].Uint())), nil
}
func uintSmaller(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Uint(min(a[0].Uint(), a[1].Uint())), nil
}

// Floats: NaN equals NaN and is above everything; -0 equals 0.
func floatCompare(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case x == y:
		return 0
	case x == x:
		return -1
	case y == y:
		return 1
	}
	return 0
}
func floatEq(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return tuple.Bool(x == y || x != x && y != y), nil
}
func floatNe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Float(), a[1].Float()
	return tuple.Bool(x != y && (x == x || y == y)), nil
}
func floatLt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(floatCompare(a[0].Float(), a[1].Float()) < 0), nil
}
func floatLe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(floatCompare(a[0].Float(), a[1].Float()) <= 0), nil
}
func floatGt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(floatCompare(a[0].Float(), a[1].Float()) > 0), nil
}
func floatGe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(floatCompare(a[0].Float(), a[1].Float()) >= 0), nil
}
func floatCmp(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(floatCompare(a[0].Float(), a[1].Float()))), nil
}

// byteEq and its kin compare byte strings, names, and text where the collation does not matter.
func byteEq(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Str() == a[1].Str()), nil
}
func byteNe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Str() != a[1].Str()), nil
}
func byteLt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Str() < a[1].Str()), nil
}
func byteLe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Str() <= a[1].Str()), nil
}
func byteGt(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Str() > a[1].Str()), nil
}
func byteGe(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(a[0].Str() >= a[1].Str()), nil
}
func byteCmp(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Int(int64(strings.Compare(a[0].Str(), a[1].Str()))), nil
}

// collated compares values of a kind under the call's collation.
func collated(k tuple.Kind) compareFn {
	return func(c *call.Call, x, y types.Datum) int { return types.CompareOrdered(c.Env.Order(c.Coll), k, x, y) }
}

func kindCompare(k tuple.Kind) func(x, y types.Datum) int {
	return func(x, y types.Datum) int { return types.CompareKind(k, x, y) }
}

// compareFn is a three-way comparison.
type compareFn func(c *call.Call, x, y types.Datum) int

func plain(f func(x, y types.Datum) int) compareFn {
	return func(_ *call.Call, x, y types.Datum) int { return f(x, y) }
}

// comparison adds the six operators of a family; names are their symbols in the order = <> < <= > >=.
func (m family) comparison(cmp compareFn, names ...string) {
	tests := [6]func(int) bool{
		func(c int) bool { return c == 0 },
		func(c int) bool { return c != 0 },
		func(c int) bool { return c < 0 },
		func(c int) bool { return c <= 0 },
		func(c int) bool { return c > 0 },
		func(c int) bool { return c >= 0 },
	}
	for i, name := range names {
		test := tests[i]
		m[name] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Bool(test(cmp(c, a[0], a[1]))), nil
		}
	}
}

type family call.Fns

func (m family) cmp(name string, compare compareFn) {
	m[name] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
		return tuple.Int(int64(cmp.Compare(compare(c, a[0], a[1]), 0))), nil
	}
}

// suffixed makes the six symbols prefix + {eq ne lt le gt ge} + suffix.
func suffixed(prefix, suffix string) []string {
	out := make([]string, 0, 6)
	for _, op := range [6]string{"eq", "ne", "lt", "le", "gt", "ge"} {
		out = append(out, prefix+op+suffix)
	}
	return out
}

func compareFns() call.Fns {
	m := family{}
	direct := func(names []string, f [6]call.Fn) {
		for i, n := range names {
			m[n] = f[i]
		}
	}
	signed := [6]call.Fn{intEq, intNe, intLt, intLe, intGt, intGe}
	unsigned := [6]call.Fn{intEq, intNe, uintLt, uintLe, uintGt, uintGe}
	floats := [6]call.Fn{floatEq, floatNe, floatLt, floatLe, floatGt, floatGe}
	texts := [6]call.Fn{byteEq, byteNe, byteLt, byteLe, byteGt, byteGe}

	for _, p := range []string{"int2", "int4", "int8", "int24", "int28", "int42", "int48", "int82", "int84"} {
		direct(suffixed(p, ""), signed)
		m["bt"+p+"cmp"] = intCmp
	}
	for _, p := range []string{"date_", "time_", "timestamp_", "cash_"} {
		direct(suffixed(p, ""), signed)
		m[p+"cmp"] = intCmp
	}
	for _, p := range []string{"int2", "int4", "int8", "date_", "time_", "timestamp_", "cash"} {
		m[p+"larger"], m[p+"smaller"] = intLarger, intSmaller
	}
	for _, p := range []string{"oid", "char", "xid8", "pg_lsn_", "tid", "bool"} {
		direct(suffixed(p, ""), unsigned)
	}
	m["btoidcmp"], m["btcharcmp"], m["xid8cmp"], m["pg_lsn_cmp"], m["bttidcmp"], m["btboolcmp"] = uintCmp, uintCmp, uintCmp, uintCmp, uintCmp, uintCmp
	for _, p := range []string{"oid", "xid8_", "pg_lsn_", "tid"} {
		m[p+"larger"], m[p+"smaller"] = uintLarger, uintSmaller
	}
	// xid = integer compares 32 bits.
	m["xideq"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return tuple.Bool(uint32(a[0].Uint()) == uint32(a[1].Uint())), nil
	}
	m["xidneq"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return tuple.Bool(uint32(a[0].Uint()) != uint32(a[1].Uint())), nil
	}
	m["cideq"] = intEq

	for _, p := range []string{"float4", "float8", "float48", "float84"} {
		direct(suffixed(p, ""), floats)
		m["bt"+p+"cmp"] = floatCmp
	}
	larger := func(name string, cmp compareFn) {
		m[name+"larger"] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
			if cmp(c, a[0], a[1]) > 0 {
				return a[0], nil
			}
			return a[1], nil
		}
		m[name+"smaller"] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
			if cmp(c, a[0], a[1]) < 0 {
				return a[0], nil
			}
			return a[1], nil
		}
	}
	for _, p := range []string{"float4", "float8"} {
		larger(p, plain(kindCompare(tuple.KindFloat64)))
	}

	// texteq, textne and the like have no underscore where the order operators have one.
	m.comparison(collated(tuple.KindText), "texteq", "textne", "text_lt", "text_le", "text_gt", "text_ge")
	for _, p := range []string{"name", "bytea"} {
		direct(suffixed(p, ""), texts)
	}
	m.comparison(collated(tuple.KindText), suffixed("name", "text")...)
	m.comparison(collated(tuple.KindText), suffixed("text", "name")...)
	direct([]string{"text_pattern_lt", "text_pattern_le", "text_pattern_gt", "text_pattern_ge"}, [6]call.Fn{byteLt, byteLe, byteGt, byteGe})
	for _, n := range []string{"btnamecmp", "byteacmp", "bttext_pattern_cmp"} {
		m[n] = byteCmp
	}
	for _, n := range []string{"bttextcmp", "btnametextcmp", "bttextnamecmp"} {
		m.cmp(n, collated(tuple.KindText))
	}
	larger("text_", collated(tuple.KindText))

	kinds := []struct {
		k      tuple.Kind
		prefix string
	}{
		{tuple.KindBpchar, "bpchar"}, {tuple.KindUUID, "uuid_"}, {tuple.KindNumeric, "numeric_"}, {tuple.KindTimeTZ, "timetz_"},
		{tuple.KindInterval, "interval_"}, {tuple.KindArray, "array_"}, {tuple.KindArray, "oidvector"}, {tuple.KindJSONB, "jsonb_"},
		{tuple.KindRecord, "record_"}, {tuple.KindBytes, "bit"}, {tuple.KindFloat32, "enum_"},
	}
	for _, k := range kinds {
		m.comparison(collated(k.k), suffixed(k.prefix, "")...)
	}
	for _, k := range []string{"bpcharcmp", "uuid_cmp", "numeric_cmp", "timetz_cmp", "interval_cmp", "btarraycmp", "btoidvectorcmp", "jsonb_cmp", "btrecordcmp", "bitcmp", "enum_cmp"} {
		for _, f := range kinds {
			if strings.HasPrefix(strings.TrimPrefix(k, "bt"), strings.TrimSuffix(f.prefix, "_")) {
				m.cmp(k, collated(f.k))
			}
		}
	}
	larger("numeric_", plain(kindCompare(tuple.KindNumeric)))
	larger("timetz_", plain(kindCompare(tuple.KindTimeTZ)))
	larger("interval_", plain(kindCompare(tuple.KindInterval)))
	larger("array_", collated(tuple.KindArray))
	larger("enum_", plain(kindCompare(tuple.KindFloat32)))
	bp := collated(tuple.KindBpchar)
	m["bpchar_larger"] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if bp(c, a[0], a[1]) >= 0 {
			return a[0], nil
		}
		return a[1], nil
	}
	m["bpchar_smaller"] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if bp(c, a[0], a[1]) <= 0 {
			return a[0], nil
		}
		return a[1], nil
	}
	pattern := plain(kindCompare(tuple.KindBpchar))
	m.comparison(pattern, "", "", "bpchar_pattern_lt", "bpchar_pattern_le", "bpchar_pattern_gt", "bpchar_pattern_ge")
	delete(m, "")
	m.cmp("btbpchar_pattern_cmp", pattern)

	// date, timestamp and timestamptz against each other: what is not in range of the wider type still has an order.
	dateTS := compareFn(func(_ *call.Call, x, y types.Datum) int {
		return compareInts(datetime.DateToTimestampClamped(x.Int()), y.Int())
	})
	dateTZ := compareFn(func(c *call.Call, x, y types.Datum) int {
		return compareInts(datetime.LocalToTZClamped(c, datetime.DateToTimestampClamped(x.Int())), y.Int())
	})
	tsTZ := compareFn(func(c *call.Call, x, y types.Datum) int {
		return compareInts(datetime.LocalToTZClamped(c, x.Int()), y.Int())
	})
	for _, p := range []struct {
		a, b string
		cmp  compareFn
	}{{"date", "timestamp", dateTS}, {"date", "timestamptz", dateTZ}, {"timestamp", "timestamptz", tsTZ}} {
		cmp := p.cmp
		swap := compareFn(func(c *call.Call, x, y types.Datum) int { return -cmp(c, y, x) })
		m.comparison(cmp, suffixed(p.a+"_", "_"+p.b)...)
		m.comparison(swap, suffixed(p.b+"_", "_"+p.a)...)
		m.cmp(p.a+"_cmp_"+p.b, cmp)
		m.cmp(p.b+"_cmp_"+p.a, swap)
	}

	// record_image_*: identical bytes, where record_eq asks for equal values.
	image := plain(func(x, y types.Datum) int { return compareImages(tuple.Record(x.Bytes()), tuple.Record(y.Bytes())) })
	m.comparison(image, "record_image_eq", "record_image_ne", "record_image_lt", "record_image_le", "record_image_gt", "record_image_ge")
	m.cmp("btrecordimagecmp", image)
	return call.Fns(m)
}

// compareImages compares bytes, of the fields: their names are none of the value.
func compareImages(x, y tuple.Record) int {
	for i := range min(x.Len(), y.Len()) {
		a, b := x.Field(i), y.Field(i)
		if c := cmp.Or(cmp.Compare(a.OID, b.OID), compareImage(a.Kind, a.Value, b.Value)); c != 0 {
			return c
		}
	}
	return cmp.Compare(x.Len(), y.Len())
}

func compareImage(kind tuple.Kind, x, y types.Datum) int {
	switch xn, yn := x.IsNull(), y.IsNull(); {
	case xn || yn:
		return cmp.Compare(bit(xn), bit(yn))
	case kind == tuple.KindRecord:
		return compareImages(tuple.Record(x.Bytes()), tuple.Record(y.Bytes()))
	case x.IsScalar():
		return cmp.Compare(x.Uint(), y.Uint())
	}
	a, b := tuple.Array(x.Bytes()), tuple.Array(y.Bytes())
	if kind != tuple.KindArray || a.ElemKind() != tuple.KindRecord || b.ElemKind() != tuple.KindRecord {
		return bytes.Compare(x.Bytes(), y.Bytes())
	}
	for i := range min(a.Len(), b.Len()) {
		if c := compareImage(tuple.KindRecord, a.Elem(i), b.Elem(i)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.ElemOID(), b.ElemOID()), cmp.Compare(a.Len(), b.Len()), slices.CompareFunc(a.Dims(nil), b.Dims(nil), func(a, b tuple.ArrayDim) int {
		return cmp.Or(cmp.Compare(a.Len, b.Len), cmp.Compare(a.Lower, b.Lower))
	}))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareInts(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
