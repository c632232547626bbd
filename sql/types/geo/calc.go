package geo

import (
	"math"

	"github.com/tarndb/tarn/sql/pgerr"
)

// Calc is float8 arithmetic with PostgreSQL's checks: overflow, underflow (22003) and division by zero (22012). The
// first error stays in Err, and results after it mean nothing.
type Calc struct{ Err error }

func (c *Calc) fail(err error) float64 {
	if c.Err == nil {
		c.Err = err
	}
	return 0
}

func (c *Calc) overflow() float64 {
	return c.fail(pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow"))
}

func (c *Calc) underflow() float64 {
	return c.fail(pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: underflow"))
}

func inf(f float64) bool { return math.IsInf(f, 0) }

func (c *Calc) Add(a, b float64) float64 {
	r := a + b
	if inf(r) && !inf(a) && !inf(b) {
		return c.overflow()
	}
	return r
}

func (c *Calc) Sub(a, b float64) float64 {
	r := a - b
	if inf(r) && !inf(a) && !inf(b) {
		return c.overflow()
	}
	return r
}

func (c *Calc) Mul(a, b float64) float64 {
	r := a * b
	switch {
	case inf(r) && !inf(a) && !inf(b):
		return c.overflow()
	case r == 0 && a != 0 && b != 0:
		return c.underflow()
	}
	return r
}

func (c *Calc) Div(a, b float64) float64 {
	if b == 0 && a == a {
		return c.fail(pgerr.New(pgerr.DivisionByZero, "division by zero"))
	}
	r := a / b
	switch {
	case inf(r) && !inf(a):
		return c.overflow()
	case r == 0 && a != 0 && !inf(b):
		return c.underflow()
	}
	return r
}

// Hypot is PostgreSQL's own, which differs from C's in the last bit.
func (c *Calc) Hypot(x, y float64) float64 {
	switch {
	case inf(x) || inf(y):
		return math.Inf(1)
	case x != x || y != y:
		return math.NaN()
	}
	x, y = math.Abs(x), math.Abs(y)
	if x < y {
		x, y = y, x
	}
	if y == 0 {
		return x
	}
	ratio := y / x
	r := x * math.Sqrt(1+float64(ratio*ratio))
	switch {
	case inf(r):
		return c.overflow()
	case r == 0:
		return c.underflow()
	}
	return r
}

// Distance is how far two points are apart.
func (c *Calc) Distance(p, q Point) float64 { return c.Hypot(c.Sub(p.X, q.X), c.Sub(p.Y, q.Y)) }

// Slope is +Inf for an upright pair of points.
func (c *Calc) Slope(p, q Point) float64 {
	switch {
	case Eq(p.X, q.X):
		return math.Inf(1)
	case Eq(p.Y, q.Y):
		return 0
	}
	return c.Div(c.Sub(p.Y, q.Y), c.Sub(p.X, q.X))
}

// LineThrough is the line through a point with a slope; an infinite slope is upright.
func (c *Calc) LineThrough(p Point, slope float64) Line {
	switch {
	case inf(slope):
		return Line{A: -1, B: 0, C: p.X}
	case slope == 0:
		return Line{A: 0, B: -1, C: p.Y}
	}
	l := Line{A: slope, B: -1, C: c.Sub(p.Y, c.Mul(slope, p.X))}
	if l.C == 0 {
		l.C = 0 // not -0
	}
	return l
}
