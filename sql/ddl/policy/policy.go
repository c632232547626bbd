package policy

import (
	"slices"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

var commands = map[string]catalog.PolicyCommand{"all": catalog.ForAll, "select": catalog.ForSelect, "insert": catalog.ForInsert,
	"update": catalog.ForUpdate, "delete": catalog.ForDelete}

// Create is CREATE POLICY.
func Create(x *stmt.Ctx, n *ast.CreatePolicyStmt) error {
	cmd, ok := commands[n.CmdName]
	if !ok {
		return pgerr.New(pgerr.SyntaxError, "unrecognized row security option \"%s\"", n.CmdName)
	}
	if (cmd == catalog.ForSelect || cmd == catalog.ForDelete) && n.WithCheck != nil {
		return pgerr.New(pgerr.SyntaxError, "WITH CHECK cannot be applied to SELECT or DELETE")
	}
	if cmd == catalog.ForInsert && n.Qual != nil {
		return onlyCheck()
	}
	p := &catalog.Policy{Name: types.TruncateName(n.PolicyName), Command: cmd, Permissive: n.Permissive}
	var err error
	if p.Roles, err = roles(x, n.Roles); err != nil {
		return err
	}
	t, err := open(x, n.Table)
	if err != nil {
		return err
	}
	next := stmt.Edit(t)
	p.OID = x.Editor.OID()
	if err := conditions(x, next, p, n.Qual, n.WithCheck); err != nil {
		return err
	}
	if t.PolicyByName(p.Name) != nil {
		return exists(p.Name, t)
	}
	next.Policies = append(next.Policies, p)
	x.Put(next)
	return nil
}

// Alter is ALTER POLICY.
func Alter(x *stmt.Ctx, n *ast.AlterPolicyStmt) error {
	var to []catalog.OID
	if len(n.Roles) > 0 {
		var err error
		if to, err = roles(x, n.Roles); err != nil {
			return err
		}
	}
	t, err := open(x, n.Table)
	if err != nil {
		return err
	}
	// The conditions are read before the policy is looked for, as in PostgreSQL.
	next := stmt.Edit(t)
	p := catalog.Policy{}
	old := t.PolicyByName(n.PolicyName)
	if old != nil {
		p = *old
	}
	if err := conditions(x, next, &p, n.Qual, n.WithCheck); err != nil {
		return err
	}
	switch {
	case old == nil:
		return missing(n.PolicyName, t)
	case (p.Command == catalog.ForSelect || p.Command == catalog.ForDelete) && n.WithCheck != nil:
		return pgerr.New(pgerr.SyntaxError, "only USING expression allowed for SELECT, DELETE")
	case p.Command == catalog.ForInsert && n.Qual != nil:
		return onlyCheck()
	}
	if to != nil {
		p.Roles = to
	}
	replace(next, old, &p)
	x.Put(next)
	return nil
}

// Rename is ALTER POLICY … RENAME TO.
func Rename(x *stmt.Ctx, n *ast.RenameStmt, name string) error {
	t, err := open(x, n.Relation)
	if err != nil {
		return err
	}
	if t.PolicyByName(name) != nil {
		return exists(name, t)
	}
	return change(x, t, n.Subname, func(p *catalog.Policy) { p.Name = name })
}

// Comment is COMMENT ON POLICY.
func Comment(x *stmt.Ctx, rv *ast.RangeVar, name, comment string) error {
	t, err := open(x, rv)
	if err != nil {
		return err
	}
	return change(x, t, name, func(p *catalog.Policy) { p.Comment = comment })
}

// ToDrop finds the policy of DROP POLICY; ok false: there is none, and that has been said.
func ToDrop(x *stmt.Ctx, rv *ast.RangeVar, name string, missingOK bool) (o catalog.Address, ok bool, err error) {
	if missingOK && x.SkipsRelation(rv) {
		return o, false, nil
	}
	t, ix, err := x.OpenRelation(rv, lock.AccessExclusive)
	if err != nil {
		return o, false, err
	}
	if x.MustOwn(t, ix) != nil {
		return o, false, stmt.Denied("must be owner of relation %s", t.Name)
	}
	p := t.PolicyByName(name)
	switch {
	case p != nil:
		return catalog.Address{Kind: catalog.KindPolicy, OID: p.OID}, true, nil
	case missingOK:
		x.Note("", "policy \"%s\" for relation \"%s\" does not exist, skipping", name, rv.Relname)
		return o, false, nil
	}
	return o, false, missing(name, t)
}

// WithoutRole takes a role out of the policies of t that name it; a policy for nobody else goes. The result is t itself if there are
// none.
func WithoutRole(t *catalog.Table, role catalog.OID) *catalog.Table {
	next := t
	for _, p := range t.Policies {
		if !slices.Contains(p.Roles, role) {
			continue
		}
		if next == t {
			next = stmt.Edit(t)
		}
		n := *p
		if n.Roles = slices.DeleteFunc(slices.Clone(p.Roles), func(r catalog.OID) bool { return r == role }); len(n.Roles) > 0 {
			replace(next, p, &n)
		} else {
			next.Policies = slices.DeleteFunc(next.Policies, func(q *catalog.Policy) bool { return q == p })
			next.Deps = stmt.Independent(next.Deps, address(p))
		}
	}
	return next
}

func address(p *catalog.Policy) catalog.Address {
	return catalog.Address{Kind: catalog.KindPolicy, OID: p.OID}
}

func onlyCheck() error {
	return pgerr.New(pgerr.SyntaxError, "only WITH CHECK expression allowed for INSERT")
}

func exists(name string, t *catalog.Table) error {
	return pgerr.New(pgerr.DuplicateObject, "policy \"%s\" for table \"%s\" already exists", name, t.Name)
}

func missing(name string, t *catalog.Table) error {
	return pgerr.New(pgerr.UndefinedObject, "policy \"%s\" for table \"%s\" does not exist", name, t.Name)
}

// open locks the table of a policy for its owner.
func open(x *stmt.Ctx, rv *ast.RangeVar) (*catalog.Table, error) {
	t, ix, err := x.OpenRelation(rv, lock.AccessExclusive)
	if err != nil {
		return nil, err
	}
	if err := x.MustOwn(t, ix); err != nil {
		return nil, err
	}
	if ix != nil || !t.LikeTable() {
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table", rv.Relname)
	}
	if catalog.BuiltIn(t.OID) {
		return nil, stmt.Denied("permission denied: \"%s\" is a system catalog", rv.Relname)
	}
	return t, nil
}

// roles resolves TO; PUBLIC covers all others.
func roles(x *stmt.Ctx, list []ast.Node) (out []catalog.OID, err error) {
	if len(list) == 0 {
		return []catalog.OID{privilege.Public}, nil
	}
	for _, n := range list {
		spec := n.(*ast.RoleSpec)
		if spec.Roletype == ast.ROLESPEC_PUBLIC {
			if len(list) > 1 && x.Notice != nil {
				x.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.InvalidParameterValue, "ignoring specified roles other than PUBLIC").
					WithHint("All roles are members of the PUBLIC role."))
			}
			return []catalog.OID{privilege.Public}, nil
		}
		oid, err := x.RoleID(spec)
		if err != nil {
			return nil, err
		}
		out = append(out, oid)
	}
	return out, nil
}

