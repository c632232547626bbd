package txn

import (
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
)

// Getter is a View's Get for many keys that are near each other. The first few are looked up by themselves; then an iterator is kept,
// which a look-up moves. The zero Getter is ready; it is closed before its View is released.
type Getter struct {
	gets int
	snap *engine.Snapshot // that it is of
	it   *engine.Iter
}

// keptAfter look-ups cost less alone than with an iterator made for them.
const keptAfter = 4

// Get is View.Get.
func (g *Getter) Get(v View, dst, key []byte) (value []byte, ok bool, err error) {
	if g.gets < keptAfter || change.IsLakeRow(key) {
		g.gets++
		return v.Get(dst, key)
	}
	if value, known, ok, err := v.own(dst, key); known {
		return value, ok, err
	}
	if g.snap != v.snap {
		if err := g.close(); err != nil {
			return dst, false, err
		}
		g.snap, g.it = v.snap, v.snap.NewIter(nil, nil)
	}
	if !g.it.Find(key) {
		return dst, false, g.it.Error()
	}
	found := g.it.Value()
	if err := g.it.Error(); err != nil {
		return dst, false, err
	}
	return append(dst, found...), true, nil
}

// Close lets go of the iterator. The Getter may be used again, with any View.
func (g *Getter) Close() error {
	g.gets = 0
	return g.close()
}

func (g *Getter) close() error {
	if g.it == nil {
		return nil
	}
	it := g.it
	g.it, g.snap = nil, nil
	return it.Close()
}
