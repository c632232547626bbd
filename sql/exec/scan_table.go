package exec

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// tableScanOp reads a table by a range of an index. Columns that the filter names are decoded first, the others only of
// rows that pass it.
type tableScanOp struct {
	in       *instance
	table    *catalog.Table
	index    *catalog.Index // nil: rows in their own order
	rel      *rowstore.Rel
	reverse  bool
	point    bool   // the whole primary key is given
	cursor   string // WHERE CURRENT OF: the row that it stands on
	early    eval.RowCols
	late     eval.RowCols
	cond     eval.Cond
	only     []entryCol // index-only: where the columns stand in an entry
	wantOnly bool
	sample   *sampleScan // TABLESAMPLE
	narrow   *narrowing  // of a lake table

	eq     []eval.Fn
	eqAny  eval.Fn
	lo, hi eval.Fn
	loInc  bool
	hiInc  bool
	keys   []types.Datum
	any    []types.Datum // elements still to be looked up, in order
	anyAt  int
	keyCol *catalog.IndexKey // of eqAny
	order  *collation.Collator

	rng     rowstore.Range
	bounds  [2]rowstore.Bound
	it      rowstore.Iter
	getter  txn.Getter // point
	opens   int        // of this execution; from the second on the iterator is kept between them
	opened  bool
	done    bool
	rows    []byte // point: the row
	keyBuf  [2][]byte
	entry   []types.Datum
	scratch []byte
	stats   *NodeStats
	usage   *run.Usage
	read    int64 // rows since usage was told
}

func (o *tableScanOp) note(st *NodeStats) { o.stats = st }

type entryCol struct{ pos, slot int }

func (b *builder) tableScan(x *plan.TableScan) (operator, error) {
	if x.Near != nil {
		return b.nearScan(x)
	}
	o := &tableScanOp{in: b.in, table: x.Table, index: x.Index, reverse: x.Reverse, wantOnly: x.IndexOnly}
	var err error
	for _, e := range x.Filter {
		if c, ok := e.(*plan.CurrentOf); ok {
			o.cursor, o.point, b.Positioned = c.Cursor, true, true
		}
	}
	if o.cond, err = b.Conds(x.Filter); err != nil {
		return nil, err
	}
	filter := newScope()
	filter.exprs(x.Filter...)
	named := filter.used
	var early, late []plan.Col
	for _, c := range x.Out {
		if named[c.ID] {
			early = append(early, c)
		} else {
			late = append(late, c)
		}
	}
	if o.early, err = b.RowColsOf(x.Table, early, x.RowAtts); err != nil {
		return nil, err
	}
	if o.late, err = b.RowColsOf(x.Table, late, x.RowAtts); err != nil {
		return nil, err
	}
	if o.narrow, err = b.narrowing(x, &o.early, &o.late); err != nil {
		return nil, err
	}
	for _, e := range x.Eq {
		fn, err := b.Fn(e)
		if err != nil {
			return nil, err
		}
		o.eq = append(o.eq, fn)
	}
	if o.eqAny, err = b.Fn(x.EqAny); err != nil {
		return nil, err
	}
	if x.Lo != nil {
		o.loInc = x.Lo.Inclusive
		if o.lo, err = b.Fn(x.Lo.Expr); err != nil {
			return nil, err
		}
	}
	if x.Hi != nil {
		o.hiInc = x.Hi.Inclusive
		if o.hi, err = b.Fn(x.Hi.Expr); err != nil {
			return nil, err
		}
	}
	if x.Sample != nil {
		if o.sample, err = b.sampleScan(x.Sample); err != nil {
			return nil, err
		}
	}
	if o.cursor != "" {
		o.eq, o.eqAny, o.lo, o.hi, o.index, o.wantOnly = nil, nil, nil, nil, nil, false
		return o, nil
	}
	primary := x.Table.PrimaryIndex()
	if o.index == nil && (len(x.Eq) > 0 || x.EqAny != nil || x.Lo != nil || x.Hi != nil) {
		o.index = primary
	}
	if o.index != nil {
		n := len(x.Eq)
		if x.EqAny != nil {
			o.keyCol = &o.index.Keys[n]
			if o.order, err = o.keyCol.Order.Collator(); err != nil {
				return nil, err
			}
			n++
		}
		o.point = o.index == primary && primary.ID == 1 && n == len(primary.Keys)
	}
	return o, nil
}

