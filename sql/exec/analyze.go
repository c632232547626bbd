package exec

import (
	"time"

	"github.com/tarndb/tarn/sql/plan"
)

// NodeStats is what EXPLAIN ANALYZE shows of a node. Times include those of its inputs.
type NodeStats struct {
	Loops   int64
	Rows    int64 // of all loops
	Startup time.Duration
	Total   time.Duration
	// Removed counts rows that a filter, JoinRemoved those that a join condition dropped.
	Removed, JoinRemoved int64
	// Memory is the largest number of bytes held by a sort or hash table, Disk what was written to temporary files.
	Memory, Disk int64
	// Parts is in how many parts a hash table was worked through; 1: it fitted.
	Parts int64
	// Method is a sort's: "quicksort", "top-N heapsort" or "external merge".
	Method string
	// Columnar is what a fragment has read; ByRows: it ran over rows.
	Columnar ColumnarRead
	ByRows   bool
}

// noted is an operator with more to tell than rows and time.
type noted interface{ note(*NodeStats) }

func (st *NodeStats) removed() {
	if st != nil {
		st.Removed++
	}
}

func (st *NodeStats) joinRemoved() {
	if st != nil {
		st.JoinRemoved++
	}
}

func (st *NodeStats) memory(n int64) {
	if st != nil {
		st.Memory = max(st.Memory, n)
	}
}

// Stats returns the counters of a Cursor whose Program was prepared with Options.Analyze, per node of the plan; nil
// for others. They are complete when the Cursor has been read to its end or closed.
func Stats(c Cursor) map[plan.Node]*NodeStats {
	if c, ok := c.(*cursor); ok {
		return c.Stats()
	}
	return nil
}

// countedOp counts around another operator. It is built only with Options.Analyze.
type countedOp struct {
	op    operator
	stats *NodeStats
	first bool
	loop  time.Duration
}

func (o *countedOp) open() error {
	start := time.Now()
	err := o.op.open()
	o.stats.Loops++
	o.first = true
	o.loop = time.Since(start)
	o.stats.Total += o.loop
	return err
}

func (o *countedOp) next() (bool, error) {
	start := time.Now()
	ok, err := o.op.next()
	d := time.Since(start)
	o.stats.Total += d
	if o.first {
		o.first = false
		o.stats.Startup += o.loop + d
	}
	if ok {
		o.stats.Rows++
	}
	return ok, err
}

func (o *countedOp) close() { o.op.close() }
