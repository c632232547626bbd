package opt

import (
	"math"

	"github.com/tarndb/tarn/sql/plan"
)

// sampleOf takes the TABLESAMPLE of a scan out of the conditions on its rows; nil: there is none.
func sampleOf(x *plan.Scan, conds []plan.Expr) (*plan.Sample, []plan.Expr) {
	for i, c := range conds {
		s, loc := plan.SampleOf(c)
		if s == nil {
			continue
		}
		if col := scanCol(x, plan.RowLocAttNum); col != nil && col.ID == loc {
			return s, append(conds[:i:i], conds[i+1:]...)
		}
	}
	return nil, conds
}

// sampleShare estimates the part of the rows that is in a sample; a percentage that is not known yet is taken for 10.
func (o *optimizer) sampleShare(s *plan.Sample) float64 {
	if c, ok := plan.StripRelabel(s.Percent).(*plan.Const); ok && !c.Val.IsNull() {
		if p := c.Val.Float(); p >= 0 && p <= 100 && !math.IsNaN(p) {
			return p / 100
		}
	}
	return 0.1
}
