package system

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// has_*_privilege (manual: 9.26.2). Every role may do everything so far; what the functions check is that the role,
// the object and the privilege exist.

// privilegeKind is one kind of object: how it is found and which privileges it has.
type privilegeKind struct {
	privileges string // separated by blanks
	byName     func(s call.Session, c *call.Call, name string) error
	byOID      func(s call.Session, c *call.Call, oid types.OID) bool
}

func checkPrivileges(valid, list string) error {
	for _, p := range strings.Split(list, ",") {
		p = strings.ToUpper(strings.TrimSpace(p))
		p = strings.TrimSuffix(strings.Join(strings.Fields(p), " "), " WITH GRANT OPTION")
		found := false
		for _, v := range strings.Fields(valid) {
			found = found || v == p || p == "ALTER SYSTEM" && v == "ALTER_SYSTEM" || p == "TEMPORARY" && v == "TEMP"
		}
		if !found {
			return pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", p)
		}
	}
	return nil
}

func checkRole(s call.Session, v types.Datum, byOID bool) error {
	if byOID {
		return nil // PostgreSQL takes any OID for a role here
	}
	name := v.Str()
	if name == "public" {
		return nil
	}
	if _, ok := s.RoleOID(name); !ok {
		return pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", name)
	}
	return nil
}

func byReg(kind types.RegKind) func(call.Session, *call.Call, string) error {
	return func(_ call.Session, c *call.Call, name string) error {
		_, err := resolve(c, kind, name)
		return err
	}
}

func always(call.Session, *call.Call, types.OID) bool { return true }

func privilegeKinds() map[string]privilegeKind {
	relation := func(s call.Session, _ *call.Call, oid types.OID) bool { return relationExists(s, oid) }
	return map[string]privilegeKind{
		"table":      {"SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER RULE", byReg(types.RegKindClass), relation},
		"sequence":   {"USAGE SELECT UPDATE", byReg(types.RegKindClass), relation},
		"any_column": {"SELECT INSERT UPDATE REFERENCES", byReg(types.RegKindClass), relation},
		"schema": {"CREATE USAGE", func(s call.Session, _ *call.Call, name string) error {
			if s.Catalog().Schema(name) == nil {
				return pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", name)
			}
			return nil
		}, func(s call.Session, _ *call.Call, oid types.OID) bool { return s.Catalog().SchemaByOID(oid) != nil }},
		"database": {"CREATE TEMP CONNECT", func(s call.Session, _ *call.Call, name string) error {
			if _, ok := s.DatabaseOID(name); !ok {
				return pgerr.New(pgerr.UndefinedDatabase, "database \"%s\" does not exist", name)
			}
			return nil
		}, always},
		"function": {"EXECUTE", byReg(types.RegKindProcedure), func(_ call.Session, _ *call.Call, oid types.OID) bool { return call.ProcByOID(oid) != nil }},
		"type":     {"USAGE", byReg(types.RegKindType), func(_ call.Session, c *call.Call, oid types.OID) bool { return c.Env.Type(oid) != nil }},
		"language": {"USAGE", func(_ call.Session, _ *call.Call, name string) error {
			t := pgdata.Load("pg_language")
			col := t.Col("lanname")
			for _, r := range t.Rows {
				if *r[col] == name {
					return nil
				}
			}
			return pgerr.New(pgerr.UndefinedObject, "language \"%s\" does not exist", name)
		}, func(_ call.Session, _ *call.Call, oid types.OID) bool { return isBuiltinObject("pg_language", oid) }},
		"tablespace": {"CREATE", func(_ call.Session, _ *call.Call, name string) error {
			if name != "pg_default" && name != "pg_global" {
				return pgerr.New(pgerr.UndefinedObject, "tablespace \"%s\" does not exist", name)
			}
			return nil
		}, func(_ call.Session, _ *call.Call, oid types.OID) bool { return oid == 1663 || oid == 1664 }},
	}
}

// hasPrivilege: args are [role] object privilege; the flags tell which are OIDs.
func hasPrivilege(k privilegeKind, withRole, roleOID, objOID bool) call.Fn {
	return withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
		if withRole {
			if err := checkRole(s, a[0], roleOID); err != nil {
				return types.Null, err
			}
			a = a[1:]
		}
		if !objOID {
			if err := k.byName(s, c, a[0].Str()); err != nil {
				return types.Null, err
			}
		}
		if err := checkPrivileges(k.privileges, a[1].Str()); err != nil {
			return types.Null, err
		}
		if objOID && !k.byOID(s, c, types.OID(a[0].Uint())) {
			return types.Null, nil
		}
		return tuple.Bool(true), nil
	})
}

// hasColumnPrivilege: args are [role] table column privilege.
func hasColumnPrivilege(withRole, roleOID, tableOID, byNumber bool) call.Fn {
	return withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
		if withRole {
			if err := checkRole(s, a[0], roleOID); err != nil {
				return types.Null, err
			}
			a = a[1:]
		}
		oid := types.OID(a[0].Uint())
		if !tableOID {
			var err error
			if oid, err = resolve(c, types.RegKindClass, a[0].Str()); err != nil {
				return types.Null, err
			}
		}
		t := s.Catalog().Table(oid)
		known := t != nil
		if known && !byNumber && t.ColumnByName(a[1].Str()) == nil {
			return types.Null, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", a[1].Str(), t.Name)
		}
		if known && byNumber {
			n := a[1].Int()
			known = n >= 1 && n <= int64(len(t.Columns)) && !t.Columns[n-1].Dropped
		}
		if err := checkPrivileges("SELECT INSERT UPDATE REFERENCES", a[2].Str()); err != nil {
			return types.Null, err
		}
		return nullable(true, known)
	})
}

func hasRole(withRole, roleOID, objOID bool) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		if withRole {
			if err := checkRole(s, a[0], roleOID); err != nil {
				return types.Null, err
			}
			a = a[1:]
		}
		if !objOID {
			if err := checkRole(s, a[0], false); err != nil {
				return types.Null, err
			}
		}
		return tuple.Bool(true), checkPrivileges("USAGE MEMBER", strings.ReplaceAll(a[1].Str(), " WITH ADMIN OPTION", ""))
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
	}
	return m
}
