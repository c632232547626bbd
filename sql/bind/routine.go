package bind

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// proc finds a function by OID, built in or the user's; nil if there is none.
func (b *binder) proc(oid types.OID) *pgdata.Proc {
	if oid >= catalog.FirstNormalOID {
		if f := b.env.Catalog.Function(oid); f != nil {
			return &f.Proc
		}
		return nil
	}
	return b.reg.procs[oid]
}

// procsNamed lists the functions that a name may mean. Of two with the same arguments the one that search_path finds first hides
// the other.
func (b *binder) procsNamed(name []string) []*pgdata.Proc {
	switch len(name) {
	case 1:
		builtin := b.reg.procsByName[name[0]]
		var out []*pgdata.Proc
		for _, s := range b.path() {
			if s == catalog.PgCatalogOID {
				for _, p := range builtin {
					out = appendVisible(out, p)
				}
				continue
			}
			for _, f := range b.env.Catalog.FunctionsNamed(s, name[0]) {
				out = appendVisible(out, &f.Proc)
			}
		}
		return out
	case 2:
		s := b.env.Catalog.Schema(name[0])
		if name[0] == "pg_temp" && b.env.TempSchema != 0 {
			s = b.env.Catalog.SchemaByOID(b.env.TempSchema)
		}
		if s == nil {
			return nil
		}
		var out []*pgdata.Proc
		for _, p := range b.reg.procsByName[name[1]] {
			if p.Namespace == s.OID {
				out = append(out, p)
			}
		}
		for _, f := range b.env.Catalog.FunctionsNamed(s.OID, name[1]) {
			out = append(out, &f.Proc)
		}
		return out
	case 3:
		if name[0] == b.env.Database {
			return b.procsNamed(name[1:])
		}
	}
	return nil
}

func appendVisible(list []*pgdata.Proc, p *pgdata.Proc) []*pgdata.Proc {
	for _, have := range list {
		if have.Namespace != p.Namespace && sameOIDs(have.ArgTypes, p.ArgTypes) {
			return list
		}
	}
	return append(list, p)
}

// Routine finds the function, procedure or aggregate that a statement names. kind is 'f', 'p', 'a' or 0 for any; args nil: the name
// alone must tell. Errors: 42883, 42725 for a name that several have, 42809 for one of another kind.
func Routine(env *Env, n *ast.ObjectWithArgs, kind byte) (f *catalog.Function, builtin *pgdata.Proc, err error) {
	defer guard(&err)
	b := newBinder(env)
	p := b.routine(n, kind)
	if p.OID >= catalog.FirstNormalOID {
		return env.Catalog.Function(p.OID), nil, nil
	}
	return nil, p, nil
}

func routineWord(kind byte) string {
	switch kind {
	case 'p':
		return "procedure"
	case 'a':
		return "aggregate"
	case 0:
		return "routine"
	}
	return "function"
}

