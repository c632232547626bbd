package stmt

import (
	"context"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// Ctx is what a statement needs from its session.
type Ctx struct {
	Ctx     context.Context
	Txn     *txn.Txn
	Manager *txn.Manager
	Editor  *catalog.Editor
	// Catalog is what the transaction sees now: the Editor's, on top of what others have committed meanwhile.
	Catalog func() *catalog.Catalog
	// Bind is the environment of parse analysis over Catalog().
	Bind func() *bind.Env
	// SearchPath lists the schemas of search_path that exist; the first one is created in.
	SearchPath func() []catalog.OID
	// TempSchema is the session's schema for temporary relations, made on first use.
	TempSchema func() catalog.OID
	// Session owns the temporary relations that are made (Table.TempOwner).
	Session uint64
	User    catalog.OID
	// Text is the statement.
	Text string
	// InBlock: an open transaction block, or one of several statements of a query string.
	InBlock bool
	// OnRollback has a function called if the transaction does not commit. It is set only where the statement is a transaction of
	// its own (one statement of a simple query, outside of a block): then large indexes are written as sorted files, which the
	// transaction itself cannot read. nil is always right.
	OnRollback func(func())
	// TempDir is for the files of large sorts; "": the system's.
	TempDir string
	// BulkMin is the size in bytes from which an index is written as a sorted file; 0: content's own.
	BulkMin int64
	// Last: nothing of the statement reads what is written from now on. Whoever runs the statement sets it.
	Last   bool
	Env    *types.Env
	Locks  lock.Options
	Notice func(*pgerr.Error)
	Role   func(name string) (catalog.OID, bool)
	// Roles decide what User may do; nil: everything.
	Roles *privilege.Roles
	// DatabasePrivileges is the part of want that a role has on the database.
	DatabasePrivileges func(role catalog.OID, want privilege.Set) privilege.Set
	// NoMirror: tarn.mirror is off, so that new tables have no columnar mirror unless they ask for it.
	NoMirror bool
	// Restricted: a security-restricted operation is under way.
	Restricted bool
	// SessionUser is who SET ROLE does not change.
	SessionUser catalog.OID
	// TableMethod is default_table_access_method.
	TableMethod string
	// External tells the columns of the Delta table in a directory, once the user may read it; nil: 0A000.
	External func(location string) ([]types.Attr, error)
	// TableLocation is the place of a new lake table that the user may make; nil: 0A000.
	TableLocation func(location string) (string, error)
	// VolumeLocation is the place of an external volume that the user may make; nil: there are no volumes.
	VolumeLocation func(location string) (string, error)
	// SeqState encodes a sequence's state (database.SeqState).
	SeqState func(storage uint32, last int64, called bool) (key, value []byte)
	// InUse reports whether a query under way uses a relation, and whether checks or constraint triggers of it wait; nil: neither.
	InUse func(oid catalog.OID) (active, pending bool)
	// NewLabel is told of labels that ALTER TYPE … ADD VALUE makes; nil: nobody asks.
	NewLabel func(oid catalog.OID)
	Hooks    Hooks
	// Concurrently: CREATE INDEX CONCURRENTLY is under way.
	Concurrently bool
	// Progress shows how far the statement is; nil: nobody asks.
	Progress *progress.Board
	// Rows is about how many rows a table has; nil: that is not known.
	Rows func(t *catalog.Table) float64
	// Then is what the statement has left to do in a transaction of its own, once this one has committed: whoever runs it calls it
	// with the Ctx of that. Only statements that refuse InBlock set it.
	Then func(*Ctx) error
	// Dropping is told of every object that is about to be dropped; nil: nobody asks.
	Dropping func(Dropped)
	// Ran is told of each statement inside another (CREATE SCHEMA's elements) after it has run: what has changed since the mark.
	// Rewritten is told at the end of ALTER TABLE of each table that it has rewritten, and why
	// (pg_event_trigger_table_rewrite_reason). nil: nobody asks.
	Ran       func(since catalog.Mark, tag string)
	Rewritten func(table catalog.OID, reason int32) error
}

// Dropped is a row of pg_event_trigger_dropped_objects().
type Dropped struct {
	catalog.Address
	// Original: the statement names it. Normal: it goes because of what it depends on.
	Original, Normal, Temporary  bool
	Type, Schema, Name, Identity string
	Names, Args                  []string // address_names, address_args
}

// NotInUse refuses to change a relation that a query under way uses, or that waiting checks will look at (CheckTableNotInUse). what is
// the statement.
func (x *Ctx) NotInUse(t *catalog.Table, what string) error {
	if x.InUse == nil {
		return nil
	}
	switch active, pending := x.InUse(t.OID); {
	case active:
		return pgerr.New(pgerr.ObjectInUse, "cannot %s \"%s\" because it is being used by active queries in this session", what, t.Name)
	case pending:
		return pgerr.New(pgerr.ObjectInUse, "cannot %s \"%s\" because it has pending trigger events", what, t.Name)
	}
	return nil
}

// Hooks reach the rooms above parse analysis.
type Hooks interface {
	// Compile makes an expression over rows of cols callable. The result's argument is one row; it may be used again.
	Compile(e plan.Expr, cols []plan.Col) (func(row []types.Datum) (types.Datum, error), error)
	// CheckFunction compiles a function that has just been put into the catalog; its errors are those of CREATE FUNCTION.
	CheckFunction(f *catalog.Function) error
	// SettingValue is what SET name = … would set, or the current value for FROM CURRENT.
	SettingValue(n *ast.VariableSetStmt) (string, error)
	// Query plans a SELECT, VALUES, EXECUTE or other query and returns its columns; run gives its rows.
	Query(query ast.Node) (cols []plan.Col, run func(emit func(row []types.Datum) error) (int64, error), err error)
	// InSchema runs f, whose statements make objects of a new schema: as its owner, and with the schema first on the search path.
	InSchema(schema *catalog.Schema, f func(*Ctx) error) error
	// Truncate fires the BEFORE TRUNCATE triggers of tables; after is to be called when they are empty.
	Truncate(tables []*catalog.Table) (after func() error, err error)
	// AsOwner runs f with the rights of a relation's owner, in a security-restricted operation: what f calls cannot leave it.
	AsOwner(owner catalog.OID, f func() error) error
	// DatabaseACL replaces a database's privileges by what f makes of them. Errors: 3D000, f's.
	DatabaseACL(database string, f func(name string, owner catalog.OID, acl privilege.ACL) (privilege.ACL, error)) error
}

// Note sends a NOTICE; code "" is 00000.
func (x *Ctx) Note(code, format string, args ...any) {
	if x.Notice != nil {
		x.Notice(pgerr.Notice(pgerr.SeverityNotice, code, format, args...))
	}
}

// LockTable takes a table lock for the rest of the transaction.
func (x *Ctx) LockTable(oid catalog.OID, mode lock.Mode) error {
	_, err := x.Txn.LockTable(x.Ctx, uint64(oid), mode, x.Locks)
	return err
}

// Put stores a changed descriptor.
func (x *Ctx) Put(t *catalog.Table) {
	t.Version++
	x.Editor.PutTable(t)
}

// Edit copies a descriptor for changes. Indexes, constraints and policies themselves are shared: copy what is changed.
func Edit(t *catalog.Table) *catalog.Table {
	n := *t
	n.Columns = append([]catalog.Column(nil), t.Columns...)
	n.Indexes = append([]*catalog.Index(nil), t.Indexes...)
	n.Constraints = append([]*catalog.Constraint(nil), t.Constraints...)
	n.Triggers = append([]*catalog.Trigger(nil), t.Triggers...)
	n.Policies = append([]*catalog.Policy(nil), t.Policies...)
	n.Rules = append([]*catalog.Rule(nil), t.Rules...)
	n.Deps = append([]catalog.Dep(nil), t.Deps...)
	if t.ColComments != nil {
		n.ColComments = map[int16]string{}
		for k, v := range t.ColComments {
			n.ColComments[k] = v
		}
	}
	if t.Sequence != nil {
		s := *t.Sequence
		n.Sequence = &s
	}
	return &n
}
