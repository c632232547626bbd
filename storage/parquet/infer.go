package parquet

import (
	"fmt"
	"strings"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Fields are the columns of the file with the types that they have in Delta. Unsigned integers get the next wider type.
// A column without a counterpart gives ErrType.
func (r *Reader) Fields() (_ []Field, err error) {
	defer caught(&err)
	return fieldsOf(r.f.Root())
}

func fieldsOf(c *pq.Column) ([]Field, error) {
	var out []Field
	for _, k := range c.Columns() {
		t, err := typeOf(k)
		if err != nil {
			return nil, err
		}
		out = append(out, Field{Name: k.Name(), Type: t, Nullable: !k.Required(), ID: k.ID()})
	}
	return out, nil
}

func typeOf(c *pq.Column) (Type, error) {
	if c.Repeated() {
		return listOf(c)
	}
	return plainTypeOf(c)
}

// plainTypeOf is the type of one instance of a column.
func plainTypeOf(c *pq.Column) (Type, error) {
	if c.Leaf() {
		return primitiveOf(c)
	}
	if c.Type().String() == "VARIANT" {
		return Type{}, fmt.Errorf("%w: column %s is a variant", ErrType, strings.Join(c.Path(), "."))
	}
	switch logical := c.Type().String(); {
	case logical == "MAP":
		if key, val := mapParts(c); val != nil {
			return mapOf(key, val)
		}
	case logical == "LIST":
		if rep, _ := listParts(c); rep != nil {
			return listOf(c)
		}
	}
	fields, err := fieldsOf(c)
	return Type{ID: Struct, Fields: fields}, err
}

func listOf(c *pq.Column) (Type, error) {
	_, elem := listParts(c)
	t, err := plainTypeOf(elem)
	return Type{ID: Array, Elem: &t, NoNulls: !elem.Optional()}, err
}

func mapOf(key, val *pq.Column) (Type, error) {
	k, err := typeOf(key)
	if err != nil {
		return Type{}, err
	}
	v, err := typeOf(val)
	return Type{ID: Map, Key: &k, Elem: &v, NoNulls: val.Required()}, err
}

func primitiveOf(c *pq.Column) (Type, error) {
	unsupported := func() (Type, error) {
		return Type{}, fmt.Errorf("%w: column %s has type %s", ErrType, strings.Join(c.Path(), "."), c.Type())
	}
	if lt := c.Type().LogicalType(); lt != nil {
		switch l := lt.Value.(type) {
		case *format.StringType, *format.EnumType, *format.JsonType, *format.UUIDType:
			return Type{ID: String}, nil
		case *format.BsonType:
			return Type{ID: Binary}, nil
		case *format.DateType:
			return Type{ID: Date}, nil
		case *format.NullType:
			return Type{ID: Void}, nil
		case *format.IntType:
			return integerOf(int(l.BitWidth), l.IsSigned), nil
		case *format.DecimalType:
			if l.Precision < 1 || l.Precision > 38 || l.Scale < 0 || l.Scale > l.Precision {
				return unsupported()
			}
			return Type{ID: Decimal, Precision: uint8(l.Precision), Scale: uint8(l.Scale)}, nil
		case *format.TimestampType:
			if l.IsAdjustedToUTC {
				return Type{ID: Timestamp}, nil
			}
			return Type{ID: TimestampNTZ}, nil
		default:
			return unsupported()
		}
	}
	if ct := c.Type().ConvertedType(); ct != nil && *ct == deprecated.Interval {
		return unsupported()
	}
	switch c.Type().Kind() {
	case pq.Boolean:
		return Type{ID: Boolean}, nil
	case pq.Int32:
		return Type{ID: Integer}, nil
	case pq.Int64:
		return Type{ID: Long}, nil
	case pq.Int96:
		return Type{ID: Timestamp}, nil
	case pq.Float:
		return Type{ID: Float}, nil
	case pq.Double:
		return Type{ID: Double}, nil
	case pq.ByteArray, pq.FixedLenByteArray:
		return Type{ID: Binary}, nil
	}
	return unsupported()
}

func integerOf(bits int, signed bool) Type {
	if !signed {
		bits *= 2
	}
	switch {
	case bits <= 8:
		return Type{ID: Byte}
	case bits <= 16:
		return Type{ID: Short}
	case bits <= 32:
		return Type{ID: Integer}
	case bits <= 64:
		return Type{ID: Long}
	}
	return Type{ID: Decimal, Precision: 20}
}

// TypeOf is the type of a column, or of a field in one, by its path.
func (r *Reader) TypeOf(path ...string) (_ Type, err error) {
	defer caught(&err)
	c := r.f.Root()
	for _, name := range path {
		if c = c.Column(name); c == nil {
			return Type{}, fmt.Errorf("file has no column %s", strings.Join(path, "."))
		}
	}
	return typeOf(c)
}
