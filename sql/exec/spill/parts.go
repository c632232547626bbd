package spill

import (
	"github.com/tarndb/tarn/sql/exec/frame"
)

// Parts are rows split by hash into temporary files, for hash tables that outgrow WorkMem. The level says which bits
// of the hash split, so that a part can be split again.
type Parts struct {
	b     *Budget
	f     *frame.Frame
	slots []int
	Level int
	files []*File
}

const (
	partBits = 5
	numParts = 1 << partBits
	// maxLevel ends the splitting: a part of that level stays in memory whatever its size.
	MaxLevel = 6
)

// PartOf is the part that a hash belongs to at a level.
func PartOf(hash uint64, level int) int {
	return int(hash>>(64-partBits*(level+1))) & (numParts - 1)
}

// NewFiles makes a file for each part.
func NewFiles(b *Budget) []*File {
	files := make([]*File, numParts)
	for i := range files {
		files[i] = b.newFile()
	}
	return files
}

// CloseAll closes files, of which some may be nil.
func CloseAll(files []*File) {
	for _, f := range files {
		f.Close()
	}
}

// NewParts returns parts of rows that consist of the slots.
func NewParts(b *Budget, f *frame.Frame, slots []int) Parts {
	return Parts{b: b, f: f, slots: slots}
}

// Active reports whether rows have been written since the last Take.
func (p *Parts) Active() bool { return p.files != nil }

// Write puts the row in the slots where its hash belongs.
func (p *Parts) Write(hash uint64) error {
	if p.files == nil {
		p.files = make([]*File, numParts)
	}
	i := PartOf(hash, p.Level)
	if p.files[i] == nil {
		p.files[i] = p.b.newFile()
	}
	return p.files[i].WriteSlots(p.f, p.slots)
}

// Take ends the writing and returns the files, nil where there are no rows; the caller closes them.
func (p *Parts) Take() ([]*File, error) {
	files := p.files
	p.files = nil
	for _, f := range files {
		if f == nil {
			continue
		}
		if err := f.Flush(); err != nil {
			CloseAll(files)
			return nil, err
		}
	}
	return files, nil
}

// Close gives up what was written.
func (p *Parts) Close() {
	CloseAll(p.files)
	p.files = nil
}
