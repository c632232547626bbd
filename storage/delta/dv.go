package delta

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/url"
	"path"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/tarndb/tarn/storage/object"
)

// A deletion vector file. Numbers outside of a payload are big endian, inside little endian.
//
//	+---------+------------+-----------+------------+------------+----
//	| u8 1    | i32 size   | payload   | i32 CRC-32 | i32 size   | …
//	+---------+------------+-----------+------------+------------+----
//	          ^ offset of a descriptor
//
//	payload:
//	+-------------------+--------------+-----------------------+-------------------------+----
//	| u32 0x6439D3D1    | u64 buckets  | u32 key of bucket     | 32-bit roaring bitmap   | …
//	+-------------------+--------------+-----------------------+-------------------------+----
//
// The key of a bucket is the high half of its positions; buckets ascend. The CRC is IEEE and covers the payload.
const (
	dvMagic       = 1681511377
	dvFileVersion = 1
)

// A file of ours has fewer than 2^32 rows, so one bucket does; a vector of another writer with more is refused.

// AppendDV appends the payload of a vector.
func AppendDV(dst []byte, rows *roaring.Bitmap) ([]byte, error) {
	dst = binary.LittleEndian.AppendUint32(dst, dvMagic)
	dst = binary.LittleEndian.AppendUint64(dst, 1)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	b, err := rows.ToBytes()
	if err != nil {
		return nil, fmt.Errorf("encode deletion vector: %w", err)
	}
	return append(dst, b...), nil
}

// DecodeDV reads a payload.
func DecodeDV(b []byte) (*roaring.Bitmap, error) {
	bad := func(what string) (*roaring.Bitmap, error) {
		return nil, fmt.Errorf("%w: deletion vector: %s", ErrCorrupt, what)
	}
	if len(b) < 12 || binary.LittleEndian.Uint32(b) != dvMagic {
		return bad("wrong magic number")
	}
	n := binary.LittleEndian.Uint64(b[4:])
	r := bytes.NewReader(b[12:])
	out := roaring.New()
	for i := range n {
		var key uint32
		if err := binary.Read(r, binary.LittleEndian, &key); err != nil {
			return bad("is cut off")
		}
		m := roaring.New()
		if _, err := m.ReadFrom(r); err != nil {
			return bad(err.Error())
		}
		if err := m.Validate(); err != nil && !m.IsEmpty() {
			return bad(err.Error())
		}
		switch {
		case key == 0 && i == 0:
			out = m
		case m.IsEmpty():
		default:
			return nil, fmt.Errorf("%w: deletion vector with positions above 2^32", ErrFeature)
		}
	}
	if r.Len() != 0 {
		return bad("bytes after the last bucket")
	}
	return out, nil
}

// DVFile collects the vectors of one commit in one file.
type DVFile struct {
	id  uuid.UUID
	buf []byte
}

// NewDVFile starts a file with a fresh name.
func NewDVFile() *DVFile { return &DVFile{id: uuid.New(), buf: []byte{dvFileVersion}} }

// Key is the file's name in the table's store.
func (f *DVFile) Key() string { return "deletion_vector_" + f.id.String() + ".bin" }

// Add appends a vector and returns its descriptor.
func (f *DVFile) Add(rows *roaring.Bitmap) (*DVDescriptor, error) {
	start := len(f.buf)
	f.buf = append(f.buf, 0, 0, 0, 0)
	buf, err := AppendDV(f.buf, rows)
	if err != nil {
		return nil, err
	}
	payload := buf[start+4:]
	binary.BigEndian.PutUint32(buf[start:], uint32(len(payload)))
	f.buf = binary.BigEndian.AppendUint32(buf, crc32.ChecksumIEEE(payload))
	off := int32(start)
	return &DVDescriptor{StorageType: "u", PathOrInlineDV: z85Encode(f.id[:]), Offset: &off,
		SizeInBytes: int32(len(payload)), Cardinality: int64(rows.GetCardinality())}, nil
}

// Empty reports whether no vector was added.
func (f *DVFile) Empty() bool { return len(f.buf) == 1 }

// Write makes the file durable. It must precede the commit that names it.
func (f *DVFile) Write(ctx context.Context, s object.Store) error {
	return s.PutIfAbsent(ctx, f.Key(), f.buf)
}

// Key is the vector's file in the table's store; "" for an inline one. Absolute addresses give ErrFeature.
func (d *DVDescriptor) Key() (string, error) {
	switch d.StorageType {
	case "i":
		return "", nil
	case "u":
		n := len(d.PathOrInlineDV) - 20
		if n < 0 {
			return "", fmt.Errorf("%w: deletion vector name %q", ErrCorrupt, d.PathOrInlineDV)
		}
		raw, err := z85Decode(d.PathOrInlineDV[n:])
		if err != nil || len(raw) != 16 {
			return "", fmt.Errorf("%w: deletion vector name %q", ErrCorrupt, d.PathOrInlineDV)
		}
		return path.Join(d.PathOrInlineDV[:n], "deletion_vector_"+uuid.UUID(raw).String()+".bin"), nil
	case "p":
		return "", fmt.Errorf("%w: deletion vector at an absolute path", ErrFeature)
	}
	return "", fmt.Errorf("%w: deletion vector storage type %q", ErrCorrupt, d.StorageType)
}

