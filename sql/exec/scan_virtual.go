package exec

import (
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// virtualScanOp reads a computed relation. The filter is checked here whatever the source has done with the keys.
type virtualScanOp struct {
	in    *instance
	table *catalog.Table
	atts  []int16 // asked from the source
	slots []int
	oids  []int // slots of tableoid
	ids   []int // slots of the other system columns and of row locators
	eqAtt []int16
	eq    []eval.Fn
	any   eval.Fn      // nil: none; the array of a key that stands behind those of eq
	chars []VirtualKey // that do not change
	keys  []VirtualKey
	each  []types.Datum // the values that any's key still has to take
	rows  builtin.Rows
	cond  eval.Cond
}

func (b *builder) virtualScan(x *plan.VirtualTableScan) (operator, error) {
	o := &virtualScanOp{in: b.in, table: x.Table}
	for _, c := range x.Out {
		s := b.Slot(c.ID)
		switch {
		case c.AttNum > 0:
			o.atts, o.slots = append(o.atts, c.AttNum), append(o.slots, s)
		case c.AttNum == eval.AttTableOID:
			o.oids = append(o.oids, s)
		case c.AttNum == eval.AttRow:
			return nil, pgerr.Unsupported("a whole row of relation " + x.Table.Name)
		default:
			o.ids = append(o.ids, s)
		}
	}
	for _, e := range x.Eq {
		fn, err := b.Fn(e.Expr)
		if err != nil {
			return nil, err
		}
		o.eqAtt, o.eq = append(o.eqAtt, e.AttNum), append(o.eq, fn)
	}
	var err error
	if x.EqAny != nil {
		if o.any, err = b.Fn(x.EqAny.Expr); err != nil {
			return nil, err
		}
		o.eqAtt = append(o.eqAtt, x.EqAny.AttNum)
	}
	for _, e := range x.Filter {
		if k, ok := charsKey(x, e); ok {
			o.chars = append(o.chars, k)
		}
	}
	o.cond, err = b.Conds(x.Filter)
	return o, err
}

// charEqual is pg_proc's chareq.
const charEqual types.OID = 61

// charsKey recognises column = ANY (constants) of type "char".
func charsKey(x *plan.VirtualTableScan, e plan.Expr) (k VirtualKey, ok bool) {
	op, is := e.(*plan.ScalarArrayOp)
	if !is || op.All || op.Call.Proc != charEqual {
		return k, false
	}
	col, is := op.Call.Args[0].(*plan.ColRef)
	if !is {
		return k, false
	}
	add := func(v types.Datum) {
		if !v.IsNull() {
			k.Chars += string([]byte{byte(v.Uint())})
		}
	}
	switch list := op.Call.Args[1].(type) {
	case *plan.Const:
		if list.Val.IsNull() {
			return k, false
		}
		a := tuple.Array(list.Val.Bytes())
		for i := range a.Len() {
			add(a.Elem(i))
		}
	case *plan.ArrayCtor:
		for _, e := range list.Elems {
			c, is := e.(*plan.Const)
			if !is || list.Multi {
				return k, false
			}
			add(c.Val)
		}
	}
	for _, o := range x.Out {
		if o.ID == col.Col && o.AttNum > 0 {
			k.AttNum = o.AttNum
		}
	}
	return k, k.AttNum != 0 && k.Chars != ""
}

func (o *virtualScanOp) open() error {
	o.rows, o.each = nil, nil
	if o.in.virtual == nil {
		return pgerr.Unsupported("relation " + o.table.Name)
	}
	o.keys = append(o.keys[:0], o.chars...)
	for i, fn := range o.eq {
		v, err := fn()
		if err != nil {
			return err
		}
		if v.IsNull() {
			return nil // column = NULL holds for no row
		}
		o.keys = append(o.keys, VirtualKey{AttNum: o.eqAtt[i], Val: v})
	}
	if o.any == nil {
		return o.scan()
	}
	v, err := o.any()
	if err != nil || v.IsNull() {
		return err
	}
	o.each = distinctElems(tuple.Array(v.Clone().Bytes()))
	o.keys = append(o.keys, VirtualKey{AttNum: o.eqAtt[len(o.eq)]})
	_, err = o.nextKey()
	return err
}

func (o *virtualScanOp) scan() (err error) {
	o.rows, err = o.in.virtual.ScanVirtual(o.in.EC, o.table, o.atts, o.keys)
	return err
}

// nextKey goes on with the next element of the array.
func (o *virtualScanOp) nextKey() (bool, error) {
	if len(o.each) == 0 {
		return false, nil
	}
	o.keys[len(o.keys)-1].Val = o.each[0]
	o.each = o.each[1:]
	return true, o.scan()
}

// distinctElems are the elements of an array that are not NULL, each once.
func distinctElems(a tuple.Array) []types.Datum {
	out := make([]types.Datum, 0, a.Len())
	numbers, texts := map[uint64]bool{}, map[string]bool{}
	for i := range a.Len() {
		v := a.Elem(i)
		switch {
		case v.IsNull():
			continue
		case v.IsScalar():
			if numbers[v.Uint()] {
				continue
			}
			numbers[v.Uint()] = true
		default:
			if texts[string(v.Bytes())] {
				continue
			}
			texts[string(v.Bytes())] = true
		}
		out = append(out, v)
	}
	return out
}

func (o *virtualScanOp) next() (bool, error) {
	f := &o.in.F
	for o.rows != nil {
		row, ok, err := o.rows.Next()
		if err != nil {
			o.rows = nil
			return false, err
		}
		if !ok {
			if more, err := o.nextKey(); !more || err != nil {
				o.rows = nil
				return false, err
			}
			continue
		}
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		f.Put(o.slots, row)
		for _, s := range o.oids {
			f.S[s] = tuple.Uint(uint64(o.table.OID))
		}
		for _, s := range o.ids {
			f.S[s] = types.Null
		}
		if o.cond == nil {
			return true, nil
		}
		t, err := o.cond()
		if t == eval.True || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

func (o *virtualScanOp) close() { o.rows, o.each = nil, nil }
