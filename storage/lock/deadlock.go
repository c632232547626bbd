package lock

import (
	"fmt"
	"strings"
)

// DeadlockError says that waiting for a lock would never end. The request failed; the transaction should end.
type DeadlockError struct {
	// Cycle is the circle: each waits for what the next one has or will get first, the last for the first. The first
	// is the one that failed.
	Cycle []Wait
}

// Wait is one waiter of a DeadlockError.
type Wait struct {
	PID   uint32
	XID   uint64
	Class Class
	Key   []byte // of the row, table or advisory lock
	Mode  Mode
}

func (e *DeadlockError) Error() string {
	var b strings.Builder
	b.WriteString("deadlock")
	for i, w := range e.Cycle {
		next := e.Cycle[(i+1)%len(e.Cycle)]
		fmt.Fprintf(&b, "; process %d waits for %s on %s %x, blocked by process %d", w.PID, w.Mode.Name(w.Class), w.Class, w.Key, next.PID)
	}
	return b.String()
}

// edge: from waits for the owner that comes next on the path.
type edge struct {
	from *waiter
	// soft: only because of the order of the queue, behind the waiter before.
	soft   bool
	before *waiter
}

// resolve looks for a circle through o, which waits. Where a circle hangs on the order of a queue only, it tries the
// other order. It returns what is left. Manager.waits is held, so no wait begins meanwhile; waits that end only take
// edges away, and who waits has everything that it had when it began to, so a circle that is found is one.
func (m *Manager) resolve(o *Owner) *DeadlockError {
	for range 16 {
		path := m.search(o)
		if path == nil {
			return nil
		}
		if !m.reorder(path) {
			return m.deadlock(path)
		}
	}
	return m.deadlock(m.search(o))
}

// deadlock describes the circle; nil for none.
func (m *Manager) deadlock(path []edge) *DeadlockError {
	if path == nil {
		return nil
	}
	d := &DeadlockError{}
	for _, e := range path {
		w := e.from
		s := m.shard(w.hash)
		s.Lock()
		d.Cycle = append(d.Cycle, Wait{
			PID: w.owner.PID(), XID: w.owner.xid.Load(), Class: w.entry.class,
			Key: append([]byte(nil), w.entry.key...), Mode: w.mode,
		})
		s.Unlock()
	}
	return d
}

// search walks the wait graph, depth first, from o back to o.
func (m *Manager) search(o *Owner) []edge {
	if !m.anyoneBehind(o) {
		return nil
	}
	m.visits++
	return m.visitOwner(o, o, nil)
}

// anyoneBehind is the cheap test that settles most waits: nobody waits where o holds a lock or stands in a queue.
func (m *Manager) anyoneBehind(o *Owner) bool {
	for _, r := range o.rows {
		if m.rowQueued(r &^ rowHashMode) {
			return true
		}
	}
	for i := range o.grants {
		if m.queued(o.grants[i].entry, o.grants[i].entry.hash, nil) {
			return true
		}
	}
	for i := range o.session {
		if m.queued(o.session[i].entry, o.session[i].entry.hash, nil) {
			return true
		}
	}
	w := o.waiting.Load()
	return w != nil && m.queued(w.entry, w.hash, w)
}

// rowQueued reports whether somebody waits for the row.
func (m *Manager) rowQueued(hash uint64) bool {
	s := m.shard(hash)
	s.Lock()
	defer s.Unlock()
	e := s.findRow(hash)
	return e != nil && len(e.queue) > 0
}

// queued reports whether somebody waits for the entry, behind w if given.
func (m *Manager) queued(e *entry, hash uint64, w *waiter) bool {
	s := m.shard(hash)
	s.Lock()
	defer s.Unlock()
	if w == nil {
		return len(e.queue) > 0 || len(e.watch) > 0
	}
	at := e.index(w)
	return at >= 0 && at != len(e.queue)-1
}

// blocker is an owner that somebody waits for.
type blocker struct {
	owner *Owner
	ahead *waiter // set if it only stands before in the queue
}

func (m *Manager) visitOwner(o, target *Owner, path []edge) []edge {
	o.visit = m.visits
	w := o.waiting.Load()
	if w == nil {
		return nil
	}
	for _, b := range m.blockers(w) {
		e := edge{from: w, soft: b.ahead != nil, before: b.ahead}
		if b.owner == target {
			return append(path, e)
		}
		if b.owner.visit != m.visits {
			if found := m.visitOwner(b.owner, target, append(path, e)); found != nil {
				return found
			}
		}
	}
	return nil
}

// blockers lists whom w waits for: holders first.
func (m *Manager) blockers(w *waiter) (bs []blocker) {
	e := w.entry
	s := m.shard(w.hash)
	s.Lock()
	defer s.Unlock()
	if w.watches {
		for _, o := range w.others {
			bs = append(bs, blocker{owner: o})
		}
		return bs
	}
	at := e.index(w)
	if at < 0 {
		return nil // granted meanwhile
	}
	bad := conflicts[e.class][w.mode]
	for i := range e.holders {
		if h := &e.holders[i]; h.owner != w.owner && bad&h.modes() != 0 {
			bs = append(bs, blocker{owner: h.owner})
		}
	}
	if e.class == Row && len(bs) > 0 {
		return bs // those who stand before wait for the same
	}
	for _, ahead := range e.queue[:at] {
		if bad.has(ahead.mode) {
			bs = append(bs, blocker{owner: ahead.owner, ahead: ahead})
		}
	}
	return bs
}

// reorder breaks the circle by letting a waiter pass one that it only stands behind, the one furthest from the searcher first.
// It reports whether it found a place where that makes no new circle.
func (m *Manager) reorder(path []edge) bool {
	for i := len(path) - 1; i >= 0; i-- {
		if e := path[i]; e.soft && m.pass(e.from, e.before) {
			return true
		}
	}
	return false
}

// pass moves w before ahead in their queue, and undoes that if ahead would then be in a circle.
func (m *Manager) pass(w, ahead *waiter) bool {
	e := w.entry
	s := m.shard(w.hash)
	s.Lock()
	from, to := e.index(w), e.index(ahead)
	if from < 0 || to < 0 || to > from {
		s.Unlock()
		return true // the queue has moved on: look again
	}
	e.unqueue(from)
	e.enqueue(w, to)
	s.Unlock()
	m.visits++
	worse := m.visitOwner(ahead.owner, ahead.owner, nil) != nil
	s.Lock()
	defer s.Unlock()
	if worse {
		if now := e.index(w); now >= 0 {
			e.unqueue(now)
			e.enqueue(w, min(from, len(e.queue)))
		}
		return false
	}
	e.serve()
	return true
}
