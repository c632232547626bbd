package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
)

// merge_ is transformMergeStmt: the source joined with the target, outer where some WHEN NOT MATCHED needs it.
func (b *binder) merge_(s *expression.Scope, n *ast.MergeStmt) plan.Rel {
	if n.WithClause != nil && n.WithClause.Recursive {
		b.Fail(pgerr.SyntaxError, -1, "WITH RECURSIVE is not supported for MERGE statement")
	}
	ctes := b.withClause(s, n.WithClause)
	m0 := b.mergeTarget(n.Relation)
	t := m0.t
	target, _, _ := b.targetScan(s, m0, n.Relation)
	m := &plan.Merge{Table: t, Alias: target.Alias}
	src, sns := b.fromItem(s, n.SourceRelation)
	for _, it := range sns {
		if it.RelVisible && it.Alias == target.Alias {
			panic(b.Err(pgerr.DuplicateAlias, -1, "name \"%s\" specified more than once", it.Alias).
				WithDetail("The name is used both as MERGE target table and data source."))
		}
	}
	both := append([]*expression.Item{target}, sns...)
	setLateral(both, false, true)
	s.Names = both
	on := b.BoolExpr(s, n.JoinCondition, expression.KindJoinOn, "JOIN/ON")
	b.Collate(on)
	m.Recheck = conjuncts(on)
	m.Loc, m.Old = b.oldRow(s, target)
	join := &plan.Join{Kind: plan.InnerJoin, L: src, R: b.guarded(target.Rel), On: m.Recheck}
	b.use(t).Select = true

	matchedSeen, notSeen := false, false
	for _, node := range n.MergeWhenClauses {
		w := node.(*ast.MergeWhenClause)
		if w.Matched && matchedSeen || !w.Matched && notSeen {
			b.Fail(pgerr.SyntaxError, -1, "unreachable WHEN clause specified after unconditional WHEN clause")
		}
		if w.Condition == nil {
			matchedSeen, notSeen = matchedSeen || w.Matched, notSeen || !w.Matched
		}
		if !w.Matched {
			join.Kind = plan.LeftJoin
		}
		m.Actions = append(m.Actions, b.mergeAction(s, m0, target, sns, both, w))
	}
	join.L = b.wrapped(join.L)
	m.Source = join
	row := b.newRow(t)
	m.Row = row.cols
	b.policeMerge(s, m0, target.Rel, m, row)
	m.Checks, m.Generated = b.checks(t, row), b.generated(t, row)
	if len(ctes) > 0 {
		return &plan.With{CTEs: ctes, In: m}
	}
	return m
}

// mergeTarget is modifyTarget for MERGE, which takes tables only.
func (b *binder) mergeTarget(n *ast.RangeVar) *modTarget {
	if t, _ := b.Relation(n); t != nil && (t.Kind == catalog.RelView || t.Kind == catalog.RelMatView) {
		kind := "views"
		if t.Kind == catalog.RelMatView {
			kind = "materialized views"
		}
		panic(b.Err(pgerr.FeatureNotSupported, -1, "cannot execute MERGE on relation \"%s\"", t.Name).WithDetail("This operation is not supported for %s.", kind))
	}
	return b.modifyTarget(n, verbMerge)
}

func (b *binder) mergeAction(s *expression.Scope, m *modTarget, target *expression.Item, sns, both []*expression.Item, w *ast.MergeWhenClause) plan.MergeAction {
	a := plan.MergeAction{Matched: w.Matched, Overriding: overriding(w.Override)}
	t, access := m.t, m.access[0]
	s.Names = both
	if !w.Matched {
		s.Names = sns
	}
	if w.Condition != nil {
		a.Cond = b.BoolExpr(s, w.Condition, expression.KindMergeWhen, "WHEN")
		b.Collate(a.Cond)
	}
	switch w.CommandType {
	case ast.CMD_INSERT:
		a.Kind = 'i'
		a.Defaults = map[int16]plan.Expr{}
		access.Need |= privilege.Insert
		cols, targets := b.insertCols(m, w.TargetList, len(w.Values))
		seen := map[int16]bool{}
		if len(w.Values) > 0 {
			var vals []plan.Expr
			old := s.Kind
			s.Kind = expression.KindValuesSingle
			for _, v := range w.Values {
				if _, ok := v.(*ast.SetToDefault); ok {
					vals = append(vals, nil)
				} else {
					vals = append(vals, b.ExprList(s, []ast.Node{v})...)
				}
			}
			s.Kind = old
			b.checkWidth(vals, cols, targets, len(w.TargetList) > 0)
			for i, v := range vals {
				c := cols[i]
				if targets[i] != nil && len(targets[i].Indirection) > 0 {
					b.Unsupported(targets[i].Location, "assignment to a part of a column in MERGE")
				}
				if v == nil || a.Overriding == 'u' && c.Identity != 0 {
					continue
				}
				b.generatedAlways(c, a.Overriding, false)
				e := b.assign(v, lexicon.ColumnType(c), c.Name, b.LocOf(v), assignExpr)
				b.Collate(e)
				a.Cols, a.Values = append(a.Cols, c.AttNum), append(a.Values, e)
				seen[c.AttNum] = true
			}
		}
		for i := range t.Columns {
			c := &t.Columns[i]
			if !c.Dropped && !seen[c.AttNum] && c.Generated == 0 {
				a.Defaults[c.AttNum] = b.columnDefault(t, c)
			}
		}
	case ast.CMD_UPDATE:
		a.Kind = 'u'
		access.Need |= privilege.Update
		a.Set = b.setList(s, m, w.TargetList, func(c *catalog.Column) plan.Expr { return target.ColByAtt(t, c.AttNum) })
	case ast.CMD_DELETE:
		a.Kind = 'd'
		access.Need |= privilege.Delete
	case ast.CMD_NOTHING:
		a.Kind = 'n'
	default:
		panic(pgerr.Internal("unknown action in MERGE WHEN clause"))
	}
	return a
}
