package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
)

// uniqueCheck is a deferrable primary key or unique constraint.
type uniqueCheck struct {
	con   *catalog.Constraint
	table *catalog.Table
	index *catalog.Index
}

func (ev *event) con() *catalog.Constraint {
	if ev.unique != nil {
		return ev.unique.con
	}
	if ev.due != nil {
		return ev.due.con
	}
	return ev.fk.con
}

// pending gives a Writer of a table what it does with a key that may not be the only one (manual: CREATE TABLE, DEFERRABLE): the
// check runs when the statement has done its own work, or when the constraint is due. nil for tables without such constraints.
func (q *queue) pending(t *catalog.Table) func(ix *catalog.Index, rowKey []byte, keys []types.Datum) error {
	checks := map[*catalog.Index]*uniqueCheck{}
	for _, ix := range t.Indexes {
		for _, c := range t.Constraints {
			if ix.Deferrable && c.OID == ix.Constraint {
				checks[ix] = &uniqueCheck{con: c, table: t, index: ix}
			}
		}
	}
	if len(checks) == 0 {
		return nil
	}
	return func(ix *catalog.Index, rowKey []byte, keys []types.Datum) error {
		u := checks[ix]
		if u == nil {
			return pgerr.Internal("index %s has no constraint", ix.Name)
		}
		ev := event{unique: u, key: append([]byte(nil), rowKey...)}
		events, arena := &q.events, &q.arena
		if d := q.deferred; d != nil && d.deferred(u.con) {
			events, arena = &d.events, &d.arena
		}
		ev.vals = arena.Row(len(keys))
		for i := range keys {
			ev.vals[i] = arena.Clone(keys[i])
		}
		*events = append(*events, ev)
		return nil
	}
}

func (q *queue) checkUnique(e *event) error {
	u := e.unique
	rel, err := q.ec.Rels.Get(u.table)
	if err != nil {
		return err
	}
	if u.index.Excludes != nil {
		return q.checkExclusion(e, rel)
	}
	dup, err := rel.Duplicated(q.ec.Ctx, q.ec.Txn, u.index, e.key, e.vals, q.ec.LockOptions())
	if err != nil {
		return run.LockError(err, u.table)
	}
	if dup {
		return constraintError(q.ec, rowstore.Duplicate(u.table, u.index, e.vals, q.ec.Env), u.table)
	}
	return nil
}

func (q *queue) checkExclusion(e *event, rel *rowstore.Rel) error {
	u := e.unique
	ex, err := newExcluder(q.ec, u.table)
	if err != nil {
		return err
	}
	var ev rowstore.IndexEval
	if rel.NeedsEval() {
		if ev, err = NewIndexEval(q.ec, u.table); err != nil {
			return err
		}
	}
	other, err := rel.Excluded(q.ec.Ctx, q.ec.Txn, u.index, ev, ex, e.key, e.vals, q.ec.LockOptions())
	if err != nil {
		return run.LockError(err, u.table)
	}
	if other != nil {
		return constraintError(q.ec, rowstore.Conflicting(u.table, u.index, e.vals, other, q.ec.Env), u.table)
	}
	return nil
}
