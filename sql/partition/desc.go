package partition

import (
	"cmp"
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
)

// Desc is a partitioned table's partitions.
type Desc struct {
	Table *catalog.Table
	Key   *catalog.PartKey
	// Parts are the partitions in the order of their bounds. Those that are being detached are left out.
	Parts []catalog.OID
	// Default is the default partition's number, Null that of the list partition with NULL; -1: none.
	Default, Null int

	types []*types.Type
	colls []*collation.Collator // by whose keys the texts of a key are ordered
	// Range: slot[i] is the partition of the values from cuts[i-1] to cuts[i], -1 for none. Neighbours share a cut.
	cuts []bound
	slot []int
	// List: values in order and their partitions.
	vals  []types.Datum
	ofVal []int
	// Hash: partition by remainder of the greatest modulus, -1 for none.
	byRemainder []int
	hash        []hashFn
	bounds      []*catalog.PartBound
}

// order compares two values of a key.
func (d *Desc) order(key int, a, b types.Datum) int {
	if c := d.colls[key]; c != nil {
		return types.CompareOrdered(c, d.types[key].Kind, a, b)
	}
	return d.types[key].Compare(a, b)
}

func (d *Desc) first(a, b types.Datum) int { return d.order(0, a, b) }

// bound is one end of a range: kinds[i] -1 MINVALUE, 0 vals[i], 1 MAXVALUE.
type bound struct {
	kinds []int8
	vals  []types.Datum
}

// Describe returns the partitions that a partitioned table has in c; t may be an older descriptor of it. env finds user types.
func Describe(c *catalog.Catalog, t *catalog.Table, env *types.Env) (*Desc, error) {
	if own := c.Table(t.OID); own != nil && own.Partitioned() {
		t = own // what is derived from a descriptor must come from a catalog that holds it
	}
	v, err := c.Derived(t, catalog.DerivedPartitions, func() (any, error) {
		var parts []*catalog.Table
		c.Children(t.OID, func(k *catalog.Table) bool {
			if k.Bound != nil && k.Detaching == 0 {
				parts = append(parts, k)
			}
			return true
		})
		return describe(t, parts, env)
	})
	if err != nil {
		return nil, err
	}
	return v.(*Desc), nil
}

func describe(t *catalog.Table, parts []*catalog.Table, env *types.Env) (*Desc, error) {
	d := &Desc{Table: t, Key: t.PartKey, Default: -1, Null: -1}
	for _, k := range t.PartKey.Keys {
		ty := env.Type(k.Type)
		if ty == nil {
			return nil, pgerr.Internal("partition key of type %d", k.Type)
		}
		c, err := k.Order.Collator()
		if err != nil {
			return nil, err
		}
		d.types, d.colls = append(d.types, ty), append(d.colls, c)
	}
	var err error
	switch t.PartKey.Strategy {
	case catalog.RangePartition:
		err = d.ranged(parts)
	case catalog.ListPartition:
		err = d.listed(parts)
	default:
		err = d.hashed(parts)
	}
	return d, err
}

// add numbers a partition.
func (d *Desc) add(t *catalog.Table) int {
	d.Parts, d.bounds = append(d.Parts, t.OID), append(d.bounds, t.Bound)
	return len(d.Parts) - 1
}

// Bound is the bound of a partition.
func (d *Desc) Bound(i int) *catalog.PartBound { return d.bounds[i] }

// Index is the number of a partition, -1 if it is none.
func (d *Desc) Index(oid catalog.OID) int { return slices.Index(d.Parts, oid) }

func (d *Desc) parse(key int, b catalog.BoundDatum) (types.Datum, error) {
	v, err := d.types[key].ParseText(b.Text, -1, nil)
	if err != nil {
		return types.Null, err
	}
	return v.Clone(), nil
}

