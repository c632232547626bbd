package stmt

import (
	"hash/fnv"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// MaxName is the length of names, in bytes: NAMEDATALEN - 1.
const MaxName = 63

// Target is where a new relation goes.
func (x *Ctx) Target(rv *ast.RangeVar) (schema *catalog.Schema, persistence catalog.Persistence, err error) {
	persistence = catalog.Permanent
	if rv.Relpersistence != "" {
		persistence = catalog.Persistence(rv.Relpersistence[0])
	}
	if rv.Catalogname != "" {
		if db := x.Bind().Database; db != "" && db != rv.Catalogname {
			return nil, 0, pgerr.New(pgerr.FeatureNotSupported, "cross-database references are not implemented: \"%s.%s.%s\"", rv.Catalogname, rv.Schemaname, rv.Relname)
		}
	}
	switch {
	case rv.Schemaname == "pg_temp":
		persistence = catalog.Temporary
	case rv.Schemaname != "":
		schema = x.Catalog().Schema(rv.Schemaname)
		if schema == nil {
			return nil, 0, NoSchema(rv.Schemaname)
		}
		if persistence == catalog.Temporary && !IsTempSchema(schema) {
			return nil, 0, pgerr.New(pgerr.InvalidTableDefinition, "cannot create temporary relation in non-temporary schema")
		}
		if IsTempSchema(schema) {
			persistence = catalog.Temporary
		}
	case persistence != catalog.Temporary:
		path := x.SearchPath()
		if len(path) == 0 {
			return nil, 0, pgerr.New(pgerr.UndefinedSchema, "no schema has been selected to create in")
		}
		schema = x.Catalog().SchemaByOID(path[0])
		if schema != nil && IsTempSchema(schema) {
			persistence = catalog.Temporary
		}
	}
	if persistence == catalog.Temporary {
		if err := x.mayUseTemp(); err != nil {
			return nil, 0, err
		}
		oid := x.TempSchema()
		schema = x.Catalog().SchemaByOID(oid)
	}
	if schema == nil {
		return nil, 0, pgerr.New(pgerr.UndefinedSchema, "no schema has been selected to create in")
	}
	if SystemSchema(schema.OID) {
		return nil, 0, pgerr.New(pgerr.InsufficientPrivilege, "permission denied to create \"%s.%s\"", schema.Name, rv.Relname).
			WithDetail("System catalog modifications are currently disallowed.")
	}
	if err := x.MayCreateIn(schema); err != nil {
		return nil, 0, err
	}
	return schema, persistence, nil
}

// IsTempSchema reports a session's schema for temporary relations.
func IsTempSchema(s *catalog.Schema) bool { return strings.HasPrefix(s.Name, "pg_temp") }

// SystemSchema reports the schemas in which nothing can be made.
func SystemSchema(oid catalog.OID) bool {
	switch oid {
	case catalog.PgCatalogOID, catalog.PgToastOID, catalog.InformationSchemaOID, catalog.TarnSchemaOID:
		return true
	}
	return false
}

// NoSchema is the error for a missing schema, 3F000.
func NoSchema(name string) error {
	return pgerr.New(pgerr.UndefinedSchema, "schema \"%s\" does not exist", name)
}

// Claim locks a name that is about to be taken and reports whether a relation has it already.
func (x *Ctx) Claim(schema catalog.OID, name string) (taken bool, err error) {
	h := fnv.New64a()
	h.Write([]byte(strconv.Itoa(int(schema))))
	h.Write([]byte{0})
	h.Write([]byte(name))
	// Names share the lock space of tables, whose ids are below 2^32.
	if _, err := x.Txn.LockTable(x.Ctx, h.Sum64()|1<<63, lock.AccessExclusive, x.Locks); err != nil {
		return false, err
	}
	t, _ := x.Catalog().Relation(schema, name)
	return t != nil, nil
}

// ClaimNew is claim with the error for a taken name.
func (x *Ctx) ClaimNew(schema catalog.OID, name string) error {
	_, err := x.ClaimUnless(schema, name, false)
	return err
}

// ClaimUnless is ClaimNew of a statement that may say IF NOT EXISTS: exists, with a notice, for a taken name.
func (x *Ctx) ClaimUnless(schema catalog.OID, name string, ifNotExists bool) (exists bool, err error) {
	taken, err := x.Claim(schema, name)
	switch {
	case err != nil || !taken:
		return false, err
	case !ifNotExists:
		return false, RelationExists(name)
	}
	x.Note(pgerr.DuplicateTable, "relation \"%s\" already exists, skipping", name)
	return true, nil
}

// RelationExists is the error for a taken name, 42P07.
func RelationExists(name string) error {
	return pgerr.New(pgerr.DuplicateTable, "relation \"%s\" already exists", name)
}

// Lookup finds a relation by name; nil, nil, nil if there is none.
func (x *Ctx) Lookup(rv *ast.RangeVar) (*catalog.Table, *catalog.Index, error) {
	cat := x.Catalog()
	if rv.Catalogname != "" {
		if db := x.Bind().Database; db != "" && db != rv.Catalogname {
			return nil, nil, pgerr.New(pgerr.FeatureNotSupported, "cross-database references are not implemented: \"%s.%s.%s\"", rv.Catalogname, rv.Schemaname, rv.Relname)
		}
	}
	env := x.Bind()
	if rv.Schemaname != "" {
		if rv.Schemaname == "pg_temp" {
			t, ix := cat.Relation(env.TempSchema, rv.Relname)
			return t, ix, nil
		}
		s := cat.Schema(rv.Schemaname)
		if s == nil {
			return nil, nil, NoSchema(rv.Schemaname)
		}
		if env.MayUse != nil && !env.MayUse(s) {
			return nil, nil, Denied("permission denied for schema %s", s.Name)
		}
		t, ix := cat.Relation(s.OID, rv.Relname)
		return t, ix, nil
	}
	for _, s := range x.Path() {
		if t, ix := cat.Relation(s, rv.Relname); t != nil {
			return t, ix, nil
		}
	}
	return nil, nil, nil
}

// Path is search_path with the schemas that are searched without being listed.
func (x *Ctx) Path() []catalog.OID { return catalog.SearchPath(x.SearchPath(), x.Bind().TempSchema) }

// NoRelation is the error for a missing relation, 42P01.
func NoRelation(rv *ast.RangeVar) error {
	name := rv.Relname
	if rv.Schemaname != "" {
		name = rv.Schemaname + "." + name
	}
	return pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", name)
}

// SkipsRelation is for DROP … IF EXISTS of what belongs to a relation: where there is no such relation it says so.
func (x *Ctx) SkipsRelation(rv *ast.RangeVar) bool {
	if rv.Schemaname != "" && x.Catalog().Schema(rv.Schemaname) == nil {
		x.Note("", "schema \"%s\" does not exist, skipping", rv.Schemaname)
		return true
	}
	if t, _, err := x.Lookup(rv); err == nil && t == nil {
		x.Note("", "relation \"%s\" does not exist, skipping", rv.Relname)
		return true
	}
	return false
}

// Open finds a relation, locks its table and looks again: whoever held the lock may have changed or renamed it.
// A nil table without error: there is none.
func (x *Ctx) Open(rv *ast.RangeVar, mode lock.Mode) (*catalog.Table, *catalog.Index, error) {
	for {
		t, ix, err := x.Lookup(rv)
		if err != nil || t == nil {
			return nil, nil, err
		}
		if t.Virtual || SystemSchema(t.Schema) {
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: \"%s\" is a system catalog", rv.Relname)
		}
		if err := x.LockTable(t.OID, mode); err != nil {
			return nil, nil, err
		}
		t2, ix2, err := x.Lookup(rv)
		if err != nil {
			return nil, nil, err
		}
		if t2 != nil && t2.OID == t.OID && (ix == nil) == (ix2 == nil) && (ix == nil || ix.OID == ix2.OID) {
			return t2, ix2, nil
		}
	}
}

