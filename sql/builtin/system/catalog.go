package system

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/policy"
	"github.com/tarndb/tarn/sql/ruleutils"
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
func visibleRelation(s call.Session, oid types.OID) (visible, exists bool) {
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

func nullable(v, ok bool) (types.Datum, error) {
	if !ok {
		return types.Null, nil
	}
	return tuple.Bool(v), nil
}

// typeVisible: row types follow their relation, and pg_catalog is always in the path.
func typeVisible(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
	oid := types.OID(a[0].Uint())
	t := c.Env.Type(oid)
	if t == nil {
		return types.Null, nil
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
func builtinVisible(class string) call.Fn {
	return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		return nullable(true, isBuiltinObject(class, types.OID(a[0].Uint())))
	}
}

func formatType(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, nil
	}
	oid := types.OID(a[0].Uint())
	switch {
	case oid == 0:
		return call.Text("-")
	case c.Env.Type(oid) == nil:
		return call.Text("???")
	case a[1].IsNull():
		return call.Text(types.TypeName(oid, c.Env))
	}
	base := oid
	if t := c.Env.Type(oid); t.IsArray() {
		base = t.Elem
	}
	if a[1].Int() >= 0 && !types.HasTypmod(base) && catalog.BuiltIn(base) {
		return call.Text(types.FormatType(oid, -1, c.Env))
	}
	return call.Text(types.FormatType(oid, int32(a[1].Int()), c.Env))
}

func typeOf(c *call.Call, _ []types.Datum) (types.Datum, error) {
	return tuple.Uint(uint64(c.ArgTypes[0])), nil
}

func userByID(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	oid := types.OID(a[0].Uint())
	if name, ok := s.RoleName(oid); ok {
		return call.Text(name)
	}
	return call.Text("unknown (OID=" + strconv.FormatUint(uint64(oid), 10) + ")")
}

// described is a Describer's answer: "" is NULL.
func described(v string, err error) (types.Datum, error) {
	if err != nil || v == "" {
		return types.Null, err
	}
	return call.Text(v)
}

func pretty(a []types.Datum, i int) bool { return len(a) > i && a[i].Bool() }

// resolve reads a relation name as ::regclass does.
func resolve(c *call.Call, kind types.RegKind, name string) (types.OID, error) {
	if c.Env == nil || c.Env.Resolver == nil {
		return 0, errNoSession()
	}
	return c.Env.Resolver.RegOID(kind, name)
}

func viewDefByName(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
	oid, err := resolve(c, types.RegKindClass, a[0].Str())
	if err != nil {
		return types.Null, err
	}
	return described(s.ViewDef(oid, pretty(a, 1)))
}

// softLookup is to_regclass and its like: NULL instead of an error for what is not there.
func softLookup(typ types.OID) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		v, err := types.Lookup(typ).ParseText(a[0].Str(), -1, c.Env)
		switch pgerr.Code(err) {
		case "":
			return v, nil
		case pgerr.UndefinedTable, pgerr.UndefinedObject, pgerr.UndefinedFunction, pgerr.InvalidSchemaName, pgerr.AmbiguousFunction:
			return types.Null, nil
		}
		return types.Null, err
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

func comment(s call.Session, obj, class types.OID, sub int32) (types.Datum, error) {
	if v, ok := s.Comment(obj, class, sub); ok {
		return call.Text(v)
	}
	if v, ok := builtinComments()[[3]uint32{obj, class, uint32(sub)}]; ok {
		return call.Text(v)
	}
	return types.Null, nil
}

func objDescription(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	t, _ := s.Catalog().Relation(catalog.PgCatalogOID, a[1].Str())
	if t == nil {
		return types.Null, nil
	}
	return comment(s, types.OID(a[0].Uint()), t.OID, 0)
}

// objDescriptionAny is the old form without a catalog's name.
func objDescriptionAny(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	oid := types.OID(a[0].Uint())
	for _, class := range []types.OID{classRelation, classType, classProc, 2615, 2606, 2617} {
		if v, err := comment(s, oid, class, 0); err != nil || !v.IsNull() {
			return v, err
		}
	}
	return types.Null, nil
}

const (
	classRelation = 1259
	classType     = 1247
	classProc     = 1255
)

// argList prints the arguments of a function: with defaults for pg_get_function_arguments, without for identity.
func argList(c *call.Call, p *pgdata.Proc, defaults bool) string {
	var b strings.Builder
	all, modes := p.AllArgTypes, p.ArgModes
	if all == nil {
		all = p.ArgTypes
	}
	defs := splitDefaults(p.ArgDefaults)
	inputs, shown := 0, 0
	ordered := -1 // the argument before which ORDER BY stands
	if a := pgdata.AggregateOf(p); p.Kind == 'a' && a != nil && a.Kind != 'n' {
		// A last argument that is direct and aggregated at once is printed for both.
		if ordered = a.NumDirectArgs; ordered == len(all) && len(all) > 0 {
			all = append(all[:len(all):len(all)], all[len(all)-1])
			if modes != nil {
				modes = append(modes[:len(modes):len(modes)], modes[len(modes)-1])
			}
		}
	}
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
		switch {
		case i == ordered && shown > 0:
			b.WriteString(" ORDER BY ")
		case i == ordered:
			b.WriteString("ORDER BY ")
		case shown > 0:
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
			b.WriteString(ruleutils.QuoteIdent(p.ArgNames[i]) + " ")
		}
		b.WriteString(types.TypeName(t, c.Env))
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

func procFn(f func(c *call.Call, p *pgdata.Proc, a []types.Datum) (types.Datum, error)) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		p := anyProc(c, types.OID(a[0].Uint()))
		if p == nil {
			return types.Null, nil
		}
		return f(c, p, a)
	}
}

