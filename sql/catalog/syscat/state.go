package syscat

import (
	"strings"
	"time"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/settings"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
	"github.com/tarndb/tarn/storage/lock"
	"github.com/tarndb/tarn/storage/tuple"
)

// Session is what the catalogs ask of the session that reads them.
type Session interface {
	// Database is the name of the session's database.
	Database() string
	// Setting is a parameter as SHOW prints it.
	Setting(name string) (value string, ok bool)
	// SequenceLast is a sequence's last value and whether it was given out.
	SequenceLast(seq types.OID) (v int64, called bool, err error)
	// StoredRefs lists the relations that a stored query or expression names.
	StoredRefs(sql string, expr bool) []types.OID
}

// Monitor is what a Server tells of the sessions on it. A Server without it answers 0A000 for pg_stat_activity and pg_locks.
type Monitor interface {
	Activity() []Activity
	// Locks are those of the session's branch (lock.Manager.List).
	Locks() []lock.Info
}

// Activity is a row of pg_stat_activity. Zero times and empty texts are NULL.
type Activity struct {
	PID                                              uint32
	DatabaseOID, UserOID                             catalog.OID
	Database, User, Application                      string
	ClientAddr                                       string
	ClientPort                                       int
	BackendStart, XactStart, QueryStart, StateChange time.Time
	State, Query                                     string
	XID                                              uint64 // 0: none
}

func (s *scan) monitor() (Monitor, error) {
	if m, ok := s.srv.(Monitor); ok {
		return m, nil
	}
	return nil, pgerr.Unsupported(s.table.Name)
}

func pgStatActivity(s *scan) error {
	m, err := s.monitor()
	if err != nil {
		return err
	}
	for _, a := range m.Activity() {
		port, xid := null, null
		if a.ClientPort != 0 {
			port = num(a.ClientPort)
		}
		if a.XID != 0 {
			xid = tuple.Uint(a.XID & (1<<32 - 1))
		}
		// client_addr is inet, which has no values in Tarn; the application sees the port.
		s.add(oid(a.DatabaseOID), text(a.Database), num(int64(a.PID)), null, oid(a.UserOID), text(a.User), text(a.Application), null, null, port,
			timestamp(a.BackendStart), timestamp(a.XactStart), timestamp(a.QueryStart), timestamp(a.StateChange), null, null, textOrNull(a.State),
			xid, null, null, text(a.Query), text("client backend"))
	}
	return nil
}

func pgLocks(s *scan) error {
	m, err := s.monitor()
	if err != nil {
		return err
	}
	for _, l := range m.Locks() {
		kind, rel, class, obj, sub := "relation", null, null, null, null
		switch l.Class {
		case lock.Row:
			kind = "tuple"
		case lock.Table:
			if l.Table > 1<<32-1 {
				kind = "object" // a name that is being taken
			} else {
				rel = oid(catalog.OID(l.Table))
			}
		case lock.Advisory:
			kind = "advisory"
			class, obj, sub = tuple.Uint(l.Advisory.ID>>32), tuple.Uint(l.Advisory.ID&(1<<32-1)), num(1)
			if l.Advisory.Pair {
				sub = num(2)
			}
		}
		xid := null
		if l.XID != 0 {
			xid = tuple.Uint(l.XID & (1<<32 - 1))
		}
		s.add(text(kind), null, rel, null, null, null, xid, class, obj, sub, null, num(int64(l.PID)), text(l.Mode.Name(l.Class)), boolean(l.Granted), no, timestamp(l.Since))
	}
	return nil
}

func pgSettings(s *scan) error {
	name, some := s.keyName(1)
	for _, d := range settings.All() {
		if some && !strings.EqualFold(name, d.Name) {
			continue
		}
		value, source := d.Boot, "default"
		if s.sess != nil {
			if shown, ok := s.sess.Setting(d.Name); ok {
				if raw, err := d.Parse(shown); err == nil {
					value = raw
				} else {
					value = shown
				}
			}
		}
		if value != d.Boot {
			source = "session"
		}
		s.add(text(d.Name), text(value), textOrNull(d.Unit), text(d.Category), text(d.Short), textOrNull(d.Extra), text(d.Context), text(d.VarType), text(source),
			textOrNull(d.MinText), textOrNull(d.MaxText), texts(d.Enum), text(d.Boot), text(d.Boot), null, null, no)
	}
	return nil
}

func pgTimezoneNames(s *scan) error {
	now := calendar.TimestampOf(time.Now())
	for _, name := range timezone.Names() {
		loc, ok := timezone.Load(name)
		if !ok {
			continue
		}
		east, abbrev, dst := timezone.At(loc, now)
		s.add(text(name), text(abbrev), seconds(east), boolean(dst))
	}
	return nil
}

func pgTimezoneAbbrevs(s *scan) error {
	now := calendar.TimestampOf(time.Now())
	timezone.Abbrevs(func(abbrev string, a timezone.Abbrev) {
		east, dst := a.Offset, a.DST
		if a.Zone != "" {
			if loc, ok := timezone.Load(a.Zone); ok {
				east, _, dst = timezone.At(loc, now)
			}
		}
		s.add(text(strings.ToUpper(abbrev)), seconds(east), boolean(dst))
	})
	return nil
}

func seconds(n int) types.Datum { return temporal.Interval{Usec: int64(n) * 1e6}.Datum() }

// sequenceRow is SELECT * FROM a sequence.
func sequenceRow(s *scan) error {
	last, called := s.table.Sequence.Start, false
	if s.sess != nil {
		var err error
		if last, called, err = s.sess.SequenceLast(s.table.OID); err != nil {
			return err
		}
	}
	s.add(num(last), zero, boolean(called))
	return nil
}
