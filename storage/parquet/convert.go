package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
	"github.com/tarndb/tarn/storage/tuple"
)

// converter makes a value that is not NULL of what a leaf column holds.
type converter func(*arena, pq.Value) (tuple.Value, error)

// fromParquet reads a leaf as typ. Files from before a column became wider (Delta's type widening) are read as the wider
// type: integers as longer ones, as doubles and decimals, float as double, decimals with more digits, dates as timestamps
// without zone.
func fromParquet(leaf *pq.Column, typ Type) (converter, error) {
	kind := leaf.Type().Kind()
	logical := any(nil)
	if lt := leaf.Type().LogicalType(); lt != nil {
		logical = lt.Value
	}
	switch typ.ID {
	case Boolean:
		if kind == pq.Boolean {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Bool(v.Boolean()), nil }, nil
		}
	case Byte, Short, Integer, Long, Date:
		if asInt := integers(kind, logical); asInt != nil && (typ.ID == Date) == isDate(logical) {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Int(asInt(v)), nil }, nil
		}
	case Float, Double:
		if conv := floats(kind, logical); conv != nil {
			return conv, nil
		}
	case String, Binary:
		return bytesOf(leaf, kind, logical, typ)
	case Timestamp, TimestampNTZ:
		if conv := timestamps(kind, logical, typ); conv != nil {
			return conv, nil
		}
	case Decimal:
		return decimals(leaf, kind, logical, typ)
	}
	return nil, mismatch(leaf, typ)
}

func isDate(logical any) bool {
	_, ok := logical.(*format.DateType)
	return ok
}

// integers reads INT32 and INT64 that are annotated as nothing, as integers or as dates; nil for anything else.
func integers(kind pq.Kind, logical any) func(pq.Value) int64 {
	signed := true
	switch l := logical.(type) {
	case nil, *format.DateType:
	case *format.IntType:
		signed = l.IsSigned
	default:
		return nil
	}
	switch {
	case kind == pq.Int64:
		return pq.Value.Int64
	case kind == pq.Int32 && signed:
		return func(v pq.Value) int64 { return int64(v.Int32()) }
	case kind == pq.Int32:
		return func(v pq.Value) int64 { return int64(uint32(v.Int32())) }
	}
	return nil
}

func floats(kind pq.Kind, logical any) converter {
	switch kind {
	case pq.Float:
		return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Float(float64(v.Float())), nil }
	case pq.Double:
		return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Float(v.Double()), nil }
	case pq.Int32:
		if asInt := integers(kind, logical); asInt != nil {
			return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Float(float64(asInt(v))), nil }
		}
	}
	return nil
}

func bytesOf(leaf *pq.Column, kind pq.Kind, logical any, typ Type) (converter, error) {
	if _, ok := logical.(*format.UUIDType); ok && typ.ID == String {
		return func(a *arena, v pq.Value) (tuple.Value, error) {
			b := v.ByteArray()
			if len(b) != 16 {
				return tuple.Null, fmt.Errorf("%w: uuid of %d bytes", ErrDamaged, len(b))
			}
			t := hex.EncodeToString(b)
			return tuple.Bytes(a.copy([]byte(t[:8] + "-" + t[8:12] + "-" + t[12:16] + "-" + t[16:20] + "-" + t[20:]))), nil
		}, nil
	}
	if kind == pq.ByteArray || kind == pq.FixedLenByteArray {
		return func(a *arena, v pq.Value) (tuple.Value, error) { return tuple.Bytes(a.copy(v.ByteArray())), nil }, nil
	}
	return nil, mismatch(leaf, typ)
}

func timestamps(kind pq.Kind, logical any, typ Type) converter {
	if kind == pq.Int96 {
		return func(_ *arena, v pq.Value) (tuple.Value, error) { return tuple.Int(int96Micros(v.Int96())), nil }
	}
	if kind == pq.Int32 && isDate(logical) && typ.ID == TimestampNTZ {
		return func(_ *arena, v pq.Value) (tuple.Value, error) {
			return tuple.Int(int64(v.Int32()) * int64(24*time.Hour/time.Microsecond)), nil
		}
	}
	if kind != pq.Int64 {
		return nil
	}
	mul, div := int64(1), int64(1)
	switch l := logical.(type) {
	case nil:
	case *format.TimestampType:
		switch l.Unit.Value.(type) {
		case *format.MilliSeconds:
			mul = 1000
		case *format.NanoSeconds:
			div = 1000
		}
	default:
		return nil
	}
	return func(_ *arena, v pq.Value) (tuple.Value, error) {
		n := v.Int64()
		if mul > 1 && (n > math.MaxInt64/mul || n < math.MinInt64/mul) {
			return tuple.Null, fmt.Errorf("%w: timestamp of %d milliseconds is out of range", ErrType, n)
		}
		n *= mul
		if n%div < 0 {
			n -= div
		}
		return tuple.Int(n / div), nil
	}
}

