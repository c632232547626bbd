package parquet

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/tarndb/tarn/storage/tuple"
)

// ColumnStats bound the values of one column of a file.
type ColumnStats struct {
	Nulls int64
	// Ranged says that Min and Max are set: the type has an order in the Delta log (numbers, dates, timestamps,
	// strings), there is a value, and no value is NaN.
	Ranged   bool
	Min, Max tuple.Value // owned; of a text its first 512 bytes at most
}

// rangedType reports whether Delta statistics hold a range for the type.
func rangedType(t Type) bool {
	switch t.ID {
	case Boolean, Binary, Array, Map, Struct, Void, Invalid:
		return false
	}
	return true
}

// statsOf accumulates over batches.
type statsOf struct {
	typ    Type
	nulls  int64
	seen   bool
	nan    bool
	mini   int64
	maxi   int64
	minf   float64
	maxf   float64
	minb   []byte // owned
	maxb   []byte
	signed bool // bytes are two's complement
}

func newStats(t Type) *statsOf {
	return &statsOf{typ: t, signed: t.ID == Decimal}
}

func (s *statsOf) add(vals []tuple.Value) {
	switch {
	case !rangedType(s.typ):
		for i := range vals {
			if vals[i].IsNull() {
				s.nulls++
			}
		}
	case s.typ.ID == Float || s.typ.ID == Double:
		s.addFloats(vals)
	case s.typ.ID == String || s.typ.ID == Decimal && s.typ.Precision > 18:
		s.addBytes(vals)
	default:
		s.addInts(vals)
	}
}

func (s *statsOf) addInts(vals []tuple.Value) {
	for i := range vals {
		if vals[i].IsNull() {
			s.nulls++
			continue
		}
		n := vals[i].Int()
		if !s.seen {
			s.seen, s.mini, s.maxi = true, n, n
			continue
		}
		s.mini, s.maxi = min(s.mini, n), max(s.maxi, n)
	}
}

func (s *statsOf) addFloats(vals []tuple.Value) {
	for i := range vals {
		if vals[i].IsNull() {
			s.nulls++
			continue
		}
		f := vals[i].Float()
		if math.IsNaN(f) {
			s.nan = true
			continue
		}
		if !s.seen {
			s.seen, s.minf, s.maxf = true, f, f
			continue
		}
		s.minf, s.maxf = min(s.minf, f), max(s.maxf, f)
	}
}

func (s *statsOf) addBytes(vals []tuple.Value) {
	for i := range vals {
		if vals[i].IsNull() {
			s.nulls++
			continue
		}
		b := vals[i].Bytes()
		if s.typ.ID == String {
			b = beginning(b)
		}
		if !s.seen {
			s.seen, s.minb, s.maxb = true, bytes.Clone(b), bytes.Clone(b)
			continue
		}
		if s.less(b, s.minb) {
			s.minb = append(s.minb[:0], b...)
		} else if s.less(s.maxb, b) {
			s.maxb = append(s.maxb[:0], b...)
		}
	}
}

// boundBytes is how much of a text is kept as a bound, several times what the Delta log takes of it (64 characters).
const boundBytes = 512

// beginning cuts a text between characters. What is cut off a lower bound leaves a lower bound; whoever writes an upper one rounds up
// what is longer than he takes.
func beginning(b []byte) []byte {
	if len(b) <= boundBytes {
		return b
	}
	n := boundBytes
	for n > boundBytes-utf8.UTFMax && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

func (s *statsOf) less(a, b []byte) bool {
	if s.signed && (a[0]^b[0])&0x80 != 0 {
		return a[0]&0x80 != 0
	}
	return bytes.Compare(a, b) < 0
}

func (s *statsOf) result() ColumnStats {
	out := ColumnStats{Nulls: s.nulls, Ranged: s.seen && !s.nan}
	if !out.Ranged {
		return out
	}
	switch {
	case s.typ.ID == Float || s.typ.ID == Double:
		out.Min, out.Max = tuple.Float(s.minf), tuple.Float(s.maxf)
	case s.minb != nil:
		out.Min, out.Max = tuple.Bytes(s.minb), tuple.Bytes(s.maxb)
	default:
		out.Min, out.Max = tuple.Int(s.mini), tuple.Int(s.maxi)
	}
	return out
}
