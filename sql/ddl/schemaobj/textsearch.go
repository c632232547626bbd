package schemaobj

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/textsearch"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// CreateDictionary is CREATE TEXT SEARCH DICTIONARY.
func CreateDictionary(x *stmt.Ctx, n *ast.DefineStmt) error {
	k := kinds[ast.OBJECT_TSDICTIONARY]
	schema, name, exists, err := k.place(x, n.Defnames)
	if err != nil {
		return err
	}
	d := &catalog.TSDictionary{}
	var options []textsearch.Option
	for _, e := range n.Definition {
		o := e.(*ast.DefElem)
		if strings.EqualFold(o.Defname, "template") {
			if d.Template, err = template(x, nameOf(o)); err != nil {
				return err
			}
			continue
		}
		options = append(options, textsearch.Option{Name: o.Defname, Value: stmt.DefString(o)})
	}
	if d.Template == 0 {
		return pgerr.New(pgerr.InvalidObjectDefinition, "text search template is required")
	}
	d.Options = optionText(options, n.Definition)
	if err := textsearch.Check(d.Template, d.Options); err != nil {
		return err
	}
	if exists {
		return duplicate("pg_ts_dict_dictname_index", "dictname, dictnamespace", name, schema)
	}
	d.Header = catalog.Header{OID: x.Editor.OID(), Schema: schema.OID, Name: name, Owner: x.User}
	if !catalog.BuiltIn(d.Template) {
		d.Deps = []catalog.Dep{{On: catalog.Address{Kind: catalog.KindTemplate, OID: d.Template}, Type: catalog.DepNormal}}
	}
	x.Editor.Put(d)
	return nil
}

// template finds a template: one of the system's, or an extension's along search_path. Errors: 42704.
func template(x *stmt.Ctx, name []string) (catalog.OID, error) {
	path := x.SearchPath()
	if len(name) > 1 {
		path = nil
		if s := x.Catalog().Schema(name[len(name)-2]); s != nil {
			path = []catalog.OID{s.OID}
		}
	}
	found, err := systemOID("pg_ts_template", "text search template", name)
	for i := 0; err != nil && i < len(path) && found == 0; i++ {
		x.Catalog().Named(catalog.KindTemplate, path[i], name[len(name)-1], func(o catalog.Object) bool {
			found, err = o.Head().OID, nil
			return false
		})
	}
	return found, err
}

// duplicate is the error of a catalog's unique index, which is all that keeps such names apart in PostgreSQL.
func duplicate(index, columns, name string, schema *catalog.Schema) error {
	return pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint \"%s\"", index).
		WithDetail("Key (%s)=(%s, %d) already exists.", columns, name, schema.OID)
}

func nameOf(d *ast.DefElem) []string {
	switch a := d.Arg.(type) {
	case *ast.TypeName:
		return stmt.Strs(a.Names)
	case *ast.List:
		return stmt.Strs(a.Items)
	}
	return []string{stmt.DefString(d)}
}

// systemOID finds an object of a catalog that only the system has rows in. Errors: 42704.
func systemOID(table, what string, name []string) (catalog.OID, error) {
	if len(name) == 1 || name[len(name)-2] == "pg_catalog" {
		for _, row := range pgdata.Load(table).Rows {
			if oid, err := types.ParseOID(*row[0]); err != nil || catalog.BuiltIn(oid) && *row[1] == name[len(name)-1] {
				return oid, err
			}
		}
	}
	return 0, pgerr.New(pgerr.UndefinedObject, "%s \"%s\" does not exist", what, strings.Join(name, "."))
}

