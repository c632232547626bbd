package main

import (
	"context"
	"fmt"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/sql/ddl/grants"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/sql/settings/clause"
)

// Roles (manual: 22). They are the whole server's and take effect when their statement ends.

func denied(format string, args ...any) error {
	return pgerr.New(pgerr.InsufficientPrivilege, format, args...)
}

func noRole(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", name)
}

// me is the role whose privileges the session has.
func me(s *session.Session) privilege.Role {
	if r := s.Roles().ByOID(s.UserOID()); r != nil {
		return *r
	}
	return privilege.Role{}
}

func createsRoles(s *session.Session) bool { m := me(s); return m.Super || m.CreateRole }

func (c *cluster) createRole(s *session.Session, n *ast.CreateRoleStmt) error {
	r := &branching.Role{Name: n.Role, Inherit: true, ConnLimit: -1, Login: n.StmtType == ast.ROLESTMT_USER}
	var with membershipOptions
	if err := roleOptions(s, r, n.Options, &with); err != nil {
		return err
	}
	switch super := s.Superuser(); {
	case super:
	case r.Super:
		return denied("must be superuser to create superusers")
	case r.Replication:
		return denied("must be superuser to create replication users")
	case r.BypassRLS:
		return denied("must be superuser to create bypassrls users")
	case !createsRoles(s):
		return denied("permission denied to create role")
	}
	if len(r.Name) >= 3 && r.Name[:3] == "pg_" {
		return pgerr.New(pgerr.ReservedName, "role name \"%s\" is reserved", r.Name).WithDetail("Role names starting with \"pg_\" are reserved.")
	}
	err := c.branches.UpdateRoles(func(roles []*branching.Role, newID func() uint32) ([]*branching.Role, error) {
		for _, x := range roles {
			if x.Name == r.Name {
				return nil, pgerr.New(pgerr.DuplicateObject, "role \"%s\" already exists", r.Name)
			}
		}
		r.ID = newID()
		return append(roles, r), nil
	})
	if err != nil {
		return err
	}
	return c.addMembers(s, r.ID, with)
}

// membershipOptions are IN ROLE, ROLE and ADMIN of CREATE ROLE.
type membershipOptions struct{ of, members, admins []ast.Node }

