package routine

import (
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
)

// Body parses a SQL function's body.
func Body(f *catalog.Function) ([]ast.Stmt, error) {
	if f.Body == "" {
		return parser.Parse(f.Proc.Src)
	}
	stmts, err := parser.Parse(f.Body)
	if err != nil {
		return nil, err
	}
	n, ok := stmts[0].Node.(*ast.CreateFunctionStmt)
	if !ok {
		return nil, pgerr.Internal("stored body of function %s", f.Name)
	}
	var out []ast.Stmt
	add := func(n ast.Node) {
		if n == nil {
			return
		}
		if r, ok := n.(*ast.ReturnStmt); ok {
			n = &ast.SelectStmt{TargetList: []ast.Node{&ast.ResTarget{Val: r.Returnval, Location: -1}}}
		}
		out = append(out, ast.Stmt{Node: n, Text: f.Body})
	}
	switch b := n.SqlBody.(type) {
	case *ast.List:
		for _, l := range b.Items {
			if in, ok := l.(*ast.List); ok {
				for _, st := range in.Items {
					add(st)
				}
			} else {
				add(l)
			}
		}
	default:
		add(b)
	}
	return out, nil
}

// BodyError gives an error in a SQL function's body its place in the statement under way, which may hold the body, and its context.
func BodyError(statement string, f *catalog.Function, err error) error {
	if err == nil {
		return nil
	}
	e := *pgerr.From(err)
	if e.Position > 0 && f.Body == "" {
		e.InternalPosition, e.InternalQuery, e.Position = e.Position, f.Proc.Src, 0
		if p := bodyOffset(statement, f.Proc.Src); p > 0 {
			e.Position, e.InternalPosition, e.InternalQuery = p+e.InternalPosition, 0, ""
		}
	}
	if f.Body != "" {
		return &e
	}
	return AddContext(&e, "SQL function \""+f.Name+"\"")
}

// bodyOffset finds a function's body in a statement, in characters: errors in it point there. 0: not found.
func bodyOffset(q, src string) int {
	if src == "" {
		return 0
	}
	at := strings.Index(q, src)
	if at < 0 || strings.Contains(q[at+1:], src) {
		return 0
	}
	return utf8.RuneCountInString(q[:at])
}

// PLError gives an error in a PL/pgSQL body its place in the statement under way, which may hold the body.
func PLError(statement, src string, err error) error {
	if err == nil {
		return nil
	}
	e := *pgerr.From(err)
	if e.Position > 0 {
		if at := bodyOffset(statement, src); at > 0 {
			e.Position += at
		} else {
			e.InternalPosition, e.InternalQuery, e.Position = e.Position, src, 0
		}
	}
	return &e
}

// InternalPlace turns the place of an error in a text of a function into PostgreSQL's internal place; errors without one get the text
// as context.
func InternalPlace(err error, text, word string, lead int) error {
	e := *pgerr.From(err)
	if e.Position > 0 {
		e.InternalPosition, e.InternalQuery, e.Position = max(e.Position-lead, 1), text, 0
		return &e
	}
	if word == "" {
		return &e
	}
	return AddContext(&e, word+" \""+text+"\"")
}

// AddContext adds a line to an error's CONTEXT; nil stays nil.
func AddContext(err error, line string) error {
	if err == nil {
		return nil
	}
	e := *pgerr.From(err)
	if e.Where != "" {
		e.Where += "\n"
	}
	e.Where += line
	return &e
}
