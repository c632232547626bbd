package cursor

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// memory is a Store.
type memory struct{ rows [][]types.Datum }

func (m *memory) Add(row []types.Datum) error      { m.rows = append(m.rows, clone(row)); return nil }
func (m *memory) Len() int                         { return len(m.rows) }
func (m *memory) Row(i int) ([]types.Datum, error) { return m.rows[i], nil }
func (m *memory) Close()                           { m.rows = nil }

func numbers(n int) *Kept {
	k := &Kept{Store: &memory{}}
	for i := range n {
		if err := k.Add([]types.Datum{tuple.Int(int64(i + 1))}); err != nil {
			panic(err)
		}
	}
	return k
}

// Steps over five rows, as PostgreSQL 15 answers FETCH over generate_series(1, 5): the rows sent, or the SQLSTATE.
func TestFetch(t *testing.T) {
	dirs := map[string]ast.FetchDirection{"forward": ast.FETCH_FORWARD, "backward": ast.FETCH_BACKWARD, "absolute": ast.FETCH_ABSOLUTE, "relative": ast.FETCH_RELATIVE}
	for _, c := range []struct {
		name, steps, want string
		scroll            bool
		limit             int64
	}{
		{"forward only", "forward 2, forward 0, forward 9, backward 1", "[1 2] 55000 [3 4 5] 55000", false, 0},
		{"back and forth", "forward 3, backward 2, backward 1, backward 1, forward 1", "[1 2 3] [2 1] [] [] [1]", true, 0},
		{"from the end", "absolute -2, relative 1, relative 1, relative -1, backward 9", "[4] [5] [] [5] [4 3 2 1]", true, 0},
		{"by number", "absolute 4, absolute 2, forward 0, absolute 0, forward 1, absolute 9, backward 1", "[4] [2] [2] [] [1] [] [5]", true, 0},
		{"forgets beyond its limit", "forward 1, forward 3, backward 1, forward 1", "[1] [2 3 4] 55000 [5]", true, 20},
	} {
		p := New(numbers(5), &memory{}, c.scroll, c.limit)
		var got []string
		for _, step := range strings.Split(c.steps, ", ") {
			var dir string
			var n int64
			if _, err := fmt.Sscan(step, &dir, &n); err != nil {
				t.Fatal(err)
			}
			var rows []int64
			_, err := p.Fetch(context.Background(), &ast.FetchStmt{Direction: dirs[dir], HowMany: n}, func(row []types.Datum) error {
				rows = append(rows, row[0].Int())
				return nil
			})
			if err != nil {
				got = append(got, pgerr.From(err).Code)
			} else {
				got = append(got, fmt.Sprint(rows))
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, c.steps, s, c.want)
		}
		p.Close()
	}
}

// What was drained can be read though the source is gone.
func TestDrain(t *testing.T) {
	p := New(numbers(4), &memory{}, false, 0)
	discard := func([]types.Datum) error { return nil }
	if n, err := p.Forward(1, discard); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := p.Drain(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Forward(All, discard); n != 3 || err != nil {
		t.Error(n, err)
	}
}
