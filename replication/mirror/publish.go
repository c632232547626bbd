package mirror

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// errLost says that a deleted row is in no file and no segment: the mirror is not what the log says, and is copied anew.
var errLost = errors.New("a deleted row is not in the mirror")

// publish brings the table's Delta version up to the applied position: one commit per segment.
func (m *Mirror) publish(ctx context.Context, t *table) error {
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	if t.unready() != nil {
		m.mu.Unlock()
		return nil
	}
	if !t.open().empty() {
		m.nextSegmentLocked(t, t.m)
	}
	var todo []*segment
	for _, s := range t.segs {
		if s.end != 0 && s.start >= t.newest().lsn {
			todo = append(todo, s)
		}
	}
	gen := t.gen
	m.mu.Unlock()
	for _, s := range todo {
		if err := m.publishSegment(ctx, t, s, gen); err != nil {
			return err
		}
	}
	return m.maintain(ctx, t)
}

// publishSegment makes a Delta version of the newest one and a sealed segment. Called with t.pub.
func (m *Mirror) publishSegment(ctx context.Context, t *table, s *segment, gen int) (err error) {
	m.mu.Lock()
	if t.gen != gen {
		m.mu.Unlock()
		return nil
	}
	base := t.newest()
	p := s.take(s.end)
	m.mu.Unlock()
	if err := t.checkBase(base); err != nil {
		return err
	}

	dead := map[int]*roaring.Bitmap{}
	all := base.with(p.files, s.reset)
	if err := m.resolve(ctx, t, all, []*slice{&p}, p.dels, s.reset, dead); err != nil {
		return err
	}
	var added []*fileState
	if p.live() > 0 {
		f, err := m.writeSlice(ctx, t, &p)
		if err != nil {
			return err
		}
		added = append(added, f)
	}
	used := false
	defer func() {
		for _, f := range added {
			m.settle(t, f.f.key, used, err)
		}
	}()
	if err := m.opt.Step("files"); err != nil {
		return err
	}
	c := m.newCommit(t, p.m, s.end)
	defer c.landed()
	defer func() {
		if c.feedKey != "" {
			m.settle(t, c.feedKey, used, err)
		}
	}()
	c.structural = s.structural || base.number < 0 || s.reset && base.m != p.m
	c.noteLoads(p.files)
	if !s.reset {
		if err := c.feed(ctx, all, &p, dead); err != nil {
			return err
		}
	}
	if s.reset {
		c.removeAll()
	}
	var files []*fileState
	if rewrites(p.m) {
		files, err = c.rewriteRows(ctx, all.files, dead)
	} else {
		files, err = c.removeRows(all.files, dead)
	}
	if err != nil {
		return err
	}
	c.add(added)
	files = append(files, added...)
	number := base.number
	if c.changes() {
		if number, err = c.commit(ctx, operationOf(s, len(added)+len(p.files) > 0, c.takesRows(all.files, dead))); err != nil {
			return err
		}
		used = true
	}
	if err := m.opt.Step("committed"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if used {
		m.countLocked(&m.stats.Publications, append(added, p.files...)...)
	}
	if t.gen == gen {
		m.installLocked(t, newVersion(s.end, number, p.m, files))
	}
	return nil
}

func operationOf(s *segment, adds, takes bool) string {
	switch {
	case s.reset:
		return "TRUNCATE"
	case s.structural:
		return "CHANGE SCHEMA"
	case adds && takes:
		return "UPDATE"
	case takes:
		return "DELETE"
	}
	return "WRITE"
}

// with is the version together with loads that it lacks; alone: without its own files.
func (v *version) with(loads []*fileState, alone bool) *version {
	switch {
	case alone:
		return newVersion(v.lsn, v.number, v.m, slices.Clone(loads))
	case len(loads) == 0:
		return v
	}
	return newVersion(v.lsn, v.number, v.m, slices.Concat(v.files, loads))
}

// resolve finds the rows that dels name: in the slices, whose dead rows it marks, or in the files of base, whose newly
// dead positions it adds to dead on top of what the version has. reset says that ids found nowhere are of rows that
// went with everything.
func (m *Mirror) resolve(ctx context.Context, t *table, base *version, parts []*slice, dels []uint64, reset bool, dead map[int]*roaring.Bitmap) error {
	for _, id := range dels {
		found := false
		for _, p := range parts {
			if pos, ok := p.position(id); ok {
				p.kill(pos)
				found = true
				break
			}
		}
		if found {
			continue
		}
		i, pos, ok, err := base.locate(ctx, t.store, id)
		if err != nil {
			return err
		}
		if !ok && reset {
			continue
		}
		if !ok {
			return fmt.Errorf("%w: %s, row id %d", errLost, t.name(), id)
		}
		b := dead[i]
		if b == nil {
			b = roaring.New()
			if old := base.files[i].dead; old != nil {
				b = old.Clone()
			}
			dead[i] = b
		}
		b.Add(pos)
	}
	return nil
}

// writeSlice writes the live rows of a slice to a file that no commit names yet.
func (m *Mirror) writeSlice(ctx context.Context, t *table, p *slice) (*fileState, error) {
	live := make([]uint32, 0, p.live())
	for i := range p.ids {
		if p.dead == nil || !p.dead.Contains(uint32(i)) {
			live = append(live, uint32(i))
		}
	}
	first, last := p.ids[live[0]], p.ids[live[len(live)-1]]
	w, err := newFile(ctx, t.store, p.m, last-first+1 != uint64(len(live)))
	if err != nil {
		return nil, err
	}
	defer w.abort()
	m.takeOff(t, w.key)
	if err := w.rows(p.cols, p.ids, live); err != nil {
		m.landed(t, w.key)
		return nil, err
	}
	f, err := w.finish(true)
	if err != nil {
		m.landed(t, w.key)
		return nil, err
	}
	return f, nil
}

// takeOff keeps sweep away from a file until landed.
func (m *Mirror) takeOff(t *table, key string) {
	m.mu.Lock()
	t.inflight[key] = true
	m.mu.Unlock()
}

func (m *Mirror) landed(t *table, key string) {
	m.mu.Lock()
	delete(t.inflight, key)
	m.mu.Unlock()
}

// commit collects the actions of one Delta commit. It lives under t.pub.
type commit struct {
	m          *Mirror
	t          *table
	mp         *mapping
	lsn        wal.LSN
	txn        bool // the commit moves the table's position to lsn
	structural bool
	dataChange bool
	now        int64
	dvs        *delta.DVFile
	removes    []delta.Action
	adds       []delta.Action
	flying     []string           // files that the commit itself has written
	loads      map[*dataFile]bool // files of transactions that the log does not have yet
	feedKey    string             // of the change file, "": none
	cdc        *delta.AddCDC
}

func (c *commit) landed() {
	for _, key := range c.flying {
		c.m.landed(c.t, key)
	}
}

func (m *Mirror) newCommit(t *table, mp *mapping, lsn wal.LSN) *commit {
	return &commit{m: m, t: t, mp: mp, lsn: lsn, txn: true, dataChange: true, now: time.Now().UnixMilli(), dvs: delta.NewDVFile()}
}

func (c *commit) remove(a *delta.Add) {
	now, size := c.now, a.Size
	c.removes = append(c.removes, delta.Action{Remove: &delta.Remove{Path: a.Path, DeletionTimestamp: &now, DataChange: c.dataChange,
		ExtendedFileMetadata: true, PartitionValues: map[string]*string{}, Size: &size, DeletionVector: a.DeletionVector}})
}

// noteLoads says which files are new in the log, though they are in the version that is built on.
func (c *commit) noteLoads(loads []*fileState) {
	c.loads = make(map[*dataFile]bool, len(loads))
	for _, f := range loads {
		c.loads[f.f] = true
	}
}

// takesRows reports whether rows go that a version has had.
func (c *commit) takesRows(files []*fileState, dead map[int]*roaring.Bitmap) bool {
	for i := range dead {
		if !c.loads[files[i].f] {
			return true
		}
	}
	return false
}

// removeAll takes out every file that the log has.
func (c *commit) removeAll() {
	for _, a := range c.t.log.Snapshot().SortedFiles() {
		c.remove(a)
	}
}

// removeRows gives files new deletion vectors and returns the files that are left. dead is by index into files.
func (c *commit) removeRows(files []*fileState, dead map[int]*roaring.Bitmap) ([]*fileState, error) {
	out := make([]*fileState, 0, len(files))
	for i, f := range files {
		d, load := dead[i], c.loads[f.f]
		if d == nil {
			if load {
				c.add([]*fileState{f})
			}
			out = append(out, f)
			continue
		}
		if !load {
			c.remove(f.add)
		}
		if int64(d.GetCardinality()) == f.f.rows {
			continue
		}
		d.RunOptimize()
		s, err := c.withDead(f, d)
		if err != nil {
			return nil, err
		}
		c.adds = append(c.adds, delta.Action{Add: s.add})
		out = append(out, s)
	}
	return out, nil
}

// rewrites reports whether the table's files are written anew instead of getting deletion vectors, for readers that do
// not know those (mirror_deletes = rewrite).
func rewrites(mp *mapping) bool { return option(mp.schema, "mirror_deletes") == "rewrite" }

// rewriteRows is removeRows without deletion vectors. The new files are in flight until the commit has ended.
func (c *commit) rewriteRows(ctx context.Context, files []*fileState, dead map[int]*roaring.Bitmap) ([]*fileState, error) {
	out := make([]*fileState, 0, len(files))
	for i, f := range files {
		load := c.loads[f.f]
		if dead[i] == nil && f.dead == nil {
			if load {
				c.add([]*fileState{f})
			}
			out = append(out, f)
			continue
		}
		gone := dead[i]
		if gone == nil {
			gone = f.dead // from before the option was set
		}
		if !load {
			c.remove(f.add)
		}
		n, err := c.m.merge(ctx, c.t, c.mp, []*fileState{{f: f.f, dead: gone, add: f.add}}, nil)
		if err != nil {
			return nil, err
		}
		if n != nil {
			c.flying = append(c.flying, n.f.key)
			n.add.DataChange = c.dataChange
			c.add([]*fileState{n})
			out = append(out, n)
		}
	}
	return out, nil
}

// withDead is a file with a new deletion vector in this commit's vector file.
func (c *commit) withDead(f *fileState, dead *roaring.Bitmap) (*fileState, error) {
	desc, err := c.dvs.Add(dead)
	if err != nil {
		return nil, err
	}
	a := *f.add
	a.DeletionVector, a.DataChange = desc, c.dataChange
	if a.Stats, err = delta.Loosen(a.Stats); err != nil {
		return nil, err
	}
	return &fileState{f: f.f, dead: dead, add: &a}, nil
}

func (c *commit) add(files []*fileState) {
	for _, f := range files {
		c.adds = append(c.adds, delta.Action{Add: f.add})
	}
}

// changes reports whether there is something to commit.
func (c *commit) changes() bool { return c.structural || len(c.removes) > 0 || len(c.adds) > 0 }

// header are the protocol and metaData actions that the commit needs. A feature comes with the first commit that uses it.
func (c *commit) header() []delta.Action {
	snap := c.t.log.Snapshot()
	proto, fresh := snap.Protocol, snap.Version < 0
	if fresh {
		proto = delta.BaseProtocol()
	}
	was := proto
	meta := snap.Metadata
	if fresh {
		created := c.now
		meta = delta.Metadata{ID: uuid.NewString(), Format: delta.Format{Provider: "parquet", Options: map[string]string{}},
			PartitionColumns: []string{}, CreatedTime: &created}
	}
	meta.Configuration = maps.Clone(meta.Configuration)
	if meta.Configuration == nil {
		meta.Configuration = map[string]string{}
	}
	changed := fresh
	if c.structural || fresh {
		schema := c.mp.deltaSchema()
		if schema.HasNTZ() {
			proto = proto.With(delta.FeatureTimestampNTZ)
		}
		meta.Name, meta.SchemaString = c.mp.schema.TableName, schema.String()
		maps.Copy(meta.Configuration, c.mp.properties())
		meta.Configuration["delta.logRetentionDuration"] = interval(c.m.opt.LogRetention)
		meta.Configuration["delta.deletedFileRetentionDuration"] = interval(c.m.opt.FileRetention)
		changed = true
	}
	domain := (*delta.DomainMetadata)(nil)
	if c.structural || fresh {
		if domain = c.mp.clusteringDomain(snap); domain != nil {
			proto = proto.WithWriter(delta.FeatureDomainMeta).WithWriter(delta.FeatureClustering)
		}
	}
	if c.structural || fresh {
		if c.mp.feed() {
			proto = proto.WithWriter(delta.FeatureChangeDataFeed)
			meta.Configuration[delta.PropChangeDataFeed] = "true"
		} else {
			delete(meta.Configuration, delta.PropChangeDataFeed)
		}
	}
	if !c.dvs.Empty() && !proto.Has(delta.FeatureDeletionVectors) {
		proto = proto.With(delta.FeatureDeletionVectors)
		meta.Configuration[delta.PropDeletionVectors] = "true"
		changed = true
	}
	var out []delta.Action
	if fresh || len(proto.WriterFeatures) != len(was.WriterFeatures) {
		out = append(out, delta.Action{Protocol: &proto})
	}
	if changed {
		out = append(out, delta.Action{Metadata: &meta})
	}
	if domain != nil {
		out = append(out, delta.Action{DomainMetadata: domain})
	}
	return out
}

func interval(d time.Duration) string { return fmt.Sprintf("interval %d seconds", int64(d.Seconds())) }

// commit makes the Delta version. If the outcome is in doubt, or another writer came first, the log is reopened: what it
// then says counts.
func (c *commit) commit(ctx context.Context, operation string) (int64, error) {
	if !c.dvs.Empty() {
		if err := c.dvs.Write(ctx, c.t.store); err != nil {
			return 0, err
		}
	}
	blind := len(c.removes) == 0
	id := uuid.NewString()
	actions := []delta.Action{{CommitInfo: &delta.CommitInfo{Timestamp: c.now, Operation: operation,
		OperationParameters: map[string]string{"lsn": c.lsn.String()}, IsBlindAppend: &blind, EngineInfo: "tarn", TxnID: id}}}
	actions = append(actions, c.header()...)
	if c.txn {
		now := c.now
		actions = append(actions, delta.Action{Txn: &delta.Txn{AppID: c.m.appID(c.t), Version: int64(c.lsn), LastUpdated: &now}})
	}
	actions = append(append(actions, c.removes...), c.adds...)
	if c.cdc != nil {
		actions = append(actions, delta.Action{CDC: c.cdc})
	}
	if err := c.m.opt.Step("log"); err != nil {
		return 0, err
	}
	v, err := c.t.log.Commit(ctx, actions)
	if err == nil {
		err = c.m.opt.Step("linked")
	}
	if err == nil {
		c.retire()
		return v, nil
	}
	c.t.log = nil // read it again before the next use
	if errors.Is(err, delta.ErrConflict) {
		return 0, &foreignError{err}
	}
	return 0, &foreignError{fmt.Errorf("outcome is in doubt: %w", err)}
}

// checkBase refuses to build on a Delta version that is not base, which another writer made. Called with t.pub.
func (t *table) checkBase(base *version) error {
	if v := t.log.Version(); base.number >= 0 && v != base.number {
		return &foreignError{fmt.Errorf("delta table is at version %d, the mirror made %d: %w", v, base.number, delta.ErrConflict)}
	}
	return nil
}

// foreignError says that the Delta log may hold something else than the state in memory.
type foreignError struct{ err error }

func (e *foreignError) Error() string { return e.err.Error() }
func (e *foreignError) Unwrap() error { return e.err }

// installLocked makes v the newest version.
func (m *Mirror) installLocked(t *table, v *version) {
	t.vers = append(t.vers, v)
	t.err = nil
	m.pruneLocked(t)
	t.wakeLocked()
}

// maxVersions bounds what is kept for Views of older snapshots.
const maxVersions = 32

// pruneLocked lets go of versions and segments that no View will ask for.
func (m *Mirror) pruneLocked(t *table) {
	if len(t.vers) == 0 {
		return
	}
	n := 0
	for n+1 < len(t.vers) {
		next := t.vers[n+1]
		old := time.Since(next.made) > m.opt.KeepVersions || next.lsn == t.vers[n].lsn
		if !old && len(t.vers)-n <= maxVersions && m.bytes < m.opt.MemoryBytes/2 {
			break
		}
		n++
	}
	t.vers = t.vers[n:]
	for len(t.segs) > 1 && t.segs[0].end <= t.vers[0].lsn {
		m.forgetLocked(t.segs[0])
		t.segs = t.segs[1:]
	}
}

// maintain writes checkpoints and removes what nobody needs any more. Called with t.pub.
func (m *Mirror) maintain(ctx context.Context, t *table) error {
	if t.log == nil {
		return nil
	}
	if t.log.SinceCheckpoint() >= m.opt.CheckpointLog {
		if err := m.opt.Step("checkpoint"); err != nil {
			return err
		}
		if err := t.log.Checkpoint(ctx, time.Now(), m.retention(t, m.opt.FileRetention)); err != nil {
			return err
		}
		if err := m.opt.Step("checkpointed"); err != nil {
			return err
		}
		oldest, err := m.lakeFiles(t, map[string]bool{})
		if err != nil {
			return err
		}
		if _, err := t.log.Expire(ctx, time.Now(), m.retention(t, m.opt.LogRetention), oldest); err != nil {
			return err
		}
	}
	m.mu.Lock()
	due := time.Since(t.swept) > m.opt.FileRetention/4 || len(t.vers) > 0 && m.pressedLocked(t)
	m.mu.Unlock()
	if due {
		return m.sweep(t)
	}
	return nil
}

// tidy is maintain for a table that has nothing to publish.
func (m *Mirror) tidy(ctx context.Context, t *table) error {
	t.pub.Lock()
	defer t.pub.Unlock()
	if err := t.openLog(ctx); err != nil {
		return err
	}
	return m.sweep(t)
}

// sweep is sweepOlder with the retention of the background.
func (m *Mirror) sweep(t *table) error { return m.sweepOlder(t, m.opt.FileRetention, true) }

// sweepOlder deletes the files of the table that neither its newest Delta version, nor a tombstone that is younger than the
// retention, nor a version or View in memory, nor a writer names (I7): what a crash left, and what has expired. Called
// with t.pub, the log open; so every file is either named by the log, or in flight, or nobody's.
func (m *Mirror) sweepOlder(t *table, retention time.Duration, background bool) error {
	w := m.beginWork(t, WorkVacuum, background, phaseListing)
	defer m.endWork(t, w)
	m.mu.Lock()
	t.swept, t.garbage = time.Now(), 0
	m.mu.Unlock()
	infos, err := m.removable(t, retention, background)
	if err != nil {
		return err
	}
	w.enter(phaseRemoving)
	w.filesTotal.Store(int64(len(infos)))
	for _, i := range infos {
		w.bytesTotal.Add(i.Size)
	}
	for _, i := range infos {
		if err := m.opt.Step("expire"); err != nil {
			return err
		}
		if err := t.store.Delete(m.ctx, i.Key); err != nil {
			return err
		}
		w.files.Add(1)
		w.bytes.Add(i.Size)
	}
	return nil
}

// removable are the files that sweepOlder deletes. The background may have to keep less than the retention asks for. Called with
// t.pub, the log open.
func (m *Mirror) removable(t *table, retention time.Duration, background bool) ([]object.Info, error) {
	snap := t.log.Snapshot()
	if snap.Version < 0 {
		return nil, nil
	}
	named := map[string]bool{}
	name := func(path string, dv *delta.DVDescriptor) error {
		key, err := delta.DataKey(path)
		if err != nil {
			return err
		}
		named[key] = true
		if dv != nil {
			if key, err = dv.Key(); err != nil {
				return err
			}
			named[key] = true
		}
		return nil
	}
	for _, a := range snap.Files {
		if err := name(a.Path, a.DeletionVector); err != nil {
			return nil, err
		}
	}
	// Listed before the writers are looked at: a file that is finished after the listing is not in it.
	infos, err := t.store.List(m.ctx, "", "")
	if err != nil {
		return nil, err
	}
	if background {
		if retention, err = m.shortened(t, snap, named, infos, retention); err != nil {
			return nil, err
		}
		m.mu.Lock()
		t.forgetRetiredLocked(time.Now().Add(-retention))
		m.mu.Unlock()
	}
	expiry := time.Now().Add(-m.retention(t, retention)).UnixMilli()
	for _, r := range snap.Tombstones {
		if r.DeletionTimestamp != nil && *r.DeletionTimestamp > expiry {
			if err := name(r.Path, r.DeletionVector); err != nil {
				return nil, err
			}
		}
	}
	m.mu.Lock()
	for key := range t.inflight {
		named[key] = true
	}
	for key := range t.pinned {
		named[key] = true
	}
	for _, v := range t.vers {
		for _, f := range v.files {
			named[f.f.key] = true
		}
	}
	for _, s := range t.segs {
		for _, f := range s.files {
			named[f.f.key] = true
		}
	}
	m.mu.Unlock()
	if _, err := m.lakeFiles(t, named); err != nil {
		return nil, err
	}
	change := time.Now().Add(-max(retention, m.opt.LogRetention))
	return slices.DeleteFunc(infos, func(i object.Info) bool {
		return named[i.Key] || isLog(i.Key) || isFeed(i.Key) && i.ModTime.After(change) || located(t.dir) && !written(i.Key)
	}), nil
}

func isLog(key string) bool { return len(key) > 11 && key[:11] == "_delta_log/" }
