package ranges

import (
	"maps"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/span"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns:  call.Union(relationFns(), containFns(), boundFns(), arithmeticFns(), makeFns(), subdiffFns()),
		Sets: call.Sets{"multirange_unnest": unnest},
		Aggs: aggs(),
	}
}

// spaceAt is the space of a range or multirange type, found once per call site.
func spaceAt(c *call.Call, oid types.OID) (span.Space, error) {
	if s, ok := c.Cache.(span.Space); ok {
		return s, nil
	}
	t := c.Env.Type(oid)
	if t == nil {
		return span.Space{}, call.TypeNotFound(oid)
	}
	s, err := t.Space(c.Env)
	if err == nil {
		c.Cache = s
	}
	return s, err
}

// space is that of the first argument that is a range or multirange.
func space(c *call.Call) (span.Space, error) {
	if s, ok := c.Cache.(span.Space); ok {
		return s, nil
	}
	for _, oid := range c.ArgTypes {
		if t := c.Env.Type(oid); t != nil && (t.TypType == types.TypeRange || t.TypType == types.TypeMultirange) {
			return spaceAt(c, oid)
		}
	}
	return span.Space{}, pgerr.New(pgerr.DatatypeMismatch, "type of range argument is not known")
}

// operand says how an argument is packed.
type operand func(types.Datum) span.Multi

func oneRange(d types.Datum) span.Multi { return span.Single(span.Of(d)) }

func hull(of operand, d types.Datum) span.Range { return of(d).Hull() }

// relationFns are the operators that see of a multirange only where it begins and ends, and overlaps, for all four
// pairings of range and multirange.
func relationFns() call.Fns {
	out := call.Fns{}
	for name, rel := range map[string]func(s span.Space, a, b span.Range) bool{
		"before": span.Space.Before, "overleft": span.Space.OverLeft, "overright": span.Space.OverRight, "adjacent": span.Space.Adjacent,
		"after": func(s span.Space, a, b span.Range) bool { return s.Before(b, a) },
	} {
		out["range_"+name] = relate(oneRange, oneRange, rel)
		out["range_"+name+"_multirange"] = relate(oneRange, span.MultiOf, rel)
		out["multirange_"+name+"_range"] = relate(span.MultiOf, oneRange, rel)
		out["multirange_"+name+"_multirange"] = relate(span.MultiOf, span.MultiOf, rel)
	}
	overlaps := span.Space.OverlapsMulti
	out["range_overlaps"] = test(oneRange, oneRange, overlaps)
	out["range_overlaps_multirange"] = test(oneRange, span.MultiOf, overlaps)
	out["multirange_overlaps_range"] = test(span.MultiOf, oneRange, overlaps)
	out["multirange_overlaps_multirange"] = test(span.MultiOf, span.MultiOf, overlaps)
	maps.Copy(out, orderFns("range_", tuple.KindRange))
	maps.Copy(out, orderFns("multirange_", tuple.KindMultirange))
	return out
}

func relate(left, right operand, rel func(s span.Space, a, b span.Range) bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := space(c)
		if err != nil {
			return types.Null, err
		}
		return call.Bool(rel(s, hull(left, a[0]), hull(right, a[1])))
	}
}

func test(left, right operand, rel func(s span.Space, a, b span.Multi) bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		s, err := space(c)
		if err != nil {
			return types.Null, err
		}
		return call.Bool(rel(s, left(a[0]), right(a[1])))
	}
}

func orderFns(prefix string, k tuple.Kind) call.Fns {
	by := func(yes func(int) bool) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Bool(yes(tuple.Compare(k, a[0], a[1])))
		}
	}
	return call.Fns{
		prefix + "eq": by(func(c int) bool { return c == 0 }), prefix + "ne": by(func(c int) bool { return c != 0 }),
		prefix + "lt": by(func(c int) bool { return c < 0 }), prefix + "le": by(func(c int) bool { return c <= 0 }),
		prefix + "gt": by(func(c int) bool { return c > 0 }), prefix + "ge": by(func(c int) bool { return c >= 0 }),
		prefix + "cmp": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(int64(tuple.Compare(k, a[0], a[1])))
		},
	}
}

