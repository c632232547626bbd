package columnar

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// window adds the values of window functions to the rows of its input. Windows over each other become one SELECT: DuckDB sorts once for
// those of one partition and order, so that they see equal rows in the same order, as PostgreSQL promises.
func (c *compiler) window(x *plan.WindowAgg) (*block, bool) {
	chain := []*plan.WindowAgg{x}
	below := withoutSort(x.In)
	for {
		w, ok := below.(*plan.WindowAgg)
		if !ok {
			break
		}
		c.cost += rowCost * w.Estimate().Rows
		chain, below = append(chain, w), withoutSort(w.In)
	}
	in, ok := c.openInput(below)
	if !ok {
		return nil, false
	}
	l := newList(c.name("q"))
	for _, id := range ids(in.cols) {
		l.add(id, in.cols[id])
	}
	for _, w := range slices.Backward(chain) {
		if !c.windowCalls(l, in, w) {
			return nil, false
		}
	}
	c.label = "Columnar Window"
	return &block{cols: l.cols, from: "(SELECT " + l.String() + " FROM " + in.from + in.tail() + ") " + l.from}, true
}

func withoutSort(n plan.Node) plan.Node {
	if s, ok := n.(*plan.SortNode); ok {
		return s.In
	}
	return n
}

// windowCalls puts the calls of one window in the list.
func (c *compiler) windowCalls(l *list, in *block, w *plan.WindowAgg) bool {
	order, ok := c.windowOrder(in, w)
	if !ok {
		return false
	}
	frame, ok := c.frame(&w.Frame)
	if !ok {
		return false
	}
	whole, framed := " OVER ("+strings.TrimSpace(order)+")", " OVER ("+strings.TrimSpace(order+" "+frame)+")"
	outs := w.Out[len(w.Out)-len(w.Calls):]
	for i, call := range w.Calls {
		v, ok := c.windowCall(in, call, whole, framed)
		if !ok {
			return false
		}
		l.add(outs[i].ID, v)
	}
	return true
}

// windowOrder is PARTITION BY and ORDER BY.
func (c *compiler) windowOrder(in *block, w *plan.WindowAgg) (string, bool) {
	cols := w.In.Cols()
	var parts, keys []string
	for _, id := range w.Partition {
		v, ok := c.column(in, id)
		if ok {
			v, ok = c.exact(v)
		}
		at := slices.IndexFunc(cols, func(o plan.Col) bool { return o.ID == id })
		if !ok || at < 0 || !equalByBits(v) && v.scale == "" || !binaryOrder(cols[at].T.Coll) {
			c.no("PARTITION BY " + typeName(v.typ))
			return "", false
		}
		parts = append(parts, v.sql)
	}
	for _, k := range w.Order {
		s, ok := c.orderKey(in, k)
		if !ok {
			return "", false
		}
		if w.Frame.Distance() {
			if s, ok = c.distanceKey(in, k, s); !ok {
				return "", false
			}
		}
		keys = append(keys, s)
	}
	var s strings.Builder
	if len(parts) > 0 {
		s.WriteString("PARTITION BY " + strings.Join(parts, ", "))
	}
	if len(keys) > 0 {
		s.WriteString(" ORDER BY " + strings.Join(keys, ", "))
	}
	return s.String(), true
}

// distanceKey is the key of RANGE with a distance: an integer in a type that holds it and the distance.
func (c *compiler) distanceKey(in *block, k plan.SortKey, sql string) (string, bool) {
	v, _ := c.column(in, k.Col)
	if _, _, integer := intRange(v.typ); !integer {
		c.no("RANGE with a distance of " + typeName(k.T.OID))
		return "", false
	}
	return "CAST(" + v.sql + " AS HUGEINT)" + strings.TrimPrefix(sql, v.sql), true
}

// frame is the frame clause.
func (c *compiler) frame(f *plan.Frame) (string, bool) {
	start, ok1 := c.bound(f.Start, f.StartOff)
	end, ok2 := c.bound(f.End, f.EndOff)
	if !ok1 || !ok2 {
		return "", false
	}
	mode := map[plan.FrameMode]string{plan.FrameRange: "RANGE", plan.FrameRows: "ROWS", plan.FrameGroups: "GROUPS"}[f.Mode]
	exclude := map[plan.FrameExclude]string{plan.ExcludeCurrentRow: " EXCLUDE CURRENT ROW", plan.ExcludeGroup: " EXCLUDE GROUP", plan.ExcludeTies: " EXCLUDE TIES"}[f.Exclude]
	return mode + " BETWEEN " + start + " AND " + end + exclude, true
}

func (c *compiler) bound(b plan.Bound, off plan.Expr) (string, bool) {
	switch b {
	case plan.UnboundedPreceding:
		return "UNBOUNDED PRECEDING", true
	case plan.UnboundedFollowing:
		return "UNBOUNDED FOLLOWING", true
	case plan.CurrentRow:
		return "CURRENT ROW", true
	}
	n, ok := wholeConst(off)
	if !ok || n < 0 {
		c.no("a frame with a distance that is no constant")
		return "", false
	}
	if b == plan.OffsetPreceding {
		return strconv.FormatInt(n, 10) + " PRECEDING", true
	}
	return strconv.FormatInt(n, 10) + " FOLLOWING", true
}

