package tuple

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// A packed decimal:
//
//	0               2        4
//	+---------------+--------+--------+--------+
//	| scale<<2|sign | weight | digit  | digit… |
//	+---------------+--------+--------+--------+
//
// All are 16-bit little endian. The value is sign * sum(digit[i] * 10000^(weight-i)); weight is signed. scale is the
// display scale (digits after the point), 0 to 16383. sign: 0 positive, 1 negative, 2 special (then there is
// nothing after the first word and scale says which: 0 NaN, 1 Infinity, 2 -Infinity). There is one form per value
// and scale: no zero digit in front or at the end; zero has no digits, weight 0 and sign 0.

// Numeric is a view of a packed decimal. The zero Numeric is invalid.
type Numeric []byte

const (
	numNeg     = 1
	numSpecial = 2

	numNaN    = 0<<2 | numSpecial
	numInf    = 1<<2 | numSpecial
	numNegInf = 2<<2 | numSpecial

	// NumericBase is the value of one digit position.
	NumericBase = 10000
	// NumericMaxScale is the largest display scale that the format holds.
	NumericMaxScale = 1<<14 - 1
)

// The special values, packed.
var (
	NumericNaN    = String("\x02\x00")
	NumericInf    = String("\x06\x00")
	NumericNegInf = String("\x0a\x00")
)

// ErrNumericSyntax says that a text is not a decimal number; ErrNumericRange that it is one which the format cannot
// hold.
var (
	ErrNumericSyntax = errors.New("not a decimal number")
	ErrNumericRange  = errors.New("decimal number out of range")
)

func (n Numeric) head() uint16 { return binary.LittleEndian.Uint16(n) }

// IsSpecial reports NaN and the infinities.
func (n Numeric) IsSpecial() bool { return n[0]&3 == numSpecial }
func (n Numeric) IsNaN() bool     { return n.head() == numNaN }

// IsInf reports an infinity: of the sign given, or of either with 0.
func (n Numeric) IsInf(sign int) bool {
	h := n.head()
	return sign >= 0 && h == numInf || sign <= 0 && h == numNegInf
}

// Neg reports a value below zero, -Infinity included.
func (n Numeric) Neg() bool { h := n.head(); return h&3 == numNeg || h == numNegInf }

// Scale is the display scale; 0 for special values.
func (n Numeric) Scale() int {
	if n.IsSpecial() {
		return 0
	}
	return int(n.head() >> 2)
}

// Weight is the power of 10000 of the first digit.
func (n Numeric) Weight() int {
	if n.IsSpecial() {
		return 0
	}
	return int(int16(binary.LittleEndian.Uint16(n[2:])))
}

// NumDigits is the number of base-10000 digits; 0 for zero and for special values.
func (n Numeric) NumDigits() int {
	if len(n) < 4 {
		return 0
	}
	return (len(n) - 4) / 2
}

// Digit is the i-th base-10000 digit, the most significant being number 0.
func (n Numeric) Digit(i int) int { return int(binary.LittleEndian.Uint16(n[4+2*i:])) }

// Digits appends the digits to buf.
func (n Numeric) Digits(buf []uint16) []uint16 {
	for i := range n.NumDigits() {
		buf = append(buf, uint16(n.Digit(i)))
	}
	return buf
}

// IsZero reports the value 0 of any scale.
func (n Numeric) IsZero() bool { return len(n) == 4 }

// Sign is -1, 0 or 1; NaN counts as positive, as in PostgreSQL's order.
func (n Numeric) Sign() int {
	switch {
	case n.IsZero():
		return 0
	case n.Neg():
		return -1
	}
	return 1
}

// AppendNumeric packs sign * sum(digits[i] * 10000^(weight-i)) with the display scale. Zero digits at both ends are
// dropped; digits below the scale are the caller's to round away. It reports ErrNumericRange for a weight or scale
// that does not fit.
func AppendNumeric(dst []byte, neg bool, weight, scale int, digits []uint16) ([]byte, error) {
	for len(digits) > 0 && digits[0] == 0 {
		digits = digits[1:]
		weight--
	}
	for len(digits) > 0 && digits[len(digits)-1] == 0 {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 {
		neg, weight = false, 0
	}
	if weight < math.MinInt16 || weight > math.MaxInt16 || scale < 0 || scale > NumericMaxScale {
		return dst, ErrNumericRange
	}
	h := uint16(scale) << 2
	if neg {
		h |= numNeg
	}
	dst = binary.LittleEndian.AppendUint16(dst, h)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(int16(weight)))
	for _, d := range digits {
		dst = binary.LittleEndian.AppendUint16(dst, d)
	}
	return dst, nil
}

// AppendNumericInt packs an integer, scale 0.
func AppendNumericInt(dst []byte, v int64) []byte {
	var digits [5]uint16
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	i := len(digits)
	for u > 0 {
		i--
		digits[i] = uint16(u % NumericBase)
		u /= NumericBase
	}
	dst, _ = AppendNumeric(dst, v < 0, len(digits)-i-1, 0, digits[i:])
	return dst
}

