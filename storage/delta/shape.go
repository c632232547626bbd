package delta

import (
	"context"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Shape is a version of a table for those who read its files by themselves.
type Shape struct {
	Columns []ShapeColumn // as asked for
	Files   []ShapeFile
}

// ShapeColumn is a column: its field in the table, and the one in files. The values of a partition column are ShapeFile.Partition's.
type ShapeColumn struct {
	Field     Field
	Stored    Field
	Partition bool
}

// ShapeFile is a file of live rows.
type ShapeFile struct {
	FileInfo
	Store     object.Store
	Key       string
	Deleted   *roaring.Bitmap // positions; nil: none. Not to be changed
	Partition []tuple.Value   // by Shape.Columns
}

// Shape tells where the rows of columns (all for nil) are. Deletion vectors are read, files are not opened.
func (t *Table) Shape(ctx context.Context, snap *Snapshot, columns []string) (*Shape, error) {
	l, err := snap.layout()
	if err != nil {
		return nil, err
	}
	places, err := l.choose(columns)
	if err != nil {
		return nil, err
	}
	s := &Shape{}
	for _, c := range places {
		s.Columns = append(s.Columns, ShapeColumn{l.fields[c], l.physical[c], l.partition[c]})
	}
	for _, a := range snap.SortedFiles() {
		f := ShapeFile{Partition: make([]tuple.Value, len(places))}
		if f.FileInfo, err = newFileInfo(l, a); err != nil {
			return nil, err
		}
		for i, c := range s.Columns {
			if !c.Partition {
				continue
			}
			if f.Partition[i], err = ParsePartition(c.Stored.Type, a.PartitionValues[c.Stored.Name]); err != nil {
				return nil, err
			}
		}
		if f.Deleted, err = t.deleted(ctx, a.DeletionVector); err != nil {
			return nil, fmt.Errorf("read deletion vector of %s: %w", a.Path, err)
		}
		if f.Store, f.Key, err = t.locate(ctx, a.Path); err != nil {
			return nil, err
		}
		s.Files = append(s.Files, f)
	}
	return s, nil
}

// Physical is how many rows the file holds, deleted ones included; -1 if the log does not tell.
func (f *ShapeFile) Physical() int64 {
	if f.stats == nil {
		return -1
	}
	return f.stats.NumRecords
}

// Plain opens the file, checks its sum if the log has one (I8), and reports whether other readers of Parquet see in it what this package
// sees in the columns: each under its name, in the type's own encoding or in a narrower one, or in no column at all.
func (f *ShapeFile) Plain(ctx context.Context, columns []ShapeColumn) (bool, error) {
	o, err := f.Store.Open(ctx, f.Key)
	if err != nil {
		return false, err
	}
	defer o.Close()
	if crc := f.Add.crc(); crc != nil {
		if err := parquet.Verify(o, o.Size(), *crc); err != nil {
			return false, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	r, err := parquet.NewReader(o, o.Size())
	if err != nil {
		return false, err
	}
	if n := f.Physical(); n >= 0 && n != r.Rows() {
		return false, nil
	}
	for _, c := range columns {
		if !c.Partition && !r.Plain(parquet.Column{Name: c.Stored.Name, Type: c.Stored.Type, ID: c.Stored.ID}) {
			return false, nil
		}
	}
	return true, nil
}

// Rows estimates the live rows of a snapshot; files without statistics count by their size.
func (s *Snapshot) Rows() float64 {
	const rowBytes = 50
	rows := 0.0
	for _, a := range s.Files {
		st, err := ParseStats(a.Stats)
		if err != nil || st == nil {
			rows += float64(a.Size) / rowBytes
			continue
		}
		rows += float64(st.NumRecords)
		if a.DeletionVector != nil {
			rows -= float64(a.DeletionVector.Cardinality)
		}
	}
	return rows
}
