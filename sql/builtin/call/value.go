package call

import (
	"maps"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

type (
	// Fns are functions by pg_proc.prosrc.
	Fns  = map[string]Fn
	Sets = map[string]SetFn
)

// Family is what one package implements, by pg_proc.prosrc, or by OID where PostgreSQL's own body is SQL.
type Family struct {
	Fns       Fns
	Sets      Sets
	ByOID     map[types.OID]Fn
	SetsByOID map[types.OID]SetFn
	Aggs      AggByName
}

// Union joins tables; a key stands in one of them only.
func Union[K comparable, V any](tables ...map[K]V) map[K]V {
	out := map[K]V{}
	for _, t := range tables {
		maps.Copy(out, t)
	}
	return out
}

// Bool and the next four word a result.
func Bool(v bool) (types.Datum, error)     { return tuple.Bool(v), nil }
func Int(v int64) (types.Datum, error)     { return tuple.Int(v), nil }
func Float(v float64) (types.Datum, error) { return tuple.Float(v), nil }
func Text(s string) (types.Datum, error)   { return tuple.String(s), nil }
func Bytes(b []byte) (types.Datum, error)  { return tuple.Bytes(b), nil }

// First is for casts that change no bits.
func First(_ *Call, a []types.Datum) (types.Datum, error) { return a[0], nil }

// RowsFunc makes an iterator of its next function.
type RowsFunc func() ([]types.Datum, bool, error)

func (f RowsFunc) Next() ([]types.Datum, bool, error) { return f() }

// ListRows yields values one by one.
func ListRows(vals []types.Datum) Rows {
	return RowsFunc(func() ([]types.Datum, bool, error) {
		if len(vals) == 0 {
			return nil, false, nil
		}
		row := vals[:1]
		vals = vals[1:]
		return row, true, nil
	})
}

// TableRows yields rows of several columns.
func TableRows(rows [][]types.Datum) Rows {
	return RowsFunc(func() ([]types.Datum, bool, error) {
		if len(rows) == 0 {
			return nil, false, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, true, nil
	})
}

var (
	Int4Type = types.Lookup(types.Int4)
	textType = types.Lookup(types.Text)
)

func TextArray(vals []types.Datum) types.Datum { return types.MakeArray(textType, vals) }

func IntOrErr(v int64, err error) (types.Datum, error) {
	if err != nil {
		return types.Null, err
	}
	return tuple.Int(v), nil
}

func IntervalOrErr(v temporal.Interval, err error) (types.Datum, error) {
	if err != nil {
		return types.Null, err
	}
	return v.Datum(), nil
}

func Swap(f Fn) Fn {
	return func(c *Call, a []types.Datum) (types.Datum, error) { return f(c, []types.Datum{a[1], a[0]}) }
}

// Fresh copies a prepared error, because whoever reports it may add a position.
func Fresh(e *pgerr.Error) error {
	c := *e
	return &c
}

func TypeNotFound(oid types.OID) error {
	return pgerr.New(pgerr.UndefinedObject, "type with OID %d does not exist", oid)
}

// AggByName makes the aggregate of one pg_proc row; nil where that variant is not built.
type AggByName = map[string]func(p *pgdata.Proc) *Agg

// AnyVariant serves every pg_proc row of a name alike.
func AnyVariant(a *Agg) func(*pgdata.Proc) *Agg { return func(*pgdata.Proc) *Agg { return a } }

const SmallState = 64 // about the size of a state without bytes
