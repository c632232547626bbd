package session

import (
	"context"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/plpgsql"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/trigger/native"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// triggers is the session as it fires triggers.
type triggers Session

var _ trigger.Caller = (*triggers)(nil)

func (r *triggers) s() *Session { return (*Session)(r) }

func (r *triggers) When(t *catalog.Table, g *catalog.Trigger) (plan.Expr, []plan.Col, error) {
	s := r.s()
	e, err := bind.StoredWhen(s.bindEnv(s.catalog(), ""), t, g.When)
	return e, bind.WhenCols(t), err
}

// fired is a trigger that the session has fired before.
type fired struct {
	table   *catalog.Table
	fn      *catalog.Function
	routine *plRoutine
	attrs   []types.Attr
	atts    []int // of attrs, attribute number - 1
	schema  string
	native  native.Func
	old     *catalog.Table // the transition tables as its queries know them
	new     *catalog.Table
}

// maxFired bounds the triggers that a session remembers.
const maxFired = 1000

func (s *Session) firedTrigger(ctx context.Context, c *trigger.Call) (*fired, error) {
	g := c.Trigger
	f := s.fired[g]
	cat := s.catalog()
	fn := cat.Function(g.Func)
	if f != nil && f.table == c.Table && f.fn == fn {
		return f, nil
	}
	f = &fired{table: c.Table, fn: fn}
	if sc := cat.SchemaByOID(c.Table.Schema); sc != nil {
		f.schema = sc.Name
	}
	for i := range c.Table.Columns {
		if col := &c.Table.Columns[i]; !col.Dropped {
			f.attrs = append(f.attrs, types.Attr{Name: col.Name, Type: col.Type, Mod: col.TypMod})
			f.atts = append(f.atts, i)
		}
	}
	if g.OldTable != "" {
		f.old = trigger.Relation(c.Table, trigger.OldTableOID, g.OldTable)
	}
	if g.NewTable != "" {
		f.new = trigger.Relation(c.Table, trigger.NewTableOID, g.NewTable)
	}
	switch {
	case g.Func < catalog.FirstNormalOID:
		if f.native = native.Lookup(g.Func); f.native == nil {
			return nil, pgerr.Unsupported("this built-in function as a trigger")
		}
	case fn == nil:
		return nil, pgerr.New(pgerr.UndefinedFunction, "cache lookup failed for function %d", g.Func)
	case fn.Language != "plpgsql":
		return nil, pgerr.Unsupported("a trigger function in language " + fn.Language)
	default:
		rc := &run.RoutineCall{Func: fn, Ret: plan.Type{OID: types.Trigger, Mod: -1}}
		r, err := s.compilePLFor(ctx, rc, true, "trigger "+itoa(int64(g.OID))+" "+itoa(int64(c.Table.OID)))
		if err != nil {
			return nil, err
		}
		f.routine = r
	}
	if len(s.fired) >= maxFired || s.fired == nil {
		s.fired = map[*catalog.Trigger]*fired{}
	}
	s.fired[g] = f
	return f, nil
}

// Fire implements trigger.Caller.
func (r *triggers) Fire(ctx context.Context, view *txn.View, c *trigger.Call) (row []types.Datum, err error) {
	s := r.s()
	if err := ctx.Err(); err != nil {
		return nil, sqlError(context.Cause(ctx))
	}
	if s.depth >= maxCallDepth {
		return nil, errTooDeep()
	}
	f, err := s.firedTrigger(ctx, c)
	if err != nil {
		return nil, err
	}
	restore := s.innermost(&transitions{f: f, old: c.OldTable, new: c.NewTable})
	nonAtomic, vars := s.nonAtomic, s.innerVars
	s.nonAtomic, s.innerVars = false, nil
	s.depth++
	s.triggerDepth++
	defer func() {
		restore()
		s.nonAtomic, s.innerVars = nonAtomic, vars
		s.depth--
		s.triggerDepth--
	}()
	if f.native != nil {
		return f.native(s.env, c)
	}
	leave, err := s.enterRoutine(f.fn)
	if err != nil {
		return nil, err
	}
	defer leave()
	switch {
	case f.fn.Proc.Volatile == 'v':
		view = nil
	case view == nil:
		own := s.block.t.Statement()
		defer own.Release()
		view = &own
	}
	return s.runTrigger(ctx, view, f, c)
}

// runTrigger runs a function in PL/pgSQL.
func (s *Session) runTrigger(ctx context.Context, view *txn.View, f *fired, c *trigger.Call) ([]types.Datum, error) {
	g := c.Trigger
	tc := &plpgsql.TriggerCall{Name: g.Name, When: g.Type.When(), Level: g.Type.Level(), Op: c.Op.Op(), RelID: c.Table.OID, Table: c.Table.Name,
		Schema: f.schema, Args: g.Args, Attrs: f.attrs, RowType: c.Table.RowType, Old: f.pick(c.Old), New: f.pick(c.New)}
	code := f.routine.take(s, ctx, view)
	res, err := f.routine.fn.Run(code.h, code.code, plpgsql.Call{Trigger: tc})
	if err != nil {
		return nil, err
	}
	code.h.ctx, code.h.view = nil, nil
	f.routine.codes = append(f.routine.codes, code)
	if res.Null || res.Row == nil || !g.Type.Has(catalog.TriggerRow) {
		return nil, nil
	}
	out := make([]types.Datum, len(c.Table.Columns))
	for i := range out {
		out[i] = types.Null
	}
	for i, att := range f.atts {
		out[att] = res.Row[i]
	}
	return out, nil
}

// pick leaves dropped columns out.
func (f *fired) pick(vals []types.Datum) []types.Datum {
	if vals == nil || len(f.atts) == len(vals) {
		return vals
	}
	out := make([]types.Datum, len(f.atts))
	for i, att := range f.atts {
		out[i] = vals[att]
	}
	return out
}

// innermost makes t the transition tables of the function that begins; a function that is no trigger's has none.
func (s *Session) innermost(t *transitions) (restore func()) {
	old := s.transitions
	s.transitions = t
	return func() { s.transitions = old }
}

// transitions are the transition tables of a trigger's function under way.
type transitions struct {
	f        *fired
	old, new *trigger.Rows
}

func (t *transitions) named(name string) *catalog.Table {
	switch {
	case t == nil:
	case t.f.old != nil && name == t.f.old.Name:
		return t.f.old
	case t.f.new != nil && name == t.f.new.Name:
		return t.f.new
	}
	return nil
}

// transitionSource gives operators the rows of transition tables, too.
type transitionSource struct {
	t    *transitions
	rest exec.VirtualSource
}

func (v transitionSource) ScanVirtual(ec *run.Context, t *catalog.Table, cols []int16, eq []exec.VirtualKey) (builtin.Rows, error) {
	switch t.OID {
	case trigger.OldTableOID:
		return v.t.old.Read(cols), nil
	case trigger.NewTableOID:
		return v.t.new.Read(cols), nil
	}
	return v.rest.ScanVirtual(ec, t, cols, eq)
}

func (f *functions) TriggerDepth() int { return f.triggerDepth }
