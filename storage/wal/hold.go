package wal

import (
	"fmt"
	"slices"

	"github.com/cockroachdb/errors/oserror"
)

// Hold keeps the log from a position on. The mirror, slots and branches in the making each have one.
type Hold struct {
	log  *Log
	name string
	from LSN // protected by log.segMu
}

// Hold registers a hold from position from on, 0: from the oldest that is kept. It fails with ErrTruncated when from is
// no longer kept.
func (l *Log) Hold(name string, from LSN) (*Hold, error) {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	if from == 0 {
		from = l.segMu.segments[0].Start
	}
	if from < l.segMu.segments[0].Start {
		return nil, fmt.Errorf("hold log for %s at %s: %w", name, from, ErrTruncated)
	}
	h := &Hold{log: l, name: name, from: from}
	l.segMu.holds[h] = struct{}{}
	return h, nil
}

// From is the position from which on the log is held.
func (h *Hold) From() LSN {
	h.log.segMu.Lock()
	defer h.log.segMu.Unlock()
	return h.from
}

// Advance moves the hold forward; going back has no effect.
func (h *Hold) Advance(to LSN) {
	h.log.segMu.Lock()
	h.from = max(h.from, to)
	h.log.segMu.Unlock()
}

// Release ends the hold. It may be called more than once.
func (h *Hold) Release() {
	h.log.segMu.Lock()
	delete(h.log.segMu.holds, h)
	h.log.segMu.Unlock()
}

// HoldInfo describes a hold.
type HoldInfo struct {
	Name string
	From LSN
}

// Holds lists the holds, the oldest position first.
func (l *Log) Holds() []HoldInfo {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	var out []HoldInfo
	for h := range l.segMu.holds {
		out = append(out, HoldInfo{h.name, h.from})
	}
	slices.SortFunc(out, func(a, b HoldInfo) int { return int(int64(a.From) - int64(b.From)) })
	return out
}

// TruncateBefore removes the segments that end at or before lsn and before every hold. The segment that is being
// written always stays.
func (l *Log) TruncateBefore(lsn LSN) error {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	for h := range l.segMu.holds {
		lsn = min(lsn, h.from)
	}
	removed := false
	for len(l.segMu.segments) > 1 && l.segMu.segments[1].Start <= lsn {
		path := l.opts.FS.PathJoin(l.dir, l.segMu.segments[0].name())
		if err := l.opts.FS.Remove(path); err != nil && !oserror.IsNotExist(err) {
			return fmt.Errorf("remove log segment: %w", err)
		}
		l.segMu.segments = l.segMu.segments[1:]
		removed = true
	}
	if removed {
		if err := l.trimAttachmentsLocked(); err != nil {
			return err
		}
		return syncDir(l.opts.FS, l.dir)
	}
	return nil
}

// Segments lists the segments, oldest first; the last one is being written.
func (l *Log) Segments() []Segment {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	return slices.Clone(l.segMu.segments)
}

// OldestLSN is the position from which on the log is kept.
func (l *Log) OldestLSN() LSN {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	return l.segMu.segments[0].Start
}

func (l *Log) newestSegment() LSN {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	return l.segMu.segments[len(l.segMu.segments)-1].Start
}
