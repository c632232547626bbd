package delta

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarndb/tarn/storage/object"
)

// Load reads the table at a version, or the newest one for version < 0.
func Load(ctx context.Context, store object.Store, version int64) (*Snapshot, error) {
	from := readHint(ctx, store, version)
	snap, err := loadFrom(ctx, store, version, from)
	if err != nil && from > 0 {
		snap, err = loadFrom(ctx, store, version, 0) // the hint may point at what is gone
	}
	if err != nil {
		return nil, fmt.Errorf("load delta table: %w", err)
	}
	return snap, nil
}

func loadFrom(ctx context.Context, store object.Store, target, from int64) (*Snapshot, error) {
	files, err := listLog(ctx, store, from)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w", store.URL(""), ErrNoTable)
	}
	snap := newSnapshot()
	cp, keys := newestCheckpoint(files, target)
	if cp < 0 && target >= 0 && expired(files, target) {
		return nil, fmt.Errorf("version %d is no longer in the log: %w", target, ErrNoTable)
	}
	if cp >= 0 {
		if err := readCheckpoint(ctx, store, keys, snap); err != nil {
			return nil, fmt.Errorf("checkpoint %d: %w", cp, err)
		}
		snap.Version = cp
	}
	// One comparison, of the newest version that has a checksum: damage before it shows there too.
	sum := newestChecksum(files, target)
	if err := snap.replay(ctx, store, files, target, func() error {
		if snap.Version != sum.version {
			return nil
		}
		return snap.verify(ctx, store, sum.info.Key)
	}); err != nil {
		return nil, err
	}
	if snap.Version < 0 || target >= 0 && snap.Version != target {
		return nil, fmt.Errorf("version %d: %w", target, ErrNoTable)
	}
	if snap.Protocol.MinReaderVersion == 0 || snap.Metadata.ID == "" {
		return nil, fmt.Errorf("%w: version %d has no protocol or no metaData", ErrCorrupt, snap.Version)
	}
	return snap, snap.Protocol.checkRead()
}

// expired reports that the log starts after version 0, with a checkpoint that is newer than the target.
func expired(files []logFile, target int64) bool {
	newest, _ := newestCheckpoint(files, -1)
	for _, f := range files {
		if f.kind == commitFile && f.version == 0 {
			return false
		}
	}
	return newest > target
}

// replay applies the commits after the snapshot's version, in order and without a gap. A compaction stands for commits
// that are gone. reached is called with each version that the snapshot has, the first included.
func (s *Snapshot) replay(ctx context.Context, store object.Store, files []logFile, target int64, reached func() error) error {
	commits, compacted, last := map[int64]bool{}, map[int64]logFile{}, s.Version
	for _, f := range files {
		if target >= 0 && max(f.version, f.last) > target {
			continue
		}
		switch f.kind {
		case commitFile:
			commits[f.version] = true
			last = max(last, f.version)
		case compactedFile:
			if f.last > compacted[f.version].last {
				compacted[f.version] = f
			}
			last = max(last, f.last)
		}
	}
	for {
		if s.Version >= 0 {
			if err := reached(); err != nil {
				return err
			}
		}
		if s.Version >= last {
			return nil
		}
		v := s.Version + 1
		switch f, ok := compacted[v]; {
		case commits[v]:
			actions, err := readCommit(ctx, store, v)
			if err != nil {
				return err
			}
			if err := s.apply(v, actions); err != nil {
				return err
			}
		case ok:
			actions, err := readActions(ctx, store, f.info.Key)
			if err != nil {
				return err
			}
			for i := range actions {
				s.applyAction(&actions[i])
			}
			s.Version = f.last
		default:
			return fmt.Errorf("%w: version %d is missing", ErrCorrupt, v)
		}
	}
}

func readActions(ctx context.Context, store object.Store, key string) ([]Action, error) {
	data, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	actions, err := DecodeActions(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return actions, nil
}

func readCommit(ctx context.Context, store object.Store, v int64) ([]Action, error) {
	actions, err := readActions(ctx, store, commitKey(v))
	if errors.Is(err, object.ErrNotExist) {
		return nil, fmt.Errorf("%w: version %d is missing", ErrCorrupt, v)
	}
	return actions, err
}
