package geometry

import (
	"math"
	"slices"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/libm"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/geo"
	"github.com/tarndb/tarn/storage/tuple"
)

// Family is what this package implements.
func Family() call.Family {
	return call.Family{
		Fns: call.Union(pointFns(), lineFns(), boxFns(), pathFns(), polygonFns(), circleFns(), distanceFns()),
		ByOID: map[types.OID]call.Fn{
			1426: two(path, point, func(c *shape, p geo.Path, pt geo.Point) types.Datum { return yes(c.pathHas(p, pt)) }),
			1544: one(circle, func(c *shape, o geo.Circle) types.Datum { return c.circlePolygon(12, o) }),
		},
	}
}

// The readers of arguments.
func point(d types.Datum) geo.Point     { return geo.PointOf(d.Bytes()) }
func line(d types.Datum) geo.Line       { return geo.LineOf(d.Bytes()) }
func lseg(d types.Datum) geo.Lseg       { return geo.LsegOf(d.Bytes()) }
func box(d types.Datum) geo.Box         { return geo.BoxOf(d.Bytes()) }
func path(d types.Datum) geo.Path       { return geo.PathOf(d.Bytes()) }
func polygon(d types.Datum) geo.Polygon { return geo.PolygonOf(d.Bytes()) }
func circle(d types.Datum) geo.Circle   { return geo.CircleOf(d.Bytes()) }
func number(d types.Datum) float64      { return d.Float() }
func integer(d types.Datum) int         { return int(d.Int()) }

// The writers of results.
func yes(v bool) types.Datum                        { return tuple.Bool(v) }
func float(v float64) types.Datum                   { return tuple.Float(v) }
func pack(v interface{ Pack() []byte }) types.Datum { return tuple.Bytes(v.Pack()) }

// one and two make a function of what reads its arguments and what computes the result.
func one[A any](read func(types.Datum) A, f func(*shape, A) types.Datum) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		var c shape
		d := f(&c, read(a[0]))
		return c.result(d)
	}
}

func two[A, B any](left func(types.Datum) A, right func(types.Datum) B, f func(*shape, A, B) types.Datum) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		var c shape
		d := f(&c, left(a[0]), right(a[1]))
		return c.result(d)
	}
}

func (c *shape) result(d types.Datum) (types.Datum, error) {
	if c.Err != nil {
		return types.Null, c.Err
	}
	return d, nil
}

// test is two for operators without arithmetic.
func test[A any](read func(types.Datum) A, f func(a, b A) bool) call.Fn {
	return two(read, read, func(_ *shape, a, b A) types.Datum { return yes(f(a, b)) })
}

// compared makes the comparison operators of a type that orders by a measure.
func compared[A any](prefix string, read func(types.Datum) A, measure func(*shape, A) float64) call.Fns {
	out := call.Fns{}
	for name, rel := range map[string]func(a, b float64) bool{"eq": geo.Eq, "ne": geo.Ne, "lt": geo.Lt, "le": geo.Le, "gt": geo.Gt, "ge": geo.Ge} {
		out[prefix+name] = two(read, read, func(c *shape, a, b A) types.Datum { return yes(rel(measure(c, a), measure(c, b))) })
	}
	return out
}

// extent is a shape's reach in one direction.
type extent struct{ low, high float64 }

// sides makes the eight operators that say on which side of another a shape is.
func sides[A any](prefix string, read func(types.Datum) A, x, y func(*shape, A) extent, lt, le func(a, b float64) bool) call.Fns {
	out := call.Fns{}
	for _, axis := range [...]struct {
		of                   func(*shape, A) extent
		less, more, over, up string
	}{{x, "left", "right", "overleft", "overright"}, {y, "below", "above", "overbelow", "overabove"}} {
		rel := func(f func(a, b extent) bool) call.Fn {
			return two(read, read, func(c *shape, a, b A) types.Datum { return yes(f(axis.of(c, a), axis.of(c, b))) })
		}
		out[prefix+axis.less] = rel(func(a, b extent) bool { return lt(a.high, b.low) })
		out[prefix+axis.more] = rel(func(a, b extent) bool { return lt(b.high, a.low) })
		out[prefix+axis.over] = rel(func(a, b extent) bool { return le(a.high, b.high) })
		out[prefix+axis.up] = rel(func(a, b extent) bool { return le(b.low, a.low) })
	}
	return out
}