// OpenRelation is Open for a relation that must be there; 42P01.
func (x *Ctx) OpenRelation(rv *ast.RangeVar, mode lock.Mode) (*catalog.Table, *catalog.Index, error) {
	t, ix, err := x.Open(rv, mode)
	if err == nil && t == nil {
		err = NoRelation(rv)
	}
	return t, ix, err
}

// Reopen locks a relation whose OID is known and returns its newest descriptor; nil if it has gone.
func (x *Ctx) Reopen(oid catalog.OID, mode lock.Mode) (*catalog.Table, error) {
	if err := x.LockTable(oid, mode); err != nil {
		return nil, err
	}
	return x.Catalog().Table(oid), nil
}

// OpenTable is OpenRelation for a table.
func (x *Ctx) OpenTable(rv *ast.RangeVar, mode lock.Mode) (*catalog.Table, error) {
	t, ix, err := x.OpenRelation(rv, mode)
	switch {
	case err != nil:
		return nil, err
	case ix != nil || !t.LikeTable():
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table", rv.Relname)
	}
	return t, nil
}

// ObjectName is makeObjectName (commands/indexcmds.c): name1_name2_label, cut to the length of names by shortening the longer
// of the two.
func ObjectName(name1, name2, label string) string {
	overhead := 0
	n1, n2 := len(name1), len(name2)
	if name2 != "" {
		overhead++
	}
	if label != "" {
		overhead += len(label) + 1
	}
	avail := MaxName - overhead
	for n1+n2 > avail {
		if n1 > n2 {
			n1--
		} else {
			n2--
		}
	}
	s := Clip(name1, n1)
	if name2 != "" {
		s += "_" + Clip(name2, n2)
	}
	if label != "" {
		s += "_" + label
	}
	return s
}

