package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// checkAggForm checks the way an aggregate is written against what it is.
func (b *binder) checkAggForm(n *ast.FuncCall, name, argNames []string, actual []types.OID, c *overload.Candidate, ordered bool) {
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
func (b *binder) unifyHypothetical(c *overload.Candidate, args []plan.Expr, actual, declared []types.OID, n *ast.FuncCall) {
	if b.Aggregate(c.Proc.OID).Kind != 'h' {
		return
	}
	ord := len(n.AggOrder)
	for i := 0; i < ord; i++ {
		hyp, agg := len(args)-2*ord+i, len(args)-ord+i
		if declared[hyp] != types.Any {
			continue
		}
		t, _ := b.commonType([]plan.Expr{args[agg], args[hyp]}, "WITHIN GROUP")
		mod := commonMod([]plan.Expr{args[agg], args[hyp]}, t)
		for _, at := range []int{hyp, agg} {
			x := b.coerceToTarget(args[at], t, mod, overload.Implicit, plan.CallCastImplicit, -1)
			if x == nil {
				b.Fail(pgerr.CannotCoerce, b.locOf(args[at]), "WITHIN GROUP could not convert type %s to %s", b.TypeText(actual[at]), b.TypeText(t))
			}
			args[at], actual[at] = x, t
		}
	}
}

// aggregate is transformAggregateCall: the call moves to the Aggregate of its query level, the expression keeps a column.
func (b *binder) aggregate(s *scope, n *ast.FuncCall, c *overload.Candidate, name []string, args []plan.Expr, ret types.OID, ordered bool) plan.Expr {
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
		a.Filter = b.boolExpr(s, n.AggFilter, kindFilter, "FILTER")
	}
	row := b.Aggregate(p.OID)
	if ordered {
		direct := len(args) - len(n.AggOrder)
		a.Direct, a.Args = args[:direct:direct], append([]plan.Expr(nil), args[direct:]...)
		for i, o := range n.AggOrder {
			t := &target{e: b.resolveUnknown(a.Args[i])}
			it := b.sortItem(t, o.(*ast.SortBy))
			a.Args[i] = t.e
			a.OrderBy = append(a.OrderBy, plan.ExprSort{Expr: t.e, Desc: it.desc, NullsFirst: it.nullsFirst, Op: it.lt})
		}
	} else {
		a.Args = args
		for i, e := range a.Args {
			if e.Type().OID == types.Unknown && a.Distinct {
				a.Args[i] = b.resolveUnknown(e)
			}
		}
		b.aggOrder(s, n, a)
	}
	for _, e := range append(append([]plan.Expr(nil), a.Direct...), a.Args...) {
		a.ArgTypes = append(a.ArgTypes, e.Type().OID)
	}
	a.TransType = b.transType(a, row.TransType)
	owner := b.aggLevel(s, a, full, loc)
	coll := b.collate(a)
	if !b.volatileAgg(a) {
		for _, have := range owner.aggs {
			if equalAgg(have.agg, a) {
				return b.at(&plan.ColRef{Col: have.id, Name: a.Name, T: have.agg.T}, loc)
			}
		}
	}
	id := b.newCol()
	b.owner[id] = owner
	b.derived[id] = &derived{kind: 'a', def: a, coll: coll, scope: owner}
	owner.aggs = append(owner.aggs, aggSlot{id: id, agg: a, loc: loc})
	return b.at(&plan.ColRef{Col: id, Name: a.Name, T: a.T}, loc)
}

func (b *binder) volatileAgg(a *plan.Aggref) bool {
	v := false
	walkExpr(a, func(e plan.Expr) bool {
		if f, ok := e.(*plan.FuncCall); ok && b.Proc(f.Proc) != nil && b.Proc(f.Proc).Volatile == 'v' {
			v = true
		}
		return !v
	})
	return v
}

