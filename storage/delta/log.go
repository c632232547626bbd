package delta

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// Log is a table that this process writes. One goroutine at a time may use it.
type Log struct {
	store object.Store
	snap  *Snapshot
	// checkpointed is the newest version that has a checkpoint, -1 for none.
	checkpointed int64
	// lastTxn is the txnId of the newest commit if this Log made it.
	lastTxn string
}

// Open loads the newest version of a table, or prepares an empty one whose first commit makes version 0.
func Open(ctx context.Context, store object.Store) (*Log, error) {
	snap, err := Load(ctx, store, -1)
	if errors.Is(err, ErrNoTable) {
		return &Log{store: store, snap: newSnapshot(), checkpointed: -1}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := checkWrite(snap.Protocol, snap.Metadata); err != nil {
		return nil, err
	}
	l := &Log{store: store, snap: snap, checkpointed: readHint(ctx, store, -1)}
	if l.checkpointed == 0 {
		l.checkpointed = -1
	}
	return l, nil
}

// Found makes a table whose first version has a number: a commit of the actions and, as a log that does not begin with version
// 0 needs one, a checkpoint. It is there once both are written; the caller sees to it that nobody reads it before.
func Found(ctx context.Context, store object.Store, version int64, actions []Action) (*Log, error) {
	l := &Log{store: store, snap: newSnapshot(), checkpointed: -1}
	l.snap.Version = version - 1
	if _, err := l.Commit(ctx, actions); err != nil || version == 0 {
		return l, err
	}
	return l, l.Checkpoint(ctx, time.Now(), 0)
}

// Snapshot is the table's state. It changes with each Commit.
func (l *Log) Snapshot() *Snapshot { return l.snap }

// Version is the newest version, -1 before the first commit.
func (l *Log) Version() int64 { return l.snap.Version }

// check holds a commit of our own to more than the protocol asks of a reader.
func (l *Log) check(actions []Action) error {
	if err := l.snap.checkCommit(actions); err != nil {
		return err
	}
	proto, meta := l.snap.after(actions)
	if err := checkWrite(proto, meta); err != nil {
		return err
	}
	removed := map[FileKey]bool{}
	for i := range actions {
		r := actions[i].Remove
		if r == nil {
			continue
		}
		k := keyOf(r.Path, r.DeletionVector)
		if l.snap.Files[k] == nil {
			return fmt.Errorf("file %s is not in the table", r.Path)
		}
		if r.DataChange && meta.Configuration["delta.appendOnly"] == "true" {
			return fmt.Errorf("file %s cannot be removed: the table is append-only", r.Path)
		}
		removed[k] = true
	}
	schema, err := ParseSchema(meta.SchemaString)
	if err != nil {
		return err
	}
	if schema.HasNTZ() && !proto.Has(FeatureTimestampNTZ) {
		return fmt.Errorf("schema needs %s", FeatureTimestampNTZ)
	}
	for i := range actions {
		a := actions[i].Add
		if a == nil {
			continue
		}
		if a.DeletionVector != nil && !proto.Has(FeatureDeletionVectors) {
			return fmt.Errorf("file %s needs %s", a.Path, FeatureDeletionVectors)
		}
		k := keyOf(a.Path, a.DeletionVector)
		if removed[k] {
			return fmt.Errorf("file %s is removed and added unchanged", a.Path)
		}
	}
	return nil
}

// SinceCheckpoint is the number of versions after the newest checkpoint.
func (l *Log) SinceCheckpoint() int64 { return l.snap.Version - l.checkpointed }

// Checkpoint writes the checkpoint of the newest version, and its checksum. Tombstones older than retention go.
func (l *Log) Checkpoint(ctx context.Context, now time.Time, retention time.Duration) error {
	if l.snap.Version < 0 {
		return nil
	}
	if err := WriteCheckpoint(ctx, l.store, l.snap, now.Add(-retention)); err != nil {
		return err
	}
	l.checkpointed = l.snap.Version
	return writeChecksum(ctx, l.store, l.snap, l.snap.Checksum(l.lastTxn))
}
