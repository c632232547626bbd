package stats

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Analyze reads a table as a statement sees it and builds its statistics. typ resolves user types; nil: built-in ones
// only, others get no statistics. It returns ctx's error when cancelled.
func Analyze(ctx context.Context, rel *rowstore.Rel, v txn.View, typ func(types.OID) *types.Type) (*Table, error) {
	if typ == nil {
		typ = types.Lookup
	}
	t := rel.Table
	var atts []int16
	var ts []*types.Type
	for i := range t.Columns {
		c := &t.Columns[i]
		if y := typ(c.Type); !c.Dropped && y != nil && ordered(c) {
			atts, ts = append(atts, c.AttNum), append(ts, y)
		}
	}
	s := NewSampler(SampleRows, uint64(t.OID))
	vals := make([]types.Datum, len(atts))
	it := rel.Scan(v, nil, rowstore.Range{}, false)
	for n := 0; it.Next(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, joinClose(it, context.Cause(ctx))
		}
		if !s.Next() {
			continue
		}
		row := it.Row()
		if row == nil {
			break
		}
		for i, a := range atts {
			vals[i] = rel.Col(row, a)
		}
		s.Keep(vals)
	}
	if err := it.Err(); err != nil {
		return nil, joinClose(it, err)
	}
	if err := it.Close(); err != nil {
		return nil, err
	}
	return s.Build(atts, ts), nil
}

// joinClose closes after another error, which is the one to report.
func joinClose(it *rowstore.Iter, err error) error {
	_ = it.Close()
	return err
}

// ordered: json and the like have no order that conditions ask for.
func ordered(c *catalog.Column) bool {
	y := types.Lookup(c.Type)
	return y == nil || y.OID != types.JSON && y.OID != types.JSONB && y.TypType != types.TypePseudo
}
