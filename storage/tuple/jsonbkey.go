package tuple

import (
	"encoding/binary"
	"errors"
	"strconv"
	"unicode/utf8"
)

// The key of a jsonb follows compareJsonbContainers: by type (null < string < number < boolean < array < object),
// containers then by their number of members, then member by member (an object's as key, value, …, in stored order).
// On top level a scalar counts as an array of one that sorts just before real arrays of one; so the empty array sorts
// before all scalars, as it does in PostgreSQL.
//
//	null    1                         array   5, count u32, members
//	string  2, escaped bytes          object  6, count u32, {escaped key, member}…
//	number  3, keyNumeric             top-level scalar or array: 5, count u32, 0 scalar / 1 array, members
//	bool    4, 0 or 1
const (
	jsonNull = iota + 1
	jsonString
	jsonNumber
	jsonBool
	jsonArray
	jsonObject
)

// errJSONText is what a damaged jsonb text gives inside this package.
var errJSONText = errors.New("tuple: jsonb text is not valid")

// keyJSONB appends the inner key form of a canonical jsonb text. It panics on text that is not JSON: a jsonb value is
// checked when it is made.
func keyJSONB(dst, text []byte) []byte {
	p := jsonKeys{text: text}
	p.blanks()
	c := p.peek()
	switch c {
	case '{':
		return p.member(dst, 0)
	case '[':
		return p.array(dst, true, 0)
	}
	dst = append(dst, jsonArray)
	dst = binary.BigEndian.AppendUint32(dst, 1)
	return p.member(append(dst, 0), 0)
}

// jsonKeys reads one JSON text and writes its key form.
type jsonKeys struct {
	text []byte
	pos  int
}

func (p *jsonKeys) peek() byte {
	if p.pos >= len(p.text) {
		panic(errJSONText)
	}
	return p.text[p.pos]
}

func (p *jsonKeys) blanks() {
	for p.pos < len(p.text) && (p.text[p.pos] == ' ' || p.text[p.pos] == '\n' || p.text[p.pos] == '\t' || p.text[p.pos] == '\r') {
		p.pos++
	}
}

func (p *jsonKeys) member(dst []byte, depth int) []byte {
	p.blanks()
	switch c := p.peek(); {
	case c == '{':
		return p.object(dst, depth)
	case c == '[':
		return p.array(dst, false, depth)
	case c == '"':
		return p.str(append(dst, jsonString))
	case c == 't':
		p.pos += len("true")
		return append(dst, jsonBool, 1)
	case c == 'f':
		p.pos += len("false")
		return append(dst, jsonBool, 0)
	case c == 'n':
		p.pos += len("null")
		return append(dst, jsonNull)
	}
	return p.number(append(dst, jsonNumber))
}

func (p *jsonKeys) number(dst []byte) []byte {
	start := p.pos
	for p.pos < len(p.text) && isNumberByte(p.text[p.pos]) {
		p.pos++
	}
	var buf [64]byte
	n, err := AppendNumericText(buf[:0], string(p.text[start:p.pos]))
	if err != nil {
		panic(errJSONText)
	}
	return keyNumeric(dst, Numeric(n))
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// array writes '[' … ']'; the count is known only at the end and patched in.
func (p *jsonKeys) array(dst []byte, top bool, depth int) []byte {
	dst = append(dst, jsonArray)
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if top {
		dst = append(dst, 1)
	}
	return p.members(dst, at, ']', depth, func(dst []byte) []byte { return p.member(dst, depth+1) })
}

func (p *jsonKeys) object(dst []byte, depth int) []byte {
	dst = append(dst, jsonObject)
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	return p.members(dst, at, '}', depth, func(dst []byte) []byte {
		dst = p.str(dst)
		p.blanks()
		p.pos++ // ':'
		return p.member(dst, depth+1)
	})
}

func (p *jsonKeys) members(dst []byte, countAt int, end byte, depth int, one func([]byte) []byte) []byte {
	if depth > 10000 {
		panic(errJSONText)
	}
	p.pos++
	count := uint32(0)
	for {
		p.blanks()
		switch c := p.peek(); c {
		case end:
			p.pos++
			binary.BigEndian.PutUint32(dst[countAt:], count)
			return dst
		case ',':
			p.pos++
			p.blanks()
		}
		dst = one(dst)
		count++
	}
}

// str writes the string at the current position, its escapes resolved, in escaped form.
func (p *jsonKeys) str(dst []byte) []byte {
	if p.peek() != '"' {
		panic(errJSONText)
	}
	p.pos++
	start := p.pos
	for p.peek() != '"' && p.text[p.pos] != '\\' {
		p.pos++
	}
	if p.text[p.pos] == '"' {
		p.pos++
		return appendEscaped(dst, p.text[start:p.pos-1])
	}
	buf := append([]byte(nil), p.text[start:p.pos]...)
	for {
		c := p.peek()
		p.pos++
		switch c {
		case '"':
			return appendEscaped(dst, buf)
		case '\\':
			buf = p.escape(buf)
		default:
			buf = append(buf, c)
		}
	}
}

func (p *jsonKeys) escape(buf []byte) []byte {
	c := p.peek()
	p.pos++
	switch c {
	case 'b':
		return append(buf, '\b')
	case 'f':
		return append(buf, '\f')
	case 'n':
		return append(buf, '\n')
	case 'r':
		return append(buf, '\r')
	case 't':
		return append(buf, '\t')
	case 'u':
		r := p.hex4()
		if r >= 0xd800 && r < 0xdc00 && p.pos+6 <= len(p.text) && p.text[p.pos] == '\\' {
			p.pos += 2
			r = 0x10000 + (r-0xd800)<<10 + (p.hex4() - 0xdc00)
		}
		return utf8.AppendRune(buf, r)
	}
	return append(buf, c)
}

func (p *jsonKeys) hex4() rune {
	if p.pos+4 > len(p.text) {
		panic(errJSONText)
	}
	u, err := strconv.ParseUint(string(p.text[p.pos:p.pos+4]), 16, 32)
	if err != nil {
		panic(errJSONText)
	}
	p.pos += 4
	return rune(u)
}
