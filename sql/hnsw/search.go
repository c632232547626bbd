package hnsw

import (
	"cmp"
	"slices"
)

// found is a node with its distance.
type found struct {
	n int32
	d float32
}

func nearer(a, b found) int { return cmp.Compare(a.d, b.d) }

// scratch is the memory of one search.
type scratch struct {
	seen  []uint32 // by node: the number of the search that has met it
	epoch uint32
	open  heap // to be looked at, nearest first
	best  heap // kept, farthest first
}

func (s *scratch) start(nodes int) {
	if len(s.seen) < nodes {
		s.seen = append(s.seen, make([]uint32, nodes-len(s.seen)+nodes/8)...)
	}
	if s.epoch++; s.epoch == 0 {
		clear(s.seen)
		s.epoch = 1
	}
	s.open, s.best = s.open[:0], s.best[:0]
}

// heap has its smallest d first; best holds negated distances.
type heap []found

func (h *heap) push(f found) {
	a := append(*h, f)
	i := len(a) - 1
	for i > 0 {
		p := (i - 1) / 2
		if a[p].d <= a[i].d {
			break
		}
		a[p], a[i] = a[i], a[p]
		i = p
	}
	*h = a
}

func (h *heap) pop() found {
	a := *h
	top, n := a[0], len(a)-1
	a[0] = a[n]
	a = a[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && a[c+1].d < a[c].d {
			c++
		}
		if a[i].d <= a[c].d {
			break
		}
		a[i], a[c] = a[c], a[i]
		i = c
	}
	*h = a
	return top
}

// searchLevel finds the ef nearest nodes of a level from some that are known, nearest first.
func (g *Graph) searchLevel(s *scratch, vec []float32, from []found, ef, level int) []found {
	s.start(len(g.nodes))
	add := func(f found) {
		s.seen[f.n] = s.epoch
		s.open.push(f)
		s.best.push(found{f.n, -f.d})
		if len(s.best) > ef {
			s.best.pop()
		}
	}
	for _, f := range from {
		add(f)
	}
	for len(s.open) > 0 {
		c := s.open.pop()
		if len(s.best) == ef && c.d > -s.best[0].d {
			break
		}
		for _, nb := range g.nodes[c.n].links[level] {
			if s.seen[nb] == s.epoch {
				continue
			}
			s.seen[nb] = s.epoch
			if d := g.p.Metric.distance(vec, g.vector(nb)); len(s.best) < ef || d < -s.best[0].d {
				add(found{nb, d})
			}
		}
	}
	out := make([]found, len(s.best))
	for i, f := range s.best {
		out[i] = found{f.n, -f.d}
	}
	slices.SortFunc(out, nearer)
	return out
}

// Hit is a label with the sum (Params.Sum) of the vector that it was given with: the row may have another one since.
type Hit struct {
	Label string
	Sum   uint64
}

// Sum tells vectors apart that are different to a graph.
func (p Params) Sum(v []float32) uint64 {
	vec := make([]float32, len(v))
	p.Metric.prepare(vec, v)
	return hash(vec)
}

// Search gives the labels of about the ef different vectors that are nearest to v, nearest first. all tells that they are all of the
// graph that can be reached.
func (g *Graph) Search(v []float32, ef int) (hits []Hit, all bool) {
	vec := make([]float32, g.p.Dim)
	if len(v) != g.p.Dim || !g.p.Metric.prepare(vec, v) {
		return nil, true
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.entry < 0 {
		return nil, true
	}
	s := g.pool.Get().(*scratch)
	defer g.pool.Put(s)
	near := g.searchLevel(s, vec, g.descend(s, vec, 0, max(beam, ef/2)), ef, 0)
	hits = make([]Hit, 0, len(near))
	for _, f := range near {
		sum := hash(g.vector(f.n))
		for _, label := range g.nodes[f.n].labels {
			hits = append(hits, Hit{label, sum})
		}
	}
	return hits, len(near) < ef
}
