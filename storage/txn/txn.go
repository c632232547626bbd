package txn

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/serial"
	"github.com/tarndb/tarn/storage/wal"
)

// Options of a transaction.
type Options struct {
	Isolation Isolation
	// ReadOnly promises that nothing is written: SERIALIZABLE costs less then.
	ReadOnly bool
	// Owner holds the transaction's locks; nil: an owner of its own, made when the first lock is taken. A session
	// passes its own, which must hold no transaction-level locks.
	Owner *lock.Owner
}

// Txn is a transaction. It ends with Commit or Rollback, after which neither it nor anything read through it may be
// used: it goes back to a pool.
type Txn struct {
	m     *Manager
	iso   Isolation
	owner *lock.Owner
	own   *lock.Owner // of this Txn, kept for the next transaction without a session
	xid   uint64

	snap  *engine.Snapshot // from RepeatableRead on: taken by the first statement
	cmd   uint32           // command that writes now
	dirty bool             // it has written
	views []openView
	// serial is what a SERIALIZABLE transaction is to the others; nil where it need not be tracked.
	serial   *serial.Xact
	readOnly bool
	gen      atomic.Uint32 // counts the transactions that this Txn has been

	ws     writeSet
	extras []extra
	loads  []load
	steps  []step            // rows that have changed their keys
	moves  map[string]string // foldSteps of steps, once the transaction writes no more
	// announced are keys that Announce has told others of.
	announced []string
	// deleted: a row has been deleted.
	deleted bool
	group   change.Group
	rows    []RowCounts // of the group
	buf     []byte
	// beforeUnlock runs at a successful Commit, when the changes are visible and the locks are still held.
	beforeUnlock func()
}

func newTxn(m *Manager) *Txn {
	t := &Txn{m: m}
	t.ws.values.limit, t.ws.values.dir = m.cfg.MemoryBytes, m.cfg.TempDir
	t.ws.init()
	return t
}

// Begin starts a transaction. It takes no snapshot yet.
func (m *Manager) Begin(o Options) *Txn {
	t := m.pool.Get().(*Txn)
	t.iso, t.owner, t.readOnly = o.Isolation, o.Owner, o.ReadOnly
	t.cmd = 1
	m.stats.begun.Add(1)
	m.stats.active.Add(1)
	return t
}

// Isolation is the level that the transaction began with.
func (t *Txn) Isolation() Isolation { return t.iso }

// XID is the transaction's number, given out by the first call or write.
func (t *Txn) XID() uint64 {
	if t.xid == 0 {
		t.xid = t.m.eng.NextXID()
		t.lockOwner().SetXID(t.xid)
	}
	return t.xid
}

// AssignedXID is the number if there is one yet, else 0.
func (t *Txn) AssignedXID() uint64 { return t.xid }

// Wrote reports whether there is something to commit (it may have been rolled back meanwhile).
func (t *Txn) Wrote() bool { return !t.ws.empty() || len(t.extras) > 0 }

// Memory is about how many bytes the uncommitted writes take in memory, and how many in a file.
func (t *Txn) Memory() (memory, file int64) {
	ws := &t.ws
	return int64(ws.keys.memory()+ws.nodes.elements()*32+ws.versions.elements()*28+ws.tower.elements()*4) + ws.values.memory, ws.values.onDisk
}

// LockOwner is who holds the transaction's locks.
func (t *Txn) LockOwner() *lock.Owner { return t.lockOwner() }

func (t *Txn) lockOwner() *lock.Owner {
	if t.owner == nil {
		if t.own == nil {
			t.own = t.m.locks.NewOwner(0)
		}
		t.owner = t.own
	}
	return t.owner
}

// Commit makes the writes permanent, as d says, and gives the locks back. It returns the position of the commit, 0 if
// nothing was written. Whatever it returns, the transaction is over; with an error nothing of it happened, except
// after engine.ErrStopped (not known then). Errors: those of engine.Commit and of reading back spilled values.
func (t *Txn) Commit(ctx context.Context, d engine.Durability) (wal.LSN, error) {
	lsn, err := t.commit(ctx, d)
	if err != nil {
		t.m.stats.rolledBack.Add(1)
		t.settleLoads(0, err)
		t.end(0)
		return 0, err
	}
	if t.serial != nil {
		t.serial.Committed(uint64(lsn))
		t.serial = nil
	}
	if lsn == 0 {
		t.m.stats.readOnly.Add(1)
	} else {
		t.m.stats.committed.Add(1)
		if t.m.cfg.Committed != nil {
			for _, c := range t.rows {
				t.m.cfg.Committed(c)
			}
		}
		t.noteLineage(uint64(lsn))
	}
	t.published()
	t.end(lsn)
	return lsn, nil
}

// commit brings the writes, if there are any, into the store.
func (t *Txn) commit(ctx context.Context, d engine.Durability) (wal.LSN, error) {
	if t.serial != nil {
		if err := t.serial.Prepare(); err != nil {
			return 0, err
		}
	}
	if !t.Wrote() {
		return 0, nil
	}
	if f := t.m.cfg.Follower; f != nil {
		defer f.End(f.Begin())
	}
	if err := t.buildGroup(); err != nil || t.group.Empty() {
		return 0, err
	}
	t.group.XID = t.XID()
	return t.m.eng.Commit(ctx, &t.group, d)
}

func (t *Txn) published() {
	if t.beforeUnlock != nil {
		t.beforeUnlock()
	}
}

// Rollback forgets the writes and gives the locks back.
func (t *Txn) Rollback() {
	t.m.stats.rolledBack.Add(1)
	t.end(0)
}

