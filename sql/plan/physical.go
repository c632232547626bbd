package plan

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Node is a physical operator: Cols as of Rel, plus the planner's estimates for EXPLAIN.
type Node interface {
	Cols() []Col
	Estimate() *Est
}

// Est holds the planner's estimates, in PostgreSQL's units (seq_page_cost = 1).
type Est struct {
	Startup, Total float64
	Rows           float64
	Width          int
}

func (e *Est) Estimate() *Est { return e }

// Bound of an index key range. Exprs without columns of the scanned table: constants, parameters, outer columns.
type KeyBound struct {
	Expr      Expr
	Inclusive bool
}

// TableScan reads a table through its primary index in key order, or through a secondary one.
//
// The key range is: Eq values for the first len(Eq) key columns, then Lo/Hi on the next one. EqAny (at most one) replaces
// the last Eq by each element of an array, in key order without duplicates. With all columns of a unique index in Eq at
// most one row comes back (Unique).
type TableScan struct {
	Est
	Table   *catalog.Table
	Alias   string
	Index   *catalog.Index // nil: primary storage order, whole table unless bounds are given on the primary key
	Eq      []Expr
	EqAny   Expr
	Lo, Hi  *KeyBound
	Reverse bool
	// IndexOnly: all of Out and Filter come from the index entry.
	IndexOnly bool
	Unique    bool
	Filter    []Expr // conditions on a row that are not part of the range
	Conds     []Expr // conditions that the range stands for, for EXPLAIN and re-checks
	Out       []Col
	All       []Col // what the logical scan has: Conds may name more than Out
	// RowAtts are the columns of the whole row (AttNum 0) where the table is read as a child of another one: the parent's columns
	// by the numbers that they have here. nil: the table's own.
	RowAtts []int16
	Sample  *Sample // nil: every row
	// Near: rows are found by Index in the order of a distance, see there.
	Near *Near
}

// Near asks an index over vectors for the rows that are nearest to Query, so that Limit of them pass the scan's Filter: the scan gives at
// least those, or all rows. A node above sorts what comes.
type Near struct {
	Operator string // <->, <#>, <=> or <+>
	Query    Expr
	Limit    Expr
	Order    Expr // the distance, for EXPLAIN
}

type VirtualTableScan struct {
	Est
	Table *catalog.Table
	Alias string
	// Eq offers equality look-ups (column → value) that the relation may use; Filter still holds every condition. EqAny is one more,
	// made for each element of an array.
	Eq     []VirtualEq
	EqAny  *VirtualEq
	Filter []Expr
	Out    []Col
}
type VirtualEq struct {
	AttNum int16
	Expr   Expr
}

type ValuesScan struct {
	Est
	Rows [][]Expr
	Out  []Col
}

type FunctionScan struct {
	Est
	Funcs      []FuncItem
	Ordinality bool
	Alias      string
	Filter     []Expr
	Out        []Col
}

// Runtime reports that a value of the conditions is not a constant: execution may prune more than planning did.
func (p *PartPrune) Runtime() bool {
	for _, e := range p.Values {
		if _, ok := e.(*Const); !ok {
			return true
		}
	}
	for _, s := range p.Sub {
		if s.Runtime() {
			return true
		}
	}
	return false
}

// Result projects and filters (In may be nil: one empty row).
type Result struct {
	Est
	In     Node
	Filter []Expr
	Exprs  []Expr // nil: input columns unchanged
	Out    []Col
}

type ProjectSetNode struct {
	Est
	In    Node
	Exprs []Expr
	Out   []Col
}

// NestLoop runs Inner again for each outer row; Inner may name the outer row's columns.
type NestLoop struct {
	Est
	Kind         JoinKind
	Outer, Inner Node
	On           []Expr
	// Memoize caches Inner's rows by the values of these outer columns.
	Memoize []ColID
	// InnerUnique: stop at the first match.
	InnerUnique bool
	Out         []Col
}

// HashJoin builds a table of Inner on InnerKeys and probes it with Outer. KeyTypes say how to hash and compare.
type HashJoin struct {
	Est
	Kind                 JoinKind
	Outer, Inner         Node
	OuterKeys, InnerKeys []Expr
	Colls                []types.OID // under which the keys are equal
	On                   []Expr      // further conditions on the pair
	// NullAware: NOT IN semantics for an anti join.
	NullAware bool
	Out       []Col
}

