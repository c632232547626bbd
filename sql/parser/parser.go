// Package parser turns SQL text into package ast: PostgreSQL's grammar through its own parser (libpg_query,
// version 16, a superset of 15), and Tarn's own statements through the small grammar in tarn.go.
//
// It is the only package that links libpg_query. Parsing costs 5 to 50 µs a statement, so callers cache.
package parser

import (
	"errors"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
	pgparser "github.com/pganalyze/pg_query_go/v5/parser"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

//go:generate go run ./internal/astgen

// Parse returns the statements of a query string, in order; none for an empty one. Errors are 42601 (syntax error)
// with PostgreSQL's wording and a position in characters from 1.
func Parse(sql string) ([]ast.Stmt, error) {
	if pieces, ok := splitTarn(sql); ok {
		return parsePieces(sql, pieces)
	}
	return parsePG(sql, 0, sql)
}

func parsePG(sql string, base int, whole string) ([]ast.Stmt, error) {
	tree, err := pg.Parse(sql)
	if err != nil {
		return nil, syntaxError(err, base, whole)
	}
	out := make([]ast.Stmt, 0, len(tree.Stmts))
	for _, raw := range tree.Stmts {
		at, n := int(raw.StmtLocation), int(raw.StmtLen)
		if n == 0 {
			n = len(sql) - at
		}
		text := sql[at : at+n]
		trimmed := strings.TrimLeft(text, " \t\r\n\f")
		out = append(out, ast.Stmt{Node: convNode(raw.Stmt), Text: trimmed, Offset: base + at + len(text) - len(trimmed)})
	}
	return out, nil
}

func syntaxError(err error, base int, whole string) error {
	var pe *pgparser.Error
	if !errors.As(err, &pe) {
		return pgerr.New(pgerr.SyntaxError, "%s", err.Error())
	}
	e := grammarError(pe.Message)
	if pe.Cursorpos > 0 {
		e = e.WithPosition(len([]rune(whole[:min(base, len(whole))])) + pe.Cursorpos)
	}
	return e
}

func convNodes(ns []*pg.Node) []ast.Node {
	if len(ns) == 0 {
		return nil
	}
	out := make([]ast.Node, len(ns))
	for i, n := range ns {
		out[i] = convNode(n)
	}
	return out
}

func convA_ConstVal(m *pg.A_Const) ast.Node {
	switch v := m.Val.(type) {
	case *pg.A_Const_Ival:
		return convInteger(v.Ival)
	case *pg.A_Const_Fval:
		return convFloat(v.Fval)
	case *pg.A_Const_Boolval:
		return convBoolean(v.Boolval)
	case *pg.A_Const_Sval:
		return convString(v.Sval)
	case *pg.A_Const_Bsval:
		return convBitString(v.Bsval)
	}
	return nil
}

// Split cuts a script into statements where the scanner says, without parsing them; what stands inside of BEGIN ATOMIC or quotes stays
// together.
func Split(script string) ([]string, error) { return pg.SplitWithScanner(script, true) }
