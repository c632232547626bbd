package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// Deferred holds a transaction's constraint checks that wait for its commit. A session has one, runs it before each
// commit and resets it at the transaction's end. It is for one goroutine.
type Deferred struct {
	events []event
	arena  frame.Arena
	rows   trigger.Log // of constraint triggers
	images map[*catalog.Table]*trigger.Images
	// SET CONSTRAINTS: all is what ALL said ('d', 'i', 0: nothing), byCon what was said of one after that.
	all   byte
	byCon map[catalog.OID]bool
}

// Mark is a point to which a rollback to a savepoint returns.
type Mark struct {
	events []event
	all    byte
	byCon  map[catalog.OID]bool
}

func (d *Deferred) deferred(c *catalog.Constraint) bool {
	if !c.Deferrable {
		return false
	}
	if v, ok := d.byCon[c.OID]; ok {
		return v
	}
	if d.all != 0 {
		return d.all == 'd'
	}
	return c.Deferred
}

// SetAll is SET CONSTRAINTS ALL, Set for one deferrable constraint. What becomes immediate is to be checked with Run.
func (d *Deferred) SetAll(deferred bool) {
	d.all, d.byCon = 'i', nil
	if deferred {
		d.all = 'd'
	}
}

func (d *Deferred) Set(con catalog.OID, deferred bool) {
	m := map[catalog.OID]bool{con: deferred}
	for k, v := range d.byCon {
		if k != con {
			m[k] = v
		}
	}
	d.byCon = m
}

// Pending reports whether there is anything to run.
func (d *Deferred) Pending() bool { return len(d.events) > 0 }

// Run checks everything that waits, or with now only what is immediate by now. ec is that of a statement of its own.
// Errors: 23503, 23505.
func (d *Deferred) Run(ec *run.Context, now bool) error {
	q := &queue{ec: ec, deferred: d, targets: map[catalog.OID]*cascadeTarget{}}
	defer q.drop()
	for {
		var run, rest []event
		for _, e := range d.events {
			if now && d.deferred(e.con()) {
				rest = append(rest, e)
			} else {
				run = append(run, e)
			}
		}
		if len(run) == 0 {
			return nil
		}
		d.events = rest // what runs now may defer more
		for i := range run {
			if err := q.do(&run[i]); err != nil {
				return err
			}
		}
		if err := q.run(); err != nil {
			return err
		}
		if len(d.events) == 0 {
			d.arena.Reset()
		}
	}
}

// due is an event of a constraint trigger that waits for its time.
type due struct {
	trigger *catalog.Trigger
	table   *catalog.Table
	con     *catalog.Constraint
	op      catalog.TriggerType
	rows    int64 // where its rows stand
}

// add defers a constraint trigger.
func (d *Deferred) add(ec *run.Context, t *catalog.Table, g *catalog.Trigger, con *catalog.Constraint, op catalog.TriggerType, old, new []types.Datum) error {
	m := d.images[t]
	if m == nil {
		m = trigger.ImagesOf(t)
		if d.images == nil {
			d.images = map[*catalog.Table]*trigger.Images{}
		}
		d.images[t] = m
	}
	d.rows.Limit, d.rows.Dir = ec.Memory(), ec.TempDir
	at := d.rows.Size()
	d.events = append(d.events, event{due: &due{trigger: g, table: t, con: con, op: op, rows: at}})
	return d.rows.Append(m.Append(nil, old, new))
}

// fireDue calls a constraint trigger whose time has come.
func (q *queue) fireDue(e *due) error {
	rec, _, err := q.deferred.rows.At(e.rows)
	if err != nil {
		return err
	}
	// The function may defer other events of the table.
	old, new, err := trigger.ImagesOf(e.table).Decode(append([]byte(nil), rec...))
	if err != nil {
		return err
	}
	_, err = q.fire(&trigger.Call{Trigger: e.trigger, Table: e.table, Op: e.op, Old: old, New: new})
	return err
}

// drop gives up what waits.
func (q *queue) drop() {
	if q.triggers != nil {
		q.triggers.Close()
	}
}

// Waits reports whether constraint triggers or checks of a table wait.
func (d *Deferred) Waits(table catalog.OID) bool {
	for i := range d.events {
		switch e := &d.events[i]; {
		case e.due != nil && e.due.table.OID == table, e.unique != nil && e.unique.table.OID == table, e.fk != nil && e.parent && e.fk.parent.OID == table,
			e.fk != nil && !e.parent && e.fk.child.OID == table:
			return true
		}
	}
	return false
}

// Mark and Restore follow savepoints.
func (d *Deferred) Mark() Mark {
	return Mark{d.events[:len(d.events):len(d.events)], d.all, d.byCon}
}

func (d *Deferred) Restore(m Mark) {
	// A check that has run since waits again: it may have passed because of what is undone now.
	d.events, d.all, d.byCon = m.events, m.all, m.byCon
}

// Reset forgets everything, at the end of the transaction.
func (d *Deferred) Reset() {
	d.rows.Close()
	*d = Deferred{}
}
