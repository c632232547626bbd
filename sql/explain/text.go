package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Run is what happened, for ANALYZE and SUMMARY.
type Run struct {
	Planning, Execution time.Duration
	// Nodes are exec.Stats of the finished execution; nil: the plan was not run.
	Nodes map[plan.Node]*exec.NodeStats
}

func show(p *plan.Physical, o Options, env *types.Env, run Run) *item {
	ns := &names{env: env, base: map[plan.ColID]string{}, exprs: map[plan.ColID]plan.Expr{}, calls: map[plan.ColID]*plan.WindowCall{}, busy: map[plan.ColID]bool{}, subs: map[*plan.Subquery]*subplan{}}
	rels := 0
	ns.learn(p.Root, &rels)
	ns.prefix = rels > 1 || o.Verbose
	t := &tree{ns: ns, opts: o}
	if o.Analyze {
		t.stats = run.Nodes
	}
	return t.node(p.Root)
}

// Text is the plan in lines, as the rows of EXPLAIN's result.
func Text(p *plan.Physical, o Options, env *types.Env, run Run) []string {
	var lines []string
	writeText(&lines, show(p, o, env, run), o, 0, true)
	if o.Summary {
		lines = append(lines, fmt.Sprintf("Planning Time: %.3f ms", ms(run.Planning)))
		if o.Analyze {
			lines = append(lines, fmt.Sprintf("Execution Time: %.3f ms", ms(run.Execution)))
		}
	}
	return lines
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func rows(f float64) float64 { return math.Max(0, math.Round(f)) }

func writeText(lines *[]string, it *item, o Options, indent int, root bool) {
	head := strings.Repeat(" ", indent)
	if it.label != "" {
		*lines = append(*lines, head+it.label)
		indent += 2
		head = strings.Repeat(" ", indent)
	}
	in := indent
	if !root {
		head += "->  "
		in += 4
	}
	line := head + it.title
	if o.Costs {
		line += fmt.Sprintf("  (cost=%.2f..%.2f rows=%.0f width=%d)", it.est.Startup, it.est.Total, rows(it.est.Rows), it.est.Width)
	}
	if o.Analyze {
		switch s := it.stats; {
		case s == nil || s.Loops == 0:
			line += " (never executed)"
		case o.Timing:
			n := float64(s.Loops)
			line += fmt.Sprintf(" (actual time=%.3f..%.3f rows=%.0f loops=%d)", ms(s.Startup)/n, ms(s.Total)/n, float64(s.Rows)/n, s.Loops)
		default:
			line += fmt.Sprintf(" (actual rows=%.0f loops=%d)", float64(s.Rows)/float64(s.Loops), s.Loops)
		}
	}
	*lines = append(*lines, line)
	pad := strings.Repeat(" ", in+2)
	for _, p := range it.props {
		*lines = append(*lines, fmt.Sprintf("%s%s: %v", pad, p.key, p.val))
	}
	for _, k := range it.kids {
		writeText(lines, k, o, in+2, false)
	}
}

// JSON is EXPLAIN (FORMAT JSON)'s one value.
func JSON(p *plan.Physical, o Options, env *types.Env, run Run) string {
	var b bytes.Buffer
	b.WriteString("[\n  {\n    \"Plan\": ")
	writeJSON(&b, show(p, o, env, run), o, 4)
	if o.Summary {
		fmt.Fprintf(&b, ",\n    \"Planning Time\": %.3f", ms(run.Planning))
		if o.Analyze {
			b.WriteString(",\n    \"Triggers\": [\n    ]")
			fmt.Fprintf(&b, ",\n    \"Execution Time\": %.3f", ms(run.Execution))
		}
	}
	b.WriteString("\n  }\n]")
	return b.String()
}

func writeJSON(b *bytes.Buffer, it *item, o Options, indent int) {
	pad := strings.Repeat(" ", indent+2)
	b.WriteString("{\n")
	first := true
	put := func(key, val string) {
		if !first {
			b.WriteString(",\n")
		}
		first = false
		fmt.Fprintf(b, "%s%s: %s", pad, quote(key), val)
	}
	put("Node Type", quote(it.kind))
	if it.rel != "" {
		put("Parent Relationship", quote(it.rel))
	}
	if it.label != "" {
		put("Subplan Name", quote(it.label))
	}
	put("Parallel Aware", "false")
	put("Async Capable", "false")
	for _, f := range it.facts {
		put(f.key, value(f.val))
	}
	if o.Costs {
		put("Startup Cost", fmt.Sprintf("%.2f", it.est.Startup))
		put("Total Cost", fmt.Sprintf("%.2f", it.est.Total))
		put("Plan Rows", fmt.Sprintf("%.0f", rows(it.est.Rows)))
		put("Plan Width", strconv.Itoa(it.est.Width))
	}
	if o.Analyze && it.stats != nil {
		n := float64(max(1, it.stats.Loops))
		if o.Timing {
			put("Actual Startup Time", fmt.Sprintf("%.3f", ms(it.stats.Startup)/n))
			put("Actual Total Time", fmt.Sprintf("%.3f", ms(it.stats.Total)/n))
		}
		put("Actual Rows", fmt.Sprintf("%.0f", float64(it.stats.Rows)/n))
		put("Actual Loops", strconv.FormatInt(it.stats.Loops, 10))
	}
	for _, p := range it.props {
		switch p.key {
		case "Sort Key", "Presorted Key", "Group Key":
			put(p.key, "["+quote(p.val.(string))+"]")
		default:
			put(p.key, value(p.val))
		}
	}
	if len(it.kids) > 0 {
		b.WriteString(",\n" + pad + "\"Plans\": [\n")
		for i, k := range it.kids {
			if i > 0 {
				b.WriteString(",\n")
			}
			b.WriteString(pad + "  ")
			writeJSON(b, k, o, indent+4)
		}
		b.WriteString("\n" + pad + "]")
	}
	b.WriteString("\n" + strings.Repeat(" ", indent) + "}")
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string always encodes.
	_ = e.Encode(s)
	return strings.TrimRight(b.String(), "\n")
}

func value(v any) string {
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case string:
		return quote(x)
	}
	return quote(fmt.Sprint(v))
}
