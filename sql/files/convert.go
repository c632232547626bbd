package files

import (
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// convert makes a value of a column. An error says that it does not fit.
func convert(o *Options, env *types.Env, c *column, v value) (types.Datum, error) {
	if v.kind == null {
		return types.Null, nil
	}
	if d, ok := direct(c.Type, c.Mod, v); ok {
		return d, nil
	}
	switch c.Type {
	case types.JSON, types.JSONB:
		if v.kind != raw {
			return c.typ.ParseText(string(v.appendJSON(nil)), -1, env)
		}
	case types.Bytea:
		if v.kind == bytes_ || v.kind == str || v.kind == raw {
			return tuple.String(v.s), nil
		}
	}
	s := v.text()
	if v.kind == raw || v.kind == str {
		s = o.plain(c.Type, s)
	}
	if !storable(s) {
		return types.Null, pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
	}
	if c.Type == types.Text {
		return tuple.String(s), nil
	}
	return c.typ.ParseText(s, c.Mod, env)
}

// direct are the conversions that need no text.
func direct(t types.OID, mod int32, v value) (types.Datum, bool) {
	switch v.kind {
	case boolean_:
		if t == types.Bool {
			return tuple.Bool(v.i != 0), true
		}
	case integer:
		switch {
		case t == types.Int8, t == types.Int4 && v.i == int64(int32(v.i)), t == types.Int2 && v.i == int64(int16(v.i)):
			return tuple.Int(v.i), true
		case t == types.Float8:
			return tuple.Float(float64(v.i)), true
		}
	case decimal:
		if t == types.Numeric && (mod < 0 || mod == numericMod(int(v.precision), int(v.scale))) {
			return numeric.Unscaled(v.i, int(v.scale)), true
		}
	case double:
		if t == types.Float8 || t == types.Float4 && float64(float32(v.f)) == v.f {
			return tuple.Float(v.f), true
		}
	case date:
		if d := v.i - (calendar.EpochJulian - calendar.UnixEpochJulian); t == types.Date && calendar.ValidDate(d) {
			return tuple.Int(d), true
		}
	case timestamp, instant:
		if t == types.Timestamp && v.kind == timestamp || t == types.TimestampTZ && v.kind == instant {
			if us := v.i - calendar.UnixEpochSec*calendar.UsecPerSec; us < v.i && calendar.ValidTimestamp(us) {
				return tuple.Int(us), true
			}
		}
	case clock:
		if t == types.Time && v.i >= 0 && v.i <= calendar.UsecPerDay {
			return tuple.Int(v.i), true
		}
	}
	return types.Null, false
}

// plain undoes the formats that options give to dates, times and special numbers.
func (o *Options) plain(t types.OID, s string) string {
	switch t {
	case types.Date:
		if o.DateFormat != "" {
			if d, err := time.Parse(o.DateFormat, s); err == nil {
				return d.Format(time.DateOnly)
			}
		}
	case types.Timestamp, types.TimestampTZ:
		if o.TSFormat != "" {
			if m, err := time.Parse(o.TSFormat, s); err == nil {
				if layoutHasZone(o.TSFormat) {
					return m.Format("2006-01-02 15:04:05.999999999Z07:00")
				}
				return m.Format("2006-01-02 15:04:05.999999999")
			}
		}
		if o.DateFormat != "" {
			if d, err := time.Parse(o.DateFormat, s); err == nil {
				return d.Format(time.DateOnly)
			}
		}
	case types.Float4, types.Float8:
		switch s {
		case o.NaN:
			return "NaN"
		case o.PosInf:
			return "Infinity"
		case o.NegInf:
			return "-Infinity"
		}
	}
	return s
}
