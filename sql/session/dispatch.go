package session

import (
	"context"
	"strconv"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/session/merge"
	"github.com/tarndb/tarn/sql/session/refuse"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// textColumn is a result column of utility statements.
func textColumn(name string) types.Field {
	return types.Field{Name: name, TypeOID: types.Text, TypeSize: -1, TypeMod: -1}
}

// utilityColumns says what a utility statement returns, for Describe; nil: nothing. params are the types of its parameters, nil where
// it may have none.
func (s *Session) utilityColumns(n ast.Node, params []types.OID) ([]types.Field, error) {
	switch x := n.(type) {
	case *ast.VariableShowStmt:
		if strings.EqualFold(x.Name, "all") {
			return []types.Field{textColumn("name"), textColumn("setting"), textColumn("description")}, nil
		}
		name := x.Name
		if d := settings.Lookup(name); d != nil {
			name = d.Name
		}
		return []types.Field{textColumn(name)}, nil
	case *ast.ExplainStmt:
		return s.explainColumns(x), nil
	case *ast.CallStmt:
		c, err := bind.Call(s.bindEnv(s.catalog(), ""), x.Funccall, params != nil, params)
		return s.callColumns(c.Outs), err
	case *ast.CopyIntoStmt:
		return copyIntoColumns(), nil
	case *ast.MergeBranchStmt:
		return merge.Columns(), nil
	case *ast.VacuumFilesStmt:
		if x.DryRun {
			return vacuumColumns(), nil
		}
	case *ast.ExecuteStmt:
		if p := s.stmts[x.Name]; p != nil {
			return p.cols, nil
		}
	case *ast.FetchStmt:
		if x.Ismove {
			return nil, nil
		}
		if p := s.portals[x.Portalname]; p != nil { // it may come yet
			return p.stmt.cols, nil
		}
	}
	return nil, nil
}

// utilityPortal runs a utility statement through the extended protocol.
func (s *Session) utilityPortal(ctx context.Context, p *portal, maxRows int) error {
	return s.runUtility(ctx, &call{stmt: *p.stmt.stmt, source: p.source, formats: p.formats, params: p.params, types: p.stmt.params})
}

// utility runs a statement that is not planned, and answers it.
func (s *Session) utility(ctx context.Context, stmt ast.Stmt, source string, several bool) error {
	return s.runUtility(ctx, &call{stmt: stmt, source: source, several: several, describe: true})
}

// call is one utility statement under way.
type call struct {
	stmt     ast.Stmt
	source   string
	several  bool // one of several of a simple query string
	formats  []int16
	describe bool
	params   []types.Datum
	types    []types.OID // of params; nil: the planner's environment knows them
}

func (s *Session) runUtility(ctx context.Context, c *call) error {
	tag, err := s.utilityCounted(ctx, c)
	if err != nil {
		return err
	}
	if err := s.endLast(ctx); err != nil {
		return err
	}
	if tag != "" {
		s.out.CommandComplete(tag)
	}
	return nil
}

// dispatch finds the room of a utility statement. An empty tag: the statement has answered itself.
func (s *Session) dispatch(ctx context.Context, c *call) (tag string, err error) {
	if s.restricted {
		if err := refuse.Restricted(c.stmt.Node); err != nil {
			return "", err
		}
	}
	if s.past != nil {
		if err := refuse.InPast(c.stmt.Node); err != nil {
			return "", err
		}
	}
	switch n := c.stmt.Node.(type) {
	case *ast.TransactionStmt:
		return s.transaction(ctx, n, c.several)
	case *ast.VariableSetStmt:
		tag := "SET"
		if n.Kind == ast.VAR_RESET || n.Kind == ast.VAR_RESET_ALL {
			tag = "RESET"
		}
		err := s.set(ctx, n)
		if err == nil && s.block.mode == idle {
			s.settings.CommitTransaction()
		}
		return tag, err
	case *ast.VariableShowStmt:
		return s.showStatement(n, c)
	case *ast.ConstraintsSetStmt:
		s.open()
		return "SET CONSTRAINTS", s.setConstraints(ctx, n)
	case *ast.PrepareStmt:
		return "PREPARE", s.prepareSQL(ctx, n, c)
	case *ast.ExecuteStmt:
		return "", s.executeSQL(ctx, n, c)
	case *ast.DeallocateStmt:
		return s.deallocate(n)
	case *ast.DeclareCursorStmt:
		return "DECLARE CURSOR", s.declare(ctx, n, c)
	case *ast.FetchStmt:
		return s.fetch(ctx, n, c)
	case *ast.ClosePortalStmt:
		return s.closeCursor(n)
	case *ast.DiscardStmt:
		return s.discard(ctx, n)
	case *ast.ExplainStmt:
		return s.explain(ctx, n, c)
	case *ast.CopyStmt:
		return s.copy(ctx, n, c)
	case *ast.CopyIntoStmt:
		return s.copyInto(ctx, n, c)
	case *ast.MergeBranchStmt:
		return s.mergeBranch(ctx, n, c)
	case *ast.LockStmt:
		return "LOCK TABLE", s.lockStatement(ctx, n, c)
	case *ast.CheckPointStmt:
		return "CHECKPOINT", nil
	case *ast.VacuumStmt:
		return s.vacuum(ctx, n, c)
	case *ast.OptimizeStmt:
		return s.optimize(ctx, n, c)
	case *ast.VacuumFilesStmt:
		return s.vacuumFiles(ctx, n, c)
	case *ast.DoStmt:
		return s.doStatement(ctx, n, c)
	case *ast.CallStmt:
		return s.callStatement(ctx, n, c)
	case *ast.NotifyStmt:
		return "NOTIFY", s.notify(n.Conditionname, n.Payload)
	case *ast.ListenStmt:
		s.open()
		s.block.pending.Listen(n.Conditionname)
		return "LISTEN", nil
	case *ast.UnlistenStmt:
		s.open()
		s.block.pending.Unlisten(n.Conditionname)
		return "UNLISTEN", nil
	case *ast.SelectStmt:
		return s.ddl(ctx, c) // SELECT INTO
	}
	for _, x := range s.shared.Extensions {
		tag, handled, err := x(ctx, s, c.stmt.Node)
		if handled || err != nil {
			return tag, err
		}
	}
	return s.ddl(ctx, c)
}

func (s *Session) transaction(ctx context.Context, n *ast.TransactionStmt, several bool) (string, error) {
	switch n.Kind {
	case ast.TRANS_STMT_BEGIN, ast.TRANS_STMT_START:
		s.beginBlock()
		tag := "BEGIN"
		if n.Kind == ast.TRANS_STMT_START {
			tag = "START TRANSACTION"
		}
		return tag, s.transactionOptions(n.Options)
	case ast.TRANS_STMT_COMMIT:
		chain := n.Chain
		if s.block.mode != inBlock {
			if chain {
				return "", pgerr.New(pgerr.NoActiveSQLTransaction, "COMMIT AND CHAIN can only be used in transaction blocks")
			}
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.NoActiveSQLTransaction, "there is no transaction in progress"))
		}
		last := s.block.characteristics()
		done, err := s.commitBlock(ctx)
		if err != nil {
			return "", err
		}
		s.chain(chain, last)
		if !done {
			return "ROLLBACK", nil
		}
		return "COMMIT", nil
	case ast.TRANS_STMT_ROLLBACK:
		if s.block.mode != inBlock {
			if n.Chain {
				return "", pgerr.New(pgerr.NoActiveSQLTransaction, "ROLLBACK AND CHAIN can only be used in transaction blocks")
			}
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.NoActiveSQLTransaction, "there is no transaction in progress"))
		}
		last := s.block.characteristics()
		s.rollbackBlock()
		s.chain(n.Chain, last)
		return "ROLLBACK", nil
	case ast.TRANS_STMT_SAVEPOINT:
		if s.block.mode != inBlock {
			return "", pgerr.New(pgerr.NoActiveSQLTransaction, "SAVEPOINT can only be used in transaction blocks")
		}
		return "SAVEPOINT", s.savepoint(n.SavepointName)
	case ast.TRANS_STMT_RELEASE:
		if s.block.mode != inBlock {
			return "", pgerr.New(pgerr.NoActiveSQLTransaction, "RELEASE SAVEPOINT can only be used in transaction blocks")
		}
		return "RELEASE", s.releaseSavepoint(n.SavepointName)
	case ast.TRANS_STMT_ROLLBACK_TO:
		if s.block.mode != inBlock {
			return "", pgerr.New(pgerr.NoActiveSQLTransaction, "ROLLBACK TO SAVEPOINT can only be used in transaction blocks")
		}
		return "ROLLBACK", s.rollbackToSavepoint(n.SavepointName)
	}
	return "", pgerr.Unsupported("two-phase commit")
}

