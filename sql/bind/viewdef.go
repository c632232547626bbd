package bind

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// DefOptions say how a query or expression is printed.
type DefOptions struct {
	// Pretty leaves needless parentheses out.
	Pretty bool
	// Qualify decides whether a relation is printed with its schema; nil: always, as the catalog stores it.
	Qualify func(*catalog.Table) bool
	// Columns names the result columns, as CREATE VIEW v (a, b) does; nil: the query's own names.
	Columns []string
	// Row is what RowExprSQL calls the row in queries; "": as the table.
	Row string
}

// shapes keep what binding makes of a query's clauses, for printing it again. The query is bound for this alone: nothing
// above its clauses is built, so that their expressions stay as they were written.
type shapes struct {
	selects map[*ast.SelectStmt]*shape
	items   map[ast.Node]*expression.Item // RangeVar, RangeSubselect, RangeFunction
	quals   map[*ast.JoinExpr]plan.Expr
	using   map[*ast.JoinExpr][]string
	groups  map[ast.Node]plan.Expr
	queries map[plan.Rel]*ast.SelectStmt // of expression subqueries
	ctes    map[*ast.RangeVar]bool
	samples map[*ast.RangeTableSample]*plan.Sample
	cycles  map[*ast.CommonTableExpr]*searchCycle
	mods    map[ast.Node]*modShape
	wheres  map[ast.Node]plan.Expr // of UPDATE and DELETE
}

type shape struct {
	s        *expression.Scope
	targets  []*expression.Target
	where    plan.Expr
	having   plan.Expr
	order    []expression.SortItem
	distinct []expression.SortItem
	lim      *limits
	rows     [][]plan.Expr // VALUES
}

func newShapes() *shapes {
	return &shapes{selects: map[*ast.SelectStmt]*shape{}, items: map[ast.Node]*expression.Item{}, quals: map[*ast.JoinExpr]plan.Expr{},
		using: map[*ast.JoinExpr][]string{}, groups: map[ast.Node]plan.Expr{}, queries: map[plan.Rel]*ast.SelectStmt{}, ctes: map[*ast.RangeVar]bool{}, samples: map[*ast.RangeTableSample]*plan.Sample{}, cycles: map[*ast.CommonTableExpr]*searchCycle{},
		mods: map[ast.Node]*modShape{}, wheres: map[ast.Node]plan.Expr{}}
}

// item records what a FROM item became.
func (sh *shapes) item(n ast.Node, it *expression.Item) {
	if sh != nil {
		sh.items[n] = it
	}
}

// QuerySQL prints a query with every name resolved: what CREATE VIEW stores, and pg_get_viewdef's text without the
// final semicolon. The query has been bound by Statement before, which finds its errors.
func QuerySQL(env *Env, query ast.Node, o DefOptions) (sql string, err error) {
	print, err := queryPrinter(env, query, o)
	if err != nil {
		return "", err
	}
	return print(env)
}

func queryPrinter(env *Env, query ast.Node, o DefOptions) (print Printer, err error) {
	defer place.Guard(&err)
	sel, ok := query.(*ast.SelectStmt)
	if !ok {
		return nil, pgerr.Unsupported("printing this statement")
	}
	b := newBinder(env)
	b.shapes, b.Printing = newShapes(), true
	q := b.query(b.NewScope(nil), sel, false)
	if o.Columns == nil {
		for _, c := range q.cols {
			o.Columns = append(o.Columns, c.Name)
		}
	}
	return func(env *Env) (sql string, err error) {
		defer place.Guard(&err)
		b.Catalog, b.Types = env.Catalog, env.Types
		d := &deparser{b: b, o: o, alias: map[*expression.Item]string{}, used: map[string]int{}}
		d.query(sel, o.Columns, true)
		return strings.TrimRight(d.s.String(), " "), nil
	}, nil
}

// ViewSQL is pg_get_viewdef: a stored view's query, printed by o.
func ViewSQL(env *Env, t *catalog.Table, o DefOptions) (sql string, err error) {
	n, err := env.Cache.Parse(t.View)
	if err != nil {
		return "", err
	}
	for i := range t.Columns {
		if !t.Columns[i].Dropped {
			o.Columns = append(o.Columns, t.Columns[i].Name)
		}
	}
	return QuerySQL(storedEnv(env), n, o)
}

// ExprSQL prints a stored expression of t in the pretty form or the plain one; qualify is of DefOptions, for relations in it.
func ExprSQL(env *Env, t *catalog.Table, sql string, pretty bool, qualify func(*catalog.Table) bool) (string, error) {
	if n, err := env.Cache.ParseExpr(sql); err == nil && hasQuery(n) {
		out, _, err := RowExprSQL(storedEnv(env), t, n, expression.KindOther, "", DefOptions{Pretty: pretty, Qualify: qualify})
		return out, err
	}
	e, err := WrittenExpr(env, t, sql)
	if err != nil {
		return "", err
	}
	return ruleutils.Expr(e, exprOptions(env, pretty))
}

