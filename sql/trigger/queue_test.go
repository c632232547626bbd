package trigger

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func testTable() *catalog.Table {
	t := &catalog.Table{OID: 20000, Name: "t", Columns: []catalog.Column{{AttNum: 1, Name: "a", Type: types.Int4, Kind: tuple.KindInt32},
		{AttNum: 2, Name: "b", Type: types.Text, Kind: tuple.KindText}}}
	add := func(name string, typ catalog.TriggerType, change func(*catalog.Trigger)) {
		g := &catalog.Trigger{OID: catalog.OID(20001 + len(t.Triggers)), Name: name, Type: typ, Enabled: catalog.TriggerOrigin}
		if change != nil {
			change(g)
		}
		t.Triggers = catalog.WithTrigger(t.Triggers, g)
	}
	add("z", catalog.TriggerRow|catalog.TriggerUpdate|catalog.TriggerDelete, nil)
	add("a", catalog.TriggerRow|catalog.TriggerUpdate, func(g *catalog.Trigger) { g.Cols = []int16{2} })
	add("s", catalog.TriggerUpdate, func(g *catalog.Trigger) { g.NewTable = "n" })
	add("off", catalog.TriggerRow|catalog.TriggerUpdate, func(g *catalog.Trigger) { g.Enabled = catalog.TriggerDisabled })
	add("replica", catalog.TriggerRow|catalog.TriggerUpdate, func(g *catalog.Trigger) { g.Enabled = catalog.TriggerReplica })
	return t
}

func names(list []*catalog.Trigger) (out []string) {
	for _, g := range list {
		out = append(out, g.Name)
	}
	return out
}

// Triggers fire in the order of their names; those that the session's role leaves out are not there.
func TestSet(t *testing.T) {
	tb := testTable()
	if got := names(Of(tb, false).At(AfterRow, catalog.TriggerUpdate)); !slices.Equal(got, []string{"a", "z"}) {
		t.Error(got)
	}
	if got := names(Of(tb, true).At(AfterRow, catalog.TriggerUpdate)); !slices.Equal(got, []string{"replica"}) {
		t.Error(got)
	}
	if old, fresh := Of(tb, false).Transition(catalog.TriggerUpdate); old || !fresh {
		t.Error("transition tables", old, fresh)
	}
	if Of(&catalog.Table{}, false) != nil {
		t.Error("a table without triggers has some")
	}
	a := tb.TriggerByName("a")
	if Concerns(a, catalog.TriggerUpdate, []int16{1}) || !Concerns(a, catalog.TriggerUpdate, []int16{1, 2}) {
		t.Error("UPDATE OF")
	}
}

// What comes out of a queue is what went in, in the same order, in memory and from a file; the file goes with the queue.
func TestQueueKeepsOrderAndRows(t *testing.T) {
	for _, limit := range []int64{1 << 20, 200} {
		dir := t.TempDir()
		set := Of(testTable(), false)
		q := NewQueue(limit, dir)
		st, fresh := q.Statement(set, catalog.TriggerUpdate, nil)
		if again, f := q.Statement(set, catalog.TriggerUpdate, nil); again != st || f || !fresh {
			t.Fatal("a statement began twice")
		}
		const n = 500
		row := func(i int) []types.Datum {
			return []types.Datum{tuple.Int(int64(i)), tuple.String(fmt.Sprint("row ", i))}
		}
		for i := range n {
			if err := q.Row(st, set, catalog.TriggerUpdate, []int{i % 2}, row(i), row(i+1), i/10); err != nil {
				t.Fatal(err)
			}
			if i == 100 {
				if err := q.End(st, i/10); err != nil { // overtaken by the one below
					t.Fatal(err)
				}
			}
		}
		if err := q.Row(st, set, catalog.TriggerDelete, []int{0}, row(7), nil, 0); err != nil {
			t.Fatal(err)
		}
		if err := q.End(st, 0); err != nil {
			t.Fatal(err)
		}
		i, ends := 0, 0
		for {
			behind, err := q.Behind()
			if err != nil {
				t.Fatal(err)
			}
			if behind < 0 {
				break
			}
			e, ok, err := q.Next()
			switch {
			case err != nil:
				t.Fatal(err)
			case !ok:
				continue
			case !e.Row:
				ends++
				if got := names(e.Fire); !slices.Equal(got, []string{"s"}) || i != n+1 {
					t.Error("after the statement:", got, i)
				}
				continue
			case i == n:
				if e.New != nil || e.Old[0].Int() != 7 || e.Op != catalog.TriggerDelete || e.Fire[0].Name != "z" {
					t.Error("a deleted row", e)
				}
			case e.Old[0].Int() != int64(i) || string(e.New[1].Bytes()) != fmt.Sprint("row ", i+1) || behind != i/10 || e.Fire[0].Name != []string{"a", "z"}[i%2]:
				t.Fatal(i, behind, e)
			}
			i++
		}
		if i != n+1 || ends != 1 {
			t.Error(i, ends)
		}
		if _, fresh := q.Statement(set, catalog.TriggerUpdate, nil); !fresh {
			t.Error("what comes after the AFTER STATEMENT triggers is another statement")
		}
		q.Close()
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Error("files are left", left, err)
		}
	}
}

// Transition tables can be read more than once at a time, while nothing is added.
func TestRowsAreReadTogether(t *testing.T) {
	r := NewRows(testTable(), 300, t.TempDir())
	defer r.Close()
	for i := range 400 {
		if err := r.Add([]types.Datum{tuple.Int(int64(i)), tuple.String("x")}); err != nil {
			t.Fatal(err)
		}
	}
	a, b := r.Read([]int16{1}), r.Read([]int16{2, 1})
	for i := range 400 {
		x, ok, err := a.Next()
		y, ok2, err2 := b.Next()
		if !ok || !ok2 || err != nil || err2 != nil || x[0].Int() != int64(i) || y[1].Int() != int64(i) || string(y[0].Bytes()) != "x" {
			t.Fatal(i, x, y, err, err2)
		}
	}
	if _, ok, _ := a.Next(); ok {
		t.Error("a row too many")
	}
}
