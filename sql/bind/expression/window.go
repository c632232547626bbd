package expression

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/bind/tree"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// Window is one distinct window of a query level with the calls over it.
type Window struct {
	Def       *ast.WindowDef // as written, with what it takes from a named one
	Partition []plan.Expr
	Order     []SortItem
	Frame     plan.Frame
	Calls     []windowSlot
	bound     bool
	Ref       string // the named window that it copies
	OrderRef  bool   // its ORDER BY is the named one's
}

type windowSlot struct {
	ID   plan.ColID
	Call *plan.WindowCall
}

// Bits of WindowDef.frameOptions (parsenodes.h).
const (
	FrameNonDefault     = 0x00001
	FrameBetween        = 0x00010
	frameRange          = 0x00002
	frameRows           = 0x00004
	frameGroups         = 0x00008
	frameStartUnbPre    = 0x00020
	frameEndUnbPre      = 0x00040
	frameStartUnbFol    = 0x00080
	frameEndUnbFol      = 0x00100
	frameStartCurrent   = 0x00200
	frameEndCurrent     = 0x00400
	frameStartOffPre    = 0x00800
	frameEndOffPre      = 0x01000
	frameStartOffFol    = 0x02000
	frameEndOffFol      = 0x04000
	frameExcludeCurrent = 0x08000
	frameExcludeGroup   = 0x10000
	frameExcludeTies    = 0x20000
	inRangeProc         = 3
	frameStartOffset    = frameStartOffPre | frameStartOffFol
	frameEndOffset      = frameEndOffPre | frameEndOffFol
)

// DefineWindows records the WINDOW clause.
func (s *Scope) DefineWindows(b *Binder, list []ast.Node) {
	for _, n := range list {
		w := n.(*ast.WindowDef)
		if s.named == nil {
			s.named, s.NamedBy = map[string]*ast.WindowDef{}, map[string]*Window{}
		}
		if _, dup := s.named[w.Name]; dup {
			b.Fail(pgerr.WindowingError, w.Location, "window \"%s\" is already defined", w.Name)
		}
		s.named[w.Name] = w
	}
	// Each definition is checked even where nothing uses it.
	for _, n := range list {
		w := n.(*ast.WindowDef)
		s.NamedBy[w.Name] = &Window{Def: b.mergeWindow(s, w), Ref: w.Refname, OrderRef: w.Refname != "" && len(w.OrderClause) == 0}
	}
	for _, n := range list {
		s.Windows = append(s.Windows, s.NamedBy[n.(*ast.WindowDef).Name])
	}
}

// mergeWindow applies WINDOW w AS (base …).
func (b *Binder) mergeWindow(s *Scope, w *ast.WindowDef) *ast.WindowDef {
	if w.Refname == "" {
		return w
	}
	base, ok := s.named[w.Refname]
	if !ok {
		b.Fail(pgerr.UndefinedObject, w.Location, "window \"%s\" does not exist", w.Refname)
	}
	base = b.mergeWindow(s, base)
	c := *w
	if len(w.PartitionClause) > 0 {
		b.Fail(pgerr.WindowingError, w.Location, "cannot override PARTITION BY clause of window \"%s\"", w.Refname)
	}
	c.PartitionClause = base.PartitionClause
	if len(w.OrderClause) > 0 && len(base.OrderClause) > 0 {
		b.Fail(pgerr.WindowingError, w.Location, "cannot override ORDER BY clause of window \"%s\"", w.Refname)
	}
	if len(w.OrderClause) == 0 {
		c.OrderClause = base.OrderClause
	}
	if base.FrameOptions&FrameNonDefault != 0 {
		e := b.Err(pgerr.WindowingError, w.Location, "cannot copy window \"%s\" because it has a frame clause", w.Refname)
		if len(w.OrderClause) == 0 && w.FrameOptions&FrameNonDefault == 0 {
			e = e.WithHint("Omit the parentheses in this OVER clause.")
		}
		panic(e)
	}
	return &c
}

