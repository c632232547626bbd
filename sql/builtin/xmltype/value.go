package xmltype

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/xmldoc"
	"github.com/tarndb/tarn/storage/tuple"
)

// AppendValue prints a value as XML content (SQL/XML:2008, 9.8); escape: characters that mean something there are escaped. v is not
// NULL.
func AppendValue(dst []byte, v types.Datum, t *types.Type, env *types.Env, escape bool) ([]byte, error) {
	for t.TypType == types.TypeDomain {
		base := env.Type(t.Base)
		if base == nil {
			return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", t.Base)
		}
		t = base
	}
	if t.IsArray() {
		return appendArray(dst, v, t, env)
	}
	switch t.OID {
	case types.Bool:
		if v.Bool() {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case types.Date:
		if v.Int() == temporal.DateInf || v.Int() == temporal.DateNegInf {
			return nil, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range").WithDetail("XML does not support infinite date values.")
		}
		return temporal.AppendDateISO(dst, v.Int()), nil
	case types.Timestamp, types.TimestampTZ:
		if v.Int() == temporal.TimestampInf || v.Int() == temporal.TimestampNegInf {
			return nil, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range").WithDetail("XML does not support infinite timestamp values.")
		}
		if t.OID == types.Timestamp {
			return temporal.AppendTimestampISO(dst, v.Int()), nil
		}
		return temporal.AppendTimestampTZISO(dst, v.Int(), env.Zone()), nil
	case types.Bytea:
		if env.XMLHex {
			return append(dst, strings.ToUpper(hex.EncodeToString(v.Bytes()))...), nil
		}
		return base64.StdEncoding.AppendEncode(dst, v.Bytes()), nil
	}
	text := t.AppendText(nil, v, env)
	if t.OID == types.XML || !escape {
		return append(dst, text...), nil
	}
	return xmldoc.Escape(dst, string(text)), nil
}

func appendArray(dst []byte, v types.Datum, t *types.Type, env *types.Env) ([]byte, error) {
	elem := env.Type(t.Elem)
	if elem == nil {
		return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", t.Elem)
	}
	var err error
	for _, e := range tuple.Array(v.Bytes()).Elems(nil) {
		if e.IsNull() {
			continue
		}
		dst = append(dst, "<element>"...)
		if dst, err = AppendValue(dst, e, elem, env, true); err != nil {
			return nil, err
		}
		dst = append(dst, "</element>"...)
	}
	return dst, nil
}
