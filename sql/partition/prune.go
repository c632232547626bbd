package partition

import (
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Set holds partitions by number.
type Set = plan.PartSet

func NewSet(n int) Set { return plan.NewPartSet(n) }

// All is the set of all partitions.
func (d *Desc) All() Set {
	s := NewSet(len(d.Parts))
	for i := range d.Parts {
		s.Add(i)
	}
	return s
}

// Strategies of Cond: btree's, and the two null tests.
const (
	Less = 1 + iota
	LessEqual
	Equal
	GreaterEqual
	Greater
	IsNull
	NotNull
	// NotEqual prunes list partitions of one value.
	NotEqual
)

// Cond is key op value. Comparisons with NULL are never true.
type Cond struct {
	Key, Strategy int
	Val           types.Datum
}

// Prune gives the partitions that may hold rows for which all of conds are true. It may give more, never less.
func (d *Desc) Prune(conds []Cond) Set {
	for _, c := range conds {
		if c.Strategy < IsNull && c.Val.IsNull() || c.Strategy == NotEqual && c.Val.IsNull() {
			return NewSet(len(d.Parts))
		}
	}
	switch d.Key.Strategy {
	case catalog.HashPartition:
		return d.pruneHash(conds)
	case catalog.ListPartition:
		return d.pruneList(conds)
	}
	return d.pruneRange(conds)
}

func (d *Desc) pruneHash(conds []Cond) Set {
	vals := make([]types.Datum, len(d.types))
	known := make([]bool, len(d.types))
	for _, c := range conds {
		switch c.Strategy {
		case Equal:
			vals[c.Key], known[c.Key] = c.Val, true
		case IsNull:
			vals[c.Key], known[c.Key] = types.Null, true
		}
	}
	for _, ok := range known {
		if !ok {
			return d.All()
		}
	}
	n, err := d.Route(vals)
	if err != nil {
		return d.All()
	}
	s := NewSet(len(d.Parts))
	s.Add(n)
	return s
}

func (d *Desc) pruneList(conds []Cond) Set {
	lo, hi := 0, len(d.vals) // values that may be
	null, other := true, true
	var out map[int]bool // values excluded by <>
	for _, c := range conds {
		at := func(incl bool) int { // the first value beyond (incl: at or beyond) c.Val
			return sort.Search(len(d.vals), func(i int) bool {
				r := d.order(0, d.vals[i], c.Val)
				return r > 0 || incl && r == 0
			})
		}
		switch c.Strategy {
		case IsNull:
			lo, hi = 0, 0
			other = other && d.Null < 0
			continue
		case NotNull:
		case Less:
			hi = min(hi, at(true))
		case LessEqual:
			hi = min(hi, at(false))
		case GreaterEqual:
			lo = max(lo, at(true))
		case Greater:
			lo = max(lo, at(false))
		case Equal:
			first, last := at(true), at(false)
			lo, hi = max(lo, first), min(hi, last)
			if first < last {
				other = false // the default has none of a value that is listed
			}
		case NotEqual:
			if out == nil {
				out = map[int]bool{}
			}
			for i := at(true); i < at(false); i++ {
				out[i] = true
			}
		}
		null = false
	}
	s := NewSet(len(d.Parts))
	for i := lo; i < hi; i++ {
		if !out[i] {
			s.Add(d.ofVal[i])
		}
	}
	if null {
		s.Add(d.Null)
	}
	if other || null && d.Null < 0 {
		s.Add(d.Default)
	}
	return s
}

// pruneRange: equal leading keys, then bounds of the next one.
func (d *Desc) pruneRange(conds []Cond) Set {
	s := NewSet(len(d.Parts))
	n := len(d.types)
	eq := make([]*types.Datum, n)
	var lo, hi *Cond
	for i := range conds {
		c := &conds[i]
		switch c.Strategy {
		case IsNull:
			s.Add(d.Default) // rows with a NULL key are nowhere else
			return s
		case Equal:
			eq[c.Key] = &c.Val
		}
	}
	var prefix []types.Datum
	for len(prefix) < n && eq[len(prefix)] != nil {
		prefix = append(prefix, *eq[len(prefix)])
	}
	for i := range conds {
		c := &conds[i]
		if c.Key != len(prefix) {
			continue
		}
		switch c.Strategy {
		case Less, LessEqual:
			if hi == nil || d.tighter(c, hi) {
				hi = c
			}
		case GreaterEqual, Greater:
			if lo == nil || d.tighter(c, lo) {
				lo = c
			}
		}
	}
	// from and to are the first and last slot. A cut counts for from if all rows are at or after it, for to if some row is.
	from := sort.Search(len(d.cuts), func(i int) bool { return !d.before(d.cuts[i], prefix, lo, true) })
	to := sort.Search(len(d.cuts), func(i int) bool { return !d.before(d.cuts[i], prefix, hi, false) })
	gap := false
	for i := from; i <= to; i++ {
		if d.slot[i] < 0 {
			gap = true
		} else {
			s.Add(d.slot[i])
		}
	}
	nulls := len(conds) == 0
	if !nulls {
		// A key without a condition may be NULL.
		has := make([]bool, n)
		for _, c := range conds {
			has[c.Key] = true
		}
		for _, h := range has {
			nulls = nulls || !h
		}
	}
	if gap || nulls {
		s.Add(d.Default)
	}
	return s
}

func (d *Desc) tighter(a, b *Cond) bool {
	c := d.order(a.Key, a.Val, b.Val)
	if a.Strategy == Less || a.Strategy == LessEqual {
		return c < 0 || c == 0 && a.Strategy == Less
	}
	return c > 0 || c == 0 && a.Strategy == Greater
}

// before reports whether a cut is at or before every (all) or some row with the prefix and beyond or up to the limit.
func (d *Desc) before(b bound, prefix []types.Datum, limit *Cond, all bool) bool {
	vals, strict := prefix, false
	if limit != nil {
		vals = append(prefix[:len(prefix):len(prefix)], limit.Val)
		strict = limit.Strategy == Less || limit.Strategy == Greater
	}
	if c := d.against(b, vals); c != 0 {
		return c < 0
	}
	if len(vals) == len(d.types) {
		// The cut is the limit itself: rows beyond it are after it, rows below it are not.
		return all || !strict
	}
	next := b.kinds[len(vals)]
	if limit != nil && strict {
		return all
	}
	if all {
		return next < 0
	}
	return next <= 0
}
