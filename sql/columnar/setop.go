package columnar

import (
	"strings"

	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// union is the inputs' rows one after the other, with the columns of out.
func (c *compiler) union(word string, in []plan.Node, out []plan.Col, byPlace bool) (*block, bool) {
	name := c.name("q")
	var first *list
	parts := make([]string, len(in))
	for i, n := range in {
		b, ok := c.openInput(n)
		if !ok {
			return nil, false
		}
		l := newList(name)
		cols := n.Cols()
		for k, o := range out {
			id := o.ID
			if byPlace {
				id = cols[k].ID
			}
			v, ok := c.column(b, id)
			if !ok || v.divisor != nil || v.scale != "" || v.typ == types.Numeric && v.p == 0 {
				return c.refuse("UNION of " + typeName(o.T.OID))
			}
			l.add(o.ID, v)
		}
		if first == nil {
			first = l
		}
		for _, o := range out {
			f, v := first.cols[o.ID], l.cols[o.ID]
			if f.typ != v.typ || f.s != v.s || f.pad != v.pad {
				return c.refuse("UNION of " + typeName(o.T.OID) + " of several forms")
			}
			f.p, f.lo, f.hi = max(f.p, v.p), min(f.lo, v.lo), max(f.hi, v.hi)
			first.cols[o.ID] = f
		}
		parts[i] = "SELECT " + l.String() + " FROM " + b.from + b.tail()
	}
	if first == nil {
		return c.refuse("a query without table")
	}
	if c.label == "" {
		c.label = "Columnar Append"
	}
	return &block{cols: first.cols, from: "(" + strings.Join(parts, " "+word+" ") + ") " + name}, true
}

func (c *compiler) append(x *plan.Append) (*block, bool) {
	return c.union("UNION ALL", x.In, x.Out, !x.Inherit)
}

func (c *compiler) setOp(x *plan.HashSetOp) (*block, bool) {
	word := "INTERSECT"
	if x.Kind == plan.Except {
		word = "EXCEPT"
	}
	if x.All {
		word += " ALL"
	}
	b, ok := c.union(word, []plan.Node{x.L, x.R}, x.Out, true)
	if !ok {
		return nil, false
	}
	for _, o := range x.Out {
		if v := b.cols[o.ID]; !equalByBits(v) || !binaryOrder(o.T.Coll) {
			return c.refuse(word + " of " + typeName(v.typ))
		}
	}
	return b, true
}
