package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// errNoSeed says that a table of a branch cannot start from its parent's files; it is copied.
var errNoSeed = errors.New("parent has no usable version")

// seed makes a branch's table of the parent's Delta table: the newest version that is not after the branch point, its
// files under second names, as version 0 of a table of the branch's own. The branch's log, which is the parent's up to
// the branch point, brings it from there to the present. Nothing is copied, and neither table knows of the other.
func (m *Mirror) seed(ctx context.Context, t *table, s *change.Schema, branch, oldest wal.LSN) (*version, error) {
	parentDir := tableDir(m.opt.Parent, s)
	parent := object.Sub(m.opt.Warehouse, parentDir)
	app := fmt.Sprintf("tarn/%s/%d", m.eng.Manifest().ParentStore, t.id)
	snap, err := delta.Load(ctx, parent, -1)
	for err == nil && wal.LSN(snap.Txns[app].Version) > branch && snap.Version > 0 {
		snap, err = delta.Load(ctx, parent, snap.Version-1)
	}
	if err != nil {
		return nil, err
	}
	txn, ok := snap.Txns[app]
	if !ok || wal.LSN(txn.Version) > branch || wal.LSN(txn.Version) < oldest {
		return nil, errNoSeed
	}
	link := func(key string) error {
		err := m.opt.Warehouse.Link(ctx, parentDir+"/"+key, t.dir+"/"+key)
		if errors.Is(err, object.ErrExist) {
			return nil // an earlier attempt, or one vector file of several data files
		}
		return err
	}
	meta, proto := snap.Metadata, snap.Protocol
	meta.ID = uuid.NewString()
	now := time.Now().UnixMilli()
	actions := []delta.Action{{CommitInfo: &delta.CommitInfo{Timestamp: now, Operation: "CLONE",
		OperationParameters: map[string]string{"source": parent.URL(""), "sourceVersion": fmt.Sprint(snap.Version),
			"lsn": wal.LSN(txn.Version).String()}, EngineInfo: "tarn", TxnID: uuid.NewString()}},
		{Protocol: &proto}, {Metadata: &meta},
		{Txn: &delta.Txn{AppID: m.appID(t), Version: txn.Version, LastUpdated: &now}}}
	for _, a := range snap.SortedFiles() {
		key, err := delta.DataKey(a.Path)
		if err != nil {
			return nil, err
		}
		if err := link(key); err != nil {
			return nil, err
		}
		if a.DeletionVector != nil {
			if key, err = a.DeletionVector.Key(); err != nil {
				return nil, err
			}
			if key != "" {
				if err := link(key); err != nil {
					return nil, err
				}
			}
		}
		actions = append(actions, delta.Action{Add: a})
	}
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return nil, err
	}
	if t.log.Version() >= 0 {
		// What an interrupted start, or an earlier branch of that name, has left.
		if err := removeLog(ctx, t.store); err != nil {
			return nil, err
		}
		t.log = nil
		if err := t.openLog(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := t.log.Commit(ctx, actions); err != nil {
		return nil, err
	}
	return m.loadVersion(ctx, t)
}

func removeLog(ctx context.Context, s object.Store) error {
	infos, err := s.List(ctx, "_delta_log/", "")
	if err != nil {
		return err
	}
	for _, i := range infos {
		if err := s.Delete(ctx, i.Key); err != nil {
			return err
		}
	}
	return nil
}

// seedAll starts the tables of a branch from the parent's files where that can be, and returns from where the log is
// followed: the oldest version among them, at if there is none.
func (m *Mirror) seedAll(ctx context.Context, schemas []*change.Schema, at wal.LSN) (wal.LSN, error) {
	man := m.eng.Manifest()
	if m.opt.Parent == "" || man.ParentStore == "" {
		return at, nil
	}
	branch, err := wal.ParseLSN(man.BranchLSN)
	if err != nil {
		return 0, fmt.Errorf("branch point %s: %w", man.BranchLSN, err)
	}
	// Held before the versions are chosen, so that the log after them stays.
	hold, err := m.eng.Log().Hold("mirror start", 0)
	if err != nil {
		return 0, err
	}
	defer hold.Release()
	from := at
	for _, s := range schemas {
		t := m.newTable(s)
		if s.Dropped || option(s, "mirror") == "off" {
			continue
		}
		v, err := m.seed(ctx, t, s, branch, hold.From())
		if err == nil {
			err = t.setSchemaLocked(v.m.schema, v.m)
		}
		if err != nil {
			m.log.Info("mirror of a branch copies a table", "table", t.name(), "reason", err)
			continue
		}
		t.skip, t.vers, t.segs = v.lsn, []*version{v}, []*segment{newSegment(v.lsn, v.m)}
		m.mu.Lock()
		m.tables[t.id], m.byStorage[t.schema.StorageID] = t, t
		m.mu.Unlock()
		from = min(from, v.lsn)
	}
	return from, m.slot.HoldFrom(from)
}
