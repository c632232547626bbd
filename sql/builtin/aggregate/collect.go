package aggregate

import (
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// joinState is string_agg: each value but the first is preceded by its own row's delimiter.
type joinState struct {
	buf []byte
	has bool
}

func (s *joinState) Add(a []types.Datum) error {
	if a[0].IsNull() {
		return nil
	}
	if s.has && !a[1].IsNull() {
		s.buf = append(s.buf, a[1].Bytes()...)
	}
	s.has = true
	s.buf = append(s.buf, a[0].Bytes()...)
	if len(s.buf) > text.MaxFieldSize {
		return errTooLarge()
	}
	return nil
}

func (s *joinState) Size() int { return 48 + cap(s.buf) }
func (s *joinState) Final() (types.Datum, error) {
	if !s.has {
		return types.Null, nil
	}
	return tuple.Bytes(s.buf[:len(s.buf):len(s.buf)]), nil
}

func errTooLarge() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "out of memory")
}

// gatherState is array_agg of scalars.
type gatherState struct {
	elem *types.Type
	vals []types.Datum
	size int
}

func (s *gatherState) Add(a []types.Datum) error {
	s.vals = append(s.vals, a[0].Clone())
	if !a[0].IsNull() && !a[0].IsScalar() {
		s.size += a[0].Len()
	}
	return nil
}

func (s *gatherState) Size() int { return call.SmallState + 16*cap(s.vals) + s.size }
func (s *gatherState) Final() (types.Datum, error) {
	if len(s.vals) == 0 {
		return types.Null, nil
	}
	return types.MakeArray(s.elem, s.vals), nil
}

// stackState is array_agg of arrays: one more dimension; all inputs have the same shape.
type stackState struct {
	elem *types.Type
	dims []tuple.ArrayDim
	n    int
	vals []types.Datum
	size int
}

func (s *stackState) Add(a []types.Datum) error {
	if a[0].IsNull() {
		return pgerr.New(pgerr.NullValueNotAllowed, "cannot accumulate null arrays")
	}
	arr := tuple.Array(a[0].Clone().Bytes())
	dims := arr.Dims(nil)
	if len(dims) == 0 && s.n == 0 {
		return pgerr.New(pgerr.ArraySubscriptError, "cannot accumulate empty arrays")
	}
	if s.n == 0 {
		if len(dims) >= tuple.MaxArrayDims {
			return pgerr.New(pgerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", len(dims)+1, tuple.MaxArrayDims)
		}
		s.dims = dims
	} else {
		same := len(dims) == len(s.dims)
		for i := 0; same && i < len(dims); i++ {
			same = dims[i] == s.dims[i]
		}
		if !same {
			return pgerr.New(pgerr.ArraySubscriptError, "cannot accumulate arrays of different dimensionality")
		}
	}
	s.n++
	s.vals = arr.Elems(s.vals)
	s.size += len(arr)
	return nil
}

func (s *stackState) Size() int { return call.SmallState + 16*cap(s.vals) + s.size }
func (s *stackState) Final() (types.Datum, error) {
	if s.n == 0 {
		return types.Null, nil
	}
	dims := append([]tuple.ArrayDim{{Len: s.n, Lower: 1}}, s.dims...)
	return types.MakeArrayDims(s.elem, dims, s.vals), nil
}

func collectAggs() call.AggByName {
	join := &call.Agg{New: func(*call.Call, []types.Datum) (call.AggState, error) { return &joinState{}, nil }}
	gather := &call.Agg{New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
		t := c.Env.Type(c.ArgTypes[0])
		if t == nil {
			return nil, call.TypeNotFound(c.ArgTypes[0])
		}
		return &gatherState{elem: t}, nil
	}}
	stack := &call.Agg{New: func(c *call.Call, _ []types.Datum) (call.AggState, error) {
		t := c.Env.Type(c.ArgTypes[0])
		if t == nil {
			return nil, call.TypeNotFound(c.ArgTypes[0])
		}
		elem := c.Env.Type(t.Elem)
		if elem == nil {
			return nil, call.TypeNotFound(t.Elem)
		}
		return &stackState{elem: elem}, nil
	}}
	return call.AggByName{
		"string_agg": call.AnyVariant(join),
		"array_agg": func(p *pgdata.Proc) *call.Agg {
			if p.ArgTypes[0] == types.AnyArray {
				return stack
			}
			return gather
		},
	}
}
