package eval

import (
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func (b *Builder) rowCtor(x *plan.RowCtor) (Operand, error) {
	args, err := b.Exprs(x.Fields)
	if err != nil {
		return Operand{}, err
	}
	ts := make([]*types.Type, len(args))
	for i, e := range x.Fields {
		if ts[i], err = b.TypeOf(e.Type().OID); err != nil {
			return Operand{}, err
		}
		if _, err := b.Kind(ts[i].OID); err != nil {
			return Operand{}, err
		}
	}
	var names tuple.FieldNames
	if x.T.OID == types.Record {
		names = tuple.PackFieldNames(x.Names)
	}
	fns, vals := make([]Fn, len(args)), make([]types.Datum, len(args))
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
		return types.MakeNamedRecord(ts, names, vals), nil
	}), nil
}

// relabel leaves the value as it is, unless it is a composite that becomes an anonymous record: then it names its fields.
func (b *Builder) relabel(x *plan.Relabel) (Operand, error) {
	t := b.env.Type(x.Arg.Type().OID)
	for t != nil && t.TypType == types.TypeDomain {
		t = b.env.Type(t.Base)
	}
	if x.T.OID != types.Record || t == nil || t.TypType != types.TypeComposite {
		return b.Expr(x.Arg)
	}
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	names := types.AttrNames(t.Attrs)
	return fnOperand(func() (types.Datum, error) {
		v, err := arg()
		if err != nil || v.IsNull() {
			return types.Null, err
		}
		r := tuple.Record(v.Bytes())
		fields := make([]tuple.Field, r.Len())
		for i := range fields {
			fields[i] = r.Field(i)
		}
		if len(fields) < len(t.Attrs) { // a row from before attributes were added
			return tuple.Bytes(tuple.AppendNamedRecord(nil, fields, types.AttrNames(t.Attrs[:len(fields)]))), nil
		}
		return tuple.Bytes(tuple.AppendNamedRecord(nil, fields, names)), nil
	}), nil
}

func (b *Builder) fieldSelect(x *plan.FieldSelect) (Operand, error) {
	arg, err := b.Fn(x.Arg)
	if err != nil {
		return Operand{}, err
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
