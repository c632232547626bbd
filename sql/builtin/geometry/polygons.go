package geometry

import (
	"math"

	"github.com/tarndb/tarn/sql/types/geo"
)

// segments calls f for each edge of a path until it says stop; of a closed one the edge from the last point to the first
// comes first.
func segments(p geo.Path, f func(geo.Lseg) (stop bool)) {
	for i := range p.Points {
		prev := i - 1
		if i == 0 {
			if !p.Closed {
				continue
			}
			prev = len(p.Points) - 1
		}
		if f(geo.Lseg{p.Points[prev], p.Points[i]}) {
			return
		}
	}
}

func outline(g geo.Polygon) geo.Path { return geo.Path{Closed: true, Points: g} }

func (c *shape) pathsMeet(p, q geo.Path) (met bool) {
	if !boxesOverlap(bound(p.Points), bound(q.Points)) {
		return false
	}
	segments(p, func(s geo.Lseg) bool {
		segments(q, func(t geo.Lseg) bool {
			_, met = c.segmentMeets(s, t)
			return met
		})
		return met
	})
	return met
}

// pathDistance: ok is false if one of them has no edge.
func (c *shape) pathDistance(p, q geo.Path) (dist float64, ok bool) {
	segments(p, func(s geo.Lseg) bool {
		segments(q, func(t geo.Lseg) bool {
			if _, d := c.nearestToSegment(s, t); !ok || geo.Less(d, dist) {
				dist, ok = d, true
			}
			return false
		})
		return false
	})
	return dist, ok
}

func (c *shape) pathToPoint(p geo.Path, pt geo.Point) (dist float64) {
	first := true
	segments(p, func(s geo.Lseg) bool {
		if _, d := c.nearestOnSegment(s, pt); first || geo.Less(d, dist) {
			dist, first = d, false
		}
		return false
	})
	return dist
}

func (c *shape) polygonToPoint(g geo.Polygon, pt geo.Point) float64 {
	if c.inside(pt, g) {
		return 0
	}
	_, dist := c.nearestOnSegment(geo.Lseg{g[0], g[len(g)-1]}, pt)
	segments(geo.Path{Points: g}, func(s geo.Lseg) bool {
		if _, d := c.nearestOnSegment(s, pt); geo.Less(d, dist) {
			dist = d
		}
		return false
	})
	return dist
}

func (c *shape) pathHas(p geo.Path, pt geo.Point) bool {
	if p.Closed {
		return c.inside(pt, p.Points)
	}
	a := c.Distance(pt, p.Points[0])
	for i := range len(p.Points) - 1 {
		b := c.Distance(pt, p.Points[i+1])
		if geo.Eq(c.Add(a, b), c.Distance(p.Points[i], p.Points[i+1])) {
			return true
		}
		a = b
	}
	return false
}

const onEdge = math.MaxInt32

// inside reports whether a point is in or on a polygon: its edges cross the ray to the right of the point a number of
// times that is not zero, each with the sign of its direction and half where it ends on the ray.
func (c *shape) inside(p geo.Point, ps []geo.Point) bool {
	first := c.sub(ps[0], p)
	prev, total := first, 0
	step := func(q geo.Point) bool {
		n := c.crossing(q, prev)
		total += n
		prev = q
		return n == onEdge
	}
	for _, q := range ps[1:] {
		if step(c.sub(q, p)) {
			return true
		}
	}
	return step(first) || total != 0
}

// crossing is what the edge from prev to q adds, both relative to the point.
func (c *shape) crossing(q, prev geo.Point) int {
	if geo.Zero(q.Y) {
		switch {
		case geo.Zero(q.X):
			return onEdge
		case geo.Gt(q.X, 0):
			if geo.Zero(prev.Y) {
				return ifelse(geo.Gt(prev.X, 0), 0, onEdge)
			}
			return ifelse(geo.Lt(prev.Y, 0), 1, -1)
		case geo.Zero(prev.Y):
			return ifelse(geo.Lt(prev.X, 0), 0, onEdge)
		}
		return 0
	}
	sign := ifelse(geo.Gt(q.Y, 0), 1, -1)
	switch {
	case geo.Zero(prev.Y):
		return ifelse(geo.Lt(prev.X, 0), 0, sign)
	case sign < 0 && geo.Lt(prev.Y, 0), sign > 0 && geo.Gt(prev.Y, 0):
		return 0
	case geo.Ge(q.X, 0) && geo.Gt(prev.X, 0):
		return 2 * sign
	case geo.Lt(q.X, 0) && geo.Le(prev.X, 0):
		return 0
	}
	z := c.Sub(c.Mul(c.Sub(q.X, prev.X), q.Y), c.Mul(c.Sub(q.Y, prev.Y), q.X))
	switch {
	case geo.Zero(z):
		return onEdge
	case sign < 0 && geo.Lt(z, 0), sign > 0 && geo.Gt(z, 0):
		return 0
	}
	return 2 * sign
}

