package txn

import "github.com/tarndb/tarn/storage/lock"

// Savepoint is a point to which a transaction can go back. Savepoints nest like a stack.
type Savepoint uint32

type savepoint struct {
	mark   uint32
	undo   int // length of writeSet.undo when it was set
	ranges int
	extras int
	steps  int
	locks  lock.Mark
}

// noteUndo remembers that a node gets its first version since the newest savepoint. A version belongs to the
// savepoints whose mark is not above its own.
func (ws *writeSet) noteUndo(n, top uint32) {
	if len(ws.savepoints) == 0 {
		return
	}
	if since := ws.savepoints[len(ws.savepoints)-1].mark; top == 0 || ws.versions.at(top).mark < since {
		ws.undo = append(ws.undo, n)
	}
}

// separated reports whether a rollback can take a version of mark newer away and leave one of mark older.
func (ws *writeSet) separated(older, newer uint32) bool {
	for i := len(ws.savepoints) - 1; i >= 0; i-- {
		if m := ws.savepoints[i].mark; m <= newer {
			return m > older
		}
	}
	return false
}

// Savepoint sets a savepoint on top of the others.
func (t *Txn) Savepoint() Savepoint {
	t.ws.mark++
	sp := savepoint{mark: t.ws.mark, undo: len(t.ws.undo), ranges: len(t.ws.ranges), extras: len(t.extras), steps: len(t.steps)}
	if t.owner != nil {
		sp.locks = t.owner.Mark()
	}
	t.ws.savepoints = append(t.ws.savepoints, sp)
	return Savepoint(sp.mark)
}

func (t *Txn) findSavepoint(s Savepoint) int {
	for i := len(t.ws.savepoints) - 1; i >= 0; i-- {
		if t.ws.savepoints[i].mark == uint32(s) {
			return i
		}
	}
	return -1
}

// RollbackTo undoes all writes and gives back all locks since the savepoint, which stays; those above it go.
func (t *Txn) RollbackTo(s Savepoint) error {
	i := t.findSavepoint(s)
	if i < 0 {
		return ErrNoSavepoint
	}
	ws, sp := &t.ws, t.ws.savepoints[i]
	for _, n := range ws.undo[sp.undo:] {
		d := ws.nodes.at(n)
		for d.top != 0 && ws.versions.at(d.top).mark >= sp.mark {
			d.top = ws.versions.at(d.top).prev
		}
	}
	ws.undo = ws.undo[:sp.undo]
	clear(ws.ranges[sp.ranges:])
	ws.ranges = ws.ranges[:sp.ranges]
	clear(t.extras[sp.extras:])
	t.extras = t.extras[:sp.extras]
	clear(t.steps[sp.steps:])
	t.steps = t.steps[:sp.steps]
	ws.savepoints = ws.savepoints[:i+1]
	if t.owner != nil {
		t.owner.ReleaseTo(sp.locks)
	}
	return nil
}

// Release forgets the savepoint and those above it; what was written since stays.
func (t *Txn) Release(s Savepoint) error {
	i := t.findSavepoint(s)
	if i < 0 {
		return ErrNoSavepoint
	}
	t.ws.savepoints = t.ws.savepoints[:i]
	if i == 0 {
		t.ws.undo = t.ws.undo[:0]
	}
	return nil
}
