package columnar

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Options of Route.
type Options struct {
	// Rows estimates the rows of a table.
	Rows func(t *catalog.Table) float64
}

// Route puts plan.Columnar nodes in the place of the largest fragments of a plan that can run over the columnar shape,
// and changes its other nodes to hold them. Whether a fragment runs there is decided when it is started. The reason,
// "" where something was routed or nothing could gain from it, says what kept the first candidate out.
func Route(p *plan.Physical, o Options) (reason string) {
	r := router{o: o}
	r.visit(&p.Root)
	if r.routed {
		return ""
	}
	return r.reason
}

type router struct {
	o      Options
	routed bool
	reason string
}

func (r *router) visit(n *plan.Node) {
	if candidate(*n) {
		if f := r.fragment(*n); f != nil {
			*n, r.routed = f, true
			return
		}
	}
	for _, c := range children(*n) {
		r.visit(c)
	}
}

// candidate reports a node that may be cheaper over columns: it reads much and gives little.
func candidate(n plan.Node) bool {
	switch x := n.(type) {
	case *plan.Agg:
		return true
	case *plan.Result:
		return x.In != nil && candidate(x.In)
	case *plan.SortNode:
		return x.Limit != nil || candidate(x.In)
	case *plan.LimitNode:
		if s, ok := x.In.(*plan.SortNode); ok {
			return s != nil
		}
		return candidate(x.In)
	}
	return false
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
		return []*plan.Node{&x.Outer, &x.Inner}
	case *plan.Agg:
		return []*plan.Node{&x.In}
	case *plan.WindowAgg:
		return []*plan.Node{&x.In}
	case *plan.SortNode:
		return []*plan.Node{&x.In}
	case *plan.UniqueNode:
		return []*plan.Node{&x.In}
	case *plan.HashDistinct:
		return []*plan.Node{&x.In}
	case *plan.LimitNode:
		return []*plan.Node{&x.In}
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

func (r *router) fragment(n plan.Node) *plan.Columnar {
	c := &compiler{o: r.o}
	b, ok := c.node(n)
	if ok && len(c.tables) == 0 {
		return nil
	}
	var f *plan.Columnar
	if ok {
		f, ok = c.finish(n, b)
	}
	if !ok {
		if r.reason == "" {
			r.reason = c.reason
		}
		return nil
	}
	return f
}

// compiler writes one fragment.
type compiler struct {
	o      Options
	tables []*catalog.Table
	reads  [][]int16
	params []plan.Expr
	input  float64
	names  int
	reason string
	label  string
}

// no notes why a fragment is not routed.
func (c *compiler) no(what string) (value, bool) {
	if c.reason == "" {
		c.reason = what
	}
	return value{}, false
}

func (c *compiler) refuse(what string) (*block, bool) {
	c.no(what)
	return nil, false
}

// block is one SELECT in the making: its columns are expressions over from.
type block struct {
	cols  map[plan.ColID]value
	from  string
	where []string
	order []string
	limit string
}

// simple reports a block to which conditions, joins and groups can still be added.
func (b *block) simple() bool { return b.order == nil && b.limit == "" }

func (b *block) tail() string {
	var s strings.Builder
	if len(b.where) > 0 {
		s.WriteString(" WHERE " + strings.Join(b.where, " AND "))
	}
	if len(b.order) > 0 {
		s.WriteString(" ORDER BY " + strings.Join(b.order, ", "))
	}
	s.WriteString(b.limit)
	return s.String()
}

// nest makes b a subquery, so that more can be done with its rows.
func (c *compiler) nest(b *block) *block {
	c.names++
	q := "q" + strconv.Itoa(c.names)
	out := &block{cols: make(map[plan.ColID]value, len(b.cols))}
	var list []string
	ids := make([]plan.ColID, 0, len(b.cols))
	for id := range b.cols {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		v := b.cols[id]
		name := "c" + strconv.Itoa(int(id))
		list = append(list, v.sql+" AS "+name)
		v.sql = q + "." + name
		if v.avg {
			list = append(list, v.count+" AS n"+name)
			v.count = q + ".n" + name
		}
		out.cols[id] = v
	}
	if len(list) == 0 {
		list = append(list, "1 AS one")
	}
	out.from = "(SELECT " + strings.Join(list, ", ") + " FROM " + b.from + b.tail() + ") " + q
	return out
}

func (c *compiler) node(n plan.Node) (*block, bool) {
	switch x := n.(type) {
	case *plan.TableScan:
		return c.scan(x)
	case *plan.Result:
		return c.result(x)
	case *plan.Agg:
		return c.agg(x)
	case *plan.HashJoin:
		return c.hashJoin(x)
	case *plan.SortNode:
		return c.sort(x)
	case *plan.LimitNode:
		return c.limit(x)
	case *plan.Materialize:
		return c.node(x.In)
	}
	return c.refuse("a plan node that only runs over rows")
}

func (c *compiler) scan(x *plan.TableScan) (*block, bool) {
	t := x.Table
	if t.Virtual || t.Kind != catalog.RelTable || t.Persistence != catalog.Permanent {
		return c.refuse("a relation without columnar shape")
	}
	if x.Sample != nil {
		return c.refuse("TABLESAMPLE")
	}
	c.names++
	alias := "s" + strconv.Itoa(c.names)
	at := slices.Index(c.tables, t)
	if at < 0 {
		at = len(c.tables)
		c.tables, c.reads = append(c.tables, t), append(c.reads, nil)
	}
	b := &block{cols: map[plan.ColID]value{}, from: "t" + strconv.Itoa(at) + " " + alias}
	used := map[plan.ColID]bool{}
	for _, o := range x.Out {
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
		used[o.ID] = true
		if !slices.Contains(c.reads[at], o.AttNum) {
			c.reads[at] = append(c.reads[at], o.AttNum)
		}
	}
	rows := c.o.Rows(t)
	if len(x.Eq) > 0 || x.EqAny != nil || x.Lo != nil || x.Hi != nil {
		if x.Unique {
			return c.refuse("a row by its key")
		}
		rows = min(rows, x.Rows)
	}
	c.input += rows
	return b, c.where(b, x.Conds) && c.where(b, x.Filter)
}

// columnValue is what a table's column is in DuckDB while the mirror has it in a native type.
func columnValue(col *catalog.Column) (value, bool) {
	if col.Type == types.Numeric {
		if col.TypMod < 4 {
			return value{}, false
		}
		p := int((col.TypMod - 4) >> 16)
		s := int((col.TypMod-4)&0x7ff^1024) - 1024
		return value{typ: col.Type, p: p, s: s}, p >= 1 && p <= 38 && s >= 0 && s <= p
	}
	return value{typ: col.Type}, duckType(col.Type) != ""
}

func (c *compiler) where(b *block, conds []plan.Expr) bool {
	for _, e := range conds {
		v, ok := c.expr(b, e)
		if !ok {
			return false
		}
		b.where = append(b.where, v.sql)
	}
	return true
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
		if !b.simple() {
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
		// What is passed through may be of any type and an average; what is computed must be on the whitelist.
		if ref, plain := e.(*plan.ColRef); plain {
			if v, known := b.cols[ref.Col]; known {
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

func (c *compiler) hashJoin(x *plan.HashJoin) (*block, bool) {
	if x.Kind != plan.InnerJoin || len(x.OuterKeys) == 0 {
		return c.refuse("a join other than an inner one on equality")
	}
	l, ok := c.node(x.Outer)
	if !ok {
		return nil, false
	}
	r, ok := c.node(x.Inner)
	if !ok {
		return nil, false
	}
	if !l.simple() {
		l = c.nest(l)
	}
	if !r.simple() {
		r = c.nest(r)
	}
	b := &block{cols: l.cols, from: l.from + ", " + r.from, where: append(l.where, r.where...)}
	lcols := l.cols
	b.cols = make(map[plan.ColID]value, len(l.cols)+len(r.cols))
	for id, v := range lcols {
		b.cols[id] = v
	}
	for id, v := range r.cols {
		b.cols[id] = v
	}
	for i := range x.OuterKeys {
		if !binaryOrder(x.Colls[i]) {
			return c.refuse("a collation")
		}
		lv, ok := c.expr(b, x.OuterKeys[i])
		if !ok {
			return nil, false
		}
		rv, ok := c.expr(b, x.InnerKeys[i])
		if !ok {
			return nil, false
		}
		if lv.typ != rv.typ || !equalByBits(lv.typ) {
			return c.refuse("a join on " + typeName(lv.typ))
		}
		var none value
		if lv.typ == types.Numeric && !c.decimals(fn{kind: opCompare}, lv, rv, &none) {
			return nil, false
		}
		b.where = append(b.where, "("+lv.sql+" = "+rv.sql+")")
	}
	if !c.where(b, x.On) {
		return nil, false
	}
	c.label = "Columnar Join"
	return b, true
}

// equalByBits are the types whose equal values look alike, so that any one of a group stands for it.
func equalByBits(oid types.OID) bool {
	switch oid {
	case types.Bool, types.Int2, types.Int4, types.Int8, types.Date, types.Timestamp, types.TimestampTZ, types.Text,
		types.Varchar, types.Numeric:
		return true
	}
	return false
}

func (c *compiler) agg(x *plan.Agg) (*block, bool) {
	if x.Sets != nil || len(x.Groupings) > 0 {
		return c.refuse("GROUPING SETS")
	}
	in, ok := c.node(x.In)
	if !ok {
		return nil, false
	}
	if !in.simple() {
		in = c.nest(in)
	}
	c.names++
	q := "q" + strconv.Itoa(c.names)
	out := &block{cols: map[plan.ColID]value{}}
	var list, groups []string
	add := func(id plan.ColID, v value) {
		name := "c" + strconv.Itoa(int(id))
		list = append(list, v.sql+" AS "+name)
		v.sql = q + "." + name
		if v.avg {
			list = append(list, v.count+" AS n"+name)
			v.count = q + ".n" + name
		}
		out.cols[id] = v
	}
	for i, g := range x.GroupBy {
		v, ok := in.cols[x.GroupIn[i]]
		switch {
		case !ok:
			return c.refuse("GROUP BY " + g.Name)
		case v.avg || !equalByBits(v.typ) || v.typ == types.Numeric && v.p == 0 || !binaryOrder(g.T.Coll):
			return c.refuse("GROUP BY " + typeName(v.typ))
		}
		groups = append(groups, v.sql)
		add(g.ID, v)
	}
	for i, a := range x.Aggs {
		v, ok := c.aggregate(in, a)
		if !ok {
			return nil, false
		}
		add(x.Out[len(x.GroupBy)+i].ID, v)
	}
	if len(list) == 0 {
		list = append(list, "1 AS one")
	}
	s := "SELECT " + strings.Join(list, ", ") + " FROM " + in.from + in.tail()
	if len(groups) > 0 {
		s += " GROUP BY " + strings.Join(groups, ", ")
	} else if len(x.Aggs) == 0 {
		return c.refuse("an aggregate without functions")
	}
	out.from = "(" + s + ") " + q
	if !c.where(out, x.Having) {
		return nil, false
	}
	c.label = "Columnar Aggregate"
	return out, true
}

func (c *compiler) aggregate(in *block, a *plan.Aggref) (value, bool) {
	kind := whitelist().aggs[a.Proc]
	if kind == aggNone || len(a.Direct) > 0 || len(a.OrderBy) > 0 || a.Variadic {
		return c.no("aggregate " + a.Name)
	}
	filter := ""
	if a.Filter != nil {
		f, ok := c.expr(in, a.Filter)
		if !ok {
			return f, false
		}
		filter = " FILTER (WHERE " + f.sql + ")"
	}
	if kind == aggCountStar {
		return value{sql: "count(*)" + filter, typ: types.Int8}, true
	}
	arg, ok := c.expr(in, a.Args[0])
	if !ok {
		return arg, false
	}
	distinct := ""
	if a.Distinct {
		if !equalByBits(arg.typ) || !binaryOrder(a.Args[0].Type().Coll) {
			return c.no("DISTINCT " + typeName(arg.typ))
		}
		distinct = "DISTINCT "
	}
	if arg.typ == types.Numeric && arg.p == 0 {
		return c.no("an aggregate of a numeric parameter")
	}
	call := func(name string) string { return name + "(" + distinct + arg.sql + ")" + filter }
	switch kind {
	case aggCount:
		return value{sql: call("count"), typ: types.Int8}, true
	case aggSum:
		if a.T.OID == types.Numeric && arg.typ != types.Numeric {
			return value{sql: "CAST(" + call("sum") + " AS DECIMAL(38,0))", typ: types.Numeric, p: 38}, true
		}
		if a.T.OID == types.Int8 {
			// DuckDB's sum is a hugeint: the cast fails where PostgreSQL's bigint overflows.
			return value{sql: "CAST(" + call("sum") + " AS BIGINT)", typ: types.Int8}, true
		}
		return value{sql: call("sum"), typ: types.Numeric, p: 38, s: arg.s}, true
	case aggAvg:
		// DuckDB would divide doubles.
		return value{sql: call("sum"), typ: types.Numeric, avg: true, count: call("count")}, true
	case aggMin, aggMax:
		if !binaryOrder(a.InputColl) {
			return c.no("a collation")
		}
		name := "min"
		if kind == aggMax {
			name = "max"
		}
		return value{sql: call(name), typ: a.T.OID, p: arg.p, s: arg.s}, true
	case aggBoolAnd:
		return value{sql: call("bool_and"), typ: types.Bool}, true
	case aggBoolOr:
		return value{sql: call("bool_or"), typ: types.Bool}, true
	}
	return c.no("aggregate " + a.Name)
}

func (c *compiler) sort(x *plan.SortNode) (*block, bool) {
	b, ok := c.node(x.In)
	if !ok {
		return nil, false
	}
	if !b.simple() {
		b = c.nest(b)
	}
	for _, k := range x.Keys {
		v, ok := b.cols[k.Col]
		switch {
		case !ok || v.avg || !equalByBits(v.typ):
			return c.refuse("ORDER BY " + typeName(k.T.OID))
		case !binaryOrder(k.T.Coll) || !defaultOrder(k):
			return c.refuse("an order")
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
	// A bound on the rows is only a hint: the Limit above has the number.
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

// finish makes the node: the result has one column for each of n's, and the count behind an average.
func (c *compiler) finish(n plan.Node, b *block) (*plan.Columnar, bool) {
	out := n.Cols()
	f := &plan.Columnar{Est: *n.Estimate(), Tables: c.tables, Params: c.params, Fallback: n, Label: c.label, Out: out,
		Reads: c.reads, Avg: make([]bool, len(out)), Input: c.input}
	var list []string
	for i, o := range out {
		v, ok := b.cols[o.ID]
		if !ok {
			c.no("a column of type " + typeName(o.T.OID))
			return nil, false
		}
		list = append(list, v.sql)
		if f.Avg[i] = v.avg; v.avg {
			list = append(list, v.count)
		}
	}
	if len(list) == 0 {
		return nil, false
	}
	f.SQL = "SELECT " + strings.Join(list, ", ") + " FROM " + b.from + b.tail()
	return f, true
}

// ParamTypes are the types of a fragment's parameters, for Bind.
func ParamTypes(n *plan.Columnar) []types.OID {
	out := make([]types.OID, len(n.Params))
	for i, p := range n.Params {
		out[i] = p.Type().OID
	}
	return out
}
