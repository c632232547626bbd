package xmldoc

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Decl is an XML declaration.
type Decl struct {
	Version    string // "": there is none
	Standalone int    // 1 yes, 0 no, -1 it does not say
}

const defaultVersion = "1.0"

// ParseDecl reads the declaration that a text may begin with, and returns what follows it.
func ParseDecl(s string) (d Decl, rest string, err error) {
	d.Standalone = -1
	const start = "<?xml"
	if !strings.HasPrefix(s, start) {
		return d, s, nil
	}
	p := s[len(start):]
	if r, _ := utf8.DecodeRuneInString(p); nameChar(r) {
		return d, s, nil // another processing instruction
	}
	bad := func(why string) (Decl, string, error) {
		return Decl{Standalone: -1}, s, &Malformed{Line: 1, Why: why, Declaration: true}
	}
	attr := func(key string) (value string, ok, spaced bool) {
		t := strings.TrimLeft(p, " \t\r\n")
		if !strings.HasPrefix(t, key) {
			return "", false, true
		}
		if len(t) == len(p) {
			return "", true, false
		}
		t = strings.TrimLeft(t[len(key):], " \t\r\n")
		if !strings.HasPrefix(t, "=") {
			return "", true, true
		}
		t = strings.TrimLeft(t[1:], " \t\r\n")
		if t == "" || t[0] != '"' && t[0] != '\'' {
			return "", true, true
		}
		end := strings.IndexByte(t[1:], t[0])
		if end < 0 {
			return "", true, true
		}
		value, p = t[1:1+end], t[end+2:]
		return value, true, true
	}
	v, ok, spaced := attr("version")
	switch {
	case ok && !spaced:
		return bad("Space required.")
	case !ok || v == "":
		return bad("Malformed declaration: missing version.")
	}
	d.Version = v
	v, ok, spaced = attr("encoding")
	switch {
	case ok && !spaced:
		return bad("Space required.")
	case ok && v == "":
		return bad("Missing encoding in text declaration.")
	}
	v, ok, spaced = attr("standalone")
	switch {
	case ok && !spaced:
		return bad("Space required.")
	case ok && v == "yes":
		d.Standalone = 1
	case ok && v == "no":
		d.Standalone = 0
	case ok:
		return bad("standalone accepts only 'yes' or 'no'.")
	}
	p = strings.TrimLeft(p, " \t\r\n")
	if !strings.HasPrefix(p, "?>") {
		return bad("Parsing XML declaration: '?>' expected.")
	}
	return d, p[2:], nil
}

// Append prints a declaration where it says more than the default; ok is false where it does not.
func (d Decl) Append(dst []byte) (out []byte, ok bool) {
	if (d.Version == "" || d.Version == defaultVersion) && d.Standalone < 0 {
		return dst, false
	}
	v := d.Version
	if v == "" {
		v = defaultVersion
	}
	dst = append(append(append(dst, `<?xml version="`...), v...), '"')
	switch d.Standalone {
	case 1:
		dst = append(dst, ` standalone="yes"`...)
	case 0:
		dst = append(dst, ` standalone="no"`...)
	}
	return append(dst, "?>"...), true
}

// AppendText prints a value: without a declaration that says nothing, and without the encoding, which is the client's.
func AppendText(dst []byte, s string) []byte {
	d, rest, err := ParseDecl(s)
	if err != nil {
		return append(dst, s...)
	}
	dst, shown := d.Append(dst)
	if !shown {
		rest = strings.TrimPrefix(rest, "\n")
	}
	return append(dst, rest...)
}

// Concat is XMLCONCAT.
func Concat(list []string) string {
	all := Decl{Standalone: 1}
	none := false
	var body []byte
	for _, s := range list {
		d, rest, _ := ParseDecl(s)
		switch {
		case d.Standalone == 0 && all.Standalone == 1:
			all.Standalone = 0
		case d.Standalone < 0:
			all.Standalone = -1
		}
		switch {
		case d.Version == "":
			none = true
		case all.Version == "":
			all.Version = d.Version
		case all.Version != d.Version:
			none = true
		}
		body = append(body, rest...)
	}
	if none {
		all.Version = ""
	}
	var out []byte
	if !none || all.Standalone >= 0 {
		out, _ = all.Append(nil)
	}
	return string(append(out, body...))
}

func nameStart(r rune) bool {
	return r == '_' || r == ':' || unicode.IsLetter(r)
}

func nameChar(r rune) bool {
	return nameStart(r) || r == '-' || r == '.' || r == 0xb7 || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || unicode.Is(unicode.Lm, r)
}
