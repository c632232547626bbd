package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/ddl/usertype"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// newTable is a table that CREATE TABLE or ALTER TABLE is putting together.
type newTable struct {
	t      *catalog.Table
	schema *catalog.Schema
	// Constraints wait until all columns are known; in PostgreSQL's order: checks, then keys, then foreign keys.
	keys    []*keyDef
	checks  []*ast.Constraint
	foreign []*ast.Constraint
	// Serial and identity columns get their sequences before the table is stored.
	seqs []*seqDef
	// defaults are bound when the columns are there.
	defaults []defaultDef
	likes    []likeIndex
	inherit  *inheritance
}

type keyDef struct {
	con  *ast.Constraint
	cols []string
}

type defaultDef struct {
	att  int16
	expr ast.Node
	kind expression.Kind
}

func (x *exec) createTable(n *ast.CreateStmt) error {
	if err := createRefusals(n); err != nil {
		return err
	}
	schema, pers, err := x.Target(n.Relation)
	if err != nil {
		return x.at(pgerr.From(err), n.Relation.Location) // other relations' errors have no position
	}
	if n.Partbound != nil && n.Relation.Relpersistence == "p" && n.Relation.Schemaname == "" && stmt.IsTempSchema(schema) {
		pers = catalog.Temporary
	}
	name := types.TruncateName(n.Relation.Relname)
	if exists, err := x.ClaimUnless(schema.OID, name, n.IfNotExists); err != nil || exists {
		return err
	}
	if err := usertype.RowFree(x.Ctx, schema.OID, name); err != nil {
		return err
	}
	nt := &newTable{schema: schema, t: x.emptyTable(schema.OID, name, pers)}
	if n.Partspec == nil {
		if err := x.useMethod(nt.t, n.AccessMethod); err != nil {
			return err
		}
	} else if n.AccessMethod != "" {
		return pgerr.New(pgerr.FeatureNotSupported, "specifying a table access method is not supported on a partitioned table")
	}
	if n.Partspec != nil {
		nt.t.Kind = catalog.RelPartitioned
	}
	if nt.t.Options, err = relOptions(n.Options); err != nil {
		return err
	}
	if err := x.useLocation(nt.t); err != nil {
		return err
	}
	x.unmirrored(nt.t)
	if err := onCommit(nt.t, n.Oncommit); err != nil {
		return err
	}
	if len(n.InhRelations) > 0 {
		if nt.inherit, err = x.openParents(n, pers); err != nil {
			return err
		}
		if err := x.inheritColumns(nt, nt.inherit); err != nil {
			return err
		}
	}
	for _, e := range n.TableElts {
		switch d := e.(type) {
		case *ast.ColumnDef:
			if nt.inherit != nil {
				err = x.mergeColumn(nt, nt.inherit, d, n.Partbound != nil)
			} else {
				err = x.addColumn(nt, d)
			}
		case *ast.Constraint:
			err = x.addTableConstraint(nt, d)
		case *ast.TableLikeClause:
			err = x.addLike(nt, d)
		default:
			err = pgerr.Unsupported("this element of CREATE TABLE")
		}
		if err != nil {
			return err
		}
	}
	for _, e := range n.Constraints {
		if d, ok := e.(*ast.Constraint); ok {
			if err := x.addTableConstraint(nt, d); err != nil {
				return err
			}
		}
	}
	if nt.inherit != nil {
		if err := x.finishInheritance(nt, nt.inherit); err != nil {
			return err
		}
	}
	if n.Partspec != nil {
		if nt.t.PartKey, err = x.partitionKey(nt.t, n.Partspec); err != nil {
			return err
		}
	}
	var locs []int32
	if n.Partbound != nil {
		p := nt.inherit.parents[0]
		if nt.t.Bound, locs, err = x.partitionBound(p, n.Partbound); err != nil {
			return err
		}
		if err := x.admit(p, name, nt.t.Bound, locs, n.Partbound); err != nil {
			return err
		}
	}
	if err := x.finishTable(nt); err != nil || n.Partbound == nil {
		return err
	}
	return x.joinPartition(nt.t.OID)
}

