package routine

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// aggregate is a CREATE AGGREGATE under way.
type aggregate struct {
	x *stmt.Ctx
	f *catalog.Function
	// Names of functions, by option.
	names map[string][]ast.Node
	types map[string]*ast.TypeName
}

// badAgg is an error 42P13.
func badAgg(format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.InvalidFunctionDefinition, format, args...)
}

// CreateAggregate is CREATE AGGREGATE in both of its forms (DefineAggregate, AggregateCreate).
func CreateAggregate(x *stmt.Ctx, n *ast.DefineStmt) error {
	schema, name, err := x.Place(n.Defnames)
	if err != nil {
		return err
	}
	f := &catalog.Function{Header: catalog.Header{Schema: schema.OID, Name: name, Owner: x.User}, Language: "internal"}
	f.Proc = pgdata.Proc{Name: name, Namespace: schema.OID, Lang: langInternal, Kind: 'a', Volatile: 'i', Parallel: 'u', Cost: "1", Rows: "0",
		Src: "aggregate_dummy", Agg: &pgdata.Aggregate{Kind: 'n'}}
	g := &aggregate{x: x, f: f, names: map[string][]ast.Node{}, types: map[string]*ast.TypeName{}}
	args := n.Args
	if !n.Oldstyle && len(args) == 2 {
		direct := ast.Text(args[1])
		if l, ok := args[0].(*ast.List); ok {
			args = l.Items
		} else {
			args = nil
		}
		if direct != "-1" {
			f.Proc.Agg.Kind = 'o'
			if f.Proc.Agg.NumDirectArgs, err = strconv.Atoi(direct); err != nil {
				return pgerr.Internal("number of direct arguments %q", direct)
			}
		}
	}
	if err := g.options(n.Definition); err != nil {
		return err
	}
	if err := g.arguments(args, n.Oldstyle); err != nil {
		return err
	}
	if err := g.steps(); err != nil {
		return err
	}
	f.Deps = uniqueDeps(f.Deps)
	f.ACL = x.NewACL(privilege.Function, 'f', schema.OID)
	return replaceFunction(x, f, n.Replace)
}

// options reads the definition's list.
func (g *aggregate) options(list []ast.Node) error {
	a, p := g.f.Proc.Agg, &g.f.Proc
	for _, e := range list {
		d, ok := e.(*ast.DefElem)
		if !ok {
			return pgerr.Internal("aggregate option of form %T", e)
		}
		var err error
		switch name := d.Defname; name {
		case "sfunc", "sfunc1":
			g.names["sfunc"] = stmt.NameList(d.Arg)
		case "finalfunc", "combinefunc", "serialfunc", "deserialfunc", "msfunc", "minvfunc", "mfinalfunc", "sortop":
			g.names[name] = stmt.NameList(d.Arg)
		case "finalfunc_extra":
			a.FinalExtra, err = stmt.DefBool(d)
		case "mfinalfunc_extra":
			a.MFinalExtra, err = stmt.DefBool(d)
		case "finalfunc_modify":
			a.FinalModify, err = modify(d)
		case "mfinalfunc_modify":
			a.MFinalModify, err = modify(d)
		case "hypothetical":
			var on bool
			if on, err = stmt.DefBool(d); on && err == nil {
				if a.Kind == 'n' {
					return badAgg("only ordered-set aggregates can be hypothetical")
				}
				a.Kind = 'h'
			}
		case "basetype", "stype", "mstype":
			g.types[name] = stmt.DefType(d)
		case "stype1":
			g.types["stype"] = stmt.DefType(d)
		case "sspace":
			a.TransSpace, err = number(d)
		case "msspace":
			a.MTransSpace, err = number(d)
		case "initcond", "initcond1":
			s := stmt.DefString(d)
			a.InitVal = &s
		case "minitcond":
			s := stmt.DefString(d)
			a.MInitVal = &s
		case "parallel":
			switch s := stmt.DefString(d); s {
			case "safe", "restricted", "unsafe":
				p.Parallel = s[0]
			default:
				return pgerr.New(pgerr.SyntaxError, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE")
			}
		default:
			if g.x.Notice != nil {
				g.x.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.SyntaxError, "aggregate attribute \"%s\" not recognized", name))
			}
		}
		if err != nil {
			return err
		}
	}
	moving := g.types["mstype"] != nil
	switch {
	case g.types["stype"] == nil:
		return badAgg("aggregate stype must be specified")
	case g.names["sfunc"] == nil:
		return badAgg("aggregate sfunc must be specified")
	}
	for _, o := range []string{"msfunc", "minvfunc"} {
		if moving && g.names[o] == nil {
			return badAgg("aggregate %s must be specified when mstype is specified", o)
		}
	}
	if !moving {
		for _, o := range []string{"msfunc", "minvfunc", "mfinalfunc"} {
			if g.names[o] != nil {
				return badAgg("aggregate %s must not be specified without mstype", o)
			}
		}
		if a.MTransSpace != 0 {
			return badAgg("aggregate msspace must not be specified without mstype")
		}
		if a.MInitVal != nil {
			return badAgg("aggregate minitcond must not be specified without mstype")
		}
	}
	usual := byte('r')
	if a.Kind != 'n' {
		usual = 'w'
	}
	if a.FinalModify == 0 {
		a.FinalModify = usual
	}
	if a.MFinalModify == 0 {
		a.MFinalModify = usual
	}
	return nil
}

