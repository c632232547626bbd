package branching

import (
	"errors"
	"testing"

	"github.com/tarndb/tarn/storage/wal"
)

// main has branches dev, from 100, and side, from 200; deep is dev's, from 300.
func lineage() *Database {
	return &Database{Branches: []*Branch{{ID: 1, Name: "main"}, {ID: 2, Name: "dev", Parent: 1, LSN: 100},
		{ID: 3, Name: "side", Parent: 1, LSN: 200}, {ID: 4, Name: "deep", Parent: 2, LSN: 300}}}
}

// The newest state that two branches share is that from which they part, or that which was merged last; where there are several, none
// of which has the others, there is none.
func TestCommonState(t *testing.T) {
	now := wal.LSN(1000)
	for _, x := range []struct {
		name   string
		a, b   uint32
		merged []Merged
		want   Position
		err    error
	}{
		{"child", 2, 1, nil, Position{1, 100}, nil},
		{"parent", 1, 2, nil, Position{1, 100}, nil},
		{"siblings", 2, 3, nil, Position{1, 100}, nil},
		{"nephew", 4, 3, nil, Position{1, 100}, nil},
		{"grandchild", 4, 1, nil, Position{1, 100}, nil},
		{"merged", 2, 1, []Merged{{Into: 1, At: 500, From: 2, FromLSN: 400}}, Position{2, 400}, nil},
		{"merged, the other way", 1, 2, []Merged{{Into: 1, At: 500, From: 2, FromLSN: 400}}, Position{2, 400}, nil},
		{"merged twice", 2, 1, []Merged{{1, 500, 2, 400}, {1, 700, 2, 600}}, Position{2, 600}, nil},
		{"merged both ways", 2, 1, []Merged{{1, 500, 2, 400}, {2, 700, 1, 600}}, Position{1, 600}, nil},
		{"merged into a sibling", 3, 1, []Merged{{3, 500, 2, 400}, {1, 700, 3, 600}}, Position{3, 600}, nil},
		{"by way of a sibling", 2, 1, []Merged{{3, 500, 2, 400}, {1, 700, 3, 600}}, Position{2, 400}, nil},
		{"each from a third", 1, 3, []Merged{{1, 500, 2, 400}, {3, 500, 2, 450}}, Position{}, ErrManyBases},
		{"two at once", 1, 3, []Merged{{1, 500, 2, 400}, {3, 500, 2, 400}, {1, 600, 4, 450}, {3, 600, 4, 450}}, Position{}, ErrManyBases},
	} {
		d := lineage()
		a, b := history{}, history{}
		a.come(d, x.merged, Position{x.a, now})
		b.come(d, x.merged, Position{x.b, now})
		got, base, err := common(d, x.merged, a, b)
		if !errors.Is(err, x.err) || err == nil && got != x.want {
			t.Errorf("%s: %v, %v, want %v, %v", x.name, got, err, x.want, x.err)
		}
		if err == nil && !base.covers(got) {
			t.Errorf("%s: the base does not come from itself", x.name)
		}
	}
}

// What leads from the base to a state are stretches of logs without holes.
func TestSince(t *testing.T) {
	d := lineage()
	merged := []Merged{{Into: 1, At: 500, From: 2, FromLSN: 400}}
	a, b := history{}, history{}
	a.come(d, merged, Position{4, 1000})
	b.come(d, merged, Position{1, 1000})
	_, base, err := common(d, merged, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.since(d, base); len(got) != 1 || got[0] != (Stretch{4, 300, 1000}) {
		t.Errorf("source: %v", got)
	}
	want := map[Stretch]bool{{1, 100, 1000}: true, {2, 300, 400}: true}
	got := b.since(d, base)
	for _, s := range got {
		if !want[s] {
			t.Errorf("target: %v", s)
		}
	}
	if len(got) != len(want) {
		t.Errorf("target: %v", got)
	}
}
