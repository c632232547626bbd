package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/archive"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/sql/builtin/system"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
	"github.com/tarndb/tarn/storage/wal"
)

// runtime is an open branch with what follows its log.
type runtime struct {
	*database.DB
	mirror   *mirror.Mirror
	columnar *duck.Runner // of the mirror's files; nil without one
	volumes  *volumes
	archiver *archive.Archiver // nil: none
	log      *slog.Logger
	closed   *atomic.Int64 // cluster.closed
}

var _ branching.Runtime = (*runtime)(nil)

// Busy is Runtime's: the mirror copies a table.
func (r *runtime) Busy() bool { return r.mirror != nil && r.mirror.Copying() }

// withMirror starts the columnar mirror of an open branch.
func (c *cluster) withMirror(ctx context.Context, db *database.DB, w branching.Where, v *settings.Values) (*runtime, error) {
	r := &runtime{DB: db, log: c.log, closed: &c.closed, volumes: &volumes{c.warehouse, object.Segment(w.Warehouse), c.places}}
	db.Volumes = r.volumes
	if err := r.volumes.tidy(ctx, db.Catalog()); err != nil {
		c.log.Warn("files of dropped volumes cannot be removed", "database", w.Database, "branch", w.Branch, "err", err)
	}
	if c.cfg.mirror {
		o := mirror.Options{Engine: db.Engine, Warehouse: c.warehouse.store, Place: c.places.location, Database: w.Warehouse,
			SlotDir: slotDir(w), Bootstrap: database.SchemasAt,
			Parse: parseValue, MaxLog: mirrorMaxLog(v), Logger: c.log, Step: c.failpoint}
		var err error
		if r.mirror, err = mirror.Open(o); err != nil {
			return nil, errors.Join(fmt.Errorf("open mirror: %w", err), db.Close())
		}
		db.Engine.SetCold(r.mirror)
		db.Mirror = mirrorOf{r.mirror}
		r.columnar = c.columnar.Runner(columnarSource{r.mirror, c.places})
		db.Columnar = r.columnar
	}
	return r, nil
}

// parseValue reads a value that a lake table's files hold as text.
func parseValue(oid uint32, text string) (tuple.Value, error) {
	t := types.Lookup(oid)
	if t == nil {
		return tuple.Null, fmt.Errorf("type %d is not known", oid)
	}
	return t.ParseText(text, -1, nil)
}

// mirrorMaxLog is tarn.mirror_max_wal_size in bytes; negative: no bound.
func mirrorMaxLog(v *settings.Values) int64 {
	mb := v.Int("tarn.mirror_max_wal_size")
	if mb == 0 {
		return 1
	}
	return int64(mb) << 20
}

// slotDir is where the position of a branch's mirror is kept.
func slotDir(w branching.Where) string { return filepath.Join(w.Dir, "slot") }

// Close stops the followers before the store that they read.
func (r *runtime) Close() error {
	var err error
	if r.archiver != nil {
		stopArchiver(r.archiver, r.log)
	}
	if r.columnar != nil {
		r.columnar.Close()
	}
	if r.mirror != nil {
		err = r.mirror.Close()
	}
	r.closed.Add(1)
	return errors.Join(err, r.DB.Close())
}

// mirrorOf is the mirror as sessions see it.
type mirrorOf struct{ m *mirror.Mirror }

var _ database.Mirror = mirrorOf{}

func (m mirrorOf) Sync(ctx context.Context, table uint32) (uint64, error) {
	lsn, err := m.m.Sync(ctx, 0, table)
	return uint64(lsn), mirrorError(err)
}

// mirrorError gives what a user asked for in vain a code.
func mirrorError(err error) error {
	if errors.Is(err, mirror.ErrNotMirrored) {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "%s", err).
			WithHint("Permanent tables are mirrored unless their storage parameter \"mirror\" is off; tarn.mirrors says which ones are.")
	}
	return err
}

func (m mirrorOf) History(ctx context.Context, table uint32) ([]system.MirrorCommit, error) {
	list, err := m.m.History(ctx, table)
	if err != nil {
		return nil, mirrorError(err)
	}
	out := make([]system.MirrorCommit, len(list))
	for i, h := range list {
		lsn, _ := wal.ParseLSN(h.Info.OperationParameters["lsn"])
		out[i] = system.MirrorCommit{Version: h.Version, Time: h.Time, Operation: h.Info.Operation, LSN: uint64(lsn),
			Added: int64(h.Added), Removed: int64(h.Removed), AddedBytes: h.AddedBytes}
	}
	return out, nil
}

