package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// setOperation is transformSetOperationStmt.
func (b *binder) setOperation(s *expression.Scope, n *ast.SelectStmt) *query {
	if len(n.LockingClause) > 0 {
		b.Fail(pgerr.FeatureNotSupported, -1, "%s is not allowed with UNION/INTERSECT/EXCEPT", lockName(n.LockingClause[0].(*ast.LockingClause).Strength))
	}
	q := b.setTree(s, n, true)
	if len(n.SortClause) == 0 && n.LimitCount == nil && n.LimitOffset == nil {
		return q
	}
	it := b.relItem(s, q.rel, q.cols, "*SELECT*")
	it.RelVisible = false
	s.Names = append(s.Names, it)
	var targets []*expression.Target
	for _, c := range it.Cols {
		targets = append(targets, &expression.Target{Expr: c.Ref(), Name: c.Name})
	}
	width := len(targets)
	order := b.OrderBy(s, n.SortClause, &targets, expression.KindOrderBy, "ORDER BY", false)
	if len(targets) > width {
		panic(b.Err(pgerr.FeatureNotSupported, b.LocOf(targets[width].Expr), "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
			WithDetail("Only result column names can be used, not expressions or functions.").
			WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause."))
	}
	lim := b.limitClause(s, n)
	if b.shapes != nil {
		b.shapes.selects[n] = &shape{s: s, targets: targets, order: order, lim: lim}
	}
	out := b.project(s, q.rel, targets)
	b.finish(out, targets, order, false, nil, false, lim)
	out.exprs = nil
	return out
}

func setOpName(op ast.SetOperation) string {
	switch op {
	case ast.SETOP_INTERSECT:
		return "INTERSECT"
	case ast.SETOP_EXCEPT:
		return "EXCEPT"
	}
	return "UNION"
}

// setTree binds a node of the tree; a member with its own ORDER BY, LIMIT or WITH is a query of its own.
func (b *binder) setTree(s *expression.Scope, n *ast.SelectStmt, top bool) *query {
	leaf := n.Op == ast.SETOP_NONE || n.Op == 0 ||
		!top && (len(n.SortClause) > 0 || n.LimitCount != nil || n.LimitOffset != nil || len(n.LockingClause) > 0 || n.WithClause != nil)
	if leaf {
		return b.query(b.NewScope(s), n, true)
	}
	l := b.setTree(s, n.Larg, false)
	r := b.setTree(s, n.Rarg, false)
	op := &plan.SetOp{All: n.All}
	switch n.Op {
	case ast.SETOP_INTERSECT:
		op.Kind = plan.Intersect
	case ast.SETOP_EXCEPT:
		op.Kind = plan.Except
	}
	b.unify(s, setOpName(n.Op), l, r, !(n.Op == ast.SETOP_UNION && n.All))
	op.L, op.R = l.rel, r.rel
	for i, c := range l.cols {
		t := c.T
		if t.Mod != r.cols[i].T.Mod {
			t.Mod = -1
		}
		t.Coll = b.commonCollation(l, r, i, n.Op == ast.SETOP_UNION && n.All)
		op.Out = append(op.Out, plan.Col{ID: b.NewCol(), Name: c.Name, T: t})
		b.Owner[op.Out[i].ID] = s
	}
	return &query{rel: op, cols: append([]plan.Col(nil), op.Out...), out: op.Out}
}

// commonCollation is the collation of column i of a set operation. One that needs none has 0 where the members' differ. Errors: 42P21.
func (b *binder) commonCollation(l, r *query, i int, noneOK bool) types.OID {
	if b.CollationOf(l.cols[i].T.OID) == 0 {
		return 0
	}
	var sum expression.Collation
	for _, q := range []*query{l, r} {
		e := b.outExpr(q, i)
		sum = b.MergeCollation(sum, b.Collate(e), e)
	}
	if sum.Strength == expression.CollConflict {
		if noneOK {
			return 0
		}
		b.CollationConflict(sum)
	}
	return sum.OID
}

// unify brings two queries to the same column types.
func (b *binder) unify(s *expression.Scope, what string, l, r *query, needEq bool) {
	if len(l.cols) != len(r.cols) {
		loc := int32(-1)
		if len(r.exprs) > 0 {
			loc = b.LocOf(r.exprs[0])
		}
		b.Fail(pgerr.SyntaxError, loc, "each %s query must have the same number of columns", what)
	}
	want := make([]types.OID, len(l.cols))
	for i := range l.cols {
		le, re := b.outExpr(l, i), b.outExpr(r, i)
		t, which := b.CommonType([]plan.Expr{le, re}, what)
		want[i] = t
		for _, side := range []struct {
			q *query
			e plan.Expr
		}{{l, le}, {r, re}} {
			if have := side.e.Type().OID; have != t {
				if !b.CanCoerce(have, t, overload.Implicit) {
					b.Fail(pgerr.CannotCoerce, b.LocOf(side.e), "%s could not convert type %s to %s", what, b.TypeText(have), b.TypeText(t))
				}
				side.q.retype(b, i, t)
			}
		}
		if needEq {
			b.EqualOperator(t, b.LocOf(which))
		}
	}
	b.castColumns(s, l, want)
	b.castColumns(s, r, want)
}

// outExpr is an output column of a query as an expression, for messages and type rules.
func (b *binder) outExpr(q *query, i int) plan.Expr {
	if q.exprs != nil {
		return q.exprs[i]
	}
	return &plan.ColRef{Col: q.cols[i].ID, Name: q.cols[i].Name, T: q.cols[i].T}
}

// castColumns adds a Project where output columns do not have the wanted types.
func (b *binder) castColumns(s *expression.Scope, q *query, want []types.OID) {
	same := true
	for i, c := range q.cols {
		same = same && c.T.OID == want[i]
	}
	if same {
		return
	}
	p := &plan.Project{In: q.rel}
	cols := make([]plan.Col, len(q.cols))
	for i, c := range q.cols {
		var e plan.Expr = &plan.ColRef{Col: c.ID, Name: c.Name, T: c.T}
		if c.T.OID != want[i] {
			e = b.Coerce(e, want[i], -1, overload.Implicit, plan.CallCastImplicit, -1)
			c = plan.Col{ID: b.NewCol(), Name: c.Name, T: e.Type()}
			b.Owner[c.ID] = s
		}
		p.Exprs, p.Out = append(p.Exprs, e), append(p.Out, c)
		cols[i] = c
	}
	q.rel, q.cols, q.exprs, q.out = p, cols, nil, p.Out
}
