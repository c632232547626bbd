// Package copyrows is what stands between the input of COPY FROM and the insert: the condition of WHERE, and the defaults that it names.
package copyrows

import (
	"context"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/copy"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/types"
)

// Filter is COPY FROM … WHERE. The condition sees the row with its defaults: a column that it names and the input does not
// have is computed here and handed to the insert like the others, so that it is computed once.
type Filter struct {
	cond  *eval.Evaluator
	at    []int             // for each column of the condition, its place in the row
	extra []*eval.Evaluator // of the columns behind the input's; nil: no default
	row   []types.Datum
}

// NewFilter compiles the condition of a statement, which env has the text of. cols and names come back with the columns that it adds
// behind them.
func NewFilter(env *bind.Env, n *ast.CopyStmt, t *catalog.Table, cols []copy.Column, names []string) (*Filter, []copy.Column, []string, error) {
	fail := func(err error) (*Filter, []copy.Column, []string, error) { return nil, nil, nil, err }
	e, used, err := bind.Expression(env, t, n.WhereClause, expression.KindCopyWhere, plan.Type{OID: types.Bool, Mod: -1}, "WHERE")
	if err != nil {
		return fail(err)
	}
	stored := *env
	stored.Source = ""
	f := &Filter{}
	place := map[string]int{}
	for i, name := range names {
		place[name] = i
	}
	var in []plan.Col
	for i := range t.Columns { // in a fixed order: defaults may have effects
		col := &t.Columns[i]
		use, ok := used[col.AttNum]
		if !ok {
			continue
		}
		at, given := place[col.Name]
		if !given {
			if col.Generated != 0 || col.Identity != 0 {
				return fail(pgerr.Unsupported("COPY FROM with WHERE on a generated or identity column"))
			}
			var d *eval.Evaluator
			if col.Default != "" {
				de, _, err := bind.TableExpr(&stored, t, col.Default, plan.Type{OID: col.Type, Mod: col.TypMod})
				if err != nil {
					return fail(err)
				}
				if d, err = eval.Compile(de, nil, env.Types); err != nil {
					return fail(err)
				}
			}
			at = len(cols)
			cols = append(cols, copy.Column{Name: col.Name, Type: env.Types.Type(col.Type), TypeMod: col.TypMod})
			names = append(names, col.Name)
			f.extra = append(f.extra, d)
		}
		in = append(in, use)
		f.at = append(f.at, at)
	}
	f.row = make([]types.Datum, len(in))
	f.cond, err = eval.Compile(e, in, env.Types)
	return f, cols, names, err
}

// Begin binds the filter to the statement.
func (f *Filter) Begin(ec *run.Context) {
	f.cond.Begin(ec)
	for _, d := range f.extra {
		if d != nil {
			d.Begin(ec)
		}
	}
}

// pass completes a row, of which the first n values are the input's, and tells whether it is wanted.
func (f *Filter) pass(row []types.Datum, n int) (bool, error) {
	for i, d := range f.extra {
		row[n+i] = types.Null
		if d != nil {
			v, err := d.Eval(nil)
			if err != nil {
				return false, err
			}
			row[n+i] = v.Clone()
		}
	}
	for i, at := range f.at {
		f.row[i] = row[at]
	}
	v, err := f.cond.Eval(f.row)
	return err == nil && !v.IsNull() && v.Bool(), err
}

// Next reads rows until one is wanted.
func (f *Filter) Next(ctx context.Context, r *copy.Reader, n int, report *progress.Report) func(row []types.Datum, written int64) (bool, error) {
	read := 0
	return func(row []types.Datum, written int64) (bool, error) {
		report.Set(progress.CopyTuples, written)
		for {
			if read++; read&1023 == 0 {
				if err := context.Cause(ctx); err != nil {
					return false, err
				}
			}
			ok, err := r.Next(row[:n])
			if !ok || err != nil {
				return false, err
			}
			if ok, err = f.pass(row, n); ok || err != nil {
				if err != nil {
					err = r.RowError(err)
				}
				return ok, err
			}
			report.Add(progress.CopyExcluded, 1)
		}
	}
}
