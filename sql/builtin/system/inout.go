package system

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// ioFns binds every built-in type's input, output and send function by OID; what they do is types' own. Receive
// functions take PostgreSQL's internal type and cannot be called from SQL.
func ioFns() map[types.OID]call.Fn {
	m := map[types.OID]call.Fn{}
	shared := map[types.OID]int{}
	types.Builtin(func(t *types.Type) {
		shared[t.InputFunc]++
		shared[t.OutputFunc]++
		shared[t.SendFunc]++
	})
	types.Builtin(func(t *types.Type) {
		if t.Kind == tuple.KindInvalid {
			return
		}
		t0 := t
		if t.InputFunc != 0 {
			own := shared[t.InputFunc] == 1
			m[t.InputFunc] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
				typ, mod := t0, int32(-1)
				if len(a) > 1 && !own {
					if typ = inputType(c, types.OID(a[1].Uint()), t0); typ == nil {
						return types.Null, call.TypeNotFound(types.OID(a[1].Uint()))
					}
				}
				if len(a) > 2 && !a[2].IsNull() {
					mod = int32(a[2].Int())
				}
				if a[0].IsNull() {
					return types.Null, nil
				}
				return typ.ParseText(a[0].Str(), mod, c.Env)
			}
		}
		if t.OutputFunc != 0 {
			m[t.OutputFunc] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
				return tuple.Bytes(outputType(c, t0).AppendText(nil, a[0], c.Env)), nil
			}
		}
		if t.SendFunc != 0 {
			m[t.SendFunc] = func(c *call.Call, a []types.Datum) (types.Datum, error) {
				return tuple.Bytes(outputType(c, t0).AppendBinary(nil, a[0], c.Env)), nil
			}
		}
	})
	return m
}

// inputType: array_in gets the element type, record_in and enum_in the type itself.
func inputType(c *call.Call, oid types.OID, def *types.Type) *types.Type {
	t := c.Env.Type(oid)
	if t == nil || !def.IsArray() {
		return t
	}
	if t.IsArray() {
		return t
	}
	return c.Env.Type(t.Array)
}

// outputType is the argument's actual type where one function serves many.
func outputType(c *call.Call, def *types.Type) *types.Type {
	if len(c.ArgTypes) > 0 {
		if t := c.Env.Type(c.ArgTypes[0]); t != nil && t.Kind == def.Kind {
			return t
		}
	}
	return def
}
