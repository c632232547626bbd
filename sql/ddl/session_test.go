package ddl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/catalog/syscat"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/ddl/depend"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	sqlexec "github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/txn"
)

// session is just enough of sql/session to run scripts: each statement is its own transaction unless BEGIN opened one.
type session struct {
	t      *testing.T
	db     *database.DB
	tx     *txn.Txn
	editor *catalog.Editor
	block  bool
	failed bool
	env    *types.Env
	out    strings.Builder
	temp   catalog.OID

	onRollback []func()
	bulks      int
	bulkMin    int64
}

func newSession(t *testing.T) *session {
	db, err := database.Open(context.Background(), database.Options{Name: "postgres", Branch: "main", ID: 5,
		Engine: engine.Options{FS: engine.MemFS(), Dir: "db", CacheBytes: 8 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &session{t: t, db: db}
	s.env = &types.Env{Resolver: resolver{s}}
	return s
}

func (s *session) catalog() *catalog.Catalog {
	if s.editor != nil {
		return s.editor.Catalog()
	}
	return s.db.Catalog()
}

func (s *session) notice(n *pgerr.Error) {
	fmt.Fprintf(&s.out, "%s:  %s\n", n.Severity, n.Message)
	if n.Detail != "" {
		fmt.Fprintf(&s.out, "DETAIL:  %s\n", n.Detail)
	}
}

func (s *session) path() []catalog.OID { return []catalog.OID{catalog.PublicOID} }

func (s *session) tempSchema() catalog.OID {
	if s.temp == 0 {
		s.temp = s.editor.OID()
	}
	if s.catalog().SchemaByOID(s.temp) == nil {
		s.editor.PutSchema(&catalog.Schema{OID: s.temp, Name: "pg_temp_3", Owner: 10})
	}
	return s.temp
}

func (s *session) bindEnv() *bind.Env {
	return &bind.Env{Catalog: s.catalog(), SearchPath: s.path(), TempSchema: s.temp, Database: "postgres", Types: s.env}
}

func (s *session) begin() {
	if s.tx == nil {
		s.tx = s.db.Txns.Begin(txn.Options{})
		s.editor = s.db.Catalog().Edit(s.db.Alloc)
	}
}

func (s *session) commit() error {
	t, e := s.tx, s.editor
	s.tx, s.editor, s.block, s.failed, s.onRollback = nil, nil, false, false, nil
	if t == nil {
		return nil
	}
	t.BeforeUnlock(func() { s.db.Publish(e) })
	_, err := t.Commit(context.Background(), engine.Async)
	return err
}

func (s *session) rollback() {
	if s.tx != nil {
		s.tx.Rollback()
	}
	for _, f := range s.onRollback {
		f()
	}
	s.onRollback = nil
	s.tx, s.editor, s.block, s.failed = nil, nil, false, false
}

// run executes a script and prints what psql would show of it.
func (s *session) run(script string) string {
	s.out.Reset()
	stmts, err := parser.Parse(script)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, st := range stmts {
		fmt.Fprintf(&s.out, "%s;\n", st.Text)
		s.statement(st)
	}
	return s.out.String()
}

func (s *session) statement(st ast.Stmt) {
	tag, err := s.execute(st)
	if err == nil && !s.block {
		err = s.commit()
	}
	if err != nil {
		e := pgerr.From(err)
		fmt.Fprintf(&s.out, "ERROR:  %s: %s\n", e.Code, e.Message)
		if e.Detail != "" {
			fmt.Fprintf(&s.out, "DETAIL:  %s\n", e.Detail)
		}
		if e.Hint != "" {
			fmt.Fprintf(&s.out, "HINT:  %s\n", e.Hint)
		}
		if s.block {
			s.failed = true
		} else {
			s.rollback()
		}
		return
	}
	fmt.Fprintf(&s.out, "%s\n", tag)
}

func (s *session) execute(st ast.Stmt) (tag string, err error) {
	if ts, ok := st.Node.(*ast.TransactionStmt); ok {
		switch ts.Kind {
		case ast.TRANS_STMT_BEGIN:
			s.begin()
			s.block = true
			return "BEGIN", nil
		case ast.TRANS_STMT_COMMIT:
			if s.failed {
				s.rollback()
				return "ROLLBACK", nil
			}
			return "COMMIT", s.commit()
		case ast.TRANS_STMT_ROLLBACK:
			s.rollback()
			return "ROLLBACK", nil
		}
		return "", errors.New("not in tests")
	}
	if s.failed {
		return "", pgerr.New(pgerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	s.begin()
	switch n := st.Node.(type) {
	case *ast.SelectStmt:
		if _, into := withoutInto(n); into == nil {
			return s.query(n, true)
		}
	case *ast.InsertStmt, *ast.UpdateStmt, *ast.DeleteStmt:
		return s.query(st.Node, true)
	}
	v := s.tx.Statement()
	v.Release()
	return Exec(s.ctx(), st.Node)
}

func (s *session) ctx() *stmt.Ctx {
	c := &stmt.Ctx{Ctx: context.Background(), Txn: s.tx, Manager: s.db.Txns, Editor: s.editor, Catalog: s.catalog, Bind: s.bindEnv,
		SearchPath: s.path, TempSchema: s.tempSchema, User: 10, InBlock: s.block, Env: s.env, Notice: s.notice,
		Role:     func(name string) (catalog.OID, bool) { return 10, name == "postgres" },
		SeqState: database.SeqState, Hooks: hooks{s}, TempDir: s.t.TempDir(), BulkMin: s.bulkMin}
	if !s.block {
		c.OnRollback = func(f func()) { s.onRollback, s.bulks = append(s.onRollback, f), s.bulks+1 }
	}
	return c
}

func (s *session) prepare(n ast.Node) (*plan.Statement, *sqlexec.Program, error) {
	bound, err := bind.Statement(s.bindEnv(), n, nil)
	if err != nil {
		return nil, nil, err
	}
	phys, err := opt.Optimize(&opt.Env{Catalog: s.catalog(), Stats: stats{}, StoredExpr: hooks{s}.BindStored}, bound)
	if err != nil {
		return nil, nil, err
	}
	prog, err := sqlexec.Prepare(phys, s.env, sqlexec.Options{})
	return bound, prog, err
}

type stats struct{}

func (stats) Rows(*catalog.Table) float64 { return 100 }

func (s *session) execContext() *sqlexec.Context {
	return &sqlexec.Context{Context: run.Context{Ctx: context.Background(), Txn: s.tx, Manager: s.db.Txns, Catalog: s.catalog(), Env: s.env,
		Sess: &functions{s: s}, Rels: s.db.Rels, Exprs: hooks{s}}, Virtual: catalogs{}}
}

func (s *session) query(n ast.Node, print bool) (string, error) {
	bound, prog, err := s.prepare(n)
	if err != nil {
		return "", err
	}
	count, err := prog.Exec(s.execContext(), func(row []types.Datum) error {
		for i, d := range row {
			if i > 0 {
				s.out.WriteByte('|')
			}
			if d.IsNull() {
				continue
			}
			s.out.WriteString(s.env.Type(bound.Out[i].T.OID).Text(d, s.env))
		}
		s.out.WriteByte('\n')
		return nil
	})
	if err != nil {
		return "", err
	}
	if bound.Tag == "INSERT" {
		return fmt.Sprintf("INSERT 0 %d", count), nil
	}
	return fmt.Sprintf("%s %d", bound.Tag, count), nil
}

// hooks implements Hooks and run.ExprSource.
type hooks struct{ s *session }

func (h hooks) Compile(e plan.Expr, cols []plan.Col) (func([]types.Datum) (types.Datum, error), error) {
	v, err := eval.Compile(e, cols, h.s.env)
	if err != nil {
		return nil, err
	}
	v.Begin(&h.s.execContext().Context)
	return v.Eval, nil
}

func (h hooks) CheckFunction(*catalog.Function) error { return nil }

func (h hooks) SettingValue(*ast.VariableSetStmt) (string, error) { return "", nil }

func (h hooks) InSchema(schema *catalog.Schema, f func(*stmt.Ctx) error) error {
	x := h.s.ctx()
	x.OnRollback = nil
	x.SearchPath = func() []catalog.OID { return append([]catalog.OID{schema.OID}, h.s.path()...) }
	return f(x)
}

func (h hooks) Truncate([]*catalog.Table) (func() error, error) {
	return func() error { return nil }, nil
}

func (h hooks) Query(query ast.Node) ([]plan.Col, func(func([]types.Datum) error) (int64, error), error) {
	bound, prog, err := h.s.prepare(query)
	if err != nil {
		return nil, nil, err
	}
	return bound.Out, func(emit func([]types.Datum) error) (int64, error) { return prog.Exec(h.s.execContext(), emit) }, nil
}

// BindStored binds a stored expression and renumbers its columns.
func (h hooks) BindStored(t *catalog.Table, sql string, cols []plan.Col) (plan.Expr, error) {
	e, used, err := bind.TableExpr(h.s.bindEnv(), t, sql, plan.Type{})
	if err != nil {
		return nil, err
	}
	ids := map[plan.ColID]plan.ColID{}
	for att, c := range used {
		for _, d := range cols {
			if d.AttNum == att {
				ids[c.ID] = d.ID
			}
		}
	}
	var ren func(plan.Expr) plan.Expr
	ren = func(e plan.Expr) plan.Expr {
		if c, ok := e.(*plan.ColRef); ok {
			n := *c
			n.Col = ids[c.Col]
			return &n
		}
		return plan.MapChildren(e, ren)
	}
	return ren(e), nil
}

// resolver finds relations for regclass input and output.
type resolver struct{ s *session }

func (r resolver) UserType(types.OID) *types.Type { return nil }

func (r resolver) RegName(kind types.RegKind, oid types.OID) (string, bool) {
	if kind != types.RegKindClass {
		return "", false
	}
	t, ix := r.s.catalog().RelationByOID(oid)
	switch {
	case t == nil:
		return "", false
	case ix != nil:
		return ix.Name, true
	}
	return t.Name, true
}

func (r resolver) RegOID(kind types.RegKind, name string) (types.OID, error) {
	x := &exec{Ctx: r.s.ctx()}
	rv := depend.SplitName(name)
	t, ix, err := x.Lookup(rv)
	switch {
	case err != nil:
		return 0, err
	case t == nil:
		return 0, stmt.NoRelation(rv)
	case ix != nil:
		return ix.OID, nil
	}
	return t.OID, nil
}

// functions answers what scripts ask of a session.
type functions struct {
	builtin.Session
	s *session
}

func (f *functions) Context() context.Context  { return context.Background() }
func (f *functions) Catalog() *catalog.Catalog { return f.s.catalog() }
func (f *functions) CurrentUser() string       { return "postgres" }
func (f *functions) SearchPath(bool) []types.OID {
	return append([]types.OID{catalog.PgCatalogOID}, f.s.path()...)
}
func (f *functions) RoleName(types.OID) (string, bool)                      { return "postgres", true }
func (f *functions) Comment(obj, class types.OID, sub int32) (string, bool) { return "", false }
func (f *functions) Description(class, obj types.OID, sub int32) (string, bool, error) {
	return "", false, nil
}

func (f *functions) NextIdentity(seq types.OID) (int64, error) { return f.NextVal(seq) }

func (f *functions) NextVal(seq types.OID) (int64, error) {
	t := f.s.catalog().Table(seq)
	return f.s.db.NextVal(context.Background(), t, func(key []byte) ([]byte, bool, error) { return f.s.tx.GetLatest(nil, key) })
}

func (f *functions) Random() float64 { return rand.Float64() }

// catalogs computes pg_catalog without a server around it.
type catalogs struct{}

func (catalogs) ScanVirtual(ec *run.Context, t *catalog.Table, cols []int16, eq []sqlexec.VirtualKey) (builtin.Rows, error) {
	keys := make([]syscat.Key, len(eq))
	for i, k := range eq {
		keys[i] = syscat.Key(k)
	}
	return syscat.Scan(ec.Ctx, ec.Catalog, nil, ec.Sess, t, cols, keys)
}

func (hooks) DatabaseACL(string, func(string, catalog.OID, privilege.ACL) (privilege.ACL, error)) error {
	return nil
}

func (hooks) AsOwner(_ catalog.OID, f func() error) error { return f() }

// Roles: everybody may read everything.
func (f *functions) Roles() *privilege.Roles { return nil }