// BeforeUnlock has f called by a successful Commit when the changes are visible and the transaction's locks are still
// held: who waited for them finds f's effect. A later call replaces f.
func (t *Txn) BeforeUnlock(f func()) { t.beforeUnlock = f }

// end gives everything back; lsn is that of the commit, 0 if nothing has changed.
func (t *Txn) end(lsn wal.LSN) {
	m := t.m
	t.beforeUnlock = nil
	if t.serial != nil {
		t.serial.Abort()
		t.serial = nil
	}
	t.withdrawAll()
	t.settleLoads(lsn, nil)
	if t.owner != nil {
		t.owner.End(uint64(lsn))
		t.owner = nil
	}
	if t.snap != nil {
		t.snap.Release()
		t.snap = nil
	}
	t.gen.Add(1)
	for i := range t.views {
		t.views[i].snap.Release()
	}
	clear(t.views)
	if t.ws.values.onDisk > 0 {
		m.stats.spilled.Add(uint64(t.ws.values.onDisk))
	}
	t.xid, t.dirty, t.deleted = 0, false, false
	clear(t.steps)
	t.steps = t.steps[:0]
	t.moves = nil
	t.views = t.views[:0]
	t.ws.reset()
	clear(t.extras)
	t.extras = t.extras[:0]
	t.group.Reset()
	if cap(t.buf) > keepBytes {
		t.buf = nil
	}
	m.stats.active.Add(-1)
	m.pool.Put(t)
}

// buildGroup writes what is left of the transaction into t.group: schema records, deleted ranges, file records, then
// the last version of each key in key order. What was put before its range was deleted is left out.
func (t *Txn) buildGroup() error {
	g, ws := &t.group, &t.ws
	g.Reset()
	t.rows = t.rows[:0]
	t.countIngests()
	size := ws.groupSize()
	large := size > float64(t.m.cfg.LargeBytes)
	if ws.nodes.n > 1000 && !large {
		g.Grow(int(size))
	}
	// Who follows the log learns of a table's storage before anything else of it, and of files that were brought in after what is
	// removed.
	for i := range t.extras {
		if t.extras[i].kind == change.KindSchema {
			t.extras[i].addTo(g)
		}
	}
	for i := range ws.ranges {
		g.DeleteRange(ws.ranges[i].lo, ws.ranges[i].hi)
	}
	for i := range t.extras {
		if t.extras[i].kind != change.KindSchema {
			t.extras[i].addTo(g)
		}
	}
	if large {
		return t.buildLarge()
	}
	replaced, ahead := t.replaced(), readAhead{}
	for n := ws.next(0); n != 0; n = ws.next(n) {
		if err := t.groupKey(g, n, replaced, &ahead); err != nil {
			return err
		}
	}
	return g.Err()
}

// buildLarge writes the last versions of the keys ahead of the commit.
func (t *Txn) buildLarge() error {
	l, err := t.m.eng.NewLarge(&t.group, t.XID())
	if err != nil {
		return err
	}
	ws, replaced, ahead := &t.ws, t.replaced(), readAhead{}
	for n := ws.next(0); n != 0; n = ws.next(n) {
		into := l.Part()
		if change.IsLoad(ws.key(n)) {
			into = &t.group // whose row ids the store counts when it applies the record
		}
		if err := t.groupKey(into, n, replaced, &ahead); err != nil {
			return errors.Join(err, l.Abort())
		}
		if err := l.Flush(); err != nil {
			return errors.Join(err, l.Abort())
		}
	}
	return l.Finish()
}

// groupSize is about how many bytes of log the writes become: of the values written, about as large a part is left as of the writes.
func (ws *writeSet) groupSize() float64 {
	if ws.seq == 0 {
		return 0
	}
	left := float64(ws.values.bytes) * min(1, float64(ws.nodes.n)/float64(ws.seq))
	return float64(ws.keys.bytes) + left + float64(8*ws.nodes.n)
}

func (t *Txn) groupKey(g *change.Group, n uint32, replaced map[string]uint64, ahead *readAhead) error {
	v, _ := t.ws.visible(n, maxBound)
	if v == 0 {
		return nil // rolled back, or deleted with its range
	}
	d, ver := t.ws.nodes.at(n), t.ws.versions.at(v)
	old := d.old
	key := t.ws.key(n)
	if old != 0 && t.ws.rangeSeq(key, maxBound) != 0 {
		old = 0 // the range takes the old version away
	}
	if ver.size == deleted {
		if old != 0 || !isRow(key) {
			g.Delete(key, old)
		}
		if old != 0 && isRow(key) {
			t.countRow(key, false, old)
			if change.IsLakeRow(key) {
				g.Put(change.AppendLakeKey(nil, change.TableOf(key), change.LakeTombstones, old), nil, 0)
			}
		}
		return nil
	}
	value, err := ahead.get(&t.ws.values, ver.pos, int(ver.size))
	if err != nil {
		return err
	}
	if was, ok := replaced[string(key)]; ok && old == 0 {
		g.Put(key, value, was)
	} else {
		g.Put(key, value, old)
	}
	if isRow(key) {
		t.countRow(key, true, old)
	} else if change.IsLoad(key) {
		t.keepLoad(key)
	} else if f := t.m.cfg.Follower; f != nil {
		f.Put(key, value)
	}
	return nil
}

// isRow reports whether the key is that of a row: index 1 of its table.
func isRow(key []byte) bool { return change.IndexOf(key) == change.PrimaryIndex }
