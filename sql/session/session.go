package session

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/notify"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/session/domain"
	"github.com/tarndb/tarn/sql/session/external"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/sql/stmtstats"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// Cluster is what a session asks of the server around its database. cmd/tarn wires it.
type Cluster interface {
	// Open opens a branch; release is called once when the session is done with it. Errors: 3D000.
	Open(ctx context.Context, database, branch string) (db *database.DB, release func(), err error)
	Databases() []DatabaseInfo
	// Roles are the server's roles as those see them who are connected to the database with that OID.
	Roles(database uint32) *privilege.Roles
	// Generation grows with every change of roles and databases.
	Generation() uint64
	// ChangeDatabaseACL replaces a database's privileges by what f makes of them. Errors: 3D000, f's.
	ChangeDatabaseACL(name string, f func(d DatabaseInfo) (privilege.ACL, error)) error
	Branches() ([]BranchInfo, error)
	Mirrors(ctx context.Context, db *database.DB) ([]MirrorInfo, error)
	MirrorWork(db *database.DB) []MirrorWork
	Archives() []ArchiveInfo
	// Cancel stops another session's statement (pg_cancel_backend); Terminate ends it.
	Cancel(pid uint32) bool
	Terminate(pid uint32) bool
	// DefaultSettings are those of the configuration, the database and the role, in that order.
	DefaultSettings(database, role string) []Setting
}

// Setting is a value with where it comes from (pg_settings.source).
type Setting struct{ Name, Value, Source string }

// Rows of the catalogs that describe the server.
type (
	DatabaseInfo = syscat.Database
	BranchInfo   = syscat.Branch
	MirrorInfo   = syscat.Mirror
	MirrorWork   = syscat.MirrorWork
	ArchiveInfo  = syscat.Archive
)

// Extension runs a statement that is not SQL's own: branches, pipelines, jobs. It returns the command tag; handled is
// false for a statement that is not its.
type Extension func(ctx context.Context, s *Session, stmt ast.Node) (tag string, handled bool, err error)

// Shared is what the sessions of a server have in common.
type Shared struct {
	Cluster    Cluster
	Extensions []Extension
	Log        *slog.Logger
	// Statements is where statements of databases with the extension pg_stat_statements are counted; nil: nowhere.
	Statements *stmtstats.Store
	// WorkMem etc. are settings; TempDir is where operators spill.
	TempDir string
	Started time.Time
	// Files is where read_files and COPY INTO read; nil: they answer 0A000.
	Files files.Store
	// Deltas opens Delta tables for delta_scan; nil: it answers 0A000.
	Deltas files.Deltas
	// Branches opens branches for branch_diff and MERGE BRANCH; nil: they answer 0A000.
	Branches branchdiff.Branches
	// Past opens the session's branch as of a point of its past, an LSN or a time, for tarn.as_of; nil: it answers 0A000.
	Past func(ctx context.Context, s *Session, at string) (db *database.DB, release func(), err error)

	mu       sync.Mutex
	sessions map[uint32]*Session                 // by pid
	ended    struct{ commits, rollbacks uint64 } // of sessions that are gone
}

// Startup is what a client says of itself.
type Startup struct {
	User, Database string
	Params         map[string]string
	PID, CancelKey uint32
	RemoteAddr     string
	Notify         func()
}

