package privilege

import "strings"

// OID is a role's pg_authid.oid; 0 is PUBLIC.
type OID = uint32

// Public is the grantee that everybody is.
const Public OID = 0

// Set is a set of privileges, in the order in which aclitem prints them.
type Set uint32

const (
	Insert Set = 1 << iota
	Select
	Update
	Delete
	Truncate
	References
	Trigger
	Execute
	Usage
	Create
	Temporary
	Connect
	SetParameter
	AlterSystem
	ReadVolume
	WriteVolume
	CreateVolume
)

// letters are PostgreSQL's, and R, W and V for volumes.
const letters = "arwdDxtXUCTcsARWV"

var setNames = [...]string{"INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "EXECUTE", "USAGE", "CREATE", "TEMPORARY",
	"CONNECT", "SET", "ALTER SYSTEM", "READ VOLUME", "WRITE VOLUME", "CREATE VOLUME"}

// ByName finds a privilege by its SQL name in upper case; TEMP is TEMPORARY.
func ByName(name string) (Set, bool) {
	if name == "TEMP" {
		name = "TEMPORARY"
	}
	for i, n := range setNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Name is the SQL name of a single privilege.
func (s Set) Name() string {
	for i, n := range setNames {
		if s == 1<<i {
			return n
		}
	}
	return ""
}

// Each calls f for every privilege in s.
func (s Set) Each(f func(Set)) {
	for i := range setNames {
		if p := Set(1) << i; s&p != 0 {
			f(p)
		}
	}
}

// Kind is a kind of object that privileges are granted on, as acldefault's argument spells it.
type Kind byte

const (
	Column      Kind = 'C'
	Relation    Kind = 'r'
	Sequence    Kind = 's'
	Database    Kind = 'd'
	Function    Kind = 'f'
	Language    Kind = 'l'
	LargeObject Kind = 'L'
	Schema      Kind = 'n'
	Parameter   Kind = 'p'
	Tablespace  Kind = 't'
	Wrapper     Kind = 'F'
	Server      Kind = 'S'
	Type        Kind = 'T'
	Volume      Kind = 'V'
)

// All are the privileges of a kind of object (manual: table 5.2).
func (k Kind) All() Set {
	switch k {
	case Column:
		return Insert | Select | Update | References
	case Relation:
		return Insert | Select | Update | Delete | Truncate | References | Trigger
	case Sequence:
		return Usage | Select | Update
	case Database:
		return Create | Temporary | Connect
	case Function:
		return Execute
	case Language, Wrapper, Server, Type:
		return Usage
	case LargeObject:
		return Select | Update
	case Schema:
		return Usage | Create
	case Parameter:
		return SetParameter | AlterSystem
	case Tablespace:
		return Create
	case Volume:
		return ReadVolume | WriteVolume
	}
	return 0
}

// Grantable are the privileges that can be granted on a kind of object: besides All those that PostgreSQL does not have there, which ALL
// does not grant.
func (k Kind) Grantable() Set {
	if k == Schema {
		return k.All() | CreateVolume
	}
	return k.All()
}

// public are the privileges that everybody has on a new object of the kind.
func (k Kind) public() Set {
	switch k {
	case Database:
		return Temporary | Connect
	case Function:
		return Execute
	case Language, Type:
		return Usage
	}
	return 0
}

// Default is the ACL of an object that has none of its own (acldefault).
func Default(k Kind, owner OID) ACL {
	acl := ACL{}
	if p := k.public(); p != 0 {
		acl = append(acl, Grant{Grantee: Public, Grantor: owner, Privs: p})
	}
	if k == Column {
		return acl // the owner has a column's privileges through the table
	}
	return append(acl, Grant{Grantee: owner, Grantor: owner, Privs: k.All()})
}

func privLetters(privs, options Set) string {
	var b strings.Builder
	for i := range setNames {
		if p := Set(1) << i; privs&p != 0 {
			b.WriteByte(letters[i])
			if options&p != 0 {
				b.WriteByte('*')
			}
		}
	}
	return b.String()
}
