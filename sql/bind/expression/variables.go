package expression

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Variables are names that stand for parameters of a statement: the arguments of a SQL function, the variables of PL/pgSQL.
// The parameters' numbers and types are theirs: Statement infers nothing and lists no parameters.
type Variables interface {
	// Variable finds what a dotted name stands for. Parts says how many of its parts name the variable, 0 that there is none;
	// what follows are fields.
	Variable(name []string) Variable
	// Number finds $n.
	Number(n int) Variable
	// Conflict says who wins where a name is a column, too.
	Conflict() VariableConflict
}

// Variable is what a name stands for.
type Variable struct {
	Parts int
	Index int // of Params
	Type  plan.Type
	Attrs []types.Attr // of a value of type record whose fields are known
}

// VariableConflict is who wins where a name is both a variable and a column (manual: 43.11.1).
type VariableConflict uint8

const (
	UseColumn VariableConflict = iota
	UseVariable
	ConflictError
)

// variable is the expression that a name stands for as a variable; nil where it is none.
func (b *Binder) variableRef(s *Scope, name []string, loc int32) plan.Expr {
	v := b.Vars.Variable(name)
	if v.Parts == 0 {
		return nil
	}
	e := b.VariableParam(v, loc)
	for _, f := range name[v.Parts:] {
		x := b.fieldOf(e, f, loc)
		if x == nil {
			return nil
		}
		e = x
	}
	return e
}

// VariableParam is the parameter of a variable.
func (b *Binder) VariableParam(v Variable, loc int32) plan.Expr {
	p := &plan.Param{Index: v.Index, T: v.Type}
	if v.Attrs != nil {
		if b.varFields == nil {
			b.varFields = map[int][]types.Attr{}
		}
		b.varFields[v.Index] = v.Attrs
	}
	return b.At(p, loc)
}

// columnOrVariable resolves a name where variables are in scope.
func (b *Binder) columnOrVariable(s *Scope, n *ast.ColumnRef) plan.Expr {
	name := lexicon.Names(n.Fields)
	mode := b.Vars.Conflict()
	if mode == UseVariable {
		if e := b.variableRef(s, name, n.Location); e != nil {
			return e
		}
	}
	col, err := b.tryColumn(s, n)
	if col != nil && mode != ConflictError {
		return col
	}
	e := b.variableRef(s, name, n.Location)
	switch {
	case e != nil && col != nil:
		panic(b.Err(pgerr.AmbiguousColumn, n.Location, "column reference \"%s\" is ambiguous", strings.Join(name, ".")).
			WithDetail("It could refer to either a PL/pgSQL variable or a table column."))
	case e != nil:
		return e
	case col != nil:
		return col
	}
	panic(err)
}

// tryColumn is columnRef without variables: an unknown name is given back as an error.
func (b *Binder) tryColumn(s *Scope, n *ast.ColumnRef) (e plan.Expr, missing *pgerr.Error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *pgerr.Error:
			if r.Code != pgerr.UndefinedColumn && r.Code != pgerr.UndefinedTable {
				panic(r)
			}
			missing = r
		default:
			panic(r)
		}
	}()
	return b.plainColumnRef(s, n), nil
}

// variableStar expands variable.*; nil where the name is none.
func (b *Binder) variableStar(s *Scope, name []string, loc int32) []namedExpr {
	if b.Vars == nil {
		return nil
	}
	e := b.variableRef(s, name, loc)
	if e == nil {
		return nil
	}
	return b.expandRow(e, loc)
}
