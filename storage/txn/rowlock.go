package txn

import (
	"context"
	"errors"

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

// AwaitTable waits for those who hold a table now in a mode with which mode conflicts, and locks nothing.
func (t *Txn) AwaitTable(ctx context.Context, table uint64, mode lock.Mode, o lock.Options) (waited bool, err error) {
	return t.lockOwner().AwaitTable(ctx, table, mode, o)
}

// RowState says what has become of a row version that a View showed.
type RowState uint8

const (
	// RowSame: it is the newest version; it may be changed.
	RowSame RowState = iota + 1
	// RowChanged: there is a newer one, at another key perhaps: the condition must be checked again on it (READ COMMITTED).
	RowChanged
	// RowGone: the row has been deleted.
	RowGone
	// RowDeparted: the row has gone to another table.
	RowDeparted
	// RowOwn: this transaction has written it during the statement, or in one called from it.
	RowOwn
)

// LockedRow is a row that is locked now.
type LockedRow struct {
	State  RowState
	Waited bool
	// Row is the newest version if State is RowChanged, at the end of the caller's buffer.
	Row []byte
	// Key is where the row stands now: another key than the caller's where its primary key has been changed.
	Key []byte
}

// LockVersion locks a row that the View has shown with the row id seen (tuple.RowID; 0 for one that the transaction
// wrote itself) and compares that version with the newest one (manual 13.2.1: the row is re-read after the wait). The
// newest version is appended to dst if it is another.
//
// RowDeparted is the error ErrDeparted. From REPEATABLE READ on RowChanged and RowDeparted are the error ErrConcurrentUpdate, RowGone is
// ErrConcurrentDelete. The other errors are those of LockRow; lock.ErrNotAvailable with lock.Skip means: leave the row out.
func (v View) LockVersion(ctx context.Context, key []byte, seen uint64, strength lock.Mode, o lock.Options, dst []byte) (LockedRow, error) {
	v.check()
	t := v.t
	own, ownNewer := v.ownVersion(key)
	if own && t.m.lineage.count.Load() != 0 {
		// What it has written may be another row, that has come to the key since the View.
		_, replaced, err := t.m.lineage.next(key, uint64(v.snap.LSN()))
		if err != nil {
			return LockedRow{}, err
		}
		own, ownNewer = own && !replaced, ownNewer && !replaced
	}
	if ownNewer {
		return LockedRow{State: RowOwn, Key: key}, nil
	}
	waited, err := t.lockOwner().LockRow(ctx, key, strength, o)
	if err != nil {
		return LockedRow{}, err
	}
	r := LockedRow{State: RowSame, Waited: waited, Key: key}
	if own || uint64(v.snap.LSN()) >= t.stamp(key, strength) {
		return r, nil
	}
	if err := v.follow(ctx, &r, strength, o); err != nil || r.State != RowSame {
		return t.refuse(r, err)
	}
	newest, c, ok, err := t.m.eng.GetLatest(r.Key)
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
	return t.refuse(r, nil)
}

// follow goes from the key where the View shows a row to where it is now, locking it on the way. It leaves RowSame where the
// row, if there is one at the key, is the same row.
func (v View) follow(ctx context.Context, r *LockedRow, strength lock.Mode, o lock.Options) error {
	at := uint64(v.snap.LSN())
	for {
		n, ok, err := v.t.m.lineage.next(r.Key, at)
		switch {
		case err != nil || !ok:
			return err
		case n.to == "":
			r.State = RowGone
			return nil
		case n.to == departed:
			r.State = RowDeparted
			return nil
		}
		at, r.Key = n.lsn, []byte(n.to)
		if own, _ := v.ownVersion(r.Key); own {
			r.State = RowOwn
			return nil
		}
		waited, err := v.t.lockOwner().LockRow(ctx, r.Key, strength, o)
		if err != nil {
			return err
		}
		r.Waited = r.Waited || waited
	}
}

// stamp is the position from which on a lock of this strength finds the row as a snapshot shows it. FOR KEY SHARE does not mind
// versions with the same key.
func (t *Txn) stamp(key []byte, strength lock.Mode) uint64 {
	if strength == lock.KeyShare {
		return t.m.locks.KeyStamp(key)
	}
	return t.m.locks.Stamp(key)
}

// refuse is what REPEATABLE READ does with a row that is another now.
func (t *Txn) refuse(r LockedRow, err error) (LockedRow, error) {
	switch {
	case err != nil:
		return LockedRow{}, err
	case t.iso != ReadCommitted && r.State == RowGone:
		return LockedRow{}, ErrConcurrentDelete
	case t.iso != ReadCommitted && (r.State == RowChanged || r.State == RowDeparted):
		return LockedRow{}, ErrConcurrentUpdate
	case r.State == RowDeparted:
		return LockedRow{}, ErrDeparted
	}
	return r, nil
}

// OwnNew reports whether the transaction itself has written the row at the key unseen by the View: in its statement.
func (v View) OwnNew(key []byte) bool {
	_, newer := v.ownVersion(key)
	return newer
}

// Await waits until nobody else is writing the row at the key. It takes no lock. Errors: those of LockRow.
func (t *Txn) Await(ctx context.Context, key []byte, o lock.Options) (waited bool, err error) {
	mark := t.lockOwner().Mark()
	waited, err = t.owner.LockRow(ctx, key, lock.Await, o)
	t.owner.ReleaseTo(mark)
	return waited, err
}

// Claim locks a key that a new row, or a new entry of a unique index, wants to have, and tells whether something stands there
// already: whoever else wants it waits for this transaction. With taken nothing stays locked; it has waited for those who
// were changing what stands there, but not for those who only lock it.
func (t *Txn) Claim(ctx context.Context, key []byte, o lock.Options) (taken bool, err error) {
	owner := t.lockOwner()
	try := o
	for {
		mark := owner.Mark()
		try.Policy = lock.NoWait
		_, err = owner.LockRow(ctx, key, lock.Write, try)
		if errors.Is(err, lock.ErrNotAvailable) {
			_, taken, err = t.GetLatest(nil, key)
			switch {
			case err != nil:
				return false, err
			case taken:
				waited, err := t.Await(ctx, key, o)
				if err != nil || !waited {
					return true, err
				}
				continue
			}
			_, err = owner.LockRow(ctx, key, lock.Write, o)
		}
		if err != nil {
			return false, err
		}
		t.buf, taken, err = t.GetLatest(t.buf[:0], key)
		if taken && err == nil {
			owner.ReleaseTo(mark)
		}
		return taken, err
	}
}

// ownVersion reports whether the transaction has written the row, and whether it has done so unseen by the View.
func (v View) ownVersion(key []byte) (own, newer bool) {
	ws := &v.t.ws
	if ws.empty() {
		return false, false
	}
	if n := ws.find(key); n != 0 {
		if top := ws.nodes.at(n).top; top != 0 {
			return true, ws.versions.at(top).cmd >= v.bound
		}
	}
	if cmd, ok := v.t.loadOf(key); ok {
		return true, cmd >= v.bound
	}
	return false, false
}

// RowKeyTable is the table storage id of a row's key, for messages about locks.
func RowKeyTable(key []byte) uint32 { return change.TableOf(key) }
