package parser

import (
	"github.com/tarndb/tarn/sql/parser/ast"
)

// createVolume parses what follows CREATE [EXTERNAL] VOLUME:
//
//	[IF NOT EXISTS] [schema.]name [LOCATION 'directory'] [COMMENT 'text']
func (g *grammar) createVolume(external bool) (ast.Node, error) {
	n := &ast.CreateVolumeStmt{External: external, IfNotExists: g.accept("if", "not", "exists")}
	var err error
	if n.Name, err = g.relation(); err != nil {
		return nil, err
	}
	if external {
		if !g.accept("location") {
			return nil, g.fail()
		}
		if n.Location, err = g.str(); err != nil {
			return nil, err
		}
	}
	if g.accept("comment") {
		if n.Comment, err = g.str(); err != nil {
			return nil, err
		}
	}
	return g.end(n)
}

// volumeName parses [schema.]name as PostgreSQL's statements have it.
func (g *grammar) volumeName() (ast.Node, error) {
	rv, err := g.relation()
	if err != nil {
		return nil, err
	}
	l := &ast.List{}
	if rv.Schemaname != "" {
		l.Items = append(l.Items, &ast.String{Sval: rv.Schemaname})
	}
	l.Items = append(l.Items, &ast.String{Sval: rv.Relname})
	return l, nil
}

func (g *grammar) volumeNames() (out []ast.Node, err error) {
	for {
		n, err := g.volumeName()
		if err != nil {
			return nil, err
		}
		if out = append(out, n); !g.punct(",") {
			return out, nil
		}
	}
}

func (g *grammar) schemaNames() (out []ast.Node, err error) {
	for {
		name, err := g.name()
		if err != nil {
			return nil, err
		}
		if out = append(out, &ast.String{Sval: name}); !g.punct(",") {
			return out, nil
		}
	}
}

// dropVolume parses [IF EXISTS] name, … [CASCADE | RESTRICT].
func (g *grammar) dropVolume() (ast.Node, error) {
	n := &ast.DropStmt{RemoveType: ast.OBJECT_VOLUME, MissingOk: g.accept("if", "exists")}
	var err error
	if n.Objects, err = g.volumeNames(); err != nil {
		return nil, err
	}
	n.Behavior = g.behavior()
	return g.end(n)
}

func (g *grammar) behavior() ast.DropBehavior {
	if g.accept("cascade") {
		return ast.DROP_CASCADE
	}
	g.accept("restrict")
	return ast.DROP_RESTRICT
}

// alterVolume parses name RENAME TO name | OWNER TO role | SET SCHEMA name.
func (g *grammar) alterVolume() (ast.Node, error) {
	name, err := g.volumeName()
	if err != nil {
		return nil, err
	}
	switch {
	case g.accept("rename", "to"):
		n := &ast.RenameStmt{RenameType: ast.OBJECT_VOLUME, Object: name}
		if n.Newname, err = g.name(); err != nil {
			return nil, err
		}
		return g.end(n)
	case g.accept("owner", "to"), g.accept("set", "owner", "to"):
		n := &ast.AlterOwnerStmt{ObjectType: ast.OBJECT_VOLUME, Object: name}
		if n.Newowner, err = g.role(); err != nil {
			return nil, err
		}
		return g.end(n)
	case g.accept("set", "schema"):
		n := &ast.AlterObjectSchemaStmt{ObjectType: ast.OBJECT_VOLUME, Object: name}
		if n.Newschema, err = g.name(); err != nil {
			return nil, err
		}
		return g.end(n)
	}
	return nil, g.fail()
}

// commentVolume parses name IS 'text' | NULL.
func (g *grammar) commentVolume() (ast.Node, error) {
	n := &ast.CommentStmt{Objtype: ast.OBJECT_VOLUME}
	var err error
	if n.Object, err = g.volumeName(); err != nil {
		return nil, err
	}
	if !g.accept("is") {
		return nil, g.fail()
	}
	if !g.accept("null") {
		if n.Comment, err = g.str(); err != nil {
			return nil, err
		}
	}
	return g.end(n)
}

func (g *grammar) role() (*ast.RoleSpec, error) {
	r := &ast.RoleSpec{Roletype: ast.ROLESPEC_CSTRING, Location: -1}
	quoted := g.tok.kind == tokQuoted
	var err error
	if r.Rolename, err = g.name(); err != nil || quoted {
		return r, err
	}
	if t, ok := roleWords[r.Rolename]; ok {
		r.Roletype, r.Rolename = t, ""
	}
	return r, nil
}

var roleWords = map[string]ast.RoleSpecType{"public": ast.ROLESPEC_PUBLIC, "current_user": ast.ROLESPEC_CURRENT_USER, "current_role": ast.ROLESPEC_CURRENT_ROLE,
	"session_user": ast.ROLESPEC_SESSION_USER}

// grantVolume parses what follows GRANT or REVOKE:
//
//	[GRANT OPTION FOR] {ALL [PRIVILEGES] | READ VOLUME | WRITE VOLUME}, … ON VOLUME name, … {TO | FROM} role, …
//	[GRANT OPTION FOR] {CREATE VOLUME | …}, … ON SCHEMA name, … {TO | FROM} role, …
//	[WITH GRANT OPTION] [CASCADE | RESTRICT]
func (g *grammar) grantVolume(grant bool) (ast.Node, error) {
	n := &ast.GrantStmt{IsGrant: grant, Targtype: ast.ACL_TARGET_OBJECT, Objtype: ast.OBJECT_VOLUME, Behavior: ast.DROP_RESTRICT}
	n.GrantOption = !grant && g.accept("grant", "option", "for")
	if g.accept("all") {
		g.accept("privileges")
	} else {
		for {
			p := &ast.AccessPriv{}
			switch {
			case g.accept("read", "volume"):
				p.PrivName = "read volume"
			case g.accept("write", "volume"):
				p.PrivName = "write volume"
			case g.accept("create", "volume"):
				p.PrivName = "create volume"
			default:
				name, err := g.name()
				if err != nil {
					return nil, err
				}
				p.PrivName = name
			}
			if n.Privileges = append(n.Privileges, p); !g.punct(",") {
				break
			}
		}
	}
	var err error
	switch {
	case g.accept("on", "volume"):
		n.Objects, err = g.volumeNames()
	case g.accept("on", "schema"):
		n.Objtype = ast.OBJECT_SCHEMA
		n.Objects, err = g.schemaNames()
	default:
		err = g.fail()
	}
	if err != nil {
		return nil, err
	}
	if grant && !g.accept("to") || !grant && !g.accept("from") {
		return nil, g.fail()
	}
	for {
		g.accept("group")
		r, err := g.role()
		if err != nil {
			return nil, err
		}
		if n.Grantees = append(n.Grantees, r); !g.punct(",") {
			break
		}
	}
	if grant {
		n.GrantOption = g.accept("with", "grant", "option")
	} else {
		n.Behavior = g.behavior()
	}
	return g.end(n)
}
