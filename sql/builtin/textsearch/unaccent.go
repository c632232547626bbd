package textsearch

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// unaccent.rules is PostgreSQL's: what is replaced, and by what (nothing, where a line has one word).
//
//go:embed rules/unaccent.rules
var unaccentRules string

// UnaccentDict is the dictionary that the extension unaccent brings.
const UnaccentDict types.OID = 14265

// accents are the rules, and the longest text in bytes that is replaced.
var accents = sync.OnceValues(func() (map[string]string, int) {
	rules, longest := map[string]string{}, 0
	for line := range strings.Lines(unaccentRules) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		rules[words[0]] = strings.Join(words[1:], "")
		longest = max(longest, len(words[0]))
	}
	return rules, longest
})

// Unaccent replaces what the rules name, the longest first; changed is false where there is nothing of it.
func Unaccent(s string) (out string, changed bool) {
	rules, longest := accents()
	var b strings.Builder
	for i := 0; i < len(s); {
		n := min(longest, len(s)-i)
		if s[i] < 0x80 {
			n = min(n, 1)
		}
		for ; n > 0; n-- {
			if to, ok := rules[s[i:i+n]]; ok {
				if !changed {
					b.WriteString(s[:i])
					changed = true
				}
				b.WriteString(to)
				break
			}
		}
		if n == 0 {
			n = 1
			if changed {
				b.WriteByte(s[i])
			}
		}
		i += n
	}
	if !changed {
		return s, false
	}
	return b.String(), true
}

// makeUnaccent makes a dictionary of the template unaccent. There is one file of rules.
func makeUnaccent(options string) (*dictionary, error) {
	list, err := ParseOptions(options)
	if err != nil {
		return nil, err
	}
	d := &dictionary{}
	for _, o := range list {
		switch {
		case !strings.EqualFold(o.Name, "rules"):
			return nil, pgerr.New(pgerr.InvalidParameterValue, "unrecognized Unaccent parameter: \"%s\"", o.Name)
		case d.replace != nil:
			return nil, pgerr.New(pgerr.InvalidParameterValue, "multiple Rules parameters")
		case o.Value != "unaccent":
			return nil, pgerr.New(pgerr.ConfigFileError, "could not open unaccent file \"%s.rules\": No such file or directory", o.Value)
		}
		d.replace = Unaccent
	}
	if d.replace == nil {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "missing Rules parameter")
	}
	return d, nil
}

// Lexize asks a dictionary for the lexemes of a token: none (not nil) for a stop word, nil for a token that it does not know.
func Lexize(env *types.Env, dict types.OID, token string) ([]string, error) {
	d, err := dictionaryByOID(env, dict)
	if err != nil {
		return nil, err
	}
	return d.lexize(token)
}
