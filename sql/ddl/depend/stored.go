package depend

import (
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/types"
)

// IndexUses reports whether a column is a key or an included column of an index.
func IndexUses(ix *catalog.Index, att int16) bool {
	for i := range ix.Keys {
		if ix.Keys[i].Att == att {
			return true
		}
	}
	return slices.Contains(ix.Include, att)
}

func indexExprUses(x *stmt.Ctx, t *catalog.Table, ix *catalog.Index, att int16) bool {
	for i := range ix.Keys {
		if ix.Keys[i].Att == 0 && ExprUses(x, t, ix.Keys[i].Expr, att) {
			return true
		}
	}
	return ix.Pred != "" && ExprUses(x, t, ix.Pred, att)
}

// ExprUses reports whether a stored expression names a column of its table.
func ExprUses(x *stmt.Ctx, t *catalog.Table, sql string, att int16) bool {
	name, found := t.Column(att).Name, false
	for _, n := range ParseExpr(sql) {
		ast.Walk(n, func(n ast.Node) bool {
			if c, ok := n.(*ast.ColumnRef); ok {
				if s, ok := c.Fields[len(c.Fields)-1].(*ast.String); ok && s.Sval == name {
					found = true
				}
			}
			return !found
		})
	}
	return found
}

// ParseExpr parses a stored expression; nothing for one that does not parse.
func ParseExpr(sql string) []ast.Node {
	if sql == "" {
		return nil
	}
	stmts, err := parser.Parse("SELECT " + sql)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	return []ast.Node{stmts[0].Node}
}

// UsesSequence reports whether a default names a sequence as a regclass constant.
func UsesSequence(x *stmt.Ctx, sql string, seq *catalog.Table) bool {
	if !strings.Contains(sql, "regclass") {
		return false
	}
	found := false
	for _, n := range ParseExpr(sql) {
		ast.Walk(n, func(n ast.Node) bool {
			if t := Regclass(x, n); t != nil && t.OID == seq.OID {
				found = true
			}
			return !found
		})
	}
	return found
}

// Regclass is the relation that 'name'::regclass names, or nil.
func Regclass(x *stmt.Ctx, n ast.Node) *catalog.Table {
	c, ok := n.(*ast.TypeCast)
	if !ok || c.TypeName == nil {
		return nil
	}
	p := stmt.Strs(c.TypeName.Names)
	k, ok := c.Arg.(*ast.A_Const)
	if !ok || len(p) == 0 || p[len(p)-1] != "regclass" {
		return nil
	}
	s, ok := k.Val.(*ast.String)
	if !ok {
		return nil
	}
	rv := SplitName(s.Sval)
	if rv == nil {
		return nil
	}
	t, _, err := x.Lookup(rv)
	if err != nil {
		return nil
	}
	return t
}

// SplitName takes a qualified name apart as regclass input does; nil where it is none.
func SplitName(s string) *ast.RangeVar {
	parts, err := types.SplitName(s)
	if err != nil {
		return nil
	}
	rv := &ast.RangeVar{Relname: parts[len(parts)-1]}
	if len(parts) > 1 {
		rv.Schemaname = parts[len(parts)-2]
	}
	return rv
}

// viewRelations lists the relations that a view's query names. Stored queries qualify every relation: a name without schema is
// a WITH query's.
func viewRelations(x *stmt.Ctx, v *catalog.Table) (out []*catalog.Table) {
	stmts, err := parser.Parse(v.View)
	if err != nil || len(stmts) != 1 {
		return nil
	}
	ast.Walk(stmts[0].Node, func(n ast.Node) bool {
		switch r := n.(type) {
		case *ast.RangeVar:
			if r.Schemaname == "" {
				return true
			}
			if t, _, err := x.Lookup(r); err == nil && t != nil {
				out = append(out, t)
			}
		default:
			if t := Regclass(x, n); t != nil {
				out = append(out, t)
			}
		}
		return true
	})
	return out
}

// ViewUses reports whether a view's query names a relation.
func ViewUses(x *stmt.Ctx, v, t *catalog.Table) bool {
	if v.Schema == catalog.PgCatalogOID || v.Schema == catalog.InformationSchemaOID {
		return false
	}
	for _, r := range viewRelations(x, v) {
		if r.OID == t.OID {
			return true
		}
	}
	return false
}

// ViewUsesColumn reports whether a view that reads a table names one of its columns; a column of the same name in another of its
// tables counts, too.
func ViewUsesColumn(x *stmt.Ctx, v, t *catalog.Table, att int16) bool {
	if !ViewUses(x, v, t) {
		return false
	}
	stmts, err := parser.Parse(v.View)
	if err != nil {
		return false
	}
	name, found := t.Column(att).Name, false
	ast.Walk(stmts[0].Node, func(n ast.Node) bool {
		if c, ok := n.(*ast.ColumnRef); ok {
			switch f := c.Fields[len(c.Fields)-1].(type) {
			case *ast.String:
				found = found || f.Sval == name
			case *ast.A_Star:
				found = true
			}
		}
		return !found
	})
	return found
}