func pointFns() call.Fns {
	move := func(f func(*shape, geo.Point, geo.Point) geo.Point) call.Fn {
		return two(point, point, func(c *shape, p, q geo.Point) types.Datum { return pack(f(c, p, q)) })
	}
	return call.Fns{
		"construct_point": two(number, number, func(_ *shape, x, y float64) types.Datum { return pack(geo.Point{X: x, Y: y}) }),
		"point_eq":        test(point, geo.Point.Same),
		"point_ne":        test(point, func(p, q geo.Point) bool { return !p.Same(q) }),
		"point_left":      test(point, func(p, q geo.Point) bool { return geo.Lt(p.X, q.X) }),
		"point_right":     test(point, func(p, q geo.Point) bool { return geo.Gt(p.X, q.X) }),
		"point_above":     test(point, func(p, q geo.Point) bool { return geo.Gt(p.Y, q.Y) }),
		"point_below":     test(point, func(p, q geo.Point) bool { return geo.Lt(p.Y, q.Y) }),
		"point_vert":      test(point, func(p, q geo.Point) bool { return geo.Eq(p.X, q.X) }),
		"point_horiz":     test(point, func(p, q geo.Point) bool { return geo.Eq(p.Y, q.Y) }),
		"point_slope":     two(point, point, func(c *shape, p, q geo.Point) types.Datum { return float(c.Slope(p, q)) }),
		"point_distance":  two(point, point, func(c *shape, p, q geo.Point) types.Datum { return float(c.Distance(p, q)) }),
		"point_add":       move((*shape).add), "point_sub": move((*shape).sub),
		"point_mul": move((*shape).mul), "point_div": move((*shape).div),
		"point_box":  one(point, func(_ *shape, p geo.Point) types.Datum { return pack(geo.Box{High: p, Low: p}) }),
		"points_box": two(point, point, func(_ *shape, p, q geo.Point) types.Datum { return pack(boxBetween(p, q)) }),
	}
}

func sameLine(c *shape, l, m geo.Line) bool {
	for _, f := range [...]float64{l.A, l.B, l.C, m.A, m.B, m.C} {
		if f != f {
			same := func(a, b float64) bool { return !geo.Less(a, b) && !geo.Less(b, a) }
			return same(l.A, m.A) && same(l.B, m.B) && same(l.C, m.C)
		}
	}
	ratio := 1.0
	switch {
	case !geo.Zero(m.A):
		ratio = c.Div(l.A, m.A)
	case !geo.Zero(m.B):
		ratio = c.Div(l.B, m.B)
	case !geo.Zero(m.C):
		ratio = c.Div(l.C, m.C)
	}
	return geo.Eq(l.A, c.Mul(ratio, m.A)) && geo.Eq(l.B, c.Mul(ratio, m.B)) && geo.Eq(l.C, c.Mul(ratio, m.C))
}

func upright(c *shape, l, m geo.Line) bool {
	switch {
	case geo.Zero(l.A):
		return geo.Zero(m.B)
	case geo.Zero(m.A):
		return geo.Zero(l.B)
	case geo.Zero(l.B):
		return geo.Zero(m.A)
	case geo.Zero(m.B):
		return geo.Zero(l.A)
	}
	return geo.Eq(c.Div(c.Mul(l.A, m.A), c.Mul(l.B, m.B)), -1)
}

func (c *shape) lineDistance(l, m geo.Line) float64 {
	if _, ok := c.lineMeetsLine(l, m); ok {
		return 0
	}
	usable := func(a, b float64) bool { return !geo.Zero(a) && a == a && !geo.Zero(b) && b == b }
	ratio := 1.0
	switch {
	case usable(l.A, m.A):
		ratio = c.Div(l.A, m.A)
	case usable(l.B, m.B):
		ratio = c.Div(l.B, m.B)
	}
	return c.Div(math.Abs(c.Sub(l.C, c.Mul(ratio, m.C))), c.Hypot(l.A, l.B))
}