func (d *Desc) bound(list []catalog.BoundDatum) (bound, error) {
	b := bound{kinds: make([]int8, len(list)), vals: make([]types.Datum, len(list))}
	for i, v := range list {
		switch v.Kind {
		case '-':
			b.kinds[i] = -1
		case '+':
			b.kinds[i] = 1
		default:
			var err error
			if b.vals[i], err = d.parse(i, v); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// compare orders two bounds. Beyond a MINVALUE or MAXVALUE that both have nothing counts.
func (d *Desc) compare(a, b bound) int {
	for i := range a.kinds {
		if c := cmp.Compare(a.kinds[i], b.kinds[i]); c != 0 {
			return c
		}
		if a.kinds[i] != 0 {
			return 0
		}
		if c := d.order(i, a.vals[i], b.vals[i]); c != 0 {
			return c
		}
	}
	return 0
}

func (d *Desc) ranged(parts []*catalog.Table) error {
	type part struct {
		t      *catalog.Table
		lo, hi bound
	}
	var list []part
	var def *catalog.Table
	for _, t := range parts {
		if t.Bound.Default {
			def = t
			continue
		}
		lo, err := d.bound(t.Bound.Lower)
		if err != nil {
			return err
		}
		hi, err := d.bound(t.Bound.Upper)
		if err != nil {
			return err
		}
		list = append(list, part{t, lo, hi})
	}
	sort.SliceStable(list, func(i, j int) bool { return d.compare(list[i].lo, list[j].lo) < 0 })
	for _, p := range list {
		n := d.add(p.t)
		if k := len(d.cuts); k == 0 || d.compare(d.cuts[k-1], p.lo) != 0 {
			d.cuts, d.slot = append(d.cuts, p.lo), append(d.slot, -1)
		}
		d.cuts, d.slot = append(d.cuts, p.hi), append(d.slot, n)
	}
	d.slot = append(d.slot, -1)
	if def != nil {
		d.Default = d.add(def)
	}
	return nil
}

func (d *Desc) listed(parts []*catalog.Table) error {
	type val struct {
		v types.Datum
		t *catalog.Table
	}
	var list []val
	var def, null *catalog.Table
	for _, t := range parts {
		if t.Bound.Default {
			def = t
		}
		for _, b := range t.Bound.List {
			if b.Kind == 'n' {
				null = t
				continue
			}
			v, err := d.parse(0, b)
			if err != nil {
				return err
			}
			list = append(list, val{v, t})
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return d.order(0, list[i].v, list[j].v) < 0 })
	num := map[*catalog.Table]int{}
	number := func(t *catalog.Table) int {
		n, ok := num[t]
		if !ok {
			n = d.add(t)
			num[t] = n
		}
		return n
	}
	for _, v := range list {
		d.vals, d.ofVal = append(d.vals, v.v), append(d.ofVal, number(v.t))
	}
	if null != nil {
		d.Null = number(null)
	}
	if def != nil {
		d.Default = d.add(def)
	}
	return nil
}

func (d *Desc) hashed(parts []*catalog.Table) error {
	parts = slices.Clone(parts)
	sort.SliceStable(parts, func(i, j int) bool {
		a, b := parts[i].Bound, parts[j].Bound
		return a.Modulus < b.Modulus || a.Modulus == b.Modulus && a.Remainder < b.Remainder
	})
	greatest := 0
	for _, p := range parts {
		greatest = max(greatest, p.Bound.Modulus)
	}
	d.byRemainder = make([]int, greatest)
	for i := range d.byRemainder {
		d.byRemainder[i] = -1
	}
	for _, p := range parts {
		n := d.add(p)
		for r := p.Bound.Remainder; r < greatest; r += p.Bound.Modulus {
			d.byRemainder[r] = n
		}
	}
	var err error
	d.hash, err = hashFns(d.Key)
	return err
}

// Route finds the partition of a row by its key values; -1: there is none.
func (d *Desc) Route(vals []types.Datum) (int, error) {
	switch d.Key.Strategy {
	case catalog.HashPartition:
		if len(d.byRemainder) == 0 {
			return -1, nil
		}
		h, err := rowHash(d.hash, vals)
		if err != nil {
			return -1, err
		}
		return d.byRemainder[h%uint64(len(d.byRemainder))], nil
	case catalog.ListPartition:
		if vals[0].IsNull() {
			if d.Null >= 0 {
				return d.Null, nil
			}
			return d.Default, nil
		}
		i, ok := slices.BinarySearchFunc(d.vals, vals[0], d.first)
		if ok {
			return d.ofVal[i], nil
		}
		return d.Default, nil
	}
	for _, v := range vals {
		if v.IsNull() {
			return d.Default, nil
		}
	}
	// The number of cuts that are at or before the row.
	n := sort.Search(len(d.cuts), func(i int) bool { return d.against(d.cuts[i], vals) > 0 })
	if p := d.slot[n]; p >= 0 {
		return p, nil
	}
	return d.Default, nil
}

// against compares a bound with a row's values, or the leading ones.
func (d *Desc) against(b bound, vals []types.Datum) int {
	for i, v := range vals {
		if b.kinds[i] != 0 {
			return int(b.kinds[i])
		}
		if c := d.order(i, b.vals[i], v); c != 0 {
			return c
		}
	}
	return 0
}
