package txn

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
)

// lineage remembers what has become of rows whose key says no longer where they are. A row stands under its primary key, so
// an UPDATE of the key is a delete and a put elsewhere: who saw the row at its old key and then wants to lock it must find it
// again (READ COMMITTED goes on with it, manual 13.2.1), and must not take another row that has come to the old key for it.
//
// Invariant: for a row that a snapshot of position S shows at key K, the first note of K above S says where that row went
// (or that it is no more); without one the row, if it still is, stands at K. A note is made after its commit is visible and
// before the commit's locks are given back, and kept while a snapshot below its position is open.
type lineage struct {
	count atomic.Int64 // of notes
	mu    sync.Mutex   // protects what follows
	notes map[string][]note
	grown int64 // count at which to look for notes that nobody needs
	floor uint64

	// deaths holds, by a hash of the key, the position of the last commit that deleted a row there: who puts a new row under
	// a key knows by it whether there may be snapshots with an older one.
	seed   maphash.Seed
	deaths [deathCount]atomic.Uint64
}

const (
	deathCount = 1 << 12
	// maxNotes bounds memory. Beyond it all notes are dropped; a snapshot that may need one then fails with ErrSerialization.
	maxNotes = 1 << 20
)

// note: at position lsn the row at the key went to another; "": it was deleted; departed: it went to another table.
type note struct {
	lsn uint64
	to  string
}

func (l *lineage) init() {
	l.notes, l.seed, l.grown = map[string][]note{}, maphash.MakeSeed(), 64
}

func (l *lineage) death(key []byte) *atomic.Uint64 {
	return &l.deaths[maphash.Bytes(l.seed, key)%deathCount]
}

var errForgotten = errors.Join(ErrSerialization, errors.New("too many rows have changed their keys since the snapshot"))

// next returns the first note of the key above a position.
func (l *lineage) next(key []byte, above uint64) (n note, ok bool, err error) {
	if l.count.Load() == 0 {
		return note{}, false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if above < l.floor {
		return note{}, false, errForgotten
	}
	for _, n := range l.notes[string(key)] {
		if n.lsn > above {
			return n, true, nil
		}
	}
	return note{}, false, nil
}

// add keeps the notes of a commit.
func (l *lineage) add(eng *engine.Engine, lsn uint64, notes map[string]string) {
	oldest := uint64(eng.OldestSnapshot())
	if len(notes) == 0 || oldest >= lsn {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.count.Load()
	for key, to := range notes {
		list := l.notes[key]
		at := len(list)
		for at > 0 && list[at-1].lsn > lsn {
			at--
		}
		list = append(list, note{})
		copy(list[at+1:], list[at:])
		list[at] = note{lsn, to}
		l.notes[key] = list
		n++
	}
	if n >= l.grown {
		n = l.prune(oldest)
		l.grown = 2*n + 64
	}
	if n > maxNotes {
		clear(l.notes)
		n, l.floor = 1, lsn // 1: so that next looks at the floor
	}
	l.count.Store(n)
}

func (l *lineage) prune(oldest uint64) (left int64) {
	for key, list := range l.notes {
		keep := list[:0]
		for _, n := range list {
			if n.lsn > oldest {
				keep = append(keep, n)
			}
		}
		if len(keep) == 0 {
			delete(l.notes, key)
			continue
		}
		l.notes[key] = keep
		left += int64(len(keep))
	}
	if l.floor > oldest {
		left++
	}
	return left
}

// step is something that a transaction did to the row at a key: a new row came there (to empty), or it went to another key.
type step struct{ key, to string }

// Moved tells that the row at one key now stands at another: after both have been written.
func (t *Txn) Moved(from, to []byte) { t.steps = append(t.steps, step{string(from), string(to)}) }

// departed stands in a note for a key of another table, where nobody follows: keys are longer.
const departed = "\x01"

// Departed tells that the row that stood at a key has been put into another table: after it has been deleted.
func (t *Txn) Departed(from []byte) { t.Moved(from, []byte(departed)) }

// HasDeparted reports whether the row that the View shows at a key now stands in another table.
func (v View) HasDeparted(key []byte) (bool, error) {
	n, ok, err := v.t.m.lineage.next(key, uint64(v.snap.LSN()))
	return ok && n.to == departed, err
}

// Born tells that a new row is put under a primary key: before it is written, under the key's lock.
func (t *Txn) Born(key []byte) {
	if d := t.m.lineage.death(key).Load(); d != 0 && d > uint64(t.m.eng.OldestSnapshot()) {
		t.steps = append(t.steps, step{key: string(key)})
	}
}

// noteLineage tells others what the commit at lsn has done. The locks are still held.
func (t *Txn) noteLineage(lsn uint64) {
	if len(t.steps) > 0 {
		notes := t.moves
		for from, to := range notes {
			// A row of a lake table that the transaction has deleted again keeps a key under which nothing stands.
			if final, ok := t.finalKey(to); ok {
				notes[from] = final
			}
		}
		t.m.lineage.add(t.m.eng, lsn, notes)
	}
	if !t.deleted {
		return
	}
	for n := t.ws.next(0); n != 0; n = t.ws.next(n) {
		if d := t.ws.nodes.at(n); d.old != 0 && d.top != 0 && t.ws.versions.at(d.top).size == deleted {
			raise(t.m.lineage.death(t.ws.key(n)), lsn)
		}
	}
}

// replaced gives, by the keys of rows of lake tables that the transaction has put, the committed versions in whose place they are: an
// update deletes one and puts the other.
func (t *Txn) replaced() map[string]uint64 {
	if len(t.steps) == 0 {
		return nil
	}
	t.moves = foldSteps(t.steps)
	var out map[string]uint64
	for from, to := range t.moves {
		if !change.IsProvisional([]byte(to)) {
			continue
		}
		n := t.ws.find([]byte(from))
		if n == 0 || t.ws.nodes.at(n).old == 0 {
			continue
		}
		if out == nil {
			out = map[string]uint64{}
		}
		out[to] = t.ws.nodes.at(n).old
	}
	return out
}

// finalKey is the key that a provisional one has become by the commit.
func (t *Txn) finalKey(key string) (final string, ok bool) {
	if !change.IsProvisional([]byte(key)) {
		return "", false
	}
	b, ok := t.group.FinalKey([]byte(key))
	return string(b), ok
}

func raise(at *atomic.Uint64, to uint64) {
	for {
		old := at.Load()
		if old >= to || at.CompareAndSwap(old, to) {
			return
		}
	}
}

// foldSteps gives, for the keys where other transactions may have seen rows, where those rows are after the steps; "" for gone.
func foldSteps(steps []step) map[string]string {
	const fresh = "\x00" // no key: those are longer
	origin, gone := map[string]string{}, map[string]string{}
	for _, s := range steps {
		if s.to == "" {
			origin[s.key] = fresh
			continue
		}
		from, ok := origin[s.key]
		if !ok {
			from = s.key
		}
		delete(origin, s.key)
		if s.to != departed {
			origin[s.to] = from
		} else if from != fresh {
			gone[from] = departed
		}
	}
	out := gone
	for at, from := range origin {
		if _, ok := out[at]; !ok && from != at {
			out[at] = ""
		}
		if from != fresh && from != at {
			out[from] = at
		}
	}
	return out
}
