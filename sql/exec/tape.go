package exec

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/types"
)

// tape keeps rows in order, for reading at any position: in memory up to WorkMem, then in a file. A row read from a file
// lives until the next read.
type tape struct {
	b     *budget
	f     *frame
	slots []int

	n       int
	arena   arena
	blocks  [][][]types.Datum // of tapeBlock rows
	file    *spillFile
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

func newTape(b *budget, f *frame, slots []int) tape { return tape{b: b, f: f, slots: slots} }

func (t *tape) reset() {
	if t.file != nil {
		t.file.close()
		t.file = nil
	}
	t.arena.reset()
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

func (t *tape) len() int { return t.n }

// add appends the row that the slots hold. After a read no row is added to a tape that went to a file.
func (t *tape) add() error {
	if t.file == nil {
		if t.arena.size()+int64(t.n)*24 <= t.b.Mem {
			if t.n%tapeBlock == 0 {
				t.blocks = append(t.blocks, make([][]types.Datum, 0, min(tapeBlock, max(8, t.n*2))))
			}
			last := len(t.blocks) - 1
			t.blocks[last] = append(t.blocks[last], t.arena.keep(t.f, t.slots))
			t.n++
			return nil
		}
		if err := t.toFile(); err != nil {
			return err
		}
	}
	t.mark(t.n)
	t.n++
	return t.file.writeSlots(t.f, t.slots)
}

// mark notes where row i begins in the file, for some rows.
func (t *tape) mark(i int) {
	if i%tapeStride == 0 {
		t.offsets = append(t.offsets, t.file.bytes)
	}
}

func (t *tape) toFile() error {
	file := t.b.newFile()
	t.file = file
	n := 0
	for _, b := range t.blocks {
		for _, r := range b {
			t.mark(n)
			n++
			if err := file.writeRow(r); err != nil {
				return err
			}
		}
	}
	clear(t.blocks)
	t.blocks = t.blocks[:0]
	t.arena.reset()
	return nil
}

// load puts row i into the slots.
func (t *tape) load(i int, slots []int) error {
	f := t.f
	if t.file == nil {
		f.put(slots, t.blocks[i/tapeBlock][i%tapeBlock])
		return nil
	}
	rec, err := t.record(i)
	if err != nil {
		return err
	}
	for _, s := range slots {
		f.s[s], rec = decodeSpilled(rec)
	}
	return nil
}

// loadCopy is load for tapes with several readers: a row from the file is copied to the reader's own buffer.
func (t *tape) loadCopy(i int, slots []int, buf *[]byte) error {
	if t.file == nil {
		return t.load(i, slots)
	}
	rec, err := t.record(i)
	if err != nil {
		return err
	}
	*buf = append((*buf)[:0], rec...)
	rec = *buf
	for _, s := range slots {
		t.f.s[s], rec = decodeSpilled(rec)
	}
	return nil
}

func (t *tape) record(i int) ([]byte, error) {
	if !t.flushed {
		if err := t.file.flush(); err != nil {
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

// spilled reports whether rows are read from a file.
func (t *tape) spilled() bool { return t.file != nil }
