package exec

import (
	"sort"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// frameSpec is a window's frame clause.
type frameSpec struct {
	mode       plan.FrameMode
	start, end plan.Bound
	exclude    plan.FrameExclude
	startOff   eval.Fn
	endOff     eval.Fn
	startRange *inRange
	endRange   *inRange

	startVal, endVal types.Datum // this execution's offsets
	startN, endN     int64
}

// inRange calls an in_range support function (manual: 38.16.3).
type inRange struct {
	fn   *builtin.Func
	call *builtin.Call
	args [5]types.Datum
}

func (b *builder) frameSpec(x *plan.WindowAgg) (frameSpec, error) {
	fr := frameSpec{mode: x.Frame.Mode, start: x.Frame.Start, end: x.Frame.End, exclude: x.Frame.Exclude}
	var err error
	if hasOffset(fr.start) {
		if fr.startOff, err = b.Fn(x.Frame.StartOff); err != nil {
			return fr, err
		}
	}
	if hasOffset(fr.end) {
		if fr.endOff, err = b.Fn(x.Frame.EndOff); err != nil {
			return fr, err
		}
	}
	if fr.mode != plan.FrameRange {
		return fr, nil
	}
	if (fr.startOff != nil || fr.endOff != nil) && len(x.Order) != 1 {
		return fr, pgerr.New(pgerr.WindowingError, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
	}
	if fr.startOff != nil {
		if fr.startRange, err = b.inRange(x.Frame.StartFn, x.Order[0], x.Frame.StartOff); err != nil {
			return fr, err
		}
	}
	if fr.endOff != nil {
		if fr.endRange, err = b.inRange(x.Frame.EndFn, x.Order[0], x.Frame.EndOff); err != nil {
			return fr, err
		}
	}
	return fr, nil
}

func (b *builder) inRange(proc types.OID, key plan.SortKey, off plan.Expr) (*inRange, error) {
	f, err := builtin.Lookup(proc)
	if err != nil {
		return nil, err
	}
	if f.Fn == nil {
		return nil, pgerr.Unsupported("function " + builtin.Signature(proc))
	}
	r := &inRange{fn: f, call: b.NewCall(proc, nil, plan.Type{OID: types.Bool, Mod: -1}, 0)}
	r.call.ArgTypes = []types.OID{key.T.OID, key.T.OID, off.Type().OID, types.Bool, types.Bool}
	return r, nil
}

func hasOffset(b plan.Bound) bool { return b == plan.OffsetPreceding || b == plan.OffsetFollowing }

// byValue reports whether frames depend on the values of the order column.
func (fr *frameSpec) byValue() bool { return fr.startRange != nil || fr.endRange != nil }

// open evaluates the offsets.
func (fr *frameSpec) open() error {
	eval := func(fn eval.Fn, name string) (types.Datum, int64, error) {
		if fn == nil {
			return types.Null, 0, nil
		}
		v, err := fn()
		if err != nil {
			return v, 0, err
		}
		if v.IsNull() {
			return v, 0, pgerr.New(pgerr.NullValueNotAllowed, "frame %s offset must not be null", name)
		}
		if fr.mode == plan.FrameRange {
			return v.Clone(), 0, nil // in_range checks the sign
		}
		if v.Int() < 0 {
			return v, 0, pgerr.New(pgerr.InvalidPrecedingOrFollowingSize, "frame %s offset must not be negative", name)
		}
		return v, min(v.Int(), 1<<40), nil
	}
	var err error
	if fr.startVal, fr.startN, err = eval(fr.startOff, "starting"); err != nil {
		return err
	}
	fr.endVal, fr.endN, err = eval(fr.endOff, "ending")
	return err
}

// bounds computes the current row's frame [start, end), the exclusion left out of account.
func (o *windowOp) bounds() error {
	if o.frameAt == o.cur {
		return nil
	}
	start, err := o.frameStart()
	if err != nil {
		return err
	}
	end, err := o.frameEnd()
	if err != nil {
		return err
	}
	o.start, o.end, o.frameAt = start, max(start, end), o.cur
	return nil
}

func clamp(v, n int64) int { return int(max(0, min(v, n))) }

func (o *windowOp) frameStart() (int, error) {
	fr, g := &o.frame, o.group(o.cur)
	switch fr.start {
	case plan.UnboundedPreceding:
		return 0, nil
	case plan.UnboundedFollowing:
		return o.n, nil
	case plan.CurrentRow:
		if fr.mode == plan.FrameRows {
			return o.cur, nil
		}
		return int(o.starts[g]), nil
	}
	n := fr.startN
	if fr.start == plan.OffsetPreceding {
		n = -n
	}
	switch fr.mode {
	case plan.FrameRows:
		return clamp(int64(o.cur)+n, int64(o.n)), nil
	case plan.FrameGroups:
		at := int64(g) + n
		if at >= int64(len(o.starts)) {
			return o.n, nil
		}
		return int(o.starts[max(0, at)]), nil
	}
	return o.rangeBound(fr.startRange, fr.startVal, fr.start == plan.OffsetPreceding, false)
}

func (o *windowOp) frameEnd() (int, error) {
	fr, g := &o.frame, o.group(o.cur)
	switch fr.end {
	case plan.UnboundedPreceding:
		return 0, nil
	case plan.UnboundedFollowing:
		return o.n, nil
	case plan.CurrentRow:
		if fr.mode == plan.FrameRows {
			return o.cur + 1, nil
		}
		return o.groupEnd(g), nil
	}
	n := fr.endN
	if fr.end == plan.OffsetPreceding {
		n = -n
	}
	switch fr.mode {
	case plan.FrameRows:
		return clamp(int64(o.cur)+n+1, int64(o.n)), nil
	case plan.FrameGroups:
		at := int64(g) + n
		if at < 0 {
			return 0, nil
		}
		return o.groupEnd(int(min(at, int64(len(o.starts)-1)))), nil
	}
	return o.rangeBound(fr.endRange, fr.endVal, fr.end == plan.OffsetPreceding, true)
}

// rangeBound finds the bound of a RANGE frame with offset. NULLs are peers of each other and of nothing else.
func (o *windowOp) rangeBound(r *inRange, off types.Datum, preceding, end bool) (int, error) {
	g := o.group(o.cur)
	base := o.ordVals[o.cur]
	if base.IsNull() {
		if end {
			return o.groupEnd(g), nil
		}
		return int(o.starts[g]), nil
	}
	// The rows whose order value is not NULL stand together.
	lo, hi := 0, o.n
	if o.ordVals[0].IsNull() {
		lo = o.groupEnd(0)
	}
	if o.ordVals[o.n-1].IsNull() {
		hi = int(o.starts[o.group(o.n-1)])
	}
	desc := o.order[0].Desc
	sub, less := preceding, end
	if desc {
		sub, less = !sub, !less
	}
	var failed error
	holds := func(pos int) bool {
		if failed != nil {
			return true
		}
		r.args = [5]types.Datum{o.ordVals[pos], base, off, tuple.Bool(sub), tuple.Bool(less)}
		v, err := r.fn.Fn(r.call, r.args[:])
		if err != nil {
			failed = err
			return true
		}
		return v.Bool()
	}
	// in_range is monotone over the sorted rows: the start is the first row for which it holds, the end comes after the
	// last one.
	at := lo + sort.Search(hi-lo, func(i int) bool { return holds(lo+i) != end })
	return at, failed
}
