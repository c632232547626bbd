package txn

import (
	"errors"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// Fate says what has become of a load when its transaction is over.
type Fate uint8

const (
	// LoadDropped: it did not commit, or was rolled back to a savepoint.
	LoadDropped Fate = iota
	// LoadKept: the commit names it.
	LoadKept
	// LoadInDoubt: the store has stopped during the commit.
	LoadInDoubt
)

// Load is a file with rows of a lake table that the transaction has written; the commit names it, and nothing else tells of the rows
// (package change).
type Load struct {
	Table       uint32 // storage id
	First, Rows uint64 // row ids
	Record      []byte // change.AppendLoad
	// Settle is called once, at the end of the transaction, before its locks are given back; lsn is that of the commit.
	Settle func(f Fate, lsn wal.LSN)
}

// load is a Load of a transaction.
type load struct {
	Load
	kept bool // it is in the group
}

func (l *load) key() []byte { return change.AppendLakeKey(nil, l.Table, change.LakeLoads, l.First) }

// AddLoad makes the rows of a load part of the transaction, as a write of the command under way. It settles the load whatever it returns.
func (t *Txn) AddLoad(l Load) error {
	t.loads = append(t.loads, load{Load: l})
	return t.Put(t.loads[len(t.loads)-1].key(), l.Record, 0)
}

// keepLoad notes that the group names a load, and counts its rows.
func (t *Txn) keepLoad(key []byte) {
	table, first := change.TableOf(key), change.LakeRow(key)
	for i := range t.loads {
		if l := &t.loads[i]; l.Table == table && l.First == first {
			l.kept = true
			t.countRows(table).Inserted += int64(l.Rows)
			return
		}
	}
}

// settleLoads tells the owners of the loads how the transaction has ended.
func (t *Txn) settleLoads(lsn wal.LSN, err error) {
	for i := range t.loads {
		l := &t.loads[i]
		switch {
		case errors.Is(err, engine.ErrStopped):
			l.Settle(LoadInDoubt, 0)
		case l.kept && lsn != 0:
			l.Settle(LoadKept, lsn)
		default:
			l.Settle(LoadDropped, 0)
		}
	}
	clear(t.loads)
	t.loads = t.loads[:0]
}

// loads are the records of the transaction's loads of a table that a reader with the bound sees.
func (t *Txn) loadsOf(table uint32, bound uint32) ([][]byte, error) {
	if len(t.loads) == 0 {
		return nil, nil
	}
	var out [][]byte
	ws := &t.ws
	for n := ws.seek(change.AppendKeyPrefix(nil, table, change.LakeLoads)); n != 0; n = ws.next(n) {
		key := ws.key(n)
		if change.TableOf(key) != table || !change.IsLoad(key) {
			break
		}
		v, _ := ws.visible(n, bound)
		if v == 0 || ws.versions.at(v).size == deleted {
			continue
		}
		record, err := ws.values.get(ws.versions.at(v).pos, int(ws.versions.at(v).size), nil)
		if err != nil {
			return nil, err
		}
		out = append(out, record)
	}
	return out, nil
}

// loadOf finds the command that brought the load with a row, if it is one of the transaction's.
func (t *Txn) loadOf(key []byte) (cmd uint32, ok bool) {
	if len(t.loads) == 0 || !change.IsLakeRow(key) {
		return 0, false
	}
	table, id := change.TableOf(key), change.LakeRow(key)
	for i := range t.loads {
		l := &t.loads[i]
		if l.Table != table || id < l.First || id-l.First >= l.Rows {
			continue
		}
		if n := t.ws.find(l.key()); n != 0 {
			if v, _ := t.ws.visible(n, maxBound); v != 0 {
				return t.ws.versions.at(v).cmd, true
			}
		}
	}
	return 0, false
}
