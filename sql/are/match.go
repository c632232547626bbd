package are

import (
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// Regexp is a compiled expression, safe for concurrent use.
type Regexp struct {
	groups int
	// whole finds the extent of a match, later does so in the rest of a text; inside, which is nil without groups, finds
	// the captures in a match.
	whole, later, inside *regexp.Regexp
	// back is used instead of all three, and in place of later where that is nil.
	back *regexp2.Regexp
}

// backtrackLimit ends matches that backtrack without end.
const backtrackLimit = 30 * time.Second

// Compile parses a pattern. Errors are PostgreSQL's words, without "invalid regular expression: ".
func Compile(pattern string, f Flags) (*Regexp, error) {
	t, p, err := parse(pattern, f)
	if err != nil {
		return nil, err
	}
	re := &Regexp{groups: p.groups}
	backtracking := t.needsBacktracking()
	lineStart := p.f.NewlineAnc && t.hasStart()
	if backtracking || lineStart {
		w := &writer{f: p.f}
		w.write(t)
		if re.back, err = regexp2.Compile(w.String(), regexp2.None); err != nil {
			return nil, errTooBig
		}
		re.back.MatchTimeout = backtrackLimit
	}
	if backtracking {
		return re, nil
	}
	longest := t.prefers() >= 0
	compile := func(later bool) (*regexp.Regexp, error) {
		w := &writer{f: p.f, force: allLazy, later: later}
		if longest {
			w.force = allGreedy
		}
		w.write(t)
		g, err := regexp.Compile(w.String())
		if err != nil {
			return nil, errTooBig
		}
		if longest {
			g.Longest()
		}
		return g, nil
	}
	if re.whole, err = compile(false); err != nil {
		return nil, err
	}
	switch {
	case lineStart:
	case !t.hasStart():
		re.later = re.whole
	default:
		if re.later, err = compile(true); err != nil {
			return nil, err
		}
	}
	if p.groups > 0 {
		w := &writer{f: p.f}
		w.b.WriteString(`\A`)
		w.plain(t)
		w.b.WriteString(`\z`)
		if re.inside, err = regexp.Compile(w.String()); err != nil {
			return nil, errTooBig
		}
	}
	return re, nil
}

// Groups is the number of capturing groups.
func (re *Regexp) Groups() int { return re.groups }

// Match reports whether s holds a match.
func (re *Regexp) Match(s string) (bool, error) {
	if re.whole == nil {
		return re.back.MatchString(s)
	}
	return re.whole.MatchString(s), nil
}

// Find appends the byte offsets of the first match at or after from, start and end of the whole and of each group
// (-1 for a group without part in it), to loc[:0]; nil if there is none.
func (re *Regexp) Find(s string, from int, loc []int) ([]int, error) {
	loc = loc[:0]
	if re.whole == nil || from > 0 && re.later == nil {
		return re.findBack(s, from, loc)
	}
	g := re.whole
	if from > 0 {
		g = re.later
	}
	m := g.FindStringSubmatchIndex(s[from:])
	if m == nil {
		return nil, nil
	}
	for i := range m {
		if m[i] >= 0 {
			m[i] += from
		}
	}
	if re.inside != nil {
		// Captures are looked for in the match alone, which is exact unless an anchor inside depends on what is around it.
		if in := re.inside.FindStringSubmatchIndex(s[m[0]:m[1]]); in != nil {
			for i := range in {
				if in[i] >= 0 {
					in[i] += m[0]
				}
			}
			return append(loc, in...), nil
		}
	}
	return append(loc, m...), nil
}

func (re *Regexp) findBack(s string, from int, loc []int) ([]int, error) {
	runes := []rune(s)
	at := utf8.RuneCountInString(s[:from])
	m, err := re.back.FindRunesMatchStartingAt(runes, at)
	if err != nil || m == nil {
		return nil, err
	}
	offset := func(r int) int {
		n := 0
		for _, c := range runes[:r] {
			n += utf8.RuneLen(c)
		}
		return n
	}
	for i := range re.groups + 1 {
		g := m.GroupByNumber(i)
		if g == nil || len(g.Captures) == 0 {
			loc = append(loc, -1, -1)
			continue
		}
		loc = append(loc, offset(g.Index), offset(g.Index+g.Length))
	}
	return loc, nil
}
