package builtin

import (
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

var errZeroStep = pgerr.New(pgerr.InvalidParameterValue, "step size cannot equal zero")

// intSeries counts; one row buffer serves the whole series.
type intSeries struct {
	next, end, step int64
	done            bool
	row             [1]datum
}

func (s *intSeries) Next() ([]datum, bool, error) {
	if s.done || s.step > 0 && s.next > s.end || s.step < 0 && s.next < s.end {
		return nil, false, nil
	}
	s.row[0] = tuple.Int(s.next)
	n := s.next + s.step
	s.done = (s.step > 0) != (n > s.next)
	s.next = n
	return s.row[:], true, nil
}

func seriesInts(_ *Call, a []datum) (Rows, error) {
	step := int64(1)
	if len(a) > 2 {
		step = a[2].Int()
	}
	if step == 0 {
		return nil, fresh(errZeroStep)
	}
	return &intSeries{next: a[0].Int(), end: a[1].Int(), step: step}, nil
}

func seriesNumeric(_ *Call, a []datum) (Rows, error) {
	step := types.NumericInt(1)
	if len(a) > 2 {
		step = a[2].Clone()
	}
	for i, what := range []string{"start value", "stop value", "step size"} {
		if i >= len(a) {
			break
		}
		switch {
		case types.NumericIsNaN(a[i]):
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be NaN", what)
		case types.NumericIsInf(a[i]):
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be infinity", what)
		}
	}
	if types.NumericIsZero(step) {
		return nil, fresh(errZeroStep)
	}
	cur, end, dir := a[0].Clone(), a[1].Clone(), types.NumericSgn(step)
	var row [1]datum
	return rowsFunc(func() ([]datum, bool, error) {
		if types.NumericCmp(cur, end)*dir > 0 {
			return nil, false, nil
		}
		row[0] = cur
		next, err := types.NumericAdd(cur, step)
		if err != nil {
			return nil, false, err
		}
		cur = next
		return row[:], true, nil
	}), nil
}

// seriesTime steps by an interval; add is timestamp or timestamptz arithmetic.
func seriesTime(add func(c *Call, ts int64, v types.IntervalVal) (int64, error)) SetFn {
	return func(c *Call, a []datum) (Rows, error) {
		step := types.IntervalOf(a[2])
		dir := types.CompareKind(tuple.KindInterval, a[2], types.IntervalVal{}.Datum())
		if dir == 0 {
			return nil, fresh(errZeroStep)
		}
		cur, end := a[0].Int(), a[1].Int()
		var row [1]datum
		return rowsFunc(func() ([]datum, bool, error) {
			if dir > 0 && cur > end || dir < 0 && cur < end {
				return nil, false, nil
			}
			row[0] = tuple.Int(cur)
			next, err := add(c, cur, step)
			if err != nil {
				return nil, false, err
			}
			cur = next
			return row[:], true, nil
		}), nil
	}
}

// subscripts yields the indexes of one dimension of an array.
func subscripts(_ *Call, a []datum) (Rows, error) {
	arr := tuple.Array(a[0].Bytes())
	dim := a[1].Int()
	if dim < 1 || dim > int64(arr.NumDims()) {
		return listRows(nil), nil
	}
	d := arr.Dim(int(dim - 1))
	s := &intSeries{next: int64(d.Lower), end: int64(d.Lower + d.Len - 1), step: 1}
	if len(a) > 2 && a[2].Bool() {
		s.next, s.end, s.step = s.end, s.next, -1
	}
	return s, nil
}

func seriesSets() sets {
	return sets{
		"generate_series_int4": seriesInts, "generate_series_int8": seriesInts,
		"generate_series_step_int4": seriesInts, "generate_series_step_int8": seriesInts,
		"generate_series_numeric": seriesNumeric, "generate_series_step_numeric": seriesNumeric,
		"generate_series_timestamp": seriesTime(func(_ *Call, ts int64, v types.IntervalVal) (int64, error) {
			return types.TimestampAddInterval(ts, v)
		}), "generate_series_timestamptz": seriesTime(func(c *Call, ts int64, v types.IntervalVal) (int64, error) {
			return types.TimestampTZAddInterval(ts, v, c.Env.Zone())
		}),
		"generate_subscripts": subscripts, "generate_subscripts_nodir": subscripts,
		"array_unnest": unnest,
	}
}
