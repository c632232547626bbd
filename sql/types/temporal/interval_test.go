package temporal

import "testing"

// In the SQL standard's style a sign in front is meant for every field, unless another has one of its own. The answers are
// PostgreSQL 15's.
func TestIntervalLeadingSign(t *testing.T) {
	set := &Settings{IntervalStyle: IntervalSQLStandard}
	for in, want := range map[string]string{
		"-23 hours 45 min 12.34 sec": "-23:45:12.34", "-1 year 2 months 1 day 23:45:12.34": "-1-2 -1 -23:45:12.34",
		"-1.5 days 2 hours": "-1 14:00:00", "-1 +2:00": "+0-0 -1 +2:00:00", "-1 day ago": "1 0:00:00", "P10.5e4Y": "105000-0",
	} {
		v, err := ParseInterval(in, -1, set)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := string(AppendInterval(nil, v, set)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
