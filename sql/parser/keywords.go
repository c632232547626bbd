package parser

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
)

var reserved = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	t := pgdata.Load("keywords")
	word, code := t.Col("word"), t.Col("catcode")
	for _, r := range t.Rows {
		if *r[code] != "U" {
			m[*r[word]] = true
		}
	}
	return m
})

// Reserved reports whether a lower-case word is a keyword that must be quoted as an identifier; PostgreSQL's
// quote_ident quotes all keywords but the unreserved ones.
func Reserved(word string) bool { return reserved()[word] }
