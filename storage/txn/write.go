package txn

import (
	"bytes"

	"github.com/tarndb/tarn/storage/change"
)

// Put sets a key. For a row, old is the id of the version that it replaces: what tuple.RowID says of the version that
// was read, 0 for an insert (and for one's own uncommitted version); other keys pass 0. Only the first write of a key
// counts in that. Key and value are copied. The first 8 bytes of a row are the engine's and must be there.
//
// Errors: change.ErrShortKey, change.ErrShortRow, those of writing to a temporary file, *serial.Error.
func (t *Txn) Put(key, value []byte, old uint64) error { return t.put(key, value, old, false) }

// PutOwned is Put of a value of more than OwnedBytes that the transaction keeps without a copy: it must not be changed any more.
func (t *Txn) PutOwned(key, value []byte, old uint64) error { return t.put(key, value, old, true) }

// OwnedBytes is the size from which on PutOwned spares a copy.
const OwnedBytes = segmentBytes

func (t *Txn) put(key, value []byte, old uint64, own bool) error {
	if len(key) < change.KeyPrefix {
		return change.ErrShortKey
	}
	if isRow(key) && len(value) < change.RowIDSize {
		return change.ErrShortRow
	}
	pos, err := t.ws.values.append(value, own)
	if err != nil {
		return err
	}
	return t.write(key, version{pos: pos, size: uint32(len(value)), cmd: t.cmd}, old)
}

// Delete removes a key; old as for Put. A row without a committed version and without a version of this transaction
// need not be deleted.
func (t *Txn) Delete(key []byte, old uint64) error {
	if len(key) < change.KeyPrefix {
		return change.ErrShortKey
	}
	return t.write(key, version{size: deleted, cmd: t.cmd}, old)
}

func (t *Txn) write(key []byte, v version, old uint64) error {
	t.XID()
	if t.iso == Serializable {
		if err := t.Intend(key); err != nil {
			return err
		}
	}
	n := t.ws.insert(key)
	d := t.ws.nodes.at(n)
	switch {
	case d.top == 0:
		d.old = old
		t.deleted = t.deleted || v.size == deleted
	case v.size == deleted:
		t.deleted = true
	case t.ws.versions.at(d.top).size == deleted && isRow(key):
		t.steps = append(t.steps, step{key: string(key)})
	}
	t.ws.push(n, v, t.oldestView())
	t.dirty = true
	return nil
}

// DeleteRange removes all keys from lo on and before hi, committed or written before by this transaction. The bounds
// are copied. The caller holds a table lock that keeps everybody else from the range.
func (t *Txn) DeleteRange(lo, hi []byte) error {
	if len(lo) < change.KeyPrefix {
		return change.ErrShortKey
	}
	if bytes.Compare(lo, hi) >= 0 {
		return change.ErrBadRange
	}
	t.XID()
	if t.iso == Serializable {
		if t.snap == nil {
			t.snapshot().Release()
		}
		if t.serial != nil {
			if err := t.serial.WriteRange(lo, hi); err != nil {
				return err
			}
		}
	}
	t.ws.seq++
	t.ws.ranges = append(t.ws.ranges, rangeDelete{
		lo: bytes.Clone(lo), hi: bytes.Clone(hi), cmd: t.cmd, seq: t.ws.seq,
	})
	t.dirty = true
	return nil
}

// extra is an operation that goes into the commit as it is.
type extra struct {
	schema      *change.Schema
	ingest      *change.Ingest
	kind        change.Kind
	table       uint32
	name        string
	description []byte
}

func (x *extra) addTo(g *change.Group) {
	switch x.kind {
	case change.KindSchema:
		g.Schema(x.schema)
	case change.KindIngest:
		g.Ingest(*x.ingest)
	case change.KindFileAdd:
		g.FileAdd(x.table, x.description)
	case change.KindFileRemove:
		g.FileRemove(x.table, x.description)
	case change.KindMessage:
		g.Message(x.name, x.description)
	}
}

func (t *Txn) addExtra(x extra) {
	t.extras = append(t.extras, x)
	t.dirty = true
}

// AddSchema says what a table's rows look like from this commit on. s must not change any more. The records of a
// commit that are added this way stand before its rows, in the order of the calls; a rollback to a savepoint takes
// them away like writes.
func (t *Txn) AddSchema(s *change.Schema) { t.addExtra(extra{kind: change.KindSchema, schema: s}) }

// AddIngest makes sorted files that the engine has taken in part of the transaction.
func (t *Txn) AddIngest(in change.Ingest) { t.addExtra(extra{kind: change.KindIngest, ingest: &in}) }

// AddFile and RemoveFile record the files of a columnar table; the description is copied.
func (t *Txn) AddFile(table uint32, description []byte) {
	t.addExtra(extra{kind: change.KindFileAdd, table: table, description: bytes.Clone(description)})
}

func (t *Txn) RemoveFile(table uint32, description []byte) {
	t.addExtra(extra{kind: change.KindFileRemove, table: table, description: bytes.Clone(description)})
}

// AddMessage carries content for whoever follows the log; it is copied.
func (t *Txn) AddMessage(prefix string, content []byte) {
	t.addExtra(extra{kind: change.KindMessage, name: prefix, description: bytes.Clone(content)})
}
