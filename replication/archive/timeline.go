package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// Timeline is the archive of a data directory: the trees of its databases and branches, and its stores. Another data directory, also one
// that was restored of it, has another.
type Timeline struct {
	root object.Store // of all timelines
	id   string
	all  object.Store // of this one
	// Gate is held shared while a base is put and alone while files that no base names are removed.
	gate sync.RWMutex
}

const (
	timelinePrefix = "timeline/" // timeline/ID: empty
	treePrefix     = "tree/"     // tree/N: the tree, newest last
	storePrefix    = "store/"    // store/DATABASE/BRANCH/…: a store
	keepTrees      = 16
)

// Timelines are the ids of the timelines in an archive.
func Timelines(ctx context.Context, root object.Store) ([]string, error) {
	infos, err := root.List(ctx, timelinePrefix, "")
	if err != nil {
		return nil, fmt.Errorf("list archive: %w", err)
	}
	var out []string
	for _, i := range infos {
		out = append(out, strings.TrimPrefix(i.Key, timelinePrefix))
	}
	return out, nil
}

// OpenTimeline is the timeline with an id, which need not be there yet.
func OpenTimeline(root object.Store, id string) *Timeline {
	return &Timeline{root: root, id: id, all: object.Sub(root, id)}
}

// ID is the timeline's id.
func (t *Timeline) ID() string { return t.id }

// Mark makes the timeline one of Timelines.
func (t *Timeline) Mark(ctx context.Context) error {
	err := t.root.PutIfAbsent(ctx, timelinePrefix+t.id, nil)
	if errors.Is(err, object.ErrExist) {
		return nil
	}
	return err
}

// Store is the archive of a store.
func (t *Timeline) Store(database, branch uint32) Source {
	return Source{object.Sub(t.all, fmt.Sprintf("%s%d/%d", storePrefix, database, branch)), t.all}
}

// Archive begins to archive a store. Objects, Files and Gate of the options are the timeline's.
func (t *Timeline) Archive(database, branch uint32, o Options) *Archiver {
	s := t.Store(database, branch)
	o.Objects, o.Files, o.gate = s.Objects, s.Files, &t.gate
	return Start(o)
}

func (t *Timeline) trees(ctx context.Context) ([]uint64, error) {
	infos, err := t.all.List(ctx, treePrefix, "")
	if err != nil {
		return nil, fmt.Errorf("list archive: %w", err)
	}
	var out []uint64
	for _, i := range infos {
		if n, ok := numbers(strings.TrimPrefix(i.Key, treePrefix), 1); ok {
			out = append(out, n[0])
		}
	}
	slices.Sort(out)
	return out, nil
}

func treeKey(n uint64) string { return fmt.Sprintf("%s%016X", treePrefix, n) }

// PutTree archives the tree, and removes old ones.
func (t *Timeline) PutTree(ctx context.Context, tree []byte) error {
	there, err := t.trees(ctx)
	if err != nil {
		return err
	}
	n := uint64(1)
	if len(there) > 0 {
		n = there[len(there)-1] + 1
	}
	if err := t.all.PutIfAbsent(ctx, treeKey(n), tree); err != nil {
		return fmt.Errorf("archive tree: %w", err)
	}
	for len(there) >= keepTrees {
		if err := t.all.Delete(ctx, treeKey(there[0])); err != nil {
			return fmt.Errorf("archive tree: %w", err)
		}
		there = there[1:]
	}
	return nil
}

// Tree is the newest tree that read takes; the error is that of the newest if it takes none. object.ErrNotExist: there is none.
func (t *Timeline) Tree(ctx context.Context, read func(tree []byte) error) error {
	there, err := t.trees(ctx)
	if err != nil {
		return err
	}
	first := fmt.Errorf("tree of timeline %s: %w", t.id, object.ErrNotExist)
	for i := len(there) - 1; i >= 0; i-- {
		raw, err := t.all.Get(ctx, treeKey(there[i]))
		if err == nil {
			err = read(raw)
		}
		if err == nil {
			return nil
		}
		if i == len(there)-1 {
			first = fmt.Errorf("%s: %w", treeKey(there[i]), err)
		}
	}
	return first
}

// StoreKey names a store of a timeline.
type StoreKey struct{ Database, Branch uint32 }

