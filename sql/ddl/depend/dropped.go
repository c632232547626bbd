package depend

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// dropped describes an object that is about to be dropped (getObjectTypeDescription, getObjectIdentityParts).
func dropped(x *stmt.Ctx, o catalog.Address, original, normal bool) stmt.Dropped {
	d := stmt.Dropped{Address: o, Original: original, Normal: normal}
	Identify(x.Catalog(), x.Env, &d)
	return d
}

// rowTypesDropped tells of the row type of a relation and its array, which go with it.
func rowTypesDropped(x *stmt.Ctx, d stmt.Dropped) {
	t := x.Catalog().Table(d.OID)
	if d.Kind != catalog.KindRelation || t == nil || t.RowType == 0 || t.Kind == catalog.RelSequence || t.Kind == catalog.RelComposite {
		return
	}
	d.Original, d.Normal, d.Type = false, false, "type"
	d.Address = catalog.Address{Kind: catalog.KindType, OID: t.RowType}
	d.Names = []string{d.Identity}
	x.Dropping(d)
	d.OID, d.Name, d.Identity = t.RowType+1, "_"+d.Name, d.Identity+"[]"
	d.Names = []string{d.Identity}
	x.Dropping(d)
}

// arrayDropped tells of the array type of a base type, which goes with it.
func arrayDropped(x *stmt.Ctx, d stmt.Dropped) {
	t := x.Catalog().Type(d.OID)
	if t == nil || t.Array == 0 {
		return
	}
	d.Original, d.Normal = false, false
	d.OID, d.Name, d.Identity = t.Array, "_"+d.Name, d.Identity+"[]"
	d.Names = []string{d.Identity}
	x.Dropping(d)
}

// Identify fills in how an object is named by functions of event triggers.
func Identify(cat *catalog.Catalog, env *types.Env, d *stmt.Dropped) {
	quote := func(parts ...string) string {
		for i := range parts {
			parts[i] = ruleutils.QuoteIdent(parts[i])
		}
		return strings.Join(parts, ".")
	}
	schemaOf := func(oid catalog.OID) string {
		s := cat.SchemaByOID(oid)
		switch {
		case s == nil:
			return ""
		case stmt.IsTempSchema(s):
			return "pg_temp"
		}
		return s.Name
	}
	in := func(t *catalog.Table, typ, name string) {
		d.Type, d.Schema, d.Name, d.Temporary = typ, schemaOf(t.Schema), name, t.Persistence == catalog.Temporary
	}
	switch d.Kind {
	case catalog.KindSchema:
		if s := cat.SchemaByOID(d.OID); s != nil {
			d.Type, d.Name, d.Identity, d.Names = "schema", s.Name, quote(s.Name), []string{s.Name}
		}
	case catalog.KindRelation:
		if t := cat.Table(d.OID); t != nil {
			in(t, stmt.KindWord(t.Kind), t.Name)
			d.Identity, d.Names = quote(d.Schema, t.Name), []string{d.Schema, t.Name}
		}
	case catalog.KindIndex:
		if t, ix := cat.RelationByOID(d.OID); ix != nil {
			in(t, "index", ix.Name)
			d.Identity, d.Names = quote(d.Schema, ix.Name), []string{d.Schema, ix.Name}
		}
	case catalog.KindColumn, catalog.KindDefault:
		if t := cat.Table(d.OID); t != nil {
			col := t.Column(d.Sub).Name
			in(t, stmt.KindWord(t.Kind)+" column", "")
			d.Identity, d.Names = quote(d.Schema, t.Name, col), []string{d.Schema, t.Name, col}
			if d.Kind == catalog.KindDefault {
				d.Type, d.Identity = "default value", "for "+d.Identity
			}
		}
	case catalog.KindConstraint:
		if t, c := cat.ConstraintByOID(d.OID); c != nil {
			in(t, "table constraint", "")
			d.Identity, d.Names = quote(c.Name)+" on "+quote(d.Schema, t.Name), []string{d.Schema, t.Name, c.Name}
		}
	case catalog.KindTrigger:
		if t, g := cat.TriggerByOID(d.OID); g != nil {
			in(t, "trigger", "")
			d.Identity, d.Names = quote(g.Name)+" on "+quote(d.Schema, t.Name), []string{d.Schema, t.Name, g.Name}
		}
	default:
		o := cat.Object(d.Kind, d.OID)
		if o == nil {
			return
		}
		h := o.Head()
		d.Type, d.Schema, d.Name = d.Kind.String(), schemaOf(h.Schema), h.Name
		d.Identity, d.Names = quote(h.Name), []string{h.Name}
		if d.Kind == catalog.KindExtension {
			d.Schema = ""
		}
		if d.Schema != "" {
			d.Identity, d.Names = quote(d.Schema, h.Name), []string{d.Schema, h.Name}
		}
		args := func(list ...types.OID) string {
			for _, a := range list {
				if a == 0 {
					d.Args = append(d.Args, "NONE")
					continue
				}
				d.Args = append(d.Args, qualifiedType(a, cat))
			}
			return "(" + strings.Join(d.Args, ",") + ")"
		}
		switch v := o.(type) {
		case *catalog.Function:
			d.Type, d.Name = stmt.RoutineWord(v.Proc.Kind), ""
			d.Identity += args(v.Proc.ArgTypes...)
		case *catalog.Operator:
			d.Name = ""
			d.Identity = quote(d.Schema) + "." + v.Name + args(v.Op.Left, v.Op.Right)
		case *catalog.Cast:
			d.Name = ""
			d.Names, d.Args = []string{qualifiedType(v.Row.Source, cat)}, []string{qualifiedType(v.Row.Target, cat)}
			d.Identity = "(" + d.Names[0] + " AS " + d.Args[0] + ")"
		}
		identifyMember(d)
	}
}

// qualifiedType is a type's name with its schema, but for those that SQL has a word for (format_type_be_qualified).
func qualifiedType(oid types.OID, cat *catalog.Catalog) string {
	t := types.Lookup(oid)
	if t == nil {
		if t = cat.UserType(oid); t == nil {
			return strconv.Itoa(int(oid))
		}
	}
	name := types.TypeName(oid, nil)
	switch {
	case t.IsArray():
		return qualifiedType(t.Elem, cat) + "[]"
	case t.Schema != "":
		return ruleutils.QuoteIdent(t.Schema) + "." + ruleutils.QuoteIdent(t.Name)
	case t.Name != name || name == "numeric" || name == "interval" || name == "bit":
		return name
	}
	return "pg_catalog." + name
}
