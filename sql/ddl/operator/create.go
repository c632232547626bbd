package operator

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

func bad(format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.InvalidFunctionDefinition, format, args...)
}

// definition is what CREATE OPERATOR says.
type definition struct {
	left, right                       *ast.TypeName
	function, commutator, negator     []ast.Node
	restrict, join                    []ast.Node
	merges, hashes                    bool
	leftOID, rightOID                 types.OID
	restrictOID, joinOID, functionOID types.OID
	result                            types.OID
}

// Create is CREATE OPERATOR (DefineOperator, OperatorCreate).
func Create(x *stmt.Ctx, n *ast.DefineStmt) error {
	schema, name, err := x.Place(n.Defnames)
	if err != nil {
		return err
	}
	d, err := options(x, n.Definition)
	if err != nil {
		return err
	}
	if err := d.resolve(x); err != nil {
		return err
	}
	if err := d.check(name); err != nil {
		return err
	}
	if _, err := x.Claim(schema.OID, name+" operator"); err != nil {
		return err
	}
	o := &catalog.Operator{Header: catalog.Header{Schema: schema.OID, Name: name, Owner: x.User}}
	if old := named(x, schema.OID, name, d.leftOID, d.rightOID); old != nil {
		if old.Op.Code != 0 {
			return pgerr.New(pgerr.DuplicateFunction, "operator %s already exists", name)
		}
		if err := x.MustOwnObject(&old.Header, "operator "+name); err != nil {
			return err
		}
		*o = *old
	} else {
		o.OID = x.Editor.OID()
	}
	o.Op = pgdata.Operator{OID: o.OID, Name: name, Namespace: schema.OID, Kind: 'b', CanMerge: d.merges, CanHash: d.hashes, Left: d.leftOID, Right: d.rightOID,
		Result: d.result, Com: o.Op.Com, Negate: o.Op.Negate, Code: d.functionOID, Rest: d.restrictOID, Join: d.joinOID}
	if d.leftOID == 0 {
		o.Op.Kind = 'l'
	}
	if d.commutator != nil {
		if o.Op.Com, err = other(x, o, d.commutator, d.rightOID, d.leftOID, true); err != nil {
			return err
		}
	}
	if d.negator != nil {
		if o.Op.Negate, err = other(x, o, d.negator, d.leftOID, d.rightOID, false); err != nil {
			return err
		}
	}
	o.Deps = dependencies(o)
	x.Editor.Put(o)
	pointBack(x, o)
	return nil
}

// named is the operator of users with that name and those operands in a schema.
func named(x *stmt.Ctx, schema catalog.OID, name string, left, right types.OID) *catalog.Operator {
	for _, o := range x.Catalog().OperatorsNamed(schema, name) {
		if o.Op.Left == left && o.Op.Right == right {
			return o
		}
	}
	return nil
}

func dependencies(o *catalog.Operator) (deps []catalog.Dep) {
	for _, t := range []types.OID{o.Op.Left, o.Op.Right, o.Op.Result} {
		deps = stmt.TypeDep(deps, t)
	}
	for _, f := range []types.OID{o.Op.Code, o.Op.Rest, o.Op.Join} {
		if !catalog.BuiltIn(f) {
			deps = append(deps, catalog.Dep{On: catalog.Address{Kind: catalog.KindFunction, OID: f}, Type: catalog.DepNormal})
		}
	}
	return deps
}

