package exec

import (
	"github.com/tarndb/tarn/sql/exec/spill"
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
	table       spill.Table
	counts      []setCount
	lParts      spill.Parts
	rParts      spill.Parts
	pending     []setPart
	level       int
	at          int
	again       int64 // how often the row at at is still to be given
}

type setCount struct{ l, r int64 }

type setPart struct {
	l, r  *spill.File
	level int
}

func (b *builder) setOp(x *plan.HashSetOp) (operator, error) {
	o := &setOp{in: b.in, kind: x.Kind, all: x.All, left: b.ColSlots(x.L.Cols()), right: b.ColSlots(x.R.Cols()), out: b.ColSlots(x.Out)}
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
	for i := range keys {
		keys[i].Coll = b.Equality(x.Out[i].T)
	}
	o.table = spill.NewTable(&b.in.F, keys)
	o.lParts = spill.NewParts(&b.in.budget, &b.in.F, o.left)
	o.rParts = spill.NewParts(&b.in.budget, &b.in.F, o.left)
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
			f.S[o.left[i]] = f.S[s]
		}
		return ok, err
	})
}

func (o *setOp) discard() {
	o.table.Reset()
	o.counts = o.counts[:0]
	o.lParts.Close()
	o.rParts.Close()
	for _, p := range o.pending {
		p.l.Close()
		p.r.Close()
	}
	o.pending = nil
	o.level, o.at, o.again = 0, 0, 0
}

func (o *setOp) readLeft(next func() (bool, error)) error {
	o.lParts.Level, o.rParts.Level = o.level, o.level
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
		h := o.table.Hash()
		e := o.table.Find(h)
		if e < 0 {
			if o.lParts.Active() || o.level < spill.MaxLevel && o.table.Mem() > o.in.budget.Mem {
				if err := o.lParts.Write(h); err != nil {
					return err
				}
				continue
			}
			e = o.table.Add(h)
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
		h := o.table.Hash()
		if e := o.table.Find(h); e >= 0 {
			o.counts[e].r++
		} else if o.lParts.Active() {
			if err := o.rParts.Write(h); err != nil {
				return err
			}
		}
	}
	l, err := o.lParts.Take()
	if err != nil {
		return err
	}
	r, err := o.rParts.Take()
	if err != nil {
		spill.CloseAll(l)
		return err
	}
	for i := range l {
		p := setPart{l: l[i], level: o.level + 1}
		if r != nil {
			p.r = r[i]
		}
		if p.l == nil {
			p.r.Close()
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
			if o.at >= o.table.Len() {
				if more, err := o.nextPart(); !more || err != nil {
					return false, err
				}
				continue
			}
			o.again = o.times(o.counts[o.at])
			o.at++
		}
		o.again--
		o.table.Load(o.at-1, o.out)
		return true, nil
	}
}

func (o *setOp) nextPart() (bool, error) {
	if len(o.pending) == 0 {
		return false, nil
	}
	p := o.pending[len(o.pending)-1]
	o.pending = o.pending[:len(o.pending)-1]
	defer p.l.Close()
	defer p.r.Close()
	o.table.Reset()
	o.level = p.level
	from := func(file *spill.File, then func(func() (bool, error)) error) error {
		if file == nil {
			return then(func() (bool, error) { return false, nil })
		}
		r, err := file.Reader()
		if err != nil {
			return err
		}
		return then(func() (bool, error) { return r.Slots(&o.in.F, o.left) })
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
