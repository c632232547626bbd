package stmtstats

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// formatVersion is that of the file; another one is not read.
const formatVersion = 1

// saved is the file: JSON (docs/formats/statements.md).
type saved struct {
	Version int
	Evicted int64
	Reset   time.Time
	Entries []savedEntry
}

type savedEntry struct {
	Row
	Usage float64
}

// Save writes the store to a file. It is not synced: after a crash there is none.
func (s *Store) Save(path string) error {
	s.mu.Lock()
	out := saved{Version: formatVersion, Evicted: s.evicted, Reset: s.reset}
	for _, e := range s.entries {
		e.mu.Lock()
		out.Entries = append(out.Entries, savedEntry{Row{e.key, e.Counts, e.text}, e.usage})
		e.mu.Unlock()
	}
	s.mu.Unlock()
	data, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// Load reads what Save has written, and removes the file: its numbers are not true any more. No file is no error.
func (s *Store) Load(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return s.decode(data)
}

func (s *Store) decode(data []byte) error {
	var in saved
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("statement statistics: %w", err)
	}
	if in.Version != formatVersion {
		return fmt.Errorf("statement statistics: version %d of the file", in.Version)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evicted, s.reset = in.Evicted, in.Reset
	for _, e := range in.Entries {
		if len(s.entries) < s.max && len(e.Text) <= maxTextLength {
			s.entries[e.Key] = &Entry{key: e.Key, text: e.Text, Counts: e.Counts, usage: e.Usage}
		}
	}
	return nil
}
