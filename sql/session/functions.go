package session

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/tarndb/tarn/sql/builtin"
	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/privilege"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/lock"
)

// functions is the session as SQL functions see it.
type functions Session

var _ builtin.Session = (*functions)(nil)

func (f *functions) s() *Session { return (*Session)(f) }

// Context is that of the statement under way.
func (f *functions) Context() context.Context {
	if f.stmtCtx == nil {
		return context.Background()
	}
	return f.stmtCtx
}

func (f *functions) Catalog() *catalog.Catalog { return f.s().catalog() }

func (f *functions) random() *rand.Rand {
	if f.rng == nil {
		f.rng = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return f.rng
}

func (f *functions) Random() float64 { return f.random().Float64() }

func (f *functions) Seed(seed float64) {
	f.rng = rand.New(rand.NewPCG(uint64(int64(seed*(1<<62))), 0x9e3779b97f4a7c15))
}

// Current makes WHERE CURRENT OF work (exec.Positioned).
func (f *functions) Current(cursor string, t *catalog.Table) ([]byte, error) {
	return f.s().current(cursor, t)
}

// SystemRows gives the rows of functions that show the session itself.
func (f *functions) SystemRows(fn string, args []types.Datum) ([][]types.Datum, bool, error) {
	switch fn {
	case "pg_cursor":
		return f.s().cursorRows(), true, nil
	case "pg_event_trigger_dropped_objects":
		rows, err := f.event.DroppedRows()
		return rows, true, err
	case "pg_event_trigger_ddl_commands":
		rows, err := f.event.CommandRows()
		return rows, true, err
	case "pg_stat_get_progress_info":
		rows, err := f.s().progressRows(args[0].Str())
		return rows, true, err
	case "pg_prepared_statement":
		return f.s().preparedRows(), true, nil
	}
	return nil, false, nil
}

func (f *functions) Notify(channel, payload string) error { return f.s().notify(channel, payload) }
func (f *functions) Listening() []string                  { return f.listener.Channels() }
func (f *functions) NotifyUsage() float64                 { return f.db.Notify.Usage() }

func (f *functions) CurrentUser() string { return f.s().identity().currentName }
func (f *functions) SessionUser() string { return f.s().identity().sessionName }

// UserOID and Roles serve the privilege functions.
func (f *functions) UserOID() types.OID      { return f.s().identity().current }
func (f *functions) Roles() *privilege.Roles { return f.s().identity().roles }
func (f *functions) Database() string        { return f.db.Name }

func (f *functions) RoleOID(name string) (types.OID, bool) {
	if r := f.Roles().ByName(name); r != nil {
		return r.OID, true
	}
	return 0, false
}

func (f *functions) RoleName(oid types.OID) (string, bool) {
	if r := f.Roles().ByOID(oid); r != nil {
		return r.Name, true
	}
	return "", false
}

func (f *functions) DatabaseACL(oid types.OID) (types.OID, privilege.ACL, bool) {
	for _, d := range f.shared.Cluster.Databases() {
		if d.OID == oid {
			return d.Owner, d.ACL, true
		}
	}
	return 0, nil, false
}

func (f *functions) DatabaseOID(name string) (types.OID, bool) {
	for _, d := range f.shared.Cluster.Databases() {
		if d.Name == name {
			return d.OID, true
		}
	}
	return 0, false
}

func (f *functions) SearchPath(implicit bool) []types.OID {
	s := f.s()
	path, temp := s.searchPath(s.catalog())
	if !implicit {
		return path
	}
	return catalog.SearchPath(path, temp)
}

func (f *functions) BackendPID() int32 { return int32(f.client.PID) }

func (f *functions) ClientAddr() (string, int) { return "", 0 }
func (f *functions) ServerAddr() (string, int) { return "", 0 }

func (f *functions) TxID(assign bool) (uint64, bool) {
	t := f.block.t
	if t == nil {
		return 0, false
	}
	if assign {
		return t.XID(), true
	}
	id := t.AssignedXID()
	return id, id != 0
}

func (f *functions) Snapshot() string {
	next := itoa(int64(f.db.Engine.PeekXID()))
	return next + ":" + next + ":"
}

func (f *functions) StartTimes() (server, config, statement int64) {
	return calendar.TimestampOf(f.shared.Started), calendar.TimestampOf(f.shared.Started), calendar.TimestampOf(f.s().Activity().QueryStart)
}

func (f *functions) CurrentQuery() string {
	return f.s().Activity().Query
}

// signal stops or ends a session; the statement that does it to its own fails at its end.
func (f *functions) signal(pid int32, send func(uint32) bool) (bool, error) {
	if !send(uint32(pid)) {
		f.s().Notice(pgerr.Notice(pgerr.SeverityWarning, "", "PID %d is not a PostgreSQL server process", pid))
		return false, nil
	}
	f.signaled = f.signaled || uint32(pid) == f.client.PID
	return true, nil
}

func (f *functions) CancelBackend(pid int32) (bool, error) {
	if err := f.s().maySignal(pid, "cancel superuser query", "query is being canceled"); err != nil {
		return false, err
	}
	return f.signal(pid, f.shared.Cluster.Cancel)
}

func (f *functions) TerminateBackend(pid int32) (bool, error) {
	if err := f.s().maySignal(pid, "terminate superuser process", "process is being terminated"); err != nil {
		return false, err
	}
	return f.signal(pid, f.shared.Cluster.Terminate)
}

func (f *functions) Setting(name string) (string, bool) {
	v, err := f.s().show(name)
	return v, err == nil
}

func (f *functions) SetSetting(name, value string, local bool) (string, error) {
	s := f.s()
	if isIdentity(name) {
		if err := s.setIdentity(name, value, local); err != nil {
			return "", err
		}
		return s.settings.Show(name)
	}
	if err := s.maySet(name); err != nil {
		return "", err
	}
	if err := s.settings.Set(name, value, local); err != nil {
		return "", err
	}
	return s.settings.Show(name)
}

// sequence finds a sequence by OID.
func (f *functions) sequence(oid types.OID) (*catalog.Table, error) {
	t, _ := f.s().catalog().RelationByOID(oid)
	if t == nil {
		return nil, pgerr.New(pgerr.UndefinedTable, "could not open relation with OID %d", oid)
	}
	if t.Kind != catalog.RelSequence {
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is not a sequence", t.Name)
	}
	return t, nil
}

func (f *functions) read(key []byte) ([]byte, bool, error) {
	return f.block.t.GetLatest(nil, key)
}

func (f *functions) writable(what string) error {
	if f.block.readOnly {
		return pgerr.New(pgerr.ReadOnlySQLTransaction, "cannot execute %s in a read-only transaction", what)
	}
	return nil
}

func (f *functions) NextVal(seq types.OID) (int64, error) {
	t, err := f.sequence(seq)
	if err == nil {
		err = f.s().sequenceAllowed(t, privilege.Usage|privilege.Update)
	}
	if err != nil {
		return 0, err
	}
	return f.nextVal(t)
}

func (f *functions) NextIdentity(seq types.OID) (int64, error) {
	t, err := f.sequence(seq)
	if err != nil {
		return 0, err
	}
	return f.nextVal(t)
}

func (f *functions) nextVal(t *catalog.Table) (int64, error) {
	if err := f.writable("nextval()"); err != nil {
		return 0, err
	}
	v, err := f.db.NextVal(f.Context(), t, f.read)
	if err != nil {
		return 0, err
	}
	f.seqs[t.OID] = v
	f.lastSeq = t.OID
	return v, nil
}

func (f *functions) CurrVal(seq types.OID) (int64, error) {
	t, err := f.sequence(seq)
	if err != nil {
		return 0, err
	}
	if err := f.s().sequenceAllowed(t, privilege.Usage|privilege.Select); err != nil {
		return 0, err
	}
	v, ok := f.seqs[seq]
	if !ok {
		return 0, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "currval of sequence \"%s\" is not yet defined in this session", t.Name)
	}
	return v, nil
}