// maybe is NULL where ok is false.
func maybe(p geo.Point, ok bool) types.Datum {
	if !ok {
		return types.Null
	}
	return pack(p)
}

func lineFns() call.Fns {
	lines := func(f func(c *shape, l, m geo.Line) types.Datum) call.Fn { return two(line, line, f) }
	segs := func(f func(c *shape, s, t geo.Lseg) types.Datum) call.Fn { return two(lseg, lseg, f) }
	sameSegment := func(s, t geo.Lseg) bool { return s[0].Same(t[0]) && s[1].Same(t[1]) }
	out := compared("lseg_", lseg, func(c *shape, s geo.Lseg) float64 { return c.Distance(s[0], s[1]) })
	return call.Union(out, call.Fns{
		"line_construct_pp": two(point, point, func(c *shape, p, q geo.Point) types.Datum {
			if p.Same(q) {
				c.Err = pgerr.New(pgerr.InvalidParameterValue, "invalid line specification: must be two distinct points")
				return types.Null
			}
			return pack(c.LineThrough(p, c.Slope(p, q)))
		}),
		"line_eq":         lines(func(c *shape, l, m geo.Line) types.Datum { return yes(sameLine(c, l, m)) }),
		"line_perp":       lines(func(c *shape, l, m geo.Line) types.Datum { return yes(upright(c, l, m)) }),
		"line_distance":   lines(func(c *shape, l, m geo.Line) types.Datum { return float(c.lineDistance(l, m)) }),
		"line_interpt":    lines(func(c *shape, l, m geo.Line) types.Datum { return maybe(c.lineMeetsLine(l, m)) }),
		"line_intersect":  lines(func(c *shape, l, m geo.Line) types.Datum { _, ok := c.lineMeetsLine(l, m); return yes(ok) }),
		"line_parallel":   lines(func(c *shape, l, m geo.Line) types.Datum { _, ok := c.lineMeetsLine(l, m); return yes(!ok) }),
		"line_vertical":   one(line, func(_ *shape, l geo.Line) types.Datum { return yes(geo.Zero(l.B)) }),
		"line_horizontal": one(line, func(_ *shape, l geo.Line) types.Datum { return yes(geo.Zero(l.A)) }),
		"lseg_construct":  two(point, point, func(_ *shape, p, q geo.Point) types.Datum { return pack(geo.Lseg{p, q}) }),
		"lseg_eq":         test(lseg, sameSegment),
		"lseg_ne":         test(lseg, func(s, t geo.Lseg) bool { return !sameSegment(s, t) }),
		"lseg_length":     one(lseg, func(c *shape, s geo.Lseg) types.Datum { return float(c.Distance(s[0], s[1])) }),
		"lseg_center": one(lseg, func(c *shape, s geo.Lseg) types.Datum {
			return pack(geo.Point{X: c.Div(c.Add(s[0].X, s[1].X), 2), Y: c.Div(c.Add(s[0].Y, s[1].Y), 2)})
		}),
		"lseg_vertical":   one(lseg, func(_ *shape, s geo.Lseg) types.Datum { return yes(geo.Eq(s[0].X, s[1].X)) }),
		"lseg_horizontal": one(lseg, func(_ *shape, s geo.Lseg) types.Datum { return yes(geo.Eq(s[0].Y, s[1].Y)) }),
		"lseg_intersect":  segs(func(c *shape, s, t geo.Lseg) types.Datum { _, ok := c.segmentMeets(s, t); return yes(ok) }),
		"lseg_interpt":    segs(func(c *shape, s, t geo.Lseg) types.Datum { return maybe(c.segmentMeets(s, t)) }),
		"lseg_parallel":   segs(func(c *shape, s, t geo.Lseg) types.Datum { return yes(geo.Eq(c.segmentSlope(s), c.segmentSlope(t))) }),
		"lseg_perp": segs(func(c *shape, s, t geo.Lseg) types.Datum {
			return yes(geo.Eq(c.segmentSlope(s), c.inverseSlope(t[0], t[1])))
		}),
	})
}