// anyProc finds a function, built in or the user's.
func anyProc(c *call.Call, oid types.OID) *pgdata.Proc {
	if p := call.ProcByOID(oid); p != nil || c.Sess == nil {
		return p
	}
	if f := c.Sess.Catalog().Function(oid); f != nil {
		return &f.Proc
	}
	return nil
}

func functionVisible(c *call.Call, a []types.Datum) (types.Datum, error) {
	p := anyProc(c, types.OID(a[0].Uint()))
	if p == nil || c.Sess == nil {
		return nullable(p != nil, p != nil)
	}
	cat := c.Sess.Catalog()
	for _, s := range c.Sess.SearchPath(true) {
		if s == p.Namespace {
			return tuple.Bool(true), nil
		}
		if s == catalog.PgCatalogOID {
			continue
		}
		for _, f := range cat.FunctionsNamed(s, p.Name) {
			if slices.Equal(f.Proc.ArgTypes, p.ArgTypes) {
				return tuple.Bool(false), nil
			}
		}
	}
	return tuple.Bool(false), nil
}

func operatorVisible(c *call.Call, a []types.Datum) (types.Datum, error) {
	oid := types.OID(a[0].Uint())
	if isBuiltinObject("pg_operator", oid) || c.Sess == nil {
		return tuple.Bool(true), nil
	}
	cat := c.Sess.Catalog()
	o := cat.Operator(oid)
	if o == nil {
		return types.Null, nil
	}
	for _, s := range c.Sess.SearchPath(true) {
		if s == catalog.PgCatalogOID {
			for _, b := range pgdata.Operators() {
				if catalog.BuiltIn(b.OID) && b.Name == o.Name && b.Left == o.Op.Left && b.Right == o.Op.Right {
					return tuple.Bool(false), nil
				}
			}
		}
		for _, x := range cat.OperatorsNamed(s, o.Name) {
			if x.Op.Left == o.Op.Left && x.Op.Right == o.Op.Right {
				return tuple.Bool(x.OID == oid), nil
			}
		}
	}
	return tuple.Bool(false), nil
}

func functionResult(c *call.Call, p *pgdata.Proc, _ []types.Datum) (types.Datum, error) {
	if p.Kind == 'p' {
		return types.Null, nil
	}
	out := types.TypeName(p.RetType, c.Env)
	var cols []string
	for i, mode := range p.ArgModes {
		if mode == "t" {
			name := ""
			if i < len(p.ArgNames) {
				name = ruleutils.QuoteIdent(p.ArgNames[i]) + " "
			}
			cols = append(cols, name+types.TypeName(p.AllArgTypes[i], c.Env))
		}
	}
	if cols != nil {
		return call.Text("TABLE(" + strings.Join(cols, ", ") + ")")
	}
	if p.RetSet {
		out = "SETOF " + out
	}
	return call.Text(out)
}

func argDefault(_ *call.Call, p *pgdata.Proc, a []types.Datum) (types.Datum, error) {
	defs := splitDefaults(p.ArgDefaults)
	n := int(a[1].Int())
	if n < 1 {
		return types.Null, nil
	}
	inputs := 0
	for i := range max(len(p.AllArgTypes), len(p.ArgTypes)) {
		if p.ArgModes == nil || p.ArgModes[i] != "o" && p.ArgModes[i] != "t" {
			inputs++
		}
		if i == n-1 {
			if d := inputs - 1 - (p.NArgs - len(defs)); d >= 0 && d < len(defs) {
				return call.Text(defs[d])
			}
			break
		}
	}
	return types.Null, nil
}

