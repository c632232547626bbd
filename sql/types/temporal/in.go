package temporal

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/input"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// Date and time input (manual: B.1 Date/Time Input Interpretation): the text is cut into fields by how they look,
// then each field is given a meaning from its look and from what is known already.

type specialTime uint8

const (
	specialNone specialTime = iota
	specialEpoch
	specialLate
	specialEarly
)

// parsedTime is what a text means. east is the offset that was given or that the session's zone has then.
type parsedTime struct {
	calendar.Clock
	east    int
	special specialTime
}

// dateDecoder collects the meaning of the fields.
type dateDecoder struct {
	parsedTime
	set      *Settings
	timeOnly bool
	seen     int
	yday     int
	text     bool // a month by name was seen
	twoDigit bool // the year has at most two digits
	julian   bool
	bc       bool
	ampm     int // 0 none, 1 am, 2 pm
	label    dateUnit
	dstExtra int // seconds of a DST word
	named    *time.Location
	abbrev   string // of a zone that decides itself
	abbrevIn *time.Location
	zoneErr  string
}

func parseDateTime(s, typ string, set *Settings) (parsedTime, error) {
	if p, ok := parseISO(s, set, typ == "timestamp with time zone"); ok {
		return p, nil
	}
	return decodeDate(s, typ, set, false)
}

func parseTimeOnly(s, typ string, set *Settings) (parsedTime, error) {
	return decodeDate(s, typ, set, true)
}

// parseISO is a short cut for what databases write: yyyy-mm-dd[ hh:mm:ss[.ffffff][+zz[:zz]]]. All that is not exactly
// of this form and in range is left to the full reading.
func parseISO(s string, set *Settings, zoned bool) (p parsedTime, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return p, false
	}
	digit := byte(0) // collects all digits; above 9 if one was none
	num := func(i, n int) (v int) {
		for ; n > 0; n-- {
			c := s[i] - '0'
			if c > 9 {
				digit = c
			}
			v = v*10 + int(c)
			i++
		}
		return v
	}
	p.Year, p.Mon, p.Day = num(0, 4), num(5, 2), num(8, 2)
	zone := ""
	if len(s) > 10 {
		if len(s) < 19 || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
			return p, false
		}
		p.Hour, p.Min, p.Sec = num(11, 2), num(14, 2), num(17, 2)
		zone = s[19:]
		if zone != "" && zone[0] == '.' {
			n := input.Skip(zone, 1, input.IsDigit) - 1
			if n < 1 || n > 6 {
				return p, false
			}
			p.Usec = num(20, n) * int(pow10Usec[6-n])
			zone = zone[1+n:]
		}
	}
	if digit > 9 || p.Year < 1 || p.Mon < 1 || p.Mon > 12 || p.Day < 1 || p.Day > calendar.DaysIn(p.Year, p.Mon) || p.Hour > 23 || p.Min > 59 || p.Sec > 59 {
		return p, false
	}
	if zone == "" && !zoned {
		return p, true
	}
	if zone == "" {
		local, ok := p.Timestamp()
		p.east = timezone.OffsetOfLocal(set.Zone(), local)
		return p, ok
	}
	var fail dateFail
	p.east, fail = parseZone(zone)
	return p, fail == dateOK && (len(zone) == 3 || len(zone) == 6)
}

func decodeDate(s, typ string, set *Settings, timeOnly bool) (parsedTime, error) {
	var buf [maxDateFields]dateField
	fields, fail := splitDate(s, buf[:0])
	if fail != dateOK {
		return parsedTime{}, dateError(fail, typ, s, "")
	}
	d := dateDecoder{set: set.orDefault(), timeOnly: timeOnly}
	fail = d.decode(fields)
	if fail != dateOK {
		return parsedTime{}, dateError(fail, typ, s, d.zoneErr)
	}
	return d.parsedTime, nil
}