// Session is one client's state. Its methods are called from one goroutine, except those that say otherwise.
type Session struct {
	shared   *Shared
	db       *database.DB
	release  func()
	login    catalog.OID // the role that the client has authenticated as
	ident    *identity   // who the session is now; see identity()
	client   Startup
	hot      hot
	deadline time.Time         // of the extended statement under way; zero: none
	noticed  int               // notices so far
	loading  *external.Loading // the COPY INTO under way; nil: none
	shown    *catalog.Catalog  // another branch's catalog, by which values and objects are printed at the moment; nil: the session's own
	piped    bool              // the extended protocol has begun a transaction, as now() shows it, since the last Sync
	planEnvs map[planEnv]*planEnv
	signaled bool            // the statement under way has canceled or ended its own session
	stmtCtx  context.Context // of the statement under way, for functions that wait
	rng      *rand.Rand
	started  time.Time
	settings *settings.Values
	env      *types.Env // replaced, never changed, when a setting that it holds changes
	owner    *lock.Owner
	listener *notify.Listener

	block   block
	past    *present // the transaction is of the past; nil: it is not
	plans   planCache
	stmts   map[string]*prepared
	portals map[string]*portal
	spare   *portal // the last unnamed portal, for its buffers

	out        Output            // of the call under way
	last       bool              // the statement under way is the last of its query string
	report     map[string]string // reported settings as the client knows them
	reportGen  uint64            // of settings when they were compared last
	scratch    scratch
	tempSchema catalog.OID
	temps      map[catalog.OID]*catalog.Table // the session's temporary relations
	tempGen    int
	seen       seenCatalog
	counted    countsIn
	tempStats  map[catalog.OID]*stats.Table
	ownStats   uint64 // grows when statistics that only this session sees change
	merged     mergedCatalog
	seqs       map[catalog.OID]int64 // currval
	lastSeq    catalog.OID
	bindCache  *parser.Cache
	routineState

	activity           activity
	commits, rollbacks atomic.Uint64 // transactions
	progress           progress.Board
}

// scratch are buffers of the hot path.
type scratch struct {
	key    []byte
	lits   []parser.Literal
	params []types.Datum
}

// activity is what pg_stat_activity shows; other goroutines read it.
type activity struct {
	mu    sync.Mutex // protects state
	state ActivityState
}

// Activity returns what the session is doing. Any goroutine may ask.
func (s *Session) Activity() ActivityState {
	s.activity.mu.Lock()
	defer s.activity.mu.Unlock()
	return s.activity.state
}

type ActivityState struct {
	State      string // active, idle, idle in transaction, idle in transaction (aborted)
	Query      string
	QueryStart time.Time
	StateSince time.Time
}

// Connect opens a session for an authenticated user. Errors: 3D000, 28000, 22023 for a bad start-up option.
func (sh *Shared) Connect(ctx context.Context, st Startup) (*Session, error) {
	dbname, branch, _ := strings.Cut(st.Database, "@")
	if branch == "" {
		branch = "main"
	}
	role := sh.Cluster.Roles(0).ByName(st.User)
	if role == nil {
		return nil, pgerr.Fatal(pgerr.InvalidAuthorizationSpecification, "role \"%s\" does not exist", st.User)
	}
	if !role.Login {
		return nil, pgerr.Fatal(pgerr.InvalidAuthorizationSpecification, "role \"%s\" is not permitted to log in", st.User)
	}
	s := sh.newSession(role.OID, st)
	if err := s.initSettings(dbname); err != nil {
		return nil, err
	}
	db, release, err := sh.Cluster.Open(ctx, dbname, branch)
	if err != nil {
		return nil, err
	}
	s.attach(db, release)
	if err := s.mayConnect(dbname, role); err != nil {
		release()
		return nil, err
	}
	sh.mu.Lock()
	if sh.sessions == nil {
		sh.sessions = map[uint32]*Session{}
	}
	sh.sessions[st.PID] = s
	sh.mu.Unlock()
	s.setActivity("idle", "")
	return s, nil
}

func (sh *Shared) newSession(login catalog.OID, st Startup) *Session {
	s := &Session{shared: sh, login: login, client: st, started: time.Now(), settings: settings.New(),
		stmts: map[string]*prepared{}, portals: map[string]*portal{}, report: map[string]string{},
		temps: map[catalog.OID]*catalog.Table{}, seqs: map[catalog.OID]int64{}, bindCache: &parser.Cache{}}
	s.plans.init()
	return s
}

func (s *Session) attach(db *database.DB, release func()) {
	s.db, s.release = db, release
	s.owner = db.Locks.NewOwner(s.client.PID)
	wake := s.client.Notify
	if wake == nil {
		wake = func() {}
	}
	s.listener = db.Notify.Listener(wake)
}

// Sessions returns the open sessions, for pg_stat_activity.
func (sh *Shared) Sessions() []*Session {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	out := make([]*Session, 0, len(sh.sessions))
	for _, s := range sh.sessions {
		out = append(out, s)
	}
	return out
}

