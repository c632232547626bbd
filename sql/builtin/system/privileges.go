package system

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// has_*_privilege (manual: 9.26.2). privilegeKind is one kind of object: how it is found and what a role has on it.
type privilegeKind struct {
	valid  privilege.Set
	byName func(s call.Session, c *call.Call, name string) (types.OID, error)
	// check is the part of want that a role has; options asks for grant options. ok is false if there is no such object.
	check func(s call.Session, oid, role types.OID, want privilege.Set, options bool) (have privilege.Set, ok bool)
}

// wanted is one of a list of privileges, of which one will do.
type wanted struct {
	set     privilege.Set
	options bool
}

// parsePrivileges reads "SELECT, UPDATE WITH GRANT OPTION".
func parsePrivileges(valid privilege.Set, list string) (out []wanted, err error) {
	for _, word := range strings.Split(list, ",") {
		word = strings.TrimSpace(word)
		name, options := strings.CutSuffix(strings.ToUpper(word), " WITH GRANT OPTION")
		p, ok := privilege.ByName(name)
		if name == "RULE" && valid == privilege.Relation.All() {
			p, ok = 0, true // PostgreSQL still takes the name
		} else if p&valid == 0 {
			ok = false
		}
		if !ok {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", word)
		}
		out = append(out, wanted{p, options})
	}
	return out, nil
}

// roleArg is a role that a function is asked about; "public" is PUBLIC.
func roleArg(s call.Session, v types.Datum, byOID bool) (types.OID, error) {
	if byOID {
		return types.OID(v.Uint()), nil // PostgreSQL takes any OID for a role here
	}
	if v.Str() == "public" {
		return privilege.Public, nil
	}
	oid, ok := s.RoleOID(v.Str())
	if !ok {
		return 0, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", v.Str())
	}
	return oid, nil
}

func byReg(kind types.RegKind) func(call.Session, *call.Call, string) (types.OID, error) {
	return func(_ call.Session, c *call.Call, name string) (types.OID, error) { return resolve(c, kind, name) }
}

// ofACL answers for an object with a list, or its kind's default.
func ofACL(s call.Session, kind privilege.Kind, acl privilege.ACL, owner, role types.OID, want privilege.Set, options bool) privilege.Set {
	if s.Roles().IsSuper(role) {
		return want
	}
	if acl == nil {
		acl = privilege.Default(kind, owner)
	}
	return acl.Mask(s.Roles(), role, owner, want, options)
}

func relationCheck(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
	t, _ := s.Catalog().RelationByOID(oid)
	if t == nil {
		return 0, false
	}
	if !options {
		return t.Privileges(s.Roles(), role, want), true
	}
	return ofACL(s, t.PrivilegeKind(), t.ACL, t.Owner, role, want, true), true
}

// anyColumnCheck is has_any_column_privilege: the table's, or some column's.
func anyColumnCheck(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
	have, ok := relationCheck(s, oid, role, want, options)
	if t := s.Catalog().Table(oid); ok && have == 0 && t != nil {
		for i := range t.Columns {
			if c := &t.Columns[i]; !c.Dropped {
				have |= c.ACL.Mask(s.Roles(), role, t.Owner, want, options)
			}
		}
	}
	return have, ok
}

func schemaCheck(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
	sc := s.Catalog().SchemaByOID(oid)
	if sc == nil {
		return 0, false
	}
	if !options {
		return sc.Privileges(s.Roles(), role, want), true
	}
	return ofACL(s, privilege.Schema, sc.ACL, sc.Owner, role, want, true), true
}

func databaseCheck(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
	owner, acl, ok := s.DatabaseACL(oid)
	if !ok {
		return 0, false
	}
	return ofACL(s, privilege.Database, acl, owner, role, want, options), true
}

func functionCheck(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
	if f := s.Catalog().Function(oid); f != nil {
		return ofACL(s, privilege.Function, f.ACL, f.Owner, role, want, options), true
	}
	return ofACL(s, privilege.Function, nil, privilege.Superuser, role, want, options), call.ProcByOID(oid) != nil
}

func typeCheck(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
	if t := s.Catalog().Type(oid); t != nil {
		return ofACL(s, privilege.Type, t.ACL, t.Owner, role, want, options), true
	}
	return ofACL(s, privilege.Type, nil, privilege.Superuser, role, want, options), types.Lookup(oid) != nil || s.Catalog().UserType(oid) != nil
}

