package explain

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
)

func itoa(n int) string { return strconv.Itoa(n) }

// item is a node as it is shown.
type item struct {
	title string // text form: "Seq Scan on t"
	kind  string // "Node Type"
	facts []fact // not in text: Join Type, Relation Name …
	props []fact // everywhere
	est   *plan.Est
	stats *exec.NodeStats
	label string // "InitPlan 1 (returns $0)", "CTE x": printed above
	rel   string // "Parent Relationship"
	subs  []*subplan
	kids  []*item
}

type fact struct {
	key string
	val any // string, bool, int64 or one of document.go
}

func (it *item) prop(key, val string) {
	if val != "" {
		it.props = append(it.props, fact{key, val})
	}
}

func (it *item) list(key string, l list) {
	if len(l) > 0 {
		it.props = append(it.props, fact{key, l})
	}
}

func (it *item) fact(key string, val any) { it.facts = append(it.facts, fact{key, val}) }

// tree makes the items of a plan.
type tree struct {
	ns    *names
	stats map[plan.Node]*exec.NodeStats
	opts  Options
	// columnar is Run's.
	columnar func(*plan.Columnar) bool
	// shared are the aliases of scans that are members of an Append.
	shared map[string]bool
}

var joinWord = map[plan.JoinKind]string{plan.InnerJoin: "", plan.LeftJoin: " Left", plan.RightJoin: " Right", plan.FullJoin: " Full", plan.SemiJoin: " Semi", plan.AntiJoin: " Anti"}

func (t *tree) relation(it *item, kind string, tab *catalog.Table, alias, how string) {
	it.kind = kind
	it.title = kind + how + " on " + ruleutils.QuoteIdent(tab.Name)
	if alias != "" && alias != tab.Name {
		it.title += " " + ruleutils.QuoteIdent(alias)
	}
	it.fact("Relation Name", tab.Name)
	if alias == "" {
		alias = tab.Name
	}
	it.fact("Alias", alias)
}

// filter prints conditions and the rows that they dropped.
func (t *tree) filter(it *item, key string, conds []plan.Expr) {
	if len(conds) == 0 {
		return
	}
	it.prop(key, t.ns.conds(conds))
	if it.stats != nil && it.stats.Removed > 0 && key != "Index Cond" && key != "Order By" {
		it.props = append(it.props, fact{"Rows Removed by " + key, it.stats.Removed / max(1, it.stats.Loops)})
	}
}

