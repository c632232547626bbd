package opt

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Computed relations (pg_catalog's) have no index, but equality on some columns is a look-up all the same: they are planned like
// tables with indexes on these.

// Computed tells what reading computed relations takes.
type Computed interface {
	// Rows estimates the rows of a relation.
	Rows(t *catalog.Table) float64
	// Lookups are the columns by which a relation is looked up, without computing all of it.
	Lookups(t *catalog.Table) []catalog.Lookup
}

// computedRow is the cost of one row, computedLook that of a look-up beside its rows.
func (c *Costs) computedRow() float64  { return 8 * c.CPUTuple }
func (c *Costs) computedLook() float64 { return 20 * c.CPUTuple }

// learnComputed registers the columns of a computed relation, like learn.
func (o *optimizer) learnComputed(x *plan.VirtualScan) float64 {
	rows := o.tableRows(x.Table)
	o.register(x.Table, x.Out, rows)
	return rows
}

func (o *optimizer) virtualScan(x *plan.VirtualScan, conds []plan.Expr) (built, error) {
	conds, err := o.exprs(conds)
	if err != nil {
		return built{}, err
	}
	b, _ := o.computed(x, conds, len(conds))
	return b, nil
}

// fixedBy is a condition that fixes a column to a value, or to the elements of an array.
type fixedBy struct {
	cond  int
	val   plan.Expr
	array bool
}

// computed plans the reading of a computed relation. byJoin: it is a look-up by one of the conditions from number joined on.
func (o *optimizer) computed(x *plan.VirtualScan, conds []plan.Expr, joined int) (b built, byJoin bool) {
	total := o.learnComputed(x)
	c := &o.costs
	n := &plan.VirtualTableScan{Table: x.Table, Alias: x.Alias, Filter: conds, Out: x.Out}
	fixed := o.fixedAtts(x, conds)
	n.Est = plan.Est{Rows: max(1, total*o.selectivity(conds)), Width: widthOf(x.Out)}
	n.Total = total * (c.computedRow() + c.filter(conds))
	var best *catalog.Lookup
	if o.env.Computed != nil {
		lookups := o.env.Computed.Lookups(x.Table)
		for i := range lookups {
			l := &lookups[i]
			seeks, ok := o.seeks(l, fixed)
			if !ok {
				continue
			}
			read := seeks * l.Rows
			if cost := seeks*c.computedLook() + read*(c.computedRow()+c.filter(conds)); cost < n.Total {
				best, n.Total = l, cost
				n.Rows = min(n.Rows, max(1, read))
			}
		}
	}
	for _, col := range x.Out {
		if f, ok := fixed[col.AttNum]; ok && !f.array {
			n.Eq = append(n.Eq, plan.VirtualEq{AttNum: col.AttNum, Expr: f.val})
		}
	}
	b.node = n
	if best == nil {
		return b, false
	}
	b.one = best.Unique
	for _, att := range best.Atts {
		f := fixed[att]
		byJoin = byJoin || f.cond >= joined
		if f.array {
			n.EqAny, b.one = &plan.VirtualEq{AttNum: att, Expr: f.val}, false
		}
	}
	return b, byJoin
}

// seeks estimates how often a look-up is made; not ok: conditions leave one of its columns open, or give arrays for two.
func (o *optimizer) seeks(l *catalog.Lookup, fixed map[int16]fixedBy) (n float64, ok bool) {
	n, arrays := 1.0, 0
	for _, att := range l.Atts {
		f, ok := fixed[att]
		if !ok {
			return 0, false
		}
		if f.array {
			arrays++
			n = max(1, o.arrayCount(f.val))
		}
	}
	return n, arrays < 2
}

// fixedAtts finds what the conditions fix.
func (o *optimizer) fixedAtts(x *plan.VirtualScan, conds []plan.Expr) map[int16]fixedBy {
	var out map[int16]fixedBy
	put := func(att int16, f fixedBy) {
		if had, ok := out[att]; ok && (!had.array || f.array) {
			return
		}
		if out == nil {
			out = map[int16]fixedBy{}
		}
		out[att] = f
	}
	own := colsOf(x.Out)
	column := func(e plan.Expr) *plan.Col {
		if r, ok := plan.StripRelabel(e).(*plan.ColRef); ok {
			for i := range x.Out {
				if x.Out[i].ID == r.Col && x.Out[i].AttNum > 0 {
					return &x.Out[i]
				}
			}
		}
		return nil
	}
	free := func(e plan.Expr) bool { return !mentionsSet(e, own) && !volatileExpr(e) }
	for i, c := range conds {
		switch e := c.(type) {
		case *plan.FuncCall:
			if e.Form != plan.CallOp || len(e.Args) != 2 {
				continue
			}
			if e.Op == opNameRegex || e.Op == opTextRegex {
				if col := column(e.Args[0]); col != nil {
					if word, ok := wholeWord(e.Args[1]); ok {
						put(col.AttNum, fixedBy{cond: i, val: textConst(word)})
					}
				}
				continue
			}
			if !isEquality(e.Op) || o.loose(e.InputColl) {
				continue
			}
			for side := range 2 {
				col, val := column(e.Args[side]), e.Args[1-side]
				if col != nil && sameValue(col.T.OID, val.Type().OID) && free(val) && !hasSubplan(val) {
					put(col.AttNum, fixedBy{cond: i, val: val})
				}
			}
		case *plan.ScalarArrayOp:
			if e.All || e.Call.Form != plan.CallOp || !isEquality(e.Call.Op) {
				continue
			}
			col, arr := column(e.Call.Args[0]), e.Call.Args[1]
			if col == nil || !free(arr) || hasSubplan(arr) {
				continue
			}
			if t := types.Lookup(arr.Type().OID); t != nil && sameValue(col.T.OID, t.Elem) {
				put(col.AttNum, fixedBy{cond: i, val: arr, array: true})
			}
		}
	}
	return out
}

// Operators (pg_operator).
const (
	opNameEqText = 254
	opTextEqName = 260
	opNameRegex  = 639
	opTextRegex  = 641
)

func isEquality(op types.OID) bool {
	return operators().strategy[op] == 3 || op == opNameEqText || op == opTextEqName
}

// sameValue reports whether equal values of two types have the same form here.
func sameValue(a, b types.OID) bool {
	word := func(t types.OID) bool { return t == types.Name || t == types.Text || t == types.Varchar }
	return keyAccepts(a, b) || word(a) && word(b)
}

// wholeWord recognises a pattern that one string alone matches, ^(word)$ as psql writes it for a name.
func wholeWord(e plan.Expr) (string, bool) {
	c, ok := plan.StripRelabel(e).(*plan.Const)
	if !ok || c.Val.IsNull() {
		return "", false
	}
	p, ok := strings.CutPrefix(c.Val.Str(), "^(")
	if !ok {
		return "", false
	}
	if p, ok = strings.CutSuffix(p, ")$"); !ok || p == "" {
		return "", false
	}
	for i := range len(p) {
		b := p[i]
		if b != '_' && (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') {
			return "", false
		}
	}
	return p, true
}