// MergeJoin joins two inputs sorted on their keys.
type MergeJoin struct {
	Est
	Kind                 JoinKind
	Outer, Inner         Node
	OuterKeys, InnerKeys []SortKey
	On                   []Expr
	Out                  []Col
}

// AggStrategy is how groups are formed.
type AggStrategy uint8

const (
	AggPlain  AggStrategy = iota // no GROUP BY
	AggHashed                    // hash table; spills
	AggSorted                    // input sorted on the group columns
	AggMixed                     // several grouping sets
)

type Agg struct {
	Est
	In        Node
	Strategy  AggStrategy
	GroupBy   []Col
	GroupIn   []ColID
	Sets      [][]int
	Aggs      []*Aggref
	Groupings []*GroupingCall
	Having    []Expr
	Out       []Col
}

type WindowAgg struct {
	Est
	In        Node // sorted on Partition, Order
	Partition []ColID
	Order     []SortKey
	Frame     Frame
	Calls     []*WindowCall
	Out       []Col // all columns
}

// SortNode sorts; with Limit it keeps that many rows only (top-N). Presorted counts leading keys that the input already has.
type SortNode struct {
	Est
	In        Node
	Keys      []SortKey
	Limit     Expr // nil, or LIMIT+OFFSET of the node above
	Presorted int
}

// UniqueNode drops repeated neighbours on the columns; HashDistinct works on any order and keeps the first of each.
type UniqueNode struct {
	Est
	In Node
	On []ColID
}
type HashDistinct struct {
	Est
	In Node
	On []ColID
}

type LimitNode struct {
	Est
	In            Node
	Count, Offset Expr
	WithTies      []SortKey
}

// Append is UNION ALL: Out takes the inputs' columns by position.
type Append struct {
	Est
	In  []Node
	Out []Col
	// Inherit: In are scans of the tables of an inheritance tree. They give Out's own columns, in any order and with others beside
	// them. Prune, which may be nil, picks among them at run time.
	Inherit bool
	Prune   *PartPrune
}

// PartPrune says at run time which inputs of an Append are to be read.
type PartPrune struct {
	Table  *catalog.Table // partitioned
	Parts  Partitions
	Step   *PruneStep
	Values []Expr // of Step
	// At[i] is the input for partition i, -1 where it has none or has those of Sub[i].
	At  []int32
	Sub map[int]*PartPrune
}

// HashSetOp is INTERSECT and EXCEPT [ALL].
type HashSetOp struct {
	Est
	Kind SetOpKind
	All  bool
	L, R Node
	Out  []Col
}

// Materialize keeps its input's rows so that it can be read again.
type Materialize struct {
	Est
	In Node
}

// WithNode owns CTEs; Plans[i] belongs to CTEs[i].
type WithNode struct {
	Est
	CTEs  []*CTE
	Plans []Node
	In    Node
}

type CTEScanNode struct {
	Est
	CTE    *CTE
	Alias  string
	Filter []Expr
	Out    []Col
}

type RecursiveUnionNode struct {
	Est
	CTE        *CTE
	All        bool
	Base, Step Node
	Out        []Col
}

type WorkTableScan struct {
	Est
	CTE    *CTE
	Filter []Expr
	Out    []Col
}

type LockRowsNode struct {
	Est
	In    Node
	Items []LockItem
	// Recheck are the conditions of the query that name the locked tables' columns.
	Recheck []Expr
}

// Modify runs INSERT, UPDATE, DELETE or MERGE; exactly one of the four is set and holds everything but its Source.
type Modify struct {
	Est
	In     Node
	Insert *Insert
	Update *Update
	Delete *Delete
	Merge  *Merge
	Out    []Col
}

