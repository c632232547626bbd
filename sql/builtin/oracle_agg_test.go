package builtin

import (
	"fmt"
	"math/rand"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/catalog/pgdata"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// directs are direct arguments of ordered-set aggregates.
var directs = map[types.OID][]string{
	types.Float8: {"0", "0.5", "1", "0.3", "1.5", "NULL"}, types.Float8Array: {"{0,0.5,1}", "{}", "{{0.1,NULL},{0.9,0.2}}", "{2}"},
}

// TestOracleAggregates runs each aggregate over random lists of edge values, NULLs among them.
func TestOracleAggregates(t *testing.T) {
	conn := oracle(t)
	only := regexp.MustCompile(os.Getenv("TARN_BUILTIN"))
	rnd := rand.New(rand.NewSource(2))
	asked, bad := 0, 0
	aggs := map[uint32]pgdata.Aggregate{}
	for _, a := range pgdata.Aggregates() {
		aggs[a.Fn] = a
	}
	for i := range pgdata.Procs() {
		p := &pgdata.Procs()[i]
		agg := aggregates[p.OID]
		if agg == nil || p.Kind != 'a' || !only.MatchString(p.Name) || aggs[p.OID].Kind == 'h' {
			continue
		}
		nd := aggs[p.OID].NumDirectArgs
		var got, queries []string
		for _, base := range []types.OID{types.Int4, types.Text, types.Numeric, types.Interval, types.Float8} {
			args := make([]types.OID, len(p.ArgTypes))
			ok, poly := true, false
			for j, a := range p.ArgTypes {
				args[j] = a
				if a == types.AnyEnum {
					ok = false
				}
				if a == types.Any {
					args[j] = base
				} else {
					args[j] = polymorphic(a, base)
				}
				poly = poly || args[j] != a
				ok = ok && len(edge[args[j]]) > 0
			}
			if !ok || !poly && base != types.Int4 || len(args) > 0 && args[len(args)-1] == types.Money {
				continue
			}
			for round := range 14 {
				n := rnd.Intn(7)
				q, v := aggCase(p, agg, args, nd, n, round, rnd)
				queries = append(queries, q)
				got = append(got, v)
			}
		}
		if len(queries) == 0 {
			continue
		}
		asked += len(queries)
		shown := 0
		for j, want := range ask(t, conn, queries) {
			if want != got[j] {
				if shown++; shown <= 3 {
					t.Errorf("%s\n\tgot  %s\n\twant %s", queries[j], got[j], want)
				}
			}
		}
		if shown > 0 {
			bad++
			t.Logf("%s: %d of %d differ", Signature(p.OID), shown, len(queries))
		}
	}
	t.Logf("%d calls asked, %d aggregates differ", asked, bad)
}

// aggCase makes one list of n rows, its query, and our answer.
func aggCase(p *pgdata.Proc, agg *Agg, args []types.OID, nd, n, round int, rnd *rand.Rand) (query, answer string) {
	lit := func(t types.OID, list []string) (string, types.Datum, error) {
		s := list[rnd.Intn(len(list))]
		if s == "NULL" || rnd.Intn(8) == 0 {
			return "NULL::" + castName(t), types.Null, nil
		}
		// Rounds that are odd leave the infinities out, which would hide everything else.
		for round%2 == 1 && strings.Contains(strings.ToLower(s), "inf") || strings.Contains(s, "NaN") && round%4 != 0 {
			s = list[rnd.Intn(len(list))]
		}
		v, err := types.Lookup(t).ParseText(s, -1, testEnv)
		return quoteLit(s) + "::" + castName(t), v, err
	}
	var direct []types.Datum
	var directSQL []string
	for _, t := range args[:nd] {
		list := directs[t]
		if list == nil {
			list = edge[t]
		}
		s, v, err := lit(t, list)
		if err != nil {
			panic(err)
		}
		direct, directSQL = append(direct, v), append(directSQL, s)
	}
	rest := args[nd:]
	rows := make([][]types.Datum, n)
	var values []string
	for i := range rows {
		row := []string{fmt.Sprint(i)}
		for _, t := range rest {
			s, v, err := lit(t, edge[t])
			if err != nil {
				panic(err)
			}
			row = append(row, s)
			rows[i] = append(rows[i], v)
		}
		values = append(values, "("+strings.Join(row, ",")+")")
	}
	if n == 0 { // one row that the condition drops
		row := []string{"-1"}
		for _, t := range rest {
			row = append(row, "NULL::"+castName(t))
		}
		values = append(values, "("+strings.Join(row, ",")+")")
	}
	var cols, names []string
	for i := range rest {
		cols = append(cols, fmt.Sprintf("c%d", i))
		names = append(names, fmt.Sprintf("c%d", i))
	}
	from := fmt.Sprintf("(values %s) v(%s) where n >= 0", strings.Join(values, ","), strings.Join(append([]string{"n"}, names...), ","))
	call := fmt.Sprintf("%s(%s order by n)", p.Name, strings.Join(cols, ","))
	if len(rest) == 0 {
		call = p.Name + "(*)"
	}
	if nd > 0 || p.Name == "mode" {
		call = fmt.Sprintf("%s(%s) within group (order by c0)", p.Name, strings.Join(directSQL, ","))
	}
	query = fmt.Sprintf("select case when v is null then null else format('%%s', v) end from (select %s as v from %s) s", call, from)

	defer func() {
		if r := recover(); r != nil {
			answer = fmt.Sprintf("PANIC %v", r)
		}
	}()
	ret := p.RetType
	if ret == types.AnyElement {
		ret = rest[0]
	}
	if ret == types.AnyArray {
		if ret = types.Lookup(rest[0]).Array; types.Lookup(rest[0]).IsArray() {
			ret = rest[0]
		}
	}
	if ret == types.AnyRange || ret == types.AnyMultirange {
		if t := types.Lookup(rest[0]); ret == types.AnyMultirange && t.TypType == types.TypeRange {
			ret = t.Multirange
		} else {
			ret = rest[0]
		}
	}
	c := &Call{Env: testEnv, Proc: p.OID, ArgTypes: args, RetType: ret}
	st, err := agg.New(c, direct)
	if err != nil {
		return query, wordResult(ret, types.Null, err)
	}
	if nd > 0 || p.Name == "mode" {
		sortRows(rows, rest[0])
	}
	for _, row := range rows {
		skip := false
		for _, v := range row {
			skip = skip || agg.Strict && v.IsNull()
		}
		if skip {
			continue
		}
		if err := st.Add(row); err != nil {
			return query, wordResult(ret, types.Null, err)
		}
	}
	v, err := st.Final()
	return query, wordResult(ret, v, err)
}

func sortRows(rows [][]types.Datum, t types.OID) {
	k := types.Lookup(t).Kind
	for i := range rows {
		for j := i; j > 0 && less(k, rows[j][0], rows[j-1][0]); j-- {
			rows[j], rows[j-1] = rows[j-1], rows[j]
		}
	}
}

func less(k tuple.Kind, a, b types.Datum) bool {
	if a.IsNull() || b.IsNull() {
		return !a.IsNull() && b.IsNull()
	}
	return types.CompareKind(k, a, b) < 0
}
