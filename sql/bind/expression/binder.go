package expression

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Binder is the state of binding one statement's expressions. Init makes one.
type Binder struct {
	overload.Resolver
	Queries        Queries
	Cache          *parser.Cache // of stored SQL; may be nil
	Vars           Variables     // names that stand for parameters; nil: there are none
	Inline         bool          // calls of simple SQL functions are replaced by their bodies
	ViewDefinition bool          // parameters are refused
	Infer          bool          // parameter types are inferred
	Printing       bool          // expressions are bound to be printed: what was written stays

	NextCol     plan.ColID                  // the next free column
	Owner       map[plan.ColID]*Scope       // the query level that a column belongs to
	Derived     map[plan.ColID]*Derived     // columns that stand for aggregates and the like
	Fields      map[plan.ColID][]types.Attr // of columns of type record
	Rows        map[plan.ColID]*Item        // whole-row columns
	Params      []*Param                    // $1…
	Functions   []plan.FuncUse              // of users, called
	Volatile    bool                        // something volatile is called
	LateralHits int                         // references to LATERAL siblings so far

	loc       map[plan.Expr]int32      // leftmost source byte of an expression; absent: unknown
	collateAt map[*plan.Relabel]int32  // where COLLATE stands
	macroArgs []plan.Expr              // $1… of the SQL function being expanded
	varFields map[int][]types.Attr     // fields of variables of type record, by their number
	inlined   int                      // bodies of SQL functions that are being bound in the place of calls
	multi     map[int32]*plan.Subquery // sources of SET (a, b) = (SELECT …), by location
}

// Init makes b ready to bind a statement.
func (b *Binder) Init(lex lexicon.Lexicon, q Queries, cache *parser.Cache) {
	*b = Binder{Resolver: overload.Resolver{Lexicon: lex}, Queries: q, Cache: cache, NextCol: 1, loc: map[plan.Expr]int32{},
		Owner: map[plan.ColID]*Scope{}, Derived: map[plan.ColID]*Derived{}, Fields: map[plan.ColID][]types.Attr{},
		Rows: map[plan.ColID]*Item{}, collateAt: map[*plan.Relabel]int32{}}
}

// Derived is what a column that the binder made stands for.
type Derived struct {
	Kind  byte // 'a' aggregate, 'w' window call, 's' set-returning call, 'g' GROUPING
	Def   plan.Expr
	coll  Collation
	Scope *Scope
}

// NewCol takes a fresh column.
func (b *Binder) NewCol() plan.ColID {
	id := b.NextCol
	b.NextCol++
	return id
}

// At records where an expression starts.
func (b *Binder) At(e plan.Expr, loc int32) plan.Expr {
	if loc >= 0 {
		b.loc[e] = loc
	}
	return e
}

// LocOf is where an expression starts, -1 where that is not known.
func (b *Binder) LocOf(e plan.Expr) int32 {
	if l, ok := b.loc[e]; ok {
		return l
	}
	return -1
}

func (b *Binder) leftmostOf(loc int32, args ...plan.Expr) int32 {
	for _, a := range args {
		loc = place.Leftmost(loc, b.LocOf(a))
	}
	return loc
}
