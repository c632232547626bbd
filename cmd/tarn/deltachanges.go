package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

func (p *places) OpenChanges(ctx context.Context, dir string, from, to files.Version) (files.Delta, error) {
	t, err := p.openTable(dir)
	if err != nil {
		return nil, err
	}
	times, err := t.CommitTimes(ctx)
	if err != nil {
		return nil, deltaError(dir, err)
	}
	first, last, err := changeRange(dir, times, from, to)
	if err != nil {
		return nil, err
	}
	scan, err := t.Changes(ctx, first, last, delta.ChangeOptions{Inferred: true})
	if err != nil {
		return nil, deltaError(dir, err)
	}
	return &deltaChanges{dir, last, scan}, nil
}

// changeRange finds the versions between two bounds, of which there is at least one.
func changeRange(dir string, times []delta.CommitTime, from, to files.Version) (first, last int64, err error) {
	if len(times) == 0 {
		return 0, 0, noDelta(dir, delta.ErrNoTable)
	}
	newest := times[len(times)-1].Version
	first, last = from.Number, to.Number
	if !from.At.IsZero() {
		first = newest + 1
		for i := len(times) - 1; i >= 0 && !times[i].Time.Before(from.At); i-- {
			first = times[i].Version
		}
	}
	switch {
	case !to.At.IsZero():
		last = -1
		for _, c := range times {
			if !c.Time.After(to.At) {
				last = c.Version
			}
		}
	case last < 0:
		last = newest
	}
	switch {
	case first > newest && !from.At.IsZero(), last < 0:
		return 0, 0, pgerr.New(pgerr.InvalidParameterValue, "the Delta table at \"%s\" has no version in that range of time", dir).
			WithDetail("Its versions are from %s to %s.", times[0].Time.Format(time.RFC3339Nano), times[len(times)-1].Time.Format(time.RFC3339Nano))
	case first < times[0].Version, max(first, last) > newest:
		return 0, 0, pgerr.New(pgerr.InvalidParameterValue, "the Delta table at \"%s\" has the versions %d to %d", dir, times[0].Version, newest)
	case first > last:
		return 0, 0, pgerr.New(pgerr.InvalidParameterValue, "a range of versions that begins with %d cannot end with %d", first, last)
	}
	return first, last, nil
}

// deltaChanges are the changes of some versions being read.
type deltaChanges struct {
	dir  string
	last int64
	scan *delta.ChangeScan
}

// Version is the last of them.
func (c *deltaChanges) Version() int64 { return c.last }
func (c *deltaChanges) Rows() float64  { return 0 }

func (c *deltaChanges) Close() { c.scan.Close() }

// Fields are the table's and those of files.ChangeColumns.
func (c *deltaChanges) Fields() []parquet.Field {
	ids := []parquet.TypeID{parquet.String, parquet.Long, parquet.Timestamp, parquet.String}
	fields := c.scan.Fields()
	for i, a := range files.ChangeColumns {
		fields = append(fields, parquet.Field{Name: a.Name, Type: parquet.Type{ID: ids[i]}, Nullable: true})
	}
	return fields
}

func (c *deltaChanges) Next(ctx context.Context) ([][]tuple.Value, int, error) {
	b, err := c.scan.Next(ctx)
	if errors.Is(err, io.EOF) {
		return nil, 0, io.EOF
	}
	if err != nil {
		return nil, 0, deltaError(c.dir, err)
	}
	version, at, lsn := tuple.Int(b.Version), tuple.Int(b.Time.UnixMicro()), tuple.Null
	if p, err := wal.ParseLSN(b.Info.OperationParameters["lsn"]); err == nil {
		lsn = tuple.String(p.String())
	}
	var kinds, versions, times, lsns []tuple.Value
	for _, k := range b.Changes {
		kinds = append(kinds, tuple.String(k.String()))
		versions, times, lsns = append(versions, version), append(times, at), append(lsns, lsn)
	}
	return append(b.Columns, kinds, versions, times, lsns), b.Rows, nil
}
