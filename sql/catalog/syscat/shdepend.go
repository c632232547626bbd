package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
)

const (
	pgAuthidRelation     catalog.OID = 1260
	pgDefaultACLRelation catalog.OID = 826
)

// pgShdepend is which objects of the database name which roles: as owner (o), in privileges (a), in policies (r). Roles that
// PostgreSQL makes itself are not listed, as they cannot be dropped.
func pgShdepend(s *scan) error {
	if s.srv == nil || s.sess == nil {
		return nil
	}
	db := catalog.OID(0)
	for _, d := range s.srv.Databases() {
		if d.Name == s.sess.Database() {
			db = d.OID
		}
	}
	row := func(class, obj catalog.OID, sub int16, role catalog.OID, why byte) {
		if role >= catalog.FirstNormalOID {
			s.add(oid(db), oid(class), oid(obj), num(sub), oid(pgAuthidRelation), oid(role), char(why))
		}
	}
	object := func(class, obj, owner catalog.OID, acl privilege.ACL) {
		row(class, obj, 0, owner, 'o')
		seen := map[catalog.OID]bool{owner: true}
		for _, g := range acl {
			for _, r := range []catalog.OID{g.Grantee, g.Grantor} {
				if !seen[r] {
					seen[r] = true
					row(class, obj, 0, r, 'a')
				}
			}
		}
	}
	s.cat.Schemas(func(sc *catalog.Schema) bool {
		object(pgNamespaceRelation, sc.OID, sc.Owner, sc.ACL)
		return true
	})
	s.cat.Tables(func(t *catalog.Table) bool {
		if t.Virtual {
			return true
		}
		object(pgClassRelation, t.OID, t.Owner, t.ACL)
		for i := range t.Columns {
			c := &t.Columns[i]
			for _, g := range c.ACL {
				if g.Grantee != t.Owner {
					row(pgClassRelation, t.OID, c.AttNum, g.Grantee, 'a')
				}
			}
		}
		for _, p := range t.Policies {
			for _, r := range p.Roles {
				row(pgPolicyRelation, p.OID, 0, r, 'r')
			}
		}
		return true
	})
	for _, k := range catalog.Kinds() {
		s.cat.Objects(k, func(o catalog.Object) bool {
			h := o.Head()
			class, obj, _, ok := classOf(catalog.AddressOf(o))
			if k == catalog.KindDefaultACL {
				class, obj, ok = pgDefaultACLRelation, h.OID, true
			}
			if ok && k != catalog.KindCast {
				object(class, obj, h.Owner, h.ACL)
			}
			return true
		})
	}
	return nil
}
