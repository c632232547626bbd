package types

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

func uintOut(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return strconv.AppendUint(dst, d.Uint(), 10)
}

func uint32Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(d.Uint()))
}

func uint32Recv(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
	if err := input.Sized(b, 4); err != nil {
		return Null, err
	}
	return tuple.Uint(uint64(binary.BigEndian.Uint32(b))), nil
}

var oidCodec = &codec{
	out: uintOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		v, err := ParseOID(s)
		return tuple.Uint(uint64(v)), err
	},
	send: uint32Send,
	recv: uint32Recv,
}

// ParseOID reads an unsigned 32-bit number; a negative one wraps, as it does in PostgreSQL's oidin.
func ParseOID(s string) (OID, error) {
	num := input.TrimSpace(s)
	v, st := scanInt(num, 1<<63)
	switch {
	case st == intSyntax:
		return 0, input.SyntaxError("oid", s)
	case st == intRange || v > math.MaxUint32 || v < math.MinInt32:
		return 0, input.RangeError("oid", s)
	}
	return OID(v), nil
}

// xidCodec is xid and cid: input is C's strtoul, which reads 0x and 0 prefixes, stops at the first other character
// and keeps the low 32 bits.
var xidCodec = &codec{
	out: uintOut,
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		return tuple.Uint(uint64(uint32(strtoul(s)))), nil
	},
	send: uint32Send,
	recv: uint32Recv,
}

func strtoul(s string) uint64 {
	s = input.TrimLeft(s)
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	base := uint64(10)
	if strings.HasPrefix(s, "0") {
		base = 8
		if len(s) > 2 && s[1]|0x20 == 'x' {
			if _, ok := input.Unhex(s[2]); ok {
				base, s = 16, s[2:]
			}
		}
	}
	var v uint64
	for i := 0; i < len(s); i++ {
		d, ok := input.Unhex(s[i])
		if !ok || uint64(d) >= base {
			break
		}
		if v > (math.MaxUint64-uint64(d))/base {
			return math.MaxUint64
		}
		v = v*base + uint64(d)
	}
	if neg {
		return -v
	}
	return v
}

func uint64Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint64(dst, d.Uint())
}

func uint64Recv(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
	if err := input.Sized(b, 8); err != nil {
		return Null, err
	}
	return tuple.Uint(binary.BigEndian.Uint64(b)), nil
}

var xid8Codec = &codec{
	out:  uintOut,
	in:   func(_ *Type, s string, _ int32, _ *Env) (Datum, error) { return tuple.Uint(strtoul(s)), nil },
	send: uint64Send,
	recv: uint64Recv,
}

// tidCodec is (block,offset), held as block<<16 | offset.
var tidCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		dst = strconv.AppendUint(append(dst, '('), d.Uint()>>16, 10)
		dst = strconv.AppendUint(append(dst, ','), d.Uint()&0xffff, 10)
		return append(dst, ')')
	},
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		v, ok := parseTID(s)
		if !ok {
			return Null, input.SyntaxError("tid", s)
		}
		return tuple.Uint(v), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		dst = binary.BigEndian.AppendUint32(dst, uint32(d.Uint()>>16))
		return binary.BigEndian.AppendUint16(dst, uint16(d.Uint()))
	},
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 6); err != nil {
			return Null, err
		}
		return tuple.Uint(uint64(binary.BigEndian.Uint32(b))<<16 | uint64(binary.BigEndian.Uint16(b[4:]))), nil
	},
}

// parseTID finds the numbers after the first parenthesis or comma and after the next comma, as tidin does.
func parseTID(s string) (uint64, bool) {
	var from [2]int
	n := 0
	for i := 0; i < len(s) && n < 2 && s[i] != ')'; i++ {
		if s[i] == ',' || s[i] == '(' && n == 0 {
			from[n] = i + 1
			n++
		}
	}
	if n < 2 {
		return 0, false
	}
	block, rest := strtoulPrefix(s[from[0]:])
	off, end := strtoulPrefix(s[from[1]:])
	if !strings.HasPrefix(rest, ",") || !strings.HasPrefix(end, ")") || off > math.MaxUint16 ||
		block > math.MaxUint32 && block < math.MaxUint64-math.MaxInt32 {
		return 0, false
	}
	return uint64(uint32(block))<<16 | off, true
}

// strtoulPrefix is C's strtoul in base 10; a negative number wraps, no digits are 0 and take nothing.
func strtoulPrefix(s string) (v uint64, rest string) {
	i := input.Skip(s, 0, input.IsSpace)
	sign := i + input.SkipSign(s[i:])
	end := input.Skip(s, sign, input.IsDigit)
	if end == sign {
		return 0, s
	}
	v, err := strconv.ParseUint(s[sign:end], 10, 64)
	if err == nil && s[i] == '-' {
		v = -v
	}
	return v, s[end:]
}

// lsnCodec is pg_lsn: a 64-bit log position as two hexadecimal halves.
var lsnCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return AppendLSN(dst, d.Uint()) },
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		v, ok := ParseLSN(s)
		if !ok {
			return Null, input.SyntaxError("pg_lsn", s)
		}
		return tuple.Uint(v), nil
	},
	send: uint64Send,
	recv: uint64Recv,
}

func AppendLSN(dst []byte, lsn uint64) []byte {
	start := len(dst)
	dst = strconv.AppendUint(dst, lsn>>32, 16)
	dst = append(dst, '/')
	dst = strconv.AppendUint(dst, lsn&math.MaxUint32, 16)
	for i := start; i < len(dst); i++ {
		if dst[i] >= 'a' {
			dst[i] -= 'a' - 'A'
		}
	}
	return dst
}

// ParseLSN reads two hexadecimal numbers of one to eight digits with a slash between.
func ParseLSN(s string) (uint64, bool) {
	hi, lo, ok := strings.Cut(s, "/")
	if !ok {
		return 0, false
	}
	var v uint64
	for _, h := range [2]string{hi, lo} {
		if len(h) == 0 || len(h) > 8 {
			return 0, false
		}
		var half uint64
		for i := 0; i < len(h); i++ {
			d, ok := input.Unhex(h[i])
			if !ok {
				return 0, false
			}
			half = half<<4 | uint64(d)
		}
		v = v<<32 | half
	}
	return v, true
}