func (d *dateDecoder) decode(fields []dateField) dateFail {
	for i := range fields {
		var got int
		var fail dateFail
		switch f := &fields[i]; f.kind {
		case fieldDate:
			got, fail = d.dateField(fields, i)
		case fieldTime:
			if d.label != unitNone && !d.timeOnly {
				if d.label != unitTime {
					return badFormat
				}
				d.label = unitNone
			}
			got, fail = d.clock(f.text)
			if fail == dateOK && !d.timeOnly && d.timeOverflows() {
				return fieldOverflow
			}
		case fieldZone:
			if d.east, fail = parseZone(f.text); fail == dateOK {
				got = seenTZ
			}
		case fieldNumber:
			got, fail = d.numberField(fields, i)
		default:
			got, fail = d.word(fields, i)
		}
		if fail != dateOK {
			return fail
		}
		if d.seen&got != 0 {
			return badFormat
		}
		d.seen |= got
	}
	if fail := d.completeDate(); fail != dateOK {
		return fail
	}
	if d.ampm != 0 && d.Hour > 12 {
		return fieldOverflow
	}
	if d.ampm == 1 && d.Hour == 12 {
		d.Hour = 0
	} else if d.ampm == 2 && d.Hour != 12 {
		d.Hour += 12
	}
	if d.timeOnly {
		if d.timeOverflows() {
			return fieldOverflow
		}
		if d.seen&seenTime != seenTime {
			return badFormat
		}
		return d.zoneOfTime()
	}
	if d.special != specialNone {
		return dateOK
	}
	if d.seen&seenDate != seenDate {
		return badFormat
	}
	return d.zoneOfDate()
}

func (d *dateDecoder) local() int64 {
	if !calendar.ValidJulian(d.Year, d.Mon) {
		return 0
	}
	ts, ok := d.Timestamp()
	if !ok {
		return 0
	}
	return ts
}

// zoneOfDate settles the offset once the date is known.
func (d *dateDecoder) zoneOfDate() dateFail {
	switch {
	case d.named != nil:
		if d.seen&seenDTZMod != 0 {
			return badFormat
		}
		d.east = timezone.OffsetOfLocal(d.named, d.local())
	case d.abbrevIn != nil:
		if d.seen&seenDTZMod != 0 {
			return badFormat
		}
		d.east = timezone.OffsetOfAbbrev(d.abbrevIn, d.abbrev, d.local())
	case d.seen&seenTZ == 0:
		if d.seen&seenDTZMod != 0 {
			return badFormat
		}
		d.east = timezone.OffsetOfLocal(d.set.Zone(), d.local())
	default:
		d.east += d.dstExtra
	}
	return dateOK
}

// zoneOfTime does the same for a time of day: a zone with daylight saving needs a date, today's if none was given.
func (d *dateDecoder) zoneOfTime() dateFail {
	if d.named == nil && d.abbrevIn == nil && d.seen&seenTZ != 0 {
		d.east += d.dstExtra
		return dateOK
	}
	if d.seen&seenDTZMod != 0 {
		return badFormat
	}
	at := d.local()
	if d.seen&seenDate == 0 {
		if d.named != nil {
			if !fixedOffset(d.named) {
				return badFormat
			}
			d.east = timezone.OffsetOfLocal(d.named, 0)
			return dateOK
		}
		now, _ := d.set.localNow()
		c := calendar.ClockOf(now)
		c.Hour, c.Min, c.Sec, c.Usec = d.Hour, d.Min, d.Sec, d.Usec
		at, _ = c.Timestamp()
	} else if d.seen&seenDate != seenDate {
		return badFormat
	}
	switch {
	case d.named != nil:
		d.east = timezone.OffsetOfLocal(d.named, at)
	case d.abbrevIn != nil:
		d.east = timezone.OffsetOfAbbrev(d.abbrevIn, d.abbrev, at)
	default:
		d.east = timezone.OffsetOfLocal(d.set.Zone(), at)
	}
	return dateOK
}

// fixedOffset reports a zone that never changes its offset.
func fixedOffset(loc *time.Location) bool {
	t := time.Unix(-1<<40, 0).In(loc)
	_, first := t.Zone()
	for range 400 {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			return true
		}
		t = end
		if _, off := t.Zone(); off != first {
			return false
		}
	}
	return true
}

