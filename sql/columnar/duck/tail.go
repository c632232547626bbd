package duck

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// errNoForm says that a value of the tail is none of the type that the column has in files.
var errNoForm = errors.New("a value in memory has no columnar form")

// logicalType is DuckDB's type for a column of a file: its name, and the type object, which the caller destroys.
func logicalType(t parquet.Type) (name string, lt duckdb.LogicalType, ok bool) {
	ids := map[parquet.TypeID]struct {
		name string
		id   duckdb.Type
	}{
		parquet.Boolean: {"BOOLEAN", duckdb.TypeBoolean}, parquet.Short: {"SMALLINT", duckdb.TypeSmallInt},
		parquet.Integer: {"INTEGER", duckdb.TypeInteger}, parquet.Long: {"BIGINT", duckdb.TypeBigInt},
		parquet.Float: {"FLOAT", duckdb.TypeFloat}, parquet.Double: {"DOUBLE", duckdb.TypeDouble},
		parquet.String: {"VARCHAR", duckdb.TypeVarchar}, parquet.Date: {"DATE", duckdb.TypeDate},
		parquet.Timestamp: {"TIMESTAMPTZ", duckdb.TypeTimestampTZ}, parquet.TimestampNTZ: {"TIMESTAMP", duckdb.TypeTimestamp},
	}
	if t.ID == parquet.Decimal {
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale), duckdb.CreateDecimalType(t.Precision, t.Scale), true
	}
	e, ok := ids[t.ID]
	if !ok {
		return "", lt, false
	}
	return e.name, duckdb.CreateLogicalType(e.id), true
}

// loadTail makes temporary table tail<i> of the rows in memory; columns as read, named a<attnum>.
func (c *conn) loadTail(ctx context.Context, i int, t *columnar.Table, cols []int) error {
	var defs []string
	var lts []duckdb.LogicalType
	defer func() {
		for k := range lts {
			duckdb.DestroyLogicalType(&lts[k])
		}
	}()
	for _, k := range cols {
		name, lt, ok := logicalType(t.Columns[k].Type)
		if !ok {
			return errNoForm
		}
		defs, lts = append(defs, fmt.Sprintf("a%d %s", t.Columns[k].AttNum, name)), append(lts, lt)
	}
	if len(cols) == 0 {
		defs, lts = []string{"one BOOLEAN"}, []duckdb.LogicalType{duckdb.CreateLogicalType(duckdb.TypeBoolean)}
	}
	table := fmt.Sprintf("tail%d", i)
	if err := c.exec("CREATE TEMP TABLE " + table + " (" + strings.Join(defs, ", ") + ")"); err != nil {
		return err
	}
	var app duckdb.Appender
	if duckdb.AppenderCreateExt(c.c, "temp", "main", table, &app) == duckdb.StateError {
		return errors.New("append to " + table)
	}
	defer duckdb.AppenderDestroy(&app)
	chunk := duckdb.CreateDataChunk(lts)
	defer duckdb.DestroyDataChunk(&chunk)
	w := chunkWriter{app: app, chunk: chunk, size: int(duckdb.VectorSize())}
	for k := range lts {
		v := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(k))
		w.vecs = append(w.vecs, v)
	}
	w.begin()
	for p := range t.Tail {
		part := &t.Tail[p]
		for row := range part.Rows {
			if part.Deleted != nil && part.Deleted.Contains(uint32(row)) {
				continue
			}
			for at, k := range cols {
				col := &t.Columns[k]
				v := part.Columns[k][row]
				if v.IsNull() {
					w.null(at)
					continue
				}
				var ok bool
				if w.buf, v, ok = col.Physical(w.buf[:0], v); !ok {
					return errNoForm
				}
				w.put(at, col.Type, v)
			}
			if full, err := w.next(); err != nil {
				return err
			} else if full && ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
	return w.flush()
}

// chunkWriter fills data chunks in place.
type chunkWriter struct {
	app   duckdb.Appender
	chunk duckdb.DataChunk
	vecs  []duckdb.Vector
	data  []unsafe.Pointer
	valid []unsafe.Pointer
	n     int
	size  int
	buf   []byte
}

func (w *chunkWriter) begin() {
	duckdb.DataChunkReset(w.chunk)
	w.data, w.valid, w.n = w.data[:0], w.valid[:0], 0
	for _, v := range w.vecs {
		duckdb.VectorEnsureValidityWritable(v)
		mask := duckdb.VectorGetValidity(v)
		words := unsafe.Slice((*uint64)(mask), (w.size+63)/64)
		for i := range words {
			words[i] = ^uint64(0)
		}
		w.data, w.valid = append(w.data, duckdb.VectorGetData(v)), append(w.valid, mask)
	}
}

func (w *chunkWriter) null(col int) {
	words := unsafe.Slice((*uint64)(w.valid[col]), (w.size+63)/64)
	words[w.n/64] &^= 1 << (w.n % 64)
}

func slot[T any](w *chunkWriter, col int) *T {
	return &unsafe.Slice((*T)(w.data[col]), w.size)[w.n]
}

func (w *chunkWriter) put(col int, t parquet.Type, v tuple.Value) {
	switch t.ID {
	case parquet.Boolean:
		*slot[bool](w, col) = v.Bool()
	case parquet.Short:
		*slot[int16](w, col) = int16(v.Int())
	case parquet.Integer, parquet.Date:
		*slot[int32](w, col) = int32(v.Int())
	case parquet.Long, parquet.Timestamp, parquet.TimestampNTZ:
		*slot[int64](w, col) = v.Int()
	case parquet.Float:
		*slot[float32](w, col) = float32(v.Float())
	case parquet.Double:
		*slot[float64](w, col) = v.Float()
	case parquet.String:
		duckdb.VectorAssignStringElementLen(w.vecs[col], duckdb.IdxT(w.n), v.Bytes())
	case parquet.Decimal:
		switch {
		case t.Precision > 18:
			b := v.Bytes()
			*slot[[2]uint64](w, col) = [2]uint64{binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b)}
		case t.Precision > 9:
			*slot[int64](w, col) = v.Int()
		case t.Precision > 4:
			*slot[int32](w, col) = int32(v.Int())
		default:
			*slot[int16](w, col) = int16(v.Int())
		}
	}
}

// next ends a row; full says that its chunk was full and has gone.
func (w *chunkWriter) next() (full bool, err error) {
	if w.n++; w.n < w.size {
		return false, nil
	}
	return true, w.send()
}

func (w *chunkWriter) send() error {
	duckdb.DataChunkSetSize(w.chunk, duckdb.IdxT(w.n))
	if duckdb.AppendDataChunk(w.app, w.chunk) == duckdb.StateError {
		return errors.New(duckdb.AppenderError(w.app))
	}
	w.begin()
	return nil
}

func (w *chunkWriter) flush() error {
	if w.n > 0 {
		if err := w.send(); err != nil {
			return err
		}
	}
	if duckdb.AppenderClose(w.app) == duckdb.StateError {
		return errors.New(duckdb.AppenderError(w.app))
	}
	return nil
}
