package session

import (
	"context"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/plpgsql"
	"github.com/tarndb/tarn/sql/session/cursor"
	"github.com/tarndb/tarn/sql/session/routine"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// plHost is the session as a PL/pgSQL function under way sees it. view is what a function sees that is not volatile, nil otherwise.
type plHost struct {
	s    *Session
	ctx  context.Context
	view *txn.View
}

var _ plpgsql.Host = (*plHost)(nil)

func (h *plHost) TypeName(n *ast.TypeName) (plan.Type, error) {
	return bind.TypeName(h.s.bindEnv(h.s.catalog(), ""), n)
}

func (h *plHost) RowType(names []string) (plan.Type, error) {
	rv := &ast.RangeVar{Relname: names[len(names)-1], Location: -1}
	if len(names) > 1 {
		rv.Schemaname = names[len(names)-2]
	}
	t, _, err := bind.ResolveTable(h.s.bindEnv(h.s.catalog(), ""), rv)
	if err != nil {
		return plan.Type{}, err
	}
	return plan.Type{OID: t.RowType, Mod: -1}, nil
}

func (h *plHost) Type(oid types.OID) *types.Type { return h.s.lookupType(oid) }

func (h *plHost) TypeText(oid types.OID) string { return types.FormatType(oid, -1, h.s.env) }

func (h *plHost) Cast(v types.Datum, from, to plan.Type) (types.Datum, error) {
	return h.s.castValue(h.ctx, v, from, to)
}

func (h *plHost) Text(v types.Datum, t plan.Type) string {
	y := h.s.lookupType(t.OID)
	if y == nil {
		return ""
	}
	return y.Text(v, h.s.env)
}

func (h *plHost) Notice(e *pgerr.Error) { h.s.Notice(e) }

func (h *plHost) Check() error {
	if err := h.ctx.Err(); err != nil {
		return sqlError(context.Cause(h.ctx))
	}
	return nil
}

func (h *plHost) Asserts() bool {
	v, ok := h.s.settings.Get("plpgsql.check_asserts")
	return !ok || v != "off" && v != "false"
}

func (h *plHost) Begin() (plpgsql.Subtransaction, error) {
	t, err := h.s.beginSub()
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (h *plHost) endTransaction(chain bool, end func() error) error {
	s := h.s
	if !s.nonAtomic {
		return pgerr.New(pgerr.InvalidTransactionTermination, "invalid transaction termination")
	}
	level, ro := s.block.level, s.block.readOnly
	if err := end(); err != nil {
		return err
	}
	s.begun()
	s.open()
	if chain {
		s.block.level, s.block.readOnly = level, ro
	}
	return nil
}

func (h *plHost) Commit(chain bool) error {
	if h.s.subs > 0 && h.s.nonAtomic {
		return pgerr.New(pgerr.InvalidTransactionTermination, "cannot commit while a subtransaction is active")
	}
	return h.endTransaction(chain, func() error {
		_, err := h.s.commitBlock(h.ctx)
		return err
	})
}

func (h *plHost) Rollback(chain bool) error {
	if h.s.subs > 0 && h.s.nonAtomic {
		return pgerr.New(pgerr.InvalidTransactionTermination, "cannot roll back while a subtransaction is active")
	}
	return h.endTransaction(chain, func() error {
		h.s.rollbackBlock()
		return nil
	})
}

// plExpr is a text of a function as one value.
type plExpr struct {
	h    *plHost
	in   inner
	text string
	vars plpgsql.Vars
	// base and path are those of an assignment to a part of a variable.
	base expression.Variable
	path []ast.Node
	name string
	// eval computes an expression that needs no plan of its own; busy: it is being computed further up the stack.
	eval *eval.Evaluator
	busy bool
	ec   run.Context
	col  plan.Col
}

func (h *plHost) Expression(text string, vars plpgsql.Vars) (plpgsql.Expression, error) {
	return h.expression(text, vars)
}

func (h *plHost) expression(text string, vars plpgsql.Vars) (*plExpr, error) {
	stmts, err := parser.Parse(selectWord + text)
	if err != nil {
		return nil, internalPlace(err, text, "", len(selectWord))
	}
	if len(stmts) != 1 {
		return nil, pgerr.New(pgerr.SyntaxError, "query \"%s\" is not one expression", text)
	}
	e := &plExpr{h: h, text: text, vars: vars}
	e.in = inner{stmt: stmts[0], vars: vars}
	return e, nil
}

const selectWord = "SELECT "

func (h *plHost) Assignment(text string, base expression.Variable, path []ast.Node, vars plpgsql.Vars) (plpgsql.Expression, error) {
	e, err := h.expression(text, vars)
	if err != nil {
		return nil, err
	}
	e.base, e.path = base, path
	return e, nil
}

func (e *plExpr) Ready(fresh bool) error {
	s := e.h.s
	if e.in.q != nil && !fresh && s.valid(e.in.q) {
		if e.eval != nil {
			return nil
		}
		return s.readyInner(e.h.ctx, &e.in, false)
	}
	e.vars.Begin()
	e.eval = nil
	cat := s.catalog()
	env := s.bindEnv(cat, e.in.stmt.Text)
	env.Vars = e.vars
	var bound *plan.Statement
	var err error
	if e.path != nil {
		// The variable is the first parameter, as Assignment's caller has numbered it.
		e.base = e.rebase()
		bound, err = bind.Assignment(env, e.in.stmt.Node.(*ast.SelectStmt), e.base, e.path, e.name)
	} else {
		bound, err = bind.Statement(env, e.in.stmt.Node, nil)
	}
	if err != nil {
		return internalPlace(err, e.text, "", len(selectWord))
	}
	if len(bound.Out) != 1 {
		return pgerr.New(pgerr.SyntaxError, "query \"%s\" returned %d columns", e.text, len(bound.Out))
	}
	e.col = bound.Out[0]
	if x := soleValue(bound); x != nil {
		ev, err := eval.Compile(x, nil, s.env)
		if err != nil {
			return err
		}
		e.eval = ev
		e.in.q = &query{stmt: e.in.stmt, bound: bound, version: cat.Version, env: s.planNow(), ident: s.identity(), stats: s.db.StatsVersion(), ownStats: s.ownStats, tag: bound.Tag}
		return nil
	}
	if e.in.q, err = s.planBound(cat, e.in.stmt, bound); err != nil {
		return internalPlace(err, e.text, "SQL expression", len(selectWord))
	}
	return s.readyInner(e.h.ctx, &e.in, false)
}

// rebase numbers the variable of an assignment again.
func (e *plExpr) rebase() expression.Variable {
	if v, ok := e.vars.(interface{ Base() expression.Variable }); ok {
		return v.Base()
	}
	return e.base
}

// soleValue is the expression of a statement that needs no rows: it can be computed without a plan. nil for others.
func soleValue(st *plan.Statement) plan.Expr {
	p, ok := st.Rel.(*plan.Project)
	if !ok || len(p.Exprs) != 1 || len(st.Tables) > 0 {
		return nil
	}
	v, ok := p.In.(*plan.Values)
	if !ok || len(v.Rows) != 1 || len(v.Rows[0]) != 0 {
		return nil
	}
	simple := true
	plan.WalkExpr(p.Exprs[0], func(e plan.Expr) bool {
		switch x := e.(type) {
		case *plan.Subquery:
			simple = false
		case *plan.FuncCall:
			simple = simple && !x.RetSet
		}
		return simple
	})
	if !simple {
		return nil
	}
	return p.Exprs[0]
}

func (e *plExpr) Type() plan.Type { return e.col.T }

func (e *plExpr) Attrs() []types.Attr { return e.in.q.bound.Fields[0] }

func (e *plExpr) Eval(params []types.Datum) (types.Datum, error) {
	s := e.h.s
	if e.eval != nil {
		ev := e.eval
		if e.busy {
			n, err := eval.Compile(soleValue(e.in.q.bound), nil, s.env)
			if err != nil {
				return types.Null, err
			}
			ev = n
			var ec run.Context
			s.runContext(e.h.ctx, &ec, s.catalog(), params)
			ec.View = e.h.view
			ev.Begin(&ec)
			return ev.Eval(nil)
		}
		e.busy = true
		s.runContext(e.h.ctx, &e.ec, s.catalog(), params)
		e.ec.View = e.h.view
		ev.Begin(&e.ec)
		d, err := ev.Eval(nil)
		e.busy = false
		return d, err
	}
	var out types.Datum
	n := 0
	_, err := s.runPlanned(e.h, &e.in, params, func(row []types.Datum) error {
		if n++; n == 1 {
			out = row[0].Clone()
		}
		return nil
	})
	if err != nil {
		return types.Null, addContext(err, "SQL expression \""+e.text+"\"")
	}
	switch {
	case n == 0:
		return types.Null, nil
	case n > 1:
		return types.Null, addContext(pgerr.New(pgerr.CardinalityViolation, "query returned more than one row"), "query: "+e.text)
	}
	return out, nil
}

// runPlanned runs a query that is ready.
func (s *Session) runPlanned(h *plHost, in *inner, params []types.Datum, emit func([]types.Datum) error) (int64, error) {
	var ec exec.Context
	q := in.q
	s.execContext(h.ctx, &ec, in.cat, params)
	ec.View = h.view
	s.begunQuery(q)
	defer s.endedQuery()
	began := s.startCount(q, inFunction)
	if began.IsZero() || emit == nil {
		n, err := q.prog.Exec(&ec, emit)
		s.count(q, inFunction, began, n, err)
		return n, err
	}
	rows, enough := int64(0), false // a function that wants no more rows ends the execution by an error
	n, err := q.prog.Exec(&ec, func(row []types.Datum) error {
		rows++
		err := emit(row)
		enough = err != nil
		return err
	})
	if enough {
		s.count(q, inFunction, began, rows, nil)
	} else {
		s.count(q, inFunction, began, n, err)
	}
	return n, err
}

// plStatement is a text of a function as a statement, or as several.
type plStatement struct {
	h    *plHost
	text string
	vars plpgsql.Vars
	in   inner
	rest []ast.Stmt // what follows the first of several statements
	cols []plan.Col
	util bool
}

func (h *plHost) Statement(text string, vars plpgsql.Vars) (plpgsql.Statement, error) {
	stmts, err := parser.Parse(text)
	if err != nil {
		return nil, internalPlace(err, text, "", 0)
	}
	st := &plStatement{h: h, text: trimStatement(text), vars: vars}
	if len(stmts) == 0 {
		return st, nil
	}
	st.in = inner{stmt: stmts[0], vars: vars}
	st.rest = stmts[1:]
	st.util = !isQuery(stmts[0].Node)
	return st, nil
}

func (p *plStatement) Ready(fresh bool) error {
	s := p.h.s
	switch {
	case p.in.stmt.Node == nil:
		return nil
	case p.util:
		p.vars.Begin()
		fields, err := s.utilityColumns(p.in.stmt.Node, nil)
		if err != nil {
			return internalPlace(err, p.text, "SQL statement", 0)
		}
		p.cols = nil
		if fields != nil {
			p.cols = []plan.Col{}
		}
		for _, f := range fields {
			p.cols = append(p.cols, plan.Col{Name: f.Name, T: plan.Type{OID: f.TypeOID, Mod: f.TypeMod}})
		}
		return nil
	}
	if p.in.q == nil || fresh || !s.valid(p.in.q) {
		p.vars.Begin()
		if err := s.planInner(&p.in); err != nil {
			p.in.q = nil
			return internalPlace(err, p.text, "SQL statement", 0)
		}
		p.cols = nil
		if p.in.q.cols != nil {
			p.cols = append([]plan.Col{}, p.in.q.bound.Out...)
		}
	}
	if err := s.readyInner(p.h.ctx, &p.in, p.h.view != nil); err != nil {
		return internalPlace(err, p.text, "SQL statement", 0)
	}
	return nil
}

func (p *plStatement) Cols() []plan.Col { return p.cols }

func (p *plStatement) Tag() string {
	if n, ok := p.in.stmt.Node.(*ast.SelectStmt); ok && n.IntoClause != nil {
		return "SELECT INTO"
	}
	if p.util || p.in.q == nil {
		return "UTILITY"
	}
	return p.in.q.tag
}

func (p *plStatement) Run(params []types.Datum, emit func([]types.Datum) error) (int64, error) {
	if p.in.stmt.Node == nil {
		return 0, nil
	}
	n, err := p.runFirst(params, emit)
	if err != nil {
		if err == error(plpgsql.ErrStop) {
			return n, nil
		}
		return 0, internalPlace(err, p.text, "SQL statement", 0)
	}
	for _, st := range p.rest {
		q := &plStatement{h: p.h, text: p.text, vars: p.vars, in: inner{stmt: st, vars: p.vars}, util: !isQuery(st.Node)}
		if err := q.Ready(true); err != nil {
			return 0, err
		}
		if n, err = q.Run(params, emit); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func (p *plStatement) runFirst(params []types.Datum, emit func([]types.Datum) error) (int64, error) {
	s := p.h.s
	if !p.util {
		return s.runPlanned(p.h, &p.in, params, emit)
	}
	if _, ok := p.in.stmt.Node.(*ast.TransactionStmt); ok {
		return 0, pgerr.New(pgerr.FeatureNotSupported, "unsupported transaction command in PL/pgSQL").WithHint("Use a BEGIN block with an EXCEPTION clause instead.")
	}
	if p.h.view != nil && !routine.ReadOnly(p.in.stmt.Node) {
		return 0, pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed in a non-volatile function", routine.StatementWord(p.in.stmt.Node))
	}
	old := s.innerVars
	s.innerVars = &innerVars{vars: p.vars, values: func() []types.Datum { return valuesOf(p.vars, params) }}
	defer func() { s.innerVars = old }()
	k, err := s.utilityInner(p.h.ctx, p.in.stmt, params)
	if err != nil {
		return 0, err
	}
	for _, r := range k.rows {
		if emit != nil {
			if err := emit(r); err != nil {
				return 0, err
			}
		}
	}
	n := int64(len(k.rows))
	if f := strings.Fields(k.tag); len(f) > 1 {
		if v, ok := parseCount(f[len(f)-1]); ok {
			n = v
		}
	}
	return n, nil
}

// innerVars are the variables of a utility statement with a query in it: CREATE TABLE AS, EXPLAIN.
type innerVars struct {
	vars   expression.Variables
	values func() []types.Datum
}

func valuesOf(v plpgsql.Vars, params []types.Datum) []types.Datum {
	if x, ok := v.(interface {
		Values() ([]types.Datum, error)
	}); ok {
		if vals, err := x.Values(); err == nil {
			return append([]types.Datum(nil), vals...)
		}
	}
	return params
}

func parseCount(s string) (int64, bool) {
	n := int64(0)
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, s != ""
}

// Open starts a query. Where the transaction may end between its rows they are read at once.
func (p *plStatement) Open(params []types.Datum) (plpgsql.Rows, error) {
	s := p.h.s
	if p.util || !p.in.q.bound.ReadOnly || s.nonAtomic {
		kept := &cursor.Kept{Store: s.rowStore()}
		if _, err := p.Run(params, kept.Add); err != nil {
			return nil, err
		}
		return kept, nil
	}
	ec := &exec.Context{}
	s.execContext(p.h.ctx, ec, p.in.cat, params)
	ec.View = p.h.view
	rows, err := p.in.q.prog.Run(ec)
	if err != nil {
		return nil, internalPlace(err, p.text, "SQL statement", 0)
	}
	return s.countRows(p.in.q, rows), nil
}

func (h *plHost) OpenCursor(name string, st plpgsql.Statement, params []types.Datum, scroll int) (string, error) {
	s := h.s
	p, ok := st.(*plStatement)
	if !ok || p.in.q == nil {
		return "", pgerr.New(pgerr.InvalidCursorDefinition, "cannot open %s query as cursor", st.Tag())
	}
	if name == "" {
		s.unnamed++
		name = "<unnamed portal " + itoa(int64(s.unnamed)) + ">"
	}
	if s.portals[name] != nil {
		return "", pgerr.New(pgerr.DuplicateCursor, "cursor \"%s\" already in use", name)
	}
	q := p.in.q
	stmt := p.in.stmt
	pt := &portal{name: name, stmt: &prepared{sql: p.text, stmt: &stmt, plan: q, cols: q.cols}, query: q, source: p.text,
		params: append([]types.Datum(nil), params...), sqlCursor: true, created: s.env.TxnTime}
	switch {
	case scroll > 0:
		pt.scroll = true
	case scroll == 0:
		pt.scroll = cursor.ReadsBackward(q.phys.Root)
		pt.forgetful = pt.scroll
	}
	if err := s.start(h.ctx, pt); err != nil {
		return "", internalPlace(err, p.text, "SQL statement", 0)
	}
	pt.at = cursor.New(pt.rows, s.rowStore(), pt.scroll, s.keepLimit(pt))
	pt.rows = nil
	s.portals[name] = pt
	return name, nil
}

func (h *plHost) Fetch(name string, dir ast.FetchDirection, count int64) ([]plan.Col, []types.Datum, int64, error) {
	s := h.s
	k := &sink{out: s.out}
	old := s.out
	s.out = k
	defer func() { s.out = old }()
	p, err := s.cursor(name)
	if err != nil {
		return nil, nil, 0, err
	}
	if _, err := s.fetch(h.ctx, &ast.FetchStmt{Portalname: name, Direction: dir, HowMany: count}, &call{}); err != nil {
		return nil, nil, 0, err
	}
	cols := make([]plan.Col, len(p.stmt.cols))
	for i, f := range p.stmt.cols {
		cols[i] = plan.Col{Name: f.Name, T: plan.Type{OID: f.TypeOID, Mod: f.TypeMod}}
	}
	if p.query != nil {
		for i := range cols {
			cols[i].T = p.query.bound.Out[i].T
		}
	}
	if len(k.rows) == 0 {
		return cols, nil, 0, nil
	}
	return cols, k.rows[len(k.rows)-1], int64(len(k.rows)), nil
}

func (h *plHost) CloseCursor(name string) error {
	_, err := h.s.closeCursor(&ast.ClosePortalStmt{Portalname: name})
	return err
}

// Call runs CALL or DO inside a function.
func (h *plHost) Call(text string, vars plpgsql.Vars, params func() []types.Datum) ([]types.Attr, []types.Datum, []ast.Node, error) {
	s := h.s
	stmts, err := parser.Parse(text)
	if err != nil || len(stmts) != 1 {
		return nil, nil, nil, internalPlace(err, text, "SQL statement", 0)
	}
	switch n := stmts[0].Node.(type) {
	case *ast.DoStmt:
		_, err := s.doStatement(h.ctx, n, &call{stmt: stmts[0], source: text, several: !s.nonAtomic})
		return nil, nil, nil, addContext(err, "SQL statement \""+text+"\"")
	case *ast.CallStmt:
		env := s.bindEnv(s.catalog(), text)
		env.Vars = vars
		c, err := bind.Call(env, n.Funccall, false, nil)
		if err != nil {
			return nil, nil, nil, internalPlace(err, text, "SQL statement", 0)
		}
		fields, row, err := s.callProcedure(h.ctx, c, params(), s.nonAtomic && s.subs == 0)
		if err != nil {
			return nil, nil, nil, addContext(err, "SQL statement \""+text+"\"")
		}
		return fields, row, routine.OutArgs(c.Func.Proc.ArgModes, c.Func.Proc.ArgNames, n.Funccall.Args), nil
	}
	return nil, nil, nil, pgerr.Internal("CALL of form %T", stmts[0].Node)
}
