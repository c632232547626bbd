package plan

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// ColID names a column within one statement; 0 is none.
type ColID int32

// Type is a result type: OID, type modifier (-1 none) and collation (0 none).
type Type struct {
	OID  types.OID
	Mod  int32
	Coll types.OID
}

// Expr is a bound scalar expression.
type Expr interface{ Type() Type }

// Const is a literal of its final type.
type Const struct {
	Val types.Datum
	T   Type
}

// Param is $Index+1.
type Param struct {
	Index int
	T     Type
}

// ColRef is a column of an input, or of an enclosing query (see package comment).
type ColRef struct {
	Col  ColID
	Name string
	T    Type
}

// CallForm is how a FuncCall was written; EXPLAIN and pg_get_expr print it back.
type CallForm uint8

const (
	CallFunc         CallForm = iota // f(a, b)
	CallOp                           // a op b, op a
	CallCastExplicit                 // a::t, CAST(a AS t)
	CallCastImplicit                 // put in by the binder
	CallSQLSyntax                    // EXTRACT(…), a AT TIME ZONE b, POSITION(…) …
)

// FuncCall calls the pg_proc row Proc (built in, or a user's function). Operators and cast functions are
// calls too: Op is the pg_operator row for CallOp. Arguments have the declared types (polymorphic ones resolved);
// defaults are filled in; a variadic call's trailing arguments are packed into an ArrayCtor.
type FuncCall struct {
	Proc      types.OID
	Op        types.OID
	Name      string // function name, or operator symbol
	Args      []Expr
	T         Type
	InputColl types.OID
	RetSet    bool // set-returning: only in ProjectSet and FuncScan
	Variadic  bool // written with VARIADIC
	Form      CallForm
	Func      *catalog.Function // of users; nil: built in
	// Fields are the columns that the query declares for a record result, FROM f() AS t(a int, b text); else nil.
	Fields []types.Attr
}

// Relabel changes the type and not the bits (binary-coercible casts).
type Relabel struct {
	Arg  Expr
	T    Type
	Form CallForm
}

// CoerceViaIO converts through the types' text output and input functions.
type CoerceViaIO struct {
	Arg  Expr
	T    Type
	Form CallForm
}

// ArrayCoerce applies Elem to each element of an array; the element stands as ColRef{Col: ElemCol} in it.
type ArrayCoerce struct {
	Arg     Expr
	Elem    Expr
	ElemCol ColID
	T       Type
	Form    CallForm
}

// CoerceToDomain checks the constraints of domain T on Arg (a value of its base type).
type CoerceToDomain struct {
	Arg  Expr
	T    Type
	Form CallForm
}

// BoolOp is AND, OR (two or more arguments) or NOT (one), with three-valued logic.
type BoolOp struct {
	Kind BoolKind
	Args []Expr
}
type BoolKind uint8

const (
	And BoolKind = iota
	Or
	Not
)

// NullTest is IS [NOT] NULL. Row: the argument is a row value, tested field by field.
type NullTest struct {
	Arg Expr
	Not bool
	Row bool
}

// BoolTest is IS [NOT] TRUE | FALSE | UNKNOWN. Want is 't', 'f' or 'u'.
type BoolTest struct {
	Arg  Expr
	Want byte
	Not  bool
}

// Case is both forms of CASE. For CASE arg WHEN v, each When.Cond already is the comparison, with the argument as
// ColRef{Col: ArgCol}; the argument is evaluated once.
type Case struct {
	Arg    Expr // or nil
	ArgCol ColID
	Whens  []When
	Else   Expr // or nil: NULL
	T      Type
}
type When struct{ Cond, Then Expr }

type Coalesce struct {
	Args []Expr
	T    Type
}

// MinMax is GREATEST or LEAST; NULLs are skipped. Less is the type's btree "<" function.
type MinMax struct {
	Greatest bool
	Args     []Expr
	T        Type
}

