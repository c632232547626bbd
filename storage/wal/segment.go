package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A segment file starts with a header, little endian; records follow. Byte p of the log stands at file offset
// segmentHeader + p - start. Zeros after the last record are space that is reserved for later ones.
//
//	 0            8         12        16                24                32               48            60     64
//	+------------+---------+---------+-----------------+-----------------+----------------+-------------+------+
//	| "TARNWAL\0"| version | 0       | start LSN       | start of prev   | store id       | 0           |crc32c|
//	+------------+---------+---------+-----------------+-----------------+----------------+-------------+------+
//	start of prev  start of the segment before this one, 0 for the first of a store: shows a missing file
//	crc32c         of the 60 bytes before it
const (
	segmentHeader  = 64
	segmentMagic   = "TARNWAL\x00"
	segmentVersion = 1
	segmentSuffix  = ".wal"
	newSuffix      = ".new" // while it is made
	newSegment     = segmentSuffix + newSuffix
)

// StoreID names the store that wrote a segment. A branch keeps segments of its parent.
type StoreID [16]byte

func (id StoreID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// Segment is one file of the log.
type Segment struct {
	Start LSN
	prev  LSN
	link  uint32
	Store StoreID
}

func (s Segment) name() string { return segmentName(s.Start) }

func segmentName(start LSN) string { return fileName(start, segmentSuffix) }

// fileName is the name of a file of the log that belongs to a position.
func fileName(at LSN, suffix string) string { return fmt.Sprintf("%016X%s", uint64(at), suffix) }

func parseFileName(name, suffix string) (LSN, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return LSN(n), err == nil
}

func appendSegmentHeader(dst []byte, s *Segment) []byte {
	at := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, segmentVersion)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.Start))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.prev))
	dst = append(dst, s.Store[:]...)
	dst = append(dst, make([]byte, 12)...)
	s.link = crc32.Checksum(dst[at:], castagnoli)
	return binary.LittleEndian.AppendUint32(dst, s.link)
}

// parseSegmentHeader returns a reason when b is not the header of the segment that starts at start.
func parseSegmentHeader(b []byte, start LSN) (Segment, string) {
	s := Segment{Start: start}
	switch {
	case len(b) < segmentHeader:
		return s, "segment header is cut off"
	case string(b[:8]) != segmentMagic:
		return s, "not a log segment"
	}
	s.link = binary.LittleEndian.Uint32(b[60:])
	switch {
	case crc32.Checksum(b[:60], castagnoli) != s.link:
		return s, "segment header fails its checksum"
	case binary.LittleEndian.Uint32(b[8:]) != segmentVersion:
		return s, fmt.Sprintf("segment format %d is not known", binary.LittleEndian.Uint32(b[8:]))
	case LSN(binary.LittleEndian.Uint64(b[16:])) != start:
		return s, "segment header names another position than the file"
	}
	s.prev = LSN(binary.LittleEndian.Uint64(b[24:]))
	copy(s.Store[:], b[32:48])
	return s, ""
}

// listSegments returns the starts of the segment files in dir, ascending.
func listSegments(fs vfs.FS, dir string) ([]LSN, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list log segments: %w", err)
	}
	var starts []LSN
	for _, name := range names {
		if start, ok := parseFileName(name, segmentSuffix); ok {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	return starts, nil
}

func readSegmentHeader(fs vfs.FS, dir string, start LSN) (seg Segment, reason string, err error) {
	f, err := fs.Open(fs.PathJoin(dir, segmentName(start)))
	if err != nil {
		return Segment{}, "", fmt.Errorf("open log segment: %w", err)
	}
	defer f.Close()
	var b [segmentHeader]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && err != io.EOF {
		return Segment{}, "", fmt.Errorf("read log segment %s: %w", segmentName(start), err)
	}
	seg, reason = parseSegmentHeader(b[:n], start)
	return seg, reason, nil
}

func damaged(at LSN, seg LSN, reason string) *DamageError {
	return &DamageError{At: at, File: segmentName(seg), Offset: int64(segmentHeader + at - seg), Reason: reason}
}
