package partition

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// Number is the place of a partition among all below a partitioned table, from 1, each before its own ones. PostgreSQL gives each of them
// a foreign key of its own where one names the table, and numbers their names.
func Number(c *catalog.Catalog, root *catalog.Table, part catalog.OID, env *types.Env) int {
	n := 0
	var walk func(*catalog.Table) bool
	walk = func(t *catalog.Table) bool {
		d, err := Describe(c, t, env)
		if err != nil {
			return false
		}
		for _, oid := range d.Parts {
			n++
			if k := c.Table(oid); oid == part || k.Partitioned() && walk(k) {
				return true
			}
		}
		return false
	}
	walk(root)
	return n
}