// NullIf is NULL where Eq (an "=" call over both arguments) is true, else its first argument.
type NullIf struct {
	Eq *FuncCall
	T  Type
}

// DistinctFrom is IS [NOT] DISTINCT FROM: Eq is the "=" call over both arguments.
type DistinctFrom struct {
	Eq  *FuncCall
	Not bool
}

// ScalarArrayOp is left op ANY|ALL (array). Call's second argument is the array; its operator takes the element type.
// IN (list) of expressions without subqueries is bound to this (ANY over an ArrayCtor) where the elements share a type.
type ScalarArrayOp struct {
	Call *FuncCall // Args[0] left, Args[1] the array expression
	All  bool
}

// ArrayCtor is ARRAY[…]; Multi: the elements are arrays themselves.
type ArrayCtor struct {
	Elems []Expr
	Elem  Type
	Multi bool
	T     Type
}

// Subscript is arg[…]…: an element, or a slice where Slice. Absent slice bounds are nil. For jsonb subscripts T is jsonb.
type Subscript struct {
	Arg          Expr
	Lower, Upper []Expr // element access uses Upper only
	Slice        bool
	T            Type
}

// SubscriptAssign is arg with Val put at […]…, for UPDATE t SET arr[i] = v: bounds as in Subscript. A NULL array
// counts as empty. Val has the element's type, or the container's for a slice. For jsonb T is jsonb.
type SubscriptAssign struct {
	Arg          Expr
	Lower, Upper []Expr
	Slice        bool
	Val          Expr
	T            Type
}

// FieldAssign is the composite arg with field Field (from 0) replaced by Val. A NULL arg counts as a row of NULLs.
type FieldAssign struct {
	Arg   Expr
	Field int
	Name  string
	Val   Expr
	T     Type
}

// RowCtor is ROW(…): a value of type record, or of the composite T.
type RowCtor struct {
	Fields []Expr
	Names  []string
	T      Type
}

// FieldSelect is (composite).field; Field counts from 0.
type FieldSelect struct {
	Arg   Expr
	Field int
	Name  string
	T     Type
}

// RowCompare is ROW(a,b) op ROW(c,d) for < <= >= >: Lt[i] and Eq[i] are the calls of the column pairs.
// = and <> are bound to And/Or of single comparisons.
type RowCompare struct {
	Op     string
	Lt, Eq []*FuncCall
}

// SubqueryKind says what an expression subquery yields.
type SubqueryKind uint8

const (
	SubExists SubqueryKind = iota
	SubScalar              // one column; NULL for no row; 21000 for more than one
	SubAny                 // Test is true for some row (three-valued)
	SubAll                 // Test is true for every row
	SubArray               // ARRAY(select …)
	SubRow                 // multi-column scalar, for (a,b) = (select …): T is record
)

// Subquery is a query used as an expression. Rel may be correlated. Test (SubAny, SubAll) names Rel's columns by ColRef
// next to the outer expressions. Opt sets Plan in the copy that it makes; it may turn a correlated SubExists into one with a Test,
// which is true where Test is true for some row and false otherwise.
type Subquery struct {
	Kind SubqueryKind
	Rel  Rel
	Test Expr
	T    Type
	Plan Node // after optimization
	// Params are the correlated outer columns, after optimization; none: the subquery is evaluated at most once.
	Params []ColID
	// Choice: there was a hashed and a correlated way to plan it.
	Choice bool
}

// SQLValue is CURRENT_DATE, CURRENT_USER and the like; Name is the lower-case keyword.
type SQLValue struct {
	Name string
	T    Type
}

// CurrentOf is WHERE CURRENT OF cursor; Row is the locator of the table that it picks from.
type CurrentOf struct {
	Cursor string
	Row    ColID
}

// NextVal is the default of serial and identity columns: nextval of the sequence with that OID.
type NextVal struct {
	Seq types.OID
	T   Type
}

