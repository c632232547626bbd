package delta

import (
	"context"
	"fmt"
	"io"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// ScanOptions say what of a snapshot is read. The zero value reads all.
type ScanOptions struct {
	Columns []string // top-level, in this order; nil for all
	// Skip leaves out files by what the log says about them, before they are opened.
	Skip func(FileInfo) bool
}

// Batch is some live rows. It belongs to the caller.
type Batch struct {
	Rows    int
	Columns [][]tuple.Value // by the columns of the scan, each of Rows values
}

// scanBatch is how many rows a batch has at most.
const scanBatch = 4096

// Scan reads the live rows of a snapshot, file by file. It keeps a page of each column in memory. It is not safe for
// concurrent use.
type Scan struct {
	table   *Table
	layout  *layout
	columns []int // of layout
	files   []*Add
	file    *fileScan
}

// Scan starts to read. No file is opened before Next.
func (t *Table) Scan(snap *Snapshot, opt ScanOptions) (*Scan, error) {
	l, err := snap.layout()
	if err != nil {
		return nil, err
	}
	s := &Scan{table: t, layout: l}
	if s.columns, err = l.choose(opt.Columns); err != nil {
		return nil, err
	}
	for _, a := range snap.SortedFiles() {
		if opt.Skip != nil {
			info, err := newFileInfo(l, a)
			if err != nil {
				return nil, err
			}
			if opt.Skip(info) {
				continue
			}
		}
		s.files = append(s.files, a)
	}
	return s, nil
}

// Fields are the columns of the batches.
func (s *Scan) Fields() []Field {
	out := make([]Field, len(s.columns))
	for i, c := range s.columns {
		out[i] = s.layout.fields[c]
	}
	return out
}

// Next returns rows, at least one; io.EOF at the end.
func (s *Scan) Next(ctx context.Context) (*Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if s.file == nil {
			if len(s.files) == 0 {
				return nil, io.EOF
			}
			a := s.files[0]
			s.files = s.files[1:]
			f, err := s.table.openFile(ctx, s.layout, s.columns, a)
			if err != nil {
				return nil, fmt.Errorf("read file %s: %w", a.Path, err)
			}
			s.file = f
		}
		b, err := s.file.next()
		switch {
		case err == io.EOF:
			s.Close()
		case err != nil:
			return nil, fmt.Errorf("read file %s: %w", s.file.path, err)
		case b.Rows > 0:
			return b, nil
		}
	}
}

// Close ends the scan; batches stay.
func (s *Scan) Close() {
	if s.file != nil {
		s.file.close()
		s.file = nil
	}
}

// fileScan reads the rows of one file that keep lets pass.
type fileScan struct {
	path    string
	object  object.Object
	reader  *parquet.Reader
	group   int
	scan    *parquet.Scan
	stored  []parquet.Column // what the file itself has of the wanted columns
	place   []int            // of each stored column among the wanted
	fixed   []tuple.Value    // of the wanted columns: the value of a partition column
	isFixed []bool
	at      int64 // the next row's position in the file
	dead    *roaring.Bitmap
	// only, if it is not nil, holds the rows that are read; the others are passed over.
	only *roaring.Bitmap
}

func (t *Table) openFile(ctx context.Context, l *layout, columns []int, a *Add) (*fileScan, error) {
	f, err := newFileScan(a.Path, l, columns, a.PartitionValues)
	if err != nil {
		return nil, err
	}
	if f.dead, err = t.deleted(ctx, a.DeletionVector); err != nil {
		return nil, err
	}
	if f.object, f.reader, err = t.open(ctx, a.Path, a.crc()); err != nil {
		return nil, err
	}
	return f, nil
}

func newFileScan(path string, l *layout, columns []int, values map[string]*string) (*fileScan, error) {
	f := &fileScan{path: path, fixed: make([]tuple.Value, len(columns)), isFixed: make([]bool, len(columns))}
	for i, c := range columns {
		p := l.physical[c]
		if !l.partition[c] {
			f.stored, f.place = append(f.stored, parquet.Column{Name: p.Name, Type: p.Type, ID: p.ID}), append(f.place, i)
			continue
		}
		v, err := ParsePartition(p.Type, values[p.Name])
		if err != nil {
			return nil, err
		}
		f.fixed[i], f.isFixed[i] = v, true
	}
	return f, nil
}