// AppendNumericText packs a decimal text: [+-]digits[.digits][e[+-]digits], NaN, or [+-]Infinity (case as written
// here, no blanks around). The scale is the number of digits after the point, less the exponent, not below 0.
func AppendNumericText(dst []byte, s string) ([]byte, error) {
	rest := s
	neg := false
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		neg = rest[0] == '-'
		rest = rest[1:]
	}
	switch {
	case s == "NaN":
		return append(dst, NumericNaN.Bytes()...), nil
	case rest == "Infinity" && neg:
		return append(dst, NumericNegInf.Bytes()...), nil
	case rest == "Infinity":
		return append(dst, NumericInf.Bytes()...), nil
	}
	mant, exp, err := splitExponent(rest)
	if err != nil {
		return dst, err
	}
	return appendDecimal(dst, neg, mant, exp)
}

func splitExponent(s string) (mant string, exp int, err error) {
	for i := range len(s) {
		if s[i] == 'e' || s[i] == 'E' {
			exp, err = strconv.Atoi(s[i+1:])
			if errors.Is(err, strconv.ErrRange) || err == nil && (exp > 1<<20 || exp < -1<<20) {
				return "", 0, ErrNumericRange
			}
			if err != nil {
				return "", 0, ErrNumericSyntax
			}
			return s[:i], exp, nil
		}
	}
	return s, 0, nil
}

// appendDecimal packs the decimal digits of mant (with at most one point) times 10^exp.
func appendDecimal(dst []byte, neg bool, mant string, exp int) ([]byte, error) {
	point, count := -1, 0
	for i := range len(mant) {
		switch c := mant[i]; {
		case c == '.' && point < 0:
			point = i
		case c < '0' || c > '9':
			return dst, ErrNumericSyntax
		default:
			count++
		}
	}
	if count == 0 {
		return dst, ErrNumericSyntax
	}
	whole := count // decimal digits before the point, after the exponent is applied
	if point >= 0 {
		whole = point
	}
	scale := max(count-whole-exp, 0)
	whole += exp
	// The first base-10000 digit takes the decimal digits up to a multiple of four before the point.
	weight := floorDiv(whole+3, 4) - 1
	room := (weight+1)*4 - whole // zeros in front of the first decimal digit, 0 to 3
	var arr [32]uint16
	digits := arr[:0]
	if n := (room + count + 3) / 4; n > len(arr) {
		digits = make([]uint16, 0, n)
	}
	acc, n := 0, room
	for i := range len(mant) {
		if mant[i] == '.' {
			continue
		}
		acc = acc*10 + int(mant[i]-'0')
		if n++; n == 4 {
			digits = append(digits, uint16(acc))
			acc, n = 0, 0
		}
	}
	if n > 0 {
		for ; n < 4; n++ {
			acc *= 10
		}
		digits = append(digits, uint16(acc))
	}
	return AppendNumeric(dst, neg, weight, scale, digits)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// AppendText appends the value as PostgreSQL prints it: all digits up to the display scale, no exponent.
func (n Numeric) AppendText(dst []byte) []byte {
	switch n.head() {
	case numNaN:
		return append(dst, "NaN"...)
	case numInf:
		return append(dst, "Infinity"...)
	case numNegInf:
		return append(dst, "-Infinity"...)
	}
	if n.Neg() {
		dst = append(dst, '-')
	}
	weight, nd := n.Weight(), n.NumDigits()
	if weight < 0 || nd == 0 {
		dst = append(dst, '0')
	} else {
		for i := 0; i <= weight; i++ {
			d := 0
			if i < nd {
				d = n.Digit(i)
			}
			if i == 0 {
				dst = strconv.AppendInt(dst, int64(d), 10)
			} else {
				dst = append4(dst, d, 4)
			}
		}
	}
	scale := n.Scale()
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for i, left := weight+1, scale; left > 0; i, left = i+1, left-4 {
		d := 0
		if nd > 0 && i >= 0 && i < nd {
			d = n.Digit(i)
		}
		dst = append4(dst, d, min(left, 4))
	}
	return dst
}

// append4 appends the first k of the four decimal digits of d.
func append4(dst []byte, d, k int) []byte {
	b := [4]byte{byte('0' + d/1000), byte('0' + d/100%10), byte('0' + d/10%10), byte('0' + d%10)}
	return append(dst, b[:k]...)
}

func (n Numeric) String() string { return string(n.AppendText(nil)) }

// Int64 is the value as an integer; ok only if it is one and fits.
func (n Numeric) Int64() (v int64, ok bool) {
	return n.Unscaled(0)
}

// Unscaled is value * 10^scale as an integer; ok only if that is exact and fits.
func (n Numeric) Unscaled(scale int) (v int64, ok bool) {
	if n.IsSpecial() {
		return 0, false
	}
	nd, weight := n.NumDigits(), n.Weight()
	if nd == 0 {
		return 0, true
	}
	var u uint64
	for i := range nd {
		hi, lo := bits.Mul64(u, NumericBase)
		var carry uint64
		u, carry = bits.Add64(lo, uint64(n.Digit(i)), 0)
		if hi|carry != 0 {
			return 0, false
		}
	}
	// u is value * 10000^(nd-1-weight).
	shift := scale - 4*(nd-1-weight)
	for ; shift > 0; shift-- {
		hi, lo := bits.Mul64(u, 10)
		if hi != 0 {
			return 0, false
		}
		u = lo
	}
	for ; shift < 0; shift++ {
		if u%10 != 0 {
			return 0, false
		}
		u /= 10
	}
	if n.Neg() {
		return int64(-u), u <= 1<<63
	}
	return int64(u), u < 1<<63
}

// UnscaledBig is value * 10^scale as an integer of any size; ok only if that is exact (never for special values).
func (n Numeric) UnscaledBig(scale int) (v *big.Int, ok bool) {
	if n.IsSpecial() {
		return nil, false
	}
	v = new(big.Int)
	nd := n.NumDigits()
	base, d := big.NewInt(NumericBase), new(big.Int)
	for i := range nd {
		v.Mul(v, base)
		v.Add(v, d.SetInt64(int64(n.Digit(i))))
	}
	shift := scale
	if nd > 0 {
		shift -= 4 * (nd - 1 - n.Weight())
	}
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(abs(shift))), nil)
	if shift >= 0 {
		v.Mul(v, p)
	} else {
		rem := new(big.Int)
		v.QuoRem(v, p, rem)
		if rem.Sign() != 0 {
			return nil, false
		}
	}
	if n.Neg() {
		v.Neg(v)
	}
	return v, true
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}

