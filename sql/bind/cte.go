package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// withClause binds WITH; the entries stay visible in s and below.
func (b *binder) withClause(s *expression.Scope, n *ast.WithClause) []*plan.CTE {
	if n == nil {
		return nil
	}
	first := len(s.CTEs)
	for _, node := range n.Ctes {
		c := node.(*ast.CommonTableExpr)
		for _, have := range s.CTEs[first:] {
			if have.Name == c.Ctename {
				b.Fail(pgerr.DuplicateAlias, c.Location, "WITH query name \"%s\" specified more than once", c.Ctename)
			}
		}
		if _, ok := c.Ctequery.(*ast.SelectStmt); !ok && s.Parent != nil {
			b.Fail(pgerr.FeatureNotSupported, c.Location, "WITH clause containing a data-modifying statement must be at the top level")
		}
		if _, ok := c.Ctequery.(*ast.MergeStmt); ok {
			b.Fail(pgerr.FeatureNotSupported, c.Location, "MERGE not supported in WITH query")
		}
		if (c.SearchClause != nil || c.CycleClause != nil) && (!n.Recursive || !mentions(c.Ctequery, c.Ctename)) {
			b.Fail(pgerr.SyntaxError, c.Location, "WITH query is not recursive")
		}
		s.CTEs = append(s.CTEs, &expression.CTE{Name: c.Ctename, Node: c, Def: &plan.CTE{Name: c.Ctename}})
	}
	refs := s.CTEs[first:]
	order := refs
	if n.Recursive {
		order = b.cteOrder(refs)
	}
	var out []*plan.CTE
	for _, r := range order {
		if n.Recursive && mentions(r.Node.Ctequery, r.Name) {
			out = append(out, b.recursiveCTE(s, r)...)
		} else {
			b.plainCTE(s, r)
		}
		out = append(out, r.Def)
	}
	return out
}

// cteOrder sorts WITH RECURSIVE items so that each comes after those it names; a cycle of several is refused.
func (b *binder) cteOrder(refs []*expression.CTE) []*expression.CTE {
	var out []*expression.CTE
	state := map[*expression.CTE]int{}
	var visit func(r *expression.CTE)
	visit = func(r *expression.CTE) {
		switch state[r] {
		case 1:
			b.Fail(pgerr.FeatureNotSupported, r.Node.Location, "mutual recursion between WITH items is not implemented")
		case 2:
			return
		}
		state[r] = 1
		for _, o := range refs {
			if o != r && mentions(r.Node.Ctequery, o.Name) {
				visit(o)
			}
		}
		state[r] = 2
		out = append(out, r)
	}
	for _, r := range refs {
		visit(r)
	}
	return out
}

// mentions reports whether a query names a relation without schema, outside of a WITH of its own that hides the name.
func mentions(n ast.Node, name string) bool {
	hit := false
	ast.Walk(n, func(x ast.Node) bool {
		switch v := x.(type) {
		case *ast.RangeVar:
			if v.Schemaname == "" && v.Relname == name {
				hit = true
			}
		case *ast.SelectStmt:
			if v.WithClause != nil {
				for _, c := range v.WithClause.Ctes {
					if c.(*ast.CommonTableExpr).Ctename == name {
						return false
					}
				}
			}
		}
		return !hit
	})
	return hit
}

func (b *binder) plainCTE(s *expression.Scope, r *expression.CTE) {
	sub := b.NewScope(s)
	var cols []plan.Col
	volatile := b.Volatile
	b.Volatile = false
	defer func() { b.Volatile = b.Volatile || volatile }()
	switch v := r.Node.Ctequery.(type) {
	case *ast.SelectStmt:
		r.Def.Rel, cols = b.selectStmt(sub, v)
		r.Def.Materialize = r.Node.Ctematerialized == ast.CTEMaterializeAlways || b.Volatile
	default:
		r.Def.Rel, cols, _ = b.statement(sub, v)
		r.Def.Modifying, r.Def.Materialize = true, true
		b.modifies = true
	}
	b.cteColumns(r, cols)
	r.Ready = true
}

