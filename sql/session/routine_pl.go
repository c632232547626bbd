package session

import (
	"context"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/plpgsql"
	"github.com/tarndb/tarn/sql/session/routine"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// plRoutine is a PL/pgSQL function compiled for the argument types of a call, with what the session has planned for it.
type plRoutine struct {
	fn     *plpgsql.Function
	result routine.Shape
	codes  []*plCode // free ones
}

// plCode is what is planned for one call at a time of a function. The plans keep the host, which each call gives its own context and
// view.
type plCode struct {
	code *plpgsql.Code
	h    *plHost
}

func (r *plRoutine) take(s *Session, ctx context.Context, view *txn.View) *plCode {
	c := &plCode{}
	if n := len(r.codes); n > 0 {
		c = r.codes[n-1]
		r.codes = r.codes[:n-1]
	} else {
		c.code, c.h = plpgsql.NewCode(), &plHost{s: s}
	}
	c.h.ctx, c.h.view = ctx, view
	return c
}

func (s *Session) conflictMode() expression.VariableConflict {
	v, _ := s.settings.Get("plpgsql.variable_conflict")
	return plpgsql.ConflictMode(v)
}

// compilePL compiles a function for a call.
func (s *Session) compilePL(ctx context.Context, c *run.RoutineCall, trigger bool) (*plRoutine, error) {
	return s.compilePLFor(ctx, c, trigger, routine.Signature(c))
}

// compilePLFor is compilePL for what sig names: a trigger's function is compiled for each of its triggers.
func (s *Session) compilePLFor(ctx context.Context, c *run.RoutineCall, trigger bool, sig string) (*plRoutine, error) {
	k := routineKey{c.Func, sig}
	if r := s.plRoutines[k]; r != nil {
		return r, nil
	}
	p := &c.Func.Proc
	src := &plpgsql.Source{Name: c.Func.Name, Signature: s.names().FunctionText(p, true), Body: p.Src, Ret: s.withColl(c.Ret), Set: p.RetSet, Kind: p.Kind,
		Trigger: trigger, Conflict: s.conflictMode()}
	outs := bind.OutColumns(s.bindEnv(s.catalog(), ""), c.Func, c.ArgTypes)
	in, out := 0, 0
	all := p.AllArgTypes
	if all == nil {
		all = p.ArgTypes
	}
	for i, t := range all {
		a := plpgsql.Arg{Mode: 'i', Type: plan.Type{OID: t, Mod: -1}}
		if p.ArgModes != nil {
			a.Mode = p.ArgModes[i][0]
		}
		if i < len(p.ArgNames) {
			a.Name = p.ArgNames[i]
		}
		if a.Mode == 'i' || a.Mode == 'b' || a.Mode == 'v' {
			if routine.IsPolymorphic(t) && in < len(c.ArgTypes) {
				a.Type.OID = c.ArgTypes[in]
			}
			in++
		}
		if a.Mode == 'o' || a.Mode == 'b' || a.Mode == 't' {
			if routine.IsPolymorphic(t) && out < len(outs) {
				a.Type.OID = outs[out].Type
			}
			out++
		}
		a.Type = s.withColl(a.Type)
		src.Args = append(src.Args, a)
	}
	fn, err := plpgsql.Compile(src, &plHost{s: s, ctx: ctx})
	if err != nil {
		return nil, err
	}
	r := &plRoutine{fn: fn}
	if r.result, err = routine.ShapeOf(routineEnv{s}, c); err != nil {
		return nil, err
	}
	if len(s.plRoutines) >= maxRoutines || s.plRoutines == nil {
		s.plRoutines = map[routineKey]*plRoutine{}
	}
	s.plRoutines[k] = r
	return r, nil
}

func (s *Session) withColl(t plan.Type) plan.Type {
	if y := s.lookupType(t.OID); y != nil && t.Coll == 0 {
		t.Coll = y.Collation
	}
	return t
}

// callPL runs a PL/pgSQL function.
func (s *Session) callPL(ctx context.Context, c *run.RoutineCall, args []types.Datum, view *txn.View) (*routineRows, error) {
	switch c.Func.Proc.RetType {
	case types.Trigger, types.EventTrigger:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "trigger functions can only be called as triggers").
			WithWhere("compilation of PL/pgSQL function \"%s\" near line 1", c.Func.Name)
	}
	r, err := s.compilePL(ctx, c, false)
	if err != nil {
		return nil, err
	}
	code := r.take(s, ctx, view)
	res, err := r.fn.Run(code.h, code.code, plpgsql.Call{Args: args, Want: c.Fields})
	if err != nil {
		return nil, err
	}
	code.h.ctx, code.h.view = nil, nil
	r.codes = append(r.codes, code)
	out := &routineRows{row: r.result.Row, fields: r.result.Types}
	if res.Types != nil && (r.result.Open || out.fields == nil) {
		out.fields = res.Types
	}
	if c.Ret.OID == types.Record {
		out.names = types.AttrNames(r.result.Fields)
		if r.result.Open {
			out.names = types.AttrNames(res.Attrs)
		}
	}
	switch {
	case c.Func.Proc.RetSet:
		out.rows = res.Rows
	case r.result.Row && res.Null:
	case r.result.Row:
		out.rows = [][]types.Datum{res.Row}
	default:
		out.rows = [][]types.Datum{{res.Value}}
	}
	return out, nil
}

// checkPL is the validator: the body must compile.
func (s *Session) checkPL(f *catalog.Function) error {
	p := &f.Proc
	c := &run.RoutineCall{Func: f, Ret: plan.Type{OID: p.RetType, Mod: -1}}
	for _, t := range append(append([]types.OID(nil), p.ArgTypes...), p.RetType) {
		if routine.IsPolymorphic(t) {
			c.Ret.OID = routine.StandIn(c.Ret.OID)
		}
	}
	for _, t := range p.ArgTypes {
		c.ArgTypes = append(c.ArgTypes, routine.StandIn(t))
	}
	_, err := s.compilePL((*functions)(s).Context(), c, p.RetType == types.Trigger || p.RetType == types.EventTrigger)
	return routine.PLError(s.source, p.Src, sqlError(err))
}

// doPL runs a DO block.
func (s *Session) doPL(ctx context.Context, body string) error {
	src := &plpgsql.Source{Name: "inline_code_block", Signature: "inline_code_block", Body: body, Ret: plan.Type{OID: types.Void, Mod: -1}, Kind: 'd',
		Conflict: s.conflictMode()}
	h := &plHost{s: s, ctx: ctx}
	fn, err := plpgsql.Compile(src, h)
	if err != nil {
		return routine.PLError(s.source, body, sqlError(err))
	}
	s.depth++
	defer func() { s.depth-- }()
	defer s.innermost(nil)()
	_, err = fn.Run(h, plpgsql.NewCode(), plpgsql.Call{})
	return err
}

func trimStatement(s string) string { return strings.TrimSpace(s) }
