// Package opt turns a bound statement into a physical plan. It decides how a statement runs and never what it means: every
// rewrite keeps rows, NULLs and errors as plan.Rel defines them.
//
// Conditions travel down: build(rel, conds) returns a node whose rows satisfy conds. A condition stops where it cannot go
// further without changing the answer (outer joins, limits, aggregates, volatile projections).
package opt

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
)

// Env is what planning depends on besides the statement.
type Env struct {
	Catalog *catalog.Catalog
	Stats   Stats
	// Bind gives stored index expressions and partial index predicates, bound over the columns of out.
	StoredExpr func(t *catalog.Table, sql string, out []plan.Col) (plan.Expr, error)
}

// Stats are what ANALYZE and the store know about a table.
type Stats interface {
	// Rows is the estimated number of rows of a table.
	Rows(t *catalog.Table) float64
}

// Optimize plans a statement. The result shares subtrees with stmt and changes none of them.
func Optimize(env *Env, stmt *plan.Statement) (*plan.Physical, error) {
	o := &optimizer{env: env, stmt: stmt, nextCol: stmt.NextCol}
	root, err := o.build(stmt.Rel, nil)
	if err != nil {
		return nil, err
	}
	return &plan.Physical{Root: root, Stmt: stmt, CatalogVersion: env.Catalog.Version, Params: stmt.Params}, nil
}

type optimizer struct {
	env     *Env
	stmt    *plan.Statement
	nextCol plan.ColID
	ctes    map[*plan.CTE]float64
}

func (o *optimizer) build(r plan.Rel, conds []plan.Expr) (plan.Node, error) {
	switch x := r.(type) {
	case *plan.Filter:
		return o.build(x.In, append(conds[:len(conds):len(conds)], flatten(x.Conds)...))
	case *plan.Scan:
		return o.scan(x, conds)
	case *plan.VirtualScan:
		return o.virtualScan(x, conds)
	case *plan.Join:
		return o.join(x, conds)
	case *plan.Project:
		return o.project(x, conds)
	case *plan.CTEScan:
		conds, err := o.exprs(conds)
		if err != nil {
			return nil, err
		}
		return &plan.CTEScanNode{Est: plan.Est{Rows: 1000}, CTE: x.CTE, Alias: x.Alias, Filter: conds, Out: x.Out}, nil
	case *plan.WorkScan:
		conds, err := o.exprs(conds)
		if err != nil {
			return nil, err
		}
		return &plan.WorkTableScan{Est: plan.Est{Rows: 100}, CTE: x.CTE, Filter: conds, Out: x.Out}, nil
	case *plan.With:
		return o.with(x, conds)
	case *plan.Sort:
		in, err := o.build(x.In, conds)
		if err != nil {
			return nil, err
		}
		return &plan.SortNode{Est: *in.Estimate(), In: in, Keys: x.Keys}, nil
	}
	// The others take no conditions from above.
	n, err := o.plain(r)
	if err != nil || len(conds) == 0 {
		return n, err
	}
	if conds, err = o.exprs(conds); err != nil {
		return nil, err
	}
	return &plan.Result{Est: *n.Estimate(), In: n, Filter: conds, Out: n.Cols()}, nil
}

// plain builds the operators through which no condition is pushed.
func (o *optimizer) plain(r plan.Rel) (plan.Node, error) {
	switch x := r.(type) {
	case *plan.Values:
		rows := make([][]plan.Expr, len(x.Rows))
		for i, row := range x.Rows {
			var err error
			if rows[i], err = o.exprs(row); err != nil {
				return nil, err
			}
		}
		return &plan.ValuesScan{Est: plan.Est{Rows: float64(len(rows))}, Rows: rows, Out: x.Out}, nil
	case *plan.FuncScan:
		items := append([]plan.FuncItem(nil), x.Funcs...)
		for i := range items {
			var err error
			if items[i].Call, err = o.expr(items[i].Call); err != nil {
				return nil, err
			}
		}
		return &plan.FunctionScan{Est: plan.Est{Rows: 1000}, Funcs: items, Ordinality: x.Ordinality, Alias: x.Alias, Out: x.Out}, nil
	case *plan.ProjectSet:
		in, err := o.build(x.In, nil)
		if err != nil {
			return nil, err
		}
		es, err := o.exprs(x.Exprs)
		if err != nil {
			return nil, err
		}
		return &plan.ProjectSetNode{Est: plan.Est{Rows: in.Estimate().Rows * 1000}, In: in, Exprs: es, Out: x.Out}, nil
	case *plan.Aggregate:
		return o.aggregate(x)
	case *plan.Window:
		return o.window(x)
	case *plan.Distinct:
		in, err := o.build(x.In, nil)
		if err != nil {
			return nil, err
		}
		if x.Ordered {
			return &plan.UniqueNode{Est: *in.Estimate(), In: in, On: x.On}, nil
		}
		return &plan.HashDistinct{Est: *in.Estimate(), In: in, On: x.On}, nil
	case *plan.Limit:
		return o.limit(x)
	case *plan.SetOp:
		return o.setOp(x)
	case *plan.RecursiveUnion:
		return nil, pgerr.Internal("recursive union outside WITH")
	case *plan.LockRows:
		in, err := o.build(x.In, nil)
		if err != nil {
			return nil, err
		}
		return &plan.LockRowsNode{Est: *in.Estimate(), In: in, Items: x.Items}, nil
	case *plan.Insert, *plan.Update, *plan.Delete, *plan.Merge:
		return o.modify(r)
	}
	return nil, pgerr.Internal("no physical operator for %T", r)
}

