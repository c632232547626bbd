package files

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Deltas opens Delta tables.
type Deltas interface {
	// OpenDelta reads a version of the table in a directory, by time the last that was made by then: the columns of these names, in
	// this order, all for nil. Errors are those of SQL, HV005 for a column that the version lacks.
	OpenDelta(ctx context.Context, dir string, v Version, columns []string) (Delta, error)
	// OpenChanges reads the changes of the versions from one to another, both included. Behind the table's columns stand those
	// of ChangeColumns.
	OpenChanges(ctx context.Context, dir string, from, to Version) (Delta, error)
	// Rows is about how many rows the newest version in a directory has, as far as is known without waiting for long; 0: it is not.
	Rows(ctx context.Context, dir string) float64
	// Vacant fails for a directory in which no Delta table can be made: it holds something, is in another table's or among the server's
	// own, or cannot be written to.
	Vacant(ctx context.Context, dir string) error
}

// Version is a version of a Delta table by its number or, where At is not zero, by time: at the beginning of a range the first
// that was made at that time or later, else the last that was made by then. Number < 0 is the newest.
type Version struct {
	Number int64
	At     time.Time
}

// ChangeColumns are what stands behind the columns of a table in its changes: what became of the row (insert, delete,
// update_preimage, update_postimage), the version, when it was made, and the log position that it covers, NULL in tables that
// other programs write.
var ChangeColumns = []types.Attr{{Name: "_change_type", Type: types.Text, Mod: -1}, {Name: "_commit_version", Type: types.Int8, Mod: -1},
	{Name: "_commit_timestamp", Type: types.TimestampTZ, Mod: -1}, {Name: "_commit_lsn", Type: types.PgLSN, Mod: -1}}

// Delta is one version of a Delta table. The caller closes it.
type Delta interface {
	Fields() []parquet.Field
	Version() int64
	Rows() float64 // estimated; 0: not known
	// Next reads the next rows, column by column; io.EOF at the end.
	Next(ctx context.Context) (cols [][]tuple.Value, rows int, err error)
	Close()
}

// DeltaColumns are the columns of a version: nested ones are jsonb.
func DeltaColumns(d Delta) []types.Attr {
	var out []types.Attr
	for _, f := range d.Fields() {
		out = append(out, FieldColumn(f))
	}
	return out
}

// FieldColumn is the column that a field of a Delta table is.
func FieldColumn(f parquet.Field) types.Attr {
	s := parquetShape(f.Type)
	a := types.Attr{Name: f.Name, Type: shapeTypes[s.k], Mod: -1}
	if s.k == shapeNumeric {
		a.Mod = s.mod
	}
	return a
}

// DeltaRows are the rows of a version.
type DeltaRows struct {
	ctx    context.Context
	d      Delta
	env    *types.Env
	fields []parquet.Field
	cols   []column
	batch  [][]tuple.Value
	at, n  int
	row    []types.Datum
	values parquetValues
}

var deltaOptions = &Options{}

// ReadDelta starts to read d, whose columns are now; cols are what they were when the statement was bound. It closes d where it
// fails.
func ReadDelta(ctx context.Context, d Delta, now, cols []types.Attr, env *types.Env) (*DeltaRows, error) {
	if !slices.Equal(now, cols) {
		d.Close()
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cached plan must not change result type")
	}
	return TableRows(ctx, d, cols, env), nil
}

// TableRows starts to read d as columns of other types, which its values are converted to.
func TableRows(ctx context.Context, d Delta, cols []types.Attr, env *types.Env) *DeltaRows {
	r := &DeltaRows{ctx: ctx, d: d, env: env, fields: d.Fields(), row: make([]types.Datum, len(cols))}
	for _, a := range cols {
		r.cols = append(r.cols, column{Attr: a, typ: env.Type(a.Type)})
	}
	return r
}

// Close ends the reading; it may be called more than once.
func (r *DeltaRows) Close() error {
	if r.d != nil {
		r.d.Close()
		r.d = nil
	}
	return nil
}

// Next reads a row; it is valid until the next call.
func (r *DeltaRows) Next() ([]types.Datum, bool, error) {
	if r.d == nil {
		return nil, false, nil
	}
	for r.at == r.n {
		var err error
		r.batch, r.n, err = r.d.Next(r.ctx)
		r.at = 0
		if errors.Is(err, io.EOF) {
			return nil, false, r.Close()
		}
		if err != nil {
			return nil, false, err
		}
	}
	for i := range r.cols {
		v, err := r.values.value(r.batch[i][r.at], r.fields[i].Type)
		if err == nil {
			r.row[i], err = convert(deltaOptions, r.env, &r.cols[i], v)
		}
		if err != nil {
			e := *pgerr.From(err)
			e.Where = "column " + r.cols[i].Name
			return nil, false, &e
		}
	}
	r.at++
	return r.row, true, nil
}
