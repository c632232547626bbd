package textsearch

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/libm"
	"github.com/tarndb/tarn/sql/types/tsearch"
)

// Normalization bits of ts_rank and ts_rank_cd (manual: 12.3.3).
const (
	normLogLength = 1 << iota
	normLength
	normExtDist
	normUnique
	normLogUnique
	normSelf
)

// weights are those of D, C, B and A.
type weights [4]float32

var defaultWeights = weights{0.1, 0.2, 0.4, 1}

func wordDistance(w int) float32 {
	if w > 100 {
		return 1e-30
	}
	return float32(1 / (1.005 + float64(0.05*libm.Exp(float64(float32(w))/1.5-2))))
}

// length counts positions; a lexeme without any counts once.
func length(v tsearch.Vector) int {
	n := 0
	for _, l := range v {
		n += max(1, len(l.Pos))
	}
	return n
}

// operands are a query's words in byte order, each once.
func operands(q tsearch.Query) []*tsearch.Node {
	var out []*tsearch.Node
	q.Words(func(n *tsearch.Node) { out = append(out, n) })
	slices.Reverse(out) // the order of the binary format, of which the first of equal words stays
	slices.SortStableFunc(out, func(a, b *tsearch.Node) int { return strings.Compare(a.Word, b.Word) })
	return slices.CompactFunc(out, func(a, b *tsearch.Node) bool { return a.Word == b.Word })
}

// entries are the lexemes that an operand matches.
func entries(v tsearch.Vector, n *tsearch.Node) []tsearch.Lexeme {
	from, found := v.Find(n.Word)
	if !n.Prefix {
		if !found {
			return nil
		}
		return v[from : from+1]
	}
	to := from
	for to < len(v) && strings.HasPrefix(v[to].Word, n.Word) {
		to++
	}
	return v[from:to]
}

// nowhere stands for the positions of a lexeme without any.
var nowhere = []tsearch.Pos{{At: tsearch.MaxPosition}}

func rankAnd(w weights, v tsearch.Vector, q tsearch.Query) float32 {
	ops := operands(q)
	if len(ops) < 2 {
		return rankOr(w, v, q)
	}
	res := float32(-1)
	pos := make([][]tsearch.Pos, len(ops))
	without := make([]bool, len(ops))
	for i, op := range ops {
		for _, l := range entries(v, op) {
			pos[i], without[i] = l.Pos, len(l.Pos) == 0
			if without[i] {
				pos[i] = nowhere
			}
			for k := range i {
				for _, a := range pos[i] {
					for _, b := range pos[k] {
						dist := int(a.At) - int(b.At)
						if dist < 0 {
							dist = -dist
						}
						if dist == 0 && !without[i] && !without[k] {
							continue
						}
						if dist == 0 {
							dist = tsearch.MaxPosition + 1
						}
						product := float32(w[a.Weight]*w[b.Weight]) * wordDistance(dist)
						cur := float32(math.Sqrt(float64(product)))
						if res < 0 {
							res = cur
						} else {
							res = float32(1 - (1-float64(res))*(1-float64(cur)))
						}
					}
				}
			}
		}
	}
	return res
}

func rankOr(w weights, v tsearch.Vector, q tsearch.Query) float32 {
	ops := operands(q)
	res := float32(0)
	for _, op := range ops {
		for _, l := range entries(v, op) {
			pos := l.Pos
			if len(pos) == 0 {
				pos = []tsearch.Pos{{}}
			}
			sum, best, at := float32(0), float32(-1), 0
			for j, p := range pos {
				sum += w[p.Weight] / float32((j+1)*(j+1))
				if w[p.Weight] > best {
					best, at = w[p.Weight], j
				}
			}
			share := best + sum - best/float32((at+1)*(at+1))
			res = float32(float64(res) + float64(share)/1.64493406685)
		}
	}
	if len(ops) > 0 {
		res /= float32(len(ops))
	}
	return res
}

func rank(w weights, v tsearch.Vector, q tsearch.Query, method int) float32 {
	if len(v) == 0 || q == nil {
		return 0
	}
	var res float32
	if q.Op == tsearch.OpAnd || q.Op == tsearch.OpPhrase {
		res = rankAnd(w, v, q)
	} else {
		res = rankOr(w, v, q)
	}
	if res < 0 {
		res = 1e-20
	}
	by := func(d float64) { res = float32(float64(res) / d) }
	if method&normLogLength != 0 {
		by(libm.Log(float64(length(v)+1)) / libm.Log(2))
	}
	if method&normLength != 0 {
		res /= float32(length(v))
	}
	if method&normUnique != 0 {
		res /= float32(len(v))
	}
	if method&normLogUnique != 0 {
		by(libm.Log(float64(len(v)+1)) / libm.Log(2))
	}
	if method&normSelf != 0 {
		res /= res + 1
	}
	return res
}

