package exec

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
)

// setOp counts the rows of both sides by value. Values that are new when the table is full wait in files, with the
// right rows of the same part.
type setOp struct {
	in          *instance
	kind        plan.SetOpKind
	all         bool
	l, r        operator
	left, right []int
	out         []int
	table       hashTable
	counts      []setCount
	lParts      partFiles
	rParts      partFiles
	pending     []setPart
	level       int
	at          int
	again       int64 // how often the row at at is still to be given
}

type setCount struct{ l, r int64 }

type setPart struct {
	l, r  *spillFile
	level int
}

func (b *builder) setOp(x *plan.HashSetOp) (operator, error) {
	o := &setOp{in: b.in, kind: x.Kind, all: x.All, left: b.colSlots(x.L.Cols()), right: b.colSlots(x.R.Cols()), out: b.colSlots(x.Out)}
	if x.Kind == plan.Union {
		return nil, pgerr.Internal("union as a hashed set operation")
	}
	var err error
	if o.l, err = b.node(x.L); err != nil {
		return nil, err
	}
	if o.r, err = b.node(x.R); err != nil {
		return nil, err
	}
	ids := make([]plan.ColID, len(x.L.Cols()))
	for i, c := range x.L.Cols() {
		ids[i] = c.ID
	}
	keys, err := b.keyCols(ids, x.L.Cols())
	if err != nil {
		return nil, err
	}
	o.table = newTable(&b.in.F, keys)
	o.lParts = newPartFiles(&b.in.budget, &b.in.F, o.left)
	o.rParts = newPartFiles(&b.in.budget, &b.in.F, o.left)
	return o, nil
}

func (o *setOp) open() error {
	o.discard()
	if err := o.l.open(); err != nil {
		return err
	}
	if err := o.readLeft(o.l.next); err != nil {
		return err
	}
	if err := o.r.open(); err != nil {
		return err
	}
	return o.readRight(func() (bool, error) {
		ok, err := o.r.next()
		f := &o.in.F
		for i, s := range o.right {
			f.s[o.left[i]] = f.s[s]
		}
		return ok, err
	})
}

func (o *setOp) discard() {
	o.table.reset()
	o.counts = o.counts[:0]
	o.lParts.close()
	o.rParts.close()
	for _, p := range o.pending {
		p.l.close()
		p.r.close()
	}
	o.pending = nil
	o.level, o.at, o.again = 0, 0, 0
}

func (o *setOp) readLeft(next func() (bool, error)) error {
	o.lParts.level, o.rParts.level = o.level, o.level
	o.at, o.again = 0, 0
	o.counts = o.counts[:0]
	for {
		ok, err := next()
		if !ok || err != nil {
			return err
		}
		if err := o.in.Tick(); err != nil {
			return err
		}
		h := o.table.hash()
		e := o.table.find(h)
		if e < 0 {
			if o.lParts.active() || o.level < maxLevel && o.table.mem() > o.in.budget.Mem {
				if err := o.lParts.write(h); err != nil {
					return err
				}
				continue
			}
			e = o.table.add(h)
			o.counts = append(o.counts, setCount{})
		}
		o.counts[e].l++
	}
}

func (o *setOp) readRight(next func() (bool, error)) error {
	for {
		ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := o.in.Tick(); err != nil {
			return err
		}
		h := o.table.hash()
		if e := o.table.find(h); e >= 0 {
			o.counts[e].r++
		} else if o.lParts.active() {
			if err := o.rParts.write(h); err != nil {
				return err
			}
		}
	}
	l, err := o.lParts.take()
	if err != nil {
		return err
	}
	r, err := o.rParts.take()
	if err != nil {
		closeAll(l)
		return err
	}
	for i := range l {
		p := setPart{l: l[i], level: o.level + 1}
		if r != nil {
			p.r = r[i]
		}
		if p.l == nil {
			p.r.close()
			continue
		}
		o.pending = append(o.pending, p)
	}
	return nil
}

func (o *setOp) times(c setCount) int64 {
	switch {
	case o.kind == plan.Intersect && o.all:
		return min(c.l, c.r)
	case o.kind == plan.Intersect:
		return min(1, min(c.l, c.r))
	case o.all:
		return max(0, c.l-c.r)
	case c.r > 0:
		return 0
	}
	return 1
}

func (o *setOp) next() (bool, error) {
	for {
		for o.again == 0 {
			if o.at >= o.table.len() {
				if more, err := o.nextPart(); !more || err != nil {
					return false, err
				}
				continue
			}
			o.again = o.times(o.counts[o.at])
			o.at++
		}
		o.again--
		o.table.load(o.at-1, o.out)
		return true, nil
	}
}

func (o *setOp) nextPart() (bool, error) {
	if len(o.pending) == 0 {
		return false, nil
	}
	p := o.pending[len(o.pending)-1]
	o.pending = o.pending[:len(o.pending)-1]
	defer p.l.close()
	defer p.r.close()
	o.table.reset()
	o.level = p.level
	from := func(file *spillFile, then func(func() (bool, error)) error) error {
		if file == nil {
			return then(func() (bool, error) { return false, nil })
		}
		r, err := file.reader()
		if err != nil {
			return err
		}
		return then(func() (bool, error) { return r.slots(&o.in.F, o.left) })
	}
	if err := from(p.l, o.readLeft); err != nil {
		return false, err
	}
	return true, from(p.r, o.readRight)
}

func (o *setOp) close() {
	o.l.close()
	o.r.close()
	o.discard()
}
