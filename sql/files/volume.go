package files

import (
	"context"
	"errors"
	"io"
)

// Volumes are the directories of a branch's volumes.
type Volumes interface {
	// Managed is a managed volume's directory, which need not be there, by the name that only this volume has.
	Managed(dir string) Volume
	// External is a directory that users have named.
	External(location string) Volume
	// Remove deletes a managed volume's directory with what is in it.
	Remove(ctx context.Context, dir string) error
}

// Volume is a directory of files. Paths are below it, "" is itself. Errors: ErrLeaves.
type Volume interface {
	Store
	// Create makes a file, which others see from Commit on; it replaces one of that name.
	Create(ctx context.Context, path string) (Upload, error)
}

// Upload is a file that is being written. One of Commit and Abort must be called; Abort after Commit does nothing.
type Upload interface {
	io.Writer
	Commit() error
	Abort()
}

// ErrLeaves says that a path leads out of its volume, by a link.
var ErrLeaves = errors.New("path leaves the volume")