// CheckSQL prints the stored condition of a domain over base.
func CheckSQL(env *Env, sql string, base plan.Type, pretty bool) (string, error) {
	e, err := WrittenCheck(env, sql, base)
	if err != nil {
		return "", err
	}
	o := exprOptions(env, pretty)
	o.Column = func(*plan.ColRef) string { return "VALUE" }
	return ruleutils.Expr(e, o)
}

func exprOptions(env *Env, pretty bool) *ruleutils.Options {
	b := newBinder(env)
	return &ruleutils.Options{Pretty: pretty, Indent: pretty, Env: env.Types, TypeName: b.TypeModText, FuncName: b.funcText, Function: env.Catalog.Function, OperName: b.operText}
}

func hasQuery(n ast.Node) (found bool) {
	ast.Walk(n, func(n ast.Node) bool {
		if _, ok := n.(*ast.SubLink); ok {
			found = true
		}
		return !found
	})
	return found
}

// RowExprSQL binds a condition or expression over one row of t that may hold queries, and prints it with every name resolved. what,
// if given, is the clause of a condition, for errors. access is what the expression needs of the relations that it names itself, and
// functions are those that it calls.
func RowExprSQL(env *Env, t *catalog.Table, n ast.Node, kind expression.Kind, what string, o DefOptions) (sql string, named Named, err error) {
	print, named, err := rowExprPrinter(env, t, n, kind, what, o)
	if err != nil {
		return "", named, err
	}
	sql, err = print(env)
	return sql, named, err
}

func rowExprPrinter(env *Env, t *catalog.Table, n ast.Node, kind expression.Kind, what string, o DefOptions) (print Printer, named Named, err error) {
	defer place.Guard(&err)
	b := newBinder(env)
	b.shapes, b.Printing = newShapes(), true
	s := b.NewScope(nil)
	row := b.newRow(t)
	it := b.rowItem(s, t, t.Name, row.col)
	a := &plan.Access{Table: t}
	reading(it, t, a)
	it.Schema = t.Schema
	s.Names = []*expression.Item{it}
	for _, c := range row.cols {
		b.items[c.ID] = it
	}
	var e plan.Expr
	if what != "" {
		e = b.BoolExpr(s, n, kind, what)
	} else {
		e = b.ResolveUnknown(b.ExprIn(s, n, kind))
	}
	b.Collate(e)
	b.FinishParams()
	named = Named{Expr: e, Access: append(b.access, a)}
	return func(env *Env) (sql string, err error) {
		defer place.Guard(&err)
		b.Catalog, b.Types = env.Catalog, env.Types
		d := &deparser{b: b, o: o, alias: map[*expression.Item]string{it: cmp.Or(o.Row, t.Name)}, used: map[string]int{cmp.Or(o.Row, t.Name): 1}}
		top := d.options()
		column := top.Column
		top.Column = func(c *plan.ColRef) string {
			if b.items[c.Col] == it {
				return ruleutils.QuoteIdent(c.Name)
			}
			return column(c)
		}
		return ruleutils.MustExpr(e, top), nil
	}, named, nil
}

// RowExpr binds the expression of SELECT expression over one row of t, for its errors.
func RowExpr(env *Env, t *catalog.Table, n ast.Node) error {
	sel, ok := n.(*ast.SelectStmt)
	if !ok || len(sel.TargetList) != 1 {
		return pgerr.Internal("an expression of form %T", n)
	}
	_, _, err := RowExprSQL(env, t, sel.TargetList[0].(*ast.ResTarget).Val, expression.KindOther, "", DefOptions{})
	return err
}

// Named is what an expression needs: the expression itself tells its types and functions, Access the relations and columns that it
// names, those inside of views not.
type Named struct {
	Expr   plan.Expr
	Access []*plan.Access
}

// deparser prints the shapes of one query (get_query_def).
type deparser struct {
	b     *binder
	o     DefOptions
	s     strings.Builder
	level int
	// alias gives FROM items names that no enclosing query uses; used are the names of the queries being printed.
	alias map[*expression.Item]string
	used  map[string]int
}

const (
	indentStd  = 8
	indentVar  = 4
	indentJoin = 4
)

func (d *deparser) put(ss ...string) {
	for _, s := range ss {
		d.s.WriteString(s)
	}
}

