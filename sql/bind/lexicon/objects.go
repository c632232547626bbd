package lexicon

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// Relation finds a table, view or index; nil if there is none. Errors: 0A000 for another database, 42501 for a schema that may
// not be looked into.
func (x *Lexicon) Relation(r *ast.RangeVar) (*catalog.Table, *catalog.Index) {
	c := x.Catalog
	if r.Catalogname != "" && x.Database != "" && r.Catalogname != x.Database {
		x.Fail(pgerr.FeatureNotSupported, r.Location, "cross-database references are not implemented: \"%s.%s.%s\"", r.Catalogname, r.Schemaname, r.Relname)
	}
	if r.Schemaname != "" {
		s := x.schemaNamed(r.Schemaname)
		if s == nil {
			return nil, nil
		}
		x.mayUse(s, r.Location)
		return c.Relation(s.OID, r.Relname)
	}
	if x.Named != nil && x.ViewPath == nil {
		if t := x.Named(r.Relname); t != nil {
			return t, nil
		}
	}
	for _, oid := range x.path() {
		if t, ix := c.Relation(oid, r.Relname); t != nil {
			return t, ix
		}
	}
	return nil, nil
}

// NoRelation raises 42P01.
func (x *Lexicon) NoRelation(r *ast.RangeVar) {
	if r.Schemaname != "" {
		x.Fail(pgerr.UndefinedTable, r.Location, "relation \"%s.%s\" does not exist", r.Schemaname, r.Relname)
	}
	x.Fail(pgerr.UndefinedTable, r.Location, "relation \"%s\" does not exist", r.Relname)
}

// OperatorsNamed lists the operators that a name may mean. Of two with the same operands the one that search_path finds first hides
// the other. The list is not to be changed.
func (x *Lexicon) OperatorsNamed(name []string) []*pgdata.Operator {
	last := name[len(name)-1]
	builtin := loadRegistry().opsByName[last]
	if len(name) > 1 {
		s := x.schemaNamed(name[len(name)-2])
		if s == nil || len(name) == 3 && name[0] != x.Database {
			return nil
		}
		return x.operatorsIn(nil, s.OID, last)
	}
	if !x.Catalog.HasObjects(catalog.KindOperator) {
		return builtin
	}
	var out []*pgdata.Operator
	path := x.codePath()
	for _, s := range path {
		out = x.operatorsIn(out, s, last)
	}
	if x.ViewPath != nil || x.Stored {
		x.Catalog.Objects(catalog.KindExtension, func(o catalog.Object) bool {
			if s := o.Head().Schema; !slices.Contains(path, s) {
				out = x.operatorsIn(out, s, last)
			}
			return true
		})
	}
	return out
}

// schemaNamed is a schema by name, pg_temp for the session's own; nil if there is none.
func (x *Lexicon) schemaNamed(name string) *catalog.Schema {
	if name == "pg_temp" && x.TempSchema != 0 {
		return x.Catalog.SchemaByOID(x.TempSchema)
	}
	return x.Catalog.Schema(name)
}

// UseSchema raises 42501 where a name has a schema whose names the session may not look up. What the catalog's own SQL names was
// looked up before.
func (x *Lexicon) UseSchema(name []string, loc int32) {
	if len(name) < 2 || x.MayUse == nil || x.Stored || x.ViewPath != nil {
		return
	}
	if s := x.schemaNamed(name[len(name)-2]); s != nil {
		x.mayUse(s, loc)
	}
}

func (x *Lexicon) mayUse(s *catalog.Schema, loc int32) {
	if x.Quiet == 0 && x.MayUse != nil && !x.MayUse(s) {
		x.Fail(pgerr.InsufficientPrivilege, loc, "permission denied for schema %s", s.Name)
	}
}

// operatorsIn adds the operators of a schema that list does not hide.
func (x *Lexicon) operatorsIn(list []*pgdata.Operator, schema types.OID, name string) []*pgdata.Operator {
	before := list
	add := func(o *pgdata.Operator) {
		if !slices.ContainsFunc(before, func(have *pgdata.Operator) bool { return have.Left == o.Left && have.Right == o.Right }) {
			list = append(list, o)
		}
	}
	if schema == catalog.PgCatalogOID {
		for _, o := range loadRegistry().opsByName[name] {
			add(o)
		}
	}
	for _, o := range x.Catalog.OperatorsNamed(schema, name) {
		add(&o.Op)
	}
	return list
}

// CollationByName finds a collation. Errors: 42704, 3F000.
func (x *Lexicon) CollationByName(list []ast.Node, loc int32) types.OID {
	n := Names(list)
	last := n[len(n)-1]
	path := x.path()
	if len(n) > 1 {
		name := n[len(n)-2]
		s := x.schemaNamed(name)
		if s == nil {
			x.Fail(pgerr.InvalidSchemaName, loc, "schema \"%s\" does not exist", name)
		}
		x.mayUse(s, loc)
		path = []types.OID{s.OID}
	}
	for _, schema := range path {
		if c := x.Catalog.CollationNamed(schema, last); c != nil {
			x.Needs.add(catalog.KindCollation, c.OID)
			return c.OID
		}
	}
	x.Fail(pgerr.UndefinedObject, loc, "collation \"%s\" for encoding \"UTF8\" does not exist", strings.Join(n, "."))
	return 0
}

// Proc finds a function by OID, built in, an extension's or the user's; nil if there is none.
func (x *Lexicon) Proc(oid types.OID) *pgdata.Proc {
	if !catalog.BuiltIn(oid) {
		if f := x.Catalog.Function(oid); f != nil {
			return &f.Proc
		}
		return nil
	}
	return loadRegistry().procs[oid]
}

// ProcsNamed lists the functions that a name may mean. Of two with the same arguments the one that search_path finds first hides
// the other.
func (x *Lexicon) ProcsNamed(name []string) []*pgdata.Proc {
	switch len(name) {
	case 1:
		builtin := loadRegistry().procsByName[name[0]]
		var out []*pgdata.Proc
		for _, s := range x.codePath() {
			if s == catalog.PgCatalogOID {
				for _, p := range builtin {
					out = appendVisible(out, p)
				}
			}
			for _, f := range x.Catalog.FunctionsNamed(s, name[0]) {
				out = appendVisible(out, &f.Proc)
			}
		}
		return out
	case 2:
		s := x.schemaNamed(name[0])
		if s == nil {
			return nil
		}
		var out []*pgdata.Proc
		for _, p := range loadRegistry().procsByName[name[1]] {
			if p.Namespace == s.OID {
				out = append(out, p)
			}
		}
		for _, f := range x.Catalog.FunctionsNamed(s.OID, name[1]) {
			out = append(out, &f.Proc)
		}
		return out
	case 3:
		if name[0] == x.Database {
			return x.ProcsNamed(name[1:])
		}
	}
	return nil
}

func appendVisible(list []*pgdata.Proc, p *pgdata.Proc) []*pgdata.Proc {
	for _, have := range list {
		if have.Namespace != p.Namespace && slices.Equal(have.ArgTypes, p.ArgTypes) {
			return list
		}
	}
	return append(list, p)
}
