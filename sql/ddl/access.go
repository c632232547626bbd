package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
)

func denied(format string, args ...any) error {
	return pgerr.New(pgerr.InsufficientPrivilege, format, args...)
}

// super reports whether nothing has to be checked.
func (x *exec) super() bool { return x.Roles == nil || x.Roles.IsSuper(x.User) }

func (x *exec) owns(owner catalog.OID) bool { return x.super() || x.Roles.HasPrivsOf(x.User, owner) }

// mustOwn refuses who does not own a relation, or an index of it.
func (x *exec) mustOwn(t *catalog.Table, ix *catalog.Index) error {
	switch {
	case x.owns(t.Owner):
		return nil
	case ix != nil:
		return denied("must be owner of index %s", ix.Name)
	}
	return denied("must be owner of %s %s", t.Word(), t.Name)
}

// mayDrop is mustOwn, or owning the schema.
func (x *exec) mayDrop(t *catalog.Table, ix *catalog.Index) error {
	if sc := x.Catalog().SchemaByOID(t.Schema); sc != nil && x.owns(sc.Owner) {
		return nil
	}
	return x.mustOwn(t, ix)
}

func (x *exec) mustOwnSchema(sc *catalog.Schema) error {
	if x.owns(sc.Owner) {
		return nil
	}
	return denied("must be owner of schema %s", sc.Name)
}

// mayCreateIn refuses a new object in a schema.
func (x *exec) mayCreateIn(sc *catalog.Schema) error {
	if x.super() || isTempSchema(sc) || sc.Privileges(x.Roles, x.User, privilege.Create) != 0 {
		return nil
	}
	return denied("permission denied for schema %s", sc.Name)
}

// mayUseTemp refuses temporary objects to those whom the database does not give TEMPORARY.
func (x *exec) mayUseTemp() error {
	if x.super() || x.DatabasePrivileges == nil || x.DatabasePrivileges(x.User, privilege.Temporary) != 0 {
		return nil
	}
	return denied("permission denied to create temporary tables in database \"%s\"", x.Bind().Database)
}

// mayCreateSchema refuses a new schema, or one for somebody else.
func (x *exec) mayCreateSchema(owner catalog.OID) error {
	if x.super() {
		return nil
	}
	if x.DatabasePrivileges != nil && x.DatabasePrivileges(x.User, privilege.Create) == 0 {
		return denied("permission denied for database %s", x.Bind().Database)
	}
	return x.mayGiveTo(owner, nil)
}

// needs refuses who lacks a privilege on a whole relation.
func (x *exec) needs(t *catalog.Table, p privilege.Set) error {
	if x.super() || t.Privileges(x.Roles, x.User, p) == p {
		return nil
	}
	return t.Denied()
}

// mayGiveTo refuses a new owner that the user is no member of, or that may not create in the schema (ALTER … OWNER TO).
func (x *exec) mayGiveTo(owner catalog.OID, schema *catalog.Schema) error {
	if x.super() {
		return nil
	}
	if !x.Roles.IsMember(x.User, owner) {
		return denied("must be member of role \"%s\"", x.roleName(owner))
	}
	if schema != nil && schema.Privileges(x.Roles, owner, privilege.Create) == 0 {
		return denied("permission denied for schema %s", schema.Name)
	}
	return nil
}

func (x *exec) roleName(oid catalog.OID) string {
	if x.Roles != nil {
		if r := x.Roles.ByOID(oid); r != nil {
			return r.Name
		}
	}
	return ""
}

// newACL is what default privileges give to a new object (get_user_default_acl): nil for the kind's own default. what is
// pg_default_acl.defaclobjtype.
func (x *exec) newACL(kind privilege.Kind, what byte, schema catalog.OID) privilege.ACL {
	global, local := x.Catalog().DefaultACL(x.User, 0, what), x.Catalog().DefaultACL(x.User, schema, what)
	if schema == 0 {
		local = nil
	}
	if global == nil && local == nil {
		return nil
	}
	base := privilege.Default(kind, x.User)
	acl := base
	if global != nil {
		acl = global.ACL
	}
	if local != nil {
		acl = acl.Merge(local.ACL)
	}
	if acl.Equal(base) {
		return nil
	}
	return acl
}
