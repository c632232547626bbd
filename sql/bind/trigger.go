package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// A trigger's condition is bound over two rows of its table, old and new. WhenCols are the columns of both: for each row the table's
// columns by attribute number, then the whole row, then tableoid.
func WhenCols(t *catalog.Table) []plan.Col {
	var out []plan.Col
	for range 2 {
		for i := range t.Columns {
			c := &t.Columns[i]
			out = append(out, plan.Col{Name: c.Name, T: lexicon.ColumnType(c), AttNum: c.AttNum})
		}
		out = append(out, plan.Col{Name: "*", T: plan.Type{OID: t.RowType, Mod: -1}},
			plan.Col{Name: "tableoid", T: plan.Type{OID: types.Oid, Mod: -1}, AttNum: expression.TableOIDAttNum})
	}
	for i := range out {
		out[i].ID = plan.ColID(i + 1)
	}
	return out
}

// whenRow offers the columns of the old or the new row.
func (b *binder) whenRow(s *expression.Scope, t *catalog.Table, alias string, cols []plan.Col) *expression.Item {
	it := &expression.Item{Alias: alias, Table: t, RelVisible: true, ColVisible: true}
	for i := range t.Columns {
		if c := cols[i]; !t.Columns[i].Dropped {
			it.Cols = append(it.Cols, expression.ItemCol{Name: c.Name, T: c.T, Ref: func() plan.Expr { return b.ColRef(s, c) }})
		}
	}
	it.Row = func() plan.Expr { return b.ColRef(s, cols[len(t.Columns)]) }
	it.System = func(att int16) plan.Expr {
		if c := cols[len(cols)-1]; att == c.AttNum {
			return b.ColRef(s, c)
		}
		panic(pgerr.Unsupported("this system column in a trigger's WHEN condition"))
	}
	return s.Register(it)
}

func (b *binder) whenScope(t *catalog.Table, cols []plan.Col) *expression.Scope {
	s := b.NewScope(nil)
	half := len(cols) / 2
	s.Names = []*expression.Item{b.whenRow(s, t, "old", cols[:half]), b.whenRow(s, t, "new", cols[half:])}
	return s
}

// TriggerWhen binds the WHEN of CREATE TRIGGER over WhenCols. Errors: 42P17, 0A000 for rows that the trigger does not have.
func TriggerWhen(env *Env, t *catalog.Table, n ast.Node, typ catalog.TriggerType) (e plan.Expr, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.NextCol = storedCols
	cols := WhenCols(t)
	e = b.BoolExpr(b.whenScope(t, cols), n, expression.KindTriggerWhen, "WHEN")
	b.Collate(e)
	b.FinishParams()
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if ref, ok := e.(*plan.ColRef); ok && ref.Col >= 1 && int(ref.Col) <= len(cols) {
			b.whenRef(t, cols, ref, typ)
		}
		return true
	})
	return e, nil
}

// whenRef refuses what a trigger of that type has not, or not yet.
func (b *binder) whenRef(t *catalog.Table, cols []plan.Col, ref *plan.ColRef, typ catalog.TriggerType) {
	loc := b.LocOf(ref)
	isNew := int(ref.Col) > len(cols)/2
	at := (int(ref.Col) - 1) % (len(cols) / 2)
	generated := func(detail string, args ...any) {
		panic(b.Err(pgerr.InvalidObjectDefinition, loc, "BEFORE trigger's WHEN condition cannot reference NEW generated columns").WithDetail(detail, args...))
	}
	switch {
	case !typ.Has(catalog.TriggerRow):
		b.Fail(pgerr.InvalidObjectDefinition, loc, "statement trigger's WHEN condition cannot reference column values")
	case !isNew && typ.Has(catalog.TriggerInsert):
		b.Fail(pgerr.InvalidObjectDefinition, loc, "INSERT trigger's WHEN condition cannot reference OLD values")
	case !isNew:
	case typ.Has(catalog.TriggerDelete):
		b.Fail(pgerr.InvalidObjectDefinition, loc, "DELETE trigger's WHEN condition cannot reference NEW values")
	case !typ.Has(catalog.TriggerBefore):
	case at > len(t.Columns):
		b.Fail(pgerr.FeatureNotSupported, loc, "BEFORE trigger's WHEN condition cannot reference NEW system columns")
	case at == len(t.Columns):
		for i := range t.Columns {
			if t.Columns[i].Generated != 0 {
				generated("A whole-row reference is used and the table contains generated columns.")
			}
		}
	case t.Columns[at].Generated != 0:
		generated("Column \"%s\" is a generated column.", t.Columns[at].Name)
	}
}

// StoredWhen binds a trigger's stored condition over WhenCols.
func StoredWhen(env *Env, t *catalog.Table, sql string) (e plan.Expr, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.NextCol = storedCols
	s := b.whenScope(t, WhenCols(t))
	e = b.stored(sql, func(n ast.Node) plan.Expr { return b.BoolExpr(s, n, expression.KindTriggerWhen, "WHEN") })
	b.FoldExpr(&e)
	return e, nil
}

// WhenColumn names a column of WhenCols as the stored condition does.
func WhenColumn(t *catalog.Table, ref *plan.ColRef) string {
	half := len(t.Columns) + 2
	at, row := int(ref.Col)-1, "old."
	if at >= half {
		at, row = at-half, "new."
	}
	switch {
	case at == len(t.Columns):
		return row + "*"
	case at > len(t.Columns):
		return row + "tableoid"
	}
	return row + ruleutils.QuoteIdent(t.Columns[at].Name)
}

// WhenSQL prints a trigger's stored condition, pretty or plain.
func WhenSQL(env *Env, t *catalog.Table, sql string, pretty bool) (string, error) {
	e, err := WrittenWhen(env, t, sql)
	if err != nil {
		return "", err
	}
	return ruleutils.Expr(e, &ruleutils.Options{Pretty: pretty, Env: env.Types, TypeName: newBinder(env).TypeModText, FuncName: newBinder(env).funcText,
		Function: env.Catalog.Function, OperName: newBinder(env).operText,
		Column: func(ref *plan.ColRef) string { return WhenColumn(t, ref) }})
}

// TriggerFunction finds a function without arguments by its name. Errors: 42883.
func TriggerFunction(env *Env, name []ast.Node) (oid types.OID, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	list := lexicon.Names(name)
	if len(list) == 2 && list[0] != "pg_temp" && env.Catalog.Schema(list[0]) == nil {
		b.Fail(pgerr.InvalidSchemaName, -1, "schema \"%s\" does not exist", list[0])
	}
	for _, p := range b.ProcsNamed(list) {
		if len(p.ArgTypes) == 0 {
			return p.OID, nil
		}
	}
	b.Fail(pgerr.UndefinedFunction, -1, "function %s() does not exist", lexicon.Dotted(name))
	return 0, nil
}

// FunctionResult is a function's result type; 0: there is no such function.
func FunctionResult(env *Env, oid types.OID) types.OID {
	if p := newBinder(env).Proc(oid); p != nil {
		return p.RetType
	}
	return 0
}

// FunctionText is the name of a function, with its schema where search_path does not find it.
func FunctionText(env *Env, oid types.OID) string {
	b := newBinder(env)
	if f := env.Catalog.Function(oid); f != nil {
		return b.funcText(f)
	}
	if p := b.Proc(oid); p != nil {
		return ruleutils.QuoteIdent(p.Name)
	}
	return ""
}