func boxFns() call.Fns {
	move := func(f func(*shape, geo.Point, geo.Point) geo.Point, sort bool) call.Fn {
		return two(box, point, func(c *shape, b geo.Box, p geo.Point) types.Datum {
			moved := geo.Box{High: f(c, b.High, p), Low: f(c, b.Low, p)}
			if sort {
				moved = boxBetween(moved.High, moved.Low)
			}
			return pack(moved)
		})
	}
	all := sides("box_", box, func(_ *shape, b geo.Box) extent { return extent{b.Low.X, b.High.X} },
		func(_ *shape, b geo.Box) extent { return extent{b.Low.Y, b.High.Y} }, geo.Lt, geo.Le)
	order := compared("box_", box, (*shape).boxArea)
	delete(order, "box_ne")
	return call.Union(all, order, call.Fns{
		"box_above_eq": test(box, func(a, b geo.Box) bool { return geo.Ge(a.Low.Y, b.High.Y) }),
		"box_below_eq": test(box, func(a, b geo.Box) bool { return geo.Le(a.High.Y, b.Low.Y) }),
		"box_same":     test(box, func(a, b geo.Box) bool { return a.High.Same(b.High) && a.Low.Same(b.Low) }),
		"box_overlap":  test(box, boxesOverlap),
		"box_contain":  test(box, boxHasBox), "box_contained": test(box, func(a, b geo.Box) bool { return boxHasBox(b, a) }),
		"box_contain_pt": two(box, point, func(_ *shape, b geo.Box, p geo.Point) types.Datum { return yes(boxHas(b, p)) }),
		"on_pb":          two(point, box, func(_ *shape, p geo.Point, b geo.Box) types.Datum { return yes(boxHas(b, p)) }),
		"on_sb":          two(lseg, box, func(_ *shape, s geo.Lseg, b geo.Box) types.Datum { return yes(boxHas(b, s[0]) && boxHas(b, s[1])) }),
		"box_area":       one(box, func(c *shape, b geo.Box) types.Datum { return float(c.boxArea(b)) }),
		"box_width":      one(box, func(c *shape, b geo.Box) types.Datum { return float(c.Sub(b.High.X, b.Low.X)) }),
		"box_height":     one(box, func(c *shape, b geo.Box) types.Datum { return float(c.Sub(b.High.Y, b.Low.Y)) }),
		"box_center":     one(box, func(c *shape, b geo.Box) types.Datum { return pack(c.boxCenter(b)) }),
		"box_diagonal":   one(box, func(_ *shape, b geo.Box) types.Datum { return pack(geo.Lseg{b.High, b.Low}) }),
		"box_distance":   two(box, box, func(c *shape, a, b geo.Box) types.Datum { return float(c.Distance(c.boxCenter(a), c.boxCenter(b))) }),
		"box_add":        move((*shape).add, false), "box_sub": move((*shape).sub, false),
		"box_mul": move((*shape).mul, true), "box_div": move((*shape).div, true),
		"box_intersect": two(box, box, func(_ *shape, a, b geo.Box) types.Datum {
			if !boxesOverlap(a, b) {
				return types.Null
			}
			return pack(geo.Box{High: geo.Point{X: smaller(a.High.X, b.High.X), Y: smaller(a.High.Y, b.High.Y)},
				Low: geo.Point{X: larger(a.Low.X, b.Low.X), Y: larger(a.Low.Y, b.Low.Y)}})
		}),
		"boxes_bound_box": two(box, box, func(_ *shape, a, b geo.Box) types.Datum {
			return pack(bound([]geo.Point{a.High, a.Low, b.High, b.Low}))
		}),
		"box_poly": one(box, func(_ *shape, b geo.Box) types.Datum {
			return pack(geo.Polygon{b.Low, {X: b.Low.X, Y: b.High.Y}, b.High, {X: b.High.X, Y: b.Low.Y}})
		}),
		"box_circle": one(box, func(c *shape, b geo.Box) types.Datum {
			center := c.boxCenter(b)
			return pack(geo.Circle{Center: center, Radius: c.Distance(center, b.High)})
		}),
		"inter_sb": two(lseg, box, func(c *shape, s geo.Lseg, b geo.Box) types.Datum { return yes(c.boxMeetsSegment(b, s)) }),
		"inter_lb": two(line, box, func(c *shape, l geo.Line, b geo.Box) types.Datum {
			all := edges(b)
			return yes(slices.ContainsFunc(all[:], func(s geo.Lseg) bool { _, ok := c.segmentMeetsLine(s, l); return ok }))
		}),
		"inter_sl": two(lseg, line, func(c *shape, s geo.Lseg, l geo.Line) types.Datum { _, ok := c.segmentMeetsLine(s, l); return yes(ok) }),
		"on_pl":    two(point, line, func(c *shape, p geo.Point, l geo.Line) types.Datum { return yes(c.lineHas(l, p)) }),
		"on_ps":    two(point, lseg, func(c *shape, p geo.Point, s geo.Lseg) types.Datum { return yes(c.segmentHas(s, p)) }),
		"on_sl": two(lseg, line, func(c *shape, s geo.Lseg, l geo.Line) types.Datum {
			return yes(c.lineHas(l, s[0]) && c.lineHas(l, s[1]))
		}),
	})
}

