package types

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// The settings that change input and output change them as PostgreSQL's do.
func TestOracleStyles(t *testing.T) {
	c := oracle(t)
	berlin, _ := timezone.Load("Europe/Berlin")
	kolkata, _ := timezone.Load("asia/kolkata")
	stamps := append(append([]string(nil), stampLits...), "01/02/2003", "03-02-01", "13.1.2003 4:5:6", "1 Feb 2003", "2003-02-01 10:00 EST", "1850-01-01 00:00", "2040-07-01", "20000-01-01")
	for _, s := range []struct {
		set string
		env Env
	}{
		{"DateStyle='ISO,DMY'; set timezone='Europe/Berlin'", Env{Settings: temporal.Settings{DateOrder: temporal.OrderDMY, TimeZone: berlin}}},
		{"DateStyle='ISO,YMD'; set timezone='Asia/Kolkata'", Env{Settings: temporal.Settings{DateOrder: temporal.OrderYMD, TimeZone: kolkata}}},
		{"DateStyle='SQL,MDY'; set timezone='America/New_York'", Env{Settings: temporal.Settings{DateStyle: temporal.DateSQL, TimeZone: newYork}}},
		{"DateStyle='SQL,DMY'; set timezone='UTC'", Env{Settings: temporal.Settings{DateStyle: temporal.DateSQL, DateOrder: temporal.OrderDMY}}},
		{"DateStyle='Postgres,MDY'; set timezone='Europe/Berlin'", Env{Settings: temporal.Settings{DateStyle: temporal.DatePostgres, TimeZone: berlin}}},
		{"DateStyle='Postgres,DMY'; set timezone='America/New_York'", Env{Settings: temporal.Settings{DateStyle: temporal.DatePostgres, DateOrder: temporal.OrderDMY, TimeZone: newYork}}},
		{"DateStyle='German,DMY'; set timezone='Asia/Kolkata'", Env{Settings: temporal.Settings{DateStyle: temporal.DateGerman, DateOrder: temporal.OrderDMY, TimeZone: kolkata}}},
		{"DateStyle='SQL,MDY'; set time zone interval '-05:30' hour to minute", Env{Settings: temporal.Settings{DateStyle: temporal.DateSQL, TimeZone: timezone.Fixed(-5*3600 - 1800)}}},
	} {
		exec(t, c, "set "+s.set)
		for _, typ := range []OID{Date, Timestamp, TimestampTZ, TimeTZ} {
			lits := stamps
			if typ == TimeTZ {
				lits = []string{"12:00+5", "00:00", "04:05:06.5 PST", "12:00 Asia/Kolkata"}
			}
			name := TypeName(typ, nil)
			if typ == TimeTZ && s.env.TimeZone != kolkata && s.env.TimeZone != nil {
				lits = lits[:1] // the zone's offset today is not this test's business
			}
			compareAnswers(t, s.set+" "+name, lits, askAll(t, c, name, typ, lits), typ, &s.env)
		}
	}
	exec(t, c, "reset all")
	exec(t, c, "set timezone='UTC'")
	for style, env := range map[string]Env{
		"postgres": {}, "postgres_verbose": {Settings: temporal.Settings{IntervalStyle: temporal.IntervalPostgresVerbose}},
		"sql_standard": {Settings: temporal.Settings{IntervalStyle: temporal.IntervalSQLStandard}}, "iso_8601": {Settings: temporal.Settings{IntervalStyle: temporal.IntervalISO8601}},
	} {
		exec(t, c, "set intervalstyle="+style)
		k := oracleCase{"interval", Interval, append(append([]string(nil), intervalSeeds...), intervalLits...), "0123456789-+: .PTYMD", 1500}
		lits := k.literals()
		compareAnswers(t, style, lits, askAll(t, c, "interval", Interval, lits), Interval, &env)
	}
	exec(t, c, "reset all")
	for extra := -15; extra <= 3; extra++ {
		exec(t, c, fmt.Sprintf("set extra_float_digits=%d", extra))
		env := Env{ExtraFloatDigits: extra - 1}
		lits := []string{"0", "0.1", "123456789.123456789", "1e15", "1e-5", "1e100", "99999.95", "0.000123456789", "1234567", "100000", "1e5", "5e-324", "2.5", "-0.3333333333333333"}
		compareAnswers(t, fmt.Sprint("float8 ", extra), lits, askAll(t, c, "float8", Float8, lits), Float8, &env)
		lits = lits[:11]
		compareAnswers(t, fmt.Sprint("float4 ", extra), lits, askAll(t, c, "float4", Float4, lits), Float4, &env)
	}
	exec(t, c, "set bytea_output=escape")
	lits := []string{"\\x00ff41275c", "", "abc"}
	compareAnswers(t, "bytea escape", lits, askAll(t, c, "bytea", Bytea, lits), Bytea, &Env{ByteaEscape: true})
}

