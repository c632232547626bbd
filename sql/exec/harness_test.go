package exec_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/ddl"
	"github.com/tarndb/tarn/sql/ddl/stmt"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/exec/write"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/engine"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/txn"
)

// db is a store in memory with a catalog: enough of a server to run statements through all phases.
type db struct {
	t     testing.TB
	mgr   *txn.Manager
	alloc *catalog.Allocator
	rels  run.Rels

	mu  sync.Mutex // protects cat, seqs
	cat *catalog.Catalog
	seq map[types.OID]int64
}

func newDB(t testing.TB) *db {
	t.Helper()
	eng, err := engine.Open(context.Background(), engine.Options{FS: engine.MemFS(), Dir: "db"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	cat := catalog.New()
	return &db{t: t, mgr: txn.NewManager(eng, lock.NewManager(), txn.Config{TempDir: t.TempDir()}), cat: cat,
		alloc: catalog.NewAllocator(cat), seq: map[types.OID]int64{}}
}

// session runs statements; outside of a block each is a transaction.
type session struct {
	builtin.Session // nil: only what is overridden below works
	db              *db
	owner           *lock.Owner
	t               *txn.Txn
	block           bool
	iso             txn.Isolation
	deferred        write.Deferred
	workMem         int64
	opts            exec.Options
	ctx             context.Context
	rewrite         func(plan.Node) plan.Node
	columnar        exec.ColumnarRunner
	virtual         exec.VirtualSource
}

func (d *db) session() *session {
	return &session{db: d, owner: d.mgr.Locks().NewOwner(0), workMem: 4 << 20, ctx: context.Background()}
}

func (s *session) NextIdentity(seq types.OID) (int64, error) { return s.NextVal(seq) }

func (s *session) NextVal(seq types.OID) (int64, error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.db.seq[seq]++
	return s.db.seq[seq], nil
}
func (s *session) Context() context.Context  { return s.ctx }
func (s *session) Catalog() *catalog.Catalog { return s.db.catalog() }
func (s *session) CurrentUser() string       { return "postgres" }
func (s *session) SessionUser() string       { return "postgres" }
func (s *session) Random() float64           { return 0.5 }

func (d *db) catalog() *catalog.Catalog {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cat
}

func (s *session) bindEnv(sql string) *bind.Env {
	return &bind.Env{Catalog: s.db.catalog(), SearchPath: []types.OID{catalog.PublicOID}, Database: "test", Source: sql, Cache: &parser.Cache{}, Types: s.env()}
}

func (s *session) env() *types.Env { return &types.Env{Resolver: resolver{s.db}} }

// resolver finds row types of tables.
type resolver struct{ d *db }

func (r resolver) UserType(oid types.OID) (out *types.Type) {
	r.d.catalog().Tables(func(t *catalog.Table) bool {
		if t.RowType != oid || t.Virtual {
			return true
		}
		y := types.Type{OID: oid, Name: t.Name, TypType: types.TypeComposite, Category: types.CategoryComposite}
		for _, c := range t.Columns {
			if !c.Dropped {
				y.Attrs = append(y.Attrs, types.Attr{Name: c.Name, Type: c.Type, Mod: c.TypMod})
			}
		}
		out = types.NewUserType(y, nil)
		return false
	})
	return out
}
func (r resolver) RegName(types.RegKind, types.OID) (string, bool) { return "", false }
func (r resolver) RegOID(_ types.RegKind, name string) (types.OID, error) {
	if t, _ := r.d.catalog().Relation(catalog.PublicOID, strings.TrimPrefix(name, "public.")); t != nil {
		return t.OID, nil
	}
	return 0, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", name)
}

func (s *session) begin() {
	if s.t == nil {
		s.t = s.db.mgr.Begin(txn.Options{Isolation: s.iso, Owner: s.owner})
	}
}

func (s *session) context() *exec.Context {
	return &exec.Context{Context: run.Context{Ctx: s.ctx, Txn: s.t, Manager: s.db.mgr, Catalog: s.db.catalog(), Env: s.env(), Sess: s,
		Rels: &s.db.rels, Exprs: s, WorkMem: s.workMem, TempDir: s.db.t.TempDir()},
		Deferred: &s.deferred, Columnar: s.columnar, Virtual: s.virtual}
}

// BindStored implements run.ExprSource.
func (s *session) BindStored(t *catalog.Table, sql string, cols []plan.Col) (plan.Expr, error) {
	e, named, err := bind.TableExpr(s.bindEnv(""), t, sql, plan.Type{Mod: -1})
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
			c := *r
			c.Col = to[r.Col]
			return &c
		}
		return e
	}), nil
}

