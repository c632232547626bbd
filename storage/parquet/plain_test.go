package parquet

import (
	"bytes"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/tarndb/tarn/storage/tuple"
)

// What this package writes is plain under its name and type, and under wider ones; nothing else is.
func TestPlain(t *testing.T) {
	var buf bytes.Buffer
	cols := []Column{{Name: "i", Type: Type{ID: Integer}, ID: 7}, {Name: "s", Type: Type{ID: String}}, {Name: "d", Type: Type{ID: Decimal, Precision: 10, Scale: 2}},
		{Name: "ts", Type: Type{ID: Timestamp}}, {Name: "b", Type: Type{ID: Binary}}, {Name: "day", Type: Type{ID: Date}}}
	w := NewWriter(&buf, cols, WriterOptions{})
	batch := make([][]tuple.Value, len(cols))
	for i := range batch {
		batch[i] = []tuple.Value{tuple.Null}
	}
	if err := w.Write(batch); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		col  Column
		want bool
	}{
		{cols[0], true}, {cols[1], true}, {cols[2], true}, {cols[3], true}, {cols[5], true},
		{Column{Name: "i", Type: Type{ID: Long}}, true},
		{Column{Name: "i", Type: Type{ID: Short}}, false},
		{Column{Name: "i", Type: Type{ID: Integer}, ID: 8}, false},
		{Column{Name: "j", Type: Type{ID: Integer}, ID: 7}, false}, // there under another name
		{Column{Name: "none", Type: Type{ID: Integer}}, true},
		{Column{Name: "S", Type: Type{ID: String}}, false},
		{Column{Name: "b", Type: Type{ID: String}}, false},
		{Column{Name: "b", Type: Type{ID: Binary}}, false},
		{Column{Name: "d", Type: Type{ID: Decimal, Precision: 12, Scale: 2}}, true},
		{Column{Name: "d", Type: Type{ID: Decimal, Precision: 12, Scale: 3}}, false},
		{Column{Name: "ts", Type: Type{ID: TimestampNTZ}}, false},
		{Column{Name: "day", Type: Type{ID: Integer}}, false},
	} {
		r, err := NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Plain(c.col); got != c.want {
			t.Errorf("%s %s %d: %v", c.col.Name, c.col.Type, c.col.ID, got)
		}
	}
	if plain(Type{ID: Timestamp}, pq.Int96, nil) || plain(Type{ID: String}, pq.ByteArray, nil) || plain(Type{ID: Long}, pq.Int64, pq.Uint(64).Type().LogicalType().Value) {
		t.Error("what older writers did is plain")
	}
}
