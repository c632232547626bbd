package serial

import (
	"bytes"
	"slices"

	"github.com/tidwall/btree"

	"github.com/tarndb/tarn/storage/change"
)

// space is one index of one table: who has read and written what of it.
type space struct {
	points btree.Map[string, *point]
	ranges []span
	// readers and writers of the whole.
	readers, writers []*Xact
	// Of the transactions that have been merged: the last commitSeq of one that has read here, the last position of one that has written,
	// and whether one of these had a conflict out to somebody who committed before it.
	oldRead, oldWrite uint64
	oldPivot          bool
}

// point is a key that somebody has read or written.
type point struct{ readers, writers []*Xact }

// span is a range [lo, hi) that somebody has read.
type span struct {
	lo, hi string
	x      *Xact
}

// footprint is what one transaction has in a space.
type footprint struct {
	reads, writes         int // keys and ranges; keys
	wholeRead, wholeWrite bool
}

type heldKey struct {
	s   *space
	key string
}

func (t *Tracker) space(key []byte) *space {
	p := string(key[:change.KeyPrefix])
	s := t.spaces[p]
	if s == nil {
		s = &space{}
		t.spaces[p] = s
	}
	return s
}

func (x *Xact) footprint(s *space) *footprint {
	f := x.spaces[s]
	if f == nil {
		if x.spaces == nil {
			x.spaces = map[*space]*footprint{}
		}
		f = &footprint{}
		x.spaces[s] = f
	}
	return f
}

// ReadKey tells that the snapshot has been asked for a key, whether it was there or not.
func (x *Xact) ReadKey(key []byte) error {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.safe {
		return nil
	}
	if x.doomed {
		return errDoomedRead
	}
	s := t.space(key)
	f := x.footprint(s)
	p, _ := s.points.Get(string(key))
	if !f.wholeRead && (p == nil || !slices.Contains(p.readers, x)) {
		if t.full(f.reads) {
			t.readAll(x, s, f)
		} else {
			if p == nil {
				p = &point{}
				s.points.Set(string(key), p)
			}
			p.readers = append(p.readers, x)
			x.hold(s, string(key))
			f.reads++
		}
	}
	if err := t.seeOld(x, s); err != nil {
		return err
	}
	if p != nil {
		if err := t.missedNext(x, p); err != nil {
			return err
		}
	}
	return t.missed(x, s.writers)
}

// ReadRange tells that the snapshot has been asked for all keys in [lo, hi); a nil hi is open.
func (x *Xact) ReadRange(lo, hi []byte) error {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.safe {
		return nil
	}
	if x.doomed {
		return errDoomedRead
	}
	s, whole := t.within(lo, hi)
	if s == nil {
		return t.readEverything(x)
	}
	f := x.footprint(s)
	if !f.wholeRead {
		switch {
		case whole || t.full(f.reads):
			t.readAll(x, s, f)
		case !slices.ContainsFunc(s.ranges, func(r span) bool { return r.x == x && r.lo <= string(lo) && r.hi >= string(hi) }):
			s.ranges = append(s.ranges, span{string(lo), string(hi), x})
			f.reads++
			t.locks++
		}
	}
	if err := t.seeOld(x, s); err != nil {
		return err
	}
	var err error
	s.points.Ascend(string(lo), func(key string, p *point) bool {
		if key >= string(hi) {
			return false
		}
		err = t.missedNext(x, p)
		return err == nil
	})
	if err != nil {
		return err
	}
	return t.missed(x, s.writers)
}

// within finds the space that a range lies in, nil if in no single one; whole: it covers all of it.
func (t *Tracker) within(lo, hi []byte) (s *space, whole bool) {
	const n = change.KeyPrefix
	if len(lo) < n || hi == nil {
		return nil, false
	}
	end := bytes.Clone(lo[:n])
	for i := n - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			break
		}
	}
	// The end of a range is written shorter where its last bytes would be 0.
	toEnd := bytes.Equal(bytes.TrimRight(hi, "\x00"), bytes.TrimRight(end, "\x00"))
	if !toEnd && !bytes.HasPrefix(hi, lo[:n]) {
		return nil, false
	}
	return t.space(lo), toEnd && len(lo) == n
}

