package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Tarn's functions that decide whether a row is in a sample (tarn_proc.tsv).
const (
	procSampleBernoulli types.OID = 9105
	procSampleSystem    types.OID = 9106
	procSampleSeed      types.OID = 9107
)

// sample is TABLESAMPLE: a condition on where a row stands, so that it is the same rows wherever in the plan it is asked.
type sample struct {
	method      string
	percent     plan.Expr
	repeatable  plan.Expr // nil: another sample each time
	conditioned plan.Expr
}

// tableSample is transformRangeTableSample.
func (b *binder) tableSample(s *expression.Scope, n *ast.RangeTableSample) (plan.Rel, []*expression.Item) {
	rv, ok := n.Relation.(*ast.RangeVar)
	if !ok {
		panic(pgerr.Internal("TABLESAMPLE of form %T", n.Relation))
	}
	it := b.rangeVar(s, rv)
	b.shapes.item(rv, it)
	if it.Table == nil || it.Table.Virtual || !it.Table.LikeTable() && it.Table.Kind != catalog.RelMatView || b.shapes != nil && b.shapes.ctes[rv] {
		b.Fail(pgerr.WrongObjectType, rv.Location, "TABLESAMPLE clause can only be applied to tables and materialized views")
	}
	name := lexicon.Names(n.Method)
	x := &sample{method: name[len(name)-1]}
	proc := map[string]types.OID{"bernoulli": procSampleBernoulli, "system": procSampleSystem}[x.method]
	if proc == 0 || len(name) > 1 && name[0] != "pg_catalog" {
		b.Fail(pgerr.UndefinedObject, n.Location, "tablesample method %s does not exist", strings.Join(name, "."))
	}
	if len(n.Args) != 1 {
		b.Fail(pgerr.InvalidTablesampleArgument, n.Location, "tablesample method %s requires %d argument, not %d", strings.Join(name, "."), 1, len(n.Args))
	}
	argument := func(e ast.Node, t types.OID, what string) plan.Expr {
		x := b.ToSpecific(b.ExprIn(s, e, expression.KindFromFunction), t, what)
		b.Collate(x)
		return x
	}
	x.percent = argument(n.Args[0], types.Float4, "TABLESAMPLE")
	var seed plan.Expr = &plan.FuncCall{Proc: procSampleSeed, Name: "sample_seed", T: b.PlanType(types.Float8, -1)}
	if n.Repeatable != nil {
		x.repeatable = argument(n.Repeatable, types.Float8, "REPEATABLE")
		seed = x.repeatable
	}
	x.conditioned = &plan.FuncCall{Proc: proc, Name: "sample_" + x.method, T: b.PlanType(types.Bool, -1),
		Args: []plan.Expr{it.System(plan.RowLocAttNum), x.percent, seed}}
	if b.shapes != nil {
		b.shapes.samples[n] = x
	}
	return &plan.Filter{In: b.guarded(it.Rel), Conds: []plan.Expr{x.conditioned}}, []*expression.Item{it}
}

// sampleText prints the clause as pg_get_viewdef does.
func (d *deparser) sampleText(n *ast.RangeTableSample) {
	x := d.b.shapes.samples[n]
	d.put(" TABLESAMPLE ", x.method, " (", d.shown(x.percent), ")")
	if x.repeatable != nil {
		d.put(" REPEATABLE (", d.shown(x.repeatable), ")")
	}
}
