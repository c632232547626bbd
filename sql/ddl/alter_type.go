package ddl

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// alterType is ALTER COLUMN … TYPE: the column gets its new type, its default and indexes with it, and the rows are rewritten
// unless the bits stay the same.
func (x *exec) alterType(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	d := cmd.Def.(*ast.ColumnDef)
	c, err := columnOf(t, cmd.Name)
	if err != nil {
		return err
	}
	if c.Generated != 0 && d.RawDefault != nil {
		return pgerr.New(pgerr.InvalidColumnDefinition, "cannot specify USING when altering type of generated column").
			WithDetail("Column \"%s\" is a generated column.", c.Name)
	}
	nc, serial, err := x.column(&ast.ColumnDef{Colname: c.Name, TypeName: d.TypeName, CollClause: d.CollClause}, c.AttNum)
	if err != nil {
		return err
	}
	if serial != 0 {
		return pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", stmt.Strs(d.TypeName.Names)[0])
	}
	if err := x.typeUsers(t, c); err != nil {
		return err
	}
	if err := x.noColumnOf(t, "table"); err != nil {
		return err
	}
	want := plan.Type{OID: nc.Type, Mod: nc.TypMod, Coll: nc.Collation}
	expr, fromUsing := d.RawDefault, d.RawDefault != nil
	if !fromUsing {
		expr = &ast.ColumnRef{Fields: []ast.Node{&ast.String{Sval: c.Name}}, Location: -1}
	}
	e, cols, err := bind.Expression(x.Bind(), t, expr, expression.KindAlterTransform, want, c.Name)
	if err != nil {
		return castError(err, c, want, fromUsing, x.Env)
	}
	next := stmt.Edit(t)
	col := next.Column(c.AttNum)
	col.Type, col.TypMod, col.Collation, col.Kind, col.NDims, col.Storage = nc.Type, nc.TypMod, nc.Collation, nc.Kind, nc.NDims, 0
	if err := x.convertDefault(t, next, col); err != nil {
		return err
	}
	if err := x.retypeIndexes(c, next, col); err != nil {
		return err
	}
	if err := x.retypeConstraints(next, col); err != nil {
		return err
	}
	if sameBits(e, c, col, cols) && !x.reorders(t, c, col) {
		x.Put(next)
		return x.retypeIdentity(col)
	}
	re, err := content.Compile(x.Ctx, e, cols)
	if err != nil {
		return err
	}
	checks, err := x.checksOn(next, c.AttNum)
	if err != nil {
		return err
	}
	x.rewriting(t, rewriteColumn)
	err = x.restore(t, next, func(vals []types.Datum) error {
		v, err := re.Eval(vals)
		if err != nil {
			return err
		}
		vals[c.AttNum-1] = v
		return x.runChecks(next, checks, vals)
	})
	if err != nil {
		return err
	}
	x.Put(next)
	return x.retypeIdentity(col)
}

func castError(err error, c *catalog.Column, want plan.Type, using bool, env *types.Env) error {
	if !pgerr.Is(err, pgerr.DatatypeMismatch) {
		return err
	}
	typ := types.FormatType(want.OID, -1, env)
	if using {
		return pgerr.New(pgerr.DatatypeMismatch, "result of USING clause for column \"%s\" cannot be cast automatically to type %s", c.Name, typ).
			WithHint("You might need to add an explicit cast.")
	}
	return pgerr.New(pgerr.DatatypeMismatch, "column \"%s\" cannot be cast automatically to type %s", c.Name, typ).
		WithHint("You might need to specify \"USING %s::%s\".", ruleutils.QuoteIdent(c.Name), types.FormatType(want.OID, want.Mod, env))
}

