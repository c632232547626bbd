package branchdiff

import (
	"context"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
)

// Op is what a merge would do to a row of the target.
type Op byte

const (
	Insert Op = iota + 1
	Update
	Delete
)

func (o Op) String() string { return [...]string{"", "insert", "update", "delete"}[o] }

// Change is a row that the source has changed and the target has not, or (Conflict) that both have changed differently. Rows and key are
// valid during the call; a row is nil where the side has none.
type Change struct {
	Op             Op
	Conflict       bool
	Key            []byte // after the index's prefix; of a row without a primary key only where it is known
	Source, Target []byte
}

func (p *Pair) since(side int) *engine.Touched {
	if side == source {
		return p.SourceSince
	}
	return p.TargetSince
}

func (p *Pair) state(side int) *State {
	if side == source {
		return &p.Source
	}
	return &p.Target
}

// Rows calls visit with what the source has changed in the rows of a table, in the order of the keys; nil where that is nothing. The
// shape decodes what it is called with.
func (p *Pair) Rows(ctx context.Context, t Table, visit func(s *Shape, c Change) error) error {
	if p.Unchanged(t) {
		return nil
	}
	s, err := p.newShape(t)
	if err != nil {
		return err
	}
	r := &reader{p: p, s: s, ctx: ctx}
	if s.keyed {
		return r.each(func(k []byte, rows [sides][]byte, hasBase bool) error {
			c, differs, err := r.compare(k, rows, hasBase)
			if err != nil || !differs {
				return err
			}
			return visit(s, c)
		})
	}
	return r.counted(visit)
}

// Unchanged reports that the source's log names no row of the table.
func (p *Pair) Unchanged(t Table) bool {
	if p.SourceSince == nil || t.Base == nil || t.Base.StorageID != t.Source.StorageID || !told(p.SourceSince, t.Source) {
		return false
	}
	return len(p.keysOf(source, t.Source.StorageID)) == 0
}

// told reports whether a log tells the changes of a table's rows by their keys. Of a lake table ranges of rows go when files have them:
// that changes none.
func told(t *engine.Touched, of *catalog.Table) bool {
	if of.Lake() {
		return !t.Filled[of.StorageID]
	}
	return !t.Whole[of.StorageID]
}

// keysOf lists the keys of a table's rows that a side's log names, in order, after their prefix.
func (p *Pair) keysOf(side int, storage uint32) (keys []string) {
	for _, k := range p.since(side).Of(storage) {
		if change.IndexOf([]byte(k)) == change.PrimaryIndex {
			keys = append(keys, k[change.KeyPrefix:])
		}
	}
	return keys
}

// reader reads a table's rows on the sides.
type reader struct {
	p   *Pair
	s   *Shape
	ctx context.Context
	buf [sides][]byte
	n   int
}

// byKey reports whether the logs tell all changes of the table's rows by their keys, which are the same on all sides.
func (r *reader) byKey() bool {
	t := r.s.Table
	if t.Base == nil || t.Target == nil || t.Base.StorageID != t.Source.StorageID || t.Base.StorageID != t.Target.StorageID {
		return false
	}
	for side := source; side <= target; side++ {
		if x := r.p.since(side); x == nil || !told(x, t.Base) {
			return false
		}
	}
	return r.s.keyed || r.p.Forked
}

func (r *reader) tick() error {
	if r.n++; r.n&1023 == 0 && r.ctx.Err() != nil {
		return pgerr.From(context.Cause(r.ctx))
	}
	return nil
}

// get reads a row of a side.
func (r *reader) get(side int, st *State, key []byte) ([]byte, error) {
	row, ok, err := st.Snap.AppendGet(r.buf[side][:0], key)
	r.buf[side] = row
	if err != nil || !ok {
		return nil, err
	}
	return row, r.s.rels[side].Layout().Check(row)
}

// each calls f with the rows that stand under each key which one of the sides has changed, or may have. hasBase is false where the base's
// row has not been looked at.
func (r *reader) each(f func(k []byte, rows [sides][]byte, hasBase bool) error) error {
	if !r.byKey() {
		return r.whole(f)
	}
	storage := r.s.Source.StorageID
	keys := r.p.keysOf(source, storage)
	if !r.s.keyed {
		keys = slices.Compact(slices.Sorted(slices.Values(append(keys, r.p.keysOf(target, storage)...))))
	}
	var key []byte
	for _, k := range keys {
		if err := r.tick(); err != nil {
			return err
		}
		key = append(change.AppendKeyPrefix(key[:0], storage, change.PrimaryIndex), k...)
		var rows [sides][]byte
		var err error
		for side := source; side <= target; side++ {
			if rows[side], err = r.get(side, r.p.state(side), key); err != nil {
				return err
			}
		}
		hasBase := true
		old, bySource := r.p.SourceSince.Keys[string(key)]
		oldThere, byTarget := r.p.TargetSince.Keys[string(key)]
		switch {
		case !byTarget:
			rows[base] = rows[target]
		case !bySource:
			rows[base] = rows[source]
		case r.s.Source.Lake() && old && oldThere:
			continue // deleted on both sides: a version of a row never changes
		case !r.s.keyed && (!old || !oldThere):
			// A key of its own on each side that has come to it since.
		default:
			hasBase = false
		}
		if err := f([]byte(k), rows, hasBase); err != nil {
			return err
		}
	}
	return nil
}

