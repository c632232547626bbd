package delta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Report is what Validate found in a sound table.
type Report struct {
	Version  int64
	Commits  int
	Files    int
	Rows     int64 // live
	Deleted  int64 // rows under deletion vectors
	Vectors  int
	Protocol Protocol
	Txns     map[string]Txn
}

// Validate checks a table in a local directory more strictly than a reader has to: every commit against the protocol's
// rules, every checkpoint against the replay of the commits before it, every live file's existence, size, row count,
// column types and values against the log's statistics, every deletion vector's checksum and range.
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
	snap, err := validateLog(ctx, store, rep)
	if err != nil {
		return nil, fmt.Errorf("validate %s: %w", store.URL(""), err)
	}
	schema, err := snap.Schema()
	if err != nil {
		return nil, fmt.Errorf("validate %s: %w", store.URL(""), err)
	}
	for _, a := range snap.SortedFiles() {
		if err := validateFile(ctx, store, schema, a, rep); err != nil {
			return nil, fmt.Errorf("validate %s: file %s: %w", store.URL(""), a.Path, err)
		}
	}
	rep.Version, rep.Protocol, rep.Txns = snap.Version, snap.Protocol, snap.Txns
	return rep, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

// validateLog replays what is there from its first version, stops at each checkpoint to compare, and returns the end.
func validateLog(ctx context.Context, store object.Store, rep *Report) (*Snapshot, error) {
	files, err := listLog(ctx, store, 0)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, ErrNoTable
	}
	commits, checkpoints := map[int64]bool{}, map[int64]string{}
	last := int64(-1)
	for _, f := range files {
		switch f.kind {
		case commitFile:
			commits[f.version] = true
			last = max(last, f.version)
		case checkpointFile:
			checkpoints[f.version] = f.info.Key
		}
	}
	snap := newSnapshot()
	if !commits[0] {
		first := int64(math.MaxInt64)
		for v := range checkpoints {
			first = min(first, v)
		}
		if len(checkpoints) == 0 {
			return nil, corrupt("version 0 is missing and there is no checkpoint")
		}
		if err := readCheckpoint(ctx, store, []string{checkpoints[first]}, snap); err != nil {
			return nil, err
		}
		snap.Version = first
	}
	for v := snap.Version + 1; v <= last; v++ {
		actions, err := readCommit(ctx, store, v)
		if err != nil {
			return nil, err
		}
		if err := validateCommit(snap, v, actions); err != nil {
			return nil, err
		}
		if err := snap.apply(v, actions); err != nil {
			return nil, err
		}
		if err := validateProtocol(snap); err != nil {
			return nil, fmt.Errorf("version %d: %w", v, err)
		}
		rep.Commits++
		if key, ok := checkpoints[v]; ok {
			if err := compareCheckpoint(ctx, store, key, snap); err != nil {
				return nil, fmt.Errorf("checkpoint %d: %w", v, err)
			}
		}
	}
	return snap, nil
}

// validateCommit adds rules that a reader must not depend on but a writer keeps.
func validateCommit(before *Snapshot, v int64, actions []Action) error {
	live := map[string]int{}
	for k := range before.Files {
		live[k.Path]++
	}
	for i := range actions {
		a := &actions[i]
		switch {
		case a.unknown():
			return corrupt("version %d: unknown action", v)
		case a.Remove != nil:
			k := FileKey{a.Remove.Path, a.Remove.DeletionVector.ID()}
			if before.Files[k] == nil {
				return corrupt("version %d removes %s, which is not in the table", v, k.Path)
			}
			live[k.Path]--
			if a.Remove.DeletionTimestamp == nil {
				return corrupt("version %d: remove without deletionTimestamp", v)
			}
		case a.Txn != nil:
			if old, ok := before.Txns[a.Txn.AppID]; ok && old.Version > a.Txn.Version {
				return corrupt("version %d: position of %s goes back from %d to %d", v, a.Txn.AppID, old.Version, a.Txn.Version)
			}
		}
	}
	for i := range actions {
		a := actions[i].Add
		if a == nil {
			continue
		}
		if before.Files[FileKey{a.Path, a.DeletionVector.ID()}] == nil {
			live[a.Path]++
		}
		if live[a.Path] != 1 {
			return corrupt("version %d: file %s is live %d times", v, a.Path, live[a.Path])
		}
		if a.PartitionValues == nil {
			return corrupt("version %d: add without partitionValues", v)
		}
	}
	return nil
}

