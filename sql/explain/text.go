package explain

import (
	"fmt"
	"math"
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
	// Columnar tells the fragments that run over columns from those whose row form runs; nil: all do.
	Columnar func(*plan.Columnar) bool
	// Rows, unless "", is why no part of the plan can run over columns, for VERBOSE.
	Rows string
}

func show(p *plan.Physical, o Options, env *types.Env, run Run) *item {
	ns := &names{env: env, base: map[plan.ColID]string{}, exprs: map[plan.ColID]plan.Expr{}, calls: map[plan.ColID]*plan.WindowCall{}, busy: map[plan.ColID]bool{}, subs: map[*plan.Subquery]*subplan{}}
	rels := 0
	ns.learn(p.Root, &rels)
	ns.prefix = rels > 1 || o.Verbose
	t := &tree{ns: ns, opts: o, columnar: run.Columnar}
	if o.Analyze {
		t.stats = run.Nodes
	}
	it := t.node(p.Root)
	if o.Verbose {
		it.prop("Not Columnar", run.Rows)
	}
	return it
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
