package session

import (
	"context"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/settings/clause"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/temporal"
)

// initSettings applies what the server, the database, the role and the client's start-up packet ask for, in that order.
func (s *Session) initSettings(dbname string) error {
	s.env = &types.Env{Settings: temporal.Settings{TimeZone: time.UTC}, Notice: s.Notice,
		Uncommitted: func(label types.OID) bool { return s.block.newLabels[label] }}
	s.settings.OnChange = s.settingChanged
	s.settings.Force("session_authorization", s.client.User)
	for _, d := range s.shared.Cluster.DefaultSettings(dbname, s.client.User) {
		if err := s.settings.Init(d.Name, d.Value, d.Source, true); err != nil {
			s.shared.Log.Warn("setting ignored", "name", d.Name, "error", err)
		}
	}
	set := func(name, value string) error {
		if err := s.settings.Init(name, value, "client", false); err != nil {
			e := *pgerr.From(err)
			e.Severity = pgerr.SeverityFatal
			return &e
		}
		return nil
	}
	// What the packet names itself wins over what its options say, as in PostgreSQL.
	for _, kv := range clause.Startup(s.client.Params["options"]) {
		if err := set(kv[0], kv[1]); err != nil {
			return err
		}
	}
	for name, value := range s.client.Params {
		switch name {
		case "user", "database", "replication", "options":
		default:
			if strings.HasPrefix(name, "_pq_.") {
				continue
			}
			if err := set(name, value); err != nil {
				return err
			}
		}
	}
	s.env.Resolver = (*resolver)(s)
	for _, name := range settings.Reported() {
		s.report[name], _ = s.settings.Get(name)
	}
	return nil
}

// settingChanged keeps env in step with the settings that it holds.
func (s *Session) settingChanged(d *settings.Def, value string) {
	e := *s.env
	switch strings.ToLower(d.Name) {
	case "datestyle":
		style, order, _ := strings.Cut(value, ", ")
		e.DateStyle = map[string]temporal.DateStyle{"ISO": temporal.DateISO, "SQL": temporal.DateSQL, "Postgres": temporal.DatePostgres, "German": temporal.DateGerman}[style]
		e.DateOrder = map[string]temporal.DateOrder{"MDY": temporal.OrderMDY, "DMY": temporal.OrderDMY, "YMD": temporal.OrderYMD}[order]
	case "intervalstyle":
		e.IntervalStyle = map[string]temporal.IntervalStyle{"postgres": temporal.IntervalPostgres, "postgres_verbose": temporal.IntervalPostgresVerbose,
			"sql_standard": temporal.IntervalSQLStandard, "iso_8601": temporal.IntervalISO8601}[value]
	case "timezone":
		if loc, err := settings.Zone(value); err == nil {
			e.TimeZone = loc
		}
	case "extra_float_digits":
		e.ExtraFloatDigits = int(s.settings.Int("extra_float_digits")) - 1
	case "xmloption":
		e.XMLDocument = value == "document"
	case "xmlbinary":
		e.XMLHex = value == "hex"
	case "bytea_output":
		e.ByteaEscape = value == "escape"
	case "role", "session_authorization":
		s.forceSuperuser()
		return
	default:
		return
	}
	s.env = &e
}

// ParameterStatus lists what is reported at the start.
func (s *Session) ParameterStatus() [][2]string {
	var out [][2]string
	for _, name := range settings.Reported() {
		out = append(out, [2]string{name, s.report[name]})
	}
	return out
}

// sendReports tells the client of reported settings that have changed since it heard of them.
func (s *Session) sendReports() {
	if s.out == nil || s.settings.Generation() == s.reportGen {
		return
	}
	s.reportGen = s.settings.Generation()
	for _, name := range settings.Reported() {
		if v, _ := s.settings.Get(name); v != s.report[name] {
			s.report[name] = v
			s.out.ParameterStatus(name, v)
		}
	}
}

// maySet: parameters of context superuser are theirs alone (42501). There are no grants on parameters.
func (s *Session) maySet(name string) error {
	if d := settings.Lookup(name); d != nil && d.Context == "superuser" && !isIdentity(name) && !s.Superuser() {
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to set parameter \"%s\"", d.Name)
	}
	return nil
}

// set is SET, RESET and SET TRANSACTION.
func (s *Session) set(ctx context.Context, n *ast.VariableSetStmt) error {
	switch n.Kind {
	case ast.VAR_SET_VALUE, ast.VAR_SET_CURRENT:
		if strings.EqualFold(n.Name, "transaction_isolation") || strings.EqualFold(n.Name, "transaction_read_only") ||
			strings.EqualFold(n.Name, "transaction_deferrable") {
			return s.setTransaction(n.Name, clause.Value(n))
		}
		v := clause.Value(n)
		if isIdentity(n.Name) {
			return s.setIdentity(n.Name, v, n.IsLocal)
		}
		if isAsOf(n.Name) {
			return s.setAsOf(ctx, v, n.IsLocal)
		}
		if err := s.maySet(n.Name); err != nil {
			return err
		}
		if err := s.settings.Set(n.Name, v, n.IsLocal); err != nil {
			return err
		}
		if n.IsLocal && s.block.mode != inBlock {
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.NoActiveSQLTransaction, "SET LOCAL can only be used in transaction blocks"))
		}
		return nil
	case ast.VAR_SET_DEFAULT, ast.VAR_RESET:
		switch strings.ToLower(n.Name) {
		case "session_authorization":
			return s.setIdentity(n.Name, s.client.User, n.IsLocal)
		case "role":
			return s.setIdentity(n.Name, "none", n.IsLocal)
		}
		if err := s.maySet(n.Name); err != nil {
			return err
		}
		return s.settings.Reset(n.Name)
	case ast.VAR_RESET_ALL:
		s.settings.ResetAll()
		return nil
	case ast.VAR_SET_MULTI:
		return s.setCharacteristics(n)
	}
	return pgerr.Unsupported("this form of SET")
}

