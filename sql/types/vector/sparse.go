package vector

import (
	"encoding/binary"
	"math"
	"sort"
	"strconv"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// A sparsevec is held so that the order of its bytes is that of the vectors, element by element and then by length:
//
//	per element that is not zero, in order of places: | sign u8 | place u32 | number u32 |
//	at the end:                                       |   0     | length u32|    0       |
//
// all big endian. sign is 0 for a negative number and 2 for a positive one. Places count from 0. A negative element at an earlier
// place makes a vector smaller, a positive one greater: its place is stored inverted. The bits of a negative number are inverted, so
// that they order as the numbers do. The end stands like an element below all numbers at the first place that is not there: a vector
// is below those that go on.
const eventSize = 9

const (
	negative = 0
	positive = 2
)

const (
	// SparseName is the type's name.
	SparseName = "sparsevec"
	// MaxSparseDim is the greatest length of a sparsevec.
	MaxSparseDim = 1000000000
	maxNonZero   = 16000
)

// Sparse is a sparsevec: the elements that are not zero, in order of their places.
type Sparse struct {
	Dim    int
	Places []int32 // from 0
	Values []float32
}

// SparseOf is the vector that a value holds.
func SparseOf(d tuple.Value) Sparse {
	b := d.Bytes()
	n := len(b)/eventSize - 1
	s := Sparse{Dim: int(binary.BigEndian.Uint32(b[eventSize*n+1:])), Places: make([]int32, n), Values: make([]float32, n)}
	for i := range n {
		e := b[eventSize*i:]
		place, bits := binary.BigEndian.Uint32(e[1:]), binary.BigEndian.Uint32(e[5:])
		if e[0] == positive {
			place = ^place
		} else {
			bits = ^bits
		}
		s.Places[i], s.Values[i] = int32(place), math.Float32frombits(bits)
	}
	return s
}

// Pack makes a value of a vector that has been checked and holds no zeros.
func (s *Sparse) Pack() tuple.Value {
	b := make([]byte, 0, eventSize*(len(s.Places)+1))
	for i, f := range s.Values {
		sign, place, bits := byte(positive), ^uint32(s.Places[i]), math.Float32bits(f)
		if f < 0 {
			sign, place, bits = negative, ^place, ^bits
		}
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(append(b, sign), place), bits)
	}
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(append(b, negative), uint32(s.Dim)), 0)
	return tuple.Bytes(b)
}

// CheckSparseSame refuses two vectors of different length.
func CheckSparseSame(a, b Sparse) error { return checkSame(SparseName, a.Dim, b.Dim) }

func checkSparseDim(n int) error {
	switch {
	case n < 1:
		return dataError("%s must have at least 1 dimension", SparseName)
	case n > MaxSparseDim:
		return pgerr.New(pgerr.ProgramLimitExceeded, "%s cannot have more than %d dimensions", SparseName, MaxSparseDim)
	}
	return nil
}

func errNonZero() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "%s cannot have more than %d non-zero elements", SparseName, maxNonZero)
}

// SparseOfDense takes the zeros out of a dense vector.
func SparseOfDense(x []float32, mod int32) (tuple.Value, error) {
	if err := checkSparseDim(len(x)); err != nil {
		return tuple.Null, err
	}
	if err := CheckMod(len(x), mod); err != nil {
		return tuple.Null, err
	}
	s := Sparse{Dim: len(x)}
	for i, f := range x {
		if f != 0 {
			s.Places, s.Values = append(s.Places, int32(i)), append(s.Values, f)
		}
	}
	if len(s.Places) > maxNonZero {
		return tuple.Null, errNonZero()
	}
	for _, f := range s.Values {
		if err := checkElement(SparseName, f); err != nil {
			return tuple.Null, err
		}
	}
	return s.Pack(), nil
}

// Floats is the dense form; the caller has checked the length.
func (s *Sparse) Floats() []float32 {
	x := make([]float32, s.Dim)
	for i, p := range s.Places {
		x[p] = s.Values[i]
	}
	return x
}

func (s *Sparse) checkPlace(i int) error {
	p := s.Places[i]
	switch {
	case p < 0 || int(p) >= s.Dim:
		return dataError("sparsevec index out of bounds")
	case i > 0 && p < s.Places[i-1]:
		return dataError("sparsevec indices must be in ascending order")
	case i > 0 && p == s.Places[i-1]:
		return dataError("sparsevec indices must not contain duplicates")
	}
	return nil
}

type byPlace struct{ *Sparse }

func (b byPlace) Len() int           { return len(b.Places) }
func (b byPlace) Less(i, j int) bool { return b.Places[i] < b.Places[j] }
func (b byPlace) Swap(i, j int) {
	b.Places[i], b.Places[j] = b.Places[j], b.Places[i]
	b.Values[i], b.Values[j] = b.Values[j], b.Values[i]
}

