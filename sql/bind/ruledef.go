package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rewrite"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// modShape keeps what binding makes of a data-modifying statement, for printing it again.
type modShape struct {
	s      *expression.Scope
	it     *expression.Item // the target of UPDATE and DELETE
	row    *expression.Item // the target in RETURNING
	target *catalog.Table
	insert *plan.Insert
	set    []plan.SetItem
	where  plan.Expr
	output []*expression.Target
}

// mod is the shape of a statement that is bound to be printed; nil: it is bound to run.
func (b *binder) mod(n ast.Node) *modShape {
	if b.shapes == nil {
		return nil
	}
	m := b.shapes.mods[n]
	if m == nil {
		m = &modShape{}
		b.shapes.mods[n] = m
	}
	return m
}

// RuleText is a rule's condition or command, printed with every name resolved.
type RuleText struct {
	SQL    string
	Access []*plan.Access
	// Output are the columns of RETURNING.
	Output []plan.Col
}

// RuleSQL binds a part of a rule on a view: its condition (where) or one of its commands.
func RuleSQL(env *Env, v *catalog.Table, event catalog.RuleEvent, n ast.Node, where bool, o DefOptions) (t RuleText, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.viewer = nil
	b.shapes, b.Printing = newShapes(), true
	d := &deparser{b: b, o: o, alias: map[*expression.Item]string{}, used: map[string]int{}}
	rows, named := b.NewScope(nil), map[string]bool{}
	for _, name := range []string{rewrite.Old, rewrite.New} {
		row := b.newRow(v)
		it := b.rowItem(rows, v, name, func(c *catalog.Column) plan.Col {
			named[name] = true
			return row.col(c)
		})
		it.ColVisible = false
		for _, c := range row.cols {
			b.items[c.ID] = it
		}
		rows.Names = append(rows.Names, it)
		d.alias[it] = name
		d.used[name]++
	}
	if where {
		e := b.BoolExpr(rows, n, expression.KindWhere, "WHERE")
		b.Collate(e)
		b.FinishParams()
		t.SQL = d.expr(e)
	} else {
		_, t.Output, _ = b.statement(b.NewScope(rows), n)
		b.FinishParams()
		d.modify(n)
		t.SQL = strings.TrimSpace(d.s.String())
		if o.Qualify != nil {
			t.SQL = strings.TrimRight(d.s.String(), " ")
		}
	}
	switch {
	case event == catalog.RuleInsert && named[rewrite.Old]:
		b.Fail(pgerr.InvalidObjectDefinition, -1, "ON INSERT rule cannot use OLD")
	case event == catalog.RuleDelete && named[rewrite.New]:
		b.Fail(pgerr.InvalidObjectDefinition, -1, "ON DELETE rule cannot use NEW")
	}
	t.Access = b.access
	return t, nil
}

// RuleDef is pg_get_ruledef: the rule as CREATE RULE; name is the view's.
func RuleDef(env *Env, v *catalog.Table, r *catalog.Rule, name string, o DefOptions) (string, error) {
	e := *env
	e.SearchPath, e.Stored = append([]catalog.OID{catalog.PgCatalogOID}, env.SearchPath...), true
	var s strings.Builder
	s.WriteString("CREATE RULE " + ruleutils.QuoteIdent(r.Name) + " AS\n    ON " + r.Event.String() + " TO " + name)
	if r.Where != "" {
		n, err := env.Cache.ParseExpr(r.Where)
		if err != nil {
			return "", err
		}
		t, err := RuleSQL(&e, v, r.Event, n, true, o)
		if err != nil {
			return "", err
		}
		s.WriteString("\n   WHERE " + t.SQL)
	}
	s.WriteString(" DO ")
	if r.Instead {
		s.WriteString("INSTEAD ")
	}
	if len(r.Actions) == 0 {
		s.WriteString("NOTHING;")
		return s.String(), nil
	}
	var list []string
	for _, sql := range r.Actions {
		n, err := env.Cache.Parse(sql)
		if err != nil {
			return "", err
		}
		t, err := RuleSQL(&e, v, r.Event, n, false, o)
		if err != nil {
			return "", err
		}
		list = append(list, t.SQL)
	}
	if len(list) == 1 {
		s.WriteString(list[0] + ";")
	} else {
		s.WriteString("(" + strings.Join(list, ";\n") + ";\n);")
	}
	return s.String(), nil
}

