package session

import "github.com/tarndb/tarn/sql/types"

// lookupType finds a built-in type or one of users.
func (s *Session) lookupType(oid types.OID) *types.Type {
	if t := types.Lookup(oid); t != nil {
		return t
	}
	return s.userType(oid)
}

func (s *Session) userType(oid types.OID) *types.Type { return s.catalog().UserType(oid) }