// serialSequence finds the sequence that a column owns.
func serialSequence(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
	oid, err := resolve(c, types.RegKindClass, a[0].Str())
	if err != nil {
		return types.Null, err
	}
	t := s.Catalog().Table(oid)
	if t == nil {
		return types.Null, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", a[0].Str())
	}
	col := t.ColumnByName(a[1].Str())
	if col == nil {
		return types.Null, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", a[1].Str(), t.Name)
	}
	var found *catalog.Table
	s.Catalog().OwnedSequences(oid, func(q *catalog.Table) bool {
		if q.Sequence.OwnerCol == col.AttNum {
			found = q
		}
		return found == nil
	})
	if found == nil {
		return types.Null, nil
	}
	return call.Text(ruleutils.Qualified(s.Catalog(), found.Schema, found.Name))
}

// keywordRows is pg_get_keywords().
func keywordRows(*call.Call, []types.Datum) (call.Rows, error) {
	t := pgdata.Load("keywords")
	word, code, bare, desc, baredesc := t.Col("word"), t.Col("catcode"), t.Col("barelabel"), t.Col("catdesc"), t.Col("baredesc")
	rows := make([][]types.Datum, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = []types.Datum{tuple.String(*r[word]), tuple.Int(int64((*r[code])[0])), tuple.Bool(*r[bare] == "t"), tuple.String(*r[desc]), tuple.String(*r[baredesc])}
	}
	return call.TableRows(rows), nil
}

// optionRows is pg_options_to_table(text[]).
func optionRows(_ *call.Call, a []types.Datum) (call.Rows, error) {
	arr := tuple.Array(a[0].Clone().Bytes())
	var rows [][]types.Datum
	for i := range arr.Len() {
		v := arr.Elem(i)
		if v.IsNull() {
			return nil, pgerr.New(pgerr.NullValueNotAllowed, "null array element not allowed in this context")
		}
		name, value, ok := strings.Cut(v.Str(), "=")
		row := []types.Datum{tuple.String(name), types.Null}
		if ok {
			row[1] = tuple.String(value)
		}
		rows = append(rows, row)
	}
	return call.TableRows(rows), nil
}

func updatable(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	return call.Int(int64(s.Updatable(types.OID(a[0].Uint()), a[1].Bool())))
}

func columnUpdatable(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	return tuple.Bool(s.UpdatableColumn(types.OID(a[0].Uint()), int16(a[1].Int()), a[2].Bool())), nil
}

// lookupRelation finds a relation and its index, if it is one.
func relationExists(s call.Session, oid types.OID) bool {
	t, _ := s.Catalog().RelationByOID(oid)
	return t != nil
}

func rowSecurityActive(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	t := s.Catalog().Table(types.OID(a[0].Uint()))
	if t == nil {
		return nullable(false, relationExists(s, types.OID(a[0].Uint())))
	}
	return tuple.Bool(policy.Guarded(t, s.Roles(), s.UserOID())), nil
}

func indexProperty(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	_, ix := s.Catalog().RelationByOID(types.OID(a[0].Uint()))
	if ix == nil {
		return types.Null, nil
	}
	switch types.LowerASCII(a[1].Str()) {
	case "clusterable", "index_scan", "bitmap_scan", "backward_scan":
		return tuple.Bool(true), nil
	}
	return types.Null, nil
}