// aggOrder binds ORDER BY and DISTINCT inside an aggregate's parentheses.
func (b *binder) aggOrder(s *scope, n *ast.FuncCall, a *plan.Aggref) {
	if len(n.AggOrder) == 0 && !n.AggDistinct {
		return
	}
	var targets []*target
	for _, e := range a.Args {
		targets = append(targets, &target{e: e})
	}
	nargs := len(targets)
	order := b.orderBy(s, n.AggOrder, &targets, kindOrderBy, "ORDER BY", true)
	for _, o := range order {
		if n.AggDistinct && o.t.junk {
			b.Fail(pgerr.InvalidColumnReference, b.locOf(o.t.e), "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
		}
		a.OrderBy = append(a.OrderBy, plan.ExprSort{Expr: o.t.e, Desc: o.desc, NullsFirst: o.nullsFirst, Op: o.lt})
	}
	for i := range a.Args {
		a.Args[i] = targets[i].e
	}
	if !n.AggDistinct {
		return
	}
	for _, t := range targets[:nargs] {
		lt, eq, _ := b.OrderOperators(t.e.Type().OID)
		if eq == 0 {
			b.EqualOperator(t.e.Type().OID, b.locOf(t.e))
		}
		if lt == 0 {
			panic(b.Err(pgerr.UndefinedFunction, b.locOf(t.e), "could not identify an ordering operator for type %s", b.TypeText(t.e.Type().OID)).
				WithDetail("Aggregates with DISTINCT must be able to sort their inputs."))
		}
	}
}

// transType resolves a polymorphic transition type.
func (b *binder) transType(a *plan.Aggref, t types.OID) types.OID {
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
func (b *binder) aggLevel(s *scope, a *plan.Aggref, name string, loc int32) *scope {
	var owner *scope
	nestedLoc := int32(-1)
	var nested *scope
	visit := func(e plan.Expr, direct bool) {
		walkExpr(e, func(x plan.Expr) bool {
			c, ok := x.(*plan.ColRef)
			if !ok {
				return true
			}
			o := b.owner[c.Col]
			if o == nil || !o.above(s) {
				return true
			}
			if d := b.derived[c.Col]; d != nil {
				switch d.kind {
				case 'w':
					if d.scope == s {
						b.Fail(pgerr.GroupingError, b.locOf(x), "aggregate function calls cannot contain window function calls")
					}
				case 's':
					if d.scope == s && !direct {
						panic(b.Err(pgerr.FeatureNotSupported, b.locOf(x), "aggregate function calls cannot contain set-returning function calls").
							WithHint("You might be able to move the set-returning function into a LATERAL FROM item."))
					}
				case 'a':
					if nested == nil || o.depth > nested.depth {
						nested, nestedLoc = o, b.locOf(x)
					}
				}
			}
			if owner == nil || o.depth > owner.depth {
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
		walkExpr(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.ColRef); ok {
				if d := b.derived[c.Col]; d != nil && d.kind == 'a' && d.scope == owner {
					b.Fail(pgerr.GroupingError, b.locOf(x), "aggregate function calls cannot be nested")
				}
				if o := b.owner[c.Col]; o != nil && o.above(s) && o.depth > owner.depth {
					b.Fail(pgerr.GroupingError, b.locOf(x), "outer-level aggregate cannot contain a lower-level variable in its direct arguments")
				}
			}
			return true
		})
	}
	if why := owner.kind.notIn(true); why != "" {
		b.Fail(pgerr.GroupingError, loc, "aggregate functions are not allowed in %s", why)
	}
	return owner
}

// groupingFunc is GROUPING(…).
func (b *binder) groupingFunc(s *scope, n *ast.GroupingFunc) plan.Expr {
	if len(n.Args) > 31 {
		b.Fail(pgerr.TooManyArguments, n.Location, "GROUPING must have fewer than 32 arguments")
	}
	slot := groupingSlot{loc: n.Location, call: &plan.GroupingCall{}}
	owner := s
	var deepest *scope
	for _, a := range n.Args {
		e := b.expr(s, a)
		slot.args = append(slot.args, e)
		walkExpr(e, func(x plan.Expr) bool {
			if c, ok := x.(*plan.ColRef); ok {
				if o := b.owner[c.Col]; o != nil && o.above(s) && (deepest == nil || o.depth > deepest.depth) {
					deepest = o
				}
			}
			return true
		})
	}
	if deepest != nil {
		owner = deepest
	}
	if why := owner.kind.notIn(true); why != "" {
		b.Fail(pgerr.GroupingError, n.Location, "grouping operations are not allowed in %s", why)
	}
	slot.id = b.newCol()
	b.owner[slot.id] = owner
	b.derived[slot.id] = &derived{kind: 'g', def: slot.call, scope: owner}
	owner.group = append(owner.group, slot)
	return b.at(&plan.ColRef{Col: slot.id, Name: "grouping", T: plan.Type{OID: types.Int4, Mod: -1}}, n.Location)
}
