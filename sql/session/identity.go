package session

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
)

// identity is for whom statements run (manual: SET ROLE, SET SESSION AUTHORIZATION). Who it is never changes:
// plans whose privileges have been checked keep the pointer, and an equal one means that nothing has changed.
type identity struct {
	session, current         catalog.OID
	sessionName, currentName string
	// super: current is a superuser.
	super bool
	roles *privilege.Roles

	settings, cluster uint64 // generations that it was made from
	db                uint32
	definer           catalog.OID // the owner of the SECURITY DEFINER function under way; 0: none
}

// identity is up to date with the settings role and session_authorization and with the server's roles.
func (s *Session) identity() *identity {
	set, gen := s.settings.Generation(), s.shared.Cluster.Generation()
	if id := s.ident; id != nil && id.settings == set && id.cluster == gen && id.db == s.db.ID && id.definer == s.definer {
		return id
	}
	roles := s.shared.Cluster.Roles(s.db.ID)
	n := identity{roles: roles, settings: set, cluster: gen, db: s.db.ID, definer: s.definer}
	n.session, n.current = s.asSet(roles)
	if s.definer != 0 {
		n.current = s.definer
	}
	if r := roles.ByOID(n.session); r != nil {
		n.sessionName = r.Name
	}
	if r := roles.ByOID(n.current); r != nil {
		n.currentName, n.super = r.Name, r.Super
	}
	if old := s.ident; old != nil && old.session == n.session && old.current == n.current && old.roles == n.roles && old.db == n.db && old.definer == n.definer {
		// Only generations differ: nothing that has been checked changes.
		old.settings, old.cluster = set, gen
		return old
	}
	s.ident = &n
	return s.ident
}

// asSet returns the session's role and the current one as the settings session_authorization and role name them.
func (s *Session) asSet(roles *privilege.Roles) (session, current catalog.OID) {
	session = s.login
	if name, _ := s.settings.Get("session_authorization"); name != "" {
		if r := roles.ByName(name); r != nil {
			session = r.OID
		}
	}
	current = session
	if name, _ := s.settings.Get("role"); name != "none" {
		if r := roles.ByName(name); r != nil {
			current = r.OID
		}
	}
	return session, current
}

// forceSuperuser sets is_superuser, which clients are told of. As in PostgreSQL it is what held when the role was set: neither
// ALTER ROLE nor a SECURITY DEFINER function changes it.
func (s *Session) forceSuperuser() {
	roles := s.shared.Cluster.Roles(0)
	_, current := s.asSet(roles)
	s.settings.Force("is_superuser", map[bool]string{true: "on", false: "off"}[roles.IsSuper(current)])
}

// User is the name of the role whose privileges the session has.
func (s *Session) User() string { return s.identity().currentName }

// UserOID is User's OID.
func (s *Session) UserOID() catalog.OID { return s.identity().current }

// Roles are the server's roles.
func (s *Session) Roles() *privilege.Roles { return s.identity().roles }

// Superuser reports whether the session may do everything.
func (s *Session) Superuser() bool { return s.identity().super }

// mayConnect checks what a new session needs of its database.
func (s *Session) mayConnect(dbname string, role *privilege.Role) error {
	id := s.identity()
	for _, d := range s.shared.Cluster.Databases() {
		if d.OID != s.db.ID || id.super {
			continue
		}
		if d.Privileges(id.roles, role.OID, privilege.Connect) == 0 {
			return pgerr.Fatal(pgerr.InsufficientPrivilege, "permission denied for database \"%s\"", dbname).
				WithDetail("User does not have CONNECT privilege.")
		}
	}
	return nil
}

// checkIdentity says whether role or session_authorization may be set to a value.
func (s *Session) checkIdentity(name, value string) error {
	id := s.identity()
	switch strings.ToLower(name) {
	case "role":
		if value == "none" {
			return nil
		}
		r := id.roles.ByName(value)
		if r == nil {
			return pgerr.New(pgerr.InvalidParameterValue, "role \"%s\" does not exist", value)
		}
		if !id.roles.IsMember(id.session, r.OID) {
			return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to set role \"%s\"", value)
		}
	case "session_authorization":
		r := id.roles.ByName(value)
		if r == nil {
			return pgerr.New(pgerr.InvalidParameterValue, "role \"%s\" does not exist", value)
		}
		if r.OID != s.login && !id.roles.IsSuper(s.login) {
			return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to set session authorization \"%s\"", value)
		}
	}
	return nil
}

// setIdentity is SET ROLE and SET SESSION AUTHORIZATION; the latter takes back a SET ROLE.
func (s *Session) setIdentity(name, value string, local bool) error {
	switch {
	case s.restricted:
		return pgerr.New(pgerr.InsufficientPrivilege, "cannot set parameter \"%s\" within security-restricted operation", name)
	case s.definer != 0:
		return pgerr.New(pgerr.InsufficientPrivilege, "cannot set parameter \"%s\" within security-definer function", name)
	}
	if err := s.checkIdentity(name, value); err != nil {
		return err
	}
	if err := s.settings.Set(name, value, local); err != nil {
		return err
	}
	if strings.EqualFold(name, "session_authorization") {
		return s.settings.Set("role", "none", local)
	}
	return nil
}

func isIdentity(name string) bool {
	return strings.EqualFold(name, "role") || strings.EqualFold(name, "session_authorization")
}
