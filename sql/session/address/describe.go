package address

import (
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/session/regname"
	"github.com/tarndb/tarn/sql/types"
)

// Catalogs, as classid.
const (
	classCast         types.OID = 2605
	classCollation    types.OID = 3456
	classConstraint   types.OID = 2606
	classDatabase     types.OID = 1262
	classDefault      types.OID = 2604
	classDefaultACL   types.OID = 826
	classDictionary   types.OID = 3600
	classEventTrigger types.OID = 3466
	classExtension              = catalog.ExtensionClassOID
	classFamily       types.OID = 2753
	classFunction     types.OID = 1255
	classLanguage     types.OID = 2612
	classMethod       types.OID = 2601
	classMethodOp     types.OID = 2602
	classMethodProc   types.OID = 2603
	classNamespace    types.OID = 2615
	classOperator     types.OID = 2617
	classOpClass      types.OID = 2616
	classPolicy       types.OID = 3256
	classRelation     types.OID = 1259
	classRole         types.OID = 1260
	classRule         types.OID = 2618
	classTemplate     types.OID = 3764
	classTextConfig   types.OID = 3602
	classTextParser   types.OID = 3601
	classTrigger      types.OID = 2620
	classType         types.OID = 1247
)

// fixedCatalogs are the catalogs of pgdata whose objects have a name only, with the column of it and the word for them.
var fixedCatalogs = map[types.OID]struct{ table, column, word string }{
	classLanguage: {"pg_language", "lanname", "language"}, classMethod: {"pg_am", "amname", "access method"},
	classDictionary: {"pg_ts_dict", "dictname", "text search dictionary"}, classTemplate: {"pg_ts_template", "tmplname", "text search template"},
	classTextConfig: {"pg_ts_config", "cfgname", "text search configuration"}, classTextParser: {"pg_ts_parser", "prsname", "text search parser"},
	classCollation: {"pg_collation", "collname", "collation"}, classOpClass: {"pg_opclass", "opcname", "operator class"},
	classFamily: {"pg_opfamily", "opfname", "operator family"},
}

// finder finds objects in a session's catalog.
type finder struct {
	regname.Names
	cat *catalog.Catalog
}

// row is the row of a catalog of pgdata, of what the database has; nil if there is none.
func (f finder) row(table string, oid types.OID) []*string {
	if !f.cat.HasExtensionObject(oid) {
		return nil
	}
	want := strconv.FormatUint(uint64(oid), 10)
	for _, r := range pgdata.Load(table).Rows {
		if *r[0] == want {
			return r
		}
	}
	return nil
}

func cell(table string, row []*string, column string) string {
	if c := row[pgdata.Load(table).Col(column)]; c != nil {
		return *c
	}
	return ""
}

func oidCell(table string, row []*string, column string) types.OID {
	oid, err := types.ParseOID(cell(table, row, column))
	if err != nil {
		return 0
	}
	return oid
}

// schemaOf is the schema of an object of pgdata: its extension's, or pg_catalog.
func (f finder) schemaOf(oid types.OID) string {
	if x := pgdata.ExtensionOf(oid); x != nil {
		if e := f.cat.Extension(x.Name); e != nil {
			if s := f.cat.SchemaByOID(e.Schema); s != nil {
				return s.Name
			}
		}
	}
	return "pg_catalog"
}

// visible reports whether search_path has the schema.
func (f finder) visible(schema string) bool {
	for _, oid := range f.S.SearchPath(true) {
		if s := f.cat.SchemaByOID(oid); s != nil && s.Name == schema {
			return true
		}
	}
	return false
}

