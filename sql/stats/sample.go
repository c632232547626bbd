package stats

import (
	"math"
	"math/rand/v2"
	"sort"

	"github.com/tarndb/tarn/sql/types"
)

// Target is default_statistics_target: how many common values and histogram buckets are kept.
const Target = 100

// SampleRows is how many rows a sample has at the default target (300 per unit of it, as in std_typanalyze).
const SampleRows = 300 * Target

// wideValue: longer values count as distinct and are not kept (WIDTH_THRESHOLD of analyze.c).
const wideValue = 1024

// Sampler keeps a uniform sample of the rows that pass by (Li's algorithm L, which draws a number only for the rows it takes). It is
// not safe for concurrent use.
type Sampler struct {
	rnd  *rand.Rand
	size int
	seen int64
	take int64   // the row to take next, once the sample is full
	w    float64 // of the algorithm: the largest of size uniform numbers, if each row seen had one
	slot int
	rows []sampled
}

type sampled struct {
	at   int64 // ordinal of the row
	vals []types.Datum
	// wide has the lengths of the values that are not kept because they are too long, by column; nil: none.
	wide map[int]int
}

// NewSampler makes a sampler; the same seed and rows give the same sample.
func NewSampler(size int, seed uint64) *Sampler {
	return &Sampler{rnd: rand.New(rand.NewPCG(seed, 1)), size: size}
}

// Next counts a row; true asks for its values by Keep.
func (s *Sampler) Next() bool {
	s.seen++
	if len(s.rows) < s.size {
		s.slot = len(s.rows)
		if s.slot == s.size-1 {
			s.w = 1
			s.skip()
		}
		return true
	}
	if s.seen < s.take {
		return false
	}
	s.slot = s.rnd.IntN(s.size)
	s.skip()
	return true
}

// skip chooses the row to take after the current one.
func (s *Sampler) skip() {
	log := func() float64 { return math.Log(1 - s.rnd.Float64()) } // of a number above 0, up to 1
	s.w *= math.Exp(log() / float64(s.size))
	s.take = s.seen + 1 + int64(min(math.Floor(log()/math.Log1p(-s.w)), 1<<60))
}

// Keep takes the values of the row that Next counted; they are copied.
func (s *Sampler) Keep(vals []types.Datum) {
	if s.slot == len(s.rows) {
		s.rows = append(s.rows, sampled{vals: make([]types.Datum, len(vals))})
	}
	row := &s.rows[s.slot]
	row.at, row.wide = s.seen, nil
	for i, v := range vals {
		if !v.IsNull() && !v.IsScalar() && v.Len() > wideValue {
			if row.wide == nil {
				row.wide = map[int]int{}
			}
			row.wide[i], row.vals[i] = v.Len(), types.Null
			continue
		}
		row.vals[i] = v.Clone()
	}
}

// Join adds the sample of the rows that come after those of s, of the same size; o is not to be used any more.
func (s *Sampler) Join(o *Sampler) {
	a, b := s.rows, o.rows
	for i := range b {
		b[i].at += s.seen
	}
	if s.seen+o.seen > int64(s.size) {
		// How many of a uniform sample of both would be of the one and of the other; which ones is any choice.
		left, right, take := s.seen, o.seen, 0
		for range s.size {
			if s.rnd.Int64N(left+right) < left {
				left--
				take++
			} else {
				right--
			}
		}
		s.rnd.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
		s.rnd.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
		a, b = a[:take], b[:s.size-take]
	}
	s.rows = append(a, b...)
	s.seen += o.seen
}

// Rows is the number of rows that have passed.
func (s *Sampler) Rows() int64 { return s.seen }

// Build computes the statistics of the sample's columns: column i has attribute number atts[i] and type ts[i] (nil:
// left out) and keeps up to targets[i] common values and buckets.
func (s *Sampler) Build(atts []int16, ts []*types.Type, targets []int) *Table {
	sort.Slice(s.rows, func(i, j int) bool { return s.rows[i].at < s.rows[j].at })
	t := &Table{Rows: float64(s.seen)}
	for i, y := range ts {
		if y != nil && len(s.rows) > 0 {
			t.Columns = append(t.Columns, s.column(i, atts[i], y, targets[i]))
		}
	}
	return t
}

// run is a value of the sample with how often it is there.
type run struct {
	val    types.Datum
	count  int
	common bool
}

