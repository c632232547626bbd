package mirror

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// Table properties that hold what a restart needs; docs/formats/delta.md.
const (
	propSchema  = "tarn.schema"  // change.Schema, base64
	propColumns = "tarn.columns" // []column, JSON
	propRetired = "tarn.retired" // Delta names that dropped columns had, JSON
	propTable   = "tarn.table"   // schema.table, for people
)

// errUnsupportedType says that a column has no Delta type.
var errUnsupportedType = errors.New("type cannot be mirrored")

// column says how one column of a table stands in Delta.
type column struct {
	AttNum int16  `json:"attnum"`
	Name   string `json:"name"` // in Delta
	Text   bool   `json:"text"` // fell back to string
	pos    int    // in the rows
	typ    parquet.Type
	conv   converter
}

// mapping is how a table stands in Delta. It is immutable.
type mapping struct {
	schema  *change.Schema
	print   *pgtext.Printer
	columns []column
	retired []string
}

// converter turns a value of a row (never NULL) into the physical Delta value; ok is false when the type cannot hold it.
// Bytes may be put into buf, which is returned.
type converter func(buf []byte, v tuple.Value) (_ []byte, out tuple.Value, ok bool)

// newMapping maps a table. prev, nil for a new table, keeps names; text names attnums that are strings by fallback.
// compatible says that files written under prev are right under the new mapping too.
func newMapping(s *change.Schema, prev *mapping, text map[int16]bool) (m *mapping, compatible bool, err error) {
	m, compatible = &mapping{schema: s}, true
	if m.print, err = pgtext.New(s); err != nil {
		return nil, false, fmt.Errorf("types of %s.%s: %w", s.SchemaName, s.TableName, err)
	}
	used := map[string]bool{strings.ToLower(parquet.RowIDColumn): true}
	old := map[int16]column{}
	if prev != nil {
		for _, c := range prev.columns {
			old[c.AttNum] = c
		}
		m.retired = prev.retired
		compatible = m.print.Extends(prev.print)
	}
	oldNames := map[string]int16{}
	for _, c := range old {
		oldNames[strings.ToLower(c.Name)] = c.AttNum
	}
	for _, n := range m.retired {
		oldNames[strings.ToLower(n)] = 0
	}
	for pos, c := range s.Columns {
		if c.Dropped {
			continue
		}
		col := column{AttNum: c.AttNum, Text: text[c.AttNum], pos: pos, Name: deltaName(c.Name, c.AttNum, used)}
		used[strings.ToLower(col.Name)] = true
		if col.typ, col.conv, err = deltaType(m.print, c, col.Text); err != nil {
			return nil, false, fmt.Errorf("column %s of %s.%s: %w", c.Name, s.SchemaName, s.TableName, err)
		}
		if prev != nil {
			o, had := old[c.AttNum]
			owner, taken := oldNames[strings.ToLower(col.Name)]
			switch {
			case had && (o.Name != col.Name || !o.typ.Equal(col.typ)):
				compatible = false
			case !had && (taken && owner != c.AttNum || missingValue(s, c) != ""):
				compatible = false
			}
			delete(old, c.AttNum)
		}
		m.columns = append(m.columns, col)
	}
	for _, o := range old {
		m.retired = append(m.retired[:len(m.retired):len(m.retired)], o.Name)
	}
	return m, compatible, nil
}

// deltaName makes a name that every Delta reader takes: no character that parquet-mr refuses, unique without case.
func deltaName(name string, attnum int16, used map[string]bool) string {
	n := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,;{}()\n\t=", r) {
			return '_'
		}
		return r
	}, name)
	if used[strings.ToLower(n)] {
		n += "_" + strconv.Itoa(int(attnum))
	}
	for used[strings.ToLower(n)] {
		n += "_"
	}
	return n
}

// missingValue is the encoded value that rows from before ADD COLUMN have, "" for NULL. The writer of the Schema gives
// it as option missing.<attnum>.
func missingValue(s *change.Schema, c change.Column) string {
	for _, o := range s.Options {
		if o.Name == "missing."+strconv.Itoa(int(c.AttNum)) {
			return o.Value
		}
	}
	return ""
}

