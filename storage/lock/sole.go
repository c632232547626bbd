package lock

import (
	"sync"
	"sync/atomic"
)

// A row that one owner has locked and nobody waits for is not an entry but a slot: 16 bytes without pointers, as a transaction may lock
// every row of a table. What is locked is the hash of the key: two keys of one hash, which do not occur in practice, would be locked
// together and nothing worse. The first request of another owner makes an entry of the slot; an entry stays one until it is free.
//
// A hash has a slot, a Row entry, or neither.
type sole struct {
	hash   uint64 // of the row's key
	ticket uint32
	modes  modeSet // 0: empty
}

// rowHashMode are the bits of a row's hash that are zero, where Owner.rows keeps the mode.
const rowHashMode = 7

// soles is a hash table with linear probing of at most two thirds.
type soles struct {
	slots []sole // a power of two, or none
	count int
}

const minSoles = 16

func (t *soles) home(hash uint64) int { return int(hash >> 8 & uint64(len(t.slots)-1)) }

// find returns the slot of the hash; nil: none.
func (t *soles) find(hash uint64) *sole {
	if t.count == 0 {
		return nil
	}
	for i := t.home(hash); ; i = (i + 1) & (len(t.slots) - 1) {
		if s := &t.slots[i]; s.modes == 0 {
			return nil
		} else if s.hash == hash {
			return s
		}
	}
}

// add takes a slot for a hash that has none.
func (t *soles) add(hash uint64, ticket uint32, mode Mode) {
	if (t.count+1)*3 > len(t.slots)*2 {
		old := t.slots
		t.slots = make([]sole, max(minSoles, 2*len(old)))
		for i := range old {
			if old[i].modes != 0 {
				t.put(old[i])
			}
		}
	}
	t.put(sole{hash, ticket, 1 << mode})
	t.count++
}

func (t *soles) put(s sole) {
	i := t.home(s.hash)
	for t.slots[i].modes != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = s
}

// remove empties a slot and closes the gap in the run of slots behind it.
func (t *soles) remove(s *sole) {
	t.count--
	if t.count == 0 && len(t.slots) > maxFree {
		t.slots = nil
		return
	}
	mask := len(t.slots) - 1
	hole := t.home(s.hash)
	for &t.slots[hole] != s {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; t.slots[i].modes != 0; i = (i + 1) & mask {
		// The slot may move to the hole unless its home lies behind it.
		if (i-t.home(t.slots[i].hash))&mask >= (i-hole)&mask {
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = sole{}
}

// tickets number the owners that hold slots. An owner has its ticket from its first slot until it has no row locks.
type tickets struct {
	mu     sync.Mutex
	free   []uint32
	owners atomic.Pointer[[]atomic.Pointer[Owner]]
}

func (t *tickets) take(o *Owner) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) == 0 {
		var old []atomic.Pointer[Owner]
		if p := t.owners.Load(); p != nil {
			old = *p
		}
		grown := make([]atomic.Pointer[Owner], max(64, 2*len(old)))
		for i := range old {
			grown[i].Store(old[i].Load())
		}
		for i := len(grown) - 1; i >= len(old); i-- {
			t.free = append(t.free, uint32(i))
		}
		t.owners.Store(&grown)
	}
	n := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	(*t.owners.Load())[n].Store(o)
	return n
}

func (t *tickets) give(n uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	(*t.owners.Load())[n].Store(nil)
	t.free = append(t.free, n)
}

// owner of a ticket that some slot has; the caller holds the slot's shard.
func (t *tickets) owner(n uint32) *Owner { return (*t.owners.Load())[n].Load() }

// lockSole locks a row that nobody else has or waits for. It reports done = false where the slow way has to be gone, with an entry in the
// place of the slot if there was one; held as acquire.
func (m *Manager) lockSole(o *Owner, s *shard, hash uint64, key []byte, mode Mode) (done, held bool) {
	if x := s.soles.find(hash); x != nil {
		if o.ticketed && x.ticket == o.ticket {
			if x.modes&covers[Row][mode] != 0 {
				return true, true
			}
			x.modes |= 1 << mode
			return true, false
		}
		m.inflate(s, x, key)
		return false, false
	}
	if s.findRow(hash) != nil {
		return false, false
	}
	if !o.ticketed {
		o.ticket, o.ticketed = m.tickets.take(o), true
	}
	s.soles.add(hash, o.ticket, mode)
	return true, false
}

// inflate makes an entry of a slot.
func (m *Manager) inflate(s *shard, x *sole, key []byte) {
	e := s.add(x.hash, Row, key)
	e.holders = append(e.holders, holder{owner: m.tickets.owner(x.ticket), txn: x.modes})
	s.soles.remove(x)
}

// findRow returns the entry of a row, nil for none.
func (s *shard) findRow(hash uint64) *entry {
	e := s.entries[hash]
	for e != nil && e.class != Row {
		e = e.next
	}
	return e
}

// giveRow gives back a mode of a row.
func (o *Owner) giveRow(hash uint64, mode Mode) {
	s := o.m.shard(hash)
	s.Lock()
	if x := s.soles.find(hash); x != nil {
		if x.modes &^= 1 << mode; x.modes == 0 {
			s.soles.remove(x)
		}
	} else if e := s.findRow(hash); e != nil {
		e.ungrant(o, 1<<mode, 0)
		s.drop(e)
	}
	s.Unlock()
}
