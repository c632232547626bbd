package json

import (
	"strconv"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/jsondoc"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// SQL values as JSON (manual: 9.16.2).

// jsonWriter appends SQL values as JSON text.
type jsonWriter struct {
	env    *types.Env
	pretty bool // line feeds between members, for array_to_json(x, true)
}

// jsonNumber reports a text that is a JSON number as it stands; NaN and the infinities are not.
func jsonNumber(s []byte) bool {
	if len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	return len(s) > 0 && s[0] >= '0' && s[0] <= '9'
}

func (w jsonWriter) value(dst []byte, t *types.Type, v types.Datum) ([]byte, error) {
	if v.IsNull() {
		return append(dst, "null"...), nil
	}
	if t.TypType == types.TypeDomain {
		if b := w.env.Type(t.Base); b != nil {
			return w.value(dst, b, v)
		}
	}
	start := len(dst)
	switch t.OID {
	case types.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case types.Int2, types.Int4, types.Int8:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case types.Float4, types.Float8, types.Numeric:
		dst = t.AppendText(dst, v, w.env)
		if !jsonNumber(dst[start:]) {
			s := string(dst[start:])
			return append(append(append(dst[:start], '"'), s...), '"'), nil
		}
		return dst, nil
	case types.JSON, types.JSONB:
		return append(dst, v.Bytes()...), nil
	case types.Date:
		return append(temporal.AppendDateISO(append(dst, '"'), v.Int()), '"'), nil
	case types.Timestamp:
		return append(temporal.AppendTimestampISO(append(dst, '"'), v.Int()), '"'), nil
	case types.TimestampTZ:
		return append(temporal.AppendTimestampTZISO(append(dst, '"'), v.Int(), w.env.Zone()), '"'), nil
	}
	switch {
	case t.Kind == tuple.KindArray && t.IsArray():
		return w.array(dst, v)
	case t.Kind == tuple.KindRecord:
		return w.record(dst, t, v)
	case t.ByteLayout():
		return jsondoc.AppendString(dst, v.Str()), nil
	}
	return jsondoc.AppendString(dst, t.Text(v, w.env)), nil
}

func (w jsonWriter) array(dst []byte, v types.Datum) ([]byte, error) {
	a := tuple.Array(v.Bytes())
	elem := w.env.Type(a.ElemOID())
	if elem == nil {
		return dst, call.TypeNotFound(a.ElemOID())
	}
	if a.Len() == 0 {
		return append(dst, "[]"...), nil
	}
	i := 0
	return w.dimension(dst, a, elem, a.Dims(nil), &i, true)
}

// dimension writes one level; next counts the elements written.
func (w jsonWriter) dimension(dst []byte, a tuple.Array, elem *types.Type, dims []tuple.ArrayDim, next *int, outer bool) ([]byte, error) {
	var err error
	dst = append(dst, '[')
	for i := range dims[0].Len {
		if i > 0 {
			dst = append(dst, ',')
			if w.pretty && outer {
				dst = append(dst, "\n "...)
			}
		}
		if len(dims) > 1 {
			dst, err = w.dimension(dst, a, elem, dims[1:], next, false)
		} else {
			inner := w
			inner.pretty = false
			dst, err = inner.value(dst, elem, a.Elem(*next))
			*next++
		}
		if err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// record names the fields as the type does, or else the value itself.
func (w jsonWriter) record(dst []byte, t *types.Type, v types.Datum) ([]byte, error) {
	r := tuple.Record(v.Bytes())
	names := r.Names()
	inner := w
	inner.pretty = false
	dst = append(dst, '{')
	for i := range r.Len() {
		if i > 0 {
			dst = append(dst, ',')
			if w.pretty {
				dst = append(dst, "\n "...)
			}
		}
		var name []byte
		switch {
		case i < len(t.Attrs):
			dst = jsondoc.AppendString(dst, t.Attrs[i].Name)
		case names != nil:
			name, names = names.Next()
			dst = jsondoc.AppendString(dst, string(name))
		default:
			dst = strconv.AppendInt(append(dst, `"f`...), int64(i+1), 10)
			dst = append(dst, '"')
		}
		dst = append(dst, ':')
		f := r.Field(i)
		ft := w.env.Type(f.OID)
		if ft == nil {
			return dst, call.TypeNotFound(f.OID)
		}
		var err error
		if dst, err = inner.value(dst, ft, f.Value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func argType(c *call.Call, i int) (*types.Type, error) {
	t := c.Env.Type(c.ArgTypes[i])
	if t == nil {
		return nil, call.TypeNotFound(c.ArgTypes[i])
	}
	return t, nil
}

func toJSON(c *call.Call, a []types.Datum) (types.Datum, error) {
	t, err := argType(c, 0)
	if err != nil {
		return types.Null, err
	}
	w := jsonWriter{env: c.Env, pretty: len(a) > 1 && a[1].Bool()}
	b, err := w.value(nil, t, a[0])
	return tuple.Bytes(b), err
}

// jsonbOf is a value as jsonb.
func jsonbOf(c *call.Call, t *types.Type, v types.Datum) (types.Datum, error) {
	if t.OID == types.JSONB && !v.IsNull() {
		return v, nil
	}
	b, err := jsonWriter{env: c.Env}.value(nil, t, v)
	if err != nil {
		return types.Null, err
	}
	return jsondoc.ParseJSONB(string(b))
}

func toJSONB(c *call.Call, a []types.Datum) (types.Datum, error) {
	t, err := argType(c, 0)
	if err != nil {
		return types.Null, err
	}
	return jsonbOf(c, t, a[0])
}

// typedValue is one argument of a VARIADIC "any" call.
type typedValue struct {
	t *types.Type
	v types.Datum
}

// typedArgs lists the arguments, or the elements of a VARIADIC array.
func typedArgs(c *call.Call, a []types.Datum) ([]typedValue, bool, error) {
	if c.Variadic && len(a) == 1 {
		if a[0].IsNull() {
			return nil, false, nil
		}
		arr := tuple.Array(a[0].Bytes())
		t := c.Env.Type(arr.ElemOID())
		if t == nil {
			return nil, false, call.TypeNotFound(arr.ElemOID())
		}
		out := make([]typedValue, arr.Len())
		for i := range out {
			out[i] = typedValue{t: t, v: arr.Elem(i)}
		}
		return out, true, nil
	}
	out := make([]typedValue, len(a))
	for i := range a {
		t, err := argType(c, i)
		if err != nil {
			return nil, false, err
		}
		out[i] = typedValue{t, a[i]}
	}
	return out, true, nil
}

func buildArray(c *call.Call, a []types.Datum) (types.Datum, error) {
	vals, ok, err := typedArgs(c, a)
	if err != nil || !ok {
		return types.Null, err
	}
	w := jsonWriter{env: c.Env}
	dst := []byte{'['}
	for i, v := range vals {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if dst, err = w.value(dst, v.t, v.v); err != nil {
			return types.Null, err
		}
	}
	return call.Bytes(append(dst, ']'))
}

// jsonKey appends a value as an object's key: its text, in quotes.
func (w jsonWriter) jsonKey(dst []byte, v typedValue) ([]byte, error) {
	if v.t.Kind == tuple.KindArray && v.t.IsArray() || v.t.Kind == tuple.KindRecord || v.t.OID == types.JSON || v.t.OID == types.JSONB {
		return dst, pgerr.New(pgerr.InvalidParameterValue, "key value must be scalar, not array, composite, or json")
	}
	if v.t.OID == types.Bool {
		return jsondoc.AppendString(dst, strconv.FormatBool(v.v.Bool())), nil
	}
	if v.t.OID == types.Date || v.t.OID == types.Timestamp || v.t.OID == types.TimestampTZ {
		return w.value(dst, v.t, v.v)
	}
	return jsondoc.AppendString(dst, v.t.Text(v.v, w.env)), nil
}

// buildObject: binary names the function for messages, which differ between json and jsonb.
func buildObject(binary bool) call.Fn {
	name := "json_build_object"
	if binary {
		name = "jsonb_build_object"
	}
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		vals, ok, err := typedArgs(c, a)
		if err != nil || !ok {
			return types.Null, err
		}
		if len(vals)%2 != 0 {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "argument list must have even number of elements").
				WithHint("The arguments of %s() must consist of alternating keys and values.", name)
		}
		w := jsonWriter{env: c.Env}
		dst := []byte{'{'}
		for i := 0; i < len(vals); i += 2 {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			if vals[i].v.IsNull() {
				if binary {
					return types.Null, pgerr.New(pgerr.InvalidParameterValue, "argument %d: key must not be null", i+1)
				}
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "argument %d cannot be null", i+1).WithHint("Object keys should be text.")
			}
			if dst, err = w.jsonKey(dst, vals[i]); err != nil {
				return types.Null, err
			}
			dst = append(dst, " : "...)
			if dst, err = w.value(dst, vals[i+1].t, vals[i+1].v); err != nil {
				return types.Null, err
			}
		}
		return call.Bytes(append(dst, '}'))
	}
}

// canonical makes a jsonb of what f builds as text.
func canonical(f call.Fn) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := f(c, a)
		if err != nil || v.IsNull() {
			return types.Null, err
		}
		return jsondoc.ParseJSONB(v.Str())
	}
}

// objectOfTexts is json_object: pairs in one array, or keys and values in two.
func objectOfTexts(_ *call.Call, a []types.Datum) (types.Datum, error) {
	sub := func(msg string) error { return pgerr.New(pgerr.ArraySubscriptError, "%s", msg) }
	var keys, vals []types.Datum
	x := tuple.Array(a[0].Bytes())
	elems := x.Elems(nil)
	if len(a) == 2 {
		y := tuple.Array(a[1].Bytes())
		if x.NumDims() > 1 || x.NumDims() != y.NumDims() {
			return types.Null, sub("wrong number of array subscripts")
		}
		keys, vals = elems, y.Elems(nil)
		if len(keys) != len(vals) {
			return types.Null, sub("mismatched array dimensions")
		}
	} else {
		switch x.NumDims() {
		case 0:
		case 1:
			if len(elems)%2 != 0 {
				return types.Null, sub("array must have even number of elements")
			}
		case 2:
			if x.Dim(1).Len != 2 {
				return types.Null, sub("array must have two columns")
			}
		default:
			return types.Null, sub("wrong number of array subscripts")
		}
		for i := 0; i+1 < len(elems); i += 2 {
			keys, vals = append(keys, elems[i]), append(vals, elems[i+1])
		}
	}
	dst := []byte{'{'}
	for i, k := range keys {
		if k.IsNull() {
			return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "null value not allowed for object key")
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(jsondoc.AppendString(dst, k.Str()), " : "...)
		if vals[i].IsNull() {
			dst = append(dst, "null"...)
		} else {
			dst = jsondoc.AppendString(dst, vals[i].Str())
		}
	}
	return call.Bytes(append(dst, '}'))
}

// jsonList is json_agg and jsonb_agg.
type jsonList struct {
	c      *call.Call
	binary bool
	buf    []byte
	n      int
}

func (s *jsonList) Add(a []types.Datum) error {
	t, err := argType(s.c, 0)
	if err != nil {
		return err
	}
	if s.n == 0 {
		s.buf = append(s.buf, '[')
	} else {
		s.buf = append(s.buf, ", "...)
		if !a[0].IsNull() && (t.Kind == tuple.KindArray && t.IsArray() || t.Kind == tuple.KindRecord) {
			s.buf = append(s.buf, "\n "...)
		}
	}
	s.n++
	s.buf, err = jsonWriter{env: s.c.Env}.value(s.buf, t, a[0])
	return err
}

func (s *jsonList) Size() int { return call.SmallState + cap(s.buf) }
func (s *jsonList) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	return finishJSON(append(s.buf[:len(s.buf):len(s.buf)], ']'), s.binary)
}

