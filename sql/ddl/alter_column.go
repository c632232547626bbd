package ddl

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

const maxColumns = 1600

// columnOf finds a column that an action names.
func columnOf(t *catalog.Table, name string) (*catalog.Column, error) {
	if c := t.ColumnByName(name); c != nil {
		return c, nil
	}
	if systemColumn(name) {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot alter system column \"%s\"", name)
	}
	return nil, noColumn(t, name)
}

func noColumn(t *catalog.Table, name string) error {
	return pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, t.Name)
}

// addColumnCmd is ADD COLUMN. Rows are left alone where the default is one value for all of them: it is kept as the value that
// older rows have.
func (x *exec) addColumnCmd(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	d := cmd.Def.(*ast.ColumnDef)
	name := types.TruncateName(d.Colname)
	if systemColumn(name) {
		return pgerr.New(pgerr.DuplicateColumn, "column name \"%s\" conflicts with a system column name", name)
	}
	if t.ColumnByName(name) != nil {
		if cmd.MissingOk {
			x.Note(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists, skipping", name, t.Name)
			return nil
		}
		return pgerr.New(pgerr.DuplicateColumn, "column \"%s\" of relation \"%s\" already exists", name, t.Name)
	}
	if len(t.Columns) >= maxColumns {
		return pgerr.New(pgerr.TooManyColumns, "tables can have at most %d columns", maxColumns)
	}
	nt := &newTable{t: stmt.Edit(t), schema: x.Catalog().SchemaByOID(t.Schema)}
	if err := x.addColumn(nt, d); err != nil {
		return err
	}
	next := nt.t
	att := int16(len(next.Columns))
	for _, s := range nt.seqs {
		if err := x.ownedSequence(nt, s); err != nil {
			return err
		}
	}
	for _, def := range nt.defaults {
		if err := x.setDefault(next, def); err != nil {
			return err
		}
	}
	x.Last = x.Last && len(nt.keys)+len(nt.checks)+len(nt.foreign) == 0 // they read what is written
	if err := x.fillColumn(t, next, att); err != nil {
		return err
	}
	x.Put(next)
	for _, k := range nt.keys {
		if err := x.alterAddKey(x.Catalog().Table(t.OID), k.con, k.cols); err != nil {
			return err
		}
	}
	for _, k := range nt.checks {
		if err := x.alterAddCheck(x.Catalog().Table(t.OID), k); err != nil {
			return err
		}
	}
	for _, k := range nt.foreign {
		if err := x.alterAddForeign(x.Catalog().Table(t.OID), k); err != nil {
			return err
		}
	}
	return nil
}

// fillColumn gives the rows that are there the new column's value.
func (x *exec) fillColumn(t, next *catalog.Table, att int16) error {
	c := next.Column(att)
	if c.Default == "" && c.Identity == 0 {
		if !c.NotNull {
			return nil
		}
		// Rows, if there are any, have NULL. A primary key's own message comes later, and is the same one.
		return content.Scan(x.Ctx, t, 0, func([]byte, []byte, []types.Datum) error { return content.ContainsNull(x.Ctx, next, c) })
	}
	e, constant, err := x.columnValue(next, c)
	if err != nil {
		return err
	}
	// The missing value is read without a catalog: one of a user's type is written into the rows.
	if constant && types.Lookup(c.Type) != nil {
		v, err := e.Eval(make([]types.Datum, len(next.Columns)))
		if err != nil {
			return err
		}
		if v.IsNull() {
			if c.NotNull {
				return content.Scan(x.Ctx, t, 0, func([]byte, []byte, []types.Datum) error { return content.ContainsNull(x.Ctx, next, c) })
			}
			return nil
		}
		c.Missing, c.HasMissing = types.Lookup(c.Type).Text(v, nil), true
		return nil
	}
	x.rewriting(t, rewriteDefault)
	return x.restore(t, next, func(vals []types.Datum) error {
		v, err := e.Eval(vals)
		vals[att-1] = v
		return err
	})
}

// columnValue compiles what a new column has in old rows; constant: the same in all of them.
func (x *exec) columnValue(t *catalog.Table, c *catalog.Column) (e *content.Expr, constant bool, err error) {
	if c.IdentSeq != 0 {
		n := &plan.NextVal{Seq: c.IdentSeq, T: plan.Type{OID: types.Int8, Mod: -1}}
		e, err = content.Compile(x.Ctx, n, nil)
		return e, false, err
	}
	b, cols, err := bind.TableExpr(x.Bind(), t, c.Default, colType(c))
	if err != nil {
		return nil, false, err
	}
	e, err = content.Compile(x.Ctx, b, cols)
	return e, len(cols) == 0 && !volatile(b), err
}

func volatile(e plan.Expr) (found bool) {
	plan.WalkExpr(e, func(e plan.Expr) bool {
		switch f := e.(type) {
		case *plan.FuncCall:
			found = found || callVolatility(f) == 'v'
		case *plan.NextVal:
			found = true
		}
		return !found
	})
	return found
}

// restore rewrites a table's rows under a new storage id; next becomes its descriptor then. All columns are in the rows
// afterwards.
func (x *exec) restore(t, next *catalog.Table, change func(vals []types.Datum) error) error {
	next.StorageID = x.Editor.NewStorageID(t)
	for i := range next.Columns {
		next.Columns[i].HasMissing, next.Columns[i].Missing = false, ""
	}
	return content.Rewrite(x.Ctx, t, next, change)
}

// Why ALTER TABLE rewrites a table: bits of pg_event_trigger_table_rewrite_reason().
const (
	rewritePersistence = 1 << iota
	rewriteDefault
	rewriteColumn
	rewriteMethod
)

// rewriting notes that the statement rewrites a table, for event triggers; PostgreSQL does not for what Tarn rewrites to add a primary key.
func (x *exec) rewriting(t *catalog.Table, reason int32) {
	if x.Rewritten == nil || !t.Stored() {
		return
	}
	if x.reasons == nil {
		x.reasons = map[catalog.OID]int32{}
	}
	if x.reasons[t.OID] == 0 {
		x.rewritten = append(x.rewritten, t.OID)
	}
	x.reasons[t.OID] |= reason
}

func (x *exec) dropColumnCmd(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c := t.ColumnByName(cmd.Name)
	if c == nil {
		if systemColumn(cmd.Name) {
			return pgerr.New(pgerr.FeatureNotSupported, "cannot drop system column \"%s\"", cmd.Name)
		}
		if cmd.MissingOk {
			x.Note("", "column \"%s\" of relation \"%s\" does not exist, skipping", cmd.Name, t.Name)
			return nil
		}
		return noColumn(t, cmd.Name)
	}
	if err := x.noColumnOf(t, "table"); err != nil {
		return err
	}
	return depend.Drop(x.Ctx, []catalog.Address{{Kind: catalog.KindColumn, OID: t.OID, Sub: c.AttNum}}, cmd.Behavior == ast.DROP_CASCADE)
}

// columnDefault is SET DEFAULT and DROP DEFAULT.
func (x *exec) columnDefault(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := columnOf(t, cmd.Name)
	if err != nil {
		return err
	}
	if c.Identity != 0 {
		e := pgerr.New(pgerr.SyntaxError, "column \"%s\" of relation \"%s\" is an identity column", c.Name, t.Name)
		if cmd.Def == nil {
			e = e.WithHint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.")
		}
		return e
	}
	if c.Generated != 0 {
		e := pgerr.New(pgerr.SyntaxError, "column \"%s\" of relation \"%s\" is a generated column", c.Name, t.Name)
		if cmd.Def == nil {
			e = e.WithHint("Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.")
		}
		return e
	}
	next := stmt.Edit(t)
	if cmd.Def == nil {
		next.Column(c.AttNum).Default = ""
	} else if err := x.setDefault(next, defaultDef{c.AttNum, cmd.Def, expression.KindColumnDefault}); err != nil {
		return err
	}
	x.Put(next)
	return nil
}

// notNull is SET NOT NULL and DROP NOT NULL.
func (x *exec) notNull(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := columnOf(t, cmd.Name)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	nc := next.Column(c.AttNum)
	if cmd.Subtype == ast.AT_DropNotNull {
		if c.Identity != 0 {
			return pgerr.New(pgerr.SyntaxError, "column \"%s\" of relation \"%s\" is an identity column", c.Name, t.Name)
		}
		if pk := t.PrimaryIndex(); pk != nil && depend.IndexUses(&catalog.Index{Keys: pk.Keys}, c.AttNum) {
			return pgerr.New(pgerr.InvalidTableDefinition, "column \"%s\" is in a primary key", c.Name)
		}
		nc.NotNull = false
		x.Put(next)
		return nil
	}
	if c.NotNull {
		return nil
	}
	nc.NotNull = true
	if err := content.Scan(x.Ctx, t, 0, func(_, _ []byte, vals []types.Datum) error {
		if vals[c.AttNum-1].IsNull() {
			return content.ContainsNull(x.Ctx, t, c)
		}
		return nil
	}); err != nil {
		return err
	}
	x.Put(next)
	return nil
}

// identity is ADD GENERATED … AS IDENTITY, SET GENERATED … and DROP IDENTITY.
func (x *exec) identity(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := columnOf(t, cmd.Name)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	nc := next.Column(c.AttNum)
	if cmd.Subtype == ast.AT_AddIdentity {
		k := cmd.Def.(*ast.Constraint)
		switch {
		case !c.NotNull:
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" must be declared NOT NULL before identity can be added", c.Name, t.Name)
		case c.Identity != 0:
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is already an identity column", c.Name, t.Name)
		case c.Default != "":
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" already has a default value", c.Name, t.Name)
		}
		if err := identityType(nc); err != nil {
			return err
		}
		nc.Identity = k.GeneratedWhen[0]
		nt := &newTable{t: next, schema: x.Catalog().SchemaByOID(t.Schema)}
		if err := x.ownedSequence(nt, &seqDef{att: c.AttNum, typ: c.Type, options: k.Options, identity: true}); err != nil {
			return err
		}
		x.Put(next)
		return nil
	}
	if c.Identity == 0 {
		if cmd.Subtype == ast.AT_DropIdentity && cmd.MissingOk {
			x.Note("", "column \"%s\" of relation \"%s\" is not an identity column, skipping", c.Name, t.Name)
			return nil
		}
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is not an identity column", c.Name, t.Name)
	}
	if cmd.Subtype == ast.AT_DropIdentity {
		seq := c.IdentSeq
		nc.Identity, nc.IdentSeq = 0, 0
		x.Put(next)
		return depend.Remove(x.Ctx, catalog.Address{Kind: catalog.KindRelation, OID: seq})
	}
	l, _ := cmd.Def.(*ast.List)
	if l == nil {
		return nil
	}
	var rest []ast.Node
	for _, o := range l.Items {
		if d, ok := o.(*ast.DefElem); ok && d.Defname == "generated" {
			if v, ok := d.Arg.(*ast.Integer); ok {
				nc.Identity = byte(v.Ival)
			} else {
				nc.Identity = stmt.DefString(d)[0]
			}
			continue
		}
		rest = append(rest, o)
	}
	x.Put(next)
	if len(rest) == 0 {
		return nil
	}
	opts := &seqOptions{}
	if err := opts.read(x, rest); err != nil {
		return err
	}
	seq, err := x.changeSequence(x.Catalog().Table(c.IdentSeq), opts)
	if err != nil {
		return err
	}
	x.Put(seq)
	return nil
}

