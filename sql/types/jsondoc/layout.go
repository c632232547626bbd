package jsondoc

import (
	"github.com/tarndb/tarn/sql/types/numeric"
)

// The sizes that PostgreSQL's binary form of jsonb would have, of which jsonpath's keyvalue() and pg_column_size tell:
//
//	container: uint32 header | uint32 entry for each element, or key and value | the data, keys first
//
// Strings stand as they are, numbers as numeric with its header, numbers and containers on a multiple of 4.

// Layout calls each for every container with its offset in the root container, and returns the root's size.
func Layout(n *Node, each func(n *Node, offset int)) int {
	if n.scalar() { // stored as the only element of an array
		return layoutValue(n, 8, each)
	}
	return layoutContainer(n, 0, each)
}

func align4(n int) int { return (n + 3) &^ 3 }

func layoutContainer(n *Node, at int, each func(*Node, int)) int {
	at = align4(at)
	each(n, at)
	at += 4 + 4*(len(n.Keys)+len(n.Elems))
	for _, k := range n.Keys {
		at += len(k)
	}
	for i := range n.Elems {
		at = layoutValue(&n.Elems[i], at, each)
	}
	return at
}

func layoutValue(n *Node, at int, each func(*Node, int)) int {
	switch n.Kind {
	case String:
		return at + len(n.Text)
	case Number:
		v, err := numeric.Parse(n.Text)
		if err != nil {
			return at
		}
		return align4(at) + numeric.Size(v)
	case List, Object:
		return layoutContainer(n, at, each)
	}
	return at
}
