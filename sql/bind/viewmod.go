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

// modTarget is the relation that a data-modifying statement names: a table, or a simple view over one (manual: CREATE VIEW,
// Updatable Views). layers are the views, outermost first; rows go to t.
type modTarget struct {
	t      *catalog.Table
	rel    *catalog.Table // as named
	layers []*viewLayer
	// access is of rel, of the views below it and of t, in this order; nil where privileges do not matter.
	access []*plan.Access
	// instead: t is a view whose INSTEAD OF triggers take the rows.
	instead bool
	guard   *guard // row security of t, where the statement scans it
}

type viewLayer struct {
	view *catalog.Table
	sel  *ast.SelectStmt
	from *ast.RangeVar
}

// Words for the three statements' messages.
type modVerb struct {
	verb, doing, event string
	need               privilege.Set
	trigger            catalog.TriggerType
}

var (
	verbInsert = modVerb{"insert into", "inserting into", "INSERT", privilege.Insert, catalog.TriggerInsert}
	verbUpdate = modVerb{"update", "updating", "UPDATE", privilege.Update, catalog.TriggerUpdate}
	verbDelete = modVerb{"delete from", "deleting from", "DELETE", privilege.Delete, catalog.TriggerDelete}
	// What MERGE needs depends on its actions.
	verbMerge = modVerb{"update", "updating", "UPDATE", 0, 0}
)

// throughViews follows simple views down to their table, or to one with INSTEAD OF triggers.
func (b *binder) throughViews(v *catalog.Table, verb modVerb) *modTarget {
	m := &modTarget{rel: v, access: []*plan.Access{b.needs(v, verb.need)}}
	owner := b.viewOwner
	defer func() { b.viewOwner = owner }()
	for v.Kind == catalog.RelView {
		if len(m.layers) >= maxViewDepth {
			b.Fail(pgerr.InvalidObjectDefinition, -1, "infinite recursion detected in rules for relation \"%s\"", v.Name)
		}
		if b.rulesApply(v, m, verb) {
			return m
		}
		if verb.trigger != 0 && v.Instead(verb.trigger) {
			m.t, m.instead = v, true
			return m
		}
		n, err := b.Cache.Parse(v.View)
		b.Check(err, -1)
		sel, _ := n.(*ast.SelectStmt)
		if detail := b.notUpdatable(sel); detail != "" {
			panic(b.Err(pgerr.ObjectNotInPrerequisiteState, -1, "cannot %s view \"%s\"", verb.verb, v.Name).WithDetail("%s", detail).
				WithHint("To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional ON %s DO INSTEAD rule.", verb.doing, verb.event, verb.event))
		}
		l := &viewLayer{view: v, sel: sel, from: sel.FromClause[0].(*ast.RangeVar)}
		m.layers = append(m.layers, l)
		b.inView(func() { v, _ = b.Relation(l.from) })
		if v == nil {
			b.NoRelation(l.from)
		}
		b.use(v).Modify = true
		if !invoker(l.view) {
			b.viewOwner = l.view.Owner
		}
		m.access = append(m.access, b.needs(v, verb.need))
	}
	m.t = v
	if v.Virtual || !v.LikeTable() {
		b.Fail(pgerr.InsufficientPrivilege, -1, "permission denied: \"%s\" is a system catalog", v.Name)
	}
	return m
}

// inView runs f with names resolved as in a view's text.
func (b *binder) inView(f func()) {
	path := b.ViewPath
	b.ViewPath = storedPath(b.SearchPath)
	stored := b.Stored
	b.Stored = true
	b.Quiet++
	f()
	b.Stored = stored
	b.Quiet--
	b.ViewPath = path
}