// node makes the item of n.
func (t *tree) node(n plan.Node) *item {
	it := &item{est: n.Estimate(), stats: t.stats[n]}
	if t.stats != nil && it.stats == nil {
		it.stats = &exec.NodeStats{}
	}
	outer := t.ns.node
	t.ns.node = it
	defer func() { t.ns.node = outer }()
	simple := func(name string) { it.title, it.kind = name, name }
	switch x := n.(type) {
	case *plan.TableScan:
		t.tableScan(it, x)
	case *plan.VirtualTableScan:
		t.relation(it, "Seq Scan", x.Table, x.Alias, "")
		t.filter(it, "Filter", x.Filter)
	case *plan.ValuesScan:
		simple("Values Scan")
		it.title = `Values Scan on "*VALUES*"`
		it.fact("Alias", "*VALUES*")
	case *plan.FunctionScan:
		simple("Function Scan")
		name := ""
		if len(x.Funcs) > 0 {
			if f, ok := x.Funcs[0].Call.(*plan.FuncCall); ok {
				name = f.Name
			}
		}
		it.title = "Function Scan on " + ruleutils.QuoteIdent(name)
		if x.Alias != "" && x.Alias != name {
			it.title += " " + ruleutils.QuoteIdent(x.Alias)
		}
		it.fact("Function Name", name)
		it.fact("Alias", x.Alias)
		t.filter(it, "Filter", x.Filter)
	case *plan.Result:
		return t.result(it, x)
	case *plan.ProjectSetNode:
		simple("ProjectSet")
		t.kid(it, x.In, "Outer")
	case *plan.NestLoop:
		simple("Nested Loop")
		it.title += joinTitle(x.Kind)
		it.fact("Join Type", joinType(x.Kind))
		it.fact("Inner Unique", x.InnerUnique)
		t.filter(it, "Join Filter", x.On)
		t.kid(it, x.Outer, "Outer")
		if len(x.Memoize) == 0 {
			t.kid(it, x.Inner, "Inner")
			break
		}
		m := &item{title: "Memoize", kind: "Memoize", rel: "Inner", est: x.Inner.Estimate(), stats: t.shown(x.Inner)}
		m.prop("Cache Key", t.ns.ids(x.Memoize).String())
		m.prop("Cache Mode", "logical")
		t.kid(m, x.Inner, "Outer")
		it.kids = append(it.kids, m)
	case *plan.HashJoin:
		it.kind, it.title = "Hash Join", "Hash"+joinWord[x.Kind]+" Join"
		it.fact("Join Type", joinType(x.Kind))
		var conds []plan.Expr
		for i := range x.OuterKeys {
			conds = append(conds, equals(x.OuterKeys[i], x.InnerKeys[i]))
		}
		it.prop("Hash Cond", t.ns.conds(conds))
		t.filter(it, "Join Filter", x.On)
		t.kid(it, x.Outer, "Outer")
		h := &item{title: "Hash", kind: "Hash", rel: "Inner", est: &plan.Est{Startup: x.Inner.Estimate().Total, Total: x.Inner.Estimate().Total, Rows: x.Inner.Estimate().Rows, Width: x.Inner.Estimate().Width}, stats: t.shown(x.Inner)}
		t.kid(h, x.Inner, "Outer")
		it.kids = append(it.kids, h)
	case *plan.MergeJoin:
		it.kind, it.title = "Merge Join", "Merge"+joinWord[x.Kind]+" Join"
		it.fact("Join Type", joinType(x.Kind))
		var conds []plan.Expr
		for i, k := range x.OuterKeys {
			conds = append(conds, equals(&plan.ColRef{Col: k.Col, T: k.T}, &plan.ColRef{Col: x.InnerKeys[i].Col, T: k.T}))
		}
		it.prop("Merge Cond", t.ns.conds(conds))
		t.filter(it, "Join Filter", x.On)
		t.kid(it, x.Outer, "Outer")
		t.kid(it, x.Inner, "Inner")
	case *plan.Agg:
		it.kind = "Aggregate"
		it.title = map[plan.AggStrategy]string{plan.AggPlain: "Aggregate", plan.AggHashed: "HashAggregate", plan.AggSorted: "GroupAggregate", plan.AggMixed: "MixedAggregate"}[x.Strategy]
		it.fact("Strategy", map[plan.AggStrategy]string{plan.AggPlain: "Plain", plan.AggHashed: "Hashed", plan.AggSorted: "Sorted", plan.AggMixed: "Mixed"}[x.Strategy])
		if len(x.GroupIn) > 0 {
			it.list("Group Key", t.ns.ids(x.GroupIn))
		}
		t.filter(it, "Filter", x.Having)
		t.kid(it, x.In, "Outer")
	case *plan.WindowAgg:
		simple("WindowAgg")
		t.kid(it, x.In, "Outer")
	case *plan.SortNode:
		simple("Sort")
		if x.Presorted > 0 {
			simple("Incremental Sort")
		}
		it.list("Sort Key", t.ns.keys(x.Keys))
		if x.Presorted > 0 {
			it.list("Presorted Key", t.ns.keys(x.Keys[:x.Presorted]))
		}
		t.kid(it, x.In, "Outer")
	case *plan.UniqueNode:
		simple("Unique")
		t.kid(it, x.In, "Outer")
	case *plan.HashDistinct:
		it.kind, it.title = "Aggregate", "HashAggregate"
		it.fact("Strategy", "Hashed")
		it.list("Group Key", t.ns.ids(x.On))
		t.kid(it, x.In, "Outer")
	case *plan.LimitNode:
		simple("Limit")
		t.kid(it, x.In, "Outer")
	case *plan.Append:
		simple("Append")
		for _, in := range x.In {
			if s, ok := in.(*plan.TableScan); ok && x.Inherit {
				if t.shared == nil {
					t.shared = map[string]bool{}
				}
				t.shared[s.Alias] = true
			}
			t.kid(it, in, "Member")
		}
		if s, ok := x.In[0].(*plan.TableScan); ok && x.Inherit {
			t.ns.rename(s.Alias, s.All) // above, columns are named by the first one
		}
	case *plan.HashSetOp:
		it.kind, it.title = "SetOp", "HashSetOp Intersect"
		if x.Kind == plan.Except {
			it.title = "HashSetOp Except"
		}
		if x.All {
			it.title += " All"
		}
		t.kid(it, x.L, "Outer")
		t.kid(it, x.R, "Inner")
	case *plan.Materialize:
		simple("Materialize")
		t.kid(it, x.In, "Outer")
	case *plan.WithNode:
		main := t.node(x.In)
		var ctes []*item
		for i, c := range x.CTEs {
			k := t.node(x.Plans[i])
			k.label, k.rel = "CTE "+c.Name, "InitPlan"
			ctes = append(ctes, k)
		}
		main.kids = append(ctes, main.kids...)
		return main
	case *plan.CTEScanNode:
		simple("CTE Scan")
		it.title = "CTE Scan on " + ruleutils.QuoteIdent(x.CTE.Name)
		if x.Alias != "" && x.Alias != x.CTE.Name {
			it.title += " " + ruleutils.QuoteIdent(x.Alias)
		}
		it.fact("CTE Name", x.CTE.Name)
		it.fact("Alias", x.Alias)
		t.filter(it, "Filter", x.Filter)
	case *plan.RecursiveUnionNode:
		simple("Recursive Union")
		t.kid(it, x.Base, "Outer")
		t.kid(it, x.Step, "Inner")
	case *plan.WorkTableScan:
		simple("WorkTable Scan")
		it.title = "WorkTable Scan on " + ruleutils.QuoteIdent(x.CTE.Name)
		it.fact("CTE Name", x.CTE.Name)
		t.filter(it, "Filter", x.Filter)
	case *plan.LockRowsNode:
		simple("LockRows")
		t.kid(it, x.In, "Outer")
	case *plan.Modify:
		t.modify(it, x)
	case *plan.Columnar:
		if t.columnar != nil && !t.columnar(x) {
			return t.node(x.Fallback)
		}
		simple(x.Label)
		if x.Label == "" {
			simple("Columnar Scan")
		}
		for _, tab := range x.Tables {
			it.prop("Relation", tab.Name)
		}
		if st := it.stats; t.opts.Analyze && st != nil {
			if st.ByRows {
				it.prop("Ran Over", "rows")
			} else {
				it.props = append(it.props, fact{"Files", st.Columnar.Files})
				if st.Columnar.Pruned > 0 {
					it.props = append(it.props, fact{"Pruned Files", st.Columnar.Pruned})
				}
				it.props = append(it.props, fact{"Deleted Rows", st.Columnar.Deleted}, fact{"Tail Rows", st.Columnar.Tail})
			}
		}
		if t.opts.Verbose {
			for _, w := range x.With {
				it.prop("Columnar CTE", w)
			}
			it.prop("Columnar Query", x.SQL)
		}
	default:
		simple("Unknown")
	}
	t.subplans(it)
	return it
}

