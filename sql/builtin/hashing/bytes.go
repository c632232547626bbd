package hashing

import (
	"encoding/binary"
	"math/bits"
)

// state is the three words that Bob Jenkins' lookup3 mixes (http://burtleburtle.net/bob/hash/doobs.html), as PostgreSQL
// starts and ends it (common/hashfn.c).
type state struct{ a, b, c uint32 }

func start(length int) state {
	v := 0x9e3779b9 + uint32(length) + 3923095
	return state{v, v, v}
}

func (s *state) seed(v uint64) {
	if v != 0 {
		s.a += uint32(v >> 32)
		s.b += uint32(v)
		s.mix()
	}
}

func (s *state) mix() {
	rot := bits.RotateLeft32
	a, b, c := s.a, s.b, s.c
	a = (a - c) ^ rot(c, 4)
	c += b
	b = (b - a) ^ rot(a, 6)
	a += c
	c = (c - b) ^ rot(b, 8)
	b += a
	a = (a - c) ^ rot(c, 16)
	c += b
	b = (b - a) ^ rot(a, 19)
	a += c
	c = (c - b) ^ rot(b, 4)
	b += a
	s.a, s.b, s.c = a, b, c
}

func (s *state) final() {
	rot := bits.RotateLeft32
	a, b, c := s.a, s.b, s.c
	c = (c ^ b) - rot(b, 14)
	a = (a ^ c) - rot(c, 11)
	b = (b ^ a) - rot(a, 25)
	c = (c ^ b) - rot(b, 16)
	a = (a ^ c) - rot(c, 4)
	b = (b ^ a) - rot(a, 14)
	c = (c ^ b) - rot(b, 24)
	s.a, s.b, s.c = a, b, c
}

// kind says which of the two hashes of a value is wanted: 32 bits, or 64 bits from a seed.
type kind struct {
	extended bool
	seed     uint64
}

func (k kind) result(s state) uint64 {
	if k.extended {
		return uint64(s.b)<<32 | uint64(s.c)
	}
	return uint64(s.c)
}

// bytes is hash_any and hash_any_extended.
func (k kind) bytes(b []byte) uint64 {
	s := start(len(b))
	s.seed(k.seed)
	for ; len(b) >= 12; b = b[12:] {
		s.a += binary.LittleEndian.Uint32(b)
		s.b += binary.LittleEndian.Uint32(b[4:])
		s.c += binary.LittleEndian.Uint32(b[8:])
		s.mix()
	}
	var tail [12]byte // the lowest byte of c is the length's
	copy(tail[:8], b)
	if len(b) > 8 {
		copy(tail[9:], b[8:])
	}
	s.a += binary.LittleEndian.Uint32(tail[:])
	s.b += binary.LittleEndian.Uint32(tail[4:])
	s.c += binary.LittleEndian.Uint32(tail[8:])
	s.final()
	return k.result(s)
}

// word is hash_uint32 and hash_uint32_extended.
func (k kind) word(v uint32) uint64 {
	s := start(4)
	s.seed(k.seed)
	s.a += v
	s.final()
	return k.result(s)
}

// long hashes an int8 so that it agrees with the same number as an int4.
func (k kind) long(v int64) uint64 {
	lo, hi := uint32(v), uint32(v>>32)
	if v < 0 {
		hi = ^hi
	}
	return k.word(lo ^ hi)
}

// add puts one more element's hash to that of those before it.
func (k kind) add(sum, element uint64) uint64 {
	sum = sum<<5 - sum + element
	if k.extended {
		return sum
	}
	return uint64(uint32(sum))
}

// rotate turns a hash by one bit; of an extended one each half.
func (k kind) rotate(h uint64) uint64 {
	if k.extended {
		return h<<1&0xfffffffefffffffe | h>>31&0x100000001
	}
	return uint64(bits.RotateLeft32(uint32(h), 1))
}

// Bytes is hash_any, the hash of what has no function of its own here.
func Bytes(b []byte) uint32 { return uint32(kind{}.bytes(b)) }

// BytesExtended is hash_any_extended.
func BytesExtended(b []byte, seed uint64) uint64 { return kind{extended: true, seed: seed}.bytes(b) }