// Type modifiers are made, printed and applied as PostgreSQL does.
func TestOracleTypmods(t *testing.T) {
	c := oracle(t)
	exec(t, c, "set timezone='UTC'")
	ask := func(sql string) string {
		res, err := c.Exec(context.Background(), sql).ReadAll()
		if err != nil {
			pe := pgerr.From(err)
			_ = pe
			s := err.Error() // "ERROR: message (SQLSTATE code)"
			return s
		}
		if len(res[0].Rows) == 0 || res[0].Rows[0][0] == nil {
			return "<null>"
		}
		return string(res[0].Rows[0][0])
	}
	year, month, day, hour, minute, second := int32(temporal.RangeYear), int32(temporal.RangeMonth), int32(temporal.RangeDay), int32(temporal.RangeHour), int32(temporal.RangeMinute), int32(temporal.RangeSecond)
	strs := []string{"", "a", "abc", "abcd", "abc   ", "ab  c", "héé", "日本語です", "   "}
	bits := []string{"", "1", "101", "10101", "000"}
	times := []string{"12:34:56.789012", "23:59:59.999999", "00:00:00.5"}
	stamps := []string{"2000-01-01 12:34:56.789512", "1999-12-31 23:59:59.999999", "infinity", "1900-01-01 00:00:00.0005", "1900-01-01 00:00:00.1235"}
	ivs := []string{"1 year 2 mons 3 days 04:05:06.789012", "-1 year -2 mons -3 days -04:05:06.789012", "10 mons 5.5 days", "1", "1-2", "3 4:05", "4:05", "1.7"}
	for _, k := range []struct {
		name string
		oid  OID
		args []int32
		lits []string
	}{
		{"varchar(3)", Varchar, []int32{3}, strs}, {"char(3)", BPChar, []int32{3}, strs}, {"varchar(0)", Varchar, []int32{0}, nil}, {"char(10485761)", BPChar, []int32{10485761}, nil},
		{"bit(3)", Bit, []int32{3}, bits}, {"varbit(3)", VarBit, []int32{3}, bits}, {"bit(0)", Bit, []int32{0}, nil},
		{"numeric(5,2)", Numeric, []int32{5, 2}, numericLits}, {"numeric(3)", Numeric, []int32{3}, numericLits}, {"numeric(2,-3)", Numeric, []int32{2, -3}, numericLits}, {"numeric(3,6)", Numeric, []int32{3, 6}, numericLits},
		{"numeric(0)", Numeric, []int32{0}, nil}, {"numeric(1001)", Numeric, []int32{1001}, nil}, {"numeric(3,1001)", Numeric, []int32{3, 1001}, nil}, {"numeric(1,2,3)", Numeric, []int32{1, 2, 3}, nil},
		{"time(2)", Time, []int32{2}, times}, {"time(0)", Time, []int32{0}, times}, {"timetz(3)", TimeTZ, []int32{3}, times}, {"timestamp(3)", Timestamp, []int32{3}, stamps}, {"timestamptz(0)", TimestampTZ, []int32{0}, stamps},
		{"interval(2)", Interval, []int32{temporal.IntervalFullRange, 2}, ivs}, {"interval year", Interval, []int32{year}, ivs}, {"interval month", Interval, []int32{month}, ivs}, {"interval day", Interval, []int32{day}, ivs}, {"interval hour", Interval, []int32{hour}, ivs},
		{"interval minute", Interval, []int32{minute}, ivs}, {"interval second", Interval, []int32{second}, ivs}, {"interval second(1)", Interval, []int32{second, 1}, ivs}, {"interval year to month", Interval, []int32{year | month}, ivs}, {"interval day to hour", Interval, []int32{day | hour}, ivs},
		{"interval day to minute", Interval, []int32{day | hour | minute}, ivs}, {"interval day to second(3)", Interval, []int32{day | hour | minute | second, 3}, ivs}, {"interval hour to minute", Interval, []int32{hour | minute}, ivs}, {"interval hour to second", Interval, []int32{hour | minute | second}, ivs},
		{"interval minute to second", Interval, []int32{minute | second}, ivs},
	} {
		mod, err := MakeTypmod(k.oid, k.args, nil)
		if k.lits == nil {
			want := ask("select null::" + k.name)
			got := ""
			if err != nil {
				e := pgerr.From(err)
				got = "ERROR: " + e.Message + " (SQLSTATE " + e.Code + ")"
			}
			if got != want {
				t.Errorf("%s\n   got %s\n  want %s", k.name, got, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		if want := ask(fmt.Sprintf("select format_type(%d, %d)", k.oid, mod)); want != FormatType(k.oid, mod, nil) {
			t.Errorf("format_type %s: got %s, want %s", k.name, FormatType(k.oid, mod, nil), want)
		}
		if want := ask(fmt.Sprintf("select atttypmod from (select null::%s) x(y), lateral (select 0) z, pg_attribute where false", k.name)); want != "<null>" {
			t.Error(want)
		}
		ty := Lookup(k.oid)
		base := map[OID]string{Varchar: "text", BPChar: "bpchar", Bit: `"bit"`, VarBit: "varbit", Numeric: "numeric", Time: "time", TimeTZ: "timetz", Timestamp: "timestamp", TimestampTZ: "timestamptz", Interval: "interval"}[k.oid]
		for _, lit := range k.lits {
			q := "'" + strings.ReplaceAll(lit, "'", "''") + "'"
			// input with the modifier, and an explicit cast of a value
			for form, sql := range map[string]string{"input": "select " + k.name + " " + q, "cast": "select (" + q + "::" + base + ")::" + k.name} {
				if form == "input" && k.oid != Interval {
					sql = "select " + q + "::" + k.name
				}
				if form == "input" && k.oid == Interval {
					field := strings.TrimPrefix(k.name, "interval")
					sql = "select interval " + q + field
					if strings.HasPrefix(field, "(") {
						sql = "select interval" + field + " " + q
					}
				}
				want := ask(sql)
				var d Datum
				var err error
				if form == "input" {
					d, err = ty.ParseText(lit, mod, nil)
					if err != nil && (k.oid == Varchar || k.oid == BPChar || k.oid == Bit || k.oid == VarBit) {
						d, err = ty.ParseText(lit, -1, nil) // an SQL literal is cast explicitly, which cuts
						if err == nil {
							d, err = ty.ApplyTypmod(d, mod, true)
						}
					}
				} else if d, err = ty.ParseText(lit, -1, nil); err == nil {
					d, err = ty.ApplyTypmod(d, mod, true)
				}
				got := ""
				if err != nil {
					e := pgerr.From(err)
					got = "ERROR: " + e.Message + " (SQLSTATE " + e.Code + ")"
				} else {
					got = ty.Text(d, nil)
				}
				if got != want {
					t.Errorf("%s %s of %q\n   got %s\n  want %s", k.name, form, lit, got, want)
				}
			}
		}
	}
	for _, oid := range []OID{BPChar, Bit, Char, Int4Array, VarcharArray, Int2Vector, Name, Float8, Record, AnyArray, Any} {
		if want := ask(fmt.Sprintf("select format_type(%d, -1)", oid)); want != FormatType(oid, -1, nil) {
			t.Errorf("format_type(%d,-1): got %s, want %s", oid, FormatType(oid, -1, nil), want)
		}
		if want := ask(fmt.Sprintf("select format_type(%d, null)", oid)); want != TypeName(oid, nil) {
			t.Errorf("format_type(%d,null): got %s, want %s", oid, TypeName(oid, nil), want)
		}
	}
	if want := ask(fmt.Sprintf("select format_type(%d, 14)", VarcharArray)); want != FormatType(VarcharArray, 14, nil) {
		t.Errorf("varchar[]: %s", want)
	}
}