func (s *Sampler) column(i int, att int16, y *types.Type, target int) Column {
	type place struct {
		val types.Datum
		at  int
	}
	c := Column{AttNum: att, Type: y.OID}
	var vals []place
	nulls, wide, bytes := 0, 0, 0
	for _, r := range s.rows {
		v := r.vals[i]
		switch {
		case v.IsNull() && r.wide[i] > 0:
			bytes += r.wide[i] + header(y, r.wide[i])
			wide++
			continue
		case v.IsNull():
			nulls++
			continue
		case v.IsScalar():
			bytes += max(1, int(y.Len))
		default:
			bytes += v.Len() + header(y, v.Len())
		}
		vals = append(vals, place{v, len(vals)})
	}
	total := len(s.rows)
	c.NullFrac = float64(nulls) / float64(total)
	if present := total - nulls; present > 0 {
		c.Width = bytes / present
	}
	if len(vals) == 0 || !ordered(y) {
		if wide > 0 {
			c.NDistinct = -1 * (1 - c.NullFrac)
		}
		return c
	}
	sort.SliceStable(vals, func(a, b int) bool { return y.Compare(vals[a].val, vals[b].val) < 0 })
	var runs []run
	sum := 0.0
	for at, v := range vals {
		sum += float64(at) * float64(v.at)
		if n := len(runs); n > 0 && y.Compare(runs[n-1].val, v.val) == 0 {
			runs[n-1].count++
		} else {
			runs = append(runs, run{val: v.val, count: 1})
		}
	}
	if n := float64(len(vals)); n > 1 {
		// Both are permutations of 0…n-1: sums are known.
		x := (n - 1) * n / 2
		x2 := (n - 1) * n * (2*n - 1) / 6
		c.Correlation = (n*sum - x*x) / (n*x2 - x*x)
	}
	c.NDistinct = distinctValues(runs, wide, total, nulls, float64(s.seen))
	c.mostCommon(runs, total, wide, target)
	c.histogram(runs, target)
	return c
}

// header is what PostgreSQL adds to a value of variable length, and counts in avg_width.
func header(y *types.Type, n int) int {
	switch {
	case y.Len != -1:
		return 0
	case n < 127:
		return 1
	}
	return 4
}

// distinctValues is Haas and Stokes' Duj1 as ANALYZE uses it, negative where the number grows with the table.
func distinctValues(runs []run, wide, total, nulls int, rows float64) float64 {
	once, several := wide, 0
	for _, r := range runs {
		if r.count == 1 {
			once++
		} else {
			several++
		}
	}
	present := float64(total - nulls)
	nullFrac := float64(nulls) / float64(total)
	d := float64(len(runs) + wide)
	switch {
	case several == 0:
		return -1 * (1 - nullFrac)
	case once == 0:
		// All values were seen more than once: these are all there are.
	default:
		n, all := present, rows*(1-nullFrac)
		d = n * d / (n - float64(once) + float64(once)*n/all)
		d = math.Floor(min(max(d, float64(len(runs))), all) + 0.5)
	}
	if d > 0.1*rows {
		return -d / rows
	}
	return d
}

// mostCommon keeps all values if they are few, else those that are clearly more frequent than the average.
func (c *Column) mostCommon(runs []run, total, wide, target int) {
	var often []int
	n := 0
	for i, r := range runs {
		n += r.count
		if r.count > 1 {
			often = append(often, i)
		}
	}
	sort.SliceStable(often, func(a, b int) bool { return runs[often[a]].count > runs[often[b]].count })
	all := len(often) == len(runs) && len(runs) <= target && wide == 0
	least := max(2, 1.25*float64(n)/float64(len(runs)))
	for _, i := range often {
		if len(c.MCV) == target || !all && float64(runs[i].count) < least {
			break
		}
		runs[i].common = true
		c.MCV, c.Freq = append(c.MCV, runs[i].val), append(c.Freq, float64(runs[i].count)/float64(total))
	}
}

// histogram divides what is not common into buckets of equal size.
func (c *Column) histogram(runs []run, target int) {
	var rest []types.Datum
	distinct := 0
	for _, r := range runs {
		if r.common {
			continue
		}
		distinct++
		for range r.count {
			rest = append(rest, r.val)
		}
	}
	if distinct < 2 {
		return
	}
	buckets := min(target, len(rest)-1)
	for i := 0; i <= buckets; i++ {
		c.Hist = append(c.Hist, rest[i*(len(rest)-1)/buckets])
	}
}