func (b *binder) cteColumns(r *expression.CTE, cols []plan.Col) {
	r.Cols = append([]plan.Col(nil), cols...)
	aliases := lexicon.Names(r.Node.Aliascolnames)
	if len(aliases) > len(cols) {
		b.Fail(pgerr.InvalidColumnReference, r.Node.Location, "WITH query \"%s\" has %d columns available but %d columns specified", r.Name, len(cols), len(aliases))
	}
	for i, a := range aliases {
		r.Cols[i].Name = a
	}
}

// recursiveCTE binds base UNION [ALL] step (manual: 7.8.2).
// A WITH inside of it becomes part of the WITH around it: the CTE itself is a RecursiveUnion.
func (b *binder) recursiveCTE(s *expression.Scope, r *expression.CTE) []*plan.CTE {
	loc := r.Node.Location
	n, ok := r.Node.Ctequery.(*ast.SelectStmt)
	if !ok {
		b.Fail(pgerr.InvalidRecursion, loc, "recursive query \"%s\" must not contain data-modifying statements", r.Name)
	}
	if n.Op != ast.SETOP_UNION {
		b.Fail(pgerr.InvalidRecursion, loc, "recursive query \"%s\" does not have the form non-recursive-term UNION [ALL] recursive-term", r.Name)
	}
	if mentions(n.Larg, r.Name) {
		b.Fail(pgerr.InvalidRecursion, rangeVarLoc(n.Larg, r.Name), "recursive reference to query \"%s\" must not appear within its non-recursive term", r.Name)
	}
	if len(n.SortClause) > 0 {
		b.Fail(pgerr.FeatureNotSupported, place.OfNode(n.SortClause[0].(*ast.SortBy).Node), "ORDER BY in a recursive query is not implemented")
	}
	if n.LimitOffset != nil {
		b.Fail(pgerr.FeatureNotSupported, place.OfNode(n.LimitOffset), "OFFSET in a recursive query is not implemented")
	}
	if n.LimitCount != nil {
		b.Fail(pgerr.FeatureNotSupported, place.OfNode(n.LimitCount), "LIMIT in a recursive query is not implemented")
	}
	if len(n.LockingClause) > 0 {
		b.Fail(pgerr.FeatureNotSupported, -1, "FOR UPDATE/SHARE in a recursive query is not implemented")
	}
	b.checkRecursion(n.Rarg, r.Name, "")
	if r.Node.SearchClause != nil || r.Node.CycleClause != nil {
		if isSetOp(n.Larg) {
			b.Fail(pgerr.FeatureNotSupported, -1, "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT")
		}
		if isSetOp(n.Rarg) {
			b.Fail(pgerr.SyntaxError, -1, "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT")
		}
	}
	sub := b.NewScope(s)
	inner := b.withClause(sub, n.WithClause)
	l := b.query(b.NewScope(sub), n.Larg, false)
	ru := &plan.RecursiveUnion{All: n.All, Base: l.rel}
	r.Def.Recursive, r.Def.Materialize = true, true
	b.cteColumns(r, l.cols)
	extras := b.newSearchCycle(sub, r)
	if extras != nil {
		if b.cycles == nil {
			b.cycles = map[*expression.CTE]*searchCycle{}
		}
		b.cycles[r] = extras
	}
	if b.shapes != nil && extras != nil {
		b.shapes.cycles[r.Node] = extras
	}
	for i := range r.Cols {
		ru.Out = append(ru.Out, plan.Col{ID: b.NewCol(), Name: r.Cols[i].Name, T: r.Cols[i].T})
	}
	r.Working = ru
	right := b.query(b.NewScope(sub), n.Rarg, true)
	r.Working = nil
	if len(l.cols) != len(right.cols) {
		locR := int32(-1)
		if len(right.exprs) > 0 {
			locR = b.LocOf(right.exprs[0])
		}
		b.Fail(pgerr.SyntaxError, locR, "each %s query must have the same number of columns", "UNION")
	}
	want := make([]types.OID, len(l.cols))
	for i := range l.cols {
		le, re := b.outExpr(l, i), b.outExpr(right, i)
		t, _ := b.CommonType([]plan.Expr{le, re}, "UNION")
		have := l.cols[i].T.OID
		mod := expression.CommonMod([]plan.Expr{le, re}, t)
		if t != have || mod != l.cols[i].T.Mod {
			panic(b.Err(pgerr.DatatypeMismatch, b.LocOf(le), "recursive query \"%s\" column %d has type %s in non-recursive term but type %s overall",
				r.Name, i+1, b.TypeModText(have, l.cols[i].T.Mod), b.TypeModText(t, mod)).
				WithHint("Cast the output of the non-recursive term to the correct type."))
		}
		if coll := l.cols[i].T.Coll; coll != 0 {
			if all := b.commonCollation(l, right, i, n.All); all != coll {
				panic(b.Err(pgerr.CollationMismatch, b.LocOf(le), "recursive query \"%s\" column %d has collation \"%s\" in non-recursive term but collation \"%s\" overall",
					r.Name, i+1, b.CollationName(coll), b.CollationName(all)).
					WithHint("Use the COLLATE clause to set the collation of the non-recursive term."))
			}
		}
		if rt := re.Type().OID; rt != t {
			if !b.CanCoerce(rt, t, overload.Implicit) {
				b.Fail(pgerr.CannotCoerce, b.LocOf(re), "UNION could not convert type %s to %s", b.TypeText(rt), b.TypeText(t))
			}
			right.retype(b, i, t)
		}
		if !n.All {
			b.EqualOperator(t, b.LocOf(le))
		}
		want[i] = t
	}
	if extras != nil {
		extras.open(b, right, loc)
	}
	opened := right.rel
	b.castColumns(sub, right, want)
	ru.Step = right.rel
	if sc := extras; sc != nil {
		if right.rel != opened {
			sc.through(right.rel.(*plan.Project))
		}
		ru.Base, ru.Step = sc.base(b, l.rel, l.cols), sc.step(b, right.rel, right.cols)
		ru.Out = append(ru.Out, sc.extra...)
		r.Cols = append(r.Cols, sc.extra...)
	}
	r.Def.Rel = ru
	r.Ready = true
	return inner
}

