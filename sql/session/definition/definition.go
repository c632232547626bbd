// Package definition prints objects of the catalog as the SQL that makes them (manual: 9.26.6, pg_get_*def).
package definition

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/session/regname"
	"github.com/tarndb/tarn/sql/types"
)

// Printer prints for a session: what its search path finds has no schema in front, where a function's PostgreSQL twin does so. An
// object that is not there is "".
type Printer struct{ regname.Names }

// Rule is a rule as a statement.
func (p Printer) Rule(rule types.OID, pretty bool) (string, error) {
	if v, r := p.S.Catalog().RuleByOID(rule); r != nil {
		return bind.RuleDef(p.S.Bind(), v, r, p.ruleTarget(v, pretty), bind.DefOptions{Pretty: pretty, Qualify: p.hidden})
	}
	var view *catalog.Table
	syscat.MadeFrom(p.S.Catalog(), rule, func(t *catalog.Table) {
		if t.HasQuery() && syscat.RewriteOID(t.OID) == rule {
			view = t
		}
	})
	if view == nil {
		return "", nil
	}
	def, err := p.View(view.OID, pretty)
	name := p.ruleTarget(view, pretty)
	return "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO " + name + " DO INSTEAD " + def, err
}

// Expr prints a stored expression: it is kept as SQL.
func (p Printer) Expr(node string, rel types.OID, pretty bool) (string, error) {
	t := p.S.Catalog().Table(rel)
	if t == nil || t.Virtual || strings.HasPrefix(node, "FOR VALUES ") || node == "DEFAULT" { // a partition's bound
		return node, nil
	}
	return bind.ExprSQL(p.S.Bind(), t, node, pretty, p.hidden)
}

// namer qualifies relations always, or where the search path does not find them (pretty).
func (p Printer) namer(pretty bool) *ruleutils.Namer {
	cat := p.S.Catalog()
	env := p.S.Bind()
	return &ruleutils.Namer{Pretty: pretty, Env: p.S.Types(),
		Operator: func(oid types.OID) string { return bind.OperatorName(p.S.Bind(), oid) },
		Relation: func(t *catalog.Table) string {
			if pretty && p.Visible(t.Schema, t.Name, t.OID) {
				return ruleutils.QuoteIdent(t.Name)
			}
			return p.Qualified(t.Schema, t.Name)
		},
		Expr: func(t *catalog.Table, sql string, pretty bool) (string, error) {
			return bind.ExprSQL(env, t, sql, pretty, p.hidden)
		},
		Class: func(oid types.OID, name string) string {
			if o := cat.Object(catalog.KindOpClass, oid); o != nil && !slices.Contains(p.S.SearchPath(true), o.Head().Schema) {
				return p.Qualified(o.Head().Schema, name)
			}
			return name
		},
	}
}

// hidden reports a relation that search_path does not find.
func (p Printer) hidden(r *catalog.Table) bool {
	return !p.Visible(r.Schema, r.Name, r.OID)
}

// ruleTarget is a view in the definition of one of its rules.
func (p Printer) ruleTarget(v *catalog.Table, pretty bool) string {
	if pretty && !p.hidden(v) {
		return ruleutils.QuoteIdent(v.Name)
	}
	return p.Qualified(v.Schema, v.Name)
}

// View is a view's query.
func (p Printer) View(view types.OID, pretty bool) (string, error) {
	cat := p.S.Catalog()
	t := cat.Table(view)
	if t == nil || !t.HasQuery() {
		return "", nil
	}
	sql, err := bind.ViewSQL(p.S.Bind(), t, bind.DefOptions{Pretty: pretty,
		Qualify: p.hidden})
	if err != nil {
		return "", err
	}
	return " " + strings.TrimLeft(sql, " ") + ";", nil
}

// Index is an index as a statement, or one of its columns.
func (p Printer) Index(index types.OID, column int, pretty bool) (string, error) {
	t, ix := p.S.Catalog().RelationByOID(index)
	if ix == nil {
		return "", nil
	}
	return ruleutils.IndexDef(t, ix, column, p.namer(pretty))
}

// Constraint is a constraint as it stands in a statement.
func (p Printer) Constraint(con types.OID, pretty bool) (string, error) {
	cat := p.S.Catalog()
	t, c := cat.ConstraintByOID(con)
	if c == nil {
		if d, check := cat.DomainConstraintByOID(con); check != nil {
			return p.domainCheck(d, check, pretty)
		}
		return "", nil
	}
	// Only the referenced table of a foreign key is named, as the search path needs it.
	n := p.namer(true)
	n.Pretty = pretty
	return ruleutils.ConstraintDef(t, c, cat.Table(c.RefTable), n)
}

func (p Printer) domainCheck(d *catalog.Domain, c *catalog.DomainConstraint, pretty bool) (string, error) {
	sql, err := bind.CheckSQL(p.S.Bind(), c.Expr, plan.Type{OID: d.Base, Mod: d.Mod, Coll: d.Collation}, pretty)
	if err != nil {
		return "", err
	}
	sql = "CHECK (" + sql + ")"
	if !c.Validated {
		sql += " NOT VALID"
	}
	return sql, nil
}

// Trigger is pg_get_triggerdef.
func (p Printer) Trigger(oid types.OID, pretty bool) (string, error) {
	cat := p.S.Catalog()
	t, g := cat.TriggerByOID(oid)
	if g == nil {
		return "", nil
	}
	when := ""
	if g.When != "" {
		var err error
		if when, err = bind.WhenSQL(p.S.Bind(), t, g.When, pretty); err != nil {
			return "", err
		}
	}
	names := ruleutils.TriggerNames{Table: p.namer(pretty).Relation(t), When: when, Function: bind.FunctionText(p.S.Bind(), g.Func)}
	if ref := cat.Table(g.RefTable); ref != nil {
		names.From = p.namer(true).Relation(ref)
	}
	return ruleutils.TriggerDef(t, g, names), nil
}
