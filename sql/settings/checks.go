package settings

import (
	"strings"
	"time"
	_ "time/tzdata" // zones must resolve on machines without zoneinfo

	"github.com/tarndb/tarn/sql/pgerr"
)

// checks validate and canonicalise values beyond their type, by lower-case name.
var checks = map[string]func(string) (string, error){
	"datestyle":             checkDateStyle,
	"timezone":              checkTimeZone,
	"client_encoding":       checkEncoding,
	"transaction_isolation": checkIsolation, "default_transaction_isolation": checkIsolation,
	"application_name": func(v string) (string, error) {
		return strings.Map(func(r rune) rune {
			if r < 32 || r > 126 {
				return '?'
			}
			return r
		}, v), nil
	},
	"search_path": func(v string) (string, error) { return v, nil },
}

// checkDateStyle combines a new style with PostgreSQL's defaults: "German" implies DMY, else the order stays MDY.
func checkDateStyle(v string) (string, error) {
	style, order := "ISO", "MDY"
	for _, f := range strings.Split(v, ",") {
		f = strings.TrimSpace(f)
		switch s := strings.ToLower(f); {
		case s == "iso":
			style = "ISO"
		case s == "sql":
			style = "SQL"
		case s == "postgres" || s == "postgresql":
			style = "Postgres"
		case s == "german":
			style, order = "German", "DMY"
		case s == "ymd":
			order = "YMD"
		case s == "dmy" || strings.HasPrefix(s, "euro"):
			order = "DMY"
		case s == "mdy" || s == "us" || strings.HasPrefix(s, "noneuro"):
			order = "MDY"
		case s == "default":
		default:
			return "", invalid("DateStyle", v).WithDetail("Unrecognized key word: \"" + f + "\".")
		}
	}
	return style + ", " + order, nil
}

func checkTimeZone(v string) (string, error) {
	if _, err := Zone(v); err != nil {
		return "", err
	}
	return v, nil
}

// Zone resolves a TimeZone value: an IANA name, UTC/GMT, an offset in hours east (SET TIME ZONE -7) or a POSIX
// offset such as <+02>-02.
func Zone(v string) (*time.Location, error) {
	switch {
	case strings.EqualFold(v, "utc"), strings.EqualFold(v, "gmt"), strings.EqualFold(v, "etc/utc"), strings.EqualFold(v, "zulu"):
		return time.UTC, nil
	}
	if loc, err := time.LoadLocation(v); err == nil && v != "" && v != "Local" {
		return loc, nil
	}
	if loc := zoneByFold(v); loc != nil {
		return loc, nil
	}
	if secs, ok := posixOffset(v); ok {
		return time.FixedZone(v, secs), nil
	}
	return nil, invalid("TimeZone", v)
}

// zoneByFold tries the usual capitalisations of a zone name written in another case.
func zoneByFold(v string) *time.Location {
	title := func(s string) string {
		parts := strings.Split(strings.ToLower(s), "_")
		for i, p := range parts {
			if p != "" {
				parts[i] = strings.ToUpper(p[:1]) + p[1:]
			}
		}
		return strings.Join(parts, "_")
	}
	parts := strings.Split(v, "/")
	for i := range parts {
		parts[i] = title(parts[i])
	}
	for _, name := range []string{strings.Join(parts, "/"), strings.ToUpper(v)} {
		if loc, err := time.LoadLocation(name); err == nil && v != "" && !strings.EqualFold(v, "local") {
			return loc
		}
	}
	return nil
}

// posixOffset reads "-7", "+5.5", "7:30" (hours east, PostgreSQL's numeric form) and "<+02>-02", "ABC+3" (POSIX, hours
// west). The result is in seconds east.
func posixOffset(v string) (int, bool) {
	s, sign := v, 1
	if i := strings.IndexByte(s, '>'); strings.HasPrefix(s, "<") && i > 0 {
		s, sign = s[i+1:], -1
	} else {
		n := 0
		for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
			n++
		}
		if n >= 3 {
			s, sign = s[n:], -1
		} else if n > 0 {
			return 0, false
		}
	}
	if s == "" {
		return 0, false
	}
	switch s[0] {
	case '-':
		sign, s = -sign, s[1:]
	case '+':
		s = s[1:]
	}
	var secs, frac float64
	unit := 3600.0
	for _, part := range strings.Split(s, ":") {
		var n float64
		dot := false
		if part == "" {
			return 0, false
		}
		frac = 1
		for _, c := range part {
			switch {
			case c == '.' && !dot:
				dot = true
			case c >= '0' && c <= '9' && dot:
				frac /= 10
				n += float64(c-'0') * frac
			case c >= '0' && c <= '9':
				n = n*10 + float64(c-'0')
			default:
				return 0, false
			}
		}
		secs += n * unit
		unit /= 60
	}
	if secs > 168*3600 {
		return 0, false
	}
	return sign * int(secs), true
}

func checkEncoding(v string) (string, error) {
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

func checkIsolation(v string) (string, error) {
	if strings.EqualFold(v, "serializable") {
		return "", pgerr.Unsupported("isolation level SERIALIZABLE")
	}
	return v, nil
}
