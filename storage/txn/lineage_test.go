package txn

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFoldSteps moves, deletes and makes rows at random and compares where the old ones are with what foldSteps says.
func TestFoldSteps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 5000 {
		const keys = 5
		at := map[string]int{} // key → row
		for i := range keys {
			if rnd.IntN(3) > 0 {
				at[fmt.Sprint("k", i)] = i
			}
		}
		before := maps.Clone(at)
		touched := map[string]bool{}
		var steps []step
		next := 100
		for range rnd.IntN(8) {
			k, to := fmt.Sprint("k", rnd.IntN(keys)), fmt.Sprint("k", rnd.IntN(keys))
			_, full := at[k]
			_, blocked := at[to]
			switch {
			case !full && rnd.IntN(2) == 0:
				at[k] = next
				next++
				steps = append(steps, step{key: k})
				touched[k] = true
			case full && rnd.IntN(3) == 0:
				delete(at, k)
			case full && !blocked:
				at[to] = at[k]
				delete(at, k)
				steps = append(steps, step{k, to})
			}
		}
		got := foldSteps(steps)
		now := map[int]string{}
		for k, row := range at {
			now[row] = k
		}
		for _, k := range slices.Sorted(maps.Keys(before)) {
			where := k // by the invariant: follow the note, then look whether the row is there
			if to, ok := got[k]; ok {
				where = to
			}
			row, there := at[where]
			if here, alive := now[before[k]]; alive && where != here {
				t.Fatalf("round %d: row of %s is at %s, found at %q after %v", round, k, here, where, steps)
			} else if !alive && there && where != "" && row < 100 {
				t.Fatalf("round %d: row of %s is gone, found at %s after %v", round, k, where, steps)
			} else if !alive && there && where != "" && row != before[k] {
				t.Fatalf("round %d: another row than that of %s is taken for it, at %s after %v", round, k, where, steps)
			}
		}
	}
}
