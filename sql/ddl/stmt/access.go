package stmt

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
)

// Denied is an error 42501.
func Denied(format string, args ...any) error {
	return pgerr.New(pgerr.InsufficientPrivilege, format, args...)
}

// Super reports whether nothing has to be checked.
func (x *Ctx) Super() bool { return x.Roles == nil || x.Roles.IsSuper(x.User) }

// Owns reports whether the user has the rights of an owner.
func (x *Ctx) Owns(owner catalog.OID) bool { return x.Super() || x.Roles.HasPrivsOf(x.User, owner) }

// MustOwn refuses who does not own a relation, or an index of it.
func (x *Ctx) MustOwn(t *catalog.Table, ix *catalog.Index) error {
	switch {
	case x.Owns(t.Owner):
		return nil
	case ix != nil:
		return Denied("must be owner of index %s", ix.Name)
	}
	return Denied("must be owner of %s %s", t.Word(), t.Name)
}

// MustOwnObject refuses who does not own an object of the general store; what is its kind and name.
func (x *Ctx) MustOwnObject(h *catalog.Header, what string) error {
	if x.Owns(h.Owner) {
		return nil
	}
	return Denied("must be owner of %s", what)
}

// OwnsType reports whether the user may act for the owner of a type.
func (x *Ctx) OwnsType(oid catalog.OID) bool {
	owner := catalog.SuperuserOID
	if t := x.Catalog().Type(oid); t != nil {
		owner = t.Owner
	} else if r := x.Catalog().RowTypeOf(oid); r != nil {
		owner = r.Owner
	}
	return x.Owns(owner)
}

// MayDropObject is MustOwnObject, or owning the schema.
func (x *Ctx) MayDropObject(h *catalog.Header, what string) error {
	if sc := x.Catalog().SchemaByOID(h.Schema); sc != nil && x.Owns(sc.Owner) {
		return nil
	}
	return x.MustOwnObject(h, what)
}

// MayDrop is mustOwn, or owning the schema.
func (x *Ctx) MayDrop(t *catalog.Table, ix *catalog.Index) error {
	if sc := x.Catalog().SchemaByOID(t.Schema); sc != nil && x.Owns(sc.Owner) {
		return nil
	}
	return x.MustOwn(t, ix)
}

// MustOwnSchema refuses who does not own a schema.
func (x *Ctx) MustOwnSchema(sc *catalog.Schema) error {
	if x.Owns(sc.Owner) {
		return nil
	}
	return Denied("must be owner of schema %s", sc.Name)
}

// MayCreateIn refuses a new object in a schema.
func (x *Ctx) MayCreateIn(sc *catalog.Schema) error { return x.MayMakeIn(sc, privilege.Create) }

// MayMakeIn is MayCreateIn for objects that one of these privileges suffices for.
func (x *Ctx) MayMakeIn(sc *catalog.Schema, one privilege.Set) error {
	if x.Super() || IsTempSchema(sc) || sc.Privileges(x.Roles, x.User, one) != 0 {
		return nil
	}
	return Denied("permission denied for schema %s", sc.Name)
}

// mayUseTemp refuses temporary objects to those whom the database does not give TEMPORARY.
func (x *Ctx) mayUseTemp() error {
	if x.Restricted {
		return Denied("cannot create temporary table within security-restricted operation")
	}
	if x.Super() || x.DatabasePrivileges == nil || x.DatabasePrivileges(x.User, privilege.Temporary) != 0 {
		return nil
	}
	return Denied("permission denied to create temporary tables in database \"%s\"", x.Bind().Database)
}

// MayCreateSchema refuses a new schema, or one for somebody else.
func (x *Ctx) MayCreateSchema(owner catalog.OID) error {
	if x.Super() {
		return nil
	}
	if x.DatabasePrivileges != nil && x.DatabasePrivileges(x.User, privilege.Create) == 0 {
		return Denied("permission denied for database %s", x.Bind().Database)
	}
	return x.MayGiveTo(owner, nil)
}

// Needs refuses who lacks a privilege on a whole relation.
func (x *Ctx) Needs(t *catalog.Table, p privilege.Set) error {
	if x.Super() || t.Privileges(x.Roles, x.User, p) == p {
		return nil
	}
	return t.Denied()
}

// MayUseType refuses who lacks USAGE on a type of users, or on the element type of an array.
func (x *Ctx) MayUseType(oid catalog.OID) error {
	t := x.Catalog().Type(oid)
	if t == nil || x.Super() {
		return nil
	}
	acl := t.ACL
	if acl == nil {
		acl = privilege.Default(privilege.Type, t.Owner)
	}
	if acl.Mask(x.Roles, x.User, t.Owner, privilege.Usage, false) != 0 {
		return nil
	}
	return Denied("permission denied for type %s", x.TypeText(t.OID))
}

// MayGiveTo refuses a new owner that the user is no member of, or that may not create in the schema (ALTER … OWNER TO).
func (x *Ctx) MayGiveTo(owner catalog.OID, schema *catalog.Schema) error {
	if x.Super() {
		return nil
	}
	if !x.Roles.IsMember(x.User, owner) {
		return Denied("must be member of role \"%s\"", x.RoleName(owner))
	}
	if schema != nil && schema.Privileges(x.Roles, owner, privilege.Create) == 0 {
		return Denied("permission denied for schema %s", schema.Name)
	}
	return nil
}

// RoleName is a role's name; "" for one that has gone.
func (x *Ctx) RoleName(oid catalog.OID) string {
	if x.Roles != nil {
		if r := x.Roles.ByOID(oid); r != nil {
			return r.Name
		}
	}
	return ""
}

// NewACL is what default privileges give to a new object (get_user_default_acl): nil for the kind's own default. what is
// pg_default_acl.defaclobjtype.
func (x *Ctx) NewACL(kind privilege.Kind, what byte, schema catalog.OID) privilege.ACL {
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

// RoleID is a role by specification, with special names resolved.
func (x *Ctx) RoleID(spec *ast.RoleSpec) (catalog.OID, error) {
	oid, _, err := x.RoleOf(spec)
	return oid, err
}

// RoleOf resolves a role specification; nil is the current user.
func (x *Ctx) RoleOf(r *ast.RoleSpec) (catalog.OID, string, error) {
	if r != nil {
		switch r.Roletype {
		case ast.ROLESPEC_SESSION_USER:
			return x.SessionUser, x.RoleName(x.SessionUser), nil
		case ast.ROLESPEC_CURRENT_ROLE, ast.ROLESPEC_CURRENT_USER:
			return x.User, x.RoleName(x.User), nil
		case ast.ROLESPEC_PUBLIC:
			return 0, "", pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", "public")
		}
		oid, ok := x.Role(r.Rolename)
		if !ok {
			return 0, "", pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", r.Rolename)
		}
		return oid, r.Rolename, nil
	}
	return x.User, "", nil
}
