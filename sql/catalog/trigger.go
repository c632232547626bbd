package catalog

import "strings"

// TriggerType is pg_trigger.tgtype: the level, the moment and the events. Neither TriggerBefore nor TriggerInstead is AFTER.
type TriggerType int16

const (
	TriggerRow TriggerType = 1 << iota
	TriggerBefore
	TriggerInsert
	TriggerDelete
	TriggerUpdate
	TriggerTruncate
	TriggerInstead
)

// TriggerEvents are the bits of the events.
const TriggerEvents = TriggerInsert | TriggerDelete | TriggerUpdate | TriggerTruncate

// Has reports whether all of the bits are set.
func (t TriggerType) Has(bits TriggerType) bool { return t&bits == bits }

// After reports a trigger that fires when the change has been made.
func (t TriggerType) After() bool { return t&(TriggerBefore|TriggerInstead) == 0 }

// When is TG_WHEN, Level TG_LEVEL; both as information_schema.triggers has them.
func (t TriggerType) When() string {
	switch {
	case t.Has(TriggerBefore):
		return "BEFORE"
	case t.Has(TriggerInstead):
		return "INSTEAD OF"
	}
	return "AFTER"
}

func (t TriggerType) Level() string {
	if t.Has(TriggerRow) {
		return "ROW"
	}
	return "STATEMENT"
}

// Op is TG_OP for a single event.
func (t TriggerType) Op() string {
	switch t & TriggerEvents {
	case TriggerInsert:
		return "INSERT"
	case TriggerDelete:
		return "DELETE"
	case TriggerUpdate:
		return "UPDATE"
	case TriggerTruncate:
		return "TRUNCATE"
	}
	return ""
}

// Values of Trigger.Enabled and Table.SystemTriggers (pg_trigger.tgenabled).
const (
	TriggerOrigin   = 'O' // unless session_replication_role is replica
	TriggerDisabled = 'D'
	TriggerReplica  = 'R' // where it is replica
	TriggerAlways   = 'A'
)

// Trigger is a trigger of a table or view. What foreign keys and deferrable constraints do is not among them.
type Trigger struct {
	OID     OID
	Ident   Ident `json:",omitempty"`
	Name    string
	Func    OID // of the function, built in or of users
	Type    TriggerType
	Enabled byte
	// Cols are the columns of UPDATE OF; nil: any.
	Cols []int16  `json:",omitempty"`
	Args []string `json:",omitempty"`
	// When is the condition over rows "old" and "new" as SQL, with every name qualified.
	When string `json:",omitempty"`
	// OldTable and NewTable name the transition tables.
	OldTable string `json:",omitempty"`
	NewTable string `json:",omitempty"`
	// Constraint is set for constraint triggers: the table has a Constraint of that OID and type ConTrigger, which says when they
	// are due. RefTable is the table of FROM.
	Constraint OID `json:",omitempty"`
	RefTable   OID `json:",omitempty"`
	// Parent is the trigger of the partitioned table that this one was cloned from.
	Parent  OID    `json:",omitempty"`
	Comment string `json:",omitempty"`
	// Extensions are those that the trigger goes with (ALTER TRIGGER … DEPENDS ON EXTENSION).
	Extensions []string `json:",omitempty"`
}

// Fires reports whether a trigger with that pg_trigger.tgenabled fires for a session; replica: session_replication_role is replica.
func Fires(enabled byte, replica bool) bool {
	switch enabled {
	case TriggerDisabled:
		return false
	case TriggerReplica:
		return replica
	case TriggerAlways:
		return true
	}
	return !replica
}

// TriggerByName returns the table's trigger of that name, or nil.
func (t *Table) TriggerByName(name string) *Trigger {
	for _, g := range t.Triggers {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// Instead reports whether a view has INSTEAD OF triggers for an event.
func (t *Table) Instead(event TriggerType) bool {
	for _, g := range t.Triggers {
		if g.Type.Has(TriggerInstead | event) {
			return true
		}
	}
	return false
}

// WithTrigger returns a list of triggers with g added, or in place of the one of its OID, in the order in which they fire.
func WithTrigger(list []*Trigger, g *Trigger) []*Trigger {
	out := make([]*Trigger, 0, len(list)+1)
	done := false
	for _, h := range list {
		if h.OID == g.OID {
			continue
		}
		if !done && strings.Compare(g.Name, h.Name) < 0 {
			out, done = append(out, g), true
		}
		out = append(out, h)
	}
	if !done {
		out = append(out, g)
	}
	return out
}

// TriggerByOID returns a trigger with its table; nil, nil if there is none.
func (c *Catalog) TriggerByOID(oid OID) (*Table, *Trigger) {
	owner, ok := c.triggers.Get(oid)
	if !ok {
		return nil, nil
	}
	t, _ := c.tables.Get(owner)
	for _, g := range t.Triggers {
		if g.OID == oid {
			return t, g
		}
	}
	return nil, nil
}
