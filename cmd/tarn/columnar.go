package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/storage/object/s3"
	"github.com/tarndb/tarn/storage/wal"
)

// newColumnar is the columnar engine of the process; DuckDB opens with the first fragment.
func newColumnar(cfg *config, p *places, v *settings.Values, log *slog.Logger) *duck.Engine {
	return duck.New(duck.Options{Directories: []string{p.warehouse.dir, p.cacheDir}, TempDir: filepath.Join(cfg.data, "tmp", "columnar"), Logger: log,
		MemoryBytes: v.Int("tarn.columnar_memory") << 20, TempBytes: v.Int("tarn.columnar_temp_size") << 20, Threads: int(v.Int("tarn.columnar_threads")),
		Queries: int(v.Int("tarn.columnar_queries")), Nice: int(v.Int("tarn.columnar_nice"))})
}

// columnarSource is a mirror as fragments read it.
type columnarSource struct {
	m      *mirror.Mirror
	places *places
}

var _ columnar.Source = columnarSource{}

func (s columnarSource) Open(ctx context.Context, tables []*catalog.Table, at wal.LSN) (*columnar.Snapshot, error) {
	ids := make([]uint32, len(tables))
	for i, t := range tables {
		ids[i] = t.OID
	}
	v, err := s.m.View(ctx, ids, at)
	switch {
	case errors.Is(err, mirror.ErrNotMirrored), errors.Is(err, mirror.ErrNotReady), errors.Is(err, mirror.ErrTooOld):
		return nil, errors.Join(columnar.ErrNotAvailable, err)
	case err != nil:
		return nil, err
	}
	out := &columnar.Snapshot{Close: v.Close, Tables: make([]columnar.Table, len(tables))}
	for i, tv := range v.Tables {
		// The rows that the plan was made for have this id; those of an earlier life of the table another.
		if tv.Schema.StorageID != tables[i].StorageID {
			v.Close()
			return nil, columnar.ErrNotAvailable
		}
		t := &out.Tables[i]
		for k := range tv.Columns {
			c := &tv.Columns[k]
			t.Columns = append(t.Columns, columnar.Column{AttNum: c.AttNum, Name: c.Name, Type: c.Type, Physical: c.Physical})
		}
		for _, f := range tv.Files {
			t.Files = append(t.Files, s.fileOf(&f))
		}
		for _, p := range tv.Tail {
			t.Tail = append(t.Tail, columnar.Tail{Rows: p.Rows, Columns: p.Columns, Deleted: p.Deleted})
		}
	}
	return out, nil
}

// fileOf is a file as fragments read it: one that is elsewhere is brought here when a fragment needs it.
func (s columnarSource) fileOf(f *mirror.File) columnar.File {
	out := columnar.File{Path: f.Path, Rows: f.Rows, Deleted: f.Deleted, Range: f.Stats.Range}
	if !s3.IsAddress(f.Path) {
		if !files.Within(f.Path, s.places.warehouse.dir) {
			out.Root = filepath.Dir(f.Path)
		}
		return out
	}
	out.Local = func(ctx context.Context) (string, func(), error) {
		path, release, err := f.Local(ctx)
		if err != nil && ctx.Err() == nil {
			err = errors.Join(columnar.ErrNotAvailable, err)
		}
		return path, release, err
	}
	return out
}
