package session

import (
	"math"
	"slices"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/grants"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/policy"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
)

// checkAccess refuses a plan that needs what its roles may not. A plan is checked once for its identity and catalog.
func (s *Session) checkAccess(q *query) error {
	if q.allowed {
		return nil
	}
	id := s.identity()
	for _, a := range q.bound.Access {
		role := a.As
		if role == 0 {
			role = id.current
		}
		if !a.Allowed(id.roles, role) || !s.maySeePast(id.roles, role, a) {
			return a.Table.Denied()
		}
		if a.Table.Unpopulated && a.Need&privilege.Select != 0 {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "materialized view \"%s\" has not been populated", a.Table.Name).
				WithHint("Use the REFRESH MATERIALIZED VIEW command.")
		}
	}
	for _, f := range q.bound.Functions {
		role := f.As
		if role == 0 {
			role = id.current
		}
		if err := f.Func.Executable(id.roles, role); err != nil {
			return err
		}
	}
	q.allowed = true
	return nil
}

// viewer is for whom statements are bound.
func (s *Session) viewer() *policy.Viewer {
	id := s.identity()
	return &policy.Viewer{Roles: id.roles, Role: id.current, Off: s.hotSettings().plan.noPolicies}
}

// ownsDatabase reports whether the current user has the rights of the owner of the session's database.
func (s *Session) ownsDatabase() bool {
	id := s.identity()
	return id.super || slices.ContainsFunc(s.shared.Cluster.Databases(), func(d DatabaseInfo) bool {
		return d.OID == s.db.ID && id.roles.HasPrivsOf(id.current, d.Owner)
	})
}

// mayUse reports whether names in a schema may be looked up.
func (s *Session) mayUse(sc *catalog.Schema) bool {
	id := s.identity()
	return id.super || sc.OID == catalog.PgCatalogOID || sc.OID == s.tempSchema || sc.Privileges(id.roles, id.current, privilege.Usage) != 0
}

// sequenceAllowed checks a function on a sequence: any of want will do.
func (s *Session) sequenceAllowed(t *catalog.Table, want privilege.Set) error {
	id := s.identity()
	if id.super || t.Privileges(id.roles, id.current, want) != 0 {
		return nil
	}
	return t.Denied()
}

// RoleOf resolves a role specification of a statement.
func (s *Session) RoleOf(spec *ast.RoleSpec) (*privilege.Role, error) {
	id := s.identity()
	switch spec.Roletype {
	case ast.ROLESPEC_CURRENT_ROLE, ast.ROLESPEC_CURRENT_USER:
		return id.roles.ByOID(id.current), nil
	case ast.ROLESPEC_SESSION_USER:
		return id.roles.ByOID(id.session), nil
	case ast.ROLESPEC_PUBLIC:
		return nil, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", "public")
	}
	if r := id.roles.ByName(spec.Rolename); r != nil {
		return r, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", spec.Rolename)
}

// SessionOID is the role that SET SESSION AUTHORIZATION has chosen.
func (s *Session) SessionOID() types.OID { return s.identity().session }

// databasePrivileges is the part of want that a role has on the session's database.
func (s *Session) databasePrivileges(role catalog.OID, want privilege.Set) privilege.Set {
	for _, d := range s.shared.Cluster.Databases() {
		if d.OID == s.db.ID {
			return d.Privileges(s.Roles(), role, want)
		}
	}
	return 0
}

// RoleUses describes what keeps a role from being dropped in the session's database.
func (s *Session) RoleUses(role catalog.OID) []string {
	return grants.RoleUses(s.catalog(), s.Roles(), role)
}

// ParseTime reads a timestamptz; infinite ones are the zero time.
func (s *Session) ParseTime(v string) (time.Time, error) {
	d, err := types.Lookup(types.TimestampTZ).ParseText(v, -1, s.env)
	if err != nil {
		return time.Time{}, err
	}
	if n := d.Int(); n == math.MaxInt64 || n == math.MinInt64 {
		return time.Time{}, nil
	}
	return calendar.TimeOf(d.Int()), nil
}

// maySignal refuses to cancel or terminate another role's session (manual: 9.27.2); one that is not there is no matter of privileges.
func (s *Session) maySignal(pid int32, super, other string) error {
	s.shared.mu.Lock()
	target := s.shared.sessions[uint32(pid)]
	s.shared.mu.Unlock()
	id := s.identity()
	switch {
	case target == nil || id.super:
		return nil
	case id.roles.IsSuper(target.login):
		return pgerr.New(pgerr.InsufficientPrivilege, "must be a superuser to %s", super)
	case !id.roles.HasPrivsOf(id.current, target.login) && !id.roles.HasPrivsOf(id.current, privilege.SignalBackend):
		return pgerr.New(pgerr.InsufficientPrivilege, "must be a member of the role whose %s or member of pg_signal_backend", other)
	}
	return nil
}
