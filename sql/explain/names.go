package explain

import (
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// names knows what the columns of a plan stand for.
type names struct {
	env    *types.Env
	prefix bool // more than one relation: columns are qualified
	base   map[plan.ColID]string
	exprs  map[plan.ColID]plan.Expr
	calls  map[plan.ColID]*plan.WindowCall
	busy   map[plan.ColID]bool
	subs   map[*plan.Subquery]*subplan
	order  []*subplan
	node   *item // the node whose expressions are printed
}

// subplan is a subquery of an expression, as PostgreSQL numbers them.
type subplan struct {
	n    int
	q    *plan.Subquery
	init bool
}

// learn walks the plan and notes every column.
func (ns *names) learn(n plan.Node, rels *int) {
	scan := func(alias string, out []plan.Col) {
		*rels++
		for _, c := range out {
			name := ruleutils.QuoteIdent(c.Name)
			if alias != "" {
				name = ruleutils.QuoteIdent(alias) + "." + name
			}
			ns.base[c.ID] = name
		}
	}
	pairs := func(es []plan.Expr, out []plan.Col) {
		for i, e := range es {
			if r, ok := e.(*plan.ColRef); (!ok || r.Col != out[i].ID) && ns.exprs[out[i].ID] == nil {
				ns.exprs[out[i].ID] = e
			}
		}
	}
	for _, e := range nodeExprs(n) {
		plan.WalkExpr(e, func(e plan.Expr) bool {
			if s, ok := e.(*plan.Subquery); ok && s.Plan != nil {
				ns.learn(s.Plan, rels)
			}
			return true
		})
	}
	switch x := n.(type) {
	case *plan.TableScan:
		scan(x.Alias, x.All)
	case *plan.VirtualTableScan:
		scan(x.Alias, x.Out)
	case *plan.FunctionScan:
		scan(x.Alias, x.Out)
	case *plan.CTEScanNode:
		scan(x.Alias, x.Out)
	case *plan.WorkTableScan:
		scan(x.CTE.Name, x.Out)
	case *plan.ValuesScan:
		scan("*VALUES*", x.Out)
	case *plan.Result:
		pairs(x.Exprs, x.Out)
	case *plan.ProjectSetNode:
		pairs(x.Exprs, x.Out)
	case *plan.Agg:
		for i, a := range x.Aggs {
			ns.exprs[x.Out[len(x.GroupBy)+i].ID] = a
		}
		for i, g := range x.GroupBy {
			if g.ID != x.GroupIn[i] {
				ns.exprs[g.ID] = &plan.ColRef{Col: x.GroupIn[i], Name: g.Name, T: g.T}
			}
		}
	case *plan.WindowAgg:
		out := x.Out[len(x.Out)-len(x.Calls):]
		for i, c := range x.Calls {
			ns.calls[out[i].ID] = c
		}
	case *plan.Append:
		if len(x.In) > 0 && !x.Inherit {
			for i, c := range x.In[0].Cols() {
				ns.exprs[x.Out[i].ID] = &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
			}
		}
	case *plan.HashSetOp:
		for i, c := range x.L.Cols() {
			ns.exprs[x.Out[i].ID] = &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
		}
	}
	for _, in := range inputs(n) {
		ns.learn(in, rels)
	}
}

// rename gives columns the name of one of the tables that produce them.
func (ns *names) rename(alias string, cols []plan.Col) {
	for _, c := range cols {
		if old, ok := ns.base[c.ID]; ok {
			_, name, _ := strings.Cut(old, ".")
			if name == "" {
				name = old
			}
			ns.base[c.ID] = ruleutils.QuoteIdent(alias) + "." + name
		}
	}
}

// inputs are the direct inputs of a node, CTEs' plans included.
func inputs(n plan.Node) []plan.Node {
	switch x := n.(type) {
	case *plan.Result:
		if x.In != nil {
			return []plan.Node{x.In}
		}
	case *plan.ProjectSetNode:
		return []plan.Node{x.In}
	case *plan.NestLoop:
		return []plan.Node{x.Outer, x.Inner}
	case *plan.HashJoin:
		return []plan.Node{x.Outer, x.Inner}
	case *plan.MergeJoin:
		return []plan.Node{x.Outer, x.Inner}
	case *plan.Agg:
		return []plan.Node{x.In}
	case *plan.WindowAgg:
		return []plan.Node{x.In}
	case *plan.SortNode:
		return []plan.Node{x.In}
	case *plan.UniqueNode:
		return []plan.Node{x.In}
	case *plan.HashDistinct:
		return []plan.Node{x.In}
	case *plan.LimitNode:
		return []plan.Node{x.In}
	case *plan.Append:
		return x.In
	case *plan.HashSetOp:
		return []plan.Node{x.L, x.R}
	case *plan.Materialize:
		return []plan.Node{x.In}
	case *plan.WithNode:
		return append(x.Plans[:len(x.Plans):len(x.Plans)], x.In)
	case *plan.RecursiveUnionNode:
		return []plan.Node{x.Base, x.Step}
	case *plan.LockRowsNode:
		return []plan.Node{x.In}
	case *plan.Modify:
		return []plan.Node{x.In}
	case *plan.Columnar:
		return []plan.Node{x.Fallback}
	}
	return nil
}

// nodeExprs are the expressions that a node evaluates.
func nodeExprs(n plan.Node) []plan.Expr {
	var out []plan.Expr
	add := func(es ...plan.Expr) {
		for _, e := range es {
			if e != nil {
				out = append(out, e)
			}
		}
	}
	switch x := n.(type) {
	case *plan.TableScan:
		add(x.Conds...)
		add(x.Filter...)
		if x.Sample != nil {
			add(x.Sample.Percent, x.Sample.Repeatable)
		}
		if x.Near != nil {
			add(x.Near.Order)
		}
	case *plan.VirtualTableScan:
		add(x.Filter...)
	case *plan.ValuesScan:
		for _, r := range x.Rows {
			add(r...)
		}
	case *plan.FunctionScan:
		for _, f := range x.Funcs {
			add(f.Call)
		}
	case *plan.Result:
		add(x.Filter...)
		add(x.Exprs...)
	case *plan.ProjectSetNode:
		add(x.Exprs...)
	case *plan.NestLoop:
		add(x.On...)
	case *plan.HashJoin:
		add(x.OuterKeys...)
		add(x.InnerKeys...)
		add(x.On...)
	case *plan.MergeJoin:
		add(x.On...)
	case *plan.Agg:
		for _, a := range x.Aggs {
			add(a)
		}
		add(x.Having...)
	case *plan.WindowAgg:
		for _, c := range x.Calls {
			add(c)
		}
	case *plan.LimitNode:
		add(x.Count, x.Offset)
	case *plan.CTEScanNode:
		add(x.Filter...)
	case *plan.Modify:
		switch {
		case x.Insert != nil:
			add(x.Insert.Returning...)
			for _, e := range x.Insert.Defaults {
				add(e)
			}
		case x.Update != nil:
			for _, s := range x.Update.Set {
				add(s.Expr)
			}
			add(x.Update.Returning...)
		case x.Delete != nil:
			add(x.Delete.Returning...)
		}
	}
	return out
}

// column prints a column as what it stands for.
func (ns *names) column(r *plan.ColRef) string {
	if r.Col == subqueryCol {
		return r.Name
	}
	if s, ok := ns.base[r.Col]; ok {
		if !ns.prefix {
			if _, name, found := strings.Cut(s, "."); found {
				return name
			}
		}
		return s
	}
	if c, ok := ns.calls[r.Col]; ok {
		return "(" + ruleutils.WindowCall(c, ns.options()) + " OVER (?))"
	}
	if e, ok := ns.exprs[r.Col]; ok && !ns.busy[r.Col] {
		ns.busy[r.Col] = true
		defer delete(ns.busy, r.Col)
		if ref, ok := e.(*plan.ColRef); ok {
			return ns.column(ref)
		}
		s := ns.expr(e)
		if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
			return s
		}
		if _, ok := e.(*plan.Const); ok {
			return s
		}
		return "(" + s + ")"
	}
	return ruleutils.QuoteIdent(r.Name)
}

