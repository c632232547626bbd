package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// Materialized views (manual: CREATE and REFRESH MATERIALIZED VIEW): a table's storage with a view's query.

// checkMatView refuses queries that a materialized view cannot keep.
func (x *exec) checkMatView(query ast.Node, into *ast.IntoClause) error {
	sel, ok := query.(*ast.SelectStmt)
	switch {
	case into.Rel.Relpersistence == "u":
		return pgerr.New(pgerr.SyntaxError, "materialized views cannot be unlogged")
	case !ok:
		return pgerr.Unsupported("a materialized view of this kind of statement")
	case dataModifyingWith(sel):
		return pgerr.New(pgerr.FeatureNotSupported, "materialized views must not use data-modifying statements in WITH")
	case x.readsTemp(sel):
		return pgerr.New(pgerr.FeatureNotSupported, "materialized views must not use temporary tables or views")
	}
	return nil
}

// refreshMatView is REFRESH MATERIALIZED VIEW: the rows are made anew under a new storage id. CONCURRENTLY waits for readers all
// the same: a reader whose snapshot is older than the new rows must not look for them.
func (x *exec) refreshMatView(n *ast.RefreshMatViewStmt) error {
	t, ix, err := x.OpenRelation(n.Relation, lock.AccessExclusive)
	switch {
	case err != nil:
		return err
	case ix != nil || t.Kind != catalog.RelMatView:
		return pgerr.New(pgerr.FeatureNotSupported, "\"%s\" is not a materialized view", n.Relation.Relname)
	}
	if err := x.MustOwn(t, nil); err != nil {
		return err
	}
	if n.Concurrent {
		switch {
		case n.SkipData:
			return pgerr.New(pgerr.SyntaxError, "%s and %s options cannot be used together", "CONCURRENTLY", "WITH NO DATA")
		case t.Unpopulated:
			return pgerr.New(pgerr.FeatureNotSupported, "CONCURRENTLY cannot be used when the materialized view is not populated")
		case !identifiesRows(t):
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot refresh materialized view \"%s\" concurrently", ruleutils.QuoteIdent(x.Catalog().SchemaByOID(t.Schema).Name)+"."+ruleutils.QuoteIdent(t.Name)).
				WithHint("Create a unique index with no WHERE clause on one or more columns of the materialized view.")
		}
	}
	next := stmt.Edit(t)
	next.StorageID, next.Unpopulated = x.Editor.StorageID(), n.SkipData
	if !n.SkipData {
		if err := x.Hooks.AsOwner(t.Owner, func() error { return x.fillMatView(next) }); err != nil {
			return err
		}
	}
	if err := content.RemoveStorage(x.Ctx, t.StorageID); err != nil {
		return err
	}
	x.Put(next)
	return nil
}

// identifiesRows reports an index that REFRESH CONCURRENTLY asks for.
func identifiesRows(t *catalog.Table) bool {
	for _, ix := range t.Indexes {
		plain := ix.Unique && ix.Pred == ""
		for _, k := range ix.Keys {
			plain = plain && k.Att != 0
		}
		if plain {
			return true
		}
	}
	return false
}

func (x *exec) fillMatView(t *catalog.Table) error {
	stmts, err := parser.Parse(t.View)
	if err != nil || len(stmts) != 1 {
		return pgerr.Internal("materialized view %s is not a query", t.Name)
	}
	_, run, err := x.Hooks.Query(stmts[0].Node)
	if err != nil {
		return err
	}
	w, err := content.NewWriter(x.Ctx, t)
	if err != nil {
		return err
	}
	_, err = run(func(row []types.Datum) error { return w.Write(row, nil, nil) })
	return w.Finish(err)
}
