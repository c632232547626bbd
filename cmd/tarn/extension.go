package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/server/auth"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session"
)

// statements runs what concerns the server and not one database: branches, databases, roles.
func (c *cluster) statements(ctx context.Context, s *session.Session, stmt ast.Node) (tag string, handled bool, err error) {
	switch n := stmt.(type) {
	case *ast.CreateBranchStmt:
		return "CREATE BRANCH", true, c.createBranch(ctx, s, n)
	case *ast.DropBranchStmt:
		return "DROP BRANCH", true, c.dropBranch(ctx, s, n)
	case *ast.UseBranchStmt:
		if err := outsideBlock(s, "USE BRANCH"); err != nil {
			return "", true, err
		}
		err := s.UseBranch(ctx, n.Name)
		var pe *pgerr.Error
		if errors.As(err, &pe) && pe.Severity == pgerr.SeverityFatal {
			e := *pe // the session itself goes on
			e.Severity = pgerr.SeverityError
			err = &e
		}
		return "USE BRANCH", true, err
	case *ast.AlterBranchStmt:
		return "", true, pgerr.Unsupported("ALTER BRANCH")
	case *ast.MergeBranchStmt:
		return "", true, pgerr.Unsupported("MERGE BRANCH")
	case *ast.CreatedbStmt:
		return "CREATE DATABASE", true, c.createDatabase(ctx, s, n)
	case *ast.DropdbStmt:
		return "DROP DATABASE", true, c.dropDatabase(ctx, s, n)
	case *ast.AlterDatabaseSetStmt:
		return "ALTER DATABASE", true, c.alterDatabaseSet(n)
	case *ast.CreateRoleStmt:
		return "CREATE ROLE", true, c.createRole(s, n)
	case *ast.AlterRoleStmt:
		return "ALTER ROLE", true, c.alterRole(s, n)
	case *ast.DropRoleStmt:
		return "DROP ROLE", true, c.dropRole(s, n)
	}
	return "", false, nil
}

func outsideBlock(s *session.Session, what string) error {
	if s.InTransactionBlock() {
		return pgerr.New(pgerr.ActiveSQLTransaction, "%s cannot run inside a transaction block", what)
	}
	return nil
}

func superuser(s *session.Session, what string) error {
	if !s.Superuser() {
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to %s", what)
	}
	return nil
}

func (c *cluster) createBranch(ctx context.Context, s *session.Session, n *ast.CreateBranchStmt) error {
	if err := outsideBlock(s, "CREATE BRANCH"); err != nil {
		return err
	}
	if n.At.LSN != "" || n.At.Timestamp != "" {
		return pgerr.Unsupported("CREATE BRANCH AT")
	}
	o := branching.CreateOptions{Parent: n.From, CreatedBy: s.User()}
	if o.Parent == "" {
		o.Parent = s.DB().Branch
	}
	for k, v := range n.Options {
		switch k {
		case "protected":
			o.Protected = v == "true" || v == "on"
		case "ttl", "schema_only":
			return pgerr.Unsupported("CREATE BRANCH option " + k)
		default:
			return pgerr.New(pgerr.SyntaxError, "unrecognized CREATE BRANCH option \"%s\"", k)
		}
	}
	_, err := c.branches.CreateBranch(ctx, s.DB().Name, n.Name, o)
	switch {
	case errors.Is(err, branching.ErrBranchExists):
		if n.IfNotExists {
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.DuplicateObject, "branch \"%s\" already exists, skipping", n.Name))
			return nil
		}
		return pgerr.New(pgerr.DuplicateObject, "branch \"%s\" already exists", n.Name)
	case errors.Is(err, branching.ErrNoBranch):
		return pgerr.New(pgerr.UndefinedObject, "branch \"%s\" does not exist", o.Parent).
			WithHint("SELECT name FROM tarn.branches lists the branches.")
	}
	return err
}

