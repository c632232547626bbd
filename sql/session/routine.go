package session

import (
	"context"
	"fmt"
	"strings"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/bind/expression"
	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec/eval"
	"github.com/tarndb/tarn/sql/exec/run"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/plan"
	"github.com/tarndb/tarn/sql/session/domain"
	"github.com/tarndb/tarn/sql/session/event"
	"github.com/tarndb/tarn/sql/session/routine"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
	"github.com/tarndb/tarn/storage/txn"
)

// routineState is what a session keeps for types and functions of users.
type routineState struct {
	domains domain.Checks
	casts   casts
	// sqlRoutines are compiled SQL functions.
	sqlRoutines map[routineKey]*sqlRoutine
	plRoutines  map[routineKey]*plRoutine
	innerVars   *innerVars // of the utility statement under way in a function
	subs        int        // subtransactions of EXCEPTION blocks under way
	unnamed     int        // portals that OPEN has named
	depth       int        // functions under way
	running     []*query   // queries under way, the innermost last
	// Triggers under way, the transition tables of the innermost function, and the triggers that have been fired.
	triggerDepth int
	transitions  *transitions
	event        *event.Event // whose triggers are under way
	fired        map[*catalog.Trigger]*fired
	nonAtomic    bool        // the procedure or DO block under way may end transactions
	bodyPath     []types.OID // the search path of a body that was bound at its definition; nil outside of such
	restricted   bool        // a security-restricted operation is under way: definer is the owner of the relation that it is for
	definer      catalog.OID // the owner of the SECURITY DEFINER function under way, 0 outside of them
	source       string      // the text of the utility statement under way
}

// planNow is what a plan made now depends on.
func (s *Session) planNow() *planEnv {
	p := s.hotSettings().plan
	if s.bodyPath == nil {
		return p
	}
	v := *p
	v.path = "\x00" + fmt.Sprint(s.bodyPath)
	return s.planEnv(v)
}

// routines is the session as it runs functions of users.
type routines Session

var _ run.Routines = (*routines)(nil)

func (r *routines) s() *Session { return (*Session)(r) }

// routineKey names a compiled function: a descriptor, which is immutable, and the types of a polymorphic call.
type routineKey struct {
	f   *catalog.Function
	sig string
}

// maxRoutines bounds the compiled functions of a session; a full cache starts again empty.
const maxRoutines = 1000

// maxCallDepth bounds functions that call functions.
const maxCallDepth = 1000

func errTooDeep() error {
	return pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded").
		WithHint("Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack depth limit is adequate.")
}

// Call runs a function that gives one value.
func (r *routines) Call(ec *run.Context, c *run.RoutineCall, args []types.Datum) (types.Datum, error) {
	s := r.s()
	old := s.nonAtomic
	s.nonAtomic = false
	rows, err := s.callRoutine(ec, c, args)
	s.nonAtomic = old
	if err != nil {
		return types.Null, err
	}
	return rows.one(s, c)
}

