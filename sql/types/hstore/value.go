package hstore

import (
	"encoding/binary"
	"sort"
	"strings"

	"github.com/tarndb/tarn/storage/tuple"
)

// A map is held so that the order of its bytes is the order of hstore_cmp:
//
//	keys and values, pair by pair | 0 | count u32 | per pair: key's end u32, value's end u32, 1 if the value is NULL
//
// Numbers are big endian; texts hold no zero byte. Pairs stand by the keys' length and then bytes, no key twice.
const (
	countSize = 4
	pairSize  = 9
)

// Pair is one key with its value.
type Pair struct {
	Key, Val string
	Null     bool
}

func (p Pair) SameValue(q Pair) bool { return p.Null == q.Null && (p.Null || p.Val == q.Val) }

// View reads a map in place. It lives as long as the value's bytes.
type View struct {
	text, ends string
}

// Of is the map that a value holds.
func Of(d tuple.Value) View {
	s := d.Str()
	n := strings.IndexByte(s, 0)
	return View{text: s[:n], ends: s[n+1+countSize:]}
}

// Text is all keys and values, pair by pair; Bounds says where those of a pair stand.
func (v View) Text() string { return v.text }

func (v View) Len() int { return len(v.ends) / pairSize }

func be32(s string) int {
	return int(s[0])<<24 | int(s[1])<<16 | int(s[2])<<8 | int(s[3])
}

func (v View) Bounds(i int) (start, mid, end int) {
	if i > 0 {
		start = be32(v.ends[pairSize*i-5:])
	}
	return start, be32(v.ends[pairSize*i:]), be32(v.ends[pairSize*i+4:])
}

func (v View) Key(i int) string {
	start, mid, _ := v.Bounds(i)
	return v.text[start:mid]
}

func (v View) Null(i int) bool { return v.ends[pairSize*i+8] != 0 }

func (v View) Pair(i int) Pair {
	start, mid, end := v.Bounds(i)
	return Pair{Key: v.text[start:mid], Val: v.text[mid:end], Null: v.Null(i)}
}

// Value is the i-th value as a text or NULL.
func (v View) Value(i int) tuple.Value {
	if v.Null(i) {
		return tuple.Null
	}
	return tuple.String(v.Pair(i).Val)
}

// Pairs lists the map in its order.
func (v View) Pairs() []Pair {
	out := make([]Pair, v.Len())
	for i := range out {
		out[i] = v.Pair(i)
	}
	return out
}

// Find is the place of a key; -1 if it is not there.
func (v View) Find(key string) int {
	i := sort.Search(v.Len(), func(i int) bool { return compareKeys(v.Key(i), key) >= 0 })
	if i < v.Len() && v.Key(i) == key {
		return i
	}
	return -1
}

func compareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// Make packs pairs in any order; of equal keys the first one counts. pairs is sorted in place.
func Make(pairs []Pair) tuple.Value {
	sort.SliceStable(pairs, func(i, j int) bool { return compareKeys(pairs[i].Key, pairs[j].Key) < 0 })
	out := pairs[:0]
	for i, p := range pairs {
		if i == 0 || p.Key != out[len(out)-1].Key {
			out = append(out, p)
		}
	}
	return Pack(out)
}

// Pack is Make for pairs that are in order.
func Pack(pairs []Pair) tuple.Value {
	size := 1 + countSize + pairSize*len(pairs)
	for _, p := range pairs {
		size += len(p.Key) + len(p.Val)
	}
	b := make([]byte, 0, size)
	for _, p := range pairs {
		b = append(append(b, p.Key...), p.Val...)
	}
	b = append(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(pairs)))
	end := 0
	for _, p := range pairs {
		end += len(p.Key)
		b = binary.BigEndian.AppendUint32(b, uint32(end))
		end += len(p.Val)
		b = binary.BigEndian.AppendUint32(b, uint32(end))
		if p.Null {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return tuple.Bytes(b)
}

// Concat is both maps in one; b's values win.
func Concat(a, b View) tuple.Value {
	out := make([]Pair, 0, a.Len()+b.Len())
	i, j := 0, 0
	for i < a.Len() && j < b.Len() {
		switch c := compareKeys(a.Key(i), b.Key(j)); {
		case c < 0:
			out = append(out, a.Pair(i))
			i++
		case c == 0:
			i++
			fallthrough
		default:
			out = append(out, b.Pair(j))
			j++
		}
	}
	for ; i < a.Len(); i++ {
		out = append(out, a.Pair(i))
	}
	for ; j < b.Len(); j++ {
		out = append(out, b.Pair(j))
	}
	return Pack(out)
}

// Filter is the map of the pairs that keep takes.
func Filter(v View, keep func(Pair) bool) tuple.Value {
	out := make([]Pair, 0, v.Len())
	for i := range v.Len() {
		if p := v.Pair(i); keep(p) {
			out = append(out, p)
		}
	}
	return Pack(out)
}

// Contains reports whether each pair of b stands in a.
func Contains(a, b View) bool {
	for i := range b.Len() {
		p := b.Pair(i)
		if at := a.Find(p.Key); at < 0 || !a.Pair(at).SameValue(p) {
			return false
		}
	}
	return true
}
