package branching

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/wal"
)

// fake is a store whose content is one file.
type fake struct {
	dir    string
	closed atomic.Bool
	busy   atomic.Bool
	still  atomic.Bool // it has no commit of its own
}

func openFake(_ context.Context, w Where) (Runtime, error) {
	if err := os.MkdirAll(w.Dir, 0o700); err != nil {
		return nil, err
	}
	f := &fake{dir: w.Dir}
	if f.read() == "" {
		f.write(w.Database + ":")
	}
	return f, nil
}

func (f *fake) read() string   { b, _ := os.ReadFile(filepath.Join(f.dir, "data")); return string(b) }
func (f *fake) write(s string) { os.WriteFile(filepath.Join(f.dir, "data"), []byte(s), 0o600) }
func (f *fake) Busy() bool     { return f.busy.Load() }
func (f *fake) LSN() wal.LSN   { return wal.LSN(len(f.read())) }
func (f *fake) Close() error   { f.closed.Store(true); return nil }
func (f *fake) Checkpoint(_ context.Context, to Where) (wal.LSN, error) {
	if err := os.Mkdir(to.Dir, 0o700); err != nil {
		return 0, err
	}
	return f.LSN(), os.WriteFile(filepath.Join(to.Dir, "data"), []byte(f.read()), 0o600)
}

// Restore makes a copy of the first LSN bytes, of all at a time.
func (f *fake) Restore(_ context.Context, to Where, p Point) (Point, error) {
	text := f.read()
	if p.Time.IsZero() {
		if int(p.LSN) > len(text) {
			return Point{}, errOutside
		}
		text = text[:p.LSN]
	}
	at := Point{LSN: wal.LSN(len(text)), Time: time.Now()}
	if f.still.Load() {
		at.Time = time.Time{}
	}
	if err := os.Mkdir(to.Dir, 0o700); err != nil {
		return Point{}, err
	}
	return at, os.WriteFile(filepath.Join(to.Dir, "data"), []byte(text), 0o600)
}

var errOutside = errors.New("outside of the window")

