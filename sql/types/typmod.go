package types

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Bits of an interval typmod's field range (1 << PostgreSQL's field number).
const (
	rangeMonth  = 1 << 1
	rangeYear   = 1 << 2
	rangeDay    = 1 << 3
	rangeHour   = 1 << 10
	rangeMinute = 1 << 11
	rangeSecond = 1 << 12

	intervalFullRange     = 0x7fff
	intervalFullPrecision = 0xffff

	maxTimePrecision = 6
)

const (
	maxCharLen = 10485760
	maxBitLen  = 83886080
)

// longNames are the SQL spellings that format_type prints.
var longNames = map[OID]string{
	Bit: "bit", Bool: "boolean", BPChar: "character", Float4: "real", Float8: "double precision", Int2: "smallint", Int4: "integer",
	Int8: "bigint", Numeric: "numeric", Interval: "interval", Time: "time without time zone", TimeTZ: "time with time zone",
	Timestamp: "timestamp without time zone", TimestampTZ: "timestamp with time zone", VarBit: "bit varying",
	Varchar: "character varying", Char: `"char"`, Any: `"any"`,
}

// FormatType is SQL's format_type(oid, mod): "numeric(10,2)", "timestamp(3) without time zone", "integer[]".
// A mod of -1 is a column without one; TypeName is for places where none is known.
func FormatType(oid OID, mod int32, env *Env) string { return formatType(oid, mod, true, env) }

// TypeName is format_type(oid, NULL), the name that error messages use.
func TypeName(oid OID, env *Env) string { return formatType(oid, -1, false, env) }

func formatType(oid OID, mod int32, given bool, env *Env) string {
	if oid == 0 {
		return "-"
	}
	if t := env.Type(oid); t != nil && t.IsArray() {
		return formatType(t.Elem, mod, given, env) + "[]"
	}
	t := Lookup(oid)
	if t == nil {
		if env != nil && env.Resolver != nil {
			if name, ok := env.Resolver.RegName(RegKindType, oid); ok {
				return name
			}
		}
		return "???"
	}
	if mod < 0 {
		switch {
		case given && oid == BPChar:
			return "bpchar"
		case given && oid == Bit:
			return `"bit"`
		}
		if n := longNames[oid]; n != "" {
			return n
		}
		return t.Name
	}
	name := longNames[oid]
	m := FormatTypmod(oid, mod)
	switch oid {
	case Time, TimeTZ, Timestamp, TimestampTZ: // the precision stands inside
		head, tail, _ := strings.Cut(name, " ")
		return head + m + " " + tail
	}
	if name == "" {
		name = t.Name
	}
	return name + m
}

// FormatTypmod is what the type's typmod output function prints, "" for none: "(10,2)", " day to second(3)".
func FormatTypmod(oid OID, mod int32) string {
	if mod < 0 {
		return ""
	}
	switch oid {
	case Varchar, BPChar:
		if mod < varHeader {
			return ""
		}
		return "(" + strconv.Itoa(int(mod-varHeader)) + ")"
	case Bit, VarBit, Time, TimeTZ, Timestamp, TimestampTZ:
		return "(" + strconv.Itoa(int(mod)) + ")"
	case Numeric:
		if mod < varHeader {
			return ""
		}
		p, s := numericMod(mod)
		return "(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
	case Interval:
		return formatIntervalMod(mod)
	}
	return "(" + strconv.Itoa(int(mod)) + ")"
}

var intervalRanges = map[int]string{
	rangeYear: " year", rangeMonth: " month", rangeDay: " day", rangeHour: " hour", rangeMinute: " minute", rangeSecond: " second",
	rangeYear | rangeMonth:                           " year to month",
	rangeDay | rangeHour:                             " day to hour",
	rangeDay | rangeHour | rangeMinute:               " day to minute",
	rangeDay | rangeHour | rangeMinute | rangeSecond: " day to second",
	rangeHour | rangeMinute:                          " hour to minute",
	rangeHour | rangeMinute | rangeSecond:            " hour to second",
	rangeMinute | rangeSecond:                        " minute to second",
	intervalFullRange:                                "",
}

func intervalMod(mod int32) (fields, precision int) { return int(mod>>16) & 0x7fff, int(mod) & 0xffff }

func formatIntervalMod(mod int32) string {
	fields, precision := intervalMod(mod)
	s := intervalRanges[fields]
	if precision != intervalFullPrecision {
		s += "(" + strconv.Itoa(precision) + ")"
	}
	return s
}

