package privilege

import (
	"sync"
	"time"
)

// Superuser is the role that initdb makes.
const Superuser OID = 10

// DatabaseOwner is pg_database_owner, whose only member is the owner of the database that one is connected to.
const DatabaseOwner OID = 6171

// Predefined roles (manual: 22.5) that change what may be read and written.
const (
	ReadAllData      OID = 6181
	WriteAllData     OID = 6182
	ReadServerFiles  OID = 4569
	WriteServerFiles OID = 4570
	ReadAllSettings  OID = 3374
	ReadAllStats     OID = 3375
	SignalBackend    OID = 4200
)

// Role is a row of pg_authid with the roles that it is a member of.
type Role struct {
	OID                                         OID
	Name                                        string
	Super, Inherit, CreateRole, CreateDB, Login bool
	Replication, BypassRLS                      bool
	ConnLimit                                   int
	Password                                    string
	ValidUntil                                  time.Time
	MemberOf                                    []Membership
	Settings                                    []string // name=value
}

// Membership is a row of pg_auth_members, of its member.
type Membership struct {
	Role    OID
	Grantor OID
	Admin   bool
}

// Predefined are the roles that every server has (manual: 22.5), with PostgreSQL's OIDs.
func Predefined() []Role {
	r := func(oid OID, name string, of ...OID) Role {
		x := Role{OID: oid, Name: name, Inherit: true, ConnLimit: -1}
		for _, o := range of {
			x.MemberOf = append(x.MemberOf, Membership{Role: o, Grantor: Superuser})
		}
		return x
	}
	return []Role{
		r(DatabaseOwner, "pg_database_owner"), r(ReadAllData, "pg_read_all_data"), r(WriteAllData, "pg_write_all_data"),
		r(3373, "pg_monitor", ReadAllSettings, ReadAllStats, 3377), r(ReadAllSettings, "pg_read_all_settings"), r(ReadAllStats, "pg_read_all_stats"),
		r(3377, "pg_stat_scan_tables"), r(ReadServerFiles, "pg_read_server_files"), r(WriteServerFiles, "pg_write_server_files"),
		r(4571, "pg_execute_server_program"), r(SignalBackend, "pg_signal_backend"), r(4544, "pg_checkpoint"),
	}
}

// Roles is one version of a server's roles. It is safe for concurrent use.
type Roles struct {
	list   []Role
	byOID  map[OID]*Role
	byName map[string]*Role
	// owner is the owner of the database that pg_database_owner stands for; 0: nobody.
	owner OID

	mu      sync.Mutex // protects privs, members
	privs   map[OID]map[OID]bool
	members map[OID]map[OID]bool
}

// NewRoles makes a set of list, which the caller no longer changes.
func NewRoles(list []Role, databaseOwner OID) *Roles {
	r := &Roles{list: list, byOID: map[OID]*Role{}, byName: map[string]*Role{}, owner: databaseOwner, privs: map[OID]map[OID]bool{},
		members: map[OID]map[OID]bool{}}
	for i := range list {
		r.byOID[list[i].OID], r.byName[list[i].Name] = &list[i], &list[i]
	}
	return r
}

// List returns the roles; the caller does not change them.
func (r *Roles) List() []Role { return r.list }

// ByName returns the role, or nil.
func (r *Roles) ByName(name string) *Role { return r.byName[name] }

// ByOID returns the role, or nil.
func (r *Roles) ByOID(oid OID) *Role { return r.byOID[oid] }

// IsSuper reports a superuser.
func (r *Roles) IsSuper(oid OID) bool {
	x := r.byOID[oid]
	return x != nil && x.Super
}

// HasPrivsOf reports whether member may use role's privileges without SET ROLE (has_privs_of_role).
func (r *Roles) HasPrivsOf(member, role OID) bool {
	return member == role || r.IsSuper(member) || r.closure(r.privs, member, true)[role]
}

// IsMember reports whether member may SET ROLE to role (is_member_of_role).
func (r *Roles) IsMember(member, role OID) bool {
	return member == role || r.IsSuper(member) || r.IsMemberNoSuper(member, role)
}

// IsMemberNoSuper is IsMember where superusers are nothing special.
func (r *Roles) IsMemberNoSuper(member, role OID) bool {
	return member == role || r.closure(r.members, member, false)[role]
}

// IsAdmin reports whether member may grant role to others (is_admin_of_role).
func (r *Roles) IsAdmin(member, role OID) bool {
	if r.IsSuper(member) {
		return true
	}
	for m := range r.closure(r.members, member, false) {
		if x := r.byOID[m]; x != nil {
			for _, of := range x.MemberOf {
				if of.Role == role && of.Admin {
					return true
				}
			}
		}
	}
	return false
}

// Actors are the roles whose privileges role has, itself first.
func (r *Roles) Actors(role OID) []OID {
	out := []OID{role}
	set := r.closure(r.privs, role, true)
	for i := range r.list {
		if o := r.list[i].OID; o != role && set[o] {
			out = append(out, o)
		}
	}
	return out
}

// closure is the set of roles reached from member, itself included; a role without INHERIT passes no privileges on.
func (r *Roles) closure(cache map[OID]map[OID]bool, member OID, privs bool) map[OID]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if set := cache[member]; set != nil {
		return set
	}
	set, work := map[OID]bool{member: true}, []OID{member}
	for len(work) > 0 {
		x := r.byOID[work[0]]
		oid := work[0]
		work = work[1:]
		if x == nil || privs && !x.Inherit {
			continue
		}
		reach := func(o OID) {
			if !set[o] {
				set[o] = true
				work = append(work, o)
			}
		}
		for _, of := range x.MemberOf {
			reach(of.Role)
		}
		if oid == r.owner && r.owner != 0 {
			reach(DatabaseOwner)
		}
	}
	cache[member] = set
	return set
}
