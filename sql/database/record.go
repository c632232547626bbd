package database

import (
	"encoding/base64"
	"sort"
	"strconv"
	"strings"

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
	notes := typeNotes{c: c, of: map[types.OID]change.TypeNote{}}
	for i := range t.Columns {
		if col := &t.Columns[i]; !col.Dropped {
			notes.add(col.Type)
		}
	}
	for oid, n := range notes.of {
		if n.Base != 0 || n.Labels != nil {
			s.Options = append(s.Options, n.Option(oid))
		}
	}
	if pk := t.PrimaryIndex(); pk != nil {
		for _, k := range pk.Keys {
			s.PrimaryKey = append(s.PrimaryKey, int(k.Att)-1)
		}
	}
	for _, o := range t.Options {
		if on, ok := types.ParseBool(o.Value); ok && (o.Name == "mirror" || o.Name == "change_data_feed") {
			o.Value = map[bool]string{true: "on", false: "off"}[on]
		}
		if o.Name == catalog.OptClusterBy {
			o.Value = attList(t.ClusterBy())
		}
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

// attList writes attribute numbers as option cluster_by of a record has them.
func attList(atts []int16) string {
	var list []string
	for _, a := range atts {
		list = append(list, strconv.Itoa(int(a)))
	}
	return strings.Join(list, ",")
}

// SchemaRecords are the records of a transaction: of the tables that it has changed, and of those that hold values of an enum
// whose labels it has changed.
func SchemaRecords(e *catalog.Editor, base *catalog.Catalog) []*change.Schema {
	var out []*change.Schema
	c := e.Catalog()
	done := map[catalog.OID]bool{}
	e.Tables(func(oid catalog.OID, t *catalog.Table) {
		done[oid] = true
		if rec := SchemaRecord(c, oid, t, base.Table(oid)); rec != nil {
			out = append(out, rec)
		}
	})
	enums := map[catalog.OID]bool{}
	for _, a := range e.Since(catalog.Mark{}) {
		if a.Kind == catalog.KindType && base.Type(a.OID) != nil && base.Type(a.OID).Form == types.TypeEnum {
			enums[a.OID] = true
		}
	}
	if len(enums) == 0 {
		return out
	}
	c.Tables(func(t *catalog.Table) bool {
		if done[t.OID] {
			return true
		}
		notes := typeNotes{c: c, of: map[types.OID]change.TypeNote{}}
		for i := range t.Columns {
			notes.add(t.Columns[i].Type)
		}
		for oid := range notes.of {
			if enums[oid] {
				if rec := SchemaRecord(c, t.OID, t, t); rec != nil {
					out = append(out, rec)
				}
				break
			}
		}
		return true
	})
	return out
}

// typeNotes collects what there is to say of the types that values may hold.
type typeNotes struct {
	c  *catalog.Catalog
	of map[types.OID]change.TypeNote // empty for a type of which nothing needs to be said
}

func (n *typeNotes) add(oid types.OID) {
	if _, seen := n.of[oid]; seen || oid == 0 || catalog.BuiltIn(oid) {
		return
	}
	var note change.TypeNote
	n.of[oid] = note
	t := anyType(n.c, oid)
	if t == nil {
		return
	}
	switch t.TypType {
	case types.TypeEnum:
		note.Labels = []change.EnumLabel{}
		for _, l := range t.Labels {
			note.Labels = append(note.Labels, change.EnumLabel{Sort: l.Sort, Name: l.Name})
		}
	case types.TypeDomain:
		if b := baseType(n.c, t); b != nil {
			note.Base = b.OID
			n.add(b.OID)
		}
	case types.TypeComposite:
		if row := n.c.RowTypeOf(oid); row != nil {
			for i := range row.Columns {
				n.add(row.Columns[i].Type)
			}
		}
	case types.TypeRange:
		if d := n.c.Type(oid); d != nil && d.Range != nil {
			n.add(d.Range.Subtype)
		}
	case types.TypeMultirange:
		if d := n.c.Type(oid); d != nil {
			n.add(d.Of)
		}
	default:
		n.add(t.Elem)
	}
	n.of[oid] = note
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
