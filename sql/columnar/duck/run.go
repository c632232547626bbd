package duck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tarndb/tarn/sql/exec/run"

	duckdb "github.com/duckdb/duckdb-go-bindings"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/txn"
	"golang.org/x/sync/errgroup"
)

// Runner runs the fragments of one branch.
type Runner struct {
	engine                   *Engine
	source                   columnar.Source
	ran, unavailable, failed atomic.Int64
	left                     sync.WaitGroup // queries that go on after their statements
}

var _ database.ColumnarEngine = (*Runner)(nil)

// Runner makes a runner over the tables of a branch.
func (e *Engine) Runner(s columnar.Source) *Runner { return &Runner{engine: e, source: s} }

// Close waits for the queries whose statements were cancelled. No statement may be under way.
func (r *Runner) Close() { r.left.Wait() }

// Counts implements database.ColumnarEngine.
func (r *Runner) Counts() syscat.ColumnarStats {
	return syscat.ColumnarStats{Ran: r.ran.Load(), Unavailable: r.unavailable.Load(), Failed: r.failed.Load()}
}

// Accepts implements exec.ColumnarRunner: whether a fragment pays is the caller's affair.
func (r *Runner) Accepts(*plan.Columnar) bool { return true }

// RunColumnar implements exec.ColumnarRunner. The caller sees to it that the transaction has not written to the tables.
func (r *Runner) RunColumnar(ec *run.Context, view *txn.View, n *plan.Columnar, params []types.Datum, feeds exec.ColumnarFeeds) (exec.ColumnarRows, bool, error) {
	sql, ok := columnar.Bind(text(n.With, n.SQL), columnar.ParamTypes(n), params)
	if !ok {
		r.unavailable.Add(1) // a parameter has no form there
		return nil, false, nil
	}
	snap, err := r.open(ec.Ctx, view, n, feeds)
	var ofRows rowsError
	switch {
	case errors.Is(err, columnar.ErrNotAvailable):
		r.unavailable.Add(1)
		return nil, false, nil
	case errors.As(err, &ofRows):
		return nil, false, ofRows.error
	case err != nil:
		return nil, false, cancelled(ec.Ctx, err)
	}
	q := &query{snap: snap, left: &r.left}
	rows, err := q.run(ec.Ctx, r.engine, n, string(sql), params)
	if errors.Is(err, columnar.ErrNotAvailable) && ec.Ctx.Err() == nil {
		q.close()
		r.unavailable.Add(1)
		return nil, false, nil
	}
	if err != nil {
		q.close()
		if ec.Ctx.Err() == nil {
			r.failed.Add(1)
			r.engine.opt.Logger.Warn("columnar fragment runs over rows instead", "error", err, "sql", string(sql))
		}
		return nil, false, cancelled(ec.Ctx, err)
	}
	r.ran.Add(1)
	return rows, true, nil
}

// rowsError is an error of reading rows, which is the statement's.
type rowsError struct{ error }

// open takes the tables of a fragment, those with a feed by rows. The rows come first: files are held no longer than needed.
func (r *Runner) open(ctx context.Context, view *txn.View, n *plan.Columnar, feeds exec.ColumnarFeeds) (*columnar.Snapshot, error) {
	var shaped []*catalog.Table
	fed := map[int]columnar.Table{}
	for i, t := range n.Tables {
		if i >= len(feeds) || feeds[i] == nil {
			shaped = append(shaped, t)
			continue
		}
		rows, err := feeds[i]()
		if err != nil {
			return nil, rowsError{err}
		}
		if p, ok := rows.(*columnar.Place); ok {
			if fed[i], err = r.source.OpenPlace(ctx, t, n.Reads[i], p); err != nil {
				return nil, err
			}
			continue
		}
		table, ok, err := columnar.Feed(t, n.Reads[i], rows)
		switch {
		case err != nil:
			return nil, rowsError{err}
		case !ok:
			return nil, columnar.ErrNotAvailable
		}
		fed[i] = table
	}
	snap := &columnar.Snapshot{Close: func() {}}
	if len(shaped) > 0 {
		s, err := r.source.Open(ctx, shaped, view.LSN())
		if err != nil || len(fed) == 0 {
			return s, err
		}
		snap.Close, snap.Tables = s.Close, s.Tables
	}
	for i := range n.Tables {
		if table, ok := fed[i]; ok {
			snap.Tables = slices.Insert(slices.Clone(snap.Tables), i, table)
		}
	}
	return snap, nil
}

// cancelled tells the end of the statement from a failure that the rows may not have.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return pgerr.From(context.Cause(ctx))
	}
	return fmt.Errorf("columnar: %w: %w", exec.ErrColumnarRetry, err)
}

// query holds what a running fragment needs: a connection, bitmaps, files, and copies of the tails.
type query struct {
	snap  *columnar.Snapshot
	left  *sync.WaitGroup // of the runner
	conn  *conn
	dels  []deletions
	tails []string

	mu    sync.Mutex
	local []func() // release files that were brought to this machine; protected by mu
}

