package auth

import (
	"encoding/base64"
	"strings"
	"testing"
)

// The example of RFC 7677 section 3.
func TestRFC7677(t *testing.T) {
	salt, _ := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	secret, err := makeVerifier("pencil", salt, 4096)
	if err != nil {
		t.Fatal(err)
	}
	x, err := NewExchange(MechSCRAM, secret, Secret{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := x.first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
	if err != nil {
		t.Fatal(err)
	}
	if want := "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"; string(first) != want {
		t.Errorf("server-first %s", first)
	}
	final, ok, err := x.Final([]byte("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if want := "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="; string(final) != want {
		t.Errorf("server-final %s", final)
	}
}

func TestVerifier(t *testing.T) {
	s, err := MakeVerifier("pässword")
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseVerifier(s.String())
	if err != nil || back.String() != s.String() {
		t.Errorf("%s became %s, %v", s, back, err)
	}
	again, _ := MakeVerifier("pässword")
	if again.String() == s.String() {
		t.Error("the salt is not fresh")
	}
	for _, bad := range []string{"", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:AAAA$AAAA:AAAA",
		strings.Replace(s.String(), ":", "", 1), s.String() + "A", "SCRAM-SHA-256$4096:!$a:b"} {
		if IsVerifier(bad) {
			t.Errorf("%q is taken for a verifier", bad)
		}
	}
}

// A user that does not exist sees a stable salt, and no proof helps.
func TestMockExchange(t *testing.T) {
	mock := MockSecret([]byte("nonce"), "nobody")
	if again := MockSecret([]byte("nonce"), "nobody"); again.String() != mock.String() {
		t.Error("the salt changes")
	}
	if other := MockSecret([]byte("nonce"), "somebody"); other.String() == mock.String() {
		t.Error("two users share a salt")
	}
	x, _ := NewExchange(MechSCRAM, Secret{}, mock, nil)
	first, err := x.first("n,,n=,r=abc", "def")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(first), ",s="+base64.StdEncoding.EncodeToString(mock.Salt)+",i=4096") {
		t.Errorf("server-first %s", first)
	}
	_, ok, err := x.Final([]byte("c=biws,r=abcdef,p=" + base64.StdEncoding.EncodeToString(make([]byte, 32))))
	if ok || err != nil {
		t.Error(ok, err)
	}
}

func TestMalformedExchange(t *testing.T) {
	mock := MockSecret([]byte("n"), "u")
	bind := []byte("certificate hash")
	for _, c := range []struct {
		mech    string
		binding []byte
		msg     string
		want    string
	}{
		{"SCRAM-SHA-1", nil, "", "client selected an invalid SASL authentication mechanism (SQLSTATE 08P01)"},
		{MechSCRAMPlus, nil, "", "client selected an invalid SASL authentication mechanism (SQLSTATE 08P01)"},
		{MechSCRAM, nil, "", "malformed SCRAM message"},
		{MechSCRAM, nil, "x,,n=,r=a", "Unexpected channel-binding flag."},
		{MechSCRAM, nil, "n,a=other,n=,r=a", "client uses authorization identity, but it is not supported (SQLSTATE 0A000)"},
		{MechSCRAM, nil, "n,,m=x,n=,r=a", "client requires an unsupported SCRAM extension (SQLSTATE 0A000)"},
		{MechSCRAM, nil, "n,,n=", "Expected attribute \"n\"."},
		{MechSCRAM, nil, "n,,n=,x=a", "Expected attribute \"r\"."},
		{MechSCRAM, nil, "n,,n=,r=a\x7f", "non-printable characters in SCRAM nonce (SQLSTATE 08P01)"},
		{MechSCRAM, bind, "y,,n=,r=a", "SCRAM channel binding negotiation error (SQLSTATE 28000)"},
		{MechSCRAM, bind, "p=tls-server-end-point,,n=,r=a", "without channel binding"},
		{MechSCRAMPlus, bind, "n,,n=,r=a", "does not include channel binding data"},
		{MechSCRAMPlus, bind, "p=tls-unique,,n=,r=a", `unsupported SCRAM channel-binding type "tls-unique" (SQLSTATE 08P01)`},
	} {
		x, err := NewExchange(c.mech, Secret{}, mock, c.binding)
		if err == nil {
			_, err = x.First([]byte(c.msg))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: got %v, want %s", c.mech, c.msg, err, c.want)
		}
	}
	for _, c := range []struct{ msg, want string }{
		{"", `Expected attribute "p"`},
		{"c=biws,r=ab,p=!!", "Malformed proof"},
		{"c=biws,r=ab,p=AAAA", "Malformed proof"},
		{"c=AAAA,r=ab,p=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "unexpected SCRAM channel-binding attribute"},
		{"c=biws,r=aX,p=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "Nonce does not match"},
		{"r=ab,p=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "Expected attributes"},
	} {
		x, _ := NewExchange(MechSCRAM, Secret{}, mock, nil)
		if _, err := x.first("n,,n=,r=a", "b"); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := x.Final([]byte(c.msg)); ok || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.msg, err, c.want)
		}
	}
}

// The examples of RFC 4013 section 3, and what PostgreSQL does where they prohibit.
func TestSASLprep(t *testing.T) {
	for in, want := range map[string]string{
		"I\u00adX":     "IX",
		"user":         "user",
		"USER":         "USER",
		"\u00aa":       "a",
		"\u2168":       "IX",
		"a\u00a0b":     "a b",
		"\u0007":       "\u0007",       // prohibited: as it is
		"\u06271":      "\u06271",      // fails the bidirectional rule: as it is
		"\u0627\u0628": "\u0627\u0628", // all right to left
		"\xff\xfe":     "\xff\xfe",     // not UTF-8: as it is
		"\u00ad":       "\u00ad",       // nothing left: as it is
		"e\u0301":      "\u00e9",
	} {
		if got := saslprep(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