// prepare opens the table when it is first needed.
func (o *tableScanOp) prepare() error {
	if o.rel != nil {
		return nil
	}
	var err error
	if o.rel, err = o.in.EC.Rels.Get(o.table); err != nil {
		return err
	}
	index := uint16(0)
	if o.index != nil {
		index = o.index.ID
	}
	o.usage = o.in.EC.Rels.Usage(o.table.StorageID, index)
	if !o.wantOnly || o.index == nil || o.index.ID == catalog.ClusteredIndexID {
		return nil
	}
	early, wholeEarly := o.early.Columns()
	late, wholeLate := o.late.Columns()
	if !wholeEarly || !wholeLate {
		return nil
	}
	pos := o.rel.EntryColumns(o.index)
	var only []entryCol
	for _, c := range append(early[:len(early):len(early)], late...) {
		p, ok := pos[c.Att]
		if !ok {
			return nil
		}
		only = append(only, entryCol{p, c.Slot})
	}
	o.only = only
	if o.only == nil {
		o.only = []entryCol{}
	}
	o.entry = make([]types.Datum, len(o.index.Keys)+len(o.index.Include))
	return nil
}

func (o *tableScanOp) open() error {
	if err := o.end(); err != nil {
		return err
	}
	if err := o.prepare(); err != nil {
		return err
	}
	if o.sample != nil {
		if err := o.sample.begin(); err != nil {
			return err
		}
	}
	o.usage.Scans.Add(1)
	o.done = false
	o.keys = o.keys[:0]
	for _, fn := range o.eq {
		v, err := fn()
		if err != nil {
			return err
		}
		if v.IsNull() {
			o.done = true
			return nil
		}
		o.keys = append(o.keys, v)
	}
	o.rng = rowstore.Range{Eq: o.keys}
	if o.lo != nil {
		v, err := o.lo()
		if err != nil {
			return err
		}
		o.bounds[0] = rowstore.Bound{Val: v, Inclusive: o.loInc}
		o.rng.Lo = &o.bounds[0]
	}
	if o.hi != nil {
		v, err := o.hi()
		if err != nil {
			return err
		}
		o.bounds[1] = rowstore.Bound{Val: v, Inclusive: o.hiInc}
		o.rng.Hi = &o.bounds[1]
	}
	if o.eqAny == nil {
		if !o.point {
			o.start()
		}
		return o.narrowed()
	}
	return o.elements()
}

// elements puts the array's values into key order.
func (o *tableScanOp) elements() error {
	o.any, o.anyAt = o.any[:0], 0
	v, err := o.eqAny()
	if err != nil {
		return err
	}
	if v.IsNull() {
		o.done = true
		return nil
	}
	a := tuple.Array(v.Bytes())
	for i, n := 0, a.Len(); i < n; i++ {
		if e := a.Elem(i); !e.IsNull() {
			o.any = append(o.any, e)
		}
	}
	kind, sign := a.ElemKind(), 1
	if o.keyCol.Desc != o.reverse {
		sign = -1
	}
	slices.SortFunc(o.any, func(x, y types.Datum) int { return sign * types.CompareOrdered(o.order, kind, x, y) })
	o.any = slices.CompactFunc(o.any, func(x, y types.Datum) bool { return types.CompareOrdered(o.order, kind, x, y) == 0 })
	return nil
}

func (o *tableScanOp) start() {
	o.rel.InitScan(&o.it, o.in.View, o.index, o.rng, o.reverse)
	o.opened = true
	o.opens++
}

// narrowed tells the iterator what the scan wants of a lake table.
func (o *tableScanOp) narrowed() error {
	if o.narrow == nil || !o.opened || o.sample != nil {
		return nil
	}
	want, err := o.narrow.begin()
	if err != nil {
		return err
	}
	o.it.Narrow(want)
	return nil
}

// end ends the scan of a range.
func (o *tableScanOp) end() error {
	if !o.opened {
		return nil
	}
	o.opened = false
	if o.read > 0 {
		o.usage.Rows.Add(o.read)
		o.read = 0
	}
	if o.opens > 1 {
		return o.it.Park()
	}
	return o.it.Close()
}