func (t *Tracker) readEverything(x *Xact) error {
	if !slices.Contains(t.all.readers, x) {
		t.all.readers = append(t.all.readers, x)
		x.footprint(&t.all).wholeRead = true
	}
	for _, s := range t.spaces {
		if err := t.seeOld(x, s); err != nil {
			return err
		}
		var err error
		s.points.Scan(func(_ string, p *point) bool {
			err = t.missedNext(x, p)
			return err == nil
		})
		if err == nil {
			err = t.missed(x, s.writers)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Write tells that x puts or deletes a key.
func (x *Xact) Write(key []byte) error {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.doomed {
		return errDoomedWrite
	}
	x.wrote = true
	s := t.space(key)
	f := x.footprint(s)
	p, _ := s.points.Get(string(key))
	if !f.wholeWrite && (p == nil || !slices.Contains(p.writers, x)) {
		if f.writes >= t.cfg.Writes || t.locks >= t.cfg.Locks {
			f.wholeWrite = true
			s.writers = append(s.writers, x)
		} else {
			if p == nil {
				p = &point{}
				s.points.Set(string(key), p)
			}
			p.writers = append(p.writers, x)
			x.hold(s, string(key))
			f.writes++
		}
	}
	if p != nil {
		if err := t.overtaken(x, p.readers, p.writers); err != nil {
			return err
		}
	}
	for i := range s.ranges {
		if r := &s.ranges[i]; r.lo <= string(key) && string(key) < r.hi {
			if err := t.overtakes(x, r.x, p.seenWriters()); err != nil {
				return err
			}
		}
	}
	if f.wholeWrite {
		return t.writeAll(x, s)
	}
	return t.meetReaders(x, s, p.seenWriters())
}

func (p *point) seenWriters() []*Xact {
	if p == nil {
		return nil
	}
	return p.writers
}

// WriteRange tells that x deletes whatever is in [lo, hi): all readers of the indexes that it touches are in its way.
func (x *Xact) WriteRange(lo, hi []byte) error {
	t := x.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.doomed {
		return errDoomedWrite
	}
	x.wrote = true
	if s, _ := t.within(lo, hi); s != nil {
		return t.writeSpace(x, s)
	}
	for p, s := range t.spaces {
		if p >= string(lo[:min(len(lo), change.KeyPrefix)]) && (hi == nil || p < string(hi)) {
			if err := t.writeSpace(x, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Tracker) writeSpace(x *Xact, s *space) error {
	if f := x.footprint(s); !f.wholeWrite {
		f.wholeWrite = true
		s.writers = append(s.writers, x)
	}
	return t.writeAll(x, s)
}

// writeAll meets everybody who has read anything in the space.
func (t *Tracker) writeAll(x *Xact, s *space) error {
	var err error
	s.points.Scan(func(_ string, p *point) bool {
		err = t.overtaken(x, p.readers, nil)
		return err == nil
	})
	if err != nil {
		return err
	}
	for i := range s.ranges {
		if err := t.overtakes(x, s.ranges[i].x, nil); err != nil {
			return err
		}
	}
	return t.meetReaders(x, s, nil)
}

func (t *Tracker) meetReaders(x *Xact, s *space, writers []*Xact) error {
	if err := t.overtaken(x, s.readers, writers); err != nil {
		return err
	}
	if err := t.overtaken(x, t.all.readers, writers); err != nil {
		return err
	}
	if max(s.oldRead, t.all.oldRead) > x.snapSeq && !x.oldIn {
		if x.oldIn = true; x.oldOut {
			return errPivotWrite
		}
		for w := range x.out {
			if w.state == prepared || w.state == committed {
				return errPivotWrite
			}
		}
	}
	return nil
}

func (t *Tracker) full(reads int) bool { return reads >= t.cfg.Keys || t.locks >= t.cfg.Locks }

// readAll makes x's reads in a space the whole of it.
func (t *Tracker) readAll(x *Xact, s *space, f *footprint) {
	f.wholeRead = true
	s.readers = append(s.readers, x)
	kept := x.held[:0]
	for _, h := range x.held {
		if h.s == s {
			p, _ := s.points.Get(h.key)
			if p.readers = without(p.readers, x); !slices.Contains(p.writers, x) {
				t.locks--
				s.dropPoint(h.key, p)
				continue
			}
		}
		kept = append(kept, h)
	}
	x.held = kept
	t.dropRanges(x, s)
}

func (t *Tracker) dropRanges(x *Xact, s *space) {
	before := len(s.ranges)
	s.ranges = slices.DeleteFunc(s.ranges, func(r span) bool { return r.x == x })
	t.locks -= before - len(s.ranges)
}

func (s *space) dropPoint(key string, p *point) {
	if len(p.readers)+len(p.writers) == 0 {
		s.points.Delete(key)
	}
}

func without(list []*Xact, x *Xact) []*Xact {
	return slices.DeleteFunc(list, func(o *Xact) bool { return o == x })
}

// hold notes that x is at a key, once.
func (x *Xact) hold(s *space, key string) {
	p, _ := s.points.Get(key)
	if slices.Contains(p.readers, x) && slices.Contains(p.writers, x) {
		return // held by the other already
	}
	x.held = append(x.held, heldKey{s, key})
	x.t.locks++
}

// dropKeys takes x out of all spaces.
func (t *Tracker) dropKeys(x *Xact) {
	for _, h := range x.held {
		if p, ok := h.s.points.Get(h.key); ok {
			p.readers, p.writers = without(p.readers, x), without(p.writers, x)
			h.s.dropPoint(h.key, p)
		}
		t.locks--
	}
	x.held = nil
	for s := range x.spaces {
		t.dropRanges(x, s)
		s.readers, s.writers = without(s.readers, x), without(s.writers, x)
	}
	x.spaces = nil
}

// missed notes the conflicts of a reader with writers that its snapshot does not show.
func (t *Tracker) missed(r *Xact, writers []*Xact) error {
	for _, w := range writers {
		switch {
		case w == r || w.doomed || w.state == aborted || w.state == committed && w.lsn <= r.snapshot:
			continue
		case r.readOnly && w.state == committed && !w.oldOut && (w.earliestOut == 0 || r.snapSeq < w.earliestOut):
			continue // w precedes nobody whom r sees
		}
		if err := t.conflict(r, r, w); err != nil {
			return err
		}
	}
	return nil
}

// missedNext is missed for a key: a conflict with who wrote the next version is enough, the later ones come after that.
func (t *Tracker) missedNext(r *Xact, p *point) error {
	var next *Xact
	for _, w := range p.writers {
		if w.state == committed && w.lsn > r.snapshot && (next == nil || w.lsn < next.lsn) {
			next = w
		}
	}
	if next != nil {
		return t.missed(r, []*Xact{next})
	}
	return t.missed(r, p.writers)
}

// seeOld is missed for those that have been merged.
func (t *Tracker) seeOld(r *Xact, s *space) error {
	if s.oldWrite <= r.snapshot || r.readOnly && !s.oldPivot {
		return nil
	}
	if s.oldPivot || r.oldIn || len(r.in) > 0 {
		return errOldPivot
	}
	r.oldOut = true
	return nil
}

// overtaken notes the conflicts of readers with a writer that writes what they have read; writers are those of the same key. Who has
// read a version before that of another writer has its conflict with that one.
func (t *Tracker) overtaken(w *Xact, readers, writers []*Xact) error {
	for _, r := range readers {
		if err := t.overtakes(w, r, writers); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tracker) overtakes(w, r *Xact, writers []*Xact) error {
	if r == w || r.doomed || r.state == aborted || r.state == committed && r.commitSeq <= w.snapSeq {
		return nil
	}
	for _, o := range writers {
		if o != w && o.state == committed && o.lsn > r.snapshot && o.lsn <= w.snapshot {
			return nil
		}
	}
	return t.conflict(w, r, w)
}
