package ddl

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/fkey"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/partition"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

func (x *exec) addConstraint(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	k, ok := cmd.Def.(*ast.Constraint)
	if !ok {
		return pgerr.Internal("constraint of form %T", cmd.Def)
	}
	switch k.Contype {
	case ast.CONSTR_PRIMARY, ast.CONSTR_UNIQUE:
		if k.Indexname != "" {
			return pgerr.Unsupported("ADD CONSTRAINT USING INDEX")
		}
		return x.alterAddKey(t, k, stmt.Strs(k.Keys))
	case ast.CONSTR_EXCLUSION:
		return x.alterAddExclusion(t, k)
	case ast.CONSTR_CHECK:
		return x.alterAddCheck(t, k)
	case ast.CONSTR_FOREIGN:
		return x.alterAddForeign(t, k)
	}
	return pgerr.Unsupported("this kind of constraint")
}

// alterAddKey adds a primary key, which puts the rows in its order under a new storage id, or a unique constraint.
func (x *exec) alterAddKey(t *catalog.Table, k *ast.Constraint, cols []string) error {
	next := stmt.Edit(t)
	ix, err := x.addKey(next, &keyDef{con: k, cols: cols})
	if err != nil {
		return err
	}
	if ix.ID == content.PrimaryIndex {
		err = x.restore(t, next, nil)
	} else {
		if err = content.BuildIndex(x.Ctx, next, ix); err == nil && ix.Primary {
			err = content.Scan(x.Ctx, t, 0, func(_, _ []byte, vals []types.Datum) error { return content.CheckNulls(x.Ctx, next, vals) })
		}
	}
	if err != nil {
		return err
	}
	x.Put(next)
	return nil
}

// checkExpr is a check constraint ready to run.
type checkExpr struct {
	con  *catalog.Constraint
	expr *content.Expr
}

func (x *exec) compileCheck(t *catalog.Table, c *catalog.Constraint) (checkExpr, error) {
	e, err := content.Stored(x.Ctx, t, c.Expr, plan.Type{OID: types.Bool, Mod: -1})
	return checkExpr{c, e}, err
}