// Aggref is an aggregate call. It stands only in Aggregate.Aggs; above it, it is a ColRef.
type Aggref struct {
	Proc      types.OID
	Name      string
	Args      []Expr // aggregated arguments
	Direct    []Expr // direct arguments of ordered-set aggregates
	OrderBy   []ExprSort
	Distinct  bool
	Filter    Expr
	Star      bool
	Variadic  bool
	InputColl types.OID
	T         Type
	ArgTypes  []types.OID       // resolved argument types
	TransType types.OID         // resolved transition type
	Func      *catalog.Function // of users; nil: built in
	Ordered   bool              // an ordered-set aggregate: the order is that of Args
	Like      types.OID         // of users, with the functions of this built-in one; 0: none
	Steps     *AggSteps         // of users, computed by their functions; nil: built in, or Like one
}

// AggSteps is how an aggregate of users is computed. Its expressions name State, Args and Direct by ColRef and nothing else;
// nobody but the executor looks into them.
type AggSteps struct {
	State        ColID
	Args, Direct []ColID
	Init         types.Datum
	Trans        Expr
	Strict       bool // Trans is not called for NULL arguments; without Init the first arguments' value is the first state
	Final        Expr
}

// ExprSort orders by an expression. Lt is the OID of the ordering operator ("<" or ">" of the btree family).
type ExprSort struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
	Op         types.OID // 0: the type's default order
}

// WindowCall is a window function or an aggregate used as one. It stands only in Window.Calls.
type WindowCall struct {
	Proc      types.OID
	Name      string
	Args      []Expr
	Filter    Expr
	Star      bool
	IsAgg     bool
	InputColl types.OID
	T         Type
	Agg       *Aggref           // for IsAgg: the same call as an aggregate
	Func      *catalog.Function // of users; nil: built in
}

// GroupingCall is GROUPING(…): the group columns that it asks about. Bound only inside an Aggregate with several sets.
type GroupingCall struct {
	Cols []ColID
}

func (e *Const) Type() Type           { return e.T }
func (e *Param) Type() Type           { return e.T }
func (e *ColRef) Type() Type          { return e.T }
func (e *FuncCall) Type() Type        { return e.T }
func (e *Relabel) Type() Type         { return e.T }
func (e *CoerceViaIO) Type() Type     { return e.T }
func (e *ArrayCoerce) Type() Type     { return e.T }
func (e *CoerceToDomain) Type() Type  { return e.T }
func (e *BoolOp) Type() Type          { return boolType }
func (e *NullTest) Type() Type        { return boolType }
func (e *BoolTest) Type() Type        { return boolType }
func (e *Case) Type() Type            { return e.T }
func (e *Coalesce) Type() Type        { return e.T }
func (e *MinMax) Type() Type          { return e.T }
func (e *NullIf) Type() Type          { return e.T }
func (e *DistinctFrom) Type() Type    { return boolType }
func (e *ScalarArrayOp) Type() Type   { return boolType }
func (e *ArrayCtor) Type() Type       { return e.T }
func (e *Subscript) Type() Type       { return e.T }
func (e *SubscriptAssign) Type() Type { return e.T }
func (e *FieldAssign) Type() Type     { return e.T }
func (e *RowCtor) Type() Type         { return e.T }
func (e *FieldSelect) Type() Type     { return e.T }
func (e *RowCompare) Type() Type      { return boolType }
func (e *Subquery) Type() Type        { return e.T }
func (e *SQLValue) Type() Type        { return e.T }
func (e *CurrentOf) Type() Type       { return boolType }
func (e *NextVal) Type() Type         { return e.T }
func (e *Aggref) Type() Type          { return e.T }
func (e *WindowCall) Type() Type      { return e.T }
func (e *GroupingCall) Type() Type    { return Type{OID: 23, Mod: -1} }

var boolType = Type{OID: 16, Mod: -1}
