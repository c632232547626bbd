package merge

import (
	"context"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/json"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Printer prints values by a branch's catalog.
type Printer interface {
	// As runs f while the session's types are those of a catalog.
	As(c *catalog.Catalog, f func(env *types.Env) error) error
}

// Diff is the rows of branch_diff: the changes of the tables that wanted picks. It closes the pair at its end.
func Diff(ctx context.Context, p *branchdiff.Pair, pr Printer, wanted func(t branchdiff.Table) (bool, error)) (builtin.Rows, error) {
	defer p.Close()
	tables, err := p.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var out [][]types.Datum
	for _, t := range tables {
		ok, err := wanted(t)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		err = p.Rows(ctx, t, func(s *branchdiff.Shape, c branchdiff.Change) error {
			row, err := diffRow(p, pr, s, c)
			out = append(out, row)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return call.TableRows(out), nil
}

func diffRow(p *branchdiff.Pair, pr Printer, s *branchdiff.Shape, c branchdiff.Change) ([]types.Datum, error) {
	row := []types.Datum{tuple.String(s.Name), tuple.String(c.Op.String()), types.Null, types.Null, types.Null, tuple.Bool(c.Conflict)}
	var err error
	if row[3], err = image(p.Source.Cat, pr, s, c, false, nil); err != nil {
		return nil, err
	}
	if row[4], err = image(p.Target.Cat, pr, s, c, true, nil); err != nil {
		return nil, err
	}
	row[2], err = Key(p, pr, s, c)
	return row, err
}

// Key is a row's primary key as an object, or where it has none the row.
func Key(p *branchdiff.Pair, pr Printer, s *branchdiff.Shape, c branchdiff.Change) (types.Datum, error) {
	var names []string
	if s.Keyed() {
		names = s.KeyColumns()
	}
	ofTarget := c.Source == nil
	cat := p.Source.Cat
	if ofTarget {
		cat = p.Target.Cat
	}
	return image(cat, pr, s, c, ofTarget, names)
}

// image is a row, or the columns named, as an object; NULL where the side has no row.
func image(cat *catalog.Catalog, pr Printer, s *branchdiff.Shape, c branchdiff.Change, ofTarget bool, only []string) (types.Datum, error) {
	v, ok, err := s.Values(c, ofTarget)
	if !ok || err != nil {
		return types.Null, err
	}
	var names []string
	var oids []types.OID
	var vals []types.Datum
	add := func(i int) {
		names, oids, vals = append(names, v.Cols[i].Name), append(oids, v.Cols[i].Type), append(vals, v.Vals[i])
	}
	if only == nil {
		for i := range v.Cols {
			add(i)
		}
	}
	for _, name := range only {
		for i, col := range v.Cols {
			if col.Name == name {
				add(i)
			}
		}
	}
	var out types.Datum
	err = pr.As(cat, func(env *types.Env) error {
		out, err = json.Object(env, names, oids, vals)
		return err
	})
	return out.Clone(), err
}
