package window

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Window functions (manual: 9.22). They see their partition in the window's order.

// rankState remembers where the current peer group starts, so that a pass over a partition is linear.
type rankState struct {
	at    int // the row that the state is about; rows come in order
	first int // of its peer group
	dense int64
}

// peers brings the state to the current row. Rows are visited in order within a partition.
func peers(w call.Partition) *rankState {
	st := w.State()
	s, _ := (*st).(*rankState)
	if s == nil || w.Current() < s.at {
		s = &rankState{dense: 1}
		*st = s
	}
	for s.at < w.Current() {
		if !w.Peer(s.at, s.at+1) {
			s.first = s.at + 1
			s.dense++
		}
		s.at++
	}
	return s
}

func winRowNumber(_ *call.Call, w call.Partition) (types.Datum, error) {
	return tuple.Int(int64(w.Current() + 1)), nil
}
func winRank(_ *call.Call, w call.Partition) (types.Datum, error) {
	return tuple.Int(int64(peers(w).first + 1)), nil
}
func winDenseRank(_ *call.Call, w call.Partition) (types.Datum, error) {
	return tuple.Int(peers(w).dense), nil
}

func winPercentRank(_ *call.Call, w call.Partition) (types.Datum, error) {
	n := w.Rows()
	if n <= 1 {
		return tuple.Float(0), nil
	}
	return tuple.Float(float64(peers(w).first) / float64(n-1)), nil
}

// cumeState remembers the end of the current peer group.
type cumeState struct{ end int }

func winCumeDist(_ *call.Call, w call.Partition) (types.Datum, error) {
	st := w.State()
	s, _ := (*st).(*cumeState)
	n, cur := w.Rows(), w.Current()
	if s == nil || cur >= s.end || cur == 0 {
		end := cur + 1
		for end < n && w.Peer(cur, end) {
			end++
		}
		s = &cumeState{end}
		*st = s
	}
	return tuple.Float(float64(s.end) / float64(n)), nil
}

// ntileState holds the argument, which is read on a partition's first row only.
type ntileState struct {
	buckets int64
	isNull  bool
}

func winNtile(_ *call.Call, w call.Partition) (types.Datum, error) {
	st := w.State()
	s, _ := (*st).(*ntileState)
	if s == nil || w.Current() == 0 {
		v, err := w.Arg(0, w.Current())
		if err != nil {
			return types.Null, err
		}
		s = &ntileState{isNull: v.IsNull()}
		if !s.isNull {
			if s.buckets = v.Int(); s.buckets <= 0 {
				return types.Null, pgerr.New(pgerr.InvalidArgumentForNtile, "argument of ntile must be greater than zero")
			}
			*st = s
		}
	}
	if s.isNull {
		return types.Null, nil
	}
	// The first rest buckets hold one row more than the others.
	n, cur := int64(w.Rows()), int64(w.Current())
	size, rest := n/s.buckets, n%s.buckets
	if cur < rest*(size+1) {
		return tuple.Int(cur/(size+1) + 1), nil
	}
	return tuple.Int(rest + (cur-rest*(size+1))/size + 1), nil
}

// winShift is lag and lead: sign -1 and 1.
func winShift(sign int64) call.WindowFn {
	return func(c *call.Call, w call.Partition) (types.Datum, error) {
		cur := w.Current()
		by := int64(1)
		if len(c.ArgTypes) > 1 {
			v, err := w.Arg(1, cur)
			if err != nil || v.IsNull() {
				return types.Null, err
			}
			by = v.Int()
		}
		pos := int64(cur) + sign*by
		if pos < 0 || pos >= int64(w.Rows()) {
			if len(c.ArgTypes) > 2 {
				return w.Arg(2, cur)
			}
			return types.Null, nil
		}
		return w.Arg(0, int(pos))
	}
}

// frameRow finds the nth row (from 1) of the frame from its start, or with back from its end; -1 if there is none.
func frameRow(w call.Partition, n int64, back bool) (int, error) {
	start, err := w.FrameStart()
	if err != nil {
		return -1, err
	}
	end, err := w.FrameEnd()
	if err != nil {
		return -1, err
	}
	pos, step := start, 1
	if back {
		pos, step = end-1, -1
	}
	for ; pos >= start && pos < end; pos += step {
		in, err := w.InFrame(pos)
		if err != nil {
			return -1, err
		}
		if in {
			if n--; n == 0 {
				return pos, nil
			}
		}
	}
	return -1, nil
}

func frameValue(w call.Partition, n int64, back bool) (types.Datum, error) {
	pos, err := frameRow(w, n, back)
	if err != nil || pos < 0 {
		return types.Null, err
	}
	return w.Arg(0, pos)
}

func winFirst(_ *call.Call, w call.Partition) (types.Datum, error) { return frameValue(w, 1, false) }
func winLast(_ *call.Call, w call.Partition) (types.Datum, error)  { return frameValue(w, 1, true) }
func winNth(_ *call.Call, w call.Partition) (types.Datum, error) {
	v, err := w.Arg(1, w.Current())
	if err != nil || v.IsNull() {
		return types.Null, err
	}
	if v.Int() <= 0 {
		return types.Null, pgerr.New(pgerr.InvalidArgumentForNthValue, "argument of nth_value must be greater than zero")
	}
	return frameValue(w, v.Int(), false)
}

// Functions are by pg_proc OID.
func Functions() map[types.OID]call.WindowFn {
	return map[types.OID]call.WindowFn{
		3100: winRowNumber, 3101: winRank, 3102: winDenseRank, 3103: winPercentRank, 3104: winCumeDist, 3105: winNtile,
		3106: winShift(-1), 3107: winShift(-1), 3108: winShift(-1), 3109: winShift(1), 3110: winShift(1), 3111: winShift(1),
		3112: winFirst, 3113: winLast, 3114: winNth,
	}
}
