package wal

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Record is one record of the log.
type Record struct {
	LSN     LSN    // of its first byte
	End     LSN    // of the commit that it is; the next record starts here or in the next segment
	Payload []byte // valid until the next call of Next
	Raw     []byte // the whole record as it stands in its segment; as Payload. Nil for what Log.Record has made
	Segment Segment

	fs  vfs.FS
	dir string
}

// Open opens the file that was appended with the record and tells its size.
func (r Record) Open() (f io.ReadCloser, size int64, err error) {
	file, err := r.fs.Open(r.fs.PathJoin(r.dir, attachmentName(r.LSN)), vfs.SequentialReadsOption)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// Record is the record that AppendAttached has written from start to end.
func (l *Log) Record(start, end LSN, payload []byte) Record {
	return Record{LSN: start, End: end, Payload: payload, fs: l.opts.FS, dir: l.dir}
}

// Reader reads records in order. It is for one goroutine.
type Reader struct {
	fs  vfs.FS
	dir string
	log *Log // nil: the files are nobody's; then segs is all there is

	segs []Segment // the segment being read first
	file vfs.File
	size int64 // of file, when it was last looked at
	pos  LSN
	link uint32
	// linked says that link is the checksum of what stands before pos. It is not known after starting in mid-segment.
	linked bool

	buf   []byte // file content from bufAt on
	bufAt int64
	// ended is set when a strict reader has seen the end: reading on would go past a torn tail.
	ended error
}

// OpenReader returns a strict reader of the log in dir, which nobody writes at the same time, from position from on;
// 0 means the oldest. Next returns io.EOF at the end of the log.
func OpenReader(fs vfs.FS, dir string, from LSN) (*Reader, error) {
	segs, err := loadSegments(fs, dir)
	if err != nil {
		return nil, err
	}
	r := &Reader{fs: fs, dir: dir, segs: segs}
	return r, r.seek(from)
}

// NewReader returns a reader that follows the log, from position from on; 0 means the oldest. Next waits for records to
// become durable. The caller holds the log (Hold) from there on, or must expect ErrTruncated.
func (l *Log) NewReader(from LSN) (*Reader, error) {
	r := &Reader{fs: l.opts.FS, dir: l.dir, log: l, segs: l.Segments()}
	return r, r.seek(from)
}

func (r *Reader) seek(from LSN) error {
	if len(r.segs) == 0 {
		r.ended = io.EOF
		return nil
	}
	if from == 0 {
		from = r.segs[0].Start
	}
	if from < r.segs[0].Start {
		return fmt.Errorf("read log from %s, kept from %s: %w", from, r.segs[0].Start, ErrTruncated)
	}
	i := 0
	for i+1 < len(r.segs) && r.segs[i+1].Start <= from {
		i++
	}
	r.segs = r.segs[i:]
	r.pos = from
	r.linked, r.link = from == r.segs[0].Start, r.segs[0].link
	return nil
}

// Pos is the position after the last record that Next returned.
func (r *Reader) Pos() LSN { return r.pos }

// Next returns the next record. A following reader waits for it; a strict one returns io.EOF at the end of the log.
// Other errors: *DamageError, ErrTruncated, the cause of ctx, what made the log fail.
func (r *Reader) Next(ctx context.Context) (Record, error) {
	if r.ended != nil {
		return Record{}, r.ended
	}
	if r.log != nil {
		if _, err := r.log.durable.Wait(ctx, r.pos+1); err != nil {
			return Record{}, err
		}
	}
	if err := r.nextSegment(); err != nil {
		return Record{}, err
	}
	rec, reason, err := r.read()
	switch {
	case err != nil:
		return Record{}, err
	case reason == "":
		return rec, nil
	}
	// Here is no record. In a segment that has a successor it must have been the end.
	if len(r.segs) > 1 || r.log != nil {
		return Record{}, damaged(r.pos, r.segs[0].Start, reason)
	}
	r.ended = io.EOF
	if holdsRecord(r.fs, r.dir, r.segs[0], r.pos) {
		r.ended = damaged(r.pos, r.segs[0].Start, reason)
	}
	return Record{}, r.ended
}

// TryNext is Next that does not wait: ok is false when nothing is durable after Pos, and at the end of a log that nobody writes.
func (r *Reader) TryNext(ctx context.Context) (rec Record, ok bool, err error) {
	if r.log != nil && r.log.durable.Load() <= r.pos {
		return Record{}, false, nil
	}
	rec, err = r.Next(ctx)
	if r.log == nil && err == io.EOF {
		return Record{}, false, nil
	}
	return rec, err == nil, err
}

// nextSegment moves on when the current segment is used up, and opens the file.
func (r *Reader) nextSegment() error {
	if r.log != nil && len(r.segs) == 1 && r.log.newestSegment() != r.segs[0].Start {
		all := r.log.Segments()
		for i := range all {
			if all[i].Start == r.segs[0].Start {
				r.segs = all[i:]
			}
		}
	}
	if len(r.segs) > 1 && r.pos >= r.segs[1].Start {
		if r.pos > r.segs[1].Start {
			return damaged(r.pos, r.segs[0].Start, "record runs over the end of its segment")
		}
		r.segs = r.segs[1:]
		r.linked, r.link = true, r.segs[0].link
		if err := r.Close(); err != nil {
			return err
		}
	}
	if r.file != nil {
		return nil
	}
	f, err := r.fs.Open(r.fs.PathJoin(r.dir, r.segs[0].name()))
	if err != nil {
		if r.log != nil && r.pos < r.log.OldestLSN() {
			return fmt.Errorf("read log at %s: %w", r.pos, ErrTruncated)
		}
		return fmt.Errorf("open log segment: %w", err)
	}
	r.file, r.size, r.buf = f, 0, r.buf[:0]
	return nil
}

const readChunk = 256 << 10

// fill makes n bytes at file offset off available. It returns fewer when the file is shorter.
// A following reader asks only for what is durable: nothing that it buffered can change afterwards.
func (r *Reader) fill(off int64, n int) ([]byte, error) {
	if off >= r.bufAt && off+int64(n) <= r.bufAt+int64(len(r.buf)) {
		return r.buf[off-r.bufAt:][:n], nil
	}
	want := max(n, readChunk)
	if r.log != nil {
		durable := int64(segmentHeader + r.log.durable.Load() - r.segs[0].Start)
		want = int(max(min(int64(want), durable-off), int64(n)))
	}
	if cap(r.buf) < want || cap(r.buf) > 4*want {
		r.buf = make([]byte, want)
	}
	r.buf = r.buf[:want]
	got, err := r.file.ReadAt(r.buf, off)
	r.buf, r.bufAt = r.buf[:got], off
	if err != nil && err != io.EOF {
		r.buf = r.buf[:0]
		return nil, fmt.Errorf("read log segment %s: %w", r.segs[0].name(), err)
	}
	return r.buf[:min(n, got)], nil
}

// read returns the record at pos, or the reason why there is none.
func (r *Reader) read() (rec Record, reason string, err error) {
	seg := r.segs[0].Start
	off := int64(segmentHeader + r.pos - seg)
	b, err := r.fill(off, headerSize)
	if err != nil {
		return rec, "", err
	}
	if len(b) < headerSize {
		return rec, "record header is missing", nil
	}
	h := parseHeader(b)
	if !h.plausible(r.pos) {
		return rec, "not a record header of this position", nil
	}
	if r.linked && h.link != r.link {
		return rec, "record does not follow the one before it", nil
	}
	if err := r.reach(off + int64(headerSize) + int64(h.length)); err != nil {
		return rec, "", err
	}
	if r.size < off+int64(headerSize)+int64(h.length) {
		return rec, "record is cut off", nil
	}
	whole, size := headerSize+int(h.length), int(recordSize(int(h.length)))
	if b, err = r.fill(off, size); err != nil {
		return rec, "", err
	}
	if len(b) < whole {
		return rec, "record is cut off", nil
	}
	if crc32.Checksum(b[4:whole], castagnoli) != h.crc {
		return rec, "record fails its checksum", nil
	}
	for _, pad := range b[whole:] {
		if pad != 0 {
			return rec, "bytes between records are not zero", nil
		}
	}
	rec = Record{LSN: r.pos, End: r.pos + LSN(size), Payload: b[headerSize:whole], Raw: b, Segment: r.segs[0], fs: r.fs, dir: r.dir}
	r.pos, r.link, r.linked = rec.End, h.crc, true
	return rec, "", nil
}

// reach looks up the size of the file when it is not known to be at least size: a damaged length must not become an
// allocation.
func (r *Reader) reach(size int64) error {
	if r.size >= size {
		return nil
	}
	info, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("stat log segment: %w", err)
	}
	r.size = info.Size()
	return nil
}

