package plpgsql

import (
	"strings"

	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// statements reads statements up to a word that ends a list of them.
func (p *bodyParser) statements() []stmt {
	var out []stmt
	for {
		t := p.peek()
		if t.kind == tokEOF || t.is("end") || t.is("exception") || t.is("when") || t.is("else") || t.is("elsif") || t.is("elseif") {
			return out
		}
		if s := p.statement(); s != nil {
			out = append(out, s)
		}
	}
}

func (p *bodyParser) statement() stmt {
	t := p.peek()
	line := pos(p.line(t.pos))
	if t.op("<<") {
		label := p.label()
		t = p.peek()
		line = pos(p.line(t.pos))
		switch {
		case t.is("declare"), t.is("begin"):
			b := p.block(label)
			p.expectOp(";")
			return b
		case t.is("loop"), t.is("while"), t.is("for"), t.is("foreach"):
			return p.loopStatement(label, line)
		}
		p.unexpected(t)
	}
	if t.kind == tokParam {
		return p.assignment(line)
	}
	if t.kind != tokIdent {
		p.unexpected(t)
	}
	if (t.quoted || !reserved[t.text]) && p.assignable() {
		return p.assignment(line)
	}
	if t.quoted {
		return p.execStatement(line)
	}
	switch t.text {
	case "declare", "begin":
		b := p.block("")
		p.expectOp(";")
		return b
	case "loop", "while", "for", "foreach":
		return p.loopStatement("", line)
	case "if":
		return p.ifStatement(line)
	case "case":
		return p.caseStatement(line)
	case "exit", "continue":
		return p.exitStatement(line)
	case "return":
		return p.returnStatement(line)
	case "raise":
		return p.raiseStatement(line)
	case "assert":
		p.next()
		s := &assert{pos: line, cond: p.exprUntil(",", ";")}
		if p.acceptOp(",") {
			s.msg = p.exprUntil(";")
		}
		p.expectOp(";")
		return s
	case "execute":
		return p.dynStatement(line)
	case "perform":
		p.next()
		text, off := p.textUntil(";")
		if text == "" {
			p.fail(p.peek().pos, "missing expression at or near \";\"")
		}
		p.expectOp(";")
		e := p.makeExpr(exprValue, text, off)
		e.kind, e.text = exprStatement, "SELECT "+text
		return &perform{pos: line, e: e}
	case "get":
		return p.diagnostics(line)
	case "open":
		return p.openStatement(line)
	case "fetch", "move":
		return p.fetchStatement(line)
	case "close":
		p.next()
		v := p.cursorVariable()
		p.expectOp(";")
		return &closeStmt{pos: line, v: v}
	case "null":
		p.next()
		p.expectOp(";")
		return &nullStmt{line}
	case "commit", "rollback":
		p.next()
		s := &transStmt{pos: line, commit: t.text == "commit"}
		if p.accept("and") {
			s.chain = !p.accept("no")
			p.expect("chain")
		}
		p.expectOp(";")
		return s
	case "call", "do":
		e := p.sqlUntil(exprStatement, ";")
		p.expectOp(";")
		return &callStmt{pos: line, e: e, name: strings.ToUpper(t.text)}
	}
	return p.execStatement(line)
}

// assignable reports that the tokens are the beginning of an assignment: a name followed by := or =, maybe with fields and subscripts
// before it.
func (p *bodyParser) assignable() bool {
	i := 1
	for p.peekAt(i).op(".") {
		i += 2
	}
	switch t := p.peekAt(i); {
	case t.op(":="), t.op("="):
		return true
	case t.op("["):
		var name []string
		for k := 0; k < i; k += 2 {
			name = append(name, p.peekAt(k).text)
		}
		v, _ := p.ns.find(name)
		return v != nil
	}
	return false
}

// target reads what a value goes into.
func (p *bodyParser) target(stops ...string) *target {
	start := p.peek()
	var name []string
	var v *variable
	parts := 0
	if start.kind == tokParam {
		p.next()
		n := atoi(start.text)
		if n < 1 || n > len(p.fn.args) {
			p.fail(start.pos, "\"%s\" is not a known variable", p.src[start.pos:start.end])
		}
		v, parts, name = p.fn.args[n-1], 1, []string{start.text}
		for p.acceptOp(".") {
			name = append(name, p.next().text)
		}
	} else {
		if start.kind != tokIdent {
			p.unexpected(start)
		}
		name = []string{p.next().text}
		for p.acceptOp(".") {
			f := p.next()
			if f.kind != tokIdent {
				p.unexpected(f)
			}
			name = append(name, f.text)
		}
		if v, parts = p.ns.find(name); v == nil {
			p.fail(start.pos, "\"%s\" is not a known variable", strings.Join(name, "."))
		}
	}
	if v.constant && !v.special || v.special && v.constant {
		p.failCode(pgerr.ErrorInAssignment, start.pos, "variable \"%s\" is declared CONSTANT", v.name)
	}
	t := &target{v: v, text: strings.Join(name, ".")}
	rest := name[parts:]
	if len(rest) > 0 {
		if v.kind != record {
			p.fail(start.pos, "\"%s\" is not a known variable", strings.Join(name, "."))
		}
		if len(rest) == 1 && !p.peek().op("[") {
			t.field = rest[0]
			return t
		}
		for _, f := range rest {
			t.path = append(t.path, &ast.String{Sval: f})
		}
	}
	if p.peek().op("[") || p.peek().op(".") {
		from := p.peek().pos
		p.textUntil(stops...)
		text := p.src[from:p.toks[p.at-1].end]
		t.path = append(t.path, p.indirection(text, from)...)
		t.text = p.src[start.pos:p.toks[p.at-1].end]
	}
	return t
}

// indirection parses [i].field… as an expression's.
func (p *bodyParser) indirection(text string, off int) []ast.Node {
	stmts, err := parser.Parse("SELECT ($1)" + text)
	if err != nil {
		panic(p.located(err, off))
	}
	if s, ok := stmts[0].Node.(*ast.SelectStmt); ok && len(s.TargetList) == 1 {
		if ind, ok := s.TargetList[0].(*ast.ResTarget).Val.(*ast.A_Indirection); ok {
			return ind.Indirection
		}
	}
	p.fail(off, "syntax error at or near \"%s\"", text)
	return nil
}

func (p *bodyParser) assignment(line pos) stmt {
	start := p.peek()
	to := p.target(":=", "=")
	op := p.next()
	if !op.op(":=") && !op.op("=") {
		p.unexpected(op)
	}
	e := p.exprUntil(";")
	p.expectOp(";")
	if to.path != nil {
		e.kind, e.target, e.path = exprAssign, to.v, to.path
		e.text = p.src[start.pos:p.toks[p.at-2].end]
	}
	return &assign{pos: line, to: to, e: e}
}

func (p *bodyParser) ifStatement(line pos) stmt {
	p.next()
	s := &ifStmt{pos: line}
	for {
		s.conds = append(s.conds, p.exprUntil("then"))
		p.expect("then")
		s.thens = append(s.thens, p.statements())
		if p.accept("elsif") || p.accept("elseif") {
			continue
		}
		if p.accept("else") {
			s.els = p.statements()
		}
		p.expect("end")
		p.expect("if")
		p.expectOp(";")
		return s
	}
}

func (p *bodyParser) caseStatement(line pos) stmt {
	p.next()
	s := &caseStmt{pos: line}
	if !p.isWord("when") {
		s.arg = p.exprUntil("when")
		s.v = p.declare("", 0, plan.Type{OID: types.Int4, Mod: -1}, scalar)
	}
	for p.accept("when") {
		text, off := p.textUntil("then")
		var c *expr
		if s.arg == nil {
			c = p.makeExpr(exprValue, text, off)
		} else {
			p.ns = p.ns.child("", false)
			name := "__case__variable_" + itoa(s.v.no) + "__"
			p.ns.names[name] = s.v
			c = p.makeExpr(exprValue, "\""+name+"\" IN ("+text+")", off)
			p.ns = p.ns.parent
		}
		p.expect("then")
		s.conds = append(s.conds, c)
		s.thens = append(s.thens, p.statements())
	}
	if len(s.conds) == 0 {
		p.unexpected(p.peek())
	}
	if p.accept("else") {
		s.hasElse, s.els = true, p.statements()
	}
	p.expect("end")
	p.expect("case")
	p.expectOp(";")
	return s
}

func itoa(n int) string {
	if n == 0 {
		return "0"
	}
	var b [20]byte
	i := len(b)
	for ; n > 0; n /= 10 {
		i--
		b[i] = byte('0' + n%10)
	}
	return string(b[i:])
}

func (p *bodyParser) loopStatement(label string, line pos) stmt {
	t := p.next()
	p.ns = p.ns.child(label, true)
	defer func() { p.ns = p.ns.parent }()
	switch t.text {
	case "loop":
		return &loop{pos: line, label: label, body: p.loopBody(label)}
	case "while":
		c := p.exprUntil("loop")
		p.next()
		return &loop{pos: line, label: label, cond: c, body: p.loopBody(label)}
	case "foreach":
		s := &foreach{pos: line, label: label}
		s.to = p.targetList("slice", "in")
		if p.accept("slice") {
			n := p.next()
			if n.kind != tokNumber {
				p.unexpected(n)
			}
			s.slice = atoi(n.text)
		}
		p.expect("in")
		p.expect("array")
		s.e = p.exprUntil("loop")
		p.next()
		s.body = p.loopBody(label)
		return s
	}
	return p.forLoop(label, line)
}

func (p *bodyParser) loopBody(label string) []stmt {
	body := p.statements()
	p.expect("end")
	p.expect("loop")
	p.endLabel(label)
	p.expectOp(";")
	return body
}

func (p *bodyParser) targetList(stops ...string) []*target {
	var out []*target
	for {
		out = append(out, p.target(append([]string{","}, stops...)...))
		if !p.acceptOp(",") {
			return out
		}
	}
}

// forLoop is FOR over integers, a query, EXECUTE or a cursor: what follows IN tells.
func (p *bodyParser) forLoop(label string, line pos) stmt {
	nameTok := p.peek()
	mark := p.at
	// The names before IN.
	var list [][]string
	for {
		name := []string{p.next().text}
		for p.acceptOp(".") {
			name = append(name, p.next().text)
		}
		list = append(list, name)
		if !p.acceptOp(",") {
			break
		}
	}
	p.expect("in")
	reverse := false
	if p.isWord("reverse") {
		p.next()
		reverse = true
	}
	outer := p.ns.parent
	if p.isWord("execute") && !reverse {
		s := &forQuery{pos: line, label: label, dynamic: true}
		p.next()
		s.query = p.exprUntil("using", "loop")
		if p.accept("using") {
			s.using = p.exprList("loop")
		}
		p.forTargets(s, mark, nameTok)
		p.expect("loop")
		s.body = p.loopBody(label)
		return s
	}
	// A bound cursor.
	if t := p.peek(); t.kind == tokIdent && !reverse {
		if v, _ := p.ns.find([]string{t.text}); v != nil && v.kind == scalar && v.typ.OID == types.RefCursor &&
			(p.peekAt(1).is("loop") || p.peekAt(1).op("(")) {
			p.next()
			if len(list) != 1 || len(list[0]) != 1 {
				p.fail(nameTok.pos, "cursor FOR loop must have only one target variable")
			}
			if v.cursor == nil {
				p.fail(t.pos, "cursor FOR loop must use a bound cursor variable")
			}
			s := &forQuery{pos: line, label: label, cursor: v}
			s.args = p.cursorArgs(v)
			p.expect("loop")
			s.whole = p.declare(list[0][0], nameTok.pos, plan.Type{OID: types.Record, Mod: -1}, record)
			s.body = p.loopBody(label)
			return s
		}
	}
	// An integer loop has .. at depth 0 before LOOP.
	depth, integer := 0, false
	for i := 0; ; i++ {
		t := p.peekAt(i)
		if t.kind == tokEOF || t.is("loop") && depth == 0 || t.op(";") {
			break
		}
		if t.op("(") || t.op("[") {
			depth++
		}
		if t.op(")") || t.op("]") {
			depth--
		}
		if t.op("..") && depth == 0 {
			integer = true
		}
	}
	if integer {
		if len(list) != 1 || len(list[0]) != 1 {
			p.fail(nameTok.pos, "integer FOR loop must have only one target variable")
		}
		s := &forInt{pos: line, label: label, reverse: reverse}
		in := p.ns
		p.ns = outer
		s.lo = p.exprUntil("..")
		p.next()
		s.hi = p.exprUntil("by", "loop")
		if p.accept("by") {
			s.step = p.exprUntil("loop")
		}
		p.ns = in
		p.expect("loop")
		s.v = p.declare(list[0][0], nameTok.pos, plan.Type{OID: types.Int4, Mod: -1}, scalar)
		s.body = p.loopBody(label)
		return s
	}
	if reverse {
		p.fail(p.toks[p.at-1].pos, "cannot specify REVERSE in query FOR loop")
	}
	s := &forQuery{pos: line, label: label}
	s.query = p.sqlUntil(exprStatement, "loop")
	p.forTargets(s, mark, nameTok)
	p.expect("loop")
	s.body = p.loopBody(label)
	return s
}

// forTargets resolves the loop variables of a query loop, which must be declared.
func (p *bodyParser) forTargets(s *forQuery, mark int, nameTok token) {
	at := p.at
	p.at = mark
	first := p.peek()
	if v, _ := p.ns.find([]string{first.text}); v == nil && p.peekAt(1).is("in") {
		p.fail(first.pos, "loop variable of loop over rows must be a record variable or list of scalar variables")
	}
	list := p.targetList("in")
	p.at = at
	if len(list) == 1 && list[0].v.kind == record && list[0].field == "" && list[0].path == nil {
		s.whole = list[0].v
		return
	}
	s.to = list
}

// cursorArgs reads (arguments) of a bound cursor as SELECT of the values in order of the cursor's parameters.
func (p *bodyParser) cursorArgs(v *variable) *expr {
	c := v.cursor
	t := p.peek()
	if !t.op("(") {
		if len(c.args) > 0 {
			p.fail(t.pos, "cursor \"%s\" has arguments", v.name)
		}
		return nil
	}
	if len(c.args) == 0 {
		p.fail(t.pos, "cursor \"%s\" has no arguments", v.name)
	}
	p.next()
	vals := make([]string, len(c.args))
	off := p.peek().pos
	n := 0
	for {
		at := n
		if a := p.peek(); a.kind == tokIdent && (p.peekAt(1).op(":=") || p.peekAt(1).op("=>")) {
			at = -1
			for i, arg := range c.args {
				if arg.name == a.text {
					at = i
				}
			}
			if at < 0 {
				p.fail(a.pos, "cursor \"%s\" has no argument named \"%s\"", v.name, a.text)
			}
			p.next()
			p.next()
		}
		text, toff := p.textUntil(",", ")")
		if at >= len(c.args) {
			p.fail(toff, "too many arguments for cursor \"%s\"", v.name)
		}
		if vals[at] != "" {
			p.fail(toff, "value for parameter \"%s\" of cursor \"%s\" specified more than once", c.args[at].name, v.name)
		}
		vals[at] = text
		n++
		if !p.acceptOp(",") {
			break
		}
	}
	end := p.expectOp(")")
	for _, s := range vals {
		if s == "" {
			p.fail(end.pos, "not enough arguments for cursor \"%s\"", v.name)
		}
	}
	e := p.makeExpr(exprValue, strings.Join(vals, ", "), off)
	e.kind, e.text = exprStatement, "SELECT "+e.text
	return e
}

func (p *bodyParser) exitStatement(line pos) stmt {
	t := p.next()
	s := &exit{pos: line, isExit: t.text == "exit"}
	if l := p.peek(); l.kind == tokIdent && !l.is("when") {
		p.next()
		s.label = l.text
		found, loop := false, false
		for n := p.ns; n != nil; n = n.parent {
			if n.label == l.text {
				found, loop = true, n.loop
				break
			}
		}
		if !found {
			p.fail(l.pos, "there is no label \"%s\" attached to any block or loop enclosing this statement", l.text)
		}
		if !loop && !s.isExit {
			p.fail(l.pos, "block label \"%s\" cannot be used in CONTINUE", l.text)
		}
	} else {
		in := false
		for n := p.ns; n != nil; n = n.parent {
			in = in || n.loop
		}
		if !in {
			if s.isExit {
				p.fail(t.pos, "EXIT cannot be used outside a loop, unless it has a label")
			}
			p.fail(t.pos, "CONTINUE cannot be used outside a loop")
		}
	}
	if p.accept("when") {
		s.cond = p.exprUntil(";")
	}
	p.expectOp(";")
	return s
}

func (p *bodyParser) returnStatement(line pos) stmt {
	p.next()
	fn := p.fn
	switch t := p.peek(); {
	case t.is("next"):
		p.next()
		if !fn.set {
			p.failCode(pgerr.DatatypeMismatch, t.pos, "cannot use RETURN NEXT in a non-SETOF function")
		}
		s := &retNext{pos: line}
		if fn.outs != nil {
			if !p.peek().op(";") {
				p.failCode(pgerr.DatatypeMismatch, p.peek().pos, "RETURN NEXT cannot have a parameter in function with OUT parameters")
			}
		} else {
			s.e = p.exprUntil(";")
		}
		p.expectOp(";")
		return s
	case t.is("query"):
		p.next()
		if !fn.set {
			p.failCode(pgerr.DatatypeMismatch, t.pos, "cannot use RETURN QUERY in a non-SETOF function")
		}
		s := &retQuery{pos: line}
		if p.accept("execute") {
			s.dynamic = true
			s.e = p.exprUntil("using", ";")
			if p.accept("using") {
				s.using = p.exprList(";")
			}
		} else {
			s.e = p.sqlUntil(exprStatement, ";")
		}
		p.expectOp(";")
		return s
	}
	s := &ret{pos: line}
	t := p.peek()
	switch {
	case fn.set:
		if !t.op(";") {
			p.failRet(t, "RETURN cannot have a parameter in function returning set", "Use RETURN NEXT or RETURN QUERY.")
		}
	case fn.kind == 'p' && !t.op(";"):
		p.failRet(t, "RETURN cannot have a parameter in a procedure", "")
	case (fn.ret.OID == types.Void || fn.ret.OID == types.EventTrigger) && !t.op(";"):
		p.failRet(t, "RETURN cannot have a parameter in function returning void", "")
	case fn.outs != nil && !t.op(";"):
		p.failRet(t, "RETURN cannot have a parameter in function with OUT parameters", "")
	case fn.outs == nil && fn.ret.OID != types.Void && fn.ret.OID != types.EventTrigger:
		if t.op(";") {
			p.fail(t.pos, "missing expression at or near \";\"")
		}
		s.e = p.exprUntil(";")
	}
	p.expectOp(";")
	return s
}

func (p *bodyParser) failRet(t token, msg, hint string) {
	e := errAt(p.src, t.pos, "%s", msg)
	e.Code = pgerr.DatatypeMismatch
	e.Hint = hint
	panic(e)
}

func (p *bodyParser) raiseStatement(line pos) stmt {
	p.next()
	s := &raise{pos: line, level: "exception"}
	if p.acceptOp(";") {
		s.level = ""
		return s
	}
	t := p.peek()
	switch t.text {
	case "exception", "warning", "notice", "info", "log", "debug":
		if t.kind == tokIdent && !t.quoted {
			p.next()
			s.level = t.text
			t = p.peek()
		}
	}
	switch {
	case t.kind == tokString:
		p.next()
		s.format, s.hasFmt = t.text, true
		for p.acceptOp(",") {
			s.params = append(s.params, p.exprUntil(",", ";", "using"))
		}
		want := 0
		for i := 0; i < len(s.format); i++ {
			if s.format[i] == '%' {
				if i+1 < len(s.format) && s.format[i+1] == '%' {
					i++
				} else {
					want++
				}
			}
		}
		if want < len(s.params) {
			panic(pgerr.New(pgerr.SyntaxError, "too many parameters specified for RAISE"))
		}
		if want > len(s.params) {
			panic(pgerr.New(pgerr.SyntaxError, "too few parameters specified for RAISE"))
		}
	case t.is("using"), t.op(";"):
		if t.op(";") {
			p.unexpected(t)
		}
	case t.is("sqlstate"):
		p.next()
		v := p.next()
		if v.kind != tokString {
			p.unexpected(v)
		}
		if len(v.text) != 5 || strings.Trim(v.text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			p.fail(v.pos, "invalid SQLSTATE code")
		}
		s.cond = v.text
	case t.kind == tokIdent:
		p.next()
		codes := pgerr.ConditionCodes(t.text)
		if codes == nil {
			p.failCode(pgerr.UndefinedObject, t.pos, "unrecognized exception condition \"%s\"", t.text)
		}
		s.cond = codes[0]
		s.format = t.text
	default:
		p.unexpected(t)
	}
	if p.accept("using") {
		for {
			n := p.ident()
			switch n.text {
			case "errcode", "message", "detail", "hint", "column", "constraint", "datatype", "table", "schema":
			default:
				p.fail(n.pos, "unrecognized RAISE statement option")
			}
			if !p.acceptOp("=") && !p.acceptOp(":=") {
				p.fail(p.peek().pos, "syntax error, expected \"=\"")
			}
			s.options = append(s.options, raiseOption{n.text, p.exprUntil(",", ";")})
			if !p.acceptOp(",") {
				break
			}
		}
	}
	p.expectOp(";")
	return s
}

func (p *bodyParser) dynStatement(line pos) stmt {
	p.next()
	s := &dynExec{pos: line}
	s.e = p.exprUntil("into", "using", ";")
	for {
		switch {
		case p.isWord("into"):
			if s.hasIn {
				p.unexpected(p.peek())
			}
			p.next()
			s.hasIn = true
			s.strict = p.accept("strict")
			s.into = p.targetList("using", ";")
		case p.isWord("using"):
			if s.using != nil {
				p.unexpected(p.peek())
			}
			p.next()
			s.using = p.exprList("into", ";")
		default:
			p.expectOp(";")
			return s
		}
	}
}

var diagKinds = map[string]bool{"row_count": false, "pg_context": false, "pg_routine_oid": false, "returned_sqlstate": true, "message_text": true,
	"pg_exception_detail": true, "pg_exception_hint": true, "pg_exception_context": true, "column_name": true, "constraint_name": true,
	"pg_datatype_name": true, "table_name": true, "schema_name": true}

func (p *bodyParser) diagnostics(line pos) stmt {
	p.next()
	s := &getDiag{pos: line}
	if p.accept("stacked") {
		s.stacked = true
	} else {
		p.accept("current")
	}
	p.expect("diagnostics")
	for {
		to := p.target(":=", "=")
		if !p.acceptOp("=") {
			p.expectOp(":=")
		}
		k := p.next()
		stacked, ok := diagKinds[k.text]
		if !ok {
			p.fail(k.pos, "unrecognized GET DIAGNOSTICS item")
		}
		if stacked != s.stacked && k.text != "pg_context" || k.text == "pg_context" && s.stacked {
			name := strings.ToUpper(k.text)
			if s.stacked {
				p.fail(k.pos, "diagnostics item %s is not allowed in GET STACKED DIAGNOSTICS", name)
			}
			p.fail(k.pos, "diagnostics item %s is not allowed in GET CURRENT DIAGNOSTICS", name)
		}
		s.items = append(s.items, diagItem{to, k.text})
		if !p.acceptOp(",") {
			break
		}
	}
	p.expectOp(";")
	return s
}

func (p *bodyParser) cursorVariable() *variable {
	t := p.ident()
	name := []string{t.text}
	for p.acceptOp(".") {
		name = append(name, p.next().text)
	}
	v, _ := p.ns.find(name)
	if v == nil {
		p.fail(t.pos, "\"%s\" is not a known variable", strings.Join(name, "."))
	}
	if v.kind != scalar {
		p.failCode(pgerr.DatatypeMismatch, t.pos, "cursor variable must be a simple variable")
	}
	if v.typ.OID != types.RefCursor {
		p.failCode(pgerr.DatatypeMismatch, t.pos, "variable \"%s\" must be of type cursor or refcursor", v.name)
	}
	return v
}

func (p *bodyParser) openStatement(line pos) stmt {
	p.next()
	s := &openStmt{pos: line, v: p.cursorVariable()}
	if s.v.cursor != nil {
		s.args = p.cursorArgs(s.v)
		p.expectOp(";")
		return s
	}
	if p.accept("no") {
		p.expect("scroll")
		s.scroll = -1
	} else if p.accept("scroll") {
		s.scroll = 1
	}
	p.expect("for")
	if p.accept("execute") {
		s.dynamic = true
		s.query = p.exprUntil("using", ";")
		if p.accept("using") {
			s.using = p.exprList(";")
		}
	} else {
		s.query = p.sqlUntil(exprStatement, ";")
	}
	p.expectOp(";")
	return s
}

func (p *bodyParser) fetchStatement(line pos) stmt {
	t := p.next()
	s := &fetchStmt{pos: line, move: t.text == "move", dir: ast.FETCH_FORWARD, count: 1}
	many := false
	skipFrom := func() {
		if !p.accept("from") {
			p.accept("in")
		}
	}
	d := p.peek()
	word := ""
	if d.kind == tokIdent && !d.quoted {
		word = d.text
	}
	named := func() bool { // the word is the cursor itself
		v, _ := p.ns.find([]string{d.text})
		return v != nil && (p.peekAt(1).is("into") || p.peekAt(1).op(";"))
	}
	if word != "" && !named() {
		switch word {
		case "next":
			p.next()
		case "prior":
			p.next()
			s.dir = ast.FETCH_BACKWARD
		case "first":
			p.next()
			s.dir = ast.FETCH_ABSOLUTE
		case "last":
			p.next()
			s.dir, s.count = ast.FETCH_ABSOLUTE, -1
		case "absolute":
			p.next()
			s.dir, s.howE = ast.FETCH_ABSOLUTE, p.exprUntil("from", "in")
		case "relative":
			p.next()
			s.dir, s.howE = ast.FETCH_RELATIVE, p.exprUntil("from", "in")
		case "all":
			p.next()
			s.count, many = fetchAll, true
		case "forward", "backward":
			p.next()
			if word == "backward" {
				s.dir = ast.FETCH_BACKWARD
			}
			switch {
			case p.accept("all"):
				s.count, many = fetchAll, true
			case p.isWord("from"), p.isWord("in"):
			default:
				if v, _ := p.ns.find([]string{p.peek().text}); v != nil && (p.peekAt(1).is("into") || p.peekAt(1).op(";")) {
					break
				}
				s.howE, many = p.exprUntil("from", "in"), true
			}
		case "from", "in":
		default:
			if v, _ := p.ns.find([]string{word}); v == nil {
				s.howE, many = p.exprUntil("from", "in"), true
			}
		}
	} else if d.kind == tokNumber || d.op("-") {
		s.howE, many = p.exprUntil("from", "in"), true
	}
	skipFrom()
	s.v = p.cursorVariable()
	if s.move {
		p.expectOp(";")
		return s
	}
	if many {
		p.failCode(pgerr.FeatureNotSupported, t.pos, "FETCH statement cannot return multiple rows")
	}
	p.expect("into")
	s.into = p.targetList(";")
	p.expectOp(";")
	return s
}

const fetchAll = int64(^uint64(0) >> 1)

// execStatement reads a SQL statement; INTO, which is not part of it, is taken out.
func (p *bodyParser) execStatement(line pos) stmt {
	first := p.peek()
	s := &execSQL{pos: line, name: "SQL statement"}
	depth := 0
	intoFrom, intoTo := -1, -1
	prev := token{}
	isSelect := first.is("select") || first.is("with") || first.is("values") || first.is("table")
	for {
		t := p.peek()
		if t.kind == tokEOF {
			p.fail(t.pos, "syntax error at end of input")
		}
		if t.op(";") && depth == 0 {
			break
		}
		switch {
		case t.op("(") || t.op("["):
			depth++
		case t.op(")") || t.op("]"):
			if depth--; depth < 0 {
				p.fail(t.pos, "mismatched parentheses")
			}
		case t.is("into") && !(prev.is("insert") || prev.is("merge")) && !first.is("import") && depth == 0 || t.is("into") && isSelect && depth == 0 && !prev.is("insert") && !prev.is("merge"):
			if s.hasIn {
				p.fail(t.pos, "INTO specified more than once")
			}
			intoFrom = t.pos
			p.next()
			s.hasIn = true
			s.strict = p.accept("strict")
			s.into = p.intoTargets()
			intoTo = p.toks[p.at-1].end
			prev = p.toks[p.at-1]
			continue
		}
		prev = t
		p.next()
	}
	end := p.toks[p.at-1].end
	p.expectOp(";")
	text := p.src[first.pos:end]
	if s.hasIn {
		// Blanks keep the places of what follows.
		text = p.src[first.pos:intoFrom] + strings.Repeat(" ", intoTo-intoFrom) + p.src[intoTo:end]
	}
	text = strings.TrimSpace(text)
	if first.kind == tokIdent && !first.quoted && !sqlWords[first.text] {
		p.unexpected(first)
	}
	s.e = p.makeExpr(exprStatement, text, first.pos)
	return s
}

// sqlWords begin SQL statements; a body's line that begins with another word is a syntax error at that word.
var sqlWords = map[string]bool{"select": true, "insert": true, "update": true, "delete": true, "merge": true, "with": true, "values": true, "table": true,
	"create": true, "drop": true, "alter": true, "truncate": true, "set": true, "reset": true, "show": true, "copy": true, "lock": true, "grant": true,
	"revoke": true, "comment": true, "analyze": true, "vacuum": true, "explain": true, "prepare": true, "deallocate": true, "declare": true,
	"notify": true, "listen": true, "unlisten": true, "refresh": true, "reindex": true, "cluster": true, "import": true, "security": true,
	"discard": true, "checkpoint": true, "start": true, "savepoint": true, "release": true, "abort": true, "use": true, "load": true, "reassign": true}

// intoTargets reads the list behind INTO: it ends with the last name that is followed by no comma.
func (p *bodyParser) intoTargets() []*target {
	var out []*target
	for {
		t := p.peek()
		if t.kind != tokIdent && t.kind != tokParam {
			p.unexpected(t)
		}
		start := p.peek()
		var to *target
		if start.kind == tokParam {
			to = p.target(",")
		} else {
			name := []string{p.next().text}
			for p.peek().op(".") {
				p.next()
				name = append(name, p.next().text)
			}
			v, parts := p.ns.find(name)
			if v == nil {
				p.fail(start.pos, "\"%s\" is not a known variable", strings.Join(name, "."))
			}
			if v.constant {
				p.failCode(pgerr.ErrorInAssignment, start.pos, "variable \"%s\" is declared CONSTANT", v.name)
			}
			to = &target{v: v, text: strings.Join(name, ".")}
			if rest := name[parts:]; len(rest) == 1 && v.kind == record {
				to.field = rest[0]
			} else if len(rest) > 0 {
				p.fail(start.pos, "\"%s\" is not a known variable", strings.Join(name, "."))
			}
		}
		if to.v.kind == record && to.field == "" && (len(out) > 0 || p.peek().op(",")) {
			if len(out) > 0 {
				p.fail(start.pos, "\"%s\" is not a scalar variable", to.text)
			}
			p.fail(p.peek().pos, "record variable cannot be part of multiple-item INTO list")
		}
		out = append(out, to)
		if !p.acceptOp(",") {
			return out
		}
	}
}