func indexColumnProperty(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	_, ix := s.Catalog().RelationByOID(types.OID(a[0].Uint()))
	n := int(a[1].Int())
	if ix == nil || n < 1 || n > len(ix.Keys)+len(ix.Include) {
		return types.Null, nil
	}
	key := n <= len(ix.Keys)
	desc, first := false, false
	if key {
		desc, first = ix.Keys[n-1].Desc, ix.Keys[n-1].NullsFirst
	}
	ordered := func(v bool) (types.Datum, error) { return nullable(v, key) }
	switch types.LowerASCII(a[2].Str()) {
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
	return types.Null, nil
}

func catalogFns() call.Fns {
	def := func(f func(s call.Session, oid types.OID, a []types.Datum) (string, error)) call.Fn {
		return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			return described(f(s, types.OID(a[0].Uint()), a))
		})
	}
	view := def(func(s call.Session, oid types.OID, a []types.Datum) (string, error) {
		return s.ViewDef(oid, pretty(a, 1))
	})
	indexDef := def(func(s call.Session, oid types.OID, a []types.Datum) (string, error) {
		col := 0
		if len(a) > 1 {
			col = int(a[1].Int())
		}
		return s.IndexDef(oid, col, pretty(a, 2))
	})
	constraintDef := def(func(s call.Session, oid types.OID, a []types.Datum) (string, error) {
		return s.ConstraintDef(oid, pretty(a, 1))
	})
	triggerDef := def(func(s call.Session, oid types.OID, a []types.Datum) (string, error) {
		return s.TriggerDef(oid, pretty(a, 1))
	})
	ruleDef := def(func(s call.Session, oid types.OID, a []types.Datum) (string, error) {
		return s.RuleDef(oid, pretty(a, 1))
	})
	expr := withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		return described(s.Expr(a[0].Str(), types.OID(a[1].Uint()), pretty(a, 2)))
	})
	sqlNull := func(*call.Call, []types.Datum) (types.Datum, error) { return types.Null, nil }
	m := call.Fns{
		"format_type": formatType, "pg_typeof": typeOf, "pg_get_userbyid": withSession(userByID),
		"pg_describe_object": withSession(describeObject), "pg_identify_object": withSession(identifyObject),
		"pg_identify_object_as_address": withSession(identifyAddress), "pg_extension_config_dump": extensionConfigDump,
		"pg_table_is_visible": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			return nullable(visibleRelation(s, types.OID(a[0].Uint())))
		}),
		"pg_type_is_visible":     withSession(typeVisible),
		"pg_function_is_visible": functionVisible,
		"pg_operator_is_visible": operatorVisible, "pg_opclass_is_visible": builtinVisible("pg_opclass"),
		"pg_opfamily_is_visible": builtinVisible("pg_opfamily"), "pg_collation_is_visible": withSession(collationVisible),
		"pg_conversion_is_visible": builtinVisible("pg_conversion"), "pg_ts_config_is_visible": withSession(searchConfigVisible),
		"pg_ts_dict_is_visible": withSession(searchDictionaryVisible), "pg_ts_parser_is_visible": builtinVisible("pg_ts_parser"),
		"pg_ts_template_is_visible": builtinVisible("pg_ts_template"), "pg_statistics_obj_is_visible": sqlNull,

		"pg_get_viewdef": view, "pg_get_viewdef_ext": view, "pg_get_viewdef_wrap": def(func(s call.Session, oid types.OID, _ []types.Datum) (string, error) { return s.ViewDef(oid, true) }),
		"pg_get_viewdef_name": withSession(viewDefByName), "pg_get_viewdef_name_ext": withSession(viewDefByName),
		"pg_get_indexdef": indexDef, "pg_get_indexdef_ext": indexDef, "pg_get_constraintdef": constraintDef, "pg_get_constraintdef_ext": constraintDef,
		"pg_get_triggerdef": triggerDef, "pg_get_triggerdef_ext": triggerDef, "pg_get_ruledef": ruleDef, "pg_get_ruledef_ext": ruleDef,
		"pg_get_expr": expr, "pg_get_expr_ext": expr,
		"pg_get_functiondef": def(func(s call.Session, oid types.OID, _ []types.Datum) (string, error) { return s.FunctionDef(oid) }),
		"pg_get_function_arguments": procFn(func(c *call.Call, p *pgdata.Proc, _ []types.Datum) (types.Datum, error) {
			return call.Text(argList(c, p, true))
		}),
		"pg_get_function_identity_arguments": procFn(func(c *call.Call, p *pgdata.Proc, _ []types.Datum) (types.Datum, error) {
			return call.Text(argList(c, p, false))
		}),
		"pg_get_function_result": procFn(functionResult), "pg_get_function_arg_default": procFn(argDefault), "pg_get_function_sqlbody": sqlNull,
		"pg_get_serial_sequence": withSession(serialSequence), "pg_get_replica_identity_index": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			if t := s.Catalog().Table(types.OID(a[0].Uint())); t != nil {
				if ix := t.PrimaryIndex(); ix != nil {
					return tuple.Uint(uint64(ix.OID)), nil
				}
			}
			return types.Null, nil
		}),
		"pg_get_partkeydef": withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
			if t := s.Catalog().Table(types.OID(a[0].Uint())); t != nil && t.PartKey != nil {
				return call.Text(ruleutils.PartKeyDef(c.Env, t))
			}
			return types.Null, nil
		}),
		"pg_get_partition_constraintdef": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			if t := s.Catalog().Table(types.OID(a[0].Uint())); t != nil && t.Bound != nil {
				if def := ruleutils.PartConstraint(s.Catalog(), t); def != "" {
					return call.Text(def)
				}
			}
			return types.Null, nil
		}),
		"pg_partition_root":       withSession(partitionRoot),
		"pg_get_statisticsobjdef": sqlNull, "pg_get_statisticsobjdef_columns": sqlNull, "pg_get_statisticsobjdef_expressions": sqlNull,
		"pg_relation_is_updatable": withSession(updatable), "pg_column_is_updatable": withSession(columnUpdatable),
		"pg_relation_is_publishable": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			t := s.Catalog().Table(types.OID(a[0].Uint()))
			if t == nil {
				return types.Null, nil
			}
			return tuple.Bool(t.Kind == catalog.RelTable && !t.Virtual && t.Persistence == catalog.Permanent), nil
		}),
		"pg_relation_filenode": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			t, _ := s.Catalog().RelationByOID(types.OID(a[0].Uint()))
			if t == nil || t.StorageID == 0 {
				return types.Null, nil
			}
			return tuple.Uint(uint64(t.StorageID)), nil
		}),
		"pg_indexam_progress_phasename": buildPhase,
		// Statistics are read anew each time.
		"pg_stat_clear_snapshot": func(*call.Call, []types.Datum) (types.Datum, error) { return voidResult(nil) },
		"pg_index_has_property":  withSession(indexProperty), "pg_index_column_has_property": withSession(indexColumnProperty),
		"pg_collation_for": collationFor, "pg_collation_actual_version": withSession(collationVersion),
		"row_security_active": withSession(rowSecurityActive),
		"row_security_active_name": withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
			oid, err := types.Lookup(types.RegClass).ParseText(a[0].Str(), -1, c.Env)
			if err != nil {
				return types.Null, err
			}
			return rowSecurityActive(s, c, []types.Datum{oid})
		}),
		"to_regclass": softLookup(types.RegClass), "to_regtype": softLookup(types.RegType), "to_regproc": softLookup(types.RegProc),
		"to_regprocedure": softLookup(types.RegProcedure), "to_regoper": softLookup(types.RegOper), "to_regoperator": softLookup(types.RegOperator),
		"to_regnamespace": softLookup(types.RegNamespace), "to_regrole": softLookup(types.RegRole), "to_regcollation": softLookup(types.RegCollation),
		"text_regclass": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			return types.Lookup(types.RegClass).ParseText(a[0].Str(), -1, c.Env)
		},
		"oidvectortypes": func(c *call.Call, a []types.Datum) (types.Datum, error) {
			arr := tuple.Array(a[0].Bytes())
			parts := make([]string, arr.Len())
			for i := range parts {
				parts[i] = types.TypeName(types.OID(arr.Elem(i).Uint()), c.Env)
			}
			return call.Text(strings.Join(parts, ", "))
		},
	}
	return m
}