func open(t *testing.T, dir string, idle time.Duration) *Manager {
	t.Helper()
	m, err := Open(Options{Dir: dir, Open: openFake, IdleTimeout: idle})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func on(t *testing.T, m *Manager, db, branch string, f func(*fake)) {
	t.Helper()
	h, err := m.Acquire(context.Background(), db, branch)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	f(h.Runtime.(*fake))
}

// Branches start as their parent is, live apart, and stay over a restart.
func TestBranchesLiveApart(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	m := open(t, dir, time.Hour)
	on(t, m, "postgres", "main", func(f *fake) { f.write("a") })
	if _, err := m.CreateBranch(ctx, "postgres", "dev", CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.CreateBranch(ctx, "postgres", "deep", CreateOptions{Parent: "dev"}); err != nil {
		t.Fatal(err)
	}
	on(t, m, "postgres", "dev", func(f *fake) { f.write("ab") })
	on(t, m, "postgres", "main", func(f *fake) { f.write("ac") })
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = open(t, dir, time.Hour)
	defer m.Close()
	for branch, want := range map[string]string{"main": "ac", "dev": "ab", "deep": "a"} {
		on(t, m, "postgres", branch, func(f *fake) {
			if f.read() != want {
				t.Errorf("%s: %q, want %q", branch, f.read(), want)
			}
		})
	}
	if d := m.Databases()[0]; d.branch("deep").Depth != 2 {
		t.Errorf("depth %d", d.branch("deep").Depth)
	}
}

func TestRefusals(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	m := open(t, dir, time.Hour)
	defer m.Close()
	must := func(want, got error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	create := func(name string, o CreateOptions) error {
		_, err := m.CreateBranch(ctx, "postgres", name, o)
		return err
	}
	must(nil, create("a", CreateOptions{}))
	must(nil, create("b", CreateOptions{Parent: "a"}))
	must(nil, create("p", CreateOptions{Protected: true}))
	must(ErrBranchExists, create("a", CreateOptions{}))
	must(ErrNoBranch, create("x", CreateOptions{Parent: "nobody"}))
	must(ErrHasChildren, m.DropBranch(ctx, "postgres", "a", false))
	must(ErrProtected, m.DropBranch(ctx, "postgres", "p", false))
	must(ErrNoBranch, m.DropBranch(ctx, "postgres", "zz", false))
	must(ErrNoDatabase, m.DropBranch(ctx, "zz", "a", false))
	must(ErrDatabaseExists, m.CreateDatabase(ctx, "postgres", "", 10))
	h, err := m.Acquire(ctx, "postgres", "b")
	must(nil, err)
	must(ErrInUse, m.DropBranch(ctx, "postgres", "a", true))
	h.Release()
	must(nil, m.DropBranch(ctx, "postgres", "a", true))
	_, err = m.Acquire(ctx, "postgres", "b")
	must(ErrNoBranch, err)
	must(nil, m.CreateDatabase(ctx, "copy", "postgres", 10))
	on(t, m, "copy", "main", func(f *fake) {
		if f.read() != "postgres:" {
			t.Errorf("copy holds %q", f.read())
		}
	})
	must(nil, m.DropDatabase(ctx, "copy"))
	left, _ := os.ReadDir(filepath.Join(dir, "stores"))
	if len(left) != 1 {
		t.Errorf("%d databases on disk", len(left))
	}
}

// A branch of a position before its parent's beginning is of what the parent was then, at any depth.
func TestBranchesOfThePast(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	m := open(t, dir, time.Hour)
	write := func(branch, s string) {
		on(t, m, "postgres", branch, func(f *fake) { f.write(f.read() + s) })
	}
	made := map[string]Branch{}
	create := func(name, parent string, at Point) error {
		b, err := m.CreateBranch(ctx, "postgres", name, CreateOptions{Parent: parent, At: at})
		made[name] = b
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	write("main", "ab")                          // 11
	must(create("dev", "main", Point{}))         // at 11
	write("main", "cd")                          // 13
	write("dev", "xy")                           // 13
	must(create("deep", "dev", Point{LSN: 12}))  // of dev
	write("deep", "z")                           // 13
	must(create("m12", "main", Point{LSN: 12}))  // main's other 12
	must(create("old", "deep", Point{LSN: 10}))  // main's, by way of dev
	must(create("mine", "deep", Point{LSN: 13})) // deep's own
	must(create("then", "deep", Point{Time: made["deep"].Created.Add(-time.Nanosecond)}))
	for name, want := range map[string]string{"deep": "postgres:abxz", "m12": "postgres:abc", "old": "postgres:a", "mine": "postgres:abxz"} {
		on(t, m, "postgres", name, func(f *fake) {
			if f.read() != want {
				t.Errorf("%s holds %q, want %q", name, f.read(), want)
			}
		})
	}
	// A branch of another one's beginning begins there: what was before is in the history of that one's parent.
	must(create("calm", "main", Point{}))
	on(t, m, "postgres", "calm", func(f *fake) { f.still.Store(true) })
	time.Sleep(time.Millisecond)
	must(create("calmer", "calm", Point{Time: time.Now()}))
	must(create("before", "calmer", Point{Time: made["calm"].Created.Add(-time.Nanosecond)}))
	d := m.Databases()[0]
	if b := d.branch("calmer"); !b.At.Equal(made["calm"].Created) {
		t.Errorf("calmer: %+v", b)
	}
	for name, parent := range map[string]string{"calmer": "calm", "before": "main", "deep": "dev", "m12": "main", "old": "main", "mine": "deep", "then": "dev"} {
		if b, p := d.branch(name), d.branch(parent); b.Parent != p.ID || b.Depth != p.Depth+1 || b.At.IsZero() {
			t.Errorf("%s: %+v", name, b)
		}
	}
	var beginning *BeginningError
	if err := create("x", "deep", Point{Time: began.Add(-time.Hour)}); !errors.As(err, &beginning) || beginning.Branch != "main" {
		t.Errorf("before the beginning: %v", err)
	}
	if err := create("x", "main", Point{LSN: 99}); !errors.Is(err, errOutside) {
		t.Errorf("after the end: %v", err)
	}
	if err := create("dev", "main", Point{LSN: 10}); !errors.Is(err, ErrBranchExists) {
		t.Errorf("taken name: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "stores", "*", "*")); len(left) != len(d.Branches) {
		t.Errorf("%d stores of %d branches: %v", len(left), len(d.Branches), left)
	}
	must(m.Close())
	m = open(t, dir, time.Hour)
	defer m.Close()
	on(t, m, "postgres", "deep", func(f *fake) {
		if f.read() != "postgres:abxz" {
			t.Errorf("deep holds %q after a restart", f.read())
		}
	})
}

// A reset puts the past or the parent's present in a branch's place; what was there can be had back while the window lasts, and children
// keep their history.
func TestReset(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	options := Options{Dir: dir, Open: openFake, IdleTimeout: time.Hour, Window: func(string) time.Duration { return time.Hour }}
	m, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	must := func(want, got error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	create := func(name, parent string, at Point) error {
		_, err := m.CreateBranch(ctx, "postgres", name, CreateOptions{Parent: parent, At: at})
		return err
	}
	write := func(branch, s string) { on(t, m, "postgres", branch, func(f *fake) { f.write(f.read() + s) }) }
	holds := func(branch, want string) {
		t.Helper()
		on(t, m, "postgres", branch, func(f *fake) {
			if f.read() != "postgres:"+want {
				t.Errorf("%s holds %q, want %q", branch, f.read(), want)
			}
		})
	}
	write("main", "ab")                                              // 11
	must(nil, create("dev", "main", Point{}))                        // at 11
	write("dev", "xyz")                                              // 14
	must(nil, create("child", "dev", Point{}))                       // at 14
	write("main", "c")                                               // 12
	must(nil, m.ResetBranch(ctx, "postgres", "dev", Point{LSN: 12})) // its own 12
	holds("dev", "abx")
	write("dev", "1")
	holds("dev", "abx1")
	holds("child", "abxyz")
	must(nil, create("undone", "dev", Point{LSN: 14})) // dev has not come to 14 since: what it was before
	holds("undone", "abxyz")
	must(nil, create("fork", "child", Point{LSN: 13})) // of what dev was
	holds("fork", "abxy")
	must(nil, create("early", "dev", Point{LSN: 10})) // main's
	holds("early", "a")
	must(nil, m.ResetBranch(ctx, "postgres", "dev", Point{})) // to main
	holds("dev", "abc")
	must(nil, m.ResetBranch(ctx, "postgres", "dev", Point{LSN: 13})) // back
	holds("dev", "abx1")
	must(ErrNoParent, m.ResetBranch(ctx, "postgres", "main", Point{}))
	must(ErrNoBranch, m.ResetBranch(ctx, "postgres", "zz", Point{}))
	must(errOutside, m.ResetBranch(ctx, "postgres", "dev", Point{LSN: 99}))
	h, err := m.Acquire(ctx, "postgres", "dev")
	must(nil, err)
	must(ErrInUse, m.ResetBranch(ctx, "postgres", "dev", Point{LSN: 13}))
	must(ErrInUse, m.RenameBranch(ctx, "postgres", "dev", "prod"))
	h.Release()
	protect := func(on bool) error {
		return m.AlterBranch("postgres", "dev", func(b *Branch) error { b.Protected = on; return nil })
	}
	must(nil, protect(true))
	must(ErrProtected, m.ResetBranch(ctx, "postgres", "dev", Point{LSN: 10}))
	must(nil, protect(false))
	must(ErrMain, m.RenameBranch(ctx, "postgres", "main", "trunk"))
	must(ErrBranchExists, m.RenameBranch(ctx, "postgres", "dev", "child"))
	must(nil, m.RenameBranch(ctx, "postgres", "dev", "prod"))
	holds("prod", "abx1")

	d := m.Databases()[0]
	if c, p := d.branch("child"), d.branch("prod"); c.Parent != p.ID || c.Depth != 2 || p.Depth != 1 || d.branchByID(p.Parent).Name != "main" {
		t.Errorf("child %+v, parent %+v", c, p)
	}
	must(ErrHasChildren, m.DropBranch(ctx, "postgres", "prod", false))
	must(nil, m.Close())
	if m, err = Open(options); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	holds("prod", "abx1")
	holds("child", "abxyz")
	stores := func() int {
		list, err := filepath.Glob(filepath.Join(dir, "stores", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	must(nil, m.AlterBranch("postgres", "early", func(b *Branch) error { b.Expires = time.Now().Add(time.Minute); return nil }))
	before := stores()
	m.expire(time.Now())
	if n := stores(); n != before {
		t.Errorf("%d stores before anything expires, were %d", n, before)
	}
	m.expire(time.Now().Add(2 * time.Minute))
	if n := stores(); n != before-1 {
		t.Errorf("%d stores after a branch expired, were %d", n, before)
	}
	_, err = m.Acquire(ctx, "postgres", "early")
	must(ErrNoBranch, err)
	m.expire(time.Now().Add(2 * time.Hour))
	for _, b := range m.Databases()[0].Branches {
		if b.Hidden() {
			t.Errorf("%+v is kept", b)
		}
	}
	if n := stores(); n != len(m.Databases()[0].Branches) {
		t.Errorf("%d stores when the past has been forgotten", n)
	}
	var beginning *BeginningError
	if err := create("late", "child", Point{LSN: 13}); !errors.As(err, &beginning) {
		t.Errorf("history of a child whose source is forgotten: %v", err)
	}
	must(nil, m.DropBranch(ctx, "postgres", "prod", true))
	holds("main", "abc")
}

// What State says of all branches is what is on the disk, each file once.
func TestBytes(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	m := open(t, dir, time.Hour)
	defer m.Close()
	on(t, m, "postgres", "main", func(f *fake) { f.write(strings.Repeat("x", 100_000)) })
	for _, name := range []string{"a", "b"} {
		if _, err := m.CreateBranch(ctx, "postgres", name, CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	d := m.Databases()[0]
	path := func(branch, name string) string { return filepath.Join(m.dir(d.ID, d.branch(branch).ID), name) }
	for _, l := range [][4]string{{"main", "shared", "a", "shared"}, {"main", "shared", "main", "again"}, {"b", "own", "b", "twice"}} {
		if _, err := os.Stat(path(l[0], l[1])); err != nil {
			if err := os.WriteFile(path(l[0], l[1]), make([]byte, 50_000), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Link(path(l[0], l[1]), path(l[2], l[3])); err != nil {
			t.Fatal(err)
		}
	}
	var sum, shared int64
	for _, b := range d.Branches {
		st, err := m.State(d, b)
		if err != nil {
			t.Fatal(err)
		}
		sum += st.UniqueBytes
		if b.Name == "main" {
			shared = st.SharedBytes
		}
		if b.Name == "b" && st.SharedBytes != 0 {
			t.Errorf("b shares %d bytes", st.SharedBytes)
		}
	}
	all := usage{files: map[fileID]*fileUse{}}
	if err := all.add(filepath.Join(dir, "stores"), "wal"); err != nil {
		t.Fatal(err)
	}
	var disk State
	all.sum(&disk)
	if sum+shared != disk.UniqueBytes || shared < 50_000 || disk.SharedBytes != 0 {
		t.Errorf("%d unique and %d shared bytes, %d on disk", sum, shared, disk.UniqueBytes)
	}
}

// Idle branches are closed and open again on use.
func TestEachOpen(t *testing.T) {
	m := open(t, t.TempDir(), time.Hour)
	defer m.Close()
	if _, err := m.CreateBranch(context.Background(), "postgres", "dev", CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := m.CreateDatabase(context.Background(), "other", "", superuserID); err != nil {
		t.Fatal(err)
	}
	seen := func() (out []string) {
		m.EachOpen(func(w Where, r Runtime) {
			out = append(out, w.Database+"@"+w.Branch+" "+fmt.Sprint(r.(*fake).closed.Load()))
		})
		return out
	}
	before := len(seen())
	on(t, m, "postgres", "dev", func(*fake) {})
	on(t, m, "other", "main", func(*fake) {})
	got := seen()
	if len(got) < before+1 || !slices.Contains(got, "postgres@dev false") || !slices.Contains(got, "other@main false") {
		t.Errorf("open: %v, %d before", got, before)
	}
}

func TestIdleBranchesClose(t *testing.T) {
	m := open(t, t.TempDir(), 5*time.Millisecond)
	defer m.Close()
	var first *fake
	on(t, m, "postgres", "main", func(f *fake) { first = f; f.busy.Store(true) })
	time.Sleep(50 * time.Millisecond)
	if first.closed.Load() {
		t.Fatal("closed while it has work to do")
	}
	first.busy.Store(false)
	deadline := time.Now().Add(10 * time.Second)
	for !first.closed.Load() {
		if time.Now().After(deadline) {
			t.Fatal("still open")
		}
		time.Sleep(time.Millisecond)
	}
	on(t, m, "postgres", "main", func(f *fake) {
		if f == first || f.closed.Load() {
			t.Error("got the closed store")
		}
	})
}

// A crash between the store's copy and the tree leaves nothing; a damaged tree is reported.
func TestDebrisAndDamage(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir, time.Hour)
	on(t, m, "postgres", "main", func(*fake) {})
	m.Close()
	d := m.Databases()[0]
	debris := filepath.Join(dir, "stores", fmt.Sprint(d.ID), "999999")
	os.MkdirAll(debris, 0o700)
	m = open(t, dir, time.Hour)
	if _, err := os.Stat(debris); !os.IsNotExist(err) {
		t.Errorf("debris is still there: %v", err)
	}
	m.Close()
	path := filepath.Join(dir, "tarn.json")
	b, _ := os.ReadFile(path)
	os.WriteFile(path, []byte(strings.Replace(string(b), `"main"`, `"mine"`, 1)), 0o600)
	if _, err := Open(Options{Dir: dir, Open: openFake}); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged tree: %v", err)
	}
}

// TestOldTreeFile opens a file that an earlier program wrote: its checksum is of its own text, without fields that came later.
func TestOldTreeFile(t *testing.T) {
	raw, err := os.ReadFile("testdata/format1.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tarn.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	tree, _, _, err := readTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := tree.database("postgres"); d == nil || d.branch("dev") == nil || len(tree.Roles) != 2 {
		t.Errorf("read %+v", tree)
	}
	if _, err := tree.write(dir); err != nil {
		t.Fatal(err)
	}
	if again, _, _, err := readTree(dir); err != nil || again.Format != treeFormat {
		t.Errorf("written anew: %+v, %v", again, err)
	}
	var m []Membership
	if err := json.Unmarshal([]byte(`[5, {"Role": 6, "Grantor": 7, "Admin": true}]`), &m); err != nil || m[0] != (Membership{Role: 5, Grantor: superuserID}) ||
		m[1] != (Membership{Role: 6, Grantor: 7, Admin: true}) {
		t.Errorf("%+v, %v", m, err)
	}
	damaged := strings.Replace(string(raw), "16387", "16397", 1)
	if err := os.WriteFile(filepath.Join(dir, "tarn.json"), []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := readTree(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
}
