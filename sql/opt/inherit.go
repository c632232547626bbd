package opt

import (
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// A scan of a table with children becomes an Append of scans of the tables that hold the rows (manual 5.10, 5.11). They share the
// ColIDs of the scan that they stand for, so that conditions go to each of them as they are; only attribute numbers differ.

// expands reports whether a scan reads more tables than the one that it names, or another one.
func (o *optimizer) expands(x *plan.Scan) bool {
	return x.Table.Partitioned() || x.Inherit && o.env.Catalog.HasChildren(x.Table.OID)
}

// tree lists the tables with rows that a scan reads.
func (o *optimizer) tree(x *plan.Scan) []*catalog.Table {
	if !x.Inherit {
		return nil
	}
	var out []*catalog.Table
	if x.Table.Partitioned() {
		return o.leavesOf(x.Table, out)
	}
	for _, t := range o.env.Catalog.Descendants(x.Table) {
		if t.Stored() && !t.OthersTemp(o.env.Session) {
			out = append(out, t)
		}
	}
	return out
}

// leavesOf appends the partitions with rows: they are in no other tree.
func (o *optimizer) leavesOf(t *catalog.Table, out []*catalog.Table) []*catalog.Table {
	d, err := partition.Describe(o.env.Catalog, t, o.env.Types)
	if err != nil {
		return out // who reads the table reports it
	}
	for _, oid := range d.Parts {
		if k := o.env.Catalog.Table(oid); k.Partitioned() {
			out = o.leavesOf(k, out)
		} else {
			out = append(out, k)
		}
	}
	return out
}

// learnTree is learn for a scan of several tables: columns are known from the largest one.
func (o *optimizer) learnTree(x *plan.Scan) float64 {
	if rows, ok := o.trees[x]; ok {
		return rows
	}
	rows, most := 0.0, 0.0
	largest := x.Table
	for _, t := range o.tree(x) {
		n := o.freshRows(t)
		rows += n
		if n > most {
			most, largest = n, t
		}
	}
	rows = max(1, rows)
	m := catalog.AttMap(x.Table, largest)
	for i := range x.Out {
		c := &x.Out[i]
		for len(o.cols) <= int(c.ID) {
			o.cols = append(o.cols, nil)
		}
		if o.cols[c.ID] != nil {
			continue
		}
		in := &colInfo{table: largest, att: c.AttNum, rows: rows}
		if c.AttNum > 0 && int(c.AttNum) <= len(m) {
			in.att = m[c.AttNum-1]
			in.notNull = x.Table.Column(c.AttNum).NotNull
		}
		o.cols[c.ID] = in
	}
	if o.trees == nil {
		o.trees = map[*plan.Scan]float64{}
	}
	o.trees[x] = rows
	return rows
}

// member is a table of the tree that is left after pruning.
type member struct {
	table *catalog.Table
	prune *plan.PartPrune // whose At[part] it is
	part  int
}

func (o *optimizer) inherited(x *plan.Scan, conds []plan.Expr, w want) (built, error) {
	o.learn(x)
	var members []member
	var prune *plan.PartPrune
	var ordered *partition.Desc
	var err error
	switch {
	case !x.Inherit:
	case x.Table.Partitioned():
		if prune, err = o.partitions(x, x, conds, &members); err != nil {
			return built{}, err
		}
		if ordered, err = partition.Describe(o.env.Catalog, x.Table, o.env.Types); err != nil {
			return built{}, err
		}
	default:
		for _, t := range o.tree(x) {
			members = append(members, member{table: t})
		}
	}
	out := outOf(x.Out, w.need)
	if len(members) == 0 {
		return o.nothing(out), nil
	}
	reverse, sorted := false, false
	if len(w.order) > 0 && ordered != nil && prune.Sub == nil {
		reverse, sorted = rangeOrder(x, ordered, members, w)
	}
	n := &plan.Append{Out: out, Inherit: true}
	n.Width = widthOf(out)
	inner := want{need: w.need, rows: w.rows}
	if sorted {
		inner.order = w.order
	}
	var last built
	for i := range members {
		m := &members[i]
		if reverse {
			m = &members[len(members)-1-i]
		}
		alias := x.Alias
		if len(members) > 1 {
			alias += "_" + strconv.Itoa(i+1)
		}
		b, err := o.scan(childScan(x, m.table, alias), conds, inner)
		if err != nil {
			return built{}, err
		}
		if m.table != x.Table {
			o.leaves = append(o.leaves, plan.Leaf{Table: m.table, Of: x.Table})
		}
		if m.prune != nil {
			m.prune.At[m.part] = int32(i)
		}
		if sorted && !b.one && o.satisfied(b.order, w.order, b.fixed) < len(w.order) {
			sorted = false
		}
		e := b.node.Estimate()
		n.In = append(n.In, b.node)
		n.Rows += e.Rows
		n.Total += e.Total
		last = b
	}
	if len(members) == 1 {
		return last, nil
	}
	if prune != nil && prune.Runtime() {
		n.Prune = prune
	}
	b := built{node: n}
	if sorted {
		b.order = w.order
	}
	return b, nil
}

// nothing gives no rows.
func (o *optimizer) nothing(out []plan.Col) built {
	r := &plan.Result{Est: plan.Est{Width: widthOf(out)}, Filter: []plan.Expr{boolConst(false)}, Out: out, Exprs: []plan.Expr{}}
	for _, c := range out {
		r.Exprs = append(r.Exprs, &plan.Const{Val: types.Null, T: c.T})
	}
	return built{node: r, one: true}
}

// childScan is x over one of its children.
func childScan(x *plan.Scan, t *catalog.Table, alias string) *plan.Scan {
	s := &plan.Scan{Table: t, Alias: alias, Out: x.Out}
	if t == x.Table {
		return s
	}
	m := catalog.AttMap(x.Table, t)
	for i := range x.Table.Columns {
		if !x.Table.Columns[i].Dropped {
			s.RowAtts = append(s.RowAtts, m[i])
		}
	}
	if catalog.SameAtts(m, x.Table, t) {
		return s
	}
	s.Out = make([]plan.Col, len(x.Out))
	for i, c := range x.Out {
		if c.AttNum > 0 {
			c.AttNum = m[c.AttNum-1]
		}
		s.Out[i] = c
	}
	return s
}

// partitions lists the partitions of t, which is x or a partition of it, that the conditions leave.
func (o *optimizer) partitions(root, t *plan.Scan, conds []plan.Expr, out *[]member) (*plan.PartPrune, error) {
	d, err := partition.Describe(o.env.Catalog, t.Table, o.env.Types)
	if err != nil {
		return nil, err
	}
	p := &plan.PartPrune{Table: t.Table, Parts: d, At: make([]int32, len(d.Parts))}
	for i := range p.At {
		p.At[i] = -1
	}
	f := &pruner{o: o, x: t, own: colsOf(t.Out), p: p}
	if p.Step, err = f.all(conds); err != nil {
		return nil, err
	}
	left := d.All()
	if p.Step != nil && o.on("partition_pruning") {
		vals := make([]partition.Value, len(p.Values))
		for i, e := range p.Values {
			if c, ok := plan.StripRelabel(e).(*plan.Const); ok {
				vals[i] = partition.Value{Val: c.Val, Known: true}
			}
		}
		left = d.Eval(p.Step, vals)
	} else {
		p.Step = nil
	}
	for i, oid := range d.Parts {
		if !left.Has(i) {
			continue
		}
		k := o.env.Catalog.Table(oid)
		if !k.Partitioned() {
			*out = append(*out, member{k, p, i})
			continue
		}
		o.leaves = append(o.leaves, plan.Leaf{Table: k, Of: root.Table})
		sub, err := o.partitions(root, childScan(t, k, ""), conds, out)
		if err != nil {
			return nil, err
		}
		if p.Sub == nil {
			p.Sub = map[int]*plan.PartPrune{}
		}
		p.Sub[i] = sub
	}
	return p, nil
}

// pruner finds conditions on partition keys.
type pruner struct {
	o   *optimizer
	x   *plan.Scan
	own colset
	p   *plan.PartPrune
}

// all makes a step of a conjunction; nil: nothing in it prunes.
func (f *pruner) all(conds []plan.Expr) (*plan.PruneStep, error) {
	s := &plan.PruneStep{Op: plan.StepAnd}
	for _, c := range flatten(conds) {
		a, err := f.step(c)
		if err != nil {
			return nil, err
		}
		if a != nil {
			s.Args = append(s.Args, a)
		}
	}
	if len(s.Args) == 0 {
		return nil, nil
	}
	return s, nil
}

func (f *pruner) step(c plan.Expr) (*plan.PruneStep, error) {
	switch e := c.(type) {
	case *plan.BoolOp:
		switch e.Kind {
		case plan.And:
			return f.all(e.Args)
		case plan.Or:
			s := &plan.PruneStep{Op: plan.StepOr}
			for _, a := range e.Args {
				arm, err := f.all([]plan.Expr{a})
				if arm == nil || err != nil {
					return nil, err
				}
				s.Args = append(s.Args, arm)
			}
			return s, nil
		}
	case *plan.Const:
		if e.T.OID == types.Bool && (e.Val.IsNull() || !e.Val.Bool()) {
			return &plan.PruneStep{Op: plan.StepOr}, nil
		}
	}
	for i := range f.x.Table.PartKey.Keys {
		s, err := f.onKey(i, c)
		if s != nil || err != nil {
			return s, err
		}
	}
	return nil, nil
}

// is reports whether e is partition key i.
func (f *pruner) is(i int, e plan.Expr) (bool, error) {
	k := &f.x.Table.PartKey.Keys[i]
	e = plan.StripRelabel(e)
	if k.Att != 0 {
		r, ok := e.(*plan.ColRef)
		if !ok {
			return false, nil
		}
		c := scanCol(f.x, k.Att)
		return c != nil && c.ID == r.Col, nil
	}
	if f.o.env.StoredExpr == nil || !mentionsSet(e, f.own) {
		return false, nil
	}
	key, err := f.o.storedExpr(f.x, k.Expr)
	return err == nil && sameExpr(plan.StripRelabel(key), e), err
}

func (f *pruner) value(e plan.Expr) int {
	f.p.Values = append(f.p.Values, e)
	return len(f.p.Values) - 1
}

func (f *pruner) onKey(i int, c plan.Expr) (*plan.PruneStep, error) {
	key := &f.x.Table.PartKey.Keys[i]
	if key.Type == types.Bool {
		if s, err := f.boolean(i, c); s != nil || err != nil {
			return s, err
		}
	}
	switch e := c.(type) {
	case *plan.NullTest:
		if e.Row {
			return nil, nil
		}
		ok, err := f.is(i, e.Arg)
		if !ok || err != nil {
			return nil, err
		}
		s := &plan.PruneStep{Key: i, Strategy: partition.IsNull}
		if e.Not {
			s.Strategy = partition.NotNull
		}
		return s, nil
	case *plan.ScalarArrayOp:
		if e.All || e.Call.Form != plan.CallOp {
			return nil, nil
		}
		arr, strategy := e.Call.Args[1], operators().strategy[e.Call.Op]
		if strategy == 0 || key.Collation != 0 && e.Call.InputColl != key.Collation || !elemIs(arr, key.Type) || mentionsSet(arr, f.own) || volatileExpr(arr) || hasSubquery(arr) {
			return nil, nil
		}
		ok, err := f.is(i, e.Call.Args[0])
		if !ok || err != nil {
			return nil, err
		}
		return &plan.PruneStep{Op: plan.StepAny, Key: i, Strategy: strategy, Value: f.value(arr)}, nil
	case *plan.FuncCall:
		if e.Form != plan.CallOp || len(e.Args) != 2 {
			return nil, nil
		}
		strategy := operators().strategy[e.Op]
		if strategy == 0 && e.Name == "<>" {
			strategy = partition.NotEqual
		}
		if strategy == 0 || key.Collation != 0 && e.InputColl != key.Collation {
			return nil, nil
		}
		for side := range 2 {
			val := e.Args[1-side]
			if !keyAccepts(key.Type, val.Type().OID) || mentionsSet(val, f.own) || volatileExpr(val) || hasSubplan(val) {
				continue
			}
			ok, err := f.is(i, e.Args[side])
			if err != nil {
				return nil, err
			}
			if ok {
				if side == 1 && strategy < partition.IsNull {
					strategy = 6 - strategy
				}
				return &plan.PruneStep{Key: i, Strategy: strategy, Value: f.value(val)}, nil
			}
		}
	}
	return nil, nil
}

// boolean: a boolean key stands for itself.
func (f *pruner) boolean(i int, c plan.Expr) (*plan.PruneStep, error) {
	val := true
	switch e := c.(type) {
	case *plan.BoolOp:
		if e.Kind == plan.Not {
			c, val = e.Args[0], false
		}
	case *plan.BoolTest:
		if !e.Not && e.Want != 'u' {
			c, val = e.Arg, e.Want == 't'
		}
	}
	ok, err := f.is(i, c)
	if !ok || err != nil {
		return nil, err
	}
	return &plan.PruneStep{Key: i, Strategy: partition.Equal, Value: f.value(boolConst(val))}, nil
}

// rangeOrder: the partitions of a range-partitioned table come in the order of their keys, one after the other. reverse: from the
// last one on.
func rangeOrder(x *plan.Scan, d *partition.Desc, members []member, w want) (reverse, ok bool) {
	if d.Key.Strategy != catalog.RangePartition || w.group {
		return false, false
	}
	for _, m := range members {
		if m.part == d.Default {
			return false, false
		}
	}
	for i := range min(len(w.order), len(d.Key.Keys)) {
		k := w.order[i]
		c := scanCol(x, d.Key.Keys[i].Att)
		if d.Key.Keys[i].Att == 0 || c == nil || c.ID != k.Col || c.T.Coll != d.Key.Keys[i].Collation || i > 0 && k.Desc != reverse {
			return false, false
		}
		reverse = k.Desc
	}
	return reverse, true
}
