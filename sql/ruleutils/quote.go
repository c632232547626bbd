package ruleutils

import (
	"strings"
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
)

// quotedWords are the key words that cannot stand as a name everywhere: all but the unreserved ones.
var quotedWords = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, r := range pgdata.Load("keywords").Rows {
		if *r[1] != "U" {
			out[*r[0]] = true
		}
	}
	return out
})

// Qualified is the quoted name of an object with its schema; without one if the catalog does not have that.
func Qualified(cat *catalog.Catalog, schema catalog.OID, name string) string {
	if sc := cat.SchemaByOID(schema); sc != nil {
		return QuoteIdent(sc.Name) + "." + QuoteIdent(name)
	}
	return QuoteIdent(name)
}

// QuoteIdent is quote_identifier: double quotes where the name needs them.
func QuoteIdent(s string) string {
	safe := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] == '_')
	for i := 0; safe && i < len(s); i++ {
		c := s[i]
		safe = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
	}
	if safe && !quotedWords()[s] {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// QuoteLiteral is simple_quote_literal under standard_conforming_strings = on, which stored SQL is read with.
func QuoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
