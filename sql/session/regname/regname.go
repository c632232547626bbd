package regname

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// Session is what names are looked up in: a session's catalog, search path, roles and types.
type Session interface {
	Catalog() *catalog.Catalog
	SearchPath(implicit bool) []types.OID
	RoleOID(name string) (types.OID, bool)
	RoleName(oid types.OID) (string, bool)
	Bind() *bind.Env
	Types() *types.Env
}

// Names finds objects by the texts of the reg* types, and prints them so.
type Names struct{ S Session }

// OID finds an object of a kind by its text. Errors: those of the type's input function (manual: 8.19), 42601, 42P01, 42704, 42883, 42725,
// 3F000.
func (r Names) OID(kind types.RegKind, name string) (types.OID, error) {
	cat := r.S.Catalog()
	switch kind {
	case types.RegKindType:
		return r.typeByName(name)
	case types.RegKindProcedure, types.RegKindOperator:
		return r.signatureByName(kind, name)
	}
	parts, err := types.SplitName(name)
	if kind == types.RegKindOper {
		parts, err = operatorName(name)
	}
	if err != nil {
		return 0, err
	}
	if len(parts) > 3 {
		what := "qualified"
		if kind == types.RegKindClass {
			what = "relation"
		}
		return 0, pgerr.New(pgerr.SyntaxError, "improper %s name (too many dotted names): %s", what, strings.Join(parts, "."))
	}
	last := parts[len(parts)-1]
	switch kind {
	case types.RegKindClass:
		if len(parts) > 1 && cat.Schema(parts[len(parts)-2]) == nil && !strings.HasPrefix(parts[len(parts)-2], "pg_temp") {
			return 0, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", parts[len(parts)-2])
		}
		rv := &ast.RangeVar{Relname: last}
		if len(parts) > 1 {
			rv.Schemaname = parts[len(parts)-2]
		}
		if len(parts) > 2 {
			rv.Catalogname = parts[0]
		}
		t, ix, err := bind.ResolveTable(r.S.Bind(), rv)
		if err != nil {
			e := *pgerr.From(err)
			e.Position = 0
			return 0, &e
		}
		if ix != nil {
			return ix.OID, nil
		}
		return t.OID, nil
	case types.RegKindNamespace:
		if sc := cat.Schema(last); sc != nil {
			return sc.OID, nil
		}
		return 0, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", last)
	case types.RegKindRole:
		if oid, ok := r.S.RoleOID(last); ok {
			return oid, nil
		}
		return 0, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", last)
	case types.RegKindProc:
		list := r.functionsNamed(parts)
		switch len(list) {
		case 0:
			return 0, pgerr.New(pgerr.UndefinedFunction, "function \"%s\" does not exist", name)
		case 1:
			return list[0].OID, nil
		}
		return 0, pgerr.New(pgerr.AmbiguousFunction, "more than one function named \"%s\"", name)
	case types.RegKindOper:
		list := bind.OperatorsNamed(r.S.Bind(), parts)
		switch len(list) {
		case 0:
			return 0, pgerr.New(pgerr.UndefinedFunction, "operator does not exist: %s", name)
		case 1:
			return list[0].OID, nil
		}
		return 0, pgerr.New(pgerr.AmbiguousFunction, "more than one operator named %s", name)
	case types.RegKindCollation:
		return r.collationByName(parts)
	case types.RegKindConfig:
		return r.searchObject(parts, "configuration", func(s types.OID, name string) *catalog.Header {
			if c := cat.TSConfigNamed(s, name); c != nil {
				return &c.Header
			}
			return nil
		})
	case types.RegKindDictionary:
		return r.searchObject(parts, "dictionary", func(s types.OID, name string) *catalog.Header {
			if d := cat.TSDictionaryNamed(s, name); d != nil {
				return &d.Header
			}
			return nil
		})
	}
	return 0, pgerr.Internal("reg kind %d", kind)
}

// typeByName parses a type name as SQL spells it, "double precision" and "numeric(10,2)[]" too.
func (r Names) typeByName(name string) (types.OID, error) {
	n, err := parser.TypeName(name)
	if n == nil || err != nil {
		return 0, pgerr.New(pgerr.SyntaxError, "invalid type name \"%s\"", name)
	}
	t, err := bind.TypeName(r.S.Bind(), n)
	if err != nil {
		e := *pgerr.From(err)
		e.Position = 0
		return 0, &e
	}
	return t.OID, nil
}