// baseRow reads the base's row under a key after its prefix.
func (r *reader) baseRow(k []byte) ([]byte, error) {
	b, err := r.p.Base(r.ctx)
	if err != nil || r.s.Base == nil {
		return nil, err
	}
	return r.get(base, b, append(change.AppendKeyPrefix(nil, r.s.Base.StorageID, change.PrimaryIndex), k...))
}

// compare says what the source has done to a row. rows[base] is the target's or the source's own where that has not changed it.
func (r *reader) compare(k []byte, rows [sides][]byte, hasBase bool) (c Change, differs bool, err error) {
	c = Change{Key: k, Source: rows[source], Target: rows[target]}
	switch {
	case c.Source == nil && c.Target == nil:
		return c, false, nil
	case c.Target == nil:
		c.Op = Insert
	case c.Source == nil:
		c.Op = Delete
	default:
		c.Op = Update
		if same, err := r.s.equal(source, c.Source, target, c.Target); same || err != nil {
			return c, false, err
		}
	}
	if !hasBase {
		if rows[base], err = r.baseRow(k); err != nil {
			return c, false, err
		}
	} else if len(rows[base]) > 0 && len(c.Target) > 0 && &rows[base][0] == &c.Target[0] || rows[base] == nil && c.Target == nil {
		return c, true, nil // the target has not changed it
	}
	unchanged, err := r.sameAsBase(source, c.Source, rows[base])
	if unchanged || err != nil {
		return c, false, err
	}
	kept, err := r.sameAsBase(target, c.Target, rows[base])
	c.Conflict = !kept
	return c, true, err
}

func (r *reader) sameAsBase(side int, row, was []byte) (bool, error) {
	if row == nil || was == nil {
		return row == nil && was == nil, nil
	}
	return r.s.equal(side, row, base, was)
}

// whole is each over all rows of the table.
func (r *reader) whole(f func(k []byte, rows [sides][]byte, hasBase bool) error) error {
	states := [sides]*State{source: &r.p.Source, target: &r.p.Target}
	if r.s.Base != nil {
		b, err := r.p.Base(r.ctx)
		if err != nil {
			return err
		}
		states[base] = b
	}
	var its [sides]*engine.Iter
	var at [sides]bool
	for i, st := range states {
		if r.s.rels[i] == nil {
			continue
		}
		storage := r.s.rels[i].Table.StorageID
		its[i] = st.Snap.NewIter(change.AppendKeyPrefix(nil, storage, change.PrimaryIndex), change.AppendKeyPrefix(nil, storage, change.PrimaryIndex+1))
		at[i] = its[i].First()
	}
	err := r.walk(&its, &at, f)
	for _, it := range its {
		if it != nil {
			if cerr := it.Close(); err == nil {
				err = cerr
			}
		}
	}
	return err
}

// walk moves the iterators of the sides along their common keys.
func (r *reader) walk(its *[sides]*engine.Iter, at *[sides]bool, f func(k []byte, rows [sides][]byte, hasBase bool) error) error {
	var key []byte
	for {
		if err := r.tick(); err != nil {
			return err
		}
		some := false
		for i, it := range its {
			if at[i] && (!some || string(it.Key()[change.KeyPrefix:]) < string(key)) {
				key, some = append(key[:0], it.Key()[change.KeyPrefix:]...), true
			}
		}
		if !some {
			return nil
		}
		var rows [sides][]byte
		var here [sides]bool
		for i, it := range its {
			if here[i] = at[i] && string(it.Key()[change.KeyPrefix:]) == string(key); !here[i] {
				continue
			}
			if rows[i] = it.Value(); rows[i] == nil {
				return it.Error()
			}
			if err := r.s.rels[i].Layout().Check(rows[i]); err != nil {
				return err
			}
		}
		if err := f(key, rows, true); err != nil {
			return err
		}
		for i, it := range its {
			if here[i] {
				at[i] = it.Next()
			}
		}
	}
}
