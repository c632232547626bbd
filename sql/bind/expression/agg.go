package expression

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// checkAggForm checks the way an aggregate is written against what it is.
func (b *Binder) checkAggForm(n *ast.FuncCall, name, argNames []string, actual []types.OID, c *overload.Candidate, ordered bool) {
	full, loc := strings.Join(name, "."), n.Location
	if !ordered {
		if n.AggWithinGroup {
			b.Fail(pgerr.WrongObjectType, loc, "%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP", full)
		}
		return
	}
	if !n.AggWithinGroup {
		if n.Over != nil {
			b.Fail(pgerr.FeatureNotSupported, loc, "OVER is not supported for ordered-set aggregate %s", full)
		}
		b.Fail(pgerr.WrongObjectType, loc, "WITHIN GROUP is required for ordered-set aggregate %s", full)
	}
	if n.Over != nil {
		b.Fail(pgerr.FeatureNotSupported, loc, "OVER is not supported for ordered-set aggregate %s", full)
	}
	if n.AggDistinct {
		b.Fail(pgerr.FeatureNotSupported, loc, "cannot use DISTINCT with WITHIN GROUP")
	}
	if n.FuncVariadic {
		b.Fail(pgerr.FeatureNotSupported, loc, "cannot use VARIADIC with WITHIN GROUP")
	}
	agg := b.Aggregate(c.Proc.OID)
	direct := len(actual) - len(n.AggOrder)
	wantDirect := agg.NumDirectArgs
	if c.Proc.Variadic != 0 && agg.Kind == 'h' {
		// The aggregated arguments repeat the direct ones.
		if direct != len(n.AggOrder) {
			panic(b.Err(pgerr.UndefinedFunction, loc, "function %s does not exist", b.Signature(name, argNames, actual)).
				WithHint("To use the hypothetical-set aggregate %s, the number of hypothetical direct arguments (here %d) must match the number of ordering columns (here %d).", full, direct, len(n.AggOrder)))
		}
		return
	}
	if direct != wantDirect && c.Proc.Variadic == 0 {
		s := "s"
		if wantDirect == 1 {
			s = ""
		}
		panic(b.Err(pgerr.UndefinedFunction, loc, "function %s does not exist", b.Signature(name, argNames, actual)).
			WithHint("There is an ordered-set aggregate %s, but it requires %d direct argument%s, not %d.", full, wantDirect, s, direct))
	}
}

// unifyHypothetical gives each hypothetical argument the type of its ordering column (unify_hypothetical_args).
func (b *Binder) unifyHypothetical(c *overload.Candidate, args []plan.Expr, actual, declared []types.OID, n *ast.FuncCall) {
	if b.Aggregate(c.Proc.OID).Kind != 'h' {
		return
	}
	ord := len(n.AggOrder)
	for i := 0; i < ord; i++ {
		hyp, agg := len(args)-2*ord+i, len(args)-ord+i
		if declared[hyp] != types.Any {
			continue
		}
		t, _ := b.CommonType([]plan.Expr{args[agg], args[hyp]}, "WITHIN GROUP")
		mod := CommonMod([]plan.Expr{args[agg], args[hyp]}, t)
		for _, at := range []int{hyp, agg} {
			x := b.CoerceToTarget(args[at], t, mod, overload.Implicit, plan.CallCastImplicit, -1)
			if x == nil {
				b.Fail(pgerr.CannotCoerce, b.LocOf(args[at]), "WITHIN GROUP could not convert type %s to %s", b.TypeText(actual[at]), b.TypeText(t))
			}
			args[at], actual[at] = x, t
		}
	}
}

