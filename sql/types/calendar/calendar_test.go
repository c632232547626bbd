package calendar

import (
	"testing"
	"time"
)

// The calendar agrees with Go's over eight million days, negative ones among them, and is its own inverse.
func TestCalendar(t *testing.T) {
	for jd := -2_000_000; jd < 6_000_000; jd += 97 {
		y, m, d := FromJulian(jd)
		if back := JulianDay(y, m, d); back != jd {
			t.Fatalf("%d: %d-%d-%d is %d", jd, y, m, d, back)
		}
		g := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		if g.Day() != d || int(g.Month()) != m || g.Unix() != int64(jd-UnixEpochJulian)*86400 {
			t.Fatalf("%d: %d-%d-%d, Go says %v", jd, y, m, d, g)
		}
		if int(g.Weekday()) != Weekday(jd) {
			t.Fatalf("%v: weekday %d", g, Weekday(jd))
		}
	}
}
