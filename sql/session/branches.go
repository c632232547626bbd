package session

import (
	"context"

	"github.com/tarndb/tarn/sql/branchdiff"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session/merge"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
)

// As prints by another catalog (merge.Printer).
func (f *functions) As(c *catalog.Catalog, run func(env *types.Env) error) error {
	old := f.shown
	f.shown = c
	defer func() { f.shown = old }()
	return run(f.env)
}

// compare opens two branches of the session's database.
func (s *Session) compare(ctx context.Context, source, target string) (*branchdiff.Pair, error) {
	if s.shared.Branches == nil {
		return nil, pgerr.Unsupported("comparing branches")
	}
	return s.shared.Branches.Compare(ctx, s.db.Name, source, target)
}

// BranchDiff is branch_diff: without a table it shows those that the user may read.
func (f *functions) BranchDiff(source, target string, table types.OID) (builtin.Rows, error) {
	if table != 0 && f.Catalog().Table(table) == nil {
		return nil, pgerr.New(pgerr.UndefinedTable, "relation with OID %d does not exist", table)
	}
	p, err := f.s().compare(f.Context(), source, target)
	if err != nil {
		return nil, err
	}
	return merge.Diff(f.Context(), p, f, func(t branchdiff.Table) (bool, error) {
		if table != 0 && t.Source.OID != table && (t.Target == nil || t.Target.OID != table) || p.Unchanged(t) {
			return false, nil
		}
		for _, x := range []*catalog.Table{t.Source, t.Target} {
			if x == nil {
				continue
			}
			if err := f.MayReadWhole(x); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// BranchSchemaDiff is branch_schema_diff.
func (f *functions) BranchSchemaDiff(source, target string) (builtin.Rows, error) {
	p, err := f.s().compare(f.Context(), source, target)
	if err != nil {
		return nil, err
	}
	return merge.SchemaDiff(f.Context(), p, f)
}

// mergeBranch is MERGE BRANCH: a transaction of its own in the target.
func (s *Session) mergeBranch(ctx context.Context, n *ast.MergeBranchStmt, c *call) (string, error) {
	target := n.Target
	if target == "" {
		target = s.db.Branch
	}
	switch {
	case !s.ownsDatabase():
		return "", pgerr.New(pgerr.InsufficientPrivilege, "must be owner of database %s", s.db.Name)
	case s.block.mode == inBlock || c.several:
		return "", pgerr.New(pgerr.ActiveSQLTransaction, "MERGE BRANCH cannot run inside a transaction block")
	case n.Source == target:
		return "", pgerr.New(pgerr.InvalidParameterValue, "cannot merge branch \"%s\" into itself", n.Source)
	}
	in := s
	if target != s.db.Branch {
		var err error
		if in, err = s.onBranch(ctx, target); err != nil {
			return "", err
		}
		defer in.leave()
	}
	m, rows, err := in.merge(ctx, n, c)
	if err == nil && in != s {
		err = in.endImplicit(ctx)
	}
	if err != nil {
		return "", err
	}
	// As MERGE's: libpq takes what begins like it for one, and reads the number.
	return "MERGE " + itoa(m.Changed()), s.sendRows(c, merge.Columns(), rows)
}

// onBranch is the same client on another branch, for one statement.
func (s *Session) onBranch(ctx context.Context, branch string) (*Session, error) {
	client := s.client
	client.Notify = nil
	t := s.shared.newSession(s.login, client)
	if err := t.initSettings(s.db.Name); err != nil {
		return nil, err
	}
	for _, name := range []string{"session_authorization", "role", "lock_timeout", "deadlock_timeout", "work_mem"} {
		if v, ok := s.settings.Get(name); ok {
			t.settings.Force(name, v)
		}
	}
	db, release, err := s.shared.Cluster.Open(ctx, s.db.Name, branch)
	if err != nil {
		return nil, err
	}
	t.attach(db, release)
	t.out = s.out
	return t, nil
}

// leave ends what onBranch has begun; what is not committed is rolled back.
func (s *Session) leave() {
	s.reset()
	s.release()
}

// merge merges a branch into the one that the session is on, and leaves the transaction to be committed.
func (s *Session) merge(ctx context.Context, n *ast.MergeBranchStmt, c *call) (*merge.Merge, [][]types.Datum, error) {
	if s.block.mode == idle {
		s.block.mode, s.block.start, s.block.setMark = implicit, s.env.TxnTime, s.settings.Mark()
		s.setLevel()
		s.block.level = "read committed" // what others have committed when the tables are locked counts
	}
	s.open()
	if s.block.readOnly && !n.DryRun {
		return nil, nil, pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", "MERGE BRANCH")
	}
	s.block.levelFixed = true
	s.stmtCtx = ctx
	m := &merge.Merge{Host: merger{(*functions)(s), n.Source, c}, DryRun: n.DryRun}
	switch n.OnConflict {
	case "use source":
		m.OnConflict = merge.UseSource
	case "use target":
		m.OnConflict = merge.UseTarget
	}
	rows, err := m.Run(ctx)
	return m, rows, err
}

// merger is the session as MERGE BRANCH sees it.
type merger struct {
	*functions
	source string
	call   *call
}

var _ merge.Host = merger{}

func (m merger) Open(ctx context.Context) (*branchdiff.Pair, error) {
	return m.s().compare(ctx, m.source, m.db.Branch)
}

func (m merger) Lock(ctx context.Context, table catalog.OID, whole bool) error {
	mode := lock.ShareRowExclusive
	if whole {
		mode = lock.AccessExclusive
	}
	_, err := m.block.t.LockTable(ctx, uint64(table), mode, m.s().lockOptions())
	return err
}

func (m merger) DDL(ctx context.Context) *stmt.Ctx {
	x := m.s().ddlContext(ctx, m.call)
	x.Roles, x.Notice = nil, nil
	return x
}

func (m merger) Run(x *stmt.Ctx, sql string) error {
	list, err := parser.Parse(sql)
	if err != nil {
		return err
	}
	for _, n := range list {
		if _, err := ddl.Exec(x, n.Node); err != nil {
			return err
		}
	}
	return nil
}

func (m merger) Exec(ctx context.Context) *run.Context {
	ec := &run.Context{}
	m.s().runContext(ctx, ec, m.Catalog(), nil)
	ec.Replica = false // foreign keys hold
	return ec
}

func (m merger) After(f func()) { m.block.onCommit = append(m.block.onCommit, f) }
