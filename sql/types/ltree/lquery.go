package ltree

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
)

// Query is a compiled pattern.
type Query struct{ items []item }

// item matches low to high labels in a row.
type item struct {
	variants  []variant // none: any label
	not       bool      // none of the variants
	counted   bool      // {…} stands behind variants
	low, high int
}

// ParseQuery reads a pattern: items with dots between them. An item is * or a list of labels (|, with ! none of them), either with
// a number of repetitions {n}, {n,}, {n,m}, {,m}.
func ParseQuery(s string) (*Query, error) {
	if err := input.CheckUTF8(s); err != nil {
		return nil, err
	}
	if n := strings.Count(s, ".") + 1; n > MaxLevels {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "number of lquery items (%d) exceeds the maximum allowed (%d)", n, MaxLevels)
	}
	p := queryReader{s: s, pos: 1}
	q := &Query{}
	for {
		it, err := p.item()
		if err != nil {
			return nil, err
		}
		q.items = append(q.items, it)
		if p.i == len(s) {
			return q, nil
		}
		p.take() // the dot
	}
}

// queryReader knows where it stands in bytes and, for errors, in characters from 1 on.
type queryReader struct {
	s      string
	i, pos int
}

// next is the character ahead; 0 at the end.
func (p *queryReader) next() rune {
	if p.i == len(p.s) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.i:])
	return r
}

func (p *queryReader) take() rune {
	r, n := utf8.DecodeRuneInString(p.s[p.i:])
	p.i += n
	p.pos++
	return r
}

// unexpected is the error of the character ahead.
func (p *queryReader) unexpected() error {
	if p.i == len(p.s) {
		return pgerr.New(pgerr.SyntaxError, "lquery syntax error").WithDetail("Unexpected end of input.")
	}
	return pgerr.New(pgerr.SyntaxError, "lquery syntax error at character %d", p.pos)
}

// item reads up to a dot or the end.
func (p *queryReader) item() (item, error) {
	it := item{low: 1, high: 1}
	switch r := p.next(); {
	case r == '*':
		p.take()
		it.low, it.high = 0, MaxLevels
	case r == '!' || isLabel(r):
		if r == '!' {
			p.take()
			it.not = true
		}
		if err := p.variants(&it); err != nil {
			return it, err
		}
	default:
		return it, p.unexpected()
	}
	if p.next() == '{' {
		p.take()
		it.counted = it.variants != nil
		if err := p.count(&it); err != nil {
			return it, err
		}
	}
	if r := p.next(); r != 0 && r != '.' {
		return it, p.unexpected()
	}
	return it, nil
}

func (p *queryReader) variants(it *item) error {
	size := levelHeader
	for first := true; ; first = false {
		if !first && !isLabel(p.next()) {
			return p.unexpected()
		}
		v, err := p.variant()
		if err != nil {
			return err
		}
		it.variants = append(it.variants, v)
		if size += (variantHeader + len(v.label) + 7) &^ 7; len(it.variants) > maxLevelSize {
			return pgerr.New(pgerr.ProgramLimitExceeded, "lquery level has too many variants").
				WithDetail("Number of variants exceeds the maximum allowed (%d).", maxLevelSize)
		}
		if p.next() != '|' {
			break
		}
		p.take()
	}
	if size > maxLevelSize {
		return pgerr.New(pgerr.ProgramLimitExceeded, "lquery level is too large").
			WithDetail("Total size of level exceeds the maximum allowed (%d bytes).", maxLevelSize)
	}
	return nil
}

// What an item has in PostgreSQL's layout, which limits it.
const (
	levelHeader   = 16
	variantHeader = 7
	maxLevelSize  = math.MaxUint16
)

