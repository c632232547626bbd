package pgwire

import (
	"fmt"
	"strings"
	"testing"
)

// Malformed bodies get PostgreSQL's words.
func TestDecodeErrors(t *testing.T) {
	bind := func(b []byte) error { return new(Bind).Decode(b) }
	parse := func(b []byte) error { return new(Parse).Decode(b) }
	exec := func(b []byte) error { _, _, err := DecodeExecute(b); return err }
	target := func(b []byte) error { _, _, err := DecodeTarget(b); return err }
	str := func(b []byte) error { _, err := DecodeString(b); return err }
	for _, c := range []struct {
		name   string
		decode func([]byte) error
		in     string
		want   string
	}{
		{"bind", bind, "\x00\x00\x00\x00\x00\x00\x00\x00", ""},
		{"bind empty", bind, "", "invalid string in message"},
		{"bind no formats", bind, "\x00\x00", "insufficient data left in message"},
		{"bind formats cut", bind, "\x00\x00\xff\xff\x00\x01", "insufficient data left in message"},
		{"bind parameter cut", bind, "\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05abc", "insufficient data left in message"},
		{"bind negative length", bind, "\x00\x00\x00\x00\x00\x01\xff\xff\xff\xfeabc", "insufficient data left in message"},
		{"bind formats mismatch", bind, "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00",
			"bind message has 2 parameter formats but 1 parameters"},
		{"bind trailing", bind, "\x00\x00\x00\x00\x00\x00\x00\x00x", "invalid message format"},
		{"parse", parse, "\x00select 1\x00\x00\x00", ""},
		{"parse unterminated", parse, "\x00select 1", "invalid string in message"},
		{"parse types cut", parse, "\x00\x00\x00\x02\x00\x00\x00\x17", "insufficient data left in message"},
		{"execute", exec, "\x00\x00\x00\x00\x00", ""},
		{"execute cut", exec, "\x00\x00\x00", "insufficient data left in message"},
		{"describe empty", target, "", "no data left in message"},
		{"describe", target, "S\x00", ""},
		{"query", str, "select 1\x00", ""},
		{"query unterminated", str, "select 1", "invalid string in message"},
		{"query trailing", str, "a\x00b", "invalid message format"},
		{"sync with body", DecodeEmpty, "x", "invalid message format"},
	} {
		got := ""
		if err := c.decode([]byte(c.in)); err != nil {
			got = strings.TrimSuffix(strings.TrimPrefix(err.Error(), "ERROR: "), " (SQLSTATE 08P01)")
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"plain":            "",
		"ü€😀":              "",
		"a\x00b":           "0x00",
		"\xff":             "0xff",
		"ok\xe2\x28\xa1":   "0xe2 0x28 0xa1",
		"\xc3":             "0xc3",
		"\xed\xa0\x80":     "0xed 0xa0 0x80",      // surrogate
		"\xf5\x80\x80\x80": "0xf5 0x80 0x80 0x80", // beyond U+10FFFF
	} {
		err := CheckUTF8([]byte(in))
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", in, err)
		case want != "":
			full := fmt.Sprintf(`ERROR: invalid byte sequence for encoding "UTF8": %s (SQLSTATE 22021)`, want)
			if err == nil || err.Error() != full {
				t.Errorf("%q: got %v, want %s", in, err, full)
			}
		}
	}
}

func TestStartup(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"\x00\x03\x00\x00user\x00u\x00\x00", "3.0 map[user:u] []"},
		{"\x00\x03\x00\x00user\x00a\x00user\x00b\x00\x00", "3.0 map[user:b] []"},
		{"\x00\x03\x00\x00\x00", "3.0 map[] []"},
		{"\x00\x03\x00\x02user\x00u\x00_pq_.a\x001\x00\x00", "3.2 map[user:u] [_pq_.a]"},
		{"\x00\x03\x00\x00user\x00u\x00", "FATAL: invalid startup packet layout: expected terminator as last byte (SQLSTATE 08P01)"},
		{"\x00\x03\x00\x00user\x00u", "FATAL: invalid startup packet layout: expected terminator as last byte (SQLSTATE 08P01)"},
		{"\x00\x03\x00\x00user\x00", "FATAL: invalid startup packet layout: expected terminator as last byte (SQLSTATE 08P01)"},
		{"\x00\x03\x00\x00user\x00u\x00\x00x", "FATAL: invalid startup packet layout: expected terminator as last byte (SQLSTATE 08P01)"},
		{"\x00\x02\x00\x00", "FATAL: unsupported frontend protocol 2.0: server supports 3.0 to 3.0 (SQLSTATE 0A000)"},
		{"GET / HTTP", "FATAL: unsupported frontend protocol 18245.21536: server supports 3.0 to 3.0 (SQLSTATE 0A000)"},
	} {
		s, err := DecodeStartup([]byte(c.in))
		got := fmt.Sprintf("3.%d %v %v", s.Minor, s.Params, s.Unknown)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
}