func (ns *names) options() *ruleutils.Options {
	return &ruleutils.Options{Env: ns.env, Column: ns.column, Subquery: ns.subquery}
}

// subqueryCol is the column that stands for a subquery while an expression is printed: its name is the text.
const subqueryCol plan.ColID = -1

// expr prints an expression with its subqueries as $0 and (SubPlan 1), whatever their kind.
func (ns *names) expr(e plan.Expr) string {
	e = plan.MapExpr(e, func(e plan.Expr) plan.Expr {
		if s, ok := e.(*plan.Subquery); ok {
			return &plan.ColRef{Col: subqueryCol, Name: ns.subquery(s, 0), T: s.T}
		}
		return e
	})
	s, err := ruleutils.Expr(e, ns.options())
	if err != nil {
		return "???"
	}
	return s
}

// subquery numbers a subquery and hangs it below the node at hand.
func (ns *names) subquery(q *plan.Subquery, _ int) string {
	s := ns.subs[q]
	if s == nil {
		s = &subplan{n: len(ns.order) + 1, q: q, init: len(q.Params) == 0 && q.Test == nil}
		ns.subs[q] = s
		ns.order = append(ns.order, s)
		if q.Choice {
			// PostgreSQL numbers both ways, the hashed one second.
			ns.order = append(ns.order, nil)
			if len(q.Params) == 0 {
				s.n++
			}
		}
		if ns.node != nil && q.Plan != nil {
			ns.node.subs = append(ns.node.subs, s)
		}
	}
	if s.init {
		return "$" + itoa(s.n-1)
	}
	if len(q.Params) == 0 {
		return "(hashed SubPlan " + itoa(s.n) + ")"
	}
	return "(SubPlan " + itoa(s.n) + ")"
}

// conds prints a conjunction.
func (ns *names) conds(es []plan.Expr) string {
	if len(es) == 0 {
		return ""
	}
	if len(es) == 1 {
		return ns.expr(es[0])
	}
	return ns.expr(&plan.BoolOp{Kind: plan.And, Args: es})
}

func (ns *names) keys(keys []plan.SortKey) list {
	out := make(list, len(keys))
	for i, k := range keys {
		out[i] = ns.column(&plan.ColRef{Col: k.Col, T: k.T}) + ruleutils.OrderSuffix(k.Desc, k.NullsFirst)
	}
	return out
}

func (ns *names) ids(ids []plan.ColID) list {
	out := make(list, len(ids))
	for i, id := range ids {
		out[i] = ns.column(&plan.ColRef{Col: id})
	}
	return out
}