// Float64 is the nearest float64; beyond its range an infinity.
func (n Numeric) Float64() float64 {
	switch n.head() {
	case numNaN:
		return math.NaN()
	case numInf:
		return math.Inf(1)
	case numNegInf:
		return math.Inf(-1)
	}
	if n.NumDigits() <= 3 && n.Weight() < 4 && n.Weight() >= n.NumDigits()-1 {
		v, _ := n.Int64() // below 10^16 with at most 12 significant digits: exact as a float
		return float64(v)
	}
	var buf [64]byte
	f, _ := strconv.ParseFloat(string(n.AppendText(buf[:0])), 64)
	return f
}

// CompareNumeric orders as PostgreSQL does: -Infinity, numbers, Infinity, NaN; scales do not count.
func CompareNumeric(a, b Numeric) int {
	if a.IsSpecial() || b.IsSpecial() {
		return specialRank(a) - specialRank(b)
	}
	sa, sb := a.Sign(), b.Sign()
	if sa != sb {
		if sa < sb {
			return -1
		}
		return 1
	}
	if sa == 0 {
		return 0
	}
	return sa * compareMagnitude(a, b)
}

func specialRank(n Numeric) int {
	switch n.head() {
	case numNegInf:
		return -1
	case numInf:
		return 1
	case numNaN:
		return 2
	}
	return 0
}

func compareMagnitude(a, b Numeric) int {
	if wa, wb := a.Weight(), b.Weight(); wa != wb {
		if wa < wb {
			return -1
		}
		return 1
	}
	na, nb := a.NumDigits(), b.NumDigits()
	for i := range min(na, nb) {
		if da, db := a.Digit(i), b.Digit(i); da != db {
			return da - db
		}
	}
	return na - nb
}

func validNumeric(b []byte) error {
	n := Numeric(b)
	switch {
	case len(b) < 2 || len(b)%2 != 0:
		return fmt.Errorf("%w: decimal of %d bytes", ErrCorruptRow, len(b))
	case n.IsSpecial():
		if len(b) != 2 || n.head() > numNegInf {
			return fmt.Errorf("%w: unknown special decimal", ErrCorruptRow)
		}
		return nil
	case n.head()&3 == 3 || len(b) < 4:
		return fmt.Errorf("%w: decimal header %#x", ErrCorruptRow, n.head())
	}
	nd := n.NumDigits()
	if nd == 0 {
		if n.Neg() || n.Weight() != 0 {
			return fmt.Errorf("%w: zero with sign or weight", ErrCorruptRow)
		}
		return nil
	}
	for i := range nd {
		if n.Digit(i) >= NumericBase {
			return fmt.Errorf("%w: decimal digit %d", ErrCorruptRow, n.Digit(i))
		}
	}
	if n.Digit(0) == 0 || n.Digit(nd-1) == 0 {
		return fmt.Errorf("%w: decimal with zeros at an end", ErrCorruptRow)
	}
	return nil
}
