package builtin

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Bit strings are held as one byte '0' or '1' per bit.

func bitwise(what string, f func(x, y byte) byte) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		x, y := a[0].Bytes(), a[1].Bytes()
		if len(x) != len(y) {
			return null, pgerr.New(pgerr.StringDataLengthMismatch, "cannot %s bit strings of different sizes", what)
		}
		out := make([]byte, len(x))
		for i := range x {
			out[i] = '0' + f(x[i]-'0', y[i]-'0')
		}
		return tuple.Bytes(out), nil
	}
}

var (
	bitAnd = bitwise("AND", func(x, y byte) byte { return x & y })
	bitOr  = bitwise("OR", func(x, y byte) byte { return x | y })
	bitXor = bitwise("XOR", func(x, y byte) byte { return x ^ y })
)
