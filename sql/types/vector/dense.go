// Package vector is the types of the extension pgvector: vector and halfvec (dense.go), sparsevec (sparse.go), their text and binary
// formats and the distances between them (distance.go). What SQL calls is sql/builtin/extension/vector's.
package vector

import (
	"encoding/binary"
	"math"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// A vector and a halfvec are held as the real[] of their elements is: order, equality and keys are the array's. The numbers of a
// halfvec are such as a half-precision float can hold.
const (
	float4     = 700 // pg_type's real
	headerSize = 16  // of a packed array of one dimension without NULLs
)

// Dense is one of the two types.
type Dense struct {
	Name string
	half bool
}

var (
	Full = &Dense{Name: "vector"}
	Half = &Dense{Name: "halfvec", half: true}
)

// MaxDim is the most elements of a dense vector.
const MaxDim = 16000

// View reads the elements of a dense vector in place.
type View []byte

// Of is the elements that a value holds.
func Of(d tuple.Value) View { return d.Bytes()[headerSize:] }

func (v View) Len() int { return len(v) / 4 }

func (v View) At(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(v[4*i:])) }

// Append appends all elements to buf.
func (v View) Append(buf []float32) []float32 {
	for i := range v.Len() {
		buf = append(buf, v.At(i))
	}
	return buf
}

// Floats are the elements in a slice of their own.
func (v View) Floats() []float32 { return v.Append(make([]float32, 0, v.Len())) }

// Pack makes a value of elements that have been checked.
func Pack(x []float32) tuple.Value {
	b := make([]byte, headerSize, headerSize+4*len(x))
	b[0], b[2] = 1, byte(tuple.KindFloat32)
	binary.LittleEndian.PutUint32(b[4:], float4)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(x)))
	binary.LittleEndian.PutUint32(b[12:], 1)
	for _, f := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return tuple.Bytes(b)
}

func dataError(format string, args ...any) error {
	return pgerr.New(pgerr.DataException, format, args...)
}

// CheckDim refuses vectors without elements and with too many.
func (t *Dense) CheckDim(n int) error {
	switch {
	case n < 1:
		return dataError("%s must have at least 1 dimension", t.Name)
	case n > MaxDim:
		return t.tooMany()
	}
	return nil
}

func (t *Dense) tooMany() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "%s cannot have more than %d dimensions", t.Name, MaxDim)
}

// CheckMod refuses vectors of another length than the type modifier says.
func CheckMod(n int, mod int32) error {
	if mod != -1 && int(mod) != n {
		return dataError("expected %d dimensions, not %d", mod, n)
	}
	return nil
}

// CheckSame refuses two vectors of different length.
func (t *Dense) CheckSame(a, b int) error { return checkSame(t.Name, a, b) }

func checkSame(name string, a, b int) error {
	if a != b {
		return dataError("different %s dimensions %d and %d", name, a, b)
	}
	return nil
}

// CheckElement refuses what is not finite.
func (t *Dense) CheckElement(f float32) error { return checkElement(t.Name, f) }

func checkElement(name string, f float32) error {
	switch {
	case f != f:
		return dataError("NaN not allowed in %s", name)
	case math.IsInf(float64(f), 0):
		return dataError("infinite value not allowed in %s", name)
	}
	return nil
}

// Make checks elements and packs them; those of a halfvec are rounded first, which may be too far (22003).
func (t *Dense) Make(x []float32, mod int32, format Floats) (tuple.Value, error) {
	if err := t.CheckDim(len(x)); err != nil {
		return tuple.Null, err
	}
	if err := CheckMod(len(x), mod); err != nil {
		return tuple.Null, err
	}
	for i := range x {
		if t.half {
			r := roundHalf(x[i])
			if math.IsInf(float64(r), 0) && !math.IsInf(float64(x[i]), 0) {
				return tuple.Null, rangeError(string(format.Append(nil, x[i])), t.Name)
			}
			x[i] = r
		}
		if err := t.CheckElement(x[i]); err != nil {
			return tuple.Null, err
		}
	}
	return Pack(x), nil
}

func rangeError(text, name string) error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type %s", text, name)
}

// Floats reads and prints numbers; sql/types fills it in.
type Floats struct {
	// Scan reads a float4 as C's strtof does; n is its length, 0 if there is none. What is too large is an infinity, with over.
	Scan   func(s string) (v float32, n int, over bool)
	Append func(dst []byte, v float32) []byte
}

