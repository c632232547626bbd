package hstore

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/hstore"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// appendJSON prints a map as an object. loose makes booleans of t and f and numbers of what looks like one.
func appendJSON(dst []byte, v hstore.View, loose bool) []byte {
	dst = append(dst, '{')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		p := v.Pair(i)
		dst = append(jsondoc.AppendString(dst, p.Key), ": "...)
		switch {
		case p.Null:
			dst = append(dst, "null"...)
		case loose && p.Val == "t":
			dst = append(dst, "true"...)
		case loose && p.Val == "f":
			dst = append(dst, "false"...)
		case loose && isNumber(p.Val):
			dst = append(dst, p.Val...)
		default:
			dst = jsondoc.AppendString(dst, p.Val)
		}
	}
	return append(dst, '}')
}

// isNumber reports that all of s is a JSON number.
func isNumber(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	digits := func() bool {
		n := input.Skip(s, 0, input.IsDigit)
		s = s[n:]
		return n > 0
	}
	if s != "" && s[0] == '0' {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if s != "" && s[0] == '.' {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && s[0]|0x20 == 'e' {
		s = s[1:]
		if s = s[input.SkipSign(s):]; !digits() {
			return false
		}
	}
	return s == ""
}

func toJSON(loose bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return tuple.Bytes(appendJSON(nil, hstore.Of(a[0]), loose)), nil
	}
}

func toJSONB(loose bool) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return jsondoc.ParseJSONB(string(appendJSON(nil, hstore.Of(a[0]), loose)))
	}
}
