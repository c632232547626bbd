package txn

import (
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// View is what a statement sees: a snapshot and the transaction's writes of the commands before. It is small and
// copied by value; whoever got it from Statement, Latest or Retain calls Release once, after closing its Iters. The end
// of the transaction releases what is left: then Release does nothing, and any other use panics.
type View struct {
	t     *Txn
	snap  *engine.Snapshot
	bound uint32 // commands below it are seen
	gen   uint32 // of t
}

// openView is a View that has not been released.
type openView struct {
	snap  *engine.Snapshot
	bound uint32
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
	return t.open(t.snapshot(), t.cmd)
}

// Latest is the newest committed state with all of the transaction's writes, those of the statement under way
// included, whatever the isolation level: for constraint checks. It is fixed when it is made, but for the latter.
func (t *Txn) Latest() View {
	return t.open(t.m.eng.Snapshot(), maxBound)
}

// open makes a View that owns a reference to the snapshot.
func (t *Txn) open(snap *engine.Snapshot, bound uint32) View {
	t.views = append(t.views, openView{snap, bound})
	return View{t: t, snap: snap, bound: bound, gen: t.gen.Load()}
}

func (v View) check() {
	if v.gen != v.t.gen.Load() {
		panic("txn: View used after the end of its transaction")
	}
}

// snapshot returns the snapshot of a new statement, with a reference for the caller.
func (t *Txn) snapshot() *engine.Snapshot {
	if t.iso == ReadCommitted {
		return t.m.eng.Snapshot()
	}
	switch {
	case t.snap != nil:
	case t.iso == Serializable:
		t.beginSerial()
	default:
		t.snap = t.m.eng.Snapshot()
	}
	t.snap.Retain()
	return t.snap
}

// Retain returns another View of the same, to be released on its own (a cursor's).
func (v View) Retain() View {
	v.check()
	v.snap.Retain()
	return v.t.open(v.snap, v.bound)
}

// Release ends the View.
func (v View) Release() {
	if v.gen != v.t.gen.Load() {
		return
	}
	vs := v.t.views
	for i := len(vs) - 1; i >= 0; i-- {
		if vs[i].bound == v.bound && vs[i].snap == v.snap {
			last := len(vs) - 1
			vs[i] = vs[last]
			vs[last] = openView{}
			v.t.views = vs[:last]
			v.snap.Release()
			return
		}
	}
	panic("txn: View released twice")
}

// oldestView is the smallest bound of the open Views.
func (t *Txn) oldestView() uint32 {
	oldest := t.cmd
	for i := range t.views {
		oldest = min(oldest, t.views[i].bound)
	}
	return oldest
}

// LSN is the position of the last commit that the View sees.
func (v View) LSN() wal.LSN { return v.snap.LSN() }

// Snapshot is the committed part of the View, for readers of other shapes of the data; it lives as long as the View.
func (v View) Snapshot() *engine.Snapshot { return v.snap }

// SplitKey is Engine.SplitKey.
func (v View) SplitKey(lo, hi []byte) ([]byte, error) { return v.t.m.eng.SplitKey(lo, hi) }

// Wrote reports whether the View shows writes of its own transaction in [lo, hi); a nil hi is open. It may say so
// falsely where there are many that it does not show.
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
	n := ws.seek(lo)
	for range 16 {
		if n == 0 || hi != nil && string(ws.key(n)) >= string(hi) {
			return false
		}
		if seen, _ := ws.visible(n, v.bound); seen != 0 {
			return true
		}
		n = ws.next(n)
	}
	return true
}

// Get appends the value of a key to dst, which owns it then; ok is false if there is none.
func (v View) Get(dst, key []byte) (value []byte, ok bool, err error) {
	if value, known, ok, err := v.own(dst, key); known {
		return value, ok, err
	}
	if loads, err := v.loads(key); loads != nil || err != nil {
		if err != nil {
			return dst, false, err
		}
		return v.snap.AppendGetLoaded(dst, key, loads)
	}
	return v.snap.AppendGet(dst, key)
}

// own answers from the transaction's writes, and notes that a key is read that they say nothing of: known is false.
func (v View) own(dst, key []byte) (value []byte, known, ok bool, err error) {
	v.check()
	if ws := &v.t.ws; !ws.empty() {
		if value, known, ok, err := ws.get(dst, key, v.bound); known {
			return value, true, ok, err
		}
	}
	if v.t.serial != nil && v.bound != maxBound {
		if err := v.t.serial.ReadKey(key); err != nil {
			return dst, true, false, err
		}
	}
	return dst, false, false, nil
}

// loads are the transaction's loads that the View shows, of the lake table to which a key belongs.
func (v View) loads(key []byte) ([][]byte, error) {
	if len(v.t.loads) == 0 || len(key) < change.KeyPrefix || !change.IsLake(change.TableOf(key)) || change.IndexOf(key) != change.PrimaryIndex {
		return nil, nil
	}
	return v.t.loadsOf(change.TableOf(key), v.bound)
}

// GetLatest is Get on Latest, cheaper: the newest committed value, or the transaction's own.
func (t *Txn) GetLatest(dst, key []byte) (value []byte, ok bool, err error) {
	if !t.ws.empty() {
		if value, known, ok, err := t.ws.get(dst, key, maxBound); known {
			return value, ok, err
		}
	}
	if _, own := t.loadOf(key); own {
		latest := t.Latest()
		defer latest.Release()
		return latest.Get(dst, key)
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
	if ws.versions.at(v).size == deleted {
		return dst, true, false, nil
	}
	value, err = ws.values.get(ws.versions.at(v).pos, int(ws.versions.at(v).size), nil)
	if err != nil {
		return dst, true, false, err
	}
	return append(dst, value...), true, true, nil
}
