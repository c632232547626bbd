package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tarndb/tarn/branching"
	"github.com/tarndb/tarn/replication/archive"
	"github.com/tarndb/tarn/replication/mirror"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// restoring is what the command line of tarn restore says.
type restoring struct {
	from, data, timeline, database, branch, warehouse string
	point                                             engine.Point
}

func parseRestore(args []string) (r restoring, err error) {
	var lsn, at string
	fs := flag.NewFlagSet("tarn restore", flag.ContinueOnError)
	fs.StringVar(&r.from, "from", "", "archive: directory or s3://bucket/prefix")
	fs.StringVar(&r.data, "data", "", "data directory to be made")
	fs.StringVar(&r.timeline, "timeline", "", "id of the archive's timeline, where it has several")
	fs.StringVar(&r.database, "database", "", "this database alone")
	fs.StringVar(&r.branch, "branch", "", "this branch alone, as main; with --database")
	fs.StringVar(&r.warehouse, "warehouse", "", "directory or s3://bucket/prefix of the Delta tables: lake tables and volumes have their files there")
	fs.StringVar(&lsn, "to-lsn", "", "position to restore to, of one branch; default the newest")
	fs.StringVar(&at, "to-time", "", "time to restore to, as 2006-01-02T15:04:05Z")
	if err := fs.Parse(args); err != nil {
		return r, err
	}
	switch {
	case fs.NArg() > 0:
		return r, fmt.Errorf("restore: unexpected argument %q", fs.Arg(0))
	case r.from == "" || r.data == "":
		return r, errors.New("restore: --from and --data are needed")
	case r.branch != "" && r.database == "":
		return r, errors.New("restore: --branch needs --database")
	case lsn != "" && at != "":
		return r, errors.New("restore: --to-lsn and --to-time are two points")
	case lsn != "" && r.database == "":
		return r, errors.New("restore: --to-lsn is of one branch: give --database")
	}
	if lsn != "" {
		if r.point.LSN, err = wal.ParseLSN(lsn); err != nil || r.point.LSN == 0 {
			return r, fmt.Errorf("restore: --to-lsn %s is no position", lsn)
		}
		if r.branch == "" {
			r.branch = branching.MainBranch
		}
	}
	if at != "" {
		if r.point.Time, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return r, fmt.Errorf("restore: --to-time: %w", err)
		}
	}
	return r, nil
}