// ran gives back what the result, which is there as a whole, does not need: a cursor that stays open keeps nobody from anything.
func (q *query) ran() {
	for _, t := range q.tails {
		_ = q.conn.exec("DROP TABLE temp.main." + t) // it would go with the connection
	}
	q.conn.release()
	q.free()
}

func (q *query) free() {
	for _, d := range q.dels {
		d.free()
	}
	q.dels = nil
	for _, release := range q.local {
		release()
	}
	q.local = nil
	if q.snap != nil {
		q.snap.Close()
		q.snap = nil
	}
}

// close frees everything, once DuckDB is done with it.
func (q *query) close() {
	if q.conn != nil && q.conn.left != nil {
		q.left.Go(func() {
			<-q.conn.left
			q.end()
		})
		return
	}
	q.end()
}

func (q *query) end() {
	if q.conn != nil {
		q.conn.close()
		q.conn = nil
	}
	q.free()
}

// text puts CTEs behind the tables', whose definitions the runner writes.
func text(with []string, sql string) string {
	var s strings.Builder
	for _, w := range with {
		s.WriteString(", " + w)
	}
	return s.String() + " " + sql
}

// run runs sql, which is n's, and where a number is too large for its types n's wide form.
func (q *query) run(ctx context.Context, e *Engine, n *plan.Columnar, sql string, params []types.Datum) (*rows, error) {
	cols := make([][]int, len(n.Tables))
	pruned := q.prune(n, params)
	for i, t := range n.Tables {
		var err error
		if cols[i], err = columnsOf(t, &q.snap.Tables[i], n.Reads[i]); err != nil {
			return nil, err
		}
	}
	var roots []string
	for i := range q.snap.Tables {
		t := &q.snap.Tables[i]
		var err error
		if t.Files, err = q.bring(ctx, t.Files); err != nil {
			return nil, err
		}
		for _, f := range t.Files {
			if f.Root != "" && !slices.Contains(roots, f.Root) {
				roots = append(roots, f.Root)
			}
		}
	}
	var err error
	if q.conn, err = e.connect(ctx, roots); err != nil {
		return nil, err
	}
	var with []string
	for i := range n.Tables {
		t := &q.snap.Tables[i]
		s, err := q.table(ctx, i, t, cols[i])
		if err != nil {
			return nil, err
		}
		with = append(with, fmt.Sprintf("t%d AS NOT MATERIALIZED (%s)", i, s))
	}
	tables := "WITH " + strings.Join(with, ", ")
	res, err := q.conn.query(ctx, tables+sql)
	if err != nil && n.Wide != "" && ctx.Err() == nil {
		if wide, ok := columnar.Bind(text(n.WideWith, n.Wide), columnar.ParamTypes(n), params); ok {
			res, err = q.conn.query(ctx, tables+string(wide))
		}
	}
	if err != nil {
		return nil, err
	}
	r, err := newRows(q, res, n)
	if err != nil {
		duckdb.DestroyResult(&res)
		return nil, err
	}
	r.read.Pruned = pruned
	for i := range q.snap.Tables {
		t := &q.snap.Tables[i]
		r.read.Files += int64(len(t.Files))
		for _, f := range t.Files {
			if f.Deleted != nil {
				r.read.Deleted += int64(f.Deleted.GetCardinality())
			}
		}
		for _, p := range t.Tail {
			r.read.Tail += int64(p.Rows)
			if p.Deleted != nil {
				r.read.Tail -= int64(p.Deleted.GetCardinality())
			}
		}
	}
	q.ran()
	return r, nil
}

// prune leaves files out of the snapshot in which no row can be, and counts them.
func (q *query) prune(n *plan.Columnar, params []types.Datum) (left int64) {
	s := &columnar.Snapshot{Tables: slices.Clone(q.snap.Tables), Close: q.snap.Close}
	for i := range n.Bounds {
		t := &s.Tables[i]
		kept := columnar.Prune(t, n.Bounds[i], params)
		left += int64(len(t.Files) - len(kept))
		t.Files = kept
	}
	q.snap = s
	return left
}

// columnsOf finds the attributes that a fragment reads, in the types that it was written for.
func columnsOf(t *catalog.Table, have *columnar.Table, reads []int16) ([]int, error) {
	out := make([]int, len(reads))
	for i, att := range reads {
		k := slices.IndexFunc(have.Columns, func(c columnar.Column) bool { return c.AttNum == att })
		if k < 0 || !sameType(&t.Columns[att-1], have.Columns[k].Type) {
			return nil, fmt.Errorf("column %d of table %s has another type", att, t.Name)
		}
		out[i] = k
	}
	return out, nil
}

func sameType(c *catalog.Column, t parquet.Type) bool {
	switch c.Type {
	case types.Bool:
		return t.ID == parquet.Boolean
	case types.Int2:
		return t.ID == parquet.Short
	case types.Int4:
		return t.ID == parquet.Integer
	case types.Int8:
		return t.ID == parquet.Long
	case types.Float4:
		return t.ID == parquet.Float
	case types.Float8:
		return t.ID == parquet.Double
	case types.Date:
		return t.ID == parquet.Date
	case types.Timestamp:
		return t.ID == parquet.TimestampNTZ
	case types.TimestampTZ:
		return t.ID == parquet.Timestamp
	case types.Text, types.Varchar, types.BPChar:
		return t.ID == parquet.String
	case types.Numeric:
		return t.ID == parquet.Decimal && int32(t.Precision)<<16|int32(t.Scale) == c.TypMod-4
	}
	return false
}

