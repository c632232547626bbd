package session

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tarndb/tarn/sql/bind"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/exec"
	"github.com/tarndb/tarn/sql/parser"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/session/cursor"
	"github.com/tarndb/tarn/sql/types"
)

// prepared is a prepared statement of either kind: Parse message or PREPARE.
type prepared struct {
	name    string
	sql     string
	source  string    // what error positions count in; "" is sql
	stmt    *ast.Stmt // nil: empty query
	plan    *query    // nil for utility statements, and after the branch changed
	params  []types.OID
	given   []types.OID // as the client gave them
	cols    []types.Field
	fromSQL bool
	made    time.Time
	runs    int64
	customs int64 // of runs: planned for their values
}

// portal is a bound statement: of the extended protocol, or a cursor that DECLARE made.
type portal struct {
	name    string
	stmt    *prepared
	query   *query
	params  []types.Datum
	formats []int16
	source  string

	rows                 cursor.Source // nil before the first Execute
	done                 bool
	count                int64
	took                 time.Duration // of its executions, if they are counted, or brokenPortal
	started              bool
	failed               bool      // an error ended it
	made                 time.Time // the transaction that it lives in
	created              time.Time
	depth                int // savepoints below it
	sqlCursor            bool
	scroll, hold, binary bool
	forgetful            bool             // scrolls only while what it has seen is small
	tables               []catalog.OID    // whose row locators stand behind the columns of its rows
	at                   *cursor.Position // of a cursor
	cancel               context.CancelCauseFunc
}

func (s *Session) closePortals(which func(*portal) bool) {
	for name, p := range s.portals {
		if which(p) {
			s.endPortal(p)
			delete(s.portals, name)
		}
	}
}

func (p *portal) close() {
	if p.rows != nil {
		p.rows.Close()
		p.rows = nil
	}
	if p.at != nil {
		p.at.Close()
	}
	if p.cancel != nil {
		p.cancel(context.Canceled)
	}
}

// Parse makes a prepared statement (manual 55.2.3).
func (s *Session) Parse(ctx context.Context, name, sql string, paramTypes []uint32, out Output) (err error) {
	s.out = out
	defer s.endExtended(&err)
	s.begunExtended()
	if err := s.inTime(); err != nil {
		return err
	}
	if name != "" && s.stmts[name] != nil {
		return pgerr.New(pgerr.DuplicatePstatement, "prepared statement \"%s\" already exists", name)
	}
	delete(s.stmts, name) // the unnamed statement goes even if the new one is wrong
	p, err := s.prepare(name, sql, paramTypes)
	if err != nil {
		return err
	}
	s.stmts[name] = p
	return nil
}

