package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Stored SQL names objects. When one gets another name, what names it is bound under the catalog before, and printed with the names of
// the one after. What is bound for that is as it was written: no cast is computed.

// Printer prints what was bound with the names that env's catalog has.
type Printer func(env *Env) (string, error)

// ViewPrinter binds a view's query.
func ViewPrinter(env *Env, t *catalog.Table) (Printer, error) {
	n, err := env.Cache.Parse(t.View)
	if err != nil {
		return nil, err
	}
	var o DefOptions
	for i := range t.Columns {
		if !t.Columns[i].Dropped {
			o.Columns = append(o.Columns, t.Columns[i].Name)
		}
	}
	return queryPrinter(storedEnv(env), n, o)
}

// ConditionPrinter binds a stored condition over a row of t that may hold queries: a policy's.
func ConditionPrinter(env *Env, t *catalog.Table, sql string) (Printer, error) {
	n, err := env.Cache.ParseExpr(sql)
	if err != nil {
		return nil, err
	}
	print, _, err := rowExprPrinter(storedEnv(env), t, n, expression.KindPolicy, "", DefOptions{})
	return print, err
}

// storedEnv binds what the catalog keeps.
func storedEnv(env *Env) *Env {
	e := *env
	e.SearchPath, e.Stored = storedPath(env.SearchPath), true
	return &e
}

// storedPath is where the names of stored SQL are looked up.
func storedPath(path []types.OID) []types.OID {
	if len(path) > 0 && path[0] == catalog.PgCatalogOID {
		return path
	}
	return append([]types.OID{catalog.PgCatalogOID}, path...)
}

// WrittenExpr binds a stored expression over a row of t; nil: no columns.
func WrittenExpr(env *Env, t *catalog.Table, sql string) (e plan.Expr, err error) {
	defer place.Guard(&err)
	if t == nil {
		t = &catalog.Table{}
	}
	b := newBinder(env)
	b.Printing = true
	cols := b.newRow(t)
	return b.storedExpr(t, sql, plan.Type{}, cols.col), nil
}

// WrittenCheck binds the stored condition of a domain over base.
func WrittenCheck(env *Env, sql string, base plan.Type) (e plan.Expr, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.Printing = true
	s := b.NewScope(nil)
	b.valueItem(s, base)
	return b.stored(sql, func(n ast.Node) plan.Expr { return b.BoolExpr(s, n, expression.KindCheck, "CHECK") }), nil
}

// WrittenWhen binds a trigger's stored condition.
func WrittenWhen(env *Env, t *catalog.Table, sql string) (e plan.Expr, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.Printing = true
	s := b.whenScope(t, WhenCols(t))
	return b.stored(sql, func(n ast.Node) plan.Expr { return b.BoolExpr(s, n, expression.KindTriggerWhen, "WHEN") }), nil
}
