package usertype

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/content"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

func domainType(d *catalog.Domain) plan.Type {
	return plan.Type{OID: d.Base, Mod: d.Mod, Coll: d.Collation}
}

// CreateDomain is CREATE DOMAIN.
func CreateDomain(x *stmt.Ctx, n *ast.CreateDomainStmt) error {
	schema, name, err := newType(x, n.Domainname)
	if err != nil {
		return err
	}
	base, err := bind.TypeName(x.Bind(), n.TypeName)
	if err != nil {
		return err
	}
	if err := x.MayUseType(base.OID); err != nil {
		return err
	}
	y := x.Env.Type(base.OID)
	if y == nil || y.TypType == types.TypePseudo {
		return pgerr.New(pgerr.DatatypeMismatch, "\"%s\" is not a valid base type for a domain", x.TypeText(base.OID))
	}
	d := &catalog.Domain{Base: base.OID, Mod: base.Mod, Collation: y.Collation, NDims: len(n.TypeName.ArrayBounds)}
	if n.CollClause != nil {
		if y.Collation == 0 {
			return pgerr.New(pgerr.DatatypeMismatch, "collations are not supported by type %s", x.TypeText(base.OID))
		}
		if d.Collation, err = bind.Collation(x.Bind(), n.CollClause.Collname); err != nil {
			return err
		}
	}
	if d.Default, err = inheritedDefault(x, base.OID); err != nil {
		return err
	}
	t := &catalog.Type{Header: catalog.Header{OID: x.Editor.OIDs(2), Schema: schema.OID, Name: name, Owner: x.User, ACL: x.NewACL(privilege.Type, 'T', schema.OID), Deps: stmt.TypeDep(nil, base.OID)},
		Form: types.TypeDomain, Domain: d}
	t.Array = t.OID + 1
	seenNull, seenDefault := false, false
	for _, e := range n.Constraints {
		k, ok := e.(*ast.Constraint)
		if !ok {
			return pgerr.Internal("domain constraint of form %T", e)
		}
		switch k.Contype {
		case ast.CONSTR_DEFAULT:
			if seenDefault {
				return pgerr.New(pgerr.SyntaxError, "multiple default expressions")
			}
			seenDefault = true
			if err := domainDefault(x, t, k.RawExpr); err != nil {
				return err
			}
		case ast.CONSTR_NOTNULL, ast.CONSTR_NULL:
			want := k.Contype == ast.CONSTR_NOTNULL
			if seenNull && d.NotNull != want {
				return pgerr.New(pgerr.SyntaxError, "conflicting NULL/NOT NULL constraints")
			}
			seenNull, d.NotNull = true, want
		case ast.CONSTR_CHECK:
			if k.IsNoInherit {
				return pgerr.New(pgerr.InvalidObjectDefinition, "check constraints for domains cannot be marked NO INHERIT")
			}
			if err := addDomainCheck(x, t, k); err != nil {
				return err
			}
		default:
			return domainRefusal(k.Contype)
		}
	}
	x.Editor.Put(t)
	return nil
}

func domainRefusal(c ast.ConstrType) error {
	switch c {
	case ast.CONSTR_UNIQUE:
		return pgerr.New(pgerr.SyntaxError, "unique constraints not possible for domains")
	case ast.CONSTR_PRIMARY:
		return pgerr.New(pgerr.SyntaxError, "primary key constraints not possible for domains")
	case ast.CONSTR_EXCLUSION:
		return pgerr.New(pgerr.SyntaxError, "exclusion constraints not possible for domains")
	case ast.CONSTR_FOREIGN:
		return pgerr.New(pgerr.SyntaxError, "foreign key constraints not possible for domains")
	}
	return pgerr.New(pgerr.FeatureNotSupported, "specifying constraint deferrability not supported for domains")
}

func inheritedDefault(x *stmt.Ctx, base types.OID) (string, error) {
	if t := x.Catalog().Type(base); t != nil && t.OID == base && t.Domain != nil {
		return t.Domain.Default, nil
	}
	return "", nil
}

func domainDefault(x *stmt.Ctx, t *catalog.Type, n ast.Node) error {
	if stmt.IsNullConst(n) {
		t.Domain.Default = ""
		return nil
	}
	e, _, err := bind.Expression(x.Bind(), nil, n, expression.KindColumnDefault, domainType(t.Domain), t.Name)
	if err != nil {
		return err
	}
	t.Domain.Default, err = x.ExprSQL(stmt.StripImplicit(e), nil)
	x.DependOn(&t.Deps, catalog.Address{}, e)
	return err
}