// chain is AND CHAIN: the next block has the same characteristics.
func (s *Session) chain(on bool, last characteristics) {
	if on {
		s.beginBlock()
		s.block.level, s.block.readOnly, s.block.deferrable = last.level, last.readOnly, last.deferrable
	}
}

// characteristics of a transaction (manual: SET TRANSACTION).
type characteristics struct {
	level                isoLevel
	readOnly, deferrable bool
}

func (b *block) characteristics() characteristics {
	return characteristics{b.level, b.readOnly, b.deferrable}
}

func (s *Session) showStatement(n *ast.VariableShowStmt, c *call) (string, error) {
	cols, err := s.utilityColumns(n, nil)
	if err != nil {
		return "", err
	}
	var rows [][]types.Datum
	if strings.EqualFold(n.Name, "all") {
		for _, d := range settings.All() {
			v, _ := s.show(d.Name)
			rows = append(rows, []types.Datum{tuple.String(d.Name), tuple.String(v), tuple.String(d.Short)})
		}
	} else {
		v, err := s.show(n.Name)
		if err != nil {
			return "", err
		}
		rows = append(rows, []types.Datum{tuple.String(v)})
	}
	return "SHOW", s.sendRows(c, cols, rows)
}

// sendRows answers a utility statement with rows.
func (s *Session) sendRows(c *call, cols []types.Field, rows [][]types.Datum) error {
	if c.describe {
		s.out.RowDescription(cols, c.formats)
	}
	if err := s.out.Shape(cols, c.formats, s.env); err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.out.Row(r); err != nil {
			return err
		}
	}
	return nil
}

