package columnar

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// compiler writes one fragment.
type compiler struct {
	o       Options
	ordered map[plan.Node][]plan.SortKey // of plan.Physical
	tables  []*catalog.Table
	reads   [][]int16
	params  []plan.Expr
	feeds   [][]plan.Col       // by table: reads' columns
	bounds  [][]plan.FileBound // by table
	scans   []int              // by table: how many there are
	ctes    map[*plan.CTE]*cte
	with    []string               // the CTEs' definitions
	scopes  []map[plan.ColID]value // columns of the blocks around, the nearest last
	input   float64                // rows
	cost    float64
	names   int
	reason  string
	label   string
	// callTables stand for calls of delta_scan.
	callTables map[*plan.FuncCall]*catalog.Table
	// flat, unless 0: no SEMI and ANTI JOIN, which DuckDB does not take inside of a correlated subquery.
	flat int
	// wide: decimals have as many digits as can be; narrow notes that this would change the text.
	wide, narrow bool
}

type cte struct {
	name string
	cols []value // by the plan's columns; sql is the column's name
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

func (c *compiler) name(prefix string) string {
	c.names++
	return prefix + strconv.Itoa(c.names)
}

// block is one SELECT in the making: its columns are expressions over from.
type block struct {
	cols  map[plan.ColID]value
	from  string
	where []string
	order []string
	limit string
	// joined: from is more than one table or subquery.
	joined bool
	// fixed: the order of its joins is the plan's. DuckDB takes columns for independent and, where it reads no statistics, each for a key:
	// of a join by several columns it may take one alone for an edge, and joins tables by it that have nothing else in common.
	fixed bool
}

// plain reports that all columns are columns of from.
func (b *block) plain() bool {
	for _, v := range b.cols {
		if !isColumn(v.sql) || v.scale != "" && !isColumn(v.scale) || v.divisor != nil && !isColumn(v.divisor.sql) {
			return false
		}
	}
	return true
}

// isColumn reports a text like s1.a2.
func isColumn(s string) bool {
	_, col, ok := strings.Cut(s, ".")
	return ok && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(col, "abcdefghijklmnopqrstuvwxyz0123456789") == "" && !strings.ContainsAny(s, " ('")
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

// list is a SELECT list in the making. Beside a value stand its display scale and what it is divided by.
type list struct {
	items []string
	cols  map[plan.ColID]value
	from  string // name of the subquery that it becomes
}

func newList(from string) *list { return &list{cols: map[plan.ColID]value{}, from: from} }

// add puts v in the list as column id; above it is a column of from.
func (l *list) add(id plan.ColID, v value) {
	name := "c" + strconv.Itoa(int(id))
	put := func(prefix string, s *string) {
		l.items = append(l.items, *s+" AS "+prefix+name)
		*s = l.from + "." + prefix + name
	}
	put("", &v.sql)
	if v.divisor != nil {
		d := *v.divisor
		put("n", &d.sql)
		v.divisor = &d
	}
	if v.scale != "" {
		put("s", &v.scale)
	}
	v.lit, v.base = nil, ""
	l.cols[id] = v
}

func (l *list) String() string {
	if len(l.items) == 0 {
		return "1 AS one"
	}
	return strings.Join(l.items, ", ")
}

// nest makes b a subquery, so that more can be done with its rows.
func (c *compiler) nest(b *block) *block {
	l := newList(c.name("q"))
	for _, id := range ids(b.cols) {
		l.add(id, b.cols[id])
	}
	return &block{cols: l.cols, from: "(SELECT " + l.String() + " FROM " + b.from + b.tail() + ") " + l.from}
}

func ids(cols map[plan.ColID]value) []plan.ColID {
	out := make([]plan.ColID, 0, len(cols))
	for id := range cols {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// finish makes the node: the result has one column for each of n's, and those that belong to quotients and display scales.
func (c *compiler) finish(n plan.Node, b *block) (*plan.Columnar, bool) {
	out := n.Cols()
	f := &plan.Columnar{Est: *n.Estimate(), Tables: c.tables, Params: c.params, Fallback: n, Label: c.label, Out: out,
		Reads: c.reads, Bounds: c.bounds, Feeds: c.feedScans(), Calls: c.calls(), Divided: make([]bool, len(out)), Scaled: make([]bool, len(out)), Input: c.input, With: c.with,
		Cost: startCost + c.cost + outCost*n.Estimate().Rows}
	var list []string
	for i, o := range out {
		v, ok := b.cols[o.ID]
		if !ok {
			c.no("a column of type " + typeName(o.T.OID))
			return nil, false
		}
		if v.typ == types.Numeric && v.p == 0 {
			c.no("a numeric parameter as a result")
			return nil, false
		}
		list = append(list, v.sql)
		if f.Divided[i] = v.divisor != nil; f.Divided[i] {
			list = append(list, v.divisor.checked(v.sql))
		}
		if f.Scaled[i] = v.scale != ""; f.Scaled[i] {
			list = append(list, v.scale)
		}
	}
	if len(list) == 0 {
		c.no("a result without columns")
		return nil, false
	}
	f.SQL = "SELECT " + strings.Join(list, ", ") + " FROM " + b.from + b.tail()
	return f, true
}

// Costs in the planner's units. A row store reads a row in about as much time as DuckDB reads a hundred values.
const (
	startCost = 200    // to open files and to begin
	tableCost = 40     // per table
	valueCost = 0.0002 // per value that is read
	rowCost   = 0.0005 // per row that passes through an operator
	outCost   = 0.02   // per row that comes back
	feedCost  = 0.03   // per row that goes there by itself
)

// ParamTypes are the types of a fragment's parameters, for Bind.
func ParamTypes(n *plan.Columnar) []types.OID {
	out := make([]types.OID, len(n.Params))
	for i, p := range n.Params {
		out[i] = p.Type().OID
	}
	return out
}
