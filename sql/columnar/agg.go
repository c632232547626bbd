package columnar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// equalByBits are the values whose equals look alike, so that any one of a group stands for it.
func equalByBits(v value) bool {
	switch v.typ {
	case types.Bool, types.Int2, types.Int4, types.Int8, types.Date, types.Timestamp, types.TimestampTZ, types.Text,
		types.Varchar:
		return true
	case types.Numeric:
		return v.p > 0 && v.scale == "" && v.divisor == nil
	case types.BPChar:
		return v.pad > 0
	}
	return false
}

func (c *compiler) agg(x *plan.Agg) (*block, bool) {
	in, ok := c.openInput(x.In)
	if !ok {
		return nil, false
	}
	if x.Sets != nil && !in.plain() {
		in = c.nest(in) // DuckDB knows a column of a grouping set by its name
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
		if x.Sets != nil && slices.Contains(groups, v.sql) {
			return c.refuse("GROUPING SETS of one column under two names") // one and the same to DuckDB
		}
		groups = append(groups, v.sql)
		l.add(g.ID, v)
	}
	for i, a := range x.Aggs {
		v, ok := c.aggregate(in, a, "")
		if !ok {
			return nil, false
		}
		l.add(x.Out[len(x.GroupBy)+i].ID, v)
	}
	for i, g := range x.Groupings {
		l.add(x.Out[len(x.GroupBy)+len(x.Aggs)+i].ID, grouping(x, g, groups))
	}
	s := "SELECT " + l.String() + " FROM " + in.from + in.tail()
	if x.Sets != nil {
		s += " GROUP BY GROUPING SETS (" + strings.Join(groupingSets(x.Sets, groups), ", ") + ")"
	} else if len(groups) > 0 {
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

// groupingSets are the sets of columns.
func groupingSets(sets [][]int, groups []string) []string {
	out := make([]string, len(sets))
	for i, set := range sets {
		cols := make([]string, len(set))
		for k, at := range set {
			cols[k] = groups[at]
		}
		out[i] = "(" + strings.Join(cols, ", ") + ")"
	}
	return out
}

// grouping is GROUPING(…).
func grouping(x *plan.Agg, g *plan.GroupingCall, groups []string) value {
	cols := make([]string, len(g.Cols))
	for i, id := range g.Cols {
		at := slices.IndexFunc(x.GroupBy, func(c plan.Col) bool { return c.ID == id })
		if at < 0 {
			at = slices.Index(x.GroupIn, id)
		}
		cols[i] = groups[at]
	}
	return typed("CAST(GROUPING("+strings.Join(cols, ", ")+") AS INTEGER)", types.Int4)
}

// aggregate writes an aggregate; over is "" or the window of each of its calls.
func (c *compiler) aggregate(in *block, a *plan.Aggref, over string) (value, bool) {
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
			return over
		}
		return " FILTER (WHERE " + strings.Join(conds, " AND ") + ")" + over
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
		return value{sql: call("sum"), typ: types.Numeric, p: maxDigits, s: arg.s, divisor: &divisor{sql: call("count"), p: 19, nonzero: true}, scale: scale()}, true
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
