package wal

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// CopyTo makes a log in dir, which must exist and be empty, that holds the records from the segment of from up to the
// end position to, and no more. Segments that end at or before to are hard-linked, for they never change again; the one
// that goes on is copied up to there. Nothing is synced in dir. to must be durable and the end of a record, and the caller
// holds the log from from on (0: the oldest).
func (l *Log) CopyTo(dir string, from, to LSN) error {
	segs := l.Segments()
	if from == 0 {
		from = segs[0].Start
	}
	if from < segs[0].Start {
		return fmt.Errorf("copy log from %s: %w", from, ErrTruncated)
	}
	if durable := l.DurableLSN(); to > durable {
		return fmt.Errorf("copy log up to %s: durable up to %s", to, durable)
	}
	fs, copied, first := l.opts.FS, false, LSN(0)
	for i, s := range segs {
		last := i == len(segs)-1
		// The segment that starts at to goes along, empty, when it is the only one: a log is never without a segment.
		if !last && segs[i+1].Start <= from || s.Start > to || s.Start == to && copied {
			continue
		}
		if !copied {
			copied, first = true, s.Start
		}
		src, dst := fs.PathJoin(l.dir, s.name()), fs.PathJoin(dir, s.name())
		var err error
		if !last && segs[i+1].Start <= to {
			err = fs.Link(src, dst)
		} else {
			err = copyPrefix(fs, src, dst, int64(segmentHeader+to-s.Start))
		}
		if err != nil {
			return fmt.Errorf("copy log segment %s: %w", s.name(), err)
		}
	}
	for _, at := range l.attachmentsFrom(first) {
		if at >= to {
			break
		}
		if err := fs.Link(fs.PathJoin(l.dir, attachmentName(at)), fs.PathJoin(dir, attachmentName(at))); err != nil {
			return fmt.Errorf("copy attachment of the log: %w", err)
		}
	}
	return nil
}

func copyPrefix(fs vfs.FS, src, dst string, n int64) error {
	in, err := fs.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := fs.Create(dst, fileCategory)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, in, n)
	return errors.Join(err, out.Close())
}

// TailSize is the number of bytes in the segment that is being written.
func (l *Log) TailSize() int64 {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	return int64(l.WrittenLSN() - l.segMu.segments[len(l.segMu.segments)-1].Start)
}
