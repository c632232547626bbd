package delta

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// sidecarGrace is how long a sidecar that no checkpoint names is kept: its checkpoint may be about to be written.
const sidecarGrace = 24 * time.Hour

// Expire deletes what no version younger than retention needs of the log: commits, checkpoints, checksums and compactions
// before the newest checkpoint whose own commit is older than that, and sidecars that no checkpoint names. The
// checkpoint's own commit stays: it holds the commitInfo. Versions from oldest on can be loaded afterwards whatever their age.
func (l *Log) Expire(ctx context.Context, now time.Time, retention time.Duration, oldest int64) (deleted int, err error) {
	fail := func(err error) (int, error) { return deleted, fmt.Errorf("expire delta log: %w", err) }
	files, err := listLog(ctx, l.store, 0)
	if err != nil {
		return fail(err)
	}
	cutoff := now.Add(-retention)
	newestOld := int64(-1)
	for _, f := range files {
		if f.kind == commitFile && f.info.ModTime.Before(cutoff) {
			newestOld = max(newestOld, f.version)
		}
	}
	if newestOld = min(newestOld, oldest); newestOld < 0 {
		return 0, nil
	}
	keep, _ := newestCheckpoint(files, newestOld)
	var stay []logFile
	for _, f := range files {
		if f.version >= keep {
			stay = append(stay, f)
			continue
		}
		if err := l.store.Delete(ctx, f.info.Key); err != nil {
			return fail(err)
		}
		deleted++
	}
	n, err := l.expireSidecars(ctx, indexLog(stay), now)
	deleted += n
	if err != nil {
		return fail(err)
	}
	return deleted, nil
}

func (l *Log) expireSidecars(ctx context.Context, x logIndex, now time.Time) (deleted int, err error) {
	infos, err := l.store.List(ctx, sidecarDir, "")
	if err != nil || len(infos) == 0 {
		return 0, err
	}
	named := map[string]bool{}
	for _, checkpoints := range slices.Collect(maps.Values(x.checkpoints)) {
		for _, keys := range checkpoints {
			for _, key := range keys {
				sidecars, err := readCheckpointFile(ctx, l.store, key, newSnapshot())
				if err != nil {
					return 0, err
				}
				for _, c := range sidecars {
					named[sidecarDir+c.Path] = true
				}
			}
		}
	}
	for _, info := range infos {
		if named[info.Key] || info.ModTime.After(now.Add(-sidecarGrace)) {
			continue
		}
		if err := l.store.Delete(ctx, info.Key); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}
