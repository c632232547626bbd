package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session"
	"github.com/tarndb/tarn/sql/settings/clause"
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
		return "ALTER BRANCH", true, c.alterBranch(ctx, s, n)
	case *ast.CreatedbStmt:
		return "CREATE DATABASE", true, c.createDatabase(ctx, s, n)
	case *ast.DropdbStmt:
		return "DROP DATABASE", true, c.dropDatabase(ctx, s, n)
	case *ast.AlterDatabaseSetStmt:
		return "ALTER DATABASE", true, c.alterDatabaseSet(s, n)
	case *ast.CreateRoleStmt:
		return "CREATE ROLE", true, c.createRole(s, n)
	case *ast.AlterRoleStmt:
		return "ALTER ROLE", true, c.alterRole(s, n)
	case *ast.AlterRoleSetStmt:
		return "ALTER ROLE", true, c.alterRoleSet(s, n)
	case *ast.DropRoleStmt:
		return "DROP ROLE", true, c.dropRoles(ctx, s, n)
	case *ast.GrantRoleStmt:
		tag := "REVOKE ROLE"
		if n.IsGrant {
			tag = "GRANT ROLE"
		}
		return tag, true, c.grantRoles(s, n)
	case *ast.RenameStmt:
		switch n.RenameType {
		case ast.OBJECT_ROLE:
			return "ALTER ROLE", true, c.renameRole(s, n.Subname, n.Newname)
		case ast.OBJECT_DATABASE:
			return "ALTER DATABASE", true, c.renameDatabase(ctx, s, n.Subname, n.Newname)
		}
	case *ast.AlterOwnerStmt:
		if name, ok := n.Object.(*ast.String); ok && n.ObjectType == ast.OBJECT_DATABASE {
			return "ALTER DATABASE", true, c.databaseOwner(s, name.Sval, n.Newowner)
		}
	}
	return "", false, nil
}

func outsideBlock(s *session.Session, what string) error {
	if s.InTransactionBlock() {
		return pgerr.New(pgerr.ActiveSQLTransaction, "%s cannot run inside a transaction block", what)
	}
	return nil
}

func (c *cluster) createDatabase(ctx context.Context, s *session.Session, n *ast.CreatedbStmt) error {
	if err := outsideBlock(s, "CREATE DATABASE"); err != nil {
		return err
	}
	if me := s.Roles().ByOID(s.UserOID()); me == nil || !me.CreateDB && !me.Super {
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to create database")
	}
	template, owner := "", s.UserOID()
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
			r := s.Roles().ByName(v)
			if r == nil {
				return noRole(v)
			}
			if !s.Roles().IsMember(s.UserOID(), r.OID) {
				return pgerr.New(pgerr.InsufficientPrivilege, "must be member of role \"%s\"", v)
			}
			owner = r.OID
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
	if err := c.ownsDatabase(s, n.Dbname); err != nil {
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
		return inUse(n.Dbname)
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

// ownsDatabase refuses who is neither a database's owner nor a superuser; a database that is not there is somebody else's error.
func (c *cluster) ownsDatabase(s *session.Session, name string) error {
	for _, d := range c.branches.Databases() {
		if d.Name == name && !s.Roles().HasPrivsOf(s.UserOID(), d.Owner) {
			return pgerr.New(pgerr.InsufficientPrivilege, "must be owner of database %s", name)
		}
	}
	return nil
}

func (c *cluster) changeDatabase(name string, f func(*branching.Database) error) error {
	err := c.branches.AlterDatabase(name, f)
	if errors.Is(err, branching.ErrNoDatabase) {
		return noDatabase(name)
	}
	return err
}

func noDatabase(name string) error {
	return pgerr.New(pgerr.InvalidCatalogName, "database \"%s\" does not exist", name)
}

func inUse(name string) error {
	return pgerr.New(pgerr.ObjectInUse, "database \"%s\" is being accessed by other users", name)
}

func (c *cluster) renameDatabase(ctx context.Context, s *session.Session, name, to string) error {
	if err := c.ownsDatabase(s, name); err != nil {
		return err
	}
	if me := s.Roles().ByOID(s.UserOID()); me == nil || !me.CreateDB && !me.Super {
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to rename database")
	}
	if name == s.DB().Name {
		return pgerr.New(pgerr.FeatureNotSupported, "current database cannot be renamed")
	}
	err := whenFree(ctx, func() error { return c.branches.RenameDatabase(ctx, name, to) })
	switch {
	case errors.Is(err, branching.ErrNoDatabase):
		return noDatabase(name)
	case errors.Is(err, branching.ErrDatabaseExists):
		return pgerr.New(pgerr.DuplicateDatabase, "database \"%s\" already exists", to)
	case errors.Is(err, branching.ErrInUse):
		return inUse(name)
	}
	return err
}

func (c *cluster) databaseOwner(s *session.Session, name string, to *ast.RoleSpec) error {
	r, err := s.RoleOf(to)
	if err != nil {
		return err
	}
	if err := c.ownsDatabase(s, name); err != nil {
		return err
	}
	if !s.Roles().IsMember(s.UserOID(), r.OID) {
		return pgerr.New(pgerr.InsufficientPrivilege, "must be member of role \"%s\"", r.Name)
	}
	return c.changeDatabase(name, func(d *branching.Database) error {
		d.ACL = treeACL(aclOf(d.ACL).NewOwner(d.Owner, r.OID))
		d.Owner = r.OID
		return nil
	})
}

func (c *cluster) alterDatabaseSet(s *session.Session, n *ast.AlterDatabaseSetStmt) error {
	if err := c.ownsDatabase(s, n.Dbname); err != nil {
		return err
	}
	return c.changeDatabase(n.Dbname, func(d *branching.Database) error {
		return clause.Apply(&d.Settings, n.Setstmt)
	})
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
