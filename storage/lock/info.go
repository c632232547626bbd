package lock

import (
	"encoding/binary"
	"slices"
	"time"
)

// Info is one line of pg_locks.
type Info struct {
	Class    Class
	Key      []byte // Row
	Table    uint64 // Table
	Advisory AdvisoryKey
	PID      uint32
	XID      uint64 // 0 = none yet
	Mode     Mode
	Granted  bool
	Since    time.Time // of the wait, if not granted
}

// List returns locks and waits, shard by shard: not one moment's picture of all. As in PostgreSQL, whose row locks stand in the rows, a
// row is among them once two owners have wanted it.
func (m *Manager) List() (list []Info) {
	for i := range m.shards {
		s := &m.shards[i]
		s.Lock()
		for _, e := range s.entries {
			for ; e != nil; e = e.next {
				list = e.list(list)
			}
		}
		s.Unlock()
	}
	return list
}

func (e *entry) list(list []Info) []Info {
	base := Info{Class: e.class, Granted: true}
	switch e.class {
	case Row:
		base.Key = append([]byte(nil), e.key...)
	case Table:
		base.Table = binary.BigEndian.Uint64(e.key)
	case Advisory:
		base.Advisory = AdvisoryKey{binary.BigEndian.Uint32(e.key), binary.BigEndian.Uint64(e.key[4:]), e.key[12] == 2}
	}
	for i := range e.holders {
		h := &e.holders[i]
		for mode := Mode(1); mode <= AccessExclusive; mode++ {
			if h.modes().has(mode) {
				in := base
				in.PID, in.XID, in.Mode = h.owner.PID(), h.owner.xid.Load(), mode
				list = append(list, in)
			}
		}
	}
	for _, w := range slices.Concat(e.queue, e.watch) {
		in := base
		in.PID, in.XID, in.Mode, in.Granted, in.Since = w.owner.PID(), w.owner.xid.Load(), w.mode, false, w.since
		list = append(list, in)
	}
	return list
}

// Blocking returns the pids that the owner with the pid waits for (pg_blocking_pids).
func (m *Manager) Blocking(pid uint32) (pids []uint32) {
	m.waits.Lock()
	defer m.waits.Unlock()
	for i := range m.shards {
		s := &m.shards[i]
		var mine []*waiter
		s.Lock()
		for _, e := range s.entries {
			for ; e != nil; e = e.next {
				for _, w := range slices.Concat(e.queue, e.watch) {
					if w.owner.PID() == pid {
						mine = append(mine, w)
					}
				}
			}
		}
		s.Unlock()
		for _, w := range mine {
			for _, b := range m.blockers(w) {
				pids = append(pids, b.owner.PID())
			}
		}
	}
	return pids
}
