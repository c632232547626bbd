package xmldoc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Name maps an identifier of SQL to a name of XML (SQL/XML:2008, 9.1); full: every colon and a leading "xml" too.
func Name(ident string, full bool) string {
	var b strings.Builder
	runes := []rune(ident)
	for i, r := range runes {
		switch {
		case r == ':' && (i == 0 || full):
			b.WriteString("_x003A_")
		case r == '_' && i+1 < len(runes) && runes[i+1] == 'x':
			b.WriteString("_x005F_")
		case full && i == 0 && len(ident) >= 3 && strings.EqualFold(ident[:3], "xml"):
			fmt.Fprintf(&b, "_x%04X_", r)
		case i == 0 && nameStart(r) || i > 0 && nameChar(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "_x%04X_", r)
		}
	}
	return b.String()
}

var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// Identifier is the way back from Name.
func Identifier(name string) string {
	return escaped.ReplaceAllStringFunc(name, func(s string) string {
		n, _ := strconv.ParseUint(s[2:6], 16, 32)
		return string(rune(n))
	})
}

// Escape makes text content.
func Escape(dst []byte, s string) []byte {
	for i := range len(s) {
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '\r':
			dst = append(dst, "&#x0d;"...)
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

// EscapeAttribute makes text the value of an attribute, in quotes.
func EscapeAttribute(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\n', '\r', '\t':
			dst = append(strconv.AppendInt(append(dst, "&#"...), int64(s[i]), 10), ';')
		default:
			dst = append(dst, s[i])
		}
	}
	return append(dst, '"')
}
