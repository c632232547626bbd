package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
)

// tarnVolumes are the volumes of the database. The directory of a managed one is its path in SQL: where it really is, is Tarn's affair.
func tarnVolumes(s *scan) error {
	database := ""
	if s.sess != nil {
		database = s.sess.Database()
	}
	s.cat.Objects(catalog.KindVolume, func(o catalog.Object) bool {
		v := o.(*catalog.Volume)
		sc := s.cat.SchemaByOID(v.Schema)
		if sc == nil {
			return true
		}
		kind, location := "managed", "/Volumes/"+database+"/"+sc.Name+"/"+v.Name
		if v.External() {
			kind, location = "external", v.Location
		}
		var acl []string
		for _, g := range v.ACL {
			acl = append(acl, g.Text(s.roleName))
		}
		s.add(text(database), text(sc.Name), text(v.Name), text(kind), text(s.roleName(v.Owner)), text(location), textOrNull(v.Comment), texts(acl))
		return true
	})
	return nil
}
