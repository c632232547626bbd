package spill

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"slices"

	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
)

// SortCol is one column of an order.
type SortCol struct {
	Slot       int
	Kind       tuple.Kind
	Desc       bool
	NullsFirst bool
	Coll       *collation.Collator // nil: text by its bytes
}

// AppendKey appends bytes that compare as the order does.
func AppendKey(dst []byte, f *frame.Frame, cols []SortCol) []byte {
	for i := range cols {
		c := &cols[i]
		if c.Coll != nil {
			dst = types.AppendOrderedKey(dst, c.Coll, c.Kind, f.S[c.Slot], c.Desc, c.NullsFirst)
			continue
		}
		dst = tuple.AppendKey(dst, c.Kind, f.S[c.Slot], c.Desc, c.NullsFirst)
	}
	return dst
}

// Sorter sorts rows by normalized keys: in memory (quicksort), by merging sorted runs in files beyond WorkMem, or keeping
// only the first limit rows in a heap. Rows with equal keys come in no particular order, but for one thing: in memory
// earlier rows come first.
type Sorter struct {
	b     *Budget
	f     *frame.Frame
	cols  []SortCol
	slots []int // what a row is
	top   int   // > 0: only that many rows are wanted

	entries []sortEntry
	arena   frame.Arena // the rows and their keys
	key     []byte
	heaped  bool
	runs    []*File
	disk    int64
	pos     int
	merge   *merger
}

// NewSorter returns an empty sorter of rows that consist of slots; cols, which may be others, are the order.
func NewSorter(b *Budget, f *frame.Frame, cols []SortCol, slots []int) Sorter {
	return Sorter{b: b, f: f, cols: cols, slots: slots}
}

// KeepFirst: only the first n rows of the order are wanted; 0: all.
func (s *Sorter) KeepFirst(n int) { s.top = n }

// Mem is what the rows in memory take, in bytes.
func (s *Sorter) Mem() int64 { return s.arena.Size() + int64(len(s.entries))*sortEntrySize }

// Written is what has gone to files, in bytes.
func (s *Sorter) Written() int64 { return s.disk }

// Method names the way in which the rows were sorted, as EXPLAIN does. It is known once the input has ended.
func (s *Sorter) Method() string {
	switch {
	case len(s.runs) > 0:
		return "external merge"
	case s.heaped:
		return "top-N heapsort"
	}
	return "quicksort"
}

type sortEntry struct {
	prefix uint64 // first 8 bytes of the key
	seq    uint32
	key    []byte // the rest
	row    []types.Datum
}

const sortEntrySize = 8 + 8 + 24 + 24

func (e *sortEntry) compare(o *sortEntry) int {
	if e.prefix != o.prefix {
		if e.prefix < o.prefix {
			return -1
		}
		return 1
	}
	if c := bytes.Compare(e.key, o.key); c != 0 {
		return c
	}
	if e.seq < o.seq {
		return -1
	}
	return 1
}

func keyPrefix(key []byte) (uint64, []byte) {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key), key[8:]
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:]), nil
}

// Reset empties the sorter.
func (s *Sorter) Reset() {
	clear(s.entries)
	s.entries = s.entries[:0]
	if cap(s.entries) > 1024 {
		s.entries = nil
	}
	s.arena.Reset()
	for _, r := range s.runs {
		r.Close()
	}
	s.runs, s.merge = nil, nil
	s.pos, s.disk, s.heaped = 0, 0, false
}

func (s *Sorter) keepKey(key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	k := s.arena.Take(len(key))
	copy(k, key)
	return k
}

// Add takes the row that the slots hold.
func (s *Sorter) Add() error {
	s.key = AppendKey(s.key[:0], s.f, s.cols)
	prefix, rest := keyPrefix(s.key)
	e := sortEntry{prefix: prefix, key: rest, seq: uint32(len(s.entries))}
	if s.top > 0 && len(s.entries) >= s.top && len(s.runs) == 0 {
		return s.addTop(e)
	}
	e.key = s.keepKey(rest)
	e.row = s.arena.Keep(s.f, s.slots)
	s.entries = append(s.entries, e)
	if s.Mem() > s.b.Mem {
		return s.spill()
	}
	return nil
}

// addTop replaces the worst of the kept rows if e comes before it. seq is out of order here: it is not compared among
// equal keys, as the later of two equal rows is dropped.
func (s *Sorter) addTop(e sortEntry) error {
	if !s.heaped {
		heap.Init((*topHeap)(s))
		s.heaped = true
	}
	worst := &s.entries[0]
	if e.prefix > worst.prefix || e.prefix == worst.prefix && bytes.Compare(e.key, worst.key) >= 0 {
		return nil
	}
	e.seq = worst.seq
	// The replaced row's memory is given back when the arena is rewritten.
	e.key = s.keepKey(e.key)
	e.row = s.arena.Keep(s.f, s.slots)
	s.entries[0] = e
	heap.Fix((*topHeap)(s), 0)
	if s.arena.Size() > max(s.b.Mem, 64<<10) {
		s.compact()
		if s.arena.Size() > s.b.Mem {
			s.heaped = false
			return s.spill()
		}
	}
	return nil
}

// compact rewrites what the heap still holds.
func (s *Sorter) compact() {
	s.arena.Reset()
	for i := range s.entries {
		e := &s.entries[i]
		e.key = s.keepKey(e.key)
		row := s.arena.Row(len(e.row))
		for j, v := range e.row {
			row[j] = s.arena.Clone(v)
		}
		e.row = row
	}
}