func (d *dateDecoder) timeOverflows() bool {
	if d.Hour < 0 || d.Hour > 24 || d.Min < 0 || d.Min > 59 || d.Sec < 0 || d.Sec > 60 || d.Usec < 0 || d.Usec > calendar.UsecPerSec {
		return true
	}
	return d.TimeOfDay() > calendar.UsecPerDay
}

// dateField is a field with - / . in it: a date, or a zone's name, or a time with its zone run together.
func (d *dateDecoder) dateField(fields []dateField, i int) (int, dateFail) {
	text := fields[i].text
	switch {
	case d.timeOnly:
		last := fields[len(fields)-1].kind
		if i == 0 && len(fields) >= 2 && (last == fieldDate || fields[1].kind == fieldTime) {
			return d.wholeDate(text)
		}
		if !input.IsDigit(text[0]) {
			return d.zoneName(text)
		}
		if d.seen&seenTime == seenTime {
			return 0, badFormat
		}
		return d.timeWithZone(text, d.seen|seenDate)
	case d.label == unitJulian:
		n := len(text)
		for j := 0; j < len(text); j++ {
			if !input.IsDigit(text[j]) {
				n = j
				break
			}
		}
		jd, fail := atoiField(text[:n])
		if fail != dateOK {
			return 0, fail
		}
		d.Year, d.Mon, d.Day = calendar.FromJulian(jd)
		d.julian, d.label = true, unitNone
		if d.east, fail = parseZone(text[n:]); fail != dateOK {
			return 0, fail
		}
		return seenDate | seenTime | seenTZ, dateOK
	case d.label != unitNone || d.seen&(seenMonth|seenDay) == seenMonth|seenDay:
		if input.IsDigit(text[0]) || d.label != unitNone {
			if d.label != unitNone && d.label != unitTime {
				return 0, badFormat
			}
			d.label = unitNone
			if d.seen&seenTime == seenTime {
				return 0, badFormat
			}
			return d.timeWithZone(text, d.seen)
		}
		return d.zoneName(text)
	}
	return d.wholeDate(text)
}

// timeWithZone is hhmmss-zz.
func (d *dateDecoder) timeWithZone(text string, seen int) (int, dateFail) {
	dash := strings.IndexByte(text, '-')
	if dash < 0 {
		return 0, badFormat
	}
	var fail dateFail
	if d.east, fail = parseZone(text[dash:]); fail != dateOK {
		return 0, fail
	}
	got, fail := d.runTogether(text[:dash], seen)
	return got | seenTZ, fail
}

func (d *dateDecoder) zoneName(text string) (int, dateFail) {
	loc, ok := timezone.Load(text)
	if !ok {
		d.zoneErr = text
		return 0, badZone
	}
	d.named = loc
	return seenTZ, dateOK
}

// wholeDate is a date in one field: 1999-01-08, 08.01.1999, 8-Jan-99.
func (d *dateDecoder) wholeDate(text string) (int, dateFail) {
	var parts [maxDateFields]string
	n := 0
	for i := 0; i < len(text) && n < maxDateFields; {
		for i < len(text) && !input.IsAlnum(text[i]) {
			i++
		}
		if i == len(text) {
			return 0, badFormat
		}
		from := i
		if input.IsDigit(text[i]) {
			i = input.Skip(text, i, input.IsDigit)
		} else {
			i = input.Skip(text, i, input.IsAlpha)
		}
		parts[n] = text[from:i]
		n++
		if i < len(text) {
			i++ // the separator, whatever it is
		}
	}
	seen, got, byName := d.seen, 0, false
	for i, p := range parts[:n] {
		if !input.IsAlpha(p[0]) {
			continue
		}
		w := dateWords[p]
		switch {
		case w.kind == wordIgnore:
			continue
		case w.kind != wordMonth || seen&seenMonth != 0:
			return 0, badFormat
		}
		d.Mon, byName = w.val, true
		seen |= seenMonth
		got |= seenMonth
		parts[i] = ""
	}
	for _, p := range parts[:n] {
		if p == "" {
			continue
		}
		if input.IsAlpha(p[0]) {
			continue
		}
		g, fail := d.number(p, byName, seen)
		if fail != dateOK {
			return 0, fail
		}
		if seen&g != 0 {
			return 0, badFormat
		}
		seen |= g
		got |= g
	}
	if seen&^(seenDOY|seenTZ) != seenDate {
		return 0, badFormat
	}
	return got, dateOK
}

