package object

import (
	"errors"
	"os"
	"testing"
)

// Share gives a directory the objects of another: by second names in one store and on one disk, by copies elsewhere. What is there stays.
func TestShare(t *testing.T) {
	ctx := t.Context()
	one, err := OpenLocal(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := LocalAt(t.TempDir()+"/not/made/yet", Options{})
	if err != nil {
		t.Fatal(err)
	}
	from := Sub(one, "from")
	for _, name := range []string{"a", "b/c"} {
		if err := from.Put(ctx, name, []byte("of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range []struct {
		name  string
		store Store
		links bool
	}{{"store", Sub(one, "to"), true}, {"disk", two, true}, {"elsewhere", far{Sub(one, "far")}, false}} {
		t.Run(to.name, func(t *testing.T) {
			if err := to.store.Put(ctx, "a", []byte("mine")); err != nil {
				t.Fatal(err)
			}
			if err := Share(ctx, from, to.store, []string{"a", "b/c"}); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{"a": "mine", "b/c": "of b/c"} {
				if got, err := to.store.Get(ctx, name); err != nil || string(got) != want {
					t.Errorf("%s: %q, %v, want %q", name, got, err, want)
				}
			}
			a, err := os.Stat(from.URL("b/c"))
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.Stat(to.store.URL("b/c"))
			if err != nil || os.SameFile(a, b) != to.links {
				t.Errorf("one file: %v, want %v, %v", os.SameFile(a, b), to.links, err)
			}
			if err := Share(ctx, from, to.store, []string{"none"}); !errors.Is(err, ErrNotExist) {
				t.Errorf("an object that is not there: %v", err)
			}
			if err := Share(ctx, from, to.store, []string{"../x"}); !errors.Is(err, ErrBadKey) {
				t.Errorf("a name that leaves the directory: %v", err)
			}
		})
	}
}

// far is a store of which nobody can tell where it is.
type far struct{ Store }

// Everything that is asked of a broken store fails as one that does not answer.
func TestBroken(t *testing.T) {
	s := Broken("s3://x/y", errors.New("no credentials"))
	if _, err := s.Get(t.Context(), "k"); !NoAnswer(err) {
		t.Error(err)
	}
	if got := s.URL("k"); got != "s3://x/y/k" {
		t.Error(got)
	}
}
