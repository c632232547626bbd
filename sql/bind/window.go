package bind

import (
	"strings"

	"github.com/tarndb/tarn/sql/bind/lexicon"
	"github.com/tarndb/tarn/sql/bind/overload"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
)

// window is one distinct window of a query level with the calls over it.
type window struct {
	def       *ast.WindowDef // as written, with what it takes from a named one
	partition []plan.Expr
	order     []sortItem
	frame     plan.Frame
	calls     []windowSlot
	bound     bool
	ref       string // the named window that it copies
	orderRef  bool   // its ORDER BY is the named one's
}

type windowSlot struct {
	id   plan.ColID
	call *plan.WindowCall
}

// Bits of WindowDef.frameOptions (parsenodes.h).
const (
	frameNonDefault     = 0x00001
	frameBetween        = 0x00010
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

// defineWindows records the WINDOW clause.
func (s *scope) defineWindows(b *binder, list []ast.Node) {
	for _, n := range list {
		w := n.(*ast.WindowDef)
		if s.named == nil {
			s.named, s.namedBy = map[string]*ast.WindowDef{}, map[string]*window{}
		}
		if _, dup := s.named[w.Name]; dup {
			b.Fail(pgerr.WindowingError, w.Location, "window \"%s\" is already defined", w.Name)
		}
		s.named[w.Name] = w
	}
	// Each definition is checked even where nothing uses it.
	for _, n := range list {
		w := n.(*ast.WindowDef)
		s.namedBy[w.Name] = &window{def: b.mergeWindow(s, w), ref: w.Refname, orderRef: w.Refname != "" && len(w.OrderClause) == 0}
	}
	for _, n := range list {
		s.windows = append(s.windows, s.namedBy[n.(*ast.WindowDef).Name])
	}
}

// mergeWindow applies WINDOW w AS (base …).
func (b *binder) mergeWindow(s *scope, w *ast.WindowDef) *ast.WindowDef {
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
	if base.FrameOptions&frameNonDefault != 0 {
		e := b.Err(pgerr.WindowingError, w.Location, "cannot copy window \"%s\" because it has a frame clause", w.Refname)
		if len(w.OrderClause) == 0 && w.FrameOptions&frameNonDefault == 0 {
			e = e.WithHint("Omit the parentheses in this OVER clause.")
		}
		panic(e)
	}
	return &c
}

// windowCall is transformWindowFuncCall.
func (b *binder) windowCall(s *scope, n *ast.FuncCall, c *overload.Candidate, name []string, args []plan.Expr, ret types.OID, isAgg bool) plan.Expr {
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
	if why := s.kind.notIn(false); why != "" {
		b.Fail(pgerr.WindowingError, loc, "window functions are not allowed in %s", why)
	}
	call := &plan.WindowCall{Proc: p.OID, Name: p.Name, Args: args, Star: n.AggStar, IsAgg: isAgg, T: b.PlanType(ret, -1)}
	if n.AggFilter != nil {
		call.Filter = b.boolExpr(s, n.AggFilter, kindFilter, "FILTER")
	}
	for _, a := range args {
		walkExpr(a, func(e plan.Expr) bool {
			if ref, ok := e.(*plan.ColRef); ok {
				if d := b.derived[ref.Col]; d != nil && d.kind == 's' && d.scope == s {
					panic(b.Err(pgerr.FeatureNotSupported, b.locOf(e), "window function calls cannot contain set-returning function calls").
						WithHint("You might be able to move the set-returning function into a LATERAL FROM item."))
				}
			}
			return true
		})
	}
	coll := b.collate(call)
	if isAgg {
		a := &plan.Aggref{Proc: p.OID, Name: p.Name, Args: args, Filter: call.Filter, Star: n.AggStar, InputColl: call.InputColl, T: call.T}
		for _, e := range args {
			a.ArgTypes = append(a.ArgTypes, e.Type().OID)
		}
		a.TransType = b.transType(a, b.Aggregate(p.OID).TransType)
		call.Agg = a
	}
	w := b.windowFor(s, n.Over)
	id := b.newCol()
	b.owner[id] = s
	b.derived[id] = &derived{kind: 'w', def: call, coll: coll, scope: s}
	w.calls = append(w.calls, windowSlot{id, call})
	return b.at(&plan.ColRef{Col: id, Name: p.Name, T: call.T}, loc)
}

func (b *binder) noWindowIn(s *scope, e plan.Expr, msg string) {
	walkExpr(e, func(x plan.Expr) bool {
		if c, ok := x.(*plan.ColRef); ok {
			if d := b.derived[c.Col]; d != nil && d.kind == 'w' && d.scope == s {
				b.Fail(pgerr.WindowingError, b.locOf(x), "%s", msg)
			}
		}
		return true
	})
}

// windowFor finds or adds the window of an OVER clause.
func (b *binder) windowFor(s *scope, over *ast.WindowDef) *window {
	if over.Name != "" {
		w, ok := s.namedBy[over.Name]
		if !ok {
			b.Fail(pgerr.UndefinedObject, over.Location, "window \"%s\" does not exist", over.Name)
		}
		return w
	}
	w := &window{def: b.mergeWindow(s, over), ref: over.Refname, orderRef: over.Refname != "" && len(over.OrderClause) == 0}
	s.windows = append(s.windows, w)
	return w
}

func (b *binder) windowOf(s *scope, id plan.ColID) *window {
	for _, w := range s.windows {
		for _, c := range w.calls {
			if c.id == id {
				return w
			}
		}
	}
	return nil
}

// windowOrders binds PARTITION BY, ORDER BY and the frame of every window, after the target list.
func (b *binder) windowOrders(s *scope, targets *[]*target) {
	for _, w := range s.windows {
		if w.bound {
			continue
		}
		w.bound = true
		// Expressions are matched against the target list, and do not join it.
		list := append([]*target(nil), *targets...)
		for _, n := range w.def.PartitionClause {
			t := b.findTarget99(s, n, &list, kindWindowPartition)
			e := b.resolveUnknown(t.e)
			b.collate(e)
			b.EqualOperator(e.Type().OID, b.locOf(e))
			w.partition = append(w.partition, e)
		}
		for _, o := range b.orderBy(s, w.def.OrderClause, &list, kindWindowOrder, "ORDER BY", true) {
			c := *o.t
			o.t = &c
			b.collate(o.t.e)
			w.order = append(w.order, o)
		}
		b.frame(s, w)
	}
	if !b.printing {
		b.shareWindows(s)
	}
}

// shareWindows merges windows that are the same, so that each order is computed once.
func (b *binder) shareWindows(s *scope) {
	var out []*window
next:
	for _, w := range s.windows {
		if len(w.calls) == 0 {
			continue
		}
		for _, o := range out {
			if sameWindow(o, w) {
				o.calls = append(o.calls, w.calls...)
				continue next
			}
		}
		out = append(out, w)
	}
	s.windows = out
}

func sameWindow(a, c *window) bool {
	if len(a.order) != len(c.order) || !equalList(a.partition, c.partition) || a.frame.Mode != c.frame.Mode || a.frame.Start != c.frame.Start ||
		a.frame.End != c.frame.End || a.frame.Exclude != c.frame.Exclude || !equal(a.frame.StartOff, c.frame.StartOff) || !equal(a.frame.EndOff, c.frame.EndOff) {
		return false
	}
	for i := range a.order {
		x, y := a.order[i], c.order[i]
		if x.lt != y.lt || x.nullsFirst != y.nullsFirst || !equal(x.t.e, y.t.e) {
			return false
		}
	}
	return true
}

func (b *binder) frame(s *scope, w *window) {
	o := w.def.FrameOptions
	f := &w.frame
	switch {
	case o&frameRows != 0:
		f.Mode = plan.FrameRows
	case o&frameGroups != 0:
		f.Mode = plan.FrameGroups
		if len(w.order) == 0 {
			b.Fail(pgerr.WindowingError, w.def.Location, "GROUPS mode requires an ORDER BY clause")
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
	if f.Mode == plan.FrameRange && o&(frameStartOffset|frameEndOffset) != 0 && len(w.order) != 1 {
		b.Fail(pgerr.WindowingError, w.def.Location, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
	}
	if o&frameStartOffset != 0 {
		f.StartOff, f.StartFn = b.frameOffset(s, w, w.def.StartOffset)
	}
	if o&frameEndOffset != 0 {
		f.EndOff, f.EndFn = b.frameOffset(s, w, w.def.EndOffset)
	}
}

// frameOffset is transformFrameOffset.
func (b *binder) frameOffset(s *scope, w *window, n ast.Node) (plan.Expr, types.OID) {
	var e plan.Expr
	var fn types.OID
	what := ""
	switch w.frame.Mode {
	case plan.FrameRows:
		what = "ROWS"
		e = b.toSpecific(b.exprKind(s, n, kindWindowRows), types.Int8, what)
	case plan.FrameGroups:
		what = "GROUPS"
		e = b.toSpecific(b.exprKind(s, n, kindWindowGroups), types.Int8, what)
	default:
		what = "RANGE"
		e = b.exprKind(s, n, kindWindowRange)
		e, fn = b.rangeOffset(w, e)
	}
	walkExpr(e, func(x plan.Expr) bool {
		if c, ok := x.(*plan.ColRef); ok && b.owner[c.Col] == s {
			b.Fail(pgerr.InvalidColumnReference, b.locOf(x), "argument of %s must not contain variables", what)
		}
		return true
	})
	b.collate(e)
	return e, fn
}

// rangeOffset chooses the in_range function for the ordering column's type and the offset's.
func (b *binder) rangeOffset(w *window, e plan.Expr) (plan.Expr, types.OID) {
	o := w.order[0]
	typ := o.t.e.Type().OID
	var fam lexicon.Family
	for _, f := range b.OpFamilies(o.lt) {
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
		b.Fail(pgerr.FeatureNotSupported, b.locOf(e), "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", b.TypeText(fam.Left))
	case best == 0:
		panic(b.Err(pgerr.FeatureNotSupported, b.locOf(e), "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s", b.TypeText(fam.Left), b.TypeText(offType)).
			WithHint("Cast the offset value to an appropriate type."))
	}
	return b.toSpecific(e, best, "RANGE"), fn
}

// windowStage puts a Window on top for each window of the level.
func (b *binder) windowStage(s *scope, rel plan.Rel) plan.Rel {
	for _, w := range s.windows {
		es := append([]plan.Expr(nil), w.partition...)
		for _, o := range w.order {
			es = append(es, o.t.e)
		}
		var cols []plan.Col
		rel, cols = b.withColumns(s, rel, es)
		n := &plan.Window{In: rel, Frame: w.frame}
		for i := range w.partition {
			n.Partition = append(n.Partition, cols[i].ID)
		}
		for i, o := range w.order {
			c := cols[len(w.partition)+i]
			n.Order = append(n.Order, plan.SortKey{Col: c.ID, T: c.T, Desc: o.desc, NullsFirst: o.nullsFirst, Op: o.lt})
		}
		for _, c := range w.calls {
			n.Calls = append(n.Calls, c.call)
			n.Out = append(n.Out, plan.Col{ID: c.id, Name: c.call.Name, T: c.call.T})
		}
		rel = n
	}
	return rel
}