// atoiField reads digits (with a sign) that must fit an int32.
func atoiField(s string) (int, dateFail) {
	v, err := strconv.ParseInt(s, 10, 32)
	if err == nil {
		return int(v), dateOK
	}
	if err.(*strconv.NumError).Err == strconv.ErrRange {
		return 0, fieldOverflow
	}
	return 0, badFormat
}

// leadingInt splits off the digits at the front.
func leadingInt(s string) (v int, rest string, fail dateFail) {
	n := input.Skip(s, 0, input.IsDigit)
	if n == 0 {
		return 0, s, badFormat
	}
	v, fail = atoiField(s[:n])
	return v, s[n:], fail
}

// fraction reads ".ddd" (or ".") as a part of one.
func fraction(s string) (float64, dateFail) {
	if s == "." {
		return 0, dateOK
	}
	if len(s) < 2 || s[0] != '.' || !input.AllDigits(s[1:]) {
		return 0, badFormat
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, badFormat
	}
	return f, dateOK
}

func fractionUsec(s string) (int, dateFail) {
	f, fail := fraction(s)
	return int(math.RoundToEven(f * calendar.UsecPerSec)), fail
}

// clock is hh:mm, hh:mm:ss[.ffffff] or mm:ss.ffffff.
func (d *dateDecoder) clock(text string) (int, dateFail) {
	h, m, sec, us, fail := parseClock(text, false)
	if fail != dateOK {
		return 0, fail
	}
	if h > math.MaxInt32 {
		return 0, fieldOverflow
	}
	d.Hour, d.Min, d.Sec, d.Usec = int(h), m, sec, us
	return seenTime, dateOK
}

func parseClock(text string, minToSec bool) (h int64, m, s, us int, fail dateFail) {
	n := input.Skip(text, 0, input.IsDigit)
	h, err := strconv.ParseInt(text[:n], 10, 64)
	if err != nil && n > 0 {
		return 0, 0, 0, 0, fieldOverflow
	}
	text = text[n:]
	if !strings.HasPrefix(text, ":") {
		return 0, 0, 0, 0, badFormat
	}
	part := func() (v int) {
		text = text[1:]
		if input.Skip(text, 0, input.IsDigit) == 0 { // "12:" and "12::3" read as zero
			return 0
		}
		v, text, fail = leadingInt(text)
		return v
	}
	if m = part(); fail != dateOK {
		return
	}
	switch {
	case text == "":
		if minToSec {
			h, m, s = 0, int(min(h, math.MaxInt32)), m
		}
	case text[0] == '.':
		if us, fail = fractionUsec(text); fail != dateOK {
			return
		}
		if h > math.MaxInt32 {
			return 0, 0, 0, 0, fieldOverflow
		}
		h, m, s = 0, int(h), m
	case text[0] == ':':
		if s = part(); fail != dateOK {
			return
		}
		if text != "" {
			if us, fail = fractionUsec(text); fail != dateOK {
				return
			}
		}
	default:
		return 0, 0, 0, 0, badFormat
	}
	if m > 59 || s > 60 || us > calendar.UsecPerSec {
		fail = fieldOverflow
	}
	return
}