func finishJSON(b []byte, binary bool) (types.Datum, error) {
	if binary {
		return jsondoc.ParseJSONB(string(b))
	}
	return tuple.Bytes(b), nil
}

// jsonMembers is json_object_agg and jsonb_object_agg.
type jsonMembers struct {
	c      *call.Call
	binary bool
	buf    []byte
	n      int
}

func (s *jsonMembers) Add(a []types.Datum) error {
	kt, err := argType(s.c, 0)
	if err != nil {
		return err
	}
	vt, err := argType(s.c, 1)
	if err != nil {
		return err
	}
	if a[0].IsNull() {
		return pgerr.New(pgerr.InvalidParameterValue, "field name must not be null")
	}
	if s.n == 0 {
		s.buf = append(s.buf, "{ "...)
	} else {
		s.buf = append(s.buf, ", "...)
	}
	s.n++
	w := jsonWriter{env: s.c.Env}
	if s.buf, err = w.jsonKey(s.buf, typedValue{t: kt, v: a[0]}); err != nil {
		return err
	}
	s.buf = append(s.buf, " : "...)
	s.buf, err = w.value(s.buf, vt, a[1])
	return err
}

func (s *jsonMembers) Size() int { return call.SmallState + cap(s.buf) }
func (s *jsonMembers) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	return finishJSON(append(s.buf[:len(s.buf):len(s.buf)], " }"...), s.binary)
}

