package types

import (
	"strconv"

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// AppendJSON appends what to_json makes of a value: numbers and booleans bare, dates and timestamps in ISO 8601 with a
// T, json and jsonb as they are, arrays and composites by their parts, all else its text in quotes. pretty puts the
// outermost array's elements or composite's fields on lines of their own. NULL is null.
func AppendJSON(dst []byte, t *Type, d Datum, env *Env, pretty bool) []byte {
	if d.IsNull() {
		return append(dst, "null"...)
	}
	for t.TypType == TypeDomain {
		b := env.Type(t.Base)
		if b == nil {
			break
		}
		t = b
	}
	switch t.OID {
	case Bool:
		return strconv.AppendBool(dst, d.Bool())
	case Int2, Int4, Int8, Float4, Float8, Numeric:
		start := len(dst)
		dst = append(dst, '"')
		dst = t.AppendText(dst, d, env)
		if c := dst[len(dst)-1]; isDigit(c) { // NaN and the infinities keep their quotes
			return append(dst[:start], dst[start+1:]...)
		}
		return append(dst, '"')
	case Date:
		dst = append(dst, '"')
		if days := d.Int(); infiniteDate(days) {
			dst = t.AppendText(dst, d, nil)
		} else {
			var c calendar.Clock
			c.Year, c.Mon, c.Day = calendar.FromJulian(int(days) + calendar.EpochJulian)
			dst = appendBC(appendISODate(dst, &c), &c)
		}
		return append(dst, '"')
	case Timestamp, TimestampTZ:
		dst = append(dst, '"')
		ts := d.Int()
		if infiniteTS(ts) {
			dst, _ = appendTimestampInf(dst, ts)
			return append(dst, '"')
		}
		var zone *zoneTag
		if t.OID == TimestampTZ {
			zone = &zoneTag{east: offsetAt(env.Zone(), ts)}
			ts += int64(zone.east) * calendar.UsecPerSec
		}
		c := calendar.ClockOf(ts)
		return append(appendXSD(dst, &c, zone), '"')
	case JSON, JSONB:
		return append(dst, d.Bytes()...)
	}
	switch t.Kind {
	case tuple.KindArray:
		return appendJSONArray(dst, tuple.Array(d.Bytes()), env, pretty)
	case tuple.KindRecord:
		return appendJSONRecord(dst, t, tuple.Record(d.Bytes()), env, pretty)
	}
	var buf [128]byte
	return AppendJSONString(dst, asString(t.AppendText(buf[:0], d, env)))
}

func appendJSONArray(dst []byte, a tuple.Array, env *Env, pretty bool) []byte {
	if a.Len() == 0 {
		return append(dst, "[]"...)
	}
	elem := env.Type(a.ElemOID())
	if elem == nil {
		elem = Lookup(Text)
	}
	at := 0
	var level func(dim int)
	level = func(dim int) {
		dst = append(dst, '[')
		for i := range a.Dim(dim).Len {
			if i > 0 {
				dst = append(dst, ',')
				if pretty && dim == 0 {
					dst = append(dst, '\n', ' ')
				}
			}
			if dim+1 < a.NumDims() {
				level(dim + 1)
				continue
			}
			dst = AppendJSON(dst, elem, a.Elem(at), env, false)
			at++
		}
		dst = append(dst, ']')
	}
	level(0)
	return dst
}

func appendJSONRecord(dst []byte, t *Type, r tuple.Record, env *Env, pretty bool) []byte {
	dst = append(dst, '{')
	for i := range r.Len() {
		if i > 0 {
			dst = append(dst, ',')
			if pretty {
				dst = append(dst, '\n', ' ')
			}
		}
		name := "f" + strconv.Itoa(i+1)
		if i < len(t.Attrs) {
			name = t.Attrs[i].Name
		}
		dst = append(AppendJSONString(dst, name), ':')
		f := r.Field(i)
		ft := env.Type(f.OID)
		if ft == nil {
			ft = Lookup(Text)
		}
		dst = AppendJSON(dst, ft, f.Value, env, false)
	}
	return append(dst, '}')
}
