package files

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// parquetSource reads a Parquet file, a batch of rows at a time.
type parquetSource struct {
	f      File
	r      *parquet.Reader
	cols   []parquet.Field
	want   []parquet.Column
	group  int
	scan   *parquet.Scan
	batch  [][]tuple.Value
	at, n  int // the next row of the batch, its rows
	fields []field
	values parquetValues
}

// parquetValues turns values of package parquet into ours.
type parquetValues struct{ buf []byte }

const parquetBatch = 1024

func newParquet(f File) (*parquetSource, error) {
	r, err := parquet.NewReader(f, f.Size())
	if err != nil {
		return nil, err
	}
	p := &parquetSource{f: f, r: r}
	if p.cols, err = r.Fields(); errors.Is(err, parquet.ErrType) {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "%v", err)
	} else if err != nil {
		return nil, err
	}
	for _, c := range p.cols {
		p.want = append(p.want, parquet.Column{Name: c.Name, Type: c.Type})
	}
	p.batch, p.fields = make([][]tuple.Value, len(p.cols)), make([]field, len(p.cols))
	return p, nil
}

func (p *parquetSource) close() {
	if p.scan != nil {
		p.scan.Close()
		p.scan = nil
	}
	p.f.Close()
}

func (p *parquetSource) columns() ([]shaped, bool) {
	var out []shaped
	for _, c := range p.cols {
		out = append(out, shaped{c.Name, parquetShape(c.Type)})
	}
	return out, true
}

func parquetShape(t parquet.Type) shape {
	switch t.ID {
	case parquet.Boolean:
		return shape{k: shapeBool}
	case parquet.Byte, parquet.Short:
		return shape{k: shapeInt2}
	case parquet.Integer:
		return shape{k: shapeInt4}
	case parquet.Long:
		return shape{k: shapeInt8}
	case parquet.Float:
		return shape{k: shapeFloat4}
	case parquet.Double:
		return shape{k: shapeFloat8}
	case parquet.Decimal:
		return shape{shapeNumeric, numericMod(int(t.Precision), int(t.Scale))}
	case parquet.Binary:
		return shape{k: shapeBytes}
	case parquet.Date:
		return shape{k: shapeDate}
	case parquet.Timestamp:
		return shape{k: shapeTimestampTZ}
	case parquet.TimestampNTZ:
		return shape{k: shapeTimestamp}
	case parquet.Array, parquet.Map, parquet.Struct:
		return shape{k: shapeJSON}
	case parquet.Void:
		return shape{}
	}
	return shape{k: shapeText}
}

func (p *parquetSource) next() (record, bool, error) {
	for p.at == p.n {
		if ok, err := p.fill(); !ok || err != nil {
			return record{}, false, err
		}
	}
	for i := range p.cols {
		v, err := p.values.value(p.batch[i][p.at], p.cols[i].Type)
		if err != nil {
			return record{}, false, err
		}
		p.fields[i] = field{p.cols[i].Name, v}
	}
	p.at++
	return record{fields: p.fields}, true, nil
}

// fill reads the next batch; false at the end of the file.
func (p *parquetSource) fill() (ok bool, err error) {
	p.at, p.n = 0, 0
	for i := range p.batch {
		p.batch[i] = p.batch[i][:0]
	}
	if p.scan == nil {
		if p.group == p.r.RowGroups() {
			return false, nil
		}
		if p.scan, err = p.r.Scan(p.group, p.want); err != nil {
			return false, err
		}
		p.group++
	}
	if p.n, err = p.scan.Next(p.batch, parquetBatch); err != nil {
		return false, err
	}
	if p.n == 0 {
		p.scan.Close()
		p.scan = nil
	}
	return true, nil
}

