package partition

import (
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// Admit checks that a new partition fits to those that are there (check_new_partition_bound). name is its name, nameOf gives
// those of the others. at says which of the bound's values is wrong: of a list, or of a range the lower ones and then the upper
// ones; -1: the bound itself.
func (d *Desc) Admit(name string, b *catalog.PartBound, nameOf func(catalog.OID) string) (at int, err error) {
	overlap := func(at, part int) (int, error) {
		return at, pgerr.New(pgerr.InvalidObjectDefinition, "partition \"%s\" would overlap partition \"%s\"", name, nameOf(d.Parts[part]))
	}
	if b.Default {
		if d.Default >= 0 {
			return -1, pgerr.New(pgerr.InvalidObjectDefinition, "partition \"%s\" conflicts with existing default partition \"%s\"", name, nameOf(d.Parts[d.Default]))
		}
		return -1, nil
	}
	switch d.Key.Strategy {
	case catalog.HashPartition:
		return d.admitHash(b, nameOf, overlap)
	case catalog.ListPartition:
		for i, v := range b.List {
			if v.Kind == 'n' {
				if d.Null >= 0 {
					return overlap(i, d.Null)
				}
				continue
			}
			val, err := d.parse(0, v)
			if err != nil {
				return i, err
			}
			if at, ok := slices.BinarySearchFunc(d.vals, val, d.first); ok {
				return overlap(i, d.ofVal[at])
			}
		}
		return -1, nil
	}
	lo, err := d.bound(b.Lower)
	if err != nil {
		return -1, err
	}
	hi, err := d.bound(b.Upper)
	if err != nil {
		return -1, err
	}
	if d.compare(lo, hi) >= 0 {
		return 0, pgerr.New(pgerr.InvalidObjectDefinition, "empty range bound specified for partition \"%s\"", name).
			WithDetail("Specified lower bound %s is greater than or equal to upper bound %s.", ruleutils.RangeText(d.Key, b.Lower), ruleutils.RangeText(d.Key, b.Upper))
	}
	// The slot that the lower bound falls into must be free, up to the upper one.
	n := sort.Search(len(d.cuts), func(i int) bool { return d.compare(d.cuts[i], lo) > 0 })
	if p := d.slot[n]; p >= 0 {
		return overlap(0, p)
	}
	if n < len(d.cuts) && d.compare(hi, d.cuts[n]) > 0 {
		return overlap(len(b.Lower), d.slot[n+1])
	}
	return -1, nil
}

func (d *Desc) admitHash(b *catalog.PartBound, nameOf func(catalog.OID) string, overlap func(int, int) (int, error)) (int, error) {
	if len(d.Parts) == 0 {
		return -1, nil
	}
	// Parts are in order of their moduli: the new one must fit between its neighbours.
	below, above := -1, -1
	for i, p := range d.bounds {
		if p.Modulus <= b.Modulus {
			below = i
		} else if above < 0 {
			above = i
		}
	}
	factor := func() *pgerr.Error {
		return pgerr.New(pgerr.InvalidObjectDefinition, "every hash partition modulus must be a factor of the next larger modulus")
	}
	if below >= 0 {
		if m := d.bounds[below].Modulus; b.Modulus%m != 0 {
			return -1, factor().WithDetail("The new modulus %d is not divisible by %d, the modulus of existing partition \"%s\".", b.Modulus, m, nameOf(d.Parts[below]))
		}
	}
	if above >= 0 {
		if m := d.bounds[above].Modulus; m%b.Modulus != 0 {
			return -1, factor().WithDetail("The new modulus %d is not a factor of %d, the modulus of existing partition \"%s\".", b.Modulus, m, nameOf(d.Parts[above]))
		}
	}
	n := len(d.byRemainder)
	for r := b.Remainder % n; ; r += b.Modulus {
		if p := d.byRemainder[r%n]; p >= 0 {
			return overlap(-1, p)
		}
		if r+b.Modulus >= n {
			return -1, nil
		}
	}
}