// notUpdatable is view_query_is_auto_updatable: why not, or empty.
func (b *binder) notUpdatable(n *ast.SelectStmt) string {
	switch {
	case n == nil || len(n.ValuesLists) > 0:
		return "Views that do not select from a single table or view are not automatically updatable."
	case len(n.DistinctClause) > 0:
		return "Views containing DISTINCT are not automatically updatable."
	case len(n.GroupClause) > 0:
		return "Views containing GROUP BY are not automatically updatable."
	case n.HavingClause != nil:
		return "Views containing HAVING are not automatically updatable."
	case isSetOp(n):
		return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable."
	case n.WithClause != nil:
		return "Views containing WITH are not automatically updatable."
	case n.LimitCount != nil || n.LimitOffset != nil:
		return "Views containing LIMIT or OFFSET are not automatically updatable."
	}
	for _, t := range n.TargetList {
		if why := b.callsIn(t); why != "" {
			return "Views that return " + why + " are not automatically updatable."
		}
	}
	if len(n.FromClause) != 1 {
		return "Views that do not select from a single table or view are not automatically updatable."
	}
	if _, ok := n.FromClause[0].(*ast.RangeTableSample); ok {
		return "Views containing TABLESAMPLE are not automatically updatable."
	}
	rv, ok := n.FromClause[0].(*ast.RangeVar)
	if !ok {
		return "Views that do not select from a single table or view are not automatically updatable."
	}
	var base *catalog.Table
	b.inView(func() { base, _ = b.Relation(rv) })
	if base == nil || !base.LikeTable() && base.Kind != catalog.RelView {
		return "Views that do not select from a single table or view are not automatically updatable."
	}
	return ""
}

// callsIn names the kind of call that makes a view's output not updatable.
func (b *binder) callsIn(n ast.Node) string {
	why := ""
	ast.Walk(n, func(x ast.Node) bool {
		switch v := x.(type) {
		case *ast.SubLink:
			return false
		case *ast.FuncCall:
			name := lexicon.Names(v.Funcname)
			for _, p := range b.ProcsNamed(name) {
				switch {
				case v.Over != nil:
					why = "window functions"
				case p.Kind == 'a':
					why = "aggregate functions"
				case p.RetSet:
					why = "set-returning functions"
				}
			}
		}
		return why == ""
	})
	return why
}

// column is the table column behind a column of the target, by the name that the statement uses.
func (b *binder) column(m *modTarget, name string, loc int32, update bool) *catalog.Column {
	if len(m.layers) == 0 {
		c := b.targetColumn(m.t, name, loc, update)
		m.writes(0, c.AttNum, update)
		return c
	}
	outer := name
	for depth, l := range m.layers {
		i := columnIndex(l.view, name)
		if i < 0 {
			b.Fail(pgerr.UndefinedColumn, loc, "column \"%s\" of relation \"%s\" does not exist", outer, m.rel.Name)
		}
		m.writes(depth, l.view.ColumnByName(name).AttNum, update)
		below, detail := baseColumn(l.sel.TargetList[i].(*ast.ResTarget).Val, l.from)
		name = below
		if detail != "" {
			verb := "insert into"
			if update {
				verb = "update"
			}
			panic(b.Err(pgerr.FeatureNotSupported, -1, "cannot %s column \"%s\" of view \"%s\"", verb, outer, m.rel.Name).WithDetail("%s", detail))
		}
	}
	if c := m.t.ColumnByName(name); c != nil {
		m.writes(len(m.layers), c.AttNum, update)
		return c
	}
	b.Fail(pgerr.UndefinedColumn, loc, "column \"%s\" of relation \"%s\" does not exist", outer, m.rel.Name)
	return nil
}

// columnIndex is the position of a live column of a view; -1 none.
func columnIndex(v *catalog.Table, name string) int {
	at := 0
	for i := range v.Columns {
		if v.Columns[i].Dropped {
			continue
		}
		if v.Columns[i].Name == name {
			return at
		}
		at++
	}
	return -1
}