// aggregate is transformAggregateCall: the call moves to the Aggregate of its query level, the expression keeps a column.
func (b *Binder) aggregate(s *Scope, n *ast.FuncCall, c *overload.Candidate, name []string, args []plan.Expr, ret types.OID, ordered bool) plan.Expr {
	p := c.Proc
	full, loc := strings.Join(name, "."), n.Location
	if n.AggStar && len(args) > 0 || len(args) == 0 && !n.AggStar && len(p.ArgTypes) == 0 {
		b.Fail(pgerr.WrongObjectType, loc, "%s(*) must be used to call a parameterless aggregate function", full)
	}
	if p.RetSet {
		b.Fail(pgerr.InvalidFunctionDefinition, loc, "aggregates cannot return sets")
	}
	a := &plan.Aggref{Proc: p.OID, Name: p.Name, Star: n.AggStar, Distinct: n.AggDistinct, Variadic: n.FuncVariadic, T: b.PlanType(ret, -1)}
	if n.AggFilter != nil {
		a.Filter = b.BoolExpr(s, n.AggFilter, kindFilter, "FILTER")
	}
	row := b.Aggregate(p.OID)
	if a.Ordered = ordered; ordered {
		direct := len(args) - len(n.AggOrder)
		a.Direct, a.Args = args[:direct:direct], append([]plan.Expr(nil), args[direct:]...)
		for i, o := range n.AggOrder {
			t := &Target{Expr: b.ResolveUnknown(a.Args[i])}
			it := b.sortItem(t, o.(*ast.SortBy))
			a.Args[i] = t.Expr
			a.OrderBy = append(a.OrderBy, plan.ExprSort{Expr: t.Expr, Desc: it.Desc, NullsFirst: it.NullsFirst, Op: it.Less})
		}
	} else {
		a.Args = args
		for i, e := range a.Args {
			if e.Type().OID == types.Unknown && a.Distinct {
				a.Args[i] = b.ResolveUnknown(e)
			}
		}
		b.aggOrder(s, n, a)
	}
	for _, e := range append(append([]plan.Expr(nil), a.Direct...), a.Args...) {
		a.ArgTypes = append(a.ArgTypes, e.Type().OID)
	}
	a.TransType = b.transType(a, row.TransType)
	owner := b.aggLevel(s, a, full, loc)
	coll := b.Collate(a)
	b.aggSteps(a, row, loc)
	if !b.volatileAgg(a) {
		for _, have := range owner.Aggs {
			if tree.EqualAgg(have.Agg, a) {
				return b.At(&plan.ColRef{Col: have.ID, Name: a.Name, T: have.Agg.T}, loc)
			}
		}
	}
	id := b.NewCol()
	b.Owner[id] = owner
	b.Derived[id] = &Derived{Kind: 'a', Def: a, coll: coll, Scope: owner}
	owner.Aggs = append(owner.Aggs, AggSlot{ID: id, Agg: a, Loc: loc})
	return b.At(&plan.ColRef{Col: id, Name: a.Name, T: a.T}, loc)
}

func (b *Binder) volatileAgg(a *plan.Aggref) bool {
	v := false
	tree.WalkExpr(a, func(e plan.Expr) bool {
		if f, ok := e.(*plan.FuncCall); ok && b.Proc(f.Proc) != nil && b.Proc(f.Proc).Volatile == 'v' {
			v = true
		}
		return !v
	})
	return v
}

