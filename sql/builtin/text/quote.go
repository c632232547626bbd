package text

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// quoteLiteral writes a string constant; with a backslash in it as an escape string.
func quoteLiteral(s string) string {
	q := strings.ReplaceAll(s, "'", "''")
	if strings.Contains(q, `\`) {
		return `E'` + strings.ReplaceAll(q, `\`, `\\`) + `'`
	}
	return "'" + q + "'"
}

// quoteAny is quote_literal of any type: its text output, quoted.
func quoteAny(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return call.Text("NULL")
	}
	s, err := castText(c, 0, a[0])
	if err != nil {
		return types.Null, err
	}
	return call.Text(quoteLiteral(s))
}

// castText is a value cast to text, which differs from its output for few types: bool gives true and false.
func castText(c *call.Call, i int, v types.Datum) (string, error) {
	t := c.Env.Type(c.ArgTypes[i])
	if t == nil {
		return "", call.TypeNotFound(c.ArgTypes[i])
	}
	switch {
	case t.Name == "bool" && t.Schema == "":
		if v.Bool() {
			return "true", nil
		}
		return "false", nil
	case t.Name == "bpchar" && t.Schema == "":
		return strings.TrimRight(v.Str(), " "), nil
	}
	return t.Text(v, c.Env), nil
}

// formatText is format(): %[n$][-][width]type with types s, I, L and %% (manual: 9.4.1).
func formatText(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	type arg struct {
		s  string
		ok bool
	}
	var vals []arg
	if len(a) > 1 {
		if err := anyArgs(c, a, 1, func(s string, ok bool) { vals = append(vals, arg{s, ok}) }); err != nil && err != error(errNullVariadic) {
			return types.Null, err
		}
	}
	f := a[0].Str()
	var b strings.Builder
	next := 0
	need := func(n int) (arg, error) {
		if n >= len(vals) {
			return arg{}, pgerr.New(pgerr.InvalidParameterValue, "too few arguments for format()")
		}
		return vals[n], nil
	}
	errEnd := func() error {
		return pgerr.New(pgerr.InvalidParameterValue, "unterminated format() type specifier").WithHint(`For a single "%" use "%%".`)
	}
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		i++
		if i >= len(f) {
			return types.Null, errEnd()
		}
		if f[i] == '%' {
			b.WriteByte('%')
			continue
		}
		spec, rest, err := parseFormatSpec(f[i:])
		if err != nil {
			return types.Null, err
		}
		if rest == "" {
			return types.Null, errEnd()
		}
		i = len(f) - len(rest)
		if spec.widthArg != 0 {
			n := next
			if spec.widthArg > 0 {
				n = spec.widthArg - 1
			}
			next = n + 1
			w, err := need(n)
			if err != nil {
				return types.Null, err
			}
			if w.ok {
				v, err := parseFormatWidth(w.s)
				if err != nil {
					return types.Null, err
				}
				spec.width = v
				if v < 0 {
					spec.left, spec.width = true, -v
				}
			}
		}
		n := next
		if spec.pos > 0 {
			n = spec.pos - 1
		}
		if !strings.ContainsRune("sIL", rune(rest[0])) {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "unrecognized format() type specifier \"%s\"", rest[:OneRune(rest)]).WithHint(`For a single "%" use "%%".`)
		}
		v, err := need(n)
		if err != nil {
			return types.Null, err
		}
		next = n + 1
		s := v.s
		switch rest[0] {
		case 'I':
			if !v.ok {
				return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")
			}
			s = ruleutils.QuoteIdent(s)
		case 'L':
			if v.ok {
				s = quoteLiteral(s)
			} else {
				s = "NULL"
			}
		}
		fill := strings.Repeat(" ", max(spec.width-runeLen(s), 0))
		if spec.left {
			b.WriteString(s + fill)
		} else {
			b.WriteString(fill + s)
		}
	}
	return call.Text(b.String())
}

// formatSpec is a conversion without its type. widthArg: 0 none, -1 the next argument, n argument n.
type formatSpec struct {
	pos, width, widthArg int
	left                 bool
}

func parseFormatSpec(s string) (spec formatSpec, rest string, err error) {
	number := func() (int, bool, error) {
		n, i := 0, 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			n = n*10 + int(s[i]-'0')
			if n > 1<<31-1 {
				return 0, false, pgerr.New(pgerr.NumericValueOutOfRange, "number is out of range")
			}
			i++
		}
		s = s[i:]
		return n, i > 0, nil
	}
	position := func(n int) error {
		if n == 0 {
			return pgerr.New(pgerr.InvalidParameterValue, "format specifies argument 0, but arguments are numbered from 1")
		}
		return nil
	}
	n, ok, err := number()
	if err != nil {
		return spec, s, err
	}
	if ok {
		if !strings.HasPrefix(s, "$") {
			spec.width = n
			return spec, s, nil
		}
		s = s[1:]
		if err := position(n); err != nil {
			return spec, s, err
		}
		spec.pos = n
	}
	for strings.HasPrefix(s, "-") {
		spec.left = true
		s = s[1:]
	}
	if strings.HasPrefix(s, "*") {
		s = s[1:]
		n, ok, err := number()
		if err != nil {
			return spec, s, err
		}
		spec.widthArg = -1
		if ok {
			if !strings.HasPrefix(s, "$") {
				return spec, s, pgerr.New(pgerr.InvalidParameterValue, "width argument position must be ended by \"$\"")
			}
			s = s[1:]
			if err := position(n); err != nil {
				return spec, s, err
			}
			spec.widthArg = n
		}
		return spec, s, nil
	}
	spec.width, _, err = number()
	return spec, s, err
}

func parseFormatWidth(s string) (int, error) {
	v, err := call.Int4Type.ParseText(s, -1, nil)
	if err != nil {
		return 0, err
	}
	return int(v.Int()), nil
}

// parseIdent splits a qualified name into its parts.
func parseIdent(_ *call.Call, a []types.Datum) (types.Datum, error) {
	parts, err := SplitIdent(a[0].Str(), len(a) < 2 || a[1].Bool())
	if err != nil {
		return types.Null, err
	}
	vals := make([]types.Datum, len(parts))
	for i, p := range parts {
		vals[i] = tuple.String(p)
	}
	return call.TextArray(vals), nil
}

// SplitIdent reads a.b."C"; strict refuses what comes after the name.
func SplitIdent(in string, strict bool) ([]string, error) {
	bad := func(detail string) error {
		e := pgerr.New(pgerr.InvalidParameterValue, "string is not a valid identifier: \"%s\"", in)
		if detail != "" {
			e = e.WithDetail("%s", detail)
		}
		return e
	}
	isSpace := func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
	s := in
	skip := func() {
		for len(s) > 0 && isSpace(s[0]) {
			s = s[1:]
		}
	}
	var parts []string
	skip()
	for afterDot := false; ; afterDot = true {
		switch {
		case strings.HasPrefix(s, `"`):
			var b strings.Builder
			s = s[1:]
			for {
				i := strings.IndexByte(s, '"')
				if i < 0 {
					return nil, bad("String has unclosed double quotes.")
				}
				b.WriteString(s[:i])
				s = s[i+1:]
				if !strings.HasPrefix(s, `"`) {
					break
				}
				b.WriteByte('"')
				s = s[1:]
			}
			if b.Len() == 0 {
				return nil, bad("Quoted identifier must not be empty.")
			}
			parts = append(parts, b.String())
		case len(s) > 0 && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z' || s[0] == '_' || s[0] >= 0x80):
			n := 1
			for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || s[n] == '_' || s[n] >= 0x80 || s[n] >= '0' && s[n] <= '9' || s[n] == '$') {
				n++
			}
			parts = append(parts, types.LowerASCII(s[:n]))
			s = s[n:]
		case strings.HasPrefix(s, "."):
			return nil, bad("No valid identifier before \".\".")
		case afterDot:
			return nil, bad("No valid identifier after \".\".")
		default:
			return nil, bad("")
		}
		skip()
		if strings.HasPrefix(s, ".") {
			s = s[1:]
			skip()
			continue
		}
		if s != "" && strict {
			return nil, bad("")
		}
		return parts, nil
	}
}

func quoteFns() call.Fns {
	return call.Fns{
		"quote_ident":   str1(ruleutils.QuoteIdent),
		"quote_literal": str1(quoteLiteral),
		"quote_nullable": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if a[0].IsNull() {
				return call.Text("NULL")
			}
			return call.Text(quoteLiteral(a[0].Str()))
		},
		"text_format": formatText, "text_format_nv": formatText,
		"parse_ident": parseIdent,
	}
}
