package columnar

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// PostgreSQL's regular expressions (manual 9.7.3) and DuckDB's (RE2) agree on whether a pattern matches, for patterns of literals, dots,
// classes, groups, alternatives, greedy quantifiers and the anchors ^ and $, when RE2's dot takes newlines.
//
// They may differ in what a part of the pattern takes. PostgreSQL prefers the longest match of each part, from the left; a part is a
// capturing group or all that stands between two. RE2 lets each item take as much as it can, from the left. Both find the same when
//
//   - ^ and $ hold the pattern at both ends,
//   - a capturing group has one item of single characters, or literals,
//   - between capturing groups, what a quantified item may begin with cannot begin what follows it, but for the last such item: the longer
//     that one, the longer the part.

// regexpItem is a part of a pattern that a quantifier can follow.
type regexpItem struct {
	first    charset
	nullable bool
	quant    bool
	capture  bool
}

// charset is a set of characters: the ASCII ones, and whether others may be in it.
type charset struct {
	ascii [2]uint64
	other bool
}

func (s *charset) add(r rune) {
	if r < utf8.RuneSelf {
		s.ascii[r/64] |= 1 << (r % 64)
	} else {
		s.other = true
	}
}

func (s charset) meets(t charset) bool {
	return s.ascii[0]&t.ascii[0] != 0 || s.ascii[1]&t.ascii[1] != 0 || s.other && t.other
}

var anyChar = charset{[2]uint64{^uint64(0), ^uint64(0)}, true}

// regexpParser reads a pattern; ok turns false at what is not understood.
type regexpParser struct {
	s        string
	ok       bool
	anchored bool
	alts     bool // alternatives, or groups that are more than one item or literals
	items    []regexpItem
}

// sameMatches reports that both systems match the pattern with the same strings.
func sameMatches(pattern string) bool {
	p := regexpParser{s: pattern, ok: true}
	p.pattern()
	return p.ok
}

// sameParts reports that both also find the same in its capturing groups, of which there are groups.
func sameParts(pattern string) (groups int, ok bool) {
	p := regexpParser{s: pattern, ok: true}
	if !strings.HasPrefix(pattern, "^") || !strings.HasSuffix(pattern, "$") || strings.HasSuffix(pattern, `\$`) {
		return 0, false
	}
	p.pattern()
	if !p.ok || p.alts {
		return 0, false
	}
	last := true // quantified item of its part, as seen from the right
	var follow charset
	for i := len(p.items) - 1; i >= 0; i-- {
		it := p.items[i]
		if it.capture {
			last = true
			groups++
		} else if it.quant {
			if !last && it.first.meets(follow) {
				return 0, false
			}
			last = false
		}
		if !it.nullable {
			follow = charset{}
		}
		follow.ascii[0] |= it.first.ascii[0]
		follow.ascii[1] |= it.first.ascii[1]
		follow.other = follow.other || it.first.other
	}
	return groups, true
}

func (p *regexpParser) pattern() {
	whole := p.s
	p.s = strings.TrimPrefix(p.s, "^")
	if strings.HasSuffix(p.s, "$") && !strings.HasSuffix(p.s, `\$`) {
		p.s = strings.TrimSuffix(p.s, "$")
	}
	p.anchored = p.s != whole
	p.items = p.branches(0)
	p.ok = p.ok && p.s == ""
}

// branches reads items up to the end or a closing parenthesis.
func (p *regexpParser) branches(depth int) (items []regexpItem) {
	begun := false
	for p.ok && p.s != "" && p.s[0] != ')' {
		if p.s[0] == '|' {
			p.alts, p.s = true, p.s[1:]
			// Outside of groups an anchor binds one of the branches only.
			p.ok = begun && (depth > 0 || !p.anchored) && p.s != "" && p.s[0] != ')' && p.s[0] != '|'
			continue
		}
		items = append(items, p.item(depth))
		begun = true
	}
	p.ok = p.ok && begun && (depth == 0 || p.s != "")
	return items
}

