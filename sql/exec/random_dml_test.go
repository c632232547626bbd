package exec_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestRandomChanges compares random changes of tables with unique, partial and expression indexes, checks, generated columns
// and foreign keys of all actions with PostgreSQL: the SQLSTATE of each, and all rows. TARN_RANDOM is how many.
func TestRandomChanges(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("TARN_RANDOM"))
	if n == 0 {
		t.Skip("TARN_RANDOM is not set")
	}
	ctx := context.Background()
	pg, err := pgconn.Connect(ctx, "host=/tmp/pgo port=5499 user=postgres dbname=exectest")
	if err != nil {
		t.Skip(err)
	}
	defer pg.Close(ctx)
	if _, err := pg.Exec(ctx, "set client_min_messages = error; drop schema if exists public cascade; create schema public").ReadAll(); err != nil {
		t.Fatal(err)
	}
	seed, _ := strconv.Atoi(os.Getenv("TARN_SEED"))
	r := rand.New(rand.NewPCG(uint64(seed), 3))
	s := newDB(t).session()
	both := func(sql string) (got, want string) {
		res, err := pg.Exec(ctx, sql).ReadAll()
		if err != nil {
			want = "ERROR " + err.(*pgconn.PgError).Code
		} else {
			var lines []string
			for _, row := range res[len(res)-1].Rows {
				cells := make([]string, len(row))
				for i, v := range row {
					if cells[i] = string(v); v == nil {
						cells[i] = "NULL"
					}
				}
				lines = append(lines, strings.Join(cells, "|"))
			}
			want = strings.Join(lines, "\n")
		}
		got = strings.TrimSuffix(s.exec(sql), "\n")
		if strings.HasPrefix(got, "ERROR") {
			got = got[:11]
		} else if !strings.HasPrefix(sql, "select") {
			got = ""
			if !strings.HasPrefix(want, "ERROR") {
				want = ""
			}
		}
		return got, want
	}
	for _, sql := range []string{
		"create table p (id int primary key, u int unique, v int check (v < 50), g int generated always as (v * 2) stored)",
		"create table c1 (id int primary key, pid int references p on delete cascade on update cascade)",
		"create table c2 (id int primary key, pu int references p (u) on delete set null on update cascade, x int)",
		"create table c3 (id int primary key, pid int references p)",
		"create table c4 (id int primary key, pid int default 1 references p on delete set default on update set null)",
		"create table c5 (id int primary key, cid int not null references c1 on delete cascade on update cascade)",
		"create unique index p_part on p (v) where v > 40",
		"create index c2_e on c2 ((x + 1))",
		"create index c1_p on c1 (pid)",
	} {
		if got, want := both(sql); got != want {
			t.Fatal(sql, got, want)
		}
	}
	num := func(n int) string {
		if r.IntN(9) == 0 {
			return "null"
		}
		return strconv.Itoa(r.IntN(n))
	}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	id := func() string { return strconv.Itoa(r.IntN(12)) }
	op := func() string {
		switch r.IntN(16) {
		case 0, 1, 2:
			return fmt.Sprintf("insert into p (id, u, v) values (%s, %s, %s), (%s, %s, 3) %s", id(), num(15), num(55), strconv.Itoa(20+r.IntN(100)), num(90),
				pick("", "on conflict do nothing", "on conflict (id) do update set u = excluded.u, v = p.v + 1", "on conflict (u) do update set v = excluded.v"))
		case 3:
			return fmt.Sprintf("insert into c1 values (%s, %s)", id(), num(12))
		case 4:
			return fmt.Sprintf("insert into c2 values (%s, %s, %s) %s", id(), num(15), num(5), pick("", "on conflict (id) do update set x = excluded.x, pu = excluded.pu"))
		case 5:
			return fmt.Sprintf("insert into c3 values (%s, %s)", id(), num(12))
		case 6:
			return fmt.Sprintf("insert into c4 (id, pid) values (%s, %s)", id(), num(12))
		case 7:
			return fmt.Sprintf("insert into c5 values (%s, %s)", id(), num(12))
		case 8:
			// Which row meets a unique key first depends on the order of rows: only single rows change such keys.
			if r.IntN(3) == 0 {
				return fmt.Sprintf("update p set %s where %s", pick("u = null", "v = least(v, 30)", "v = v % 40"), pick("u > 7", "v < "+num(50), "id in (select pid from c1)"))
			}
			return fmt.Sprintf("update p set %s where %s = %s", pick("id = id + 40", "u = u + 1", "v = v + 7", "u = id", "id = "+id(), "v = "+num(60)), pick("id", "u"), id())
		case 9:
			return fmt.Sprintf("delete from p where %s", pick("id = "+id(), "u = "+num(15), "id > 60", "id in (select pid from c1 where id < 4)"))
		case 10:
			return fmt.Sprintf("update c1 set %s where id = %s", pick("pid = "+num(12), "id = id + 13", "pid = null"), id())
		case 11:
			return fmt.Sprintf("delete from %s where id = %s", pick("c1", "c2", "c3", "c4", "c5"), id())
		case 12:
			return fmt.Sprintf("update c2 set x = p.v, pu = %s from p where p.u = c2.pu and p.id < 30", pick("c2.pu", "p.u", "null"))
		case 13:
			return fmt.Sprintf("merge into c2 using p on c2.pu = p.u when matched and p.v > %s then update set x = p.id when matched and p.id = %s then delete when not matched and p.id < 3 then insert (id, pu) values (100 + p.id, p.u)", id(), id())
		case 14:
			return fmt.Sprintf("with d as (delete from c3 where id = %s returning pid) delete from p where id in (select pid from d)", id())
		}
		return fmt.Sprintf("delete from c1 using p where p.id = c1.pid and p.v %s %s", pick("<", ">"), id())
	}
	bad, failed := 0, 0
	for i := range n * 4 {
		sql := op()
		got, want := both(sql)
		if strings.HasPrefix(want, "ERROR") {
			failed++
		}
		if got != want {
			t.Errorf("%d: %s\ngot %s, want %s", i, sql, got, want)
			bad++
		}
		if i%5 == 4 {
			for _, table := range []string{"p", "c1", "c2", "c3", "c4", "c5"} {
				q := "select * from " + table + " order by id"
				if got, want := both(q); got != want {
					t.Fatalf("%d: after %s, %s\ngot\n%s\nwant\n%s", i, sql, q, got, want)
				}
			}
			for _, q := range []string{"select id from c1 where pid = 3 order by id", "select id from c2 where x + 1 = 3 order by id", "select id from p where v = 45", "select id from p where u = 4"} {
				if got, want := both(q); got != want {
					t.Fatalf("%d: %s: got %s, want %s", i, q, got, want)
				}
			}
		}
		if bad > 5 {
			t.FailNow()
		}
	}
	t.Logf("%d changes, %d errors", n*4, failed)
}
