package vector

import "math"

// A half-precision float (IEEE 754 binary16): 1 bit sign, 5 bits exponent with bias 15, 10 bits fraction.
const (
	halfBias     = 15
	halfFraction = 10
	fullBias     = 127
	fullFraction = 23
	halfInf      = 0x7c00
)

// halfBits rounds to the nearest half, ties to even; too large a number becomes an infinity.
func halfBits(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	exp, frac := int(b>>fullFraction&0xff), b&(1<<fullFraction-1)
	switch {
	case exp == 0xff && frac != 0:
		return sign | 0x7e00
	case exp == 0xff:
		return sign | halfInf
	}
	drop := fullFraction - halfFraction // bits of the fraction that go
	e := exp - fullBias + halfBias
	if e <= 0 { // subnormal: the leading 1 is written out, moved to the right
		frac |= 1 << fullFraction
		if drop += 1 - e; drop > fullFraction+1 {
			return sign
		}
		e = 0
	}
	kept, rest, tie := frac>>drop, frac&(1<<drop-1), uint32(1)<<(drop-1)
	if rest > tie || rest == tie && kept&1 == 1 {
		kept++ // may carry into the exponent, which is then right
	}
	h := uint32(e)<<halfFraction + kept
	return sign | uint16(min(h, halfInf))
}

func fromHalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>halfFraction&0x1f), uint32(h&(1<<halfFraction-1))
	switch exp {
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<fullFraction | frac<<(fullFraction-halfFraction))
	case 0:
		f := float32(frac) / (1 << (halfBias - 1 + halfFraction))
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | (exp+fullBias-halfBias)<<fullFraction | frac<<(fullFraction-halfFraction))
}

func roundHalf(f float32) float32 { return fromHalf(halfBits(f)) }

// Round is f as the type can hold it; too large a number becomes an infinity.
func (t *Dense) Round(f float32) float32 {
	if t.half {
		return roundHalf(f)
	}
	return f
}
