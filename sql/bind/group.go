package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// groupStage builds the Aggregate of a query level and makes everything above it speak of its output
// (parseCheckAggregates): grouping expressions become its columns, any other column of the level is an error.
func (b *binder) groupStage(s *expression.Scope, rel plan.Rel, g *grouping, targets []*expression.Target, having plan.Expr) plan.Rel {
	if g == nil {
		g = &grouping{}
	}
	rel = b.groupSRFs(s, rel, g)
	var cols []plan.Col
	rel, cols = b.withColumns(s, rel, g.exprs)
	agg := &plan.Aggregate{In: rel, Sets: g.sets}
	for _, c := range cols {
		agg.GroupIn = append(agg.GroupIn, c.ID)
		if g.sets != nil {
			o := b.origin[c.ID]
			c.ID = b.NewCol()
			b.Owner[c.ID] = s
			if o.table != 0 {
				b.origin[c.ID] = o
			}
		}
		agg.GroupBy = append(agg.GroupBy, c)
	}
	gr := &grouper{b: b, s: s, g: g, agg: agg}
	for i := range s.Group {
		gr.groupingCall(&s.Group[i])
	}
	for _, t := range targets {
		if i := g.of(t); i >= 0 && g.sets != nil {
			t.Expr = gr.out(i, b.LocOf(t.Expr))
			continue
		}
		gr.rewrite(&t.Expr)
	}
	for i := range s.SRFs {
		for j := range s.SRFs[i].Call.(*plan.FuncCall).Args {
			gr.rewrite(&s.SRFs[i].Call.(*plan.FuncCall).Args[j])
		}
	}
	for _, w := range s.Windows {
		for i := range w.Partition {
			gr.rewrite(&w.Partition[i])
		}
		for i := range w.Order {
			gr.rewrite(&w.Order[i].Target.Expr)
		}
		for _, c := range w.Calls {
			tree.ExprChildren(c.Call, func(p *plan.Expr) { gr.rewrite(p) })
		}
	}
	if having != nil {
		gr.rewrite(&having)
	}
	gr.direct = true
	for _, a := range s.Aggs {
		for i := range a.Agg.Direct {
			gr.rewrite(&a.Agg.Direct[i])
		}
		agg.Aggs = append(agg.Aggs, a.Agg)
		agg.AggOut = append(agg.AggOut, plan.Col{ID: a.ID, Name: a.Agg.Name, T: a.Agg.T})
	}
	var out plan.Rel = agg
	if having != nil {
		out = &plan.Filter{In: out, Conds: conjuncts(having)}
	}
	return out
}

// of is the grouping expression that was taken from output column t; -1 none.
func (g *grouping) of(t *expression.Target) int {
	for i, have := range g.targets {
		if have == t {
			return i
		}
	}
	return -1
}

// groupSRFs runs the set-returning functions that are grouped by, below the Aggregate.
func (b *binder) groupSRFs(s *expression.Scope, rel plan.Rel, g *grouping) plan.Rel {
	if len(s.SRFs) == 0 {
		return rel
	}
	need := map[plan.ColID]bool{}
	var mark func(e plan.Expr)
	mark = func(e plan.Expr) {
		tree.WalkExpr(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.ColRef); ok && !need[c.Col] {
				if d := b.Derived[c.Col]; d != nil && d.Kind == 's' && d.Scope == s {
					need[c.Col] = true
					mark(d.Def)
				}
			}
			return true
		})
	}
	for _, e := range g.exprs {
		mark(e)
	}
	var early, late []expression.SRFSlot
	for _, f := range s.SRFs {
		if need[f.ID] {
			early = append(early, f)
			delete(b.Derived, f.ID)
		} else {
			late = append(late, f)
		}
	}
	s.SRFs = early
	rel = b.srfStage(s, rel)
	s.SRFs = late
	return rel
}

// grouper rewrites expressions of one level to stand above its Aggregate.
type grouper struct {
	b   *binder
	s   *expression.Scope
	g   *grouping
	agg *plan.Aggregate
	sub int // nesting in subqueries
	// direct: the expression is a direct argument of an ordered-set aggregate, which stands beside the groups.
	direct bool
}

func (gr *grouper) out(i int, loc int32) plan.Expr {
	c := gr.agg.GroupBy[i]
	if gr.direct {
		c.ID = gr.agg.GroupIn[i]
	}
	return gr.b.At(&plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}, loc)
}

func (gr *grouper) rewrite(p *plan.Expr) {
	if *p == nil {
		return
	}
	tree.MapExpr(p, gr.replace)
}

