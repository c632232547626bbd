package txn

import (
	"bytes"
	"sync"

	"github.com/tarndb/tarn/storage/engine"
)

// Iter walks the keys of a View in byte order, both ways. After NewIter it stands nowhere. Key and Value are valid
// until the next move. Writes of the transaction while it is open do not change what it shows.
type Iter struct {
	ws    *writeSet // nil: nothing of the transaction's is in the range
	bound uint32
	base  *engine.Iter
	lo    []byte
	hi    []byte

	baseOK  bool   // base stands on a key that is not behind the position
	node    uint32 // next node with something to say, 0 = none
	version uint32 // of node; 0 = it is hidden
	on      source
	forward bool

	scratch []byte // key, for a turn
	value   []byte // spilled value
	err     error
}

// source says where the current row comes from.
type source uint8

const (
	nowhere source = iota
	onBase
	onNode
	onBoth // the node's version replaces the base's
)

var iters = sync.Pool{New: func() any { return new(Iter) }}

// NewIter returns an iterator over lo (included) to hi (excluded; nil = open). The bounds must not change while it is
// open. An error in making it is reported by Error. The caller closes it before releasing the View.
func (v View) NewIter(lo, hi []byte) *Iter {
	v.check()
	i := iters.Get().(*Iter)
	scratch, value := i.scratch[:0], i.value[:0]
	var err error
	if v.t.serial != nil && v.bound != maxBound {
		if err = v.t.serial.ReadRange(lo, hi); err != nil {
			hi = lo // shows nothing
		}
	}
	loads, lerr := v.loads(lo)
	if err == nil && lerr != nil {
		err, hi = lerr, lo
	}
	*i = Iter{bound: v.bound, base: v.snap.NewIterLoaded(lo, hi, loads), lo: lo, hi: hi, scratch: scratch, value: value, err: err}
	if v.Wrote(lo, hi) {
		i.ws = &v.t.ws
	}
	return i
}

// Reset moves to another range of the same View: after it the iterator is as NewIter makes it, at a smaller cost. Not after an error, nor
// for rows of lake tables, of which Narrow has said what is wanted.
func (i *Iter) Reset(v View, lo, hi []byte) {
	v.check()
	if v.t.serial != nil && v.bound != maxBound {
		if i.err = v.t.serial.ReadRange(lo, hi); i.err != nil {
			hi = lo
		}
	}
	i.base.SetBounds(lo, hi)
	i.lo, i.hi, i.ws = lo, hi, nil
	i.baseOK, i.node, i.version, i.on, i.forward = false, 0, 0, nowhere, false
	if v.Wrote(lo, hi) {
		i.ws = &v.t.ws
	}
}

// Close ends the iterator, which must not be used afterwards, and returns its Error.
func (i *Iter) Close() error {
	err := i.err
	if cerr := i.base.Close(); err == nil {
		err = cerr
	}
	scratch, value := i.scratch, i.value
	if cap(scratch)+cap(value) > keepBytes {
		scratch, value = nil, nil
	}
	*i = Iter{scratch: scratch, value: value}
	iters.Put(i)
	return err
}

// Narrow, before the first move, says what of a lake table's rows is wanted; the transaction's own come as they are.
func (i *Iter) Narrow(w *engine.Want) { i.base.Narrow(w) }

// Error is the reason why a move ended early, nil at the end of the range. To be asked when a loop has ended.
func (i *Iter) Error() error {
	if i.err != nil {
		return i.err
	}
	return i.base.Error()
}

func (i *Iter) Valid() bool { return i.on != nowhere }

// Key is the current key.
func (i *Iter) Key() []byte {
	if i.on == onBase {
		return i.base.Key()
	}
	return i.ws.key(i.node)
}

// Value is the current value; nil after a read error, which Error reports.
func (i *Iter) Value() []byte {
	if i.on == onBase {
		return i.base.Value()
	}
	v := i.ws.versions.at(i.version)
	value, err := i.ws.values.get(v.pos, int(v.size), i.value)
	if err != nil {
		i.err = err
		return nil
	}
	if i.ws.values.onDisk > 0 && cap(value) > cap(i.value) && i.ws.values.segs[v.pos>>segmentBits].data == nil {
		i.value = value[:0]
	}
	return value
}

// Own reports that the current row is a write of the transaction itself.
func (i *Iter) Own() bool { return i.on > onBase }

// First moves to the first key of the range.
func (i *Iter) First() bool {
	if i.ws == nil {
		return i.passed(i.base.First())
	}
	i.forward = true
	i.baseOK = i.base.First()
	i.setNode(i.ws.seek(i.lo))
	return i.settleForward()
}

// Last moves to the last key of the range.
func (i *Iter) Last() bool {
	if i.ws == nil {
		return i.passed(i.base.Last())
	}
	i.forward = false
	i.baseOK = i.base.Last()
	i.setNode(i.ws.seekBefore(i.hi))
	return i.settleBackward()
}

