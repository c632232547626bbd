package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/ddl/triggers"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/extension"
	"github.com/tarndb/tarn/sql/ddl/operator"
	"github.com/tarndb/tarn/sql/ddl/policy"
	"github.com/tarndb/tarn/sql/ddl/routine"
	"github.com/tarndb/tarn/sql/ddl/rule"
	"github.com/tarndb/tarn/sql/ddl/schemaobj"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/lock"
)

// dropKind is a kind of relation that DROP names.
type dropKind struct {
	word, tag string
	fits      func(*catalog.Table, *catalog.Index) bool
	hint      string
}

func relKind(k catalog.RelKind) func(*catalog.Table, *catalog.Index) bool {
	return func(t *catalog.Table, ix *catalog.Index) bool { return ix == nil && t.Kind == k }
}

var dropKinds = map[ast.ObjectType]dropKind{
	ast.OBJECT_TABLE: {"table", "DROP TABLE", func(t *catalog.Table, ix *catalog.Index) bool {
		return ix == nil && (t.LikeTable() || t.Kind == catalog.RelForeign)
	}, "Use DROP TABLE to remove a table."},
	ast.OBJECT_VIEW:          {"view", "DROP VIEW", relKind(catalog.RelView), "Use DROP VIEW to remove a view."},
	ast.OBJECT_MATVIEW:       {"materialized view", "DROP MATERIALIZED VIEW", relKind(catalog.RelMatView), "Use DROP MATERIALIZED VIEW to remove a materialized view."},
	ast.OBJECT_SEQUENCE:      {"sequence", "DROP SEQUENCE", relKind(catalog.RelSequence), "Use DROP SEQUENCE to remove a sequence."},
	ast.OBJECT_FOREIGN_TABLE: {"foreign table", "DROP FOREIGN TABLE", relKind(catalog.RelForeign), "Use DROP FOREIGN TABLE to remove a foreign table."},
	ast.OBJECT_INDEX: {"index", "DROP INDEX", func(_ *catalog.Table, ix *catalog.Index) bool { return ix != nil },
		"Use DROP INDEX to remove an index."},
}