// docWord is a place of the document that query operands match.
type docWord struct {
	pos   tsearch.Pos
	entry string
	nodes []*tsearch.Node
}

func document(v tsearch.Vector, q tsearch.Query) []docWord {
	var all []docWord
	var ops []*tsearch.Node
	q.Words(func(n *tsearch.Node) { ops = append(ops, n) })
	for i := range ops {
		op := ops[len(ops)-1-i]
		for _, l := range entries(v, op) {
			for _, p := range l.Pos {
				if op.Weight == 0 || op.Weight&(1<<p.Weight) != 0 {
					all = append(all, docWord{pos: p, entry: l.Word, nodes: []*tsearch.Node{op}})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b docWord) int {
		return cmp.Or(cmp.Compare(a.pos.At, b.pos.At), cmp.Compare(a.pos.Weight, b.pos.Weight), strings.Compare(a.entry, b.entry))
	})
	out := all[:0]
	for _, w := range all {
		if n := len(out); n > 0 && out[n-1].pos == w.pos && out[n-1].entry == w.entry {
			out[n-1].nodes = append(out[n-1].nodes, w.nodes...)
			continue
		}
		out = append(out, w)
	}
	return out
}

// window collects where operands stand in a part of the document that grows to one side.
type window struct {
	pos     map[*tsearch.Node][]int
	reverse bool
}

func (w *window) add(d docWord) {
	at := int(d.pos.At)
	for _, n := range d.nodes {
		ps, seen := w.pos[n]
		if !seen || ps[len(ps)-1] != at {
			w.pos[n] = append(ps, at)
		}
	}
}

func (w *window) find(n *tsearch.Node, positions bool) (answer, []int) {
	ps, ok := w.pos[n]
	if !ok {
		return no, nil
	}
	if positions && w.reverse {
		ps = slices.Clone(ps)
		slices.Reverse(ps)
	}
	return yes, ps
}

// cover is a shortest part of the document that the query matches: words begin to end, positions p to q.
type cover struct{ begin, end, p, q int }

// nextCover finds the first cover that ends first, from word from on; next is where to go on.
func nextCover(doc []docWord, q tsearch.Query, from int) (c cover, next int, ok bool) {
	for ; ; from++ {
		w := &window{pos: map[*tsearch.Node][]int{}}
		end := -1
		for i := from; i < len(doc); i++ {
			if w.add(doc[i]); matches(q, w.find) {
				if doc[i].pos.At > 0 {
					end = i
				}
				break
			}
		}
		if end < 0 {
			return c, 0, false
		}
		w = &window{pos: map[*tsearch.Node][]int{}, reverse: true}
		begin := end
		for ; begin >= from; begin-- {
			if w.add(doc[begin]); matches(q, w.find) {
				return cover{begin, end, int(doc[begin].pos.At), int(doc[end].pos.At)}, begin + 1, true
			}
		}
	}
}

func rankCovers(w weights, v tsearch.Vector, q tsearch.Query, method int) float32 {
	doc := document(v, q)
	if len(doc) == 0 {
		return 0
	}
	var inverse [4]float64
	for i := range inverse {
		inverse[i] = 1 / float64(w[i])
	}
	sum, distances, prev := 0.0, 0.0, 0.0
	covers := 0
	for c, next, ok := nextCover(doc, q, 0); ok; c, next, ok = nextCover(doc, q, next) {
		inv := 0.0
		for _, d := range doc[c.begin : c.end+1] {
			inv += inverse[d.pos.Weight]
		}
		noise := c.q - c.p - (c.end - c.begin)
		if noise < 0 {
			noise = (c.end - c.begin) / 2
		}
		sum += float64(c.end-c.begin+1) / inv / float64(1+noise)
		middle := float64(c.q+c.p) / 2
		if covers > 0 && middle > prev {
			distances += 1 / (middle - prev)
		}
		prev = middle
		covers++
	}
	if method&normLogLength != 0 && len(v) > 0 {
		sum /= libm.Log(float64(length(v) + 1))
	}
	if method&normLength != 0 && len(v) > 0 {
		sum /= float64(length(v))
	}
	if method&normExtDist != 0 && covers > 0 && distances > 0 {
		sum /= float64(covers) / distances
	}
	if method&normUnique != 0 && len(v) > 0 {
		sum /= float64(len(v))
	}
	if method&normLogUnique != 0 && len(v) > 0 {
		sum /= libm.Log(float64(len(v)+1)) / libm.Log(2)
	}
	if method&normSelf != 0 {
		sum /= sum + 1
	}
	return float32(sum)
}
