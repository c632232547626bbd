package routine

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

// Kind is the pg_proc.prokind that a statement's object type asks for; 0: any.
func Kind(o ast.ObjectType) (kind byte, word string, ok bool) {
	switch o {
	case ast.OBJECT_FUNCTION:
		return 'f', "FUNCTION", true
	case ast.OBJECT_PROCEDURE:
		return 'p', "PROCEDURE", true
	case ast.OBJECT_ROUTINE:
		return 0, "ROUTINE", true
	case ast.OBJECT_AGGREGATE:
		return 'a', "AGGREGATE", true
	}
	return 0, "", false
}

// openRoutine finds and locks the function that a statement names.
func openRoutine(x *stmt.Ctx, n ast.Node, kind byte) (*catalog.Function, error) {
	o, ok := n.(*ast.ObjectWithArgs)
	if !ok {
		return nil, pgerr.Internal("function name of form %T", n)
	}
	f, p, err := bind.Routine(x.Bind(), o, kind)
	if err != nil {
		return nil, err
	}
	if p != nil {
		return nil, pgerr.New(pgerr.InsufficientPrivilege, "must be owner of %s %s", stmt.RoutineWord(p.Kind), p.Name)
	}
	if err := x.LockTable(f.OID, lock.AccessExclusive); err != nil {
		return nil, err
	}
	if f = x.Catalog().Function(f.OID); f == nil {
		return nil, pgerr.New(pgerr.UndefinedFunction, "function %s does not exist", strings.Join(stmt.Strs(o.Objname), "."))
	}
	return f, nil
}

// openOwned is openRoutine for who owns it.
func openOwned(x *stmt.Ctx, n ast.Node, kind byte) (*catalog.Function, error) {
	f, err := openRoutine(x, n, kind)
	if err == nil {
		err = x.MustOwnObject(&f.Header, stmt.RoutineWord(f.Proc.Kind)+" "+f.Name)
	}
	return f, err
}

// Drop is DROP FUNCTION, PROCEDURE, ROUTINE and AGGREGATE.
func Drop(x *stmt.Ctx, n *ast.DropStmt) (string, error) {
	kind, word, _ := Kind(n.RemoveType)
	var list []catalog.Address
	for _, o := range n.Objects {
		f, err := openRoutine(x, o, kind)
		if err != nil {
			if oa, ok := o.(*ast.ObjectWithArgs); ok && n.MissingOk {
				switch {
				case pgerr.Is(err, pgerr.UndefinedFunction), pgerr.Is(err, pgerr.UndefinedObject):
					x.Note("", "%s", strings.TrimSuffix(missingRoutine(err, oa), ", skipping")+", skipping")
					continue
				case pgerr.Is(err, pgerr.InvalidSchemaName):
					x.Note("", "schema \"%s\" does not exist, skipping", stmt.Strs(oa.Objname)[0])
					continue
				}
			}
			return "", err
		}
		if kind == 'f' && f.Proc.Kind == 'a' {
			return "", pgerr.New(pgerr.WrongObjectType, "\"%s\" is an aggregate function", f.Name).WithHint("Use DROP AGGREGATE to drop aggregate functions.")
		}
		if err := x.MayDropObject(&f.Header, stmt.RoutineWord(f.Proc.Kind)+" "+f.Name); err != nil {
			return "", err
		}
		if err := depend.NotPart(x, f); err != nil {
			return "", err
		}
		list = append(list, catalog.AddressOf(f))
	}
	return "DROP " + word, depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}

// missingRoutine is the notice of IF EXISTS for a function that is not there.
func missingRoutine(err error, o *ast.ObjectWithArgs) string {
	msg := pgerr.From(err).Message
	if o.ArgsUnspecified && strings.HasPrefix(msg, "could not find a ") {
		what := strings.Fields(strings.TrimPrefix(msg, "could not find a "))[0]
		return what + " " + strings.Join(stmt.Strs(o.Objname), ".") + "() does not exist"
	}
	return msg
}

// Alter is ALTER FUNCTION, PROCEDURE and ROUTINE with options.
func Alter(x *stmt.Ctx, n *ast.AlterFunctionStmt) (string, error) {
	kind, word, ok := Kind(n.Objtype)
	if !ok {
		return "", pgerr.Unsupported("ALTER of this kind of routine")
	}
	f, err := openOwned(x, n.Func, kind)
	if err != nil {
		return "", err
	}
	if !catalog.OfUser(f.OID) {
		return "", pgerr.Unsupported("ALTER " + word + " of a function of an extension")
	}
	next := *f
	next.Config = slices.Clone(f.Config)
	o, err := functionOptions(x, &next, n.Actions, f.Proc.Kind == 'p')
	if err != nil {
		return "", err
	}
	if o.rows != nil && !f.Proc.RetSet {
		return "", pgerr.New(pgerr.InvalidParameterValue, "ROWS is not applicable when function does not return a set")
	}
	x.Editor.Put(&next)
	return "ALTER " + word, nil
}

// Change is RENAME TO, SET SCHEMA and OWNER TO.
func Change(x *stmt.Ctx, o ast.ObjectType, n ast.Node, change func(f *catalog.Function) error) (string, error) {
	kind, word, _ := Kind(o)
	f, err := openOwned(x, n, kind)
	if err != nil {
		return "", err
	}
	next := *f
	if err := change(&next); err != nil {
		return "", err
	}
	store := func() error { return nil }
	if next.Schema != f.Schema || next.Name != f.Name {
		if store, err = depend.Reprint(x, f.Name); err != nil {
			return "", err
		}
		for _, h := range x.Catalog().FunctionsNamed(next.Schema, next.Name) {
			if h.OID != f.OID && slices.Equal(h.Proc.ArgTypes, f.Proc.ArgTypes) {
				next.Name = h.Name
				return "", pgerr.New(pgerr.DuplicateFunction, "function %s already exists in schema \"%s\"", bareSignature(x, h), x.Catalog().SchemaByOID(next.Schema).Name)
			}
		}
	}
	next.Proc.Name, next.Proc.Namespace = next.Name, next.Schema
	x.Editor.Put(&next)
	return "ALTER " + word, store()
}

func bareSignature(x *stmt.Ctx, f *catalog.Function) string {
	args := make([]string, len(f.Proc.ArgTypes))
	for i, a := range f.Proc.ArgTypes {
		args[i] = x.TypeText(a)
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}