func joinTitle(k plan.JoinKind) string {
	if k == plan.InnerJoin {
		return ""
	}
	return joinWord[k] + " Join"
}

func joinType(k plan.JoinKind) string {
	if k == plan.InnerJoin {
		return "Inner"
	}
	return joinWord[k][1:]
}

func equals(a, b plan.Expr) plan.Expr {
	return &plan.FuncCall{Op: 96, Proc: 65, Name: "=", Args: []plan.Expr{a, b}, T: plan.Type{OID: 16, Mod: -1}, Form: plan.CallOp}
}

// shown are the counters of an item that stands for part of an operator.
func (t *tree) shown(n plan.Node) *exec.NodeStats {
	if t.stats == nil {
		return nil
	}
	if s := t.stats[n]; s != nil {
		return s
	}
	return &exec.NodeStats{}
}

func (t *tree) kid(it *item, n plan.Node, rel string) {
	k := t.node(n)
	if k.rel == "" {
		k.rel = rel
	}
	it.kids = append(it.kids, k)
}

// subplans makes items of the subqueries that the node's expressions hold, which PostgreSQL prints before other inputs if
// they run once, after them otherwise.
func (t *tree) subplans(it *item) {
	subs := it.subs
	it.subs = nil
	var first, last []*item
	for _, s := range subs {
		k := t.node(s.q.Plan)
		if s.init {
			k.label, k.rel = "InitPlan "+itoa(s.n)+" (returns $"+itoa(s.n-1)+")", "InitPlan"
			first = append(first, k)
		} else {
			k.label, k.rel = "SubPlan "+itoa(s.n), "SubPlan"
			last = append(last, k)
		}
	}
	it.kids = append(append(first, it.kids...), last...)
}

