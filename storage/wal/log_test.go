package wal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

func mustOpen(t testing.TB, fs vfs.FS, o Options) *Log {
	t.Helper()
	o.FS = fs
	l, err := Open("wal", o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustAppend(t testing.TB, l *Log, payloads ...string) LSN {
	t.Helper()
	var p [][]byte
	for _, s := range payloads {
		p = append(p, []byte(s))
	}
	ends := make([]LSN, len(p))
	if err := l.Append(p, ends); err != nil {
		t.Fatal(err)
	}
	return ends[len(ends)-1]
}

func mustSync(t testing.TB, l *Log) {
	t.Helper()
	if err := l.SyncTo(l.WrittenLSN()); err != nil {
		t.Fatal(err)
	}
}

// readAll returns the payloads of the log in fs, separated by blanks, and the error that ended it.
func readAll(fs vfs.FS, from LSN) (string, error) {
	r, err := OpenReader(fs, "wal", from)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var got []string
	for {
		rec, err := r.Next(context.Background())
		if err == io.EOF {
			return strings.Join(got, " "), nil
		}
		if err != nil {
			return strings.Join(got, " "), err
		}
		got = append(got, string(rec.Payload))
	}
}

func expect(t testing.TB, fs vfs.FS, want string) {
	t.Helper()
	got, err := readAll(fs, 0)
	if err != nil || got != want {
		t.Fatalf("log is %q, %v; want %q", got, err, want)
	}
}

func TestLSN(t *testing.T) {
	for _, c := range []struct {
		lsn  LSN
		text string
	}{{0, "0/0"}, {0x16B3748, "0/16B3748"}, {1<<32 + 10, "1/A"}, {1<<64 - 1, "FFFFFFFF/FFFFFFFF"}} {
		if c.lsn.String() != c.text {
			t.Errorf("%d is shown as %s, want %s", uint64(c.lsn), c.lsn, c.text)
		}
		if got, err := ParseLSN(strings.ToLower(c.text)); got != c.lsn || err != nil {
			t.Errorf("%s is read as %s, %v", c.text, got, err)
		}
	}
	for _, bad := range []string{"", "/", "1", "1/", "/1", "1/1/1", "g/1", "+1/1", "1/-1", "123456789/0"} {
		if got, err := ParseLSN(bad); err == nil {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
}

func TestAppendReopen(t *testing.T) {
	fs := vfs.NewMem()
	var want []string
	for life := range 4 {
		l := mustOpen(t, fs, Options{SegmentBytes: 512})
		for i := range 10 {
			a, b := fmt.Sprintf("a%d.%d", life, i), strings.Repeat("b", i*40+1)
			mustAppend(t, l, a, b)
			want = append(want, a, b)
		}
		if l.DurableLSN() == l.WrittenLSN() {
			t.Fatal("durable without a sync")
		}
		mustSync(t, l)
		if l.DurableLSN() != l.WrittenLSN() {
			t.Fatal("not durable after a sync")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := l.Append([][]byte{{1}}, make([]LSN, 1)); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
	}
	expect(t, fs, strings.Join(want, " "))
}

// TestLargePayloads mixes payloads that are gathered with some that are not.
func TestLargePayloads(t *testing.T) {
	fs := vfs.NewMem()
	l := mustOpen(t, fs, Options{SegmentBytes: 3 << 20})
	var want []string
	for _, size := range []int{5, largePayload, 7, largePayload - 1, 3 << 20, 1, flushBytes + 3, largePayload + 5} {
		want = append(want, strings.Repeat(string(rune('a'+len(want))), size))
	}
	mustAppend(t, l, want...)
	mustAppend(t, l, want...)
	mustSync(t, l)
	expect(t, fs, strings.Join(append(want, want...), " "))
}

// TestTornTail cuts the log at every byte: what is left is a prefix of whole records, and the log goes on behind it.
func TestTornTail(t *testing.T) {
	full := vfs.NewMem()
	l := mustOpen(t, full, Options{ReserveBytes: -1})
	mustAppend(t, l, "one")
	mustSync(t, l)
	durable := l.DurableLSN()
	mustAppend(t, l, "two", "three", "four")
	name := full.PathJoin("wal", segmentName(FirstLSN))
	content, err := full.UnsafeGetFileDataBuffer(name)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(content); cut >= segmentHeader+int(durable-FirstLSN); cut-- {
		fs := vfs.NewMem()
		writeFile(t, fs, name, content[:cut])
		l := mustOpen(t, fs, Options{})
		mustAppend(t, l, "more")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		// A record is there when its bytes are; its padding may be missing.
		want, end := "one", segmentHeader+int(durable-FirstLSN)
		for _, record := range []string{"two", "three", "four"} {
			if cut < end+headerSize+len(record) {
				break
			}
			want, end = want+" "+record, end+int(recordSize(len(record)))
		}
		if got, err := readAll(fs, 0); err != nil || got != want+" more" {
			t.Fatalf("cut at %d: %q, %v; want %q", cut, got, err, want)
		}
	}
}

func writeFile(t testing.TB, fs vfs.FS, name string, b []byte) {
	t.Helper()
	if err := fs.MkdirAll(fs.PathDir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := fs.Create(name, fileCategory)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(b)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLostMiddle loses a sector of an unsynced batch whose end reached the disk: that is a torn tail. The same loss in
// a batch that a later record calls durable is damage.
func TestLostMiddle(t *testing.T) {
	for _, synced := range []bool{false, true} {
		fs := vfs.NewMem()
		l := mustOpen(t, fs, Options{})
		mustAppend(t, l, "one")
		mustSync(t, l)
		lost := l.WrittenLSN()
		mustAppend(t, l, "two", "three")
		if synced {
			mustSync(t, l)
		}
		mustAppend(t, l, "four")
		b, err := fs.UnsafeGetFileDataBuffer(fs.PathJoin("wal", segmentName(FirstLSN)))
		if err != nil {
			t.Fatal(err)
		}
		at := segmentHeader + int(lost-FirstLSN)
		clear(b[at:][:recordSize(3)])
		got, err := readAll(fs, 0)
		var damage *DamageError
		if errors.As(err, &damage) != synced || got != "one" {
			t.Fatalf("synced %v: %q, %v", synced, got, err)
		}
		if _, err := Open("wal", Options{FS: fs}); errors.As(err, &damage) != synced {
			t.Fatalf("synced %v: open: %v", synced, err)
		}
	}
}

// TestEveryFlippedByte flips each byte of a log of several segments in turn. All before the last record is noticed;
// nothing wrong is ever returned.
func TestEveryFlippedByte(t *testing.T) {
	clean := vfs.NewMem()
	l := mustOpen(t, clean, Options{SegmentBytes: 128, ReserveBytes: -1})
	var want []string
	for i := range 9 {
		want = append(want, fmt.Sprintf("record%d", i))
		mustAppend(t, l, want[i])
		mustSync(t, l)
	}
	lastRecord := l.WrittenLSN() - recordSize(len("record8"))
	starts, err := listSegments(clean, "wal")
	if err != nil || len(starts) < 3 {
		t.Fatal(starts, err)
	}
	for _, start := range starts {
		name := clean.PathJoin("wal", segmentName(start))
		b, err := clean.UnsafeGetFileDataBuffer(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] ^= 1 << (i % 8)
			got, err := readAll(clean, 0)
			b[i] ^= 1 << (i % 8)
			if start+LSN(i)-segmentHeader >= lastRecord && i >= segmentHeader && err == nil {
				got += " record8" // not to be told from a torn write
			}
			if err == nil && got != strings.Join(want, " ") {
				t.Fatalf("byte %d of %s: read %q", i, name, got)
			}
			if !strings.HasPrefix(strings.Join(want, " "), got) {
				t.Fatalf("byte %d of %s: read %q, %v", i, name, got, err)
			}
			if err == nil && start+LSN(i)-segmentHeader < lastRecord && i >= segmentHeader {
				t.Fatalf("byte %d of %s: not noticed", i, name)
			}
		}
	}
	expect(t, clean, strings.Join(want, " "))
}

func TestFailedSyncIsFinal(t *testing.T) {
	var failing atomic.Bool
	var syncs, fatal atomic.Int32
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && (op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSync) {
			syncs.Add(1)
			return errors.New("injected")
		}
		return nil
	}))
	l := mustOpen(t, fs, Options{OnFatal: func(error) { fatal.Add(1) }})
	mustAppend(t, l, "one")
	mustSync(t, l)
	end := mustAppend(t, l, "two")
	failing.Store(true)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var failed *FailedError
			if err := l.SyncTo(end); !errors.As(err, &failed) {
				t.Error(err)
			}
			if _, err := l.Durable().Wait(context.Background(), end); !errors.As(err, &failed) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	failing.Store(false)
	var failed *FailedError
	if err := l.Append([][]byte{{1}}, make([]LSN, 1)); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if err := l.SyncTo(end); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if syncs.Load() != 1 || fatal.Load() != 1 {
		t.Fatalf("%d syncs after the failure, %d calls of OnFatal", syncs.Load(), fatal.Load())
	}
}

// TestDiskFull lets space run out at each possible write; partial says that some of the bytes get through.
func TestDiskFull(t *testing.T) {
	for _, reserve := range []int64{-1, 64, 4096} {
		for _, partial := range []bool{false, true} {
			mem := vfs.NewMem()
			fs := &fullFS{FS: mem, partial: partial}
			l := mustOpen(t, fs, Options{ReserveBytes: reserve, SegmentBytes: 600})
			rng := rand.New(rand.NewPCG(1, uint64(reserve)))
			var want []string
			for i := range 300 {
				p := [][]byte{fmt.Appendf(nil, "a%d", i), fmt.Appendf(nil, "b%d%s", i, strings.Repeat(".", rng.IntN(200)))}
				ends := make([]LSN, 2)
				fs.full.Store(rng.IntN(3) == 0)
				err := l.Append(p, ends)
				if fs.full.Load() && rng.IntN(4) == 0 {
					// A crash now must not bring back what has failed.
					fs.full.Store(false)
					copied := vfs.NewMem()
					if _, err := vfs.Clone(mem, copied, "wal", "wal"); err != nil {
						t.Fatal(err)
					}
					list := want
					if err == nil {
						list = append(list[:len(list):len(list)], string(p[0]), string(p[1]))
					}
					expect(t, copied, strings.Join(list, " "))
				}
				switch {
				case err == nil:
					want = append(want, string(p[0]), string(p[1]))
				case !errors.Is(err, ErrDiskFull):
					t.Fatal(err)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if len(want) < 100 || len(want) == 600 {
				t.Fatalf("%d records went in", len(want))
			}
			expect(t, mem, strings.Join(want, " "))
		}
	}
}

// fullFS has no space for anything new while full is set; bytes that exist may be overwritten.
type fullFS struct {
	vfs.FS
	full    atomic.Bool
	partial bool
}

func (fs *fullFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if fs.full.Load() && !fs.partial {
		return nil, syscall.ENOSPC
	}
	f, err := fs.FS.Create(name, c)
	return &fullFile{f, fs}, err
}

type fullFile struct {
	vfs.File
	fs *fullFS
}

func (f *fullFile) WriteAt(b []byte, off int64) (int, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if room := info.Size() - off; f.fs.full.Load() && room < int64(len(b)) {
		n := max(int(room), 0)
		if f.fs.partial {
			n = min(n+len(b)/2, len(b)-1)
		}
		if n > 0 {
			f.File.WriteAt(b[:n], off)
		}
		return n, syscall.ENOSPC
	}
	return f.File.WriteAt(b, off)
}

func TestFollow(t *testing.T) {
	l := mustOpen(t, vfs.NewMem(), Options{SegmentBytes: 2000})
	mustAppend(t, l, "first")
	r, err := l.NewReader(0)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := r.TryNext(context.Background()); ok || err != nil {
		t.Fatal("read what is not durable", err)
	}
	const n = 500
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			end := mustAppend(t, l, fmt.Sprintf("%d%s", i, strings.Repeat(" ", i)))
			if i%3 == 0 {
				if err := l.SyncTo(end); err != nil {
					t.Error(err)
				}
			}
		}
		mustSync(t, l)
	})
	for i := -1; i < n; i++ {
		rec, err := r.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(i); i >= 0 && strings.TrimRight(string(rec.Payload), " ") != want {
			t.Fatalf("record %q, want %s", rec.Payload, want)
		}
		if rec.End > l.DurableLSN() {
			t.Fatal("read what is not durable")
		}
	}
	wg.Wait()
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	if _, err := r.Next(ctx); err == nil || err.Error() != "enough" {
		t.Fatal(err)
	}
	wg.Go(func() {
		if _, err := r.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
}

func TestTruncateHonoursHolds(t *testing.T) {
	fs := vfs.NewMem()
	l := mustOpen(t, fs, Options{SegmentBytes: 64})
	var ends []LSN
	for i := range 6 {
		ends = append(ends, mustAppend(t, l, fmt.Sprintf("record %d %60d", i, i)))
	}
	mustSync(t, l)
	h, err := l.Hold("mirror", ends[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := l.TruncateBefore(l.WrittenLSN()); err != nil {
		t.Fatal(err)
	}
	if l.OldestLSN() != ends[2] {
		t.Fatalf("kept from %s, held from %s", l.OldestLSN(), ends[2])
	}
	if _, err := l.NewReader(ends[0]); !errors.Is(err, ErrTruncated) {
		t.Fatal(err)
	}
	if _, err := l.Hold("late", ends[0]); !errors.Is(err, ErrTruncated) {
		t.Fatal(err)
	}
	h.Advance(ends[3])
	if err := l.TruncateBefore(ends[5]); err != nil {
		t.Fatal(err)
	}
	if l.OldestLSN() != ends[3] {
		t.Fatalf("kept from %s, held from %s", l.OldestLSN(), ends[3])
	}
	h.Release()
	if err := l.TruncateBefore(l.WrittenLSN()); err != nil {
		t.Fatal(err)
	}
	if names, _ := fs.List("wal"); len(names) != 1 {
		t.Fatalf("files %v", names)
	}
}

// FuzzReader gives the reader any file: it reports damage or an end and returns only what passes its checks.
func FuzzReader(f *testing.F) {
	mem := vfs.NewMem()
	l := mustOpen(f, mem, Options{ReserveBytes: -1})
	mustAppend(f, l, "one", "two")
	mustSync(f, l)
	mustAppend(f, l, "three")
	b, err := mem.UnsafeGetFileDataBuffer(mem.PathJoin("wal", segmentName(FirstLSN)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:70])
	f.Add(b[:30])
	f.Fuzz(func(t *testing.T, b []byte) {
		fs := vfs.NewMem()
		writeFile(t, fs, fs.PathJoin("wal", segmentName(FirstLSN)), b)
		before, damage := readAll(fs, 0)
		l, err := Open("wal", Options{FS: fs, ReserveBytes: -1})
		if (err == nil) != (damage == nil) {
			t.Fatalf("reader says %v, open says %v", damage, err)
		}
		if err != nil {
			return
		}
		mustAppend(t, l, "more")
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		expect(t, fs, strings.TrimPrefix(before+" more", " "))
	})
}
