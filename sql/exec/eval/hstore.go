package eval

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/hstore"
)

// hstoreValue is the value of a key in a map; NULL if it is not there.
func hstoreValue(arg, key Fn) (types.Datum, error) {
	m, err := arg()
	if err != nil || m.IsNull() {
		return types.Null, err
	}
	k, err := key()
	if err != nil || k.IsNull() {
		return types.Null, err
	}
	v := hstore.Of(m)
	if i := v.Find(k.Str()); i >= 0 {
		return v.Value(i), nil
	}
	return types.Null, nil
}

// assignHstore is a map with a key set to a value.
func assignHstore(arg, key, val Fn) (types.Datum, error) {
	m, err := arg()
	if err != nil {
		return types.Null, err
	}
	k, err := key()
	if err != nil {
		return types.Null, err
	}
	if k.IsNull() {
		return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "hstore subscript in assignment must not be null")
	}
	v, err := val()
	if err != nil {
		return types.Null, err
	}
	pair := hstore.Pair{Key: k.Str(), Null: true}
	if !v.IsNull() {
		pair = hstore.Pair{Key: k.Str(), Val: v.Str()}
	}
	one := hstore.Pack([]hstore.Pair{pair})
	if m.IsNull() {
		return one, nil
	}
	return hstore.Concat(hstore.Of(m), hstore.Of(one)), nil
}