// wholeConst is a constant that is an integer.
func wholeConst(e plan.Expr) (int64, bool) {
	k, ok := e.(*plan.Const)
	if !ok || k.Val.IsNull() {
		return 0, false
	}
	if _, _, ok = intRange(k.T.OID); !ok {
		return 0, false
	}
	return k.Val.Int(), true
}

// windowFn writes a window function over args; whole and framed are its window without and with the frame.
type windowFn func(c *compiler, args []value, whole, framed string) (value, bool)

func (c *compiler) windowCall(in *block, x *plan.WindowCall, whole, framed string) (value, bool) {
	if x.IsAgg {
		return c.aggregate(in, x.Aggregate(), framed)
	}
	f := whitelist().wins[x.Proc]
	if f == nil || x.Func != nil {
		return c.no("window function " + x.Name)
	}
	args := make([]value, len(x.Args))
	for i, a := range x.Args {
		var ok bool
		if args[i], ok = c.expr(in, a); !ok {
			return value{}, false
		}
		if args[i].typ == types.Numeric && args[i].p == 0 {
			return c.no("a window function of a numeric parameter")
		}
	}
	return f(c, args, whole, framed)
}

// windowFunctions are by their C symbols in PostgreSQL.
func windowFunctions() map[string]windowFn {
	rank := func(name string, oid types.OID) windowFn {
		return func(_ *compiler, _ []value, whole, _ string) (value, bool) { return typed(name+"()"+whole, oid), true }
	}
	return map[string]windowFn{
		"window_row_number": rank("row_number", types.Int8), "window_rank": rank("rank", types.Int8), "window_dense_rank": rank("dense_rank", types.Int8),
		"window_percent_rank": rank("percent_rank", types.Float8), "window_cume_dist": rank("cume_dist", types.Float8),
		"window_ntile": ntile,
		"window_lag":   shifted(-1), "window_lag_with_offset": shifted(-1), "window_lag_with_offset_and_default": shifted(-1),
		"window_lead": shifted(1), "window_lead_with_offset": shifted(1), "window_lead_with_offset_and_default": shifted(1),
		"window_first_value": placed("first_value"), "window_last_value": placed("last_value"), "window_nth_value": placed("nth_value"),
	}
}

// number is the value of an integer constant.
func (v value) number() (int64, bool) {
	if v.lit == nil || v.lit.param > 0 || v.lit.val.IsNull() || v.lo != v.hi {
		return 0, false
	}
	return v.lo, true
}

func ntile(c *compiler, args []value, whole, _ string) (value, bool) {
	n, ok := args[0].number()
	if !ok || n < 1 {
		return c.no("ntile of something else than a positive constant")
	}
	return typed("CAST(ntile("+strconv.FormatInt(n, 10)+")"+whole+" AS INTEGER)", types.Int4), true
}

// chosen is the value of one of the rows: put writes it for an expression over that row.
func chosen(v value, put func(sql string) string) value {
	v.sql = put(v.sql)
	if v.scale != "" {
		v.scale = put(v.scale)
	}
	v.lit, v.base = nil, ""
	return v
}

// shifted is lag (direction -1) or lead (1).
func shifted(direction int64) windowFn {
	return func(c *compiler, args []value, whole, _ string) (value, bool) {
		n := int64(1)
		if len(args) > 1 {
			var ok bool
			if n, ok = args[1].number(); !ok {
				return c.no("lag or lead by something else than a constant")
			}
		}
		name := "lead"
		if n *= direction; n < 0 {
			name, n = "lag", -n
		}
		v, rest := args[0], ""
		if len(args) > 2 {
			d := args[2]
			if d.typ != v.typ || v.typ == types.Numeric && (d.s != v.s || d.scale != "" || v.scale != "") {
				return c.no("lag or lead with a default of another form")
			}
			if v.pad != d.pad {
				v.pad = 0
			}
			v.p, v.lo, v.hi = max(v.p, d.p), min(v.lo, d.lo), max(v.hi, d.hi)
			if v.typ == types.Numeric {
				v.sql = "CAST(" + v.sql + " AS " + decimalName(v.p, v.s) + ")"
			}
			rest = ", " + d.sql
		}
		return chosen(v, func(sql string) string {
			return name + "(" + sql + ", " + strconv.FormatInt(n, 10) + rest + ")" + whole
		}), true
	}
}

// placed is first_value, last_value or nth_value.
func placed(name string) windowFn {
	return func(c *compiler, args []value, _, framed string) (value, bool) {
		nth := ""
		if len(args) > 1 {
			n, ok := args[1].number()
			if !ok || n < 1 {
				return c.no("nth_value of something else than a positive constant")
			}
			nth = ", " + strconv.FormatInt(n, 10)
		}
		return chosen(args[0], func(sql string) string { return name + "(" + sql + nth + ")" + framed }), true
	}
}
