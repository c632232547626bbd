package expression

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Target is an entry of a target list; junk entries serve ORDER BY and the like and are cut off at the end.
type Target struct {
	Expr plan.Expr
	Name string
	Junk bool
	ID   plan.ColID
	Node *ast.ResTarget
}

// SortItem is an entry of ORDER BY, DISTINCT or a window's ordering, over a target.
type SortItem struct {
	Target      *Target
	Less, Equal types.OID // lt is the operator that sorts: "<" or ">"
	Desc        bool
	NullsFirst  bool
}

// FindTarget92 is findTargetlistEntrySQL92: a name of the target list, a position, or an expression.
func (b *Binder) FindTarget92(s *Scope, n ast.Node, targets *[]*Target, k Kind, what string) *Target {
	if ref, ok := n.(*ast.ColumnRef); ok && len(ref.Fields) == 1 {
		if str, ok := ref.Fields[0].(*ast.String); ok {
			name, loc := str.Sval, ref.Location
			// GROUP BY prefers a FROM column to an output name.
			if k == KindGroupBy && b.localColumn(s, name) {
				name = ""
			}
			if name != "" {
				var hit *Target
				for _, t := range *targets {
					if t.Junk || t.Name != name {
						continue
					}
					if hit != nil && !tree.Equal(hit.Expr, t.Expr) {
						b.Fail(pgerr.AmbiguousColumn, loc, "%s \"%s\" is ambiguous", what, name)
					}
					if hit == nil {
						hit = t
					}
				}
				if hit != nil {
					b.checkGroupTarget(s, hit, k, what)
					return hit
				}
			}
		}
	}
	if c, ok := n.(*ast.A_Const); ok {
		i, isInt := c.Val.(*ast.Integer)
		if !isInt || c.Isnull {
			b.Fail(pgerr.SyntaxError, c.Location, "non-integer constant in %s", what)
		}
		pos := int32(0)
		for _, t := range *targets {
			if t.Junk {
				continue
			}
			if pos++; pos == i.Ival {
				b.checkGroupTarget(s, t, k, what)
				return t
			}
		}
		b.Fail(pgerr.InvalidColumnReference, c.Location, "%s position %d is not in select list", what, i.Ival)
	}
	return b.findTarget99(s, n, targets, k)
}

// findTarget99 is findTargetlistEntrySQL99: an expression, added as junk where the list has no equal one.
func (b *Binder) findTarget99(s *Scope, n ast.Node, targets *[]*Target, k Kind) *Target {
	e := b.ExprIn(s, n, k)
	for _, t := range *targets {
		if tree.Equal(stripImplicit(e), stripImplicit(t.Expr)) {
			return t
		}
		if b.equalVolatileAgg(e, t.Expr) {
			return t
		}
	}
	t := &Target{Expr: e, Junk: true, Name: "?column?"}
	*targets = append(*targets, t)
	return t
}

// equalVolatileAgg finds the target list's entry for an aggregate or set-returning call that was written the same.
func (b *Binder) equalVolatileAgg(a, c plan.Expr) bool {
	x, ok1 := a.(*plan.ColRef)
	y, ok2 := c.(*plan.ColRef)
	if !ok1 || !ok2 {
		return false
	}
	dx, dy := b.Derived[x.Col], b.Derived[y.Col]
	if dx == nil || dy == nil || dx.Kind != dy.Kind || dx.Scope != dy.Scope {
		return false
	}
	if dx.Kind == 's' {
		if tree.Equal(dx.Def, dy.Def) {
			// The later call is not run.
			for i, f := range dx.Scope.SRFs {
				if f.ID == x.Col {
					dx.Scope.SRFs = append(dx.Scope.SRFs[:i:i], dx.Scope.SRFs[i+1:]...)
					break
				}
			}
			return true
		}
		return false
	}
	if dx.Kind == 'a' {
		return tree.EqualAgg(dx.Def.(*plan.Aggref), dy.Def.(*plan.Aggref))
	}
	if dx.Kind == 'w' {
		p, q := dx.Def.(*plan.WindowCall), dy.Def.(*plan.WindowCall)
		return p.Proc == q.Proc && tree.EqualList(p.Args, q.Args) && tree.Equal(p.Filter, q.Filter) && b.WindowOf(dx.Scope, x.Col) == b.WindowOf(dy.Scope, y.Col)
	}
	return false
}