// parseZone reads [+-]hh[:mm[:ss]] or [+-]hhmm, as seconds east of UTC.
func parseZone(text string) (int, dateFail) {
	if text == "" || text[0] != '+' && text[0] != '-' {
		return 0, badFormat
	}
	digits := text[1:]
	if len(digits) > 1 && digits[0] == '-' && input.IsDigit(digits[1]) {
		return 0, zoneOverflow
	}
	h, rest, fail := leadingInt(digits)
	if fail == fieldOverflow {
		return 0, zoneOverflow
	}
	m, s := 0, 0 // a sign alone is zero
	switch {
	case strings.HasPrefix(rest, ":"):
		for _, v := range [2]*int{&m, &s} {
			if !strings.HasPrefix(rest, ":") {
				break
			}
			if rest = rest[1:]; input.Skip(rest, 0, input.IsDigit) == 0 {
				continue
			}
			if *v, rest, fail = leadingInt(rest); fail != dateOK {
				return 0, zoneOverflow
			}
		}
	case rest == "" && len(digits) > 2:
		h, m = h/100, h%100
	}
	if h > 15 || m > 59 || s > 59 {
		return 0, zoneOverflow
	}
	if rest != "" {
		return 0, badFormat
	}
	secs := h*3600 + m*60 + s
	if text[0] == '-' {
		return -secs, dateOK
	}
	return secs, dateOK
}

// ParseOffset reads a zone's offset with its sign, "+05:30"; east is in seconds.
func ParseOffset(s string) (east int, ok, inRange bool) {
	east, fail := parseZone(s)
	return east, fail != badFormat, fail != zoneOverflow
}

// numberField is a field of digits, perhaps with a point.
func (d *dateDecoder) numberField(fields []dateField, i int) (int, dateFail) {
	text := fields[i].text
	if d.label != unitNone {
		return d.labelled(text)
	}
	point := strings.IndexByte(text, '.')
	seen := d.seen
	if d.timeOnly {
		seen |= seenDate
		switch {
		case point >= 0 && i == 0 && len(fields) >= 2 && fields[len(fields)-1].kind == fieldDate:
			return d.wholeDate(text)
		case point > 2:
			return d.runTogether(text, seen)
		case point >= 0:
			return 0, badFormat
		case len(text) > 4:
			return d.runTogether(text, seen)
		}
		return d.number(text, false, seen)
	}
	switch {
	case point >= 0 && d.seen&seenDate == 0:
		return d.wholeDate(text)
	case point > 2:
		return d.runTogether(text, seen)
	case len(text) >= 6 && (d.seen&seenDate == 0 || d.seen&seenTime == 0):
		return d.runTogether(text, seen)
	}
	return d.number(text, d.text, seen)
}

// labelled is a number after a unit: y2001m02d04, j2451187.
func (d *dateDecoder) labelled(text string) (int, dateFail) {
	label := d.label
	d.label, d.special = unitNone, specialNone
	v, rest, fail := leadingInt(text)
	if fail == fieldOverflow {
		return 0, fail
	}
	if rest != "" && (rest[0] != '.' || label != unitJulian && label != unitTime && label != unitSecond) {
		return 0, badFormat
	}
	switch label {
	case unitYear:
		d.Year = v
		return seenYear, dateOK
	case unitMonth:
		// After hours an m means minutes.
		if d.seen&seenMonth != 0 && d.seen&seenHour != 0 {
			d.Min = v
			return seenMinute, dateOK
		}
		d.Mon = v
		return seenMonth, dateOK
	case unitDay:
		d.Day = v
		return seenDay, dateOK
	case unitHour:
		d.Hour = v
		return seenHour, dateOK
	case unitMinute:
		d.Min = v
		return seenMinute, dateOK
	case unitSecond:
		d.Sec = v
		if rest == "" {
			return seenSecond, dateOK
		}
		d.Usec, fail = fractionUsec(rest)
		return seenAllSecs, fail
	case unitJulian:
		if v > calendar.DateEnd+calendar.EpochJulian {
			return 0, fieldOverflow
		}
		d.Year, d.Mon, d.Day = calendar.FromJulian(v)
		d.julian = true
		if rest == "" {
			return seenDate, dateOK
		}
		f, fail := fraction(rest)
		if fail != dateOK {
			return 0, fail
		}
		d.SetTime(int64(f * calendar.UsecPerDay))
		return seenDate | seenTime, dateOK
	case unitTime:
		got, fail := d.runTogether(text, d.seen|seenDate)
		if fail == dateOK && got != seenTime {
			fail = badFormat
		}
		return got, fail
	}
	return 0, badFormat
}

