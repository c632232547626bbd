package auth

import (
	"net"
	"strings"
	"testing"
)

func addr(s string) net.Addr {
	if s == "" {
		return &net.UnixAddr{Net: "unix"}
	}
	return &net.TCPAddr{IP: net.ParseIP(s), Port: 1}
}

func TestDefaultRules(t *testing.T) {
	rules := DefaultRules()
	for _, c := range []struct {
		from string
		tls  bool
		want Method
	}{
		{"", false, MethodTrust}, {"127.0.0.1", false, MethodTrust}, {"::1", true, MethodTrust},
		{"::ffff:127.0.0.1", false, MethodTrust}, {"10.0.0.1", true, MethodSCRAM}, {"10.0.0.1", false, MethodInvalid},
	} {
		if got := rules.Method(addr(c.from), c.tls, "u", "d"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if got := rules.WithoutTLS().Method(addr("10.0.0.1"), false, "u", "d"); got != MethodSCRAM {
		t.Error(got)
	}
	if len(DefaultRules()) != 3 {
		t.Error("WithoutTLS changed the defaults")
	}
}

func TestParseRules(t *testing.T) {
	rules, err := ParseRules(`
# TYPE  DATABASE  USER   ADDRESS            METHOD
local   all       all                       trust
host    sales,hr  ann    10.0.0.0/8         scram-sha-256
host    sameuser  all    192.168.1.0 255.255.255.0 trust   # own database only
hostnossl all     all    all                reject
hostssl all       all    ::/0               scram-sha-256
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from     string
		tls      bool
		user, db string
		want     Method
	}{
		{"", false, "x", "y", MethodTrust},
		{"10.1.2.3", false, "ann", "hr", MethodSCRAM},
		{"10.1.2.3", false, "ann", "other", MethodReject},
		{"192.168.1.9", false, "bob", "bob", MethodTrust},
		{"192.168.1.9", false, "bob", "other", MethodReject},
		{"2001:db8::1", true, "bob", "other", MethodSCRAM},
		{"11.1.2.3", true, "ann", "hr", MethodInvalid},
	} {
		if got := rules.Method(addr(c.from), c.tls, c.user, c.db); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for line, want := range map[string]string{
		"host all all trust":                     "not supported; use an address",
		"net all all 1.2.3.4/5 trust":            "invalid connection type",
		"local all all md5":                      `"md5" is not supported`,
		"host all +admins 0.0.0.0/0 trust":       `name "+admins"`,
		"host all all example.com trust":         "example.com",
		"local all all trust map=x":              "one authentication method",
		"host all all 1.2.3.4 255.0.255.0 trust": "invalid IP mask",
		"local all":                              "too few fields",
	} {
		if _, err := ParseRules(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
