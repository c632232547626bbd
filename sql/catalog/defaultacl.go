package catalog

// DefaultACL is what ALTER DEFAULT PRIVILEGES has set for objects that its Owner makes (pg_default_acl). Schema 0: everywhere; that
// replaces the kind's default, one of a schema is added to it. Header.Name is empty.
type DefaultACL struct {
	Header
	// For is pg_default_acl.defaclobjtype: r, S, f, T, n.
	For byte
}

var _ Object = (*DefaultACL)(nil)

func (*DefaultACL) Kind() Kind     { return KindDefaultACL }
func (d *DefaultACL) LastOID() OID { return d.OID }

// DefaultACL finds the row of a role for a kind of object and a schema (0: everywhere), or nil.
func (c *Catalog) DefaultACL(role, schema OID, kind byte) (found *DefaultACL) {
	c.Objects(KindDefaultACL, func(o Object) bool {
		if d := o.(*DefaultACL); d.Owner == role && d.Schema == schema && d.For == kind {
			found = d
		}
		return found == nil
	})
	return found
}
