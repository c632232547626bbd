package operator

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Alter is ALTER OPERATOR … SET: estimators alone may change.
func Alter(x *stmt.Ctx, n *ast.AlterOperatorStmt) error {
	o, err := open(x, n.Opername, false)
	if err == nil {
		err = x.MustOwnObject(&o.Header, "operator "+o.Name)
	}
	if err != nil {
		return err
	}
	next := *o
	for _, e := range n.Options {
		d, ok := e.(*ast.DefElem)
		if !ok {
			return pgerr.Internal("operator option of form %T", e)
		}
		switch d.Defname {
		case "restrict":
			next.Op.Rest = 0
			if d.Arg != nil {
				if next.Op.Rest, err = restrictEstimator(x, stmt.NameList(d.Arg)); err != nil {
					return err
				}
			}
		case "join":
			next.Op.Join = 0
			if d.Arg != nil {
				if next.Op.Join, err = joinEstimator(x, stmt.NameList(d.Arg)); err != nil {
					return err
				}
			}
		case "leftarg", "rightarg", "function", "procedure", "commutator", "negator", "hashes", "merges":
			return pgerr.New(pgerr.SyntaxError, "operator attribute \"%s\" cannot be changed", d.Defname)
		default:
			return pgerr.New(pgerr.SyntaxError, "operator attribute \"%s\" not recognized", d.Defname)
		}
	}
	if o.Op.Left == 0 && next.Op.Join != 0 {
		return bad("only binary operators can have join selectivity")
	}
	if o.Op.Result != types.Bool {
		switch {
		case next.Op.Rest != 0:
			return bad("only boolean operators can have restriction selectivity")
		case next.Op.Join != 0:
			return bad("only boolean operators can have join selectivity")
		}
	}
	next.Deps = dependencies(&next)
	x.Editor.Put(&next)
	return nil
}

// Change is OWNER TO, SET SCHEMA and COMMENT.
func Change(x *stmt.Ctx, n ast.Node, change func(o *catalog.Operator) error) error {
	o, err := open(x, n, false)
	if err == nil {
		err = x.MustOwnObject(&o.Header, "operator "+o.Name)
	}
	if err != nil {
		return err
	}
	next := *o
	if err := change(&next); err != nil {
		return err
	}
	store := func() error { return nil }
	if next.Schema != o.Schema {
		if store, err = depend.Reprint(x, o.Name); err != nil {
			return err
		}
		if named(x, next.Schema, o.Name, o.Op.Left, o.Op.Right) != nil {
			return pgerr.New(pgerr.DuplicateFunction, "operator %s already exists in schema \"%s\"", o.Name, x.Catalog().SchemaByOID(next.Schema).Name)
		}
		next.Op.Namespace = next.Schema
	}
	x.Editor.Put(&next)
	return store()
}

// Drop is DROP OPERATOR.
func Drop(x *stmt.Ctx, n *ast.DropStmt) error {
	var list []catalog.Address
	for _, e := range n.Objects {
		o, err := open(x, e, n.MissingOk)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		if err := x.MayDropObject(&o.Header, "operator "+o.Name); err != nil {
			return err
		}
		list = append(list, catalog.AddressOf(o))
	}
	return depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}