func (x *exec) dropExpression(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := columnOf(t, cmd.Name)
	if err != nil {
		return err
	}
	if c.Generated == 0 {
		if cmd.MissingOk {
			x.Note("", "column \"%s\" of relation \"%s\" is not a stored generated column, skipping", c.Name, t.Name)
			return nil
		}
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is not a stored generated column", c.Name, t.Name)
	}
	next := stmt.Edit(t)
	nc := next.Column(c.AttNum)
	nc.Generated, nc.Default = 0, ""
	x.Put(next)
	return nil
}

// columnOption sets what only the catalog shows.
func (x *exec) columnOption(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := columnOf(t, cmd.Name)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	nc := next.Column(c.AttNum)
	switch cmd.Subtype {
	case ast.AT_SetStatistics:
		n, ok := cmd.Def.(*ast.Integer)
		if !ok {
			return pgerr.Internal("statistics target of form %T", cmd.Def)
		}
		switch {
		case n.Ival < -1:
			return pgerr.New(pgerr.InvalidParameterValue, "statistics target %d is too low", n.Ival)
		case n.Ival > 10000:
			return pgerr.New(pgerr.InvalidParameterValue, "statistics target %d is too high", n.Ival)
		}
		nc.StatTarget = int(n.Ival)
		if n.Ival < 0 {
			nc.StatTarget = 0
		}
	case ast.AT_SetStorage:
		s, ok := cmd.Def.(*ast.String)
		if !ok {
			return pgerr.Internal("storage of form %T", cmd.Def)
		}
		code := map[string]byte{"plain": 'p', "external": 'e', "extended": 'x', "main": 'm'}[strings.ToLower(s.Sval)]
		if code == 0 {
			return pgerr.New(pgerr.InvalidParameterValue, "invalid storage type \"%s\"", s.Sval)
		}
		if ty := x.Env.Type(c.Type); code != 'p' && ty != nil && ty.Storage == 'p' {
			return pgerr.New(pgerr.FeatureNotSupported, "column data type %s can only have storage PLAIN", types.FormatType(c.Type, -1, x.Env))
		}
		nc.Storage = code
	}
	x.Put(next)
	return nil
}
