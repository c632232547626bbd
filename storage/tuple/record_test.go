package tuple

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func names(r Record) (out []string) {
	for rest := r.Names(); len(rest) > 0; {
		var name []byte
		name, rest = rest.Next()
		out = append(out, string(name))
	}
	return out
}

func TestRecordNames(t *testing.T) {
	fields := []Field{{OID: 23, Kind: KindInt32, Value: Int(7)}, {OID: 25, Kind: KindText, Value: Null}, {OID: 25, Kind: KindText, Value: String("x")}}
	plain := AppendRecord(nil, fields)
	for _, c := range [][]string{{"a", "", "a longer name, ünï"}, {"f1", "f2", "f4"}, {"f2", "f1", "f3"}} {
		named := AppendNamedRecord([]byte("before"), fields, PackFieldNames(c))[len("before"):]
		if got := names(named); !slices.Equal(got, c) {
			t.Errorf("%q come back as %q", c, got)
		}
		for i, f := range fields {
			if got := Record(named).Field(i); got.OID != f.OID || got.Kind != f.Kind || !sameValue(f.Kind, got.Value, f.Value) {
				t.Errorf("%q: field %d is %v", c, i, got)
			}
		}
		if Compare(KindRecord, Bytes(named), Bytes(plain)) != 0 || !bytes.Equal(AppendKey(nil, KindRecord, Bytes(named), false, false), AppendKey(nil, KindRecord, Bytes(plain), false, false)) {
			t.Errorf("%q: names count", c)
		}
		if err := validRecord(named, 0); err != nil {
			t.Error(err)
		}
		for end := range named {
			if err := validRecord(named[:end], 0); !errors.Is(err, ErrCorruptRow) {
				t.Errorf("%q cut at %d: %v", c, end, err)
			}
		}
		if err := validRecord(append(slices.Clone(named), 0), 0); !errors.Is(err, ErrCorruptRow) {
			t.Error("one byte more:", err)
		}
	}
	if got := PackFieldNames([]string{"f1", "f2"}); got != nil || names(plain) != nil || !bytes.Equal(AppendNamedRecord(nil, fields, nil), plain) {
		t.Error("f1, f2 … are written:", got)
	}
	unnamed := slices.Clone(plain)
	unnamed[2] = 2
	if err := validRecord(unnamed, 0); !errors.Is(err, ErrCorruptRow) {
		t.Error("unknown flag:", err)
	}
	none := AppendRecord(nil, nil)
	none[2] = recordNamed
	if err := validRecord(none, 0); !errors.Is(err, ErrCorruptRow) {
		t.Error("names of no fields:", err)
	}
}
