package geometry

import (
	"math"

	"github.com/tarndb/tarn/sql/types/geo"
)

// shape is the arithmetic of one call: distances, intersections and nearest points of lines, segments and boxes.
type shape struct{ geo.Calc }

func (c *shape) add(p, q geo.Point) geo.Point {
	return geo.Point{X: c.Add(p.X, q.X), Y: c.Add(p.Y, q.Y)}
}
func (c *shape) sub(p, q geo.Point) geo.Point {
	return geo.Point{X: c.Sub(p.X, q.X), Y: c.Sub(p.Y, q.Y)}
}

// mul and div turn and scale, as with complex numbers.
func (c *shape) mul(p, q geo.Point) geo.Point {
	return geo.Point{X: c.Sub(c.Mul(p.X, q.X), c.Mul(p.Y, q.Y)), Y: c.Add(c.Mul(p.X, q.Y), c.Mul(p.Y, q.X))}
}

func (c *shape) div(p, q geo.Point) geo.Point {
	d := c.Add(c.Mul(q.X, q.X), c.Mul(q.Y, q.Y))
	return geo.Point{X: c.Div(c.Add(c.Mul(p.X, q.X), c.Mul(p.Y, q.Y)), d), Y: c.Div(c.Sub(c.Mul(p.Y, q.X), c.Mul(p.X, q.Y)), d)}
}

// inverseSlope is the slope of what stands upright on the segment from p to q.
func (c *shape) inverseSlope(p, q geo.Point) float64 {
	switch {
	case geo.Eq(p.X, q.X):
		return 0
	case geo.Eq(p.Y, q.Y):
		return math.Inf(1)
	}
	return c.Div(c.Sub(p.X, q.X), c.Sub(q.Y, p.Y))
}

func (c *shape) lineSlope(l geo.Line) float64 {
	switch {
	case geo.Zero(l.A):
		return 0
	case geo.Zero(l.B):
		return math.Inf(1)
	}
	return c.Div(l.A, -l.B)
}

func (c *shape) lineInverseSlope(l geo.Line) float64 {
	switch {
	case geo.Zero(l.A):
		return math.Inf(1)
	case geo.Zero(l.B):
		return 0
	}
	return c.Div(l.B, l.A)
}

func (c *shape) segmentSlope(s geo.Lseg) float64 { return c.Slope(s[0], s[1]) }

// lineMeetsLine is where two lines cross; ok is false for parallel ones.
func (c *shape) lineMeetsLine(l, m geo.Line) (p geo.Point, ok bool) {
	switch {
	case !geo.Zero(l.B):
		if geo.Eq(m.A, c.Mul(l.A, c.Div(m.B, l.B))) {
			return p, false
		}
		p.X = c.Div(c.Sub(c.Mul(l.B, m.C), c.Mul(m.B, l.C)), c.Sub(c.Mul(l.A, m.B), c.Mul(m.A, l.B)))
		p.Y = c.Div(-c.Add(c.Mul(l.A, p.X), l.C), l.B)
	case !geo.Zero(m.B):
		if geo.Eq(l.A, c.Mul(m.A, c.Div(l.B, m.B))) {
			return p, false
		}
		p.X = c.Div(c.Sub(c.Mul(m.B, l.C), c.Mul(l.B, m.C)), c.Sub(c.Mul(m.A, l.B), c.Mul(l.A, m.B)))
		p.Y = c.Div(-c.Add(c.Mul(m.A, p.X), m.C), m.B)
	default:
		return p, false
	}
	return geo.Point{X: p.X + 0, Y: p.Y + 0}, true // not -0
}

func (c *shape) lineHas(l geo.Line, p geo.Point) bool {
	return geo.Zero(c.Add(c.Add(c.Mul(l.A, p.X), c.Mul(l.B, p.Y)), l.C))
}

func (c *shape) segmentHas(s geo.Lseg, p geo.Point) bool {
	return geo.Eq(c.Distance(p, s[0])+c.Distance(p, s[1]), c.Distance(s[0], s[1]))
}

// segmentMeetsLine gives an end of the segment as it stands where that is the place.
func (c *shape) segmentMeetsLine(s geo.Lseg, l geo.Line) (geo.Point, bool) {
	p, ok := c.lineMeetsLine(c.LineThrough(s[0], c.segmentSlope(s)), l)
	switch {
	case !ok || !c.segmentHas(s, p):
		return p, false
	case s[0].Same(p):
		return s[0], true
	case s[1].Same(p):
		return s[1], true
	}
	return p, true
}

func (c *shape) segmentMeets(s, t geo.Lseg) (geo.Point, bool) {
	p, ok := c.segmentMeetsLine(s, c.LineThrough(t[0], c.segmentSlope(t)))
	return p, ok && c.segmentHas(t, p)
}

// The nearest functions give the nearest point of the first shape to the second, and how far it is: NaN if there is none.

func (c *shape) nearestOnLine(l geo.Line, p geo.Point) (geo.Point, float64) {
	at, ok := c.lineMeetsLine(c.LineThrough(p, c.lineInverseSlope(l)), l)
	if !ok {
		return p, math.NaN()
	}
	return at, c.Distance(at, p)
}

