package plan

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
