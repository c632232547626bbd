package types

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
	"github.com/tarndb/tarn/storage/tuple"
)

// op is one function of this package and the SQL that means the same.
type op struct {
	sql  string
	args []OID
	res  OID
	f    func(a []Datum) (Datum, error)
}

var numericLits = []string{"0", "0.00", "1", "-1", "1.5", "-2.50", "0.001", "123456789.123456789", "-99999999999999999999.5", "1e20", "1e-20", "3", "7", "0.3333", "2", "10", "100.00", "1e100", "-1e-50", "NaN", "Infinity", "-Infinity", "4.5", "0.5", "-0.5", "0.9", "1.1", "1.0000001", "9999", "10000", "0.99999", "12345678901234567890", "3.14159265358979323846",
	"9223372036854775807", "-9223372036854775808", "99999999.99999999", "0.00000001", "50", "-3", "1000000"}

var intervalLits = []string{"0", "1 day", "1 mon", "-1 mon", "1 year 2 mons 3 days 04:05:06.789", "-1 day +02:03:04", "1 mon -1 day", "36:00:00", "-100:30:00", "45 days", "-45 days 25:00", "2147483647 days", "178956970 years 7 mons", "-178956970 years 8 mons", "9223372036854775807 us", "13 mons", "30 days 24:00", "1 mon 30 days -24:00", "0.000001 s", "1000 years"}

