package branching

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Found is what the tree of a data directory that nobody has open says of its stores.
type Found struct {
	// Stores are those of the branches, and of the branches that resets have replaced.
	Stores []Where
	// Left are paths below the data directory that the next start removes: of branches that were being made or removed.
	Left []string
	// Foreign are paths in stores/ that nothing has made, Missing those of stores that should be there.
	Foreign, Missing []string
	// Warehouses are the directories that branches have; Unsettled those of branches that were being made or removed.
	Warehouses, Unsettled map[string]bool
}

// Check compares the stores of a data directory with its tree. Errors: fs.ErrNotExist if there is no tree, ErrDamaged.
func Check(dir string) (*Found, error) {
	_, t, _, err := readTreeFile(dir)
	if err != nil {
		return nil, err
	}
	f := &Found{Warehouses: map[string]bool{}, Unsettled: map[string]bool{}}
	m := &Manager{opts: Options{Dir: dir}}
	stores := map[string]bool{}
	for _, d := range t.Databases {
		stores[fmt.Sprint(d.ID)] = true
		for _, b := range d.Branches {
			w := m.where(d, b)
			f.Warehouses[w.Warehouse] = true
			name := fmt.Sprintf("%d/%d", d.ID, b.ID)
			stores[name] = true
			switch _, err := os.Stat(filepath.Join(w.Dir, storeFile)); {
			case err == nil:
				f.Stores = append(f.Stores, w)
			case !errors.Is(err, fs.ErrNotExist):
				return nil, err
			case b.LSN != 0: // others get their store when they are opened first
				f.Missing = append(f.Missing, "stores/"+name)
			}
		}
	}
	return f, f.list(filepath.Join(dir, "stores"), stores)
}

// storeFile makes a directory a store.
const storeFile = "STORE"

// list looks at all of stores/; known are the names of databases and branches there.
func (f *Found) list(stores string, known map[string]bool) error {
	dbs, err := os.ReadDir(stores)
	if err != nil {
		return err
	}
	for _, db := range dbs {
		if !db.IsDir() {
			f.Foreign = append(f.Foreign, "stores/"+db.Name())
			continue
		}
		list, err := os.ReadDir(filepath.Join(stores, db.Name()))
		if err != nil {
			return err
		}
		if !known[db.Name()] && len(list) == 0 {
			f.Left = append(f.Left, "stores/"+db.Name())
		}
		var marks []string
		for _, e := range list {
			if branch, ok := strings.CutSuffix(e.Name(), markSuffix); ok {
				marks = append(marks, branch)
				f.Left = append(f.Left, "stores/"+db.Name()+"/"+e.Name())
				text, err := os.ReadFile(filepath.Join(stores, db.Name(), e.Name()))
				if err != nil {
					return err
				}
				f.Unsettled[strings.TrimSuffix(string(text), "\n")] = true
			}
		}
		for _, e := range list {
			name := db.Name() + "/" + e.Name()
			switch {
			case known[name] || strings.HasSuffix(name, markSuffix):
			case slices.Contains(marks, e.Name()):
				f.Left = append(f.Left, "stores/"+name)
			default:
				f.Foreign = append(f.Foreign, "stores/"+name)
			}
		}
	}
	return nil
}