// ReadDV reads the vector that a descriptor names and checks size, checksum and cardinality (I8).
func ReadDV(ctx context.Context, s object.Store, d *DVDescriptor) (*roaring.Bitmap, error) {
	key, err := d.Key()
	if err != nil {
		return nil, err
	}
	if key != "" {
		return readDVFile(ctx, s, key, d)
	}
	payload, err := z85Decode(d.PathOrInlineDV)
	if err != nil || d.SizeInBytes < 0 || len(payload) < int(d.SizeInBytes) {
		return nil, fmt.Errorf("%w: inline deletion vector", ErrCorrupt)
	}
	return d.decode(payload[:d.SizeInBytes])
}

func readDVFile(ctx context.Context, s object.Store, key string, d *DVDescriptor) (*roaring.Bitmap, error) {
	var off int64
	if d.Offset != nil {
		off = int64(*d.Offset)
	}
	if d.SizeInBytes < 0 || off < 0 {
		return nil, fmt.Errorf("%w: deletion vector %s@%d: negative place", ErrCorrupt, key, off)
	}
	rec, err := s.GetRange(ctx, key, off, int64(d.SizeInBytes)+8)
	if err != nil {
		return nil, fmt.Errorf("read deletion vector: %w", err)
	}
	if int32(binary.BigEndian.Uint32(rec)) != d.SizeInBytes {
		return nil, fmt.Errorf("%w: deletion vector %s@%d: size differs from its descriptor", ErrCorrupt, key, off)
	}
	payload := rec[4 : len(rec)-4]
	if crc32.ChecksumIEEE(payload) != binary.BigEndian.Uint32(rec[len(rec)-4:]) {
		return nil, fmt.Errorf("%w: deletion vector %s@%d: checksum", ErrCorrupt, key, off)
	}
	return d.decode(payload)
}

func (d *DVDescriptor) decode(payload []byte) (*roaring.Bitmap, error) {
	rows, err := DecodeDV(payload)
	if err != nil {
		return nil, err
	}
	if int64(rows.GetCardinality()) != d.Cardinality {
		return nil, fmt.Errorf("%w: deletion vector has %d rows, its descriptor says %d", ErrCorrupt, rows.GetCardinality(), d.Cardinality)
	}
	return rows, nil
}

const z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// z85Encode takes a multiple of four bytes.
func z85Encode(b []byte) string {
	out := make([]byte, 0, len(b)/4*5)
	for ; len(b) >= 4; b = b[4:] {
		n := binary.BigEndian.Uint32(b)
		var c [5]byte
		for i := 4; i >= 0; i-- {
			c[i] = z85[n%85]
			n /= 85
		}
		out = append(out, c[:]...)
	}
	return string(out)
}

// z85Decode also takes what the z85 library of Rust writes for a tail of one to three bytes: a last group that is filled
// up at its front with #, which no full group can begin with.
func z85Decode(s string) ([]byte, error) {
	if len(s)%5 != 0 {
		return nil, fmt.Errorf("Z85 text of %d characters", len(s))
	}
	var out []byte
	for ; len(s) > 0; s = s[5:] {
		group, size := s[:5], 4
		if len(s) == 5 {
			for size > 1 && group[0] == '#' {
				group, size = group[1:], size-1
			}
		}
		var n uint64
		for _, c := range []byte(group) {
			i := strings.IndexByte(z85, c)
			if i < 0 {
				return nil, fmt.Errorf("Z85 text with %q", c)
			}
			n = n*85 + uint64(i)
		}
		if n >= 1<<(8*size) {
			return nil, fmt.Errorf("Z85 text is out of range")
		}
		for i := size - 1; i >= 0; i-- {
			out = append(out, byte(n>>(8*i)))
		}
	}
	return out, nil
}

// DataKey is the key of an add's or remove's file in the table's store. Absolute addresses give ErrFeature.
func DataKey(uri string) (string, error) {
	if strings.HasPrefix(uri, "/") || strings.Contains(uri, "://") || strings.HasPrefix(uri, "file:") {
		return "", fmt.Errorf("%w: data file at an absolute path", ErrFeature)
	}
	key, err := url.PathUnescape(uri)
	if err != nil {
		return "", fmt.Errorf("%w: file path %q", ErrCorrupt, uri)
	}
	return key, nil
}
