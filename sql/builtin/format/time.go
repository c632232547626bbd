package format

import (
	"fmt"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// to_char of dates and times (manual: 9.8). A template is cut into fields and literal text; a field has modifiers FM
// (no padding), TM (localized, which in locale C only drops padding) and a suffix TH.

// field is one piece of a template: a keyword in upper case, or literal text with keyword "".
type field struct {
	key     string
	as      string // the keyword as written: its case matters for names
	literal string
	quoted  bool // the literal stood in double quotes
	fill    bool // FM
	local   bool // TM
	th      string
}

// timeKeywords, longest first where one starts another.
var timeKeywords = []string{
	"A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "D", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FX",
	"HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "J", "MI", "MM", "MONTH", "MON", "MS", "OF", "P.M.", "PM",
	"Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ", "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y",
}

// matchKeyword accepts a keyword in upper or lower case, and names capitalized.
func matchKeyword(s string, words []string) string {
	for _, w := range words {
		if len(s) < len(w) {
			continue
		}
		got := s[:len(w)]
		if got == w || got == strings.ToLower(w) {
			return w
		}
		if (w == "DAY" || w == "DY" || w == "MONTH" || w == "MON") && got == w[:1]+strings.ToLower(w[1:]) {
			return w
		}
	}
	return ""
}

// timeTemplate cuts a template into fields.
func timeTemplate(f string) []field {
	var out []field
	for f != "" {
		var cur field
		rest := f
		for {
			if len(rest) >= 2 && (rest[:2] == "FM" || rest[:2] == "fm") {
				cur.fill, rest = true, rest[2:]
			} else if len(rest) >= 2 && (rest[:2] == "TM" || rest[:2] == "tm") {
				cur.local, rest = true, rest[2:]
			} else {
				break
			}
		}
		if w := matchKeyword(rest, timeKeywords); w != "" {
			cur.key, cur.as = w, rest[:len(w)]
			rest = rest[len(w):]
			for len(rest) >= 2 && (rest[:2] == "TH" || rest[:2] == "th" || rest[:2] == "SP") {
				if rest[:2] != "SP" {
					cur.th = rest[:2]
				}
				rest = rest[2:]
			}
			out, f = append(out, cur), rest
			continue
		}
		if len(rest) < len(f) { // a modifier before something else is dropped
			f = rest
			continue
		}
		lit, n := literalAt(f)
		out, f = append(out, field{literal: lit, quoted: f[0] == '"' || f[0] == '\\'}), f[n:]
	}
	return out
}

// literalAt reads text in double quotes, an escaped quote, or one character; n is how much of f that is.
func literalAt(f string) (lit string, n int) {
	switch {
	case f[0] == '"':
		var b strings.Builder
		i := 1
		for i < len(f) && f[i] != '"' {
			if f[i] == '\\' && i+1 < len(f) {
				i++
			}
			k := text.OneRune(f[i:])
			b.WriteString(f[i : i+k])
			i += k
		}
		return b.String(), min(i+1, len(f))
	case strings.HasPrefix(f, `\"`):
		return `"`, 2
	}
	n = text.OneRune(f)
	return f[:n], n
}

var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	romanMonth = [...]string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
)

// shown is what a template prints.
type shown struct {
	calendar.Clock
	yday, wday int
	span       bool // an interval
	zoned      bool
	east       int
	abbrev     string
}

func ordinal(n string, upper bool) string {
	s := "th"
	if k := len(n); !(k > 1 && n[k-2] == '1') {
		switch n[k-1] {
		case '1':
			s = "st"
		case '2':
			s = "nd"
		case '3':
			s = "rd"
		}
	}
	if upper {
		return strings.ToUpper(s)
	}
	return s
}

func (f *field) cased(name string) string {
	switch {
	case f.as[0] >= 'a':
		return strings.ToLower(name)
	case len(f.as) > 1 && f.as[1] >= 'a' && f.as[1] <= 'z':
		return name
	}
	return strings.ToUpper(name)
}

func errSpanField() error {
	return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid format specification for an interval value").
		WithHint("Intervals are not tied to specific calendar dates.")
}

// adjusted is the year as it is shown; years BC count from 1.
func (t *shown) adjusted(y int) int {
	if t.span || y > 0 {
		return y
	}
	return -(y - 1)
}

