package types

import (
	"github.com/tarndb/tarn/sql/types/geo"
	"github.com/tarndb/tarn/storage/tuple"
)

var geoForms = map[OID]geo.Form{
	Point: geo.FormPoint, Line: geo.FormLine, Lseg: geo.FormLseg, Box: geo.FormBox, Path: geo.FormPath,
	Polygon: geo.FormPolygon, Circle: geo.FormCircle,
}

// geoCodec is the geometric types, whose coordinates are read and printed as float8 is.
func geoCodec(form geo.Form) *codec {
	return &codec{
		out: func(_ *Type, dst []byte, d Datum, env *Env) []byte {
			return geoFloats(env).AppendText(dst, form, d.Bytes())
		},
		in: func(_ *Type, s string, _ int32, env *Env) (Datum, error) {
			b, err := geoFloats(env).ParseText(form, s)
			return tuple.Bytes(b), err
		},
		send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return geo.AppendBinary(dst, form, d.Bytes()) },
		recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
			out, err := geo.ParseBinary(form, b)
			return tuple.Bytes(out), err
		},
	}
}

func geoFloats(env *Env) geo.Floats {
	extra := env.orDefault().ExtraFloatDigits
	return geo.Floats{
		Scan:   scanFloat8,
		Append: func(dst []byte, v float64) []byte { return AppendFloat(dst, v, 64, extra) },
	}
}
