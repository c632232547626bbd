package session

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// sqlRoutine is a SQL function compiled for the argument types of a call.
type sqlRoutine struct {
	f       *catalog.Function
	stmts   []*inner
	result  resultShape
	busy    bool
	checked *query // the plan of the last statement that was seen to fit the result
}

// resultShape is what a function gives.
type resultShape struct {
	typ    plan.Type
	void   bool
	set    bool
	row    bool // composite, or a record
	fields []types.Attr
	types  []*types.Type // of fields
	open   bool          // a record whose fields the statement decides
}

// sqlArgs are the arguments of a SQL function as names.
type sqlArgs struct {
	f     *catalog.Function
	types []plan.Type // of the input arguments
}

func (a *sqlArgs) Conflict() expression.VariableConflict { return expression.UseColumn }

func (a *sqlArgs) Number(n int) expression.Variable {
	if n < 1 || n > len(a.types) {
		return expression.Variable{}
	}
	return expression.Variable{Parts: 1, Index: n - 1, Type: a.types[n-1]}
}

func (a *sqlArgs) Variable(name []string) expression.Variable {
	parts := 1
	if len(name) > 1 && name[0] == a.f.Name && a.named(name[0]) < 0 {
		name, parts = name[1:], 2
	}
	if i := a.named(name[0]); i >= 0 && i < len(a.types) {
		return expression.Variable{Parts: parts, Index: i, Type: a.types[i]}
	}
	return expression.Variable{}
}

func (a *sqlArgs) named(name string) int {
	in := 0
	p := &a.f.Proc
	for i, n := range p.ArgNames {
		if p.ArgModes != nil && p.ArgModes[i] != "i" && p.ArgModes[i] != "b" && p.ArgModes[i] != "v" {
			continue
		}
		if n == name && n != "" {
			return in
		}
		in++
	}
	return -1
}

func sigOf(c *run.RoutineCall) string {
	var b []byte
	for _, a := range c.ArgTypes {
		b = append(strconv.AppendUint(b, uint64(a), 10), ',')
	}
	b = strconv.AppendUint(append(b, ':'), uint64(c.Ret.OID), 10)
	for _, f := range c.Fields {
		b = append(strconv.AppendUint(append(b, ';'), uint64(f.Type), 10), f.Name...)
	}
	return string(b)
}

// shapeOf says what a call gives: the declared result with polymorphic types resolved.
func (s *Session) shapeOf(c *run.RoutineCall) (resultShape, error) {
	p := &c.Func.Proc
	r := resultShape{typ: c.Ret, set: p.RetSet, void: c.Ret.OID == types.Void}
	y := s.lookupType(c.Ret.OID)
	for y != nil && y.TypType == types.TypeDomain {
		y = s.lookupType(y.Base)
	}
	switch {
	case c.Ret.OID == types.Record:
		r.row = true
		if r.fields = bind.OutColumns(s.bindEnv(s.catalog(), ""), c.Func, c.ArgTypes); r.fields == nil {
			r.fields = c.Fields
		}
		r.open = r.fields == nil
	case y != nil && y.TypType == types.TypeComposite:
		r.row, r.fields = true, y.Attrs
	}
	return r, s.fieldTypes(&r)
}

func (s *Session) fieldTypes(r *resultShape) error {
	r.types = nil
	for _, a := range r.fields {
		t := s.lookupType(a.Type)
		if t == nil {
			return pgerr.New(pgerr.UndefinedObject, "cache lookup failed for type %d", a.Type)
		}
		r.types = append(r.types, t)
	}
	return nil
}

