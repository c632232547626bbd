package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
)

// typeAddresses are a type's own address and those of its array and multirange: columns of these types depend on it.
func (x *exec) typeAddresses(o object) []object {
	out := []object{o}
	if t := x.Catalog().Type(o.OID); t != nil && t.OID == o.OID {
		for _, oid := range t.TypeOIDs() {
			out = append(out, object{Kind: catalog.KindType, OID: oid})
		}
	}
	return out
}

// rowTypeAddresses are those of a relation's row type and its array.
func (x *exec) rowTypeAddresses(rel catalog.OID) []object {
	t := x.Catalog().Table(rel)
	if t == nil || t.RowType == 0 || t.Kind == catalog.RelSequence {
		return nil
	}
	return []object{{Kind: catalog.KindType, OID: t.RowType}, {Kind: catalog.KindType, OID: t.RowType + 1}}
}

func (x *exec) describeType(o object) string { return "type " + types.FormatType(o.OID, -1, x.Env) }

func (x *exec) removeType(o object) error {
	x.Editor.Drop(o)
	return nil
}