func (f *fileScan) next() (*Batch, error) {
	for {
		if f.scan == nil {
			if f.group == f.reader.RowGroups() {
				return nil, io.EOF
			}
			var err error
			if f.scan, err = f.reader.Scan(f.group, f.stored); err != nil {
				return nil, err
			}
			f.group++
		}
		vals := make([][]tuple.Value, len(f.stored))
		n, err := f.scan.Next(vals, scanBatch)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return f.batch(vals, n), nil
		}
		f.scan.Close()
		f.scan = nil
	}
}

// batch makes the wanted columns of the stored ones, without the rows that are dead or not asked for.
func (f *fileScan) batch(vals [][]tuple.Value, n int) *Batch {
	keep := f.kept(n)
	f.at += int64(n)
	b := &Batch{Rows: n, Columns: make([][]tuple.Value, len(f.fixed))}
	if keep != nil {
		b.Rows = len(keep)
		for i := range vals {
			for k, row := range keep {
				vals[i][k] = vals[i][row]
			}
			vals[i] = vals[i][:len(keep)]
		}
	}
	for i, p := range f.place {
		b.Columns[p] = vals[i]
	}
	for i, fixed := range f.isFixed {
		if !fixed {
			continue
		}
		col := make([]tuple.Value, b.Rows)
		for k := range col {
			col[k] = f.fixed[i]
		}
		b.Columns[i] = col
	}
	return b
}

// kept lists the rows of the next n that stay; nil for all.
func (f *fileScan) kept(n int) []int {
	if (f.dead == nil || f.dead.IsEmpty()) && f.only == nil {
		return nil
	}
	keep := make([]int, 0, n)
	for i := range n {
		at := uint32(f.at + int64(i))
		if (f.dead == nil || !f.dead.Contains(at)) && (f.only == nil || f.only.Contains(at)) {
			keep = append(keep, i)
		}
	}
	return keep
}

func (f *fileScan) close() {
	if f.scan != nil {
		f.scan.Close()
	}
	f.object.Close()
}

// FileInfo is what the log says about the rows of a file.
type FileInfo struct {
	Add    *Add
	layout *layout
	stats  *Stats
}

func newFileInfo(l *layout, a *Add) (FileInfo, error) {
	st, err := ParseStats(a.Stats)
	return FileInfo{a, l, st}, err
}

// Rows is the number of live rows, -1 if unknown.
func (f FileInfo) Rows() int64 {
	if f.stats == nil {
		return -1
	}
	if f.Add.DeletionVector != nil {
		return f.stats.NumRecords - f.Add.DeletionVector.Cardinality
	}
	return f.stats.NumRecords
}

// Range bounds the values of a column that are not NULL; of a partition column it is the value. ok is false if nothing
// is known, or if all are NULL.
func (f FileInfo) Range(column string) (lo, hi tuple.Value, ok bool) {
	i := f.layout.index(column)
	if i < 0 {
		return
	}
	p := f.layout.physical[i]
	if f.layout.partition[i] {
		v, err := ParsePartition(p.Type, f.Add.PartitionValues[p.Name])
		return v, v, err == nil && !v.IsNull()
	}
	return f.stats.fieldRange(p)
}

// Nulls counts the NULLs of a column among all rows, deleted ones included; -1 if unknown.
func (f FileInfo) Nulls(column string) int64 {
	i := f.layout.index(column)
	if i < 0 {
		return -1
	}
	p := f.layout.physical[i]
	if !f.layout.partition[i] {
		return f.stats.Nulls(p.Name)
	}
	switch v, err := ParsePartition(p.Type, f.Add.PartitionValues[p.Name]); {
	case err != nil || f.stats == nil:
		return -1
	case v.IsNull():
		return f.stats.NumRecords
	}
	return 0
}
