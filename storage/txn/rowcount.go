package txn

import "github.com/tarndb/tarn/storage/change"

// RowCounts are row versions that a commit brought and took, of one table storage id.
type RowCounts struct {
	Table                      uint32
	Inserted, Updated, Deleted int64
}

// countRow adds one row operation of the group under construction. Keys come in order: a table's rows stand together.
func (t *Txn) countRow(key []byte, put bool, old uint64) {
	c := t.countRows(change.TableOf(key))
	switch {
	case !put:
		c.Deleted++
	case old != 0:
		c.Updated++
	default:
		c.Inserted++
	}
}

// countRows are the counts of a table whose keys are at hand.
func (t *Txn) countRows(table uint32) *RowCounts {
	n := len(t.rows)
	if n == 0 || t.rows[n-1].Table != table {
		t.rows = append(t.rows, RowCounts{Table: table})
		n++
	}
	return &t.rows[n-1]
}

// countIngests adds what came in files.
func (t *Txn) countIngests() {
	for i := range t.extras {
		switch in := t.extras[i].ingest; {
		case in == nil:
		case in.Index == change.PrimaryIndex:
			t.rows = append(t.rows, RowCounts{Table: in.Table, Inserted: int64(in.RowCount)})
		case t.m.cfg.Follower != nil:
			t.m.cfg.Follower.Ingested(in.Table, in.Index)
		}
	}
}

// PendingRows estimates from above how many rows the transaction has put into a table and not committed.
func (t *Txn) PendingRows(table uint32) int64 {
	n := int64(0)
	for i := range t.extras {
		if in := t.extras[i].ingest; in != nil && in.Table == table && in.Index == change.PrimaryIndex {
			n += int64(in.RowCount)
		}
	}
	for i := range t.loads {
		if l := &t.loads[i]; l.Table == table {
			n += int64(l.Rows)
		}
	}
	ws := &t.ws
	if at := ws.seek(change.AppendKeyPrefix(nil, table, change.PrimaryIndex)); at != 0 && change.TableOf(ws.key(at)) == table {
		n += int64(ws.nodes.n - 1)
	}
	return n
}