// signatureByName finds f(type, …) or op(type, type).
func (r Names) signatureByName(kind types.RegKind, name string) (types.OID, error) {
	head, rest, ok := strings.Cut(name, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return 0, pgerr.New(pgerr.InvalidTextRepresentation, "expected a left parenthesis")
	}
	parts, err := types.SplitName(strings.TrimSpace(head))
	if kind == types.RegKindOperator {
		parts, err = operatorName(head)
	}
	if err != nil {
		return 0, err
	}
	var args []types.OID
	if rest = strings.TrimSpace(strings.TrimSuffix(rest, ")")); rest != "" {
		for _, a := range strings.Split(rest, ",") {
			if a = strings.TrimSpace(a); strings.EqualFold(a, "none") {
				args = append(args, 0)
				continue
			}
			oid, err := r.typeByName(a)
			if err != nil {
				return 0, err
			}
			args = append(args, oid)
		}
	}
	if kind == types.RegKindOperator {
		for _, o := range bind.OperatorsNamed(r.S.Bind(), parts) {
			if len(args) == 2 && o.Left == args[0] && o.Right == args[1] {
				return o.OID, nil
			}
		}
		return 0, pgerr.New(pgerr.UndefinedFunction, "operator does not exist: %s", name)
	}
	for _, p := range r.functionsNamed(parts) {
		if slices.Equal(p.ArgTypes, args) {
			return p.OID, nil
		}
	}
	return 0, pgerr.New(pgerr.UndefinedFunction, "function \"%s\" does not exist", name)
}

// operatorName takes schema.symbol apart.
func operatorName(s string) ([]string, error) {
	s = strings.TrimSpace(s)
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return []string{s}, nil
	}
	parts, err := types.SplitName(s[:i])
	return append(parts, strings.TrimSpace(s[i+1:])), err
}

// Visible reports whether a name alone finds the relation.
func (r Names) Visible(schema types.OID, name string, oid types.OID) bool {
	for _, sc := range r.S.SearchPath(true) {
		t, ix := r.S.Catalog().Relation(sc, name)
		switch {
		case ix != nil:
			return ix.OID == oid
		case t != nil:
			return t.OID == oid
		}
	}
	return false
}

// typeVisible reports whether a name alone finds the type.
func (r Names) typeVisible(t *types.Type) bool {
	cat := r.S.Catalog()
	for _, sc := range r.S.SearchPath(true) {
		if sc == catalog.PgCatalogOID && types.LookupName(t.Name) != nil {
			return false
		}
		if oid := cat.TypeNamed(sc, t.Name); oid != 0 {
			return oid == t.OID
		}
	}
	return false
}

// Qualified is a relation's name with its schema.
func (r Names) Qualified(schema types.OID, name string) string {
	return ruleutils.Qualified(r.S.Catalog(), schema, name)
}

// Text is an object as its kind prints it; ok is false where there is none.
func (r Names) Text(kind types.RegKind, oid types.OID) (string, bool) {
	cat := r.S.Catalog()
	switch kind {
	case types.RegKindClass:
		t, ix := cat.RelationByOID(oid)
		if t == nil {
			return "", false
		}
		name := t.Name
		if ix != nil {
			name = ix.Name
		}
		if r.Visible(t.Schema, name, oid) {
			return ruleutils.QuoteIdent(name), true
		}
		return r.Qualified(t.Schema, name), true
	case types.RegKindType:
		// FormatType asks here for the types that it does not know.
		if types.Lookup(oid) != nil {
			return types.TypeName(oid, r.S.Types()), true
		}
		if t := cat.UserType(oid); t != nil {
			if t.IsArray() {
				return types.TypeName(oid, r.S.Types()), true
			}
			if t.Schema == "" || r.typeVisible(t) {
				return ruleutils.QuoteIdent(t.Name), true
			}
			return ruleutils.QuoteIdent(t.Schema) + "." + ruleutils.QuoteIdent(t.Name), true
		}
	case types.RegKindNamespace:
		if sc := cat.SchemaByOID(oid); sc != nil {
			return ruleutils.QuoteIdent(sc.Name), true
		}
	case types.RegKindRole:
		if n, ok := r.S.RoleName(oid); ok {
			return ruleutils.QuoteIdent(n), true
		}
	case types.RegKindProc, types.RegKindProcedure:
		if p := r.Function(oid); p != nil {
			return r.FunctionText(p, kind == types.RegKindProcedure), true
		}
	case types.RegKindOper, types.RegKindOperator:
		if o := bind.OperatorByOID(r.S.Bind(), oid); o != nil {
			return r.operatorText(o, kind == types.RegKindOperator), true
		}
	case types.RegKindCollation:
		if c := cat.Collation(oid); c != nil {
			return r.inSchema(c.Schema, c.Name, r.CollationVisible(c)), true
		}
	case types.RegKindConfig:
		if c := cat.TSConfig(oid); c != nil {
			return r.inSchema(c.Schema, c.Name, r.ConfigVisible(c)), true
		}
	case types.RegKindDictionary:
		if d := cat.TSDictionary(oid); d != nil {
			return r.inSchema(d.Schema, d.Name, r.DictionaryVisible(d)), true
		}
	}
	return "", false
}

