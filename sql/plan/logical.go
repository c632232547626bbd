package plan

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// Col is a column that a Rel or Node produces.
type Col struct {
	ID   ColID
	Name string
	T    Type
	// Origin of a plain table column, for RowDescription; zero otherwise.
	Table  types.OID
	AttNum int16
}

// Rel is a logical relational operator. Cols are its output, in order; names may repeat.
type Rel interface{ Cols() []Col }

// Scan reads a table of the store. Out lists the columns that the query may use, with their attribute numbers;
// negative numbers are system columns (tableoid -6, ctid -1, xmin -2 …), 0 the whole row as a composite.
type Scan struct {
	Table *catalog.Table
	Alias string
	Out   []Col // AttNum set
	// Inherit: child tables and partitions are read too.
	Inherit bool
	// RowAtts: see TableScan.
	RowAtts []int16
}

// VirtualScan reads a relation that is computed: pg_catalog base tables, tarn.* views.
type VirtualScan struct {
	Table *catalog.Table
	Alias string
	Out   []Col
}

// Values is VALUES, or a single row without columns (FROM-less SELECT).
type Values struct {
	Rows [][]Expr
	Out  []Col
}

// FuncScan is one or more set-returning (or plain) functions in FROM; several run in step (ROWS FROM).
// A function that returns a composite yields its columns. Out is all columns in order, then the ordinality.
type FuncScan struct {
	Funcs      []FuncItem
	Rows       float64 // as far as is known; 0: not at all
	Ordinality bool
	Alias      string
	Out        []Col
}
type FuncItem struct {
	Call Expr
	// Cols is how many columns of Out it fills; Composite: they are the fields of its result.
	Cols      int
	Composite bool
}

// Project computes a new column list. Passing a column through is a ColRef whose Out.ID is the same ColID.
type Project struct {
	In    Rel
	Exprs []Expr
	Out   []Col
}

// ProjectSet is Project where some Exprs are set-returning; they advance in step, NULL-padded.
type ProjectSet struct {
	In    Rel
	Exprs []Expr
	Out   []Col
}

// Filter keeps the rows for which all of Conds are true.
type Filter struct {
	In    Rel
	Conds []Expr
}

// Barrier keeps the rows for which all of Conds are true, and lets nothing that could tell of others see them: a condition from
// above runs on a row of In only after Conds, and after the conditions inside In, unless it is leakproof. It is a table with row
// security, or (without Conds) a security_barrier view.
type Barrier struct {
	In    Rel
	Conds []Expr
}

// JoinKind: semi and anti joins come only from the optimizer's decorrelation.
type JoinKind uint8

const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	SemiJoin
	AntiJoin
)

// Join's output is the left columns, then the right ones (semi and anti: left only). Lateral: the right side names left columns.
type Join struct {
	Kind    JoinKind
	L, R    Rel
	On      []Expr
	Lateral bool
}

// Aggregate groups by columns of In (expressions are projected below). Sets lists the grouping sets as positions
// in GroupBy; nil: one set of all of them. A GroupBy column that is not in the set at hand is NULL.
// Output: GroupBy columns, then one column for each of Aggs, then one for each of Groupings.
type Aggregate struct {
	In        Rel
	GroupBy   []Col // GroupBy[i].ID is the output; GroupIn[i] the input column (equal where Sets is nil)
	GroupIn   []ColID
	Sets      [][]int
	Aggs      []*Aggref
	AggOut    []Col
	Groupings []*GroupingCall
	GroupOut  []Col
}

// Window adds one column per call; all calls of a Window share partition, order and frame.
type Window struct {
	In        Rel
	Partition []ColID
	Order     []SortKey
	Frame     Frame
	Calls     []*WindowCall
	Out       []Col // the added columns
}

// Frame is a window frame. Offsets are expressions without column references.
type Frame struct {
	Mode             FrameMode
	Start, End       Bound
	StartOff, EndOff Expr
	StartFn, EndFn   types.OID // in_range function for RANGE with offsets
	Exclude          FrameExclude
}

// Aggregate is the aggregate that the call is of (IsAgg), with its own FILTER.
func (w *WindowCall) Aggregate() *Aggref {
	a := w.Agg
	if a == nil {
		a = &Aggref{Proc: w.Proc, Name: w.Name, Args: w.Args, Star: w.Star, InputColl: w.InputColl, T: w.T}
	}
	if a.Filter == nil && w.Filter != nil {
		filtered := *a
		filtered.Filter = w.Filter
		a = &filtered
	}
	return a
}

// Distance reports RANGE with a bound at a distance from the row's value.
func (f *Frame) Distance() bool {
	away := func(b Bound) bool { return b == OffsetPreceding || b == OffsetFollowing }
	return f.Mode == FrameRange && (away(f.Start) || away(f.End))
}

type FrameMode uint8

const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

type Bound uint8

const (
	UnboundedPreceding Bound = iota
	OffsetPreceding
	CurrentRow
	OffsetFollowing
	UnboundedFollowing
)

type FrameExclude uint8

const (
	ExcludeNone FrameExclude = iota
	ExcludeCurrentRow
	ExcludeGroup
	ExcludeTies
)

