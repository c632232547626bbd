package parser

import (
	"hash/fnv"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Identify is what statements have in common that differ in constants and layout only: the text with $n for each constant, numbered
// after the statement's own parameters, and a number that is made of its tokens. constant says that the parameters of the text stand
// for constants (Normalize).
func Identify(sql string, constant bool) (text string, id uint64, err error) {
	sql = strings.TrimSpace(sql)
	own := 0
	if !constant {
		if own, err = highestParam(sql); err != nil {
			return "", 0, err
		}
	}
	if text, err = pg.Normalize(sql); err != nil {
		return "", 0, err
	}
	tokens, err := pg.Scan(text)
	if err != nil {
		return "", 0, err
	}
	h := fnv.New64a()
	for _, t := range tokens.Tokens {
		word := text[t.Start:t.End]
		switch t.Token {
		case pg.Token_SQL_COMMENT, pg.Token_C_COMMENT:
			continue
		case pg.Token_PARAM:
			if n, err := strconv.Atoi(word[1:]); err != nil || n > own {
				word = "$"
			}
		case pg.Token_SCONST, pg.Token_USCONST, pg.Token_BCONST, pg.Token_XCONST:
		default:
			if word[0] != '"' {
				word = strings.ToLower(word)
			}
		}
		h.Write([]byte(word))
		h.Write([]byte{0})
	}
	return text, h.Sum64(), nil
}

// highestParam is the number of a statement's last parameter.
func highestParam(sql string) (n int, err error) {
	if !strings.Contains(sql, "$") {
		return 0, nil
	}
	tokens, err := pg.Scan(sql)
	if err != nil {
		return 0, err
	}
	for _, t := range tokens.Tokens {
		if t.Token == pg.Token_PARAM {
			if k, err := strconv.Atoi(sql[t.Start+1 : t.End]); err == nil {
				n = max(n, k)
			}
		}
	}
	return n, nil
}
