package bind

import (
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rewrite"
	"github.com/tarndb/tarn/sql/types"
)

// ruleContext is where names of a piece of a rewritten statement are looked up, and in whose name: the statement's own, or a rule's.
type ruleContext struct {
	owner types.OID
	path  []types.OID
	quiet int
	needs *lexicon.Needs
}

func (b *binder) context() ruleContext {
	return ruleContext{b.viewOwner, b.ViewPath, b.Quiet, b.Needs}
}

// within runs f in a context.
func (b *binder) within(c ruleContext, f func()) {
	old := b.context()
	b.viewOwner, b.ViewPath, b.Quiet, b.Needs = c.owner, c.path, c.quiet, c.needs
	f()
	b.viewOwner, b.ViewPath, b.Quiet, b.Needs = old.owner, old.path, old.quiet, old.needs
}

// ofRule is the context of what a view's rules say.
func (b *binder) ofRule(v *catalog.Table) ruleContext {
	return ruleContext{v.Owner, append([]types.OID{catalog.PgCatalogOID}, b.SearchPath...), b.Quiet + 1, nil}
}

// ruleSource is the FROM item of a rule's action that gives it the rows of the statement: old and new.
type ruleSource struct {
	*ast.RangeSubselect // none: what makes this a node
	view                *catalog.Table
	stmt                ast.Node
	context             ruleContext
}

// ruleReturning is the RETURNING list of a rewritten statement, over the one of an action.
type ruleReturning struct {
	action  ast.Node
	view    *catalog.Table
	alias   string
	list    []ast.Node
	context ruleContext
}

// rewritten binds a statement on a view with rules: the commands that take its place. ok is false where there are no rules.
func (b *binder) rewritten(n ast.Node, depth int) (steps []*plan.Statement, counted int, ok bool) {
	rv, event := rewrite.Target(n)
	if rv == nil {
		return nil, 0, false
	}
	v, _ := b.Relation(rv)
	if v == nil || v.Kind != catalog.RelView || len(v.RulesFor(event)) == 0 {
		return nil, 0, false
	}
	if depth >= maxViewDepth {
		b.Fail(pgerr.InvalidObjectDefinition, -1, "infinite recursion detected in rules for relation \"%s\"", v.Name)
	}
	b.ruledStatement(n)
	b.use(v).Modify = true
	b.modifies = true
	b.needs(v, map[catalog.RuleEvent]modVerb{catalog.RuleInsert: verbInsert, catalog.RuleUpdate: verbUpdate, catalog.RuleDelete: verbDelete}[event].need)
	list, at, err := rewrite.Steps(v, event, n, b.Cache)
	b.Check(err, -1)
	user, counted := b.context(), -1
	for i, s := range list {
		if s.Rule == nil {
			old := b.unruled
			b.unruled = v
			rel, out, tag := b.statement(b.NewScope(nil), n)
			b.unruled = old
			steps = append(steps, &plan.Statement{Rel: rel, Out: out, Tag: tag})
		} else {
			more, in := b.action(v, event, n, s, i == at, user, depth)
			if i == at && in >= 0 {
				counted = len(steps) + in
			}
			steps = append(steps, more...)
			continue
		}
		if i == at {
			counted = len(steps) - 1
		}
	}
	return steps, counted, true
}

// ruledStatement refuses what statements on views with rules may not have.
func (b *binder) ruledStatement(n ast.Node) {
	ast.Walk(n, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.CommonTableExpr:
			if _, ok := v.Ctequery.(*ast.SelectStmt); !ok {
				b.Unsupported(v.Location, "WITH queries that change data in statements on views with rules")
			}
		case *ast.OnConflictClause:
			b.Fail(pgerr.FeatureNotSupported, -1, "INSERT with ON CONFLICT clause cannot be used with table that has INSERT or UPDATE rules")
		}
		return true
	})
}

// action binds one command of a rule, which may be on a view with rules itself. counted is the place in steps of the one that the
// command tag counts; -1: none.
func (b *binder) action(v *catalog.Table, event catalog.RuleEvent, n ast.Node, s rewrite.Step, tagged bool, user ruleContext, depth int) (steps []*plan.Statement, counted int) {
	var source ast.Node
	if rewrite.PerRow(event, n, s) {
		source = &ruleSource{RangeSubselect: &ast.RangeSubselect{}, view: v, stmt: rewrite.Silent(n), context: user}
	}
	list := rewrite.Returning(n)
	returns := tagged && s.Returns && len(list) > 0
	action, err := rewrite.Compose(s, source, !returns)
	b.Check(err, -1)
	old := b.ruled
	defer func() { b.ruled = old }()
	if returns {
		rv, _ := rewrite.Target(n)
		b.ruled = &ruleReturning{action: action, view: v, alias: aliasOf(rv), list: list, context: user}
	}
	b.within(b.ofRule(v), func() {
		var ok bool
		if steps, counted, ok = b.rewritten(action, depth+1); ok {
			if returns {
				panic(pgerr.Unsupported("RETURNING of a rule whose command has rules itself"))
			}
			return
		}
		rel, out, tag := b.statement(b.NewScope(nil), action)
		steps, counted = []*plan.Statement{{Rel: rel, Out: out, Tag: tag}}, 0
	})
	return steps, counted
}

