package exec

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/plan"
)

// modifyOp runs INSERT, UPDATE, DELETE or MERGE: one source row after the other, with RETURNING one output row each.
type modifyOp struct {
	in        *instance
	child     operator
	change    *write.Change
	returning []func() error
	count     int64
	done      bool
}

func (b *builder) modify(x *plan.Modify) (operator, error) {
	o := &modifyOp{in: b.in}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	single := b.Single
	b.Single = false
	defer func() { b.Single = single }()
	var returning []plan.Expr
	var out []plan.Col
	var source write.Source
	switch {
	case x.Insert != nil:
		returning, out = x.Insert.Returning, x.Insert.Out
	case x.Update != nil:
		returning, out = x.Update.Returning, x.Update.Out
		source = sourceOf(o.child, x.Update.Table)
	case x.Delete != nil:
		returning, out = x.Delete.Returning, x.Delete.Out
		source = sourceOf(o.child, x.Delete.Table)
	}
	if o.change, err = write.Compile(b.Builder, &b.in.writes, x, source); err != nil {
		return nil, err
	}
	if x.Insert != nil && len(returning) == 0 && !asksRoutines(x) {
		o.change.MayLoad()
	}
	for i, e := range returning {
		load, err := b.Into(e, b.Slot(out[i].ID))
		if err != nil {
			return nil, err
		}
		o.returning = append(o.returning, load)
	}
	return o, nil
}

func (o *modifyOp) open() error {
	o.count, o.done = 0, false
	if err := o.change.Begin(); err != nil {
		return err
	}
	return o.child.open()
}

func (o *modifyOp) next() (bool, error) {
	for !o.done {
		ok, err := o.child.next()
		if err != nil {
			return false, err
		}
		if !ok {
			o.done = true
			if o.in.each {
				break
			}
			if err := o.change.End(); err != nil {
				return false, err
			}
			break
		}
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		changed, err := o.change.Row()
		if err != nil {
			return false, err
		}
		if !changed {
			continue
		}
		o.count++
		if o.returning == nil {
			continue
		}
		for _, load := range o.returning {
			if err := load(); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return false, nil
}

func (o *modifyOp) close() { o.child.close() }

// asksRoutines reports whether the statement calls functions of users, which may look at what it has written so far.
func asksRoutines(x *plan.Modify) bool {
	s := collectNode(x.In)
	for _, e := range x.Insert.Defaults {
		s.exprs(e)
	}
	for _, g := range x.Insert.Generated {
		s.exprs(g.Expr)
	}
	for _, c := range x.Insert.Checks {
		s.exprs(c.Expr)
	}
	return s.routines
}

// sourceOf finds the scan whose current row is the operator's row, if nothing between them keeps rows.
func sourceOf(o operator, t *catalog.Table) write.Source {
	switch x := o.(type) {
	case *tableScanOp:
		switch {
		case x.table != t || x.wantOnly:
		case x.point:
			return write.Source{Point: &x.rows}
		default:
			return write.Source{Iter: &x.it}
		}
	case *resultOp:
		if x.child != nil {
			return sourceOf(x.child, t)
		}
	case *countedOp:
		return sourceOf(x.op, t)
	}
	return write.Source{}
}
