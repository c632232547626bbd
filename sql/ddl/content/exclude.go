package content

import (
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
)

// excluder compares rows by the operators of one exclusion constraint (rowstore.Excluder).
type excluder struct {
	tests []func(row []types.Datum) (types.Datum, error)
	pair  []types.Datum
}

func (e *excluder) Excludes(_ *catalog.Index, a, b []types.Datum) (bool, error) {
	for i, test := range e.tests {
		e.pair[0], e.pair[1] = a[i], b[i]
		v, err := test(e.pair)
		if err != nil || v.IsNull() || !v.Bool() {
			return false, err
		}
	}
	return true, nil
}

// CheckExclusions refuses rows of a table that an exclusion constraint's index, which holds them all, does not allow beside each other
// (23P01).
func CheckExclusions(x *stmt.Ctx, t *catalog.Table, ix *catalog.Index) error {
	rel, err := rowstore.Open(t)
	if err != nil {
		return err
	}
	ev, err := newIndexEval(x, t)
	if err != nil {
		return err
	}
	ex := &excluder{pair: make([]types.Datum, 2)}
	for i := range ix.Excludes {
		e, cols := plan.Exclusion(x.Catalog(), ix, i)
		test, err := x.Hooks.Compile(e, cols)
		if err != nil {
			return err
		}
		ex.tests = append(ex.tests, test)
	}
	return Scan(x, t, 0, func(key, _ []byte, vals []types.Datum) error {
		keys, other, err := rel.Verify(x.Txn, ix, ev, ex, key, vals)
		if err != nil || other == nil {
			return err
		}
		e := pgerr.New(pgerr.ExclusionViolation, "could not create exclusion constraint \"%s\"", ix.Name).
			WithDetail("%s", "Key "+rowstore.KeyText(t, ix, keys, x.Env)+" conflicts with key "+rowstore.KeyText(t, ix, other, x.Env)+".")
		e.Constraint = ix.Name
		return x.InTable(e, t)
	})
}