// Columnar is a fragment that runs in DuckDB over the columnar shape. Fallback is the same fragment in rows.
type Columnar struct {
	Est
	SQL      string // in DuckDB's dialect, see sql/columnar
	Tables   []*catalog.Table
	Params   []Expr
	Fallback Node
	Label    string // for EXPLAIN: "Columnar Aggregate" …
	Out      []Col
	// Reads[i] are the attributes of Tables[i] that SQL reads, as columns a<attnum> of table t<i>. SQL's $n is Params[n-1].
	Reads [][]int16
	// Divided[i]: Out[i] is a quotient of numerics, such as an average; SQL's result has the dividend and, as the next column, the divisor.
	// Scaled[i]: a column more has the display scale of the numeric Out[i], or of its dividend.
	Divided, Scaled []bool
	// With are CTEs that SQL reads. Wide, unless "", is SQL with decimals as wide as can be, for values that are too large for SQL's;
	// its With are WideWith.
	With, WideWith []string
	Wide           string
	// Calls[i], unless nil, is a call of delta_scan that Tables[i] stands for.
	Calls []*FuncCall
	// Bounds[i] are conditions of the only scan of Tables[i] by which files can be left out.
	Bounds [][]FileBound
	// Feeds[i], unless nil, reads all rows of Tables[i], with the columns of Reads[i], for when they cannot be had by columns.
	Feeds []*TableScan
	// Cost estimates what the fragment costs where it runs, in the unit of Est.
	Cost float64
	// Input is the estimated number of rows that the fragment reads.
	Input float64
}

// FileBound is column Op value, for one of Vals or for the value of parameter number Param; T is their type.
type FileBound struct {
	Att   int16
	Op    tuple.Comparison
	T     types.OID
	Vals  []types.Datum
	Param int // from 1; 0: Vals
}

// RowCost is what Fallback costs, to be compared with Cost. Estimates of joins are often too low, and then by orders of magnitude,
// while reading all of the tables by columns has a bound.
func (n *Columnar) RowCost() float64 {
	if cost := n.Fallback.Estimate().Total; len(n.Tables) == 1 {
		return cost
	} else {
		return 4 * cost
	}
}

func (n *TableScan) Cols() []Col        { return n.Out }
func (n *VirtualTableScan) Cols() []Col { return n.Out }
func (n *ValuesScan) Cols() []Col       { return n.Out }
func (n *FunctionScan) Cols() []Col     { return n.Out }
func (n *Result) Cols() []Col {
	if n.Exprs == nil && n.In != nil {
		return n.In.Cols()
	}
	return n.Out
}
func (n *ProjectSetNode) Cols() []Col     { return n.Out }
func (n *NestLoop) Cols() []Col           { return n.Out }
func (n *HashJoin) Cols() []Col           { return n.Out }
func (n *MergeJoin) Cols() []Col          { return n.Out }
func (n *Agg) Cols() []Col                { return n.Out }
func (n *WindowAgg) Cols() []Col          { return n.Out }
func (n *SortNode) Cols() []Col           { return n.In.Cols() }
func (n *UniqueNode) Cols() []Col         { return n.In.Cols() }
func (n *HashDistinct) Cols() []Col       { return n.In.Cols() }
func (n *LimitNode) Cols() []Col          { return n.In.Cols() }
func (n *Append) Cols() []Col             { return n.Out }
func (n *HashSetOp) Cols() []Col          { return n.Out }
func (n *Materialize) Cols() []Col        { return n.In.Cols() }
func (n *WithNode) Cols() []Col           { return n.In.Cols() }
func (n *CTEScanNode) Cols() []Col        { return n.Out }
func (n *RecursiveUnionNode) Cols() []Col { return n.Out }
func (n *WorkTableScan) Cols() []Col      { return n.Out }
func (n *LockRowsNode) Cols() []Col       { return n.In.Cols() }
func (n *Modify) Cols() []Col             { return n.Out }
func (n *Columnar) Cols() []Col           { return n.Out }

// Leaf is a table that stands for a part of another one.
type Leaf struct{ Table, Of *catalog.Table }

// Physical is an optimized statement.
type Physical struct {
	Root Node
	Stmt *Statement
	// Steps are the plans of Stmt.Steps.
	Steps []*Physical
	// Leaves are the tables that are read as children or partitions of one that the statement names, with that one.
	Leaves []Leaf
	// Guarded: there are conditions that must not run before those of a Barrier below them. No part of the tree may be run by an
	// engine with an order of its own.
	Guarded bool
	// Ordered has the orders that are asked for and that nodes have without a SortNode: by an index, or by the order of an input.
	Ordered map[Node][]SortKey
	// Tables and Catalog version guard a cached plan.
	CatalogVersion uint64
	Params         []types.OID
}
