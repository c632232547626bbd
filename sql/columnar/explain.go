package columnar

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/plan"
)

// Detail is a property of a fragment for EXPLAIN.
type Detail struct {
	Name, Value string
	Verbose     bool // only with VERBOSE
}

// Explain describes a fragment: its label, and what stands below it.
func Explain(n *plan.Columnar) (label string, details []Detail) {
	var names []string
	for i, t := range n.Tables {
		names = append(names, "t"+strconv.Itoa(i)+" = "+t.Name)
	}
	return n.Label, []Detail{{Name: "Tables", Value: strings.Join(names, ", ")}, {Name: "DuckDB", Value: n.SQL, Verbose: true}}
}
