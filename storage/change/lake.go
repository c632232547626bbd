package change

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// A storage id with LakeStorage belongs to a lake table: its rows live in the key-value state only until a Delta version
// has them, and in the files of that version afterwards.
//
//	storage id | 1 | row id           u64 big endian: a row that no adopted version has yet
//	storage id | 2 | row id           a tombstone, without value: that row is deleted, wherever it is
//	storage id | 3                    the adopted version, as its owner describes it; none: all rows are in the state
//	storage id | 4 | first row id     a load: a file of rows that no adopted version has yet (AppendLoad)
//
// A row's key is its row id. What a transaction puts has no row id before the commit: it stands under a provisional key,
// ProvisionalRow and a number, which Seal replaces. A version of a row never changes; an update is a delete and a put.
const (
	LakeStorage    = 1 << 31
	ProvisionalRow = 1 << 63

	LakeTombstones = 2
	LakeState      = 3
	LakeLoads      = 4

	lakeKeySize = KeyPrefix + 8
)

// IsLake reports whether a storage id is that of a lake table.
func IsLake(storage uint32) bool { return storage&LakeStorage != 0 }

// IsLakeRow reports whether a key is that of a lake table's row.
func IsLakeRow(key []byte) bool {
	return len(key) == lakeKeySize && key[0]&0x80 != 0 && IndexOf(key) == PrimaryIndex
}

// LakeRow is the row id in the key of a lake table's row.
func LakeRow(key []byte) uint64 { return binary.BigEndian.Uint64(key[KeyPrefix:]) }

// IsProvisional reports whether a key is one that a commit replaces.
func IsProvisional(key []byte) bool { return IsLakeRow(key) && key[KeyPrefix]&0x80 != 0 }

// AppendLakeKey appends the key of a row, or of its tombstone.
func AppendLakeKey(dst []byte, table uint32, index uint16, row uint64) []byte {
	return binary.BigEndian.AppendUint64(AppendKeyPrefix(dst, table, index), row)
}

// provisional is a key of the group that Seal replaces.
type provisional struct {
	at  int    // of the row id in buf
	was uint64 // before Seal
	row int    // among the group's rows
}

// finalKey is a provisional key of a sealed part, and the row id that it has become.
type finalKey struct {
	table   uint32
	was, is uint64
}

// noteProvisional remembers the key that was appended last, before its value.
func (g *Group) noteProvisional(key []byte) {
	if IsProvisional(key) {
		g.keys = append(g.keys, provisional{len(g.buf) - 8, LakeRow(key), len(g.rows)})
	}
}

// HasProvisional reports whether the group puts rows of lake tables.
func (g *Group) HasProvisional() bool { return len(g.keys) > 0 }

// FinalKey is the key under which the row of a provisional key stands after Seal; ok is false if the group has no such row.
func (g *Group) FinalKey(key []byte) (final []byte, ok bool) {
	id := LakeRow(key)
	if n, ok := slices.BinarySearchFunc(g.finals, finalKey{table: TableOf(key), was: id}, func(a, b finalKey) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.was, b.was))
	}); ok {
		return AppendLakeKey(nil, g.finals[n].table, PrimaryIndex, g.finals[n].is), true
	}
	for lo, hi := 0, len(g.keys); lo < hi; {
		// Keys come in order.
		mid := (lo + hi) / 2
		k := &g.keys[mid]
		table := TableOf(g.buf[k.at-KeyPrefix:])
		switch {
		case table == TableOf(key) && k.was == id:
			return AppendLakeKey(nil, table, PrimaryIndex, binary.BigEndian.Uint64(g.buf[k.at:])), true
		case table < TableOf(key) || table == TableOf(key) && k.was < id:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return nil, false
}

// A load is a file with rows of consecutive ids, which were reserved before the commit that names it. Its value, little endian:
//
//	+-----+------------------+-----------+---------------------------------+
//	| u8 1| u64 first row id | u64 rows  | the file, as its owner tells it |
//	+-----+------------------+-----------+---------------------------------+
type Load struct {
	First, Rows uint64
	File        []byte
}

const (
	loadFormat = 1
	loadHeader = 17
)

// ErrBadLoad says that the value of a load is malformed.
var ErrBadLoad = errors.New("record of a loaded file is malformed")

// AppendLoad appends the value of a load.
func AppendLoad(dst []byte, l Load) []byte {
	dst = append(dst, loadFormat)
	dst = binary.LittleEndian.AppendUint64(dst, l.First)
	dst = binary.LittleEndian.AppendUint64(dst, l.Rows)
	return append(dst, l.File...)
}

// ParseLoad reads the value of a load; File refers to it.
func ParseLoad(value []byte) (Load, error) {
	if len(value) < loadHeader || value[0] != loadFormat {
		return Load{}, ErrBadLoad
	}
	l := Load{First: binary.LittleEndian.Uint64(value[1:]), Rows: binary.LittleEndian.Uint64(value[9:]), File: value[loadHeader:]}
	if l.Rows == 0 || l.Rows > ProvisionalRow || l.First >= ProvisionalRow-l.Rows {
		return Load{}, ErrBadLoad
	}
	return l, nil
}

// Last is the last of the load's row ids.
func (l Load) Last() uint64 { return l.First + l.Rows - 1 }

// IsLoad reports whether a key is that of a load.
func IsLoad(key []byte) bool {
	return len(key) == lakeKeySize && key[0]&0x80 != 0 && IndexOf(key) == LakeLoads
}
