package partition

import (
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// Joined tells that a partition has come to a table of c, whose descriptor was another before. What was known of the other
// partitions is kept, so that a table's partitions are not all looked at again for each one that is made.
func Joined(c *catalog.Catalog, was *catalog.Table, part catalog.OID) error {
	of, v := c.WasDerived(was.OID, catalog.DerivedPartitions)
	t, k := c.Table(was.OID), c.Table(part)
	if of != was || t == nil || k == nil || k.Bound == nil {
		return nil // it will be described when somebody asks
	}
	d := v.(*Desc)
	if d.Index(part) >= 0 || t.PartKey.Strategy == catalog.HashPartition {
		return nil
	}
	_, err := c.Derived(t, catalog.DerivedPartitions, func() (any, error) { return d.with(t, k) })
	return err
}

// with is d with one more partition, for the descriptor t of the same table. It fits: Admit has said so.
func (d *Desc) with(t, part *catalog.Table) (*Desc, error) {
	n := *d
	n.Table, n.Key = t, t.PartKey
	if part.Bound.Default {
		n.Parts, n.bounds = slices.Clone(d.Parts), slices.Clone(d.bounds)
		n.Default = n.add(part)
		return &n, nil
	}
	if d.Key.Strategy == catalog.ListPartition {
		return &n, n.listOne(part)
	}
	return &n, n.rangeOne(part)
}

// insert numbers a partition i; the numbers from i on move.
func (d *Desc) insert(i int, part *catalog.Table, numbers []int) []int {
	d.Parts, d.bounds = inserted(d.Parts, i, part.OID), inserted(d.bounds, i, part.Bound)
	out := make([]int, len(numbers), len(numbers)+2)
	for j, k := range numbers {
		if k >= i {
			k++
		}
		out[j] = k
	}
	if d.Default >= i {
		d.Default++
	}
	if d.Null >= i {
		d.Null++
	}
	return out
}

// inserted is a copy of s with v at i.
func inserted[T any](s []T, i int, v T) []T {
	out := make([]T, len(s)+1)
	copy(out, s[:i])
	out[i] = v
	copy(out[i+1:], s[i:])
	return out
}

func (d *Desc) listOne(part *catalog.Table) error {
	var vals []types.Datum
	null := false
	for _, b := range part.Bound.List {
		if b.Kind == 'n' {
			null = true
			continue
		}
		v, err := d.parse(0, b)
		if err != nil {
			return err
		}
		vals = append(vals, v)
	}
	compare := d.types[0].Compare
	slices.SortFunc(vals, compare)
	// Partitions are numbered in the order of their first values; those of NULL alone and the default stand behind.
	number := len(d.Parts)
	if d.Default >= 0 {
		number = d.Default
	}
	if len(vals) > 0 {
		first, _ := slices.BinarySearchFunc(d.vals, vals[0], compare)
		number = 0
		for _, k := range d.ofVal[:first] {
			number = max(number, k+1)
		}
	}
	ofVal := d.insert(number, part, d.ofVal)
	merged := make([]types.Datum, 0, len(d.vals)+len(vals))
	of := make([]int, 0, cap(merged))
	for i, v := range d.vals {
		for len(vals) > 0 && compare(vals[0], v) < 0 {
			merged, of, vals = append(merged, vals[0]), append(of, number), vals[1:]
		}
		merged, of = append(merged, v), append(of, ofVal[i])
	}
	for _, v := range vals {
		merged, of = append(merged, v), append(of, number)
	}
	d.vals, d.ofVal = merged, of
	if null {
		d.Null = number
	}
	return nil
}

func (d *Desc) rangeOne(part *catalog.Table) error {
	lo, err := d.bound(part.Bound.Lower)
	if err != nil {
		return err
	}
	hi, err := d.bound(part.Bound.Upper)
	if err != nil {
		return err
	}
	// The slot that it goes into is free: it becomes up to three.
	at := sort.Search(len(d.cuts), func(i int) bool { return d.compare(d.cuts[i], lo) > 0 })
	number := 0
	for i := at - 1; i >= 0; i-- {
		if d.slot[i] >= 0 {
			number = d.slot[i] + 1
			break
		}
	}
	slot := d.insert(number, part, d.slot)
	cuts := make([]bound, len(d.cuts), len(d.cuts)+2)
	copy(cuts, d.cuts)
	if at == 0 || d.compare(cuts[at-1], lo) != 0 {
		cuts, slot = slices.Insert(cuts, at, lo), slices.Insert(slot, at, -1)
		at++
	}
	if at == len(cuts) || d.compare(cuts[at], hi) != 0 {
		cuts, slot = slices.Insert(cuts, at, hi), slices.Insert(slot, at, -1)
	}
	slot[at] = number
	d.cuts, d.slot = cuts, slot
	return nil
}
