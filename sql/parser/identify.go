package parser

import (
	"hash/fnv"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Identify is what statements have in common that differ in constants and layout only: the text with $n for each constant, numbered
// after the statement's own parameters, and a number that is made of its tokens and the kinds of the constants. Of PREPARE it is that
// of the statement in it.
func Identify(sql string) (text string, id uint64, err error) {
	sql = strings.TrimRight(strings.TrimSpace(sql), "; \t\r\n\f")
	from, err := pg.Scan(sql)
	if err != nil {
		return "", 0, err
	}
	own, tokens := 0, withoutComments(from.Tokens)
	for _, t := range tokens {
		if t.Token == pg.Token_PARAM {
			own = max(own, paramNumber(sql[t.Start:t.End]))
		}
	}
	head := 0 // where the statement starts
	if len(tokens) > 0 && tokens[0].Token == pg.Token_PREPARE {
		tokens = preparedTokens(tokens)
		if len(tokens) > 0 {
			head = int(tokens[0].Start)
		}
	}
	shape, err := pg.Normalize(sql[head:])
	if err != nil {
		return "", 0, err
	}
	to, err := pg.Scan(shape)
	if err != nil {
		return "", 0, err
	}
	var out strings.Builder
	out.WriteString(sql[:head])
	h := fnv.New64a()
	put := func(word string) { h.Write(append([]byte(word), 0)) }
	next, copied, i := own, 0, 0 // i is the place among tokens
	for _, t := range withoutComments(to.Tokens) {
		word := shape[t.Start:t.End]
		switch {
		case t.Token == pg.Token_PARAM && paramNumber(word) > own:
			next++
			out.WriteString(shape[copied:t.Start] + "$" + strconv.Itoa(next))
			copied = int(t.End)
			if i+1 < len(tokens) && constantKind(tokens[i]) == 0 && constantKind(tokens[i+1]) != 0 {
				i++ // a sign is part of the constant
			}
			if i < len(tokens) {
				put("$" + string(constantKind(tokens[i])))
			}
		case t.Token == pg.Token_SCONST, t.Token == pg.Token_USCONST, t.Token == pg.Token_BCONST, t.Token == pg.Token_XCONST, word[0] == '"':
			put(word)
		default:
			put(strings.ToLower(word))
		}
		i++
	}
	out.WriteString(shape[copied:])
	return out.String(), h.Sum64(), nil
}

func withoutComments(list []*pg.ScanToken) []*pg.ScanToken {
	out := make([]*pg.ScanToken, 0, len(list))
	for _, t := range list {
		if t.Token != pg.Token_SQL_COMMENT && t.Token != pg.Token_C_COMMENT {
			out = append(out, t)
		}
	}
	return out
}

// preparedTokens are those after PREPARE name (types) AS.
func preparedTokens(list []*pg.ScanToken) []*pg.ScanToken {
	for i, t := range list {
		if t.Token == pg.Token_AS {
			return list[i+1:]
		}
	}
	return nil
}

func paramNumber(word string) int {
	n, err := strconv.Atoi(word[1:])
	if err != nil {
		return 0
	}
	return n
}

// constantKind tells constants of different types apart; 0 is no constant.
func constantKind(t *pg.ScanToken) byte {
	switch t.Token {
	case pg.Token_ICONST:
		return 'i'
	case pg.Token_FCONST:
		return 'f'
	case pg.Token_SCONST, pg.Token_USCONST:
		return 's'
	case pg.Token_BCONST, pg.Token_XCONST:
		return 'x'
	case pg.Token_NULL_P:
		return 'n'
	case pg.Token_TRUE_P, pg.Token_FALSE_P:
		return 'b'
	}
	return 0
}
