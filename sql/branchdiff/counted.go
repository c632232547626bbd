package branchdiff

import (
	"slices"

	"github.com/tarndb/tarn/sql/pgerr"
)

// gained is how many more rows with the same values a side has than the base; key is that of one that the target may still have.
type gained struct {
	by  [2]int
	key []byte
}

// maxCounted bounds how many different rows of a table without a primary key are told apart at a time.
const maxCounted = 4 << 20

// counted is Rows for a table without a primary key: it compares how often rows with the same values have come and gone.
func (r *reader) counted(visit func(s *Shape, c Change) error) error {
	all := map[string]*gained{}
	count := func(side, rowOf int, row, key []byte, n int) error {
		if row == nil {
			return nil
		}
		image, err := r.s.image(rowOf, row)
		if err != nil {
			return err
		}
		g := all[image]
		if g == nil {
			if len(all) >= maxCounted {
				return pgerr.Unsupported("comparing so many changed rows of table " + r.s.Name + ", which has no primary key")
			}
			g = &gained{}
			all[image] = g
		}
		g.by[side] += n
		if n < 0 && side == source {
			g.key = append(g.key[:0], key...)
		}
		return nil
	}
	err := r.each(func(k []byte, rows [sides][]byte, hasBase bool) error {
		if !hasBase {
			var err error
			if rows[base], err = r.baseRow(k); err != nil {
				return err
			}
		}
		for side := source; side <= target; side++ {
			if same, err := r.sameAsBase(side, rows[side], rows[base]); same || err != nil {
				if err != nil {
					return err
				}
				continue
			}
			if err := count(side, side, rows[side], k, 1); err != nil {
				return err
			}
			if err := count(side, base, rows[base], k, -1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	images := make([]string, 0, len(all))
	for image, g := range all {
		if g.by[source] != 0 && g.by[source] != g.by[target] {
			images = append(images, image)
		}
	}
	slices.Sort(images)
	for _, image := range images {
		g := all[image]
		c := Change{Conflict: g.by[target] != 0, Key: g.key}
		n := g.by[source] - g.by[target] // what makes the target what the source is
		if n > 0 {
			c.Op, c.Source = Insert, []byte(image)
		} else {
			c.Op, c.Target = Delete, []byte(image)
		}
		for range max(n, -n) {
			if err := visit(r.s, c); err != nil {
				return err
			}
		}
	}
	return nil
}