func stripImplicit(e plan.Expr) plan.Expr {
	for {
		switch v := e.(type) {
		case *plan.Relabel:
			if v.Form != plan.CallCastImplicit {
				return e
			}
			e = v.Arg
		case *plan.CoerceViaIO:
			if v.Form != plan.CallCastImplicit {
				return e
			}
			e = v.Arg
		case *plan.FuncCall:
			if v.Form != plan.CallCastImplicit || len(v.Args) == 0 {
				return e
			}
			e = v.Args[0]
		default:
			return e
		}
	}
}

func (b *Binder) localColumn(s *Scope, name string) bool {
	for _, it := range s.Names {
		if it.ColVisible {
			if c, many := it.Find(name); c != nil || many {
				return true
			}
		}
	}
	return false
}

func (b *Binder) checkGroupTarget(s *Scope, t *Target, k Kind, what string) {
	if k != KindGroupBy {
		return
	}
	tree.WalkExpr(t.Expr, func(e plan.Expr) bool {
		if c, ok := e.(*plan.ColRef); ok {
			if d := b.Derived[c.Col]; d != nil && d.Scope == s {
				switch d.Kind {
				case 'a':
					b.Fail(pgerr.GroupingError, b.LocOf(e), "aggregate functions are not allowed in %s", what)
				case 'w':
					b.Fail(pgerr.WindowingError, b.LocOf(e), "window functions are not allowed in %s", what)
				}
			}
		}
		return true
	})
}

// OrderBy is transformSortClause.
func (b *Binder) OrderBy(s *Scope, list []ast.Node, targets *[]*Target, k Kind, what string, sql99 bool) []SortItem {
	var out []SortItem
	for _, n := range list {
		sb := n.(*ast.SortBy)
		var t *Target
		if sql99 {
			t = b.findTarget99(s, sb.Node, targets, k)
		} else {
			t = b.FindTarget92(s, sb.Node, targets, k, what)
		}
		out = b.addSort(out, t, sb)
	}
	return out
}

// addSort is addTargetToSortList.
func (b *Binder) addSort(list []SortItem, t *Target, sb *ast.SortBy) []SortItem {
	t.Expr = b.ResolveUnknown(t.Expr)
	it := b.sortItem(t, sb)
	for _, o := range list {
		if o.Target == t {
			return list
		}
	}
	return append(list, it)
}

func (b *Binder) sortItem(t *Target, sb *ast.SortBy) SortItem {
	it := SortItem{Target: t}
	typ, loc := t.Expr.Type().OID, place.OfNode(sb.Node)
	switch sb.SortbyDir {
	case ast.SORTBY_DESC:
		_, eq, gt := b.SortOperators(typ, loc)
		it.Less, it.Equal, it.Desc = gt, eq, true
	case ast.SORTBY_USING:
		name := lexicon.Names(sb.UseOp)
		o := b.BinaryOperator(name, typ, typ, sb.Location)
		strategy := 0
		var fam lexicon.Family
		for _, f := range b.OpFamilies(o.OID) {
			if f.Strategy == lexicon.Less || f.Strategy == lexicon.Greater {
				strategy, fam = f.Strategy, f
				break
			}
		}
		if strategy == 0 {
			panic(b.Err(pgerr.WrongObjectType, sb.Location, "operator %s is not a valid ordering operator", name[len(name)-1]).
				WithHint("Ordering operators must be \"<\" or \">\" members of btree operator families."))
		}
		it.Less, it.Desc = o.OID, strategy == lexicon.Greater
		it.Equal = b.FamilyOp(fam.OID, fam.Left, fam.Right, lexicon.Equal)
	default:
		lt, eq, _ := b.SortOperators(typ, loc)
		it.Less, it.Equal = lt, eq
	}
	switch sb.SortbyNulls {
	case ast.SORTBY_NULLS_FIRST:
		it.NullsFirst = true
	case ast.SORTBY_NULLS_LAST:
	default:
		it.NullsFirst = it.Desc
	}
	return it
}
