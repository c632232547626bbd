package exec

import (
	"io"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// srf is a call of a set-returning function.
type srf struct {
	in     *instance
	set    builtin.SetFn
	strict bool
	call   *builtin.Call
	args   []eval.Fn
	buf    []types.Datum
	rows   builtin.Rows
	// routine is the call where the function is a user's.
	routine *run.RoutineCall
	record  []*types.Type // the fields of its rows, where these are composite
	names   tuple.FieldNames
}

func (b *builder) srf(x *plan.FuncCall) (*srf, error) {
	if x.Func != nil {
		return b.routineSet(x)
	}
	f, err := builtin.Lookup(x.Proc)
	if err != nil {
		return nil, err
	}
	if f.Set == nil {
		return nil, pgerr.Unsupported("function " + builtin.Signature(x.Proc) + " as a set")
	}
	s := &srf{in: b.in, set: f.Set, strict: f.Strict, call: b.NewCall(x.Proc, x.Args, x.T, x.InputColl)}
	s.call.RetFields = x.Fields
	if s.args, err = b.Fns(x.Args); err != nil {
		return nil, err
	}
	s.buf = make([]types.Datum, len(s.args))
	return s, nil
}

// start evaluates the arguments; a strict function with a NULL argument has no rows.
func (s *srf) start() error {
	s.stop()
	for i, fn := range s.args {
		v, err := fn()
		if err != nil {
			return err
		}
		if v.IsNull() && s.strict {
			return nil
		}
		s.buf[i] = v
	}
	var err error
	s.rows, err = s.set(s.call, s.buf)
	if r, ok := s.rows.(run.RecordRows); ok && err == nil {
		s.record, s.names = r.FieldTypes(), r.FieldNames()
	}
	return err
}

func (s *srf) next() ([]types.Datum, bool, error) {
	if s.rows == nil {
		return nil, false, nil
	}
	row, ok, err := s.rows.Next()
	if !ok {
		s.stop()
	}
	return row, ok, err
}

// stop ends the function's rows, which may hold files open.
func (s *srf) stop() {
	if c, ok := s.rows.(io.Closer); ok {
		c.Close()
	}
	s.rows = nil
}

// projectSetOp evaluates set-returning functions in a select list: they advance in step, those that end first give NULL.
type projectSetOp struct {
	in    *instance
	child operator
	sets  []setItem
	plain []func() error
	begun bool
}

type setItem struct {
	srf  *srf
	slot int
	wrap func() error // what the expression does with the function's value, or nil
	dst  int
	done bool
	rec  []*types.Type
	// names are those of rec's fields where these are OUT parameters.
	names tuple.FieldNames
}

func (b *builder) projectSet(x *plan.ProjectSetNode) (operator, error) {
	o := &projectSetOp{in: b.in}
	var err error
	if o.child, err = b.node(x.In); err != nil {
		return nil, err
	}
	for i, e := range x.Exprs {
		dst := b.Slot(x.Out[i].ID)
		call := findSet(e)
		if call == nil {
			if ref, ok := e.(*plan.ColRef); ok && b.Slot(ref.Col) == dst {
				continue
			}
			load, err := b.Into(e, dst)
			if err != nil {
				return nil, err
			}
			o.plain = append(o.plain, load)
			continue
		}
		it := setItem{dst: dst, slot: dst}
		if it.srf, err = b.srf(call); err != nil {
			return nil, err
		}
		if e != plan.Expr(call) {
			// An expression around the function: it reads the value from a slot of its own.
			it.slot = b.in.F.Add()
			tmp := b.Fresh(it.slot)
			count := 0
			outer := plan.MapExpr(e, func(c plan.Expr) plan.Expr {
				if f, ok := c.(*plan.FuncCall); ok && f.RetSet {
					count++
					return &plan.ColRef{Col: tmp, T: f.T}
				}
				return c
			})
			if count > 1 {
				return nil, pgerr.Unsupported("an expression over several set-returning functions")
			}
			if it.wrap, err = b.Into(outer, dst); err != nil {
				return nil, err
			}
		}
		if it.rec, it.names, err = b.recordFields(call); err != nil {
			return nil, err
		}
		o.sets = append(o.sets, it)
	}
	return o, nil
}

// findSet returns the set-returning call in an expression, the innermost one.
func findSet(e plan.Expr) *plan.FuncCall {
	var found *plan.FuncCall
	plan.WalkExpr(e, func(e plan.Expr) bool {
		if f, ok := e.(*plan.FuncCall); ok && f.RetSet {
			found = f
		}
		return true
	})
	return found
}

// recordFields are the types of the fields of a function with OUT columns, and their names where no type tells them; nil for
// a scalar result.
func (b *builder) recordFields(x *plan.FuncCall) ([]*types.Type, tuple.FieldNames, error) {
	if t := b.env.Type(x.T.OID); x.T.OID != types.Record && (t == nil || t.TypType != types.TypeComposite) {
		return nil, nil, nil
	}
	if x.T.OID != types.Record {
		t, err := b.TypeOf(x.T.OID)
		if err != nil {
			return nil, nil, err
		}
		out := make([]*types.Type, len(t.Attrs))
		for i, a := range t.Attrs {
			if out[i], err = b.TypeOf(a.Type); err != nil {
				return nil, nil, err
			}
		}
		return out, nil, nil
	}
	if x.Func != nil {
		return nil, nil, nil // its rows are records
	}
	f, err := builtin.Lookup(x.Proc)
	if err != nil {
		return nil, nil, err
	}
	var out []*types.Type
	var names []string
	for i, mode := range f.Proc.ArgModes {
		if mode != "o" && mode != "t" && mode != "b" {
			continue
		}
		t, err := b.TypeOf(f.Proc.AllArgTypes[i])
		if err != nil {
			return nil, nil, err
		}
		out, names = append(out, t), append(names, f.Proc.ArgNames[i])
	}
	return out, tuple.PackFieldNames(names), nil
}

func (o *projectSetOp) open() error {
	o.begun = false
	return o.child.open()
}

func (o *projectSetOp) next() (bool, error) {
	f := &o.in.F
	for {
		if !o.begun {
			ok, err := o.child.next()
			if !ok || err != nil {
				return false, err
			}
			for i := range o.sets {
				o.sets[i].done = false
				if err := o.sets[i].srf.start(); err != nil {
					return false, err
				}
			}
			o.begun = true
		}
		if err := o.in.Tick(); err != nil {
			return false, err
		}
		any := len(o.sets) == 0
		for i := range o.sets {
			it := &o.sets[i]
			f.S[it.slot] = types.Null
			if !it.done {
				row, ok, err := it.srf.next()
				if err != nil {
					return false, err
				}
				switch {
				case !ok:
					it.done = true
				case it.srf.record != nil:
					f.S[it.slot] = types.MakeNamedRecord(it.srf.record, it.srf.names, row)
				case it.rec != nil && len(row) == len(it.rec):
					f.S[it.slot] = types.MakeNamedRecord(it.rec, it.names, row)
				default:
					f.S[it.slot] = row[0]
				}
				any = any || ok
			}
		}
		if !any {
			o.begun = false
			continue
		}
		if len(o.sets) == 0 {
			o.begun = false
		}
		for i := range o.sets {
			if it := &o.sets[i]; it.done {
				f.S[it.dst] = types.Null
			} else if it.wrap != nil {
				if err := it.wrap(); err != nil {
					return false, err
				}
			}
		}
		for _, load := range o.plain {
			if err := load(); err != nil {
				return false, err
			}
		}
		return true, nil
	}
}

func (o *projectSetOp) close() {
	o.child.close()
	for i := range o.sets {
		o.sets[i].srf.stop()
	}
}

// routineSet compiles the call of a function of users that gives rows.
func (b *builder) routineSet(x *plan.FuncCall) (*srf, error) {
	c := b.RoutineCall(x)
	s := &srf{in: b.in, strict: x.Func.Proc.Strict, routine: c}
	in := b.in
	s.set = func(_ *builtin.Call, args []types.Datum) (builtin.Rows, error) {
		if in.EC.Routines == nil {
			return nil, eval.NoRoutines(c)
		}
		c.View = in.Seen()
		return in.EC.Routines.Open(in.EC, c, args)
	}
	var err error
	if s.args, err = b.Fns(x.Args); err != nil {
		return nil, err
	}
	s.buf = make([]types.Datum, len(s.args))
	return s, nil
}
