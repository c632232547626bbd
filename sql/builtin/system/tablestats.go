package system

import (
	"time"

	"github.com/tarndb/tarn/sql/builtin/call"
	"github.com/tarndb/tarn/sql/types"
	"github.com/tarndb/tarn/sql/types/calendar"
	"github.com/tarndb/tarn/storage/tuple"
)

// Counters is what a Session may know of the use of relations (manual 28.2.16).
type Counters interface {
	// RelationCounts are those of a table or an index; ok is false for neither.
	RelationCounts(rel types.OID) (n RelationCounts, ok bool)
}

// RelationCounts are a row of pg_stat_all_tables or pg_stat_all_indexes. Zero times: never.
type RelationCounts struct {
	Scans, Returned, Fetched                  int64
	Inserted, Updated, Deleted, Live, Changed int64
	LastAnalyze, LastAutoAnalyze              time.Time
	AnalyzeCount, AutoAnalyzeCount            int64
}

func relationCount(f func(n *RelationCounts) int64) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		s, ok := c.Sess.(Counters)
		if !ok {
			return tuple.Int(0), nil
		}
		n, _ := s.RelationCounts(types.OID(a[0].Uint()))
		return tuple.Int(f(&n)), nil
	}
}

func relationTime(f func(n *RelationCounts) time.Time) call.Fn {
	return func(c *call.Call, a []types.Datum) (types.Datum, error) {
		s, ok := c.Sess.(Counters)
		if !ok {
			return types.Null, nil
		}
		n, _ := s.RelationCounts(types.OID(a[0].Uint()))
		if t := f(&n); !t.IsZero() {
			return tuple.Int(calendar.TimestampOf(t)), nil
		}
		return types.Null, nil
	}
}

// relationCounts are by pg_proc.prosrc. Nothing is vacuumed and no version is dead: those are 0 and
// never. Tables have no blocks of their own, so that none are counted.
func relationCountFns() call.Fns {
	never := func(*call.Call, []types.Datum) (types.Datum, error) { return types.Null, nil }
	zero := relationCount(func(*RelationCounts) int64 { return 0 })
	return call.Fns{
		"pg_stat_get_numscans":           relationCount(func(n *RelationCounts) int64 { return n.Scans }),
		"pg_stat_get_tuples_returned":    relationCount(func(n *RelationCounts) int64 { return n.Returned }),
		"pg_stat_get_tuples_fetched":     relationCount(func(n *RelationCounts) int64 { return n.Fetched }),
		"pg_stat_get_tuples_inserted":    relationCount(func(n *RelationCounts) int64 { return n.Inserted }),
		"pg_stat_get_tuples_updated":     relationCount(func(n *RelationCounts) int64 { return n.Updated }),
		"pg_stat_get_tuples_deleted":     relationCount(func(n *RelationCounts) int64 { return n.Deleted }),
		"pg_stat_get_live_tuples":        relationCount(func(n *RelationCounts) int64 { return n.Live }),
		"pg_stat_get_mod_since_analyze":  relationCount(func(n *RelationCounts) int64 { return n.Changed }),
		"pg_stat_get_ins_since_vacuum":   relationCount(func(n *RelationCounts) int64 { return n.Inserted }),
		"pg_stat_get_analyze_count":      relationCount(func(n *RelationCounts) int64 { return n.AnalyzeCount }),
		"pg_stat_get_autoanalyze_count":  relationCount(func(n *RelationCounts) int64 { return n.AutoAnalyzeCount }),
		"pg_stat_get_tuples_hot_updated": zero, "pg_stat_get_dead_tuples": zero, "pg_stat_get_vacuum_count": zero, "pg_stat_get_autovacuum_count": zero,
		"pg_stat_get_blocks_fetched": zero, "pg_stat_get_blocks_hit": zero,
		"pg_stat_get_last_analyze_time":     relationTime(func(n *RelationCounts) time.Time { return n.LastAnalyze }),
		"pg_stat_get_last_autoanalyze_time": relationTime(func(n *RelationCounts) time.Time { return n.LastAutoAnalyze }),
		"pg_stat_get_last_vacuum_time":      never, "pg_stat_get_last_autovacuum_time": never,
	}
}
