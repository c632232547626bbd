package plpgsql

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// reserved are the words that no variable can have as a name.
var reserved = map[string]bool{"all": true, "begin": true, "by": true, "case": true, "declare": true, "else": true, "end": true,
	"execute": true, "for": true, "foreach": true, "from": true, "if": true, "in": true, "into": true, "loop": true, "not": true,
	"null": true, "or": true, "strict": true, "then": true, "to": true, "using": true, "when": true, "while": true}

// parser is a body being read. It panics with *pgerr.Error.
type bodyParser struct {
	scanner
	fn    *Function
	types Types
	ns    *scope
}

func (p *bodyParser) peek() token          { return p.toks[p.at] }
func (p *bodyParser) peekAt(n int) token   { return p.toks[min(p.at+n, len(p.toks)-1)] }
func (p *bodyParser) next() token          { t := p.toks[p.at]; p.at = min(p.at+1, len(p.toks)-1); return t }
func (p *bodyParser) line(off int) int     { return lineOf(p.src, off) }
func (t token) is(word string) bool        { return t.kind == tokIdent && !t.quoted && t.text == word }
func (t token) op(s string) bool           { return t.kind == tokOp && t.text == s }
func (p *bodyParser) isWord(w string) bool { return p.peek().is(w) }

func (p *bodyParser) fail(off int, format string, args ...any) {
	panic(errAt(p.src, off, format, args...))
}

func (p *bodyParser) failCode(code string, off int, format string, args ...any) {
	e := errAt(p.src, off, format, args...)
	e.Code = code
	panic(e)
}

// unexpected is the parser's syntax error at a token.
func (p *bodyParser) unexpected(t token) {
	if t.kind == tokEOF {
		p.fail(t.pos, "syntax error at end of input")
	}
	p.fail(t.pos, "syntax error at or near \"%s\"", p.src[t.pos:t.end])
}

func (p *bodyParser) accept(word string) bool {
	if p.isWord(word) {
		p.next()
		return true
	}
	return false
}

func (p *bodyParser) acceptOp(s string) bool {
	if p.peek().op(s) {
		p.next()
		return true
	}
	return false
}

func (p *bodyParser) expect(word string) token {
	t := p.next()
	if !t.is(word) {
		p.unexpected(t)
	}
	return t
}

func (p *bodyParser) expectOp(s string) token {
	t := p.next()
	if !t.op(s) {
		p.unexpected(t)
	}
	return t
}

func (p *bodyParser) ident() token {
	t := p.next()
	if t.kind != tokIdent || !t.quoted && reserved[t.text] {
		p.unexpected(t)
	}
	return t
}

// parseBody reads a whole body: [options] block [;].
func (p *bodyParser) parseBody() *block {
	for p.acceptOp("#") {
		p.option()
	}
	label := p.label()
	if !p.isWord("declare") && !p.isWord("begin") {
		p.unexpected(p.peek())
	}
	b := p.block(label)
	p.acceptOp(";")
	if t := p.peek(); t.kind != tokEOF {
		p.unexpected(t)
	}
	return b
}

// option is #variable_conflict and its kin.
func (p *bodyParser) option() {
	t := p.ident()
	v := p.next()
	switch t.text {
	case "variable_conflict":
		mode, ok := conflictModes[v.text]
		if !ok {
			p.unexpected(v)
		}
		p.fn.conflict = mode
	case "print_strict_params":
		p.fn.printStrict = v.text == "on"
	case "option": // #option dump
	default:
		p.unexpected(t)
	}
}

func (p *bodyParser) label() string {
	if !p.acceptOp("<<") {
		return ""
	}
	name := p.ident().text
	p.expectOp(">>")
	return name
}

// endLabel checks the label behind END.
func (p *bodyParser) endLabel(label string) {
	if t := p.peek(); t.kind == tokIdent && (t.quoted || !reserved[t.text]) {
		p.next()
		if label == "" {
			p.fail(t.pos, "end label \"%s\" specified for unlabeled block", t.text)
		}
		if t.text != label {
			p.fail(t.pos, "end label \"%s\" differs from block's label \"%s\"", t.text, label)
		}
	}
}

