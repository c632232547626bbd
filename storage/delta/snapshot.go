package delta

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FileKey identifies a file of a snapshot: a path with the deletion vector that it has there.
type FileKey struct{ Path, DV string }

func keyOf(path string, dv *DVDescriptor) FileKey {
	// Absolute addresses of local files are written with and without their scheme.
	if rest, ok := strings.CutPrefix(path, "file:"); ok {
		path = "/" + strings.TrimLeft(rest, "/")
	}
	return FileKey{path, dv.ID()}
}

// Snapshot is the state of a table at one version.
type Snapshot struct {
	Version  int64 // -1: nothing yet
	Protocol Protocol
	Metadata Metadata
	Files    map[FileKey]*Add
	// Tombstones are removes that no later add undid; a checkpoint drops the expired ones.
	Tombstones map[FileKey]*Remove
	Txns       map[string]Txn
	Domains    map[string]DomainMetadata
}

func newSnapshot() *Snapshot {
	return &Snapshot{Version: -1, Files: map[FileKey]*Add{}, Tombstones: map[FileKey]*Remove{}, Txns: map[string]Txn{},
		Domains: map[string]DomainMetadata{}}
}

// Schema parses the table's schema.
func (s *Snapshot) Schema() (Schema, error) { return ParseSchema(s.Metadata.SchemaString) }

// SortedFiles are the live files by path.
func (s *Snapshot) SortedFiles() []*Add {
	out := slices.Collect(maps.Values(s.Files))
	slices.SortFunc(out, func(a, b *Add) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// checkCommit enforces the protocol's rules for one commit against the state before it.
func (s *Snapshot) checkCommit(actions []Action) error {
	var protocols, metadatas int
	txns := map[string]bool{}
	adds, removes := map[string]FileKey{}, map[string]FileKey{}
	for i := range actions {
		switch a := &actions[i]; {
		case a.Protocol != nil:
			protocols++
		case a.Metadata != nil:
			metadatas++
		case a.Txn != nil:
			if txns[a.Txn.AppID] {
				return fmt.Errorf("%w: two txn actions of %s in a commit", ErrCorrupt, a.Txn.AppID)
			}
			txns[a.Txn.AppID] = true
		case a.Add != nil:
			if _, ok := adds[a.Add.Path]; ok {
				return fmt.Errorf("%w: file %s is added twice in a commit", ErrCorrupt, a.Add.Path)
			}
			adds[a.Add.Path] = FileKey{a.Add.Path, a.Add.DeletionVector.ID()}
		case a.Remove != nil:
			if _, ok := removes[a.Remove.Path]; ok {
				return fmt.Errorf("%w: file %s is removed twice in a commit", ErrCorrupt, a.Remove.Path)
			}
			removes[a.Remove.Path] = FileKey{a.Remove.Path, a.Remove.DeletionVector.ID()}
		}
	}
	if protocols > 1 || metadatas > 1 {
		return fmt.Errorf("%w: more than one protocol or metaData in a commit", ErrCorrupt)
	}
	if s.Version < 0 && (protocols == 0 || metadatas == 0) {
		return fmt.Errorf("%w: the first version lacks protocol or metaData", ErrCorrupt)
	}
	for path, key := range adds {
		if removes[path] == key {
			return fmt.Errorf("%w: file %s is added and removed in a commit", ErrCorrupt, path)
		}
	}
	return nil
}

// apply reconciles the actions of the next version.
func (s *Snapshot) apply(version int64, actions []Action) error {
	if err := s.checkCommit(actions); err != nil {
		return fmt.Errorf("version %d: %w", version, err)
	}
	for i := range actions {
		s.applyAction(&actions[i])
	}
	s.Version = version
	return nil
}

func (s *Snapshot) applyAction(a *Action) {
	switch {
	case a.Protocol != nil:
		s.Protocol = *a.Protocol
	case a.Metadata != nil:
		s.Metadata = *a.Metadata
	case a.Txn != nil:
		s.Txns[a.Txn.AppID] = *a.Txn
	case a.DomainMetadata != nil:
		if a.DomainMetadata.Removed {
			delete(s.Domains, a.DomainMetadata.Domain)
		} else {
			s.Domains[a.DomainMetadata.Domain] = *a.DomainMetadata
		}
	case a.Add != nil:
		k := keyOf(a.Add.Path, a.Add.DeletionVector)
		s.Files[k] = a.Add
		delete(s.Tombstones, k)
	case a.Remove != nil:
		k := keyOf(a.Remove.Path, a.Remove.DeletionVector)
		delete(s.Files, k)
		s.Tombstones[k] = a.Remove
	}
}
