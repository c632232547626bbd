package eval

import (
	"errors"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/exec/frame"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Fn computes a value from the frame. What it returns lives as long as the slots that it read.
type Fn func() (types.Datum, error)

// Cond computes a truth value.
type Cond func() (Tri, error)

// Operand is a compiled expression: a slot to read, or a function to call. Fixed: its value cannot change within one
// execution (constants, parameters, and stable functions of these).
type Operand struct {
	Slot  int
	Fn    Fn
	Fixed bool
	known bool // fixed, and computed by now
}

func (o Operand) isSlot() bool { return o.Fn == nil }

// eval returns the operand as a function.
func (o Operand) eval(f *frame.Frame) Fn {
	if o.Fn != nil {
		return o.Fn
	}
	slot := o.Slot
	return func() (types.Datum, error) { return f.S[slot], nil }
}

func fnOperand(fn Fn) Operand { return Operand{Fn: fn} }

// CondOperand is a condition as a value.
func CondOperand(c Cond) Operand {
	return Operand{Fn: func() (types.Datum, error) {
		t, err := c()
		return t.datum(), err
	}}
}

// Expr compiles an expression.
func (b *Builder) Expr(e plan.Expr) (Operand, error) {
	switch x := e.(type) {
	case *plan.Const:
		return b.known(x.Val), nil
	case *plan.Param:
		return Operand{Slot: b.run.Param(x.Index), Fixed: true}, nil
	case *plan.ColRef:
		return Operand{Slot: b.Slot(x.Col)}, nil
	case *plan.FuncCall:
		return b.call(x)
	case *plan.Relabel:
		return b.relabel(x)
	case *plan.CoerceViaIO:
		return b.coerceViaIO(x)
	case *plan.ArrayCoerce:
		return b.arrayCoerce(x)
	case *plan.CoerceToDomain:
		return b.coerceToDomain(x)
	case *plan.BoolOp, *plan.NullTest, *plan.BoolTest, *plan.DistinctFrom, *plan.ScalarArrayOp, *plan.RowCompare:
		c, err := b.Cond(e)
		if err != nil {
			return Operand{}, err
		}
		return CondOperand(c), nil
	case *plan.Case:
		return b.caseExpr(x)
	case *plan.Coalesce:
		return b.coalesce(x)
	case *plan.MinMax:
		return b.minMax(x)
	case *plan.XML:
		return b.xml(x)
	case *plan.NullIf:
		return b.nullIf(x)
	case *plan.ArrayCtor:
		return b.arrayCtor(x)
	case *plan.Subscript:
		return b.subscript(x)
	case *plan.SubscriptAssign:
		return b.subscriptAssign(x)
	case *plan.FieldAssign:
		return b.fieldAssign(x)
	case *plan.RowCtor:
		return b.rowCtor(x)
	case *plan.FieldSelect:
		return b.fieldSelect(x)
	case *plan.Subquery:
		if b.subs == nil {
			return Operand{}, errNoSubqueries()
		}
		return b.subs.Subquery(x)
	case *plan.SQLValue:
		return b.sqlValue(x)
	case *plan.NextVal:
		return b.nextVal(x)
	case *plan.CurrentOf:
		if !b.Positioned {
			return Operand{}, pgerr.Unsupported("WHERE CURRENT OF here")
		}
		return b.known(tuple.Bool(true)), nil // the scan below gives no other row
	}
	return Operand{}, pgerr.Internal("expression %T cannot be evaluated", e)
}

// Exprs compiles a list of expressions.
func (b *Builder) Exprs(es []plan.Expr) ([]Operand, error) {
	out := make([]Operand, len(es))
	for i, e := range es {
		var err error
		if out[i], err = b.Expr(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Fn compiles an expression to a function; nil for nil.
func (b *Builder) Fn(e plan.Expr) (Fn, error) {
	if e == nil {
		return nil, nil
	}
	o, err := b.Expr(e)
	if err != nil {
		return nil, err
	}
	return o.eval(&b.run.F), nil
}

// Fns is Fn for each of a list.
func (b *Builder) Fns(es []plan.Expr) ([]Fn, error) {
	out := make([]Fn, len(es))
	for i, e := range es {
		var err error
		if out[i], err = b.Fn(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Into compiles an expression that puts its value into a slot.
func (b *Builder) Into(e plan.Expr, dst int) (func() error, error) {
	o, err := b.Expr(e)
	if err != nil {
		return nil, err
	}
	return o.Store(&b.run.F, dst), nil
}

// Store returns what puts the value into a slot.
func (o Operand) Store(f *frame.Frame, dst int) func() error {
	if o.isSlot() {
		src := o.Slot
		return func() error {
			f.S[dst] = f.S[src]
			return nil
		}
	}
	fn := o.Fn
	return func() error {
		v, err := fn()
		f.S[dst] = v
		return err
	}
}

// once keeps the value of a fixed expression for the execution.
func (b *Builder) once(fn Fn) Operand {
	if b.Single {
		return Operand{Fn: fn, Fixed: true}
	}
	in, gen, val := b.run, uint64(0), types.Null
	return Operand{Fixed: true, Fn: func() (types.Datum, error) {
		if gen == in.Gen {
			return val, nil
		}
		v, err := fn()
		if err != nil {
			return v, err
		}
		val, gen = v.Clone(), in.Gen
		return val, nil
	}}
}

// NewCall returns a call site of a built-in function; its Env and Sess are set for each execution.
func (b *Builder) NewCall(proc types.OID, args []plan.Expr, ret plan.Type, coll types.OID) *builtin.Call {
	c := &builtin.Call{Proc: proc, RetType: ret.OID, Coll: coll, Env: b.env}
	for _, a := range args {
		t := a.Type().OID
		if t == types.Record { // what a row was before it was passed as a record
			t = plan.StripRelabel(a).Type().OID
		}
		c.ArgTypes = append(c.ArgTypes, t)
	}
	b.run.Calls = append(b.run.Calls, c)
	return c
}

// coerceToDomain checks the domain's constraints; the value stays as it is.
func (b *Builder) coerceToDomain(x *plan.CoerceToDomain) (Operand, error) {
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	in, domain := b.run, x.T.OID
	return fnOperand(func() (types.Datum, error) {
		v, err := arg()
		if err != nil {
			return v, err
		}
		return v, in.EC.Env.CheckDomain(domain, v)
	}), nil
}

func (b *Builder) call(x *plan.FuncCall) (Operand, error) {
	if x.RetSet {
		return Operand{}, pgerr.New(pgerr.FeatureNotSupported, "set-valued function called in context that cannot accept a set")
	}
	args, err := b.Exprs(x.Args)
	if err != nil {
		return Operand{}, err
	}
	return b.callOn(x, args)
}

// callOn compiles a call with its arguments given.
func (b *Builder) callOn(x *plan.FuncCall, args []Operand) (Operand, error) {
	if c := b.fastCompare(x, args); c != nil {
		o := CondOperand(c)
		o.Fixed = allFixed(args)
		return o, nil
	}
	if fn := b.fastArith(x, args); fn != nil {
		if o, ok := b.fold(fn, args); ok {
			return o, nil
		}
		if allFixed(args) {
			return b.once(fn), nil
		}
		return fnOperand(fn), nil
	}
	var f *builtin.Func
	var err error
	switch {
	case x.Func == nil:
		f, err = builtin.Lookup(x.Proc)
	case x.Func.Language == "internal":
		f, err = builtin.LookupInternal(&x.Func.Proc)
	default:
		return b.routine(x, args)
	}
	if err != nil {
		return Operand{}, err
	}
	if f.Fn == nil {
		return Operand{}, pgerr.New(pgerr.FeatureNotSupported, "set-valued function called in context that cannot accept a set")
	}
	if err := builtin.CollationError(x.Proc, x.InputColl, b.env); err != nil {
		f = &builtin.Func{Proc: f.Proc, Fn: func(*builtin.Call, []types.Datum) (types.Datum, error) { return types.Null, err }}
	}
	call := b.NewCall(x.Proc, x.Args, x.T, x.InputColl)
	call.Variadic, call.RetFields = x.Variadic, x.Fields
	fn := b.genericCall(f, call, args)
	if f.Proc.Volatile == 'i' && !namesRoles[f.Proc.Src] {
		if o, ok := b.fold(fn, args); ok {
			return o, nil
		}
	}
	if allFixed(args) && f.Proc.Volatile != 'v' {
		return b.once(fn), nil
	}
	return fnOperand(fn), nil
}

// namesRoles are functions that are immutable in PostgreSQL, whose aclitem holds OIDs: in Tarn they look names up.
var namesRoles = map[string]bool{"acldefault_sql": true, "makeaclitem": true, "aclcontains": true, "aclitem_eq": true}

// fold computes an immutable call of constants. One that fails stays, to fail where it is reached; if nothing guards it, the
// whole statement has failed.
func (b *Builder) fold(fn Fn, args []Operand) (Operand, bool) {
	for _, a := range args {
		if !a.known {
			b.early = b.early || b.guarded == 0 && allFixed(args)
			return Operand{}, false
		}
	}
	v, err := fn()
	if err == nil {
		return b.known(v), true
	}
	if b.guarded == 0 && b.failed == nil && !errors.Is(err, call.ErrNoSession) {
		b.failed = err
	}
	return Operand{}, false
}

func (b *Builder) known(v types.Datum) Operand {
	return Operand{Slot: b.constant(v), Fixed: true, known: true}
}

// guard compiles alternatives of which the first whose truth may be known decides whether the later ones are reached.
func (b *Builder) guard(compile func(settled func(plan.Expr)) error) error {
	was := b.guarded
	defer func() { b.guarded = was }()
	return compile(func(e plan.Expr) {
		if !readsRow(e) {
			b.guarded = was + 1
		}
	})
}

// readsRow tells whether an expression needs a row: only then can PostgreSQL's planner not know its value.
func readsRow(e plan.Expr) bool {
	switch e.(type) {
	case *plan.ColRef, *plan.Subquery:
		return true
	}
	found := false
	plan.MapChildren(e, func(c plan.Expr) plan.Expr {
		found = found || readsRow(c)
		return c
	})
	return found
}

func allFixed(args []Operand) bool {
	for _, a := range args {
		if !a.Fixed {
			return false
		}
	}
	return true
}

// genericCall calls a built-in function with one argument buffer per call site.
func (b *Builder) genericCall(f *builtin.Func, c *builtin.Call, args []Operand) Fn {
	fr, fn := &b.run.F, f.Fn
	buf := make([]types.Datum, len(args))
	switch {
	case len(args) == 1 && f.Strict && args[0].isSlot():
		slot := args[0].Slot
		return func() (types.Datum, error) {
			buf[0] = fr.S[slot]
			if buf[0].IsNull() {
				return types.Null, nil
			}
			return fn(c, buf)
		}
	case len(args) == 1 && f.Strict:
		arg := args[0].Fn
		return func() (types.Datum, error) {
			v, err := arg()
			if err != nil || v.IsNull() {
				return types.Null, err
			}
			buf[0] = v
			return fn(c, buf)
		}
	case len(args) == 2 && f.Strict && args[0].isSlot() && args[1].isSlot():
		s0, s1 := args[0].Slot, args[1].Slot
		return func() (types.Datum, error) {
			buf[0], buf[1] = fr.S[s0], fr.S[s1]
			if buf[0].IsNull() || buf[1].IsNull() {
				return types.Null, nil
			}
			return fn(c, buf)
		}
	case f.Strict:
		return func() (types.Datum, error) {
			null := false
			for i := range args {
				var v types.Datum
				if a := &args[i]; a.Fn == nil {
					v = fr.S[a.Slot]
				} else {
					var err error
					if v, err = a.Fn(); err != nil {
						return types.Null, err
					}
				}
				null = null || v.IsNull()
				buf[i] = v
			}
			if null {
				return types.Null, nil
			}
			return fn(c, buf)
		}
	}
	return func() (types.Datum, error) {
		for i := range args {
			if a := &args[i]; a.Fn == nil {
				buf[i] = fr.S[a.Slot]
			} else {
				v, err := a.Fn()
				if err != nil {
					return types.Null, err
				}
				buf[i] = v
			}
		}
		return fn(c, buf)
	}
}