// typeUsers refuses a new type where something was made of the old one.
func (x *exec) typeUsers(t *catalog.Table, c *catalog.Column) error {
	for i := range t.Columns {
		g := &t.Columns[i]
		if g.Generated != 0 && !g.Dropped && g.AttNum != c.AttNum && depend.ExprUses(x.Ctx, t, g.Default, c.AttNum) {
			return pgerr.New(pgerr.FeatureNotSupported, "cannot alter type of a column used by a generated column").
				WithDetail("Column \"%s\" is used by generated column \"%s\".", c.Name, g.Name)
		}
	}
	var refused error
	x.Catalog().Users(catalog.Address{Kind: catalog.KindColumn, OID: t.OID, Sub: c.AttNum}, func(from catalog.Address, _ catalog.DepType) {
		if r, p := x.Catalog().PolicyByOID(from.OID); p != nil && from.Kind == catalog.KindPolicy && refused == nil {
			refused = pgerr.New(pgerr.FeatureNotSupported, "cannot alter type of a column used in a policy definition").
				WithDetail("policy %s on table %s depends on column \"%s\"", p.Name, x.RelationText(r), c.Name)
		}
	})
	if refused != nil {
		return refused
	}
	if g := depend.TriggerUsing(x.Ctx, t, c.AttNum); g != nil {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot alter type of a column used in a trigger definition").
			WithDetail("trigger %s on table %s depends on column \"%s\"", g.Name, x.RelationText(t), c.Name)
	}
	var user *catalog.Table
	x.Catalog().Tables(func(r *catalog.Table) bool {
		if r.HasQuery() && depend.ViewUsesColumn(x.Ctx, r, t, c.AttNum) {
			user = r
		}
		return user == nil
	})
	if user != nil {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot alter type of a column used by a view or rule").
			WithDetail("rule _RETURN on view %s depends on column \"%s\"", x.RelationText(user), c.Name)
	}
	return nil
}

// convertDefault keeps the default, cast to the new type.
func (x *exec) convertDefault(t, next *catalog.Table, col *catalog.Column) error {
	if col.Default == "" {
		return nil
	}
	row := t
	if col.Generated == 0 {
		row = nil
	}
	nodes := depend.ParseExpr(col.Default)
	if len(nodes) != 1 {
		return pgerr.Internal("default of %s.%s does not parse", t.Name, col.Name)
	}
	kind := expression.KindColumnDefault
	if col.Generated != 0 {
		kind = expression.KindGenerated
	}
	val := nodes[0].(*ast.SelectStmt).TargetList[0].(*ast.ResTarget).Val
	e, _, err := bind.Expression(x.Bind(), row, val, kind, colType(col), col.Name)
	if err != nil {
		if !pgerr.Is(err, pgerr.DatatypeMismatch) {
			return err
		}
		what := "default"
		if col.Generated != 0 {
			what = "generation expression"
		}
		return pgerr.New(pgerr.DatatypeMismatch, "%s for column \"%s\" cannot be cast automatically to type %s", what, col.Name, types.FormatType(col.Type, -1, x.Env))
	}
	if c, ok := stmt.StripImplicit(e).(*plan.Const); ok && c.T.OID == col.Type {
		col.Default, err = x.ExprSQL(c, t)
	}
	return err
}

// retypeIndexes gives the keys over a column its new type; a class or collation that was asked for stays.
func (x *exec) retypeIndexes(old *catalog.Column, next *catalog.Table, col *catalog.Column) error {
	for i, ix := range next.Indexes {
		n := *ix
		n.Keys = append([]catalog.IndexKey(nil), ix.Keys...)
		for k := range n.Keys {
			if n.Keys[k].Att != col.AttNum {
				continue
			}
			key, err := x.retypedKey(&n.Keys[k], old, col, n.Method)
			if err != nil {
				return err
			}
			n.Keys[k] = key
		}
		next.Indexes[i] = &n
	}
	return nil
}