// format appends one field.
func (t *shown) format(dst []byte, f *field) ([]byte, error) {
	// A minus sign widens only some fields.
	wide := false
	num := func(v, width int) {
		if wide {
			width++
		}
		if f.fill {
			width = 0
		}
		s := fmt.Sprintf("%0*d", width, v)
		dst = append(dst, s...)
		if f.th != "" {
			dst = append(dst, ordinal(s, f.th == "TH")...)
		}
	}
	name := func(s string, width int) {
		s = f.cased(s)
		dst = append(dst, s...)
		for n := len(s); n < width && !f.fill && !f.local; n++ {
			dst = append(dst, ' ')
		}
	}
	half := func(am, pm string, second bool) {
		s := am
		if second {
			s = pm
		}
		if f.as[0] >= 'a' {
			s = strings.ToLower(s)
		}
		dst = append(dst, s...)
	}
	switch f.key {
	case "DAY", "DY", "AD", "BC", "A.D.", "B.C.", "D", "ID", "IDDD", "J", "TZ", "TZH", "TZM", "OF", "IW", "IYYY", "IYY", "IY", "I":
		if t.span && f.key != "J" && f.key != "IW" && f.key[0] != 'I' || t.span && f.key == "ID" {
			return dst, errSpanField()
		}
	}
	switch f.key {
	case "A.M.", "P.M.":
		half("A.M.", "P.M.", t.Hour%24 >= 12)
	case "AM", "PM":
		half("AM", "PM", t.Hour%24 >= 12)
	case "HH", "HH12":
		h := t.Hour % 12
		if h == 0 {
			h = 12
		}
		wide = t.Hour < 0
		num(h, 2)
	case "HH24":
		wide = t.Hour < 0
		num(t.Hour, 2)
	case "MI":
		wide = t.Min < 0
		num(t.Min, 2)
	case "SS":
		wide = t.Sec < 0
		num(t.Sec, 2)
	case "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "MS", "US":
		digits := 6
		if f.key == "MS" {
			digits = 3
		} else if f.key != "US" {
			digits = int(f.key[2] - '0')
		}
		fill := f.fill
		f.fill = false
		num(t.Usec/int(number.Pow10(6-digits)), digits)
		f.fill = fill
	case "SSSS", "SSSSS":
		num(t.Hour*3600+t.Min*60+t.Sec, 0)
	case "TZ":
		if t.zoned {
			s := t.abbrev
			if f.as[0] >= 'a' {
				s = strings.ToLower(s)
			}
			dst = append(dst, s...)
		}
	case "TZH":
		dst = append(dst, sign(t.east))
		dst = fmt.Appendf(dst, "%02d", abs(t.east)/3600)
	case "TZM":
		dst = fmt.Appendf(dst, "%02d", abs(t.east)/60%60)
	case "OF":
		dst = append(dst, sign(t.east))
		width := 2
		if f.fill {
			width = 0
		}
		dst = fmt.Appendf(dst, "%0*d", width, abs(t.east)/3600)
		if m := abs(t.east) / 60 % 60; m != 0 {
			dst = fmt.Appendf(dst, ":%02d", m)
		}
	case "A.D.", "B.C.":
		half("A.D.", "B.C.", t.Year <= 0)
	case "AD", "BC":
		half("AD", "BC", t.Year <= 0)
	case "MONTH", "MON":
		if t.span {
			return dst, errSpanField()
		}
		if f.key == "MON" {
			name(monthNames[t.Mon-1][:3], 0)
		} else {
			name(monthNames[t.Mon-1], 9)
		}
	case "MM":
		wide = t.Mon < 0
		num(t.Mon, 2)
	case "DAY":
		name(dayNames[t.wday], 9)
	case "DY":
		name(dayNames[t.wday][:3], 0)
	case "DDD":
		num(t.yday, 3)
	case "IDDD":
		days := calendar.DaysOf(t.Year, t.Mon, t.Day)
		iy, _ := datetime.IsoWeek(days)
		num(int(days-datetime.MondayOfWeek1(iy))+1, 3)
	case "DD":
		num(t.Day, 2)
	case "D":
		num(t.wday+1, 0)
	case "ID":
		num((t.wday+6)%7+1, 0)
	case "WW":
		num((t.yday-1)/7+1, 2)
	case "IW":
		_, w := datetime.IsoWeek(calendar.DaysOf(t.Year, t.Mon, t.Day))
		num(w, 2)
	case "Q":
		if t.Mon != 0 {
			num((t.Mon-1)/3+1, 0)
		}
	case "CC":
		c := t.Year / 100
		if !t.span {
			if t.Year > 0 {
				c = (t.Year-1)/100 + 1
			} else {
				c = t.Year/100 - 1
			}
		}
		wide = c < 0
		if c >= -99 && c <= 99 {
			num(c, 2)
		} else {
			num(c, 0)
		}
	case "Y,YYY":
		y := t.adjusted(t.Year)
		s := fmt.Sprintf("%d,%03d", y/1000, y%1000)
		dst = append(dst, s...)
		if f.th != "" {
			dst = append(dst, ordinal(s, f.th == "TH")...)
		}
	case "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "I":
		y := t.Year
		if f.key[0] == 'I' {
			y, _ = datetime.IsoWeek(calendar.DaysOf(t.Year, t.Mon, t.Day))
		}
		n := len(f.key)
		wide = t.adjusted(t.Year) < 0
		v := t.adjusted(y)
		if n < 4 {
			v %= int(number.Pow10(n))
		}
		num(v, n)
	case "RM":
		if t.Mon == 0 && t.Year == 0 {
			break
		}
		i := t.Mon - 1
		switch {
		case t.Mon == 0 && t.Year < 0:
			i = 0
		case t.Mon == 0:
			i = 11
		case t.Mon < 0:
			i = 12 + t.Mon
		}
		s := romanMonth[i]
		if f.as[0] >= 'a' {
			s = strings.ToLower(s)
		}
		width := 4
		if f.fill {
			width = 0
		}
		dst = fmt.Appendf(dst, "%-*s", width, s)
	case "W":
		num((t.Day-1)/7+1, 0)
	case "J":
		num(int(int32(calendar.JulianDay(t.Year, t.Mon, t.Day))), 0) // wraps for long intervals
	}
	return dst, nil
}

