package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestVectorIndex searches an hnsw index while rows come, change and go, and after a restart: it finds nearly all of the nearest rows,
// never one that the snapshot does not see, and never fewer than are asked for.
func TestVectorIndex(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "tarn")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/tarn").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	data := t.TempDir()
	db, stop := vectorServer(t, bin, data)
	db.run(`create extension vector`)
	db.run(`create table items (id int primary key, tag int, emb vector(8))`)
	db.refused()
	db.run(`create table named (emb vector(2) primary key); create table uses (emb vector(2) references named on delete cascade);
		create index on uses using hnsw (emb vector_l2_ops); insert into named values ('[1,2]'); insert into uses values ('[1,2]'); delete from named`)
	if n := db.run(`select count(*) from uses`); n != "0\n" {
		t.Errorf("%s rows refer to nothing", n)
	}
	db.run(`create index items_emb on items using hnsw (emb vector_l2_ops) with (m = 8, ef_construction = 32)`)
	db.run(`create index items_cos on items using hnsw (emb vector_cosine_ops)`)
	const vec = `(select array_agg(sin(id * 7.3 + d * d * 1.7) * 10) from generate_series(1, 8) d)::real[]::vector(8)`
	db.run(`insert into items select id, id % 10, ` + vec + ` from generate_series(1, 1500) id`)
	db.untilUsed("items_emb", `select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`)
	db.untilUsed("items_cos", `select id from items order by emb <=> '[1,2,3,4,5,6,7,8]' limit 5`)
	db.recall("<->", "")
	db.recall("<=>", "")
	db.recall("<->", "where tag = 3")

	if plan := db.run(`explain (costs off) select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`); !strings.Contains(plan, "Index Scan using items_emb on items") ||
		!strings.Contains(plan, "Order By: (emb <-> ") {
		t.Errorf("plan\n%s", plan)
	}
	first := func(c *vectorConn) string {
		return c.run(`select id from items order by emb <-> '[50,50,50,50,50,50,50,50]' limit 1`)
	}
	// A row that another transaction has not committed is not there, and one's own is.
	other := db.another()
	other.run(`begin`)
	other.run(`insert into items values (5000, 1, '[50,50,50,50,50,50,50,50]')`)
	if got := first(other); got != "5000\n" {
		t.Errorf("own row: %q", got)
	}
	if got := first(db); got == "5000\n" {
		t.Error("a row that is not committed is found")
	}
	db.run(`begin isolation level repeatable read`)
	before := first(db)
	other.run(`commit`)
	if got := first(db); got != before {
		t.Errorf("the snapshot has moved from %q to %q", before, got)
	}
	db.run(`commit`)
	if got := first(db); got != "5000\n" {
		t.Errorf("committed row: %q", got)
	}
	db.run(`update items set emb = '[-50,-50,-50,-50,-50,-50,-50,-50]' where id = 5000`)
	if got := first(db); got == "5000\n" {
		t.Error("a row is found where it was before")
	}
	db.run(`update items set emb = (select array_agg(cos(id * 3.1 + d) * 9) from generate_series(1, 8) d)::real[]::vector(8) where id % 3 = 0`)
	db.recall("<->", "")
	db.recall("<=>", "")
	if plan := db.run(`analyze items; explain (costs off) select id from items where tag = 3 and id % 97 = 5 order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`); strings.Contains(plan, "items_emb") {
		t.Errorf("a filter that leaves nearly nothing\n%s", plan)
	}
	db.run(`delete from items where id % 2 = 0`)
	db.recall("<->", "")
	if got := strings.Count(db.run(`select id from items where tag = 9 order by emb <-> '[1,2,3,4,5,6,7,8]' limit 140`), "\n"); got != 140 {
		t.Errorf("%d of 140 rows", got)
	}
	db.run(`insert into items values (6000, 0, null)`)
	if got := strings.Count(db.run(`select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 100000`), "\n"); got != 751 {
		t.Errorf("%d of 751 rows", got)
	}
	other.close()
	stop()

	db, stop = vectorServer(t, bin, data)
	defer stop()
	db.untilUsed("items_emb", `select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`)
	db.recall("<->", "")
	db.run(`truncate items`)
	if got := db.run(`select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`); got != "" {
		t.Errorf("of an empty table: %q", got)
	}
}

