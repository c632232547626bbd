package columnar

import (
	"slices"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// noteBounds keeps the conditions of a scan that tell which files have no row for it.
func (c *compiler) noteBounds(at int, x *plan.TableScan, conds []plan.Expr) {
	for len(c.bounds) <= at {
		c.bounds, c.scans = append(c.bounds, nil), append(c.scans, 0)
	}
	if c.scans[at]++; c.scans[at] > 1 {
		c.bounds[at] = nil // another scan has other conditions
		return
	}
	for _, e := range conds {
		if b, ok := c.fileBound(x, e); ok {
			c.bounds[at] = append(c.bounds[at], b)
		}
	}
}

// fileBound takes a comparison of a column with values that are known before the fragment runs. The condition has been written already:
// what is compared means the same in both systems.
func (c *compiler) fileBound(x *plan.TableScan, e plan.Expr) (out plan.FileBound, ok bool) {
	switch x2 := e.(type) {
	case *plan.FuncCall:
		op := tuple.ComparisonOf(whitelist().fns[x2.Proc].sym)
		if op == 0 || len(x2.Args) != 2 {
			return out, false
		}
		l, r := x2.Args[0], x2.Args[1]
		if _, column := l.(*plan.ColRef); !column {
			l, r, op = r, l, op.Mirrored()
		}
		if out.Att, ok = boundColumn(x, l, r.Type().OID); !ok {
			return out, false
		}
		out.Op, out.T = op, r.Type().OID
		if k, constant := r.(*plan.Const); constant {
			out.Vals = []types.Datum{k.Val}
			return out, true
		}
		out.Param = slices.Index(c.params, r) + 1
		return out, out.Param > 0
	case *plan.ScalarArrayOp:
		if x2.All || whitelist().fns[x2.Call.Proc].sym != "=" {
			return out, false
		}
		out.Op = tuple.Equal
		if out.T, out.Vals, ok = constants(x2.Call.Args[1]); ok {
			out.Att, ok = boundColumn(x, x2.Call.Args[0], out.T)
		}
		return out, ok
	}
	return out, false
}

// constants are the elements of an array of constants.
func constants(e plan.Expr) (elem types.OID, vals []types.Datum, ok bool) {
	if r, ok := e.(*plan.Relabel); ok {
		e = r.Arg
	}
	switch a := e.(type) {
	case *plan.ArrayCtor:
		for _, e := range a.Elems {
			k, ok := e.(*plan.Const)
			if !ok || a.Multi || elem != 0 && k.T.OID != elem {
				return 0, nil, false
			}
			elem, vals = k.T.OID, append(vals, k.Val)
		}
	case *plan.Const:
		if t := types.Lookup(a.T.OID); t != nil && t.Elem != 0 && !a.Val.IsNull() {
			elem, vals = t.Elem, tuple.Array(a.Val.Bytes()).Elems(nil)
		}
	}
	return elem, vals, elem != 0
}

// boundColumn is the attribute that e is, if it is one of the scan's whose values compare with those of oid as they stand in files.
func boundColumn(x *plan.TableScan, e plan.Expr, oid types.OID) (int16, bool) {
	if r, ok := e.(*plan.Relabel); ok {
		e = r.Arg
	}
	r, ok := e.(*plan.ColRef)
	if !ok {
		return 0, false
	}
	for _, o := range slices.Concat(x.All, x.Out) {
		if o.ID != r.Col || o.AttNum <= 0 {
			continue
		}
		have := x.Table.Columns[o.AttNum-1].Type
		_, _, int1 := intRange(have)
		_, _, int2 := intRange(oid)
		same := int1 && int2 || textual(have) && textual(oid)
		switch have {
		case types.Date, types.Timestamp, types.TimestampTZ, types.Numeric:
			same = have == oid
		}
		return o.AttNum, same
	}
	return 0, false
}

// Prune gives the files that may have a row for all of the bounds.
func Prune(t *Table, bounds []plan.FileBound, params []types.Datum) []File {
	if len(bounds) == 0 {
		return t.Files
	}
	kept := make([]File, 0, len(t.Files))
	for _, f := range t.Files {
		if !slices.ContainsFunc(bounds, func(b plan.FileBound) bool { return excluded(t, &f, &b, params) }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// excluded reports a file none of whose rows meets a condition.
func excluded(t *Table, f *File, b *plan.FileBound, params []types.Datum) bool {
	at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.AttNum == b.Att })
	if at < 0 || f.Range == nil {
		return false
	}
	col := &t.Columns[at]
	lo, hi, ok := f.Range(col.Name, col.Type)
	order := col.Type.Order()
	if !ok || order == nil {
		return false
	}
	vals := b.Vals
	if b.Param > 0 {
		vals = params[b.Param-1 : b.Param]
	}
	for _, v := range vals {
		if v.IsNull() {
			continue // no row is equal to it, smaller or larger
		}
		_, p, ok := col.Physical(nil, v)
		if !ok {
			return false
		}
		if !b.Op.Excludes(order(lo, p), order(hi, p)) {
			return false
		}
	}
	return true
}
