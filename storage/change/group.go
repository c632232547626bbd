package change

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A payload, little endian.
//
//	 0    1       2        4            8        16              24             32       36          40
//	+----+-------+--------+------------+--------+---------------+--------------+--------+-----------+------------
//	| 1  | flags | 0      | operations | xid    | commit µs     | first row id | origin | row count | operations
//	+----+-------+--------+------------+--------+---------------+--------------+--------+-----------+------------
//	first byte     format version
//	operations     how many follow
//	commit µs      Unix time, microseconds
//	first row id   of the primary rows put here, in their order; row count of them
//	origin         0: this server; others: where a replicated transaction came from
//
// An operation is its Kind in one byte and then, with every number an unsigned varint and every string with its length
// before it:
//
//	Put           old row id, key, value
//	Delete        old row id, key
//	DeleteRange   low key (included), high key (excluded)
//	Schema        encoded Schema
//	FileAdd       table storage id, description
//	FileRemove    table storage id, description
//	IngestBegin   table storage id, index
//	Ingest        table storage id, index, first row id, row count, number of names, names
//	Message       prefix, content
//	Open          epoch
const (
	headerSize    = 40
	formatVersion = 1
)

// Kind is an operation's kind; the numbers are on disk.
type Kind uint8

const (
	KindPut         Kind = 1
	KindDelete      Kind = 2
	KindDeleteRange Kind = 3
	KindSchema      Kind = 4
	KindFileAdd     Kind = 5
	KindFileRemove  Kind = 6
	KindIngestBegin Kind = 7
	KindIngest      Kind = 8
	KindMessage     Kind = 9
	KindOpen        Kind = 10
	KindMore        Kind = 11
)

var kindNames = [...]string{"", "put", "delete", "delete range", "schema", "file add", "file remove", "ingest begin",
	"ingest", "message", "open", "more"}

func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kindNames[k]
}

const (
	// KeyPrefix is the length of table storage id and index number in a key.
	KeyPrefix = 6
	// PrimaryIndex is the index number of the rows themselves.
	PrimaryIndex = 1
	// RowIDSize is the length of the row id at the start of a primary row.
	RowIDSize = 8
)

// TableOf returns the table storage id of a key of at least KeyPrefix bytes.
func TableOf(key []byte) uint32 { return binary.BigEndian.Uint32(key) }

// IndexOf returns the index number of a key of at least KeyPrefix bytes.
func IndexOf(key []byte) uint16 { return binary.BigEndian.Uint16(key[4:]) }

// AppendKeyPrefix appends the prefix that all keys of an index share.
func AppendKeyPrefix(dst []byte, table uint32, index uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(dst, table), index)
}

// Errors of an ill-formed group; a commit of it fails and changes nothing.
var (
	ErrShortKey = errors.New("key is shorter than its table and index number")
	ErrShortRow = errors.New("primary row has no room for its row id")
	ErrBadRange = errors.New("key range ends before it starts")
)

// Group builds the payload of one transaction. The zero value is ready; Reset makes it ready again and keeps the memory.
// All arguments are copied. A Group that is being committed belongs to the engine until Commit returns.
type Group struct {
	// XID is the transaction's number, 0: the engine assigns one.
	XID uint64
	// Origin is where the transaction comes from, 0: here.
	Origin uint32

	// Prepared is what the engine has made of operations that go on in an attachment, with More as the last one; nil: they do not.
	Prepared any

	buf  []byte
	rows []uint32 // where in buf the row id of each primary row stands
	keys []provisional
	// finals are the provisional keys of the parts in the attachment, in order.
	finals []finalKey
	more   bool
	ops    uint32
	err    error
}

// Reset empties the group.
func (g *Group) Reset() {
	const keep = 1 << 20
	if cap(g.buf) > keep {
		g.buf, g.rows, g.keys = nil, nil, nil
	}
	*g = Group{buf: g.buf[:0], rows: g.rows[:0], keys: g.keys[:0]}
}

// Empty reports whether the group has no operation.
func (g *Group) Empty() bool { return g.ops == 0 }

// Ops is the number of operations.
func (g *Group) Ops() int { return int(g.ops) }

// Rows is the number of primary rows put, each of which takes a row id.
func (g *Group) Rows() int { return len(g.rows) }

// Size is the length of the payload in bytes.
func (g *Group) Size() int { return max(len(g.buf), headerSize) }

// Err is the first mistake that was made in building the group.
func (g *Group) Err() error { return g.err }

func (g *Group) fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

func (g *Group) begin(k Kind) {
	if len(g.buf) == 0 {
		g.buf = append(g.buf, make([]byte, headerSize)...)
	}
	g.ops++
	g.buf = append(g.buf, byte(k))
}

func (g *Group) uvarint(v uint64) { g.buf = binary.AppendUvarint(g.buf, v) }

func (g *Group) bytes(b []byte) {
	g.buf = binary.AppendUvarint(g.buf, uint64(len(b)))
	g.buf = append(g.buf, b...)
}

