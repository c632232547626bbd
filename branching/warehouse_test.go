package branching

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/wal"
)

// lake is a data directory whose branches have a file each in their directory of the warehouse.
type lake struct {
	t   *testing.T
	dir string
	m   *Manager
	// frozen is what a kill at the first step of that name leaves.
	step, frozen string
	down         bool // the warehouse removes nothing
}

type lakeStore struct {
	*fake
	l *lake
}

func openLake(t *testing.T, dir string) *lake {
	l := &lake{t: t, dir: dir}
	var err error
	l.m, err = Open(Options{Dir: dir, IdleTimeout: time.Hour,
		Open: func(ctx context.Context, w Where) (Runtime, error) {
			r, err := openFake(ctx, w)
			if err != nil {
				return nil, err
			}
			return &lakeStore{r.(*fake), l}, l.put(w.Warehouse)
		},
		Forget: func(w Where) error {
			l.at("forget")
			if l.down {
				return errors.New("warehouse does not answer")
			}
			if err := os.RemoveAll(filepath.Join(dir, "warehouse", w.Warehouse)); err != nil {
				t.Error(err)
			}
			l.at("forgotten")
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.m.Close() })
	return l
}

func (l *lake) put(warehouse string) error {
	if err := os.MkdirAll(filepath.Join(l.dir, "warehouse", warehouse), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, "warehouse", warehouse, "file"), nil, 0o600)
}

func (l *lake) at(step string) {
	if step == l.step && l.frozen == "" {
		l.frozen = l.t.TempDir()
		if err := os.CopyFS(l.frozen, os.DirFS(l.dir)); err != nil {
			l.t.Error(err)
		}
	}
}

func (s *lakeStore) Checkpoint(ctx context.Context, to Where) (wal.LSN, error) {
	s.l.at("begin")
	lsn, err := s.fake.Checkpoint(ctx, to)
	if err != nil {
		return 0, err
	}
	s.l.at("store")
	err = s.l.put(to.Warehouse)
	s.l.at("files")
	return lsn, err
}

// state is what the tree and the two directories have; they must agree.
func (l *lake) state() []string {
	l.t.Helper()
	var names, dirs, stores []string
	for _, d := range l.m.Databases() {
		for _, b := range d.Branches {
			w := l.m.where(d, b)
			names = append(names, w.Warehouse)
			if _, err := os.Stat(w.Dir); err == nil {
				stores = append(stores, w.Warehouse)
			}
		}
	}
	ents, err := os.ReadDir(filepath.Join(l.dir, "warehouse"))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, e := range ents {
		dirs = append(dirs, e.Name())
	}
	slices.Sort(names)
	slices.Sort(stores)
	if !slices.Equal(names, dirs) || !slices.Equal(names, stores) {
		l.t.Errorf("branches %v have stores %v and directories %v", names, stores, dirs)
	}
	marks, _ := filepath.Glob(filepath.Join(l.dir, "stores", "*", "*"+markSuffix))
	if len(marks) > 0 {
		l.t.Errorf("marks are left: %v", marks)
	}
	return names
}

// A kill at any step of making or dropping a branch or a database leaves it or nothing of it, in both directories.
func TestKilledWhileStoresComeAndGo(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		step string
		do   func(m *Manager) error
	}{
		{"begin", func(m *Manager) error { _, err := m.CreateBranch(ctx, "postgres", "b", CreateOptions{}); return err }},
		{"store", func(m *Manager) error { _, err := m.CreateBranch(ctx, "postgres", "b", CreateOptions{}); return err }},
		{"files", func(m *Manager) error { _, err := m.CreateBranch(ctx, "postgres", "b", CreateOptions{}); return err }},
		{"files", func(m *Manager) error { return m.CreateDatabase(ctx, "b", "postgres", 10) }},
		{"forget", func(m *Manager) error { return m.DropBranch(ctx, "postgres", "a", true) }},
		{"forgotten", func(m *Manager) error { return m.DropBranch(ctx, "postgres", "a", true) }},
		{"forget", func(m *Manager) error { return m.DropDatabase(ctx, "copy") }},
	} {
		l := openLake(t, t.TempDir())
		if err := use(l.m, "postgres", "main"); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			func() error { _, err := l.m.CreateBranch(ctx, "postgres", "a", CreateOptions{}); return err }(),
			l.m.CreateDatabase(ctx, "copy", "postgres", 10)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		before := l.state()
		l.step = c.step
		if err := c.do(l.m); err != nil {
			t.Fatal(err)
		}
		after := l.state()
		k := openLake(t, l.frozen)
		if got := k.state(); !slices.Equal(got, before) && !slices.Equal(got, after) {
			t.Errorf("killed at %s: %v, was %v, would be %v", c.step, got, before, after)
		}
	}
}

// What a warehouse that does not answer keeps of a dropped branch or database goes at the next start.
func TestForgottenAtTheNextStart(t *testing.T) {
	ctx := context.Background()
	l := openLake(t, t.TempDir())
	if err := use(l.m, "postgres", "main"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.m.CreateBranch(ctx, "postgres", "a", CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := l.m.CreateDatabase(ctx, "copy", "postgres", 10); err != nil {
		t.Fatal(err)
	}
	l.down = true
	if err := errors.Join(l.m.DropBranch(ctx, "postgres", "a", true), l.m.DropDatabase(ctx, "copy")); err != nil {
		t.Fatal(err)
	}
	left := func() int {
		ents, err := os.ReadDir(filepath.Join(l.dir, "warehouse"))
		if err != nil {
			t.Fatal(err)
		}
		return len(ents)
	}
	if n := left(); n != 3 {
		t.Fatalf("%d directories of a warehouse that does not answer, want 3", n)
	}
	l.m.Close()
	if got := openLake(t, l.dir).state(); fmt.Sprint(got) != "[postgres]" {
		t.Error(got)
	}
}

func use(m *Manager, db, branch string) error {
	h, err := m.Acquire(context.Background(), db, branch)
	if err == nil {
		h.Release()
	}
	return err
}

// Directories stay with their branches when a database is renamed, and no two branches share one, whatever their names.
func TestDirectoriesInTheWarehouse(t *testing.T) {
	ctx := context.Background()
	l := openLake(t, t.TempDir())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(use(l.m, "postgres", "main"))
	for _, name := range []string{"app", "a b", "a.b", ".."} {
		must(l.m.CreateDatabase(ctx, name, "postgres", 10))
	}
	_, err := l.m.CreateBranch(ctx, "app", "dev", CreateOptions{})
	must(err)
	must(l.m.RenameDatabase(ctx, "app", "old"))
	must(l.m.CreateDatabase(ctx, "app", "old", 10))
	_, err = l.m.CreateBranch(ctx, "app", "dev", CreateOptions{})
	must(err)
	of := func(db, branch string) string {
		for _, d := range l.m.Databases() {
			if d.Name == db {
				return d.warehouse(d.branch(branch))
			}
		}
		return ""
	}
	if of("old", "main") != "app" || of("old", "dev") != "app@dev" || of("app", "main") == "app" || of("..", "main") != "__" {
		t.Errorf("%v", l.state())
	}
	if n := len(slices.Compact(l.state())); n != 8 {
		t.Errorf("%d directories, want 8: %v", n, l.state())
	}
	must(l.m.DropDatabase(ctx, "app"))
	must(l.m.DropDatabase(ctx, ".."))
	if got := fmt.Sprint(l.state()); got != "[a_b a_b-"+got[9:14]+" app app@dev postgres]" {
		t.Error(got)
	}
}