// routineBody parses a SQL function's body.
func (s *Session) routineBody(f *catalog.Function) ([]ast.Stmt, error) {
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

func (s *Session) compileSQL(c *run.RoutineCall) (*sqlRoutine, error) {
	k := routineKey{c.Func, sigOf(c)}
	if r := s.sqlRoutines[k]; r != nil && !r.busy {
		return r, nil
	}
	stmts, err := s.routineBody(c.Func)
	if err != nil {
		return nil, err
	}
	args := &sqlArgs{f: c.Func}
	for _, t := range c.ArgTypes {
		y := s.lookupType(t)
		arg := plan.Type{OID: t, Mod: -1}
		if y != nil {
			arg.Coll = y.Collation
		}
		args.types = append(args.types, arg)
	}
	r := &sqlRoutine{f: c.Func}
	if r.result, err = s.shapeOf(c); err != nil {
		return nil, err
	}
	for _, st := range stmts {
		r.stmts = append(r.stmts, &inner{stmt: st, vars: args})
	}
	if len(s.sqlRoutines) >= maxRoutines || s.sqlRoutines == nil {
		s.sqlRoutines = map[routineKey]*sqlRoutine{}
	}
	if s.sqlRoutines[k] == nil {
		s.sqlRoutines[k] = r
	}
	return r, nil
}

// callSQL runs a SQL function.
func (s *Session) callSQL(ctx context.Context, c *run.RoutineCall, args []types.Datum, view *txn.View) (*routineRows, error) {
	r, err := s.compileSQL(c)
	if err != nil {
		return nil, addContext(err, "SQL function \""+c.Func.Name+"\" during startup")
	}
	r.busy = true
	defer func() { r.busy = false }()
	out := &routineRows{row: r.result.row, fields: r.result.types}
	params := make([]types.Datum, len(args))
	for i, a := range args {
		params[i] = a.Clone()
	}
	path := s.bodyPath
	if c.Func.Body != "" {
		s.bodyPath = c.Func.BodyPath
	}
	defer func() { s.bodyPath = path }()
	for i, in := range r.stmts {
		last := i == len(r.stmts)-1
		if err := s.runSQLStatement(ctx, r, in, params, view, last, out); err != nil {
			if c := (*callerError)(nil); errors.As(err, &c) {
				return nil, c.error
			}
			if c := (*startupError)(nil); errors.As(err, &c) {
				return nil, addContext(c.error, "SQL function \""+r.f.Name+"\" during startup")
			}
			return nil, addContext(err, "SQL function \""+c.Func.Name+"\" statement "+strconv.Itoa(i+1))
		}
	}
	if r.result.open {
		out.fields = r.result.types
	}
	if out.names == nil && c.Ret.OID == types.Record {
		out.names = types.AttrNames(r.result.fields)
	}
	return out, nil
}

// errEnough ends a statement whose first row is all that is wanted.
var errEnough = pgerr.New("", "enough")

func (s *Session) runSQLStatement(ctx context.Context, r *sqlRoutine, in *inner, params []types.Datum, view *txn.View, last bool, out *routineRows) error {
	if !isQuery(in.stmt.Node) {
		_, err := s.utilityInner(ctx, in.stmt, params)
		return err
	}
	if err := s.readyInner(ctx, in, view != nil); err != nil {
		return err
	}
	var emit func([]types.Datum) error
	lazy := false
	if last && !r.result.void && in.q.cols != nil {
		if r.checked != in.q { // the body may be unchecked (check_function_bodies), or what it names be another one now
			if err := s.checkResult(r, in.q); err != nil {
				return &startupError{err}
			}
			r.checked = in.q
		}
		conv, err := s.resultOf(ctx, r, in.q.bound.Out, out)
		if err != nil {
			return err
		}
		lazy = !r.result.set && in.q.tag == "SELECT" && in.q.bound.ReadOnly
		emit = func(row []types.Datum) error {
			if r.result.set || len(out.rows) == 0 {
				v, err := conv(row)
				if err != nil {
					return err
				}
				out.rows = append(out.rows, v)
			}
			if lazy {
				return errEnough
			}
			return nil
		}
	}
	var ec exec.Context
	s.execContext(ctx, &ec, in.cat, params)
	ec.View = view
	s.begunQuery(in.q)
	began := s.startCount(in.q, inFunction)
	n, err := in.q.prog.Exec(&ec, emit)
	s.endedQuery()
	if err == errEnough {
		err = nil
	}
	s.count(in.q, inFunction, began, n, err)
	return err
}

// resultOf makes rows of the last statement rows of the function's result.
func (s *Session) resultOf(ctx context.Context, r *sqlRoutine, cols []plan.Col, out *routineRows) (func([]types.Datum) ([]types.Datum, error), error) {
	res := &r.result
	convert := func(from []plan.Col, to []types.Attr) func(row []types.Datum) ([]types.Datum, error) {
		return func(row []types.Datum) ([]types.Datum, error) {
			v := make([]types.Datum, len(row))
			for i := range row {
				d, err := s.castValue(ctx, row[i], from[i].T, plan.Type{OID: to[i].Type, Mod: to[i].Mod})
				if err != nil {
					return nil, err
				}
				v[i] = d.Clone()
			}
			return v, nil
		}
	}
	if !res.row {
		return convert(cols, []types.Attr{{Type: res.typ.OID, Mod: res.typ.Mod}}), nil
	}
	// One column may be the whole row.
	if len(cols) == 1 && r.f.Proc.Kind != 'p' && s.isRow(cols[0].T.OID) && (res.open || s.rowFits(cols[0].T.OID, res)) {
		rec := cols[0].T.OID == types.Record
		return func(row []types.Datum) ([]types.Datum, error) {
			if row[0].IsNull() {
				return nil, nil
			}
			v, ts := recordValues(s, row[0])
			if res.open || rec && len(res.types) == 0 {
				res.types, out.fields, out.names = ts, ts, tuple.Record(row[0].Bytes()).Names()
			}
			if rec {
				if err := s.recordFits(ts, res); err != nil {
					return nil, &callerError{err}
				}
			}
			for len(v) < len(res.types) {
				v = append(v, types.Null)
			}
			return v, s.checkRowDomain(res, v)
		}, nil
	}
	if res.open {
		res.fields = nil
		for _, c := range cols {
			res.fields = append(res.fields, types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod})
		}
		if err := s.fieldTypes(res); err != nil {
			return nil, err
		}
		out.fields = res.types
	}
	if len(cols) != len(res.fields) {
		return nil, returnMismatch(s, res, "Final statement returns too few columns.")
	}
	conv := convert(cols, res.fields)
	return func(row []types.Datum) ([]types.Datum, error) {
		v, err := conv(row)
		if err != nil {
			return nil, err
		}
		return v, s.checkRowDomain(res, v)
	}, nil
}

