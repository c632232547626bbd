package hstore

import (
	"encoding/binary"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

// ParseText reads k=>v, k=>v: words or quoted strings with backslash escapes; a bare NULL is NULL.
// Errors are those of hstore_in, XX000 as there.
func ParseText(s string) (tuple.Value, error) {
	if err := input.CheckUTF8(s); err != nil {
		return tuple.Null, err
	}
	p := reader{s: s}
	var pairs []Pair
	for {
		key, _, err := p.word(true)
		if err != nil {
			return tuple.Null, err
		}
		if key == nil { // nothing, or nothing behind a comma
			return Make(pairs), nil
		}
		if err := p.arrow(); err != nil {
			return tuple.Null, err
		}
		val, quoted, err := p.word(false)
		if err != nil {
			return tuple.Null, err
		}
		if val == nil {
			return tuple.Null, errEnd()
		}
		pair := Pair{Key: string(key), Val: string(val)}
		if !quoted && strings.EqualFold(pair.Val, "null") {
			pair.Val, pair.Null = "", true
		}
		pairs = append(pairs, pair)
		if more, err := p.comma(); err != nil || !more {
			return Make(pairs), err
		}
	}
}

type reader struct {
	s string
	i int
}

func errEnd() error { return pgerr.Internal("Unexpected end of string") }

// errAt names the character where reading stopped.
func (r *reader) errAt() error {
	return pgerr.Internal("Syntax error near \"%s\" at position %d", r.s[r.i:r.i+input.CharOffset(r.s[r.i:], 1)], r.i)
}

// word reads one key or value; nil is the end of the text. A key ends at '=', a value at ','. quoted tells that a part of
// it stood in quotes at its start.
func (r *reader) word(key bool) (w []byte, quoted bool, err error) {
	r.i = input.Skip(r.s, r.i, input.IsSpace)
	if r.i == len(r.s) {
		return nil, false, nil
	}
	w = []byte{}
	if r.s[r.i] == '"' {
		for r.i++; r.i < len(r.s); r.i++ {
			switch c := r.s[r.i]; c {
			case '"':
				r.i++
				return w, true, nil
			case '\\':
				if r.i++; r.i == len(r.s) {
					return nil, false, errEnd()
				}
				w = append(w, r.s[r.i])
			default:
				w = append(w, c)
			}
		}
		return nil, false, errEnd()
	}
	if key && r.s[r.i] == '=' {
		return nil, false, r.errAt()
	}
	for first := true; r.i < len(r.s); r.i++ {
		switch c := r.s[r.i]; {
		case c == '\\':
			if r.i++; r.i == len(r.s) {
				return nil, false, errEnd()
			}
			w = append(w, r.s[r.i])
		case input.IsSpace(c) || key && c == '=' || !key && c == ',' && !first:
			return w, false, nil
		default:
			w = append(w, c)
		}
		first = false
	}
	return w, false, nil
}

// arrow reads =>.
func (r *reader) arrow() error {
	r.i = input.Skip(r.s, r.i, input.IsSpace)
	for _, c := range []byte("=>") {
		switch {
		case r.i == len(r.s):
			return errEnd()
		case r.s[r.i] != c:
			return r.errAt()
		}
		r.i++
	}
	return nil
}

// comma reports whether one follows; nothing else may.
func (r *reader) comma() (bool, error) {
	r.i = input.Skip(r.s, r.i, input.IsSpace)
	switch {
	case r.i == len(r.s):
		return false, nil
	case r.s[r.i] != ',':
		return false, r.errAt()
	}
	r.i++
	return true, nil
}

// AppendText prints a map: "k"=>"v", "k"=>NULL.
func AppendText(dst []byte, d tuple.Value) []byte {
	v := Of(d)
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		p := v.Pair(i)
		dst = append(quote(dst, p.Key), "=>"...)
		if p.Null {
			dst = append(dst, "NULL"...)
		} else {
			dst = quote(dst, p.Val)
		}
	}
	return dst
}

func quote(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

// maxPairs is PostgreSQL's limit, 1 GB of its pairs.
const maxPairs = 0x3fffffff / 40

func errPairs(n int) error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "number of pairs (%d) exceeds the maximum allowed (%d)", n, maxPairs)
}

func ErrNullKey() error {
	return pgerr.New(pgerr.NullValueNotAllowed, "null value not allowed for hstore key")
}

// AppendBinary is hstore_send: the number of pairs, then key and value with their lengths, -1 for NULL.
func AppendBinary(dst []byte, d tuple.Value) []byte {
	v := Of(d)
	dst = binary.BigEndian.AppendUint32(dst, uint32(v.Len()))
	for i := range v.Len() {
		p := v.Pair(i)
		dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(p.Key))), p.Key...)
		if p.Null {
			dst = binary.BigEndian.AppendUint32(dst, ^uint32(0))
			continue
		}
		dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(p.Val))), p.Val...)
	}
	return dst
}

// ParseBinary is hstore_recv.
func ParseBinary(b []byte) (tuple.Value, error) {
	if len(b) < 4 {
		return tuple.Null, input.Short()
	}
	n := int(int32(binary.BigEndian.Uint32(b)))
	b = b[4:]
	if n < 0 || n > maxPairs {
		return tuple.Null, errPairs(n)
	}
	pairs := make([]Pair, 0, min(n, len(b)/8))
	for range n {
		key, null, rest, err := sized(b)
		if err != nil {
			return tuple.Null, err
		}
		if null {
			return tuple.Null, ErrNullKey()
		}
		p := Pair{Key: key}
		if p.Val, p.Null, b, err = sized(rest); err != nil {
			return tuple.Null, err
		}
		pairs = append(pairs, p)
	}
	if len(b) > 0 {
		return tuple.Null, input.Long()
	}
	return Make(pairs), nil
}

// sized takes a length word and a text of that many bytes; a negative length is NULL.
func sized(b []byte) (s string, null bool, rest []byte, err error) {
	if len(b) < 4 {
		return "", false, nil, input.Short()
	}
	n := int(int32(binary.BigEndian.Uint32(b)))
	b = b[4:]
	if n < 0 {
		return "", true, b, nil
	}
	if n > len(b) {
		return "", false, nil, input.Short()
	}
	s = string(b[:n])
	return s, false, b[n:], input.CheckUTF8(s)
}
