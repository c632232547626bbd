package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

// View is the columnar shape of some tables at one LSN (I2, I4). It is immutable and holds its files until Close (I7).
type View struct {
	LSN    wal.LSN
	Tables []*TableView

	m    *Mirror
	held []hold
}

type hold struct {
	t     *table
	files []*fileState
}

// TableView is one table of a View. Its rows are those of Files that are not Deleted, and those of Tail that are not.
type TableView struct {
	Table     uint32
	Schema    *change.Schema // as of the View; compare Version with the plan's
	Columns   []Column
	Version   int64   // Delta version of Files, -1 if there is none yet
	Published wal.LSN // what Files cover
	Files     []File
	Tail      []Tail
}

// Column is a column that is not dropped.
type Column struct {
	AttNum int16
	Name   string       // in files
	Type   parquet.Type // in files; see package parquet for the physical values
	Kind   tuple.Kind   // in Tail
	conv   converter
}

// Physical turns a value of Tail into the form of Type; NULL stays NULL. ok is false when Type cannot hold it: then the
// row executor has the answer. Bytes may be put into buf, which is returned.
func (c *Column) Physical(buf []byte, v tuple.Value) (_ []byte, out tuple.Value, ok bool) {
	if v.IsNull() {
		return buf, v, true
	}
	return c.conv(buf, v)
}

// File is a parquet file of a View.
type File struct {
	Path    string // absolute, of the warehouse: a local one, or s3://bucket/key
	Rows    int64  // physical
	Bytes   int64
	Deleted *roaring.Bitmap // positions; nil: none. Not to be changed
	Stats   *delta.Stats    // bounds of all physical rows; Stats.Range

	store object.Store
	key   string
}

// Local is the file, or a copy of it, on this machine; it stays until release and the View's Close.
func (f *File) Local(ctx context.Context) (path string, release func(), err error) {
	return f.store.LocalFile(ctx, f.key, f.Bytes)
}

// Tail is a run of rows in memory, column by column, as values of the table's rows (not of Type).
type Tail struct {
	Rows    int
	Columns [][]tuple.Value // by TableView.Columns; each of length Rows
	RowIDs  []uint64
	Deleted *roaring.Bitmap // positions; nil: none
}

// View waits until the tail has reached at and returns the tables as of it. Errors: ErrNotMirrored, ErrNotReady,
// ErrTooOld (then rows have the answer), the cause of ctx.
func (m *Mirror) View(ctx context.Context, tables []uint32, at wal.LSN) (*View, error) {
	if err := m.reach(ctx, at); err != nil {
		return nil, err
	}
	v := &View{LSN: at, m: m}
	type taken struct {
		base  *version // with the loads after it
		parts []slice
		reset bool
		dels  [][]uint64
	}
	got := make([]taken, len(tables))
	m.mu.Lock()
	for i, id := range tables {
		base, segs, err := m.stateLocked(id, at)
		if err != nil {
			m.mu.Unlock()
			v.Close()
			return nil, err
		}
		t := m.tables[id]
		g := taken{base: base}
		tv := &TableView{Table: id, Schema: base.m.schema, Version: base.number, Published: base.lsn, Columns: columnsOf(base.m)}
		var loads []*fileState
		for _, s := range segs {
			if s.reset {
				g.reset, g.parts, g.dels, loads = true, nil, nil, nil
			}
			p := s.take(at)
			g.parts, g.dels, loads = append(g.parts, p), append(g.dels, p.dels), append(loads, p.files...)
			tv.Schema, tv.Columns = s.m.schema, columnsOf(s.m)
		}
		g.base = base.with(loads, g.reset)
		for _, f := range g.base.files {
			t.pinned[f.f.key]++
		}
		v.held = append(v.held, hold{t, g.base.files})
		v.Tables = append(v.Tables, tv)
		got[i] = g
	}
	m.mu.Unlock()

	for i, g := range got {
		if err := v.fill(ctx, i, g.base, g.parts, g.dels, g.reset); err != nil {
			v.Close()
			return nil, err
		}
	}
	return v, nil
}

// farBehind is how much log a View does not wait for.
const farBehind = 32 << 20

