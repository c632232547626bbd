package stats

import (
	"context"
	"slices"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// Options of Analyze. The zero value reads all columns at the default target.
type Options struct {
	// Types resolves types; nil: built-in ones only, others get no statistics.
	Types func(types.OID) *types.Type
	// Columns are the attribute numbers to look at; nil: all.
	Columns []int16
	// Target is default_statistics_target; 0: Target.
	Target int
	// Pace is called about every thousand rows; nil: never. A background reader waits in it.
	Pace func()
}

// Analyze reads a table as a statement sees it and builds its statistics; Analyzed is the caller's to set. It returns ctx's
// error when cancelled.
func Analyze(ctx context.Context, rel *rowstore.Rel, v txn.View, o Options) (*Table, error) {
	if o.Types == nil {
		o.Types = types.Lookup
	}
	if o.Target == 0 {
		o.Target = Target
	}
	atts, ts, targets := o.columns(rel.Table)
	size := 0
	for _, n := range append(targets, min(o.Target, Target)) {
		size = max(size, 300*n)
	}
	s := NewSampler(size, uint64(rel.Table.OID))
	vals := make([]types.Datum, len(atts))
	it := rel.Scan(v, nil, rowstore.Range{}, false)
	for n := 0; it.Next(); n++ {
		if n%1024 == 0 {
			if ctx.Err() != nil {
				return nil, joinClose(it, context.Cause(ctx))
			}
			if o.Pace != nil && n > 0 {
				o.Pace()
			}
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
	t := s.Build(atts, ts, targets)
	t.Storage = rel.Table.StorageID
	return t, nil
}

// columns are those to look at, with their types and targets.
func (o *Options) columns(t *catalog.Table) (atts []int16, ts []*types.Type, targets []int) {
	for i := range t.Columns {
		c := &t.Columns[i]
		y := o.Types(c.Type)
		if c.Dropped || y == nil || y.TypType == types.TypePseudo || o.Columns != nil && !slices.Contains(o.Columns, c.AttNum) {
			continue
		}
		n := o.Target
		if c.StatTarget > 0 {
			n = c.StatTarget
		}
		atts, ts, targets = append(atts, c.AttNum), append(ts, y), append(targets, n)
	}
	return atts, ts, targets
}

// joinClose closes after another error, which is the one to report.
func joinClose(it *rowstore.Iter, err error) error {
	_ = it.Close()
	return err
}

// ordered: json has no order that conditions ask for.
func ordered(y *types.Type) bool { return y.OID != types.JSON && y.Elem != types.JSON }
