package system

import (
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/builtin/text"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/sql/types/temporal"
	"github.com/tarndb/tarn/sql/types/timezone"
	"github.com/tarndb/tarn/storage/tuple"
)

// Set-returning functions under system views. What a session knows comes through SystemRows, which a Session may
// implement: the rows of the function with that pg_proc.prosrc ("show_all_settings", "pg_stat_get_activity",
// "pg_lock_status", "pg_cursor", "pg_prepared_statement" …), one value per OUT column. ok is false for what it does not
// have; the function then answers 0A000.
type SystemRows interface {
	SystemRows(fn string, args []types.Datum) (rows [][]types.Datum, ok bool, err error)
}

func sessionRows(fn string) call.SetFn {
	return func(c *call.Call, a []types.Datum) (call.Rows, error) {
		if s, ok := c.Sess.(SystemRows); ok {
			rows, ok, err := s.SystemRows(fn, a)
			if err != nil {
				return nil, err
			}
			if ok {
				return call.TableRows(rows), nil
			}
		}
		return nil, pgerr.Unsupported("function " + call.Signature(c.Proc))
	}
}

func zoneNameRows(*call.Call, []types.Datum) (call.Rows, error) {
	now := calendar.TimestampOf(time.Now())
	var rows [][]types.Datum
	for _, name := range timezone.Names() {
		loc, ok := timezone.Load(name)
		if !ok {
			continue
		}
		east, abbrev, dst := timezone.At(loc, now)
		rows = append(rows, []types.Datum{tuple.String(name), tuple.String(abbrev), offsetInterval(east), tuple.Bool(dst)})
	}
	return call.TableRows(rows), nil
}

func zoneAbbrevRows(*call.Call, []types.Datum) (call.Rows, error) {
	now := calendar.TimestampOf(time.Now())
	var rows [][]types.Datum
	timezone.Abbrevs(func(abbrev string, z timezone.Abbrev) {
		east, dst := z.Offset, z.DST
		if z.Zone != "" {
			if loc, ok := timezone.Load(z.Zone); ok {
				east, _, dst = timezone.At(loc, now)
			}
		}
		rows = append(rows, []types.Datum{tuple.String(text.UpperText(abbrev)), offsetInterval(east), tuple.Bool(dst)})
	})
	return call.TableRows(rows), nil
}

func offsetInterval(east int) types.Datum {
	return temporal.Interval{Usec: int64(east) * calendar.UsecPerSec}.Datum()
}

func listening(c *call.Call, _ []types.Datum) (call.Rows, error) {
	if c.Sess == nil {
		return nil, errNoSession()
	}
	var vals []types.Datum
	for _, ch := range c.Sess.Listening() {
		vals = append(vals, tuple.String(ch))
	}
	return call.ListRows(vals), nil
}

func systemSets() call.Sets {
	m := call.Sets{
		"pg_snapshot_xip": snapshotXIP, "pg_timezone_names": zoneNameRows, "pg_timezone_abbrevs": zoneAbbrevRows,
		"pg_listening_channels": listening, "aclexplode": aclExplode,
	}
	for _, fn := range []string{"show_all_settings", "show_all_file_settings", "pg_stat_get_activity", "pg_lock_status", "pg_cursor", "pg_prepared_statement",
		"pg_stat_get_wal_senders", "pg_get_replication_slots", "pg_stat_get_progress_info", "pg_get_backend_memory_contexts",
		"pg_event_trigger_dropped_objects", "pg_event_trigger_ddl_commands"} {
		m[fn] = sessionRows(fn)
	}
	for _, fn := range []string{"pg_prepared_xact", "pg_hba_file_rules", "pg_ident_file_mappings", "pg_show_replication_origin_status",
		"pg_get_shmem_allocations"} {
		m[fn] = noRows
	}
	return m
}
