// Package hashing is the hash support functions of PostgreSQL's types, hashint4(int4) and so on, to the bit: users shard
// and partition by them. Tarn's own hash tables use types.Hash.
package hashing

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/span"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// hasher hashes a value of type t that is not NULL.
type hasher func(k kind, t *types.Type, d types.Datum, env *types.Env) (uint64, error)

// Family is what this package implements.
func Family() call.Family {
	out := call.Fns{}
	for name, h := range call.Union(hashers(), nested()) {
		extended := name + "extended"
		if strings.Contains(name, "_") {
			extended = name + "_extended"
		}
		if name == "hashvarlena" { // takes PostgreSQL's internal type
			continue
		}
		out[name] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := h(kind{}, argType(c), a[0], c.Env)
			return tuple.Int(int64(int32(v))), err
		}
		out[extended] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
			v, err := h(kind{extended: true, seed: a[1].Uint()}, argType(c), a[0], c.Env)
			return tuple.Int(int64(v)), err
		}
	}
	return call.Family{Fns: out}
}

func argType(c *call.Call) *types.Type {
	if len(c.ArgTypes) == 0 {
		return nil
	}
	return c.Env.Type(c.ArgTypes[0])
}

// plain makes a hasher of one that needs the value only.
func plain(f func(k kind, d types.Datum) uint64) hasher {
	return func(k kind, _ *types.Type, d types.Datum, _ *types.Env) (uint64, error) { return f(k, d), nil }
}

// hashers are the functions of scalar types by pg_proc.prosrc, without "extended".
func hashers() map[string]hasher {
	word := plain(func(k kind, d types.Datum) uint64 { return k.word(uint32(d.Uint())) })
	long := plain(func(k kind, d types.Datum) uint64 { return k.long(d.Int()) })
	text := plain(func(k kind, d types.Datum) uint64 { return k.bytes(d.Bytes()) })
	return map[string]hasher{
		"hashchar": plain(func(k kind, d types.Datum) uint64 { return k.word(uint32(int32(int8(d.Uint())))) }),
		"hashint2": word, "hashint4": word, "hashoid": word, "hashint8": long,
		"time_hash": long, "timestamp_hash": long, "pg_lsn_hash": long,
		"hashfloat4": plain(hashFloat), "hashfloat8": plain(hashFloat), "hash_numeric": plain(hashNumeric),
		"hashtext": text, "hashname": text, "hashvarlena": text, "uuid_hash": text, "hashmacaddr": text, "hashmacaddr8": text,
		"citext_hash": plain(func(k kind, d types.Datum) uint64 { return k.bytes(tuple.FoldedKey(d.Bytes())) }),
		"hashbpchar":  plain(func(k kind, d types.Datum) uint64 { return k.bytes(bytes.TrimRight(d.Bytes(), " ")) }),
		"hashoidvector": plain(func(k kind, d types.Datum) uint64 {
			var b []byte
			for _, v := range tuple.Array(d.Bytes()).Elems(nil) {
				b = binary.LittleEndian.AppendUint32(b, uint32(v.Uint()))
			}
			return k.bytes(b)
		}),
		"hashtid": plain(func(k kind, d types.Datum) uint64 { // block number, high half first, then offset
			block, offset := uint32(d.Uint()>>16), uint16(d.Uint())
			b := binary.LittleEndian.AppendUint16(nil, uint16(block>>16))
			return k.bytes(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, uint16(block)), offset))
		}),
		"hashinet": plain(func(k kind, d types.Datum) uint64 {
			v, family := types.InetOf(d), byte(3)
			if v.Addr.Is4() {
				family = 2
			}
			return k.bytes(append([]byte{family, byte(v.Bits)}, v.Addr.AsSlice()...))
		}),
		"timetz_hash": plain(func(k kind, d types.Datum) uint64 {
			b := d.Bytes()
			return k.long(int64(binary.LittleEndian.Uint64(b))) ^ k.word(binary.LittleEndian.Uint32(b[8:]))
		}),
		"interval_hash": plain(func(k kind, d types.Datum) uint64 { return k.long(temporal.IntervalOf(d).SpanLow()) }),
		"hashenum": func(k kind, t *types.Type, d types.Datum, _ *types.Env) (uint64, error) {
			if l := t.Label(d); l != nil {
				return k.word(l.OID), nil
			}
			return 0, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid internal value for enum: %s", strconv.FormatFloat(d.Float(), 'g', -1, 32))
		},
		"jsonb_hash": hashJSONB,
	}
}

