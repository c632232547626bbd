package system

import (
	"crypto/rand"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/number"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/numeric"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/storage/tuple"
)

// System information, settings, sequences and locks (manual: 9.17, 9.26, 9.27). All of them ask the Session.

// version's first two words are what clients look at.
func version(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
	v, _ := s.Setting("server_version")
	return call.Text("PostgreSQL " + v + " (Tarn) on " + runtime.GOARCH + "-" + runtime.GOOS + ", compiled by " + runtime.Version() + ", 64-bit")
}

func errNoSession() error { return call.ErrNoSession }

// withSession gives f the session, or answers an error where there is none.
func withSession(f func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error)) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		if c.Sess == nil {
			return types.Null, errNoSession()
		}
		return f(c.Sess, c, a)
	}
}

func nameFn(f func(s call.Session) string) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) { return call.Text(f(s)) })
}

func schemaNames(s call.Session, implicit bool) []string {
	var out []string
	for _, oid := range s.SearchPath(implicit) {
		if sc := s.Catalog().SchemaByOID(oid); sc != nil {
			out = append(out, sc.Name)
		}
	}
	return out
}

func currentSchema(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
	if names := schemaNames(s, false); len(names) > 0 {
		return call.Text(names[0])
	}
	return types.Null, nil
}

func currentSchemas(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	names := schemaNames(s, a[0].Bool())
	vals := make([]types.Datum, len(names))
	for i, n := range names {
		vals[i] = tuple.String(n)
	}
	return types.MakeArray(types.Lookup(types.Name), vals), nil
}

func showSetting(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	v, ok := s.Setting(a[0].Str())
	if ok {
		return call.Text(v)
	}
	if len(a) > 1 && a[1].Bool() {
		return types.Null, nil
	}
	return types.Null, pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter \"%s\"", a[0].Str())
}

func setSetting(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	if a[0].IsNull() {
		return types.Null, pgerr.New(pgerr.NullValueNotAllowed, "SET requires parameter name")
	}
	value := ""
	if !a[1].IsNull() {
		value = a[1].Str()
	}
	v, err := s.SetSetting(a[0].Str(), value, !a[2].IsNull() && a[2].Bool())
	if err != nil {
		return types.Null, err
	}
	return call.Text(v)
}

func seqFn(f func(s call.Session, seq types.OID) (int64, error)) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		return call.IntOrErr(f(s, types.OID(a[0].Uint())))
	})
}

func setval(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	called := len(a) < 3 || a[2].Bool()
	return a[1], s.SetVal(types.OID(a[0].Uint()), a[1].Int(), called)
}

func sequenceParameters(c *call.Call, a []types.Datum) (call.Rows, error) {
	if c.Sess == nil {
		return nil, errNoSession()
	}
	t := c.Sess.Catalog().Table(types.OID(a[0].Uint()))
	if t == nil || t.Sequence == nil {
		return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for sequence %d", a[0].Uint())
	}
	q := t.Sequence
	return call.TableRows([][]types.Datum{{tuple.Int(q.Start), tuple.Int(q.Min), tuple.Int(q.Max), tuple.Int(q.Inc), tuple.Bool(q.Cycle), tuple.Int(q.Cache), tuple.Uint(uint64(q.Type))}}), nil
}

// voidResult is the value of functions that return void.
func voidResult(err error) (types.Datum, error) { return tuple.String(""), err }

func lockKey(a []types.Datum) call.LockKey {
	if len(a) == 2 {
		return call.LockKey{Key: a[0].Int()<<32 | int64(uint32(a[1].Int())), Pair: true}
	}
	return call.LockKey{Key: a[0].Int()}
}

func lockFns(m call.Fns) {
	for _, width := range []string{"int8", "int4"} {
		for _, shared := range []bool{false, true} {
			suffix := "_" + width
			if shared {
				suffix = "_shared" + suffix
			}
			for _, xact := range []bool{false, true} {
				scope := ""
				if xact {
					scope = "_xact"
				}
				m["pg_advisory"+scope+"_lock"+suffix] = withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
					_, err := s.AdvisoryLock(lockKey(a), shared, xact, true)
					return voidResult(err)
				})
				m["pg_try_advisory"+scope+"_lock"+suffix] = withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
					ok, err := s.AdvisoryLock(lockKey(a), shared, xact, false)
					return tuple.Bool(ok), err
				})
			}
			m["pg_advisory_unlock"+suffix] = withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
				ok, err := s.AdvisoryUnlock(lockKey(a), shared)
				return tuple.Bool(ok), err
			})
		}
	}
	m["pg_blocking_pids"] = pidsFn(call.Session.BlockingPIDs)
	m["pg_safe_snapshot_blocking_pids"] = pidsFn(call.Session.SnapshotBlockers)
	m["pg_isolation_test_session_is_blocked"] = withSession(isBlocked)
	m["pg_advisory_unlock_all"] = withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
		s.AdvisoryUnlockAll()
		return voidResult(nil)
	})
}

