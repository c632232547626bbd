package number

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

var ErrZeroStep = pgerr.New(pgerr.InvalidParameterValue, "step size cannot equal zero")

// intSeries counts; one row buffer serves the whole series.
type intSeries struct {
	next, end, step int64
	done            bool
	row             [1]types.Datum
}

func (s *intSeries) Next() ([]types.Datum, bool, error) {
	if s.done || s.step > 0 && s.next > s.end || s.step < 0 && s.next < s.end {
		return nil, false, nil
	}
	s.row[0] = tuple.Int(s.next)
	n := s.next + s.step
	s.done = (s.step > 0) != (n > s.next)
	s.next = n
	return s.row[:], true, nil
}

// CountRows counts from next to end, both included, by a step that is not 0.
func CountRows(next, end, step int64) call.Rows { return &intSeries{next: next, end: end, step: step} }

func seriesInts(_ *call.Call, a []types.Datum) (call.Rows, error) {
	step := int64(1)
	if len(a) > 2 {
		step = a[2].Int()
	}
	if step == 0 {
		return nil, call.Fresh(ErrZeroStep)
	}
	return CountRows(a[0].Int(), a[1].Int(), step), nil
}

func seriesNumeric(_ *call.Call, a []types.Datum) (call.Rows, error) {
	step := numeric.Int(1)
	if len(a) > 2 {
		step = a[2].Clone()
	}
	for i, what := range []string{"start value", "stop value", "step size"} {
		if i >= len(a) {
			break
		}
		switch {
		case numeric.IsNaN(a[i]):
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be NaN", what)
		case numeric.IsInf(a[i]):
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be infinity", what)
		}
	}
	if numeric.IsZero(step) {
		return nil, call.Fresh(ErrZeroStep)
	}
	cur, end, dir := a[0].Clone(), a[1].Clone(), numeric.Sgn(step)
	var row [1]types.Datum
	return call.RowsFunc(func() ([]types.Datum, bool, error) {
		if numeric.Cmp(cur, end)*dir > 0 {
			return nil, false, nil
		}
		row[0] = cur
		next, err := numeric.Add(cur, step)
		if err != nil {
			return nil, false, err
		}
		cur = next
		return row[:], true, nil
	}), nil
}

func seriesSets() call.Sets {
	return call.Sets{
		"generate_series_int4": seriesInts, "generate_series_int8": seriesInts,
		"generate_series_step_int4": seriesInts, "generate_series_step_int8": seriesInts,
		"generate_series_numeric": seriesNumeric, "generate_series_step_numeric": seriesNumeric,
	}
}
