package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/kv"
	"github.com/tarndb/tarn/storage/wal"
)

// inspect prints the log or the keys of a store that nobody has open, or a Delta table.
func inspect(w io.Writer, args []string) error {
	if len(args) < 2 {
		return errors.New("inspect: want wal|kv|delta and a directory")
	}
	what, dir := args[0], args[1]
	if what == "delta" {
		store, err := openStore(dir)
		if err != nil {
			return fmt.Errorf("inspect: %w", err)
		}
		return delta.Inspect(w, store)
	}
	fs := flag.NewFlagSet("tarn inspect", flag.ContinueOnError)
	from := fs.String("from", "", "wal: first position to show")
	limit := fs.Int("limit", 0, "number of records or keys, 0 for all")
	table := fs.Uint("table", 0, "kv: storage id of the table to show, 0 for all")
	summary := fs.Bool("summary", false, "kv: one line per index")
	if err := fs.Parse(args[2:]); err != nil {
		return err
	}
	stores, err := findStores(dir)
	if err != nil {
		return err
	}
	for _, s := range stores {
		fmt.Fprintf(w, "store %s\n", s)
		switch what {
		case "wal":
			o := wal.InspectOptions{Limit: *limit}
			if *from != "" {
				if o.From, err = wal.ParseLSN(*from); err != nil {
					return err
				}
			}
			err = engine.InspectLog(w, nil, s, o)
		case "kv":
			err = engine.InspectKV(w, nil, s, kv.InspectOptions{Table: uint32(*table), Limit: *limit, Summary: *summary})
		default:
			return fmt.Errorf("inspect: %q is none of wal, kv and delta", what)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findStores returns dir if it is a store, or the stores of a data directory.
func findStores(dir string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, "STORE")); err == nil {
		return []string{dir}, nil
	}
	found, err := filepath.Glob(filepath.Join(dir, "stores", "*", "*", "STORE"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no store", dir)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found, nil
}
