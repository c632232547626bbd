package types

import (
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/tsearch"
	"github.com/tarndb/tarn/storage/tuple"
)

var tsvectorCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return tsearch.Of(d.Str()).AppendText(dst) },
	in: func(_ *Type, s string, _ int32, _ *Env) (Datum, error) {
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		v, err := tsearch.ParseVector(s)
		if err != nil {
			return Null, err
		}
		return packVector(v)
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte { return tsearch.Of(d.Str()).AppendBinary(dst) },
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		v, err := tsearch.ParseVectorBinary(b, input.CheckUTF8)
		if err != nil {
			return Null, err
		}
		return packVector(v)
	},
}

func packVector(v tsearch.Vector) (Datum, error) {
	b, err := v.Pack()
	return tuple.Bytes(b), err
}

var tsqueryCodec = &codec{
	out: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return tsearch.AppendQueryText(dst, tsearch.QueryOf(d.Bytes()))
	},
	in: func(_ *Type, s string, _ int32, env *Env) (Datum, error) {
		if err := input.CheckUTF8(s); err != nil {
			return Null, err
		}
		q, err := tsearch.ParseQuery(s, tsearch.Standard, tsearch.AsIs, env.orDefault().Notice)
		if err != nil {
			return Null, err
		}
		return tuple.Bytes(tsearch.PackQuery(q)), nil
	},
	send: func(_ *Type, dst []byte, d Datum, _ *Env) []byte {
		return tsearch.AppendQueryBinary(dst, tsearch.QueryOf(d.Bytes()))
	},
	recv: func(_ *Type, b []byte, _ int32, _ *Env) (Datum, error) {
		q, err := tsearch.ParseQueryBinary(b, input.CheckUTF8)
		if err != nil {
			return Null, err
		}
		return tuple.Bytes(tsearch.PackQuery(q)), nil
	},
}
