package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Raw is a run of whole records of one segment, byte for byte as they stand in its file, for those who keep the log elsewhere.
type Raw struct {
	Segment Segment
	From    LSN    // of the first record
	Bytes   []byte // whole records with their padding
}

// SegmentHeaderSize is the length of a segment's header in bytes.
const SegmentHeaderSize = segmentHeader

// End is the position after the last record.
func (r Raw) End() LSN { return r.From + LSN(len(r.Bytes)) }

// Header is the segment's header as it stands in the file.
func (s Segment) Header() []byte { return appendSegmentHeader(nil, &s) }

// ParseSegment reads what Header has written.
func ParseSegment(header []byte) (Segment, error) {
	if len(header) < segmentHeader {
		return Segment{}, errors.New("segment header is cut off")
	}
	s, reason := parseSegmentHeader(header, LSN(binary.LittleEndian.Uint64(header[16:])))
	if reason != "" {
		return s, errors.New(reason)
	}
	return s, nil
}

// Follows reports whether the segment comes right after another one, which it names.
func (s Segment) Follows(before Segment) bool {
	return s.prev == before.Start && s.Start > before.Start
}

// Records verifies the records and calls f with each; nil: only verifies. link is the checksum of the record before the run, as an
// earlier call has returned it, and counts if linked is true or the run begins its segment. Errors: *DamageError, and f's.
func (r Raw) Records(link uint32, linked bool, f func(Record) error) (last uint32, err error) {
	if r.From < r.Segment.Start {
		return 0, damaged(r.From, r.Segment.Start, "records stand before their segment")
	}
	if r.From == r.Segment.Start {
		link, linked = r.Segment.link, true
	}
	for at, b := r.From, r.Bytes; len(b) > 0; {
		if len(b) < headerSize {
			return 0, damaged(at, r.Segment.Start, "record header is missing")
		}
		h := parseHeader(b)
		switch {
		case !h.plausible(at):
			return 0, damaged(at, r.Segment.Start, "not a record header of this position")
		case linked && h.link != link:
			return 0, damaged(at, r.Segment.Start, "record does not follow the one before it")
		}
		size, whole := recordSize(int(h.length)), headerSize+int(h.length)
		if LSN(len(b)) < size {
			return 0, damaged(at, r.Segment.Start, "record is cut off")
		}
		if crc32.Checksum(b[4:whole], castagnoli) != h.crc {
			return 0, damaged(at, r.Segment.Start, "record fails its checksum")
		}
		for _, pad := range b[whole:size] {
			if pad != 0 {
				return 0, damaged(at, r.Segment.Start, "bytes between records are not zero")
			}
		}
		link, linked = h.crc, true
		if f != nil {
			if err := f(Record{LSN: at, End: at + size, Payload: b[headerSize:whole], Raw: b[:size], Segment: r.Segment}); err != nil {
				return 0, err
			}
		}
		at, b = at+size, b[size:]
	}
	return link, nil
}

// Builder makes a log of runs that were kept elsewhere. It is for one goroutine.
type Builder struct {
	fs  vfs.FS
	dir string

	file vfs.File
	seg  Segment
	end  LSN
	link uint32
}

// NewBuilder makes a log in dir, which must exist and hold none.
func NewBuilder(fs vfs.FS, dir string) *Builder { return &Builder{fs: fs, dir: dir} }

// End is the position up to which the log goes; 0: nothing has been added.
func (b *Builder) End() LSN { return b.end }

// Add appends a run. The first one begins its segment; each other one begins at the end of the log or before it, and what the log
// has already is left out.
func (b *Builder) Add(r Raw) error {
	if b.end != 0 && r.End() <= b.end {
		return nil
	}
	if b.file == nil || r.Segment.Start != b.seg.Start {
		if err := b.next(r); err != nil {
			return err
		}
	}
	if r.From > b.end {
		return damaged(b.end, b.seg.Start, fmt.Sprintf("the log goes on at %s only", r.From))
	}
	// What is there already has been verified by an earlier call, and ends where a record ends.
	link := b.link
	rest := Raw{Segment: r.Segment, From: b.end, Bytes: r.Bytes[b.end-r.From:]}
	last, err := rest.Records(link, true, nil)
	if err != nil {
		return err
	}
	if _, err := b.file.Write(rest.Bytes); err != nil {
		return fmt.Errorf("write log segment %s: %w", b.seg.name(), err)
	}
	b.end, b.link = rest.End(), last
	return nil
}

// next begins the segment of r.
func (b *Builder) next(r Raw) error {
	switch {
	case r.From != r.Segment.Start:
		return damaged(r.From, r.Segment.Start, "the beginning of the segment is missing")
	case b.file != nil && (r.Segment.Start != b.end || !r.Segment.Follows(b.seg)):
		return damaged(r.From, r.Segment.Start, fmt.Sprintf("segment does not follow the one from %s to %s", b.seg.Start, b.end))
	}
	if err := b.Close(); err != nil {
		return err
	}
	f, err := b.fs.Create(b.fs.PathJoin(b.dir, r.Segment.name()), fileCategory)
	if err != nil {
		return fmt.Errorf("create log segment: %w", err)
	}
	b.file, b.seg, b.end, b.link = f, r.Segment, r.Segment.Start, r.Segment.link
	if _, err := f.Write(r.Segment.Header()); err != nil {
		return fmt.Errorf("write log segment %s: %w", b.seg.name(), err)
	}
	return nil
}

// Origin is the store that wrote the newest segment of what has been added.
func (b *Builder) Origin() (StoreID, error) {
	if b.end == 0 {
		return StoreID{}, errors.New("no log was added")
	}
	return b.seg.Store, nil
}

// Attachment makes the file that belongs to the record at a position. The caller closes it.
func (b *Builder) Attachment(at LSN) (vfs.File, error) {
	f, err := b.fs.Create(b.fs.PathJoin(b.dir, attachmentName(at)), fileCategory)
	if err != nil {
		return nil, fmt.Errorf("create attachment of the log: %w", err)
	}
	return f, nil
}

// Close makes the segment that was written last durable, but not the directory. Nothing may be added afterwards.
func (b *Builder) Close() error {
	if b.file == nil {
		return nil
	}
	err := errors.Join(b.file.Sync(), b.file.Close())
	b.file = nil
	return err
}

// Cut ends the log in dir, which nobody has open, at a position, the end of a record. Its files are not shared with another log.
// Nothing is synced.
func Cut(fs vfs.FS, dir string, to LSN) error {
	segs, err := loadSegments(fs, dir)
	if err != nil {
		return err
	}
	for i, s := range segs {
		path := fs.PathJoin(dir, s.name())
		switch {
		case s.Start >= to && i > 0:
			err = fs.Remove(path)
		case i+1 == len(segs) || segs[i+1].Start > to:
			if err = copyPrefix(fs, path, path+newSuffix, int64(segmentHeader+to-s.Start)); err == nil {
				err = fs.Rename(path+newSuffix, path)
			}
		}
		if err != nil {
			return fmt.Errorf("cut log segment %s at %s: %w", s.name(), to, err)
		}
	}
	names, err := fs.List(dir)
	if err != nil {
		return fmt.Errorf("list attachments of the log: %w", err)
	}
	for _, name := range names {
		if at, ok := parseFileName(name, attachmentSuffix); ok && at >= to {
			if err := fs.Remove(fs.PathJoin(dir, name)); err != nil && !oserror.IsNotExist(err) {
				return fmt.Errorf("remove attachment of the log: %w", err)
			}
		}
	}
	return nil
}
