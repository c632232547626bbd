package call

import (
	"context"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/stmtstats"
	"github.com/tarndb/tarn/sql/types"
)

// ErrNoSession is the answer of a function that asks the session, called without one: its value cannot be known ahead of the
// execution, whatever its volatility says (pg_partition_root is IMMUTABLE).
var ErrNoSession error = pgerr.Internal("function needs a session")

// Session is what functions ask of the session that runs them. A nil Session serves functions that are immutable;
// the others then answer an error.
type Session interface {
	Identity
	Settings
	Sequences
	Locks
	Storage
	Describer

	// Context ends when the statement is cancelled.
	Context() context.Context
	// Catalog is the statement's version of the catalog.
	Catalog() *catalog.Catalog
	// Random is random(): uniform in [0, 1). Seed is setseed(), in [-1, 1].
	Random() float64
	Seed(seed float64)
	// Notify sends on a channel at commit; Listening lists the channels of pg_listening_channels().
	Notify(channel, payload string) error
	Listening() []string
	// NotifyUsage is pg_notification_queue_usage().
	NotifyUsage() float64
}

// Identity is who and what the session is.
type Identity interface {
	CurrentUser() string
	SessionUser() string
	Database() string
	// UserOID is CurrentUser's; Roles are the server's.
	UserOID() types.OID
	Roles() *privilege.Roles
	// DatabaseACL is a database's owner and privileges (nil: the default); ok is false if there is no such database.
	DatabaseACL(oid types.OID) (owner types.OID, acl privilege.ACL, ok bool)
	// RoleOID finds a role, RoleName prints one; ok is false if there is none.
	RoleOID(name string) (types.OID, bool)
	RoleName(oid types.OID) (string, bool)
	// DatabaseOID is like RoleOID.
	DatabaseOID(name string) (types.OID, bool)
	// SearchPath lists the schemas that names are looked up in, in order; implicit adds pg_catalog and the temporary one.
	SearchPath(implicit bool) []types.OID
	BackendPID() int32
	// ClientAddr and ServerAddr are "" and 0 for local connections.
	ClientAddr() (host string, port int)
	ServerAddr() (host string, port int)
	// TxID is the transaction's number; assign gives one to a transaction that has none, else ok may be false.
	TxID(assign bool) (id uint64, ok bool)
	// Snapshot is the statement's as PostgreSQL prints it: xmin:xmax:xip,…
	Snapshot() string
	// StartTimes are µs since 2000-01-01 UTC: server start, configuration load, statement start.
	StartTimes() (server, config, statement int64)
	CurrentQuery() string
	// TriggerDepth is how deep triggers are nested.
	TriggerDepth() int
	// RewriteEvent is what an event trigger on table_rewrite is told; ok is false outside of one.
	RewriteEvent() (table types.OID, reason int32, ok bool)
	// CancelBackend and TerminateBackend report whether there is such a session.
	CancelBackend(pid int32) (bool, error)
	TerminateBackend(pid int32) (bool, error)
}

// Settings are the session's parameters.
type Settings interface {
	// Setting is a parameter as SHOW prints it; ok is false if there is none of that name.
	Setting(name string) (value string, ok bool)
	// SetSetting sets a parameter and returns its new value; local is until the transaction's end.
	SetSetting(name, value string, local bool) (string, error)
}

// Sequences are reached by the pg_class OID; errors are PostgreSQL's (42809, 55000, 2200H).
type Sequences interface {
	NextVal(seq types.OID) (int64, error)
	// NextIdentity is NextVal for an identity column: privileges on its sequence do not matter.
	NextIdentity(seq types.OID) (int64, error)
	CurrVal(seq types.OID) (int64, error)
	SetVal(seq types.OID, v int64, called bool) error
	LastVal() (int64, error)
	// SequenceLast is the last value that was handed out; ok is false if there is none.
	SequenceLast(seq types.OID) (v int64, ok bool, err error)
}

// LockKey is an advisory lock's name: one 64-bit key, or with Pair two of 32 bits.
type LockKey struct {
	Key  int64
	Pair bool
}

// Locks are advisory locks and who waits for whom (manual: 9.27.10, 9.26).
type Locks interface {
	// AdvisoryLock takes a lock; wait false gives up at once (ok false). xact keeps it to the transaction's end.
	AdvisoryLock(key LockKey, shared, xact, wait bool) (ok bool, err error)
	// AdvisoryUnlock reports whether the session held it.
	AdvisoryUnlock(key LockKey, shared bool) (bool, error)
	AdvisoryUnlockAll()
	// BlockingPIDs are the sessions that a session waits for; none if it does not wait. SnapshotBlockers are those that keep a
	// READ ONLY DEFERRABLE transaction of the session from its snapshot.
	BlockingPIDs(pid int32) []int32
	SnapshotBlockers(pid int32) []int32
}

// Storage answers sizes in bytes and log positions.
type Storage interface {
	// RelationSize is the size of one fork ("main" …); ok is false if there is no such relation.
	RelationSize(rel types.OID, fork string) (size int64, ok bool, err error)
	// TableSize is without, TotalSize with the indexes; IndexesSize is their difference.
	TableSize(rel types.OID) (size int64, ok bool, err error)
	IndexesSize(rel types.OID) (size int64, ok bool, err error)
	DatabaseSize(db types.OID) (size int64, ok bool, err error)
	// WALPosition: insert, write and flush are all the same where a commit is one write.
	WALPosition() uint64
	InRecovery() bool
	SwitchWAL() (uint64, error)
}

// ObjectIdentity is how an object is named whatever search_path is; Names and Args are what pg_get_object_address takes.
type ObjectIdentity struct {
	Type, Schema, Name, Identity string
	Names, Args                  []string
}

// Describer prints catalog objects as SQL; "" means that there is no such object.
type Describer interface {
	ViewDef(view types.OID, pretty bool) (string, error)
	IndexDef(index types.OID, column int, pretty bool) (string, error)
	ConstraintDef(con types.OID, pretty bool) (string, error)
	TriggerDef(trigger types.OID, pretty bool) (string, error)
	RuleDef(rule types.OID, pretty bool) (string, error)
	FunctionDef(fn types.OID) (string, error)
	// Expr prints what a pg_node_tree column of rel holds.
	Expr(node string, rel types.OID, pretty bool) (string, error)
	// StoredRefs lists the relations that a stored query or, with expr, expression names.
	StoredRefs(sql string, expr bool) []types.OID
	// Updatable is pg_relation_is_updatable's mask (bind.Takes…), UpdatableColumn what pg_column_is_updatable says.
	Updatable(rel types.OID, triggers bool) int
	UpdatableColumn(rel types.OID, column int16, triggers bool) bool
	// DescribeObject is pg_describe_object, IdentifyObject pg_identify_object with what pg_identify_object_as_address gives: empty texts are
	// NULL.
	DescribeObject(class, obj types.OID, sub int32) string
	IdentifyObject(class, obj types.OID, sub int32) (id ObjectIdentity, ok bool)
	// Comment is pg_description's (class = pg_class OID of the catalog, sub 0 for the object itself).
	Comment(obj, class types.OID, sub int32) (string, bool)
}

// Queries runs SQL for a function, as its own statement may: what changes data is refused. columns is told of the result's columns
// before the first row; a row lives until row returns.
type Queries interface {
	Query(sql string, columns func(cols []types.Attr) error, row func(vals []types.Datum) error) error
}

// Statements is what pg_stat_statements reads; nil: nothing is counted.
type Statements interface {
	StatementStats() *stmtstats.Store
}
