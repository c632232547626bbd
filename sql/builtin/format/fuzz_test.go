package format

import (
	"testing"
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// Any template over any text gives a value or an error with a SQLSTATE, soon and within bounds.
func FuzzTemplate(f *testing.F) {
	for _, s := range [][2]string{
		{"FMDay, DD Month YYYY HH12:MI:SS.MS A.M. TZ", "Thursday, 06 July 1999 01:02:03.004 A.M."}, {"Y,YYY-IDDD J Q WW CC", "2,020-100"},
		{"S999G999D99PR", "1,234.5"}, {"RN", "MCMXC"}, {"9.99EEEE", "1.5e3"}, {"V99MI$L", "12-"}, {`yyyy"T"FF6TZH:TZM`, "2020T123456+05:30"},
		{"fmtmMONTHthsp", "x"}, {"SP\\\"\"", "\""}, {"YYYYMMDDHH24MISSFF3", "20200101"}, {"BC AD FX", "1 BC"},
	} {
		f.Add(s[0], s[1], int64(12345678901234), 1234.5)
	}
	fns := call.Union(toCharFns(), fromCharFns())
	f.Fuzz(func(t *testing.T, template, text string, ts int64, num float64) {
		if input.CheckUTF8(template) != nil || input.CheckUTF8(text) != nil || len(template) > 2000 {
			return
		}
		n, err := numeric.FromFloat8(num)
		if err != nil {
			n = numeric.Int(ts)
		}
		day := ts % 1_000_000_000_000_000
		start := time.Now()
		for name, arg := range map[string]types.Datum{
			"numeric_to_char": n, "int8_to_char": tuple.Int(ts), "int4_to_char": tuple.Int(int64(int32(ts))), "float8_to_char": tuple.Float(num),
			"timestamp_to_char": tuple.Int(day), "timestamptz_to_char": tuple.Int(day), "interval_to_char": temporal.Interval{Months: int32(ts), Days: int32(ts >> 3), Usec: day}.Datum(),
			"to_timestamp": tuple.String(text), "to_date": tuple.String(text), "numeric_to_number": tuple.String(text),
		} {
			fn := fns[name]
			if fn == nil {
				t.Fatalf("no function %s", name)
			}
			v, err := fn(&call.Call{Env: &types.Env{}}, []types.Datum{arg, tuple.String(template)})
			if err != nil && pgerr.Code(err) == "" {
				t.Fatalf("%s: no SQLSTATE: %v", name, err)
			}
			if err == nil && !v.IsNull() && !v.IsScalar() && v.Len() > 400*(len(template)+10)+len(text)+2000 {
				t.Fatalf("%s(%q) has %d bytes", name, template, v.Len())
			}
		}
		if s, err := NewStrict(template); err == nil {
			if m, err := s.Parse(text); err == nil {
				types.Lookup(m.Type).Text(m.Value, nil)
			}
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("%q over %q took %v", template, text, d)
		}
	})
}