// aggOrder binds ORDER BY and DISTINCT inside an aggregate's parentheses.
func (b *Binder) aggOrder(s *Scope, n *ast.FuncCall, a *plan.Aggref) {
	if len(n.AggOrder) == 0 && !n.AggDistinct {
		return
	}
	var targets []*Target
	for _, e := range a.Args {
		targets = append(targets, &Target{Expr: e})
	}
	nargs := len(targets)
	order := b.OrderBy(s, n.AggOrder, &targets, KindOrderBy, "ORDER BY", true)
	for _, o := range order {
		if n.AggDistinct && o.Target.Junk {
			b.Fail(pgerr.InvalidColumnReference, b.LocOf(o.Target.Expr), "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
		}
		a.OrderBy = append(a.OrderBy, plan.ExprSort{Expr: o.Target.Expr, Desc: o.Desc, NullsFirst: o.NullsFirst, Op: o.Less})
	}
	for i := range a.Args {
		a.Args[i] = targets[i].Expr
	}
	if !n.AggDistinct {
		return
	}
	for _, t := range targets[:nargs] {
		lt, eq, _ := b.OrderOperators(t.Expr.Type().OID)
		if eq == 0 {
			b.EqualOperator(t.Expr.Type().OID, b.LocOf(t.Expr))
		}
		if lt == 0 {
			panic(b.Err(pgerr.UndefinedFunction, b.LocOf(t.Expr), "could not identify an ordering operator for type %s", b.TypeText(t.Expr.Type().OID)).
				WithDetail("Aggregates with DISTINCT must be able to sort their inputs."))
		}
	}
}

// transType resolves a polymorphic transition type.
func (b *Binder) transType(a *plan.Aggref, t types.OID) types.OID {
	if !overload.IsPolymorphic(t) {
		return t
	}
	p := b.Proc(a.Proc)
	declared := append([]types.OID(nil), p.ArgTypes...)
	actual := append([]types.OID(nil), a.ArgTypes...)
	for len(declared) < len(actual) {
		declared = append(declared, p.Variadic)
	}
	return b.ResolvePolymorphic(actual, declared[:len(actual)], t, -1)
}

// aggLevel is check_agglevels_and_constraints: the query level that the aggregate belongs to is that of the innermost column
// in its arguments.
func (b *Binder) aggLevel(s *Scope, a *plan.Aggref, name string, loc int32) *Scope {
	var owner *Scope
	nestedLoc := int32(-1)
	var nested *Scope
	visit := func(e plan.Expr, direct bool) {
		tree.WalkExpr(e, func(x plan.Expr) bool {
			c, ok := x.(*plan.ColRef)
			if !ok {
				return true
			}
			o := b.Owner[c.Col]
			if o == nil || !o.above(s) {
				return true
			}
			if d := b.Derived[c.Col]; d != nil {
				switch d.Kind {
				case 'w':
					if d.Scope == s {
						b.Fail(pgerr.GroupingError, b.LocOf(x), "aggregate function calls cannot contain window function calls")
					}
				case 's':
					if d.Scope == s && !direct {
						panic(b.Err(pgerr.FeatureNotSupported, b.LocOf(x), "aggregate function calls cannot contain set-returning function calls").
							WithHint("You might be able to move the set-returning function into a LATERAL FROM item."))
					}
				case 'a':
					if nested == nil || o.Depth > nested.Depth {
						nested, nestedLoc = o, b.LocOf(x)
					}
				}
			}
			if owner == nil || o.Depth > owner.Depth {
				owner = o
			}
			return true
		})
	}
	for _, e := range a.Args {
		visit(e, false)
	}
	for _, o := range a.OrderBy {
		visit(o.Expr, false)
	}
	visit(a.Filter, false)
	if owner == nil {
		owner = s
	}
	if nested != nil && nested == owner {
		b.Fail(pgerr.GroupingError, nestedLoc, "aggregate function calls cannot be nested")
	}
	for _, e := range a.Direct {
		tree.WalkExpr(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.ColRef); ok {
				if d := b.Derived[c.Col]; d != nil && d.Kind == 'a' && d.Scope == owner {
					b.Fail(pgerr.GroupingError, b.LocOf(x), "aggregate function calls cannot be nested")
				}
				if o := b.Owner[c.Col]; o != nil && o.above(s) && o.Depth > owner.Depth {
					b.Fail(pgerr.GroupingError, b.LocOf(x), "outer-level aggregate cannot contain a lower-level variable in its direct arguments")
				}
			}
			return true
		})
	}
	if why := owner.Kind.notIn(true); why != "" {
		b.Fail(pgerr.GroupingError, loc, "aggregate functions are not allowed in %s", why)
	}
	return owner
}

// groupingFunc is GROUPING(…).
func (b *Binder) groupingFunc(s *Scope, n *ast.GroupingFunc) plan.Expr {
	if len(n.Args) > 31 {
		b.Fail(pgerr.TooManyArguments, n.Location, "GROUPING must have fewer than 32 arguments")
	}
	slot := GroupingSlot{loc: n.Location, Call: &plan.GroupingCall{}}
	owner := s
	var deepest *Scope
	for _, a := range n.Args {
		e := b.Expr(s, a)
		slot.Args = append(slot.Args, e)
		tree.WalkExpr(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.ColRef); ok {
				if o := b.Owner[c.Col]; o != nil && o.above(s) && (deepest == nil || o.Depth > deepest.Depth) {
					deepest = o
				}
			}
			return true
		})
	}
	if deepest != nil {
		owner = deepest
	}
	if why := owner.Kind.notIn(true); why != "" {
		b.Fail(pgerr.GroupingError, n.Location, "grouping operations are not allowed in %s", why)
	}
	slot.ID = b.NewCol()
	b.Owner[slot.ID] = owner
	b.Derived[slot.ID] = &Derived{Kind: 'g', Def: slot.Call, Scope: owner}
	owner.Group = append(owner.Group, slot)
	return b.At(&plan.ColRef{Col: slot.ID, Name: "grouping", T: plan.Type{OID: types.Int4, Mod: -1}}, n.Location)
}