// options reads the definition's list.
func options(x *stmt.Ctx, list []ast.Node) (*definition, error) {
	d := &definition{}
	for _, e := range list {
		o, ok := e.(*ast.DefElem)
		if !ok {
			return nil, pgerr.Internal("operator option of form %T", e)
		}
		var err error
		switch o.Defname {
		case "leftarg":
			d.left, err = operand(o)
		case "rightarg":
			d.right, err = operand(o)
		case "function", "procedure":
			d.function = stmt.NameList(o.Arg)
		case "commutator":
			d.commutator = stmt.NameList(o.Arg)
		case "negator":
			d.negator = stmt.NameList(o.Arg)
		case "restrict":
			d.restrict = stmt.NameList(o.Arg)
		case "join":
			d.join = stmt.NameList(o.Arg)
		case "hashes":
			d.hashes, err = stmt.DefBool(o)
		case "merges":
			d.merges, err = stmt.DefBool(o)
		case "sort1", "sort2", "ltcmp", "gtcmp":
			d.merges = true // spelled so before merges was
		default:
			if x.Notice != nil {
				x.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.SyntaxError, "operator attribute \"%s\" not recognized", o.Defname))
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if d.function == nil {
		return nil, bad("operator function must be specified")
	}
	switch {
	case d.left == nil && d.right == nil:
		return nil, bad("operator argument types must be specified")
	case d.right == nil:
		return nil, bad("operator right argument type must be specified").WithDetail("Postfix operators are not supported.")
	}
	return d, nil
}

func operand(o *ast.DefElem) (*ast.TypeName, error) {
	t := stmt.DefType(o)
	if t.Setof {
		return nil, bad("SETOF type not allowed for operator argument")
	}
	return t, nil
}

// resolve finds types and functions.
func (d *definition) resolve(x *stmt.Ctx) error {
	var args []types.OID
	for _, side := range []struct {
		n   *ast.TypeName
		oid *types.OID
	}{{d.left, &d.leftOID}, {d.right, &d.rightOID}} {
		if side.n == nil {
			continue
		}
		t, err := bind.TypeName(x.Bind(), side.n)
		if err == nil {
			err = x.MayUseType(t.OID)
		}
		if err != nil {
			return err
		}
		*side.oid = t.OID
		args = append(args, t.OID)
	}
	p, err := callable(x, d.function, args)
	if err != nil {
		return err
	}
	if err := x.MayUseType(p.RetType); err != nil {
		return err
	}
	d.functionOID, d.result = p.OID, p.RetType
	if d.restrict != nil {
		if d.restrictOID, err = restrictEstimator(x, d.restrict); err != nil {
			return err
		}
	}
	if d.join != nil {
		d.joinOID, err = joinEstimator(x, d.join)
	}
	return err
}

// callable is the function of that name with exactly these arguments, which the user may call.
func callable(x *stmt.Ctx, name []ast.Node, args []types.OID) (*pgdata.Proc, error) {
	p, err := bind.ExactFunction(x.Bind(), name, args)
	if err != nil {
		return nil, err
	}
	if f := x.Catalog().Function(p.OID); f != nil && x.Roles != nil {
		err = f.Executable(x.Roles, x.User)
	}
	return p, err
}

func restrictEstimator(x *stmt.Ctx, name []ast.Node) (types.OID, error) {
	p, err := callable(x, name, []types.OID{types.Internal, types.Oid, types.Internal, types.Int4})
	if err == nil && p.RetType != types.Float8 {
		err = pgerr.New(pgerr.InvalidObjectDefinition, "restriction estimator function %s must return type %s", dotted(name), "float8")
	}
	if err != nil {
		return 0, err
	}
	return p.OID, nil
}

func joinEstimator(x *stmt.Ctx, name []ast.Node) (types.OID, error) {
	args := []types.OID{types.Internal, types.Oid, types.Internal, types.Int2, types.Internal}
	p, err := callable(x, name, args)
	if short, err4 := callable(x, name, args[:4]); err4 == nil {
		if err == nil {
			return 0, pgerr.New(pgerr.AmbiguousFunction, "join estimator function %s has multiple matches", dotted(name))
		}
		p, err = short, nil
	}
	if err == nil && p.RetType != types.Float8 {
		err = pgerr.New(pgerr.InvalidObjectDefinition, "join estimator function %s must return type %s", dotted(name), "float8")
	}
	if err != nil {
		return 0, err
	}
	return p.OID, nil
}

func dotted(name []ast.Node) string { return strings.Join(stmt.Strs(name), ".") }

// check refuses properties that the operator cannot have.
func (d *definition) check(name string) error {
	if !valid(name) {
		return pgerr.New(pgerr.InvalidName, "\"%s\" is not a valid operator name", name)
	}
	if d.leftOID == 0 {
		switch {
		case d.commutator != nil:
			return bad("only binary operators can have commutators")
		case d.join != nil:
			return bad("only binary operators can have join selectivity")
		case d.merges:
			return bad("only binary operators can merge join")
		case d.hashes:
			return bad("only binary operators can hash")
		}
	}
	if d.result != types.Bool {
		switch {
		case d.negator != nil:
			return bad("only boolean operators can have negators")
		case d.restrict != nil:
			return bad("only boolean operators can have restriction selectivity")
		case d.join != nil:
			return bad("only boolean operators can have join selectivity")
		case d.merges:
			return bad("only boolean operators can merge join")
		case d.hashes:
			return bad("only boolean operators can hash")
		}
	}
	return nil
}

// valid is validOperatorName.
func valid(name string) bool {
	const chars, special = "~!@#^&|`?+-*/%<>=", "~!@#^&|`?%"
	switch {
	case name == "", len(name) > stmt.MaxName, strings.Trim(name, chars) != "", strings.Contains(name, "/*"), strings.Contains(name, "--"), name == "!=":
		return false
	}
	if last := name[len(name)-1]; len(name) > 1 && (last == '+' || last == '-') {
		return strings.ContainsAny(name, special)
	}
	return true
}

// other is the operator that COMMUTATOR or NEGATOR names: one that is there, o itself, or a new shell (get_other_operator).
func other(x *stmt.Ctx, o *catalog.Operator, name []ast.Node, left, right types.OID, commutator bool) (types.OID, error) {
	found, err := bind.ExactOperator(x.Bind(), name, left, right)
	if err != nil {
		return 0, err
	}
	self := func() (types.OID, error) {
		if !commutator {
			return 0, bad("operator cannot be its own negator or sort operator")
		}
		return o.OID, nil
	}
	if found != nil {
		if found.OID == o.OID {
			return self()
		}
		return found.OID, nil
	}
	schema, symbol, err := x.Place(name)
	if err != nil {
		return 0, err
	}
	if schema.OID == o.Schema && symbol == o.Name && left == o.Op.Left && right == o.Op.Right {
		return self()
	}
	shell := &catalog.Operator{Header: catalog.Header{OID: x.Editor.OID(), Schema: schema.OID, Name: symbol, Owner: x.User}}
	shell.Op = pgdata.Operator{OID: shell.OID, Name: symbol, Namespace: schema.OID, Kind: 'b', Left: left, Right: right}
	if left == 0 {
		shell.Op.Kind = 'l'
	}
	shell.Deps = dependencies(shell)
	x.Editor.Put(shell)
	return shell.OID, nil
}

// pointBack makes o's commutator and negator name it in turn, where they name nothing yet (OperatorUpd).
func pointBack(x *stmt.Ctx, o *catalog.Operator) {
	if c := x.Catalog().Operator(o.Op.Com); c != nil && c.Op.Com == 0 {
		next := *c
		next.Op.Com = o.OID
		x.Editor.Put(&next)
	}
	if c := x.Catalog().Operator(o.Op.Negate); c != nil && c.Op.Negate == 0 {
		next := *c
		next.Op.Negate = o.OID
		x.Editor.Put(&next)
	}
}

// open finds the operator of users that a statement names, with its lock. nil: IF EXISTS, and there is none.
func open(x *stmt.Ctx, n ast.Node, missingOK bool) (*catalog.Operator, error) {
	o, ok := n.(*ast.ObjectWithArgs)
	if !ok || len(o.Objargs) != 2 {
		return nil, pgerr.Internal("operator name of form %T", n)
	}
	var args [2]types.OID
	for i, a := range o.Objargs {
		tn, ok := a.(*ast.TypeName)
		if !ok || tn == nil {
			if i == 1 {
				return nil, pgerr.New(pgerr.SyntaxError, "postfix operators are not supported")
			}
			continue
		}
		t, err := bind.TypeName(x.Bind(), tn)
		if err != nil {
			if missingOK && pgerr.Is(err, pgerr.UndefinedObject) {
				x.Note("", "%s, skipping", pgerr.From(err).Message)
				return nil, nil
			}
			return nil, err
		}
		args[i] = t.OID
	}
	if names := stmt.Strs(o.Objname); len(names) > 1 && x.Catalog().Schema(names[0]) == nil {
		if missingOK {
			x.Note("", "schema \"%s\" does not exist, skipping", names[0])
			return nil, nil
		}
		return nil, stmt.NoSchema(names[0])
	}
	found, err := bind.ExactOperator(x.Bind(), o.Objname, args[0], args[1])
	if err != nil {
		return nil, err
	}
	if found == nil {
		if missingOK {
			x.Note("", "operator %s does not exist, skipping", dotted(o.Objname))
			return nil, nil
		}
		return nil, pgerr.New(pgerr.UndefinedFunction, "operator does not exist: %s", bind.OperatorText(x.Bind(), o.Objname, args[0], args[1]))
	}
	d := x.Catalog().Operator(found.OID)
	if d == nil {
		return nil, stmt.Denied("must be owner of operator %s", found.Name)
	}
	if err := x.LockTable(d.OID, lock.AccessExclusive); err != nil {
		return nil, err
	}
	if d = x.Catalog().Operator(d.OID); d == nil {
		return nil, pgerr.New(pgerr.UndefinedFunction, "operator does not exist: %s", bind.OperatorText(x.Bind(), o.Objname, args[0], args[1]))
	}
	return d, nil
}
