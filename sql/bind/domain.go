package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
)

// valueItem makes VALUE a column of the domain's base type.
func (b *binder) valueItem(s *expression.Scope, base plan.Type) plan.Col {
	col := plan.Col{ID: b.NewCol(), Name: "value", T: base}
	s.Names = append(s.Names, &expression.Item{ColVisible: true, Scope: s, Cols: []expression.ItemCol{{Name: "value", T: base, Ref: func() plan.Expr {
		return &plan.ColRef{Col: col.ID, Name: "VALUE", T: base}
	}}}})
	return col
}

// DomainCheck binds the condition of a new CHECK of a domain over base.
func DomainCheck(env *Env, n ast.Node, base plan.Type) (e plan.Expr, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	s := b.NewScope(nil)
	b.valueItem(s, base)
	e = b.BoolExpr(s, n, expression.KindCheck, "CHECK")
	b.Collate(e)
	b.FinishParams()
	return e, nil
}

// DomainExpr binds the stored condition of a domain over base; col is what VALUE stands for in it.
func DomainExpr(env *Env, sql string, base plan.Type) (e plan.Expr, col plan.Col, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.NextCol = storedCols
	s := b.NewScope(nil)
	col = b.valueItem(s, base)
	e = b.stored(sql, func(n ast.Node) plan.Expr { return b.BoolExpr(s, n, expression.KindCheck, "CHECK") })
	b.FoldExpr(&e)
	return e, col, nil
}
