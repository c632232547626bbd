package builtin

import (
	"crypto/rand"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/storage/tuple"
)

// System information, settings, sequences and locks (manual: 9.17, 9.26, 9.27). All of them ask the Session.

// version's first two words are what clients look at.
func version(s Session, _ *Call, _ []datum) (datum, error) {
	v, _ := s.Setting("server_version")
	return text("PostgreSQL " + v + " (Tarn) on " + runtime.GOARCH + "-" + runtime.GOOS + ", compiled by " + runtime.Version() + ", 64-bit")
}

func errNoSession() error { return pgerr.Internal("function needs a session") }

// withSession gives f the session, or answers an error where there is none.
func withSession(f func(s Session, c *Call, a []datum) (datum, error)) Fn {
	return func(c *Call, a []datum) (datum, error) {
		if c.Sess == nil {
			return null, errNoSession()
		}
		return f(c.Sess, c, a)
	}
}

func nameFn(f func(s Session) string) Fn {
	return withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return text(f(s)) })
}

func schemaNames(s Session, implicit bool) []string {
	var out []string
	for _, oid := range s.SearchPath(implicit) {
		if sc := s.Catalog().SchemaByOID(oid); sc != nil {
			out = append(out, sc.Name)
		}
	}
	return out
}

func currentSchema(s Session, _ *Call, _ []datum) (datum, error) {
	if names := schemaNames(s, false); len(names) > 0 {
		return text(names[0])
	}
	return null, nil
}

func currentSchemas(s Session, _ *Call, a []datum) (datum, error) {
	names := schemaNames(s, a[0].Bool())
	vals := make([]datum, len(names))
	for i, n := range names {
		vals[i] = tuple.String(n)
	}
	return types.MakeArray(types.Lookup(types.Name), vals), nil
}

func showSetting(s Session, _ *Call, a []datum) (datum, error) {
	v, ok := s.Setting(a[0].Str())
	if ok {
		return text(v)
	}
	if len(a) > 1 && a[1].Bool() {
		return null, nil
	}
	return null, pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter \"%s\"", a[0].Str())
}

func setSetting(s Session, _ *Call, a []datum) (datum, error) {
	if a[0].IsNull() {
		return null, pgerr.New(pgerr.NullValueNotAllowed, "SET requires parameter name")
	}
	value := ""
	if !a[1].IsNull() {
		value = a[1].Str()
	}
	v, err := s.SetSetting(a[0].Str(), value, !a[2].IsNull() && a[2].Bool())
	if err != nil {
		return null, err
	}
	return text(v)
}

func seqFn(f func(s Session, seq types.OID) (int64, error)) Fn {
	return withSession(func(s Session, _ *Call, a []datum) (datum, error) {
		return intOrErr(f(s, types.OID(a[0].Uint())))
	})
}

func setval(s Session, _ *Call, a []datum) (datum, error) {
	called := len(a) < 3 || a[2].Bool()
	return a[1], s.SetVal(types.OID(a[0].Uint()), a[1].Int(), called)
}

func sequenceParameters(c *Call, a []datum) (Rows, error) {
	if c.Sess == nil {
		return nil, errNoSession()
	}
	t := c.Sess.Catalog().Table(types.OID(a[0].Uint()))
	if t == nil || t.Sequence == nil {
		return nil, pgerr.New(pgerr.UndefinedObject, "cache lookup failed for sequence %d", a[0].Uint())
	}
	q := t.Sequence
	return tableRows([][]datum{{tuple.Int(q.Start), tuple.Int(q.Min), tuple.Int(q.Max), tuple.Int(q.Inc), tuple.Bool(q.Cycle), tuple.Int(q.Cache), tuple.Uint(uint64(q.Type))}}), nil
}

// voidResult is the value of functions that return void.
func voidResult(err error) (datum, error) { return tuple.String(""), err }

func lockKey(a []datum) LockKey {
	if len(a) == 2 {
		return LockKey{Key: a[0].Int()<<32 | int64(uint32(a[1].Int())), Pair: true}
	}
	return LockKey{Key: a[0].Int()}
}

func lockFns(m fns) {
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
				m["pg_advisory"+scope+"_lock"+suffix] = withSession(func(s Session, _ *Call, a []datum) (datum, error) {
					_, err := s.AdvisoryLock(lockKey(a), shared, xact, true)
					return voidResult(err)
				})
				m["pg_try_advisory"+scope+"_lock"+suffix] = withSession(func(s Session, _ *Call, a []datum) (datum, error) {
					ok, err := s.AdvisoryLock(lockKey(a), shared, xact, false)
					return tuple.Bool(ok), err
				})
			}
			m["pg_advisory_unlock"+suffix] = withSession(func(s Session, _ *Call, a []datum) (datum, error) {
				ok, err := s.AdvisoryUnlock(lockKey(a), shared)
				return tuple.Bool(ok), err
			})
		}
	}
	m["pg_advisory_unlock_all"] = withSession(func(s Session, _ *Call, _ []datum) (datum, error) {
		s.AdvisoryUnlockAll()
		return voidResult(nil)
	})
}

