package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Routine finds the function, procedure or aggregate that a statement names. kind is 'f', 'p', 'a' or 0 for any; args nil: the name
// alone must tell. Errors: 42883, 42725 for a name that several have, 42809 for one of another kind.
func Routine(env *Env, n *ast.ObjectWithArgs, kind byte) (f *catalog.Function, builtin *pgdata.Proc, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	p := b.Routine(n, kind)
	if !catalog.BuiltIn(p.OID) {
		return env.Catalog.Function(p.OID), nil, nil
	}
	return nil, p, nil
}

// BoundCall is CALL: a procedure and its arguments.
type BoundCall struct {
	Func   *catalog.Function
	Args   []plan.Expr  // without those of OUT parameters
	Outs   []types.Attr // the columns of the row that CALL answers
	Params []types.OID  // types of the statement's own parameters
}

// Call binds CALL. infer: it may have parameters, whose types are given or found as Statement does.
func Call(env *Env, n *ast.FuncCall, infer bool, paramTypes []types.OID) (c BoundCall, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.Infer = infer
	// The JDBC driver gives OUT parameters the type void: it is found as of those that have none.
	paramTypes = slices.Clone(paramTypes)
	for i, t := range paramTypes {
		if t == types.Void {
			paramTypes[i] = types.Unknown
		}
	}
	b.giveParams(paramTypes)
	s := b.NewScope(nil)
	c.Func, c.Args, c.Outs = b.call(s, n)
	for _, a := range c.Args {
		b.Collate(a)
	}
	c.Params = b.FinishParams()
	return c, nil
}

func (b *binder) call(s *expression.Scope, n *ast.FuncCall) (*catalog.Function, []plan.Expr, []types.Attr) {
	name := lexicon.Names(n.Funcname)
	loc := n.Location
	var args []plan.Expr
	var argNames []string
	for _, a := range n.Args {
		if named, ok := a.(*ast.NamedArgExpr); ok {
			args = append(args, b.ExprIn(s, named.Arg, expression.KindCallArgument))
			argNames = append(argNames, named.Name)
			continue
		}
		if len(argNames) > 0 {
			b.Fail(pgerr.SyntaxError, place.OfNode(a), "positional argument cannot follow named argument")
		}
		args = append(args, b.ExprIn(s, a, expression.KindCallArgument))
	}
	actual := make([]types.OID, len(args))
	for i, a := range args {
		actual[i] = a.Type().OID
	}
	b.UseSchema(name, n.Location)
	d := b.Function(name, argNames, actual, !n.FuncVariadic, true)
	if d.Candidate == nil {
		sig := b.Signature(name, argNames, actual)
		if d.Many {
			panic(b.Err(pgerr.AmbiguousFunction, loc, "procedure %s is not unique", sig).
				WithHint("Could not choose a best candidate procedure. You might need to add explicit type casts."))
		}
		panic(b.Err(pgerr.UndefinedFunction, loc, "procedure %s does not exist", sig).
			WithHint("No procedure matches the given name and argument types. You might need to add explicit type casts."))
	}
	if d.Kind != 'p' {
		panic(b.Err(pgerr.WrongObjectType, loc, "%s is not a procedure", b.Signature(name, argNames, actual)).
			WithHint("To call a function, use SELECT."))
	}
	args, actual, declared := b.CompleteArgs(s, d.Candidate, args, actual)
	p := b.Proc(d.Candidate.Proc.OID)
	outs := expression.RecordFields(p)
	b.ResolvePolymorphic(actual, declared, types.Void, loc)
	b.CoerceArgs(args, actual, declared)
	if d.Candidate.Variadic > 0 && d.Candidate.Proc.Variadic != types.Any {
		args = b.PackVariadic(args, declared, d.Candidate.Variadic)
	}
	f := b.Catalog.Function(d.Candidate.Proc.OID)
	if f == nil {
		b.Unsupported(loc, "CALL of a built-in procedure")
	}
	// OUT arguments are written and not evaluated.
	if p.ArgModes != nil {
		var in []plan.Expr
		for i, m := range p.ArgModes {
			if m != "o" && i < len(args) {
				in = append(in, args[i])
			}
		}
		args = in
	}
	resolved := make([]types.Attr, len(outs))
	copy(resolved, outs)
	return f, args, resolved
}

// OutColumns are the columns that a function's OUT parameters make for arguments of the given types; nil for none.
func OutColumns(env *Env, f *catalog.Function, actual []types.OID) (out []types.Attr) {
	var err error
	defer place.Guard(&err)
	b := newBinder(env)
	args := make([]plan.Expr, len(actual))
	for i, t := range actual {
		args[i] = &plan.Param{Index: i, T: plan.Type{OID: t, Mod: -1}}
	}
	return b.OutColumns(&f.Proc, args)
}

// Assignable reports whether a value of one type can be assigned to another.
func Assignable(env *Env, from, to types.OID) bool {
	return newBinder(env).CanCoerce(from, to, overload.Assignment)
}

// CastExpr is the conversion of col, a value of type from, to another type: an assignment cast, or through text where there is none.
func CastExpr(env *Env, from, to plan.Type) (e plan.Expr, col plan.Col, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.NextCol = storedCols
	col = plan.Col{ID: b.NewCol(), Name: "value", T: from}
	var ref plan.Expr = &plan.ColRef{Col: col.ID, Name: "value", T: from}
	if from.OID == types.Unknown {
		ref = b.Relabel(ref, plan.Type{OID: types.Text, Mod: -1}, plan.CallCastImplicit)
	}
	if to.OID == types.Unknown || to.OID == from.OID && to.Mod < 0 && !b.IsDomain(to.OID) {
		return ref, col, nil
	}
	if from.OID == to.OID && b.IsDomain(to.OID) {
		return b.ToDomain(b.Relabel(ref, b.PlanType(b.BaseType(to.OID), -1), plan.CallCastImplicit), to.OID, plan.CallCastImplicit, overload.Assignment, -1), col, nil
	}
	if e = b.CoerceToTarget(ref, to.OID, to.Mod, overload.Assignment, plan.CallCastImplicit, -1); e == nil {
		base, mod := b.BaseTypeMod(to.OID, to.Mod)
		e = &plan.CoerceViaIO{Arg: ref, T: b.PlanType(base, -1), Form: plan.CallCastImplicit}
		e = b.ApplyTypmod(e, base, mod, plan.CallCastImplicit, overload.Assignment, false)
		if base != to.OID {
			e = b.ToDomain(e, to.OID, plan.CallCastImplicit, overload.Assignment, -1)
		}
	}
	b.Collate(e)
	return e, col, nil
}