// keyword is appendContextKeyword: on a new line, indented.
func (d *deparser) keyword(word string, before, after, plus int) {
	d.level += before
	text := strings.TrimRight(d.s.String(), " ")
	d.s.Reset()
	d.put(text, "\n", strings.Repeat(" ", max(d.level, 0)+plus), word)
	d.level = max(d.level+after, 0)
}

// sub prints with a fresh buffer at the same level.
func (d *deparser) sub(f func(*deparser)) string {
	in := &deparser{b: d.b, o: d.o, level: d.level, alias: d.alias, used: d.used}
	f(in)
	return in.s.String()
}

func (d *deparser) options() *ruleutils.Options {
	return &ruleutils.Options{Pretty: d.o.Pretty, Indent: true, Level: d.level, Env: d.b.Types, Column: d.column,
		TypeName: d.typeName, FuncName: d.funcName, Function: d.b.Catalog.Function, OperName: d.operName, RowField: d.rowField,
		Subquery: func(q *plan.Subquery, level int) string {
			sel := d.b.shapes.queries[q.Rel]
			if sel == nil {
				panic(pgerr.Internal("subquery without a shape"))
			}
			return d.sub(func(in *deparser) {
				in.level = level
				in.query(sel, nil, false)
			})
		}}
}

func (d *deparser) expr(e plan.Expr) string { return ruleutils.MustExpr(e, d.options()) }

// column prints a column with its table, or what the column stands for.
func (d *deparser) column(c *plan.ColRef) string {
	b := d.b
	if df := b.Derived[c.Col]; df != nil {
		switch df.Kind {
		case 'w':
			return ruleutils.WindowCall(df.Def.(*plan.WindowCall), d.options()) + " OVER " + d.over(df.Scope, c.Col)
		case 'g':
			for _, g := range df.Scope.Group {
				if g.ID == c.Col {
					var args []string
					for _, a := range g.Args {
						args = append(args, d.expr(a))
					}
					return "GROUPING(" + strings.Join(args, ", ") + ")"
				}
			}
		}
		return d.expr(df.Def)
	}
	it := b.items[c.Col]
	if it == nil {
		return ruleutils.QuoteIdent(c.Name)
	}
	if b.Rows[c.Col] != nil {
		return ruleutils.QuoteIdent(d.nameOf(it)) + ".*"
	}
	name := c.Name
	for i, col := range it.Cols {
		if ref, ok := col.Ref().(*plan.ColRef); ok && ref.Col == c.Col {
			name = col.Name
			if cols, _ := columnNames(it); i < len(cols) {
				name = cols[i]
			}
			break
		}
	}
	if it.Alias == "" || !it.RelVisible {
		return ruleutils.QuoteIdent(name)
	}
	return ruleutils.QuoteIdent(d.nameOf(it)) + "." + ruleutils.QuoteIdent(name)
}

func (d *deparser) query(n *ast.SelectStmt, columns []string, visible bool) {
	old := d.level
	defer d.nameItems(d.b.shapes.selects[n])()
	d.with(n.WithClause)
	switch {
	case n.Op != ast.SETOP_NONE && n.Op != 0:
		d.setTree(n, columns, visible)
		sh := d.b.shapes.selects[n]
		if sh != nil {
			d.orderLimit(n, sh, true)
		}
	default:
		d.basic(n, columns, visible)
	}
	d.level = old
}

// nameItems chooses the aliases of a query's FROM items (set_rtable_names); the result gives the names free again.
func (d *deparser) nameItems(sh *shape) func() {
	if sh == nil {
		return func() {}
	}
	var mine []string
	for _, it := range sh.s.Tables {
		if it.Alias == "" || it.Unnamed || !it.RelVisible && it.Table == nil {
			continue
		}
		if _, ok := d.alias[it]; ok {
			continue
		}
		name := it.Alias
		for i := 1; d.used[name] > 0; i++ {
			name = it.Alias + "_" + strconv.Itoa(i)
		}
		d.used[name]++
		d.alias[it] = name
		mine = append(mine, name)
	}
	return func() {
		for _, name := range mine {
			d.used[name]--
		}
	}
}

// nameOf is the alias that an item is printed with.
func (d *deparser) nameOf(it *expression.Item) string {
	if name, ok := d.alias[it]; ok {
		return name
	}
	return it.Alias
}

