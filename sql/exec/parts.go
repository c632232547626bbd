package exec

// partFiles are rows split by hash into temporary files, for hash tables that outgrow WorkMem. The level says which bits
// of the hash split, so that a part can be split again.
type partFiles struct {
	b     *budget
	f     *frame
	slots []int
	level int
	files []*spillFile
}

const (
	partBits = 5
	numParts = 1 << partBits
	// maxLevel ends the splitting: a part of that level stays in memory whatever its size.
	maxLevel = 6
)

// partOf is the part that a hash belongs to at a level.
func partOf(hash uint64, level int) int {
	return int(hash>>(64-partBits*(level+1))) & (numParts - 1)
}

// newFiles makes a file for each part.
func newFiles(b *budget) []*spillFile {
	files := make([]*spillFile, numParts)
	for i := range files {
		files[i] = b.newFile()
	}
	return files
}

func closeAll(files []*spillFile) {
	for _, f := range files {
		f.close()
	}
}

func newPartFiles(b *budget, f *frame, slots []int) partFiles {
	return partFiles{b: b, f: f, slots: slots}
}

func (p *partFiles) active() bool { return p.files != nil }

func (p *partFiles) write(hash uint64) error {
	if p.files == nil {
		p.files = make([]*spillFile, numParts)
	}
	i := partOf(hash, p.level)
	if p.files[i] == nil {
		p.files[i] = p.b.newFile()
	}
	return p.files[i].writeSlots(p.f, p.slots)
}

// take ends the writing and returns the files, nil where there are no rows; the caller closes them.
func (p *partFiles) take() ([]*spillFile, error) {
	files := p.files
	p.files = nil
	for _, f := range files {
		if f == nil {
			continue
		}
		if err := f.flush(); err != nil {
			closeAll(files)
			return nil, err
		}
	}
	return files, nil
}

func (p *partFiles) close() {
	closeAll(p.files)
	p.files = nil
}
