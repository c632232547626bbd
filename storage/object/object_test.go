package object

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func newLocal(t *testing.T) *Local {
	t.Helper()
	l, err := OpenLocal(t.TempDir(), Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Many writers race for one name; exactly one wins and its bytes are the object.
func TestPutIfAbsentHasOneWinner(t *testing.T) {
	l, ctx := newLocal(t), context.Background()
	var wins atomic.Int32
	var won atomic.Value
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			data := fmt.Sprint("writer ", i)
			switch err := l.PutIfAbsent(ctx, "t/_delta_log/0.json", []byte(data)); {
			case err == nil:
				wins.Add(1)
				won.Store(data)
			case !errors.Is(err, ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := l.Get(ctx, "t/_delta_log/0.json")
	if err != nil || wins.Load() != 1 || string(got) != won.Load() {
		t.Fatalf("%d winners, object %q, winner wrote %q, %v", wins.Load(), got, won.Load(), err)
	}
}

func TestUploadIsInvisibleUntilCommit(t *testing.T) {
	l, ctx := newLocal(t), context.Background()
	u, err := l.Create(ctx, "a/b")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(u, "half")
	if _, err := l.Get(ctx, "a/b"); !errors.Is(err, ErrNotExist) {
		t.Fatalf("before commit: %v", err)
	}
	if infos, _ := l.List(ctx, "", ""); len(infos) != 0 {
		t.Fatalf("before commit: listed %v", infos)
	}
	fmt.Fprint(u, " whole")
	if err := u.Commit(); err != nil {
		t.Fatal(err)
	}
	u.Abort()
	if b, err := l.GetRange(ctx, "a/b", 5, 5); string(b) != "whole" || err != nil {
		t.Fatalf("%q %v", b, err)
	}
	if _, err := l.GetRange(ctx, "a/b", 5, 6); err == nil {
		t.Fatal("a read past the end succeeded")
	}
	u2, _ := l.Create(ctx, "a/b")
	if err := u2.Commit(); !errors.Is(err, ErrExist) {
		t.Fatalf("second commit of the name: %v", err)
	}
}

func TestListLinkDeleteSweep(t *testing.T) {
	l, ctx := newLocal(t), context.Background()
	for _, k := range []string{"x/1", "x/2", "x/10", "y/1", "xx"} {
		if err := l.Put(ctx, k, []byte(k)); err != nil {
			t.Fatal(err)
		}
	}
	keys := func(s Store, prefix, after string) string {
		infos, err := s.List(ctx, prefix, after)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, i := range infos {
			out = append(out, i.Key)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ prefix, after, want string }{
		{"", "", "x/1 x/10 x/2 xx y/1"}, {"x/", "", "x/1 x/10 x/2"}, {"x/1", "", "x/1 x/10"}, {"x/", "x/1", "x/10 x/2"},
		{"none/", "", ""},
	} {
		if got := keys(l, c.prefix, c.after); got != c.want {
			t.Errorf("List(%q, %q) = %q, want %q", c.prefix, c.after, got, c.want)
		}
	}
	s := Sub(l, "x")
	if got := keys(s, "1", ""); got != "1 10" {
		t.Errorf("sub list %q", got)
	}
	if _, err := s.Get(ctx, "../y/1"); !errors.Is(err, ErrBadKey) {
		t.Errorf("a key left its prefix: %v", err)
	}
	if err := s.Link(ctx, "1", "z/one"); err != nil {
		t.Fatal(err)
	}
	if err := s.Link(ctx, "2", "z/one"); !errors.Is(err, ErrExist) {
		t.Errorf("link over an object: %v", err)
	}
	o, err := s.Open(ctx, "1")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if err := s.Delete(ctx, "1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, "1"); err != nil {
		t.Fatalf("delete of nothing: %v", err)
	}
	b := make([]byte, 3)
	if _, err := o.ReadAt(b, 0); err != nil || string(b) != "x/1" {
		t.Errorf("open object after delete: %q %v", b, err)
	}
	if b, err := s.Get(ctx, "z/one"); string(b) != "x/1" || err != nil {
		t.Errorf("linked object after delete of its source: %q %v", b, err)
	}

	if _, err := l.Create(ctx, "x/never"); err != nil { // as a crash leaves it
		t.Fatal(err)
	}
	os.Mkdir(filepath.Join(l.root, "x", "empty"), 0o755)
	if err := l.Sweep(ctx, "x"); err != nil {
		t.Fatal(err)
	}
	ents, _ := os.ReadDir(filepath.Join(l.root, "x"))
	var names []string
	for _, e := range ents {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "10 2 z" {
		t.Errorf("after sweep: %s", got)
	}
}