// Describe is pg_describe_object; "" for an object that is not there.
func Describe(n regname.Names, class, obj types.OID, sub int32) string {
	f := finder{n, n.S.Catalog()}
	switch class {
	case classRelation:
		return f.relationPart(obj, sub)
	case classType:
		if name, ok := n.Text(types.RegKindType, obj); ok {
			return "type " + name
		}
	case classFunction:
		if name, ok := n.Text(types.RegKindProcedure, obj); ok {
			return "function " + name
		}
	case classOperator:
		if name, ok := n.Text(types.RegKindOperator, obj); ok && f.operator(obj) != nil {
			return "operator " + name
		}
	case classNamespace:
		if s := f.cat.SchemaByOID(obj); s != nil {
			return "schema " + s.Name
		}
	case classExtension, classEventTrigger:
		for _, k := range []catalog.Kind{catalog.KindExtension, catalog.KindEventTrigger} {
			if o := f.cat.Object(k, obj); o != nil && (class == classExtension) == (k == catalog.KindExtension) {
				return k.String() + " " + o.Head().Name
			}
		}
	case classRole:
		if name, ok := n.S.RoleName(obj); ok {
			return "role " + name
		}
	case classConstraint:
		if t, c := f.cat.ConstraintByOID(obj); c != nil {
			return "constraint " + c.Name + " on " + f.relation(t)
		}
	case classTrigger:
		if t, g := f.cat.TriggerByOID(obj); g != nil {
			return "trigger " + g.Name + " on " + f.relation(t)
		}
	case classPolicy:
		if t, p := f.cat.PolicyByOID(obj); p != nil {
			return "policy " + p.Name + " on " + f.relation(t)
		}
	case classRule:
		if t, r := f.cat.RuleByOID(obj); r != nil {
			return "rule " + r.Name + " on " + f.relation(t)
		}
		if t := f.ruleOwner(obj); t != nil {
			return "rule _RETURN on " + f.relation(t)
		}
	case classDefault:
		if t, att := f.defaultOwner(obj); t != nil {
			return "default value for column " + t.Column(att).Name + " of " + f.relation(t)
		}
	case classCast:
		if source, target, ok := f.cast(obj); ok {
			return "cast from " + f.typeText(source) + " to " + f.typeText(target)
		}
	case classMethodOp:
		if r := f.row("pg_amop", obj); r != nil {
			name, _ := n.Text(types.RegKindOperator, oidCell("pg_amop", r, "amopopr"))
			return "operator " + f.placeText("pg_amop", "amop", r, cell("pg_amop", r, "amopstrategy")) + ": " + name
		}
	case classMethodProc:
		if r := f.row("pg_amproc", obj); r != nil {
			name, _ := n.Text(types.RegKindProcedure, oidCell("pg_amproc", r, "amproc"))
			return "function " + f.placeText("pg_amproc", "amproc", r, cell("pg_amproc", r, "amprocnum")) + ": " + name
		}
	}
	return f.fixed(class, obj)
}

// fixed describes the objects of fixedCatalogs.
func (f finder) fixed(class, obj types.OID) string {
	c, ok := fixedCatalogs[class]
	if !ok {
		return ""
	}
	name, schema, r := f.nameOf(class, obj)
	if name == "" {
		return ""
	}
	name = ruleutils.QuoteIdent(name)
	if class != classLanguage && class != classMethod && !f.visible(schema) {
		name = ruleutils.QuoteIdent(schema) + "." + name
	}
	switch class {
	case classOpClass:
		name += " for access method " + f.method(oidCell(c.table, r, "opcmethod"))
	case classFamily:
		name += " for access method " + f.method(oidCell(c.table, r, "opfmethod"))
	}
	return c.word + " " + name
}

// userKinds are the kinds of the catalogs of fixedCatalogs that users add to.
var userKinds = map[types.OID]catalog.Kind{classCollation: catalog.KindCollation, classDictionary: catalog.KindTSDictionary, classTextConfig: catalog.KindTSConfig}