// Clip cuts to at most n bytes between characters.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// RelationName chooses a name that no relation of the schema, and with constraint no constraint, has.
func (x *Ctx) RelationName(name1, name2, label string, schema catalog.OID, constraint bool, pending *catalog.Table) string {
	l := label
	for i := 1; ; i++ {
		name := ObjectName(name1, name2, l)
		if t, _ := x.Catalog().Relation(schema, name); t == nil && !PendingHas(pending, name) &&
			(!constraint || !x.ConstraintExists(schema, name)) {
			return name
		}
		l = label + strconv.Itoa(i)
	}
}

// ConstraintName chooses a name that no constraint in the schema has.
func (x *Ctx) ConstraintName(name1, name2, label string, schema catalog.OID, pending *catalog.Table) string {
	l := label
	for i := 1; ; i++ {
		name := ObjectName(name1, name2, l)
		if !x.ConstraintExists(schema, name) && !PendingHas(pending, name) {
			return name
		}
		l = label + strconv.Itoa(i)
	}
}

// ConstraintExists reports whether a relation of the schema has a constraint of this name.
func (x *Ctx) ConstraintExists(schema catalog.OID, name string) (found bool) {
	x.Catalog().ConstraintsNamed(schema, name, func(*catalog.Table, *catalog.Constraint) bool {
		found = true
		return false
	})
	return found
}

// PendingHas looks into a descriptor that is not in the catalog yet.
func PendingHas(t *catalog.Table, name string) bool {
	if t == nil {
		return false
	}
	for _, ix := range t.Indexes {
		if ix.Name == name {
			return true
		}
	}
	return t.ConstraintByName(name) != nil || t.Name == name
}

// Joined makes the middle part of a generated name from columns.
func Joined(cols []string) string {
	s := strings.Join(cols, "_")
	return Clip(s, MaxName)
}

// Name is the name of an object that has no schema, "" for nodes of other forms.
func Name(n ast.Node) string {
	if s, ok := n.(*ast.String); ok {
		return s.Sval
	}
	return ""
}

// Strs are the names in a list of String nodes.
func Strs(list []ast.Node) []string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		if s, ok := n.(*ast.String); ok {
			out = append(out, s.Sval)
		}
	}
	return out
}

