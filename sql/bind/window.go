package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/plan"
)

// windowStage puts a Window on top for each window of the level.
func (b *binder) windowStage(s *expression.Scope, rel plan.Rel) plan.Rel {
	for _, w := range s.Windows {
		es := append([]plan.Expr(nil), w.Partition...)
		for _, o := range w.Order {
			es = append(es, o.Target.Expr)
		}
		var cols []plan.Col
		rel, cols = b.withColumns(s, rel, es)
		n := &plan.Window{In: rel, Frame: w.Frame}
		for i := range w.Partition {
			n.Partition = append(n.Partition, cols[i].ID)
		}
		for i, o := range w.Order {
			c := cols[len(w.Partition)+i]
			n.Order = append(n.Order, plan.SortKey{Col: c.ID, T: c.T, Desc: o.Desc, NullsFirst: o.NullsFirst, Op: o.Less})
		}
		for _, c := range w.Calls {
			n.Calls = append(n.Calls, c.Call)
			n.Out = append(n.Out, plan.Col{ID: c.ID, Name: c.Call.Name, T: c.Call.T})
		}
		rel = n
	}
	return rel
}