// nameOf is the name and schema of an object of fixedCatalogs, and its row if it has one there; "" for one that is not there.
func (f finder) nameOf(class, obj types.OID) (name, schema string, r []*string) {
	if k := userKinds[class]; k != 0 && !catalog.BuiltIn(obj) {
		if o := f.cat.Object(k, obj); o != nil {
			return o.Head().Name, f.schemaName(o.Head().Schema), nil
		}
		return "", "", nil
	}
	c := fixedCatalogs[class]
	if r = f.row(c.table, obj); r == nil {
		return "", "", nil
	}
	return cell(c.table, r, c.column), f.schemaOf(obj), r
}

func (f finder) method(oid types.OID) string {
	if r := f.row("pg_am", oid); r != nil {
		return cell("pg_am", r, "amname")
	}
	return ""
}

// placeText is the place of an operator or function in a family: 1 (integer, integer) of operator family …
func (f finder) placeText(table, prefix string, r []*string, number string) string {
	return number + " (" + f.typeText(oidCell(table, r, prefix+"lefttype")) + ", " + f.typeText(oidCell(table, r, prefix+"righttype")) + ") of " +
		f.fixed(classFamily, oidCell(table, r, prefix+"family"))
}

func (f finder) typeText(oid types.OID) string { return types.TypeName(oid, f.S.Types()) }

// relationWord is what messages call the relations of a kind.
func relationWord(k catalog.RelKind) string {
	switch k {
	case catalog.RelSequence:
		return "sequence"
	case catalog.RelView:
		return "view"
	case catalog.RelMatView:
		return "materialized view"
	case catalog.RelComposite:
		return "composite type"
	}
	return "table"
}

func (f finder) relation(t *catalog.Table) string {
	name, _ := f.Text(types.RegKindClass, t.OID)
	return relationWord(t.Kind) + " " + name
}

// relationPart describes a relation, an index, or a column.
func (f finder) relationPart(obj types.OID, sub int32) string {
	t, ix := f.cat.RelationByOID(obj)
	switch {
	case t == nil:
		return ""
	case ix != nil:
		name, _ := f.Text(types.RegKindClass, obj)
		return "index " + name
	case sub == 0:
		return f.relation(t)
	case sub < 0 || int(sub) > len(t.Columns):
		return ""
	}
	return "column " + t.Column(int16(sub)).Name + " of " + f.relation(t)
}

func (f finder) ruleOwner(rule types.OID) (view *catalog.Table) {
	f.cat.Tables(func(t *catalog.Table) bool {
		if t.HasQuery() && syscat.RewriteOID(t.OID) == rule {
			view = t
		}
		return view == nil
	})
	return view
}

func (f finder) defaultOwner(def types.OID) (table *catalog.Table, att int16) {
	f.cat.Tables(func(t *catalog.Table) bool {
		for i := range t.Columns {
			if c := &t.Columns[i]; c.Default != "" && !c.Dropped && syscat.AttrdefOID(t.OID, c.AttNum) == def {
				table, att = t, c.AttNum
			}
		}
		return table == nil
	})
	return table, att
}

// qualifiedType is a type's name with its schema, but for those that SQL has a word for (format_type_be_qualified).
func (f finder) qualifiedType(oid types.OID) string {
	if oid == 0 {
		return "-"
	}
	if t := types.Lookup(oid); t != nil {
		name := types.TypeName(oid, nil)
		if t.IsArray() {
			return f.qualifiedType(t.Elem) + "[]"
		}
		if t.Name != name || name == "numeric" || name == "interval" || name == "bit" {
			return name
		}
		return "pg_catalog." + ruleutils.QuoteIdent(name)
	}
	t := f.cat.UserType(oid)
	switch {
	case t == nil:
		return strconv.FormatUint(uint64(oid), 10)
	case t.IsArray():
		return f.qualifiedType(t.Elem) + "[]"
	}
	schema := t.Schema
	if schema == "" {
		schema = "pg_catalog"
	}
	return ruleutils.QuoteIdent(schema) + "." + ruleutils.QuoteIdent(t.Name)
}

func quoted(parts ...string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = ruleutils.QuoteIdent(p)
	}
	return strings.Join(out, ".")
}
