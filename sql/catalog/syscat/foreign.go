package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// External Delta tables are foreign tables of the server delta, whose wrapper has the same name. A database shows both once it has
// such a table.
const (
	deltaWrapper catalog.OID = 9096
	deltaServer  catalog.OID = 9097
)

func pgForeignTable(s *scan) error {
	s.tables(1, func(t *catalog.Table) {
		if t.Kind == catalog.RelForeign {
			s.add(oid(t.OID), oid(deltaServer), texts(options(t.Options)))
		}
	})
	return nil
}

func pgForeignServer(s *scan) error {
	if hasForeignTable(s.cat) {
		s.add(oid(deltaServer), text("delta"), oid(catalog.SuperuserOID), oid(deltaWrapper), types.Null, types.Null, types.Null, types.Null)
	}
	return nil
}

func pgForeignDataWrapper(s *scan) error {
	if hasForeignTable(s.cat) {
		s.add(oid(deltaWrapper), text("delta"), oid(catalog.SuperuserOID), oid(0), oid(0), types.Null, types.Null)
	}
	return nil
}

func hasForeignTable(c *catalog.Catalog) bool {
	return someTable(c, func(t *catalog.Table) bool { return t.Kind == catalog.RelForeign })
}
