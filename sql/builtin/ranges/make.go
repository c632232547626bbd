package ranges

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// makeFns are the constructors, which serve every range type: the call's result type says which one is wanted.
func makeFns() call.Fns {
	return call.Fns{
		"range_constructor2": func(c *call.Call, a []types.Datum) (types.Datum, error) { return construct(c, a, "[)") },
		"range_constructor3": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			if a[2].IsNull() {
				return types.Null, pgerr.New(pgerr.DataException, "range constructor flags argument must not be null")
			}
			return construct(c, a, a[2].Str())
		},
		"multirange_constructor0": func(c *call.Call, _ []types.Datum) (types.Datum, error) { return multirange(c, nil) },
		"multirange_constructor1": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			if a[0].IsNull() {
				return types.Null, errNullMember()
			}
			return multirange(c, a)
		},
		"multirange_constructor2": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			if a[0].IsNull() {
				return types.Null, errNullMember()
			}
			arr := tuple.Array(a[0].Bytes())
			if arr.NumDims() > 1 {
				return types.Null, pgerr.New(pgerr.CardinalityViolation, "multiranges cannot be constructed from multidimensional arrays")
			}
			if arr.HasNulls() {
				return types.Null, errNullMember()
			}
			return multirange(c, arr.Elems(nil))
		},
		"int4range_canonical": call.First, "int8range_canonical": call.First, "daterange_canonical": call.First, // ranges are kept so
	}
}

func construct(c *call.Call, a []types.Datum, flags string) (types.Datum, error) {
	if len(flags) != 2 || flags[0] != '[' && flags[0] != '(' || flags[1] != ']' && flags[1] != ')' {
		return types.Null, pgerr.New(pgerr.SyntaxError, "invalid range bound flags").WithHint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\".")
	}
	s, err := spaceAt(c, c.RetType)
	if err != nil {
		return types.Null, err
	}
	r, err := s.Make(tuple.Bound{Value: a[0], Infinite: a[0].IsNull(), Inclusive: flags[0] == '['},
		tuple.Bound{Value: a[1], Infinite: a[1].IsNull(), Inclusive: flags[1] == ']'})
	if err != nil {
		return types.Null, err
	}
	return s.Pack(r), nil
}

func errNullMember() error {
	return pgerr.New(pgerr.NullValueNotAllowed, "multirange values cannot contain null members")
}

func multirange(c *call.Call, ranges []types.Datum) (types.Datum, error) {
	t := c.Env.Type(c.RetType)
	if t == nil {
		return types.Null, call.TypeNotFound(c.RetType)
	}
	return types.MakeMultirange(t, ranges, c.Env)
}

// subdiffFns are the subtype_diff functions: how far a[0] is from a[1], as a float.
func subdiffFns() call.Fns {
	ints := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Float(float64(a[0].Int()) - float64(a[1].Int()))
	}
	stamps := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.Float((float64(a[0].Int()) - float64(a[1].Int())) / 1e6)
	}
	return call.Fns{
		"int4range_subdiff": ints, "int8range_subdiff": ints, "daterange_subdiff": ints,
		"tsrange_subdiff": stamps, "tstzrange_subdiff": stamps,
		"numrange_subdiff": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			d, err := numeric.Sub(a[0], a[1])
			if err != nil {
				return types.Null, err
			}
			f, err := numeric.ToFloat8(d)
			if err != nil {
				return types.Null, err
			}
			return call.Float(f)
		},
	}
}