// callerError is an error of the query around a function: it has none of the function's context.
type callerError struct{ error }

func (e *callerError) Unwrap() error { return e.error }

// startupError is one that a function has before its first statement runs.
type startupError struct{ error }

func (e *startupError) Unwrap() error { return e.error }

// recordFits reports a record whose fields are not the result's.
func (s *Session) recordFits(ts []*types.Type, res *resultShape) error {
	if len(ts) != len(res.types) {
		return types.RowWidthError(len(ts), len(res.types))
	}
	for i, t := range ts {
		if t != nil && t.OID != res.types[i].OID && t.OID != types.Unknown {
			return types.RowFieldError(i, t.OID, res.types[i].OID, s.env)
		}
	}
	return nil
}

// checkRowDomain checks the constraints of a domain over a composite type.
func (s *Session) checkRowDomain(res *resultShape, v []types.Datum) error {
	if y := s.lookupType(res.typ.OID); y != nil && y.TypType == types.TypeDomain {
		return s.env.CheckDomain(y.OID, types.MakeRecord(res.types, v))
	}
	return nil
}

func (s *Session) isRow(oid types.OID) bool {
	if oid == types.Record {
		return true
	}
	y := s.lookupType(oid)
	for y != nil && y.TypType == types.TypeDomain {
		y = s.lookupType(y.Base)
	}
	return y != nil && y.TypType == types.TypeComposite
}

// rowFits reports whether a value of a row type can stand for the result.
func (s *Session) rowFits(oid types.OID, res *resultShape) bool {
	if oid == types.Record {
		return true
	}
	if len(res.fields) == 1 && s.isRow(res.fields[0].Type) && res.fields[0].Type == oid {
		return false
	}
	y := s.lookupType(oid)
	for y != nil && y.TypType == types.TypeDomain {
		y = s.lookupType(y.Base)
	}
	if y == nil || len(y.Attrs) != len(res.fields) {
		return false
	}
	for i, a := range y.Attrs {
		if a.Type != res.fields[i].Type {
			return false
		}
	}
	return true
}

func returnMismatch(s *Session, res *resultShape, detail string, args ...any) error {
	return pgerr.New(pgerr.InvalidFunctionDefinition, "return type mismatch in function declared to return %s", types.FormatType(res.typ.OID, -1, s.env)).
		WithDetail(detail, args...)
}

