package change

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A group that is too large for one payload goes on in a file of its own, its attachment, little endian:
//
//	 0             8         12   16
//	+-------------+---------+----+--------------------------------------------------+---
//	| "TARNMORE"  | version | 0  | length 4, crc32c 4 of the payload, payload        | further parts…
//	+-------------+---------+----+--------------------------------------------------+---
//
// A part is a payload as others are, with its own operations and row ids; its commit time is 0, that of the group holds. It has
// neither an attachment nor file records. The group's last operation, More, says how much there is.
const (
	moreMagic   = "TARNMORE"
	moreVersion = 1
	moreHeader  = 16
	frameHeader = 8
	// maxPart bounds a part: one value may be 1 GB.
	maxPart = 1<<30 + 1<<20
)

// flagMore in a payload's header: the last operation is More.
const flagMore = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// More says where a group's operations go on.
type More struct {
	Parts  uint64
	Bytes  uint64 // of the attachment
	RowEnd uint64 // no part has a row id that is as large; 0: there are no rows
}

// More makes the attachment part of the group. No operation comes after it.
func (g *Group) More(m More) {
	g.begin(KindMore)
	g.uvarint(m.Parts)
	g.uvarint(m.Bytes)
	g.uvarint(m.RowEnd)
	g.more = true
}

// MoreWriter writes the parts of an attachment.
type MoreWriter struct {
	w    io.Writer
	more More
	head [moreHeader]byte
}

// NewMoreWriter begins an attachment.
func NewMoreWriter(w io.Writer) (*MoreWriter, error) {
	m := &MoreWriter{w: w}
	copy(m.head[:], moreMagic)
	binary.LittleEndian.PutUint32(m.head[8:], moreVersion)
	_, err := w.Write(m.head[:])
	m.more.Bytes = moreHeader
	return m, err
}

// ErrPartTooLarge says that a single operation exceeds what a part can hold.
var ErrPartTooLarge = errors.New("operation is too large for the log")

// Add appends a part: g, with row ids from firstRowID on. whole, the group that the parts are of, learns the keys that the part's
// provisional ones become. see is shown the part's payload before it is written, for a writer may change what
// it is given.
func (m *MoreWriter) Add(whole, g *Group, xid, firstRowID uint64, see func(payload []byte) error) error {
	if err := g.Err(); err != nil {
		return err
	}
	if g.Size() > maxPart {
		return ErrPartTooLarge
	}
	p := g.Seal(xid, 0, firstRowID)
	for _, k := range g.keys {
		whole.finals = append(whole.finals, finalKey{TableOf(p[k.at-KeyPrefix:]), k.was, binary.BigEndian.Uint64(p[k.at:])})
	}
	if n := uint64(g.Rows()); n > 0 {
		m.more.RowEnd = max(m.more.RowEnd, firstRowID+n)
	}
	frame := m.head[:frameHeader]
	binary.LittleEndian.PutUint32(frame, uint32(len(p)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(p, castagnoli))
	size := len(p)
	if err := see(p); err != nil {
		return err
	}
	if _, err := m.w.Write(frame); err != nil {
		return err
	}
	if _, err := m.w.Write(p); err != nil {
		return err
	}
	m.more.Parts++
	m.more.Bytes += uint64(frameHeader + size)
	return nil
}

// Finish returns what the group says of the attachment.
func (m *MoreWriter) Finish() More { return m.more }

// Open opens the attachment of a payload and tells its size.
type Open func() (io.ReadCloser, int64, error)

// HasMore reports whether a payload has an attachment.
func HasMore(payload []byte) bool { return len(payload) > 1 && payload[1]&flagMore != 0 }

// DecodeWhole is Decode for a payload together with its attachment. The caller closes the decoder.
func DecodeWhole(payload []byte, open Open) (Decoder, error) {
	d, err := Decode(payload)
	d.open = open
	return d, err
}

// Large reports whether the payload has an attachment. The row ids in it were given out before the commit had its place in the log.
func (d *Decoder) Large() bool { return d.continued }

// Close closes the attachment, if it is open.
func (d *Decoder) Close() error {
	if d.parts == nil || d.parts.c == nil {
		return nil
	}
	c := d.parts.c
	d.parts.c = nil
	return c.Close()
}

// parts reads an attachment.
type parts struct {
	c    io.Closer
	r    *bufio.Reader
	more More
	read More // Parts and Bytes of what has been read
	buf  []byte
	part Decoder
}

// openParts begins with the attachment.
func (d *Decoder) openParts(more More) error {
	f, size, err := d.open()
	if err != nil {
		return fmt.Errorf("attachment: %w", err)
	}
	if size < 0 || uint64(size) != more.Bytes {
		return errors.Join(fmt.Errorf("%w: attachment of %d bytes, not %d", ErrMalformed, size, more.Bytes), f.Close())
	}
	d.parts = &parts{c: f, r: bufio.NewReaderSize(f, 256<<10), more: more}
	var head [moreHeader]byte
	if _, err := io.ReadFull(d.parts.r, head[:]); err != nil {
		return fmt.Errorf("%w: header of the attachment: %w", ErrMalformed, err)
	}
	if string(head[:8]) != moreMagic || binary.LittleEndian.Uint32(head[8:]) != moreVersion || binary.LittleEndian.Uint32(head[12:]) != 0 {
		return fmt.Errorf("%w: not an attachment of a known version", ErrMalformed)
	}
	d.parts.read.Bytes = moreHeader
	return nil
}

// next moves to the attachment's next operation.
func (p *parts) next(op *Op) (bool, error) {
	for {
		if p.part.Next(op) {
			if op.Kind == KindMore {
				return false, fmt.Errorf("%w: attachment of an attachment", ErrMalformed)
			}
			return true, nil
		}
		if err := p.part.Err(); err != nil {
			return false, fmt.Errorf("part %d of the attachment: %w", p.read.Parts, err)
		}
		if p.read.Parts == p.more.Parts {
			if p.read.Bytes != p.more.Bytes {
				return false, fmt.Errorf("%w: attachment of %d bytes, not %d", ErrMalformed, p.read.Bytes, p.more.Bytes)
			}
			return false, nil
		}
		if err := p.load(); err != nil {
			return false, fmt.Errorf("part %d of the attachment: %w", p.read.Parts+1, err)
		}
	}
}

// load reads the next part.
func (p *parts) load() error {
	var frame [frameHeader]byte
	if _, err := io.ReadFull(p.r, frame[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	n := uint64(binary.LittleEndian.Uint32(frame[:]))
	// A damaged length must not become an allocation of more than the file has.
	if n > maxPart || p.read.Bytes+frameHeader+n > p.more.Bytes {
		return fmt.Errorf("%w: length %d", ErrMalformed, n)
	}
	if uint64(cap(p.buf)) < n {
		p.buf = nil // not held beside the new one
		p.buf = make([]byte, n)
	}
	p.buf = p.buf[:n]
	if _, err := io.ReadFull(p.r, p.buf); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if crc32.Checksum(p.buf, castagnoli) != binary.LittleEndian.Uint32(frame[4:]) {
		return fmt.Errorf("%w: checksum", ErrMalformed)
	}
	p.read.Parts++
	p.read.Bytes += frameHeader + n
	var err error
	p.part, err = Decode(p.buf)
	return err
}