func (p *regexpParser) item(depth int) (it regexpItem) {
	group, plain := false, true
	c := p.s[0]
	switch c {
	case '(':
		group = true
		p.s = p.s[1:]
		switch {
		case strings.HasPrefix(p.s, "?:"):
			p.s = p.s[2:]
		case strings.HasPrefix(p.s, "?"):
			p.ok = false
			return it
		default:
			it.capture = true
		}
		in := p.branches(depth + 1)
		if !p.ok || depth > 8 {
			p.ok = false
			return it
		}
		p.s = p.s[1:]
		it.first, it.nullable = in[0].first, true
		for _, x := range in {
			plain = plain && !x.quant
			it.nullable = it.nullable && x.nullable
		}
		p.alts = p.alts || depth > 0 || !plain && !(it.capture && len(in) == 1)
	case '[':
		it.first = p.class()
	case '.':
		it.first, p.s = anyChar, p.s[1:]
	case '\\':
		if len(p.s) < 2 || p.s[1] >= utf8.RuneSelf || isWord(p.s[1]) {
			p.ok = false
			return it
		}
		it.first.add(rune(p.s[1]))
		p.s = p.s[2:]
	case '^', '$', '*', '+', '?', '{', '}', ']', ')', '|':
		p.ok = false
		return it
	default:
		r, n := utf8.DecodeRuneInString(p.s)
		it.first.add(r)
		p.s = p.s[n:]
	}
	if p.s == "" {
		return it
	}
	switch p.s[0] {
	case '*', '+', '?':
		it.quant = true
		it.nullable = it.nullable || p.s[0] != '+'
		if group && (it.capture || p.s[0] != '?' || !plain) {
			p.alts = true
		}
		p.s = p.s[1:]
		if p.s != "" && strings.IndexByte("*+?{", p.s[0]) >= 0 {
			p.ok = false
		}
	case '{':
		p.ok = false
	}
	return it
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// class reads [...].
func (p *regexpParser) class() (set charset) {
	p.s = p.s[1:]
	not := strings.HasPrefix(p.s, "^")
	p.s = strings.TrimPrefix(p.s, "^")
	end := strings.IndexByte(p.s, ']')
	if end < 1 || strings.ContainsAny(p.s[:end], `\[`) {
		p.ok = false
		return set
	}
	in := []rune(p.s[:end])
	p.s = p.s[end+1:]
	for i := 0; i < len(in); i++ {
		if in[i] == '-' && i > 0 && i < len(in)-1 {
			p.ok = false
			return set
		}
		if i+2 < len(in) && in[i+1] == '-' {
			if in[i] >= in[i+2] || in[i+2] >= utf8.RuneSelf || !isWord(byte(in[i])) || !isWord(byte(in[i+2])) {
				p.ok = false
				return set
			}
			for r := in[i]; r <= in[i+2]; r++ {
				set.add(r)
			}
			i += 2
			continue
		}
		set.add(in[i])
	}
	if not {
		// Of the others some may be in the class and some not.
		set = charset{[2]uint64{^set.ascii[0], ^set.ascii[1]}, true}
	}
	return set
}

// matches is the operator ~ with a constant pattern.
func matches(before string) func(*compiler, *plan.FuncCall, []value) (value, bool) {
	return func(c *compiler, _ *plan.FuncCall, a []value) (value, bool) {
		p, ok := a[1].text()
		if !ok || !sameMatches(p) {
			return c.no("this regular expression")
		}
		return value{sql: "(" + before + "regexp_matches(" + a[0].sql + ", " + a[1].sql + ", 's'))", typ: types.Bool}, true
	}
}

// replaced is regexp_replace without flags, which replaces the first match: here the only one.
func replaced(c *compiler, x *plan.FuncCall, a []value) (value, bool) {
	p, ok := a[1].text()
	groups := 0
	if ok {
		groups, ok = sameParts(p)
	}
	if !ok {
		return c.no("regexp_replace with this regular expression")
	}
	r, ok := a[2].text()
	for rest := r; ok; {
		i := strings.IndexByte(rest, '\\')
		if i < 0 {
			break
		}
		// \& and \0 are written differently.
		ok = i+1 < len(rest) && rest[i+1] >= '1' && int(rest[i+1]-'0') <= groups
		if ok {
			rest = rest[i+2:]
		}
	}
	if !ok {
		return c.no("regexp_replace with this replacement")
	}
	return value{sql: "regexp_replace(" + a[0].sql + ", " + a[1].sql + ", " + a[2].sql + ", 's')", typ: types.Text}, true
}
