package engine

import (
	"bufio"
	"errors"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// LargeBytes is the size from which on a group is better written ahead of its commit, by a Large: other commits then do not wait
// while it is logged, and it is never in memory as a whole. A group of more than wal.MaxPayload must be.
const LargeBytes = 32 << 20

// Large writes operations of a group into a file that becomes part of the log when the group commits, and into sorted files that
// become part of the key-value state then. It is for one goroutine.
type Large struct {
	e    *Engine
	g    *change.Group
	xid  uint64
	part change.Group
	file vfs.File
	path string
	buf  *bufio.Writer
	w    *change.MoreWriter
	// sorted has the same for the key-value state, which takes it in when the group has its turn.
	sorted *kv.Sorted
	// ahead is of the first row of a lake table; nil: there is none.
	ahead *Ahead
}

// partBytes is how much of a group is in memory.
const partBytes = 4 << 20

// NewLarge begins the attachment of a group, which gets the transaction's number xid.
func (e *Engine) NewLarge(g *change.Group, xid uint64) (*Large, error) {
	if err := e.stopped(); err != nil {
		return nil, err
	}
	f, path, err := e.log.CreateAttachment()
	if err != nil {
		return nil, spaceError(err)
	}
	l := &Large{e: e, g: g, xid: xid, file: f, path: path, buf: bufio.NewWriterSize(f, 256<<10)}
	if l.w, err = change.NewMoreWriter(l.buf); err == nil {
		l.sorted, err = e.kv.NewSorted()
	}
	if err != nil {
		return nil, errors.Join(spaceError(err), l.Abort())
	}
	return l, nil
}

// Part is where the next operation goes: a put or a delete, in key order within an index.
func (l *Large) Part() *change.Group { return &l.part }

// Flush is NextPart when the part has enough operations.
func (l *Large) Flush() error {
	if l.part.Size() < partBytes {
		return nil
	}
	return l.NextPart()
}

// NextPart writes the part and begins another. ErrDiskFull is possible here and in Finish.
func (l *Large) NextPart() error {
	if l.part.Empty() {
		return nil
	}
	err := l.w.Add(l.g, &l.part, l.xid, l.reserve(), l.sorted.Add)
	if errors.Is(err, change.ErrPartTooLarge) {
		err = ErrTooLarge
	}
	l.part.Reset()
	return spaceError(err)
}

// reserve gives row ids to the part.
func (l *Large) reserve() uint64 {
	n := uint64(l.part.Rows())
	if l.ahead != nil || !l.part.HasProvisional() {
		return l.e.ReserveRowIDs(n)
	}
	first, a := l.e.ReserveAhead(anyTable, n)
	l.ahead = a
	return first
}

// Finish makes the attachment durable and the group's last operation. Commit takes it over, whatever comes of the commit.
func (l *Large) Finish() error {
	err := l.NextPart()
	if err == nil {
		err = l.buf.Flush()
	}
	if err == nil {
		err = l.file.Sync()
	}
	if err == nil {
		err = l.sorted.Finish()
	}
	if err != nil {
		return errors.Join(spaceError(err), l.Abort())
	}
	if err := l.file.Close(); err != nil {
		return errors.Join(spaceError(err), l.end(0))
	}
	l.g.XID, l.g.Prepared = l.xid, l
	l.g.More(l.w.Finish())
	return nil
}

// Abort gives up what has been written; it is for one that has not been finished.
func (l *Large) Abort() error { return errors.Join(l.file.Close(), l.end(0)) }

// end removes the attachment unless it has become the log's, which has given it another name, and the sorted files that have not become
// the key-value state's. lsn is that of the commit; 0: there is none.
func (l *Large) end(lsn wal.LSN) error {
	l.ahead.Done(lsn)
	err := l.e.opts.FS.Remove(l.path)
	if oserror.IsNotExist(err) {
		err = nil
	}
	if l.sorted != nil {
		err = errors.Join(err, l.sorted.Discard())
	}
	return err
}

// largeOf is the Large of a group that has one.
func largeOf(g *change.Group) *Large {
	l, _ := g.Prepared.(*Large)
	return l
}
