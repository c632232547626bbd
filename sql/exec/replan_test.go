package exec_test

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// The optimizer picks one plan; these rewrites give others that mean the same, so that every operator answers every
// statement of the scripts.

// mapNode rebuilds a plan from the leaves up.
func mapNode(n plan.Node, f func(plan.Node) plan.Node) plan.Node {
	down := func(c plan.Node) plan.Node { return mapNode(c, f) }
	switch x := n.(type) {
	case *plan.Result:
		c := *x
		if c.In != nil {
			c.In = down(c.In)
		}
		n = &c
	case *plan.ProjectSetNode:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.NestLoop:
		c := *x
		c.Outer, c.Inner = down(c.Outer), down(c.Inner)
		n = &c
	case *plan.HashJoin:
		c := *x
		c.Outer, c.Inner = down(c.Outer), down(c.Inner)
		n = &c
	case *plan.MergeJoin:
		c := *x
		c.Outer, c.Inner = down(c.Outer), down(c.Inner)
		n = &c
	case *plan.Agg:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.WindowAgg:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.SortNode:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.UniqueNode:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.HashDistinct:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.LimitNode:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.Append:
		c := *x
		c.In = append([]plan.Node(nil), x.In...)
		for i := range c.In {
			c.In[i] = down(c.In[i])
		}
		n = &c
	case *plan.HashSetOp:
		c := *x
		c.L, c.R = down(c.L), down(c.R)
		n = &c
	case *plan.Materialize:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.WithNode:
		c := *x
		c.Plans = append([]plan.Node(nil), x.Plans...)
		for i := range c.Plans {
			c.Plans[i] = down(c.Plans[i])
		}
		c.In = down(c.In)
		n = &c
	case *plan.RecursiveUnionNode:
		c := *x
		c.Base, c.Step = down(c.Base), down(c.Step)
		n = &c
	case *plan.Modify:
		c := *x
		c.In = down(c.In)
		n = &c
	case *plan.LockRowsNode:
		c := *x
		c.In = down(c.In)
		n = &c
	}
	return f(n)
}

func sortBy(in plan.Node, ids []plan.ColID) plan.Node {
	var keys []plan.SortKey
	for _, id := range ids {
		for _, c := range in.Cols() {
			if c.ID == id {
				keys = append(keys, plan.SortKey{Col: id, T: c.T})
				break
			}
		}
	}
	return &plan.SortNode{In: in, Keys: keys}
}

func keyCols(es []plan.Expr) ([]plan.ColID, bool) {
	var out []plan.ColID
	for _, e := range es {
		r, ok := e.(*plan.ColRef)
		if !ok {
			return nil, false
		}
		out = append(out, r.Col)
	}
	return out, len(out) > 0
}

// sorted replaces what hashes by what sorts: merge joins, sorted aggregates, unique.
func sorted(n plan.Node) plan.Node {
	switch x := n.(type) {
	case *plan.HashJoin:
		o, ok1 := keyCols(x.OuterKeys)
		i, ok2 := keyCols(x.InnerKeys)
		if !ok1 || !ok2 || x.NullAware {
			return n
		}
		outer, inner := sortBy(x.Outer, o).(*plan.SortNode), sortBy(x.Inner, i).(*plan.SortNode)
		return &plan.MergeJoin{Est: x.Est, Kind: x.Kind, Outer: outer, Inner: inner, OuterKeys: outer.Keys, InnerKeys: inner.Keys, On: x.On, Out: x.Out}
	case *plan.Agg:
		if x.Strategy != plan.AggHashed || x.Sets != nil || len(x.GroupBy) == 0 {
			return n
		}
		c := *x
		c.Strategy, c.In = plan.AggSorted, sortBy(x.In, x.GroupIn)
		return &c
	case *plan.HashDistinct:
		return &plan.UniqueNode{Est: x.Est, In: sortBy(x.In, x.On), On: x.On}
	}
	return n
}

// looped replaces hash joins by nested loops whose inner side is remembered by the outer keys.
func looped(n plan.Node) plan.Node {
	x, ok := n.(*plan.HashJoin)
	if !ok || x.NullAware || x.Kind == plan.RightJoin || x.Kind == plan.FullJoin {
		return n
	}
	o, ok := keyCols(x.OuterKeys)
	if !ok {
		return n
	}
	var filter []plan.Expr
	for i := range x.OuterKeys {
		if x.OuterKeys[i].Type().OID != types.Int4 {
			return n
		}
		filter = append(filter, &plan.FuncCall{Proc: 65, Op: 96, Name: "=", Form: plan.CallOp, T: plan.Type{OID: types.Bool, Mod: -1},
			Args: []plan.Expr{x.OuterKeys[i], x.InnerKeys[i]}})
	}
	inner := &plan.Result{In: &plan.Materialize{In: x.Inner}, Filter: filter, Out: x.Inner.Cols()}
	return &plan.NestLoop{Est: x.Est, Kind: x.Kind, Outer: x.Outer, Inner: inner, On: x.On, Memoize: o, Out: x.Out}
}

// columnar puts a fragment around scans: no runner is there, so its fallback answers.
func columnar(n plan.Node) plan.Node {
	if x, ok := n.(*plan.TableScan); ok {
		for _, c := range x.Out {
			if c.AttNum <= 0 {
				return n
			}
		}
		return &plan.Columnar{Est: x.Est, Fallback: x, Out: x.Out}
	}
	return n
}
