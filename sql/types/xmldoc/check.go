package xmldoc

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// maxDepth is how deep elements may be nested, as in libxml.
const maxDepth = 256

// Malformed says why a text is not well-formed; Declaration: its XML declaration is not.
type Malformed struct {
	Line        int
	Why         string
	Declaration bool
}

func (e *Malformed) Error() string {
	if e.Declaration {
		return e.Why
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Why)
}

var entityDecl = regexp.MustCompile(`<!ENTITY\s+([^\s%]\S*)\s`)

// checker walks over one text.
type checker struct {
	d       *xml.Decoder
	text    string // behind the declaration
	lines   int    // before it
	open    []string
	roots   int
	doctype bool
}

// Document reports why s is no well-formed document: one element, with comments and processing instructions around it. nil: it is one.
// The error is a *Malformed.
func Document(s string) error {
	if err := check(s, true); err != nil {
		return err
	}
	return nil
}

// Content reports why s is no well-formed content: elements and text in any order, or a document with DOCTYPE.
func Content(s string) error {
	_, rest, err := ParseDecl(s)
	if err != nil {
		return err
	}
	if err := check(s, startsWithDoctype(rest)); err != nil {
		return err
	}
	return nil
}

// startsWithDoctype: a DOCTYPE comes before everything but comments and processing instructions.
func startsWithDoctype(s string) bool {
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		var end string
		switch {
		case strings.HasPrefix(s, "<!DOCTYPE"):
			return true
		case strings.HasPrefix(s, "<!--"):
			end = "-->"
		case strings.HasPrefix(s, "<?"):
			end = "?>"
		default:
			return false
		}
		i := strings.Index(s, end)
		if i < 0 {
			return false
		}
		s = s[i+len(end):]
	}
}

func check(s string, document bool) *Malformed {
	_, rest, err := ParseDecl(s)
	if err != nil {
		return &Malformed{Line: 1, Why: err.Error()}
	}
	c := &checker{text: rest, lines: strings.Count(s[:len(s)-len(rest)], "\n")}
	c.d = xml.NewDecoder(strings.NewReader(rest))
	c.d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	c.d.Entity = map[string]string{}
	for {
		tok, err := c.d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			why := err.Error()
			if se := (*xml.SyntaxError)(nil); errors.As(err, &se) {
				why = se.Msg
			}
			return c.bad(why)
		}
		if why := c.token(tok, document); why != "" {
			return c.bad(why)
		}
	}
	switch {
	case len(c.open) > 0:
		return c.bad("Premature end of data in tag " + c.open[len(c.open)-1])
	case document && c.roots == 0:
		return c.bad("Start tag expected, '<' not found")
	}
	return nil
}

func (c *checker) bad(why string) *Malformed {
	line, _ := c.d.InputPos()
	return &Malformed{Line: line + c.lines, Why: why}
}

func name(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// token takes one token; the result says what is wrong with it.
func (c *checker) token(tok xml.Token, document bool) string {
	outside := document && len(c.open) == 0
	switch t := tok.(type) {
	case xml.StartElement:
		if outside && c.roots > 0 {
			return "Extra content at the end of the document"
		}
		if len(c.open) == 0 {
			c.roots++
		}
		seen := map[string]bool{}
		for _, a := range t.Attr {
			if n := name(a.Name); seen[n] {
				return "Attribute " + n + " redefined"
			} else {
				seen[n] = true
			}
		}
		if c.open = append(c.open, name(t.Name)); len(c.open) > maxDepth {
			return fmt.Sprintf("Excessive depth in document: %d", maxDepth)
		}
	case xml.EndElement:
		n := name(t.Name)
		if len(c.open) == 0 {
			return "chunk is not well balanced"
		}
		if have := c.open[len(c.open)-1]; have != n {
			return "Opening and ending tag mismatch: " + have + " and " + n
		}
		c.open = c.open[:len(c.open)-1]
	case xml.CharData:
		if outside && strings.Trim(string(t), " \t\r\n") != "" {
			if c.roots > 0 {
				return "Extra content at the end of the document"
			}
			return "Start tag expected, '<' not found"
		}
	case xml.ProcInst:
		if strings.EqualFold(t.Target, "xml") {
			return "XML declaration allowed only at the start of the document"
		}
	case xml.Directive:
		if !document || !strings.HasPrefix(string(t), "DOCTYPE") || c.doctype || c.roots > 0 {
			return "StartTag: invalid element name"
		}
		c.doctype = true
		for _, m := range entityDecl.FindAllStringSubmatch(string(t), -1) {
			c.d.Entity[m[1]] = ""
		}
	}
	return ""
}
