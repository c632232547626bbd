package catalog

import "slices"

// RuleEvent is pg_rewrite.ev_type.
type RuleEvent byte

// Events of rules.
const (
	RuleUpdate RuleEvent = '2'
	RuleInsert RuleEvent = '3'
	RuleDelete RuleEvent = '4'
)

var ruleEventNames = map[RuleEvent]string{RuleUpdate: "UPDATE", RuleInsert: "INSERT", RuleDelete: "DELETE"}

func (e RuleEvent) String() string { return ruleEventNames[e] }

// Rule is a rewrite rule of a view besides the one that its query is. It is immutable; what it depends on stands in the view's Deps.
type Rule struct {
	OID     OID
	Ident   Ident `json:",omitempty"`
	Name    string
	Event   RuleEvent
	Instead bool     `json:",omitempty"`
	Where   string   `json:",omitempty"` // over the rows old and new
	Actions []string `json:",omitempty"` // SQL with every name resolved; none: NOTHING
	// Returning: the action that has a RETURNING list, counted from 1.
	Returning int    `json:",omitempty"`
	Comment   string `json:",omitempty"`
}

// RuleByName returns the rule, or nil.
func (t *Table) RuleByName(name string) *Rule {
	for _, r := range t.Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// RulesFor lists the rules of an event in the order in which they apply: by name.
func (t *Table) RulesFor(e RuleEvent) (out []*Rule) {
	for _, r := range t.Rules {
		if r.Event == e {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *Rule) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

// Replaced reports whether an unconditional INSTEAD rule takes the place of an event.
func (t *Table) Replaced(e RuleEvent) bool {
	return slices.ContainsFunc(t.Rules, func(r *Rule) bool { return r.Event == e && r.Instead && r.Where == "" })
}

// RuleByOID returns a rule with its view; nil, nil if there is none.
func (c *Catalog) RuleByOID(oid OID) (table *Table, rule *Rule) {
	owner, ok := c.rules.Get(oid)
	if !ok {
		return nil, nil
	}
	t, _ := c.tables.Get(owner)
	for _, r := range t.Rules {
		if r.OID == oid {
			return t, r
		}
	}
	return nil, nil
}
