package duck_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tarndb/tarn/sql/exec/run"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
	"github.com/tarndb/tarn/storage/wal"
)

// db runs statements over rows and over columns. Its columnar shape is made here from the table's rows: some in files,
// between others that are marked as deleted, some in the tail.
type db struct {
	builtin.Session
	t       testing.TB
	rnd     *rand.Rand
	mgr     *txn.Manager
	cat     *catalog.Catalog
	alloc   *catalog.Allocator
	rels    run.Rels
	dir     string
	engine  *duck.Engine
	shapes  map[catalog.OID]columnar.Table
	lacks   string       // a column that files do not have
	opened  atomic.Int32 // snapshots that are not closed
	root    plan.Node    // of the last program
	inOrder bool         // files take the rows as they come, all of them
	ctx     context.Context
	out     []plan.Col // of the last program
}

func newDB(t testing.TB, o duck.Options) *db {
	t.Helper()
	eng, err := engine.Open(context.Background(), engine.Options{FS: engine.MemFS(), Dir: "db"})
	if err != nil {
		t.Fatal(err)
	}
	d := &db{t: t, rnd: rand.New(rand.NewPCG(1, 2)), mgr: txn.NewManager(eng, lock.NewManager(), txn.Config{TempDir: t.TempDir()}),
		cat: catalog.New(), dir: t.TempDir(), shapes: map[catalog.OID]columnar.Table{}, ctx: context.Background()}
	o.Directories = []string{d.dir}
	d.engine = duck.New(o)
	t.Cleanup(func() {
		d.engine.Close()
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
		if n := d.opened.Load(); n != 0 {
			t.Errorf("%d snapshots are open", n)
		}
	})
	return d
}

func (d *db) Context() context.Context  { return d.ctx }
func (d *db) Catalog() *catalog.Catalog { return d.cat }

type column struct {
	name string
	typ  types.OID
	mod  int32
}

func decimal(p, s int32) int32 { return (p<<16 | s) + 4 }

// table makes a table.
func (d *db) table(name string, cols ...column) *catalog.Table {
	return d.tableWithKey(name, false, cols...)
}

func (d *db) tableWithKey(name string, key bool, cols ...column) *catalog.Table {
	if d.alloc == nil {
		d.alloc = catalog.NewAllocator(d.cat)
	}
	e := d.cat.Edit(d.alloc)
	t := &catalog.Table{OID: e.OID(), Schema: catalog.PublicOID, Name: name, Kind: catalog.RelTable, Persistence: catalog.Permanent,
		Owner: 10, StorageID: d.alloc.StorageID(), NextIndexID: 2}
	t.RowType = e.OID()
	e.OID()
	for i, c := range cols {
		ty := types.Lookup(c.typ)
		t.Columns = append(t.Columns, catalog.Column{AttNum: int16(i + 1), Name: c.name, Type: c.typ, TypMod: c.mod, Kind: ty.Kind, Collation: ty.Collation})
	}
	if key {
		t.Columns[0].NotNull = true
		t.Indexes = []*catalog.Index{{OID: e.OID(), ID: 1, Name: name + "_pkey", Unique: true, Primary: true, Method: "btree", Keys: []catalog.IndexKey{{Att: 1, Type: cols[0].typ, Kind: types.Lookup(cols[0].typ).Kind}}}}
	}
	e.PutTable(t)
	d.cat = e.Apply(d.cat)
	return t
}

func (d *db) program(sql string, route bool) (*exec.Program, *plan.Columnar, string, error) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil, nil, "", err
	}
	env := &bind.Env{Catalog: d.cat, SearchPath: []types.OID{catalog.PublicOID}, Database: "test", Source: sql, Cache: &parser.Cache{}, Types: &types.Env{}}
	bound, err := bind.Statement(env, stmts[0].Node, nil)
	if err != nil {
		return nil, nil, "", err
	}
	d.out = bound.Out
	phys, err := opt.Optimize(&opt.Env{Catalog: d.cat}, bound)
	if err != nil {
		return nil, nil, "", err
	}
	var reason string
	if route {
		reason = columnar.Route(phys, columnar.Options{Rows: func(*catalog.Table) float64 { return 1e6 }})
	}
	d.root = phys.Root
	p, err := exec.Prepare(phys, &types.Env{}, exec.Options{})
	return p, find(phys.Root), reason, err
}

