package engine

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/errors/oserror"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tarndb/tarn/storage/wal"
)

// Formats of a store; opening a store of an older format upgrades it or says why not.
//
//	1  first
const formatVersion = 1

const (
	manifestFile = "STORE"
	lockFile     = "LOCK"
	walDir       = "wal"
	kvDir        = "kv"
)

// Manifest says what a store is. It is written once, when the store is made; its presence makes the directory a store.
// The file holds it as JSON, and on a second line the CRC-32C of the first.
type Manifest struct {
	Format int    `json:"format"`
	Store  string `json:"store"`
	// ParentStore and BranchLSN are those of the store that this one was branched from.
	ParentStore string `json:"parent_store,omitempty"`
	BranchLSN   string `json:"branch_lsn,omitempty"`

	id wal.StoreID
}

func newManifest() (Manifest, error) {
	m := Manifest{Format: formatVersion}
	if _, err := rand.Read(m.id[:]); err != nil {
		return m, fmt.Errorf("make store id: %w", err)
	}
	m.Store = m.id.String()
	return m, nil
}

// StoreID is Store as bytes.
func (m Manifest) StoreID() wal.StoreID { return m.id }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ReadManifest says what the store in dir is. A nil fs is the operating system's.
func ReadManifest(fs vfs.FS, dir string) (Manifest, error) {
	if fs == nil {
		fs = vfs.Default
	}
	m, ok, err := readManifest(fs, dir)
	if err == nil && !ok {
		err = fmt.Errorf("%s is not a store", dir)
	}
	return m, err
}

// readManifest returns ok false when dir has none.
func readManifest(fs vfs.FS, dir string) (m Manifest, ok bool, err error) {
	f, err := fs.Open(fs.PathJoin(dir, manifestFile))
	if oserror.IsNotExist(err) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("open manifest: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return m, false, fmt.Errorf("read manifest: %w", err)
	}
	if m, err = parseManifest(b); err != nil {
		return m, false, fmt.Errorf("%w: manifest of %s: %w", ErrCorrupt, dir, err)
	}
	return m, true, nil
}

func parseManifest(b []byte) (m Manifest, err error) {
	const tail = len("\n00000000\n")
	if len(b) < tail || string(b[len(b)-tail:]) != fmt.Sprintf("\n%08x\n", crc32.Checksum(b[:len(b)-tail], castagnoli)) {
		return m, errors.New("checksum does not match")
	}
	if err := json.Unmarshal(b[:len(b)-tail], &m); err != nil {
		return m, err
	}
	if m.Format != formatVersion {
		return m, fmt.Errorf("store format %d is not known to this version", m.Format)
	}
	var p [5][]byte
	if _, err := fmt.Sscanf(m.Store, "%8x-%4x-%4x-%4x-%12x", &p[0], &p[1], &p[2], &p[3], &p[4]); err != nil {
		return m, fmt.Errorf("store id %q: %w", m.Store, err)
	}
	id := m.id[:0]
	for _, part := range p {
		id = append(id, part...)
	}
	if len(id) != len(m.id) {
		return m, fmt.Errorf("store id %q is not an id", m.Store)
	}
	return m, nil
}

// write puts the manifest into dir, whole or not at all, and durably.
func (m Manifest) write(fs vfs.FS, dir string) error {
	path := fs.PathJoin(dir, manifestFile)
	if err := m.create(fs, path+".new"); err != nil {
		return err
	}
	err := syncFile(fs, path+".new")
	if err == nil {
		err = fs.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(fs, dir)
	}
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// create writes the manifest to a new file and does not sync it.
func (m Manifest) create(fs vfs.FS, path string) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b = fmt.Appendf(b, "\n%08x\n", crc32.Checksum(b, castagnoli))
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("create manifest: %w", err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// makeDir creates dir and what is missing above it, durably.
func makeDir(fs vfs.FS, dir string) error {
	parents, err := missingParents(fs, dir)
	if err != nil {
		return err
	}
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, parent := range parents {
		if err := syncDir(fs, parent); err != nil {
			return fmt.Errorf("sync directory %s: %w", parent, err)
		}
	}
	return nil
}

// missingParents returns the directories whose content changes when dir and what is missing above it are made.
func missingParents(fs vfs.FS, dir string) (parents []string, err error) {
	for path := dir; ; {
		if _, err := fs.Stat(path); err == nil {
			return parents, nil
		} else if !oserror.IsNotExist(err) {
			return nil, err
		}
		parent := fs.PathDir(path)
		parents = append(parents, parent)
		if parent == path {
			return parents, nil
		}
		path = parent
	}
}
