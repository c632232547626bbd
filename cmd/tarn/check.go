package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object/s3"
)

// check verifies every checksum and invariant of a stopped data directory, or of one store, and that every file in it belongs to
// something and none is missing.
func check(ctx context.Context, w io.Writer, args []string) error {
	flags := flag.NewFlagSet("tarn check", flag.ContinueOnError)
	house := flags.String("warehouse", "", "directory, or s3://bucket/prefix, of the Delta tables, if it is not in the data directory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("check: want a directory")
	}
	dir := flags.Arg(0)
	if isArchive(ctx, dir) {
		return checkArchive(ctx, w, dir)
	}
	if s3.IsAddress(dir) || isDelta(dir) {
		return checkDelta(ctx, w, dir)
	}
	found, err := branching.Check(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return checkStores(ctx, w, dir)
	}
	if err != nil {
		return err
	}
	c := dataCheck{w: w, dir: dir, found: found}
	c.stores(ctx)
	if err := c.warehouse(ctx, *house); err != nil {
		return err
	}
	if c.problems > 0 {
		return fmt.Errorf("%d problems found", c.problems)
	}
	return nil
}

// checkStores verifies stores of which no tree tells.
func checkStores(ctx context.Context, w io.Writer, dir string) error {
	stores, err := findStores(dir)
	if err != nil {
		return err
	}
	var errs error
	for _, s := range stores {
		fmt.Fprintf(w, "store %s\n", s)
		errs = errors.Join(errs, engine.Check(ctx, w, nil, s, beside(s)))
	}
	return errs
}

// beside knows what is in a store's directory and not the store's own.
func beside(store string) func(name string) (engine.Unused, bool) {
	return func(name string) (engine.Unused, bool) {
		where := branching.Where{Dir: store}
		if filepath.Join(store, name) != slotDir(where) {
			return engine.Unused{}, false
		}
		list, err := os.ReadDir(slotDir(where))
		if err != nil {
			return engine.Unused{}, false
		}
		var names []string
		for _, e := range list {
			names = append(names, e.Name())
		}
		u := mirror.UnusedIn(names)
		for _, list := range [][]string{u.Left, u.Foreign} {
			for i := range list {
				list[i] = filepath.Join(name, list[i])
			}
		}
		return u, true
	}
}

// dataCheck is the check of a data directory.
type dataCheck struct {
	w        io.Writer
	dir      string
	found    *branching.Found
	problems int
}

func (c *dataCheck) report(format string, args ...any) {
	c.problems++
	fmt.Fprintf(c.w, format+"\n", args...)
}

func (c *dataCheck) left(format string, args ...any) {
	fmt.Fprintf(c.w, "left over: "+format+"\n", args...)
}

// stores verifies the stores of the branches.
func (c *dataCheck) stores(ctx context.Context) {
	for _, s := range c.found.Stores {
		fmt.Fprintf(c.w, "store %s\n", s.Dir)
		if err := engine.Check(ctx, c.w, nil, s.Dir, beside(s.Dir)); err != nil {
			c.report("store %s: %v", s.Dir, err)
		}
	}
	for _, path := range c.found.Missing {
		c.report("missing: %s", path)
	}
	for _, path := range c.found.Foreign {
		c.report("unreferenced: %s", path)
	}
	for _, path := range c.found.Left {
		c.left("%s, goes at the next start", path)
	}
}

// warehouse compares the directories of the warehouse with the branches and their tables.
func (c *dataCheck) warehouse(ctx context.Context, addr string) error {
	if addr == "" {
		addr = filepath.Join(c.dir, "warehouse")
	}
	store, err := storeAt(addr)
	if err != nil {
		return err
	}
	infos, err := store.List(ctx, "", "")
	if err != nil {
		return fmt.Errorf("list warehouse: %w", err)
	}
	var roots []string
	for _, i := range infos {
		root, _, _ := strings.Cut(i.Key, "/")
		if n := len(roots); n == 0 || roots[n-1] != root {
			roots = append(roots, root)
		}
	}
	slices.Sort(roots)
	for _, root := range slices.Compact(roots) {
		switch {
		case c.found.Warehouses[root], root == archiveDir:
		case c.found.Unsettled[root]:
			c.left("%s, goes at the next start", store.URL(root))
		default:
			c.report("unreferenced: %s is no branch's", store.URL(root))
		}
	}
	for _, w := range c.found.Stores {
		m, err := engine.ReadManifest(nil, w.Dir)
		if err != nil {
			continue // told already
		}
		u, err := mirror.UnusedTables(ctx, store, w.Warehouse, slotDir(w), m.StoreID())
		if err != nil {
			c.report("tables of %s: %v", w.Dir, err)
		}
		for _, dir := range u.Left {
			c.left("%s, which the branch looks at when it is opened", store.URL(dir))
		}
		for _, dir := range u.Foreign {
			c.report("unreferenced: %s is no table's", store.URL(dir))
		}
	}
	return nil
}

func checkDelta(ctx context.Context, w io.Writer, dir string) error {
	store, err := openStore(dir)
	if err != nil {
		return err
	}
	rep, err := delta.ValidateStore(ctx, store)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "delta table %s: version %d, protocol %d/%d %v\n", dir, rep.Version, rep.Protocol.MinReaderVersion,
		rep.Protocol.MinWriterVersion, rep.Protocol.WriterFeatures)
	fmt.Fprintf(w, "  %d commits, %d checkpoints and %d checksums agree\n", rep.Commits, rep.Checkpoints, rep.Checksums)
	fmt.Fprintf(w, "  %d files, %d deletion vectors: %d rows, %d deleted\n", rep.Files, rep.Vectors, rep.Rows, rep.Deleted)
	return nil
}