// restore makes a data directory of an archive alone.
func restore(ctx context.Context, w io.Writer, args []string) error {
	r, err := parseRestore(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	line, err := findTimeline(ctx, r.from, r.timeline)
	if err != nil {
		return err
	}
	var tree *branching.Tree
	err = line.Tree(ctx, func(raw []byte) (err error) {
		tree, err = branching.ReadExport(raw)
		return err
	})
	if err != nil {
		return err
	}
	if es, err := os.ReadDir(r.data); err == nil && len(es) > 0 {
		return fmt.Errorf("restore: %s is not empty", r.data)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return r.run(ctx, w, line, tree)
}

// findTimeline opens a timeline of an archive: the only one, or that with the id. A bucket's warehouse stands for the archive in it.
func findTimeline(ctx context.Context, addr, id string) (*archive.Timeline, error) {
	var all []string
	for _, at := range []string{addr, strings.TrimSuffix(addr, "/") + "/" + archiveDir} {
		root, err := archiveStore(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := archive.Timelines(ctx, root)
		if err != nil {
			return nil, err
		}
		for _, have := range list {
			if have == id || id == "" && len(list) == 1 {
				return archive.OpenTimeline(root, have), nil
			}
		}
		all = append(all, list...)
	}
	switch {
	case id != "":
		return nil, fmt.Errorf("archive %s has no timeline %s", addr, id)
	case len(all) == 0:
		return nil, fmt.Errorf("%s is no archive: it has no timeline", addr)
	}
	return nil, fmt.Errorf("archive %s has several timelines, choose one with --timeline: %s", addr, strings.Join(all, ", "))
}

// restorer is a restore under way.
type restorer struct {
	restoring
	w       io.Writer
	line    *archive.Timeline
	revival *branching.Revival
	house   *warehouse
	places  *places
	id      string            // of the new data directory's timeline
	made    []branching.Where // what has to go if the restore fails
	reached bool              // a branch has the point
	unsure  *archive.OutsideError
}

func (o restoring) run(ctx context.Context, w io.Writer, line *archive.Timeline, tree *branching.Tree) (err error) {
	if o.warehouse == "" {
		o.warehouse = filepath.Join(o.data, "warehouse")
	}
	if err := os.MkdirAll(filepath.Join(o.data, "stores"), 0o700); err != nil {
		return err
	}
	r := &restorer{restoring: o, w: w, line: line}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.undo())
		}
	}()
	if r.revival, err = tree.Revive(r.data); err != nil {
		return err
	}
	if r.house, err = openWarehouse(r.warehouse, filepath.Join(r.data, "cache"), 64<<20); err != nil {
		return err
	}
	r.places = &places{warehouse: r.house, data: r.data, cacheDir: filepath.Join(r.data, "cache"), cacheBytes: 64 << 20}
	if r.id, err = timelineID(ctx, r.data); err != nil {
		return err
	}
	done, found := 0, false
	for _, d := range tree.Databases {
		if r.database != "" && d.Name != r.database {
			continue
		}
		found = true
		n, err := r.branches(ctx, d)
		if err != nil {
			return err
		}
		done += n
	}
	switch {
	case !found:
		return fmt.Errorf("the archive has no database %s", r.database)
	case done == 0:
		return errors.New("the archive has no branch")
	case !r.reached && r.unsure != nil:
		return fmt.Errorf("nothing in the archive is as late as that: %w", r.unsure)
	}
	return r.revival.Install()
}

// branches restores those of a database that are wanted, and returns how many there are.
func (r *restorer) branches(ctx context.Context, d *branching.Database) (n int, err error) {
	for _, b := range d.Branches {
		if b.Hidden() || !b.Expires.IsZero() || r.branch != "" && b.Name != r.branch {
			continue
		}
		there, err := r.restore(ctx, d, b)
		if err != nil {
			return n, fmt.Errorf("%s@%s: %w", d.Name, b.Name, err)
		}
		if there {
			n++
		}
	}
	if n == 0 && (r.branch != "" || r.database != "") {
		return n, fmt.Errorf("database %s has no branch %s in the archive", d.Name, cmp.Or(r.branch, branching.MainBranch))
	}
	return n, nil
}

// restore restores a branch, and says so; false: it is left out.
func (r *restorer) restore(ctx context.Context, d *branching.Database, b *branching.Branch) (bool, error) {
	name := b.Name
	if r.branch != "" {
		name = branching.MainBranch
	}
	from, to, err := r.revival.Branch(d.Name, b.Name, name, warehouseFor(d.Name, name, r.id))
	if err != nil {
		return false, err
	}
	r.made = append(r.made, to)
	at, err := r.store(ctx, from, to, r.point)
	r.reached = r.reached || err == nil
	asked := r.branch != "" || b.Name == branching.MainBranch && r.database != ""
	var outside *archive.OutsideError
	if errors.As(err, &outside) && !asked {
		begins := func() time.Time { return outside.Spans[0].Base.Taken }
		switch {
		case outside.Unsure:
			// Idle since before the time, or its archive has not come to it: the time is that of another branch.
			r.unsure = outside
			fmt.Fprintf(r.w, "%s@%s: %v; its newest state is restored\n", d.Name, b.Name, outside)
			at, err = r.store(ctx, from, to, engine.Point{})
		case b.Name != branching.MainBranch || len(outside.Spans) == 0 || !r.point.Time.IsZero() && r.point.Time.Before(begins()):
			// The point is before the branch, or it has not been open while there was an archive.
			fmt.Fprintf(r.w, "%s@%s: left out: %v\n", d.Name, b.Name, outside)
			r.revival.Drop(to)
			return false, nil
		}
	}
	if err != nil {
		return false, err
	}
	r.revival.Done(to, at.LSN, at.Time)
	fmt.Fprintf(r.w, "%s@%s: %s", d.Name, name, at.LSN)
	if !at.Time.IsZero() {
		fmt.Fprintf(r.w, " (%s)", at.Time.UTC().Format(time.RFC3339Nano))
	}
	fmt.Fprintln(r.w)
	return true, nil
}

