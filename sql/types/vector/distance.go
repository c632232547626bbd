package vector

import (
	"encoding/binary"
	"math"
)

// Distances are summed in float32 as pgvector sums them, in four lanes; both vectors have the same length.

func at(b []byte, i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b[i:])) }

// SquaredL2 is the square of the Euclidean distance.
func SquaredL2(a, b View) float32 {
	var s0, s1, s2, s3 float32
	n := len(a) &^ 15
	for i := 0; i < n; i += 16 {
		x, y := a[i:i+16:i+16], b[i:i+16:i+16]
		d0, d1, d2, d3 := at(x, 0)-at(y, 0), at(x, 4)-at(y, 4), at(x, 8)-at(y, 8), at(x, 12)-at(y, 12)
		s0 += d0 * d0
		s1 += d1 * d1
		s2 += d2 * d2
		s3 += d3 * d3
	}
	for i := n; i < len(a); i += 4 {
		d := at(a, i) - at(b, i)
		s0 += d * d
	}
	return (s0 + s1) + (s2 + s3)
}

// Inner is the inner product.
func Inner(a, b View) float32 {
	var s0, s1, s2, s3 float32
	n := len(a) &^ 15
	for i := 0; i < n; i += 16 {
		x, y := a[i:i+16:i+16], b[i:i+16:i+16]
		s0 += at(x, 0) * at(y, 0)
		s1 += at(x, 4) * at(y, 4)
		s2 += at(x, 8) * at(y, 8)
		s3 += at(x, 12) * at(y, 12)
	}
	for i := n; i < len(a); i += 4 {
		s0 += at(a, i) * at(b, i)
	}
	return (s0 + s1) + (s2 + s3)
}

// L1 is the taxicab distance.
func L1(a, b View) float32 {
	var s0, s1, s2, s3 float32
	abs := func(f float32) float32 { return math.Float32frombits(math.Float32bits(f) &^ (1 << 31)) }
	n := len(a) &^ 15
	for i := 0; i < n; i += 16 {
		x, y := a[i:i+16:i+16], b[i:i+16:i+16]
		s0 += abs(at(x, 0) - at(y, 0))
		s1 += abs(at(x, 4) - at(y, 4))
		s2 += abs(at(x, 8) - at(y, 8))
		s3 += abs(at(x, 12) - at(y, 12))
	}
	for i := n; i < len(a); i += 4 {
		s0 += abs(at(a, i) - at(b, i))
	}
	return (s0 + s1) + (s2 + s3)
}

// Cosine is the cosine distance, NaN if a vector is zero.
func Cosine(a, b View) float64 { return cosine(Inner(a, b), Inner(a, a), Inner(b, b)) }

func cosine(inner, normA, normB float32) float64 {
	return 1 - clamp(float64(inner)/math.Sqrt(float64(normA)*float64(normB)))
}

// clamp keeps rounding within [-1, 1]; NaN stays.
func clamp(f float64) float64 {
	switch {
	case f > 1:
		return 1
	case f < -1:
		return -1
	}
	return f
}

// Spherical is the angle between two vectors of length 1, as a part of half a turn.
func Spherical(a, b View) float64 { return math.Acos(clamp(float64(Inner(a, b)))) / math.Pi }

// Norm is the Euclidean norm.
func Norm(v View) float64 {
	sum := 0.0
	for i := range v.Len() {
		f := float64(v.At(i))
		sum += f * f
	}
	return math.Sqrt(sum)
}

// pairs calls f for each place that either vector has, with zeros where one has none.
func pairs(a, b Sparse, f func(x, y float32)) {
	i, j := 0, 0
	for i < len(a.Places) || j < len(b.Places) {
		switch {
		case j == len(b.Places) || i < len(a.Places) && a.Places[i] < b.Places[j]:
			f(a.Values[i], 0)
			i++
		case i == len(a.Places) || a.Places[i] > b.Places[j]:
			f(0, b.Values[j])
			j++
		default:
			f(a.Values[i], b.Values[j])
			i++
			j++
		}
	}
}

// SparseSquaredL2, SparseInner, SparseL1, SparseCosine and SparseNorm are the same of sparse vectors.
func SparseSquaredL2(a, b Sparse) (sum float32) {
	pairs(a, b, func(x, y float32) { sum += (x - y) * (x - y) })
	return sum
}

func SparseInner(a, b Sparse) (sum float32) {
	pairs(a, b, func(x, y float32) { sum += x * y })
	return sum
}

func SparseL1(a, b Sparse) (sum float32) {
	pairs(a, b, func(x, y float32) { sum += max(x-y, y-x) })
	return sum
}

func SparseCosine(a, b Sparse) float64 {
	return cosine(SparseInner(a, b), SparseInner(a, a), SparseInner(b, b))
}

func SparseNorm(a Sparse) float64 {
	sum := 0.0
	for _, f := range a.Values {
		sum += float64(f) * float64(f)
	}
	return math.Sqrt(sum)
}