// fixedCheck is for objects that nobody can grant on: they have their kind's default.
func fixedCheck(kind privilege.Kind, exists func(types.OID) bool) func(call.Session, types.OID, types.OID, privilege.Set, bool) (privilege.Set, bool) {
	return func(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
		return ofACL(s, kind, nil, privilege.Superuser, role, want, options), exists(oid)
	}
}

func dataByName(table, col, missing string) func(call.Session, *call.Call, string) (types.OID, error) {
	return func(_ call.Session, _ *call.Call, name string) (types.OID, error) {
		t := pgdata.Load(table)
		at := t.Col(col)
		for _, r := range t.Rows {
			if *r[at] == name {
				return types.ParseOID(*r[0])
			}
		}
		return 0, pgerr.New(pgerr.UndefinedObject, missing, name)
	}
}

func privilegeKinds() map[string]privilegeKind {
	none := func(missing string) func(call.Session, *call.Call, string) (types.OID, error) {
		return func(_ call.Session, _ *call.Call, name string) (types.OID, error) {
			return 0, pgerr.New(pgerr.UndefinedObject, missing, name)
		}
	}
	nothing := func(types.OID) bool { return false }
	return map[string]privilegeKind{
		"table":      {privilege.Relation.All(), byReg(types.RegKindClass), relationCheck},
		"sequence":   {privilege.Sequence.All(), sequenceByName, relationCheck},
		"any_column": {privilege.Column.All(), byReg(types.RegKindClass), anyColumnCheck},
		"schema": {privilege.Schema.Grantable(), func(s call.Session, _ *call.Call, name string) (types.OID, error) {
			if sc := s.Catalog().Schema(name); sc != nil {
				return sc.OID, nil
			}
			return 0, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", name)
		}, schemaCheck},
		"database": {privilege.Database.All(), func(s call.Session, _ *call.Call, name string) (types.OID, error) {
			if oid, ok := s.DatabaseOID(name); ok {
				return oid, nil
			}
			return 0, pgerr.New(pgerr.UndefinedDatabase, "database \"%s\" does not exist", name)
		}, databaseCheck},
		"function": {privilege.Function.All(), byReg(types.RegKindProcedure), functionCheck},
		"type":     {privilege.Type.All(), byReg(types.RegKindType), typeCheck},
		"language": {privilege.Language.All(), dataByName("pg_language", "lanname", "language \"%s\" does not exist"),
			func(s call.Session, oid, role types.OID, want privilege.Set, options bool) (privilege.Set, bool) {
				return ofACL(s, privilege.Language, s.Catalog().LanguageACL(oid), privilege.Superuser, role, want, options), isBuiltinObject("pg_language", oid)
			}},
		"tablespace": {privilege.Tablespace.All(), dataByName("pg_tablespace", "spcname", "tablespace \"%s\" does not exist"),
			fixedCheck(privilege.Tablespace, func(oid types.OID) bool { return isBuiltinObject("pg_tablespace", oid) })},
		"foreign_data_wrapper": {privilege.Wrapper.All(), none("foreign-data wrapper \"%s\" does not exist"), fixedCheck(privilege.Wrapper, nothing)},
		"server":               {privilege.Server.All(), none("server \"%s\" does not exist"), fixedCheck(privilege.Server, nothing)},
	}
}

func sequenceByName(s call.Session, c *call.Call, name string) (types.OID, error) {
	oid, err := resolve(c, types.RegKindClass, name)
	if err != nil {
		return 0, err
	}
	if t := s.Catalog().Table(oid); t == nil || t.Kind != catalog.RelSequence {
		return 0, pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a sequence", name)
	}
	return oid, nil
}

// asked takes the role off the arguments.
func asked(s call.Session, a []types.Datum, withRole, roleOID bool) (types.OID, []types.Datum, error) {
	if !withRole {
		return s.UserOID(), a, nil
	}
	role, err := roleArg(s, a[0], roleOID)
	return role, a[1:], err
}

// hasPrivilege: args are [role] object privilege; the flags tell which are OIDs.
func hasPrivilege(k privilegeKind, withRole, roleOID, objOID bool) call.Fn {
	return withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
		role, a, err := asked(s, a, withRole, roleOID)
		if err != nil {
			return types.Null, err
		}
		oid := types.OID(0)
		if objOID {
			oid = types.OID(a[0].Uint())
		} else if oid, err = k.byName(s, c, a[0].Str()); err != nil {
			return types.Null, err
		}
		list, err := parsePrivileges(k.valid, a[1].Str())
		if err != nil {
			return types.Null, err
		}
		for _, w := range list {
			have, ok := k.check(s, oid, role, w.set, w.options)
			if !ok {
				return types.Null, nil
			}
			if have != 0 {
				return tuple.Bool(true), nil
			}
		}
		return tuple.Bool(false), nil
	})
}

