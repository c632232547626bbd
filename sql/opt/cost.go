package opt

import (
	"math"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Costs are PostgreSQL's parameters with its defaults (manual 20.7.2). One unit is about 7 µs of this store:
//
//	row of a range scan   460 ns   2 × cpu_tuple_cost + width/8192 × seq_page_cost; 82 ns in the store, the rest in its operator
//	row by an index       6.9 µs   random_page_cost / 4; 3.9 µs in the store
//	seek of an iterator   2.6 µs   random_page_cost / 6
//
// Rows lie in blocks that are mostly cached, so that a random page is a get and no disk access: settings made for disks
// keep their proportions.
type Costs struct {
	SeqPage, RandomPage, CPUTuple, CPUIndexTuple, CPUOperator float64
	// WorkMem in bytes: what is larger goes to files.
	WorkMem float64
	// HashMem is what a hash table may take before it goes to files.
	HashMem float64
	// Cache is effective_cache_size in bytes: what is larger is read from disk.
	Cache float64
}

// DefaultCosts are PostgreSQL's.
func DefaultCosts() Costs {
	return Costs{SeqPage: 1, RandomPage: 4, CPUTuple: 0.01, CPUIndexTuple: 0.005, CPUOperator: 0.0025, WorkMem: 4 << 20, HashMem: 8 << 20, Cache: 4 << 30}
}

func (c *Costs) get() float64  { return c.RandomPage / 4 }
func (c *Costs) seek() float64 { return c.RandomPage / 6 }

func (c *Costs) scanRow(width int) float64 {
	return 2*c.CPUTuple + float64(width+24)/8192*c.SeqPage
}

func (c *Costs) entry(width int) float64 {
	return c.CPUIndexTuple + float64(width+24)/8192*c.SeqPage
}

// disabledCost is added to what a setting turns off and nothing else can do.
const disabledCost = 1e10

// filter is the cost of conditions per row.
func (c *Costs) filter(conds []plan.Expr) float64 {
	n := 0.0
	for _, e := range conds {
		n += c.expr(e)
	}
	return n
}

func (c *Costs) expr(e plan.Expr) float64 {
	switch x := e.(type) {
	case nil, *plan.ColRef, *plan.Const, *plan.Param:
		return 0
	case *plan.FuncCall:
		n := c.CPUOperator
		for _, a := range x.Args {
			n += c.expr(a)
		}
		return n
	}
	n := 0.0
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch x := e.(type) {
		case *plan.Subquery:
			n += 100 * c.CPUOperator
			if x.Plan != nil && len(x.Params) > 0 {
				n += x.Plan.Estimate().Total
			}
		case *plan.ColRef, *plan.Const, *plan.Param:
		default:
			n += c.CPUOperator
		}
		return true
	})
	return n
}

// sortCost adds a sort; with limit > 0 only that many rows are kept.
func (o *optimizer) sortCost(in plan.Est, limit float64) plan.Est {
	c := &o.costs
	rows := max(2, in.Rows)
	keep := rows
	if limit > 0 && limit < rows {
		keep = max(2, limit)
	}
	in.Startup = in.Total + 2*c.CPUOperator*rows*math.Log2(keep)
	if bytes := rows * float64(in.Width+32); bytes > c.WorkMem && keep == rows {
		in.Startup += 2 * bytes / 8192 * c.SeqPage
	}
	if !o.on("sort") {
		in.Startup += disabledCost
	}
	in.Total = in.Startup + c.CPUOperator*rows
	return in
}

// part is the cost of reading rows of an input: all of them for 0.
func part(e plan.Est, rows float64) float64 {
	if rows <= 0 || rows >= e.Rows {
		return e.Total
	}
	return e.Startup + (e.Total-e.Startup)*rows/max(1, e.Rows)
}

func widthOf(cols []plan.Col) int {
	w := 0
	for i := range cols {
		w += typeWidth(cols[i].T)
	}
	return w
}

// typeWidth is PostgreSQL's get_typavgwidth without statistics.
func typeWidth(t plan.Type) int {
	if y := types.Lookup(t.OID); y != nil && y.Len > 0 {
		return int(y.Len)
	}
	if t.Mod > 4 && (t.OID == types.Varchar || t.OID == types.BPChar) {
		n := int(t.Mod) - 4
		switch {
		case t.OID == types.BPChar || n <= 32:
			return n
		case n < 1000:
			return 32 + (n-32)/2
		}
		return 32 + (1000-32)/2
	}
	return 32
}