// addDomainCheck adds a CHECK to the descriptor.
func addDomainCheck(x *stmt.Ctx, t *catalog.Type, k *ast.Constraint) error {
	con := &catalog.DomainConstraint{OID: x.Editor.OID(), Validated: !k.SkipValidation, Name: types.TruncateName(k.Conname)}
	taken := func(name string) bool {
		return slices.ContainsFunc(t.Domain.Constraints, func(c *catalog.DomainConstraint) bool { return c.Name == name })
	}
	if con.Name == "" {
		for i, l := 0, "check"; ; i++ {
			if i > 0 {
				l = "check" + strconv.Itoa(int(i))
			}
			if con.Name = stmt.ObjectName(t.Name, "", l); !taken(con.Name) && !x.ConstraintExists(t.Schema, con.Name) {
				break
			}
		}
	} else if taken(con.Name) {
		return pgerr.New(pgerr.DuplicateObject, "constraint \"%s\" for domain \"%s\" already exists", con.Name, t.Name)
	}
	e, err := bind.DomainCheck(x.Bind(), k.RawExpr, domainType(t.Domain))
	if err != nil {
		return err
	}
	if con.Expr, err = x.StoredSQL(e, func(*plan.ColRef) string { return "VALUE" }); err != nil {
		return err
	}
	x.DependOn(&t.Deps, catalog.Address{}, e)
	t.Domain.Constraints = append(t.Domain.Constraints, con)
	return nil
}

// AlterDomain is ALTER DOMAIN, but for RENAME, OWNER and SCHEMA.
func AlterDomain(x *stmt.Ctx, n *ast.AlterDomainStmt) error {
	t, _, err := Open(x, n.TypeName)
	if err != nil {
		return err
	}
	if t == nil || t.Form != types.TypeDomain {
		return pgerr.New(pgerr.WrongObjectType, "%s is not a domain", strings.Join(stmt.Strs(n.TypeName), "."))
	}
	next := *t
	d := *t.Domain
	next.Domain = &d
	d.Constraints = slices.Clone(d.Constraints)
	switch n.Subtype {
	case "T":
		if n.Def == nil {
			d.Default = ""
		} else if err := domainDefault(x, &next, n.Def); err != nil {
			return err
		}
	case "N":
		d.NotNull = false
	case "O":
		if !d.NotNull {
			err = eachDomainValue(x, t, func(r *catalog.Table, c *catalog.Column, v types.Datum) error {
				if v.IsNull() {
					e := pgerr.New(pgerr.NotNullViolation, "column \"%s\" of table \"%s\" contains null values", c.Name, r.Name)
					e.Column = c.Name
					return x.InTable(e, r)
				}
				return nil
			})
		}
		d.NotNull = true
	case "C":
		k, ok := n.Def.(*ast.Constraint)
		if !ok {
			return pgerr.Internal("domain constraint of form %T", n.Def)
		}
		if k.Contype != ast.CONSTR_CHECK {
			return domainRefusal(k.Contype)
		}
		if err = addDomainCheck(x, &next, k); err == nil && !k.SkipValidation {
			err = validateDomain(x, t, d.Constraints[len(d.Constraints)-1])
		}
	case "V":
		i := slices.IndexFunc(d.Constraints, func(c *catalog.DomainConstraint) bool { return c.Name == n.Name })
		if i < 0 {
			return pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" of domain \"%s\" does not exist", n.Name, t.Name)
		}
		c := *d.Constraints[i]
		if !c.Validated {
			err = validateDomain(x, t, &c)
		}
		c.Validated = true
		d.Constraints[i] = &c
	case "X":
		i := slices.IndexFunc(d.Constraints, func(c *catalog.DomainConstraint) bool { return c.Name == n.Name })
		if i < 0 {
			if !n.MissingOk {
				return pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" of domain \"%s\" does not exist", n.Name, t.Name)
			}
			x.Note("", "constraint \"%s\" of domain \"%s\" does not exist, skipping", n.Name, t.Name)
			return nil
		}
		d.Constraints = slices.Delete(d.Constraints, i, i+1)
	default:
		return pgerr.Unsupported("this form of ALTER DOMAIN")
	}
	if err != nil {
		return err
	}
	x.Editor.Put(&next)
	return nil
}

// validateDomain checks a new constraint against the values that tables hold.
func validateDomain(x *stmt.Ctx, t *catalog.Type, con *catalog.DomainConstraint) error {
	e, col, err := bind.DomainExpr(x.Bind(), con.Expr, domainType(t.Domain))
	if err != nil {
		return err
	}
	fn, err := x.Hooks.Compile(e, []plan.Col{col})
	if err != nil {
		return err
	}
	return eachDomainValue(x, t, func(r *catalog.Table, c *catalog.Column, v types.Datum) error {
		ok, err := fn([]types.Datum{v})
		if err == nil && !ok.IsNull() && !ok.Bool() {
			e := pgerr.New(pgerr.CheckViolation, "column \"%s\" of table \"%s\" contains values that violate the new constraint", c.Name, r.Name)
			e.Column = c.Name
			err = x.InTable(e, r)
		}
		return err
	})
}

