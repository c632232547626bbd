package files

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/types"
)

// shape is what the values of a column have in common.
type shape struct {
	k   shapeKind
	mod int32 // of shapeNumeric: typmod, -1 none
}

type shapeKind uint8

// From shapeInt2 to shapeNumeric each holds the values of those before it.
const (
	shapeNull shapeKind = iota
	shapeBool
	shapeInt2
	shapeInt4
	shapeInt8
	shapeNumeric
	shapeFloat4
	shapeFloat8
	shapeDate
	shapeTimestamp
	shapeTimestampTZ
	shapeTime
	shapeBytes
	shapeJSON
	shapeText
)

var shapeTypes = map[shapeKind]types.OID{shapeNull: types.Text, shapeBool: types.Bool, shapeInt2: types.Int2, shapeInt4: types.Int4, shapeInt8: types.Int8,
	shapeNumeric: types.Numeric, shapeFloat4: types.Float4, shapeFloat8: types.Float8, shapeDate: types.Date, shapeTimestamp: types.Timestamp,
	shapeTimestampTZ: types.TimestampTZ, shapeTime: types.Time, shapeBytes: types.Bytea, shapeJSON: types.JSONB, shapeText: types.Text}

func (s shape) isNumber() bool { return s.k >= shapeInt2 && s.k <= shapeFloat8 }
func (s shape) isTime() bool   { return s.k >= shapeDate && s.k <= shapeTimestampTZ }

// numericMod is the typmod of numeric(p,s).
func numericMod(p, s int) int32 { return int32(p<<16|s&0x7ff) + 4 }

// join is the narrowest shape that holds the values of both.
func (s shape) join(o shape) shape {
	switch {
	case s == o || o.k == shapeNull:
		return s
	case s.k == shapeNull:
		return o
	case s.isNumber() && o.isNumber():
		lo, hi := s, o
		if lo.k > hi.k {
			lo, hi = hi, lo
		}
		switch {
		case hi.k == shapeFloat4 && lo.k > shapeInt2:
			return shape{k: shapeFloat8}
		case hi.k == shapeNumeric:
			return shape{shapeNumeric, -1}
		}
		return hi
	case s.isTime() && o.isTime():
		return shape{k: max(s.k, o.k)}
	}
	return shape{k: shapeText}
}

// shapeOf is the shape of one value. infer is false where a text is a text whatever it looks like.
func (o *Options) shapeOf(v value, infer bool) shape {
	switch v.kind {
	case null:
		return shape{}
	case raw:
		if infer {
			return o.shapeOfText(v.s)
		}
	case boolean_:
		return shape{k: shapeBool}
	case integer:
		return shape{k: shapeInt8}
	case double:
		return shape{k: shapeFloat8}
	case number:
		if strings.ContainsAny(v.s, ".eE") && fitsFloat(v.s) {
			return shape{k: shapeFloat8}
		}
		return shape{shapeNumeric, -1}
	case decimal:
		return shape{shapeNumeric, numericMod(int(v.precision), int(v.scale))}
	case document:
		return shape{k: shapeJSON}
	case bytes_:
		return shape{k: shapeBytes}
	}
	return shape{k: shapeText}
}

var (
	numberText = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	dateText   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	momentText = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?) ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$`)
)

// shapeOfText is what a field of CSV looks like.
func (o *Options) shapeOfText(s string) shape {
	if s == "" {
		return shape{k: shapeText}
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			if n == int64(int32(n)) {
				return shape{k: shapeInt4}
			}
			return shape{k: shapeInt8}
		}
		if numberText.MatchString(s) {
			if !strings.ContainsAny(s, ".eE") {
				return shape{shapeNumeric, -1}
			}
			if fitsFloat(s) {
				return shape{k: shapeFloat8}
			}
		}
	case strings.EqualFold(s, "true"), strings.EqualFold(s, "false"):
		return shape{k: shapeBool}
	}
	if s == o.NaN || s == o.PosInf || s == o.NegInf {
		return shape{k: shapeFloat8}
	}
	return o.shapeOfMoment(s)
}

// fitsFloat reports whether a decimal number is neither too large nor too small for double precision.
func fitsFloat(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != 0 {
		return err == nil
	}
	mantissa := s
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
	}
	return !strings.ContainsAny(mantissa, "123456789")
}

func (o *Options) shapeOfMoment(s string) shape {
	if o.DateFormat != "" {
		if _, err := time.Parse(o.DateFormat, s); err == nil {
			return shape{k: shapeDate}
		}
	} else if dateText.MatchString(s) {
		if _, err := time.Parse(time.DateOnly, s); err == nil {
			return shape{k: shapeDate}
		}
	}
	if o.TSFormat != "" {
		if _, err := time.Parse(o.TSFormat, s); err == nil {
			if layoutHasZone(o.TSFormat) {
				return shape{k: shapeTimestampTZ}
			}
			return shape{k: shapeTimestamp}
		}
		return shape{k: shapeText}
	}
	if m := momentText.FindStringSubmatch(s); m != nil {
		if _, err := time.Parse(time.DateOnly, m[1]); err != nil {
			return shape{k: shapeText}
		}
		clock := m[2]
		if len(clock) == 5 {
			clock += ":00"
		}
		if _, err := time.Parse("15:04:05.999999999", clock); err == nil {
			if m[5] != "" {
				return shape{k: shapeTimestampTZ}
			}
			return shape{k: shapeTimestamp}
		}
	}
	return shape{k: shapeText}
}

func layoutHasZone(l string) bool {
	return strings.Contains(l, "Z07") || strings.Contains(l, "-07") || strings.Contains(l, "MST")
}

// shapes collects columns in the order in which they are first seen.
type shapes struct {
	fold bool // names that differ in case only are one
	list []shaped
	at   map[string]int
}

func (s *shapes) add(name string, sh shape) {
	key := name
	if s.fold {
		key = strings.ToLower(name)
	}
	i, ok := s.at[key]
	if !ok {
		if s.at == nil {
			s.at = map[string]int{}
		}
		i = len(s.list)
		s.at[key] = i
		s.list = append(s.list, shaped{name, sh})
		return
	}
	s.list[i].shape = s.list[i].shape.join(sh)
}

// What inference looks at, of formats that do not describe themselves.
const (
	SampleFiles = 1000
	SampleBytes = 64 << 20
)
