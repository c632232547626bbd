package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
)

// remote is a store that others reach over a network: it counts, waits and fails.
type remote struct {
	*object.Local
	opens atomic.Int32
	fail  atomic.Bool
	wait  chan struct{}
}

var errDown = errors.New("down")

func (r *remote) Open(ctx context.Context, key string) (object.Object, error) {
	r.opens.Add(1)
	if r.fail.Load() {
		return nil, fmt.Errorf("%w: %w", object.ErrUnavailable, errDown)
	}
	if r.wait != nil {
		select {
		case <-r.wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return r.Local.Open(ctx, key)
}

func setup(t *testing.T, limit int64) (*remote, *Cache, object.Store) {
	t.Helper()
	l, err := object.OpenLocal(t.TempDir(), object.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(filepath.Join(t.TempDir(), "cache"), limit)
	if err != nil {
		t.Fatal(err)
	}
	r := &remote{Local: l}
	return r, c, c.Over(r)
}

func content(i, n int) []byte { return bytes.Repeat([]byte{byte(i)}, n) }

func put(t *testing.T, s object.Store, i, n int) string {
	t.Helper()
	key := fmt.Sprintf("t/part-%d.parquet", i)
	if err := s.Put(context.Background(), key, content(i, n)); err != nil {
		t.Fatal(err)
	}
	return key
}

func files(t *testing.T, c *Cache) (n int, bytes int64) {
	t.Helper()
	list, err := os.ReadDir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		st, _ := e.Info()
		n, bytes = n+1, bytes+st.Size()
	}
	return n, bytes
}

func TestCopiesAreBoundedAndPinned(t *testing.T) {
	r, c, s := setup(t, 100)
	ctx := context.Background()
	var release []func()
	for i := range 5 {
		path, done, err := s.LocalFile(ctx, put(t, r, i, 40), 40)
		if i >= 2 {
			if !errors.Is(err, object.ErrFull) {
				t.Fatalf("file %d beside two in use: %v", i, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		release = append(release, done)
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, content(i, 40)) {
			t.Fatalf("%q %v", b, err)
		}
	}
	// What has no room is read where it is.
	o, err := s.Open(ctx, "t/part-4.parquet")
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 40)
	if _, err := o.ReadAt(b, 0); err != nil || !bytes.Equal(b, content(4, 40)) {
		t.Errorf("%q %v", b, err)
	}
	o.Close()
	if st := c.Stats(); st.InUse != 80 || st.Bytes != 80 {
		t.Errorf("%+v", st)
	}
	for _, f := range release {
		f()
		f()
	}
	if _, done, err := s.LocalFile(ctx, "t/part-3.parquet", 40); err != nil {
		t.Error(err)
	} else {
		done()
	}
	if n, size := files(t, c); n != 2 || size != 80 {
		t.Errorf("%d files of %d bytes", n, size)
	}
	if _, _, err := s.LocalFile(ctx, "t/part-1.parquet", 41); err == nil {
		t.Error("an object of another size than the log says was taken")
	}
}

func TestOneFetchForMany(t *testing.T) {
	r, c, s := setup(t, 1<<20)
	ctx := context.Background()
	key := put(t, r, 1, 1000)
	r.wait = make(chan struct{})
	cctx, cancel := context.WithCancel(ctx)
	gone := make(chan error, 1)
	go func() { _, _, err := s.LocalFile(cctx, key, -1); gone <- err }()
	for r.opens.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, done, err := s.LocalFile(ctx, key, 1000)
			if err != nil {
				t.Error(err)
				return
			}
			done()
		})
	}
	cancel() // the first of them gives up; the others do not
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(r.wait)
	wg.Wait()
	if st := c.Stats(); st.Misses != 1 || st.FetchedBytes != 1000 || st.InUse != 0 {
		t.Errorf("%+v", st)
	}
}

func TestCopiesOfAnEarlierProcess(t *testing.T) {
	r, c, s := setup(t, 1000)
	ctx := context.Background()
	for i := range 3 {
		_, done, err := s.LocalFile(ctx, put(t, r, i, 100), 100)
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	path, done, _ := s.LocalFile(ctx, "t/part-0.parquet", 100)
	done()
	damaged, done, _ := s.LocalFile(ctx, "t/part-2.parquet", 100)
	done()
	os.Truncate(damaged, 50)
	os.WriteFile(filepath.Join(c.dir, "x"+tmpSuffix), content(9, 10), 0o600)
	c2, err := Open(c.dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	s = c2.Over(r)
	r.fail.Store(true)
	got, done, err := s.LocalFile(ctx, "t/part-0.parquet", 100)
	if err != nil || got != path {
		t.Fatalf("a copy that is there needs the store: %s %v", got, err)
	}
	done()
	if _, _, err := s.LocalFile(ctx, "t/part-2.parquet", 100); !errors.Is(err, errDown) {
		t.Errorf("a damaged copy was given: %v", err)
	}
	r.fail.Store(false)
	_, done, err = s.LocalFile(ctx, "t/part-2.parquet", 100)
	if err != nil {
		t.Fatal(err)
	}
	done()
	if n, size := files(t, c2); n != 3 || size != 300 {
		t.Errorf("%d files of %d bytes", n, size)
	}
	if c3, err := Open(c.dir, 150); err != nil || c3.Stats().Bytes != 100 {
		t.Errorf("%+v %v", c3.Stats(), err)
	}
}

func TestWritesAndDeletesThroughTheCache(t *testing.T) {
	r, c, s := setup(t, 1000)
	ctx := context.Background()
	write := func(key string, n int, end func(object.Upload)) {
		u, err := s.Create(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			if _, err := u.Write(content(7, 100)); err != nil {
				t.Fatal(err)
			}
		}
		end(u)
	}
	commit := func(u object.Upload) {
		if err := u.Commit(); err != nil {
			t.Error(err)
		}
		u.Abort()
	}
	write("t/part-1.parquet", 3, commit)
	write("t/part-2.parquet", 3, object.Upload.Abort)
	write("t/part-3.parquet", 12, commit) // larger than the cache
	write("t/part-1.parquet", 1, func(u object.Upload) {
		if err := u.Commit(); !errors.Is(err, object.ErrExist) {
			t.Error(err)
		}
	})
	write("t/_delta_log/x.checkpoint.parquet", 1, commit)
	r.fail.Store(true)
	o, err := s.Open(ctx, "t/part-1.parquet")
	if err != nil || o.Size() != 300 {
		t.Fatalf("what was written is not there: %v", err)
	}
	if n, size := files(t, c); n != 1 || size != 300 || c.Stats().Bytes != 300 {
		t.Errorf("%d files of %d bytes, %+v", n, size, c.Stats())
	}
	if err := s.Delete(ctx, "t/part-1.parquet"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(io.NewSectionReader(o, 0, 300)); err != nil || !bytes.Equal(b, content(7, 300)) {
		t.Errorf("an open object is gone: %v", err)
	}
	o.Close()
	if n, _ := files(t, c); n != 0 || c.Stats().Bytes != 0 {
		t.Errorf("%d files, %+v", n, c.Stats())
	}
}
