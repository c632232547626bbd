package privilege

import (
	"fmt"
	"strings"
)

// ACL is an object's access control list. It is immutable.
type ACL []Grant

// Grant is one aclitem: what Grantor has given to Grantee. Options are privileges with grant option, a part of Privs.
type Grant struct {
	Grantee OID
	Grantor OID
	Privs   Set
	Options Set `json:",omitempty"`
}

// Change is one grantee's part of GRANT or REVOKE.
type Change struct {
	Grantee, Grantor OID
	Privs            Set
	// Option: GRANT … WITH GRANT OPTION, or REVOKE GRANT OPTION FOR.
	Option  bool
	Revoke  bool
	Cascade bool // of a REVOKE: what the grantee has passed on goes, too
}

// ErrDependent: a privilege that is to be revoked has been passed on.
var ErrDependent = fmt.Errorf("dependent privileges exist")

// ErrCircular: a grant option would come back to whom gave it.
var ErrCircular = fmt.Errorf("grant options cannot be granted back to your own grantor")

// Apply returns the list after the change (aclupdate). Errors: ErrDependent, ErrCircular.
func (a ACL) Apply(c Change, owner OID) (ACL, error) {
	if c.Option && !c.Revoke && c.Grantee != Public {
		if err := a.checkCircular(c, owner); err != nil {
			return nil, err
		}
	}
	out := append(make(ACL, 0, len(a)+1), a...)
	at := -1
	for i := range out {
		if out[i].Grantee == c.Grantee && out[i].Grantor == c.Grantor {
			at = i
		}
	}
	if at < 0 {
		at = len(out)
		out = append(out, Grant{Grantee: c.Grantee, Grantor: c.Grantor})
	}
	g := &out[at]
	old := g.Options
	switch {
	case !c.Revoke:
		g.Privs |= c.Privs
		if c.Option {
			g.Options |= c.Privs
		}
	case c.Option:
		g.Options &^= c.Privs
	default:
		g.Privs &^= c.Privs
		g.Options &^= c.Privs
	}
	lost := old &^ g.Options
	if g.Privs == 0 {
		out = append(out[:at], out[at+1:]...)
	}
	if lost != 0 && c.Grantee != owner {
		return out.recursiveRevoke(c.Grantee, lost, owner, c.Cascade)
	}
	return out, nil
}

// checkCircular refuses a grant option that its grantor would have from the grantee alone: without the grantee's grants, the grantor
// must still hold the option (check_circularity).
func (a ACL) checkCircular(c Change, owner OID) error {
	if c.Grantor == owner {
		return nil
	}
	rest := append(ACL(nil), a...)
	for again := true; again; {
		again = false
		for _, g := range rest {
			if g.Grantee == c.Grantee && g.Options != 0 {
				next, err := rest.Apply(Change{Grantee: g.Grantee, Grantor: g.Grantor, Privs: g.Options, Option: true, Revoke: true, Cascade: true}, owner)
				if err != nil {
					return err
				}
				rest, again = next, true
				break
			}
		}
	}
	have := Set(0)
	for _, g := range rest {
		if g.Grantee == c.Grantor {
			have |= g.Options
		}
	}
	if c.Privs&^have != 0 {
		return ErrCircular
	}
	return nil
}

// recursiveRevoke takes back what grantee has passed on of privileges that it may no longer pass on.
func (a ACL) recursiveRevoke(grantee OID, lost Set, owner OID, cascade bool) (ACL, error) {
	still := Set(0)
	for _, g := range a {
		if g.Grantee == grantee {
			still |= g.Options
		}
	}
	lost &^= still
	for again := lost != 0; again; {
		again = false
		for _, g := range a {
			if g.Grantor != grantee || g.Privs&lost == 0 {
				continue
			}
			if !cascade {
				return nil, ErrDependent
			}
			next, err := a.Apply(Change{Grantee: g.Grantee, Grantor: grantee, Privs: lost, Revoke: true, Cascade: true}, owner)
			if err != nil {
				return nil, err
			}
			a, again = next, true
			break
		}
	}
	return a, nil
}

// Mask is the part of want that role has: by itself, through roles whose privileges it has, through PUBLIC, or as the owner
// (aclmask). The owner's grant options go without saying: options asks for them.
func (a ACL) Mask(roles *Roles, role, owner OID, want Set, options bool) Set {
	if want == 0 {
		return 0
	}
	if options && roles.HasPrivsOf(role, owner) {
		return want
	}
	have := Set(0)
	for _, g := range a {
		p := g.Privs
		if options {
			p = g.Options
		}
		if p &= want &^ have; p != 0 && (g.Grantee == Public || g.Grantee == role || roles.HasPrivsOf(role, g.Grantee)) {
			have |= p
		}
	}
	return have
}

// Grantor is the role in whose name role's GRANT is recorded and the grant options that it has of want (select_best_grantor).
func (a ACL) Grantor(roles *Roles, role, owner OID, want Set) (OID, Set) {
	if roles.HasPrivsOf(role, owner) {
		return owner, want
	}
	best, bestOptions := role, Set(0)
	for _, m := range roles.Actors(role) {
		have := Set(0)
		for _, g := range a {
			if g.Grantee == m || g.Grantee == Public {
				have |= g.Options & want
			}
		}
		if have == want {
			return m, have
		}
		if count(have) > count(bestOptions) {
			best, bestOptions = m, have
		}
	}
	return best, bestOptions
}

