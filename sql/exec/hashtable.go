package exec

import (
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// keyCol is a column that is hashed and compared for equality.
type keyCol struct {
	slot int
	kind tuple.Kind
}

// hashTable holds distinct keys (NULLs are equal, as in GROUP BY) and numbers them from 0 in order of arrival.
type hashTable struct {
	f    *frame
	keys []keyCol

	n       int
	buckets []int32 // number + 1 of the first entry
	entries []hashEntry
	blocks  [][]types.Datum // key values, hashBlock entries each
	arena   arena
}

func newTable(f *frame, keys []keyCol) hashTable { return hashTable{f: f, keys: keys} }

type hashEntry struct {
	hash uint64
	next int32
}

const hashBlock = 32

func (t *hashTable) reset() {
	t.n = 0
	if len(t.buckets) > 1024 {
		t.buckets, t.entries = nil, nil
	}
	clear(t.buckets)
	t.entries = t.entries[:0]
	t.blocks = nil
	t.arena.reset()
}

// len is the number of keys.
func (t *hashTable) len() int { return t.n }

// mem is what the table takes, in bytes.
func (t *hashTable) mem() int64 {
	return int64(cap(t.entries))*16 + int64(len(t.buckets))*4 + int64(len(t.blocks)*hashBlock*len(t.keys))*datumSize + t.arena.size()
}

// hash of the key that the slots hold.
func (t *hashTable) hash() uint64 {
	h := uint64(0x8f1bbcdc5a827999)
	for i := range t.keys {
		k := &t.keys[i]
		h = types.HashKind(k.kind, t.f.s[k.slot], h)
	}
	return h
}

func (t *hashTable) key(e int) []types.Datum {
	w := len(t.keys)
	at := (e % hashBlock) * w
	return t.blocks[e/hashBlock][at : at+w : at+w]
}

func (t *hashTable) equal(e int) bool {
	key := t.key(e)
	for i := range t.keys {
		k := &t.keys[i]
		v := t.f.s[k.slot]
		if key[i].IsNull() || v.IsNull() {
			if key[i].IsNull() != v.IsNull() {
				return false
			}
			continue
		}
		if !types.EqualKind(k.kind, key[i], v) {
			return false
		}
	}
	return true
}

// find returns the number of the key in the slots, -1 if it is not there.
func (t *hashTable) find(h uint64) int {
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

func (t *hashTable) findOrAdd() (e int, fresh bool) {
	h := t.hash()
	if e := t.find(h); e >= 0 {
		return e, false
	}
	return t.add(h), true
}

// add enters the key in the slots, which must not be there yet.
func (t *hashTable) add(h uint64) int {
	if t.n >= len(t.buckets) {
		t.grow()
	}
	e := t.n
	t.n++
	if e%hashBlock == 0 {
		t.blocks = append(t.blocks, make([]types.Datum, hashBlock*len(t.keys)))
	}
	key := t.key(e)
	for i := range t.keys {
		key[i] = t.arena.clone(t.f.s[t.keys[i].slot])
	}
	b := &t.buckets[h&uint64(len(t.buckets)-1)]
	t.entries = append(t.entries, hashEntry{hash: h, next: *b})
	*b = int32(e + 1)
	return e
}

func (t *hashTable) grow() {
	t.buckets = make([]int32, max(64, 2*len(t.buckets)))
	mask := uint64(len(t.buckets) - 1)
	for i := range t.entries {
		b := &t.buckets[t.entries[i].hash&mask]
		t.entries[i].next = *b
		*b = int32(i + 1)
	}
}

// load puts the key of an entry into slots.
func (t *hashTable) load(e int, slots []int) {
	t.f.put(slots, t.key(e))
}

// sameKey compares the columns with kept values; NULLs are equal.
func sameKey(f *frame, keys []keyCol, vals []types.Datum) bool {
	for i := range keys {
		a, b := f.s[keys[i].slot], vals[i]
		if a.IsNull() || b.IsNull() {
			if a.IsNull() != b.IsNull() {
				return false
			}
			continue
		}
		if !types.EqualKind(keys[i].kind, a, b) {
			return false
		}
	}
	return true
}
