package engine

import (
	"log/slog"
	"path"
	"slices"

	"github.com/tarndb/tarn/storage/change"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// Unused are paths of files, below the directory that was looked at, that nothing refers to.
type Unused struct {
	Left    []string // left by a process that was killed; the next one removes it
	Foreign []string // nobody removes it
}

// ingested is a record of the log about sorted files that it does not hold.
type ingested struct {
	end wal.LSN
	change.Ingest
}

// unused reports what a look at one of the store's directories has found.
func (c *checker) unused(dir string) func(left, foreign []string, err error) {
	return func(left, foreign []string, err error) {
		if err != nil {
			c.report("%s: %v", dir, err)
		}
		for _, name := range left {
			c.left(path.Join(dir, name))
		}
		for _, name := range foreign {
			c.report("unreferenced: %s", path.Join(dir, name))
		}
	}
}

func (c *checker) left(name string) { c.note("left over: %s, goes when the store is opened", name) }

// files looks whether everything in the store's directory is its own.
func (c *checker) files(others func(name string) (Unused, bool)) {
	names, err := c.fs.List(c.dir)
	if err != nil {
		c.report("%v", err)
	}
	for _, name := range names {
		switch name {
		case manifestFile, lockFile, kvDir, baseDir:
		case archiveDir:
			c.left(name)
		case walDir:
			c.unused(walDir)(wal.Unused(c.fs, c.fs.PathJoin(c.dir, walDir)))
		case ingestedDir:
			c.unused(ingestedDir)(c.unusedIngested())
		default:
			var u Unused
			ok := false
			if others != nil {
				u, ok = others(name)
			}
			if !ok {
				u.Foreign = append(u.Foreign, name)
			}
			c.unused("")(u.Left, u.Foreign, nil)
		}
	}
}

// unusedIngested are sorted files that every base has, or that there is no base for.
func (c *checker) unusedIngested() (left, foreign []string, err error) {
	names, err := c.fs.List(c.fs.PathJoin(c.dir, ingestedDir))
	for _, name := range names {
		if stamp, _, ok := parseIngested(name); !ok || len(c.bases) == 0 || stamp < c.bases[0].valid {
			left = append(left, name)
		}
	}
	return left, nil, err
}

// window looks whether the bases of the restore window are whole, and what is needed to go on from them is there.
func (c *checker) window() {
	names, err := c.fs.List(c.fs.PathJoin(c.dir, baseDir))
	if err != nil {
		return // there is none
	}
	for _, name := range names {
		b, ok := parseBase(name)
		if !ok {
			c.left(path.Join(baseDir, name))
			continue
		}
		c.bases = append(c.bases, b)
	}
	slices.SortFunc(c.bases, func(a, b base) int { return int(int64(a.valid) - int64(b.valid)) })
	kept := map[string]bool{}
	if names, err := c.fs.List(c.fs.PathJoin(c.dir, ingestedDir)); err == nil {
		for _, name := range names {
			if _, file, ok := parseIngested(name); ok {
				kept[file] = true
			}
		}
	}
	for _, b := range c.bases {
		if err := c.base(b, kept); err != nil {
			c.report("base %s: %v", b.name(), err)
		}
	}
}

// base looks at one base; kept are the sorted files that the window has.
func (c *checker) base(b base, kept map[string]bool) error {
	s, err := kv.Open(c.fs.PathJoin(c.dir, baseDir, b.name()), kv.Options{FS: c.fs, ReadOnly: true, CacheBytes: 8 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer s.Close()
	at := s.State().LSN
	if at > b.valid || at != 0 && at < c.first || b.keep < c.first {
		c.report("base %s: its state is that of %s, the log starts at %s", b.name(), at, c.first)
	}
	// A base is made whole: what it has besides has been put there.
	left, foreign, err := s.Unused()
	c.unused(path.Join(baseDir, b.name()))(nil, append(left, foreign...), err)
	for _, in := range c.ingests {
		if in.end <= at {
			continue
		}
		there, err := s.Holds(in.Table, in.Index)
		if err != nil {
			return err
		}
		for _, file := range in.Files {
			if !there && !kept[file] {
				c.report("missing: sorted file %s, which base %s needs", file, b.name())
			}
		}
	}
	return nil
}
