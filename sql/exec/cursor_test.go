package exec_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// A cursor is read in part, closed, and its instance used again; two cursors of one program do not meet.
func TestCursor(t *testing.T) {
	s := newDB(t).session()
	s.must("create table t (id int primary key, v text)")
	s.must("insert into t select i, 'v' || i::text from generate_series(1, 100) i")
	prog := prepareSQL(t, s, "select id, v from t where id > $1 order by v desc, id")
	s.must("begin")
	open := func(from int64) exec.Cursor {
		ec := s.context()
		ec.Params = []types.Datum{tuple.Int(from)}
		c, err := prog.Run(ec)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	next := func(c exec.Cursor, want string) {
		t.Helper()
		row, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		got := "end"
		if ok {
			got = row[1].Str()
		}
		if got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	a := open(0)
	next(a, "v99")
	b := open(97)
	next(b, "v99")
	next(a, "v98")
	next(b, "v98")
	next(b, "v100")
	next(b, "end")
	next(b, "end")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	next(a, "end")
	c := open(99)
	next(c, "v100")
	for _, cur := range []exec.Cursor{a, b, c} {
		if err := cur.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := prog.Run(s.context()); pgerr.Code(err) != pgerr.ProtocolViolation {
		t.Errorf("missing parameter: %v", err)
	}
}

func TestCancel(t *testing.T) {
	s := newDB(t).session()
	for _, sql := range []string{
		"select count(*) from generate_series(1, 1000000000)",
		"select count(*) from generate_series(1, 30000) a, generate_series(1, 30000) b",
		"with recursive t (n) as (select 1 union all select n + 1 from t) select count(*) from t",
		"select * from generate_series(1, 1000000000) a order by a desc",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		s.ctx = ctx
		prog := prepareSQL(t, s, sql)
		s.begin()
		done := make(chan error, 1)
		go func() {
			_, err := prog.Exec(s.context(), nil)
			done <- err
		}()
		runtime.Gosched()
		cancel()
		if err := <-done; pgerr.Code(err) != pgerr.QueryCanceled {
			t.Errorf("%s: %v", sql, err)
		}
		s.t.Rollback()
		s.t = nil
	}
}

// Sessions share a program.
func TestSharedProgram(t *testing.T) {
	d := newDB(t)
	s := d.session()
	s.must("create table t (id int primary key, v int)")
	s.must("insert into t select i, i * 2 from generate_series(1, 1000) i")
	prog := prepareSQL(t, s, "select v, (select count(*) from t b where b.id < a.id and b.id > $1 - 3) from t a where id = $1")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s := d.session()
			for i := range 100 {
				id := int64(w*200 + i + 10)
				s.begin()
				out, err := s.run(prog, tuple.Int(id))
				if want := itoa(id*2) + "|2\n"; err != nil || out != want {
					t.Errorf("%d: %s %v", id, out, err)
				}
				if err := s.commit(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
}

func itoa(n int64) string { return types.Lookup(types.Int8).Text(tuple.Int(n), nil) }

func TestAnalyze(t *testing.T) {
	s := newDB(t).session()
	s.must("create table t (id int primary key, g int)")
	s.must("insert into t select i, i % 10 from generate_series(1, 2000) i")
	s.opts.Analyze = true
	s.workMem = 1 << 10
	prog := prepareSQL(t, s, "select g, count(*) from t where id > 500 group by g order by g")
	s.begin()
	c, err := prog.Run(s.context())
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, ok, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
	}
	stats := exec.Stats(c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var scan, agg, sort *exec.NodeStats
	for n, st := range stats {
		switch n.(type) {
		case *plan.TableScan:
			scan = st
		case *plan.Agg:
			agg = st
		case *plan.SortNode:
			sort = st
		}
	}
	if scan == nil || scan.Rows != 1500 || scan.Loops != 1 || scan.Total == 0 {
		t.Errorf("scan %+v", scan)
	}
	if agg == nil || agg.Rows != 10 || agg.Total < scan.Total {
		t.Errorf("aggregate %+v", agg)
	}
	if sort != nil && sort.Method == "" {
		t.Errorf("sort %+v", sort)
	}
}

// An index entry alone answers where it has all columns; ranges, both directions, and IN lists in key order.
func TestIndexAccess(t *testing.T) {
	s := newDB(t).session()
	s.must("create table t (id int primary key, a int, b text, c int)")
	s.must("create index t_ab on t (a, b) include (c)")
	s.must("create unique index t_c on t (c desc)")
	s.must("insert into t select i, i % 5, 'b' || (i % 3)::text, i * 10 from generate_series(1, 30) i")
	s.must("insert into t values (31, null, null, null), (32, null, null, null)")
	ref := s.db.catalog()
	tab, _ := ref.Relation(2200, "t")
	force := func(index string, only, reverse bool) func(plan.Node) plan.Node {
		return func(n plan.Node) plan.Node {
			x, ok := n.(*plan.TableScan)
			if !ok {
				return n
			}
			c := *x
			for _, ix := range tab.Indexes {
				if ix.Name == index && (x.Index == nil || x.Index == ix) {
					c.Index = ix
				}
			}
			c.IndexOnly, c.Reverse = only, reverse
			return &c
		}
	}
	for _, sql := range []string{
		"select a, b, c from t where a = 2 and b > 'b0'",
		"select a, c from t where a > 1 and a <= 3",
		"select c from t where a is null",
		"select a, b, c from t",
		"select c from t where c in (10, 50, 50, 300, 9)",
		"select c from t where c < 60",
	} {
		s.rewrite = nil
		want := normal(sql, s.must(sql))
		for _, only := range []bool{false, true} {
			for _, reverse := range []bool{false, true} {
				for _, index := range []string{"t_ab", "t_c"} {
					if index == "t_c" && strings.Contains(sql, "select a") || index == "t_c" && strings.Contains(sql, "where a") {
						continue
					}
					s.rewrite = force(index, only, reverse)
					if got := normal(sql, s.must(sql)); got != want {
						t.Errorf("%s with %s, only %v, reverse %v: got\n%s\nwant\n%s", sql, index, only, reverse, got, want)
					}
				}
			}
		}
	}
	s.rewrite = force("t_c", true, false)
	if got := s.must("select c from t where c in (10, 300, 50)"); got != "300\n50\n10\n" {
		t.Errorf("order of a descending key: %s", got)
	}
	s.rewrite = force("t_c", false, true)
	if got := s.must("select c from t where c in (10, 300, 50)"); got != "10\n50\n300\n" {
		t.Errorf("order read backwards: %s", got)
	}
}

// A sort, a hash join and an aggregate of 100 times WorkMem stay near it.
func TestBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("sorts 60 MB")
	}
	s := newDB(t).session()
	s.workMem = 1 << 20
	const n = "150000"
	wide := "(select i as k, repeat('x', 300) || i::text as w from generate_series(1, " + n + ") i)"
	for _, sql := range []string{
		"select k from " + wide + " t order by w",
		"select a.k from " + wide + " a join " + wide + " b on a.w = b.w",
		"select w, count(*) from " + wide + " t group by w",
		"select distinct w from " + wide + " t",
		"with t as materialized (select * from " + wide + " x) select a.k from t a where a.k > 0",
	} {
		prog := prepareSQL(t, s, sql)
		s.begin()
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		rows, peak := 0, uint64(0)
		_, err := prog.Exec(s.context(), func([]types.Datum) error {
			if rows++; rows%50000 == 1 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
			return nil
		})
		if err != nil {
			t.Fatal(sql, err)
		}
		if rows != 150000 {
			t.Errorf("%s: %d rows", sql, rows)
		}
		if grown := int64(peak) - int64(before.HeapAlloc); grown > 12<<20 {
			t.Errorf("%s: %d KB", sql, grown>>10)
		}
		s.t.Rollback()
		s.t = nil
	}
}
