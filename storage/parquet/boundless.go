package parquet

import (
	"encoding/binary"
	"math"
	"math/big"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// boundless is a physical type whose smallest and largest values parquet-go, or who reads them, does not order as values are: files have no
// bounds of such columns (boundlessPaths), and where a column index must have some, those of the type.
//
//   - Decimals of more than 18 digits. parquet-go orders them as unsigned bytes, where the format wants numbers: from 0 to -1.
//   - Floats. The format leaves NaN out of bounds, to DuckDB as to PostgreSQL it is the largest number.
type boundless struct {
	pq.Type
	lo, hi []byte
}

// wideDecimal is the type of decimals of more than 18 digits.
func wideDecimal(precision uint8) pq.Type {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	most.Sub(most, big.NewInt(1))
	hi := AppendInt128(nil, most)
	return boundless{pq.FixedLenByteArrayType(16), AppendInt128(nil, most.Neg(most)), hi}
}

func floatType() pq.Type {
	at := func(sign int) []byte {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.Inf(sign))))
	}
	return boundless{pq.FloatType, at(-1), at(1)}
}

func doubleType() pq.Type {
	at := func(sign int) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.Inf(sign))) }
	return boundless{pq.DoubleType, at(-1), at(1)}
}

func (t boundless) NewColumnIndexer(int) pq.ColumnIndexer { return &typeBounds{of: t} }

type typeBounds struct {
	of    boundless
	pages format.ColumnIndex
}

func (x *typeBounds) Reset() { x.pages = format.ColumnIndex{} }

func (x *typeBounds) IndexPage(numValues, numNulls int64, _, _ pq.Value) {
	lo, hi := x.of.lo, x.of.hi
	if numValues == numNulls {
		lo, hi = []byte{}, []byte{}
	}
	p := &x.pages
	p.NullPages, p.NullCounts = append(p.NullPages, numValues == numNulls), append(p.NullCounts, numNulls)
	p.MinValues, p.MaxValues = append(p.MinValues, lo), append(p.MaxValues, hi)
}

func (x *typeBounds) ColumnIndex() format.ColumnIndex {
	p := x.pages
	p.BoundaryOrder = format.Unordered
	return p
}

// boundlessPaths are the columns of boundless types, nested ones too.
func boundlessPaths(schema *pq.Schema) (out [][]string) {
	for _, path := range schema.Columns() {
		if leaf, ok := schema.Lookup(path...); ok {
			switch leaf.Node.Type().Kind() {
			case pq.FixedLenByteArray, pq.Float, pq.Double:
				out = append(out, path)
			}
		}
	}
	return out
}
