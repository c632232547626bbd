package catalog

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
)

// PrivilegeKind is the kind of object that a relation is for GRANT.
func (t *Table) PrivilegeKind() privilege.Kind {
	if t.Kind == RelSequence {
		return privilege.Sequence
	}
	return privilege.Relation
}

// EffectiveACL is the relation's ACL, or its kind's default.
func (t *Table) EffectiveACL() privilege.ACL {
	if t.ACL != nil {
		return t.ACL
	}
	return privilege.Default(t.PrivilegeKind(), t.Owner)
}

// EffectiveACL is the schema's ACL, or the default.
func (sc *Schema) EffectiveACL() privilege.ACL {
	if sc.ACL != nil {
		return sc.ACL
	}
	return privilege.Default(privilege.Schema, sc.Owner)
}

// Privileges is the part of want that a role has on a whole relation (pg_class_aclmask).
func (t *Table) Privileges(roles *privilege.Roles, role OID, want privilege.Set) privilege.Set {
	if roles.IsSuper(role) {
		return want
	}
	have := t.EffectiveACL().Mask(roles, role, t.Owner, want, false)
	if want&privilege.Select&^have != 0 && roles.HasPrivsOf(role, privilege.ReadAllData) {
		have |= privilege.Select
	}
	const write = privilege.Insert | privilege.Update | privilege.Delete
	if want&write&^have != 0 && roles.HasPrivsOf(role, privilege.WriteAllData) && t.Kind != RelSequence {
		have |= want & write
	}
	return have
}

// ColumnsAllowed checks a privilege column by column; without columns, any column that has it will do. Number 0 is the whole row.
func (t *Table) ColumnsAllowed(roles *privilege.Roles, role OID, atts []int16, p privilege.Set) bool {
	has := func(c *Column) bool { return c.ACL.Mask(roles, role, t.Owner, p, false) != 0 }
	if len(atts) == 0 {
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Dropped && has(c) {
				return true
			}
		}
		return false
	}
	for _, att := range atts {
		switch {
		case att < 0:
			return false
		case att == 0:
			for i := range t.Columns {
				if c := &t.Columns[i]; !c.Dropped && !has(c) {
					return false
				}
			}
		case !has(t.Column(att)):
			return false
		}
	}
	return true
}

// Privileges is the part of want that a role has on a schema.
func (sc *Schema) Privileges(roles *privilege.Roles, role OID, want privilege.Set) privilege.Set {
	if roles.IsSuper(role) {
		return want
	}
	have := sc.EffectiveACL().Mask(roles, role, sc.Owner, want, false)
	if want&privilege.CreateVolume&^have != 0 && sc.EffectiveACL().Mask(roles, role, sc.Owner, privilege.Create, false) != 0 {
		have |= privilege.CreateVolume
	}
	if want&privilege.Usage&^have != 0 && (roles.HasPrivsOf(role, privilege.ReadAllData) || roles.HasPrivsOf(role, privilege.WriteAllData)) {
		have |= privilege.Usage
	}
	return have
}

// Denied is the error for a relation that may not be used.
func (t *Table) Denied() error {
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for %s %s", t.Word(), t.Name)
}

// Word is what messages about privileges call a relation.
func (t *Table) Word() string {
	switch {
	case t.Kind == RelView || t.Virtual && t.View != "":
		return "view"
	case t.Kind == RelSequence:
		return "sequence"
	case t.Kind == RelMatView:
		return "materialized view"
	case t.Kind == RelForeign:
		return "foreign table"
	}
	return "table"
}

// EffectiveACL is the function's ACL, or the default.
func (f *Function) EffectiveACL() privilege.ACL {
	if f.ACL != nil {
		return f.ACL
	}
	return privilege.Default(privilege.Function, f.Owner)
}

// Executable is the error for a function that a role may not call, or nil.
func (f *Function) Executable(roles *privilege.Roles, role OID) error {
	if roles.IsSuper(role) || f.EffectiveACL().Mask(roles, role, f.Owner, privilege.Execute, false) != 0 {
		return nil
	}
	word := "function"
	switch f.Proc.Kind {
	case 'p':
		word = "procedure"
	case 'a':
		word = "aggregate"
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for %s %s", word, f.Name)
}
