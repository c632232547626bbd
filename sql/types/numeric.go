package types

import (
	"github.com/tarndb/tarn/sql/types/numeric"
)

var numericCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return numeric.Of(d).AppendText(dst) },
	in: func(_ *Type, s string, mod int32, _ *Env) (Datum, error) {
		d, err := numeric.Parse(s)
		if err != nil {
			return Null, err
		}
		return numeric.ApplyTypmod(d, mod)
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return numeric.AppendBinary(dst, d) },
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		d, err := numeric.ParseBinary(b)
		if err != nil {
			return Null, err
		}
		return numeric.ApplyTypmod(d, mod)
	},
}
