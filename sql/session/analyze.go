package session

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/tarndb/tarn/sql/catalog"
	"github.com/tarndb/tarn/sql/database"
	"github.com/tarndb/tarn/sql/opt"
	"github.com/tarndb/tarn/sql/parser/ast"
	"github.com/tarndb/tarn/sql/pgerr"
	"github.com/tarndb/tarn/sql/progress"
	"github.com/tarndb/tarn/sql/session/maintain"
	"github.com/tarndb/tarn/sql/stats"
	"github.com/tarndb/tarn/storage/lock"
)

// vacuum is VACUUM and ANALYZE. There is nothing to vacuum, as old versions go with compaction: it takes the locks.
func (s *Session) vacuum(ctx context.Context, n *ast.VacuumStmt, c *call) (string, error) {
	tag := "ANALYZE"
	if n.IsVacuumcmd {
		tag = "VACUUM"
		if s.block.mode == inBlock || c.several {
			return "", pgerr.New(pgerr.ActiveSQLTransaction, "VACUUM cannot run inside a transaction block")
		}
	}
	o, err := maintain.ParseOptions(n)
	if err != nil {
		return "", err
	}
	targets, err := maintain.Targets(maintainer{s}, n, o)
	if err != nil {
		return "", err
	}
	// Outside of a block each table is a transaction of its own: its lock is not held while the others are read.
	alone := s.block.mode != inBlock && !c.several
	for _, x := range targets {
		t, err := s.vacuumTable(ctx, x, o)
		if err != nil {
			return "", err
		}
		if t != nil && o.Analyze {
			if err := s.analyzeTable(ctx, t, x.Cols); err != nil {
				return "", err
			}
		}
		if alone {
			if err := s.endImplicit(ctx); err != nil {
				return "", err
			}
		}
	}
	if n.IsVacuumcmd {
		return tag, s.endImplicit(ctx)
	}
	return tag, nil
}

// maintainer is the session as maintain asks it.
type maintainer struct{ *Session }

func (s maintainer) Table(rv *ast.RangeVar) (*catalog.Table, error) { return s.resolveTable(rv, "") }
func (s maintainer) Catalog() *catalog.Catalog                      { return s.catalog() }
func (s maintainer) Maintains(t *catalog.Table, verb string) bool   { return s.maintains(t, verb) }

// maintains reports whether the current user may vacuum or analyze a table, and warns that it is passed over where not.
func (s *Session) maintains(t *catalog.Table, verb string) bool {
	if id := s.identity(); id.super || id.roles.HasPrivsOf(id.current, t.Owner) || s.ownsDatabase() {
		return true
	}
	s.Notice(pgerr.Notice(pgerr.SeverityWarning, "01000", "skipping \"%s\" --- only table or database owner can %s it", t.Name, verb))
	return false
}

// vacuumTable takes a table's lock, which keeps others' VACUUM, ANALYZE and DDL away. nil: it is left out, with a warning.
func (s *Session) vacuumTable(ctx context.Context, x maintain.Target, o maintain.Options) (*catalog.Table, error) {
	s.open()
	lo, mode := s.lockOptions(), lock.ShareUpdateExclusive
	if o.SkipLocked {
		lo.Policy = lock.NoWait
	}
	if o.Full {
		mode = lock.AccessExclusive
	}
	skip := func(code, why string) {
		if x.Named {
			s.Notice(pgerr.Notice(pgerr.SeverityWarning, code, "skipping %s of \"%s\" --- %s", o.Verb(), x.Table.Name, why))
		}
	}
	if _, err := s.block.t.LockTable(ctx, uint64(x.Table.OID), mode, lo); err != nil {
		if o.SkipLocked && errors.Is(err, lock.ErrNotAvailable) {
			skip(pgerr.LockNotAvailable, "lock not available")
			return nil, nil
		}
		return nil, err
	}
	t := s.catalog().Table(x.Table.OID)
	if t == nil {
		skip(pgerr.UndefinedTable, "relation no longer exists")
	}
	return t, nil
}

