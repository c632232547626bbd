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
		if x.Quiet == 0 && x.MayUse != nil && !x.MayUse(s) {
			x.Fail(pgerr.InsufficientPrivilege, r.Location, "permission denied for schema %s", s.Name)
		}
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
		schema := name[len(name)-2]
		if schema == "pg_catalog" {
			return builtin
		}
		s := x.schemaNamed(schema)
		if s == nil || len(name) == 3 && name[0] != x.Database {
			return nil
		}
		var out []*pgdata.Operator
		for _, o := range x.Catalog.OperatorsNamed(s.OID, last) {
			out = append(out, &o.Op)
		}
		return out
	}
	if !x.Catalog.HasObjects(catalog.KindOperator) {
		return builtin
	}
	var out []*pgdata.Operator
	add := func(o *pgdata.Operator) {
		for _, have := range out {
			if have.Left == o.Left && have.Right == o.Right && have.Namespace != o.Namespace {
				return
			}
		}
		out = append(out, o)
	}
	for _, s := range x.path() {
		if s == catalog.PgCatalogOID {
			for _, o := range builtin {
				add(o)
			}
			continue
		}
		for _, o := range x.Catalog.OperatorsNamed(s, last) {
			add(&o.Op)
		}
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

// CollationByName finds a collation; 42704.
func (x *Lexicon) CollationByName(list []ast.Node, loc int32) types.OID {
	n := Names(list)
	if len(n) == 1 || len(n) == 2 && n[0] == "pg_catalog" {
		if oid, ok := loadRegistry().collations[n[len(n)-1]]; ok {
			return oid
		}
	}
	x.Fail(pgerr.UndefinedObject, loc, "collation \"%s\" for encoding \"UTF8\" does not exist", strings.Join(n, "."))
	return 0
}

// Proc finds a function by OID, built in or the user's; nil if there is none.
func (x *Lexicon) Proc(oid types.OID) *pgdata.Proc {
	if oid >= catalog.FirstNormalOID {
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
		for _, s := range x.path() {
			if s == catalog.PgCatalogOID {
				for _, p := range builtin {
					out = appendVisible(out, p)
				}
				continue
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
