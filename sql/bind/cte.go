package bind

import (
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// cteRef is a WITH query as a query level sees it.
type cteRef struct {
	name  string
	cte   *plan.CTE
	cols  []plan.Col // names and types
	ready bool
	// working: the recursive part of it is being bound; references read the working table.
	working *plan.RecursiveUnion
	selfUse int
	node    *ast.CommonTableExpr
}

// withClause binds WITH; the entries stay visible in s and below.
func (b *binder) withClause(s *scope, n *ast.WithClause) []*plan.CTE {
	if n == nil {
		return nil
	}
	first := len(s.ctes)
	for _, node := range n.Ctes {
		c := node.(*ast.CommonTableExpr)
		for _, have := range s.ctes[first:] {
			if have.name == c.Ctename {
				b.Fail(pgerr.DuplicateAlias, c.Location, "WITH query name \"%s\" specified more than once", c.Ctename)
			}
		}
		if _, ok := c.Ctequery.(*ast.SelectStmt); !ok && s.parent != nil {
			b.Fail(pgerr.FeatureNotSupported, c.Location, "WITH clause containing a data-modifying statement must be at the top level")
		}
		if _, ok := c.Ctequery.(*ast.MergeStmt); ok {
			b.Fail(pgerr.FeatureNotSupported, c.Location, "MERGE not supported in WITH query")
		}
		if (c.SearchClause != nil || c.CycleClause != nil) && (!n.Recursive || !mentions(c.Ctequery, c.Ctename)) {
			b.Fail(pgerr.SyntaxError, c.Location, "WITH query is not recursive")
		}
		s.ctes = append(s.ctes, &cteRef{name: c.Ctename, node: c, cte: &plan.CTE{Name: c.Ctename}})
	}
	refs := s.ctes[first:]
	order := refs
	if n.Recursive {
		order = b.cteOrder(refs)
	}
	var out []*plan.CTE
	for _, r := range order {
		if n.Recursive && mentions(r.node.Ctequery, r.name) {
			out = append(out, b.recursiveCTE(s, r)...)
		} else {
			b.plainCTE(s, r)
		}
		out = append(out, r.cte)
	}
	return out
}

// cteOrder sorts WITH RECURSIVE items so that each comes after those it names; a cycle of several is refused.
func (b *binder) cteOrder(refs []*cteRef) []*cteRef {
	var out []*cteRef
	state := map[*cteRef]int{}
	var visit func(r *cteRef)
	visit = func(r *cteRef) {
		switch state[r] {
		case 1:
			b.Fail(pgerr.FeatureNotSupported, r.node.Location, "mutual recursion between WITH items is not implemented")
		case 2:
			return
		}
		state[r] = 1
		for _, o := range refs {
			if o != r && mentions(r.node.Ctequery, o.name) {
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

func (b *binder) plainCTE(s *scope, r *cteRef) {
	sub := b.newScope(s)
	var cols []plan.Col
	volatile := b.volatile
	b.volatile = false
	defer func() { b.volatile = b.volatile || volatile }()
	switch v := r.node.Ctequery.(type) {
	case *ast.SelectStmt:
		r.cte.Rel, cols = b.selectStmt(sub, v)
		r.cte.Materialize = r.node.Ctematerialized == ast.CTEMaterializeAlways || b.volatile
	default:
		r.cte.Rel, cols, _ = b.statement(sub, v)
		r.cte.Modifying, r.cte.Materialize = true, true
		b.modifies = true
	}
	b.cteColumns(r, cols)
	r.ready = true
}

func (b *binder) cteColumns(r *cteRef, cols []plan.Col) {
	r.cols = append([]plan.Col(nil), cols...)
	aliases := lexicon.Names(r.node.Aliascolnames)
	if len(aliases) > len(cols) {
		b.Fail(pgerr.InvalidColumnReference, r.node.Location, "WITH query \"%s\" has %d columns available but %d columns specified", r.name, len(cols), len(aliases))
	}
	for i, a := range aliases {
		r.cols[i].Name = a
	}
}

// recursiveCTE binds base UNION [ALL] step (manual: 7.8.2).
// A WITH inside of it becomes part of the WITH around it: the CTE itself is a RecursiveUnion.
func (b *binder) recursiveCTE(s *scope, r *cteRef) []*plan.CTE {
	loc := r.node.Location
	n, ok := r.node.Ctequery.(*ast.SelectStmt)
	if !ok {
		b.Fail(pgerr.InvalidRecursion, loc, "recursive query \"%s\" must not contain data-modifying statements", r.name)
	}
	if n.Op != ast.SETOP_UNION {
		b.Fail(pgerr.InvalidRecursion, loc, "recursive query \"%s\" does not have the form non-recursive-term UNION [ALL] recursive-term", r.name)
	}
	if mentions(n.Larg, r.name) {
		b.Fail(pgerr.InvalidRecursion, rangeVarLoc(n.Larg, r.name), "recursive reference to query \"%s\" must not appear within its non-recursive term", r.name)
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
	b.checkRecursion(n.Rarg, r.name, "")
	if r.node.SearchClause != nil || r.node.CycleClause != nil {
		if isSetOp(n.Larg) {
			b.Fail(pgerr.FeatureNotSupported, -1, "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT")
		}
		if isSetOp(n.Rarg) {
			b.Fail(pgerr.SyntaxError, -1, "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT")
		}
	}
	sub := b.newScope(s)
	inner := b.withClause(sub, n.WithClause)
	l := b.query(b.newScope(sub), n.Larg, false)
	ru := &plan.RecursiveUnion{All: n.All, Base: l.rel}
	r.cte.Recursive, r.cte.Materialize = true, true
	b.cteColumns(r, l.cols)
	extras := b.newSearchCycle(sub, r)
	if extras != nil {
		if b.cycles == nil {
			b.cycles = map[*cteRef]*searchCycle{}
		}
		b.cycles[r] = extras
	}
	if b.shapes != nil && extras != nil {
		b.shapes.cycles[r.node] = extras
	}
	for i := range r.cols {
		ru.Out = append(ru.Out, plan.Col{ID: b.newCol(), Name: r.cols[i].Name, T: r.cols[i].T})
	}
	r.working = ru
	right := b.query(b.newScope(sub), n.Rarg, true)
	r.working = nil
	if len(l.cols) != len(right.cols) {
		locR := int32(-1)
		if len(right.exprs) > 0 {
			locR = b.locOf(right.exprs[0])
		}
		b.Fail(pgerr.SyntaxError, locR, "each %s query must have the same number of columns", "UNION")
	}
	want := make([]types.OID, len(l.cols))
	for i := range l.cols {
		le, re := b.outExpr(l, i), b.outExpr(right, i)
		t, _ := b.commonType([]plan.Expr{le, re}, "UNION")
		have := l.cols[i].T.OID
		mod := commonMod([]plan.Expr{le, re}, t)
		if t != have || mod != l.cols[i].T.Mod {
			panic(b.Err(pgerr.DatatypeMismatch, b.locOf(le), "recursive query \"%s\" column %d has type %s in non-recursive term but type %s overall",
				r.name, i+1, b.TypeModText(have, l.cols[i].T.Mod), b.TypeModText(t, mod)).
				WithHint("Cast the output of the non-recursive term to the correct type."))
		}
		if rt := re.Type().OID; rt != t {
			if !b.CanCoerce(rt, t, overload.Implicit) {
				b.Fail(pgerr.CannotCoerce, b.locOf(re), "UNION could not convert type %s to %s", b.TypeText(rt), b.TypeText(t))
			}
			right.retype(b, i, t)
		}
		if !n.All {
			b.EqualOperator(t, b.locOf(le))
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
		r.cols = append(r.cols, sc.extra...)
	}
	r.cte.Rel = ru
	r.ready = true
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
func (b *binder) cteItem(s *scope, n *ast.RangeVar) *nsItem {
	for sc := s; sc != nil; sc = sc.parent {
		for i := len(sc.ctes) - 1; i >= 0; i-- {
			c := sc.ctes[i]
			if c.name != n.Relname || !c.ready && c.working == nil {
				continue
			}
			return b.readCTE(s, c, n)
		}
	}
	return nil
}

func (b *binder) readCTE(s *scope, c *cteRef, n *ast.RangeVar) *nsItem {
	alias := n.Relname
	if n.Alias != nil {
		alias = n.Alias.Aliasname
	}
	if len(c.cols) == 0 && c.cte.Modifying {
		b.Fail(pgerr.FeatureNotSupported, n.Location, "WITH query \"%s\" does not have a RETURNING clause", c.name)
	}
	out := make([]plan.Col, len(c.cols))
	for i, col := range c.cols {
		out[i] = plan.Col{ID: b.newCol(), Name: col.Name, T: col.T}
		if o, ok := b.origin[col.ID]; ok && !c.cte.Recursive {
			b.origin[out[i].ID] = o
		}
		if f := b.fields[col.ID]; f != nil {
			b.fields[out[i].ID] = f
		}
	}
	var rel plan.Rel
	if c.working != nil {
		if c.selfUse++; c.selfUse > 1 {
			b.Fail(pgerr.InvalidRecursion, n.Location, "recursive reference to query \"%s\" must not appear more than once", c.name)
		}
		s.selfRef = true
		work := &plan.WorkScan{CTE: c.cte, Out: out}
		if sc := b.cycles[c]; sc != nil {
			for _, x := range sc.extra {
				sc.work = append(sc.work, plan.Col{ID: b.newCol(), Name: x.Name, T: x.T})
			}
			work.Out = append(out[:len(out):len(out)], sc.work...)
		}
		rel = work
	} else {
		c.cte.Refs++
		if c.cte.Refs > 1 && c.node.Ctematerialized != ast.CTEMaterializeNever {
			c.cte.Materialize = true
		}
		rel = &plan.CTEScan{CTE: c.cte, Alias: alias, Out: out}
	}
	it := b.relItem(s, rel, out, alias)
	b.aliasColumns(it, n.Alias)
	if sc := b.cycles[c]; c.working != nil && sc != nil {
		for _, x := range sc.work[len(sc.work)-len(sc.extra):] {
			b.owner[x.ID], b.items[x.ID] = s, it
			it.cols = append(it.cols, nsCol{name: x.Name, t: x.T, hidden: true, ref: func() plan.Expr { return b.colRef(s, x) }})
		}
	}
	return it
}