func (c *shape) nearestToLine(s geo.Lseg, l geo.Line) (geo.Point, float64) {
	if p, ok := c.segmentMeetsLine(s, l); ok {
		return p, 0
	}
	_, d0 := c.nearestOnLine(l, s[0])
	_, d1 := c.nearestOnLine(l, s[1])
	if d0 < d1 {
		return s[0], d0
	}
	return s[1], d1
}

func (c *shape) nearestOnSegment(s geo.Lseg, p geo.Point) (geo.Point, float64) {
	at, _ := c.nearestToLine(s, c.LineThrough(p, c.inverseSlope(s[0], s[1])))
	return at, c.Distance(at, p)
}

func (c *shape) nearestToSegment(on, to geo.Lseg) (geo.Point, float64) {
	if p, ok := c.segmentMeets(on, to); ok {
		return p, 0
	}
	at, dist := c.nearestOnSegment(on, to[0])
	if p, d := c.nearestOnSegment(on, to[1]); geo.Less(d, dist) {
		at, dist = p, d
	}
	for _, end := range on {
		if _, d := c.nearestOnSegment(to, end); geo.Less(d, dist) {
			at, dist = end, d
		}
	}
	return at, dist
}

func boxHas(b geo.Box, p geo.Point) bool {
	return b.High.X >= p.X && b.Low.X <= p.X && b.High.Y >= p.Y && b.Low.Y <= p.Y
}

func boxesOverlap(a, b geo.Box) bool {
	return geo.Le(a.Low.X, b.High.X) && geo.Le(b.Low.X, a.High.X) && geo.Le(a.Low.Y, b.High.Y) && geo.Le(b.Low.Y, a.High.Y)
}

func boxHasBox(a, b geo.Box) bool {
	return geo.Ge(a.High.X, b.High.X) && geo.Le(a.Low.X, b.Low.X) && geo.Ge(a.High.Y, b.High.Y) && geo.Le(a.Low.Y, b.Low.Y)
}

// edges are a box's sides in the order in which PostgreSQL looks at them.
func edges(b geo.Box) [4]geo.Lseg {
	left, right := geo.Point{X: b.Low.X, Y: b.High.Y}, geo.Point{X: b.High.X, Y: b.Low.Y}
	return [4]geo.Lseg{{b.Low, left}, {b.High, left}, {b.Low, right}, {b.High, right}}
}

func (c *shape) boxCenter(b geo.Box) geo.Point {
	return geo.Point{X: c.Div(c.Add(b.High.X, b.Low.X), 2), Y: c.Div(c.Add(b.High.Y, b.Low.Y), 2)}
}

func (c *shape) boxArea(b geo.Box) float64 {
	return c.Mul(c.Sub(b.High.X, b.Low.X), c.Sub(b.High.Y, b.Low.Y))
}

func (c *shape) nearestOnBox(b geo.Box, p geo.Point) (geo.Point, float64) {
	if boxHas(b, p) {
		return p, 0
	}
	return c.nearestEdge(b, func(s geo.Lseg) (geo.Point, float64) { return c.nearestOnSegment(s, p) })
}

func (c *shape) nearestEdge(b geo.Box, to func(geo.Lseg) (geo.Point, float64)) (at geo.Point, dist float64) {
	for i, s := range edges(b) {
		if p, d := to(s); i == 0 || geo.Less(d, dist) {
			at, dist = p, d
		}
	}
	return at, dist
}

func (c *shape) boxMeetsSegment(b geo.Box, s geo.Lseg) bool {
	if !boxesOverlap(bound(s[:]), b) {
		return false
	}
	if boxHas(b, s[0]) || boxHas(b, s[1]) {
		return true
	}
	for _, e := range edges(b) {
		if _, ok := c.segmentMeets(e, s); ok {
			return true
		}
	}
	return false
}

func (c *shape) boxToSegment(b geo.Box, s geo.Lseg) float64 {
	if c.boxMeetsSegment(b, s) {
		return 0
	}
	_, d := c.nearestEdge(b, func(e geo.Lseg) (geo.Point, float64) { return c.nearestToSegment(e, s) })
	return d
}

func (c *shape) nearestBoxToSegment(b geo.Box, s geo.Lseg) (geo.Point, float64) {
	if c.boxMeetsSegment(b, s) {
		p, _ := c.nearestOnSegment(s, c.boxCenter(b))
		return p, 0
	}
	return c.nearestEdge(b, func(e geo.Lseg) (geo.Point, float64) { return c.nearestToSegment(e, s) })
}

// bound is the smallest box around points.
func bound(ps []geo.Point) geo.Box {
	b := geo.Box{High: ps[0], Low: ps[0]}
	for _, p := range ps[1:] {
		b.High = geo.Point{X: larger(b.High.X, p.X), Y: larger(b.High.Y, p.Y)}
		b.Low = geo.Point{X: smaller(b.Low.X, p.X), Y: smaller(b.Low.Y, p.Y)}
	}
	return b
}

// boxBetween is geo.MakeBox for computed corners: of equal numbers, which may be 0 and -0, q's goes up.
func boxBetween(p, q geo.Point) geo.Box { return geo.MakeBox(q, p) }

func larger(a, b float64) float64 {
	if geo.Less(a, b) {
		return b
	}
	return a
}

func smaller(a, b float64) float64 {
	if geo.Less(b, a) {
		return b
	}
	return a
}
