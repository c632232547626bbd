package trigger

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
)

// Moment is when and how often a trigger fires.
type Moment uint8

const (
	BeforeStatement Moment = iota
	BeforeRow
	InsteadRow
	AfterRow
	AfterStatement
	moments
)

// momentOf is the moment of a trigger's type.
func momentOf(t catalog.TriggerType) Moment {
	row := t.Has(catalog.TriggerRow)
	switch {
	case t.Has(catalog.TriggerInstead):
		return InsteadRow
	case t.Has(catalog.TriggerBefore) && row:
		return BeforeRow
	case t.Has(catalog.TriggerBefore):
		return BeforeStatement
	case row:
		return AfterRow
	}
	return AfterStatement
}

// ops are the events in the order of Set's lists.
var ops = [...]catalog.TriggerType{catalog.TriggerInsert, catalog.TriggerDelete, catalog.TriggerUpdate, catalog.TriggerTruncate}

func opIndex(op catalog.TriggerType) int { return slices.Index(ops[:], op) }

// Set are the triggers of one table that fire in a session, by moment and event. It is immutable.
type Set struct {
	Table *catalog.Table
	lists [moments][len(ops)][]*catalog.Trigger
	// old and new: a trigger of the event has transition tables.
	old, new [len(ops)]bool
}

// Of sorts a table's triggers; nil where none can fire. replica: session_replication_role is replica.
func Of(t *catalog.Table, replica bool) *Set {
	var s *Set
	for _, g := range t.Triggers {
		if !catalog.Fires(g.Enabled, replica) {
			continue
		}
		if s == nil {
			s = &Set{Table: t}
		}
		for i, op := range ops {
			if g.Type.Has(op) {
				m := momentOf(g.Type)
				s.lists[m][i] = append(s.lists[m][i], g)
				s.old[i] = s.old[i] || g.OldTable != ""
				s.new[i] = s.new[i] || g.NewTable != ""
			}
		}
	}
	return s
}

// At are the triggers of a moment for an event, in the order in which they fire.
func (s *Set) At(m Moment, op catalog.TriggerType) []*catalog.Trigger {
	if s == nil {
		return nil
	}
	return s.lists[m][opIndex(op)]
}

// Transition reports whether the event's rows are to be kept for transition tables: the old ones, the new ones.
func (s *Set) Transition(op catalog.TriggerType) (old, new bool) {
	if s == nil {
		return false, false
	}
	i := opIndex(op)
	return s.old[i], s.new[i]
}

// Row reports whether the event has row triggers.
func (s *Set) Row(op catalog.TriggerType) bool {
	return s != nil && (len(s.At(BeforeRow, op)) > 0 || len(s.At(AfterRow, op)) > 0)
}

// Concerns reports whether an event of the columns cols fires a trigger: UPDATE OF names none of them otherwise.
func Concerns(g *catalog.Trigger, op catalog.TriggerType, cols []int16) bool {
	if op != catalog.TriggerUpdate || len(g.Cols) == 0 {
		return true
	}
	return slices.ContainsFunc(g.Cols, func(att int16) bool { return slices.Contains(cols, att) })
}
