package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/jsondoc"
)

// jsonLines reads a JSON object per line; of an array in a line each element is a record.
type jsonLines struct {
	l      *lines
	o      *Options
	fields []field
	rest   []byte // elements of an array that are still to come
}

func (j *jsonLines) columns() ([]shaped, bool) { return nil, false }

func (j *jsonLines) close() {
	if j.l != nil {
		j.l.close()
	}
}

func (j *jsonLines) next() (record, bool, error) {
	for {
		if len(j.rest) > 0 {
			return j.element()
		}
		line, err := j.l.next()
		if err != nil {
			return record{}, false, atEnd(err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		rec := record{line: j.l.n}
		if !json.Valid(line) || line[0] != '{' && line[0] != '[' {
			rec.malformed, rec.bad = true, string(line)
			return rec, true, nil
		}
		if line[0] == '[' {
			j.rest = elements(append([]byte(nil), line...))
			continue
		}
		rec.fields = j.object(line)
		return rec, true, nil
	}
}

// elements is what stands between the brackets of an array; nothing for an empty one.
func elements(array []byte) []byte { return bytes.TrimSpace(array[1 : len(array)-1]) }

// element takes the next element of an array.
func (j *jsonLines) element() (record, bool, error) {
	end := valueEnd(j.rest)
	one := bytes.TrimSpace(j.rest[:end])
	j.rest = bytes.TrimSpace(j.rest[end:])
	if len(j.rest) > 0 {
		j.rest = bytes.TrimSpace(j.rest[1:]) // the comma
	}
	rec := record{}
	if j.l != nil {
		rec.line = j.l.n
	}
	if one[0] != '{' {
		rec.malformed, rec.bad = true, string(one)
		return rec, true, nil
	}
	rec.fields = j.object(one)
	return rec, true, nil
}

// newWholeJSON reads a file that is one object or an array of them.
func newWholeJSON(l *lines, o *Options) (*jsonLines, error) {
	b, err := readAll(l)
	l.close()
	if err != nil {
		return nil, err
	}
	b = bytes.TrimSpace(b)
	j := &jsonLines{l: l, o: o}
	switch {
	case len(b) == 0:
	case !json.Valid(b):
		e := pgerr.New(pgerr.BadCopyFileFormat, "a file that is to be one JSON value is not")
		var why *pgerr.Error
		if _, err := jsondoc.Parse(string(b), false); errors.As(err, &why) {
			e = e.WithDetail("%s", why.Detail)
		}
		return nil, e
	case b[0] == '[':
		j.rest = elements(b)
	default:
		j.rest = b
	}
	l.r.Reset(bytes.NewReader(nil))
	return j, nil
}

// object gives the members of a valid object, the last of those with the same name.
func (j *jsonLines) object(b []byte) []field {
	j.fields = j.fields[:0]
	b = bytes.TrimSpace(b[1:])
	for len(b) > 0 && b[0] == '"' {
		end := valueEnd(b)
		name := unquoteJSON(b[:end])
		b = bytes.TrimSpace(b[end:])
		b = bytes.TrimSpace(b[1:]) // the colon
		end = valueEnd(b)
		v := j.member(b[:end])
		b = bytes.TrimSpace(b[end:])
		b = bytes.TrimSpace(b[1:]) // the comma or the brace
		again := false
		for i := range j.fields {
			if j.fields[i].name == name {
				j.fields[i].value, again = v, true
			}
		}
		if !again {
			j.fields = append(j.fields, field{name, v})
		}
	}
	return j.fields
}

func (j *jsonLines) member(b []byte) value {
	switch b[0] {
	case 'n':
		return value{}
	case 't', 'f':
		if !j.o.PrimitivesAsString {
			return value{kind: boolean_, i: bit(b[0] == 't')}
		}
	case '"':
		return value{kind: str, s: unquoteJSON(b)}
	case '{', '[':
		return value{kind: document, s: string(b)}
	default:
		if !j.o.PrimitivesAsString {
			return numberOf(string(b))
		}
	}
	return value{kind: str, s: string(b)}
}

func bit(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

// numberOf is a JSON number: an integer where it is written as one that fits.
func numberOf(s string) value {
	if !strings.ContainsAny(s, ".eE") {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return value{kind: integer, i: n}
		}
	}
	return value{kind: number, s: s}
}

// valueEnd is where the first value of valid JSON ends.
func valueEnd(b []byte) int {
	if b[0] == '"' {
		return stringEnd(b)
	}
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringEnd(b[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func unquoteJSON(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1])
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return string(b)
	}
	return s
}
