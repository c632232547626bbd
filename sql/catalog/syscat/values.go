package syscat

import (
	"strconv"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// Values of catalog columns.

func oid(o types.OID) types.Datum                            { return tuple.Uint(uint64(o)) }
func num[T ~int | ~int16 | ~int32 | ~int64](n T) types.Datum { return tuple.Int(int64(n)) }
func char(c byte) types.Datum                                { return tuple.Uint(uint64(c)) }
func boolean(b bool) types.Datum                             { return tuple.Bool(b) }
func text(s string) types.Datum                              { return tuple.String(s) }
func float(f float64) types.Datum                            { return tuple.Float(f) }

var (
	null = types.Null
	no   = tuple.Bool(false)
	yes  = tuple.Bool(true)
	zero = tuple.Int(0)
)

// textOrNull is NULL for the empty string.
func textOrNull(s string) types.Datum {
	if s == "" {
		return null
	}
	return text(s)
}

func timestamp(t time.Time) types.Datum {
	if t.IsZero() {
		return null
	}
	return tuple.Int(calendar.TimestampOf(t))
}

// texts is a text[]; NULL without elements.
func texts(list []string) types.Datum { return textArray(types.Text, list) }

func textArray(elem types.OID, list []string) types.Datum {
	if len(list) == 0 {
		return null
	}
	vals := make([]types.Datum, len(list))
	for i, s := range list {
		vals[i] = text(s)
	}
	return types.MakeArray(types.Lookup(elem), vals)
}

// acl is an aclitem[]; NULL for an object with its kind's default.
func (s *scan) acl(list privilege.ACL) types.Datum {
	if list == nil {
		return null
	}
	vals := make([]types.Datum, len(list))
	for i, g := range list {
		vals[i] = text(g.Text(s.roleName))
	}
	return types.MakeArray(types.Lookup(types.ACLItem), vals)
}

// roleName prints a role, or its OID where it is gone.
func (s *scan) roleName(o catalog.OID) string {
	if s.srv != nil {
		if r := s.srv.Roles().ByOID(o); r != nil {
			return r.Name
		}
	}
	return strconv.FormatUint(uint64(o), 10)
}

// int2s is an int2[]; NULL without elements.
func int2s(list []int16) types.Datum {
	if len(list) == 0 {
		return null
	}
	return types.MakeArray(types.Lookup(types.Int2), int2Vals(list))
}

func int2Vals(list []int16) []types.Datum {
	vals := make([]types.Datum, len(list))
	for i, n := range list {
		vals[i] = num(n)
	}
	return vals
}

func oidVals(list []types.OID) []types.Datum {
	vals := make([]types.Datum, len(list))
	for i, n := range list {
		vals[i] = oid(n)
	}
	return vals
}

func oidArray(list []types.OID) types.Datum {
	if len(list) == 0 {
		return null
	}
	return types.MakeArray(types.Lookup(types.Oid), oidVals(list))
}

func int2Vector(list []int16) types.Datum {
	return types.MakeVector(types.Lookup(types.Int2Vector), int2Vals(list))
}

func oidVector(list []types.OID) types.Datum {
	return types.MakeVector(types.Lookup(types.OidVector), oidVals(list))
}
