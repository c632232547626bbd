package run

import (
	"context"
	"time"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/hnsw"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// Context is what an execution needs from its session, whatever it does. The caller keeps it unchanged until the execution's end.
type Context struct {
	Ctx     context.Context
	Txn     *txn.Txn
	Manager *txn.Manager // of Txn; gives hidden row keys
	Catalog *catalog.Catalog
	Params  []types.Datum
	Env     *types.Env
	Sess    builtin.Session
	// View is what the statement sees; nil: the execution takes one of its own and gives it back at its end.
	View *txn.View
	// Rels opens tables; it is shared by sessions.
	Rels *Rels
	// Exprs binds the SQL of stored expressions (index keys and conditions, defaults that foreign keys set).
	Exprs ExprSource
	// Routines runs functions of users; nil: they answer 0A000.
	Routines Routines
	// Triggers fires triggers; nil: tables with triggers cannot be changed. Replica: session_replication_role is replica.
	Triggers trigger.Caller
	Replica  bool
	// Near has the graphs of indexes over vectors; nil: searches read the table. NearEffort is how many candidates one looks at (hnsw.ef_search).
	Near       *hnsw.Indexes
	NearEffort int
	// Loads writes many rows of lake tables straight to files; nil: they go through the log.
	Loads rowstore.Loads
	// WorkMem bounds the memory of one operator in bytes; 0: 4 MB. TempDir is for its files; "": the system's.
	WorkMem int64
	TempDir string
	// LockTimeout and DeadlockTimeout are the settings of these names.
	LockTimeout     time.Duration
	DeadlockTimeout time.Duration
}

// ExprSource binds stored SQL expressions over a table's columns: Col i of cols is attribute cols[i].AttNum.
type ExprSource interface {
	BindStored(t *catalog.Table, sql string, cols []plan.Col) (plan.Expr, error)
}

const defaultWorkMem = 4 << 20

// Memory is WorkMem, or what stands for it.
func (ec *Context) Memory() int64 {
	if ec.WorkMem > 0 {
		return ec.WorkMem
	}
	return defaultWorkMem
}

// LockOptions are those of a lock that the statement waits for.
func (ec *Context) LockOptions() lock.Options {
	return lock.Options{Timeout: ec.LockTimeout, DeadlockAfter: ec.DeadlockTimeout}
}
