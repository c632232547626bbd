package duck_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/columnar"
	"github.com/tarndb/tarn/sql/columnar/duck"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/storage/tuple"
)

// TestQueryShapes compares whole queries with the row executor (I4): kinds of joins, subqueries, CTEs, set operations, and
// expressions whose answers need care. Each must be routed and must not fall back.
func TestQueryShapes(t *testing.T) {
	d := newDB(t, duck.Options{Threads: 2})
	for _, name := range []string{"l", "r"} {
		tab := d.table(name, testColumns...)
		d.fill(name, 150)
		d.shape(tab, 3)
	}
	none := d.table("none", testColumns...)
	d.shape(none, 0)
	for _, q := range strings.Split(strings.TrimSpace(shapes), "\n") {
		d.compare(q)
	}
}

const shapes = `
select count(*), sum(l.n), sum(r.n) from l left join r on l.i4 = r.i4 and r.b
select l.i2, count(r.i2) from l left join r on l.i2 = r.i2 and l.d < r.d where l.b group by l.i2
select count(*), count(k) from l left join (select i4, coalesce(i2, 0) as k from r where i4 > 0) s on l.i4 = s.i4
select count(*), count(k), min(k) from (select i4, coalesce(i2, 0) as k from r where i4 > 0) s right join l on l.i4 = s.i4
select count(*), count(k), count(l.i4) from (select i4, coalesce(i2, 0) as k from r where i4 > 0) s full join l on l.i4 = s.i4
select count(*), count(r.i2), sum(r.i2) from l left join r on l.i2 = r.i2 and not exists (select 1 from r s where s.i4 = l.i4 and l.b)
select count(*), count(r.i2), sum(r.i2) from l left join r on l.i2 = r.i2 and exists (select 1 from l s where s.i4 = r.i4 and r.b)
select count(*), count(l.i2), sum(r.i2) from l right join r on l.i2 = r.i2 and l.i4 in (select i4 from l where b) and r.i8 not in (select i8 from r where not b and i8 is not null)
select count(*), sum(none.n) from l left join none on l.i4 = none.i4
select count(*) from l where exists (select 1 from r where r.i4 = l.i4 and r.b)
select count(*) from l where not exists (select 1 from r where r.i4 = l.i4 and r.i2 <> l.i2)
select count(*) from l where exists (select 1 from r where r.i4 = l.i4 and r.d > l.d)
select count(*) from l where i4 in (select i4 from r where b)
select count(*) from l where i4 not in (select i4 from r where b and i4 is not null)
select count(*) from l where i4 not in (select i4 from r)
select count(*) from l where i4 not in (select i4 from none)
select count(*) from l where i2 > (select min(r.i2) from r where r.i4 = l.i4)
select count(*) from l where n < (select 0.5 * sum(r.n) from r where r.x = l.x)
select count(*) from l where n >= (select max(n) from r) or i4 = (select max(i4) from r)
select l.x, count(*) from l, r where l.i8 = r.i4 group by l.x order by 2 desc, 1 limit 4
select count(*) from l, r where l.n < r.n and l.d > r.d
with s as (select x, sum(n) as total from l group by x) select x, total from s where total = (select max(total) from s)
with s as (select x, sum(n) as total from l group by x) select count(*) from s a, s b where a.total < b.total
select distinct i2, x from l
select distinct c from l order by c
select count(*) from (select distinct i4, d from l) s
select x, i4 from l union select x, i4 from r
select x, count(*) from (select x, i4 from l union all select x, i2 from r) s group by x
select i4 from l intersect select i4 from r
select i4 from l except select i4 from r
select i4 from l except all select i4 from r
select i4 from l intersect all select i4 from r
select count(*) from l where c = 'a'
select count(*) from l where c = 'a   '
select count(*) from l where c = 'abcdefgh'
select count(*) from l where c <> 'a' and c < 'ab'
select count(*) from l where c in ('a', 'abcde', 'zz ')
select count(*) from l, r where l.c = r.c
select c, count(*) from l group by c order by c desc nulls last
select c::text, count(*) from l group by c::text
select count(*) from l where c like 'a%' or c not like '%e'
select count(*) from l where x like '%a%' or x like '_b'
select count(*) from l where x not like '%''%' and x like '\😀%'
select substring(x from 2 for 3), count(*) from l group by 1
select x || c::text as k, count(*) from l group by 1
select length(x), octet_length(x), count(*) from l group by 1, 2
select extract(year from d), count(*) from l group by 1
select extract(month from d), extract(dow from d), extract(doy from d), extract(week from d), extract(quarter from d), count(*) from l group by 1, 2, 3, 4, 5
select extract(hour from ts), extract(minute from ts), extract(isodow from ts), count(*) from l group by 1, 2, 3
select date_trunc('month', ts), count(*) from l group by 1 order by 1
select count(*) from l where date_trunc('hour', ts) <> timestamp '1969-12-31 23:59:59.999999'
select count(*) from l where not date_trunc('hour', ts) = timestamp '1969-12-31 23:59:59.999999'
select count(*), count(ts) from l where (date_trunc('day', ts) < timestamp '2000-01-01 00:00:01') is null
select date_trunc('week', ts), date_trunc('hour', ts), count(*) from l where ts > '1000-01-01' group by 1, 2
select count(*) from l where d < ts and d <= timestamp '2020-02-29 12:00' and d > timestamp '1969-12-31'
select min(d - date '2000-01-01'), max(d - date '2000-01-01') from l
select sum(case when b then n else 0 end), sum(case when i2 > 1 then n * n else 1.5 end) from l
select x, sum(case when b then n else 0 end), avg(case when b then n else 0 end) from l group by x
select sum(case when b is null then null when b then n else 0 end) from l where not b
select case when i4 > 5 then 'big' when i4 > 0 then 'small' end as k, count(*) from l group by 1
select case i2 when 1 then 'one' when 7 then x else 'other' end as k, count(*) from l group by 1
select coalesce(i2, -1), count(*) from l group by 1
select sum(coalesce(n, 0)), sum(coalesce(n, 0.001)) from l
select sum(nullif(i2 + 100000, 100007)), sum(coalesce(i2 + 100000, 0)) from l
select nullif(i2, 7), count(*) from l group by 1
select count(*) from l where i2 is distinct from i4 and n is not distinct from 7.00
select sum(i2 + 1), sum(i2 - 5), sum(i2 * 2), sum(i2 + i2) from l where i2 between -100 and 100
select sum(i2 + 100000), sum(i2 - 70000) filter (where b), sum(distinct i2 + 70000), sum(i2 + 1::bigint), avg(i2 + 100000) from l
select sum(i4 + 1) from l where i4 < 1000 and i4 > -1000
select count(*) from l where i2 + 1 > 5
select i2 / 7, i2 % 7, count(*) from l group by 1, 2
select sum(i8 % 10), sum(i4 / 3) from l
select count(*) from l where n < 12.505
select count(*) from l where n <= 12.505 and n > -0.001
select count(*) from l where n >= 12.495 or 0.005 > n
select count(*) from l where n = 12.505 or n <> 7.001
select count(*) from l where w < 12.00001
select sum(n * (1 - n) * (1 + n)) from l where n between -10 and 100
select sum(n * n * n) from l where n < 1000 and n > -1000
select i4, i2 from l where x = 'a' and b order by i4, i2
select i4, n from l where n > 5 order by n desc, i4 limit 7
select avg(n), avg(i2), count(*) from l where i4 is null having count(*) > 0
select x, sum(n) from l group by x having sum(n) > 10 and count(*) > 2 order by 2 desc nulls last, 1
select i4, row_number() over (order by i4, i8, n, x, d, c, i2) from l where i4 > 0
select x, i4, rank() over (partition by x order by i4), dense_rank() over (partition by x order by i4 desc), percent_rank() over (order by n), cume_dist() over (order by n nulls first) from l
select i2, i4, i8, ntile(4) over (order by i2, i4, i8, n, x, d, c, ts, tz, w, b) from l
select i2, n, lag(i2) over w, lead(n, 2) over w, lag(x, 3, 'none') over w, lead(i4, -1, 7) over w, lag(n, 1, 0.00) over w from l window w as (partition by b order by i2, i4, i8, n, x, d, c, ts, tz, w)
select x, first_value(i4) over w, last_value(n) over w, nth_value(d, 2) over w from l window w as (partition by b order by i2, i4, i8, n, x, d, c, ts, tz, w rows between 2 preceding and 3 following)
select x, sum(i2) over w, count(*) over w, min(n) over w, max(x) over w, avg(i4) over w, count(i8) filter (where b) over w from l window w as (partition by b order by i2)
select x, sum(n) over w, avg(n) over w, bool_and(b) over w from l window w as (order by i4 groups between 1 preceding and 1 following exclude ties)
select x, sum(n) over w, avg(n) over w from l where i2 between -1000 and 1000 window w as (order by i2 range between 7 preceding and 100 following exclude group)
select i8, i2, count(*) over (order by i8 range between 7 preceding and 1 following), sum(i2) over (order by i2 desc range between current row and 32767 following) from l
select x, sum(n) over (order by x, n, i4, i8, d rows between current row and unbounded following), row_number() over (order by x, n, i4, i8, d) from l where i2 is null
select x, sum(i4) over (), avg(w) over (partition by x), sum(case when b then n else 1.5 end) over (partition by i2) from l
select x, i4, sum(sum(n)) over (partition by x order by i4) from l group by x, i4
select x, r from (select x, n, rank() over (partition by x order by n desc nulls last) as r from l) s where r <= 2
select x, count(*), rank() over (order by count(*) desc) from l group by x order by 3, 1
select c, max(d) over (partition by c), min(c) over (order by i4) from (select c::text c, d, i4 from l) s
select lag(a) over (order by x), x from (select x, avg(n) as a from l group by x) s
select x, i2, sum(n), count(*) from l group by grouping sets ((x, i2), (x), ())
select x, i2, sum(n), grouping(x, i2), grouping(i2) from l group by rollup (x, i2)
select x, b, d, count(*), avg(n) from l group by cube (x, b, d)
select x, count(*) from none group by rollup (x)
select count(*), sum(n) from none group by grouping sets ((), ())
select i2 + 1, b, min(n) from l where i2 < 100 group by grouping sets ((i2 + 1), (i2 + 1, b), (b)) having count(*) > 2
select x, i2, rank() over (partition by grouping(x, i2) order by sum(i4) desc nulls last, x, i2) from l where i4 between -1000 and 1000 group by rollup (x, i2)
select x, avg(n) from l group by x having avg(n) > 7
select x, avg(i4), sum(i4) / 3 from l group by x having avg(i4) between -5 and 1e9 order by avg(i4) desc, x limit 5
select count(*) from l where n < (select avg(n) from r where r.x = l.x)
select count(*) from l where n < 0.2 * (select avg(n) from r where r.x = l.x)
select sum(n / 7), avg(n / 3), max(i4) from l where n between -1000 and 1000
select n / 3, n / nullif(i2, 0), 1 / n from l where n between 1 and 100 and n <> 0 and i2 < 1000 and i2 > -1000
select i4 / nullif(i2, 0), i4 % nullif(i2, 0) from l where i2 <> -1
select 100.00 * sum(case when b then n else 0 end) / sum(n) from l where n > 1
select x, avg(n) * 2 + 1 from l group by x
select count(*) from (select i4, i2 from l where i2 > 7 limit 1000) s where i4 / i2 > 3
select 'k', x, count(*) from l group by 1, 2 order by 1, 2 limit 5
select n * nullif(1.5, 1.5), i8 + nullif(1, 1), x || nullif('a', 'a') from l where i2 > 0
select sum(n * nullif(1.5, 1.5)), avg(w - nullif(0.5, 0.50)), min(n + nullif(2.0, 2)) from l
select x, sum(n) / nullif(sum(0), 0), n / nullif(0, 0) from l group by x, n
select x like nullif('a', 'a'), i2 / nullif(7, 7), substring(nullif('a', 'a') from 1 for 2) from l where b
select sum(n) / 1e9, sum(n) / 123456789.5, 0.01 / sum(w), sum(i2) / 3e12 from l where n between 0 and 100 and w between 1 and 1e6
select x, sum(n) / sum(i8), avg(n) / 1e7 from l where n between 0 and 10 and i8 > 0 group by x
select x, q * 2 from (select x, sum(n) / 3 as q from l where n between 0 and 100 group by x) s
select q, p from (select x, sum(n) / 30000 as q from l where n between 0 and 1 group by x) s left join (select x, sum(n) / 7e5 as p from r where n between 0 and 1 group by x) t using (x)
select n / 1e7, i2 from l where n between 0 and 1 order by n, i2 limit 9
select count(*) from (select 1.5 / n as q from l where n > 0) s left join r on r.n > 0 and exists (select 1 from r t where t.n > s.q and t.b)
select count(*) from (select 1.5 / n as q from l where n > 0) s where exists (select 1 from r where r.n = 12.5 and r.n > s.q)
with s as (select x, sum(n) / 1e8 as q from l where n between 0 and 100 group by x) select a.x, a.q, b.q from s a, s b where a.x = b.x
`

