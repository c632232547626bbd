package syscat

import (
	"sync"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/sql/types"
)

// Statistician is a Server that knows what ANALYZE has found. Without it pg_statistic is empty.
type Statistician interface {
	// Column are the statistics of a column; nil: none.
	Column(t *catalog.Table, att int16) *stats.Column
}

// Kinds of slots (pg_statistic.h).
const (
	slotMCV         = 1
	slotHistogram   = 2
	slotCorrelation = 3
	slots           = 5
)

// statSlot is one of the five groups of columns.
type statSlot struct {
	kind            int
	op, coll        types.OID
	numbers, values types.Datum
}

func pgStatistic(s *scan) error {
	srv, ok := s.srv.(Statistician)
	if !ok {
		return nil
	}
	s.tables(1, func(t *catalog.Table) {
		for i := range t.Columns {
			if c := srv.Column(t, t.Columns[i].AttNum); c != nil && !t.Columns[i].Dropped {
				s.addStatistic(t, &t.Columns[i], c)
			}
		}
	})
	return nil
}

func (s *scan) addStatistic(t *catalog.Table, col *catalog.Column, c *stats.Column) {
	y := types.Lookup(col.Type)
	if y == nil {
		return // of a type of users: its values cannot be shown here
	}
	ops := comparisons()
	var list []statSlot
	if len(c.MCV) > 0 {
		list = append(list, statSlot{slotMCV, ops[typeOp{"=", operandType(y)}], col.Collation, float4s(c.Freq), types.MakeArray(y, c.MCV)})
	}
	if len(c.Hist) > 0 {
		list = append(list, statSlot{slotHistogram, ops[typeOp{"<", operandType(y)}], col.Collation, null, types.MakeArray(y, c.Hist)})
	}
	if len(c.MCV)+len(c.Hist) > 0 {
		list = append(list, statSlot{slotCorrelation, ops[typeOp{"<", operandType(y)}], col.Collation, float4s([]float64{c.Correlation}), null})
	}
	for len(list) < slots {
		list = append(list, statSlot{numbers: null, values: null})
	}
	row := []types.Datum{oid(t.OID), num(c.AttNum), no, float4(c.NullFrac), num(c.Width), float4(c.NDistinct)}
	for _, f := range []func(*statSlot) types.Datum{
		func(x *statSlot) types.Datum { return num(x.kind) },
		func(x *statSlot) types.Datum { return oid(x.op) },
		func(x *statSlot) types.Datum { return oid(x.coll) },
		func(x *statSlot) types.Datum { return x.numbers },
		func(x *statSlot) types.Datum { return x.values },
	} {
		for i := range list {
			row = append(row, f(&list[i]))
		}
	}
	s.add(row...)
}

func float4(f float64) types.Datum { return float(float64(float32(f))) }

func float4s(list []float64) types.Datum {
	vals := make([]types.Datum, len(list))
	for i, f := range list {
		vals[i] = float4(f)
	}
	return types.MakeArray(types.Lookup(types.Float4), vals)
}

type typeOp struct {
	name string
	typ  types.OID
}

// comparisons finds the operator of a name between two values of a type.
var comparisons = sync.OnceValue(func() map[typeOp]types.OID {
	m := map[typeOp]types.OID{}
	ops := pgdata.Operators()
	for i := range ops {
		if o := &ops[i]; o.Left == o.Right {
			m[typeOp{o.Name, o.Left}] = o.OID
		}
	}
	return m
})

// operandType is the type whose operators compare values of y.
func operandType(y *types.Type) types.OID {
	switch {
	case y.OID == types.Varchar:
		return types.Text
	case y.IsArray():
		return types.AnyArray
	}
	return y.OID
}
