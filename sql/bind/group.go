package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// groupStage builds the Aggregate of a query level and makes everything above it speak of its output
// (parseCheckAggregates): grouping expressions become its columns, any other column of the level is an error.
func (b *binder) groupStage(s *scope, rel plan.Rel, g *grouping, targets []*target, having plan.Expr) plan.Rel {
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
			c.ID = b.newCol()
			b.owner[c.ID] = s
			if o.table != 0 {
				b.origin[c.ID] = o
			}
		}
		agg.GroupBy = append(agg.GroupBy, c)
	}
	gr := &grouper{b: b, s: s, g: g, agg: agg}
	for i := range s.group {
		gr.groupingCall(&s.group[i])
	}
	for _, t := range targets {
		if i := g.of(t); i >= 0 && g.sets != nil {
			t.e = gr.out(i, b.locOf(t.e))
			continue
		}
		gr.rewrite(&t.e)
	}
	for i := range s.srfs {
		for j := range s.srfs[i].call.(*plan.FuncCall).Args {
			gr.rewrite(&s.srfs[i].call.(*plan.FuncCall).Args[j])
		}
	}
	for _, w := range s.windows {
		for i := range w.partition {
			gr.rewrite(&w.partition[i])
		}
		for i := range w.order {
			gr.rewrite(&w.order[i].t.e)
		}
		for _, c := range w.calls {
			exprChildren(c.call, func(p *plan.Expr) { gr.rewrite(p) })
		}
	}
	if having != nil {
		gr.rewrite(&having)
	}
	gr.direct = true
	for _, a := range s.aggs {
		for i := range a.agg.Direct {
			gr.rewrite(&a.agg.Direct[i])
		}
		agg.Aggs = append(agg.Aggs, a.agg)
		agg.AggOut = append(agg.AggOut, plan.Col{ID: a.id, Name: a.agg.Name, T: a.agg.T})
	}
	var out plan.Rel = agg
	if having != nil {
		out = &plan.Filter{In: out, Conds: conjuncts(having)}
	}
	return out
}

// of is the grouping expression that was taken from output column t; -1 none.
func (g *grouping) of(t *target) int {
	for i, have := range g.targets {
		if have == t {
			return i
		}
	}
	return -1
}

// groupSRFs runs the set-returning functions that are grouped by, below the Aggregate.
func (b *binder) groupSRFs(s *scope, rel plan.Rel, g *grouping) plan.Rel {
	if len(s.srfs) == 0 {
		return rel
	}
	need := map[plan.ColID]bool{}
	var mark func(e plan.Expr)
	mark = func(e plan.Expr) {
		walkExpr(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.ColRef); ok && !need[c.Col] {
				if d := b.derived[c.Col]; d != nil && d.kind == 's' && d.scope == s {
					need[c.Col] = true
					mark(d.def)
				}
			}
			return true
		})
	}
	for _, e := range g.exprs {
		mark(e)
	}
	var early, late []srfSlot
	for _, f := range s.srfs {
		if need[f.id] {
			early = append(early, f)
			delete(b.derived, f.id)
		} else {
			late = append(late, f)
		}
	}
	s.srfs = early
	rel = b.srfStage(s, rel)
	s.srfs = late
	return rel
}

// grouper rewrites expressions of one level to stand above its Aggregate.
type grouper struct {
	b   *binder
	s   *scope
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
	return gr.b.at(&plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}, loc)
}

func (gr *grouper) rewrite(p *plan.Expr) {
	if *p == nil {
		return
	}
	mapExpr(p, gr.replace)
}

func (gr *grouper) replace(e plan.Expr) (plan.Expr, bool) {
	b := gr.b
	switch v := e.(type) {
	case *plan.Const, *plan.Param:
		return e, true
	case *plan.ColRef:
		if b.owner[v.Col] != gr.s {
			return e, true
		}
		if d := b.derived[v.Col]; d != nil {
			if d.kind == 'g' && gr.agg.Sets == nil {
				return b.intConst(0), true
			}
			return e, true
		}
		for i, c := range gr.agg.GroupBy {
			if c.ID == v.Col {
				return gr.out(i, b.locOf(e)), true
			}
		}
	case *plan.Subquery:
		gr.sub++
		mapExpr(&v.Test, gr.replace)
		mapRel(v.Rel, gr.replace)
		gr.sub--
		return e, true
	}
	for i, x := range gr.g.exprs {
		if equal(x, e) {
			return gr.out(i, b.locOf(e)), true
		}
	}
	if c, ok := e.(*plan.ColRef); ok {
		return gr.ungrouped(c), true
	}
	return nil, false
}

// ungrouped handles a column that is no grouping expression: it may depend on a grouped primary key.
func (gr *grouper) ungrouped(c *plan.ColRef) plan.Expr {
	b := gr.b
	it := b.items[c.Col]
	if it != nil && it.table != nil && gr.keyGrouped(it) {
		in := plan.Col{ID: c.Col, Name: c.Name, T: c.T}
		out := in
		if gr.agg.Sets != nil {
			out.ID = b.newCol()
			b.owner[out.ID] = gr.s
		}
		gr.agg.GroupIn = append(gr.agg.GroupIn, in.ID)
		gr.agg.GroupBy = append(gr.agg.GroupBy, out)
		gr.g.exprs = append(gr.g.exprs, c)
		for i := range gr.agg.Sets {
			gr.agg.Sets[i] = append(gr.agg.Sets[i], len(gr.agg.GroupBy)-1)
		}
		return gr.out(len(gr.agg.GroupBy)-1, b.locOf(c))
	}
	name := c.Name
	if it != nil {
		for _, col := range it.cols {
			if ref, ok := col.ref().(*plan.ColRef); ok && ref.Col == c.Col {
				name = col.name
				break
			}
		}
		if it.alias != "" {
			name = it.alias + "." + name
		}
	}
	if gr.sub > 0 {
		b.Fail(pgerr.GroupingError, b.locOf(c), "subquery uses ungrouped column \"%s\" from outer query", name)
	}
	e := b.Err(pgerr.GroupingError, b.locOf(c), "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function", name)
	if gr.direct {
		e = e.WithDetail("Direct arguments of an ordered-set aggregate must use only grouped columns.")
	}
	panic(e)
}

// keyGrouped: the primary key of the item's table is among the columns of every grouping set.
func (gr *grouper) keyGrouped(it *nsItem) bool {
	scan, ok := it.rel.(*plan.Scan)
	if !ok {
		return false
	}
	pk := it.table.PrimaryIndex()
	if pk == nil {
		return false
	}
	for _, con := range it.table.Constraints {
		if con.Index == pk.OID && con.Deferrable {
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
func (gr *grouper) groupingCall(slot *groupingSlot) {
	call := slot.call
	call.Cols = nil
	for _, a := range slot.args {
		at := -1
		for i, x := range gr.g.exprs {
			if equal(x, a) {
				at = i
			}
		}
		if at < 0 {
			gr.b.Fail(pgerr.GroupingError, gr.b.locOf(a), "arguments to GROUPING must be grouping expressions of the associated query level")
		}
		call.Cols = append(call.Cols, gr.agg.GroupBy[at].ID)
	}
	if gr.agg.Sets != nil {
		gr.agg.Groupings = append(gr.agg.Groupings, call)
		gr.agg.GroupOut = append(gr.agg.GroupOut, plan.Col{ID: slot.id, Name: "grouping", T: plan.Type{OID: types.Int4, Mod: -1}})
	}
}
