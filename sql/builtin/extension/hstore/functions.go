package hstore

import (
	"strconv"

	"github.com/tarndb/tarn/sql/builtin/array"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/hstore"
	"github.com/tarndb/tarn/storage/tuple"
)

// keys are the elements of a text[] that are not NULL.
func keys(d types.Datum) []string {
	a := tuple.Array(d.Bytes())
	out := make([]string, 0, a.Len())
	for i := range a.Len() {
		if v := a.Elem(i); !v.IsNull() {
			out = append(out, v.Str())
		}
	}
	return out
}

func fetch(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := hstore.Of(a[0])
	if i := v.Find(a[1].Str()); i >= 0 {
		return v.Value(i), nil
	}
	return types.Null, nil
}

func exists(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Bool(hstore.Of(a[0]).Find(a[1].Str()) >= 0)
}

func defined(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := hstore.Of(a[0])
	i := v.Find(a[1].Str())
	return call.Bool(i >= 0 && !v.Null(i))
}

// existing is ?| (any) and ?&.
func existing(any bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		v := hstore.Of(a[0])
		for _, k := range keys(a[1]) {
			if v.Find(k) >= 0 == any {
				return call.Bool(any)
			}
		}
		return call.Bool(!any)
	}
}

func deleteKey(_ *call.Call, a []types.Datum) (types.Datum, error) {
	key := a[1].Str()
	return hstore.Filter(hstore.Of(a[0]), func(p hstore.Pair) bool { return p.Key != key }), nil
}

func deleteKeys(_ *call.Call, a []types.Datum) (types.Datum, error) {
	gone := map[string]bool{}
	for _, k := range keys(a[1]) {
		gone[k] = true
	}
	return hstore.Filter(hstore.Of(a[0]), func(p hstore.Pair) bool { return !gone[p.Key] }), nil
}

// deletePairs takes out the pairs that both maps have, values included.
func deletePairs(_ *call.Call, a []types.Datum) (types.Datum, error) {
	b := hstore.Of(a[1])
	return hstore.Filter(hstore.Of(a[0]), func(p hstore.Pair) bool {
		i := b.Find(p.Key)
		return i < 0 || !b.Pair(i).SameValue(p)
	}), nil
}

// sliceArray is the values of keys, in an array of the same shape.
func sliceArray(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v, from := hstore.Of(a[0]), tuple.Array(a[1].Bytes())
	out := from.Elems(nil)
	for i, k := range out {
		out[i] = types.Null
		if k.IsNull() {
			continue
		}
		if at := v.Find(k.Str()); at >= 0 {
			out[i] = v.Value(at)
		}
	}
	return types.MakeArrayDims(textType, from.Dims(nil), out), nil
}

func slice(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := hstore.Of(a[0])
	var out []hstore.Pair
	for _, k := range keys(a[1]) {
		if at := v.Find(k); at >= 0 {
			out = append(out, v.Pair(at))
		}
	}
	return hstore.Make(out), nil
}

var textType = types.Lookup(types.Text)

// column lists keys or values.
func column(v hstore.View, of func(hstore.View, int) types.Datum) []types.Datum {
	out := make([]types.Datum, v.Len())
	for i := range out {
		out[i] = of(v, i)
	}
	return out
}

func keyOf(v hstore.View, i int) types.Datum { return tuple.String(v.Key(i)) }

func columnArray(of func(hstore.View, int) types.Datum) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.TextArray(column(hstore.Of(a[0]), of)), nil
	}
}

func columnRows(of func(hstore.View, int) types.Datum) call.SetFn {
	return func(_ *call.Call, a []types.Datum) (call.Rows, error) {
		return call.ListRows(column(hstore.Of(a[0].Clone()), of)), nil
	}
}

// flat lists keys and values in turn.
func flat(v hstore.View) []types.Datum {
	out := make([]types.Datum, 0, 2*v.Len())
	for i := range v.Len() {
		out = append(out, keyOf(v, i), v.Value(i))
	}
	return out
}

