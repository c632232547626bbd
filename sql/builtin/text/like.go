package text

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func errLikeEscape() error {
	return pgerr.New(pgerr.InvalidEscapeSequence, "LIKE pattern must not end with escape character")
}

// likeMatch matches s against a LIKE pattern with backslash as escape; one steps over a character of s that _ matches.
// Only the last % can ever need another try, so that time is at most len(s) · len(p).
func likeMatch(s, p string, one func(s string) int) (bool, error) {
	i, j := 0, 0
	retryS, retryP := -1, -1
	for i < len(s) {
		matched := false
		if j < len(p) {
			switch p[j] {
			case '%':
				for j < len(p) && p[j] == '%' {
					j++
				}
				if j == len(p) {
					return true, nil
				}
				retryS, retryP = i, j
				continue
			case '_':
				i += one(s[i:])
				j++
				matched = true
			case '\\':
				if j+1 == len(p) {
					return false, errLikeEscape()
				}
				if p[j+1] == s[i] {
					i++
					j += 2
					matched = true
				}
			default:
				if p[j] == s[i] {
					i++
					j++
					matched = true
				}
			}
		}
		if matched {
			continue
		}
		if retryP < 0 {
			return false, nil
		}
		retryS += one(s[retryS:])
		i, j = retryS, retryP
	}
	for j < len(p) && p[j] == '%' {
		j++
	}
	return j == len(p), nil
}

func OneRune(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func oneByte(string) int { return 1 }

func like(fold, not bool, one func(string) int) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		s, p := a[0].Str(), a[1].Str()
		if fold {
			s, p = lowerText(s), lowerText(p)
		}
		ok, err := likeMatch(s, p, one)
		return tuple.Bool(ok != not), err
	}
}

// likeEscape rewrites a pattern with another escape character, or with none, to one with backslash.
func likeEscape(_ *call.Call, a []types.Datum) (types.Datum, error) {
	p, esc := a[0].Str(), a[1].Str()
	switch {
	case esc == "":
		return call.Text(strings.ReplaceAll(p, `\`, `\\`))
	case runeLen(esc) > 1:
		return types.Null, pgerr.New(pgerr.InvalidEscapeSequence, "invalid escape string").WithHint("Escape string must be empty or one character.")
	case esc == `\`:
		return a[0], nil
	}
	var b strings.Builder
	after := false
	for len(p) > 0 {
		n := OneRune(p)
		c := p[:n]
		p = p[n:]
		switch {
		case c == esc && !after:
			b.WriteByte('\\')
			after = true
			continue
		case c == `\` && !after:
			b.WriteString(`\\`)
		default:
			b.WriteString(c)
		}
		after = false
	}
	return call.Text(b.String())
}

func likeFns() call.Fns {
	m := call.Fns{"like_escape": likeEscape, "like_escape_bytea": likeEscape,
		"bytealike": like(false, false, oneByte), "byteanlike": like(false, true, oneByte)}
	for _, p := range []string{"text", "name"} {
		m[p+"like"], m[p+"nlike"] = like(false, false, OneRune), like(false, true, OneRune)
		m[p+"iclike"], m[p+"icnlike"] = like(true, false, OneRune), like(true, true, OneRune)
	}
	return m
}
