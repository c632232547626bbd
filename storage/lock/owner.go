package lock

import (
	"context"
	"encoding/binary"
	"sync/atomic"
)

// Owner is a session that holds locks. Locks are held for its current transaction, except session-level advisory ones.
type Owner struct {
	m  *Manager
	id uint64
	// pid and xid are for the eyes of others.
	pid atomic.Uint32
	xid atomic.Uint64

	// The transaction's locks: rows as hash | mode, all others as grants. ticketed: it has a ticket, as while it has rows.
	rows     []uint64
	grants   []grant
	ticket   uint32
	ticketed bool
	session  []sessionGrant
	key      []byte // scratch

	wake    chan struct{} // one signal per grant to waiter
	waiter  waiter
	waiting atomic.Pointer[waiter] // set and searched under Manager.waits; cleared by the owner
	visit   uint64                 // mark of the last search that came by; under Manager.waits
}

type grant struct {
	entry *entry
	mode  Mode
}

type sessionGrant struct {
	entry *entry
	mode  Mode
	count int
}

// NewOwner returns an owner of no locks; pid names it in DeadlockError and Info.
func (m *Manager) NewOwner(pid uint32) *Owner {
	o := &Owner{m: m, id: m.owners.Add(1), wake: make(chan struct{}, 1)}
	o.pid.Store(pid)
	return o
}

// PID is the number given to NewOwner or SetPID.
func (o *Owner) PID() uint32       { return o.pid.Load() }
func (o *Owner) SetPID(pid uint32) { o.pid.Store(pid) }

// SetXID notes the transaction number for DeadlockError and Info; 0 = none.
func (o *Owner) SetXID(xid uint64) { o.xid.Store(xid) }

// LockRow locks a row (or any other key) until the transaction ends. waited reports that the lock was not free: what
// was read before may be out of date.
//
// Errors: ErrNotAvailable, ErrTimeout, *DeadlockError, the cause of ctx. After any of them the owner holds what it
// held before.
func (o *Owner) LockRow(ctx context.Context, key []byte, strength Mode, opt Options) (waited bool, err error) {
	return o.lock(ctx, Row, key, strength, opt)
}

// LockTable locks a table until the transaction ends. Errors as LockRow.
func (o *Owner) LockTable(ctx context.Context, table uint64, mode Mode, opt Options) (waited bool, err error) {
	o.key = appendTableKey(o.key[:0], table)
	return o.lock(ctx, Table, o.key, mode, opt)
}

// AwaitTable waits until those who hold a table in a mode with which mode conflicts have given that back. It takes no lock and keeps
// nobody from taking one; who comes later is not waited for. Errors as LockRow.
func (o *Owner) AwaitTable(ctx context.Context, table uint64, mode Mode, opt Options) (waited bool, err error) {
	o.key = appendTableKey(o.key[:0], table)
	return o.m.await(ctx, o, o.key, mode, opt)
}

func (o *Owner) lock(ctx context.Context, c Class, key []byte, mode Mode, opt Options) (bool, error) {
	hash := o.m.hash(c, key)
	e, held, waited, err := o.m.acquire(ctx, o, c, hash, key, mode, false, opt)
	if err != nil {
		return false, err
	}
	switch {
	case held:
	case c == Row:
		o.rows = append(o.rows, hash|uint64(mode))
	default:
		o.grants = append(o.grants, grant{e, mode})
	}
	return waited, nil
}

// AdvisoryKey names an advisory lock. Pair tells two 32-bit keys (ID's halves) from one 64-bit key: they never meet.
type AdvisoryKey struct {
	Database uint32
	ID       uint64
	Pair     bool
}

func (k AdvisoryKey) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, k.Database)
	dst = binary.BigEndian.AppendUint64(dst, k.ID)
	if k.Pair {
		return append(dst, 2)
	}
	return append(dst, 1)
}

