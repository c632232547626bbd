package parser

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// piece is one statement of a query string that holds statements of ours.
type piece struct {
	start, end int
	tarn       bool
}

// splitTarn cuts sql at its top-level semicolons when one of its statements is Tarn's own; ok is false, at the cost of
// a substring search, when none is.
func splitTarn(sql string) ([]piece, bool) {
	if !containsFold(sql, "branch") && !containsFold(sql, "copy") && !containsFold(sql, "optimize") && !containsFold(sql, "vacuum") &&
		!containsFold(sql, "external") && !containsFold(sql, "volume") {
		return nil, false
	}
	var pieces []piece
	var own bool
	l := &lexer{s: sql}
	cur := piece{start: -1}
	var first, second, before, prev token
	var shape tableShape
	words := 0
	for {
		t := l.next()
		if t.kind == tokBad {
			return nil, false
		}
		if t.kind == tokEOF || t.kind == tokPunct && l.text(t) == ";" {
			if cur.start >= 0 {
				if shape == methodOnly && l.is(first, "create") && l.is(second, "table") {
					cur.tarn, own = true, true
				}
				cur.end = t.start
				pieces = append(pieces, cur)
			}
			if t.kind == tokEOF {
				return pieces, own
			}
			cur, words, shape = piece{start: -1}, 0, nothing
			continue
		}
		// A table may have the name retain or dry.
		if words > 1 && l.is(first, "vacuum") && (l.is(prev, "retain") && (t.kind == tokInt || t.kind == tokFloat) || l.is(prev, "dry") && l.is(t, "run")) {
			cur.tarn, own = true, true
		}
		if words > 1 && volumeStatement(l, first, before, prev, t) {
			cur.tarn, own = true, true
		}
		before, prev = prev, t
		switch words {
		case 0:
			cur.start, first = t.start, t
			if l.is(t, "optimize") {
				cur.tarn, own = true, true
			}
		case 1:
			second = t
			for _, w := range ownWords {
				if l.is(first, w[0]) && l.is(t, w[1]) {
					cur.tarn, own = true, true
				}
			}
		}
		shape = shape.next(l, t)
		words++
	}
}

// tableShape says how far a CREATE TABLE has come that names an access method and lists no columns.
type tableShape int

const (
	nothing    tableShape = iota // neither columns nor a method so far
	methodOnly                   // USING
	other                        // columns, or a query
)

func (s tableShape) next(l *lexer, t token) tableShape {
	switch {
	case s == nothing && t.kind == tokPunct && l.text(t) == "(", l.is(t, "as"):
		return other
	case s == nothing && l.is(t, "using"):
		return methodOnly
	}
	return s
}

// ownWords are the first two words of Tarn's own statements.
var ownWords = [...][2]string{{"create", "branch"}, {"drop", "branch"}, {"alter", "branch"}, {"merge", "branch"}, {"use", "branch"}, {"copy", "into"},
	{"create", "volume"}, {"drop", "volume"}, {"alter", "volume"}}

// volumeStatement reports the token behind the word volume in CREATE EXTERNAL VOLUME, COMMENT ON VOLUME, GRANT … ON VOLUME, GRANT CREATE VOLUME
// ON SCHEMA, and REVOKE of the same. A table may have that name.
func volumeStatement(l *lexer, first, before, prev, t token) bool {
	switch {
	case !l.is(prev, "volume"):
		return false
	case l.is(first, "create"):
		return l.is(before, "external")
	case l.is(before, "create"):
		return (l.is(first, "grant") || l.is(first, "revoke")) && (l.is(t, "on") || t.kind == tokPunct)
	case !l.is(before, "on") || t.kind != tokIdent && t.kind != tokQuoted:
		return false
	case l.is(first, "comment"):
		return true
	}
	return l.is(first, "grant") && !l.is(t, "to") || l.is(first, "revoke") && !l.is(t, "from")
}

func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

func parsePieces(sql string, pieces []piece) ([]ast.Stmt, error) {
	var out []ast.Stmt
	for _, p := range pieces {
		text := sql[p.start:p.end]
		if !p.tarn {
			stmts, err := parsePG(text, p.start, sql)
			if err != nil {
				return nil, err
			}
			out = append(out, stmts...)
			continue
		}
		g := &grammar{lexer: lexer{s: sql[:p.end], i: p.start}}
		g.advance()
		node, err := g.statement()
		if err != nil {
			return nil, err
		}
		out = append(out, ast.Stmt{Node: node, Text: strings.TrimRight(text, " \t\r\n\f"), Offset: p.start})
	}
	return out, nil
}