func (x *exec) retypedKey(was *catalog.IndexKey, old, col *catalog.Column, method string) (key catalog.IndexKey, err error) {
	var class []ast.Node
	if name, isDefault := ruleutils.OpClassName(was.OpClass); !isDefault && name != "" {
		class = []ast.Node{&ast.String{Sval: name}}
	}
	key = catalog.IndexKey{Att: col.AttNum, Type: col.Type, Kind: col.Kind, Collation: col.Collation, Desc: was.Desc, NullsFirst: was.NullsFirst}
	if was.Collation != old.Collation {
		if ty := x.Env.Type(col.Type); ty != nil && !ty.Collatable() {
			return key, pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", types.FormatType(col.Type, -1, x.Env))
		}
		key.Collation = was.Collation
	}
	if key.OpClass, err = bind.OpClass(x.Bind(), method, class, col.Type); err != nil {
		return key, err
	}
	return key, x.keyOrder(&key)
}

// retypeConstraints checks that checks and foreign keys still make sense.
func (x *exec) retypeConstraints(next *catalog.Table, col *catalog.Column) error {
	for i, c := range next.Constraints {
		switch {
		case c.Type == catalog.ConCheck && slices.Contains(c.Cols, col.AttNum):
			n := *c
			if err := x.retypeCheck(next, &n); err != nil {
				return err
			}
			next.Constraints[i] = &n
		case c.Type == catalog.ConForeign && slices.Contains(c.Cols, col.AttNum):
			ref := next
			if c.RefTable != next.OID {
				ref = x.Catalog().Table(c.RefTable)
			}
			if err := x.comparable(next, ref, c); err != nil {
				return err
			}
		}
	}
	for _, r := range x.referencing(next.OID) {
		for _, c := range r.Constraints {
			if c.Type == catalog.ConForeign && c.RefTable == next.OID && slices.Contains(c.RefCols, col.AttNum) {
				if err := x.comparable(r, next, c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// retypeCheck reads a check again, as if it were given over the column's new type.
func (x *exec) retypeCheck(t *catalog.Table, c *catalog.Constraint) error {
	nodes := depend.ParseExpr(c.Expr)
	if len(nodes) != 1 {
		return pgerr.Internal("check %s of %s does not parse", c.Name, t.Name)
	}
	val := nodes[0].(*ast.SelectStmt).TargetList[0].(*ast.ResTarget).Val
	e, _, err := bind.Expression(x.Bind(), t, val, expression.KindCheck, plan.Type{OID: types.Bool, Mod: -1}, "CHECK")
	if err != nil {
		return err
	}
	c.Expr, err = x.ExprSQL(e, t)
	return err
}

// sameBits reports whether stored values are good as they stand: the expression is the column, at most relabelled.
func sameBits(e plan.Expr, old, new *catalog.Column, cols map[int16]plan.Col) bool {
	if old.Kind != new.Kind {
		return false
	}
	for {
		switch v := e.(type) {
		case *plan.Relabel:
			e = v.Arg
		case *plan.ColRef:
			return cols[old.AttNum].ID == v.Col
		case *plan.FuncCall:
			// A length coercion to a longer or unbounded length changes nothing.
			if v.Form == plan.CallCastImplicit && len(v.Args) > 0 && old.Type == new.Type && old.Type == types.Varchar && old.TypMod >= 0 && new.TypMod >= old.TypMod {
				e = v.Args[0]
				continue
			}
			return false
		default:
			return false
		}
	}
}

// reorders reports whether an index would stand in another order under a column's new collation.
func (x *exec) reorders(t *catalog.Table, old, new *catalog.Column) bool {
	a, b := x.Catalog().KeyOrder(old.Collation), x.Catalog().KeyOrder(new.Collation)
	if a == nil && b == nil || a != nil && b != nil && *a == *b {
		return false
	}
	return slices.ContainsFunc(t.Indexes, func(ix *catalog.Index) bool { return depend.IndexUses(ix, old.AttNum) })
}

// retypeIdentity gives an identity column's sequence the column's type.
func (x *exec) retypeIdentity(col *catalog.Column) error {
	if col.IdentSeq == 0 {
		return nil
	}
	seq := x.Catalog().Table(col.IdentSeq)
	if seq == nil {
		return nil
	}
	if err := identityType(col); err != nil {
		return err
	}
	next, err := x.changeSequence(seq, &seqOptions{typ: col.Type})
	if err != nil {
		return err
	}
	x.Put(next)
	return nil
}