// analyzeTable reads a table that is locked, and writes what it found into the transaction. No cols: all.
func (s *Session) analyzeTable(ctx context.Context, t *catalog.Table, cols []int16) error {
	oid := t.OID
	b := &s.block
	b.levelFixed = true
	o := stats.Options{Types: s.lookupType, Columns: cols, Target: int(s.settings.Int("default_statistics_target"))}
	report := s.reportAnalyze(t, &o)
	defer s.progress.End(report)
	a, err := s.db.Analyze(ctx, b.t, t, o)
	if err != nil {
		return err
	}
	report.Set(progress.AnalyzePhase, progress.AnalyzeFinishing)
	if t.Persistence == catalog.Temporary {
		// Nobody else sees the table: its statistics stay with the session, whatever becomes of the transaction.
		if s.tempStats == nil {
			s.tempStats = map[catalog.OID]*stats.Table{}
		}
		s.tempStats[oid] = a.Kept(s.tempStats[oid])
		s.ownStats++
		return nil
	}
	if err := a.Store(b.t, statsView{s}.table(t)); err != nil {
		return err
	}
	if !slices.Contains(b.analyzed, oid) {
		b.analyzed = append(b.analyzed, oid)
	}
	s.ownStats++
	b.onCommit = append(b.onCommit, a.Committed)
	b.onRollback = append(b.onRollback, func() { s.ownStats++ })
	return nil
}

// reportAnalyze begins a row of pg_stat_progress_analyze. Tarn reads rows, not blocks of a known number: the blocks that are done are
// the share of the rows that the table is thought to have.
func (s *Session) reportAnalyze(t *catalog.Table, o *stats.Options) *progress.Report {
	rows, pages := s.db.Rows(t), int64(0)
	if st := s.db.Stats(t.OID); st != nil && st.Storage == t.StorageID {
		pages = database.Pages(t, st)
	}
	r := s.progress.Begin(progress.Analyze, t.OID, map[progress.Param]int64{progress.AnalyzePhase: progress.AnalyzeSampling, progress.AnalyzeBlocksAll: pages})
	var read atomic.Int64
	o.Progress = func(n int64) {
		if done := float64(read.Add(n)); rows > 0 {
			r.Set(progress.AnalyzeBlocks, int64(min(done/rows, 1)*float64(pages)))
		}
	}
	o.Computing = func() { r.Set(progress.AnalyzePhase, progress.AnalyzeComputing) }
	return r
}

// statsView is what the planner sees of tables: the committed statistics, and those of the session's own transaction and
// temporary tables.
type statsView struct{ s *Session }

var (
	_ opt.Stats       = statsView{}
	_ opt.ColumnStats = statsView{}
)

func (v statsView) table(t *catalog.Table) *stats.Table {
	s := v.s
	if t.Persistence == catalog.Temporary {
		return s.tempStats[t.OID]
	}
	if b := &s.block; b.t != nil && slices.Contains(b.analyzed, t.OID) {
		if raw, ok, err := b.t.GetLatest(nil, database.StatKey(t.OID)); err == nil && ok {
			if st, err := stats.Decode(raw); err == nil {
				return st
			}
		}
	}
	return s.db.Stats(t.OID)
}

func (v statsView) Column(t *catalog.Table, att int16) *stats.Column {
	return database.StatsColumn(v.table(t), t, att)
}

// Rows counts the transaction's own rows, too. A table that was never analyzed is taken for ten pages at least, as in
// PostgreSQL: plans that are made while it is empty have to do when it is not.
func (v statsView) Rows(t *catalog.Table) float64 {
	n := v.s.rows(t)
	if v.s.block.t != nil {
		n += float64(v.s.block.t.PendingRows(t.StorageID))
	}
	if st := v.table(t); st == nil || st.Storage != t.StorageID {
		return max(n, opt.UnknownRows(t))
	}
	return n
}

// statsCurrent is the slow half of valid: it looks at the query's own tables after any statistics have changed.
func (s *Session) statsCurrent(q *query) bool {
	own, version := s.ownStats, s.db.StatsVersion()
	if !q.direct {
		if own != q.ownStats {
			return false
		}
		for _, l := range q.locks {
			if s.db.StatsChanged(l.oid, q.stats) {
				return false
			}
		}
	}
	q.stats, q.ownStats = version, own
	return true
}
