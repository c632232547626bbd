package pgwire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

// body walks a message body. The first failed read sets err; later ones return zero values.
type body struct {
	b   []byte
	err *pgerr.Error
}

func (m *body) fail(msg string) {
	if m.err == nil {
		m.err = pgerr.New(pgerr.ProtocolViolation, "%s", msg)
	}
	m.b = nil
}

func (m *body) byte() byte {
	if len(m.b) < 1 {
		m.fail("no data left in message")
		return 0
	}
	v := m.b[0]
	m.b = m.b[1:]
	return v
}

func (m *body) uint16() int {
	if len(m.b) < 2 {
		m.fail("insufficient data left in message")
		return 0
	}
	v := binary.BigEndian.Uint16(m.b)
	m.b = m.b[2:]
	return int(v)
}

func (m *body) uint32() uint32 {
	if len(m.b) < 4 {
		m.fail("insufficient data left in message")
		return 0
	}
	v := binary.BigEndian.Uint32(m.b)
	m.b = m.b[4:]
	return v
}

func (m *body) bytes(n int) []byte {
	if n < 0 || n > len(m.b) {
		m.fail("insufficient data left in message")
		return nil
	}
	v := m.b[:n:n]
	m.b = m.b[n:]
	return v
}

// string returns the bytes before the next zero.
func (m *body) string() []byte {
	i := bytes.IndexByte(m.b, 0)
	if i < 0 {
		m.fail("invalid string in message")
		return nil
	}
	v := m.b[:i:i]
	m.b = m.b[i+1:]
	return v
}

func (m *body) end() error {
	if m.err == nil && len(m.b) != 0 {
		m.fail("invalid message format")
	}
	if m.err != nil {
		return m.err
	}
	return nil
}

// formats reads a counted list of format codes into dst.
func (m *body) formats(dst []int16) []int16 {
	n := m.uint16()
	if 2*n > len(m.b) {
		m.fail("insufficient data left in message")
		return dst[:0]
	}
	dst = dst[:0]
	for i := 0; i < n; i++ {
		dst = append(dst, int16(binary.BigEndian.Uint16(m.b[2*i:])))
	}
	m.b = m.b[2*n:]
	return dst
}

// Bind is one Bind message. Its slices are reused by the next Decode; byte slices point into the message.
type Bind struct {
	Portal, Statement []byte
	ParamFormats      []int16
	Params            [][]byte // nil is NULL
	ResultFormats     []int16
}

// Decode reads the body of a Bind message.
func (b *Bind) Decode(src []byte) error {
	m := body{b: src}
	b.Portal = m.string()
	b.Statement = m.string()
	b.ParamFormats = m.formats(b.ParamFormats)
	n := m.uint16()
	b.Params = b.Params[:0]
	if m.err == nil && len(b.ParamFormats) > 1 && len(b.ParamFormats) != n {
		return pgerr.New(pgerr.ProtocolViolation, "bind message has %d parameter formats but %d parameters",
			len(b.ParamFormats), n)
	}
	for i := 0; i < n && m.err == nil; i++ {
		l := int32(m.uint32())
		if l == -1 {
			b.Params = append(b.Params, nil)
			continue
		}
		b.Params = append(b.Params, m.bytes(int(l)))
	}
	if m.err != nil && n > 0 {
		return m.err.WithWhere("%s", b.ParamContext(len(b.Params)-1))
	}
	b.ResultFormats = m.formats(b.ResultFormats)
	return m.end()
}

// ParamContext is how PostgreSQL names parameter i (from 0) in the context of an error.
func (b *Bind) ParamContext(i int) string {
	if len(b.Portal) == 0 {
		return fmt.Sprintf("unnamed portal parameter $%d", i+1)
	}
	return fmt.Sprintf("portal \"%s\" parameter $%d", b.Portal, i+1)
}

// Forget drops the references into the message.
func (b *Bind) Forget() {
	b.Portal, b.Statement = nil, nil
	clear(b.Params)
	if cap(b.Params) > 1024 {
		b.Params = nil
	}
}

// Parse is one Parse message; byte slices point into the message, ParamTypes is reused.
type Parse struct {
	Name, Query []byte
	ParamTypes  []uint32 // 0 = not given
}

// Decode reads the body of a Parse message.
func (p *Parse) Decode(src []byte) error {
	m := body{b: src}
	p.Name = m.string()
	p.Query = m.string()
	n := m.uint16()
	p.ParamTypes = p.ParamTypes[:0]
	for i := 0; i < n && m.err == nil; i++ {
		p.ParamTypes = append(p.ParamTypes, m.uint32())
	}
	return m.end()
}

// DecodeExecute reads the body of an Execute message; maxRows 0 is no limit.
func DecodeExecute(src []byte) (portal []byte, maxRows int, err error) {
	m := body{b: src}
	portal = m.string()
	n := int32(m.uint32())
	return portal, int(max(n, 0)), m.end()
}

// DecodeTarget reads the body of a Describe or Close message: kind is 'S' (statement) or 'P' (portal), which the
// caller checks, because PostgreSQL's wording differs between the two.
func DecodeTarget(src []byte) (kind byte, name []byte, err error) {
	m := body{b: src}
	kind = m.byte()
	name = m.string()
	return kind, name, m.end()
}

// DecodeString reads a body that is one zero-terminated string (Query, CopyFail).
func DecodeString(src []byte) ([]byte, error) {
	m := body{b: src}
	s := m.string()
	return s, m.end()
}

// DecodeEmpty checks that a message has no body (Sync, Flush, CopyDone, Terminate).
func DecodeEmpty(src []byte) error {
	m := body{b: src}
	return m.end()
}

// DecodeSASLInitial reads a SASLInitialResponse; data is nil when the client sent none.
func DecodeSASLInitial(src []byte) (mechanism, data []byte, err error) {
	m := body{b: src}
	mechanism = m.string()
	if n := int32(m.uint32()); n != -1 {
		data = m.bytes(int(n))
	}
	return mechanism, data, m.end()
}

// CheckUTF8 is nil for valid UTF-8 without zero bytes, which is all that text may hold, and 22021 otherwise.
func CheckUTF8(b []byte) error {
	if bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) {
		return nil
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if b[0] == 0 || r == utf8.RuneError && n == 1 {
			break
		}
		b = b[n:]
	}
	const hex = "0123456789abcdef"
	var s []byte
	for i := 0; i < min(leadLen(b[0]), len(b)); i++ {
		if i > 0 {
			s = append(s, ' ')
		}
		s = append(s, '0', 'x', hex[b[i]>>4], hex[b[i]&15])
	}
	return pgerr.New(pgerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8": %s`, s)
}

// leadLen is the length of a UTF-8 sequence as its first byte claims it.
func leadLen(c byte) int {
	switch {
	case c&0xe0 == 0xc0:
		return 2
	case c&0xf0 == 0xe0:
		return 3
	case c&0xf8 == 0xf0:
		return 4
	}
	return 1
}
