package address

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/session/regname"
	"github.com/tarndb/tarn/sql/types"
)

// Identity is how an object is named; Schema and Name are "" where PostgreSQL gives NULL.
type Identity = call.ObjectIdentity

// Identify is pg_identify_object; ok is false for an object that is not there.
func Identify(n regname.Names, class, obj types.OID, sub int32) (id Identity, ok bool) {
	f := finder{n, n.S.Catalog()}
	switch class {
	case classRelation:
		return f.identifyRelation(obj, sub)
	case classType:
		return f.identifyType(obj)
	case classFunction:
		return f.identifyFunction(obj)
	case classOperator:
		return f.identifyOperator(obj)
	case classNamespace:
		if s := f.cat.SchemaByOID(obj); s != nil {
			return named("schema", s.Name), true
		}
	case classExtension:
		if o := f.cat.Object(catalog.KindExtension, obj); o != nil {
			return named("extension", o.Head().Name), true
		}
	case classEventTrigger:
		if o := f.cat.Object(catalog.KindEventTrigger, obj); o != nil {
			return named("event trigger", o.Head().Name), true
		}
	case classRole:
		if name, ok := n.S.RoleName(obj); ok {
			return named("role", name), true
		}
	case classConstraint:
		if t, c := f.cat.ConstraintByOID(obj); c != nil {
			return f.onTable("table constraint", c.Name, t), true
		}
	case classTrigger:
		if t, g := f.cat.TriggerByOID(obj); g != nil {
			return f.onTable("trigger", g.Name, t), true
		}
	case classPolicy:
		if t, p := f.cat.PolicyByOID(obj); p != nil {
			return f.onTable("policy", p.Name, t), true
		}
	case classRule:
		if t, r := f.cat.RuleByOID(obj); r != nil {
			return f.onTable("rule", r.Name, t), true
		}
		if t := f.ruleOwner(obj); t != nil {
			return f.onTable("rule", "_RETURN", t), true
		}
	case classDefault:
		if t, att := f.defaultOwner(obj); t != nil {
			schema, col := f.schemaName(t.Schema), t.Column(att).Name
			return Identity{Type: "default value", Identity: "for " + quoted(schema, t.Name, col), Names: []string{schema, t.Name, col}}, true
		}
	case classCast:
		if source, target, ok := f.cast(obj); ok {
			from, to := f.qualifiedType(source), f.qualifiedType(target)
			return Identity{Type: "cast", Identity: "(" + from + " AS " + to + ")", Names: []string{from}, Args: []string{to}}, true
		}
	}
	return f.identifyFixed(class, obj)
}

// named is the identity of an object whose name is the database's or the server's.
func named(typ, name string) Identity {
	return Identity{Type: typ, Name: name, Identity: quoted(name), Names: []string{name}}
}

func (f finder) schemaName(oid types.OID) string {
	if s := f.cat.SchemaByOID(oid); s != nil {
		return s.Name
	}
	return ""
}

func (f finder) onTable(typ, name string, t *catalog.Table) Identity {
	schema := f.schemaName(t.Schema)
	return Identity{Type: typ, Schema: map[bool]string{true: schema}[typ == "table constraint"], Identity: quoted(name) + " on " + quoted(schema, t.Name),
		Names: []string{schema, t.Name, name}}
}

func (f finder) identifyRelation(obj types.OID, sub int32) (Identity, bool) {
	t, ix := f.cat.RelationByOID(obj)
	if t == nil {
		return Identity{}, false
	}
	schema, name, typ := f.schemaName(t.Schema), t.Name, relationWord(t.Kind)
	if ix != nil {
		name, typ = ix.Name, "index"
	}
	if sub == 0 {
		return Identity{Type: typ, Schema: schema, Name: name, Identity: quoted(schema, name), Names: []string{schema, name}}, true
	}
	if sub < 0 || int(sub) > len(t.Columns) || ix != nil {
		return Identity{}, false
	}
	col := t.Column(int16(sub)).Name
	return Identity{Type: typ + " column", Schema: schema, Name: name, Identity: quoted(schema, name, col), Names: []string{schema, name, col}}, true
}

func (f finder) identifyType(obj types.OID) (Identity, bool) {
	t := types.Lookup(obj)
	if t == nil {
		if t = f.cat.UserType(obj); t == nil {
			return Identity{}, false
		}
	}
	schema := t.Schema
	if schema == "" {
		schema = "pg_catalog"
	}
	name := f.qualifiedType(obj)
	return Identity{Type: "type", Schema: schema, Name: t.Name, Identity: name, Names: []string{name}}, true
}

func (f finder) identifyFunction(obj types.OID) (Identity, bool) {
	p := f.Function(obj)
	if p == nil {
		return Identity{}, false
	}
	id := Identity{Type: "function", Schema: f.schemaName(p.Namespace)}
	switch p.Kind {
	case 'a':
		id.Type = "aggregate"
	case 'p':
		id.Type = "procedure"
	}
	for _, a := range p.ArgTypes {
		id.Args = append(id.Args, f.qualifiedType(a))
	}
	id.Identity, id.Names = quoted(id.Schema, p.Name)+"("+strings.Join(id.Args, ",")+")", []string{id.Schema, p.Name}
	return id, true
}

func (f finder) identifyOperator(obj types.OID) (Identity, bool) {
	o, schema := f.operator(obj), "pg_catalog"
	if o == nil {
		return Identity{}, false
	}
	if !catalog.BuiltIn(obj) {
		schema = f.schemaName(o.Namespace)
	}
	id := Identity{Type: "operator", Schema: schema}
	for _, t := range []types.OID{o.Left, o.Right} {
		if t == 0 {
			id.Args = append(id.Args, "NONE")
			continue
		}
		id.Args = append(id.Args, f.qualifiedType(t))
	}
	id.Identity, id.Names = quoted(id.Schema)+"."+o.Name+"("+strings.Join(id.Args, ",")+")", []string{id.Schema, o.Name}
	return id, true
}

// operator is an operator of the database; nil if there is none.
func (f finder) operator(oid types.OID) *pgdata.Operator {
	if o := f.cat.Operator(oid); o != nil {
		return &o.Op
	}
	for i, list := 0, pgdata.Operators(); i < len(list) && catalog.BuiltIn(oid); i++ {
		if list[i].OID == oid {
			return &list[i]
		}
	}
	return nil
}

// cast is the types of a cast of the database.
func (f finder) cast(oid types.OID) (source, target types.OID, ok bool) {
	if c, _ := f.cat.Object(catalog.KindCast, oid).(*catalog.Cast); c != nil {
		return c.Row.Source, c.Row.Target, true
	}
	for _, c := range pgdata.Casts() {
		if c.OID == oid && catalog.BuiltIn(oid) {
			return c.Source, c.Target, true
		}
	}
	return 0, 0, false
}

func (f finder) identifyFixed(class, obj types.OID) (Identity, bool) {
	c, ok := fixedCatalogs[class]
	if !ok {
		return Identity{}, false
	}
	name, schema, r := f.nameOf(class, obj)
	if name == "" {
		return Identity{}, false
	}
	id := Identity{Type: c.word, Schema: schema, Name: name, Identity: quoted(schema, name), Names: []string{schema, name}}
	switch class {
	case classLanguage, classMethod:
		return named(c.word, name), true
	case classOpClass, classFamily:
		method := f.method(oidCell(c.table, r, map[types.OID]string{classOpClass: "opcmethod", classFamily: "opfmethod"}[class]))
		id.Identity, id.Names = id.Identity+" USING "+quoted(method), []string{method, schema, name}
	}
	return id, true
}
