package types

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/jsonpath"
	"github.com/tarndb/tarn/storage/tuple"
)

// jsonpathCodec holds a path as its output text; the binary form is version 1 and that text.
var jsonpathCodec = &codec{
	out: bytesOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		p, err := ParseJSONPath(s)
		if err != nil {
			return Null, err
		}
		return tuple.Bytes(p.Append(nil, AppendJSONString)), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return append(append(dst, 1), d.Bytes()...) },
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
		if len(b) == 0 {
			return Null, binaryShort()
		}
		if b[0] != 1 {
			return Null, pgerr.Internal("unsupported jsonpath version number: %d", b[0])
		}
		return t.io.in(t, asString(b[1:]), mod, env)
	},
}

// ParseJSONPath reads a path; its constants are numerics.
func ParseJSONPath(s string) (*jsonpath.Path, error) {
	if err := CheckUTF8(s); err != nil {
		return nil, err
	}
	return jsonpath.Parse(s, pathNumbers{})
}

type pathNumbers struct{}

func (pathNumbers) Parse(s string) (Datum, string, error) {
	v, err := ParseNumeric(s)
	if err != nil {
		return Null, "", err
	}
	return v, string(numericOf(v).AppendText(nil)), nil
}

func (pathNumbers) Neg(v Datum) (Datum, string) {
	n := NumericNeg(v)
	return n, string(numericOf(n).AppendText(nil))
}
