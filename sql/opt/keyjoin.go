package opt

import (
	"cmp"
	"math"
	"slices"

	"github.com/tarndb/tarn/sql/plan"
)

// keyJoin is a unique key of several columns of an item, each of which is equal to a column of other items. Values of such columns do not
// come in all combinations: there are as many pairs as the table has rows.
type keyJoin struct {
	item    relset
	classes uint64  // bits of joinGraph.ecs
	cover   relset  // items that have a column in each of them
	rows    float64 // of the table
	factor  float64 // how many more combinations there are than rows
}

// findKeys fills g.keys, those of the largest tables first.
func (g *joinGraph) findKeys() {
	for i, it := range g.items {
		if it.scan == nil || it.kind != plan.InnerJoin {
			continue
		}
		set, rows := relset(1)<<i, g.o.tableRows(it.scan.Table)
		for _, ix := range it.scan.Table.Indexes {
			if !ix.Unique || len(ix.Keys) < 2 || ix.Pred != "" {
				continue
			}
			k, ok := keyJoin{item: set, rows: rows, cover: math.MaxUint64}, true
			combinations := 1.0
			for _, key := range ix.Keys {
				at, member := g.classOf(set, key.Att)
				if ok = at >= 0 && at < 64; !ok {
					break
				}
				k.classes |= 1 << at
				combinations *= g.ecs[at].distinct[member]
				k.cover &= g.ecs[at].items()
			}
			if k.factor = combinations / rows; ok && k.cover.count() > 1 && k.factor > 1 {
				g.keys = append(g.keys, k)
			}
		}
	}
	slices.SortStableFunc(g.keys, func(a, b keyJoin) int { return cmp.Compare(b.rows, a.rows) })
}

// classOf finds an item's column among the equal ones: the class, and the place in it; -1: it is in none.
func (g *joinGraph) classOf(item relset, att int16) (class, member int) {
	if att == 0 {
		return -1, 0
	}
	for i, ec := range g.ecs {
		if ec.value != nil {
			continue
		}
		for j, r := range ec.rels {
			if in := g.o.colInfo(ec.cols[j].Col); r == item && in != nil && in.att == att {
				return i, j
			}
		}
	}
	return -1, 0
}

// keyed corrects an estimate of a set's rows that takes the columns of keys for independent of each other: of the items that share all
// of a key's columns, each but the first finds its partners by the whole key.
func (g *joinGraph) keyed(s relset) float64 {
	n, done := 1.0, uint64(0)
	for _, k := range g.keys {
		if k.item&s == 0 || k.classes&done != 0 {
			continue
		}
		if c := (k.cover & s).count(); c > 1 {
			n *= math.Pow(k.factor, float64(c-1))
			done |= k.classes
		}
	}
	return n
}
