package txn

import (
	"bytes"
	"math/bits"
)

// writeSet holds a transaction's uncommitted writes: a skip list over keys, for each key the chain of its versions,
// newest first, and the deleted ranges. Nodes are never removed while the transaction lives (a node without versions
// counts as not there), so that an iterator's position stays good whatever is written or rolled back.
type writeSet struct {
	keys     keyLog
	nodes    paged[node]   // 0 is the head
	tower    paged[uint32] // next nodes, from a node's lowest level up; those of a node stand in one page
	tails    [maxLevel]uint32
	level    int
	rng      uint64
	versions paged[version] // 0 is unused: it means none
	values   valueLog
	ranges   []rangeDelete
	seq      uint32 // of the last write
	// mark is the number of the last savepoint; savepoints and undo are in savepoint.go.
	mark       uint32
	savepoints []savepoint
	undo       []uint32 // nodes to be looked at by a rollback
}

const maxLevel = 12

type node struct {
	key    int // offset in keys
	old    uint64
	keyLen uint32
	tower  uint32 // offset of its next nodes
	prev   uint32
	top    uint32 // newest version
}

type version struct {
	pos  uint64 // in values
	size uint32 // deleted: nothing
	prev uint32 // older version
	cmd  uint32
	mark uint32
	seq  uint32
}

const deleted = 1<<32 - 1

// rangeDelete hides what was written or committed before it in [lo, hi).
type rangeDelete struct {
	lo, hi []byte
	cmd    uint32
	seq    uint32
}

func (r *rangeDelete) covers(key []byte) bool {
	return bytes.Compare(r.lo, key) <= 0 && bytes.Compare(key, r.hi) < 0
}

func (ws *writeSet) init() {
	ws.nodes.add(node{})
	for range maxLevel {
		ws.tower.add(0)
	}
	ws.tails = [maxLevel]uint32{}
	ws.versions.add(version{})
	ws.level = 1
	if ws.rng == 0 {
		ws.rng = 0x9e3779b97f4a7c15
	}
}

// reset empties the set and gives back memory that an idle transaction should not keep.
func (ws *writeSet) reset() {
	if ws.nodes.n > 1 || len(ws.ranges) > 0 {
		ws.values.reset()
		ws.keys.reset(keepBytes)
		ws.nodes.reset(keepBytes / 64)
		ws.tower.reset(keepBytes / 64)
		ws.versions.reset(keepBytes / 64)
		clear(ws.ranges)
		ws.ranges = ws.ranges[:0]
		ws.init()
	}
	ws.seq, ws.mark = 0, 0
	ws.savepoints = ws.savepoints[:0]
	ws.undo = ws.undo[:0]
	if cap(ws.undo) > keepBytes/4 {
		ws.undo = nil
	}
}

func (ws *writeSet) empty() bool { return ws.nodes.n == 1 && len(ws.ranges) == 0 }

func (ws *writeSet) key(n uint32) []byte {
	d := ws.nodes.at(n)
	return ws.keys.get(d.key, int(d.keyLen))
}

func (ws *writeSet) next(n uint32) uint32 { return *ws.tower.at(ws.nodes.at(n).tower) }

// seek returns the first node whose key is not before key, 0 if none.
func (ws *writeSet) seek(key []byte) uint32 {
	if last := ws.tails[0]; last == 0 || bytes.Compare(ws.key(last), key) < 0 {
		return 0 // keys often come in order
	}
	at := uint32(0)
	for l := ws.level - 1; l >= 0; l-- {
		for {
			n := *ws.tower.at(ws.nodes.at(at).tower + uint32(l))
			if n == 0 || bytes.Compare(ws.key(n), key) >= 0 {
				break
			}
			at = n
		}
	}
	return ws.next(at)
}

// seekBefore returns the last node whose key is before key, 0 if none; a nil key is after all.
func (ws *writeSet) seekBefore(key []byte) uint32 {
	if key == nil {
		return ws.tails[0]
	}
	n := ws.seek(key)
	if n == 0 {
		return ws.tails[0]
	}
	return ws.nodes.at(n).prev
}

// find returns the node of the key, 0 if there is none.
func (ws *writeSet) find(key []byte) uint32 {
	if ws.nodes.n == 1 {
		return 0
	}
	if n := ws.seek(key); n != 0 && bytes.Equal(ws.key(n), key) {
		return n
	}
	return 0
}

