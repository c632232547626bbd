package types

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/jsonpath"
	"github.com/tarndb/tarn/sql/types/numeric"
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
		return tuple.Bytes(p.Append(nil, jsondoc.AppendString)), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return append(append(dst, 1), d.Bytes()...) },
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
		if len(b) == 0 {
			return Null, input.Short()
		}
		if b[0] != 1 {
			return Null, pgerr.Internal("unsupported jsonpath version number: %d", b[0])
		}
		return t.io.in(t, input.String(b[1:]), mod, env)
	},
}

// ParseJSONPath reads a path; its constants are numerics.
func ParseJSONPath(s string) (*jsonpath.Path, error) {
	if err := input.CheckUTF8(s); err != nil {
		return nil, err
	}
	return jsonpath.Parse(s, pathNumbers{})
}

type pathNumbers struct{}

func (pathNumbers) Parse(s string) (Datum, string, error) {
	v, err := numeric.Parse(s)
	if err != nil {
		return Null, "", err
	}
	return v, string(numeric.Of(v).AppendText(nil)), nil
}

func (pathNumbers) Neg(v Datum) (Datum, string) {
	n := numeric.Neg(v)
	return n, string(numeric.Of(n).AppendText(nil))
}
