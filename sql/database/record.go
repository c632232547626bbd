package database

import (
	"encoding/base64"
	"sort"
	"strconv"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// SchemaRecord is the log record that says what a table's rows look like from a commit on, for those who read the log
// without a catalog. t is nil for a dropped table, old what it was before (nil: new). nil: nothing that concerns them.
func SchemaRecord(c *catalog.Catalog, oid catalog.OID, t, old *catalog.Table) *change.Schema {
	stored := func(t *catalog.Table) bool {
		return t != nil && t.Kind == catalog.RelTable && t.Persistence == catalog.Permanent && !t.Virtual
	}
	if !stored(t) {
		if !stored(old) {
			return nil
		}
		return &change.Schema{TableID: oid, StorageID: old.StorageID, Version: uint64(old.Version) + 1, TableName: old.Name, Dropped: true}
	}
	s := &change.Schema{TableID: oid, StorageID: t.StorageID, Version: uint64(t.Version), TableName: t.Name}
	if sc := c.SchemaByOID(t.Schema); sc != nil {
		s.SchemaName = sc.Name
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		r := change.Column{Name: col.Name, AttNum: col.AttNum, TypeOID: col.Type, TypMod: col.TypMod, Kind: col.Kind,
			NotNull: col.NotNull, Dropped: col.Dropped}
		// Who follows the log sees a domain as its base type.
		if ty := anyType(c, col.Type); ty != nil && ty.TypType == types.TypeDomain {
			if b := baseType(c, ty); b != nil {
				r.TypeOID = b.OID
				if r.TypMod < 0 {
					r.TypMod = ty.BaseMod
				}
			}
		}
		if ty := anyType(c, r.TypeOID); ty != nil && ty.Elem != 0 {
			if el := baseType(c, anyType(c, ty.Elem)); el != nil {
				r.ElemOID, r.ElemKind = el.OID, el.Kind
			}
		}
		if r.Kind == tuple.KindArray && r.ElemOID == 0 { // a vector is held as the real[] of its elements
			r.ElemOID, r.ElemKind = types.Float4, tuple.KindFloat32
		}
		s.Columns = append(s.Columns, r)
	}
	if pk := t.PrimaryIndex(); pk != nil {
		for _, k := range pk.Keys {
			s.PrimaryKey = append(s.PrimaryKey, int(k.Att)-1)
		}
	}
	for _, o := range t.Options {
		s.Options = append(s.Options, change.Option{Name: o.Name, Value: o.Value})
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.HasMissing && !c.Dropped {
			if v, ok := missingRow(c); ok {
				s.Options = append(s.Options, change.Option{Name: "missing." + strconv.Itoa(int(c.AttNum)), Value: v})
			}
		}
	}
	sort.Slice(s.Options, func(i, j int) bool { return s.Options[i].Name < s.Options[j].Name })
	return s
}

func anyType(c *catalog.Catalog, oid types.OID) *types.Type {
	if t := types.Lookup(oid); t != nil {
		return t
	}
	return c.UserType(oid)
}

func baseType(c *catalog.Catalog, t *types.Type) *types.Type {
	for t != nil && t.TypType == types.TypeDomain {
		t = anyType(c, t.Base)
	}
	return t
}

// missingRow is the value of rows that were stored before the column was there, as a row of this one column in base64: the
// form that followers of the log read (option missing.<attnum>).
func missingRow(c *catalog.Column) (string, bool) {
	t := types.Lookup(c.Type)
	if t == nil {
		return "", false
	}
	v, err := t.ParseText(c.Missing, c.TypMod, nil)
	if err != nil {
		return "", false
	}
	row := tuple.NewLayout([]tuple.Kind{c.Kind}, nil).Append(nil, 0, []tuple.Value{v})
	return base64.StdEncoding.EncodeToString(row), true
}
