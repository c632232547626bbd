package columnar

import (
	"math"
	"slices"
	"strconv"

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
	case *plan.VirtualTableScan:
		if !Outside(x.Table) {
			return c.refuse("a plan node that only runs over rows")
		}
		b, ok = c.scan(&plan.TableScan{Est: x.Est, Table: x.Table, Filter: x.Filter, Out: x.Out})
	case *plan.FunctionScan:
		scan, call := deltaCall(x)
		if call == nil {
			return c.refuse("a plan node that only runs over rows")
		}
		b, ok = c.callScan(scan, call, nil)
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
	case *plan.WindowAgg:
		b, ok = c.window(x)
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
	if t.Virtual || !Shaped(t) && !Outside(t) && !c.feedable(t) {
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
		c.tables, c.reads, c.feeds = append(c.tables, t), append(c.reads, nil), append(c.feeds, nil)
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
		if !ok || Outside(t) && (col.Type == types.Varchar || col.Type == types.BPChar) {
			continue // what files hold may be longer
		}
		v.sql = alias + ".a" + strconv.Itoa(int(o.AttNum))
		b.cols[o.ID] = v
	}
	if !c.where(b, x.Conds) || !c.where(b, x.Filter) {
		return nil, false
	}
	c.noteBounds(at, x, slices.Concat(x.Conds, x.Filter))
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
			c.reads[at], c.feeds[at] = append(c.reads[at], o.AttNum), append(c.feeds[at], o)
		}
	}
	b.cols = out
	rows := c.rows(x)
	if !Shaped(t) && !Outside(t) {
		c.cost += rows * feedCost
		return b, true
	}
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
	var b *block
	var ok bool
	if scan, call := deltaCall(x.In); call != nil {
		b, ok = c.callScan(scan, call, x.Filter)
	} else {
		b, ok = c.node(x.In)
	}
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
		v, ok := c.output(b, e)
		if !ok {
			return nil, false
		}
		cols[x.Out[i].ID] = v
	}
	b.cols = cols
	return b, true
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
		if v, ok := c.column(b, k.Col); ok && v.lit != nil {
			continue // DuckDB has no ORDER BY a constant
		}
		s, ok := c.orderKey(b, k)
		if !ok {
			return nil, false
		}
		b.order = append(b.order, s)
	}
	if c.label == "" {
		c.label = "Columnar Sort"
	}
	return b, true
}

// orderKey is an element of ORDER BY.
func (c *compiler) orderKey(b *block, k plan.SortKey) (string, bool) {
	v, ok := c.column(b, k.Col)
	if ok {
		v, ok = c.exact(v)
	}
	switch {
	case !ok || !equalByBits(v) && v.scale == "":
		c.no("ORDER BY " + typeName(k.T.OID))
		return "", false
	case !binaryOrder(k.T.Coll) || !defaultOrder(k):
		c.no("an order")
		return "", false
	}
	if v.typ == types.BPChar {
		v = trimmed(v)
	}
	s := v.sql
	if k.Desc {
		s += " DESC"
	}
	if k.NullsFirst {
		return s + " NULLS FIRST", true
	}
	return s + " NULLS LAST", true
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
