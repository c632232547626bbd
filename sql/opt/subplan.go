package opt

import "github.com/tarndb/tarn/sql/plan"

// exprsFor plans the subqueries of expressions that are evaluated that often.
func (o *optimizer) exprsFor(calls float64, es []plan.Expr) ([]plan.Expr, error) {
	saved := o.calls
	o.calls = calls
	out, err := o.exprs(es)
	o.calls = saved
	return out, err
}

// expr plans the subqueries of an expression.
func (o *optimizer) expr(e plan.Expr) (plan.Expr, error) {
	if e == nil || !hasSubquery(e) {
		return e, nil
	}
	var err error
	out := plan.MapExpr(e, func(e plan.Expr) plan.Expr {
		s, ok := e.(*plan.Subquery)
		if !ok || err != nil || s.Plan != nil {
			return e
		}
		var c *plan.Subquery
		if c, err = o.subquery(s); err != nil {
			return e
		}
		return c
	})
	return out, err
}

func (o *optimizer) subquery(s *plan.Subquery) (*plan.Subquery, error) {
	c := *s
	w := plainWant(colsOf(s.Rel.Cols()).addExpr(s.Test))
	if s.Kind == plan.SubExists {
		w.rows = 1
	}
	b, err := o.buildAlone(s.Rel, w)
	if err != nil {
		return nil, err
	}
	c.Plan = b.node
	for col := range plan.FreeCols(s.Rel) {
		c.Params = append(c.Params, col)
	}
	if s.Kind == plan.SubExists && len(c.Params) > 0 {
		return o.hashedExists(&c)
	}
	return &c, nil
}

// buildAlone plans a subquery apart from the joins around it.
func (o *optimizer) buildAlone(r plan.Rel, w want) (built, error) {
	loop, calls := o.loopCols, o.calls
	o.loopCols, o.calls = nil, 0
	b, err := o.build(r, nil, w)
	o.loopCols, o.calls = loop, calls
	return b, err
}

// unknownCalls stands for how often an expression is evaluated where nobody has said.
const unknownCalls = 1000

// hashedExists looks whether the rows of EXISTS (… WHERE k = outer …) are better read once and hashed by k: rule
// hashed_exists. s is the planned correlated form.
func (o *optimizer) hashedExists(s *plan.Subquery) (*plan.Subquery, error) {
	if !o.on("hashed_exists") || volatileRel(s.Rel) {
		return s, nil
	}
	outer := colset(nil).addIDs(s.Params)
	in, pulled, ok := uncorrelate(existsCore(s.Rel), outer)
	if !ok || len(pulled) == 0 {
		return s, nil
	}
	own := colsOf(in.Cols())
	p := &plan.Project{In: in}
	var test []plan.Expr
	var seen colset
	for _, c := range pulled {
		l, r, eq := o.equiJoin(c, outer, own)
		ref, isRef := plan.StripRelabel(r).(*plan.ColRef)
		if !eq || !isRef {
			return s, nil
		}
		call := *c.(*plan.FuncCall)
		call.Args = []plan.Expr{l, r}
		test = append(test, &call)
		if !seen.has(ref.Col) {
			seen = seen.add(ref.Col)
			p.Exprs, p.Out = append(p.Exprs, ref), append(p.Out, plan.Col{ID: ref.Col, Name: ref.Name, T: ref.T})
		}
	}
	b, err := o.buildAlone(p, plainWant(seen))
	if err != nil {
		return nil, err
	}
	c := &o.costs
	s.Choice = true
	calls := o.calls
	if calls == 0 {
		calls = unknownCalls
	}
	e := b.node.Estimate()
	work := float64(len(test)) * c.CPUOperator
	if o.distinctOf(colIDs(seen), e.Rows)*float64(e.Width+64) > c.HashMem || e.Total+e.Rows*(work+c.CPUTuple)+calls*work >= calls*part(*s.Plan.Estimate(), 1) {
		return s, nil
	}
	h := &plan.Subquery{Kind: plan.SubExists, Rel: p, T: s.T, Plan: b.node, Choice: true, Test: test[0]}
	if len(test) > 1 {
		h.Test = &plan.BoolOp{Kind: plan.And, Args: test}
	}
	return h, nil
}