func toArray(_ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.TextArray(flat(hstore.Of(a[0]))), nil
}

func toMatrix(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := hstore.Of(a[0])
	if v.Len() == 0 {
		return call.TextArray(nil), nil
	}
	dims := []tuple.ArrayDim{{Len: v.Len(), Lower: 1}, {Len: 2, Lower: 1}}
	return types.MakeArrayDims(textType, dims, flat(v)), nil
}

func each(_ *call.Call, a []types.Datum) (call.Rows, error) {
	v, i := hstore.Of(a[0].Clone()), 0
	row := make([]types.Datum, 2)
	return call.RowsFunc(func() ([]types.Datum, bool, error) {
		if i == v.Len() {
			return nil, false, nil
		}
		row[0], row[1] = keyOf(v, i), v.Value(i)
		i++
		return row, true, nil
	}), nil
}

func fromText(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	return hstore.Pack([]hstore.Pair{pairOf(a[0], a[1])}), nil
}

func pairOf(key, val types.Datum) hstore.Pair {
	if val.IsNull() {
		return hstore.Pair{Key: key.Str(), Null: true}
	}
	return hstore.Pair{Key: key.Str(), Val: val.Str()}
}

func errSubscripts() error {
	return pgerr.New(pgerr.ArraySubscriptError, "wrong number of array subscripts")
}

// fromArrays pairs the elements of two arrays; without the second all values are NULL.
func fromArrays(_ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	ks := tuple.Array(a[0].Bytes())
	if ks.NumDims() > 1 {
		return types.Null, errSubscripts()
	}
	var vs tuple.Array
	if !a[1].IsNull() {
		vs = tuple.Array(a[1].Bytes())
		if vs.NumDims() > 1 {
			return types.Null, errSubscripts()
		}
		if ks.NumDims() != vs.NumDims() || ks.NumDims() > 0 && ks.Dim(0) != vs.Dim(0) {
			return types.Null, pgerr.New(pgerr.ArraySubscriptError, "arrays must have same bounds")
		}
	}
	out := make([]hstore.Pair, ks.Len())
	for i := range out {
		k, v := ks.Elem(i), types.Null
		if k.IsNull() {
			return types.Null, hstore.ErrNullKey()
		}
		if vs != nil {
			v = vs.Elem(i)
		}
		out[i] = pairOf(k, v)
	}
	return hstore.Make(out), nil
}

// fromArray reads keys and values in turn, or rows of two.
func fromArray(_ *call.Call, a []types.Datum) (types.Datum, error) {
	arr := tuple.Array(a[0].Bytes())
	switch n := arr.NumDims(); {
	case n > 2:
		return types.Null, errSubscripts()
	case n == 2 && arr.Dim(1).Len != 2:
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "array must have two columns")
	case n == 1 && arr.Len()%2 != 0:
		return types.Null, pgerr.New(pgerr.ArraySubscriptError, "array must have even number of elements")
	}
	out := make([]hstore.Pair, arr.Len()/2)
	for i := range out {
		k := arr.Elem(2 * i)
		if k.IsNull() {
			return types.Null, hstore.ErrNullKey()
		}
		out[i] = pairOf(k, arr.Elem(2*i+1))
	}
	return hstore.Make(out), nil
}

