package delta

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// Properties of in-commit timestamps.
const (
	FeatureInCommitTimestamp   = "inCommitTimestamp"
	PropInCommitTimestamps     = "delta.enableInCommitTimestamps"
	propICTEnablementVersion   = "delta.inCommitTimestampEnablementVersion"
	propICTEnablementTimestamp = "delta.inCommitTimestampEnablementTimestamp"
)

// inCommitTimestamps reports whether the table's commits carry their time, and from which version on.
func (s *Snapshot) inCommitTimestamps() (from int64, ok bool) {
	if !s.Protocol.Has(FeatureInCommitTimestamp) || s.Metadata.Configuration[PropInCommitTimestamps] != "true" {
		return 0, false
	}
	from, _ = strconv.ParseInt(s.Metadata.Configuration[propICTEnablementVersion], 10, 64)
	return from, true
}

// CommitTime is a version and when it was made.
type CommitTime struct {
	Version int64
	Time    time.Time // in whole milliseconds; grows with the version
}

// CommitTimes are the times of the versions whose commits the log still holds, ascending: the in-commit timestamps where
// the table has them, and the times of the commit files before that, each made later than the one before.
func (t *Table) CommitTimes(ctx context.Context) ([]CommitTime, error) {
	snap, err := t.Snapshot(ctx, -1)
	if err != nil {
		return nil, err
	}
	return commitTimes(ctx, t.store, snap, 0)
}

func commitTimes(ctx context.Context, store object.Store, snap *Snapshot, from int64) ([]CommitTime, error) {
	files, err := listLog(ctx, store, from)
	if err != nil {
		return nil, err
	}
	ictFrom, ict := snap.inCommitTimestamps()
	var out []CommitTime
	for _, f := range files {
		if f.kind != commitFile {
			continue
		}
		ms := f.info.ModTime.UnixMilli()
		if ict && f.version >= ictFrom {
			actions, err := readCommit(ctx, store, f.version)
			if err != nil {
				return nil, err
			}
			if ms, err = inCommitTimestamp(f.version, actions); err != nil {
				return nil, err
			}
		}
		if n := len(out); n > 0 {
			ms = max(ms, out[n-1].Time.UnixMilli()+1)
		}
		out = append(out, CommitTime{f.version, time.UnixMilli(ms).UTC()})
	}
	return out, nil
}

func inCommitTimestamp(v int64, actions []Action) (int64, error) {
	if len(actions) == 0 || actions[0].CommitInfo == nil || actions[0].CommitInfo.InCommitTimestamp == nil {
		return 0, fmt.Errorf("%w: version %d has no in-commit timestamp in its first action", ErrCorrupt, v)
	}
	return *actions[0].CommitInfo.InCommitTimestamp, nil
}

// ErrTooEarly says that the log does not reach back to the time that was asked for.
var ErrTooEarly = fmt.Errorf("%w at that time", ErrNoTable)

// SnapshotAt is the newest version that was made at or before the time. Before the first that the log still holds it
// gives ErrTooEarly.
func (t *Table) SnapshotAt(ctx context.Context, at time.Time) (*Snapshot, error) {
	times, err := t.CommitTimes(ctx)
	if err != nil {
		return nil, err
	}
	version := int64(-1)
	for _, c := range times {
		if !c.Time.After(at) {
			version = c.Version
		}
	}
	if version < 0 {
		return nil, fmt.Errorf("%s at %s: %w", t.store.URL(""), at.UTC().Format(time.RFC3339Nano), ErrTooEarly)
	}
	return t.Snapshot(ctx, version)
}