// checksOn compiles the check constraints that name a column.
func (x *exec) checksOn(t *catalog.Table, att int16) (out []checkExpr, err error) {
	for _, c := range t.Constraints {
		if c.Type == catalog.ConCheck && slices.Contains(c.Cols, att) {
			e, err := x.compileCheck(t, c)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
	}
	return out, nil
}

func (x *exec) runChecks(t *catalog.Table, checks []checkExpr, vals []types.Datum) error {
	for _, c := range checks {
		v, err := c.expr.Eval(vals)
		if err != nil {
			return err
		}
		if !v.IsNull() && !v.Bool() {
			e := pgerr.New(pgerr.CheckViolation, "check constraint \"%s\" of relation \"%s\" is violated by some row", c.con.Name, t.Name)
			e.Constraint = c.con.Name
			return x.InTable(e, t)
		}
	}
	return nil
}

func (x *exec) alterAddCheck(t *catalog.Table, k *ast.Constraint) error {
	next := stmt.Edit(t)
	c, err := x.addCheck(next, k)
	if err != nil {
		return err
	}
	if c.Validated {
		if err := x.validateCheck(next, c); err != nil {
			return err
		}
	}
	x.Put(next)
	return nil
}

func (x *exec) validateCheck(t *catalog.Table, c *catalog.Constraint) error {
	e, err := x.compileCheck(t, c)
	if err != nil {
		return err
	}
	return content.Scan(x.Ctx, t, 0, func(_, _ []byte, vals []types.Datum) error { return x.runChecks(t, []checkExpr{e}, vals) })
}

func (x *exec) alterAddForeign(t *catalog.Table, k *ast.Constraint) error {
	next := stmt.Edit(t)
	c, err := x.addForeign(next, k)
	if err != nil {
		return err
	}
	if c.Validated {
		if err := x.validateForeign(next, c); err != nil {
			return err
		}
	}
	x.Put(next)
	return nil
}

// validateForeign looks for the referenced row of every row, in partitions where the tables are partitioned.
func (x *exec) validateForeign(t *catalog.Table, c *catalog.Constraint) error {
	if t.Partitioned() {
		return nil // its partitions have foreign keys of their own
	}
	ref := t
	if c.RefTable != t.OID {
		ref = x.Catalog().Table(c.RefTable)
	}
	match, err := fkey.New(t, ref, c, func(t *catalog.Table, sql string) (fkey.Func, error) {
		e, err := content.Stored(x.Ctx, t, sql, plan.Type{})
		if err != nil {
			return nil, err
		}
		return e.Eval, nil
	})
	if err != nil {
		return err
	}
	view := x.Txn.Latest()
	defer view.Release()
	key := make([]types.Datum, len(c.Cols))
	find := x.keyFinder(view, ref, c)
	return content.Scan(x.Ctx, t, 0, func(_, _ []byte, vals []types.Datum) error {
		nulls := 0
		for i, att := range c.Cols {
			if key[i] = vals[att-1]; key[i].IsNull() {
				nulls++
			}
		}
		if nulls > 0 {
			if c.Match == 'f' && nulls < len(key) {
				e := pgerr.New(pgerr.ForeignKeyViolation, "insert or update on table \"%s\" violates foreign key constraint \"%s\"", t.Name, c.Name).
					WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
				e.Constraint = c.Name
				return x.InTable(e, t)
			}
			return nil
		}
		refKey, found, err := match.Referenced(key)
		if err != nil {
			return err
		}
		if found {
			found, err = find(refKey)
		}
		if err == nil && !found {
			err = x.notPresent(t, ref, c, vals)
		}
		return err
	})
}

// keyFinder looks a referenced key up, given in the order of the constraint's columns.
func (x *exec) keyFinder(view txn.View, ref *catalog.Table, c *catalog.Constraint) func(key []types.Datum) (bool, error) {
	root := ref.IndexByOID(c.Index)
	order := make([]int, len(root.Keys)) // an index has its keys in another order
	for i := range root.Keys {
		order[i] = slices.Index(c.RefCols, root.Keys[i].Att)
	}
	rels := map[*catalog.Table]*rowstore.Rel{}
	eq := make([]types.Datum, len(root.Keys))
	var it rowstore.Iter
	return func(key []types.Datum) (bool, error) {
		leaf, ix, err := partition.Leaf(x.Catalog(), ref, root, c.RefCols, key, x.Env)
		if leaf == nil || err != nil {
			return false, err
		}
		rel := rels[leaf]
		if rel == nil {
			if rel, err = rowstore.Open(leaf); err != nil {
				return false, err
			}
			rels[leaf] = rel
		}
		for i, k := range order {
			eq[i] = key[k]
		}
		rel.InitScan(&it, view, ix, rowstore.Range{Eq: eq}, false)
		found := it.Next()
		return found, it.Close()
	}
}

func (x *exec) notPresent(t, ref *catalog.Table, c *catalog.Constraint, vals []types.Datum) error {
	var names, texts []string
	for _, att := range c.Cols {
		col := t.Column(att)
		names = append(names, col.Name)
		texts = append(texts, x.Env.Type(col.Type).Text(vals[att-1], x.Env))
	}
	e := pgerr.New(pgerr.ForeignKeyViolation, "insert or update on table \"%s\" violates foreign key constraint \"%s\"", t.Name, c.Name).
		WithDetail("%s", "Key ("+strings.Join(names, ", ")+")=("+strings.Join(texts, ", ")+") is not present in table \""+ref.Name+"\".")
	e.Constraint = c.Name
	return x.InTable(e, t)
}

func constraintOf(t *catalog.Table, name string) (*catalog.Constraint, error) {
	if c := t.ConstraintByName(name); c != nil {
		return c, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" of relation \"%s\" does not exist", name, t.Name)
}

func (x *exec) dropConstraint(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := constraintOf(t, cmd.Name)
	if err != nil {
		if cmd.MissingOk {
			x.Note("", "constraint \"%s\" of relation \"%s\" does not exist, skipping", cmd.Name, t.Name)
			return nil
		}
		return err
	}
	return depend.Drop(x.Ctx, []catalog.Address{{Kind: catalog.KindConstraint, OID: c.OID}}, cmd.Behavior == ast.DROP_CASCADE)
}

func (x *exec) validateConstraint(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	c, err := constraintOf(t, cmd.Name)
	if err != nil {
		return err
	}
	if c.Type != catalog.ConCheck && c.Type != catalog.ConForeign {
		return pgerr.New(pgerr.WrongObjectType, "constraint \"%s\" of relation \"%s\" is not a foreign key or check constraint", cmd.Name, t.Name)
	}
	if c.Validated {
		return nil
	}
	if c.Type == catalog.ConCheck {
		err = x.validateCheck(t, c)
	} else {
		err = x.validateForeign(t, c)
	}
	if err != nil {
		return err
	}
	n := *c
	n.Validated = true
	x.replaceConstraint(t, c, &n)
	return nil
}

func (x *exec) replaceConstraint(t *catalog.Table, old, new *catalog.Constraint) {
	next := stmt.Edit(t)
	for i := range next.Constraints {
		if next.Constraints[i] == old {
			next.Constraints[i] = new
		}
	}
	x.Put(next)
}

func (x *exec) alterConstraint(t *catalog.Table, cmd *ast.AlterTableCmd) error {
	k := cmd.Def.(*ast.Constraint)
	c, err := constraintOf(t, k.Conname)
	if err != nil {
		return err
	}
	if c.Type != catalog.ConForeign {
		return pgerr.New(pgerr.WrongObjectType, "constraint \"%s\" of relation \"%s\" is not a foreign key constraint", k.Conname, t.Name)
	}
	n := *c
	n.Deferrable, n.Deferred = k.Deferrable, k.Initdeferred
	x.replaceConstraint(t, c, &n)
	return nil
}
