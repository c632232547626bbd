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
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/sql/types"
)

// Env is what planning depends on besides the statement.
type Env struct {
	Catalog  *catalog.Catalog
	Stats    Stats    // nil: every table has 1000 rows
	Computed Computed // nil: computed relations have 1000 rows and no look-ups
	// StoredExpr gives stored index expressions and partial index predicates, bound over the columns of out.
	StoredExpr func(t *catalog.Table, sql string, out []plan.Col) (plan.Expr, error)
	// Eval computes an expression of constants; ok is false where that is an error, or not possible before execution. nil: nothing is
	// computed.
	Eval func(plan.Expr) (v types.Datum, ok bool)
	// Params are the values of parameters that the plan is made for; nil: it is for any.
	Params []types.Datum
	// Settings are the session's.
	Settings Settings
	// Session owns temporary tables (catalog.Table.TempOwner).
	Session uint64
	// Types finds user types; nil: there are none.
	Types *types.Env
	// Disabled reports that a rule or method is off, for tests; nil: none. Methods are named as the enable_* settings without
	// their prefix. Rules: semi_join, anti_join, scalar_agg, outer_reduction, project_pullup, equivalence, unique_inner,
	// cte_inline, minmax, window_pushdown, sortagg, hashed_exists, or_parts, one_row.
	Disabled func(name string) bool
}

// Stats are what ANALYZE and the store know about a table.
type Stats interface {
	// Rows is the estimated number of rows of a table.
	Rows(t *catalog.Table) float64
}

// ColumnStats is implemented by Stats that know columns too; nil: never analyzed.
type ColumnStats interface {
	Column(t *catalog.Table, att int16) *stats.Column
}

// Optimize plans a statement. The result shares subtrees with stmt and changes none of them.
func Optimize(env *Env, stmt *plan.Statement) (*plan.Physical, error) {
	o := &optimizer{env: env, stmt: stmt, costs: env.Settings.Costs}
	if o.costs == (Costs{}) {
		o.costs = DefaultCosts()
	}
	o.folder = folder{eval: env.Eval, params: env.Params}
	if rel := o.folder.foldRel(stmt.Rel); rel != stmt.Rel {
		s := *stmt
		s.Rel = rel
		stmt, o.stmt = &s, &s
	}
	b, err := o.build(stmt.Rel, nil, plainWant(colsOf(stmt.Out).addCols(stmt.Rel.Cols())))
	if err != nil {
		return nil, err
	}
	phys := &plan.Physical{Root: b.node, Stmt: stmt, Leaves: o.leaves, Guarded: o.guarded, Ordered: o.ordered, CatalogVersion: env.Catalog.Version, Params: stmt.Params}
	for _, s := range stmt.Steps {
		p, err := Optimize(env, s)
		if err != nil {
			return nil, err
		}
		phys.Steps, phys.Leaves = append(phys.Steps, p), append(phys.Leaves, p.Leaves...)
	}
	return phys, nil
}

type optimizer struct {
	env      *Env
	stmt     *plan.Statement
	costs    Costs
	folder   folder
	cols     []*colInfo // by ColID
	rowsOf   map[*catalog.Table]float64
	trees    map[*plan.Scan]float64 // rows of scans of several tables
	groups   map[plan.ColID]float64
	ordered  map[plan.Node][]plan.SortKey
	equal    []plan.ColID // by ColID; 0: its own representative
	stored   map[any]plan.Expr
	inline   map[*plan.CTE]bool
	cteRows  map[*plan.CTE]float64
	loopCols colset // columns of outer sides of nested loops under construction
	// calls is how often the expressions that are being planned are evaluated.
	calls float64
	// noReverse: backward scans are not worth comparing.
	noReverse bool
	leaves    []plan.Leaf
	// guarded: conditions wait above a barrier.
	guarded bool
}

func (o *optimizer) on(rule string) bool {
	if m, ok := methods[rule]; ok && o.off(m) {
		return false
	}
	return o.env.Disabled == nil || !o.env.Disabled(rule)
}

// know lets a column be another name of a table column.
func (o *optimizer) know(c plan.ColID, in *colInfo) {
	for len(o.cols) <= int(c) {
		o.cols = append(o.cols, nil)
	}
	if o.cols[c] == nil {
		// What it holds above outer joins may be NULL.
		n := *in
		n.notNull = false
		o.cols[c] = &n
	}
}