// variant reads one label with its modifiers, which may be empty behind an exclamation mark: that is an error.
func (p *queryReader) variant() (variant, error) {
	var v variant
	start, length := p.i, 0
	for isLabel(p.next()) {
		p.take()
		length++
	}
	v.label = p.s[start:p.i]
	end := p.pos
	for v.modifier(p.next()) {
		p.take()
	}
	switch r := p.next(); {
	case r != 0 && r != '.' && r != '|' && r != '{':
		return v, p.unexpected()
	case length == 0:
		return v, pgerr.New(pgerr.SyntaxError, "lquery syntax error at character %d", end).WithDetail("Empty labels are not allowed.")
	}
	return v, checkLabel(length, end)
}

// count reads repetitions from behind the brace.
func (p *queryReader) count(it *item) error {
	it.low, it.high = 0, MaxLevels
	if r := p.next(); r != ',' {
		n, at, err := p.number()
		if err != nil {
			return err
		}
		if n > MaxLevels {
			return errLimit("Low limit (%d) exceeds the maximum allowed (%d), at character %d.", n, MaxLevels, at)
		}
		it.low, it.high = n, n
	}
	if p.next() == ',' {
		p.take()
		it.high = MaxLevels
		if p.next() != '}' {
			n, at, err := p.number()
			switch {
			case err != nil:
				return err
			case n > MaxLevels:
				return errLimit("High limit (%d) exceeds the maximum allowed (%d), at character %d.", n, MaxLevels, at)
			case n < it.low:
				return pgerr.New(pgerr.SyntaxError, "lquery syntax error").
					WithDetail("Low limit (%d) is greater than high limit (%d), at character %d.", it.low, n, at)
			}
			it.high = n
		}
	}
	if p.next() != '}' {
		return p.unexpected()
	}
	p.take()
	return nil
}

func errLimit(detail string, args ...any) error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "lquery syntax error").WithDetail(detail, args...)
}

// number reads digits; at is where they start.
func (p *queryReader) number() (n, at int, err error) {
	start := p.i
	at = p.pos
	for r := p.next(); r >= '0' && r <= '9'; r = p.next() {
		p.take()
	}
	if p.i == start {
		return 0, at, p.unexpected()
	}
	return input.Atoi(p.s[start:p.i]), at, nil
}

// AppendText prints a pattern.
func (q *Query) AppendText(dst []byte) []byte {
	for i := range q.items {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = q.items[i].appendText(dst)
	}
	return dst
}

func (it *item) appendText(dst []byte) []byte {
	if it.not {
		dst = append(dst, '!')
	}
	for i := range it.variants {
		if i > 0 {
			dst = append(dst, '|')
		}
		dst = it.variants[i].appendText(dst)
	}
	any := it.variants == nil
	if any {
		dst = append(dst, '*')
	}
	if !any && !it.counted || any && it.low == 0 && it.high == MaxLevels {
		return dst
	}
	dst = append(dst, '{')
	if it.low > 0 || it.high == 0 {
		dst = strconv.AppendInt(dst, int64(it.low), 10)
	}
	if it.low != it.high {
		dst = append(dst, ',')
		if it.high < MaxLevels {
			dst = strconv.AppendInt(dst, int64(it.high), 10)
		}
	}
	return append(dst, '}')
}

func (it *item) matches(label string) bool {
	for i := range it.variants {
		if it.variants[i].matches(label) {
			return !it.not
		}
	}
	return it.variants == nil || it.not
}

// Match reports whether the pattern takes the whole path. It is done in time proportional to the product of both lengths: item by
// item it keeps the places of the path that the items so far can reach.
func (q *Query) Match(path string) bool {
	labels := Labels(path)
	n := len(labels)
	reached := make([]bool, n+1)
	reached[0] = true
	before := make([]int, n+2) // before[i]: how many places below i are reached
	for k := range q.items {
		it := &q.items[k]
		for i, r := range reached {
			before[i+1] = before[i]
			if r {
				before[i+1]++
			}
		}
		run := 0 // labels up to this place that match in a row
		for i := range reached {
			if i > 0 {
				if it.matches(labels[i-1]) {
					run++
				} else {
					run = 0
				}
			}
			from, to := i-min(run, it.high), i-it.low
			reached[i] = to >= from && before[to+1] > before[from]
		}
	}
	return reached[n]
}