func (b *binder) routine(n *ast.ObjectWithArgs, kind byte) *pgdata.Proc {
	name := names(n.Objname)
	full := dotted(n.Objname)
	if len(name) == 2 && name[0] != "pg_temp" && b.env.Catalog.Schema(name[0]) == nil {
		b.fail(pgerr.InvalidSchemaName, -1, "schema \"%s\" does not exist", name[0])
	}
	fits := func(p *pgdata.Proc) bool {
		switch kind {
		case 'f':
			return p.Kind != 'p' && p.Kind != 'a' || p.Kind == 'a'
		case 'p', 'a':
			return p.Kind == kind
		}
		return true
	}
	list := b.procsNamed(name)
	if n.ArgsUnspecified {
		var hit []*pgdata.Proc
		for _, p := range list {
			if kind == 0 || p.Kind == kind || kind == 'f' && p.Kind == 'w' {
				hit = append(hit, p)
			}
		}
		switch len(hit) {
		case 1:
			return hit[0]
		case 0:
			b.fail(pgerr.UndefinedFunction, -1, "could not find a %s named \"%s\"", routineWord(kind), full)
		}
		panic(b.err(pgerr.AmbiguousFunction, -1, "%s name \"%s\" is not unique", routineWord(kind), full).
			WithHint("Specify the argument list to select the %s unambiguously.", routineWord(kind)))
	}
	in, all := b.objectArgs(n, kind)
	var found *pgdata.Proc
	for _, p := range list {
		if sameOIDs(p.ArgTypes, in) && (found == nil || !fits(found) && fits(p)) {
			found = p
		}
	}
	// A procedure may be named with its OUT arguments, too.
	if (found == nil || kind == 'p' && found.Kind != 'p') && all != nil && (kind == 'p' || kind == 0) {
		for _, p := range list {
			if p.Kind == 'p' && sameOIDs(allArgs(p), all) {
				found = p
			}
		}
	}
	if found == nil {
		sig := b.signature(name, nil, in)
		switch kind {
		case 'p':
			b.fail(pgerr.UndefinedFunction, -1, "procedure %s does not exist", sig)
		case 'a':
			b.fail(pgerr.UndefinedFunction, -1, "aggregate %s does not exist", sig)
		}
		b.fail(pgerr.UndefinedFunction, -1, "function %s does not exist", sig)
	}
	if kind != 0 && found.Kind != kind && !(kind == 'f' && found.Kind == 'w') {
		if kind == 'f' && found.Kind == 'a' {
			return found
		}
		b.fail(pgerr.WrongObjectType, -1, "%s is not %s", b.signature(name, nil, found.ArgTypes), map[byte]string{'f': "a function", 'p': "a procedure", 'a': "an aggregate"}[kind])
	}
	return found
}

func allArgs(p *pgdata.Proc) []types.OID {
	if p.AllArgTypes != nil {
		return p.AllArgTypes
	}
	return p.ArgTypes
}

// objectArgs are the types of the input arguments that a statement lists, and of all of them where there are more.
func (b *binder) objectArgs(n *ast.ObjectWithArgs, kind byte) (in, all []types.OID) {
	for _, a := range n.Objargs {
		in = append(in, b.typeName(a.(*ast.TypeName)).OID)
	}
	if n.Objfuncargs == nil {
		return in, in
	}
	for _, a := range n.Objfuncargs {
		p := a.(*ast.FunctionParameter)
		if p.Mode != ast.FUNC_PARAM_TABLE {
			all = append(all, b.typeName(p.ArgType).OID)
		}
	}
	return in, all
}

// recordFields are the columns of the record that a function's OUT parameters make; nil for none.
func recordFields(p *pgdata.Proc) []types.Attr {
	var out []types.Attr
	for i, m := range p.ArgModes {
		if m == "o" || m == "b" || m == "t" {
			out = append(out, types.Attr{Name: argName(p, i), Type: p.AllArgTypes[i], Mod: -1})
		}
	}
	return out
}

func argName(p *pgdata.Proc, i int) string {
	if i < len(p.ArgNames) {
		return p.ArgNames[i]
	}
	return ""
}

// Call binds CALL: the procedure and its arguments, whose OUT ones are left out of args. outs are the columns of the row that CALL
// answers.
func Call(env *Env, n *ast.FuncCall) (f *catalog.Function, args []plan.Expr, outs []types.Attr, err error) {
	defer guard(&err)
	b := newBinder(env)
	s := b.newScope(nil)
	f, args, outs = b.call(s, n)
	for _, a := range args {
		b.collate(a)
	}
	b.finishParams()
	return f, args, outs, nil
}

// withOutArgs is a procedure as CALL sees it: its OUT arguments are written, too.
func withOutArgs(p *pgdata.Proc) *pgdata.Proc {
	if p.Kind != 'p' || p.ArgModes == nil {
		return p
	}
	q := *p
	q.ArgTypes, q.ArgModes = p.AllArgTypes, append([]string(nil), p.ArgModes...)
	for i, m := range q.ArgModes {
		if m == "o" {
			q.ArgModes[i] = "b"
		}
	}
	return &q
}

