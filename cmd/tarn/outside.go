package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object/s3"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// outside is what is remembered of Delta tables that others write.
type outside struct {
	mu    sync.Mutex
	rows  map[string]float64 // of the version that was read last, by directory; protected by mu
	plain map[string]bool    // what delta.ShapeFile.Plain has said, by file and columns; protected by mu
}

// maxOutside bounds each of the two: they are forgotten beyond it.
const maxOutside = 50_000

func remember[T any](m *map[string]T, key string, v T) {
	if *m == nil || len(*m) >= maxOutside {
		*m = map[string]T{}
	}
	(*m)[key] = v
}

func (p *places) noteRows(dir string, snap *delta.Snapshot) {
	p.outside.mu.Lock()
	defer p.outside.mu.Unlock()
	remember(&p.outside.rows, dir, snap.Rows())
}

// rowsWait is how long a plan waits for the log of an external table.
const rowsWait = 2 * time.Second

// Rows implements files.Deltas.
func (p *places) Rows(ctx context.Context, dir string) float64 {
	p.outside.mu.Lock()
	n, ok := p.outside.rows[dir]
	p.outside.mu.Unlock()
	if ok {
		return n
	}
	ctx, cancel := context.WithTimeout(ctx, rowsWait)
	defer cancel()
	d, err := p.OpenDelta(ctx, dir, files.Version{Number: -1}, nil)
	if err != nil {
		return 0
	}
	defer d.Close()
	return d.Rows()
}

// OpenPlace implements columnar.Source.
func (s columnarSource) OpenPlace(ctx context.Context, t *catalog.Table, reads []int16, at *columnar.Place) (columnar.Table, error) {
	out, err := s.openPlace(ctx, t, reads, at)
	if err != nil && ctx.Err() == nil {
		err = errors.Join(columnar.ErrNotAvailable, err)
	}
	return out, err
}

func (s columnarSource) openPlace(ctx context.Context, t *catalog.Table, reads []int16, at *columnar.Place) (out columnar.Table, err error) {
	store, err := s.places.cachedStore(at.Dir)
	if err != nil {
		return out, err
	}
	table := delta.NewTable(store, delta.TableOptions{})
	snap, err := table.Snapshot(ctx, at.Version.Number)
	if !at.Version.At.IsZero() {
		snap, err = table.SnapshotAt(ctx, at.Version.At)
	}
	if err != nil {
		return out, err
	}
	if at.Opened != nil {
		at.Opened(snap.Version)
	}
	names := make([]string, len(reads))
	for i, att := range reads {
		names[i] = t.Columns[att-1].Name
	}
	shape, err := table.Shape(ctx, snap, names)
	if err != nil {
		return out, err
	}
	s.places.noteRows(at.Dir, snap)
	print := ""
	for i, c := range shape.Columns {
		col := &t.Columns[reads[i]-1]
		if a := files.FieldColumn(c.Field); a.Type != col.Type || a.Mod != col.TypMod {
			return out, fmt.Errorf("column %s is %s in the Delta table", col.Name, c.Field.Type)
		}
		form := columnar.Column{AttNum: col.AttNum, Name: c.Stored.Name, Type: c.Stored.Type, Fixed: c.Partition}
		if form.Type.ID == parquet.Byte {
			form.Type.ID = parquet.Short
		}
		f, ok := columnar.Form(col)
		if !ok || !f.Type.Equal(form.Type) {
			return out, fmt.Errorf("column %s is %s in files", col.Name, c.Stored.Type)
		}
		form.Physical = f.Physical
		out.Columns = append(out.Columns, form)
		print += fmt.Sprintf("|%s %s %d", c.Stored.Name, c.Stored.Type, c.Stored.ID)
	}
	for i := range shape.Files {
		f, err := s.placeFile(&shape.Files[i], shape.Columns, at.Dir, print)
		if err != nil {
			return out, err
		}
		out.Files = append(out.Files, f)
	}
	return out, nil
}

// placeFile is a file as fragments read it, once it is known to mean the same to the columnar engine.
func (s columnarSource) placeFile(f *delta.ShapeFile, columns []delta.ShapeColumn, dir, print string) (columnar.File, error) {
	out := columnar.File{Root: dir, Rows: f.Physical(), Deleted: f.Deleted, Fixed: make([]string, len(columns))}
	if s3.IsAddress(dir) {
		out.Root = ""
	}
	if out.Rows < 0 && f.Deleted != nil || strings.ContainsAny(dir+f.Key, "*?[") {
		return out, fmt.Errorf("file %s is for rows", f.Key)
	}
	for i, c := range columns {
		if !c.Partition {
			continue
		}
		var ok bool
		if out.Fixed[i], ok = fixedLiteral(c.Stored.Type, f.Partition[i]); !ok {
			return out, fmt.Errorf("values of partition column %s are for rows", c.Field.Name)
		}
	}
	out.Range = func(name string, _ parquet.Type) (lo, hi tuple.Value, ok bool) {
		for _, c := range columns {
			if c.Stored.Name == name {
				return f.Range(c.Field.Name)
			}
		}
		return
	}
	out.Local = func(ctx context.Context) (string, func(), error) {
		path, release, err := s.bringPlain(ctx, f, columns, print)
		if err != nil && ctx.Err() == nil {
			err = errors.Join(columnar.ErrNotAvailable, err)
		}
		return path, release, err
	}
	return out, nil
}

func (s columnarSource) bringPlain(ctx context.Context, f *delta.ShapeFile, columns []delta.ShapeColumn, print string) (path string, release func(), err error) {
	m, key := &s.places.outside, f.Store.URL(f.Key)+print
	m.mu.Lock()
	plain, known := m.plain[key]
	m.mu.Unlock()
	if !known {
		if plain, err = f.Plain(ctx, columns); err != nil {
			return "", nil, err
		}
		m.mu.Lock()
		remember(&m.plain, key, plain)
		m.mu.Unlock()
	}
	if !plain {
		return "", nil, fmt.Errorf("file %s is for rows", f.Key)
	}
	return f.Store.LocalFile(ctx, f.Key, f.Add.Size)
}

// fixedLiteral is a partition column's value in DuckDB's SQL.
func fixedLiteral(t parquet.Type, v tuple.Value) (string, bool) {
	if v.IsNull() {
		return "NULL", true
	}
	switch t.ID {
	case parquet.Boolean:
		return strconv.FormatBool(v.Bool()), true
	case parquet.Byte, parquet.Short, parquet.Integer, parquet.Long:
		return "CAST('" + strconv.FormatInt(v.Int(), 10) + "' AS BIGINT)", true
	case parquet.Date:
		return "(DATE '1970-01-01' + CAST(" + strconv.FormatInt(v.Int(), 10) + " AS INTEGER))", true
	case parquet.Timestamp, parquet.TimestampNTZ:
		return "make_timestamp(CAST('" + strconv.FormatInt(v.Int(), 10) + "' AS BIGINT))", true
	case parquet.String:
		s := string(v.Bytes())
		return "'" + strings.ReplaceAll(s, "'", "''") + "'", !strings.ContainsRune(s, 0)
	}
	return "", false
}
