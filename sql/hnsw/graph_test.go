package hnsw

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

func randomVectors(rng *rand.Rand, n, dim int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dim)
		for j := range out[i] {
			out[i][j] = rng.Float32() - 0.5
		}
	}
	return out
}

// exact is the numbers of the k vectors nearest to q.
func exact(m Metric, all [][]float32, q []float32, k int) []string {
	type scored struct {
		i int
		d float32
	}
	pq := make([]float32, len(q))
	m.prepare(pq, q)
	s := make([]scored, len(all))
	buf := make([]float32, len(q))
	for i, v := range all {
		m.prepare(buf, v)
		s[i] = scored{i, m.distance(pq, buf)}
	}
	slices.SortFunc(s, func(a, b scored) int { return nearer(found{0, a.d}, found{0, b.d}) })
	out := make([]string, k)
	for i := range out {
		out[i] = strconv.Itoa(s[i].i)
	}
	return out
}

func labelsOf(hits []Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Label)
	}
	return out
}

// The graph finds nearly all of the nearest vectors, whatever the metric.
func TestRecall(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	all := randomVectors(rng, 1000, 16)
	for _, m := range []Metric{L2, InnerProduct, Cosine, L1} {
		g := New(Params{Dim: 16, M: 16, EfCons: 64, Metric: m})
		for i, v := range all {
			g.Insert(strconv.Itoa(i), v)
		}
		same, total := 0, 0
		for _, q := range randomVectors(rng, 50, 16) {
			hits, _ := g.Search(q, 100)
			got := labelsOf(hits)
			for _, want := range exact(m, all, q, 10) {
				total++
				if slices.Contains(got, want) {
					same++
				}
			}
		}
		if recall := float64(same) / float64(total); recall < 0.95 {
			t.Errorf("metric %d: recall %.3f", m, recall)
		}
	}
}

// Clusters that come one after the other are all found.
func TestClusters(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	g := New(Params{Dim: 16, M: 8, EfCons: 32, Metric: Cosine})
	var all [][]float32
	for _, centre := range randomVectors(rng, 12, 16) {
		for _, v := range randomVectors(rng, 150, 16) {
			for i := range v {
				v[i] = centre[i] + v[i]/50
			}
			g.Insert(strconv.Itoa(len(all)), v)
			all = append(all, v)
		}
	}
	same := 0
	queries := randomVectors(rng, 40, 16)
	for _, q := range queries {
		hits, _ := g.Search(q, 40*Breadth)
		got := labelsOf(hits)
		for _, want := range exact(Cosine, all, q, 10) {
			if slices.Contains(got, want) {
				same++
			}
		}
	}
	if recall := float64(same) / float64(10*len(queries)); recall < 0.95 {
		t.Errorf("recall %.3f", recall)
	}
}

// What the manual says of default options: of 10,000 vectors of 64 dimensions, nearly all of the ten nearest.
func TestRecallOfDefaults(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a graph of 10,000 vectors")
	}
	rng := rand.New(rand.NewPCG(11, 12))
	all := randomVectors(rng, 10_000, 64)
	for _, m := range []Metric{L2} {
		g := New(Params{Dim: 64, M: DefaultM, EfCons: DefaultEfConstruction, Metric: m})
		began := time.Now()
		for i, v := range all {
			g.Insert(strconv.Itoa(i), v)
		}
		t.Logf("metric %d: built in %v, %d bytes", m, time.Since(began), g.Bytes())
		queries := randomVectors(rng, 100, 64)
		for _, ef := range []int{40 * Breadth, 100 * Breadth} {
			same, total := 0, 0
			for _, q := range queries {
				hits, _ := g.Search(q, ef)
				got := labelsOf(hits)
				for _, want := range exact(m, all, q, 10) {
					total++
					if slices.Contains(got[:min(len(got), 10)], want) {
						same++
					}
				}
			}
			recall := float64(same) / float64(total)
			t.Logf("metric %d, ef %d: recall %.3f", m, ef, recall)
			if recall < 0.95 {
				t.Errorf("metric %d, ef %d: recall %.3f", m, ef, recall)
			}
		}
	}
}

// A search as wide as the graph finds every vector, equal ones too.
func TestAllAreReached(t *testing.T) {
	g := New(Params{Dim: 2, M: 4, EfCons: 16, Metric: L2})
	if l, all := g.Search([]float32{0, 0}, 5); len(l) != 0 || !all {
		t.Errorf("an empty graph has %v", l)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 300 {
		g.Insert(fmt.Sprint(i), []float32{float32(rng.IntN(7)), float32(rng.IntN(7))})
	}
	g.Insert("short", []float32{1})
	if got, all := g.Search([]float32{1, 1}, 1000); len(got) != 300 || !all {
		t.Errorf("%d of 300 vectors are reached", len(got))
	}
}

// Searches and inserts at the same time.
func TestConcurrent(t *testing.T) {
	g := New(Params{Dim: 8, M: 8, EfCons: 32, Metric: Cosine})
	g.Insert("zero", make([]float32, 8))
	if g.Len() != 0 {
		t.Error("the zero vector has no direction")
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 9))
			for i, v := range randomVectors(rng, 200, 8) {
				if w%2 == 0 {
					g.Insert(strconv.Itoa(w*1000+i), v)
				} else if labels, _ := g.Search(v, 10); len(labels) > 10 {
					t.Errorf("%d labels", len(labels))
				}
			}
		})
	}
	wg.Wait()
	if g.Len() != 400 || g.Bytes() == 0 {
		t.Errorf("%d vectors, %d bytes", g.Len(), g.Bytes())
	}
}