// insert returns the node of the key, made if need be.
func (ws *writeSet) insert(key []byte) uint32 {
	var before [maxLevel]uint32
	if last := ws.tails[0]; last == 0 || bytes.Compare(ws.key(last), key) < 0 {
		before = ws.tails // keys often come in order
	} else {
		at := uint32(0)
		for l := ws.level - 1; l >= 0; l-- {
			for {
				n := *ws.tower.at(ws.nodes.at(at).tower + uint32(l))
				if n == 0 || bytes.Compare(ws.key(n), key) >= 0 {
					break
				}
				at = n
			}
			before[l] = at
		}
		if n := ws.next(before[0]); n != 0 && bytes.Equal(ws.key(n), key) {
			return n
		}
	}
	return ws.link(key, &before)
}

func (ws *writeSet) link(key []byte, before *[maxLevel]uint32) uint32 {
	levels := ws.randomLevels()
	ws.level = max(ws.level, levels)
	ws.tower.room(levels)
	id := uint32(ws.nodes.n)
	d := node{key: ws.keys.add(key), keyLen: uint32(len(key)), tower: uint32(ws.tower.n), prev: before[0]}
	for l := range levels {
		p := ws.tower.at(ws.nodes.at(before[l]).tower + uint32(l))
		next := *p
		*p = id
		ws.tower.add(next)
		if next == 0 {
			ws.tails[l] = id
		} else if l == 0 {
			ws.nodes.at(next).prev = id
		}
	}
	return ws.nodes.add(d)
}

// randomLevels: each level has a quarter of the one below.
func (ws *writeSet) randomLevels() int {
	ws.rng ^= ws.rng << 13
	ws.rng ^= ws.rng >> 7
	ws.rng ^= ws.rng << 17
	return min(1+bits.TrailingZeros64(ws.rng|1<<62)/2, maxLevel)
}

// push makes v (without prev, mark and seq) the newest version of the node. oldestView is the smallest bound that an
// open View reads with.
func (ws *writeSet) push(n uint32, v version, oldestView uint32) {
	ws.seq++
	v.seq, v.mark = ws.seq, ws.mark
	d := ws.nodes.at(n)
	top := d.top
	ws.noteUndo(n, top)
	if top == 0 {
		d.top = ws.addVersion(v)
		return
	}
	t := ws.versions.at(top)
	if t.cmd == v.cmd && !ws.separated(t.mark, v.mark) && len(ws.ranges) == 0 {
		// No View sees a version of the command that is under way, and no savepoint can bring it back.
		v.prev = t.prev
		*t = v
		return
	}
	if p := t.prev; p != 0 && oldestView > t.cmd && !ws.separated(ws.versions.at(p).mark, t.mark) && len(ws.ranges) == 0 {
		// Nobody can see p any more: its place is taken by v.
		t.prev = ws.versions.at(p).prev
		v.prev = top
		*ws.versions.at(p) = v
		d.top = p
		return
	}
	v.prev = top
	d.top = ws.addVersion(v)
}

func (ws *writeSet) addVersion(v version) uint32 {
	return ws.versions.add(v)
}

// visible returns what a reader with the bound sees of the node: 0 for no write of this transaction.
// hidden reports that a deleted range hides what is committed under the key, and all its visible versions.
func (ws *writeSet) visible(n uint32, bound uint32) (v uint32, hidden bool) {
	for v = ws.nodes.at(n).top; v != 0 && ws.versions.at(v).cmd >= bound; {
		v = ws.versions.at(v).prev
	}
	if len(ws.ranges) > 0 {
		seq := ws.rangeSeq(ws.key(n), bound)
		if seq != 0 && (v == 0 || ws.versions.at(v).seq < seq) {
			return 0, true
		}
	}
	return v, false
}

// rangeSeq is the newest write that deleted a range around key and that a reader with the bound sees; 0 for none.
func (ws *writeSet) rangeSeq(key []byte, bound uint32) uint32 {
	for i := len(ws.ranges) - 1; i >= 0; i-- {
		if r := &ws.ranges[i]; r.cmd < bound && r.covers(key) {
			return r.seq
		}
	}
	return 0
}
