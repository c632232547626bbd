package bind

import (
	"slices"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/types"
)

// StoredRefs lists the relations that a stored query or, with expr, expression names: tables and views of its FROM clauses, and
// regclass constants (nextval's). Stored SQL qualifies every name; one without schema is a WITH query's.
func StoredRefs(env *Env, sql string, expr bool) (out []types.OID) {
	if expr {
		sql = "SELECT " + sql
	}
	tree, err := env.Cache.Parse(sql)
	if err != nil {
		return nil
	}
	add := func(schema, name string) {
		if sc := env.Catalog.Schema(schema); sc != nil {
			if t, ix := env.Catalog.Relation(sc.OID, name); t != nil && ix == nil && !slices.Contains(out, t.OID) {
				out = append(out, t.OID)
			}
		}
	}
	ast.Walk(tree, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.RangeVar:
			add(v.Schemaname, v.Relname)
		case *ast.TypeCast:
			c, isConst := v.Arg.(*ast.A_Const)
			if !isConst || v.TypeName == nil || len(v.TypeName.Names) == 0 {
				break
			}
			name, isString := v.TypeName.Names[len(v.TypeName.Names)-1].(*ast.String)
			text, isText := c.Val.(*ast.String)
			if isString && isText && name.Sval == "regclass" && env.Types != nil && env.Types.Resolver != nil {
				if oid, err := env.Types.Resolver.RegOID(types.RegKindClass, text.Sval); err == nil && !slices.Contains(out, oid) {
					out = append(out, oid)
				}
			}
		}
		return true
	})
	return out
}
