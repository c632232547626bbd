package syscat

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

func pgPolicy(s *scan) error {
	s.tables(3, func(t *catalog.Table) {
		for _, p := range t.Policies {
			roles := make([]types.Datum, len(p.Roles))
			for i, r := range p.Roles {
				roles[i] = oid(r)
			}
			s.add(oid(p.OID), text(p.Name), oid(t.OID), char(byte(p.Command)), boolean(p.Permissive), types.MakeArray(types.Lookup(types.Oid), roles),
				textOrNull(p.Using), textOrNull(p.Check))
		}
	})
	return nil
}
