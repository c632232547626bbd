// Package geo is the geometric types as values (manual: 8.8): how they are packed, and their text and binary forms.
// What can be computed with them is sql/builtin/geometry.
//
// A packed value is its float8s, little endian, in the order of the struct's fields; a path has a byte before them that
// is 1 if it is closed. Numbers are read and printed by a Floats, which sql/types fills in.
package geo

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

type (
	Point struct{ X, Y float64 }
	// Line is the points where A·x + B·y + C = 0; A and B are not both zero.
	Line struct{ A, B, C float64 }
	Lseg [2]Point
	// Box has its high corner not below the low one in either coordinate.
	Box struct{ High, Low Point }
	// Path has at least one point.
	Path struct {
		Closed bool
		Points []Point
	}
	// Polygon has at least one point.
	Polygon []Point
	Circle  struct {
		Center Point
		Radius float64
	}
)

// Epsilon is how far apart numbers may be that geometry takes for equal (PostgreSQL's geo_decls.h).
const Epsilon = 1.0e-06

// Zero reports a number that is as good as zero.
func Zero(a float64) bool { return math.Abs(a) <= Epsilon }

// Eq and the others compare with Epsilon's tolerance; all of them are false for NaN.
func Eq(a, b float64) bool { return a == b || math.Abs(a-b) <= Epsilon }
func Ne(a, b float64) bool { return a != b && math.Abs(a-b) > Epsilon }
func Lt(a, b float64) bool { return a+Epsilon < b }
func Le(a, b float64) bool { return a <= b+Epsilon }
func Gt(a, b float64) bool { return a > b+Epsilon }
func Ge(a, b float64) bool { return a+Epsilon >= b }

// Less orders numbers as float8 does: NaN is above everything.
func Less(a, b float64) bool { return a < b || a == a && b != b }

func exactly(a, b float64) bool { return a == b || a != a && b != b }

// Same reports whether two points are equal; where NaN takes part exactly, else with tolerance.
func (p Point) Same(q Point) bool {
	if p.X != p.X || p.Y != p.Y || q.X != q.X || q.Y != q.Y {
		return exactly(p.X, q.X) && exactly(p.Y, q.Y)
	}
	return Eq(p.X, q.X) && Eq(p.Y, q.Y)
}

// MakeBox is the box between two corners.
func MakeBox(p, q Point) Box {
	b := Box{High: p, Low: q}
	if Less(b.High.X, b.Low.X) {
		b.High.X, b.Low.X = b.Low.X, b.High.X
	}
	if Less(b.High.Y, b.Low.Y) {
		b.High.Y, b.Low.Y = b.Low.Y, b.High.Y
	}
	return b
}

func appendFloats(dst []byte, fs ...float64) []byte {
	for _, f := range fs {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
	}
	return dst
}

func floatAt(b []byte, i int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
}

func pointAt(b []byte, i int) Point { return Point{floatAt(b, 2*i), floatAt(b, 2*i+1)} }

func pointsOf(b []byte) []Point {
	ps := make([]Point, len(b)/16)
	for i := range ps {
		ps[i] = pointAt(b, i)
	}
	return ps
}

func appendPoints(dst []byte, ps []Point) []byte {
	for _, p := range ps {
		dst = appendFloats(dst, p.X, p.Y)
	}
	return dst
}

func (p Point) Pack() []byte   { return appendFloats(nil, p.X, p.Y) }
func (l Line) Pack() []byte    { return appendFloats(nil, l.A, l.B, l.C) }
func (s Lseg) Pack() []byte    { return appendPoints(nil, s[:]) }
func (b Box) Pack() []byte     { return appendFloats(nil, b.High.X, b.High.Y, b.Low.X, b.Low.Y) }
func (g Polygon) Pack() []byte { return appendPoints(nil, g) }
func (c Circle) Pack() []byte  { return appendFloats(nil, c.Center.X, c.Center.Y, c.Radius) }
func (p Path) Pack() []byte {
	closed := byte(0)
	if p.Closed {
		closed = 1
	}
	return appendPoints([]byte{closed}, p.Points)
}

func PointOf(b []byte) Point     { return pointAt(b, 0) }
func LineOf(b []byte) Line       { return Line{floatAt(b, 0), floatAt(b, 1), floatAt(b, 2)} }
func LsegOf(b []byte) Lseg       { return Lseg{pointAt(b, 0), pointAt(b, 1)} }
func BoxOf(b []byte) Box         { return Box{pointAt(b, 0), pointAt(b, 1)} }
func PolygonOf(b []byte) Polygon { return pointsOf(b) }
func CircleOf(b []byte) Circle   { return Circle{pointAt(b, 0), floatAt(b, 2)} }
func PathOf(b []byte) Path       { return Path{Closed: b[0] == 1, Points: pointsOf(b[1:])} }

// Floats reads and prints the numbers in a text.
type Floats struct {
	// Scan reads a float8 at the start of s, blanks before and after it included; ok is false if there is none, err is
	// set if it is out of range.
	Scan   func(s string) (v float64, rest string, ok bool, err error)
	Append func(dst []byte, v float64) []byte
}