func sign(v int) byte {
	if v < 0 {
		return '-'
	}
	return '+'
}

func abs(v int) int { return max(v, -v) }

func (t *shown) write(c *call.Call, template string) (types.Datum, error) {
	fields, _ := c.Cache.(*timeFormat)
	if fields == nil || fields.template != template {
		own := strings.Clone(template)
		fields = &timeFormat{own, timeTemplate(own)}
		c.Cache = fields
	}
	var dst []byte
	var err error
	for i := range fields.fields {
		f := &fields.fields[i]
		if f.key == "" {
			dst = append(dst, f.literal...)
			continue
		}
		if dst, err = t.format(dst, f); err != nil {
			return types.Null, err
		}
	}
	return call.Bytes(dst)
}

type timeFormat struct {
	template string
	fields   []field
}

// charOfTime is to_char(timestamp[tz], text).
func charOfTime(zoned bool) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		ts := a[0].Int()
		if !datetime.FiniteTS(ts) || a[1].Len() == 0 {
			return types.Null, nil
		}
		t := &shown{zoned: zoned}
		if zoned {
			t.east, t.abbrev, _ = timezone.At(c.Env.Zone(), ts)
			ts += int64(t.east) * calendar.UsecPerSec
		}
		t.Clock = calendar.ClockOf(ts)
		days := calendar.DaysOf(t.Year, t.Mon, t.Day)
		t.yday = int(days-calendar.DaysOf(t.Year, 1, 1)) + 1
		t.wday = int(datetime.WeekdayMonday(days)+1) % 7
		return t.write(c, a[1].Str())
	}
}

func charOfInterval(c *call.Call, a []types.Datum) (types.Datum, error) {
	if a[1].Len() == 0 {
		return types.Null, nil
	}
	v := temporal.IntervalOf(a[0])
	t := &shown{span: true}
	t.Year, t.Mon, t.Day = int(v.Months/12), int(v.Months%12), int(v.Days)
	t.Hour, t.Min, t.Sec, t.Usec = int(v.Usec/calendar.UsecPerHour), int(v.Usec/calendar.UsecPerMin%60), int(v.Usec/calendar.UsecPerSec%60), int(v.Usec%calendar.UsecPerSec)
	t.yday = (t.Year*12+t.Mon)*30 + t.Day
	return t.write(c, a[1].Str())
}
