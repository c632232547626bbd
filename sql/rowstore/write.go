package rowstore

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// Writer writes rows of one table in one transaction. Its buffers are used again from row to row. It is for one goroutine.
type Writer struct {
	rel *Rel
	t   *txn.Txn
	m   *txn.Manager
	ev  IndexEval
	opt lock.Options
	env *types.Env
	// Exclusive: a table lock keeps everybody else out, so that row locks are not needed (COPY into a new table).
	Exclusive bool
	// Pending is told of a row whose key in a deferrable unique index may not be the only one: the caller asks Duplicated when
	// the check is due. The arguments are valid during the call.
	Pending func(ix *catalog.Index, rowKey []byte, keys []types.Datum) error
	// Exclude compares rows of exclusion constraints; nil for tables without any.
	Exclude Excluder
	// Loader, until Reset, may take rows of Insert, which has no key for them then.
	Loader *Loader

	key, row, ekey, evalue, ekey2, evalue2, buf []byte
	keys, keys2, old                            []types.Datum

	rowBytes int // of the last row
}

// NewWriter prepares writes. ev may be nil for tables whose indexes need none; env formats values in errors.
func (r *Rel) NewWriter(m *txn.Manager, t *txn.Txn, ev IndexEval, opt lock.Options, env *types.Env) *Writer {
	return &Writer{rel: r, t: t, m: m, ev: ev, opt: opt, env: env}
}

// Reset is NewWriter on the same table with the buffers kept.
func (w *Writer) Reset(t *txn.Txn, env *types.Env) {
	w.t, w.env, w.Exclusive, w.Loader = t, env, false, nil
}

// Conflict is a unique index that already has a row with the new one's key.
type Conflict struct {
	Index *catalog.Index
	// Key is the storage key of the row in the way; valid until the Writer's next call.
	Key []byte
	// other are the key values of that row, for an exclusion constraint.
	other []types.Datum
}

// Insert adds a row (vals by attribute number - 1; they satisfy NOT NULL) with its index entries. Key is the new row's
// storage key, valid until the next call; nil: the Loader has the row. Errors: 23505, and those of locking.
func (w *Writer) Insert(ctx context.Context, vals []types.Datum) (key []byte, err error) {
	if taken, err := w.Loader.Take(ctx, vals, w.rowBytes); taken || err != nil {
		return nil, err
	}
	c, err := w.tryInsert(ctx, vals, nil)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return nil, w.duplicate(c.Index, c.Key, vals)
	}
	return w.key, nil
}

// TryInsert is Insert that reports a conflict on one of the arbiter indexes (all unique ones if there are none) instead of
// failing; then nothing was written, and the row in the way is not locked: it was there when nobody was changing it.
func (w *Writer) TryInsert(ctx context.Context, vals []types.Datum, arbiters []types.OID) (key []byte, c *Conflict, err error) {
	c, err = w.tryInsert(ctx, vals, &arbiters)
	return w.key, c, err
}

// putRow writes w.row under w.key. A long row becomes the transaction's.
func (w *Writer) putRow(old uint64) error {
	w.rowBytes = len(w.row)
	if w.rowBytes <= txn.OwnedBytes {
		return w.t.Put(w.key, w.row, old)
	}
	row := w.row
	w.row = nil
	return w.t.PutOwned(w.key, row, old)
}