func ifelse(yes bool, a, b int) int {
	if yes {
		return a
	}
	return b
}

// samePolygon compares points around, from any start and in either direction.
func samePolygon(p, q geo.Polygon) bool {
	n := len(p)
	if n != len(q) {
		return false
	}
	for start := range q {
		if !q[start].Same(p[0]) {
			continue
		}
		for _, dir := range [...]int{1, n - 1} {
			i := 1
			for i < n && q[(start+i*dir)%n].Same(p[i]) {
				i++
			}
			if i == n {
				return true
			}
		}
	}
	return false
}

func (c *shape) polygonsOverlap(g, h geo.Polygon) (met bool) {
	if !boxesOverlap(bound(g), bound(h)) {
		return false
	}
	segments(outline(g), func(s geo.Lseg) bool {
		segments(outline(h), func(t geo.Lseg) bool {
			_, met = c.segmentMeets(s, t)
			return met
		})
		return met
	})
	return met || c.inside(g[0], h) || c.inside(h[0], g)
}

func (c *shape) polygonHas(g, h geo.Polygon) bool {
	if !boxHasBox(bound(g), bound(h)) {
		return false
	}
	all := true
	segments(outline(h), func(s geo.Lseg) bool {
		all = c.segmentInside(s[0], s[1], g, 0)
		return !all
	})
	return all
}

// segmentInside reports whether the segment from a to b lies in a polygon, looking at the polygon's edges from the one
// that ends at point start on. Where an edge crosses it, both parts are looked at.
func (c *shape) segmentInside(a, b geo.Point, g geo.Polygon, start int) bool {
	t := geo.Lseg{a, b}
	s := geo.Lseg{g[(start+len(g)-1)%len(g)]}
	ok, crossed := true, false
	for i := start; i < len(g) && ok; i++ {
		s[1] = g[i]
		if c.segmentHas(s, a) {
			if c.segmentHas(s, b) {
				return true
			}
			ok = c.touchedInside(a, b, s, g, i+1)
		} else if c.segmentHas(s, b) {
			ok = c.touchedInside(b, a, s, g, i+1)
		} else if at, met := c.segmentMeets(t, s); met {
			crossed = true
			ok = c.segmentInside(a, at, g, i+1) && c.segmentInside(b, at, g, i+1)
		}
		s[0] = s[1]
	}
	if ok && !crossed {
		return c.inside(geo.Point{X: c.Div(c.Add(a.X, b.X), 2), Y: c.Div(c.Add(a.Y, b.Y), 2)}, g)
	}
	return ok
}

// touchedInside: a is on the edge s, b is not. An end of s that is on the segment cuts it.
func (c *shape) touchedInside(a, b geo.Point, s geo.Lseg, g geo.Polygon, start int) bool {
	t := geo.Lseg{a, b}
	switch {
	case a.Same(s[0]):
		if c.segmentHas(t, s[1]) {
			return c.segmentInside(b, s[1], g, start)
		}
	case a.Same(s[1]):
		if c.segmentHas(t, s[0]) {
			return c.segmentInside(b, s[0], g, start)
		}
	case c.segmentHas(t, s[0]):
		return c.segmentInside(b, s[0], g, start)
	case c.segmentHas(t, s[1]):
		return c.segmentInside(b, s[1], g, start)
	}
	return true
}

// circleOf has the mean of the points as its center, and their mean distance from it as its radius.
func (c *shape) circleOf(g geo.Polygon) (out geo.Circle) {
	for _, p := range g {
		out.Center = c.add(out.Center, p)
	}
	n := float64(len(g))
	out.Center = geo.Point{X: c.Div(out.Center.X, n), Y: c.Div(out.Center.Y, n)}
	for _, p := range g {
		out.Radius = c.Add(out.Radius, c.Distance(p, out.Center))
	}
	out.Radius = c.Div(out.Radius, n)
	return out
}

func (c *shape) circleArea(o geo.Circle) float64 { return c.Mul(c.Mul(o.Radius, o.Radius), math.Pi) }
