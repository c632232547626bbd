package change

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// ErrMalformed is wrapped by every decoding error.
var ErrMalformed = errors.New("malformed log payload")

// Header is what is known of a transaction before its operations.
type Header struct {
	XID          uint64
	CommitMicros int64 // Unix time, microseconds
	Origin       uint32
	FirstRowID   uint64
	Rows         uint32 // primary rows put; their ids are FirstRowID and up
	Ops          uint32
}

// CommitTime is CommitMicros as a time.
func (h Header) CommitTime() time.Time { return time.UnixMicro(h.CommitMicros).UTC() }

// Op is one operation. Its slices point into the payload.
type Op struct {
	Kind     Kind
	OldRowID uint64 // Put, Delete
	// Key of Put and Delete; low end, included, of DeleteRange.
	Key []byte
	// Value of Put, high end, excluded, of DeleteRange, content of Message, FileAdd and FileRemove, encoded Schema.
	Value  []byte
	Table  uint32 // FileAdd, FileRemove, IngestBegin, Ingest
	Index  uint16 // IngestBegin, Ingest
	Prefix []byte // Message
	Epoch  uint64 // Open

	More More // More

	FirstRowID, RowCount uint64 // Ingest
	files                []byte
	fileCount            int
}

// RowID is the row id in the value of a Put of a primary row, else 0.
func (o *Op) RowID() uint64 {
	if o.Kind != KindPut || IndexOf(o.Key) != PrimaryIndex {
		return 0
	}
	return binary.LittleEndian.Uint64(o.Value)
}

// Ingest describes sorted files of an index that a transaction brought in.
type Ingest struct {
	Table      uint32
	Index      uint16
	FirstRowID uint64
	RowCount   uint64
	Files      []string
}

// Ingest returns the operation as an Ingest; it copies.
func (o *Op) Ingest() Ingest {
	in := Ingest{Table: o.Table, Index: o.Index, FirstRowID: o.FirstRowID, RowCount: o.RowCount}
	d := Decoder{rest: o.files}
	for range o.fileCount {
		in.Files = append(in.Files, string(d.bytes()))
	}
	return in
}

// Decoder walks the operations of a payload.
//
//	d, err := change.Decode(payload)
//	for d.Next(&op) { … }
//	err = d.Err()
type Decoder struct {
	Header
	rest []byte
	left uint32
	rows uint32
	err  error
	// continued: the last operation must be More, else none may be.
	continued bool

	open  Open   // of DecodeWhole
	parts *parts // of the attachment, from its operation on
}

// Decode starts to read a payload, which must not change while the decoder and its Ops are in use.
func Decode(payload []byte) (d Decoder, err error) {
	if len(payload) < headerSize {
		return d, fmt.Errorf("%w: %d bytes are no header", ErrMalformed, len(payload))
	}
	if payload[0] != formatVersion {
		return d, fmt.Errorf("%w: format version %d is not known", ErrMalformed, payload[0])
	}
	if payload[1]&^flagMore != 0 || payload[2] != 0 || payload[3] != 0 {
		return d, fmt.Errorf("%w: unknown flags", ErrMalformed)
	}
	d.Header = Header{
		Ops:          binary.LittleEndian.Uint32(payload[4:]),
		XID:          binary.LittleEndian.Uint64(payload[8:]),
		CommitMicros: int64(binary.LittleEndian.Uint64(payload[16:])),
		FirstRowID:   binary.LittleEndian.Uint64(payload[24:]),
		Origin:       binary.LittleEndian.Uint32(payload[32:]),
		Rows:         binary.LittleEndian.Uint32(payload[36:]),
	}
	if payload[1] == flagMore && d.Ops == 0 {
		return d, fmt.Errorf("%w: no operation names the attachment", ErrMalformed)
	}
	d.rest, d.left, d.continued = payload[headerSize:], d.Ops, payload[1]&flagMore != 0
	return d, nil
}

// Err is the reason for which Next returned false, nil at a proper end.
func (d *Decoder) Err() error { return d.err }