// nested are the hashers of types that hold values of other types.
func nested() map[string]hasher {
	return map[string]hasher{"hash_array": hashArray, "hash_record": hashRecord, "hash_range": hashRange, "hash_multirange": hashMultirange}
}

func hashFloat(k kind, d types.Datum) uint64 {
	f := d.Float()
	switch {
	case f == 0:
		return k.seed
	case f != f:
		f = math.Float64frombits(0x7ff8000000000000)
	}
	return k.bytes(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)))
}

// hashNumeric leaves out the scale and the sign.
func hashNumeric(k kind, d types.Datum) uint64 {
	n := tuple.Numeric(d.Bytes())
	switch {
	case n.IsNaN() || n.IsInf(0):
		return k.seed
	case n.IsZero():
		return k.seed - 1
	}
	var b []byte
	for i := range n.NumDigits() {
		b = binary.LittleEndian.AppendUint16(b, uint16(n.Digit(i)))
	}
	h := k.bytes(b) ^ uint64(int64(n.Weight()))
	if k.extended {
		return h
	}
	return uint64(uint32(h))
}

// hashJSONB goes through keys, values and elements in order; a container adds a bit of its own.
func hashJSONB(k kind, _ *types.Type, d types.Datum, _ *types.Env) (uint64, error) {
	const array, object = 0x40000000, 0x20000000
	container := func(bit uint64) uint64 {
		if k.extended {
			return bit<<32 | bit
		}
		return bit
	}
	if s := d.Str(); s == "{}" || s == "[]" {
		return k.seed, nil
	}
	dec := json.NewDecoder(bytes.NewReader(d.Bytes()))
	dec.UseNumber()
	h, first := uint64(0), true
	for {
		tok, err := dec.Token()
		if err != nil {
			return h, nil
		}
		delim, isDelim := tok.(json.Delim)
		if first && !isDelim { // a scalar is an array of one
			h ^= container(array)
		}
		first = false
		switch {
		case delim == '[':
			h ^= container(array)
			continue
		case delim == '{':
			h ^= container(object)
			continue
		case isDelim:
			continue
		}
		v, err := hashJSONScalar(k, tok)
		if err != nil {
			return 0, err
		}
		h = k.rotate(h) ^ v
	}
}

func hashJSONScalar(k kind, tok json.Token) (uint64, error) {
	switch v := tok.(type) {
	case string:
		return k.bytes([]byte(v)), nil
	case json.Number:
		d, err := types.Lookup(types.Numeric).ParseText(v.String(), -1, nil)
		return hashNumeric(k, d), err
	case bool:
		n := uint32(0)
		if v {
			n = 1
		}
		if k.seed != 0 {
			return k.word(n), nil
		}
		return uint64(4 - 2*n), nil
	}
	return k.seed + 1, nil
}

func hashArray(k kind, _ *types.Type, d types.Datum, env *types.Env) (uint64, error) {
	a, sum := tuple.Array(d.Bytes()), uint64(1)
	of, t, err := forType(k, a.ElemOID(), env)
	if err != nil {
		return 0, err
	}
	for _, v := range a.Elems(nil) {
		h := uint64(0)
		if !v.IsNull() {
			if h, err = of(k, t, v, env); err != nil {
				return 0, err
			}
		}
		sum = k.add(sum, h)
	}
	return sum, nil
}

