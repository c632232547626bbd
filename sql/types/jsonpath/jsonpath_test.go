package jsonpath

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

// testNumbers keeps constants as float8, which is enough to parse and print.
type testNumbers struct{}

func (testNumbers) Parse(s string) (tuple.Value, string, error) {
	f, err := strconv.ParseFloat(s, 64)
	return tuple.Float(f), s, err
}

func (testNumbers) Neg(v tuple.Value) (tuple.Value, string) {
	return tuple.Float(-v.Float()), strconv.FormatFloat(-v.Float(), 'g', -1, 64)
}

func quote(dst []byte, s string) []byte { return strconv.AppendQuote(dst, s) }

func show(s string) string {
	p, err := Parse(s, testNumbers{})
	if err != nil {
		return pgerr.From(err).Message
	}
	return string(p.Append(nil, quote))
}

// What PostgreSQL 15 prints of a path, or says against it.
func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"lax $.a.*[*]":                           `$."a".*[*]`,
		"strict $[1, 2 to last]":                 `strict $[1,2 to last]`,
		"$.**{2 to 5}.b":                         `$.**{2 to 5}."b"`,
		"$--+1":                                  `($ - -1)`,
		"1 + ($.a.b > 2).c":                      `(1 + ($."a"."b" > 2)."c")`,
		"$ ? ((@.x > 1 || @.y == 2) is unknown)": `$?((@."x" > 1 || @."y" == 2) is unknown)`,
		"$ ? (!(@ == 1) && exists(@.c))":         `$?(!(@ == 1) && exists (@."c"))`,
		`$ ? (@ like_regex "a" flag "mi")`:       `$?(@ like_regex "a" flag "im")`,
		`$x.datetime("yyyy")`:                    `$"x".datetime("yyyy")`,
		`$.type().type`:                          `$.type()."type"`,
		`$ . \u0061\x62`:                         `$."ab"`,
		"":                                       `invalid input syntax for type jsonpath: ""`,
		"1a":                                     `trailing junk after numeric literal at or near "1a" of jsonpath input`,
		"@":                                      `@ is not allowed in root expressions`,
		"last":                                   `LAST is allowed only in array subscripts`,
		"$ +":                                    `syntax error at end of jsonpath input`,
		"($ > 1) + 2":                            `syntax error at or near "+" of jsonpath input`,
		"$ ? (1)":                                `syntax error at or near ")" of jsonpath input`,
		`"\u12"`:                                 `invalid unicode sequence at or near "\u12" of jsonpath input`,
		"$.a /* */.b":                            `$."a"."b"`,
	} {
		if got := show(in); got != want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", in, got, want)
		}
	}
}

// Deep nesting is an error, not a stack overflow.
func TestDepth(t *testing.T) {
	for _, s := range []string{strings.Repeat("(", 100000) + "$", strings.Repeat("-", 100000) + "$", strings.Repeat("$[", 100000), strings.Repeat("$?(@", 50000)} {
		if _, err := Parse(s, testNumbers{}); err == nil {
			t.Errorf("%.10s… is a path", s)
		}
	}
}

// A path that parses prints to one that parses and prints the same; errors carry a SQLSTATE; nothing takes long.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"$", "strict $.a[*] ? (@.b > 1 && !(@ starts with \"x\")).size()", "-$.**{1 to last}[0, 1 to last - 1]", `$"v" like_regex "(a)" flag "iq"`, "1.5e3.type()", `"\ud83d\ude04\x41"`, "exists($.a) is unknown", "/* c */ $ . a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		start := time.Now()
		p, err := Parse(s, testNumbers{})
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("took %v", d)
		}
		if err != nil {
			if pgerr.Code(err) == "" {
				t.Fatalf("no SQLSTATE: %v", err)
			}
			return
		}
		once := string(p.Append(nil, quote))
		if strings.ContainsAny(once, "\\") { // Go's quoting is not JSON's
			return
		}
		again, err := Parse(once, testNumbers{})
		if err != nil {
			t.Fatalf("%q prints as %q: %v", s, once, err)
		}
		if twice := string(again.Append(nil, quote)); twice != once {
			t.Fatalf("%q prints as %q, then %q", s, once, twice)
		}
	})
}