func (p *bodyParser) block(label string) *block {
	start := p.peek()
	p.ns = p.ns.child(label, false)
	b := &block{pos: pos(p.line(start.pos)), label: label, ns: p.ns}
	if p.accept("declare") {
		for !p.isWord("begin") {
			if p.accept("declare") {
				continue
			}
			p.declaration(b)
		}
	}
	t := p.expect("begin")
	b.pos = pos(p.line(t.pos))
	b.body = p.statements()
	if p.accept("exception") {
		b.hasHandler = true
		p.ns = p.ns.child("", false)
		hns := p.ns
		state := p.declare("sqlstate", 0, plan.Type{OID: types.Text, Mod: -1, Coll: 100}, scalar)
		msg := p.declare("sqlerrm", 0, plan.Type{OID: types.Text, Mod: -1, Coll: 100}, scalar)
		state.special, msg.special, state.constant, msg.constant = true, true, true, true
		for p.isWord("when") {
			b.handlers = append(b.handlers, p.handler(hns, state, msg))
		}
		if len(b.handlers) == 0 {
			p.unexpected(p.peek())
		}
		p.ns = p.ns.parent
	}
	e := p.expect("end")
	b.endLine = p.line(e.pos)
	p.endLabel(label)
	p.ns = p.ns.parent
	return b
}

func (p *bodyParser) handler(ns *scope, state, msg *variable) *handler {
	p.expect("when")
	h := &handler{ns: ns, state: state, errmsg: msg}
	for {
		t := p.next()
		switch {
		case t.is("sqlstate"):
			v := p.next()
			if v.kind != tokString {
				p.unexpected(v)
			}
			if len(v.text) != 5 || strings.Trim(v.text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				p.fail(v.pos, "invalid SQLSTATE code")
			}
			h.conds = append(h.conds, v.text)
		case t.is("others"):
			h.conds = append(h.conds, "")
		case t.kind == tokIdent:
			codes := pgerr.ConditionCodes(t.text)
			if codes == nil {
				p.failCode(pgerr.UndefinedObject, t.pos, "unrecognized exception condition \"%s\"", t.text)
			}
			h.conds = append(h.conds, codes...)
		default:
			p.unexpected(t)
		}
		if !p.accept("or") {
			break
		}
	}
	p.expect("then")
	h.body = p.statements()
	return h
}

// declare adds a variable to the innermost scope.
func (p *bodyParser) declare(name string, off int, t plan.Type, kind varKind) *variable {
	v := &variable{no: len(p.fn.vars), name: name, kind: kind, typ: t, line: p.line(off)}
	p.fn.vars = append(p.fn.vars, v)
	if name != "" {
		p.ns.names[name] = v
	}
	return v
}

// declType makes the variable of a declared type: of a composite type or record it is a record.
func (p *bodyParser) declTyped(name string, off int, t plan.Type) *variable {
	kind := scalar
	if p.isRow(t.OID) {
		kind = record
	}
	return p.declare(name, off, t, kind)
}

func (p *bodyParser) isRow(oid types.OID) bool {
	if oid == types.Record {
		return true
	}
	y := p.types.Type(oid)
	for y != nil && y.TypType == types.TypeDomain {
		y = p.types.Type(y.Base)
	}
	return y != nil && y.TypType == types.TypeComposite
}

func (p *bodyParser) declaration(b *block) {
	if p.peek().op("<<") {
		p.fail(p.peek().pos, "block label must be placed before DECLARE, not after")
	}
	nt := p.next()
	if nt.kind != tokIdent || !nt.quoted && reserved[nt.text] {
		p.unexpected(nt)
	}
	if p.ns.names[nt.text] != nil {
		p.fail(nt.pos, "duplicate declaration at or near \"%s\"", p.src[nt.pos:nt.end])
	}
	// ALIAS FOR
	if p.isWord("alias") && p.peekAt(1).is("for") {
		p.next()
		p.next()
		t := p.next()
		var v *variable
		if t.kind == tokParam {
			n := atoi(t.text)
			if n < 1 || n > len(p.fn.args) {
				p.fail(t.pos, "there is no parameter $%s", t.text) // 42704 in PostgreSQL's words
			}
			v = p.fn.args[n-1]
		} else {
			name := []string{t.text}
			for p.acceptOp(".") {
				name = append(name, p.next().text)
			}
			if v, _ = p.ns.find(name); v == nil {
				p.failCode(pgerr.UndefinedObject, t.pos, "variable \"%s\" does not exist", strings.Join(name, "."))
			}
		}
		p.ns.names[nt.text] = v
		p.expectOp(";")
		return
	}
	// CURSOR
	scroll := 0
	mark := p.at
	switch {
	case p.isWord("no") && p.peekAt(1).is("scroll"):
		p.next()
		p.next()
		scroll = -1
	case p.isWord("scroll"):
		p.next()
		scroll = 1
	}
	if p.isWord("cursor") && (scroll != 0 || p.peekAt(1).op("(") || p.peekAt(1).is("for") || p.peekAt(1).is("is")) {
		p.next()
		p.cursorDecl(nt, scroll)
		return
	}
	p.at = mark
	constant := p.accept("constant")
	t := p.dataType()
	if p.accept("collate") {
		p.qualifiedName()
	}
	v := p.declTyped(nt.text, nt.pos, t)
	v.constant = constant
	if p.accept("not") {
		p.expect("null")
		v.notNull = true
	}
	switch d := p.peek(); {
	case d.op(";"):
		p.next()
		if v.notNull {
			p.failCode(pgerr.NullValueNotAllowed, nt.pos, "variable \"%s\" must have a default value, since it's declared NOT NULL", nt.text)
		}
	case d.op(":="), d.op("="), d.is("default"):
		p.next()
		v.def = p.exprUntil(";")
		p.expectOp(";")
	default:
		p.unexpected(d)
	}
	b.decls = append(b.decls, v)
}

