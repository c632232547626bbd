package stats

import (
	"sort"

	"github.com/tarndb/tarn/sql/types"
)

// Column is the statistics of one column. Shares are of all rows, NULLs included.
type Column struct {
	AttNum   int16
	Type     types.OID // of the values: statistics of another type are outdated
	NullFrac float64
	Width    int
	// NDistinct is the number of distinct values; negative: minus its ratio to the number of rows (pg_stats.n_distinct).
	NDistinct float64
	// Common values, most frequent first, and their shares.
	MCV  []types.Datum
	Freq []float64
	// Bounds of equally full buckets of the other values, in order; fewer than two: none.
	Hist []types.Datum
	// Correlation of the order of values and of rows, from -1 to 1.
	Correlation float64
}

// Distinct is the number of values among rows.
func (c *Column) Distinct(rows float64) float64 {
	switch {
	case c.NDistinct > 0:
		return c.NDistinct
	case c.NDistinct < 0:
		return max(1, -c.NDistinct*rows)
	}
	return min(200, rows)
}

// common is the share of rows with one of the common values.
func (c *Column) common() float64 {
	s := 0.0
	for _, f := range c.Freq {
		s += f
	}
	return s
}

// EqSel is the share of rows whose value is v.
func (c *Column) EqSel(t *types.Type, v types.Datum, rows float64) float64 {
	for i, m := range c.MCV {
		if t.Compare(m, v) == 0 {
			return c.Freq[i]
		}
	}
	others := c.Distinct(rows) - float64(len(c.MCV))
	rest := 1 - c.NullFrac - c.common()
	if others < 1 || rest <= 0 {
		// All values are common ones: this one is not there, or new.
		return max(0.5/max(rows, 1), 1e-10)
	}
	f := rest / others
	if n := len(c.Freq); n > 0 {
		f = min(f, c.Freq[n-1])
	}
	return f
}

// LessSel is the share of rows whose value is below v; false: not known.
func (c *Column) LessSel(t *types.Type, v types.Datum) (float64, bool) {
	if len(c.Hist) < 2 && len(c.MCV) == 0 {
		return 0, false
	}
	s := 0.0
	for i, m := range c.MCV {
		if t.Compare(m, v) < 0 {
			s += c.Freq[i]
		}
	}
	if len(c.Hist) < 2 {
		return s, true
	}
	rest := max(0, 1-c.NullFrac-c.common())
	buckets := len(c.Hist) - 1
	i := sort.Search(len(c.Hist), func(i int) bool { return t.Compare(c.Hist[i], v) >= 0 })
	switch {
	case i == 0:
	case i > buckets:
		s += rest
	default:
		within := interpolate(t, c.Hist[i-1], c.Hist[i], v)
		s += rest * (float64(i-1) + within) / float64(buckets)
	}
	return s, true
}

// interpolate places v between two bounds, from 0 to 1.
func interpolate(t *types.Type, lo, hi, v types.Datum) float64 {
	a, ok1 := position(t, lo)
	b, ok2 := position(t, hi)
	x, ok3 := position(t, v)
	if !ok1 || !ok2 || !ok3 || b <= a {
		return 0.5
	}
	return min(1, max(0, (x-a)/(b-a)))
}