// number is one number without a label, placed by what is known (manual: B.1, point 5).
func (d *dateDecoder) number(text string, byName bool, seen int) (int, dateFail) {
	v, rest, fail := leadingInt(text)
	if fail != dateOK {
		return 0, fail
	}
	digits := len(text) - len(rest)
	if rest != "" {
		if rest[0] != '.' {
			return 0, badFormat
		}
		if digits > 2 {
			return d.runTogether(text, seen|seenDate)
		}
		if d.Usec, fail = fractionUsec(rest); fail != dateOK {
			return 0, fail
		}
	}
	have := seen & seenDate
	if len(text) == 3 && have == seenYear && v >= 1 && v <= 366 {
		d.yday = v
		return seenDOY | seenMonth | seenDay, dateOK
	}
	setYear := func() (int, dateFail) {
		d.Year = v
		d.twoDigit = len(text) <= 2
		return seenYear, dateOK
	}
	setDay := func() (int, dateFail) { d.Day = v; return seenDay, dateOK }
	setMonth := func() (int, dateFail) { d.Mon = v; return seenMonth, dateOK }
	order := d.set.DateOrder
	switch have {
	case 0:
		switch {
		case len(text) >= 3 || order == OrderYMD:
			return setYear()
		case order == OrderDMY:
			return setDay()
		}
		return setMonth()
	case seenYear, seenDay:
		return setMonth()
	case seenMonth:
		if byName && (len(text) >= 3 || order == OrderYMD) {
			return setYear()
		}
		return setDay()
	case seenYear | seenMonth:
		if byName && len(text) >= 3 && d.twoDigit {
			// The first number was the day after all.
			d.Day, d.Year, d.twoDigit = d.Year, v, false
			return seenDay, dateOK
		}
		return setDay()
	case seenMonth | seenDay:
		return setYear()
	case seenDate:
		return d.runTogether(text, seen)
	}
	return 0, badFormat
}

// runTogether is yymmdd, yyyymmdd, hhmm or hhmmss[.ffffff].
func (d *dateDecoder) runTogether(text string, seen int) (int, dateFail) {
	if point := strings.IndexByte(text, '.'); point >= 0 {
		var fail dateFail
		if d.Usec, fail = fractionUsec(text[point:]); fail != dateOK {
			return 0, fail
		}
		text = text[:point]
	} else if seen&seenDate != seenDate && len(text) >= 6 {
		n := len(text)
		d.Day, _ = strconv.Atoi(text[n-2:])
		d.Mon, _ = strconv.Atoi(text[n-4 : n-2])
		d.Year = input.Atoi(text[:n-4])
		if n == 6 {
			d.twoDigit = true
		}
		return seenDate, dateOK
	}
	if seen&seenTime != seenTime && input.AllDigits(text) {
		switch len(text) {
		case 6:
			d.Sec, _ = strconv.Atoi(text[4:])
			d.Min, _ = strconv.Atoi(text[2:4])
			d.Hour, _ = strconv.Atoi(text[:2])
			return seenTime, dateOK
		case 4:
			d.Sec = 0
			d.Min, _ = strconv.Atoi(text[2:])
			d.Hour, _ = strconv.Atoi(text[:2])
			return seenTime, dateOK
		}
	}
	return 0, badFormat
}

