package delta

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// HistoryEntry is what a commit says about itself.
type HistoryEntry struct {
	Version    int64
	Time       time.Time  // as in CommitTime: what SnapshotAt goes by
	Info       CommitInfo // zero if the commit has none
	Added      int
	Removed    int
	AddedBytes int64
}

// History reads the commits that the log still holds, the newest first.
func History(ctx context.Context, store object.Store) ([]HistoryEntry, error) {
	files, err := listLog(ctx, store, 0)
	if err != nil {
		return nil, fmt.Errorf("read delta history: %w", err)
	}
	if len(files) == 0 {
		return nil, ErrNoTable
	}
	commits, err := NewTable(store, TableOptions{}).CommitTimes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read delta history: %w", err)
	}
	times := map[int64]time.Time{}
	for _, c := range commits {
		times[c.Version] = c.Time
	}
	var out []HistoryEntry
	for _, f := range slices.Backward(files) {
		at, ok := times[f.version]
		if f.kind != commitFile || !ok {
			continue
		}
		actions, err := readCommit(ctx, store, f.version)
		if err != nil {
			return nil, fmt.Errorf("read delta history: %w", err)
		}
		h := HistoryEntry{Version: f.version, Time: at}
		for _, a := range actions {
			switch {
			case a.CommitInfo != nil:
				h.Info = *a.CommitInfo
			case a.Add != nil:
				h.Added++
				h.AddedBytes += a.Add.Size
			case a.Remove != nil:
				h.Removed++
			}
		}
		out = append(out, h)
	}
	return out, nil
}