// Close closes the file. The reader may be used again afterwards.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// findEnd returns the position after the last record of the last of segs.
func findEnd(fs vfs.FS, dir string, segs []Segment) (LSN, error) {
	last := segs[len(segs)-1]
	r := &Reader{fs: fs, dir: dir, segs: []Segment{last}}
	if err := r.seek(last.Start); err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		if _, err := r.Next(context.Background()); err == io.EOF {
			return r.pos, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// holdsRecord reports whether seg holds, after position at, a whole record that was written when at was durable
// already. Such a record tells damage from a torn tail. Its link cannot be checked, its position and checksum can.
func holdsRecord(fs vfs.FS, dir string, seg Segment, at LSN) bool {
	f, err := fs.Open(fs.PathJoin(dir, seg.name()))
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	data := make([]byte, max(0, info.Size()-int64(segmentHeader+at-seg.Start)))
	n, _ := f.ReadAt(data, int64(segmentHeader+at-seg.Start))
	data = data[:n]
	// Records behind the first are looked for as well as one at the position itself: in a segment whose header is bad,
	// the first record stands there.
	for i := 0; i+headerSize <= len(data); i += alignment {
		pos := at + LSN(i)
		h := parseHeader(data[i:])
		if !h.plausible(pos) || (h.durable() <= at && !(seg.link == 0 && i == 0)) {
			continue
		}
		if end := i + headerSize + int(h.length); end <= len(data) && crc32.Checksum(data[i+4:end], castagnoli) == h.crc {
			return true
		}
	}
	return false
}
