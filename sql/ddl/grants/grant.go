package grants

import (
	"errors"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// grant is GRANT or REVOKE on objects (manual: GRANT).
type grant struct {
	*stmt.Ctx
	n        *ast.GrantStmt
	kind     privilege.Kind
	all      bool // ALL PRIVILEGES
	privs    privilege.Set
	columns  []columnGrant
	grantees []catalog.OID
}

// columnGrant are privileges with a column list; privs 0: all of a column's.
type columnGrant struct {
	privs privilege.Set
	cols  []string
}

// grantable is one object as ExecGrant sees it.
type grantable struct {
	kind  privilege.Kind
	word  string // for messages: table, sequence …
	name  string
	owner catalog.OID
	acl   privilege.ACL // effective
}

var grantKinds = map[ast.ObjectType]struct {
	kind privilege.Kind
	word string
}{
	ast.OBJECT_TABLE: {privilege.Relation, "relation"}, ast.OBJECT_SEQUENCE: {privilege.Sequence, "sequence"}, ast.OBJECT_DATABASE: {privilege.Database, "database"},
	ast.OBJECT_SCHEMA: {privilege.Schema, "schema"}, ast.OBJECT_FUNCTION: {privilege.Function, "function"}, ast.OBJECT_PROCEDURE: {privilege.Function, "procedure"},
	ast.OBJECT_ROUTINE: {privilege.Function, "routine"}, ast.OBJECT_TYPE: {privilege.Type, "type"}, ast.OBJECT_DOMAIN: {privilege.Type, "domain"},
	ast.OBJECT_LANGUAGE: {privilege.Language, "language"}, ast.OBJECT_VOLUME: {privilege.Volume, "volume"},
}

// Grant is GRANT and REVOKE on objects; the tag says which.
func Grant(x *stmt.Ctx, n *ast.GrantStmt) (string, error) {
	tag := "REVOKE"
	if n.IsGrant {
		tag = "GRANT"
	}
	k, ok := grantKinds[n.Objtype]
	if !ok {
		return "", pgerr.Unsupported(tag + " on this kind of object")
	}
	g := &grant{Ctx: x, n: n, kind: k.kind}
	if err := g.prepare(k.word); err != nil {
		return "", err
	}
	return tag, g.run()
}

// prepare reads privileges, grantees and grantor.
func (g *grant) prepare(word string) error {
	if g.n.Grantor != nil {
		oid, err := g.RoleID(g.n.Grantor)
		if err != nil {
			return err
		}
		if oid != g.User {
			return pgerr.New(pgerr.FeatureNotSupported, "grantor must be current user")
		}
	}
	for _, e := range g.n.Grantees {
		spec := e.(*ast.RoleSpec)
		if spec.Roletype == ast.ROLESPEC_PUBLIC {
			g.grantees = append(g.grantees, privilege.Public)
			continue
		}
		oid, err := g.RoleID(spec)
		if err != nil {
			return err
		}
		g.grantees = append(g.grantees, oid)
	}
	g.all = len(g.n.Privileges) == 0
	for _, e := range g.n.Privileges {
		p := e.(*ast.AccessPriv)
		set := privilege.Set(0)
		if p.PrivName != "" {
			var ok bool
			if set, ok = privilege.ByName(strings.ToUpper(p.PrivName)); !ok {
				return pgerr.New(pgerr.SyntaxError, "unrecognized privilege type \"%s\"", p.PrivName)
			}
		}
		if len(p.Cols) > 0 {
			if g.kind != privilege.Relation {
				return pgerr.New(pgerr.InvalidGrantOperation, "column privileges are only valid for relations")
			}
			if set != 0 && set&^privilege.Column.All() != 0 {
				return pgerr.New(pgerr.InvalidGrantOperation, "invalid privilege type %s for column", set.Name())
			}
			g.columns = append(g.columns, columnGrant{set, stmt.Strs(p.Cols)})
			continue
		}
		valid := g.kind.Grantable()
		if g.kind == privilege.Relation {
			valid |= privilege.Usage // of a sequence that GRANT ON TABLE names
		}
		if set&^valid != 0 {
			return pgerr.New(pgerr.InvalidGrantOperation, "invalid privilege type %s for %s", set.Name(), word)
		}
		g.privs |= set
	}
	return nil
}

func (g *grant) run() error {
	if g.n.Targtype == ast.ACL_TARGET_ALL_IN_SCHEMA {
		return g.allInSchemas()
	}
	for _, o := range g.n.Objects {
		if err := g.onObject(o); err != nil {
			return err
		}
	}
	return nil
}

func (g *grant) onObject(o ast.Node) error {
	switch g.kind {
	case privilege.Relation, privilege.Sequence:
		rv, err := stmt.RangeVar(o)
		if err != nil {
			return err
		}
		t, ix, err := g.openGranted(rv)
		switch {
		case err != nil:
			return err
		case t == nil:
			return stmt.NoRelation(rv)
		case ix != nil:
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is an index", rv.Relname)
		case t.Kind == catalog.RelComposite:
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is a composite type", rv.Relname)
		case g.kind == privilege.Sequence && t.Kind != catalog.RelSequence:
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a sequence", rv.Relname)
		}
		return g.onRelation(t)
	case privilege.Schema:
		name := o.(*ast.String).Sval
		sc := g.Catalog().Schema(name)
		if sc == nil {
			return stmt.NoSchema(name)
		}
		acl, err := g.change(grantable{privilege.Schema, "schema", sc.Name, sc.Owner, sc.EffectiveACL()}, g.privs)
		if err != nil {
			return err
		}
		next := *sc
		next.ACL = acl
		g.Editor.PutSchema(&next)
		return nil
	case privilege.Database:
		return g.Hooks.DatabaseACL(o.(*ast.String).Sval, func(name string, owner catalog.OID, acl privilege.ACL) (privilege.ACL, error) {
			if acl == nil {
				acl = privilege.Default(privilege.Database, owner)
			}
			return g.change(grantable{privilege.Database, "database", name, owner, acl}, g.privs)
		})
	case privilege.Type:
		return g.onType(o)
	case privilege.Function:
		return g.onFunction(o)
	case privilege.Language:
		return g.onLanguage(o.(*ast.String).Sval)
	case privilege.Volume:
		return g.onVolume(stmt.Strs(o.(*ast.List).Items))
	}
	return pgerr.Unsupported("privileges of this kind of object")
}

func (g *grant) onVolume(name []string) error {
	schemas, err := schemasOf(g.Ctx, name)
	if err != nil {
		return err
	}
	for _, s := range schemas {
		v := g.Catalog().VolumeNamed(s, name[len(name)-1])
		if v == nil {
			continue
		}
		next := *v
		if next.ACL, err = g.change(grantable{privilege.Volume, "volume", v.Name, v.Owner, v.EffectiveACL()}, g.privs); err != nil {
			return err
		}
		g.Editor.Put(&next)
		return nil
	}
	return pgerr.New(pgerr.UndefinedObject, "volume \"%s\" does not exist", strings.Join(name, "."))
}

func (g *grant) onLanguage(name string) error {
	for _, r := range pgdata.Load("pg_language").Rows {
		if *r[1] != name {
			continue
		}
		if *r[4] != "t" {
			return pgerr.New(pgerr.WrongObjectType, "language \"%s\" is not trusted", name).
				WithDetail("GRANT and REVOKE are not allowed on untrusted languages, because only superusers can use untrusted languages.")
		}
		oid, err := types.ParseOID(*r[0])
		if err != nil {
			return err
		}
		acl, err := g.change(grantable{privilege.Language, "language", name, catalog.SuperuserOID, g.Catalog().LanguageACL(oid)}, g.privs)
		if err != nil {
			return err
		}
		g.Editor.Put(&catalog.LanguageACL{Header: catalog.Header{OID: oid, Name: name, Owner: catalog.SuperuserOID, ACL: acl}})
		return nil
	}
	return pgerr.New(pgerr.UndefinedObject, "language \"%s\" does not exist", name)
}

// openGranted is open that takes a system's relation, too, which PostgreSQL lets superusers grant on.
func (g *grant) openGranted(rv *ast.RangeVar) (*catalog.Table, *catalog.Index, error) {
	t, _, err := g.Lookup(rv)
	if err != nil || t == nil {
		return nil, nil, err
	}
	if catalog.BuiltIn(t.OID) {
		return nil, nil, pgerr.Unsupported("privileges of system relations")
	}
	return g.Open(rv, lock.ShareUpdateExclusive)
}

// onRelation is ExecGrant_Relation.
func (g *grant) onRelation(t *catalog.Table) error {
	kind, privs := t.PrivilegeKind(), g.privs
	if !g.all && kind == privilege.Relation && privs&privilege.Usage != 0 {
		return pgerr.New(pgerr.InvalidGrantOperation, "invalid privilege type %s for table", "USAGE")
	}
	if bad := privs &^ kind.All(); bad != 0 && kind == privilege.Sequence {
		// GRANT ON TABLE of a sequence, as dumps of PostgreSQL before 8.2 have it.
		g.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.InvalidGrantOperation, "sequence \"%s\" only supports USAGE, SELECT, and UPDATE privileges", t.Name))
		privs &= kind.All()
	}
	next := stmt.Edit(t)
	if g.all || privs != 0 {
		word := t.Word()
		acl, err := g.change(grantable{kind, word, t.Name, t.Owner, t.EffectiveACL()}, privs)
		if err != nil {
			return err
		}
		next.ACL = acl
		if !g.n.IsGrant { // revoking from the table revokes from its columns
			lost := privs & privilege.Column.All()
			if g.all {
				lost = privilege.Column.All()
			}
			for i := range next.Columns {
				if c := &next.Columns[i]; len(c.ACL) > 0 {
					if err := g.onColumn(t, c, lost, true); err != nil {
						return err
					}
				}
			}
		}
	}
	for _, cg := range g.columns {
		if kind == privilege.Sequence {
			return pgerr.New(pgerr.InvalidGrantOperation, "sequence \"%s\" only supports SELECT column privileges", t.Name)
		}
		for _, name := range cg.cols {
			c := next.ColumnByName(name)
			if c == nil {
				return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
			}
			if err := g.onColumn(t, c, cg.privs, cg.privs == 0); err != nil {
				return err
			}
		}
	}
	g.Put(next)
	return nil
}

