package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Store is where files are. Paths are absolute: /directory/file, or scheme://bucket/key. What is not there is fs.ErrNotExist.
type Store interface {
	Stat(ctx context.Context, path string) (Info, error)
	// List gives what a directory holds, in the order of names.
	List(ctx context.Context, dir string) ([]Info, error)
	Open(ctx context.Context, path string) (File, error)
}

// Info is what is known of a file without reading it.
type Info struct {
	Path    string
	Name    string // the last part of Path
	Size    int64  // bytes
	ModTime time.Time
	Dir     bool
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Within reports whether a path is a directory or below it.
func Within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// StoreError gives an error of reading a store the code of SQL.
func StoreError(path string, err error) error { return storeError(path, err) }

// WriteError gives an error of writing to a volume the code of SQL; nil stays nil.
func WriteError(path string, err error) error {
	var pe *pgerr.Error
	switch {
	case err == nil, errors.As(err, &pe), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrLeaves):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "could not open file \"%s\" for writing: it is outside of the volume", path)
	case errors.Is(err, fs.ErrPermission):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "could not open file \"%s\" for writing: Permission denied", path)
	}
	return pgerr.Wrap(err, pgerr.IOError, "could not write file \"%s\": %v", path, err)
}

func storeError(path string, err error) error {
	var pe *pgerr.Error
	switch {
	case errors.As(err, &pe):
		return err
	case errors.Is(err, ErrLeaves):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "could not open file \"%s\" for reading: it is outside of the volume", path)
	case errors.Is(err, fs.ErrNotExist):
		return pgerr.Wrap(err, pgerr.UndefinedFile, "could not open file \"%s\" for reading: No such file or directory", path)
	case errors.Is(err, fs.ErrPermission):
		return pgerr.Wrap(err, pgerr.InsufficientPrivilege, "could not open file \"%s\" for reading: Permission denied", path)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return pgerr.Wrap(err, pgerr.IOError, "could not read file \"%s\": %v", path, err)
}
