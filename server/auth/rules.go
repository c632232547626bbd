package auth

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Method is what a host rule demands.
type Method uint8

const (
	MethodInvalid Method = iota
	MethodTrust
	MethodSCRAM
	MethodReject
)

func (m Method) String() string {
	switch m {
	case MethodTrust:
		return "trust"
	case MethodSCRAM:
		return "scram-sha-256"
	case MethodReject:
		return "reject"
	}
	return "invalid"
}

// Kind is how a client reached the server, as pg_hba names it.
type Kind uint8

const (
	KindInvalid   Kind = iota
	KindLocal          // unix socket
	KindHost           // TCP, with or without TLS
	KindHostSSL        // TCP with TLS
	KindHostNoSSL      // TCP without TLS
)

// Rule is one host rule. Empty Databases or Users match all. Nets is ignored for KindLocal; empty, it matches every
// address.
type Rule struct {
	Kind      Kind
	Databases []string
	Users     []string
	Nets      []netip.Prefix
	Method    Method
}

// Rules are tried in order.
type Rules []Rule

// DefaultRules trust unix sockets and loopback addresses and ask everybody else for SCRAM-SHA-256 over TLS.
func DefaultRules() Rules {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	return Rules{
		{Kind: KindLocal, Method: MethodTrust},
		{Kind: KindHost, Nets: loopback, Method: MethodTrust},
		{Kind: KindHostSSL, Method: MethodSCRAM},
	}
}

// WithoutTLS appends a rule that lets SCRAM-SHA-256 run over plain TCP: the password stays secret, the data does not.
func (rs Rules) WithoutTLS() Rules {
	return append(rs[:len(rs):len(rs)], Rule{Kind: KindHost, Method: MethodSCRAM})
}

// Method finds the rule for a connection; MethodInvalid when none matches.
func (rs Rules) Method(addr net.Addr, tls bool, user, database string) Method {
	ip, tcp := remoteIP(addr)
	for _, r := range rs {
		switch r.Kind {
		case KindLocal:
			if tcp {
				continue
			}
		case KindHost:
			if !tcp {
				continue
			}
		case KindHostSSL:
			if !tcp || !tls {
				continue
			}
		case KindHostNoSSL:
			if !tcp || tls {
				continue
			}
		default:
			continue
		}
		if tcp && !contains(r.Nets, ip) || !nameMatches(r.Databases, database, user) || !nameMatches(r.Users, user, "") {
			continue
		}
		return r.Method
	}
	return MethodInvalid
}

// remoteIP tells TCP peers from unix-socket peers (and in-process pipes, which count as local).
func remoteIP(addr net.Addr) (netip.Addr, bool) {
	if t, ok := addr.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap(), true
	}
	return netip.Addr{}, false
}

func contains(nets []netip.Prefix, ip netip.Addr) bool {
	for _, n := range nets {
		if n.Contains(ip.WithZone("")) {
			return true
		}
	}
	return len(nets) == 0
}

func nameMatches(list []string, name, sameuser string) bool {
	for _, w := range list {
		if w == name || w == "all" || w == "sameuser" && sameuser != "" && sameuser == name {
			return true
		}
	}
	return len(list) == 0
}

// ParseRules reads pg_hba.conf lines: "local DATABASE USER METHOD" and "host|hostssl|hostnossl DATABASE USER
// ADDRESS METHOD", '#' comments, comma lists, address as CIDR, "all" or an address with a separate mask. Role
// membership (+name), host names, regular expressions and methods other than trust, reject and scram-sha-256 are
// errors: a rule that was not understood must not be skipped.
func ParseRules(text string) (Rules, error) {
	var rs Rules
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		r, err := parseRule(f)
		if err != nil {
			return nil, fmt.Errorf("host rules, line %d: %w", i+1, err)
		}
		rs = append(rs, r)
	}
	return rs, nil
}

func parseRule(f []string) (Rule, error) {
	var r Rule
	switch f[0] {
	case "local":
		r.Kind = KindLocal
	case "host":
		r.Kind = KindHost
	case "hostssl":
		r.Kind = KindHostSSL
	case "hostnossl":
		r.Kind = KindHostNoSSL
	default:
		return r, fmt.Errorf("invalid connection type %q", f[0])
	}
	if len(f) < 4 {
		return r, fmt.Errorf("too few fields")
	}
	var err error
	if r.Databases, err = parseNames(f[1]); err != nil {
		return r, err
	}
	if r.Users, err = parseNames(f[2]); err != nil {
		return r, err
	}
	rest := f[3:]
	if r.Kind != KindLocal {
		if rest, err = r.parseAddress(rest); err != nil {
			return r, err
		}
	}
	if len(rest) != 1 {
		return r, fmt.Errorf("expected one authentication method without options")
	}
	switch rest[0] {
	case "trust":
		r.Method = MethodTrust
	case "scram-sha-256":
		r.Method = MethodSCRAM
	case "reject":
		r.Method = MethodReject
	default:
		return r, fmt.Errorf("authentication method %q is not supported; use trust, scram-sha-256 or reject", rest[0])
	}
	return r, nil
}

func parseNames(s string) ([]string, error) {
	names := strings.Split(s, ",")
	for i, n := range names {
		if strings.ContainsAny(n[:min(1, len(n))], "+/@") || n == "" || n == "samerole" || n == "replication" {
			return nil, fmt.Errorf("name %q is not supported", n)
		}
		names[i] = strings.Trim(n, `"`)
	}
	return names, nil
}

func (r *Rule) parseAddress(f []string) ([]string, error) {
	if f[0] == "all" {
		return f[1:], nil
	}
	if p, err := netip.ParsePrefix(f[0]); err == nil {
		r.Nets = []netip.Prefix{p.Masked()}
		return f[1:], nil
	}
	ip, err := netip.ParseAddr(f[0])
	if err != nil || len(f) < 2 {
		return nil, fmt.Errorf("address %q is not supported; use an address with a prefix length, or all", f[0])
	}
	mask := net.ParseIP(f[1])
	if v4 := mask.To4(); v4 != nil && ip.Is4() {
		mask = v4
	}
	ones, bits := net.IPMask(mask).Size()
	if bits != ip.BitLen() {
		return nil, fmt.Errorf("invalid IP mask %q", f[1])
	}
	r.Nets = []netip.Prefix{netip.PrefixFrom(ip, ones).Masked()}
	return f[2:], nil
}
