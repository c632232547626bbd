package pgtext

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"

	"github.com/tarndb/tarn/storage/tuple"
)

// Types that are held as bytes and are not their own text.
const (
	OIDPoint, OIDLseg, OIDPath, OIDBox, OIDPolygon, OIDLine, OIDCircle = 600, 601, 602, 603, 604, 628, 718
	OIDCIDR, OIDInet, OIDMacaddr, OIDMacaddr8, OIDTSVector             = 650, 869, 829, 774, 3614
	OIDTSQuery, OIDJSONPath                                            = 3615, 4072
	OIDInt2Vector, OIDOidVector                                        = 22, 30
	// of extensions
	OIDHstore, OIDQueryInt, OIDVector, OIDHalfvec, OIDSparsevec = 14500, 14820, 15800, 15886, 15977
)

// bytesText prints such a type's value; nil for a type whose bytes are its text.
var bytesText = map[uint32]func(dst, b []byte) []byte{
	OIDBytea:   func(dst, b []byte) []byte { return hex.AppendEncode(append(dst, '\\', 'x'), b) },
	OIDInet:    func(dst, b []byte) []byte { return appendInet(dst, b, false) },
	OIDCIDR:    func(dst, b []byte) []byte { return appendInet(dst, b, true) },
	OIDMacaddr: appendMAC, OIDMacaddr8: appendMAC,
	OIDTSVector: appendTSVector, OIDHstore: appendHstore, OIDQueryInt: appendQueryInt, OIDSparsevec: appendSparsevec,
	OIDPoint: func(dst, b []byte) []byte { return appendPoints(dst, "", b, "") },
	OIDLseg:  func(dst, b []byte) []byte { return appendPoints(dst, "[", b, "]") },
	OIDBox:   func(dst, b []byte) []byte { return appendPoints(dst, "", b, "") },
	OIDPath: func(dst, b []byte) []byte {
		if b[0] == 1 {
			return appendPoints(dst, "(", b[1:], ")")
		}
		return appendPoints(dst, "[", b[1:], "]")
	},
	OIDPolygon: func(dst, b []byte) []byte { return appendPoints(dst, "(", b, ")") },
	OIDLine:    func(dst, b []byte) []byte { return append(appendNumbers(append(dst, '{'), b), '}') },
	OIDCircle: func(dst, b []byte) []byte {
		dst = append(appendPoints(append(dst, '<'), "", b[:16], ""), ',')
		return append(appendNumbers(dst, b[16:]), '>')
	},
}

// Own reports whether the bytes of a KindBytes value are its text: json, jsonpath, bit strings, xml.
func Own(oid uint32) bool {
	return oid == OIDJSON || oid == OIDJSONPath || oid == OIDBit || oid == OIDVarBit || oid == OIDXML
}

// appendNumbers prints little-endian float8s with commas between them.
func appendNumbers(dst, b []byte) []byte {
	for i := 0; i < len(b); i += 8 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, math.Float64frombits(binary.LittleEndian.Uint64(b[i:])), 64)
	}
	return dst
}

func appendPoints(dst []byte, open string, b []byte, end string) []byte {
	dst = append(dst, open...)
	for i := 0; i < len(b); i += 16 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendNumbers(append(dst, '('), b[i:i+16]), ')')
	}
	return append(dst, end...)
}

func appendMAC(dst, b []byte) []byte {
	for i := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = hex.AppendEncode(dst, b[i:i+1])
	}
	return dst
}

// appendInet: family, network, bits, address (sql/types InetVal). An address that is as long as its mask has none in
// inet's text.
func appendInet(dst, b []byte, cidr bool) []byte {
	n := (len(b) - 2) / 2
	a, _ := netip.AddrFromSlice(b[2+n:])
	bits := int(b[1+n])
	dst = appendAddr(dst, a)
	if cidr || bits != a.BitLen() {
		dst = strconv.AppendInt(append(dst, '/'), int64(bits), 10)
	}
	return dst
}

