package exec

// partFiles are rows split by hash into temporary files, for hash tables that outgrow WorkMem. The level says which bits
// of the hash split, so that a part can be split again.
type partFiles struct {
	in    *instance
	slots []int
	level int
	files []*spillFile
}

// maxSpillLevel ends the splitting: a part of that level stays in memory whatever its size.
const maxSpillLevel = maxJoinLevel

func (p *partFiles) active() bool { return p.files != nil }

func (p *partFiles) write(hash uint64) error {
	if p.files == nil {
		p.files = make([]*spillFile, joinParts)
	}
	i := partOf(hash, p.level)
	if p.files[i] == nil {
		var err error
		if p.files[i], err = p.in.newSpill(); err != nil {
			return err
		}
	}
	return p.files[i].writeSlots(&p.in.f, p.slots)
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
