package hstore

import (
	"bytes"
	"cmp"
	"testing"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/storage/tuple"
)

func parse(t *testing.T, s string) tuple.Value {
	t.Helper()
	d, err := ParseText(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

// Texts and what is printed for them, as PostgreSQL 15 answers.
func TestText(t *testing.T) {
	for in, want := range map[string]string{
		``: ``, `  `: ``, `a=>1`: `"a"=>"1"`, `a=>1,`: `"a"=>"1"`, `bb=>1, a=>2`: `"a"=>"2", "bb"=>"1"`, `a=>1,a=>2`: `"a"=>"1"`,
		`a=>NULL`: `"a"=>NULL`, `a=>"null"`: `"a"=>"null"`, `a=>\null`: `"a"=>NULL`, `a=>,`: `"a"=>","`, `a,b=>c`: `"a,b"=>"c"`,
		`"a\"b"=>"c\\d"`: `"a\"b"=>"c\\d"`, `a =>  b =`: `error: Syntax error near "=" at position 8`, `=>1`: `error: Syntax error near "=" at position 0`,
		`a`: `error: Unexpected end of string`, `a=`: `error: Unexpected end of string`, `a=>`: `error: Unexpected end of string`, `"a`: `error: Unexpected end of string`,
		`a=é`: `error: Syntax error near "é" at position 2`, `a=>b=c`: `"a"=>"b=c"`,
	} {
		d, err := ParseText(in)
		got := ""
		if err != nil {
			got = "error: " + pgerr.From(err).Message
		} else {
			got = string(AppendText(nil, d))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// The order of the bytes is the order of hstore_cmp: the texts of all pairs in one, then their number, then where they end.
func TestOrder(t *testing.T) {
	ordered := []string{``, `""=>""`, `""=>NULL`, `a=>""`, `a=>NULL`, `a=>b`, `ab=>""`, `a=>"",b=>""`, `a=>bc`, `b=>1`}
	for i := range ordered {
		for j := range ordered {
			if c := bytes.Compare(parse(t, ordered[i]).Bytes(), parse(t, ordered[j]).Bytes()); c != cmp.Compare(i, j) {
				t.Errorf("%s and %s compare as %d", ordered[i], ordered[j], c)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{``, `a=>1`, `"a"=>"\"", b=>NULL`, `a=>1,a=>2`, `\`, `a=>`, "é=>ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseText(s)
		if err != nil {
			return
		}
		text := string(AppendText(nil, d))
		again, err := ParseText(text)
		if err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
			t.Fatalf("%q prints %q, which reads as %v", s, text, err)
		}
		back, err := ParseBinary(AppendBinary(nil, d))
		if err != nil || !bytes.Equal(back.Bytes(), d.Bytes()) {
			t.Fatalf("%q in binary: %v", s, err)
		}
	})
}

func FuzzBinary(f *testing.F) {
	for _, s := range []string{``, `a=>1`, `a=>NULL,bb=>""`} {
		d, err := ParseText(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(AppendBinary(nil, d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseBinary(b)
		if err != nil {
			return
		}
		again, err := ParseBinary(AppendBinary(nil, d))
		if err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
			t.Fatal(err)
		}
	})
}