// appendAddr differs from netip's form where an IPv6 address has exactly 96 zero bits in front: an IPv4 address follows.
func appendAddr(dst []byte, a netip.Addr) []byte {
	if b := a.As16(); a.Is6() && binary.BigEndian.Uint64(b[:]) == 0 && binary.BigEndian.Uint32(b[8:]) == 0 && b[12]|b[13] != 0 {
		return netip.AddrFrom4([4]byte(b[12:])).AppendTo(append(dst, "::"...))
	}
	return a.AppendTo(dst)
}

func bytesValue(dst []byte, oid uint32, v tuple.Value) []byte {
	if f := bytesText[oid]; f != nil {
		return f(dst, v.Bytes())
	}
	return append(dst, v.Bytes()...)
}

// appendHstore reads what sql/types/hstore draws: all texts, a zero byte, how many pairs, and per pair where key and value end and whether
// the value is NULL.
func appendHstore(dst, b []byte) []byte {
	n := bytes.IndexByte(b, 0)
	text, ends := b[:n], b[n+5:]
	quoted := func(s []byte) {
		dst = append(dst, '"')
		for _, c := range s {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		dst = append(dst, '"')
	}
	at := 0
	for first := true; len(ends) >= 9; ends, first = ends[9:], false {
		key, val := int(binary.BigEndian.Uint32(ends)), int(binary.BigEndian.Uint32(ends[4:]))
		if !first {
			dst = append(dst, ", "...)
		}
		quoted(text[at:key])
		dst = append(dst, "=>"...)
		if ends[8] != 0 {
			dst = append(dst, "NULL"...)
		} else {
			quoted(text[key:val])
		}
		at = val
	}
	return dst
}

// appendTSVector reads what sql/types/tsearch draws: per lexeme its word up to a zero byte and inverted positions.
func appendTSVector(dst, b []byte) []byte {
	n := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	for i := range n {
		if i > 0 {
			dst = append(dst, ' ')
		}
		has := b[0] == 0
		end := 1 + bytes.IndexByte(b[1:], 0)
		dst = appendLexeme(dst, b[1:end])
		b = b[end+1:]
		if !has {
			continue
		}
		positions := int(^binary.BigEndian.Uint16(b))
		b = b[2:]
		for j := range positions {
			p := ^binary.BigEndian.Uint16(b)
			dst = append(dst, ":,"[min(j, 1)])
			dst = strconv.AppendUint(dst, uint64(p>>2), 10)
			if w := byte(p & 3); w > 0 {
				dst = append(dst, 'D'-w)
			}
			b = b[2:]
		}
	}
	return dst
}

// appendVector prints a vector or halfvec, which is held as the real[] of its numbers.
func appendVector(dst []byte, a tuple.Array) []byte {
	dst = append(dst, '[')
	for i := range a.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, a.Elem(i).Float(), 32)
	}
	return append(dst, ']')
}

// appendSparsevec reads what sql/types/vector packs: nine bytes per number, {sign, place, bits}, and nine that hold the
// length. The place of a positive number and the bits of a negative one are inverted.
func appendSparsevec(dst, b []byte) []byte {
	const size = 9
	dst = append(dst, '{')
	for i := range len(b)/size - 1 {
		if i > 0 {
			dst = append(dst, ',')
		}
		place, bits := binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])
		if b[0] != 0 {
			place = ^place
		} else {
			bits = ^bits
		}
		dst = append(strconv.AppendUint(dst, uint64(place)+1, 10), ':')
		dst = appendFloat(dst, float64(math.Float32frombits(bits)), 32)
		b = b[size:]
	}
	return strconv.AppendUint(append(dst, "}/"...), uint64(binary.BigEndian.Uint32(b[1:])), 10)
}

// appendNumberList prints an int2vector or oidvector.
func appendNumberList(dst []byte, a tuple.Array) []byte {
	for i := range a.Len() {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendInt(dst, a.Elem(i).Int(), 10)
	}
	return dst
}