// fromRecord has the columns' names as keys and their texts as values.
func fromRecord(c *call.Call, a []types.Datum) (types.Datum, error) {
	t := c.Env.Type(c.ArgTypes[0])
	if t == nil {
		return types.Null, call.TypeNotFound(c.ArgTypes[0])
	}
	if t.TypType == types.TypeDomain {
		t = underDomains(c, t)
	}
	if a[0].IsNull() {
		if len(t.Attrs) == 0 && t.TypType != types.TypeComposite {
			return types.Null, pgerr.New(pgerr.WrongObjectType, "record type has not been registered")
		}
		out := make([]hstore.Pair, len(t.Attrs))
		for i, at := range t.Attrs {
			out[i] = hstore.Pair{Key: at.Name, Null: true}
		}
		return hstore.Make(out), nil
	}
	r := tuple.Record(a[0].Bytes())
	names := fieldNames(t, a[0], r.Len())
	out := make([]hstore.Pair, r.Len())
	for i := range out {
		out[i].Key = names[i]
		f := r.Field(i)
		if f.Value.IsNull() {
			out[i].Null = true
			continue
		}
		ft := c.Env.Type(f.OID)
		if ft == nil {
			return types.Null, call.TypeNotFound(f.OID)
		}
		out[i].Val = ft.Text(f.Value, c.Env)
	}
	return hstore.Make(out), nil
}

// fieldNames are the names of a record's n fields: its type's, or the value's own.
func fieldNames(t *types.Type, d types.Datum, n int) []string {
	var own tuple.FieldNames
	if !d.IsNull() {
		own = tuple.Record(d.Bytes()).Names()
	}
	out := make([]string, n)
	for i := range out {
		switch {
		case i < len(t.Attrs):
			out[i] = t.Attrs[i].Name
		case own != nil:
			var name []byte
			name, own = own.Next()
			out[i] = string(name)
		default:
			out[i] = "f" + strconv.Itoa(i+1)
		}
	}
	return out
}

func underDomains(c *call.Call, t *types.Type) *types.Type {
	for t.TypType == types.TypeDomain {
		base := c.Env.Type(t.Base)
		if base == nil {
			return t
		}
		t = base
	}
	return t
}

// populateRecord sets the columns of a record whose names are keys of the map.
func populateRecord(c *call.Call, a []types.Datum) (types.Datum, error) {
	declared := c.Env.Type(c.ArgTypes[0])
	if declared == nil {
		return types.Null, call.TypeNotFound(c.ArgTypes[0])
	}
	t := underDomains(c, declared)
	if t.Kind != tuple.KindRecord {
		return types.Null, pgerr.New(pgerr.DatatypeMismatch, "first argument must be a rowtype")
	}
	if a[1].IsNull() {
		return a[0], nil
	}
	if a[0].IsNull() && t.TypType != types.TypeComposite {
		return types.Null, pgerr.New(pgerr.WrongObjectType, "record type has not been registered")
	}
	v := hstore.Of(a[1])
	if v.Len() == 0 && !a[0].IsNull() {
		return a[0], nil
	}
	n := len(t.Attrs)
	var old []types.Datum
	if !a[0].IsNull() {
		old = array.RecordFields(a[0], nil)
		n = max(n, len(old))
	}
	names := fieldNames(t, a[0], n)
	ts, vals := make([]*types.Type, n), make([]types.Datum, n)
	for i := range n {
		mod, oid := int32(-1), types.OID(0)
		if i < len(t.Attrs) {
			oid, mod = t.Attrs[i].Type, t.Attrs[i].Mod
		} else {
			oid = tuple.Record(a[0].Bytes()).Field(i).OID
		}
		if ts[i] = c.Env.Type(oid); ts[i] == nil {
			return types.Null, call.TypeNotFound(oid)
		}
		at := v.Find(names[i])
		if at < 0 && old != nil {
			vals[i] = types.Null
			if i < len(old) {
				vals[i] = old[i]
			}
			continue
		}
		var err error
		if at < 0 || v.Null(at) {
			vals[i], err = types.Null, ts[i].CheckNull(c.Env)
		} else {
			vals[i], err = ts[i].ParseText(v.Pair(at).Val, mod, c.Env)
		}
		if err != nil {
			return types.Null, err
		}
	}
	out := types.MakeRecord(ts, vals)
	if declared.TypType == types.TypeDomain {
		return out, c.Env.CheckDomain(declared.OID, out)
	}
	return out, nil
}
