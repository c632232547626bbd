package spill

import (
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// KeyCol is a column that is hashed and compared for equality.
type KeyCol struct {
	Slot int
	Kind tuple.Kind
	Coll *collation.Collator // nil: equal bytes of text are what is equal
}

func (k *KeyCol) equal(a, b types.Datum) bool {
	if k.Coll != nil {
		return types.EqualOrdered(k.Coll, k.Kind, a, b)
	}
	return types.EqualKind(k.Kind, a, b)
}

// Table holds distinct keys (NULLs are equal, as in GROUP BY) and numbers them from 0 in order of arrival.
type Table struct {
	f    *frame.Frame
	keys []KeyCol

	n       int
	buckets []int32 // number + 1 of the first entry
	entries []hashEntry
	blocks  [][]types.Datum // key values, hashBlock entries each
	arena   frame.Arena
}

// NewTable returns an empty table over the slots of keys.
func NewTable(f *frame.Frame, keys []KeyCol) Table { return Table{f: f, keys: keys} }

type hashEntry struct {
	hash uint64
	next int32
}

const hashBlock = 32

// Reset empties the table.
func (t *Table) Reset() {
	t.n = 0
	if len(t.buckets) > 1024 {
		t.buckets, t.entries = nil, nil
	}
	clear(t.buckets)
	t.entries = t.entries[:0]
	t.blocks = nil
	t.arena.Reset()
}

// Len is the number of keys.
func (t *Table) Len() int { return t.n }

// Mem is what the table takes, in bytes.
func (t *Table) Mem() int64 {
	return int64(cap(t.entries))*16 + int64(len(t.buckets))*4 + int64(len(t.blocks)*hashBlock*len(t.keys))*frame.DatumSize + t.arena.Size()
}

// Hash of the key that the slots hold.
func (t *Table) Hash() uint64 {
	h := uint64(0x8f1bbcdc5a827999)
	for i := range t.keys {
		k := &t.keys[i]
		if k.Coll != nil {
			h = types.HashOrdered(k.Coll, k.Kind, t.f.S[k.Slot], h)
			continue
		}
		h = types.HashKind(k.Kind, t.f.S[k.Slot], h)
	}
	return h
}

// Key is the key of an entry, in the order of the columns.
func (t *Table) Key(e int) []types.Datum {
	w := len(t.keys)
	at := (e % hashBlock) * w
	return t.blocks[e/hashBlock][at : at+w : at+w]
}

func (t *Table) equal(e int) bool {
	key := t.Key(e)
	for i := range t.keys {
		k := &t.keys[i]
		v := t.f.S[k.Slot]
		if key[i].IsNull() || v.IsNull() {
			if key[i].IsNull() != v.IsNull() {
				return false
			}
			continue
		}
		if !k.equal(key[i], v) {
			return false
		}
	}
	return true
}

// Find returns the number of the key in the slots, -1 if it is not there.
func (t *Table) Find(h uint64) int {
	if len(t.buckets) == 0 {
		return -1
	}
	for e := t.buckets[h&uint64(len(t.buckets)-1)]; e != 0; e = t.entries[e-1].next {
		if t.entries[e-1].hash == h && t.equal(int(e-1)) {
			return int(e - 1)
		}
	}
	return -1
}

// FindOrAdd is the number of the key in the slots, which is entered if it is not there.
func (t *Table) FindOrAdd() (e int, fresh bool) {
	h := t.Hash()
	if e := t.Find(h); e >= 0 {
		return e, false
	}
	return t.Add(h), true
}

// Add enters the key in the slots, which must not be there yet.
func (t *Table) Add(h uint64) int {
	if t.n >= len(t.buckets) {
		t.grow()
	}
	e := t.n
	t.n++
	if e%hashBlock == 0 {
		t.blocks = append(t.blocks, make([]types.Datum, hashBlock*len(t.keys)))
	}
	key := t.Key(e)
	for i := range t.keys {
		key[i] = t.arena.Clone(t.f.S[t.keys[i].Slot])
	}
	b := &t.buckets[h&uint64(len(t.buckets)-1)]
	t.entries = append(t.entries, hashEntry{hash: h, next: *b})
	*b = int32(e + 1)
	return e
}

func (t *Table) grow() {
	t.buckets = make([]int32, max(64, 2*len(t.buckets)))
	mask := uint64(len(t.buckets) - 1)
	for i := range t.entries {
		b := &t.buckets[t.entries[i].hash&mask]
		t.entries[i].next = *b
		*b = int32(i + 1)
	}
}

// Load puts the key of an entry into slots.
func (t *Table) Load(e int, slots []int) {
	t.f.Put(slots, t.Key(e))
}

// SameKey compares the columns with kept values; NULLs are equal.
func SameKey(f *frame.Frame, keys []KeyCol, vals []types.Datum) bool {
	for i := range keys {
		a, b := f.S[keys[i].Slot], vals[i]
		if a.IsNull() || b.IsNull() {
			if a.IsNull() != b.IsNull() {
				return false
			}
			continue
		}
		if !keys[i].equal(a, b) {
			return false
		}
	}
	return true
}