// table writes the rows of a table: files without deletions, files with them, the tail.
func (q *query) table(ctx context.Context, i int, t *columnar.Table, cols []int) (string, error) {
	var whole, holed []columnar.File
	for _, f := range t.Files {
		if f.Deleted == nil || f.Deleted.IsEmpty() {
			whole = append(whole, f)
		} else {
			holed = append(holed, f)
		}
	}
	var list, typed, names, nulls []string
	var fixed []int
	for _, k := range cols {
		c := &t.Columns[k]
		name, stored := fmt.Sprintf("a%d", c.AttNum), c.Name
		if c.Fixed {
			stored, fixed = fixedName(k), append(fixed, k)
		}
		duck, lt, ok := logicalType(c.Type)
		if !ok {
			return "", errNoForm
		}
		duckdb.DestroyLogicalType(&lt)
		list = append(list, ident(stored)+" AS "+name)
		typed = append(typed, "CAST(NULL AS "+duck+") AS "+name)
		names = append(names, name)
		nulls = append(nulls, "CAST(NULL AS "+duck+") AS "+ident(stored))
	}
	if len(cols) == 0 {
		list, typed, names = []string{"true AS one"}, []string{"true AS one"}, []string{"one"}
	}
	// Files from before ADD COLUMN lack the column: it is NULL there.
	from := func(files, values, where string) string {
		if len(cols) == 0 {
			return "SELECT " + list[0] + " FROM " + files + where
		}
		return "SELECT " + strings.Join(list, ", ") + " FROM (SELECT *" + values + " FROM " + files + where + " UNION ALL BY NAME SELECT " +
			strings.Join(nulls, ", ") + " WHERE false)"
	}
	var parts []string
	if len(whole) > 0 {
		parts = append(parts, from(readParquet(whole), fixedValues(t, whole, fixed), ""))
	}
	if len(holed) > 0 {
		d, err := newDeletions(holed)
		if err != nil {
			return "", err
		}
		q.dels = append(q.dels, d)
		parts = append(parts, from(readParquet(holed), fixedValues(t, holed, fixed), fmt.Sprintf(" WHERE dv_keep(%d::UBIGINT, file_index, file_row_number)", d.handle())))
	}
	if len(t.Tail) > 0 {
		if err := q.conn.loadTail(ctx, i, t, cols); err != nil {
			return "", err
		}
		q.tails = append(q.tails, fmt.Sprintf("tail%d", i))
		parts = append(parts, fmt.Sprintf("SELECT %s FROM temp.main.tail%d", strings.Join(names, ", "), i))
	}
	if len(parts) == 0 {
		parts = []string{"SELECT " + strings.Join(typed, ", ") + " WHERE false"}
	}
	return strings.Join(parts, " UNION ALL "), nil
}

// brings bounds how many files a query brings here at a time.
const brings = 8

// bring has a copy on this machine of each file that is elsewhere, until free.
func (q *query) bring(ctx context.Context, files []columnar.File) ([]columnar.File, error) {
	if !slices.ContainsFunc(files, func(f columnar.File) bool { return f.Local != nil }) {
		return files, nil
	}
	files = slices.Clone(files)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(brings)
	for i := range files {
		f := &files[i]
		if f.Local == nil {
			continue
		}
		g.Go(func() error {
			path, release, err := f.Local(ctx)
			if err != nil {
				return err
			}
			f.Path = path
			q.mu.Lock()
			q.local = append(q.local, release)
			q.mu.Unlock()
			return nil
		})
	}
	return files, g.Wait()
}

func readParquet(files []columnar.File) string {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = quote(f.Path)
	}
	return "read_parquet([" + strings.Join(paths, ", ") + "], union_by_name = true, hive_partitioning = false)"
}

// fixedName is the name of a column that files do not hold.
func fixedName(k int) string { return fmt.Sprintf("tarn fixed %d", k) }

// fixedValues are those columns of some files: each file's value, by its place in the list of read_parquet.
func fixedValues(t *columnar.Table, files []columnar.File, fixed []int) string {
	var s strings.Builder
	for _, k := range fixed {
		duck, lt, ok := logicalType(t.Columns[k].Type)
		if !ok {
			continue // refused where the columns are listed
		}
		duckdb.DestroyLogicalType(&lt)
		vals := make([]string, len(files))
		for i, f := range files {
			vals[i] = f.Fixed[k]
		}
		fmt.Fprintf(&s, ", CAST([%s] AS %s[])[CAST(file_index AS BIGINT) + 1] AS %s", strings.Join(vals, ", "), duck, ident(fixedName(k)))
	}
	return s.String()
}
