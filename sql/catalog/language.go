package catalog

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
)

// PLpgSQLOID is PL/pgSQL's pg_language row, with the OID of the dumped cluster.
const PLpgSQLOID OID = 13563

// LanguageACL is what has been granted on one of the languages, whose pg_language row is built in: its OID and name are the header's.
type LanguageACL struct{ Header }

var _ Object = (*LanguageACL)(nil)

func (*LanguageACL) Kind() Kind { return KindLanguage }

// LastOID is 0: the OID is PostgreSQL's own.
func (*LanguageACL) LastOID() OID { return 0 }

// LanguageACL returns a language's privileges, or the default.
func (c *Catalog) LanguageACL(oid OID) privilege.ACL {
	if l, ok := c.Object(KindLanguage, oid).(*LanguageACL); ok {
		return l.ACL
	}
	return privilege.Default(privilege.Language, SuperuserOID)
}

// MayUseLanguage is the error for a language in which a role may write no functions, or nil.
func (c *Catalog) MayUseLanguage(oid OID, name string, roles *privilege.Roles, role OID) error {
	if roles == nil || roles.IsSuper(role) || c.LanguageACL(oid).Mask(roles, role, SuperuserOID, privilege.Usage, false) != 0 {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for language %s", name)
}
