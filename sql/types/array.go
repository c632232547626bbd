package types

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

var arrayCodec = &codec{out: arrayOut, in: arrayIn, send: arraySend, recv: arrayRecv}

// MakeArray packs a one-dimensional array with lower bound 1; no elements give the empty array.
func MakeArray(elem *Type, vals []Datum) Datum {
	var dims []tuple.ArrayDim
	if len(vals) > 0 {
		dims = []tuple.ArrayDim{{Len: len(vals), Lower: 1}}
	}
	return MakeArrayDims(elem, dims, vals)
}

// MakeArrayDims packs an array; the product of the dimensions must be len(vals).
func MakeArrayDims(elem *Type, dims []tuple.ArrayDim, vals []Datum) Datum {
	return tuple.Bytes(tuple.AppendArray(nil, elem.Kind, elem.OID, dims, vals))
}

func arrayOut(_ *Type, dst []byte, d Datum, env *Env) []byte {
	a := tuple.Array(d.Bytes())
	nd, n := a.NumDims(), a.Len()
	if n == 0 {
		return append(dst, '{', '}')
	}
	elem := env.Type(a.ElemOID())
	if elem == nil {
		elem = Lookup(Text)
	}
	var dimBuf [tuple.MaxArrayDims]tuple.ArrayDim
	dims := a.Dims(dimBuf[:0])
	for _, dim := range dims {
		if dim.Lower != 1 {
			for _, dim := range dims {
				dst = strconv.AppendInt(append(dst, '['), int64(dim.Lower), 10)
				dst = strconv.AppendInt(append(dst, ':'), int64(dim.Lower+dim.Len-1), 10)
				dst = append(dst, ']')
			}
			dst = append(dst, '=')
			break
		}
	}
	// at[j] counts in dimension j; braces open and close where the counters of the inner ones wrap.
	var at [tuple.MaxArrayDims]int
	for range nd {
		dst = append(dst, '{')
	}
	for i := range n {
		if v := a.Elem(i); v.IsNull() {
			dst = append(dst, "NULL"...)
		} else {
			start := len(dst)
			dst = elem.AppendText(dst, v, env)
			dst = quoteElem(dst, start, elem.Delim)
		}
		j := nd - 1
		for ; j >= 0; j-- {
			at[j]++
			if at[j] < dims[j].Len {
				break
			}
			at[j] = 0
			dst = append(dst, '}')
		}
		if j < 0 {
			break
		}
		dst = append(dst, elem.Delim)
		for k := j + 1; k < nd; k++ {
			dst = append(dst, '{')
		}
	}
	return dst
}

// quoteElem puts dst[start:] in double quotes if array syntax would read it differently.
func quoteElem(dst []byte, start int, delim byte) []byte {
	s := dst[start:]
	escapes, quote := 0, len(s) == 0 || strings.EqualFold(input.String(s), "null")
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			escapes++
		case c == '{' || c == '}' || c == delim || input.IsSpace(c):
			quote = true
		}
	}
	if !quote && escapes == 0 {
		return dst
	}
	end := len(dst)
	for range escapes + 2 {
		dst = append(dst, '"')
	}
	w := len(dst) - 2
	for r := end - 1; r >= start; r-- {
		dst[w] = dst[r]
		w--
		if dst[r] == '"' || dst[r] == '\\' {
			dst[w] = '\\'
			w--
		}
	}
	dst[start] = '"'
	return dst
}

func arrayIn(t *Type, s string, mod int32, env *Env) (Datum, error) {
	elem, err := env.typeOrErr(t.Elem)
	if err != nil {
		return Null, err
	}
	var buf [8]arrayElem
	p := arrayParser{all: s, s: s, delim: elem.Delim, elems: buf[:0]}
	if n := strings.Count(s, string(rune(elem.Delim))) + 1; n > len(buf) {
		p.elems = make([]arrayElem, 0, n)
	}
	dims, err := p.parse()
	if err != nil {
		return Null, err
	}
	var valBuf [8]Datum
	vals := valBuf[:min(len(p.elems), len(valBuf))]
	if len(p.elems) > len(vals) {
		vals = make([]Datum, len(p.elems))
	}
	for i, e := range p.elems {
		if e.null {
			vals[i] = Null
			if err := elem.CheckNull(env); err != nil {
				return Null, err
			}
			continue
		}
		if vals[i], err = elem.ParseText(e.text, mod, env); err != nil {
			return Null, err
		}
	}
	if len(vals) == 0 {
		dims = nil
	}
	return MakeArrayDims(elem, dims, vals), nil
}

