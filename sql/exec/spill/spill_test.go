package spill

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// rows makes n rows (a number below most, a text or NULL).
func rows(n, most int) [][]types.Datum {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][]types.Datum, n)
	for i := range out {
		out[i] = []types.Datum{tuple.Int(int64(r.IntN(most))), types.Null}
		if k := r.IntN(20); k > 0 {
			out[i][1] = tuple.String(strings.Repeat(string(rune('a'+r.IntN(26))), k*k))
		}
	}
	return out
}

func same(a, b []types.Datum) bool { return slices.EqualFunc(a, b, frame.Identical) }

// keptIn gives a frame with two slots and a budget whose Tick counts.
func keptIn(t *testing.T, mem int64) (*frame.Frame, []int, *Budget) {
	f := &frame.Frame{}
	return f, []int{f.Add(), f.Add()}, &Budget{Mem: mem, Dir: t.TempDir(), Tick: func() error { return nil }}
}

func clones(row []types.Datum) []types.Datum {
	out := make([]types.Datum, len(row))
	for i, v := range row {
		out[i] = v.Clone()
	}
	return out
}

// A sorter gives the same rows in the same order from memory, from a heap, and from files merged in one round or several.
func TestSorter(t *testing.T) {
	in := rows(5000, 500)
	want := slices.Clone(in)
	slices.SortStableFunc(want, func(a, b []types.Datum) int {
		if c := -types.CompareKind(tuple.KindInt64, a[0], b[0]); c != 0 || a[1].IsNull() || b[1].IsNull() {
			if c == 0 && a[1].IsNull() != b[1].IsNull() {
				if a[1].IsNull() {
					return -1
				}
				return 1
			}
			return c
		}
		return types.CompareKind(tuple.KindText, a[1], b[1])
	})
	for _, c := range []struct {
		mem    int64
		top    int
		method string
	}{
		{64 << 20, 0, "quicksort"}, {64 << 20, 100, "top-N heapsort"}, {300 << 10, 0, "external merge"}, {8 << 10, 0, "external merge"},
		{8 << 10, 700, "external merge"}, {8 << 10, 5, "top-N heapsort"},
	} {
		f, slots, b := keptIn(t, c.mem)
		s := NewSorter(b, f, []SortCol{{Slot: slots[0], Kind: tuple.KindInt64, Desc: true}, {Slot: slots[1], Kind: tuple.KindText, NullsFirst: true}}, slots)
		s.KeepFirst(c.top)
		for _, r := range in {
			f.Put(slots, r)
			if err := s.Add(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Done(); err != nil {
			t.Fatal(err)
		}
		if s.Method() != c.method || (s.Written() > 0) != (c.method == "external merge") {
			t.Errorf("%+v: %s, %d bytes in files", c, s.Method(), s.Written())
		}
		n := len(want)
		if c.top > 0 {
			n = c.top
		}
		for range 2 {
			for i := range n {
				ok, err := s.Next()
				if !ok || err != nil {
					t.Fatalf("%+v: row %d: %v %v", c, i, ok, err)
				}
				if got := []types.Datum{f.S[slots[0]], f.S[slots[1]]}; !same(got, want[i]) {
					t.Fatalf("%+v: row %d differs", c, i)
				}
			}
			if ok, err := s.Next(); ok || err != nil {
				t.Errorf("%+v: after the end: %v %v", c, ok, err)
			}
			if err := s.Rewind(); err != nil {
				t.Fatal(err)
			}
		}
		s.Reset()
		if b.kept != 0 {
			t.Errorf("%+v: %d bytes are kept after Reset", c, b.kept)
		}
	}
}

// A merge that takes several rounds asks Tick, whose error ends it.
func TestSorterCanceled(t *testing.T) {
	f, slots, b := keptIn(t, 4<<10)
	canceled := errors.New("canceled")
	b.Tick = func() error { return canceled }
	s := NewSorter(b, f, []SortCol{{Slot: slots[0], Kind: tuple.KindInt64}}, slots)
	for _, r := range rows(1500, 1<<30) {
		f.Put(slots, r)
		if err := s.Add(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Done(); !errors.Is(err, canceled) {
		t.Errorf("%v", err)
	}
	s.Reset()
}

// A tape is read at any place, from memory and from a file.
func TestTape(t *testing.T) {
	in := rows(3000, 1<<40)
	for _, mem := range []int64{64 << 20, 100 << 10, 0} {
		f, slots, b := keptIn(t, mem)
		tape := NewTape(b, f, slots)
		for _, r := range in {
			f.Put(slots, r)
			if err := tape.Add(); err != nil {
				t.Fatal(err)
			}
		}
		if tape.Len() != len(in) || tape.Spilled() != (mem < 1<<20) {
			t.Fatalf("%d: %d rows, spilled %v", mem, tape.Len(), tape.Spilled())
		}
		r := rand.New(rand.NewPCG(3, 4))
		var buf []byte
		for range 5000 {
			i := r.IntN(len(in))
			err := tape.Load(i, slots)
			if r.IntN(2) == 0 {
				err = tape.LoadCopy(i, slots, &buf)
			}
			if err != nil || !same([]types.Datum{f.S[slots[0]], f.S[slots[1]]}, in[i]) {
				t.Fatalf("%d: row %d: %v", mem, i, err)
			}
		}
		tape.Reset()
	}
}

// Equal keys are one entry, NULLs are equal, and a key that was not entered is not found.
func TestTable(t *testing.T) {
	f, slots, _ := keptIn(t, 0)
	table := NewTable(f, []KeyCol{{Slot: slots[0], Kind: tuple.KindInt64}, {Slot: slots[1], Kind: tuple.KindText}})
	var keys [][]types.Datum
	for _, r := range rows(2000, 30) {
		f.Put(slots, r)
		at := slices.IndexFunc(keys, func(k []types.Datum) bool { return same(k, r) })
		e, fresh := table.FindOrAdd()
		if fresh != (at < 0) || !fresh && e != at || fresh && e != len(keys) {
			t.Fatalf("entry %d, fresh %v; it stands at %d of %d", e, fresh, at, len(keys))
		}
		if fresh {
			keys = append(keys, clones(r))
		}
	}
	if table.Len() != len(keys) {
		t.Errorf("%d keys, not %d", table.Len(), len(keys))
	}
	for e, k := range keys {
		if table.Load(e, slots); !same(table.Key(e), k) || !SameKey(f, table.keys, k) {
			t.Errorf("key %d differs", e)
		}
	}
	f.Put(slots, []types.Datum{tuple.Int(31), types.Null})
	if e := table.Find(table.Hash()); e >= 0 {
		t.Errorf("a strange key is entry %d", e)
	}
}

// Rows of one hash come back from one part, of which none is lost at any level.
func TestParts(t *testing.T) {
	in := rows(4000, 1000)
	for level := range MaxLevel {
		f, slots, b := keptIn(t, 64<<10)
		table := NewTable(f, []KeyCol{{Slot: slots[0], Kind: tuple.KindInt64}})
		p := NewParts(b, f, slots)
		p.Level = level
		for _, r := range in {
			f.Put(slots, r)
			if err := p.Write(table.Hash()); err != nil {
				t.Fatal(err)
			}
		}
		files, err := p.Take()
		if err != nil || p.Active() {
			t.Fatal(err, p.Active())
		}
		n := 0
		for i, file := range files {
			if file == nil {
				continue
			}
			r, err := file.Reader()
			if err != nil {
				t.Fatal(err)
			}
			for {
				ok, err := r.Slots(f, slots)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				if n++; PartOf(table.Hash(), level) != i {
					t.Fatalf("level %d: a row of part %d stands in part %d", level, PartOf(table.Hash(), level), i)
				}
			}
		}
		CloseAll(files)
		if n != len(in) {
			t.Errorf("level %d: %d rows", level, n)
		}
	}
}

// A small file stays in memory as long as all of them take half of the budget; what goes to disk has no name there.
func TestFileHasNoName(t *testing.T) {
	f, slots, b := keptIn(t, 1<<20)
	var files []*File
	for range 3 {
		file := NewFiles(b)[0]
		for range 1000 {
			f.Put(slots, []types.Datum{tuple.Int(7), tuple.String(strings.Repeat("x", 300))})
			if err := file.WriteSlots(f, slots); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Flush(); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	names, err := os.ReadDir(b.Dir)
	if err != nil || len(names) > 0 {
		t.Errorf("%v %v", names, err)
	}
	if b.kept > b.Mem/2 {
		t.Errorf("%d bytes stay in memory", b.kept)
	}
	CloseAll(files)
	if b.kept != 0 {
		t.Errorf("%d bytes are kept after Close", b.kept)
	}
	if files[0].Close(); b.kept != 0 {
		t.Error("closed twice")
	}
}

// A file that cannot be written is an error of the statement, with its reason.
func TestNoDirectory(t *testing.T) {
	f, slots, b := keptIn(t, 0)
	b.Dir += "/gone"
	tape := NewTape(b, f, slots)
	var err error
	for i := 0; i < 10000 && err == nil; i++ {
		f.Put(slots, []types.Datum{tuple.Int(7), tuple.String("seven")})
		err = tape.Add()
	}
	if err == nil || !strings.Contains(err.Error(), "could not use temporary file") {
		t.Errorf("%v", err)
	}
	tape.Reset()
}

// TestRowsReadAndAdded reads rows in any order between additions, in memory and in a file, as a cursor that scrolls does.
func TestRowsReadAndAdded(t *testing.T) {
	for _, mem := range []int64{1 << 30, 4 << 10, 0} {
		r := NewRows(mem, t.TempDir())
		rnd := rand.New(rand.NewPCG(1, uint64(mem)))
		text := func(i int) string { return strings.Repeat("x", i%97) }
		var kept []types.Datum
		for i := range 3000 {
			if err := r.Add([]types.Datum{tuple.Int(int64(i)), tuple.String(text(i)), types.Null}); err != nil {
				t.Fatal(err)
			}
			if i%5 != 0 {
				continue
			}
			at := rnd.IntN(r.Len())
			row, err := r.Row(at)
			if err != nil {
				t.Fatal(err)
			}
			if row[0].Int() != int64(at) || row[1].Str() != text(at) || !row[2].IsNull() {
				t.Fatalf("row %d of %d: %d, %q", at, i+1, row[0].Int(), row[1].Str())
			}
			if at == 96 && kept == nil {
				kept = row
			}
		}
		if kept != nil && kept[1].Str() != text(96) {
			t.Errorf("a row has changed: %q", kept[1].Str())
		}
		if mem == 0 && r.tape.file.f == nil {
			t.Error("nothing went to a file")
		}
		r.Close()
		if r.Len() != 0 {
			t.Errorf("%d rows after Close", r.Len())
		}
	}
}
