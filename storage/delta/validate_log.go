package delta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/tarndb/tarn/storage/object"
)

// logIndex is what lies in _delta_log, by version.
type logIndex struct {
	last        int64
	commits     map[int64]bool
	checkpoints map[int64][][]string // the files of each checkpoint; a version may have several
	checksums   map[int64]string
}

func indexLog(files []logFile) logIndex {
	x := logIndex{last: -1, commits: map[int64]bool{}, checkpoints: map[int64][][]string{}, checksums: map[int64]string{}}
	type multi struct {
		v  int64
		of int
	}
	parts := map[multi][]string{}
	for _, f := range files {
		switch f.kind {
		case commitFile:
			x.commits[f.version] = true
			x.last = max(x.last, f.version)
		case checkpointFile:
			x.checkpoints[f.version] = append(x.checkpoints[f.version], []string{f.info.Key})
		case partFile:
			m := multi{f.version, f.of}
			if parts[m] = append(parts[m], f.info.Key); len(parts[m]) == f.of {
				x.checkpoints[f.version] = append(x.checkpoints[f.version], parts[m])
			}
		case checksumFile:
			x.checksums[f.version] = f.info.Key
		}
	}
	return x
}

// validateLog replays what is there from its first version, stops at each checkpoint and checksum to compare, and returns
// the end.
func validateLog(ctx context.Context, store object.Store, rep *Report) (*Snapshot, error) {
	files, err := listLog(ctx, store, 0)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, ErrNoTable
	}
	x := indexLog(files)
	snap := newSnapshot()
	if !x.commits[0] {
		first := int64(math.MaxInt64)
		for v := range x.checkpoints {
			first = min(first, v)
		}
		if len(x.checkpoints) == 0 {
			return nil, corrupt("version 0 is missing and there is no checkpoint")
		}
		if err := readCheckpoint(ctx, store, x.checkpoints[first][0], snap); err != nil {
			return nil, err
		}
		snap.Version = first
	}
	var lastTime *int64 // in-commit timestamp of the version before
	for v := snap.Version + 1; v <= x.last; v++ {
		if lastTime, err = validateVersion(ctx, store, snap, v, lastTime); err != nil {
			return nil, fmt.Errorf("version %d: %w", v, err)
		}
		rep.Commits++
		if err := validateProjections(ctx, store, x, snap, rep); err != nil {
			return nil, err
		}
	}
	return snap, nil
}

func validateVersion(ctx context.Context, store object.Store, snap *Snapshot, v int64, lastTime *int64) (*int64, error) {
	data, err := store.Get(ctx, commitKey(v))
	if errors.Is(err, object.ErrNotExist) {
		return nil, corrupt("is missing")
	}
	if err != nil {
		return nil, err
	}
	if err := validateLines(data); err != nil {
		return nil, err
	}
	actions, err := DecodeActions(data)
	if err != nil {
		return nil, err
	}
	if err := validateCommit(snap, actions); err != nil {
		return nil, err
	}
	if err := snap.apply(v, actions); err != nil {
		return nil, err
	}
	if err := validateProtocol(snap); err != nil {
		return nil, err
	}
	if from, ok := snap.inCommitTimestamps(); ok && v >= from {
		ms, err := inCommitTimestamp(v, actions)
		if err != nil {
			return nil, err
		}
		if lastTime != nil && ms <= *lastTime {
			return nil, corrupt("in-commit timestamp %d is not after %d", ms, *lastTime)
		}
		return &ms, nil
	}
	return nil, nil
}

// validateProjections compares what else is stored of the snapshot's version: checkpoints and the checksum.
func validateProjections(ctx context.Context, store object.Store, x logIndex, snap *Snapshot, rep *Report) error {
	for _, keys := range x.checkpoints[snap.Version] {
		if err := compareCheckpoint(ctx, store, keys, snap); err != nil {
			return fmt.Errorf("checkpoint %d: %w", snap.Version, err)
		}
		rep.Checkpoints++
	}
	key, ok := x.checksums[snap.Version]
	if !ok {
		return nil
	}
	data, err := store.Get(ctx, key)
	if err != nil {
		return err
	}
	c, err := decodeChecksum(data)
	if err == nil {
		err = c.check(snap)
	}
	if err != nil {
		return fmt.Errorf("checksum %d: %w", snap.Version, err)
	}
	rep.Checksums++
	return nil
}

