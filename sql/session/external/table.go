package external

import (
	"context"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Pins are the versions of external tables that a statement, or a transaction above READ COMMITTED, has begun to read: all of its
// scans of a table see one.
type Pins map[string]int64 // by location

// DeltaColumns tells the columns of the Delta table in a directory, for a user who may read the server's files.
func (x *Sources) DeltaColumns(location string) ([]types.Attr, error) {
	if x.Deltas == nil {
		return nil, pgerr.Unsupported("reading Delta tables")
	}
	dir, _, err := x.readable(location)
	if err != nil {
		return nil, err
	}
	d, err := x.Deltas.OpenDelta(x.S.Context(), dir, files.Version{Number: -1}, nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return files.DeltaColumns(d), nil
}

// TableLocation checks the directory of a new lake table, for a user who may read and write the server's files.
func (x *Sources) TableLocation(location string) (string, error) {
	if x.Deltas == nil {
		return "", pgerr.Unsupported("a location of a table")
	}
	if volumePath(location) {
		return "", pgerr.Unsupported("a table in a volume")
	}
	dir, _, err := x.readable(location)
	if err == nil {
		err = x.S.MayWriteFiles()
	}
	if err == nil {
		err = x.Deltas.Vacant(x.S.Context(), dir)
	}
	return dir, err
}

// TablePlace is the version of an external table that a statement reads.
func (x *Sources) TablePlace(t *catalog.Table, pins Pins) (dir string, v files.Version, err error) {
	dir, err = absolute(t.Location())
	v.Number = -1
	if n, ok := pins[dir]; ok {
		v.Number = n
	}
	return dir, v, err
}

// TableRows estimates the rows of an external table.
func (x *Sources) TableRows(t *catalog.Table) float64 {
	dir, err := absolute(t.Location())
	if err != nil || x.Deltas == nil {
		return 0
	}
	return x.Deltas.Rows(x.S.Context(), dir)
}

// ScanTable reads columns of an external table. Who made the table could read the directory; who reads it needs the table's
// privileges alone. Errors: HV005 for a column that the Delta table has no more.
func (x *Sources) ScanTable(ctx context.Context, t *catalog.Table, atts []int16, pins Pins) (builtin.Rows, error) {
	if x.Deltas == nil {
		return nil, pgerr.Unsupported("reading Delta tables")
	}
	dir, v, err := x.TablePlace(t, pins)
	if err != nil {
		return nil, err
	}
	names, cols := []string{}, []types.Attr{}
	for _, a := range atts {
		c := t.Column(a)
		names, cols = append(names, c.Name), append(cols, types.Attr{Name: c.Name, Type: c.Type, Mod: c.TypMod})
	}
	d, err := x.Deltas.OpenDelta(ctx, dir, v, names)
	if err != nil {
		return nil, err
	}
	pins[dir] = d.Version()
	return files.TableRows(ctx, d, cols, x.S.Types()), nil
}