// result shows a filter with the node that it filters; projections are not shown.
func (t *tree) result(it *item, x *plan.Result) *item {
	// Subqueries of the select list hang below the node too.
	each := func(to *item) {
		t.ns.node = to
		for _, e := range x.Exprs {
			plan.WalkExpr(e, func(e plan.Expr) bool {
				if s, ok := e.(*plan.Subquery); ok && s.Plan != nil {
					t.ns.subquery(s, 0)
					return false
				}
				return true
			})
		}
	}
	if x.In == nil {
		it.title, it.kind = "Result", "Result"
		t.filter(it, "One-Time Filter", x.Filter)
		each(it)
		t.subplans(it)
		return it
	}
	in := t.node(x.In)
	in.est = &plan.Est{Startup: x.Startup, Total: x.Total, Rows: x.Rows, Width: x.Width}
	if it.stats != nil {
		in.stats = it.stats
	}
	t.ns.node = in
	if len(x.Filter) > 0 {
		constant := true
		for _, e := range x.Filter {
			set := map[plan.ColID]bool{}
			plan.ExprCols(e, set)
			constant = constant && len(set) == 0
		}
		if constant {
			r := &item{title: "Result", kind: "Result", est: in.est, stats: in.stats, kids: []*item{in}}
			in.rel = "Outer"
			t.ns.node = r
			r.prop("One-Time Filter", t.ns.conds(x.Filter))
			in = r
		} else {
			t.filter(in, "Filter", x.Filter)
		}
	}
	each(in)
	t.subplans(in)
	return in
}

func (t *tree) tableScan(it *item, x *plan.TableScan) {
	if x.RowAtts != nil || t.shared[x.Alias] {
		// The tables of an inheritance tree share their columns: here they have this one's name.
		t.ns.rename(x.Alias, x.All)
	}
	bounded := len(x.Eq) > 0 || x.EqAny != nil || x.Lo != nil || x.Hi != nil
	ix := x.Index
	if ix == nil && bounded {
		ix = x.Table.PrimaryIndex()
	}
	switch {
	case x.Sample != nil:
		t.relation(it, "Sample Scan", x.Table, x.Alias, "")
		it.props = append(it.props, fact{"Sampling", t.sampling(x.Sample)})
	case ix == nil:
		t.relation(it, "Seq Scan", x.Table, x.Alias, "")
	default:
		kind := "Index Scan"
		if x.IndexOnly {
			kind = "Index Only Scan"
		}
		how := " using " + ruleutils.QuoteIdent(ix.Name)
		dir := "Forward"
		if x.Reverse {
			how, dir = " Backward"+how, "Backward"
		}
		t.relation(it, kind, x.Table, x.Alias, how)
		it.fact("Scan Direction", dir)
		it.fact("Index Name", ix.Name)
	}
	t.filter(it, "Index Cond", x.Conds)
	if x.Near != nil {
		t.filter(it, "Order By", []plan.Expr{x.Near.Order})
	}
	t.filter(it, "Filter", x.Filter)
}

func (t *tree) sampling(s *plan.Sample) sampling {
	out := sampling{method: s.Method.String(), params: list{t.ns.expr(s.Percent)}}
	if s.Repeatable != nil {
		out.seed = t.ns.expr(s.Repeatable)
	}
	return out
}

func (t *tree) modify(it *item, x *plan.Modify) {
	it.kind = "ModifyTable"
	show := func(op string, tab *catalog.Table, alias string) {
		it.title = op + " on " + ruleutils.QuoteIdent(tab.Name)
		if alias != "" && alias != tab.Name {
			it.title += " " + ruleutils.QuoteIdent(alias)
		}
		it.fact("Operation", op)
		it.fact("Relation Name", tab.Name)
	}
	switch {
	case x.Insert != nil:
		show("Insert", x.Insert.Table, x.Insert.Alias)
		if c := x.Insert.Conflict; c != nil {
			what := "UPDATE"
			if c.Nothing {
				what = "NOTHING"
			}
			it.prop("Conflict Resolution", what)
		}
	case x.Update != nil:
		show("Update", x.Update.Table, x.Update.Alias)
	case x.Delete != nil:
		show("Delete", x.Delete.Table, x.Delete.Alias)
	case x.Merge != nil:
		show("Merge", x.Merge.Table, x.Merge.Alias)
	}
	if len(x.Out) == 0 {
		it.est = &plan.Est{Startup: x.Startup, Total: x.Total}
	}
	t.kid(it, x.In, "Outer")
}
