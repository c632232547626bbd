package txn

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestReadAhead: in whatever order values are asked for, they are those that were written; values in memory, in the file, empty ones and ones
// larger than a segment.
func TestReadAhead(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	l := valueLog{limit: 4 << 20, dir: t.TempDir()}
	defer l.reset()
	type value struct {
		pos uint64
		v   []byte
	}
	var all []value
	for i := range 12000 {
		n := r.IntN(2000)
		switch {
		case i%997 == 0:
			n = segmentBytes + r.IntN(100000)
		case i%101 == 0:
			n = 100000 + r.IntN(200000)
		}
		v := make([]byte, n)
		for j := range v {
			v[j] = byte(i*7 + j)
		}
		pos, err := l.append(v, r.IntN(2) == 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, value{pos, v})
	}
	if l.onDisk == 0 {
		t.Fatal("nothing is in the file")
	}
	check := func(a *readAhead, x value) {
		t.Helper()
		got, err := a.get(&l, x.pos, len(x.v))
		if err != nil || !bytes.Equal(got, x.v) {
			t.Fatal(x.pos, len(x.v), len(got), err)
		}
	}
	var ahead readAhead
	for _, x := range all {
		check(&ahead, x)
	}
	for i := 0; i < len(all); i += 1 + r.IntN(4) {
		check(&ahead, all[i])
	}
	for range 5000 {
		i := r.IntN(len(all))
		for _, x := range all[i:min(i+r.IntN(5), len(all))] {
			check(&ahead, x)
		}
	}
}

// TestPages: lists and keys keep what they are given over their pages, and runs that need room stand in one.
func TestPages(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 3 {
		var p paged[int]
		var l keyLog
		var runs, at []int
		var keys [][]byte
		for i := range 3 * pageLen / 4 {
			n := 1 + r.IntN(maxLevel)
			p.room(n)
			if first := p.n; first>>pageBits != (first+n-1)>>pageBits {
				t.Fatal("a run in two pages", first, n)
			}
			runs = append(runs, p.n)
			for range n {
				p.add(i)
			}
			key := bytes.Repeat([]byte{byte(i)}, r.IntN(100))
			if i == 5000 {
				key = bytes.Repeat([]byte{1}, 3*keyPageBytes)
			}
			keys, at = append(keys, key), append(at, l.add(key))
		}
		for i, n := range runs {
			if *p.at(uint32(n)) != i || !bytes.Equal(l.get(at[i], len(keys[i])), keys[i]) {
				t.Fatal(round, i)
			}
		}
		p.reset(pageLen)
		l.reset(keyPageBytes)
		if p.n != 0 || l.bytes != 0 || p.elements() > pageLen || l.memory() > keyPageBytes {
			t.Fatal("not empty")
		}
	}
}