// buildPhase names a phase of building an index: only B-trees have any.
func buildPhase(_ *call.Call, a []types.Datum) (types.Datum, error) {
	const btree = 403
	phases := []string{"", "initializing", "scanning table", "sorting live tuples", "sorting dead tuples", "loading tuples in tree"}
	if n := a[1].Int(); a[0].Uint() == btree && n > 0 && n < int64(len(phases)) {
		return call.Text(phases[n])
	}
	return types.Null, nil
}

func catalogSQL() map[types.OID]call.Fn {
	return map[types.OID]call.Fn{
		1215: withSession(objDescription), 1348: withSession(objDescriptionAny),
		1993: withSession(objDescription), // shobj_description(oid, name)
		1216: withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) { // col_description(oid, integer)
			return comment(s, types.OID(a[0].Uint()), classRelation, int32(a[1].Int()))
		}),
	}
}

func catalogSets() call.Sets {
	return call.Sets{"tarn_mirror_history": mirrorHistory, "tarn_list_files": listFiles, "pg_get_keywords": keywordRows, "pg_options_to_table": optionRows,
		"pg_partition_ancestors": partitionAncestors, "pg_partition_tree": partitionTree,
		"pg_available_extensions": availableExtensions, "pg_available_extension_versions": availableExtensionVersions,
		"pg_extension_update_paths": extensionUpdatePaths}
}

// FunctionArguments is pg_get_function_arguments.
func FunctionArguments(c *call.Call, p *pgdata.Proc) string { return argList(c, p, true) }

// FunctionResult is pg_get_function_result.
func FunctionResult(c *call.Call, p *pgdata.Proc) (string, error) {
	d, err := functionResult(c, p, nil)
	if err != nil || d.IsNull() {
		return "", err
	}
	return d.Str(), nil
}
