package engine

import (
	"errors"

	"github.com/tarndb/tarn/storage/wal"
)

var (
	// ErrDiskFull says that a commit found no space. Nothing of it happened; the store goes on.
	ErrDiskFull = wal.ErrDiskFull
	// ErrTooLarge says that a group exceeds wal.MaxPayload.
	ErrTooLarge = wal.ErrTooLarge
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("store is closed")
	// ErrStopped is wrapped by all errors after the store has failed for good.
	ErrStopped = errors.New("store has stopped")
	// ErrCorrupt is wrapped by errors of Open and Check that say that the parts of a store do not fit together.
	ErrCorrupt = errors.New("store is damaged")
)