// build plans r with conditions on its rows. The node gives at least the columns of w.need that r has.
func (o *optimizer) build(r plan.Rel, conds []plan.Expr, w want) (built, error) {
	switch r.(type) {
	case *plan.Filter, *plan.Join, *plan.Project:
		conds = flatten(conds)
		r, conds = o.sublinks(r, conds)
		return o.join(r, conds, w)
	case *plan.Scan:
	default:
		for _, c := range conds {
			if hasSubquery(c) {
				if rel, rest := o.sublinks(r, flatten(conds)); rel != r {
					return o.join(rel, rest, w)
				}
				break
			}
		}
	}
	return o.leaf(r, conds, w)
}

// leaf plans an operator that is no part of a join's graph.
func (o *optimizer) leaf(r plan.Rel, conds []plan.Expr, w want) (built, error) {
	conds = flatten(conds)
	switch x := r.(type) {
	case *plan.Scan:
		return o.scan(x, conds, w)
	case *plan.Filter:
		// Volatile conditions stay where they are.
		var above, below []plan.Expr
		for _, c := range flatten(x.Conds) {
			if volatileExpr(c) {
				above = append(above, c)
			} else {
				below = append(below, c)
			}
		}
		in := w
		in.need = w.need.clone().addExprs(above)
		b, err := o.build(x.In, append(below, conds...), in)
		if err != nil {
			return built{}, err
		}
		return o.filtered(b, above)
	case *plan.Barrier:
		return o.barrier(x, conds, w)
	case *plan.Join:
		return o.plainJoin(x, conds, w)
	case *plan.Project:
		return o.project(x, conds, w)
	case *plan.VirtualScan:
		return o.virtualScan(x, conds)
	case *plan.CTEScan:
		return o.cteScan(x, conds, w)
	case *plan.WorkScan:
		conds, err := o.exprs(conds)
		if err != nil {
			return built{}, err
		}
		return built{node: &plan.WorkTableScan{Est: plan.Est{Rows: 100, Total: 1, Width: widthOf(x.Out)}, CTE: x.CTE, Filter: conds, Out: x.Out}}, nil
	case *plan.With:
		return o.with(x, conds, w)
	case *plan.Aggregate:
		return o.aggregate(x, conds, w)
	case *plan.Window:
		return o.window(x, conds, w)
	case *plan.Distinct:
		return o.distinctRel(x, conds, w)
	case *plan.SetOp:
		return o.setOp(x, conds, w)
	case *plan.Sort:
		in := w
		in.order, in.group, in.need = x.Keys, false, w.need.clone().addKeys(x.Keys)
		b, err := o.build(x.In, conds, in)
		if err != nil {
			return built{}, err
		}
		return o.sorted(b, x.Keys, w.rows), nil
	}
	// The others take no conditions from above.
	in := w
	in.need = w.need.clone().addExprs(conds)
	b, err := o.plain(r, in)
	if err != nil {
		return built{}, err
	}
	return o.filtered(b, conds)
}

// plain builds the operators through which no condition is pushed.
func (o *optimizer) plain(r plan.Rel, w want) (built, error) {
	c := &o.costs
	switch x := r.(type) {
	case *plan.Values:
		rows := make([][]plan.Expr, len(x.Rows))
		for i, row := range x.Rows {
			var err error
			if rows[i], err = o.exprs(row); err != nil {
				return built{}, err
			}
		}
		n := float64(len(rows))
		return built{node: &plan.ValuesScan{Est: plan.Est{Rows: n, Total: n * c.CPUTuple, Width: widthOf(x.Out)}, Rows: rows, Out: x.Out}, one: len(rows) == 1}, nil
	case *plan.FuncScan:
		items := append([]plan.FuncItem(nil), x.Funcs...)
		rows := 1.0
		for i := range items {
			var err error
			if items[i].Call, err = o.expr(items[i].Call); err != nil {
				return built{}, err
			}
			rows = max(rows, setRows(items[i].Call))
		}
		if x.Rows > 0 {
			rows = x.Rows
		}
		return built{node: &plan.FunctionScan{Est: plan.Est{Rows: rows, Total: rows * c.CPUTuple, Width: widthOf(x.Out)}, Funcs: items, Ordinality: x.Ordinality, Alias: x.Alias, Out: x.Out}}, nil
	case *plan.ProjectSet:
		b, err := o.build(x.In, nil, plainWant(colset(nil).addExprs(x.Exprs)))
		if err != nil {
			return built{}, err
		}
		es, err := o.exprs(x.Exprs)
		if err != nil {
			return built{}, err
		}
		per := 1.0
		for _, e := range es {
			per = max(per, setRows(e))
		}
		est := *b.node.Estimate()
		est.Rows *= per
		est.Total += est.Rows * c.CPUTuple
		est.Width = widthOf(x.Out)
		return built{node: &plan.ProjectSetNode{Est: est, In: b.node, Exprs: es, Out: x.Out}}, nil
	case *plan.Limit:
		return o.limit(x, w)
	case *plan.RecursiveUnion:
		return built{}, pgerr.Internal("recursive union outside WITH")
	case *plan.LockRows:
		return o.lockRows(x, w)
	case *plan.Insert, *plan.Update, *plan.Delete, *plan.Merge:
		n, err := o.modify(r)
		return built{node: n}, err
	}
	return built{}, pgerr.Internal("no physical operator for %T", r)
}