// stores are the stores that have objects, each with when its newest was put.
func (t *Timeline) stores(ctx context.Context) (map[StoreKey]time.Time, error) {
	infos, err := t.all.List(ctx, storePrefix, "")
	if err != nil {
		return nil, fmt.Errorf("list archive: %w", err)
	}
	out := map[StoreKey]time.Time{}
	for _, i := range infos {
		parts := strings.SplitN(strings.TrimPrefix(i.Key, storePrefix), "/", 3)
		if len(parts) != 3 {
			continue
		}
		d, err1 := strconv.ParseUint(parts[0], 10, 32)
		b, err2 := strconv.ParseUint(parts[1], 10, 32)
		if err1 != nil || err2 != nil {
			continue
		}
		k := StoreKey{uint32(d), uint32(b)}
		if was, ok := out[k]; !ok || i.ModTime.After(was) {
			out[k] = i.ModTime
		}
	}
	return out, nil
}

// Sweep removes the archives of stores that are not alive and to which nothing has come since before, and then the files that no base names.
func (t *Timeline) Sweep(ctx context.Context, alive func(StoreKey) bool, before time.Time) error {
	if err := await(ctx, t.gate.TryLock); err != nil {
		return err
	}
	defer t.gate.Unlock()
	stores, err := t.stores(ctx)
	if err != nil {
		return err
	}
	named := map[Sum]bool{}
	for k, newest := range stores {
		s := t.Store(k.Database, k.Branch)
		if !alive(k) && newest.Before(before) {
			// Bases first: what is left of others leans on none.
			for _, prefix := range []string{basePrefix, ""} {
				if err := object.RemoveAll(ctx, s.Objects, prefix); err != nil {
					return fmt.Errorf("remove archive of store %d/%d: %w", k.Database, k.Branch, err)
				}
			}
			continue
		}
		x, err := Load(ctx, s.Objects)
		if err != nil {
			return err
		}
		for _, b := range x.Bases {
			m, err := s.manifest(ctx, b)
			if err != nil {
				return err
			}
			for _, f := range m.Files {
				named[f.Sum] = true
			}
		}
	}
	files, err := t.all.List(ctx, filePrefix, "")
	if err != nil {
		return fmt.Errorf("list archive: %w", err)
	}
	for _, f := range files {
		var sum Sum
		if sum.UnmarshalText([]byte(strings.TrimPrefix(f.Key, filePrefix))) == nil && named[sum] {
			continue
		}
		if err := t.all.Delete(ctx, f.Key); err != nil {
			return fmt.Errorf("remove %s: %w", f.Key, err)
		}
	}
	return nil
}

// await tries until it succeeds, or with the cause of ctx.
func await(ctx context.Context, try func() bool) error {
	for !try() {
		select {
		case <-time.After(gateTick):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// gateTick is how often somebody who waits for Timeline.gate looks. Who wants it alone keeps nobody from having it shared.
const gateTick = 50 * time.Millisecond

// prune removes what no restore to a moment since before needs. The order keeps what is left whole: a base goes before its log.
func (s Source) prune(ctx context.Context, before time.Time) error {
	x, err := Load(ctx, s.Objects)
	if err != nil {
		return err
	}
	var first engine.Base
	for _, span := range x.Spans() {
		if !span.Base.Taken.After(before) {
			first = span.Base
		}
	}
	if first.Valid == 0 {
		return nil
	}
	var gone []string
	for _, b := range x.Bases {
		if b.Valid < first.Valid {
			gone = append(gone, baseKey(b))
		}
	}
	oldest := first.Keep
	for _, r := range x.Runs {
		if r.To <= oldest {
			gone = append(gone, logKey(r.From, r.To))
		}
	}
	for _, at := range x.More {
		if at < oldest && !x.runHas(at, oldest) {
			gone = append(gone, moreKey(at))
		}
	}
	for _, in := range x.Ingested {
		if in.Stamp < first.Valid {
			gone = append(gone, ingestedKey(in.Stamp, in.Name))
		}
	}
	for _, at := range x.Lost {
		if at < first.Valid {
			gone = append(gone, lostKey(at))
		}
	}
	for _, key := range gone {
		if err := s.Objects.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
	}
	return nil
}

// runHas reports whether a run that reaches beyond a position has the record at another one.
func (x *Index) runHas(at, beyond wal.LSN) bool {
	return slices.ContainsFunc(x.Runs, func(r Run) bool { return r.From <= at && r.To > beyond })
}

// StoreID is the id of the store that was archived.
func (s Source) StoreID(ctx context.Context) (id wal.StoreID, err error) {
	x, err := Load(ctx, s.Objects)
	if err != nil {
		return id, err
	}
	if len(x.Bases) == 0 {
		return id, x.outside(engine.Point{}, false)
	}
	m, err := s.manifest(ctx, x.Bases[len(x.Bases)-1])
	if err != nil {
		return id, err
	}
	return parseStoreID(m.Store)
}