// LockAdvisory takes an advisory lock: until the transaction ends, or, with session, until it has been released as
// often as it was taken. Errors as LockRow.
func (o *Owner) LockAdvisory(ctx context.Context, key AdvisoryKey, mode Mode, session bool, opt Options) error {
	o.key = key.append(o.key[:0])
	if !session {
		_, err := o.lock(ctx, Advisory, o.key, mode, opt)
		return err
	}
	e, held, _, err := o.m.acquire(ctx, o, Advisory, o.m.hash(Advisory, o.key), o.key, mode, true, opt)
	if err != nil {
		return err
	}
	if !held {
		o.session = append(o.session, sessionGrant{e, mode, 1})
		return nil
	}
	for i := range o.session {
		if g := &o.session[i]; g.entry == e && g.mode == mode {
			g.count++
		}
	}
	return nil
}

// UnlockAdvisory releases a session-level advisory lock once; false if the owner does not hold it.
func (o *Owner) UnlockAdvisory(key AdvisoryKey, mode Mode) bool {
	o.key = key.append(o.key[:0])
	for i := range o.session {
		g := &o.session[i]
		if g.mode != mode || string(g.entry.key) != string(o.key) {
			continue
		}
		if g.count--; g.count == 0 {
			o.give(g.entry, 0, 1<<mode)
			o.session = append(o.session[:i], o.session[i+1:]...)
		}
		return true
	}
	return false
}

// UnlockAllAdvisory releases all session-level advisory locks, as the end of the session does.
func (o *Owner) UnlockAllAdvisory() {
	for _, g := range o.session {
		o.give(g.entry, 0, 1<<g.mode)
	}
	clear(o.session)
	o.session = o.session[:0]
}

// Mark is a point in the transaction's lists of locks.
type Mark struct{ rows, others int }

// Mark returns the current point.
func (o *Owner) Mark() Mark { return Mark{len(o.rows), len(o.grants)} }

// ReleaseTo gives back what the transaction has locked after the mark.
func (o *Owner) ReleaseTo(mark Mark) { o.release(mark, 0) }

// End gives back all locks of the transaction. stamp is the log position of its commit, 0 if it changed nothing; see
// Manager.Stamp.
func (o *Owner) End(stamp uint64) {
	o.release(Mark{}, stamp)
	if o.xid.Load() != 0 {
		o.xid.Store(0)
	}
}

// keepGrants bounds the lists that an idle owner keeps.
const keepGrants = 1024

func (o *Owner) release(mark Mark, stamp uint64) {
	for i := len(o.rows) - 1; i >= mark.rows; i-- {
		hash, mode := o.rows[i]&^rowHashMode, Mode(o.rows[i]&rowHashMode)
		if stamp != 0 && mode >= NoKeyUpdate {
			// Raised before the lock goes: who gets it sees them.
			raise(&o.m.stamps[stampOf(hash)], stamp)
			if mode == Update || mode == Write {
				raise(&o.m.keyStamps[stampOf(hash)], stamp)
			}
		}
		o.giveRow(hash, mode)
	}
	o.rows = o.rows[:mark.rows]
	if len(o.rows) == 0 {
		if cap(o.rows) > keepGrants {
			o.rows = nil
		}
		if o.ticketed {
			o.m.tickets.give(o.ticket)
			o.ticketed = false
		}
	}
	for i := len(o.grants) - 1; i >= mark.others; i-- {
		g := o.grants[i]
		o.grants[i] = grant{}
		o.give(g.entry, 1<<g.mode, 0)
	}
	o.grants = o.grants[:mark.others]
	if mark.others == 0 && cap(o.grants) > keepGrants {
		o.grants = nil
	}
}

// give releases modes of an entry that the owner holds.
func (o *Owner) give(e *entry, txn, session modeSet) {
	s := o.m.shard(e.hash)
	s.Lock()
	e.ungrant(o, txn, session)
	s.drop(e)
	s.Unlock()
}

// HoldsTable reports whether the transaction holds the mode, or a stronger one, on the table.
func (o *Owner) HoldsTable(table uint64, mode Mode) bool {
	o.key = appendTableKey(o.key[:0], table)
	hash := o.m.hash(Table, o.key)
	s := o.m.shard(hash)
	s.Lock()
	defer s.Unlock()
	e := s.find(hash, Table, o.key)
	if e == nil {
		return false
	}
	h := e.holder(o)
	return h != nil && h.txn&covers[Table][mode] != 0
}
