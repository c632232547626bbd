package files

import (
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/types/jsondoc"
)

// kind is how a source gives a value.
type kind uint8

const (
	null   kind = iota
	raw         // text whose type nobody has said: CSV, partitions
	str         // a string that its format calls one
	number      // s is a decimal number
	boolean_
	integer   // i
	double    // f
	bytes_    // s
	date      // i: days since 1970-01-01
	timestamp // i: µs since 1970-01-01 on no clock
	instant   // i: µs since 1970-01-01 UTC
	clock     // i: µs since midnight
	document  // s is JSON
	decimal   // i / 10^scale
)

// value is one value of a record. s belongs to the source until its next record.
type value struct {
	kind kind
	i    int64
	f    float64
	s    string
	// narrow: f is a float, whose text has fewer digits.
	narrow bool
	// Of a decimal, with its precision.
	scale, precision uint8
}

// field is a value with the name that its file gives it.
type field struct {
	name string
	value
}

// text is the value as PostgreSQL's input functions read it.
func (v value) text() string {
	switch v.kind {
	case boolean_:
		return strconv.FormatBool(v.i != 0)
	case integer:
		return strconv.FormatInt(v.i, 10)
	case decimal:
		return unscaled(big.NewInt(v.i), int(v.scale))
	case double:
		return strconv.FormatFloat(v.f, 'g', -1, v.bits())
	case date:
		return dayOf(v.i).Format(time.DateOnly)
	case timestamp:
		return time.UnixMicro(v.i).UTC().Format("2006-01-02 15:04:05.999999")
	case instant:
		return time.UnixMicro(v.i).UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	case clock:
		return time.UnixMicro(v.i).UTC().Format("15:04:05.999999")
	}
	return v.s
}

func (v value) bits() int {
	if v.narrow {
		return 32
	}
	return 64
}

func dayOf(days int64) time.Time { return time.Unix(days*86400, 0).UTC() }

// appendJSON appends the value as JSON.
func (v value) appendJSON(b []byte) []byte {
	switch v.kind {
	case null:
		return append(b, "null"...)
	case boolean_:
		return strconv.AppendBool(b, v.i != 0)
	case integer:
		return strconv.AppendInt(b, v.i, 10)
	case double:
		if v.f-v.f != 0 { // NaN and the infinities are no JSON
			return jsondoc.AppendString(b, v.text())
		}
		return strconv.AppendFloat(b, v.f, 'g', -1, v.bits())
	case number, document:
		return append(b, v.s...)
	case decimal:
		return append(b, v.text()...)
	case bytes_:
		const hex = "0123456789abcdef"
		b = append(b, `"\\x`...)
		for i := range len(v.s) {
			b = append(b, hex[v.s[i]>>4], hex[v.s[i]&15])
		}
		return append(b, '"')
	}
	return jsondoc.AppendString(b, valid(v.text()))
}

// valid is s with what is no UTF-8, and NUL, replaced.
func valid(s string) string {
	if storable(s) {
		return s
	}
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == 0 {
			r = utf8.RuneError
		}
		out = append(out, r)
	}
	return string(out)
}

// storable reports whether a text column can hold s.
func storable(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
