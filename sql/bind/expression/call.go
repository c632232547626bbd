package expression

import (
	"slices"
	"strconv"
	"strings"
	"sync"

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

// langSQL is the pg_language row of functions whose body is SQL: those of extensions run as users' do.
const langSQL = 14

// funcCall is transformFuncCall.
func (b *Binder) funcCall(s *Scope, n *ast.FuncCall) plan.Expr {
	var args []plan.Expr
	srfsBefore := len(s.SRFs)
	for _, a := range n.Args {
		if named, ok := a.(*ast.NamedArgExpr); ok {
			args = append(args, b.Expr(s, named.Arg))
			continue
		}
		args = append(args, b.Expr(s, a))
	}
	if n.AggWithinGroup {
		// The aggregated arguments of an ordered-set aggregate follow the direct ones.
		for _, o := range n.AggOrder {
			args = append(args, b.ExprIn(s, o.(*ast.SortBy).Node, KindOrderBy))
		}
	}
	return b.callOn(s, n, args, srfsBefore)
}

// withoutVoid leaves out the arguments that are parameters of type void: the JDBC driver puts them where a function has OUT parameters.
// Those given by name stay, as in PostgreSQL. names are those of the last arguments.
func withoutVoid(n *ast.FuncCall, args []plan.Expr, names []string) (*ast.FuncCall, []plan.Expr) {
	positional := len(args) - len(names)
	isVoid := func(e plan.Expr) bool {
		p, ok := e.(*plan.Param)
		return ok && p.T.OID == types.Void
	}
	if !slices.ContainsFunc(args[:positional], isVoid) || len(args) != len(n.Args) {
		return n, args
	}
	kept := *n
	kept.Args = nil
	var keptArgs []plan.Expr
	for i, a := range args {
		if i >= positional || !isVoid(a) {
			kept.Args, keptArgs = append(kept.Args, n.Args[i]), append(keptArgs, a)
		}
	}
	return &kept, keptArgs
}

// callOn is ParseFuncOrColumn over bound arguments.
func (b *Binder) callOn(s *Scope, n *ast.FuncCall, args []plan.Expr, srfsBefore int) plan.Expr {
	name := lexicon.Names(n.Funcname)
	loc := n.Location
	var argNames []string
	for _, a := range n.Args {
		if named, ok := a.(*ast.NamedArgExpr); ok {
			for _, have := range argNames {
				if have == named.Name {
					b.Fail(pgerr.SyntaxError, named.Location, "argument name \"%s\" used more than once", named.Name)
				}
			}
			argNames = append(argNames, named.Name)
		} else if len(argNames) > 0 {
			b.Fail(pgerr.SyntaxError, b.LocOf(args[len(argNames)]), "positional argument cannot follow named argument")
		}
	}
	if !n.AggWithinGroup {
		n, args = withoutVoid(n, args, argNames)
	}
	plainCall := len(n.AggOrder) == 0 && n.AggFilter == nil && n.Over == nil && !n.AggStar && !n.AggDistinct && !n.FuncVariadic && !n.AggWithinGroup
	actual := make([]types.OID, len(args))
	for i, a := range args {
		actual[i] = a.Type().OID
	}
	// f(x) may be x.f.
	if plainCall && len(args) == 1 && len(name) == 1 && len(argNames) == 0 && b.IsRowType(actual[0]) {
		if f := b.fieldOf(args[0], name[0], loc); f != nil {
			return f
		}
	}
	b.UseSchema(name, n.Location)
	d := b.Function(name, argNames, actual, !n.FuncVariadic, false)
	if d.Cast != 0 {
		b.onlyPlain(n, name, "")
		x := b.CoerceToTarget(args[0], d.Cast, -1, overload.Explicit, plan.CallCastExplicit, loc)
		if x == nil {
			b.Fail(pgerr.CannotCoerce, loc, "cannot cast type %s to %s", b.TypeText(actual[0]), b.TypeText(d.Cast))
		}
		return b.At(x, place.Leftmost(loc, b.LocOf(x)))
	}
	if d.Candidate == nil {
		if m := b.macroFor(name, len(args)); m != nil && plainCall {
			return b.expand(s, m, args, loc)
		}
		b.noFunction(n, name, argNames, actual, d.Many)
	}
	p := d.Candidate.Proc
	switch d.Kind {
	case 'p':
		panic(b.Err(pgerr.WrongObjectType, loc, "%s is a procedure", b.Signature(name, argNames, actual)).WithHint("To call a procedure, use CALL."))
	case 'f':
		b.onlyPlain(n, name, "")
		if n.Over != nil {
			b.Fail(pgerr.WrongObjectType, loc, "OVER specified, but %s is not a window function nor an aggregate function", strings.Join(name, "."))
		}
	case 'w':
		if n.Over == nil {
			b.Fail(pgerr.WrongObjectType, loc, "window function %s requires an OVER clause", strings.Join(name, "."))
		}
		if n.AggWithinGroup {
			b.Fail(pgerr.WrongObjectType, loc, "window function %s cannot have WITHIN GROUP", strings.Join(name, "."))
		}
	}
	ordered := d.Kind == 'a' && b.Aggregate(p.OID).Kind != 'n'
	if d.Kind == 'a' {
		b.checkAggForm(n, name, argNames, actual, d.Candidate, ordered)
	}
	args, actual, declared := b.CompleteArgs(s, d.Candidate, args, actual)
	if ordered {
		b.unifyHypothetical(d.Candidate, args, actual, declared, n)
	}
	ret := b.ResolvePolymorphic(actual, declared, p.RetType, loc)
	b.CoerceArgs(args, actual, declared)
	if d.Candidate.Variadic > 0 && p.Variadic != types.Any {
		args = b.PackVariadic(args, declared, d.Candidate.Variadic)
	}
	if n.FuncVariadic && p.Variadic == types.Any && b.BaseElemType(actual[len(actual)-1]) == 0 && len(args) > 0 {
		b.Fail(pgerr.DatatypeMismatch, b.LocOf(args[len(args)-1]), "VARIADIC argument must be an array")
	}
	if p.RetSet && d.Kind == 'f' {
		b.checkSRF(s, srfsBefore, loc)
	}
	b.noteVolatile(p)
	b.NeedFunction(p.OID)
	if ret == types.AnyElement || ret == types.AnyArray {
		// Only over pg_statistic's anyarray columns.
		ret = p.RetType
	}
	switch {
	case d.Kind == 'f':
		form := plan.CallFunc
		if n.Funcformat == ast.COERCE_SQL_SYNTAX {
			form = plan.CallSQLSyntax
		}
		f := &plan.FuncCall{Proc: p.OID, Name: p.Name, Args: args, T: b.PlanType(ret, -1), RetSet: p.RetSet, Variadic: n.FuncVariadic, Form: form}
		if f.Func = b.userFunction(p.OID); f.Func != nil {
			if x := b.inline(s, f, loc); x != nil {
				return x
			}
		}
		b.At(f, b.leftmostOf(loc, args...))
		if p.RetSet {
			return b.hoistSRF(s, f, srfsBefore)
		}
		return f
	case n.Over == nil:
		return b.aggregate(s, n, d.Candidate, name, args, ret, ordered)
	}
	return b.windowCall(s, n, d.Candidate, name, args, ret, d.Kind == 'a')
}

// onlyPlain refuses aggregate decoration on plain functions and casts.
func (b *Binder) onlyPlain(n *ast.FuncCall, name []string, _ string) {
	full := strings.Join(name, ".")
	loc := n.Location
	switch {
	case n.AggStar:
		b.Fail(pgerr.WrongObjectType, loc, "%s(*) specified, but %s is not an aggregate function", full, full)
	case n.AggDistinct:
		b.Fail(pgerr.WrongObjectType, loc, "DISTINCT specified, but %s is not an aggregate function", full)
	case n.AggWithinGroup:
		b.Fail(pgerr.WrongObjectType, loc, "WITHIN GROUP specified, but %s is not an aggregate function", full)
	case len(n.AggOrder) > 0:
		b.Fail(pgerr.WrongObjectType, loc, "ORDER BY specified, but %s is not an aggregate function", full)
	case n.AggFilter != nil:
		b.Fail(pgerr.WrongObjectType, loc, "FILTER specified, but %s is not an aggregate function", full)
	case n.Over != nil:
		b.Fail(pgerr.WrongObjectType, loc, "OVER specified, but %s is not a window function nor an aggregate function", full)
	}
}

func (b *Binder) noFunction(n *ast.FuncCall, name, argNames []string, actual []types.OID, many bool) {
	sig := b.Signature(name, argNames, actual)
	loc := n.Location
	if many {
		panic(b.Err(pgerr.AmbiguousFunction, loc, "function %s is not unique", sig).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts."))
	}
	if len(n.AggOrder) > 1 && !n.AggWithinGroup {
		panic(b.Err(pgerr.UndefinedFunction, loc, "function %s does not exist", sig).
			WithHint("No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate."))
	}
	panic(b.Err(pgerr.UndefinedFunction, loc, "function %s does not exist", sig).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts."))
}

// CompleteArgs brings arguments into declared order and fills defaults in.
func (b *Binder) CompleteArgs(s *Scope, c *overload.Candidate, args []plan.Expr, actual []types.OID) ([]plan.Expr, []types.OID, []types.OID) {
	p := c.Proc
	if c.Order == nil && c.Defaults == 0 {
		return args, actual, append([]types.OID(nil), c.Args...)
	}
	np := len(p.ArgTypes)
	outArgs, outTypes := make([]plan.Expr, np), make([]types.OID, np)
	for i, a := range args {
		at := i
		if c.Order != nil {
			at = c.Order[i]
		}
		outArgs[at], outTypes[at] = a, actual[i]
	}
	if c.Defaults > 0 {
		defs := b.defaultArgs(p)
		b.Quiet++
		for i := range outArgs {
			if outArgs[i] == nil {
				outArgs[i] = b.ExprIn(&Scope{Kind: KindOther}, defs[i-(np-len(defs))], KindOther)
				outTypes[i] = outArgs[i].Type().OID
			}
		}
		b.Quiet--
	}
	return outArgs, outTypes, append([]types.OID(nil), p.ArgTypes...)
}

// defaultExprs keeps the declared defaults of built-in functions by OID, parsed: []ast.Node, not changed.
var defaultExprs sync.Map

// defaultArgs parses a function's declared defaults.
func (b *Binder) defaultArgs(p *pgdata.Proc) []ast.Node {
	user := p.OID >= catalog.FirstNormalOID
	if v, ok := defaultExprs.Load(p.OID); ok && !user {
		return v.([]ast.Node)
	}
	n, err := b.Cache.Parse("SELECT " + p.ArgDefaults)
	b.Check(err, -1)
	var out []ast.Node
	if s, ok := n.(*ast.SelectStmt); ok {
		for _, t := range s.TargetList {
			out = append(out, t.(*ast.ResTarget).Val)
		}
	}
	if len(out) != p.NArgDefaults {
		panic(pgerr.Internal("function %s has %d defaults, found %d", p.Name, p.NArgDefaults, len(out)))
	}
	if !user {
		defaultExprs.Store(p.OID, out)
	}
	return out
}

// PackVariadic makes the trailing arguments of a variadic call one array.
func (b *Binder) PackVariadic(args []plan.Expr, declared []types.OID, nvar int) []plan.Expr {
	first := len(args) - nvar
	elems := append([]plan.Expr(nil), args[first:]...)
	arr := &plan.ArrayCtor{Elems: elems, Elem: b.PlanType(declared[first], -1), T: b.PlanType(b.ArrayOf(declared[first]), -1)}
	b.At(arr, b.LocOf(elems[0]))
	return append(append([]plan.Expr(nil), args[:first]...), arr)
}

func (b *Binder) checkSRF(s *Scope, srfsBefore int, loc int32) {
	if s.srfStop != "" {
		panic(b.Err(pgerr.FeatureNotSupported, loc, "set-returning functions are not allowed in %s", s.srfStop).
			WithHint("You might be able to move the set-returning function into a LATERAL FROM item."))
	}
	if why := s.Kind.noSRF(); why != "" {
		b.Fail(pgerr.FeatureNotSupported, loc, "set-returning functions are not allowed in %s", why)
	}
	if s.Kind == KindFromFunction && len(s.SRFs) > srfsBefore {
		b.Fail(pgerr.FeatureNotSupported, b.LocOf(s.SRFs[len(s.SRFs)-1].Call), "set-returning functions must appear at top level of FROM")
	}
}

// hoistSRF moves a set-returning call out of its expression: it runs in a ProjectSet below, and the expression names its
// column. In FROM the call itself is wanted.
func (b *Binder) hoistSRF(s *Scope, f *plan.FuncCall, srfsBefore int) plan.Expr {
	if s.Kind == KindFromFunction {
		s.SRFs = append(s.SRFs, SRFSlot{Call: f})
		return f
	}
	level := 0
	for _, in := range s.SRFs[srfsBefore:] {
		level = max(level, in.Level+1)
	}
	// The same call written twice in a target list runs once per list position in PostgreSQL, in step: so share nothing.
	id := b.NewCol()
	s.SRFs = append(s.SRFs, SRFSlot{ID: id, Call: f, Level: level})
	ref := &plan.ColRef{Col: id, Name: f.Name, T: f.T}
	b.Owner[id] = s
	b.Derived[id] = &Derived{Kind: 's', Def: f, Scope: s}
	return b.At(ref, b.LocOf(f))
}

// fieldOf is a field of a composite value by name; nil if it has none of that name.
func (b *Binder) fieldOf(e plan.Expr, name string, loc int32) plan.Expr {
	if row, ok := e.(*plan.RowCtor); ok && row.T.OID == types.Record {
		for i, n := range row.Names {
			if n == name {
				return row.Fields[i]
			}
		}
		return nil
	}
	if ref, ok := e.(*plan.ColRef); ok {
		if it := b.Rows[ref.Col]; it != nil {
			return b.itemColumn(it, name, place.Leftmost(b.LocOf(e), loc))
		}
	}
	fields := b.FieldsOf(e)
	for i, f := range fields {
		if f.Name == name {
			x := &plan.FieldSelect{Arg: e, Field: i, Name: name, T: plan.Type{OID: f.Type, Mod: f.Mod, Coll: b.CollationOf(f.Type)}}
			return b.At(x, place.Leftmost(b.LocOf(e), loc))
		}
	}
	return nil
}

// FieldsOf lists the fields of a composite value's type; nil where they are not known.
func (b *Binder) FieldsOf(e plan.Expr) []types.Attr {
	if t := b.Type(b.BaseType(e.Type().OID)); t != nil && t.TypType == types.TypeComposite {
		return t.Attrs
	}
	switch v := e.(type) {
	case *plan.Param:
		return b.varFields[v.Index]
	case *plan.RowCtor:
		var out []types.Attr
		for i, f := range v.Fields {
			out = append(out, types.Attr{Name: v.Names[i], Type: f.Type().OID, Mod: f.Type().Mod})
		}
		return out
	case *plan.FuncCall:
		return b.OutColumns(b.Proc(v.Proc), v.Args)
	case *plan.ColRef:
		if f := b.Fields[v.Col]; f != nil {
			return f
		}
		if d := b.Derived[v.Col]; d != nil {
			if f, ok := d.Def.(*plan.FuncCall); ok {
				return b.OutColumns(b.Proc(f.Proc), f.Args)
			}
		}
	}
	return nil
}

// outName is the name of the n-th column that the parameters of a function make.
func outName(p *pgdata.Proc, i, n int) string {
	if name := ArgName(p, i); name != "" {
		return name
	}
	return "column" + strconv.Itoa(n+1)
}

// OutColumns are the OUT parameters of a function that returns record; polymorphic ones are resolved from its arguments.
func (b *Binder) OutColumns(p *pgdata.Proc, args []plan.Expr) []types.Attr {
	if p == nil || p.AllArgTypes == nil {
		return nil
	}
	declared := append([]types.OID(nil), p.ArgTypes...)
	actual := make([]types.OID, len(declared))
	for i := range declared {
		if i < len(args) {
			actual[i] = args[i].Type().OID
		}
	}
	var out []types.Attr
	for i, t := range p.AllArgTypes {
		if m := p.ArgModes[i]; m != "o" && m != "b" && m != "t" {
			continue
		}
		if overload.IsPolymorphic(t) {
			t = b.ResolvePolymorphic(actual, append([]types.OID(nil), declared...), t, -1)
		}
		out = append(out, types.Attr{Name: outName(p, i, len(out)), Type: t, Mod: -1})
	}
	return out
}

// RecordFields are the columns of the record that a function's OUT parameters make; nil for none.
func RecordFields(p *pgdata.Proc) []types.Attr {
	var out []types.Attr
	for i, m := range p.ArgModes {
		if m == "o" || m == "b" || m == "t" {
			out = append(out, types.Attr{Name: ArgName(p, i), Type: p.AllArgTypes[i], Mod: -1})
		}
	}
	return out
}

// ArgName is the name of a parameter; "" where it has none.
func ArgName(p *pgdata.Proc, i int) string {
	if i < len(p.ArgNames) {
		return p.ArgNames[i]
	}
	return ""
}
