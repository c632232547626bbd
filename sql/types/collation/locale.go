package collation

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Unsupported is the error of a locale or option that is not built.
type Unsupported struct{ What string }

func (e Unsupported) Error() string { return e.What + " is not supported" }

// Malformed is the error of a text that is no locale of ICU's.
type Malformed struct{ Locale string }

func (e Malformed) Error() string { return "could not open collator for locale \"" + e.Locale + "\"" }

// locale is what a locale of ICU's says about collation.
type locale struct {
	tag       language.Tag
	noAccents bool // case counts, accents do not
	caseFirst byte // 'u', 'l'; 0: as the tables have it
}

// oldKeys are the keywords of ICU's own form of locales, de@collation=phonebook.
var oldKeys = map[string]string{
	"collation": "co", "colstrength": "ks", "colcaselevel": "kc", "colnumeric": "kn", "colalternate": "ka", "colbackwards": "kb",
	"colcasefirst": "kf", "colreorder": "kr", "colnormalization": "kk", "colhiraganaquaternary": "kh",
}

var oldValues = map[string]string{
	"primary": "level1", "secondary": "level2", "tertiary": "level3", "quaternary": "level4", "quarternary": "level4", "identical": "identic",
	"yes": "true", "no": "false", "non-ignorable": "noignore", "phonebook": "phonebk", "dictionary": "dict", "gb2312han": "gb2312",
	"traditional": "trad", "off": "false",
}

func parseLocale(name string) (locale, error) {
	base, words, _ := strings.Cut(name, "@")
	if base == "" || base == "root" {
		base = "und"
	}
	tag, err := language.Raw.Parse(base)
	var unknown language.ValueError
	if err != nil && !errors.As(err, &unknown) {
		return locale{}, Malformed{name}
	}
	for _, w := range strings.Split(words, ";") {
		if w == "" {
			continue
		}
		k, v, ok := strings.Cut(strings.ToLower(w), "=")
		if !ok {
			return locale{}, Malformed{name}
		}
		key := oldKeys[k]
		if key == "" {
			continue // not about collation
		}
		if to := oldValues[v]; to != "" {
			v = to
		}
		if tag, err = tag.SetTypeForKey(key, v); err != nil {
			return locale{}, Malformed{name}
		}
	}
	return fromTag(tag)
}

// options are the values that keys may have: those that x/text reads, and those that change nothing.
var options = map[string][]string{
	"ks": {"level1", "level2", "level3", "level4", "identic"},
	"ka": {"noignore", "shifted"},
	"kb": {"true", "false"}, "kc": {"true", "false"}, "kk": {"true", "false"}, "kn": {"true", "false"},
	"kf": {"upper", "lower", "false"},
	"kh": {"false"},
}

func fromTag(tag language.Tag) (locale, error) {
	l := locale{tag: tag}
	for _, e := range tag.Extensions() {
		if e.Type() != 'u' {
			continue
		}
		for _, key := range []string{"ks", "ka", "kb", "kc", "kk", "kn", "kf", "kh", "kr", "kv", "vt"} {
			v, ok := value(tag, key)
			if ok && !slices.Contains(options[key], v) {
				return l, Unsupported{What: "collation option " + key + "-" + v}
			}
		}
	}
	if co := tag.TypeForKey("co"); co != "" && co != "standard" && !hasType(tag, co) {
		return l, Unsupported{What: "collation type \"" + co + "\" of locale \"" + tag.String() + "\""}
	}
	for _, key := range []string{"kn", "kc", "kb"} { // a key alone means true
		if v, ok := value(tag, key); ok && v == "true" && tag.TypeForKey(key) == "" {
			l.tag, _ = l.tag.SetTypeForKey(key, "true")
		}
	}
	ks := tag.TypeForKey("ks")
	if v, _ := value(tag, "kc"); v == "true" {
		l.noAccents = ks == "level1"
	}
	if v, _ := value(tag, "kf"); v == "upper" || v == "lower" {
		if ks == "" || ks > "level2" {
			l.caseFirst = v[0]
		}
	}
	return l, nil
}

// value is the value of a key of the u extension, "true" for one that stands alone.
func value(tag language.Tag, key string) (string, bool) {
	if v := tag.TypeForKey(key); v != "" {
		return v, true
	}
	for _, e := range tag.Extensions() {
		if e.Type() != 'u' {
			continue
		}
		for i, w := range e.Tokens() {
			if i > 0 && w == key {
				return "true", true
			}
		}
	}
	return "", false
}

// hasType reports whether x/text has tables for a type of the locale's language.
func hasType(tag language.Tag, co string) bool {
	base, _ := tag.Base()
	for _, t := range supported() {
		if b, _ := t.Base(); b == base && t.TypeForKey("co") == co {
			return true
		}
	}
	return false
}
