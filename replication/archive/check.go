package archive

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tarndb/tarn/storage/wal"
)

// Check reads all of a timeline and verifies it: every checksum, that the log has no gap behind the oldest base, that what objects name is
// there, and that something names every file. What it finds it writes to w; the error says that there were problems. tree reads a tree.
func (t *Timeline) Check(ctx context.Context, w io.Writer, tree func([]byte) error) error {
	problems := 0
	report := func(format string, args ...any) {
		problems++
		fmt.Fprintf(w, "  "+format+"\n", args...)
	}
	fmt.Fprintf(w, "timeline %s\n", t.id)
	trees, err := t.trees(ctx)
	if err != nil {
		return err
	}
	if len(trees) == 0 {
		report("there is no tree")
	}
	for _, n := range trees {
		raw, err := t.all.Get(ctx, treeKey(n))
		if err == nil {
			err = tree(raw)
		}
		if err != nil {
			report("%s: %v", treeKey(n), err)
		}
	}
	stores, err := t.stores(ctx)
	if err != nil {
		return err
	}
	files := map[Sum]File{}
	for _, k := range slices.SortedFunc(maps.Keys(stores), func(a, b StoreKey) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Branch, b.Branch))
	}) {
		fmt.Fprintf(w, "store %d/%d\n", k.Database, k.Branch)
		if err := t.Store(k.Database, k.Branch).check(ctx, w, files, report); err != nil {
			return err
		}
	}
	infos, err := t.all.List(ctx, filePrefix, "")
	if err != nil {
		return fmt.Errorf("list archive: %w", err)
	}
	for _, i := range infos {
		var sum Sum
		if err := sum.UnmarshalText([]byte(strings.TrimPrefix(i.Key, filePrefix))); err != nil {
			report("unknown object %s", i.Key)
		} else if _, ok := files[sum]; !ok {
			fmt.Fprintf(w, "  left over: %s\n", i.Key) // of a base that did not come to be
		}
	}
	s := Source{Files: t.all}
	for _, f := range files {
		if err := s.fetchFile(ctx, f, discard); err != nil {
			if ctx.Err() != nil {
				return err
			}
			report("%v", err)
		}
	}
	fmt.Fprintf(w, "%d stores, %d files of bases\n", len(stores), len(files))
	if problems > 0 {
		return fmt.Errorf("timeline %s: %d problems found", t.id, problems)
	}
	return nil
}

func discard() (io.WriteCloser, error) { return nil, nil }

// check verifies a store's archive but for the files of its bases, which it adds to files.
func (s Source) check(ctx context.Context, w io.Writer, files map[Sum]File, report func(format string, args ...any)) error {
	x, err := Load(ctx, s.Objects)
	if err != nil {
		return err
	}
	for _, key := range x.Unknown {
		report("unknown object %s", key)
	}
	for _, b := range x.Bases {
		m, err := s.manifest(ctx, b)
		if err != nil {
			report("%v", err)
			continue
		}
		for _, f := range m.Files {
			files[f.Sum] = f
		}
	}
	spans := x.Spans()
	for i, span := range spans {
		fmt.Fprintf(w, "  %s to %s\n", span.Base.Valid, span.To)
		if i > 0 && spans[i-1].To < span.Base.Valid {
			report("nothing between %s and %s can be restored", spans[i-1].To, span.Base.Valid)
		}
	}
	if n := len(x.Bases); n == 0 {
		report("there is no base")
	} else if x.covered(x.Bases[0].Keep) < x.Bases[n-1].Valid {
		report("the log ends at %s; the newest base is of %s", x.covered(x.Bases[0].Keep), x.Bases[n-1].Valid)
	}
	for _, r := range x.Runs {
		raw, err := s.run(ctx, r)
		if err == nil {
			_, err = raw.Records(0, false, func(wal.Record) error { return nil })
		}
		if err != nil {
			report("%s: %v", logKey(r.From, r.To), err)
		}
	}
	blob := func(key string) {
		if err := s.fetchBlob(ctx, key, discard); err != nil {
			report("%v", err)
		}
	}
	for _, at := range x.More {
		blob(moreKey(at))
	}
	for _, in := range x.Ingested {
		blob(ingestedKey(in.Stamp, in.Name))
	}
	return context.Cause(ctx)
}
