package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// shape is a table of the model: columns and rows by numbers that are the same on all branches.
type shape struct {
	name, comment string
	cols          map[int]string         // names
	rows          map[int]map[int]string // by key, then column; "~" is NULL
}

// schema is what a branch has: tables and functions by number.
type schema struct {
	tables map[int]*shape
	funcs  map[int][2]string // name and what it returns
}

func (s schema) clone() schema {
	out := schema{map[int]*shape{}, maps.Clone(s.funcs)}
	for id, t := range s.tables {
		out.tables[id] = t.clone()
	}
	return out
}

func (t *shape) clone() *shape {
	n := *t
	n.cols, n.rows = maps.Clone(t.cols), map[int]map[int]string{}
	for id, r := range t.rows {
		n.rows[id] = maps.Clone(r)
	}
	return &n
}

// sameSchema compares what the catalog says of two tables.
func (t *shape) sameSchema(u *shape) bool {
	return t.name == u.name && t.comment == u.comment && maps.Equal(t.cols, u.cols)
}

// missing is what a row that is older than a column has in it.
func missing(col int) string { return fmt.Sprint("d", col) }

func (t *shape) value(row, col int) string {
	if _, ok := t.cols[col]; ok {
		return t.rows[row][col]
	}
	return missing(col)
}

// three merges a value; ok is false for a conflict.
func three[T comparable](b, s, t T, source bool) (v T, ok bool) {
	switch {
	case s == b || s == t:
		return t, true
	case t == b || source:
		return s, t == b
	}
	return t, false
}

// mergeSchemas is what a three-way merge of s into t makes of it; refused: nothing decides it for the source.
func mergeSchemas(b, s, t schema, source bool) (out schema, refused bool) {
	out = t.clone()
	for id := range union(b.tables, s.tables) {
		was, from, at := b.tables[id], s.tables[id], out.tables[id]
		switch {
		case from == nil && at == nil:
		case was == nil:
			out.tables[id] = from.clone()
		case from == nil:
			if !at.sameSchema(was) || !at.sameRows(was) {
				if !source {
					continue
				}
			}
			delete(out.tables, id)
		case at == nil:
			changed := !from.sameSchema(was)
			for row := range union(was.rows, from.rows) {
				changed = changed || !sameRow(was, from, row, from.cols)
			}
			refused = refused || changed && source
		default:
			refused = at.merge(was, from, source) || refused
		}
	}
	for id := range union(b.funcs, s.funcs) {
		was, from, at := b.funcs[id], s.funcs[id], t.funcs[id]
		v, ok := three(was, from, at, source)
		if !ok && at == [2]string{} {
			refused = refused || source
			continue
		}
		if from != [2]string{} && at != [2]string{} { // field by field
			v[0], _ = three(was[0], from[0], at[0], source)
			v[1], _ = three(was[1], from[1], at[1], source)
		}
		if v == [2]string{} {
			delete(out.funcs, id)
		} else {
			out.funcs[id] = v
		}
	}
	return out, refused
}

func (t *shape) sameRows(u *shape) bool {
	return maps.EqualFunc(t.rows, u.rows, func(a, b map[int]string) bool { return maps.Equal(a, b) })
}

func sameRow(a, b *shape, row int, cols map[int]string) bool {
	if (a.rows[row] == nil) != (b.rows[row] == nil) {
		return false
	}
	for c := range cols {
		if a.rows[row] != nil && a.value(row, c) != b.value(row, c) {
			return false
		}
	}
	return true
}

// merge brings what s has changed since b into t.
func (t *shape) merge(b, s *shape, source bool) (refused bool) {
	old := t.clone()
	t.name, _ = three(b.name, s.name, t.name, source)
	t.comment, _ = three(b.comment, s.comment, t.comment, source)
	compared := map[int]string{}
	for c, name := range s.cols {
		was, inBase := b.cols[c]
		at, there := t.cols[c]
		switch {
		case inBase && !there:
			refused = refused || name != was && source
			continue
		case there:
			t.cols[c], _ = three(was, name, at, source)
		default:
			t.cols[c] = name
		}
		compared[c] = name
	}
	for c, name := range old.cols {
		was, inBase := b.cols[c]
		if _, there := s.cols[c]; there {
			continue
		}
		if !inBase {
			compared[c] = name
		} else if name == was || source {
			delete(t.cols, c)
		}
	}
	for row := range union(b.rows, s.rows) {
		if sameRow(s, b, row, compared) || sameRow(s, old, row, compared) || !sameRow(b, old, row, compared) && !source {
			continue
		}
		if s.rows[row] == nil {
			delete(t.rows, row)
			continue
		}
		n := map[int]string{}
		for c := range t.cols {
			_, in := s.cols[c]
			_, at := old.cols[c]
			_, inBase := b.cols[c]
			switch {
			case in:
				n[c] = s.rows[row][c]
			case at && old.rows[row] != nil:
				n[c] = old.rows[row][c]
			case inBase:
				n[c] = "~"
			default:
				n[c] = missing(c)
			}
		}
		t.rows[row] = n
	}
	for row, r := range t.rows {
		for c := range t.cols {
			if _, ok := r[c]; !ok {
				t.rows[row][c] = missing(c)
			}
		}
		for c := range r {
			if _, ok := t.cols[c]; !ok {
				delete(r, c)
			}
		}
	}
	return refused
}