// SortKey orders by a column. Op is the pg_operator row that defines the order (0: the type's default).
type SortKey struct {
	Col        ColID
	T          Type
	Desc       bool
	NullsFirst bool
	Op         types.OID
}

// Sort orders its input; Distinct (below it or not) never reorders after it.
type Sort struct {
	In   Rel
	Keys []SortKey
}

// Distinct keeps the first row of each group of On columns (all output columns for SELECT DISTINCT). For DISTINCT ON its
// input is sorted with the On columns leading.
type Distinct struct {
	In Rel
	On []ColID
	// Ordered: DISTINCT ON over a Sort: the first row in that order.
	Ordered bool
}

type Limit struct {
	In            Rel
	Count, Offset Expr // nil: none
	WithTies      []SortKey
}

type SetOpKind uint8

const (
	Union SetOpKind = iota
	Intersect
	Except
)

// SetOp pairs the columns of L and R by position; they have the same types (casts are projected below).
type SetOp struct {
	Kind SetOpKind
	All  bool
	L, R Rel
	Out  []Col
}

// CTE is one WITH query. Refs counts CTEScans; a materialized one is computed once per statement. Rel may be a
// data-modifying statement, which always runs exactly once and to its end.
type CTE struct {
	Name        string
	Rel         Rel
	Materialize bool // MATERIALIZED, more than one reference, volatile or data-modifying
	Recursive   bool // Rel is a RecursiveUnion
	Modifying   bool
	Refs        int
}

// With computes CTEs in order, then In.
type With struct {
	CTEs []*CTE
	In   Rel
}

// CTEScan reads a CTE; Out[i] is its i-th column under a new ColID.
type CTEScan struct {
	CTE   *CTE
	Alias string
	Out   []Col
}

// RecursiveUnion is WITH RECURSIVE's body; Work is read in Step through WorkScan.
type RecursiveUnion struct {
	All        bool
	Base, Step Rel
	Out        []Col
}

// WorkScan reads the working table of the enclosing RecursiveUnion of CTE.
type WorkScan struct {
	CTE *CTE
	Out []Col
}

// LockStrength is FOR KEY SHARE … FOR UPDATE, in PostgreSQL's order.
type LockStrength uint8

const (
	LockNone LockStrength = iota
	LockForKeyShare
	LockForShare
	LockForNoKeyUpdate
	LockForUpdate
)

type WaitPolicy uint8

const (
	WaitBlock WaitPolicy = iota
	WaitSkip
	WaitError
)

// LockRows locks the rows of the named Scans below it, which produce RowLoc columns for it.
type LockRows struct {
	In    Rel
	Items []LockItem
}
type LockItem struct {
	Scan     *Scan
	Loc      ColID // the Scan's row locator column (AttNum RowLocAttNum)
	Strength LockStrength
	Policy   WaitPolicy
}

// RowLocAttNum is the pseudo attribute of a Scan's row locator: the row's storage key and row id as opaque bytes.
// UPDATE, DELETE, MERGE and FOR UPDATE find their target through it.
const RowLocAttNum = -100

// RowLocName names the locator in a target list that the server itself has written; no identifier of a client holds a zero byte.
const RowLocName = "\x00rowloc"

// Insert adds Source's rows. Source columns line up with Targets (attribute numbers of Table); the others take their
// defaults: every column of the table that is stored and not in Targets has an entry in Defaults (nil: NULL).
type Insert struct {
	Table      *catalog.Table
	Alias      string
	Source     Rel
	SourceCols []ColID
	Targets    []int16
	Defaults   map[int16]Expr
	Conflict   *OnConflict
	Row        []Col // the new row's columns as RETURNING and checks name them
	Checks     []Check
	Generated  []GenCol
	Returning  []Expr
	Out        []Col
	Overriding byte // 's' system value, 'u' user value, 0
}

// Check is a condition on a new row, bound over its Row columns. A constraint's must not be false, the others must be true.
type Check struct {
	Constraint string // the constraint's, view's or policy's name; "": no policy lets the row pass
	Expr       Expr
	Kind       CheckKind
}

// CheckKind says what a row breaks that fails a check.
type CheckKind uint8

const (
	CheckConstraint  CheckKind = iota // 23514
	CheckViewOption                   // WITH CHECK OPTION: 44000
	CheckPolicy                       // row security of a new row: 42501. It comes before constraints
	CheckConflict                     // USING for the row in the way of ON CONFLICT DO UPDATE: 42501
	CheckMergeTarget                  // USING for the row that MERGE changes: 42501
)

// GenCol is a stored generated column: computed after defaults, from the Row columns.
type GenCol struct {
	AttNum int16
	Expr   Expr
}

// OnConflict: Indexes are the arbiters (empty: any unique index, for DO NOTHING).
type OnConflict struct {
	Nothing  bool
	Indexes  []types.OID
	Set      []SetItem
	Where    Expr
	Existing []Col // the row in the way, as SET and WHERE name it
	Excluded []Col // EXCLUDED.*
	// Target are row security's conditions on the row in the way, over Existing.
	Target []Check
	// Checks hold for what that row becomes, in the place of the Insert's CheckPolicy ones.
	Checks []Check
}

