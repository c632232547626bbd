package columnar

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

func (c *compiler) node(n plan.Node) (*block, bool) {
	c.cost += rowCost * n.Estimate().Rows
	var b *block
	var ok bool
	switch x := n.(type) {
	case *plan.TableScan:
		b, ok = c.scan(x)
	case *plan.Result:
		b, ok = c.result(x)
	case *plan.Agg:
		b, ok = c.agg(x)
	case *plan.HashJoin:
		b, ok = c.hashJoin(x)
	case *plan.MergeJoin:
		b, ok = c.mergeJoin(x)
	case *plan.NestLoop:
		b, ok = c.nestLoop(x)
	case *plan.SortNode:
		return c.sort(x)
	case *plan.LimitNode:
		b, ok = c.limit(x)
	case *plan.UniqueNode:
		b, ok = c.distinct(x.In, x.On)
	case *plan.HashDistinct:
		b, ok = c.distinct(x.In, x.On)
	case *plan.Append:
		b, ok = c.append(x)
	case *plan.HashSetOp:
		b, ok = c.setOp(x)
	case *plan.Materialize:
		b, ok = c.node(x.In)
	case *plan.WithNode:
		b, ok = c.withNode(x)
	case *plan.CTEScanNode:
		b, ok = c.cteScan(x)
	default:
		return c.refuse("a plan node that only runs over rows")
	}
	if keys := c.ordered[n]; ok && keys != nil && b.order == nil {
		return c.orderBy(b, keys)
	}
	return b, ok
}

// unordered is node where the order of the rows does not count.
func (c *compiler) unordered(n plan.Node) (*block, bool) {
	if s, ok := n.(*plan.SortNode); ok {
		n = s.In // the bound on its rows is that of a Limit above
	}
	b, ok := c.node(n)
	if ok && b.limit == "" {
		b.order = nil
	}
	return b, ok
}

// openInput is unordered, ready for conditions, joins and groups.
func (c *compiler) openInput(n plan.Node) (*block, bool) {
	b, ok := c.unordered(n)
	if ok && !b.simple() {
		b = c.nest(b)
	}
	return b, ok
}

func (c *compiler) scan(x *plan.TableScan) (*block, bool) {
	t := x.Table
	if t.Virtual || t.Kind != catalog.RelTable || t.Persistence != catalog.Permanent {
		return c.refuse("a relation without columnar shape")
	}
	if x.Sample != nil {
		return c.refuse("TABLESAMPLE")
	}
	if x.Near != nil {
		return c.refuse("a search in a vector index")
	}
	alias := c.name("s")
	at := slices.Index(c.tables, t)
	if at < 0 {
		at = len(c.tables)
		c.tables, c.reads = append(c.tables, t), append(c.reads, nil)
		c.cost += tableCost
	}
	b := &block{cols: map[plan.ColID]value{}, from: "t" + strconv.Itoa(at) + " " + alias}
	have := x.All
	if have == nil {
		have = x.Out
	}
	for _, o := range have {
		if o.AttNum <= 0 {
			continue // an expression that needs it is refused
		}
		col := &t.Columns[o.AttNum-1]
		v, ok := columnValue(col)
		if !ok {
			continue
		}
		v.sql = alias + ".a" + strconv.Itoa(int(o.AttNum))
		b.cols[o.ID] = v
	}
	if !c.where(b, x.Conds) || !c.where(b, x.Filter) {
		return nil, false
	}
	used := map[plan.ColID]bool{}
	for _, e := range slices.Concat(x.Conds, x.Filter) {
		plan.ExprCols(e, used)
	}
	out := make(map[plan.ColID]value, len(x.Out))
	for _, o := range x.Out {
		if v, ok := b.cols[o.ID]; ok {
			out[o.ID], used[o.ID] = v, true
		}
	}
	for _, o := range have {
		if used[o.ID] && o.AttNum > 0 && !slices.Contains(c.reads[at], o.AttNum) {
			c.reads[at] = append(c.reads[at], o.AttNum)
		}
	}
	b.cols = out
	rows := c.o.Rows(t)
	c.input += rows
	c.cost += rows * (rowCost + valueCost*float64(len(c.reads[at])))
	return b, true
}

