package ddl

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// exprSQL prints a bound expression as it is stored. Literals need nobody else (get_const_expr of ruleutils.c).
func (x *exec) exprSQL(e plan.Expr, t *catalog.Table) (string, error) {
	if c, ok := e.(*plan.Const); ok {
		if ty := types.Lookup(c.T.OID); ty != nil {
			return constSQL(c, ty), nil
		}
	}
	return x.Hooks.ExprSQL(e, t)
}

func constSQL(c *plan.Const, ty *types.Type) string {
	if c.Val.IsNull() {
		return "NULL::" + types.FormatType(c.T.OID, c.T.Mod, nil)
	}
	s := ty.Text(c.Val, nil)
	switch c.T.OID {
	case types.Int4, types.Numeric:
		if s[0] != '-' && s[0] >= '0' && s[0] <= '9' {
			if c.T.OID == types.Int4 || c.T.Mod < 0 && isDecimal(s) {
				return s
			}
		}
	case types.Bool:
		if c.Val.Bool() {
			return "true"
		}
		return "false"
	}
	return quoteLiteral(s) + "::" + types.FormatType(c.T.OID, c.T.Mod, nil)
}

// isDecimal reports a number that the parser reads as numeric again.
func isDecimal(s string) bool {
	point := false
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			point = true
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return point
}