func (d *deparser) with(w *ast.WithClause) {
	if w == nil {
		return
	}
	d.level += indentStd
	d.put(" WITH ")
	if w.Recursive {
		d.put("RECURSIVE ")
	}
	for i, node := range w.Ctes {
		c := node.(*ast.CommonTableExpr)
		if i > 0 {
			d.put(", ")
		}
		d.put(ruleutils.QuoteIdent(c.Ctename))
		if len(c.Aliascolnames) > 0 {
			d.put("(", quotedList(lexicon.Names(c.Aliascolnames)), ")")
		}
		d.put(" AS ")
		switch c.Ctematerialized {
		case ast.CTEMaterializeAlways:
			d.put("MATERIALIZED ")
		case ast.CTEMaterializeNever:
			d.put("NOT MATERIALIZED ")
		}
		sel, ok := c.Ctequery.(*ast.SelectStmt)
		if !ok {
			panic(pgerr.New(pgerr.FeatureNotSupported, "views must not contain data-modifying statements in WITH"))
		}
		d.put("(")
		d.keyword("", 0, 0, 0)
		d.query(sel, nil, true)
		d.keyword("", 0, 0, 0)
		d.put(")", d.searchCycle(c))
	}
	d.level -= indentStd
	d.keyword("", 0, 0, 0)
}

// searchCycle prints the SEARCH and CYCLE clauses of a WITH query.
func (d *deparser) searchCycle(c *ast.CommonTableExpr) string {
	s := ""
	if n := c.SearchClause; n != nil {
		order := "DEPTH"
		if n.SearchBreadthFirst {
			order = "BREADTH"
		}
		s += " SEARCH " + order + " FIRST BY " + quotedList(lexicon.Names(n.SearchColList)) + " SET " + ruleutils.QuoteIdent(n.SearchSeqColumn)
	}
	if n := c.CycleClause; n != nil {
		s += " CYCLE " + quotedList(lexicon.Names(n.CycleColList)) + " SET " + ruleutils.QuoteIdent(n.CycleMarkColumn)
		sc := d.b.shapes.cycles[c]
		if v, o := d.expr(sc.value), d.expr(sc.other); v != "true" || o != "false" {
			s += " TO " + v + " DEFAULT " + o
		}
		s += " USING " + ruleutils.QuoteIdent(n.CyclePathColumn)
	}
	return s
}

func quotedList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = ruleutils.QuoteIdent(s)
	}
	return strings.Join(out, ", ")
}

// basic is get_basic_select_query with what follows it.
func (d *deparser) basic(n *ast.SelectStmt, columns []string, visible bool) {
	sh := d.b.shapes.selects[n]
	if sh == nil {
		panic(pgerr.Internal("query without a shape"))
	}
	d.level += indentStd
	d.put(" ")
	if len(n.ValuesLists) > 0 {
		d.put("VALUES ")
		d.valuesRows(sh.rows)
		d.orderLimit(n, sh, false)
		return
	}
	d.put("SELECT")
	if len(n.DistinctClause) > 0 {
		d.put(" DISTINCT")
		if n.DistinctClause[0] != nil {
			d.put(" ON (")
			for i, o := range sh.distinct {
				if i > 0 {
					d.put(", ")
				}
				d.put(d.sortExpr(o.Target.Expr))
			}
			d.put(")")
		}
	}
	d.targetList(sh, columns, visible)
	d.fromList(" FROM ", n.FromClause)
	if sh.where != nil {
		d.keyword(" WHERE ", -indentStd, indentStd, 1)
		d.put(d.expr(sh.where))
	}
	if len(n.GroupClause) > 0 {
		d.keyword(" GROUP BY ", -indentStd, indentStd, 1)
		if n.GroupDistinct {
			d.put("DISTINCT ")
		}
		for i, g := range n.GroupClause {
			if i > 0 {
				d.put(", ")
			}
			d.put(d.groupItem(g, true))
		}
	}
	if sh.having != nil {
		d.keyword(" HAVING ", -indentStd, indentStd, 0)
		d.put(d.expr(sh.having))
	}
	first := true
	for _, node := range n.WindowClause {
		w := node.(*ast.WindowDef)
		if first {
			d.keyword(" WINDOW ", -indentStd, indentStd, 1)
		} else {
			d.put(", ")
		}
		first = false
		d.put(ruleutils.QuoteIdent(w.Name), " AS ", d.windowSpec(sh.s.NamedBy[w.Name], w.Refname))
	}
	d.orderLimit(n, sh, false)
	for _, l := range n.LockingClause {
		lc := l.(*ast.LockingClause)
		d.keyword(" "+lockName(lc.Strength), -indentStd, indentStd, 0)
		if len(lc.LockedRels) > 0 {
			var rels []string
			for _, r := range lc.LockedRels {
				rels = append(rels, ruleutils.QuoteIdent(r.(*ast.RangeVar).Relname))
			}
			d.put(" OF ", strings.Join(rels, ", "))
		}
		switch lc.WaitPolicy {
		case ast.LockWaitSkip:
			d.put(" SKIP LOCKED")
		case ast.LockWaitError:
			d.put(" NOWAIT")
		}
	}
}

