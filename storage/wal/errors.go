package wal

import (
	"errors"
	"fmt"
)

var (
	// ErrDiskFull says that there was no space for the records. They are not in the log; the log still works.
	ErrDiskFull = errors.New("no space left for the write-ahead log")
	// ErrClosed is returned by everything after Close.
	ErrClosed = errors.New("write-ahead log is closed")
	// ErrTruncated says that the wanted position is older than the oldest kept segment.
	ErrTruncated = errors.New("log position is no longer kept")
	// ErrTooLarge says that a payload exceeds MaxPayload.
	ErrTooLarge = errors.New("record is too large for the write-ahead log")
)

// DamageError reports bytes of the log that are not what was written (I8).
type DamageError struct {
	At     LSN
	File   string
	Offset int64 // in the file, bytes
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("write-ahead log is damaged at %s (%s, offset %d): %s", e.At, e.File, e.Offset, e.Reason)
}

// FailedError is the sticky state after a write or sync that may have lost data.
type FailedError struct{ Cause error }

func (e *FailedError) Error() string { return "write-ahead log failed: " + e.Cause.Error() }
func (e *FailedError) Unwrap() error { return e.Cause }