// layered offers the target's columns over an item of its table, and returns the scopes in which the views' conditions
// are bound, outermost view first.
func (b *binder) layered(s *expression.Scope, m *modTarget, base *expression.Item, alias string) (*expression.Item, []*expression.Scope) {
	if len(m.layers) == 0 {
		return base, nil
	}
	scopes := make([]*expression.Scope, len(m.layers))
	it := base
	for i := len(m.layers) - 1; i >= 0; i-- {
		l := m.layers[i]
		it.Alias = aliasOf(l.from)
		it.Schema = 0
		if l.from.Alias == nil && it.Table != nil {
			it.Schema = it.Table.Schema
		}
		in := b.NewScope(nil)
		in.Names = []*expression.Item{it}
		scopes[i] = in
		up := &expression.Item{Alias: alias, Table: l.view, Rel: base.Rel, RelVisible: true, ColVisible: true}
		at := 0
		for j := range l.view.Columns {
			c := &l.view.Columns[j]
			if c.Dropped {
				continue
			}
			node := l.sel.TargetList[at].(*ast.ResTarget).Val
			at++
			up.Cols = append(up.Cols, expression.ItemCol{Name: c.Name, T: lexicon.ColumnType(c), Ref: func() (e plan.Expr) {
				b.asOwner(l.view, func() { b.inView(func() { e = b.ResolveUnknown(b.ExprIn(in, node, expression.KindOther)) }) })
				b.Collate(e)
				b.viewCols[e] = origin{l.view.OID, c.AttNum}
				return e
			}})
		}
		up.Row = func() plan.Expr {
			row := &plan.RowCtor{T: plan.Type{OID: l.view.RowType, Mod: -1}}
			for _, c := range up.Cols {
				row.Fields, row.Names = append(row.Fields, c.Ref()), append(row.Names, c.Name)
			}
			return row
		}
		if m.access != nil {
			reading(up, l.view, m.access[i].Reading())
		}
		it = up
	}
	// The table under the views is not to be named.
	for i, have := range s.Tables {
		if have == base {
			s.Tables = append(s.Tables[:i:i], s.Tables[i+1:]...)
			break
		}
	}
	return s.Register(it), scopes
}

// viewConds are the conditions of the target's views on the rows of rel. From the outermost security_barrier view on they go into
// a barrier.
func (b *binder) viewConds(m *modTarget, rel plan.Rel, scopes []*expression.Scope) (out []plan.Expr) {
	barred := false
	for i, l := range m.layers {
		if !barred && barrierView(l.view) {
			barred = true
			b.guard(rel).outer = true
		}
		e := b.viewCond(l, scopes[i])
		switch {
		case e == nil:
		case barred:
			g := b.guards[rel]
			g.views = append(conjuncts(e), g.views...)
		default:
			out = append(out, conjuncts(e)...)
		}
	}
	return out
}

func (b *binder) viewCond(l *viewLayer, in *expression.Scope) (e plan.Expr) {
	if l.sel.WhereClause == nil {
		return nil
	}
	b.asOwner(l.view, func() {
		b.inView(func() {
			e = b.BoolExpr(in, l.sel.WhereClause, expression.KindWhere, "WHERE")
			b.Collate(e)
		})
	})
	return e
}

// viewChecks are the WITH CHECK OPTION conditions over a new row.
func (b *binder) viewChecks(m *modTarget, row *newRow) []plan.Check {
	if len(m.layers) == 0 {
		return nil
	}
	s := b.NewScope(nil)
	_, scopes := b.layered(s, m, b.rowItem(s, m.t, m.t.Name, row.col), m.rel.Name)
	var out []plan.Check
	cascaded := false
	for i, l := range m.layers {
		if cascaded || l.view.CheckOption != 0 {
			if e := b.viewCond(l, scopes[i]); e != nil {
				out = append(out, plan.Check{Constraint: l.view.Name, Expr: e, Kind: plan.CheckViewOption})
			}
		}
		cascaded = cascaded || l.view.CheckOption == 'c'
	}
	// The innermost view's condition is checked first.
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// viewDefaults are the defaults that the target's views give to columns of its table, the outermost view's first (ALTER
// VIEW … SET DEFAULT). A default of a column that is no column of the table is an error, as an INSERT always gives it.
func (b *binder) viewDefaults(m *modTarget) map[int16]string {
	var out map[int16]string
	for i, l := range m.layers {
		below := &modTarget{t: m.t, rel: l.view, layers: m.layers[i:]}
		for j := range l.view.Columns {
			c := &l.view.Columns[j]
			if c.Dropped || c.Default == "" {
				continue
			}
			att := b.column(below, c.Name, -1, false).AttNum
			if out == nil {
				out = map[int16]string{}
			}
			if _, ok := out[att]; !ok {
				out[att] = c.Default
			}
		}
	}
	return out
}

// defaultOf is what column c of the target takes when nothing is given, nil for NULL.
func (b *binder) defaultOf(m *modTarget, views map[int16]string, c *catalog.Column) plan.Expr {
	if sql, ok := views[c.AttNum]; ok {
		return b.storedExpr(m.t, sql, lexicon.ColumnType(c), func(*catalog.Column) plan.Col {
			panic(pgerr.Internal("default of column %q names a column", c.Name))
		})
	}
	return b.columnDefault(m.t, c)
}
