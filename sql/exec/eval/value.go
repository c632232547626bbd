package eval

import (
	"time"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

func (b *Builder) coerceViaIO(x *plan.CoerceViaIO) (Operand, error) {
	arg, err := b.Expr(x.Arg)
	if err != nil {
		return Operand{}, err
	}
	from, err := b.TypeOf(x.Arg.Type().OID)
	if err != nil {
		return Operand{}, err
	}
	to, err := b.TypeOf(x.T.OID)
	if err != nil {
		return Operand{}, err
	}
	in, fn := b.run, arg.eval(&b.run.F)
	conv := func() (types.Datum, error) {
		v, err := fn()
		if err != nil || v.IsNull() {
			return types.Null, err
		}
		return to.ParseText(string(from.AppendText(nil, v, in.EC.Env)), -1, in.EC.Env)
	}
	if arg.Fixed {
		return b.once(conv), nil
	}
	return fnOperand(conv), nil
}

// pg_proc rows behind the keywords (manual: 9.26.1).
var sqlValueProcs = map[string]types.OID{
	"current_user": 745, "user": 745, "current_role": 745, "session_user": 746, "current_schema": 1402, "current_catalog": 861,
}

// sqlValue computes CURRENT_DATE and the like from the transaction's start (manual: 9.9.5).
func (b *Builder) sqlValue(x *plan.SQLValue) (Operand, error) {
	if proc, ok := sqlValueProcs[x.Name]; ok {
		f, err := builtin.Lookup(proc)
		if err != nil {
			return Operand{}, err
		}
		if f.Fn == nil {
			return Operand{}, pgerr.Unsupported(x.Name)
		}
		c := b.NewCall(proc, nil, x.T, 0)
		return b.once(func() (types.Datum, error) { return f.Fn(c, nil) }), nil
	}
	t, err := b.TypeOf(x.T.OID)
	if err != nil {
		return Operand{}, err
	}
	in, mod := b.run, x.T.Mod
	return b.once(func() (types.Datum, error) {
		now := in.EC.Env.Now().In(in.EC.Env.Zone())
		v, err := timeValue(t.OID, now)
		if err != nil || mod < 0 {
			return v, err
		}
		return t.ApplyTypmod(v, mod, false)
	}), nil
}

var pgEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func timeValue(typ types.OID, now time.Time) (types.Datum, error) {
	_, offset := now.Zone()
	local := now.Add(time.Duration(offset) * time.Second).Sub(pgEpoch).Microseconds() // local time as if it were UTC
	const day = 24 * 3600 * 1000000
	ofDay := local % day
	if ofDay < 0 {
		ofDay += day
	}
	switch typ {
	case types.Date:
		return tuple.Int((local - ofDay) / day), nil
	case types.TimestampTZ:
		return tuple.Int(now.Sub(pgEpoch).Microseconds()), nil
	case types.Timestamp:
		return tuple.Int(local), nil
	case types.Time:
		return tuple.Int(ofDay), nil
	case types.TimeTZ:
		b := make([]byte, 12)
		for i := range 8 {
			b[i] = byte(ofDay >> (8 * i))
		}
		west := uint32(-offset)
		for i := range 4 {
			b[8+i] = byte(west >> (8 * i))
		}
		return tuple.Bytes(b), nil
	}
	return types.Null, pgerr.Internal("no current value of type %d", typ)
}

func (b *Builder) nextVal(x *plan.NextVal) (Operand, error) {
	in := b.run
	return fnOperand(func() (types.Datum, error) {
		v, err := in.EC.Sess.NextIdentity(x.Seq)
		return tuple.Int(v), err
	}), nil
}
