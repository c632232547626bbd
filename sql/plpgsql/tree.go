package plpgsql

import (
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/plan"
)

// stmt is a statement of the tree.
type stmt interface {
	// at is the statement's line, and its name in CONTEXT.
	at() (line int, name string)
}

// pos is the line of a statement.
type pos int

// expr is SQL in the body: an expression, a whole statement, or the value of an assignment to a part of a variable.
type expr struct {
	text string   // as it was written
	node ast.Node // of a statement or expression; nil where the text is planned as a whole
	ns   *scope   // the variables in sight
	off  int      // of text in the body, in bytes
	kind exprKind
	// target and path are what an assignment's value goes into.
	target *variable
	path   []ast.Node
}

type exprKind uint8

const (
	exprValue     exprKind = iota // SELECT text
	exprStatement                 // text
	exprAssign                    // target path := text
)

// varKind is what a variable holds.
type varKind uint8

const (
	scalar  varKind = iota
	record          // of any row, or of one composite type
	rowList         // INTO a, b, c: a list of targets
)

// variable is a declared name, an argument, or a special variable of triggers.
type variable struct {
	no       int
	name     string
	kind     varKind
	typ      plan.Type // Record for a record of any row
	constant bool
	notNull  bool
	def      *expr
	line     int
	cursor   *cursorDef // bound cursor
	special  bool       // set by the interpreter: FOUND, TG_OP …
	arg      bool
}

// cursorDef is a bound cursor: CURSOR (args) FOR query.
type cursorDef struct {
	args   []*variable
	query  *expr
	scroll int // 1 SCROLL, -1 NO SCROLL
}

// target is where a value goes: a whole variable, a field of a record, or a part through path.
type target struct {
	v     *variable
	field string // of a record; "" for the whole
	path  []ast.Node
	text  string
}

type block struct {
	pos
	label      string
	ns         *scope
	decls      []*variable // to initialize on entry
	body       []stmt
	handlers   []*handler
	hasHandler bool
	endLine    int
}

type handler struct {
	conds  []string // SQLSTATEs; "" stands for OTHERS
	body   []stmt
	ns     *scope
	state  *variable // SQLSTATE and SQLERRM
	errmsg *variable
}

type assign struct {
	pos
	to *target
	e  *expr
}

type ifStmt struct {
	pos
	conds []*expr
	thens [][]stmt
	els   []stmt
}

type caseStmt struct {
	pos
	arg     *expr
	v       *variable // holds arg
	conds   []*expr
	thens   [][]stmt
	els     []stmt
	hasElse bool
}

// loop is LOOP and WHILE.
type loop struct {
	pos
	label string
	cond  *expr
	body  []stmt
}

type forInt struct {
	pos
	label        string
	v            *variable
	lo, hi, step *expr
	reverse      bool
	body         []stmt
}

// forQuery is FOR over a query, EXECUTE or a cursor.
type forQuery struct {
	pos
	label   string
	to      []*target
	whole   *variable // a record
	query   *expr
	dynamic bool
	using   []*expr
	cursor  *variable
	args    *expr // of the cursor: SELECT args
	body    []stmt
}

type foreach struct {
	pos
	label string
	to    []*target
	slice int
	e     *expr
	body  []stmt
}

type exit struct {
	pos
	isExit bool
	label  string
	cond   *expr
}

type ret struct {
	pos
	e *expr
}

type retNext struct {
	pos
	e *expr
}

type retQuery struct {
	pos
	e       *expr
	dynamic bool
	using   []*expr
}

type raise struct {
	pos
	level   string // debug, log, info, notice, warning, exception
	cond    string // name or SQLSTATE
	format  string
	hasFmt  bool
	params  []*expr
	options []raiseOption
}

type raiseOption struct {
	name string
	e    *expr
}

type assert struct {
	pos
	cond, msg *expr
}

type execSQL struct {
	pos
	e      *expr
	into   []*target
	hasIn  bool
	strict bool
	name   string // SQL statement
}

type dynExec struct {
	pos
	e      *expr
	into   []*target
	hasIn  bool
	strict bool
	using  []*expr
}

type perform struct {
	pos
	e *expr
}

type callStmt struct {
	pos
	e    *expr
	name string
}

type getDiag struct {
	pos
	stacked bool
	items   []diagItem
}

type diagItem struct {
	to   *target
	kind string
}

type openStmt struct {
	pos
	v       *variable
	query   *expr
	dynamic bool
	using   []*expr
	args    *expr
	scroll  int
}

type fetchStmt struct {
	pos
	v     *variable
	into  []*target
	move  bool
	dir   ast.FetchDirection
	count int64
	howE  *expr
}

type closeStmt struct {
	pos
	v *variable
}

type transStmt struct {
	pos
	commit, chain bool
}

type nullStmt struct{ pos }

func (b *block) at() (int, string)  { return int(b.pos), "statement block" }
func (b *assign) at() (int, string) { return int(b.pos), "assignment" }
func (b *ifStmt) at() (int, string) { return int(b.pos), "IF" }
func (b *caseStmt) at() (int, string) {
	return int(b.pos), "CASE"
}
func (b *loop) at() (int, string) {
	if b.cond != nil {
		return int(b.pos), "WHILE"
	}
	return int(b.pos), "LOOP"
}
func (b *forInt) at() (int, string) { return int(b.pos), "FOR with integer loop variable" }
func (b *forQuery) at() (int, string) {
	switch {
	case b.cursor != nil:
		return int(b.pos), "FOR over cursor"
	case b.dynamic:
		return int(b.pos), "FOR over EXECUTE statement"
	}
	return int(b.pos), "FOR over SELECT rows"
}
func (b *foreach) at() (int, string) { return int(b.pos), "FOREACH over array" }
func (b *exit) at() (int, string) {
	if b.isExit {
		return int(b.pos), "EXIT"
	}
	return int(b.pos), "CONTINUE"
}
func (b *ret) at() (int, string)      { return int(b.pos), "RETURN" }
func (b *retNext) at() (int, string)  { return int(b.pos), "RETURN NEXT" }
func (b *retQuery) at() (int, string) { return int(b.pos), "RETURN QUERY" }
func (b *raise) at() (int, string)    { return int(b.pos), "RAISE" }
func (b *assert) at() (int, string)   { return int(b.pos), "ASSERT" }
func (b *execSQL) at() (int, string)  { return int(b.pos), "SQL statement" }
func (b *dynExec) at() (int, string)  { return int(b.pos), "EXECUTE" }
func (b *perform) at() (int, string)  { return int(b.pos), "PERFORM" }
func (b *callStmt) at() (int, string) { return int(b.pos), b.name }
func (b *getDiag) at() (int, string) {
	if b.stacked {
		return int(b.pos), "GET STACKED DIAGNOSTICS"
	}
	return int(b.pos), "GET DIAGNOSTICS"
}
func (b *openStmt) at() (int, string) { return int(b.pos), "OPEN" }
func (b *fetchStmt) at() (int, string) {
	if b.move {
		return int(b.pos), "MOVE"
	}
	return int(b.pos), "FETCH"
}
func (b *closeStmt) at() (int, string) { return int(b.pos), "CLOSE" }
func (b *transStmt) at() (int, string) {
	if b.commit {
		return int(b.pos), "COMMIT"
	}
	return int(b.pos), "ROLLBACK"
}
func (b *nullStmt) at() (int, string) { return int(b.pos), "NULL" }
