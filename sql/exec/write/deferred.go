package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/exec/run"
)

// Deferred holds a transaction's constraint checks that wait for its commit. A session has one, runs it before each
// commit and resets it at the transaction's end. It is for one goroutine.
type Deferred struct {
	events []event
	arena  frame.Arena
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
	var rest []event
	for i := range d.events {
		e := &d.events[i]
		if now && d.deferred(e.con()) {
			rest = append(rest, *e)
			continue
		}
		if err := q.do(e); err != nil {
			return err
		}
	}
	d.events = rest
	if len(rest) == 0 {
		d.arena.Reset()
	}
	return q.run()
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
func (d *Deferred) Reset() { *d = Deferred{} }
