package privilege

import (
	"errors"
	"strings"
	"testing"
)

const (
	owner OID = 100 + iota
	ann
	ben
	team
)

func names(o OID) string {
	return map[OID]string{owner: "owner", ann: "ann", ben: "ben", team: "team x"}[o]
}

func show(a ACL) string {
	var out []string
	for _, g := range a {
		out = append(out, g.Text(names))
	}
	return strings.Join(out, " ")
}

// A table's list through grants and revokes, as PostgreSQL 15 shows it in relacl.
func TestGrantAndRevoke(t *testing.T) {
	acl := Default(Relation, owner)
	steps := []struct {
		c    Change
		want string
		err  error
	}{
		{Change{Grantee: ann, Grantor: owner, Privs: Select | Insert, Option: true}, "owner=arwdDxt/owner ann=a*r*/owner", nil},
		{Change{Grantee: ben, Grantor: ann, Privs: Select}, "owner=arwdDxt/owner ann=a*r*/owner ben=r/ann", nil},
		{Change{Grantee: owner, Grantor: ann, Privs: Select, Option: true}, "", nil},
		{Change{Grantee: ann, Grantor: owner, Privs: Select, Revoke: true}, "", ErrDependent},
		{Change{Grantee: ann, Grantor: owner, Privs: Select, Option: true, Revoke: true, Cascade: true}, "owner=arwdDxt/owner ann=a*r/owner", nil},
		{Change{Grantee: Public, Grantor: owner, Privs: Select}, "owner=arwdDxt/owner ann=a*r/owner =r/owner", nil},
		{Change{Grantee: owner, Grantor: owner, Privs: Relation.All(), Revoke: true}, "ann=a*r/owner =r/owner", nil},
	}
	for _, s := range steps {
		next, err := acl.Apply(s.c, owner)
		if !errors.Is(err, s.err) {
			t.Fatalf("%+v: error %v", s.c, err)
		}
		if err != nil || s.want == "" {
			continue
		}
		if acl = next; show(acl) != s.want {
			t.Fatalf("%+v: %s, want %s", s.c, show(acl), s.want)
		}
	}
}

// A grant option does not come back to who gave it.
func TestCircularGrantOptions(t *testing.T) {
	acl := Default(Relation, owner)
	for _, c := range []Change{{Grantee: ann, Grantor: owner, Privs: Select, Option: true}, {Grantee: ben, Grantor: ann, Privs: Select, Option: true}} {
		acl, _ = acl.Apply(c, owner)
	}
	if _, err := acl.Apply(Change{Grantee: ann, Grantor: ben, Privs: Select, Option: true}, owner); !errors.Is(err, ErrCircular) {
		t.Fatalf("error %v", err)
	}
}

// Members have a role's privileges while they inherit; NOINHERIT members can only become it.
func TestMembership(t *testing.T) {
	r := NewRoles([]Role{{OID: owner, Inherit: true}, {OID: ann, Inherit: true, MemberOf: []Membership{{Role: team, Admin: true}}},
		{OID: ben, MemberOf: []Membership{{Role: team}}}, {OID: team, Inherit: true}, {OID: DatabaseOwner, Inherit: true}}, owner)
	acl := ACL{{Grantee: team, Grantor: owner, Privs: Select}}
	for _, c := range []struct {
		role          OID
		mask          Set
		member, admin bool
	}{{ann, Select, true, true}, {ben, 0, true, false}, {owner, 0, false, false}} {
		if got := acl.Mask(r, c.role, owner, Select|Insert, false); got != c.mask {
			t.Errorf("%s has %b", names(c.role), got)
		}
		if r.IsMember(c.role, team) != c.member || r.IsAdmin(c.role, team) != c.admin {
			t.Errorf("%s: member %v, admin %v", names(c.role), r.IsMember(c.role, team), r.IsAdmin(c.role, team))
		}
	}
	if !r.HasPrivsOf(owner, DatabaseOwner) || r.HasPrivsOf(ann, DatabaseOwner) {
		t.Error("pg_database_owner is not the owner of the database")
	}
}

// What is printed is read again.
func TestTextReadsBack(t *testing.T) {
	role := func(name string) (OID, error) {
		for _, o := range []OID{owner, ann, ben, team} {
			if names(o) == name {
				return o, nil
			}
		}
		return 0, errors.New("no role " + name)
	}
	for _, g := range []Grant{{Grantee: Public, Grantor: owner, Privs: Select | Usage}, {Grantee: team, Grantor: ann, Privs: Relation.All(), Options: Truncate | Insert}} {
		got, _, err := Parse(g.Text(names), role)
		if err != nil || got != g {
			t.Errorf("%s: %+v, %v", g.Text(names), got, err)
		}
	}
	for _, bad := range []string{"ann", "=q/ann", "=r/", "=r/ann x", "nobody=r/ann"} {
		if _, _, err := Parse(bad, role); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