func (o *optimizer) modify(r plan.Rel) (plan.Node, error) {
	in, err := o.build(plan.Inputs(r)[0], nil)
	if err != nil {
		return nil, err
	}
	m := &plan.Modify{Est: *in.Estimate(), In: in, Out: r.Cols()}
	// Expressions of the statement itself may hold subqueries: they get their plans in a copy.
	switch x := r.(type) {
	case *plan.Insert:
		c := *x
		c.Defaults, err = o.exprMap(x.Defaults)
		if err == nil {
			c.Returning, err = o.exprs(x.Returning)
		}
		if err == nil && x.Conflict != nil {
			oc := *x.Conflict
			if oc.Set, err = o.sets(oc.Set); err == nil {
				oc.Where, err = o.expr(oc.Where)
			}
			c.Conflict = &oc
		}
		m.Insert = &c
	case *plan.Update:
		c := *x
		if c.Set, err = o.sets(x.Set); err == nil {
			if c.Returning, err = o.exprs(x.Returning); err == nil {
				c.Recheck, err = o.exprs(x.Recheck)
			}
		}
		m.Update = &c
	case *plan.Delete:
		c := *x
		if c.Returning, err = o.exprs(x.Returning); err == nil {
			c.Recheck, err = o.exprs(x.Recheck)
		}
		m.Delete = &c
	case *plan.Merge:
		c := *x
		c.Actions = append([]plan.MergeAction(nil), x.Actions...)
		for i := range c.Actions {
			a := &c.Actions[i]
			if a.Cond, err = o.expr(a.Cond); err != nil {
				break
			}
			if a.Values, err = o.exprs(a.Values); err != nil {
				break
			}
			if a.Set, err = o.sets(a.Set); err != nil {
				break
			}
		}
		m.Merge = &c
	}
	return m, err
}

func (o *optimizer) exprMap(m map[int16]plan.Expr) (map[int16]plan.Expr, error) {
	out := make(map[int16]plan.Expr, len(m))
	for k, e := range m {
		p, err := o.expr(e)
		if err != nil {
			return nil, err
		}
		out[k] = p
	}
	return out, nil
}

func (o *optimizer) sets(ss []plan.SetItem) ([]plan.SetItem, error) {
	out := append([]plan.SetItem(nil), ss...)
	for i := range out {
		var err error
		if out[i].Expr, err = o.expr(out[i].Expr); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (o *optimizer) exprs(es []plan.Expr) ([]plan.Expr, error) {
	if es == nil {
		return nil, nil
	}
	out := make([]plan.Expr, len(es))
	for i, e := range es {
		var err error
		if out[i], err = o.expr(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// expr plans the subqueries of an expression.
func (o *optimizer) expr(e plan.Expr) (plan.Expr, error) {
	if e == nil {
		return nil, nil
	}
	var err error
	out := plan.MapExpr(e, func(e plan.Expr) plan.Expr {
		s, ok := e.(*plan.Subquery)
		if !ok || err != nil {
			return e
		}
		c := *s
		if c.Plan, err = o.build(s.Rel, nil); err != nil {
			return e
		}
		for col := range plan.FreeCols(s.Rel) {
			c.Params = append(c.Params, col)
		}
		return &c
	})
	return out, err
}

func (o *optimizer) newCol() plan.ColID {
	o.nextCol++
	return o.nextCol
}

// flatten splits conjunctions.
func flatten(conds []plan.Expr) []plan.Expr {
	var out []plan.Expr
	for _, c := range conds {
		if b, ok := c.(*plan.BoolOp); ok && b.Kind == plan.And {
			out = append(out, flatten(b.Args)...)
			continue
		}
		out = append(out, c)
	}
	return out
}
