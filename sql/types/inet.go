package types

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// InetVal is an unpacked inet or cidr: an address and the length of its network part in bits.
//
// Packed, byte order is PostgreSQL's order: networks before their subnets, then addresses.
//
//	+-----------+--------------------------+------+---------+
//	| family    | address with the host    | bits | address |
//	| 4 or 6    | part zeroed, 4 or 16 B   |      |         |
//	+-----------+--------------------------+------+---------+
type InetVal struct {
	Addr netip.Addr // never a 4-in-6 unmapped or zoned one
	Bits int
}

// InetOf unpacks an inet or cidr.
func InetOf(d Datum) InetVal {
	b := d.Bytes()
	n := (len(b) - 2) / 2
	a, _ := netip.AddrFromSlice(b[2+n:])
	return InetVal{a, int(b[1+n])}
}

// Datum packs an inet or cidr.
func (v InetVal) Datum() Datum {
	family := byte(6)
	if v.Addr.Is4() {
		family = 4
	}
	b := append(make([]byte, 0, 34), family)
	b = append(b, v.network().AsSlice()...)
	b = append(b, byte(v.Bits))
	return tuple.Bytes(append(b, v.Addr.AsSlice()...))
}

func (v InetVal) network() netip.Addr {
	p, _ := v.Addr.Prefix(v.Bits)
	return p.Addr()
}

var inetCodec = &codec{
	out: func(t *Type, dst []byte, d Datum, _ *Env) []byte {
		v := InetOf(d)
		dst = appendAddr(dst, v.Addr)
		if t.OID == CIDR || v.Bits != v.Addr.BitLen() {
			dst = strconv.AppendInt(append(dst, '/'), int64(v.Bits), 10)
		}
		return dst
	},
	in: func(t *Type, s string, _ int32, _ *Env) (Datum, error) {
		v, ok := parseInet(s, t.OID == CIDR)
		if !ok {
			return Null, input.SyntaxError(t.Name, s)
		}
		if t.OID == CIDR && v.network() != v.Addr {
			return Null, pgerr.New(pgerr.InvalidTextRepresentation, "invalid cidr value: \"%s\"", s).
				WithDetail("Value has bits set to right of mask.")
		}
		return v.Datum(), nil
	},
	send: func(t *Type, dst []byte, d Datum, _ *Env) []byte {
		v := InetOf(d)
		family, cidr := byte(3), byte(0)
		if v.Addr.Is4() {
			family = 2
		}
		if t.OID == CIDR {
			cidr = 1
		}
		dst = append(dst, family, byte(v.Bits), cidr, byte(v.Addr.BitLen()/8))
		if v.Addr.Is4() {
			a := v.Addr.As4()
			return append(dst, a[:]...)
		}
		a := v.Addr.As16()
		return append(dst, a[:]...)
	},
	recv: func(t *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if len(b) < 4 {
			return Null, input.Short()
		}
		bad := func(what string) (Datum, error) {
			return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid %s in external \"%s\" value", what, t.Name)
		}
		size := 4
		switch b[0] {
		case 2:
		case 3:
			size = 16
		default:
			return bad("address family")
		}
		if int(b[1]) > size*8 {
			return bad("bits")
		}
		if int(b[3]) != size {
			return bad("length")
		}
		if err := input.Sized(b[4:], size); err != nil {
			return Null, err
		}
		a, _ := netip.AddrFromSlice(b[4:])
		v := InetVal{a, int(b[1])}
		if t.OID == CIDR && v.network() != a {
			return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid external \"cidr\" value").
				WithDetail("Value has bits set to right of mask.")
		}
		return v.Datum(), nil
	},
}

// appendAddr prints IPv6 with the longest run of zero words shortened, and with an IPv4 tail where the front is zero.
func appendAddr(dst []byte, a netip.Addr) []byte {
	if a.Is4() {
		return a.AppendTo(dst)
	}
	b := a.As16()
	var words [8]int
	for i := range words {
		words[i] = int(b[2*i])<<8 | int(b[2*i+1])
	}
	best, bestLen := -1, 1
	for i := 0; i < 8; i++ {
		n := 0
		for i+n < 8 && words[i+n] == 0 {
			n++
		}
		if n > bestLen {
			best, bestLen = i, n
		}
		i += n
	}
	for i := 0; i < 8; i++ {
		if i == best {
			dst = append(dst, ':')
			if i += bestLen - 1; i == 7 {
				dst = append(dst, ':')
			}
			continue
		}
		if i > 0 {
			dst = append(dst, ':')
		}
		if i == 6 && best == 0 && (bestLen == 6 || bestLen == 7 && words[7] != 1 || bestLen == 5 && words[5] == 0xffff) {
			return fmt.Appendf(dst, "%d.%d.%d.%d", b[12], b[13], b[14], b[15])
		}
		dst = strconv.AppendInt(dst, int64(words[i]), 16)
	}
	return dst
}

