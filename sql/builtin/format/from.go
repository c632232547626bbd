package format

import (
	"math"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// to_timestamp(text, text) and to_date (manual: 9.8).

// gathered is what the fields of a template found in a text; zero is "not there".
type gathered struct {
	set                         map[string]int
	year, yearDigits            int
	bc, pm, half                bool
	usec                        int
	precision                   int // digits of the seconds' fraction, 0: all
	iso, gregorian              bool
	zoneSign, zoneHour, zoneMin int
	zoned                       bool
}

func errTemplate(format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.InvalidDatetimeFormat, format, args...)
}

// scanner reads a text along a template.
type scanner struct {
	s      string
	whole  string
	fields []field
	at     int // current field
	fixed  bool
	strict bool // literal text must match
	extra  int  // characters passed over beyond what the template asked for
	g      gathered
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// separator: what is neither a letter nor a digit, printable ASCII.
func separator(c byte) bool {
	return c > 0x20 && c < 0x7f && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z')
}

func (p *scanner) blanks() int {
	n := 0
	for n < len(p.s) && isBlank(p.s[n]) {
		n++
	}
	p.s = p.s[n:]
	return n
}

// numericField reports a field that reads digits.
func numericField(key string) bool {
	switch key {
	case "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "DAY", "DY", "MONTH", "MON", "P.M.", "PM", "RM", "TZ", "TZH", "OF", "FX":
		return false
	}
	return true
}

// open reports that the current number may have any length: what follows is not a digit.
func (p *scanner) open() bool {
	f := &p.fields[p.at]
	if f.fill || f.th != "" {
		return true
	}
	if p.at+1 == len(p.fields) {
		return true
	}
	next := &p.fields[p.at+1]
	if next.key != "" {
		return !numericField(next.key)
	}
	return !(len(next.literal) == 1 && next.literal[0] >= '0' && next.literal[0] <= '9')
}

// leadingInt is strtol: blanks, a sign, digits.
func leadingInt(s string) (v int64, n int, overflow bool) {
	i := 0
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	start := i
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == digits {
		return 0, 0, false
	}
	v, err := strconv.ParseInt(s[start:i], 10, 32)
	return v, i, err != nil
}

func firstBytes(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// number reads an integer of up to width digits; used is the number of characters.
func (p *scanner) number(width int) (v, used int, err error) {
	f := &p.fields[p.at]
	const hint = "If your source string is not fixed-width, try using the \"FM\" modifier."
	init := p.s
	p.blanks()
	var overflow bool
	var r int64
	if p.open() {
		var n int
		r, n, overflow = leadingInt(p.s)
		if n == 0 {
			p.s = init
		} else {
			p.s = p.s[n:]
		}
	} else {
		part := firstBytes(p.s, width)
		if len(part) < width {
			return 0, 0, errTemplate("source string too short for \"%s\" formatting field", f.as).
				WithDetail("Field requires %d characters, but only %d remain.", width, len(part)).WithHint(hint)
		}
		var n int
		r, n, overflow = leadingInt(part)
		if n > 0 && n < width {
			return 0, 0, errTemplate("invalid value \"%s\" for \"%s\"", part, f.as).
				WithDetail("Field requires %d characters, but only %d could be parsed.", width, n).WithHint(hint)
		}
		if n == 0 {
			p.s = init
		} else {
			p.s = p.s[n:]
		}
	}
	if len(p.s) == len(init) {
		return 0, 0, errTemplate("invalid value \"%s\" for \"%s\"", firstBytes(strings.TrimLeft(init, " \t\n\r\v\f"), width), f.as).WithDetail("Value must be an integer.")
	}
	if overflow {
		return 0, 0, pgerr.New(pgerr.DatetimeFieldOverflow, "value for \"%s\" in source string is out of range", f.as).
			WithDetail("Value must be in the range %d to %d.", math.MinInt32, math.MaxInt32)
	}
	if f.th != "" {
		p.s = p.s[min(2, len(p.s)):]
	}
	return int(r), len(init) - len(p.s), nil
}

func (p *scanner) store(name string, v int) error {
	if old, ok := p.g.set[name]; ok && old != 0 && old != v {
		return errTemplate("conflicting values for \"%s\" field in formatting string", p.fields[p.at].as).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	p.g.set[name] = v
	return nil
}

func (p *scanner) storeNumber(name string, width int) (used int, err error) {
	v, used, err := p.number(width)
	if err != nil {
		return 0, err
	}
	return used, p.store(name, v)
}

// word finds which of the words the text starts with, in any case.
func (p *scanner) word(words []string) (int, error) {
	best := -1
	for i, w := range words {
		if len(p.s) >= len(w) && strings.EqualFold(p.s[:len(w)], w) && (best < 0 || len(w) > len(words[best])) {
			best = i
		}
	}
	if best < 0 {
		end := 0
		for end < len(p.s) && !isBlank(p.s[end]) {
			end++
		}
		return 0, errTemplate("invalid value \"%s\" for \"%s\"", p.s[:end], p.fields[p.at].as).
			WithDetail("The given value did not match any of the allowed values for this field.")
	}
	p.s = p.s[len(words[best]):]
	return best, nil
}

func abbreviations(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n[:3]
	}
	return out
}

// partialYear completes a year of fewer than four digits to the one nearest to 2020.
func partialYear(y int) int {
	switch {
	case y < 70:
		return y + 2000
	case y < 100:
		return y + 1900
	case y < 520:
		return y + 2000
	case y < 1000:
		return y + 1000
	}
	return y
}

func (p *scanner) mode(iso bool) error {
	if iso && p.g.gregorian || !iso && p.g.iso {
		return errTemplate("invalid combination of date conventions").
			WithHint("Do not mix Gregorian and ISO week date conventions in a formatting template.")
	}
	if iso {
		p.g.iso = true
	} else {
		p.g.gregorian = true
	}
	return nil
}

// read takes one field from the text.
func (p *scanner) read(f *field) error {
	g := &p.g
	switch f.key {
	case "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I":
		if err := p.mode(true); err != nil {
			return err
		}
	case "DDD", "DD", "D", "MM", "MONTH", "MON", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y", "RM", "DAY", "DY":
		if f.key != "DAY" && f.key != "DY" {
			if err := p.mode(false); err != nil {
				return err
			}
		}
	}
	fraction := func(digits int) error {
		v, used, err := p.number(digits)
		if err != nil {
			return err
		}
		for n := used; n < digits; n++ {
			v *= 10
		}
		g.usec += v * int(number.Pow10(6-digits))
		return nil
	}
	// A number of digits limits the result's precision, and only in fixed text what is read.
	rounded := func(digits int) error {
		g.precision = digits
		v, used, err := p.number(digits)
		for n := used; n < 6; n++ {
			v *= 10
		}
		g.usec += v
		return err
	}
	year := func(width int) error {
		v, used, err := p.number(width)
		if err != nil {
			return err
		}
		if width < 4 && used < 4 {
			v = partialYear(v)
		}
		g.yearDigits = width
		if err := p.store("year", v); err != nil {
			return err
		}
		g.year = v
		return nil
	}
	var err error
	switch f.key {
	case "FX":
		p.fixed = true
	case "A.M.", "P.M.":
		var i int
		i, err = p.word([]string{"a.m.", "p.m."})
		g.pm, g.half = i == 1, true
	case "AM", "PM":
		var i int
		i, err = p.word([]string{"am", "pm"})
		g.pm, g.half = i == 1, true
	case "A.D.", "B.C.":
		var i int
		i, err = p.word([]string{"a.d.", "b.c."})
		g.bc = i == 1
	case "AD", "BC":
		var i int
		i, err = p.word([]string{"ad", "bc"})
		g.bc = i == 1
	case "HH", "HH12":
		g.half = true
		_, err = p.storeNumber("hour", 2)
	case "HH24":
		_, err = p.storeNumber("hour", 2)
	case "MI":
		_, err = p.storeNumber("min", 2)
	case "SS":
		_, err = p.storeNumber("sec", 2)
	case "MS":
		err = fraction(3)
	case "US":
		err = fraction(6)
	case "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
		err = rounded(int(f.key[2] - '0'))
	case "SSSS", "SSSSS":
		_, err = p.storeNumber("ssss", 5)
	case "TZ", "OF":
		return pgerr.New(pgerr.FeatureNotSupported, "formatting field \"%s\" is only supported in to_char", f.as)
	case "TZH":
		g.zoneSign = 1
		if p.s != "" && (p.s[0] == '+' || p.s[0] == '-' || p.s[0] == ' ') {
			if p.s[0] == '-' {
				g.zoneSign = -1
			}
			p.s = p.s[1:]
		} else if done := len(p.whole) - len(p.s); p.extra > 0 && done > 0 && p.whole[done-1] == '-' {
			g.zoneSign = -1 // the minus was taken for a separator
		}
		g.zoned = true
		g.zoneHour, _, err = p.number(2)
	case "TZM":
		g.zoned = true
		if g.zoneSign == 0 {
			g.zoneSign = 1
		}
		g.zoneMin, _, err = p.number(2)
	case "MONTH", "MON":
		names := monthNames[:]
		if f.key == "MON" {
			names = abbreviations(names)
		}
		var i int
		if i, err = p.word(names); err == nil {
			err = p.store("mon", i+1)
		}
	case "MM":
		_, err = p.storeNumber("mon", 2)
	case "DAY", "DY":
		names := dayNames[:]
		if f.key == "DY" {
			names = abbreviations(names)
		}
		var i int
		if i, err = p.word(names); err == nil {
			err = p.store("wday", i+1)
		}
	case "DDD":
		_, err = p.storeNumber("yday", 3)
	case "IDDD":
		_, err = p.storeNumber("yday", 3)
	case "DD":
		_, err = p.storeNumber("day", 2)
	case "D":
		_, err = p.storeNumber("wday", 1)
	case "ID":
		var v int
		if v, _, err = p.number(1); err == nil {
			if v++; v > 7 { // counted from Sunday as 1
				v = 1
			}
			err = p.store("wday", v)
		}
	case "WW", "IW":
		_, err = p.storeNumber("week", 2)
	case "W":
		_, err = p.storeNumber("monthweek", 1)
	case "Q":
		_, _, err = p.number(1) // says nothing that is needed
	case "CC":
		_, err = p.storeNumber("century", 2)
	case "Y,YYY":
		thousands, n, _ := leadingInt(p.s)
		rest := p.s[n:]
		if n == 0 || !strings.HasPrefix(rest, ",") {
			return errTemplate("invalid input string for \"Y,YYY\"")
		}
		v, k, _ := leadingInt(firstBytes(rest[1:], 3))
		if k == 0 {
			return errTemplate("invalid input string for \"Y,YYY\"")
		}
		g.year, g.yearDigits = int(thousands*1000+v), 4
		err = p.store("year", g.year)
		p.s = rest[1+k:]
		if f.th != "" {
			p.s = p.s[min(2, len(p.s)):]
		}
	case "YYYY", "IYYY":
		err = year(4)
	case "YYY", "IYY":
		err = year(3)
	case "YY", "IY":
		err = year(2)
	case "Y", "I":
		err = year(1)
	case "RM":
		var i int
		if i, err = p.word(romanMonth[:]); err == nil {
			err = p.store("mon", i+1)
		}
	case "J":
		_, err = p.storeNumber("julian", 1)
	}
	return err
}

// scan reads the text along the template. More blanks or separators in the text than in the template are let through,
// unless FX asks for exactly the template.
func (p *scanner) scan() error {
	for p.at = 0; p.at < len(p.fields) && p.s != ""; p.at++ {
		f := &p.fields[p.at]
		if !p.fixed && (f.key != "" || p.at == 0) {
			p.extra += p.blanks()
		}
		if f.key == "" && p.strict {
			if err := p.matchLiteral(f); err != nil {
				return err
			}
			continue
		}
		if f.key == "" {
			for lit := f.literal; lit != "" && p.s != ""; {
				n := text.OneRune(lit)
				sep := n == 1 && (isBlank(lit[0]) || separator(lit[0])) && len(f.literal) == 1
				lit = lit[n:]
				switch {
				case p.fixed:
					p.s = p.s[text.OneRune(p.s):]
				case sep:
					p.extra--
					if isBlank(p.s[0]) || separator(p.s[0]) {
						p.s = p.s[1:]
						p.extra++
					}
				case p.extra > 0:
					p.extra--
				default:
					p.s = p.s[text.OneRune(p.s):]
				}
			}
			continue
		}
		if err := p.read(f); err != nil {
			return err
		}
		if !p.fixed {
			p.extra = p.blanks()
		}
	}
	return nil
}

// resolve turns the fields into a clock time.
func (p *scanner) resolve() (c calendar.Clock, err error) {
	g := &p.g
	get := func(name string) int { return g.set[name] }
	bad := func() error {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "date/time field value out of range: \"%s\"", p.whole)
	}
	if v := get("ssss"); v != 0 {
		c.Hour, c.Min, c.Sec = v/3600, v/60%60, v%60
	}
	if v := get("sec"); v != 0 {
		c.Sec = v
	}
	if v := get("min"); v != 0 {
		c.Min = v
	}
	if v := get("hour"); v != 0 {
		c.Hour = v
	}
	if g.half {
		if c.Hour < 1 || c.Hour > 12 {
			return c, errTemplate("hour \"%d\" is invalid for the 12-hour clock", c.Hour).
				WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
		}
		if g.pm && c.Hour < 12 {
			c.Hour += 12
		} else if !g.pm && c.Hour == 12 {
			c.Hour = 0
		}
	}
	century := get("century")
	if g.bc {
		century = -century
	}
	hasYear := false
	switch {
	case g.year != 0 && century != 0 && g.yearDigits <= 2:
		hasYear = true
		c.Year = g.year % 100
		switch {
		case c.Year != 0 && century < 0:
			c.Year = (century+1)*100 - c.Year + 1
		case c.Year != 0:
			c.Year = (century-1)*100 + c.Year
		case century < 0:
			c.Year = century*100 + 1
		default:
			c.Year = century * 100
		}
	case g.year != 0:
		hasYear = true
		c.Year = g.year
		if g.bc {
			c.Year = -c.Year
		}
		if c.Year < 0 {
			c.Year++
		}
	case century > 0:
		hasYear = true
		c.Year = (century-1)*100 + 1
	case century < 0:
		hasYear = true
		c.Year = century*100 + 1
	}
	c.Mon, c.Day = 1, 1
	if j, ok := g.set["julian"]; ok {
		c.Year, c.Mon, c.Day = calendar.CivilOf(int64(j) - calendar.EpochJulian)
		hasYear = true
	}
	yday := get("yday")
	if w := get("week"); w != 0 {
		if g.iso {
			days := datetime.MondayOfWeek1(c.Year) + int64(w-1)*7
			if d := get("wday"); d != 0 {
				days += int64((d + 5) % 7)
			}
			c.Year, c.Mon, c.Day = calendar.CivilOf(days)
		} else {
			yday = (w-1)*7 + 1
		}
	}
	day := get("day")
	if w := get("monthweek"); w != 0 {
		day = (w-1)*7 + 1
	}
	if day != 0 {
		c.Day = day
	}
	if m := get("mon"); m != 0 {
		c.Mon = m
	}
	if yday != 0 && (c.Mon <= 1 || c.Day <= 1) {
		if !hasYear && !g.bc {
			return c, errTemplate("cannot calculate day of year without year information")
		}
		if g.iso {
			c.Year, c.Mon, c.Day = calendar.CivilOf(datetime.MondayOfWeek1(c.Year) + int64(yday) - 1)
		} else {
			if yday < 1 || yday > 366 || yday == 366 && calendar.DaysIn(c.Year, 2) == 28 {
				return c, bad()
			}
			_, c.Mon, c.Day = calendar.CivilOf(calendar.DaysOf(c.Year, 1, 1) + int64(yday) - 1)
		}
	}
	if c.Mon < 1 || c.Mon > 12 || c.Day < 1 || c.Day > calendar.DaysIn(c.Year, c.Mon) {
		return c, bad()
	}
	c.Usec = g.usec
	if c.Hour < 0 || c.Hour >= 24 || c.Min < 0 || c.Min > 59 || c.Sec < 0 || c.Sec > 59 || c.Usec < 0 || c.Usec >= calendar.UsecPerSec {
		return c, bad()
	}
	if g.zoned && (g.zoneHour < 0 || g.zoneHour > 15 || g.zoneMin < 0 || g.zoneMin > 59) {
		return c, bad()
	}
	return c, nil
}

func scanTime(a []types.Datum) (*scanner, calendar.Clock, error) {
	p := &scanner{s: a[0].Str(), whole: a[0].Str(), fields: timeTemplate(a[1].Str())}
	p.g.set = map[string]int{}
	if err := p.scan(); err != nil {
		return p, calendar.Clock{}, err
	}
	c, err := p.resolve()
	return p, c, err
}

func toTimestamp(c *call.Call, a []types.Datum) (types.Datum, error) {
	p, at, err := scanTime(a)
	if err != nil {
		return types.Null, err
	}
	local, ok := at.Timestamp()
	if !ok || !calendar.ValidTimestamp(local) {
		return types.Null, datetime.ErrTimestampRange()
	}
	if p.g.zoned {
		ts := local - int64(p.g.zoneSign*(p.g.zoneHour*3600+p.g.zoneMin*60))*calendar.UsecPerSec
		if !calendar.ValidTimestamp(ts) {
			return types.Null, datetime.ErrTimestampRange()
		}
		return p.round(types.TimestampTZ, tuple.Int(ts))
	}
	ts, err := temporal.LocalToTimestampTZ(local, c.Env.Zone())
	if err != nil {
		return types.Null, err
	}
	return p.round(types.TimestampTZ, tuple.Int(ts))
}

// round cuts a value to the precision that the template asked for.
func (p *scanner) round(typ types.OID, d types.Datum) (types.Datum, error) {
	if p.g.precision == 0 {
		return d, nil
	}
	return types.Lookup(typ).ApplyTypmod(d, int32(p.g.precision), false)
}

func toDate(_ *call.Call, a []types.Datum) (types.Datum, error) {
	_, at, err := scanTime(a)
	if err != nil {
		return types.Null, err
	}
	days := calendar.DaysOf(at.Year, at.Mon, at.Day)
	if !calendar.ValidDate(days) {
		return types.Null, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range: \"%s\"", a[0].Str())
	}
	return tuple.Int(days), nil
}

