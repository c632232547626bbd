package wal

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options configures a log. The zero value of each field means its default.
type Options struct {
	FS    vfs.FS  // default: the operating system's
	Store StoreID // written into the segments that this log creates
	// SegmentBytes is the size at which a new segment is started; default 64 MB.
	SegmentBytes int64
	// ReserveBytes is how much zeroed space the file gets ahead of the records, so that most syncs need not write file
	// metadata as well; default 256 KB. Negative: none.
	ReserveBytes int64
	// Start is where a new log begins; default FirstLSN.
	Start LSN
	// MustExist makes it damage that there is no log.
	MustExist bool
	// OnFatal is called once, when the log has failed for good.
	OnFatal func(error)
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.ReserveBytes == 0 {
		o.ReserveBytes = 256 << 10
	}
	if o.Start == 0 {
		o.Start = FirstLSN
	}
	return o
}

// fileCategory is how Pebble's file system accounts for writes of the log.
const fileCategory = vfs.WriteCategoryUnspecified

// Log writes a log and knows its segments. Append and SyncTo may be called by any number of goroutines.
type Log struct {
	opts Options
	dir  string

	written atomic.Uint64 // end of the last whole record in the file
	durable Position
	failed  atomic.Pointer[FailedError]
	stats   stats
	fresh   atomic.Uint64 // numbers attachments without a record

	mu struct { // appending
		sync.Mutex
		file   vfs.File
		seg    Segment
		end    LSN    // == written
		zeroed LSN    // the file holds zeros from end to here
		link   uint32 // checksum of the last record
		buf    []byte
		closed bool
	}
	syncMu struct { // syncing; file is the one that holds everything after durable
		sync.Mutex
		file vfs.File
	}
	segMu struct {
		sync.Mutex
		segments    []Segment // ascending; the last one is being written
		attachments []LSN     // of records that have one, ascending
		holds       map[*Hold]struct{}
	}
}

type stats struct {
	records, bytes, syncs atomic.Uint64
	syncTime              Histogram
}

// Open opens the log in dir, made when it does not exist, and finds its end: a torn tail is cut off. Damage before the
// end is a *DamageError. What was in the log is durable when Open returns. The log continues in a new segment, because
// the old last one may be shared with a branch.
func Open(dir string, opts Options) (*Log, error) {
	opts = opts.withDefaults()
	l := &Log{opts: opts, dir: dir}
	l.segMu.holds = map[*Hold]struct{}{}
	if err := opts.FS.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	segs, err := loadSegments(opts.FS, dir)
	if err != nil {
		return nil, err
	}
	if len(segs) == 0 && opts.MustExist {
		return nil, &DamageError{At: opts.Start, File: dir, Reason: "no log segment is there"}
	}
	next := Segment{Start: opts.Start, Store: opts.Store}
	if len(segs) > 0 {
		last := segs[len(segs)-1]
		end, err := findEnd(opts.FS, dir, segs)
		if err != nil {
			return nil, err
		}
		if end == last.Start {
			segs = segs[:len(segs)-1]
			next.Start, next.prev = last.Start, last.prev
		} else {
			if err := syncFile(opts.FS, opts.FS.PathJoin(dir, last.name())); err != nil {
				return nil, err
			}
			next.Start, next.prev = end, last.Start
		}
	}
	l.segMu.segments = segs
	if err := l.startSegment(next); err != nil {
		return nil, err
	}
	if err := l.findAttachments(); err != nil {
		return nil, err
	}
	l.durable.Advance(l.mu.end)
	return l, nil
}

// loadSegments reads the headers of the segments in dir and returns the unbroken run that leads to the newest.
// A crash can leave two kinds of file that are not part of it: a newest one whose header was never written, and old ones
// whose removal reached the disk only in part.
func loadSegments(fs vfs.FS, dir string) ([]Segment, error) {
	starts, err := listSegments(fs, dir)
	if err != nil {
		return nil, err
	}
	var segs []Segment
	for i, start := range starts {
		seg, reason, err := readSegmentHeader(fs, dir, start)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			if i < len(starts)-1 || holdsRecord(fs, dir, Segment{Start: start}, start) {
				return nil, &DamageError{At: start, File: seg.name(), Reason: reason}
			}
			break
		}
		segs = append(segs, seg)
	}
	first := len(segs) - 1
	for first > 0 && segs[first].prev == segs[first-1].Start {
		first--
	}
	return segs[max(first, 0):], nil
}

func syncFile(fs vfs.FS, path string) error {
	f, err := fs.OpenReadWrite(path, fileCategory)
	if err != nil {
		return fmt.Errorf("open log segment for sync: %w", err)
	}
	err = f.Sync()
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("sync log segment %s: %w", path, err)
	}
	return nil
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("open log directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync log directory: %w", err)
	}
	return nil
}

