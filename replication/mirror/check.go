package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tarndb/tarn/replication/slot"
	"github.com/tarndb/tarn/storage/delta"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/object"
	"github.com/tarndb/tarn/storage/wal"
)

// UnusedIn are the names in the slot directory of a store that nobody has open which are none of the mirror's, or of another slot.
func UnusedIn(names []string) (u engine.Unused) {
	for _, name := range names {
		switch {
		case strings.HasSuffix(name, ".slot.tmp"):
			u.Left = append(u.Left, name)
		case name != originsFile && path.Ext(name) != ".slot":
			u.Foreign = append(u.Foreign, name)
		}
	}
	return u
}

// UnusedTables are the directories of a store's part of the warehouse, root, that are no table's as far as the mirror's position says.
// Left are those that the mirror looks at when the store is opened the next time. Nobody has the store open.
func UnusedTables(ctx context.Context, warehouse object.Store, root, slotDir string, store wal.StoreID) (u engine.Unused, err error) {
	infos, err := warehouse.List(ctx, root+"/", "")
	if err != nil {
		return u, err
	}
	known, opened, err := savedTables(slotDir, store)
	if err != nil {
		return u, err
	}
	seen := map[string]bool{}
	for _, i := range infos {
		dir := strings.Join(strings.SplitN(i.Key, "/", 4)[:min(3, strings.Count(i.Key, "/"))], "/")
		if strings.HasPrefix(i.Key, root+"/.") || known[dir] || seen[dir] { // a schema's directory begins with no dot
			continue
		}
		seen[dir] = true
		switch use, err := useOf(ctx, object.Sub(warehouse, dir), dir, store); {
		case err != nil:
			return u, fmt.Errorf("look at %s: %w", dir, err)
		case use == unowned:
			u.Foreign = append(u.Foreign, dir)
		case use == own && opened:
			u.Left = append(u.Left, dir)
		}
	}
	slices.Sort(u.Left)
	slices.Sort(u.Foreign)
	return u, nil
}

type use int

const (
	unowned use = iota
	own         // a table of the store has been there, or a load into one
	dropped     // the restore window may bring it back
)

func useOf(ctx context.Context, dir object.Store, name string, store wal.StoreID) (use, error) {
	if !isTableDir(name) {
		return unowned, nil
	}
	switch _, err := dir.Get(ctx, droppedFile); {
	case err == nil:
		return dropped, nil
	case !errors.Is(err, object.ErrNotExist):
		return unowned, err
	}
	snap, err := delta.Load(ctx, dir, -1)
	if errors.Is(err, delta.ErrNoTable) {
		return own, nil // a location's note, or data files alone
	}
	if err != nil {
		return unowned, err
	}
	for app := range snap.Txns {
		if strings.HasPrefix(app, appPrefix(store)) {
			return own, nil
		}
	}
	return unowned, nil
}

// savedTables are the directories of the tables that the mirror's position has; ok is false if there is no position.
func savedTables(slotDir string, store wal.StoreID) (dirs map[string]bool, ok bool, err error) {
	state, ok, err := slot.State(slotDir, slotName, store)
	if !ok || err != nil {
		return nil, false, err
	}
	var st savedState
	if err := json.Unmarshal(state, &st); err != nil {
		return nil, false, fmt.Errorf("mirror's position: %w", err)
	}
	dirs = map[string]bool{}
	for _, t := range st.Tables {
		key, _ := splitDir(t.Dir)
		dirs[key] = true
	}
	return dirs, true, nil
}