// checkRecursion refuses the recursive reference where PostgreSQL does: in subqueries, outer joins' nullable sides, INTERSECT and
// EXCEPT, and in a query with aggregates it is a plain error of the executor there; here aggregates are refused as well.
func (b *binder) checkRecursion(n ast.Node, name, where string) {
	refuse := func(loc int32, text string) {
		b.Fail(pgerr.InvalidRecursion, loc, "recursive reference to query \"%s\" must not appear within %s", name, text)
	}
	switch v := n.(type) {
	case *ast.SelectStmt:
		switch v.Op {
		case ast.SETOP_INTERSECT:
			if v.All && mentions(v, name) {
				refuse(rangeVarLoc(v, name), "INTERSECT")
			}
		case ast.SETOP_EXCEPT:
			if mentions(v.Rarg, name) {
				refuse(rangeVarLoc(v.Rarg, name), "EXCEPT")
			}
		}
		if v.Larg != nil {
			b.checkRecursion(v.Larg, name, where)
			b.checkRecursion(v.Rarg, name, where)
		}
		for _, f := range v.FromClause {
			b.checkRecursion(f, name, where)
		}
		rest := append(append([]ast.Node{v.WhereClause, v.HavingClause, v.LimitCount, v.LimitOffset}, v.TargetList...), v.SortClause...)
		for _, x := range rest {
			if x != nil && mentions(x, name) {
				refuse(rangeVarLoc(x, name), "a subquery")
			}
		}
	case *ast.JoinExpr:
		switch v.Jointype {
		case ast.JOIN_LEFT:
			if mentions(v.Rarg, name) {
				refuse(rangeVarLoc(v.Rarg, name), "an outer join")
			}
		case ast.JOIN_RIGHT:
			if mentions(v.Larg, name) {
				refuse(rangeVarLoc(v.Larg, name), "an outer join")
			}
		case ast.JOIN_FULL:
			if mentions(v, name) {
				refuse(rangeVarLoc(v, name), "an outer join")
			}
		}
		b.checkRecursion(v.Larg, name, where)
		b.checkRecursion(v.Rarg, name, where)
	case *ast.RangeSubselect:
		b.checkRecursion(v.Subquery, name, where)
	}
}

