package routine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// Languages (pg_language); PL/pgSQL has the OID of the dumped cluster.
const (
	langInternal types.OID = 12
	langC        types.OID = 13
	langSQL      types.OID = 14
	langPLpgSQL            = catalog.PLpgSQLOID
)

func language(name string) (types.OID, error) {
	switch name {
	case "internal":
		return langInternal, nil
	case "c":
		return langC, nil
	case "sql":
		return langSQL, nil
	case "plpgsql":
		return langPLpgSQL, nil
	}
	return 0, pgerr.New(pgerr.UndefinedObject, "language \"%s\" does not exist", name)
}

// Create is CREATE FUNCTION and CREATE PROCEDURE.
func Create(x *stmt.Ctx, n *ast.CreateFunctionStmt) error {
	schema, name, err := x.Place(n.Funcname)
	if err != nil {
		return err
	}
	f := &catalog.Function{Header: catalog.Header{Schema: schema.OID, Name: name, Owner: x.User}}
	p := &f.Proc
	p.Kind, p.Volatile, p.Parallel, p.Rows = 'f', 'v', 'u', "0"
	if n.IsProcedure {
		p.Kind = 'p'
	}
	o, err := functionOptions(x, f, n.Options, n.IsProcedure)
	if err != nil {
		return err
	}
	if o.language == "" {
		if n.SqlBody == nil {
			return pgerr.New(pgerr.InvalidFunctionDefinition, "no language specified")
		}
		o.language = "sql"
	}
	if p.Lang, err = language(o.language); err != nil {
		return err
	}
	f.Language = o.language
	if p.Lang == langSQL || p.Lang == langPLpgSQL {
		if err := x.Catalog().MayUseLanguage(p.Lang, o.language, x.Roles, x.User); err != nil {
			return err
		}
	}
	if p.Cost == "" {
		p.Cost = "100"
		if p.Lang == langInternal || p.Lang == langC {
			p.Cost = "1"
		}
	}
	switch {
	case (p.Lang == langInternal || p.Lang == langC) && !x.Super():
		return stmt.Denied("permission denied for language %s", o.language)
	case p.Lang == langC, p.Lang == langInternal && (n.IsProcedure || n.SqlBody != nil):
		return pgerr.Unsupported("a function in language " + o.language)
	}
	if err := parameters(x, f, n); err != nil {
		return err
	}
	if o.rows != nil {
		if !p.RetSet {
			return pgerr.New(pgerr.InvalidParameterValue, "ROWS is not applicable when function does not return a set")
		}
	} else if p.RetSet {
		p.Rows = "1000"
	}
	if err := functionBody(x, f, n, o); err != nil {
		return err
	}
	if p.Lang == langInternal {
		if err := checkInternal(x, p); err != nil {
			return err
		}
	}
	for i := range p.ArgTypes {
		f.Deps = stmt.TypeDep(f.Deps, p.ArgTypes[i])
	}
	for i := range p.AllArgTypes {
		f.Deps = stmt.TypeDep(f.Deps, p.AllArgTypes[i])
	}
	f.Deps = uniqueDeps(stmt.TypeDep(f.Deps, p.RetType))
	p.Name, p.Namespace = name, schema.OID
	f.ACL = x.NewACL(privilege.Function, 'f', schema.OID)
	if err := replaceFunction(x, f, n.Replace); err != nil {
		return err
	}
	if p.Lang == langInternal {
		return nil
	}
	return x.Hooks.CheckFunction(f)
}