// Parse reads [x,y,…].
func (t *Dense) Parse(s string, mod int32, format Floats) (tuple.Value, error) {
	syntax := func(detail string) error {
		e := pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", t.Name, s)
		if detail != "" {
			e = e.WithDetail("%s", detail)
		}
		return e
	}
	rest := input.TrimLeft(s)
	if rest == "" || rest[0] != '[' {
		return tuple.Null, syntax("Vector contents must start with \"[\".")
	}
	rest = input.TrimLeft(rest[1:])
	if rest != "" && rest[0] == ']' {
		return tuple.Null, t.CheckDim(0)
	}
	var buf [64]float32
	x := buf[:0]
	for {
		if len(x) == MaxDim {
			return tuple.Null, t.tooMany()
		}
		rest = input.TrimLeft(rest)
		f, n, over := format.Scan(rest)
		if n == 0 {
			return tuple.Null, syntax("")
		}
		if t.half {
			r := roundHalf(f)
			over = over || math.IsInf(float64(r), 0) && !math.IsInf(float64(f), 0)
			f = r
		}
		if over {
			return tuple.Null, rangeError(rest[:n], t.Name)
		}
		if err := t.CheckElement(f); err != nil {
			return tuple.Null, err
		}
		x = append(x, f)
		if rest = input.TrimLeft(rest[n:]); rest == "" || rest[0] != ',' && rest[0] != ']' {
			return tuple.Null, syntax("")
		}
		last := rest[0] == ']'
		rest = rest[1:]
		if last {
			break
		}
	}
	if input.TrimLeft(rest) != "" {
		return tuple.Null, syntax("Junk after closing right brace.")
	}
	if err := CheckMod(len(x), mod); err != nil {
		return tuple.Null, err
	}
	return Pack(x), nil
}

// AppendText prints [x,y,…], each number in the fewest digits that read back.
func AppendText(dst []byte, d tuple.Value, format Floats) []byte {
	v := Of(d)
	for i := range v.Len() {
		if i == 0 {
			dst = append(dst, '[')
		} else {
			dst = append(dst, ',')
		}
		dst = format.Append(dst, v.At(i))
	}
	return append(dst, ']')
}

// AppendBinary is {number of elements u16, 0 u16, elements of 4 or 2 bytes}, big endian.
func (t *Dense) AppendBinary(dst []byte, d tuple.Value) []byte {
	v := Of(d)
	dst = binary.BigEndian.AppendUint32(dst, uint32(v.Len())<<16)
	for i := range v.Len() {
		if t.half {
			dst = binary.BigEndian.AppendUint16(dst, halfBits(v.At(i)))
		} else {
			dst = binary.BigEndian.AppendUint32(dst, math.Float32bits(v.At(i)))
		}
	}
	return dst
}

// ParseBinary reads what AppendBinary writes.
func (t *Dense) ParseBinary(b []byte, mod int32) (tuple.Value, error) {
	if len(b) < 4 {
		return tuple.Null, input.Short()
	}
	n, unused := int(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint16(b[2:])
	b = b[4:]
	if err := t.CheckDim(n); err != nil {
		return tuple.Null, err
	}
	if err := CheckMod(n, mod); err != nil {
		return tuple.Null, err
	}
	if unused != 0 {
		return tuple.Null, dataError("expected unused to be 0, not %d", unused)
	}
	size := 4
	if t.half {
		size = 2
	}
	x := make([]float32, 0, min(n, len(b)/size))
	for range n {
		if len(b) < size {
			return tuple.Null, input.Short()
		}
		var f float32
		if t.half {
			f = fromHalf(binary.BigEndian.Uint16(b))
		} else {
			f = math.Float32frombits(binary.BigEndian.Uint32(b))
		}
		if err := t.CheckElement(f); err != nil {
			return tuple.Null, err
		}
		x, b = append(x, f), b[size:]
	}
	if len(b) > 0 {
		return tuple.Null, input.Long()
	}
	return Pack(x), nil
}

// MakeMod is the type modifier that the numbers in a type's parentheses give.
func MakeMod(name string, args []int32) (int32, error) {
	limit := int32(MaxDim)
	if name == SparseName {
		limit = MaxSparseDim
	}
	invalid := func(format string, a ...any) (int32, error) {
		return 0, pgerr.New(pgerr.InvalidParameterValue, format, a...)
	}
	switch {
	case len(args) != 1:
		return invalid("invalid type modifier")
	case args[0] < 1:
		return invalid("dimensions for type %s must be at least 1", name)
	case args[0] > limit:
		return invalid("dimensions for type %s cannot exceed %d", name, limit)
	}
	return args[0], nil
}
