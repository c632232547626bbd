package session

import (
	"context"
	"errors"

	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session/routine"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/serial"
	"github.com/tarndb/tarn/storage/txn"
)

// sqlError gives storage's sentinels their SQLSTATE and wording, in one place. Errors that have one keep it.
func sqlError(err error) error {
	if err == nil {
		return nil
	}
	var pe *pgerr.Error
	if errors.As(err, &pe) {
		return err
	}
	var dead *lock.DeadlockError
	var unserial *serial.Error
	switch {
	case errors.Is(err, txn.ErrConcurrentDelete):
		return pgerr.Wrap(err, pgerr.SerializationFailure, "could not serialize access due to concurrent delete")
	case errors.Is(err, txn.ErrSerialization):
		return pgerr.Wrap(err, pgerr.SerializationFailure, "could not serialize access due to concurrent update")
	case errors.As(err, &dead):
		return run.Deadlock(dead)
	case errors.As(err, &unserial):
		return pgerr.Wrap(err, pgerr.SerializationFailure, "could not serialize access due to read/write dependencies among transactions").
			WithDetail("Reason code: %s", unserial.Reason).WithHint("The transaction might succeed if retried.")
	case errors.Is(err, lock.ErrNotAvailable):
		return pgerr.Wrap(err, pgerr.LockNotAvailable, "could not obtain lock")
	case errors.Is(err, lock.ErrTimeout):
		return pgerr.Wrap(err, pgerr.LockNotAvailable, "canceling statement due to lock timeout")
	case errors.Is(err, engine.ErrDiskFull):
		return pgerr.Wrap(err, pgerr.DiskFull, "could not write to the log: no space left on device")
	case errors.Is(err, engine.ErrStopped), errors.Is(err, engine.ErrClosed):
		return pgerr.Wrap(err, pgerr.CrashShutdown, "the store has stopped: %v", err)
	case errors.Is(err, context.DeadlineExceeded):
		return pgerr.Wrap(err, pgerr.QueryCanceled, "canceling statement due to statement timeout")
	case errors.Is(err, context.Canceled):
		return pgerr.Wrap(err, pgerr.QueryCanceled, "canceling statement due to user request")
	case errors.Is(err, object.ErrDenied):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "permission denied by the warehouse").WithDetail("%v", err)
	case errors.Is(err, object.ErrUnavailable), errors.Is(err, object.ErrInDoubt):
		return pgerr.Wrap(err, pgerr.IOError, "the warehouse does not answer").WithDetail("%v", err)
	case errors.Is(err, delta.ErrCorrupt), errors.Is(err, parquet.ErrDamaged):
		return pgerr.Wrap(err, pgerr.DataCorrupted, "%v", err)
	}
	return pgerr.Wrap(err, pgerr.InternalError, "%v", err)
}

// addContext adds a line to an error's CONTEXT; nil stays nil.
func addContext(err error, line string) error { return routine.AddContext(sqlError(err), line) }

// internalPlace gives an error in a text that a function runs its place there.
func internalPlace(err error, text, word string, lead int) error {
	return routine.InternalPlace(sqlError(err), text, word, lead)
}
