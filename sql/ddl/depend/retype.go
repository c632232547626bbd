package depend

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/types"
)

// typeName puts a new name where stored SQL names one of oids.
type typeName struct {
	x    *stmt.Ctx
	oids []catalog.OID
	name string // with its schema
	hits int
}

// RenameType finds the stored SQL that names a type and stores it with another name. It is asked before the catalog changes; store is
// called after it.
func RenameType(x *stmt.Ctx, oids []catalog.OID, schema, name string) (store func()) {
	r := &typeName{x: x, oids: oids, name: ruleutils.QuoteIdent(schema) + "." + ruleutils.QuoteIdent(name)}
	var tables []*catalog.Table
	x.Catalog().Tables(func(t *catalog.Table) bool {
		if !stmt.SystemSchema(t.Schema) {
			if next := stmt.Edit(t); r.changed(func() { r.table(next) }) {
				tables = append(tables, next)
			}
		}
		return true
	})
	var objects []catalog.Object
	x.Catalog().Objects(catalog.KindType, func(o catalog.Object) bool {
		if t, ok := o.(*catalog.Type); ok && t.Domain != nil && !slices.Contains(oids, t.OID) {
			next := *t
			if r.changed(func() { next.Domain = r.domain(t.Domain) }) {
				objects = append(objects, &next)
			}
		}
		return true
	})
	return func() {
		for _, o := range objects {
			x.Editor.Put(o)
		}
		for _, t := range tables {
			x.Put(t)
		}
	}
}

func (r *typeName) changed(act func()) bool {
	before := r.hits
	act()
	return r.hits > before
}

func (r *typeName) table(t *catalog.Table) {
	t.View = r.query(t.View)
	for i := range t.Columns {
		t.Columns[i].Default = r.expr(t.Columns[i].Default)
	}
	for i, c := range t.Constraints {
		n := *c
		n.Expr = r.expr(c.Expr)
		t.Constraints[i] = &n
	}
	for i, ix := range t.Indexes {
		n := *ix
		n.Keys, n.Pred = r.keys(ix.Keys), r.expr(ix.Pred)
		t.Indexes[i] = &n
	}
	for i, g := range t.Triggers {
		n := *g
		n.When = r.expr(g.When)
		t.Triggers[i] = &n
	}
	for i, p := range t.Policies {
		n := *p
		n.Using, n.Check = r.expr(p.Using), r.expr(p.Check)
		t.Policies[i] = &n
	}
	if t.PartKey != nil {
		k := *t.PartKey
		k.Keys = r.keys(k.Keys)
		t.PartKey = &k
	}
}

func (r *typeName) keys(list []catalog.IndexKey) []catalog.IndexKey {
	list = slices.Clone(list)
	for i := range list {
		list[i].Expr, list[i].Shown = r.expr(list[i].Expr), r.expr(list[i].Shown)
	}
	return list
}

func (r *typeName) domain(d *catalog.Domain) *catalog.Domain {
	next := *d
	next.Default, next.Constraints = r.expr(d.Default), slices.Clone(d.Constraints)
	for i, c := range next.Constraints {
		n := *c
		n.Expr = r.expr(c.Expr)
		next.Constraints[i] = &n
	}
	return &next
}

func (r *typeName) expr(sql string) string {
	const prefix = "SELECT "
	if sql == "" {
		return ""
	}
	return strings.TrimPrefix(r.query(prefix+sql), prefix)
}

func (r *typeName) query(sql string) string {
	if sql == "" {
		return ""
	}
	stmts, err := parser.Parse(sql)
	if err != nil {
		return sql
	}
	var list []Patch
	for _, s := range stmts {
		ast.Walk(s.Node, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeName:
				list = r.typeAt(list, sql, n)
			case *ast.TypeCast:
				list = r.regtype(list, sql, n)
			}
			return true
		})
	}
	r.hits += len(list)
	return ApplyText(sql, list)
}

func (r *typeName) means(names []ast.Node) bool {
	t, err := bind.TypeName(r.x.Bind(), &ast.TypeName{Names: names, Location: -1})
	return err == nil && slices.Contains(r.oids, t.OID)
}

func (r *typeName) typeAt(list []Patch, sql string, n *ast.TypeName) []Patch {
	if len(n.Names) < 2 || !r.means(n.Names) {
		return list
	}
	start, _, ok1 := IdentAt(sql, int(n.Location), 0)
	_, end, ok2 := IdentAt(sql, int(n.Location), len(n.Names)-1)
	if !ok1 || !ok2 {
		return list
	}
	return append(list, Patch{start, end, r.name})
}

// regtype patches 'name'::regtype.
func (r *typeName) regtype(list []Patch, sql string, n *ast.TypeCast) []Patch {
	c, isConst := n.Arg.(*ast.A_Const)
	if !isConst || n.TypeName == nil || len(n.TypeName.Names) == 0 || stmt.Strs(n.TypeName.Names)[len(n.TypeName.Names)-1] != "regtype" {
		return list
	}
	s, isString := c.Val.(*ast.String)
	if !isString {
		return list
	}
	text, array := strings.CutSuffix(s.Sval, "[]")
	parts, err := types.SplitName(text)
	if err != nil {
		return list
	}
	names := make([]ast.Node, len(parts))
	for i, p := range parts {
		names[i] = &ast.String{Sval: p}
	}
	off := int(c.Location)
	old := "'" + strings.ReplaceAll(s.Sval, "'", "''") + "'"
	if !r.means(names) || off < 0 || !strings.HasPrefix(sql[off:], old) {
		return list
	}
	name := r.name
	if array {
		name += "[]"
	}
	return append(list, Patch{off, off + len(old), "'" + strings.ReplaceAll(name, "'", "''") + "'"})
}