// word is a field of letters.
func (d *dateDecoder) word(fields []dateField, i int) (int, dateFail) {
	text := fields[i].text
	if a, ok := timezone.AbbrevOf(text); ok {
		if a.Zone == "" {
			d.east = a.Offset
			if a.DST {
				return seenTZ | seenDTZ, dateOK
			}
			return seenTZ, dateOK
		}
		loc, ok := timezone.Load(a.Zone)
		if !ok {
			d.zoneErr = a.Zone
			return 0, badZone
		}
		d.abbrevIn, d.abbrev = loc, text
		return seenTZ, dateOK
	}
	w := dateWords[text]
	switch w.kind {
	case wordIgnore:
		return 0, dateOK
	case wordReserved:
		return d.reserved(w.val)
	case wordMonth:
		if d.timeOnly {
			return 0, badFormat
		}
		got := seenMonth
		if d.seen&seenMonth != 0 && !d.text && d.seen&seenDay == 0 && d.Mon >= 1 && d.Mon <= 31 {
			d.Day = d.Mon
			got = seenDay
		}
		d.text = true
		d.Mon = w.val
		return got, dateOK
	case wordDST:
		d.dstExtra = w.val
		return seenDTZMod | seenDTZ, dateOK
	case wordAMPM:
		d.ampm = w.val + 1
		return seenAMPM, dateOK
	case wordEra:
		d.bc = w.val == 1
		return seenEra, dateOK
	case wordDOW:
		if d.timeOnly {
			return 0, badFormat
		}
		return seenDOW, dateOK
	case wordUnit:
		d.label = dateUnit(w.val)
		return 0, dateOK
	case wordISOTime:
		if !d.timeOnly && d.seen&seenDate != seenDate {
			return 0, badFormat
		}
		if i+1 >= len(fields) || fields[i+1].kind != fieldNumber && fields[i+1].kind != fieldTime && fields[i+1].kind != fieldDate {
			return 0, badFormat
		}
		d.label = unitTime
		return 0, dateOK
	}
	if loc, ok := timezone.Load(text); ok {
		d.named = loc
		return seenTZ, dateOK
	}
	return 0, badFormat
}

func (d *dateDecoder) reserved(val int) (int, dateFail) {
	setDay := func(plus int) {
		now, _ := d.set.localNow()
		c := calendar.ClockOf(now + int64(plus)*calendar.UsecPerDay)
		d.Year, d.Mon, d.Day = c.Year, c.Mon, c.Day
	}
	switch val {
	case resNow:
		now, east := d.set.localNow()
		c := calendar.ClockOf(now)
		if d.timeOnly {
			d.Hour, d.Min, d.Sec, d.Usec = c.Hour, c.Min, c.Sec, c.Usec
			return seenTime, dateOK
		}
		d.Clock, d.east = c, east
		return seenDate | seenTime | seenTZ, dateOK
	case resZulu:
		d.Hour, d.Min, d.Sec, d.Usec, d.east = 0, 0, 0, 0, 0
		return seenTime | seenTZ, dateOK
	}
	if d.timeOnly {
		return 0, badFormat
	}
	switch val {
	case resToday:
		setDay(0)
		return seenDate, dateOK
	case resYesterday:
		setDay(-1)
		return seenDate, dateOK
	case resTomorrow:
		setDay(1)
		return seenDate, dateOK
	case resEpoch:
		d.special = specialEpoch
	case resLate:
		d.special = specialLate
	case resEarly:
		d.special = specialEarly
	}
	return seenReserved, dateOK // the rest of the text may say what it likes
}

// completeDate completes the year and checks the ranges of year, month and day.
func (d *dateDecoder) completeDate() dateFail {
	if d.seen&seenYear != 0 {
		switch {
		case d.julian:
		case d.bc:
			if d.Year <= 0 {
				return fieldOverflow
			}
			d.Year = 1 - d.Year
		case d.twoDigit:
			if d.Year < 70 {
				d.Year += 2000
			} else if d.Year < 100 {
				d.Year += 1900
			}
		case d.Year <= 0:
			return fieldOverflow
		}
	}
	if d.seen&seenDOY != 0 {
		if jd := calendar.JulianDay(d.Year, 1, 1) + d.yday - 1; jd >= 0 {
			d.Year, d.Mon, d.Day = calendar.FromJulian(jd)
		} else {
			d.Mon, d.Day = 1, 1 // out of range, as the year will show
		}
	}
	if d.seen&seenMonth != 0 && (d.Mon < 1 || d.Mon > 12) {
		return monthDayOverflow
	}
	if d.seen&seenDay != 0 && (d.Day < 1 || d.Day > 31) {
		return monthDayOverflow
	}
	if d.seen&seenDate == seenDate && d.Day > calendar.DaysIn(d.Year, d.Mon) {
		return fieldOverflow
	}
	return dateOK
}
