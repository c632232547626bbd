package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Options of a store. The zero value is durable.
type Options struct {
	// NoSync leaves out every fsync: objects are still atomic for processes, not for power loss. For tests.
	NoSync bool
}

// Local keeps each object as a file under a root directory.
//
// An object is written to a temporary name in its own directory, synced, and then given its name by link(2), which
// fails if the name is taken (O_EXCL followed by writes would show half an object); then the directory is synced.
// Temporary names start with tmpPrefix and are left behind by a crash only; Sweep removes them.
type Local struct {
	root string
	opt  Options
	seq  atomic.Uint64
	dirs sync.Map // directory path → struct{}: exists and is durable
}

const tmpPrefix = ".tarn-tmp-"

var _ Store = (*Local)(nil)

// OpenLocal makes root if it is missing.
func OpenLocal(root string, opt Options) (*Local, error) {
	l, err := LocalAt(root, opt)
	if err == nil {
		err = l.mkdir(l.root)
	}
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	return l, nil
}

// LocalAt is OpenLocal for a root that is made with its first object.
func LocalAt(root string, opt Options) (*Local, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	return &Local{root: abs, opt: opt}, nil
}

func (l *Local) URL(key string) string { return filepath.Join(l.root, filepath.FromSlash(key)) }

func (l *Local) path(key string) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", err
	}
	return l.URL(key), nil
}

// mkdir makes dir and its parents, each durable before a file is named in it.
func (l *Local) mkdir(dir string) error {
	if _, ok := l.dirs.Load(dir); ok {
		return nil
	}
	if _, err := os.Stat(dir); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		parent := filepath.Dir(dir)
		if err := l.mkdir(parent); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := l.syncDir(parent); err != nil {
			return err
		}
	}
	l.dirs.Store(dir, struct{}{})
	return nil
}

func (l *Local) syncDir(dir string) error {
	if l.opt.NoSync {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (l *Local) Create(_ context.Context, key string) (Upload, error) {
	return l.create(key)
}

func (l *Local) create(key string) (*localUpload, error) {
	path, err := l.path(key)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		dir := filepath.Dir(path)
		if err := l.mkdir(dir); err != nil {
			return nil, fmt.Errorf("create %s: %w", key, err)
		}
		tmp := filepath.Join(dir, fmt.Sprintf("%s%d-%d", tmpPrefix, os.Getpid(), l.seq.Add(1)))
		f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if errors.Is(err, fs.ErrNotExist) && try == 0 {
			l.dirs.Delete(dir) // removed since it was remembered
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("create %s: %w", key, err)
		}
		return &localUpload{l: l, f: f, tmp: tmp, path: path, key: key}, nil
	}
}

type localUpload struct {
	l         *Local
	f         *os.File
	tmp, path string
	key       string
	err       error
}

func (u *localUpload) Write(b []byte) (int, error) {
	n, err := u.f.Write(b)
	if err != nil {
		u.err = err
	}
	return n, err
}

func (u *localUpload) finish(name func(tmp, path string) error) error {
	if u.f == nil {
		return fmt.Errorf("commit %s: upload is closed", u.key)
	}
	defer os.Remove(u.tmp)
	f := u.f
	u.f = nil
	if u.err == nil && !u.l.opt.NoSync {
		u.err = f.Sync()
	}
	if err := f.Close(); u.err == nil {
		u.err = err
	}
	if u.err != nil {
		return fmt.Errorf("write %s: %w", u.key, u.err)
	}
	if err := name(u.tmp, u.path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("write %s: %w", u.key, ErrExist)
		}
		return fmt.Errorf("write %s: %w", u.key, err)
	}
	if err := u.l.syncDir(filepath.Dir(u.path)); err != nil {
		return fmt.Errorf("write %s: %w", u.key, err)
	}
	return nil
}

func (u *localUpload) Commit() error { return u.finish(os.Link) }

func (u *localUpload) Abort() {
	if u.f != nil {
		u.f.Close()
		u.f = nil
		os.Remove(u.tmp)
	}
}

func (l *Local) write(key string, data []byte, name func(tmp, path string) error) error {
	u, err := l.create(key)
	if err != nil {
		return err
	}
	u.Write(data) // finish reports its error
	return u.finish(name)
}

func (l *Local) Put(_ context.Context, key string, data []byte) error {
	return l.write(key, data, os.Rename)
}

func (l *Local) PutIfAbsent(_ context.Context, key string, data []byte) error {
	return l.write(key, data, os.Link)
}

