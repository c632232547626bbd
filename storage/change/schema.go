package change

import (
	"encoding/binary"
	"fmt"

	"github.com/tarndb/tarn/storage/tuple"
)

// Schema says what the rows of a table look like, for readers that have no catalog.
type Schema struct {
	TableID    uint32 // the table's OID; stays when the table is rewritten
	StorageID  uint32 // first part of its keys; new when the table is rewritten
	Version    uint64 // grows with each change of the table
	SchemaName string
	TableName  string
	Columns    []Column // all that a row may have, dropped ones too, in row order
	PrimaryKey []int    // positions in Columns; empty: the table has hidden row keys
	Options    []Option // mirror options
	Dropped    bool     // the table is gone; its storage id will not be seen again
}

// Column of a Schema.
type Column struct {
	Name     string
	AttNum   int16 // PostgreSQL's attnum, from 1
	TypeOID  uint32
	TypMod   int32
	Kind     tuple.Kind
	ElemKind tuple.Kind // of an array's elements
	ElemOID  uint32
	NotNull  bool
	Dropped  bool
}

// Option is a name with its value.
type Option struct{ Name, Value string }

// An encoded Schema: every number an unsigned varint (typmod and attnum zigzag), every string with its length before it.
//
//	table id, storage id, version, flags (1: dropped), schema name, table name,
//	number of columns, each: name, attnum, type OID, typmod, kind, element kind, element OID, flags (1: not null, 2: dropped)
//	number of primary key columns, each: position
//	number of options, each: name, value
func (s *Schema) append(b []byte) []byte {
	num := func(v uint64) { b = binary.AppendUvarint(b, v) }
	str := func(v string) { num(uint64(len(v))); b = append(b, v...) }
	num(uint64(s.TableID))
	num(uint64(s.StorageID))
	num(s.Version)
	num(flag(s.Dropped, 1))
	str(s.SchemaName)
	str(s.TableName)
	num(uint64(len(s.Columns)))
	for i := range s.Columns {
		c := &s.Columns[i]
		str(c.Name)
		b = binary.AppendVarint(b, int64(c.AttNum))
		num(uint64(c.TypeOID))
		b = binary.AppendVarint(b, int64(c.TypMod))
		num(uint64(c.Kind))
		num(uint64(c.ElemKind))
		num(uint64(c.ElemOID))
		num(flag(c.NotNull, 1) | flag(c.Dropped, 2))
	}
	num(uint64(len(s.PrimaryKey)))
	for _, k := range s.PrimaryKey {
		num(uint64(k))
	}
	num(uint64(len(s.Options)))
	for _, o := range s.Options {
		str(o.Name)
		str(o.Value)
	}
	return b
}

func flag(set bool, bit uint64) uint64 {
	if set {
		return bit
	}
	return 0
}

// Schema decodes a Schema operation; it copies.
func (o *Op) Schema() (*Schema, error) {
	if o.Kind != KindSchema {
		return nil, fmt.Errorf("%w: %s is no schema", ErrMalformed, o.Kind)
	}
	return DecodeSchema(o.Value)
}

// AppendSchema appends the encoded form of s, as it stands in the log, to dst.
func AppendSchema(dst []byte, s *Schema) []byte { return s.append(dst) }

// DecodeSchema reads what AppendSchema wrote; it copies.
func DecodeSchema(b []byte) (*Schema, error) {
	d := Decoder{rest: b}
	s := &Schema{TableID: d.uint32(), StorageID: d.uint32(), Version: d.uvarint()}
	s.Dropped = d.flags(1)&1 != 0
	s.SchemaName, s.TableName = string(d.bytes()), string(d.bytes())
	for range d.count() {
		c := Column{Name: string(d.bytes())}
		c.AttNum = int16(d.varint(1 << 15))
		c.TypeOID = d.uint32()
		c.TypMod = int32(d.varint(1 << 31))
		c.Kind, c.ElemKind, c.ElemOID = d.kind(), d.kind(), d.uint32()
		f := d.flags(3)
		c.NotNull, c.Dropped = f&1 != 0, f&2 != 0
		s.Columns = append(s.Columns, c)
	}
	for range d.count() {
		k := d.uvarint()
		if k >= uint64(len(s.Columns)) {
			d.fail("primary key names a column that is not there")
			break
		}
		s.PrimaryKey = append(s.PrimaryKey, int(k))
	}
	for range d.count() {
		s.Options = append(s.Options, Option{string(d.bytes()), string(d.bytes())})
	}
	if len(d.rest) != 0 {
		d.fail("bytes after the schema")
	}
	if d.err != nil {
		return nil, d.err
	}
	return s, nil
}

// count reads a number of things of which each takes at least a byte.
func (d *Decoder) count() uint64 {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail("more elements than bytes")
		return 0
	}
	return n
}

func (d *Decoder) flags(known uint64) uint64 {
	f := d.uvarint()
	if f&^known != 0 {
		d.fail("unknown flags")
	}
	return f
}

func (d *Decoder) kind() tuple.Kind {
	k := d.uvarint()
	if k > 255 {
		d.fail("kind exceeds a byte")
	}
	return tuple.Kind(k)
}

// varint reads a zigzag number v with -limit <= v < limit.
func (d *Decoder) varint(limit int64) int64 {
	u := d.uvarint()
	v := int64(u>>1) ^ -int64(u&1)
	if v < -limit || v >= limit {
		d.fail("number out of range")
		return 0
	}
	return v
}
