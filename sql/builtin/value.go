package builtin

import (
	"strconv"

	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

type (
	datum = types.Datum
	// fns is a family's functions by pg_proc.prosrc.
	fns  = map[string]Fn
	sets = map[string]SetFn
)

var null = types.Null

func boolean(v bool) (datum, error)  { return tuple.Bool(v), nil }
func integer(v int64) (datum, error) { return tuple.Int(v), nil }
func float(v float64) (datum, error) { return tuple.Float(v), nil }
func text(s string) (datum, error)   { return tuple.String(s), nil }
func raw(b []byte) (datum, error)    { return tuple.Bytes(b), nil }
func utoa(v uint64) string           { return strconv.FormatUint(v, 10) }
func itoa(v int) string              { return strconv.Itoa(v) }

// first is for casts that change no bits.
func first(_ *Call, a []datum) (datum, error) { return a[0], nil }

// rowsFunc makes an iterator of its next function.
type rowsFunc func() ([]datum, bool, error)

func (f rowsFunc) Next() ([]datum, bool, error) { return f() }

// listRows yields values one by one.
func listRows(vals []datum) Rows {
	return rowsFunc(func() ([]datum, bool, error) {
		if len(vals) == 0 {
			return nil, false, nil
		}
		row := vals[:1]
		vals = vals[1:]
		return row, true, nil
	})
}

// tableRows yields rows of several columns.
func tableRows(rows [][]datum) Rows {
	return rowsFunc(func() ([]datum, bool, error) {
		if len(rows) == 0 {
			return nil, false, nil
		}
		row := rows[0]
		rows = rows[1:]
		return row, true, nil
	})
}

var (
	int4Type = types.Lookup(types.Int4)
	textType = types.Lookup(types.Text)
)

func textArray(vals []datum) datum { return types.MakeArray(textType, vals) }
