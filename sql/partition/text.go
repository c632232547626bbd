package partition

import (
	"strings"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ruleutils"
)

// KeyText is a column or expression of a partition key as it is shown.
func KeyText(t *catalog.Table, k *catalog.IndexKey) string {
	if k.Att != 0 {
		return ruleutils.QuoteIdent(t.Column(k.Att).Name)
	}
	if k.Expr != "" && (k.Expr[0] == '(' || looksLikeCall(k.Expr)) {
		return k.Expr
	}
	return "(" + k.Expr + ")"
}

// looksLikeCall: a function call needs no parentheses of its own.
func looksLikeCall(s string) bool {
	open := strings.IndexByte(s, '(')
	return open > 0 && strings.HasSuffix(s, ")") && !strings.ContainsAny(s[:open], " '+-*/")
}
