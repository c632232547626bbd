package types

import (
	"encoding/binary"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// vectorCodec is int2vector and oidvector: one dimension from 0, printed as numbers with blanks between.
var vectorCodec = &codec{
	out: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		a, elem := tuple.Array(d.Bytes()), Lookup(t.Elem)
		for i := range a.Len() {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = elem.AppendText(dst, a.Elem(i), env)
		}
		return dst
	},
	in: func(t *Type, s string, _ int32, env *Env) (Datum, error) {
		elem := Lookup(t.Elem)
		var vals []Datum
		for s = input.TrimLeft(s); s != ""; s = input.TrimLeft(s) {
			n := input.Skip(s, 0, func(c byte) bool { return !input.IsSpace(c) })
			if t.OID == OidVector { // a number ends where its digits do
				n = max(input.Skip(s, input.SkipSign(s), input.IsDigit), 1)
			}
			v, err := elem.ParseText(s[:n], -1, env)
			if err != nil { // PostgreSQL names all that is left
				e := pgerr.From(err)
				e.Message = strings.Replace(e.Message, "\""+s[:n]+"\"", "\""+s+"\"", 1)
				return Null, e
			}
			vals = append(vals, v)
			s = s[n:]
		}
		return MakeVector(t, vals), nil
	},
	send: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		if tuple.Array(d.Bytes()).Len() > 0 {
			return arraySend(t, dst, d, env)
		}
		// An empty vector still has its one dimension: {1, no nulls, element, length 0, lower bound 0}.
		for _, w := range [5]uint32{1, 0, t.Elem, 0, 0} {
			dst = binary.BigEndian.AppendUint32(dst, w)
		}
		return dst
	},
	recv: func(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
		d, err := arrayRecv(t, b, mod, env)
		if err != nil {
			return Null, err
		}
		a := tuple.Array(d.Bytes())
		if a.NumDims() > 1 || a.HasNulls() || a.NumDims() == 1 && a.Dim(0).Lower != 0 {
			return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid %s data", t.Name)
		}
		return d, nil
	},
}

// MakeVector packs an int2vector or oidvector.
func MakeVector(t *Type, vals []Datum) Datum {
	var dims []tuple.ArrayDim
	if len(vals) > 0 {
		dims = []tuple.ArrayDim{{Len: len(vals), Lower: 0}}
	}
	return tuple.Bytes(tuple.AppendArray(nil, Lookup(t.Elem).Kind, t.Elem, dims, vals))
}