func (c *compiler) where(b *block, conds []plan.Expr) (ok bool) {
	b.where, ok = c.conditions(b, b.where, conds)
	return ok
}

// conditions appends conditions over b to list.
func (c *compiler) conditions(b *block, list []string, es []plan.Expr) ([]string, bool) {
	for _, e := range es {
		v, ok := c.expr(b, e)
		if !ok {
			return nil, false
		}
		list = append(list, v.sql)
	}
	return list, true
}

func (c *compiler) result(x *plan.Result) (*block, bool) {
	if x.In == nil {
		return c.refuse("a query without table")
	}
	b, ok := c.node(x.In)
	if !ok {
		return nil, false
	}
	if len(x.Filter) > 0 {
		if b.limit != "" {
			b = c.nest(b)
		}
		if !c.where(b, x.Filter) {
			return nil, false
		}
	}
	if x.Exprs == nil {
		return b, true
	}
	cols := make(map[plan.ColID]value, len(x.Exprs))
	for i, e := range x.Exprs {
		// What is passed through may be an average; what is computed must be on the whitelist.
		if ref, plain := e.(*plan.ColRef); plain {
			if v, known := c.column(b, ref.Col); known {
				cols[x.Out[i].ID] = v
				continue
			}
		}
		v, ok := c.expr(b, e)
		if !ok {
			return nil, false
		}
		cols[x.Out[i].ID] = v
	}
	b.cols = cols
	return b, true
}

// equalByBits are the values whose equals look alike, so that any one of a group stands for it.
func equalByBits(v value) bool {
	switch v.typ {
	case types.Bool, types.Int2, types.Int4, types.Int8, types.Date, types.Timestamp, types.TimestampTZ, types.Text,
		types.Varchar:
		return true
	case types.Numeric:
		return v.p > 0 && v.scale == "" && v.exact()
	case types.BPChar:
		return v.pad > 0
	}
	return false
}

func (c *compiler) agg(x *plan.Agg) (*block, bool) {
	if x.Sets != nil || len(x.Groupings) > 0 {
		return c.refuse("GROUPING SETS")
	}
	in, ok := c.openInput(x.In)
	if !ok {
		return nil, false
	}
	l := newList(c.name("q"))
	var groups []string
	for i, g := range x.GroupBy {
		v, ok := c.column(in, x.GroupIn[i])
		switch {
		case !ok:
			return c.refuse("GROUP BY " + g.Name)
		case !equalByBits(v) || !binaryOrder(g.T.Coll):
			return c.refuse("GROUP BY " + typeName(v.typ))
		}
		groups = append(groups, v.sql)
		l.add(g.ID, v)
	}
	for i, a := range x.Aggs {
		v, ok := c.aggregate(in, a)
		if !ok {
			return nil, false
		}
		l.add(x.Out[len(x.GroupBy)+i].ID, v)
	}
	s := "SELECT " + l.String() + " FROM " + in.from + in.tail()
	if len(groups) > 0 {
		s += " GROUP BY " + strings.Join(groups, ", ")
	} else if len(x.Aggs) == 0 {
		return c.refuse("an aggregate without functions")
	}
	out := &block{cols: l.cols, from: "(" + s + ") " + l.from}
	if !c.where(out, x.Having) {
		return nil, false
	}
	c.label = "Columnar Aggregate"
	return out, true
}