func (x *exec) drop(n *ast.DropStmt) (string, error) {
	if n.RemoveType == ast.OBJECT_SCHEMA {
		return "DROP SCHEMA", x.dropSchemas(n)
	}
	if n.RemoveType == ast.OBJECT_TYPE || n.RemoveType == ast.OBJECT_DOMAIN {
		return usertype.Drop(x.Ctx, n)
	}
	if n.RemoveType == ast.OBJECT_EVENT_TRIGGER {
		return "DROP EVENT TRIGGER", triggers.DropEvent(x.Ctx, n)
	}
	if n.RemoveType == ast.OBJECT_EXTENSION {
		return "DROP EXTENSION", extension.Drop(x.Ctx, n)
	}
	if n.RemoveType == ast.OBJECT_TRIGGER {
		return "DROP TRIGGER", triggers.Drop(x.Ctx, n)
	}
	if _, _, ok := routine.Kind(n.RemoveType); ok {
		return routine.Drop(x.Ctx, n)
	}
	if n.RemoveType == ast.OBJECT_OPERATOR {
		return "DROP OPERATOR", operator.Drop(x.Ctx, n)
	}
	if n.RemoveType == ast.OBJECT_CAST {
		return "DROP CAST", operator.DropCast(x.Ctx, n)
	}
	if schemaobj.Handles(n.RemoveType) {
		return schemaobj.Drop(x.Ctx, n)
	}
	if n.RemoveType == ast.OBJECT_POLICY {
		return "DROP POLICY", x.dropParts(n, policy.ToDrop)
	}
	if n.RemoveType == ast.OBJECT_RULE {
		return "DROP RULE", x.dropParts(n, rule.ToDrop)
	}
	kind, ok := dropKinds[n.RemoveType]
	if !ok {
		return "", pgerr.Unsupported("this DROP statement")
	}
	if n.Concurrent && x.InBlock {
		return "", pgerr.New(pgerr.ActiveSQLTransaction, "DROP INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	var list []catalog.Address
	for _, o := range n.Objects {
		rv, err := stmt.RangeVar(o)
		if err != nil {
			return "", err
		}
		t, ix, err := x.openDropped(rv, n.MissingOk)
		if err != nil {
			return "", err
		}
		if t == nil {
			if !n.MissingOk {
				return "", missing(kind.word, rv)
			}
			x.Note("", "%s", skipping(kind.word, rv))
			continue
		}
		if !kind.fits(t, ix) {
			return "", wrongKind(kind.word, t, ix, rv.Relname)
		}
		if err := x.MayDrop(t, ix); err != nil {
			return "", err
		}
		if ix != nil {
			if n.Concurrent && t.Partitioned() {
				return "", pgerr.New(pgerr.FeatureNotSupported, "cannot drop partitioned index \"%s\" concurrently", ix.Name)
			}
			if _, p := x.Catalog().RelationByOID(ix.Parent); p != nil {
				return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop index %s because index %s requires it", ix.Name, p.Name).
					WithHint("You can drop index %s instead.", p.Name)
			}
			if c := constraintOfIndex(t, ix); c != nil {
				return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop index %s because constraint %s on table %s requires it", ix.Name, c.Name, t.Name).
					WithHint("You can drop constraint %s on table %s instead.", c.Name, t.Name)
			}
			list = append(list, catalog.Address{Kind: catalog.KindIndex, OID: ix.OID})
			continue
		}
		if c := depend.OwnedIdentity(x.Ctx, t); c != "" {
			return "", pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop sequence %s because %s requires it", t.Name, c).
				WithHint("You can drop %s instead.", c)
		}
		list = append(list, catalog.Address{Kind: catalog.KindRelation, OID: t.OID})
	}
	return kind.tag, depend.Drop(x.Ctx, list, n.Behavior == ast.DROP_CASCADE)
}

// openDropped is open under the lock of DROP. A missing schema is as good as a missing relation with IF EXISTS.
func (x *exec) openDropped(rv *ast.RangeVar, missingOK bool) (*catalog.Table, *catalog.Index, error) {
	if missingOK && rv.Schemaname != "" && rv.Schemaname != "pg_temp" && x.Catalog().Schema(rv.Schemaname) == nil {
		x.Note("", "schema \"%s\" does not exist, skipping", rv.Schemaname)
		return nil, nil, nil
	}
	return x.Open(rv, lock.AccessExclusive)
}

func missing(word string, rv *ast.RangeVar) error {
	return pgerr.New(missingCode(word), "%s \"%s\" does not exist", word, shownName(rv))
}

func missingCode(word string) string {
	if word == "index" {
		return pgerr.UndefinedObject
	}
	return pgerr.UndefinedTable
}

func shownName(rv *ast.RangeVar) string {
	if rv.Schemaname != "" {
		return rv.Schemaname + "." + rv.Relname
	}
	return rv.Relname
}

func skipping(word string, rv *ast.RangeVar) string {
	return word + " \"" + rv.Relname + "\" does not exist, skipping"
}

func wrongKind(word string, t *catalog.Table, ix *catalog.Index, name string) error {
	article := "a "
	if strings.ContainsAny(word[:1], "aeiou") {
		article = "an "
	}
	e := pgerr.New(pgerr.WrongObjectType, "\"%s\" is not %s%s", name, article, word)
	for _, k := range dropKinds {
		if k.fits(t, ix) {
			return e.WithHint("%s", k.hint)
		}
	}
	return e
}

func constraintOfIndex(t *catalog.Table, ix *catalog.Index) *catalog.Constraint {
	for _, c := range t.Constraints {
		if c.OID == ix.Constraint && ix.Constraint != 0 {
			return c
		}
	}
	return nil
}

func (x *exec) dropSchemas(n *ast.DropStmt) error {
	var list []catalog.Address
	for _, o := range n.Objects {
		s, ok := o.(*ast.String)
		if !ok {
			return pgerr.Internal("schema name of form %T", o)
		}
		sc := x.Catalog().Schema(s.Sval)
		if sc == nil {
			if !n.MissingOk {
				return stmt.NoSchema(s.Sval)
			}
			x.Note("", "schema \"%s\" does not exist, skipping", s.Sval)
			continue
		}
		if stmt.SystemSchema(sc.OID) {
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop schema %s because it is required by the database system", sc.Name)
		}
		if err := x.MustOwnSchema(sc); err != nil {
			return err
		}
		list = append(list, catalog.Address{Kind: catalog.KindSchema, OID: sc.OID})
	}
	return depend.Drop(x.Ctx, list, n.Behavior == ast.DROP_CASCADE)
}

// partOf takes the name of a part of a relation apart: the relation's, and its own as the last of the list.
func partOf(n ast.Node) (*ast.RangeVar, string, error) {
	l, ok := n.(*ast.List)
	if !ok || len(l.Items) < 2 {
		return nil, "", pgerr.Internal("name of a relation's part of form %T", n)
	}
	last := len(l.Items) - 1
	rv, err := stmt.RangeVar(&ast.List{Items: l.Items[:last]})
	return rv, l.Items[last].(*ast.String).Sval, err
}

// dropParts drops policies or rules, which find looks for by their relation.
func (x *exec) dropParts(n *ast.DropStmt, find func(x *stmt.Ctx, rv *ast.RangeVar, name string, missingOK bool) (catalog.Address, bool, error)) error {
	var list []catalog.Address
	for _, o := range n.Objects {
		rv, name, err := partOf(o)
		if err != nil {
			return err
		}
		p, ok, err := find(x.Ctx, rv, name, n.MissingOk)
		if err != nil {
			return err
		}
		if ok {
			list = append(list, p)
		}
	}
	return depend.Drop(x.Ctx, list, n.Behavior == ast.DROP_CASCADE)
}
