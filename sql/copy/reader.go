package copy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
	"unsafe"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Column is a column of the COPY.
type Column struct {
	Name    string
	Type    *types.Type
	TypeMod int32
}

// Source gives chunks of the data, cut anywhere; io.EOF at the end. A chunk is valid until the next call.
type Source interface{ Next() ([]byte, error) }

// Reader turns COPY data into rows.
type Reader struct {
	opts Options
	cols []Column
	env  *types.Env
	src  Source
	// Relation names the table in error contexts.
	Relation string

	buf     []byte // unread input from at on
	at      int
	eof     bool
	line    int // of the row that was read last, from 1
	header  bool
	ended   bool // \. or the binary trailer
	notNull []bool
	null    []bool

	field  []byte // unescaped text of the row's fields
	ends   []int  // where each field ends in field
	isNull []bool
	raw    []byte // the line being read, for error contexts
	column string // being converted
	value  []byte
}

// NewReader starts reading. FORCE lists must name columns (42703 otherwise).
func NewReader(src Source, o Options, cols []Column, env *types.Env) (*Reader, error) {
	r := &Reader{opts: o, cols: cols, env: env, src: src, header: o.Header}
	var err error
	if r.notNull, err = mark(cols, o.ForceNotNull, "FORCE_NOT_NULL"); err != nil {
		return nil, err
	}
	if r.null, err = mark(cols, o.ForceNull, "FORCE_NULL"); err != nil {
		return nil, err
	}
	return r, nil
}

func mark(cols []Column, names []string, option string) ([]bool, error) {
	out := make([]bool, len(cols))
	for _, n := range names {
		found := false
		for i, c := range cols {
			if c.Name == n {
				out[i], found = true, true
			}
		}
		if !found {
			return nil, pgerr.New(pgerr.InvalidColumnReference, "%s column \"%s\" not referenced by COPY", option, n)
		}
	}
	return out, nil
}

// Next reads a row into dst, which has a place for each column; ok is false at the end. Values are valid until the next
// call. Errors: 22P04 for data that is not of the format, those of the types' input functions.
func (r *Reader) Next(dst []types.Datum) (ok bool, err error) {
	if r.opts.Format == Binary {
		ok, err = r.binaryRow(dst)
	} else {
		ok, err = r.textRow(dst)
	}
	if err != nil {
		return false, r.context(err)
	}
	return ok, nil
}

// context adds where in the input an error is.
func (r *Reader) context(err error) error {
	var pe *pgerr.Error
	if !errors.As(err, &pe) {
		return err
	}
	e := *pe
	if e.Where == "" {
		e.Where = fmt.Sprintf("COPY %s, line %d", r.Relation, r.line)
		if r.column != "" {
			e.Where += fmt.Sprintf(", column %s: \"%s\"", r.column, limit(r.value))
		} else if r.opts.Format != Binary && len(r.raw) > 0 {
			e.Where += fmt.Sprintf(": \"%s\"", limit(r.raw))
		}
	}
	return &e
}

func limit(s []byte) []byte {
	const most = 100
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return append(s[:cut:cut], "..."...)
}

