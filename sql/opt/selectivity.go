package opt

import (
	"math"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Estimates without statistics are PostgreSQL's (selfuncs.h), but for columns that lead an index: those have more values
// than 200.
const (
	defaultDistinct = 200
	selIneq         = 0.3333333333333333
	selRange        = 0.005
	selMatch        = 0.005
	selNull         = 0.005
	selUnknown      = 0.3333333333333333
)

// colInfo is what is known of a table column.
type colInfo struct {
	table   *catalog.Table
	att     int16
	rows    float64
	notNull bool
	stats   *stats.Column // nil: none
	loaded  bool
}

func (o *optimizer) colInfo(c plan.ColID) *colInfo {
	if int(c) < len(o.cols) {
		return o.cols[c]
	}
	return nil
}

// learn registers the columns of a scan. nullable: the scan stands on the null-extended side of a join.
func (o *optimizer) learn(x *plan.Scan) float64 {
	if o.expands(x) {
		return o.learnTree(x)
	}
	rows := o.tableRows(x.Table)
	o.register(x.Table, x.Out, rows)
	return rows
}

// register notes which columns of a table with so many rows cols are.
func (o *optimizer) register(t *catalog.Table, cols []plan.Col, rows float64) {
	for i := range cols {
		c := &cols[i]
		for len(o.cols) <= int(c.ID) {
			o.cols = append(o.cols, nil)
		}
		if o.cols[c.ID] != nil {
			continue
		}
		in := &colInfo{table: t, att: c.AttNum, rows: rows}
		if c.AttNum > 0 && int(c.AttNum) <= len(t.Columns) {
			in.notNull = t.Column(c.AttNum).NotNull
		}
		o.cols[c.ID] = in
	}
}

func (o *optimizer) tableRows(t *catalog.Table) float64 {
	if o.rowsOf == nil {
		o.rowsOf = map[*catalog.Table]float64{}
	}
	n, ok := o.rowsOf[t]
	if !ok {
		n = o.freshRows(t)
		o.rowsOf[t] = n
	}
	return n
}

// freshRows is tableRows for a table that is asked for once.
func (o *optimizer) freshRows(t *catalog.Table) float64 {
	switch {
	case t.Virtual && o.env.Computed != nil:
		return max(1, o.env.Computed.Rows(t))
	case o.env.Stats == nil:
		return 1000
	}
	return max(1, o.env.Stats.Rows(t))
}

// columnStats loads the statistics of a column, once.
func (o *optimizer) columnStats(in *colInfo) *stats.Column {
	if !in.loaded {
		in.loaded = true
		if s, ok := o.env.Stats.(ColumnStats); ok && in.att > 0 {
			in.stats = s.Column(in.table, in.att)
		}
	}
	return in.stats
}

// distinct estimates how many values a column has among its table's rows.
func (o *optimizer) distinct(c plan.ColID) (n float64, known bool) {
	in := o.colInfo(c)
	if in == nil {
		if d, ok := o.groups[c]; ok {
			return d, true
		}
		return defaultDistinct, false
	}
	if s := o.columnStats(in); s != nil {
		return max(1, s.Distinct(in.rows)), true
	}
	best := min(defaultDistinct, in.rows)
	for _, ix := range in.table.Indexes {
		if len(ix.Keys) == 0 || ix.Keys[0].Att != in.att || ix.Pred != "" {
			continue
		}
		if ix.Unique && len(ix.Keys) == 1 {
			return in.rows, true
		}
		best = max(best, in.rows/10)
	}
	return best, false
}

// exprDistinct estimates the values of an expression.
func (o *optimizer) exprDistinct(e plan.Expr) float64 {
	switch x := plan.StripRelabel(e).(type) {
	case *plan.ColRef:
		n, _ := o.distinct(x.Col)
		return n
	case *plan.Const, *plan.Param:
		return 1
	case *plan.FuncCall:
		n := 1.0
		for _, a := range x.Args {
			n *= o.exprDistinct(a)
		}
		return min(n, 1e9)
	}
	return defaultDistinct
}

// selectivity estimates the share of rows for which all of conds are true.
func (o *optimizer) selectivity(conds []plan.Expr) float64 {
	s := 1.0
	var ranges map[plan.ColID]float64
	for _, c := range conds {
		col, strategy, val, ok := o.compare(c)
		if ok && strategy != 3 {
			// Two bounds on a column make one range, not two independent conditions.
			f := o.rangeSel(col, strategy, val)
			if ranges == nil {
				ranges = map[plan.ColID]float64{}
			}
			if had, again := ranges[col]; again {
				s /= had
				if f == selIneq && had == selIneq {
					f = selRange
				} else {
					f = max(had+f-1, 1e-4)
				}
			}
			ranges[col] = f
			s *= f
			continue
		}
		s *= o.condSel(c)
	}
	return clampSel(s)
}

func clampSel(s float64) float64 { return min(1, max(s, 1e-10)) }

// compare recognises column op something for a btree operator, whatever the other side is.
func (o *optimizer) compare(c plan.Expr) (col plan.ColID, strategy int, val plan.Expr, ok bool) {
	call, isCall := c.(*plan.FuncCall)
	if !isCall || call.Form != plan.CallOp || len(call.Args) != 2 {
		return 0, 0, nil, false
	}
	if strategy = operators().order[call.Op]; strategy == 0 {
		return 0, 0, nil, false
	}
	if r, isRef := plan.StripRelabel(call.Args[0]).(*plan.ColRef); isRef && o.colInfo(r.Col) != nil {
		return r.Col, strategy, call.Args[1], true
	}
	if r, isRef := plan.StripRelabel(call.Args[1]).(*plan.ColRef); isRef && o.colInfo(r.Col) != nil {
		return r.Col, 6 - strategy, call.Args[0], true
	}
	return 0, 0, nil, false
}

func (o *optimizer) condSel(c plan.Expr) float64 {
	switch x := c.(type) {
	case *plan.Const:
		if x.Val.IsNull() || !x.Val.Bool() {
			return 1e-10
		}
		return 1
	case *plan.BoolOp:
		switch x.Kind {
		case plan.And:
			return o.selectivity(x.Args)
		case plan.Or:
			s := 1.0
			for _, a := range x.Args {
				s *= 1 - o.condSel(a)
			}
			return clampSel(1 - s)
		}
		return clampSel(1 - o.condSel(x.Args[0]))
	case *plan.NullTest:
		f := selNull
		if r, ok := x.Arg.(*plan.ColRef); ok {
			if in := o.colInfo(r.Col); in != nil {
				if s := o.columnStats(in); s != nil {
					f = s.NullFrac
				} else if in.notNull {
					f = 0
				}
			}
		}
		if x.Not {
			f = 1 - f
		}
		return clampSel(f)
	case *plan.ScalarArrayOp:
		return o.arraySel(x)
	case *plan.ColRef:
		if in := o.colInfo(x.Col); in != nil {
			if s := o.columnStats(in); s != nil {
				return clampSel(s.EqSel(types.Lookup(types.Bool), tuple.Bool(true), in.rows))
			}
		}
		return 0.5
	case *plan.BoolTest:
		return 0.5
	case *plan.Subquery:
		return 0.5
	case *plan.DistinctFrom:
		f := o.condSel(x.Eq)
		if !x.Not {
			f = 1 - f
		}
		return clampSel(f)
	case *plan.FuncCall:
		if x.Form == plan.CallOp && len(x.Args) == 2 {
			return o.opSel(x)
		}
	}
	return selUnknown
}

func (o *optimizer) opSel(x *plan.FuncCall) float64 {
	col, strategy, val, ok := o.compare(x)
	switch {
	case ok && strategy == 3:
		return o.eqSel(col, val)
	case ok:
		return o.rangeSel(col, strategy, val)
	}
	switch x.Name {
	case "=":
		return clampSel(1 / max(o.exprDistinct(x.Args[0]), o.exprDistinct(x.Args[1])))
	case "<>":
		if r, isRef := plan.StripRelabel(x.Args[0]).(*plan.ColRef); isRef && o.colInfo(r.Col) != nil {
			return clampSel(1 - o.eqSel(r.Col, x.Args[1]))
		}
		return 1 - 1.0/defaultDistinct
	case "<", "<=", ">", ">=":
		return selIneq
	case "~~", "~", "~~*", "~*", "@>", "<@", "@@", "?":
		return o.patternSel(x)
	case "!~~", "!~", "!~~*", "!~*":
		return 1 - o.patternSel(x)
	case "&&":
		return 0.01
	}
	return selUnknown
}

func (o *optimizer) patternSel(x *plan.FuncCall) float64 {
	c, ok := x.Args[1].(*plan.Const)
	if !ok || c.Val.IsNull() || x.Name != "~~" {
		return selMatch
	}
	if p, exact := likePrefix(string(c.Val.Bytes())); exact {
		if r, isRef := plan.StripRelabel(x.Args[0]).(*plan.ColRef); isRef && o.colInfo(r.Col) != nil {
			return o.eqSel(r.Col, c)
		}
	} else if p == "" {
		return 0.05 // matches in the middle are for common things
	}
	return selMatch
}

// eqSel estimates column = val.
func (o *optimizer) eqSel(col plan.ColID, val plan.Expr) float64 {
	in := o.colInfo(col)
	if s := o.columnStats(in); s != nil {
		switch v := plan.StripRelabel(val).(type) {
		case *plan.Const:
			if v.Val.IsNull() {
				return 1e-10
			}
			if t := o.colType(in); t != nil && keyAccepts(t.OID, v.T.OID) {
				return clampSel(s.EqSel(t, v.Val, in.rows))
			}
		case *plan.ColRef:
			if o.colInfo(v.Col) != nil {
				n, _ := o.distinct(v.Col)
				return clampSel((1 - s.NullFrac) / max(s.Distinct(in.rows), n))
			}
		}
		return clampSel((1 - s.NullFrac) / max(1, s.Distinct(in.rows)))
	}
	n, _ := o.distinct(col)
	if r, ok := plan.StripRelabel(val).(*plan.ColRef); ok && o.colInfo(r.Col) != nil {
		m, _ := o.distinct(r.Col)
		n = max(n, m)
	}
	return clampSel(1 / n)
}

func (o *optimizer) colType(in *colInfo) *types.Type {
	if in.att <= 0 || int(in.att) > len(in.table.Columns) {
		return nil
	}
	return types.Lookup(in.table.Column(in.att).Type)
}

// rangeSel estimates column op val for an inequality: from the histogram where val is known.
func (o *optimizer) rangeSel(col plan.ColID, strategy int, val plan.Expr) float64 {
	in := o.colInfo(col)
	if s := o.columnStats(in); s != nil {
		if v, ok := plan.StripRelabel(val).(*plan.Const); ok {
			if v.Val.IsNull() {
				return 1e-10
			}
			if t, x, ok := o.asColumn(in, v); ok {
				if f, ok := s.LessSel(t, x); ok {
					if strategy > 3 {
						f = 1 - s.NullFrac - f
					}
					return min(1, max(f, 1e-4))
				}
			}
		}
	}
	return selIneq
}

// asColumn turns a constant into about the same value of a column's type.
func (o *optimizer) asColumn(in *colInfo, c *plan.Const) (*types.Type, types.Datum, bool) {
	const day = 24 * 60 * 60 * 1000000 // µs
	t := o.colType(in)
	if t == nil {
		return nil, types.Null, false
	}
	stamp := func(t types.OID) bool { return t == types.Timestamp || t == types.TimestampTZ }
	switch {
	case keyAccepts(t.OID, c.T.OID), stamp(t.OID) && stamp(c.T.OID):
		return t, c.Val, true
	case t.OID == types.Date && stamp(c.T.OID):
		return t, tuple.Int(int64(math.Floor(float64(c.Val.Int()) / day))), true
	case stamp(t.OID) && c.T.OID == types.Date && c.Val.Int() > math.MinInt32 && c.Val.Int() < math.MaxInt32:
		return t, tuple.Int(c.Val.Int() * day), true
	}
	return nil, types.Null, false
}

func (o *optimizer) arraySel(x *plan.ScalarArrayOp) float64 {
	n := 10.0
	switch a := plan.StripRelabel(x.Call.Args[1]).(type) {
	case *plan.ArrayCtor:
		n = float64(len(a.Elems))
	case *plan.Const:
		if !a.Val.IsNull() {
			n = float64(tuple.Array(a.Val.Bytes()).Len())
		}
	}
	r, isRef := plan.StripRelabel(x.Call.Args[0]).(*plan.ColRef)
	one := 1.0 / defaultDistinct
	if isRef && o.colInfo(r.Col) != nil {
		d, _ := o.distinct(r.Col)
		one = 1 / d
		if a, ok := plan.StripRelabel(x.Call.Args[1]).(*plan.ArrayCtor); ok && x.Call.Name == "=" && !x.All {
			s := 0.0
			for _, e := range a.Elems {
				s += o.eqSel(r.Col, e)
			}
			return clampSel(s)
		}
	}
	switch {
	case x.Call.Name == "=" && !x.All:
		return clampSel(n * one)
	case x.Call.Name == "<>" && x.All:
		return clampSel(1 - n*one)
	case !x.All:
		return clampSel(1 - math.Pow(1-selIneq, n))
	}
	return clampSel(math.Pow(selIneq, n))
}

// distinctOf estimates the number of groups that rows make on some columns.
func (o *optimizer) distinctOf(cols []plan.ColID, rows float64) float64 {
	n := 1.0
	for _, c := range cols {
		d, _ := o.distinct(c)
		n *= min(d, rows)
		if n >= rows {
			return max(1, rows)
		}
	}
	// Several columns are seldom independent.
	if len(cols) > 1 {
		n = min(n, max(rows/10, n/10))
	}
	return max(1, min(n, rows))
}

// likePrefix is the literal head of a LIKE pattern; exact: the pattern has nothing else.
func likePrefix(p string) (prefix string, exact bool) {
	var b []byte
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '%', '_':
			return string(b), false
		case '\\':
			if i++; i == len(p) {
				return string(b), false
			}
		}
		b = append(b, p[i])
	}
	return string(b), true
}