// ParseSparse reads {place:number,…}/length; places count from 1.
func ParseSparse(text string, mod int32, format Floats) (tuple.Value, error) {
	r := sparseReader{all: text, rest: text, format: format}
	commas := 0
	for i := 0; i < len(text); i++ {
		if text[i] == ',' {
			commas++
		}
	}
	if commas >= maxNonZero {
		return tuple.Null, errNonZero()
	}
	if !r.take('{') {
		return tuple.Null, r.syntax("Vector contents must start with \"{\".")
	}
	for first := true; !first || !r.take('}'); first = false {
		if err := r.element(); err != nil {
			return tuple.Null, err
		}
		if r.take(',') {
			continue
		}
		if !r.take('}') {
			return tuple.Null, r.syntax("")
		}
		break
	}
	if !r.take('/') {
		return tuple.Null, r.syntax("Unexpected end of input.")
	}
	dim, ok := r.integer()
	if !ok {
		return tuple.Null, r.syntax("")
	}
	if input.TrimLeft(r.rest) != "" {
		return tuple.Null, r.syntax("Junk after closing.")
	}
	s := r.vector
	s.Dim = dim
	if err := checkSparseDim(dim); err != nil {
		return tuple.Null, err
	}
	if err := CheckMod(dim, mod); err != nil {
		return tuple.Null, err
	}
	sort.Stable(byPlace{&s})
	for i := range s.Places {
		if err := s.checkPlace(i); err != nil {
			return tuple.Null, err
		}
	}
	return s.Pack(), nil
}

type sparseReader struct {
	all, rest string
	format    Floats
	vector    Sparse
}

func (r *sparseReader) syntax(detail string) error {
	e := pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", SparseName, r.all)
	if detail != "" {
		e = e.WithDetail("%s", detail)
	}
	return e
}

// take skips blanks and then c, if it is there.
func (r *sparseReader) take(c byte) bool {
	r.rest = input.TrimLeft(r.rest)
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// integer reads a number in the range of an int32, to whose ends those beyond are moved.
func (r *sparseReader) integer() (int, bool) {
	r.rest = input.TrimLeft(r.rest)
	sign := input.SkipSign(r.rest)
	end := input.Skip(r.rest, sign, input.IsDigit)
	if end == sign {
		return 0, false
	}
	n := input.Atoi(r.rest[:end])
	r.rest = r.rest[end:]
	return n, true
}

func (r *sparseReader) element() error {
	place, ok := r.integer()
	if !ok || !r.take(':') {
		return r.syntax("")
	}
	r.rest = input.TrimLeft(r.rest)
	f, n, over := r.format.Scan(r.rest)
	switch {
	case n == 0:
		return r.syntax("")
	case over || f == 0 && underflow(r.rest[:n]):
		return rangeError(r.rest[:n], SparseName)
	}
	if err := checkElement(SparseName, f); err != nil {
		return err
	}
	r.rest = r.rest[n:]
	if f != 0 {
		r.vector.Places = append(r.vector.Places, int32(max(place-1, math.MinInt32)))
		r.vector.Values = append(r.vector.Values, f)
	}
	return nil
}

// underflow reports a number whose text is not zero.
func underflow(s string) bool {
	for i := 0; i < len(s) && s[i]|0x20 != 'e' && s[i]|0x20 != 'p'; i++ {
		if s[i] >= '1' && s[i] <= '9' {
			return true
		}
	}
	return false
}

// AppendSparseText prints {place:number,…}/length.
func AppendSparseText(dst []byte, d tuple.Value, format Floats) []byte {
	s := SparseOf(d)
	dst = append(dst, '{')
	for i, p := range s.Places {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendInt(dst, int64(p)+1, 10), ':')
		dst = format.Append(dst, s.Values[i])
	}
	return strconv.AppendInt(append(dst, "}/"...), int64(s.Dim), 10)
}

// AppendSparseBinary is {length i32, number of elements i32, 0 i32, places i32 from 0, numbers float4}, big endian.
func AppendSparseBinary(dst []byte, d tuple.Value) []byte {
	s := SparseOf(d)
	for _, w := range [3]int{s.Dim, len(s.Places), 0} {
		dst = binary.BigEndian.AppendUint32(dst, uint32(w))
	}
	for _, p := range s.Places {
		dst = binary.BigEndian.AppendUint32(dst, uint32(p))
	}
	for _, f := range s.Values {
		dst = binary.BigEndian.AppendUint32(dst, math.Float32bits(f))
	}
	return dst
}

// ParseSparseBinary reads what AppendSparseBinary writes.
func ParseSparseBinary(b []byte, mod int32) (tuple.Value, error) {
	if len(b) < 12 {
		return tuple.Null, input.Short()
	}
	word := func(i int) int32 { return int32(binary.BigEndian.Uint32(b[4*i:])) }
	dim, n, unused := int(word(0)), int(word(1)), word(2)
	if err := checkSparseDim(dim); err != nil {
		return tuple.Null, err
	}
	switch {
	case n < 0:
		return tuple.Null, dataError("sparsevec cannot have negative number of elements")
	case n > maxNonZero:
		return tuple.Null, errNonZero()
	case n > dim:
		return tuple.Null, pgerr.New(pgerr.ProgramLimitExceeded, "sparsevec cannot have more elements than dimensions")
	}
	if err := CheckMod(dim, mod); err != nil {
		return tuple.Null, err
	}
	if unused != 0 {
		return tuple.Null, dataError("expected unused to be 0, not %d", unused)
	}
	if b = b[12:]; len(b) < 8*n {
		return tuple.Null, input.Short()
	}
	s := Sparse{Dim: dim, Places: make([]int32, 0, n), Values: make([]float32, n)}
	for i := range n {
		s.Places = append(s.Places, word(i))
		if err := s.checkPlace(i); err != nil {
			return tuple.Null, err
		}
	}
	for i := range n {
		f := math.Float32frombits(uint32(word(n + i)))
		if err := checkElement(SparseName, f); err != nil {
			return tuple.Null, err
		}
		if f == 0 {
			return tuple.Null, dataError("binary representation of sparsevec cannot contain zero values")
		}
		s.Values[i] = f
	}
	if len(b) > 8*n {
		return tuple.Null, input.Long()
	}
	return s.Pack(), nil
}
