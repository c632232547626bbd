// Package btreegist is the functions of the extension btree_gist 1.7 that SQL may call: distances, which its operators <-> are. What its
// operator classes do inside of a GiST index has no implementation: indexes are kept and not searched by them.
package btreegist

import (
	"math"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// integers is the distance of two integers of a type that holds -limit-1 to limit.
func integers(limit int64, name string) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := a[0].Int(), a[1].Int()
		if x < y {
			x, y = y, x
		}
		if d := uint64(x) - uint64(y); d <= uint64(limit) {
			return call.Int(int64(d))
		}
		return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "%s out of range", name)
	}
}

// floats is the distance of two numbers as round holds it.
func floats(round func(float64) float64) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, y := a[0].Float(), a[1].Float()
		d := round(math.Abs(x - y))
		if math.IsInf(d, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			return types.Null, pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
		}
		return call.Float(d)
	}
}

func oids(_ *call.Call, a []types.Datum) (types.Datum, error) {
	x, y := a[0].Uint(), a[1].Uint()
	return tuple.Uint(max(x, y) - min(x, y)), nil
}

// absolute makes an interval function's result positive.
func absolute(minus call.Fn) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		d, err := minus(c, a)
		if err != nil {
			return types.Null, err
		}
		if v := temporal.IntervalOf(d); temporal.IntervalCmp(v, temporal.Interval{}) < 0 {
			return call.IntervalOrErr(temporal.IntervalNeg(v))
		}
		return d, nil
	}
}

// farthest is the distance to an infinite time.
var farthest = temporal.Interval{Usec: math.MaxInt64, Days: math.MaxInt32, Months: math.MaxInt32}

func timestamps(minus call.Fn) call.Fn {
	infinite := func(d types.Datum) bool { return d.Int() == math.MinInt64 || d.Int() == math.MaxInt64 }
	between := absolute(minus)
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if infinite(a[0]) || infinite(a[1]) {
			return farthest.Datum(), nil
		}
		return between(c, a)
	}
}

// Family is what this package implements.
func Family() call.Family {
	dt := datetime.Family().Fns
	dates := dt["date_mi"]
	return call.Family{Fns: call.Fns{
		"int2_dist": integers(math.MaxInt16, "smallint"), "int4_dist": integers(math.MaxInt32, "integer"), "int8_dist": integers(math.MaxInt64, "bigint"),
		"cash_dist": integers(math.MaxInt64, "money"), "oid_dist": oids,
		"float4_dist": floats(func(f float64) float64 { return float64(float32(f)) }), "float8_dist": floats(func(f float64) float64 { return f }),
		"date_dist": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			d, err := dates(c, a)
			return tuple.Int(max(d.Int(), -d.Int())), err
		},
		"time_dist": absolute(dt["time_mi_time"]), "interval_dist": absolute(dt["interval_mi"]),
		"ts_dist": timestamps(dt["timestamp_mi"]), "tstz_dist": timestamps(dt["timestamp_mi"]),
	}}
}
