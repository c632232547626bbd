package settings

import (
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types/timezone"
)

// checks validate and canonicalise values beyond their type, by lower-case name. current is the value so far.
var checks = map[string]func(v, current string) (string, error){
	"datestyle":       checkDateStyle,
	"timezone":        checkTimeZone,
	"client_encoding": checkEncoding,
	"application_name": func(v, _ string) (string, error) {
		return strings.Map(func(r rune) rune {
			if r < 32 || r > 126 {
				return '?'
			}
			return r
		}, v), nil
	},
	"search_path": func(v, _ string) (string, error) { return v, nil },
}

// checkDateStyle reads a style, an order, or both: what is not said stays as it is. "German" implies DMY.
func checkDateStyle(v, current string) (string, error) {
	style, order, _ := strings.Cut(current, ", ")
	newStyle, newOrder := "", ""
	for _, f := range strings.Split(v, ",") {
		f = strings.TrimSpace(f)
		var st, o string
		switch s := strings.ToLower(f); {
		case s == "iso":
			st = "ISO"
		case s == "sql":
			st = "SQL"
		case strings.HasPrefix(s, "postgres"):
			st = "Postgres"
		case s == "german":
			st = "German"
		case s == "ymd":
			o = "YMD"
		case s == "dmy" || strings.HasPrefix(s, "euro"):
			o = "DMY"
		case s == "mdy" || s == "us" || strings.HasPrefix(s, "noneuro"):
			o = "MDY"
		case s == "default":
			st, o, _ = strings.Cut(overrides["DateStyle"], ", ")
			if newStyle != "" {
				st = newStyle
			}
			if newOrder != "" {
				o = newOrder
			}
		default:
			return "", invalid("DateStyle", v).WithDetail("Unrecognized key word: \"" + f + "\".")
		}
		if st != "" && newStyle != "" && st != newStyle || o != "" && newOrder != "" && o != newOrder {
			return "", invalid("DateStyle", v).WithDetail("Conflicting \"datestyle\" specifications.")
		}
		if st != "" {
			newStyle = st
		}
		if o != "" {
			newOrder = o
		}
	}
	switch {
	case newOrder != "":
		order = newOrder
	case newStyle == "German":
		order = "DMY"
	}
	if newStyle != "" {
		style = newStyle
	}
	return style + ", " + order, nil
}

// checkTimeZone gives the zone's full name, which is what SHOW prints.
func checkTimeZone(v, _ string) (string, error) {
	loc, err := Zone(v)
	if err != nil {
		return "", err
	}
	if _, ok := offsetHours(v); ok {
		return loc.String(), nil
	}
	if name, ok := timezone.Name(v); ok {
		return name, nil
	}
	return strings.ToUpper(v), nil
}

// Zone resolves a TimeZone value: hours east of UTC (SET TIME ZONE -7), a name of the time zone database, or a POSIX
// specification.
func Zone(v string) (*time.Location, error) {
	switch strings.ToLower(v) {
	case "utc", "etc/utc", "zulu":
		return time.UTC, nil
	}
	if east, ok := offsetHours(v); ok {
		return timezone.Fixed(east), nil
	}
	if loc, ok := timezone.Load(v); ok {
		return loc, nil
	}
	return nil, invalid("TimeZone", v)
}

// offsetHours reads a number of hours; the result is in seconds.
func offsetHours(v string) (east int, ok bool) {
	if strings.Trim(v, "+-.0123456789") != "" {
		return 0, false
	}
	h, err := strconv.ParseFloat(v, 64)
	if err != nil || h < -168 || h > 168 {
		return 0, false
	}
	return int(h * 3600), true
}

func checkEncoding(v, _ string) (string, error) {
	switch s := strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(v)); s {
	case "utf8", "unicode":
		return "UTF8", nil
	case "sqlascii":
		return "SQL_ASCII", nil
	case "latin1", "latin2", "latin9", "win1252", "win1250", "win1251", "eucjp", "sjis", "euckr", "euccn", "gbk", "gb18030", "big5", "koi8r", "iso88591", "iso885915":
		return "", pgerr.Unsupported("client_encoding " + v)
	}
	return "", invalid("client_encoding", v)
}
