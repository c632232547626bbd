package text

import (
	"bytes"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Bit strings are held as one byte '0' or '1' per bit.

func bitwise(what string, f func(x, y byte) byte) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := a[0].Bytes(), a[1].Bytes()
		if len(x) != len(y) {
			return types.Null, pgerr.New(pgerr.StringDataLengthMismatch, "cannot %s bit strings of different sizes", what)
		}
		out := make([]byte, len(x))
		for i := range x {
			out[i] = '0' + f(x[i]-'0', y[i]-'0')
		}
		return tuple.Bytes(out), nil
	}
}

var (
	BitAnd = bitwise("AND", func(x, y byte) byte { return x & y })
	BitOr  = bitwise("OR", func(x, y byte) byte { return x | y })
	BitXor = bitwise("XOR", func(x, y byte) byte { return x ^ y })
)

func bitIndex(a []types.Datum) (int64, error) {
	i := a[1].Int()
	if i < 0 || i >= int64(a[0].Len()) {
		return 0, pgerr.New(pgerr.ArraySubscriptError, "bit index %d out of valid range (0..%d)", i, a[0].Len()-1)
	}
	return i, nil
}

// shiftBits moves to the left by n (to the right if negative); zeros come in.
func shiftBits(b []byte, n int64) []byte {
	out := bytes.Repeat([]byte{'0'}, len(b))
	size := int64(len(b))
	switch {
	case n >= size || n <= -size:
	case n >= 0:
		copy(out, b[n:])
	default:
		copy(out[-n:], b)
	}
	return out
}

func bitSubstr(_ *call.Call, a []types.Datum) (types.Datum, error) { return byteaSubstr(nil, a) }

// intBits is the low n bits of v; beyond its width the sign bit repeats.
func intBits(v int64, n int64, width int64) (types.Datum, error) {
	if n <= 0 || n > maxBits {
		n = 1
	}
	out := make([]byte, n)
	for i := range n {
		shift := min(n-1-i, width-1)
		out[i] = '0' + byte(v>>shift&1)
	}
	return call.Bytes(out)
}

const maxBits = 83886080

func bitsToInt(width int, overflow *pgerr.Error) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		b := a[0].Bytes()
		if len(b) > width {
			return types.Null, call.Fresh(overflow)
		}
		var v uint64
		for _, c := range b {
			v = v<<1 | uint64(c-'0')
		}
		if width == 32 {
			return tuple.Int(int64(int32(uint32(v)))), nil
		}
		return tuple.Int(int64(v)), nil
	}
}

func bitFns() call.Fns {
	length := func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64(a[0].Len())) }
	typmod := func(oid types.OID) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return types.Lookup(oid).ApplyTypmod(a[0], int32(a[1].Int()), a[2].Bool())
		}
	}
	return call.Fns{
		"bit_and": BitAnd, "bit_or": BitOr, "bitxor": BitXor, "bitcat": textCat, "bitlength": length,
		"bitnot": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			out := bytes.Clone(a[0].Bytes())
			for i := range out {
				out[i] ^= 1
			}
			return call.Bytes(out)
		},
		"bitoctetlength": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return call.Int(int64((a[0].Len() + 7) / 8)) },
		"bit_bit_count": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(bytes.Count(a[0].Bytes(), []byte{'1'})))
		},
		"bitshiftleft": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bytes(shiftBits(a[0].Bytes(), a[1].Int()))
		},
		"bitshiftright": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bytes(shiftBits(a[0].Bytes(), -a[1].Int()))
		},
		"bitsubstr": bitSubstr, "bitsubstr_no_len": bitSubstr,
		"bitoverlay": byteaOverlay, "bitoverlay_no_len": byteaOverlay,
		"bitposition": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if a[0].Len() == 0 {
				return call.Int(0)
			}
			return call.Int(int64(bytes.Index(a[0].Bytes(), a[1].Bytes()) + 1))
		},
		"bitgetbit": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			i, err := bitIndex(a)
			if err != nil {
				return types.Null, err
			}
			return call.Int(int64(a[0].Bytes()[i] - '0'))
		},
		"bitsetbit": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			i, err := bitIndex(a)
			if err != nil {
				return types.Null, err
			}
			if v := a[2].Int(); v != 0 && v != 1 {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "new bit must be 0 or 1")
			}
			out := bytes.Clone(a[0].Bytes())
			out[i] = '0' + byte(a[2].Int())
			return call.Bytes(out)
		},
		"bitfromint4": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return intBits(a[0].Int(), a[1].Int(), 32) },
		"bitfromint8": func(_ *call.Call, a []types.Datum) (types.Datum, error) { return intBits(a[0].Int(), a[1].Int(), 64) },
		"bittoint4":   bitsToInt(32, number.ErrIntegerRange), "bittoint8": bitsToInt(64, number.ErrBigintRange),
		"bit": typmod(types.Bit), "varbit": typmod(types.VarBit),
	}
}
