package threeway

import "github.com/tarndb/tarn/sql/catalog"

// columnIdentity tells the columns of a table apart wherever the table is.
type columnIdentity struct {
	ident catalog.Ident
	att   int16
}

func identityOf(c *catalog.Column) columnIdentity {
	if c.Ident != 0 {
		return columnIdentity{ident: c.Ident}
	}
	return columnIdentity{att: c.AttNum}
}

// Columns maps the attribute numbers of a to those of b, two states of one table, or two tables that are taken for the same: dropped
// columns to dropped ones. 0: b does not have it. Columns that neither side has from the other are the same if their names are.
func Columns(a, b *catalog.Table) []int16 {
	out := make([]int16, len(a.Columns))
	taken := make([]bool, len(b.Columns))
	if a.Ident == b.Ident {
		at := map[columnIdentity]int16{}
		for i := range b.Columns {
			at[identityOf(&b.Columns[i])] = int16(i + 1)
		}
		for i := range a.Columns {
			if j := at[identityOf(&a.Columns[i])]; j != 0 {
				out[i], taken[j-1] = j, true
			}
		}
	}
	for i := range a.Columns {
		if c := &a.Columns[i]; out[i] == 0 && !c.Dropped {
			if m := b.ColumnByName(c.Name); m != nil && !taken[m.AttNum-1] && (a.Ident != b.Ident || m.Ident != 0 && c.Ident != 0) {
				out[i], taken[m.AttNum-1] = m.AttNum, true
			}
		}
	}
	return out
}