// SeekGE moves to the first key that is not before key.
func (i *Iter) SeekGE(key []byte) bool {
	if i.ws == nil {
		return i.passed(i.base.SeekGE(key))
	}
	i.forward = true
	i.baseOK = i.base.SeekGE(key)
	if bytes.Compare(key, i.lo) < 0 {
		key = i.lo
	}
	i.setNode(i.ws.seek(key))
	return i.settleForward()
}

// SeekLT moves to the last key before key.
func (i *Iter) SeekLT(key []byte) bool {
	if i.ws == nil {
		return i.passed(i.base.SeekLT(key))
	}
	i.forward = false
	i.baseOK = i.base.SeekLT(key)
	if i.hi != nil && bytes.Compare(key, i.hi) > 0 {
		key = i.hi
	}
	i.setNode(i.ws.seekBefore(key))
	return i.settleBackward()
}

// Next moves to the following key.
func (i *Iter) Next() bool {
	switch {
	case i.ws == nil:
		return i.passed(i.base.Next())
	case i.on == nowhere:
		return false
	case !i.forward:
		i.scratch = append(append(i.scratch[:0], i.Key()...), 0)
		return i.SeekGE(i.scratch)
	}
	if i.on != onNode {
		i.baseOK = i.base.Next()
	}
	if i.on != onBase {
		i.setNode(i.ws.next(i.node))
	}
	return i.settleForward()
}

// Prev moves to the key before.
func (i *Iter) Prev() bool {
	switch {
	case i.ws == nil:
		return i.passed(i.base.Prev())
	case i.on == nowhere:
		return false
	case i.forward:
		i.scratch = append(i.scratch[:0], i.Key()...)
		return i.SeekLT(i.scratch)
	}
	if i.on != onNode {
		i.baseOK = i.base.Prev()
	}
	if i.on != onBase {
		i.setNode(i.ws.nodes.at(i.node).prev)
	}
	return i.settleBackward()
}

func (i *Iter) passed(ok bool) bool {
	i.on = nowhere
	if ok {
		i.on = onBase
	}
	return ok
}

// setNode moves to node n, or the next one in the direction of travel that has something to say inside the bounds.
func (i *Iter) setNode(n uint32) {
	for ; n != 0; n = i.following(n) {
		if i.forward && i.hi != nil && bytes.Compare(i.ws.key(n), i.hi) >= 0 ||
			!i.forward && bytes.Compare(i.ws.key(n), i.lo) < 0 {
			n = 0
			break
		}
		v, hidden := i.ws.visible(n, i.bound)
		if v != 0 || hidden {
			i.version = v
			break
		}
	}
	i.node = n
}

func (i *Iter) following(n uint32) uint32 {
	if i.forward {
		return i.ws.next(n)
	}
	return i.ws.nodes.at(n).prev
}

// settleForward takes the smaller of the two positions, skipping what is deleted.
func (i *Iter) settleForward() bool {
	for {
		c := i.skipRanges()
		switch {
		case !i.baseOK && i.node == 0:
			i.on = nowhere
			return false
		case c < 0:
			i.on = onBase
			return true
		case i.shows():
			i.on = onNode
			if c == 0 {
				i.on = onBoth
			}
			return true
		}
		if c == 0 {
			i.baseOK = i.base.Next()
		}
		i.setNode(i.ws.next(i.node))
	}
}

// settleBackward takes the larger one.
func (i *Iter) settleBackward() bool {
	for {
		c := i.skipRanges()
		switch {
		case !i.baseOK && i.node == 0:
			i.on = nowhere
			return false
		case c < 0:
			i.on = onBase
			return true
		case i.shows():
			i.on = onNode
			if c == 0 {
				i.on = onBoth
			}
			return true
		}
		if c == 0 {
			i.baseOK = i.base.Prev()
		}
		i.setNode(i.ws.nodes.at(i.node).prev)
	}
}

// shows reports whether the node gives a row.
func (i *Iter) shows() bool {
	return i.version != 0 && i.ws.versions.at(i.version).size != deleted
}

// skipRanges moves the base out of ranges that the transaction has deleted and then says which of the two comes first
// in the direction of travel: below 0 the base, above 0 the node, 0 both stand on one key.
func (i *Iter) skipRanges() int {
	for r := 0; i.baseOK && r < len(i.ws.ranges); {
		d := &i.ws.ranges[r]
		if d.cmd >= i.bound || !d.covers(i.base.Key()) {
			r++
			continue
		}
		if i.forward {
			i.baseOK = i.base.SeekGE(d.hi)
		} else {
			i.baseOK = i.base.SeekLT(d.lo)
		}
		r = 0
	}
	switch {
	case !i.baseOK:
		return 1
	case i.node == 0:
		return -1
	}
	c := bytes.Compare(i.base.Key(), i.ws.key(i.node))
	if !i.forward {
		c = -c
	}
	return c
}