func (s *session) prepare(sql string, n ast.Node) (*exec.Program, error) {
	bound, err := bind.Statement(s.bindEnv(sql), n, nil)
	if err != nil {
		return nil, err
	}
	phys, err := opt.Optimize(&opt.Env{Catalog: s.db.catalog(), StoredExpr: s.BindStored}, bound)
	if err != nil {
		return nil, err
	}
	if s.rewrite != nil {
		phys.Root = mapNode(phys.Root, s.rewrite)
	}
	return exec.Prepare(phys, s.env(), s.opts)
}

func (s *session) parsePrepare(sql string) (*exec.Program, error) {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	return s.prepare(sql, stmts[0].Node)
}

// exec runs one statement and returns its output as text.
func (s *session) exec(sql string) string {
	stmts, err := parser.Parse(sql)
	if err != nil {
		return showError(err)
	}
	var out string
	for _, st := range stmts {
		if out, err = s.stmt(sql, st.Node); err != nil {
			if s.t != nil {
				s.t.Rollback()
				s.t, s.block = nil, false
				s.deferred.Reset()
			}
			return showError(err)
		}
	}
	return out
}

func (s *session) must(sql string) string {
	s.db.t.Helper()
	out := s.exec(sql)
	if strings.HasPrefix(out, "ERROR") {
		s.db.t.Fatalf("%s\n%s", sql, out)
	}
	return out
}

func (s *session) commit() error {
	if s.t == nil {
		return nil
	}
	if s.deferred.Pending() {
		if err := s.deferred.Run(&s.context().Context, false); err != nil {
			return err
		}
	}
	s.deferred.Reset()
	_, err := s.t.Commit(s.ctx, engine.Async)
	s.t, s.block = nil, false
	return err
}

func (s *session) stmt(sql string, n ast.Node) (string, error) {
	switch x := n.(type) {
	case *ast.TransactionStmt:
		return s.transaction(x, sql)
	case *ast.ConstraintsSetStmt:
		s.deferred.SetAll(x.Deferred)
		return "SET CONSTRAINTS\n", s.deferred.Run(&s.context().Context, true)
	case *ast.SelectStmt, *ast.InsertStmt, *ast.UpdateStmt, *ast.DeleteStmt, *ast.MergeStmt:
	default:
		return s.ddl(sql, n)
	}
	prog, err := s.prepare(sql, n)
	if err != nil {
		return "", err
	}
	s.begin()
	out, err := s.run(prog)
	if err == nil && !s.block {
		err = s.commit()
	}
	return out, err
}

