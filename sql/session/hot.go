package session

import (
	"time"

	"github.com/tarndb/tarn/sql/opt"
)

// hot are the settings that every statement asks for, read once per change.
type hot struct {
	gen              uint64
	plan             *planEnv
	workMem          int64 // bytes
	lockTimeout      time.Duration
	deadlockTimeout  time.Duration
	statementTimeout time.Duration
	asyncCommit      bool
	level            isoLevel
	readOnly         bool
	deferrable       bool
	minNotice        int
	planCache        string // plan_cache_mode
	replica          bool   // session_replication_role
	nearEffort       int    // hnsw.ef_search
	tracking         tracking
}

// planEnv is what a plan depends on besides the catalog and statistics. Equal values are one object in a session: plans compare
// pointers.
type planEnv struct {
	path string // search_path
	opt  opt.Settings
	// noPolicies is row_security = off: what policies would change is an error.
	noPolicies bool
}

// maxPlanEnvs bounds how many are remembered; plans of forgotten ones are made anew.
const maxPlanEnvs = 64

// planEnv finds the object of a value.
func (s *Session) planEnv(v planEnv) *planEnv {
	if e := s.planEnvs[v]; e != nil {
		return e
	}
	if s.planEnvs == nil || len(s.planEnvs) >= maxPlanEnvs {
		s.planEnvs = map[planEnv]*planEnv{}
	}
	s.planEnvs[v] = &v
	return &v
}

// hotSettings are up to date until the next change.
func (s *Session) hotSettings() *hot {
	h := &s.hot
	if g := s.settings.Generation(); h.gen != g || h.plan == nil {
		ms := func(name string) time.Duration { return time.Duration(s.settings.Int(name)) * time.Millisecond }
		level, _ := s.settings.Get("default_transaction_isolation")
		commit, _ := s.settings.Get("synchronous_commit")
		*h = hot{gen: g, workMem: s.settings.Int("work_mem") << 10, lockTimeout: ms("lock_timeout"), deadlockTimeout: ms("deadlock_timeout"),
			statementTimeout: ms("statement_timeout"), asyncCommit: commit == "off", level: isoLevel(level),
			readOnly: s.settings.Bool("default_transaction_read_only"), deferrable: s.settings.Bool("default_transaction_deferrable"), minNotice: s.minNotice()}
		path, _ := s.settings.Get("search_path")
		h.planCache, _ = s.settings.Get("plan_cache_mode")
		role, _ := s.settings.Get("session_replication_role")
		h.replica = role == "replica"
		h.nearEffort = int(s.settings.Int("hnsw.ef_search"))
		h.tracking = s.trackingSettings()
		h.plan = s.planEnv(planEnv{path: path, opt: opt.ReadSettings(s.settings.Bool, s.settings.Float),
			noPolicies: !s.settings.Bool("row_security")})
	}
	return h
}
