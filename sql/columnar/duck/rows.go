package duck

import (
	"fmt"
	"math/big"
	"slices"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// rows gives a result, chunk by chunk. A row's bytes lie in DuckDB's memory until the following Next.
type rows struct {
	q     *query
	res   duckdb.Result
	chunk duckdb.DataChunk
	cols  []resultCol
	out   []types.Datum
	at, n int
	split []bool
	scale []bool
	read  exec.ColumnarRead
}

// Read implements exec.ColumnarRows.
func (r *rows) Read() exec.ColumnarRead { return r.read }

// resultCol is a column of DuckDB's result and how its values become ours.
type resultCol struct {
	id       duckdb.Type
	internal duckdb.Type // of a decimal
	scale    int
	data     unsafe.Pointer
	valid    unsafe.Pointer
}

var _ exec.ColumnarRows = (*rows)(nil)

func newRows(q *query, res duckdb.Result, n *plan.Columnar) (*rows, error) {
	r := &rows{q: q, res: res, out: make([]types.Datum, len(n.Out)), split: n.Divided, scale: n.Scaled}
	want := len(n.Out)
	for _, a := range slices.Concat(n.Divided, n.Scaled) {
		if a {
			want++
		}
	}
	if got := int(duckdb.ColumnCount(&res)); got != want {
		return nil, fmt.Errorf("%d columns instead of %d", got, want)
	}
	at := 0
	for i, o := range n.Out {
		c := r.column(at)
		at++
		if n.Divided[i] {
			if c.id != duckdb.TypeHugeInt && c.id != duckdb.TypeDecimal {
				return nil, fmt.Errorf("a dividend of type %d", c.id)
			}
			if k := r.column(at); k.id != duckdb.TypeBigInt && k.id != duckdb.TypeDecimal {
				return nil, fmt.Errorf("a divisor of type %d", k.id)
			}
			at++
		} else if !fits(c.id, o.T.OID) {
			return nil, fmt.Errorf("a column of type %d for %d", c.id, o.T.OID)
		}
		if n.Scaled[i] {
			if k := r.column(at); k.id != duckdb.TypeInteger {
				return nil, fmt.Errorf("a display scale of type %d", k.id)
			}
			at++
		}
	}
	return r, nil
}

// fits says whether values of a type of DuckDB's stand for one of ours as they are.
func fits(id duckdb.Type, oid types.OID) bool {
	switch oid {
	case types.Bool:
		return id == duckdb.TypeBoolean
	case types.Int2:
		return id == duckdb.TypeSmallInt
	case types.Int4:
		return id == duckdb.TypeInteger
	case types.Int8:
		return id == duckdb.TypeBigInt
	case types.Float4:
		return id == duckdb.TypeFloat
	case types.Float8:
		return id == duckdb.TypeDouble
	case types.Date:
		return id == duckdb.TypeDate
	case types.Timestamp:
		return id == duckdb.TypeTimestamp
	case types.TimestampTZ:
		return id == duckdb.TypeTimestampTZ
	case types.Text, types.Varchar, types.BPChar:
		return id == duckdb.TypeVarchar
	case types.Numeric:
		return id == duckdb.TypeDecimal
	}
	return false
}

func (r *rows) column(i int) resultCol {
	c := resultCol{id: duckdb.ColumnType(&r.res, duckdb.IdxT(i))}
	if c.id == duckdb.TypeDecimal {
		lt := duckdb.ColumnLogicalType(&r.res, duckdb.IdxT(i))
		c.scale, c.internal = int(duckdb.DecimalScale(lt)), duckdb.DecimalInternalType(lt)
		duckdb.DestroyLogicalType(&lt)
	}
	r.cols = append(r.cols, c)
	return c
}

// Next implements exec.ColumnarRows.
func (r *rows) Next() ([]types.Datum, bool, error) {
	for r.at >= r.n {
		if r.chunk.Ptr != nil {
			duckdb.DestroyDataChunk(&r.chunk)
		}
		r.chunk = duckdb.FetchChunk(r.res)
		if r.chunk.Ptr == nil {
			return nil, false, nil
		}
		r.at, r.n = 0, int(duckdb.DataChunkGetSize(r.chunk))
		for i := range r.cols {
			v := duckdb.DataChunkGetVector(r.chunk, duckdb.IdxT(i))
			r.cols[i].data, r.cols[i].valid = duckdb.VectorGetData(v), duckdb.VectorGetValidity(v)
		}
	}
	at := 0
	for i := range r.out {
		c := &r.cols[at]
		v, err := c.value(r.at)
		if err != nil {
			return nil, false, err
		}
		at++
		var divisor, scale *resultCol
		if r.split[i] {
			divisor = &r.cols[at]
			at++
		}
		if r.scale[i] {
			scale = &r.cols[at]
			at++
		}
		if scale != nil && !v.IsNull() {
			k, _ := scale.value(r.at)
			if v, err = numeric.Round(v, int(k.Int())); err != nil {
				return nil, false, err
			}
		}
		if divisor != nil && !v.IsNull() {
			if v, err = divisor.divide(v, r.at); err != nil {
				return nil, false, err
			}
		}
		r.out[i] = v
	}
	r.at++
	return r.out, true, nil
}

// divide divides a numeric by the column's value.
func (c *resultCol) divide(v types.Datum, row int) (types.Datum, error) {
	by, err := c.value(row)
	switch {
	case err != nil || by.IsNull():
		return types.Null, err
	case c.id == duckdb.TypeBigInt:
		by = numeric.Int(by.Int())
	}
	return numeric.Div(v, by)
}

func (c *resultCol) value(row int) (types.Datum, error) {
	if c.valid != nil {
		word := *(*uint64)(unsafe.Add(c.valid, row/64*8))
		if word>>(row%64)&1 == 0 {
			return types.Null, nil
		}
	}
	switch c.id {
	case duckdb.TypeBoolean:
		return tuple.Bool(*(*bool)(unsafe.Add(c.data, row))), nil
	case duckdb.TypeSmallInt:
		return tuple.Int(int64(*(*int16)(unsafe.Add(c.data, row*2)))), nil
	case duckdb.TypeInteger:
		return tuple.Int(int64(*(*int32)(unsafe.Add(c.data, row*4)))), nil
	case duckdb.TypeBigInt:
		return tuple.Int(*(*int64)(unsafe.Add(c.data, row*8))), nil
	case duckdb.TypeFloat:
		return tuple.Float(float64(*(*float32)(unsafe.Add(c.data, row*4)))), nil
	case duckdb.TypeDouble:
		return tuple.Float(*(*float64)(unsafe.Add(c.data, row*8))), nil
	case duckdb.TypeDate:
		return tuple.Int(int64(*(*int32)(unsafe.Add(c.data, row*4))) - columnar.EpochDays), nil
	case duckdb.TypeTimestamp, duckdb.TypeTimestampTZ:
		return tuple.Int(*(*int64)(unsafe.Add(c.data, row*8)) - columnar.EpochMicros), nil
	case duckdb.TypeVarchar:
		return duckString(unsafe.Add(c.data, row*16)), nil
	case duckdb.TypeHugeInt:
		return hugeint(unsafe.Add(c.data, row*16), 0)
	case duckdb.TypeDecimal:
		switch c.internal {
		case duckdb.TypeSmallInt:
			return numeric.FromBig(big.NewInt(int64(*(*int16)(unsafe.Add(c.data, row*2)))), c.scale)
		case duckdb.TypeInteger:
			return numeric.FromBig(big.NewInt(int64(*(*int32)(unsafe.Add(c.data, row*4)))), c.scale)
		case duckdb.TypeBigInt:
			return numeric.FromBig(big.NewInt(*(*int64)(unsafe.Add(c.data, row*8))), c.scale)
		case duckdb.TypeHugeInt:
			return hugeint(unsafe.Add(c.data, row*16), c.scale)
		}
	}
	return types.Null, fmt.Errorf("a column of type %d", c.id)
}

// duckString is a string_t: its length, then up to 12 bytes, or 4 bytes and a pointer to all of them.
func duckString(p unsafe.Pointer) types.Datum {
	n := *(*uint32)(p)
	if n <= 12 {
		return tuple.Bytes(unsafe.Slice((*byte)(unsafe.Add(p, 4)), n))
	}
	return tuple.Bytes(unsafe.Slice(*(**byte)(unsafe.Add(p, 8)), n))
}

// hugeint is 128 bits in two's complement, the low half first.
func hugeint(p unsafe.Pointer, scale int) (types.Datum, error) {
	lo, hi := *(*uint64)(p), *(*int64)(unsafe.Add(p, 8))
	if hi == 0 && lo < 1<<63 || hi == -1 && lo >= 1<<63 {
		return numeric.FromBig(big.NewInt(int64(lo)), scale)
	}
	v := big.NewInt(hi)
	v.Lsh(v, 64)
	v.Add(v, new(big.Int).SetUint64(lo))
	return numeric.FromBig(v, scale)
}

// Close implements exec.ColumnarRows.
func (r *rows) Close() {
	if r.q == nil {
		return
	}
	if r.chunk.Ptr != nil {
		duckdb.DestroyDataChunk(&r.chunk)
	}
	duckdb.DestroyResult(&r.res)
	r.q.close()
	r.q = nil
}
