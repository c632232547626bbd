package types

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// jsonCodec keeps the text as it came; input only checks it.
var jsonCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		if err := jsondoc.Check(s); err != nil {
			return Null, err
		}
		return tuple.String(s), nil
	},
	send: bytesOut,
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
		return t.io.in(t, input.String(b), mod, env)
	},
}

// jsonbCodec keeps canonical text, which is what jsonb_out prints: keys by length and then bytes, the last of equal
// keys, numbers as numeric prints them, one blank after each colon and comma.
var jsonbCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		return jsondoc.ParseJSONB(s)
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return append(append(dst, 1), d.Bytes()...) },
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
		if len(b) == 0 {
			return Null, input.Short()
		}
		if b[0] != 1 {
			return Null, pgerr.Internal("unsupported jsonb version number %d", b[0])
		}
		return t.io.in(t, input.String(b[1:]), mod, env)
	},
}