// optionText is serialize_deflist: numbers stand as they are, all else in quotes.
func optionText(options []textsearch.Option, defs []ast.Node) string {
	number := map[string]bool{}
	for _, e := range defs {
		o := e.(*ast.DefElem)
		switch o.Arg.(type) {
		case *ast.Integer, *ast.Float:
			number[o.Defname] = true
		}
	}
	parts := make([]string, len(options))
	for i, o := range options {
		v := o.Value
		if !number[o.Name] {
			v = "'" + strings.ReplaceAll(strings.ReplaceAll(v, `\`, `\\`), "'", "''") + "'"
			if strings.Contains(o.Value, `\`) {
				v = "E" + v
			}
		}
		parts[i] = ruleutils.QuoteIdent(o.Name) + " = " + v
	}
	return strings.Join(parts, ", ")
}

// AlterDictionary is ALTER TEXT SEARCH DICTIONARY … (options).
func AlterDictionary(x *stmt.Ctx, n *ast.AlterTSDictionaryStmt) error {
	o, err := kinds[ast.OBJECT_TSDICTIONARY].open(x, n.Dictname)
	if err != nil {
		return err
	}
	d := *o.(*catalog.TSDictionary)
	options, err := textsearch.ParseOptions(d.Options)
	if err != nil {
		return err
	}
	for _, e := range n.Options {
		def := e.(*ast.DefElem)
		options = slices.DeleteFunc(options, func(o textsearch.Option) bool { return o.Name == def.Defname })
		if def.Arg != nil {
			options = append(options, textsearch.Option{Name: def.Defname, Value: stmt.DefString(def)})
		}
	}
	d.Options = optionText(options, n.Options)
	if err := textsearch.Check(d.Template, d.Options); err != nil {
		return err
	}
	x.Editor.Put(&d)
	return nil
}

// CreateConfig is CREATE TEXT SEARCH CONFIGURATION.
func CreateConfig(x *stmt.Ctx, n *ast.DefineStmt) error {
	k := kinds[ast.OBJECT_TSCONFIGURATION]
	schema, name, exists, err := k.place(x, n.Defnames)
	if err != nil {
		return err
	}
	c := &catalog.TSConfig{}
	copied := false
	for _, e := range n.Definition {
		o := e.(*ast.DefElem)
		switch strings.ToLower(o.Defname) {
		case "parser":
			if c.Parser, err = systemOID("pg_ts_parser", "text search parser", nameOf(o)); err != nil {
				return err
			}
		case "copy":
			list := make([]ast.Node, 0, 2)
			for _, s := range nameOf(o) {
				list = append(list, &ast.String{Sval: s})
			}
			from, err := k.find(x, list)
			if err != nil {
				return err
			}
			if from == nil {
				return k.missing(list)
			}
			src := from.(*catalog.TSConfig)
			copied = true
			if c.Parser != 0 {
				return bothParserAndCopy()
			}
			c.Map = cloneMap(src.Map)
			c.Parser = src.Parser
			continue
		default:
			return pgerr.New(pgerr.SyntaxError, "text search configuration parameter \"%s\" not recognized", o.Defname)
		}
		if copied {
			return bothParserAndCopy()
		}
	}
	if c.Parser == 0 {
		return pgerr.New(pgerr.InvalidObjectDefinition, "text search parser is required")
	}
	if exists {
		return duplicate("pg_ts_config_cfgname_index", "cfgname, cfgnamespace", name, schema)
	}
	c.Header = catalog.Header{OID: x.Editor.OID(), Schema: schema.OID, Name: name, Owner: x.User}
	putConfig(x, c)
	return nil
}

func bothParserAndCopy() error {
	return pgerr.New(pgerr.SyntaxError, "cannot specify both PARSER and COPY options")
}

func cloneMap(m []catalog.TSMapping) []catalog.TSMapping {
	out := make([]catalog.TSMapping, len(m))
	for i := range m {
		out[i] = catalog.TSMapping{Token: m[i].Token, Dicts: slices.Clone(m[i].Dicts)}
	}
	return out
}

// putConfig stores a configuration, which depends on the users' dictionaries in it.
func putConfig(x *stmt.Ctx, c *catalog.TSConfig) {
	c.Deps = nil
	for _, m := range c.Map {
		for _, d := range m.Dicts {
			dep := catalog.Dep{On: catalog.Address{Kind: catalog.KindTSDictionary, OID: d}, Type: catalog.DepNormal}
			if !catalog.BuiltIn(d) && !slices.Contains(c.Deps, dep) {
				c.Deps = append(c.Deps, dep)
			}
		}
	}
	x.Editor.Put(c)
}

// AlterConfig is ALTER TEXT SEARCH CONFIGURATION … MAPPING.
func AlterConfig(x *stmt.Ctx, n *ast.AlterTSConfigurationStmt) error {
	o, err := kinds[ast.OBJECT_TSCONFIGURATION].open(x, n.Cfgname)
	if err != nil {
		return err
	}
	c := *o.(*catalog.TSConfig)
	c.Map = cloneMap(c.Map)
	tokens, err := tokenTypes(n.Tokentype)
	if err != nil {
		return err
	}
	if n.Kind == ast.ALTER_TSCONFIG_DROP_MAPPING {
		for i, t := range tokens {
			at := slices.IndexFunc(c.Map, func(m catalog.TSMapping) bool { return m.Token == t })
			switch {
			case at >= 0:
				c.Map = slices.Delete(c.Map, at, at+1)
			case n.MissingOk:
				x.Note("", "mapping for token type \"%s\" does not exist, skipping", stmt.Strs(n.Tokentype)[i])
			default:
				return pgerr.New(pgerr.UndefinedObject, "mapping for token type \"%s\" does not exist", stmt.Strs(n.Tokentype)[i])
			}
		}
		putConfig(x, &c)
		return nil
	}
	dicts, err := dictionaries(x, n.Dicts)
	if err != nil {
		return err
	}
	if n.Replace {
		for i := range c.Map {
			m := &c.Map[i]
			if len(tokens) > 0 && !slices.Contains(tokens, m.Token) {
				continue
			}
			for j := range m.Dicts {
				if m.Dicts[j] == dicts[0] {
					m.Dicts[j] = dicts[1]
				}
			}
		}
		putConfig(x, &c)
		return nil
	}
	for _, t := range tokens {
		at := slices.IndexFunc(c.Map, func(m catalog.TSMapping) bool { return m.Token >= t })
		if at >= 0 && c.Map[at].Token == t {
			if !n.Override {
				return pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint \"pg_ts_config_map_index\"").
					WithDetail("Key (mapcfg, maptokentype, mapseqno)=(%d, %d, 1) already exists.", c.OID, t)
			}
			c.Map[at].Dicts = slices.Clone(dicts)
			continue
		}
		if at < 0 {
			at = len(c.Map)
		}
		c.Map = slices.Insert(c.Map, at, catalog.TSMapping{Token: t, Dicts: slices.Clone(dicts)})
	}
	putConfig(x, &c)
	return nil
}

func tokenTypes(list []ast.Node) (out []int, err error) {
	for _, name := range stmt.Strs(list) {
		t, ok := textsearch.TokenType(name)
		if !ok {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "token type \"%s\" does not exist", name)
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func dictionaries(x *stmt.Ctx, list []ast.Node) (out []catalog.OID, err error) {
	k := kinds[ast.OBJECT_TSDICTIONARY]
	for _, n := range list {
		name, err := names(n)
		if err != nil {
			return nil, err
		}
		d, err := k.find(x, name)
		if err != nil {
			return nil, err
		}
		if d == nil {
			return nil, k.missing(name)
		}
		out = append(out, d.Head().OID)
	}
	return out, nil
}
