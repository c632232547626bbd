package types

import (
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a machine without zoneinfo still knows every zone
)

// ZoneAbbrev is one time zone abbreviation: a fixed offset, or with Zone the offset that the zone gave the
// abbreviation at the time in question.
type ZoneAbbrev struct {
	Offset int // seconds east of UTC
	DST    bool
	Zone   string
}

var zones struct {
	once   sync.Once
	names  map[string]string // lower case → as written
	mu     sync.Mutex
	loaded map[string]*time.Location // by lower-case name
}

// LoadZone finds a time zone by PostgreSQL's rules: a name of the time zone database in any case, or a POSIX
// specification without daylight saving ("EST5", "<+03>-3"; manual: B.5).
func LoadZone(name string) (*time.Location, bool) {
	zones.once.Do(func() {
		zones.names = make(map[string]string, len(zoneNames))
		zones.loaded = map[string]*time.Location{}
		for _, n := range zoneNames {
			zones.names[strings.ToLower(n)] = n
		}
	})
	key := strings.ToLower(name)
	zones.mu.Lock()
	defer zones.mu.Unlock()
	if loc := zones.loaded[key]; loc != nil {
		return loc, true
	}
	if n, ok := zones.names[key]; ok {
		loc, err := time.LoadLocation(n)
		if err != nil {
			return nil, false
		}
		zones.loaded[key] = loc
		return loc, true
	}
	return posixZone(name)
}

// posixZone reads NAME[+-]hh[:mm[:ss]]; the sign is the opposite of ISO's: west is positive.
func posixZone(s string) (*time.Location, bool) {
	n := 0
	abbrev := ""
	if strings.HasPrefix(s, "<") {
		n = strings.IndexByte(s, '>') + 1
		if n < 3 {
			return nil, false
		}
		abbrev = s[1 : n-1]
	} else {
		for n < len(s) && isAlpha(s[n]) {
			n++
		}
		if n < 3 {
			return nil, false
		}
		abbrev = s[:n]
	}
	rest := s[n:]
	west := 1
	if rest == "" {
		return nil, false
	}
	switch rest[0] {
	case '-':
		west, rest = -1, rest[1:]
	case '+':
		rest = rest[1:]
	}
	secs := 0
	for i, unit := range [3]int{3600, 60, 1} {
		part, more, found := strings.Cut(rest, ":")
		v, err := strconv.Atoi(part)
		if err != nil || v < 0 || !allDigits(part) || i == 0 && v > 167 || i > 0 && v > 59 {
			return nil, false
		}
		secs += v * unit
		rest = more
		if !found {
			return time.FixedZone(strings.ToUpper(abbrev), -west*secs), true
		}
	}
	return nil, false
}

// FixedZone is the zone that SET TIME ZONE makes of a plain offset, in seconds east of UTC; String gives the name
// that SHOW timezone prints: "<+05:30>-05:30".
func FixedZone(east int) *time.Location {
	var b []byte
	b = append(b, '<')
	b = appendZone(b, east, false)
	b = append(b, '>')
	b = appendZone(b, -east, false)
	return time.FixedZone(string(b), east)
}

// ZoneNames lists every zone name, sorted; the caller must not change it.
func ZoneNames() []string { return zoneNames[:] }

// ZoneAbbrevs calls f for each abbreviation in order of its lower-case spelling.
func ZoneAbbrevs(f func(abbrev string, a ZoneAbbrev)) {
	keys := make([]string, 0, len(zoneAbbrevs))
	for k := range zoneAbbrevs {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		f(k, zoneAbbrevs[k])
	}
}

func unixSecs(ts int64) int64 {
	s := ts / usecPerSec
	if ts%usecPerSec < 0 {
		s--
	}
	return s + unixEpochSecs
}

// ZoneAt is what a zone's clock shows at a timestamptz: seconds east of UTC, the abbreviation and whether daylight
// saving is on.
func ZoneAt(loc *time.Location, ts int64) (east int, abbrev string, dst bool) {
	if loc == time.UTC {
		return 0, "UTC", false
	}
	t := time.Unix(unixSecs(ts), 0).In(loc)
	abbrev, east = t.Zone()
	if strings.HasPrefix(abbrev, "<") { // a FixedZone: only what stands in the brackets is printed
		abbrev, _, _ = strings.Cut(abbrev[1:], ">")
	}
	return east, abbrev, t.IsDST()
}

// offsetAt is ZoneAt's first result.
func offsetAt(loc *time.Location, ts int64) int {
	if loc == time.UTC {
		return 0
	}
	_, east := time.Unix(unixSecs(ts), 0).In(loc).Zone()
	return east
}

// offsetOfLocal is the offset east of UTC, in seconds, that holds at a zone's own clock time. At a gap the rule
// before it goes on; of an hour that comes twice, the second one is meant (manual: B.2).
func offsetOfLocal(loc *time.Location, local int64) int {
	if loc == time.UTC {
		return 0
	}
	clock := unixSecs(local)
	prev := time.Unix(clock-86400, 0).In(loc)
	_, before := prev.Zone()
	_, end := prev.ZoneBounds()
	if end.IsZero() {
		return before
	}
	_, after := end.Zone()
	b, a, boundary := clock-int64(before), clock-int64(after), end.Unix()
	switch {
	case b < boundary && a < boundary:
		return before
	case b > boundary && a >= boundary:
		return after
	case b > a:
		return before
	}
	return after
}

// offsetOfAbbrev is offsetOfLocal for an abbreviation whose zone decides: the offset that the abbreviation had last
// at that time, else the one that it gets next, else the zone's.
func offsetOfAbbrev(loc *time.Location, abbrev string, local int64) int {
	east := offsetOfLocal(loc, local)
	at := time.Unix(unixSecs(local)-int64(east), 0).In(loc)
	for t := at; ; {
		name, off := t.Zone()
		if strings.EqualFold(name, abbrev) {
			return off
		}
		start, _ := t.ZoneBounds()
		if start.IsZero() {
			break
		}
		t = start.Add(-time.Second)
	}
	t := at
	for range 200 {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			break
		}
		t = end
		if name, off := t.Zone(); strings.EqualFold(name, abbrev) {
			return off
		}
	}
	return east
}

// Now is the time in µs since 2000-01-01 UTC.
func timestampOf(t time.Time) int64 { return t.UnixMicro() - unixEpochSecs*usecPerSec }

// TimestampOf turns a Go time into a timestamptz.
func TimestampOf(t time.Time) int64 { return timestampOf(t) }

// TimeOf turns a finite timestamptz into a Go time in UTC.
func TimeOf(ts int64) time.Time {
	s := unixSecs(ts)
	return time.Unix(s, (ts-(s-unixEpochSecs)*usecPerSec)*1000).UTC()
}

// localNow is the transaction's start on the session's clock, and that clock's offset east of UTC.
func (e *Env) localNow() (local int64, east int) {
	ts := timestampOf(e.Now())
	east = offsetAt(e.Zone(), ts)
	return ts + int64(east)*usecPerSec, east
}