// Function finds a function, built in or the user's; nil if there is none.
func (r Names) Function(oid types.OID) *pgdata.Proc {
	if f := r.S.Catalog().Function(oid); f != nil {
		return &f.Proc
	}
	for i := range pgdata.Procs() {
		if p := &pgdata.Procs()[i]; p.OID == oid && catalog.BuiltIn(oid) {
			return p
		}
	}
	return nil
}

// functionsNamed lists the functions that a name finds: all of its schema, or of search_path.
func (r Names) functionsNamed(parts []string) (out []*pgdata.Proc) {
	cat := r.S.Catalog()
	name := parts[len(parts)-1]
	path := r.S.SearchPath(true)
	if len(parts) > 1 {
		sc := cat.Schema(parts[len(parts)-2])
		if sc == nil {
			return nil
		}
		path = []types.OID{sc.OID}
	}
	for _, schema := range path {
		for _, f := range cat.FunctionsNamed(schema, name) {
			out = append(out, &f.Proc)
		}
		for i := range pgdata.Procs() {
			if p := &pgdata.Procs()[i]; p.Name == name && catalog.BuiltIn(p.OID) && (p.Namespace == schema || schema == catalog.PgCatalogOID && len(parts) == 1 && p.Namespace != schema) {
				out = append(out, p)
			}
		}
	}
	return out
}

// operatorText is an operator as regoper and regoperator print it: the former with its schema unless the symbol finds it and no other.
func (r Names) operatorText(o *pgdata.Operator, args bool) string {
	visible := bind.OperatorsNamed(r.S.Bind(), []string{o.Name})
	name := o.Name
	if !slices.ContainsFunc(visible, func(v *pgdata.Operator) bool { return v.OID == o.OID }) || !args && len(visible) > 1 {
		if sc := r.S.Catalog().SchemaByOID(o.Namespace); sc != nil {
			name = ruleutils.QuoteIdent(sc.Name) + "." + name
		}
	}
	if !args {
		return name
	}
	side := func(t types.OID) string {
		if t == 0 {
			return "NONE"
		}
		return types.TypeName(t, r.S.Types())
	}
	return name + "(" + side(o.Left) + "," + side(o.Right) + ")"
}

// FunctionText is a function as regproc and regprocedure print it.
func (r Names) FunctionText(p *pgdata.Proc, args bool) string {
	name := ruleutils.QuoteIdent(p.Name)
	visible := p.Namespace == catalog.PgCatalogOID || p.Namespace == catalog.TarnSchemaOID
	if !visible {
		for _, q := range r.functionsNamed([]string{p.Name}) {
			if slices.Equal(q.ArgTypes, p.ArgTypes) {
				visible = q.OID == p.OID
				break
			}
		}
	}
	if visible && !args {
		visible = len(r.functionsNamed([]string{p.Name})) == 1 // it alone has the name
	}
	if !visible {
		if sc := r.S.Catalog().SchemaByOID(p.Namespace); sc != nil {
			name = ruleutils.QuoteIdent(sc.Name) + "." + name
		}
	}
	if !args {
		return name
	}
	list := make([]string, len(p.ArgTypes))
	for i, a := range p.ArgTypes {
		list[i] = types.TypeName(a, r.S.Types())
	}
	return name + "(" + strings.Join(list, ",") + ")"
}