// undo removes what a restore that failed has made: the data directory was empty, and no other branch has those of the warehouse.
func (r *restorer) undo() error {
	var errs error
	ctx, cancel := context.WithTimeout(context.Background(), forgetTime)
	defer cancel()
	for _, w := range r.made {
		errs = errors.Join(errs, object.RemoveAll(ctx, r.house.store, w.Warehouse+"/"))
	}
	es, err := os.ReadDir(r.data)
	for _, e := range es {
		errs = errors.Join(errs, os.RemoveAll(filepath.Join(r.data, e.Name())))
	}
	return errors.Join(errs, err)
}

// warehouseFor is the beginning of the names of a restored branch's directory, which has its number behind it (Revival.Branch): one that no
// branch of any data directory has, so that a restored one can share a warehouse with the one it is of.
func warehouseFor(database, branch, timeline string) string {
	name := database
	if branch != branching.MainBranch {
		name += "@" + branch
	}
	name = object.Segment(name)
	return name[:min(len(name), 70)] + "-" + timeline // and the number: Segment leaves 100 bytes
}

// store makes a branch's store, with the files of its lake tables and volumes.
func (r *restorer) store(ctx context.Context, from, to branching.Where, p engine.Point) (engine.Restored, error) {
	s := r.line.Store(from.DatabaseID, from.BranchID)
	id, err := s.StoreID(ctx)
	if err != nil {
		return engine.Restored{}, err
	}
	o := mirror.Options{Warehouse: r.house.store, Place: r.places.location, Database: from.Warehouse}
	at, err := mirror.RestorePast(ctx, o, id, mirror.CopyTarget{Database: to.Warehouse, SlotDir: slotDir(to)},
		func(ctx context.Context, look engine.Look) (engine.Restored, error) {
			return s.Restore(ctx, to.Dir, p, look)
		})
	if err != nil {
		return at, err
	}
	return at, r.copyVolumes(ctx, from, to)
}

// copyVolumes gives a restored branch the files of the volumes that it has.
func (r *restorer) copyVolumes(ctx context.Context, from, to branching.Where) error {
	log := slog.New(slog.DiscardHandler)
	db, err := database.Open(ctx, database.Options{Name: to.Database, Branch: to.Branch, ID: to.DatabaseID, Logger: log,
		Engine: engine.Options{Dir: to.Dir, CacheBytes: 8 << 20, Logger: log, KeepLogBytes: keepLog}})
	if err != nil {
		return err
	}
	v := &volumes{r.house, object.Segment(from.Warehouse), r.places}
	return errors.Join(v.copyTo(ctx, db.Catalog(), object.Segment(to.Warehouse)), db.Close())
}

// checkArchive verifies an archive: all of its timelines.
func checkArchive(ctx context.Context, w io.Writer, addr string) error {
	root, err := archiveStore(addr)
	if err != nil {
		return err
	}
	list, err := archive.Timelines(ctx, root)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%s is no archive: it has no timeline", addr)
	}
	var errs error
	for _, id := range list {
		errs = errors.Join(errs, archive.OpenTimeline(root, id).Check(ctx, w, func(raw []byte) error {
			_, err := branching.ReadExport(raw)
			return err
		}))
	}
	return errs
}

// isArchive reports whether an address is that of an archive.
func isArchive(ctx context.Context, addr string) bool {
	root, err := archiveStore(addr)
	if err != nil {
		return false
	}
	list, err := archive.Timelines(ctx, root)
	return err == nil && len(list) > 0
}
