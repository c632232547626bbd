package stats

import (
	"context"
	"slices"
	"sync"

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
	// Progress is told of about every thousand rows that have been read, by several goroutines; nil: nobody.
	Progress func(rows int64)
	// Computing is called when all rows have been read; nil: nobody.
	Computing func()
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
	parts, err := scan(rel, v, o.Pace == nil)
	if err != nil {
		return nil, err
	}
	samples := make([]*Sampler, len(parts))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, it := range parts {
		samples[i] = NewSampler(size, uint64(rel.Table.OID)+uint64(i)<<32)
		read := func() { errs[i] = sample(ctx, rel, it, samples[i], atts, o) }
		if i == len(parts)-1 {
			read()
		} else {
			wg.Go(read)
		}
	}
	wg.Wait()
	for _, it := range parts {
		errs = append(errs, it.Close())
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	for _, s := range samples[1:] {
		samples[0].Join(s)
	}
	if o.Computing != nil {
		o.Computing()
	}
	t := samples[0].Build(atts, ts, targets)
	t.Storage = rel.Table.StorageID
	return t, nil
}

// scan reads a table with one iterator, or with two at a time where somebody waits for it and it is large.
func scan(rel *rowstore.Rel, v txn.View, waited bool) ([]*rowstore.Iter, error) {
	if waited {
		return rel.ScanParts(v)
	}
	return []*rowstore.Iter{rel.Scan(v, nil, rowstore.Range{}, false)}, nil
}

// sample passes all rows of an iterator by a sampler.
func sample(ctx context.Context, rel *rowstore.Rel, it *rowstore.Iter, s *Sampler, atts []int16, o Options) error {
	vals := make([]types.Datum, len(atts))
	for n := 0; it.Next(); n++ {
		if n%1024 == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if o.Pace != nil && n > 0 {
				o.Pace()
			}
			if o.Progress != nil && n > 0 {
				o.Progress(1024)
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
	return it.Err()
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

// ordered: json has no order that conditions ask for.
func ordered(y *types.Type) bool { return y.OID != types.JSON && y.Elem != types.JSON }
