package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tarndb/tarn/sql/files"
)

// localFiles are the files of this machine.
type localFiles struct{}

var _ files.Store = localFiles{}

func (localFiles) Stat(_ context.Context, path string) (files.Info, error) {
	st, err := os.Stat(path)
	if err != nil {
		return files.Info{}, err
	}
	return fileInfo(path, st), nil
}

func fileInfo(path string, st fs.FileInfo) files.Info {
	return files.Info{Path: path, Name: filepath.Base(path), Size: st.Size(), ModTime: st.ModTime(), Dir: st.IsDir()}
}

func (localFiles) List(_ context.Context, dir string) ([]files.Info, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := make([]files.Info, 0, len(list))
	for _, e := range list {
		path := filepath.Join(dir, e.Name())
		st, err := os.Stat(path) // a link stands for what it names
		if err != nil || !st.IsDir() && !st.Mode().IsRegular() {
			continue // gone meanwhile, or nothing that can be read to an end
		}
		out = append(out, fileInfo(path, st))
	}
	return out, nil
}

func (localFiles) Open(_ context.Context, path string) (files.File, error) {
	st, err := os.Stat(path) // before open, which would wait for a pipe's writer
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrInvalid}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return localFile{f, st.Size()}, nil
}

type localFile struct {
	*os.File
	size int64
}

func (f localFile) Size() int64 { return f.size }