// sleep waits for seconds or the statement's end.
func sleep(s Session, seconds float64) (datum, error) {
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
		return null, ctx.Err()
	}
}

func randomUUID(*Call, []datum) (datum, error) {
	b := make([]byte, 16)
	rand.Read(b)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return raw(b)
}

var sizeUnits = [...]string{"bytes", "kB", "MB", "GB", "TB", "PB"}

// sizePretty halves with rounding from unit to unit, each up to 10 times 1024 (20 times after rounding).
func sizePretty(_ *Call, a []datum) (datum, error) {
	v := a[0].Int()
	halfRound := func(v int64) int64 {
		if v >= 0 {
			return (v + 1) / 2
		}
		return (v - 1) / 2
	}
	if magnitude(v) < 10*1024 {
		return text(strconv.FormatInt(v, 10) + " bytes")
	}
	v /= 1 << 9 // one bit is kept for rounding
	for i := 1; ; i++ {
		if magnitude(v) < 20*1024-1 || i == len(sizeUnits)-1 {
			return text(strconv.FormatInt(halfRound(v), 10) + " " + sizeUnits[i])
		}
		v /= 1 << 10
	}
}

func sizePrettyNumeric(_ *Call, a []datum) (datum, error) {
	v := a[0]
	if types.NumericIsNaN(v) || types.NumericIsInf(v) {
		return text(types.Lookup(types.Numeric).Text(v, nil) + " PB")
	}
	less := func(limit int64) bool { return types.NumericCmp(types.NumericAbs(v), types.NumericInt(limit)) < 0 }
	shift := func(n uint) error {
		var err error
		v, err = types.NumericDivTrunc(v, types.NumericInt(1<<n))
		return err
	}
	if less(10 * 1024) {
		return text(types.Lookup(types.Numeric).Text(v, nil) + " bytes")
	}
	if err := shift(9); err != nil {
		return null, err
	}
	for i := 1; ; i++ {
		if less(20*1024-1) || i == len(sizeUnits)-1 {
			one := types.NumericInt(1)
			if types.NumericSgn(v) < 0 {
				one = types.NumericInt(-1)
			}
			r, err := types.NumericAdd(v, one)
			if err != nil {
				return null, err
			}
			if r, err = types.NumericDivTrunc(r, types.NumericInt(2)); err != nil {
				return null, err
			}
			return text(types.Lookup(types.Numeric).Text(r, nil) + " " + sizeUnits[i])
		}
		if err := shift(10); err != nil {
			return null, err
		}
	}
}

// sizeBytes reads "10 GB".
func sizeBytes(_ *Call, a []datum) (datum, error) {
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
		return null, bad()
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
	v, err := types.ParseNumeric(s[:n])
	if err != nil {
		return null, err
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
			return null, pgerr.From(bad()).WithDetail("Invalid size unit: \"%s\".", unitName).
				WithHint("Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
		}
		if v, err = types.NumericMul(v, types.NumericInt(1<<(10*at))); err != nil {
			return null, err
		}
	}
	r, err := types.NumericToInt(v, 64, "bigint")
	return tuple.Int(r), err
}

