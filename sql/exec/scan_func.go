package exec

import (
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// functionScanOp gives the rows of functions in FROM, several in step (ROWS FROM), those that end first padded with NULL.
type functionScanOp struct {
	in    *instance
	items []funcItem
	out   []int
	ord   int // slot of the ordinality, -1
	n     int64
	cond  eval.Cond
}

type funcItem struct {
	srf       *srf
	one       eval.Fn // a function that gives one value
	slots     []int
	composite bool
	want      []types.OID // types of the columns
	env       *types.Env
	done      bool
}

func (b *builder) functionScan(x *plan.FunctionScan) (operator, error) {
	o := &functionScanOp{in: b.in, out: b.ColSlots(x.Out), ord: -1}
	at := 0
	for _, fi := range x.Funcs {
		it := funcItem{composite: fi.Composite, env: b.env}
		if at+fi.Cols > len(o.out) {
			return nil, pgerr.Internal("function scan of %d columns", len(o.out))
		}
		it.slots = o.out[at : at+fi.Cols]
		for _, c := range x.Out[at : at+fi.Cols] {
			it.want = append(it.want, c.T.OID)
		}
		at += fi.Cols
		var err error
		call, ok := fi.Call.(*plan.FuncCall)
		if ok && call.Func != nil && call.T.OID == types.Record {
			// The function's one row is scanned as a set's: it learns what columns are wanted.
			if it.srf, err = b.srf(call); err != nil {
				return nil, err
			}
			for _, c := range x.Out[at-fi.Cols : at] {
				it.srf.routine.Fields = append(it.srf.routine.Fields, types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod})
			}
		} else if ok && call.RetSet {
			it.srf, err = b.srf(call)
		} else {
			it.one, err = b.Fn(fi.Call)
		}
		if err != nil {
			return nil, err
		}
		o.items = append(o.items, it)
	}
	if x.Ordinality {
		o.ord = o.out[at]
	}
	var err error
	o.cond, err = b.Conds(x.Filter)
	return o, err
}

func (o *functionScanOp) open() error {
	o.n = 0
	for i := range o.items {
		it := &o.items[i]
		it.done = false
		if it.srf != nil {
			if err := it.srf.start(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *functionScanOp) next() (bool, error) {
	f := &o.in.F
	for {
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		any := false
		for i := range o.items {
			ok, err := o.items[i].next(f)
			if err != nil {
				return false, err
			}
			any = any || ok
		}
		if !any {
			return false, nil
		}
		o.n++
		if o.ord >= 0 {
			f.S[o.ord] = tuple.Int(o.n)
		}
		if o.cond == nil {
			return true, nil
		}
		t, err := o.cond()
		if t == eval.True || err != nil {
			return err == nil, err
		}
	}
}

func (it *funcItem) next(f *frame.Frame) (bool, error) {
	if it.done {
		f.SetNull(it.slots)
		return false, nil
	}
	if it.one != nil {
		it.done = true
		v, err := it.one()
		if err != nil {
			return false, err
		}
		if !it.composite {
			f.S[it.slots[0]] = v
			return true, nil
		}
		return true, it.fields(f, v)
	}
	row, ok, err := it.srf.next()
	if !ok || err != nil {
		it.done = true
		f.SetNull(it.slots)
		return false, err
	}
	if it.composite && len(row) == 1 && len(it.slots) != 1 {
		return true, it.fields(f, row[0])
	}
	if len(row) != len(it.slots) {
		return false, types.RowWidthError(len(row), len(it.slots))
	}
	f.Put(it.slots, row)
	return true, nil
}

// fields takes a record apart.
func (it *funcItem) fields(f *frame.Frame, v types.Datum) error {
	if v.IsNull() {
		f.SetNull(it.slots)
		return nil
	}
	r := tuple.Record(v.Bytes())
	if r.Len() > len(it.slots) || r.Len() < len(it.slots) && it.srf != nil && it.srf.routine == nil {
		return types.RowWidthError(r.Len(), len(it.slots))
	}
	for i, s := range it.slots {
		if f.S[s] = types.Null; i >= r.Len() {
			continue
		}
		v := r.Field(i)
		if v.OID != it.want[i] && v.OID != types.Unknown {
			return types.RowFieldError(i, v.OID, it.want[i], it.env)
		}
		f.S[s] = v.Value
	}
	return nil
}

func (o *functionScanOp) close() {
	for i := range o.items {
		if o.items[i].srf != nil {
			o.items[i].srf.stop()
		}
	}
}