func (d *deparser) valuesRows(rows [][]plan.Expr) {
	for i, row := range rows {
		if i > 0 {
			d.put(", ")
		}
		d.put("(")
		for j, e := range row {
			if j > 0 {
				d.put(",")
			}
			if ref, ok := e.(*plan.ColRef); ok {
				d.put(d.rowField(ref))
			} else {
				d.put(d.expr(e))
			}
		}
		d.put(")")
	}
}

func (d *deparser) targetList(sh *shape, columns []string, visible bool) {
	n := 0
	for _, t := range sh.targets {
		if t.Junk {
			continue
		}
		name := t.Name
		if n < len(columns) {
			name = columns[n]
		}
		if n > 0 {
			d.put(",")
		}
		d.put(" ")
		text := d.shown(t.Expr)
		own := ""
		switch e := t.Expr.(type) {
		case *plan.ColRef:
			if d.b.Derived[e.Col] == nil && d.b.Rows[e.Col] == nil {
				own = lastName(text)
			} else if d.b.Rows[e.Col] != nil {
				own = d.nameOf(d.b.items[e.Col])
			}
		}
		if own == "" && !visible {
			own = "?column?"
		}
		if ref, ok := t.Expr.(*plan.ColRef); ok && d.b.Rows[ref.Col] != nil {
			text, own = d.rowField(ref), ""
		}
		if own != name {
			text += " AS " + ruleutils.QuoteIdent(name)
		}
		switch {
		case strings.HasPrefix(text, "\n"):
			trimmed := strings.TrimRight(d.s.String(), " ")
			d.s.Reset()
			d.put(trimmed)
		case n > 0:
			d.keyword("", -indentStd, indentStd, indentVar)
		}
		d.put(text)
		n++
	}
}