func lsnFns(m fns) {
	position := withSession(func(s Session, _ *Call, _ []datum) (datum, error) {
		if s.InRecovery() {
			return null, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "recovery is in progress").
				WithHint("WAL control functions cannot be executed during recovery.")
		}
		return tuple.Uint(s.WALPosition()), nil
	})
	m["pg_current_wal_lsn"], m["pg_current_wal_insert_lsn"], m["pg_current_wal_flush_lsn"] = position, position, position
	lsnNumeric := func(v uint64) (datum, error) { return types.ParseNumeric(utoa(v)) }
	diff := func(_ *Call, a []datum) (datum, error) {
		x, err := lsnNumeric(a[0].Uint())
		if err != nil {
			return null, err
		}
		y, err := lsnNumeric(a[1].Uint())
		if err != nil {
			return null, err
		}
		return types.NumericSub(x, y)
	}
	m["pg_wal_lsn_diff"], m["pg_lsn_mi"] = diff, diff
	toLSN := func(v datum) (datum, error) {
		switch {
		case types.NumericIsNaN(v):
			return null, pgerr.New(pgerr.FeatureNotSupported, "cannot convert NaN to pg_lsn")
		case types.NumericIsInf(v):
			return null, pgerr.New(pgerr.FeatureNotSupported, "cannot convert infinity to pg_lsn")
		}
		r, err := types.NumericRound(v, 0)
		if err != nil {
			return null, err
		}
		n := types.NumericBig(r, 0)
		if n.Sign() < 0 || !n.IsUint64() {
			return null, pgerr.New(pgerr.InvalidParameterValue, "pg_lsn out of range")
		}
		return tuple.Uint(n.Uint64()), nil
	}
	move := func(nan string, op func(x, y datum) (datum, error)) Fn {
		return func(_ *Call, a []datum) (datum, error) {
			if types.NumericIsNaN(a[1]) {
				return null, pgerr.New(pgerr.FeatureNotSupported, "%s", nan)
			}
			x, err := lsnNumeric(a[0].Uint())
			if err != nil {
				return null, err
			}
			v, err := op(x, a[1])
			if err != nil {
				return null, err
			}
			return toLSN(v)
		}
	}
	m["pg_lsn_pli"] = move("cannot add NaN to pg_lsn", types.NumericAdd)
	m["pg_lsn_mii"] = move("cannot subtract NaN from pg_lsn", types.NumericSub)
	m["numeric_pg_lsn"] = func(_ *Call, a []datum) (datum, error) { return toLSN(a[0]) }
}

func sizeFn(f func(s Session, oid types.OID) (int64, bool, error)) Fn {
	return withSession(func(s Session, _ *Call, a []datum) (datum, error) {
		v, ok, err := f(s, types.OID(a[0].Uint()))
		if err != nil || !ok {
			return null, err
		}
		return tuple.Int(v), nil
	})
}

func relationSize(s Session, _ *Call, a []datum) (datum, error) {
	fork := "main"
	if len(a) > 1 {
		fork = a[1].Str()
	}
	switch fork {
	case "main", "fsm", "vm", "init":
	default:
		return null, pgerr.New(pgerr.InvalidParameterValue, "invalid fork name").WithHint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".")
	}
	v, ok, err := s.RelationSize(types.OID(a[0].Uint()), fork)
	if err != nil || !ok {
		return null, err
	}
	return tuple.Int(v), nil
}

func backendFn(f func(s Session, pid int32) (bool, error)) Fn {
	return withSession(func(s Session, c *Call, a []datum) (datum, error) {
		ok, err := f(s, int32(a[0].Int()))
		if err == nil && !ok && c.Env != nil && c.Env.Notice != nil {
			c.Env.Notice(pgerr.Notice(pgerr.SeverityWarning, "", "PID %d is not a PostgreSQL server process", a[0].Int()))
		}
		return tuple.Bool(ok), err
	})
}

