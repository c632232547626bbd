package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Document is the plan as one value in the format of the options, which is not text.
func Document(p *plan.Physical, o Options, env *types.Env, run Run) string {
	query := []fact{{"Plan", members(show(p, o, env, run), o)}}
	if o.Summary {
		query = append(query, fact{"Planning Time", number(fmt.Sprintf("%.3f", ms(run.Planning)))})
	}
	if o.Analyze {
		query = append(query, fact{"Triggers", group{}})
	}
	if o.Summary && o.Analyze {
		query = append(query, fact{"Execution Time", number(fmt.Sprintf("%.3f", ms(run.Execution)))})
	}
	var b strings.Builder
	switch o.Format {
	case "xml":
		b.WriteString("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n")
		writeXML(&b, query, "    ")
		b.WriteString("  </Query>\n</explain>")
	case "yaml":
		b.WriteString("- ")
		writeYAML(&b, query, "  ")
		return strings.TrimSuffix(b.String(), "\n")
	default:
		b.WriteString("[\n  {\n")
		writeJSON(&b, query, "    ")
		b.WriteString("\n  }\n]")
	}
	return b.String()
}

// Values of facts beside string, bool and int64.
type (
	number string   // as it is
	list   []string // in text with commas between
	object []fact
	group  []object // the plans below one
)

func (l list) String() string { return strings.Join(l, ", ") }

// sampling is TABLESAMPLE: one line in text, a property for each part elsewhere.
type sampling struct {
	method string
	params list
	seed   string // empty: none is given
}

func (s sampling) String() string {
	text := s.method + " (" + s.params.String() + ")"
	if s.seed != "" {
		text += " REPEATABLE (" + s.seed + ")"
	}
	return text
}

func (s sampling) members() object {
	m := object{{"Sampling Method", s.method}, {"Sampling Parameters", s.params}}
	if s.seed != "" {
		m = append(m, fact{"Repeatable Seed", s.seed})
	}
	return m
}

// members are what the formats beside text show of a node, in their order.
func members(it *item, o Options) object {
	m := object{{"Node Type", it.kind}}
	put := func(key string, val any) { m = append(m, fact{key, val}) }
	after := 0
	for after < len(it.facts) && (it.facts[after].key == "Operation" || it.facts[after].key == "Strategy") {
		after++
	}
	m = append(m, it.facts[:after]...)
	if it.rel != "" {
		put("Parent Relationship", it.rel)
	}
	if it.label != "" {
		put("Subplan Name", it.label)
	}
	put("Parallel Aware", false)
	put("Async Capable", false)
	m = append(m, it.facts[after:]...)
	if o.Costs {
		put("Startup Cost", number(fmt.Sprintf("%.2f", it.est.Startup)))
		put("Total Cost", number(fmt.Sprintf("%.2f", it.est.Total)))
		put("Plan Rows", number(fmt.Sprintf("%.0f", rows(it.est.Rows))))
		put("Plan Width", int64(it.est.Width))
	}
	if o.Analyze && it.stats != nil {
		n := float64(max(1, it.stats.Loops))
		if o.Timing {
			put("Actual Startup Time", number(fmt.Sprintf("%.3f", ms(it.stats.Startup)/n)))
			put("Actual Total Time", number(fmt.Sprintf("%.3f", ms(it.stats.Total)/n)))
		}
		put("Actual Rows", number(fmt.Sprintf("%.0f", float64(it.stats.Rows)/n)))
		put("Actual Loops", it.stats.Loops)
	}
	for _, p := range it.props {
		if s, ok := p.val.(sampling); ok {
			m = append(m, s.members()...)
		} else {
			m = append(m, p)
		}
	}
	if len(it.kids) > 0 {
		plans := make(group, len(it.kids))
		for i, k := range it.kids {
			plans[i] = members(k, o)
		}
		put("Plans", plans)
	}
	return m
}

func writeJSON(b *strings.Builder, m object, pad string) {
	for i, f := range m {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString(pad + quote(f.key) + ": ")
		switch v := f.val.(type) {
		case object:
			b.WriteString("{\n")
			writeJSON(b, v, pad+"  ")
			b.WriteString("\n" + pad + "}")
		case group:
			b.WriteString("[\n")
			for i, k := range v {
				if i > 0 {
					b.WriteString(",\n")
				}
				b.WriteString(pad + "  {\n")
				writeJSON(b, k, pad+"    ")
				b.WriteString("\n" + pad + "  }")
			}
			if len(v) > 0 {
				b.WriteString("\n")
			}
			b.WriteString(pad + "]")
		case list:
			parts := make([]string, len(v))
			for i, e := range v {
				parts[i] = quote(e)
			}
			b.WriteString("[" + strings.Join(parts, ", ") + "]")
		default:
			b.WriteString(scalar(v))
		}
	}
}

// writeYAML writes a block whose first line begins where b stands.
func writeYAML(b *strings.Builder, m object, pad string) {
	for i, f := range m {
		if i > 0 {
			b.WriteString(pad)
		}
		b.WriteString(f.key + ": ")
		switch v := f.val.(type) {
		case object:
			b.WriteString("\n" + pad + "  ")
			writeYAML(b, v, pad+"  ")
		case group:
			b.WriteString("\n")
			for _, k := range v {
				b.WriteString(pad + "  - ")
				writeYAML(b, k, pad+"    ")
			}
		case list:
			b.WriteString("\n")
			for _, e := range v {
				b.WriteString(pad + "  - " + quote(e) + "\n")
			}
		default:
			b.WriteString(scalar(v) + "\n")
		}
	}
}

func writeXML(b *strings.Builder, m object, pad string) {
	for _, f := range m {
		tag := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
				return r
			}
			return '-'
		}, f.key)
		b.WriteString(pad + "<" + tag + ">")
		end := "</" + tag + ">\n"
		switch v := f.val.(type) {
		case object:
			b.WriteString("\n")
			writeXML(b, v, pad+"  ")
			b.WriteString(pad + end)
		case group:
			b.WriteString("\n")
			for _, k := range v {
				b.WriteString(pad + "  <Plan>\n")
				writeXML(b, k, pad+"    ")
				b.WriteString(pad + "  </Plan>\n")
			}
			b.WriteString(pad + end)
		case list:
			b.WriteString("\n")
			for _, e := range v {
				b.WriteString(pad + "  <Item>" + escapeXML.Replace(e) + "</Item>\n")
			}
			b.WriteString(pad + end)
		case string:
			b.WriteString(escapeXML.Replace(v) + end)
		default:
			b.WriteString(scalar(v) + end)
		}
	}
}

var escapeXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#x0d;")

// scalar is a value as JSON and YAML write it.
func scalar(v any) string {
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case number:
		return string(x)
	case string:
		return quote(x)
	}
	return quote(fmt.Sprint(v))
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string always encodes.
	_ = e.Encode(s)
	return strings.TrimRight(b.String(), "\n")
}