// DB is the branch that the session is on.
func (s *Session) DB() *database.DB { return s.db }

// InTransactionBlock reports whether a transaction is open that the statement would be part of: a block, or several statements at once.
func (s *Session) InTransactionBlock() bool { return s.block.mode != idle }

// Notice sends a notice or warning to the client.
func (s *Session) Notice(n *pgerr.Error) {
	s.noticed++
	if s.out != nil && pgerr.SeverityRank(n.Severity) >= s.hotSettings().minNotice {
		s.out.Notice(n)
	}
}

func (s *Session) minNotice() int {
	v, _ := s.settings.Get("client_min_messages")
	return pgerr.SeverityRank(strings.ToUpper(v))
}

// UseBranch moves the session to another branch of its database, outside of a transaction block.
func (s *Session) UseBranch(ctx context.Context, branch string) error {
	db, release, err := s.shared.Cluster.Open(ctx, s.db.Name, branch)
	if err != nil {
		return err
	}
	s.reset()
	s.release()
	s.attach(db, release)
	return nil
}

// reset drops what belongs to the branch: portals, prepared plans, temporary tables, locks.
func (s *Session) reset() {
	s.rollbackBlock()
	s.closePortals(func(*portal) bool { return true })
	ctx := context.Background()
	if err := s.dropTemps(ctx); err != nil {
		s.shared.Log.Warn("temporary objects not removed", "error", err)
		s.rollbackBlock()
	} else if _, err := s.commitBlock(ctx); err != nil {
		s.shared.Log.Warn("temporary objects not removed", "error", err)
	}
	s.listener.Close()
	s.owner.UnlockAllAdvisory()
	s.forgetPlans()
	clear(s.seqs)
	s.lastSeq = 0
}

// forgetPlans drops what has been made with the catalog of a branch, for its versions say nothing of another's.
func (s *Session) forgetPlans() {
	s.plans.init()
	for _, p := range s.stmts {
		p.plan = nil
	}
	s.merged, s.seen, s.domains = mergedCatalog{}, seenCatalog{}, domain.Checks{}
}

// Close ends the session, rolling back what is open.
func (s *Session) Close() {
	s.reset()
	s.release()
	sh := s.shared
	sh.mu.Lock()
	delete(sh.sessions, s.client.PID)
	sh.ended.commits += s.commits.Load()
	sh.ended.rollbacks += s.rollbacks.Load()
	sh.mu.Unlock()
}

// Transactions are those that have been committed and rolled back since the server was started.
func (sh *Shared) Transactions() (commits, rollbacks uint64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	commits, rollbacks = sh.ended.commits, sh.ended.rollbacks
	for _, s := range sh.sessions {
		commits += s.commits.Load()
		rollbacks += s.rollbacks.Load()
	}
	return commits, rollbacks
}

func (s *Session) setActivity(state, query string) {
	now := time.Now()
	s.activity.mu.Lock()
	a := &s.activity.state
	a.State, a.StateSince = state, now
	if query != "" {
		a.Query, a.QueryStart = query, now
	}
	s.activity.mu.Unlock()
}

// idleQueryBytes is how much of its last statement an idle session keeps.
const idleQueryBytes = 64 << 10

// forgetLong lets go of a long statement that has ended: of its text, and of what the hot path took from it.
func (s *Session) forgetLong() {
	s.activity.mu.Lock()
	q := s.activity.state.Query
	if len(q) > idleQueryBytes {
		s.activity.state.Query = strings.Clone(strings.ToValidUTF8(q[:idleQueryBytes], ""))
		clear(s.scratch.lits[:cap(s.scratch.lits)])
		clear(s.scratch.params[:cap(s.scratch.params)])
	}
	s.activity.mu.Unlock()
}

// idleActivity is setActivity between statements of the extended protocol.
func (s *Session) idleActivity() {
	switch {
	case s.block.mode != inBlock:
		s.setActivity("idle", "")
		s.forgetLong()
	case s.block.failed:
		s.setActivity("idle in transaction (aborted)", "")
	default:
		s.setActivity("idle in transaction", "")
	}
}
