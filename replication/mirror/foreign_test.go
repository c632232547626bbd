package mirror

import (
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tarndb/tarn/replication/mirror/pgtext"
	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/tuple"
)

// A table of every type, with updates, deletes, a restart and a compaction, is the same to deltalake and DuckDB as its
// texts in PostgreSQL's form. TARN_PYTHON names an interpreter that has both.
func TestForeignReaders(t *testing.T) {
	py := os.Getenv("TARN_PYTHON")
	if py == "" {
		t.Skip("TARN_PYTHON is not set")
	}
	r := newRig(t, Options{MaxLag: time.Hour, CheckpointLog: 6, MergeFiles: 5})
	num := col("num", 6, pgtext.OIDNumeric, tuple.KindNumeric)
	num.TypMod = 12<<16 | 3 + 4
	big := col("big", 7, pgtext.OIDNumeric, tuple.KindNumeric)
	big.TypMod = 38<<16 | 6 + 4
	arr := col("arr", 17, 1016, tuple.KindArray)
	arr.ElemOID, arr.ElemKind = pgtext.OIDInt8, tuple.KindInt64
	sch := r.schemaOf(200, col("id", 1, pgtext.OIDInt8, tuple.KindInt64), col("b", 2, pgtext.OIDBool, tuple.KindBool), col("i2", 3, pgtext.OIDInt2, tuple.KindInt16),
		col("f4", 4, pgtext.OIDFloat4, tuple.KindFloat32), col("f8", 5, pgtext.OIDFloat8, tuple.KindFloat64), num, big,
		col("any_num", 8, pgtext.OIDNumeric, tuple.KindNumeric), col("t", 9, 25, tuple.KindText), col("by", 10, pgtext.OIDBytea, tuple.KindBytes),
		col("da", 11, pgtext.OIDDate, tuple.KindInt32), col("ts", 12, pgtext.OIDTimestamp, tuple.KindInt64), col("tz", 13, pgtext.OIDTimestampTZ, tuple.KindInt64),
		col("ti", 14, pgtext.OIDTime, tuple.KindInt64), col("iv", 15, 1186, tuple.KindInterval), col("u", 16, 2950, tuple.KindUUID), arr,
		col("o", 18, pgtext.OIDOid, tuple.KindUint32))
	r.commit(func(g *change.Group) { r.define(g, sch) })
	dec := func(s string) tuple.Value {
		b, err := tuple.AppendNumericText(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		return tuple.Bytes(b)
	}
	row := func(k int64) []tuple.Value {
		if k%9 == 5 {
			out := make([]tuple.Value, len(sch.Columns)-1)
			for i := range out {
				out[i] = tuple.Null
			}
			return out
		}
		return []tuple.Value{tuple.Bool(k%2 == 0), tuple.Int(-k), tuple.Float(float64(float32(k) / 7)), tuple.Float(float64(k) * 1e14 / 3),
			dec(fmt.Sprintf("-%d.%03d", k*1000, k)), dec(fmt.Sprintf("%d00000000000000000000.%06d", k, k)), dec(fmt.Sprintf("%d.50", k)),
			text(fmt.Sprintf("text %d, \"é\" \n", k)), tuple.Bytes([]byte{0, byte(k)}), tuple.Int(k * 100), tuple.Int(k * 86400123456),
			tuple.Int(-k * 3600000001), tuple.Int(k * 1000001), intervalValue(k*1000000, int32(k), 13), tuple.Bytes([]byte(fmt.Sprintf("%016d", k))),
			tuple.Bytes(tuple.AppendArray(nil, tuple.KindInt64, pgtext.OIDInt8, []tuple.ArrayDim{{Len: 2, Lower: 1}}, []tuple.Value{tuple.Int(k), tuple.Null})), tuple.Uint(uint64(k) + 1<<31)}
	}
	for i := range int64(9) {
		r.commit(func(g *change.Group) {
			for k := i * 5; k < i*5+12; k++ {
				r.put(g, 200, k+1, row(k+i)...)
			}
			r.del(g, 200, i*4+1)
		})
		r.sync()
		r.quiesce()
		if i == 4 {
			r.reopen()
			r.sync()
		}
	}
	r.validate(200)
	file, err := os.Create(filepath.Join(r.dir, "rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(file)
	s := r.eng.Snapshot()
	it := s.NewIter(change.AppendKeyPrefix(nil, 200, 1), change.AppendKeyPrefix(nil, 200, 2))
	for ok := it.First(); ok; ok = it.Next() {
		var rec []string
		for i, c := range sch.Columns {
			v := r.tabs[200].layout.Get(it.Value(), i)
			if v.IsNull() {
				rec = append(rec, `\N`)
				continue
			}
			rec = append(rec, string(new(pgtext.Printer).Append(nil, c.TypeOID, c.Kind, v)))
		}
		w.Write(rec)
	}
	it.Close()
	s.Release()
	w.Flush()
	file.Close()
	path, _ := r.m.DeltaPath(200)
	out, err := exec.Command(py, "../../tests/interop/delta_readers.py", "--csv", file.Name(), "--path", path).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func intervalValue(us int64, days, months int32) tuple.Value {
	b := binary.LittleEndian.AppendUint64(nil, uint64(us))
	b = binary.LittleEndian.AppendUint32(b, uint32(days))
	return tuple.Bytes(binary.LittleEndian.AppendUint32(b, uint32(months)))
}
