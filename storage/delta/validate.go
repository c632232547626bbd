package delta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Report is what Validate found in a sound table.
type Report struct {
	Version     int64
	Commits     int
	Checkpoints int
	Checksums   int
	Files       int
	Rows        int64 // live
	Deleted     int64 // rows under deletion vectors
	Vectors     int
	Protocol    Protocol
	Txns        map[string]Txn
}

// Validate checks a table in a local directory more strictly than a reader has to: every action for the fields that it
// must have, every commit against the protocol's rules, every checkpoint and checksum file against the replay of the
// commits before it, row ids, and every live file's existence, size, row count, column types, field ids and values against
// the log's partition values and statistics, every deletion vector's checksum and range.
func Validate(dir string) (*Report, error) {
	store, err := object.OpenLocal(dir, object.Options{})
	if err != nil {
		return nil, err
	}
	return ValidateStore(context.Background(), store)
}

// ValidateStore is Validate for a table anywhere.
func ValidateStore(ctx context.Context, store object.Store) (*Report, error) {
	rep := &Report{}
	fail := func(err error) (*Report, error) { return nil, fmt.Errorf("validate %s: %w", store.URL(""), err) }
	snap, err := validateLog(ctx, store, rep)
	if err != nil {
		return fail(err)
	}
	if err := validateRowIDs(snap); err != nil {
		return fail(err)
	}
	l, err := snap.layout()
	if err != nil {
		return fail(err)
	}
	v := fileValidator{table: NewTable(store, TableOptions{}), layout: l, report: rep}
	for _, a := range snap.SortedFiles() {
		if err := v.file(ctx, a); err != nil {
			return fail(fmt.Errorf("file %s: %w", a.Path, err))
		}
	}
	rep.Version, rep.Protocol, rep.Txns = snap.Version, snap.Protocol, snap.Txns
	return rep, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

type fileValidator struct {
	table  *Table
	layout *layout
	report *Report
}

func (v *fileValidator) file(ctx context.Context, a *Add) error {
	st, err := ParseStats(a.Stats)
	if err != nil {
		return err
	}
	store, key, err := v.table.locate(ctx, a.Path)
	if err != nil {
		return err
	}
	o, err := store.Open(ctx, key)
	if errors.Is(err, object.ErrNotExist) {
		return corrupt("does not exist")
	}
	if err != nil {
		return err
	}
	defer o.Close()
	if o.Size() != a.Size {
		return corrupt("has %d bytes, the log says %d", o.Size(), a.Size)
	}
	if crc, ok := a.CRC(); ok {
		if err := parquet.Verify(o, o.Size(), crc); err != nil {
			return corrupt("%v", err)
		}
	}
	r, err := parquet.NewReader(o, o.Size())
	if err != nil {
		return corrupt("%v", err)
	}
	deleted, err := v.table.deleted(ctx, a.DeletionVector)
	if err != nil {
		return err
	}
	if err := v.vector(r, st, deleted); err != nil {
		return err
	}
	if st != nil && st.NumRecords != r.Rows() {
		return corrupt("has %d rows, the log says %d", r.Rows(), st.NumRecords)
	}
	v.report.Files++
	v.report.Rows += r.Rows()
	return v.columns(r, a, st, deleted)
}

func (v *fileValidator) vector(r *parquet.Reader, st *Stats, deleted *roaring.Bitmap) error {
	if deleted == nil {
		return nil
	}
	if !deleted.IsEmpty() && int64(deleted.Maximum()) >= r.Rows() {
		return corrupt("deletion vector names row %d of %d", deleted.Maximum(), r.Rows())
	}
	if st == nil {
		return corrupt("has a deletion vector and no numRecords")
	}
	v.report.Vectors++
	v.report.Deleted += int64(deleted.GetCardinality())
	v.report.Rows -= int64(deleted.GetCardinality())
	return nil
}

func (v *fileValidator) columns(r *parquet.Reader, a *Add, st *Stats, deleted *roaring.Bitmap) error {
	// Statistics that say nothing about their tightness count as tight, though with a deletion vector only as bounds.
	exact := st != nil && (st.TightBounds == nil || *st.TightBounds)
	if exact && deleted != nil && !deleted.IsEmpty() {
		if st.TightBounds != nil {
			return corrupt("has deleted rows and tight bounds")
		}
		exact = false
	}
	ids := fieldIDs(r)
	for i, p := range v.layout.physical {
		name := v.layout.fields[i].Name
		if v.layout.partition[i] {
			text, ok := a.PartitionValues[p.Name]
			if !ok {
				return corrupt("has no value of partition column %s", name)
			}
			if _, err := ParsePartition(p.Type, text); err != nil {
				return err
			}
			continue
		}
		if want, ok := v.layout.fields[i].Metadata[metaMappingID].(float64); ok && ids != nil && r.Has(p.Name) && ids[p.Name] != int(want) {
			return corrupt("column %s has the field id %d, the schema %d", name, ids[p.Name], int(want))
		}
		c := columnCheck{field: p, exact: exact}
		if st != nil {
			c.bounds(st)
		}
		if err := c.run(r); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

// fieldIDs are the field ids of the file's columns; nil if it has none, as files from before column mapping.
func fieldIDs(r *parquet.Reader) map[string]int {
	fields, err := r.Fields()
	if err != nil || !slices.ContainsFunc(fields, func(f Field) bool { return f.ID != 0 }) {
		return nil
	}
	ids := map[string]int{}
	for _, f := range fields {
		ids[f.Name] = f.ID
	}
	return ids
}

// columnCheck compares the values of a column with its statistics.
type columnCheck struct {
	field  Field
	exact  bool // null counts are those of the file's rows
	lo, hi tuple.Value
	ranged bool
	want   int64 // nulls, -1 if unknown
	nulls  int64
	kids   []*columnCheck // fields of a struct
}

func (c *columnCheck) bounds(st *Stats) {
	c.want = st.Nulls(c.field.Name)
	c.lo, c.hi, c.ranged = st.fieldRange(c.field)
	if c.field.Type.ID != parquet.Struct {
		return
	}
	inner := &Stats{MinValues: fieldStats(st.MinValues[c.field.Name]), MaxValues: fieldStats(st.MaxValues[c.field.Name]),
		NullCount: fieldStats(st.NullCount[c.field.Name])}
	for _, f := range c.field.Type.Fields {
		k := &columnCheck{field: f, exact: c.exact}
		k.bounds(inner)
		c.kids = append(c.kids, k)
	}
}

// fieldStats reads statistics of a struct's fields; nil if there are none.
func fieldStats(raw json.RawMessage) (out map[string]json.RawMessage) {
	_ = json.Unmarshal(raw, &out)
	return out
}

func (c *columnCheck) run(r *parquet.Reader) error {
	for g := range r.RowGroups() {
		scan, err := r.Scan(g, []parquet.Column{{Name: c.field.Name, Type: c.field.Type, ID: c.field.ID}})
		if err != nil {
			return corrupt("%v", err)
		}
		for {
			vals := make([][]tuple.Value, 1)
			n, err := scan.Next(vals, scanBatch)
			if err == nil && n > 0 {
				err = c.add(vals[0])
			}
			if err != nil {
				scan.Close()
				return corrupt("%v", err)
			}
			if n == 0 {
				break
			}
		}
		scan.Close()
	}
	return c.finish()
}

func (c *columnCheck) add(vals []tuple.Value) error {
	for _, v := range vals {
		if v.IsNull() {
			c.addNull()
			continue
		}
		if c.ranged && (compare(c.field.Type, v, c.lo) < 0 || compare(c.field.Type, v, c.hi) > 0) {
			return errors.New("a value is outside of the statistics")
		}
		if len(c.kids) == 0 {
			continue
		}
		parts, err := parquet.DecodeList(nil, v.Bytes())
		if err != nil || len(parts) != len(c.kids) {
			return errors.New("a struct value is damaged")
		}
		for i, k := range c.kids {
			if err := k.add(parts[i : i+1]); err != nil {
				return fmt.Errorf("field %s: %w", k.field.Name, err)
			}
		}
	}
	return nil
}

// addNull counts a NULL, which is one in each field of a struct too.
func (c *columnCheck) addNull() {
	c.nulls++
	for _, k := range c.kids {
		k.addNull()
	}
}

func (c *columnCheck) finish() error {
	if !c.field.Nullable && c.nulls > 0 && c.field.Type.ID != parquet.Void {
		return corrupt("is not nullable and has nulls")
	}
	return c.nullCounts()
}

func (c *columnCheck) nullCounts() error {
	if c.exact && c.want >= 0 && c.want != c.nulls {
		return corrupt("%s has %d nulls, statistics say %d", c.field.Name, c.nulls, c.want)
	}
	for _, k := range c.kids {
		if err := k.nullCounts(); err != nil {
			return err
		}
	}
	return nil
}

// compare orders physical values as the statistics do.
func compare(t parquet.Type, a, b tuple.Value) int {
	switch {
	case t.ID == parquet.Float || t.ID == parquet.Double:
		switch x, y := a.Float(), b.Float(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case t.ID == parquet.Decimal && t.Precision > 18:
		return parquet.Int128(a.Bytes()).Cmp(parquet.Int128(b.Bytes()))
	case a.IsScalar():
		switch x, y := a.Int(), b.Int(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return bytes.Compare(a.Bytes(), b.Bytes())
}

// Millis is a time as the log writes it.
func Millis(t time.Time) int64 { return t.UnixMilli() }
