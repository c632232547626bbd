package parquet

import (
	"strings"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Plain reports whether any reader of Parquet finds under the column's name the values that Scan gives: it is stored in the encoding
// that the format prescribes for its type or for one that the type widens, and no other column's name differs in case only. A column that
// the file lacks is plain. What older writers did (times of 96 bits, texts without annotation, unsigned numbers) is not.
func (r *Reader) Plain(c Column) bool {
	var leaf *pq.Column
	for _, k := range r.f.Root().Columns() {
		switch {
		case k.Name() == c.Name:
			leaf = k
		case strings.EqualFold(k.Name(), c.Name), c.ID != 0 && k.ID() == c.ID:
			return false
		}
	}
	if leaf == nil {
		return true
	}
	if c.ID != 0 && leaf.ID() != 0 && leaf.ID() != c.ID || !leaf.Leaf() || leaf.Repeated() {
		return false
	}
	var logical any
	if lt := leaf.Type().LogicalType(); lt != nil {
		logical = lt.Value
	}
	return plain(c.Type, leaf.Type().Kind(), logical)
}

func plain(t Type, kind pq.Kind, logical any) bool {
	whole := func(bits int) bool {
		have := map[pq.Kind]int{pq.Int32: 32, pq.Int64: 64}[kind]
		if l, ok := logical.(*format.IntType); ok && l.IsSigned {
			have = int(l.BitWidth)
		} else if logical != nil {
			return false
		}
		return have > 0 && have <= bits
	}
	switch t.ID {
	case Boolean:
		return kind == pq.Boolean && logical == nil
	case Byte:
		return whole(8)
	case Short:
		return whole(16)
	case Integer:
		return whole(32)
	case Long:
		return whole(64)
	case Float:
		return kind == pq.Float && logical == nil
	case Double:
		return kind == pq.Double && logical == nil
	case String:
		_, ok := logical.(*format.StringType)
		return ok && kind == pq.ByteArray
	case Date:
		_, ok := logical.(*format.DateType)
		return ok && kind == pq.Int32
	case Timestamp, TimestampNTZ:
		l, ok := logical.(*format.TimestampType)
		if !ok || kind != pq.Int64 || l.IsAdjustedToUTC != (t.ID == Timestamp) {
			return false
		}
		_, micros := l.Unit.Value.(*format.MicroSeconds)
		return micros
	case Decimal:
		l, ok := logical.(*format.DecimalType)
		return ok && l.Scale == int32(t.Scale) && l.Precision <= int32(t.Precision) && (kind == pq.Int32 || kind == pq.Int64 || kind == pq.FixedLenByteArray)
	}
	return false
}