type arrayParser struct {
	all, s string
	delim  byte
	elems  []arrayElem
}

type arrayElem struct {
	text string
	null bool
}

func (p *arrayParser) malformed(detail string, args ...any) error {
	e := pgerr.New(pgerr.InvalidTextRepresentation, "malformed array literal: \"%s\"", p.all)
	if detail != "" {
		e = e.WithDetail(detail, args...)
	}
	return e
}

func tooManyDims(n int) error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, tuple.MaxArrayDims)
}

func (p *arrayParser) parse() ([]tuple.ArrayDim, error) {
	given, err := p.bounds()
	if err != nil {
		return nil, err
	}
	p.s = input.TrimLeft(p.s)
	switch {
	case given == nil && !strings.HasPrefix(p.s, "{"):
		return nil, p.malformed("Array value must start with \"{\" or dimension information.")
	case given != nil && !strings.HasPrefix(p.s, "="):
		return nil, p.malformed("Missing \"%s\" after array dimensions.", "=")
	case given != nil:
		if p.s = input.TrimLeft(p.s[1:]); !strings.HasPrefix(p.s, "{") {
			return nil, p.malformed("Array contents must start with \"{\".")
		}
	}
	all := p.all
	lens, err := p.contents()
	if err != nil {
		return nil, err
	}
	p.all = all
	if given != nil {
		if len(lens) != len(given) {
			return nil, p.malformed("Specified array dimensions do not match array contents.")
		}
		for i := range lens {
			if lens[i] != given[i].Len {
				return nil, p.malformed("Specified array dimensions do not match array contents.")
			}
		}
		return given, nil
	}
	dims := make([]tuple.ArrayDim, len(lens))
	for i, n := range lens {
		dims[i] = tuple.ArrayDim{Len: n, Lower: 1}
	}
	return dims, nil
}

// bounds reads "[l:u]…"; nil if there are none.
func (p *arrayParser) bounds() ([]tuple.ArrayDim, error) {
	var dims []tuple.ArrayDim
	for {
		p.s = input.TrimLeft(p.s)
		if !strings.HasPrefix(p.s, "[") {
			return dims, nil
		}
		p.s = p.s[1:]
		if len(dims) == tuple.MaxArrayDims {
			return nil, tooManyDims(len(dims) + 1)
		}
		first := p.bound()
		if first == "" {
			return nil, p.malformed("\"[\" must introduce explicitly-specified array dimensions.")
		}
		lower, upper := "1", first
		if strings.HasPrefix(p.s, ":") {
			p.s = p.s[1:]
			lower, upper = first, p.bound()
			if upper == "" {
				return nil, p.malformed("Missing array dimension value.")
			}
		}
		if !strings.HasPrefix(p.s, "]") {
			return nil, p.malformed("Missing \"%s\" after array dimensions.", "]")
		}
		p.s = p.s[1:]
		lo, hi := input.Atoi(lower), input.Atoi(upper)
		if hi < lo {
			return nil, pgerr.New(pgerr.ArraySubscriptError, "upper bound cannot be less than lower bound")
		}
		if hi-lo+1 > math.MaxInt32/8 || hi == math.MaxInt32 {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", 134217727)
		}
		dims = append(dims, tuple.ArrayDim{Len: hi - lo + 1, Lower: lo})
	}
}

func (p *arrayParser) bound() string {
	n := 0
	for n < len(p.s) && (input.IsDigit(p.s[n]) || p.s[n] == '-' || p.s[n] == '+') {
		n++
	}
	b := p.s[:n]
	p.s = p.s[n:]
	return b
}

// What the last token of the contents was; it decides which one may follow.
type arrayState uint8

const (
	arrayStart arrayState = iota
	arrayOpened
	arrayInElem
	arrayElemDone // after a quoted element
	arrayElemDelim
	arrayClosed
	arrayCloseDelim
)

