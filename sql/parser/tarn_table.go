package parser

import (
	"github.com/tarndb/tarn/sql/parser/ast"
)

// createTable parses CREATE TABLE [IF NOT EXISTS] name USING method WITH (option [= value], …): a table whose columns are those of
// what it names.
func (g *grammar) createTable() (ast.Node, error) {
	n := &ast.CreateStmt{IfNotExists: g.accept("if", "not", "exists")}
	var err error
	at := g.tok.start
	if n.Relation, err = g.relation(); err != nil {
		return nil, err
	}
	n.Relation.Location = int32(at)
	if !g.accept("using") {
		return nil, g.fail()
	}
	if n.AccessMethod, err = g.name(); err != nil {
		return nil, err
	}
	if !g.accept("with") || !g.punct("(") {
		return nil, g.fail()
	}
	for {
		d := &ast.DefElem{Location: int32(g.tok.start)}
		if d.Defname, err = g.name(); err != nil {
			return nil, err
		}
		if g.punct("=") {
			if d.Arg, err = g.optionValue(); err != nil {
				return nil, err
			}
		}
		n.Options = append(n.Options, d)
		switch {
		case g.punct(","):
		case g.punct(")"):
			return g.end(n)
		default:
			return nil, g.fail()
		}
	}
}

// optionValue parses a string, a number or a word.
func (g *grammar) optionValue() (ast.Node, error) {
	if g.tok.kind == tokString {
		s, err := g.str()
		return &ast.String{Sval: s}, err
	}
	s := g.text(g.tok)
	switch g.tok.kind {
	case tokInt, tokFloat, tokIdent, tokQuoted:
		g.advance()
		return &ast.String{Sval: s}, nil
	}
	return nil, g.fail()
}