// windowCall is transformWindowFuncCall.
func (b *Binder) windowCall(s *Scope, n *ast.FuncCall, c *overload.Candidate, name []string, args []plan.Expr, ret types.OID, isAgg bool) plan.Expr {
	full, loc := strings.Join(name, "."), n.Location
	p := c.Proc
	if n.AggDistinct {
		b.Fail(pgerr.FeatureNotSupported, loc, "DISTINCT is not implemented for window functions")
	}
	if isAgg && len(p.ArgTypes) == 0 && !n.AggStar {
		b.Fail(pgerr.WrongObjectType, loc, "%s(*) must be used to call a parameterless aggregate function", full)
	}
	if len(n.AggOrder) > 0 {
		b.Fail(pgerr.FeatureNotSupported, loc, "aggregate ORDER BY is not implemented for window functions")
	}
	if n.AggFilter != nil && !isAgg {
		b.Fail(pgerr.FeatureNotSupported, loc, "FILTER is not implemented for non-aggregate window functions")
	}
	for _, a := range args {
		b.noWindowIn(s, a, "window function calls cannot be nested")
	}
	if why := s.Kind.notIn(false); why != "" {
		b.Fail(pgerr.WindowingError, loc, "window functions are not allowed in %s", why)
	}
	call := &plan.WindowCall{Proc: p.OID, Name: p.Name, Args: args, Star: n.AggStar, IsAgg: isAgg, T: b.PlanType(ret, -1)}
	if n.AggFilter != nil {
		call.Filter = b.BoolExpr(s, n.AggFilter, kindFilter, "FILTER")
	}
	for _, a := range args {
		tree.WalkExpr(a, func(e plan.Expr) bool {
			if ref, ok := e.(*plan.ColRef); ok {
				if d := b.Derived[ref.Col]; d != nil && d.Kind == 's' && d.Scope == s {
					panic(b.Err(pgerr.FeatureNotSupported, b.LocOf(e), "window function calls cannot contain set-returning function calls").
						WithHint("You might be able to move the set-returning function into a LATERAL FROM item."))
				}
			}
			return true
		})
	}
	coll := b.Collate(call)
	if isAgg {
		a := &plan.Aggref{Proc: p.OID, Name: p.Name, Args: args, Filter: call.Filter, Star: n.AggStar, InputColl: call.InputColl, T: call.T}
		for _, e := range args {
			a.ArgTypes = append(a.ArgTypes, e.Type().OID)
		}
		row := b.Aggregate(p.OID)
		a.TransType = b.transType(a, row.TransType)
		if row.FinalModify != 'r' {
			b.Fail(pgerr.FeatureNotSupported, -1, "aggregate function %s does not support use as a window function", b.Signature([]string{p.Name}, nil, p.ArgTypes))
		}
		b.aggSteps(a, row, loc)
		call.Agg, call.Func = a, a.Func
	}
	w := b.windowFor(s, n.Over)
	id := b.NewCol()
	b.Owner[id] = s
	b.Derived[id] = &Derived{Kind: 'w', Def: call, coll: coll, Scope: s}
	w.Calls = append(w.Calls, windowSlot{id, call})
	return b.At(&plan.ColRef{Col: id, Name: p.Name, T: call.T}, loc)
}

func (b *Binder) noWindowIn(s *Scope, e plan.Expr, msg string) {
	tree.WalkExpr(e, func(x plan.Expr) bool {
		if c, ok := x.(*plan.ColRef); ok {
			if d := b.Derived[c.Col]; d != nil && d.Kind == 'w' && d.Scope == s {
				b.Fail(pgerr.WindowingError, b.LocOf(x), "%s", msg)
			}
		}
		return true
	})
}

