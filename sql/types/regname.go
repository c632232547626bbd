package types

import (
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// SplitName cuts a name as the reg* types take it: parts with points between, folded in its ASCII letters where it is
// not in double quotes, with spaces around the parts (SplitIdentifierString). 42602.
func SplitName(name string) ([]string, error) {
	bad := pgerr.New(pgerr.InvalidName, "invalid name syntax")
	isSpace := func(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }
	var parts []string
	for rest := strings.TrimLeftFunc(name, isSpace); ; {
		var part string
		if strings.HasPrefix(rest, `"`) {
			for {
				text, after, ok := strings.Cut(rest[1:], `"`)
				if !ok {
					return nil, bad
				}
				part += text
				if rest = after; !strings.HasPrefix(rest, `"`) {
					break
				}
				part += `"`
			}
		} else {
			end := strings.IndexFunc(rest, func(r rune) bool { return r == '.' || isSpace(r) })
			if end < 0 {
				end = len(rest)
			}
			if end == 0 {
				return nil, bad
			}
			part, rest = LowerASCII(rest[:end]), rest[end:]
		}
		parts = append(parts, TruncateName(part))
		rest = strings.TrimLeftFunc(rest, isSpace)
		if rest == "" {
			break
		}
		if rest[0] != '.' {
			return nil, bad
		}
		rest = strings.TrimLeftFunc(rest[1:], isSpace)
	}
	return parts, nil
}

// LowerASCII folds the letters A to Z, as identifiers are folded in UTF8.
func LowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
