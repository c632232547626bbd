package textsearch

import (
	_ "embed" // states.txt
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// tokenType is what the default parser calls a piece of text (manual: 12.5).
type tokenType int

const (
	tokASCIIWord tokenType = iota + 1
	tokWord
	tokNumWord
	tokEmail
	tokURL
	tokHost
	tokScientific
	tokVersion
	tokNumPart
	tokPart
	tokASCIIPart
	tokSpace
	tokTag
	tokProtocol
	tokNumHWord
	tokASCIIHWord
	tokHWord
	tokURLPath
	tokFile
	tokDecimal
	tokSignedInt
	tokUnsignedInt
	tokEntity

	tokLast = tokEntity
)

// tokenNames are the alias and the description of each type.
var tokenNames = [tokLast + 1][2]string{
	tokASCIIWord: {"asciiword", "Word, all ASCII"}, tokWord: {"word", "Word, all letters"}, tokNumWord: {"numword", "Word, letters and digits"},
	tokEmail: {"email", "Email address"}, tokURL: {"url", "URL"}, tokHost: {"host", "Host"}, tokScientific: {"sfloat", "Scientific notation"},
	tokVersion: {"version", "Version number"}, tokNumPart: {"hword_numpart", "Hyphenated word part, letters and digits"},
	tokPart: {"hword_part", "Hyphenated word part, all letters"}, tokASCIIPart: {"hword_asciipart", "Hyphenated word part, all ASCII"},
	tokSpace: {"blank", "Space symbols"}, tokTag: {"tag", "XML tag"}, tokProtocol: {"protocol", "Protocol head"},
	tokNumHWord: {"numhword", "Hyphenated word, letters and digits"}, tokASCIIHWord: {"asciihword", "Hyphenated word, all ASCII"},
	tokHWord: {"hword", "Hyphenated word, all letters"}, tokURLPath: {"url_path", "URL path"}, tokFile: {"file", "File or path name"},
	tokDecimal: {"float", "Decimal notation"}, tokSignedInt: {"int", "Signed integer"}, tokUnsignedInt: {"uint", "Unsigned integer"},
	tokEntity: {"entity", "XML entity"},
}

// The parser is an automaton with backtracking. states.txt is its table: the name of a state, then its rules in the order
// in which they are tried, each a test of the next character and what to do:
//
//	end, letter, digit, …   tests; =x and not=x compare; else is always true
//	>State                  go there
//	found #type             a token of that type ends here
//	push                    remember this place first; pop goes back to it and tries the rules after the one that pushed
//	drop, dropall           forget one or all remembered places; merge: forget it but stay here
//	again                   look at the same character in the new state
//	!name                   something special is done before
//
//go:embed states.txt
var statesText string

type rule struct {
	test                    func(*parser) bool
	c                       byte
	found, push, pop, again bool
	drop, dropAll, merge    bool
	to                      int // -1: stay
	kind                    tokenType
	special                 func(*parser)
}

// automaton is the table, and the state at which a look ahead for a path begins.
type automaton struct {
	rules   [][]rule
	urlPath int
}

var defaultParser = sync.OnceValue(func() *automaton {
	number, kinds := map[string]int{}, map[string]tokenType{}
	lines := strings.Split(strings.TrimRight(statesText, "\n"), "\n")
	for _, l := range lines {
		if l[0] != '\t' {
			number[l] = len(number)
		}
	}
	for k, n := range tokenNames {
		kinds[n[0]] = tokenType(k)
	}
	out := make([][]rule, len(number))
	at := 0
	for _, l := range lines {
		if l[0] != '\t' {
			at = number[l]
			continue
		}
		r, err := parseRule(l[1:], number, kinds)
		if err != nil {
			panic("textsearch: " + err.Error())
		}
		out[at] = append(out[at], r)
	}
	return &automaton{rules: out, urlPath: number["URLPathFirst"]}
})

func parseRule(line string, number map[string]int, kinds map[string]tokenType) (rule, error) {
	r := rule{to: -1}
	test, rest, _ := strings.Cut(line, " ")
	switch {
	case strings.HasPrefix(test, "=") && len(test) == 2:
		r.c, r.test = test[1], func(p *parser) bool { return p.is(p.c) }
	case strings.HasPrefix(test, "not=") && len(test) == 5:
		r.c, r.test = test[4], func(p *parser) bool { return !p.is(p.c) }
	default:
		if r.test = tests[test]; r.test == nil {
			return r, fmt.Errorf("test %q", test)
		}
	}
	for _, w := range strings.Fields(rest) {
		ok := true
		switch {
		case w[0] == '>':
			r.to, ok = number[w[1:]]
		case w[0] == '#':
			r.kind, ok = kinds[w[1:]]
		case w[0] == '!':
			r.special = specials[w[1:]]
			ok = r.special != nil
		default:
			flag := map[string]*bool{"found": &r.found, "push": &r.push, "pop": &r.pop, "again": &r.again, "drop": &r.drop, "dropall": &r.dropAll, "merge": &r.merge}[w]
			if ok = flag != nil; ok {
				*flag = true
			}
		}
		if !ok {
			return r, fmt.Errorf("%q in rule %q", w, line)
		}
	}
	return r, nil
}

// place is where the parser stands; prev are the places that it may go back to.
type place struct {
	pos, char int // of the next character, and its size
	length    int // of the token so far
	state     int
	pushedAt  int // the rule that pushed this place, -1 none
	prev      *place
}

type parser struct {
	*automaton
	s        string
	at       *place
	ignoring bool // within <script> or <style>
	wantHost bool
	c        byte // what the rule compares with
	start    int
	kind     tokenType
	length   int
	depth    int
}

func newParser(s string) *parser {
	return &parser{automaton: defaultParser(), s: s, at: &place{pushedAt: -1}}
}

// next finds the next token; at the end ok is false.
func (p *parser) next() (kind tokenType, token string, ok bool) {
	if !p.get() {
		return 0, "", false
	}
	return p.kind, p.s[p.start : p.start+p.length], true
}

func (p *parser) get() bool {
	if p.at.pos >= len(p.s) {
		return false
	}
	p.start = p.at.pos
	p.at.pushedAt = -1
	for p.at.pos <= len(p.s) {
		_, p.at.char = utf8.DecodeRuneInString(p.s[p.at.pos:])
		rules := p.rules[p.at.state]
		i := p.at.pushedAt + 1
		p.at.pushedAt = -1
		for ; ; i++ {
			p.c = rules[i].c
			if rules[i].test(p) {
				break
			}
		}
		r := &rules[i]
		if r.special != nil {
			r.special(p)
		}
		if r.found {
			p.length, p.kind = p.at.length, r.kind
			p.at.length = 0
		}
		p.move(r, i)
		if r.to >= 0 {
			p.at.state = r.to
		}
		if r.found {
			return true
		}
		if p.at.pos >= len(p.s) && !r.again {
			return false
		}
		if r.again || r.pop {
			continue
		}
		p.at.pos += p.at.char
		p.at.length += p.at.char
	}
	return false
}

func (p *parser) move(r *rule, i int) {
	switch {
	case r.pop:
		p.at = p.at.prev
	case r.push:
		p.at.pushedAt = i
		next := *p.at
		next.pushedAt, next.prev = -1, p.at
		p.at = &next
	case r.drop:
		p.at.prev = p.at.prev.prev
	case r.dropAll:
		p.at.prev = nil
	case r.merge:
		prev := p.at.prev
		prev.pos, prev.char, prev.length = p.at.pos, p.at.char, p.at.length
		p.at = prev
	}
}

// maxHostDepth bounds how deep one look ahead for a host or path starts another.
const maxHostDepth = 100

// ahead looks for a token of a kind from here on with a parser of its own, and takes it into the current token.
func (p *parser) ahead(kind tokenType, prepare func(*parser)) bool {
	if p.depth > maxHostDepth {
		return false
	}
	sub := &parser{automaton: p.automaton, s: p.s[p.at.pos:], at: &place{pushedAt: -1}, depth: p.depth + 1}
	prepare(sub)
	if !sub.get() || sub.kind != kind {
		return false
	}
	p.at.pos += sub.length
	p.at.length += sub.length
	p.at.char = sub.at.char
	return true
}

func (p *parser) is(c byte) bool { return p.at.char == 1 && p.s[p.at.pos] == c }

func (p *parser) rune() rune {
	if p.at.char == 0 {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.at.pos:])
	return r
}

