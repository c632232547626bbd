package routine

import (
	"strconv"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Args are the arguments of a SQL function as names.
type Args struct {
	Func  *catalog.Function
	Types []plan.Type // of the input arguments
}

// Conflict implements expression.Variables: columns come before arguments.
func (a *Args) Conflict() expression.VariableConflict { return expression.UseColumn }

// Number implements expression.Variables.
func (a *Args) Number(n int) expression.Variable {
	if n < 1 || n > len(a.Types) {
		return expression.Variable{}
	}
	return expression.Variable{Parts: 1, Index: n - 1, Type: a.Types[n-1]}
}

// Variable implements expression.Variables.
func (a *Args) Variable(name []string) expression.Variable {
	parts := 1
	if len(name) > 1 && name[0] == a.Func.Name && a.named(name[0]) < 0 {
		name, parts = name[1:], 2
	}
	if i := a.named(name[0]); i >= 0 && i < len(a.Types) {
		return expression.Variable{Parts: parts, Index: i, Type: a.Types[i]}
	}
	return expression.Variable{}
}

func (a *Args) named(name string) int {
	in := 0
	p := &a.Func.Proc
	for i, n := range p.ArgNames {
		if p.ArgModes != nil && p.ArgModes[i] != "i" && p.ArgModes[i] != "b" && p.ArgModes[i] != "v" {
			continue
		}
		if n == name && n != "" {
			return in
		}
		in++
	}
	return -1
}

// Signature tells calls apart for which a function is compiled on its own.
func Signature(c *run.RoutineCall) string {
	var b []byte
	for _, a := range c.ArgTypes {
		b = append(strconv.AppendUint(b, uint64(a), 10), ',')
	}
	b = strconv.AppendUint(append(b, ':'), uint64(c.Ret.OID), 10)
	for _, f := range c.Fields {
		b = append(strconv.AppendUint(append(b, ';'), uint64(f.Type), 10), f.Name...)
	}
	return string(b)
}

// IsPolymorphic reports whether a call decides what a declared type is.
func IsPolymorphic(t types.OID) bool {
	y := types.Lookup(t)
	return y != nil && y.TypType == types.TypePseudo && t != types.Record && t != types.Void && t != types.Trigger && t != types.EventTrigger
}

// StandIn is a type for which a body with a polymorphic one is tried: int4, and what is made of it, as PostgreSQL's validator has them.
func StandIn(t types.OID) types.OID {
	switch t {
	case types.AnyElement, types.AnyNonArray, types.AnyCompatible, types.AnyCompatibleNonArray, types.AnyEnum:
		return types.Int4
	case types.AnyArray, types.AnyCompatibleArray:
		return types.Lookup(types.Int4).Array
	}
	return t
}

// OutArgs are what is written in the places of OUT parameters.
func OutArgs(modes, names []string, args []ast.Node) (out []ast.Node) {
	for i, m := range modes {
		if m != "o" && m != "b" {
			continue
		}
		var at ast.Node
		if i < len(args) {
			at = args[i]
		}
		for _, a := range args {
			if named, ok := a.(*ast.NamedArgExpr); ok && i < len(names) && named.Name == names[i] {
				at = named.Arg
			}
		}
		if named, ok := at.(*ast.NamedArgExpr); ok {
			at = named.Arg
		}
		out = append(out, at)
	}
	return out
}