// refused makes the indexes that there cannot be.
func (v *vectorConn) refused() {
	v.t.Helper()
	v.run(`create table odd (id int, emb vector(3), s sparsevec(3), free vector, wide vector(2001))`)
	for _, c := range []struct{ index, code, message string }{
		{`hnsw (emb)`, "42704", `data type vector has no default operator class for access method "hnsw"`},
		{`hnsw (id vector_l2_ops)`, "42804", `operator class "vector_l2_ops" does not accept data type integer`},
		{`hnsw (emb vector_l2_ops, emb vector_ip_ops)`, "0A000", `access method "hnsw" does not support multicolumn indexes`},
		{`hnsw (emb vector_l2_ops) include (id)`, "0A000", `access method "hnsw" does not support included columns`},
		{`hnsw (emb vector_l2_ops desc)`, "0A000", `access method "hnsw" does not support ASC/DESC options`},
		{`hnsw (emb vector_l2_ops) where id = 1`, "0A000", `a partial hnsw index is not supported`},
		{`hnsw (free vector_l2_ops)`, "22023", `column does not have dimensions`},
		{`hnsw (wide vector_l2_ops)`, "54000", `column cannot have more than 2000 dimensions for hnsw index`},
		{`hnsw (s sparsevec_l2_ops)`, "0A000", `an hnsw index over type sparsevec is not supported`},
		{`hnsw (emb vector_l2_ops) with (m = 1)`, "22023", `value 1 out of bounds for option "m"`},
		{`hnsw (emb vector_l2_ops) with (ef_construction = 20)`, "22023", `ef_construction must be greater than or equal to 2 * m`},
		{`hnsw (emb vector_l2_ops) with (lists = 20)`, "22023", `unrecognized parameter "lists"`},
		{`ivfflat (emb vector_l2_ops)`, "0A000", `index access method "ivfflat" is not supported`},
	} {
		_, err := v.c.Exec(context.Background(), `create index on odd using `+c.index).ReadAll()
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != c.code || e.Message != c.message {
			v.t.Errorf("%s: %v, want %s: %s", c.index, err, c.code, c.message)
		}
	}
}

type vectorConn struct {
	t    *testing.T
	port int
	c    *pgconn.PgConn
}

func vectorServer(t *testing.T, bin, data string) (*vectorConn, func()) {
	return startServer(t, bin, data, "--mirror=false")
}

func startServer(t *testing.T, bin, data string, flags ...string) (*vectorConn, func()) {
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "serve", "--data", data, "--listen", fmt.Sprintf("127.0.0.1:%d", port))
	cmd.Args = append(cmd.Args, flags...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(stop)
	c := (&vectorConn{t: t, port: port}).another()
	return c, func() {
		c.close()
		stop()
	}
}

func (v *vectorConn) another() *vectorConn {
	v.t.Helper()
	var err error
	for range 100 {
		var c *pgconn.PgConn
		if c, err = pgconn.Connect(context.Background(), fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", v.port)); err == nil {
			return &vectorConn{v.t, v.port, c}
		}
		time.Sleep(100 * time.Millisecond)
	}
	v.t.Fatal(err)
	return nil
}

func (v *vectorConn) close() { v.c.Close(context.Background()) }

// run gives the first column of all rows, a line each.
func (v *vectorConn) run(sql string) string {
	v.t.Helper()
	results, err := v.c.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		v.t.Fatalf("%s: %v", sql, err)
	}
	var out strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			out.Write(row[0])
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// untilUsed repeats a query until the index has answered it: its graph is built by then.
func (v *vectorConn) untilUsed(index, query string) {
	v.t.Helper()
	for range 300 {
		v.run(query)
		if n := v.run(`select idx_tup_read from pg_stat_user_indexes where indexrelname = '` + index + `'`); n != "0\n" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	v.t.Fatalf("%s is never used", index)
}

// recall compares the index with the whole table.
func (v *vectorConn) recall(operator, where string) {
	v.t.Helper()
	hits, total := 0, 0
	for i := range 10 {
		q := fmt.Sprintf(`select id from items %s order by emb %s '[%d,%d,3,-%d,5,%d,7,8]' limit 10`, where, operator, i, 2*i, i, 9-i)
		v.run(`set enable_indexscan = off`)
		exact := strings.Fields(v.run(q))
		v.run(`set enable_indexscan = on`)
		near := " " + strings.Join(strings.Fields(v.run(q)), " ") + " "
		if n := len(strings.Fields(near)); n != len(exact) {
			v.t.Errorf("%s: %d rows, want %d", q, n, len(exact))
		}
		for _, id := range exact {
			total++
			if strings.Contains(near, " "+id+" ") {
				hits++
			}
		}
	}
	if float64(hits) < 0.9*float64(total) {
		v.t.Errorf("%s %s: %d of %d nearest rows are found", operator, where, hits, total)
	}
}
