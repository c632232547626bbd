package types

// The sizes that PostgreSQL's binary form of jsonb would have, of which jsonpath's keyvalue() and pg_column_size tell:
//
//	container: uint32 header | uint32 entry for each element, or key and value | the data, keys first
//
// Strings stand as they are, numbers as numeric with its header, numbers and containers on a multiple of 4.

// JSONBLayout calls each for every container with its offset in the root container, and returns the root's size.
func JSONBLayout(n *JSONNode, each func(n *JSONNode, offset int)) int {
	if n.scalar() { // stored as the only element of an array
		return layoutValue(n, 8, each)
	}
	return layoutContainer(n, 0, each)
}

func align4(n int) int { return (n + 3) &^ 3 }

func layoutContainer(n *JSONNode, at int, each func(*JSONNode, int)) int {
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

func layoutValue(n *JSONNode, at int, each func(*JSONNode, int)) int {
	switch n.Kind {
	case JSONString:
		return at + len(n.Text)
	case JSONNumber:
		v, err := ParseNumeric(n.Text)
		if err != nil {
			return at
		}
		return align4(at) + NumericSize(v)
	case JSONList, JSONObject:
		return layoutContainer(n, at, each)
	}
	return at
}
