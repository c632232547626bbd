package delta

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Stats is the content of add.stats.
type Stats struct {
	NumRecords  int64                      `json:"numRecords"`
	MinValues   map[string]json.RawMessage `json:"minValues,omitempty"`
	MaxValues   map[string]json.RawMessage `json:"maxValues,omitempty"`
	NullCount   map[string]json.RawMessage `json:"nullCount,omitempty"`
	TightBounds *bool                      `json:"tightBounds,omitempty"`
}

// indexedColumns is the protocol's default for how many columns have statistics (delta.dataSkippingNumIndexedCols).
const indexedColumns = 32

// statPrefix is how much of a string stands in a range, in characters.
const statPrefix = 32

// FileStats turns a file's statistics into add.stats. tight says that min and max are of live rows; it is false once
// a deletion vector exists.
func FileStats(cols []parquet.Column, fs parquet.FileStats, tight bool) string {
	st := Stats{NumRecords: fs.Rows, MinValues: map[string]json.RawMessage{}, MaxValues: map[string]json.RawMessage{},
		NullCount: map[string]json.RawMessage{}, TightBounds: &tight}
	for i, c := range cols {
		if i >= indexedColumns || c.Name == parquet.RowIDColumn {
			break
		}
		cs := fs.Columns[i]
		if !c.Type.Nested() { // of a struct they would stand in an object, by field
			st.NullCount[c.Name] = json.RawMessage(strconv.FormatInt(cs.Nulls, 10))
		}
		if !cs.Ranged {
			continue
		}
		lo, ok1 := statJSON(c.Type, cs.Min, false)
		hi, ok2 := statJSON(c.Type, cs.Max, true)
		if ok1 && ok2 {
			st.MinValues[c.Name], st.MaxValues[c.Name] = lo, hi
		}
	}
	return st.String()
}

// String is the JSON that stands in add.stats.
func (st Stats) String() string {
	b, err := json.Marshal(st)
	if err != nil {
		panic("delta: statistics cannot be encoded: " + err.Error()) // every raw value was made by statJSON or parsed
	}
	return string(b)
}

// ParseStats reads add.stats; "" gives nil.
func ParseStats(s string) (*Stats, error) {
	if s == "" {
		return nil, nil
	}
	st := new(Stats)
	if err := json.Unmarshal([]byte(s), st); err != nil {
		return nil, fmt.Errorf("%w: statistics: %v", ErrCorrupt, err)
	}
	return st, nil
}

// Loosen returns the statistics for a file that got a deletion vector: numRecords stays physical, ranges stay but are
// no longer tight.
func Loosen(stats string) (string, error) {
	if strings.HasSuffix(stats, `"tightBounds":false}`) {
		return stats, nil // by us
	}
	st, err := ParseStats(stats)
	if err != nil || st == nil {
		return stats, err
	}
	loose := false
	st.TightBounds = &loose
	return st.String(), nil
}

// statJSON writes one bound. A bound that JSON or readers cannot take (infinities, years of more than four digits, a
// string without a safe upper prefix) gives false: no bound is always right.
func statJSON(t parquet.Type, v tuple.Value, upper bool) (json.RawMessage, bool) {
	switch t.ID {
	case parquet.Byte, parquet.Short, parquet.Integer, parquet.Long:
		return json.RawMessage(strconv.FormatInt(v.Int(), 10)), true
	case parquet.Float, parquet.Double:
		f := v.Float()
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, false
		}
		bits := 64
		if t.ID == parquet.Float {
			bits = 32
		}
		return json.RawMessage(strconv.FormatFloat(f, 'g', -1, bits)), true
	case parquet.Decimal:
		return json.RawMessage(decimalText(t, v)), true
	case parquet.Date:
		d := time.Unix(v.Int()*86400, 0).UTC()
		if d.Year() < 1 || d.Year() > 9999 {
			return nil, false
		}
		return json.RawMessage(d.Format(`"2006-01-02"`)), true
	case parquet.Timestamp, parquet.TimestampNTZ:
		// Truncated to milliseconds, which readers know: they add one to an upper bound.
		d := time.UnixMicro(v.Int()).UTC()
		if d.Year() < 1 || d.Year() > 9999 {
			return nil, false
		}
		d = time.UnixMilli(floorDiv(v.Int(), 1000)).UTC()
		if t.ID == parquet.Timestamp {
			return json.RawMessage(d.Format(`"2006-01-02T15:04:05.000Z"`)), true
		}
		return json.RawMessage(d.Format(`"2006-01-02T15:04:05.000"`)), true
	case parquet.String:
		s, ok := stringBound(v.Str(), upper)
		if !ok {
			return nil, false
		}
		b, err := json.Marshal(s)
		return b, err == nil
	}
	return nil, false
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// stringBound cuts a string to statPrefix characters. A cut upper bound gets a character that sorts after everything
// that was cut off: U+10FFFF, unless that could be what follows.
func stringBound(s string, upper bool) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	n := 0
	for i := range s {
		if n == statPrefix {
			if !upper {
				return s[:i], true
			}
			if r, _ := utf8.DecodeRuneInString(s[i:]); r >= utf8.MaxRune {
				return "", false
			}
			return s[:i] + string(utf8.MaxRune), true
		}
		n++
	}
	return s, true
}

