package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
)

// Assignment binds the new value of a variable of which a part is assigned: base with what stands at path (subscripts and fields)
// replaced by the one expression of sel, SELECT expression. name is the variable's, for messages.
func Assignment(env *Env, sel *ast.SelectStmt, base expression.Variable, path []ast.Node, name string) (st *plan.Statement, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	s := b.NewScope(nil)
	if len(sel.TargetList) != 1 || sel.FromClause != nil {
		panic(pgerr.Unsupported("a query as the value of a part of a variable"))
	}
	rt, ok := sel.TargetList[0].(*ast.ResTarget)
	if !ok {
		panic(pgerr.Internal("assignment of form %T", sel.TargetList[0]))
	}
	val := b.ExprIn(s, rt.Val, expression.KindSelect)
	if len(s.SRFs) > 0 {
		b.Fail(pgerr.FeatureNotSupported, -1, "set-returning functions are not allowed in %s", "assignments")
	}
	e := b.assignInto(s, b.VariableParam(base, -1), path, val, name, -1)
	b.Collate(e)
	col := plan.Col{ID: b.NewCol(), Name: name, T: e.Type()}
	p := &plan.Project{In: &plan.Values{Rows: [][]plan.Expr{{}}}, Exprs: []plan.Expr{e}, Out: []plan.Col{col}}
	b.FoldCasts(p)
	st = &plan.Statement{Rel: p, Out: p.Out, Tag: "SELECT", Tables: b.uses, Volatile: b.Volatile, NextCol: b.NextCol, ReadOnly: true}
	return st, nil
}