func systemFns() fns {
	user := nameFn(func(s Session) string { return s.CurrentUser() })
	never := func(v datum) Fn { return func(*Call, []datum) (datum, error) { return v, nil } }
	startTime := func(pick func(server, config, statement int64) int64) Fn {
		return withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return tuple.Int(pick(s.StartTimes())), nil })
	}
	xid := func(assign bool) Fn {
		return withSession(func(s Session, _ *Call, _ []datum) (datum, error) {
			id, ok := s.TxID(assign)
			if !ok {
				return null, nil
			}
			return tuple.Uint(id), nil
		})
	}
	m := fns{
		"pgsql_version": withSession(version),
		"current_user":  user, "session_user": nameFn(func(s Session) string { return s.SessionUser() }),
		"current_database": nameFn(func(s Session) string { return s.Database() }),
		"current_query":    nameFn(func(s Session) string { return s.CurrentQuery() }),
		"current_schema":   withSession(currentSchema), "current_schemas": withSession(currentSchemas),
		"pg_backend_pid":     withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return integer(int64(s.BackendPID())) }),
		"pg_current_xact_id": xid(true), "pg_current_xact_id_if_assigned": xid(false),
		"pg_current_snapshot":            nameFn(func(s Session) string { return s.Snapshot() }),
		"pg_trigger_depth":               withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return integer(int64(s.TriggerDepth())) }),
		"pg_postmaster_start_time":       startTime(func(t, _, _ int64) int64 { return t }),
		"pg_conf_load_time":              startTime(func(_, t, _ int64) int64 { return t }),
		"statement_timestamp":            startTime(func(_, _, t int64) int64 { return t }),
		"pg_is_in_recovery":              withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return tuple.Bool(s.InRecovery()), nil }),
		"pg_switch_wal":                  withSession(func(s Session, _ *Call, _ []datum) (datum, error) { v, err := s.SwitchWAL(); return tuple.Uint(v), err }),
		"pg_cancel_backend":              backendFn(func(s Session, pid int32) (bool, error) { return s.CancelBackend(pid) }),
		"pg_terminate_backend":           backendFn(func(s Session, pid int32) (bool, error) { return s.TerminateBackend(pid) }),
		"pg_sleep":                       withSession(func(s Session, _ *Call, a []datum) (datum, error) { return sleep(s, a[0].Float()) }),
		"show_config_by_name":            withSession(showSetting),
		"show_config_by_name_missing_ok": withSession(showSetting), "set_config_by_name": withSession(setSetting),
		"nextval_oid": seqFn(func(s Session, q types.OID) (int64, error) { return s.NextVal(q) }),
		"currval_oid": seqFn(func(s Session, q types.OID) (int64, error) { return s.CurrVal(q) }),
		"setval_oid":  withSession(setval), "setval3_oid": withSession(setval),
		"lastval": withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return intOrErr(s.LastVal()) }),
		"pg_sequence_last_value": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			v, ok, err := s.SequenceLast(types.OID(a[0].Uint()))
			if err != nil || !ok {
				return null, err
			}
			return tuple.Int(v), nil
		}),
		"drandom": withSession(func(s Session, _ *Call, _ []datum) (datum, error) { return float(s.Random()) }),
		"setseed": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			v := a[0].Float()
			if !(v >= -1 && v <= 1) {
				return null, pgerr.New(pgerr.InvalidParameterValue, "setseed parameter %s is out of allowed range [-1,1]", types.AppendFloat(nil, v, 64, -10))
			}
			s.Seed(v)
			return voidResult(nil)
		}),
		"pg_notify": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			channel, payload := "", ""
			if !a[0].IsNull() {
				channel = a[0].Str()
			}
			if !a[1].IsNull() {
				payload = a[1].Str()
			}
			switch {
			case channel == "":
				return null, pgerr.New(pgerr.InvalidParameterValue, "channel name cannot be empty")
			case len(channel) > types.NameLen:
				return null, pgerr.New(pgerr.InvalidParameterValue, "channel name too long")
			case len(payload) >= 8000:
				return null, pgerr.New(pgerr.InvalidParameterValue, "payload string too long")
			}
			return voidResult(s.Notify(channel, payload))
		}),
		"gen_random_uuid": randomUUID, "pg_size_pretty": sizePretty, "pg_size_pretty_numeric": sizePrettyNumeric, "pg_size_bytes": sizeBytes,
		"pg_relation_size":       withSession(relationSize),
		"pg_table_size":          sizeFn(func(s Session, o types.OID) (int64, bool, error) { return s.TableSize(o) }),
		"pg_indexes_size":        sizeFn(func(s Session, o types.OID) (int64, bool, error) { return s.IndexesSize(o) }),
		"pg_total_relation_size": sizeFn(totalSize),
		"pg_database_size_oid":   sizeFn(func(s Session, o types.OID) (int64, bool, error) { return s.DatabaseSize(o) }),
		"pg_database_size_name": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			oid, ok := s.DatabaseOID(a[0].Str())
			if !ok {
				return null, pgerr.New(pgerr.UndefinedDatabase, "database \"%s\" does not exist", a[0].Str())
			}
			v, _, err := s.DatabaseSize(oid)
			return tuple.Int(v), err
		}),
		"inet_client_addr": func(*Call, []datum) (datum, error) { return null, nil },
		"inet_server_addr": func(*Call, []datum) (datum, error) { return null, nil },
		"inet_client_port": never(null), "inet_server_port": never(null),
		"pg_jit_available": never(tuple.Bool(false)), "pg_notification_queue_usage": never(tuple.Float(0)),
		"pg_is_wal_replay_paused": withSession(func(Session, *Call, []datum) (datum, error) {
			return null, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "recovery is not in progress").
				WithHint("Recovery control functions can only be executed during recovery.")
		}),
		"pg_last_wal_receive_lsn": never(null), "pg_last_wal_replay_lsn": never(null), "pg_last_xact_replay_timestamp": never(null),
		"pg_my_temp_schema":       withSession(tempSchema),
		"pg_is_other_temp_schema": withSession(func(Session, *Call, []datum) (datum, error) { return tuple.Bool(false), nil }),
		"pg_tablespace_location":  func(*Call, []datum) (datum, error) { return text("") },
		"xid8toxid":               func(_ *Call, a []datum) (datum, error) { return tuple.Uint(uint64(uint32(a[0].Uint()))), nil },
		"xid_age": withSession(func(s Session, _ *Call, a []datum) (datum, error) {
			if v := a[0].Uint(); v < 3 { // the permanent transaction numbers
				return integer(math.MaxInt32)
			}
			now, _ := s.TxID(true)
			return integer(int64(int32(uint32(now) - uint32(a[0].Uint()))))
		}),
		"pg_encoding_max_length_sql": func(_ *Call, a []datum) (datum, error) {
			if _, ok := encodingNames[a[0].Int()]; !ok {
				return null, nil
			}
			if n := encodingWidths[a[0].Int()]; n != 0 {
				return integer(n)
			}
			return integer(1)
		},
		"PG_encoding_to_char": func(_ *Call, a []datum) (datum, error) { return text(encodingNames[a[0].Int()]) },
		"PG_char_to_encoding": func(_ *Call, a []datum) (datum, error) { return integer(encodingNumber(a[0].Str())) },
		"getdatabaseencoding": func(*Call, []datum) (datum, error) { return text("UTF8") },
		"pg_client_encoding": withSession(func(s Session, _ *Call, _ []datum) (datum, error) {
			v, _ := s.Setting("client_encoding")
			return text(v)
		}),
	}
	lockFns(m)
	lsnFns(m)
	return m
}