// Open runs a function to its end and gives its rows.
func (r *routines) Open(ec *run.Context, c *run.RoutineCall, args []types.Datum) (builtin.Rows, error) {
	s := r.s()
	old := s.nonAtomic
	s.nonAtomic = false
	rows, err := s.callRoutine(ec, c, args)
	s.nonAtomic = old
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// routineRows are the rows that a function has given. A function with a scalar result has rows of one value; one with a record's has
// rows of the record's fields, or nil rows for a NULL record.
type routineRows struct {
	rows   [][]types.Datum
	fields []*types.Type    // of a composite result
	names  tuple.FieldNames // of an anonymous one
	row    bool             // the result is composite
	at     int
}

func (r *routineRows) Next() ([]types.Datum, bool, error) {
	if r.at == len(r.rows) {
		return nil, false, nil
	}
	row := r.rows[r.at]
	r.rows[r.at] = nil
	r.at++
	if row == nil {
		row = make([]types.Datum, len(r.fields))
		for i := range row {
			row[i] = types.Null
		}
	}
	return row, true, nil
}

// FieldTypes are those of a composite result.
func (r *routineRows) FieldTypes() []*types.Type {
	if !r.row {
		return nil
	}
	return r.fields
}

// FieldNames are those of an anonymous record result.
func (r *routineRows) FieldNames() tuple.FieldNames { return r.names }

// one is the value of a function that is no set.
func (r *routineRows) one(s *Session, c *run.RoutineCall) (types.Datum, error) {
	if len(r.rows) == 0 || r.rows[0] == nil {
		return types.Null, nil
	}
	if !r.row {
		return r.rows[0][0], nil
	}
	return types.MakeNamedRecord(r.fields, r.names, r.rows[0]), nil
}

// callRoutine runs a function in its own settings and with its owner's rights, where it asks for that.
func (s *Session) callRoutine(ec *run.Context, c *run.RoutineCall, args []types.Datum) (rows *routineRows, err error) {
	if err := ec.Ctx.Err(); err != nil {
		return nil, err
	}
	if s.depth >= maxCallDepth {
		return nil, errTooDeep()
	}
	s.depth++
	defer func() { s.depth-- }()
	defer s.innermost(nil)()
	leave, err := s.enterRoutine(c.Func)
	if err != nil {
		return nil, err
	}
	defer leave()
	var view *txn.View
	if c.Func.Proc.Volatile != 'v' {
		if view = c.View; view == nil {
			s.open()
			own := s.block.t.Statement()
			defer own.Release()
			view = &own
		}
	}
	switch c.Func.Language {
	case "sql":
		return s.callSQL(ec.Ctx, c, args, view)
	case "plpgsql":
		return s.callPL(ec.Ctx, c, args, view)
	}
	return nil, pgerr.Unsupported("a function in language " + c.Func.Language)
}

// enterRoutine puts the SET clauses of a function in force and makes its owner the current user under SECURITY DEFINER.
func (s *Session) enterRoutine(f *catalog.Function) (leave func(), err error) {
	if len(f.Config) == 0 && !f.Proc.SecDef {
		return func() {}, nil
	}
	definer := s.definer
	var undo []func()
	leave = func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
		s.definer = definer
	}
	if f.Proc.SecDef {
		s.definer = f.Owner
	}
	for _, c := range f.Config {
		name, value, _ := strings.Cut(c, "=")
		old, _ := s.settings.Get(name)
		if err := s.settings.Set(name, value, true); err != nil {
			leave()
			return nil, err
		}
		undo = append(undo, func() { _ = s.settings.Set(name, old, true) })
	}
	return leave, nil
}

// inner is a statement inside a function: it is planned when it runs first, and again when the plan is outdated.
type inner struct {
	stmt ast.Stmt
	vars expression.Variables
	q    *query
	cat  *catalog.Catalog // that of q, from readyInner on
}

func (s *Session) planInner(in *inner) error {
	cat := s.catalog()
	env := s.bindEnv(cat, in.stmt.Text)
	env.Vars = in.vars
	bound, err := bind.Statement(env, in.stmt.Node, nil)
	if err != nil {
		return err
	}
	in.q, err = s.planBound(cat, in.stmt, bound)
	return err
}

// readyInner plans and locks. only refuses what changes data: the function is not volatile.
func (s *Session) readyInner(ctx context.Context, in *inner, readOnly bool) error {
	s.open()
	for {
		if in.q == nil || !s.valid(in.q) {
			if err := s.planInner(in); err != nil {
				return err
			}
		}
		if readOnly && !in.q.bound.ReadOnly {
			return pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed in a non-volatile function", innerTag(in.q.tag, in.stmt.Node))
		}
		if s.block.readOnly && !in.q.bound.ReadOnly {
			return pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", in.q.tag)
		}
		cat, err := s.lockTables(ctx, in.q)
		if err != nil {
			return err
		}
		if cat != nil {
			in.cat = cat
			s.block.levelFixed = true
			return nil
		}
	}
}

func innerTag(tag string, n ast.Node) string {
	if q, ok := n.(*ast.SelectStmt); ok && q.LockingClause != nil {
		return "SELECT FOR UPDATE"
	}
	return tag
}

// sink swallows what a utility statement inside a function answers; notices go on to the client.
type sink struct {
	out  Output
	cols []types.Field
	rows [][]types.Datum
	tag  string
}