func int96Micros(v deprecated.Int96) int64 {
	nanos := int64(uint64(v[0]) | uint64(v[1])<<32)
	const julianUnixEpoch = 2440588
	days := int64(v[2]) - julianUnixEpoch
	return days*int64(24*time.Hour/time.Microsecond) + nanos/1000
}

func decimals(leaf *pq.Column, kind pq.Kind, logical any, typ Type) (converter, error) {
	scale := 0
	if d, ok := logical.(*format.DecimalType); ok {
		scale = int(d.Scale)
	} else if integers(kind, logical) == nil || isDate(logical) {
		return nil, mismatch(leaf, typ)
	}
	up := int(typ.Scale) - scale
	if up < 0 || up > 38 {
		return nil, mismatch(leaf, typ)
	}
	var factor *big.Int
	if up > 0 {
		factor = new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(up)), nil)
	}
	unsigned := false
	if l, ok := logical.(*format.IntType); ok {
		unsigned = !l.IsSigned
	}
	switch {
	case kind == pq.Int32 || kind == pq.Int64:
		return func(a *arena, v pq.Value) (tuple.Value, error) {
			n := int64(0)
			switch {
			case kind == pq.Int64:
				n = v.Int64()
			case unsigned:
				n = int64(uint32(v.Int32()))
			default:
				n = int64(v.Int32())
			}
			if factor == nil && typ.Precision <= 18 {
				return tuple.Int(n), nil
			}
			w := big.NewInt(n)
			if unsigned && kind == pq.Int64 {
				w.SetUint64(uint64(n))
			}
			return decimalOf(a, w, factor, typ)
		}, nil
	case kind == pq.FixedLenByteArray || kind == pq.ByteArray:
		return func(a *arena, v pq.Value) (tuple.Value, error) {
			if factor != nil {
				return decimalOf(a, Int128(v.ByteArray()), factor, typ)
			}
			return decimalBytes(a, v.ByteArray(), typ)
		}, nil
	}
	return nil, mismatch(leaf, typ)
}

func decimalOf(a *arena, n, factor *big.Int, typ Type) (tuple.Value, error) {
	if factor != nil {
		n.Mul(n, factor)
	}
	switch {
	case typ.Precision > 18 && n.BitLen() <= 127:
		return tuple.Bytes(a.copy(AppendInt128(nil, n))), nil
	case typ.Precision <= 18 && n.IsInt64():
		return tuple.Int(n.Int64()), nil
	}
	return tuple.Null, fmt.Errorf("decimal is out of range for %s", typ)
}

// decimalBytes reads a big-endian two's complement number of any length.
func decimalBytes(a *arena, b []byte, typ Type) (tuple.Value, error) {
	var w [16]byte
	if len(b) > 0 && b[0]&0x80 != 0 {
		for i := range w {
			w[i] = 0xff
		}
	}
	for len(b) > len(w) {
		if b[0] != w[0] {
			return tuple.Null, fmt.Errorf("decimal has more than 128 bits")
		}
		b = b[1:]
	}
	copy(w[len(w)-len(b):], b)
	if typ.Precision > 18 {
		return tuple.Bytes(a.copy(w[:])), nil
	}
	n := int64(binary.BigEndian.Uint64(w[8:]))
	if hi := int64(binary.BigEndian.Uint64(w[:8])); hi != n>>63 {
		return tuple.Null, fmt.Errorf("decimal is out of range for %s", typ)
	}
	return tuple.Int(n), nil
}

// AppendInt128 appends n, which must fit, as 16 bytes of two's complement, big endian.
func AppendInt128(dst []byte, n *big.Int) []byte {
	var w [16]byte
	if n.Sign() < 0 {
		m := new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
		m.FillBytes(w[:])
	} else {
		n.FillBytes(w[:])
	}
	return append(dst, w[:]...)
}

// Int128 is the inverse of AppendInt128.
func Int128(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