// ruleItems binds the statement that a rule stands for as a source of rows: old with the view's rows, new with what they become.
func (b *binder) ruleItems(s *expression.Scope, src *ruleSource) (rel plan.Rel, items []*expression.Item) {
	b.within(src.context, func() {
		b.sourceOf = src.view
		in, _, _ := b.statement(b.NewScope(nil), src.stmt)
		b.sourceOf = nil
		var ctes []*plan.CTE
		if w, ok := in.(*plan.With); ok {
			ctes, in = w.CTEs, w.In
		}
		p := &plan.Project{}
		var old, now []plan.Col
		add := func(list *[]plan.Col, c *catalog.Column, e plan.Expr) {
			col := plan.Col{ID: b.NewCol(), Name: c.Name, T: lexicon.ColumnType(c)}
			p.Exprs, p.Out = append(p.Exprs, e), append(p.Out, col)
			*list = append(*list, col)
		}
		each := func(f func(*catalog.Column)) {
			for i := range src.view.Columns {
				if c := &src.view.Columns[i]; !c.Dropped {
					f(c)
				}
			}
		}
		ref := func(id plan.ColID, c *catalog.Column) plan.Expr {
			return &plan.ColRef{Col: id, Name: c.Name, T: lexicon.ColumnType(c)}
		}
		before := func(cols []plan.Col, c *catalog.Column) plan.Expr {
			for _, o := range cols {
				if o.AttNum == c.AttNum {
					return ref(o.ID, c)
				}
			}
			panic(pgerr.Internal("no old value of column %s", c.Name))
		}
		switch m := in.(type) {
		case *plan.Insert:
			p.In = m.Source
			each(func(c *catalog.Column) {
				for i, att := range m.Targets {
					if att == c.AttNum {
						add(&now, c, ref(m.SourceCols[i], c))
						return
					}
				}
				add(&now, c, b.orNull(m.Defaults[c.AttNum], c))
			})
		case *plan.Update:
			p.In = m.Source
			each(func(c *catalog.Column) { add(&old, c, before(m.Old, c)) })
			each(func(c *catalog.Column) {
				for _, set := range m.Set {
					if set.AttNum == c.AttNum {
						add(&now, c, set.Expr)
						return
					}
				}
				add(&now, c, before(m.Old, c))
			})
		case *plan.Delete:
			p.In = m.Source
			each(func(c *catalog.Column) { add(&old, c, before(m.Old, c)) })
		default:
			panic(pgerr.Internal("a rule's rows come from %T", in))
		}
		rel = p
		if len(ctes) > 0 {
			rel = &plan.With{CTEs: ctes, In: p}
		}
		for _, side := range []struct {
			name string
			cols []plan.Col
		}{{rewrite.Old, old}, {rewrite.New, now}} {
			if side.cols != nil {
				items = append(items, b.ruleRow(b.relItem(s, rel, side.cols, side.name), src.view))
			}
		}
	})
	return rel, items
}

// ruleRow makes an item a row of the view that only its alias finds.
func (b *binder) ruleRow(it *expression.Item, v *catalog.Table) *expression.Item {
	it.ColVisible = false
	it.Row = func() plan.Expr {
		row := &plan.RowCtor{T: plan.Type{OID: v.RowType, Mod: -1}}
		for _, c := range it.Cols {
			row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
		}
		return row
	}
	return it
}

// returningOf binds the RETURNING list of a statement. A rule's command gives what the rewritten statement asks for: its own list
// stands for the view's columns.
func (b *binder) returningOf(n ast.Node, s *expression.Scope, list []ast.Node) ([]plan.Expr, []plan.Col) {
	r := b.ruled
	if r == nil || r.action != n {
		targets := b.targetList(s, list, expression.KindReturning)
		if p := b.mod(n); p != nil {
			p.output, p.row = targets, s.Names[0]
		}
		return b.returningTargets(targets)
	}
	rule := b.context()
	out := b.NewScope(s.Parent)
	it := &expression.Item{Alias: r.alias, Table: r.view, RelVisible: true, ColVisible: true}
	at := 0
	for i := range r.view.Columns {
		c := &r.view.Columns[i]
		if c.Dropped || at == len(list) {
			continue
		}
		node := list[at].(*ast.ResTarget).Val
		at++
		it.Cols = append(it.Cols, expression.ItemCol{Name: c.Name, T: lexicon.ColumnType(c), Ref: func() (e plan.Expr) {
			b.within(rule, func() { e = b.ResolveUnknown(b.ExprIn(s, node, expression.KindReturning)) })
			b.Collate(e)
			b.viewCols[e] = origin{r.view.OID, c.AttNum}
			return e
		}})
	}
	b.ruleRow(it, r.view)
	it.ColVisible = true
	out.Names = []*expression.Item{out.Register(it)}
	var es []plan.Expr
	var cols []plan.Col
	b.within(r.context, func() { es, cols = b.returning(out, r.list) })
	return es, cols
}

// rulesApply decides how a statement's target with rules is bound; false: as if there were none.
func (b *binder) rulesApply(v *catalog.Table, m *modTarget, verb modVerb) bool {
	switch {
	case b.shapes != nil, b.sourceOf == v: // to be printed, or as a source of rows
		b.sourceOf = nil
		m.t, m.instead = v, true
		return true
	case b.unruled == v:
		b.unruled = nil
		return false
	}
	if len(v.Rules) > 0 && verb.need == 0 {
		panic(b.Err(pgerr.FeatureNotSupported, -1, "cannot execute MERGE on relation \"%s\"", v.Name).
			WithDetail("MERGE is not supported for relations with rules."))
	}
	for _, e := range []catalog.RuleEvent{catalog.RuleInsert, catalog.RuleUpdate, catalog.RuleDelete} {
		if e.String() == verb.event && len(v.RulesFor(e)) > 0 {
			panic(pgerr.Unsupported("rules of view \"" + v.Name + "\" in this statement"))
		}
	}
	return false
}
