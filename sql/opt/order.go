package opt

import (
	"github.com/tarndb/tarn/sql/plan"
)

// built is a planned subtree with what is known of its rows.
type built struct {
	node  plan.Node
	order []plan.SortKey // rows come in this order; nil: any
	fixed colset         // columns with one value in all rows
	one   bool           // at most one row
}

// want is what the operator above would like. None of it is a duty: the caller looks at what it gets.
type want struct {
	order []plan.SortKey
	rows  float64 // about how many rows will be read; 0: all
	need  colset  // columns that are read above
	group bool    // order's columns may come in any sequence and direction
}

// plainWant asks for columns alone.
func plainWant(need colset) want { return want{need: need} }

// canon is the representative of the columns that equal c wherever its rows have passed the joins: only their order is
// read from it.
func (o *optimizer) canon(c plan.ColID) plan.ColID {
	for int(c) < len(o.equal) && o.equal[c] != 0 {
		c = o.equal[c]
	}
	return c
}

func (o *optimizer) unite(a, b plan.ColID) {
	a, b = o.canon(a), o.canon(b)
	if a == b {
		return
	}
	for len(o.equal) <= int(b) {
		o.equal = append(o.equal, 0)
	}
	o.equal[b] = a
}

// notNull reports whether a column of a table below is never NULL where its scan gives it.
func (o *optimizer) notNull(c plan.ColID) bool {
	i := o.colInfo(c)
	return i != nil && i.notNull
}

// satisfied counts the keys at the head of asked that an order gives. Columns in fixed need no key.
func (o *optimizer) satisfied(have, asked []plan.SortKey, fixed colset) int {
	h := 0
	for n, k := range asked {
		if fixed.has(k.Col) {
			continue
		}
		for h < len(have) && fixed.has(have[h].Col) {
			h++
		}
		if h == len(have) || !o.sameKey(have[h], k) {
			return n
		}
		h++
	}
	return len(asked)
}

func (o *optimizer) sameKey(a, b plan.SortKey) bool {
	return o.canon(a.Col) == o.canon(b.Col) && a.Desc == b.Desc && (a.NullsFirst == b.NullsFirst || o.notNull(a.Col) && o.notNull(b.Col))
}

// grouped reports whether rows that are equal on cols stand together: cols are a prefix of the order as a set.
func (o *optimizer) grouped(have []plan.SortKey, cols []plan.ColID, fixed colset) bool {
	left := map[plan.ColID]bool{}
	for _, c := range cols {
		if !fixed.has(c) {
			left[o.canon(c)] = true
		}
	}
	for _, k := range have {
		if len(left) == 0 {
			return true
		}
		if fixed.has(k.Col) {
			continue
		}
		if !left[o.canon(k.Col)] {
			return false
		}
		delete(left, o.canon(k.Col))
	}
	return len(left) == 0
}

// sorted puts a SortNode on top unless the order is there.
func (o *optimizer) sorted(b built, keys []plan.SortKey, rows float64) built {
	n := o.satisfied(b.order, keys, b.fixed)
	if n == len(keys) || b.one {
		if !b.one && len(keys) > 0 {
			o.orderKept(b.node, keys)
		}
		return b
	}
	in := b.node
	est := o.sortCost(*in.Estimate(), rows)
	// Keys that have one value only are not compared.
	var kept []plan.SortKey
	for _, k := range keys {
		if !b.fixed.has(k.Col) {
			kept = append(kept, k)
		}
	}
	if !o.on("incremental_sort") {
		n = 0
	}
	if len(kept) != len(keys) {
		n = o.satisfied(b.order, kept, b.fixed)
	}
	return built{node: &plan.SortNode{Est: est, In: in, Keys: kept, Presorted: n}, order: keys, fixed: b.fixed}
}

// orderKept notes that a node has an order that is asked for.
func (o *optimizer) orderKept(n plan.Node, keys []plan.SortKey) {
	if o.ordered == nil {
		o.ordered = map[plan.Node][]plan.SortKey{}
	}
	o.ordered[n] = keys
}

// project keeps the part of an order that an output still shows.
func keptOrder(order []plan.SortKey, cols colset) []plan.SortKey {
	for i, k := range order {
		if !cols.has(k.Col) {
			return order[:i:i]
		}
	}
	return order
}

// narrowed drops columns that nobody above reads, below operators that keep whole rows.
func narrowed(n plan.Node, need colset) plan.Node {
	cols := n.Cols()
	out := outOf(cols, need)
	if len(out)+1 >= len(cols) && len(out) > 0 {
		return n
	}
	return project(n, out)
}

func project(n plan.Node, out []plan.Col) plan.Node {
	es := make([]plan.Expr, len(out))
	for i, c := range out {
		es[i] = &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
	}
	est := *n.Estimate()
	est.Width = widthOf(out)
	return &plan.Result{Est: est, In: n, Exprs: es, Out: out}
}
