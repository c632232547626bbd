package rowstore

import (
	"bytes"
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// An exclusion constraint's index holds an entry per row, as any other that is not unique. Its columns that are compared by equality
// stand first, whatever their place in the constraint: rows that could conflict stand together. Where all that is left is one column of
// ranges that must not overlap, rows of one prefix are in the order of their ranges, none of which overlaps another: only the two
// neighbours of a new row can be in its way. Otherwise every row of the prefix is looked at.

// Excluder compares rows of exclusion constraints.
type Excluder interface {
	// Excludes reports whether all operators of the constraint hold between the key values of two rows. None is NULL.
	Excludes(ix *catalog.Index, a, b []types.Datum) (bool, error)
}

// exclusion is what an index of an exclusion constraint has besides.
type exclusion struct {
	order      []int // of the keys in entries
	equal      int   // how many of them are compared by equality
	neighbours bool
	payload    *tuple.Layout // of announced key values
}

func newExclusion(ix *catalog.Index) *exclusion {
	if ix.Excludes == nil {
		return nil
	}
	e := &exclusion{}
	kinds := make([]tuple.Kind, len(ix.Keys))
	for i, op := range ix.Excludes {
		kinds[i] = ix.Keys[i].Kind
		if op.Equal {
			e.order = append(e.order, i)
		}
	}
	e.equal = len(e.order)
	for i, op := range ix.Excludes {
		if !op.Equal {
			e.order = append(e.order, i)
			e.neighbours = op.Overlap
		}
	}
	e.neighbours = e.neighbours && len(e.order) == e.equal+1 && !ix.Deferrable
	e.payload = tuple.NewLayout(kinds, nil)
	return e
}

// at is the n-th key of an index in the order of its entries.
func (x *index) at(n int) int {
	if x.excl == nil {
		return n
	}
	return x.excl.order[n]
}

// clash is a row in the way of another: its key, and its key values.
type clash struct {
	key  []byte
	vals []types.Datum
}

// prefixOf is the range of entries that a row with these key values has to be compared with; ok is false where NULL makes it
// conflict with none.
func (x *index) prefixOf(keys []types.Datum) (lo, hi []byte, ok bool) {
	for _, v := range keys {
		if v.IsNull() {
			return nil, nil, false
		}
	}
	lo = append(lo, x.prefix[:]...)
	for _, i := range x.excl.order[:x.excl.equal] {
		lo = x.keys[i].append(lo, keys[i])
	}
	return lo, prefixEnd(bytes.Clone(lo)), true
}

// find looks for a row, in a state of the table, that conflicts with the one at rowKey, whose entry is ekey and may stand in the index.
func (r *Rel) find(v txn.View, x *index, ev IndexEval, ex Excluder, rowKey, ekey []byte, keys []types.Datum) (*clash, error) {
	lo, hi, ok := x.prefixOf(keys)
	if !ok {
		return nil, nil
	}
	vals := make([]types.Datum, r.layout.Len())
	test := func(it *txn.Iter) (*clash, error) {
		key, err := r.entryRowKey(x, it.Key(), it.Value(), nil)
		if err != nil || bytes.Equal(key, rowKey) {
			return nil, err
		}
		row, ok, err := r.Get(v, nil, key)
		if err != nil || !ok {
			return nil, err
		}
		if err := r.layout.Decode(row, nil, vals); err != nil {
			return nil, err
		}
		other, in, err := x.keyVals(vals, nil, ev)
		if err != nil || !in {
			return nil, err
		}
		if yes, err := ex.Excludes(x.cat, keys, other); !yes || err != nil {
			return nil, err
		}
		c := &clash{key: key}
		for _, v := range other {
			c.vals = append(c.vals, v.Clone())
		}
		return c, nil
	}
	walk := func(lo, hi []byte, move func(it *txn.Iter, first bool) bool, once bool) (c *clash, err error) {
		if bytes.Compare(lo, hi) >= 0 {
			return nil, nil
		}
		it := v.NewIter(lo, hi)
		defer func() {
			if e := it.Close(); err == nil {
				err = e
			}
		}()
		for first := true; move(it, first); first = false {
			if c, err = test(it); c != nil || err != nil || once {
				return c, err
			}
		}
		return nil, nil
	}
	forward := func(it *txn.Iter, first bool) bool {
		if first {
			return it.First()
		}
		return it.Next()
	}
	if !x.excl.neighbours {
		return walk(lo, hi, forward, false)
	}
	c, err := walk(lo, ekey, func(it *txn.Iter, _ bool) bool { return it.Last() }, true)
	if c != nil || err != nil {
		return c, err
	}
	return walk(append(bytes.Clone(ekey), 0), hi, forward, true)
}

// excluded looks for a row that conflicts with the one at w.key, whose key values in x are w.keys and whose entry is w.ekey. It waits
// for transactions that are about to write such a row, or to take one away; with doubt it only tells that there may be one. Without
// conflict nobody else writes a conflicting row before the transaction's end; with one the caller withdraws the entry or fails.
func (w *Writer) excluded(ctx context.Context, x *index, doubt bool) (c *clash, maybe bool, err error) {
	return w.rel.excluded(ctx, w.t, x, w.ev, w.Exclude, w.key, w.ekey, w.keys, w.opt, w.Exclusive, doubt)
}

func (r *Rel) excluded(ctx context.Context, t *txn.Txn, x *index, ev IndexEval, ex Excluder, rowKey, ekey []byte, keys []types.Datum, o lock.Options, exclusive, doubt bool) (c *clash, maybe bool, err error) {
	if ex == nil {
		return nil, false, pgerr.Internal("index %s of an exclusion constraint without its operators", x.cat.Name)
	}
	lo, hi, ok := x.prefixOf(keys)
	if !ok {
		return nil, false, nil
	}
	rowKey, ekey = bytes.Clone(rowKey), bytes.Clone(ekey)
	var settled []byte // the row in the way that nobody was writing, before the state in which it was found again
	for {
		if !exclusive {
			others, err := t.Announce(ctx, ekey, x.excl.payload.Append(nil, 0, keys), lo, hi, o)
			if err != nil {
				return nil, false, err
			}
			waited := false
			for _, a := range others {
				vals := make([]types.Datum, len(x.cat.Keys))
				if err := x.excl.payload.Decode(a.Payload, nil, vals); err != nil {
					return nil, false, err
				}
				yes, err := ex.Excludes(x.cat, keys, vals)
				if err != nil {
					return nil, false, err
				}
				if !yes {
					continue
				}
				if doubt {
					return nil, true, nil
				}
				if _, err := t.Await(ctx, a.Key, o); err != nil {
					return nil, false, err
				}
				waited = true
			}
			if waited {
				continue
			}
		}
		v := t.Latest()
		c, err := r.find(v, x, ev, ex, rowKey, ekey, keys)
		v.Release()
		if c == nil || err != nil {
			return nil, false, err
		}
		if doubt {
			return nil, true, nil
		}
		if !exclusive {
			// Its row may be about to go, or to be another.
			waited, err := t.Await(ctx, c.key, o)
			if err != nil {
				return nil, false, err
			}
			// Who was writing it may have ended after the state in which it was found, and before the wait.
			if waited || !bytes.Equal(c.key, settled) {
				settled = c.key
				continue
			}
		}
		return c, true, nil
	}
}

// Excluded is Duplicated for an exclusion constraint that is deferrable: the row in the way's key values, nil without one.
func (r *Rel) Excluded(ctx context.Context, t *txn.Txn, ix *catalog.Index, ev IndexEval, ex Excluder, rowKey []byte, keys []types.Datum, o lock.Options) ([]types.Datum, error) {
	x := r.index(ix)
	ekey := x.exclusionEntry(keys, rowKey)
	if _, still, err := t.GetLatest(nil, ekey); !still || err != nil {
		return nil, err
	}
	c, _, err := r.excluded(ctx, t, x, ev, ex, rowKey, ekey, keys, o, false, false)
	if c == nil || err != nil {
		return nil, err
	}
	return c.vals, nil
}

// exclusionEntry is the key of a row's entry.
func (x *index) exclusionEntry(keys []types.Datum, rowKey []byte) []byte {
	key := append([]byte(nil), x.prefix[:]...)
	for _, i := range x.excl.order {
		key = x.keys[i].append(key, keys[i])
	}
	return append(key, rowKey[tuple.KeyPrefixLen:]...)
}

// Verify looks for a row of a new index, which others cannot change, that conflicts with the one at rowKey.
func (r *Rel) Verify(t *txn.Txn, ix *catalog.Index, ev IndexEval, ex Excluder, rowKey []byte, vals []types.Datum) (keys, other []types.Datum, err error) {
	x := r.index(ix)
	keys, in, err := x.keyVals(vals, nil, ev)
	if err != nil || !in {
		return nil, nil, err
	}
	ekey := x.exclusionEntry(keys, rowKey)
	v := t.Latest()
	defer v.Release()
	c, err := r.find(v, x, ev, ex, rowKey, ekey, keys)
	if c == nil || err != nil {
		return nil, nil, err
	}
	return keys, c.vals, nil
}

// Conflicting is the error for a row that an exclusion constraint refuses (23P01).
func Conflicting(t *catalog.Table, ix *catalog.Index, keys, other []types.Datum, env *types.Env) error {
	e := pgerr.New(pgerr.ExclusionViolation, "conflicting key value violates exclusion constraint \"%s\"", ix.Name).
		WithDetail("%s", "Key "+KeyText(t, ix, keys, env)+" conflicts with existing key "+KeyText(t, ix, other, env)+".")
	e.Table, e.Constraint = t.Name, ix.Name
	return e
}