// modify prints an INSERT, UPDATE or DELETE.
func (d *deparser) modify(n ast.Node) {
	old := d.level
	m := d.b.shapes.mods[n]
	if m == nil {
		panic(pgerr.Unsupported("printing this statement"))
	}
	defer d.nameItems(&shape{s: m.s})()
	var w *ast.WithClause
	switch v := n.(type) {
	case *ast.InsertStmt:
		w = v.WithClause
	case *ast.UpdateStmt:
		w = v.WithClause
	case *ast.DeleteStmt:
		w = v.WithClause
	}
	d.with(w)
	d.level += indentStd
	d.put(" ")
	switch v := n.(type) {
	case *ast.InsertStmt:
		d.insert(v, m)
	case *ast.UpdateStmt:
		d.put("UPDATE ", d.target(v.Relation, m), " SET ")
		for i, set := range m.set {
			if i > 0 {
				d.put(", ")
			}
			switch set.Expr.(type) {
			case *plan.FieldAssign, *plan.SubscriptAssign:
				panic(pgerr.Unsupported("assignment to a part of a column in a rule"))
			}
			d.put(ruleutils.QuoteIdent(m.target.Column(set.AttNum).Name), " = ", d.expr(set.Expr))
		}
		d.fromList(" FROM ", v.FromClause)
	case *ast.DeleteStmt:
		d.put("DELETE FROM ", d.target(v.Relation, m))
		d.fromList(" USING ", v.UsingClause)
	}
	if m.where != nil {
		d.keyword(" WHERE ", -indentStd, indentStd, 1)
		d.put(d.expr(m.where))
	}
	if len(m.output) > 0 {
		if m.it != nil {
			d.alias[m.row] = d.nameOf(m.it)
		}
		d.keyword(" RETURNING", -indentStd, indentStd, 1)
		d.targetList(&shape{targets: m.output}, nil, true)
	}
	d.level = old
}

func (d *deparser) insert(n *ast.InsertStmt, m *modShape) {
	ins := m.insert
	d.put("INSERT INTO ", d.relation(m.target), " ")
	if n.Relation.Alias != nil {
		d.put("AS ", ruleutils.QuoteIdent(n.Relation.Alias.Aliasname), " ")
	}
	if n.OnConflictClause != nil {
		panic(pgerr.Unsupported("ON CONFLICT in a rule"))
	}
	var names []string
	for _, att := range ins.Targets {
		names = append(names, m.target.Column(att).Name)
	}
	if len(names) > 0 {
		d.put("(", quotedList(names), ") ")
	}
	switch ins.Overriding {
	case 's':
		d.put("OVERRIDING SYSTEM VALUE ")
	case 'u':
		d.put("OVERRIDING USER VALUE ")
	}
	v, values := ins.Source.(*plan.Values)
	switch {
	case len(names) == 0:
		d.put("DEFAULT VALUES")
	case values && len(v.Rows) == 1:
		d.keyword("VALUES (", -indentStd, indentStd, 2)
		for i, e := range v.Rows[0] {
			if i > 0 {
				d.put(", ")
			}
			d.put(d.expr(e))
		}
		d.put(")")
	case values:
		d.keyword("VALUES ", -indentStd, indentStd, 2)
		d.valuesRows(v.Rows)
	default:
		d.query(n.SelectStmt.(*ast.SelectStmt), nil, false)
	}
}

// target is the relation of an UPDATE or DELETE.
func (d *deparser) target(n *ast.RangeVar, m *modShape) string {
	text := d.relation(m.target)
	if !n.Inh && m.target.LikeTable() {
		text = "ONLY " + text
	}
	if name := d.nameOf(m.it); n.Alias != nil || name != n.Relname {
		text += " " + ruleutils.QuoteIdent(name)
	}
	return text
}

func (d *deparser) fromList(word string, list []ast.Node) {
	for i, f := range list {
		if i == 0 {
			d.keyword(word, -indentStd, indentStd, 2)
			d.fromItem(f)
			continue
		}
		d.put(",")
		text := d.sub(func(in *deparser) { in.fromItem(f) })
		d.keyword("", -indentStd, indentStd, indentVar)
		d.put(text)
	}
}
