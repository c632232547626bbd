package kv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/tarndb/tarn/storage/change"
)

// InspectOptions says what Inspect shows.
type InspectOptions struct {
	Table uint32 // 0: all tables
	Limit int    // number of keys, 0: all
	// Summary shows each index with the number and size of its entries instead of each key.
	Summary bool
}

// Inspect prints the keys of a store. Row contents are not shown.
func (s *Store) Inspect(w io.Writer, o InspectOptions) error {
	st := s.State()
	fmt.Fprintf(w, "applied %s, next row id %d, next xid %d, epoch %d\n", st.LSN, st.NextRowID, st.NextXID, st.Epoch)
	opts := &pebble.IterOptions{}
	if o.Table != 0 {
		opts.LowerBound = change.AppendKeyPrefix(nil, o.Table, 0)
		opts.UpperBound = change.AppendKeyPrefix(nil, o.Table+1, 0)
	}
	it, err := s.db.NewIter(opts)
	if err != nil {
		return err
	}
	defer it.Close()
	var sum summary
	n := 0
	for ok := it.First(); ok && (o.Limit == 0 || n < o.Limit); ok = it.Next() {
		n++
		v, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("read %s: %w", change.KeyText(it.Key()), err)
		}
		if o.Summary {
			sum.add(w, it.Key(), v)
			continue
		}
		fmt.Fprintf(w, "%s", change.KeyText(it.Key()))
		if change.IndexOf(it.Key()) == change.PrimaryIndex && len(v) >= change.RowIDSize {
			fmt.Fprintf(w, " row %d", binary.LittleEndian.Uint64(v))
		}
		fmt.Fprintf(w, " %d bytes\n", len(v))
	}
	sum.flush(w)
	return it.Error()
}

// summary counts the entries of one index after the other.
type summary struct {
	prefix        [change.KeyPrefix]byte
	entries       int
	keys, content int64
}

func (s *summary) add(w io.Writer, key, value []byte) {
	if string(s.prefix[:]) != string(key[:change.KeyPrefix]) {
		s.flush(w)
		*s = summary{}
		copy(s.prefix[:], key)
	}
	s.entries++
	s.keys += int64(len(key))
	s.content += int64(len(value))
}

func (s *summary) flush(w io.Writer) {
	if s.entries > 0 {
		fmt.Fprintf(w, "table %d index %d: %d entries, %d bytes of keys, %d bytes of values\n",
			change.TableOf(s.prefix[:]), change.IndexOf(s.prefix[:]), s.entries, s.keys, s.content)
	}
}

// Check reads every block of every file, which verifies their checksums, and looks at the rules that hold for keys and
// values whatever they mean. Each violation is printed; the number of them is returned.
func (s *Store) Check(ctx context.Context, w io.Writer) (problems int, err error) {
	report := func(format string, args ...any) {
		problems++
		fmt.Fprintf(w, format+"\n", args...)
	}
	used, err := s.sortedFiles()
	if err != nil {
		return 0, err
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if err := s.checkFile(ctx, name); err != nil {
			report("file %s: %v", name, err)
		}
	}
	if err := s.db.CheckLevels(nil); err != nil {
		report("files: %v", err)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{})
	if err != nil {
		return problems, err
	}
	defer it.Close()
	st, entries := s.State(), 0
	for ok := it.First(); ok; ok = it.Next() {
		if entries++; entries%4096 == 0 && ctx.Err() != nil {
			return problems, context.Cause(ctx)
		}
		key := it.Key()
		v, err := it.ValueAndErr()
		switch {
		case err != nil:
			report("key %x: %v", key, err)
		case len(key) < change.KeyPrefix:
			report("key %x is shorter than its table and index number", key)
		case change.IndexOf(key) != change.PrimaryIndex:
		case len(v) < change.RowIDSize:
			report("row %s has no row id", change.KeyText(key))
		default:
			if id := binary.LittleEndian.Uint64(v); id == 0 || id >= st.NextRowID {
				report("row %s has row id %d, the next one is %d", change.KeyText(key), id, st.NextRowID)
			}
		}
	}
	if err := it.Error(); err != nil {
		report("keys: %v", err)
	}
	fmt.Fprintf(w, "key-value state: %d entries, applied %s\n", entries, st.LSN)
	return problems, nil
}

// sortedFiles are the names of the sorted files that the store is made of.
func (s *Store) sortedFiles() (map[string]bool, error) {
	levels, err := s.db.SSTables()
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, level := range levels {
		for _, t := range level {
			used[fmt.Sprintf("%s.sst", t.BackingSSTNum)] = true
		}
	}
	return used, nil
}

// Unused are the names in the store's directory that the store does not need: left are what a process that was killed has left,
// and go when the store is opened to be written; foreign have been made by somebody else.
func (s *Store) Unused() (left, foreign []string, err error) {
	used, err := s.sortedFiles()
	if err != nil {
		return nil, nil, err
	}
	names, err := s.fs.List(s.dir)
	for _, name := range names {
		switch {
		case used[name] || pebbleFile.MatchString(name):
		case name == bulkDir:
			unfinished, err := s.fs.List(s.fs.PathJoin(s.dir, bulkDir))
			if err != nil {
				return nil, nil, err
			}
			for _, f := range unfinished {
				left = append(left, bulkDir+"/"+f)
			}
		case sortedFile.MatchString(name) || strings.HasSuffix(name, ".dbtmp"):
			left = append(left, name)
		default:
			foreign = append(foreign, name)
		}
	}
	return left, foreign, err
}

var (
	sortedFile = regexp.MustCompile(`^[0-9]+\.sst$`)
	// pebbleFile are names of small files of which Pebble keeps the newest, or the one before it too; its own log stays empty.
	pebbleFile = regexp.MustCompile(`^(LOCK|(MANIFEST|OPTIONS)-[0-9]+|marker\..+|[0-9]+(-[0-9]+)?\.log)$`)
)

// checkFile verifies all blocks of a sorted file, those too that reading its entries does not touch.
func (s *Store) checkFile(ctx context.Context, name string) error {
	f, err := s.fs.Open(s.fs.PathJoin(s.dir, name))
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		f.Close()
		return err
	}
	r, err := sstable.NewReader(ctx, readable, s.writer.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}
