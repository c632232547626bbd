package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
)

// Events that a relation takes, as pg_relation_is_updatable numbers them: a bit per CmdType of PostgreSQL.
const (
	TakesUpdate = 1 << 2
	TakesInsert = 1 << 3
	TakesDelete = 1 << 4
	takesAll    = TakesUpdate | TakesInsert | TakesDelete
)

// Updatable returns the events that a relation takes (Takes…): tables take all, views what INSTEAD OF triggers (where triggers
// says so) and the relation below them take. With a column, UPDATE and INSERT count only where it is a column of that relation.
func Updatable(env *Env, t *catalog.Table, triggers bool, column int16) (events int) {
	var err error
	defer place.Guard(&err) // a view whose text no longer binds takes nothing
	b := newBinder(env)
	var columns []int16
	if column != 0 {
		columns = []int16{column}
	}
	return b.updatable(t, triggers, columns, 0)
}

// updatable is Updatable for any of some columns; nil: whichever there are.
func (b *binder) updatable(t *catalog.Table, triggers bool, columns []int16, depth int) (events int) {
	if t.LikeTable() && t.Schema != catalog.TarnSchemaOID && t.View == "" {
		return takesAll
	}
	if t.Kind != catalog.RelView || depth > maxViewDepth {
		return 0
	}
	for ev, takes := range map[catalog.RuleEvent]int{catalog.RuleInsert: TakesInsert, catalog.RuleUpdate: TakesUpdate, catalog.RuleDelete: TakesDelete} {
		if t.Replaced(ev) {
			events |= takes
		}
	}
	if events == takesAll {
		return events
	}
	if triggers {
		for ev, takes := range map[catalog.TriggerType]int{catalog.TriggerInsert: TakesInsert, catalog.TriggerUpdate: TakesUpdate, catalog.TriggerDelete: TakesDelete} {
			if t.Instead(ev) {
				events |= takes
			}
		}
		if events == takesAll {
			return events
		}
	}
	n, err := b.Cache.Parse(t.View)
	b.Check(err, -1)
	sel, _ := n.(*ast.SelectStmt)
	if b.notUpdatable(sel) != "" {
		return events
	}
	from := sel.FromClause[0].(*ast.RangeVar)
	var base *catalog.Table
	b.inView(func() { base, _ = b.Relation(from) })
	below, at := []int16{}, 0
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Dropped {
			continue
		}
		name, refused := baseColumn(sel.TargetList[at].(*ast.ResTarget).Val, from)
		at++
		if refused != "" || columns != nil && !slices.Contains(columns, c.AttNum) {
			continue
		}
		if bc := base.ColumnByName(name); bc != nil {
			below = append(below, bc.AttNum)
		}
	}
	auto := takesAll
	if len(below) == 0 {
		auto = TakesDelete
	}
	if base.Kind == catalog.RelView {
		auto &= b.updatable(base, triggers, below, depth+1)
	}
	return events | auto
}

// baseColumn is the column of the relation below a simple view that an output of the view is, or why it is none (the DETAIL of
// what cannot be written).
func baseColumn(output ast.Node, from *ast.RangeVar) (name, refused string) {
	ref, ok := output.(*ast.ColumnRef)
	if !ok {
		return "", "View columns that are not columns of their base relation are not updatable."
	}
	list := lexicon.Names(ref.Fields)
	name = list[len(list)-1]
	switch {
	case expression.SystemColumn(name) != nil:
		return "", "View columns that refer to system columns are not updatable."
	case name == aliasOf(from) && len(list) == 1 || name == "*":
		return "", "View columns that return whole-row references are not updatable."
	}
	return name, ""
}

// UpdatableColumn reports whether a column can be changed and its rows deleted: what pg_column_is_updatable asks.
func UpdatableColumn(env *Env, t *catalog.Table, column int16, triggers bool) bool {
	const asked = TakesUpdate | TakesDelete
	return column > 0 && Updatable(env, t, triggers, column)&asked == asked
}
