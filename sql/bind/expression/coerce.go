package expression

import (
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// CoerceToTarget converts e, modifier included; nil if there is no way. loc is the cast's place, -1 for the expression's own.
func (b *Binder) CoerceToTarget(e plan.Expr, dst types.OID, mod int32, ctx overload.Context, form plan.CallForm, loc int32) plan.Expr {
	src := e.Type().OID
	if !b.CanCoerce(src, dst, ctx) {
		return nil
	}
	// A COLLATE under the cast stays outside of it where the result is collatable.
	if r, ok := e.(*plan.Relabel); ok && tree.IsCollate(r) {
		x := b.CoerceToTarget(r.Arg, dst, mod, ctx, form, loc)
		if x == nil || b.CollationOf(dst) == 0 {
			return x
		}
		t := x.Type()
		t.Coll = r.T.Coll
		return b.recollate(r, x, t)
	}
	x := b.Coerce(e, dst, mod, ctx, form, loc)
	return b.ApplyTypmod(x, dst, mod, form, ctx, x != e && !isConst(x))
}

// recollate puts the COLLATE clause r around x.
func (b *Binder) recollate(r *plan.Relabel, x plan.Expr, t plan.Type) plan.Expr {
	n := &plan.Relabel{Arg: x, T: t, Form: plan.CallCastExplicit}
	if at, ok := b.collateAt[r]; ok {
		b.collateAt[n] = at
	}
	return b.At(n, b.LocOf(r))
}

func isConst(e plan.Expr) bool { _, ok := e.(*plan.Const); return ok }

// Coerce is coerce_type: the type, and not the modifier. The caller has asked canCoerce.
func (b *Binder) Coerce(e plan.Expr, dst types.OID, mod int32, ctx overload.Context, form plan.CallForm, loc int32) plan.Expr {
	src := e.Type().OID
	if src == dst {
		return e
	}
	switch dst {
	case types.Any, types.AnyElement, types.AnyNonArray, types.AnyCompatible, types.AnyCompatibleNonArray:
		return e
	case types.AnyArray, types.AnyEnum, types.AnyRange, types.AnyMultirange, types.AnyCompatibleArray, types.AnyCompatibleRange, types.AnyCompatibleMultirange:
		if src != types.Unknown {
			if base := b.BaseType(src); base != src {
				return b.Relabel(e, b.PlanType(base, -1), plan.CallCastImplicit)
			}
			return e
		}
	}
	if src == types.Unknown {
		if x := b.coerceUnknown(e, dst, mod, ctx, form, loc); x != nil {
			return x
		}
	}
	path, fn := b.FindPathway(dst, src, ctx)
	switch path {
	case overload.NoPath:
	case overload.ByRelabel:
		if b.IsDomain(dst) {
			return b.ToDomain(e, dst, form, ctx, loc)
		}
		return b.Relabel(e, b.PlanType(dst, -1), form)
	default:
		base, baseMod := b.BaseTypeMod(dst, mod)
		if base != dst {
			x := b.buildCoercion(e, path, fn, base, baseMod, ctx, plan.CallCastImplicit, loc)
			return b.ToDomain(x, dst, form, ctx, loc)
		}
		return b.buildCoercion(e, path, fn, base, baseMod, ctx, form, loc)
	}
	if src == types.Record && b.IsComposite(dst) {
		return b.recordToComposite(e, dst, ctx, form, loc)
	}
	if dst == types.Record && b.IsComposite(src) || dst == types.RecordArray {
		return b.Relabel(e, b.PlanType(dst, -1), form)
	}
	if src == types.RecordArray {
		return b.At(&plan.CoerceViaIO{Arg: e, T: b.PlanType(dst, -1), Form: form}, b.LocOf(e))
	}
	panic(b.Err(pgerr.InternalError, loc, "failed to find conversion function from %s to %s", b.TypeText(src), b.TypeText(dst)))
}

// Relabel gives e another type over the same bits.
func (b *Binder) Relabel(e plan.Expr, t plan.Type, form plan.CallForm) plan.Expr {
	return b.At(&plan.Relabel{Arg: e, T: t, Form: form}, b.LocOf(e))
}

// ToDomain converts e, of the domain's base type or one with the same bits, and has the domain's constraints checked.
func (b *Binder) ToDomain(e plan.Expr, dst types.OID, form plan.CallForm, ctx overload.Context, loc int32) plan.Expr {
	base, mod := b.BaseTypeMod(dst, -1)
	if e.Type().OID != base {
		e = b.Relabel(e, b.PlanType(base, -1), plan.CallCastImplicit)
	}
	e = b.ApplyTypmod(e, base, mod, plan.CallCastImplicit, ctx, false)
	return b.At(&plan.CoerceToDomain{Arg: e, T: b.PlanType(dst, -1), Form: form}, b.LocOf(e))
}

// coerceUnknown converts literals and untyped parameters, nil where e is neither.
func (b *Binder) coerceUnknown(e plan.Expr, dst types.OID, mod int32, ctx overload.Context, form plan.CallForm, loc int32) plan.Expr {
	switch v := e.(type) {
	case *plan.Const:
		base, baseMod := b.BaseTypeMod(dst, mod)
		inMod := int32(-1)
		if base == types.Interval {
			inMod = baseMod
		}
		c := &plan.Const{T: plan.Type{OID: base, Mod: inMod, Coll: b.CollationOf(base)}}
		if v.Val.IsNull() {
			c.Val = types.Null
		} else {
			t := b.Type(base)
			if t == nil {
				b.Fail(pgerr.UndefinedObject, b.LocOf(e), "type %d does not exist", base)
			}
			d, err := t.ParseText(v.Val.Str(), inMod, b.Types)
			b.Check(err, b.LocOf(e))
			c.Val = d.Clone()
		}
		b.At(c, b.LocOf(e))
		if base != dst {
			return b.ToDomain(c, dst, form, ctx, loc)
		}
		return c
	case *plan.Param:
		return b.coerceParam(v, dst)
	case *plan.Relabel:
		if tree.IsCollate(v) {
			x := b.Coerce(v.Arg, dst, mod, ctx, form, loc)
			if b.CollationOf(dst) == 0 {
				return x
			}
			t := x.Type()
			t.Coll = v.T.Coll
			return b.recollate(v, x, t)
		}
	case *plan.ColRef:
		// An unknown-typed column (only possible for what resolves later, as VALUES rows): by its text.
		return b.At(&plan.CoerceViaIO{Arg: e, T: b.PlanType(dst, -1), Form: form}, b.LocOf(e))
	}
	return nil
}

// buildCoercion makes the conversion call to the base type dst.
func (b *Binder) buildCoercion(e plan.Expr, path overload.Pathway, fn, dst types.OID, mod int32, ctx overload.Context, form plan.CallForm, loc int32) plan.Expr {
	at := b.LocOf(e)
	switch path {
	case overload.ByFunc:
		p := b.Proc(fn)
		args := []plan.Expr{b.toDeclared(e, p.ArgTypes[0])}
		if len(p.ArgTypes) >= 2 {
			args = append(args, b.IntConst(mod))
		}
		if len(p.ArgTypes) == 3 {
			args = append(args, boolConst(ctx == overload.Explicit))
		}
		b.noteVolatile(p)
		b.NeedFunction(fn)
		return b.At(&plan.FuncCall{Proc: fn, Name: p.Name, Args: args, T: b.PlanType(dst, -1), Form: castForm(form), Func: b.userFunction(fn)}, at)
	case overload.ByArray:
		return b.arrayCoerce(e, dst, mod, ctx, form, loc)
	}
	return b.At(&plan.CoerceViaIO{Arg: e, T: b.PlanType(dst, -1), Form: form}, at)
}

func castForm(f plan.CallForm) plan.CallForm {
	if f == plan.CallCastExplicit {
		return f
	}
	return plan.CallCastImplicit
}

// toDeclared relabels a value for a function that takes a binary-compatible type.
func (b *Binder) toDeclared(e plan.Expr, want types.OID) plan.Expr {
	if have := e.Type().OID; have != want && !overload.IsPolymorphic(want) && want != types.Any && b.BinaryCoercible(have, want) {
		return b.Relabel(e, b.PlanType(want, -1), plan.CallCastImplicit)
	}
	return e
}

func (b *Binder) arrayCoerce(e plan.Expr, dst types.OID, mod int32, ctx overload.Context, form plan.CallForm, loc int32) plan.Expr {
	srcEl, dstEl := b.ElemType(b.BaseType(e.Type().OID)), b.ElemType(dst)
	el := &plan.ColRef{Col: b.NewCol(), Name: "element", T: b.PlanType(srcEl, -1)}
	if srcEl == b.BaseType(e.Type().OID) {
		el.T.Mod = e.Type().Mod
	}
	x := b.CoerceToTarget(el, dstEl, mod, ctx, form, loc)
	if x == nil {
		b.Fail(pgerr.InternalError, loc, "failed to coerce array element type as expected")
	}
	t := b.PlanType(dst, x.Type().Mod)
	if plan.Expr(el) == x {
		return b.Relabel(e, t, form)
	}
	return b.At(&plan.ArrayCoerce{Arg: e, Elem: x, ElemCol: el.Col, T: t, Form: form}, b.LocOf(e))
}

// ApplyTypmod adds the length coercion that the modifier asks for. hideInput is PostgreSQL's name for marking the inner
// cast as implicit so that only one cast is printed.
func (b *Binder) ApplyTypmod(e plan.Expr, dst types.OID, mod int32, form plan.CallForm, ctx overload.Context, hideInput bool) plan.Expr {
	if mod < 0 || e.Type().Mod == mod {
		return e
	}
	if hideInput {
		b.markImplicit(e)
	}
	base := dst
	el := b.ElemType(base)
	if el != 0 {
		base = el
	}
	c := b.Cast(base, base)
	if c == nil || c.Func == 0 {
		return b.RelabelMod(e, mod)
	}
	if el != 0 {
		ref := &plan.ColRef{Col: b.NewCol(), Name: "element", T: b.PlanType(el, e.Type().Mod)}
		x := b.ApplyTypmod(ref, el, mod, form, ctx, false)
		return b.At(&plan.ArrayCoerce{Arg: e, Elem: x, ElemCol: ref.Col, T: b.PlanType(dst, mod), Form: form}, b.LocOf(e))
	}
	p := b.Proc(c.Func)
	args := []plan.Expr{e, b.IntConst(mod)}
	if len(p.ArgTypes) == 3 {
		args = append(args, boolConst(ctx == overload.Explicit))
	}
	return b.At(&plan.FuncCall{Proc: p.OID, Name: p.Name, Args: args, T: b.PlanType(dst, mod), Form: castForm(form), Func: b.userFunction(p.OID)}, b.LocOf(e))
}

// RelabelMod gives e another modifier over the same bits.
func (b *Binder) RelabelMod(e plan.Expr, mod int32) plan.Expr {
	t := e.Type()
	t.Mod = mod
	return b.Relabel(e, t, plan.CallCastImplicit)
}

func (b *Binder) markImplicit(e plan.Expr) {
	switch v := e.(type) {
	case *plan.FuncCall:
		if v.Form == plan.CallCastExplicit {
			v.Form = plan.CallCastImplicit
		}
	case *plan.Relabel:
		if !tree.IsCollate(v) {
			v.Form = plan.CallCastImplicit
		}
	case *plan.CoerceViaIO:
		v.Form = plan.CallCastImplicit
	case *plan.ArrayCoerce:
		v.Form = plan.CallCastImplicit
	case *plan.CoerceToDomain:
		v.Form = plan.CallCastImplicit
	}
}

func (b *Binder) recordToComposite(e plan.Expr, dst types.OID, ctx overload.Context, form plan.CallForm, loc int32) plan.Expr {
	base := b.BaseType(dst)
	t := b.Type(base)
	cannot := func(detail string, args ...any) {
		if loc < 0 {
			loc = b.LocOf(e)
		}
		panic(b.Err(pgerr.CannotCoerce, loc, "cannot cast type %s to %s", b.TypeText(e.Type().OID), b.TypeText(dst)).WithDetail(detail, args...))
	}
	row, ok := e.(*plan.RowCtor)
	if !ok {
		return b.At(&plan.CoerceViaIO{Arg: e, T: b.PlanType(dst, -1), Form: form}, b.LocOf(e))
	}
	out := &plan.RowCtor{T: b.PlanType(base, -1)}
	for i, a := range t.Attrs {
		if i >= len(row.Fields) {
			cannot("Input has too few columns.")
		}
		x := b.CoerceToTarget(row.Fields[i], a.Type, a.Mod, ctx, plan.CallCastImplicit, -1)
		if x == nil {
			cannot("Cannot cast type %s to %s in column %d.", b.TypeText(row.Fields[i].Type().OID), b.TypeText(a.Type), i+1)
		}
		out.Fields, out.Names = append(out.Fields, x), append(out.Names, a.Name)
	}
	if len(row.Fields) > len(t.Attrs) {
		cannot("Input has too many columns.")
	}
	b.At(out, b.LocOf(e))
	if base != dst {
		return b.ToDomain(out, dst, form, ctx, loc)
	}
	return out
}

// IntConst is an integer constant.
func (b *Binder) IntConst(v int32) plan.Expr {
	return &plan.Const{Val: tuple.Int(int64(v)), T: plan.Type{OID: types.Int4, Mod: -1}}
}

func boolConst(v bool) plan.Expr {
	return &plan.Const{Val: tuple.Bool(v), T: plan.Type{OID: types.Bool, Mod: -1}}
}

func (b *Binder) noteVolatile(p *pgdata.Proc) {
	if p.Volatile == 'v' {
		b.Volatile = true
	}
}

// ResolveUnknown gives what is still unknown the type text, as a result column has it.
func (b *Binder) ResolveUnknown(e plan.Expr) plan.Expr {
	if e.Type().OID == types.Unknown {
		return b.Coerce(e, types.Text, -1, overload.Implicit, plan.CallCastImplicit, -1)
	}
	return e
}

// CommonType is select_common_type: what is the clause's name in the error, "" to get 0 instead of an error.
func (b *Binder) CommonType(es []plan.Expr, what string) (types.OID, plan.Expr) {
	which := es[0]
	p := es[0].Type().OID
	if p != types.Unknown {
		same := true
		for _, e := range es[1:] {
			if e.Type().OID != p {
				same = false
				break
			}
		}
		if same {
			return p, which
		}
	}
	p = b.BaseType(p)
	cat, pref := b.Category(p), b.Preferred(p)
	for _, e := range es[1:] {
		n := b.BaseType(e.Type().OID)
		if n == types.Unknown || n == p {
			continue
		}
		nc, np := b.Category(n), b.Preferred(n)
		switch {
		case p == types.Unknown:
			which, p, cat, pref = e, n, nc, np
		case nc != cat:
			if what == "" {
				return 0, nil
			}
			b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "%s types %s and %s cannot be matched", what, b.TypeText(p), b.TypeText(n))
		case !pref && b.CanCoerce(p, n, overload.Implicit) && !b.CanCoerce(n, p, overload.Implicit):
			which, p, cat, pref = e, n, nc, np
		}
	}
	if p == types.Unknown {
		p = types.Text
	}
	return p, which
}