func (c *compiler) aggregate(in *block, a *plan.Aggref) (value, bool) {
	kind := whitelist().aggs[a.Proc]
	if kind == aggNone || len(a.Direct) > 0 || len(a.OrderBy) > 0 || a.Variadic || a.Func != nil {
		return c.no("aggregate " + a.Name)
	}
	var conds []string
	if a.Filter != nil {
		f, ok := c.expr(in, a.Filter)
		if !ok {
			return f, false
		}
		conds = append(conds, f.sql)
	}
	filter := func(conds []string) string {
		if len(conds) == 0 {
			return ""
		}
		return " FILTER (WHERE " + strings.Join(conds, " AND ") + ")"
	}
	if kind == aggCountStar {
		return typed("count(*)"+filter(conds), types.Int8), true
	}
	arg, ok := c.expr(in, a.Args[0])
	if !ok {
		return arg, false
	}
	distinct := ""
	if a.Distinct {
		if !equalByBits(arg) || !binaryOrder(a.Args[0].Type().Coll) {
			return c.no("DISTINCT " + typeName(arg.typ))
		}
		distinct = "DISTINCT "
	}
	if arg.typ == types.Numeric && arg.p == 0 {
		return c.no("an aggregate of a numeric parameter")
	}
	call := func(name string) string { return name + "(" + distinct + arg.sql + ")" + filter(conds) }
	// The display scale of a sum is the largest of its values'.
	scale := func() string {
		if arg.scale == "" {
			return ""
		}
		return "max(" + arg.scale + ")" + filter(append(conds[:len(conds):len(conds)], arg.sql+" IS NOT NULL"))
	}
	switch kind {
	case aggCount:
		return typed(call("count"), types.Int8), true
	case aggSum:
		if arg.base != "" && !a.Distinct {
			// One sum serves for all offsets.
			with := filter(conds)
			total := fmt.Sprintf("(sum(%s)%s + %d * count(%[1]s)%[2]s)", arg.base, with, arg.off)
			arg.sql, arg.base = total, ""
			call = func(string) string { return total }
		}
		if a.T.OID == types.Numeric && arg.typ != types.Numeric {
			return value{sql: "CAST(" + call("sum") + " AS DECIMAL(38,0))", typ: types.Numeric, p: maxDigits}, true
		}
		if a.T.OID == types.Int8 {
			// DuckDB's sum is a hugeint: the cast fails where PostgreSQL's bigint overflows.
			return typed("CAST("+call("sum")+" AS BIGINT)", types.Int8), true
		}
		return value{sql: call("sum"), typ: types.Numeric, p: maxDigits, s: arg.s, scale: scale()}, true
	case aggAvg:
		// DuckDB would divide doubles.
		return value{sql: call("sum"), typ: types.Numeric, p: maxDigits, s: arg.s, count: call("count"), scale: scale()}, true
	case aggMin, aggMax:
		if !binaryOrder(a.InputColl) {
			return c.no("a collation")
		}
		if arg.scale != "" {
			return c.no("the least of numeric values of several scales")
		}
		name := "min"
		if kind == aggMax {
			name = "max"
		}
		v := arg
		v.sql, v.typ, v.lit, v.base = call(name), a.T.OID, nil, ""
		return v, true
	case aggBoolAnd:
		return value{sql: call("bool_and"), typ: types.Bool}, true
	case aggBoolOr:
		return value{sql: call("bool_or"), typ: types.Bool}, true
	}
	return c.no("aggregate " + a.Name)
}

func (c *compiler) distinct(n plan.Node, on []plan.ColID) (*block, bool) {
	in, ok := c.openInput(n)
	if !ok {
		return nil, false
	}
	l := newList(c.name("q"))
	for _, o := range n.Cols() {
		if !slices.Contains(on, o.ID) {
			continue // of DISTINCT ON: nothing above can have it
		}
		v, ok := c.column(in, o.ID)
		switch {
		case !ok:
			return c.refuse("DISTINCT " + o.Name)
		case !equalByBits(v) || !binaryOrder(o.T.Coll):
			return c.refuse("DISTINCT " + typeName(v.typ))
		}
		l.add(o.ID, v)
	}
	if len(l.items) == 0 {
		return c.refuse("DISTINCT without columns")
	}
	if c.label == "" || c.label == "Columnar Sort" {
		c.label = "Columnar Distinct"
	}
	return &block{cols: l.cols, from: "(SELECT DISTINCT " + l.String() + " FROM " + in.from + in.tail() + ") " + l.from}, true
}

func (c *compiler) sort(x *plan.SortNode) (*block, bool) {
	b, ok := c.unordered(x.In)
	if !ok {
		return nil, false
	}
	if !b.simple() {
		b = c.nest(b)
	}
	// A bound on the rows is only a hint: the Limit above has the number.
	return c.orderBy(b, x.Keys)
}

