package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hamba/avro/v2/ocf"
	"github.com/tarndb/tarn/sql/types"
)

// FuzzCSV: a record that is written with every field quoted reads back, and no text is more than an error.
func FuzzCSV(f *testing.F) {
	f.Add("a,b\n1,\"x\"\"y\"\n", ",", byte('"'), byte('\\'), true)
	f.Add("a;;b\r\n\"open\n", ";;", byte('\''), byte('\''), false)
	f.Fuzz(func(t *testing.T, text, sep string, quote, escape byte, multi bool) {
		o := &Options{Format: CSV, Sep: sep, Quote: quote, Escape: escape, MultiLine: multi, Infer: true}
		if sep == "" || strings.ContainsAny(sep, "\r\n") {
			return
		}
		src, err := newCSV(&lines{r: bufio.NewReader(strings.NewReader(text))}, o, nil)
		for err == nil {
			var rec record
			var ok bool
			if rec, ok, err = src.next(); !ok {
				break
			}
			for _, x := range rec.fields {
				o.shapeOf(x.value, true)
			}
		}
		if quote == 0 || quote >= 0x80 || strings.Contains(sep, "z") || strings.IndexByte(sep, quote) >= 0 || quote == '\n' || quote == '\r' || escape != quote && escape != 0 {
			return
		}
		q := string(rune(quote))
		text = strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
		line := q + strings.ReplaceAll(text, q, q+q) + q + sep + "z"
		cells, whole := src.split(nil, []byte(line))
		if !whole || len(cells) != 2 || string(cells[0].text) != text || string(cells[1].text) != "z" {
			t.Fatalf("%q reads as %v", line, cells)
		}
	})
}

// FuzzJSON: the members of an object are those that encoding/json finds.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a": 1, "b": [1, {"c": "}"}], "d": "\"\\"}`)
	f.Add(`[{"a":1}, {"a":null} ,3]`)
	f.Fuzz(func(t *testing.T, text string) {
		o := &Options{Format: JSON, Infer: true}
		j := &jsonLines{l: &lines{r: bufio.NewReader(strings.NewReader(text))}, o: o}
		for {
			if _, ok, err := j.next(); !ok || err != nil {
				break
			}
		}
		var want map[string]json.RawMessage
		b := bytes.TrimSpace([]byte(text))
		if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &want) != nil {
			return
		}
		got := j.object(b)
		if len(got) != len(want) {
			t.Fatalf("%s has %d members, not %d", text, len(got), len(want))
		}
		for _, m := range got {
			if _, ok := want[m.name]; !ok {
				t.Fatalf("%s has no member %q", text, m.name)
			}
			if !json.Valid(m.appendJSON(nil)) {
				t.Fatalf("%s: %q is %s", text, m.name, m.appendJSON(nil))
			}
		}
	})
}

// FuzzAvro: damage is an error.
func FuzzAvro(f *testing.F) {
	f.Add(avroFile(f, ocf.Null))
	f.Add(avroFile(f, ocf.Snappy))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		read(memory{"/a.avro": b}, nil, "/a.avro")
	})
}

// FuzzOptions: schemas and paths are names, types and errors.
func FuzzOptions(f *testing.F) {
	f.Add("a int, `b c` struct<x:int,y:array<string>>, \"d\"\"e\" decimal(1,2) not null comment 'x, y'", "/a/{b,c{d,e}}/*.csv", "dd/MM/yyyy'T'HH")
	f.Fuzz(func(_ *testing.T, schema, path, format string) {
		parseSchema(schema, func(string) (types.OID, int32, error) { return types.Text, -1, nil })
		if len(path) < 200 {
			expandBraces(path)
		}
		o, err := ParseOptions("/"+path, []Arg{{"timestampFormat", format}, {"modifiedAfter", format}})
		if err == nil && len(path) < 200 {
			find(context.Background(), memory{"/a/b/x.csv": nil}, o)
		}
	})
}
