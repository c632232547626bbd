package session

import (
	"context"
	"errors"
	"strconv"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/session/routine"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// sqlRoutine is a SQL function compiled for the argument types of a call.
type sqlRoutine struct {
	f       *catalog.Function
	stmts   []*inner
	result  routine.Shape
	busy    bool
	checked *query // the plan of the last statement that was seen to fit the result
}

func (s *Session) compileSQL(c *run.RoutineCall) (*sqlRoutine, error) {
	k := routineKey{c.Func, routine.Signature(c)}
	if r := s.sqlRoutines[k]; r != nil && !r.busy {
		return r, nil
	}
	stmts, err := routine.Body(c.Func)
	if err != nil {
		return nil, err
	}
	args := &routine.Args{Func: c.Func}
	for _, t := range c.ArgTypes {
		y := s.lookupType(t)
		arg := plan.Type{OID: t, Mod: -1}
		if y != nil {
			arg.Coll = y.Collation
		}
		args.Types = append(args.Types, arg)
	}
	r := &sqlRoutine{f: c.Func}
	if r.result, err = routine.ShapeOf(routineEnv{s}, c); err != nil {
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
	out := &routineRows{row: r.result.Row, fields: r.result.Types}
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
	if r.result.Open {
		out.fields = r.result.Types
	}
	if out.names == nil && c.Ret.OID == types.Record {
		out.names = types.AttrNames(r.result.Fields)
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
	if last && !r.result.Void && in.q.cols != nil {
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
		lazy = !r.result.Set && in.q.tag == "SELECT" && in.q.bound.ReadOnly
		emit = func(row []types.Datum) error {
			if r.result.Set || len(out.rows) == 0 {
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
	res, e := &r.result, routineEnv{s}
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
	if !res.Row {
		return convert(cols, []types.Attr{{Type: res.Type.OID, Mod: res.Type.Mod}}), nil
	}
	// One column may be the whole row.
	if res.WholeRow(e, r.f, cols) {
		rec := cols[0].T.OID == types.Record
		return func(row []types.Datum) ([]types.Datum, error) {
			if row[0].IsNull() {
				return nil, nil
			}
			v, ts := recordValues(s, row[0])
			if res.Open || rec && len(res.Types) == 0 {
				res.Types, out.fields, out.names = ts, ts, tuple.Record(row[0].Bytes()).Names()
			}
			if rec {
				if err := res.RecordFits(e, ts); err != nil {
					return nil, &callerError{err}
				}
			}
			for len(v) < len(res.Types) {
				v = append(v, types.Null)
			}
			return v, res.CheckDomain(e, v)
		}, nil
	}
	if res.Open {
		var fields []types.Attr
		for _, c := range cols {
			fields = append(fields, types.Attr{Name: c.Name, Type: c.T.OID, Mod: c.T.Mod})
		}
		if err := res.SetFields(e, fields); err != nil {
			return nil, err
		}
		out.fields = res.Types
	}
	if len(cols) != len(res.Fields) {
		return nil, res.Mismatch(e, "Final statement returns too few columns.")
	}
	conv := convert(cols, res.Fields)
	return func(row []types.Datum) ([]types.Datum, error) {
		v, err := conv(row)
		if err != nil {
			return nil, err
		}
		return v, res.CheckDomain(e, v)
	}, nil
}

// callerError is an error of the query around a function: it has none of the function's context.
type callerError struct{ error }

func (e *callerError) Unwrap() error { return e.error }

// startupError is one that a function has before its first statement runs.
type startupError struct{ error }

func (e *startupError) Unwrap() error { return e.error }

// checkSQL is the validator of SQL functions: the body must parse, its statements bind, the last one fit the result.
func (s *Session) checkSQL(f *catalog.Function) error {
	for _, t := range append(append([]types.OID(nil), f.Proc.ArgTypes...), f.Proc.RetType) {
		if routine.IsPolymorphic(t) {
			_, err := routine.Body(f)
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
				return s.bodyError(f, pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed in a SQL function", routine.TransactionWord(t)))
			}
			if i == len(r.stmts)-1 && !r.result.Void {
				return s.bodyError(f, r.result.Mismatch(routineEnv{s}, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."))
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
	if len(r.stmts) == 0 && !r.result.Void {
		return s.bodyError(f, r.result.Mismatch(routineEnv{s}, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING."))
	}
	return nil
}

func (s *Session) checkResult(r *sqlRoutine, q *query) error {
	var cols []plan.Col
	if q.cols != nil {
		cols = q.bound.Out
	}
	return r.result.Check(routineEnv{s}, r.f, cols)
}

// bodyError gives an error in a function's body its place and context.
func (s *Session) bodyError(f *catalog.Function, err error) error {
	return routine.BodyError(s.source, f, sqlError(err))
}

// routineEnv is the session as package routine asks it.
type routineEnv struct{ s *Session }

var _ routine.Env = routineEnv{}

func (e routineEnv) Lookup(oid types.OID) *types.Type { return e.s.lookupType(oid) }
func (e routineEnv) Bind() *bind.Env                  { return e.s.bindEnv(e.s.catalog(), "") }
func (e routineEnv) Text() *types.Env                 { return e.s.env }
