package database

import (
	"github.com/tarndb/tarn/sql/catalog"
)

// Rows estimates the rows of a table (opt.Stats): from its size on disk while it has not been analyzed.
func (d *DB) Rows(t *catalog.Table) float64 {
	if t.StorageID == 0 {
		return 1000
	}
	n, err := d.Size(t.StorageID, 1, 2)
	if err != nil || n == 0 {
		return 1000 // all in memory, or empty
	}
	width := int64(24)
	for i := range t.Columns {
		if w := t.Columns[i].Kind.Width(); w > 0 {
			width += int64(w)
		} else {
			width += 16
		}
	}
	// Blocks are compressed, by about a half.
	return max(1000, float64(2*n/width))
}

// TableStats are pg_class's reltuples (-1: never analyzed) and relpages.
func (d *DB) TableStats(t *catalog.Table) (rows float64, pages int64) {
	if t.StorageID == 0 {
		return -1, 0
	}
	n, err := d.Size(t.StorageID, 1, 2)
	if err != nil {
		return -1, 0
	}
	return -1, (n + 8191) / 8192
}