// RangeVar makes a relation's name from the list of its parts.
func RangeVar(n ast.Node) (*ast.RangeVar, error) {
	switch v := n.(type) {
	case *ast.RangeVar:
		return v, nil
	case *ast.List:
		p := Strs(v.Items)
		switch len(p) {
		case 1:
			return &ast.RangeVar{Relname: p[0]}, nil
		case 2:
			return &ast.RangeVar{Schemaname: p[0], Relname: p[1]}, nil
		case 3:
			return &ast.RangeVar{Catalogname: p[0], Schemaname: p[1], Relname: p[2]}, nil
		}
		return nil, pgerr.New(pgerr.SyntaxError, "improper relation name (too many dotted names): %s", strings.Join(p, "."))
	}
	return nil, pgerr.Internal("relation name of unknown form %T", n)
}

// DefString is an option's value as text; "true" where none is given.
func DefString(d *ast.DefElem) string {
	switch v := d.Arg.(type) {
	case nil:
		return "true"
	case *ast.TypeName:
		return strings.Join(Strs(v.Names), ".")
	case *ast.List:
		return strings.Join(Strs(v.Items), ".")
	}
	return ast.Text(d.Arg)
}

// NameList is a qualified name that an option gives.
func NameList(n ast.Node) []ast.Node {
	switch v := n.(type) {
	case *ast.List:
		return v.Items
	case *ast.TypeName:
		return v.Names
	case *ast.String:
		return []ast.Node{v}
	}
	return []ast.Node{&ast.String{Sval: ast.Text(n)}}
}

// DefType is the type that an option gives.
func DefType(d *ast.DefElem) *ast.TypeName {
	if t, ok := d.Arg.(*ast.TypeName); ok {
		return t
	}
	return &ast.TypeName{Names: NameList(d.Arg), Typemod: -1, Location: -1}
}

// DefBool is an option's value as a Boolean; true where none is given.
func DefBool(d *ast.DefElem) (bool, error) {
	switch strings.ToLower(DefString(d)) {
	case "true", "on", "1":
		return true, nil
	case "false", "off", "0":
		return false, nil
	}
	return false, pgerr.New(pgerr.SyntaxError, "%s requires a Boolean value", d.Defname)
}

// IsNullConst reports the constant NULL.
func IsNullConst(n ast.Node) bool {
	c, ok := n.(*ast.A_Const)
	return ok && c.Isnull
}

// Position is a place of the statement's text as errors carry it; 0 for none.
func (x *Ctx) Position(loc int32) int { return (&place.Text{Source: x.Bind().Source}).Pos(loc) }

// Place is where a new object of the general store goes: its qualified name's schema, or the first of search_path.
func (x *Ctx) Place(names []ast.Node) (*catalog.Schema, string, error) {
	return x.PlaceWith(names, privilege.Create)
}

// PlaceWith is Place for objects that one of these privileges on the schema suffices for.
func (x *Ctx) PlaceWith(names []ast.Node, one privilege.Set) (*catalog.Schema, string, error) {
	rv, err := RangeVar(&ast.List{Items: names})
	if err != nil {
		return nil, "", err
	}
	name := types.TruncateName(rv.Relname)
	var schema *catalog.Schema
	switch {
	case rv.Schemaname == "pg_temp":
		oid := x.TempSchema() // before the catalog is read: it may be made here
		schema = x.Catalog().SchemaByOID(oid)
	case rv.Schemaname != "":
		if schema = x.Catalog().Schema(rv.Schemaname); schema == nil {
			return nil, "", NoSchema(rv.Schemaname)
		}
	default:
		if path := x.SearchPath(); len(path) > 0 {
			schema = x.Catalog().SchemaByOID(path[0])
		}
	}
	if schema == nil {
		return nil, "", pgerr.New(pgerr.UndefinedSchema, "no schema has been selected to create in")
	}
	if SystemSchema(schema.OID) {
		return nil, "", pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", schema.Name)
	}
	return schema, name, x.MayMakeIn(schema, one)
}
