package exec

import (
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/plan"
)

// hashDistinctOp keeps the first row of each key. Rows whose key is new when the table is full wait in files.
type hashDistinctOp struct {
	in      *instance
	child   operator
	slots   []int
	table   spill.Table
	parts   spill.Parts
	pending []distinctPart
	cur     distinctPart
	reader  *spill.Reader
}

type distinctPart struct {
	file  *spill.File
	level int
}

func (b *builder) hashDistinct(x *plan.HashDistinct) (operator, error) {
	o := &hashDistinctOp{in: b.in, slots: b.ColSlots(x.In.Cols())}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	keys, err := b.keyCols(x.On, x.In.Cols())
	if err != nil {
		return nil, err
	}
	o.table = spill.NewTable(&b.in.F, keys)
	o.parts = spill.NewParts(&b.in.budget, &b.in.F, o.slots)
	return o, nil
}

func (o *hashDistinctOp) open() error {
	o.discard()
	return o.child.open()
}

func (o *hashDistinctOp) discard() {
	o.table.Reset()
	o.parts.Close()
	o.parts.Level = 0
	for _, p := range o.pending {
		p.file.Close()
	}
	o.pending = nil
	o.cur.file.Close()
	o.cur, o.reader = distinctPart{}, nil
}

func (o *hashDistinctOp) nextRow() (bool, error) {
	if o.reader == nil {
		return o.child.next()
	}
	return o.reader.Slots(&o.in.F, o.slots)
}

func (o *hashDistinctOp) next() (bool, error) {
	for {
		ok, err := o.nextRow()
		if err != nil {
			return false, err
		}
		if !ok {
			if more, err := o.nextPart(); !more || err != nil {
				return false, err
			}
			continue
		}
		h := o.table.Hash()
		if o.table.Find(h) >= 0 {
			continue
		}
		if o.parts.Active() || o.parts.Level < spill.MaxLevel && o.table.Mem() > o.in.budget.Mem {
			if err := o.parts.Write(h); err != nil {
				return false, err
			}
			continue
		}
		o.table.Add(h)
		return true, nil
	}
}

// nextPart goes on with the rows of a file.
func (o *hashDistinctOp) nextPart() (bool, error) {
	files, err := o.parts.Take()
	if err != nil {
		return false, err
	}
	for _, f := range files {
		if f != nil {
			o.pending = append(o.pending, distinctPart{f, o.parts.Level + 1})
		}
	}
	o.cur.file.Close()
	o.cur, o.reader = distinctPart{}, nil
	o.table.Reset()
	if len(o.pending) == 0 {
		// child.next has said that it is at its end; asked again it says so again.
		return false, nil
	}
	o.cur = o.pending[len(o.pending)-1]
	o.pending = o.pending[:len(o.pending)-1]
	o.parts.Level = o.cur.level
	o.reader, err = o.cur.file.Reader()
	return err == nil, err
}

func (o *hashDistinctOp) close() {
	o.child.close()
	o.discard()
}
