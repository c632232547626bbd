package collation

import (
	"bytes"
	"strings"
	"sync"

	"golang.org/x/text/cases"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Providers, as in pg_collation.collprovider.
const (
	Default = 'd'
	ICU     = 'i'
	Libc    = 'c'
)

// Version names what decides the order of a provider's collations: x/text's tables and the form of the keys here. A key made under
// another version may stand at another place. "" for libc's: their order never changes.
func Version(provider byte) string {
	if provider == ICU {
		return collate.CLDRVersion + "." + keyForm
	}
	return ""
}

// keyForm counts the forms of keys that this package has had.
const keyForm = "1"

// Collator is a collation. It is safe for concurrent use.
type Collator struct {
	deterministic bool
	byBytes       bool
	ascii         bool // case of ASCII letters only
	locale        locale
	pool          sync.Pool // of *state
}

// state is what one goroutine needs: x/text's own are not shared.
type state struct {
	coll                *collate.Collator
	buf                 collate.Buffer
	lower, upper, title *cases.Caser
	key                 []byte
}

// key identifies a Collator.
type key struct {
	provider      byte
	locale        string
	deterministic bool
}

var (
	mu     sync.Mutex // protects shared
	shared = map[key]*Collator{}
)

// maxShared bounds the Collators that are kept for all sessions.
const maxShared = 4096

// Open returns the collation of a provider and its locale: ICU's locale, or libc's LC_CTYPE. Errors: Unsupported and Malformed.
func Open(provider byte, name string, deterministic bool) (*Collator, error) {
	k := key{provider, name, deterministic}
	mu.Lock()
	defer mu.Unlock()
	if c := shared[k]; c != nil {
		return c, nil
	}
	c := &Collator{deterministic: deterministic}
	if provider == ICU {
		var err error
		if c.locale, err = parseLocale(name); err != nil {
			return nil, err
		}
	} else {
		if !LibcLocale(name) {
			return nil, Unsupported{What: "locale \"" + name + "\" of provider libc"}
		}
		c.byBytes, c.ascii, c.deterministic = true, !strings.HasPrefix(name, "C."), true
	}
	if len(shared) < maxShared {
		shared[k] = c
	}
	return c, nil
}

// LibcLocale reports whether there is a locale of provider libc: those that order by bytes.
func LibcLocale(name string) bool {
	switch strings.ToLower(strings.ReplaceAll(name, "-", "")) {
	case "c", "posix", "c.utf8":
		return true
	}
	return false
}

// ByBytes reports whether text is in the order of its bytes.
func (c *Collator) ByBytes() bool { return c == nil || c.byBytes }

// Deterministic reports whether only equal bytes are equal.
func (c *Collator) Deterministic() bool { return c == nil || c.deterministic }

func (c *Collator) state() *state {
	if s, ok := c.pool.Get().(*state); ok {
		return s
	}
	return &state{coll: collate.New(c.locale.tag)}
}

// maxKept is the size of keys whose buffers are used again.
const maxKept = 64 << 10

func (c *Collator) release(s *state) {
	if cap(s.key) <= maxKept {
		c.pool.Put(s)
	}
}

// AppendKey appends the sort key of a text: keys compare as the texts do.
func (c *Collator) AppendKey(dst, text []byte) []byte {
	if c.byBytes {
		return append(dst, text...)
	}
	s := c.state()
	dst = c.appendKey(dst, s, text)
	c.release(s)
	return dst
}

func (c *Collator) appendKey(dst []byte, s *state, text []byte) []byte {
	in := text
	if c.locale.noAccents {
		in = withoutAccents(in)
	}
	s.buf.Reset()
	start := len(dst)
	dst = append(dst, s.coll.Key(&s.buf, in)...)
	if c.locale.caseFirst != 0 {
		c.locale.orderCase(dst[start:])
	}
	if c.deterministic {
		// Two zero bytes are below whatever goes on a longer key: a weight of two bytes is not zero, one of one byte neither.
		dst = append(dst, 0, 0)
		dst = append(dst, text...)
	}
	return dst
}

// withoutAccents drops combining marks. x/text keeps a mark's case weight where accents are to be ignored and case is not.
func withoutAccents(text []byte) []byte {
	nfd := norm.NFD.Bytes(text)
	out := nfd[:0]
	for len(nfd) > 0 {
		p := norm.NFD.Properties(nfd)
		n := max(1, p.Size())
		if p.CCC() == 0 {
			out = append(out, nfd[:n]...)
		}
		nfd = nfd[n:]
	}
	return out
}

// Compare orders two texts.
func (c *Collator) Compare(a, b []byte) int {
	if c.byBytes || c.deterministic && bytes.Equal(a, b) {
		return bytes.Compare(a, b)
	}
	s := c.state()
	s.key = c.appendKey(s.key[:0], s, a)
	n := len(s.key)
	s.key = c.appendKey(s.key, s, b)
	r := bytes.Compare(s.key[:n], s.key[n:])
	c.release(s)
	return r
}

// Equal reports whether two texts are equal.
func (c *Collator) Equal(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return !c.deterministic && c.Compare(a, b) == 0
}

// Fold is a change of case.
type Fold uint8

const (
	Lower Fold = iota
	Upper
	Title
)

// Case changes the case of a text; ok is false where the collation leaves that to its caller: all letters of Unicode, one by one.
func (c *Collator) Case(f Fold, text string) (string, bool) {
	switch {
	case c == nil:
		return "", false
	case c.byBytes:
		if !c.ascii {
			return "", false
		}
		return asciiCase(f, text), true
	}
	s := c.state()
	defer c.release(s)
	return s.caser(f, c.locale.tag).String(text), true
}

func (s *state) caser(f Fold, tag language.Tag) *cases.Caser {
	made := func(p **cases.Caser, make func(language.Tag, ...cases.Option) cases.Caser) *cases.Caser {
		if *p == nil {
			c := make(tag)
			*p = &c
		}
		return *p
	}
	switch f {
	case Lower:
		return made(&s.lower, cases.Lower)
	case Upper:
		return made(&s.upper, cases.Upper)
	}
	return made(&s.title, cases.Title)
}

func asciiCase(f Fold, text string) string {
	out, in := []byte(text), false
	for i, b := range out {
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		switch {
		case letter && (f == Upper || f == Title && !in):
			out[i] = b &^ 0x20
		case letter:
			out[i] = b | 0x20
		}
		in = letter || b >= '0' && b <= '9'
	}
	return string(out)
}