func isAlpha(r rune) bool { return unicode.IsLetter(r) || r > 0x7f && unicode.IsDigit(r) }
func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// isSpace leaves out no-break spaces, as C does.
func isSpace(r rune) bool {
	return r != 0xa0 && r != 0x2007 && r != 0x202f && r != 0x85 && unicode.IsSpace(r)
}

var tests = map[string]func(*parser) bool{
	"end":      func(p *parser) bool { return p.at.pos == len(p.s) || p.at.char == 0 },
	"else":     func(*parser) bool { return true },
	"letter":   func(p *parser) bool { return p.at.char == 1 && isAlpha(p.rune()) },
	"alpha":    func(p *parser) bool { return isAlpha(p.rune()) },
	"digit":    func(p *parser) bool { return isDigit(p.rune()) },
	"alnum":    func(p *parser) bool { return isAlpha(p.rune()) || isDigit(p.rune()) },
	"notalnum": func(p *parser) bool { return !isAlpha(p.rune()) && !isDigit(p.rune()) },
	"space":    func(p *parser) bool { return isSpace(p.rune()) },
	"hex":      func(p *parser) bool { return p.rune() < 0x80 && unicode.Is(unicode.ASCII_Hex_Digit, p.rune()) },
	// A mark that is no letter but does not end a word either.
	"special": func(p *parser) bool { return unicode.Is(unicode.M, p.rune()) },
	"urlchar": func(p *parser) bool {
		r := p.rune()
		return r > 0x20 && r < 0x7f && !strings.ContainsRune("\"<>\\^`{|}", r)
	},
	"ignoring": func(p *parser) bool { return p.ignoring },
	"stophost": func(p *parser) bool { want := p.wantHost; p.wantHost = false; return want },
	"host":     func(p *parser) bool { return p.ahead(tokHost, func(sub *parser) { sub.wantHost = true }) },
	"urlpath": func(p *parser) bool {
		return p.ahead(tokURLPath, func(sub *parser) {
			sub.at = &place{state: p.urlPath, pushedAt: -1, prev: sub.at}
		})
	},
}

var specials = map[string]func(*parser){
	"tags": func(p *parser) {
		switch tag := strings.ToLower(p.s[p.start : p.start+p.at.length]); tag {
		case "<script", "<style":
			p.ignoring = true
		case "</script", "</style":
			p.ignoring = false
		}
	},
	"furl":   func(p *parser) { p.wantHost = true; p.at.pos -= p.at.length },
	"hyphen": func(p *parser) { p.at.pos -= p.at.length },
	"verversion": func(p *parser) {
		p.at.pos -= p.at.length
		p.at.length = 0
	},
}
