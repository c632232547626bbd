package copy

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/settings"
)

// Format is the FORMAT option.
type Format uint8

const (
	Text Format = iota
	CSV
	Binary
)

// Options of a COPY. Column lists are names still: Resolve checks them.
type Options struct {
	Format        Format
	Delimiter     byte
	Null          string
	Header        bool
	HeaderMatch   bool // HEADER MATCH: names must be those of the columns
	Quote, Escape byte
	ForceQuoteAll bool
	ForceQuote    []string
	ForceNotNull  []string
	ForceNull     []string
	Freeze        bool
}

// ParseOptions reads the options of a COPY statement. Errors: 42601, 22023, 0A000 as PostgreSQL gives them.
func ParseOptions(defs []ast.Node, from bool) (Options, error) {
	var o Options
	var delim, null, quote, escape *string
	seen := map[string]bool{}
	for _, n := range defs {
		d, ok := n.(*ast.DefElem)
		if !ok {
			continue
		}
		if seen[d.Defname] {
			return o, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options")
		}
		seen[d.Defname] = true
		text := argText(d.Arg)
		switch d.Defname {
		case "format":
			switch text {
			case "text":
			case "csv":
				o.Format = CSV
			case "binary":
				o.Format = Binary
			default:
				return o, pgerr.New(pgerr.InvalidParameterValue, "COPY format \"%s\" not recognized", text)
			}
		case "freeze", "header":
			on := true
			if d.Arg != nil {
				if d.Defname == "header" && strings.EqualFold(text, "match") {
					if !from {
						return o, pgerr.New(pgerr.FeatureNotSupported, "cannot use \"%s\" with HEADER in COPY TO", text)
					}
					o.Header, o.HeaderMatch = true, true
					continue
				}
				if on, ok = settings.ParseBool(text); !ok {
					if d.Defname == "header" {
						return o, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value or \"match\"", d.Defname)
					}
					return o, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value", d.Defname)
				}
			}
			if d.Defname == "freeze" {
				o.Freeze = on
			} else {
				o.Header = on
			}
		case "delimiter":
			delim = &text
		case "null":
			null = &text
		case "quote":
			quote = &text
		case "escape":
			escape = &text
		case "force_quote":
			if _, all := d.Arg.(*ast.A_Star); all {
				o.ForceQuoteAll = true
			} else {
				o.ForceQuote = nameList(d.Arg)
			}
		case "force_not_null":
			o.ForceNotNull = nameList(d.Arg)
		case "force_null":
			o.ForceNull = nameList(d.Arg)
		case "encoding":
			if e := strings.ToLower(strings.ReplaceAll(text, "-", "")); e != "utf8" && e != "unicode" && e != "sql_ascii" {
				return o, pgerr.Unsupported("COPY encoding " + text)
			}
		default:
			return o, pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", d.Defname)
		}
	}
	return o, o.complete(delim, null, quote, escape, from)
}

func (o *Options) complete(delim, null, quote, escape *string, from bool) error {
	csvOnly := func(name string, given bool) error {
		if given && o.Format != CSV {
			return pgerr.New(pgerr.FeatureNotSupported, "COPY %s available only in CSV mode", name)
		}
		return nil
	}
	if o.Format == Binary {
		switch {
		case delim != nil:
			return pgerr.New(pgerr.SyntaxError, "cannot specify DELIMITER in BINARY mode")
		case null != nil:
			return pgerr.New(pgerr.SyntaxError, "cannot specify NULL in BINARY mode")
		case o.Header:
			return pgerr.New(pgerr.FeatureNotSupported, "cannot specify HEADER in BINARY mode")
		}
	}
	o.Delimiter, o.Null = '\t', `\N`
	if o.Format == CSV {
		o.Delimiter, o.Null, o.Quote, o.Escape = ',', "", '"', '"'
	}
	one := func(name string, v *string) (byte, error) {
		if len(*v) != 1 {
			return 0, pgerr.New(pgerr.FeatureNotSupported, "COPY %s must be a single one-byte character", name)
		}
		return (*v)[0], nil
	}
	var err error
	if delim != nil {
		if o.Delimiter, err = one("delimiter", delim); err != nil {
			return err
		}
		if o.Delimiter == '\r' || o.Delimiter == '\n' {
			return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter cannot be newline or carriage return")
		}
	}
	if null != nil {
		o.Null = *null
		if strings.ContainsAny(o.Null, "\r\n") {
			return pgerr.New(pgerr.InvalidParameterValue, "COPY null representation cannot use newline or carriage return")
		}
	}
	if o.Format == Text && strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, o.Delimiter) >= 0 {
		return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter cannot be \"%c\"", o.Delimiter)
	}
	for _, c := range []struct {
		name  string
		given bool
	}{{"quote", quote != nil}, {"escape", escape != nil}, {"force quote", o.ForceQuoteAll || o.ForceQuote != nil},
		{"force not null", o.ForceNotNull != nil}, {"force null", o.ForceNull != nil}} {
		if err := csvOnly(c.name, c.given); err != nil {
			return err
		}
	}
	if quote != nil {
		if o.Quote, err = one("quote", quote); err != nil {
			return err
		}
		o.Escape = o.Quote
	}
	if o.Format == CSV && o.Delimiter == o.Quote {
		return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter and quote must be different")
	}
	if escape != nil {
		if o.Escape, err = one("escape", escape); err != nil {
			return err
		}
	}
	switch {
	case (o.ForceQuoteAll || o.ForceQuote != nil) && from:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY force quote only available using COPY TO")
	case o.ForceNotNull != nil && !from:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY force not null only available using COPY FROM")
	case o.ForceNull != nil && !from:
		return pgerr.New(pgerr.FeatureNotSupported, "COPY force null only available using COPY FROM")
	case o.Format != Binary && strings.IndexByte(o.Null, o.Delimiter) >= 0:
		return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter must not appear in the NULL specification")
	case o.Format == CSV && strings.IndexByte(o.Null, o.Quote) >= 0:
		return pgerr.New(pgerr.InvalidParameterValue, "CSV quote character must not appear in the NULL specification")
	}
	return nil
}

func argText(n ast.Node) string {
	switch a := n.(type) {
	case *ast.String:
		return a.Sval
	case *ast.Integer:
		if a.Ival == 0 {
			return "0"
		}
		return "1"
	case *ast.Boolean:
		if a.Boolval {
			return "true"
		}
		return "false"
	case *ast.TypeName:
		if len(a.Names) > 0 {
			return argText(a.Names[len(a.Names)-1])
		}
	}
	return ""
}

func nameList(n ast.Node) []string {
	l, ok := n.(*ast.List)
	if !ok {
		return nil
	}
	out := []string{}
	for _, x := range l.Items {
		out = append(out, argText(x))
	}
	return out
}