// find is the first fragment of a plan.
func find(n plan.Node) *plan.Columnar {
	switch x := n.(type) {
	case *plan.Columnar:
		return x
	case *plan.Result:
		if x.In != nil {
			return find(x.In)
		}
	case *plan.SortNode:
		return find(x.In)
	case *plan.LimitNode:
		return find(x.In)
	case *plan.Agg:
		return find(x.In)
	case *plan.UniqueNode:
		return find(x.In)
	}
	return nil
}

// recorder notes whether fragments ran to their end.
type recorder struct {
	exec.ColumnarRunner
	ran  int
	read exec.ColumnarRead
	err  error
}

func (r *recorder) RunColumnar(ec *run.Context, v *txn.View, n *plan.Columnar, p []types.Datum, feeds exec.ColumnarFeeds) (exec.ColumnarRows, bool, error) {
	rows, ok, err := r.ColumnarRunner.RunColumnar(ec, v, n, p, feeds)
	if ok && err == nil {
		r.ran++
		r.read = rows.Read()
	}
	if err != nil {
		r.err = err
	}
	return rows, ok, err
}

// query runs a statement and gives its rows as text, ordered unless the statement orders them.
func (d *db) query(sql string, runner exec.ColumnarRunner, params ...types.Datum) (out []string, err error) {
	p, _, _, err := d.program(sql, runner != nil)
	if err != nil {
		return nil, err
	}
	t := d.mgr.Begin(txn.Options{})
	defer t.Rollback()
	ec := &exec.Context{Context: run.Context{Ctx: d.ctx, Txn: t, Manager: d.mgr, Catalog: d.cat, Env: &types.Env{}, Sess: d, Rels: &d.rels,
		TempDir: d.t.TempDir(), Params: params}, Columnar: runner}
	cols := d.out
	_, err = p.Exec(ec, func(row []types.Datum) error {
		var b []byte
		for i, v := range row {
			if i > 0 {
				b = append(b, '|')
			}
			if v.IsNull() {
				b = append(b, "NULL"...)
				continue
			}
			b = types.Lookup(cols[i].T.OID).AppendText(b, v, &types.Env{})
		}
		out = append(out, string(b))
		return nil
	})
	if !strings.Contains(outermost(sql), "order by") {
		slices.Sort(out)
	}
	return out, err
}

// outermost is a text without what stands in parentheses.
func outermost(sql string) string {
	var s strings.Builder
	depth := 0
	for _, r := range sql {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth == 0:
			s.WriteRune(r)
		}
	}
	return s.String()
}

func (d *db) mustExec(sql string) {
	d.t.Helper()
	p, _, _, err := d.program(sql, false)
	if err != nil {
		d.t.Fatalf("%s: %v", sql, pgerr.From(err))
	}
	t := d.mgr.Begin(txn.Options{})
	ec := &exec.Context{Context: run.Context{Ctx: d.ctx, Txn: t, Manager: d.mgr, Catalog: d.cat, Env: &types.Env{}, Sess: d, Rels: &d.rels, TempDir: d.t.TempDir()}}
	if _, err := p.Exec(ec, nil); err != nil {
		t.Rollback()
		d.t.Fatalf("%s: %v", sql, pgerr.From(err))
	}
	if _, err := t.Commit(d.ctx, engine.Async); err != nil {
		d.t.Fatal(err)
	}
}

// Open implements columnar.Source.
func (d *db) OpenPlace(context.Context, *catalog.Table, []int16, *columnar.Place) (columnar.Table, error) {
	return columnar.Table{}, columnar.ErrNotAvailable
}

func (d *db) Open(_ context.Context, tables []*catalog.Table, _ wal.LSN) (*columnar.Snapshot, error) {
	s := &columnar.Snapshot{Close: func() { d.opened.Add(-1) }}
	for _, t := range tables {
		shape, ok := d.shapes[t.OID]
		if !ok {
			return nil, columnar.ErrNotAvailable
		}
		s.Tables = append(s.Tables, shape)
	}
	d.opened.Add(1)
	return s, nil
}

