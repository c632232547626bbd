package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
)

// utf8Encoding is PostgreSQL's number of UTF8.
const utf8Encoding = 6

// pgCollation adds the collations of users.
func pgCollation(s *scan) error {
	s.cat.Objects(catalog.KindCollation, func(o catalog.Object) bool {
		c := o.(*catalog.Collation)
		encoding := -1
		if c.Encoded {
			encoding = utf8Encoding
		}
		s.add(oid(c.OID), text(c.Name), oid(c.Schema), oid(c.Owner), char(c.Provider), boolean(!c.Nondeterministic), num(encoding), textOrNull(c.Collate), textOrNull(c.Ctype),
			textOrNull(c.Locale), textOrNull(c.Version))
		return true
	})
	return nil
}