// sleep waits for seconds or the statement's end.
func sleep(s call.Session, seconds float64) (types.Datum, error) {
	if seconds != seconds || seconds <= 0 {
		return voidResult(nil)
	}
	ctx := s.Context()
	timer := time.NewTimer(time.Duration(min(seconds, 1e9) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return voidResult(nil)
	case <-ctx.Done():
		return types.Null, ctx.Err()
	}
}

func randomUUID(*call.Call, []types.Datum) (types.Datum, error) {
	b := make([]byte, 16)
	rand.Read(b)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return call.Bytes(b)
}

var sizeUnits = [...]string{"bytes", "kB", "MB", "GB", "TB", "PB"}

// sizePretty halves with rounding from unit to unit, each up to 10 times 1024 (20 times after rounding).
func sizePretty(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := a[0].Int()
	halfRound := func(v int64) int64 {
		if v >= 0 {
			return (v + 1) / 2
		}
		return (v - 1) / 2
	}
	if number.Magnitude(v) < 10*1024 {
		return call.Text(strconv.FormatInt(v, 10) + " bytes")
	}
	v /= 1 << 9 // one bit is kept for rounding
	for i := 1; ; i++ {
		if number.Magnitude(v) < 20*1024-1 || i == len(sizeUnits)-1 {
			return call.Text(strconv.FormatInt(halfRound(v), 10) + " " + sizeUnits[i])
		}
		v /= 1 << 10
	}
}

func sizePrettyNumeric(_ *call.Call, a []types.Datum) (types.Datum, error) {
	v := a[0]
	if numeric.IsNaN(v) || numeric.IsInf(v) {
		return call.Text(types.Lookup(types.Numeric).Text(v, nil) + " PB")
	}
	less := func(limit int64) bool { return numeric.Cmp(numeric.Abs(v), numeric.Int(limit)) < 0 }
	shift := func(n uint) error {
		var err error
		v, err = numeric.DivTrunc(v, numeric.Int(1<<n))
		return err
	}
	if less(10 * 1024) {
		return call.Text(types.Lookup(types.Numeric).Text(v, nil) + " bytes")
	}
	if err := shift(9); err != nil {
		return types.Null, err
	}
	for i := 1; ; i++ {
		if less(20*1024-1) || i == len(sizeUnits)-1 {
			one := numeric.Int(1)
			if numeric.Sgn(v) < 0 {
				one = numeric.Int(-1)
			}
			r, err := numeric.Add(v, one)
			if err != nil {
				return types.Null, err
			}
			if r, err = numeric.DivTrunc(r, numeric.Int(2)); err != nil {
				return types.Null, err
			}
			return call.Text(types.Lookup(types.Numeric).Text(r, nil) + " " + sizeUnits[i])
		}
		if err := shift(10); err != nil {
			return types.Null, err
		}
	}
}

// sizeBytes reads "10 GB".
func sizeBytes(_ *call.Call, a []types.Datum) (types.Datum, error) {
	in := a[0].Str()
	bad := func() error {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid size: \"%s\"", in)
	}
	s := strings.TrimLeft(in, " \t\n\r\v\f")
	n := 0
	if n < len(s) && (s[n] == '-' || s[n] == '+') {
		n++
	}
	digits := 0
	for ; n < len(s) && s[n] >= '0' && s[n] <= '9'; n++ {
		digits++
	}
	if n < len(s) && s[n] == '.' {
		for n++; n < len(s) && s[n] >= '0' && s[n] <= '9'; n++ {
			digits++
		}
	}
	if digits == 0 {
		return types.Null, bad()
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		e := n + 1
		if e < len(s) && (s[e] == '-' || s[e] == '+') {
			e++
		}
		if start := e; e < len(s) {
			for ; e < len(s) && s[e] >= '0' && s[e] <= '9'; e++ {
			}
			if e > start {
				n = e
			}
		}
	}
	v, err := numeric.Parse(s[:n])
	if err != nil {
		return types.Null, err
	}
	unitName := strings.Trim(s[n:], " \t\n\r\v\f")
	if unitName != "" {
		at := -1
		for i, u := range sizeUnits {
			if strings.EqualFold(u, unitName) {
				at = i
			}
		}
		if at < 0 {
			return types.Null, pgerr.From(bad()).WithDetail("Invalid size unit: \"%s\".", unitName).
				WithHint("Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
		}
		if v, err = numeric.Mul(v, numeric.Int(1<<(10*at))); err != nil {
			return types.Null, err
		}
	}
	r, err := numeric.ToInt(v, 64, "bigint")
	return tuple.Int(r), err
}

func lsnFns(m call.Fns) {
	position := withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
		if s.InRecovery() {
			return types.Null, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "recovery is in progress").
				WithHint("WAL control functions cannot be executed during recovery.")
		}
		return tuple.Uint(s.WALPosition()), nil
	})
	m["pg_current_wal_lsn"], m["pg_current_wal_insert_lsn"], m["pg_current_wal_flush_lsn"] = position, position, position
	lsnNumeric := func(v uint64) (types.Datum, error) { return numeric.Parse(strconv.FormatUint(v, 10)) }
	diff := func(_ *call.Call, a []types.Datum) (types.Datum, error) {
		x, err := lsnNumeric(a[0].Uint())
		if err != nil {
			return types.Null, err
		}
		y, err := lsnNumeric(a[1].Uint())
		if err != nil {
			return types.Null, err
		}
		return numeric.Sub(x, y)
	}
	m["pg_wal_lsn_diff"], m["pg_lsn_mi"] = diff, diff
	toLSN := func(v types.Datum) (types.Datum, error) {
		switch {
		case numeric.IsNaN(v):
			return types.Null, pgerr.New(pgerr.FeatureNotSupported, "cannot convert NaN to pg_lsn")
		case numeric.IsInf(v):
			return types.Null, pgerr.New(pgerr.FeatureNotSupported, "cannot convert infinity to pg_lsn")
		}
		r, err := numeric.Round(v, 0)
		if err != nil {
			return types.Null, err
		}
		n := numeric.Big(r, 0)
		if n.Sign() < 0 || !n.IsUint64() {
			return types.Null, pgerr.New(pgerr.InvalidParameterValue, "pg_lsn out of range")
		}
		return tuple.Uint(n.Uint64()), nil
	}
	move := func(nan string, op func(x, y types.Datum) (types.Datum, error)) call.Fn {
		return func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if numeric.IsNaN(a[1]) {
				return types.Null, pgerr.New(pgerr.FeatureNotSupported, "%s", nan)
			}
			x, err := lsnNumeric(a[0].Uint())
			if err != nil {
				return types.Null, err
			}
			v, err := op(x, a[1])
			if err != nil {
				return types.Null, err
			}
			return toLSN(v)
		}
	}
	m["pg_lsn_pli"] = move("cannot add NaN to pg_lsn", numeric.Add)
	m["pg_lsn_mii"] = move("cannot subtract NaN from pg_lsn", numeric.Sub)
	m["numeric_pg_lsn"] = func(_ *call.Call, a []types.Datum) (types.Datum, error) { return toLSN(a[0]) }
}

