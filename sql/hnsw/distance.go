package hnsw

import "math"

// Metric is what "near" means.
type Metric uint8

const (
	_ Metric = iota
	L2
	InnerProduct // greater is nearer
	Cosine
	L1
)

// distance of two vectors of one length; it orders as the metric does and need not be its value.
func (m Metric) distance(a, b []float32) float32 {
	switch m {
	case L2:
		return squaredL2(a, b)
	case L1:
		return l1(a, b)
	}
	return -inner(a, b) // vectors under Cosine have length 1
}

// prepare copies a vector in the form that distance takes; ok is false for one that has no place in the graph.
func (m Metric) prepare(dst, v []float32) (ok bool) {
	copy(dst, v)
	if m != Cosine {
		return true
	}
	sum := 0.0
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	if sum == 0 {
		return false
	}
	norm := math.Sqrt(sum)
	for i, f := range v {
		dst[i] = float32(float64(f) / norm)
	}
	return true
}

func squaredL2(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		d0, d1, d2, d3 := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
		s0 += d0 * d0
		s1 += d1 * d1
		s2 += d2 * d2
		s3 += d3 * d3
	}
	for ; i < len(a); i++ {
		d := a[i] - b[i]
		s0 += d * d
	}
	return (s0 + s1) + (s2 + s3)
}

func inner(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func l1(a, b []float32) float32 {
	var s float32
	b = b[:len(a)]
	for i, f := range a {
		s += max(f-b[i], b[i]-f)
	}
	return s
}
