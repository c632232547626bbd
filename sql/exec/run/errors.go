package run

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// LockError gives storage's refusals the SQLSTATE that they have for a row of table t. Others pass as they are.
func LockError(err error, t *catalog.Table) error {
	var dead *lock.DeadlockError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, txn.ErrConcurrentDelete):
		return pgerr.Wrap(err, pgerr.SerializationFailure, "could not serialize access due to concurrent delete")
	case errors.Is(err, txn.ErrDeparted):
		return pgerr.Wrap(err, pgerr.SerializationFailure, "tuple to be locked was already moved to another partition due to concurrent update")
	case errors.Is(err, txn.ErrSerialization):
		return pgerr.Wrap(err, pgerr.SerializationFailure, "could not serialize access due to concurrent update")
	case errors.Is(err, lock.ErrTimeout):
		return pgerr.Wrap(err, pgerr.LockNotAvailable, "canceling statement due to lock timeout")
	case errors.Is(err, lock.ErrNotAvailable):
		return pgerr.Wrap(err, pgerr.LockNotAvailable, "could not obtain lock on row in relation \"%s\"", t.Name)
	case errors.As(err, &dead):
		return Deadlock(dead)
	}
	return err
}

// Deadlock is 40P01 with the circle of waiters as its DETAIL.
func Deadlock(d *lock.DeadlockError) error {
	var lines []string
	for i, w := range d.Cycle {
		next := d.Cycle[(i+1)%len(d.Cycle)]
		what := fmt.Sprintf("%s %x", w.Class, w.Key)
		lines = append(lines, fmt.Sprintf("Process %d waits for %s on %s; blocked by process %d.", w.PID, w.Mode.Name(w.Class), what, next.PID))
	}
	return pgerr.Wrap(d, pgerr.DeadlockDetected, "deadlock detected").WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("See server log for query details.")
}