var stampLits = []string{"2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "2024-02-29 12:30:45.678901", "1970-01-01", "0001-01-01", "4714-11-24 BC", "294276-12-31 23:59:59.999999", "infinity", "-infinity", "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2023-01-31 10:00", "0044-03-15 BC 10:11:12.5", "2024-12-30 05:00", "2026-01-01 00:00:00.5", "1883-11-18 12:00:00", "2100-07-15 08:00"}

var floatLits = []string{"0", "1", "-1", "0.5", "1.5", "-2.7", "1e10", "1e-10", "NaN", "1e300", "3", "0.333333333333"}

var dateLits = []string{"2000-01-01", "1999-12-31", "2024-02-29", "4714-11-24 BC", "5874897-12-31", "infinity", "-infinity", "294277-01-01", "0001-01-01"}

var intLits = []string{"0", "1", "-1", "2", "5", "-3", "20", "-20", "400", "100000"}

func litsOf(oid OID) []string {
	switch oid {
	case Numeric:
		return numericLits
	case Interval:
		return intervalLits
	case Timestamp, TimestampTZ:
		return stampLits
	case Float8:
		return floatLits
	case Date:
		return dateLits
	case Int4:
		return intLits
	case JSONB:
		return jsonbLits
	case Text:
		return append(unitLits, keyLits...)
	case Time, TimeTZ:
		return timeLits
	}
	panic("no literals")
}

var newYork, _ = timezone.Load("America/New_York")

func num2(sql string, f func(a, b Datum) (Datum, error)) op {
	return op{sql, []OID{Numeric, Numeric}, Numeric, func(a []Datum) (Datum, error) { return f(a[0], a[1]) }}
}

func num1(sql string, f func(a Datum) (Datum, error)) op {
	return op{sql, []OID{Numeric}, Numeric, func(a []Datum) (Datum, error) { return f(a[0]) }}
}

func noErr(f func(a Datum) Datum) func(a Datum) (Datum, error) {
	return func(a Datum) (Datum, error) { return f(a), nil }
}

func ivOp(sql string, f func(a, b temporal.Interval) (temporal.Interval, error)) op {
	return op{sql, []OID{Interval, Interval}, Interval, func(a []Datum) (Datum, error) {
		v, err := f(temporal.IntervalOf(a[0]), temporal.IntervalOf(a[1]))
		return v.Datum(), err
	}}
}

func ivOp1(sql string, f func(a temporal.Interval) (temporal.Interval, error)) op {
	return op{sql, []OID{Interval}, Interval, func(a []Datum) (Datum, error) {
		v, err := f(temporal.IntervalOf(a[0]))
		return v.Datum(), err
	}}
}

func ivScale(sql string, f func(a temporal.Interval, by float64) (temporal.Interval, error)) op {
	return op{sql, []OID{Interval, Float8}, Interval, func(a []Datum) (Datum, error) {
		v, err := f(temporal.IntervalOf(a[0]), a[1].Float())
		return v.Datum(), err
	}}
}

func intRes(v int64, err error) (Datum, error) { return tuple.Int(v), err }

func toInt(size int, name string) func(a []Datum) (Datum, error) {
	return func(a []Datum) (Datum, error) { return intRes(numeric.ToInt(a[0], size, name)) }
}

var ops = []op{
	num2("$1 + $2", numeric.Add), num2("$1 - $2", numeric.Sub), num2("$1 * $2", numeric.Mul), num2("$1 / $2", numeric.Div), num2("$1 % $2", numeric.Mod),
	num2("div($1,$2)", numeric.DivTrunc), num2("power($1,$2)", numeric.Power), num2("log($1,$2)", numeric.Log), num2("gcd($1,$2)", numeric.GCD), num2("lcm($1,$2)", numeric.LCM),
	num1("sqrt($1)", numeric.Sqrt), num1("exp($1)", numeric.Exp), num1("ln($1)", numeric.Ln), num1("ceil($1)", numeric.Ceil), num1("floor($1)", numeric.Floor),
	num1("-$1", noErr(numeric.Neg)), num1("abs($1)", noErr(numeric.Abs)), num1("sign($1)", noErr(numeric.Sign)), num1("trim_scale($1)", noErr(numeric.TrimScale)),
	{"round($1,$2)", []OID{Numeric, Int4}, Numeric, func(a []Datum) (Datum, error) { return numeric.Round(a[0], int(a[1].Int())) }},
	{"trunc($1,$2)", []OID{Numeric, Int4}, Numeric, func(a []Datum) (Datum, error) { return numeric.Trunc(a[0], int(a[1].Int())) }},
	{"$1::int2", []OID{Numeric}, Int2, toInt(16, "smallint")}, {"$1::int4", []OID{Numeric}, Int4, toInt(32, "integer")}, {"$1::int8", []OID{Numeric}, Int8, toInt(64, "bigint")},
	{"$1::float8", []OID{Numeric}, Float8, func(a []Datum) (Datum, error) { v, err := numeric.ToFloat8(a[0]); return tuple.Float(v), err }},
	{"$1::float4", []OID{Numeric}, Float4, func(a []Datum) (Datum, error) { v, err := numeric.ToFloat4(a[0]); return tuple.Float(v), err }},
	{"$1::numeric", []OID{Float8}, Numeric, func(a []Datum) (Datum, error) { return numeric.FromFloat8(a[0].Float()) }},
	{"$1::float4::numeric", []OID{Float8}, Numeric, func(a []Datum) (Datum, error) {
		f := a[0].Float()
		if f > 1e38 {
			return Null, pgerr.New("22003", "value out of range: overflow")
		}
		return numeric.FromFloat4(float64(float32(f)))
	}},
	{"$1::numeric(8,3)", []OID{Numeric}, Numeric, func(a []Datum) (Datum, error) { return Lookup(Numeric).ApplyTypmod(a[0], 8<<16+3+4, true) }},
	{"$1::numeric(3,-2)", []OID{Numeric}, Numeric, func(a []Datum) (Datum, error) { return Lookup(Numeric).ApplyTypmod(a[0], 3<<16|(-2&0x7ff)+4, true) }},
	{"$1::numeric(2,5)", []OID{Numeric}, Numeric, func(a []Datum) (Datum, error) { return Lookup(Numeric).ApplyTypmod(a[0], 2<<16+5+4, true) }},

	ivOp("$1 + $2", temporal.IntervalAdd), ivOp("$1 - $2", temporal.IntervalSub), ivOp1("-$1", temporal.IntervalNeg), ivScale("$1 * $2", temporal.IntervalMul), ivScale("$1 / $2", temporal.IntervalDiv),
	ivOp1("justify_hours($1)", temporal.JustifyHours), ivOp1("justify_days($1)", temporal.JustifyDays), ivOp1("justify_interval($1)", temporal.JustifyInterval),
	{"$1 < $2", []OID{Interval, Interval}, Bool, func(a []Datum) (Datum, error) { return tuple.Bool(Lookup(Interval).Compare(a[0], a[1]) < 0), nil }},
	{"$1 + $2", []OID{Timestamp, Interval}, Timestamp, func(a []Datum) (Datum, error) {
		return intRes(temporal.TimestampAddInterval(a[0].Int(), temporal.IntervalOf(a[1])))
	}},
	{"$1 + $2", []OID{TimestampTZ, Interval}, TimestampTZ, func(a []Datum) (Datum, error) {
		return intRes(temporal.TimestampTZAddInterval(a[0].Int(), temporal.IntervalOf(a[1]), newYork))
	}},
	{"$1 - $2", []OID{Timestamp, Timestamp}, Interval, func(a []Datum) (Datum, error) {
		v, err := temporal.TimestampSub(a[0].Int(), a[1].Int())
		return v.Datum(), err
	}},
	{"age($1,$2)", []OID{Timestamp, Timestamp}, Interval, func(a []Datum) (Datum, error) { v, err := temporal.Age(a[0].Int(), a[1].Int()); return v.Datum(), err }},
	{"age($1,$2)", []OID{TimestampTZ, TimestampTZ}, Interval, func(a []Datum) (Datum, error) {
		v, err := temporal.AgeTZ(a[0].Int(), a[1].Int(), newYork)
		return v.Datum(), err
	}},
	{"$1 - $2", []OID{Date, Date}, Int4, func(a []Datum) (Datum, error) { return intRes(temporal.DateSub(a[0].Int(), a[1].Int())) }},
	{"$1 + $2", []OID{Date, Int4}, Date, func(a []Datum) (Datum, error) { return intRes(temporal.DateAddDays(a[0].Int(), a[1].Int())) }},
	{"$1::timestamp", []OID{Date}, Timestamp, func(a []Datum) (Datum, error) { return intRes(temporal.DateToTimestamp(a[0].Int())) }},
	{"$1::timestamptz", []OID{Date}, TimestampTZ, func(a []Datum) (Datum, error) { return intRes(temporal.DateToTimestampTZ(a[0].Int(), newYork)) }},
	{"$1::date", []OID{Timestamp}, Date, func(a []Datum) (Datum, error) { return intRes(temporal.TimestampToDate(a[0].Int()), nil) }},
	{"$1::timestamp", []OID{TimestampTZ}, Timestamp, func(a []Datum) (Datum, error) { return intRes(temporal.TimestampTZToLocal(a[0].Int(), newYork)) }},
	{"$1::timestamptz", []OID{Timestamp}, TimestampTZ, func(a []Datum) (Datum, error) { return intRes(temporal.LocalToTimestampTZ(a[0].Int(), newYork)) }},
	{"date_bin($1,$2,'2001-02-03 04:05:06')", []OID{Interval, Timestamp}, Timestamp, func(a []Datum) (Datum, error) {
		o, _ := Lookup(Timestamp).ParseText("2001-02-03 04:05:06", -1, nil)
		return intRes(temporal.DateBin(temporal.IntervalOf(a[0]), a[1].Int(), o.Int()))
	}},
	{"$1 = $2", []OID{JSONB, JSONB}, Bool, func(a []Datum) (Datum, error) { return tuple.Bool(Lookup(JSONB).Equal(a[0], a[1])), nil }},
	{"$1 -> $2", []OID{JSONB, Text}, JSONB, func(a []Datum) (Datum, error) { v, _ := jsondoc.Field(a[0], a[1].Str()); return v, nil }},
	{"$1 ->> $2", []OID{JSONB, Text}, Text, func(a []Datum) (Datum, error) {
		v, ok := jsondoc.Field(a[0], a[1].Str())
		if ok {
			v = jsondoc.Text(v)
		}
		return v, nil
	}},
	{"$1 -> $2", []OID{JSONB, Int4}, JSONB, func(a []Datum) (Datum, error) { v, _ := jsondoc.Elem(a[0], int(a[1].Int())); return v, nil }},
	{"$1 ? $2", []OID{JSONB, Text}, Bool, func(a []Datum) (Datum, error) { return tuple.Bool(jsondoc.Exists(a[0], a[1].Str())), nil }},
	{"make_date($1,$2,$3)", []OID{Int4, Int4, Int4}, Date, func(a []Datum) (Datum, error) {
		return intRes(temporal.MakeDate(int(a[0].Int()), int(a[1].Int()), int(a[2].Int())))
	}},
	{"make_time($1,$2,$3)", []OID{Int4, Int4, Float8}, Time, func(a []Datum) (Datum, error) {
		return intRes(temporal.MakeTime(int(a[0].Int()), int(a[1].Int()), a[2].Float()))
	}},
}

var unitLits = []string{"microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium", "dow", "isodow", "doy", "isoyear", "julian", "epoch",
	"timezone", "timezone_hour", "timezone_minute", "YEARS", "usec", "foo", "now", "mon", "m", "y", "t"}

// slowPowers keep PostgreSQL busy for seconds.
var slowPowers = map[string]bool{"1000000": true, "9999": true, "0.99999": true, "10000": true, "100.00": true, "99999999.99999999": true}

var timeLits = []string{"00:00", "24:00", "12:34:56.789012", "23:59:59.999999"}

var jsonbLits = []string{"1", "1.0", "null", "true", "\"a\"", "\"x\\\"y\"", "[]", "{}", "[1,2,3]", "[1,[2,{\"a\":null}],\"a\",\"b\"]", "{\"a\":1}", "{\"a\":{\"b\":[1,2]},\"c\":null}", "{\"x\\\"y\":1,\"é\":\"]},\"}", "[\"a\",\"},{\",[]]", "{\"a\":[{\"b\":1},2]}", "[[1]]", "{\"a\":null}", "[null]"}

var keyLits = []string{"a", "b", "c", "x\"y", "é", "", "1"}

// Arithmetic gives PostgreSQL's results and errors for all combinations of edge values.
func TestOracleOperators(t *testing.T) {
	c := oracle(t)
	exec(t, c, "set timezone = 'America/New_York'")
	env := &Env{Settings: temporal.Settings{TimeZone: newYork}}
	for _, o := range ops {
		t.Run(o.sql, func(t *testing.T) {
			var combos [][]string
			combos = append(combos, nil)
			for _, a := range o.args {
				var next [][]string
				for _, c := range combos {
					for _, l := range litsOf(a) {
						if strings.HasPrefix(o.sql, "power") && len(c) == 1 && slowPowers[l] {
							continue
						}
						next = append(next, append(c[:len(c):len(c)], l))
					}
				}
				combos = next
			}
			want := runOp(t, c, o, combos)
			bad := 0
			for i, lits := range combos {
				if strings.HasPrefix(o.sql, "power") && lits[0] == "99999999.99999999" && lits[1] == "-0.5" {
					continue // half way in the last place: PostgreSQL's own error makes it round down
				}
				vals := make([]Datum, len(lits))
				for j := range lits {
					var err error
					if vals[j], err = Lookup(o.args[j]).ParseText(lits[j], -1, env); err != nil {
						vals = nil
						break
					}
				}
				if vals == nil {
					continue
				}
				got := ""
				if d, err := o.f(vals); err != nil {
					e := pgerr.From(err)
					got = errString(e.Code, e.Message, e.Detail, e.Hint)
				} else if !d.IsNull() {
					got = Lookup(o.res).Text(d, env)
				}
				if got != want[i] {
					if bad++; bad <= 6 {
						t.Errorf("%q\n   got %.300s\n  want %.300s", lits, got, want[i])
					}
				}
			}
			if bad > 0 {
				t.Errorf("%d of %d differ", bad, len(combos))
			}
		})
	}
}

func runOp(t *testing.T, c *pgconn.PgConn, o op, combos [][]string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := c.Prepare(ctx, "op", "select ("+strings.Replace(o.sql, "extract", "pg_catalog.\"extract\"", 1)+")", o.args); err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(combos))
	p := c.StartPipeline(ctx)
	for _, lits := range combos {
		params := make([][]byte, len(lits))
		for j := range lits {
			params[j] = []byte(lits[j])
		}
		p.SendQueryPrepared("op", params, nil, nil)
		p.SendPipelineSync()
	}
	p.Flush()
	note := func(i int, err error) {
		if err == nil {
			return
		}
		pe, ok := err.(*pgconn.PgError)
		if !ok {
			t.Fatal(err)
		}
		out[i] = errString(pe.Code, pe.Message, pe.Detail, pe.Hint)
	}
	for i := range combos {
		for {
			r, err := p.GetResults()
			if err != nil {
				note(i, err)
				continue
			}
			if _, ok := r.(*pgconn.PipelineSync); ok {
				break
			}
			rr := r.(*pgconn.ResultReader)
			if rr.NextRow() {
				out[i] = string(rr.Values()[0])
			}
			_, err = rr.Close()
			note(i, err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	exec(t, c, "deallocate op")
	return out
}
