package opt_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/explain"
	"github.com/tarndb/tarn/sql/opt"
)

// TestKeyJoinEstimate: the columns of a key do not come in all combinations. 80,000 × 200 values of partsupp's key make 800,000 pairs, not
// 16,000,000, so that an item which names both finds 20 times as many partners as with two columns that know nothing of each other;
// two items that name one of them each do not.
func TestKeyJoinEstimate(t *testing.T) {
	p := &planner{}
	p.cat, p.rows = testCatalog()
	first := regexp.MustCompile(`rows=(\d+)`)
	for sql, want := range map[string]string{
		"select 1 from lineitem, partsupp where l_partkey = ps_partkey and l_suppkey = ps_suppkey":                                                                      "800000",
		"select 1 from lineitem, partsupp, part, supplier where l_partkey = ps_partkey and l_suppkey = ps_suppkey and p_partkey = l_partkey and s_suppkey = ps_suppkey": "800000",
		"select 1 from partsupp, part, supplier where p_partkey = ps_partkey and s_suppkey = ps_suppkey":                                                                "800000",
		"select 1 from lineitem a, lineitem b where a.l_partkey = b.l_partkey and a.l_suppkey = b.l_suppkey":                                                            "300000",
	} {
		st, err := p.bound(sql)
		if err != nil {
			t.Fatal(err)
		}
		phys, err := opt.Optimize(p.optEnv(), st)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(explain.Text(phys, explain.Options{Costs: true}, nil, explain.Run{}), "\n")
		if m := first.FindStringSubmatch(text); m == nil || m[1] != want {
			t.Errorf("%s\n%s\nwant %s rows", sql, text, want)
		}
	}
}
