package format

import (
	"strings"

	"github.com/tarndb/tarn/sql/builtin/datetime"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// Strict is a template in SQL's standard mode (jsonpath's datetime method): a text must match it to the character, and
// its fields decide the type.
type Strict struct{ fields []field }

// Moment is a date, time, timetz, timestamp or timestamptz; East is its zone in seconds, for the types that have one.
type Moment struct {
	Type  types.OID
	Value types.Datum
	East  int
}

const strictSeparators = "-./,':; "

// NewStrict reads a template; a separator that the standard does not know is 22007.
func NewStrict(template string) (*Strict, error) {
	t := &Strict{}
	for _, f := range timeTemplate(template) {
		switch {
		case f.key != "":
			t.fields = append(t.fields, f)
		case f.quoted:
			for s := f.literal; s != ""; {
				n := text.OneRune(s)
				t.fields = append(t.fields, field{literal: s[:n], quoted: true})
				s = s[n:]
			}
		case !strings.Contains(strictSeparators, f.literal):
			return nil, errTemplate("invalid datetime format separator: \"%s\"", f.literal)
		default:
			t.fields = append(t.fields, f)
		}
	}
	return t, nil
}

// Parse reads a text. Errors are 22007 and 22008.
func (t *Strict) Parse(s string) (Moment, error) {
	p := &scanner{s: s, whole: s, fields: t.fields, fixed: true, strict: true}
	p.g.set = map[string]int{}
	if err := p.scan(); err != nil {
		return Moment{}, err
	}
	if p.at < len(p.fields) {
		return Moment{}, errTemplate("input string is too short for datetime format")
	}
	p.blanks()
	if p.s != "" {
		return Moment{}, errTemplate("trailing characters remain in input string after datetime format")
	}
	c, err := p.resolve()
	if err != nil {
		return Moment{}, err
	}
	m, err := t.moment(p, c)
	if err == nil && m.Type != types.Date {
		m.Value, err = p.round(m.Type, m.Value)
	}
	return m, err
}

// matchLiteral takes a separator or quoted character of the template from the text.
func (p *scanner) matchLiteral(f *field) error {
	if strings.HasPrefix(p.s, f.literal) {
		p.s = p.s[len(f.literal):]
		return nil
	}
	what := "separator"
	if f.quoted {
		what = "character"
	}
	return errTemplate("unmatched format %s \"%s\"", what, f.literal)
}

// parts says whether the fields tell of a date, a time and a zone.
func (t *Strict) parts() (dated, timed, zoned bool) {
	for i := range t.fields {
		switch key := t.fields[i].key; key {
		case "", "FX":
		case "A.M.", "AM", "P.M.", "PM", "HH24", "HH12", "HH", "MI", "SS", "SSSS", "SSSSS", "MS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6":
			timed = true
		case "TZ", "OF", "TZH", "TZM":
			zoned = true
		default:
			dated = true
		}
	}
	return dated, timed, zoned
}

func (t *Strict) moment(p *scanner, c calendar.Clock) (Moment, error) {
	dated, timed, zoned := t.parts()
	east := p.g.zoneSign * (p.g.zoneHour*3600 + p.g.zoneMin*60)
	switch {
	case !dated && !timed:
		return Moment{}, errTemplate("datetime format is not dated and not timed")
	case !timed && zoned:
		return Moment{}, errTemplate("datetime format is zoned but not timed")
	case !timed:
		if !calendar.ValidJulian(c.Year, c.Mon) || !calendar.ValidDate(calendar.DaysOf(c.Year, c.Mon, c.Day)) {
			return Moment{}, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range: \"%s\"", p.whole)
		}
		return Moment{Type: types.Date, Value: tuple.Int(calendar.DaysOf(c.Year, c.Mon, c.Day))}, nil
	case !dated && zoned:
		return Moment{types.TimeTZ, temporal.TimeTZ{Usec: c.TimeOfDay(), West: int32(-east)}.Datum(), east}, nil
	case !dated:
		return Moment{Type: types.Time, Value: tuple.Int(c.TimeOfDay())}, nil
	}
	ts, ok := c.Timestamp()
	if zoned {
		ts -= int64(east) * calendar.UsecPerSec
	}
	switch {
	case (!ok || !calendar.ValidTimestamp(ts)) && zoned:
		return Moment{}, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamptz out of range")
	case !ok || !calendar.ValidTimestamp(ts):
		return Moment{}, datetime.ErrTimestampRange()
	case zoned:
		return Moment{types.TimestampTZ, tuple.Int(ts), east}, nil
	}
	return Moment{Type: types.Timestamp, Value: tuple.Int(ts)}, nil
}