func (k *sink) RowDescription(cols []types.Field, _ []int16) { k.cols = cols }
func (k *sink) NoData()                                      {}
func (k *sink) ParameterDescription([]uint32)                {}
func (k *sink) Shape(cols []types.Field, _ []int16, _ *types.Env) error {
	k.cols = cols
	return nil
}
func (k *sink) Row(vals []types.Datum) error {
	c := make([]types.Datum, len(vals))
	for i, v := range vals {
		c[i] = v.Clone()
	}
	k.rows = append(k.rows, c)
	return nil
}
func (k *sink) RawRow([]byte) error        { return pgerr.Unsupported("a raw row in a function") }
func (k *sink) CommandComplete(tag string) { k.tag = tag }
func (k *sink) EmptyQuery()                {}
func (k *sink) PortalSuspended()           {}
func (k *sink) Notice(n *pgerr.Error) {
	if k.out != nil {
		k.out.Notice(n)
	}
}
func (k *sink) ParameterStatus(name, value string) {
	if k.out != nil {
		k.out.ParameterStatus(name, value)
	}
}
func (k *sink) Notification(pid uint32, channel, payload string) {
	if k.out != nil {
		k.out.Notification(pid, channel, payload)
	}
}
func (k *sink) CopyIn(byte, []int16) (CopyReader, error) {
	return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot COPY to/from client in a function")
}
func (k *sink) CopyOut(byte, []int16) CopyWriter { return noCopy{} }

type noCopy struct{}

func (noCopy) Write([]byte) (int, error) {
	return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot COPY to/from client in a function")
}
func (noCopy) Close() error { return nil }

// utilityInner runs a statement that is not planned, inside a function.
func (s *Session) utilityInner(ctx context.Context, stmt ast.Stmt, params []types.Datum) (*sink, error) {
	switch n := stmt.Node.(type) {
	case *ast.TransactionStmt:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "%s is not allowed in a SQL function", routine.TransactionWord(n))
	case *ast.CopyStmt:
		if n.Filename == "" && !n.IsProgram {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot COPY to/from client in PL/pgSQL")
		}
	}
	k := &sink{out: s.out}
	old := s.out
	s.out = k
	defer func() { s.out = old }()
	tag, err := s.dispatch(ctx, &call{stmt: stmt, source: stmt.Text, several: true, params: params})
	if tag != "" {
		k.tag = tag
	}
	return k, err
}

// cast is a compiled conversion of values, for results and variables of functions.
type cast struct {
	eval *eval.Evaluator
	busy bool
}

type castKey struct{ from, to, fromMod, toMod int64 }

// castValue converts as an assignment does, and through text where there is no assignment cast; domains are checked.
func (s *Session) castValue(ctx context.Context, v types.Datum, from, to plan.Type) (types.Datum, error) {
	if from.OID == to.OID && (to.Mod < 0 || to.Mod == from.Mod) {
		if y := s.lookupType(to.OID); y == nil || y.TypType != types.TypeDomain {
			return v, nil
		}
	}
	cat := s.catalog()
	if s.casts.version != cat.Version {
		s.casts.version, s.casts.byKey = cat.Version, map[castKey]*cast{}
	}
	k := castKey{int64(from.OID), int64(to.OID), int64(from.Mod), int64(to.Mod)}
	c := s.casts.byKey[k]
	if c == nil || c.busy {
		e, col, err := bind.CastExpr(s.bindEnv(cat, ""), from, to)
		if err != nil {
			return types.Null, err
		}
		ev, err := eval.Compile(e, []plan.Col{col}, s.env)
		if err != nil {
			return types.Null, err
		}
		if c = (&cast{eval: ev}); s.casts.byKey[k] == nil {
			s.casts.byKey[k] = c
		}
	}
	c.busy = true
	defer func() { c.busy = false }()
	var ec run.Context
	s.runContext(ctx, &ec, s.catalog(), nil)
	c.eval.Begin(&ec)
	return c.eval.Eval([]types.Datum{v})
}

// casts are the compiled conversions, for one version of the catalog.
type casts struct {
	version uint64
	byKey   map[castKey]*cast
}

// recordValues takes a record apart.
func recordValues(s *Session, v types.Datum) (vals []types.Datum, ts []*types.Type) {
	r := tuple.Record(v.Bytes())
	for i := range r.Len() {
		f := r.Field(i)
		vals, ts = append(vals, f.Value.Clone()), append(ts, s.lookupType(f.OID))
	}
	return vals, ts
}