// windowFor finds or adds the window of an OVER clause.
func (b *Binder) windowFor(s *Scope, over *ast.WindowDef) *Window {
	if over.Name != "" {
		w, ok := s.NamedBy[over.Name]
		if !ok {
			b.Fail(pgerr.UndefinedObject, over.Location, "window \"%s\" does not exist", over.Name)
		}
		return w
	}
	w := &Window{Def: b.mergeWindow(s, over), Ref: over.Refname, OrderRef: over.Refname != "" && len(over.OrderClause) == 0}
	s.Windows = append(s.Windows, w)
	return w
}

// WindowOf is the window whose call makes column id; nil if there is none.
func (b *Binder) WindowOf(s *Scope, id plan.ColID) *Window {
	for _, w := range s.Windows {
		for _, c := range w.Calls {
			if c.ID == id {
				return w
			}
		}
	}
	return nil
}

// WindowOrders binds PARTITION BY, ORDER BY and the frame of every window, after the target list.
func (b *Binder) WindowOrders(s *Scope, targets *[]*Target) {
	for _, w := range s.Windows {
		if w.bound {
			continue
		}
		w.bound = true
		// Expressions are matched against the target list, and do not join it.
		list := append([]*Target(nil), *targets...)
		for _, n := range w.Def.PartitionClause {
			t := b.findTarget99(s, n, &list, kindWindowPartition)
			e := b.ResolveUnknown(t.Expr)
			b.Collate(e)
			b.EqualOperator(e.Type().OID, b.LocOf(e))
			w.Partition = append(w.Partition, e)
		}
		for _, o := range b.OrderBy(s, w.Def.OrderClause, &list, kindWindowOrder, "ORDER BY", true) {
			c := *o.Target
			o.Target = &c
			b.Collate(o.Target.Expr)
			w.Order = append(w.Order, o)
		}
		b.frame(s, w)
	}
	if !b.Printing {
		b.shareWindows(s)
	}
}

// shareWindows merges windows that are the same, so that each order is computed once.
func (b *Binder) shareWindows(s *Scope) {
	var out []*Window
next:
	for _, w := range s.Windows {
		if len(w.Calls) == 0 {
			continue
		}
		for _, o := range out {
			if sameWindow(o, w) {
				o.Calls = append(o.Calls, w.Calls...)
				continue next
			}
		}
		out = append(out, w)
	}
	s.Windows = out
}

func sameWindow(a, c *Window) bool {
	if len(a.Order) != len(c.Order) || !tree.EqualList(a.Partition, c.Partition) || a.Frame.Mode != c.Frame.Mode || a.Frame.Start != c.Frame.Start ||
		a.Frame.End != c.Frame.End || a.Frame.Exclude != c.Frame.Exclude || !tree.Equal(a.Frame.StartOff, c.Frame.StartOff) || !tree.Equal(a.Frame.EndOff, c.Frame.EndOff) {
		return false
	}
	for i := range a.Order {
		x, y := a.Order[i], c.Order[i]
		if x.Less != y.Less || x.NullsFirst != y.NullsFirst || !tree.Equal(x.Target.Expr, y.Target.Expr) {
			return false
		}
	}
	return true
}

