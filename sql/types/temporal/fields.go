package temporal

import (
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/input"
)

// The first half of date and time input: cutting the text into fields, and the words that have a meaning.

const maxDateFields = 25

type fieldKind uint8

const (
	fieldNumber  fieldKind = iota + 1
	fieldDate              // digits or letters with - / . inside
	fieldTime              // has a colon
	fieldZone              // sign and digits
	fieldString            // letters
	fieldSpecial           // sign and letters
)

type dateField struct {
	kind fieldKind
	text string // lower case, except names inside fieldDate
}

// fail is why input was refused; each has its own SQLSTATE and wording.
type dateFail uint8

const (
	dateOK dateFail = iota
	badFormat
	fieldOverflow
	monthDayOverflow
	intervalOverflow
	zoneOverflow
	badZone
)

func dateError(f dateFail, typ, s, zone string) error {
	switch f {
	case fieldOverflow:
		return pgerr.New(pgerr.DatetimeFieldOverflow, "date/time field value out of range: \"%s\"", s)
	case monthDayOverflow:
		return pgerr.New(pgerr.DatetimeFieldOverflow, "date/time field value out of range: \"%s\"", s).
			WithHint("Perhaps you need a different \"datestyle\" setting.")
	case intervalOverflow:
		return pgerr.New(pgerr.IntervalFieldOverflow, "interval field value out of range: \"%s\"", s)
	case zoneOverflow:
		return pgerr.New(pgerr.InvalidTimeZoneDisplacementValue, "time zone displacement out of range: \"%s\"", s)
	case badZone:
		return pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", zone)
	}
	return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type %s: \"%s\"", typ, s)
}

// splitDate cuts the text into fields.
func splitDate(s string, fields []dateField) ([]dateField, dateFail) {
	for i := 0; i < len(s); {
		c := s[i]
		from := i
		var kind fieldKind
		switch {
		case input.IsSpace(c):
			i++
			continue
		case input.IsDigit(c):
			i = input.Skip(s, i, input.IsDigit)
			kind = fieldNumber
			switch {
			case i < len(s) && s[i] == ':':
				kind = fieldTime
				i = input.Skip(s, i, func(c byte) bool { return input.IsDigit(c) || c == ':' || c == '.' })
			case i < len(s) && (s[i] == '-' || s[i] == '/' || s[i] == '.'):
				delim := s[i]
				i++
				kind = fieldDate
				if i < len(s) && input.IsDigit(s[i]) {
					i = input.Skip(s, i, input.IsDigit)
					if delim == '.' {
						kind = fieldNumber
					}
					if i < len(s) && s[i] == delim {
						kind = fieldDate
						i = input.Skip(s, i, func(c byte) bool { return input.IsDigit(c) || c == delim })
					}
				} else {
					i = input.Skip(s, i, func(c byte) bool { return input.IsAlnum(c) || c == delim })
				}
			}
		case c == '.':
			kind = fieldNumber
			i = input.Skip(s, i+1, input.IsDigit)
		case input.IsAlpha(c):
			kind = fieldString
			i = input.Skip(s, i, input.IsAlpha)
			if i < len(s) {
				date := s[i] == '-' || s[i] == '/' || s[i] == '.'
				if s[i] == '+' || input.IsDigit(s[i]) {
					_, known := dateWords[strings.ToLower(s[from:i])]
					date = !known
				}
				if date {
					kind = fieldDate
					i = input.Skip(s, i, func(c byte) bool {
						return input.IsAlnum(c) || c == '+' || c == '-' || c == '/' || c == '_' || c == '.' || c == ':'
					})
				}
			}
		case c == '+' || c == '-':
			sign := i
			i = input.Skip(s, i+1, input.IsSpace)
			from = i
			switch {
			case i < len(s) && input.IsDigit(s[i]):
				kind = fieldZone
				i = input.Skip(s, i, func(c byte) bool { return input.IsDigit(c) || c == ':' || c == '.' || c == '-' })
			case i < len(s) && input.IsAlpha(s[i]):
				kind = fieldSpecial
				i = input.Skip(s, i, input.IsAlpha)
			default:
				return nil, badFormat
			}
			if len(fields) == maxDateFields {
				return nil, badFormat
			}
			text := strings.ToLower(s[sign:i])
			if from > sign+1 { // blanks between the sign and its number do not count
				text = s[sign:sign+1] + strings.ToLower(s[from:i])
			}
			fields = append(fields, dateField{kind, text})
			continue
		case c > ' ' && c < 0x7f: // other punctuation only separates
			i++
			continue
		default:
			return nil, badFormat
		}
		if len(fields) == maxDateFields {
			return nil, badFormat
		}
		fields = append(fields, dateField{kind, strings.ToLower(s[from:i])})
	}
	return fields, dateOK
}