// lockStatement is LOCK TABLE.
func (s *Session) lockStatement(ctx context.Context, n *ast.LockStmt, c *call) error {
	if s.block.mode != inBlock {
		return pgerr.New(pgerr.NoActiveSQLTransaction, "LOCK TABLE can only be used in transaction blocks")
	}
	s.open()
	opt := s.lockOptions()
	if n.Nowait {
		opt.Policy = lock.NoWait
	}
	for _, r := range n.Relations {
		rv, ok := r.(*ast.RangeVar)
		if !ok {
			continue
		}
		t, err := s.resolveTable(rv, c.source)
		if err != nil {
			return err
		}
		if !t.LikeTable() && t.Kind != catalog.RelView && t.Kind != catalog.RelForeign {
			return pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a table or view", t.Name)
		}
		need := privilege.Update | privilege.Delete | privilege.Truncate
		switch mode := lock.AccessShare + lock.Mode(n.Mode-1); {
		case mode == lock.AccessShare:
			need |= privilege.Select
		case mode <= lock.RowExclusive:
			need |= privilege.Insert
		}
		if id := s.identity(); !id.super && t.Privileges(id.roles, id.current, need) == 0 {
			return t.Denied()
		}
		tables := []*catalog.Table{t}
		if rv.Inh && t.LikeTable() {
			tables = s.catalog().Descendants(t)
		}
		for _, t := range tables {
			if t.OthersTemp(uint64(s.client.PID)) {
				continue
			}
			// The parser numbers the modes as lock.h does, from ACCESS SHARE = 1.
			if _, err := s.block.t.LockTable(ctx, uint64(t.OID), lock.AccessShare+lock.Mode(n.Mode-1), opt); err != nil {
				if opt.Policy == lock.NoWait {
					return pgerr.Wrap(err, pgerr.LockNotAvailable, "could not obtain lock on relation \"%s\"", t.Name)
				}
				return err
			}
		}
	}
	return nil
}

func (s *Session) discard(ctx context.Context, n *ast.DiscardStmt) (string, error) {
	switch n.Target {
	case ast.DISCARD_PLANS:
		s.plans.init()
		return "DISCARD PLANS", nil
	case ast.DISCARD_SEQUENCES:
		clear(s.seqs)
		s.lastSeq = 0
		return "DISCARD SEQUENCES", nil
	case ast.DISCARD_TEMP:
		return "DISCARD TEMP", s.dropTemps(ctx)
	}
	if s.block.mode == inBlock {
		return "", pgerr.New(pgerr.ActiveSQLTransaction, "DISCARD ALL cannot run inside a transaction block")
	}
	s.closePortals(func(p *portal) bool { return p.sqlCursor })
	if err := s.setIdentity("session_authorization", s.client.User, false); err != nil {
		return "", err
	}
	s.settings.ResetAll()
	s.settings.CommitTransaction()
	clear(s.stmts)
	s.listener.Close()
	s.owner.UnlockAllAdvisory()
	s.plans.init()
	clear(s.seqs)
	s.lastSeq = 0
	return "DISCARD ALL", s.dropTemps(ctx)
}