func createRefusals(n *ast.CreateStmt) error {
	switch {
	case n.Partspec != nil && len(n.InhRelations) > 0 && n.Partbound == nil:
		return pgerr.New(pgerr.InvalidObjectDefinition, "cannot create partitioned table as inheritance child")
	case n.OfTypename != nil:
		return pgerr.Unsupported("CREATE TABLE OF")
	}
	return nil
}

func (x *exec) emptyTable(schema catalog.OID, name string, pers catalog.Persistence) *catalog.Table {
	t := &catalog.Table{OID: x.Editor.OID(), Schema: schema, Name: name, Kind: catalog.RelTable, Persistence: pers, Owner: x.User,
		ACL: x.NewACL(privilege.Relation, 'r', schema), StorageID: x.Editor.StorageID(), NextIndexID: firstIndexID}
	t.RowType = x.Editor.OIDs(2)
	if pers == catalog.Temporary {
		t.TempOwner = x.Session
	}
	return t
}

// firstIndexID is the number of a table's first secondary index; 1 are the rows.
const firstIndexID = 2

func onCommit(t *catalog.Table, a ast.OnCommitAction) error {
	if a <= ast.ONCOMMIT_NOOP {
		return nil
	}
	if t.Persistence != catalog.Temporary {
		return pgerr.New(pgerr.InvalidTableDefinition, "ON COMMIT can only be used on temporary tables")
	}
	switch a {
	case ast.ONCOMMIT_DELETE_ROWS:
		t.OnCommit = 'd'
	case ast.ONCOMMIT_DROP:
		t.OnCommit = 'D'
	}
	return nil
}

// relOptions are WITH (…): what PostgreSQL knows and Tarn does not need is kept as written.
func relOptions(list []ast.Node) (catalog.RelOptions, error) {
	var o catalog.RelOptions
	for _, n := range list {
		d, ok := n.(*ast.DefElem)
		if !ok {
			continue
		}
		if d.Defname == "oids" {
			if v := stmt.DefString(d); v == "true" || v == "on" {
				return nil, pgerr.New(pgerr.FeatureNotSupported, "tables declared WITH OIDS are not supported")
			}
			continue
		}
		name := d.Defname
		if d.Defnamespace != "" {
			name = d.Defnamespace + "." + name
		}
		if _, twice := o.Get(name); twice {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "parameter \"%s\" specified more than once", name)
		}
		if err := mirrorOption(name, stmt.DefString(d)); err != nil && d.Arg != nil {
			return nil, err
		}
		o = append(o, catalog.RelOption{Name: name, Value: stmt.DefString(d)})
	}
	return o, nil
}

// addColumn adds a column with what is written behind it.
func (x *exec) addColumn(nt *newTable, d *ast.ColumnDef) error {
	name := types.TruncateName(d.Colname)
	if nt.t.ColumnByName(name) != nil {
		return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" specified more than once", name)
	}
	if systemColumn(name) {
		return pgerr.New(pgerr.DuplicateColumn, "column name \"%s\" conflicts with a system column name", name)
	}
	c, serial, err := x.column(d, int16(len(nt.t.Columns)+1))
	if err != nil {
		return err
	}
	nt.t.Columns = append(nt.t.Columns, c)
	if serial != 0 {
		nt.seqs = append(nt.seqs, &seqDef{att: c.AttNum, typ: serial})
		nt.t.Column(c.AttNum).NotNull = true
	}
	if d.RawDefault != nil {
		nt.defaults = append(nt.defaults, defaultDef{c.AttNum, d.RawDefault, expression.KindColumnDefault})
	}
	return x.columnConstraints(nt, d, nt.t.Column(c.AttNum), serial != 0)
}

func systemColumn(name string) bool {
	switch name {
	case "tableoid", "cmax", "xmax", "cmin", "xmin", "ctid":
		return true
	}
	return false
}