func number(d *ast.DefElem) (int, error) {
	n, err := strconv.ParseInt(stmt.DefString(d), 10, 32)
	if err != nil {
		return 0, pgerr.New(pgerr.SyntaxError, "%s requires an integer value", d.Defname)
	}
	return int(n), nil
}

func modify(d *ast.DefElem) (byte, error) {
	switch stmt.DefString(d) {
	case "read_only":
		return 'r', nil
	case "shareable":
		return 's', nil
	case "read_write":
		return 'w', nil
	}
	return 0, pgerr.New(pgerr.SyntaxError, "parameter \"%s\" must be READ_ONLY, SHAREABLE, or READ_WRITE", d.Defname)
}

// arguments reads the input types: a list, or the old form's basetype.
func (g *aggregate) arguments(list []ast.Node, old bool) error {
	base, p, a := g.types["basetype"], &g.f.Proc, g.f.Proc.Agg
	if old {
		if base == nil {
			return badAgg("aggregate input type must be specified")
		}
		list = nil
		if names := stmt.Strs(base.Names); len(names) != 1 || names[0] != "any" && names[0] != "ANY" && names[0] != "Any" {
			list = []ast.Node{&ast.FunctionParameter{ArgType: base, Mode: ast.FUNC_PARAM_IN}}
		}
	} else if base != nil {
		return badAgg("basetype is redundant with aggregate input type specification")
	}
	if _, err := parameterList(g.x, g.f, list); err != nil {
		return err
	}
	if a.Kind != 'n' && p.Variadic != 0 && p.Variadic != types.Any {
		return pgerr.New(pgerr.FeatureNotSupported, "a variadic ordered-set aggregate must use VARIADIC type ANY")
	}
	if a.Kind != 'h' {
		return nil
	}
	// Direct arguments repeat the types of the aggregated ones.
	n, agg := a.NumDirectArgs, len(p.ArgTypes)-a.NumDirectArgs
	ok := agg <= n
	for i := 0; ok && i < agg; i++ {
		ok = p.ArgTypes[n-agg+i] == p.ArgTypes[n+i]
	}
	if p.Variadic != 0 && n == len(p.ArgTypes) {
		ok = true
	}
	if !ok {
		return badAgg("a hypothetical-set aggregate must have direct arguments matching its aggregated arguments")
	}
	return nil
}

// stateType is the type of a transition value.
func (g *aggregate) stateType(n *ast.TypeName) (types.OID, error) {
	t, err := usableType(g.x, n)
	if err != nil {
		return 0, err
	}
	if y := g.x.Env.Type(t.OID); y != nil && y.TypType == types.TypePseudo && !polymorphic(t.OID) && (t.OID != types.Internal || !g.x.Super()) {
		return 0, badAgg("aggregate transition data type cannot be %s", g.x.TypeText(t.OID))
	}
	if why := undetermined(g.x, t.OID, g.f.Proc.ArgTypes); why != "" {
		return 0, badAgg("cannot determine transition data type").WithDetail("%s", why)
	}
	g.f.Deps = stmt.TypeDep(g.f.Deps, t.OID)
	return t.OID, nil
}