func (p *parquetValues) value(v tuple.Value, t parquet.Type) (value, error) {
	if v.IsNull() {
		return value{}, nil
	}
	switch t.ID {
	case parquet.Boolean:
		return value{kind: boolean_, i: bit(v.Bool())}, nil
	case parquet.Byte, parquet.Short, parquet.Integer, parquet.Long:
		return value{kind: integer, i: v.Int()}, nil
	case parquet.Float, parquet.Double:
		return value{kind: double, f: v.Float(), narrow: t.ID == parquet.Float}, nil
	case parquet.Decimal:
		if v.IsScalar() && t.Scale <= numeric.MaxUnscaled {
			return value{kind: decimal, i: v.Int(), scale: t.Scale, precision: t.Precision}, nil
		}
		return value{kind: number, s: decimalText(v, t)}, nil
	case parquet.Binary:
		return value{kind: bytes_, s: v.Str()}, nil
	case parquet.Date:
		return value{kind: date, i: v.Int()}, nil
	case parquet.Timestamp:
		return value{kind: instant, i: v.Int()}, nil
	case parquet.TimestampNTZ:
		return value{kind: timestamp, i: v.Int()}, nil
	case parquet.Array, parquet.Map, parquet.Struct:
		var err error
		if p.buf, err = p.appendNested(p.buf[:0], v, t); err != nil {
			return value{}, err
		}
		return value{kind: document, s: string(p.buf)}, nil
	}
	return value{kind: str, s: v.Str()}, nil
}

// appendNested appends a nested value as JSON: arrays as arrays, structs and maps as objects.
func (p *parquetValues) appendNested(b []byte, v tuple.Value, t parquet.Type) ([]byte, error) {
	if v.IsNull() {
		return append(b, "null"...), nil
	}
	if !t.Nested() {
		x, err := p.value(v, t)
		return x.appendJSON(b), err
	}
	parts, err := parquet.DecodeList(nil, v.Bytes())
	if err != nil {
		return b, err
	}
	open, shut := byte('{'), byte('}')
	if t.ID == parquet.Array {
		open, shut = '[', ']'
	}
	b = append(b, open)
	switch t.ID {
	case parquet.Array:
		for i, e := range parts {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = p.appendNested(b, e, *t.Elem); err != nil {
				return b, err
			}
		}
	case parquet.Struct:
		if len(parts) != len(t.Fields) {
			return b, fmt.Errorf("a struct has %d fields, not %d", len(parts), len(t.Fields))
		}
		for i, e := range parts {
			if b, err = p.appendMember(b, i == 0, t.Fields[i].Name, e, t.Fields[i].Type); err != nil {
				return b, err
			}
		}
	case parquet.Map:
		if len(parts)%2 != 0 {
			return b, fmt.Errorf("a map has a key without a value")
		}
		var keys parquetValues // p.buf holds what the map is in
		for i := 0; i < len(parts); i += 2 {
			key, err := keys.value(parts[i], *t.Key)
			if err != nil {
				return b, err
			}
			if b, err = p.appendMember(b, i == 0, key.text(), parts[i+1], *t.Elem); err != nil {
				return b, err
			}
		}
	}
	return append(b, shut), nil
}

func (p *parquetValues) appendMember(b []byte, first bool, name string, v tuple.Value, t parquet.Type) ([]byte, error) {
	if !first {
		b = append(b, ',')
	}
	return p.appendNested(append(value{kind: str, s: name}.appendJSON(b), ':'), v, t)
}

// decimalText prints an unscaled decimal.
func decimalText(v tuple.Value, t parquet.Type) string {
	n := new(big.Int)
	if v.IsScalar() {
		n.SetInt64(v.Int())
	} else {
		n = parquet.Int128(v.Bytes())
	}
	return unscaled(n, int(t.Scale))
}

// unscaled prints n / 10^scale with all its digits.
func unscaled(n *big.Int, scale int) string {
	s := new(big.Int).Abs(n).String()
	if scale > 0 {
		if len(s) <= scale {
			s = strings.Repeat("0", scale-len(s)+1) + s
		}
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}