// toNumber reads a text along a number template; what does not belong to a number is passed over.
func toNumber(_ *call.Call, a []types.Datum) (types.Datum, error) {
	t, err := parseNumTemplate(a[1].Str())
	if err != nil {
		return types.Null, err
	}
	if a[1].Len() == 0 {
		return types.Null, nil
	}
	if t.roman {
		return types.Null, pgerr.New(pgerr.FeatureNotSupported, "\"RN\" not supported for input")
	}
	if t.sci {
		return types.Null, pgerr.New(pgerr.FeatureNotSupported, "\"EEEE\" not supported for input")
	}
	s := a[0].Str()
	neg, signed, point := false, false, false
	var digits, frac []byte
	takeSign := func() {
		if s == "" || signed {
			return
		}
		switch s[0] {
		case '<':
			if t.bracket {
				neg, signed, s = true, true, s[1:]
			}
		case '-':
			neg, signed, s = true, true, s[1:]
		case '+':
			signed, s = true, s[1:]
		}
	}
	for _, p := range t.parts {
		if s == "" {
			break
		}
		switch p.key {
		case "9", "0", ".", "D":
			if len(digits)+len(frac) == 0 {
				s = strings.TrimLeft(s, " ")
				takeSign()
			}
			if s == "" {
				break
			}
			// Every position takes a character, whether a number can have it or not.
			c := s[0]
			s = s[text.OneRune(s):]
			switch {
			case c == '.' && !point && t.dec:
				point = true
			case c < '0' || c > '9':
			case !point:
				digits = append(digits, c)
			case len(frac) < t.post:
				frac = append(frac, c)
			}
		case ",", "G":
			if s[0] == ',' {
				s = s[1:]
			}
		case "L":
			if s[0] == ' ' || s[0] == '$' {
				s = s[1:]
			}
		case "MI", "PL", "SG", "S":
			takeSign()
		case "TH":
			s = s[min(2, len(s)):]
		case "":
			for lit := p.literal; lit != "" && s != ""; lit = lit[text.OneRune(lit):] {
				s = s[text.OneRune(s):]
			}
		}
	}
	takeSign()
	out := string(digits)
	if len(frac) > 0 || point {
		out += "." + string(frac)
	}
	if neg {
		out = "-" + out
	}
	v, err := numeric.Parse(out)
	if err != nil {
		return types.Null, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type numeric: \"%s\"", orBlank(out))
	}
	if t.hasV {
		p, err := numeric.Power(numeric.Int(10), numeric.Int(int64(-t.multi)))
		if err != nil {
			return types.Null, err
		}
		return numeric.Mul(v, p)
	}
	scale := len(frac)
	return types.Lookup(types.Numeric).ApplyTypmod(v, int32((t.pre+t.multi+scale)<<16|scale)+4, false)
}

func orBlank(s string) string {
	if s == "" {
		return " "
	}
	return s
}

func fromCharFns() call.Fns {
	return call.Fns{"to_timestamp": toTimestamp, "to_date": toDate, "numeric_to_number": toNumber}
}