func compareCheckpoint(ctx context.Context, store object.Store, key string, want *Snapshot) error {
	got := newSnapshot()
	if err := readCheckpoint(ctx, store, []string{key}, got); err != nil {
		return err
	}
	for k, a := range want.Files {
		b := got.Files[k]
		if b == nil {
			return corrupt("file %s is missing", k.Path)
		}
		if a.DeletionVector != nil && *a.DeletionVector.withoutOffset() != *b.DeletionVector.withoutOffset() ||
			a.Stats != b.Stats || a.Size != b.Size || !maps.Equal(a.Tags, b.Tags) || a.ModificationTime != b.ModificationTime {
			return corrupt("file %s differs", k.Path)
		}
	}
	switch {
	case len(got.Files) != len(want.Files):
		return corrupt("has %d files, the log %d", len(got.Files), len(want.Files))
	case got.Metadata.SchemaString != want.Metadata.SchemaString || got.Metadata.ID != want.Metadata.ID ||
		!maps.Equal(got.Metadata.Configuration, want.Metadata.Configuration):
		return corrupt("metaData differs")
	case got.Protocol.MinReaderVersion != want.Protocol.MinReaderVersion ||
		got.Protocol.MinWriterVersion != want.Protocol.MinWriterVersion ||
		!slices.Equal(got.Protocol.ReaderFeatures, want.Protocol.ReaderFeatures) ||
		!slices.Equal(got.Protocol.WriterFeatures, want.Protocol.WriterFeatures):
		return corrupt("protocol differs")
	case len(got.Txns) != len(want.Txns):
		return corrupt("positions differ")
	}
	for id, t := range want.Txns {
		if got.Txns[id].Version != t.Version {
			return corrupt("position of %s differs", id)
		}
	}
	for k := range got.Tombstones {
		if want.Tombstones[k] == nil {
			return corrupt("tombstone %s is not in the log", k.Path)
		}
	}
	return nil
}

// withoutOffset makes descriptors comparable; the offset is part of the FileKey already.
func (d DVDescriptor) withoutOffset() *DVDescriptor {
	d.Offset = nil
	return &d
}

func validateProtocol(s *Snapshot) error {
	p := s.Protocol
	if (p.MinReaderVersion == 3) != (p.ReaderFeatures != nil) || (p.MinWriterVersion == 7) != (p.WriterFeatures != nil) {
		return corrupt("feature lists do not fit protocol %d/%d", p.MinReaderVersion, p.MinWriterVersion)
	}
	if p.MinReaderVersion == 3 && p.MinWriterVersion != 7 {
		return corrupt("reader 3 without writer 7")
	}
	for _, f := range p.ReaderFeatures {
		if !p.Has(f) {
			return corrupt("reader feature %s is no writer feature", f)
		}
	}
	schema, err := s.Schema()
	if err != nil {
		return err
	}
	if schema.HasNTZ() && !p.Has(FeatureTimestampNTZ) {
		return corrupt("schema needs %s", FeatureTimestampNTZ)
	}
	for k := range s.Files {
		if k.DV != "" && (!p.Has(FeatureDeletionVectors) || s.Metadata.Configuration[PropDeletionVectors] != "true") {
			return corrupt("deletion vectors are not enabled")
		}
	}
	return nil
}

func validateFile(ctx context.Context, store object.Store, schema Schema, a *Add, rep *Report) error {
	st, err := ParseStats(a.Stats)
	if err != nil {
		return err
	}
	key, err := DataKey(a.Path)
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
	var deleted *roaring.Bitmap
	if a.DeletionVector != nil {
		if deleted, err = ReadDV(ctx, store, a.DeletionVector); err != nil {
			return err
		}
		if !deleted.IsEmpty() && int64(deleted.Maximum()) >= r.Rows() {
			return corrupt("deletion vector names row %d of %d", deleted.Maximum(), r.Rows())
		}
		if st == nil {
			return corrupt("has a deletion vector and no numRecords")
		}
		rep.Vectors++
		rep.Deleted += int64(deleted.GetCardinality())
		rep.Rows -= int64(deleted.GetCardinality())
	}
	if st != nil && st.NumRecords != r.Rows() {
		return corrupt("has %d rows, the log says %d", r.Rows(), st.NumRecords)
	}
	rep.Files++
	rep.Rows += r.Rows()
	tight := st != nil && (st.TightBounds == nil || *st.TightBounds)
	if tight && deleted != nil && !deleted.IsEmpty() {
		return corrupt("has deleted rows and tight bounds")
	}
	for _, f := range schema.Fields {
		if err := validateColumn(r, f, st, tight); err != nil {
			return fmt.Errorf("column %s: %w", f.Name, err)
		}
	}
	return nil
}

func validateColumn(r *parquet.Reader, f Field, st *Stats, tight bool) error {
	lo, hi, ranged := st.Range(f.Name, f.Type)
	nulls := int64(0)
	var vals []tuple.Value
	var err error
	for g := range r.RowGroups() {
		if vals, err = r.Column(vals[:0], g, f.Name, f.Type); err != nil {
			return corrupt("%v", err)
		}
		for _, v := range vals {
			if v.IsNull() {
				nulls++
				continue
			}
			if ranged && (compare(f.Type, v, lo) < 0 || compare(f.Type, v, hi) > 0) {
				return corrupt("a value is outside of the statistics")
			}
		}
	}
	if n := st.Nulls(f.Name); tight && n >= 0 && n != nulls {
		return corrupt("has %d nulls, statistics say %d", nulls, n)
	}
	if !f.Nullable && nulls > 0 {
		return corrupt("is not nullable and has nulls")
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