func (w *Writer) tryInsert(ctx context.Context, vals []types.Datum, arbiters *[]types.OID) (*Conflict, error) {
	r := w.rel
	w.key = w.key[:0]
	if r.primary != nil {
		w.key = r.AppendPrimaryKey(w.key, vals)
	} else {
		w.key = r.AppendHiddenKey(w.key, w.m.NextKeyID())
	}
	// All unique keys are checked before anything is written: ON CONFLICT must leave no trace.
	if arbiters != nil {
		for pass := 0; pass < 2; pass++ {
			c, err := w.conflicts(ctx, vals, *arbiters, pass == 0)
			if err != nil || c != nil {
				if c != nil && pass == 1 {
					if c.other != nil {
						return nil, Conflicting(r.Table, c.Index, w.keys, c.other, w.env)
					}
					return nil, w.duplicate(c.Index, c.Key, vals)
				}
				return c, err
			}
			if len(*arbiters) == 0 {
				break
			}
		}
	} else if r.primary != nil {
		taken, err := w.taken(ctx, w.key)
		if err != nil {
			return nil, err
		}
		if taken {
			return &Conflict{Index: r.primary, Key: w.key}, nil
		}
	}
	if r.primary != nil && !w.Exclusive {
		w.t.Born(w.key)
	}
	w.row = r.AppendRow(w.row[:0], vals)
	if err := w.putRow(0); err != nil {
		return nil, err
	}
	for _, x := range r.second {
		in, single, err := w.entry(x, vals)
		if err != nil {
			return nil, err
		}
		if !in {
			continue
		}
		if single && arbiters == nil {
			taken, err := w.taken(ctx, w.ekey)
			if err != nil {
				return nil, err
			}
			if taken {
				return nil, w.duplicateKeys(x.cat, w.ekey, w.keys)
			}
		}
		if x.excl != nil && !x.cat.Deferrable && arbiters == nil {
			if err := w.mayStand(ctx, x); err != nil {
				return nil, err
			}
		}
		if err := w.t.Put(w.ekey, w.evalue, 0); err != nil {
			return nil, err
		}
		if x.cat.Deferrable {
			if err := w.later(ctx, x); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// mayStand refuses the entry in ekey, if its exclusion constraint does.
func (w *Writer) mayStand(ctx context.Context, x *index) error {
	c, _, err := w.excluded(ctx, x, false)
	if err == nil && c != nil {
		err = Conflicting(w.rel.Table, x.cat, w.keys, c.vals, w.env)
	}
	return err
}

// entry leaves the entry of the row at w.key in ekey, evalue and its key values in keys.
func (w *Writer) entry(x *index, vals []types.Datum) (in, single bool, err error) {
	w.keys, in, err = x.keyVals(vals, w.keys, w.ev)
	if err != nil || !in {
		return false, false, err
	}
	w.ekey, w.evalue, single = x.appendEntry(w.ekey[:0], w.evalue[:0], w.keys, vals, w.key[tuple.KeyPrefixLen:])
	return true, single, nil
}

// conflicts looks for the first unique index that has the row's key, among the arbiters (listed) or the others.
func (w *Writer) conflicts(ctx context.Context, vals []types.Datum, arbiters []types.OID, listed bool) (*Conflict, error) {
	r := w.rel
	wanted := func(ix *catalog.Index) bool {
		if len(arbiters) == 0 {
			return listed
		}
		for _, a := range arbiters {
			if a == ix.OID {
				return listed
			}
		}
		return !listed
	}
	if r.primary != nil && wanted(r.primary) {
		taken, err := w.taken(ctx, w.key)
		if err != nil || taken {
			return conflictIf(taken, r.primary, w.key), err
		}
	}
	for _, x := range r.second {
		if !x.cat.Unique && x.excl == nil || !wanted(x.cat) {
			continue
		}
		if x.cat.Deferrable {
			if len(arbiters) > 0 {
				continue // checked later
			}
			e := pgerr.New(pgerr.ObjectNotInPrerequisiteState, "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters")
			e.Table, e.Constraint = r.Table.Name, x.cat.Name
			return nil, e
		}
		in, single, err := w.entry(x, vals)
		if err != nil {
			return nil, err
		}
		if in && x.excl != nil {
			c, _, err := w.excluded(ctx, x, false)
			if err != nil {
				return nil, err
			}
			if c != nil {
				w.t.Withdraw(w.ekey)
				return &Conflict{Index: x.cat, Key: c.key, other: c.vals}, nil
			}
			continue
		}
		if !in || !single {
			continue
		}
		taken, err := w.taken(ctx, w.ekey)
		if err != nil {
			return nil, err
		}
		if taken {
			value, ok, err := w.t.GetLatest(w.buf[:0], w.ekey)
			if err != nil {
				return nil, err
			}
			if ok {
				if w.buf, err = r.entryRowKey(x, w.ekey, value, nil); err != nil {
					return nil, err
				}
				// Its row may be about to lose this key, or to go.
				waited, err := w.t.Await(ctx, w.buf, w.opt)
				if err != nil {
					return nil, err
				}
				ok = !waited
			}
			if !ok {
				return w.conflicts(ctx, vals, arbiters, listed)
			}
			return &Conflict{Index: x.cat, Key: w.buf}, nil
		}
	}
	return nil, nil
}

func conflictIf(taken bool, ix *catalog.Index, key []byte) *Conflict {
	if !taken {
		return nil
	}
	return &Conflict{Index: ix, Key: key}
}

// taken claims a unique key: whoever else inserts it waits for this transaction to end. true: something stands there.
func (w *Writer) taken(ctx context.Context, key []byte) (bool, error) {
	if !w.Exclusive {
		return w.t.Claim(ctx, key, w.opt)
	}
	var ok bool
	var err error
	w.buf, ok, err = w.t.GetLatest(w.buf[:0], key)
	return ok, err
}

// Update replaces a row that the caller has locked. old is the row as stored (its row id included), vals the new values.
// Key is the row's storage key now. Errors: 23505.
func (w *Writer) Update(ctx context.Context, oldKey, old []byte, vals []types.Datum) (key []byte, err error) {
	r := w.rel
	switch {
	case r.primary != nil:
		w.key = r.AppendPrimaryKey(w.key[:0], vals)
	case r.Table.Lake() && !change.IsProvisional(oldKey):
		w.key = r.AppendHiddenKey(w.key[:0], w.m.NextKeyID()) // a version of a row never changes
	default:
		w.key = append(w.key[:0], oldKey...)
	}
	oldID := tuple.RowID(old)
	w.row = r.AppendRow(w.row[:0], vals)
	moved := !bytes.Equal(w.key, oldKey)
	if moved {
		if r.primary != nil {
			taken, err := w.taken(ctx, w.key)
			if err != nil {
				return nil, err
			}
			if taken {
				return nil, w.duplicate(r.primary, w.key, vals)
			}
		}
		if err := w.t.Delete(oldKey, oldID); err != nil {
			return nil, err
		}
		oldID = 0
	}
	if err := w.putRow(oldID); err != nil {
		return nil, err
	}
	if moved {
		w.t.Moved(oldKey, w.key)
	}
	if len(r.second) == 0 {
		return w.key, nil
	}
	if w.old, err = w.decode(old); err != nil {
		return nil, err
	}
	for _, x := range r.second {
		if err := w.updateEntry(ctx, x, oldKey, vals); err != nil {
			return nil, err
		}
	}
	return w.key, nil
}

func (w *Writer) decode(row []byte) ([]types.Datum, error) {
	if w.old == nil {
		w.old = make([]types.Datum, w.rel.layout.Len())
	}
	return w.old, w.rel.layout.Decode(row, nil, w.old)
}

func (w *Writer) updateEntry(ctx context.Context, x *index, oldKey []byte, vals []types.Datum) error {
	var wasIn bool
	var err error
	if w.keys2, wasIn, err = x.keyVals(w.old, w.keys2, w.ev); err != nil {
		return err
	}
	wasSingle := false
	if wasIn {
		w.ekey2, w.evalue2, wasSingle = x.appendEntry(w.ekey2[:0], w.evalue2[:0], w.keys2, w.old, oldKey[tuple.KeyPrefixLen:])
	}
	in, single, err := w.entry(x, vals)
	if err != nil {
		return err
	}
	same := in && wasIn && bytes.Equal(w.ekey, w.ekey2)
	if same && bytes.Equal(w.evalue, w.evalue2) {
		return nil
	}
	if wasIn && !same {
		if err := w.removeEntry(ctx, x, wasSingle, oldKey); err != nil {
			return err
		}
	}
	if !in {
		return nil
	}
	if single && !same {
		taken, err := w.taken(ctx, w.ekey)
		if err != nil {
			return err
		}
		if taken {
			return w.duplicateKeys(x.cat, w.ekey, w.keys)
		}
	}
	if x.excl != nil && !same && !x.cat.Deferrable {
		if err := w.mayStand(ctx, x); err != nil {
			return err
		}
	}
	if err := w.t.Put(w.ekey, w.evalue, 0); err != nil || same || !x.cat.Deferrable {
		return err
	}
	return w.later(ctx, x)
}

// Delete removes a row that the caller has locked, with its index entries.
func (w *Writer) Delete(ctx context.Context, key, old []byte) error {
	if err := w.t.Delete(key, tuple.RowID(old)); err != nil {
		return err
	}
	if len(w.rel.second) == 0 {
		return nil
	}
	var err error
	if w.old, err = w.decode(old); err != nil {
		return err
	}
	for _, x := range w.rel.second {
		var in bool
		if w.keys2, in, err = x.keyVals(w.old, w.keys2, w.ev); err != nil {
			return err
		}
		if !in {
			continue
		}
		var single bool
		w.ekey2, w.evalue2, single = x.appendEntry(w.ekey2[:0], w.evalue2[:0], w.keys2, w.old, key[tuple.KeyPrefixLen:])
		if err := w.removeEntry(ctx, x, single, key); err != nil {
			return err
		}
	}
	return nil
}

// removeEntry deletes the entry of the row at rowKey, ekey2. Who inserts the same unique key, or checks it, waits for how this ends.
func (w *Writer) removeEntry(ctx context.Context, x *index, single bool, rowKey []byte) error {
	if (single || x.cat.Deferrable && x.excl == nil) && !w.Exclusive {
		key := w.ekey2
		if !single {
			key = key[:len(key)-len(rowKey)+tuple.KeyPrefixLen]
		}
		if _, err := w.t.LockRow(ctx, key, lock.Write, w.opt); err != nil {
			return err
		}
	}
	return w.t.Delete(w.ekey2, 0)
}

// later sees to the check of the entry in a deferrable index that has just been written: keys holds its values. Where nobody else
// writes the same key, and none stands there, it needs none.
func (w *Writer) later(ctx context.Context, x *index) error {
	if x.excl != nil {
		_, maybe, err := w.excluded(ctx, x, true)
		if err != nil || !maybe {
			return err
		}
		return w.Pending(x.cat, w.key, w.keys)
	}
	claim, ok := x.appendClaim(w.ekey2[:0], w.keys)
	w.ekey2 = claim
	if !ok {
		return nil
	}
	if !w.Exclusive {
		try := w.opt
		try.Policy = lock.NoWait
		_, err := w.t.LockRow(ctx, claim, lock.Write, try)
		if errors.Is(err, lock.ErrNotAvailable) {
			return w.Pending(x.cat, w.key, w.keys)
		}
		if err != nil {
			return err
		}
	}
	n, err := countKeys(w.t, claim, 2)
	if err != nil || n < 2 {
		return err
	}
	return w.Pending(x.cat, w.key, w.keys)
}

// appendClaim appends what the entries of equal rows in a deferrable index begin with: the key under which their writers meet. ok is
// false where NULL makes every row another.
func (x *index) appendClaim(dst []byte, keys []types.Datum) (claim []byte, ok bool) {
	dst = append(dst, x.prefix[:]...)
	for i := range x.keys {
		if keys[i].IsNull() && !x.cat.NullsNotDistinct {
			return dst, false
		}
		dst = x.keys[i].append(dst, keys[i])
	}
	return dst, true
}

// countKeys counts the keys that begin with claim in the newest state, up to limit.
func countKeys(t *txn.Txn, claim []byte, limit int) (n int, err error) {
	v := t.Latest()
	defer v.Release()
	it := v.NewIter(claim, prefixEnd(bytes.Clone(claim)))
	for ok := it.First(); ok && n < limit; ok = it.Next() {
		n++
	}
	return n, it.Close()
}

// CountKey counts the rows with these key values in a deferrable unique index, up to limit; 0 for values that may come often.
func (r *Rel) CountKey(t *txn.Txn, ix *catalog.Index, keys []types.Datum, limit int) (int, error) {
	claim, ok := r.index(ix).appendClaim(nil, keys)
	if !ok {
		return 0, nil
	}
	return countKeys(t, claim, limit)
}

// Duplicated reports whether the row at rowKey, if it still has these values in a deferrable unique index, is one of several. It
// waits for others who write the same key.
func (r *Rel) Duplicated(ctx context.Context, t *txn.Txn, ix *catalog.Index, rowKey []byte, keys []types.Datum, o lock.Options) (bool, error) {
	claim, ok := r.index(ix).appendClaim(nil, keys)
	if !ok {
		return false, nil
	}
	if _, err := t.LockRow(ctx, claim, lock.Write, o); err != nil {
		return false, err
	}
	if _, still, err := t.GetLatest(nil, append(bytes.Clone(claim), rowKey[tuple.KeyPrefixLen:]...)); !still || err != nil {
		return false, err
	}
	n, err := countKeys(t, claim, 2)
	return n > 1, err
}

// AppendEntry appends the entry of a row in one secondary index, for building it; in is false where the index leaves the
// row out. Duplicates are the caller's to find: single entries with equal keys.
func (r *Rel) AppendEntry(ix *catalog.Index, ev IndexEval, rowKey []byte, vals []types.Datum, key, value []byte) (k, v []byte, single, in bool, err error) {
	x := r.index(ix)
	keys, in, err := x.keyVals(vals, nil, ev)
	if err != nil || !in {
		return key, value, false, false, err
	}
	k, v, single = x.appendEntry(key, value, keys, vals, rowKey[tuple.KeyPrefixLen:])
	return k, v, single, true, nil
}

func (w *Writer) duplicate(ix *catalog.Index, key []byte, vals []types.Datum) error {
	keys := make([]types.Datum, 0, len(ix.Keys))
	if x := w.rel.index(ix); x != nil {
		var err error
		if keys, _, err = x.keyVals(vals, keys, w.ev); err != nil {
			return err
		}
	} else {
		for i := range ix.Keys {
			keys = append(keys, vals[ix.Keys[i].Att-1])
		}
	}
	return w.duplicateKeys(ix, key, keys)
}

// duplicateKeys is the error for a key that is taken in storage under key. Under SERIALIZABLE it is another where the transaction
// could have known better.
func (w *Writer) duplicateKeys(ix *catalog.Index, key []byte, keys []types.Datum) error {
	if err := w.t.Intend(key); err != nil {
		return err
	}
	return Duplicate(w.rel.Table, ix, keys, w.env)
}

// Duplicate is the error for a key that is in a unique index already (23505).
func Duplicate(t *catalog.Table, ix *catalog.Index, keys []types.Datum, env *types.Env) error {
	e := pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint \"%s\"", ix.Name).
		WithDetail("Key " + KeyText(t, ix, keys, env) + " already exists.")
	e.Table, e.Constraint = t.Name, ix.Name
	return e
}

// KeyText is "(a, b)=(1, x)" for an index key, as PostgreSQL's messages show it.
func KeyText(t *catalog.Table, ix *catalog.Index, keys []types.Datum, env *types.Env) string {
	names := make([]string, len(keys))
	vals := make([]string, len(keys))
	for i := range keys {
		k := &ix.Keys[i]
		switch names[i] = k.Expr; {
		case k.Shown != "":
			names[i] = k.Shown
		case k.Att != 0:
			names[i] = ruleutils.QuoteIdent(t.Column(k.Att).Name)
		}
		vals[i] = "null"
		if !keys[i].IsNull() {
			vals[i] = string(env.Type(k.Type).AppendText(nil, keys[i], env))
		}
	}
	return "(" + strings.Join(names, ", ") + ")=(" + strings.Join(vals, ", ") + ")"
}