// function finds what an option names, for arguments of these types.
func (g *aggregate) function(option string, args []types.OID, variadic bool) (*pgdata.Proc, types.OID, error) {
	p, ret, err := bind.StepFunction(g.x.Bind(), g.names[option], args, variadic)
	if err != nil {
		return nil, 0, err
	}
	if f := g.x.Catalog().Function(p.OID); f != nil {
		if g.x.Roles != nil {
			if err := f.Executable(g.x.Roles, g.x.User); err != nil {
				return nil, 0, err
			}
		}
		g.f.Deps = append(g.f.Deps, catalog.Dep{On: catalog.AddressOf(f), Type: catalog.DepNormal})
	}
	return p, ret, nil
}

// returning is function for one that must return the transition type.
func (g *aggregate) returning(option, what string, args []types.OID, variadic bool, want types.OID) (*pgdata.Proc, error) {
	p, ret, err := g.function(option, args, variadic)
	if err == nil && ret != want {
		err = pgerr.New(pgerr.DatatypeMismatch, "return type of %s function %s is not %s", what, strings.Join(stmt.Strs(g.names[option]), "."), g.x.TypeText(want))
	}
	return p, err
}

// startable refuses an aggregate that has nothing to start with.
func (g *aggregate) startable(p *pgdata.Proc, init *string, state types.OID) error {
	args := g.f.Proc.ArgTypes
	if p.Strict && init == nil && (len(args) < 1 || !bind.BinaryCoercible(g.x.Bind(), args[0], state)) {
		return badAgg("must not omit initial value when transition function is strict and transition type is not compatible with input type")
	}
	return nil
}

// initial checks an initial value.
func (g *aggregate) initial(init *string, state types.OID) error {
	if y := g.x.Env.Type(state); init == nil || y == nil || y.TypType == types.TypePseudo {
		return nil
	}
	return bind.Convert(g.x.Bind(), *init, state)
}

// steps finds the functions and the result's type.
func (g *aggregate) steps() error {
	x, p, a := g.x, &g.f.Proc, g.f.Proc.Agg
	var err error
	if a.TransType, err = g.stateType(g.types["stype"]); err != nil {
		return err
	}
	if err := g.initial(a.InitVal, a.TransType); err != nil {
		return err
	}
	// The transition function of an ordered-set aggregate sees the aggregated arguments only.
	args := p.ArgTypes
	if a.Kind != 'n' {
		args = args[min(a.NumDirectArgs, len(args)):]
		if p.Variadic != 0 && len(args) == 0 {
			args = p.ArgTypes[len(p.ArgTypes)-1:]
		}
	}
	variadic := p.Variadic == types.Any
	transArgs := append([]types.OID{a.TransType}, args...)
	t, err := g.returning("sfunc", "transition", transArgs, variadic, a.TransType)
	if err != nil {
		return err
	}
	a.TransFn = t.OID
	if err := g.startable(t, a.InitVal, a.TransType); err != nil {
		return err
	}
	if err := g.moving(args, variadic); err != nil {
		return err
	}
	p.RetType = a.TransType
	if g.names["finalfunc"] != nil {
		if a.FinalFn, p.RetType, err = g.final("finalfunc", a.TransType, a.FinalExtra, variadic); err != nil {
			return err
		}
	}
	if g.names["combinefunc"] != nil {
		c, err := g.returning("combinefunc", "combine", []types.OID{a.TransType, a.TransType}, false, a.TransType)
		if err != nil {
			return err
		}
		if a.TransType == types.Internal && c.Strict {
			return badAgg("combine function with transition type %s must not be declared STRICT", x.TypeText(a.TransType))
		}
		a.CombineFn = c.OID
	}
	if err := g.serial(); err != nil {
		return err
	}
	if err := resultFromArgs(x, g.f, nil); err != nil {
		return err
	}
	if p.RetType == types.Internal {
		has := false
		for _, t := range p.ArgTypes {
			has = has || t == types.Internal
		}
		if !has {
			return badAgg("unsafe use of pseudo-type \"internal\"").
				WithDetail("A function returning \"internal\" must have at least one \"internal\" argument.")
		}
	}
	for _, t := range append(append([]types.OID{a.TransType, p.RetType}, p.ArgTypes...), a.MTransType) {
		g.f.Deps = stmt.TypeDep(g.f.Deps, t)
		if err := x.MayUseType(t); err != nil {
			return err
		}
	}
	if err := g.movingFinal(variadic); err != nil {
		return err
	}
	return g.sortOperator()
}

