package txn

import (
	"context"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

// LockRow locks a key until the transaction, or the savepoint that it was taken after, is rolled back or committed.
// waited reports that it was not free. Errors: those of lock.Owner.LockRow.
func (t *Txn) LockRow(ctx context.Context, key []byte, strength lock.Mode, o lock.Options) (waited bool, err error) {
	return t.lockOwner().LockRow(ctx, key, strength, o)
}

// LockTable locks a table in the same way.
func (t *Txn) LockTable(ctx context.Context, table uint64, mode lock.Mode, o lock.Options) (waited bool, err error) {
	return t.lockOwner().LockTable(ctx, table, mode, o)
}

// RowState says what has become of a row version that a View showed.
type RowState uint8

const (
	// RowSame: it is the newest version; it may be changed.
	RowSame RowState = iota + 1
	// RowChanged: there is a newer one: the condition must be checked again on it (READ COMMITTED).
	RowChanged
	// RowGone: the row has been deleted.
	RowGone
	// RowOwn: this transaction has written it during the statement, or in one called from it.
	RowOwn
)

// LockedRow is a row that is locked now.
type LockedRow struct {
	State  RowState
	Waited bool
	// Row is the newest version if State is RowChanged, at the end of the caller's buffer.
	Row []byte
}

// LockVersion locks a row that the View has shown with the row id seen (tuple.RowID; 0 for one that the transaction
// wrote itself) and compares that version with the newest one (manual 13.2.1: the row is re-read after the wait). The
// newest version is appended to dst if it is another.
//
// Under REPEATABLE READ RowChanged and RowGone are the errors ErrConcurrentUpdate and ErrConcurrentDelete. The other
// errors are those of LockRow; lock.ErrNotAvailable with lock.Skip means: leave the row out.
func (v View) LockVersion(ctx context.Context, key []byte, seen uint64, strength lock.Mode, o lock.Options, dst []byte) (LockedRow, error) {
	v.check()
	t := v.t
	own, ownNewer := v.ownVersion(key)
	if ownNewer {
		return LockedRow{State: RowOwn}, nil
	}
	waited, err := t.lockOwner().LockRow(ctx, key, strength, o)
	if err != nil {
		return LockedRow{}, err
	}
	r := LockedRow{State: RowSame, Waited: waited}
	if own || uint64(v.snap.LSN()) >= t.m.locks.Stamp(key) {
		return r, nil
	}
	newest, c, ok, err := t.m.eng.GetLatest(key)
	if err != nil {
		return LockedRow{}, err
	}
	switch {
	case !ok:
		r.State = RowGone
	case tuple.RowID(newest) != seen:
		r.State = RowChanged
		r.Row = append(dst, newest...)
	}
	if ok {
		if err := c.Close(); err != nil {
			return LockedRow{}, err
		}
	}
	if t.iso == RepeatableRead && r.State == RowGone {
		return LockedRow{}, ErrConcurrentDelete
	}
	if t.iso == RepeatableRead && r.State == RowChanged {
		return LockedRow{}, ErrConcurrentUpdate
	}
	return r, nil
}

// ownVersion reports whether the transaction has written the row, and whether it has done so unseen by the View.
func (v View) ownVersion(key []byte) (own, newer bool) {
	ws := &v.t.ws
	if ws.empty() {
		return false, false
	}
	if n := ws.find(key); n != 0 {
		if top := ws.nodes[n].top; top != 0 {
			return true, ws.versions[top].cmd >= v.bound
		}
	}
	return false, false
}

// RowKeyTable is the table storage id of a row's key, for messages about locks.
func RowKeyTable(key []byte) uint32 { return change.TableOf(key) }