func (gr *grouper) replace(e plan.Expr) (plan.Expr, bool) {
	b := gr.b
	switch v := e.(type) {
	case *plan.Const, *plan.Param:
		return e, true
	case *plan.ColRef:
		if b.Owner[v.Col] != gr.s {
			return e, true
		}
		if d := b.Derived[v.Col]; d != nil {
			if d.Kind == 'g' && gr.agg.Sets == nil {
				return b.IntConst(0), true
			}
			return e, true
		}
		for i, c := range gr.agg.GroupBy {
			if c.ID == v.Col {
				return gr.out(i, b.LocOf(e)), true
			}
		}
	case *plan.Subquery:
		if i := gr.grouped(e); i >= 0 && gr.sub == 0 {
			return gr.out(i, b.LocOf(e)), true
		}
		gr.sub++
		tree.MapExpr(&v.Test, gr.replace)
		tree.MapRel(v.Rel, gr.replace)
		gr.sub--
		return e, true
	}
	if i := gr.grouped(e); i >= 0 {
		return gr.out(i, b.LocOf(e)), true
	}
	if c, ok := e.(*plan.ColRef); ok {
		return gr.ungrouped(c), true
	}
	return nil, false
}

// grouped is the grouping expression that e is; -1 none.
func (gr *grouper) grouped(e plan.Expr) int {
	return slices.IndexFunc(gr.g.exprs, func(x plan.Expr) bool { return tree.Equal(x, e) })
}

// ungrouped handles a column that is no grouping expression: it may depend on a grouped primary key.
func (gr *grouper) ungrouped(c *plan.ColRef) plan.Expr {
	b := gr.b
	it := b.items[c.Col]
	if it != nil && it.Table != nil && gr.keyGrouped(it) {
		in := plan.Col{ID: c.Col, Name: c.Name, T: c.T}
		out := in
		if gr.agg.Sets != nil {
			out.ID = b.NewCol()
			b.Owner[out.ID] = gr.s
		}
		gr.agg.GroupIn = append(gr.agg.GroupIn, in.ID)
		gr.agg.GroupBy = append(gr.agg.GroupBy, out)
		gr.g.exprs = append(gr.g.exprs, c)
		for i := range gr.agg.Sets {
			gr.agg.Sets[i] = append(gr.agg.Sets[i], len(gr.agg.GroupBy)-1)
		}
		return gr.out(len(gr.agg.GroupBy)-1, b.LocOf(c))
	}
	name := c.Name
	if it != nil {
		for _, col := range it.Cols {
			if ref, ok := col.Ref().(*plan.ColRef); ok && ref.Col == c.Col {
				name = col.Name
				break
			}
		}
		if it.Alias != "" {
			name = it.Alias + "." + name
		}
	}
	if gr.sub > 0 {
		b.Fail(pgerr.GroupingError, b.LocOf(c), "subquery uses ungrouped column \"%s\" from outer query", name)
	}
	e := b.Err(pgerr.GroupingError, b.LocOf(c), "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function", name)
	if gr.direct {
		e = e.WithDetail("Direct arguments of an ordered-set aggregate must use only grouped columns.")
	}
	panic(e)
}

// keyGrouped: the primary key of the item's table is among the columns of every grouping set.
func (gr *grouper) keyGrouped(it *expression.Item) bool {
	scan, ok := it.Rel.(*plan.Scan)
	if !ok {
		return false
	}
	pk := it.Table.PrimaryIndex()
	if pk == nil {
		return false
	}
	for _, con := range it.Table.Constraints {
		if con.Type == catalog.ConPrimary && con.Deferrable {
			return false
		}
	}
	for _, key := range pk.Keys {
		var id plan.ColID
		for _, c := range scan.Out {
			if c.AttNum == key.Att {
				id = c.ID
			}
		}
		if id == 0 {
			return false
		}
		pos := -1
		for i, in := range gr.agg.GroupIn {
			if in == id {
				pos = i
			}
		}
		if pos < 0 {
			return false
		}
		for _, set := range gr.agg.Sets {
			if !slices.Contains(set, pos) {
				return false
			}
		}
	}
	return true
}

// groupingCall finds the columns that a GROUPING(…) asks about.
func (gr *grouper) groupingCall(slot *expression.GroupingSlot) {
	call := slot.Call
	call.Cols = nil
	for _, a := range slot.Args {
		at := -1
		for i, x := range gr.g.exprs {
			if tree.Equal(x, a) {
				at = i
			}
		}
		if at < 0 {
			gr.b.Fail(pgerr.GroupingError, gr.b.LocOf(a), "arguments to GROUPING must be grouping expressions of the associated query level")
		}
		call.Cols = append(call.Cols, gr.agg.GroupBy[at].ID)
	}
	if gr.agg.Sets != nil {
		gr.agg.Groupings = append(gr.agg.Groupings, call)
		gr.agg.GroupOut = append(gr.agg.GroupOut, plan.Col{ID: slot.ID, Name: "grouping", T: plan.Type{OID: types.Int4, Mod: -1}})
	}
}
