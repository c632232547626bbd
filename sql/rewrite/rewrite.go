package rewrite

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Names of the rows in rules.
const (
	Old = "old"
	New = "new"
)

// Target is the relation that a statement changes, and the event that this is for rules; nil for statements without.
func Target(n ast.Node) (*ast.RangeVar, catalog.RuleEvent) {
	switch v := n.(type) {
	case *ast.InsertStmt:
		return v.Relation, catalog.RuleInsert
	case *ast.UpdateStmt:
		return v.Relation, catalog.RuleUpdate
	case *ast.DeleteStmt:
		return v.Relation, catalog.RuleDelete
	}
	return nil, 0
}

// Step is one command of a rewritten statement.
type Step struct {
	// Rule is what asks for it; nil: it is the statement itself.
	Rule *catalog.Rule
	// Action is the rule's command. It is shared and must not be changed.
	Action ast.Node
	// Where must hold for a row; nil: nothing must.
	Where ast.Node
	// Returns: it gives the rows of RETURNING.
	Returns bool
}

// Steps are the commands that take a statement's place, and which of them the command tag counts (-1: none).
// Errors: 55000 and 0A000 for statements that the rules do not allow.
func Steps(v *catalog.Table, event catalog.RuleEvent, stmt ast.Node, cache *parser.Cache) (steps []Step, counted int, err error) {
	var products []Step
	replaced, conditional, returns := false, false, false
	for _, r := range v.RulesFor(event) {
		var where ast.Node
		if r.Where != "" {
			if where, err = cache.ParseExpr(r.Where); err != nil {
				return nil, 0, err
			}
		}
		switch {
		case r.Instead && where == nil:
			replaced = true
		case r.Instead:
			conditional = true
		}
		for i, sql := range r.Actions {
			n, err := cache.Parse(sql)
			if err != nil {
				return nil, 0, err
			}
			s := Step{Rule: r, Action: n, Where: where, Returns: r.Instead && r.Returning == i+1}
			returns = returns || s.Returns
			products = append(products, s)
		}
	}
	if len(returning(stmt)) > 0 && replaced && !returns {
		return nil, 0, pgerr.New(pgerr.FeatureNotSupported, "cannot perform %s RETURNING on relation \"%s\"", event, v.Name).
			WithHint("You need an unconditional ON %s DO INSTEAD rule with a RETURNING clause.", event)
	}
	if replaced {
		return products, lastOf(products, event), nil
	}
	if conditional {
		return nil, 0, conditionalOnly(v, event)
	}
	if event == catalog.RuleInsert {
		return append([]Step{{}}, products...), 0, nil
	}
	return append(products, Step{}), len(products), nil
}

var verbs = map[catalog.RuleEvent][2]string{catalog.RuleInsert: {"insert into", "inserting into"}, catalog.RuleUpdate: {"update", "updating"},
	catalog.RuleDelete: {"delete from", "deleting from"}}

func conditionalOnly(v *catalog.Table, event catalog.RuleEvent) error {
	verb := verbs[event]
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot %s view \"%s\"", verb[0], v.Name).
		WithDetail("Views with conditional DO INSTEAD rules are not automatically updatable.").
		WithHint("To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional ON %s DO INSTEAD rule.", verb[1], event, event)
}

// lastOf is the last command of INSTEAD rules that does what the statement does: its rows are those of the command tag.
func lastOf(steps []Step, event catalog.RuleEvent) int {
	for i := len(steps) - 1; i >= 0; i-- {
		if _, e := Target(steps[i].Action); e == event && steps[i].Rule.Instead {
			return i
		}
	}
	return -1
}

func returning(n ast.Node) []ast.Node {
	switch v := n.(type) {
	case *ast.InsertStmt:
		return v.ReturningList
	case *ast.UpdateStmt:
		return v.ReturningList
	case *ast.DeleteStmt:
		return v.ReturningList
	}
	return nil
}

// Returning is a statement's RETURNING list.
func Returning(n ast.Node) []ast.Node { return returning(n) }

// Silent is a statement without its RETURNING list.
func Silent(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.InsertStmt:
		c := *v
		c.ReturningList = nil
		return &c
	case *ast.UpdateStmt:
		c := *v
		c.ReturningList = nil
		return &c
	case *ast.DeleteStmt:
		c := *v
		c.ReturningList = nil
		return &c
	}
	return n
}