func uniqueDeps(list []catalog.Dep) (out []catalog.Dep) {
	seen := map[catalog.Dep]bool{}
	for _, d := range list {
		if !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out
}

// replaceFunction stores a function under its name and arguments.
func replaceFunction(x *stmt.Ctx, f *catalog.Function, replace bool) error {
	p := &f.Proc
	if _, err := x.Claim(f.Schema, f.Name+"("); err != nil {
		return err
	}
	var old *catalog.Function
	for _, h := range x.Catalog().FunctionsNamed(f.Schema, f.Name) {
		if slices.Equal(h.Proc.ArgTypes, p.ArgTypes) {
			old = h
		}
	}
	if old == nil {
		f.OID = x.Editor.OID()
		p.OID = f.OID
		if p.Agg != nil {
			p.Agg.Fn = f.OID
		}
		x.Editor.Put(f)
		return nil
	}
	if !replace {
		return pgerr.New(pgerr.DuplicateFunction, "%s \"%s\" already exists with same argument types", "function", f.Name)
	}
	if !catalog.OfUser(old.OID) {
		return pgerr.Unsupported("replacing a function of an extension")
	}
	if err := x.LockTable(old.OID, lock.AccessExclusive); err != nil {
		return err
	}
	if err := x.MustOwnObject(&old.Header, stmt.RoutineWord(old.Proc.Kind)+" "+old.Name); err != nil {
		return err
	}
	q := &old.Proc
	hint := func(e *pgerr.Error) error {
		return e.WithHint("Use DROP %s %s first.", strings.ToUpper(stmt.RoutineWord(q.Kind)), x.Signature(old))
	}
	if q.Kind != p.Kind {
		return pgerr.New(pgerr.WrongObjectType, "cannot change routine kind").
			WithDetail("\"%s\" is %s.", f.Name, map[byte]string{'f': "a function", 'p': "a procedure", 'a': "an aggregate function", 'w': "a window function"}[q.Kind])
	}
	if p.Agg != nil && p.Agg.Kind != q.Agg.Kind {
		return pgerr.New(pgerr.WrongObjectType, "cannot change routine kind").
			WithDetail("\"%s\" is %s aggregate function.", f.Name, map[byte]string{'n': "an ordinary", 'o': "an ordered-set", 'h': "a hypothetical-set"}[q.Agg.Kind])
	}
	if q.RetType != p.RetType || q.RetSet != p.RetSet {
		what := "return type"
		if p.Kind == 'p' {
			return hint(pgerr.New(pgerr.InvalidFunctionDefinition, "cannot change whether a procedure has output parameters"))
		}
		return hint(pgerr.New(pgerr.InvalidFunctionDefinition, "cannot change %s of existing function", what))
	}
	if p.RetType == types.Record && !sameRow(p, q) {
		return hint(pgerr.New(pgerr.InvalidFunctionDefinition, "cannot change return type of existing function").
			WithDetail("Row type defined by OUT parameters is different."))
	}
	oldNames, newNames := inputNames(q), inputNames(p)
	for i := range oldNames {
		if oldNames[i] != "" && (i >= len(newNames) || newNames[i] != oldNames[i]) {
			return hint(pgerr.New(pgerr.InvalidFunctionDefinition, "cannot change name of input parameter \"%s\"", oldNames[i]))
		}
	}
	if p.NArgDefaults < q.NArgDefaults {
		return hint(pgerr.New(pgerr.InvalidFunctionDefinition, "cannot remove parameter defaults from existing function"))
	}
	if p.Agg != nil {
		if p.Agg.NumDirectArgs != q.Agg.NumDirectArgs {
			return hint(pgerr.New(pgerr.InvalidFunctionDefinition, "cannot change number of direct arguments of an aggregate function"))
		}
		p.Agg.Fn = old.OID
	}
	f.OID, f.Owner, f.ACL, f.Comment = old.OID, old.Owner, old.ACL, old.Comment
	p.OID = old.OID
	x.Editor.Put(f)
	return nil
}

// sameRow reports whether the OUT parameters of two functions make the same row.
func sameRow(p, q *pgdata.Proc) bool {
	row := func(p *pgdata.Proc) (out []string) {
		for i, m := range p.ArgModes {
			if m == "o" || m == "b" || m == "t" {
				name := ""
				if i < len(p.ArgNames) {
					name = p.ArgNames[i]
				}
				out = append(out, name+" "+strconv.Itoa(int(p.AllArgTypes[i])))
			}
		}
		return out
	}
	return strings.Join(row(p), ",") == strings.Join(row(q), ",")
}

func inputNames(p *pgdata.Proc) (out []string) {
	for i, n := range p.ArgNames {
		if p.ArgModes == nil || p.ArgModes[i] == "i" || p.ArgModes[i] == "b" || p.ArgModes[i] == "v" {
			out = append(out, n)
		}
	}
	return out
}

// funcOptions are what CREATE FUNCTION says besides the descriptor's own fields.
type funcOptions struct {
	language string
	as       []string
	rows     *string
}

// functionOptions reads the options of CREATE and ALTER FUNCTION into a descriptor.
func functionOptions(x *stmt.Ctx, f *catalog.Function, list []ast.Node, procedure bool) (*funcOptions, error) {
	o := &funcOptions{}
	p := &f.Proc
	seen := map[string]bool{}
	for _, e := range list {
		d, ok := e.(*ast.DefElem)
		if !ok {
			return nil, pgerr.Internal("function option of form %T", e)
		}
		if seen[d.Defname] && d.Defname != "set" {
			return nil, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").WithPosition(int(d.Location) + 1)
		}
		seen[d.Defname] = true
		if procedure {
			switch d.Defname {
			case "window", "volatility", "strict", "leakproof", "cost", "rows", "support", "parallel":
				return nil, pgerr.New(pgerr.InvalidFunctionDefinition, "invalid attribute in procedure definition").WithPosition(int(d.Location) + 1)
			}
		}
		switch d.Defname {
		case "language":
			o.language = stmt.DefString(d)
		case "as":
			if l, ok := d.Arg.(*ast.List); ok {
				o.as = stmt.Strs(l.Items)
			}
		case "window":
			return nil, pgerr.Unsupported("WINDOW functions of users")
		case "volatility":
			p.Volatile = stmt.DefString(d)[0]
		case "strict":
			p.Strict = stmt.DefString(d) == "true"
		case "security":
			p.SecDef = stmt.DefString(d) == "true"
		case "leakproof":
			p.LeakProof = stmt.DefString(d) == "true"
		case "cost", "rows":
			v, err := strconv.ParseFloat(stmt.DefString(d), 64)
			if err != nil || v <= 0 {
				return nil, pgerr.New(pgerr.InvalidParameterValue, "%s must be positive", strings.ToUpper(d.Defname))
			}
			s := strconv.FormatFloat(v, 'g', -1, 32)
			if d.Defname == "cost" {
				p.Cost = s
			} else {
				p.Rows, o.rows = s, &s
			}
		case "support":
			return nil, pgerr.Unsupported("SUPPORT functions")
		case "parallel":
			switch v := stmt.DefString(d); v {
			case "safe", "restricted", "unsafe":
				p.Parallel = v[0]
			default:
				return nil, pgerr.New(pgerr.SyntaxError, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE")
			}
		case "set":
			s, ok := d.Arg.(*ast.VariableSetStmt)
			if !ok {
				return nil, pgerr.Internal("SET clause of form %T", d.Arg)
			}
			if err := functionSet(x, f, s); err != nil {
				return nil, err
			}
		case "transform":
			return nil, pgerr.Unsupported("TRANSFORM")
		default:
			return nil, pgerr.Unsupported("function option " + d.Defname)
		}
	}
	return o, nil
}

// functionSet is SET name = value, SET name FROM CURRENT and RESET in a function's options.
func functionSet(x *stmt.Ctx, f *catalog.Function, s *ast.VariableSetStmt) error {
	drop := func() {
		var out []string
		for _, c := range f.Config {
			if n, _, _ := strings.Cut(c, "="); !strings.EqualFold(n, s.Name) {
				out = append(out, c)
			}
		}
		f.Config = out
	}
	switch s.Kind {
	case ast.VAR_RESET_ALL:
		f.Config = nil
	case ast.VAR_RESET, ast.VAR_SET_DEFAULT:
		drop()
	default:
		v, err := x.Hooks.SettingValue(s)
		if err != nil {
			return err
		}
		drop()
		f.Config = append(f.Config, s.Name+"="+v)
	}
	return nil
}

// polymorphic reports the pseudo-types that stand for a type of the call.
func polymorphic(t types.OID) bool {
	switch t {
	case types.AnyElement, types.AnyArray, types.AnyNonArray, types.AnyEnum, types.AnyRange, types.AnyMultirange,
		types.AnyCompatible, types.AnyCompatibleArray, types.AnyCompatibleNonArray, types.AnyCompatibleRange, types.AnyCompatibleMultirange:
		return true
	}
	return false
}

// usableType is the type of a parameter or result, SETOF left aside. Errors: those of TypeName, 42501 where it may not be used.
func usableType(x *stmt.Ctx, n *ast.TypeName) (plan.Type, error) {
	tn := *n
	tn.Setof = false
	t, err := bind.TypeName(x.Bind(), &tn)
	if err != nil {
		return t, err
	}
	return t, x.MayUseType(t.OID)
}

// parameters reads the parameter list and the result type (compute_return_type).
func parameters(x *stmt.Ctx, f *catalog.Function, n *ast.CreateFunctionStmt) error {
	outs, err := parameterList(x, f, n.Parameters)
	if err != nil {
		return err
	}
	if err := returnType(x, f, n, outs); err != nil {
		return err
	}
	return resultFromArgs(x, f, outs)
}

// parameterList reads the parameters of a function, procedure or aggregate, which f.Proc.Kind says, and gives the types of those that
// come out (interpret_function_parameter_list).
func parameterList(x *stmt.Ctx, f *catalog.Function, list []ast.Node) (outs []types.OID, err error) {
	p := &f.Proc
	var all []types.OID
	var modes, argNames, defaults []string
	anyMode, anyName := false, false
	procedure := p.Kind == 'p'
	bad := func(format string, args ...any) ([]types.OID, error) {
		return nil, pgerr.New(pgerr.InvalidFunctionDefinition, format, args...)
	}
	for _, e := range list {
		a, ok := e.(*ast.FunctionParameter)
		if !ok {
			return nil, pgerr.Internal("parameter of form %T", e)
		}
		t, err := usableType(x, a.ArgType)
		if err != nil {
			return nil, err
		}
		if a.ArgType.Setof {
			return bad("%ss cannot accept set arguments", stmt.RoutineWord(p.Kind))
		}
		if y := x.Env.Type(t.OID); y != nil && y.TypType == types.TypePseudo && !polymorphic(t.OID) && p.Kind != 'a' {
			switch {
			case t.OID == types.Record && a.Mode != ast.FUNC_PARAM_IN && a.Mode != ast.FUNC_PARAM_DEFAULT:
			case f.Language == "internal":
			case f.Language == "sql":
				return bad("SQL functions cannot have arguments of type %s", x.TypeText(t.OID))
			case t.OID != types.Record:
				return nil, pgerr.New(pgerr.FeatureNotSupported, "PL/pgSQL functions cannot accept type %s", x.TypeText(t.OID))
			}
		}
		mode := map[ast.FunctionParameterMode]string{ast.FUNC_PARAM_IN: "i", ast.FUNC_PARAM_DEFAULT: "i", ast.FUNC_PARAM_OUT: "o",
			ast.FUNC_PARAM_INOUT: "b", ast.FUNC_PARAM_VARIADIC: "v", ast.FUNC_PARAM_TABLE: "t"}[a.Mode]
		input := mode == "i" || mode == "b" || mode == "v"
		if input {
			if p.Variadic != 0 {
				return bad("VARIADIC parameter must be the last input parameter")
			}
			p.ArgTypes = append(p.ArgTypes, t.OID)
		} else if p.Variadic != 0 && mode == "o" && procedure {
			return bad("VARIADIC parameter must be the last parameter")
		}
		if mode == "v" {
			switch t.OID {
			case types.AnyArray:
				p.Variadic = types.AnyElement
			case types.AnyCompatibleArray:
				p.Variadic = types.AnyCompatible
			case types.Any:
				p.Variadic = types.Any
			default:
				y := x.Env.Type(t.OID)
				if y == nil || !y.IsArray() {
					return bad("VARIADIC parameter must be an array")
				}
				p.Variadic = y.Elem
			}
		}
		if mode == "o" || mode == "b" || mode == "t" {
			outs = append(outs, t.OID)
		}
		anyMode = anyMode || mode != "i"
		anyName = anyName || a.Name != ""
		if a.Name != "" {
			for i, have := range argNames {
				if have != a.Name {
					continue
				}
				// A parameter that only goes in may share its name with one that only comes out.
				in, out := modes[i] == "i" || modes[i] == "v", modes[i] == "o" || modes[i] == "t"
				if !(in && (mode == "o" || mode == "t") || out && (mode == "i" || mode == "v")) {
					return bad("parameter name \"%s\" used more than once", a.Name)
				}
			}
		}
		if a.Defexpr != nil {
			if !input {
				return bad("only input parameters can have default values")
			}
			e, cols, err := bind.Expression(x.Bind(), nil, a.Defexpr, expression.KindFunctionDefault, paramType(t), a.Name)
			if err != nil {
				return nil, err
			}
			if len(cols) > 0 {
				return nil, pgerr.New(pgerr.InvalidColumnReference, "cannot use table references in parameter default value")
			}
			sql, err := x.ExprSQL(e, nil)
			if err != nil {
				return nil, err
			}
			x.DependOn(&f.Deps, catalog.Address{}, e)
			defaults = append(defaults, sql)
		} else if input && len(defaults) > 0 {
			return bad("input parameters after one with a default value must also have defaults")
		} else if procedure && mode == "o" && len(defaults) > 0 {
			return bad("procedure OUT parameters cannot appear after one with a default value")
		}
		all, modes, argNames = append(all, t.OID), append(modes, mode), append(argNames, a.Name)
	}
	p.NArgs, p.NArgDefaults, p.ArgDefaults = len(p.ArgTypes), len(defaults), strings.Join(defaults, ", ")
	if len(p.ArgTypes) > 100 {
		return nil, pgerr.New(pgerr.TooManyArguments, "functions cannot have more than %d arguments", 100)
	}
	if anyMode {
		p.AllArgTypes, p.ArgModes = all, modes
	}
	if anyName {
		p.ArgNames = argNames
	}
	return outs, nil
}

// paramType is the type that a default is converted to; those of polymorphic parameters keep their own.
func paramType(t plan.Type) plan.Type {
	if polymorphic(t.OID) || t.OID == types.Any {
		return plan.Type{Mod: -1}
	}
	return plan.Type{OID: t.OID, Mod: -1, Coll: t.Coll}
}

func returnType(x *stmt.Ctx, f *catalog.Function, n *ast.CreateFunctionStmt, outs []types.OID) error {
	p := &f.Proc
	byOuts := types.OID(0)
	switch {
	case len(outs) == 1 && !n.IsProcedure:
		byOuts = outs[0]
	case len(outs) > 0:
		byOuts = types.Record
	}
	if n.IsProcedure {
		if p.RetType = byOuts; byOuts == 0 {
			p.RetType = types.Void
		}
		return nil
	}
	if n.ReturnType == nil {
		if byOuts == 0 {
			return pgerr.New(pgerr.InvalidFunctionDefinition, "function result type must be specified")
		}
		p.RetType = byOuts
		return nil
	}
	t, err := usableType(x, n.ReturnType)
	if err != nil {
		return err
	}
	p.RetType, p.RetSet = t.OID, n.ReturnType.Setof
	if byOuts != 0 && byOuts != t.OID {
		return pgerr.New(pgerr.InvalidFunctionDefinition, "function result type must be %s because of OUT parameters", x.TypeText(byOuts))
	}
	if y := x.Env.Type(t.OID); y != nil && y.TypType == types.TypePseudo && !polymorphic(t.OID) {
		switch t.OID {
		case types.Record, types.Void:
		case types.Trigger, types.EventTrigger:
			if f.Language == "sql" {
				return pgerr.New(pgerr.InvalidFunctionDefinition, "SQL functions cannot return type %s", x.TypeText(t.OID))
			}
			if len(p.ArgTypes) > 0 && t.OID == types.EventTrigger {
				return pgerr.New(pgerr.InvalidFunctionDefinition, "event trigger functions cannot have declared arguments").
					WithWhere("compilation of PL/pgSQL function \"%s\" near line 1", f.Name)
			}
			if len(p.ArgTypes) > 0 {
				return pgerr.New(pgerr.InvalidFunctionDefinition, "trigger functions cannot have declared arguments").
					WithHint("The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.")
			}
		default:
			if f.Language == "internal" {
				return nil
			}
			if f.Language == "sql" {
				return pgerr.New(pgerr.InvalidFunctionDefinition, "SQL functions cannot return type %s", x.TypeText(t.OID))
			}
			return pgerr.New(pgerr.FeatureNotSupported, "PL/pgSQL functions cannot return type %s", x.TypeText(t.OID))
		}
	}
	return nil
}

// resultFromArgs checks that a polymorphic result can be told from the arguments.
func resultFromArgs(x *stmt.Ctx, f *catalog.Function, outs []types.OID) error {
	for _, t := range append(append([]types.OID(nil), outs...), f.Proc.RetType) {
		if why := undetermined(x, t, f.Proc.ArgTypes); why != "" {
			return pgerr.New(pgerr.InvalidFunctionDefinition, "cannot determine result data type").WithDetail("%s", why)
		}
	}
	return nil
}

// undetermined says why a polymorphic type cannot be told from arguments of these types; "" where it can
// (check_valid_polymorphic_signature).
func undetermined(x *stmt.Ctx, t types.OID, args []types.OID) string {
	has := func(list ...types.OID) bool {
		return slices.ContainsFunc(args, func(a types.OID) bool { return slices.Contains(list, a) })
	}
	ok, need := true, ""
	switch t {
	case types.AnyElement, types.AnyArray, types.AnyNonArray, types.AnyEnum:
		ok = has(types.AnyElement, types.AnyArray, types.AnyNonArray, types.AnyEnum, types.AnyRange, types.AnyMultirange)
		need = "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange"
	case types.AnyRange, types.AnyMultirange:
		ok, need = has(types.AnyRange, types.AnyMultirange), "anyrange or anymultirange"
	case types.AnyCompatible, types.AnyCompatibleArray, types.AnyCompatibleNonArray:
		ok = has(types.AnyCompatible, types.AnyCompatibleArray, types.AnyCompatibleNonArray, types.AnyCompatibleRange, types.AnyCompatibleMultirange)
		need = "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange"
	case types.AnyCompatibleRange, types.AnyCompatibleMultirange:
		ok, need = has(types.AnyCompatibleRange, types.AnyCompatibleMultirange), "anycompatiblerange or anycompatiblemultirange"
	}
	if ok {
		return ""
	}
	return "A result of type " + x.TypeText(t) + " requires at least one input of type " + need + "."
}

func functionBody(x *stmt.Ctx, f *catalog.Function, n *ast.CreateFunctionStmt, o *funcOptions) error {
	if n.SqlBody != nil {
		switch {
		case f.Language != "sql":
			return pgerr.New(pgerr.InvalidFunctionDefinition, "inline SQL function body only valid for language SQL")
		case o.as != nil:
			return pgerr.New(pgerr.InvalidFunctionDefinition, "duplicate function body specified")
		}
		for _, t := range f.Proc.ArgTypes {
			if polymorphic(t) {
				return pgerr.New(pgerr.InvalidFunctionDefinition, "SQL function with unquoted function body cannot have polymorphic arguments")
			}
		}
		f.Body = x.Text
		for _, s := range x.SearchPath() {
			if sc := x.Catalog().SchemaByOID(s); sc != nil {
				f.BodyPath = append(f.BodyPath, sc.OID)
			}
		}
		return nil
	}
	switch len(o.as) {
	case 0:
		return pgerr.New(pgerr.InvalidFunctionDefinition, "no function body specified")
	case 1:
		f.Proc.Src = o.as[0]
		return nil
	}
	return pgerr.New(pgerr.InvalidFunctionDefinition, "only one AS item needed for language \"%s\"", f.Language)
}
