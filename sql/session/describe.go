package session

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/session/address"
	"github.com/tarndb/tarn/sql/types"
)

// pg_class OIDs of the catalogs that comments are about, those of the general store's objects aside (syscat.ClassOf).
const (
	classClass      types.OID = 1259
	classNamespace  types.OID = 2615
	classConstraint types.OID = 2606
	classType       types.OID = 1247
	classTrigger    types.OID = 2620
	classPolicy     types.OID = 3256
	classRewrite    types.OID = 2618
)

// Comment finds a comment: of an object of ours, or of a built-in one.
func (f *functions) Comment(obj, class types.OID, sub int32) (string, bool) {
	cat := f.Catalog()
	if class == classClass {
		t, ix := cat.RelationByOID(obj)
		switch {
		case t == nil:
		case ix != nil:
			return ix.Comment, ix.Comment != ""
		case sub == 0 && t.Comment != "":
			return t.Comment, true
		case sub > 0:
			c, ok := t.ColComments[int16(sub)]
			return c, ok
		}
	}
	for _, k := range catalog.Kinds() {
		if class != syscat.ClassOf(k) {
			continue
		}
		if o := cat.Object(k, obj); o != nil && !catalog.Derived(o) {
			return o.Head().Comment, o.Head().Comment != ""
		}
	}
	if class == classType {
		if t := cat.RowTypeOf(obj); t != nil && t.Kind == catalog.RelComposite && t.RowType == obj {
			return t.Comment, t.Comment != ""
		}
	}
	if sc := cat.SchemaByOID(obj); sc != nil && class == classNamespace && sub == 0 && sc.Comment != "" {
		return sc.Comment, true
	}
	if class == classTrigger {
		if _, g := cat.TriggerByOID(obj); g != nil {
			return g.Comment, g.Comment != ""
		}
		return "", false
	}
	if class == classConstraint {
		if _, c := cat.ConstraintByOID(obj); c != nil {
			return c.Comment, c.Comment != ""
		}
		if _, c := domainConstraint(cat, obj); c != nil {
			return c.Comment, c.Comment != ""
		}
		return "", false
	}
	if class == classRewrite {
		if _, r := cat.RuleByOID(obj); r != nil {
			return r.Comment, r.Comment != ""
		}
	}
	if class == classPolicy {
		if _, p := cat.PolicyByOID(obj); p != nil {
			return p.Comment, p.Comment != ""
		}
	}
	if sub != 0 {
		return "", false
	}
	want, in := itoa(int64(obj)), itoa(int64(class))
	for _, r := range pgdata.Load("pg_description").Rows {
		if *r[0] == want && *r[1] == in && *r[2] == "0" {
			return *r[3], true
		}
	}
	return "", false
}

func (f *functions) DescribeObject(class, obj types.OID, sub int32) string {
	return address.Describe(f.s().names(), class, obj, sub)
}

func (f *functions) IdentifyObject(class, obj types.OID, sub int32) (builtin.ObjectIdentity, bool) {
	return address.Identify(f.s().names(), class, obj, sub)
}

// RuleDef is a rule as a statement.
func (f *functions) RuleDef(rule types.OID, pretty bool) (string, error) {
	s := f.s()
	if v, r := s.catalog().RuleByOID(rule); r != nil {
		return bind.RuleDef(s.bindEnv(s.catalog(), ""), v, r, s.ruleTarget(v, pretty), bind.DefOptions{Pretty: pretty, Qualify: s.hidden})
	}
	var view *catalog.Table
	syscat.MadeFrom(s.catalog(), rule, func(t *catalog.Table) {
		if t.HasQuery() && syscat.RewriteOID(t.OID) == rule {
			view = t
		}
	})
	if view == nil {
		return "", nil
	}
	def, err := f.ViewDef(view.OID, pretty)
	name := s.ruleTarget(view, pretty)
	return "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO " + name + " DO INSTEAD " + def, err
}

// Expr prints a stored expression: it is kept as SQL.
func (f *functions) Expr(node string, rel types.OID, pretty bool) (string, error) {
	t := f.Catalog().Table(rel)
	if t == nil || t.Virtual || strings.HasPrefix(node, "FOR VALUES ") || node == "DEFAULT" { // a partition's bound
		return node, nil
	}
	return bind.ExprSQL(f.s().bindEnv(f.Catalog(), ""), t, node, pretty, f.s().hidden)
}

