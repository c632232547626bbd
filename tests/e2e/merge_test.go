package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// world is what a branch has: rows by key, and how often each row of a table without one is there.
type world struct {
	keyed map[int]string
	loose map[string]int
}

func (w world) clone() world { return world{maps.Clone(w.keyed), maps.Clone(w.loose)} }

func (w world) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(w.keyed)) {
		fmt.Fprintf(&b, "k %d %s\n", k, w.keyed[k])
	}
	for _, k := range slices.Sorted(maps.Keys(w.loose)) {
		if w.loose[k] > 0 {
			fmt.Fprintf(&b, "l %s %d\n", k, w.loose[k])
		}
	}
	return b.String()
}

// merged is what a three-way merge of from into w makes of it, and how many conflicts there are; source says who wins them.
func (w world) merged(base, from world, source bool) (world, int) {
	out, conflicts := w.clone(), 0
	for k := range union(base.keyed, from.keyed) {
		b, s, t := at(base.keyed, k), at(from.keyed, k), at(w.keyed, k)
		if s == b || s == t {
			continue
		}
		if t != b {
			if conflicts++; !source {
				continue
			}
		}
		if s == "" {
			delete(out.keyed, k)
		} else {
			out.keyed[k] = s
		}
	}
	for k := range union(base.loose, from.loose) {
		b, s, t := base.loose[k], from.loose[k], w.loose[k]
		if s == b || s == t {
			continue
		}
		if t != b {
			if conflicts++; !source {
				continue
			}
		}
		out.loose[k] = s
	}
	return out, conflicts
}

func at(m map[int]string, k int) string { return m[k] }

func union[K comparable, V any](a, b map[K]V) map[K]bool {
	out := map[K]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// act makes a random change on a branch, and in its model.
func (w world) act(c *client, rng *rand.Rand, reload bool) {
	id, v := rng.IntN(30), fmt.Sprint("v", rng.IntN(4))
	switch n := rng.IntN(12); {
	case n < 4:
		c.run(fmt.Sprintf("insert into keyed values (%d, '%s') on conflict (id) do update set v = excluded.v", id, v))
		w.keyed[id] = v
	case n < 6:
		c.run(fmt.Sprintf("delete from keyed where id = %d", id))
		delete(w.keyed, id)
	case n < 8:
		c.run(fmt.Sprintf("insert into loose values ('%s'), ('%s')", v, v))
		w.loose[v] += 2
	case n < 10:
		c.run(fmt.Sprintf("delete from loose where ctid in (select ctid from loose where v = '%s' limit 1)", v))
		w.loose[v] = max(0, w.loose[v]-1)
	case n == 10:
		u := fmt.Sprint("v", rng.IntN(4))
		c.run(fmt.Sprintf("update loose set v = '%s' where v = '%s'", u, v))
		if u != v {
			w.loose[u] += w.loose[v]
			w.loose[v] = 0
		}
	case reload: // the rows are told as a whole in the log
		c.run("create temp table was as table keyed; truncate keyed; insert into keyed table was; drop table was")
	}
}

func (w world) read(c *client) string {
	rows := c.run("select 'k ' || id || ' ' || v from keyed order by id") + "\n" + c.run("select 'l ' || v || ' ' || count(*) from loose group by v order by v")
	return strings.TrimSpace(strings.Join(slices.DeleteFunc(strings.Split(rows, "\n"), func(s string) bool { return s == "" }), "\n"))
}

// Random histories on two branches, merged both ways again and again: each branch has what a three-way merge of the models makes.
func TestMergesAsTheModel(t *testing.T) {
	data := t.TempDir()
	c, stop := startServer(t, data)
	defer stop()
	c.run("create table keyed (id int primary key, v text); create table loose (v text)")
	c.run("insert into keyed select i, 'v' || i % 4 from generate_series(0, 19) i; insert into loose select 'v' || i % 3 from generate_series(1, 9) i")
	c.run("create branch dev")
	dev := c.on("postgres@dev")
	defer dev.close()
	main := world{map[int]string{}, map[string]int{"v0": 3, "v1": 3, "v2": 3}}
	for i := range 20 {
		main.keyed[i] = fmt.Sprint("v", i%4)
	}
	sides := []world{main, main.clone()}
	conns := []*client{c, dev}
	names := []string{"main", "dev"}
	base := main.clone()
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 7))
		for range rng.IntN(14) {
			n := rng.IntN(2)
			sides[n].act(conns[n], rng, seed > 5)
		}
		to := rng.IntN(2)
		source := rng.IntN(2) == 0
		clause := " on conflict use target"
		if source {
			clause = " on conflict use source"
		}
		want, conflicts := sides[to].merged(base, sides[1-to], source)
		got := strings.TrimSpace(conns[to].run(fmt.Sprintf("select count(distinct (table_name, key)) from branch_diff('%s', '%s') where conflict", names[1-to], names[to])))
		if got != fmt.Sprint(conflicts) {
			t.Fatalf("round %d: %s conflicts, the model has %d\n%s\nbase\n%sfrom\n%sinto\n%s", seed, got, conflicts,
				conns[to].run(fmt.Sprintf("select concat_ws(' ', table_name, op, key, conflict) from branch_diff('%s', '%s')", names[1-to], names[to])), base, sides[1-to], sides[to])
		}
		conns[to].run("merge branch " + names[1-to] + clause)
		if got := want.read(conns[to]); got != strings.TrimSpace(want.String()) {
			t.Fatalf("round %d: merged into %s%s:\n%s\nwant\n%s\nbase\n%s\nfrom\n%s\ninto\n%s", seed, names[to], clause, got, want, base, sides[1-to], sides[to])
		}
		sides[to], base = want, sides[1-to].clone()
	}
}
