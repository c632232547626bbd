package session

import (
	"context"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/rowstore"
	"github.com/tarndb/tarn/sql/ruleutils"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/settings/clause"
	"github.com/tarndb/tarn/sql/trigger"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/txn"
)

// ddl runs a statement that changes descriptors.
func (s *Session) ddl(ctx context.Context, c *call) (string, error) {
	s.open()
	b := &s.block
	if b.readOnly {
		return "", pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", "DDL")
	}
	b.levelFixed = true
	s.stmtCtx = ctx
	// What the statement writes is a command of its own.
	view := b.t.Statement()
	view.Release()
	x := s.ddlContext(ctx, c)
	old := s.source
	s.source = c.source
	defer func() { s.source = old }()
	if c.describe && !c.several && b.mode != inBlock {
		x.OnRollback = func(f func()) { b.onRollback = append(b.onRollback, f) }
	}
	tag, err := s.withEvents(ctx, x, c.stmt.Node)
	for err == nil && x.Then != nil {
		then := x.Then
		if err = s.endImplicit(ctx); err == nil {
			x = s.ddlContext(ctx, c)
			b.levelFixed = true
			err = then(x)
		}
	}
	return tag, err
}

// ddlContext is what a statement of sql/ddl needs of the session.
func (s *Session) ddlContext(ctx context.Context, c *call) *stmt.Ctx {
	s.open()
	b := &s.block
	x := &stmt.Ctx{Ctx: ctx, Txn: b.t, Manager: s.db.Txns, Editor: s.Editor(), Catalog: s.catalog,
		Bind: func() *bind.Env {
			env := s.bindEnv(s.catalog(), c.source)
			env.Inline = false // stored SQL keeps its calls
			return env
		},
		SearchPath: func() []catalog.OID {
			path, _ := s.searchPath(s.catalog())
			return path
		},
		TempSchema: s.TempSchema, Session: uint64(s.client.PID), User: s.UserOID(), InBlock: b.mode == inBlock || c.several,
		Env: s.env, Locks: s.lockOptions(), Notice: s.Notice, Role: (*functions)(s).RoleOID, Roles: s.Roles(), SessionUser: s.SessionOID(), Restricted: s.restricted,
		DatabasePrivileges: s.databasePrivileges, SeqState: database.SeqState,
		Hooks: &hooks{s, ctx, c}}
	x.Text, x.InUse, x.TempDir = c.stmt.Text, s.inUse, s.shared.TempDir
	x.TableMethod, _ = s.settings.Get("default_table_access_method")
	x.External, x.TableLocation = s.sources().DeltaColumns, s.sources().TableLocation
	if s.db.Volumes != nil {
		x.VolumeLocation = s.sources().VolumeLocation
	}
	x.Progress, x.Rows = &s.progress, s.db.Rows
	x.NoMirror = !s.settings.Bool("tarn.mirror")
	x.NewLabel = func(oid catalog.OID) {
		if b.newLabels == nil {
			b.newLabels = map[catalog.OID]bool{}
		}
		b.newLabels[oid] = true
	}
	return x
}

// InSchema runs the elements of CREATE SCHEMA.
func (h *hooks) InSchema(schema *catalog.Schema, f func(*stmt.Ctx) error) error {
	s := h.s
	definer := s.definer
	path, _ := s.settings.Get("search_path")
	within := ruleutils.QuoteIdent(schema.Name)
	if strings.TrimSpace(path) != "" {
		within += ", " + path
	}
	if schema.Owner != s.UserOID() {
		s.definer = schema.Owner
	}
	defer func() { s.definer = definer }()
	if err := s.settings.Set("search_path", within, true); err != nil {
		return err
	}
	defer func() { _ = s.settings.Set("search_path", path, true) }()
	return f(s.ddlContext(h.ctx, h.c)) // without OnRollback: later elements read what earlier ones have written
}

// hooks are the rooms above parse analysis, for DDL.
type hooks struct {
	s   *Session
	ctx context.Context
	c   *call
}

var _ rowstore.Loads = (*hooks)(nil)

