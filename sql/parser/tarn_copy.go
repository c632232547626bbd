package parser

import (
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// copyInto parses what follows COPY INTO:
//
//	table [BY POSITION | (column, …)] FROM {'path' | (SELECT expressions FROM 'path')} FILEFORMAT = format
//	[FILES = ('name', …) | PATTERN = 'glob'] [FORMAT_OPTIONS (…)] [COPY_OPTIONS (…)]
func (g *grammar) copyInto() (ast.Node, error) {
	n := &ast.CopyIntoStmt{}
	var err error
	if n.Relation, err = g.relation(); err != nil {
		return nil, err
	}
	if g.accept("by", "position") {
		n.ByPosition = true
	} else if g.punct("(") {
		if n.Columns, err = g.list(g.name); err != nil {
			return nil, err
		}
	}
	if !g.accept("from") {
		return nil, g.fail()
	}
	if err := g.copySource(n); err != nil {
		return nil, err
	}
	if !g.accept("fileformat") || !g.punct("=") {
		return nil, g.fail()
	}
	if n.Format, err = g.name(); err != nil {
		return nil, err
	}
	for g.tok.kind != tokEOF {
		if err := g.copyClause(n); err != nil {
			return nil, err
		}
	}
	return g.end(n)
}

// copySource parses the path, or the query over it.
func (g *grammar) copySource(n *ast.CopyIntoStmt) (err error) {
	query := g.punct("(")
	if query {
		if !g.is(g.tok, "select") {
			return g.fail()
		}
		g.advance()
		if n.Select, err = g.until("from"); err != nil {
			return err
		}
		if !g.accept("from") {
			return g.fail()
		}
	}
	if n.Path, err = g.str(); err != nil {
		return err
	}
	if g.is(g.tok, "with") {
		return pgerr.Unsupported("COPY INTO with credentials")
	}
	if query && !g.punct(")") {
		return g.fail()
	}
	return nil
}

func (g *grammar) copyClause(n *ast.CopyIntoStmt) (err error) {
	switch {
	case n.Files == nil && n.Pattern == "" && g.accept("files"):
		if !g.punct("=") || !g.punct("(") {
			return g.fail()
		}
		n.Files, err = g.list(g.str)
	case n.Files == nil && n.Pattern == "" && g.accept("pattern"):
		if !g.punct("=") {
			return g.fail()
		}
		n.Pattern, err = g.str()
	case n.FormatOptions == nil && g.accept("format_options"):
		n.FormatOptions, err = g.pairs()
	case n.CopyOptions == nil && g.accept("copy_options"):
		n.CopyOptions, err = g.pairs()
	case g.is(g.tok, "validate"):
		return pgerr.Unsupported("COPY INTO with VALIDATE")
	default:
		return g.fail()
	}
	return err
}

// list parses item, … ) behind the opening bracket.
func (g *grammar) list(item func() (string, error)) ([]string, error) {
	var out []string
	for {
		s, err := item()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
		if g.punct(")") {
			return out, nil
		}
		if !g.punct(",") {
			return nil, g.fail()
		}
	}
}

// pairs parses (name [=] value, …): names and values are strings or words, values numbers too.
func (g *grammar) pairs() ([]ast.Option, error) {
	if !g.punct("(") {
		return nil, g.fail()
	}
	out := []ast.Option{}
	if g.punct(")") {
		return out, nil
	}
	for {
		var o ast.Option
		var err error
		if o.Name, err = g.wordOrString(); err != nil {
			return nil, err
		}
		g.punct("=")
		switch g.tok.kind {
		case tokInt, tokFloat:
			o.Value = g.text(g.tok)
			g.advance()
		default:
			if o.Value, err = g.wordOrString(); err != nil {
				return nil, err
			}
		}
		out = append(out, o)
		if g.punct(")") {
			return out, nil
		}
		if !g.punct(",") {
			return nil, g.fail()
		}
	}
}

func (g *grammar) wordOrString() (string, error) {
	if g.tok.kind == tokString {
		return g.str()
	}
	return g.name()
}