// TestShapeParams: a numeric parameter is compared at the scale of the column beside it.
func TestShapeParams(t *testing.T) {
	d := newDB(t, duck.Options{})
	tab := d.table("t", testColumns...)
	d.fill("t", 300)
	d.shape(tab, 3)
	for _, v := range []string{"12.505", "12.5", "-0.001", "0", "99999999.991", "7"} {
		k, err := numeric.Parse(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range []string{"<", "<=", ">", ">="} {
			d.compare("select count(*) from t where n "+op+" $1::numeric and $1::numeric "+op+" w", k)
		}
	}
	d.compare("select count(*) from t where n = $1::numeric", numeric.Int(7))
	d.compare("select count(*) from t where x like $1", tuple.String("a%"))
	d.compare("select count(*) from t where c = $1::bpchar", tuple.String("a"))
	d.compare("select count(*) from t where i4 > $1 + 1", tuple.Int(3))
	for _, v := range []types.Datum{tuple.Int(3), types.Null} {
		d.compare("select i4::bigint + $1::int, sum(i2 * $1::int), min(i2 / $1::int) from t where i4 < 1000 group by 1", v)
		d.compare("select n * $1::int, sum(n - $1::int), avg(n + $1::int) from t where n < 1000 group by 1", v)
		d.compare("select n / $1::int from t where n between 0 and 100", v)
	}
	for _, v := range []types.Datum{tuple.String("a"), types.Null} {
		d.compare("select x || $1, x like $1, x ~ 'a' from t group by 1, 2, 3", v)
	}
	// What has no decimal at the column's scale is the rows' affair.
	k, _ := numeric.Parse("12.505")
	for _, v := range []types.Datum{k, tuple.NumericNaN} {
		q := "select count(*) from t where n = $1::numeric"
		want, _ := d.query(q, nil, v)
		got, err := d.query(q, d.engine.Runner(d), v)
		if err != nil || strings.Join(got, ";") != strings.Join(want, ";") {
			t.Errorf("%s: %v, want %v (%v)", q, got, want, err)
		}
	}
}

// TestParamError: what a parameter's computation raises is an error only where the rows come to it.
func TestParamError(t *testing.T) {
	d := newDB(t, duck.Options{})
	empty, full := d.table("nothing", testColumns...), d.table("some_rows", testColumns...)
	d.fill("some_rows", 20)
	d.shape(empty, 0)
	d.shape(full, 2)
	for _, q := range []string{"select count(*) from nothing where i4 > 10 / $1", "select count(*) from some_rows where i4 > 10 / $1",
		"select count(*) from nothing where i4 > (select i4 from some_rows)", "select count(*) from some_rows where i4 > (select i4 from some_rows)"} {
		want, werr := d.query(q, nil, tuple.Int(0))
		got, gerr := d.query(q, d.engine.Runner(d), tuple.Int(0))
		if fmt.Sprint(werr) != fmt.Sprint(gerr) || strings.Join(got, ";") != strings.Join(want, ";") {
			t.Errorf("%s: %v %v, want %v %v", q, got, gerr, want, werr)
		}
	}
}

// TestOrderOfIndex: an order that an index gave in the row form is said to DuckDB.
func TestOrderOfIndex(t *testing.T) {
	d := newDB(t, duck.Options{Threads: 2})
	tab := d.tableWithKey("t", true, column{"id", types.Int4, -1}, column{"k", types.Int4, -1})
	d.mustExec("insert into t select g * 7 % 10007, g % 3 from generate_series(1, 10006) g")
	d.shape(tab, 4)
	for _, q := range []string{"select id, count(*) from t group by id order by id", "select id, sum(k) from t group by id order by id desc limit 5",
		"select id from t where k = 1 order by id", "select min(id), max(id) from t"} {
		want, err := d.query(q, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.query(q, d.engine.Runner(d))
		if err != nil || strings.Join(got, ";") != strings.Join(want, ";") {
			t.Errorf("%s: %.60q, want %.60q (%v)", q, got, want, err)
		}
	}
	_, f, _, _ := d.program("select id, count(*) from t group by id order by id", true)
	if f == nil || !strings.Contains(f.SQL, " ORDER BY ") {
		t.Errorf("no order in %+v", f)
	}
}

// threeInOne matches a list of three tables.
var threeInOne = regexp.MustCompile(`CROSS JOIN [a-z0-9]+ [a-z0-9]+ CROSS JOIN`)

// TestJoinOrder: joins by several columns come to DuckDB in the plan's order, others in one list.
func TestJoinOrder(t *testing.T) {
	d := newDB(t, duck.Options{Threads: 2})
	for _, name := range []string{"o", "l", "s"} {
		tab := d.table(name, column{"w", types.Int4, -1}, column{"k", types.Int4, -1}, column{"v", types.Int4, -1})
		d.mustExec("insert into " + name + " select g % 4, g / 4, g from generate_series(0, 399) g")
		d.shape(tab, 3)
	}
	for _, q := range []string{
		"select count(*), sum(l.v) from o, l, s where o.w = l.w and o.k = l.k and l.w = s.w and l.v = s.k and o.v > 10",
		"select count(*), sum(s.v) from (select l.w, l.k, max(l.v) as v from o, l where o.w = l.w and o.k = l.k group by 1, 2) x, o, s where x.w = o.w and x.k = o.k and o.w = s.w",
		"select count(*), sum(s.v) from o, l, s where o.k = l.k and l.v = s.v",
	} {
		d.compare(q)
		_, f, _, _ := d.program(q, true)
		if f == nil || strings.Count(f.SQL, " CROSS JOIN ") < 2 || threeInOne.MatchString(f.SQL) == strings.Contains(q, "o.w = l.w") {
			t.Errorf("%s: %+v", q, f)
		}
	}
}

// TestPrune: files whose bounds leave no row are not read, whatever stands on which side, and the answer is the same.
func TestPrune(t *testing.T) {
	d := newDB(t, duck.Options{})
	tab := d.table("t", testColumns...)
	d.fill("t", 300)
	d.shape(tab, 12)
	for _, c := range testColumns {
		name := types.Lookup(c.typ).Name
		for _, v := range testValues[c.typ] {
			if c.typ == types.Float8 {
				continue
			}
			if strings.HasPrefix(v, "-") {
				v = "'" + v + "'"
			}
			d.compare(fmt.Sprintf("select count(*), sum(i4) from t where %s = %s::%s", c.name, v, name))
			if c.typ != types.Bool {
				d.compare(fmt.Sprintf("select count(*), sum(i4) from t where %s::%s > %s and %[3]s >= %[1]s::%[2]s", v, name, c.name))
			}
		}
	}
	d.compare("select count(*) from t where i4 in (1, 7) and x in ('a', 'zzzzzzzzzzzzz')")
	d.compare("select count(*) from t where i8 < $1 and n >= $2::numeric", tuple.Int(-5), numeric.Int(3))
	d.compare("select count(*) from t a, t b where a.i4 = 7 and b.i4 = 365 and a.b = b.b")
	d.sorted()
	for q, want := range map[string]int64{"select count(*) from s where k between 20 and 29": 9, "select count(*) from s where 95 < k": 9, "select count(*) from s where k = 1000": 10,
		"select count(*) from s where k in (15, 16, 77)": 8, "select count(*) from s where k <> 5": 0, "select count(*) from s where k < 30 or v = 1": 0,
		"select count(*) from s a join s b using (k) where a.k < 10": 0} {
		r := &recorder{ColumnarRunner: d.engine.Runner(d)}
		if _, err := d.query(q, r); err != nil || r.read.Pruned != want {
			t.Errorf("%s: %d files left out, want %d (%v)", q, r.read.Pruned, want, err)
		}
	}
}

// sorted makes table s with k from 0 to 99 in ten files by k.
func (d *db) sorted() {
	d.t.Helper()
	tab := d.table("s", column{"k", types.Int4, -1}, column{"v", types.Int4, -1})
	d.mustExec("insert into s select g, g from generate_series(0, 99) g")
	d.inOrder = true
	d.shape(tab, 10)
	d.inOrder = false
}

// TestNarrow: decimals are computed in 64 bits, and again in 128 where these do not suffice.
func TestNarrow(t *testing.T) {
	d := newDB(t, duck.Options{})
	tab := d.table("t", column{"n", types.Numeric, decimal(15, 2)})
	d.mustExec("insert into t select g from generate_series(1, 100) g")
	d.shape(tab, 1)
	d.compare("select sum(n * n) from t")
	d.mustExec("insert into t values (9999999999999.99)")
	d.shape(tab, 1)
	d.compare("select sum(n * n) from t")
	_, f, _, _ := d.program("select sum(n * n) from t", true)
	if f.Wide == "" || f.Wide == f.SQL {
		t.Errorf("no wide form of %s", f.SQL)
	}
}

// FuzzBind: no text and no values make Bind panic.
func FuzzBind(f *testing.F) {
	f.Add("SELECT $1f2 + $2 WHERE x = '$1'", "1.5", int64(7))
	f.Add("$0$99x$1c", "NaN", int64(-1))
	f.Fuzz(func(t *testing.T, sql, n string, i int64) {
		v, err := numeric.Parse(n)
		if err != nil {
			return
		}
		columnar.Bind(sql, []types.OID{types.Numeric, types.Int8}, []types.Datum{v, tuple.Int(i)})
	})
}
