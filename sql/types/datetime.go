package types

import (
	"encoding/binary"

	"github.com/tarndb/tarn/storage/tuple"
)

func int32Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(d.Int()))
}

func int64Send(_ *Type, dst []byte, d Datum, _ *Env) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(d.Int()))
}

var dateCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte { return appendDate(dst, d.Int(), env.Times()) },
	in: func(_ *Type, s string, _ int32, env *Env) (Datum, error) {
		days, err := parseDate(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(days), nil
	},
	send: int32Send,
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		if err := sized(b, 4); err != nil {
			return Null, err
		}
		days := int64(int32(binary.BigEndian.Uint32(b)))
		if err := checkDate(days); err != nil {
			return Null, err
		}
		return tuple.Int(days), nil
	},
}

var timeCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return appendTime(dst, d.Int()) },
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		us, err := parseTime(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(roundUsec(us, mod)), nil
	},
	send: int64Send,
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := sized(b, 8); err != nil {
			return Null, err
		}
		us := int64(binary.BigEndian.Uint64(b))
		if err := checkTime(us); err != nil {
			return Null, err
		}
		return tuple.Int(roundUsec(us, mod)), nil
	},
}

var timetzCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return appendTimeTZ(dst, TimeTZOf(d)) },
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		v, err := parseTimeTZ(s, env.Times())
		if err != nil {
			return Null, err
		}
		return v.round(mod).Datum(), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		v := TimeTZOf(d)
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Usec))
		return binary.BigEndian.AppendUint32(dst, uint32(v.West))
	},
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := sized(b, 12); err != nil {
			return Null, err
		}
		v := TimeTZVal{Usec: int64(binary.BigEndian.Uint64(b)), West: int32(binary.BigEndian.Uint32(b[8:]))}
		if err := v.check(); err != nil {
			return Null, err
		}
		return v.round(mod).Datum(), nil
	},
}

var timestampCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte { return appendTimestamp(dst, d.Int(), env.Times()) },
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		ts, err := parseTimestamp(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(roundTimestamp(ts, mod)), nil
	},
	send: int64Send,
	recv: timestampRecv,
}

var timestamptzCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		return appendTimestampTZ(dst, d.Int(), env.Times())
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		ts, err := parseTimestampTZ(s, env.Times())
		if err != nil {
			return Null, err
		}
		return tuple.Int(roundTimestamp(ts, mod)), nil
	},
	send: int64Send,
	recv: timestampRecv,
}

func timestampRecv(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
	if err := sized(b, 8); err != nil {
		return Null, err
	}
	ts := int64(binary.BigEndian.Uint64(b))
	if err := checkTimestamp(ts); err != nil {
		return Null, err
	}
	return tuple.Int(roundTimestamp(ts, mod)), nil
}

var intervalCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
		return appendInterval(dst, IntervalOf(d), env.Times())
	},
	in: func(_ *Type, s string, mod int32, env *Env) (Datum, error) {
		v, err := parseInterval(s, mod, env.Times())
		if err != nil {
			return Null, err
		}
		return v.limit(mod).Datum(), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		v := IntervalOf(d)
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Usec))
		dst = binary.BigEndian.AppendUint32(dst, uint32(v.Days))
		return binary.BigEndian.AppendUint32(dst, uint32(v.Months))
	},
	recv: func(_ *Type, b []byte, mod int32, _ *Env) (Datum, error) {
		if err := sized(b, 16); err != nil {
			return Null, err
		}
		v := IntervalVal{Usec: int64(binary.BigEndian.Uint64(b)), Days: int32(binary.BigEndian.Uint32(b[8:])), Months: int32(binary.BigEndian.Uint32(b[12:]))}
		return v.limit(mod).Datum(), nil
	},
}
