package syscat

import (
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// pgOperator adds the operators of users and extensions.
func pgOperator(s *scan) error {
	name, named := s.keyName(2)
	byOID, some := s.keyOID(1)
	s.cat.Objects(catalog.KindOperator, func(o catalog.Object) bool {
		d := o.(*catalog.Operator)
		if p := &d.Op; (!named || d.Name == name) && (!some || d.OID == byOID) {
			s.add(oid(d.OID), text(d.Name), oid(d.Schema), oid(d.Owner), char(p.Kind), boolean(p.CanMerge), boolean(p.CanHash), oid(p.Left), oid(p.Right),
				oid(p.Result), oid(p.Com), oid(p.Negate), oid(p.Code), oid(p.Rest), oid(p.Join))
		}
		return true
	})
	return nil
}

// pgCast adds the casts of users and extensions.
func pgCast(s *scan) error {
	s.cat.Objects(catalog.KindCast, func(o catalog.Object) bool {
		r := &o.(*catalog.Cast).Row
		s.add(oid(r.OID), oid(r.Source), oid(r.Target), oid(r.Func), char(r.Context), char(r.Method))
		return true
	})
	return nil
}

// pgLanguage puts what has been granted on languages into their rows.
func pgLanguage(s *scan) error {
	const acl = 8 // lanacl
	for i, row := range s.static {
		if l, ok := s.cat.Object(catalog.KindLanguage, types.OID(row[0].Uint())).(*catalog.LanguageACL); ok {
			s.static[i] = slices.Clone(row)
			s.static[i][acl] = s.acl(l.ACL)
		}
	}
	return nil
}
