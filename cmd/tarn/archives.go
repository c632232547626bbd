package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/archive"
	"github.com/tarndb/tarn/server/ops"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/object/s3"
)

// archives keeps the past of the server's databases in an object store (package archive). nil: none is kept.
type archives struct {
	line    *archive.Timeline
	timeout time.Duration
	maxLog  int64
	log     *slog.Logger
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

const (
	archiveIDFile = "archive.id" // names the data directory's timeline
	archiveDir    = ".archive"   // in a bucket's warehouse
	treeTick      = time.Second
	sweepEvery    = time.Hour
	// drainArchive bounds how long a branch that is closed waits for its last log to be archived.
	drainArchive = 10 * time.Second
)

// archiveAddress is where tarn.archive says the archive is; empty: nowhere.
func archiveAddress(setting, warehouse string) string {
	switch setting {
	case "off":
		return ""
	case "", "auto":
		if s3.IsAddress(warehouse) {
			return strings.TrimSuffix(warehouse, "/") + "/" + archiveDir
		}
		return ""
	}
	return setting
}

// openArchives opens the archive that the settings name; nil for none. A bucket that does not answer is no error.
func openArchives(ctx context.Context, cfg *config, v *settings.Values, log *slog.Logger) (*archives, error) {
	setting, _ := v.Get("tarn.archive")
	addr := archiveAddress(setting, cfg.warehouse)
	if addr == "" {
		return nil, nil
	}
	root, err := storeAt(addr)
	if err == nil && !s3.IsAddress(addr) {
		root, err = object.OpenLocal(addr, object.Options{}) // made now: that it cannot be is not to be found out later
	}
	if err != nil {
		return nil, fmt.Errorf("open archive %s: %w", addr, err)
	}
	id, err := timelineID(ctx, cfg.data)
	if err != nil {
		return nil, err
	}
	a := &archives{line: archive.OpenTimeline(root, id), timeout: time.Duration(v.Int("tarn.archive_timeout")) * time.Second, log: log}
	if mb := v.Int("tarn.archive_max_wal_size"); mb >= 0 {
		a.maxLog = max(1, int64(mb)<<20)
	} else {
		a.maxLog = 1 << 62
	}
	log.Info("archive", "to", root.URL(""), "timeline", id)
	return a, nil
}

// archiveStore is the store at the address of an archive that is there.
func archiveStore(addr string) (object.Store, error) {
	if !s3.IsAddress(addr) {
		if info, err := os.Stat(addr); err != nil {
			return nil, err
		} else if !info.IsDir() {
			return nil, fmt.Errorf("%s is not a directory", addr)
		}
	}
	return storeAt(addr)
}

// timelineID is the id of a data directory's timeline, made when there is none.
func timelineID(ctx context.Context, data string) (string, error) {
	dir, err := object.LocalAt(data, object.Options{})
	if err != nil {
		return "", err
	}
	b, err := dir.Get(ctx, archiveIDFile)
	if errors.Is(err, object.ErrNotExist) {
		id := newTimelineID()
		return id, dir.PutIfAbsent(ctx, archiveIDFile, []byte(id+"\n"))
	}
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(b))
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != 8 {
		return "", fmt.Errorf("%s: %q is no timeline's id", filepath.Join(data, archiveIDFile), id)
	}
	return id, nil
}

func newTimelineID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// follow begins to archive an open branch; nil where its past is not kept, or nobody will ask for it.
func (a *archives) follow(c *cluster, e *engine.Engine, w branching.Where) *archive.Archiver {
	if a == nil || c.restoreWindow(w.Database) == 0 || !c.lasts(w) {
		return nil
	}
	return a.line.Archive(w.DatabaseID, w.BranchID, archive.Options{Engine: e, Timeout: a.timeout, MaxLog: a.maxLog, Logger: a.log,
		Keep: func() time.Duration { return c.restoreWindow(w.Database) }, Step: c.failpoint})
}