// prepare parses and plans; the same text planned before costs a look-up.
func (s *Session) prepare(name, sql string, given []types.OID) (*prepared, error) {
	p := &prepared{name: name, sql: sql, made: time.Now()}
	for _, oid := range given {
		if oid != 0 && s.lookupType(oid) == nil {
			return nil, pgerr.New(pgerr.InternalError, "cache lookup failed for type %d", oid)
		}
	}
	s.scratch.key = appendParseKey(s.scratch.key[:0], sql, given)
	if q := s.plans.get(s.scratch.key); q != nil && s.valid(q) && !s.block.failed {
		p.stmt, p.plan, p.params, p.cols = &q.stmt, q, q.bound.Params, q.cols
		p.given = append(p.given, given...)
		return p, nil
	}
	stmts, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	switch len(stmts) {
	case 0:
		return p, nil
	case 1:
	default:
		return nil, pgerr.New(pgerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	p.stmt, p.given = &stmts[0], append([]types.OID(nil), given...)
	if s.block.failed && !allowedInFailed(p.stmt.Node) {
		return nil, errInFailed()
	}
	if isQuery(p.stmt.Node) {
		noticed := s.noticed
		if p.plan, err = s.plan(*p.stmt, sql, p.given); err != nil {
			return nil, err
		}
		p.params, p.cols = p.plan.bound.Params, p.plan.cols
		if !p.plan.bound.Momentary && s.noticed == noticed {
			s.plans.put(string(s.scratch.key), p.plan)
		}
		return p, nil
	}
	p.params = p.given
	if q := queryOf(p.stmt.Node); q != nil {
		bound, err := bind.Statement(s.bindEnv(s.catalog(), sql), q, p.given)
		if err != nil {
			return nil, err
		}
		p.params = bound.Params
	} else if x, ok := p.stmt.Node.(*ast.CallStmt); ok {
		c, err := bind.Call(s.bindEnv(s.catalog(), sql), x.Funccall, true, p.given)
		if err != nil {
			return nil, err
		}
		p.params, p.cols = c.Params, s.callColumns(c.Outs)
		return p, nil
	}
	p.cols, err = s.utilityColumns(p.stmt.Node, p.params)
	return p, err
}

// queryOf is the query that a utility statement runs, whose parameters are the statement's (transformStmt); nil for none.
func queryOf(n ast.Node) ast.Node {
	switch x := n.(type) {
	case *ast.DeclareCursorStmt:
		n = x.Query
	case *ast.CreateTableAsStmt:
		n = x.Query
	case *ast.ExplainStmt:
		if q := queryOf(x.Query); q != nil {
			return q
		}
		n = x.Query
	case *ast.SelectStmt:
		if x.IntoClause != nil {
			plain := *x
			plain.IntoClause = nil
			n = &plain
		}
	}
	if isQuery(n) {
		return n
	}
	return nil
}

func appendParseKey(b []byte, sql string, given []types.OID) []byte {
	b = append(append(b, sql...), 1)
	for _, o := range given {
		b = append(b, byte(o), byte(o>>8), byte(o>>16), byte(o>>24))
	}
	return b
}

// refresh plans a prepared statement again where the catalog or the search path has changed.
func (s *Session) refresh(p *prepared) error {
	if p.stmt == nil || p.plan != nil && s.valid(p.plan) {
		return nil
	}
	if !isQuery(p.stmt.Node) {
		var err error
		p.cols, err = s.utilityColumns(p.stmt.Node, p.params)
		return err
	}
	q, err := s.plan(*p.stmt, p.sql, p.params)
	if err != nil {
		return err
	}
	if p.plan != nil && !sameResult(p.cols, q.cols) {
		return pgerr.New(pgerr.FeatureNotSupported, "cached plan must not change result type").WithRoutine("RevalidateCachedQuery")
	}
	p.plan, p.cols = q, q.cols
	return nil
}

func sameResult(a, b []types.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].TypeOID != b[i].TypeOID || a[i].TypeMod != b[i].TypeMod {
			return false
		}
	}
	return true
}

func (s *Session) statement(name string) (*prepared, error) {
	if p := s.stmts[name]; p != nil {
		return p, nil
	}
	if name == "" {
		return nil, pgerr.New(pgerr.InvalidSQLStatementName, "unnamed prepared statement does not exist")
	}
	return nil, pgerr.New(pgerr.InvalidSQLStatementName, "prepared statement \"%s\" does not exist", name)
}

// Bind makes a portal.
func (s *Session) Bind(ctx context.Context, name, stmt string, paramFormats []int16, params [][]byte, resultFormats []int16, out Output) (err error) {
	s.out = out
	defer s.endExtended(&err)
	s.begunExtended()
	if err := s.inTime(); err != nil {
		return err
	}
	st, err := s.statement(stmt)
	if err != nil {
		return err
	}
	if s.block.failed && (st.stmt == nil || !allowedInFailed(st.stmt.Node)) {
		return errInFailed()
	}
	if err := s.refresh(st); err != nil {
		return err
	}
	if len(params) != len(st.params) {
		return pgerr.New(pgerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement \"%s\" requires %d", len(params), stmt, len(st.params))
	}
	if len(resultFormats) > 1 && len(resultFormats) != len(st.cols) {
		return pgerr.New(pgerr.ProtocolViolation, "bind message has %d result formats but query has %d columns", len(resultFormats), len(st.cols))
	}
	st.runs++
	if st.plan != nil {
		if err := st.plan.prog.Failed(); err != nil {
			return err
		}
	}
	if name != "" && s.portals[name] != nil {
		return pgerr.New(pgerr.DuplicateCursor, "cursor \"%s\" already exists", name)
	}
	p := s.portals[name]
	if p == nil && name == "" {
		p, s.spare = s.spare, nil
	}
	if p == nil {
		p = &portal{}
	}
	s.endPortal(p)
	*p = portal{params: p.params[:0], formats: p.formats[:0]}
	p.name, p.stmt, p.query, p.source, p.created = name, st, st.plan, st.sql, s.env.TxnTime
	p.formats = append(p.formats, resultFormats...)
	for i, raw := range params {
		d, err := s.param(st.params[i], format(paramFormats, i), raw)
		if err != nil {
			e := *pgerr.From(err)
			if e.Where == "" {
				e.Where = s.paramContext(name, i, format(paramFormats, i), raw)
			}
			return &e
		}
		p.params = append(p.params, d)
	}
	if p.query, err = s.choosePlan(st, p.params); err != nil {
		return err
	}
	s.portals[name] = p
	return nil
}