// MakeTypmod turns the numbers of a type's parentheses into its typmod, with the checks and errors of the type's
// typmodin function (22023, for numeric 22023 as well). For an interval args are the field range (rangeXxx bits, as
// PostgreSQL's parser puts them) and the precision. A type that takes no modifier is 42601. warn gets the warning of
// a precision that was cut, and may be nil.
func MakeTypmod(oid OID, args []int32, warn func(*pgerr.Error)) (int32, error) {
	invalid := func(format string, a ...any) (int32, error) {
		return 0, pgerr.New(pgerr.InvalidParameterValue, format, a...)
	}
	switch oid {
	case Varchar, BPChar, Bit, VarBit:
		name, most, header := map[OID]string{Varchar: "varchar", BPChar: "char", Bit: "bit", VarBit: "varbit"}[oid], int32(maxCharLen), int32(varHeader)
		if oid == Bit || oid == VarBit {
			most, header = maxBitLen, 0
		}
		switch {
		case len(args) != 1:
			return invalid("invalid type modifier")
		case args[0] < 1:
			return invalid("length for type %s must be at least 1", name)
		case args[0] > most:
			return invalid("length for type %s cannot exceed %d", name, most)
		}
		return args[0] + header, nil
	case Numeric:
		if len(args) < 1 || len(args) > 2 {
			return invalid("invalid NUMERIC type modifier")
		}
		precision, scale := args[0], int32(0)
		if len(args) == 2 {
			scale = args[1]
		}
		switch {
		case precision < 1 || precision > numericMaxPrecision:
			return invalid("NUMERIC precision %d must be between 1 and %d", precision, numericMaxPrecision)
		case scale < -numericMaxPrecision || scale > numericMaxPrecision:
			return invalid("NUMERIC scale %d must be between %d and %d", scale, -numericMaxPrecision, numericMaxPrecision)
		}
		return precision<<16 | scale&0x7ff + varHeader, nil
	case Time, TimeTZ, Timestamp, TimestampTZ:
		if len(args) != 1 {
			return invalid("invalid type modifier")
		}
		name, suffix := "TIME", ""
		if oid == Timestamp || oid == TimestampTZ {
			name = "TIMESTAMP"
		}
		if oid == TimeTZ || oid == TimestampTZ {
			suffix = " WITH TIME ZONE"
		}
		if args[0] < 0 {
			return invalid("%s(%d)%s precision must not be negative", name, args[0], suffix)
		}
		return capPrecision(args[0], name+"(%d)"+suffix, warn), nil
	case Interval:
		fields, precision := int32(intervalFullRange), int32(intervalFullPrecision)
		if len(args) < 1 || len(args) > 2 {
			return invalid("invalid INTERVAL type modifier")
		}
		fields = args[0]
		if _, ok := intervalRanges[int(fields)]; !ok {
			return invalid("invalid INTERVAL type modifier")
		}
		if len(args) == 1 {
			if fields == intervalFullRange {
				return -1, nil
			}
		} else {
			if precision = args[1]; precision < 0 {
				return invalid("INTERVAL(%d) precision must not be negative", precision)
			}
			precision = capPrecision(precision, "INTERVAL(%d)", warn)
		}
		return fields<<16 | precision, nil
	}
	return 0, pgerr.New(pgerr.SyntaxError, "type modifier is not allowed for type \"%s\"", TypeName(oid, nil))
}

func capPrecision(p int32, name string, warn func(*pgerr.Error)) int32 {
	if p <= maxTimePrecision {
		return p
	}
	if warn != nil {
		warn(pgerr.Notice(pgerr.SeverityWarning, pgerr.InvalidParameterValue, name+" precision reduced to maximum allowed, %d", p, maxTimePrecision))
	}
	return maxTimePrecision
}

// ApplyTypmod coerces a value to its type's modifier: it cuts, pads, rounds or refuses as PostgreSQL's length coercion
// functions do. explicit is a cast that was written (cuts silently); an assignment is implicit. NULL stays NULL.
func (t *Type) ApplyTypmod(d Datum, mod int32, explicit bool) (Datum, error) {
	if mod < 0 || d.IsNull() {
		return d, nil
	}
	switch t.OID {
	case Varchar:
		return varcharLen(d, mod, explicit)
	case BPChar:
		return bpcharLen(d, mod, explicit)
	case Numeric:
		return numericTypmod(d, mod)
	case Time:
		return tuple.Int(roundUsec(d.Int(), mod)), nil
	case TimeTZ:
		return TimeTZOf(d).round(mod).Datum(), nil
	case Timestamp, TimestampTZ:
		return tuple.Int(roundTimestamp(d.Int(), mod)), nil
	case Interval:
		return IntervalOf(d).limit(mod).Datum(), nil
	case Bit:
		return bitLen(d, mod, explicit)
	case VarBit:
		return varbitLen(d, mod, explicit)
	}
	return d, nil
}

// HasTypmod reports whether ApplyTypmod can change a value of the type, or of the elements of an array of it.
func HasTypmod(oid OID) bool {
	switch oid {
	case Varchar, BPChar, Numeric, Time, TimeTZ, Timestamp, TimestampTZ, Interval, Bit, VarBit:
		return true
	}
	return false
}
