package wal

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// A record, little endian. Records start at multiples of 8; the bytes between one record and the next are zero.
//
//	 0        4        8                 16       20         24
//	+--------+--------+-----------------+--------+----------+---------------+-----+
//	| crc32c | length | LSN of record   | link   | unsynced | payload       | pad |
//	+--------+--------+-----------------+--------+----------+---------------+-----+
//	crc32c    of everything after it up to the end of the payload
//	length    of the payload in bytes, never 0
//	LSN       the position of this record: a stale or moved record does not pass for a valid one
//	link      crc32c field of the record before it in the segment, or of the segment header
//	unsynced  bytes between the durable position when this was written and the record; all ones: that or more
const (
	headerSize = 24
	alignment  = 8
	// MaxPayload is the largest payload in bytes.
	MaxPayload = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func recordSize(payload int) LSN {
	return LSN(headerSize+payload+alignment-1) &^ (alignment - 1)
}

type header struct {
	crc      uint32
	length   uint32
	lsn      LSN
	link     uint32
	unsynced uint32
}

// appendHeader appends the header of the record of payload and returns its checksum too.
func appendHeader(dst, payload []byte, at, durable LSN, link uint32) ([]byte, uint32) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at))
	dst = binary.LittleEndian.AppendUint32(dst, link)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(min(uint64(at-durable), math.MaxUint32)))
	crc := crc32.Update(crc32.Checksum(dst[start+4:], castagnoli), castagnoli, payload)
	binary.LittleEndian.PutUint32(dst[start:], crc)
	return dst, crc
}

func parseHeader(b []byte) header {
	_ = b[headerSize-1]
	return header{
		crc:      binary.LittleEndian.Uint32(b),
		length:   binary.LittleEndian.Uint32(b[4:]),
		lsn:      LSN(binary.LittleEndian.Uint64(b[8:])),
		link:     binary.LittleEndian.Uint32(b[16:]),
		unsynced: binary.LittleEndian.Uint32(b[20:]),
	}
}

// durable is a lower bound of the position that was durable when the record was written.
func (h header) durable() LSN {
	if h.unsynced == math.MaxUint32 || LSN(h.unsynced) > h.lsn {
		return 0
	}
	return h.lsn - LSN(h.unsynced)
}

func (h header) plausible(at LSN) bool {
	return h.lsn == at && h.length > 0 && h.length <= MaxPayload
}