func count(s Set) (n int) {
	s.Each(func(Set) { n++ })
	return n
}

// NewOwner rewrites the list for ALTER … OWNER TO (aclnewowner): the old owner's grants become the new one's.
func (a ACL) NewOwner(old, owner OID) ACL {
	if a == nil {
		return nil
	}
	out := ACL{}
	for _, g := range a {
		if g.Grantee == old {
			g.Grantee = owner
		}
		if g.Grantor == old {
			g.Grantor = owner
		}
		merged := false
		for i := range out {
			if out[i].Grantee == g.Grantee && out[i].Grantor == g.Grantor {
				out[i].Privs |= g.Privs
				out[i].Options |= g.Options
				merged = true
			}
		}
		if !merged {
			out = append(out, g)
		}
	}
	return out
}

// Without removes everything that role has been granted or has granted (DROP OWNED).
func (a ACL) Without(role, owner OID) ACL {
	if a == nil || role == owner {
		return a
	}
	out := ACL{}
	for _, g := range a {
		if g.Grantee != role && g.Grantor != role {
			out = append(out, g)
		}
	}
	return out
}

// Mentions reports whether role appears in the list.
func (a ACL) Mentions(role OID) bool {
	for _, g := range a {
		if g.Grantee == role || g.Grantor == role {
			return true
		}
	}
	return false
}

// Equal compares as sets.
func (a ACL) Equal(b ACL) bool {
	if len(a) != len(b) || (a == nil) != (b == nil) {
		return false
	}
	for _, g := range a {
		found := false
		for _, h := range b {
			found = found || g == h
		}
		if !found {
			return false
		}
	}
	return true
}

// Text prints a grant as aclitem does; name prints a role (its OID where it is gone).
func (g Grant) Text(name func(OID) string) string {
	s := ""
	if g.Grantee != Public {
		s = quoteRole(name(g.Grantee))
	}
	return s + "=" + privLetters(g.Privs, g.Options) + "/" + quoteRole(name(g.Grantor))
}

// quoteRole is putid: quoted unless it holds nothing but letters, digits and underscores.
func quoteRole(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c < 0x80 {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
	}
	return s
}

// Parse reads an aclitem's text (aclparse). grantor is false where the text names none. The messages of its errors are PostgreSQL's.
func Parse(s string, role func(name string) (OID, error)) (g Grant, grantor bool, err error) {
	name, rest := roleName(s)
	if word := strings.TrimSpace(name); !strings.HasPrefix(rest, "=") {
		if word != "group" && word != "user" {
			return g, false, fmt.Errorf("unrecognized key word: \"%s\"", word)
		}
		if name, rest = roleName(rest); name == "" {
			return g, false, fmt.Errorf("missing name")
		}
	}
	if !strings.HasPrefix(rest, "=") {
		return g, false, fmt.Errorf("missing \"=\" sign")
	}
	rest = rest[1:]
	for last := Set(0); rest != "" && rest[0] != '/' && !isBlank(rest[0]); rest = rest[1:] {
		if rest[0] == '*' {
			g.Options |= last
			continue
		}
		i := strings.IndexByte(letters, rest[0])
		if i < 0 {
			return g, false, fmt.Errorf("invalid mode character: must be one of \"%s\"", letters)
		}
		last = 1 << i
		g.Privs |= last
	}
	if name != "" {
		if g.Grantee, err = role(name); err != nil {
			return g, false, err
		}
	}
	if strings.HasPrefix(rest, "/") {
		if name, rest = roleName(rest[1:]); name == "" {
			return g, false, fmt.Errorf("a name must follow the \"/\" sign")
		}
		if g.Grantor, err = role(name); err != nil {
			return g, false, err
		}
		grantor = true
	}
	if strings.TrimSpace(rest) != "" {
		return g, false, fmt.Errorf("extra garbage at the end of the ACL specification")
	}
	return g, grantor, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// roleName is getid: a possibly quoted name.
func roleName(s string) (name, rest string) {
	s = strings.TrimLeft(s, " \t\n")
	var b strings.Builder
	quoted := false
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			if quoted && i+1 < len(s) && s[i+1] == '"' {
				b.WriteByte(c)
				i++
				continue
			}
			quoted = !quoted
			continue
		}
		if !quoted && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c < 0x80 {
			break
		}
		b.WriteByte(c)
	}
	return b.String(), strings.TrimLeft(s[i:], " \t\n")
}

// Merge adds another list's grants.
func (a ACL) Merge(b ACL) ACL {
	out := append(ACL{}, a...)
next:
	for _, g := range b {
		for i := range out {
			if out[i].Grantee == g.Grantee && out[i].Grantor == g.Grantor {
				out[i].Privs |= g.Privs
				out[i].Options |= g.Options
				continue next
			}
		}
		out = append(out, g)
	}
	return out
}