// shape builds the columnar shape of a table from its rows in files files.
func (d *db) shape(t *catalog.Table, files int) {
	d.t.Helper()
	p, _, _, err := d.program("select * from "+t.Name, false)
	if err != nil {
		d.t.Fatal(err)
	}
	tx := d.mgr.Begin(txn.Options{})
	defer tx.Rollback()
	ec := &exec.Context{Context: run.Context{Ctx: d.ctx, Txn: tx, Manager: d.mgr, Catalog: d.cat, Env: &types.Env{}, Sess: d, Rels: &d.rels, TempDir: d.t.TempDir()}}
	var rows [][]types.Datum
	if _, err := p.Exec(ec, func(row []types.Datum) error {
		c := make([]types.Datum, len(row))
		for i := range row {
			c[i] = row[i].Clone()
		}
		rows = append(rows, c)
		return nil
	}); err != nil {
		d.t.Fatal(err)
	}
	if !d.inOrder {
		d.rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	var shape columnar.Table
	var cols []parquet.Column
	for i := range t.Columns {
		c, _ := columnar.Form(&t.Columns[i])
		shape.Columns = append(shape.Columns, c)
		cols = append(cols, parquet.Column{Name: c.Name, Type: c.Type})
	}
	// Rows that are marked as deleted stand between the others: they are copies of them.
	part := func(n int, holes bool) (vals [][]tuple.Value, dead *roaring.Bitmap) {
		vals = make([][]tuple.Value, len(cols))
		add := func(row []types.Datum) {
			for i := range vals {
				vals[i] = append(vals[i], row[i])
			}
		}
		if holes {
			dead = roaring.New()
		}
		for n > 0 && len(rows) > 0 {
			add(rows[0])
			if holes && d.rnd.IntN(3) == 0 {
				dead.Add(uint32(len(vals[0]) - 1))
				continue
			}
			rows = rows[1:]
			n--
		}
		return vals, dead
	}
	per := len(rows)/(files+2) + 1
	if d.inOrder {
		per = len(rows) / files
	}
	for f := range files {
		vals, dead := part(per, f%2 == 1 && !d.inOrder)
		name := filepath.Join(d.dir, fmt.Sprintf("%s-%d.parquet", t.Name, f))
		out, err := os.Create(name)
		if err != nil {
			d.t.Fatal(err)
		}
		cols := slices.Clone(cols)
		n := len(vals[0])
		for i := range vals {
			for k, v := range vals[i] {
				if !v.IsNull() {
					_, vals[i][k], _ = shape.Columns[i].Physical(nil, v)
				}
			}
		}
		if i := slices.IndexFunc(cols, func(c parquet.Column) bool { return c.Name == d.lacks }); i >= 0 {
			cols, vals = slices.Delete(cols, i, i+1), slices.Delete(vals, i, i+1)
		}
		w := parquet.NewWriter(out, cols, parquet.WriterOptions{})
		if err := w.Write(vals); err != nil {
			d.t.Fatal(err)
		}
		written, err := w.Close()
		if err != nil {
			d.t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			d.t.Fatal(err)
		}
		shape.Files = append(shape.Files, columnar.File{Path: name, Rows: int64(n), Deleted: dead, Range: rangeOf(cols, written)})
	}
	for k := 0; len(rows) > 0; k++ {
		vals, dead := part(per, k%2 == 0)
		shape.Tail = append(shape.Tail, columnar.Tail{Rows: len(vals[0]), Columns: vals, Deleted: dead})
	}
	d.shapes[t.OID] = shape
}

// rangeOf are the bounds that a file's writer has seen.
func rangeOf(cols []parquet.Column, st parquet.FileStats) func(string, parquet.Type) (lo, hi tuple.Value, ok bool) {
	return func(name string, _ parquet.Type) (lo, hi tuple.Value, ok bool) {
		at := slices.IndexFunc(cols, func(c parquet.Column) bool { return c.Name == name })
		if at < 0 || !st.Columns[at].Ranged {
			return lo, hi, false
		}
		return st.Columns[at].Min, st.Columns[at].Max, true
	}
}
