package stmt

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// InTable puts schema and table into an error's fields.
func (x *Ctx) InTable(e *pgerr.Error, t *catalog.Table) error {
	if s := x.Catalog().SchemaByOID(t.Schema); s != nil {
		e.Schema = s.Name
	}
	e.Table = t.Name
	return e
}

// KindWord is a relation's kind as messages name it.
func KindWord(k catalog.RelKind) string {
	switch k {
	case catalog.RelView:
		return "view"
	case catalog.RelMatView:
		return "materialized view"
	case catalog.RelSequence:
		return "sequence"
	case catalog.RelComposite:
		return "composite type"
	}
	return "table"
}

// RelationText is NameText of a relation.
func (x *Ctx) RelationText(t *catalog.Table) string { return x.NameText(t.Schema, t.Name) }

// NameText is a relation's name, qualified where search_path does not find it.
func (x *Ctx) NameText(schema catalog.OID, name string) string {
	cat := x.Catalog()
	mine, _ := cat.Relation(schema, name)
	for _, s := range x.Path() {
		if t, _ := cat.Relation(s, name); t != nil {
			if s == schema || mine == t {
				return ruleutils.QuoteIdent(name)
			}
			break
		}
	}
	return ruleutils.Qualified(cat, schema, name)
}

// ObjectText is the name of an object of the general store, qualified where its schema is not in the search path.
func (x *Ctx) ObjectText(schema catalog.OID, name string) string {
	for _, s := range x.Path() {
		if s == schema {
			return ruleutils.QuoteIdent(name)
		}
	}
	return ruleutils.Qualified(x.Catalog(), schema, name)
}

// Signature is a function as messages name it: name(type, …) of its input arguments.
func (x *Ctx) Signature(f *catalog.Function) string {
	args := make([]string, len(f.Proc.ArgTypes))
	for i, a := range f.Proc.ArgTypes {
		args[i] = types.FormatType(a, -1, x.Env)
	}
	return x.ObjectText(f.Schema, f.Name) + "(" + strings.Join(args, ",") + ")"
}

// RoutineWord is a pg_proc.prokind as messages name it.
func RoutineWord(kind byte) string {
	switch kind {
	case 'p':
		return "procedure"
	case 'a':
		return "aggregate"
	}
	return "function"
}

// TypeText is a type as format_type shows it.
func (x *Ctx) TypeText(oid catalog.OID) string { return types.FormatType(oid, -1, x.Env) }

// KindPlural is what messages call the relations of a kind.
func KindPlural(t *catalog.Table, ix *catalog.Index) string {
	switch {
	case ix != nil:
		return "indexes"
	case t.Kind == catalog.RelView:
		return "views"
	case t.Kind == catalog.RelSequence:
		return "sequences"
	case t.Kind == catalog.RelMatView:
		return "materialized views"
	case t.Kind == catalog.RelPartitioned:
		return "partitioned tables"
	case t.Kind == catalog.RelForeign:
		return "foreign tables"
	}
	return "tables"
}