func totalSize(s Session, oid types.OID) (int64, bool, error) {
	t, ok, err := s.TableSize(oid)
	if err != nil || !ok {
		return 0, ok, err
	}
	x, _, err := s.IndexesSize(oid)
	return t + x, true, err
}

func tempSchema(s Session, _ *Call, _ []datum) (datum, error) {
	for _, oid := range s.SearchPath(true) {
		if sc := s.Catalog().SchemaByOID(oid); sc != nil && strings.HasPrefix(sc.Name, "pg_temp_") {
			return tuple.Uint(uint64(oid)), nil
		}
	}
	return tuple.Uint(0), nil
}

// encodingWidths is the most bytes of a character, where that is more than one.
var encodingWidths = map[int64]int64{1: 3, 2: 3, 3: 3, 4: 4, 5: 3, 6: 4, 7: 4, 35: 2, 36: 2, 37: 2, 38: 2, 39: 4, 40: 3, 41: 2}

// encodingNames are PostgreSQL's encodings by number; only UTF8 is stored.
var encodingNames = map[int64]string{
	0: "SQL_ASCII", 1: "EUC_JP", 2: "EUC_CN", 3: "EUC_KR", 4: "EUC_TW", 5: "EUC_JIS_2004", 6: "UTF8", 7: "MULE_INTERNAL",
	8: "LATIN1", 9: "LATIN2", 10: "LATIN3", 11: "LATIN4", 12: "LATIN5", 13: "LATIN6", 14: "LATIN7", 15: "LATIN8", 16: "LATIN9", 17: "LATIN10",
	18: "WIN1256", 19: "WIN1258", 20: "WIN866", 21: "WIN874", 22: "KOI8R", 23: "WIN1251", 24: "WIN1252", 25: "ISO_8859_5", 26: "ISO_8859_6",
	27: "ISO_8859_7", 28: "ISO_8859_8", 29: "WIN1250", 30: "WIN1253", 31: "WIN1254", 32: "WIN1255", 33: "WIN1257", 34: "KOI8U",
	35: "SJIS", 36: "BIG5", 37: "GBK", 38: "UHC", 39: "GB18030", 40: "JOHAB", 41: "SHIFT_JIS_2004",
}

// encodingNumber ignores case and everything but letters and digits; -1 if there is none.
func encodingNumber(name string) int64 {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '_' || r == '-' || r == ' ' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	want := plain(name)
	switch want {
	case "unicode":
		want = "utf8"
	}
	for n, s := range encodingNames {
		if plain(s) == want {
			return n
		}
	}
	return -1
}

func systemSQL() map[types.OID]Fn {
	lsn := fns{}
	lsnFns(lsn)
	return map[types.OID]Fn{
		3935: withSession(func(s Session, _ *Call, a []datum) (datum, error) { // pg_sleep_for(interval)
			v := types.IntervalOf(a[0])
			return sleep(s, float64(v.Usec)/1e6+float64(v.Days)*86400+float64(v.Months)*30*86400)
		}),
		3936: withSession(func(s Session, _ *Call, a []datum) (datum, error) { // pg_sleep_until(timestamptz)
			return sleep(s, float64(a[0].Int()-types.TimestampOf(time.Now()))/1e6)
		}),
		2325: withSession(relationSize),
		5023: swap(lsn["pg_lsn_pli"]),
	}
}