func (c *cluster) addMembers(s *session.Session, role uint32, with membershipOptions) error {
	own := []uint32{role}
	for _, g := range with.of {
		of, err := s.RoleOf(g.(*ast.RoleSpec))
		if err == nil {
			err = c.changeMembers(s, of, own, memberChange{grant: true, grantor: s.UserOID()})
		}
		if err != nil {
			return err
		}
	}
	for i, list := range [][]ast.Node{with.members, with.admins} {
		for _, g := range list {
			m, err := s.RoleOf(g.(*ast.RoleSpec))
			if err == nil {
				err = c.changeMembers(s, s.Roles().ByOID(role), []uint32{m.OID}, memberChange{grant: true, admin: i == 1, grantor: s.UserOID()})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *cluster) alterRole(s *session.Session, n *ast.AlterRoleStmt) error {
	target, err := s.RoleOf(n.Role)
	if err != nil {
		return err
	}
	if isPredefined(target.OID) {
		return reservedRole(target.Name)
	}
	var with membershipOptions
	probe := &branching.Role{}
	if err := roleOptions(s, probe, n.Options, &with); err != nil {
		return err
	}
	if len(with.members) > 0 { // ALTER GROUP … ADD/DROP USER
		if !createsRoles(s) {
			return denied("permission denied")
		}
		var ids []uint32
		for _, m := range with.members {
			r, err := s.RoleOf(m.(*ast.RoleSpec))
			if err != nil {
				return err
			}
			ids = append(ids, r.OID)
		}
		return c.changeMembers(s, target, ids, memberChange{grant: n.Action > 0, grantor: s.UserOID()})
	}
	if err := mayAlter(s, target, n.Options); err != nil {
		return err
	}
	return c.changeRole(target.OID, func(r *branching.Role) error { return roleOptions(s, r, n.Options, &with) })
}

func isPredefined(oid uint32) bool { return oid < 16384 && oid != privilege.Superuser }

func reservedRole(name string) error {
	return pgerr.New(pgerr.ReservedName, "role name \"%s\" is reserved", name).WithDetail("Cannot alter reserved roles.")
}

func mayAlter(s *session.Session, target *privilege.Role, options []ast.Node) error {
	if s.Superuser() {
		return nil
	}
	asks := map[string]bool{}
	for _, o := range options {
		if d, ok := o.(*ast.DefElem); ok {
			asks[d.Defname] = true
		}
	}
	switch {
	case target.Super || asks["superuser"]:
		return denied("must be superuser to alter superuser roles or change superuser attribute")
	case target.Replication || asks["isreplication"]:
		return denied("must be superuser to alter replication roles or change replication attribute")
	case asks["bypassrls"]:
		return denied("must be superuser to change bypassrls attribute")
	case !createsRoles(s) && !(len(asks) == 1 && asks["password"] && target.OID == s.UserOID()):
		return denied("permission denied")
	}
	return nil
}

// changeRole changes one stored role.
func (c *cluster) changeRole(oid uint32, f func(*branching.Role) error) error {
	return c.branches.UpdateRoles(func(roles []*branching.Role, _ func() uint32) ([]*branching.Role, error) {
		for _, r := range roles {
			if r.ID == oid {
				return roles, f(r)
			}
		}
		return nil, pgerr.New(pgerr.UndefinedObject, "role with OID %d does not exist", oid)
	})
}

func (c *cluster) alterRoleSet(s *session.Session, n *ast.AlterRoleSetStmt) error {
	if n.Role == nil {
		return pgerr.Unsupported("ALTER ROLE ALL SET")
	}
	if n.Database != "" {
		return pgerr.Unsupported("ALTER ROLE IN DATABASE SET")
	}
	r, err := s.RoleOf(n.Role)
	switch {
	case err != nil:
		return err
	case isPredefined(r.OID):
		return reservedRole(r.Name)
	case r.Super && !s.Superuser():
		return denied("must be superuser to alter superuser roles or change superuser attribute")
	case r.OID != s.UserOID() && !createsRoles(s):
		return denied("permission denied")
	}
	return c.changeRole(r.OID, func(r *branching.Role) error { return clause.Apply(&r.Settings, n.Setstmt) })
}

func (c *cluster) renameRole(s *session.Session, name, to string) error {
	r := s.Roles().ByName(name)
	switch {
	case r == nil:
		return noRole(name)
	case isPredefined(r.OID):
		return reservedRole(name)
	case r.OID == s.UserOID():
		return pgerr.New(pgerr.FeatureNotSupported, "current user cannot be renamed")
	case s.Roles().ByName(to) != nil:
		return pgerr.New(pgerr.DuplicateObject, "role \"%s\" already exists", to)
	case r.Super && !s.Superuser():
		return denied("must be superuser to rename superusers")
	case !createsRoles(s):
		return denied("permission denied to rename role")
	}
	return c.changeRole(r.OID, func(r *branching.Role) error {
		r.Name = to
		return nil
	})
}

func (c *cluster) dropRoles(ctx context.Context, s *session.Session, n *ast.DropRoleStmt) error {
	if !createsRoles(s) {
		return denied("permission denied to drop role")
	}
	for _, x := range n.Roles {
		spec := x.(*ast.RoleSpec)
		if spec.Roletype != ast.ROLESPEC_CSTRING {
			return pgerr.New(pgerr.InvalidParameterValue, "cannot use special role specifier in DROP ROLE")
		}
		r := s.Roles().ByName(spec.Rolename)
		switch {
		case r == nil && n.MissingOk:
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.UndefinedObject, "role \"%s\" does not exist, skipping", spec.Rolename))
			continue
		case r == nil:
			return noRole(spec.Rolename)
		case r.OID == s.UserOID():
			return pgerr.New(pgerr.ObjectInUse, "current user cannot be dropped")
		case r.OID == s.SessionOID():
			return pgerr.New(pgerr.ObjectInUse, "session user cannot be dropped")
		case r.Super && !s.Superuser():
			return denied("must be superuser to drop superusers")
		case isPredefined(r.OID) || r.OID == privilege.Superuser:
			return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop role %s because it is required by the database system", r.Name)
		}
		if err := c.unusedRole(ctx, s, r); err != nil {
			return err
		}
		err := c.branches.UpdateRoles(func(roles []*branching.Role, _ func() uint32) ([]*branching.Role, error) {
			var out []*branching.Role
			for _, x := range roles {
				if x.ID == r.OID {
					continue
				}
				var of []branching.Membership
				for _, m := range x.MemberOf {
					if m.Role != r.OID {
						of = append(of, m)
					}
				}
				x.MemberOf = of
				out = append(out, x)
			}
			return out, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unusedRole refuses to drop a role that owns something or has been granted something anywhere, or owns a database.
func (c *cluster) unusedRole(ctx context.Context, s *session.Session, r *privilege.Role) error {
	var uses []string
	for _, d := range c.branches.Databases() {
		switch {
		case d.Owner == r.OID:
			uses = append(uses, "owner of database "+d.Name)
		case aclOf(d.ACL).Mentions(r.OID):
			uses = append(uses, "privileges for database "+d.Name)
		}
	}
	uses = append(uses, s.RoleUses(r.OID)...)
	elsewhere, err := c.usesElsewhere(ctx, s, r)
	if err != nil {
		return err
	}
	uses = append(uses, elsewhere...)
	if len(uses) == 0 {
		return nil
	}
	detail := ""
	for i, u := range uses {
		if i > 0 {
			detail += "\n"
		}
		detail += u
	}
	return pgerr.New(pgerr.DependentObjectsStillExist, "role \"%s\" cannot be dropped because some objects depend on it", r.Name).WithDetail("%s", detail)
}

// usesElsewhere counts what a role has to do with in the databases and branches that the session is not in.
func (c *cluster) usesElsewhere(ctx context.Context, s *session.Session, r *privilege.Role) (out []string, err error) {
	for _, d := range c.branches.Databases() {
		for _, b := range d.Branches {
			if b.Hidden() {
				continue
			}
			db, release, err := c.Open(ctx, d.Name, b.Name)
			if pgerr.Is(err, pgerr.InvalidCatalogName) {
				continue // dropped meanwhile
			}
			if err != nil {
				return nil, err
			}
			n := 0
			if db != s.DB() {
				n = len(grants.RoleUses(db.Catalog(), s.Roles(), r.OID))
			}
			release()
			name := d.Name
			if b.Parent != 0 {
				name += "@" + b.Name
			}
			switch {
			case n == 1:
				out = append(out, "1 object in database "+name)
			case n > 1:
				out = append(out, fmt.Sprintf("%d objects in database %s", n, name))
			}
		}
	}
	return out, nil
}

// memberChange is what GRANT role and REVOKE role do to memberships. admin: WITH ADMIN OPTION, ADMIN OPTION FOR.
type memberChange struct {
	grant, admin bool
	grantor      uint32
}

func (c *cluster) grantRoles(s *session.Session, n *ast.GrantRoleStmt) error {
	change := memberChange{grant: n.IsGrant, grantor: s.UserOID()}
	for _, o := range n.Opt {
		d, ok := o.(*ast.DefElem)
		if !ok {
			continue
		}
		if d.Defname != "admin" {
			return pgerr.New(pgerr.SyntaxError, "unrecognized role option \"%s\"", d.Defname)
		}
		change.admin = d.Arg == nil || defText(d) == "1" || defText(d) == "true"
	}
	if n.Grantor != nil {
		g, err := s.RoleOf(n.Grantor)
		if err != nil {
			return err
		}
		if g.OID != s.UserOID() && !s.Superuser() {
			return denied("must be superuser to set grantor")
		}
		change.grantor = g.OID
	}
	var members []uint32
	for _, g := range n.GranteeRoles {
		r, err := s.RoleOf(g.(*ast.RoleSpec))
		if err != nil {
			return err
		}
		members = append(members, r.OID)
	}
	for _, g := range n.GrantedRoles {
		p, ok := g.(*ast.AccessPriv)
		if !ok || len(p.Cols) > 0 {
			return pgerr.New(pgerr.InvalidGrantOperation, "column names cannot be included in GRANT/REVOKE ROLE")
		}
		role := s.Roles().ByName(p.PrivName)
		if role == nil {
			return noRole(p.PrivName)
		}
		if role.Super && !s.Superuser() {
			return denied("must be superuser to alter superusers")
		}
		if !createsRoles(s) && !s.Roles().IsAdmin(change.grantor, role.OID) {
			return denied("must have admin option on role \"%s\"", role.Name)
		}
		if err := c.changeMembers(s, role, members, change); err != nil {
			return err
		}
	}
	return nil
}

// changeMembers is AddRoleMems and DelRoleMems.
func (c *cluster) changeMembers(s *session.Session, role *privilege.Role, members []uint32, ch memberChange) error {
	if role.OID == privilege.DatabaseOwner {
		return pgerr.New(pgerr.FeatureNotSupported, "role \"%s\" cannot have explicit members", role.Name)
	}
	for _, id := range members {
		m := s.Roles().ByOID(id)
		switch {
		case m == nil || isPredefined(m.OID) && m.OID != privilege.DatabaseOwner:
			return pgerr.Unsupported("membership of predefined roles")
		case m.OID == privilege.DatabaseOwner:
			return pgerr.New(pgerr.FeatureNotSupported, "role \"%s\" cannot be a member of any role", m.Name)
		case ch.grant && s.Roles().IsMemberNoSuper(role.OID, m.OID):
			return pgerr.New(pgerr.InvalidGrantOperation, "role \"%s\" is a member of role \"%s\"", role.Name, m.Name)
		}
		var note *pgerr.Error
		err := c.changeRole(m.OID, func(r *branching.Role) error {
			at := -1
			for i := range r.MemberOf {
				if r.MemberOf[i].Role == role.OID {
					at = i
				}
			}
			switch {
			case ch.grant && at >= 0 && (!ch.admin || r.MemberOf[at].Admin):
				note = pgerr.Notice(pgerr.SeverityNotice, pgerr.SuccessfulCompletion, "role \"%s\" is already a member of role \"%s\"", m.Name, role.Name)
			case ch.grant && at >= 0:
				r.MemberOf[at].Admin = true
			case ch.grant:
				r.MemberOf = append(r.MemberOf, branching.Membership{Role: role.OID, Grantor: ch.grantor, Admin: ch.admin})
			case at < 0:
				note = pgerr.Notice(pgerr.SeverityWarning, pgerr.Warning, "role \"%s\" is not a member of role \"%s\"", m.Name, role.Name)
			case ch.admin:
				r.MemberOf[at].Admin = false
			default:
				r.MemberOf = append(r.MemberOf[:at:at], r.MemberOf[at+1:]...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if note != nil {
			s.Notice(note)
		}
	}
	return nil
}

func roleOptions(s *session.Session, r *branching.Role, opts []ast.Node, with *membershipOptions) error {
	seen := map[string]bool{}
	for _, o := range opts {
		d, ok := o.(*ast.DefElem)
		if !ok {
			continue
		}
		if seen[d.Defname] {
			return pgerr.New(pgerr.SyntaxError, "conflicting or redundant options")
		}
		seen[d.Defname] = true
		v := defText(d)
		on := v == "1"
		list, _ := d.Arg.(*ast.List)
		switch d.Defname {
		case "superuser":
			r.Super = on
		case "inherit":
			r.Inherit = on
		case "createrole":
			r.CreateRole = on
		case "createdb":
			r.CreateDB = on
		case "canlogin":
			r.Login = on
		case "isreplication":
			r.Replication = on
		case "bypassrls":
			r.BypassRLS = on
		case "connectionlimit":
			if i, ok := d.Arg.(*ast.Integer); ok {
				if r.ConnLimit = int(i.Ival); r.ConnLimit < -1 {
					return pgerr.New(pgerr.InvalidParameterValue, "invalid connection limit: %d", r.ConnLimit)
				}
			}
		case "password":
			switch {
			case d.Arg == nil:
				r.Password = ""
			case auth.IsVerifier(v):
				r.Password = v
			default:
				secret, err := auth.MakeVerifier(v)
				if err != nil {
					return err
				}
				r.Password = secret.String()
			}
		case "validUntil":
			t, err := s.ParseTime(v)
			if err != nil {
				return err
			}
			r.ValidUntil = t
		case "sysid":
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.SuccessfulCompletion, "SYSID can no longer be specified"))
		case "addroleto":
			with.of = append(with.of, list.Items...)
		case "rolemembers":
			with.members = append(with.members, list.Items...)
		case "adminmembers":
			with.admins = append(with.admins, list.Items...)
		default:
			return pgerr.Unsupported("role option " + d.Defname)
		}
	}
	return nil
}
