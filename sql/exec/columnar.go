package exec

import (
	"errors"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// ErrColumnarRetry says that a fragment failed in a way that its row form may not: an overflow of a narrower type, a
// limit of the engine. It counts until the first row has been given.
var ErrColumnarRetry = errors.New("run the fragment over rows")

// columnarOp runs a fragment in the columnar engine, or its fallback.
type columnarOp struct {
	in       *instance
	node     *plan.Columnar
	fallback operator
	params   []eval.Fn
	feeds    []operator // by table, nil where there is none
	slots    [][]int    // of feeds
	vals     []types.Datum
	out      []int
	from     []int // the fallback's columns
	rows     ColumnarRows
	byRows   bool
	begun    bool
	stats    *NodeStats
}

func (o *columnarOp) note(st *NodeStats) { o.stats = st }

func (b *builder) columnar(x *plan.Columnar) (operator, error) {
	o := &columnarOp{in: b.in, node: x, out: b.ColSlots(x.Out), from: b.ColSlots(x.Fallback.Cols())}
	var err error
	if o.fallback, err = b.node(x.Fallback); err != nil {
		return nil, err
	}
	if o.params, err = b.Fns(x.Params); err != nil {
		return nil, err
	}
	o.vals = make([]types.Datum, len(o.params))
	o.feeds, o.slots = make([]operator, len(x.Tables)), make([][]int, len(x.Tables))
	for i, scan := range x.Feeds {
		if scan == nil {
			continue
		}
		if o.feeds[i], err = b.tableScan(scan); err != nil {
			return nil, err
		}
		o.slots[i] = b.ColSlots(scan.Out)
	}
	return o, nil
}

// feedRows are the rows of a table for a fragment.
type feedRows struct {
	o     *columnarOp
	table int
	row   []types.Datum
}

// Next implements builtin.Rows.
func (r *feedRows) Next() ([]types.Datum, bool, error) {
	if err := r.o.in.Tick(); err != nil {
		return nil, false, err
	}
	ok, err := r.o.feeds[r.table].next()
	if !ok || err != nil {
		return nil, false, err
	}
	r.row = r.row[:0]
	for _, s := range r.o.slots[r.table] {
		r.row = append(r.row, r.o.in.F.S[s])
	}
	return r.row, true, nil
}

// sources are the feeds that there are.
func (o *columnarOp) sources() ColumnarFeeds {
	out := make(ColumnarFeeds, len(o.feeds))
	for i, op := range o.feeds {
		if op != nil {
			out[i] = func() (builtin.Rows, error) { return &feedRows{o: o, table: i}, op.open() }
		}
	}
	return out
}

func (o *columnarOp) open() error {
	o.end()
	o.begun, o.byRows = false, false
	// What a SERIALIZABLE transaction reads must go through its View.
	if r := o.in.columnar; r != nil && o.in.EC.Txn.Isolation() != txn.Serializable && r.Accepts(o.node) && o.values() {
		rows, ok, err := r.RunColumnar(o.in.EC, &o.in.View, o.node, o.vals, o.sources())
		switch {
		case errors.Is(err, ErrColumnarRetry):
		case err != nil:
			return err
		case ok:
			o.rows = rows
			if o.stats != nil {
				o.stats.Columnar = rows.Read()
			}
			return nil
		}
	}
	return o.overRows()
}

func (o *columnarOp) overRows() error {
	o.byRows = true
	if o.stats != nil {
		o.stats.ByRows = true
	}
	return o.fallback.open()
}

// values computes the parameters. false: one of them is an error, which is the statement's where the rows come to it.
func (o *columnarOp) values() bool {
	for i, fn := range o.params {
		v, err := fn()
		if err != nil {
			return false
		}
		o.vals[i] = v
	}
	return true
}

func (o *columnarOp) next() (bool, error) {
	if err := o.in.Tick(); err != nil {
		return false, err
	}
	f := &o.in.F
	if !o.byRows {
		row, ok, err := o.rows.Next()
		if err == nil || o.begun || !errors.Is(err, ErrColumnarRetry) {
			if ok && err == nil {
				o.begun = true
				f.Put(o.out, row)
			}
			return ok, err
		}
		o.end()
		if err := o.overRows(); err != nil {
			return false, err
		}
	}
	ok, err := o.fallback.next()
	if !ok || err != nil {
		return false, err
	}
	for i, s := range o.from {
		f.S[o.out[i]] = f.S[s]
	}
	return true, nil
}

func (o *columnarOp) end() {
	if o.rows != nil {
		o.rows.Close()
		o.rows = nil
	}
}

func (o *columnarOp) close() {
	o.end()
	o.fallback.close()
	for _, f := range o.feeds {
		if f != nil {
			f.close()
		}
	}
}