// numbers hands out the model's numbers.
type numbers struct{ last int }

func (n *numbers) next() int { n.last++; return n.last }

// act makes a random change on a branch, and in its model.
func (s schema) act(c *client, rng *rand.Rand, n *numbers) {
	ids := slices.Sorted(maps.Keys(s.tables))
	op := rng.IntN(20)
	if len(ids) == 0 || op == 0 {
		id, a := n.next(), n.next()
		t := &shape{name: fmt.Sprint("t", id), cols: map[int]string{a: fmt.Sprint("c", a)}, rows: map[int]map[int]string{}}
		c.run(fmt.Sprintf("create table %s (id int primary key, c%d text default 'd%d')", t.name, a, a))
		s.tables[id] = t
		return
	}
	id := ids[rng.IntN(len(ids))]
	t := s.tables[id]
	cols := slices.Sorted(maps.Keys(t.cols))
	col := 0
	if len(cols) > 0 {
		col = cols[rng.IntN(len(cols))]
	}
	switch {
	case op < 3:
		a := n.next()
		c.run(fmt.Sprintf("alter table %s add column c%d text default 'd%d'", t.name, a, a))
		t.cols[a] = fmt.Sprint("c", a)
		for _, r := range t.rows {
			r[a] = missing(a)
		}
	case op == 3 && col != 0:
		c.run(fmt.Sprintf("alter table %s drop column %s", t.name, t.cols[col]))
		delete(t.cols, col)
		for _, r := range t.rows {
			delete(r, col)
		}
	case op == 4 && col != 0:
		to := fmt.Sprint("r", n.next())
		c.run(fmt.Sprintf("alter table %s rename column %s to %s", t.name, t.cols[col], to))
		t.cols[col] = to
	case op == 5:
		to := fmt.Sprint("n", n.next())
		c.run(fmt.Sprintf("alter table %s rename to %s", t.name, to))
		t.name = to
	case op == 6:
		t.comment = fmt.Sprint("note ", n.next())
		c.run(fmt.Sprintf("comment on table %s is '%s'", t.name, t.comment))
	case op == 7 && len(ids) > 1:
		c.run("drop table " + t.name)
		delete(s.tables, id)
	case op < 11:
		s.actFunction(c, rng, n)
	case op < 13:
		row := rng.IntN(6)
		c.run(fmt.Sprintf("delete from %s where id = %d", t.name, row))
		delete(t.rows, row)
	default:
		row, v := rng.IntN(6), fmt.Sprint("v", rng.IntN(5))
		if t.rows[row] == nil {
			c.run(fmt.Sprintf("insert into %s (id) values (%d)", t.name, row))
			t.rows[row] = map[int]string{}
			for _, k := range cols {
				t.rows[row][k] = missing(k)
			}
		}
		if col != 0 {
			c.run(fmt.Sprintf("update %s set %s = '%s' where id = %d", t.name, t.cols[col], v, row))
			t.rows[row][col] = v
		}
	}
}

func (s schema) actFunction(c *client, rng *rand.Rand, n *numbers) {
	ids := slices.Sorted(maps.Keys(s.funcs))
	op := rng.IntN(5)
	if len(ids) == 0 || op == 0 {
		id := n.next()
		s.funcs[id] = [2]string{fmt.Sprint("f", id), fmt.Sprint(id)}
		c.run(fmt.Sprintf("create function f%d() returns int language sql as 'select %d'", id, id))
		return
	}
	id := ids[rng.IntN(len(ids))]
	f := s.funcs[id]
	switch op {
	case 1:
		c.run(fmt.Sprintf("drop function %s()", f[0]))
		delete(s.funcs, id)
	case 2:
		to := fmt.Sprint("g", n.next())
		c.run(fmt.Sprintf("alter function %s() rename to %s", f[0], to))
		s.funcs[id] = [2]string{to, f[1]}
	default:
		v := fmt.Sprint(n.next())
		c.run(fmt.Sprintf("create or replace function %s() returns int language sql as 'select %s'", f[0], v))
		s.funcs[id] = [2]string{f[0], v}
	}
}

