package exec

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// deps are the slots from outside that a subtree reads. What the subtree computed is still good at a rescan if they
// have not changed since.
type deps struct {
	in    *instance
	slots []int
	last  frame.Row
	gen   uint64
}

// deps returns what n depends on. Never called for what is opened once: there it is nil, and nothing is kept.
func (b *builder) deps(n plan.Node) *deps {
	if b.rescan == 0 {
		return nil
	}
	s := collectNode(n)
	d := &deps{in: b.in}
	for c := range s.used {
		if !s.made[c] {
			d.slots = append(d.slots, b.Slot(c))
		}
	}
	for cte := range s.works {
		d.slots = append(d.slots, b.cte(cte).round)
	}
	for cte := range s.ctes {
		d.slots = append(d.slots, b.cte(cte).version)
	}
	return d
}

// keep notes the values with which something is computed now.
func (d *deps) keep() {
	if d != nil {
		d.last.Load(&d.in.F, d.slots)
		d.gen = d.in.Gen
	}
}

// same reports whether what was computed at keep is still good.
func (d *deps) same() bool {
	if d == nil || d.gen != d.in.Gen {
		return false
	}
	for i, s := range d.slots {
		if !frame.Identical(d.last.Vals[i], d.in.F.S[s]) {
			return false
		}
	}
	return true
}

func (d *deps) drop() {
	if d != nil {
		d.gen = 0
	}
}

// scope collects the columns that a plan names and those that it makes, and from which WITH queries of outside it reads:
// their working table, or their rows.
type scope struct {
	used, made  map[plan.ColID]bool
	works, ctes map[*plan.CTE]bool
	volatile    bool
	routines    bool // functions of users are called
}

func newScope() *scope {
	return &scope{used: map[plan.ColID]bool{}, made: map[plan.ColID]bool{}, works: map[*plan.CTE]bool{}, ctes: map[*plan.CTE]bool{}}
}

func collectNode(n plan.Node) *scope {
	s := newScope()
	s.node(n)
	return s
}

func (s *scope) expr(e plan.Expr) {
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch x := e.(type) {
		case *plan.ColRef:
			s.used[x.Col] = true
		case *plan.Case:
			s.made[x.ArgCol] = true
		case *plan.ArrayCoerce:
			s.made[x.ElemCol] = true
		case *plan.FuncCall:
			s.routines = s.routines || x.Func != nil
			s.volatile = s.volatile || volatileProcs()[x.Proc] || x.Func != nil && x.Func.Proc.Volatile == 'v'
		case *plan.Aggref:
			s.routines = s.routines || x.Func != nil
		case *plan.WindowCall:
			s.routines = s.routines || x.Func != nil
		case *plan.NextVal:
			s.volatile = true
		case *plan.Subquery:
			if x.Plan != nil {
				s.node(x.Plan)
			}
			for _, c := range x.Params {
				s.used[c] = true
			}
		}
		return true
	})
}

var volatileProcs = sync.OnceValue(func() map[types.OID]bool {
	m := map[types.OID]bool{}
	for i, procs := 0, pgdata.Procs(); i < len(procs); i++ {
		if procs[i].Volatile == 'v' {
			m[procs[i].OID] = true
		}
	}
	return m
})

func (s *scope) exprs(es ...plan.Expr) {
	for _, e := range es {
		if e != nil {
			s.expr(e)
		}
	}
}

func (s *scope) bound(k *plan.KeyBound) {
	if k != nil {
		s.expr(k.Expr)
	}
}

func (s *scope) ids(ids []plan.ColID) {
	for _, id := range ids {
		s.used[id] = true
	}
}

func (s *scope) cols(cols []plan.Col) {
	for _, c := range cols {
		s.made[c.ID] = true
	}
}

// project: a column that is passed through, an outer one perhaps, is not made here.
func (s *scope) project(es []plan.Expr, out []plan.Col) {
	s.exprs(es...)
	for i, e := range es {
		if ref, ok := e.(*plan.ColRef); !ok || ref.Col != out[i].ID {
			s.made[out[i].ID] = true
		}
	}
}

// renamed: columns that an operator copies to new ones.
func (s *scope) renamed(out, from []plan.Col) {
	for i, c := range out {
		if i >= len(from) || from[i].ID != c.ID {
			s.made[c.ID] = true
		}
	}
}

func (s *scope) prune(p *plan.PartPrune) {
	s.exprs(p.Values...)
	for _, sub := range p.Sub {
		s.prune(sub)
	}
}

