package session

import (
	"context"
	"slices"
	"strconv"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// query is a planned statement, good as long as its catalog, its statistics and what else it was planned for are the session's. But
// for the marks of its statistics and what it counts it is immutable.
type query struct {
	stmt    ast.Stmt
	bound   *plan.Statement
	prog    *exec.Program
	version uint64 // catalog
	env     *planEnv
	ident   *identity
	allowed bool // the identity has the privileges that the plan needs
	// Statistics: database.DB.StatsVersion, and Session.ownStats. The sum of both only grows.
	stats, ownStats uint64
	direct          bool // it touches the rows of given keys only: no statistics change it
	refused         bool // not a plan, but that the text is to be planned with its constants
	// Plans that were made for the values of its parameters: how many, and what they cost together.
	customs    int
	customCost float64
	rowsOnly   string // why no part of the plan can run over columns; ""
	cols       []types.Field
	tag        string
	size       int
	locks      []tableLock
	counter    *counter // nil: its executions are not counted
	// Results of EXPLAIN need the tree.
	phys *plan.Physical
}

type tableLock struct {
	oid  catalog.OID
	mode lock.Mode
}

// planCache keeps queries by their text, bounded in bytes; the oldest half goes when it is full.
type planCache struct {
	byText map[string]*query
	order  []string
	bytes  int
}

const (
	planCacheBytes = 8 << 20
	// Texts longer than this are not kept: an IN list of a megabyte is not coming again.
	planCacheText = 16 << 10
)

func (c *planCache) init() { *c = planCache{byText: map[string]*query{}} }

func (c *planCache) get(key []byte) *query { return c.byText[string(key)] }

func (c *planCache) put(key string, q *query) {
	if len(key) > planCacheText {
		return
	}
	if old := c.byText[key]; old != nil {
		c.bytes -= old.size
	} else {
		c.order = append(c.order, key)
	}
	q.size = 4096 + 24*len(key)
	c.byText[key] = q
	if c.bytes += q.size; c.bytes <= planCacheBytes {
		return
	}
	half := len(c.order) / 2
	for _, k := range c.order[:half] {
		c.bytes -= c.byText[k].size
		delete(c.byText, k)
	}
	c.order = append(c.order[:0], c.order[half:]...)
}

// valid reports whether a query may run as it is.
func (s *Session) valid(q *query) bool { return s.validIn(s.catalog(), q) }

func (s *Session) validIn(cat *catalog.Catalog, q *query) bool {
	return q.version == cat.Version && q.env == s.planNow() && q.ident == s.identity() &&
		(q.stats+q.ownStats == s.db.StatsVersion()+s.ownStats || s.statsCurrent(q))
}

// plan binds and optimizes a statement. Parameter types that are 0 are inferred.
func (s *Session) plan(stmt ast.Stmt, source string, paramTypes []types.OID) (*query, error) {
	cat := s.catalog()
	bound, err := bind.Statement(s.bindEnv(cat, source), stmt.Node, paramTypes)
	if err != nil {
		return nil, err
	}
	return s.planBound(cat, stmt, bound)
}

func (s *Session) planBound(cat *catalog.Catalog, stmt ast.Stmt, bound *plan.Statement) (*query, error) {
	return s.planCounted(cat, stmt, bound, stmt.Text)
}

// planFor optimizes a bound statement, for the values of its parameters or (nil) for any.
func (s *Session) planFor(cat *catalog.Catalog, stmt ast.Stmt, bound *plan.Statement, params []types.Datum) (*query, error) {
	statsVersion := s.db.StatsVersion() // before they are read
	env := s.optEnv(cat)
	env.Params = params
	phys, err := opt.Optimize(env, bound)
	if err != nil {
		return nil, err
	}
	rowsOnly := s.routeColumnar(phys)
	prog, err := exec.Prepare(phys, s.env, exec.Options{})
	if err != nil {
		return nil, err
	}
	q := &query{stmt: stmt, bound: bound, prog: prog, version: cat.Version, env: s.planNow(), ident: s.identity(), stats: statsVersion,
		ownStats: s.ownStats, direct: byKey(phys.Root), tag: bound.Tag, phys: phys, rowsOnly: rowsOnly}
	if len(bound.Out) > 0 || bound.Tag == "SELECT" {
		q.cols = s.fields(cat, bound.Out)
	}
	for _, u := range bound.Tables {
		if u.Table.Virtual || u.Table.Kind == catalog.RelView {
			continue
		}
		mode := lock.AccessShare
		switch {
		case u.Modify:
			mode = lock.RowExclusive
		case u.RowShare:
			mode = lock.RowShare
		}
		q.locks = append(q.locks, tableLock{u.Table.OID, mode})
		for _, l := range phys.Leaves {
			if l.Of == u.Table {
				q.locks = append(q.locks, tableLock{l.Table.OID, mode})
			}
		}
	}
	return q, nil
}

// fields describe result columns to clients, which see a domain as its base type.
func (s *Session) fields(cat *catalog.Catalog, cols []plan.Col) []types.Field {
	out := make([]types.Field, len(cols))
	for i, c := range cols {
		out[i] = types.Field{Name: c.Name, TableOID: c.Table, AttNum: c.AttNum, TypeOID: c.T.OID, TypeMod: c.T.Mod, TypeSize: -1}
		if c.AttNum < 0 {
			out[i].AttNum = 0
		}
		t := types.Lookup(c.T.OID)
		if t == nil {
			t = cat.UserType(c.T.OID)
		}
		for t != nil && t.TypType == types.TypeDomain {
			if out[i].TypeOID = t.Base; out[i].TypeMod < 0 {
				out[i].TypeMod = t.BaseMod
			}
			base := types.Lookup(t.Base)
			if base == nil {
				base = cat.UserType(t.Base)
			}
			t = base
		}
		if t != nil {
			out[i].TypeSize = t.Len
		}
	}
	return out
}

func (s *Session) bindEnv(cat *catalog.Catalog, source string) *bind.Env {
	path, temp := s.searchPath(cat)
	if s.bodyPath != nil {
		path = s.bodyPath
	}
	env := &bind.Env{Inline: true, Catalog: cat, SearchPath: path, TempSchema: temp, Database: s.db.Name, Types: s.env, Source: source,
		Cache: s.bindCache, Notice: s.Notice, MayUse: s.mayUse, Viewer: s.viewer(), Tables: tableFunctions{s}}
	if s.innerVars != nil {
		env.Vars = s.innerVars.vars
	}
	if s.transitions != nil {
		env.Named = s.transitions.named
	}
	return env
}

func (s *Session) optEnv(cat *catalog.Catalog) *opt.Env {
	return &opt.Env{Catalog: cat, Stats: statsView{s}, Computed: syscat.Estimates{Catalog: cat}, Settings: s.hotSettings().plan.opt,
		Eval: s.evalConst, Types: s.env, Session: uint64(s.client.PID),
		StoredExpr: func(t *catalog.Table, sql string, out []plan.Col) (plan.Expr, error) {
			return s.BindStored(t, sql, out)
		}}
}

// evalConst computes an expression of constants for the planner.
func (s *Session) evalConst(e plan.Expr) (types.Datum, bool) {
	ec := run.Context{Ctx: context.Background(), Env: s.env}
	v, err := eval.Const(&ec, e)
	return v, err == nil
}

// BindStored binds a stored expression over columns of its table (run.ExprSource): cols give the ColIDs to use.
func (s *Session) BindStored(t *catalog.Table, sql string, cols []plan.Col) (plan.Expr, error) {
	e, named, err := bind.TableExpr(s.bindEnv(s.catalog(), ""), t, sql, plan.Type{Mod: -1})
	if err != nil {
		return nil, err
	}
	to := map[plan.ColID]plan.ColID{}
	for att, c := range named {
		for _, want := range cols {
			if want.AttNum == att {
				to[c.ID] = want.ID
			}
		}
	}
	return plan.MapExpr(e, func(e plan.Expr) plan.Expr {
		if r, ok := e.(*plan.ColRef); ok {
			if id, ok := to[r.Col]; ok { // others are the expression's own
				c := *r
				c.Col = id
				return &c
			}
		}
		return e
	}), nil
}

// CurrentCatalog is the catalog now (exec asks before it writes to a partition that it has not locked ahead).
func (s *Session) CurrentCatalog() *catalog.Catalog { return s.catalog() }

// NewestCatalog is CurrentCatalog without partitions that only the transaction's snapshot still has: foreign keys do not find rows
// there.
func (s *Session) NewestCatalog() *catalog.Catalog { return s.newestCatalog() }

// searchPath resolves the setting: the schemas that exist, in order.
func (s *Session) searchPath(cat *catalog.Catalog) (path []types.OID, temp types.OID) {
	v, _ := s.settings.Get("search_path")
	for _, name := range settings.Identifiers(v) {
		switch name {
		case "$user":
			name = s.User()
		case "pg_temp":
			if s.tempSchema != 0 {
				path = append(path, s.tempSchema)
			}
			continue
		}
		if sc := cat.Schema(name); sc != nil && !slices.Contains(path, sc.OID) && s.mayUse(sc) {
			path = append(path, sc.OID)
		}
	}
	return path, s.tempSchema
}

// lockTables takes a query's table locks. It returns the catalog that the plan is of, nil if that was changed before the locks were
// all there. The execution has to go by this catalog: locks do not keep away what ATTACH PARTITION does to a newer one.
func (s *Session) lockTables(ctx context.Context, q *query) (*catalog.Catalog, error) {
	opt := s.lockOptions()
	for _, l := range q.locks {
		if _, err := s.block.t.LockTable(ctx, uint64(l.oid), l.mode, opt); err != nil {
			return nil, err
		}
	}
	if cat := s.catalog(); s.validIn(cat, q) {
		return cat, nil
	}
	return nil, nil
}

func (s *Session) lockOptions() lock.Options {
	return lock.Options{Timeout: s.hotSettings().lockTimeout}
}

// prepareRun opens the transaction, takes the locks and plans anew where that was outdated. ec is filled for the execution.
func (s *Session) prepareRun(ctx context.Context, q *query, source string, ec *exec.Context, params []types.Datum) (*query, error) {
	if err := q.prog.Failed(); err != nil {
		return nil, err
	}
	s.open()
	if s.block.readOnly && !q.bound.ReadOnly {
		return nil, pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", q.tag)
	}
	for {
		cat, err := s.lockTables(ctx, q)
		if err != nil {
			return nil, err
		}
		if cat != nil {
			if err := s.checkAccess(q); err != nil {
				return nil, err
			}
			if s.block.level.txn() == txn.Serializable && !s.block.levelFixed {
				if err := s.firstStatement(ctx); err != nil {
					return nil, err
				}
			}
			s.block.levelFixed = true
			s.execContext(ctx, ec, cat, params)
			return q, nil
		}
		// The locks of the old plan stay until the end of the transaction: they do no harm.
		n, err := s.plan(q.stmt, source, q.bound.Params)
		if err != nil {
			return nil, err
		}
		q = n
	}
}

// execContext fills what an execution needs, runContext what its expressions do. cat is the catalog of the plan.
func (s *Session) execContext(ctx context.Context, ec *exec.Context, cat *catalog.Catalog, params []types.Datum) {
	s.runContext(ctx, &ec.Context, cat, params)
	if s.block.pins != nil && len(s.running) == 0 && s.block.t.Isolation() == txn.ReadCommitted {
		s.block.pins = nil
	}
	ec.Virtual, ec.Columnar, ec.Deferred = s.virtual(), s.columnar(), s.deferredQueue()
}

func (s *Session) runContext(ctx context.Context, ec *run.Context, cat *catalog.Catalog, params []types.Datum) {
	h := s.hotSettings()
	*ec = run.Context{Ctx: ctx, Txn: s.block.t, Manager: s.db.Txns, Catalog: cat, Params: params, Env: s.env, Sess: (*functions)(s),
		Rels: s.db.Rels, Exprs: s, Routines: (*routines)(s), Triggers: (*triggers)(s), Replica: h.replica, WorkMem: h.workMem, TempDir: s.shared.TempDir,
		LockTimeout: h.lockTimeout, DeadlockTimeout: h.deadlockTimeout, Near: s.db.Near, NearEffort: h.nearEffort, Loads: s.db}
}

// run executes a query to its end and sends rows and tag.
func (s *Session) run(ctx context.Context, q *query, params []types.Datum, formats []int16, describe bool, source string) error {
	var ec exec.Context
	q, err := s.prepareRun(ctx, q, source, &ec, params)
	if err != nil {
		return err
	}
	var emit func([]types.Datum) error
	if q.cols != nil {
		if describe {
			s.out.RowDescription(q.cols, formats)
		}
		if err := s.out.Shape(q.cols, formats, s.env); err != nil {
			return err
		}
		emit = s.out.Row
	}
	s.begunQuery(q)
	place := s.place()
	began := s.startCount(q, place)
	n, err := q.prog.Exec(&ec, emit)
	s.endedQuery()
	s.count(q, place, began, n, err)
	if s.signaled {
		s.signaled = false
		if err == nil {
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := s.endLast(ctx); err != nil {
		return err
	}
	s.out.CommandComplete(completeTag(q.tag, n))
	return nil
}

// completeTag is CommandComplete's text (manual 55.7).
func completeTag(tag string, n int64) string {
	if tag == "INSERT" {
		return "INSERT 0 " + strconv.FormatInt(n, 10)
	}
	return tag + " " + strconv.FormatInt(n, 10)
}
