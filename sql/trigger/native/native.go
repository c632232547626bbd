package native

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// Func is a trigger function. What it returns is trigger.Caller.Fire's row.
type Func func(env *types.Env, c *trigger.Call) ([]types.Datum, error)

// Lookup finds a function by its pg_proc row; nil: it is not one that users may name.
func Lookup(oid catalog.OID) Func {
	switch oid {
	case 1291:
		return suppressRedundantUpdates
	case 3752:
		return func(env *types.Env, c *trigger.Call) ([]types.Datum, error) { return updateVector(env, c, false) }
	case 3753:
		return func(env *types.Env, c *trigger.Call) ([]types.Datum, error) { return updateVector(env, c, true) }
	}
	return nil
}

// suppressRedundantUpdates leaves a row alone that would not change.
func suppressRedundantUpdates(_ *types.Env, c *trigger.Call) ([]types.Datum, error) {
	bad := func(what string) error {
		return pgerr.New(pgerr.ERIETriggerProtocolViolated, "suppress_redundant_updates_trigger: must be called %s", what)
	}
	switch {
	case c.Op != catalog.TriggerUpdate:
		return nil, bad("on update")
	case !c.Trigger.Type.Has(catalog.TriggerBefore):
		return nil, bad("before update")
	case !c.Trigger.Type.Has(catalog.TriggerRow):
		return nil, bad("for each row")
	}
	for i := range c.New {
		if !frame.Identical(c.Old[i], c.New[i]) {
			return c.New, nil
		}
	}
	return nil, nil
}