func (h *hooks) NewLoad(c *catalog.Catalog, t *catalog.Table, add func(txn.Load) error) (rowstore.Load, error) {
	return h.s.db.NewLoad(c, t, add)
}

func (h *hooks) Compile(e plan.Expr, cols []plan.Col) (func([]types.Datum) (types.Datum, error), error) {
	v, err := eval.Compile(e, cols, h.s.env)
	if err != nil {
		return nil, err
	}
	var ec run.Context
	h.s.runContext(h.ctx, &ec, h.s.catalog(), nil)
	v.Begin(&ec)
	return v.Eval, nil
}

func (h *hooks) DatabaseACL(database string, f func(name string, owner catalog.OID, acl privilege.ACL) (privilege.ACL, error)) error {
	return h.s.shared.Cluster.ChangeDatabaseACL(database, func(d DatabaseInfo) (privilege.ACL, error) { return f(d.Name, d.Owner, d.ACL) })
}

func (h *hooks) AsOwner(owner catalog.OID, f func() error) error {
	s := h.s
	definer, restricted := s.definer, s.restricted
	s.definer, s.restricted = owner, true
	defer func() { s.definer, s.restricted = definer, restricted }()
	return f()
}

// CheckFunction compiles a function, where check_function_bodies asks for it.
func (h *hooks) CheckFunction(f *catalog.Function) error {
	if !h.s.settings.Bool("check_function_bodies") {
		return nil
	}
	if f.Language == "sql" {
		return h.s.checkSQL(f)
	}
	return h.s.checkPL(f)
}

// Truncate fires triggers around TRUNCATE.
func (h *hooks) Truncate(tables []*catalog.Table) (after func() error, err error) {
	s := h.s
	fire := func(m trigger.Moment) error {
		for _, t := range tables {
			if len(t.Triggers) == 0 {
				continue
			}
			var ec exec.Context
			s.execContext(h.ctx, &ec, s.catalog(), nil)
			if t = ec.Catalog.Table(t.OID); t == nil {
				continue
			}
			if err := write.Truncate(&ec.Context, t, m); err != nil {
				return err
			}
		}
		return nil
	}
	return func() error { return fire(trigger.AfterStatement) }, fire(trigger.BeforeStatement)
}

func (h *hooks) SettingValue(n *ast.VariableSetStmt) (string, error) {
	if n.Kind == ast.VAR_SET_CURRENT {
		v, err := h.s.show(n.Name)
		return v, err
	}
	v := clause.Value(n)
	d := settings.Lookup(n.Name)
	if d == nil && !strings.Contains(n.Name, ".") {
		return "", pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter \"%s\"", n.Name)
	}
	return v, nil
}

func (h *hooks) Query(query ast.Node) ([]plan.Col, func(func([]types.Datum) error) (int64, error), error) {
	s := h.s
	if x, ok := query.(*ast.ExecuteStmt); ok {
		p, err := s.sqlPrepared(x.Name)
		if err != nil {
			return nil, nil, err
		}
		if err := s.refresh(p); err != nil {
			return nil, nil, err
		}
		if p.plan == nil || p.plan.tag != "SELECT" {
			return nil, nil, pgerr.New(pgerr.WrongObjectType, "prepared statement is not a SELECT")
		}
		args, err := s.executeArgs(h.ctx, p, x, h.c)
		if err != nil {
			return nil, nil, err
		}
		return p.plan.bound.Out, h.runner(p.plan, args, p.source), nil
	}
	q, err := s.plan(ast.Stmt{Node: query, Text: h.c.stmt.Text}, h.c.source, h.c.types)
	if err != nil {
		return nil, nil, err
	}
	params := h.c.params
	if s.innerVars != nil {
		params = s.innerVars.values()
	}
	return q.bound.Out, h.runner(q, params, h.c.source), nil
}

func (h *hooks) runner(q *query, params []types.Datum, source string) func(func([]types.Datum) error) (int64, error) {
	return func(emit func([]types.Datum) error) (int64, error) {
		var ec exec.Context
		q, err := h.s.prepareRun(h.ctx, q, source, &ec, params)
		if err != nil {
			return 0, err
		}
		return q.prog.Exec(&ec, emit)
	}
}