func (c *cluster) dropBranch(ctx context.Context, s *session.Session, n *ast.DropBranchStmt) error {
	if err := outsideBlock(s, "DROP BRANCH"); err != nil {
		return err
	}
	if n.Name == s.DB().Branch {
		return pgerr.New(pgerr.ObjectInUse, "cannot drop the branch that this session is on").
			WithHint("Connect to another branch, or USE BRANCH, first.")
	}
	err := whenFree(ctx, func() error { return c.branches.DropBranch(ctx, s.DB().Name, n.Name, n.Cascade) })
	switch {
	case errors.Is(err, branching.ErrNoBranch):
		if n.IfExists {
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.UndefinedObject, "branch \"%s\" does not exist, skipping", n.Name))
			return nil
		}
		return pgerr.New(pgerr.UndefinedObject, "branch \"%s\" does not exist", n.Name)
	case errors.Is(err, branching.ErrInUse):
		return pgerr.New(pgerr.ObjectInUse, "branch \"%s\" is being accessed by other users", n.Name)
	case errors.Is(err, branching.ErrHasChildren):
		return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop branch \"%s\" because other branches depend on it", n.Name).
			WithHint("Use DROP BRANCH ... CASCADE to drop its children too.")
	case errors.Is(err, branching.ErrProtected):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "branch \"%s\" or one of its children is protected", n.Name).
			WithHint("ALTER BRANCH ... SET (protected = false) lifts the protection.")
	case errors.Is(err, branching.ErrLastBranch):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot drop the last branch of database \"%s\"", s.DB().Name).
			WithHint("DROP DATABASE drops the database.")
	}
	return err
}

func (c *cluster) createDatabase(ctx context.Context, s *session.Session, n *ast.CreatedbStmt) error {
	if err := outsideBlock(s, "CREATE DATABASE"); err != nil {
		return err
	}
	if err := superuser(s, "create database"); err != nil {
		return err
	}
	template, owner := "", uint32(10)
	for _, o := range n.Options {
		d, ok := o.(*ast.DefElem)
		if !ok {
			continue
		}
		v := defText(d)
		switch d.Defname {
		case "template":
			// PostgreSQL's own templates are empty databases.
			if v != "template0" && v != "template1" {
				template = v
			}
		case "owner":
			r, ok := c.role(v)
			if !ok {
				return noRole(v)
			}
			owner = r.ID
		case "encoding":
			if e := strings.ToLower(strings.ReplaceAll(v, "-", "")); e != "utf8" && e != "unicode" && e != "6" {
				return pgerr.Unsupported("encoding " + v)
			}
		case "locale", "lc_collate", "lc_ctype", "collation_version", "locale_provider", "icu_locale", "strategy", "tablespace",
			"connection_limit", "allow_connections", "is_template", "oid":
		default:
			return pgerr.New(pgerr.SyntaxError, "option \"%s\" not recognized", d.Defname)
		}
	}
	err := c.branches.CreateDatabase(ctx, n.Dbname, template, owner)
	switch {
	case errors.Is(err, branching.ErrDatabaseExists):
		return pgerr.New(pgerr.DuplicateDatabase, "database \"%s\" already exists", n.Dbname)
	case errors.Is(err, branching.ErrNoDatabase):
		return pgerr.New(pgerr.InvalidCatalogName, "template database \"%s\" does not exist", template)
	}
	return err
}

func (c *cluster) dropDatabase(ctx context.Context, s *session.Session, n *ast.DropdbStmt) error {
	if err := outsideBlock(s, "DROP DATABASE"); err != nil {
		return err
	}
	if err := superuser(s, "drop database"); err != nil {
		return err
	}
	if n.Dbname == s.DB().Name {
		return pgerr.New(pgerr.ObjectInUse, "cannot drop the currently open database")
	}
	for _, o := range n.Options {
		if d, ok := o.(*ast.DefElem); ok && d.Defname == "force" {
			c.disconnect(n.Dbname)
		}
	}
	err := whenFree(ctx, func() error { return c.branches.DropDatabase(ctx, n.Dbname) })
	switch {
	case errors.Is(err, branching.ErrNoDatabase):
		if n.MissingOk {
			s.Notice(pgerr.Notice(pgerr.SeverityNotice, "", "database \"%s\" does not exist, skipping", n.Dbname))
			return nil
		}
		return pgerr.New(pgerr.InvalidCatalogName, "database \"%s\" does not exist", n.Dbname)
	case errors.Is(err, branching.ErrInUse):
		return pgerr.New(pgerr.ObjectInUse, "database \"%s\" is being accessed by other users", n.Dbname)
	}
	return err
}

// disconnect ends the sessions of a database, whatever their branch.
func (c *cluster) disconnect(database string) {
	for _, in := range c.conns.Connections() {
		if name, _, _ := strings.Cut(in.Database, "@"); name == database {
			c.conns.Terminate(in.PID)
		}
	}
}