// setCharacteristics is SET TRANSACTION and SET SESSION CHARACTERISTICS.
func (s *Session) setCharacteristics(n *ast.VariableSetStmt) error {
	switch n.Name {
	case "TRANSACTION":
		if s.block.mode != inBlock {
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, pgerr.NoActiveSQLTransaction, "SET TRANSACTION can only be used in transaction blocks"))
			return nil
		}
		return s.transactionOptions(n.Args)
	case "SESSION CHARACTERISTICS":
		for _, a := range n.Args {
			if d, ok := a.(*ast.DefElem); ok {
				name := "default_" + d.Defname
				if err := s.settings.Set(name, clause.Option(d), false); err != nil {
					return err
				}
			}
		}
		return nil
	case "TRANSACTION SNAPSHOT":
		return pgerr.Unsupported("SET TRANSACTION SNAPSHOT")
	}
	return pgerr.Unsupported("SET " + n.Name)
}

func (s *Session) transactionOptions(opts []ast.Node) error {
	for _, o := range opts {
		if d, ok := o.(*ast.DefElem); ok {
			if err := s.setTransaction(d.Defname, clause.Option(d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// setTransaction changes the open transaction's isolation level or access mode.
func (s *Session) setTransaction(name, value string) error {
	b := &s.block
	switch strings.ToLower(name) {
	case "transaction_isolation":
		v, err := settings.Lookup("transaction_isolation").Parse(value)
		if err != nil {
			return err
		}
		if b.levelFixed && isoLevel(v) != b.level {
			return pgerr.New(pgerr.ActiveSQLTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
		}
		if b.t != nil && isoLevel(v) != b.level {
			b.t.Rollback() // nothing has been read or written through it
			b.t = nil
		}
		b.level = isoLevel(v)
	case "transaction_read_only":
		ro, ok := settings.ParseBool(value)
		if !ok {
			return pgerr.New(pgerr.InvalidParameterValue, "parameter \"transaction_read_only\" requires a Boolean value")
		}
		if b.readOnly && !ro && b.levelFixed {
			return pgerr.New(pgerr.ActiveSQLTransaction, "transaction read-write mode must be set before any query")
		}
		if s.past != nil && !ro {
			return pgerr.New(pgerr.ActiveSQLTransaction, "a transaction of the past is read-only")
		}
		b.readOnly = ro
	case "transaction_deferrable":
		d, ok := settings.ParseBool(value)
		if !ok {
			return pgerr.New(pgerr.InvalidParameterValue, "parameter \"transaction_deferrable\" requires a Boolean value")
		}
		if b.levelFixed {
			return pgerr.New(pgerr.ActiveSQLTransaction, "SET TRANSACTION [NOT] DEFERRABLE must be called before any query")
		}
		b.deferrable = d
	default:
		return pgerr.Unsupported("transaction option " + name)
	}
	return nil
}

// show returns a parameter as SHOW prints it.
func (s *Session) show(name string) (string, error) {
	switch strings.ToLower(name) {
	case "transaction_isolation":
		if s.block.mode == idle {
			v, _ := s.settings.Get("default_transaction_isolation")
			return v, nil
		}
		return string(s.block.level), nil
	case "transaction_read_only":
		if s.block.mode == idle {
			return s.settings.Show("default_transaction_read_only")
		}
		return map[bool]string{true: "on", false: "off"}[s.block.readOnly], nil
	case "transaction_deferrable":
		if s.block.mode == idle {
			return s.settings.Show("default_transaction_deferrable")
		}
		return map[bool]string{true: "on", false: "off"}[s.block.deferrable], nil
	case "branch":
		return s.db.Branch, nil
	}
	return s.settings.Show(name)
}

var errStatementTimeout = pgerr.Wrap(context.DeadlineExceeded, pgerr.QueryCanceled, "canceling statement due to statement timeout")

// statementTimeout bounds ctx by the setting.
func (s *Session) statementTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	d := s.hotSettings().statementTimeout
	if d == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, d, errStatementTimeout)
}

// pipelineTimeout is statementTimeout for the messages of the extended protocol: the time runs from the first of them to the end
// of an Execute, while the client thinks too.
func (s *Session) pipelineTimeout(ctx context.Context) (context.Context, context.CancelFunc, error) {
	d := s.hotSettings().statementTimeout
	if d == 0 {
		s.deadline = time.Time{}
		return ctx, func() {}, nil
	}
	now := time.Now()
	if s.deadline.IsZero() {
		s.deadline = now.Add(d)
	}
	if !now.Before(s.deadline) {
		s.deadline = time.Time{}
		return nil, nil, errStatementTimeout
	}
	ctx, stop := context.WithDeadlineCause(ctx, s.deadline, errStatementTimeout)
	return ctx, stop, nil
}

// inTime is pipelineTimeout for messages that do not run anything.
func (s *Session) inTime() error {
	if s.hotSettings().statementTimeout == 0 {
		return nil
	}
	_, stop, err := s.pipelineTimeout(context.Background())
	if err == nil {
		stop()
	}
	return err
}
