package columnar

import (
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// withNode makes the CTEs of a query parts of the fragment.
func (c *compiler) withNode(x *plan.WithNode) (*block, bool) {
	if len(c.scopes) > 0 {
		return c.refuse("WITH in a correlated subquery")
	}
	if c.ctes == nil {
		c.ctes = map[*plan.CTE]*cte{}
	}
	for i, e := range x.CTEs {
		b, ok := c.unordered(x.Plans[i])
		if !ok {
			return nil, false
		}
		w := &cte{name: c.name("w")}
		l := newList(w.name)
		for _, o := range x.Plans[i].Cols() {
			v, ok := c.column(b, o.ID)
			if !ok || v.typ == types.Numeric && v.p == 0 {
				return c.refuse("a CTE with a column of type " + typeName(o.T.OID))
			}
			l.add(o.ID, v)
			w.cols = append(w.cols, l.cols[o.ID])
		}
		c.with = append(c.with, w.name+" AS MATERIALIZED (SELECT "+l.String()+" FROM "+b.from+b.tail()+")")
		c.ctes[e] = w
	}
	return c.node(x.In)
}

func (c *compiler) cteScan(x *plan.CTEScanNode) (*block, bool) {
	w := c.ctes[x.CTE]
	if w == nil {
		return c.refuse("a CTE outside of the fragment")
	}
	alias := c.name("s")
	b := &block{cols: map[plan.ColID]value{}, from: w.name + " " + alias}
	move := func(s string) string {
		if s == "" {
			return ""
		}
		return alias + strings.TrimPrefix(s, w.name)
	}
	if len(x.Out) > len(w.cols) {
		return c.refuse("a column of a CTE")
	}
	for i, o := range x.Out {
		v := w.cols[i]
		v.sql, v.scale = move(v.sql), move(v.scale)
		if v.divisor != nil {
			d := *v.divisor
			d.sql = move(d.sql)
			v.divisor = &d
		}
		b.cols[o.ID] = v
	}
	return b, c.where(b, x.Filter)
}

// readsCTE reports a subquery that reads a CTE, while the fragment has some: it has no value outside of the fragment.
func (c *compiler) readsCTE(r plan.Rel) (found bool) {
	if len(c.ctes) == 0 {
		return false
	}
	var walk func(r plan.Rel)
	walk = func(r plan.Rel) {
		if _, ok := r.(*plan.CTEScan); ok {
			found = true
		}
		plan.RelExprs(r, func(e plan.Expr) {
			plan.WalkExpr(e, func(e plan.Expr) bool {
				if s, ok := e.(*plan.Subquery); ok {
					walk(s.Rel)
				}
				return true
			})
		})
		for _, in := range plan.Inputs(r) {
			walk(in)
		}
	}
	walk(r)
	return found
}
