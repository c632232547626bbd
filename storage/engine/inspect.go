package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// The functions of this file look at a store that nobody has open; they hold its lock meanwhile and change nothing.
// A nil fs is the operating system's.

// InspectLog prints the manifest and the log of the store in dir.
func InspectLog(w io.Writer, fs vfs.FS, dir string, o wal.InspectOptions) error {
	return inspect(fs, dir, func(fs vfs.FS, m Manifest) error {
		m.print(w)
		if o.Describe == nil {
			o.Describe = func(w io.Writer, rec wal.Record) error { return change.Describe(w, rec.Payload, rec.Open) }
		}
		_, err := wal.Inspect(w, fs, fs.PathJoin(dir, walDir), o)
		return err
	})
}

// InspectKV prints the manifest and the key-value state of the store in dir: that of the last time that Pebble wrote
// its files, so without what recovery takes from the log.
func InspectKV(w io.Writer, fs vfs.FS, dir string, o kv.InspectOptions) error {
	return inspect(fs, dir, func(fs vfs.FS, m Manifest) error {
		m.print(w)
		s, err := openReadOnly(fs, dir)
		if err != nil {
			return err
		}
		return errors.Join(s.Inspect(w, o), s.Close())
	})
}

// Check verifies the store in dir: every checksum, that the log can be decoded and has no gap, that rows are well-formed,
// that log and state fit together (I3, I8), and that every file is one of the store's and none is missing. What it finds is printed;
// the error says only that there was something. What a process that was killed has left, and the next one removes, is printed and is no
// problem. others looks at what is in dir and is not the engine's.
func Check(ctx context.Context, w io.Writer, fs vfs.FS, dir string, others func(name string) (Unused, bool)) error {
	return inspect(fs, dir, func(fs vfs.FS, m Manifest) error {
		m.print(w)
		c := checker{w: w, fs: fs, dir: dir}
		c.log(ctx)
		if err := c.state(ctx); err != nil {
			return err
		}
		c.window()
		c.files(others)
		if c.problems > 0 {
			return fmt.Errorf("%w: %d problems found", ErrCorrupt, c.problems)
		}
		fmt.Fprintln(w, "no problems found")
		return nil
	})
}

func inspect(fs vfs.FS, dir string, f func(fs vfs.FS, m Manifest) error) error {
	if fs == nil {
		fs = vfs.Default
	}
	m, err := ReadManifest(fs, dir)
	if err != nil {
		return err
	}
	lock, err := fs.Lock(fs.PathJoin(dir, lockFile))
	if err != nil {
		return fmt.Errorf("lock %s (is it open?): %w", dir, err)
	}
	return errors.Join(f(fs, m), lock.Close())
}

func openReadOnly(fs vfs.FS, dir string) (*kv.Store, error) {
	return kv.Open(fs.PathJoin(dir, kvDir), kv.Options{
		FS: fs, ReadOnly: true, CacheBytes: 8 << 20, Logger: slog.New(slog.DiscardHandler),
	})
}

func (m Manifest) print(w io.Writer) {
	fmt.Fprintf(w, "store %s, format %d", m.Store, m.Format)
	if m.ParentStore != "" {
		fmt.Fprintf(w, ", branched from %s at %s", m.ParentStore, m.BranchLSN)
	}
	fmt.Fprintln(w)
}

type checker struct {
	w        io.Writer
	fs       vfs.FS
	dir      string
	problems int
	first    wal.LSN // of the log
	end      wal.LSN
	ingests  []ingested // of the log, in its order
	bases    []base     // of the restore window, oldest first
}

func (c *checker) report(format string, args ...any) {
	c.problems++
	fmt.Fprintf(c.w, format+"\n", args...)
}

// note is for what is no problem.
func (c *checker) note(format string, args ...any) { fmt.Fprintf(c.w, format+"\n", args...) }

// log reads and decodes all records.
func (c *checker) log(ctx context.Context) {
	r, err := wal.OpenReader(c.fs, c.fs.PathJoin(c.dir, walDir), 0)
	if err != nil {
		c.report("log: %v", err)
		return
	}
	defer r.Close()
	c.first, c.end = r.Pos(), r.Pos()
	records, lastEpoch, lastTime := 0, uint64(0), int64(0)
	for {
		rec, err := r.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			c.report("log: %v", err)
			break
		}
		records++
		c.end = rec.End
		d, err := change.DecodeWhole(rec.Payload, rec.Open)
		if err == nil {
			var op change.Op
			for d.Next(&op) {
				switch op.Kind {
				case change.KindSchema:
					if _, err := op.Schema(); err != nil {
						c.report("log record at %s: %v", rec.LSN, err)
					}
				case change.KindIngest:
					if in := op.Ingest(); in.RowCount > 0 {
						c.ingests = append(c.ingests, ingested{rec.End, in})
					}
				case change.KindOpen:
					if op.Epoch <= lastEpoch {
						c.report("log record at %s: epoch %d after %d", rec.LSN, op.Epoch, lastEpoch)
					}
					lastEpoch, lastTime = op.Epoch, 0 // the clock may have been set meanwhile
				}
			}
			err = errors.Join(d.Err(), d.Close())
		}
		if err != nil {
			c.report("log record at %s: %v", rec.LSN, err)
			continue
		}
		if d.CommitMicros < lastTime {
			c.report("log record at %s: commit time goes back", rec.LSN)
		}
		lastTime = d.CommitMicros
	}
	fmt.Fprintf(c.w, "log: %d records from %s to %s\n", records, c.first, c.end)
}

func (c *checker) state(ctx context.Context) error {
	s, err := openReadOnly(c.fs, c.dir)
	if err != nil {
		c.report("%v", err)
		return nil
	}
	defer s.Close()
	var found bytes.Buffer
	n, err := s.Check(ctx, &found)
	c.problems += n
	c.w.Write(found.Bytes())
	c.unused(kvDir)(s.Unused())
	if at := s.State().LSN; at > c.end {
		c.report("the state is that of %s, the log ends at %s", at, c.end)
	} else if at != 0 && at < c.first || at == 0 && c.first != wal.FirstLSN {
		c.report("the state is that of %s, the log starts at %s", at, c.first)
	}
	return err
}