// topHeap has the worst row on top.
type topHeap Sorter

func (h *topHeap) Len() int           { return len(h.entries) }
func (h *topHeap) Less(i, j int) bool { return h.entries[i].compare(&h.entries[j]) > 0 }
func (h *topHeap) Swap(i, j int)      { h.entries[i], h.entries[j] = h.entries[j], h.entries[i] }
func (h *topHeap) Push(any)           {}
func (h *topHeap) Pop() any           { return nil }

func (s *Sorter) sort() {
	slices.SortFunc(s.entries, func(a, b sortEntry) int { return a.compare(&b) })
}

// spill writes the rows in memory as a sorted run. A record of a run is the key's length, the key and the row.
func (s *Sorter) spill() error {
	s.sort()
	run := s.b.newFile()
	s.runs = append(s.runs, run)
	for i := range s.entries {
		e := &s.entries[i]
		b := binary.AppendUvarint(run.buf[:0], uint64(8+len(e.key)))
		b = binary.BigEndian.AppendUint64(b, e.prefix)
		b = append(b, e.key...)
		for _, v := range e.row {
			b = appendSpilled(b, v)
		}
		run.buf = b
		if err := run.writeBuf(); err != nil {
			return err
		}
	}
	s.disk += run.bytes
	clear(s.entries)
	s.entries = s.entries[:0]
	s.arena.Recycle()
	s.heaped = false
	return run.Flush()
}

// Done ends the input.
func (s *Sorter) Done() error {
	if len(s.runs) == 0 {
		s.sort()
		return nil
	}
	if len(s.entries) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	fanIn := int(max(4, s.b.Mem/(2*spillBuffer)))
	for len(s.runs) > fanIn {
		out, err := s.mergeRuns(s.runs[:fanIn])
		if err != nil {
			return err
		}
		s.runs = append(s.runs[fanIn:], out)
	}
	var err error
	s.merge, err = newMerger(s.runs)
	return err
}

func (s *Sorter) mergeRuns(runs []*File) (*File, error) {
	m, err := newMerger(runs)
	if err != nil {
		return nil, err
	}
	out := s.b.newFile()
	for {
		rec, ok, err := m.next()
		if err != nil {
			out.Close()
			return nil, err
		}
		if !ok {
			break
		}
		out.buf = append(out.buf[:0], rec...)
		if err := out.writeBuf(); err != nil {
			out.Close()
			return nil, err
		}
		if err := s.b.Tick(); err != nil {
			out.Close()
			return nil, err
		}
	}
	for _, r := range runs {
		r.Close()
	}
	s.disk += out.bytes
	return out, out.Flush()
}

// Next puts the next row into the slots; it lives until the following call.
func (s *Sorter) Next() (bool, error) {
	if s.top > 0 && s.pos >= s.top {
		return false, nil
	}
	if s.merge == nil {
		if s.pos >= len(s.entries) {
			return false, nil
		}
		s.f.Put(s.slots, s.entries[s.pos].row)
		s.pos++
		return true, nil
	}
	rec, ok, err := s.merge.next()
	if !ok || err != nil {
		return false, err
	}
	s.pos++
	n, h := binary.Uvarint(rec)
	rec = rec[h+int(n):]
	for _, slot := range s.slots {
		s.f.S[slot], rec = decodeSpilled(rec)
	}
	return true, nil
}

// Rewind starts the output again.
func (s *Sorter) Rewind() error {
	s.pos = 0
	if s.merge == nil {
		return nil
	}
	var err error
	s.merge, err = newMerger(s.runs)
	return err
}

// merger gives the records of sorted runs in order.
type merger struct {
	heads []mergeHead
	first bool
}

type mergeHead struct {
	r   *Reader
	rec []byte
	key []byte
	run int
}

func newMerger(runs []*File) (*merger, error) {
	m := &merger{first: true}
	for i, run := range runs {
		r, err := run.Reader()
		if err != nil {
			return nil, err
		}
		h := mergeHead{r: r, run: i}
		ok, err := h.advance()
		if err != nil {
			return nil, err
		}
		if ok {
			m.heads = append(m.heads, h)
		}
	}
	heap.Init(m)
	return m, nil
}

func (h *mergeHead) advance() (bool, error) {
	rec, ok, err := h.r.record()
	if !ok || err != nil {
		return false, err
	}
	n, l := binary.Uvarint(rec)
	h.rec, h.key = rec, rec[l:][:n]
	return true, nil
}

// next returns the next record, valid until the following call.
func (m *merger) next() ([]byte, bool, error) {
	if !m.first && len(m.heads) > 0 {
		ok, err := m.heads[0].advance()
		if err != nil {
			return nil, false, err
		}
		if ok {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	m.first = false
	if len(m.heads) == 0 {
		return nil, false, nil
	}
	return m.heads[0].rec, true, nil
}

func (m *merger) Len() int { return len(m.heads) }
func (m *merger) Less(i, j int) bool {
	c := bytes.Compare(m.heads[i].key, m.heads[j].key)
	return c < 0 || c == 0 && m.heads[i].run < m.heads[j].run
}
func (m *merger) Swap(i, j int) { m.heads[i], m.heads[j] = m.heads[j], m.heads[i] }
func (m *merger) Push(x any)    { m.heads = append(m.heads, x.(mergeHead)) }
func (m *merger) Pop() any {
	last := m.heads[len(m.heads)-1]
	m.heads = m.heads[:len(m.heads)-1]
	return last
}
