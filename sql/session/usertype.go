package session

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// lookupType finds a built-in type, or a table's row type or its array.
func (s *Session) lookupType(oid types.OID) *types.Type {
	if t := types.Lookup(oid); t != nil {
		return t
	}
	return s.userType(oid)
}

// userType makes the types that come with relations; they are kept for one version of the catalog.
func (s *Session) userType(oid types.OID) *types.Type {
	cat := s.catalog()
	if s.rowTypes.version != cat.Version {
		s.rowTypes.version, s.rowTypes.byOID = cat.Version, map[types.OID]*types.Type{}
		cat.Tables(func(t *catalog.Table) bool {
			if t.RowType != 0 && t.Kind != catalog.RelSequence {
				s.addRowType(cat, t)
			}
			return true
		})
	}
	return s.rowTypes.byOID[oid]
}

func (s *Session) addRowType(cat *catalog.Catalog, t *catalog.Table) {
	row := types.Type{OID: t.RowType, Name: t.Name, Kind: tuple.KindRecord, Len: -1, TypType: types.TypeComposite,
		Category: types.CategoryComposite, Delim: ',', Align: 'd', Storage: 'x'}
	if sc := cat.SchemaByOID(t.Schema); sc != nil && sc.OID != catalog.PgCatalogOID {
		row.Schema = sc.Name
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Dropped {
			row.Attrs = append(row.Attrs, types.Attr{Name: c.Name, Type: c.Type, Mod: c.TypMod})
		}
	}
	if !t.Virtual && t.Schema != catalog.InformationSchemaOID {
		row.Array = t.RowType + 1
		s.rowTypes.byOID[row.Array] = types.NewUserType(types.Type{OID: row.Array, Name: "_" + t.Name, Schema: row.Schema, Kind: tuple.KindArray,
			Len: -1, TypType: types.TypeBase, Category: types.CategoryArray, Elem: row.OID, Subscript: arraySubscriptHandler, Delim: ',', Align: 'd', Storage: 'x'}, nil)
	}
	s.rowTypes.byOID[row.OID] = types.NewUserType(row, nil)
}

// rowTypes are the row types of a catalog version.
type rowTypes struct {
	version uint64
	byOID   map[types.OID]*types.Type
}

// arraySubscriptHandler is pg_type.typsubscript of true arrays.
const arraySubscriptHandler = 6179