// requiredFields are the fields that an action must have in a commit, null or not.
var requiredFields = map[string][]string{
	"protocol":       {"minReaderVersion", "minWriterVersion"},
	"metaData":       {"id", "format", "schemaString", "partitionColumns", "configuration"},
	"add":            {"path", "partitionValues", "size", "modificationTime", "dataChange"},
	"remove":         {"path", "dataChange"},
	"cdc":            {"path", "partitionValues", "size", "dataChange"},
	"txn":            {"appId", "version"},
	"domainMetadata": {"domain", "configuration", "removed"},
	"commitInfo":     {},
}

// validateLines looks at the JSON itself: one known action a line, with all the fields that it needs. Types are looked at
// when it is decoded.
func validateLines(data []byte) error {
	n := 0
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		n++
		var action map[string]map[string]json.RawMessage
		if err := json.Unmarshal(line, &action); err != nil || len(action) != 1 {
			return corrupt("line %d is no action", n)
		}
		for kind, fields := range action {
			required, ok := requiredFields[kind]
			if !ok {
				return corrupt("line %d: unknown action %s", n, kind)
			}
			for _, name := range required {
				if _, ok := fields[name]; !ok {
					return corrupt("line %d: %s without %s", n, kind, name)
				}
			}
		}
	}
	return nil
}

// validateCommit adds rules that a reader must not depend on but a writer keeps.
func validateCommit(before *Snapshot, actions []Action) error {
	live := map[string]int{}
	for k := range before.Files {
		live[k.Path]++
	}
	for i := range actions {
		a := &actions[i]
		switch {
		case a.Remove != nil:
			k := keyOf(a.Remove.Path, a.Remove.DeletionVector)
			if before.Files[k] == nil {
				if keepsVector(a.Remove) {
					continue
				}
				return corrupt("removes %s, which is not in the table", k.Path)
			}
			live[k.Path]--
			if a.Remove.DeletionTimestamp == nil {
				return corrupt("remove without deletionTimestamp")
			}
			if r := a.Remove; r.ExtendedFileMetadata && (r.PartitionValues == nil || r.Size == nil) {
				return corrupt("remove of %s lacks its extended metadata", r.Path)
			}
		case a.Txn != nil:
			if old, ok := before.Txns[a.Txn.AppID]; ok && old.Version > a.Txn.Version {
				return corrupt("position of %s goes back from %d to %d", a.Txn.AppID, old.Version, a.Txn.Version)
			}
		case a.CDC != nil && a.CDC.DataChange:
			return corrupt("cdc file %s says dataChange", a.CDC.Path)
		}
	}
	for i := range actions {
		a := actions[i].Add
		if a == nil {
			continue
		}
		k := keyOf(a.Path, a.DeletionVector)
		if before.Files[k] == nil {
			live[k.Path]++
		}
		if live[k.Path] != 1 {
			return corrupt("file %s is live %d times", a.Path, live[k.Path])
		}
		if a.PartitionValues == nil {
			return corrupt("add without partitionValues")
		}
	}
	return nil
}

func compareCheckpoint(ctx context.Context, store object.Store, keys []string, want *Snapshot) error {
	got := newSnapshot()
	if err := readCheckpoint(ctx, store, keys, got); err != nil {
		return err
	}
	for k, a := range want.Files {
		b := got.Files[k]
		if b == nil {
			return corrupt("file %s is missing", k.Path)
		}
		if err := sameAdd(b, a); err != nil {
			return err
		}
	}
	if len(got.Files) != len(want.Files) {
		return corrupt("has %d files, the log %d", len(got.Files), len(want.Files))
	}
	if err := errors.Join(sameMetadata(got.Metadata, want.Metadata), sameProtocol(got.Protocol, want.Protocol)); err != nil {
		return err
	}
	if len(got.Txns) != len(want.Txns) || len(got.Domains) != len(want.Domains) {
		return corrupt("positions or domains differ")
	}
	for id, t := range want.Txns {
		if got.Txns[id].Version != t.Version {
			return corrupt("position of %s differs", id)
		}
	}
	for name, d := range want.Domains {
		if got.Domains[name].Configuration != d.Configuration {
			return corrupt("domain %s differs", name)
		}
	}
	for k := range got.Tombstones {
		if want.Tombstones[k] == nil {
			return corrupt("tombstone %s is not in the log", k.Path)
		}
	}
	return nil
}

