package catalog

// Policy is a row security policy of a table. It is immutable; what it depends on stands in the table's Deps.
type Policy struct {
	OID        OID
	Ident      Ident `json:",omitempty"`
	Name       string
	Command    PolicyCommand
	Permissive bool
	// Roles that it holds for; 0 among them: everybody.
	Roles []OID
	// Using and Check are conditions over a row of the table as SQL; "": none.
	Using   string `json:",omitempty"`
	Check   string `json:",omitempty"`
	Comment string `json:",omitempty"`
}

// PolicyCommand is pg_policy.polcmd.
type PolicyCommand byte

const (
	ForAll    PolicyCommand = '*'
	ForSelect PolicyCommand = 'r'
	ForInsert PolicyCommand = 'a'
	ForUpdate PolicyCommand = 'w'
	ForDelete PolicyCommand = 'd'
)

// PolicyByName returns the policy, or nil.
func (t *Table) PolicyByName(name string) *Policy {
	for _, p := range t.Policies {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// PolicyByOID returns a policy with its table; nil, nil if there is none.
func (c *Catalog) PolicyByOID(oid OID) (table *Table, policy *Policy) {
	owner, ok := c.policies.Get(oid)
	if !ok {
		return nil, nil
	}
	t, _ := c.tables.Get(owner)
	for _, p := range t.Policies {
		if p.OID == oid {
			return t, p
		}
	}
	return nil, nil
}
