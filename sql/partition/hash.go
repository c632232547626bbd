package partition

import (
	"sync"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// hashSeed is HASH_PARTITION_SEED (partitioning/partbounds.h): changing it would move every row.
const hashSeed = 0x7A5B22367996DCFD

// hashFn is the extended hash function of a key column.
type hashFn struct {
	fn   func(*builtin.Call, []types.Datum) (types.Datum, error)
	arg  types.OID
	coll *collation.Collator // of texts whose bytes do not tell what is equal
	kind tuple.Kind
}

// Hashable reports with 0A000 a key whose hash function is not built.
func Hashable(k *catalog.PartKey) error {
	_, err := hashFns(k)
	return err
}

func hashFns(k *catalog.PartKey) ([]hashFn, error) {
	var out []hashFn
	for i := range k.Keys {
		oid := extendedHash(k.Keys[i].OpClass)
		if oid == 0 {
			return nil, pgerr.Unsupported("hash partitioning by this operator class")
		}
		f, err := builtin.Lookup(oid)
		if err != nil {
			return nil, err
		}
		h := hashFn{fn: f.Fn, arg: k.Keys[i].Type, kind: k.Keys[i].Kind}
		if o := k.Keys[i].Order; o != nil && o.Nondeterministic {
			if h.coll, err = o.Collator(); err != nil {
				return nil, err
			}
		}
		out = append(out, h)
	}
	return out, nil
}

// rowHash is compute_partition_hash_value: NULLs add nothing.
func rowHash(fns []hashFn, vals []types.Datum) (uint64, error) {
	h := uint64(0)
	for i, f := range fns {
		if vals[i].IsNull() {
			continue
		}
		c := &builtin.Call{ArgTypes: []types.OID{f.arg, types.Int8}}
		seed, val := uint64(hashSeed), vals[i]
		if f.coll != nil {
			val, _ = types.Ordered(f.coll, f.kind, val)
		}
		v, err := f.fn(c, []types.Datum{val, tuple.Int(int64(seed))})
		if err != nil {
			return 0, err
		}
		h ^= uint64(v.Int()) + 0x49a0f4dd15e5a8e3 + h<<54 + h>>7
	}
	return h, nil
}

// extendedHash is support function 2 of a hash operator class's family.
func extendedHash(class types.OID) types.OID {
	return hashProcs()[class]
}

var hashProcs = sync.OnceValue(func() map[types.OID]types.OID {
	oid := func(s *string) types.OID {
		o, err := types.ParseOID(*s)
		if err != nil {
			panic("partition: " + err.Error())
		}
		return o
	}
	proc := pgdata.Load("pg_amproc")
	family, left, num, fn := proc.Col("amprocfamily"), proc.Col("amproclefttype"), proc.Col("amprocnum"), proc.Col("amproc")
	type key struct{ family, typ string }
	by := map[key]types.OID{}
	for _, r := range proc.Rows {
		if *r[num] == "2" {
			by[key{*r[family], *r[left]}] = oid(r[fn])
		}
	}
	class := pgdata.Load("pg_opclass")
	am, cfam, in, id := class.Col("opcmethod"), class.Col("opcfamily"), class.Col("opcintype"), class.Col("oid")
	out := map[types.OID]types.OID{}
	for _, r := range class.Rows {
		if *r[am] == hashMethod {
			out[oid(r[id])] = by[key{*r[cfam], *r[in]}]
		}
	}
	return out
})

const hashMethod = "405" // pg_am