// lasts reports whether a branch is neither to go by itself nor what a reset has replaced.
func (c *cluster) lasts(w branching.Where) bool {
	for _, d := range c.branches.Databases() {
		for _, b := range d.Branches {
			if d.ID == w.DatabaseID && b.ID == w.BranchID {
				return b.Expires.IsZero() && !b.Hidden()
			}
		}
	}
	return false
}

// stopArchiver archives what is left, for a while, and stops.
func stopArchiver(a *archive.Archiver, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainArchive)
	defer cancel()
	if s := a.Status().State; s == archive.StateStreaming || s == archive.StateStarting {
		if err := a.Drain(ctx); err != nil {
			log.Warn("the newest log is not archived", "archived", a.Status().Archived.String(), "error", err)
		}
	}
	a.Close()
}

// start archives the tree when it changes, and removes what nobody needs any more.
func (a *archives) start(c *cluster) {
	if a == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.wg.Go(func() {
		tick := time.NewTicker(treeTick)
		defer tick.Stop()
		var done uint64
		var wait time.Time
		marked, put, swept := false, false, time.Now()
		for {
			if gen := c.branches.Generation(); (!put || gen != done) && time.Now().After(wait) {
				if err := a.putTree(ctx, c, &marked); err == nil {
					done, put = gen, true
				} else if ctx.Err() == nil {
					a.log.Warn("archive of the tree", "error", err)
					wait = time.Now().Add(10 * treeTick)
				}
			}
			if time.Since(swept) > sweepEvery {
				swept = time.Now()
				if err := a.sweep(ctx, c); err != nil && ctx.Err() == nil {
					a.log.Warn("archive clean-up", "error", err)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (a *archives) putTree(ctx context.Context, c *cluster, marked *bool) error {
	if !*marked {
		if err := a.line.Mark(ctx); err != nil {
			return err
		}
		*marked = true
	}
	return a.line.PutTree(ctx, c.branches.Export())
}

// sweep removes archives of branches that were dropped longer ago than the longest restore window.
func (a *archives) sweep(ctx context.Context, c *cluster) error {
	alive := map[archive.StoreKey]bool{}
	window := c.restoreWindow("")
	for _, d := range c.branches.Databases() {
		window = max(window, c.restoreWindow(d.Name))
		for _, b := range d.Branches {
			alive[archive.StoreKey{Database: d.ID, Branch: b.ID}] = true
		}
	}
	return a.line.Sweep(ctx, func(k archive.StoreKey) bool { return alive[k] }, time.Now().Add(-window))
}

// stop puts the tree a last time.
func (a *archives) stop(c *cluster) {
	if a == nil {
		return
	}
	a.cancel()
	a.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), drainArchive)
	defer cancel()
	if err := a.line.PutTree(ctx, c.branches.Export()); err != nil {
		a.log.Warn("archive of the tree", "error", err)
	}
}

// Archives are the rows of tarn.archive.
func (c *cluster) Archives() []session.ArchiveInfo {
	var out []session.ArchiveInfo
	c.branches.EachOpen(func(w branching.Where, r branching.Runtime) {
		rt, ok := r.(*runtime)
		if !ok || rt.archiver == nil {
			return
		}
		s := rt.archiver.Status()
		out = append(out, session.ArchiveInfo{Database: w.Database, Branch: w.Branch, State: string(s.State), ArchivedLSN: uint64(s.Archived), LagBytes: s.Lag,
			LastBaseLSN: uint64(s.LastBase), LastBaseTime: s.LastBaseTime, Bytes: s.Bytes, LastError: s.LastError, LastErrorTime: s.LastErrorTime})
	})
	return out
}

func archiveMetrics(a *archive.Archiver) *ops.Archive {
	if a == nil {
		return nil
	}
	s := a.Status()
	return &ops.Archive{State: string(s.State), LagBytes: s.Lag, Bytes: s.Bytes, BaseTime: s.LastBaseTime}
}