func (d *Decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: operation %d: %s", ErrMalformed, d.Ops-d.left, what)
	}
}

// Next reads the next operation into op. It returns false at the end and on an error.
func (d *Decoder) Next(op *Op) bool {
	if d.err != nil {
		return false
	}
	if d.parts != nil {
		more, err := d.parts.next(op)
		if !more {
			d.err = errors.Join(err, d.Close())
		}
		return more
	}
	if d.left == 0 {
		if len(d.rest) != 0 {
			d.fail("bytes after the last operation")
		} else if d.rows != d.Rows {
			d.fail("row count does not match the rows")
		}
		return false
	}
	if len(d.rest) == 0 {
		d.fail("missing")
		return false
	}
	*op = Op{Kind: Kind(d.rest[0])}
	d.rest = d.rest[1:]
	switch op.Kind {
	case KindPut:
		op.OldRowID = d.uvarint()
		op.Key = d.key()
		op.Value = d.bytes()
		if d.err == nil && IndexOf(op.Key) == PrimaryIndex {
			if len(op.Value) < RowIDSize || binary.LittleEndian.Uint64(op.Value) != d.FirstRowID+uint64(d.rows) {
				d.fail("row id does not match its place")
			}
			d.rows++
		}
	case KindDelete:
		op.OldRowID = d.uvarint()
		op.Key = d.key()
	case KindDeleteRange:
		op.Key = d.key()
		op.Value = d.bytes()
		if d.err == nil && string(op.Key) >= string(op.Value) {
			d.fail("key range ends before it starts")
		}
	case KindSchema:
		op.Value = d.bytes()
	case KindFileAdd, KindFileRemove:
		op.Table = d.uint32()
		op.Value = d.bytes()
	case KindIngestBegin:
		op.Table = d.uint32()
		op.Index = d.uint16()
	case KindIngest:
		op.Table = d.uint32()
		op.Index = d.uint16()
		op.FirstRowID = d.uvarint()
		op.RowCount = d.uvarint()
		d.files(op)
	case KindMessage:
		op.Prefix = d.bytes()
		op.Value = d.bytes()
	case KindOpen:
		op.Epoch = d.uvarint()
	case KindMore:
		op.More = More{Parts: d.uvarint(), Bytes: d.uvarint(), RowEnd: d.uvarint()}
	default:
		d.fail(op.Kind.String() + " is not known")
	}
	d.left--
	if (op.Kind == KindMore) != (d.continued && d.left == 0) {
		d.fail("attachment in the wrong place")
	}
	if op.Kind == KindMore && d.err == nil && d.open != nil {
		if err := d.openParts(op.More); err != nil {
			d.err = errors.Join(err, d.Close())
		}
	}
	return d.err == nil
}

func (d *Decoder) files(op *Op) {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail("more file names than bytes")
		return
	}
	start := d.rest
	for range n {
		d.bytes()
	}
	op.files, op.fileCount = start[:len(start)-len(d.rest)], int(n)
}

func (d *Decoder) uvarint() uint64 {
	// One byte is by far the most frequent length.
	if len(d.rest) > 0 && d.rest[0] < 0x80 {
		v := d.rest[0]
		d.rest = d.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail("number is cut off or too large")
		return 0
	}
	if n > 1 && d.rest[n-1] == 0 {
		d.fail("number is longer than needed")
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *Decoder) uint32() uint32 {
	v := d.uvarint()
	if v > 1<<32-1 {
		d.fail("number exceeds 32 bits")
	}
	return uint32(v)
}

func (d *Decoder) uint16() uint16 {
	v := d.uvarint()
	if v > 1<<16-1 {
		d.fail("number exceeds 16 bits")
	}
	return uint16(v)
}

func (d *Decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail("string is cut off")
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *Decoder) key() []byte {
	b := d.bytes()
	if d.err == nil && len(b) < KeyPrefix {
		d.fail("key is too short")
	}
	return b
}
