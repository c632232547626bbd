package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// onConflict is transformOnConflictClause and infer_arbiter_indexes.
func (b *binder) onConflict(s *expression.Scope, m *modTarget, alias string, named bool, n *ast.OnConflictClause) (oc *plan.OnConflict, existing *newRow) {
	oc = &plan.OnConflict{Nothing: n.Action == ast.ONCONFLICT_NOTHING}
	if !oc.Nothing && n.Infer == nil {
		panic(b.Err(pgerr.SyntaxError, n.Location, "ON CONFLICT DO UPDATE requires inference specification or constraint name").
			WithHint("For example, ON CONFLICT (column_name)."))
	}
	// The clause is bound first and the indexes are looked for last, as PostgreSQL's planner does.
	find := func() []types.OID { return nil }
	if n.Infer != nil {
		find = b.arbiters(m, alias, n.Infer, oc.Nothing)
	}
	if !oc.Nothing {
		existing = b.conflictUpdate(s, m, alias, named, n, oc)
	}
	oc.Indexes = find()
	return oc, existing
}

// conflictUpdate binds DO UPDATE over the row in the way and EXCLUDED.
func (b *binder) conflictUpdate(s *expression.Scope, m *modTarget, alias string, named bool, n *ast.OnConflictClause, oc *plan.OnConflict) *newRow {
	t := m.t
	b.use(t).Select = true
	existing, excluded := b.newRow(t), b.newRow(t)
	oc.Existing, oc.Excluded = existing.cols, excluded.cols
	sc := b.NewScope(s.Parent)
	sc.CTEs, sc.Depth = s.CTEs, s.Depth
	for _, a := range m.access {
		a.Need |= privilege.Update
	}
	base := b.rowItem(sc, t, alias, existing.col)
	base.Unread = append([]expression.ItemCol(nil), base.Cols...)
	reading(base, t, m.tableAccess())
	it, _ := b.layered(sc, m, base, alias)
	if named {
		it.Schema = m.rel.Schema
	}
	ex, _ := b.layered(sc, m, b.rowItem(sc, t, "excluded", excluded.col), "excluded")
	ex.System = nil
	sc.Names = []*expression.Item{it, ex}
	for i := range excluded.cols {
		delete(b.origin, excluded.cols[i].ID)
	}
	// SET's target columns are named without table; EXCLUDED's columns only qualified where both have them: ambiguous, as in
	// PostgreSQL.
	oc.Set = b.setList(sc, m, n.TargetList, func(c *catalog.Column) plan.Expr { return base.ColByAtt(t, c.AttNum) })
	if n.WhereClause != nil {
		oc.Where = b.BoolExpr(sc, n.WhereClause, expression.KindWhere, "WHERE")
		b.Collate(oc.Where)
	}
	return existing
}

// arbiters finds the unique indexes that ON CONFLICT means.
func (b *binder) arbiters(m *modTarget, alias string, n *ast.InferClause, nothing bool) func() []types.OID {
	t := m.t
	if n.Conname != "" {
		c := t.ConstraintByName(n.Conname)
		if c == nil {
			b.Fail(pgerr.UndefinedObject, -1, "constraint \"%s\" for table \"%s\" does not exist", n.Conname, t.Name)
		}
		if c.Index == 0 || c.Type == catalog.ConForeign {
			b.Fail(pgerr.WrongObjectType, -1, "constraint in ON CONFLICT clause has no associated index")
		}
		if a := m.tableAccess(); a != nil {
			for _, att := range c.Cols {
				a.Read(att)
			}
		}
		return func() []types.OID {
			if c.Type == catalog.ConExclusion && !nothing {
				b.Fail(pgerr.WrongObjectType, -1, "ON CONFLICT DO UPDATE not supported with exclusion constraints")
			}
			b.noDeferrable(t, c.Index)
			return []types.OID{c.Index}
		}
	}
	s := b.NewScope(nil)
	row := b.newRow(t)
	base := b.rowItem(s, t, alias, row.col)
	reading(base, t, m.tableAccess())
	it, _ := b.layered(s, m, base, alias)
	s.Names = []*expression.Item{it}
	atts := map[int16]bool{}
	var want []arbiterKey
	for _, node := range n.IndexElems {
		el := node.(*ast.IndexElem)
		k := arbiterKey{}
		if el.Ordering != ast.SORTBY_DEFAULT && el.Ordering != 0 {
			b.Fail(pgerr.InvalidColumnReference, n.Location, "%s is not allowed in ON CONFLICT clause", "ASC/DESC")
		}
		if el.NullsOrdering != ast.SORTBY_NULLS_DEFAULT && el.NullsOrdering != 0 {
			b.Fail(pgerr.InvalidColumnReference, n.Location, "%s is not allowed in ON CONFLICT clause", "NULLS FIRST/LAST")
		}
		if el.Expr == nil {
			c, _ := it.Find(el.Name)
			if c == nil {
				b.NoColumn(s, "", el.Name, n.Location)
			}
			k.e = c.Ref()
		} else {
			k.e = b.ExprIn(s, el.Expr, expression.KindIndexExpr)
			b.Collate(k.e)
		}
		if k.e != nil {
			if ref, ok := k.e.(*plan.ColRef); ok {
				for _, c := range row.cols {
					if c.ID == ref.Col {
						k.att, k.e = c.AttNum, nil
					}
				}
			}
		}
		if len(el.Collation) > 0 {
			k.coll = b.CollationByName(el.Collation, n.Location)
		}
		if len(el.Opclass) > 0 {
			k.class = b.opClassByName(el.Opclass, n.Location)
		}
		if k.att != 0 {
			atts[k.att] = true
		}
		want = append(want, k)
	}
	var pred plan.Expr
	if n.WhereClause != nil {
		pred = b.BoolExpr(s, n.WhereClause, expression.KindIndexPred, "WHERE")
		b.Collate(pred)
	}
	return func() []types.OID { return b.matchArbiters(t, row, want, atts, pred) }
}

