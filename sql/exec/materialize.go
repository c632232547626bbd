package exec

import (
	"github.com/tarndb/tarn/sql/exec/spill"
	"github.com/tarndb/tarn/sql/plan"
)

// materializeOp keeps its input's rows for rescans. It reads the input only as far as it is asked to.
type materializeOp struct {
	in    *instance
	child operator
	slots []int
	deps  *deps
	tape  spill.Tape
	pos   int
	eof   bool
}

func (b *builder) materialize(x *plan.Materialize) (operator, error) {
	child, err := b.node(x.In)
	if err != nil || b.rescan == 0 {
		return child, err // nobody reads it twice
	}
	o := &materializeOp{in: b.in, child: child, slots: b.ColSlots(x.In.Cols()), deps: b.deps(x.In)}
	o.tape = spill.NewTape(&b.in.budget, &b.in.F, o.slots)
	return o, nil
}

func (o *materializeOp) open() error {
	o.pos = 0
	// Rows are added to a tape that went to a file only before the first of them is read.
	if o.deps.same() && (o.eof || !o.tape.Spilled()) {
		return nil
	}
	o.tape.Reset()
	o.eof = false
	o.deps.keep()
	return o.child.open()
}

func (o *materializeOp) next() (bool, error) {
	if o.pos < o.tape.Len() {
		o.pos++
		return true, o.tape.Load(o.pos-1, o.slots)
	}
	if o.eof {
		return false, nil
	}
	ok, err := o.child.next()
	if err != nil {
		return false, err
	}
	if !ok {
		o.eof = true
		return false, nil
	}
	o.pos++
	return true, o.tape.Add()
}

func (o *materializeOp) close() {
	o.child.close()
	o.tape.Reset()
	o.deps.drop()
	o.eof = false
}