// run executes a program and prints rows and tag.
func (s *session) run(prog *exec.Program, params ...types.Datum) (string, error) {
	ec := s.context()
	ec.Params = params
	st := prog.Plan().Stmt
	var b strings.Builder
	n, err := prog.Exec(ec, func(row []types.Datum) error {
		for i, v := range row {
			if i > 0 {
				b.WriteByte('|')
			}
			if v.IsNull() {
				b.WriteString("NULL")
				continue
			}
			y := ec.Env.Type(st.Out[i].T.OID)
			if y == nil {
				return fmt.Errorf("no type %d", st.Out[i].T.OID)
			}
			b.Write(y.AppendText(nil, v, ec.Env))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		return "", err
	}
	if st.Tag != "SELECT" {
		fmt.Fprintf(&b, "%s %d\n", st.Tag, n)
	}
	return b.String(), nil
}

func (s *session) transaction(x *ast.TransactionStmt, sql string) (string, error) {
	switch strings.Fields(strings.ToLower(sql))[0] {
	case "begin", "start":
		s.begin()
		s.block = true
		return "BEGIN\n", nil
	case "commit":
		return "COMMIT\n", s.commit()
	case "rollback":
		if s.t != nil {
			s.t.Rollback()
			s.t, s.block = nil, false
			s.deferred.Reset()
		}
		return "ROLLBACK\n", nil
	}
	return "", fmt.Errorf("%s: not in the harness", sql)
}

func (s *session) ddl(sql string, n ast.Node) (string, error) {
	s.begin()
	ed := s.db.catalog().Edit(s.db.alloc)
	c := &stmt.Ctx{Ctx: s.ctx, Txn: s.t, Manager: s.db.mgr, Editor: ed, Catalog: ed.Catalog, Env: s.env(),
		Bind: func() *bind.Env {
			e := s.bindEnv(sql)
			e.Catalog = ed.Catalog()
			return e
		},
		SearchPath: func() []catalog.OID { return []catalog.OID{catalog.PublicOID} },
		TempSchema: func() catalog.OID { return catalog.PublicOID },
		User:       catalog.SuperuserOID,
		Role:       func(string) (catalog.OID, bool) { return catalog.SuperuserOID, true },
		SeqState: func(storage uint32, last int64, called bool) (key, value []byte) {
			return []byte{0, 0, 0, 2, 0, 9, byte(storage >> 8), byte(storage)}, []byte("x")
		},
		Hooks: hooks{s}}
	tag, err := ddl.Exec(c, n)
	if err != nil {
		return "", err
	}
	s.db.mu.Lock()
	s.db.cat = ed.Apply(s.db.cat)
	s.db.mu.Unlock()
	if !s.block {
		err = s.commit()
	}
	return tag + "\n", err
}

type hooks struct{ s *session }

func (h hooks) Compile(e plan.Expr, cols []plan.Col) (func([]types.Datum) (types.Datum, error), error) {
	v, err := eval.Compile(e, cols, h.s.env())
	if err != nil {
		return nil, err
	}
	v.Begin(&h.s.context().Context)
	return v.Eval, nil
}

func (h hooks) ViewSQL(ast.Node) (string, error) {
	return "", pgerr.Unsupported("a view in the harness")
}
func (h hooks) CheckFunction(*catalog.Function) error { return nil }

func (h hooks) SettingValue(*ast.VariableSetStmt) (string, error) { return "", nil }

func (h hooks) InSchema(*catalog.Schema, func(*stmt.Ctx) error) error {
	return pgerr.Unsupported("elements of a schema in the harness")
}

func (h hooks) Truncate([]*catalog.Table) (func() error, error) {
	return func() error { return nil }, nil
}

func (h hooks) Query(ast.Node) ([]plan.Col, func(func([]types.Datum) error) (int64, error), error) {
	return nil, nil, pgerr.Unsupported("a query in DDL in the harness")
}

// ExprSQL prints the simple expressions that the tests' tables have.
func (h hooks) ExprSQL(e plan.Expr, t *catalog.Table) (string, error) {
	switch x := e.(type) {
	case *plan.ColRef:
		return x.Name, nil
	case *plan.Const:
		if x.Val.IsNull() {
			return "NULL::" + types.FormatType(x.T.OID, -1, nil), nil
		}
		return "'" + strings.ReplaceAll(types.Lookup(x.T.OID).Text(x.Val, nil), "'", "''") + "'::" + types.FormatType(x.T.OID, -1, nil), nil
	case *plan.Relabel:
		return h.ExprSQL(x.Arg, t)
	case *plan.NextVal:
		return fmt.Sprintf("nextval('%d'::regclass)", x.Seq), nil
	case *plan.BoolOp:
		var parts []string
		for _, a := range x.Args {
			p, err := h.ExprSQL(a, t)
			if err != nil {
				return "", err
			}
			parts = append(parts, p)
		}
		return "(" + strings.Join(parts, []string{" AND ", " OR "}[x.Kind]) + ")", nil
	case *plan.FuncCall:
		var parts []string
		for _, a := range x.Args {
			p, err := h.ExprSQL(a, t)
			if err != nil {
				return "", err
			}
			parts = append(parts, p)
		}
		switch x.Form {
		case plan.CallOp:
			return "(" + strings.Join(parts, " "+x.Name+" ") + ")", nil
		case plan.CallCastImplicit, plan.CallCastExplicit:
			return parts[0] + "::" + types.FormatType(x.T.OID, x.T.Mod, nil), nil
		}
		return x.Name + "(" + strings.Join(parts, ", ") + ")", nil
	}
	return "", fmt.Errorf("%T: not in the harness", e)
}

func showError(err error) string {
	e := pgerr.From(err)
	s := "ERROR " + e.Code + ": " + e.Message + "\n"
	if e.Detail != "" {
		s += "DETAIL: " + e.Detail + "\n"
	}
	if e.Constraint != "" {
		s += "CONSTRAINT: " + e.Schema + "." + e.Table + " " + e.Constraint + "\n"
	}
	return s
}

func (hooks) DatabaseACL(string, func(string, catalog.OID, privilege.ACL) (privilege.ACL, error)) error {
	return nil
}

func (hooks) AsOwner(_ catalog.OID, f func() error) error { return f() }

// Roles: everybody may read everything.
func (s *session) Roles() *privilege.Roles { return nil }