func pathFns() call.Fns {
	move := func(f func(*shape, geo.Point, geo.Point) geo.Point) call.Fn {
		return two(path, point, func(c *shape, p geo.Path, by geo.Point) types.Datum {
			for i := range p.Points {
				p.Points[i] = f(c, p.Points[i], by)
			}
			return pack(p)
		})
	}
	out := call.Fns{}
	for name, rel := range map[string]func(a, b int) bool{"lt": func(a, b int) bool { return a < b }, "le": func(a, b int) bool { return a <= b },
		"eq": func(a, b int) bool { return a == b }, "ge": func(a, b int) bool { return a >= b }, "gt": func(a, b int) bool { return a > b }} {
		out["path_n_"+name] = test(path, func(p, q geo.Path) bool { return rel(len(p.Points), len(q.Points)) })
	}
	return call.Union(out, call.Fns{
		"path_add": two(path, path, func(_ *shape, p, q geo.Path) types.Datum {
			if p.Closed || q.Closed {
				return types.Null
			}
			return pack(geo.Path{Points: append(p.Points, q.Points...)})
		}),
		"path_add_pt": move((*shape).add), "path_sub_pt": move((*shape).sub), "path_mul_pt": move((*shape).mul), "path_div_pt": move((*shape).div),
		"path_area": one(path, func(c *shape, p geo.Path) types.Datum {
			if !p.Closed {
				return types.Null
			}
			area := 0.0
			for i, a := range p.Points {
				b := p.Points[(i+1)%len(p.Points)]
				area = c.Sub(c.Add(area, c.Mul(a.X, b.Y)), c.Mul(a.Y, b.X))
			}
			return float(c.Div(math.Abs(area), 2))
		}),
		"path_length": one(path, func(c *shape, p geo.Path) types.Datum {
			sum := 0.0
			segments(p, func(s geo.Lseg) bool { sum = c.Add(sum, c.Distance(s[0], s[1])); return false })
			return float(sum)
		}),
		"path_distance": two(path, path, func(c *shape, p, q geo.Path) types.Datum {
			d, ok := c.pathDistance(p, q)
			if !ok {
				return types.Null
			}
			return float(d)
		}),
		"path_inter":    two(path, path, func(c *shape, p, q geo.Path) types.Datum { return yes(c.pathsMeet(p, q)) }),
		"path_npoints":  one(path, func(_ *shape, p geo.Path) types.Datum { return tuple.Int(int64(len(p.Points))) }),
		"path_isclosed": one(path, func(_ *shape, p geo.Path) types.Datum { return yes(p.Closed) }),
		"path_isopen":   one(path, func(_ *shape, p geo.Path) types.Datum { return yes(!p.Closed) }),
		"path_close":    one(path, func(_ *shape, p geo.Path) types.Datum { return pack(geo.Path{Closed: true, Points: p.Points}) }),
		"path_open":     one(path, func(_ *shape, p geo.Path) types.Datum { return pack(geo.Path{Points: p.Points}) }),
		"path_poly": one(path, func(c *shape, p geo.Path) types.Datum {
			if !p.Closed {
				c.Err = pgerr.New(pgerr.InvalidParameterValue, "open path cannot be converted to polygon")
				return types.Null
			}
			return pack(geo.Polygon(p.Points))
		}),
		"on_ppath": two(point, path, func(c *shape, pt geo.Point, p geo.Path) types.Datum { return yes(c.pathHas(p, pt)) }),
	})
}

