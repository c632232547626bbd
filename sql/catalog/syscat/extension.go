package syscat

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
)

// memberColumns are where a catalog's rows say what differs from database to database; -1: nowhere.
type memberColumns struct{ namespace, owner, acl, library int }

func (st *static) memberColumns() memberColumns {
	m := memberColumns{-1, -1, -1, -1}
	for i := range st.table.Columns {
		switch name := st.table.Columns[i].Name; {
		case strings.HasSuffix(name, "namespace"):
			m.namespace = i
		case strings.HasSuffix(name, "owner"):
			m.owner = i
		case name == "proacl", name == "typacl":
			m.acl = i
		case name == "probin":
			m.library = i
		}
	}
	return m
}

// fromDescriptors are the catalogs whose rows of extensions pgOperator and pgCast add, as those of users.
var fromDescriptors = map[string]bool{"pg_operator": true, "pg_cast": true, "pg_ts_dict": true}

// languageC is the pg_language row of functions that a library has.
const languageC = 13

// created leaves the rows of extensions that the database does not have out of a catalog's, and completes those of the others. The
// first column of all of them is an OID of the object.
func (s *scan) created(st *static, rows [][]types.Datum) [][]types.Datum {
	out := rows[:0]
	at := st.memberColumns()
	for _, row := range rows {
		id := catalog.OID(row[0].Uint())
		x := pgdata.ExtensionOf(id)
		if id == deltaAM && !hasLake(s.cat) {
			continue
		}
		if x == nil {
			out = append(out, row)
			continue
		}
		e := s.cat.Extension(x.Name)
		if e == nil || fromDescriptors[st.table.Name] {
			continue
		}
		owner, acl := catalog.SuperuserOID, privilege.ACL(nil)
		switch st.table.Name {
		case "pg_proc":
			f := s.cat.Function(id)
			owner, acl = f.Owner, f.ACL
		case "pg_type":
			t := s.cat.Type(id)
			if t == nil { // a row type, or the array of one
				continue
			}
			owner, acl = t.Owner, t.ACL
		}
		own := append([]types.Datum(nil), row...)
		if at.namespace >= 0 {
			own[at.namespace] = oid(e.Schema)
		}
		if at.owner >= 0 {
			own[at.owner] = oid(owner)
		}
		if at.acl >= 0 {
			own[at.acl] = s.acl(acl)
		}
		if lang := st.table.ColumnByName("prolang"); at.library >= 0 && own[lang.AttNum-1].Uint() == languageC {
			own[at.library] = text("$libdir/" + x.Name)
		}
		out = append(out, own)
	}
	return out
}

func pgExtension(s *scan) error {
	s.add(oid(tarnExtension), text("tarn"), oid(catalog.SuperuserOID), oid(catalog.TarnSchemaOID), no, text("1.0"), null, null)
	s.cat.Objects(catalog.KindExtension, func(o catalog.Object) bool {
		e := o.(*catalog.Extension)
		x := e.Control()
		s.add(oid(e.OID), text(e.Name), oid(e.Owner), oid(e.Schema), boolean(x != nil && x.Relocatable), text(e.Version), null, null)
		return true
	})
	return nil
}
