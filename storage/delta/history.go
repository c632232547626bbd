package delta

import (
	"context"
	"fmt"
	"slices"

	"github.com/tarndb/tarn/storage/object"
)

// HistoryEntry is what a commit says about itself.
type HistoryEntry struct {
	Version    int64
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
	var out []HistoryEntry
	for _, f := range slices.Backward(files) {
		if f.kind != commitFile {
			continue
		}
		actions, err := readCommit(ctx, store, f.version)
		if err != nil {
			return nil, fmt.Errorf("read delta history: %w", err)
		}
		h := HistoryEntry{Version: f.version}
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
