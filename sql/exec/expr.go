package exec

import (
	"errors"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// evalFn computes a value from the frame. What it returns lives as long as the slots that it read.
type evalFn func() (types.Datum, error)

// condFn computes a truth value.
type condFn func() (tri, error)

// operand is a compiled expression: a slot to read, or a function to call. fixed: its value cannot change within one
// execution (constants, parameters, and stable functions of these).
type operand struct {
	slot  int
	fn    evalFn
	fixed bool
	known bool // fixed, and computed by now
}

func (o operand) isSlot() bool { return o.fn == nil }

// eval returns the operand as a function.
func (o operand) eval(f *frame) evalFn {
	if o.fn != nil {
		return o.fn
	}
	slot := o.slot
	return func() (types.Datum, error) { return f.s[slot], nil }
}

func fnOperand(fn evalFn) operand { return operand{fn: fn} }

func condOperand(c condFn) operand {
	return operand{fn: func() (types.Datum, error) {
		t, err := c()
		return t.datum(), err
	}}
}

// expr compiles an expression.
func (b *exprBuilder) expr(e plan.Expr) (operand, error) {
	switch x := e.(type) {
	case *plan.Const:
		return b.known(x.Val), nil
	case *plan.Param:
		return operand{slot: b.run.Param(x.Index), fixed: true}, nil
	case *plan.ColRef:
		return operand{slot: b.slot(x.Col)}, nil
	case *plan.FuncCall:
		return b.call(x)
	case *plan.Relabel:
		return b.expr(x.Arg)
	case *plan.CoerceViaIO:
		return b.coerceViaIO(x)
	case *plan.ArrayCoerce:
		return b.arrayCoerce(x)
	case *plan.CoerceToDomain:
		return b.coerceToDomain(x)
	case *plan.BoolOp, *plan.NullTest, *plan.BoolTest, *plan.DistinctFrom, *plan.ScalarArrayOp, *plan.RowCompare:
		c, err := b.cond(e)
		if err != nil {
			return operand{}, err
		}
		return condOperand(c), nil
	case *plan.Case:
		return b.caseExpr(x)
	case *plan.Coalesce:
		return b.coalesce(x)
	case *plan.MinMax:
		return b.minMax(x)
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
			return operand{}, errNoSubqueries()
		}
		return b.subs.Subquery(x)
	case *plan.SQLValue:
		return b.sqlValue(x)
	case *plan.NextVal:
		return b.nextVal(x)
	case *plan.CurrentOf:
		if !b.Positioned {
			return operand{}, pgerr.Unsupported("WHERE CURRENT OF here")
		}
		return b.known(tuple.Bool(true)), nil // the scan below gives no other row
	}
	return operand{}, pgerr.Internal("expression %T cannot be evaluated", e)
}

