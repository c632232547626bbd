package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestVectorIndex searches an hnsw index while rows come, change and go, and after a restart: it finds nearly all of the nearest rows,
// never one that the snapshot does not see, and never fewer than are asked for.
func TestVectorIndex(t *testing.T) {
	data := t.TempDir()
	db, stop := startServer(t, data, "--mirror=false")
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
	first := func(c *client) string {
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

	db, stop = startServer(t, data, "--mirror=false")
	defer stop()
	db.untilUsed("items_emb", `select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`)
	db.recall("<->", "")
	db.run(`truncate items`)
	if got := db.run(`select id from items order by emb <-> '[1,2,3,4,5,6,7,8]' limit 5`); got != "" {
		t.Errorf("of an empty table: %q", got)
	}
}

// refused makes the indexes that there cannot be.
func (v *client) refused() {
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

// untilUsed repeats a query until the index has answered it: its graph is built by then.
func (v *client) untilUsed(index, query string) {
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
func (v *client) recall(operator, where string) {
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