// arbiterKey is a column or expression of an ON CONFLICT target.
type arbiterKey struct {
	e     plan.Expr
	att   int16
	class types.OID
	coll  types.OID
}

// matchArbiters lists the unique indexes over exactly these keys whose predicate the clause's condition implies.
func (b *binder) matchArbiters(t *catalog.Table, row *newRow, want []arbiterKey, atts map[int16]bool, pred plan.Expr) []types.OID {
	var out []types.OID
	for _, ix := range t.Indexes {
		if !ix.Unique || ix.Building {
			continue
		}
		var exprs []plan.Expr
		have := map[int16]bool{}
		for _, k := range ix.Keys {
			if k.Att != 0 {
				have[k.Att] = true
			} else {
				exprs = append(exprs, b.storedExpr(t, k.Expr, plan.Type{}, row.col))
			}
		}
		if len(have) != len(atts) {
			continue
		}
		ok := true
		for a := range atts {
			ok = ok && have[a]
		}
		for _, e := range exprs {
			found := false
			for _, w := range want {
				found = found || w.e != nil && tree.Equal(w.e, e)
			}
			ok = ok && found
		}
		for _, w := range want {
			found := w.e == nil
			for _, e := range exprs {
				found = found || tree.Equal(w.e, e)
			}
			if w.coll != 0 || w.class != 0 {
				match := false
				for _, k := range ix.Keys {
					match = match || (w.coll == 0 || w.coll == k.Collation) && (w.class == 0 || w.class == k.OpClass)
				}
				found = found && match
			}
			ok = ok && found
		}
		if !ok {
			continue
		}
		if ix.Pred != "" {
			if pred == nil {
				continue
			}
			have := conjuncts(pred)
			implied := true
			for _, p := range conjuncts(b.storedExpr(t, ix.Pred, plan.Type{OID: types.Bool, Mod: -1}, row.col)) {
				found := false
				for _, h := range have {
					found = found || b.implies(h, p)
				}
				implied = implied && found
			}
			if !implied {
				continue
			}
		}
		b.noDeferrable(t, ix.OID)
		out = append(out, ix.OID)
	}
	if len(out) == 0 {
		b.Fail(pgerr.InvalidColumnReference, -1, "there is no unique or exclusion constraint matching the ON CONFLICT specification")
	}
	return out
}

// implies: where h is true so is p. Known are equal conditions and comparisons of one expression with constants.
func (b *binder) implies(h, p plan.Expr) bool {
	if tree.Equal(h, p) {
		return true
	}
	x, ok1 := h.(*plan.FuncCall)
	y, ok2 := p.(*plan.FuncCall)
	if n, ok := p.(*plan.NullTest); ok && n.Not && ok1 && len(x.Args) == 2 && x.Form == plan.CallOp {
		proc := b.Proc(x.Proc)
		return proc != nil && proc.Strict && (tree.Equal(x.Args[0], n.Arg) || tree.Equal(x.Args[1], n.Arg))
	}
	if !ok1 || !ok2 || x.Form != plan.CallOp || y.Form != plan.CallOp || len(x.Args) != 2 || len(y.Args) != 2 || !tree.Equal(x.Args[0], y.Args[0]) {
		return false
	}
	c, ok1 := x.Args[1].(*plan.Const)
	d, ok2 := y.Args[1].(*plan.Const)
	if !ok1 || !ok2 || c.T.OID != d.T.OID || c.Val.IsNull() || d.Val.IsNull() {
		return false
	}
	ty := b.Type(c.T.OID)
	for _, f := range b.OpFamilies(x.Op) {
		for _, g := range b.OpFamilies(y.Op) {
			if f.OID != g.OID || f.Left != g.Left || f.Right != g.Right || ty == nil {
				continue
			}
			cmp := ty.Compare(c.Val, d.Val)
			switch g.Strategy {
			case lexicon.Less:
				return f.Strategy == lexicon.Less && cmp <= 0 || (f.Strategy == lexicon.LessEqual || f.Strategy == lexicon.Equal) && cmp < 0
			case lexicon.LessEqual:
				return (f.Strategy == lexicon.Less || f.Strategy == lexicon.LessEqual || f.Strategy == lexicon.Equal) && cmp <= 0
			case lexicon.GreaterEqual:
				return (f.Strategy == lexicon.Greater || f.Strategy == lexicon.GreaterEqual || f.Strategy == lexicon.Equal) && cmp >= 0
			case lexicon.Greater:
				return f.Strategy == lexicon.Greater && cmp >= 0 || (f.Strategy == lexicon.GreaterEqual || f.Strategy == lexicon.Equal) && cmp > 0
			}
		}
	}
	return false
}

func (b *binder) noDeferrable(t *catalog.Table, index types.OID) {
	for _, c := range t.Constraints {
		if c.Index == index && c.Type != catalog.ConForeign && c.Deferrable {
			e := pgerr.New(pgerr.ObjectNotInPrerequisiteState, "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters").
				WithConstraint(c.Name)
			if s := b.Catalog.SchemaByOID(t.Schema); s != nil {
				e = e.WithTable(s.Name, t.Name)
			}
			panic(e)
		}
	}
}

func (b *binder) opClassByName(list []ast.Node, loc int32) types.OID {
	n := lexicon.Names(list)
	for _, c := range b.ClassesNamed(n) {
		if c.Method == lexicon.Btree {
			return c.OID
		}
	}
	b.Fail(pgerr.UndefinedObject, loc, "operator class \"%s\" does not exist for access method \"%s\"", n[len(n)-1], "btree")
	return 0
}
