package exec_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// rowList is a set of rows, with an error after the row number fail.
type rowList struct {
	rows [][]types.Datum
	at   int
	fail int
	err  error
}

func (r *rowList) Next() ([]types.Datum, bool, error) {
	if r.err != nil && r.at == r.fail {
		return nil, false, r.err
	}
	if r.at == len(r.rows) {
		return nil, false, nil
	}
	r.at++
	return r.rows[r.at-1], true, nil
}

func (r *rowList) Close() {}

func (r *rowList) Read() exec.ColumnarRead { return exec.ColumnarRead{} }

// runner answers a fragment over (id, v) with doubled ids.
type runner struct {
	refuse bool
	start  error
	fail   int
	err    error
	ran    int
}

func (r *runner) Accepts(*plan.Columnar) bool { return true }

func (r *runner) RunColumnar(_ *run.Context, v *txn.View, n *plan.Columnar, params []types.Datum, _ exec.ColumnarFeeds) (exec.ColumnarRows, bool, error) {
	r.ran++
	if r.refuse || r.start != nil {
		return nil, false, r.start
	}
	l := &rowList{fail: r.fail, err: r.err}
	for i := range 3 {
		row := make([]types.Datum, len(n.Out))
		for j := range row {
			row[j] = tuple.Int(int64(i+1) * 2)
		}
		l.rows = append(l.rows, row)
	}
	return l, true, nil
}

// A fragment's answer is taken; a refusal or a retryable failure before the first row runs the fallback; any other failure
// is the statement's.
func TestColumnar(t *testing.T) {
	s := newDB(t).session()
	s.must("create table t (id int primary key)")
	s.must("insert into t values (1), (2), (3)")
	s.rewrite = columnar
	prog := prepareSQL(t, s, "select id from t")
	retry := fmt.Errorf("too narrow: %w", exec.ErrColumnarRetry)
	broken := errors.New("broken")
	for _, c := range []struct {
		r    runner
		want string
		err  error
	}{
		{runner{}, "2\n4\n6\n", nil},
		{runner{refuse: true}, "1\n2\n3\n", nil},
		{runner{start: retry}, "1\n2\n3\n", nil},
		{runner{start: broken}, "", broken},
		{runner{err: retry}, "1\n2\n3\n", nil},
		{runner{err: retry, fail: 1}, "", exec.ErrColumnarRetry},
		{runner{err: broken, fail: 2}, "", broken},
	} {
		s.begin()
		s.columnar = &c.r
		out, err := s.run(prog)
		if out != c.want || !errors.Is(err, c.err) {
			t.Errorf("%+v: %q %v", c.r, out, err)
		}
		if c.r.ran != 1 {
			t.Errorf("ran %d times", c.r.ran)
		}
	}
}

// virtual computes relations: rows (n, "row n"), fewer where a key is given.
type virtual struct{ asked []exec.VirtualKey }

func (v *virtual) ScanVirtual(_ *run.Context, t *catalog.Table, cols []int16, eq []exec.VirtualKey) (builtin.Rows, error) {
	v.asked = eq
	l := &rowList{}
	for i := range 5 {
		row := make([]types.Datum, len(cols))
		for j, c := range cols {
			switch t.Column(c).Name {
			case "oid":
				row[j] = tuple.Uint(uint64(100 + i))
			case "nspname":
				row[j] = tuple.String(fmt.Sprint("schema ", i))
			default:
				row[j] = types.Null
			}
		}
		l.rows = append(l.rows, row)
	}
	return l, nil
}

// The filter holds whatever the source makes of the keys.
func TestVirtualScan(t *testing.T) {
	s := newDB(t).session()
	v := &virtual{}
	s.virtual = v
	for sql, want := range map[string]string{
		"select nspname from pg_catalog.pg_namespace where oid = 103":                                                         "schema 3\n",
		"select oid from pg_catalog.pg_namespace where nspname = 'schema 1'":                                                  "101\n",
		"select count(*) from pg_catalog.pg_namespace where oid > 101":                                                        "3\n",
		"select a.oid from pg_catalog.pg_namespace a join pg_catalog.pg_namespace b using (oid) where a.nspname > 'schema 3'": "104\n",
	} {
		if got := s.must(sql); got != want {
			t.Errorf("%s: %s", sql, got)
		}
	}
	s.must("select nspname from pg_catalog.pg_namespace where oid = 103")
	if len(v.asked) != 1 || v.asked[0].Val.Uint() != 103 {
		t.Errorf("keys %v", v.asked)
	}
}
