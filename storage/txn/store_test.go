package txn

import (
	"context"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/wal"
)

const (
	ownTable    = 101
	sharedTable = 102
)

func openManager(t testing.TB, cfg Config) *Manager {
	t.Helper()
	e, err := engine.Open(context.Background(), engine.Options{FS: vfs.NewMem(), Dir: "db", CacheBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return NewManager(e, lock.NewManager(), cfg)
}

// rowKey and row make primary keys and rows that look like the executor's.
func rowKey(table uint32, id string) []byte {
	return tuple.AppendKey(tuple.AppendPrefix(nil, table, 1), tuple.KindText, tuple.String(id), false, false)
}

func indexKey(table uint32, id string) []byte {
	return tuple.AppendKey(tuple.AppendPrefix(nil, table, 2), tuple.KindText, tuple.String(id), false, false)
}

var layout = tuple.NewLayout([]tuple.Kind{tuple.KindText}, nil)

func row(s string) []byte { return layout.Append(nil, 0, []tuple.Value{tuple.String(s)}) }

func text(row []byte) string { return strings.Clone(layout.Get(row, 0).Str()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func commit(t testing.TB, x *Txn) wal.LSN {
	t.Helper()
	lsn, err := x.Commit(context.Background(), engine.Async)
	must(t, err)
	return lsn
}

// set commits one row by the whole protocol: lock, read the newest, put.
func set(t testing.TB, m *Manager, key []byte, value string) {
	t.Helper()
	x := m.Begin(Options{})
	setIn(t, x, key, value)
	commit(t, x)
}

func setIn(t testing.TB, x *Txn, key []byte, value string) {
	t.Helper()
	_, err := x.LockRow(context.Background(), key, lock.Update, lock.Options{})
	must(t, err)
	old, ok, err := x.GetLatest(nil, key)
	must(t, err)
	id := uint64(0)
	if ok {
		id = tuple.RowID(old)
	}
	must(t, x.Put(key, row(value), id))
}

// read is what a fresh READ COMMITTED statement of a new transaction sees; "" for no row.
func read(t testing.TB, m *Manager, key []byte) string {
	t.Helper()
	x := m.Begin(Options{})
	defer x.Rollback()
	v := x.Statement()
	defer v.Release()
	return get(t, v, key)
}

func get(t testing.TB, v View, key []byte) string {
	t.Helper()
	value, ok, err := v.Get(nil, key)
	must(t, err)
	if !ok {
		return ""
	}
	return text(value)
}

// checkLog replays the log and checks what the mirror builds on: every put and delete of a row names the version that
// it replaces, row ids only grow, and no row that is not there is deleted. It returns the rows that the log adds up to.
func checkLog(t testing.TB, m *Manager) map[string]string {
	t.Helper()
	log := m.eng.Log()
	must(t, log.SyncTo(log.WrittenLSN())) // readers are shown what is durable
	r, err := log.NewReader(0)
	must(t, err)
	defer r.Close()
	ids, rows := map[string]uint64{}, map[string]string{}
	last := uint64(0)
	for {
		rec, ok, err := r.TryNext(context.Background())
		must(t, err)
		if !ok {
			return rows
		}
		d, err := change.DecodeWhole(rec.Payload, rec.Open)
		must(t, err)
		var op change.Op
		for d.Next(&op) {
			switch op.Kind {
			case change.KindDeleteRange:
				for k := range rows {
					if k >= string(op.Key) && k < string(op.Value) {
						delete(rows, k)
						delete(ids, k)
					}
				}
			case change.KindPut:
				rows[string(op.Key)] = string(op.Value)
				if !isRow(op.Key) {
					continue
				}
				rows[string(op.Key)] = text(op.Value)
				if op.OldRowID != ids[string(op.Key)] {
					t.Fatalf("put of %q replaces version %d, the log says %d", op.Key, op.OldRowID, ids[string(op.Key)])
				}
				if op.RowID() <= last {
					t.Fatalf("row id %d after %d", op.RowID(), last)
				}
				last = op.RowID()
				ids[string(op.Key)] = last
			case change.KindDelete:
				if isRow(op.Key) && (op.OldRowID == 0 || op.OldRowID != ids[string(op.Key)]) {
					t.Fatalf("delete of %q removes version %d, the log says %d", op.Key, op.OldRowID, ids[string(op.Key)])
				}
				delete(rows, string(op.Key))
				delete(ids, string(op.Key))
			}
		}
		must(t, d.Err())
	}
}
