package jsonpath

import (
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/builtin/format"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/jsonpath"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

type node = jsondoc.Node

// value is an item of a sequence: a JSON value, or what datetime() made of a string.
type value struct {
	*node
	when *format.Moment
}

func (v value) is(k jsondoc.Kind) bool { return v.when == nil && v.Kind == k }

func numberValue(d types.Datum) value {
	return value{node: &node{Kind: jsondoc.Number, Text: types.Lookup(types.Numeric).Text(d, nil)}}
}

func stringValue(s string) value { return value{node: &node{Kind: jsondoc.String, Text: s}} }

func (v value) numeric() types.Datum {
	d, err := numeric.Parse(v.Text)
	if err != nil { // jsonb holds numerics only
		return numeric.Int(0)
	}
	return d
}

// json is the value as JSON; a datetime is its ISO text.
func (v value) json() *node {
	if v.when == nil {
		return v.node
	}
	return &node{Kind: jsondoc.String, Text: isoText(v.when)}
}

// isoText is a datetime as JSON has it, zones with their minutes.
func isoText(m *format.Moment) string {
	var b []byte
	switch m.Type {
	case types.Date:
		b = temporal.AppendDateISO(nil, m.Value.Int())
	case types.Timestamp:
		b = temporal.AppendTimestampISO(nil, m.Value.Int())
	case types.TimestampTZ:
		b = temporal.AppendTimestampTZISO(nil, m.Value.Int(), time.FixedZone("", m.East))
	default:
		b = types.Lookup(m.Type).AppendText(nil, m.Value, nil)
		if m.Type == types.TimeTZ && b[len(b)-3] != ':' {
			b = append(b, ":00"...)
		}
	}
	return string(b)
}

func (v value) typeName() string {
	if v.when != nil {
		return types.FormatType(v.when.Type, -1, nil)
	}
	switch v.Kind {
	case jsondoc.Null:
		return "null"
	case jsondoc.String:
		return "string"
	case jsondoc.Number:
		return "number"
	case jsondoc.Bool:
		return "boolean"
	case jsondoc.List:
		return "array"
	}
	return "object"
}

// truth is SQL/JSON's three-valued logic.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// compare applies a comparison operator. Null differs from everything else; other values of different types, arrays and
// objects cannot be compared.
func (x *exec) compare(op jsonpath.Kind, a, b value) (truth, error) {
	cmp := 0
	switch {
	case a.when != nil || b.when != nil:
		if a.is(jsondoc.Null) || b.is(jsondoc.Null) {
			return truthOf(op == jsonpath.NotEqual), nil
		}
		if a.when == nil || b.when == nil {
			return unknown, nil
		}
		var ok bool
		var err error
		if cmp, ok, err = x.compareMoments(a.when, b.when); err != nil || !ok {
			return unknown, err
		}
	case a.Kind != b.Kind:
		if a.Kind == jsondoc.Null || b.Kind == jsondoc.Null {
			return truthOf(op == jsonpath.NotEqual), nil
		}
		return unknown, nil
	case a.Kind == jsondoc.Null:
	case a.Kind == jsondoc.Bool:
		if a.Bool != b.Bool {
			cmp = -1
			if a.Bool {
				cmp = 1
			}
		}
	case a.Kind == jsondoc.Number:
		cmp = numeric.Cmp(a.numeric(), b.numeric())
	case a.Kind == jsondoc.String:
		cmp = strings.Compare(a.Text, b.Text)
	default:
		return unknown, nil
	}
	switch op {
	case jsonpath.Equal:
		return truthOf(cmp == 0), nil
	case jsonpath.NotEqual:
		return truthOf(cmp != 0), nil
	case jsonpath.Less:
		return truthOf(cmp < 0), nil
	case jsonpath.LessOrEqual:
		return truthOf(cmp <= 0), nil
	case jsonpath.Greater:
		return truthOf(cmp > 0), nil
	}
	return truthOf(cmp >= 0), nil
}

// rank orders the types in which two of a kind are compared: the smaller is converted to the larger.
var rank = map[types.OID]int{types.Date: 0, types.Timestamp: 1, types.TimestampTZ: 2, types.Time: 10, types.TimeTZ: 11}

var momentNames = map[types.OID]string{
	types.Date: "date", types.Time: "time", types.TimeTZ: "timetz", types.Timestamp: "timestamp", types.TimestampTZ: "timestamptz",
}

// compareMoments is not ok for a date against a time of day.
func (x *exec) compareMoments(a, b *format.Moment) (cmp int, ok bool, err error) {
	if rank[a.Type] > rank[b.Type] {
		cmp, ok, err = x.compareMoments(b, a)
		return -cmp, ok, err
	}
	if rank[a.Type] < 10 && rank[b.Type] >= 10 {
		return 0, false, nil
	}
	if a.Type != b.Type && (b.Type == types.TimestampTZ || b.Type == types.TimeTZ) && !x.zones {
		return 0, false, pgerr.New(pgerr.FeatureNotSupported, "cannot convert value from %s to %s without time zone usage",
			momentNames[a.Type], momentNames[b.Type]).WithHint("Use *_tz() function for time zone support.")
	}
	v := a.Value
	switch {
	case a.Type == types.Date && b.Type == types.Timestamp:
		v = tuple.Int(datetime.DateToTimestampClamped(v.Int()))
	case a.Type == types.Date && b.Type == types.TimestampTZ:
		v = tuple.Int(datetime.LocalToTZClamped(x.call, datetime.DateToTimestampClamped(v.Int())))
	case a.Type == types.Timestamp && b.Type == types.TimestampTZ:
		v = tuple.Int(datetime.LocalToTZClamped(x.call, v.Int()))
	case a.Type == types.Time && b.Type == types.TimeTZ:
		v = temporal.TimeToTimeTZ(v.Int(), x.call.Env.Times()).Datum()
	}
	return types.CompareKind(types.Lookup(b.Type).Kind, v, b.Value), true, nil
}

// isoTemplates are what datetime() without a template tries, in this order.
var isoTemplates = sync.OnceValue(func() []*format.Strict {
	var out []*format.Strict
	add := func(s string) {
		t, err := format.NewStrict(s)
		if err != nil {
			panic(err) // a constant
		}
		out = append(out, t)
	}
	zones, day := []string{"TZH:TZM", "TZH"}, []string{"yyyy-mm-dd ", `yyyy-mm-dd"T"`}
	clocks := []string{"HH24:MI:SS.US", "HH24:MI:SS"}
	each := func(prefixes, suffixes []string) {
		for _, d := range prefixes {
			for _, c := range clocks {
				for _, z := range suffixes {
					add(d + c + z)
				}
			}
		}
	}
	add("yyyy-mm-dd")
	each([]string{""}, zones)
	each([]string{""}, []string{""})
	each(day, zones)
	each(day, []string{""})
	return out
})

// datetime is the method of that name; hard errors are those of the template itself.
func (x *exec) datetime(v *jsonpath.Item, s string) (m format.Moment, soft, hard error) {
	if v.Left != nil {
		t := x.templates[v]
		if t == nil {
			var err error
			if t, err = format.NewStrict(v.Left.Text); err != nil {
				return m, nil, err
			}
			if x.templates == nil {
				x.templates = map[*jsonpath.Item]*format.Strict{}
			}
			x.templates[v] = t
		}
		m, err := t.Parse(s)
		return m, err, nil
	}
	for _, t := range isoTemplates() {
		if m, err := t.Parse(s); err == nil {
			return m, nil, nil
		}
	}
	return m, pgerr.New(pgerr.InvalidArgumentForSQLJSONDatetimeFunction, "datetime format is not recognized: \"%s\"", s).
		WithHint("Use a datetime template argument to specify the input data format."), nil
}

// double reads text as a finite float8 and gives its numeric.
func double(s string) (types.Datum, bool) {
	f, err := types.ParseFloat8(s)
	if err != nil || f != f || f > 1.7976931348623157e308 || f < -1.7976931348623157e308 {
		return types.Null, false
	}
	d, err := numeric.FromFloat8(f)
	return d, err == nil
}

// pathCache is a call site's last path.
type pathCache struct {
	text string
	path *jsonpath.Path
}

func pathOf(c *call.Call, d types.Datum) (*jsonpath.Path, error) {
	cache, _ := c.Cache.(*pathCache)
	if cache == nil {
		cache = &pathCache{}
		c.Cache = cache
	}
	if cache.path == nil || cache.text != d.Str() {
		p, err := types.ParseJSONPath(d.Str())
		if err != nil {
			return nil, err
		}
		cache.text, cache.path = strings.Clone(d.Str()), p
	}
	return cache.path, nil
}