// Form names a geometric type.
type Form uint8

const (
	FormPoint Form = iota
	FormLine
	FormLseg
	FormBox
	FormPath
	FormPolygon
	FormCircle
)

var formNames = [...]string{"point", "line", "lseg", "box", "path", "polygon", "circle"}

// AppendText prints a packed value.
func (f Floats) AppendText(dst []byte, form Form, b []byte) []byte {
	pair := func(p Point) {
		dst = f.Append(append(dst, '('), p.X)
		dst = append(f.Append(append(dst, ','), p.Y), ')')
	}
	list := func(open, end byte, ps []Point) {
		if open != 0 {
			dst = append(dst, open)
		}
		for i, p := range ps {
			if i > 0 {
				dst = append(dst, ',')
			}
			pair(p)
		}
		if end != 0 {
			dst = append(dst, end)
		}
	}
	switch form {
	case FormPoint:
		pair(PointOf(b))
	case FormLine:
		l := LineOf(b)
		dst = f.Append(append(dst, '{'), l.A)
		dst = f.Append(append(dst, ','), l.B)
		dst = append(f.Append(append(dst, ','), l.C), '}')
	case FormLseg:
		list('[', ']', pointsOf(b))
	case FormBox:
		list(0, 0, pointsOf(b))
	case FormPath:
		p := PathOf(b)
		if p.Closed {
			list('(', ')', p.Points)
		} else {
			list('[', ']', p.Points)
		}
	case FormPolygon:
		list('(', ')', PolygonOf(b))
	case FormCircle:
		c := CircleOf(b)
		dst = append(dst, '<')
		pair(c.Center)
		dst = append(f.Append(append(dst, ','), c.Radius), '>')
	}
	return dst
}

// AppendBinary writes what the type's send function sends.
func AppendBinary(dst []byte, form Form, b []byte) []byte {
	switch form {
	case FormPath:
		dst = append(dst, b[0])
		b = b[1:]
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(b)/16))
	case FormPolygon:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(b)/16))
	}
	for ; len(b) >= 8; b = b[8:] {
		dst = binary.BigEndian.AppendUint64(dst, binary.LittleEndian.Uint64(b))
	}
	return dst
}

// ParseBinary packs what the type's receive function reads.
func ParseBinary(form Form, b []byte) ([]byte, error) {
	invalid := func(message string) error { return pgerr.New(pgerr.InvalidBinaryRepresentation, "%s", message) }
	short := pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
	n := [...]int{2, 3, 4, 4, 0, 0, 3}[form]
	var out []byte
	if form == FormPath {
		if len(b) == 0 {
			return nil, short
		}
		out = append(out, min(b[0], 1))
		b = b[1:]
	}
	if n == 0 {
		if len(b) < 4 {
			return nil, short
		}
		points := int32(binary.BigEndian.Uint32(b))
		if points <= 0 || points >= (math.MaxInt32-32)/16 {
			return nil, invalid("invalid number of points in external \"" + formNames[form] + "\" value")
		}
		n, b = 2*int(points), b[4:]
	}
	if len(b) < 8*n {
		return nil, short
	}
	if len(b) > 8*n {
		return nil, invalid("incorrect binary data format")
	}
	for ; len(b) > 0; b = b[8:] {
		out = binary.LittleEndian.AppendUint64(out, binary.BigEndian.Uint64(b))
	}
	switch form {
	case FormLine:
		if l := LineOf(out); Zero(l.A) && Zero(l.B) {
			return nil, invalid("invalid line specification: A and B cannot both be zero")
		}
	case FormBox:
		box := BoxOf(out)
		return MakeBox(box.High, box.Low).Pack(), nil
	case FormCircle:
		if CircleOf(out).Radius < 0 {
			return nil, invalid("invalid radius in external \"circle\" value")
		}
	}
	return out, nil
}

// parser reads one text; the first error stays.
type parser struct {
	floats Floats
	form   Form
	all, s string
	err    error
}

// ParseText packs what the type's input function reads.
func (f Floats) ParseText(form Form, s string) ([]byte, error) {
	p := &parser{floats: f, form: form, all: s, s: s}
	out := p.parse()
	if p.err != nil {
		return nil, p.err
	}
	return out, nil
}

func (p *parser) fail() {
	if p.err == nil {
		p.err = pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: \"%s\"", formNames[p.form], p.all)
	}
}

func (p *parser) spec(message string) {
	if p.err == nil {
		p.err = pgerr.New(pgerr.InvalidTextRepresentation, "invalid line specification: %s", message)
	}
}