// onColumn changes a column's list; what may be granted may come from the table's, too.
func (g *grant) onColumn(t *catalog.Table, c *catalog.Column, privs privilege.Set, all bool) error {
	if privs == 0 {
		privs = privilege.Column.All()
	}
	acl := c.ACL
	if acl == nil {
		acl = privilege.ACL{}
	}
	merged := t.EffectiveACL().Merge(acl)
	next, err := g.changeFrom(grantable{privilege.Column, "column", c.Name, t.Owner, acl}, merged, privs, all, t.Name)
	if err != nil {
		return err
	}
	if len(next) == 0 {
		next = nil
	}
	c.ACL = next
	return nil
}

func (g *grant) onType(o ast.Node) error {
	name, err := typeNameOf(o)
	if err != nil {
		return err
	}
	t, err := userType(g.Ctx, name)
	if err != nil {
		return err
	}
	acl := t.ACL
	if acl == nil {
		acl = privilege.Default(privilege.Type, t.Owner)
	}
	acl, err = g.change(grantable{privilege.Type, "type", t.Name, t.Owner, acl}, g.privs)
	if err != nil {
		return err
	}
	next := *t
	next.ACL = acl
	g.Editor.Put(&next)
	return nil
}

// typeNameOf is the name in GRANT ON TYPE.
func typeNameOf(o ast.Node) ([]string, error) {
	switch v := o.(type) {
	case *ast.List:
		return stmt.Strs(v.Items), nil
	case *ast.TypeName:
		return stmt.Strs(v.Names), nil
	}
	return nil, pgerr.Internal("type name of form %T", o)
}

