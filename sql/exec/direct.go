package exec

import "github.com/tarndb/tarn/sql/plan"

// direct is a statement that runs without an operator tree.
type direct struct{}

func newDirect(*plan.Physical) *direct { return nil }