func (p *bodyParser) cursorDecl(nt token, scroll int) {
	c := &cursorDef{scroll: scroll}
	p.ns = p.ns.child("", false)
	if p.acceptOp("(") {
		for {
			at := p.ident()
			t := p.dataTypeUntil(",", ")")
			c.args = append(c.args, p.declTyped(at.text, at.pos, t))
			if !p.acceptOp(",") {
				break
			}
		}
		p.expectOp(")")
	}
	if !p.accept("is") {
		p.expect("for")
	}
	c.query = p.sqlUntil(exprStatement, ";")
	p.expectOp(";")
	p.ns = p.ns.parent
	v := p.declare(nt.text, nt.pos, plan.Type{OID: types.RefCursor, Mod: -1}, scalar)
	v.cursor = c
}

func (p *bodyParser) qualifiedName() []string {
	name := []string{p.ident().text}
	for p.acceptOp(".") {
		name = append(name, p.next().text)
	}
	return name
}

func (p *bodyParser) dataType() plan.Type { return p.dataTypeUntil(";", ":=", "=") }

// dataTypeUntil reads a type up to a token that cannot belong to it.
func (p *bodyParser) dataTypeUntil(stops ...string) plan.Type {
	start := p.peek()
	if start.kind != tokIdent {
		if start.op(";") || start.op(":=") || start.op("=") {
			p.fail(start.pos, "missing data type declaration")
		}
		p.unexpected(start)
	}
	// name%TYPE and name%ROWTYPE
	n := 1
	name := []string{start.text}
	for p.peekAt(n).op(".") && p.peekAt(n+1).kind == tokIdent {
		name = append(name, p.peekAt(n+1).text)
		n += 2
	}
	if p.peekAt(n).op("%") {
		what := p.peekAt(n + 1)
		if what.is("type") || what.is("rowtype") {
			p.at += n + 2
			var t plan.Type
			if what.is("type") {
				t = p.pctType(name, start.pos)
			} else {
				var err error
				if t, err = p.types.RowType(name); err != nil {
					panic(p.located(err, start.pos))
				}
			}
			return p.arraySuffix(t, start.pos)
		}
	}
	depth := 0
	for {
		t := p.peek()
		if t.kind == tokEOF {
			p.fail(t.pos, "incomplete data type declaration")
		}
		if depth == 0 {
			stop := t.is("default") || t.is("not") || t.is("collate")
			for _, s := range stops {
				stop = stop || t.op(s)
			}
			if stop {
				break
			}
		}
		switch {
		case t.op("(") || t.op("["):
			depth++
		case t.op(")") || t.op("]"):
			depth--
			if depth < 0 {
				p.fail(t.pos, "mismatched parentheses")
			}
		}
		p.next()
	}
	text := p.src[start.pos:p.toks[p.at-1].end]
	return p.typeByText(text, start.pos)
}

func (p *bodyParser) arraySuffix(t plan.Type, off int) plan.Type {
	array := false
	for p.acceptOp("[") {
		if p.peek().kind == tokNumber {
			p.next()
		}
		p.expectOp("]")
		array = true
	}
	if array {
		y := p.types.Type(t.OID)
		if y == nil || y.Array == 0 && !y.IsArray() {
			p.failCode(pgerr.UndefinedObject, off, "could not find array type for data type %s", p.types.TypeText(t.OID))
		}
		if !y.IsArray() {
			t.OID = y.Array
		}
	}
	return t
}

// pctType is name%TYPE: of a variable, or of a column.
func (p *bodyParser) pctType(name []string, off int) plan.Type {
	if v, parts := p.ns.find(name); v != nil {
		if parts == len(name) {
			return v.typ
		}
		if v.kind == record {
			if y := p.types.Type(v.typ.OID); y != nil {
				for _, a := range y.Attrs {
					if a.Name == name[parts] {
						return plan.Type{OID: a.Type, Mod: a.Mod}
					}
				}
			}
		}
	}
	if len(name) == 1 {
		p.fail(off, "type \"%s\" does not exist", name[0])
	}
	n := &ast.TypeName{PctType: true, Typemod: -1, Location: -1}
	for _, s := range name {
		n.Names = append(n.Names, &ast.String{Sval: s})
	}
	t, err := p.types.TypeName(n)
	if err != nil {
		panic(p.located(err, off))
	}
	return t
}