// eachDomainValue calls f with the values of all columns of the domain, or of a domain over it. A column of a type that holds
// such values inside is refused, as PostgreSQL does.
func eachDomainValue(x *stmt.Ctx, t *catalog.Type, f func(r *catalog.Table, c *catalog.Column, v types.Datum) error) error {
	var rels []*catalog.Table
	x.Catalog().Tables(func(r *catalog.Table) bool {
		if r.OID >= catalog.FirstNormalOID && (r.Kind == catalog.RelTable || r.Kind == catalog.RelMatView) {
			rels = append(rels, r)
		}
		return true
	})
	for _, r := range rels {
		var cols []int16
		for i := range r.Columns {
			c := &r.Columns[i]
			if c.Dropped || catalog.BuiltIn(c.Type) {
				continue
			}
			switch direct, inside := Holds(x, c.Type, t.OID, 0); {
			case direct:
				cols = append(cols, c.AttNum)
			case inside:
				return pgerr.New(pgerr.FeatureNotSupported, "cannot alter type \"%s\" because column \"%s.%s\" uses it", t.Name, r.Name, c.Name)
			}
		}
		if len(cols) == 0 {
			continue
		}
		if err := x.LockTable(r.OID, lock.Share); err != nil {
			return err
		}
		err := content.Scan(x, r, 0, func(_, _ []byte, vals []types.Datum) error {
			for _, att := range cols {
				if err := f(r, r.Column(att), vals[att-1]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Holds reports whether values of a type are, or have inside, values of a domain.
func Holds(x *stmt.Ctx, typ, domain types.OID, depth int) (direct, inside bool) {
	y := x.Env.Type(typ)
	switch {
	case typ == domain:
		return true, false
	case y == nil || depth > 20:
		return false, false
	case y.TypType == types.TypeDomain:
		return Holds(x, y.Base, domain, depth+1)
	case y.IsArray():
		d, i := Holds(x, y.Elem, domain, depth+1)
		return false, d || i
	}
	for _, a := range y.Attrs {
		if d, i := Holds(x, a.Type, domain, depth+1); d || i {
			return false, true
		}
	}
	return false, false
}

// RenameDomainConstraint is ALTER DOMAIN … RENAME CONSTRAINT.
func RenameDomainConstraint(x *stmt.Ctx, n *ast.RenameStmt, name string) (string, error) {
	l, ok := n.Object.(*ast.List)
	if !ok {
		return "", pgerr.Internal("domain name of form %T", n.Object)
	}
	return "ALTER DOMAIN", changeDomainConstraint(x, &ast.TypeName{Names: l.Items}, n.Subname, func(t *catalog.Type, c *catalog.DomainConstraint) error {
		if slices.ContainsFunc(t.Domain.Constraints, func(c *catalog.DomainConstraint) bool { return c.Name == name }) {
			return pgerr.New(pgerr.DuplicateObject, "constraint \"%s\" for domain %s already exists", name, x.TypeText(t.OID))
		}
		c.Name = name
		return nil
	})
}

// CommentConstraint is COMMENT ON CONSTRAINT … ON DOMAIN.
func CommentConstraint(x *stmt.Ctx, n *ast.CommentStmt) error {
	l, ok := n.Object.(*ast.List)
	if !ok || len(l.Items) != 2 {
		return pgerr.Internal("name of a domain's constraint of form %T", n.Object)
	}
	tn, ok := l.Items[0].(*ast.TypeName)
	if !ok {
		return pgerr.Internal("domain name of form %T", l.Items[0])
	}
	return changeDomainConstraint(x, tn, stmt.Strs(l.Items[1:])[0], func(_ *catalog.Type, c *catalog.DomainConstraint) error {
		c.Comment = n.Comment
		return nil
	})
}

// changeDomainConstraint puts a domain with a changed copy of a constraint.
func changeDomainConstraint(x *stmt.Ctx, tn *ast.TypeName, name string, change func(*catalog.Type, *catalog.DomainConstraint) error) error {
	t, _, err := openTypeName(x, tn)
	if err != nil {
		return err
	}
	if t == nil || t.Form != types.TypeDomain {
		return pgerr.New(pgerr.WrongObjectType, "%s is not a domain", quoted(strings.Join(stmt.Strs(tn.Names), ".")))
	}
	i := slices.IndexFunc(t.Domain.Constraints, func(c *catalog.DomainConstraint) bool { return c.Name == name })
	if i < 0 {
		return pgerr.New(pgerr.UndefinedObject, "constraint \"%s\" for domain %s does not exist", name, x.TypeText(t.OID))
	}
	next := *t
	d := *t.Domain
	next.Domain, d.Constraints = &d, slices.Clone(d.Constraints)
	c := *d.Constraints[i]
	if err := change(t, &c); err != nil {
		return err
	}
	d.Constraints[i] = &c
	x.Editor.Put(&next)
	return nil
}