func (p *parser) parse() []byte {
	switch p.form {
	case FormPoint:
		pt := p.pair()
		p.end()
		return pt.Pack()
	case FormLine:
		return p.line().Pack()
	case FormLseg:
		ps, _ := p.points(2, true)
		p.end()
		return appendPoints(nil, ps)
	case FormBox:
		ps, _ := p.points(2, false)
		p.end()
		if p.err != nil {
			return nil
		}
		return MakeBox(ps[0], ps[1]).Pack()
	case FormPath:
		return p.path().Pack()
	case FormPolygon:
		n := p.count()
		if n <= 0 {
			p.fail()
			return nil
		}
		ps, _ := p.points(n, false)
		p.end()
		return appendPoints(nil, ps)
	}
	return p.circle().Pack()
}

func (p *parser) line() (l Line) {
	p.blanks()
	if p.peek() != '{' {
		ps, _ := p.points(2, true)
		p.end()
		if p.err != nil {
			return l
		}
		if ps[0].Same(ps[1]) {
			p.spec("must be two distinct points")
		}
		var c Calc
		l = c.LineThrough(ps[0], c.Slope(ps[0], ps[1]))
		if p.err == nil {
			p.err = c.Err
		}
		return l
	}
	p.s = p.s[1:]
	for i, field := range [...]*float64{&l.A, &l.B, &l.C} {
		*field = p.float()
		if i < 2 {
			p.expect(',')
		}
	}
	p.expect('}')
	p.blanks()
	p.end()
	if p.err == nil && Zero(l.A) && Zero(l.B) {
		p.spec("A and B cannot both be zero")
	}
	return l
}

func (p *parser) path() (out Path) {
	n := p.count()
	if n <= 0 {
		p.fail()
		return out
	}
	p.blanks()
	outer := p.peek() == '(' && strings.LastIndexByte(p.s, '(') == 0
	if outer {
		p.s = p.s[1:]
	}
	var open bool
	out.Points, open = p.points(n, true)
	out.Closed = !open
	if outer {
		p.expect(')')
		p.blanks()
	}
	p.end()
	return out
}

func (p *parser) circle() (c Circle) {
	p.blanks()
	depth := 0
	switch p.peek() {
	case '<':
		depth++
		p.s = p.s[1:]
	case '(': // of two, the first is the circle's
		if inner := trimLeft(p.s[1:]); strings.HasPrefix(inner, "(") {
			depth++
			p.s = inner
		}
	}
	c.Center = p.pair()
	if p.peek() == ',' {
		p.s = p.s[1:]
	}
	c.Radius = p.float()
	if c.Radius < 0 {
		p.fail()
	}
	for ; depth > 0 && p.err == nil; depth-- {
		if p.peek() != ')' && !(p.peek() == '>' && depth == 1) {
			p.fail()
			break
		}
		p.s = trimLeft(p.s[1:])
	}
	p.end()
	return c
}

// points reads n pairs in brackets or parentheses or none; open reports brackets, which are allowed where a path may
// be open.
func (p *parser) points(n int, mayOpen bool) (ps []Point, open bool) {
	p.blanks()
	depth := 0
	switch p.peek() {
	case '[':
		if !mayOpen {
			p.fail()
			return nil, true
		}
		open = true
		depth++
		p.s = p.s[1:]
	case '(':
		inner := trimLeft(p.s[1:])
		if strings.HasPrefix(inner, "(") || strings.LastIndexByte(p.s, '(') == 0 {
			depth++
			p.s = inner
		}
	}
	ps = make([]Point, 0, n)
	for range n {
		if p.err != nil {
			return ps, open
		}
		ps = append(ps, p.pair())
		if p.peek() == ',' {
			p.s = p.s[1:]
		}
	}
	for ; depth > 0 && p.err == nil; depth-- {
		if p.peek() != ')' && !(p.peek() == ']' && open && depth == 1) {
			p.fail()
			break
		}
		p.s = trimLeft(p.s[1:])
	}
	return ps, open
}

func (p *parser) pair() (pt Point) {
	p.blanks()
	enclosed := p.peek() == '('
	if enclosed {
		p.s = p.s[1:]
	}
	pt.X = p.float()
	p.expect(',')
	pt.Y = p.float()
	if enclosed {
		p.expect(')')
		p.blanks()
	}
	return pt
}

// count is the number of points that as many commas make; -1 for an even number of commas.
func (p *parser) count() int {
	n := strings.Count(p.all, ",")
	if n%2 == 0 {
		return -1
	}
	return (n + 1) / 2
}

func (p *parser) float() float64 {
	if p.err != nil {
		return 0
	}
	v, rest, ok, err := p.floats.Scan(p.s)
	if err != nil {
		p.err = err
		return 0
	}
	if !ok {
		p.fail()
		return 0
	}
	p.s = rest
	return v
}

func (p *parser) expect(c byte) {
	if p.peek() != c {
		p.fail()
		return
	}
	p.s = p.s[1:]
}

func (p *parser) end() {
	if p.s != "" {
		p.fail()
	}
}

// peek is 0 at the end.
func (p *parser) peek() byte {
	if p.err != nil || p.s == "" {
		return 0
	}
	return p.s[0]
}

func (p *parser) blanks() { p.s = trimLeft(p.s) }

func trimLeft(s string) string { return strings.TrimLeft(s, " \t\n\v\f\r") }