// schemasOf are those that an object of a possibly qualified name is looked for in.
func schemasOf(x *stmt.Ctx, name []string) ([]catalog.OID, error) {
	if len(name) == 1 {
		return x.Path(), nil
	}
	sc := x.Catalog().Schema(name[len(name)-2])
	if sc == nil {
		return nil, stmt.NoSchema(name[len(name)-2])
	}
	return []catalog.OID{sc.OID}, nil
}

func userType(x *stmt.Ctx, name []string) (*catalog.Type, error) {
	last := name[len(name)-1]
	schemas, err := schemasOf(x, name)
	if err != nil {
		return nil, err
	}
	for _, s := range schemas {
		if oid := x.Catalog().TypeNamed(s, last); oid != 0 {
			t := x.Catalog().Type(oid)
			if t == nil {
				return nil, pgerr.Unsupported("privileges of row types")
			}
			if t.OID != oid {
				return nil, pgerr.New(pgerr.InvalidGrantOperation, "cannot set privileges of array types").WithHint("Set the privileges of the element type instead.")
			}
			return t, nil
		}
	}
	if types.LookupName(last) != nil {
		return nil, pgerr.Unsupported("privileges of built-in types")
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", strings.Join(name, "."))
}

func (g *grant) onFunction(o ast.Node) error {
	kind := map[ast.ObjectType]byte{ast.OBJECT_FUNCTION: 'f', ast.OBJECT_PROCEDURE: 'p'}[g.n.Objtype] // 0: ROUTINE
	f, builtin, err := bind.Routine(g.Bind(), o.(*ast.ObjectWithArgs), kind)
	switch {
	case err != nil:
		return err
	case builtin != nil:
		return pgerr.Unsupported("privileges of built-in functions")
	}
	return g.changeFunction(f)
}

func (g *grant) changeFunction(f *catalog.Function) error {
	acl, err := g.change(grantable{privilege.Function, stmt.RoutineWord(f.Proc.Kind), f.Name, f.Owner, f.EffectiveACL()}, g.privs)
	if err != nil {
		return err
	}
	next := *f
	next.ACL = acl
	g.Editor.Put(&next)
	return nil
}

// allInSchemas is ON ALL … IN SCHEMA.
func (g *grant) allInSchemas() error {
	for _, o := range g.n.Objects {
		sc := g.Catalog().Schema(o.(*ast.String).Sval)
		if sc == nil {
			return stmt.NoSchema(o.(*ast.String).Sval)
		}
		switch g.kind {
		case privilege.Relation, privilege.Sequence:
			var list []catalog.OID
			g.Catalog().Tables(func(t *catalog.Table) bool {
				if t.Schema == sc.OID && t.Kind != catalog.RelComposite && (t.Kind == catalog.RelSequence) == (g.kind == privilege.Sequence) {
					list = append(list, t.OID)
				}
				return true
			})
			for _, oid := range list {
				t, err := g.Reopen(oid, lock.ShareUpdateExclusive)
				if err == nil && t != nil {
					err = g.onRelation(t)
				}
				if err != nil {
					return err
				}
			}
		case privilege.Function:
			var list []*catalog.Function
			g.Catalog().Objects(catalog.KindFunction, func(o catalog.Object) bool {
				f := o.(*catalog.Function)
				procedure := f.Proc.Kind == 'p'
				if f.Schema == sc.OID && (g.n.Objtype == ast.OBJECT_ROUTINE || procedure == (g.n.Objtype == ast.OBJECT_PROCEDURE)) {
					list = append(list, f)
				}
				return true
			})
			for _, f := range list {
				if err := g.changeFunction(f); err != nil {
					return err
				}
			}
		default:
			return pgerr.Unsupported("privileges of all objects of this kind")
		}
	}
	return nil
}

// change is a grant on an object whose options come from its own list.
func (g *grant) change(o grantable, privs privilege.Set) (privilege.ACL, error) {
	return g.changeFrom(o, o.acl, privs, g.all, "")
}

// changeFrom gives an object's new list. options is the list that grant options are looked for in. Who may grant nothing of what
// is asked gets a warning where some privilege of the object is theirs, and an error otherwise (restrict_and_check_grant).
func (g *grant) changeFrom(o grantable, options privilege.ACL, privs privilege.Set, all bool, table string) (privilege.ACL, error) {
	if all || privs == 0 {
		privs = o.kind.All()
		if all && !g.n.IsGrant {
			privs = o.kind.Grantable()
		}
	}
	if g.Roles == nil {
		return nil, pgerr.Internal("GRANT without roles")
	}
	grantor, can := options.Grantor(g.Roles, g.User, o.owner, privs)
	if can == 0 {
		if options.Mask(g.Roles, g.User, o.owner, o.kind.All(), true)|options.Mask(g.Roles, g.User, o.owner, o.kind.All(), false) == 0 && !g.Super() {
			if table != "" {
				return nil, stmt.Denied("permission denied for table %s", table)
			}
			return nil, stmt.Denied("permission denied for %s %s", o.word, o.name)
		}
	}
	goods := privs & can
	g.warn(o, table, goods, privs, all)
	acl := o.acl
	for _, grantee := range g.grantees {
		if g.n.IsGrant && g.n.GrantOption && grantee == privilege.Public {
			return nil, pgerr.New(pgerr.InvalidGrantOperation, "grant options can only be granted to roles")
		}
		if goods == 0 {
			continue
		}
		next, err := acl.Apply(privilege.Change{Grantee: grantee, Grantor: grantor, Privs: goods, Option: g.n.GrantOption, Revoke: !g.n.IsGrant,
			Cascade: g.n.Behavior == ast.DROP_CASCADE}, o.owner)
		switch {
		case errors.Is(err, privilege.ErrDependent):
			return nil, pgerr.New(pgerr.DependentObjectsStillExist, "dependent privileges exist").WithHint("Use CASCADE to revoke them too.")
		case errors.Is(err, privilege.ErrCircular):
			return nil, pgerr.New(pgerr.InvalidGrantOperation, "%s", err.Error())
		case err != nil:
			return nil, err
		}
		acl = next
	}
	return acl, nil
}

func (g *grant) warn(o grantable, table string, goods, privs privilege.Set, all bool) {
	what, code := "granted", pgerr.WarningPrivilegeNotGranted
	if !g.n.IsGrant {
		what, code = "revoked", pgerr.WarningPrivilegeNotRevoked
	}
	object := "\"" + o.name + "\""
	if table != "" {
		object = "column \"" + o.name + "\" of relation \"" + table + "\""
	}
	switch {
	case goods == 0:
		word := "no privileges were "
		if !g.n.IsGrant {
			word = "no privileges could be "
		}
		g.Notice(pgerr.Notice(pgerr.SeverityWarning, code, "%s%s for %s", word, what, object))
	case !all && goods != privs:
		word := "not all privileges were "
		if !g.n.IsGrant {
			word = "not all privileges could be "
		}
		g.Notice(pgerr.Notice(pgerr.SeverityWarning, code, "%s%s for %s", word, what, object))
	}
}

// DefaultPrivileges is ALTER DEFAULT PRIVILEGES.
func DefaultPrivileges(x *stmt.Ctx, n *ast.AlterDefaultPrivilegesStmt) error {
	var schemas, roles []ast.Node
	for _, o := range n.Options {
		d := o.(*ast.DefElem)
		list, _ := d.Arg.(*ast.List)
		if list == nil {
			continue
		}
		switch d.Defname {
		case "schemas":
			schemas = list.Items
		case "roles":
			roles = list.Items
		}
	}
	kinds := map[ast.ObjectType]struct {
		kind privilege.Kind
		what byte
		word string
	}{
		ast.OBJECT_TABLE: {privilege.Relation, 'r', "relation"}, ast.OBJECT_SEQUENCE: {privilege.Sequence, 'S', "sequence"},
		ast.OBJECT_FUNCTION: {privilege.Function, 'f', "function"}, ast.OBJECT_TYPE: {privilege.Type, 'T', "type"}, ast.OBJECT_SCHEMA: {privilege.Schema, 'n', "schema"},
	}
	k, ok := kinds[n.Action.Objtype]
	if !ok {
		return pgerr.Unsupported("default privileges of this kind of object")
	}
	g := &grant{Ctx: x, n: n.Action, kind: k.kind}
	if err := g.prepare(k.word); err != nil {
		return err
	}
	owners := []catalog.OID{x.User}
	if len(roles) > 0 {
		owners = nil
		for _, r := range roles {
			oid, err := x.RoleID(r.(*ast.RoleSpec))
			if err != nil {
				return err
			}
			if !x.Super() && !x.Roles.HasPrivsOf(x.User, oid) {
				return stmt.Denied("permission denied to change default privileges")
			}
			owners = append(owners, oid)
		}
	}
	places := []catalog.OID{0}
	if len(schemas) > 0 {
		places = nil
		if k.kind == privilege.Schema {
			return pgerr.New(pgerr.InvalidGrantOperation, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS")
		}
		for _, s := range schemas {
			sc := x.Catalog().Schema(s.(*ast.String).Sval)
			if sc == nil {
				return stmt.NoSchema(s.(*ast.String).Sval)
			}
			places = append(places, sc.OID)
		}
	}
	for _, owner := range owners {
		for _, place := range places {
			if err := g.setDefault(owner, place, k.what); err != nil {
				return err
			}
		}
	}
	return nil
}

// setDefault changes one row of pg_default_acl: the owner grants.
func (g *grant) setDefault(owner, schema catalog.OID, what byte) error {
	base := privilege.ACL{}
	if schema == 0 {
		base = privilege.Default(g.kind, owner)
	}
	old := g.Catalog().DefaultACL(owner, schema, what)
	acl := base
	if old != nil {
		acl = old.ACL
	}
	privs := g.privs
	if g.all {
		privs = g.kind.All()
	}
	for _, grantee := range g.grantees {
		if g.n.IsGrant && g.n.GrantOption && grantee == privilege.Public {
			return pgerr.New(pgerr.InvalidGrantOperation, "grant options can only be granted to roles")
		}
		next, err := acl.Apply(privilege.Change{Grantee: grantee, Grantor: owner, Privs: privs, Option: g.n.GrantOption, Revoke: !g.n.IsGrant,
			Cascade: g.n.Behavior == ast.DROP_CASCADE}, owner)
		if errors.Is(err, privilege.ErrDependent) {
			return pgerr.New(pgerr.DependentObjectsStillExist, "dependent privileges exist").WithHint("Use CASCADE to revoke them too.")
		}
		if err != nil {
			return err
		}
		acl = next
	}
	switch {
	case acl.Equal(base) && old != nil:
		g.Editor.Drop(catalog.AddressOf(old))
	case acl.Equal(base):
	case old != nil:
		next := *old
		next.ACL = acl
		g.Editor.Put(&next)
	default:
		g.Editor.Put(&catalog.DefaultACL{Header: catalog.Header{OID: g.Editor.OID(), Schema: schema, Owner: owner, ACL: acl}, For: what})
	}
	return nil
}
