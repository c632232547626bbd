package numeric

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// AppendBinary appends number of digits, weight, sign, display scale and base-10000 digits, 16 bits each.
func AppendBinary(dst []byte, d tuple.Value) []byte {
	n := Of(d)
	sign := uint16(0)
	switch {
	case n.IsNaN():
		sign = 0xc000
	case n.IsInf(1):
		sign = 0xd000
	case n.IsInf(-1):
		sign = 0xf000
	case n.Neg():
		sign = 0x4000
	}
	scale := n.Scale()
	if sign == 0xd000 || sign == 0xf000 {
		scale = 0x20 // what PostgreSQL's header word of an infinity shows here
	}
	nd := n.NumDigits()
	dst = binary.BigEndian.AppendUint16(dst, uint16(nd))
	dst = binary.BigEndian.AppendUint16(dst, uint16(int16(n.Weight())))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(scale))
	for i := range nd {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n.Digit(i)))
	}
	return dst
}

// ParseBinary reads what numeric_recv reads.
func ParseBinary(b []byte) (tuple.Value, error) {
	word := func() uint16 {
		w := binary.BigEndian.Uint16(b)
		b = b[2:]
		return w
	}
	if len(b) < 8 {
		return tuple.Null, input.Short()
	}
	nd, weight, sign, scale := int(word()), int(int16(word())), word(), int(word())
	if len(b) < 2*nd {
		return tuple.Null, input.Short()
	}
	if len(b) > 2*nd {
		return tuple.Null, input.Long()
	}
	bad := func(what string) (tuple.Value, error) {
		return tuple.Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid %s in external \"numeric\" value", what)
	}
	switch sign {
	case 0, 0x4000:
	case 0xc000:
		return tuple.NumericNaN, nil
	case 0xd000:
		return tuple.NumericInf, nil
	case 0xf000:
		return tuple.NumericNegInf, nil
	default:
		return bad("sign")
	}
	if scale > tuple.NumericMaxScale {
		return bad("scale")
	}
	digits := make([]uint16, nd)
	for i := range digits {
		if digits[i] = word(); digits[i] >= tuple.NumericBase {
			return bad("digit")
		}
	}
	// Digits below the display scale are cut off, as PostgreSQL does on receipt.
	if keep := weight + 1 + (scale+3)/4; keep <= 0 {
		digits = nil
	} else if keep <= len(digits) {
		digits = digits[:keep]
		if over := (4 - scale%4) % 4; over > 0 && len(digits) == keep {
			p := uint16(pow10[over])
			digits[keep-1] -= digits[keep-1] % p
		}
	}
	p, err := tuple.AppendNumeric(nil, sign == 0x4000, weight, scale, digits)
	if err != nil {
		return tuple.Null, errOverflow()
	}
	return tuple.Bytes(p), nil
}

// Size is how many bytes PostgreSQL takes for a numeric, a header of 4 among them.
func Size(d tuple.Value) int {
	n := Of(d)
	if n.IsNaN() || n.IsInf(0) {
		return 6
	}
	digits := n.NumDigits()
	if scale := n.Scale(); digits > 0 && (n.Weight() < -64 || n.Weight() > 63) || scale > 63 {
		return 8 + 2*digits
	}
	return 6 + 2*digits
}
