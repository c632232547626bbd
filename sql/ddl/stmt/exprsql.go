package stmt

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/collation"
)

// ExprSQL prints a bound expression over columns of t as it is stored: the names in it mean the same whatever search_path is.
func (x *Ctx) ExprSQL(e plan.Expr, t *catalog.Table) (string, error) { return x.StoredSQL(e, nil) }

// StoredSQL is ExprSQL with columns that have names of their own; nil: their own.
func (x *Ctx) StoredSQL(e plan.Expr, column func(*plan.ColRef) string) (string, error) {
	return ruleutils.Expr(e, &ruleutils.Options{Env: x.StoredEnv(), Sequence: x.QualifiedOID, FuncName: x.QualifiedFunc, Function: x.Catalog().Function,
		OperName: x.QualifiedOper, Column: column})
}

// StoredEnv prints values in the forms that do not depend on settings.
func (x *Ctx) StoredEnv() *types.Env {
	env := &types.Env{Resolver: qualifier{x: x}}
	if x.Env != nil {
		env.Resolver = qualifier{x: x, Resolver: x.Env.Resolver}
	}
	return env
}

// qualifier is the session's resolver, but that relations are always named with their schema.
type qualifier struct {
	types.Resolver
	x *Ctx
}

func (q qualifier) UserType(oid types.OID) *types.Type {
	if q.Resolver == nil {
		return nil
	}
	return q.Resolver.UserType(oid)
}

func (q qualifier) Collation(oid types.OID) *collation.Collator { return q.x.Catalog().Collator(oid) }

func (q qualifier) SearchConfig(oid types.OID) (map[int][]types.OID, bool) {
	return q.x.Catalog().SearchConfig(oid)
}

func (q qualifier) SearchDictionary(oid types.OID) (template types.OID, options string, ok bool) {
	return q.x.Catalog().SearchDictionary(oid)
}

func (q qualifier) RegName(kind types.RegKind, oid types.OID) (string, bool) {
	if kind == types.RegKindClass {
		name := q.x.QualifiedOID(oid)
		return name, name != ""
	}
	if kind == types.RegKindType {
		if name, ok := q.x.qualifiedType(oid); ok {
			return name, true
		}
	}
	if kind == types.RegKindCollation {
		if c := q.x.Catalog().Collation(oid); c != nil && c.OID >= catalog.FirstNormalOID {
			return q.x.Qualified(c.Schema, c.Name), true
		}
	}
	if kind == types.RegKindConfig {
		if c := q.x.Catalog().TSConfig(oid); c != nil && c.OID >= catalog.FirstNormalOID {
			return q.x.Qualified(c.Schema, c.Name), true
		}
	}
	if kind == types.RegKindDictionary {
		if d := q.x.Catalog().TSDictionary(oid); d != nil && !catalog.BuiltIn(d.OID) {
			return q.x.Qualified(d.Schema, d.Name), true
		}
	}
	if q.Resolver == nil {
		return "", false
	}
	return q.Resolver.RegName(kind, oid)
}

// Qualified is a name with its schema.
func (x *Ctx) Qualified(schema catalog.OID, name string) string {
	return ruleutils.Qualified(x.Catalog(), schema, name)
}

// QualifiedFunc is a function's name with its schema.
func (x *Ctx) QualifiedFunc(f *catalog.Function) string {
	if now := x.Catalog().Function(f.OID); now != nil {
		f = now
	}
	return x.Qualified(f.Schema, f.Name)
}

// QualifiedOper is an operator of users with its schema.
func (x *Ctx) QualifiedOper(oid types.OID) string {
	o := x.Catalog().Operator(oid)
	if s := x.Catalog().SchemaByOID(o.Schema); s != nil {
		return "OPERATOR(" + ruleutils.QuoteIdent(s.Name) + "." + o.Name + ")"
	}
	return o.Name
}

// QualifiedOID is the name, with its schema, of a relation or index; "" if there is none.
func (x *Ctx) QualifiedOID(oid types.OID) string {
	cat := x.Catalog()
	t, ix := cat.RelationByOID(oid)
	if t == nil {
		return ""
	}
	name := t.Name
	if ix != nil {
		name = ix.Name
	}
	return x.Qualified(t.Schema, name)
}

// StripImplicit takes casts off that binding puts back on.
func StripImplicit(e plan.Expr) plan.Expr {
	for {
		switch v := e.(type) {
		case *plan.FuncCall:
			if v.Form != plan.CallCastImplicit || len(v.Args) == 0 {
				return e
			}
			e = v.Args[0]
		case *plan.Relabel:
			if v.Form != plan.CallCastImplicit {
				return e
			}
			e = v.Arg
		default:
			return e
		}
	}
}

// qualifiedType is a type's name with its schema.
func (x *Ctx) qualifiedType(oid types.OID) (string, bool) {
	cat := x.Catalog()
	name, schema := "", catalog.OID(0)
	if t := cat.Type(oid); t != nil && t.OID == oid {
		name, schema = t.Name, t.Schema
	} else if r := cat.RowTypeOf(oid); r != nil && r.RowType == oid {
		name, schema = r.Name, r.Schema
	}
	s := cat.SchemaByOID(schema)
	if s == nil {
		return "", false
	}
	return ruleutils.QuoteIdent(s.Name) + "." + ruleutils.QuoteIdent(name), true
}
