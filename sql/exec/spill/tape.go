package spill

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/types"
)

// Tape keeps rows in order, for reading at any position: in memory up to WorkMem, then in a file. A row read from a file
// lives until the next read.
type Tape struct {
	b     *Budget
	f     *frame.Frame
	slots []int

	n       int
	arena   frame.Arena
	blocks  [][][]types.Datum // of tapeBlock rows
	file    *File
	offsets []int64 // of every tapeStride-th row in the file
	flushed bool
	page    []byte // bytes of the file from pageAt on
	pageAt  int64
	pageLen int
}

const (
	tapeBlock  = 256
	tapeStride = 16
	tapePage   = 64 << 10
)

// NewTape returns an empty tape of rows that consist of slots.
func NewTape(b *Budget, f *frame.Frame, slots []int) Tape { return Tape{b: b, f: f, slots: slots} }

// Reset empties the tape.
func (t *Tape) Reset() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
	t.arena.Reset()
	clear(t.blocks)
	t.blocks, t.offsets = t.blocks[:0], t.offsets[:0]
	t.n, t.flushed, t.pageLen = 0, false, 0
	if cap(t.blocks) > 64 {
		t.blocks = nil
	}
	if cap(t.offsets) > 1024 {
		t.offsets = nil
	}
}

// Len is the number of rows.
func (t *Tape) Len() int { return t.n }

// Add appends the row that the slots hold.
func (t *Tape) Add() error {
	if t.file == nil {
		if t.arena.Size()+int64(t.n)*24 <= t.b.Mem {
			if t.n%tapeBlock == 0 {
				t.blocks = append(t.blocks, make([][]types.Datum, 0, min(tapeBlock, max(8, t.n*2))))
			}
			last := len(t.blocks) - 1
			t.blocks[last] = append(t.blocks[last], t.arena.Keep(t.f, t.slots))
			t.n++
			return nil
		}
		if err := t.toFile(); err != nil {
			return err
		}
	}
	t.mark(t.n)
	t.n++
	t.flushed = false
	return t.file.WriteSlots(t.f, t.slots)
}

// mark notes where row i begins in the file, for some rows.
func (t *Tape) mark(i int) {
	if i%tapeStride == 0 {
		t.offsets = append(t.offsets, t.file.bytes)
	}
}

func (t *Tape) toFile() error {
	file := t.b.newFile()
	t.file = file
	n := 0
	for _, b := range t.blocks {
		for _, r := range b {
			t.mark(n)
			n++
			if err := file.WriteRow(r); err != nil {
				return err
			}
		}
	}
	clear(t.blocks)
	t.blocks = t.blocks[:0]
	t.arena.Reset()
	return nil
}

// Load puts row i into the slots.
func (t *Tape) Load(i int, slots []int) error {
	f := t.f
	if t.file == nil {
		f.Put(slots, t.blocks[i/tapeBlock][i%tapeBlock])
		return nil
	}
	rec, err := t.record(i)
	if err != nil {
		return err
	}
	for _, s := range slots {
		f.S[s], rec = decodeSpilled(rec)
	}
	return nil
}

// LoadCopy is load for tapes with several readers: a row from the file is copied to the reader's own buffer.
func (t *Tape) LoadCopy(i int, slots []int, buf *[]byte) error {
	if t.file == nil {
		return t.Load(i, slots)
	}
	rec, err := t.record(i)
	if err != nil {
		return err
	}
	*buf = append((*buf)[:0], rec...)
	rec = *buf
	for _, s := range slots {
		t.f.S[s], rec = decodeSpilled(rec)
	}
	return nil
}

func (t *Tape) record(i int) ([]byte, error) {
	if !t.flushed {
		if err := t.file.Flush(); err != nil {
			return nil, err
		}
		t.flushed = true
	}
	stride := i / tapeStride
	at, end := t.offsets[stride], t.file.bytes
	if stride+1 < len(t.offsets) {
		end = t.offsets[stride+1]
	}
	if at < t.pageAt || end > t.pageAt+int64(t.pageLen) {
		size := max(tapePage, int(end-at))
		if cap(t.page) < size {
			t.page = make([]byte, size)
		}
		want := min(int64(size), t.file.bytes-at)
		if err := t.file.readAt(t.page[:want], at); err != nil {
			t.pageLen = 0
			return nil, err
		}
		t.pageAt, t.pageLen = at, int(want)
	}
	page := t.page[at-t.pageAt:]
	for range i % tapeStride {
		n, h := binary.Uvarint(page)
		page = page[h+int(n):]
	}
	n, h := binary.Uvarint(page)
	return page[h : h+int(n)], nil
}

// Spilled reports whether rows are read from a file.
func (t *Tape) Spilled() bool { return t.file != nil }
