package txn

import (
	"context"

	"github.com/tarndb/tarn/storage/serial"
	"github.com/tarndb/tarn/storage/tuple"
)

// beginSerial takes the snapshot of a SERIALIZABLE transaction.
func (t *Txn) beginSerial() {
	o := serial.Options{PID: t.lockOwner().PID(), ReadOnly: t.readOnly}
	t.serial = t.m.serial.Begin(o, func() uint64 {
		t.snap = t.m.eng.Snapshot()
		return uint64(t.snap.LSN())
	})
}

// SetReadOnly changes Options.ReadOnly before the first statement.
func (t *Txn) SetReadOnly(ro bool) {
	if t.snap == nil {
		t.readOnly = ro
	}
}

// SafeSnapshot takes the snapshot of a SERIALIZABLE READ ONLY DEFERRABLE transaction, before its first statement: it waits for
// one that is certain to be part of a serial order, so that the transaction can neither fail nor make others fail.
// Errors: the cause of ctx.
func (t *Txn) SafeSnapshot(ctx context.Context) error {
	for t.snap == nil {
		t.beginSerial()
		if t.serial == nil {
			return nil
		}
		safe, err := t.serial.WaitSafe(ctx)
		t.serial.Abort()
		t.serial = nil
		if safe && err == nil {
			return nil
		}
		t.snap.Release()
		t.snap = nil
		if err != nil {
			return err
		}
	}
	return nil
}

// Intend tells, under SERIALIZABLE, that a key would be written: of a write that fails because of what stands there, too. A
// transaction that could not be part of a serial order then fails with *serial.Error instead.
func (t *Txn) Intend(key []byte) error {
	if t.iso != Serializable {
		return nil
	}
	if t.snap == nil {
		t.snapshot().Release()
	}
	if t.serial == nil {
		return nil
	}
	return t.serial.Write(key)
}

// aboveSnapshot reports whether the snapshot has no say about a key: READ COMMITTED has none that lasts, and the transaction's own writes
// stand above it. If it has one, reading it counts.
func (t *Txn) aboveSnapshot(key []byte) (bool, error) {
	if t.iso == ReadCommitted || t.snap == nil {
		return true, nil
	}
	if n := t.ws.find(key); n != 0 && t.ws.nodes.at(n).top != 0 {
		return true, nil
	}
	if t.serial != nil {
		return false, t.serial.ReadKey(key)
	}
	return false, nil
}

// InSnapshot reports whether a key that the newest state has is in the transaction's snapshot too, or written by the
// transaction itself; for READ COMMITTED always.
func (t *Txn) InSnapshot(key []byte) (bool, error) {
	if free, err := t.aboveSnapshot(key); free || err != nil {
		return free, err
	}
	_, c, ok, err := t.snap.Get(key)
	if ok {
		err = c.Close()
	}
	return ok, err
}

// AtSnapshot reads a key in the snapshot that the transaction goes by, without its own writes. kept false: it has none that lasts.
func (t *Txn) AtSnapshot(dst, key []byte) (value []byte, ok, kept bool, err error) {
	if t.iso == ReadCommitted || t.snap == nil {
		return nil, false, false, nil
	}
	v, c, ok, err := t.snap.Get(key)
	if !ok || err != nil {
		return nil, false, true, err
	}
	dst = append(dst, v...)
	return dst, true, true, c.Close()
}

// Unchanged reports whether the newest version of a row that the caller has locked is the one in the transaction's snapshot, or
// its own; for READ COMMITTED always. What is not must not be changed: ErrConcurrentUpdate.
func (t *Txn) Unchanged(key, newest []byte) (bool, error) {
	if free, err := t.aboveSnapshot(key); free || err != nil {
		return free, err
	}
	seen, c, ok, err := t.snap.Get(key)
	if !ok {
		return false, err
	}
	same := tuple.RowID(seen) == tuple.RowID(newest)
	return same, c.Close()
}

// SnapshotBlockers are the sessions that SafeSnapshot of a session waits for.
func (m *Manager) SnapshotBlockers(pid uint32) []uint32 { return m.serial.SnapshotBlockers(pid) }
