package opt

import "github.com/tarndb/tarn/sql/plan"

// factored takes what all arms of an OR have in common out of it: (a AND b) OR (a AND c) is a AND (b OR c), whatever is NULL.
func factored(or *plan.BoolOp) []plan.Expr {
	arms := make([][]plan.Expr, len(or.Args))
	for i, a := range or.Args {
		arms[i] = flatten([]plan.Expr{a})
	}
	var common []plan.Expr
	for _, c := range arms[0] {
		if volatileExpr(c) {
			continue
		}
		for _, arm := range arms[1:] {
			if indexOf(arm, c) < 0 {
				c = nil
				break
			}
		}
		if c != nil && indexOf(common, c) < 0 {
			common = append(common, c)
		}
	}
	if len(common) == 0 {
		return []plan.Expr{or}
	}
	rest := &plan.BoolOp{Kind: plan.Or}
	for _, arm := range arms {
		var left []plan.Expr
		for _, c := range arm {
			if indexOf(common, c) < 0 {
				left = append(left, c)
			}
		}
		if len(left) == 0 {
			return common // this arm is true wherever they are
		}
		rest.Args = append(rest.Args, conjunction(left))
	}
	return append(common, rest)
}

func indexOf(es []plan.Expr, e plan.Expr) int {
	for i := range es {
		if sameExpr(es[i], e) {
			return i
		}
	}
	return -1
}

func conjunction(es []plan.Expr) plan.Expr {
	if len(es) == 1 {
		return es[0]
	}
	return &plan.BoolOp{Kind: plan.And, Args: es}
}

// orPart is what an OR over several relations says of one of them: every arm's conditions on it alone. It is implied, not
// equal: the OR is checked again. nil: some arm says nothing.
func orPart(e plan.Expr, own colset) plan.Expr {
	or, ok := e.(*plan.BoolOp)
	if !ok || or.Kind != plan.Or {
		return nil
	}
	part := &plan.BoolOp{Kind: plan.Or}
	for _, a := range or.Args {
		var here []plan.Expr
		for _, c := range flatten([]plan.Expr{a}) {
			if s := exprCols(c); !s.empty() && s.within(own) && !volatileExpr(c) && !hasSubquery(c) {
				here = append(here, c)
			}
		}
		if len(here) == 0 {
			return nil
		}
		part.Args = append(part.Args, conjunction(here))
	}
	return part
}

// orParts puts what a join's OR says of single items down to them. Rule or_parts. The condition's own selectivity is then that of
// the rest.
func (g *joinGraph) orParts(c *joinCond, outer relset) {
	if !g.o.on("or_parts") {
		return
	}
	for s := c.rels &^ outer; s != 0; s &= s - 1 {
		it := g.items[s.first()]
		if part := orPart(c.e, it.cols); part != nil {
			it.conds = append(it.conds, part)
			c.implied = append(c.implied, part)
		}
	}
}