// final finds a final function: its arguments are the state, the direct arguments, and with extra NULLs of the others' types.
func (g *aggregate) final(option string, state types.OID, extra, variadic bool) (fn, ret types.OID, err error) {
	p, a := &g.f.Proc, g.f.Proc.Agg
	args := []types.OID{state}
	if extra {
		args = append(args, p.ArgTypes...)
	} else {
		args = append(args, p.ArgTypes[:min(a.NumDirectArgs, len(p.ArgTypes))]...)
		variadic = variadic && a.NumDirectArgs >= len(p.ArgTypes)
	}
	f, ret, err := g.function(option, args, variadic)
	if err != nil {
		return 0, 0, err
	}
	if extra && f.Strict {
		return 0, 0, badAgg("final function with extra arguments must not be declared STRICT")
	}
	return f.OID, ret, nil
}

// moving finds the functions of moving-aggregate mode.
func (g *aggregate) moving(args []types.OID, variadic bool) (err error) {
	a := g.f.Proc.Agg
	if g.types["mstype"] == nil {
		return nil
	}
	if a.MTransType, err = g.stateType(g.types["mstype"]); err != nil {
		return err
	}
	if err := g.initial(a.MInitVal, a.MTransType); err != nil {
		return err
	}
	transArgs := append([]types.OID{a.MTransType}, args...)
	fwd, err := g.returning("msfunc", "transition", transArgs, variadic, a.MTransType)
	if err != nil {
		return err
	}
	if err := g.startable(fwd, a.MInitVal, a.MTransType); err != nil {
		return err
	}
	inv, err := g.returning("minvfunc", "inverse transition", transArgs, variadic, a.MTransType)
	if err != nil {
		return err
	}
	if fwd.Strict != inv.Strict {
		return badAgg("strictness of aggregate's forward and inverse transition functions must match")
	}
	a.MTransFn, a.MInvTransFn = fwd.OID, inv.OID
	return nil
}

func (g *aggregate) movingFinal(variadic bool) (err error) {
	a := g.f.Proc.Agg
	if g.types["mstype"] == nil {
		return nil
	}
	ret := a.MTransType
	if g.names["mfinalfunc"] != nil {
		if a.MFinalFn, ret, err = g.final("mfinalfunc", a.MTransType, a.MFinalExtra, variadic); err != nil {
			return err
		}
	}
	if ret != g.f.Proc.RetType {
		return badAgg("moving-aggregate implementation returns type %s, but plain implementation returns type %s", g.x.TypeText(ret), g.x.TypeText(g.f.Proc.RetType))
	}
	return nil
}

// serial finds the functions that make an internal state bytes and back.
func (g *aggregate) serial() error {
	a := g.f.Proc.Agg
	ser, de := g.names["serialfunc"], g.names["deserialfunc"]
	if ser == nil && de == nil {
		return nil
	}
	if a.TransType != types.Internal {
		return badAgg("serialization functions may be specified only when the aggregate transition data type is %s", "internal")
	}
	if ser == nil || de == nil {
		return badAgg("must specify both or neither of serialization and deserialization functions")
	}
	for _, s := range []struct {
		option, what string
		args         []types.OID
		ret          types.OID
		fn           *types.OID
	}{{"serialfunc", "serialization", []types.OID{types.Internal}, types.Bytea, &a.SerialFn},
		{"deserialfunc", "deserialization", []types.OID{types.Bytea, types.Internal}, types.Internal, &a.DeserialFn}} {
		p, err := g.returning(s.option, s.what, s.args, false, s.ret)
		if err != nil {
			return err
		}
		*s.fn = p.OID
	}
	return nil
}

func (g *aggregate) sortOperator() error {
	name, p := g.names["sortop"], &g.f.Proc
	if name == nil {
		return nil
	}
	if len(p.ArgTypes) != 1 {
		return badAgg("sort operator can only be specified for single-argument aggregates")
	}
	t := p.ArgTypes[0]
	o, err := bind.ExactOperator(g.x.Bind(), name, t, t)
	if err != nil {
		return err
	}
	if o == nil {
		return pgerr.New(pgerr.UndefinedFunction, "operator does not exist: %s", bind.OperatorText(g.x.Bind(), name, t, t))
	}
	p.Agg.SortOp = o.OID
	return nil
}