func polygonFns() call.Fns {
	exactLt, exactLe := func(a, b float64) bool { return a < b }, func(a, b float64) bool { return a <= b }
	all := sides("poly_", polygon, func(_ *shape, g geo.Polygon) extent { b := bound(g); return extent{b.Low.X, b.High.X} },
		func(_ *shape, g geo.Polygon) extent { b := bound(g); return extent{b.Low.Y, b.High.Y} }, exactLt, exactLe)
	return call.Union(all, call.Fns{
		"poly_same":         test(polygon, samePolygon),
		"poly_overlap":      two(polygon, polygon, func(c *shape, g, h geo.Polygon) types.Datum { return yes(c.polygonsOverlap(g, h)) }),
		"poly_contain":      two(polygon, polygon, func(c *shape, g, h geo.Polygon) types.Datum { return yes(c.polygonHas(g, h)) }),
		"poly_contained":    two(polygon, polygon, func(c *shape, g, h geo.Polygon) types.Datum { return yes(c.polygonHas(h, g)) }),
		"poly_contain_pt":   two(polygon, point, func(c *shape, g geo.Polygon, p geo.Point) types.Datum { return yes(c.inside(p, g)) }),
		"pt_contained_poly": two(point, polygon, func(c *shape, p geo.Point, g geo.Polygon) types.Datum { return yes(c.inside(p, g)) }),
		"poly_distance": two(polygon, polygon, func(c *shape, g, h geo.Polygon) types.Datum {
			if c.polygonsOverlap(g, h) {
				return float(0)
			}
			d, _ := c.pathDistance(outline(g), outline(h))
			return float(d)
		}),
		"poly_npoints": one(polygon, func(_ *shape, g geo.Polygon) types.Datum { return tuple.Int(int64(len(g))) }),
		"poly_center":  one(polygon, func(c *shape, g geo.Polygon) types.Datum { return pack(c.circleOf(g).Center) }),
		"poly_box":     one(polygon, func(_ *shape, g geo.Polygon) types.Datum { return pack(bound(g)) }),
		"poly_path":    one(polygon, func(_ *shape, g geo.Polygon) types.Datum { return pack(outline(g)) }),
		"poly_circle":  one(polygon, func(c *shape, g geo.Polygon) types.Datum { return pack(c.circleOf(g)) }),
	})
}

func (c *shape) circlePolygon(n int, o geo.Circle) types.Datum {
	switch {
	case geo.Zero(o.Radius):
		c.Err = pgerr.New(pgerr.FeatureNotSupported, "cannot convert circle with radius zero to polygon")
		return types.Null
	case n < 2:
		c.Err = pgerr.New(pgerr.InvalidParameterValue, "must request at least 2 points")
		return types.Null
	case n > (math.MaxInt32-32)/16:
		c.Err = pgerr.New(pgerr.ProgramLimitExceeded, "too many points requested")
		return types.Null
	}
	g := make(geo.Polygon, n)
	step := c.Div(2*math.Pi, float64(n))
	for i := range g {
		angle := c.Mul(step, float64(i))
		g[i] = geo.Point{X: c.Sub(o.Center.X, c.Mul(o.Radius, libm.Cos(angle))), Y: c.Add(o.Center.Y, c.Mul(o.Radius, libm.Sin(angle)))}
	}
	return pack(g)
}