// hasColumnPrivilege: args are [role] table column privilege.
func hasColumnPrivilege(withRole, roleOID, tableOID, byNumber bool) call.Fn {
	return withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
		role, a, err := asked(s, a, withRole, roleOID)
		if err != nil {
			return types.Null, err
		}
		oid := types.OID(a[0].Uint())
		if !tableOID {
			if oid, err = resolve(c, types.RegKindClass, a[0].Str()); err != nil {
				return types.Null, err
			}
		}
		t := s.Catalog().Table(oid)
		var col *catalog.Column
		switch {
		case t == nil:
		case byNumber:
			if n := a[1].Int(); n >= 1 && n <= int64(len(t.Columns)) && !t.Columns[n-1].Dropped {
				col = &t.Columns[n-1]
			}
		default:
			if col = t.ColumnByName(a[1].Str()); col == nil {
				return types.Null, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", a[1].Str(), t.Name)
			}
		}
		list, err := parsePrivileges(privilege.Column.All(), a[2].Str())
		if err != nil || col == nil {
			return types.Null, err
		}
		for _, w := range list {
			have, _ := relationCheck(s, oid, role, w.set, w.options)
			if have|col.ACL.Mask(s.Roles(), role, t.Owner, w.set, w.options) != 0 {
				return tuple.Bool(true), nil
			}
		}
		return tuple.Bool(false), nil
	})
}

func hasRole(withRole, roleOID, objOID bool) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		member, a, err := asked(s, a, withRole, roleOID)
		if err != nil {
			return types.Null, err
		}
		role := types.OID(a[0].Uint())
		if !objOID {
			oid, ok := s.RoleOID(a[0].Str())
			if !ok {
				return types.Null, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", a[0].Str())
			}
			role = oid
		}
		roles := s.Roles()
		yes := false
		for _, word := range strings.Split(a[1].Str(), ",") {
			word = strings.TrimSpace(word)
			switch strings.ToUpper(word) {
			case "MEMBER":
				yes = yes || roles.IsMember(member, role)
			case "USAGE":
				yes = yes || roles.HasPrivsOf(member, role)
			case "MEMBER WITH GRANT OPTION", "MEMBER WITH ADMIN OPTION", "USAGE WITH GRANT OPTION", "USAGE WITH ADMIN OPTION":
				yes = yes || roles.IsAdmin(member, role)
			default:
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", word)
			}
		}
		return tuple.Bool(yes), nil
	})
}

// hasParameter: nobody has been granted parameters; superusers may set all.
func hasParameter(withRole, roleOID bool) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		role, a, err := asked(s, a, withRole, roleOID)
		if err != nil {
			return types.Null, err
		}
		_, err = parsePrivileges(privilege.Parameter.All(), a[1].Str())
		return tuple.Bool(s.Roles().IsSuper(role)), err
	})
}

func privilegeFns() call.Fns {
	m := call.Fns{}
	// The symbols say what each argument is: has_X_privilege_[role_]object.
	forms := []struct {
		suffix                    string
		withRole, roleOID, objOID bool
	}{
		{"name", false, false, false}, {"id", false, false, true},
		{"name_name", true, false, false}, {"name_id", true, false, true}, {"id_name", true, true, false}, {"id_id", true, true, true},
	}
	for name, k := range privilegeKinds() {
		for _, f := range forms {
			m["has_"+name+"_privilege_"+f.suffix] = hasPrivilege(k, f.withRole, f.roleOID, f.objOID)
		}
	}
	for _, f := range forms {
		m["pg_has_role_"+f.suffix] = hasRole(f.withRole, f.roleOID, f.objOID)
		m["has_column_privilege_"+f.suffix+"_name"] = hasColumnPrivilege(f.withRole, f.roleOID, f.objOID, false)
		m["has_column_privilege_"+f.suffix+"_attnum"] = hasColumnPrivilege(f.withRole, f.roleOID, f.objOID, true)
		if !f.objOID {
			m["has_parameter_privilege_"+f.suffix] = hasParameter(f.withRole, f.roleOID)
		}
	}
	return call.Union(m, aclFns())
}
