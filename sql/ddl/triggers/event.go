package triggers

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// CreateEvent is CREATE EVENT TRIGGER.
func CreateEvent(x *stmt.Ctx, n *ast.CreateEventTrigStmt) error {
	if !x.Super() {
		return stmt.Denied("permission denied to create event trigger \"%s\"", n.Trigname).(*pgerr.Error).
			WithHint("Must be superuser to create an event trigger.")
	}
	e := &catalog.EventTrigger{Event: n.Eventname, Enabled: catalog.TriggerOrigin}
	switch n.Eventname {
	case "ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite":
	default:
		return pgerr.New(pgerr.SyntaxError, "unrecognized event name \"%s\"", n.Eventname)
	}
	seen := false
	for _, w := range n.Whenclause {
		d, ok := w.(*ast.DefElem)
		if !ok {
			return pgerr.Internal("filter of form %T", w)
		}
		if d.Defname != "tag" {
			return pgerr.New(pgerr.SyntaxError, "unrecognized filter variable \"%s\"", d.Defname)
		}
		if seen {
			return pgerr.New(pgerr.SyntaxError, "filter variable \"%s\" specified more than once", d.Defname)
		}
		seen = true
		for _, t := range stmt.Strs(d.Arg.(*ast.List).Items) {
			tag := strings.ToUpper(t)
			switch known, fires := trigger.Tag(tag); {
			case !known:
				return pgerr.New(pgerr.SyntaxError, "filter value \"%s\" not recognized for filter variable \"%s\"", t, d.Defname)
			case !fires || n.Eventname == "table_rewrite" && !trigger.Rewrites(tag):
				return pgerr.New(pgerr.FeatureNotSupported, "event triggers are not supported for %s", t)
			}
			e.Tags = append(e.Tags, tag)
		}
	}
	if x.Catalog().EventTrigger(n.Trigname) != nil {
		return eventExists(n.Trigname)
	}
	var err error
	if e.Func, err = Function(x, n.Funcname, types.EventTrigger); err != nil {
		return err
	}
	e.Header = catalog.Header{OID: x.Editor.OID(), Name: types.TruncateName(n.Trigname), Owner: x.User}
	e.Deps = []catalog.Dep{{On: catalog.Address{Kind: catalog.KindFunction, OID: e.Func}, Type: catalog.DepNormal}}
	x.Editor.Put(e)
	return nil
}

func eventExists(name string) error {
	return pgerr.New(pgerr.DuplicateObject, "event trigger \"%s\" already exists", name)
}

// changeEvent replaces an event trigger by what f makes of it.
func changeEvent(x *stmt.Ctx, name string, f func(*catalog.EventTrigger) error) error {
	e := x.Catalog().EventTrigger(name)
	switch {
	case e == nil:
		return pgerr.New(pgerr.UndefinedObject, "event trigger \"%s\" does not exist", name)
	case !x.Super() && !x.Roles.HasPrivsOf(x.User, e.Owner):
		return stmt.Denied("must be owner of event trigger %s", name)
	}
	next := *e
	if err := f(&next); err != nil {
		return err
	}
	x.Editor.Put(&next)
	return nil
}

// AlterEvent is ALTER EVENT TRIGGER … ENABLE and DISABLE.
func AlterEvent(x *stmt.Ctx, n *ast.AlterEventTrigStmt) error {
	return changeEvent(x, n.Trigname, func(e *catalog.EventTrigger) error {
		e.Enabled = n.Tgenabled[0]
		return nil
	})
}

// RenameEvent, OwnEvent and CommentEvent are the other statements that change one; object is its name.
func RenameEvent(x *stmt.Ctx, object ast.Node, name string) error {
	return changeEvent(x, stmt.Name(object), func(e *catalog.EventTrigger) error {
		if x.Catalog().EventTrigger(name) != nil {
			return eventExists(name)
		}
		e.Name = name
		return nil
	})
}

func OwnEvent(x *stmt.Ctx, object ast.Node, role *ast.RoleSpec) error {
	owner, _, err := x.RoleOf(role)
	if err != nil {
		return err
	}
	return changeEvent(x, stmt.Name(object), func(e *catalog.EventTrigger) error {
		if x.Roles != nil && !x.Roles.IsSuper(owner) {
			return stmt.Denied("permission denied to change owner of event trigger \"%s\"", e.Name).(*pgerr.Error).
				WithHint("The owner of an event trigger must be a superuser.")
		}
		e.Owner = owner
		return nil
	})
}

func CommentEvent(x *stmt.Ctx, object ast.Node, text string) error {
	return changeEvent(x, stmt.Name(object), func(e *catalog.EventTrigger) error {
		e.Comment = text
		return nil
	})
}

// DropEvent is DROP EVENT TRIGGER.
func DropEvent(x *stmt.Ctx, n *ast.DropStmt) error {
	var list []catalog.Address
	for _, o := range n.Objects {
		name := stmt.Name(o)
		e := x.Catalog().EventTrigger(name)
		if e == nil && n.MissingOk {
			x.Note("", "event trigger \"%s\" does not exist, skipping", name)
			continue
		}
		if err := changeEvent(x, name, func(*catalog.EventTrigger) error { return nil }); err != nil {
			return err
		}
		if a := catalog.AddressOf(e); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE)
}