func parseInet(s string, cidr bool) (v InetVal, ok bool) {
	host, mask, hasMask := strings.Cut(s, "/")
	if strings.IndexByte(host, ':') >= 0 {
		a, err := netip.ParseAddr(host)
		if err != nil || a.Zone() != "" {
			return v, false
		}
		v = InetVal{a, 128}
		if hasMask {
			v.Bits, ok = maskBits(mask, 128)
			return v, ok
		}
		return v, true
	}
	var b [4]byte
	n := 0
	for rest, more := host, true; more; n++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		u, err := strconv.ParseUint(part, 10, 8)
		if err != nil || n == 4 || !input.AllDigits(part) {
			return v, false
		}
		b[n] = byte(u)
	}
	v = InetVal{netip.AddrFrom4(b), 32}
	switch {
	case hasMask:
		if v.Bits, ok = maskBits(mask, 32); !ok || !cidr && v.Bits/8 > n {
			return v, false
		}
	case cidr && n < 4:
		v.Bits = max(classBits(b[0]), n*8)
		if v.Bits == 8 && b[0] == 224 {
			v.Bits = 4
		}
	case n < 4:
		return v, false
	}
	return v, true
}

// classBits is the network length of the address classes that came before masks.
func classBits(first byte) int {
	switch {
	case first >= 240:
		return 32
	case first >= 224:
		return 8
	case first >= 192:
		return 24
	case first >= 128:
		return 16
	}
	return 8
}

func maskBits(s string, limit int) (int, bool) {
	v, err := strconv.Atoi(s)
	return v, err == nil && input.AllDigits(s) && v <= limit
}

// macCodec is macaddr and macaddr8, held as their 6 or 8 bytes.
var macCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		const hex = "0123456789abcdef"
		for i, c := range d.Bytes() {
			if i > 0 {
				dst = append(dst, ':')
			}
			dst = append(dst, hex[c>>4], hex[c&15])
		}
		return dst
	},
	in: func(t *Type, s string, _ int32, _ *Env) (Datum, error) {
		if t.OID == Macaddr {
			return parseMAC(s)
		}
		return parseMAC8(s)
	},
	send: bytesOut,
	recv: func(t *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if t.OID == Macaddr8 && len(b) == 6 {
			b = []byte{b[0], b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5]}
		}
		if err := input.Sized(b, int(t.Len)); err != nil {
			return Null, err
		}
		return tuple.Bytes(b), nil
	},
}

// parseMAC reads six octets: each of one or two digits with : or - between, or groups of three or two octets.
func parseMAC(all string) (Datum, error) {
	s := input.TrimSpace(all)
	out := make([]byte, 0, 6)
	sep := byte(0)
	if i := strings.IndexAny(s, ":-."); i >= 0 {
		sep = s[i]
	}
	parts := []string{s}
	if sep != 0 {
		parts = strings.Split(s, string(rune(sep)))
	}
	switch {
	case len(parts) == 6 && sep != '.':
		for _, p := range parts {
			v, err := strconv.ParseUint(p, 16, 32)
			if err != nil || p[0] == '+' {
				return Null, input.SyntaxError("macaddr", all)
			}
			if v > 255 {
				return Null, pgerr.New(pgerr.NumericValueOutOfRange, "invalid octet value in \"macaddr\" value: \"%s\"", all)
			}
			out = append(out, byte(v))
		}
		return tuple.Bytes(out), nil
	case len(parts) == 2 && sep != '.' && len(parts[0]) == 6, len(parts) == 3 && sep != ':' && len(parts[0]) == 4 && len(parts[1]) == 4, len(parts) == 1:
		h := strings.Join(parts, "")
		for i := 0; i+1 < len(h) && len(h) == 12; i += 2 {
			hi, ok1 := input.Unhex(h[i])
			lo, ok2 := input.Unhex(h[i+1])
			if !ok1 || !ok2 {
				break
			}
			out = append(out, hi<<4|lo)
		}
		if len(out) == 6 {
			return tuple.Bytes(out), nil
		}
	}
	return Null, input.SyntaxError("macaddr", all)
}

// parseMAC8 reads six or eight octets of two digits with one kind of separator or none between them; six become
// eight with ff:fe in the middle.
func parseMAC8(all string) (Datum, error) {
	s := input.TrimSpace(all)
	out := make([]byte, 0, 8)
	sep := byte(0)
	for s != "" {
		if len(s) < 2 || len(out) == 8 {
			return Null, input.SyntaxError("macaddr8", all)
		}
		hi, ok1 := input.Unhex(s[0])
		lo, ok2 := input.Unhex(s[1])
		if !ok1 || !ok2 {
			return Null, input.SyntaxError("macaddr8", all)
		}
		out = append(out, hi<<4|lo)
		if s = s[2:]; s != "" && (s[0] == ':' || s[0] == '-' || s[0] == '.') {
			if sep != 0 && s[0] != sep || len(s) == 1 {
				return Null, input.SyntaxError("macaddr8", all)
			}
			sep, s = s[0], s[1:]
		}
	}
	if len(out) == 6 {
		out = []byte{out[0], out[1], out[2], 0xff, 0xfe, out[3], out[4], out[5]}
	}
	if len(out) != 8 {
		return Null, input.SyntaxError("macaddr8", all)
	}
	return tuple.Bytes(out), nil
}