func hashRecord(k kind, _ *types.Type, d types.Datum, env *types.Env) (uint64, error) {
	r, sum := tuple.Record(d.Bytes()), uint64(0)
	for i := range r.Len() {
		f, h := r.Field(i), uint64(0)
		of, t, err := forType(k, f.OID, env)
		if err != nil {
			return 0, err
		}
		if !f.Value.IsNull() {
			if h, err = of(k, t, f.Value, env); err != nil {
				return 0, err
			}
		}
		sum = k.add(sum, h)
	}
	return sum, nil
}

func hashRange(k kind, _ *types.Type, d types.Datum, env *types.Env) (uint64, error) {
	r := tuple.Range(d.Bytes())
	of, t, err := forType(k, r.Subtype(), env)
	if err != nil {
		return 0, err
	}
	h := k.word(rangeFlags(span.Of(d)))
	for i, b := range [...]tuple.Bound{r.Lower(), r.Upper()} {
		v := uint64(0)
		if !r.Empty() && !b.Infinite {
			if v, err = of(k, t, b.Value, env); err != nil {
				return 0, err
			}
		}
		if i == 1 {
			h = k.rotate(h)
		}
		h ^= v
	}
	return h, nil
}

// rangeFlags are PostgreSQL's (rangetypes.h).
func rangeFlags(r span.Range) uint32 {
	if r.Empty {
		return 1
	}
	flags := uint32(0)
	for _, f := range [...]struct {
		set bool
		bit uint32
	}{{r.Lower.Inclusive, 2}, {r.Upper.Inclusive, 4}, {r.Lower.Infinite, 8}, {r.Upper.Infinite, 16}} {
		if f.set {
			flags |= f.bit
		}
	}
	return flags
}

func hashMultirange(k kind, _ *types.Type, d types.Datum, env *types.Env) (uint64, error) {
	sum := uint64(1)
	for _, r := range tuple.Array(d.Bytes()).Elems(nil) {
		h, err := hashRange(k, nil, r, env)
		if err != nil {
			return 0, err
		}
		sum = k.add(sum, h)
	}
	return sum, nil
}

// forType finds the hasher of a type: that of its default hash operator class.
func forType(k kind, oid types.OID, env *types.Env) (hasher, *types.Type, error) {
	t := env.Type(oid)
	for t != nil && t.TypType == types.TypeDomain {
		t = env.Type(t.Base)
	}
	if t != nil {
		if h := hasherOf(t); h != nil {
			return h, t, nil
		}
	}
	what := "a hash function"
	if k.extended {
		what = "an extended hash function"
	}
	return nil, nil, pgerr.New(pgerr.UndefinedFunction, "could not identify %s for type %s", what, types.TypeName(oid, env))
}

func hasherOf(t *types.Type) hasher {
	switch {
	case t.OID == types.Varchar:
		return byType()[types.Text]
	case t.OID == types.CIDR:
		return byType()[types.Inet]
	case t.IsArray():
		return hashArray
	case t.TypType == types.TypeEnum:
		return byType()[types.AnyEnum]
	case t.TypType == types.TypeRange:
		return hashRange
	case t.TypType == types.TypeMultirange:
		return hashMultirange
	case t.TypType == types.TypeComposite, t.OID == types.Record:
		return hashRecord
	}
	return byType()[t.OID]
}

const hashMethod = "405" // pg_am

// byType reads pg_amproc: support function 1 of hash operator families.
var byType = sync.OnceValue(func() map[types.OID]hasher {
	hashFamily := map[string]bool{}
	for _, row := range pgdata.Load("pg_opfamily").Rows {
		hashFamily[*row[0]] = *row[1] == hashMethod
	}
	all, out := hashers(), map[types.OID]hasher{}
	for _, row := range pgdata.Load("pg_amproc").Rows {
		family, left, right, number, proc := *row[1], *row[2], *row[3], *row[4], *row[5]
		if !hashFamily[family] || number != "1" || left != right {
			continue
		}
		if p := call.ProcByOID(oidOf(proc)); p != nil {
			out[oidOf(left)] = all[p.Src]
		}
	}
	return out
})

func oidOf(s string) types.OID {
	v, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		panic("hashing: " + err.Error())
	}
	return types.OID(v)
}
