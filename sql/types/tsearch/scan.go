package tsearch

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/pgerr"
)

// scanner reads words with positions, as tsvectors have them. In a query an operator or a colon ends a word, and the
// caller reads on from there; in a web search quotes and backslashes mean nothing but the double quote ends a word too.
type scanner struct {
	all, s string // the whole text, for messages, and what is left of it
	query  bool
	web    bool
}

func (sc *scanner) bad() error {
	what := "tsvector"
	if sc.query {
		what = "tsquery"
	}
	return pgerr.New(pgerr.SyntaxError, "syntax error in %s: \"%s\"", what, sc.all)
}

// char takes one character.
func (sc *scanner) char() string {
	_, n := utf8.DecodeRuneInString(sc.s)
	c := sc.s[:n]
	sc.s = sc.s[n:]
	return c
}

func (sc *scanner) at(c byte) bool { return sc.s != "" && sc.s[0] == c }

func (sc *scanner) space() bool {
	r, _ := utf8.DecodeRuneInString(sc.s)
	return sc.s != "" && isSpace(r)
}

// isSpace leaves out no-break spaces, as C does.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) && r != 0xa0 && r != 0x2007 && r != 0x202f && r != 0x85
}

func (sc *scanner) operator() bool { return sc.s != "" && strings.IndexByte("!&|()<", sc.s[0]) >= 0 }

func (sc *scanner) stops() bool { return sc.query && sc.operator() || sc.web && sc.at('"') }

// next reads a word and, outside of queries, its positions; ok is false at the end.
func (sc *scanner) next() (word string, pos []Pos, ok bool, err error) {
	for sc.space() {
		sc.char()
	}
	switch {
	case sc.s == "":
		return "", nil, false, nil
	case !sc.web && sc.at('\''):
		sc.char()
		if word, err = sc.quoted(); err != nil {
			return "", nil, false, err
		}
	case sc.stops():
		return "", nil, false, sc.bad()
	default:
		if word, err = sc.bare(); err != nil {
			return "", nil, false, err
		}
	}
	if !sc.query && sc.at(':') {
		sc.char()
		pos, err = sc.positions()
	}
	return word, pos, err == nil, err
}

func (sc *scanner) escaped(word []byte) ([]byte, error) {
	sc.char()
	if sc.s == "" {
		return nil, pgerr.New(pgerr.SyntaxError, "there is no escaped character: \"%s\"", sc.all)
	}
	return append(word, sc.char()...), nil
}

func (sc *scanner) bare() (string, error) {
	var word []byte
	var err error
	for first := true; ; first = false {
		switch {
		case !sc.web && sc.at('\\'):
			if word, err = sc.escaped(word); err != nil {
				return "", err
			}
		case !first && (sc.s == "" || sc.space() || sc.stops() || sc.at(':')):
			if len(word) == 0 {
				return "", sc.bad()
			}
			return string(word), nil
		default:
			word = append(word, sc.char()...)
		}
	}
}

func (sc *scanner) quoted() (string, error) {
	var word []byte
	var err error
	for {
		switch {
		case sc.s == "":
			return "", sc.bad()
		case sc.at('\\'):
			if word, err = sc.escaped(word); err != nil {
				return "", err
			}
		case sc.at('\''):
			sc.char()
			if !sc.at('\'') {
				if len(word) == 0 {
					return "", sc.bad()
				}
				return string(word), nil
			}
			word = append(word, sc.char()...)
		default:
			word = append(word, sc.char()...)
		}
	}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// positions reads a list with commas; each number may be followed by its weight.
func (sc *scanner) positions() ([]Pos, error) {
	var out []Pos
	for {
		if sc.s == "" || !digit(sc.s[0]) {
			return nil, sc.bad()
		}
		at := 0
		for i := 0; i < len(sc.s) && digit(sc.s[i]); i++ {
			at = min(at*10+int(sc.s[i]-'0'), 1<<40)
		}
		if at > 1<<31-1 { // beyond what atoi promises; it wraps
			at = int(int32(at))
		}
		if at = limitPosition(at); at == 0 {
			return nil, pgerr.New(pgerr.SyntaxError, "wrong position info in tsvector: \"%s\"", sc.all)
		}
		p := Pos{At: uint16(at)}
		sc.char()
	weights:
		for {
			if sc.s == "" || sc.space() {
				return append(out, p), nil
			}
			c := sc.s[0]
			sc.char()
			switch {
			case c == ',':
				break weights
			case digit(c):
			default:
				w := strings.IndexByte("dcba", c|0x20)
				if c == '*' {
					w = 3
				}
				if w < 0 || p.Weight != 0 {
					return nil, sc.bad()
				}
				p.Weight = uint8(w)
			}
		}
		out = append(out, p)
	}
}

func limitPosition(at int) int {
	if at >= MaxPosition+1 || at < 0 {
		return MaxPosition
	}
	return at
}
