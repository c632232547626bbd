package change

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A storage id with LakeStorage belongs to a lake table: its rows live in the key-value state only until a Delta version
// has them, and in the files of that version afterwards.
//
//	storage id | 1 | row id           u64 big endian: a row that no adopted version has yet
//	storage id | 2 | row id           a tombstone, without value: that row is deleted, wherever it is
//	storage id | 3                    the adopted version, as its owner describes it; none: all rows are in the state
//
// A row's key is its row id. What a transaction puts has no row id before the commit: it stands under a provisional key,
// ProvisionalRow and a number, which Seal replaces. A version of a row never changes; an update is a delete and a put.
const (
	LakeStorage    = 1 << 31
	ProvisionalRow = 1 << 63

	LakeTombstones = 2
	LakeState      = 3

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
