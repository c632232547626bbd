package merge

import (
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/threeway"
	"github.com/tarndb/tarn/sql/types"
)

// finish builds and checks over the merged rows what put has left out, and looks whether all stored SQL still means what it did.
func (s *schemas) finish() error {
	for i := range s.done {
		c := &s.done[i]
		var err error
		switch d := c.Merged.(type) {
		case *catalog.Table:
			err = s.finishTable(c, d)
		case *catalog.Type:
			err = s.finishDomain(c, d)
		}
		if err != nil {
			return err
		}
	}
	for i := range s.done {
		if t, ok := s.done[i].Merged.(*catalog.Table); ok {
			if err := s.check(&s.done[i], t.OID); err != nil {
				return err
			}
		}
	}
	for i := range s.done {
		if t, ok := s.done[i].Merged.(*catalog.Table); ok && t.Kind == catalog.RelMatView && s.done[i].Target == nil && !t.Unpopulated {
			if err := s.host.Run(s.x, "REFRESH MATERIALIZED VIEW "+ruleutils.Qualified(s.x.Catalog(), t.Schema, t.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *schemas) finishTable(c *threeway.Change, merged *catalog.Table) error {
	if c.Target == nil {
		return nil
	}
	if err := s.addIndexes(merged); err != nil {
		return err
	}
	if err := s.addConstraints(merged); err != nil {
		return err
	}
	now := s.x.Catalog().Table(merged.OID)
	next := stmt.Edit(now)
	strict := false
	for i := range next.Columns {
		if merged.Columns[i].NotNull && !next.Columns[i].NotNull && !next.Columns[i].Dropped {
			next.Columns[i].NotNull, strict = true, true
		}
	}
	if !strict {
		return nil
	}
	if hasRows(next) {
		if err := content.Scan(s.x, now, 0, func(_, _ []byte, vals []types.Datum) error { return content.CheckNulls(s.x, next, vals) }); err != nil {
			return err
		}
	}
	s.x.Put(next)
	return nil
}

// addIndexes builds the new indexes of a table.
func (s *schemas) addIndexes(merged *catalog.Table) error {
	for _, x := range merged.Indexes {
		now := s.x.Catalog().Table(merged.OID)
		if now.IndexByOID(x.OID) != nil {
			continue
		}
		taken, err := s.x.Claim(now.Schema, x.Name)
		if err != nil {
			return err
		}
		if taken {
			return stmt.RelationExists(x.Name)
		}
		next, ix := stmt.Edit(now), *x
		next.Indexes = append(next.Indexes, &ix)
		if !now.Partitioned() {
			ix.ID = max(next.NextIndexID, catalog.ClusteredIndexID+1)
			next.NextIndexID = ix.ID + 1
			if err := content.BuildIndex(s.x, next, &ix); err != nil {
				return err
			}
			if ix.Excludes != nil {
				if err := content.CheckExclusions(s.x, next, &ix); err != nil {
					return err
				}
			}
		}
		s.x.Put(next)
	}
	return nil
}

// addConstraints adds the new constraints of a table, and validates those that are said to hold.
func (s *schemas) addConstraints(merged *catalog.Table) error {
	for _, c := range merged.Constraints {
		now := s.x.Catalog().Table(merged.OID)
		was := constraintOf(now, c.OID)
		if was != nil && (was.Validated || !c.Validated) {
			continue
		}
		validate := c.Validated && hasRows(now) && (c.Type == catalog.ConCheck || c.Type == catalog.ConForeign)
		next, n := stmt.Edit(now), *c
		n.Validated = c.Validated && !validate
		if was == nil {
			next.Constraints = append(next.Constraints, &n)
		} else {
			for i := range next.Constraints {
				if next.Constraints[i] == was {
					next.Constraints[i] = &n
				}
			}
		}
		s.x.Put(next)
		if validate {
			if err := s.host.Run(s.x, "ALTER TABLE ONLY "+ruleutils.Qualified(s.x.Catalog(), next.Schema, next.Name)+" VALIDATE CONSTRAINT "+
				ruleutils.QuoteIdent(c.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *schemas) finishDomain(c *threeway.Change, merged *catalog.Type) error {
	now := s.x.Catalog().Type(merged.OID)
	if c.Target == nil || merged.Domain == nil || now == nil {
		return nil
	}
	name := ruleutils.Qualified(s.x.Catalog(), now.Schema, now.Name)
	for i, k := range merged.Domain.Constraints {
		if k.Validated && !now.Domain.Constraints[i].Validated {
			if err := s.host.Run(s.x, "ALTER DOMAIN "+name+" VALIDATE CONSTRAINT "+ruleutils.QuoteIdent(k.Name)); err != nil {
				return err
			}
		}
	}
	if merged.Domain.NotNull && !now.Domain.NotNull {
		return s.host.Run(s.x, "ALTER DOMAIN "+name+" SET NOT NULL")
	}
	return nil
}

// check looks whether the SQL that a relation holds can be bound, and a view reads what it reads in the source.
func (s *schemas) check(c *threeway.Change, oid catalog.OID) error {
	cat := s.x.Catalog()
	t := cat.Table(oid)
	if t == nil {
		return nil
	}
	refused := func(err error) error {
		return pgerr.New(pgerr.FeatureNotSupported, "merging schema changes is not supported for %s: it does not fit to what the target branch has changed", c.Object).
			WithDetail("%s", err.Error())
	}
	if t.HasQuery() {
		if err := s.sameRelations(c, t); err != nil {
			return refused(err)
		}
		list, err := parser.Parse("SELECT * FROM " + ruleutils.Qualified(cat, t.Schema, t.Name))
		if err == nil {
			_, _, err = s.x.Hooks.Query(list[0].Node)
		}
		if err != nil {
			return refused(err)
		}
	}
	for _, sql := range expressions(t) {
		if _, _, err := bind.TableExpr(s.x.Bind(), t, sql, plan.Type{}); err != nil {
			return refused(err)
		}
	}
	return nil
}

// expressions are those that a table holds over its own columns.
func expressions(t *catalog.Table) (out []string) {
	add := func(sql string) {
		if sql != "" {
			out = append(out, sql)
		}
	}
	for i := range t.Columns {
		add(t.Columns[i].Default)
	}
	for _, c := range t.Constraints {
		add(c.Expr)
	}
	for _, x := range t.Indexes {
		for i := range x.Keys {
			if x.Keys[i].Att == 0 {
				add(x.Keys[i].Expr)
			}
		}
		add(x.Pred)
	}
	return out
}

// sameRelations refuses a view whose query names something else in the target than in the source.
func (s *schemas) sameRelations(c *threeway.Change, view *catalog.Table) error {
	list, err := parser.Parse(view.View)
	if err != nil {
		return err
	}
	cat := s.x.Catalog()
	for _, st := range list {
		ast.Walk(st.Node, func(n ast.Node) bool {
			r, ok := n.(*ast.RangeVar)
			if !ok || r.Schemaname == "" || err != nil {
				return err == nil
			}
			in, from := relation(cat, r), relation(s.Source, r)
			if from != nil && (in == nil || in.OID != s.plan.OID(from.OID)) {
				err = pgerr.New(pgerr.UndefinedTable, "relation \"%s.%s\" is another one in the target branch", r.Schemaname, r.Relname)
			}
			return true
		})
	}
	return err
}

func relation(cat *catalog.Catalog, r *ast.RangeVar) *catalog.Table {
	sc := cat.Schema(r.Schemaname)
	if sc == nil {
		return nil
	}
	t, _ := cat.Relation(sc.OID, r.Relname)
	return t
}
