package delta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/object"
)

// FileKey identifies a file of a snapshot: a path with the deletion vector that it has there.
type FileKey struct{ Path, DV string }

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
		k := FileKey{a.Add.Path, a.Add.DeletionVector.ID()}
		s.Files[k] = a.Add
		delete(s.Tombstones, k)
	case a.Remove != nil:
		k := FileKey{a.Remove.Path, a.Remove.DeletionVector.ID()}
		delete(s.Files, k)
		s.Tombstones[k] = a.Remove
	}
}

const logDir = "_delta_log/"

func commitKey(v int64) string     { return fmt.Sprintf("%s%020d.json", logDir, v) }
func checkpointKey(v int64) string { return fmt.Sprintf("%s%020d.checkpoint.parquet", logDir, v) }

const lastCheckpointKey = logDir + "_last_checkpoint"

// logFile is a parsed name in _delta_log.
type logFile struct {
	info       object.Info
	version    int64
	commit     bool
	checkpoint bool // classic, in one part
	part, of   int  // of a multi-part checkpoint
	v2         bool
}

func parseLogName(info object.Info) (logFile, bool) {
	f := logFile{info: info}
	name, ok := strings.CutPrefix(info.Key, logDir)
	if !ok || len(name) < 21 || strings.Contains(name, "/") {
		return f, false
	}
	v, err := strconv.ParseInt(name[:20], 10, 64)
	if err != nil || v < 0 {
		return f, false
	}
	f.version = v
	parts := strings.Split(name[21:], ".")
	switch {
	case name[20:] == ".json":
		f.commit = true
	case name[20:] == ".checkpoint.parquet":
		f.checkpoint = true
	case len(parts) == 4 && parts[0] == "checkpoint" && parts[3] == "parquet":
		f.part, err = strconv.Atoi(parts[1])
		f.of, _ = strconv.Atoi(parts[2])
		return f, err == nil && f.part >= 1 && f.part <= f.of
	case len(parts) == 3 && parts[0] == "checkpoint":
		f.v2 = true
	default:
		return f, false
	}
	return f, true
}

// LastCheckpoint is the content of _last_checkpoint, a hint.
type LastCheckpoint struct {
	Version       int64  `json:"version"`
	Size          int64  `json:"size"`
	Parts         *int   `json:"parts,omitempty"`
	SizeInBytes   *int64 `json:"sizeInBytes,omitempty"`
	NumOfAddFiles *int64 `json:"numOfAddFiles,omitempty"`
}

// readHint returns where listing may start: the last checkpoint's version, 0 if the hint is absent, stale or damaged.
func readHint(ctx context.Context, store object.Store, target int64) int64 {
	b, err := store.Get(ctx, lastCheckpointKey)
	if err != nil {
		return 0
	}
	var lc LastCheckpoint
	if json.Unmarshal(b, &lc) != nil || lc.Version < 0 || target >= 0 && lc.Version > target {
		return 0
	}
	return lc.Version
}

func listLog(ctx context.Context, store object.Store, from int64) ([]logFile, error) {
	infos, err := store.List(ctx, logDir, fmt.Sprintf("%s%020d", logDir, from))
	if err != nil {
		return nil, err
	}
	var out []logFile
	for _, info := range infos {
		if f, ok := parseLogName(info); ok {
			out = append(out, f)
		}
	}
	return out, nil
}

// Load reads the table at a version, or the newest one for version < 0.
func Load(ctx context.Context, store object.Store, version int64) (*Snapshot, error) {
	from := readHint(ctx, store, version)
	snap, err := loadFrom(ctx, store, version, from)
	if err != nil && from > 0 {
		snap, err = loadFrom(ctx, store, version, 0) // the hint may point at what is gone
	}
	return snap, err
}

func loadFrom(ctx context.Context, store object.Store, target, from int64) (*Snapshot, error) {
	files, err := listLog(ctx, store, from)
	if err != nil {
		return nil, fmt.Errorf("load delta table: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("load %s: %w", store.URL(""), ErrNoTable)
	}
	snap := newSnapshot()
	cp, keys, v2 := newestCheckpoint(files, target)
	if cp >= 0 {
		if err := readCheckpoint(ctx, store, keys, snap); err != nil {
			return nil, fmt.Errorf("load delta table: checkpoint %d: %w", cp, err)
		}
		snap.Version = cp
	}
	for _, f := range files {
		if !f.commit || f.version <= snap.Version || target >= 0 && f.version > target {
			continue
		}
		if f.version != snap.Version+1 {
			if v2 {
				return nil, fmt.Errorf("load delta table: %w: V2 checkpoint", ErrFeature)
			}
			return nil, fmt.Errorf("load delta table: %w: version %d is missing", ErrCorrupt, snap.Version+1)
		}
		actions, err := readCommit(ctx, store, f.version)
		if err != nil {
			return nil, fmt.Errorf("load delta table: %w", err)
		}
		if err := snap.apply(f.version, actions); err != nil {
			return nil, fmt.Errorf("load delta table: %w", err)
		}
	}
	if snap.Version < 0 || target >= 0 && snap.Version != target {
		return nil, fmt.Errorf("load delta table: version %d: %w", target, ErrNoTable)
	}
	if err := snap.Protocol.checkRead(); err != nil {
		return nil, fmt.Errorf("load delta table: %w", err)
	}
	return snap, nil
}

func readCommit(ctx context.Context, store object.Store, v int64) ([]Action, error) {
	data, err := store.Get(ctx, commitKey(v))
	if errors.Is(err, object.ErrNotExist) {
		return nil, fmt.Errorf("%w: version %d is missing", ErrCorrupt, v)
	}
	if err != nil {
		return nil, err
	}
	actions, err := DecodeActions(data)
	if err != nil {
		return nil, fmt.Errorf("version %d: %w", v, err)
	}
	return actions, nil
}

// newestCheckpoint finds the newest complete V1 checkpoint at or before target.
func newestCheckpoint(files []logFile, target int64) (version int64, keys []string, v2 bool) {
	version = -1
	type multi struct {
		v  int64
		of int
	}
	parts := map[multi][]string{}
	for _, f := range files {
		if target >= 0 && f.version > target {
			continue
		}
		v2 = v2 || f.v2
		switch {
		case f.checkpoint && f.version >= version:
			version, keys = f.version, []string{f.info.Key}
		case f.of > 0:
			m := multi{f.version, f.of}
			parts[m] = append(parts[m], f.info.Key)
			if len(parts[m]) == f.of && f.version > version {
				version, keys = f.version, parts[m]
			}
		}
	}
	return version, keys, v2
}
