package exec

import (
	"github.com/tarndb/tarn/sql/plan"
)

// hashDistinctOp keeps the first row of each key. Rows whose key is new when the table is full wait in files.
type hashDistinctOp struct {
	in      *instance
	child   operator
	slots   []int
	table   hashTable
	parts   partFiles
	pending []distinctPart
	cur     distinctPart
	reader  *spillReader
}

type distinctPart struct {
	file  *spillFile
	level int
}

func (b *builder) hashDistinct(x *plan.HashDistinct) (operator, error) {
	o := &hashDistinctOp{in: b.in, slots: b.colSlots(x.In.Cols())}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	keys, err := b.keyCols(x.On, x.In.Cols())
	if err != nil {
		return nil, err
	}
	o.table = newTable(&b.in.F, keys)
	o.parts = newPartFiles(&b.in.budget, &b.in.F, o.slots)
	return o, nil
}

func (o *hashDistinctOp) open() error {
	o.discard()
	return o.child.open()
}

func (o *hashDistinctOp) discard() {
	o.table.reset()
	o.parts.close()
	o.parts.level = 0
	for _, p := range o.pending {
		p.file.close()
	}
	o.pending = nil
	o.cur.file.close()
	o.cur, o.reader = distinctPart{}, nil
}

func (o *hashDistinctOp) nextRow() (bool, error) {
	if o.reader == nil {
		return o.child.next()
	}
	return o.reader.slots(&o.in.F, o.slots)
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
		h := o.table.hash()
		if o.table.find(h) >= 0 {
			continue
		}
		if o.parts.active() || o.parts.level < maxLevel && o.table.mem() > o.in.budget.Mem {
			if err := o.parts.write(h); err != nil {
				return false, err
			}
			continue
		}
		o.table.add(h)
		return true, nil
	}
}

// nextPart goes on with the rows of a file.
func (o *hashDistinctOp) nextPart() (bool, error) {
	files, err := o.parts.take()
	if err != nil {
		return false, err
	}
	for _, f := range files {
		if f != nil {
			o.pending = append(o.pending, distinctPart{f, o.parts.level + 1})
		}
	}
	o.cur.file.close()
	o.cur, o.reader = distinctPart{}, nil
	o.table.reset()
	if len(o.pending) == 0 {
		// child.next has said that it is at its end; asked again it says so again.
		return false, nil
	}
	o.cur = o.pending[len(o.pending)-1]
	o.pending = o.pending[:len(o.pending)-1]
	o.parts.level = o.cur.level
	o.reader, err = o.cur.file.reader()
	return err == nil, err
}

func (o *hashDistinctOp) close() {
	o.child.close()
	o.discard()
}