func sameAdd(got, want *Add) error {
	number := func(p *int64) int64 {
		if p == nil {
			return -1
		}
		return *p
	}
	text := func(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
	if got.Size != want.Size || got.ModificationTime != want.ModificationTime || !maps.Equal(got.Tags, want.Tags) ||
		!maps.EqualFunc(got.PartitionValues, want.PartitionValues, text) ||
		number(got.BaseRowID) != number(want.BaseRowID) || number(got.DefaultRowCommit) != number(want.DefaultRowCommit) {
		return corrupt("file %s differs", want.Path)
	}
	if (got.DeletionVector == nil) != (want.DeletionVector == nil) ||
		want.DeletionVector != nil && *got.DeletionVector.withoutOffset() != *want.DeletionVector.withoutOffset() {
		return corrupt("deletion vector of file %s differs", want.Path)
	}
	// A checkpoint may hold the statistics as a struct, whose times are cut and whose keys stand in another order.
	a, err1 := ParseStats(got.Stats)
	b, err2 := ParseStats(want.Stats)
	if err1 != nil || err2 != nil || a != nil && (b == nil || a.NumRecords != b.NumRecords) {
		return corrupt("statistics of file %s differ", want.Path)
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
	if p.Has(FeatureRowTracking) && !p.Has(FeatureDomainMeta) {
		return corrupt("%s without %s", FeatureRowTracking, FeatureDomainMeta)
	}
	schema, err := s.Schema()
	if err != nil {
		return err
	}
	if schema.HasNTZ() && !p.Has(FeatureTimestampNTZ) && !p.Has("timestampWithoutTimezone") {
		return corrupt("schema needs %s", FeatureTimestampNTZ)
	}
	if _, err := s.layout(); err != nil {
		return err
	}
	for k := range s.Files {
		if k.DV != "" && !p.Has(FeatureDeletionVectors) {
			return corrupt("deletion vectors are not enabled")
		}
	}
	return nil
}

// validateRowIDs checks that the ids of the files' rows do not overlap and were given before.
func validateRowIDs(s *Snapshot) error {
	if !s.Protocol.Has(FeatureRowTracking) {
		return nil
	}
	mark, err := s.rowIDHighWaterMark()
	if err != nil {
		return err
	}
	type span struct {
		first, end int64
		path       string
	}
	var spans []span
	for _, a := range s.Files {
		if a.BaseRowID == nil {
			continue // from before row tracking
		}
		st, err := ParseStats(a.Stats)
		if err != nil || st == nil {
			return corrupt("file %s has row ids and no numRecords", a.Path)
		}
		if a.DefaultRowCommit == nil || *a.DefaultRowCommit > s.Version || *a.BaseRowID+st.NumRecords-1 > mark {
			return corrupt("row ids of file %s were never given", a.Path)
		}
		spans = append(spans, span{*a.BaseRowID, *a.BaseRowID + st.NumRecords, a.Path})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(max(a.first-b.first, -1), 1)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].first < spans[i-1].end {
			return corrupt("files %s and %s have the same row ids", spans[i-1].path, spans[i].path)
		}
	}
	return nil
}

// keepsVector reports whether a remove is there to keep a file of deletion vectors from being vacuumed, as Spark writes them where a table
// drops the feature: such files are never added.
func keepsVector(r *Remove) bool {
	return !r.DataChange && strings.HasPrefix(path.Base(r.Path), "deletion_vector_") && strings.HasSuffix(r.Path, ".bin")
}
