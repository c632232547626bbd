package tsearch

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Limits of PostgreSQL's formats (ts_type.h).
const (
	MaxWord      = 1<<11 - 1 // bytes of a lexeme
	MaxText      = 1<<20 - 1 // bytes of all lexemes and positions
	MaxPositions = 256       // of one lexeme
	MaxPosition  = 1<<14 - 1
)

// Pos is a place in a document with its weight, 3 for A down to 0 for D.
type Pos struct {
	At     uint16
	Weight uint8
}

// Lexeme is one entry of a tsvector. Positions are in order, each once.
type Lexeme struct {
	Word string
	Pos  []Pos
}

// Vector is a tsvector: lexemes in byte order, each once.
type Vector []Lexeme

// Of unpacks a tsvector. Words refer to the packed bytes.
func Of(s string) Vector {
	v := make(Vector, be32(s[4:]))
	s = s[8:]
	for i := range v {
		has := s[0] == 0
		n := strings.IndexByte(s[1:], 0)
		v[i].Word = s[1 : 1+n]
		s = s[n+2:]
		if !has {
			continue
		}
		ps := make([]Pos, ^be16(s))
		s = s[2:]
		for j := range ps {
			p := ^be16(s[2*j:])
			ps[j] = Pos{At: p >> 2, Weight: uint8(p & 3)}
		}
		v[i].Pos = ps
		s = s[2*len(ps):]
	}
	return v
}

func be16(s string) uint16 { return uint16(s[0])<<8 | uint16(s[1]) }
func be32(s string) uint32 { return uint32(be16(s))<<16 | uint32(be16(s[2:])) }

// Pack packs a tsvector; 54000 if it is too long.
func (v Vector) Pack() ([]byte, error) {
	text := v.textSize()
	if text > MaxText {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "string is too long for tsvector (%d bytes, max %d bytes)", text, MaxText)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 8+len(v)*4+text), uint32(8+4*len(v)+text))
	b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
	for _, l := range v {
		if len(l.Pos) == 0 {
			b = append(append(append(b, 1), l.Word...), 0)
			continue
		}
		b = append(append(append(b, 0), l.Word...), 0)
		b = binary.BigEndian.AppendUint16(b, ^uint16(len(l.Pos)))
		for _, p := range l.Pos {
			b = binary.BigEndian.AppendUint16(b, ^(p.At<<2 | uint16(p.Weight)))
		}
	}
	return b, nil
}

// textSize is the space that PostgreSQL takes for words and positions.
func (v Vector) textSize() int {
	n := 0
	for _, l := range v {
		n += len(l.Word)
		if len(l.Pos) > 0 {
			n += n&1 + 2 + 2*len(l.Pos)
		}
	}
	return n
}

// Normalize sorts lexemes and joins those with the same word, and sorts each one's positions: of several with the same
// place the highest weight stays, of too many the first.
func (v Vector) Normalize() Vector {
	slices.SortStableFunc(v, func(a, b Lexeme) int { return strings.Compare(a.Word, b.Word) })
	out := v[:0]
	for _, l := range v {
		if n := len(out); n > 0 && out[n-1].Word == l.Word {
			out[n-1].Pos = append(out[n-1].Pos[:len(out[n-1].Pos):len(out[n-1].Pos)], l.Pos...)
			continue
		}
		out = append(out, l)
	}
	for i := range out {
		out[i].Pos = SortPositions(out[i].Pos)
	}
	return out
}

// SortPositions is Normalize for one lexeme's positions. It changes the slice that it is given.
func SortPositions(ps []Pos) []Pos {
	if len(ps) <= 1 {
		return ps
	}
	slices.SortStableFunc(ps, func(a, b Pos) int { return int(a.At) - int(b.At) })
	out := ps[:1]
	for _, p := range ps[1:] {
		last := &out[len(out)-1]
		if p.At == last.At {
			last.Weight = max(last.Weight, p.Weight)
			continue
		}
		out = append(out, p)
		if len(out) >= MaxPositions || p.At == MaxPosition {
			break
		}
	}
	return out
}

// Find is the index of a word, or where it would stand.
func (v Vector) Find(word string) (int, bool) {
	return slices.BinarySearchFunc(v, word, func(l Lexeme, w string) int { return strings.Compare(l.Word, w) })
}