func containFns() call.Fns {
	contains := span.Space.ContainsMulti
	within := func(s span.Space, a, b span.Multi) bool { return s.ContainsMulti(b, a) }
	element := func(of operand, whole, value int) call.Fn {
		return func(c *call.Call, a []types.Datum) (types.Datum, error) {
			s, err := space(c)
			if err != nil {
				return types.Null, err
			}
			return call.Bool(s.MultiContainsValue(of(a[whole]), a[value]))
		}
	}
	return call.Fns{
		"range_contains": test(oneRange, oneRange, contains), "range_contained_by": test(oneRange, oneRange, within),
		"range_contains_multirange": test(oneRange, span.MultiOf, contains), "range_contained_by_multirange": test(oneRange, span.MultiOf, within),
		"multirange_contains_range": test(span.MultiOf, oneRange, contains), "multirange_contained_by_range": test(span.MultiOf, oneRange, within),
		"multirange_contains_multirange": test(span.MultiOf, span.MultiOf, contains), "multirange_contained_by_multirange": test(span.MultiOf, span.MultiOf, within),
		"range_contains_elem": element(oneRange, 0, 1), "elem_contained_by_range": element(oneRange, 1, 0),
		"multirange_contains_elem": element(span.MultiOf, 0, 1), "elem_contained_by_multirange": element(span.MultiOf, 1, 0),
	}
}

func boundFns() call.Fns {
	out := call.Fns{}
	for prefix, of := range map[string]operand{"range_": oneRange, "multirange_": span.MultiOf} {
		value := func(end func(span.Range) tuple.Bound) call.Fn {
			return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
				r := hull(of, a[0])
				if b := end(r); !r.Empty && !b.Infinite {
					return b.Value, nil
				}
				return types.Null, nil
			}
		}
		is := func(yes func(span.Range) bool) call.Fn {
			return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
				return call.Bool(yes(hull(of, a[0])))
			}
		}
		out[prefix+"lower"] = value(func(r span.Range) tuple.Bound { return r.Lower })
		out[prefix+"upper"] = value(func(r span.Range) tuple.Bound { return r.Upper })
		out[prefix+"empty"] = is(func(r span.Range) bool { return r.Empty })
		out[prefix+"lower_inc"] = is(func(r span.Range) bool { return r.Lower.Inclusive })
		out[prefix+"upper_inc"] = is(func(r span.Range) bool { return r.Upper.Inclusive })
		out[prefix+"lower_inf"] = is(func(r span.Range) bool { return r.Lower.Infinite })
		out[prefix+"upper_inf"] = is(func(r span.Range) bool { return r.Upper.Infinite })
	}
	return out
}

func arithmeticFns() call.Fns {
	ranges := func(f func(s span.Space, a, b span.Range) (span.Range, error)) call.Fn {
		return func(c *call.Call, a []types.Datum) (types.Datum, error) {
			s, err := space(c)
			if err != nil {
				return types.Null, err
			}
			r, err := f(s, span.Of(a[0]), span.Of(a[1]))
			if err != nil {
				return types.Null, err
			}
			return s.Pack(r), nil
		}
	}
	multis := func(f func(s span.Space, a, b span.Multi) (span.Multi, error)) call.Fn {
		return func(c *call.Call, a []types.Datum) (types.Datum, error) {
			s, err := space(c)
			if err != nil {
				return types.Null, err
			}
			m, err := f(s, span.MultiOf(a[0]), span.MultiOf(a[1]))
			if err != nil {
				return types.Null, err
			}
			return s.PackMulti(tuple.Array(a[0].Bytes()).ElemOID(), m), nil
		}
	}
	return call.Fns{
		"range_union": ranges(span.Space.Union), "range_minus": ranges(span.Space.Minus),
		"range_intersect": ranges(func(s span.Space, a, b span.Range) (span.Range, error) { return s.Intersect(a, b), nil }),
		"range_merge":     ranges(func(s span.Space, a, b span.Range) (span.Range, error) { return s.Merge(a, b), nil }),
		"range_merge_from_multirange": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			s, err := space(c)
			if err != nil {
				return types.Null, err
			}
			return s.Pack(span.MultiOf(a[0]).Hull()), nil
		},
		"multirange_union":     multis(func(s span.Space, a, b span.Multi) (span.Multi, error) { return s.UnionMulti(a, b), nil }),
		"multirange_minus":     multis(span.Space.MinusMulti),
		"multirange_intersect": multis(func(s span.Space, a, b span.Multi) (span.Multi, error) { return s.IntersectMulti(a, b), nil }),
	}
}

// unnest yields a multirange's ranges in order.
func unnest(_ *call.Call, a []types.Datum) (call.Rows, error) {
	return call.ListRows(tuple.Array(a[0].Clone().Bytes()).Elems(nil)), nil
}
