package wal

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// InspectOptions says what Inspect shows.
type InspectOptions struct {
	From  LSN // 0: the oldest
	To    LSN // records that start here or later are left out; 0: none
	Limit int // number of records, 0: all
	// Describe writes what a record means; nil: only its length is shown.
	Describe func(w io.Writer, rec Record) error
}

// Inspect prints the records of the log in dir, which nobody has open, and verifies all of their checksums. It returns
// the position after the last valid record. Damage is printed and returned as *DamageError.
func Inspect(w io.Writer, fs vfs.FS, dir string, o InspectOptions) (end LSN, err error) {
	r, err := OpenReader(fs, dir, o.From)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	segment := LSN(0)
	for n := 0; ; n++ {
		rec, err := r.Next(context.Background())
		switch {
		case err == io.EOF:
			fmt.Fprintf(w, "end of log at %s\n", r.Pos())
			return r.Pos(), nil
		case err != nil:
			fmt.Fprintln(w, err)
			return r.Pos(), err
		case o.To != 0 && rec.LSN >= o.To, o.Limit > 0 && n >= o.Limit:
			return rec.LSN, nil
		}
		if s := r.segs[0]; s.Start != segment {
			segment = s.Start
			fmt.Fprintf(w, "segment %s from %s, written by store %s\n", s.name(), s.Start, s.Store)
		}
		fmt.Fprintf(w, "%s to %s, %d bytes: ", rec.LSN, rec.End, len(rec.Payload))
		if o.Describe == nil {
			fmt.Fprintln(w)
		} else if err := o.Describe(w, rec); err != nil {
			err = fmt.Errorf("record at %s: %w", rec.LSN, err)
			fmt.Fprintln(w, err)
			return rec.LSN, err
		}
	}
}

// Unused are the names in the directory of a log that nobody has open that are no part of it: left are what a process that was killed
// has left, and go when the log is opened; foreign are segments without a connection to the newest one, and what the log has not made.
func Unused(fs vfs.FS, dir string) (left, foreign []string, err error) {
	segs, err := loadSegments(fs, dir)
	if err != nil {
		return nil, nil, err
	}
	var oldest, newest, end LSN
	if len(segs) > 0 {
		oldest, newest = segs[0].Start, segs[len(segs)-1].Start
		if end, err = findEnd(fs, dir, segs); err != nil {
			return nil, nil, err
		}
	}
	names, err := fs.List(dir)
	for _, name := range names {
		segment, ok := parseFileName(name, segmentSuffix)
		attached, more := parseFileName(name, attachmentSuffix)
		switch {
		case ok && slices.ContainsFunc(segs, func(s Segment) bool { return s.Start == segment }), more && attached >= oldest && attached < end:
		case unnamed(name) || more || ok && segment > newest:
			left = append(left, name)
		default:
			foreign = append(foreign, name)
		}
	}
	return left, foreign, err
}
