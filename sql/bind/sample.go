package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/sampling"
	"github.com/tarndb/tarn/sql/types"
)

// tableSample is transformRangeTableSample.
func (b *binder) tableSample(s *expression.Scope, n *ast.RangeTableSample) (plan.Rel, []*expression.Item) {
	rv, ok := n.Relation.(*ast.RangeVar)
	if !ok {
		panic(pgerr.Internal("TABLESAMPLE of form %T", n.Relation))
	}
	it := b.rangeVar(s, rv)
	b.shapes.item(rv, it)
	if _, ok := it.Rel.(*plan.VirtualScan); ok {
		b.Unsupported(rv.Location, "TABLESAMPLE of what the server computes")
	}
	if _, ok := it.Rel.(*plan.Scan); !ok || !it.Table.LikeTable() && it.Table.Kind != catalog.RelMatView {
		b.Fail(pgerr.FeatureNotSupported, rv.Location, "TABLESAMPLE clause can only be applied to tables and materialized views")
	}
	name := lexicon.Names(n.Method)
	text := strings.Join(name, ".")
	x := &plan.Sample{Method: sampling.ParseMethod(name[len(name)-1])}
	if x.Method == sampling.None || len(name) > 1 && name[0] != "pg_catalog" {
		b.Fail(pgerr.UndefinedObject, n.Location, "tablesample method %s does not exist", text)
	}
	if len(n.Args) != 1 {
		b.Fail(pgerr.InvalidTablesampleArgument, n.Location, "tablesample method %s requires %d argument, not %d", text, 1, len(n.Args))
	}
	argument := func(e ast.Node, t types.OID, what string) plan.Expr {
		x := b.ToSpecific(b.ExprIn(s, e, expression.KindFromFunction), t, what)
		b.Collate(x)
		return x
	}
	x.Percent = argument(n.Args[0], types.Float4, "TABLESAMPLE")
	if n.Repeatable != nil {
		x.Repeatable = argument(n.Repeatable, types.Float8, "REPEATABLE")
	}
	if b.shapes != nil {
		b.shapes.samples[n] = x
	}
	return &plan.Filter{In: b.guarded(it.Rel), Conds: []plan.Expr{x.Cond(it.System(plan.RowLocAttNum))}}, []*expression.Item{it}
}

// sampleText prints the clause as pg_get_viewdef does.
func (d *deparser) sampleText(n *ast.RangeTableSample) {
	x := d.b.shapes.samples[n]
	d.put(" TABLESAMPLE ", x.Method.String(), " (", d.expr(x.Percent), ")")
	if x.Repeatable != nil {
		d.put(" REPEATABLE (", d.expr(x.Repeatable), ")")
	}
}
