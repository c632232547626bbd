package partition

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/storage/tuple"
)

// Value is a value of a plan.PruneStep.
type Value = plan.PruneValue

// Eval gives the partitions that may hold rows for which s is true.
func (d *Desc) Eval(s *plan.PruneStep, vals []Value) Set {
	switch s.Op {
	case plan.StepAnd:
		var conds []Cond
		out := Set(nil)
		for _, a := range s.Args {
			switch {
			case a.Op != plan.StepCmp:
				if t := d.Eval(a, vals); out == nil {
					out = t
				} else {
					out.And(t)
				}
			case a.Strategy == IsNull || a.Strategy == NotNull:
				conds = append(conds, Cond{Key: a.Key, Strategy: a.Strategy})
			case vals[a.Value].Known:
				conds = append(conds, Cond{Key: a.Key, Strategy: a.Strategy, Val: vals[a.Value].Val})
			}
		}
		if len(conds) > 0 || out == nil {
			if t := d.Prune(conds); out == nil {
				out = t
			} else {
				out.And(t)
			}
		}
		return out
	case plan.StepOr:
		out := NewSet(len(d.Parts))
		for _, a := range s.Args {
			out.Or(d.Eval(a, vals))
		}
		return out
	case plan.StepAny:
		v := vals[s.Value]
		if !v.Known {
			return d.All()
		}
		out := NewSet(len(d.Parts))
		if v.Val.IsNull() {
			return out
		}
		a := tuple.Array(v.Val.Bytes())
		for i, n := 0, a.Len(); i < n; i++ {
			out.Or(d.Prune([]Cond{{Key: s.Key, Strategy: s.Strategy, Val: a.Elem(i)}}))
		}
		return out
	}
	return d.Eval(&plan.PruneStep{Op: plan.StepAnd, Args: []*plan.PruneStep{s}}, vals)
}
