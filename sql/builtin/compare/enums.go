package compare

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
)

// enumType is the enum that the call's arguments have.
func enumType(c *call.Call) (*types.Type, error) {
	for _, oid := range c.ArgTypes {
		if t := c.Env.Type(oid); t != nil && t.TypType == types.TypeEnum {
			return t, nil
		}
	}
	return nil, pgerr.New(pgerr.FeatureNotSupported, "could not determine actual enum type")
}

// enumRange lists labels from a[0] to a[1]; NULL is an open end.
func enumRange(c *call.Call, a []types.Datum) (types.Datum, error) {
	t, err := enumType(c)
	if err != nil {
		return types.Null, err
	}
	var vals []types.Datum
	for i := range t.Labels {
		sort := float64(t.Labels[i].Sort)
		if len(a) == 2 && (!a[0].IsNull() && sort < a[0].Float() || !a[1].IsNull() && sort > a[1].Float()) {
			continue
		}
		v, err := t.LabelValue(i, c.Env)
		if err != nil {
			return types.Null, err
		}
		vals = append(vals, v)
	}
	return types.MakeArray(t, vals), nil
}

func enumFns() call.Fns {
	end := func(last bool) call.Fn {
		return func(c *call.Call, _ []types.Datum) (types.Datum, error) {
			t, err := enumType(c)
			if err != nil {
				return types.Null, err
			}
			if len(t.Labels) == 0 {
				return types.Null, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "enum %s contains no values", types.FormatType(t.OID, -1, c.Env))
			}
			if last {
				return t.LabelValue(len(t.Labels)-1, c.Env)
			}
			return t.LabelValue(0, c.Env)
		}
	}
	return call.Fns{"enum_first": end(false), "enum_last": end(true), "enum_range_all": enumRange, "enum_range_bounds": enumRange}
}