// setRows estimates the rows of a function call.
func setRows(e plan.Expr) float64 {
	call, ok := e.(*plan.FuncCall)
	if !ok || !call.RetSet {
		return 1
	}
	if call.Name == "generate_series" && len(call.Args) >= 2 {
		a, ok1 := call.Args[0].(*plan.Const)
		b, ok2 := call.Args[1].(*plan.Const)
		if ok1 && ok2 && a.T.OID == types.Int4 && !a.Val.IsNull() && !b.Val.IsNull() {
			return max(1, float64(b.Val.Int()-a.Val.Int()+1))
		}
	}
	return 1000
}

func (o *optimizer) modify(r plan.Rel) (plan.Node, error) {
	// What the statement reads of its source: all that its expressions name, and the columns that find the rows.
	source := o.folder.foldRel(plan.Inputs(r)[0])
	var need colset
	plan.RelExprs(r, func(e plan.Expr) { need = need.addExpr(e) })
	switch x := r.(type) {
	case *plan.Insert:
		need = need.addIDs(x.SourceCols)
	case *plan.Update:
		need = needOld(need, x.Loc, x.Old)
	case *plan.Delete:
		need = needOld(need, x.Loc, x.Old)
	case *plan.Merge:
		need = need.add(x.Loc)
	}
	b, err := o.build(source, nil, plainWant(need))
	if err != nil {
		return nil, err
	}
	in := b.node
	m := &plan.Modify{Est: *in.Estimate(), In: in, Out: r.Cols()}
	m.Total += m.Rows * o.costs.get()
	// Expressions of the statement itself may hold subqueries: they get their plans in a copy.
	switch x := r.(type) {
	case *plan.Insert:
		c := *x
		c.Defaults, err = o.exprMap(x.Defaults)
		if err == nil {
			c.Returning, err = o.exprs(x.Returning)
		}
		if err == nil {
			c.Checks, err = o.checks(x.Checks)
		}
		if err == nil && x.Conflict != nil {
			oc := *x.Conflict
			if oc.Set, err = o.sets(oc.Set); err == nil {
				oc.Where, err = o.expr(oc.Where)
			}
			if err == nil {
				oc.Target, err = o.checks(oc.Target)
			}
			if err == nil {
				oc.Checks, err = o.checks(oc.Checks)
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
		if err == nil {
			c.Checks, err = o.checks(x.Checks)
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
			if a.Target, err = o.checks(a.Target); err != nil {
				break
			}
			if a.Policy, err = o.checks(a.Policy); err != nil {
				break
			}
		}
		if err == nil {
			c.Recheck, err = o.exprs(x.Recheck)
		}
		m.Merge = &c
	}
	return m, err
}

// needOld adds what finds the rows of an UPDATE or DELETE: their locator, or for a view, which has none, the rows themselves.
func needOld(need colset, loc plan.ColID, old []plan.Col) colset {
	if loc != 0 {
		return need.add(loc)
	}
	for _, c := range old {
		need = need.add(c.ID)
	}
	return need
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

func (o *optimizer) checks(cs []plan.Check) ([]plan.Check, error) {
	out := append([]plan.Check(nil), cs...)
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

// flatten splits conjunctions, those in which all arms of an OR agree among them.
func flatten(conds []plan.Expr) []plan.Expr {
	var out []plan.Expr
	for _, c := range conds {
		if b, ok := c.(*plan.BoolOp); ok && b.Kind == plan.And {
			out = append(out, flatten(b.Args)...)
			continue
		}
		if b, ok := c.(*plan.BoolOp); ok && b.Kind == plan.Or && len(b.Args) > 1 {
			out = append(out, factored(b)...)
			continue
		}
		out = append(out, c)
	}
	return out
}