// reach waits for the tail.
func (m *Mirror) reach(ctx context.Context, at wal.LSN) error {
	wctx, cancel := context.WithTimeout(ctx, m.opt.ViewWait)
	defer cancel()
	if err := m.waitLoaded(wctx); err != nil { // a moment after the start
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return errors.Join(ErrNotReady, err)
	}
	if m.tail.Position().Load() >= at {
		return nil
	}
	// A tail that is held up, by memory or a full disk, or far behind must not hold up queries: rows have the answer.
	m.mu.Lock()
	stuck := m.room != nil || at-min(at, m.applied) > farBehind
	m.mu.Unlock()
	if stuck {
		return fmt.Errorf("mirror is behind: %w", ErrNotReady)
	}
	if _, err := m.tail.Position().Wait(wctx, at); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return errors.Join(ErrNotReady, err)
	}
	return nil
}

// stateLocked finds the newest version at or before at and the segments from there to at that hold something.
func (m *Mirror) stateLocked(id uint32, at wal.LSN) (*version, []*segment, error) {
	t := m.tables[id]
	if t == nil {
		return nil, nil, fmt.Errorf("table %d: %w", id, ErrNotMirrored)
	}
	if err := t.unready(); err != nil {
		return nil, nil, fmt.Errorf("table %s: %w", t.name(), err)
	}
	var base *version
	for i := len(t.vers) - 1; i >= 0 && base == nil; i-- {
		if t.vers[i].lsn <= at {
			base = t.vers[i]
		}
	}
	if base == nil {
		return nil, nil, fmt.Errorf("table %s at %s: %w", t.name(), at, ErrTooOld)
	}
	var segs []*segment
	for _, s := range t.segs {
		if s.start < base.lsn || s.empty() || s.marks[0].lsn > at {
			continue
		}
		if s.structural && !s.reset && (len(base.files) > 0 || len(segs) > 0) {
			// Files under one schema and a tail under another: the next publication joins them.
			t.asked = true
			m.poke()
			return nil, nil, fmt.Errorf("table %s: schema change is not published: %w", t.name(), ErrNotReady)
		}
		segs = append(segs, s)
	}
	return base, segs, nil
}

func columnsOf(mp *mapping) []Column {
	out := make([]Column, len(mp.columns))
	for i, c := range mp.columns {
		out[i] = Column{AttNum: c.AttNum, Name: c.Name, Type: c.typ, Kind: mp.schema.Columns[c.pos].Kind, conv: c.conv}
	}
	return out
}

// fill works out what is deleted, without the mutex.
func (v *View) fill(ctx context.Context, i int, base *version, parts []slice, dels [][]uint64, reset bool) error {
	tv, t := v.Tables[i], v.held[i].t
	ptrs := make([]*slice, len(parts))
	for k := range parts {
		ptrs[k] = &parts[k]
	}
	dead := map[int]*roaring.Bitmap{}
	for _, d := range dels {
		if err := v.m.resolve(ctx, t, base, ptrs, d, reset, dead); err != nil {
			if errors.Is(err, errLost) {
				v.m.jobFailed(t, err)
				return errors.Join(ErrNotReady, err)
			}
			return err
		}
	}
	for k, f := range v.held[i].files {
		out := File{Path: t.store.URL(f.f.key), Rows: f.f.rows, Bytes: f.f.bytes, Deleted: f.dead, Stats: f.f.stats,
			store: t.store, key: f.f.key}
		if d := dead[k]; d != nil {
			out.Deleted = d
			if int64(d.GetCardinality()) == f.f.rows {
				continue
			}
		}
		tv.Files = append(tv.Files, out)
	}
	for _, p := range parts {
		if len(p.ids) == 0 {
			continue
		}
		out := Tail{Rows: len(p.ids), RowIDs: p.ids, Deleted: p.dead}
		for _, c := range p.m.columns {
			out.Columns = append(out.Columns, p.cols[c.pos])
		}
		tv.Tail = append(tv.Tail, out)
	}
	return nil
}

// Close lets go of the files. The View must not be used afterwards.
func (v *View) Close() {
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	for _, h := range v.held {
		for _, f := range h.files {
			if h.t.pinned[f.f.key]--; h.t.pinned[f.f.key] == 0 {
				delete(h.t.pinned, f.f.key)
			}
		}
		if h.t.remove && len(h.t.pinned) == 0 {
			v.m.poke()
		}
	}
	v.held = nil
}