// conditions puts the conditions that are given into a policy, and what it needs into its table's Deps.
func conditions(x *stmt.Ctx, next *catalog.Table, p *catalog.Policy, using, check ast.Node) error {
	var kept []catalog.Dep
	for _, d := range next.Deps {
		if d.From != address(p) {
			kept = append(kept, d)
		}
	}
	deps := kept
	for _, c := range []struct {
		given ast.Node
		sql   *string
	}{{using, &p.Using}, {check, &p.Check}} {
		n := c.given
		kind, what := expression.KindPolicy, "POLICY"
		if n == nil {
			if *c.sql == "" {
				continue
			}
			// Its needs are asked for again.
			stored, err := x.Bind().Cache.ParseExpr(*c.sql)
			if err != nil {
				return err
			}
			n, what = stored, ""
		}
		env := *x.Bind()
		env.Types = x.StoredEnv()
		sql, named, err := bind.RowExprSQL(&env, next, n, kind, what, bind.DefOptions{})
		if err != nil {
			e := *pgerr.From(err)
			e.Position = 0 // PostgreSQL gives none here
			return &e
		}
		*c.sql = sql
		x.DependOn(&deps, address(p), named.Expr)
		deps = dependOnNamed(deps, next, p, named)
	}
	next.Deps = deps
	return nil
}

// dependOnNamed adds relations and columns: every named column, or the relation where none is.
func dependOnNamed(deps []catalog.Dep, own *catalog.Table, p *catalog.Policy, named bind.Named) []catalog.Dep {
	add := func(on catalog.Address) {
		d := catalog.Dep{From: address(p), On: on, Type: catalog.DepNormal}
		if !catalog.BuiltIn(on.OID) && !slices.Contains(deps, d) {
			deps = append(deps, d)
		}
	}
	for _, a := range named.Access {
		if a.Table.OID != own.OID {
			add(catalog.Address{Kind: catalog.KindRelation, OID: a.Table.OID})
		}
		for _, att := range a.Select {
			if att > 0 {
				add(catalog.Address{Kind: catalog.KindColumn, OID: a.Table.OID, Sub: att})
			}
		}
	}
	return deps
}

func replace(next *catalog.Table, old, p *catalog.Policy) {
	for i := range next.Policies {
		if next.Policies[i] == old {
			next.Policies[i] = p
		}
	}
}

func change(x *stmt.Ctx, t *catalog.Table, name string, f func(*catalog.Policy)) error {
	old := t.PolicyByName(name)
	if old == nil {
		return missing(name, t)
	}
	p, next := *old, stmt.Edit(t)
	f(&p)
	replace(next, old, &p)
	x.Put(next)
	return nil
}
