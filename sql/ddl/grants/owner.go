package grants

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/policy"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/storage/lock"
)

// GiveTo makes owner the owner of a relation and of the sequences that belong to it.
func GiveTo(x *stmt.Ctx, t *catalog.Table, owner catalog.OID) {
	list := append([]*catalog.Table{t}, depend.OwnedSequences(x, t.OID, 0)...)
	for _, r := range list {
		next := stmt.Edit(r)
		next.ACL = r.ACL.NewOwner(r.Owner, owner)
		for i := range next.Columns {
			next.Columns[i].ACL = r.Columns[i].ACL.NewOwner(r.Owner, owner)
		}
		next.Owner = owner
		x.Put(next)
	}
}

// relations lists what f takes, with the lock that changing owners and privileges needs.
func relations(x *stmt.Ctx, f func(*catalog.Table) bool) (out []*catalog.Table, err error) {
	var oids []catalog.OID
	x.Catalog().Tables(func(t *catalog.Table) bool {
		if !catalog.BuiltIn(t.OID) && f(t) {
			oids = append(oids, t.OID)
		}
		return true
	})
	for _, oid := range oids {
		t, err := x.Reopen(oid, lock.AccessExclusive)
		if err != nil {
			return nil, err
		}
		if t != nil && f(t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func schemas(x *stmt.Ctx, f func(*catalog.Schema) bool) (out []*catalog.Schema) {
	x.Catalog().Schemas(func(s *catalog.Schema) bool {
		if !stmt.SystemSchema(s.OID) && f(s) {
			out = append(out, s)
		}
		return true
	})
	return out
}

// ownedKinds are the kinds of the general store whose objects have owners or privileges.
var ownedKinds = []catalog.Kind{catalog.KindType, catalog.KindFunction, catalog.KindOperator, catalog.KindCollation, catalog.KindTSDictionary, catalog.KindTSConfig, catalog.KindLanguage,
	catalog.KindVolume}

func objects(x *stmt.Ctx, f func(*catalog.Header) bool) (out []catalog.Object) {
	for _, k := range ownedKinds {
		x.Catalog().Objects(k, func(o catalog.Object) bool {
			if f(o.Head()) {
				out = append(out, o)
			}
			return true
		})
	}
	return out
}

// withHead copies an object with a changed header.
func withHead(o catalog.Object, change func(*catalog.Header)) catalog.Object {
	switch v := o.(type) {
	case *catalog.Type:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.Function:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.Operator:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.Collation:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.TSDictionary:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.TSConfig:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.Volume:
		n := *v
		change(&n.Header)
		return &n
	case *catalog.LanguageACL:
		n := *v
		change(&n.Header)
		return &n
	}
	return o
}

func roleIDs(x *stmt.Ctx, list []ast.Node) (ids []catalog.OID, err error) {
	for _, n := range list {
		id, err := x.RoleID(n.(*ast.RoleSpec))
		if err != nil {
			return nil, err
		}
		if id == privilege.Superuser {
			return nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop objects owned by role %s because they are required by the database system", x.RoleName(id))
		}
		if x.Roles != nil && !x.Roles.HasPrivsOf(x.User, id) {
			return nil, stmt.Denied("permission denied to reassign objects")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// ReassignOwned is REASSIGN OWNED, in this database.
func ReassignOwned(x *stmt.Ctx, n *ast.ReassignOwnedStmt) error {
	olds, err := roleIDs(x, n.Roles)
	if err != nil {
		return err
	}
	to, err := x.RoleID(n.Newrole)
	if err != nil {
		return err
	}
	if x.Roles != nil && !x.Roles.HasPrivsOf(x.User, to) {
		return stmt.Denied("permission denied to reassign objects")
	}
	for _, old := range olds {
		tables, err := relations(x, func(t *catalog.Table) bool { return t.Owner == old })
		if err != nil {
			return err
		}
		for _, t := range tables {
			GiveTo(x, x.Catalog().Table(t.OID), to)
		}
		for _, s := range schemas(x, func(s *catalog.Schema) bool { return s.Owner == old }) {
			next := *s
			next.ACL, next.Owner = s.ACL.NewOwner(old, to), to
			x.Editor.PutSchema(&next)
		}
		for _, o := range objects(x, func(h *catalog.Header) bool { return h.Owner == old }) {
			x.Editor.Put(withHead(o, func(h *catalog.Header) { h.ACL, h.Owner = h.ACL.NewOwner(old, to), to }))
		}
	}
	return nil
}

// DropOwned is DROP OWNED: what the roles own in this database goes, and what they have been granted on other objects of it.
func DropOwned(x *stmt.Ctx, n *ast.DropOwnedStmt) error {
	roles, err := roleIDs(x, n.Roles)
	if err != nil {
		return err
	}
	for _, role := range roles {
		tables, err := relations(x, func(t *catalog.Table) bool {
			if t.Owner == role || t.ACL.Mentions(role) || policed(t, role) != nil {
				return true
			}
			for i := range t.Columns {
				if t.Columns[i].ACL.Mentions(role) {
					return true
				}
			}
			return false
		})
		if err != nil {
			return err
		}
		var list []catalog.Address
		for _, t := range tables {
			if t.Owner == role {
				if depend.OwnedIdentity(x, t) == "" {
					list = append(list, catalog.Address{Kind: catalog.KindRelation, OID: t.OID})
				}
				continue
			}
			next := stmt.Edit(policy.WithoutRole(t, role))
			next.ACL = t.ACL.Without(role, t.Owner)
			for i := range next.Columns {
				if next.Columns[i].ACL = next.Columns[i].ACL.Without(role, t.Owner); len(next.Columns[i].ACL) == 0 {
					next.Columns[i].ACL = nil
				}
			}
			x.Put(next)
		}
		for _, s := range schemas(x, func(s *catalog.Schema) bool { return s.Owner == role || s.ACL.Mentions(role) }) {
			if s.Owner == role {
				list = append(list, catalog.Address{Kind: catalog.KindSchema, OID: s.OID})
				continue
			}
			next := *s
			next.ACL = s.ACL.Without(role, s.Owner)
			x.Editor.PutSchema(&next)
		}
		for _, o := range objects(x, func(h *catalog.Header) bool { return h.Owner == role || h.ACL.Mentions(role) }) {
			if o.Head().Owner == role {
				list = append(list, catalog.AddressOf(o))
				continue
			}
			x.Editor.Put(withHead(o, func(h *catalog.Header) { h.ACL = h.ACL.Without(role, h.Owner) }))
		}
		var defaults []*catalog.DefaultACL
		x.Catalog().Objects(catalog.KindDefaultACL, func(o catalog.Object) bool {
			if d := o.(*catalog.DefaultACL); d.Owner == role || d.ACL.Mentions(role) {
				defaults = append(defaults, d)
			}
			return true
		})
		for _, d := range defaults {
			next := *d
			if next.ACL = d.ACL.Without(role, d.Owner); d.Owner == role || d.Schema != 0 && len(next.ACL) == 0 {
				x.Editor.Drop(catalog.AddressOf(d))
				continue
			}
			x.Editor.Put(&next)
		}
		if err := depend.Drop(x, list, n.Behavior == ast.DROP_CASCADE); err != nil {
			return err
		}
		if err := x.Hooks.DatabaseACL(x.Bind().Database, func(_ string, owner catalog.OID, acl privilege.ACL) (privilege.ACL, error) {
			if !acl.Mentions(role) {
				return acl, nil
			}
			return acl.Without(role, owner), nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// RoleUses describes what keeps a role from being dropped, as DETAIL of the error says it.
func RoleUses(c *catalog.Catalog, roles *privilege.Roles, role catalog.OID) (out []string) {
	c.Schemas(func(s *catalog.Schema) bool {
		switch {
		case s.Owner == role:
			out = append(out, "owner of schema "+s.Name)
		case s.ACL.Mentions(role):
			out = append(out, "privileges for schema "+s.Name)
		}
		return true
	})
	c.Tables(func(t *catalog.Table) bool {
		word := t.Word() + " " + t.Name
		if t.Owner == role {
			out = append(out, "owner of "+word)
		} else if t.ACL.Mentions(role) {
			out = append(out, "privileges for "+word)
		}
		for _, p := range policed(t, role) {
			out = append(out, "target of policy "+p.Name+" on "+word)
		}
		for i := range t.Columns {
			if col := &t.Columns[i]; t.Owner != role && col.ACL.Mentions(role) {
				out = append(out, "privileges for column "+col.Name+" of "+word)
			}
		}
		return true
	})
	for _, k := range ownedKinds {
		c.Objects(k, func(o catalog.Object) bool {
			h := o.Head()
			switch {
			case h.Owner == role:
				out = append(out, "owner of "+k.String()+" "+h.Name)
			case h.ACL.Mentions(role):
				out = append(out, "privileges for "+k.String()+" "+h.Name)
			}
			return true
		})
	}
	c.Objects(catalog.KindDefaultACL, func(o catalog.Object) bool {
		d := o.(*catalog.DefaultACL)
		if d.Owner != role && !d.ACL.Mentions(role) {
			return true
		}
		words := map[byte]string{'r': "relations", 'S': "sequences", 'f': "functions", 'T': "types", 'n': "schemas"}
		what := "owner of"
		if d.Owner != role {
			what = "privileges for"
		}
		text := what + " default privileges on new " + words[d.For] + " belonging to role " + roleText(roles, d.Owner)
		if s := c.SchemaByOID(d.Schema); s != nil {
			text += " in schema " + s.Name
		}
		out = append(out, text)
		return true
	})
	return out
}

// policed are the policies of a table that are for a role.
func policed(t *catalog.Table, role catalog.OID) (out []*catalog.Policy) {
	for _, p := range t.Policies {
		if slices.Contains(p.Roles, role) {
			out = append(out, p)
		}
	}
	return out
}

func roleText(roles *privilege.Roles, oid catalog.OID) string {
	if r := roles.ByOID(oid); r != nil {
		return r.Name
	}
	return ""
}