func (s *scope) node(n plan.Node) {
	if n == nil {
		return
	}
	switch x := n.(type) {
	case *plan.TableScan:
		s.cols(x.Out)
		s.exprs(x.Eq...)
		s.exprs(x.EqAny)
		s.bound(x.Lo)
		s.bound(x.Hi)
		s.exprs(x.Filter...)
		if x.Sample != nil {
			s.exprs(x.Sample.Percent, x.Sample.Repeatable)
		}
		if x.Near != nil {
			s.exprs(x.Near.Query, x.Near.Limit)
		}
	case *plan.VirtualTableScan:
		s.cols(x.Out)
		for _, e := range x.Eq {
			s.expr(e.Expr)
		}
		if x.EqAny != nil {
			s.expr(x.EqAny.Expr)
		}
		s.exprs(x.Filter...)
	case *plan.ValuesScan:
		s.cols(x.Out)
		for _, r := range x.Rows {
			s.exprs(r...)
		}
	case *plan.FunctionScan:
		s.cols(x.Out)
		for _, f := range x.Funcs {
			s.expr(f.Call)
		}
		s.exprs(x.Filter...)
	case *plan.Result:
		s.exprs(x.Filter...)
		s.project(x.Exprs, x.Out)
		if x.In != nil {
			s.node(x.In)
		}
	case *plan.ProjectSetNode:
		s.project(x.Exprs, x.Out)
		s.node(x.In)
	case *plan.NestLoop:
		s.exprs(x.On...)
		s.node(x.Outer)
		s.node(x.Inner)
	case *plan.HashJoin:
		s.exprs(x.OuterKeys...)
		s.exprs(x.InnerKeys...)
		s.exprs(x.On...)
		s.node(x.Outer)
		s.node(x.Inner)
	case *plan.MergeJoin:
		s.exprs(x.On...)
		s.node(x.Outer)
		s.node(x.Inner)
	case *plan.Agg:
		for _, a := range x.Aggs {
			s.expr(a)
		}
		s.exprs(x.Having...)
		s.ids(x.GroupIn)
		for i, c := range x.GroupBy {
			if c.ID != x.GroupIn[i] {
				s.made[c.ID] = true
			}
		}
		s.cols(x.Out[len(x.GroupBy):])
		s.node(x.In)
	case *plan.WindowAgg:
		for _, c := range x.Calls {
			s.expr(c)
		}
		s.exprs(x.Frame.StartOff, x.Frame.EndOff)
		s.cols(x.Out[len(x.Out)-len(x.Calls):])
		s.node(x.In)
	case *plan.SortNode:
		s.exprs(x.Limit)
		s.node(x.In)
	case *plan.UniqueNode:
		s.node(x.In)
	case *plan.HashDistinct:
		s.node(x.In)
	case *plan.LimitNode:
		s.exprs(x.Count, x.Offset)
		s.node(x.In)
	case *plan.Append:
		for _, in := range x.In {
			s.node(in)
		}
		if x.Prune != nil {
			s.prune(x.Prune)
		}
		if !x.Inherit {
			s.renamed(x.Out, x.In[0].Cols())
		}
	case *plan.HashSetOp:
		s.node(x.L)
		s.node(x.R)
		s.renamed(x.Out, x.L.Cols())
	case *plan.Materialize:
		s.node(x.In)
	case *plan.WithNode:
		for _, p := range x.Plans {
			s.node(p)
		}
		s.node(x.In)
		for _, c := range x.CTEs {
			delete(s.ctes, c)
		}
	case *plan.CTEScanNode:
		s.ctes[x.CTE] = true
		s.cols(x.Out)
		s.exprs(x.Filter...)
	case *plan.RecursiveUnionNode:
		s.node(x.Base)
		s.node(x.Step)
		s.renamed(x.Out, x.Base.Cols())
		delete(s.works, x.CTE)
	case *plan.WorkTableScan:
		s.cols(x.Out)
		s.works[x.CTE] = true
		s.exprs(x.Filter...)
	case *plan.LockRowsNode:
		s.volatile = true
		s.exprs(x.Recheck...)
		s.node(x.In)
	case *plan.Modify:
		s.cols(x.Out)
		s.volatile = true
		s.node(x.In)
	case *plan.Columnar:
		s.renamed(x.Out, x.Fallback.Cols())
		s.exprs(x.Params...)
		s.node(x.Fallback)
	}
}
