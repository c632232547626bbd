package content

import (
	"bytes"
	"errors"
	"slices"
	"sort"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// Expr is an expression over a table's rows, given by attribute number - 1.
type Expr struct {
	atts []int16
	row  []types.Datum
	fn   func(row []types.Datum) (types.Datum, error)
}

// Eval is the value over a row, by attribute number - 1. The expression's own memory holds the arguments: one call at a time.
func (r *Expr) Eval(vals []types.Datum) (types.Datum, error) {
	for i, att := range r.atts {
		r.row[i] = vals[att-1]
	}
	return r.fn(r.row)
}

// Compile makes a bound expression over columns of a table callable.
func Compile(x *stmt.Ctx, e plan.Expr, cols map[int16]plan.Col) (*Expr, error) {
	r := &Expr{}
	for att := range cols {
		if att < 1 {
			return nil, pgerr.Unsupported("a whole-row or system column in this expression")
		}
		r.atts = append(r.atts, att)
	}
	sort.Slice(r.atts, func(i, j int) bool { return r.atts[i] < r.atts[j] })
	list := make([]plan.Col, len(r.atts))
	for i, att := range r.atts {
		list[i] = cols[att]
	}
	r.row = make([]types.Datum, len(list))
	var err error
	r.fn, err = x.Hooks.Compile(e, list)
	return r, err
}

// Stored compiles a stored expression; want.OID 0 is its own type.
func Stored(x *stmt.Ctx, t *catalog.Table, sql string, want plan.Type) (*Expr, error) {
	e, cols, err := bind.TableExpr(x.Bind(), t, sql, want)
	if err != nil {
		return nil, err
	}
	return Compile(x, e, cols)
}

// indexEval computes expression keys and conditions (rowstore.IndexEval).
type indexEval struct{ indexes map[catalog.OID]*indexExprs }

type indexExprs struct {
	keys []*Expr // nil: a plain column
	pred *Expr
}

var _ rowstore.IndexEval = (*indexEval)(nil)

func newIndexEval(x *stmt.Ctx, t *catalog.Table) (*indexEval, error) {
	ev := &indexEval{indexes: map[catalog.OID]*indexExprs{}}
	for _, ix := range t.Indexes {
		e := &indexExprs{keys: make([]*Expr, len(ix.Keys))}
		for i := range ix.Keys {
			if ix.Keys[i].Att != 0 {
				continue
			}
			var err error
			if e.keys[i], err = Stored(x, t, ix.Keys[i].Expr, plan.Type{}); err != nil {
				return nil, err
			}
		}
		if ix.Pred != "" {
			var err error
			if e.pred, err = Stored(x, t, ix.Pred, plan.Type{OID: types.Bool, Mod: -1}); err != nil {
				return nil, err
			}
		}
		ev.indexes[ix.OID] = e
	}
	return ev, nil
}

func (ev *indexEval) Keys(ix *catalog.Index, vals, dst []types.Datum) ([]types.Datum, bool, error) {
	e := ev.indexes[ix.OID]
	if e.pred != nil {
		v, err := e.pred.Eval(vals)
		if err != nil || v.IsNull() || !v.Bool() {
			return dst, false, err
		}
	}
	for i := range ix.Keys {
		if e.keys[i] == nil {
			dst = append(dst, vals[ix.Keys[i].Att-1])
			continue
		}
		v, err := e.keys[i].Eval(vals)
		if err != nil {
			return dst, false, err
		}
		dst = append(dst, v.Clone())
	}
	return dst, true, nil
}

// Scan calls f with every row of a table: the newest committed ones and the transaction's own. vals belongs to scanRows
// and may be changed; it has room for width values, those beyond the table's columns are NULL. row is the stored form.
func Scan(x *stmt.Ctx, t *catalog.Table, width int, f func(key, row []byte, vals []types.Datum) error) (err error) {
	rel, err := rowstore.Open(t)
	if err != nil {
		return err
	}
	view := x.Txn.Latest()
	defer view.Release()
	var it rowReader = rel.Scan(view, nil, rowstore.Range{}, false)
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	vals := make([]types.Datum, max(width, len(t.Columns)))
	for n := 0; it.Next(); n++ {
		if n%1000 == 999 {
			if err := x.Ctx.Err(); err != nil {
				return err
			}
		}
		row := it.Row()
		if row == nil {
			break
		}
		for i := len(t.Columns); i < len(vals); i++ {
			vals[i] = types.Null
		}
		err := rel.Decode(row, vals[:len(t.Columns)])
		if err == nil {
			err = f(it.Key(), row, vals)
		}
		if err != nil {
			return err
		}
		if n == manyRows {
			if ahead, ok := it.(*rowstore.Iter).Ahead(); ok {
				it = ahead
			}
		}
	}
	return nil
}

// manyRows are worth a goroutine that reads them.
const manyRows = 10000

type rowReader interface {
	Next() bool
	Key() []byte
	Row() []byte
	Close() error
}

// unique notices keys that were written before. Keys that come in ascending order need no look-up.
type unique struct {
	last []byte
	buf  []byte
}

func (u *unique) taken(x *stmt.Ctx, key []byte) (bool, error) {
	if u.last == nil || bytes.Compare(key, u.last) > 0 {
		u.last = append(u.last[:0], key...)
		return false, nil
	}
	var ok bool
	var err error
	u.buf, ok, err = x.Txn.GetLatest(u.buf[:0], key)
	return ok, err
}

// Writer writes rows into a table's new storage with its index entries.
type Writer struct {
	x       *stmt.Ctx
	t       *catalog.Table
	rel     *rowstore.Rel
	ev      *indexEval
	primary unique
	second  []unique
	key     []byte
	row     []byte
	ekey    []byte
	evalue  []byte
	report  *progress.Report // of a new index
	// bulk collects what is to be written instead, rows under index 1.
	mode buildMode
	bulk map[uint16]*entries
	// loader may take rows; see LoadRows.
	loader *rowstore.Loader
}

// buildMode is how the entries of a new index reach the store.
type buildMode uint8

const (
	rowByRow  buildMode = iota // through the transaction
	sorting                    // as sorted files
	ascending                  // as sorted files, written while the entries come: their keys must ascend (errNotAscending)
)

// put writes an entry of an index, or keeps it for the end.
func (w *Writer) put(index uint16, key, value []byte) error {
	if w.mode == rowByRow {
		return w.x.Txn.Put(key, value, 0)
	}
	e := w.bulk[index]
	if e == nil {
		e = newEntries(w.x.TempDir)
		if w.mode == ascending {
			e.stream = &stream{x: w.x, storage: w.t.StorageID, index: index}
		}
		w.bulk[index] = e
	}
	return e.add(key, value)
}

// Finish writes what was kept. The writer is done afterwards, with an error too.
func (w *Writer) Finish(err error) error {
	if err == nil {
		err = w.loader.End(w.x.Ctx)
	}
	w.loader.Drop()
	for index, e := range w.bulk {
		if err == nil {
			err = store(w.x, e, w.t.StorageID, index, w.report)
		}
		err = errors.Join(err, e.close())
	}
	return err
}

// bulkWriting runs a build through sorted files, where the statement is the last of its transaction to look at what it writes.
// Keys that do not come in order make it run again and sort; equal keys, row by row, which knows the row to complain of.
func bulkWriting(x *stmt.Ctx, build func(buildMode) error) error {
	if x.OnRollback == nil || !x.Last {
		return build(rowByRow)
	}
	err := build(ascending)
	if errors.Is(err, errNotAscending) {
		err = build(sorting)
	}
	if errors.Is(err, errEqualKeys) {
		err = build(rowByRow)
	}
	return err
}

// NewWriter writes rows one by one through the transaction, into a table that has none under these keys or has locked them.
func NewWriter(x *stmt.Ctx, t *catalog.Table) (*Writer, error) { return newWriter(x, t, rowByRow) }

func newWriter(x *stmt.Ctx, t *catalog.Table, mode buildMode) (*Writer, error) {
	rel, err := rowstore.Open(t)
	if err != nil {
		return nil, err
	}
	ev, err := newIndexEval(x, t)
	if err != nil {
		return nil, err
	}
	if t.Lake() {
		mode = rowByRow // its rows get their keys when they commit
	}
	w := &Writer{x: x, t: t, rel: rel, ev: ev, second: make([]unique, len(t.Indexes)), mode: mode, bulk: map[uint16]*entries{}}
	return w, nil
}

// LoadRows lets the writer of a new lake table write many rows straight to files: nobody looks at them before Finish.
func (w *Writer) LoadRows(l rowstore.Loads) {
	w.loader = rowstore.NewLoader(l, w.x.Catalog(), w.t, w.x.Txn)
}

// Write adds a row. hidden is the key suffix of a table without primary key; nil makes a new one. row is its stored form,
// nil if it has to be made.
func (w *Writer) Write(vals []types.Datum, hidden, row []byte) error {
	if taken, err := w.loader.Take(w.x.Ctx, vals, len(w.row)); taken || err != nil {
		return err
	}
	switch {
	case w.rel.HasPrimaryKey():
		w.key = w.rel.AppendPrimaryKey(w.key[:0], vals)
		if w.mode != rowByRow {
			break
		}
		taken, err := w.primary.taken(w.x, w.key)
		if err != nil {
			return err
		}
		if taken {
			return duplicate(w.x, w.t, w.t.PrimaryIndex(), w.ev, vals)
		}
	case hidden != nil && !w.t.Lake():
		w.key = append(tuple.AppendPrefix(w.key[:0], w.t.StorageID, PrimaryIndex), hidden...)
	default:
		w.key = w.rel.AppendHiddenKey(w.key[:0], w.x.Manager.NextKeyID())
	}
	if row == nil {
		w.row = w.rel.AppendRow(w.row[:0], vals)
		row = w.row
	}
	if err := w.put(PrimaryIndex, w.key, row); err != nil {
		return err
	}
	for i, ix := range w.t.Indexes {
		if ix.ID != PrimaryIndex {
			if err := w.entry(i, ix, w.key, vals); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry adds the index entry of the row at key.
func (w *Writer) entry(i int, ix *catalog.Index, key []byte, vals []types.Datum) error {
	var single, in bool
	var err error
	w.ekey, w.evalue, single, in, err = w.rel.AppendEntry(ix, w.ev, key, vals, w.ekey[:0], w.evalue[:0])
	if err != nil || !in {
		return err
	}
	if ix.Deferrable && ix.Excludes == nil {
		if w.mode != rowByRow {
			return errEqualKeys // its entries all differ: equal values do not show when they are sorted
		}
		taken, err := w.repeated(ix, vals)
		if err != nil {
			return err
		}
		if taken {
			return duplicate(w.x, w.t, ix, w.ev, vals)
		}
	}
	if single && w.mode == rowByRow {
		taken, err := w.second[i].taken(w.x, w.ekey)
		if err != nil {
			return err
		}
		if taken {
			return duplicate(w.x, w.t, ix, w.ev, vals)
		}
	}
	return w.put(ix.ID, w.ekey, w.evalue)
}

// repeated reports whether an entry with the row's key values has been written to an index that could hold two.
func (w *Writer) repeated(ix *catalog.Index, vals []types.Datum) (bool, error) {
	keys, in, err := w.ev.Keys(ix, vals, nil)
	if err != nil || !in {
		return false, err
	}
	n, err := w.rel.CountKey(w.x.Txn, ix, keys, 1)
	return n > 0, err
}

// duplicate is the error of building a unique index over equal keys.
func duplicate(x *stmt.Ctx, t *catalog.Table, ix *catalog.Index, ev *indexEval, vals []types.Datum) error {
	keys, _, err := ev.Keys(ix, vals, nil)
	if err != nil {
		return err
	}
	e := pgerr.New(pgerr.UniqueViolation, "could not create unique index \"%s\"", ix.Name).
		WithDetail("%s", "Key "+rowstore.KeyText(t, ix, keys, x.Env)+" is duplicated.")
	e.Constraint = ix.Name
	return x.InTable(e, t)
}

// Rewrite moves the rows of old into next's storage, which is new, and removes the old ones. change, which may be nil, computes
// what is new in a row.
func Rewrite(x *stmt.Ctx, old, next *catalog.Table, change func(vals []types.Datum) error) error {
	excludes := slices.ContainsFunc(next.Indexes, func(ix *catalog.Index) bool { return ix.Excludes != nil })
	copying := func(mode buildMode) error { return copyRows(x, old, next, mode, change) }
	var err error
	if excludes {
		err = copying(rowByRow) // the rows are compared by what is written
	} else {
		err = bulkWriting(x, copying)
	}
	if err != nil {
		return err
	}
	for _, ix := range next.Indexes {
		if ix.Excludes != nil {
			if err := CheckExclusions(x, next, ix); err != nil {
				return err
			}
		}
	}
	return RemoveStorage(x, old.StorageID)
}

func copyRows(x *stmt.Ctx, old, next *catalog.Table, mode buildMode, change func(vals []types.Datum) error) error {
	w, err := newWriter(x, next, mode)
	if err != nil {
		return err
	}
	keepHidden := !w.rel.HasPrimaryKey()
	if pk := old.PrimaryIndex(); pk != nil && pk.ID == PrimaryIndex {
		keepHidden = false
	}
	// Rows whose columns do not change are moved as they are.
	keepRow := change == nil && len(old.Columns) == len(next.Columns) &&
		!slices.ContainsFunc(old.Columns, func(c catalog.Column) bool { return c.HasMissing })
	return w.Finish(Scan(x, old, len(next.Columns), func(key, row []byte, vals []types.Datum) error {
		if change != nil {
			if err := change(vals); err != nil {
				return err
			}
		}
		if err := CheckNulls(x, next, vals); err != nil {
			return err
		}
		var hidden []byte
		if keepHidden {
			hidden = key[tuple.KeyPrefixLen:]
		}
		if !keepRow {
			row = nil
		}
		return w.Write(vals[:len(next.Columns)], hidden, row)
	}))
}

// CheckNulls refuses a row with NULL in a column that is NOT NULL (23502).
func CheckNulls(x *stmt.Ctx, t *catalog.Table, vals []types.Datum) error {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.NotNull && !c.Dropped && vals[i].IsNull() {
			return ContainsNull(x, t, c)
		}
	}
	return nil
}

// ContainsNull is the error for a column that holds NULL (23502).
func ContainsNull(x *stmt.Ctx, t *catalog.Table, c *catalog.Column) error {
	e := pgerr.New(pgerr.NotNullViolation, "column \"%s\" of relation \"%s\" contains null values", c.Name, t.Name)
	e.Column = c.Name
	return x.InTable(e, t)
}

// btreeOID is pg_am's row: whatever method an index names, it is built as a sorted list.
const btreeOID = 403

// BuildIndex fills a new secondary index from the table's rows.
func BuildIndex(x *stmt.Ctx, t *catalog.Table, ix *catalog.Index) error {
	at := 0
	for i := range t.Indexes {
		if t.Indexes[i].OID == ix.OID {
			at = i
		}
	}
	command, shown := int64(progress.IndexCreate), catalog.OID(0) // PostgreSQL shows the index of CONCURRENTLY only
	if x.Concurrently {
		command, shown = progress.IndexCreateConcurrently, ix.OID
	}
	report := x.Progress.Begin(progress.CreateIndex, t.OID, map[progress.Param]int64{progress.IndexCommand: command,
		progress.IndexOID: int64(shown), progress.IndexMethod: btreeOID, progress.IndexPhase: progress.IndexBuilding})
	defer x.Progress.End(report)
	build := func(mode buildMode) error {
		w, err := newWriter(x, t, mode)
		if err != nil {
			return err
		}
		if x.Rows != nil {
			report.Set(progress.IndexTuplesAll, int64(x.Rows(t)))
		}
		report.Set(progress.IndexTuples, 0)
		report.Set(progress.IndexSubphase, progress.IndexScanning)
		err = Scan(x, t, 0, func(key, _ []byte, vals []types.Datum) error {
			report.Add(progress.IndexTuples, 1)
			return w.entry(at, ix, key, vals)
		})
		report.Set(progress.IndexTuplesAll, report.Get(progress.IndexTuples))
		report.Set(progress.IndexTuples, 0)
		report.Set(progress.IndexSubphase, progress.IndexLoading)
		w.report = report
		return w.Finish(err)
	}
	return bulkWriting(x, func(mode buildMode) error {
		return x.Hooks.AsOwner(t.Owner, func() error { return build(mode) })
	})
}
