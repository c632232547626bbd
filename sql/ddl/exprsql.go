package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// exprSQL prints a bound expression over columns of t as it is stored: the names in it mean the same whatever search_path is.
func (x *exec) exprSQL(e plan.Expr, t *catalog.Table) (string, error) {
	return ruleutils.Expr(e, &ruleutils.Options{Env: x.storedEnv(), Sequence: x.qualifiedOID, FuncName: x.qualifiedFunc})
}

// storedEnv prints values in the forms that do not depend on settings.
func (x *exec) storedEnv() *types.Env {
	env := &types.Env{Resolver: qualifier{x: x}}
	if x.Env != nil {
		env.Resolver = qualifier{x: x, Resolver: x.Env.Resolver}
	}
	return env
}

// qualifier is the session's resolver, but that relations are always named with their schema.
type qualifier struct {
	types.Resolver
	x *exec
}

func (q qualifier) UserType(oid types.OID) *types.Type {
	if q.Resolver == nil {
		return nil
	}
	return q.Resolver.UserType(oid)
}

func (q qualifier) RegName(kind types.RegKind, oid types.OID) (string, bool) {
	if kind == types.RegKindClass {
		name := q.x.qualifiedOID(oid)
		return name, name != ""
	}
	if kind == types.RegKindType {
		if name, ok := q.x.qualifiedType(oid); ok {
			return name, true
		}
	}
	if q.Resolver == nil {
		return "", false
	}
	return q.Resolver.RegName(kind, oid)
}

func (x *exec) qualifiedFunc(f *catalog.Function) string {
	if s := x.Catalog().SchemaByOID(f.Schema); s != nil {
		return ruleutils.QuoteIdent(s.Name) + "." + ruleutils.QuoteIdent(f.Name)
	}
	return ruleutils.QuoteIdent(f.Name)
}

func (x *exec) qualifiedOID(oid types.OID) string {
	cat := x.Catalog()
	t, ix := cat.RelationByOID(oid)
	if t == nil {
		return ""
	}
	name := t.Name
	if ix != nil {
		name = ix.Name
	}
	if s := cat.SchemaByOID(t.Schema); s != nil {
		return ruleutils.QuoteIdent(s.Name) + "." + ruleutils.QuoteIdent(name)
	}
	return ruleutils.QuoteIdent(name)
}
