package explain

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Options are EXPLAIN's (manual: EXPLAIN). Buffers, WAL and Settings are taken and show nothing.
type Options struct {
	Analyze, Verbose, Costs, Timing, Summary bool
	Format                                   string // text, json, xml, yaml
}

// ParseOptions reads the option list of an ExplainStmt. Errors: 42601 for unknown options and bad values.
func ParseOptions(list []ast.Node) (Options, error) {
	o := Options{Costs: true, Format: "text"}
	timing, summary := 0, 0
	for _, n := range list {
		d, ok := n.(*ast.DefElem)
		if !ok {
			return o, pgerr.Internal("EXPLAIN option of kind %T", n)
		}
		if d.Defname == "format" {
			switch f := strings.ToLower(optionText(d.Arg)); f {
			case "text", "json", "yaml", "xml":
				o.Format = f
			default:
				return o, pgerr.New(pgerr.InvalidParameterValue, "unrecognized value for EXPLAIN option \"format\": \"%s\"", optionText(d.Arg))
			}
			continue
		}
		on, ok := optionBool(d.Arg)
		if !ok {
			return o, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value", d.Defname)
		}
		switch d.Defname {
		case "analyze":
			o.Analyze = on
		case "verbose":
			o.Verbose = on
		case "costs":
			o.Costs = on
		case "timing":
			o.Timing, timing = on, 1
		case "summary":
			o.Summary, summary = on, 1
		case "buffers", "settings", "wal":
		default:
			return o, pgerr.New(pgerr.SyntaxError, "unrecognized EXPLAIN option \"%s\"", d.Defname)
		}
	}
	if timing == 1 && o.Timing && !o.Analyze {
		return o, pgerr.New(pgerr.InvalidParameterValue, "EXPLAIN option TIMING requires ANALYZE")
	}
	if timing == 0 {
		o.Timing = o.Analyze
	}
	if summary == 0 {
		o.Summary = o.Analyze
	}
	return o, nil
}

func optionText(n ast.Node) string {
	switch x := n.(type) {
	case *ast.String:
		return x.Sval
	case *ast.Boolean:
		if x.Boolval {
			return "true"
		}
		return "false"
	}
	return ""
}

// optionBool is defGetBoolean: nothing is true, numbers are 0 and 1.
func optionBool(n ast.Node) (v, ok bool) {
	switch x := n.(type) {
	case nil:
		return true, true
	case *ast.Integer:
		return x.Ival != 0, x.Ival == 0 || x.Ival == 1
	}
	switch strings.ToLower(optionText(n)) {
	case "true", "on":
		return true, true
	case "false", "off":
		return false, true
	}
	return false, false
}
