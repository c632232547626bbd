package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/wal"
)

// ErrDamaged is wrapped where an object is not what was written (I8).
var ErrDamaged = errors.New("archive is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Names of objects. Numbers are of 16 hexadecimal digits, so that names stand in the order of positions.
const (
	logPrefix      = "wal/"      // wal/FROM-TO: a run of the log
	morePrefix     = "more/"     // more/LSN: the attachment of the record at LSN
	ingestedPrefix = "ingested/" // ingested/STAMP-NAME: a sorted file that came in past the log
	lostPrefix     = "lost/"     // lost/LSN: empty; the commit at LSN names a sorted file that is not in the archive
	basePrefix     = "base/"     // base/VALID-KEEP-MICROS: the list of a base's files
	filePrefix     = "file/"     // file/SHA256: one of those, among the files of all branches
)

func logKey(from, to wal.LSN) string {
	return fmt.Sprintf("%s%016X-%016X", logPrefix, uint64(from), uint64(to))
}
func moreKey(at wal.LSN) string { return fmt.Sprintf("%s%016X", morePrefix, uint64(at)) }
func lostKey(at wal.LSN) string { return fmt.Sprintf("%s%016X", lostPrefix, uint64(at)) }
func fileKey(sum Sum) string    { return filePrefix + sum.String() }

func ingestedKey(stamp wal.LSN, name string) string {
	return fmt.Sprintf("%s%016X-%s", ingestedPrefix, uint64(stamp), name)
}

func baseKey(b engine.Base) string {
	return fmt.Sprintf("%s%016X-%016X-%016X", basePrefix, uint64(b.Valid), uint64(b.Keep), uint64(b.Taken.UnixMicro()))
}

// numbers reads n hexadecimal numbers of 16 digits in upper case, with - between them.
func numbers(s string, n int) ([]uint64, bool) {
	if len(s) != n*17-1 {
		return nil, false
	}
	out := make([]uint64, n)
	for i := range out {
		digits := s[i*17 : i*17+16]
		v, err := strconv.ParseUint(digits, 16, 64)
		if err != nil || digits != strings.ToUpper(digits) || digits[0] == '+' || i > 0 && s[i*17-1] != '-' {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

func parseLogKey(key string) (from, to wal.LSN, ok bool) {
	rest, ok := strings.CutPrefix(key, logPrefix)
	n, ok2 := numbers(rest, 2)
	if !ok || !ok2 || n[0] >= n[1] {
		return 0, 0, false
	}
	return wal.LSN(n[0]), wal.LSN(n[1]), true
}

// parseKeyAt reads moreKey and lostKey.
func parseKeyAt(key, prefix string) (at wal.LSN, ok bool) {
	rest, ok := strings.CutPrefix(key, prefix)
	n, ok2 := numbers(rest, 1)
	if !ok || !ok2 {
		return 0, false
	}
	return wal.LSN(n[0]), true
}

func parseIngestedKey(key string) (stamp wal.LSN, name string, ok bool) {
	rest, ok := strings.CutPrefix(key, ingestedPrefix)
	if !ok || len(rest) < 18 || rest[16] != '-' || strings.Contains(rest[17:], "/") {
		return 0, "", false
	}
	n, ok := numbers(rest[:16], 1)
	if !ok {
		return 0, "", false
	}
	return wal.LSN(n[0]), rest[17:], true
}

func parseBaseKey(key string) (b engine.Base, ok bool) {
	rest, ok := strings.CutPrefix(key, basePrefix)
	n, ok2 := numbers(rest, 3)
	if !ok || !ok2 || n[1] > n[0] || n[2] >= 1<<62 {
		return b, false
	}
	return engine.Base{Valid: wal.LSN(n[0]), Keep: wal.LSN(n[1]), Taken: time.UnixMicro(int64(n[2]))}, true
}

// Sum is the SHA-256 of a file.
type Sum [sha256.Size]byte

func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText writes the sum in hexadecimal.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Sum) UnmarshalText(b []byte) error {
	if len(b) != 2*len(s) || !bytes.Equal(b, bytes.ToLower(b)) {
		return fmt.Errorf("%q is no SHA-256", b)
	}
	_, err := hex.Decode(s[:], b)
	return err
}

// A run of the log, little endian:
//
//	0            8         12        16               80                        end
//	+------------+---------+---------+----------------+------------------+--------+
//	| "TARNARCW" | 1       | 0       | segment header | records          | crc32c |
//	|            | version |         | 64 bytes       | as in the log    | of all |
//	+------------+---------+---------+----------------+------------------+--------+
const (
	runMagic   = "TARNARCW"
	runVersion = 1
	runHead    = 16 + wal.SegmentHeaderSize
)

func encodeRun(r wal.Raw) []byte {
	b := make([]byte, 0, runHead+len(r.Bytes)+4)
	b = append(b, runMagic...)
	b = binary.LittleEndian.AppendUint32(b, runVersion)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = append(b, r.Segment.Header()...)
	b = append(b, r.Bytes...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeRun reads the run from one position to another. The records themselves are verified by Raw.Records.
func decodeRun(b []byte, from, to wal.LSN) (r wal.Raw, err error) {
	switch {
	case len(b) < runHead+4 || string(b[:8]) != runMagic:
		return r, fmt.Errorf("%w: not a run of the log", ErrDamaged)
	case crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]):
		return r, fmt.Errorf("%w: checksum of a run of the log", ErrDamaged)
	case binary.LittleEndian.Uint32(b[8:]) != runVersion || binary.LittleEndian.Uint32(b[12:]) != 0:
		return r, fmt.Errorf("%w: format %d of a run of the log is not known", ErrDamaged, binary.LittleEndian.Uint32(b[8:]))
	}
	seg, err := wal.ParseSegment(b[16:runHead])
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r = wal.Raw{Segment: seg, From: from, Bytes: b[runHead : len(b)-4]}
	if r.End() != to || from < seg.Start || to <= from {
		return r, fmt.Errorf("%w: a run of the log from %s has %d bytes and should end at %s", ErrDamaged, from, len(r.Bytes), to)
	}
	return r, nil
}

// The end of an attachment or a sorted file, behind its bytes, little endian:
//
//	+------------+-----------------+----------------+
//	| "TARNARCB" | length 8        | crc32c 4       |
//	|            | of the bytes    | of all before  |
//	+------------+-----------------+----------------+
const (
	blobMagic = "TARNARCB"
	blobTail  = 8 + 8 + 4
)

// appendBlobTail appends the tail of size bytes whose checksum is crc.
func appendBlobTail(dst []byte, crc uint32, size int64) []byte {
	at := len(dst)
	dst = append(dst, blobMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(size))
	return binary.LittleEndian.AppendUint32(dst, crc32.Update(crc, castagnoli, dst[at:]))
}

// checkBlobTail verifies a tail against the bytes that stood before it.
func checkBlobTail(tail []byte, crc uint32, size int64) error {
	if !bytes.Equal(tail, appendBlobTail(nil, crc, size)) {
		return fmt.Errorf("%w: checksum", ErrDamaged)
	}
	return nil
}

// Manifest lists the files of a base. The object holds it as JSON, and on a second line the CRC-32C of the first.
type Manifest struct {
	Format int
	Valid  string // as the object's name has it
	Keep   string
	Micros int64
	Store  string // the store's id
	Files  []File
}

// File is a file of a base, in file/Sum.
type File struct {
	Name string
	Size int64 // bytes
	Sum  Sum
}

const manifestFormat = 1

func newManifest(b engine.Base, store wal.StoreID, files []File) Manifest {
	return Manifest{Format: manifestFormat, Valid: b.Valid.String(), Keep: b.Keep.String(), Micros: b.Taken.UnixMicro(),
		Store: store.String(), Files: files}
}

func (m Manifest) encode() ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(b, "\n%08x\n", crc32.Checksum(b, castagnoli)), nil
}

// decodeManifest reads the manifest of a base.
func decodeManifest(b []byte, of engine.Base) (m Manifest, err error) {
	const tail = len("\n00000000\n")
	if len(b) < tail || string(b[len(b)-tail:]) != fmt.Sprintf("\n%08x\n", crc32.Checksum(b[:len(b)-tail], castagnoli)) {
		return m, fmt.Errorf("%w: checksum of a base", ErrDamaged)
	}
	if err := json.Unmarshal(b[:len(b)-tail], &m); err != nil {
		return m, fmt.Errorf("%w: base: %w", ErrDamaged, err)
	}
	if m.Format != manifestFormat {
		return m, fmt.Errorf("%w: format %d of a base is not known", ErrDamaged, m.Format)
	}
	if m.Valid != of.Valid.String() || m.Keep != of.Keep.String() || m.Micros != of.Taken.UnixMicro() {
		return m, fmt.Errorf("%w: base of %s under the name of %s", ErrDamaged, m.Valid, of.Valid)
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		if f.Name == "" || strings.ContainsAny(f.Name, "/\\\x00") || f.Name == "." || f.Name == ".." || f.Size < 0 || seen[f.Name] {
			return m, fmt.Errorf("%w: base has a file %q of %d bytes", ErrDamaged, f.Name, f.Size)
		}
		seen[f.Name] = true
	}
	return m, nil
}

func parseStoreID(s string) (id wal.StoreID, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%w: %q is no store's id", ErrDamaged, s)
	}
	return wal.StoreID(b), nil
}