func (g *Group) string(s string) {
	g.buf = binary.AppendUvarint(g.buf, uint64(len(s)))
	g.buf = append(g.buf, s...)
}

// Put sets a key. oldRowID is the id of the row version that it replaces, 0 for a new row and for keys that are not
// primary rows. The first eight bytes of a primary row are overwritten with its new row id at commit, and so is a
// provisional key of a lake table.
func (g *Group) Put(key, value []byte, oldRowID uint64) {
	if len(key) < KeyPrefix {
		g.fail(ErrShortKey)
		return
	}
	g.begin(KindPut)
	g.uvarint(oldRowID)
	g.bytes(key)
	g.noteProvisional(key)
	g.bytes(value)
	if IndexOf(key) == PrimaryIndex {
		if len(value) < RowIDSize {
			g.fail(ErrShortRow)
			return
		}
		g.rows = append(g.rows, uint32(len(g.buf)-len(value)))
	}
}

// Delete removes a key. oldRowID is the id of the row version that goes, 0 for keys that are not primary rows.
func (g *Group) Delete(key []byte, oldRowID uint64) {
	if len(key) < KeyPrefix {
		g.fail(ErrShortKey)
		return
	}
	g.begin(KindDelete)
	g.uvarint(oldRowID)
	g.bytes(key)
}

// DeleteRange removes all keys from lo on and before hi (TRUNCATE, DROP).
func (g *Group) DeleteRange(lo, hi []byte) {
	if len(lo) < KeyPrefix {
		g.fail(ErrShortKey)
		return
	}
	if string(lo) >= string(hi) {
		g.fail(ErrBadRange)
		return
	}
	g.begin(KindDeleteRange)
	g.bytes(lo)
	g.bytes(hi)
}

// Schema says what the rows of a table look like from here on.
func (g *Group) Schema(s *Schema) {
	g.begin(KindSchema)
	g.bytes(s.append(nil))
}

// FileAdd says that a file is part of a columnar table; the description is its owner's business.
func (g *Group) FileAdd(table uint32, description []byte) {
	g.begin(KindFileAdd)
	g.uvarint(uint64(table))
	g.bytes(description)
}

// FileRemove takes a file out of a columnar table.
func (g *Group) FileRemove(table uint32, description []byte) {
	g.begin(KindFileRemove)
	g.uvarint(uint64(table))
	g.bytes(description)
}

// IngestBegin announces that sorted files of an index are about to enter the store. Until an Ingest names them they are
// nobody's: opening the store removes them.
func (g *Group) IngestBegin(table uint32, index uint16) {
	g.begin(KindIngestBegin)
	g.uvarint(uint64(table))
	g.uvarint(uint64(index))
}

// Ingest makes sorted files that are in the store already part of the transaction.
func (g *Group) Ingest(in Ingest) {
	g.begin(KindIngest)
	g.uvarint(uint64(in.Table))
	g.uvarint(uint64(in.Index))
	g.uvarint(in.FirstRowID)
	g.uvarint(in.RowCount)
	g.uvarint(uint64(len(in.Files)))
	for _, name := range in.Files {
		g.string(name)
	}
}

// Message carries content for whoever follows the log and knows the prefix.
func (g *Group) Message(prefix string, content []byte) {
	g.begin(KindMessage)
	g.string(prefix)
	g.bytes(content)
}

// Open notes that the store was opened; epoch counts how often.
func (g *Group) Open(epoch uint64) {
	g.begin(KindOpen)
	g.uvarint(epoch)
}

// Seal fills in the header and the row ids, firstRowID and up, and returns the payload, which lives in the group.
// commitMicros is Unix time in microseconds. Sealing again is allowed.
func (g *Group) Seal(xid uint64, commitMicros int64, firstRowID uint64) []byte {
	if len(g.buf) == 0 {
		g.buf = append(g.buf, make([]byte, headerSize)...)
	}
	b := g.buf
	b[0], b[1] = formatVersion, 0
	if g.more {
		b[1] = flagMore
	}
	binary.LittleEndian.PutUint32(b[4:], g.ops)
	binary.LittleEndian.PutUint64(b[8:], xid)
	binary.LittleEndian.PutUint64(b[16:], uint64(commitMicros))
	binary.LittleEndian.PutUint64(b[24:], firstRowID)
	binary.LittleEndian.PutUint32(b[32:], g.Origin)
	binary.LittleEndian.PutUint32(b[36:], uint32(len(g.rows)))
	for i, at := range g.rows {
		binary.LittleEndian.PutUint64(b[at:], firstRowID+uint64(i))
	}
	for _, k := range g.keys {
		binary.BigEndian.PutUint64(b[k.at:], firstRowID+uint64(k.row))
	}
	return b
}

// FirstRowID is the id of the first primary row of a sealed group; the others follow in order.
func (g *Group) FirstRowID() uint64 { return binary.LittleEndian.Uint64(g.buf[24:]) }

// Grow makes room for n more bytes.
func (g *Group) Grow(n int) { g.buf = slices.Grow(g.buf, n) }