func (b *Binder) frame(s *Scope, w *Window) {
	o := w.Def.FrameOptions
	f := &w.Frame
	switch {
	case o&frameRows != 0:
		f.Mode = plan.FrameRows
	case o&frameGroups != 0:
		f.Mode = plan.FrameGroups
		if len(w.Order) == 0 {
			b.Fail(pgerr.WindowingError, w.Def.Location, "GROUPS mode requires an ORDER BY clause")
		}
	}
	switch {
	case o&frameStartOffPre != 0:
		f.Start = plan.OffsetPreceding
	case o&frameStartOffFol != 0:
		f.Start = plan.OffsetFollowing
	case o&frameStartCurrent != 0:
		f.Start = plan.CurrentRow
	case o&frameStartUnbFol != 0:
		f.Start = plan.UnboundedFollowing
	default:
		f.Start = plan.UnboundedPreceding
	}
	switch {
	case o&frameEndOffPre != 0:
		f.End = plan.OffsetPreceding
	case o&frameEndOffFol != 0:
		f.End = plan.OffsetFollowing
	case o&frameEndUnbFol != 0:
		f.End = plan.UnboundedFollowing
	case o&frameEndUnbPre != 0:
		f.End = plan.UnboundedPreceding
	default:
		f.End = plan.CurrentRow
	}
	switch {
	case o&frameExcludeCurrent != 0:
		f.Exclude = plan.ExcludeCurrentRow
	case o&frameExcludeGroup != 0:
		f.Exclude = plan.ExcludeGroup
	case o&frameExcludeTies != 0:
		f.Exclude = plan.ExcludeTies
	}
	if f.Mode == plan.FrameRange && o&(frameStartOffset|frameEndOffset) != 0 && len(w.Order) != 1 {
		b.Fail(pgerr.WindowingError, w.Def.Location, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
	}
	if o&frameStartOffset != 0 {
		f.StartOff, f.StartFn = b.frameOffset(s, w, w.Def.StartOffset)
	}
	if o&frameEndOffset != 0 {
		f.EndOff, f.EndFn = b.frameOffset(s, w, w.Def.EndOffset)
	}
}

// frameOffset is transformFrameOffset.
func (b *Binder) frameOffset(s *Scope, w *Window, n ast.Node) (plan.Expr, types.OID) {
	var e plan.Expr
	var fn types.OID
	what := ""
	switch w.Frame.Mode {
	case plan.FrameRows:
		what = "ROWS"
		e = b.ToSpecific(b.ExprIn(s, n, kindWindowRows), types.Int8, what)
	case plan.FrameGroups:
		what = "GROUPS"
		e = b.ToSpecific(b.ExprIn(s, n, kindWindowGroups), types.Int8, what)
	default:
		what = "RANGE"
		e = b.ExprIn(s, n, kindWindowRange)
		e, fn = b.rangeOffset(w, e)
	}
	tree.WalkExpr(e, func(x plan.Expr) bool {
		if c, ok := x.(*plan.ColRef); ok && b.Owner[c.Col] == s {
			b.Fail(pgerr.InvalidColumnReference, b.LocOf(x), "argument of %s must not contain variables", what)
		}
		return true
	})
	b.Collate(e)
	return e, fn
}

// rangeOffset chooses the in_range function for the ordering column's type and the offset's.
func (b *Binder) rangeOffset(w *Window, e plan.Expr) (plan.Expr, types.OID) {
	o := w.Order[0]
	typ := o.Target.Expr.Type().OID
	var fam lexicon.Family
	for _, f := range b.OpFamilies(o.Less) {
		if f.Strategy == lexicon.Less || f.Strategy == lexicon.Greater {
			fam = f
			break
		}
	}
	offType := e.Type().OID
	var best, fn types.OID
	matches, exact := 0, false
	for right, p := range b.SupportProcs(fam.OID, fam.Left, inRangeProc) {
		matches++
		switch {
		case right == offType:
			best, fn, exact = right, p, true
		case exact:
		case offType == types.Unknown && right == typ:
			best, fn, exact = right, p, true
		case b.CanCoerce(offType, right, overload.Implicit):
			if best == 0 || b.Preferred(right) || !b.Preferred(best) && right == typ {
				best, fn = right, p
			}
		}
	}
	switch {
	case matches == 0:
		b.Fail(pgerr.FeatureNotSupported, b.LocOf(e), "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", b.TypeText(fam.Left))
	case best == 0:
		panic(b.Err(pgerr.FeatureNotSupported, b.LocOf(e), "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s", b.TypeText(fam.Left), b.TypeText(offType)).
			WithHint("Cast the offset value to an appropriate type."))
	}
	return b.ToSpecific(e, best, "RANGE"), fn
}
