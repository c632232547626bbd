package are

import (
	"fmt"
	"strconv"
	"strings"
)

// force overrides the preferences of all quantifiers.
type force int8

const (
	asWritten force = iota
	allGreedy
	allLazy
)

// writer puts a tree into the syntax that Go's regexp and regexp2 share. The result is compiled with . matching
// newlines; the anchors are written out.
type writer struct {
	b     strings.Builder
	f     Flags
	force force
	later bool // for text that is the rest of a longer one: it has no start
}

const wordSet = `[\p{L}\p{Nd}\p{M}_]`

func (w *writer) write(t *tree) {
	switch t.kind {
	case kChar:
		w.rune(t.r, false)
	case kAny:
		if w.f.NewlineDot {
			w.b.WriteString(`[^\n]`)
		} else {
			w.b.WriteString(`(?s:.)`)
		}
	case kSet:
		w.set(t.set)
	case kBegin:
		if w.f.NewlineAnc {
			w.b.WriteString(`(?m:^)`)
		} else {
			w.start()
		}
	case kEnd:
		if w.f.NewlineAnc {
			w.b.WriteString(`(?m:$)`)
		} else {
			w.b.WriteString(`\z`)
		}
	case kStart:
		w.start()
	case kStop:
		w.b.WriteString(`\z`)
	case kWordBegin:
		w.b.WriteString(`(?<!` + wordSet + `)(?=` + wordSet + `)`)
	case kWordEnd:
		w.b.WriteString(`(?<=` + wordSet + `)(?!` + wordSet + `)`)
	case kWordEdge:
		w.b.WriteString(`(?:(?<!` + wordSet + `)(?=` + wordSet + `)|(?<=` + wordSet + `)(?!` + wordSet + `))`)
	case kWordInner:
		w.b.WriteString(`(?:(?<=` + wordSet + `)(?=` + wordSet + `)|(?<!` + wordSet + `)(?!` + wordSet + `))`)
	case kGroup:
		w.b.WriteByte('(')
		w.write(t.sub[0])
		w.b.WriteByte(')')
	case kPlain:
		w.plain(t.sub[0])
	case kLook:
		w.b.WriteString("(?")
		if t.behind {
			w.b.WriteByte('<')
		}
		if t.not {
			w.b.WriteByte('!')
		} else {
			w.b.WriteByte('=')
		}
		w.write(t.sub[0])
		w.b.WriteByte(')')
	case kBack:
		w.b.WriteString(`(?:\` + strconv.Itoa(t.n) + `)`)
	case kConcat:
		for _, s := range t.sub {
			w.write(s)
		}
	case kAlt:
		w.b.WriteString("(?:")
		for i, s := range t.sub {
			if i > 0 {
				w.b.WriteByte('|')
			}
			w.write(s)
		}
		w.b.WriteByte(')')
	case kRepeat:
		w.repeat(t)
	}
}

func (w *writer) start() {
	if w.later {
		w.b.WriteString(`[^\x00-\x{10FFFF}]`) // nothing
	} else {
		w.b.WriteString(`\A`)
	}
}

func (w *writer) plain(t *tree) {
	w.b.WriteString("(?:")
	w.write(t)
	w.b.WriteByte(')')
}

func (w *writer) repeat(t *tree) {
	if t.max == 0 {
		// Go's regexp refuses no repetition at all; groups inside keep their numbers.
		w.b.WriteString("(?:")
		w.write(t.sub[0])
		w.b.WriteString("){0}")
		return
	}
	if t.sub[0].kind == kGroup || t.sub[0].kind == kSet {
		w.write(t.sub[0])
	} else {
		w.plain(t.sub[0])
	}
	switch {
	case t.min == 0 && t.max < 0:
		w.b.WriteByte('*')
	case t.min == 1 && t.max < 0:
		w.b.WriteByte('+')
	case t.min == 0 && t.max == 1:
		w.b.WriteByte('?')
	case t.max < 0:
		fmt.Fprintf(&w.b, "{%d,}", t.min)
	case t.max == t.min:
		fmt.Fprintf(&w.b, "{%d}", t.min)
	default:
		fmt.Fprintf(&w.b, "{%d,%d}", t.min, t.max)
	}
	if w.force == allLazy || w.force == asWritten && t.lazy {
		w.b.WriteByte('?')
	}
}

// rune writes a character so that neither engine sees anything else in it.
func (w *writer) rune(r rune, inSet bool) {
	switch {
	case r < 0x20 || r == 0x7f:
		fmt.Fprintf(&w.b, `\x%02X`, r)
	case r < 0x80 && !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '_' || r == ' ' && inSet):
		if r == ' ' {
			w.b.WriteString(`\x20`)
			return
		}
		w.b.WriteByte('\\')
		w.b.WriteRune(r)
	default:
		w.b.WriteRune(r)
	}
}

func (w *writer) set(s *set) {
	if len(s.ranges) == 0 && len(s.classes) == 0 {
		w.b.WriteString(`(?s:.)`)
		return
	}
	w.b.WriteByte('[')
	if s.not {
		w.b.WriteByte('^')
	}
	for _, c := range s.classes {
		w.b.WriteString(c)
	}
	for _, r := range s.ranges {
		w.rune(rune(r.Lo), true)
		if r.Hi != r.Lo {
			w.b.WriteByte('-')
			w.rune(rune(r.Hi), true)
		}
	}
	w.b.WriteByte(']')
}

func (w *writer) String() string {
	prefix := ""
	if w.f.IgnoreCase {
		prefix = "(?i)"
	}
	return prefix + w.b.String()
}
