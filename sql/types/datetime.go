package types

import (
	"encoding/binary"

	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

func int32Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(d.Int()))
}

func int64Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(d.Int()))
}

var dateCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		return temporal.AppendDate(dst, d.Int(), env.Times())
	},
	in: func(_ *Type, s string, _ int32, env *Env) (Datum, error) {
		days, err := temporal.ParseDate(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(days), nil
	},
	send: int32Send,
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 4); err != nil {
			return Null, err
		}
		days := int64(int32(binary.BigEndian.Uint32(b)))
		if err := temporal.CheckDate(days); err != nil {
			return Null, err
		}
		return tuple.Int(days), nil
	},
}

var timeCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return temporal.AppendTime(dst, d.Int()) },
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		us, err := temporal.ParseTime(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(temporal.RoundUsec(us, mod)), nil
	},
	send: int64Send,
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 8); err != nil {
			return Null, err
		}
		us := int64(binary.BigEndian.Uint64(b))
		if err := temporal.CheckTime(us); err != nil {
			return Null, err
		}
		return tuple.Int(temporal.RoundUsec(us, mod)), nil
	},
}

var timetzCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return temporal.AppendTimeTZ(dst, temporal.TimeTZOf(d))
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		v, err := temporal.ParseTimeTZ(s, env.Times())
		if err != nil {
			return Null, err
		}
		return v.Round(mod).Datum(), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		v := temporal.TimeTZOf(d)
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Usec))
		return binary.BigEndian.AppendUint32(dst, uint32(v.West))
	},
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 12); err != nil {
			return Null, err
		}
		v := temporal.TimeTZ{Usec: int64(binary.BigEndian.Uint64(b)), West: int32(binary.BigEndian.Uint32(b[8:]))}
		if err := v.Check(); err != nil {
			return Null, err
		}
		return v.Round(mod).Datum(), nil
	},
}

var timestampCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		return temporal.AppendTimestamp(dst, d.Int(), env.Times())
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		ts, err := temporal.ParseTimestamp(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(temporal.RoundTimestamp(ts, mod)), nil
	},
	send: int64Send,
	recv: timestampRecv,
}

var timestamptzCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		return temporal.AppendTimestampTZ(dst, d.Int(), env.Times())
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		ts, err := temporal.ParseTimestampTZ(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(temporal.RoundTimestamp(ts, mod)), nil
	},
	send: int64Send,
	recv: timestampRecv,
}

func timestampRecv(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
	if err := input.Sized(b, 8); err != nil {
		return Null, err
	}
	ts := int64(binary.BigEndian.Uint64(b))
	if err := temporal.CheckTimestamp(ts); err != nil {
		return Null, err
	}
	return tuple.Int(temporal.RoundTimestamp(ts, mod)), nil
}

var intervalCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		return temporal.AppendInterval(dst, temporal.IntervalOf(d), env.Times())
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		v, err := temporal.ParseInterval(s, mod, env.Times())
		if err != nil {
			return Null, err
		}
		return v.Limit(mod).Datum(), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		v := temporal.IntervalOf(d)
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Usec))
		dst = binary.BigEndian.AppendUint32(dst, uint32(v.Days))
		return binary.BigEndian.AppendUint32(dst, uint32(v.Months))
	},
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := input.Sized(b, 16); err != nil {
			return Null, err
		}
		v := temporal.Interval{Usec: int64(binary.BigEndian.Uint64(b)), Days: int32(binary.BigEndian.Uint32(b[8:])), Months: int32(binary.BigEndian.Uint32(b[12:]))}
		return v.Limit(mod).Datum(), nil
	},
}