func (f *functions) SetVal(seq types.OID, v int64, called bool) error {
	t, err := f.sequence(seq)
	if err != nil {
		return err
	}
	if err := f.s().sequenceAllowed(t, privilege.Update); err != nil {
		return err
	}
	if err := f.writable("setval()"); err != nil {
		return err
	}
	if err := f.db.SetVal(f.Context(), t, v, called, f.read); err != nil {
		return err
	}
	if called {
		f.seqs[seq] = v
		f.lastSeq = seq
	}
	return nil
}

func (f *functions) LastVal() (int64, error) {
	v, ok := f.seqs[f.lastSeq]
	if f.lastSeq == 0 || !ok {
		return 0, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session")
	}
	return v, nil
}

func (f *functions) SequenceLast(seq types.OID) (int64, bool, error) {
	t, err := f.sequence(seq)
	if err != nil {
		return 0, false, err
	}
	f.s().open()
	last, _, called, err := f.db.SeqLast(t, f.read)
	return last, called, err
}

func (f *functions) AdvisoryLock(key builtin.LockKey, shared, xact, wait bool) (bool, error) {
	mode := lock.AdvisoryExclusive
	if shared {
		mode = lock.AdvisoryShared
	}
	opt := f.s().lockOptions()
	if !wait {
		opt.Policy = lock.NoWait
	}
	err := f.owner.LockAdvisory(f.Context(), f.advisory(key), mode, !xact, opt)
	if !wait && errors.Is(err, lock.ErrNotAvailable) {
		return false, nil
	}
	return err == nil, err
}