func sizeFn(f func(s call.Session, oid types.OID) (int64, bool, error)) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
		v, ok, err := f(s, types.OID(a[0].Uint()))
		if err != nil || !ok {
			return types.Null, err
		}
		return tuple.Int(v), nil
	})
}

func relationSize(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
	fork := "main"
	if len(a) > 1 {
		fork = a[1].Str()
	}
	switch fork {
	case "main", "fsm", "vm", "init":
	default:
		return types.Null, pgerr.New(pgerr.InvalidParameterValue, "invalid fork name").WithHint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".")
	}
	v, ok, err := s.RelationSize(types.OID(a[0].Uint()), fork)
	if err != nil || !ok {
		return types.Null, err
	}
	return tuple.Int(v), nil
}

func backendFn(f func(s call.Session, pid int32) (bool, error)) call.Fn {
	return withSession(func(s call.Session, c *call.Call, a []types.Datum) (types.Datum, error) {
		ok, err := f(s, int32(a[0].Int()))
		if err == nil && !ok && c.Env != nil && c.Env.Notice != nil {
			c.Env.Notice(pgerr.Notice(pgerr.SeverityWarning, "", "PID %d is not a PostgreSQL server process", a[0].Int()))
		}
		return tuple.Bool(ok), err
	})
}

func systemFns() call.Fns {
	user := nameFn(func(s call.Session) string { return s.CurrentUser() })
	never := func(v types.Datum) call.Fn {
		return func(*call.Call, []types.Datum) (types.Datum, error) { return v, nil }
	}
	startTime := func(pick func(server, config, statement int64) int64) call.Fn {
		return withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return tuple.Int(pick(s.StartTimes())), nil
		})
	}
	xid := func(assign bool) call.Fn {
		return withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			id, ok := s.TxID(assign)
			if !ok {
				return types.Null, nil
			}
			return tuple.Uint(id), nil
		})
	}
	m := call.Fns{
		"pgsql_version": withSession(version),
		"current_user":  user, "session_user": nameFn(func(s call.Session) string { return s.SessionUser() }),
		"current_database": nameFn(func(s call.Session) string { return s.Database() }),
		"current_query":    nameFn(func(s call.Session) string { return s.CurrentQuery() }),
		"current_schema":   withSession(currentSchema), "current_schemas": withSession(currentSchemas),
		"pg_backend_pid": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return call.Int(int64(s.BackendPID()))
		}),
		"pg_current_xact_id": xid(true), "pg_current_xact_id_if_assigned": xid(false),
		"pg_current_snapshot": nameFn(func(s call.Session) string { return s.Snapshot() }),
		"pg_column_size":      columnSize,
		"pg_trigger_depth": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return call.Int(int64(s.TriggerDepth()))
		}),
		"pg_event_trigger_table_rewrite_oid": rewriteEvent("pg_event_trigger_table_rewrite_oid()", func(table types.OID, _ int32) (types.Datum, error) {
			return tuple.Uint(uint64(table)), nil
		}),
		"pg_event_trigger_table_rewrite_reason": rewriteEvent("pg_event_trigger_table_rewrite_reason()", func(_ types.OID, reason int32) (types.Datum, error) {
			return call.Int(int64(reason))
		}),
		"pg_postmaster_start_time": startTime(func(t, _, _ int64) int64 { return t }),
		"pg_conf_load_time":        startTime(func(_, t, _ int64) int64 { return t }),
		"statement_timestamp":      startTime(func(_, _, t int64) int64 { return t }),
		"pg_is_in_recovery": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return tuple.Bool(s.InRecovery()), nil
		}),
		"pg_switch_wal": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			v, err := s.SwitchWAL()
			return tuple.Uint(v), err
		}),
		"pg_cancel_backend":    backendFn(func(s call.Session, pid int32) (bool, error) { return s.CancelBackend(pid) }),
		"pg_terminate_backend": backendFn(func(s call.Session, pid int32) (bool, error) { return s.TerminateBackend(pid) }),
		"pg_sleep": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			return sleep(s, a[0].Float())
		}),
		"show_config_by_name":            withSession(showSetting),
		"show_config_by_name_missing_ok": withSession(showSetting), "set_config_by_name": withSession(setSetting),
		"nextval_oid": seqFn(func(s call.Session, q types.OID) (int64, error) { return s.NextVal(q) }),
		"currval_oid": seqFn(func(s call.Session, q types.OID) (int64, error) { return s.CurrVal(q) }),
		"setval_oid":  withSession(setval), "setval3_oid": withSession(setval),
		"lastval": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return call.IntOrErr(s.LastVal())
		}),
		"pg_sequence_last_value": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			v, ok, err := s.SequenceLast(types.OID(a[0].Uint()))
			if err != nil || !ok {
				return types.Null, err
			}
			return tuple.Int(v), nil
		}),
		"drandom": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return call.Float(s.Random())
		}),
		"setseed": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			v := a[0].Float()
			if !(v >= -1 && v <= 1) {
				return types.Null, pgerr.New(pgerr.InvalidParameterValue, "setseed parameter %s is out of allowed range [-1,1]", types.AppendFloat(nil, v, 64, -10))
			}
			s.Seed(v)
			return voidResult(nil)
		}),
		"pg_notify": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			channel, payload := "", ""
			if !a[0].IsNull() {
				channel = a[0].Str()
			}
			if !a[1].IsNull() {
				payload = a[1].Str()
			}
			return voidResult(s.Notify(channel, payload))
		}),
		"gen_random_uuid": randomUUID, "pg_size_pretty": sizePretty, "pg_size_pretty_numeric": sizePrettyNumeric, "pg_size_bytes": sizeBytes,
		"pg_relation_size":       withSession(relationSize),
		"pg_table_size":          sizeFn(func(s call.Session, o types.OID) (int64, bool, error) { return s.TableSize(o) }),
		"pg_indexes_size":        sizeFn(func(s call.Session, o types.OID) (int64, bool, error) { return s.IndexesSize(o) }),
		"pg_total_relation_size": sizeFn(totalSize),
		"pg_database_size_oid":   sizeFn(func(s call.Session, o types.OID) (int64, bool, error) { return s.DatabaseSize(o) }),
		"pg_database_size_name": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			oid, ok := s.DatabaseOID(a[0].Str())
			if !ok {
				return types.Null, pgerr.New(pgerr.UndefinedDatabase, "database \"%s\" does not exist", a[0].Str())
			}
			v, _, err := s.DatabaseSize(oid)
			return tuple.Int(v), err
		}),
		"inet_client_addr": func(*call.Call, []types.Datum) (types.Datum, error) { return types.Null, nil },
		"inet_server_addr": func(*call.Call, []types.Datum) (types.Datum, error) { return types.Null, nil },
		"inet_client_port": never(types.Null), "inet_server_port": never(types.Null),
		"pg_jit_available": never(tuple.Bool(false)),
		"pg_notification_queue_usage": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			return tuple.Float(s.NotifyUsage()), nil
		}),
		"pg_is_wal_replay_paused": withSession(func(call.Session, *call.Call, []types.Datum) (types.Datum, error) {
			return types.Null, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "recovery is not in progress").
				WithHint("Recovery control functions can only be executed during recovery.")
		}),
		"pg_last_wal_receive_lsn": never(types.Null), "pg_last_wal_replay_lsn": never(types.Null), "pg_last_xact_replay_timestamp": never(types.Null),
		"pg_my_temp_schema":       withSession(tempSchema),
		"pg_is_other_temp_schema": withSession(func(call.Session, *call.Call, []types.Datum) (types.Datum, error) { return tuple.Bool(false), nil }),
		"pg_tablespace_location":  func(*call.Call, []types.Datum) (types.Datum, error) { return call.Text("") },
		"xid8toxid": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return tuple.Uint(uint64(uint32(a[0].Uint()))), nil
		},
		"xid_age": withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) {
			if v := a[0].Uint(); v < 3 { // the permanent transaction numbers
				return call.Int(math.MaxInt32)
			}
			now, _ := s.TxID(true)
			return call.Int(int64(int32(uint32(now) - uint32(a[0].Uint()))))
		}),
		"pg_encoding_max_length_sql": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			if _, ok := text.EncodingNames[a[0].Int()]; !ok {
				return types.Null, nil
			}
			if n := text.EncodingWidths[a[0].Int()]; n != 0 {
				return call.Int(n)
			}
			return call.Int(1)
		},
		"PG_encoding_to_char": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Text(text.EncodingNames[a[0].Int()])
		},
		"PG_char_to_encoding": func(_ *call.Call, a []types.Datum) (types.Datum, error) {
			return call.Int(text.EncodingNumber(a[0].Str()))
		},
		"getdatabaseencoding": func(*call.Call, []types.Datum) (types.Datum, error) { return call.Text("UTF8") },
		"pg_client_encoding": withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
			v, _ := s.Setting("client_encoding")
			return call.Text(v)
		}),
	}
	lockFns(m)
	lsnFns(m)
	return m
}