func circleFns() call.Fns {
	reach := func(c *shape, center, radius float64) extent {
		return extent{c.Sub(center, radius), c.Add(center, radius)}
	}
	circles := func(f func(c *shape, o, u geo.Circle) types.Datum) call.Fn { return two(circle, circle, f) }
	move := func(f func(*shape, geo.Point, geo.Point) geo.Point, scale func(c *shape, radius, by float64) float64) call.Fn {
		return two(circle, point, func(c *shape, o geo.Circle, p geo.Point) types.Datum {
			o.Center = f(c, o.Center, p)
			if scale != nil {
				o.Radius = scale(c, o.Radius, c.Hypot(p.X, p.Y))
			}
			return pack(o)
		})
	}
	all := sides("circle_", circle, func(c *shape, o geo.Circle) extent { return reach(c, o.Center.X, o.Radius) },
		func(c *shape, o geo.Circle) extent { return reach(c, o.Center.Y, o.Radius) }, geo.Lt, geo.Le)
	has := func(c *shape, o geo.Circle, p geo.Point) types.Datum { return yes(c.Distance(o.Center, p) <= o.Radius) }
	return call.Union(all, compared("circle_", circle, (*shape).circleArea), call.Fns{
		"circle_same": test(circle, func(o, u geo.Circle) bool {
			return (o.Radius != o.Radius && u.Radius != u.Radius || geo.Eq(o.Radius, u.Radius)) && o.Center.Same(u.Center)
		}),
		"circle_overlap": circles(func(c *shape, o, u geo.Circle) types.Datum {
			return yes(geo.Le(c.Distance(o.Center, u.Center), c.Add(o.Radius, u.Radius)))
		}),
		"circle_contain": circles(func(c *shape, o, u geo.Circle) types.Datum {
			return yes(geo.Le(c.Distance(o.Center, u.Center), c.Sub(o.Radius, u.Radius)))
		}),
		"circle_contained": circles(func(c *shape, o, u geo.Circle) types.Datum {
			return yes(geo.Le(c.Distance(o.Center, u.Center), c.Sub(u.Radius, o.Radius)))
		}),
		"circle_distance": circles(func(c *shape, o, u geo.Circle) types.Datum {
			return float(apart(c.Sub(c.Distance(o.Center, u.Center), c.Add(o.Radius, u.Radius))))
		}),
		"circle_contain_pt":   two(circle, point, has),
		"pt_contained_circle": two(point, circle, func(c *shape, p geo.Point, o geo.Circle) types.Datum { return has(c, o, p) }),
		"circle_add_pt":       move((*shape).add, nil), "circle_sub_pt": move((*shape).sub, nil),
		"circle_mul_pt":   move((*shape).mul, func(c *shape, r, by float64) float64 { return c.Mul(r, by) }),
		"circle_div_pt":   move((*shape).div, func(c *shape, r, by float64) float64 { return c.Div(r, by) }),
		"circle_area":     one(circle, func(c *shape, o geo.Circle) types.Datum { return float(c.circleArea(o)) }),
		"circle_diameter": one(circle, func(c *shape, o geo.Circle) types.Datum { return float(c.Mul(o.Radius, 2)) }),
		"circle_radius":   one(circle, func(_ *shape, o geo.Circle) types.Datum { return float(o.Radius) }),
		"circle_center":   one(circle, func(_ *shape, o geo.Circle) types.Datum { return pack(o.Center) }),
		"cr_circle":       two(point, number, func(_ *shape, p geo.Point, r float64) types.Datum { return pack(geo.Circle{Center: p, Radius: r}) }),
		"circle_box": one(circle, func(c *shape, o geo.Circle) types.Datum {
			d := c.Div(o.Radius, math.Sqrt2)
			return pack(geo.Box{High: geo.Point{X: c.Add(o.Center.X, d), Y: c.Add(o.Center.Y, d)},
				Low: geo.Point{X: c.Sub(o.Center.X, d), Y: c.Sub(o.Center.Y, d)}})
		}),
		"circle_poly": two(integer, circle, func(c *shape, n int, o geo.Circle) types.Datum { return c.circlePolygon(n, o) }),
	})
}

