package files

import (
	"sort"

	"github.com/hamba/avro/v2"
)

// avroSource reads an object container file. A schema that is not a record is the one column value.
type avroSource struct {
	f      File
	c      *avroContainer
	schema avro.Schema
	record *avro.RecordSchema // nil: the file's values are not records
	block  avroDecoder
	left   int64 // records of the block that are still to come
	fields []field
}

func newAvro(f File) (*avroSource, error) {
	c, err := openAvro(f)
	if err != nil {
		return nil, err
	}
	a := &avroSource{f: f, c: c, fields: make([]field, 1)}
	if a.schema, err = avro.ParseBytesWithCache(c.schema, "", &avro.SchemaCache{}); err != nil {
		return nil, damaged("schema of an Avro file: %v", err)
	}
	if rec, ok := a.schema.(*avro.RecordSchema); ok {
		a.record = rec
		a.fields = make([]field, len(rec.Fields()))
	}
	return a, nil
}

func (a *avroSource) close() { a.f.Close() }

func (a *avroSource) columns() ([]shaped, bool) {
	if a.record == nil {
		return []shaped{{"value", avroShape(a.schema)}}, true
	}
	var out []shaped
	for _, f := range a.record.Fields() {
		out = append(out, shaped{f.Name(), avroShape(f.Type())})
	}
	return out, true
}

func (a *avroSource) next() (record, bool, error) {
	for a.left == 0 {
		if len(a.block.b) > 0 {
			return record{}, false, damaged("a block of an Avro file is longer than its records")
		}
		n, data, err := a.c.next()
		if err != nil {
			return record{}, false, atEnd(err)
		}
		a.left, a.block.b = n, data
	}
	a.left--
	a.block.spare = maxEmpty
	var err error
	if a.record == nil {
		a.fields[0].name = "value"
		a.fields[0].value, err = a.block.value(a.schema)
		return record{fields: a.fields}, err == nil, err
	}
	for i, f := range a.record.Fields() {
		a.fields[i].name = f.Name()
		if a.fields[i].value, err = a.block.value(f.Type()); err != nil {
			return record{}, false, err
		}
	}
	return record{fields: a.fields}, true, nil
}

func avroShape(s avro.Schema) shape {
	s = deref(s)
	switch l := logical(s); l {
	case avro.Decimal:
		precision, scale := decimalOf(s)
		return shape{shapeNumeric, numericMod(precision, scale)}
	case avro.Date:
		return shape{k: shapeDate}
	case avro.TimeMillis, avro.TimeMicros:
		return shape{k: shapeTime}
	case avro.TimestampMillis, avro.TimestampMicros:
		return shape{k: shapeTimestampTZ}
	case avro.LocalTimestampMillis, avro.LocalTimestampMicros:
		return shape{k: shapeTimestamp}
	}
	switch s.Type() {
	case avro.Boolean:
		return shape{k: shapeBool}
	case avro.Int:
		return shape{k: shapeInt4}
	case avro.Long:
		return shape{k: shapeInt8}
	case avro.Float:
		return shape{k: shapeFloat4}
	case avro.Double:
		return shape{k: shapeFloat8}
	case avro.Bytes, avro.Fixed:
		return shape{k: shapeBytes}
	case avro.Record, avro.Array, avro.Map:
		return shape{k: shapeJSON}
	case avro.Null:
		return shape{}
	case avro.Union:
		var out shape
		for _, t := range s.(*avro.UnionSchema).Types() {
			out = out.join(avroShape(t))
		}
		return out
	}
	return shape{k: shapeText}
}

func deref(s avro.Schema) avro.Schema {
	if r, ok := s.(*avro.RefSchema); ok {
		return r.Schema()
	}
	return s
}

// logical is the logical type of a schema, where its underlying type is one that it stands on.
func logical(s avro.Schema) avro.LogicalType {
	l, ok := s.(avro.LogicalTypeSchema)
	if !ok || l.Logical() == nil {
		return ""
	}
	on := map[avro.LogicalType][]avro.Type{avro.Decimal: {avro.Bytes, avro.Fixed}, avro.Date: {avro.Int}, avro.TimeMillis: {avro.Int},
		avro.TimeMicros: {avro.Long}, avro.TimestampMillis: {avro.Long}, avro.TimestampMicros: {avro.Long},
		avro.LocalTimestampMillis: {avro.Long}, avro.LocalTimestampMicros: {avro.Long}}
	for _, t := range on[l.Logical().Type()] {
		if t == s.Type() {
			return l.Logical().Type()
		}
	}
	return ""
}

func decimalOf(s avro.Schema) (precision, scale int) {
	if l, ok := s.(avro.LogicalTypeSchema); ok {
		if d, ok := l.Logical().(*avro.DecimalLogicalSchema); ok {
			return d.Precision(), d.Scale()
		}
	}
	return 0, 0
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
