package builtin

import (
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Functions about catalog objects (manual: 9.26.3 to 9.26.8).

// builtinObjects holds the OIDs of PostgreSQL's own rows of a catalog that no other table here knows.
var builtinObjects = struct {
	sync.Mutex
	m map[string]map[types.OID]bool
}{m: map[string]map[types.OID]bool{}}

func isBuiltinObject(class string, oid types.OID) bool {
	builtinObjects.Lock()
	defer builtinObjects.Unlock()
	set := builtinObjects.m[class]
	if set == nil {
		set = map[types.OID]bool{}
		t := pgdata.Load(class)
		col := t.Col("oid")
		for _, row := range t.Rows {
			if v, err := strconv.ParseUint(*row[col], 10, 32); err == nil {
				set[types.OID(v)] = true
			}
		}
		builtinObjects.m[class] = set
	}
	return set[oid]
}

// visibleRelation: no schema before its own in the search path has a relation of its name.
func visibleRelation(s Session, oid types.OID) (visible, exists bool) {
	cat := s.Catalog()
	t, ix := cat.RelationByOID(oid)
	if t == nil {
		return false, false
	}
	name := t.Name
	if ix != nil {
		name = ix.Name
	}
	for _, schema := range s.SearchPath(true) {
		if schema == t.Schema {
			return true, true
		}
		if other, _ := cat.Relation(schema, name); other != nil {
			return false, true
		}
	}
	return false, true
}

func nullable(v, ok bool) (datum, error) {
	if !ok {
		return null, nil
	}
	return tuple.Bool(v), nil
}

// typeVisible: row types follow their relation, and pg_catalog is always in the path.
func typeVisible(s Session, c *Call, a []datum) (datum, error) {
	oid := types.OID(a[0].Uint())
	t := c.Env.Type(oid)
	if t == nil {
		return null, nil
	}
	if t.Schema == "" {
		return tuple.Bool(true), nil
	}
	schema := s.Catalog().Schema(t.Schema)
	for _, p := range s.SearchPath(true) {
		if schema != nil && p == schema.OID {
			return tuple.Bool(true), nil
		}
		if other, _ := s.Catalog().Relation(p, t.Name); other != nil {
			return tuple.Bool(false), nil
		}
	}
	return tuple.Bool(false), nil
}

// builtinVisible serves catalogs that hold PostgreSQL's rows only: what exists is in pg_catalog and seen.
func builtinVisible(class string) Fn {
	return func(_ *Call, a []datum) (datum, error) {
		return nullable(true, isBuiltinObject(class, types.OID(a[0].Uint())))
	}
}

func formatType(c *Call, a []datum) (datum, error) {
	if a[0].IsNull() {
		return null, nil
	}
	oid := types.OID(a[0].Uint())
	switch {
	case oid == 0:
		return text("-")
	case c.Env.Type(oid) == nil:
		return text("???")
	case a[1].IsNull():
		return text(types.TypeName(oid, c.Env))
	}
	base := oid
	if t := c.Env.Type(oid); t.IsArray() {
		base = t.Elem
	}
	if a[1].Int() >= 0 && !types.HasTypmod(base) {
		return text(types.FormatType(oid, -1, c.Env))
	}
	return text(types.FormatType(oid, int32(a[1].Int()), c.Env))
}

func typeOf(c *Call, _ []datum) (datum, error) { return tuple.Uint(uint64(c.ArgTypes[0])), nil }

func userByID(s Session, _ *Call, a []datum) (datum, error) {
	oid := types.OID(a[0].Uint())
	if name, ok := s.RoleName(oid); ok {
		return text(name)
	}
	return text("unknown (OID=" + utoa(uint64(oid)) + ")")
}

// described is a Describer's answer: "" is NULL.
func described(v string, err error) (datum, error) {
	if err != nil || v == "" {
		return null, err
	}
	return text(v)
}

func pretty(a []datum, i int) bool { return len(a) > i && a[i].Bool() }

// resolve reads a relation name as ::regclass does.
func resolve(c *Call, kind types.RegKind, name string) (types.OID, error) {
	if c.Env == nil || c.Env.Resolver == nil {
		return 0, errNoSession()
	}
	return c.Env.Resolver.RegOID(kind, name)
}

func viewDefByName(s Session, c *Call, a []datum) (datum, error) {
	oid, err := resolve(c, types.RegKindClass, a[0].Str())
	if err != nil {
		return null, err
	}
	return described(s.ViewDef(oid, pretty(a, 1)))
}

// softLookup is to_regclass and its like: NULL instead of an error for what is not there.
func softLookup(typ types.OID) Fn {
	return func(c *Call, a []datum) (datum, error) {
		v, err := types.Lookup(typ).ParseText(a[0].Str(), -1, c.Env)
		switch pgerr.Code(err) {
		case "":
			return v, nil
		case pgerr.UndefinedTable, pgerr.UndefinedObject, pgerr.UndefinedFunction, pgerr.InvalidSchemaName, pgerr.InvalidName, pgerr.AmbiguousFunction:
			return null, nil
		}
		return null, err
	}
}

// builtinComments are PostgreSQL's own rows of pg_description.
var builtinComments = sync.OnceValue(func() map[[3]uint32]string {
	t := pgdata.Load("pg_description")
	obj, class, sub, text := t.Col("objoid"), t.Col("classoid"), t.Col("objsubid"), t.Col("description")
	m := make(map[[3]uint32]string, len(t.Rows))
	num := func(s *string) uint32 {
		v, _ := strconv.ParseUint(*s, 10, 32)
		return uint32(v)
	}
	for _, row := range t.Rows {
		m[[3]uint32{num(row[obj]), num(row[class]), num(row[sub])}] = *row[text]
	}
	return m
})

func comment(s Session, obj, class types.OID, sub int32) (datum, error) {
	if v, ok := s.Comment(obj, class, sub); ok {
		return text(v)
	}
	if v, ok := builtinComments()[[3]uint32{obj, class, uint32(sub)}]; ok {
		return text(v)
	}
	return null, nil
}

func objDescription(s Session, _ *Call, a []datum) (datum, error) {
	t, _ := s.Catalog().Relation(catalog.PgCatalogOID, a[1].Str())
	if t == nil {
		return null, nil
	}
	return comment(s, types.OID(a[0].Uint()), t.OID, 0)
}

// objDescriptionAny is the old form without a catalog's name.
func objDescriptionAny(s Session, _ *Call, a []datum) (datum, error) {
	oid := types.OID(a[0].Uint())
	for _, class := range []types.OID{classRelation, classType, classProc, 2615, 2606, 2617} {
		if v, err := comment(s, oid, class, 0); err != nil || !v.IsNull() {
			return v, err
		}
	}
	return null, nil
}

const (
	classRelation = 1259
	classType     = 1247
	classProc     = 1255
)

// argList prints the arguments of a function: with defaults for pg_get_function_arguments, without for identity.
func argList(c *Call, p *pgdata.Proc, defaults bool) string {
	var b strings.Builder
	all, modes := p.AllArgTypes, p.ArgModes
	if all == nil {
		all = p.ArgTypes
	}
	defs := splitDefaults(p.ArgDefaults)
	inputs, shown := 0, 0
	for i, t := range all {
		mode := "i"
		if modes != nil {
			mode = modes[i]
		}
		isInput := mode != "o" && mode != "t"
		if isInput {
			inputs++
		}
		if mode == "t" || !defaults && !isInput {
			continue
		}
		if shown > 0 {
			b.WriteString(", ")
		}
		shown++
		switch mode {
		case "o":
			b.WriteString("OUT ")
		case "b":
			b.WriteString("INOUT ")
		case "v":
			b.WriteString("VARIADIC ")
		}
		if i < len(p.ArgNames) && p.ArgNames[i] != "" {
			b.WriteString(QuoteIdent(p.ArgNames[i]) + " ")
		}
		b.WriteString(types.FormatType(t, -1, c.Env))
		if d := inputs - 1 - (p.NArgs - len(defs)); defaults && isInput && d >= 0 && d < len(defs) {
			b.WriteString(" DEFAULT " + defs[d])
		}
	}
	return b.String()
}

// splitDefaults parts SQL expressions at their ", "; commas in quotes and parentheses do not count.
func splitDefaults(s string) []string {
	if s == "" {
		return nil
	}
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case quoted:
		case s[i] == '(' || s[i] == '[':
			depth++
		case s[i] == ')' || s[i] == ']':
			depth--
		case s[i] == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

func procFn(f func(c *Call, p *pgdata.Proc, a []datum) (datum, error)) Fn {
	return func(c *Call, a []datum) (datum, error) {
		p := procByOID(types.OID(a[0].Uint()))
		if p == nil {
			return null, nil
		}
		return f(c, p, a)
	}
}

func functionResult(c *Call, p *pgdata.Proc, _ []datum) (datum, error) {
	if p.Kind == 'p' {
		return null, nil
	}
	out := types.FormatType(p.RetType, -1, c.Env)
	var cols []string
	for i, mode := range p.ArgModes {
		if mode == "t" {
			name := ""
			if i < len(p.ArgNames) {
				name = QuoteIdent(p.ArgNames[i]) + " "
			}
			cols = append(cols, name+types.FormatType(p.AllArgTypes[i], -1, c.Env))
		}
	}
	if cols != nil {
		return text("TABLE(" + strings.Join(cols, ", ") + ")")
	}
	if p.RetSet {
		out = "SETOF " + out
	}
	return text(out)
}

func argDefault(_ *Call, p *pgdata.Proc, a []datum) (datum, error) {
	defs := splitDefaults(p.ArgDefaults)
	n := int(a[1].Int())
	if n < 1 {
		return null, nil
	}
	inputs := 0
	for i := range max(len(p.AllArgTypes), len(p.ArgTypes)) {
		if p.ArgModes == nil || p.ArgModes[i] != "o" && p.ArgModes[i] != "t" {
			inputs++
		}
		if i == n-1 {
			if d := inputs - 1 - (p.NArgs - len(defs)); d >= 0 && d < len(defs) {
				return text(defs[d])
			}
			break
		}
	}
	return null, nil
}

// serialSequence finds the sequence that a column owns.
func serialSequence(s Session, c *Call, a []datum) (datum, error) {
	oid, err := resolve(c, types.RegKindClass, a[0].Str())
	if err != nil {
		return null, err
	}
	t := s.Catalog().Table(oid)
	if t == nil {
		return null, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", a[0].Str())
	}
	col := t.ColumnByName(a[1].Str())
	if col == nil {
		return null, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", a[1].Str(), t.Name)
	}
	var found *catalog.Table
	s.Catalog().Tables(func(q *catalog.Table) bool {
		if q.Sequence != nil && q.Sequence.OwnerTable == oid && q.Sequence.OwnerCol == col.AttNum {
			found = q
		}
		return found == nil
	})
	if found == nil {
		return null, nil
	}
	name := QuoteIdent(found.Name)
	if sc := s.Catalog().SchemaByOID(found.Schema); sc != nil {
		name = QuoteIdent(sc.Name) + "." + name
	}
	return text(name)
}

// keywordRows is pg_get_keywords().
func keywordRows(*Call, []datum) (Rows, error) {
	t := pgdata.Load("keywords")
	word, code, bare, desc, baredesc := t.Col("word"), t.Col("catcode"), t.Col("barelabel"), t.Col("catdesc"), t.Col("baredesc")
	rows := make([][]datum, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = []datum{tuple.String(*r[word]), tuple.Int(int64((*r[code])[0])), tuple.Bool(*r[bare] == "t"), tuple.String(*r[desc]), tuple.String(*r[baredesc])}
	}
	return tableRows(rows), nil
}

// optionRows is pg_options_to_table(text[]).
func optionRows(_ *Call, a []datum) (Rows, error) {
	arr := tuple.Array(a[0].Clone().Bytes())
	var rows [][]datum
	for i := range arr.Len() {
		v := arr.Elem(i)
		if v.IsNull() {
			return nil, pgerr.New(pgerr.NullValueNotAllowed, "null array element not allowed in this context")
		}
		name, value, ok := strings.Cut(v.Str(), "=")
		row := []datum{tuple.String(name), null}
		if ok {
			row[1] = tuple.String(value)
		}
		rows = append(rows, row)
	}
	return tableRows(rows), nil
}

// updatable: tables take INSERT (8), UPDATE (4) and DELETE (16), views are not updated through.
func updatable(s Session, _ *Call, a []datum) (datum, error) {
	t := s.Catalog().Table(types.OID(a[0].Uint()))
	if t == nil || t.Kind != catalog.RelTable || t.Virtual {
		return integer(0)
	}
	return integer(4 | 8 | 16)
}

func columnUpdatable(s Session, c *Call, a []datum) (datum, error) {
	if a[1].Int() <= 0 {
		return tuple.Bool(false), nil
	}
	v, err := updatable(s, c, a)
	return tuple.Bool(v.Int() != 0), err
}

// lookupRelation finds a relation and its index, if it is one.
func relationExists(s Session, oid types.OID) bool {
	t, _ := s.Catalog().RelationByOID(oid)
	return t != nil
}

func indexProperty(s Session, _ *Call, a []datum) (datum, error) {
	_, ix := s.Catalog().RelationByOID(types.OID(a[0].Uint()))
	if ix == nil {
		return null, nil
	}
	switch lowerASCII(a[1].Str()) {
	case "clusterable", "index_scan", "bitmap_scan", "backward_scan":
		return tuple.Bool(true), nil
	}
	return null, nil
}

func indexColumnProperty(s Session, _ *Call, a []datum) (datum, error) {
	_, ix := s.Catalog().RelationByOID(types.OID(a[0].Uint()))
	n := int(a[1].Int())
	if ix == nil || n < 1 || n > len(ix.Keys)+len(ix.Include) {
		return null, nil
	}
	key := n <= len(ix.Keys)
	desc, first := false, false
	if key {
		desc, first = ix.Keys[n-1].Desc, ix.Keys[n-1].NullsFirst
	}
	ordered := func(v bool) (datum, error) { return nullable(v, key) }
	switch lowerASCII(a[2].Str()) {
	case "asc":
		return ordered(!desc)
	case "desc":
		return ordered(desc)
	case "nulls_first":
		return ordered(first)
	case "nulls_last":
		return ordered(!first)
	case "orderable", "search_array", "search_nulls":
		return tuple.Bool(key), nil
	case "returnable":
		return tuple.Bool(true), nil
	case "distance_orderable":
		return tuple.Bool(false), nil
	}
	return null, nil
}

func catalogFns() fns {
	def := func(f func(s Session, oid types.OID, a []datum) (string, error)) Fn {
		return withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			return described(f(s, types.OID(a[0].Uint()), a))
		})
	}
	view := def(func(s Session, oid types.OID, a []datum) (string, error) { return s.ViewDef(oid, pretty(a, 1)) })
	indexDef := def(func(s Session, oid types.OID, a []datum) (string, error) {
		col := 0
		if len(a) > 1 {
			col = int(a[1].Int())
		}
		return s.IndexDef(oid, col, pretty(a, 2))
	})
	constraintDef := def(func(s Session, oid types.OID, a []datum) (string, error) { return s.ConstraintDef(oid, pretty(a, 1)) })
	triggerDef := def(func(s Session, oid types.OID, a []datum) (string, error) { return s.TriggerDef(oid, pretty(a, 1)) })
	ruleDef := def(func(s Session, oid types.OID, a []datum) (string, error) { return s.RuleDef(oid, pretty(a, 1)) })
	expr := withSession(func(s Session, _ *Call, a []datum) (datum, error) {
		return described(s.Expr(a[0].Str(), types.OID(a[1].Uint()), pretty(a, 2)))
	})
	sqlNull := func(*Call, []datum) (datum, error) { return null, nil }
	m := fns{
		"format_type": formatType, "pg_typeof": typeOf, "pg_get_userbyid": withSession(userByID),
		"pg_table_is_visible": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			return nullable(visibleRelation(s, types.OID(a[0].Uint())))
		}),
		"pg_type_is_visible": withSession(typeVisible),
		"pg_function_is_visible": func(_ *Call, a []datum) (datum, error) {
			p := procByOID(types.OID(a[0].Uint()))
			return nullable(p != nil && p.Namespace == catalog.PgCatalogOID, p != nil)
		},
		"pg_operator_is_visible": builtinVisible("pg_operator"), "pg_opclass_is_visible": builtinVisible("pg_opclass"),
		"pg_opfamily_is_visible": builtinVisible("pg_opfamily"), "pg_collation_is_visible": builtinVisible("pg_collation"),
		"pg_conversion_is_visible": builtinVisible("pg_conversion"), "pg_ts_config_is_visible": builtinVisible("pg_ts_config"),
		"pg_ts_dict_is_visible": builtinVisible("pg_ts_dict"), "pg_ts_parser_is_visible": builtinVisible("pg_ts_parser"),
		"pg_ts_template_is_visible": builtinVisible("pg_ts_template"), "pg_statistics_obj_is_visible": sqlNull,

		"pg_get_viewdef": view, "pg_get_viewdef_ext": view, "pg_get_viewdef_wrap": def(func(s Session, oid types.OID, _ []datum) (string, error) { return s.ViewDef(oid, true) }),
		"pg_get_viewdef_name": withSession(viewDefByName), "pg_get_viewdef_name_ext": withSession(viewDefByName),
		"pg_get_indexdef": indexDef, "pg_get_indexdef_ext": indexDef, "pg_get_constraintdef": constraintDef, "pg_get_constraintdef_ext": constraintDef,
		"pg_get_triggerdef": triggerDef, "pg_get_triggerdef_ext": triggerDef, "pg_get_ruledef": ruleDef, "pg_get_ruledef_ext": ruleDef,
		"pg_get_expr": expr, "pg_get_expr_ext": expr,
		"pg_get_functiondef":        def(func(s Session, oid types.OID, _ []datum) (string, error) { return s.FunctionDef(oid) }),
		"pg_get_function_arguments": procFn(func(c *Call, p *pgdata.Proc, _ []datum) (datum, error) { return text(argList(c, p, true)) }),
		"pg_get_function_identity_arguments": procFn(func(c *Call, p *pgdata.Proc, _ []datum) (datum, error) {
			return text(argList(c, p, false))
		}),
		"pg_get_function_result": procFn(functionResult), "pg_get_function_arg_default": procFn(argDefault), "pg_get_function_sqlbody": sqlNull,
		"pg_get_serial_sequence": withSession(serialSequence), "pg_get_replica_identity_index": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			if t := s.Catalog().Table(types.OID(a[0].Uint())); t != nil {
				if ix := t.PrimaryIndex(); ix != nil {
					return tuple.Uint(uint64(ix.OID)), nil
				}
			}
			return null, nil
		}),
		"pg_get_partkeydef": sqlNull, "pg_get_partition_constraintdef": sqlNull,
		"pg_get_statisticsobjdef": sqlNull, "pg_get_statisticsobjdef_columns": sqlNull, "pg_get_statisticsobjdef_expressions": sqlNull,
		"pg_relation_is_updatable": withSession(updatable), "pg_column_is_updatable": withSession(columnUpdatable),
		"pg_relation_is_publishable": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			t := s.Catalog().Table(types.OID(a[0].Uint()))
			if t == nil {
				return null, nil
			}
			return tuple.Bool(t.Kind == catalog.RelTable && !t.Virtual && t.Persistence == catalog.Permanent), nil
		}),
		"pg_relation_filenode": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			t, _ := s.Catalog().RelationByOID(types.OID(a[0].Uint()))
			if t == nil || t.StorageID == 0 {
				return null, nil
			}
			return tuple.Uint(uint64(t.StorageID)), nil
		}),
		"pg_index_has_property": withSession(indexProperty), "pg_index_column_has_property": withSession(indexColumnProperty),
		"pg_collation_for": func(c *Call, a []datum) (datum, error) {
			if t := c.Env.Type(c.ArgTypes[0]); t == nil || !t.Collatable() {
				return null, nil
			}
			return text(`"default"`)
		},
		"row_security_active": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			return nullable(false, relationExists(s, types.OID(a[0].Uint())))
		}),
		"to_regclass": softLookup(types.RegClass), "to_regtype": softLookup(types.RegType), "to_regproc": softLookup(types.RegProc),
		"to_regprocedure": softLookup(types.RegProcedure), "to_regoper": softLookup(types.RegOper), "to_regoperator": softLookup(types.RegOperator),
		"to_regnamespace": softLookup(types.RegNamespace), "to_regrole": softLookup(types.RegRole), "to_regcollation": softLookup(types.RegCollation),
		"text_regclass": func(c *Call, a []datum) (datum, error) {
			return types.Lookup(types.RegClass).ParseText(a[0].Str(), -1, c.Env)
		},
		"oidvectortypes": func(c *Call, a []datum) (datum, error) {
			arr := tuple.Array(a[0].Bytes())
			parts := make([]string, arr.Len())
			for i := range parts {
				parts[i] = types.FormatType(types.OID(arr.Elem(i).Uint()), -1, c.Env)
			}
			return text(strings.Join(parts, ", "))
		},
	}
	return m
}

func catalogSQL() map[types.OID]Fn {
	return map[types.OID]Fn{
		1215: withSession(objDescription), 1348: withSession(objDescriptionAny),
		1993: withSession(objDescription), // shobj_description(oid, name)
		1216: withSession(func(s Session, _ *Call, a []datum) (datum, error) { // col_description(oid, integer)
			return comment(s, types.OID(a[0].Uint()), classRelation, int32(a[1].Int()))
		}),
	}
}

func catalogSets() sets {
	return sets{"pg_get_keywords": keywordRows, "pg_options_to_table": optionRows,
		// No table is partitioned.
		"pg_partition_ancestors": noRows, "pg_partition_tree": noRows}
}

// noRows serves functions about things that Tarn never has.
func noRows(*Call, []datum) (Rows, error) { return tableRows(nil), nil }