// PerRow reports whether an action runs for each row of the statement: it or its condition names old or new, or the statement has
// conditions or tables of its own. Otherwise an UPDATE or DELETE runs it once.
func PerRow(event catalog.RuleEvent, stmt ast.Node, s Step) bool {
	if event == catalog.RuleInsert || names(s.Action) || s.Where != nil && names(s.Where) {
		return true
	}
	switch v := stmt.(type) {
	case *ast.UpdateStmt:
		return v.WhereClause != nil || len(v.FromClause) > 0
	case *ast.DeleteStmt:
		return v.WhereClause != nil || len(v.UsingClause) > 0
	}
	return true
}

func names(n ast.Node) (found bool) {
	ast.Walk(n, func(n ast.Node) bool {
		if ref, ok := n.(*ast.ColumnRef); ok {
			if s, ok := ref.Fields[0].(*ast.String); ok && (s.Sval == Old || s.Sval == New) {
				found = true
			}
		}
		return !found
	})
	return found
}

// Compose is an action over the rows that source, a FROM item (nil: none), gives it.
func Compose(s Step, source ast.Node, silent bool) (ast.Node, error) {
	n := s.Action
	if silent {
		n = Silent(n)
	}
	var first []ast.Node
	if source != nil {
		first = []ast.Node{source}
	}
	switch v := n.(type) {
	case *ast.InsertStmt:
		c := *v
		sel, err := insertSource(v.SelectStmt, first, s.Where)
		c.SelectStmt = sel
		return &c, err
	case *ast.UpdateStmt:
		c := *v
		c.FromClause = append(first, v.FromClause...)
		c.WhereClause = and(v.WhereClause, s.Where)
		return &c, nil
	case *ast.DeleteStmt:
		c := *v
		c.UsingClause = append(first, v.UsingClause...)
		c.WhereClause = and(v.WhereClause, s.Where)
		return &c, nil
	}
	return nil, pgerr.Unsupported("this command in a rule")
}

// insertSource makes a query of an INSERT's source, with more FROM items and conditions.
func insertSource(n ast.Node, first []ast.Node, where ast.Node) (ast.Node, error) {
	sel, _ := n.(*ast.SelectStmt)
	switch {
	case sel == nil:
		if len(first) > 0 || where != nil {
			return nil, pgerr.Unsupported("INSERT DEFAULT VALUES in a rule")
		}
		return n, nil
	case len(sel.ValuesLists) == 1 && !hasTail(sel):
		c := &ast.SelectStmt{FromClause: first, WhereClause: where}
		for _, e := range sel.ValuesLists[0].(*ast.List).Items {
			c.TargetList = append(c.TargetList, &ast.ResTarget{Val: e})
		}
		return c, nil
	case len(sel.ValuesLists) > 0 && !hasTail(sel):
		const rows = "*VALUES*"
		sub := &ast.RangeSubselect{Lateral: true, Subquery: sel, Alias: &ast.Alias{Aliasname: rows}}
		return &ast.SelectStmt{FromClause: append(append([]ast.Node(nil), first...), sub), WhereClause: where,
			TargetList: []ast.Node{&ast.ResTarget{Val: &ast.ColumnRef{Fields: []ast.Node{&ast.String{Sval: rows}, &ast.A_Star{}}}}}}, nil
	case sel.Op != ast.SETOP_NONE && sel.Op != 0 || len(sel.ValuesLists) > 0:
		if len(first) > 0 || where != nil {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "conditional UNION/INTERSECT/EXCEPT statements are not implemented")
		}
		return n, nil
	}
	c := *sel
	c.FromClause = append(append([]ast.Node(nil), first...), sel.FromClause...)
	c.WhereClause = and(sel.WhereClause, where)
	return &c, nil
}

func hasTail(sel *ast.SelectStmt) bool {
	return len(sel.SortClause) > 0 || sel.LimitCount != nil || sel.LimitOffset != nil || sel.WithClause != nil
}

func and(a, b ast.Node) ast.Node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &ast.BoolExpr{Boolop: ast.AND_EXPR, Args: []ast.Node{a, b}}
}

// Tag is a statement's command tag.
func Tag(n ast.Node) string {
	_, event := Target(n)
	return event.String()
}
