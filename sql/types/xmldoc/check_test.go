package xmldoc

import (
	"strings"
	"testing"
)

func TestWellFormed(t *testing.T) {
	for _, c := range []struct {
		text              string
		document, content bool
	}{
		{"<a/>", true, true},
		{"<a>x<b c='1'/>&amp;</a>", true, true},
		{"<?xml version=\"1.0\"?>\n<!-- c --><?pi x?><a/>\n<!-- d -->", true, true},
		{"<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", true, true},
		{"<a>" + strings.Repeat("<b>", 200) + strings.Repeat("</b>", 200) + "</a>", true, true},
		{"", false, true},
		{"abc", false, true},
		{"<a/><b/>", false, true},
		{"a<b/>c", false, true},
		{"<a>", false, false},
		{"</a>", false, false},
		{"<a></b>", false, false},
		{"<a b='1' b='2'/>", false, false},
		{"<a>&nosuch;</a>", false, false},
		{"<a/><?xml version='1.0'?>", false, false},
		{"<a/><!DOCTYPE a>", false, false},
		{"<?xml version='1.0' standalone='y'?><a/>", false, false},
		{strings.Repeat("<a>", 300) + strings.Repeat("</a>", 300), false, false},
	} {
		if got := Document(c.text) == nil; got != c.document {
			t.Errorf("document %.60q: %v, %v", c.text, got, Document(c.text))
		}
		if got := Content(c.text) == nil; got != c.content {
			t.Errorf("content %.60q: %v, %v", c.text, got, Content(c.text))
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		ident string
		full  bool
		name  string
	}{{"a b", false, "a_x0020_b"}, {":one:", false, "_x003A_one:"}, {":one:", true, "_x003A_one_x003A_"}, {"xmlstuff", true, "_x0078_mlstuff"},
		{"xmlstuff", false, "xmlstuff"}, {"_x", false, "_x005F_x"}, {"1a", false, "_x0031_a"}, {"größe", true, "größe"}} {
		if got := Name(c.ident, c.full); got != c.name {
			t.Errorf("%q: %q, want %q", c.ident, got, c.name)
		}
		if got := Identifier(c.name); got != c.ident {
			t.Errorf("%q comes back as %q", c.ident, got)
		}
	}
}

// FuzzContent: no text makes the checker panic; a document is content too, and what is printed of a value is as well-formed as it.
func FuzzContent(f *testing.F) {
	for _, s := range []string{"<a/>", "x<a b=\"c\">&lt;</a>", "<?xml version=\"1.1\" standalone=\"no\"?><a/>", "<!DOCTYPE a><a/>", "<![CDATA[x]]>", "<?xml"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		content := Content(s)
		if Document(s) == nil && content != nil {
			t.Fatalf("%q is a document and no content: %v", s, content)
		}
		if content == nil {
			if out := string(AppendText(nil, s)); Content(out) != nil {
				t.Fatalf("%q is printed as %q: %v", s, out, Content(out))
			}
		}
	})
}
