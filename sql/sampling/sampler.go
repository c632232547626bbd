package sampling

import (
	"math"
	"math/bits"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// Method is how rows are chosen.
type Method uint8

const (
	None      Method = iota
	Bernoulli        // each row by itself
	System           // neighbouring rows together
)

var methods = [...]string{None: "", Bernoulli: "bernoulli", System: "system"}

func (m Method) String() string { return methods[m] }

// ParseMethod finds a method by its name; None: there is no such one.
func ParseMethod(name string) Method {
	switch name {
	case "bernoulli":
		return Bernoulli
	case "system":
		return System
	}
	return None
}

// block is how many neighbouring row ids System takes or leaves together.
const block = 64

// Sampler is a sample of a table.
type Sampler struct {
	method Method
	share  float64
	seed   uint64
}

// New checks the clause's arguments as they are when the scan begins.
func New(m Method, percent, seed tuple.Value) (Sampler, error) {
	if percent.IsNull() {
		return Sampler{}, pgerr.New(pgerr.InvalidTablesampleArgument, "TABLESAMPLE parameter cannot be null")
	}
	if seed.IsNull() {
		return Sampler{}, pgerr.New(pgerr.InvalidTablesampleRepeat, "TABLESAMPLE REPEATABLE parameter cannot be null")
	}
	p := percent.Float()
	if !(p >= 0 && p <= 100) {
		return Sampler{}, pgerr.New(pgerr.InvalidTablesampleArgument, "sample percentage must be between 0 and 100")
	}
	// Adding zero makes -0 the same seed as 0.
	return Sampler{method: m, share: p / 100, seed: math.Float64bits(seed.Float() + 0)}, nil
}

// Takes reports whether a row is in the sample. A row that its own transaction has written has no id yet (0): it is chosen by its key.
func (s *Sampler) Takes(key []byte, row uint64) bool {
	n := row / block
	if s.method == Bernoulli || row == 0 {
		n = hash(key)
	}
	return float64(mix(n, s.seed)>>11)/(1<<53) < s.share
}

// hash is FNV-1a.
func hash(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd1b54a32d192ed03)
	h := hi ^ lo
	hi, lo = bits.Mul64(h^0x8ebc6af09c88c6e3, 0x589965cc75374cc3)
	return hi ^ lo
}