func (b *binder) call(s *scope, n *ast.FuncCall) (*catalog.Function, []plan.Expr, []types.Attr) {
	name := names(n.Funcname)
	loc := n.Location
	var args []plan.Expr
	var argNames []string
	for _, a := range n.Args {
		if named, ok := a.(*ast.NamedArgExpr); ok {
			args = append(args, b.exprKind(s, named.Arg, kindCallArgument))
			argNames = append(argNames, named.Name)
			continue
		}
		if len(argNames) > 0 {
			b.fail(pgerr.SyntaxError, nodeLoc(a), "positional argument cannot follow named argument")
		}
		args = append(args, b.exprKind(s, a, kindCallArgument))
	}
	actual := make([]types.OID, len(args))
	for i, a := range args {
		actual[i] = a.Type().OID
	}
	d := b.funcDetail(name, argNames, actual, !n.FuncVariadic, true)
	if d.c == nil {
		sig := b.signature(name, argNames, actual)
		if d.many {
			panic(b.err(pgerr.AmbiguousFunction, loc, "procedure %s is not unique", sig).
				WithHint("Could not choose a best candidate procedure. You might need to add explicit type casts."))
		}
		panic(b.err(pgerr.UndefinedFunction, loc, "procedure %s does not exist", sig).
			WithHint("No procedure matches the given name and argument types. You might need to add explicit type casts."))
	}
	if d.kinds != 'p' {
		panic(b.err(pgerr.WrongObjectType, loc, "%s is not a procedure", b.signature(name, argNames, actual)).
			WithHint("To call a function, use SELECT."))
	}
	args, actual, declared := b.completeArgs(s, d.c, args, actual)
	p := b.proc(d.c.proc.OID)
	outs := recordFields(p)
	b.resolvePolymorphic(actual, declared, types.Void, loc)
	b.coerceArgs(args, actual, declared)
	if d.c.nvar > 0 && d.c.proc.Variadic != types.Any {
		args = b.packVariadic(args, declared, d.c.nvar)
	}
	f := b.env.Catalog.Function(d.c.proc.OID)
	if f == nil {
		b.unsupported(loc, "CALL of a built-in procedure")
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
	defer guard(&err)
	b := newBinder(env)
	args := make([]plan.Expr, len(actual))
	for i, t := range actual {
		args[i] = &plan.Param{Index: i, T: plan.Type{OID: t, Mod: -1}}
	}
	return b.outColumns(&f.Proc, args)
}

// Assignable reports whether a value of one type can be assigned to another.
func Assignable(env *Env, from, to types.OID) bool {
	return newBinder(env).canCoerceOne(from, to, ctxAssignment)
}

// CastExpr is the conversion of col, a value of type from, to another type: an assignment cast, or through text where there is none.
func CastExpr(env *Env, from, to plan.Type) (e plan.Expr, col plan.Col, err error) {
	defer guard(&err)
	b := newBinder(env)
	b.nextCol = storedCols
	col = plan.Col{ID: b.newCol(), Name: "value", T: from}
	var ref plan.Expr = &plan.ColRef{Col: col.ID, Name: "value", T: from}
	if from.OID == types.Unknown {
		ref = b.relabel(ref, plan.Type{OID: types.Text, Mod: -1}, plan.CallCastImplicit)
	}
	if to.OID == types.Unknown || to.OID == from.OID && to.Mod < 0 && !b.isDomain(to.OID) {
		return ref, col, nil
	}
	if from.OID == to.OID && b.isDomain(to.OID) {
		return b.toDomain(b.relabel(ref, b.mk(b.baseType(to.OID), -1), plan.CallCastImplicit), to.OID, plan.CallCastImplicit, ctxAssignment, -1), col, nil
	}
	if e = b.coerceToTarget(ref, to.OID, to.Mod, ctxAssignment, plan.CallCastImplicit, -1); e == nil {
		base, mod := b.baseTypeMod(to.OID, to.Mod)
		e = &plan.CoerceViaIO{Arg: ref, T: b.mk(base, -1), Form: plan.CallCastImplicit}
		e = b.applyTypmod(e, base, mod, plan.CallCastImplicit, ctxAssignment, false)
		if base != to.OID {
			e = b.toDomain(e, to.OID, plan.CallCastImplicit, ctxAssignment, -1)
		}
	}
	b.collate(e)
	return e, col, nil
}
