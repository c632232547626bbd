package kv

import (
	"encoding/binary"

	"fmt"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/wal"
)

// State is written with every batch under one key of table 0: what holds after the log up to LSN has been applied.
//
//	 0     8              16         24      32
//	+-----+--------------+----------+-------+   little endian
//	| LSN | next row id  | next xid | epoch |
//	+-----+--------------+----------+-------+
type State struct {
	LSN       wal.LSN
	NextRowID uint64
	NextXID   uint64
	Epoch     uint64 // number of times that the store was opened
}

const stateSize = 32

// Keys of table 0, index 0. Markers of ingests in progress: ingestPrefix, table storage id, index (big endian), no value.
const (
	stateKey     = "\x00\x00\x00\x00\x00\x00applied"
	ingestPrefix = "\x00\x00\x00\x00\x00\x00ingest\x00"
)

func (s State) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(s.LSN))
	b = binary.LittleEndian.AppendUint64(b, s.NextRowID)
	b = binary.LittleEndian.AppendUint64(b, s.NextXID)
	return binary.LittleEndian.AppendUint64(b, s.Epoch)
}

func parseState(b []byte) (State, error) {
	if len(b) != stateSize {
		return State{}, fmt.Errorf("applied state has %d bytes", len(b))
	}
	return State{
		LSN:       wal.LSN(binary.LittleEndian.Uint64(b)),
		NextRowID: binary.LittleEndian.Uint64(b[8:]),
		NextXID:   binary.LittleEndian.Uint64(b[16:]),
		Epoch:     binary.LittleEndian.Uint64(b[24:]),
	}, nil
}

// Advance is the state after a transaction with header h whose record ends at end; Ingest and Open operations are
// counted by Apply.
func (s *State) advance(h *change.Header, end wal.LSN) {
	s.LSN = end
	s.NextRowID = max(s.NextRowID, h.FirstRowID+uint64(h.Rows))
	s.NextXID = max(s.NextXID, h.XID+1)
}

func ingestMarker(dst []byte, table uint32, index uint16) []byte {
	return change.AppendKeyPrefix(append(dst, ingestPrefix...), table, index)
}
