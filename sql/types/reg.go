package types

import (
	"strconv"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/storage/tuple"
)

var regKinds = map[OID]RegKind{
	RegProc: RegKindProc, RegProcedure: RegKindProcedure, RegOper: RegKindOper, RegOperator: RegKindOperator, RegClass: RegKindClass,
	RegType: RegKindType, RegNamespace: RegKindNamespace, RegRole: RegKindRole, RegCollation: RegKindCollation,
	RegConfig: RegKindConfig, RegDictionary: RegKindDictionary,
}

// regCodec prints an object by name, 0 as "-" and an OID without an object as a number (manual: 8.19).
var regCodec = &codec{
	out: func(t *Type, dst []byte, d Datum, env *Env) []byte {
		oid := OID(d.Uint())
		if oid == 0 {
			if t.OID == RegOper || t.OID == RegOperator {
				return append(dst, '0')
			}
			return append(dst, '-')
		}
		if env != nil && env.Resolver != nil {
			if name, ok := env.Resolver.RegName(regKinds[t.OID], oid); ok {
				return append(dst, name...)
			}
		}
		if t.OID == RegType && Lookup(oid) != nil {
			return append(dst, FormatType(oid, -1, env)...)
		}
		return strconv.AppendUint(dst, uint64(oid), 10)
	},
	in: func(t *Type, s string, _ int32, env *Env) (Datum, error) {
		if s == "-" || s == "0" && (t.OID == RegOper || t.OID == RegOperator) {
			return tuple.Uint(0), nil
		}
		if s != "" && input.AllDigits(s) {
			v, err := ParseOID(s)
			return tuple.Uint(uint64(v)), err
		}
		if env == nil || env.Resolver == nil {
			return Null, pgerr.Unsupported("look-up of " + t.Name + " by name here")
		}
		v, err := env.Resolver.RegOID(regKinds[t.OID], s)
		if err != nil {
			return Null, err
		}
		return tuple.Uint(uint64(v)), nil
	},
	send: uint32Send,
	recv: uint32Recv,
}
