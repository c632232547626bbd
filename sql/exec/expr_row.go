package exec

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func (b *exprBuilder) rowCtor(x *plan.RowCtor) (operand, error) {
	args, err := b.exprs(x.Fields)
	if err != nil {
		return operand{}, err
	}
	ts := make([]*types.Type, len(args))
	for i, e := range x.Fields {
		if ts[i], err = b.typeOf(e.Type().OID); err != nil {
			return operand{}, err
		}
		if _, err := b.kind(ts[i].OID); err != nil {
			return operand{}, err
		}
	}
	fns, vals := make([]evalFn, len(args)), make([]types.Datum, len(args))
	for i := range args {
		fns[i] = args[i].eval(&b.run.F)
	}
	return fnOperand(func() (types.Datum, error) {
		for i, fn := range fns {
			var err error
			if vals[i], err = fn(); err != nil {
				return types.Null, err
			}
		}
		return types.MakeRecord(ts, vals), nil
	}), nil
}

func (b *exprBuilder) fieldSelect(x *plan.FieldSelect) (operand, error) {
	arg, err := b.evalFor(x.Arg)
	if err != nil {
		return operand{}, err
	}
	field := x.Field
	return fnOperand(func() (types.Datum, error) {
		v, err := arg()
		if err != nil || v.IsNull() {
			return types.Null, err
		}
		r := tuple.Record(v.Bytes())
		if field >= r.Len() { // a row from before the column was added
			return types.Null, nil
		}
		return r.Field(field).Value, nil
	}), nil
}
