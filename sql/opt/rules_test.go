package opt_test

import (
	"os"
	"strings"
	"testing"
)

// TestRulesCanBeTurnedOff plans testdata/plans.sql without each rule: every statement still has a plan, and some plan is
// another one.
func TestRulesCanBeTurnedOff(t *testing.T) {
	raw, err := os.ReadFile("testdata/plans.sql")
	if err != nil {
		t.Fatal(err)
	}
	var sqls []string
	for _, chunk := range strings.Split(strings.TrimSpace(string(raw)), "\n\n") {
		sql, _, _ := strings.Cut(chunk, "\n----\n")
		sqls = append(sqls, sql)
	}
	p := &planner{}
	p.cat, p.rows = testCatalog()
	usual := map[string]string{}
	for _, sql := range sqls {
		usual[sql] = p.text(sql)
	}
	for _, rule := range []string{"seqscan", "indexscan", "indexonlyscan", "nestloop", "hashjoin", "mergejoin", "sortagg", "semi_join", "anti_join", "scalar_agg",
		"outer_reduction", "equivalence", "unique_inner", "cte_inline", "minmax", "hashed_exists", "or_parts", "one_row"} {
		p.off = func(name string) bool { return name == rule }
		changed := false
		for _, sql := range sqls {
			got := p.text(sql)
			if strings.HasPrefix(got, "ERROR") {
				t.Errorf("without %s: %s\n%s", rule, sql, got)
			}
			changed = changed || got != usual[sql]
		}
		if !changed {
			t.Errorf("no plan depends on rule %s", rule)
		}
	}
}
