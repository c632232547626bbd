package types

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
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
				return name + FormatTypmod(oid, mod)
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
		p, s := numeric.TypmodParts(mod)
		return "(" + strconv.Itoa(p) + "," + strconv.Itoa(s) + ")"
	case Interval:
		return formatIntervalMod(mod)
	}
	return "(" + strconv.Itoa(int(mod)) + ")"
}

var intervalRanges = map[int]string{
	temporal.RangeYear: " year", temporal.RangeMonth: " month", temporal.RangeDay: " day", temporal.RangeHour: " hour", temporal.RangeMinute: " minute", temporal.RangeSecond: " second",
	temporal.RangeYear | temporal.RangeMonth:                                             " year to month",
	temporal.RangeDay | temporal.RangeHour:                                               " day to hour",
	temporal.RangeDay | temporal.RangeHour | temporal.RangeMinute:                        " day to minute",
	temporal.RangeDay | temporal.RangeHour | temporal.RangeMinute | temporal.RangeSecond: " day to second",
	temporal.RangeHour | temporal.RangeMinute:                                            " hour to minute",
	temporal.RangeHour | temporal.RangeMinute | temporal.RangeSecond:                     " hour to second",
	temporal.RangeMinute | temporal.RangeSecond:                                          " minute to second",
	temporal.IntervalFullRange:                                                           "",
}

func formatIntervalMod(mod int32) string {
	fields, precision := temporal.IntervalTypmod(mod)
	s := intervalRanges[fields]
	if precision != temporal.IntervalFullPrecision {
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
		case precision < 1 || precision > numeric.MaxPrecision:
			return invalid("NUMERIC precision %d must be between 1 and %d", precision, numeric.MaxPrecision)
		case scale < -numeric.MaxPrecision || scale > numeric.MaxPrecision:
			return invalid("NUMERIC scale %d must be between %d and %d", scale, -numeric.MaxPrecision, numeric.MaxPrecision)
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
		fields, precision := int32(temporal.IntervalFullRange), int32(temporal.IntervalFullPrecision)
		if len(args) < 1 || len(args) > 2 {
			return invalid("invalid INTERVAL type modifier")
		}
		fields = args[0]
		if _, ok := intervalRanges[int(fields)]; !ok {
			return invalid("invalid INTERVAL type modifier")
		}
		if len(args) == 1 {
			if fields == temporal.IntervalFullRange {
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
	if p <= temporal.MaxTimePrecision {
		return p
	}
	if warn != nil {
		warn(pgerr.Notice(pgerr.SeverityWarning, pgerr.InvalidParameterValue, name+" precision reduced to maximum allowed, %d", p, temporal.MaxTimePrecision))
	}
	return temporal.MaxTimePrecision
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
		return numeric.ApplyTypmod(d, mod)
	case Time:
		return tuple.Int(temporal.RoundUsec(d.Int(), mod)), nil
	case TimeTZ:
		return temporal.TimeTZOf(d).Round(mod).Datum(), nil
	case Timestamp, TimestampTZ:
		return tuple.Int(temporal.RoundTimestamp(d.Int(), mod)), nil
	case Interval:
		return temporal.IntervalOf(d).Limit(mod).Datum(), nil
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