func (b *exprBuilder) exprs(es []plan.Expr) ([]operand, error) {
	out := make([]operand, len(es))
	for i, e := range es {
		var err error
		if out[i], err = b.expr(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// evalFor compiles an expression to a function; nil for nil.
func (b *exprBuilder) evalFor(e plan.Expr) (evalFn, error) {
	if e == nil {
		return nil, nil
	}
	o, err := b.expr(e)
	if err != nil {
		return nil, err
	}
	return o.eval(&b.run.F), nil
}

// into compiles an expression that puts its value into a slot.
func (b *exprBuilder) into(e plan.Expr, dst int) (func() error, error) {
	o, err := b.expr(e)
	if err != nil {
		return nil, err
	}
	return o.store(&b.run.F, dst), nil
}

func (o operand) store(f *frame, dst int) func() error {
	if o.isSlot() {
		src := o.slot
		return func() error {
			f.s[dst] = f.s[src]
			return nil
		}
	}
	fn := o.fn
	return func() error {
		v, err := fn()
		f.s[dst] = v
		return err
	}
}

// once keeps the value of a fixed expression for the execution.
func (b *exprBuilder) once(fn evalFn) operand {
	if b.Single {
		return operand{fn: fn, fixed: true}
	}
	in, gen, val := b.run, uint64(0), types.Null
	return operand{fixed: true, fn: func() (types.Datum, error) {
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

// newCall returns a call site of a built-in function; its Env and Sess are set for each execution.
func (b *exprBuilder) newCall(proc types.OID, args []plan.Expr, ret plan.Type, coll types.OID) *builtin.Call {
	c := &builtin.Call{Proc: proc, RetType: ret.OID, Coll: coll, Env: b.env}
	for _, a := range args {
		c.ArgTypes = append(c.ArgTypes, a.Type().OID)
	}
	c.ArgFields = fieldNames(args)
	b.run.Calls = append(b.run.Calls, c)
	return c
}

// fieldNames lists the names of the fields of arguments that are row constructors; nil if there are none.
func fieldNames(args []plan.Expr) [][]string {
	var out [][]string
	for i, a := range args {
		if r, ok := a.(*plan.RowCtor); ok && r.Names != nil {
			if out == nil {
				out = make([][]string, len(args))
			}
			out[i] = r.Names
		}
	}
	return out
}

// coerceToDomain checks the domain's constraints; the value stays as it is.
func (b *exprBuilder) coerceToDomain(x *plan.CoerceToDomain) (operand, error) {
	arg, err := b.evalFor(x.Arg)
	if err != nil {
		return operand{}, err
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

func (b *exprBuilder) call(x *plan.FuncCall) (operand, error) {
	if x.RetSet {
		return operand{}, pgerr.New(pgerr.FeatureNotSupported, "set-valued function called in context that cannot accept a set")
	}
	args, err := b.exprs(x.Args)
	if err != nil {
		return operand{}, err
	}
	return b.callOn(x, args)
}

// callOn compiles a call with its arguments given.
func (b *exprBuilder) callOn(x *plan.FuncCall, args []operand) (operand, error) {
	if c := b.fastCompare(x, args); c != nil {
		o := condOperand(c)
		o.fixed = allFixed(args)
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
	if x.Func != nil {
		return b.routine(x, args)
	}
	f, err := builtin.Lookup(x.Proc)
	if err != nil {
		return operand{}, err
	}
	if f.Fn == nil {
		return operand{}, pgerr.New(pgerr.FeatureNotSupported, "set-valued function called in context that cannot accept a set")
	}
	call := b.newCall(x.Proc, x.Args, x.T, x.InputColl)
	call.Variadic = x.Variadic
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
func (b *exprBuilder) fold(fn evalFn, args []operand) (operand, bool) {
	for _, a := range args {
		if !a.known {
			b.early = b.early || b.guarded == 0 && allFixed(args)
			return operand{}, false
		}
	}
	v, err := fn()
	if err == nil {
		return b.known(v), true
	}
	if b.guarded == 0 && b.failed == nil && !errors.Is(err, call.ErrNoSession) {
		b.failed = err
	}
	return operand{}, false
}

func (b *exprBuilder) known(v types.Datum) operand {
	return operand{slot: b.constant(v), fixed: true, known: true}
}

// guard compiles alternatives of which the first whose truth may be known decides whether the later ones are reached.
func (b *exprBuilder) guard(compile func(settled func(plan.Expr)) error) error {
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

func allFixed(args []operand) bool {
	for _, a := range args {
		if !a.fixed {
			return false
		}
	}
	return true
}

// genericCall calls a built-in function with one argument buffer per call site.
func (b *exprBuilder) genericCall(f *builtin.Func, c *builtin.Call, args []operand) evalFn {
	fr, fn := &b.run.F, f.Fn
	buf := make([]types.Datum, len(args))
	switch {
	case len(args) == 1 && f.Strict && args[0].isSlot():
		slot := args[0].slot
		return func() (types.Datum, error) {
			buf[0] = fr.s[slot]
			if buf[0].IsNull() {
				return types.Null, nil
			}
			return fn(c, buf)
		}
	case len(args) == 1 && f.Strict:
		arg := args[0].fn
		return func() (types.Datum, error) {
			v, err := arg()
			if err != nil || v.IsNull() {
				return types.Null, err
			}
			buf[0] = v
			return fn(c, buf)
		}
	case len(args) == 2 && f.Strict && args[0].isSlot() && args[1].isSlot():
		s0, s1 := args[0].slot, args[1].slot
		return func() (types.Datum, error) {
			buf[0], buf[1] = fr.s[s0], fr.s[s1]
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
				if a := &args[i]; a.fn == nil {
					v = fr.s[a.slot]
				} else {
					var err error
					if v, err = a.fn(); err != nil {
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
			if a := &args[i]; a.fn == nil {
				buf[i] = fr.s[a.slot]
			} else {
				v, err := a.fn()
				if err != nil {
					return types.Null, err
				}
				buf[i] = v
			}
		}
		return fn(c, buf)
	}
}