// apart is a distance that is never below zero.
func apart(d float64) float64 {
	if d < 0 {
		return 0
	}
	return d
}

// distanceFns are <-> and ## between shapes of different types.
func distanceFns() call.Fns {
	out := call.Fns{
		"lseg_distance": two(lseg, lseg, func(c *shape, s, t geo.Lseg) types.Datum { _, d := c.nearestToSegment(s, t); return float(d) }),
		"close_pl":      two(point, line, func(c *shape, p geo.Point, l geo.Line) types.Datum { return nearest(c.nearestOnLine(l, p)) }),
		"close_ps":      two(point, lseg, func(c *shape, p geo.Point, s geo.Lseg) types.Datum { return nearest(c.nearestOnSegment(s, p)) }),
		"close_pb":      two(point, box, func(c *shape, p geo.Point, b geo.Box) types.Datum { return nearest(c.nearestOnBox(b, p)) }),
		"close_sb":      two(lseg, box, func(c *shape, s geo.Lseg, b geo.Box) types.Datum { return nearest(c.nearestBoxToSegment(b, s)) }),
		"close_ls": two(line, lseg, func(c *shape, l geo.Line, s geo.Lseg) types.Datum {
			if c.segmentSlope(s) == c.lineSlope(l) {
				return types.Null
			}
			return nearest(c.nearestToLine(s, l))
		}),
		"close_lseg": two(lseg, lseg, func(c *shape, s, t geo.Lseg) types.Datum {
			if c.segmentSlope(s) == c.segmentSlope(t) {
				return types.Null
			}
			return nearest(c.nearestToSegment(t, s))
		}),
	}
	both(out, "dist_pl", "dist_lp", point, line, func(c *shape, p geo.Point, l geo.Line) float64 { _, d := c.nearestOnLine(l, p); return d })
	both(out, "dist_ps", "dist_sp", point, lseg, func(c *shape, p geo.Point, s geo.Lseg) float64 { _, d := c.nearestOnSegment(s, p); return d })
	both(out, "dist_pb", "dist_bp", point, box, func(c *shape, p geo.Point, b geo.Box) float64 { _, d := c.nearestOnBox(b, p); return d })
	both(out, "dist_sl", "dist_ls", lseg, line, func(c *shape, s geo.Lseg, l geo.Line) float64 { _, d := c.nearestToLine(s, l); return d })
	both(out, "dist_sb", "dist_bs", lseg, box, func(c *shape, s geo.Lseg, b geo.Box) float64 { return c.boxToSegment(b, s) })
	both(out, "dist_ppath", "dist_pathp", point, path, func(c *shape, p geo.Point, q geo.Path) float64 { return c.pathToPoint(q, p) })
	both(out, "dist_ppoly", "dist_polyp", point, polygon, func(c *shape, p geo.Point, g geo.Polygon) float64 { return c.polygonToPoint(g, p) })
	both(out, "dist_pc", "dist_cpoint", point, circle, func(c *shape, p geo.Point, o geo.Circle) float64 {
		return apart(c.Sub(c.Distance(p, o.Center), o.Radius))
	})
	both(out, "dist_cpoly", "dist_polyc", circle, polygon, func(c *shape, o geo.Circle, g geo.Polygon) float64 {
		return apart(c.Sub(c.polygonToPoint(g, o.Center), o.Radius))
	})
	return out
}

// nearest is NULL where the distance is NaN.
func nearest(p geo.Point, dist float64) types.Datum { return maybe(p, dist == dist) }

// both puts a distance and its commutator into the table.
func both[A, B any](out call.Fns, name, swapped string, left func(types.Datum) A, right func(types.Datum) B, dist func(*shape, A, B) float64) {
	out[name] = two(left, right, func(c *shape, a A, b B) types.Datum { return float(dist(c, a, b)) })
	out[swapped] = two(right, left, func(c *shape, b B, a A) types.Datum { return float(dist(c, a, b)) })
}