// paramContext is the CONTEXT of an error in a parameter's value; of a text as much as log_parameter_max_length_on_error allows.
func (s *Session) paramContext(portal string, i int, f int16, raw []byte) string {
	c := "unnamed portal parameter $" + itoa(int64(i+1))
	if portal != "" {
		c = "portal \"" + portal + "\" parameter $" + itoa(int64(i+1))
	}
	if f != 0 {
		return c
	}
	v, dots := string(raw), ""
	if most := s.settings.Int("log_parameter_max_length_on_error"); most >= 0 && int64(len(v)) > most {
		v, dots = clip(v, int(most)), "..."
	}
	return c + " = '" + strings.ReplaceAll(v, "'", "''") + dots + "'"
}

// clip cuts s to at most n bytes, not within a character.
func clip(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func format(fs []int16, i int) int16 {
	switch len(fs) {
	case 0:
		return 0
	case 1:
		return fs[0]
	}
	return fs[i]
}

// param reads one parameter; the value owns its bytes.
func (s *Session) param(oid types.OID, f int16, raw []byte) (types.Datum, error) {
	t := s.lookupType(oid)
	if t == nil {
		return types.Null, pgerr.Unsupported("parameter type")
	}
	if raw == nil {
		return types.Null, t.CheckNull(s.env)
	}
	var d types.Datum
	var err error
	if f == 1 {
		d, err = t.ParseBinary(raw, -1, s.env)
	} else {
		d, err = t.ParseText(string(raw), -1, s.env)
	}
	if err != nil {
		return types.Null, err
	}
	if f == 1 {
		d = d.Clone()
	}
	return d, nil
}

// DescribeStatement answers Describe for a prepared statement.
func (s *Session) DescribeStatement(ctx context.Context, name string, out Output) (err error) {
	defer s.endExtended(&err)
	if err := s.inTime(); err != nil {
		return err
	}
	p, err := s.statement(name)
	if err != nil {
		return err
	}
	if s.block.failed && (p.cols != nil) {
		return errInFailed()
	}
	if err := s.refresh(p); err != nil {
		return err
	}
	out.ParameterDescription(p.params)
	if p.cols == nil {
		out.NoData()
	} else {
		out.RowDescription(p.cols, nil)
	}
	return nil
}

// DescribePortal answers Describe for a portal.
func (s *Session) DescribePortal(ctx context.Context, name string, out Output) (err error) {
	defer s.endExtended(&err)
	if err := s.inTime(); err != nil {
		return err
	}
	p := s.portals[name]
	if p == nil {
		return noPortal(name)
	}
	if s.block.failed && p.stmt.cols != nil {
		return errInFailed()
	}
	if p.stmt.cols == nil {
		out.NoData()
	} else {
		out.RowDescription(p.stmt.cols, p.formats)
	}
	return nil
}

func noPortal(name string) error {
	return pgerr.New(pgerr.InvalidCursorName, "portal \"%s\" does not exist", name)
}

// Execute runs a portal, up to maxRows rows of it.
func (s *Session) Execute(ctx context.Context, name string, maxRows int, out Output) (err error) {
	s.out = out
	defer s.endExtended(&err)
	p := s.portals[name]
	if p == nil {
		return noPortal(name)
	}
	if p.stmt == nil || p.stmt.stmt == nil {
		out.EmptyQuery()
		return nil
	}
	if s.block.failed && !allowedInFailed(p.stmt.stmt.Node) {
		return errInFailed()
	}
	s.setActivity("active", p.stmt.sql)
	ctx, stop, err := s.pipelineTimeout(ctx)
	if err != nil {
		return err
	}
	defer stop()
	s.stmtCtx, s.deadline = ctx, time.Time{}
	if p.query == nil {
		if p.done {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "portal \"%s\" cannot be run", name)
		}
		p.done = true
		return s.utilityPortal(ctx, p, maxRows)
	}
	if (maxRows <= 0 || p.stmt.cols == nil) && !p.started && !p.failed {
		p.started, p.done = true, true
		return s.run(ctx, p.query, p.params, p.formats, false, p.source)
	}
	return s.executePart(ctx, p, maxRows)
}