func (m mirrorOf) Optimize(ctx context.Context, table uint32, how database.Rewriting) error {
	return m.m.Optimize(ctx, table, mirror.Rewriting(how))
}

func (m mirrorOf) Vacuum(ctx context.Context, table uint32, retain time.Duration, dry bool) ([]string, error) {
	return m.m.Vacuum(ctx, table, retain, dry)
}

func (m mirrorOf) NewLoad(s *change.Schema, add func(txn.Load) error) (rowstore.Load, error) {
	l, err := m.m.NewLoad(s, add)
	if errors.Is(err, mirror.ErrNotReady) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (m mirrorOf) DeltaPath(table uint32) (string, bool) { return m.m.DeltaPath(table) }

// Mirrors are the rows of tarn.mirrors.
func (c *cluster) Mirrors(_ context.Context, db *database.DB) ([]session.MirrorInfo, error) {
	m, ok := db.Mirror.(mirrorOf)
	if !ok {
		return nil, nil
	}
	var out []session.MirrorInfo
	for _, s := range m.m.Status() {
		out = append(out, session.MirrorInfo{Table: s.Table, Name: s.SchemaName + "." + s.TableName, Path: s.DeltaPath, State: string(s.State),
			LastError: s.LastError, Version: s.DeltaVersion, PublishedLSN: uint64(s.PublishedLSN), LagBytes: s.LagBytes,
			LagSeconds: s.Lag.Seconds(), Text: s.Text, Renamed: s.Renamed, TailRows: s.TailRows, Files: int64(s.Files), FileBytes: s.FileBytes, DeletedRows: s.DeletedRows})
	}
	return out, nil
}

// MirrorWork are the rows of tarn.progress_mirror, progress_optimize and progress_vacuum.
func (c *cluster) MirrorWork(db *database.DB) []session.MirrorWork {
	m, ok := db.Mirror.(mirrorOf)
	if !ok {
		return nil
	}
	var out []session.MirrorWork
	for _, w := range m.m.Progress() {
		out = append(out, session.MirrorWork{Kind: string(w.Kind), Table: w.Table, Name: w.SchemaName + "." + w.TableName, Phase: w.Phase,
			Background: w.Background, Started: w.Started, Rows: w.Rows, RowsTotal: w.RowsTotal, Files: w.Files, FilesTotal: w.FilesTotal,
			Bytes: w.Bytes, BytesTotal: w.BytesTotal})
	}
	return out
}

// Checkpoint copies the store with the files of its lake tables; what follows its log starts anew in the copy.
func (r *runtime) Checkpoint(ctx context.Context, to branching.Where) (wal.LSN, error) {
	// Files that are there before the copy and are removed meanwhile are the copy's, and so are those that come meanwhile.
	if err := r.volumes.copyTo(ctx, r.Catalog(), object.Segment(to.Warehouse)); err != nil {
		return 0, err
	}
	at, err := r.copyStore(ctx, to)
	if err != nil {
		return 0, err
	}
	return at, r.volumes.copyTo(ctx, r.Catalog(), object.Segment(to.Warehouse))
}

func (r *runtime) copyStore(ctx context.Context, to branching.Where) (wal.LSN, error) {
	if r.mirror == nil {
		if err := r.refuseLakes(); err != nil {
			return 0, err
		}
		return r.DB.Checkpoint(ctx, to.Dir, 0)
	}
	return r.mirror.Copy(ctx, mirror.CopyTarget{Database: to.Warehouse, SlotDir: slotDir(to),
		Store: func(ctx context.Context, follow wal.LSN) (id wal.StoreID, at wal.LSN, err error) {
			if at, err = r.DB.Checkpoint(ctx, to.Dir, follow); err != nil {
				return id, 0, err
			}
			m, err := engine.ReadManifest(nil, to.Dir)
			return m.StoreID(), at, err
		}})
}

// refuseLakes refuses a copy of a store whose rows are not all in it while nobody can copy their files.
func (r *runtime) refuseLakes() (err error) {
	r.Catalog().Tables(func(t *catalog.Table) bool {
		if t.Lake() {
			err = pgerr.New(pgerr.ObjectNotInPrerequisiteState, "database has tables of access method delta, and the mirror does not run").
				WithDetail("Table \"" + t.Name + "\" is one.")
		}
		return err == nil
	})
	return err
}
