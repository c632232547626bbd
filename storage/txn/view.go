package txn

import (
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// View is what a statement sees: a snapshot and the transaction's writes of the commands before. It is small and
// copied by value; whoever got it from Statement, Latest or Retain calls Release once, after closing its Iters.
type View struct {
	t     *Txn
	snap  *engine.Snapshot
	bound uint32 // commands below it are seen
}

// maxBound sees every write of the transaction.
const maxBound = 1<<32 - 1

// Statement begins a statement: its writes become a new command, and it sees what the View shows. A statement inside
// another (of a function) calls it again; the outer one goes on with its own View.
func (t *Txn) Statement() View {
	if t.dirty {
		t.cmd++
		t.dirty = false
	}
	t.views = append(t.views, t.cmd)
	return View{t: t, snap: t.snapshot(), bound: t.cmd}
}

// Latest is the newest committed state with all of the transaction's writes, those of the statement under way
// included, whatever the isolation level: for constraint checks. It is fixed when it is made, but for the latter.
func (t *Txn) Latest() View {
	t.views = append(t.views, maxBound)
	return View{t: t, snap: t.m.eng.Snapshot(), bound: maxBound}
}

// snapshot returns the snapshot of a new statement, with a reference for the caller.
func (t *Txn) snapshot() *engine.Snapshot {
	if t.iso == ReadCommitted {
		return t.m.eng.Snapshot()
	}
	if t.snap == nil {
		t.snap = t.m.eng.Snapshot()
	}
	t.snap.Retain()
	return t.snap
}

// Retain returns another View of the same, to be released on its own (a cursor's).
func (v View) Retain() View {
	v.snap.Retain()
	v.t.views = append(v.t.views, v.bound)
	return v
}

// Release ends the View.
func (v View) Release() {
	vs := v.t.views
	for i := len(vs) - 1; i >= 0; i-- {
		if vs[i] == v.bound {
			vs[i] = vs[len(vs)-1]
			v.t.views = vs[:len(vs)-1]
			break
		}
	}
	v.snap.Release()
}

// oldestView is the smallest bound of the open Views.
func (t *Txn) oldestView() uint32 {
	oldest := t.cmd
	for _, b := range t.views {
		oldest = min(oldest, b)
	}
	return oldest
}

// LSN is the position of the last commit that the View sees.
func (v View) LSN() wal.LSN { return v.snap.LSN() }

// Snapshot is the committed part of the View, for readers of other shapes of the data; it lives as long as the View.
func (v View) Snapshot() *engine.Snapshot { return v.snap }

// Wrote reports whether the View shows writes of its own transaction in [lo, hi); a nil hi is open.
func (v View) Wrote(lo, hi []byte) bool {
	ws := &v.t.ws
	if ws.empty() {
		return false
	}
	for i := range ws.ranges {
		if r := &ws.ranges[i]; r.cmd < v.bound && (hi == nil || string(r.lo) < string(hi)) && string(lo) < string(r.hi) {
			return true
		}
	}
	for n := ws.seek(lo); n != 0 && (hi == nil || string(ws.key(n)) < string(hi)); n = ws.next(n) {
		if seen, _ := ws.visible(n, v.bound); seen != 0 {
			return true
		}
	}
	return false
}

// Get appends the value of a key to dst, which owns it then; ok is false if there is none.
func (v View) Get(dst, key []byte) (value []byte, ok bool, err error) {
	ws := &v.t.ws
	if ws.empty() {
		return v.snap.AppendGet(dst, key)
	}
	if value, known, ok, err := ws.get(dst, key, v.bound); known {
		return value, ok, err
	}
	return v.snap.AppendGet(dst, key)
}

// GetLatest is Get on Latest, cheaper: the newest committed value, or the transaction's own.
func (t *Txn) GetLatest(dst, key []byte) (value []byte, ok bool, err error) {
	if !t.ws.empty() {
		if value, known, ok, err := t.ws.get(dst, key, maxBound); known {
			return value, ok, err
		}
	}
	value, c, ok, err := t.m.eng.GetLatest(key)
	if !ok {
		return dst, false, err
	}
	dst = append(dst, value...)
	return dst, true, c.Close()
}

// get answers from the write set alone; known is false if it has nothing to say about the key.
func (ws *writeSet) get(dst, key []byte, bound uint32) (value []byte, known, ok bool, err error) {
	n := ws.find(key)
	if n == 0 {
		return dst, len(ws.ranges) > 0 && ws.rangeSeq(key, bound) != 0, false, nil
	}
	v, hidden := ws.visible(n, bound)
	if v == 0 {
		return dst, hidden, false, nil
	}
	if ws.versions[v].size == deleted {
		return dst, true, false, nil
	}
	value, err = ws.values.get(ws.versions[v].pos, int(ws.versions[v].size), nil)
	if err != nil {
		return dst, true, false, err
	}
	return append(dst, value...), true, true, nil
}
