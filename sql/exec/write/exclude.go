package write

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
)

// excluder holds the operators of a table's exclusion constraints, compiled.
type excluder struct {
	byIndex map[uint16][]*eval.Evaluator
	pair    [2]types.Datum
}

var _ rowstore.Excluder = (*excluder)(nil)

// newExcluder compiles the operators of a table's exclusion constraints; nil without any.
func newExcluder(ec *run.Context, t *catalog.Table) (*excluder, error) {
	var x *excluder
	for _, ix := range t.Indexes {
		for i := range ix.Excludes {
			e, cols := plan.Exclusion(ec.Catalog, ix, i)
			test, err := eval.Compile(e, cols, ec.Env)
			if err != nil {
				return nil, err
			}
			if x == nil {
				x = &excluder{byIndex: map[uint16][]*eval.Evaluator{}}
			}
			test.Begin(ec)
			x.byIndex[ix.ID] = append(x.byIndex[ix.ID], test)
		}
	}
	return x, nil
}

func (x *excluder) begin(ec *run.Context) {
	for _, tests := range x.byIndex {
		for _, t := range tests {
			t.Begin(ec)
		}
	}
}

// exclusions gives the Writer the operators of the table's exclusion constraints.
func (tg *target) exclusions() error {
	if tg.excl == nil {
		made, err := newExcluder(tg.in.EC, tg.table)
		if made == nil || err != nil {
			return err
		}
		tg.excl = made
	} else {
		tg.excl.begin(tg.in.EC)
	}
	tg.w.Exclude = tg.excl
	return nil
}

// Excludes implements rowstore.Excluder.
func (x *excluder) Excludes(ix *catalog.Index, a, b []types.Datum) (bool, error) {
	tests := x.byIndex[ix.ID]
	if tests == nil {
		return false, pgerr.Internal("exclusion constraint %s is not compiled", ix.Name)
	}
	for i, t := range tests {
		x.pair[0], x.pair[1] = a[i], b[i]
		v, err := t.Eval(x.pair[:])
		if err != nil || v.IsNull() || !v.Bool() {
			return false, err
		}
	}
	return true, nil
}