func readErr(key string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", key, ErrNotExist)
	}
	return fmt.Errorf("read %s: %w", key, err)
}

func (l *Local) Get(_ context.Context, key string) ([]byte, error) {
	path, err := l.path(key)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, readErr(key, err)
	}
	return b, nil
}

func (l *Local) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	o, err := l.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if off < 0 || n < 0 || off+n > o.Size() {
		return nil, fmt.Errorf("read %s: bytes %d to %d of %d: %w", key, off, off+n, o.Size(), io.ErrUnexpectedEOF)
	}
	b := make([]byte, n)
	if _, err := o.ReadAt(b, off); err != nil && !(err == io.EOF && n == 0) {
		return nil, readErr(key, err)
	}
	return b, nil
}

func (l *Local) Open(_ context.Context, key string) (Object, error) {
	path, err := l.path(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, readErr(key, err)
	}
	st, err := f.Stat()
	if err == nil && st.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, readErr(key, err)
	}
	return &localObject{f, st.Size()}, nil
}

type localObject struct {
	*os.File
	size int64
}

func (o *localObject) Size() int64 { return o.size }

func (l *Local) List(ctx context.Context, prefix, after string) ([]Info, error) {
	dir := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		dir = prefix[:i+1]
		if err := CheckKey(prefix[:i]); err != nil {
			return nil, err
		}
	}
	var out []Info
	err := filepath.WalkDir(l.URL(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // removed while we walk
			}
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if d.IsDir() || strings.HasPrefix(d.Name(), tmpPrefix) {
			return nil
		}
		rel, err := filepath.Rel(l.root, path)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(rel)
		if !strings.HasPrefix(key, prefix) || key <= after {
			return nil
		}
		st, err := d.Info()
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		out = append(out, Info{Key: key, Size: st.Size(), ModTime: st.ModTime()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, err)
	}
	slices.SortFunc(out, func(a, b Info) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

func (l *Local) Delete(_ context.Context, key string) error {
	path, err := l.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

func (l *Local) Link(_ context.Context, src, dst string) error {
	from, err := l.path(src)
	if err != nil {
		return err
	}
	to, err := l.path(dst)
	if err != nil {
		return err
	}
	if err := l.linkPath(from, to); err != nil {
		return err
	}
	return l.syncDir(filepath.Dir(to))
}

// linkPath names the file at a path another, and makes the directories of that.
func (l *Local) linkPath(from, to string) error {
	for try := 0; ; try++ {
		if err := l.mkdir(filepath.Dir(to)); err != nil {
			return fmt.Errorf("link %s: %w", to, err)
		}
		err := os.Link(from, to)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("link %s: %w", to, ErrExist)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("link %s: %w", to, err)
		}
		if _, serr := os.Stat(from); serr != nil || try > 0 {
			return fmt.Errorf("link %s: %w", from, ErrNotExist)
		}
		l.dirs.Delete(filepath.Dir(to)) // removed since it was remembered
	}
}

func (l *Local) linkAll(ctx context.Context, from, to string, names []string) error {
	return l.linkFrom(ctx, l.URL(from), to, names)
}

// linkFrom gives files of a directory of the same disk second names in directory to.
func (l *Local) linkFrom(ctx context.Context, from, to string, names []string) error {
	dirs := map[string]bool{}
	for _, n := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := CheckKey(n); err != nil {
			return err
		}
		dst := filepath.Join(l.URL(to), filepath.FromSlash(n))
		if err := l.linkPath(filepath.Join(from, filepath.FromSlash(n)), dst); err != nil && !errors.Is(err, ErrExist) {
			return err
		}
		dirs[filepath.Dir(dst)] = true
	}
	for d := range dirs {
		if err := l.syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// LocalFile is the object's own file. A reader that has not opened it yet loses it with Delete.
func (l *Local) LocalFile(_ context.Context, key string, _ int64) (string, func(), error) {
	path, err := l.path(key)
	return path, func() {}, err
}

// Sweep removes what crashed uploads left under prefix, and directories that are empty.
func (l *Local) Sweep(_ context.Context, prefix string) error {
	var dirs []string
	root := l.URL(prefix)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if d.IsDir() {
			if path != l.root {
				dirs = append(dirs, path)
			}
			return nil
		}
		if strings.HasPrefix(d.Name(), tmpPrefix) {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sweep %s: %w", prefix, err)
	}
	for _, d := range slices.Backward(dirs) {
		if os.Remove(d) == nil { // fails on a directory that has something in it
			l.dirs.Delete(d)
		}
	}
	return nil
}