// grammar is a recursive-descent parser with one token of look-ahead.
type grammar struct {
	lexer
	tok token
}

func (g *grammar) advance() { g.tok = g.next() }

// accept consumes the words when they come next.
func (g *grammar) accept(words ...string) bool {
	at, tok := g.i, g.tok
	for _, w := range words {
		if !g.is(g.tok, w) {
			g.i, g.tok = at, tok
			return false
		}
		g.advance()
	}
	return true
}

func (g *grammar) punct(p string) bool {
	if (g.tok.kind == tokPunct || g.tok.kind == tokOp) && g.text(g.tok) == p {
		g.advance()
		return true
	}
	return false
}

func (g *grammar) fail() error {
	e := pgerr.New(pgerr.SyntaxError, "syntax error at or near \"%s\"", g.text(g.tok))
	if g.tok.kind == tokEOF {
		e = pgerr.New(pgerr.SyntaxError, "syntax error at end of input")
	}
	return e.WithPosition(len([]rune(g.s[:g.tok.start])) + 1)
}

func (g *grammar) name() (string, error) {
	s := g.text(g.tok)
	switch g.tok.kind {
	case tokIdent:
		s = strings.ToLower(s)
	case tokQuoted:
		s = strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	default:
		return "", g.fail()
	}
	g.advance()
	return s, nil
}

func (g *grammar) str() (string, error) {
	if g.tok.kind != tokString {
		return "", g.fail()
	}
	s := g.text(g.tok)
	g.advance()
	return strings.ReplaceAll(s[1:len(s)-1], "''", "'"), nil
}

func (g *grammar) end(n ast.Node) (ast.Node, error) {
	if g.tok.kind != tokEOF {
		return nil, g.fail()
	}
	return n, nil
}

func (g *grammar) statement() (ast.Node, error) {
	switch {
	case g.accept("create", "branch"):
		return g.createBranch()
	case g.accept("create", "table"):
		return g.createTable()
	case g.accept("copy", "into"):
		return g.copyInto()
	case g.accept("drop", "branch"):
		n := &ast.DropBranchStmt{IfExists: g.accept("if", "exists")}
		var err error
		if n.Name, err = g.name(); err != nil {
			return nil, err
		}
		n.Cascade = g.accept("cascade")
		if !n.Cascade {
			g.accept("restrict")
		}
		return g.end(n)
	case g.accept("alter", "branch"):
		return g.alterBranch()
	case g.accept("merge", "branch"):
		return g.mergeBranch()
	case g.accept("create", "volume"):
		return g.createVolume(false)
	case g.accept("create", "external", "volume"):
		return g.createVolume(true)
	case g.accept("drop", "volume"):
		return g.dropVolume()
	case g.accept("alter", "volume"):
		return g.alterVolume()
	case g.accept("comment", "on", "volume"):
		return g.commentVolume()
	case g.accept("grant"):
		return g.grantVolume(true)
	case g.accept("revoke"):
		return g.grantVolume(false)
	case g.accept("optimize"):
		return g.optimize()
	case g.accept("vacuum"):
		return g.vacuumFiles()
	case g.accept("use", "branch"):
		name, err := g.name()
		if err != nil {
			return nil, err
		}
		return g.end(&ast.UseBranchStmt{Name: name})
	}
	return nil, g.fail()
}

// relation parses [schema.]table.
func (g *grammar) relation() (*ast.RangeVar, error) {
	rv := &ast.RangeVar{Inh: true, Relpersistence: "p", Location: -1}
	var err error
	if rv.Relname, err = g.name(); err != nil {
		return nil, err
	}
	if g.punct(".") {
		rv.Schemaname = rv.Relname
		rv.Relname, err = g.name()
	}
	return rv, err
}

func (g *grammar) optimize() (ast.Node, error) {
	n := &ast.OptimizeStmt{}
	var err error
	if n.Relation, err = g.relation(); err != nil {
		return nil, err
	}
	n.Full = g.accept("full")
	if g.accept("where") {
		if n.Where, err = g.until("zorder"); err != nil {
			return nil, err
		}
	}
	if g.accept("zorder") {
		if !g.accept("by") || !g.punct("(") {
			return nil, g.fail()
		}
		if n.ZOrder, err = g.list(g.name); err != nil {
			return nil, err
		}
	}
	return g.end(n)
}