func rangeVarLoc(n ast.Node, name string) int32 {
	loc := int32(-1)
	ast.Walk(n, func(x ast.Node) bool {
		if v, ok := x.(*ast.RangeVar); ok && v.Schemaname == "" && v.Relname == name && loc < 0 {
			loc = v.Location
		}
		return loc < 0
	})
	return loc
}

// cteItem is a reference to a WITH query; nil where the name is none.
func (b *binder) cteItem(s *expression.Scope, n *ast.RangeVar) *expression.Item {
	for sc := s; sc != nil; sc = sc.Parent {
		for i := len(sc.CTEs) - 1; i >= 0; i-- {
			c := sc.CTEs[i]
			if c.Name != n.Relname || !c.Ready && c.Working == nil {
				continue
			}
			return b.readCTE(s, c, n)
		}
	}
	return nil
}

func (b *binder) readCTE(s *expression.Scope, c *expression.CTE, n *ast.RangeVar) *expression.Item {
	alias := n.Relname
	if n.Alias != nil {
		alias = n.Alias.Aliasname
	}
	if len(c.Cols) == 0 && c.Def.Modifying {
		b.Fail(pgerr.FeatureNotSupported, n.Location, "WITH query \"%s\" does not have a RETURNING clause", c.Name)
	}
	out := make([]plan.Col, len(c.Cols))
	for i, col := range c.Cols {
		out[i] = plan.Col{ID: b.NewCol(), Name: col.Name, T: col.T}
		if o, ok := b.origin[col.ID]; ok && !c.Def.Recursive {
			b.origin[out[i].ID] = o
		}
		if f := b.Fields[col.ID]; f != nil {
			b.Fields[out[i].ID] = f
		}
	}
	var rel plan.Rel
	if c.Working != nil {
		if c.SelfUse++; c.SelfUse > 1 {
			b.Fail(pgerr.InvalidRecursion, n.Location, "recursive reference to query \"%s\" must not appear more than once", c.Name)
		}
		s.SelfRef = true
		work := &plan.WorkScan{CTE: c.Def, Out: out}
		if sc := b.cycles[c]; sc != nil {
			for _, x := range sc.extra {
				sc.work = append(sc.work, plan.Col{ID: b.NewCol(), Name: x.Name, T: x.T})
			}
			work.Out = append(out[:len(out):len(out)], sc.work...)
		}
		rel = work
	} else {
		c.Def.Refs++
		if c.Def.Refs > 1 && c.Node.Ctematerialized != ast.CTEMaterializeNever {
			c.Def.Materialize = true
		}
		rel = &plan.CTEScan{CTE: c.Def, Alias: alias, Out: out}
	}
	it := b.relItem(s, rel, out, alias)
	b.aliasColumns(it, n.Alias)
	if sc := b.cycles[c]; c.Working != nil && sc != nil {
		for _, x := range sc.work[len(sc.work)-len(sc.extra):] {
			b.Owner[x.ID], b.items[x.ID] = s, it
			it.Cols = append(it.Cols, expression.ItemCol{Name: x.Name, T: x.T, Hidden: true, Ref: func() plan.Expr { return b.ColRef(s, x) }})
		}
	}
	return it
}
