package jsondoc

import (
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

// What a look-up finds in the text is what stands in the tree.
func TestLookUps(t *testing.T) {
	for _, s := range []string{`{}`, `[]`, `1.50`, `"a\"b"`, `null`, `{"a":[1,{"b":null}],"bb":"q\u00e9\"","x\"y":1,"é":"]},"}`, `["a","},{",[],{"k":[1,2]}]`} {
		d, err := ParseJSONB(s)
		if err != nil {
			t.Fatal(err)
		}
		n := NodeOf(d)
		if KindOf(d) != n.Kind {
			t.Errorf("%s is of kind %d, not %d", s, KindOf(d), n.Kind)
		}
		i := 0
		Members(d, func(key string, raw tuple.Value) bool {
			want := n.Elems[i].JSONB()
			if raw.Str() != want.Str() || n.Kind == Object && key != n.Keys[i] {
				t.Errorf("%s: member %d is %q: %s", s, i, key, raw.Str())
			}
			got, ok := Elem(d, i)
			if n.Kind == Object {
				got, ok = Field(d, key)
			}
			if !ok || got.Str() != want.Str() {
				t.Errorf("%s: look-up of member %d: %s, %v", s, i, got.Str(), ok)
			}
			i++
			return true
		})
		if i != len(n.Elems) || Len(d) != i {
			t.Errorf("%s has %d members, found %d", s, len(n.Elems), i)
		}
		if _, ok := Field(d, "missing"); ok || Exists(d, "missing") {
			t.Errorf("%s has a key \"missing\"", s)
		}
	}
}

// Keys are sorted by length and then by bytes, and the last of equal ones counts.
func TestCanonical(t *testing.T) {
	d, err := ParseJSONB(`{"bb":1,"a":2.10,"a":[ 3,4e2 ]}`)
	if err != nil || d.Str() != `{"a": [3, 400], "bb": 1}` {
		t.Errorf("%s, %v", d.Str(), err)
	}
}

func BenchmarkField(b *testing.B) {
	d, err := ParseJSONB(`{"id": 7, "name": "ada", "tags": ["x", "y", "z"], "address": {"city": "London", "zip": "N1"}}`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Field(d, "address"); !ok {
			b.Fatal("not found")
		}
	}
}