// whenFree tries again while somebody is connected, for as long as PostgreSQL does: a client that has just hung up may still be
// on its way out.
func whenFree(ctx context.Context, drop func() error) error {
	const patience, pause = 5 * time.Second, 20 * time.Millisecond
	for began := time.Now(); ; {
		err := drop()
		if !errors.Is(err, branching.ErrInUse) || time.Since(began) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

func (c *cluster) alterDatabaseSet(n *ast.AlterDatabaseSetStmt) error {
	err := c.branches.AlterDatabase(n.Dbname, func(d *branching.Database) error {
		return session.ApplyStored(&d.Settings, n.Setstmt)
	})
	if errors.Is(err, branching.ErrNoDatabase) {
		return pgerr.New(pgerr.InvalidCatalogName, "database \"%s\" does not exist", n.Dbname)
	}
	return err
}

func defText(d *ast.DefElem) string {
	switch a := d.Arg.(type) {
	case *ast.String:
		return a.Sval
	case *ast.Integer:
		if a.Ival == 0 {
			return "0"
		}
		return "1"
	case *ast.Boolean:
		if a.Boolval {
			return "1"
		}
		return "0"
	}
	return ""
}

func (c *cluster) role(name string) (*branching.Role, bool) {
	for _, r := range c.branches.Roles() {
		if r.Name == name {
			return r, true
		}
	}
	return nil, false
}

func noRole(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", name)
}

func (c *cluster) createRole(s *session.Session, n *ast.CreateRoleStmt) error {
	if err := superuser(s, "create role"); err != nil {
		return err
	}
	r := &branching.Role{Name: n.Role, Inherit: true, ConnLimit: -1, Login: n.StmtType == ast.ROLESTMT_USER}
	if err := roleOptions(r, n.Options); err != nil {
		return err
	}
	return c.branches.UpdateRoles(func(roles []*branching.Role, newID func() uint32) ([]*branching.Role, error) {
		for _, x := range roles {
			if x.Name == r.Name {
				return nil, pgerr.New(pgerr.DuplicateObject, "role \"%s\" already exists", r.Name)
			}
		}
		r.ID = newID()
		return append(roles, r), nil
	})
}

func (c *cluster) alterRole(s *session.Session, n *ast.AlterRoleStmt) error {
	if err := superuser(s, "alter role"); err != nil {
		return err
	}
	name := n.Role.Rolename
	if n.Role.Roletype != ast.ROLESPEC_CSTRING {
		name = s.User()
	}
	return c.branches.UpdateRoles(func(roles []*branching.Role, _ func() uint32) ([]*branching.Role, error) {
		for _, r := range roles {
			if r.Name == name {
				return roles, roleOptions(r, n.Options)
			}
		}
		return nil, noRole(name)
	})
}

func (c *cluster) dropRole(s *session.Session, n *ast.DropRoleStmt) error {
	if err := superuser(s, "drop role"); err != nil {
		return err
	}
	for _, x := range n.Roles {
		spec, ok := x.(*ast.RoleSpec)
		if !ok {
			continue
		}
		name := spec.Rolename
		if name == s.User() {
			return pgerr.New(pgerr.ObjectInUse, "current user cannot be dropped")
		}
		err := c.branches.UpdateRoles(func(roles []*branching.Role, _ func() uint32) ([]*branching.Role, error) {
			for i, r := range roles {
				if r.Name == name {
					return append(roles[:i:i], roles[i+1:]...), nil
				}
			}
			if n.MissingOk {
				s.Notice(pgerr.Notice(pgerr.SeverityNotice, pgerr.UndefinedObject, "role \"%s\" does not exist, skipping", name))
				return roles, nil
			}
			return nil, noRole(name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func roleOptions(r *branching.Role, opts []ast.Node) error {
	for _, o := range opts {
		d, ok := o.(*ast.DefElem)
		if !ok {
			continue
		}
		v := defText(d)
		on := v == "1"
		switch d.Defname {
		case "superuser":
			r.Super = on
		case "inherit":
			r.Inherit = on
		case "createrole":
			r.CreateRole = on
		case "createdb":
			r.CreateDB = on
		case "canlogin":
			r.Login = on
		case "isreplication":
			r.Replication = on
		case "bypassrls":
			r.BypassRLS = on
		case "connectionlimit":
			if i, ok := d.Arg.(*ast.Integer); ok {
				r.ConnLimit = int(i.Ival)
			}
		case "password":
			switch {
			case d.Arg == nil:
				r.Password = ""
			case auth.IsVerifier(v):
				r.Password = v
			default:
				secret, err := auth.MakeVerifier(v)
				if err != nil {
					return err
				}
				r.Password = secret.String()
			}
		case "validUntil":
			t, err := time.Parse("2006-01-02", v[:min(10, len(v))])
			if err != nil {
				return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type timestamp with time zone: \"%s\"", v)
			}
			r.ValidUntil = t
		default:
			return pgerr.Unsupported("role option " + d.Defname)
		}
	}
	return nil
}