// ToCommon is coerce_to_common_type.
func (b *Binder) ToCommon(e plan.Expr, t types.OID, what string) plan.Expr {
	src := e.Type().OID
	if src == t {
		return e
	}
	if !b.CanCoerce(src, t, overload.Implicit) {
		b.Fail(pgerr.CannotCoerce, b.LocOf(e), "%s could not convert type %s to %s", what, b.TypeText(src), b.TypeText(t))
	}
	return b.Coerce(e, t, -1, overload.Implicit, plan.CallCastImplicit, -1)
}

// CommonMod is the modifier that all expressions share, -1 otherwise. They have type t.
func CommonMod(es []plan.Expr, t types.OID) int32 {
	mod := int32(-1)
	for i, e := range es {
		et := e.Type()
		if et.OID != t {
			return -1
		}
		if i == 0 {
			mod = et.Mod
		} else if mod != et.Mod {
			return -1
		}
	}
	return mod
}

// ToBool is coerce_to_boolean: what is the clause's name.
func (b *Binder) ToBool(e plan.Expr, what string) plan.Expr {
	t := e.Type().OID
	if t != types.Bool {
		x := b.CoerceToTarget(e, types.Bool, -1, overload.Assignment, plan.CallCastImplicit, -1)
		if x == nil {
			b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "argument of %s must be type %s, not type %s", what, "boolean", b.TypeText(t))
		}
		e = x
	}
	if returnsSet(e) {
		b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "argument of %s must not return a set", what)
	}
	return e
}

// ToSpecific is coerce_to_specific_type.
func (b *Binder) ToSpecific(e plan.Expr, want types.OID, what string) plan.Expr {
	t := e.Type().OID
	if t != want {
		x := b.CoerceToTarget(e, want, -1, overload.Assignment, plan.CallCastImplicit, -1)
		if x == nil {
			b.Fail(pgerr.DatatypeMismatch, b.LocOf(e), "argument of %s must be type %s, not type %s", what, b.TypeText(want), b.TypeText(t))
		}
		e = x
	}
	return e
}

func returnsSet(e plan.Expr) bool {
	f, ok := e.(*plan.FuncCall)
	return ok && f.RetSet
}
