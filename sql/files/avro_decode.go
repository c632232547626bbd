package files

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/hamba/avro/v2"
)

// avroDecoder reads Avro's binary encoding from the front of b. It allocates no more than b has bytes for.
type avroDecoder struct {
	b     []byte
	spare int // elements without bytes that the record may still have
	depth int
}

// maxEmpty bounds the elements of a record that take no bytes, maxNesting how deep its values are.
const (
	maxEmpty   = 1 << 16
	maxNesting = 100
)

var errAvro = damaged("an Avro file is damaged")

func (d *avroDecoder) long() (int64, error) {
	u, n := binary.Uvarint(d.b)
	if n <= 0 {
		return 0, errAvro
	}
	d.b = d.b[n:]
	return int64(u>>1) ^ -int64(u&1), nil
}

func (d *avroDecoder) take(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(d.b)) {
		return nil, errAvro
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out, nil
}

// sized reads bytes behind their length.
func (d *avroDecoder) sized() ([]byte, error) {
	n, err := d.long()
	if err != nil {
		return nil, err
	}
	return d.take(n)
}

func (d *avroDecoder) value(s avro.Schema) (value, error) {
	s = deref(s)
	switch s.Type() {
	case avro.Null:
		return value{}, nil
	case avro.Boolean:
		b, err := d.take(1)
		if err != nil {
			return value{}, err
		}
		return value{kind: boolean_, i: bit(b[0] != 0)}, nil
	case avro.Int, avro.Long:
		n, err := d.long()
		return integerOf(n, logical(s)), err
	case avro.Float:
		b, err := d.take(4)
		if err != nil {
			return value{}, err
		}
		return value{kind: double, f: float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), narrow: true}, nil
	case avro.Double:
		b, err := d.take(8)
		if err != nil {
			return value{}, err
		}
		return value{kind: double, f: math.Float64frombits(binary.LittleEndian.Uint64(b))}, nil
	case avro.String:
		b, err := d.sized()
		return value{kind: str, s: string(b)}, err
	case avro.Bytes:
		b, err := d.sized()
		return bytesOf(b, s), err
	case avro.Fixed:
		b, err := d.take(int64(s.(*avro.FixedSchema).Size()))
		return bytesOf(b, s), err
	case avro.Enum:
		n, err := d.long()
		symbols := s.(*avro.EnumSchema).Symbols()
		if err != nil || n < 0 || n >= int64(len(symbols)) {
			return value{}, errAvro
		}
		return value{kind: str, s: symbols[n]}, nil
	case avro.Union:
		n, err := d.long()
		types := s.(*avro.UnionSchema).Types()
		if err != nil || n < 0 || n >= int64(len(types)) {
			return value{}, errAvro
		}
		return d.value(types[n])
	}
	b, err := d.appendJSON(nil, s)
	return value{kind: document, s: string(b)}, err
}

// integerOf is a number under its logical type.
func integerOf(n int64, l avro.LogicalType) value {
	switch l {
	case avro.Date:
		return value{kind: date, i: n}
	case avro.TimeMillis:
		return value{kind: clock, i: n * 1000}
	case avro.TimeMicros:
		return value{kind: clock, i: n}
	case avro.TimestampMicros:
		return value{kind: instant, i: n}
	case avro.LocalTimestampMicros:
		return value{kind: timestamp, i: n}
	case avro.TimestampMillis, avro.LocalTimestampMillis:
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return value{kind: integer, i: n} // no time that can be told
		}
		if l == avro.TimestampMillis {
			return value{kind: instant, i: n * 1000}
		}
		return value{kind: timestamp, i: n * 1000}
	}
	return value{kind: integer, i: n}
}

func bytesOf(b []byte, s avro.Schema) value {
	if logical(s) != avro.Decimal {
		return value{kind: bytes_, s: string(b)}
	}
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	_, scale := decimalOf(s)
	return value{kind: number, s: unscaled(n, scale)}
}

// appendJSON appends a value as JSON: records and maps are objects, arrays are arrays.
func (d *avroDecoder) appendJSON(b []byte, s avro.Schema) ([]byte, error) {
	if d.depth++; d.depth > maxNesting {
		return b, damaged("values of an Avro file are nested too deep")
	}
	defer func() { d.depth-- }()
	switch t := deref(s).(type) {
	case *avro.RecordSchema:
		b = append(b, '{')
		for i, f := range t.Fields() {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = d.appendJSON(append(value{kind: str, s: f.Name()}.appendJSON(b), ':'), f.Type()); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	case *avro.ArraySchema:
		b = append(b, '[')
		first := true
		err := d.blocks(func() (err error) {
			if !first {
				b = append(b, ',')
			}
			first = false
			b, err = d.appendJSON(b, t.Items())
			return err
		})
		return append(b, ']'), err
	case *avro.MapSchema:
		members := map[string][]byte{}
		err := d.blocks(func() error {
			key, err := d.sized()
			if err != nil {
				return err
			}
			members[string(key)], err = d.appendJSON(nil, t.Values())
			return err
		})
		b = append(b, '{')
		for i, key := range sortedKeys(members) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(value{kind: str, s: key}.appendJSON(b), ':'), members[key]...)
		}
		return append(b, '}'), err
	case *avro.UnionSchema:
		n, err := d.long()
		if err != nil || n < 0 || n >= int64(len(t.Types())) {
			return b, errAvro
		}
		return d.appendJSON(b, t.Types()[n])
	}
	v, err := d.value(s)
	return v.appendJSON(b), err
}

// blocks reads the items of an array or a map.
func (d *avroDecoder) blocks(item func() error) error {
	for {
		n, err := d.long()
		if err != nil || n == 0 {
			return err
		}
		if n < 0 {
			if n = -n; n < 0 {
				return errAvro
			}
			if _, err := d.long(); err != nil { // the block's size
				return err
			}
		}
		for range n {
			before := len(d.b)
			if err := item(); err != nil {
				return err
			}
			if len(d.b) == before {
				if d.spare--; d.spare < 0 {
					return damaged("a record of an Avro file has too many empty values")
				}
			}
		}
	}
}