// startSegment creates the file of seg, durably, and makes it the one that is written. The file before it is durable
// and no longer used. Called from Open and with mu held.
func (l *Log) startSegment(seg Segment) error {
	fs, path := l.opts.FS, l.opts.FS.PathJoin(l.dir, seg.name())
	// An empty segment may be there already: it is replaced at once or not at all.
	f, err := fs.Create(path+newSuffix, fileCategory)
	if err != nil {
		return fmt.Errorf("create log segment: %w", err)
	}
	head := appendSegmentHeader(nil, &seg)
	if _, err = f.WriteAt(head, 0); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = fs.Rename(path+newSuffix, path)
	}
	if err != nil {
		f.Close()
		fs.Remove(path + newSuffix)
		return fmt.Errorf("write log segment %s: %w", seg.name(), err)
	}
	if err := syncDir(fs, l.dir); err != nil {
		f.Close()
		// The file may be there or not. Not wrapped: even if this is for want of space, the old segment cannot go on.
		return fmt.Errorf("name log segment %s: %v", seg.name(), err)
	}
	l.mu.file, l.mu.seg, l.mu.link = f, seg, seg.link
	l.mu.end, l.mu.zeroed = seg.Start, seg.Start
	l.written.Store(uint64(seg.Start))
	l.syncMu.Lock()
	l.syncMu.file = f
	l.syncMu.Unlock()
	l.segMu.Lock()
	l.segMu.segments = append(l.segMu.segments, seg)
	l.segMu.Unlock()
	return nil
}

// WrittenLSN is the end of the log, durable or not.
func (l *Log) WrittenLSN() LSN { return LSN(l.written.Load()) }

// DurableLSN is the position up to which the log survives a crash.
func (l *Log) DurableLSN() LSN { return l.durable.Load() }

// Durable lets callers wait for durable positions.
func (l *Log) Durable() *Position { return &l.durable }

// Append writes the payloads as consecutive records, in one write when they are small, and stores the end position of
// each in ends, which has the same length. Nothing is durable yet (SyncTo). The payloads are not kept.
// On ErrDiskFull and ErrTooLarge none of them is in the log.
func (l *Log) Append(payloads [][]byte, ends []LSN) error {
	return l.AppendAttached(payloads, nil, ends)
}