// column resolves a column's type. serial is the sequence's type of a serial column, 0 otherwise.
func (x *exec) column(d *ast.ColumnDef, att int16) (c catalog.Column, serial types.OID, err error) {
	c = catalog.Column{AttNum: att, Name: types.TruncateName(d.Colname), NotNull: d.IsNotNull}
	var t plan.Type
	if serial = serialType(d.TypeName); serial != 0 {
		if len(d.TypeName.ArrayBounds) > 0 {
			return c, 0, pgerr.New(pgerr.FeatureNotSupported, "array of serial is not implemented")
		}
		t = plan.Type{OID: serial, Mod: -1}
	} else if t, err = bind.TypeName(x.Bind(), d.TypeName); err != nil {
		return c, 0, err
	} else if err = x.MayUseType(t.OID); err != nil {
		return c, 0, err
	}
	c.Type, c.TypMod, c.Collation, c.NDims = t.OID, t.Mod, t.Coll, len(d.TypeName.ArrayBounds)
	ty := x.Env.Type(t.OID)
	if ty == nil {
		return c, 0, pgerr.Unsupported("a column of type " + types.FormatType(t.OID, -1, x.Env))
	}
	if ty.TypType == types.TypePseudo {
		return c, 0, pgerr.New(pgerr.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", c.Name, types.FormatType(t.OID, -1, x.Env))
	}
	if !ty.Kind.Valid() {
		return c, 0, pgerr.Unsupported("a column of type " + types.FormatType(t.OID, -1, x.Env))
	}
	c.Kind = ty.Kind
	if d.CollClause != nil {
		if !ty.Collatable() {
			return c, 0, pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", types.FormatType(t.OID, -1, x.Env)).
				WithPosition(x.Position(d.CollClause.Location))
		}
		if c.Collation, err = bind.Collation(x.Bind(), d.CollClause.Collname); err != nil {
			return c, 0, err
		}
	}
	if d.StorageName != "" {
		c.Storage = strings.ToLower(d.StorageName)[0]
		if strings.EqualFold(d.StorageName, "extended") {
			c.Storage = 'x'
		}
	}
	return c, serial, nil
}

func serialType(n *ast.TypeName) types.OID {
	if n == nil || len(n.Names) != 1 || n.Setof || n.PctType {
		return 0
	}
	switch stmt.Strs(n.Names)[0] {
	case "smallserial", "serial2":
		return types.Int2
	case "serial", "serial4":
		return types.Int4
	case "bigserial", "serial8":
		return types.Int8
	}
	return 0
}

// columnConstraints are the constraints behind a column.
func (x *exec) columnConstraints(nt *newTable, d *ast.ColumnDef, c *catalog.Column, serial bool) error {
	null, notNull, def, generated := false, serial, d.RawDefault != nil || serial, false
	table := nt.t.Name
	var last *ast.Constraint
	for _, e := range d.Constraints {
		k, ok := e.(*ast.Constraint)
		if !ok {
			continue
		}
		switch k.Contype {
		case ast.CONSTR_NULL:
			if c.NotNull {
				return conflictingNull(c.Name, table)
			}
			null = true
		case ast.CONSTR_NOTNULL:
			if null {
				return conflictingNull(c.Name, table)
			}
			notNull, c.NotNull = true, true
		case ast.CONSTR_DEFAULT:
			if def && !generated {
				return pgerr.New(pgerr.SyntaxError, "multiple default values specified for column \"%s\" of table \"%s\"", c.Name, table)
			}
			def = true
			nt.defaults = append(nt.defaults, defaultDef{c.AttNum, k.RawExpr, expression.KindColumnDefault})
		case ast.CONSTR_IDENTITY:
			if null {
				return conflictingNull(c.Name, table)
			}
			if c.Identity != 0 {
				return pgerr.New(pgerr.SyntaxError, "multiple identity specifications for column \"%s\" of table \"%s\"", c.Name, table)
			}
			if def {
				return pgerr.New(pgerr.SyntaxError, "both default and identity specified for column \"%s\" of table \"%s\"", c.Name, table)
			}
			if err := identityType(c); err != nil {
				return err
			}
			c.Identity, c.NotNull, notNull = k.GeneratedWhen[0], true, true
			nt.seqs = append(nt.seqs, &seqDef{att: c.AttNum, typ: c.Type, options: k.Options, identity: true})
		case ast.CONSTR_GENERATED:
			switch {
			case generated:
				return pgerr.New(pgerr.SyntaxError, "multiple generation clauses specified for column \"%s\" of table \"%s\"", c.Name, table)
			case def:
				return pgerr.New(pgerr.SyntaxError, "both default and generation expression specified for column \"%s\" of table \"%s\"", c.Name, table)
			case c.Identity != 0:
				return pgerr.New(pgerr.SyntaxError, "both identity and generation expression specified for column \"%s\" of table \"%s\"", c.Name, table)
			}
			generated, c.Generated = true, 's'
			nt.defaults = append(nt.defaults, defaultDef{c.AttNum, k.RawExpr, expression.KindGenerated})
		case ast.CONSTR_CHECK:
			nt.checks = append(nt.checks, k)
		case ast.CONSTR_PRIMARY, ast.CONSTR_UNIQUE:
			nt.keys = append(nt.keys, &keyDef{con: k, cols: []string{c.Name}})
		case ast.CONSTR_FOREIGN:
			f := *k
			f.FkAttrs = []ast.Node{&ast.String{Sval: c.Name}}
			nt.foreign = append(nt.foreign, &f)
			k = &f
		case ast.CONSTR_ATTR_DEFERRABLE, ast.CONSTR_ATTR_NOT_DEFERRABLE, ast.CONSTR_ATTR_DEFERRED, ast.CONSTR_ATTR_IMMEDIATE:
			if err := nt.deferral(last, k); err != nil {
				return err
			}
			continue
		}
		if generated && c.Identity != 0 {
			return pgerr.New(pgerr.SyntaxError, "both identity and generation expression specified for column \"%s\" of table \"%s\"", c.Name, table)
		}
		if def && generated {
			return pgerr.New(pgerr.SyntaxError, "both default and generation expression specified for column \"%s\" of table \"%s\"", c.Name, table)
		}
		last = k
	}
	if null && notNull {
		return conflictingNull(c.Name, table)
	}
	return nil
}

// deferral applies a column's DEFERRABLE and the like to the constraint before it. Parse trees are shared: it is copied.
func (nt *newTable) deferral(last, k *ast.Constraint) error {
	if last == nil || last.Contype != ast.CONSTR_PRIMARY && last.Contype != ast.CONSTR_UNIQUE && last.Contype != ast.CONSTR_FOREIGN {
		what := "DEFERRABLE"
		switch k.Contype {
		case ast.CONSTR_ATTR_NOT_DEFERRABLE:
			what = "NOT DEFERRABLE"
		case ast.CONSTR_ATTR_DEFERRED:
			what = "INITIALLY DEFERRED"
		case ast.CONSTR_ATTR_IMMEDIATE:
			what = "INITIALLY IMMEDIATE"
		}
		return pgerr.New(pgerr.SyntaxError, "misplaced %s clause", what)
	}
	var con *ast.Constraint
	if last.Contype == ast.CONSTR_FOREIGN {
		con = nt.foreign[len(nt.foreign)-1] // a copy already
	} else {
		def := nt.keys[len(nt.keys)-1]
		cp := *def.con
		def.con = &cp
		con = &cp
	}
	switch k.Contype {
	case ast.CONSTR_ATTR_DEFERRABLE:
		con.Deferrable = true
	case ast.CONSTR_ATTR_DEFERRED:
		con.Deferrable, con.Initdeferred = true, true
	}
	return nil
}

func conflictingNull(col, table string) error {
	return pgerr.New(pgerr.SyntaxError, "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"", col, table)
}

func identityType(c *catalog.Column) error {
	switch c.Type {
	case types.Int2, types.Int4, types.Int8:
		return nil
	}
	return pgerr.New(pgerr.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
}

func (x *exec) addTableConstraint(nt *newTable, k *ast.Constraint) error {
	switch k.Contype {
	case ast.CONSTR_CHECK:
		nt.checks = append(nt.checks, k)
	case ast.CONSTR_PRIMARY, ast.CONSTR_UNIQUE:
		nt.keys = append(nt.keys, &keyDef{con: k, cols: stmt.Strs(k.Keys)})
	case ast.CONSTR_FOREIGN:
		nt.foreign = append(nt.foreign, k)
	case ast.CONSTR_EXCLUSION:
		nt.keys = append(nt.keys, &keyDef{con: k})
	}
	return nil
}

// finishTable makes a new table's sequences, defaults and constraints and stores its descriptor.
func (x *exec) finishTable(nt *newTable) error {
	t := nt.t
	for _, s := range nt.seqs {
		if err := x.ownedSequence(nt, s); err != nil {
			return err
		}
	}
	for _, d := range nt.defaults {
		if err := x.setDefault(t, d); err != nil {
			return err
		}
	}
	if err := x.addKeys(nt); err != nil {
		return err
	}
	for _, k := range nt.checks {
		if have := t.ConstraintByName(k.Conname); have != nil && k.Conname != "" {
			if have.InhCount > 0 && have.Type == catalog.ConCheck {
				if err := x.mergeCheck(t, have, k); err != nil {
					return err
				}
				continue
			}
			return pgerr.New(pgerr.DuplicateObject, "check constraint \"%s\" already exists", k.Conname)
		}
		if t.Partitioned() && k.IsNoInherit {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot add NO INHERIT constraint to partitioned table \"%s\"", t.Name)
		}
		if _, err := x.addCheck(t, validated(k)); err != nil {
			return err
		}
	}
	for _, l := range nt.likes {
		if err := x.addLikeIndex(t, l); err != nil {
			return err
		}
	}
	if err := x.LockTable(t.OID, lock.AccessExclusive); err != nil {
		return err
	}
	x.Put(t)
	for _, k := range nt.foreign {
		next := stmt.Edit(t)
		if _, err := x.addForeign(next, validated(k)); err != nil {
			return err
		}
		x.Editor.PutTable(next)
		t = next
	}
	nt.t = t
	return nil
}

// setDefault binds a column's default or generation expression and keeps its text.
func (x *exec) setDefault(t *catalog.Table, d defaultDef) error {
	c := t.Column(d.att)
	if stmt.IsNullConst(d.expr) && d.kind == expression.KindColumnDefault {
		c.Default = ""
		return nil
	}
	row := t
	if d.kind == expression.KindColumnDefault {
		row = nil
	}
	e, cols, err := bind.Expression(x.Bind(), row, d.expr, d.kind, colType(c), c.Name)
	if err != nil {
		return err
	}
	if d.kind == expression.KindGenerated {
		if err := immutable(e, "generation expression is not immutable"); err != nil {
			return err
		}
		for att := range cols {
			if t.Column(att).Generated != 0 {
				return pgerr.New(pgerr.InvalidObjectDefinition, "cannot use generated column \"%s\" in column generation expression", t.Column(att).Name).
					WithDetail("A generated column cannot reference another generated column.")
			}
		}
	}
	part := catalog.Address{Kind: catalog.KindDefault, OID: t.OID, Sub: c.AttNum}
	t.Deps = stmt.Independent(t.Deps, part)
	x.DependOn(&t.Deps, part, e)
	c.Default, err = x.ExprSQL(stmt.StripImplicit(e), t)
	return err
}

func colType(c *catalog.Column) plan.Type {
	return plan.Type{OID: c.Type, Mod: c.TypMod, Coll: c.Collation}
}

// validated is a constraint of a new table: there are no rows that NOT VALID could spare.
func validated(k *ast.Constraint) *ast.Constraint {
	c := *k
	c.SkipValidation = false
	return &c
}
