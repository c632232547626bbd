package parquet

import (
	"math/big"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// wideDecimal is the physical type of decimals of more than 18 digits. parquet-go orders such values as unsigned bytes, where the format wants
// numbers: a smallest value of 0 and a largest of -1 made readers pass over rows. Files have no bounds of these columns (boundless), and where
// a column index must have some, those of the type.
type wideDecimal struct {
	pq.Type
	precision uint8
}

func (t wideDecimal) NewColumnIndexer(int) pq.ColumnIndexer {
	return &wideIndexer{precision: t.precision}
}

type wideIndexer struct {
	precision uint8
	pages     format.ColumnIndex
}

func (x *wideIndexer) Reset() { x.pages = format.ColumnIndex{} }

func (x *wideIndexer) IndexPage(numValues, numNulls int64, _, _ pq.Value) {
	lo, hi := []byte{}, []byte{}
	if numValues > numNulls {
		most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(x.precision)), nil)
		most.Sub(most, big.NewInt(1))
		hi = AppendInt128(hi, most)
		lo = AppendInt128(lo, most.Neg(most))
	}
	p := &x.pages
	p.NullPages, p.NullCounts = append(p.NullPages, numValues == numNulls), append(p.NullCounts, numNulls)
	p.MinValues, p.MaxValues = append(p.MinValues, lo), append(p.MaxValues, hi)
}

func (x *wideIndexer) ColumnIndex() format.ColumnIndex {
	p := x.pages
	p.BoundaryOrder = format.Unordered
	return p
}

// boundless are the columns of wide decimals, nested ones too.
func boundless(schema *pq.Schema) (out [][]string) {
	for _, path := range schema.Columns() {
		if leaf, ok := schema.Lookup(path...); ok && leaf.Node.Type().Kind() == pq.FixedLenByteArray {
			out = append(out, path)
		}
	}
	return out
}
