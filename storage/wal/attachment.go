package wal

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// An attachment is a file beside the segments that holds what is too large for a record. It has the name of its record's position,
// durably, before the record is written: a record never lacks its attachment, and an attachment without a record lies at or behind
// the end of the log, or under the name of another record that does not ask for it.
const (
	attachmentSuffix = ".more"
	newAttachment    = ".more.new"
)

func attachmentName(at LSN) string { return fileName(at, attachmentSuffix) }

// CreateAttachment makes a file for AppendAttached. The caller writes, syncs and closes it, and removes it when it is not appended.
func (l *Log) CreateAttachment() (f vfs.File, path string, err error) {
	path = l.opts.FS.PathJoin(l.dir, strconv.FormatUint(l.fresh.Add(1), 10)+newAttachment)
	if f, err = l.opts.FS.Create(path, fileCategory); err != nil {
		return nil, "", fmt.Errorf("create attachment of the log: %w", err)
	}
	return f, path, nil
}

// nameAttachmentsLocked gives the attachments of records that are about to be written their names.
func (l *Log) nameAttachmentsLocked(payloads [][]byte, attachments []string) (named []LSN, err error) {
	at := l.mu.end
	for i, p := range payloads {
		if i < len(attachments) && attachments[i] != "" {
			if err = l.opts.FS.Rename(attachments[i], l.opts.FS.PathJoin(l.dir, attachmentName(at))); err != nil {
				break
			}
			named = append(named, at)
		}
		at += recordSize(len(p))
	}
	if err == nil && len(named) > 0 {
		err = syncDir(l.opts.FS, l.dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("name attachment of the log: %w", err), l.removeAttachments(named))
	}
	return named, nil
}

func (l *Log) removeAttachments(of []LSN) (err error) {
	for _, at := range of {
		if e := l.opts.FS.Remove(l.opts.FS.PathJoin(l.dir, attachmentName(at))); e != nil && !oserror.IsNotExist(e) {
			err = errors.Join(err, fmt.Errorf("remove attachment of the log: %w", e))
		}
	}
	return err
}

// findAttachments learns of the attachments in the directory and removes those without a record, and segments that have no name yet.
func (l *Log) findAttachments() error {
	names, err := l.opts.FS.List(l.dir)
	if err != nil {
		return fmt.Errorf("list attachments of the log: %w", err)
	}
	oldest := l.segMu.segments[0].Start
	for _, name := range names {
		at, ok := parseFileName(name, attachmentSuffix)
		if ok && at >= oldest && at < l.mu.end {
			l.segMu.attachments = append(l.segMu.attachments, at)
		} else if ok || unnamed(name) {
			if err := l.opts.FS.Remove(l.opts.FS.PathJoin(l.dir, name)); err != nil {
				return fmt.Errorf("remove what is left in the log: %w", err)
			}
		}
	}
	slices.Sort(l.segMu.attachments)
	return nil
}

// unnamed reports the name of a file that was being made.
func unnamed(name string) bool {
	return strings.HasSuffix(name, newAttachment) || strings.HasSuffix(name, newSegment)
}

// trimAttachmentsLocked removes those whose segments are gone. Called with segMu.
func (l *Log) trimAttachmentsLocked() error {
	n := 0
	for n < len(l.segMu.attachments) && l.segMu.attachments[n] < l.segMu.segments[0].Start {
		n++
	}
	err := l.removeAttachments(l.segMu.attachments[:n])
	l.segMu.attachments = slices.Delete(l.segMu.attachments, 0, n)
	return err
}

func (l *Log) attachmentsFrom(from LSN) []LSN {
	l.segMu.Lock()
	defer l.segMu.Unlock()
	i, _ := slices.BinarySearch(l.segMu.attachments, from)
	return slices.Clone(l.segMu.attachments[i:])
}

// AttachedBytes is the size of the attachments of records from a position on.
func (l *Log) AttachedBytes(from LSN) (n int64, err error) {
	for _, at := range l.attachmentsFrom(from) {
		info, err := l.opts.FS.Stat(l.opts.FS.PathJoin(l.dir, attachmentName(at)))
		if oserror.IsNotExist(err) {
			continue // trimmed meanwhile
		}
		if err != nil {
			return 0, fmt.Errorf("stat attachment of the log: %w", err)
		}
		n += info.Size()
	}
	return n, nil
}
