package change

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/tuple"
)

func testKey(index uint16, s string) []byte { return append(AppendKeyPrefix(nil, 7, index), s...) }

func testSchema() *Schema {
	return &Schema{
		TableID: 16384, StorageID: 100, Version: 1 << 40, SchemaName: "public", TableName: "größe",
		Columns: []Column{
			{Name: "id", AttNum: 1, TypeOID: 20, TypMod: -1, Kind: tuple.KindInt64, NotNull: true},
			{Name: "tags", AttNum: 3, TypeOID: 1009, TypMod: 260, Kind: tuple.KindArray, ElemKind: tuple.KindText, ElemOID: 25},
			{Name: "gone", AttNum: 2, TypeOID: 23, TypMod: -1, Kind: tuple.KindInt32, Dropped: true},
		},
		PrimaryKey: []int{0},
		Options:    []Option{{"mirror", "on"}},
	}
}

func fullGroup() *Group {
	g := &Group{Origin: 5}
	g.Open(3)
	g.Schema(testSchema())
	g.Put(testKey(PrimaryIndex, "a"), []byte("........row a"), 0)
	g.Put(testKey(2, "x"), nil, 0)
	g.Put(testKey(PrimaryIndex, "b"), []byte("........row b"), 300)
	g.Delete(testKey(PrimaryIndex, "c"), 1<<63)
	g.DeleteRange(testKey(1, ""), testKey(2, ""))
	g.FileAdd(100, []byte("part-0"))
	g.FileRemove(100, []byte("part-1"))
	g.IngestBegin(101, 2)
	g.Ingest(Ingest{Table: 101, Index: 2, FirstRowID: 9, RowCount: 1000, Files: []string{"a.sst", "b.sst"}})
	g.Message("tarn.test", []byte("hello"))
	return g
}

