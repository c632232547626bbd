package plan

import (
	"math/bits"

	"github.com/tarndb/tarn/sql/types"
)

// StepOp is what a PruneStep does with its parts.
type StepOp uint8

const (
	StepCmp StepOp = iota // key op value
	StepAny               // key op any element of the array value
	StepAnd
	StepOr
)

// PruneStep is a condition on partition keys. Its values belong to the caller, who knows them by number.
type PruneStep struct {
	Op            StepOp
	Key, Strategy int
	Value         int
	Args          []*PruneStep
}

// PruneValue is a value of a PruneStep. Known false: it is not known yet, and prunes nothing.
type PruneValue struct {
	Val   types.Datum
	Known bool
}

// Partitions are the partitions of a table as they were when it was planned (partition.Desc), by the numbers of PartPrune.At.
type Partitions interface {
	// Eval gives the partitions that may hold rows for which s is true.
	Eval(s *PruneStep, vals []PruneValue) PartSet
}

// PartSet holds partitions by number.
type PartSet []uint64

func NewPartSet(n int) PartSet { return make(PartSet, (n+63)/64) }

func (s PartSet) Has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// Add takes negative numbers for none.
func (s PartSet) Add(i int) {
	if i >= 0 {
		s[i>>6] |= 1 << (i & 63)
	}
}

func (s PartSet) And(t PartSet) {
	for i := range s {
		s[i] &= t[i]
	}
}

func (s PartSet) Or(t PartSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

// Each calls f for each partition in the set, in order.
func (s PartSet) Each(f func(i int)) {
	for w, bit := range s {
		for ; bit != 0; bit &= bit - 1 {
			f(w<<6 + bits.TrailingZeros64(bit))
		}
	}
}
