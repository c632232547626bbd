package system

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Functions on aclitem (manual: 9.26.2, table 9.70). A value is the item's text, which names roles.

func grantOf(s call.Session, d types.Datum) (privilege.Grant, error) {
	g, _, err := privilege.Parse(d.Str(), func(name string) (privilege.OID, error) {
		if oid, ok := s.RoleOID(name); ok {
			return oid, nil
		}
		if n, err := strconv.ParseUint(name, 10, 32); err == nil {
			return privilege.OID(n), nil // a role that is gone
		}
		return 0, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", name)
	})
	return g, err
}

func roleText(s call.Session) func(privilege.OID) string {
	return func(oid privilege.OID) string {
		if name, ok := s.RoleName(oid); ok {
			return name
		}
		return strconv.FormatUint(uint64(oid), 10)
	}
}

func aclArray(s call.Session, acl privilege.ACL) types.Datum {
	vals := make([]types.Datum, len(acl))
	for i, g := range acl {
		vals[i] = tuple.String(g.Text(roleText(s)))
	}
	return types.MakeArray(types.Lookup(types.ACLItem), vals)
}

// aclDefault is acldefault(kind, owner).
func aclDefault(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	kind := byte(a[0].Uint())
	switch kind {
	case 'c':
		kind = byte(privilege.Column)
	case 'C', 'x':
		kind = 0
	}
	switch k := privilege.Kind(kind); k {
	case privilege.Column, privilege.Relation, privilege.Sequence, privilege.Database, privilege.Function, privilege.Language, privilege.LargeObject,
		privilege.Schema, privilege.Parameter, privilege.Tablespace, privilege.Wrapper, privilege.Server, privilege.Type:
		return aclArray(s, privilege.Default(k, types.OID(a[1].Uint()))), nil
	}
	return types.Null, pgerr.New(pgerr.InvalidParameterValue, "unrecognized object type abbreviation: %c", byte(a[0].Uint()))
}

// aclExplode gives a row per privilege: grantor, grantee, privilege_type, is_grantable.
func aclExplode(c *call.Call, a []types.Datum) (call.Rows, error) {
	if c.Sess == nil {
		return nil, errNoSession()
	}
	var rows [][]types.Datum
	for _, d := range tuple.Array(a[0].Bytes()).Elems(nil) {
		if d.IsNull() {
			return nil, pgerr.New(pgerr.NullValueNotAllowed, "ACL arrays must not contain null values")
		}
		g, err := grantOf(c.Sess, d)
		if err != nil {
			return nil, err
		}
		g.Privs.Each(func(p privilege.Set) {
			rows = append(rows, []types.Datum{tuple.Uint(uint64(g.Grantor)), tuple.Uint(uint64(g.Grantee)), tuple.String(p.Name()), tuple.Bool(g.Options&p != 0)})
		})
	}
	return call.TableRows(rows), nil
}

// makeACLItem is makeaclitem(grantee, grantor, privileges, grantable).
func makeACLItem(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	g := privilege.Grant{Grantee: types.OID(a[0].Uint()), Grantor: types.OID(a[1].Uint())}
	for _, word := range strings.Split(a[2].Str(), ",") {
		p, ok := privilege.ByName(strings.ToUpper(strings.TrimSpace(word)))
		if !ok {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", strings.TrimSpace(word))
		}
		g.Privs |= p
	}
	if a[3].Bool() {
		g.Options = g.Privs
	}
	return tuple.String(g.Text(roleText(s))), nil
}

// aclContains is acl @> aclitem: the same grantee and grantor, and all the privileges.
func aclContains(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	want, err := grantOf(s, a[1])
	if err != nil {
		return types.Null, err
	}
	for _, d := range tuple.Array(a[0].Bytes()).Elems(nil) {
		g, err := grantOf(s, d)
		if err != nil {
			return types.Null, err
		}
		if g.Grantee == want.Grantee && g.Grantor == want.Grantor && want.Privs&^g.Privs == 0 && want.Options&^g.Options == 0 {
			return tuple.Bool(true), nil
		}
	}
	return tuple.Bool(false), nil
}

func aclEqual(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	x, err := grantOf(s, a[0])
	if err != nil {
		return types.Null, err
	}
	y, err := grantOf(s, a[1])
	return tuple.Bool(x == y), err
}

func aclFns() call.Fns {
	gone := func(_ *call.Call, _ []types.Datum) (types.Datum, error) {
		return types.Null, pgerr.New(pgerr.FeatureNotSupported, "aclinsert and aclremove are no longer supported")
	}
	return call.Fns{"acldefault_sql": withSession(aclDefault), "makeaclitem": withSession(makeACLItem), "aclcontains": withSession(aclContains),
		"aclitem_eq": withSession(aclEqual), "aclinsert": gone, "aclremove": gone}
}
