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

// indexEval computes expression keys and conditions of a table's indexes.
type indexEval struct {
	indexes []indexExprs
}

type indexExprs struct {
	id   uint16
	keys []*eval.Evaluator // nil: a plain column
	pred *eval.Evaluator
}

// NewIndexEval compiles the expressions of a table's indexes (Context.Exprs binds them); nil if there are none.
func NewIndexEval(ec *run.Context, t *catalog.Table) (rowstore.IndexEval, error) {
	ev := &indexEval{}
	for _, ix := range t.Indexes {
		x := indexExprs{id: ix.ID, keys: make([]*eval.Evaluator, len(ix.Keys))}
		need := ix.Pred != ""
		for i := range ix.Keys {
			if ix.Keys[i].Att != 0 {
				continue
			}
			need = true
			var err error
			if x.keys[i], err = storedExpr(ec, t, ix.Keys[i].Expr); err != nil {
				return nil, err
			}
		}
		if ix.Pred != "" {
			var err error
			if x.pred, err = storedExpr(ec, t, ix.Pred); err != nil {
				return nil, err
			}
		}
		if need {
			ev.indexes = append(ev.indexes, x)
		}
	}
	if len(ev.indexes) == 0 {
		return nil, nil
	}
	return ev, nil
}

// tableCols names a table's columns for stored expressions: ColID is the attribute number.
func tableCols(t *catalog.Table) []plan.Col {
	cols := make([]plan.Col, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		cols[i] = plan.Col{ID: plan.ColID(i + 1), Name: c.Name, T: plan.Type{OID: c.Type, Mod: c.TypMod, Coll: c.Collation},
			Table: t.OID, AttNum: c.AttNum}
	}
	return cols
}

// storedExpr compiles a stored expression over all columns of a table (dropped ones are NULL), bound to ec.
func storedExpr(ec *run.Context, t *catalog.Table, sql string) (*eval.Evaluator, error) {
	if ec.Exprs == nil {
		return nil, pgerr.Internal("no source of stored expressions")
	}
	cols := tableCols(t)
	e, err := ec.Exprs.BindStored(t, sql, cols)
	if err != nil {
		return nil, err
	}
	v, err := eval.Compile(e, cols, ec.Env)
	if err != nil {
		return nil, err
	}
	v.Begin(ec)
	return v, nil
}

func (ev *indexEval) begin(ec *run.Context) {
	for i := range ev.indexes {
		x := &ev.indexes[i]
		if x.pred != nil {
			x.pred.Begin(ec)
		}
		for _, k := range x.keys {
			if k != nil {
				k.Begin(ec)
			}
		}
	}
}

// Keys implements rowstore.IndexEval.
func (ev *indexEval) Keys(ix *catalog.Index, vals []types.Datum, dst []types.Datum) ([]types.Datum, bool, error) {
	for i := range ev.indexes {
		x := &ev.indexes[i]
		if x.id != ix.ID {
			continue
		}
		if x.pred != nil {
			v, err := x.pred.Eval(vals)
			if err != nil || v.IsNull() || !v.Bool() {
				return dst, false, err
			}
		}
		for k := range ix.Keys {
			if x.keys[k] == nil {
				dst = append(dst, vals[ix.Keys[k].Att-1])
				continue
			}
			v, err := x.keys[k].Eval(vals)
			if err != nil {
				return dst, false, err
			}
			dst = append(dst, v)
		}
		return dst, true, nil
	}
	return dst, false, pgerr.Internal("index %s is not compiled", ix.Name)
}

var _ rowstore.IndexEval = (*indexEval)(nil)