// AppendText prints a tsvector.
func (v Vector) AppendText(dst []byte) []byte {
	for i, l := range v {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = appendWord(dst, l.Word)
		for j, p := range l.Pos {
			dst = append(dst, ":,"[min(j, 1)])
			dst = strconv.AppendUint(dst, uint64(p.At), 10)
			if p.Weight > 0 {
				dst = append(dst, 'D'-p.Weight)
			}
		}
	}
	return dst
}

// appendWord quotes a word, with quotes and backslashes doubled.
func appendWord(dst []byte, w string) []byte {
	dst = append(dst, '\'')
	for i := range len(w) {
		if w[i] == '\'' || w[i] == '\\' {
			dst = append(dst, w[i])
		}
		dst = append(dst, w[i])
	}
	return append(dst, '\'')
}

// ParseVector reads what tsvectorin reads.
func ParseVector(s string) (Vector, error) {
	sc := scanner{all: s, s: s}
	var v Vector
	size := 0
	for {
		word, pos, ok, err := sc.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return v.Normalize(), nil
		}
		if len(word) >= MaxWord {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "word is too long (%d bytes, max %d bytes)", len(word), MaxWord-1)
		}
		if size > MaxText {
			return nil, pgerr.New(pgerr.ProgramLimitExceeded, "string is too long for tsvector (%d bytes, max %d bytes)", size, MaxText)
		}
		size += len(word)
		v = append(v, Lexeme{Word: word, Pos: pos})
	}
}

// AppendBinary writes what tsvectorsend sends: number of lexemes, then each word, a zero byte, the number of positions
// and these with the weight in the two highest bits.
func (v Vector) AppendBinary(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
	for _, l := range v {
		dst = append(append(dst, l.Word...), 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(l.Pos)))
		for _, p := range l.Pos {
			dst = binary.BigEndian.AppendUint16(dst, uint16(p.Weight)<<14|p.At)
		}
	}
	return dst
}

func internal(format string, args ...any) error {
	return pgerr.New(pgerr.InternalError, format, args...)
}

// reader takes fields off a binary value; short is set when one was not there.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return make([]byte, n)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) word() string {
	n := bytes.IndexByte(r.b, 0)
	if n < 0 {
		r.short, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n+1:]
	return s
}

func (r *reader) uint16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }

func (r *reader) done() error {
	switch {
	case r.short:
		return pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
	case len(r.b) > 0:
		return pgerr.New(pgerr.InvalidBinaryRepresentation, "incorrect binary data format")
	}
	return nil
}

// ParseVectorBinary reads what tsvectorrecv reads. valid tests a word's encoding.
func ParseVectorBinary(b []byte, valid func(string) error) (Vector, error) {
	r := &reader{b: b}
	n := int(int32(r.uint32()))
	if n < 0 || n > (1<<30-1)/4 {
		return nil, internal("invalid size of tsvector")
	}
	var v Vector
	size := 0
	for range n {
		l := Lexeme{Word: r.word()}
		positions := int(r.uint16())
		if r.short {
			return nil, r.done()
		}
		if err := valid(l.Word); err != nil {
			return nil, err
		}
		switch {
		case len(l.Word) > MaxWord:
			return nil, internal("invalid tsvector: lexeme too long")
		case size > MaxText:
			return nil, internal("invalid tsvector: maximum total lexeme length exceeded")
		case positions > MaxPositions:
			return nil, internal("unexpected number of tsvector positions")
		}
		for range positions {
			p := r.uint16()
			at := p & MaxPosition
			if k := len(l.Pos); k > 0 && at <= l.Pos[k-1].At {
				return nil, internal("position information is misordered")
			}
			l.Pos = append(l.Pos, Pos{At: at, Weight: uint8(p >> 14)})
		}
		size += len(l.Word) + 2 + 2*positions
		v = append(v, l)
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	if !slices.IsSortedFunc(v, func(a, b Lexeme) int { return strings.Compare(a.Word, b.Word) }) {
		slices.SortFunc(v, func(a, b Lexeme) int { return strings.Compare(a.Word, b.Word) })
	}
	return v, nil
}
