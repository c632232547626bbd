package delta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarndb/tarn/storage/parquet"
	"github.com/tarndb/tarn/storage/tuple"
)

// A table with column mapping is written under physical names and field ids; a column that is renamed, dropped and made
// anew under the old name reads the right values from files of before.
func TestColumnMappingWrites(t *testing.T) {
	long, str := parquet.Type{ID: parquet.Long}, parquet.Type{ID: parquet.String}
	pair := parquet.Type{ID: parquet.Struct, Fields: []Field{{Name: "x,y", Type: long, Nullable: true}, {Name: "z", Type: str, Nullable: true}}}
	for _, mode := range []string{"name", "id"} {
		tt := newTestTable(t, t.TempDir())
		schema, maxID := Schema{[]Field{{Name: "a b", Type: long, Nullable: true}, {Name: "p", Type: pair, Nullable: true},
			{Name: "l", Type: parquet.Type{ID: parquet.Array, Elem: &pair}, Nullable: true}}}.WithMapping(0, false)
		if maxID != 7 || strings.Contains(fmt.Sprint(schema.Fields[0].Metadata[metaPhysicalName]), " ") {
			t.Fatalf("%d %s", maxID, schema)
		}
		proto := BaseProtocol().With(FeatureColumnMapping)
		meta := Metadata{ID: "5fba94ed-9794-4965-ba6e-6ee3c0d22af9", Format: Format{"parquet", map[string]string{}}, PartitionColumns: []string{},
			SchemaString: schema.String(), Configuration: map[string]string{PropMappingMode: mode, PropMappingMaxID: fmt.Sprint(maxID)}}
		tt.commit(Action{Protocol: &proto}, Action{Metadata: &meta})
		write := func(name string, cols ...tuple.Value) {
			dc, err := tt.log.Snapshot().DataColumns()
			if err != nil {
				t.Fatal(err)
			}
			u, err := tt.store.Create(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			w := parquet.NewWriter(u, dc, parquet.WriterOptions{})
			batch := make([][]tuple.Value, len(cols))
			for i, v := range cols {
				batch[i] = []tuple.Value{v}
			}
			if err := w.Write(batch); err != nil {
				t.Fatal(err)
			}
			fs, err := w.Close()
			if err != nil {
				t.Fatal(err)
			}
			if err := u.Commit(); err != nil {
				t.Fatal(err)
			}
			tt.commit(Action{Add: &Add{Path: name, PartitionValues: map[string]*string{}, Size: fs.Bytes, ModificationTime: 1,
				DataChange: true, Stats: FileStats(dc, fs, true)}})
		}
		value := tuple.Bytes(parquet.AppendList(nil, []tuple.Value{tuple.Int(7), tuple.String("seven")}))
		write("one.parquet", tuple.Int(1), value, tuple.Bytes(parquet.AppendList(nil, []tuple.Value{value, tuple.Null})))

		// "a b" is renamed to "c"; field z goes and comes back.
		fields := slices.Clone(schema.Fields)
		fields[0].Name = "c"
		fields[1].Type.Fields = []Field{fields[1].Type.Fields[0], {Name: "z", Type: str, Nullable: true}}
		changed, top := Schema{fields}.WithMapping(maxID, false)
		if top != 8 {
			t.Fatalf("highest id %d", top)
		}
		meta.SchemaString = changed.String()
		tt.commit(Action{Metadata: &meta})
		write("two.parquet", tuple.Int(2), value, tuple.Null)

		tab := NewTable(tt.store, TableOptions{})
		snap, err := tab.Snapshot(ctx, -1)
		if err != nil {
			t.Fatal(err)
		}
		fieldsRead, batches, err := scanAll(tab, snap, ScanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"1|[7,~]|[[7,s5:seven],~]", "2|[7,s5:seven]|~"}
		if got := rowLines(t, fieldsRead, batches); !slices.Equal(got, want) || fieldsRead[0].Name != "c" {
			t.Errorf("mode %s: %v, want %v", mode, got, want)
		}
		if _, err := Validate(tt.dir); err != nil {
			t.Error(err)
		}
		readByDeltalake(t, tt)
	}
}