func TestDescribe(t *testing.T) {
	payload := fullGroup().Seal(77, 1_700_000_000_000_001, 41)
	var out bytes.Buffer
	if err := Describe(&out, payload, nil); err != nil {
		t.Fatal(err)
	}
	want := `
xid 77, committed 2023-11-14 22:13:20.000001, origin 5, row ids 41 to 42
  open epoch 3
  schema public.größe table 16384 storage 100 version 1099511627776 (id 20 not null, tags 1009, gone 23 dropped) key (id) mirror=on
  put 7/1/61 row 41 13 bytes
  put 7/2/78 0 bytes
  put 7/1/62 row 42 replaces 300 13 bytes
  delete 7/1/63 row 9223372036854775808
  delete range 7/1/ to 7/2/
  file add table 100 6 bytes
  file remove table 100 6 bytes
  ingest begin 101/2
  ingest 101/2 rows 9 to 1008 files a.sst b.sst
  message tarn.test "hello"
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

func TestSchemaRoundTrip(t *testing.T) {
	d, err := Decode(fullGroup().Seal(1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	var op Op
	for d.Next(&op) {
		if op.Kind == KindSchema {
			got, err := op.Schema()
			if err != nil || !reflect.DeepEqual(got, testSchema()) {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		if op.Kind == KindIngest {
			if in := op.Ingest(); strings.Join(in.Files, " ") != "a.sst b.sst" || in.RowCount != 1000 {
				t.Fatalf("%+v", in)
			}
		}
	}
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
}

func TestIllFormedGroups(t *testing.T) {
	for want, build := range map[error]func(*Group){
		ErrShortKey: func(g *Group) { g.Delete([]byte("short"), 0) },
		ErrShortRow: func(g *Group) { g.Put(testKey(PrimaryIndex, ""), []byte("1234567"), 0) },
		ErrBadRange: func(g *Group) { g.DeleteRange(testKey(2, ""), testKey(2, "")) },
	} {
		var g Group
		build(&g)
		if !errors.Is(g.Err(), want) {
			t.Errorf("%v, want %v", g.Err(), want)
		}
		if g.Reset(); g.Err() != nil || !g.Empty() {
			t.Error("error survives Reset")
		}
	}
}

// TestNoPrefixDecodes: a payload that is cut off anywhere, or has a byte more, is refused.
func TestNoPrefixDecodes(t *testing.T) {
	payload := fullGroup().Seal(1, 2, 3)
	for n := range payload {
		if decodeAll(payload[:n]) == nil {
			t.Errorf("decodes when cut at %d", n)
		}
	}
	if decodeAll(append(bytes.Clone(payload), 0)) == nil {
		t.Error("decodes with a byte more")
	}
	if err := decodeAll(payload); err != nil {
		t.Error(err)
	}
}

func decodeAll(payload []byte) error {
	d, err := Decode(payload)
	if err != nil {
		return err
	}
	var op Op
	for d.Next(&op) {
		if op.Kind == KindSchema {
			if _, err := op.Schema(); err != nil {
				return err
			}
		}
	}
	return d.Err()
}

// FuzzDecode: what decodes is exactly what encoding its operations again gives.
func FuzzDecode(f *testing.F) {
	f.Add(fullGroup().Seal(77, 1_700_000_000_000_001, 41))
	var empty Group
	f.Add(empty.Seal(1, 2, 3))
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := Decode(payload)
		if err != nil {
			return
		}
		g := Group{Origin: d.Origin}
		var op Op
		for d.Next(&op) {
			switch op.Kind {
			case KindPut:
				g.Put(op.Key, op.Value, op.OldRowID)
			case KindDelete:
				g.Delete(op.Key, op.OldRowID)
			case KindDeleteRange:
				g.DeleteRange(op.Key, op.Value)
			case KindSchema:
				s, err := op.Schema()
				if err != nil {
					return
				}
				g.Schema(s)
			case KindFileAdd:
				g.FileAdd(op.Table, op.Value)
			case KindFileRemove:
				g.FileRemove(op.Table, op.Value)
			case KindIngestBegin:
				g.IngestBegin(op.Table, op.Index)
			case KindIngest:
				g.Ingest(op.Ingest())
			case KindMessage:
				g.Message(string(op.Prefix), op.Value)
			case KindOpen:
				g.Open(op.Epoch)
			case KindMore:
				g.More(op.More)
			}
		}
		if d.Err() != nil {
			return
		}
		if again := g.Seal(d.XID, d.CommitMicros, d.FirstRowID); g.Err() != nil || !bytes.Equal(again, payload) {
			t.Fatalf("%v\n%x\n%x", g.Err(), payload, again)
		}
		if err := Describe(&bytes.Buffer{}, payload, nil); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkBuildAndDecode(b *testing.B) {
	var g Group
	key, row := testKey(PrimaryIndex, "12345678"), make([]byte, 110)
	var op Op
	b.ReportAllocs()
	for b.Loop() {
		g.Reset()
		for range 5 {
			g.Put(key, row, 1000)
		}
		d, err := Decode(g.Seal(1, 2, 3))
		if err != nil {
			b.Fatal(err)
		}
		for d.Next(&op) {
		}
		if d.Err() != nil {
			b.Fatal(d.Err())
		}
	}
}

// An attachment of any content is read to its end or refused; the part that is written is read back.
func FuzzAttachment(f *testing.F) {
	var file bytes.Buffer
	w, err := NewMoreWriter(&file)
	if err != nil {
		f.Fatal(err)
	}
	var whole, part Group
	part.Put(AppendKeyPrefix(nil, 200, PrimaryIndex), make([]byte, RowIDSize+10), 0)
	if err := w.Add(&whole, &part, 7, 100, func([]byte) error { return nil }); err != nil {
		f.Fatal(err)
	}
	whole.More(w.Finish())
	payload := bytes.Clone(whole.Seal(7, 1, 0))
	ops := func(attachment []byte) (n int, err error) {
		d, err := DecodeWhole(payload, func() (io.ReadCloser, int64, error) {
			return io.NopCloser(bytes.NewReader(attachment)), int64(file.Len()), nil
		})
		if err != nil {
			f.Fatal(err)
		}
		defer d.Close()
		var op Op
		for d.Next(&op) {
			n++
		}
		return n, d.Err()
	}
	if n, err := ops(file.Bytes()); n == 0 || err != nil {
		f.Fatal(n, err)
	}
	f.Add(file.Bytes())
	f.Add(file.Bytes()[:moreHeader+4])
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ops(b); err == nil && !bytes.Equal(b, file.Bytes()) && !bytes.HasPrefix(b, file.Bytes()) {
			t.Errorf("%x is read", b)
		}
	})
}
