package threeway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// branch is a catalog with an allocator of its own.
type branch struct {
	cat   *catalog.Catalog
	alloc *catalog.Allocator
}

func newBranch(c *catalog.Catalog) *branch { return &branch{c, catalog.NewAllocator(c)} }

// fork is what a branch of b has: its stored descriptors.
func (b *branch) fork(t *testing.T) *branch {
	t.Helper()
	e := catalog.New().Edit(b.alloc)
	for _, o := range objects(b.cat) {
		put(e, o.desc)
	}
	writes, err := e.Writes()
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(writes, func(x, y catalog.Write) int { return strings.Compare(string(x.Key), string(y.Key)) })
	c, err := catalog.Load(func(yield func(key, value []byte) error) error {
		for _, w := range writes {
			if err := yield(w.Key, w.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return newBranch(c)
}

func put(e *catalog.Editor, desc any) {
	switch d := desc.(type) {
	case *catalog.Schema:
		e.PutSchema(d)
	case *catalog.Table:
		e.PutTable(d)
	case catalog.Object:
		e.Put(d)
	}
}

func (b *branch) edit(f func(e *catalog.Editor)) {
	e := b.cat.Edit(b.alloc)
	f(e)
	b.cat = e.Catalog()
}

func (b *branch) table(name string) *catalog.Table {
	t, _ := b.cat.Relation(catalog.PublicOID, name)
	return t
}

// alter puts a changed copy of a table.
func (b *branch) alter(name string, f func(t *catalog.Table)) {
	b.edit(func(e *catalog.Editor) {
		n := *b.table(name)
		n.Columns, n.Indexes = slices.Clone(n.Columns), slices.Clone(n.Indexes)
		f(&n)
		e.PutTable(&n)
	})
}

func (b *branch) create(name string, columns ...string) {
	b.edit(func(e *catalog.Editor) {
		t := &catalog.Table{OID: e.OID(), Schema: catalog.PublicOID, Name: name, Kind: catalog.RelTable, Persistence: catalog.Permanent, Owner: 10,
			StorageID: e.StorageID(), RowType: e.OIDs(2), NextIndexID: 2}
		for _, c := range columns {
			addColumn(t, c)
		}
		e.PutTable(t)
	})
}

func addColumn(t *catalog.Table, name string) {
	t.Columns = append(t.Columns, catalog.Column{AttNum: int16(len(t.Columns) + 1), Name: name, Type: types.Int4, TypMod: -1, Kind: tuple.KindInt32})
}

func (b *branch) index(table, name string, att int16) {
	b.edit(func(e *catalog.Editor) {
		n := *b.table(table)
		n.Indexes = append(slices.Clone(n.Indexes), &catalog.Index{OID: e.OID(), Name: name, ID: n.NextIndexID, Method: "btree",
			Keys: []catalog.IndexKey{{Att: att, Type: types.Int4, Kind: tuple.KindInt32}}})
		n.NextIndexID++
		e.PutTable(&n)
	})
}

// take does to b what a plan says.
func (b *branch) take(p *Plan) {
	b.edit(func(e *catalog.Editor) {
		for _, c := range p.Changes {
			if c.Merged != nil {
				put(e, c.Merged)
			}
		}
		for _, a := range p.Drops {
			switch t := e.Catalog().Table(a.OID); {
			case a.Kind == catalog.KindRelation:
				e.DropTable(a.OID)
			case a.Kind == catalog.KindColumn && t != nil:
				n := *t
				n.Columns = slices.Clone(t.Columns)
				dropColumn(&n, a.Sub)
				e.PutTable(&n)
			case a.Kind == catalog.KindSchema, a.Kind == catalog.KindIndex:
			default:
				e.Drop(a)
			}
		}
	})
}

func dropColumn(t *catalog.Table, att int16) {
	c := t.Column(att)
	c.Name, c.Dropped, c.Default = fmt.Sprint("dropped", att), true, ""
	t.Indexes = slices.DeleteFunc(slices.Clone(t.Indexes), func(x *catalog.Index) bool { return x.Keys[0].Att == att })
}

func merge(base, source, target *branch, useSource bool) *Plan {
	m := &Merger{Base: base.cat, Source: source.cat, UseSource: useSource, Alloc: target.cat.Edit(target.alloc)}
	return m.Plan(target.cat)
}

func describeChanges(p *Plan) string {
	var out []string
	for _, c := range p.Changes {
		line := c.Object + " " + c.What.String()
		if c.Conflicts != nil {
			line += " conflict" + strings.Join(c.Conflicts, ",")
		}
		if c.Refused != nil {
			line += " " + c.Refused.Error()
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func forked(t *testing.T) (base, source, target *branch) {
	base = newBranch(catalog.New())
	base.create("a", "id", "v")
	base.create("b", "id")
	return base, base.fork(t), base.fork(t)
}

func TestDifferentFieldsMerge(t *testing.T) {
	base, source, target := forked(t)
	source.alter("a", func(x *catalog.Table) { x.Comment = "note"; addColumn(x, "s"); x.Column(2).Default = "1" })
	source.index("a", "by_s", 3)
	target.alter("a", func(x *catalog.Table) { x.Column(1).NotNull = true; addColumn(x, "t"); addColumn(x, "u") })
	target.index("a", "by_t", 3)
	p := merge(base, source, target, false)
	if got := describeChanges(p); got != "relation public.a altered" {
		t.Fatal(got)
	}
	target.take(p)
	a := target.table("a")
	var names []string
	for _, c := range a.Columns {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "id v t u s" || a.Comment != "note" || !a.Column(1).NotNull || a.Column(2).Default != "1" {
		t.Fatalf("columns %s, %+v", got, a)
	}
	for _, x := range a.Indexes {
		if x.Name == "by_s" && a.Column(x.Keys[0].Att).Name != "s" || x.Name == "by_t" && a.Column(x.Keys[0].Att).Name != "t" {
			t.Fatalf("index %s is over %s", x.Name, a.Column(x.Keys[0].Att).Name)
		}
	}
	if got := describeChanges(merge(source, source, target, false)); got != "" {
		t.Fatal("merged again:", got)
	}
	back := merge(source, target, source, false)
	source.take(back)
	if got := describeChanges(merge(target, source, target, false)); got != "" {
		t.Fatal("merged back:", got)
	}
}

func TestSameNumbersOnBothSides(t *testing.T) {
	base, source, target := forked(t)
	source.create("s", "id")
	target.create("t", "id")
	if source.table("s").OID != target.table("t").OID {
		t.Fatal("the branches hand out different OIDs")
	}
	target.take(merge(base, source, target, false))
	s, x := target.table("s"), target.table("t")
	if s == nil || x == nil || s.OID == x.OID || s.RowType == x.RowType {
		t.Fatalf("%+v %+v", s, x)
	}
	source.alter("s", func(x *catalog.Table) { x.Comment = "more" })
	was := source.fork(t)
	was.alter("s", func(x *catalog.Table) { x.Comment = "" })
	p := merge(was, source, target, false)
	target.take(p)
	if target.table("s").Comment != "more" || target.table("t").Comment != "" {
		t.Fatal("the change has gone to another table")
	}
}

func TestConflicts(t *testing.T) {
	base, source, target := forked(t)
	source.alter("a", func(x *catalog.Table) { x.Comment = "s" })
	target.alter("a", func(x *catalog.Table) { x.Comment = "t" })
	source.edit(func(e *catalog.Editor) { e.DropTable(source.table("b").OID) })
	target.alter("b", func(x *catalog.Table) { x.Comment = "t" })
	if got := describeChanges(merge(base, source, target, false)); got != "relation public.a altered conflictComment; relation public.b dropped conflict" {
		t.Fatal(got)
	}
	kept := target.fork(t)
	kept.take(merge(base, source, kept, false))
	target.take(merge(base, source, target, true))
	if kept.table("a").Comment != "t" || kept.table("b") == nil || target.table("a").Comment != "s" || target.table("b") != nil {
		t.Fatalf("%+v %+v %+v %+v", kept.table("a"), kept.table("b"), target.table("a"), target.table("b"))
	}
}

func TestMadeUnderOneName(t *testing.T) {
	base, source, target := forked(t)
	source.create("x", "id", "v")
	target.create("y")
	target.create("x", "id", "v")
	p := merge(base, source, target, false)
	target.take(p)
	if source.table("x").Ident != target.table("x").Ident {
		t.Fatal("the tables have not become one")
	}
	base, source, target = forked(t)
	source.create("x", "id", "v")
	target.create("x", "v", "id")
	if got := describeChanges(merge(base, source, target, false)); !strings.Contains(got, "at different places") {
		t.Fatal(got)
	}
}

func TestRefusedAlterations(t *testing.T) {
	for name, alter := range map[string]func(*catalog.Table){
		"type of column": func(x *catalog.Table) { x.Column(2).Type, x.Column(2).Kind = types.Int8, tuple.KindInt64 },
		"primary key": func(x *catalog.Table) {
			x.Indexes = []*catalog.Index{{OID: 99999, Name: "a_pkey", ID: 1, Primary: true, Unique: true, Keys: []catalog.IndexKey{{Att: 1}}}}
		},
		"persistence":   func(x *catalog.Table) { x.Persistence = catalog.Unlogged },
		"access method": func(x *catalog.Table) { x.StorageID |= change.LakeStorage },
		"inherits":      func(x *catalog.Table) { x.Parents = []catalog.OID{1} },
	} {
		base, source, target := forked(t)
		source.alter("a", alter)
		if got := describeChanges(merge(base, source, target, true)); !strings.Contains(got, name) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Whatever two branches do, once each has merged the other they have the same.
func TestMergesConverge(t *testing.T) {
	converged := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 3))
		base, source, target := forked(t)
		n := 0
		for range rng.IntN(30) {
			n++
			[]*branch{source, target}[rng.IntN(2)].random(rng, n)
		}
		useSource := rng.IntN(2) == 0
		p := merge(base, source, target, useSource)
		if slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Refused != nil || c.Hard && useSource }) {
			continue
		}
		target.take(p)
		back := merge(source, target, source, false)
		if strings.Contains(describeChanges(back), "conflict") {
			continue // the target has kept a column that the source has dropped
		}
		converged++
		source.take(back)
		if got := describeChanges(merge(target, source, target, false)); got != "" {
			t.Fatalf("seed %d, source %t: %s", seed, useSource, got)
		}
	}
	if converged < 100 {
		t.Fatalf("%d of the histories came to an end", converged)
	}
}

func (b *branch) random(rng *rand.Rand, n int) {
	var names []string
	b.cat.Tables(func(t *catalog.Table) bool {
		if catalog.OfUser(t.OID) {
			names = append(names, t.Name)
		}
		return true
	})
	if len(names) == 0 {
		b.create(fmt.Sprint("t", n), "id")
		return
	}
	name := names[rng.IntN(len(names))]
	x := b.table(name)
	att := int16(1)
	if len(x.Columns) > 0 {
		att = int16(rng.IntN(len(x.Columns)) + 1)
	}
	live := len(x.Columns) > 0 && !x.Column(att).Dropped
	switch rng.IntN(9) {
	case 0:
		b.create(fmt.Sprint("t", n), "id", "v")
	case 1:
		b.edit(func(e *catalog.Editor) { e.DropTable(x.OID) })
	case 2:
		b.alter(name, func(t *catalog.Table) { addColumn(t, fmt.Sprint("c", n)) })
	case 3:
		if live {
			b.alter(name, func(t *catalog.Table) { dropColumn(t, att) })
		}
	case 4:
		if live {
			b.alter(name, func(t *catalog.Table) { t.Column(att).Default = fmt.Sprint(n) })
		}
	case 5:
		b.alter(name, func(t *catalog.Table) { t.Comment = fmt.Sprint(n) })
	case 6:
		if live {
			b.index(name, fmt.Sprint("i", n), att)
		}
	case 7:
		if len(x.Indexes) > 0 {
			b.alter(name, func(t *catalog.Table) { t.Indexes = t.Indexes[1:] })
		}
	case 8:
		b.alter(name, func(t *catalog.Table) {
			t.Options = t.Options.With(catalog.RelOption{Name: fmt.Sprint("o", n%3), Value: fmt.Sprint(n)})
		})
	}
}
