package delta

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/parquet"
)

// A checkpoint of another kind than V1, damaged anywhere, is an error or other actions, never a panic.
func FuzzDecodeCheckpoint(f *testing.F) {
	dir, err := os.MkdirTemp("", "tarn-fuzz-checkpoint")
	if err != nil {
		f.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := object.OpenLocal(dir, object.Options{NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	snap := newSnapshot()
	snap.Version, snap.Protocol = 0, BaseProtocol().With(FeatureDeletionVectors)
	snap.Metadata = Metadata{ID: "x", SchemaString: Schema{}.String(), Configuration: map[string]string{"a": "b"}}
	off := int32(1)
	for _, path := range []string{"a", "b"} {
		add := &Add{Path: path, PartitionValues: map[string]*string{"p": nil}, Stats: `{"numRecords":1}`, Tags: map[string]string{"t": "u"},
			DeletionVector: &DVDescriptor{"u", "vBn[lx{q8@P<9BNH/isA", &off, 36, 2}}
		snap.Files[keyOf(path, add.DeletionVector)] = add
	}
	if err := WriteCheckpoint(ctx, store, snap, time.Time{}); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, checkpointKey(0)))
	if err != nil {
		f.Fatal(err)
	}
	got := newSnapshot()
	if _, err := decodeCheckpoint(good, got); err != nil || len(got.Files) != 2 {
		f.Fatal(len(got.Files), err)
	}
	f.Add(uint16(4), byte(1), uint16(9), byte(128))
	f.Fuzz(func(t *testing.T, at uint16, flip byte, at2 uint16, flip2 byte) {
		b := bytes.Clone(good)
		b[int(at)%len(b)] ^= flip
		b[int(at2)%len(b)] ^= flip2
		decodeCheckpoint(b, newSnapshot())
	})
}

// Statistics of any content give bounds or none.
func FuzzStats(f *testing.F) {
	f.Add(`{"numRecords":3,"minValues":{"c":1},"maxValues":{"c":"x"},"nullCount":{"c":0},"tightBounds":true}`, uint8(5), uint8(9), uint8(2))
	f.Fuzz(func(t *testing.T, text string, id, precision, scale uint8) {
		st, err := ParseStats(text)
		if err != nil || st == nil {
			return
		}
		typ := parquet.Type{ID: parquet.TypeID(id%uint8(parquet.Void) + 1), Precision: precision%38 + 1}
		typ.Scale = scale % (typ.Precision + 1)
		for name := range st.MinValues {
			st.Range(name, typ)
			st.Nulls(name)
		}
		if loose, err := Loosen(text); err == nil {
			if _, err := ParseStats(loose); err != nil {
				t.Fatalf("%q became %q: %v", text, loose, err)
			}
		}
	})
}

func FuzzParsePartition(f *testing.F) {
	for _, s := range []string{"1", "-1.5e3", "true", "2024-01-31", "2024-01-31 01:02:03.5", "2024-01-31T01:02:03Z", "NaN"} {
		f.Add(s, uint8(3), uint8(9), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, id, precision, scale uint8) {
		typ := parquet.Type{ID: parquet.TypeID(id%uint8(parquet.Void) + 1), Precision: precision%38 + 1}
		typ.Scale = scale % (typ.Precision + 1)
		v, err := ParsePartition(typ, &text)
		if err == nil && !v.IsNull() && typ.ID == parquet.Decimal {
			back := decimalText(typ, v)
			if again, err := ParsePartition(typ, &back); err != nil || compare(typ, v, again) != 0 {
				t.Fatalf("%q as %s is %s, which is not read back", text, typ, back)
			}
		}
	})
}

// A schema that is read is written, and then read the same.
func FuzzParseSchema(f *testing.F) {
	f.Add(`{"type":"struct","fields":[{"name":"a","type":"decimal(5,2)","nullable":true,"metadata":{"x":1}},` +
		`{"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"array","elementType":"date","containsNull":false},` +
		`"valueContainsNull":true},"nullable":false,"metadata":{}},{"name":"s","type":{"type":"struct","fields":[]},"nullable":true,"metadata":{}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchema(text)
		if err != nil {
			return
		}
		again, err := ParseSchema(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q became %q: %v", text, s.String(), err)
		}
	})
}

// Names in _delta_log are known or passed over, and versions have twenty digits.
func FuzzParseLogName(f *testing.F) {
	for _, s := range []string{"00000000000000000001.json", "00000000000000000001.checkpoint.0000000001.0000000002.parquet",
		"00000000000000000001.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", "00000000000000000001.00000000000000000004.compacted.json",
		"00000000000000000001.crc", "_last_checkpoint"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, ok := parseLogName(object.Info{Key: logDir + name})
		if ok && (p.kind == otherFile || p.version < 0 || !strings.HasPrefix(name, commitKey(p.version)[len(logDir):len(logDir)+20])) {
			t.Fatalf("%q is %+v", name, p)
		}
	})
}