// until takes the text up to a word outside of brackets, or to the end; it may not be empty.
func (g *grammar) until(word string) (string, error) {
	from := g.tok.start
	for depth := 0; ; g.advance() {
		switch {
		case g.tok.kind == tokBad:
			return "", g.fail()
		case g.tok.kind == tokPunct && strings.Contains("([", g.text(g.tok)):
			depth++
		case g.tok.kind == tokPunct && strings.Contains(")]", g.text(g.tok)):
			depth--
		}
		if depth < 0 || g.tok.kind == tokEOF || depth == 0 && g.is(g.tok, word) {
			break
		}
	}
	text := strings.TrimSpace(g.s[from:g.tok.start])
	if text == "" {
		return "", g.fail()
	}
	return text, nil
}

func (g *grammar) vacuumFiles() (ast.Node, error) {
	n := &ast.VacuumFilesStmt{}
	var err error
	if n.Relation, err = g.relation(); err != nil {
		return nil, err
	}
	if g.accept("retain") {
		if g.tok.kind != tokInt && g.tok.kind != tokFloat {
			return nil, g.fail()
		}
		n.Hours = g.text(g.tok)
		g.advance()
		if !g.accept("hours") {
			return nil, g.fail()
		}
	}
	n.DryRun = g.accept("dry", "run")
	return g.end(n)
}

func (g *grammar) createBranch() (ast.Node, error) {
	n := &ast.CreateBranchStmt{IfNotExists: g.accept("if", "not", "exists")}
	var err error
	if n.Name, err = g.name(); err != nil {
		return nil, err
	}
	if g.accept("from") {
		if n.From, err = g.name(); err != nil {
			return nil, err
		}
	}
	if g.is(g.tok, "at") {
		if n.At, err = g.point("at"); err != nil {
			return nil, err
		}
	}
	if g.accept("with") {
		if n.Options, err = g.options(); err != nil {
			return nil, err
		}
	}
	return g.end(n)
}

func (g *grammar) alterBranch() (ast.Node, error) {
	n := &ast.AlterBranchStmt{}
	var err error
	if n.Name, err = g.name(); err != nil {
		return nil, err
	}
	switch {
	case g.accept("rename", "to"):
		if n.Rename, err = g.name(); err != nil {
			return nil, err
		}
	case g.accept("set"):
		if n.Set, err = g.options(); err != nil {
			return nil, err
		}
	case g.accept("reset"):
		n.Reset = true
		if g.is(g.tok, "to") {
			if n.To, err = g.point("to"); err != nil {
				return nil, err
			}
		}
	default:
		return nil, g.fail()
	}
	return g.end(n)
}

func (g *grammar) mergeBranch() (ast.Node, error) {
	n := &ast.MergeBranchStmt{OnConflict: "abort"}
	var err error
	if n.Source, err = g.name(); err != nil {
		return nil, err
	}
	if g.accept("into") {
		if n.Target, err = g.name(); err != nil {
			return nil, err
		}
	}
	if g.accept("on", "conflict") {
		switch {
		case g.accept("abort"):
		case g.accept("use", "source"):
			n.OnConflict = "use source"
		case g.accept("use", "target"):
			n.OnConflict = "use target"
		default:
			return nil, g.fail()
		}
	}
	n.DryRun = g.accept("dry", "run")
	return g.end(n)
}

// point parses lead {LSN '…' | TIMESTAMP '…' | PARENT}.
func (g *grammar) point(lead string) (p ast.BranchPoint, err error) {
	g.accept(lead)
	switch {
	case g.accept("lsn"):
		p.LSN, err = g.str()
	case g.accept("timestamp"):
		p.Timestamp, err = g.str()
	case lead == "to" && g.accept("parent"):
	default:
		err = g.fail()
	}
	return p, err
}

// options parses (name = value, …); values are strings, numbers or words.
func (g *grammar) options() (map[string]string, error) {
	if !g.punct("(") {
		return nil, g.fail()
	}
	out := map[string]string{}
	for {
		k, err := g.name()
		if err != nil {
			return nil, err
		}
		v := "true"
		if g.punct("=") {
			switch g.tok.kind {
			case tokString:
				v, _ = g.str()
			case tokIdent, tokInt, tokFloat:
				v = strings.ToLower(g.text(g.tok))
				g.advance()
			default:
				return nil, g.fail()
			}
		}
		out[k] = v
		if g.punct(")") {
			return out, nil
		}
		if !g.punct(",") {
			return nil, g.fail()
		}
	}
}