func decimalText(t parquet.Type, v tuple.Value) string {
	var s string
	if t.Precision > 18 {
		s = parquet.Int128(v.Bytes()).String()
	} else {
		s = strconv.FormatInt(v.Int(), 10)
	}
	if t.Scale == 0 {
		return s
	}
	s, neg := strings.CutPrefix(s, "-")
	if pad := int(t.Scale) + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	s = s[:len(s)-int(t.Scale)] + "." + s[len(s)-int(t.Scale):]
	if neg {
		s = "-" + s
	}
	return s
}

// Range decodes the bounds of a column as physical values. ok is false if there are none. An upper bound of a
// timestamp is already raised by the millisecond that writers cut off.
func (st *Stats) Range(name string, t parquet.Type) (lo, hi tuple.Value, ok bool) {
	if st == nil {
		return
	}
	rawLo, ok1 := st.MinValues[name]
	rawHi, ok2 := st.MaxValues[name]
	if !ok1 || !ok2 {
		return
	}
	if lo, ok = parseBound(t, rawLo, false); !ok {
		return
	}
	hi, ok = parseBound(t, rawHi, true)
	return
}

// fieldRange is Range for a column of a schema. The bounds of a file from when a double was a float are shortest texts of
// floats, between which and the floats lies up to half of a float's last digit.
func (st *Stats) fieldRange(f Field) (lo, hi tuple.Value, ok bool) {
	lo, hi, ok = st.Range(f.Name, f.Type)
	if _, widened := f.Metadata["delta.typeChanges"]; ok && widened && f.Type.ID == parquet.Double {
		lo = tuple.Float(min(lo.Float(), float64(float32(lo.Float()))))
		hi = tuple.Float(max(hi.Float(), float64(float32(hi.Float()))))
	}
	return
}

// Nulls is the null count of a column, -1 if unknown.
func (st *Stats) Nulls(name string) int64 {
	if st == nil {
		return -1
	}
	n, err := strconv.ParseInt(string(st.NullCount[name]), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func parseBound(t parquet.Type, raw json.RawMessage, upper bool) (tuple.Value, bool) {
	text := func() (s string, ok bool) { ok = json.Unmarshal(raw, &s) == nil; return }
	switch t.ID {
	case parquet.Byte, parquet.Short, parquet.Integer, parquet.Long:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return tuple.Int(n), err == nil
	case parquet.Float, parquet.Double:
		bits := 64
		if t.ID == parquet.Float {
			bits = 32
		}
		f, err := strconv.ParseFloat(string(raw), bits)
		return tuple.Float(f), err == nil
	case parquet.Decimal:
		return parseDecimal(t, string(raw))
	case parquet.Date:
		s, ok := text()
		d, err := time.Parse("2006-01-02", s)
		return tuple.Int(floorDiv(d.Unix(), 86400)), ok && err == nil
	case parquet.Timestamp, parquet.TimestampNTZ:
		s, ok := text()
		d, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(s, "Z"))
		n := d.UnixMicro()
		if upper {
			n += 1000
		}
		return tuple.Int(n), ok && err == nil
	case parquet.String:
		s, ok := text()
		return tuple.String(s), ok
	}
	return tuple.Null, false
}