// SetItem assigns an expression to a column. Subscripts and fields are bound to array_set / row constructors.
type SetItem struct {
	AttNum int16
	Expr   Expr
}

// Update: Source produces, per target row, its locator, its old columns and whatever Set needs.
type Update struct {
	Table     *catalog.Table
	Alias     string
	Source    Rel
	Loc       ColID
	Old       []Col // the target's columns in Source
	Set       []SetItem
	Row       []Col // the new row's columns, for checks and RETURNING
	Checks    []Check
	Generated []GenCol
	Returning []Expr
	Out       []Col
	// Recheck is the condition on the target row alone and with its join partners, re-evaluated on the newest version
	// after a wait (READ COMMITTED); it names Old's ColIDs.
	Recheck []Expr
}

type Delete struct {
	Table     *catalog.Table
	Alias     string
	Source    Rel
	Loc       ColID
	Old       []Col
	Returning []Expr
	Out       []Col
	Recheck   []Expr
}

// Merge: Source is target ⟕/⟖ source as MERGE's rules need; Matched tells by a non-null locator.
type Merge struct {
	Table     *catalog.Table
	Alias     string
	Source    Rel
	Loc       ColID
	Old       []Col
	Actions   []MergeAction
	Row       []Col
	Checks    []Check
	Generated []GenCol
	Recheck   []Expr // the join condition
}
type MergeAction struct {
	Matched bool
	// Target are row security's conditions on the row that is updated or deleted, over Old; Policy those on the new row, over Row.
	Target, Policy []Check
	Cond           Expr
	Kind           byte // i insert, u update, d delete, n do nothing
	Cols           []int16
	Values         []Expr // insert
	Defaults       map[int16]Expr
	Set            []SetItem
	Overriding     byte
}

func (r *Scan) Cols() []Col        { return r.Out }
func (r *VirtualScan) Cols() []Col { return r.Out }
func (r *Values) Cols() []Col      { return r.Out }
func (r *FuncScan) Cols() []Col    { return r.Out }
func (r *Project) Cols() []Col     { return r.Out }
func (r *ProjectSet) Cols() []Col  { return r.Out }
func (r *Filter) Cols() []Col      { return r.In.Cols() }
func (r *Barrier) Cols() []Col     { return r.In.Cols() }
func (r *Join) Cols() []Col {
	if r.Kind == SemiJoin || r.Kind == AntiJoin {
		return r.L.Cols()
	}
	return concat(r.L.Cols(), r.R.Cols())
}
func (r *Aggregate) Cols() []Col {
	return concat(concat(r.GroupBy, r.AggOut), r.GroupOut)
}
func (r *Window) Cols() []Col         { return concat(r.In.Cols(), r.Out) }
func (r *Sort) Cols() []Col           { return r.In.Cols() }
func (r *Distinct) Cols() []Col       { return r.In.Cols() }
func (r *Limit) Cols() []Col          { return r.In.Cols() }
func (r *SetOp) Cols() []Col          { return r.Out }
func (r *With) Cols() []Col           { return r.In.Cols() }
func (r *CTEScan) Cols() []Col        { return r.Out }
func (r *RecursiveUnion) Cols() []Col { return r.Out }
func (r *WorkScan) Cols() []Col       { return r.Out }
func (r *LockRows) Cols() []Col       { return r.In.Cols() }
func (r *Insert) Cols() []Col         { return r.Out }
func (r *Update) Cols() []Col         { return r.Out }
func (r *Delete) Cols() []Col         { return r.Out }
func (r *Merge) Cols() []Col          { return nil }

func concat(a, b []Col) []Col { return append(a[:len(a):len(a)], b...) }

// Statement is a bound query or DML statement: what PREPARE keeps before optimization.
type Statement struct {
	Rel Rel
	// Out are the result columns in order with the names that RowDescription gives; nil for DML without RETURNING.
	Out []Col
	// Params are the types of $1…$n.
	Params []types.OID
	// Rewritten: the Steps run in its place, in order; its Rel has no rows. Out and the command tag's count are those of Steps[Counted],
	// where that is not -1.
	Rewritten bool
	Steps     []*Statement
	Counted   int
	// Tag is SELECT, INSERT, UPDATE, DELETE, MERGE.
	Tag string
	// ReadOnly: no data-modifying part, no row locks.
	ReadOnly bool
	// Volatile: calls a volatile function.
	Volatile bool
	// Momentary: a literal was read by settings or a clock (DateStyle, TimeZone, 'now'): bound later, the statement may say something else.
	Momentary bool
	// Tables are the relations used, with what is asked of them, for locks, privileges and cache invalidation.
	Tables []TableUse
	// Access is what the statement needs of each relation that it names.
	Access []*Access
	// Functions are the functions of users that it calls, inside of views too.
	Functions []FuncUse
	NextCol   ColID
	// Fields are the fields of result columns of type record, by position, where they are known.
	Fields map[int][]types.Attr
}

type TableUse struct {
	Table          *catalog.Table
	Select, Modify bool
	RowShare       bool // FOR UPDATE and the like
}