func option(s *change.Schema, name string) string {
	for _, o := range s.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

func scalar(id parquet.TypeID) parquet.Type { return parquet.Type{ID: id} }

func same(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) { return buf, v, true }

// deltaType is the type mapping (docs/formats/delta.md). text asks for the string form.
func deltaType(p *pgtext.Printer, c change.Column, text bool) (parquet.Type, converter, error) {
	if !text {
		if t, conv, ok := nativeType(c.TypeOID, c.TypMod, c.Kind); ok {
			return t, conv, nil
		}
		if c.Kind == tuple.KindArray && c.TypeOID != pgtext.OIDInt2Vector && c.TypeOID != pgtext.OIDOidVector {
			if et, ec, ok := nativeType(c.ElemOID, c.TypMod, c.ElemKind); ok {
				return parquet.Type{ID: parquet.Array, Elem: &et}, arrayConverter(ec), nil
			}
		}
	}
	if !p.Prints(c.TypeOID, c.Kind) || c.Kind == tuple.KindArray && c.ElemKind.Valid() && !p.Prints(c.ElemOID, c.ElemKind) {
		return parquet.Type{}, nil, errUnsupportedType
	}
	if c.Kind == tuple.KindBytes && pgtext.Own(c.TypeOID) || pgtext.IsText(c.Kind) {
		return scalar(parquet.String), same, nil
	}
	return scalar(parquet.String), textOf(p, c.TypeOID, c.Kind), nil
}

func textOf(p *pgtext.Printer, oid uint32, kind tuple.Kind) converter {
	return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
		n := len(buf)
		buf = p.Append(buf, oid, kind, v)
		return buf, tuple.Bytes(buf[n:len(buf):len(buf)]), true
	}
}

// nativeType maps the types that Delta has.
func nativeType(oid uint32, typmod int32, kind tuple.Kind) (parquet.Type, converter, bool) {
	switch kind {
	case tuple.KindBool:
		return scalar(parquet.Boolean), same, true
	case tuple.KindText, tuple.KindBpchar, tuple.KindJSONB, tuple.KindFolded:
		return scalar(parquet.String), same, true
	case tuple.KindNumeric:
		if p, s, ok := numericTypMod(typmod); ok {
			return decimalType(p, s)
		}
		return parquet.Type{}, nil, false
	}
	switch oid {
	case pgtext.OIDInt2:
		return scalar(parquet.Short), same, kind == tuple.KindInt16
	case pgtext.OIDInt4:
		return scalar(parquet.Integer), same, kind == tuple.KindInt32
	case pgtext.OIDInt8:
		return scalar(parquet.Long), same, kind == tuple.KindInt64
	case pgtext.OIDFloat4:
		return scalar(parquet.Float), same, kind == tuple.KindFloat32
	case pgtext.OIDFloat8:
		return scalar(parquet.Double), same, kind == tuple.KindFloat64
	case pgtext.OIDDate:
		return scalar(parquet.Date), dateValue, kind == tuple.KindInt32
	case pgtext.OIDTimestamp:
		return scalar(parquet.TimestampNTZ), timestampValue, kind == tuple.KindInt64
	case pgtext.OIDTimestampTZ:
		return scalar(parquet.Timestamp), timestampValue, kind == tuple.KindInt64
	case pgtext.OIDBytea:
		return scalar(parquet.Binary), same, kind == tuple.KindBytes
	}
	if kind == tuple.KindUint32 && oid < pgtext.FirstUserOID {
		return scalar(parquet.Long), same, true
	}
	return parquet.Type{}, nil, false
}

// numericTypMod takes numeric(p,s) apart if a Delta decimal can hold it.
func numericTypMod(typmod int32) (p, s int, ok bool) {
	if typmod < 4 {
		return 0, 0, false
	}
	p = int((typmod - 4) >> 16)
	s = int((typmod-4)&0x7ff^1024) - 1024
	return p, s, p >= 1 && p <= 38 && s >= 0 && s <= p
}

func decimalType(p, s int) (parquet.Type, converter, bool) {
	t := parquet.Type{ID: parquet.Decimal, Precision: uint8(p), Scale: uint8(s)}
	if p <= 18 {
		return t, func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
			n := tuple.Numeric(v.Bytes())
			if n.IsSpecial() {
				return buf, tuple.Null, false
			}
			u, ok := n.Unscaled(s)
			return buf, tuple.Int(u), ok
		}, true
	}
	return t, func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
		n := tuple.Numeric(v.Bytes())
		if n.IsSpecial() {
			return buf, tuple.Null, false
		}
		u, ok := n.UnscaledBig(s)
		if !ok || u.BitLen() > 127 {
			return buf, tuple.Null, false
		}
		at := len(buf)
		buf = parquet.AppendInt128(buf, u)
		return buf, tuple.Bytes(buf[at:len(buf):len(buf)]), true
	}, true
}