func jsonAggs() call.AggByName {
	list := func(binary bool) *call.Agg {
		return &call.Agg{New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
			return &jsonList{c: c, binary: binary}, nil
		}}
	}
	members := func(binary bool) *call.Agg {
		return &call.Agg{New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
			return &jsonMembers{c: c, binary: binary}, nil
		}}
	}
	return call.AggByName{
		"json_agg": call.AnyVariant(list(false)), "jsonb_agg": call.AnyVariant(list(true)),
		"json_object_agg": call.AnyVariant(members(false)), "jsonb_object_agg": call.AnyVariant(members(true)),
	}
}

func jsonBuildFns() call.Fns {
	empty := func(s string) call.Fn {
		return func(*call.Call, []types.Datum) (types.Datum, error) { return call.Text(s) }
	}
	return call.Fns{
		"to_json": toJSON, "to_jsonb": toJSONB, "row_to_json": toJSON, "row_to_json_pretty": toJSON, "array_to_json": toJSON, "array_to_json_pretty": toJSON,
		"json_build_array": buildArray, "json_build_array_noargs": empty("[]"), "jsonb_build_array": canonical(buildArray), "jsonb_build_array_noargs": empty("[]"),
		"json_build_object": buildObject(false), "json_build_object_noargs": empty("{}"), "jsonb_build_object": canonical(buildObject(true)), "jsonb_build_object_noargs": empty("{}"),
		"json_object": objectOfTexts, "json_object_two_arg": objectOfTexts, "jsonb_object": canonical(objectOfTexts), "jsonb_object_two_arg": canonical(objectOfTexts),
	}
}

// Object is a jsonb object of named values.
func Object(env *types.Env, names []string, of []types.OID, vals []types.Datum) (types.Datum, error) {
	w := jsonWriter{env: env}
	b := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		t := env.Type(of[i])
		if t == nil {
			return types.Null, call.TypeNotFound(of[i])
		}
		var err error
		if b, err = w.value(append(jsondoc.AppendString(b, name), ':'), t, vals[i]); err != nil {
			return types.Null, err
		}
	}
	return jsondoc.ParseJSONB(string(append(b, '}')))
}