// lastName is the column part of alias.column, unquoted.
func lastName(s string) string {
	inQuote, at := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			inQuote = !inQuote
		case s[i] == '.' && !inQuote:
			at = i + 1
		}
	}
	s = s[at:]
	if strings.HasPrefix(s, `"`) {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// shown prints an expression with the cast at its top, even one that the binder put in.
func (d *deparser) shown(e plan.Expr) string {
	s, err := ruleutils.ExprShown(e, d.options())
	d.b.Check(err, -1)
	return s
}

// sortExpr is get_rule_sortgroupclause.
func (d *deparser) sortExpr(e plan.Expr) string {
	if ref, ok := e.(*plan.ColRef); ok && d.b.Derived[ref.Col] != nil {
		return "(" + d.shown(e) + ")"
	}
	return ruleutils.SortExpr(e, d.options())
}

func (d *deparser) groupItem(n ast.Node, top bool) string {
	switch v := n.(type) {
	case *ast.GroupingSet:
		var parts []string
		for _, c := range v.Content {
			parts = append(parts, d.groupItem(c, false))
		}
		list := strings.Join(parts, ", ")
		switch v.Kind {
		case ast.GROUPING_SET_EMPTY:
			return "()"
		case ast.GROUPING_SET_ROLLUP:
			return "ROLLUP(" + list + ")"
		case ast.GROUPING_SET_CUBE:
			return "CUBE(" + list + ")"
		case ast.GROUPING_SET_SETS:
			for i, c := range v.Content {
				if _, ok := c.(*ast.GroupingSet); !ok && !strings.HasPrefix(parts[i], "(") {
					parts[i] = "(" + parts[i] + ")"
				}
			}
			return "GROUPING SETS (" + strings.Join(parts, ", ") + ")"
		}
		return list
	case *ast.RowExpr:
		if v.RowFormat == ast.COERCE_IMPLICIT_CAST {
			var parts []string
			for _, a := range v.Args {
				parts = append(parts, d.groupItem(a, false))
			}
			return "(" + strings.Join(parts, ", ") + ")"
		}
	}
	return d.sortExpr(d.b.shapes.groups[n])
}

func (d *deparser) orderLimit(n *ast.SelectStmt, sh *shape, byNumber bool) {
	if len(sh.order) > 0 {
		d.keyword(" ORDER BY ", -indentStd, indentStd, 1)
		for i, o := range sh.order {
			if i > 0 {
				d.put(", ")
			}
			if byNumber {
				for j, t := range sh.targets {
					if t == o.Target {
						d.put(strconv.Itoa(j + 1))
					}
				}
			} else {
				d.put(d.sortExpr(o.Target.Expr))
			}
			d.put(d.orderSuffix(o))
		}
	}
	if sh.lim == nil {
		return
	}
	if sh.lim.offset != nil {
		d.keyword(" OFFSET ", -indentStd, indentStd, 0)
		d.put(d.expr(sh.lim.offset))
	}
	if sh.lim.count != nil {
		if sh.lim.withTies {
			d.keyword(" FETCH FIRST ", -indentStd, indentStd, 0)
			d.put("(", d.expr(sh.lim.count), ") ROWS WITH TIES")
		} else {
			d.keyword(" LIMIT ", -indentStd, indentStd, 0)
			d.put(d.expr(sh.lim.count))
		}
	}
}

// orderSuffix prints DESC, NULLS …, or USING for an operator that is not the type's default.
func (d *deparser) orderSuffix(o expression.SortItem) string {
	lt, _, gt := d.b.OrderOperators(o.Target.Expr.Type().OID)
	if o.Less != lt && o.Less != gt {
		s := " USING " + d.b.Operator(o.Less).Name
		if o.NullsFirst {
			return s + " NULLS FIRST"
		}
		return s + " NULLS LAST"
	}
	return ruleutils.OrderSuffix(o.Desc, o.NullsFirst)
}

// setTree is get_setop_query.
func (d *deparser) setTree(n *ast.SelectStmt, columns []string, visible bool) {
	if paren := isSetOp(n.Larg) && !ownClauses(n.Larg) && !(n.Larg.Op == n.Op && n.Larg.All == n.All); paren {
		d.put("(")
		d.keyword("", indentStd, 0, 0)
		d.setArm(n.Larg, columns, visible)
		d.keyword(") ", -indentStd, 0, 0)
	} else {
		d.setArm(n.Larg, columns, visible)
		d.keyword("", 0, 0, 0)
	}
	d.put(setOpName(n.Op), " ")
	if n.All {
		d.put("ALL ")
	}
	if isSetOp(n.Rarg) && !ownClauses(n.Rarg) {
		d.put("(")
		d.keyword("", indentStd, 0, 0)
		d.setArm(n.Rarg, columns, false)
		d.level -= indentStd
		d.keyword(")", 0, 0, 0)
		return
	}
	d.keyword("", 0, 0, 0)
	d.setArm(n.Rarg, columns, false)
}

func isSetOp(n *ast.SelectStmt) bool { return n.Op != ast.SETOP_NONE && n.Op != 0 }

// ownClauses: a member of a set operation that is a query of its own.
func ownClauses(n *ast.SelectStmt) bool {
	return len(n.SortClause) > 0 || n.LimitCount != nil || n.LimitOffset != nil || len(n.LockingClause) > 0 || n.WithClause != nil
}

func (d *deparser) setArm(n *ast.SelectStmt, columns []string, visible bool) {
	if ownClauses(n) {
		d.put("(")
		d.query(n, columns, visible)
		d.put(")")
		return
	}
	if isSetOp(n) {
		d.setTree(n, columns, visible)
		return
	}
	d.query(n, columns, visible)
}

func (d *deparser) fromItem(n ast.Node) {
	sh := d.b.shapes
	switch v := n.(type) {
	case *ast.RangeVar:
		it := sh.items[n]
		if sh.ctes[v] {
			d.put(ruleutils.QuoteIdent(v.Relname))
		} else {
			if !v.Inh && it.Table.LikeTable() {
				d.put("ONLY ")
			}
			d.put(d.relation(it.Table))
		}
		if name := d.nameOf(it); name != v.Relname || v.Alias != nil && len(v.Alias.Colnames) > 0 {
			d.put(" ", ruleutils.QuoteIdent(name), d.aliasCols(v.Alias, it))
		}
	case *ast.RangeSubselect:
		if v.Lateral {
			d.put("LATERAL ")
		}
		sel := v.Subquery.(*ast.SelectStmt)
		it := sh.items[n]
		d.put("(")
		d.query(sel, nil, true)
		d.put(")")
		if v.Alias != nil {
			d.put(" ", ruleutils.QuoteIdent(d.nameOf(it)), d.aliasCols(v.Alias, it))
		}
	case *ast.RangeFunction:
		d.rangeFunction(v)
	case *ast.JoinExpr:
		d.join(v)
	case *ast.RangeTableSample:
		d.fromItem(v.Relation)
		d.sampleText(v)
	default:
		panic(pgerr.Unsupported("printing this FROM item"))
	}
}

// rowField prints a column where t.* would be expanded: a whole row with its type.
func (d *deparser) rowField(c *plan.ColRef) string {
	s := d.column(c)
	if d.b.Derived[c.Col] == nil && d.b.Rows[c.Col] != nil {
		s += "::" + d.rowType(c.T.OID)
	}
	return s
}

// typeName prints a type; a stored query names those of users with their schema.
func (d *deparser) typeName(oid types.OID, mod int32) string {
	if d.o.Qualify != nil || catalog.BuiltIn(oid) {
		return d.b.TypeModText(oid, mod)
	}
	t := d.b.Type(oid)
	if t == nil {
		return d.b.TypeModText(oid, mod)
	}
	if t.IsArray() {
		return d.typeName(t.Elem, mod) + "[]"
	}
	if t.Schema == "" {
		return d.b.TypeModText(oid, mod)
	}
	return ruleutils.QuoteIdent(t.Schema) + "." + ruleutils.QuoteIdent(t.Name)
}

// funcName prints the name of a function of users.
func (d *deparser) funcName(f *catalog.Function) string {
	if d.o.Qualify != nil {
		return d.b.funcText(f)
	}
	if now := d.b.Catalog.Function(f.OID); now != nil {
		f = now
	}
	return ruleutils.QuoteIdent(d.b.SchemaName(f.Schema)) + "." + ruleutils.QuoteIdent(f.Name)
}

// funcText is the name of a function, with its schema where search_path does not find it.
func (b *binder) funcText(f *catalog.Function) string {
	if b.SchemaVisible(b.SchemaName(f.Schema)) {
		return ruleutils.QuoteIdent(f.Name)
	}
	return ruleutils.QuoteIdent(b.SchemaName(f.Schema)) + "." + ruleutils.QuoteIdent(f.Name)
}

// operName and operText do for operators what funcName and funcText do for functions.
func (d *deparser) operName(oid types.OID) string {
	if d.o.Qualify != nil {
		return d.b.operText(oid)
	}
	o := d.b.Operator(oid)
	return "OPERATOR(" + ruleutils.QuoteIdent(d.b.SchemaName(o.Namespace)) + "." + o.Name + ")"
}

func (b *binder) operText(oid types.OID) string {
	o := b.Operator(oid)
	for _, have := range b.OperatorsNamed([]string{o.Name}) {
		if have.OID == oid {
			return o.Name
		}
	}
	return "OPERATOR(" + ruleutils.QuoteIdent(b.SchemaName(o.Namespace)) + "." + o.Name + ")"
}

// rowType prints a row type, qualified as its table is.
func (d *deparser) rowType(oid types.OID) string {
	if oid == types.Record {
		return "record"
	}
	if t := d.b.Type(oid); t != nil && (d.o.Qualify == nil || t.Schema != "" && !d.b.SchemaVisible(t.Schema)) {
		schema := t.Schema
		if schema == "" {
			schema = "pg_catalog"
		}
		return ruleutils.QuoteIdent(schema) + "." + ruleutils.QuoteIdent(t.Name)
	}
	return d.b.TypeText(oid)
}

func (d *deparser) relation(t *catalog.Table) string {
	if d.o.Qualify != nil && !d.o.Qualify(t) {
		return ruleutils.QuoteIdent(t.Name)
	}
	return ruleutils.QuoteIdent(d.b.SchemaName(t.Schema)) + "." + ruleutils.QuoteIdent(t.Name)
}

func (d *deparser) aliasCols(a *ast.Alias, it *expression.Item) string {
	cols, changed := columnNames(it)
	if !changed && (a == nil || len(a.Colnames) == 0) {
		return ""
	}
	return "(" + quotedList(cols) + ")"
}

// columnNames are the names of an item's columns, told apart where two are the same; changed: some had to be.
func columnNames(it *expression.Item) (out []string, changed bool) {
	seen := map[string]bool{}
	for _, c := range it.Cols {
		if c.Hidden {
			continue
		}
		name := c.Name
		for i := 1; seen[name]; i++ {
			name = c.Name + "_" + strconv.Itoa(i)
		}
		seen[name] = true
		changed = changed || name != c.Name
		out = append(out, name)
	}
	return out, changed
}

func (d *deparser) rangeFunction(v *ast.RangeFunction) {
	it := d.b.shapes.items[v]
	scan := it.Rel.(*plan.FuncScan)
	if v.Lateral {
		d.put("LATERAL ")
	}
	var fns []string
	for _, f := range scan.Funcs {
		fns = append(fns, d.shown(f.Call))
	}
	if len(fns) == 1 {
		d.put(fns[0])
	} else {
		d.put("ROWS FROM(", strings.Join(fns, ", "), ")")
	}
	if v.Ordinality {
		d.put(" WITH ORDINALITY")
	}
	d.put(" ", ruleutils.QuoteIdent(d.nameOf(it)))
	if len(v.Coldeflist) > 0 {
		d.put("(")
		for i, c := range scan.Out {
			if i > 0 {
				d.put(", ")
			}
			d.put(ruleutils.QuoteIdent(it.Cols[i].Name), " ", d.b.TypeModText(c.T.OID, c.T.Mod))
		}
		d.put(")")
		return
	}
	cols, _ := columnNames(it)
	d.put("(", quotedList(cols), ")")
}

func (d *deparser) join(v *ast.JoinExpr) {
	sh := d.b.shapes
	paren := !d.o.Pretty || v.Alias != nil
	if paren {
		d.put("(")
	}
	d.fromItem(v.Larg)
	using, qual := sh.using[v], sh.quals[v]
	word := " JOIN "
	switch v.Jointype {
	case ast.JOIN_LEFT:
		word = " LEFT JOIN "
	case ast.JOIN_RIGHT:
		word = " RIGHT JOIN "
	case ast.JOIN_FULL:
		word = " FULL JOIN "
	default:
		if qual == nil && len(using) == 0 {
			word = " CROSS JOIN "
		}
	}
	d.keyword(word, -indentStd, indentStd, indentJoin)
	_, nested := v.Rarg.(*ast.JoinExpr)
	if nested && d.o.Pretty {
		d.put("(")
	}
	d.fromItem(v.Rarg)
	if nested && d.o.Pretty {
		d.put(")")
	}
	switch {
	case len(using) > 0:
		d.put(" USING (", quotedList(using), ")")
		if v.JoinUsingAlias != nil {
			d.put(" AS ", ruleutils.QuoteIdent(v.JoinUsingAlias.Aliasname))
		}
	case qual != nil:
		d.put(" ON ")
		if !d.o.Pretty {
			d.put("(")
		}
		d.put(d.expr(qual))
		if !d.o.Pretty {
			d.put(")")
		}
	case word != " CROSS JOIN ":
		d.put(" ON TRUE")
	}
	if paren {
		d.put(")")
	}
	if v.Alias != nil {
		d.put(" ", ruleutils.QuoteIdent(v.Alias.Aliasname))
		if len(v.Alias.Colnames) > 0 {
			d.put("(", quotedList(lexicon.Names(v.Alias.Colnames)), ")")
		}
	}
}

// over prints the window of a call: its name, or its definition.
func (d *deparser) over(s *expression.Scope, id plan.ColID) string {
	w := d.b.WindowOf(s, id)
	for name, named := range s.NamedBy {
		if named == w {
			return ruleutils.QuoteIdent(name)
		}
	}
	return d.windowSpec(w, w.Ref)
}

func (d *deparser) windowSpec(w *expression.Window, ref string) string {
	var parts []string
	if ref != "" {
		parts = append(parts, ruleutils.QuoteIdent(ref))
	}
	if len(w.Partition) > 0 && ref == "" {
		var es []string
		for _, e := range w.Partition {
			es = append(es, d.sortExpr(e))
		}
		parts = append(parts, "PARTITION BY "+strings.Join(es, ", "))
	}
	if len(w.Order) > 0 && !w.OrderRef {
		var es []string
		for _, o := range w.Order {
			es = append(es, d.sortExpr(o.Target.Expr)+d.orderSuffix(o))
		}
		parts = append(parts, "ORDER BY "+strings.Join(es, ", "))
	}
	if w.Def.FrameOptions&expression.FrameNonDefault != 0 {
		parts = append(parts, d.frame(w))
	}
	return "(" + strings.Join(parts, " ") + ")"
}

func (d *deparser) frame(w *expression.Window) string {
	f := &w.Frame
	bound := func(k plan.Bound, off plan.Expr) string {
		switch k {
		case plan.UnboundedPreceding:
			return "UNBOUNDED PRECEDING"
		case plan.UnboundedFollowing:
			return "UNBOUNDED FOLLOWING"
		case plan.CurrentRow:
			return "CURRENT ROW"
		case plan.OffsetPreceding:
			return d.expr(off) + " PRECEDING"
		}
		return d.expr(off) + " FOLLOWING"
	}
	s := [...]string{plan.FrameRange: "RANGE ", plan.FrameRows: "ROWS ", plan.FrameGroups: "GROUPS "}[f.Mode]
	if w.Def.FrameOptions&expression.FrameBetween != 0 {
		s += "BETWEEN " + bound(f.Start, f.StartOff) + " AND " + bound(f.End, f.EndOff)
	} else {
		s += bound(f.Start, f.StartOff)
	}
	switch f.Exclude {
	case plan.ExcludeCurrentRow:
		s += " EXCLUDE CURRENT ROW"
	case plan.ExcludeGroup:
		s += " EXCLUDE GROUP"
	case plan.ExcludeTies:
		s += " EXCLUDE TIES"
	}
	return s
}