// text is what read would show of the model.
func (s schema) text() string {
	var out []string
	for _, t := range s.tables {
		names := slices.Sorted(maps.Values(t.cols))
		out = append(out, fmt.Sprintf("table %s '%s' %s", t.name, t.comment, strings.Join(names, ",")))
		for row, r := range t.rows {
			byName := map[string]string{}
			for c, v := range r {
				byName[t.cols[c]] = v
			}
			line := fmt.Sprintf("row %s %d", t.name, row)
			for _, name := range names {
				line += " " + byName[name]
			}
			out = append(out, line)
		}
	}
	for _, f := range s.funcs {
		out = append(out, "function "+f[0]+" "+f[1])
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func readSchema(c *client) string {
	var out []string
	lines := func(sql string) []string {
		return slices.DeleteFunc(strings.Split(c.run(sql), "\n"), func(s string) bool { return s == "" })
	}
	for _, line := range lines("select relname || '|' || coalesce(obj_description(c.oid), '') || '|' || coalesce((select string_agg(attname, ',' order by attname collate \"C\") from pg_attribute where attrelid = c.oid and attnum > 1 and not attisdropped), '') from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace") {
		f := strings.Split(line, "|")
		out = append(out, fmt.Sprintf("table %s '%s' %s", f[0], f[1], f[2]))
		row := fmt.Sprintf("'row %s ' || id", f[0])
		for _, name := range strings.Split(f[2], ",") {
			if name != "" {
				row += " || ' ' || coalesce(" + name + ", '~')"
			}
		}
		out = append(out, lines("select "+row+" from "+f[0])...)
	}
	for _, f := range lines("select proname from pg_proc where pronamespace = 'public'::regnamespace") {
		out = append(out, "function "+f+" "+strings.TrimSpace(c.run("select "+f+"()")))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// Random histories of two branches that change their tables, functions and rows, merged both ways again and again: each branch has what a
// three-way merge of the models makes, or the merge is refused and changes nothing.
func TestSchemaMergesAsTheModel(t *testing.T) {
	c, stop := startServer(t, t.TempDir())
	defer stop()
	c.run("create branch dev")
	dev := c.on("postgres@dev")
	defer dev.close()
	n := &numbers{}
	sides := []schema{{map[int]*shape{}, map[int][2]string{}}, {map[int]*shape{}, map[int][2]string{}}}
	conns, names := []*client{c, dev}, []string{"main", "dev"}
	base := sides[0].clone()
	refusals := 0
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 11))
		for range rng.IntN(16) {
			at := rng.IntN(2)
			sides[at].act(conns[at], rng, n)
		}
		to, source := rng.IntN(2), rng.IntN(2) == 0
		clause := map[bool]string{true: "source", false: "target"}[source]
		want, refused := mergeSchemas(base, sides[1-to], sides[to], source)
		before := sides[to].text()
		_, err := conns[to].c.Exec(context.Background(), "merge branch "+names[1-to]+" on conflict use "+clause).ReadAll()
		if refused != (err != nil) {
			t.Fatalf("round %d into %s, use %s: %v, the model refuses: %t\nbase\n%s\nfrom\n%s\ninto\n%s", seed, names[to], clause, err, refused, base.text(), sides[1-to].text(), before)
		}
		if refused {
			refusals++
			if source = false; readSchema(conns[to]) != before {
				t.Fatalf("round %d: a merge that was refused has changed %s:\n%s\nwas\n%s", seed, names[to], readSchema(conns[to]), before)
			}
			want, _ = mergeSchemas(base, sides[1-to], sides[to], false)
			conns[to].run("merge branch " + names[1-to] + " on conflict use target")
		}
		if got := readSchema(conns[to]); got != want.text() {
			t.Fatalf("round %d: merged into %s, use %s:\n%s\nwant\n%s\nbase\n%s\nfrom\n%s\ninto\n%s", seed, names[to], clause, got, want.text(), base.text(), sides[1-to].text(), before)
		}
		sides[to], base = want, sides[1-to].clone()
	}
	if refusals == 24 {
		t.Fatal("every merge was refused")
	}
}
