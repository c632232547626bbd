package ddl

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/bind/place"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// addExclusion adds an exclusion constraint with its index to the descriptor. Rows are the caller's business.
func (x *exec) addExclusion(t *catalog.Table, k *ast.Constraint) (*catalog.Index, error) {
	if t.Partitioned() {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "exclusion constraints are not supported on partitioned tables").
			WithPosition((&place.Text{Source: x.Bind().Source}).Pos(k.Location))
	}
	method, err := x.indexMethod(&ast.IndexStmt{AccessMethod: k.AccessMethod, IndexParams: k.Exclusions, IndexIncludingParams: k.Including})
	if err != nil {
		return nil, err
	}
	if method == "gin" || method == "brin" {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "access method \"%s\" does not support exclusion constraints", method)
	}
	ix := &catalog.Index{OID: x.Editor.OID(), Method: method, ID: t.NextIndexID}
	con := &catalog.Constraint{OID: x.Editor.OID(), Type: catalog.ConExclusion, Index: ix.OID, Validated: true, NoInherit: true,
		Deferrable: k.Deferrable || k.Initdeferred, Deferred: k.Initdeferred}
	ix.Constraint, ix.Deferrable = con.OID, con.Deferrable
	t.NextIndexID++
	part := catalog.Address{Kind: catalog.KindIndex, OID: ix.OID}
	var names []string
	for _, e := range k.Exclusions {
		l, ok := e.(*ast.List)
		if !ok || len(l.Items) != 2 {
			return nil, pgerr.Internal("element of an exclusion constraint of form %T", e)
		}
		elem, op := l.Items[0].(*ast.IndexElem), l.Items[1].(*ast.List)
		key, err := x.indexKey(t, elem, method, func(e plan.Expr) { x.DependOn(&t.Deps, part, e) })
		if err != nil {
			return nil, err
		}
		with, err := bind.ExclusionOperator(x.Bind(), op.Items, key.OpClass, key.Type)
		if err != nil {
			return nil, err
		}
		if !catalog.BuiltIn(with.Op) {
			t.Deps = append(t.Deps, catalog.Dep{From: part, On: catalog.Address{Kind: catalog.KindOperator, OID: with.Op}, Type: catalog.DepNormal})
		}
		ix.Keys, ix.Excludes = append(ix.Keys, key), append(ix.Excludes, with)
		con.Cols = append(con.Cols, key.Att)
		names = append(names, indexColumnName(t, &key, names))
	}
	for i := range ix.Keys {
		if ix.Keys[i].Att == 0 {
			ix.Keys[i].ExprName = names[i]
		}
	}
	for _, name := range stmt.Strs(k.Including) {
		c := t.ColumnByName(name)
		if c == nil {
			return nil, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" named in key does not exist", name)
		}
		ix.Include = append(ix.Include, c.AttNum)
		names = append(names, name)
	}
	if k.WhereClause != nil {
		e, _, err := bind.Expression(x.Bind(), t, k.WhereClause, expression.KindIndexPred, plan.Type{OID: types.Bool, Mod: -1}, "WHERE")
		if err != nil {
			return nil, err
		}
		if err := immutable(e, "functions in index predicate must be marked IMMUTABLE"); err != nil {
			return nil, err
		}
		if ix.Pred, err = x.ExprSQL(e, t); err != nil {
			return nil, err
		}
		x.DependOn(&t.Deps, part, e)
	}
	if ix.Options, err = relOptions(k.Options); err != nil {
		return nil, err
	}
	if err := x.constraintName(t, ix, k, stmt.Joined(names), "excl"); err != nil {
		return nil, err
	}
	con.Name = ix.Name
	t.Indexes = append(t.Indexes, ix)
	t.Constraints = append(t.Constraints, con)
	return ix, nil
}

// alterAddExclusion is ADD CONSTRAINT … EXCLUDE: the rows that are there are compared with each other.
func (x *exec) alterAddExclusion(t *catalog.Table, k *ast.Constraint) error {
	next := stmt.Edit(t)
	ix, err := x.addExclusion(next, k)
	if err != nil {
		return err
	}
	x.Last = false // the rows are compared by what is written
	if err := content.BuildIndex(x.Ctx, next, ix); err != nil {
		return err
	}
	if err := content.CheckExclusions(x.Ctx, next, ix); err != nil {
		return err
	}
	x.Put(next)
	return nil
}