// AppendAttached is Append for records of which some have a file beside the log: attachments, as long as payloads, has the paths of
// files that CreateAttachment has made and that are durable, or "". They belong to the log then, and go with their segment.
func (l *Log) AppendAttached(payloads [][]byte, attachments []string, ends []LSN) error {
	var size LSN
	for _, p := range payloads {
		if len(p) == 0 || len(p) > MaxPayload {
			return ErrTooLarge
		}
		size += recordSize(len(p))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usableLocked(); err != nil {
		return err
	}
	if int64(l.mu.end-l.mu.seg.Start) >= l.opts.SegmentBytes {
		if err := l.rollLocked(); err != nil {
			return err
		}
	}
	if err := l.reserveLocked(size); err != nil {
		return l.appendFailedLocked(err, 0)
	}
	named, err := l.nameAttachmentsLocked(payloads, attachments)
	if err != nil {
		return l.appendFailedLocked(err, 0)
	}
	if n, err := l.writeLocked(payloads, ends); err != nil {
		return errors.Join(l.appendFailedLocked(err, n), l.removeAttachments(named))
	}
	l.segMu.Lock()
	l.segMu.attachments = append(l.segMu.attachments, named...)
	l.segMu.Unlock()
	l.written.Store(uint64(l.mu.end))
	l.stats.records.Add(uint64(len(payloads)))
	l.stats.bytes.Add(uint64(size))
	return nil
}

func (l *Log) usableLocked() error {
	if err := l.failed.Load(); err != nil {
		return err
	}
	if l.mu.closed {
		return ErrClosed
	}
	return nil
}

var zeros [256 << 10]byte

func (l *Log) offsetLocked(at LSN) int64 { return int64(segmentHeader + at - l.mu.seg.Start) }

// reserveLocked zeroes space for size more bytes and some of what comes after it. Big appends go without: their sync
// writes metadata once for many bytes.
func (l *Log) reserveLocked(size LSN) error {
	if l.opts.ReserveBytes < 0 || l.mu.end+size <= l.mu.zeroed || int64(size) >= l.opts.ReserveBytes {
		return nil
	}
	from, to := max(l.mu.zeroed, l.mu.end), l.mu.end+size+LSN(l.opts.ReserveBytes)
	for from < to {
		n := min(to-from, LSN(len(zeros)))
		if _, err := l.mu.file.WriteAt(zeros[:n], l.offsetLocked(from)); err != nil {
			return err
		}
		from += n
		l.mu.zeroed = from
	}
	return nil
}

const (
	// flushBytes is how much is gathered before it is written.
	flushBytes = 1 << 20
	// largePayload and more is written from where it stands.
	largePayload = 256 << 10
)

// writeLocked returns how many bytes of records were written when it fails.
func (l *Log) writeLocked(payloads [][]byte, ends []LSN) (written int, err error) {
	buf, at, link, durable := l.mu.buf[:0], l.mu.end, l.mu.link, l.durable.Load()
	off := l.offsetLocked(at)
	write := func(b []byte) error {
		n, err := l.mu.file.WriteAt(b, off)
		written += n
		off += int64(len(b))
		return err
	}
	for i, p := range payloads {
		buf, link = appendHeader(buf, p, at, durable, link)
		if len(p) >= largePayload {
			if err = write(buf); err == nil {
				err = write(p)
			}
			if err != nil {
				return written, err
			}
			buf = buf[:0]
		} else {
			buf = append(buf, p...)
		}
		size := recordSize(len(p))
		buf = append(buf, zeros[:int(size)-headerSize-len(p)]...)
		at += size
		ends[i] = at
		if len(buf) >= flushBytes {
			if err := write(buf); err != nil {
				return written, err
			}
			buf = buf[:0]
		}
	}
	if len(buf) > 0 {
		if err := write(buf); err != nil {
			return written, err
		}
	}
	if cap(buf) <= 2*flushBytes {
		l.mu.buf = buf[:0]
	}
	l.mu.end, l.mu.link = at, link
	l.mu.zeroed = max(l.mu.zeroed, at)
	return written, nil
}

// appendFailedLocked decides whether the log can go on after a failed write, of which written bytes of records got
// through. Whole records may stand at the end of the log although their commits fail: the header of the first is wiped,
// durably, so that a restart does not find them. It is in the file already, so that this needs no space, except on file
// systems that never overwrite; if it fails there the log has failed.
func (l *Log) appendFailedLocked(cause error, written int) error {
	if !vfs.IsNoSpaceError(cause) {
		return l.fail(fmt.Errorf("write log segment %s: %w", l.mu.seg.name(), cause))
	}
	if written == 0 {
		return ErrDiskFull
	}
	at := l.offsetLocked(l.mu.end)
	info, err := l.mu.file.Stat()
	if err == nil && info.Size() > at {
		if _, err = l.mu.file.WriteAt(zeros[:min(headerSize, info.Size()-at)], at); err == nil {
			err = l.mu.file.SyncData()
		}
	}
	if err != nil {
		return l.fail(fmt.Errorf("take back a failed log write: %w", err))
	}
	l.mu.zeroed = min(l.mu.zeroed, l.mu.end)
	return ErrDiskFull
}

func (l *Log) fail(cause error) error {
	err := &FailedError{Cause: cause}
	if !l.failed.CompareAndSwap(nil, err) {
		return l.failed.Load()
	}
	l.durable.Fail(err)
	if l.opts.OnFatal != nil {
		l.opts.OnFatal(err)
	}
	return err
}

// SyncTo makes the log durable at least up to lsn, which must have been appended. One call serves all that wait.
// An error is a *FailedError and final.
func (l *Log) SyncTo(lsn LSN) error {
	if l.durable.Load() >= lsn {
		return nil
	}
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if l.durable.Load() >= lsn {
		return nil
	}
	if err := l.failed.Load(); err != nil {
		return err
	}
	if l.syncMu.file == nil {
		return ErrClosed
	}
	target := LSN(l.written.Load())
	start := time.Now()
	if err := l.syncMu.file.SyncData(); err != nil {
		return l.fail(fmt.Errorf("sync log: %w", err))
	}
	l.stats.syncs.Add(1)
	l.stats.syncTime.Observe(time.Since(start))
	l.durable.Advance(target)
	return nil
}

// Roll starts a new segment unless the current one is empty. Everything before it is durable then and in files that
// never change again.
func (l *Log) Roll() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usableLocked(); err != nil {
		return err
	}
	if l.mu.end == l.mu.seg.Start {
		return nil
	}
	return l.rollLocked()
}

func (l *Log) rollLocked() error {
	if err := l.SyncTo(l.mu.end); err != nil {
		return err
	}
	old := l.mu.file
	err := l.startSegment(Segment{Start: l.mu.end, prev: l.mu.seg.Start, Store: l.opts.Store})
	switch {
	case err == nil:
		old.Close()
		return nil
	case vfs.IsNoSpaceError(err):
		return ErrDiskFull
	default:
		return l.fail(err)
	}
}

// Close syncs and closes the log. Nothing may be appended afterwards.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.closed {
		return nil
	}
	l.mu.closed = true
	var err error
	if failed := l.failed.Load(); failed == nil {
		err = l.SyncTo(l.mu.end)
	}
	l.syncMu.Lock()
	l.syncMu.file = nil
	l.syncMu.Unlock()
	l.durable.Fail(ErrClosed)
	return errors.Join(err, l.mu.file.Close())
}

// Metrics of a log since it was opened.
type Metrics struct {
	Records, Bytes, Syncs uint64
	SyncTime              HistogramSnapshot
	Segments              int
	Oldest, Durable, End  LSN
}

// Metrics returns counters since Open.
func (l *Log) Metrics() Metrics {
	l.segMu.Lock()
	n, oldest := len(l.segMu.segments), l.segMu.segments[0].Start
	l.segMu.Unlock()
	return Metrics{
		Records: l.stats.records.Load(), Bytes: l.stats.bytes.Load(), Syncs: l.stats.syncs.Load(),
		SyncTime: l.stats.syncTime.Snapshot(), Segments: n, Oldest: oldest,
		Durable: l.durable.Load(), End: l.WrittenLSN(),
	}
}
