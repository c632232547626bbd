package plpgsql

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Types resolves the type names of declarations.
type Types interface {
	// TypeName resolves a type as SQL writes it; 42704.
	TypeName(n *ast.TypeName) (plan.Type, error)
	// RowType is the row type of a relation; 42P01.
	RowType(names []string) (plan.Type, error)
	// Type finds a type by OID; nil if there is none.
	Type(oid types.OID) *types.Type
	// TypeText is a type's name in messages.
	TypeText(oid types.OID) string
}

// Host runs SQL for a function under way. Values that it gives are the caller's until the next call, but for those of Eval, which
// live until the next Eval of the same Expression.
type Host interface {
	Types
	// Expression plans SELECT text as one value; Statement a whole statement; Assignment the new value of base, a parameter, with what
	// stands at path replaced. vars gives the parameters; its Begin is called before the text is bound, now or later.
	Expression(text string, vars Vars) (Expression, error)
	Assignment(text string, base expression.Variable, path []ast.Node, vars Vars) (Expression, error)
	Statement(text string, vars Vars) (Statement, error)
	// Cast converts as an assignment does, or through text.
	Cast(v types.Datum, from, to plan.Type) (types.Datum, error)
	// Begin starts a subtransaction; exactly one of its ends must be called, innermost first.
	Begin() (Subtransaction, error)
	// Commit and Rollback end the transaction and start the next one; 2D000 where that is not allowed.
	Commit(chain bool) error
	Rollback(chain bool) error
	// OpenCursor makes rows a cursor of that name, "" for a new one, and returns the name; 42P03.
	OpenCursor(name string, st Statement, params []types.Datum, scroll int) (string, error)
	// Fetch moves a cursor and gives the last row that it passed, nil for none; 34000.
	Fetch(name string, dir ast.FetchDirection, count int64) (cols []plan.Col, row []types.Datum, n int64, err error)
	CloseCursor(name string) error
	Call(text string, vars Vars, params func() []types.Datum) (fields []types.Attr, row []types.Datum, args []ast.Node, err error)
	Notice(*pgerr.Error)
	// Check reports whether the statement has been canceled.
	Check() error
	// Text prints a value as its type's output function does.
	Text(v types.Datum, t plan.Type) string
	// Asserts is plpgsql.check_asserts, Conflict plpgsql.variable_conflict.
	Asserts() bool
}

// Vars are the variables of a text in a function.
type Vars interface {
	expression.Variables
	Begin()
}

// Expression is a planned value.
type Expression interface {
	// Ready plans the text where that has not been done or is outdated; fresh throws the plan away first.
	Ready(fresh bool) error
	Type() plan.Type
	// Attrs are the fields of a value of type record, where they are known.
	Attrs() []types.Attr
	Eval(params []types.Datum) (types.Datum, error)
}

// Statement is a planned statement, or a utility statement.
type Statement interface {
	Ready(fresh bool) error
	// Cols are the columns of its rows, nil for none; Fields those of columns of type record.
	Cols() []plan.Col
	// Tag is the command ("SELECT", "INSERT" …).
	Tag() string
	// Run runs to the end. A row lives until emit returns; ErrStop from emit ends the run without an error. n is the number of rows
	// that were changed or given.
	Run(params []types.Datum, emit func(row []types.Datum) error) (n int64, err error)
	// Open starts a query that is read step by step.
	Open(params []types.Datum) (Rows, error)
}

// Rows are the rows of a query under way.
type Rows interface {
	Next() (row []types.Datum, ok bool, err error)
	Close() error
}

// Subtransaction is an EXCEPTION block's.
type Subtransaction interface {
	Release() error
	Rollback() error
}

// ErrStop ends Run early.
var ErrStop = pgerr.New("", "stop")