// Bits of the fields that have been seen (numbers are ours).
const (
	seenYear = 1 << iota
	seenMonth
	seenDay
	seenDOY
	seenHour
	seenMinute
	seenSecond
	seenMilli
	seenMicro
	seenTZ
	seenDTZ
	seenDTZMod
	seenAMPM
	seenEra
	seenDOW
	seenWeek
	seenDecade
	seenCentury
	seenMillennium
	seenReserved

	seenDate    = seenYear | seenMonth | seenDay
	seenAllSecs = seenSecond | seenMilli | seenMicro
	seenTime    = seenHour | seenMinute | seenAllSecs
)

type wordKind uint8

const (
	wordIgnore wordKind = iota + 1
	wordMonth
	wordDOW
	wordEra  // val 1: BC
	wordAMPM // val 1: PM
	wordReserved
	wordUnit    // a label for the number after it
	wordISOTime // the T of ISO 8601
	wordDST     // makes the zone before it a daylight saving one
)

// Reserved words (special values) and units.
const (
	resNow = iota + 1
	resToday
	resYesterday
	resTomorrow
	resZulu
	resEpoch
	resLate
	resEarly
)

type dateUnit uint8

const (
	unitNone dateUnit = iota
	unitYear
	unitMonth
	unitDay
	unitHour
	unitMinute
	unitSecond
	unitMilli
	unitMicro
	unitJulian
	unitTime
	unitWeek
	unitDecade
	unitCentury
	unitMillennium
	unitQuarter
	unitOther
)

type dateWord struct {
	kind wordKind
	val  int
}

var dateWords = makeDateWords()

func makeDateWords() map[string]dateWord {
	m := map[string]dateWord{
		"-infinity": {wordReserved, resEarly}, "infinity": {wordReserved, resLate}, "epoch": {wordReserved, resEpoch}, "now": {wordReserved, resNow},
		"today": {wordReserved, resToday}, "yesterday": {wordReserved, resYesterday}, "tomorrow": {wordReserved, resTomorrow},
		"allballs": {wordReserved, resZulu},
		"ad":       {wordEra, 0}, "bc": {wordEra, 1}, "am": {wordAMPM, 0}, "pm": {wordAMPM, 1},
		"at": {wordIgnore, 0}, "on": {wordIgnore, 0},
		"d": {wordUnit, int(unitDay)}, "h": {wordUnit, int(unitHour)}, "j": {wordUnit, int(unitJulian)}, "jd": {wordUnit, int(unitJulian)},
		"julian": {wordUnit, int(unitJulian)}, "m": {wordUnit, int(unitMonth)}, "mm": {wordUnit, int(unitMinute)}, "s": {wordUnit, int(unitSecond)},
		"y": {wordUnit, int(unitYear)}, "dow": {wordUnit, int(unitOther)}, "doy": {wordUnit, int(unitOther)},
		"isodow": {wordUnit, int(unitOther)}, "isoyear": {wordUnit, int(unitOther)},
		"t": {wordISOTime, int(unitTime)}, "dst": {wordDST, 3600}, "sept": {wordMonth, 9},
		"tues": {wordDOW, 2}, "thur": {wordDOW, 4}, "thurs": {wordDOW, 4}, "weds": {wordDOW, 3},
	}
	for i, n := range monthNames {
		n = strings.ToLower(n)
		m[n], m[n[:3]] = dateWord{wordMonth, i + 1}, dateWord{wordMonth, i + 1}
	}
	for i, n := range dayNames {
		n = strings.ToLower(n)
		m[n], m[n[:3]] = dateWord{wordDOW, i}, dateWord{wordDOW, i}
	}
	return m
}