// element moves to the next value of the array; false: there is none.
func (o *tableScanOp) element() bool {
	if o.eqAny == nil || o.anyAt >= len(o.any) {
		return false
	}
	o.keys = append(o.keys[:len(o.eq)], o.any[o.anyAt])
	o.anyAt++
	o.rng.Eq = o.keys
	return true
}

func (o *tableScanOp) next() (bool, error) {
	if o.done {
		return false, nil
	}
	if o.point {
		return o.nextPoint()
	}
	for {
		if !o.opened {
			if !o.element() {
				o.done = true
				return false, nil
			}
			o.start()
		}
		for o.it.Next() {
			ok, err := o.row()
			if ok || err != nil {
				return ok, err
			}
		}
		if err := o.end(); err != nil {
			return false, err
		}
	}
}

// nextPoint gets rows by their whole primary key.
func (o *tableScanOp) nextPoint() (bool, error) {
	for {
		if o.eqAny == nil {
			o.done = true
		} else if !o.element() {
			o.done = true
			return false, nil
		}
		var lo, hi []byte
		var ok bool
		if o.cursor != "" {
			var err error
			if lo, ok, err = o.currentKey(); err != nil {
				return false, err
			}
		} else {
			lo, hi, ok = o.rel.KeyRange(o.index, o.rng, o.keyBuf[0][:0], o.keyBuf[1][:0])
			o.keyBuf = [2][]byte{lo, hi}
		}
		if ok {
			var err error
			o.rows, ok, err = o.rel.GetBy(&o.getter, o.in.View, o.rows[:0], lo)
			if err != nil {
				return false, err
			}
		}
		if ok {
			o.usage.Rows.Add(1)
			pass, err := o.take(lo, o.rows)
			if pass || err != nil {
				return pass, err
			}
		}
		if o.eqAny == nil {
			return false, nil
		}
	}
}

// currentKey is the storage key of the row that the cursor stands on. The row is found by its key, not by its version: it may
// have been changed since, by this transaction too.
func (o *tableScanOp) currentKey() (key []byte, ok bool, err error) {
	sess, ok := o.in.EC.Sess.(Positioned)
	if !ok {
		return nil, false, pgerr.Unsupported("WHERE CURRENT OF here")
	}
	loc, err := sess.Current(o.cursor, o.table)
	if err != nil || loc == nil {
		return nil, false, err
	}
	key, _, err = rowstore.ParseLoc(loc)
	return key, err == nil, err
}

// row takes the row that the iterator stands on; false: the filter drops it.
func (o *tableScanOp) row() (bool, error) {
	if err := o.in.Tick(); err != nil {
		return false, err
	}
	o.read++
	if o.only != nil {
		return o.entryRow()
	}
	row := o.it.Row()
	if row == nil {
		return false, o.it.Err()
	}
	key := o.it.Key()
	if o.sample != nil && !o.sample.Takes(key, tuple.RowID(row)) {
		return false, nil
	}
	return o.take(key, row)
}

func (o *tableScanOp) take(key, row []byte) (bool, error) {
	f := &o.in.F
	if o.cond != nil {
		o.early.Load(f, o.rel, key, row)
		t, err := o.cond()
		if t != eval.True || err != nil {
			o.stats.removed()
			return false, err
		}
	}
	o.late.Load(f, o.rel, key, row)
	return true, nil
}

// entryRow answers from the index entry alone.
func (o *tableScanOp) entryRow() (bool, error) {
	var err error
	if o.scratch, err = o.it.DecodeEntry(o.entry, o.scratch); err != nil {
		return false, err
	}
	f := &o.in.F
	for _, c := range o.only {
		f.S[c.slot] = o.entry[c.pos]
	}
	if o.cond == nil {
		return true, nil
	}
	t, err := o.cond()
	if t != eval.True {
		o.stats.removed()
	}
	return t == eval.True, err
}

func (o *tableScanOp) close() {
	// What the iterator has to report it has reported in next.
	_ = o.end()
	_ = o.it.Close()
	_ = o.getter.Close()
	o.opens = 0
	if cap(o.rows) > 64<<10 {
		o.rows = nil
	}
}
