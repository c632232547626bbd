package opt

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// distanceOps is the operator that an operator class of an index over vectors orders by.
var distanceOps = sync.OnceValue(func() map[catalog.OID]types.OID {
	byFamily := map[types.OID]types.OID{}
	t := pgdata.Load("pg_amop")
	family, purpose, opr := t.Col("amopfamily"), t.Col("amoppurpose"), t.Col("amopopr")
	for _, r := range t.Rows {
		if *r[purpose] == "o" {
			byFamily[atoi(*r[family])] = atoi(*r[opr])
		}
	}
	out := map[catalog.OID]types.OID{}
	c := pgdata.Load("pg_opclass")
	id, family := c.Col("oid"), c.Col("opcfamily")
	for _, r := range c.Rows {
		if op := byFamily[atoi(*r[family])]; op != 0 {
			out[atoi(*r[id])] = op
		}
	}
	return out
})

// nearest is the input of a sort by distance with a limit: where an index over vectors can find the rows, its scan asks it.
//
//	Sort (by d, first 10 rows)
//	  Result (v <-> '[…]' as d)     nothing else in between that drops rows or makes more
//	    TableScan of the whole table
//
// A filter that leaves few rows would have the index name most of them: then the table is read.
func (o *optimizer) nearest(s *plan.SortNode, rows float64) plan.Node {
	res, ok := s.In.(*plan.Result)
	if !ok || res.In == nil || len(res.Filter) > 0 || len(s.Keys) != 1 || s.Keys[0].Desc || s.Keys[0].NullsFirst || !o.on("indexscan") {
		return s.In
	}
	scan, ok := res.In.(*plan.TableScan)
	if !ok || scan.Near != nil || scan.Reverse || len(scan.Conds) > 0 {
		return s.In
	}
	call := exprOf(res, s.Keys[0].Col)
	if call == nil || len(call.Args) != 2 || hasSubquery(s.Limit) {
		return s.In
	}
	own := colsOf(scan.All)
	for side := range 2 {
		ref, ok := plan.StripRelabel(call.Args[side]).(*plan.ColRef)
		query := call.Args[1-side]
		if !ok || mentionsSet(query, own) || volatileExpr(query) || hasSubquery(query) {
			continue
		}
		ix := distanceIndex(scan, ref.Col, call.Op)
		if ix == nil {
			continue
		}
		total, wanted := max(1, o.freshRows(scan.Table)), max(1, rows)
		if looks := wanted * max(1, total/max(1, scan.Rows)); len(scan.Filter) > 0 && looks > max(1000, total/4) {
			continue
		}
		n := *scan
		n.Est = o.nearCost(scan.Est, wanted)
		n.Index, n.IndexOnly = ix, false
		n.Near = &plan.Near{Operator: call.Name, Query: query, Limit: s.Limit, Order: call}
		r := *res
		r.In = &n
		r.Est.Rows, r.Est.Startup, r.Est.Total = n.Rows, n.Startup, n.Total+o.costs.CPUOperator*n.Rows
		return &r
	}
	return s.In
}

// nearCost is a walk through the graph and the rows that it names.
func (o *optimizer) nearCost(e plan.Est, wanted float64) plan.Est {
	e.Rows = min(e.Rows, wanted)
	e.Startup = o.costs.seek() + o.costs.CPUOperator*1000
	e.Total = e.Startup + 2*e.Rows*o.costs.get()
	return e
}

func exprOf(r *plan.Result, col plan.ColID) *plan.FuncCall {
	for i, c := range r.Out {
		if c.ID == col {
			call, _ := r.Exprs[i].(*plan.FuncCall)
			return call
		}
	}
	return nil
}

// distanceIndex finds an index over a column that orders by an operator.
func distanceIndex(scan *plan.TableScan, col plan.ColID, op types.OID) *catalog.Index {
	if op == 0 {
		return nil
	}
	for _, c := range scan.All {
		if c.ID != col || c.AttNum <= 0 || scan.Table.Column(c.AttNum).TypMod <= 0 { // the graph's vectors have one length
			continue
		}
		for _, ix := range scan.Table.Indexes {
			if ix.Method == catalog.MethodHNSW && !ix.Building && !ix.Invalid && ix.Pred == "" && ix.Keys[0].Att == c.AttNum && distanceOps()[ix.Keys[0].OpClass] == op {
				return ix
			}
		}
	}
	return nil
}