func totalSize(s call.Session, oid types.OID) (int64, bool, error) {
	t, ok, err := s.TableSize(oid)
	if err != nil || !ok {
		return 0, ok, err
	}
	x, _, err := s.IndexesSize(oid)
	return t + x, true, err
}

func tempSchema(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
	for _, oid := range s.SearchPath(true) {
		if sc := s.Catalog().SchemaByOID(oid); sc != nil && strings.HasPrefix(sc.Name, "pg_temp_") {
			return tuple.Uint(uint64(oid)), nil
		}
	}
	return tuple.Uint(0), nil
}

func systemSQL() map[types.OID]call.Fn {
	lsn := call.Fns{}
	lsnFns(lsn)
	return map[types.OID]call.Fn{
		3935: withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) { // pg_sleep_for(interval)
			v := temporal.IntervalOf(a[0])
			return sleep(s, float64(v.Usec)/1e6+float64(v.Days)*86400+float64(v.Months)*30*86400)
		}),
		3936: withSession(func(s call.Session, _ *call.Call, a []types.Datum) (types.Datum, error) { // pg_sleep_until(timestamptz)
			return sleep(s, float64(a[0].Int()-calendar.TimestampOf(time.Now()))/1e6)
		}),
		2325: withSession(relationSize),
		5023: call.Swap(lsn["pg_lsn_pli"]),
	}
}

// rewriteEvent is a function for event triggers on table_rewrite.
func rewriteEvent(name string, f func(table types.OID, reason int32) (types.Datum, error)) call.Fn {
	return withSession(func(s call.Session, _ *call.Call, _ []types.Datum) (types.Datum, error) {
		table, reason, ok := s.RewriteEvent()
		if !ok {
			return types.Null, pgerr.New(pgerr.ERIEEventTriggerProtocolViolated, "%s can only be called in a table_rewrite event trigger function", name)
		}
		return f(table, reason)
	})
}
