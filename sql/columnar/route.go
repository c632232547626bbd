package columnar

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
)

// Options of Route.
type Options struct {
	// Rows estimates the rows of a table.
	Rows func(t *catalog.Table) float64
}

// Route puts plan.Columnar nodes in the place of the largest fragments of a plan that can run over the columnar shape,
// and changes its other nodes to hold them. Whether a fragment runs there is decided when it is started. The reason,
// "" where there is none, says what kept the first candidate out, which is the largest.
func Route(p *plan.Physical, o Options) (reason string) {
	r := router{o: o, ordered: p.Ordered}
	r.visit(&p.Root)
	return r.reason
}

type router struct {
	o       Options
	ordered map[plan.Node][]plan.SortKey
	reason  string
}

func (r *router) visit(n *plan.Node) {
	if candidate(*n) {
		if f := r.fragment(*n); f != nil {
			*n = f
			r.subqueries(f.Params)
			return
		}
	}
	r.subqueries(exprs(*n))
	if r.ordered[*n] != nil {
		return // what is below gives the order
	}
	for _, c := range children(*n) {
		r.visit(c)
	}
}

// subqueries visits those that are evaluated once.
func (r *router) subqueries(es []plan.Expr) {
	for _, e := range es {
		plan.WalkExpr(e, func(e plan.Expr) bool {
			if s, ok := e.(*plan.Subquery); ok && s.Plan != nil && len(s.Params) == 0 {
				r.visit(&s.Plan)
			}
			return true
		})
	}
}

// candidate reports a node that may be cheaper over columns: it reads much and gives little.
func candidate(n plan.Node) bool {
	switch x := n.(type) {
	case *plan.Agg, *plan.HashDistinct, *plan.UniqueNode, *plan.HashSetOp, *plan.WindowAgg:
		return true
	case *plan.Result:
		if _, call := deltaCall(x.In); call != nil {
			return len(x.Filter) > 0
		}
		return x.In != nil && candidate(x.In)
	case *plan.VirtualTableScan:
		return Outside(x.Table) && len(x.Filter) > 0
	case *plan.SortNode:
		return x.Limit != nil || candidate(x.In)
	case *plan.LimitNode:
		if _, ok := x.In.(*plan.SortNode); ok {
			return true
		}
		return candidate(x.In)
	case *plan.WithNode:
		return candidate(x.In)
	case *plan.TableScan:
		return len(x.Filter) > 0 && len(x.Eq) == 0 && x.EqAny == nil && x.Lo == nil && x.Hi == nil
	case *plan.HashJoin, *plan.MergeJoin, *plan.NestLoop, *plan.Append:
		return true
	}
	return false
}

// sorted is an input whose order counts: only one that a sort gives can be had from a fragment.
func sorted(in *plan.Node) []*plan.Node {
	if s, ok := (*in).(*plan.SortNode); ok && s.Presorted == 0 {
		return []*plan.Node{in}
	}
	return nil
}

// children are the inputs that are read once per execution: not the inner side of a nested loop.
func children(n plan.Node) []*plan.Node {
	switch x := n.(type) {
	case *plan.Result:
		if x.In != nil {
			return []*plan.Node{&x.In}
		}
	case *plan.ProjectSetNode:
		return []*plan.Node{&x.In}
	case *plan.NestLoop:
		if m, ok := x.Inner.(*plan.Materialize); ok {
			return []*plan.Node{&x.Outer, &m.In}
		}
		return []*plan.Node{&x.Outer}
	case *plan.HashJoin:
		return []*plan.Node{&x.Outer, &x.Inner}
	case *plan.MergeJoin:
		return append(sorted(&x.Outer), sorted(&x.Inner)...)
	case *plan.Agg:
		if x.Strategy == plan.AggSorted || x.Strategy == plan.AggMixed {
			return sorted(&x.In)
		}
		return []*plan.Node{&x.In}
	case *plan.SortNode:
		if x.Presorted > 0 {
			return nil
		}
		return []*plan.Node{&x.In}
	case *plan.HashDistinct:
		return []*plan.Node{&x.In}
	case *plan.LimitNode:
		return []*plan.Node{&x.In}
	case *plan.WindowAgg:
		return sorted(&x.In)
	case *plan.UniqueNode:
		return sorted(&x.In)
	case *plan.Append:
		out := make([]*plan.Node, len(x.In))
		for i := range x.In {
			out[i] = &x.In[i]
		}
		return out
	case *plan.HashSetOp:
		return []*plan.Node{&x.L, &x.R}
	case *plan.Materialize:
		return []*plan.Node{&x.In}
	case *plan.WithNode:
		out := []*plan.Node{&x.In}
		for i := range x.Plans {
			out = append(out, &x.Plans[i])
		}
		return out
	case *plan.Modify:
		if x.Insert != nil && x.In != nil {
			return []*plan.Node{&x.In}
		}
	}
	return nil
}

// exprs are the conditions and columns that a node computes.
func exprs(n plan.Node) []plan.Expr {
	switch x := n.(type) {
	case *plan.TableScan:
		return x.Filter
	case *plan.Result:
		return append(append([]plan.Expr(nil), x.Filter...), x.Exprs...)
	case *plan.ProjectSetNode:
		return x.Exprs
	case *plan.NestLoop:
		return x.On
	case *plan.HashJoin:
		return x.On
	case *plan.Agg:
		return x.Having
	case *plan.CTEScanNode:
		return x.Filter
	}
	return nil
}

func (r *router) fragment(n plan.Node) *plan.Columnar {
	c := &compiler{o: r.o, ordered: r.ordered}
	f, ok := c.compile(n)
	if !ok {
		if r.reason == "" {
			r.reason = c.reason
		}
		return nil
	}
	if f != nil && c.narrow {
		w := &compiler{o: r.o, ordered: r.ordered, wide: true}
		if g, ok := w.compile(n); ok && len(g.Params) == len(f.Params) {
			f.Wide, f.WideWith = g.SQL, g.With
		}
	}
	return f
}

// compile gives no fragment, and no reason, for what reads no table.
func (c *compiler) compile(n plan.Node) (*plan.Columnar, bool) {
	b, ok := c.node(n)
	if !ok {
		return nil, false
	}
	if len(c.tables) == 0 {
		return nil, true
	}
	if !slices.ContainsFunc(c.tables, func(t *catalog.Table) bool { return Shaped(t) || Outside(t) }) {
		c.no("a relation without columnar shape")
		return nil, false
	}
	return c.finish(n, b)
}
