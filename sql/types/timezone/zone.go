package timezone

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a machine without zoneinfo still knows every zone

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/input"
)

// Abbrev is one time zone abbreviation: a fixed offset, or with Zone the offset that the zone gave the
// abbreviation at the time in question.
type Abbrev struct {
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

// Load finds a time zone by PostgreSQL's rules: a name of the time zone database in any case, or a POSIX
// specification without daylight saving ("EST5", "<+03>-3"; manual: B.5).
func Load(name string) (*time.Location, bool) {
	key := strings.ToLower(name)
	n, known := Name(name)
	zones.mu.Lock()
	defer zones.mu.Unlock()
	if loc := zones.loaded[key]; loc != nil {
		return loc, true
	}
	if !known {
		return posixZone(name)
	}
	loc, err := time.LoadLocation(n)
	if err != nil {
		return nil, false
	}
	zones.loaded[key] = loc
	return loc, true
}

// Name is how the time zone database writes a name that is given in any case.
func Name(name string) (string, bool) {
	zones.once.Do(func() {
		zones.names = make(map[string]string, len(zoneNames))
		zones.loaded = map[string]*time.Location{}
		for _, n := range zoneNames {
			zones.names[strings.ToLower(n)] = n
		}
	})
	n, ok := zones.names[strings.ToLower(name)]
	return n, ok
}

// posixZone reads NAME offset [NAME [offset]]; an offset is [+-]hh[:mm[:ss]] and its sign is the opposite of ISO's:
// west is positive. A second name is daylight saving's; its rule follows as ,start,end, else it is that of the USA.
func posixZone(s string) (*time.Location, bool) {
	if strings.HasPrefix(s, ":") {
		return nil, false
	}
	std, rest := posixName(s)
	west, rest, ok := posixOffset(rest)
	if !ok { // the name may be empty: "+02:00" is two hours west
		return nil, false
	}
	if rest == "" {
		return time.FixedZone(strings.ToUpper(std), -west), true
	}
	dst, rest := posixName(rest)
	dstWest := west - 3600
	if rest != "" && rest[0] != ',' {
		if dstWest, rest, ok = posixOffset(rest); !ok {
			return nil, false
		}
	}
	if rest == "" {
		rest = ",M3.2.0,M11.1.0"
	}
	rest = strings.ToUpper(rest)
	if dst == "" || !zoneRule.MatchString(rest) {
		return nil, false
	}
	return ruleZone(s, strings.ToUpper(std), west, strings.ToUpper(dst), dstWest, rest)
}

// zoneRule is ,start,end: Mmonth.week.day, Jday or day, each with /hh[:mm[:ss]].
var zoneRule = regexp.MustCompile(`^(,(M(1[0-2]|[1-9])\.[1-5]\.[0-6]|J?[0-9]{1,3})(/[-+]?[0-9]{1,3}(:[0-5][0-9]){0,2})?){2}$`)

func posixName(s string) (name, rest string) {
	if strings.HasPrefix(s, "<") {
		name, rest, ok := strings.Cut(s[1:], ">")
		if !ok {
			return "", ""
		}
		return name, rest
	}
	n := input.Skip(s, 0, func(c byte) bool { return !input.IsDigit(c) && c != ',' && c != '-' && c != '+' })
	return s[:n], s[n:]
}

func posixOffset(s string) (secs int, rest string, ok bool) {
	sign := 1
	switch {
	case s == "":
		return 0, "", false
	case s[0] == '-':
		sign, s = -1, s[1:]
	case s[0] == '+':
		s = s[1:]
	}
	for i, unit := range [3]int{3600, 60, 1} {
		n := input.Skip(s, 0, input.IsDigit)
		v, err := strconv.Atoi(s[:n])
		if err != nil || v > [3]int{167, 59, 60}[i] {
			return 0, "", false
		}
		secs += v * unit
		if s = s[n:]; i == 2 || !strings.HasPrefix(s, ":") {
			break
		}
		s = s[1:]
	}
	return sign * secs, s, true
}

// ruleZone makes a location with a yearly rule: a TZif file with one transition long ago and the rule as its footer.
func ruleZone(name, std string, west int, dst string, dstWest int, rule string) (*time.Location, bool) {
	clock := func(w int) string {
		sign := ""
		if w < 0 {
			sign, w = "-", -w
		}
		return fmt.Sprintf("%s%d:%02d:%02d", sign, w/3600, w/60%60, w%60)
	}
	footer := "<" + std + ">" + clock(west) + "<" + dst + ">" + clock(dstWest) + rule
	block := func(timeSize int) []byte {
		b := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range [6]int{0, 0, 0, 1, 1, len(std) + 1} { // isutc, isstd, leap, transitions, types, characters
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		if timeSize == 8 {
			b = binary.BigEndian.AppendUint64(b, 1<<63+1<<61)
		} else {
			b = binary.BigEndian.AppendUint32(b, 1<<31)
		}
		b = append(b, 0)
		b = binary.BigEndian.AppendUint32(b, uint32(-west))
		b = append(b, 0, 0)
		return append(append(b, std...), 0)
	}
	data := append(block(4), block(8)...)
	data = append(data, "\n"+footer+"\n"...)
	loc, err := time.LoadLocationFromTZData(name, data)
	return loc, err == nil
}

// Fixed is the zone that SET TIME ZONE makes of a plain offset, in seconds east of UTC; String gives the name
// that SHOW timezone prints: "<+05:30>-05:30".
func Fixed(east int) *time.Location {
	var b []byte
	b = append(b, '<')
	b = AppendOffset(b, east, false)
	b = append(b, '>')
	b = AppendOffset(b, -east, false)
	return time.FixedZone(string(b), east)
}

// Names lists every zone name, sorted; the caller must not change it.
func Names() []string { return zoneNames[:] }

// AbbrevOf finds an abbreviation by its lower-case spelling.
func AbbrevOf(s string) (Abbrev, bool) {
	a, ok := zoneAbbrevs[s]
	return a, ok
}

// Abbrevs calls f for each abbreviation in order of its lower-case spelling.
func Abbrevs(f func(abbrev string, a Abbrev)) {
	keys := make([]string, 0, len(zoneAbbrevs))
	for k := range zoneAbbrevs {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		f(k, zoneAbbrevs[k])
	}
}

// At is what a zone's clock shows at a timestamptz: seconds east of UTC, the abbreviation and whether daylight
// saving is on.
func At(loc *time.Location, ts int64) (east int, abbrev string, dst bool) {
	if loc == time.UTC {
		return 0, "UTC", false
	}
	t := time.Unix(calendar.UnixSecs(ts), 0).In(loc)
	abbrev, east = t.Zone()
	if strings.HasPrefix(abbrev, "<") { // a Fixed one: only what stands in the brackets is printed
		abbrev, _, _ = strings.Cut(abbrev[1:], ">")
	}
	return east, abbrev, t.IsDST()
}

// OffsetAt is At's first result.
func OffsetAt(loc *time.Location, ts int64) int {
	if loc == time.UTC {
		return 0
	}
	_, east := time.Unix(calendar.UnixSecs(ts), 0).In(loc).Zone()
	return east
}

// OffsetOfLocal is the offset east of UTC, in seconds, that holds at a zone's own clock time. At a gap the rule
// before it goes on; of an hour that comes twice, the second one is meant (manual: B.2).
func OffsetOfLocal(loc *time.Location, local int64) int {
	if loc == time.UTC {
		return 0
	}
	clock := calendar.UnixSecs(local)
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

// OffsetOfAbbrev is OffsetOfLocal for an abbreviation whose zone decides: the offset that the abbreviation had last
// at that time, else the one that it gets next, else the zone's.
func OffsetOfAbbrev(loc *time.Location, abbrev string, local int64) int {
	east := OffsetOfLocal(loc, local)
	at := time.Unix(calendar.UnixSecs(local)-int64(east), 0).In(loc)
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

// AppendOffset appends +hh[:mm[:ss]], always with minutes for XSD.
func AppendOffset(dst []byte, east int, xsd bool) []byte {
	if east < 0 {
		dst = append(dst, '-')
		east = -east
	} else {
		dst = append(dst, '+')
	}
	h, m, s := east/3600, east/60%60, east%60
	dst = calendar.AppendTwo(dst, h)
	if m != 0 || s != 0 || xsd {
		dst = calendar.AppendTwo(append(dst, ':'), m)
	}
	if s != 0 {
		dst = calendar.AppendTwo(append(dst, ':'), s)
	}
	return dst
}