// checkSQL is the validator of SQL functions: the body must parse, its statements bind, the last one fit the result.
func (s *Session) checkSQL(f *catalog.Function) error {
	for _, t := range append(append([]types.OID(nil), f.Proc.ArgTypes...), f.Proc.RetType) {
		if isPolymorphicType(t) {
			_, err := s.routineBody(f)
			return s.bodyError(f, err)
		}
	}
	c := &run.RoutineCall{Func: f, ArgTypes: f.Proc.ArgTypes, Ret: plan.Type{OID: f.Proc.RetType, Mod: -1}}
	r, err := s.compileSQL(c)
	if err != nil {
		return s.bodyError(f, err)
	}
	path := s.bodyPath
	if f.Body != "" {
		s.bodyPath = f.BodyPath
	}
	defer func() { s.bodyPath = path }()
	for i, in := range r.stmts {
		if !isQuery(in.stmt.Node) {
			if t, ok := in.stmt.Node.(*ast.TransactionStmt); ok {
				return s.bodyError(f, pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed in a SQL function", transactionWord(t)))
			}
			if i == len(r.stmts)-1 && !r.result.void {
				return s.bodyError(f, returnMismatch(s, &r.result, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."))
			}
			continue
		}
		if err := s.planInner(in); err != nil {
			return s.bodyError(f, err)
		}
		if i == len(r.stmts)-1 {
			if err := s.checkResult(r, in.q); err != nil {
				return s.bodyError(f, err)
			}
		}
	}
	if len(r.stmts) == 0 && !r.result.void {
		return s.bodyError(f, returnMismatch(s, &r.result, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."))
	}
	return nil
}

// bodyError gives an error in a function's body its context.
func (s *Session) bodyError(f *catalog.Function, err error) error {
	if err == nil {
		return nil
	}
	e := *pgerr.From(sqlError(err))
	if e.Position > 0 && f.Body == "" {
		e.InternalPosition, e.InternalQuery, e.Position = e.Position, f.Proc.Src, 0
		if p := s.bodyOffset(f.Proc.Src); p > 0 {
			e.Position, e.InternalPosition, e.InternalQuery = p+e.InternalPosition, 0, ""
		}
	}
	if f.Body != "" {
		return &e
	}
	return addContext(&e, "SQL function \""+f.Name+"\"")
}

// bodyOffset finds a function's body in the statement under way, in characters: errors in it point there. 0: not found.
func (s *Session) bodyOffset(src string) int {
	q := s.source
	if src == "" {
		return 0
	}
	at := strings.Index(q, src)
	if at < 0 || strings.Contains(q[at+1:], src) {
		return 0
	}
	return utf8.RuneCountInString(q[:at])
}

func (s *Session) checkResult(r *sqlRoutine, q *query) error {
	res := &r.result
	if res.void {
		return nil
	}
	if q.cols == nil {
		return returnMismatch(s, res, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.")
	}
	cols := q.bound.Out
	env := s.bindEnv(s.catalog(), "")
	if !res.row {
		if len(cols) != 1 {
			return returnMismatch(s, res, "Final statement must return exactly one column.")
		}
		if !bind.Assignable(env, cols[0].T.OID, res.typ.OID) {
			return returnMismatch(s, res, "Actual return type is %s.", types.FormatType(cols[0].T.OID, -1, s.env))
		}
		return nil
	}
	if res.open || len(cols) == 1 && r.f.Proc.Kind != 'p' && s.isRow(cols[0].T.OID) && s.rowFits(cols[0].T.OID, res) {
		return nil
	}
	for i, c := range cols {
		if i >= len(res.fields) {
			return returnMismatch(s, res, "Final statement returns too many columns.")
		}
		if !bind.Assignable(env, c.T.OID, res.fields[i].Type) {
			return returnMismatch(s, res, "Final statement returns %s instead of %s at column %d.", types.FormatType(c.T.OID, -1, s.env),
				types.FormatType(res.fields[i].Type, -1, s.env), i+1)
		}
	}
	if len(cols) < len(res.fields) {
		return returnMismatch(s, res, "Final statement returns too few columns.")
	}
	return nil
}

func isPolymorphicType(t types.OID) bool {
	y := types.Lookup(t)
	return y != nil && y.TypType == types.TypePseudo && t != types.Record && t != types.Void && t != types.Trigger && t != types.EventTrigger
}
