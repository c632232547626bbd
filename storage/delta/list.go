package delta

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/storage/object"
)

const logDir = "_delta_log/"

func commitKey(v int64) string     { return fmt.Sprintf("%s%020d.json", logDir, v) }
func checkpointKey(v int64) string { return fmt.Sprintf("%s%020d.checkpoint.parquet", logDir, v) }

const lastCheckpointKey = logDir + "_last_checkpoint"

// logKind is what a file in _delta_log is.
type logKind uint8

const (
	otherFile      logKind = iota
	commitFile             // <v>.json
	checkpointFile         // <v>.checkpoint.parquet, <v>.checkpoint.<uuid>.json or .parquet
	partFile               // <v>.checkpoint.<part>.<of>.parquet
	compactedFile          // <v>.<last>.compacted.json
	checksumFile           // <v>.crc
)

// logFile is a parsed name in _delta_log.
type logFile struct {
	info     object.Info
	kind     logKind
	version  int64 // of a compaction the first that it covers
	last     int64 // of a compaction the last that it covers
	part, of int   // of a checkpoint in parts
}

func parseLogName(info object.Info) (f logFile, ok bool) {
	f.info = info
	name, ok := strings.CutPrefix(info.Key, logDir)
	if !ok || strings.Contains(name, "/") {
		return f, false
	}
	parts := strings.Split(name, ".")
	if f.version, ok = parseVersion(parts[0]); !ok {
		return f, false
	}
	rest := parts[1:]
	switch {
	case len(rest) == 1 && rest[0] == "json":
		f.kind = commitFile
	case len(rest) == 1 && rest[0] == "crc":
		f.kind = checksumFile
	case len(rest) == 2 && rest[0] == "checkpoint" && rest[1] == "parquet",
		len(rest) == 3 && rest[0] == "checkpoint" && (rest[2] == "parquet" || rest[2] == "json"):
		f.kind = checkpointFile
	case len(rest) == 4 && rest[0] == "checkpoint" && rest[3] == "parquet":
		var err1, err2 error
		f.part, err1 = strconv.Atoi(rest[1])
		f.of, err2 = strconv.Atoi(rest[2])
		if err1 == nil && err2 == nil && f.part >= 1 && f.part <= f.of {
			f.kind = partFile
		}
	case len(rest) == 3 && rest[1] == "compacted" && rest[2] == "json":
		if f.last, ok = parseVersion(rest[0]); ok && f.last > f.version {
			f.kind = compactedFile
		}
	}
	return f, f.kind != otherFile
}

func parseVersion(s string) (int64, bool) {
	v, err := strconv.ParseInt(s, 10, 64)
	return v, len(s) == 20 && err == nil && v >= 0
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

// newestCheckpoint finds the newest complete checkpoint at or before target; its version is -1 if there is none. A
// version may have several, which say the same.
func newestCheckpoint(files []logFile, target int64) (version int64, keys []string) {
	version = -1
	type multi struct {
		v  int64
		of int
	}
	parts := map[multi]map[int]string{}
	for _, f := range files {
		if target >= 0 && f.version > target {
			continue
		}
		switch f.kind {
		case checkpointFile:
			if f.version >= version {
				version, keys = f.version, []string{f.info.Key}
			}
		case partFile:
			m := multi{f.version, f.of}
			if parts[m] == nil {
				parts[m] = map[int]string{}
			}
			parts[m][f.part] = f.info.Key
			if len(parts[m]) == f.of && f.version > version {
				version, keys = f.version, nil
				for i := range f.of {
					keys = append(keys, parts[m][i+1])
				}
			}
		}
	}
	return version, keys
}
