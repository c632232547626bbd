package session

import (
	"time"

	"github.com/tarndb/tarn/storage/txn"
)

// hot are the settings that every statement asks for, read once per change.
type hot struct {
	gen              uint64
	path             string // search_path
	workMem          int64  // bytes
	lockTimeout      time.Duration
	deadlockTimeout  time.Duration
	statementTimeout time.Duration
	asyncCommit      bool
	level            txn.Isolation
	readOnly         bool
	minNotice        int
}

// hotSettings are up to date until the next change.
func (s *Session) hotSettings() *hot {
	h := &s.hot
	if g := s.settings.Generation(); h.gen != g {
		ms := func(name string) time.Duration { return time.Duration(s.settings.Int(name)) * time.Millisecond }
		level, _ := s.settings.Get("default_transaction_isolation")
		commit, _ := s.settings.Get("synchronous_commit")
		*h = hot{gen: g, workMem: s.settings.Int("work_mem") << 10, lockTimeout: ms("lock_timeout"), deadlockTimeout: ms("deadlock_timeout"),
			statementTimeout: ms("statement_timeout"), asyncCommit: commit == "off", level: isolation(level),
			readOnly: s.settings.Bool("default_transaction_read_only"), minNotice: s.minNotice()}
		h.path, _ = s.settings.Get("search_path")
	}
	return h
}