// fill reads more input; false at its end.
func (r *Reader) fill() (bool, error) {
	if r.eof {
		return false, nil
	}
	chunk, err := r.src.Next()
	if err == io.EOF {
		r.eof = true
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.at > 0 {
		r.buf = append(r.buf[:0], r.buf[r.at:]...)
		r.at = 0
	}
	r.buf = append(r.buf, chunk...)
	return true, nil
}

func badFormat(format string, args ...any) error {
	return pgerr.New(pgerr.BadCopyFileFormat, format, args...)
}

func (r *Reader) textRow(dst []types.Datum) (bool, error) {
	if r.ended {
		return false, nil
	}
	r.column, r.raw = "", nil
	for {
		r.line++
		raw, ok, err := r.rawLine()
		if err != nil || !ok {
			return false, err
		}
		r.raw = raw
		if r.opts.Format == Text && string(raw) == `\.` || r.opts.Format == CSV && string(raw) == `\.` {
			r.ended = true
			return false, nil
		}
		if r.header {
			r.header = false
			if r.opts.HeaderMatch {
				if err := r.checkHeader(raw); err != nil {
					return false, err
				}
			}
			continue
		}
		if !utf8.Valid(raw) {
			return false, pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
		}
		if len(r.cols) == 0 && len(raw) == 0 {
			return true, nil
		}
		if err := r.split(raw); err != nil {
			return false, err
		}
		if len(r.ends) > len(r.cols) {
			return false, badFormat("extra data after last expected column")
		}
		// What is there is converted before what is missing is missed, as PostgreSQL does.
		if err := r.convert(dst); err != nil {
			return false, err
		}
		if n := len(r.ends); n < len(r.cols) {
			return false, badFormat("missing data for column \"%s\"", r.cols[n].Name)
		}
		return true, nil
	}
}

func (r *Reader) checkHeader(raw []byte) error {
	if err := r.split(raw); err != nil {
		return err
	}
	if len(r.ends) != len(r.cols) {
		return badFormat("wrong number of fields in header line: got %d, expected %d", len(r.ends), len(r.cols))
	}
	at := 0
	for i, end := range r.ends {
		if r.isNull[i] {
			return badFormat("column name mismatch in header line field %d: got null value (\"%s\"), expected \"%s\"", i+1, r.opts.Null, r.cols[i].Name)
		}
		if got := string(r.field[at:end]); got != r.cols[i].Name {
			return badFormat("column name mismatch in header line field %d: got \"%s\", expected \"%s\"", i+1, got, r.cols[i].Name)
		}
		at = end
	}
	return nil
}

func (r *Reader) convert(dst []types.Datum) error {
	at := 0
	for i, end := range r.ends {
		text := r.field[at:end]
		at = end
		c := &r.cols[i]
		if r.isNull[i] {
			dst[i] = types.Null
			if err := c.Type.CheckNull(r.env); err != nil {
				r.column, r.value = c.Name, nil
				return err
			}
			continue
		}
		v, err := c.Type.ParseText(r.text(c, text), c.TypeMod, r.env)
		if err != nil {
			r.column, r.value = c.Name, text
			return err
		}
		dst[i] = v
	}
	return nil
}

// text is a field as a string. Input functions that keep nothing of their argument get the buffer itself, which the value may
// then refer to: it is valid until the next row.
func (r *Reader) text(c *Column, b []byte) string {
	switch c.Type.OID {
	case types.Int2, types.Int4, types.Int8, types.Float4, types.Float8, types.Text, types.Varchar, types.BPChar:
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	return string(b)
}

// rawLine returns the next line without its end. In CSV a quoted field may hold line ends.
func (r *Reader) rawLine() (line []byte, ok bool, err error) {
	scan, quoted := 0, false
	for {
		data := r.buf[r.at:]
		for scan < len(data) {
			if r.opts.Format == CSV {
				i := bytes.IndexAny(data[scan:], "\r\n"+string(rune(r.opts.Quote)))
				if i < 0 {
					scan = len(data)
					break
				}
				scan += i
				if data[scan] == r.opts.Quote {
					if !quoted || r.opts.Escape == r.opts.Quote || scan == 0 || data[scan-1] != r.opts.Escape || escapedEscape(data[:scan], r.opts.Escape) {
						quoted = !quoted
					}
					scan++
					continue
				}
				if quoted {
					if data[scan] == '\n' {
						r.line++
					}
					scan++
					continue
				}
			} else {
				i := lineEnd(data[scan:])
				if i < 0 {
					scan = len(data)
					break
				}
				scan += i
				if escapedEscape2(data[:scan]) { // a backslash keeps the line end
					scan++
					continue
				}
			}
			if data[scan] == '\r' && scan+1 == len(data) && !r.eof {
				break // the \n may be in the next chunk
			}
			n := scan + 1
			if data[scan] == '\r' && n < len(data) && data[n] == '\n' {
				n++
			}
			r.at += n
			return data[:scan], true, nil
		}
		more, err := r.fill()
		if err != nil {
			return nil, false, err
		}
		if !more {
			if quoted {
				return nil, false, badFormat("unterminated CSV quoted field")
			}
			data = r.buf[r.at:]
			if len(data) == 0 {
				return nil, false, nil
			}
			if scan < len(data) {
				continue // a lone \r at the very end
			}
			r.at = len(r.buf)
			return data, true, nil
		}
	}
}

// lineEnd is where the first \r or \n stands, or -1.
func lineEnd(b []byte) int {
	n := bytes.IndexByte(b, '\n')
	if n >= 0 {
		b = b[:n]
	}
	if r := bytes.IndexByte(b, '\r'); r >= 0 {
		return r
	}
	return n
}

// escapedEscape reports that the escape character before the quote is itself escaped.
func escapedEscape(data []byte, esc byte) bool {
	n := 0
	for i := len(data) - 1; i >= 0 && data[i] == esc; i-- {
		n++
	}
	return n%2 == 0
}

// escapedEscape2 reports that an odd number of backslashes stands before the line end.
func escapedEscape2(data []byte) bool {
	n := 0
	for i := len(data) - 1; i >= 0 && data[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

// split cuts a line into fields, unescaped.
func (r *Reader) split(raw []byte) error {
	r.field, r.ends, r.isNull = r.field[:0], r.ends[:0], r.isNull[:0]
	if r.opts.Format == CSV {
		return r.splitCSV(raw)
	}
	plain := bytes.IndexByte(raw, '\\') < 0
	for {
		i := r.fieldEnd(raw, plain)
		r.isNull = append(r.isNull, string(raw[:i]) == r.opts.Null)
		if plain {
			r.field = append(r.field, raw[:i]...)
		} else {
			r.field = unescape(r.field, raw[:i])
		}
		r.ends = append(r.ends, len(r.field))
		if i >= len(raw) {
			return nil
		}
		raw = raw[i+1:]
	}
}

// fieldEnd is where the first field of a line ends; plain: the line has no backslash.
func (r *Reader) fieldEnd(raw []byte, plain bool) int {
	if plain {
		if i := bytes.IndexByte(raw, r.opts.Delimiter); i >= 0 {
			return i
		}
		return len(raw)
	}
	i := 0
	for i < len(raw) && raw[i] != r.opts.Delimiter {
		if raw[i] == '\\' {
			i++
		}
		i++
	}
	return min(i, len(raw))
}

func unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == 'b':
			dst = append(dst, '\b')
		case c == 'f':
			dst = append(dst, '\f')
		case c == 'n':
			dst = append(dst, '\n')
		case c == 'r':
			dst = append(dst, '\r')
		case c == 't':
			dst = append(dst, '\t')
		case c == 'v':
			dst = append(dst, '\v')
		case c >= '0' && c <= '7':
			v := 0
			n := 0
			for n < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7' {
				v = v*8 + int(s[i]-'0')
				i++
				n++
			}
			i--
			dst = append(dst, byte(v))
		case c == 'x' && i+1 < len(s) && hex(s[i+1]) >= 0:
			v := 0
			n := 0
			for n < 2 && i+1 < len(s) && hex(s[i+1]) >= 0 {
				v = v*16 + hex(s[i+1])
				i++
				n++
			}
			dst = append(dst, byte(v))
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func (r *Reader) splitCSV(raw []byte) error {
	q, esc := r.opts.Quote, r.opts.Escape
	i := 0
	for {
		start, quoted, in := len(r.field), false, false
		for ; i < len(raw); i++ {
			c := raw[i]
			switch {
			case in && c == esc && i+1 < len(raw) && (raw[i+1] == q || raw[i+1] == esc):
				i++
				r.field = append(r.field, raw[i])
			case c == q:
				in, quoted = !in, true
			case !in && c == r.opts.Delimiter:
				goto end
			default:
				r.field = append(r.field, c)
			}
		}
		if in {
			return badFormat("unterminated CSV quoted field")
		}
	end:
		n := len(r.ends)
		null := string(r.field[start:]) == r.opts.Null
		if n < len(r.cols) {
			null = null && (!quoted && !r.notNull[n] || quoted && r.null[n])
		} else {
			null = null && !quoted
		}
		r.isNull = append(r.isNull, null)
		r.ends = append(r.ends, len(r.field))
		if i >= len(raw) {
			return nil
		}
		i++
	}
}

var signature = []byte("PGCOPY\n\xff\r\n\x00")

// need makes n bytes available; false at the end of the input.
func (r *Reader) need(n int) (bool, error) {
	for len(r.buf)-r.at < n {
		more, err := r.fill()
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

func (r *Reader) take(n int) ([]byte, error) {
	ok, err := r.need(n)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, badFormat("unexpected EOF in COPY data")
	}
	b := r.buf[r.at : r.at+n]
	r.at += n
	return b, nil
}

func (r *Reader) binaryHeader() error {
	b, err := r.take(len(signature))
	if err != nil || !bytes.Equal(b, signature) {
		return badFormat("COPY file signature not recognized")
	}
	if b, err = r.take(8); err != nil {
		return badFormat("invalid COPY file header (missing flags)")
	}
	flags, ext := binary.BigEndian.Uint32(b), int32(binary.BigEndian.Uint32(b[4:]))
	if flags&^(1<<16) != 0 && flags>>16 != 0 {
		return badFormat("unrecognized critical flags in COPY file header")
	}
	if ext < 0 {
		return badFormat("invalid COPY file header (missing length)")
	}
	_, err = r.take(int(ext))
	return err
}

func (r *Reader) binaryRow(dst []types.Datum) (bool, error) {
	if r.ended {
		return false, nil
	}
	if r.line == 0 {
		if err := r.binaryHeader(); err != nil {
			return false, err
		}
	}
	r.line++
	ok, err := r.need(2)
	if err != nil {
		return false, err
	}
	if !ok {
		r.ended = true // PostgreSQL takes the end of the data for a missing trailer
		return false, nil
	}
	b, _ := r.take(2)
	n := int16(binary.BigEndian.Uint16(b))
	if n == -1 {
		r.ended = true
		if more, err := r.need(1); err != nil || more {
			if err == nil {
				err = badFormat("received copy data after EOF marker")
			}
			return false, err
		}
		return false, nil
	}
	if int(n) != len(r.cols) {
		return false, badFormat("row field count is %d, expected %d", n, len(r.cols))
	}
	// The whole row is brought in first: values refer to the buffer.
	at := 0
	for range r.cols {
		if ok, err := r.need(at + 4); err != nil || !ok {
			return false, eofOr(err)
		}
		size := int32(binary.BigEndian.Uint32(r.buf[r.at+at:]))
		if size < -1 {
			return false, badFormat("invalid field size")
		}
		at += 4 + max(int(size), 0)
		if ok, err := r.need(at); err != nil || !ok {
			return false, eofOr(err)
		}
	}
	for i := range r.cols {
		b, _ := r.take(4)
		size := int32(binary.BigEndian.Uint32(b))
		c := &r.cols[i]
		if size < 0 {
			dst[i] = types.Null
			if err := c.Type.CheckNull(r.env); err != nil {
				r.column = c.Name
				return false, err
			}
			continue
		}
		raw, _ := r.take(int(size))
		if dst[i], err = c.Type.ParseBinary(raw, c.TypeMod, r.env); err != nil {
			r.column = c.Name
			return false, err
		}
	}
	r.column = ""
	return true, nil
}

func eofOr(err error) error {
	if err != nil {
		return err
	}
	return badFormat("unexpected EOF in COPY data")
}

// RowError adds the row's place in the input to an error that the row met in the table.
func (r *Reader) RowError(err error) error {
	r.column = ""
	return r.context(err)
}
