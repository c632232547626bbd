package external

import (
	"io"
	"os"
	"strings"

	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
)

// OpenFile opens the file that COPY FROM names, of the server, of a volume or of a bucket, and tells its size.
func (x *Sources) OpenFile(name string) (io.ReadCloser, int64, error) {
	if volumePath(name) {
		v, p, err := x.InVolume(name, false)
		if err != nil {
			return nil, 0, err
		}
		return x.openIn(v, p)
	}
	if x.S.MayReadFiles() != nil {
		return nil, 0, pgerr.New(pgerr.InsufficientPrivilege, "must be superuser or have privileges of the pg_read_server_files role to COPY from a file")
	}
	if bucketPath(name) && x.Files != nil {
		p, err := absolute(name)
		if err != nil {
			return nil, 0, err
		}
		return x.openIn(x.Files, p)
	}
	f, err := os.Open(name)
	if os.IsNotExist(err) {
		return nil, 0, pgerr.New(pgerr.UndefinedFile, "could not open file \"%s\" for reading: No such file or directory", name).
			WithHint("COPY FROM instructs the PostgreSQL server process to read a file. You may want a client-side facility such as psql's \\copy.")
	}
	if err != nil {
		return nil, 0, pgerr.Wrap(err, pgerr.IOError, "could not open file \"%s\" for reading: %v", name, err)
	}
	size := int64(0)
	if st, err := f.Stat(); err == nil {
		size = st.Size()
	}
	return f, size, nil
}

// bucketPath reports the address of an object in a bucket.
func bucketPath(p string) bool {
	return strings.HasPrefix(p, "s3://") || strings.HasPrefix(p, "s3a://")
}

func (x *Sources) openIn(st files.Store, p string) (io.ReadCloser, int64, error) {
	f, err := st.Open(x.S.Context(), p)
	if err != nil {
		return nil, 0, files.StoreError(p, err)
	}
	return wholeFile{io.NewSectionReader(f, 0, f.Size()), f}, f.Size(), nil
}

// wholeFile is a file from its beginning on.
type wholeFile struct {
	io.Reader
	io.Closer
}

// CreateFile makes the file that COPY TO writes; abort ends what done has not. One of a volume or a bucket is there when it is whole.
func (x *Sources) CreateFile(name string) (dst io.Writer, done func() error, abort func(), err error) {
	if volumePath(name) {
		v, p, err := x.InVolume(name, true)
		if err != nil {
			return nil, nil, nil, err
		}
		return x.createIn(v, p, p)
	}
	if x.S.MayWriteFiles() != nil {
		return nil, nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "must be superuser or have privileges of the pg_write_server_files role to COPY to a file")
	}
	if bucketPath(name) && x.Volumes != nil {
		p, err := absolute(name)
		if err != nil {
			return nil, nil, nil, err
		}
		at := strings.LastIndexByte(p, '/')
		if at < len("s3://b") || strings.HasSuffix(name, "/") {
			return nil, nil, nil, pgerr.New(pgerr.InvalidName, "\"%s\" names no object in a bucket", name)
		}
		return x.createIn(x.Volumes.External(p[:at]), p[at+1:], p)
	}
	if !strings.HasPrefix(name, "/") {
		return nil, nil, nil, pgerr.New(pgerr.InvalidName, "relative path not allowed for COPY to file")
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, nil, pgerr.Wrap(err, pgerr.IOError, "could not open file \"%s\" for writing: %v", name, err)
	}
	return f, f.Close, func() { _ = f.Close() }, nil
}

func (x *Sources) createIn(v files.Volume, p, shown string) (dst io.Writer, done func() error, abort func(), err error) {
	up, err := v.Create(x.S.Context(), p)
	if err != nil {
		return nil, nil, nil, files.WriteError(shown, err)
	}
	return up, func() error { return files.WriteError(shown, up.Commit()) }, up.Abort, nil
}
