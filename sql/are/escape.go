package are

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Classes as Go's regexp and regexp2 both write them inside of brackets. Digits are ASCII, as the C library has it.
var classes = map[string]string{
	"alnum":  `\p{L}\p{Nd}\p{M}`,
	"alpha":  `\p{L}\p{M}`,
	"ascii":  `\x00-\x7F`,
	"blank":  ` \t`,
	"cntrl":  `\x00-\x1F\x7F`,
	"digit":  `0-9`,
	"graph":  `\p{L}\p{M}\p{N}\p{P}\p{S}`,
	"lower":  `\p{Ll}`,
	"print":  ` \p{L}\p{M}\p{N}\p{P}\p{S}`,
	"punct":  `\p{P}\p{S}`,
	"space":  ` \t-\r` + "\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000",
	"upper":  `\p{Lu}`,
	"xdigit": `0-9A-Fa-f`,
	"word":   `\p{L}\p{Nd}\p{M}_`,
}

func classTree(name string, not bool) *tree {
	return &tree{kind: kSet, set: &set{not: not, classes: []string{classes[name]}}}
}

var shortClasses = map[byte]string{'d': "digit", 's': "space", 'w': "word"}

// escape reads \x outside of brackets.
func (p *parser) escape() (*tree, error) {
	if len(p.s) == 1 {
		return nil, errEscape
	}
	c := p.s[1]
	if p.f.Extended {
		p.s = p.s[1:]
		return p.char(), nil
	}
	if name := shortClasses[c|0x20]; name != "" && letter(c) {
		p.s = p.s[2:]
		return classTree(name, c < 'a'), nil
	}
	constraints := map[byte]kind{'A': kStart, 'Z': kStop, 'm': kWordBegin, 'M': kWordEnd, 'y': kWordEdge, 'Y': kWordInner}
	if k, ok := constraints[c]; ok {
		p.s = p.s[2:]
		return &tree{kind: k}, nil
	}
	if c >= '1' && c <= '9' {
		// One digit is a back reference always; more are one if there are as many groups, else octal.
		if n, err := strconv.Atoi(leadingDigits(p.s[1:])); err == nil && (n < 10 || n <= p.groups) {
			return p.backref(1)
		}
	}
	r, rest, err := charEscape(p.s[1:])
	if err != nil {
		return nil, err
	}
	p.s = rest
	return &tree{kind: kChar, r: r}, nil
}

func leadingDigits(s string) string {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i]
}

// charEscape reads an escape that stands for one character; s starts after the backslash.
func charEscape(s string) (rune, string, error) {
	hex := func(n int) (rune, string, error) {
		if len(s) < 1+n {
			return 0, s, errEscape
		}
		v, err := strconv.ParseUint(s[1:1+n], 16, 32)
		if err != nil || v > utf8.MaxRune {
			return 0, s, errEscape
		}
		return rune(v), s[1+n:], nil
	}
	switch c := s[0]; c {
	case 'a':
		return 7, s[1:], nil
	case 'b':
		return 8, s[1:], nil
	case 'B':
		return '\\', s[1:], nil
	case 'c':
		if len(s) < 2 {
			return 0, s, errEscape
		}
		return rune(s[1] & 0x1f), s[2:], nil
	case 'e':
		return 0x1b, s[1:], nil
	case 'f':
		return '\f', s[1:], nil
	case 'n':
		return '\n', s[1:], nil
	case 'r':
		return '\r', s[1:], nil
	case 't':
		return '\t', s[1:], nil
	case 'v':
		return '\v', s[1:], nil
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	case 'x':
		i := 1
		for i < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0 {
			i++
		}
		v, err := strconv.ParseUint(s[1:i], 16, 32)
		if err != nil || v > utf8.MaxRune {
			return 0, s, errEscape
		}
		return rune(v), s[i:], nil
	default:
		if c >= '0' && c <= '9' {
			i := 0
			for i < len(s) && i < 3 && s[i] >= '0' && s[i] <= '7' {
				i++
			}
			v, err := strconv.ParseUint(s[:i], 8, 32)
			if err != nil {
				return 0, s, errEscape
			}
			return rune(v), s[i:], nil
		}
		if letter(c) {
			return 0, s, errEscape
		}
		r, n := utf8.DecodeRuneInString(s)
		return r, s[n:], nil
	}
}

// bracket reads […].
func (p *parser) bracket() (*tree, error) {
	for word, k := range map[string]kind{"[[:<:]]": kWordBegin, "[[:>:]]": kWordEnd} {
		if rest, ok := strings.CutPrefix(p.s, word); ok {
			p.s = rest
			return &tree{kind: k}, nil
		}
	}
	p.s = p.s[1:]
	b := &set{}
	if strings.HasPrefix(p.s, "^") {
		b.not = true
		p.s = p.s[1:]
	}
	for first := true; ; first = false {
		if p.s == "" {
			return nil, errBrackets
		}
		if p.s[0] == ']' && !first {
			p.s = p.s[1:]
			break
		}
		if err := p.bracketItem(b); err != nil {
			return nil, err
		}
	}
	if b.not && p.f.NewlineDot {
		b.add('\n', '\n')
	}
	return &tree{kind: kSet, set: b}, nil
}

func (p *parser) bracketItem(b *set) error {
	if rest, ok := strings.CutPrefix(p.s, "[:"); ok {
		name, after, found := strings.Cut(rest, ":]")
		if !found {
			return errBrackets
		}
		c, known := classes[name]
		if !known {
			return errClass
		}
		if p.f.IgnoreCase && (name == "lower" || name == "upper") {
			c = classes["alpha"]
		}
		b.classes = append(b.classes, c)
		p.s = after
		return nil
	}
	if p.s[0] == '\\' && len(p.s) > 1 && !p.f.Basic && !p.f.Extended {
		if name := shortClasses[p.s[1]]; name != "" {
			b.classes = append(b.classes, classes[name])
			p.s = p.s[2:]
			return nil
		}
	}
	lo, err := p.bracketChar()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(p.s, "-") || strings.HasPrefix(p.s, "-]") {
		b.add(lo, lo)
		return nil
	}
	p.s = p.s[1:]
	if p.s == "" {
		return errBrackets
	}
	if strings.HasPrefix(p.s, "[:") {
		return errRange
	}
	hi, err := p.bracketChar()
	if err != nil {
		return err
	}
	if hi < lo {
		return errRange
	}
	b.add(lo, hi)
	return nil
}

// bracketChar reads one character, an escape, or a collating element of one character.
func (p *parser) bracketChar() (rune, error) {
	for _, mark := range []string{".", "="} {
		if rest, ok := strings.CutPrefix(p.s, "["+mark); ok {
			name, after, found := strings.Cut(rest, mark+"]")
			if !found {
				return 0, errBrackets
			}
			r, n := utf8.DecodeRuneInString(name)
			if n == 0 || n != len(name) {
				return 0, errCollate
			}
			p.s = after
			return r, nil
		}
	}
	if p.s[0] == '\\' && !p.f.Basic && !p.f.Extended {
		if len(p.s) == 1 {
			return 0, errEscape
		}
		r, rest, err := charEscape(p.s[1:])
		if err != nil {
			return 0, err
		}
		p.s = rest
		return r, nil
	}
	r, n := utf8.DecodeRuneInString(p.s)
	p.s = p.s[n:]
	return r, nil
}