func (f *functions) advisory(key builtin.LockKey) lock.AdvisoryKey {
	return lock.AdvisoryKey{Database: f.db.ID, ID: uint64(key.Key), Pair: key.Pair}
}

func (f *functions) AdvisoryUnlock(key builtin.LockKey, shared bool) (bool, error) {
	mode := lock.AdvisoryExclusive
	if shared {
		mode = lock.AdvisoryShared
	}
	ok := f.owner.UnlockAdvisory(f.advisory(key), mode)
	if !ok {
		what := "ExclusiveLock"
		if shared {
			what = "ShareLock"
		}
		f.s().Notice(pgerr.Notice(pgerr.SeverityWarning, "", "you don't own a lock of type %s", what))
	}
	return ok, nil
}

func (f *functions) AdvisoryUnlockAll() { f.owner.UnlockAllAdvisory() }

func (f *functions) BlockingPIDs(pid int32) []int32 {
	return pids(f.db.Locks.Blocking(uint32(pid)))
}

func (f *functions) SnapshotBlockers(pid int32) []int32 {
	return pids(f.db.Txns.SnapshotBlockers(uint32(pid)))
}

func pids(list []uint32) []int32 {
	var out []int32
	for _, p := range list {
		out = append(out, int32(p))
	}
	return out
}

func (f *functions) RelationSize(rel types.OID, fork string) (int64, bool, error) {
	t, ix := f.Catalog().RelationByOID(rel)
	if t == nil {
		return 0, false, nil
	}
	if fork != "" && fork != "main" || t.StorageID == 0 || t.Virtual {
		return 0, true, nil
	}
	id := uint16(1)
	if ix != nil {
		if id = ix.ID; id == 1 {
			return 0, true, nil // the primary key is the table's own order
		}
	}
	n, err := f.db.Size(t.StorageID, id, id+1)
	return n, true, err
}

func (f *functions) TableSize(rel types.OID) (int64, bool, error) { return f.RelationSize(rel, "main") }

func (f *functions) IndexesSize(rel types.OID) (int64, bool, error) {
	t, _ := f.Catalog().RelationByOID(rel)
	if t == nil {
		return 0, false, nil
	}
	if t.StorageID == 0 || t.Virtual {
		return 0, true, nil
	}
	n, err := f.db.Size(t.StorageID, 2, 1<<16-1)
	return n, true, err
}

func (f *functions) DatabaseSize(oid types.OID) (int64, bool, error) {
	if oid == f.db.ID {
		n, err := f.db.Size(0, 0, 0)
		return n, true, err
	}
	for _, d := range f.shared.Cluster.Databases() {
		if d.OID == oid {
			return 0, true, nil
		}
	}
	return 0, false, nil
}

func (f *functions) WALPosition() uint64        { return uint64(f.db.Engine.VisibleLSN()) }
func (f *functions) InRecovery() bool           { return false }
func (f *functions) SwitchWAL() (uint64, error) { return f.WALPosition(), nil }