// executePart gives the next rows of a portal that is read in pieces.
func (s *Session) executePart(ctx context.Context, p *portal, maxRows int) error {
	if p.failed {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "portal \"%s\" cannot be run", p.name)
	}
	if !p.started {
		if err := s.start(ctx, p); err != nil {
			return err
		}
	}
	defer p.during(ctx)()
	s.begunQuery(p.query)
	defer s.endedQuery()
	if p.at != nil {
		return s.executeCursor(p, maxRows)
	}
	if p.stmt.cols != nil {
		if err := s.out.Shape(p.stmt.cols, p.formats, s.env); err != nil {
			return err
		}
	}
	n := 0
	if began := s.startCount(p.query, s.place()); !began.IsZero() {
		defer func() { s.countPart(p, began) }()
	}
	for !p.done && (maxRows <= 0 || n < maxRows) {
		row, ok, err := p.rows.Next()
		if err != nil {
			p.took = brokenPortal
			return err
		}
		if !ok {
			p.done = true
			break
		}
		if p.stmt.cols != nil {
			if err := s.out.Row(row); err != nil {
				return err
			}
		}
		n++
	}
	p.count += int64(n)
	if !p.done {
		s.out.PortalSuspended()
		return nil
	}
	s.out.CommandComplete(completeTag(p.query.tag, int64(n))) // of this Execute, as PostgreSQL counts
	return nil
}

// executeCursor is Execute of a portal that DECLARE made or FETCH has read.
func (s *Session) executeCursor(p *portal, maxRows int) error {
	if err := s.out.Shape(p.stmt.cols, p.formats, s.env); err != nil {
		return err
	}
	most := int64(maxRows)
	if maxRows <= 0 {
		most = cursor.All
	}
	n, err := p.at.Forward(most, func(row []types.Datum) error { return s.out.Row(row[:len(p.stmt.cols)]) })
	if err != nil {
		p.failed = true
		return err
	}
	if n == most {
		s.out.PortalSuspended()
		return nil
	}
	s.out.CommandComplete(completeTag(p.query.tag, n))
	return nil
}

// start opens a portal's execution. Statements that change rows run to their end first, as PostgreSQL does.
func (s *Session) start(ctx context.Context, p *portal) error {
	ec := &exec.Context{}
	q, err := s.prepareRun(ctx, p.query, p.source, ec, p.params)
	if err != nil {
		return err
	}
	p.query, p.started, p.made, p.depth = q, true, s.block.start, len(s.block.saves)
	// The statement's own context ends with this call; the portal's goes on with the next Execute.
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	p.cancel = cancel
	defer p.during(ctx)()
	ec.Ctx = own
	if q.bound.ReadOnly {
		p.rows, err = q.prog.Run(ec)
		return err
	}
	kept := &cursor.Kept{Store: s.rowStore()}
	s.begunQuery(q)
	began := s.startCount(q, s.place())
	_, err = q.prog.Exec(ec, kept.Add)
	s.endedQuery()
	if err != nil {
		return err
	}
	if !began.IsZero() {
		p.took = time.Since(began)
	}
	p.rows = kept
	return nil
}

// during lets the end of ctx, a statement's, end a portal's execution until the statement is over.
func (p *portal) during(ctx context.Context) func() bool {
	cancel := p.cancel
	return context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
}

// CloseStatement and ClosePortal forget; it is no error if there is nothing.
func (s *Session) CloseStatement(name string) { delete(s.stmts, name) }

func (s *Session) ClosePortal(name string) {
	if p := s.portals[name]; p != nil {
		s.endPortal(p)
		delete(s.portals, name)
	}
}

// Sync ends a pipeline: an implicit transaction is committed.
func (s *Session) Sync(ctx context.Context, out Output) error {
	s.out = out
	var err error
	if s.block.mode == implicit {
		err = s.endImplicit(ctx)
		if err != nil {
			err = sqlError(err)
			s.fail()
		}
	}
	if p := s.portals[""]; p != nil && s.block.mode == idle {
		s.endPortal(p)
		s.spare = p // kept for its buffers
		delete(s.portals, "")
	}
	s.deadline, s.piped = time.Time{}, false
	s.idleActivity()
	s.out = nil
	return err
}

// begunExtended is begun for messages of the extended protocol, of which the first after a Sync starts the transaction.
func (s *Session) begunExtended() {
	if s.block.mode == idle && s.piped {
		return
	}
	s.begun()
	s.piped = true
}

// Fail says that the client's message was wrong before the session saw it.
func (s *Session) Fail() { s.fail() }

// endExtended turns an error into the session's state and clears what belongs to one message.
func (s *Session) endExtended(err *error) {
	if *err != nil {
		*err = sqlError(*err)
		s.fail()
	}
	s.sendReports()
	s.out = nil
}
