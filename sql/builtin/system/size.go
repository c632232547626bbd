package system

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// columnSize is pg_column_size: the bytes that PostgreSQL would take for the value outside of a table, uncompressed.
func columnSize(c *call.Call, a []types.Datum) (types.Datum, error) {
	t := c.Env.Type(c.ArgTypes[0])
	if t == nil {
		return types.Null, call.TypeNotFound(c.ArgTypes[0])
	}
	return call.Int(int64(sizeOf(c.Env, t, a[0])))
}

const varHeader = 4 // bytes of length before a value of variable length

func sizeOf(env *types.Env, t *types.Type, d types.Datum) int {
	for t.TypType == types.TypeDomain {
		if t = env.Type(t.Base); t == nil {
			return 0
		}
	}
	switch {
	case t.Len > 0:
		return int(t.Len)
	case t.Len == -2: // cstring
		return d.Len() + 1
	}
	switch t.OID {
	case types.Numeric:
		return numeric.Size(d)
	case types.JSONB:
		n := jsondoc.NodeOf(d)
		return varHeader + jsondoc.Layout(&n, func(*jsondoc.Node, int) {})
	case types.Bit, types.VarBit:
		return varHeader + 4 + (d.Len()+7)/8
	case types.Inet, types.CIDR:
		return varHeader + 2 + types.InetOf(d).Addr.BitLen()/8
	}
	switch {
	case t.IsArray():
		return arraySize(env, tuple.Array(d.Bytes()))
	case t.OID == types.Record || t.TypType == types.TypeComposite:
		return recordSize(env, tuple.Record(d.Bytes()))
	}
	return varHeader + d.Len()
}

func alignTo(n int, align byte) int {
	by := map[byte]int{'c': 1, 's': 2, 'i': 4, 'd': 8}[align]
	return (n + by - 1) / by * by
}

func arraySize(env *types.Env, a tuple.Array) int {
	head, n, nulls := 16+8*a.NumDims(), 0, false
	elem := env.Type(types.OID(a.ElemOID()))
	for i := range a.Len() {
		e := a.Elem(i)
		if e.IsNull() {
			nulls = true
		} else if elem != nil {
			n = alignTo(n+sizeOf(env, elem, e), elem.Align)
		}
	}
	if nulls {
		head += (a.Len() + 7) / 8
	}
	return alignTo(head, 'd') + n
}

// recordSize is a row's: its header, a bitmap if there are nulls, the columns. Short values have a header of one byte.
func recordSize(env *types.Env, r tuple.Record) int {
	n, nulls := 0, false
	for i := range r.Len() {
		f := r.Field(i)
		t := env.Type(types.OID(f.OID))
		switch {
		case f.Value.IsNull() || t == nil:
			nulls = nulls || f.Value.IsNull()
			continue
		case t.Len == -1:
			if size := sizeOf(env, t, f.Value) - varHeader; size < 127 {
				n += 1 + size
				continue
			}
		}
		n = alignTo(n, t.Align) + sizeOf(env, t, f.Value)
	}
	head := 23
	if nulls {
		head += (r.Len() + 7) / 8
	}
	return alignTo(head, 'd') + n
}
