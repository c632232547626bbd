package files

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// csvSource reads delimited text.
//
// A field is quoted where it starts with the quote; in it the quote stands doubled or behind the escape character. Without multiLine a
// record ends with its line, whatever is quoted.
type csvSource struct {
	l      *lines
	o      *Options
	names  []string // of the fields; grows where a record has more
	fixed  bool     // a record of another number of fields is malformed
	cells  []cell
	fields []field
	text   []byte // of the record
}

type cell struct {
	text   []byte
	quoted bool
}

// newCSV starts a file; names are its fields where it has no header.
func newCSV(l *lines, o *Options, names []string) (*csvSource, error) {
	c := &csvSource{l: l, o: o, names: append([]string(nil), names...), fixed: len(names) > 0 || o.Header}
	for range o.SkipRows {
		if _, err := l.next(); err != nil {
			return c, atEnd(err)
		}
	}
	if !o.Header {
		return c, nil
	}
	ok, _, err := c.read()
	if err != nil || !ok {
		return c, err
	}
	seen := map[string]int{}
	c.names = c.names[:0]
	for i, f := range c.cells {
		name := strings.TrimSpace(string(f.text))
		if name == "" {
			name = "_c" + strconv.Itoa(i)
		}
		if seen[name]++; seen[name] > 1 {
			name += "_" + strconv.Itoa(seen[name])
		}
		c.names = append(c.names, name)
	}
	return c, nil
}

func (c *csvSource) close() { c.l.close() }

func (c *csvSource) columns() ([]shaped, bool) { return nil, false }

func (c *csvSource) next() (record, bool, error) {
	ok, whole, err := c.read()
	if !ok || err != nil {
		return record{}, false, err
	}
	rec := record{line: c.l.n}
	known := len(c.names)
	switch {
	case !whole:
		rec.bad, rec.malformed = string(c.text), true
		return rec, true, nil
	case c.fixed && len(c.cells) != known:
		rec.malformed = true
	}
	c.fields = c.fields[:0]
	for i := range c.cells {
		if i == len(c.names) {
			if i >= maxFields {
				return record{}, false, pgerr.New(pgerr.ProgramLimitExceeded, "a record has more than %d fields", maxFields)
			}
			c.names = append(c.names, "_c"+strconv.Itoa(i))
		}
		c.fields = append(c.fields, field{c.names[i], c.value(&c.cells[i])})
	}
	if c.fixed {
		c.names = c.names[:known]
	}
	rec.fields = c.fields
	return rec, true, nil
}

const maxFields = 20480

func (c *csvSource) value(f *cell) value {
	t := f.text
	if !f.quoted {
		if c.o.TrimLeft {
			t = bytes.TrimLeft(t, " \t")
		}
		if c.o.TrimRight {
			t = bytes.TrimRight(t, " \t")
		}
		if len(t) == 0 {
			return value{}
		}
	}
	if c.o.NullValue != "" && string(t) == c.o.NullValue {
		return value{}
	}
	if len(t) == 0 {
		return value{kind: raw, s: c.o.EmptyValue}
	}
	return value{kind: raw, s: string(t)}
}

// read cuts the next record into cells; whole is false where a quote is open at its end. Empty lines are passed over.
func (c *csvSource) read() (ok, whole bool, err error) {
	c.text = c.text[:0]
	for open := false; ; {
		line, err := c.l.next()
		if err != nil {
			return open && atEnd(err) == nil, false, atEnd(err)
		}
		if !open && (len(line) == 0 || c.o.Comment != 0 && line[0] == c.o.Comment) {
			continue
		}
		if open {
			c.text = append(c.text, '\n')
		}
		if len(c.text)+len(line) > maxRecord {
			return false, false, pgerr.New(pgerr.ProgramLimitExceeded, "a record is longer than %d bytes", maxRecord)
		}
		c.text = append(c.text, line...)
		if open = c.o.MultiLine && c.leavesOpen(open, line); open {
			continue
		}
		c.cells, whole = c.split(c.cells[:0], c.text)
		return true, whole, nil
	}
}

// leavesOpen reports whether a quote is open at the end of a line, where one was or was not at its start.
func (c *csvSource) leavesOpen(open bool, s []byte) bool {
	if c.o.Quote == 0 {
		return false
	}
	for {
		if !open && len(s) > 0 && s[0] == c.o.Quote {
			open, s = true, s[1:]
		}
		if open {
			var closed bool
			if _, s, closed = c.quoted(s); !closed {
				return true
			}
			open = false
		}
		end := bytes.Index(s, []byte(c.o.Sep))
		if end < 0 {
			return false
		}
		s = s[end+len(c.o.Sep):]
	}
}

// split cuts a record. The cells are parts of s or copies.
func (c *csvSource) split(dst []cell, s []byte) (cells []cell, whole bool) {
	sep := []byte(c.o.Sep)
	for {
		if c.o.Quote != 0 && len(s) > 0 && s[0] == c.o.Quote {
			text, rest, closed := c.quoted(s[1:])
			if end := bytes.Index(rest, sep); end >= 0 {
				dst = append(dst, cell{append(text, rest[:end]...), true})
				s = rest[end+len(sep):]
				continue
			}
			return append(dst, cell{append(text, rest...), true}), closed
		}
		end := bytes.Index(s, sep)
		if end < 0 {
			return append(dst, cell{text: s}), true
		}
		dst = append(dst, cell{text: s[:end:end]})
		s = s[end+len(sep):]
	}
}

// quoted reads up to the closing quote.
func (c *csvSource) quoted(s []byte) (text, rest []byte, closed bool) {
	q, e := c.o.Quote, c.o.Escape
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == e && e != q && e != 0 && i+1 < len(s) && (s[i+1] == q || s[i+1] == e):
			i++
			text = append(text, s[i])
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
			text = append(text, q)
		case s[i] == q:
			return text, s[i+1:], true
		default:
			text = append(text, s[i])
		}
	}
	return text, nil, false
}
