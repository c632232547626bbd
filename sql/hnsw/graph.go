package hnsw

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// The options of an index that gives none.
const (
	DefaultM              = 16
	DefaultEfConstruction = 64
)

// The bounds of the options.
const (
	MinM, MaxM                           = 2, 100
	MinEfConstruction, MaxEfConstruction = 4, 1000
)

// Breadth is how many candidates a search keeps for each one of hnsw.ef_search. With 40 candidates the graph of 10,000 vectors of 64
// dimensions without structure finds three of four neighbours, with 160 it finds 96 of 100; in memory they cost little.
const Breadth = 4

// Params are an index's options.
type Params struct {
	Dim    int
	M      int // links of a node on each level; twice as many on level 0
	EfCons int // candidates that an insert looks at
	Metric Metric
}

// Graph is safe for use by many goroutines; one inserts at a time.
type Graph struct {
	p  Params
	ml float64 // levels are geometric with this factor

	mu      sync.RWMutex // protects what follows
	chunks  [][]float32  // vectors, chunkNodes in each
	nodes   []node
	entry   int32            // -1: the graph is empty
	same    map[uint64]int32 // by the hash of a vector: the node that has it, or had one of the same hash first
	count   int              // labels
	labels  int64            // bytes of all labels
	links   int64            // room for links, in all
	rng     *rand.Rand
	scratch scratch // the writer's

	pool sync.Pool // *scratch of searches
}

// node is one vector; rows with equal vectors share it, since links between equals lead nowhere.
type node struct {
	labels []string
	links  [][]int32 // by level
}

const chunkNodes = 256

// New makes an empty graph.
func New(p Params) *Graph {
	return &Graph{p: p, ml: 1 / math.Log(float64(max(p.M, 2))), entry: -1, same: map[uint64]int32{}, rng: rand.New(rand.NewPCG(1, uint64(p.Dim))),
		pool: sync.Pool{New: func() any { return &scratch{} }}}
}

// Len is the number of labels.
func (g *Graph) Len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.count
}

// Bytes is about how much memory the graph takes.
func (g *Graph) Bytes() int64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return int64(len(g.chunks))*chunkNodes*4*int64(g.p.Dim) + int64(cap(g.nodes))*80 + int64(g.count)*16 + g.labels + 4*g.links
}

func (g *Graph) vector(n int32) []float32 {
	at := int(n) % chunkNodes * g.p.Dim
	return g.chunks[n/chunkNodes][at : at+g.p.Dim]
}

func (g *Graph) maxLinks(level int) int {
	if level == 0 {
		return 2 * g.p.M
	}
	return g.p.M
}

// Insert adds a vector. One of another length, or that the metric has no distance for, is left out.
func (g *Graph) Insert(label string, v []float32) {
	if len(v) != g.p.Dim {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n := int32(len(g.nodes))
	if int(n)%chunkNodes == 0 && int(n)/chunkNodes == len(g.chunks) {
		g.chunks = append(g.chunks, make([]float32, chunkNodes*g.p.Dim))
	}
	vec := g.vector(n)
	if !g.p.Metric.prepare(vec, v) {
		return
	}
	g.count++
	g.labels += int64(len(label))
	h := hash(vec)
	if old, ok := g.same[h]; !ok {
		g.same[h] = n
	} else if slices.Equal(g.vector(old), vec) {
		g.nodes[old].labels = append(g.nodes[old].labels, label)
		return
	}
	level := int(-math.Log(1-g.rng.Float64()) * g.ml)
	links := make([][]int32, level+1)
	for l := range links {
		links[l] = make([]int32, 0, g.maxLinks(l)+1)
		g.links += int64(cap(links[l]))
	}
	g.nodes = append(g.nodes, node{labels: []string{label}, links: links})
	if g.entry < 0 {
		g.entry = n
		return
	}
	top := len(g.nodes[g.entry].links) - 1
	s := &g.scratch
	near := g.descend(s, vec, level, beam)
	for l := min(level, top); l >= 0; l-- {
		near = g.searchLevel(s, vec, near, max(g.p.EfCons, 1), l)
		g.connect(n, near, l)
	}
	if level > top {
		g.entry = n
	}
}

// beam is how many nodes an insert keeps on the levels above its own: vectors that stand in clusters are linked with those of other clusters
// there alone, and a walk of one node would stay in the cluster that it comes to first. A search keeps half of its candidates.
const beam = 32

// descend walks from the entry to the nearest nodes of the level above the given one.
func (g *Graph) descend(s *scratch, vec []float32, to, width int) []found {
	near := []found{{g.entry, g.p.Metric.distance(vec, g.vector(g.entry))}}
	for l := len(g.nodes[g.entry].links) - 1; l > to; l-- {
		near = g.searchLevel(s, vec, near, width, l)
	}
	return near
}

// connect links a new node with the best of its near ones, both ways.
func (g *Graph) connect(n int32, near []found, level int) {
	for _, f := range g.choose(near, g.p.M) {
		g.nodes[n].links[level] = append(g.nodes[n].links[level], f.n)
		g.linkBack(f, n, level)
	}
}

// linkBack gives an older node a link to the new one; a node with too many keeps the best.
func (g *Graph) linkBack(f found, n int32, level int) {
	l := append(g.nodes[f.n].links[level], n)
	if len(l) > g.maxLinks(level) {
		own := g.vector(f.n)
		all := make([]found, len(l))
		for i, nb := range l {
			all[i] = found{nb, g.p.Metric.distance(own, g.vector(nb))}
		}
		slices.SortFunc(all, nearer)
		l = l[:0]
		for _, k := range g.choose(all, g.maxLinks(level)) {
			l = append(l, k.n)
		}
	}
	g.nodes[f.n].links[level] = l
}

// choose takes up to m of the candidates, nearest first: one that is nearer to a node taken before than to the centre can be reached
// through that one and comes only if there is room left.
func (g *Graph) choose(candidates []found, m int) []found {
	if len(candidates) <= m {
		return candidates
	}
	taken, rest := make([]found, 0, m), make([]found, 0, len(candidates))
	for _, c := range candidates {
		if len(taken) == m {
			return taken
		}
		v := g.vector(c.n)
		if slices.ContainsFunc(taken, func(t found) bool { return g.p.Metric.distance(v, g.vector(t.n)) < c.d }) {
			rest = append(rest, c)
		} else {
			taken = append(taken, c)
		}
	}
	return append(taken, rest[:min(len(rest), m-len(taken))]...)
}

func hash(v []float32) uint64 {
	h := uint64(len(v))
	for _, f := range v {
		h = (h ^ uint64(math.Float32bits(f+0))) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}
