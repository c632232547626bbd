package bind

import (
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/plan"
)

// dropUnusedRows takes whole-row columns out of scans where only fields of them were asked for: (t).a names the column.
func (b *binder) dropUnusedRows(rel plan.Rel) {
	if len(b.rowScans) == 0 {
		return
	}
	used := map[plan.ColID]bool{}
	tree.WalkRel(rel, func(e plan.Expr) bool {
		if c, ok := e.(*plan.ColRef); ok {
			used[c.Col] = true
		}
		return true
	})
	for id, out := range b.rowScans {
		if used[id] {
			continue
		}
		for i, c := range *out {
			if c.ID == id {
				*out = append((*out)[:i:i], (*out)[i+1:]...)
				break
			}
		}
	}
}