// namer qualifies relations always, or where the search path does not find them (pretty).
func (f *functions) namer(pretty bool) *ruleutils.Namer {
	s := f.s()
	cat := s.catalog()
	env := s.bindEnv(cat, "")
	return &ruleutils.Namer{Pretty: pretty, Env: s.env,
		Operator: func(oid types.OID) string { return bind.OperatorName(s.bindEnv(s.catalog(), ""), oid) },
		Relation: func(t *catalog.Table) string {
			if pretty && s.names().Visible(t.Schema, t.Name, t.OID) {
				return ruleutils.QuoteIdent(t.Name)
			}
			return s.names().Qualified(t.Schema, t.Name)
		},
		Expr: func(t *catalog.Table, sql string, pretty bool) (string, error) {
			return bind.ExprSQL(env, t, sql, pretty, s.hidden)
		},
		Class: func(oid types.OID, name string) string {
			if o := cat.Object(catalog.KindOpClass, oid); o != nil && !slices.Contains(f.SearchPath(true), o.Head().Schema) {
				return s.names().Qualified(o.Head().Schema, name)
			}
			return name
		},
	}
}

// hidden reports a relation that search_path does not find.
func (s *Session) hidden(r *catalog.Table) bool {
	return !s.names().Visible(r.Schema, r.Name, r.OID)
}

// ruleTarget is a view in the definition of one of its rules.
func (s *Session) ruleTarget(v *catalog.Table, pretty bool) string {
	if pretty && !s.hidden(v) {
		return ruleutils.QuoteIdent(v.Name)
	}
	return s.names().Qualified(v.Schema, v.Name)
}

func (f *functions) ViewDef(view types.OID, pretty bool) (string, error) {
	s := f.s()
	cat := s.catalog()
	t := cat.Table(view)
	if t == nil || !t.HasQuery() {
		return "", nil
	}
	sql, err := bind.ViewSQL(s.bindEnv(cat, ""), t, bind.DefOptions{Pretty: pretty,
		Qualify: s.hidden})
	if err != nil {
		return "", err
	}
	return " " + strings.TrimLeft(sql, " ") + ";", nil
}

func (f *functions) IndexDef(index types.OID, column int, pretty bool) (string, error) {
	t, ix := f.Catalog().RelationByOID(index)
	if ix == nil {
		return "", nil
	}
	return ruleutils.IndexDef(t, ix, column, f.namer(pretty))
}

func (f *functions) ConstraintDef(con types.OID, pretty bool) (string, error) {
	cat := f.Catalog()
	t, c := cat.ConstraintByOID(con)
	if c == nil {
		if d, check := domainConstraint(cat, con); check != nil {
			return f.domainCheckDef(d, check, pretty)
		}
		return "", nil
	}
	// Only the referenced table of a foreign key is named, as the search path needs it.
	n := f.namer(true)
	n.Pretty = pretty
	return ruleutils.ConstraintDef(t, c, cat.Table(c.RefTable), n)
}

// Updatable is the events that a relation takes; 0 where there is none.
func (f *functions) Updatable(rel types.OID, triggers bool) int {
	t := f.Catalog().Table(rel)
	if t == nil {
		return 0
	}
	return bind.Updatable(f.s().bindEnv(f.Catalog(), ""), t, triggers, 0)
}

// UpdatableColumn says whether a column of a relation can be changed.
func (f *functions) UpdatableColumn(rel types.OID, column int16, triggers bool) bool {
	t := f.Catalog().Table(rel)
	return t != nil && bind.UpdatableColumn(f.s().bindEnv(f.Catalog(), ""), t, column, triggers)
}

// StoredRefs lists the relations that a stored query or expression names.
func (f *functions) StoredRefs(sql string, expr bool) []types.OID {
	return bind.StoredRefs(f.s().bindEnv(f.Catalog(), ""), sql, expr)
}

func (f *functions) domainCheckDef(d *catalog.Domain, c *catalog.DomainConstraint, pretty bool) (string, error) {
	sql, err := bind.CheckSQL(f.s().bindEnv(f.Catalog(), ""), c.Expr, plan.Type{OID: d.Base, Mod: d.Mod, Coll: d.Collation}, pretty)
	if err != nil {
		return "", err
	}
	sql = "CHECK (" + sql + ")"
	if !c.Validated {
		sql += " NOT VALID"
	}
	return sql, nil
}

// domainConstraint finds a domain's constraint; nil for none.
func domainConstraint(cat *catalog.Catalog, con types.OID) (d *catalog.Domain, check *catalog.DomainConstraint) {
	cat.Objects(catalog.KindType, func(o catalog.Object) bool {
		if t := o.(*catalog.Type); t.Domain != nil {
			for _, c := range t.Domain.Constraints {
				if c.OID == con {
					d, check = t.Domain, c
				}
			}
		}
		return check == nil
	})
	return d, check
}