func (c *compiler) orderBy(b *block, keys []plan.SortKey) (*block, bool) {
	if b.limit != "" {
		b = c.nest(b)
	}
	b.order = nil
	for _, k := range keys {
		v, ok := c.column(b, k.Col)
		switch {
		case !ok || !v.exact() || !equalByBits(v) && v.scale == "":
			return c.refuse("ORDER BY " + typeName(k.T.OID))
		case !binaryOrder(k.T.Coll) || !defaultOrder(k):
			return c.refuse("an order")
		}
		if v.typ == types.BPChar {
			v = trimmed(v)
		}
		s := v.sql
		if k.Desc {
			s += " DESC"
		}
		if k.NullsFirst {
			s += " NULLS FIRST"
		} else {
			s += " NULLS LAST"
		}
		b.order = append(b.order, s)
	}
	if c.label == "" {
		c.label = "Columnar Sort"
	}
	return b, true
}

// limit takes constants: what NULL and negative numbers mean stays with the rows.
func (c *compiler) limit(x *plan.LimitNode) (*block, bool) {
	if len(x.WithTies) > 0 {
		return c.refuse("WITH TIES")
	}
	b, ok := c.node(x.In)
	if !ok {
		return nil, false
	}
	if b.limit != "" {
		b = c.nest(b)
	}
	for _, p := range []struct {
		word string
		e    plan.Expr
	}{{" LIMIT ", x.Count}, {" OFFSET ", x.Offset}} {
		if p.e == nil {
			continue
		}
		k, ok := p.e.(*plan.Const)
		if !ok || k.Val.IsNull() || k.T.OID != types.Int8 || k.Val.Int() < 0 || k.Val.Int() > math.MaxInt32 {
			return c.refuse("LIMIT that is no constant")
		}
		b.limit += p.word + strconv.FormatInt(k.Val.Int(), 10)
	}
	if c.label == "Columnar Sort" {
		c.label = "Columnar Top-N"
	}
	return b, true
}

// union is the inputs' rows one after the other, with the columns of out.
func (c *compiler) union(word string, in []plan.Node, out []plan.Col, byPlace bool) (*block, bool) {
	name := c.name("q")
	var first *list
	parts := make([]string, len(in))
	for i, n := range in {
		b, ok := c.openInput(n)
		if !ok {
			return nil, false
		}
		l := newList(name)
		cols := n.Cols()
		for k, o := range out {
			id := o.ID
			if byPlace {
				id = cols[k].ID
			}
			v, ok := c.column(b, id)
			if !ok || !v.exact() || v.scale != "" || v.typ == types.Numeric && v.p == 0 {
				return c.refuse("UNION of " + typeName(o.T.OID))
			}
			l.add(o.ID, v)
		}
		if first == nil {
			first = l
		}
		for _, o := range out {
			f, v := first.cols[o.ID], l.cols[o.ID]
			if f.typ != v.typ || f.s != v.s || f.pad != v.pad {
				return c.refuse("UNION of " + typeName(o.T.OID) + " of several forms")
			}
			f.p, f.lo, f.hi = max(f.p, v.p), min(f.lo, v.lo), max(f.hi, v.hi)
			first.cols[o.ID] = f
		}
		parts[i] = "SELECT " + l.String() + " FROM " + b.from + b.tail()
	}
	if first == nil {
		return c.refuse("a query without table")
	}
	if c.label == "" {
		c.label = "Columnar Append"
	}
	return &block{cols: first.cols, from: "(" + strings.Join(parts, " "+word+" ") + ") " + name}, true
}

func (c *compiler) append(x *plan.Append) (*block, bool) {
	return c.union("UNION ALL", x.In, x.Out, !x.Inherit)
}

func (c *compiler) setOp(x *plan.HashSetOp) (*block, bool) {
	word := "INTERSECT"
	if x.Kind == plan.Except {
		word = "EXCEPT"
	}
	if x.All {
		word += " ALL"
	}
	b, ok := c.union(word, []plan.Node{x.L, x.R}, x.Out, true)
	if !ok {
		return nil, false
	}
	for _, o := range x.Out {
		if v := b.cols[o.ID]; !equalByBits(v) || !binaryOrder(o.T.Coll) {
			return c.refuse(word + " of " + typeName(v.typ))
		}
	}
	return b, true
}

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
		v.sql, v.count, v.scale = move(v.sql), move(v.count), move(v.scale)
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
