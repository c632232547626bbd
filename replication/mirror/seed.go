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

// seed makes a branch's table of the version of the parent's Delta table that was chosen when the branch was made, as version 0
// of a table of the branch's own. The branch's log, which is the parent's up to the branch point, brings it from there to the
// present. Nothing is copied.
func (m *Mirror) seed(ctx context.Context, t *table, from origin, oldest wal.LSN) (*version, error) {
	if from.Dir == "" || from.LSN < oldest {
		return nil, errNoSeed
	}
	snap, err := delta.Load(ctx, m.storeOf(from.Dir), from.Version)
	if err != nil {
		return nil, err
	}
	parent := fmt.Sprintf("tarn/%s/%d", m.eng.Manifest().ParentStore, t.id)
	if txn, ok := snap.Txns[parent]; !ok || wal.LSN(txn.Version) > from.LSN {
		return nil, errNoSeed
	}
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := m.clone(ctx, from.Dir, snap, t.dir, 0, m.appID(t), from.LSN); err != nil {
		return nil, err
	}
	if err := t.openLog(ctx); err != nil {
		return nil, err
	}
	return m.loadVersion(ctx, t)
}

// clone makes a Delta table in directory to of a version of the one in directory from: the same files under second names (copies of them,
// where from is a location elsewhere), at a version of its own number that says to be complete up to lsn. Neither table knows of the other. What an attempt that was
// cut short has left in the directory goes.
func (m *Mirror) clone(ctx context.Context, from string, snap *delta.Snapshot, to string, number int64, app string, lsn wal.LSN) error {
	source, store := m.storeOf(from), m.storeOf(to)
	if err := removeLog(ctx, store); err != nil {
		return err
	}
	meta, proto := snap.Metadata, snap.Protocol
	meta.ID = uuid.NewString()
	now := time.Now().UnixMilli()
	actions := []delta.Action{{CommitInfo: &delta.CommitInfo{Timestamp: now, Operation: "CLONE",
		OperationParameters: map[string]string{"source": source.URL(""), "sourceVersion": fmt.Sprint(snap.Version),
			"lsn": lsn.String()}, EngineInfo: "tarn", TxnID: uuid.NewString()}},
		{Protocol: &proto}, {Metadata: &meta},
		{Txn: &delta.Txn{AppID: app, Version: int64(lsn), LastUpdated: &now}}}
	var names []string
	for _, a := range snap.SortedFiles() {
		key, err := delta.DataKey(a.Path)
		if err != nil {
			return err
		}
		names = append(names, key)
		if a.DeletionVector != nil {
			if key, err = a.DeletionVector.Key(); err != nil {
				return err
			}
			if key != "" {
				names = append(names, key)
			}
		}
		actions = append(actions, delta.Action{Add: a})
	}
	for _, d := range snap.Domains {
		actions = append(actions, delta.Action{DomainMetadata: &d})
	}
	if err := object.Share(ctx, source, store, names); err != nil {
		return err
	}
	if err := m.opt.Step("cloned files"); err != nil {
		return err
	}
	_, err := delta.Found(ctx, store, number, actions)
	return err
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

// seedAll starts the tables of a branch from the parent's files where that can be, and lake tables from their own, and returns
// from where the log is followed: the oldest version among them, at if there is none.
func (m *Mirror) seedAll(ctx context.Context, schemas []*change.Schema, at wal.LSN) (wal.LSN, error) {
	origins, err := readOrigins(m.opt.SlotDir)
	if err != nil {
		m.log.Warn("mirror cannot tell of what files its tables may start", "err", err)
	}
	// Held before the versions are chosen, so that the log after them stays.
	hold, err := m.eng.Log().Hold("mirror start", 0)
	if err != nil {
		return 0, err
	}
	defer hold.Release()
	from := at
	for _, s := range schemas {
		if s.Dropped || option(s, "mirror") == "off" {
			continue
		}
		t := m.bootTable(s)
		var v *version
		if change.IsLake(s.StorageID) {
			v, err = m.openLake(ctx, t, hold.From())
		} else {
			v, err = m.seed(ctx, t, origins[s.TableID], hold.From())
		}
		if err == nil {
			err = t.setSchemaLocked(v.m.schema, v.m)
		}
		if err != nil {
			m.log.Info("mirror copies a table", "table", t.name(), "reason", err)
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