func (p *bodyParser) located(err error, off int) *pgerr.Error {
	e := *pgerr.From(err)
	e.Position = 0
	return e.WithPosition(errAt(p.src, off, "").Position)
}

func (p *bodyParser) typeByText(text string, off int) plan.Type {
	named, err := parser.TypeName(text)
	if err != nil {
		e := *pgerr.From(err)
		e.Message = strings.Replace(e.Message, "at end of input", "at or near \""+text+"\"", 1)
		panic(p.located(&e, off))
	}
	if named != nil {
		n := *named
		n.Location = -1
		t, err := p.types.TypeName(&n)
		if err != nil {
			panic(p.located(err, off))
		}
		if y := p.types.Type(t.OID); y != nil && y.TypType == types.TypePseudo && t.OID != types.Record {
			p.failCode(pgerr.FeatureNotSupported, off, "variable \"%s\" has pseudo-type %s", p.toks[max(p.at-2, 0)].text, p.types.TypeText(t.OID))
		}
		return t
	}
	p.fail(off, "invalid type name \"%s\"", text)
	return plan.Type{}
}

func atoi(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// textUntil passes tokens up to one of the stops at depth 0 and returns the text before it.
func (p *bodyParser) textUntil(stops ...string) (text string, off int) {
	start := p.peek()
	depth := 0
	for {
		t := p.peek()
		if depth == 0 {
			for _, s := range stops {
				if t.op(s) || t.is(s) {
					if t.pos == start.pos {
						return "", start.pos
					}
					return strings.TrimSpace(p.src[start.pos:p.toks[p.at-1].end]), start.pos
				}
			}
		}
		switch {
		case t.kind == tokEOF:
			if depth != 0 {
				p.fail(t.pos, "mismatched parentheses")
			}
			if len(stops) == 1 {
				p.missing(stops[0], start)
			}
			p.unexpected(t)
		case t.op("(") || t.op("["):
			depth++
		case t.op(")") || t.op("]"):
			if depth--; depth < 0 {
				p.fail(t.pos, "mismatched parentheses")
			}
		case t.op(";") && depth > 0:
			p.fail(t.pos, "mismatched parentheses")
		case t.op(";"):
			p.missing(stops[0], start)
		}
		p.next()
	}
}

func (p *bodyParser) missing(stop string, start token) {
	what := "expression"
	word := stop
	if identStart(stop[0]) {
		word = strings.ToUpper(stop)
	}
	p.fail(p.peek().pos, "missing \"%s\" at end of SQL %s", word, what)
}

// exprUntil reads an expression up to a stop, which stays.
func (p *bodyParser) exprUntil(stops ...string) *expr { return p.sqlUntil(exprValue, stops...) }

func (p *bodyParser) sqlUntil(kind exprKind, stops ...string) *expr {
	text, off := p.textUntil(stops...)
	if text == "" {
		if kind == exprValue {
			p.fail(p.peek().pos, "missing expression at or near \"%s\"", p.src[p.peek().pos:p.peek().end])
		}
		p.fail(p.peek().pos, "missing SQL statement at or near \"%s\"", p.src[p.peek().pos:p.peek().end])
	}
	return p.makeExpr(kind, text, off)
}

// makeExpr checks the syntax of a piece of SQL.
func (p *bodyParser) makeExpr(kind exprKind, text string, off int) *expr {
	e := &expr{text: text, ns: p.ns, off: off, kind: kind}
	sql, lead := text, 0
	if kind != exprStatement {
		sql, lead = "SELECT "+text, len("SELECT ")
	}
	stmts, err := parser.Parse(sql)
	if err != nil {
		pe := *pgerr.From(err)
		if pe.Position > 0 {
			// The place in the piece becomes a place in the body.
			runes := pe.Position - 1 - lead
			pe.Position = errAt(p.src, off, "").Position + max(runes, 0)
		}
		if !strings.HasPrefix(pe.Message, "syntax error") || pe.Position == 0 {
			pe.Position = errAt(p.src, off, "").Position
		}
		panic(&pe)
	}
	if len(stmts) == 1 {
		e.node = stmts[0].Node
	}
	return e
}

// exprList reads expressions up to a stop, separated by commas.
func (p *bodyParser) exprList(stops ...string) []*expr {
	var out []*expr
	for {
		out = append(out, p.exprUntil(append([]string{","}, stops...)...))
		if !p.acceptOp(",") {
			return out
		}
	}
}