func dateValue(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
	d := v.Int()
	return buf, tuple.Int(d + pgtext.EpochDays), d != pgtext.DateInfinity && d != pgtext.DateNegInfinity && d+pgtext.EpochDays <= pgtext.DateInfinity
}

func timestampValue(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
	us := v.Int()
	return buf, tuple.Int(us + pgtext.EpochMicros), us <= pgtext.TimestampInfinity-pgtext.EpochMicros && us != pgtext.TimestampNegInf
}

// arrayConverter takes arrays of no or one dimension that start at 1; others have no Delta form.
func arrayConverter(elem converter) converter {
	return func(buf []byte, v tuple.Value) ([]byte, tuple.Value, bool) {
		a := tuple.Array(v.Bytes())
		if n := a.NumDims(); n > 1 || n == 1 && a.Dim(0).Lower != 1 {
			return buf, tuple.Null, false
		}
		elems := a.Elems(nil)
		var scratch []byte
		var ok bool
		for i := range elems {
			if elems[i].IsNull() {
				continue
			}
			if scratch, elems[i], ok = elem(scratch, elems[i]); !ok {
				return buf, tuple.Null, false
			}
		}
		at := len(buf)
		buf = parquet.AppendList(buf, elems)
		return buf, tuple.Bytes(buf[at:len(buf):len(buf)]), true
	}
}

// deltaSchema is the table's schema in Delta. Every column is nullable: a NOT NULL that comes and goes needs no rewrite.
func (m *mapping) deltaSchema() delta.Schema {
	var s delta.Schema
	for _, c := range m.columns {
		s.Fields = append(s.Fields, delta.Field{Name: c.Name, Type: c.typ, Nullable: true})
	}
	return s
}

// properties are the table properties that load reads back.
func (m *mapping) properties() map[string]string {
	cols, _ := json.Marshal(m.columns)
	retired, _ := json.Marshal(m.retired)
	return map[string]string{
		propSchema:  base64.StdEncoding.EncodeToString(change.AppendSchema(nil, m.schema)),
		propColumns: string(cols),
		propRetired: string(retired),
		propTable:   m.schema.SchemaName + "." + m.schema.TableName,
	}
}

// loadMapping reads the mapping of a published table.
func loadMapping(conf map[string]string) (*mapping, error) {
	raw, err := base64.StdEncoding.DecodeString(conf[propSchema])
	if err != nil {
		return nil, fmt.Errorf("table property %s: %w", propSchema, err)
	}
	s, err := change.DecodeSchema(raw)
	if err != nil {
		return nil, fmt.Errorf("table property %s: %w", propSchema, err)
	}
	var cols []column
	var retired []string
	if err := json.Unmarshal([]byte(conf[propColumns]), &cols); err != nil {
		return nil, fmt.Errorf("table property %s: %w", propColumns, err)
	}
	if err := json.Unmarshal([]byte(conf[propRetired]), &retired); err != nil {
		return nil, fmt.Errorf("table property %s: %w", propRetired, err)
	}
	text := map[int16]bool{}
	for _, c := range cols {
		text[c.AttNum] = c.Text
	}
	m, _, err := newMapping(s, nil, text)
	if err != nil {
		return nil, err
	}
	if len(m.columns) != len(cols) {
		return nil, fmt.Errorf("table property %s does not fit %s", propColumns, propSchema)
	}
	for i := range cols {
		if m.columns[i].AttNum != cols[i].AttNum {
			return nil, fmt.Errorf("table property %s does not fit %s", propColumns, propSchema)
		}
		m.columns[i].Name = cols[i].Name
	}
	m.retired = retired
	return m, nil
}

// text are the attnums that fell back to string.
func (m *mapping) text() map[int16]bool {
	out := map[int16]bool{}
	for _, c := range m.columns {
		if c.Text {
			out[c.AttNum] = true
		}
	}
	return out
}
