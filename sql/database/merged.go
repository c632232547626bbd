package database

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
	"github.com/tarndb/tarn/storage/wal"
)

// MergeStorage is the system table of merges.
const MergeStorage = 6

// Merge is a merge that led to a branch's state, into this branch or into one that it comes from.
//
//	key    system table 6 | into u32 BE | from u32 BE | position of from u64 BE | position of into before u64 BE
//	value  u8 1 | position of into from which on it has the rows u64 BE, 0: not known yet
//
// A branch that merges another one takes over the merges that led to that.
type Merge struct {
	Into, From uint32
	FromLSN    wal.LSN
	Before     wal.LSN // of Into: the commit comes after it
	At         wal.LSN // the end of the commit; 0: not known
}

func (m Merge) key() []byte {
	k := binary.BigEndian.AppendUint32(tuple.AppendPrefix(nil, MergeStorage, StateIndex), m.Into)
	k = binary.BigEndian.AppendUint32(k, m.From)
	k = binary.BigEndian.AppendUint64(k, uint64(m.FromLSN))
	return binary.BigEndian.AppendUint64(k, uint64(m.Before))
}

func (m Merge) value() []byte { return binary.BigEndian.AppendUint64([]byte{1}, uint64(m.At)) }

func parseMerge(key, value []byte) (m Merge, err error) {
	k := key[tuple.KeyPrefixLen:]
	if len(k) != 24 || len(value) != 9 || value[0] != 1 {
		return m, fmt.Errorf("record of a merge is malformed: key %x, value %x", key, value)
	}
	return Merge{Into: binary.BigEndian.Uint32(k), From: binary.BigEndian.Uint32(k[4:]), FromLSN: wal.LSN(binary.BigEndian.Uint64(k[8:])),
		Before: wal.LSN(binary.BigEndian.Uint64(k[16:])), At: wal.LSN(binary.BigEndian.Uint64(value[1:]))}, nil
}

// Merges lists the merges that led to a snapshot.
func Merges(snap *engine.Snapshot) (list []Merge, err error) {
	lo := tuple.AppendPrefix(nil, MergeStorage, StateIndex)
	it := snap.NewIter(lo, tuple.PrefixEnd(bytes.Clone(lo)))
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var m Merge
		if m, err = parseMerge(it.Key(), it.Value()); err == nil {
			list = append(list, m)
		}
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	return list, err
}

// Put writes the record of a merge in its transaction, or that of one that it takes over.
func (m Merge) Put(t *txn.Txn) error { return t.Put(m.key(), m.value(), 0) }

// Place finds out where the commit of a merge into the open branch is, and notes it. Errors: wal.ErrTruncated if the log of then is gone.
func (d *DB) Place(ctx context.Context, m Merge) (Merge, error) {
	var err error
	if m.At, err = d.Engine.FindPut(ctx, m.key(), m.Before); err != nil {
		return m, err
	}
	var g change.Group
	g.Put(m.key(), m.value(), 0)
	_, err = d.Engine.Commit(ctx, &g, engine.Async)
	return m, err
}
