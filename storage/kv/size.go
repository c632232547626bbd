package kv

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// DiskUsage estimates the bytes on disk of the keys in [lo, hi); a nil lo is all keys. What is still in memory does not
// count.
func (s *Store) DiskUsage(lo, hi []byte) (int64, error) {
	if lo == nil {
		return int64(s.db.Metrics().DiskSpaceUsage()), nil
	}
	n, err := s.db.EstimateDiskUsage(lo, hi)
	return int64(n), err
}

// splitBytes on disk are worth a second reader.
const splitBytes = 8 << 20

// SplitKey returns a key that has about half of the bytes of [lo, hi) on either side; nil where that is little.
func (s *Store) SplitKey(lo, hi []byte) ([]byte, error) {
	total, err := s.DiskUsage(lo, hi)
	if err != nil || total < splitBytes {
		return nil, err
	}
	first, last, err := s.ends(lo, hi)
	if err != nil || first == nil {
		return nil, err
	}
	p := 0
	for p < min(len(first), len(last)) && first[p] == last[p] {
		p++
	}
	at := func(n uint64) []byte { return binary.BigEndian.AppendUint64(first[:p:p], n) }
	a, b := bigEndian(first[p:]), bigEndian(last[p:])
	for range 24 {
		mid := a + (b-a)/2
		if mid == a {
			break
		}
		n, err := s.DiskUsage(lo, at(mid))
		if err != nil {
			return nil, err
		}
		if n < total/2 {
			a = mid
		} else {
			b = mid
		}
	}
	return at(b), nil
}

// bigEndian is the number that the first eight bytes are, zeros behind what is missing.
func bigEndian(b []byte) uint64 {
	var n [8]byte
	copy(n[:], b)
	return binary.BigEndian.Uint64(n[:])
}

// ends are the first and the last key in [lo, hi), nil when there is none.
func (s *Store) ends(lo, hi []byte) (first, last []byte, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return nil, nil, err
	}
	if it.First() {
		first = append(first, it.Key()...)
		if it.Last() {
			last = append(last, it.Key()...)
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil || last == nil {
		return nil, nil, err
	}
	return first, last, nil
}
