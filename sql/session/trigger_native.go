package session

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
)

// nativeTrigger is a trigger function that is built in.
type nativeTrigger func(s *Session, c *trigger.Call) ([]types.Datum, error)

// nativeTriggers are the trigger functions of pg_proc that users may name.
var nativeTriggers = map[catalog.OID]nativeTrigger{1291: suppressRedundantUpdates}

// suppressRedundantUpdates leaves a row alone that would not change (manual: 9.28).
func suppressRedundantUpdates(_ *Session, c *trigger.Call) ([]types.Datum, error) {
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