// contents reads the braces and collects the elements. Structure is checked before any element is converted: the
// structure's error wins. It returns the length of each dimension; a first one of 0 is the empty array.
func (p *arrayParser) contents() ([]int, error) {
	var count, known [tuple.MaxArrayDims]int // elements so far, and of the first sub-array of the same depth
	depth, ndim := 0, 0
	state := arrayStart
	s := p.s
	p.all = s // from here on errors show what follows the dimensions
	for i := 0; ; {
		if i == len(s) {
			return nil, p.malformed("Unexpected end of input.")
		}
		switch c := s[i]; {
		case c == '{':
			if state != arrayStart && state != arrayOpened && state != arrayCloseDelim {
				return nil, p.malformed("Unexpected \"%c\" character.", c)
			}
			if depth == tuple.MaxArrayDims {
				return nil, tooManyDims(depth + 1)
			}
			state = arrayOpened
			count[depth] = 0
			depth++
			ndim = max(ndim, depth)
			i++
		case c == '}':
			switch {
			case state == arrayInElem, state == arrayElemDone, state == arrayClosed:
				count[depth-1]++
			case state == arrayOpened && depth == 1:
			default:
				return nil, p.malformed("Unexpected \"%c\" character.", c)
			}
			state = arrayClosed
			depth--
			if known[depth] != 0 && known[depth] != count[depth] {
				return nil, p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
			}
			known[depth] = count[depth]
			i++
			if depth == 0 {
				if input.TrimLeft(s[i:]) != "" {
					return nil, p.malformed("Junk after closing right brace.")
				}
				n := 1
				for _, k := range known[:ndim] {
					n *= k
				}
				if n != len(p.elems) {
					return nil, p.malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
				}
				return known[:ndim:ndim], nil
			}
		case c == p.delim:
			switch state {
			case arrayInElem, arrayElemDone:
				state = arrayElemDelim
			case arrayClosed:
				state = arrayCloseDelim
			default:
				return nil, p.malformed("Unexpected \"%c\" character.", c)
			}
			count[depth-1]++
			i++
		case input.IsSpace(c):
			i++
		case c == '"':
			if state != arrayOpened && state != arrayElemDelim {
				return nil, p.malformed("Unexpected array element.")
			}
			n, err := p.quoted(s[i:])
			if err != nil {
				return nil, err
			}
			i += n
			state = arrayElemDone
		default:
			if state != arrayOpened && state != arrayElemDelim {
				if c == '\\' {
					return nil, p.malformed("Unexpected \"%c\" character.", c)
				}
				return nil, p.malformed("Unexpected array element.")
			}
			n, err := p.bare(s[i:])
			if err != nil {
				return nil, err
			}
			i += n
			state = arrayInElem
		}
	}
}

// quoted reads "…" with backslash escapes and returns how many bytes it took.
func (p *arrayParser) quoted(s string) (int, error) {
	var buf []byte
	from := 1
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			text := s[from:i]
			if buf != nil {
				text = string(append(buf, text...))
			}
			p.elems = append(p.elems, arrayElem{text: text})
			return i + 1, nil
		case '\\':
			buf = append(buf, s[from:i]...)
			from = i + 1
			i++
		}
	}
	return 0, p.malformed("Unexpected end of input.")
}

// bare reads an element without quotes up to a brace or delimiter: blanks at its end do not count unless escaped.
func (p *arrayParser) bare(s string) (int, error) {
	var buf []byte
	escaped := false
	from, keep := 0, 0 // s[from:] is not copied yet; keep is how much of buf an escape protects from trimming
	i := 0
loop:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			if i+1 == len(s) {
				return 0, p.malformed("Unexpected end of input.")
			}
			buf = append(buf, s[from:i]...)
			buf = append(buf, s[i+1])
			escaped = true
			keep = len(buf)
			i++
			from = i + 1
		case c == '{' || c == '}' || c == p.delim:
			break loop
		case c == '"':
			return 0, p.malformed("Unexpected array element.")
		}
	}
	if i == len(s) {
		return 0, p.malformed("Unexpected end of input.")
	}
	if !escaped {
		text := input.TrimRight(s[:i])
		p.elems = append(p.elems, arrayElem{text: text, null: strings.EqualFold(text, "null")})
		return i, nil
	}
	buf = append(buf, s[from:i]...)
	for len(buf) > keep && input.IsSpace(buf[len(buf)-1]) {
		buf = buf[:len(buf)-1]
	}
	p.elems = append(p.elems, arrayElem{text: string(buf)})
	return i, nil
}

// arraySend: ndim, has-nulls, element OID, {length, lower bound} per dimension, then {length, bytes} per element.
func arraySend(_ *Type, dst []byte, d Datum, env *Env) []byte {
	a := tuple.Array(d.Bytes())
	nd, n := a.NumDims(), a.Len()
	dst = binary.BigEndian.AppendUint32(dst, uint32(nd))
	nulls := uint32(0)
	if a.HasNulls() {
		nulls = 1
	}
	dst = binary.BigEndian.AppendUint32(dst, nulls)
	dst = binary.BigEndian.AppendUint32(dst, a.ElemOID())
	for i := range nd {
		dst = binary.BigEndian.AppendUint32(dst, uint32(a.Dim(i).Len))
		dst = binary.BigEndian.AppendUint32(dst, uint32(a.Dim(i).Lower))
	}
	elem := env.Type(a.ElemOID())
	if elem == nil {
		elem = Lookup(Text)
	}
	for i := range n {
		dst = appendSized(dst, elem, a.Elem(i), env)
	}
	return dst
}

// appendSized appends a 4-byte length (-1 for NULL) and the value's binary form.
func appendSized(dst []byte, t *Type, v Datum, env *Env) []byte {
	if v.IsNull() {
		return append(dst, 0xff, 0xff, 0xff, 0xff)
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = t.AppendBinary(dst, v, env)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func arrayRecv(t *Type, b []byte, mod int32, env *Env) (Datum, error) {
	elem, err := env.typeOrErr(t.Elem)
	if err != nil {
		return Null, err
	}
	if !elem.Kind.Valid() {
		return Null, pgerr.Unsupported("type " + FormatType(elem.OID, -1, env))
	}
	r := binReader{b: b}
	nd, flags, oid := int(int32(r.uint32())), r.uint32(), r.uint32()
	switch {
	case r.short:
		return Null, input.Short()
	case nd < 0:
		return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid number of dimensions: %d", nd)
	case nd > tuple.MaxArrayDims:
		return Null, tooManyDims(nd)
	case flags > 1:
		return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid array flags")
	case oid != elem.OID:
		return Null, pgerr.New(pgerr.DatatypeMismatch, "binary data has array element type %d (%s) instead of expected %d (%s)",
			oid, FormatType(oid, -1, env), elem.OID, FormatType(elem.OID, -1, env))
	}
	dims := make([]tuple.ArrayDim, nd)
	n := 1
	for i := range dims {
		size, lower := int(int32(r.uint32())), int(int32(r.uint32()))
		if r.short {
			return Null, input.Short()
		}
		if size < 0 || size > 0 && n > 134217727/size {
			return Null, pgerr.New(pgerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", 134217727)
		}
		if lower+size > math.MaxInt32 {
			return Null, pgerr.New(pgerr.ProgramLimitExceeded, "array lower bound is too large: %d", lower)
		}
		n *= size
		dims[i] = tuple.ArrayDim{Len: size, Lower: lower}
	}
	if nd == 0 || n == 0 {
		return MakeArrayDims(elem, nil, nil), nil
	}
	if n > len(r.b)/4 {
		return Null, input.Short()
	}
	vals := make([]Datum, n)
	for i := range vals {
		field, null := r.sized()
		if r.short {
			return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "insufficient data left in message")
		}
		if null {
			vals[i] = Null
			if err := elem.CheckNull(env); err != nil {
				return Null, err
			}
			continue
		}
		if vals[i], err = elem.ParseBinary(field, mod, env); err != nil {
			if pgerr.Is(err, pgerr.InvalidBinaryRepresentation) && err.Error() == input.Long().Error() {
				return Null, pgerr.New(pgerr.InvalidBinaryRepresentation, "improper binary format in array element %d", i+1)
			}
			return Null, err
		}
	}
	if len(r.b) > 0 {
		return Null, input.Long()
	}
	return MakeArrayDims(elem, dims, vals), nil
}

// binReader takes big-endian words off a binary value; short is set when one was not there.
type binReader struct {
	b     []byte
	short bool
}

func (r *binReader) take(n int) []byte {
	if n > len(r.b) || n < 0 {
		r.short = true
		r.b = nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *binReader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// sized takes a length word and that many bytes; a length of -1 is NULL.
func (r *binReader) sized() (b []byte, null bool) {
	n := int32(r.uint32())
	if n == -1 && !r.short {
		return nil, true
	}
	return r.take(int(n)), false
}
